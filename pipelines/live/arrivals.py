"""What comes from a source: lines of text or packets, as chunks of the senses of a model."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.events import EVENT_DTYPE

ONE = "stream"  # the sense of models that take one without a name
LONGEST = 1 << 20  # bytes of a line
OTHER = ("t", "until", "restart")


class Arrival(NamedTuple):
    """Chunks by sense, and what else a line says."""

    cells: dict[str, Any]
    time: float | None = None
    until: float | dict[str, float] | None = None
    restart: bool = False


def parse_line(line: bytes, senses: Mapping[str, bool]) -> Arrival:
    """Return what a line holds.

    Parameters
    ----------
    line : bytes
        A JSON object by sense, or a JSON list or numbers separated by commas for the one sense.
    senses : dict of str to bool
        Names, and whether a sense takes events.

    Raises
    ------
    ValueError
        With the reason, for a line that cannot be read.

    Examples
    --------
    >>> parse_line(b'{"t": 0.5, "touch": [1, 2]}', {"touch": False}).cells["touch"].values.tolist()
    [[1.0, 2.0]]
    >>> parse_line(b"10,3,4,1", {"stream": True}).cells["stream"].tolist()
    [(10, 3, 4, 1)]
    """
    if len(line) > LONGEST:
        raise ValueError(f"a line of {len(line)} bytes; at most {LONGEST} are taken.")
    try:
        text = line.decode().strip()
        if text.startswith(("{", "[")):
            given = json.loads(text, parse_constant=refuse)
        else:
            given = [float(part) for part in text.split(",")]
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{line[:60]!r} is no JSON and no row of numbers: {error}") from None
    if not isinstance(given, dict):
        if len(senses) > 1:
            raise ValueError(f"a row without a sense; name one of {', '.join(senses)}.")
        given = {next(iter(senses)): given}
    unknown = [name for name in given if name not in senses and name not in OTHER]
    if unknown:
        raise ValueError(f"no sense {unknown[0]!r}; the model has {', '.join(senses)}.")
    time = given.get("t")
    cells = {
        name: None if given[name] is None
        else events_of(given[name]) if events
        else rows_of(given[name], time)
        for name, events in senses.items() if name in given
    }  # fmt: skip
    until, restart = given.get("until"), given.get("restart", False)
    if not isinstance(restart, bool):
        raise ValueError(f"restart={str(restart)[:60]}; expected true or false.")
    if until is not None:
        until = float(numbers(until, "until").ravel()[0])
    last = np.ravel(numbers(time, "t"))[-1] if time is not None else None
    return Arrival(cells, None if last is None else float(last), until, restart)


def refuse(name: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} is no number")


def numbers(given: Any, what: str) -> NDArray[np.float64]:
    """Return a nested list of numbers as an array."""
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf" or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{what} is {str(given)[:60]}; expected finite numbers.")
    return array.astype(np.float64)


def rows_of(given: Any, time: Any) -> Any:
    """Return one row or several, with their times if there are any."""
    rows = numbers(given, "a row")
    if rows.ndim > 2:
        raise ValueError(f"rows have {rows.ndim} axes; expected a row or a list of rows.")
    rows = np.atleast_2d(rows)
    if time is None:
        return rows
    times = np.atleast_1d(numbers(time, "t"))
    if times.shape != (len(rows),):
        raise ValueError(f"t has {times.size} times for {len(rows)} rows.")
    return xr.DataArray(rows, dims=("time", "channel"), coords={"time": times})


def events_of(given: Any) -> NDArray[Any]:
    """Return events [t, x, y, p], t in us."""
    rows = np.empty((0, 4)) if given == [] else np.atleast_2d(numbers(given, "an event"))
    if rows.ndim != 2 or rows.shape[1] != 4:
        raise ValueError("events are lists [t, x, y, p], t in us.")
    whole = rows == np.floor(rows)
    if not whole.all() or (np.abs(rows[:, 0]) >= 2.0**53).any() or (
        (rows[:, 1:] < 0) | (rows[:, 1:] > [2**15 - 1, 2**15 - 1, 1])
    ).any():  # fmt: skip
        raise ValueError("an event is beyond what t (us), x, y and p (0 or 1) can be.")
    events = np.zeros(len(rows), EVENT_DTYPE)
    for name, column in zip(EVENT_DTYPE.names or (), rows.T, strict=True):
        events[name] = column
    return events
