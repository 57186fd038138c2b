"""Containers of streams and the format of event streams, for every estimator that takes them.

An event stream is a numpy structured array with the fields t (integer microseconds, not
decreasing), x, y (integer pixels) and p (0 off, 1 on), in any order.
"""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.arrays import order_dims, refuse_masked
from mottle.checks import check_bool, check_option, check_positive, check_whole
from mottle.containers import as_cells, check_container
from mottle.restored import check_equal

EVENT_DTYPE = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")])
"""One event: time in microseconds, column, row (downward), polarity 0 (off) or 1 (on)."""

FIELDS = ("t", "x", "y", "p")
ON_DROP = ("warn", "ignore", "raise")


class LazyStream:
    """A stream that is read from disk each time it is used; a cell of a table of recordings.

    Subclasses define ``read``. Encoders of events hold one recording at a time; other estimators
    read those of a call all at once.

    Examples
    --------
    >>> class Zeros(LazyStream):
    ...     def read(self):
    ...         return np.zeros(3, EVENT_DTYPE)
    >>> len(Zeros().read()), len(np.asarray(Zeros()))
    (3, 3)
    """

    def read(self) -> Any:
        """Return the stream; raise `ValueError` with the name of a recording that is damaged."""
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the stream as an array, for ``np.asarray``."""
        return np.asarray(self.read(), dtype=dtype)


def read_stream(cell: Any) -> Any:
    """Return a stream: read if it is a `LazyStream`, otherwise the same object.

    Examples
    --------
    >>> read_stream(None) is None
    True
    """
    return cell.read() if isinstance(cell, LazyStream) else cell


class Streams(NamedTuple):
    """Recordings of one sense (modality).

    ``cells`` holds one stream per recording (None where the sensor was absent). ``one`` is True for
    a single recording, whose drive is returned without the recording axis. ``sense`` is the name of
    the column, or empty, ``labels`` those of the rows of a table.
    """

    cells: list[Any]
    one: bool
    sense: str = ""
    labels: Any = None

    def place(self, recording: int) -> str:
        """Name a recording for an error message."""
        sense = f"'{self.sense}'" if self.sense else "the input"
        return sense if self.one else f"{name_row(self.labels, recording)} of {sense}"


def name_row(labels: Any, position: int) -> str:
    """Name a recording of a table: by its label, and its position where that is another.

    Examples
    --------
    >>> name_row(pd.Index([48, 49]), 1), name_row(pd.RangeIndex(2), 1), name_row(None, 1)
    ('recording 49 (row 1)', 'recording 1', 'recording 1')
    """
    if labels is None or (label := labels[position]) == position:
        return f"recording {position}"
    shown = label if isinstance(label, int | np.integer) else repr(label)
    return f"recording {shown} (row {position})"


def is_absent(cell: Any) -> bool:
    """Return whether a table cell holds no stream: None, or the NaN that pandas turns it into.

    Examples
    --------
    >>> is_absent(None), is_absent(float("nan")), is_absent(np.zeros(2))
    (True, True, False)
    """
    return cell is None or cell is pd.NA or (isinstance(cell, float) and bool(np.isnan(cell)))


def is_event_stream(cell: Any) -> bool:
    """Return whether a value is a structured array, as event streams are.

    Examples
    --------
    >>> is_event_stream(np.zeros(3, EVENT_DTYPE)), is_event_stream(np.zeros(3))
    (True, False)
    """
    return isinstance(cell, np.ndarray) and cell.dtype.names is not None


def _is_labelled(cell: Any) -> bool:
    return hasattr(cell, "dims")  # an xarray.DataArray; the test does without the import


def _is_stream(cell: Any) -> bool:
    if isinstance(cell, np.ndarray):
        return cell.dtype.names is not None or cell.ndim == 2
    return is_absent(cell) or _is_labelled(cell) or isinstance(cell, pd.DataFrame | LazyStream)


def _may_hold_streams(column: pd.Series) -> bool:
    """Return whether a column has objects other than text, for which pandas 2 has no own type."""
    return bool(column.dtype == object) and pd.api.types.infer_dtype(column) != "string"


def _is_many(X: Any) -> bool:
    if isinstance(X, list | tuple):
        return all(map(_is_stream, X))
    if isinstance(X, np.ndarray):
        return X.dtype.names is None and (X.ndim == 3 or (X.ndim == 1 and X.dtype == object))
    return isinstance(X, pd.Series) or (_is_labelled(X) and X.ndim == 3)


def as_streams(X: Any, *, lazy: bool = False) -> Streams:
    """Convert every accepted container to a list of streams.

    Parameters
    ----------
    X : Series, list, object ndarray, one-column DataFrame, 3-D array, or a single stream
        A single stream is a 1-D structured array (events), a `DataArray` of dims (time, channel),
        a 2-D numeric array or a numeric DataFrame (rows are time).
    lazy : bool, default=False
        Leave cells that are a `LazyStream` unread.

    Returns
    -------
    Streams
        The streams, whether X was a single one, and the name of the sense if there is one.

    Raises
    ------
    ValueError
        If there is no recording, or if X is a table of several senses.

    Examples
    --------
    >>> as_streams(np.zeros((5, 2))).one
    True
    >>> len(as_streams([np.zeros((5, 2)), None]).cells)
    2
    """
    sense, lazy = "", check_bool("lazy", lazy)
    labels = None
    check_container(X)
    if isinstance(X, list | tuple):
        X = as_cells(X)
    _refuse_lone_channels(X)
    if _is_labelled(X) and X.ndim == 3:
        X = order_dims(X, "the input")
    if isinstance(X, pd.DataFrame):
        if not any(_may_hold_streams(column) for _, column in X.items()):
            return Streams([X], True)
        if X.shape[1] != 1:
            raise ValueError(
                f"a table of {X.shape[1]} senses came in ({', '.join(map(str, X.columns))}) and "
                "one is read here: pass one column, or use DriveStack or a ColumnTransformer."
            )
        X = X.iloc[:, 0]
    if isinstance(X, pd.Series):
        labels = X.index
    if isinstance(X, pd.Series) or _is_labelled(X):
        sense = "" if X.name is None else str(X.name)
    if not _is_many(X):
        return Streams([X if lazy else read_stream(X)], True, sense)
    cells = list(X) if lazy else [read_stream(cell) for cell in X]
    return Streams(cells, False, sense, labels)


def _refuse_lone_channels(X: Any) -> None:
    """Raise for a list of 1-D series, which numpy would take for one 2-D array."""
    for k, value in enumerate(X if isinstance(X, list | tuple | pd.Series) else ()):
        if not isinstance(value, np.ndarray | pd.Series) or value.ndim != 1 or not len(value):
            continue
        if getattr(value.dtype, "kind", "f") in "biuf":
            raise ValueError(
                f"recording {k} is a 1-D series of {len(value)} numbers: each recording needs "
                "(time, channel); for one channel np.asarray(x).reshape(-1, 1)."
            )


def as_event_streams(X: Any) -> Streams | None:
    """Return event streams, None for absent ones; return None where ``X`` holds anything else.

    Examples
    --------
    >>> as_event_streams([[1.0]]) is None
    True
    >>> as_event_streams([np.zeros(3, EVENT_DTYPE), None]).one
    False
    """
    X = read_stream(X)
    if is_event_stream(X):
        return Streams([X], True)
    one_column = isinstance(X, pd.DataFrame) and X.shape[1] == 1 and X.iloc[:, 0].dtype == object
    if not (one_column or isinstance(X, pd.Series | list | tuple | np.ndarray)):
        return None
    if (isinstance(X, np.ndarray) and X.dtype != object) or len(X) == 0:
        return None
    cells = [read_stream(cell) for cell in (X.iloc[:, 0] if isinstance(X, pd.DataFrame) else X)]
    if not all(is_absent(cell) or is_event_stream(cell) for cell in cells):
        return None
    sense = str(getattr(X, "name", None) or "")
    labels = X.index if isinstance(X, pd.Series | pd.DataFrame) else None
    return Streams([None if is_absent(cell) else cell for cell in cells], False, sense, labels)


def check_present(streams: Streams) -> None:
    """Raise if a sense is absent from a training recording."""
    for recording, cell in enumerate(streams.cells):
        if is_absent(cell):
            raise ValueError(
                f"{streams.place(recording)} is absent (None), and fit needs every stream: "
                "leave out the recordings without this sense before fit; transform masks them."
            )


def fields_of(
    stream: Any, place: str = "the input", may_be_empty: bool = False
) -> dict[str, NDArray[np.integer]]:
    """Return the fields of an event stream; the events themselves are not checked.

    Parameters
    ----------
    stream : structured ndarray of shape (n_events,)
        Events.
    place : str, default="the input"
        What the error messages call the stream.
    may_be_empty : bool, default=False
        Whether a stream without events is accepted.

    Returns
    -------
    fields : dict of str to ndarray
        ``t``, ``x``, ``y``, ``p``, views of the stream where they can be.

    Raises
    ------
    TypeError
        If this is not a structured array.
    ValueError
        If a field is missing or not of integers, or there is no event.

    Examples
    --------
    >>> fields_of(np.zeros(2, [("t", "<i8"), ("x", "<i2")]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: the input has the fields t, x and lacks y, p: events need t, x, y and p, and t ...
    """
    if not is_event_stream(stream):
        raise TypeError(
            f"{place} is {describe(stream)}, not an event stream: expected a numpy structured "
            "array with the fields t (integer microseconds), x, y and p (see EVENT_DTYPE)."
            + _way_to_events(stream)
        )
    refuse_masked(stream, place)
    missing = [name for name in FIELDS if name not in stream.dtype.names]
    if missing:
        raise ValueError(
            f"{place} has the fields {', '.join(stream.dtype.names)} and lacks "
            f"{', '.join(missing)}: events need t, x, y and p, and t is in microseconds."
        )
    if stream.ndim != 1:
        raise ValueError(f"{place} has shape {stream.shape}: expected a 1-D array of events.")
    if stream.size == 0 and not may_be_empty:
        raise ValueError(
            f"{place} is an empty event stream: without events neither its duration nor the "
            "sensor is known. Leave the recording out, or pass None for an absent sense."
        )
    fields = {}
    for name in FIELDS:
        if stream.dtype[name].kind not in ("iub" if name == "p" else "iu"):
            way = " in microseconds, (seconds * 1e6).astype('int64')" if name == "t" else ""
            raise ValueError(
                f"field {name!r} of {place} is {stream.dtype[name]}: expected integers{way}."
            )
        fields[name] = _plain(np.asarray(stream[name]))
    return fields


def _way_to_events(stream: Any) -> str:
    """Return how what came in place of an event stream becomes one, as a sentence; or ""."""
    if isinstance(stream, str | PathLike):
        return f" mottle.sensors.files.read_events({str(stream)!r}).events reads a file."
    if isinstance(stream, list | tuple) and stream and isinstance(stream[0], str | PathLike):
        return " mottle.sensors.files.read_events(path).events reads a file, one a recording."
    if isinstance(stream, pd.DataFrame):
        return " mottle.sensors.make_events(frame) makes one of the columns t, x, y and p."
    shape: tuple[int, ...] = getattr(stream, "shape", ())
    if len(shape) == 2 and shape[1] == len(FIELDS):
        return " mottle.sensors.make_events(*array.T) makes one of the columns t, x, y, p."
    return " mottle.sensors.make_events(t, x, y, p) makes one of columns."


def _plain(field: NDArray[Any]) -> NDArray[np.integer]:
    """Convert a field to a type that kernels take: a view where possible, else int64."""
    if field.dtype == np.bool_:
        return field.view(np.uint8)
    supported = field.dtype.isnative and (field.dtype.kind == "i" or field.dtype.itemsize <= 2)
    return field if supported else field.astype(np.int64)


def check_order(t: NDArray, p: NDArray, place: str = "the input") -> None:
    """Raise if time decreases, or a polarity is neither 0 nor 1.

    Examples
    --------
    >>> check_order(np.array([5, 3]), np.array([0, 1]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: time goes back at event 1 of the input (3 us after 5 us); sort it: ...
    """
    from mottle.kernel_events import faulty

    if not faulty(t, p, 0, t.size):
        return
    back = np.flatnonzero(t[1:] < t[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise ValueError(
            f"time goes back at event {at} of {place} ({t[at]} us after {t[at - 1]} us); sort it: "
            "events[np.argsort(events['t'], kind='stable')]."
        )
    odd = np.flatnonzero((p != 0) & (p != 1))
    raise ValueError(
        f"polarity {p[odd[0]]} at event {odd[0]} of {place}: expected 0 (off) or 1 (on). "
        "For -1 and 1, write (p > 0) into the field."
    )


def check_events(stream: Any, place: str = "the input") -> dict[str, NDArray[np.integer]]:
    """Check every event of a stream and return its fields.

    Parameters
    ----------
    stream : structured ndarray of shape (n_events,)
        Fields ``t`` (integer, microseconds, not decreasing), ``x``, ``y`` (integer pixels) and
        ``p`` (0, 1 or bool), in any order; others are ignored.
    place : str, default="the input"
        What the error messages call the stream.

    Returns
    -------
    fields : dict of str to ndarray
        ``t``, ``x``, ``y``, ``p``, views of the stream where they can be.

    Raises
    ------
    TypeError
        If this is not a structured array.
    ValueError
        If a field is missing or not of integers, the stream is empty, time decreases, or a polarity
        is neither 0 nor 1.

    Examples
    --------
    >>> sorted(check_events(np.zeros(2, EVENT_DTYPE)))
    ['p', 't', 'x', 'y']
    """
    fields = fields_of(stream, place)
    check_order(fields["t"], fields["p"], place)
    return fields


def check_sensor(p: Any, polarities: tuple[str, ...] = ("split", "sum")) -> None:
    """Check an estimator's ``cell``, ``polarity``, ``on_drop``, ``duration``, ``sensor_size``."""
    check_whole("cell", p.cell)
    check_option("polarity", p.polarity, polarities)
    check_option("on_drop", p.on_drop, ON_DROP)
    if p.duration is not None:
        check_positive("duration", p.duration, "s")
    if p.sensor_size is not None:
        if np.size(p.sensor_size) not in (2, 3):
            raise ValueError(f"sensor_size={p.sensor_size!r}: expected (width, height) in pixels.")
        for name, side in zip(("width", "height"), p.sensor_size, strict=False):
            check_whole(f"sensor_size: {name}", side)


def check_steps(duration: float, n_steps: int) -> None:
    """Raise if steps are shorter than 1 us, the resolution of the events.

    Examples
    --------
    >>> check_steps(1e-6, 30)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: duration=1e-06 s gives 30 steps of less than 1 us, the clock of the events...
    """
    if duration * 1e6 < n_steps:
        raise ValueError(
            f"duration={duration} s gives {n_steps} steps of less than 1 us, the clock of the "
            "events. Is it in seconds?"
        )


def learn_sensor(p: Any, fields: Sequence[Any]) -> tuple[int, int]:
    """Return width and height in pixels: as given, else the least that hold all training events."""
    if p.sensor_size is not None:
        size = int(p.sensor_size[0]), int(p.sensor_size[1])
        if size[0] != size[1] and isinstance(fields, list):  # others are read from disk
            _warn_if_exchanged(size, fields)
        return size
    width, height = (1 + max(int(events[axis].max()) for events in fields) for axis in "xy")
    if min(width, height) < 1:
        raise ValueError(f"no event lies on the sensor: sizes {(width, height)} in pixels.")
    return width, height


def _warn_if_exchanged(size: tuple[int, int], fields: Sequence[Any]) -> None:
    """Warn if training events lie outside the sensor, and all on one of exchanged sides."""
    from warnings import warn

    most = [max((int(events[axis].max()) for events in fields), default=0) for axis in "xy"]
    outside = most[0] >= size[0] or most[1] >= size[1]
    if outside and most[0] < size[1] and most[1] < size[0]:
        warn(
            f"sensor_size={size}: training events reach x={most[0]} and y={most[1]}, outside it, "
            f"and all fit {size[::-1]}: are width and height exchanged?",
            UserWarning, stacklevel=5,
        )  # fmt: skip


MOST_INPUTS = 2**31 - 1  # that kernels number
FAR = 10  # times the longest recording, from which on a time is probably in another unit


def warn_if_far(name: str, value: Any, longest: float, unused: str, stacklevel: int = 4) -> None:
    """Warn if a time in s is far beyond the longest training recording, so another unit is meant.

    ``unused`` says what follows from it.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_if_far("duration", 500, 0.5, "most steps are empty")
    >>> print(caught[0].message)  # doctest: +ELLIPSIS
    duration=500 s, and the longest training recording lasts 0.5 s: most steps are empty. ...
    """
    from warnings import warn

    if value is None or not longest > 0 or value < FAR * longest:
        return
    warn(
        f"{name}={value:g} s, and the longest training recording lasts {longest:g} s: {unused}. "
        f"Is {name} in seconds?",
        UserWarning, stacklevel=stacklevel,
    )  # fmt: skip


def longest_of(fields: Iterable[Any]) -> float:
    """Return how long the longest of some recordings of events is, in s."""
    return max((int(e["t"][-1]) - int(e["t"][0]) for e in fields), default=0) / 1e6


def input_shape(p: Any, size: tuple[int, int]) -> tuple[int, int, int]:
    """Return rows, columns and polarities of the cells of a sensor of ``size`` (width, height)."""
    columns, rows = (-(-side // p.cell) for side in size)
    shape = rows, columns, 2 if p.polarity == "split" else 1
    if prod(shape) > MOST_INPUTS:
        raise ValueError(
            f"a sensor of {size[0]} x {size[1]} pixels has more than {MOST_INPUTS} inputs: take "
            "larger cells, or set sensor_size if pixels were misread."
        )
    return shape


def check_cells(p: Any, n_inputs: int) -> None:
    """Raise unless the cells of a fitted encoder that comes from a file are those of its sensor."""
    for side in (*p.sensor_size_, p.cell):
        check_whole("sensor_size_ and cell", side)
    check_equal("input_shape_", tuple(p.input_shape_), input_shape(p, p.sensor_size_))
    check_equal("n_inputs", n_inputs, prod(p.input_shape_))
    check_positive("duration_", p.duration_, "s")


def report_dropped(p: Any, place: Callable[[int], str], account: NDArray, stacklevel: int) -> None:
    """Warn of dropped events, or raise, depending on ``on_drop``.

    ``place`` names a recording. Columns of ``account`` (recording, 3) count the events of a
    recording, those outside the sensor, and those after the end.
    """
    from warnings import warn

    n_events, outside, late = account.sum(axis=0)
    if outside + late == 0 or p.on_drop == "ignore":
        return
    dropped = account[:, 1:].sum(axis=1)
    worst = int(dropped.argmax())
    text = (
        f"{outside + late} of {n_events} events were dropped: {outside} outside the sensor of "
        f"{p.sensor_size_[0]} x {p.sensor_size_[1]} pixels, {late} after the end at "
        f"{p.duration_:g} s; most, {dropped[worst]} of {account[worst, 0]}, in "
        f"{place(worst)}. Set sensor_size or duration (s), or on_drop='ignore' if the cut "
        "is intended."
    )
    if p.on_drop == "raise":
        raise ValueError(text)
    warn(text, UserWarning, stacklevel=stacklevel + 1)


def describe(value: Any) -> str:
    """Return type and shape of an unexpected value, for an error message.

    Examples
    --------
    >>> describe(np.zeros((2, 3)))
    'a ndarray of shape (2, 3)'
    """
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {shape}" if shape is not None else "")
