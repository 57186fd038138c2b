"""The notebooks that come with mottle: their titles, and copies for a user's disk."""

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from mottle.checks import check_option, names_arguments

TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
OTHER = re.compile(r"\]\((\d\d-[\w-]+)\.md\)")  # a link to another notebook
PAGE = re.compile(r"\[([^]]+)\]\(\.\.?/[^)]*\)")  # a link to another page of the documentation


def list_notebooks() -> dict[str, str]:
    """Return the names of the notebooks, in the order of their numbers, and their titles.

    Returns
    -------
    titles : dict of str to str
        Name of a notebook, such as "01-first-pipeline", to its title.

    Examples
    --------
    >>> list_notebooks()["01-first-pipeline"]
    'A first pipeline: does a reservoir help?'
    """
    return {name: _title(text) for name, text in sorted(_texts().items())}


@names_arguments
def copy_notebooks(
    folder: str | Path, names: Iterable[str] = (), *, as_text: bool = False
) -> list[Path]:
    """Write notebooks into a folder; files that are there already are left as they are.

    Links to other pages of the documentation become plain text, those to notebooks stay links.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    names : iterable of str, default=()
        Names as in `list_notebooks`; without any, all.
    as_text : bool, default=False
        Write the Markdown text (MyST, read by jupytext) instead of ``.ipynb`` files.

    Returns
    -------
    written : list of Path
        The files, in the order of their names.

    Raises
    ------
    ValueError
        For a name that no notebook has.
    FileExistsError
        If one of the files is there already; nothing is written then.
    ModuleNotFoundError
        Without jupytext, which writes ``.ipynb`` files; text needs no package.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in copy_notebooks(folder, ["01-first-pipeline"], as_text=True)]
    ['01-first-pipeline.md']
    """
    known = _texts()
    chosen = sorted({check_option("notebook", name, sorted(known)) for name in names} or known)
    suffix = ".md" if as_text else ".ipynb"
    linked = {name: OTHER.sub(rf"](\1{suffix})", known[name]) for name in chosen}
    texts = {f"{name}{suffix}": PAGE.sub(r"\1", text) for name, text in linked.items()}
    if not as_text:
        texts = {name: _to_jupyter(text) for name, text in texts.items()}
    folder = Path(folder)
    there = [str(folder / name) for name in texts if (folder / name).exists()]
    if there:
        raise FileExistsError(
            f"{', '.join(there)}: there already, perhaps with your changes. Copy into another "
            "folder, or move these away; nothing was written."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
    return [folder / name for name in texts]


def _texts() -> dict[str, str]:
    """Return the text of each notebook under its name."""
    found = (file for file in files("mottle.notebooks").iterdir() if file.name[:1].isdigit())
    return {file.name.removesuffix(".md"): file.read_text(encoding="utf-8") for file in found}


def _title(text: str) -> str:
    """Return the first heading of a text."""
    found = TITLE.search(text)
    return found[1] if found else ""


def _to_jupyter(text: str) -> str:
    """Return a notebook's text as a file of Jupyter."""
    try:
        import jupytext
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Writing .ipynb files needs jupytext: pip install 'mottle[notebooks]'. The text "
            "itself, which Jupyter opens where jupytext is installed, is written with --text."
        ) from None
    return jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="ipynb")
