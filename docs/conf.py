"""How Sphinx builds the site: ``make docs``. No network is needed."""

import inspect
import re
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "inventories"))
from write import PROJECTS  # noqa: E402  addresses of other projects' documentation

project, author, copyright = "mottle", "the mottle authors", "the mottle authors"
release = version = version_of("mottle")
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx-mathjax-offline",  # formulas without a network
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "inventories", "results/bench", "jupyter_execute"]
templates_path = ["_templates"]

# pages in Markdown; only notebooks are executed, and a failing cell fails the build
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

# reference: types are written once, in the numpydoc lines, so signatures leave them out
autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"  # of the words in these lines, only the following are linked
numpydoc_xref_aliases = {
    "bool": ":class:`python:bool`",
    "boolean": ":class:`python:bool`",
    "scalar": "scalar",
    "ndarray": "numpy.ndarray",
    "RandomState": "numpy.random.RandomState",
    "Generator": "numpy.random.Generator",
    "DataFrame": "pandas.DataFrame",
    "Series": "pandas.Series",
    "DataArray": "xarray.DataArray",
    "Dataset": "xarray.Dataset",
    "Path": "pathlib.Path",
    "Figure": "matplotlib.figure.Figure",
    "Pipeline": "sklearn.pipeline.Pipeline",
    "FeatureUnion": "sklearn.pipeline.FeatureUnion",
    "ColumnTransformer": "sklearn.compose.ColumnTransformer",
    "Recordings": "mottle.datasets.Recordings",
    "Result": "mottle.pipelines.Result",
    "Metric": "mottle.pipelines.Metric",
    "RidgeReadout": "mottle.reservoir.RidgeReadout",
    "Crossbar": "mottle.reservoir.nonvolatile.Crossbar",
}

nitpicky = True

intersphinx_mapping = {
    name: (project.address, f"inventories/{name}.inv") for name, project in PROJECTS.items()
}
intersphinx_timeout = 1

html_theme = "pydata_sphinx_theme"
html_title = "mottle"
html_static_path = ["_static"]
html_css_files = ["mottle.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "mottle"},
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navigation_depth": 2,
    "show_toc_level": 2,
    "show_prev_next": True,
    "back_to_top_button": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "changelog": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def colliding_pages() -> dict[str, str]:
    """Name the pages of functions whose name is that of a class but for its case.

    ``Plan`` and ``plan`` would be one file where file names have no case.
    """
    pages = {}
    for room in ("reservoir", "sensors", "datasets", "pipelines"):
        names = import_module(f"mottle.{room}").__all__
        capital = {name.lower() for name in names if name != name.lower()}
        for name in names:
            if name in capital:
                pages[f"mottle.{room}.{name}"] = f"mottle.{room}.{name}-function"
    return pages


autosummary_filename_map = colliding_pages()


def skip_foreign(app, what, name, member, skip, options):
    """Leave out what classes inherit from scikit-learn, tuples and other packages."""
    if isinstance(member, property):
        member = member.fget
    home = getattr(inspect.unwrap(member) if callable(member) else member, "__module__", None)
    if what in ("class", "exception") and not (home or "").startswith("mottle"):
        return True
    return None


def constructor(app, what, name, obj, options, signature, returned):
    """Show a class with the arguments of its ``__init__``, whatever ``__new__`` takes."""
    if what != "class" or not signature or "given" not in signature:
        return None
    known = inspect.signature(obj)
    bare = [value.replace(annotation=value.empty) for value in known.parameters.values()]
    return str(known.replace(parameters=bare, return_annotation=known.empty)), returned


def escape_names(app, what, name, obj, options, lines):
    """Escape names that end in ``_``, and bars: in reStructuredText they are references."""
    for k, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        spans = re.split(r"(`+[^`]*`+)", line)
        for s in range(0, len(spans), 2):
            spans[s] = re.sub(r"(?<=[^\W_])_(?=$|[\s,.;:)\]])", r"\\_", spans[s])
            spans[s] = re.sub(r"(?<!\\)\|(?=\w)", r"\\|", spans[s])
        lines[k] = "".join(spans)


def open_notebook(app, docname, source):
    """Add a badge under the title of a notebook that says how to open it."""
    folder, _, name = docname.partition("/")
    if folder == "notebooks" and name != "index":
        badge = f"{{bdg-ref-primary}}`mottle notebooks copy FOLDER {name} <open-notebooks>`"
        source[0] = re.sub(r"^(# .+)$", rf"\1\n\n{badge}", source[0], count=1, flags=re.MULTILINE)


def setup(app):
    """Register the filter of members, the badges, and the escapes, which come after numpydoc."""
    app.connect("source-read", open_notebook)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("autodoc-process-signature", constructor)
    app.connect("autodoc-process-docstring", escape_names, priority=600)
