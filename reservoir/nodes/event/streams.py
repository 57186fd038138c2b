"""Event streams as they come in: their containers, their checks, and what falls outside."""

from typing import Any
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import choose
from mottle.reservoir.nodes.event import kernel

FIELDS = ("t", "x", "y", "p")
POLARITIES = {"split": 2, "sum": 1}
ON_DROP = dict.fromkeys(("warn", "ignore", "raise"))


class TakesEvents:
    """What estimators that take event streams share: sensor, duration, and what falls outside.

    Their parameters are ``sensor_size``, ``duration``, ``cell``, ``polarity`` and ``on_drop``.
    """

    sensor_size: Any
    duration: Any
    cell: Any
    polarity: Any
    on_drop: Any

    def _check_sensor(self) -> None:
        choose(self.polarity, POLARITIES, "polarity")
        choose(self.on_drop, ON_DROP, "on_drop")
        if not (isinstance(self.cell, int | np.integer) and self.cell >= 1):
            raise ValueError(f"cell={self.cell!r} must be a whole number, at least 1.")
        if self.duration is not None and not self.duration > 0:
            raise ValueError(f"duration={self.duration} s must be positive.")
        size = self.sensor_size
        if size is not None and not (np.size(size) in (2, 3) and min(size[:2]) >= 1):
            raise ValueError(f"sensor_size={size!r}: expected (width, height) in pixels.")

    def _learn(self, recordings: list["Events"]) -> None:
        """Take sensor size and duration from recordings, where they are not given."""
        for r, events in enumerate(recordings):
            if events.absent:
                raise ValueError(
                    f"recording {r} is absent (None): fit on recordings that are there; a sense "
                    "may be missing at predict time only."
                )
        size = self.sensor_size
        if size is None:
            size = tuple(1 + max(int(getattr(e, axis).max()) for e in recordings) for axis in "xy")
        columns, rows = (-(-int(side) // self.cell) for side in size[:2])
        self.sensor_size_ = int(size[0]), int(size[1])
        self.input_shape_ = rows, columns, POLARITIES[self.polarity]
        self.n_features_in_ = int(np.prod(self.input_shape_))
        longest = 1 + max(int(e.t[-1] - e.t[0]) for e in recordings)  # the last event is inside
        self.duration_ = longest * 1e-6 if self.duration is None else float(self.duration)

    def _place(self, recordings: list["Events"]) -> tuple[NDArray, NDArray, NDArray]:
        """Return time, input (-1 outside the sensor) of all events, and where recordings begin."""
        (width, height), (_, columns, n_polarities) = self.sensor_size_, self.input_shape_
        t, x, y, p = (np.concatenate([getattr(e, f) for e in recordings]) for f in FIELDS)
        offsets = np.cumsum([0, *(e.t.size for e in recordings)])
        place = ((y // self.cell) * columns + x // self.cell) * n_polarities
        if n_polarities == 2:
            place += p
        place[(x < 0) | (y < 0) | (x >= width) | (y >= height)] = -1
        return t, place, offsets

    def _report(self, account: NDArray, n_events: int) -> None:
        outside, late = account.sum(axis=0)
        if outside + late == 0 or self.on_drop == "ignore":
            return
        worst = int(account.sum(axis=1).argmax())
        text = (
            f"{outside + late} of {n_events} events were dropped: {outside} outside the sensor of "
            f"{self.sensor_size_[0]} x {self.sensor_size_[1]} pixels, {late} after the end at "
            f"{self.duration_:g} s; most, {account[worst].sum()}, in recording {worst}. Set "
            "sensor_size or duration (s), or on_drop='ignore' if the cut is meant."
        )
        if self.on_drop == "raise":
            raise ValueError(text)
        warn(text, stacklevel=5)


class Events:
    """The checked fields of one event stream as contiguous int64 arrays; none where absent.

    ``as_is``: views of the stream where they can be, and nobody has looked at the events yet.
    """

    def __init__(
        self, stream: Any, recording: int, may_be_empty: bool = False, as_is: bool = False
    ):
        self.absent, self.recording = stream is None, recording
        if self.absent:
            self.t = self.x = self.y = self.p = np.zeros(0, dtype=np.int64)
            return
        for name in FIELDS:
            if name not in stream.dtype.names:
                raise ValueError(
                    f"recording {recording} has no field {name!r}, it has "
                    f"{', '.join(stream.dtype.names)}; expected t (microseconds), x, y, p."
                )
            if stream.dtype[name].kind not in "iub":
                way = " in microseconds, (seconds * 1e6).astype('int64')" if name == "t" else ""
                raise ValueError(
                    f"field {name!r} of recording {recording} is {stream.dtype[name]}: expected "
                    f"integers{way}."
                )
            field = plain(stream[name]) if as_is else np.ascontiguousarray(stream[name], np.int64)
            setattr(self, name, field)
        if self.t.size == 0 and not may_be_empty:
            raise ValueError(f"recording {recording} has no events; pass None if it is absent.")
        if not as_is:
            self.check()

    def check(self) -> None:
        """Refuse events out of order, and polarities that are none."""
        t, p = self.t, self.p
        if not kernel.faulty(t, p, 0, t.size):
            return
        back = np.flatnonzero(t[1:] < t[:-1])
        if back.size:
            k = back[0] + 1
            raise ValueError(
                f"time goes back in recording {self.recording}: event {k} is at {t[k]} us, the one "
                f"before at {t[k - 1]} us; sort it, np.sort(events, order='t', kind='stable')."
            )
        odd = np.flatnonzero((p != 0) & (p != 1))
        raise ValueError(
            f"event {odd[0]} of recording {self.recording} has polarity {p[odd[0]]}; "
            "expected 0 (off) or 1 (on)."
        )

    def content(self) -> bytes:
        """Return what the noise of this recording depends on."""
        return b"".join(getattr(self, name).astype(np.int64).tobytes() for name in FIELDS)


def is_absent(recording: Any) -> bool:
    """Tell whether a recording, of events or numbers, is not there: None, or NaN throughout.

    Examples
    --------
    >>> is_absent(None), is_absent(np.full((3, 2), np.nan)), is_absent(np.zeros((3, 2)))
    (True, True, False)
    """
    if isinstance(recording, Events):
        return recording.absent
    if recording is None or recording is pd.NA:
        return True
    numbers = isinstance(recording, float | np.ndarray) and np.asarray(recording).dtype.kind == "f"
    return numbers and bool(np.isnan(recording).all())


def plain(field: NDArray[Any]) -> NDArray[np.integer]:
    """Bring a field to a type that kernels know: a view where it is one, else int64."""
    if field.dtype == np.bool_:
        return field.view(np.uint8)
    known = field.dtype.isnative and (field.dtype.kind == "i" or field.dtype.itemsize <= 2)
    return field if known else field.astype(np.int64)


def as_event_streams(X: Any) -> tuple[list[Any] | None, bool]:
    """Return the event streams of a container and whether a lone one came in; None for a drive.

    Examples
    --------
    >>> as_event_streams([[1.0]])
    (None, False)
    """
    if isinstance(X, np.ndarray) and X.dtype.names is not None:
        return [X], True
    if isinstance(X, pd.DataFrame) and X.shape[1] == 1 and X.iloc[:, 0].dtype.kind == "O":
        X = X.iloc[:, 0]
    if not isinstance(X, pd.Series | list | tuple | np.ndarray):
        return None, False
    if isinstance(X, np.ndarray) and X.dtype != object:
        return None, False
    cells = [None if cell is None or cell is pd.NA or cell is np.nan else cell for cell in X]
    there = [cell for cell in cells if cell is not None]
    if not cells or not all(getattr(getattr(c, "dtype", None), "names", None) for c in there):
        return None, False
    return cells, False
