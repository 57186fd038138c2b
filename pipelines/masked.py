"""MaskedReadout: a readout for rows of which some lack the features of a sense (modality)."""

from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from mottle.containers import check_features, naming_rows
from mottle.reservoir import RidgeReadout


class MaskedReadout(MetaEstimatorMixin, BaseEstimator):
    """Readout for features of which some may be missing (NaN) at predict time.

    A row with missing features is predicted by the readout that the same training data give without
    these features: nothing is guessed. That readout is fitted when such a row first occurs, once
    for each pattern of missing features.

    Parameters
    ----------
    readout : estimator or None, default=None
        Any classifier or regressor; None takes ``RidgeReadout()``.
    memory : object with a method ``cache``, default=None
        Remembers fits: ``memory.cache(function)`` returns a function of the same results, as
        ``joblib.Memory`` does. None fits anew each time.

    Attributes
    ----------
    readout_ : estimator
        Fitted to all features.
    classes_ : ndarray
        Labels, if the readout classifies.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0, 1], [1, 0], [2, 3], [3, 2]]), ["a", "a", "b", "b"]
    >>> MaskedReadout().fit(X, y).predict([[3.0, np.nan], [0.0, 1.0]])
    array(['b', 'a'], dtype='<U1')
    """

    def __init__(self, readout: Any = None, *, memory: Any = None) -> None:
        self.readout, self.memory = readout, memory

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit the readout to features that are all present.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features without NaN.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target.
        groups : array-like of shape (n_samples,), default=None
            Rows that the readout must not split where it chooses a penalty.

        Returns
        -------
        self : MaskedReadout
            The fitted readout.
        """
        check_features(X, states=False)
        with naming_rows(X):
            self._X, self._y = check_array(X, dtype=np.float64), y
        self._groups = groups
        self.readout_ = self._fit(self._X)
        self._without: dict[bytes, Any] = {}  # readouts by the features that are missing
        self.n_features_in_ = self._X.shape[1]
        self.__dict__.pop("classes_", None)
        if hasattr(self.readout_, "classes_"):
            self.classes_ = self.readout_.classes_
        return self

    def replace(self, build: Any) -> Any:
        """Return a copy with another readout fitted to the same training data.

        Parameters
        ----------
        build : callable
            Given the fitted readout, returns an estimator, which is then fitted.

        Returns
        -------
        readout : MaskedReadout
            Fitted; this one stays as it is.
        """
        check_is_fitted(self)
        other = MaskedReadout(build(self.readout_), memory=self.memory)
        other._X, other._y, other.n_features_in_ = self._X, self._y, self.n_features_in_
        other._groups = self._groups
        other.readout_, other._without = other.readout.fit(self._X, self._y), {}
        if hasattr(self, "classes_"):
            other.classes_ = self.classes_
        return other

    def predict(self, X: Any) -> NDArray:
        """Return predictions from the features that are present.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; NaN where missing, not throughout a row.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        """
        return self._by_pattern(X, "predict")

    @available_if(
        lambda self: hasattr(getattr(self, "readout_", self._unfitted()), "predict_proba")
    )
    def predict_proba(self, X: Any) -> NDArray:
        """Return class probabilities; all classes are equal in a row without any feature.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; NaN where missing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        return self._by_pattern(X, "predict_proba")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score the predictions as the readout itself would.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy or coefficient of determination.
        """
        from sklearn.metrics import accuracy_score, r2_score

        score = accuracy_score if hasattr(self, "classes_") else r2_score
        return score(y, self.predict(X), sample_weight=sample_weight)

    def __getstate__(self) -> Any:
        """Return what a pickle and a saved model hold: without readouts that are fitted anew."""
        state = super().__getstate__()
        return state | {"_without": {}} if "_without" in state else state

    def __sklearn_tags__(self):
        """Return the tags of the readout; NaN is allowed in features."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "readout_", self._unfitted()))
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags = inner.target_tags
        tags.input_tags.allow_nan = True
        return tags

    def _unfitted(self):
        """Return the readout to clone."""
        return RidgeReadout() if self.readout is None else self.readout

    def _fit(self, X):
        """Fit a clone of the readout to features ``X`` of the training data."""
        fit = fit_clone if self.memory is None else self.memory.cache(fit_clone)
        together = () if self._groups is None else (self._groups,)
        return fit(self._unfitted(), X, self._y, *together)

    def _by_pattern(self, X, method):
        """Predict rows with the same features missing together."""
        plain = type(X) is np.ndarray and X.dtype == np.float64 and X.ndim == 2 and len(X)
        n = self.__dict__.get("n_features_in_")
        if plain and X.shape[1] == n and np.isfinite(X).all():  # a live run: nothing to check
            return getattr(self.readout_, method)(X)
        check_is_fitted(self)
        check_features(X, states=False)
        X = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        if X.shape[1] != self.n_features_in_:
            raise ValueError(f"X has {X.shape[1]} features, expected {self.n_features_in_}.")
        patterns, which = find_patterns(np.isnan(X))
        if len(patterns) == 1:
            return self._predict_rows(X, patterns[0], method)
        parts = []
        for k, missing in enumerate(patterns):
            rows = np.flatnonzero(which == k)
            parts.append((rows, self._predict_rows(X[rows], missing, method)))
        out = np.empty(
            (len(X), *parts[0][1].shape[1:]), dtype=np.result_type(*[p for _, p in parts])
        )
        for rows, part in parts:
            out[rows] = part
        return out

    def _predict_rows(self, X, missing, method):
        """Predict rows that all lack the features ``missing``."""
        if not missing.any():
            return getattr(self.readout_, method)(X)
        if missing.all():
            if method == "predict_proba":
                return np.full((len(X), len(self.classes_)), 1.0 / len(self.classes_))
            raise ValueError(
                f"{len(X)} rows have no feature at all: there is nothing to predict from; drop "
                "these recordings."
            )
        # rows in C order, as if the missing features had never been there: same bits from BLAS
        key = missing.tobytes()
        if key not in self._without:
            self._without[key] = self._fit(np.ascontiguousarray(self._X[:, ~missing]))
        return getattr(self._without[key], method)(np.ascontiguousarray(X[:, ~missing]))


def fit_clone(estimator: Any, X: NDArray, y: Any, groups: Any = None) -> Any:
    """Fit a clone of an estimator, with groups where it takes them."""
    return clone(estimator).fit(X, y, **taking_groups(estimator, groups))


def taking_groups(model: Any, groups: Any) -> dict[str, Any]:
    """Return the argument of ``fit`` by which a model, or the last step of a pipeline, gets groups.

    Examples
    --------
    >>> taking_groups(MaskedReadout(), [0, 0, 1])
    {'groups': [0, 0, 1]}
    """
    if groups is None:
        return {}
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        return {f"{name}__{key}": one for key, one in taking_groups(last, groups).items()}
    return {"groups": groups} if "groups" in signature(model.fit).parameters else {}


def find_patterns(missing: NDArray) -> tuple[NDArray, NDArray]:
    """Return the different rows of flags (row, feature), and which of them each row has.

    Examples
    --------
    >>> find_patterns(np.array([[True, False], [False, False], [True, False]]))[1].tolist()
    [1, 0, 1]
    """
    if (missing == missing[:1]).all():  # nearly always, and much faster
        return missing[:1], np.zeros(len(missing), dtype=int)
    patterns, which = np.unique(missing, axis=0, return_inverse=True)
    return patterns, which.reshape(-1)
