"""Reports: a table for the terminal, and one HTML page with all figures inside."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.markup import escape as markup
from rich.table import Table

from mottle.datasets.disk import write_whole
from mottle.pipelines import figures
from mottle.pipelines.engine.result import Result
from mottle.pipelines.engine.search import write_settings
from mottle.pipelines.metrics import Metric

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .7rem; text-align: right; }
th:first-child { text-align: left; } .best { font-weight: bold; }
img { max-width: 100%; background: white; }
pre { overflow-x: auto; border: 1px solid #8888; padding: 1rem; }
"""


def score_rows(
    scores: pd.DataFrame, metric: Metric
) -> Iterator[tuple[str, str, list[tuple[str, bool]]]]:
    """Yield (inputs, missing sense, cells); a cell is "median [range]" and whether it is best.

    ``scores`` are those of the one metric, see `Result.scores_of`.
    """
    reservoirs = list(scores["reservoir"].unique())
    for missing in ("", *(m for m in scores["missing"].unique() if m)):
        part = scores[scores["missing"] == missing]
        for inputs in part["inputs"].unique():
            row = part[part["inputs"] == inputs].groupby("reservoir")["score"]
            middle, low, high = row.median(), row.min(), row.max()
            best = middle.max() if metric.higher_is_better else middle.min()
            cells = [
                (write_range(metric, middle[name], low[name], high[name]), middle[name] == best)
                if name in middle
                else ("", False)
                for name in reservoirs
            ]
            yield str(inputs), missing, [(text, bool(top)) for text, top in cells]


def write_range(metric: Metric, middle: float, low: float, high: float) -> str:
    """Return "median [lowest-highest]"; "to" stands between numbers that may be negative.

    Examples
    --------
    >>> from mottle.pipelines.metrics import find_metric
    >>> write_range(find_metric("accuracy"), 0.5, 0.25, 0.75)
    '50.0 [25.0-75.0]'
    >>> write_range(find_metric("r2"), 0.5, -0.25, 0.75)
    '0.5 [-0.25 to 0.75]'
    """
    between = "-" if metric.percent else " to "
    return f"{metric.write(middle)} [{metric.write(low)}{between}{metric.write(high)}]"


def row_label(inputs: str, missing: str) -> str:
    """Return what stands at the head of a row."""
    return f"{inputs}, {missing} missing at test" if missing else inputs


def scores_table(result: Result, metric: Metric | None = None) -> Table:
    """Lay the scores out for the terminal.

    Parameters
    ----------
    result : Result
        From ``run_recipe``.
    metric : Metric, optional
        One of its metrics, by default the first.

    Returns
    -------
    rich.table.Table
        A row for each input, a column for each reservoir, the best of a row bold.
    """
    metric = metric or result.metrics[0]
    scores = result.scores_of(metric)
    caption = f"{metric.label()}: median \\[range] over {len(result.seeds)} seeds; {result.split}"
    table = Table(title=result.title, caption=caption)
    table.add_column("inputs")
    for name in scores["reservoir"].unique():
        table.add_column(str(name), justify="right")
    before = ""
    for inputs, missing, cells in score_rows(scores, metric):
        if missing and not before:
            table.add_section()
        before = missing
        table.add_row(
            row_label(inputs, missing),
            *(f"[bold]{markup(text)}[/]" if best else markup(text) for text, best in cells),
        )
    return table


def write_report(path: str | Path, results: list[Result]) -> Path:
    """Write one self-contained HTML page, whole or not at all.

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
    page = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
    write_whole(path, lambda file: file.write(page.encode("utf-8")))
    return path


def section(result: Result) -> str:
    """Return the HTML of one result."""
    chance = ", ".join(
        f"chance {metric.write(result.chance[metric.name])}{' %' if metric.percent else ''} "
        f"({metric.name})"
        for metric in result.metrics
    )
    parts = [
        f"<h1>{escape(result.title)}</h1><p>{escape(result.description)}</p>",
        f"<p>{result.n_recordings} recordings; {escape(result.split)}; {escape(chance)}; "
        f"{len(result.seeds)} seeds; {result.seconds:.0f} s.</p>",
    ]
    parts += [html_table(result, metric) for metric in result.metrics]
    parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in result.notes) + "</ul>")
    for metric in result.metrics:
        bars = figures.score_bars(result.scores_of(metric), metric, result.chance[metric.name])
        caption = f"{metric.label()}: bars are medians over seeds, whiskers the range"
        parts.append(picture(bars, f"{caption[0].upper()}{caption[1:]}"))
    parts.append(best_in_detail(result))
    if result.chosen:
        parts.append(chosen_table(result))
    if result.examples:
        parts.append("<h2>One recording</h2>")
    for sense, stream in result.examples.items():
        parts.append(example(result, sense, stream))
    for name, states in result.states.items():
        caption = f"States of {name}; {result.speedup.get(name, '')}"
        parts.append(picture(figures.state_raster(states, name), caption))
    parts.append(f"<h2>Recipe</h2><pre>{escape(result.settings)}</pre>")
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    parts.append(f"<p>{escape(versions)}</p>")
    return "".join(parts)


def best_in_detail(result: Result) -> str:
    """Return a figure of the predictions of the best reservoir and inputs, first seed."""
    reservoir, inputs = result.best
    of = f"{reservoir}, {inputs}, seed {result.seeds[0]}"
    if result.task == "classification":
        matrix = figures.confusion(result.confusion, [str(label) for label in result.labels])
        return picture(matrix, f"Confusion matrix of {of}")
    predicted = result.predictions[reservoir, inputs, "", result.seeds[0]].to_numpy()
    return picture(
        figures.agreement(result.truth["target"].to_numpy(), predicted),
        f"Predicted against true values of {of}",
    )


def example(result: Result, sense: str, stream: Any) -> str:
    """Return a figure of one raw recording of a sense."""
    if isinstance(stream, xr.DataArray):
        return picture(figures.sampled_traces(stream, sense), f"{sense}, raw")
    if stream.dtype.names is None:  # an array of samples without times or names
        return picture(figures.sampled_traces(named(stream), sense), f"{sense}, raw")
    size = result.sensor_size or (int(stream["x"].max()) + 1, int(stream["y"].max()) + 1)
    return picture(figures.event_frames(stream, size), f"{sense}, raw events")


def named(values: NDArray) -> xr.DataArray:
    """Return samples (row, channel) with row numbers for times and channel numbers for names."""
    n_rows, n_channels = values.shape
    coords = {"time": np.arange(n_rows), "channel": [f"channel{k}" for k in range(n_channels)]}
    return xr.DataArray(values, dims=("time", "channel"), coords=coords)


def chosen_table(result: Result) -> str:
    """Return the settings that a search chose, a row for each fold and reservoir."""
    rows = "".join(
        f"<tr><th scope='row'>{one['fold']}</th><td>{escape(one['reservoir'])}</td>"
        f"<td>{escape(write_settings(one['settings']))}</td>"
        f"<td>{'' if one['score'] is None else format(one['score'], '.3g')}</td></tr>"
        for one in result.chosen
    )
    return (
        "<h2>Settings chosen inside the training part</h2><table><thead><tr><th>fold</th>"
        "<th>reservoir</th><th>settings</th><th>mean score of inner folds</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def html_table(result: Result, metric: Metric) -> str:
    """Return the scores of one metric as an HTML table."""
    scores = result.scores_of(metric)
    names = scores["reservoir"].unique()
    head = "".join(f"<th scope='col'>{escape(str(name))}</th>" for name in names)
    rows = []
    for inputs, missing, cells in score_rows(scores, metric):
        body = "".join(f"<td{' class=best' if best else ''}>{text}</td>" for text, best in cells)
        label = escape(row_label(inputs, missing))
        rows.append(f"<tr><th scope='row'>{label}</th>{body}</tr>")
    caption = f"{escape(metric.label())}: median [range] over seeds"
    return (
        f"<table><caption>{caption}</caption><thead><tr><th scope='col'>inputs</th>{head}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )


def picture(figure: Figure, caption: str) -> str:
    """Return a figure as HTML."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    data = b64encode(buffer.getvalue()).decode()
    text = escape(caption, quote=True)
    return (
        f"<figure><img alt='{text}' src='data:image/png;base64,{data}'>"
        f"<figcaption>{text}</figcaption></figure>"
    )
