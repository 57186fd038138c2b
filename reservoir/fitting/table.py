"""Measurements of devices: a table with a row for each sample, cut into traces and checked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import suggest

COLUMNS = {  # name: (accepted spellings, units and their factors)
    "time": (("time", "t"), {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}),
    "voltage": (("voltage", "v", "v_in", "supply"), {"V": 1.0, "mV": 1e-3}),
    "current": (
        ("current", "i"),
        {"A": 1.0, "mA": 1e-3, "uA": 1e-6, "µA": 1e-6, "nA": 1e-9, "pA": 1e-12},
    ),
    "conductance": (
        ("conductance", "g"), {"S": 1.0, "mS": 1e-3, "uS": 1e-6, "µS": 1e-6, "nS": 1e-9},
    ),
    "device_voltage": (("device_voltage", "node_voltage", "v_out"), {"V": 1.0, "mV": 1e-3}),
    "device": (("device",), {}),
    "trace": (("trace", "sweep"), {}),
    "cycle": (("cycle", "repeat"), {}),
}  # fmt: skip
MEASURED = ("current", "conductance", "device_voltage")
UNITS = {"current": "A", "conductance": "S", "device_voltage": "V"}
LEVELS = ("device", "trace", "cycle")
JITTER = 0.1  # of the shortest step: deviation of a time from the grid that is taken as rounding
MOST_HELD = 1_000_000  # steps of a trace on its grid
LEAST_READ = 3  # samples, and readings of each quantity, in a trace


class Measured(NamedTuple):
    """One recording of one device that began at rest; arrays over its samples."""

    device: str
    trace: str
    cycle: str
    drive: NDArray[np.float64]  # V, on the grid of steps of dt
    dt: float  # s
    pick: NDArray[np.intp]  # steps at whose ends a sample was taken
    values: dict[str, NDArray[np.float64]]  # by measured quantity; NaN where nothing was read
    gap: str  # steps without a row, and what drives the device there; "" if there are none

    @property
    def label(self) -> str:
        """Name for messages and figures."""
        given = zip(LEVELS, (self.device, self.trace, self.cycle), strict=True)
        return ", ".join(f"{level} {name}" for level, name in given if name) or "the trace"


def find_column(text: str) -> tuple[str, float]:
    """Return the name of a column and the factor to SI units, from its heading.

    Examples
    --------
    >>> find_column("t"), find_column("I (mA)"), find_column("Time [us]")
    (('time', 1.0), ('current', 0.001), ('time', 1e-06))
    >>> find_column("current (milliamps)")
    Traceback (most recent call last):
    ValueError: column 'current (milliamps)': unit 'milliamps' is none of A, mA, uA, µA, nA, pA.
    """
    found = re.fullmatch(r"\s*(.*?)\s*(?:[(\[]\s*(.*?)\s*[)\]])?\s*", str(text))
    bare, unit = (found[1].lower(), found[2]) if found else (str(text), None)
    for name, (spellings, units) in COLUMNS.items():
        if bare not in spellings:
            continue
        if unit is None:
            return name, 1.0
        unit = unit.replace("\u03bc", "µ")  # the Greek letter and the sign of the prefix
        if unit not in units:
            known = f"is none of {', '.join(units)}" if units else "is given to a column of names"
            raise ValueError(f"column {text!r}: unit {unit!r} {known}.")
        return name, units[unit]
    every = [spelling for spellings, _ in COLUMNS.values() for spelling in spellings]
    raise ValueError(
        f"column {text!r} is not known{suggest(bare, every)} Known: {', '.join(every)}; with a "
        "unit in brackets where it is not SI, such as 'i (mA)'. Leave out other columns."
    )


def read_table(data: Any) -> tuple[pd.DataFrame, str]:
    """Return a table with known names in SI units, and the file that it was read from or ""."""
    path = ""
    if isinstance(data, str | Path):
        path = str(data)
        file = Path(data)
        if not file.is_file():
            raise ValueError(f"there is no file '{data}'.")
        if file.suffix.lower() == ".parquet":
            frame = pd.read_parquet(file)
        elif file.suffix.lower() in (".csv", ".txt", ".tsv"):
            try:
                frame = pd.read_csv(file, sep=None, engine="python", skipinitialspace=True)
            except pd.errors.EmptyDataError:
                frame = pd.DataFrame()
        else:
            raise ValueError(f"'{data}': expected a .csv, .txt, .tsv or .parquet file.")
    elif isinstance(data, pd.DataFrame):
        frame = data
    elif isinstance(data, Mapping):
        frame = pd.DataFrame({name: np.asarray(column) for name, column in data.items()})
    else:
        raise TypeError(
            f"data is {type(data).__name__}; expected a file, a DataFrame or a dict of columns."
        )
    columns: dict[str, Any] = {}
    for heading in frame.columns:
        name, factor = find_column(heading)
        if name in columns:
            raise ValueError(f"two columns are {name!r}, the second {str(heading)!r}; keep one.")
        if name in LEVELS:
            columns[name] = frame[heading].astype(str).to_numpy()
            continue
        columns[name] = factor * read_column(frame[heading], name in MEASURED)
    for name in ("time", "voltage"):
        if name not in columns:
            spellings = ", ".join(COLUMNS[name][0])
            raise ValueError(
                f"there is no column {name!r} ({spellings}); the table has "
                f"{', '.join(map(str, frame.columns)) or 'no columns'}."
            )
    return pd.DataFrame(columns), path


def read_column(column: pd.Series, may_be_blank: bool) -> NDArray[np.float64]:
    """Return the numbers of a column; blank cells, where they may be, as NaN."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~np.isfinite(numbers)
    if may_be_blank:
        wrong &= ~(column.isna() | (column.astype(str).str.strip() == "")).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        way = (
            "correct it, or leave the cell blank: the row drives the device and is not compared."
            if may_be_blank
            else "correct it; a row without its voltage or time cannot drive the device."
        )
        raise ValueError(
            f"column {str(column.name)!r}, row {row}: {str(column.iloc[row])!r} is no finite "
            f"number; {way}"
        )
    return numbers


def choose_measured(
    table: pd.DataFrame, measured: Any, known: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the measured quantities to fit, of those that the model of a family gives."""
    there = [name for name in MEASURED if name in table]
    if measured is None:
        if len(there) != 1:
            raise ValueError(
                f"the table holds {', '.join(there) or 'nothing measured'}; "
                + (
                    f"state which is to be fitted: measured={there[0]!r}, or all of {tuple(there)}."
                    if there
                    else f"expected a column {' or '.join(MEASURED)}."
                )
            )
        measured = there[0]
    names = (measured,) if isinstance(measured, str) else tuple(measured)
    for name in names:
        if name not in MEASURED:
            raise ValueError(
                f"measured={name!r} is none of {', '.join(MEASURED)}{suggest(name, MEASURED)}"
            )
        if name not in there:
            raise ValueError(f"measured={name!r}: the table has no such column.")
        if name not in known:
            raise ValueError(
                f"measured={name!r}: the model of this family gives {', '.join(known)} only."
            )
    if not names:
        raise ValueError("measured=() names nothing to fit.")
    return names


def cut(table: pd.DataFrame, measured: tuple[str, ...]) -> list[Measured]:
    """Cut a table into its traces, each checked and laid out on steps of equal length."""
    if table.empty:
        raise ValueError("the table has no rows: there is nothing to fit.")
    levels = [level for level in LEVELS if level in table]
    groups: Any = table.groupby(levels, sort=False) if levels else [((), table)]
    traces = []
    for key, rows in groups:
        names = dict(zip(levels, key, strict=True))
        label = ", ".join(f"{level} {name}" for level, name in names.items()) or "the trace"
        traces.append(lay_out(rows, measured, label, [names.get(level, "") for level in LEVELS]))
    return traces


def lay_out(
    rows: pd.DataFrame, measured: tuple[str, ...], label: str, names: list[str]
) -> Measured:
    """Return the rows of one trace on steps of equal length; gaps hold the next voltage."""
    time, volts = rows["time"].to_numpy(), rows["voltage"].to_numpy()
    if time.size < LEAST_READ:
        raise ValueError(f"{label} has {time.size} samples; a trace needs at least {LEAST_READ}.")
    steps = np.diff(time)
    if steps.min() <= 0:
        k = int(np.argmax(steps <= 0))
        raise ValueError(
            f"{label}: time goes from {time[k]:.6g} s to {time[k + 1]:.6g} s at row "
            f"{rows.index[k + 1]}; sort the rows, or name traces and cycles in own columns."
        )
    if not volts.any():
        raise ValueError(f"{label}: voltage is 0 throughout, which shows nothing of a device.")
    dt = float(np.median(steps[steps < 1.5 * steps.min()]))
    dt = float(time[-1] - time[0]) / max(1, round(float(time[-1] - time[0]) / dt))
    place = np.rint((time - time[0]) / dt)
    off = np.abs((time - time[0]) / dt - place)
    if off.max() > JITTER or (np.diff(place) < 1).any() or place[-1] > MOST_HELD:
        k = int(off.argmax())
        raise ValueError(
            f"{label}: time {time[k]:.6g} s, row {rows.index[k]}, is no whole number of steps of "
            f"{dt:.3g} s, the shortest, after the first; resample to equal steps."
        )
    pick = place.astype(np.intp)
    held = np.diff(pick, prepend=-1)
    drive = np.repeat(volts, held)
    values = {name: rows[name].to_numpy() for name in measured}
    for name, value in values.items():
        read = value[np.isfinite(value)]
        if read.size < LEAST_READ:
            raise ValueError(
                f"{label} has {read.size} readings of {name}, the other cells are blank; a trace "
                f"needs at least {LEAST_READ}."
            )
        if not read.any():
            raise ValueError(f"{label}: {name} is 0 throughout.")
    gap = describe_gaps(rows, held, label, dt, " and ".join(measured))
    return Measured(names[0], names[1], names[2], drive, dt, pick, values, gap)


def describe_gaps(
    rows: pd.DataFrame, held: NDArray[np.intp], label: str, dt: float, measured: str
) -> str:
    """Return a sentence on the first gap, and how many there are; "" if each step has its row."""
    after = np.flatnonzero(held > 1)
    if not after.size:
        return ""
    k = int(after[0])
    (begin, end), volt = rows["time"].iloc[k - 1 : k + 1], rows["voltage"].iloc[k]
    others = f", and {after.size - 1} more gaps" if after.size > 1 else ""
    return (
        f"{label}: no rows between {begin:.6g} s and {end:.6g} s (before row {rows.index[k]}), "
        f"{held[k] - 1} steps of {dt:.3g} s{others}: the voltage of the row after a gap, "
        f"{volt:.4g} V, is taken to have driven the device there. If rows were left out, put them "
        f"back with their voltage and leave the {measured} blank: they drive the device and are "
        "not compared."
    )
