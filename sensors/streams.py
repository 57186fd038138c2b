"""Sampled streams: what an encoder accepts, and the errors for what it does not."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.arrays import as_numbers, variable_of
from mottle.checks import is_whole, suggest
from mottle.events import EVENT_DTYPE as EVENT_DTYPE
from mottle.events import Streams as Streams
from mottle.events import as_streams as as_streams
from mottle.events import check_events as check_events
from mottle.events import check_present as check_present
from mottle.events import describe
from mottle.events import fields_of as fields_of
from mottle.events import is_absent as is_absent
from mottle.sensors.clock import LATEST_SECOND, Times, is_stamp, read_times
from mottle.sensors.roles import counts_by_one, find_roles, find_split_time, refine_roles
from mottle.times import UNITS, are_row_numbers, name_time, name_unit

OVERFLOWS = {2**32 - 1: "an unsigned", 2**31 - 1: "a signed"}


OPENING = 60.0  # s of a recording that its windows carry along
OPENING_KEYS = ("opening_time", "opening_values", "opening_of")


class Samples(NamedTuple):
    """A checked sampled stream: values (row, channel), time (row,) in second, channel names.

    Of a window, ``opening`` holds times and values of the begin of the recording it was cut from.
    Where it is not ``timed``, times are numbers of rows.
    """

    values: NDArray[np.float64]
    time: NDArray[np.float64]
    names: list[str] | None
    opening: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    timed: bool = False

    @property
    def beginning(self) -> "Samples":
        """The rows with which the recording begins, from which baselines are taken."""
        if self.opening is None:
            return self
        return Samples(self.opening[1], self.opening[0], self.names)


def check_samples(
    stream: Any, place: str = "the input", channels: Sequence[str | int] | None = None
) -> Samples:
    """Check a sampled stream and return its values, times and channel names.

    Parameters
    ----------
    stream : DataArray of dims (time, channel), 2-D ndarray or numeric DataFrame
        Without a ``time`` coordinate, time is the row number. Dates become seconds from the first
        sample. Of a DataFrame, the time is a DatetimeIndex or TimedeltaIndex, or the index or
        column with the name of a time, such as "time" (in second) or "time_ms". A DataArray may be
        a window that carries the begin of its recording, see `with_opening`.
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
        goes back; of a DataFrame also if two columns have one name, a column holds no numbers, or
        the index neither counts rows nor is a time.

    Examples
    --------
    >>> import numpy as np
    >>> check_samples(np.arange(6.0).reshape(3, 2), channels=[1]).values[:, 0].tolist()
    [1.0, 3.0, 5.0]
    """
    if isinstance(stream, pd.DataFrame):
        stream = label_frame(stream, place)
    names, _ = shape_of_samples(stream, place)
    opening = None
    if isinstance(stream, xr.DataArray):
        stream = in_order(stream)
        opening = opening_of(stream, place)
    values, time = as_numbers(stream, place).copy(), seconds_of(stream, place)
    if values.shape[0] == 0:
        raise ValueError(f"{place} has no row: leave it out, or pass None for an absent sense.")
    if channels is not None:
        keep = [_find_channel(channel, names, values.shape[1], place) for channel in channels]
        values = values[:, keep]
        names = None if names is None else [names[index] for index in keep]
        opening = None if opening is None else (opening[0], opening[1][:, keep])
    if values.shape[1] == 0:
        raise ValueError(f"{place} has no channel left (shape {values.shape}).")

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
            "(channels=...), or pass None for an absent sense."
        )
    for overflow, counter in OVERFLOWS.items():
        hit = (values == overflow).sum(axis=0)
        if hit.any():
            channel = int(np.flatnonzero(hit)[0])
            raise ValueError(
                f"channel {called(channel)} of {place} holds {overflow}, the overflow of {counter} "
                f"32-bit counter, in {hit[channel]} rows; drop the channel (channels=...)."
            )
    timed = "time" in getattr(stream, "coords", ()) and not are_row_numbers(stream)
    return Samples(values, time, names, opening, timed)


def opening_keys(recording: xr.DataArray, time: NDArray[np.float64]) -> dict[str, Any]:
    """Return the first minute of a recording, from which the baselines of its windows are taken.

    The attributes "opening_time" (row,) and "opening_values" (row * channel,).
    """
    if OPENING_KEYS[0] in recording.attrs:  # a window of a window
        return {key: recording.attrs[key] for key in OPENING_KEYS[:2]}
    first = slice(int(np.searchsorted(time, time[0] + OPENING))) if len(time) else slice(0)
    rows = recording.isel(time=first).transpose("time", "channel")
    return {"opening_time": time[first], "opening_values": rows.values.astype(float).ravel()}


def with_opening(window: xr.DataArray, opening: Mapping[str, Any]) -> xr.DataArray:
    """Let a window carry the begin of its recording, and in "opening_of" a digest of its values.

    Arithmetic keeps attributes, and would leave them behind.

    Examples
    --------
    >>> rows = xr.DataArray(
    ...     np.arange(100.0)[:, np.newaxis], dims=("time", "channel"), coords={"time": range(100)}
    ... )
    >>> window = with_opening(rows[80:], opening_keys(rows, np.arange(100.0)))
    >>> len(opening_of(window, "the window")[0])
    60
    """
    return window.assign_attrs(dict(opening) | {"opening_of": digest_of(window)})


def opening_of(
    stream: xr.DataArray, place: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return times and values (row, channel) of the begin of a window's recording, if it has it.

    Not of a window whose values were changed since it was cut, of which it warns.
    """
    if not all(key in stream.attrs for key in OPENING_KEYS):
        return None
    if stream.attrs["opening_of"] != digest_of(stream):
        warn(
            f"{place} was changed after it was cut from a recording, so that the recording's begin "
            "is no baseline for it, and its own first rows are taken: change recordings before "
            "they are cut.",
            stacklevel=2,
        )
        return None
    time, values = (np.asarray(stream.attrs[key], dtype=np.float64) for key in OPENING_KEYS[:2])
    return time, values.reshape(len(time), -1)


def in_order(stream: xr.DataArray) -> xr.DataArray:
    """Return a stream with the dims (time, channel)."""
    ordered = ("time", "channel")
    return stream if stream.dims == ordered else stream.transpose(*ordered)


def channels_like(stream: Any, names: Sequence[Any] | NDArray) -> Any:
    """Return a stream with its channels in the order of ``names``; unchanged without just these.

    Examples
    --------
    >>> stream = xr.DataArray([[1, 2]], dims=("time", "channel"), coords={"channel": ["b", "a"]})
    >>> channels_like(stream, ["a", "b"]).values.tolist()
    [[2, 1]]
    """
    if not isinstance(stream, xr.DataArray) or "channel" not in stream.coords:
        return stream
    own, wanted = list(stream["channel"].values), list(names)
    alike = len(own) == len(wanted) == len(set(own)) and set(own) == set(wanted)
    if own == wanted or not alike:
        return stream
    return stream.sel(channel=wanted)


def digest_of(stream: xr.DataArray) -> str:
    """Return a digest of the values of a stream."""
    values = np.ascontiguousarray(in_order(stream).values)
    return blake2b(values.tobytes(), digest_size=8).hexdigest()


def shape_of_samples(stream: Any, place: str = "the input") -> tuple[list[str] | None, int]:
    """Return the channel names of a sampled stream, if it has any, and how many channels."""
    names = None
    if isinstance(stream, xr.DataArray):
        if set(stream.dims) != {"time", "channel"}:
            raise ValueError(
                f"{place} has the dims {stream.dims}: a sampled stream has (time, channel)."
            )
        if "channel" in stream.coords:
            names = [str(name) for name in variable_of(stream, "channel").values]
        return names, stream.shape[stream.dims.index("channel")]
    if isinstance(stream, pd.DataFrame):
        stream = label_frame(stream, place)
        names = [str(name) for name in stream["channel"].values]
        return names, len(names)
    if not isinstance(stream, np.ndarray) or stream.dtype.names is not None:
        raise TypeError(
            f"{place} is {describe(stream)}, not a sampled stream: expected a DataArray of dims "
            "(time, channel) or a 2-D array whose rows are time."
        )
    if stream.ndim != 2:
        raise ValueError(
            f"{place} has shape {stream.shape}: expected (time, channel); for one channel "
            ".reshape(-1, 1)."
        )
    return None, stream.shape[1]


def seconds_of(stream: Any, place: str) -> NDArray[np.float64]:
    """Return the times in second, or the row numbers where a stream has none."""
    if not isinstance(stream, xr.DataArray) or "time" not in stream.coords:
        return np.arange(len(stream), dtype=np.float64)
    known = variable_of(stream, "time")
    time = np.asarray(known.values)
    if time.dtype.kind in "Mm":
        return read_times(pd.Series(time), place, "time", None, "").time
    if time.dtype.kind not in "iuf":
        raise TypeError(f"the time of {place} is {time.dtype}: expected seconds or dates.")
    attrs = known.attrs
    stated = attrs.get("units", attrs.get("unit", "s"))
    if not {"units", "unit"} & set(attrs) and (np.abs(time) > LATEST_SECOND).any():
        raise ValueError(
            f"the time of {place} holds {float(time[0]):.12g} and its unit is not stated: "
            f"X['time'].attrs['units'] names it, one of {', '.join(UNITS)}."
        )
    unit = name_unit(str(stated).split(" since ")[0])  # such as "days since 2024-01-01"
    if not unit:
        raise ValueError(
            f"the time of {place} has units={stated!r}, no unit of time: expected one of "
            f"{', '.join(UNITS)} in X['time'].attrs; leave it out for seconds."
        )
    return time.astype(np.float64) * (UNITS[unit] / UNITS["s"])


def label_frame(frame: pd.DataFrame, place: str = "the input") -> xr.DataArray:
    """Return a table of samples as a DataArray (time, channel).

    Parameters
    ----------
    frame : DataFrame
        A recording, rows are time.
    place : str
        What the error messages call it.

    Returns
    -------
    DataArray
        With the coordinate ``time`` in second only if the table has a time: a DatetimeIndex or
        TimedeltaIndex, or an index or column with the name of one.

    Raises
    ------
    ValueError
        If names come twice, a column holds no real numbers, two times are there, or the index
        neither counts rows nor is a time.

    Examples
    --------
    >>> frame = pd.DataFrame({"time_ms": [0, 500], "CO": [1.5, 1.6]})
    >>> label_frame(frame).time.values.tolist()
    [0.0, 0.5]
    """
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(frame.index, pd.MultiIndex):
        raise ValueError(
            f"{place} has a MultiIndex: a recording is a table of its own, (time, channel)."
        )
    names = [str(name).strip() for name in frame.columns]
    time, attrs, name = _time_of_index(frame.index, place)
    split = find_split_time(names, lambda k: _whole_of(frame.iloc[:, k]))
    if split is not None and time is None:
        rest = [k for k in range(len(names)) if k not in split.columns]
        name = " and ".join(names[k] for k in split.columns)
        time, frame, names = split.seconds, frame.iloc[:, rest], [names[k] for k in rest]
    try:
        roles = find_roles(names, place, time_column=None if time is None else ())
    except ValueError as error:
        raise ValueError(f"{error} Of a DataFrame, rename or drop the columns.") from None
    timed = [k for k, column in enumerate(names) if name_time(column) is not None]
    if time is not None and timed:
        raise ValueError(
            f"{place} has the time in its index ({name}) and in the column {names[timed[0]]!r}: "
            "drop one."
        )
    numeric = [k for k in roles.channels if _is_numeric(frame.dtypes.iloc[k])]
    if len(frame) > 2:
        roles = refine_roles(
            roles, names, place, lambda k: _whole_of(frame.iloc[:, k]),
            free=numeric, times=time is None,
            way="rename it to 'time' (in s) or 'time_ms', make it the index, or rename it if it is "
                "a channel.",
        )  # fmt: skip
    if roles.counting:
        raise ValueError(
            f"{place} has a column {names[roles.counting[0]]!r}, the name of an index: drop it, or "
            "rename it if it is a channel."
        )
    if roles.time:
        column = names[roles.time[0]]
        times = _read_times(
            frame.iloc[:, roles.time[0]], place, column, roles.unit or None, f"column {column!r}"
        )
        time, attrs = times.time, times.attrs
    values = np.empty((len(frame), len(roles.channels)))
    kinds = [frame.dtypes.iloc[k] for k in roles.channels]
    plain = all(isinstance(kind, np.dtype) and kind.kind in "iufb" for kind in kinds)
    if plain:
        values[:] = frame.iloc[:, roles.channels].to_numpy(dtype=np.float64)
    for k, place_in in enumerate(() if plain else roles.channels):
        values[:, k] = _numbers_of(frame.iloc[:, place_in], names[place_in], place)
    coords: dict[str, Any] = {"channel": [names[k] for k in roles.channels]}
    if time is not None:
        coords["time"] = ("time", time)
    return xr.DataArray(values, dims=("time", "channel"), coords=coords, attrs=attrs)


def _is_numeric(dtype: Any) -> bool:
    """Return whether a type is that of real numbers or truth values, nullable ones among them."""
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)


def _whole_of(column: pd.Series) -> NDArray[np.float64]:
    """Return the numbers of a column, NaN where they are missing; one NaN where it holds none."""
    if not _is_numeric(column.dtype):
        return np.full(1, np.nan)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _read_times(
    column: pd.Series, place: str, name: str, unit: str | None, unit_from: str
) -> Times:
    """Return the times of a column or an index; raise for cells that are none."""
    try:
        times = read_times(column, place, name, unit, unit_from)
    except ValueError as error:
        raise ValueError(
            f"{error} Of a DataFrame, the name states it, such as 'time_ms' or 'time (mm:ss)'; "
            "pandas.to_datetime and pandas.to_timedelta convert others."
        ) from None
    unread = np.isnan(times.time) & column.notna().to_numpy()
    if unread.any():
        row = int(np.argmax(unread))
        raise ValueError(
            f"row {row} of {place} holds {str(column.iloc[row])!r} as the time {name!r}: correct "
            "it, or drop that row."
        )
    return times


def _time_of_index(
    index: pd.Index, place: str
) -> tuple[NDArray[np.float64] | None, dict[str, str], str]:
    """Return the times in an index, None where it counts rows."""
    name = "" if index.name is None else str(index.name)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    known = name_time(name)
    if index.dtype.kind in "mM" or known is not None:
        unit = known.unit if known is not None and known.unit else None
        column = pd.Series(index)
        times = _read_times(column, place, name or "index", unit, f"name of the index {name!r}")
        return times.time, times.attrs, name or type(index).__name__
    if isinstance(index, pd.RangeIndex) and index.step == 1:
        return None, {}, ""
    numbers = _whole_of(pd.Series(index)) if index.dtype.kind in "iuf" else np.empty(0)
    if len(numbers) and counts_by_one(numbers):
        return None, {}, ""
    if len(index):
        first = ", ".join(repr(value) for value in index[:3].tolist())
        raise ValueError(
            f"the index of {place} ({first}, ...) neither counts rows nor is a time: name it "
            "'time' (in second, or 'time_ms'), or .reset_index(drop=True)."
        )
    return None, {}, ""


def _numbers_of(column: pd.Series, name: str, place: str) -> NDArray[np.float64]:
    """Return the numbers of a column, NaN where they are missing."""
    dtype = column.dtype
    if not _is_numeric(dtype):
        held = column.iloc[0] if len(column) else None
        way = "drop the column, or convert it with pandas.to_numeric."
        if dtype.kind in "mM" or is_stamp(held):
            way = "for the times of the rows rename it to 'time', or make it a DatetimeIndex."
        raise ValueError(
            f"channel {name!r} of {place} is {dtype} ({held!r}): expected real numbers; {way}"
        )
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _find_channel(channel: str | int, names: list[str] | None, n_channels: int, place: str) -> int:
    """Return the number of a channel."""
    if isinstance(channel, str):
        if names is None:
            raise ValueError(
                f"{place} has no channel names, so channel '{channel}' cannot be found: pass "
                "numbers, or a DataArray with a channel coordinate."
            )
        if channel not in names:
            raise ValueError(
                f"{place} has no channel '{channel}'{suggest(channel, names)} It has "
                f"{', '.join(names)}."
            )
        return names.index(channel)
    if not is_whole(channel) or not -n_channels <= channel < n_channels:
        raise ValueError(f"{place} has {n_channels} channels, so there is no channel {channel!r}.")
    return int(channel) % n_channels


def _check_time(time: NDArray[np.float64], place: str) -> None:
    """Refuse times that are not finite or go back."""
    if not np.isfinite(time).all():
        row = int(np.flatnonzero(~np.isfinite(time))[0])
        raise ValueError(f"time is {time[row]} at sample {row} of {place}; drop that sample.")
    back = np.flatnonzero(time[1:] < time[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise ValueError(
            f"time goes back at sample {at} of {place} ({time[at]:g} s after {time[at - 1]:g} s); "
            "sort the recording or drop that sample."
        )
