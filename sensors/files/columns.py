"""Named columns brought into the fields of events."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from mottle.events import FIELDS
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import Source

COLUMNS = {"t": "t", "time": "t", "timestamp": "t", "ts": "t", "x": "x", "y": "y", "p": "p",
           "pol": "p", "polarity": "p", "on": "p"}  # fmt: skip


def name_events(names: Iterable[Any]) -> bool:
    """Return whether names of columns are those of events.

    Examples
    --------
    >>> name_events(["timestamp", "x", "y", "polarity"]), name_events(["t", "x", "y", "z"])
    (True, False)
    """
    return {COLUMNS.get(str(name).strip().lower()) for name in names} >= set(FIELDS)


def event_columns(table: pd.DataFrame, source: Source) -> Fields:
    """Bring named columns into t, x, y, p; a fractional t is in seconds, p may be -1 and 1."""
    table = table.rename(columns=lambda name: COLUMNS.get(str(name).strip().lower(), name))
    missing = [name for name in FIELDS if name not in table]
    if missing:
        raise ValueError(
            f"{source.path} has the columns {', '.join(map(str, table.columns))} and lacks "
            f"{', '.join(missing)}."
        )
    numbers = table[list(FIELDS)].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        row, column = np.argwhere(bad)[0]
        name = FIELDS[column]
        source.faults.fault(
            f"{source.path} holds {table[name].iloc[row]!r} as {name} in row {row}",
            "rows without numbers", bad.any(axis=1).sum(),
        )  # fmt: skip
        table, numbers = table[~bad.any(axis=1)], numbers[~bad.any(axis=1)]
    t = numbers["t"].to_numpy()
    if pd.api.types.is_integer_dtype(table["t"]):
        t = table["t"].to_numpy(dtype=np.int64)
    else:
        t = np.round(t * 1e6).astype(np.int64)
    x, y, p = (numbers[name].to_numpy().astype(np.int64) for name in "xyp")
    return t, x, y, np.where(p == -1, 0, p)
