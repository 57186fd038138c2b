"""Streams at the door: what an encoder accepts, and what it says when it does not."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.sensors.kernels.events import faulty

EVENT_DTYPE = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])
"""One event: time in microseconds, column, row (downward), polarity 0 (off) or 1 (on)."""

OVERFLOWS = {2**32 - 1: "an unsigned", 2**31 - 1: "a signed"}


class Streams(NamedTuple):
    """Recordings of one sense.

    ``cells`` holds one stream a recording (None where the sensor was absent); ``one`` says that a
    lone recording came in, so that its drive goes out without the recording axis; ``sense`` is the
    name of the column, or empty.
    """

    cells: list[Any]
    one: bool
    sense: str

    def place(self, recording: int) -> str:
        """Name a recording for an error message."""
        sense = f"'{self.sense}'" if self.sense else "the input"
        return sense if self.one else f"recording {recording} of {sense}"


class Samples(NamedTuple):
    """A checked sampled stream: values (row, channel), time (row,) in second, channel names."""

    values: NDArray[np.float64]
    time: NDArray[np.float64]
    names: list[str] | None


def is_absent(cell: Any) -> bool:
    """Say whether a table cell holds no stream: None, or the NaN that pandas makes of it."""
    return cell is None or cell is pd.NA or (isinstance(cell, float) and bool(np.isnan(cell)))


def _is_stream(cell: Any) -> bool:
    if isinstance(cell, np.ndarray):
        return cell.dtype.names is not None or cell.ndim == 2
    return is_absent(cell) or isinstance(cell, xr.DataArray | pd.DataFrame)


def _is_many(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return all(map(_is_stream, X))
    if isinstance(X, np.ndarray):
        return X.dtype.names is None and (X.ndim == 3 or (X.ndim == 1 and X.dtype == object))
    return isinstance(X, pd.Series) or (isinstance(X, xr.DataArray) and X.ndim == 3)


def as_streams(X: Any) -> Streams:
    """Bring every accepted container into a list of streams.

    Parameters
    ----------
    X : Series, list, object ndarray, one-column DataFrame, 3-D array, or one lone stream
        A lone stream is a 1-D structured array (events), a `DataArray` of dims (time, channel), a
        2-D numeric array or a numeric DataFrame (rows are time).

    Returns
    -------
    Streams
        The streams, whether a lone one came in, and the name of the sense if there is one.

    Raises
    ------
    ValueError
        If there is no recording, or if a table of several senses comes in.

    Examples
    --------
    >>> import numpy as np
    >>> as_streams(np.zeros((5, 2))).one
    True
    >>> len(as_streams([np.zeros((5, 2)), None]).cells)
    2
    """
    sense = ""
    if isinstance(X, pd.DataFrame):
        if not any(map(pd.api.types.is_object_dtype, X.dtypes)):
            return Streams([X], True, sense)
        if X.shape[1] != 1:
            raise ValueError(
                f"a table of {X.shape[1]} senses came in ({', '.join(map(str, X.columns))}) and an "
                "encoder reads one: pass one column, or use DriveStack or a ColumnTransformer"
            )
        X = X.iloc[:, 0]
    if isinstance(X, pd.Series | xr.DataArray):
        sense = "" if X.name is None else str(X.name)
    if not _is_many(X):
        return Streams([X], True, sense)
    cells = list(X)
    if not cells:
        raise ValueError("no recording came in: the table has 0 rows")
    return Streams(cells, False, sense)


def check_present(streams: Streams) -> None:
    """Raise if a sense is absent from a recording to learn from."""
    for recording, cell in enumerate(streams.cells):
        if is_absent(cell):
            raise ValueError(
                f"{streams.place(recording)} is absent (None), and fit needs every stream: "
                "leave out the recordings without this sense before fit; transform masks them"
            )


def check_events(stream: Any, place: str = "the input") -> dict[str, NDArray[np.integer]]:
    """Check an event stream and return its fields, views of the stream where they can be.

    Parameters
    ----------
    stream : structured ndarray of shape (n_events,)
        Fields ``t`` (integer, microseconds, never going back), ``x``, ``y`` (integer pixels) and
        ``p`` (0, 1 or bool), in any order; others are ignored.
    place : str
        What the error messages call the stream.

    Raises
    ------
    TypeError
        If a field is missing or not of integers.
    ValueError
        If the stream is empty, time goes back or a polarity is neither 0 nor 1.
    """
    fields = fields_of(stream, place)
    t, p = fields["t"], fields["p"]
    if not faulty(t, p, 0, t.size):
        return fields
    back = np.flatnonzero(t[1:] < t[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise ValueError(
            f"time goes back at event {at} of {place} ({t[at]} us after {t[at - 1]} us); sort it: "
            "events[np.argsort(events['t'], kind='stable')]"
        )
    odd = np.flatnonzero((p != 0) & (p != 1))
    raise ValueError(
        f"polarity {p[odd[0]]} at event {odd[0]} of {place}: expected 0 (off) or 1 (on). "
        "For -1 and 1, write (p > 0) into the field"
    )


def fields_of(stream: Any, place: str = "the input") -> dict[str, NDArray[np.integer]]:
    """Return the fields of an event stream whose events nobody has looked at yet."""
    if not isinstance(stream, np.ndarray) or stream.dtype.names is None:
        raise TypeError(
            f"{place} is {_describe(stream)}, not an event stream: expected a numpy structured "
            "array with the fields t (integer microseconds), x, y and p (see EVENT_DTYPE)"
        )
    missing = [name for name in "txyp" if name not in stream.dtype.names]
    if missing:
        raise TypeError(
            f"{place} has the fields {', '.join(stream.dtype.names)} and lacks "
            f"{', '.join(missing)}: events need t (integer microseconds), x, y and p"
        )
    if stream.ndim != 1:
        raise ValueError(f"{place} has shape {stream.shape}: events are a 1-D array, one an event")
    if stream.size == 0:
        raise ValueError(
            f"{place} is an empty event stream, which says nothing about when or what: leave the "
            "recording out, or pass None for an absent sense"
        )
    fields = {}
    for name in "txyp":
        kind = stream.dtype[name].kind
        if kind not in ("iub" if name == "p" else "iu"):
            raise TypeError(
                f"field {name} of {place} is {stream.dtype[name]}: expected integers"
                + (" in microseconds, (seconds * 1e6).astype('int64')" if name == "t" else "")
            )
        fields[name] = _plain(stream[name])
    return fields


def _plain(field: NDArray[Any]) -> NDArray[np.integer]:
    """Bring a field to a type that kernels know: a view where it is one, else int64."""
    if field.dtype == np.bool_:
        return field.view(np.uint8)
    known = field.dtype.isnative and (field.dtype.kind == "i" or field.dtype.itemsize <= 2)
    return field if known else field.astype(np.int64)


def _describe(thing: Any) -> str:
    shape = getattr(thing, "shape", None)
    return f"a {type(thing).__name__}" + (f" of shape {shape}" if shape is not None else "")


def check_samples(
    stream: Any, place: str = "the input", channels: Sequence[str | int] | None = None
) -> Samples:
    """Check a sampled stream and return its values, times and channel names.

    Parameters
    ----------
    stream : DataArray of dims (time, channel), 2-D ndarray or numeric DataFrame
        Without a ``time`` coordinate, time is the row number.
    place : str
        What the error messages call the stream.
    channels : sequence of str or int, optional
        Channels to keep, in this order; only these are checked.

    Raises
    ------
    TypeError
        If this is no sampled stream.
    ValueError
        If it has no row, an unknown channel, a NaN or inf, an overflowed counter, or if its time
        goes back.

    Examples
    --------
    >>> import numpy as np
    >>> check_samples(np.arange(6.0).reshape(3, 2), channels=[1]).values[:, 0].tolist()
    [1.0, 3.0, 5.0]
    """
    names, _ = shape_of_samples(stream, place)
    if isinstance(stream, xr.DataArray):
        stream = stream.transpose("time", "channel")
    values, time = np.array(stream, dtype=np.float64), _time_of(stream, place)
    if values.shape[0] == 0:
        raise ValueError(f"{place} has no row: leave it out, or pass None for an absent sense")
    if channels is not None:
        keep = [_find_channel(channel, names, values.shape[1], place) for channel in channels]
        values = values[:, keep]
        names = None if names is None else [names[index] for index in keep]
    if values.shape[1] == 0:
        raise ValueError(f"{place} has no channel left (shape {values.shape})")

    def called(channel: int) -> str:
        if names is not None:
            return f"'{names[channel]}'"
        return str(channel if channels is None else channels[channel])

    _check_time(time, place)
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, channel = (int(index) for index in bad[0])
        value = "NaN" if np.isnan(values[row, channel]) else f"{values[row, channel]}"
        raise ValueError(
            f"channel {called(channel)} of {place} holds {value} at row {row} "
            f"({len(bad)} such values in all): fill or cut the gap, drop the channel "
            "(channels=...), or pass None for an absent sense"
        )
    for overflow, counter in OVERFLOWS.items():
        hit = (values == overflow).sum(axis=0)
        if hit.any():
            channel = int(np.flatnonzero(hit)[0])
            raise ValueError(
                f"channel {called(channel)} of {place} holds {overflow}, the overflow of {counter} "
                f"32-bit counter, in {hit[channel]} rows; drop the channel (channels=...)"
            )
    return Samples(values, time, names)


def shape_of_samples(stream: Any, place: str = "the input") -> tuple[list[str] | None, int]:
    """Return the channel names of a sampled stream, if it has any, and how many channels."""
    names = None
    if isinstance(stream, xr.DataArray):
        if set(stream.dims) != {"time", "channel"}:
            raise ValueError(
                f"{place} has the dims {stream.dims}: a sampled stream has (time, channel)"
            )
        if "channel" in stream.coords:
            names = [str(name) for name in stream["channel"].values]
        return names, int(stream.sizes["channel"])
    if isinstance(stream, pd.DataFrame):
        return [str(name) for name in stream.columns], stream.shape[1]
    if not isinstance(stream, np.ndarray) or stream.dtype.names is not None:
        raise TypeError(
            f"{place} is {_describe(stream)}, not a sampled stream: expected a DataArray of dims "
            "(time, channel) or a 2-D array whose rows are time"
        )
    if stream.ndim != 2:
        raise ValueError(
            f"{place} has shape {stream.shape}: expected (time, channel); for one channel "
            ".reshape(-1, 1)"
        )
    return None, stream.shape[1]


def _time_of(stream: Any, place: str) -> NDArray[np.float64]:
    if not isinstance(stream, xr.DataArray) or "time" not in stream.coords:
        return np.arange(len(stream), dtype=np.float64)
    time = np.asarray(stream["time"].values)
    if time.dtype.kind not in "iuf":
        raise TypeError(
            f"the time of {place} is {time.dtype}: expected seconds, for datetimes "
            "(time - time[0]) / np.timedelta64(1, 's')"
        )
    return time.astype(np.float64)


def _find_channel(channel: str | int, names: list[str] | None, n_channels: int, place: str) -> int:
    if isinstance(channel, str):
        if names is None:
            raise ValueError(
                f"{place} has no channel names, so channel '{channel}' cannot be found: pass "
                "numbers, or a DataArray with a channel coordinate"
            )
        if channel not in names:
            raise ValueError(f"{place} has no channel '{channel}'; it has {', '.join(names)}")
        return names.index(channel)
    if not -n_channels <= channel < n_channels:
        raise ValueError(f"{place} has {n_channels} channels, so there is no channel {channel}")
    return int(channel) % n_channels


def _check_time(time: NDArray[np.float64], place: str) -> None:
    if not np.isfinite(time).all():
        row = int(np.flatnonzero(~np.isfinite(time))[0])
        raise ValueError(f"time is {time[row]} at sample {row} of {place}; drop that sample")
    back = np.flatnonzero(time[1:] < time[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise ValueError(
            f"time goes back at sample {at} of {place} ({time[at]:g} s after {time[at - 1]:g} s); "
            "sort the recording or drop that sample"
        )
