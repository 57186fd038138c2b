"""Windows of recordings: long ones cut into pieces that keep their label and group."""

from math import ceil, floor
from typing import Any
from warnings import warn

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_positive
from mottle.datasets.table import Recordings, make_table
from mottle.events import EVENT_DTYPE, read_stream
from mottle.sensors.streams import opening_keys, seconds_of, with_opening

REGULAR = 0.25  # of a sampling interval, up to which rows count in place of times
UNEVEN = 0.1  # of a row, up to which a stride counts as a whole number of them


def cut_windows(
    recordings: Recordings, window: float, stride: float | None = None
) -> tuple[Recordings, list[str]]:
    """Cut recordings into windows of equal length.

    Windows of a recording keep its label and its group; where each recording is its own group, its
    windows are one, so that a split by group never has windows of a recording on both sides. All
    senses of a recording are cut at the same times.

    Parameters
    ----------
    recordings : Recordings
        Event streams, sampled streams with times, or arrays, of which rows count.
    window : float
        Length in s; in rows for streams without a unit of time.
    stride : float, optional
        From the begin of a window to that of the next, by default ``window``, so that none overlap.

    Returns
    -------
    recordings : Recordings
        A row a window, named "NAME@BEGIN"; None where a sampled sense has no row in it, and no
        window where none has: ``table.attrs["notes"]`` says how many lie in such gaps. Windows of
        sampled streams with times carry the first minute of the recording in attributes, from
        which `GasDrive` and `TaxelDrive` take their baselines, unless values are changed.
    left_out : list of str
        Names of recordings shorter than a window.

    Raises
    ------
    ValueError
        If no recording is as long as a window, or a number is none above 0.

    Warns
    -----
    UserWarning
        If a stride is no whole number of rows of regular samples: each window begins at the nearest
        row, so that neighbours share a row or leave one out here and there.

    Examples
    --------
    >>> from mottle.datasets import load_smellnet_10
    >>> cut, short = cut_windows(load_smellnet_10(), 25.0)
    >>> len(load_smellnet_10().table), len(cut.table), short
    (50, 1162, [])
    """
    check_positive("window", window, "s")
    stride = window if stride is None else check_positive("stride", stride, "s")
    table, target, groups = recordings
    cells: dict[str, list[Any]] = {str(sense): [] for sense in table.columns}
    rows: list[int] = []
    names: list[str] = []
    left_out: list[str] = []
    uneven: dict[str, str | None] = {}  # by sense, of its first recording
    longest, n_empty = 0.0, 0
    for row, name in enumerate(map(str, table.index)):
        streams = {sense: read_stream(table[sense].iloc[row]) for sense in cells}
        for sense, stream in streams.items():
            place = f"sense {sense!r} of recording {name!r}"
            check_order_of(stream, place)
            if sense not in uneven and stream is not None and not is_events(stream):
                uneven[sense] = stride_in_rows(stream, stride, place)
        present = [stream for stream in streams.values() if stream is not None]
        if not present:
            left_out.append(name)
            continue
        spans = [span(stream) for stream in present]
        begin, end = min(low for low, _ in spans), min(high for _, high in spans)
        longest = max(longest, end - begin)
        n_windows = int((end - begin - window) / stride + 1 + 1e-9)
        if n_windows < 1:
            left_out.append(name)
        pieces = {s: None if one is None else Pieces(one) for s, one in streams.items()}
        for k in range(n_windows):
            own: dict[str, Any] = {}
            for sense, whole in pieces.items():
                piece = None if whole is None else whole.cut(begin + k * stride, window)
                empty = piece is not None and not len(piece) and not is_events(piece)
                own[sense] = None if empty else piece
            if all(piece is None for piece in own.values()):
                n_empty += 1
                continue
            for sense, piece in own.items():
                cells[sense].append(piece)
            rows.append(row)
            names.append(f"{name}@{k * stride:g}")
    if not rows:
        raise ValueError(
            f"window={window!r} is longer than every recording; the longest is {longest:g} s."
        )
    if said := [reason for reason in uneven.values() if reason]:
        warn(
            f"stride={stride:g} is {'; '.join(said)}: each window begins at the nearest row, so "
            "that neighbours share a row or leave one out here and there.",
            UserWarning, stacklevel=2,
        )  # fmt: skip
    cut_table = make_table(index=names, **cells)
    cut_table.attrs = dict(table.attrs)
    if n_empty:
        cut_table.attrs["notes"] = [
            *table.attrs.get("notes", []),
            f"{n_empty} windows lie in gaps of the times, without a row, and are left out.",
        ]
    taken: Any = [target[row] for row in rows] if isinstance(target, list) else target[rows]
    return Recordings(cut_table, taken, np.asarray(groups)[rows]), left_out


def is_events(stream: Any) -> bool:
    """Return whether a stream is of events, of which a window may hold none."""
    return getattr(stream.dtype, "names", None) is not None


def check_order_of(stream: Any, place: str) -> None:
    """Raise if the times of a stream go back: rows of a window would be lost, or of another."""
    if stream is None or not len(stream):
        return
    if is_events(stream):
        time = np.asarray(stream["t"])
    elif isinstance(stream, xr.DataArray) and "time" in stream.coords:
        time = seconds_of(stream, place)
    else:
        return
    back = np.flatnonzero(time[1:] < time[:-1])
    if back.size:
        at, unit = int(back[0]) + 1, "us" if is_events(stream) else "s"
        raise ValueError(
            f"time goes back at sample {at} of {place} ({time[at]:g} {unit} after {time[at - 1]:g} "
            f"{unit}), and windows need it in order: sort the recording, or end it there (runs)."
        )


def span(stream: Any) -> tuple[float, float]:
    """Return begin and end of a stream in s; the last sample lasts as long as those before.

    Examples
    --------
    >>> span(np.zeros((5, 2)))
    (0.0, 5.0)
    """
    if isinstance(stream, xr.DataArray) and "time" in stream.coords:
        time = seconds_of(stream, "the recording")
        interval = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
        return float(time[0]), float(time[-1]) + interval
    values = np.asarray(stream)
    if is_events(values):
        ends = (0.0, 0.0) if not len(values) else (values["t"][0] / 1e6, values["t"][-1] / 1e6)
        return float(ends[0]), float(ends[1]) + 1e-6
    return 0.0, float(len(values))


class Pieces:
    """A stream that is cut into pieces, of which the times are read once.

    Examples
    --------
    >>> Pieces(np.arange(10.0)[:, np.newaxis]).cut(2.0, 3.0).ravel().tolist()
    [2.0, 3.0, 4.0]
    """

    def __init__(self, stream: Any) -> None:
        timed = isinstance(stream, xr.DataArray) and "time" in stream.coords
        self.stream: Any = stream if timed else np.asarray(stream)
        self.opening: dict[str, Any] | None = None
        if timed:
            self.time = seconds_of(stream, "the recording")
            self.opening = opening_keys(stream, self.time)
        elif is_events(self.stream):
            self.time = np.ascontiguousarray(self.stream["t"])
        else:
            self.time = np.arange(len(self.stream), dtype=np.float64)
        self.interval = 0.0 if is_events(self.stream) else regular_interval(self.time)

    def cut(self, begin: float, length: float) -> Any:
        """Return the part from a time on, of a length in s; its times begin at 0."""
        if is_events(self.stream):
            first, last = (round(at * 1e6) for at in (begin, begin + length))
            low, high = np.searchsorted(self.time, [first, last])
            events = self.stream[low:high].astype(EVENT_DTYPE, copy=True)
            events["t"] -= first
            return events
        low, high = rows_between(self.time, self.interval, begin, length)
        if self.opening is None:
            return self.stream[low:high]
        piece = self.stream.isel(time=slice(low, high))
        attrs = dict(piece["time"].attrs)
        attrs |= {name: "s" for name in ("units", "unit") if name in attrs}
        piece = piece.assign_coords(time=("time", self.time[low:high] - begin, attrs))
        return with_opening(piece, self.opening)


def rows_between(
    time: NDArray[np.float64], interval: float, begin: float, length: float
) -> tuple[int, int]:
    """Return the rows of a window; of regular samples all windows have the same number.

    Examples
    --------
    >>> time = np.arange(10) / 10
    >>> rows_between(time, 0.1, 0.3, 0.4), rows_between(time, 0.1, -0.2, 0.4)
    ((3, 7), (0, 2))
    """
    if interval:
        low = round((begin - float(time[0])) / interval)
        high = low + max(1, round(length / interval))
        return max(low, 0), max(high, 0)  # a stream may begin later than the window
    low, high = np.searchsorted(time, [begin, begin + length])
    return int(low), int(high)


def regular_interval(time: NDArray[np.float64]) -> float:
    """Return the interval of regular samples; 0 for others.

    No time is further than a quarter of the interval from that of its row, so that a clock that
    drifts or leaves out a sample is not regular.

    Examples
    --------
    >>> regular_interval(np.array([0.0, 0.5, 1.0])), regular_interval(np.array([0.0, 0.5, 2.0]))
    (0.5, 0.0)
    """
    if len(time) < 2 or time[-1] <= time[0]:
        return 0.0
    interval = float(time[-1] - time[0]) / (len(time) - 1)
    off = np.abs(time - time[0] - interval * np.arange(len(time))).max()
    return interval if off <= REGULAR * interval else 0.0


def stride_in_rows(stream: Any, stride: float, place: str) -> str | None:
    """Return what to say of a stride that is no whole number of regular rows; else None.

    Examples
    --------
    >>> stride_in_rows(np.zeros((9, 1)), 2.5, "touch"), stride_in_rows(np.zeros((9, 1)), 3, "touch")
    ('2.5 rows of touch (2 or 3 are whole)', None)
    """
    timed = isinstance(stream, xr.DataArray) and "time" in stream.coords
    interval = regular_interval(seconds_of(stream, place)) if timed else 1.0
    rows = stride / interval if interval else 1.0
    if abs(rows - round(rows)) <= UNEVEN:
        return None
    low, high = (f"{n * interval:g}" for n in (floor(rows), ceil(rows)))
    return f"{rows:g} rows of {place} ({low} or {high} are whole)"
