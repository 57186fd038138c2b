"""Pieces of an HTML page that is read without a server: its style, tables, lists and pictures."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from mottle.disk import write_whole

DPI = 150  # of the PNG files
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #5b6570;
  --line: #d5dae0; --link: #0b5cad; --best: #e8f1fb; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --faint: #9aa5b1;
  --line: #363d46; --link: #7cb8f2; --best: #1d3247; --card: #1c2127; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
a { color: var(--link); } h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.4rem; margin-top: 3rem; padding-top: 1rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.1rem; margin-top: 2rem; } h2, h3 { line-height: 1.3; }
p, li, dd { max-width: 46rem; }
nav ul { list-style: none; padding-left: 0; } nav ul ul { padding-left: 1rem; }
nav ul ul li { display: inline-block; margin-right: 1rem; }
nav a { display: inline-block; padding: .2rem 0; }
.scroll { overflow-x: auto; max-width: 100%; margin: .4rem 0 1rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
p.caption { color: var(--faint); font-size: .92rem; margin: 1rem 0 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem .3rem 0; text-align: right;
  vertical-align: top; }
td { white-space: nowrap; } td.text { white-space: normal; min-width: 12rem; }
thead th { vertical-align: bottom; } td .range { color: var(--faint); font-size: .85em; }
th:first-child, td.text { text-align: left; overflow-wrap: normal; }
td.best { font-weight: 600; background: var(--best); } td.best .range { font-weight: 400; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem;
  font-size: .95rem; }
dt { font-weight: 600; max-width: 11rem; } dd { margin: 0; }
@media (max-width: 600px) { dl { grid-template-columns: minmax(0, 1fr); }
  dd { margin: 0 0 .4rem; } td .range { display: block; } td br { display: none; }
  th, td { padding-right: .5rem; } table { font-size: .86rem; } }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 1rem 2rem; align-items: start; }
figure { margin: 1rem 0; } figcaption { color: var(--faint); font-size: .92rem; max-width: 34rem; }
img { display: block; max-width: 100%; height: auto; }
pre { overflow-x: auto; background: var(--card); padding: 1rem; border-radius: .4rem;
  font-size: .85rem; line-height: 1.4; }
.key { background: var(--card); border-radius: .4rem; padding: .6rem 1rem; }
p .range { font-size: .85rem; }
.key p { margin: .4rem 0; }
@media print { details > * { display: block; } h2 { break-before: page; } }
"""
# the ink of a picture follows the reader's colours; matplotlib draws text without a fill in black
INK = (
    "<style>svg{fill:#1b1f24;color:#1b1f24}"
    "@media (prefers-color-scheme:dark){svg{fill:#e6e9ed;color:#e6e9ed}}</style>"
)
MADE_IDS = re.compile(r'id="([A-Za-z]+[0-9a-f]{10})"')


def page(title: str, body: str) -> bytes:
    """Return a whole page."""
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<meta name='color-scheme' content='light dark'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    ).encode()


def slug(text: str) -> str:
    """Return text as part of an address or file name.

    Examples
    --------
    >>> slug("Touch, joints: 10 objects!"), slug("")
    ('touch-joints-10-objects', 'part')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], best: Iterable[tuple] = ()
) -> str:
    """Return a table; cells are HTML, the first of a row is its head.

    Parameters
    ----------
    caption : str
        Text.
    head : sequence of str
        Titles of the columns, text.
    rows : iterable of sequence of str
        HTML.
    best : iterable of (int, int)
        Row and column of cells that are the best.

    Examples
    --------
    >>> "<td class='best'>1</td>" in table("scores", ["inputs", "none"], [["touch", "1"]], [(0, 1)])
    True
    """
    marked = set(best)
    top = "".join(f"<th scope='col'>{escape(text)}</th>" for text in head)
    body = []
    for k, (first, *cells) in enumerate(rows):
        inner = "".join(
            f"<td{cell_class(cell, (k, column) in marked)}>{cell}</td>"
            for column, cell in enumerate(cells, start=1)
        )
        body.append(f"<tr><th scope='row'>{first}</th>{inner}</tr>")
    return (
        f"<p class='caption'>{escape(caption)}</p><div class='scroll' tabindex='0' role='region' "
        f"aria-label='{escape(caption[:60], quote=True)}'><table><thead><tr>{top}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def cell_class(cell: str, best: bool) -> str:
    """Return the class of a cell: best, or text where it begins with a letter."""
    if best:
        return " class='best'"
    return " class='text'" if cell[:1].isalpha() else ""


def terms(explained: Mapping[str, str]) -> str:
    """Return a list of terms and what they mean.

    Examples
    --------
    >>> terms({"nrmse": "an error < 1"})
    '<dl><dt>nrmse</dt><dd>an error &lt; 1</dd></dl>'
    """
    return (
        "<dl>"
        + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in explained.items())
        + "</dl>"
    )


def bullets(texts: Iterable[str]) -> str:
    """Return a list of sentences."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def details(title: str, inner: str) -> str:
    """Return what is shown when its title is clicked."""
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


class Pictures:
    """Pictures of a page: embedded in it, and as SVG and PNG files where a folder is given.

    Parameters
    ----------
    folder : Path or None
        Where the files go.
    prefix : str
        First part of their names.
    """

    def __init__(self, folder: Path | None = None, prefix: str = ""):
        self.folder, self.prefix = folder, prefix

    def add(self, figure: Figure, name: str, caption: str) -> str:
        """Return a figure as HTML with its caption, and write its files."""
        text = escape(caption, quote=True)
        svg = as_svg(figure)
        figure.set_layout_engine(None)  # laid out once; with "none" it would be drawn once more
        files = ""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            stem = f"{self.prefix}-{slug(name)}" if self.prefix else slug(name)
            png = BytesIO()
            figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
            for end, content in (("svg", svg.encode()), ("png", png.getvalue())):
                self._write(self.folder / f"{stem}.{end}", content)
            place = f"{self.folder.name}/{stem}"
            files = f" <a href='{place}.svg'>SVG</a> <a href='{place}.png'>PNG</a>"
        data = b64encode(follow_colours(svg).encode()).decode()
        width, height = (round(96 * inch) for inch in figure.get_size_inches())
        return (
            f"<figure><img alt='{text}' width='{width}' height='{height}' "
            f"src='data:image/svg+xml;base64,{data}'><figcaption>{text}{files}</figcaption></figure>"
        )

    def _write(self, path: Path, content: bytes) -> None:
        """Write one file, whole or not at all."""
        write_whole(path, lambda file: file.write(content))


def as_svg(figure: Figure) -> str:
    """Return a figure as SVG, the same text for the same figure."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode()
    for k, name in enumerate(dict.fromkeys(MADE_IDS.findall(text))):  # drawn at random
        text = text.replace(name, f"part{k}")
    return text


def follow_colours(svg: str) -> str:
    """Return a picture without ground, of which black lines and text take the reader's colour."""
    svg = re.sub(r'(<g id="patch_1">\s*<path [^>]*?)fill: #ffffff', r"\1fill: none", svg)
    svg = re.sub(r'(<g id="axes_\d+">\s*<g id="patch_\d+">\s*<path [^>]*?)fill: #ffffff',
                 r"\1fill: none", svg)  # fmt: skip
    svg = svg.replace("stroke: #000000", "stroke: currentColor")
    svg = svg.replace("fill: #000000", "fill: currentColor")
    return re.sub(r"(<svg [^>]*>)", rf"\1{INK}", svg, count=1)
