"""LiveRun: a fitted model advanced step by step, from streams to predictions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import order_dims
from mottle.checks import check_number, check_whole
from mottle.reservoir.nodes.supply import WARNED
from mottle.reservoir.readout import chain as stages
from mottle.reservoir.readout.entry import Drives, Entry
from mottle.reservoir.readout.kept import read_state, write_state

LATEST = 9e12  # s, which int64 holds in us


class LiveRun:
    """Predictions from a stream in real time.

    Chunks of any length give the same results as ``transform`` and the readout on the whole stream,
    from rest.

    Parameters
    ----------
    reservoir : fitted model
        A whole pipeline with its encoders, `SensorClassifier` and fusions included; or a reservoir,
        or Pipeline, FeatureUnion or ColumnTransformer of reservoirs, on drives. Other stages, such
        as scalers, take every step as a row. For a reservoir fitted on event streams use its own
        ``advance``.
    readout : estimator, default=None
        Any fitted estimator of scikit-learn. None: the final estimator of a pipeline, if there is
        one; otherwise states are returned. A `SequenceReadout` predicts the steps of its washout,
        too.
    n_recordings : int, default=1
        Number of parallel runs; several take drives or rows in arrays only.
    keys : array-like of int of shape (n_recordings,), default=None
        Key of each run's noise, by default its index.
    method : str, default="predict"
        Method of the readout: "predict", "predict_proba", "decision_function".
    window : int, default=None
        Latest steps that reservoirs pool. None: as many as the longest recording of ``fit`` had.
        Before, all steps since the beginning are pooled.

    Attributes
    ----------
    state : nested lists of states
        Of the stages; may be stored and set again.
    counts : dict of str to dict of str to int
        By sense (column; "stream" where there is one): samples and events that came "late", samples
        "repeated" at the time of the one before, and events "outside" the sensor. They are left
        out. "gaps": times between samples of more than 1.9 times those of training.

    Raises
    ------
    ValueError
        For a method that the readout does not have; for an encoder that needs what comes later,
        named with the parameter; for readouts and reservoirs that give one value a recording where
        others give one a step.

    Warns
    -----
    UserWarning
        Where the first ten samples, with their times, come at another rate than in training.

    Notes
    -----
    A reservoir that pools gives the features of the recording so far: at its end the prediction is
    that of ``predict``, to the byte where noise is absent. ``restart`` begins the next recording.

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir, RidgeReadout
    >>> drive = np.random.default_rng(0).uniform(-1, 1, (200, 3))
    >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
    >>> readout = RidgeReadout().fit(reservoir.transform(drive), drive[:, 0])
    >>> run = LiveRun(reservoir, readout)
    >>> ticks = [run.advance(x) for x in drive]
    >>> np.allclose(ticks, readout.predict(reservoir.transform(drive)))
    True

    A pipeline from samples to a class of each recording:

    >>> from sklearn.pipeline import make_pipeline
    >>> from mottle.sensors import TaxelDrive
    >>> touches = np.random.default_rng(0).normal(size=(20, 30, 4)).cumsum(axis=1)
    >>> model = make_pipeline(TaxelDrive(n_steps=None), MemristorReservoir(20, pool="mean"),
    ...                       RidgeReadout()).fit(touches, np.arange(20) % 2)
    >>> run = LiveRun(model)
    >>> so_far = [run.advance(rows) for rows in touches[7]]
    >>> bool(so_far[-1] == model.predict(touches)[7])
    True
    """

    def __init__(
        self,
        reservoir: Any,
        readout: Any = None,
        *,
        n_recordings: int = 1,
        keys: Any = None,
        method: str = "predict",
        window: int | None = None,
    ) -> None:
        if readout is None:
            reservoir, readout = stages.split_off_readout(reservoir)
        stages.check_stage(reservoir, pooled=True)
        first = next(stages.leaves(reservoir))
        if hasattr(first, "duration_") and not hasattr(first, "takes_events"):
            raise ValueError(
                "the reservoir was fitted on event streams: use its own advance(state, events, "
                "n_steps); LiveRun takes drives, and streams in front of an encoder."
            )
        readout = stages.readout_of_steps(readout)
        self.reservoir, self.n_recordings, self.keys = reservoir, n_recordings, keys
        self.window = None if window is None else check_whole("window", window)
        self.pools = any(getattr(leaf, "pools", False) for leaf in stages.leaves(reservoir))
        self.readout = readout
        self._senses = [name for name, _ in senses_of(reservoir)]
        if readout is not None and not hasattr(readout, method):
            raise ValueError(
                f"{type(readout).__name__} cannot give method={method!r}: it predicts numbers, or "
                "its classes have no probabilities."
            )
        self._predict = None if readout is None else getattr(readout, method)
        self.restart()

    def restart(self) -> None:
        """Restart from rest."""
        self._warned: set[str] = set()
        self._advance = stages.plan(self.reservoir)  # its parts are others after another fit
        self.state = stages.start(self.reservoir, self.n_recordings, self.keys, self.window)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Samples and events that were left out, by sense and reason."""
        return {
            sense: entry.counts for sense, entry in entries(self.reservoir, self.state, "stream")
        }

    def advance(self, X: Any = None, until: float | Mapping[str, float] | None = None) -> Any:
        """Advance the runs by one step or a chunk of steps.

        Parameters
        ----------
        X : array, DataArray, structured array, or dict of str to these
            One step (n_inputs,) or more (n_steps, n_inputs) of one run, or the next steps of every
            run (n_recordings, n_steps, n_inputs). A DataArray with ``time`` (s) may hold samples
            that are late or repeated. Events are a structured array with t (us), x, y and p; they
            wait until their step is complete. Of several senses a dict: a sense that is left out
            has nothing new, None says that it is absent and is masked as in ``predict``, until
            samples come again. None: nothing came.
        until : float or dict of str to float, default=None
            Time in s, on the clock of the events, up to which all of them have come, so that steps
            without events are complete, too; a dict for senses with clocks of their own. None: up
            to the last event. Where an encoder counts from the first event (``origin="first"``),
            nothing is complete before it.

        Returns
        -------
        predictions : scalar or ndarray
            Result of the readout for each step, arranged as ``X``. Where reservoirs pool, one of
            the recording so far: a scalar, or of several runs one each. None where no step was
            completed yet.
        """
        if isinstance(until, Mapping) and not self._senses:
            raise ValueError("until is a dict, and the model takes one stream without a name.")
        for time in until.values() if isinstance(until, Mapping) else [until]:
            if time is not None:
                check_number("until", time, "s", least=-LATEST, most=LATEST)
        chunk, shape = self._arrange(X)
        token = WARNED.set(self._warned)
        try:
            self.state, out = self._advance(self.state, chunk, until)
        finally:
            WARNED.reset(token)
        if not isinstance(out, np.ndarray) or (self.pools and all_nan(out)):
            return None
        if self._predict is not None:
            rows = self._predict(out.reshape(-1, out.shape[2]))
            out = rows.reshape(out.shape[:2] + rows.shape[1:])
        if self.pools:
            return out[0, 0] if self.n_recordings == 1 else out[:, 0]
        return out[(0,) * (3 - shape)]

    def save(self, path: Any) -> None:
        """Write the state of the runs, so that they go on after an interruption.

        Parameters
        ----------
        path : path
            Of the file; it is replaced as a whole.

        Examples
        --------
        >>> from tempfile import mkdtemp
        >>> from mottle.reservoir import MemristorReservoir
        >>> reservoir = MemristorReservoir(20, random_state=0).fit(np.zeros((9, 3)))
        >>> run, file = LiveRun(reservoir), Path(mkdtemp()) / "run.state"
        >>> _ = run.advance(np.ones((5, 3)))
        >>> run.save(file)
        >>> other = LiveRun(reservoir)
        >>> other.resume(file)
        >>> np.array_equal(other.advance(np.ones(3)), run.advance(np.ones(3)))
        True
        """
        write_state(Path(path), self.state, (self.reservoir, self.readout, self.window))

    def resume(self, path: Any) -> None:
        """Go on from a state that ``save`` wrote.

        Parameters
        ----------
        path : path
            Of the file.

        Raises
        ------
        ValueError
            For a file that is damaged or none of ``save``, and for the state of another model, be
            it one of the same kind with another seed, or of another ``window``.
        """
        rest = stages.start(self.reservoir, self.n_recordings, self.keys, self.window)
        self._advance = stages.plan(self.reservoir)
        self.state = read_state(Path(path), rest, (self.reservoir, self.readout, self.window))

    def _arrange(self, X: Any) -> tuple[Any, int]:
        """Return a chunk as the stages take it, and the number of axes of the result."""
        known = self._senses
        if known and X is not None and not isinstance(X, Mapping):
            if len(known) > 1:
                raise ValueError(f"the model takes a dict of the senses {', '.join(known)}.")
            X = {known[0]: X}
        if isinstance(X, Mapping):
            self._check_alone("a dict of senses")
            unknown = [name for name in X if name not in known]
            if unknown and known:
                raise ValueError(
                    f"the model has no sense {unknown[0]!r}; it has {', '.join(known)}."
                )
            return {name: rows_of(cell) for name, cell in X.items()}, 2
        if X is None or getattr(X, "dtype", np.dtype(float)).names:
            self._check_alone("events")
            return X, 2
        if "time" in getattr(X, "coords", ()) and X.ndim == 2:
            self._check_alone("rows with a time")
            return order_dims(X), 2
        X = np.asarray(order_dims(X) if getattr(X, "ndim", 0) > 1 else X)
        n = self.n_recordings
        if X.dtype.kind not in "biuf" or X.ndim not in ((1, 2, 3) if n == 1 else (3,)):
            shape = "(n_inputs,), (n_steps, n_inputs) or " if n == 1 else ""
            raise ValueError(
                f"X is {X.dtype} of shape {X.shape}; expected numbers of shape {shape}({n}, "
                "n_steps, n_inputs)."
            )
        if X.ndim > 1 and X.shape[-2] == 0:
            raise ValueError(f"a chunk of shape {X.shape} has no steps; expected at least one.")
        return X.reshape((1,) * (3 - X.ndim) + X.shape), X.ndim

    def _check_alone(self, what: str) -> None:
        """Refuse streams of several runs, which have no common clock."""
        if self.n_recordings != 1:
            raise ValueError(
                f"{what} are of one run, and n_recordings={self.n_recordings}: make a LiveRun for "
                "each run."
            )


def all_nan(features: NDArray) -> bool:
    """Return whether there is no value; the first one is nearly always enough.

    Examples
    --------
    >>> all_nan(np.array([np.nan, 1.0])), all_nan(np.array([np.nan]))
    (False, True)
    """
    first = features.item(0)
    return first != first and bool(np.isnan(features).all())


def rows_of(cell: Any) -> Any:
    """Return the chunk of a sense: rows as (1, step, channel), events and what has times as is."""
    if cell is None or getattr(cell, "dtype", np.dtype(float)).names:
        return cell
    if "time" in getattr(cell, "coords", ()):
        return cell
    rows = np.asarray(cell)
    if rows.dtype.kind not in "biuf" or rows.ndim not in (1, 2):
        raise ValueError(
            f"a sense came as {rows.dtype} of shape {rows.shape}; expected rows of shape "
            "(n_channels,) or (n_steps, n_channels), or events."
        )
    return rows.reshape((1,) * (3 - rows.ndim) + rows.shape)


def senses_of(stage: Any) -> list[tuple[str, Any]]:
    """Return the senses that a model takes by name, each with the stage at which it enters."""
    if hasattr(stage, "encoders_"):
        return list(stage.encoders_)
    found = []
    for part, columns in stages.parts(stage):
        named = columns if isinstance(columns, str) else None
        if isinstance(columns, list) and len(columns) == 1 and isinstance(columns[0], str):
            named = columns[0]
        found += [(named, part)] if named is not None else senses_of(part)
    return found


def entries(stage: Any, state: Any, name: str) -> list[tuple[str, Entry]]:
    """Return the states at which streams enter, by sense."""
    if isinstance(state, Entry):
        return [(name, state)]
    if isinstance(state, Drives):
        return [
            found for sense, part in stage.encoders_
            for found in entries(part, state.senses[sense], sense)
        ]  # fmt: skip
    found = []
    inner = stages.parts(stage)
    for (part, columns), own in zip(inner, state if inner else [], strict=True):
        one = columns[0] if isinstance(columns, list) and len(columns) == 1 else columns
        found += entries(part, own, one if isinstance(one, str) else name)
    return found
