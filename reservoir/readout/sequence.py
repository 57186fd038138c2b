"""SequenceReadout: a readout for states of recordings, as the last step of a pipeline."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from mottle.arrays import refuse_masked
from mottle.checks import NamesParameters, check_whole, choose
from mottle.reservoir.nodes.drives import read_drives
from mottle.reservoir.readout.ridge import RidgeReadout
from mottle.reservoir.readout.task import plain_targets

POOLS = {
    "mean": lambda x: x.mean(axis=0),
    "last": lambda x: x[-1],
    "max": lambda x: x.max(axis=0),
    "std": lambda x: x.std(axis=0),
}


def _has(method: str) -> Any:
    """Return whether the readout has a method, as ``available_if`` takes it."""
    return lambda self: hasattr(getattr(self, "readout_", self._unfitted()), method)


class Unequal(list[NDArray]):
    """A list of results of recordings of unequal length, which makes no array.

    ``cross_val_predict`` of scikit-learn would join such lists.
    """

    @classmethod
    def of(cls, parts: list[NDArray]) -> list[NDArray]:
        """Return a plain list where the recordings are of equal length.

        Examples
        --------
        >>> type(Unequal.of([np.zeros(3), np.ones(3)])).__name__
        'list'
        """
        return cls(parts) if len({len(part) for part in parts}) > 1 else parts

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray:
        """Raise, with what to do instead."""
        sizes = ", ".join(str(len(part)) for part in self[:3]) + " ..." * (len(self) > 3)
        raise ValueError(
            f"predictions of recordings of unequal length ({sizes} steps) "
            "form no array, and cross_val_predict cannot join them: fit and predict fold by fold "
            "over cv.split, or take cross_val_score, or pool= for one prediction a recording."
        )


class SequenceReadout(NamesParameters, MetaEstimatorMixin, BaseEstimator):
    """Readout for a target of every step of recordings, or for one of each, after a washout.

    The last step of a pipeline behind a reservoir. A sample of scikit-learn is then a recording:
    ``cross_val_score``, ``GridSearchCV`` and splitters such as ``GroupKFold`` keep its steps
    together. The first ``washout`` steps of every recording are left out of training, predictions
    and scores.

    Parameters
    ----------
    readout : estimator, default=None
        Any regressor or classifier of scikit-learn; None takes ``RidgeReadout()``. It is cloned.
    washout : int, default=0
        Steps at the beginning of each recording that are left out: states still depend on how the
        reservoir was at rest.
    pool : {"mean", "last", "max", "std"} or tuple of these, default=None
        None: ``y`` has a target for each step, arranged as ``X``. Otherwise ``y`` has one for each
        recording, and features are these statistics of its states after the washout.
    scoring : str or callable, default=None
        What ``score`` returns: the name of a scorer of scikit-learn, or a function of (estimator,
        X, y), applied to all rows after the washout at once. None: that of the readout. Do not
        pass a scorer to ``cross_val_score``: it would compare recordings, not steps.

    Attributes
    ----------
    readout_ : estimator
        The fitted readout.
    classes_ : ndarray
        Labels, in classification.
    n_features_in_ : int
        Number of nodes.

    See Also
    --------
    WarmSplit : Splits of the steps of one recording.
    fit_stream : The same without all states in memory.

    Notes
    -----
    If `RidgeReadout` chooses its penalty and steps have targets, recordings are its groups: no
    recording stands on both sides of its inner folds. ``cv="loo"`` or "gcv" leaves out single steps
    instead.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from mottle.reservoir import EchoStateReservoir
    >>> rng = np.random.default_rng(0)
    >>> drives = [rng.uniform(-1, 1, (n, 1)) for n in (200, 150, 300, 250)]
    >>> targets = [np.roll(x[:, 0], 1) for x in drives]
    >>> model = make_pipeline(
    ...     EchoStateReservoir(30, leak=1.0, random_state=0), SequenceReadout(washout=20)
    ... )
    >>> bool((cross_val_score(model, drives, targets, cv=4) > 0.95).all())
    True
    >>> [len(y) for y in model.fit(drives, targets).predict(drives)]
    [180, 130, 280, 230]
    """

    def __init__(
        self, readout: Any = None, *, washout: Any = 0, pool: Any = None, scoring: Any = None
    ) -> None:
        self.readout, self.washout, self.pool, self.scoring = readout, washout, pool, scoring

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit the readout to the steps, or the pooled states, after the washout.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States; a list holds arrays of shape (n_steps, n_nodes). A 2-D array is one recording.
        y : array-like
            Without ``pool`` arranged as ``X``: (n_steps,), (n_recordings, n_steps) or a list of
            such, with one axis more for several targets. With ``pool`` of shape (n_recordings,) or
            (n_recordings, n_targets).
        groups : array-like of shape (n_recordings,), default=None
            Groups of recordings for the inner folds of `RidgeReadout`; None: each is its own.

        Returns
        -------
        self : SequenceReadout
            The fitted readout.
        """
        self._check_parameters()
        readout = clone(self._unfitted())
        recordings, kind = self._recordings(X, reset=True)
        rows, target = self._rows(recordings), self._targets(recordings, kind, y)
        own = self._groups(readout, recordings, groups)
        self.readout_ = readout.fit(rows, target, **({} if own is None else {"groups": own}))
        return self

    @available_if(_has("predict"))
    def predict(self, X: Any) -> Any:
        """Return predictions for the steps after the washout, or one for each recording.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States.

        Returns
        -------
        y : ndarray or list of ndarray
            Arranged as ``X``, without the first ``washout`` steps. With ``pool`` an array with one
            entry for each recording.
        """
        return self._apply("predict", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Return class probabilities, arranged as by ``predict``.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States.

        Returns
        -------
        probabilities : ndarray or list of ndarray
            The last axis holds the classes.
        """
        return self._apply("predict_proba", X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """Return the readout's decision values, arranged as by ``predict``.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States.

        Returns
        -------
        decision : ndarray or list of ndarray
            Decision values.
        """
        return self._apply("decision_function", X)

    def score(self, X: Any, y: Any) -> float:
        """Return the score over all steps after the washout, or over all recordings.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States.
        y : array-like
            True targets, as in ``fit``.

        Returns
        -------
        score : float
            By ``scoring``, or by the readout.
        """
        from sklearn.metrics import check_scoring

        check_is_fitted(self, "readout_")
        recordings, kind = self._recordings(X)
        target = self._targets(recordings, kind, y)
        scorer = check_scoring(self.readout_, scoring=self.scoring)
        return float(scorer(self.readout_, self._rows(recordings), target))

    def rows(self, X: Any) -> Any:
        """Return what the readout is given: a row for each step after the washout, or recording.

        Parameters
        ----------
        X : array of shape (n_steps, n_nodes) or (n_recordings, n_steps, n_nodes), or list
            States.

        Returns
        -------
        rows : array-like of shape (n_rows, n_features)
            Steps of all recordings, one recording after the other; or pooled states.

        Examples
        --------
        >>> SequenceReadout(washout=2).rows(np.zeros((3, 10, 4))).shape
        (24, 4)
        """
        self._check_parameters()
        reader = self if "readout_" in self.__dict__ else clone(self)  # fit alone changes it
        return self._rows(reader._recordings(X, reset=reader is not self)[0])

    @property
    def classes_(self) -> NDArray:
        """Labels, in classification."""
        if "readout_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} is not fitted, and has no classes_ yet.")
        return self.readout_.classes_

    def _unfitted(self) -> Any:
        return RidgeReadout() if self.readout is None else self.readout

    def _check_parameters(self) -> None:
        check_whole("washout", self.washout, 0)
        for name in self._statistics():
            choose(name, POOLS, "pool")
        if not (self.scoring is None or isinstance(self.scoring, str) or callable(self.scoring)):
            raise ValueError(
                f"scoring={self.scoring!r} must be the name of a scorer, a function, or None."
            )

    def _statistics(self) -> tuple[str, ...]:
        if self.pool is None:
            return ()
        return tuple(self.pool) if isinstance(self.pool, tuple | list) else (self.pool,)

    def _recordings(self, X: Any, reset: bool = False) -> tuple[Any, str]:
        """Return recordings (step, node), and what held them: "one", "array" or "list"."""
        states = read_drives(self, X, reset)
        if states.absent.any():
            place = int(np.argmax(states.absent))
            raise ValueError(
                f"recording {place} is absent (None, or Input X contains NaN throughout its first "
                "step): leave it out."
            )
        short = np.flatnonzero(states.sizes <= self.washout)
        if short.size:
            raise ValueError(
                f"recording {short[0]} has {states.sizes[short[0]]} steps, and washout="
                f"{self.washout} leaves none; take fewer, or drop the recording."
            )
        return states.recordings, states.kind

    def _rows(self, recordings: Any) -> NDArray:
        """Return one row of features for each step after the washout, or for each recording."""
        kept = [x[self.washout :] for x in recordings]
        if self._statistics():
            return np.stack([
                np.concatenate([POOLS[name](x) for name in self._statistics()]) for x in kept
            ])  # fmt: skip
        return kept[0] if len(kept) == 1 else np.concatenate(kept)

    def _targets(self, recordings: list[Any], kind: str, y: Any) -> Any:
        """Return the target of each row."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None.")
        refuse_masked(y, "y")
        y = y if hasattr(y, "__len__") else np.asarray(y)
        if self._statistics():
            if len(y) != len(recordings):
                raise ValueError(
                    f"{len(recordings)} recordings, but {len(y)} targets; with pool={self.pool!r} "
                    "give one for each recording, and for a target a step leave pool out."
                )
            return plain_targets(y)
        y = [y] if kind == "one" else y
        if len(y) != len(recordings):
            raise ValueError(f"{len(recordings)} recordings, but {len(y)} targets.")
        parts = []
        for place, (x, one) in enumerate(zip(recordings, y, strict=True)):
            n_targets = len(one) if np.ndim(one) else 0
            if n_targets != x.shape[0]:
                raise ValueError(
                    f"recording {place} has {x.shape[0]} steps and {n_targets} targets: "
                    "inconsistent numbers of samples; give one for each step, or set pool= for one "
                    "target a recording."
                )
            parts.append(plain_targets(_after(one, self.washout)))
        if kind == "one":
            return parts[0]
        parts = [np.asarray(part) for part in parts]
        self._check_values(parts)
        return np.concatenate(parts)

    def _check_values(self, targets: list[NDArray]) -> None:
        """Name a target that is not finite, and refuse text beside numbers."""
        for place, values in enumerate(targets):
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                step = self.washout + int(np.argwhere(~np.isfinite(values))[0, 0])
                raise ValueError(
                    f"the target of recording {place} is not finite at step {step}; leave the "
                    "recording out, or cut it there."
                )
            if (values.dtype.kind == "U") != (targets[0].dtype.kind == "U"):
                raise ValueError(
                    f"the targets of recording 0 are {targets[0].dtype}, those of recording "
                    f"{place} {values.dtype}: give all labels one type, such as text."
                )

    def _groups(self, readout: Any, recordings: list[Any], groups: Any) -> NDArray | None:
        """Return the group of each row, or None where the readout takes none."""
        takes = has_fit_parameter(readout, "groups")
        if groups is None:
            whole = self._statistics() or len(recordings) == 1
            if whole or not takes or getattr(readout, "cv", None) in ("loo", "gcv"):
                return None
            groups = np.arange(len(recordings))
        elif not takes:
            raise ValueError(f"groups are given, and {readout!r} takes none: leave them out.")
        elif len(groups) != len(recordings):
            raise ValueError(f"{len(recordings)} recordings, but {len(groups)} groups.")
        if self._statistics():
            return np.asarray(groups)
        return np.repeat(np.asarray(groups), [x.shape[0] - self.washout for x in recordings])

    def _apply(self, method: str, X: Any) -> Any:
        """Return what a method of the readout gives, arranged as ``X``."""
        check_is_fitted(self, "readout_")
        recordings, kind = self._recordings(X)
        rows = getattr(self.readout_, method)(self._rows(recordings))
        if kind == "one" or self._statistics():
            return rows
        ends = np.cumsum([x.shape[0] - self.washout for x in recordings])
        parts = np.split(rows, ends[:-1])
        return np.stack(parts) if kind == "array" else Unequal.of(parts)

    def __sklearn_tags__(self) -> Any:
        """Return the tags of the readout, with recordings as input."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "readout_", self._unfitted()))
        for name in ("estimator_type", "classifier_tags", "regressor_tags", "target_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.input_tags.three_d_array = True
        return tags


def _after(values: Any, washout: int) -> Any:
    """Return what follows the washout."""
    if not washout:
        return values
    return values.iloc[washout:] if hasattr(values, "iloc") else values[washout:]
