"""The base of the encoders of sampled streams: channels, and scales learnt on training data."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Self
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from mottle.arrays import variable_of
from mottle.checks import check_option, check_positive, is_whole, suggest
from mottle.embedded import CStage
from mottle.log import say_once
from mottle.restored import check_equal, check_places
from mottle.sensors.base import Encoder, EncoderState, check_chunk
from mottle.sensors.streams import (
    OVERFLOWS,
    Samples,
    Streams,
    as_streams,
    check_present,
    check_samples,
    is_absent,
    label_frame,
    shape_of_samples,
)

FLOOR = 0.05
"""The least a channel is divided by, as a fraction of the median spread of the channels that move:
otherwise the noise of one that hardly moves in training would become a full drive."""
LARGEST = min(OVERFLOWS)  # beyond which values may be overflowed counters
FAINT = 1e-3  # of the scale of training, below which adapt warns
APART, STRETCHED = 1.5, 4.0
"""How many times longer or shorter than those of training steps may be without a warning: where
rows are steps, and where recordings of any length have as many."""
LEVEL = 0.5  # of the variance of levels, explained by classes, above which fit warns


class SampledEncoder(Encoder):
    """Base of the encoders of sampled streams (time, channel).

    A subclass gives ``_encode`` (a recording to an unscaled drive), ``_rest`` and ``_go_on`` (rows
    of a live run to an unscaled drive) and ``_labels`` (what is added to a channel's name, one
    entry for each of its inputs; inputs are channel-major), and stores the parameters ``channels``,
    ``scale`` and ``clip``. Parameters named in ``of_whole_recordings`` are None in a live run.
    """

    of_whole_recordings: tuple[str, ...] = ()
    keeps_level: Any = ("baseline", None)  # parameter and value that keep the level of recordings

    def _level(self, samples: Any) -> Any:
        """Return the level (channel,) that is subtracted from a recording; None for none."""
        return None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn channels and scales from training recordings.

        Parameters
        ----------
        X : Series, list, 3-D array, one-column DataFrame, or one lone stream
            Sampled streams; each a DataArray (time, channel) or a 2-D array.
        y : array-like of shape (recording,), default=None
            Classes, from which nothing is learnt: ``fit`` warns where the baseline takes away what
            tells them apart.

        Returns
        -------
        self
        """
        self._check_parameters()
        self._interval = None  # of a fit before
        streams = self._read(X, fitting=True)
        self._interval = interval_of(streams.cells)
        warn_of_labels(streams.cells, self.channels_)
        self._learn(streams.cells)
        self._check_units(streams.cells)
        self._lasting = self._learn_lasting(streams)
        self.n_features_out_ = len(self._names_out())
        self.input_shape_ = (1, len(self.channels_), len(self._labels()))
        drives = [
            self._encode(samples, streams.place(i)) for i, samples in enumerate(streams.cells)
        ]
        if y is not None:
            warn_of_levels(self, streams.cells, drives, y)
        self.n_steps_ = max(map(len, drives))  # the length of an absent recording
        self._learn_scale(np.concatenate(drives))
        return self

    @property
    def learns_levels(self) -> bool:
        """Whether anything that `adapt` learns anew enters the drive."""
        return self.scale is not None

    def adapt(self, X: Any) -> Self:
        """Learn levels and scales anew, from recordings without labels; all else stays.

        For sensors that age or are exchanged: channels, steps and inputs stay those of ``fit``. An
        input that does not vary in the recordings keeps its scale.

        Parameters
        ----------
        X : as in ``transform``
            Recordings of the sensors as they are now, two or more, or one lone stream. Levels are
            means over all of them, so their classes should be about as mixed as those of training.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For fewer recordings, what ``transform`` refuses, or an encoder that learns neither
            levels nor scales. Nothing is changed then.

        Warns
        -----
        UserWarning
            If the scale of an input falls below a thousandth of what it was.

        Examples
        --------
        >>> from mottle.sensors import TaxelDrive
        >>> young = np.random.default_rng(0).normal(size=(20, 5, 1))
        >>> encoder = TaxelDrive(None, baseline="training").fit(young)
        >>> aged = 3 + 2 * young
        >>> np.allclose(encoder.adapt(aged).transform(aged)[0], encoder.fit_transform(young)[0])
        True
        """
        check_is_fitted(self)
        if not self.learns_levels:
            raise ValueError(
                f"{self!r} learns neither levels nor scales, so that there is nothing to adapt."
            )
        streams = self._read(X, fitting=False)
        present = [i for i, samples in enumerate(streams.cells) if samples is not None]
        if len(present) < 2 and not streams.one:
            raise ValueError(f"adapt learns from two recordings or more, and {len(present)} came.")
        cells, fresh = [streams.cells[i] for i in present], copy(self)
        fresh._learn_levels(cells)
        fresh._keep_still(self, cells)
        drives = np.concatenate(
            [fresh._encode(streams.cells[i], streams.place(i)) for i in present]
        )
        fresh._learn_scale(drives)
        fresh.scale_ = np.where(np.ptp(drives, axis=0) > 0, fresh.scale_, self.scale_)
        faint = np.flatnonzero(fresh.scale_ < FAINT * self.scale_)
        if faint.size:
            names = ", ".join(self._names_out()[k] for k in faint[:5])
            warn(
                f"the scale of {faint.size} inputs is below {FAINT:g} of what it was in training: "
                f"{names}. What is left may be the noise of a sensor that is off.",
                UserWarning, stacklevel=2,
            )  # fmt: skip
        self.__dict__.update(fresh.__dict__)
        return self

    def transform(self, X: Any) -> Any:
        """Return the drives of the recordings.

        Parameters
        ----------
        X : Series, list, 3-D array, one-column DataFrame, or one lone stream
            Sampled streams with the channels of fit, None where the sense is absent.

        Returns
        -------
        ndarray of shape (recording, step, input) or (step, input), or list of (step, input)
            The drive; NaN throughout for an absent recording.
        """
        check_is_fitted(self)
        streams = self._read(X, fitting=False)
        if getattr(self, "_lasting", None) is not None:  # saved models of before have none
            self._check_lasting(streams, self._lasting)
        drives = [
            None if samples is None else self._scale(self._encode(samples, streams.place(i)))
            for i, samples in enumerate(streams.cells)
        ]
        return self._pack(drives, streams, self.n_steps_)

    def step_times(self, X: Any) -> list[NDArray | None] | None:
        """Return when the steps of the drives begin.

        Parameters
        ----------
        X : as in ``transform``
            Sampled streams, None where the sense is absent.

        Returns
        -------
        times : list of (ndarray of shape (step,) or None)
            In s, on the clock of each recording; None for an absent one.

        Examples
        --------
        >>> from mottle.sensors import GasDrive
        >>> rows = np.arange(1.0, 7.0)[:, np.newaxis]  # without a time, rows are 1 s apart
        >>> GasDrive(None, dt=2.0).fit([rows]).step_times([rows, None])
        [array([0., 2., 4.]), None]
        """
        check_is_fitted(self)
        cells = self._read(X, fitting=False).cells
        return [None if samples is None else self._begins(samples) for samples in cells]

    def _begins(self, samples):
        """Return the times in s at which the steps of one recording begin."""
        return samples.time

    def _step_of(self, samples):
        """Return how long a step of a recording lasts in the mean, in s; 0 if it does not say."""
        if samples is None or not samples.timed:
            return 0.0
        begins = self._begins(samples)
        return float(begins[-1] - begins[0]) / max(len(begins) - 1, 1)

    @property
    def steps_of_training(self) -> tuple[float, float] | None:
        """Shortest and longest usual time between rows of training in s; None if unknown."""
        usual = getattr(self, "_interval", None)
        lasting = getattr(self, "_lasting", None)
        if usual is None:
            return None
        if lasting is None or getattr(self, "n_steps", None) is not None:
            return usual, usual
        return min(usual, lasting[0]), max(usual, lasting[1])

    def _learn_lasting(self, streams):
        """Return the shortest and the longest step of training in s; None if all are ``dt``."""
        if getattr(self, "dt", None) is not None:
            return None
        lasting = [step for step in map(self._step_of, streams.cells) if step > 0]
        if not lasting:
            return None
        if getattr(self, "n_steps", None) is None:
            usual = float(np.median(lasting))
            self._check_lasting(streams, (usual, usual))
        return min(lasting), max(lasting)

    def _check_lasting(self, streams, learnt):
        """Warn of the first recording with steps far longer or shorter than those learnt."""
        apart = APART if getattr(self, "n_steps", None) is None else STRETCHED
        for i, samples in enumerate(streams.cells):
            step = self._step_of(samples)
            if step > 0 and not learnt[0] / apart <= step <= learnt[1] * apart:
                learns = " to ".join(f"{one:g}" for one in dict.fromkeys(learnt))
                warn(
                    f"a step of {streams.place(i)} lasts {step:g} s, and in training {learns} s: "
                    "the reservoir gets its signals faster or slower than it learns them. Bring "
                    "recordings to one rate and length, or let time decide (GasDrive(dt=...)).",
                    UserWarning, stacklevel=4,
                )  # fmt: skip
                return

    def advance(self, state: Any, X: Any) -> Any:
        """Carry live runs on by some rows, each a step; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : EncoderState
            From ``start`` or the call before; it is not changed.
        X : ndarray of shape (n_recordings, n_rows, n_channels), list of streams, or one lone stream
            The next rows of every run, as many of each. Without a ``time`` coordinate, they come at
            the rate of training; where that has no times either, time is the number of the row.

        Returns
        -------
        state : EncoderState
            Where the runs stand now.
        drive : ndarray of shape (n_recordings, n_rows, input)
            The drive of these rows.

        Raises
        ------
        ValueError
            As ``transform``, and if the runs advance by different numbers of rows.

        Examples
        --------
        >>> from mottle.sensors import LevelCrossing
        >>> rows = np.array([[1.0], [1.3], [1.1], [0.6]])
        >>> encoder = LevelCrossing(threshold=0.2).fit(rows)
        >>> state, first = encoder.advance(encoder.start(), rows[:2])
        >>> state, rest = encoder.advance(state, rows[2:])
        >>> np.concatenate([first[0], rest[0]]).tolist() == encoder.transform(rows).tolist()
        True
        """
        streams = self._plain_rows(state, X)
        if streams is None:
            streams = self._read_rows(state, X)
        values = {name: value.copy() for name, value in state.values.items()}
        drives = []
        for run, samples in enumerate(streams.cells):
            past = {name: value[run] for name, value in values.items()}
            drives.append(self._scale(self._go_on(samples, past, state.step, streams.place(run))))
        n_rows = len(streams.cells[0].values)
        state = EncoderState(state.owner, state.n_recordings, state.step + n_rows, values)
        return state, drives[0][np.newaxis] if len(drives) == 1 else np.stack(drives)

    def _plain_rows(self, state, X):
        """Return the rows of live runs if they are a block of proper numbers, else None.

        ``_read_rows`` would return the same, for much longer than a step takes.
        """
        plain = type(X) is np.ndarray and X.ndim == 3 and X.size and X.dtype.kind in "biuf"
        if not plain or not hasattr(self, "_keep") or X.shape[2] != self.n_features_in_:
            return None
        values = np.take(X, self._keep, axis=2).astype(np.float64, copy=False)
        if not np.abs(values).max() < LARGEST:  # nor if one is NaN
            return None
        self._check_state(state, len(X))
        time = self._times_from(state.step, X.shape[1])
        return Streams([Samples(rows, time, None) for rows in values], False)

    def _read_rows(self, state, X):
        """Return the rows of live runs, checked."""
        check_is_fitted(self)
        found = label_frames(as_streams(X))
        cells = found.cells
        streams = self._read_streams(found, fitting=False)
        check_live_times(cells)
        self._check_state(state, len(cells))
        check_chunk(streams)
        rows = [len(samples.values) for samples in streams.cells]
        if len(set(rows)) > 1:
            raise ValueError(f"the runs advance together, and their rows differ: {rows}.")
        has_times = ["time" in getattr(cell, "coords", ()) for cell in cells]
        time = self._times_from(state.step, rows[0])
        return streams._replace(cells=[
            samples if own else samples._replace(time=time)
            for samples, own in zip(streams.cells, has_times, strict=True)
        ])  # fmt: skip

    def _times_from(self, step, n):
        """Return the times of ``n`` rows without times from number ``step`` of a run on, in s."""
        return (np.arange(n, dtype=np.float64) + step) * (getattr(self, "_interval", None) or 1.0)

    def _check_causal(self):
        for name in self.of_whole_recordings:
            value = getattr(self, name)
            if value is not None:
                raise ValueError(
                    f"{name}={value} refers to whole recordings, and a live run has no known end: "
                    f"set {name}=None, so that every row is a step."
                )

    def _embedded(self, text, sizes, numbers, tables, state):
        """Return the encoder in C, given its own text and values."""
        self._check_causal()
        n = self.n_features_out_
        sizes = {"N_CHANNELS": len(self.channels_), "N_OUT": n, **sizes}
        tables = {"channels": np.array(self._keep, np.uint16), "scale": self.scale_, **tables}
        state = {"begun": np.uint32(0), **state}
        numbers = {"most": self.clip, **numbers}
        return CStage(text, self.n_features_in_, n, sizes, numbers, tables, state)

    @abstractmethod
    def _encode(self, samples, place):
        """Return the unscaled drive (step, input) of one recording."""

    @abstractmethod
    def _go_on(self, samples, past, step, place):
        """Return the unscaled drive of the rows from ``step`` on; ``past`` goes on in place."""

    @abstractmethod
    def _labels(self):
        """Return what is added to a channel's name for each of its inputs."""

    def _check_parameters(self):
        check_option("scale", self.scale, ("channel", "global", None))
        check_positive("clip", self.clip, "scaled units")
        if isinstance(self.channels, str):
            raise TypeError(f"channels={self.channels!r} is one name; pass [{self.channels!r}].")
        if self.channels is not None:
            several = isinstance(self.channels, Iterable) and not isinstance(self.channels, Mapping)
            if not several or not all(isinstance(c, str) or is_whole(c) for c in self.channels):
                raise ValueError(
                    f"channels={self.channels!r} must be a list of names or numbers of channels, "
                    "or None for all."
                )

    def _learn(self, cells):
        """Learn what ``_encode`` needs, before it is called."""
        self._learn_levels(cells)

    def _learn_levels(self, cells):
        """Learn that part of it which changes as sensors age."""

    def _keep_still(self, before, cells):
        """Take from the encoder ``before`` what channels that do not vary cannot tell."""

    def _check_units(self, cells):
        """Warn of times and sizes that are far from those of the training recordings."""

    def _names_out(self):
        return [name + label for name in self.channels_ for label in self._labels()]

    def _kinds(self):
        """Return a number for every input; inputs with one number are comparable in size."""
        return np.tile(np.arange(len(self._labels())), len(self.channels_))

    def _learn_scale(self, drives):
        self.scale_ = np.ones(drives.shape[1])
        if self.scale is not None:
            self.scale_ = learn_spread(drives, self._kinds(), self.scale)

    def _scale(self, drive):
        if self.scale is None:
            return drive
        scaled = drive / self.scale_  # np.clip takes longer than both for a live row
        np.minimum(scaled, self.clip, out=scaled)
        return np.maximum(scaled, -self.clip, out=scaled)

    def _check_restored(self):
        if hasattr(self, "_keep"):
            check_equal("_keep", len(self._keep), len(self.channels_))
            check_places("_keep", self._keep, self.n_features_in_)

    def _read(self, X, fitting):
        return self._read_streams(label_frames(as_streams(X)), fitting)

    def _read_streams(self, streams, fitting):
        if streams.one and not hasattr(streams.cells[0], "dims"):
            cells = [self._read_plain(streams.cells[0], fitting)]
            return Streams(cells, True, streams.sense)
        if fitting:
            check_present(streams)
            first, place = streams.cells[0], streams.place(0)
            self._learn_channels(*shape_of_samples(first, place))
            self._units = units_of(first)
        cells = [
            None if is_absent(cell) else self._take(cell, streams.place(recording))
            for recording, cell in enumerate(streams.cells)
        ]
        return streams._replace(cells=cells)

    def _read_plain(self, table, fitting):
        """Have scikit-learn check one plain table of numbers, with its own messages."""
        if table is None or getattr(getattr(table, "dtype", None), "names", None):
            shape_of_samples(table, "the input")  # raises with the reason
        values = validate_data(
            self, table, dtype=np.float64, reset=fitting, ensure_all_finite=False
        )
        if fitting:
            names = getattr(self, "feature_names_in_", None)
            self._learn_channels(None if names is None else list(names), values.shape[1])
        return self._take(values, "the input")

    def _learn_channels(self, names, n_channels):
        """Keep the channels of the first training recording, and which of them are used."""
        self.n_features_in_ = n_channels
        known = names or [f"channel{index}" for index in range(n_channels)]
        chosen = self._choose(known)
        self._chosen = chosen is not None
        self._keep = list(range(n_channels)) if chosen is None else _places(chosen, known)
        self._named = names is not None
        self.channels_ = [known[index] for index in self._keep]
        if not self.channels_:
            raise ValueError(f"no channel is left of {', '.join(known)}; see channels=.")

    def _choose(self, known):
        """Return the channels to keep by name or number, or None for all."""
        return self.channels

    def _take(self, cell, place):
        """Check one recording and pick its channels, by name where it has names."""
        names, n_channels = shape_of_samples(cell, place)
        for name, unit in units_of(cell).items():
            known = getattr(self, "_units", {}).get(name, unit)
            if name in self.channels_ and unit != known:
                raise ValueError(
                    f"channel {name!r} of {place} is in {unit!r}, and in {known!r} in the first "
                    "training recording: convert it."
                )
        if names == [str(k) for k in range(n_channels)] and not set(names) & set(self.channels_):
            names = None  # numbers of columns, as files without names have
        if self._named and names is not None:
            extra = [name for name in names if name not in self.channels_]
            if extra and not self._chosen:
                raise ValueError(
                    f"{place} has a channel '{extra[0]}' which the first training recording lacks "
                    f"(it has {', '.join(self.channels_)}); choose with channels=[...]."
                )
            return self._timed(check_samples(cell, place, self.channels_))
        if n_channels != self.n_features_in_:
            raise ValueError(
                f"{place} has {n_channels} channels where the first training recording has "
                f"{self.n_features_in_}; every recording needs the same ones."
            )
        return self._timed(check_samples(cell, place, self._keep))

    def _timed(self, samples):
        """Return samples without times with those of the rate of training, if that is known."""
        interval = getattr(self, "_interval", None)
        known = samples.timed or interval is None
        return samples if known else samples._replace(time=samples.time * interval)


def interval_of(cells: Any) -> float | None:
    """Return the usual time between rows of recordings in s; None if none states times.

    Examples
    --------
    >>> rows = Samples(np.zeros((3, 1)), np.array([0.0, 0.1, 0.2]), None, timed=True)
    >>> interval_of([rows, rows._replace(timed=False)])
    0.1
    """
    steps = [np.median(np.diff(one.time)) for one in cells
             if one.timed and len(one.time) > 1]  # fmt: skip
    usual = float(f"{np.median(steps):.12g}") if steps else 0.0
    return usual if usual > 0 else None


def units_of(cell: Any) -> dict[str, str]:
    """Return the units of channels that a recording states, as a row of units does.

    Examples
    --------
    >>> import xarray as xr
    >>> rows = xr.DataArray(np.zeros((2, 2)), dims=("time", "channel"))
    >>> units_of(rows.assign_coords(channel=["a", "b"], unit=("channel", ["mV", ""])))
    {'a': 'mV'}
    """
    coords = getattr(cell, "coords", ())
    if "unit" not in coords or "channel" not in coords:
        return {}
    units = variable_of(cell, "unit")
    if units.dims != ("channel",):
        return {}
    names = variable_of(cell, "channel").values.tolist()
    found = zip(names, units.values.tolist(), strict=True)
    return {str(name): str(unit) for name, unit in found if str(unit)}


def tell_stretching(n_steps: int | None, cells: Any) -> None:
    """Log one line on recordings with fewer rows than they shall have steps, not for each part.

    Examples
    --------
    >>> from mottle.sensors.streams import Samples
    >>> tell_stretching(2, [Samples(np.zeros((2, 1)), np.arange(2.0), None)])
    """
    rows = np.array([len(samples.values) for samples in cells])
    if n_steps is not None and rows.min() < n_steps:
        say_once(
            ("n_steps", n_steps, int(rows.min())),
            "n_steps=%d stretches %d of %d recordings, the shortest from %d rows: steps without a "
            "row are interpolated. n_steps=%d does not, and n_steps=None keeps the rows.",
            n_steps, np.sum(rows < n_steps), len(rows), rows.min(), rows.min(),
        )  # fmt: skip


def warn_of_levels(encoder: Any, cells: Any, drives: Any, y: Any) -> None:
    """Warn if the baseline of an encoder takes away what tells the classes apart.

    Parameters
    ----------
    encoder : SampledEncoder
        Whose ``_level`` is the level that is subtracted from a recording, or None.
    cells : list of Samples
        Training recordings.
    drives : list of ndarray of shape (step, input)
        Of these.
    y : array-like
        Labels; other targets, and fewer than three recordings a class, are left alone.
    """
    if isinstance(y, list) and y and np.ndim(y[0]):
        return  # targets of steps, maybe of unequal numbers
    labels = np.asarray(y)
    if labels.ndim != 1 or len(labels) != len(cells) or labels.dtype.kind == "f":
        return
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    levels = [encoder._level(samples) for samples in cells]
    if not are_enough(codes) or any(level is None for level in levels):
        return
    before = explained(np.stack(levels), codes)
    left = np.stack([np.r_[drive.mean(axis=0), drive.std(axis=0)] for drive in drives])
    most, rest = float(before.max()), float(explained(left, codes).max())
    if most >= LEVEL and rest < most / 2:
        channel = encoder.channels_[int(np.argmax(before))]
        name, other = encoder.keeps_level
        warn(
            f"{name}={getattr(encoder, name)!r} subtracts a level that tells the classes apart: "
            f"they explain {100 * most:.0f} % of its variance over the training recordings "
            f"(channel {channel!r}), and at most {100 * rest:.0f} % of what is left. "
            f"{name}={other!r} keeps it.",
            UserWarning, stacklevel=4,
        )  # fmt: skip


def are_enough(codes: NDArray[Any]) -> bool:
    """Return whether there are two classes or more, and three recordings a class in the mean."""
    return 2 <= int(codes.max()) + 1 <= len(codes) // 3


def explained(values: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.float64]:
    """Return the fraction of the variance of each column that classes explain, less that of chance.

    Examples
    --------
    >>> explained(np.array([[0.0, 1], [0, 2], [1, 1], [1, 2]]), np.array([0, 0, 1, 1])).tolist()
    [1.0, 0.0]
    """
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    inside = np.zeros(values.shape[1])
    n_classes = int(codes.max()) + 1
    for code in range(n_classes):
        own = values[codes == code]
        inside += ((own - own.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = inside / total * (len(values) - 1) / max(len(values) - n_classes, 1)
    found: NDArray[np.float64] = np.clip(np.where(total > 0, 1 - ratio, 0.0), 0.0, 1.0)
    return found


def warn_of_labels(cells, channels):
    """Warn of channels that are constant within every recording and differ between them."""
    if len(cells) < 2 or any(len(samples.values) < 2 for samples in cells):
        return
    firsts = np.array([samples.values[0] for samples in cells])
    still = np.all([(samples.values == samples.values[0]).all(axis=0) for samples in cells], axis=0)
    found = [channels[k] for k in np.flatnonzero(still & (firsts != firsts[0]).any(axis=0))]
    if found and len(found) < len(channels):
        warn(
            f"constant within every training recording and different between them: "
            f"{', '.join(map(repr, found))}. A label or a setting is no input: choose with "
            "channels=[...].",
            UserWarning, stacklevel=3,
        )  # fmt: skip


def label_frames(streams):
    """Return streams whose tables with a time are DataArrays, and others tables of numbers."""
    cells = []
    for recording, cell in enumerate(streams.cells):
        if isinstance(cell, pd.DataFrame):
            labelled = label_frame(cell, streams.place(recording))
            if "time" in labelled.coords or not streams.one:
                cell = labelled
        cells.append(cell)
    return streams._replace(cells=cells)


def check_live_times(cells):
    """Refuse dates in a live run: seconds from the first sample would begin anew in each chunk."""
    for run, cell in enumerate(cells):
        timed = "time" in getattr(cell, "coords", ())
        dated = timed and variable_of(cell, "time").dtype.kind == "M"
        if dated or "time_start" in getattr(cell, "attrs", {}):
            raise ValueError(
                f"run {run} has dates as its time: a live run needs seconds since its beginning, "
                "(time - start) / pandas.Timedelta(1, 's')."
            )


def _places(chosen, known):
    """Return the numbers of the chosen channels."""
    places = []
    for channel in chosen:
        if isinstance(channel, str) and channel in known:
            places.append(known.index(channel))
        elif is_whole(channel) and -len(known) <= channel < len(known):
            places.append(int(channel) % len(known))
        else:
            raise ValueError(
                f"there is no channel {channel!r}{suggest(channel, known)} The first training "
                f"recording has {len(known)}: {', '.join(known)}."
            )
    if len(set(places)) != len(places):
        raise ValueError(f"channels={list(chosen)!r} names a channel twice.")
    return places


def learn_spread(drives, kinds, scale="channel", floor=FLOOR):
    """Return what to divide every input by: its root mean square over the training steps.

    Parameters
    ----------
    drives : ndarray of shape (step, input)
        Training drives, one below the other.
    kinds : ndarray of shape (input,)
        Inputs with the same number have one floor, and with ``"global"`` one spread.
    scale : {"channel", "global"}
        One spread an input, or one a kind.
    floor : float
        Least spread, as a fraction of the median spread of the inputs of its kind that move.

    Returns
    -------
    ndarray of shape (input,)
        Positive; 1 where no input of the kind moves.

    Examples
    --------
    >>> drives = np.array([[3.0, 0.001, 0.0], [-3.0, 0.001, 0.0]])
    >>> learn_spread(drives, np.zeros(3)).round(3).tolist()
    [3.0, 0.075, 0.075]
    """
    squares = np.mean(drives**2, axis=0)
    spread = np.sqrt(squares)
    for kind in np.unique(kinds):
        of_kind = kinds == kind
        moving = of_kind & (spread > 0)
        if not moving.any():
            spread[of_kind] = 1.0
        elif scale == "global":
            spread[of_kind] = np.sqrt(squares[of_kind].mean())
        else:
            spread[of_kind] = np.maximum(spread[of_kind], floor * np.median(spread[moving]))
    return spread
