"""Transforms of tonic as a step: event streams in, event streams, frames or voxel grids out.

tonic is under GPL-3.0 and optional: it is imported here and in `mottle.datasets.tonic`, when used.
"""

import inspect
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from hashlib import sha256
from typing import Any, Self
from warnings import warn

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from mottle.checks import check_option, check_whole, choose, suggest
from mottle.events import (
    EVENT_DTYPE,
    FIELDS,
    ON_DROP,
    as_streams,
    check_events,
    check_present,
    is_absent,
    is_event_stream,
    read_stream,
)
from mottle.memory import check_memory
from mottle.plugins import import_tonic
from mottle.sensors.base import Encoder

WIDE = np.dtype([(name, "<i8") for name in ("x", "y", "t", "p")])
"""What transforms are given: signed fields that hold every product and every -1."""

REFUSED = {
    "NumpyAsType": "gives events as plain numbers; leave it out, streams stay structured arrays",
    "Repeat": "is for targets",
    "ToOneHotEncoding": "is for targets; readouts take labels as they are",
    "ToSparseTensor": "gives a sparse tensor of PyTorch; take ToFrame",
    "Compose": "is the chain itself; list its transforms",
}
RANDOM = frozenset(
    ["DropEvent", "DropEventByArea", "DropEventByTime", "EventDrop", "RandomCrop",
     "RandomDropPixel", "RandomFlipLR", "RandomFlipPolarity", "RandomFlipUD", "RandomTimeReversal",
     "SpatialJitter", "TimeJitter", "UniformNoise"]
)  # fmt: skip
TIMES = (
    "time_window", "start_time", "end_time", "dt", "tau", "filter_time", "delta", "std", "min",
    "max",
)  # fmt: skip
"""Parameters in us."""
RANGES = ("delta", "coefficient", "offset")  # parameters that may be a range to draw from
COUNTS_MOST = np.iinfo(np.int16).max


def transform_names() -> dict[str, type]:
    """Return the transforms of the installed tonic that work on recordings, by name."""
    module = import_tonic("tonic.transforms")
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isclass(found) and found.__module__ == module.__name__ and name not in REFUSED
    }


class TonicTransformer(Encoder):
    """Apply a chain of tonic's transforms to event streams.

    Needs ``mottle[tonic]``; tonic is under GPL-3.0.

    Parameters
    ----------
    transforms : sequence
        Each a name ("Denoise"), a name with parameters ``("Denoise", {"filter_time": 10000})``, the
        same as a dict ``{"name": "Denoise", "filter_time": 10000}`` as in TOML, a transform of
        tonic, or any function of a structured array that returns one, or frames (time, polarity,
        row, column).
        Parameters are as tonic names them; times in microseconds. A missing ``sensor_size`` is
        filled in.
    sensor_size : (int, int), default=None
        Width and height in pixels. None takes the largest coordinates in training.
    encoder : estimator, default=None
        Encoder that the transformed events are given to, such as `EventRate`. None returns them, or
        the frames that the last transform makes.
    on_drop : {"warn", "ignore", "raise"}, default="warn"
        What ``transform`` does about events after the last frame, which ToFrame and ToTimesurface
        leave out; ``count`` always reports them.
    random_state : int, default=None
        Seed of transforms that draw; each recording has its own, by its events. None draws a seed
        in ``fit``.

    Attributes
    ----------
    sensor_size_ : (int, int)
        Width and height in pixels of the streams that come in.
    gives_ : {"events", "frames"}
        What the chain returns.
    input_shape_ : (int, int, int)
        Rows, columns and polarities of frames.
    n_features_out_ : int
        Number of inputs of the drive: the product of ``input_shape_``; 4 for events.
    encoder_ : estimator
        The fitted encoder, if there is one.

    Raises
    ------
    ImportError
        By ``fit`` and ``transform``, if tonic is not installed.
    ValueError
        By ``fit``, for an unknown transform or parameter; by ``transform``, if one fails or leaves
        no event, with the name of the recording; or if counts of ToFrame do not fit into its int16.

    Notes
    -----
    Frames (time, polarity, row, column) become a `DataArray` (time, channel), one a recording, of
    which channel = (row * columns + column) * polarities + polarity, as in `EventRate`. Its
    ``time`` is the beginning of each frame in microseconds, where the transform defines one;
    ``attrs["sensor_size"]`` is the size of a frame, ``attrs["time_unit"]`` is "us". What has no
    time, such as ToImage and ToAveragedTimesurface, becomes one step.

    Transforms are built anew for each recording, as some of tonic's remember the first one, and
    work on copies with fields of int64, since several are wrong for narrow types.

    Examples
    --------
    >>> events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
    >>> step = TonicTransformer([("ToFrame", {"n_time_bins": 2})], on_drop="ignore")
    >>> frames = step.fit_transform(events)  # doctest: +SKIP
    >>> frames.dims, frames.shape  # doctest: +SKIP
    (('time', 'channel'), (2, 16))
    """

    takes_events = True

    def __init__(
        self, transforms: Any = (), *, sensor_size: tuple[int, int] | None = None,
        encoder: Any = None, on_drop: str = "warn", random_state: Any = None,
    ) -> None:  # fmt: skip
        self.transforms, self.sensor_size, self.encoder = transforms, sensor_size, encoder
        self.on_drop, self.random_state = on_drop, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the sensor size and what the chain returns; fit the encoder, if there is one.

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
        steps = self._steps()
        streams = as_streams(X, lazy=True)
        check_present(streams)
        self.sensor_size_ = self._learn_size(streams)
        draws = any(step.draws for step in steps)
        if self.random_state is not None:
            self.seed_ = check_whole("random_state", self.random_state, 0)
        else:
            self.seed_ = int(np.random.default_rng().integers(2**31)) if draws else 0
        first = self._apply(steps, streams, 0)
        self.gives_ = "events" if is_event_stream(first) else "frames"
        self.n_steps_ = 0
        for name in ("encoder_", "encoder_learnt_"):
            self.__dict__.pop(name, None)
        if self.encoder is not None:
            if self.gives_ != "events":
                raise ValueError(
                    f"encoder={self.encoder!r} needs events, but {steps[-1].name} gives frames: "
                    "leave one of them out."
                )
            self._fit_encoder(steps, streams, X)
        elif self.gives_ == "events":
            self.n_features_out_ = len(FIELDS)
        else:
            self.input_shape_ = first.attrs["input_shape"]
            self.n_features_out_, self.n_steps_ = first.shape[1], first.shape[0]
        return self

    def transform(self, X: Any) -> Any:
        """Return the transformed recordings.

        Parameters
        ----------
        X : Series, list, object array, one-column DataFrame, or one lone stream
            Event streams, None where the sense is absent.

        Returns
        -------
        list of DataArray (time, channel), or of event streams
            One a recording, bare for one lone stream; of an absent recording NaN throughout, or
            None for events. With an encoder, its drive.

        Warns
        -----
        UserWarning
            If events after the last frame are left out and ``on_drop="warn"``.
        """
        check_is_fitted(self)
        streams, steps = as_streams(X, lazy=True), self._steps()
        lost, found, worst = np.zeros(2, dtype=np.int64), [], ""
        for recording, cell in enumerate(streams.cells):
            if is_absent(cell) and not streams.one:
                found.append(self._absent())
                continue
            result = self._apply(steps, streams, recording)
            if isinstance(result, xr.DataArray):
                if result.shape[1] != self.n_features_out_:
                    raise ValueError(
                        f"{streams.place(recording)}: its frames have {result.shape[1]} inputs, "
                        f"those of fit {self.n_features_out_}; state sensor_size."
                    )
                if result.attrs["n_left_out"] and not lost[0]:
                    worst = streams.place(recording)
                lost += result.attrs["n_left_out"], result.attrs["n_events"]
                result.attrs = {
                    name: value for name, value in result.attrs.items()
                    if name in ("sensor_size", "time_unit", "units")
                }  # fmt: skip
            found.append(result)
        self._report(lost, worst)
        if self.encoder is not None:
            return self.encoder_.transform(found[0] if streams.one else found)
        return found[0] if streams.one else found

    def count(self, X: Any) -> Any:
        """Account for the events of each recording.

        Parameters
        ----------
        X : as in ``transform``
            Event streams, None where the sense is absent.

        Returns
        -------
        DataFrame
            One row a recording with the numbers of ``events``, and of them ``encoded``, ``outside``
            (0: tonic refuses them) and ``late``, after the last window of ToFrame. Events that a
            transform takes out on purpose are neither.
        """
        check_is_fitted(self)
        streams, steps = as_streams(X, lazy=True), self._steps()
        rows = []
        for recording, cell in enumerate(streams.cells):
            if is_absent(cell) and not streams.one:
                rows.append((0, 0, 0, 0))
                continue
            result = self._apply(steps, streams, recording)
            if self.encoder is not None:
                inner = self.encoder_.count([result]).iloc[0]
                rows.append(tuple(inner[["events", "encoded", "outside", "late"]]))
            elif isinstance(result, xr.DataArray):
                n, late = result.attrs["n_events"], result.attrs["n_left_out"]
                rows.append((n, n - late, 0, late))
            else:
                rows.append((len(result), len(result), 0, 0))
        index = X.index if isinstance(X, pd.DataFrame | pd.Series) else range(len(rows))
        return pd.DataFrame(rows, index=index, columns=["events", "encoded", "outside", "late"])

    def plain_parameters(self) -> Any:
        """Return the parameters as plain values, for the recipe of a store.

        Returns
        -------
        dict
            Transforms as dicts of their names and parameters, and the version of tonic.

        Raises
        ------
        ValueError
            For a transform that is no data class of tonic: it has no description.
        """
        steps = [step.plain(k) for k, step in enumerate(self._steps())]
        inner = None
        if self.encoder is not None:
            inner = {"kind": type(self.encoder).__name__, **self.encoder.get_params()}
        size = None if self.sensor_size is None else [int(side) for side in self.sensor_size]
        return {
            "transforms": steps, "sensor_size": size, "encoder": inner, "on_drop": self.on_drop,
            "random_state": self.random_state, "tonic": import_tonic().__version__,
        }  # fmt: skip

    def _names_out(self):
        if self.encoder is not None:
            return list(self.encoder_.get_feature_names_out())
        if self.gives_ == "events":
            return list(FIELDS)
        return frame_names(self.input_shape_)

    def _check_causal(self):
        raise ValueError("transforms of tonic need whole recordings; a live run has no end.")

    def _check_parameters(self) -> None:
        """Refuse unknown transforms and parameters; the transforms are not built."""
        self._steps()
        check_option("on_drop", self.on_drop, ON_DROP)
        if self.encoder is not None and not hasattr(self.encoder, "transform"):
            raise ValueError(
                f"encoder={self.encoder!r} must be an encoder, such as EventRate(), or None."
            )
        if self.sensor_size is not None:
            if np.size(self.sensor_size) not in (2, 3):
                raise ValueError(
                    f"sensor_size={self.sensor_size!r}: expected (width, height) in pixels."
                )
            for name, side in zip(("width", "height"), self.sensor_size, strict=False):
                check_whole(f"sensor_size: {name}", side)

    def _steps(self):
        """Return the transforms, checked; they are built when applied."""
        given = self.transforms
        if isinstance(given, str | Mapping) or not hasattr(given, "__iter__"):
            given = [given]
        return [read_step(one, k) for k, one in enumerate(given)]

    def _learn_size(self, streams):
        """Return width and height: as given, or the least that hold all training events."""
        if self.sensor_size is not None:
            width, height = self.sensor_size[:2]
            return int(width), int(height)
        width = height = 1
        for recording, cell in enumerate(streams.cells):
            fields = check_events(read_stream(cell), streams.place(recording))
            width = max(width, 1 + int(fields["x"].max()))
            height = max(height, 1 + int(fields["y"].max()))
        return width, height

    def _apply(self, steps, streams, recording):
        """Return one recording transformed: an event stream or a DataArray."""
        cell = read_stream(streams.cells[recording])
        place = streams.place(recording)
        fields = check_events(cell, place)
        for name, side in zip("xy", self.sensor_size_, strict=True):
            least, most = int(fields[name].min()), int(fields[name].max())
            if least < 0 or most >= side:
                raise ValueError(
                    f"{place} has an event at {name}={least if least < 0 else most}, outside the "
                    f"sensor of {self.sensor_size_[0]} x {self.sensor_size_[1]} pixels."
                )
        events = np.empty(len(cell), dtype=WIDE)
        for name in FIELDS:
            events[name] = fields[name]
        if not any(step.draws for step in steps):
            return run_chain(steps, events, self.sensor_size_, place)
        state = np.random.get_state()  # noqa: NPY002 (tonic draws from the global generator)
        try:
            digest = sha256(str(self.seed_).encode() + events.tobytes()).digest()
            np.random.seed(np.frombuffer(digest, dtype="<u4"))  # noqa: NPY002
            return run_chain(steps, events, self.sensor_size_, place)
        finally:
            np.random.set_state(state)  # noqa: NPY002

    def _fit_encoder(self, steps, streams, X):
        """Fit the encoder to the transformed events."""
        self.encoder_ = clone(self.encoder)
        self._size_after(steps)
        moved = [self._apply(steps, streams, row) for row in range(len(streams.cells))]
        self.encoder_.fit(moved[0] if streams.one else moved)
        learnt = sha256()
        for name, value in sorted(vars(self.encoder_).items()):
            array = np.asarray(value)
            learnt.update(name.encode())
            learnt.update(repr(value).encode() if array.dtype == object else array.tobytes())
        self.encoder_learnt_ = learnt.hexdigest()
        self.n_features_out_ = self.encoder_.n_features_out_
        self.input_shape_ = self.encoder_.input_shape_
        self.n_steps_ = int(getattr(self.encoder_, "n_steps", 0) or 0)

    def _size_after(self, steps):
        """Give the encoder the size of the sensor as it is after the chain."""
        if self.encoder_.get_params().get("sensor_size", 0) is None:
            size = self.sensor_size_
            for step in steps:
                size = step.size_after(size)
            self.encoder_.set_params(sensor_size=size)

    def _absent(self):
        """Return what stands for an absent recording."""
        if self.encoder is not None or self.gives_ == "events":
            return None
        values = np.full((self.n_steps_, self.n_features_out_), np.nan)
        return xr.DataArray(values, dims=("time", "channel"), coords={"channel": self._names_out()})

    def _report(self, lost, worst):
        """Warn of events after the last window, or raise, depending on ``on_drop``."""
        if not lost[0] or self.on_drop == "ignore":
            return
        text = (
            f"{lost[0]} of {lost[1]} events come after the last frame and are left out, "
            f"first in {worst}: ToFrame's include_incomplete=True keeps them, or on_drop='ignore' "
            "if the cut is intended."
        )
        if self.on_drop == "raise":
            raise ValueError(text)
        warn(text, UserWarning, stacklevel=3)


class Step:
    """One transform of a chain: how to build it, and what is known of it."""

    def __init__(self, name, cls=None, parameters=None, made=None):
        self.name, self.cls, self.parameters, self._made = name, cls, parameters or {}, made

    @property
    def draws(self):
        """Whether it may draw random numbers: its kind does, or a parameter is a range."""
        if self.cls is None:
            return True
        return self.name in RANDOM or any(
            isinstance(self.value(name), tuple | list) for name in RANGES
        )

    def value(self, name):
        """Return a parameter as given, None where it is not."""
        if self._made is not None:
            return getattr(self._made, name, None)
        return self.parameters.get(name)

    def build(self, size):
        """Return a new transform; ``sensor_size`` is filled in where it is missing."""
        if self._made is not None:
            return deepcopy(self._made)
        known, given = inspect.signature(self.cls).parameters, dict(self.parameters)
        if "sensor_size" in known and given.get("sensor_size") is None:
            given["sensor_size"] = (*size, 2)
        return self.cls(**given)

    def size_after(self, size):
        """Return width and height of the sensor after this transform."""
        if self.name == "CenterCrop":
            wanted = self.value("size")
            return (wanted, wanted) if isinstance(wanted, int) else tuple(wanted)
        if self.name in ("RandomCrop", "Downsample", "EventDownsampling"):
            target = self.value("target_size")
            if target is not None:
                return tuple(int(side) for side in target[:2])
        if self.name == "Downsample" and self.value("spatial_factor") is not None:
            factors = np.broadcast_to(self.value("spatial_factor"), 2).tolist()
            return tuple(
                1 + int((side - 1) * factor) for side, factor in zip(size, factors, strict=True)
            )
        return size

    def plain(self, place):
        """Return name and parameters as plain values."""
        if self.cls is None:
            raise ValueError(
                f"transforms[{place}]={self.name} is a function: a store's recipe has to hold it "
                "as text. Name a transform of tonic with its parameters."
            )
        parameters = self.parameters if self._made is None else vars(self._made)
        return {"name": self.name, **{name: as_plain(one) for name, one in parameters.items()}}


def as_plain(value):
    """Return a parameter as a JSON value.

    Examples
    --------
    >>> as_plain((np.int64(3), [0.5]))
    [3, [0.5]]
    """
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [as_plain(one) for one in value] if isinstance(value, tuple | list) else value


def as_parameter(value):
    """Return a parameter as tonic takes it: lists as tuples, "none" as None.

    Examples
    --------
    >>> as_parameter([34, 34, "none"])
    (34, 34, None)
    """
    if isinstance(value, list | tuple):
        return tuple(as_parameter(one) for one in value)
    return None if isinstance(value, str) and value == "none" else value


def read_step(given: Any, place: int) -> Step:
    """Return one transform of a chain, checked."""
    where = f"transforms[{place}]"
    if isinstance(given, str):
        given = (given, {})
    if isinstance(given, Mapping):
        rest = dict(given)
        if "name" not in rest:
            raise ValueError(f"{where}={given!r} has no 'name'; such as {{'name': 'Denoise'}}.")
        given = (rest.pop("name"), rest)
    if isinstance(given, tuple | list):
        if len(given) != 2 or not isinstance(given[0], str) or not isinstance(given[1], Mapping):
            raise ValueError(
                f"{where}={given!r}: expected a name and a dict of parameters, such as "
                "('Denoise', {'filter_time': 10000})."
            )
        name, parameters = given
        if name in REFUSED:
            raise ValueError(f"{where}: {name} {REFUSED[name]}.")
        cls = choose(name, transform_names(), where)
        return Step(name, cls, check_parameters(cls, parameters, where))
    if not callable(given):
        raise TypeError(
            f"{where} is a {type(given).__name__}: expected a name, a name with parameters, or a "
            "transform."
        )
    name = getattr(given, "__name__", type(given).__name__)
    if name in REFUSED and type(given).__module__.startswith("tonic."):
        raise ValueError(f"{where}: {name} {REFUSED[name]}.")
    known = type(given).__module__ == "tonic.transforms"
    return Step(name, type(given) if known else None, made=given)


def check_parameters(cls, parameters, where):
    """Return parameters as tonic takes them; refuse unknown and missing ones."""
    known = inspect.signature(cls).parameters
    for name in parameters:
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has none."
            raise ValueError(
                f"{where}: {cls.__name__} has no parameter {name!r}{suggest(name, known)} {has}"
            )
    for name, one in known.items():
        if one.default is one.empty and name not in parameters and name != "sensor_size":
            raise ValueError(f"{where}: {cls.__name__} needs {name}.")
    return {name: as_parameter(value) for name, value in parameters.items()}


def run_chain(steps, events, size, place):
    """Return the events, or the frames as a DataArray, of one recording after a chain."""
    found: Any = events
    account = None
    for step in steps:
        streamed = found if is_event_stream(found) else None
        with failure_named(step, place):
            check_frames(step, size, streamed, place)
            transform = step.build(size)
            found = transform(found.copy())
            if not isinstance(found, np.ndarray):
                raise ValueError(
                    f"{place}: {step.name} returned {type(found).__name__}, expected an array."
                )
            if found.size == 0:
                raise ValueError(
                    f"{place} has no event left after {step.name}; leave the recording out, or let "
                    f"it take out fewer.{of_unit(step)}"
                )
            if streamed is not None and not is_event_stream(found):
                account = account_frames(step, transform, streamed, found, place)
        size = step.size_after(size)
    with failure_named(steps[-1], place):
        if is_event_stream(found):
            return as_events(found, place)
        return as_drive(found, steps[-1].name, account, size, place)


@contextmanager
def failure_named(step: "Step", place: str) -> Iterator[None]:
    """Name recording and transform in every error, but in those that name the recording."""
    try:
        yield
    except MemoryError as error:
        reason = f"{error}".rstrip(".") or "out of memory"
        text = f"{place}: {step.name} of tonic fails ({reason}).{of_unit(step, math.inf)}"
        raise MemoryError(text) from error
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(place):
            raise
        reason = str(error) or "an assertion of tonic"
        raise ValueError(
            f"{place}: {step.name} of tonic fails ({type(error).__name__}: {reason})."
            + of_unit(step)
        ) from error


def of_unit(step, below=1.0):
    """Return a hint at the unit of the times of a transform that are shorter than ``below`` us."""
    found = [
        f"{name}={value}"
        for name in TIMES
        if isinstance(value := step.value(name), int | float) and 0 < value < below
    ]
    return f" Times of tonic are in us: {', '.join(found)}." if found else ""


def check_frames(step, size, events, place):
    """Refuse frames that do not fit into memory, or have no length, before tonic tries."""
    if step.name == "ToVoxelGrid" and events is not None and events["t"][-1] == events["t"][0]:
        raise ValueError(
            f"{place}: all events are at {events['t'][0]} us, and ToVoxelGrid divides by the time "
            "between the first and the last."
        )
    name = {"ToFrame": "time_window", "ToTimesurface": "dt"}.get(step.name, "")
    length = step.value(name)
    if events is not None and isinstance(length, int | float):
        stride = length - (step.value("overlap") or 0)
        n = float(events["t"][-1] - events["t"][0]) / stride if stride > 0 else 0.0
        many = f"{n:.3g} frames of {step.name}"
        check_memory(n * size[0] * size[1] * 2, many, f"take a longer {name}")
    for name in ("n_time_bins", "n_event_bins", "n_frames"):
        n = step.value(name)
        if isinstance(n, int | float) and not isinstance(n, bool):
            check_memory(
                float(n) * size[0] * size[1] * 2,
                f"{n} frames of {step.name}",
                f"take a smaller {name}",
            )


def account_frames(step, transform, events, frames, place):
    """Return the times of frames (None where there are none) and the number of events left out."""
    t, n_steps = events["t"].astype(np.float64), len(frames)
    begin = None
    left_out = 0
    if step.name == "ToFrame":
        slices = frame_slices(transform, events)
        starts = np.array([first for first, _ in slices])
        if transform.time_window:
            start = t[0] if transform.start_time is None else transform.start_time
            begin = start + np.arange(n_steps) * (transform.time_window - transform.overlap)
        elif transform.n_time_bins:
            stride = (t[-1] - t[0]) // transform.n_time_bins
            stride = stride * (1 + transform.overlap) * (1 - transform.overlap)
            begin = t[0] + np.arange(n_steps) * stride
        else:
            begin = t[np.minimum(starts, len(t) - 1)]
        inside = np.zeros(len(events) + 1, dtype=np.int64)
        for first, last in slices:
            inside[first] += 1
            inside[max(first, min(last, len(events)))] -= 1
        left_out = int((np.cumsum(inside)[:-1] == 0).sum())
        n_counted = sum(max(0, min(last, len(events)) - first) for first, last in slices)
        check_counts(frames, n_counted, place)
    elif step.name == "ToImage":
        check_counts(frames, len(events), place)
    elif step.name == "ToTimesurface":
        begin = t[0] + np.arange(n_steps) * transform.dt
        left_out = int((t >= begin[-1] + transform.dt).sum())
    elif step.name == "ToVoxelGrid":
        begin = t[0] + np.arange(n_steps) * (t[-1] - t[0]) / transform.n_time_bins
    return begin, left_out, len(events)


def check_counts(frames, n_events, place):
    """Refuse counts that overflowed: each time one does, 65536 events are lost."""
    if int(frames.sum(dtype=np.int64)) != n_events:
        raise ValueError(
            f"{place}: a pixel has more than {COUNTS_MOST} events in a frame, which tonic counts "
            "in int16: take shorter frames, or EventRate."
        )


def frame_slices(transform, events):
    """Return the first and the one after the last event of each frame of ToFrame."""
    slicers = import_tonic("tonic.slicers")
    if transform.time_window:
        slicer = slicers.SliceByTime(
            transform.time_window, transform.overlap, transform.include_incomplete,
            transform.start_time, transform.end_time,
        )  # fmt: skip
    elif transform.event_count:
        slicer = slicers.SliceByEventCount(
            transform.event_count, transform.overlap, transform.include_incomplete
        )
    elif transform.n_time_bins:
        slicer = slicers.SliceByTimeBins(transform.n_time_bins, transform.overlap)
    else:
        slicer = slicers.SliceByEventBins(transform.n_event_bins, transform.overlap)
    return [(int(first), int(last)) for first, last in slicer.get_slice_metadata(events, None)]


def as_events(found, place):
    """Return transformed events in our own type, in the order of their times."""
    events = np.zeros(len(found), dtype=EVENT_DTYPE)
    for name in FIELDS:
        if name in found.dtype.names:
            values = np.asarray(found[name])
            events[name] = values > 0 if name == "p" else values
            if name in "xy" and (values.min() < 0 or (events[name] != values).any()):
                raise ValueError(
                    f"{place}: a transform gave {name}={values.min()} to {values.max()}: expected "
                    "whole pixels of a sensor."
                )
    if (events["t"][1:] < events["t"][:-1]).any():
        events = events[np.argsort(events["t"], kind="stable")]
    return events


def as_drive(found, last, account, size, place):
    """Return frames as a DataArray (time, channel)."""
    begin, left_out, n_events = account
    one_step = last in ("ToImage", "ToAveragedTimesurface")
    frames = found[np.newaxis] if one_step else found
    if frames.ndim == 3:  # (time, polarity, column): a sensor of one row
        frames = frames[:, :, np.newaxis]
    if frames.ndim == 4:
        shape = (frames.shape[2], frames.shape[3], frames.shape[1])
        frames = frames.transpose(0, 2, 3, 1)
    else:
        shape = (1, int(np.prod(frames.shape[1:])), 1)
    values = frames.reshape(len(frames), -1).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(
            f"{place}: {last} gives values that are not finite; are all events at one time?"
        )
    coords = {"channel": frame_names(shape)}
    if begin is not None and len(begin) == len(values):
        coords["time"] = ("time", begin, {"units": "us"})
    attrs = {
        "sensor_size": [shape[1], shape[0]] if frames.ndim == 4 else list(map(int, size)),
        "time_unit": "us", "units": "1", "input_shape": shape, "n_left_out": left_out,
        "n_events": n_events,
    }  # fmt: skip
    return xr.DataArray(values, dims=("time", "channel"), coords=coords, attrs=attrs)


def frame_names(shape):
    """Return the names of the inputs of frames of (rows, columns, polarities).

    Examples
    --------
    >>> frame_names((1, 2, 2))
    ['y0_x0_off', 'y0_x0_on', 'y0_x1_off', 'y0_x1_on']
    """
    rows, columns, n = shape
    labels = ("_off", "_on") if n == 2 else ("",) if n == 1 else [f"_{k}" for k in range(n)]
    return [f"y{y}_x{x}{label}" for y in range(rows) for x in range(columns) for label in labels]
