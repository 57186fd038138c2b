"""Code on pages of the documentation runs, and every public name is in the reference."""

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from test_house import KERNEL_NAME, modules

from mottle import datasets

DOCS = Path(__file__).parents[1] / "docs"
PAGES = (
    "explanations/energy",
    "extending/index",
    "how-to/crossbar",
    "how-to/crossbar-readout",
    "how-to/experiments",
    "how-to/plasticity",
    "how-to/report",
    "how-to/saved-models",
)
SLOW_PAGES = ("extending/index", "how-to/crossbar-readout")  # they compile and read for long
BLOCKS = [
    pytest.param(code, id=f"{page}-{k}", marks=[pytest.mark.slow] * (page in SLOW_PAGES))
    for page in PAGES
    for k, code in enumerate(
        re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", BLOCKS)
def test_code_on_a_page_runs(code):
    exec(compile(code, "page", "exec"), {})


def test_the_table_of_parameters_is_that_of_the_constructors(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS.parent / "benchmarks"))
    import parameters

    assert (DOCS / "reference/parameters.md").read_text("utf-8") == parameters.page()


STARTS = (
    "start/camera",
    *(
        pytest.param(f"start/{name}", marks=pytest.mark.slow)
        for name in ("touch", "gas", "together")
    ),
)
OTHERS = (
    "explanations/memory", "explanations/regimes", "explanations/time", "how-to/own-files",
    "how-to/live",
    "how-to/measured-reservoir",
    "how-to/one-device", "how-to/own-device", "how-to/online", "how-to/cross-validation",
    "how-to/export", "how-to/road", "how-to/topologies", "how-to/touch",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:voltage=.* lies outside")
@pytest.mark.filterwarnings("ignore:sense 'sight' is missing")
@pytest.mark.parametrize("page", [*STARTS, *OTHERS])
def test_a_page_shows_what_its_code_prints(page, capsys):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    names: dict = {}
    shown = ""
    for kind, block in re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL):
        if kind == "python":
            exec(compile(block, page, "exec"), names)
        else:
            shown += block
    assert capsys.readouterr().out == shown


def test_the_ten_lines_of_the_readme_run(capsys):
    (code,) = re.findall(
        r"```python\n(.*?)```", (DOCS.parent / "README.md").read_text("utf-8"), re.DOTALL
    )
    exec(compile(code, "README", "exec"), {})
    assert float(capsys.readouterr().out) > 0.9


MODULES = (
    "mottle.reservoir",
    "mottle.reservoir.devices",
    "mottle.reservoir.nonvolatile",
    "mottle.reservoir.plasticity",
    "mottle.reservoir.quality",
    "mottle.sensors",
    "mottle.sensors.files",
    "mottle.datasets",
    "mottle.pipelines",
    "mottle.testing",
)


def listed() -> set[str]:
    """Return the full names in the reference pages."""
    found = set()
    for page in (DOCS / "reference").glob("*.md"):
        for module, block in re.findall(
            r"currentmodule:: (\S+)\n(.*?)```", page.read_text("utf-8"), re.DOTALL
        ):
            names = re.findall(r"^(?:   |\.\. data:: )([A-Za-z_]\w*)$", block, re.MULTILINE)
            found |= {f"{module}.{name}" for name in names}
    return found


def value_of(name: str):
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


def test_modules_that_list_their_names_are_those_of_the_reference():
    listing = {name for name in modules() if hasattr(import_module(name), "__all__")}
    inner = {name for name in listing if KERNEL_NAME.match(name)}
    assert listing - inner - {"mottle"} == set(MODULES)


def test_every_public_name_is_in_the_reference_once():
    names = listed()
    public = {f"{module}.{name}" for module in MODULES for name in import_module(module).__all__}
    documented = {id(value_of(name)) for name in names}
    assert not [name for name in sorted(public) if id(value_of(name)) not in documented]
    assert len(documented) == len(names)


def examples_of(name: str) -> str:
    """Return the docstring of a name, or of a constant what its page states."""
    pages = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
    entry = rf"^\.\. data:: {name.rpartition('.')[2]}$(.*?)(?=^```$|^\.\. data::)"
    if found := re.search(entry, pages, re.MULTILINE | re.DOTALL):
        return found[1]
    return (inspect.getdoc(value_of(name)) or "").partition("\nExamples\n--------\n")[2]


def test_every_name_in_the_reference_has_an_example():
    assert not [name for name in sorted(listed()) if ">>> " not in examples_of(name)]


@pytest.mark.parametrize("page", sorted((DOCS / "reference").glob("*.md")), ids=lambda p: p.stem)
def test_examples_on_reference_pages_hold(page):
    text = re.sub("^```.*$", "", page.read_text("utf-8"), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, page.stem, str(page), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_a_download_is_shown_with_its_own_name():
    assert ">>> table, target, groups = fetch_fsdd()" in inspect.getdoc(datasets.fetch_fsdd)


def test_links_between_files_lead_to_files():
    root = DOCS.parent
    pages = [*root.glob("*.md"), *DOCS.rglob("*.md")]
    missing = []
    for page in pages:
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8")):
            target = page.parent / link
            if ":" not in link and not (target.exists() or target.with_suffix(".md").exists()):
                missing.append(f"{page.relative_to(root)}: {link}")
    assert not missing


def test_every_page_is_in_a_table_of_contents():
    text = "\n".join(page.read_text("utf-8") for page in DOCS.rglob("index.md"))
    absent = [
        page for page in DOCS.rglob("*.md")
        if page.stem not in text and page.parent.name != "decisions" and page.parent != DOCS
    ]  # fmt: skip
    assert not [page for page in absent if "generated" not in page.parts]


def test_the_page_of_commands_has_every_command():
    from mottle.pipelines.cli import main

    page = (DOCS / "reference/command-line.md").read_text("utf-8")
    for name, command in main.commands.items():
        for full in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert f"`mottle {full}" in page
