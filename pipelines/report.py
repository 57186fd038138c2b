"""Reports: one HTML page with all figures inside, a section a result, contents first."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from mottle.disk import write_whole
from mottle.pipelines.engine.result import Result
from mottle.pipelines.page import Pictures, page, slug
from mottle.pipelines.report_parts import best_line, facts, key_lines, parts_of


def write_report(
    path: str | Path, results: Mapping[str, Result] | Sequence[Result], *, pictures: bool = True
) -> Path:
    """Write one self-contained HTML page with a section a result, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file to write.
    results : dict of str to Result, or list of Result
        From ``run_recipe``; names, or titles where there are none, begin the names of anchors and
        of files of figures.
    pictures : bool, default=True
        Whether to write every figure as SVG and PNG, too, into the folder ``figures`` beside it.

    Returns
    -------
    Path
        The file written.
    """
    path = Path(path)
    folder = path.parent / "figures" if pictures else None
    names = section_names(results)
    results = list(results.values()) if isinstance(results, Mapping) else list(results)
    title = "; ".join(result.title for result in results)
    head = f"<h1>{len(results)} experiments</h1>" if len(results) > 1 else ""
    sections = [section(result, name, folder) for name, result in zip(names, results, strict=True)]
    body = head + contents(names, results) + "".join(sections)
    content = page(title, f"<main>{body}</main>")
    write_whole(path, lambda file: file.write(content))
    return path


def section_names(results: Mapping[str, Result] | Sequence[Result]) -> list[str]:
    """Return a name for each result, as anchors and files have it; no two are equal."""
    names: list[str] = []
    given = results if isinstance(results, Mapping) else [result.title for result in results]
    for text in given:
        name = slug(text)
        names.append(name if name not in names else f"{name}-{len(names) + 1}")
    return names


def contents(names: list[str], results: list[Result]) -> str:
    """Return links to all sections, with the best score of each."""
    items = []
    for name, result in zip(names, results, strict=True):
        parts = "".join(
            f"<li><a href='#{name}-{slug(part)}'>{escape(part)}</a></li>"
            for part in parts_of(result)
        )
        items.append(
            f"<li><a href='#{name}'>{escape(result.title)}</a>: {escape(best_line(result))}"
            f"<ul>{parts}</ul></li>"
        )
    return f"<nav aria-label='contents'><h3>Contents</h3><ul>{''.join(items)}</ul></nav>"


def section(result: Result, name: str = "", folder: Path | None = None) -> str:
    """Return the HTML of one result; with a folder, write its figures there."""
    name = name or slug(result.title)
    pictures = Pictures(folder, name)
    body = "".join(
        f"<h3 id='{name}-{slug(title)}'>{escape(title)}</h3>{part(result, pictures)}"
        for title, part in parts_of(result).items()
    )
    about = f"<p>{escape(result.description)}</p>" if result.description else ""
    return (
        f"<section aria-labelledby='{name}'><h2 id='{name}'>{escape(result.title)}</h2>{about}"
        f"<div class='key'>{key_lines(result)}</div>{facts(result)}{body}</section>"
    )
