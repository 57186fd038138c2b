"""What linear readouts have in common: targets, encoded labels, predictions, scores and tags."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, check_array, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from mottle.arrays import refuse_masked
from mottle.checks import NamesParameters
from mottle.containers import check_features, naming_rows
from mottle.reservoir.readout.rows import on_demand, read, row_blocks
from mottle.reservoir.readout.task import are_labels, plain_targets

FLOATS = (np.float64, np.float32)  # float32 becomes float64 block by block


class LinearReadout(NamesParameters, BaseEstimator):
    """Base class of linear readouts; a subclass learns ``coef_`` and ``intercept_``."""

    task: Any
    coef_: Any
    intercept_: Any
    classes_: NDArray
    n_features_in_: int

    @property
    def _begun(self) -> bool:
        """Whether rows have been learnt."""
        return "coef_" in self.__dict__

    def _takes_labels(self, y: Any) -> bool:
        """Return whether targets are labels; raise where there are none."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None.")
        numbers = on_demand(y) and y.dtype.kind == "f" and self.task != "classification"
        return not numbers and are_labels(y, self.task)

    def _check_rows(self, X: Any, y: Any, classify: bool, reset: bool) -> tuple[Any, Any]:
        """Return features and targets that can be cut into blocks."""
        shape: tuple[int, ...] = getattr(y, "shape", ())
        if classify and len(shape) == 2 and shape[-1] > 1:
            raise ValueError(
                f"y has {shape[-1]} columns of labels, and a readout takes one: fit one readout "
                "for each, or set task='regression' if these are numbers."
            )
        check_features(X, states=False)
        refuse_masked(X, "X")
        if y is not None and on_demand(y) and (classify or not on_demand(X)):
            y = np.asarray(y)
        y = y if on_demand(y) else plain_targets(y)
        if on_demand(X):
            validate_data(self, read(X, slice(0, 1), "X"), reset=reset)
            if not on_demand(y):
                kind = None if classify else np.float64
                y = check_array(y, dtype=kind, ensure_2d=False, input_name="y")
        else:
            with naming_rows(X):
                X, y = validate_data(
                    self, X, y, dtype=FLOATS, multi_output=not classify, y_numeric=not classify,
                    reset=reset,
                )  # fmt: skip
        if classify:
            check_classification_targets(y)
            y = column_or_1d(y)
        check_consistent_length(X, y)
        return X, y

    def _takes_classes(self, y: Any, classes: Any) -> bool:
        """Return whether the targets of a call are labels; those of the first call decide."""
        if not self._begun:
            if classes is not None and self.task == "regression":
                raise ValueError(
                    f"classes={list(classes)!r} are given, but task='regression' takes numbers."
                )
            return classes is not None or self._takes_labels(y)
        if not hasattr(self, "classes_"):
            if classes is not None:
                raise ValueError(
                    f"classes={list(classes)!r} are given, but the first call learnt numbers; "
                    "start anew with fit."
                )
            return False
        if classes is not None and not np.array_equal(unique_labels(classes), self.classes_):
            raise ValueError(
                f"classes={list(classes)!r} differ from {self.classes_.tolist()} of the first "
                "call; pass all labels there, or start anew with fit."
            )
        return True

    def _learn_classes(self, y: Any, classes: Any = None) -> None:
        """Take the classes of the first call, and refuse labels that are not among them."""
        own = unique_labels(y)
        if not self._begun:
            self.classes_ = two_or_more(own if classes is None else unique_labels(classes))
        self._encode(y)

    def _encode(self, y: NDArray) -> NDArray:
        """Return targets (row, target): numbers, or 1 in the column of a label and -1 elsewhere."""
        if not hasattr(self, "classes_"):
            return y.reshape(len(y), -1).astype(np.float64, copy=False)
        own = column_or_1d(y)[:, np.newaxis] == self.classes_
        new = np.flatnonzero(~own.any(axis=1))
        if new.size:
            raise ValueError(
                f"label {y[new].tolist()[0]!r} is not one of {self.classes_.tolist()}; pass all "
                "labels in the first call: classes=[...]."
            )
        hot = np.where(own, 1.0, -1.0)
        return hot[:, 1:] if self.classes_.size == 2 else hot

    @available_if(lambda self: self._classifies())
    def decision_function(self, X: Any) -> NDArray:
        """Return the linear combination that decides between classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Positive for the second of two classes.
        """
        return self._combine(X)

    def _combine(self, X):
        fitted = self.__dict__
        plain = type(X) is np.ndarray and X.dtype == np.float64
        plain = plain and "feature_names_in_" not in fitted
        if plain and "coef_" in fitted and X.shape[1:] == (self.n_features_in_,) and len(X):
            decision = self._weighted(X)
            if np.isfinite(decision).all():  # then X is finite, and needs no further check
                return decision
        check_is_fitted(self)
        if on_demand(X):
            blocks = [read(X, rows, "X") for rows in row_blocks(X)]
            return np.concatenate([self._combine(block) for block in blocks])
        check_features(X, states=False)
        refuse_masked(X, "X")
        with naming_rows(X):
            X = validate_data(self, X, dtype=np.float64, reset=False)
        return self._weighted(X)

    def _weighted(self, X):
        """Return weighted sums of checked features, row by row.

        BLAS adds up one row in another order than many: a live run would differ from the whole
        recording in the last digits.
        """
        rows = np.ascontiguousarray(X)[:, np.newaxis]
        return np.matmul(rows, self.coef_.T)[:, 0] + self.intercept_

    def _classifies(self) -> bool:
        """Return whether targets are labels; True for an unfitted "auto"."""
        if self.task == "auto" and self._begun:
            return hasattr(self, "classes_")
        return bool(self.task != "regression")

    def predict(self, X: Any) -> NDArray:
        """Return labels or numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predicted labels or numbers.
        """
        decision = self._combine(X)
        if not hasattr(self, "classes_"):
            return decision
        return self.classes_[two_sided(decision).argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return accuracy for labels, the coefficient of determination for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            True labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1.
        """
        from sklearn.metrics import accuracy_score, r2_score

        score = accuracy_score if hasattr(self, "classes_") else r2_score
        predicted, y = self.predict(X), plain_targets(y)
        y = column_or_1d(y) if predicted.ndim == 1 else y
        return score(y, predicted, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Return the type of estimator for scikit-learn; unfitted "auto" counts as a classifier."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if self._classifies():
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
            tags.target_tags.multi_output = True
        return tags


def check_penalties(alphas: Any) -> NDArray[np.float64]:
    """Return penalties in rising order.

    Examples
    --------
    >>> check_penalties([1, 0.1]).tolist()
    [0.1, 1.0]
    """
    given = np.atleast_1d(np.asarray(alphas))
    if given.dtype.kind not in "iuf" or given.ndim > 1:
        raise ValueError(f"alphas={alphas!r} must be positive and finite numbers.")
    rising = np.sort(given.astype(np.float64))
    if not (rising.size and (rising > 0).all() and np.isfinite(rising).all()):
        raise ValueError(f"alphas={alphas!r} must be positive and finite.")
    return rising


def two_or_more(classes: NDArray) -> NDArray:
    """Return the classes; raise if there are fewer than two."""
    if classes.size < 2:
        raise ValueError(f"y holds one class only ({classes.tolist()[0]!r}); a readout needs two.")
    return classes


def two_sided(decision: NDArray) -> NDArray:
    """Return one column per class, also for two classes."""
    if decision.ndim == 2 and decision.shape[1] > 1:
        return decision
    decision = decision.reshape(-1, 1)
    return np.hstack([-decision, decision])
