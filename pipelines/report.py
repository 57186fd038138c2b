"""Reports: a table for the terminal, and one HTML page with all figures inside."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import BytesIO
from pathlib import Path

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from rich.markup import escape as markup
from rich.table import Table

from mottle.pipelines import figures
from mottle.pipelines.experiment import Result

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .7rem; text-align: right; }
th:first-child { text-align: left; } .best { font-weight: bold; }
img { max-width: 100%; background: white; }
pre { overflow-x: auto; border: 1px solid #8888; padding: 1rem; }
"""


def score_rows(scores: pd.DataFrame) -> Iterator[tuple[str, str, list[tuple[str, bool]]]]:
    """Yield (inputs, missing sense, cells); a cell is "median [range]" and whether it is best."""
    reservoirs = list(scores["reservoir"].unique())
    for missing in ("", *(m for m in scores["missing"].unique() if m)):
        part = scores[scores["missing"] == missing]
        for inputs in part["inputs"].unique():
            row = part[part["inputs"] == inputs].groupby("reservoir")["score"]
            middle, low, high = row.median() * 100, row.min() * 100, row.max() * 100
            cells = [
                (
                    f"{middle[name]:.1f} [{low[name]:.1f}-{high[name]:.1f}]",
                    bool(middle[name] == middle.max()),
                )
                if name in middle
                else ("", False)
                for name in reservoirs
            ]
            yield str(inputs), missing, cells


def scores_table(result: Result) -> Table:
    """Lay the scores out for the terminal.

    Parameters
    ----------
    result : Result
        From ``run_recipe``.

    Returns
    -------
    rich.table.Table
        A row for each input, a column for each reservoir, the best of a row bold.
    """
    caption = (
        f"{result.metric} in %: median \\[range] over {len(result.seeds)} seeds; {result.split}"
    )
    table = Table(title=result.title, caption=caption)
    table.add_column("inputs")
    for name in result.scores["reservoir"].unique():
        table.add_column(str(name), justify="right")
    before = ""
    for inputs, missing, cells in score_rows(result.scores):
        if missing and not before:
            table.add_section()
        before = missing
        label = f"{inputs}, {missing} missing at test" if missing else inputs
        table.add_row(
            label, *(f"[bold]{markup(text)}[/]" if best else markup(text) for text, best in cells)
        )
    return table


def write_report(path: str | Path, results: list[Result]) -> Path:
    """Write one self-contained HTML page.

    Parameters
    ----------
    path : str or Path
        The file to write.
    results : list of Result
        From ``run_recipe``.

    Returns
    -------
    Path
        The file written.
    """
    path = Path(path)
    body = "".join(section(result) for result in results)
    title = escape("; ".join(result.title for result in results))
    path.write_text(
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<style>{STYLE}</style></head><body>{body}</body></html>",
        encoding="utf-8",
    )
    return path


def section(result: Result) -> str:
    """HTML of one result."""
    say = escape
    parts = [f"<h1>{say(result.title)}</h1><p>{say(result.description)}</p>"]
    parts.append(
        f"<p>{result.n_recordings} recordings; {say(result.split)}; chance {result.chance:.0%}; "
        f"{len(result.seeds)} seeds; {result.seconds:.0f} s.</p>"
    )
    parts.append(html_table(result))
    parts.append("<ul>" + "".join(f"<li>{say(note)}</li>" for note in result.notes) + "</ul>")
    bars = figures.accuracy_bars(result.scores, result.chance)
    parts.append(picture(bars, "Accuracy: bars are medians over seeds, whiskers the range"))
    matrix = figures.confusion(result.confusion, result.labels)
    parts.append(picture(matrix, f"Confusion matrix of {result.confusion_of}"))
    parts.append("<h2>One recording</h2>")
    for sense, stream in result.examples.items():
        if isinstance(stream, xr.DataArray):
            parts.append(picture(figures.sampled_traces(stream, sense), f"{sense}, raw"))
        else:
            size = result.sensor_size or (int(stream["x"].max()) + 1, int(stream["y"].max()) + 1)
            parts.append(picture(figures.event_frames(stream, size), f"{sense}, raw events"))
    for name, states in result.states.items():
        caption = f"States of {name}; {result.speedup.get(name, '')}"
        parts.append(picture(figures.state_raster(states, name), caption))
    parts.append(f"<h2>Recipe</h2><pre>{say(result.settings)}</pre>")
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    parts.append(f"<p>{say(versions)}</p>")
    return "".join(parts)


def html_table(result: Result) -> str:
    """Scores as an HTML table."""
    names = result.scores["reservoir"].unique()
    head = "".join(f"<th scope='col'>{escape(str(name))}</th>" for name in names)
    rows = []
    for inputs, missing, cells in score_rows(result.scores):
        label = f"{inputs}, {missing} missing at test" if missing else inputs
        body = "".join(f"<td{' class=best' if best else ''}>{text}</td>" for text, best in cells)
        rows.append(f"<tr><th scope='row'>{escape(label)}</th>{body}</tr>")
    caption = f"{escape(result.metric)} in %, median [range] over seeds"
    return (
        f"<table><caption>{caption}</caption><thead><tr><th scope='col'>inputs</th>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def picture(figure: Figure, caption: str) -> str:
    """Embed a figure."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    data = b64encode(buffer.getvalue()).decode()
    text = escape(caption, quote=True)
    return (
        f"<figure><img alt='{text}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{text}</figcaption></figure>"
    )
