"""Event streams to drives: counts per cell and step, and decaying time surfaces."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mottle.checks import check_option, check_positive, check_whole
from mottle.embedded import CStage, NotInC, template
from mottle.events import EVENT_DTYPE as EVENT_DTYPE
from mottle.events import (
    LazyStream,
    as_streams,
    check_cells,
    check_events,
    check_order,
    check_present,
    check_sensor,
    check_steps,
    fields_of,
    input_shape,
    is_absent,
    learn_sensor,
    longest_of,
    read_stream,
    report_dropped,
    warn_if_far,
)
from mottle.memory import check_memory, zeros_by_page
from mottle.sensors.base import Encoder, EncoderState, check_chunk, check_n_steps
from mottle.sensors.kernels import events as kernels

COMPRESS: dict[str | None, Any] = {None: np.abs, "sqrt": np.sqrt, "log": np.log1p,
            "anscombe": lambda n: 2.0 * (np.sqrt(n + 0.375) - np.sqrt(0.375))}  # fmt: skip
POWERS = {None: 0, "sqrt": 1, "log": 2, "anscombe": 3}  # codes of the kernel
QUANTILE = 0.99
TAU = 0.03  # s, the default; of recordings that are shorter it is no sign of another unit


class OneByOne(Sequence):
    """Checked recordings of which each is read when it is reached, so that one is in memory."""

    def __init__(self, cells, check):
        self.cells, self._check = cells, check

    def __len__(self):
        return len(self.cells)

    def __getitem__(self, recording):
        """Return the fields of a recording, None where it is absent."""
        return self._check(recording, self.cells[recording])


class EventEncoder(Encoder):
    """Base of the encoders of event streams: cells, steps and the account of dropped events.

    A subclass gives ``_fill``, which fills a drive and returns the number of events outside the
    sensor and the number after the end, and may give ``_learn_scale``, ``_rest`` and ``_past``.
    """

    takes_events = True
    dtype = "float64"  # of encoders without the parameter
    dtypes: tuple[str, ...] = ("float64", "float32")

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn duration, sensor size and scale from training recordings.

        Parameters
        ----------
        X : Series, list, object array, one-column DataFrame, or one lone stream
            Event streams: structured arrays with t (microseconds), x, y and p.
        y : ignored
            Present for scikit-learn.

        Returns
        -------
        self
        """
        self._check_parameters()
        streams = self._read(X)
        check_present(streams._replace(cells=getattr(streams.cells, "cells", streams.cells)))
        fields = streams.cells
        self.sensor_size_ = learn_sensor(self, fields)
        if self.duration is None:  # one microsecond more, so that the last event is still inside
            self._duration_us = 1 + max(int(e["t"][-1] - self._start(e)) for e in fields)
        else:
            self._duration_us = round(self.duration * 1e6)
        self.duration_ = self._duration_us / 1e6
        if isinstance(fields, list):  # others are read from disk
            self._check_units(fields)
        self.input_shape_ = input_shape(self, self.sensor_size_)
        self.n_features_out_ = int(np.prod(self.input_shape_))
        self._learn_scale(fields)
        return self

    def _check_restored(self) -> None:
        if hasattr(self, "sensor_size_"):
            check_cells(self, self.n_features_out_)

    def transform(self, X: Any) -> Any:
        """Return the drives of the recordings; dropped events raise one warning.

        Parameters
        ----------
        X : Series, list, object array, one-column DataFrame, or one lone stream
            Event streams, None where the sense is absent.

        Returns
        -------
        ndarray of shape (recording, n_steps, input) or (n_steps, input)
            The drive; input = (row * columns + column) * polarities + polarity, see
            ``input_shape_``. NaN throughout for an absent recording.

        Warns
        -----
        UserWarning
            If events were dropped and ``on_drop="warn"``.
        """
        streams, drives, account = self._run(X)
        report_dropped(self, streams.place, account[:, [0, 2, 3]], stacklevel=2)
        return drives[0] if streams.one else drives

    def step_times(self, X: Any) -> list[NDArray | None] | None:
        """Return when the steps of the drives begin.

        Parameters
        ----------
        X : as in ``transform``
            Event streams, None where the sense is absent; they are not read.

        Returns
        -------
        times : list of (ndarray of shape (n_steps,) or None)
            In s since the origin; None for an absent recording.

        Examples
        --------
        >>> from mottle.events import EVENT_DTYPE
        >>> events = np.array([(0, 0, 0, 1), (300_000, 0, 0, 1)], dtype=EVENT_DTYPE)
        >>> EventRate(2, duration=0.5).fit([events]).step_times([events])
        [array([0.  , 0.25])]
        """
        check_is_fitted(self)
        times = np.arange(int(self.n_steps)) * (self.duration_ / int(self.n_steps))
        cells = as_streams(X, lazy=True).cells
        return [None if is_absent(cell) else times for cell in cells]

    def step_begins(self, step: int) -> int:
        """Return the first microsecond of a step, from the beginning of a live run.

        Parameters
        ----------
        step : int
            Number of the step, from 0; steps may go on beyond ``n_steps``.

        Returns
        -------
        begin : int
            In us.

        Examples
        --------
        >>> from mottle.sensors import EVENT_DTYPE, EventRate
        >>> events = np.array([(0, 0, 0, 1), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
        >>> EventRate(3, duration=0.001).fit(events).step_begins(2)
        667
        """
        return -(-step * self._duration_us // self.n_steps)

    def steps_within(self, time: int) -> int:
        """Return how many steps of a live run end at or before a time.

        Parameters
        ----------
        time : int
            In us from the beginning of the run.

        Returns
        -------
        n_steps : int
        """
        return time * self.n_steps // self._duration_us

    def advance(self, state: Any, X: Any, n_steps: Any = None) -> Any:
        """Carry live runs on by some steps; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : EncoderState
            From ``start`` or the call before; it is not changed.
        X : list of event streams, or one lone stream
            The events of these steps, one stream a run; times in microseconds from the beginning of
            the run. Steps are as long as in ``transform``, and there may be more of them.
        n_steps : int, default=None
            Number of steps that the events cover, by default one.

        Returns
        -------
        state : EncoderState
            Where the runs stand now.
        drive : ndarray of shape (n_recordings, n_steps, input)
            The drive of these steps.

        Raises
        ------
        ValueError
            If an event lies outside these steps, or events are dropped and ``on_drop="raise"``.

        Examples
        --------
        >>> from mottle.sensors import EVENT_DTYPE, EventRate
        >>> events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
        >>> encoder = EventRate(2, compress=None, scale=None).fit(events)
        >>> state, drive = encoder.advance(encoder.start(), events[:2])
        >>> state.step, drive.shape
        (1, (1, 1, 4))
        """
        check_is_fitted(self)
        n_steps = check_whole("n_steps", 1 if n_steps is None else n_steps)
        streams = as_streams(X)
        self._check_state(state, len(streams.cells))
        check_chunk(streams)
        begin, end = self.step_begins(state.step), self.step_begins(state.step + n_steps)
        drive = self._zeros(state.n_recordings, n_steps)
        account = np.zeros((state.n_recordings, 3), dtype=np.int64)
        for run, cell in enumerate(streams.cells):
            place = streams.place(run)
            events = fields_of(cell, place, may_be_empty=True)
            t = events["t"]
            strange = t[(t < begin) | (t >= end)]
            if strange.size:
                raise ValueError(
                    f"run {run} has an event at {strange[0]} us; steps {state.step} to "
                    f"{state.step + n_steps} hold {begin} us to before {end} us of the run."
                )
            past = {name: value[run] for name, value in state.values.items()}
            outside, late = self._fill(events, 0, state.step, drive[run], past)
            if outside == kernels.FAULT:
                check_order(t, events["p"], place)
            self._check_full(outside, place)
            account[run] = len(t), outside, late
        report_dropped(self, streams.place, account, stacklevel=2)
        values = self._past(drive)
        return EncoderState(state.owner, state.n_recordings, state.step + n_steps, values), drive

    def count(self, X: Any) -> Any:
        """Account for every event, without encoding anything.

        Parameters
        ----------
        X : as in ``transform``
            Event streams, None where the sense is absent.

        Returns
        -------
        DataFrame
            One row a recording with the numbers of ``events``, and of them ``encoded``, ``outside``
            the sensor and ``late``, that is after the end (``duration_``).

        Examples
        --------
        >>> from mottle.sensors import EVENT_DTYPE, EventRate
        >>> events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
        >>> encoder = EventRate(2, sensor_size=(3, 2), duration=0.001, on_drop="ignore").fit(events)
        >>> encoder.count(events).iloc[0].to_dict()
        {'events': 3, 'encoded': 1, 'outside': 2, 'late': 0}
        """
        streams, _, account = self._run(X, keep=False)
        index = X.index if isinstance(X, pd.DataFrame | pd.Series) else range(len(streams.cells))
        return pd.DataFrame(account, index=index, columns=["events", "encoded", "outside", "late"])

    def _run(self, X, keep=True):
        """Encode recordings; return streams, drives (one for all if not ``keep``), account."""
        check_is_fitted(self)
        streams = self._read(X, fields_of)  # the kernel looks at the events
        n_recordings = len(streams.cells)
        known = streams.cells if keep and isinstance(streams.cells, list) else []
        n_written = sum(len(events["t"]) for events in known if events is not None)
        dtype = "int32" if self.dtype == "int16" and not keep else self.dtype  # for any count
        drives = self._zeros(n_recordings if keep else 1, self.n_steps, n_written, dtype)
        account = np.zeros((n_recordings, 4), dtype=np.int64)
        for recording, events in enumerate(streams.cells):
            drive = drives[recording if keep else 0]
            if events is None:
                if keep:
                    self._mark_absent(drive, streams.place(recording))
                continue
            outside, late = self._encode(events, drive)
            if outside == kernels.FAULT:
                cell = as_streams(X, lazy=True).cells[recording]
                check_events(read_stream(cell), streams.place(recording))
            self._check_full(outside, streams.place(recording))
            n_events = len(events["t"])
            account[recording] = n_events, n_events - outside - late, outside, late
        return streams, drives, account

    def _zeros(self, n_recordings, n_steps, n_written=0, dtype=None):
        """Return empty drives, whose memory is taken where a cell has events."""
        shape = n_recordings, int(n_steps), self.n_features_out_
        dtype = np.dtype(self.dtype if dtype is None else dtype)
        n_values = float(np.prod(shape)) * dtype.itemsize / 8
        check_memory(n_values, f"drives of {n_recordings} x {n_steps} steps",
                     "take larger cells, dtype='float32', or fewer recordings at once")  # fmt: skip
        return zeros_by_page(shape, dtype, n_written)

    def _mark_absent(self, drive, place):
        """Fill the drive of an absent recording with NaN."""
        if drive.dtype.kind != "f":
            raise ValueError(
                f"{place} is absent (None), and dtype={self.dtype!r} has no NaN to mark it: take "
                "dtype='float32', or leave the recording out."
            )
        drive[:] = np.nan

    def _check_full(self, outside, place):
        """Raise if the kernel found a count that the drive does not hold."""
        if outside == kernels.FULL:
            raise ValueError(
                f"{place}: the count of a cell in a step is beyond {np.iinfo(self.dtype).max}, the "
                f"most that dtype={self.dtype!r} holds: take dtype='int32', or more steps."
            )

    def _check_parameters(self):
        check_n_steps(self.n_steps)
        check_sensor(self, ("split", "sum", "signed"))
        check_option("origin", self.origin, ("first", "zero"))
        check_option("dtype", self.dtype, self.dtypes)
        if self.duration is not None:
            check_steps(self.duration, self.n_steps)

    def _check_units(self, fields):
        """Warn of times that are far longer than any recording."""
        longest = longest_of(fields)
        warn_if_far("duration", self.duration, longest, "most steps are empty")

    def _read(self, X, check=check_events):
        streams = as_streams(X, lazy=True)

        def checked(recording, cell):
            if is_absent(cell) and not streams.one:
                return None
            events = check(read_stream(cell), streams.place(recording))
            if self.origin == "zero" and events["t"][0] < 0:
                raise ValueError(
                    f"{streams.place(recording)} starts at {events['t'][0]} us, before the "
                    "origin; use origin='first'"
                )
            return events

        lazily = any(isinstance(cell, LazyStream) for cell in streams.cells)
        one_by_one = OneByOne(streams.cells, checked)
        cells: Any = one_by_one if lazily else list(one_by_one)
        return streams._replace(cells=cells)

    def _start(self, events):
        return int(events["t"][0]) if self.origin == "first" else 0

    def _encode(self, events, drive, **options):
        """Encode a whole recording into ``drive``, zeros; return the numbers of events left out."""
        past = {name: value[0] for name, value in self._rest(1).items()}
        return self._fill(events, self._start(events), 0, drive, past, **options)

    @abstractmethod
    def _fill(self, events, start, first, drive, past):
        """Encode steps from ``first`` on into ``drive``, zeros; return the numbers left out."""

    def _past(self, drives):
        """Return what is to be kept of the past after steps with these drives."""
        return {}

    def _arguments(self, events, start, first):
        """Arguments of a kernel: the events, where they go and what they count."""
        (width, height), (_, n_columns, n_polarities) = self.sensor_size_, self.input_shape_
        columns = np.arange(width) // self.cell * n_polarities
        rows = np.arange(height) // self.cell * (n_columns * n_polarities)
        return (
            *(events[name] for name in "txyp"),
            start,
            self._duration_us,
            int(self.n_steps),
            first,
            columns,
            rows,
            n_polarities - 1,
            np.array([-1 if self.polarity == "signed" else 1, 1], np.int32),
        )

    def _learn_scale(self, fields):
        """Learn the scale of the drive, if there is one."""

    def _names_out(self):
        rows, columns, _ = self.input_shape_
        labels = ("_off", "_on") if self.polarity == "split" else ("",)
        return [
            f"y{row}_x{column}{label}"
            for row in range(rows)
            for column in range(columns)
            for label in labels
        ]


class EventRate(EventEncoder):
    """Count events per cell and time step.

    Parameters
    ----------
    n_steps : int, default=30
        Steps a recording is cut into.
    cell : int, default=2
        Cells are ``cell`` x ``cell`` pixels; where they do not divide the sensor, the last column
        and row of cells are smaller.
    duration : float, default=None
        Time encoded, in second. None takes the longest training recording.
    sensor_size : (int, int), default=None
        Width and height in pixels. None takes the largest coordinates in training.
    polarity : {"split", "sum", "signed"}, default="split"
        Off and on events as two inputs a cell, added, or on minus off.
    compress : {"sqrt", "log", "anscombe", None}, default="sqrt"
        What a count n becomes: sqrt(n), log(1 + n), 2 sqrt(n + 3/8) less its value at 0, or n, with
        the sign of n.
    scale : {"global", None}, default="global"
        One scale for all cells, learnt in fit: the 99th percentile of the non-zero compressed
        training counts becomes 1. None leaves them.
    origin : {"first", "zero"}, default="first"
        Time counts from the first event of each recording, or from t = 0.
    on_drop : {"warn", "ignore", "raise"}, default="warn"
        What ``transform`` does about events outside the sensor or after the end; ``count`` always
        reports them.
    dtype : {"float64", "float32", "int32", "int16"}, default="float64"
        Type of the drive; the whole ones are for plain counts, ``compress=None`` and
        ``scale=None``. Large sensors take half the memory and less time with four bytes, and less
        still with two; a count above 32767 is an error then.

    Attributes
    ----------
    scale_ : float
        What compressed counts are divided by.
    duration_ : float
        Time encoded, in second.
    sensor_size_ : (int, int)
        Width and height in pixels.
    input_shape_ : (int, int, int)
        Rows, columns and polarities of the cells.
    n_features_out_ : int
        Number of inputs, the product of ``input_shape_``.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a stream is empty or its time goes back; by ``fit``, if a
        stream is None.

    Notes
    -----
    A step's value depends on events up to the end of the step only. The drive lies in 0 .. about 1
    (-1 .. 1 with ``"signed"``) and is not clipped: dense steps go above.

    Examples
    --------
    >>> events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
    >>> EventRate(2, polarity="sum", compress=None, scale=None).fit_transform(events)
    array([[1., 1.],
           [0., 1.]])
    """

    dtypes = ("float64", "float32", "int32", "int16")

    def __init__(
        self,
        n_steps: int = 30,
        *,
        cell: int = 2,
        duration: float | None = None,
        sensor_size: Any = None,
        polarity: str = "split",
        compress: Any = "sqrt",
        scale: Any = "global",
        origin: str = "first",
        on_drop: str = "warn",
        dtype: str = "float64",
    ) -> None:
        self.n_steps, self.cell, self.duration = n_steps, cell, duration
        self.sensor_size, self.polarity, self.compress = sensor_size, polarity, compress
        self.scale, self.origin, self.on_drop = scale, origin, on_drop
        self.dtype = dtype

    def _check_parameters(self):
        super()._check_parameters()
        check_option("compress", self.compress, tuple(COMPRESS))
        check_option("scale", self.scale, ("global", None))
        if self.dtype.startswith("int") and (self.compress, self.scale) != (None, None):
            raise ValueError(
                f"dtype={self.dtype!r} holds plain counts, and compress={self.compress!r}, "
                f"scale={self.scale!r} make others of them: set both to None, or dtype='float32'."
            )

    def _fill(self, events, start, first, drive, past, raw=False):
        squeezed = (0, 1.0) if raw else (POWERS[self.compress], self.scale_)
        most = np.iinfo(drive.dtype if drive.dtype.kind == "i" else np.int32).max
        arguments = (*self._arguments(events, start, first), *squeezed, most, drive)
        return kernels.count(*arguments)

    def _embed(self, dt):
        if self.dtype == "float32":  # rounds the drive, which the text in C does not
            raise NotInC(
                "EventRate: dtype='float32' is not exported; fit with dtype='float64', and export "
                "with float32=True for numbers of four bytes."
            )
        (width, height), (_, columns, _) = self.sensor_size_, self.input_shape_
        text = template(
            Path(__file__).parent / "kernels/events.c", split=self.polarity == "split",
            signed=self.polarity == "signed", sqrt=self.compress == "sqrt",
            log=self.compress == "log", anscombe=self.compress == "anscombe",
            plain=self.compress is None,
        )  # fmt: skip
        n = self.n_features_out_
        sizes = {"WIDTH": width, "HEIGHT": height, "CELL": self.cell, "COLUMNS": columns}
        state = {"counts": np.zeros(n, np.int32)}
        return CStage(text, 0, n, {**sizes, "N_OUT": n}, {"scale": self.scale_}, state=state)

    def _ends(self, n_steps):
        """Return the first whole microsecond after each step of a run."""
        return [-(-(k + 1) * self._duration_us // self.n_steps) for k in range(n_steps)]

    def _learn_scale(self, fields):
        self.scale_ = 1.0
        if self.scale is None:
            return
        often = np.zeros(1, dtype=np.int64)  # how often each count occurs, over all recordings
        for events in fields:
            counts = zeros_by_page((int(self.n_steps), self.n_features_out_), np.int32)
            self._encode(events, counts, raw=True)
            for frame in counts:
                total = np.bincount(np.abs(frame), minlength=len(often))
                total[: len(often)] += often
                often = total
        often[0] = 0
        if often.any():
            fraction = np.cumsum(often) / often.sum()
            self.scale_ = float(COMPRESS[self.compress](float(np.argmax(fraction >= QUANTILE))))


class TimeSurface(EventEncoder):
    """Sample how recently each cell had an event: a decaying time surface.

    At the end of a step, a cell whose last event is the time ``age`` ago has the value
    exp(-age / tau); before its first event it is 0.

    Parameters
    ----------
    n_steps : int, default=30
        Steps a recording is cut into.
    tau : float, default=0.03
        Decay time in second.
    cell, duration, sensor_size :
        As in `EventRate`.
    polarity : {"split", "sum", "signed"}, default="split"
        One surface for off and one for on events, one for both, or one for both whose sign is that
        of the last event.
    origin, on_drop :
        As in `EventRate`.
    dtype : {"float64", "float32"}, default="float64"
        Type of the drive.

    Attributes
    ----------
    duration_, sensor_size_, input_shape_, n_features_out_ :
        As in `EventRate`.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a stream is empty or its time goes back; by ``fit``, if a
        stream is None.

    Notes
    -----
    The drive lies in 0 .. 1, with ``"signed"`` in -1 .. 1; nothing is learnt about its size. A
    step's value depends on events up to the end of the step only.

    References
    ----------
    X. Lagorce et al., IEEE TPAMI 39 (2017) 1346, doi:10.1109/TPAMI.2016.2574707.

    Examples
    --------
    >>> events = np.array([(0, 0, 0, 1), (10_000, 0, 0, 1)], dtype=EVENT_DTYPE)
    >>> surface = TimeSurface(2, tau=0.02, duration=0.04, polarity="sum")
    >>> surface.fit_transform(events).round(3)  # 10 and 30 ms after the last event
    array([[0.607],
           [0.223]])
    """

    def __init__(
        self,
        n_steps: int = 30,
        *,
        tau: float = TAU,
        cell: Any = 2,
        duration: Any = None,
        sensor_size: Any = None,
        polarity: str = "split",
        origin: Any = "first",
        on_drop: Any = "warn",
        dtype: Any = "float64",
    ) -> None:
        self.n_steps, self.tau, self.cell, self.duration = n_steps, tau, cell, duration
        self.sensor_size, self.polarity = sensor_size, polarity
        self.origin, self.on_drop, self.dtype = origin, on_drop, dtype

    def _check_parameters(self):
        super()._check_parameters()
        check_positive("tau", self.tau, "s")

    def _check_units(self, fields):
        super()._check_units(fields)
        if self.tau != TAU:
            warn_if_far("tau", self.tau, longest_of(fields), "surfaces hardly decay")

    def _rest(self, n_recordings):
        return {"surface": np.zeros((n_recordings, self.n_features_out_), self.dtype)}

    def _past(self, drives):
        return {"surface": drives[:, -1].copy()}

    def _fill(self, events, start, first, drive, past):
        arguments = (*self._arguments(events, start, first), self.tau * 1e6, past["surface"], drive)
        return kernels.surface(*arguments)
