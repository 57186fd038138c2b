"""Tables of scores: their rows, and one for the terminal."""

from collections.abc import Iterator

import pandas as pd
from rich.markup import escape as markup
from rich.table import Table

from mottle.pipelines.engine.result import Result
from mottle.pipelines.metrics import Metric


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
    return f"{metric.write(middle)} [{write_ends(metric, low, high)}]"


def write_ends(metric: Metric, low: float, high: float) -> str:
    """Return the ends of a range."""
    between = "-" if metric.percent else " to "
    return f"{metric.write(low)}{between}{metric.write(high)}"


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
        table.add_column(str(name), justify="right", overflow="fold")
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
