"""LiveRun: a reservoir and its readout, advanced step by step."""

from typing import Any

import numpy as np

from mottle.arrays import order_dims
from mottle.reservoir.nodes.supply import WARNED
from mottle.reservoir.readout import chain as stages


class LiveRun:
    """Predictions from a stream in real time.

    Chunks of any length give the same results as ``transform`` and the readout on the whole drive,
    from rest.

    Parameters
    ----------
    reservoir : reservoir, or Pipeline, FeatureUnion or ColumnTransformer of such
        Fitted, without pooling, on drives; for a reservoir fitted on event streams use its own
        ``advance``. Other stages, such as scalers, take every step as a row.
    readout : estimator, default=None
        Any fitted estimator of scikit-learn. None: the final estimator of a pipeline, if there is
        one; otherwise states are returned. A `SequenceReadout` predicts the steps of its washout,
        too.
    n_recordings : int, default=1
        Number of parallel runs.
    keys : array-like of int of shape (n_recordings,), default=None
        Key of each run's noise, by default its index.
    method : str, default="predict"
        Method of the readout: "predict", "predict_proba", "decision_function".

    Attributes
    ----------
    state : ReservoirState, or list of such
        State of the runs; may be stored and set again.

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
    """

    def __init__(
        self,
        reservoir: Any,
        readout: Any = None,
        *,
        n_recordings: int = 1,
        keys: Any = None,
        method: str = "predict",
    ) -> None:
        if readout is None:
            reservoir, readout = stages.split_off_readout(reservoir)
        stages.check_stage(reservoir)
        if hasattr(next(stages.leaves(reservoir)), "duration_"):
            raise ValueError(
                "the reservoir was fitted on event streams: use its own advance(state, events, "
                "n_steps); LiveRun takes drives."
            )
        readout = stages.readout_of_steps(readout)
        self.reservoir, self.n_recordings, self.keys = reservoir, n_recordings, keys
        self._predict = None if readout is None else getattr(readout, method)
        self.restart()

    def restart(self) -> None:
        """Restart from rest."""
        self._warned: set[str] = set()
        self.state = stages.start(self.reservoir, self.n_recordings, self.keys)

    def advance(self, X: Any) -> Any:
        """Advance the runs by one step or a chunk of steps.

        Parameters
        ----------
        X : array of shape (n_inputs,), (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs)
            One step or more of one run, or the next steps of every run.

        Returns
        -------
        predictions : scalar or ndarray
            Result of the readout for each step, arranged as ``X``.
        """
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
        token = WARNED.set(self._warned)
        try:
            self.state, out = stages.advance(
                self.reservoir, self.state, X.reshape((1,) * (3 - X.ndim) + X.shape)
            )
        finally:
            WARNED.reset(token)
        if self._predict is not None:
            rows = self._predict(out.reshape(-1, out.shape[2]))
            out = rows.reshape(out.shape[:2] + rows.shape[1:])
        return out[(0,) * (3 - X.ndim)]
