"""Fit and predict from long drives chunk by chunk, without all states in memory."""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import order_dims
from mottle.checks import check_whole, names_arguments
from mottle.containers import check_container
from mottle.events import is_event_stream
from mottle.reservoir.readout import chain as stages
from mottle.reservoir.readout.rows import rows_a_block


@names_arguments
def fit_stream(
    reservoir: Any,
    readout: Any,
    drive: Any,
    target: Any = None,
    *,
    washout: int = 0,
    groups: Any = None,
    classes: Any = None,
    chunk: int | None = None,
) -> Any:
    """Fit a readout to the states of recordings, of which only a chunk is in memory at a time.

    The result equals that of ``readout.fit`` on all states at once, except for rounding; that of a
    readout which learns row by row to the bit. Recordings that fit into a chunk run in parallel on
    several threads; a longer one runs chunk by chunk. If the penalty is chosen by "loo", the
    reservoir runs twice.

    Parameters
    ----------
    reservoir : reservoir, or Pipeline, FeatureUnion or ColumnTransformer of such
        Fitted, without pooling. Other stages, such as scalers, take every step as a row.
    readout : RidgeReadout, RLSReadout or LMSReadout
        Fitted here.
    drive : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), list, iterator
        One recording (numpy, zarr, dask or xarray; read chunk by chunk) or many; the items of a
        list or an iterator are recordings. An iterator is read once: the penalty cannot be chosen
        by "loo".
    target : array, list or iterator, default=None
        A number, label or row of numbers for each step, arranged as the drive. None: the items of
        ``drive`` are pairs (drive, target).
    washout : int, default=0
        Steps at the beginning of each recording that are left out of training.
    groups : array-like or iterator, default=None
        Group of each recording; cross-validation does not split groups.
    classes : array-like, default=None
        All labels that will occur; None takes those of ``target``, or of the first item of an
        iterator.
    chunk : int, default=None
        Steps run at once; None: as many as give 4 MiB of states.

    Returns
    -------
    readout : RidgeReadout, RLSReadout or LMSReadout
        The fitted readout.

    Examples
    --------
    >>> from mottle.reservoir import EchoStateReservoir, RidgeReadout
    >>> drive = np.random.default_rng(0).uniform(-1, 1, (5000, 1))
    >>> before = np.roll(drive[:, 0], 1)
    >>> reservoir = EchoStateReservoir(50, leak=1.0, random_state=0).fit(drive)
    >>> readout = fit_stream(reservoir, RidgeReadout(), drive, before, washout=50)
    >>> readout.score(reservoir.transform(drive), before) > 0.9
    True
    """
    stages.check_stage(reservoir)
    if not hasattr(readout, "fit_blocks"):
        raise ValueError(
            f"{readout!r} cannot be fitted to blocks; take RidgeReadout, RLSReadout or LMSReadout, "
            "or fit on reservoir.transform(drive)."
        )
    recordings = _recordings(drive, target, groups)
    again = isinstance(recordings, _Recordings)
    if again:
        sample = recordings.sample()
    else:
        first = next(recordings, None)
        if first is None:
            raise ValueError("the iterator yields no recording; expected at least one.")
        recordings, sample = chain([first], recordings), np.asarray(first[1])
    steps = _Steps(reservoir, recordings, washout, chunk)
    return readout.fit_blocks(
        steps, sample, classes=classes, grouped=groups is not None, again=again
    )


@names_arguments
def predict_stream(
    reservoir: Any, readout: Any, drive: Any, *, method: str = "predict", chunk: int | None = None
) -> Any:
    """Predict every step of recordings chunk by chunk, without keeping states.

    Parameters
    ----------
    reservoir : reservoir, or Pipeline, FeatureUnion or ColumnTransformer of such
        Fitted, without pooling. Other stages, such as scalers, take every step as a row.
    readout : estimator
        Any fitted estimator of scikit-learn.
    drive : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), list, iterator
        As in ``fit_stream``.
    method : str, default="predict"
        Method of the readout: "predict", "predict_proba" or "decision_function".
    chunk : int, default=None
        Steps run at once; None: as many as give 4 MiB of states.

    Returns
    -------
    predictions : ndarray of shape (n_steps,) or (n_steps, n_targets), or list of such
        A list unless the drive is one recording.

    Examples
    --------
    >>> from mottle.reservoir import EchoStateReservoir, RidgeReadout
    >>> drive = np.random.default_rng(0).uniform(-1, 1, (500, 1))
    >>> reservoir = EchoStateReservoir(20, random_state=0).fit(drive)
    >>> readout = fit_stream(reservoir, RidgeReadout(), drive, drive[:, 0])
    >>> predict_stream(reservoir, readout, drive, chunk=64).shape
    (500,)
    """
    stages.check_stage(reservoir)
    readout = stages.readout_of_steps(readout)
    recordings = _recordings(drive, None, None, targeted=False)
    parts: list[list[NDArray]] = []
    for pieces in _Steps(reservoir, recordings, 0, chunk).pieces():
        for place, _, states, _, _ in pieces:
            if place == len(parts):
                parts.append([])
            parts[place].append(getattr(readout, method)(states))
    predictions = [np.concatenate(part) for part in parts]
    return predictions[0] if _is_one(drive) else predictions


def _is_one(drive: Any) -> bool:
    """Return whether a drive is one recording: an array (step, input) or an event stream."""
    return getattr(drive, "ndim", 0) == 2 or is_event_stream(drive)


def _recordings(drive: Any, target: Any, groups: Any, targeted: bool = True) -> Any:
    """Return triples (drive, target, group); they can be read once if the drive is an iterator."""
    if not isinstance(drive, Iterator):
        check_container(drive, "drive")
    drive = order_dims(drive)
    if hasattr(drive, "to_numpy") and not hasattr(drive, "chunks"):  # a table
        drive = drive.to_numpy()
    if getattr(drive, "ndim", 0) == 1 and drive.dtype.kind in "biuf":
        raise ValueError(
            f"the drive has shape {drive.shape}; expected (n_steps, n_inputs): for one input, "
            "drive.reshape(-1, 1)."
        )
    if _is_one(drive):
        drive, target = [drive], [target]
    if isinstance(drive, Iterator):
        pairs: Any = map(_pair, drive) if target is None else _paired(drive, target, "targets")
        pairs = pairs if targeted else ((x, None) for x in drive)
        named: Any = ((pair, None) for pair in pairs)
        named = named if groups is None else _paired(pairs, groups, "groups")
        return ((order_dims(x), y, group) for (x, y), group in named)
    if target is None and targeted:
        drive, target = map(list, zip(*map(_pair, drive), strict=True))
    return _Recordings(drive, list(target) if isinstance(target, Iterator) else target, groups)


def _pair(item: Any) -> Any:
    if isinstance(item, tuple | list) and len(item) == 2:
        return item
    raise ValueError("target is missing; without one, items must be pairs (drive, target).")


def _paired(drives: Iterator[Any], others: Iterable[Any], name: str) -> Iterator[Any]:
    for i, pair in enumerate(zip_longest(drives, others, fillvalue=_Recordings)):
        if pair[0] is _Recordings or pair[1] is _Recordings:
            raise ValueError(
                f"the numbers of drives and {name} differ: one of them ends before item {i}."
            )
        yield pair


class _Recordings:
    """Triples (drive, target, group), each read when it is needed."""

    def __init__(self, drive: Any, target: Any, groups: Any):
        self.n = self._count(drive)
        none = [None] * self.n
        self.drive, self.targets = drive, none if target is None else target
        self.groups = none if groups is None else list(groups)
        for name, others in (("targets", self.targets), ("groups", self.groups)):
            if self._count(others) != self.n:
                raise ValueError(
                    f"{self.n} recordings, but {self._count(others)} {name}; give one for each."
                )
        if self.n == 0:
            raise ValueError("the drive holds no recording; expected at least one.")

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return ((order_dims(self.drive[i]), self.targets[i], self.groups[i]) for i in range(self.n))

    @staticmethod
    def _count(items: Any) -> int:
        return int(items.shape[0] if hasattr(items, "shape") else len(items))

    def sample(self) -> NDArray:
        """Return targets that have the type and dimensions of all, and every label."""
        if self.targets[0] is None:
            raise ValueError("target is missing; a readout of steps needs one per step.")
        first = np.asarray(self.targets[0][:1])
        if first.dtype.kind == "f":
            return first
        return np.concatenate([np.asarray(self.targets[i]).ravel() for i in range(self.n)])


class _Steps:
    """Blocks of states and targets, for a readout; each iteration runs the reservoir again."""

    def __init__(self, stage: Any, recordings: Iterable[Any], washout: int, chunk: int | None):
        self.stage, self.recordings = stage, recordings
        self.washout = check_whole("washout", washout, 0)
        self.first = next(stages.leaves(stage))
        width = max(stages.n_outputs(stage), self.first.n_features_in_)
        self.chunk = rows_a_block(width) if chunk is None else check_whole("chunk", chunk)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield (states, targets, weights, groups or None)."""
        for pieces in self.pieces():
            X, y, groups = [], [], []
            for place, start, states, target, group in pieces:
                skip = max(0, self.washout - start)
                if skip < len(states):
                    X.append(states[skip:])
                    y.append(self._targets(place, target, slice(start + skip, start + len(states))))
                    groups += [group] * (len(states) - skip)
            if X:
                rows = np.concatenate(X) if len(X) > 1 else X[0]
                names = None if groups[0] is None else np.array(groups)
                yield rows, np.concatenate(y), np.broadcast_to(1.0, (len(rows),)), names

    def pieces(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield lists of (place, first step, states, target, group), at most a chunk each."""
        short: list[tuple[Any, ...]] = []
        longest = 0
        for place, (drive, target, group) in enumerate(self.recordings):
            n_steps = self._n_steps(drive)
            if target is not None:
                self._check_length(place, n_steps, target)
            if short and max(longest, n_steps) * (len(short) + 1) > self.chunk:
                yield from self._side_by_side(short)
                short, longest = [], 0
            if n_steps > self.chunk and not is_event_stream(drive):
                yield from self._in_chunks(place, drive, target, group)
            else:
                short.append((place, drive, target, group))
                longest = max(longest, n_steps)
        if short:
            yield from self._side_by_side(short)

    def _n_steps(self, drive: Any) -> int:
        return int(self.first.n_steps if is_event_stream(drive) else np.shape(drive)[0])

    def _check_length(self, place: int, n_steps: int, target: Any) -> None:
        n_targets = np.shape(target)[0] if np.ndim(target) else 0
        if n_targets != n_steps:
            raise ValueError(
                f"recording {place} has {n_steps} steps and {n_targets} targets; a readout of "
                "steps needs one target per step."
            )
        if n_steps <= self.washout:
            raise ValueError(
                f"recording {place} has {n_steps} steps, and washout={self.washout} leaves none; "
                "take fewer, or drop the recording."
            )

    def _targets(self, place: int, target: Any, steps: slice) -> NDArray:
        values = np.asarray(target[steps])
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            step = steps.start + int(np.argwhere(~np.isfinite(values))[0, 0])
            raise ValueError(f"the target of recording {place} is not finite at step {step}.")
        return values

    def _side_by_side(self, batch: list[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
        """Run recordings that fit into a chunk together, as ``transform`` does."""
        try:
            states = stages.run(self.stage, [drive for _, drive, *_ in batch])
        except ValueError as error:
            first = batch[0][0]
            raise ValueError(f"(recordings counted from number {first}) {error}") from error
        pieces = []
        for out, (place, _, *others) in zip(states, batch, strict=True):
            if np.isnan(out[0]).all():
                raise ValueError(f"recording {place} is absent; leave it out.")
            pieces.append((place, 0, out, *others))
        yield pieces

    def _in_chunks(self, place: int, drive: Any, *others: Any) -> Iterator[list[tuple[Any, ...]]]:
        """Run one long recording chunk by chunk, with the noise of ``transform``."""
        starts = range(0, np.shape(drive)[0], self.chunk)

        def chunks() -> Iterator[NDArray]:
            return (np.asarray(drive[k : k + self.chunk], dtype=np.float64) for k in starts)

        state = stages.start_for(self.stage, chunks)
        for k, chunk in zip(starts, chunks(), strict=True):
            try:
                state, states = stages.advance(self.stage, state, chunk[np.newaxis])
            except ValueError as error:
                last = k + len(chunk) - 1
                raise ValueError(f"recording {place}, steps {k} to {last}: {error}") from error
            yield [(place, k, states[0], *others)]
