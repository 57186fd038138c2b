"""What a table of streams holds, in a few lines: for notebooks, and as a table."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from mottle.events import LazyStream, is_absent, is_event_stream

COLUMNS = ("kind", "present", "absent", "shortest", "longest", "channels", "units")
SHOWN = ("name", "licence", "citation", "pairing", "split", "trap")  # of a table's attributes
MOST = 12  # classes that are listed
STYLE = (
    "<style>.mottle-view table{border-collapse:collapse;margin:.3em 0}"
    ".mottle-view td,.mottle-view th{padding:.15em .8em .15em 0;text-align:left}"
    ".mottle-view dl{display:grid;grid-template-columns:max-content minmax(0,40em);gap:.1em 1em}"
    ".mottle-view dt{font-weight:600}.mottle-view dd{margin:0}</style>"
)


def describe_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a sense (modality): kind, recordings, lengths in rows or events, units.

    Streams that are read from disk each time they are used are counted and not read.

    Examples
    --------
    >>> from mottle.datasets import make_table
    >>> found = describe_table(make_table(touch=[np.zeros((5, 60)), None])).loc["touch"]
    >>> " ".join(map(str, found))
    'samples 1 1 5 5 60 '
    """
    rows = {str(name): describe_sense(list(table[name])) for name in table}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).rename_axis("sense")


def describe_sense(cells: Sequence[Any]) -> tuple[Any, ...]:
    """Return the columns of `describe_table` for the streams of one sense."""
    present = [cell for cell in cells if not is_absent(cell)]
    counts = len(present), len(cells) - len(present)
    if not present:
        return ("none", *counts, None, None, "", "")
    first = present[0]
    if any(isinstance(cell, LazyStream) for cell in present):
        return ("read from disk when used", *counts, None, None, "", "")
    lengths = [len(cell) for cell in present]
    ends = min(lengths), max(lengths)
    if is_event_stream(first):
        return ("events", *counts, *ends, "", "t in us; x, y in pixels")
    widths = {cell.shape[1] for cell in present if getattr(cell, "ndim", 0) == 2}
    channels = f"{min(widths)} to {max(widths)}" if len(widths) > 1 else f"{min(widths, default=1)}"
    return ("samples", *counts, *ends, channels, units_of(first))


def units_of(stream: Any) -> str:
    """Return the units of a sampled stream, or ""."""
    units = str(getattr(stream, "attrs", {}).get("units", ""))
    if "unit" in getattr(stream, "coords", {}):
        units = ", ".join(dict.fromkeys(str(one) for one in stream["unit"].values))
    return "dimensionless" if units == "1" else units


def describe_target(target: Any) -> str:
    """Return the classes with their counts, or the range of numbers.

    Examples
    --------
    >>> describe_target(np.array(["a", "b", "a"])), describe_target(np.array([0.5, 2.0]))
    ('2 classes: a (2), b (1)', 'numbers from 0.5 to 2')
    """
    values = np.asarray(target) if not isinstance(target, list) else np.empty(0, dtype=object)
    if values.ndim == 1 and values.size and values.dtype.kind not in "fcO":
        labels, counts = np.unique(values, return_counts=True)
        each = [f"{label} ({n})" for label, n in zip(labels[:MOST], counts[:MOST], strict=True)]
        more = [f"and {len(labels) - MOST} more"] if len(labels) > MOST else []
        return f"{len(labels)} classes: {', '.join([*each, *more])}"
    if values.size and values.dtype.kind == "f":
        width = f", {values.shape[1]} a recording" if values.ndim == 2 else ""
        return f"numbers from {values.min():.4g} to {values.max():.4g}{width}"
    return f"{len(target)} values or arrays"


def write_overview(table: pd.DataFrame, target: Any, groups: Any) -> str:
    """Return recordings as a short HTML text."""
    kinds = describe_table(table).reset_index()
    head = "".join(f"<th>{escape(str(name))}</th>" for name in kinds.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in kinds.itertuples(index=False)
    )
    facts = {
        "recordings": f"{len(table)}",
        "target": describe_target(target),
        "groups": f"{len(np.unique(np.asarray(groups)))}; none is to be on both sides of a split",
    } | {key: str(table.attrs[key]) for key in SHOWN if table.attrs.get(key)}
    listed = "".join(f"<dt>{key}</dt><dd>{escape(text)}</dd>" for key, text in facts.items())
    return (
        f"<div class='mottle-view'>{STYLE}<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table><dl>{listed}</dl></div>"
    )


def _cell(value: Any) -> str:
    """Return a cell; nothing where there is no number."""
    return "" if value is None or value != value else escape(str(value))
