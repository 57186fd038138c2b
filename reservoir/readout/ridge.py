"""RidgeReadout: the linear readout, from sums over rows that need not be in memory."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, check_array, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from mottle.reservoir.readout import gram
from mottle.reservoir.readout.rows import (
    Rows,
    Sample,
    on_demand,
    read,
    row_blocks,
    rows_a_block,
    weighty,
)

TASKS = ("auto", "classification", "regression")
ALPHAS = tuple(float(alpha) for alpha in np.logspace(-3, 6, 19))
FLOATS = (np.float64, np.float32)  # float32 becomes float64 block by block
LEARNT = ("coef_", "intercept_", "alpha_", "losses_", "sharpness_")
N_FOLDS = 10
HELD_OUT = 1 << 20  # decisions that choose the sharpness


class RidgeReadout(BaseEstimator):
    r"""Linear readout with a ridge penalty, for numbers and for labels.

    The features are standardised with the mean and the spread of the training data; the penalty
    is the one with the least squared error on rows left out, for all penalties at once from one
    decomposition. ``fit`` reads its rows block by block, so ``X`` may also be an array of dask,
    zarr, h5py or xarray; beside a block it holds a matrix (feature, feature), or one for each fold.

    Parameters
    ----------
    alphas : float or sequence of float, default=1e-3 to 1e6 in half decades
        Penalties to choose from; one number is taken as it is.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point targets and classifies all others.
    standardize : bool, default=True
        Give every feature zero mean and unit variance first; False only centres.
    cv : {"auto", "loo", "gcv"} or int, default="auto"
        What is left out: "loo" each row, exactly, in a second pass over the rows; "gcv"
        approximately each row (generalised cross-validation), in no further pass; a number: folds
        of whole ``groups``, exactly, in no further pass, the groups dealt out to the folds in the
        order in which they come. "auto": 10 such folds where groups are given, otherwise "loo" in
        ``fit`` and "gcv" in ``partial_fit``, whose rows are gone.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights for the features as given (the scale is folded in).
    intercept_ : float or ndarray of shape (n_targets,)
        Prediction at zero features.
    alpha_ : float
        The penalty taken.
    losses_ : ndarray of shape (n_alphas,)
        Mean squared error on what was left out, for the penalties in rising order; only where there
        are several.
    classes_ : ndarray
        Labels, in classification.
    sharpness_ : float
        In classification: factor between decision values and logits, from the leave-one-out
        decisions (of a million at most, evenly spread over the rows; after ``partial_fit``, of
        4 MiB of rows that are kept for this).
    n_features_in_ : int
        Number of features.

    Notes
    -----
    With weights w the sum of w (y - prediction)^2 + alpha |coef|^2 is made least, as by
    scikit-learn's ``Ridge``; leave-one-out leaves out a row as a whole, however heavy, and keeps
    the scale of the features. Folds of groups have scales of their own, as in a pipeline.

    References
    ----------
    R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeReadout().fit(X, ["low", "low", "high", "high"]).predict([[2.5]])
    array(['high'], dtype='<U4')

    Rows that come in blocks and are not kept:

    >>> readout = RidgeReadout(1e-3)
    >>> for block in np.split(np.linspace(0.0, 1.0, 100).reshape(-1, 1), 4):
    ...     _ = readout.partial_fit(block, 3.0 * block[:, 0])
    >>> readout.predict([[2.0]]).round(3)
    array([6.])
    """

    def __init__(self, alphas=ALPHAS, *, task="auto", standardize=True, cv="auto"):
        self.alphas, self.task, self.standardize, self.cv = alphas, task, standardize, cv

    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; an array of dask, zarr, h5py or xarray is read block by block, two times where
            the penalty is chosen by "loo".
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers; only numbers may have more than one column. Numbers may be read block
            by block, too.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        groups : array-like of shape (n_samples,), default=None
            What must not be split when the penalty is chosen: subjects, or recordings.

        Returns
        -------
        self : RidgeReadout
            The fitted readout.
        """
        self._forget()
        self._check_parameters(groups is not None, again=True)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None.")
        classify = self._takes_labels(y)
        X, y, weight, groups = self._check(X, y, sample_weight, groups, classify, reset=True)
        if classify:
            self.classes_ = _two_or_more(unique_labels(y))
        self._learn(Rows(X, y, weight, groups), y.ndim == 1)
        return self

    def partial_fit(self, X, y, sample_weight=None, classes=None, groups=None):
        """Add rows that need not be kept; the weights follow when they are next asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        classes : array-like, default=None
            All labels there will be, in the first call; None takes those of the first block.
        groups : array-like of shape (n_samples,), default=None
            As in ``fit``; in every call or in none.

        Returns
        -------
        self : RidgeReadout
            The readout.
        """
        self._check_parameters(groups is not None, again=False)
        first = "_folds" not in self.__dict__
        if first:
            classify = classes is not None or self._takes_labels(y)
        else:
            classify = hasattr(self, "classes_")
        X, y, weight, groups = self._check(X, y, sample_weight, groups, classify, reset=first)
        if classify:
            labels = unique_labels(y)
            if first:
                self.classes_ = _two_or_more(labels if classes is None else unique_labels(classes))
            self._encode(y)
        for block in Rows(X, y, weight, groups):
            self._add(block, y.ndim == 1, keep=classify)
        for name in LEARNT:
            self.__dict__.pop(name, None)
        return self

    def __getattr__(self, name):
        """Work out what follows from the sums of ``partial_fit`` when it is first asked for."""
        if name in LEARNT and "_folds" in self.__dict__ and "coef_" not in self.__dict__:
            self._finish()
            return getattr(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _forget(self):
        for name in (*LEARNT, "classes_", "_folds", "_sample", "_flat"):
            self.__dict__.pop(name, None)

    def _penalties(self) -> NDArray:
        alphas = np.sort(np.atleast_1d(np.asarray(self.alphas, dtype=np.float64)))
        if not (alphas.size and (alphas > 0).all() and np.isfinite(alphas).all()):
            raise ValueError(f"alphas={self.alphas!r} must be positive and finite.")
        return alphas

    def _check_parameters(self, grouped: bool, again: bool) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task={self.task!r} is not known; choose from {', '.join(TASKS)}.")
        self._penalties()
        number = isinstance(self.cv, int | np.integer) and self.cv >= 2
        if not number and not (isinstance(self.cv, str) and self.cv in ("auto", "loo", "gcv")):
            raise ValueError(f"cv={self.cv!r} must be 'auto', 'loo', 'gcv' or a number of folds.")
        if number and not grouped:
            raise ValueError(f"cv={self.cv} makes folds of groups; pass groups, or take cv='loo'.")
        if grouped and self.cv in ("loo", "gcv"):
            raise ValueError(f"groups are given, but cv={self.cv!r} splits them; take cv='auto'.")
        if self.cv == "loo" and not again:
            raise ValueError("cv='loo' reads the rows twice, and these are gone; take cv='gcv'.")

    def _takes_labels(self, y: Any) -> bool:
        kind = y.dtype.kind if on_demand(y) else np.asarray(y).dtype.kind
        return self.task == "classification" or (self.task == "auto" and kind != "f")

    def _check(self, X, y, weight, groups, classify, reset):
        """Return features, targets, weights and groups that can be cut into blocks."""
        shape: tuple[int, ...] = getattr(y, "shape", ())
        if classify and len(shape) == 2 and shape[-1] > 1:
            raise ValueError(
                f"y has {shape[-1]} columns of labels, and a readout learns one: fit one for "
                "each, or set task='regression' if these are numbers."
            )
        if y is not None and on_demand(y) and (classify or not on_demand(X)):
            y = np.asarray(y)
        if on_demand(X):
            validate_data(self, read(X, slice(0, 1), "X"), reset=reset)
            if not on_demand(y):
                kind = None if classify else np.float64
                y = check_array(y, dtype=kind, ensure_2d=False, input_name="y")
        else:
            X, y = validate_data(
                self, X, y, dtype=FLOATS, multi_output=not classify, y_numeric=not classify,
                reset=reset,
            )  # fmt: skip
        if classify:
            check_classification_targets(y)
            y = column_or_1d(y)
        weight = _check_weight(weight, X.shape[0])
        if groups is not None:
            groups = _check_groups(column_or_1d(groups))
        check_consistent_length(X, y, groups)
        return X, y, weight, groups

    def _encode(self, y: NDArray) -> NDArray:
        """Targets (row, target): numbers as they are; 1 for a label's own column, -1 elsewhere."""
        if not hasattr(self, "classes_"):
            return y.reshape(len(y), -1).astype(np.float64, copy=False)
        own = column_or_1d(y)[:, np.newaxis] == self.classes_
        new = np.flatnonzero(~own.any(axis=1))
        if new.size:
            raise ValueError(
                f"label {y[new].tolist()[0]!r} is new, not one of {self.classes_.tolist()}; name "
                "every label beforehand: classes=[...]."
            )
        hot = np.where(own, 1.0, -1.0)
        return hot[:, 1:] if self.classes_.size == 2 else hot

    def _add(self, block: Any, flat: bool, keep: bool) -> None:
        """Add a block of rows; ``keep`` some, for the probabilities, if they are not read again."""
        X, y, weight, groups = block
        y = self._encode(y)
        if "_folds" not in self.__dict__:
            n_folds = N_FOLDS if self.cv == "auto" else self.cv
            self._folds = gram.Folds(X.shape[1], y.shape[1], n_folds, groups is not None)
            self._sample, self._flat = Sample(rows_a_block(X.shape[1])), flat
            self.n_features_in_ = X.shape[1]
        self._folds.add(X, y, weight, groups)
        if keep:
            self._sample.add(X, y, weight)

    def fit_blocks(self, blocks, sample, *, classes=None, grouped=False, again=True):
        """Fit to rows that come block by block; no more than a block is held.

        Parameters
        ----------
        blocks : iterable of (X, y, weight, groups)
            Features (row, feature), targets, weights (row,), and groups (row,) or None.
        sample : ndarray
            Some targets, which show their type and dimensions, and every label.
        classes : array-like, default=None
            All labels there will be; None takes those of ``sample``.
        grouped : bool, default=False
            Whether blocks bring groups that must not be split when the penalty is chosen.
        again : bool, default=True
            Whether ``blocks`` can be gone through more than once.

        Returns
        -------
        self : RidgeReadout
            The fitted readout.
        """
        self._forget()
        self._check_parameters(grouped, again)
        if classes is not None or self._takes_labels(sample):
            self.classes_ = _two_or_more(unique_labels(sample if classes is None else classes))
        self.__dict__.pop("feature_names_in_", None)
        self._learn(blocks, sample.ndim == 1, again)
        return self

    def _learn(self, source: Iterable[Any], flat: bool, again: bool = True) -> None:
        """Fit to blocks (X, y, weight, groups), which may be there ``again``."""
        for block in source:
            self._add(block, flat, keep=not again and hasattr(self, "classes_"))
        self._finish(_Encoded(source, self._encode) if again else None)
        self._folds.join()

    def _finish(self, source: Any = None) -> None:
        """Choose the penalty and solve; ``source`` is there where rows can be read again."""
        alphas, few = self._penalties(), self._folds.few()
        if not self._folds.weight > 0:
            raise ValueError("the weights of all rows are zero; there is nothing to learn from.")
        if few is None:
            spectrum = gram.decompose(self._folds.total(), self.standardize)
        else:
            spectrum, source = gram.decompose_wide(few, self.standardize), [few[:3]]
        if alphas.size > 1:
            self.losses_ = self._losses(spectrum, few, source, alphas)
        self.alpha_ = float(alphas[int(np.argmin(self.losses_)) if alphas.size > 1 else 0])
        classify = hasattr(self, "classes_")
        if classify:
            rows = [self._sample.kept] if source is None else source
            self.sharpness_ = _sharpness(*self._held_out(spectrum, rows))
        coef = spectrum.coef(self.alpha_)
        intercept = spectrum.goal - spectrum.mean @ coef
        flat = coef.shape[1] == 1 and (classify or self._flat)
        self.intercept_ = float(intercept[0]) if flat else intercept
        self.coef_ = coef[:, 0].copy() if flat else np.ascontiguousarray(coef.T)

    def _losses(self, spectrum, few, source, alphas):
        """Mean squared error on what is left out, for each penalty."""
        if self._folds.grouped and few is None:
            return gram.leave_group_out(self._folds.grams, self.standardize, alphas)
        if self._folds.grouped:
            return gram.leave_group_out_wide(few, self.standardize, alphas)
        if source is None or self.cv == "gcv":
            return gram.generalized(spectrum, alphas)
        return gram.leave_one_out(spectrum, source, alphas)

    def _held_out(self, spectrum, rows):
        """Leave-one-out decisions (row, class), the right columns and the weights of the rows."""
        every = -(-spectrum.n_rows * self.classes_.size // HELD_OUT)
        n_seen, parts = 0, []
        for X, y, weight in (weighty(*block) for block in rows):
            chosen = slice(-n_seen % every, None, every)
            n_seen += len(X)
            X, y = X[chosen], y[chosen]
            decision = y - spectrum.errors(X, y, weight[chosen], np.array([self.alpha_]))[0]
            parts.append((_two_sided(decision), _two_sided(y).argmax(axis=1), weight[chosen]))
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    @available_if(lambda self: self._classifies())
    def decision_function(self, X):
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
        known = self.__dict__
        plain = type(X) is np.ndarray and X.dtype == np.float64 and "feature_names_in_" not in known
        if plain and "coef_" in known and X.shape[1:] == (self.n_features_in_,) and len(X):
            decision = X @ self.coef_.T + self.intercept_
            if np.isfinite(decision).all():  # so X was finite: nothing is left to check
                return decision
        check_is_fitted(self)
        if on_demand(X):
            blocks = [read(X, rows, "X") for rows in row_blocks(X)]
            return np.concatenate([self._combine(block) for block in blocks])
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    def _classifies(self):
        """Tell whether labels are learnt; an unfitted "auto" may yet learn them."""
        if self.task == "auto" and "_folds" in self.__dict__:
            return hasattr(self, "classes_")
        return self.task != "regression"

    def predict(self, X):
        """Return labels or numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            What was learnt.
        """
        decision = self._combine(X)
        if not hasattr(self, "classes_"):
            return decision
        return self.classes_[_two_sided(decision).argmax(axis=1)]

    @available_if(lambda self: self._classifies())
    def predict_proba(self, X):
        """Return class probabilities, calibrated on the leave-one-out decisions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        decision = _two_sided(self._combine(X))
        return softmax(self.sharpness_ * decision, axis=1)

    def score(self, X, y, sample_weight=None):
        """Return accuracy for labels, the coefficient of determination for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            Truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1.
        """
        from sklearn.metrics import accuracy_score, r2_score

        score = accuracy_score if hasattr(self, "classes_") else r2_score
        predicted = self.predict(X)
        y = column_or_1d(y) if predicted.ndim == 1 else y
        return score(y, predicted, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Tell scikit-learn what is learnt; unfitted "auto" counts as a classifier."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if self._classifies():
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
            tags.target_tags.multi_output = True
        return tags


def _check_weight(weight, n_rows):
    """Return one weight a row."""
    if weight is None:
        return np.broadcast_to(1.0, (n_rows,))
    weight = check_array(weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; expected ({n_rows},).")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"sample_weight={weight[row]} of row {row} is negative; 0 leaves it out.")
    return weight


def _check_groups(groups):
    """Return groups that can be told apart."""
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise ValueError(f"groups is NaN at row {int(np.argmax(np.isnan(groups)))}; name each.")
    if len(kinds := {type(name).__name__ for name in groups.tolist()}) > 1:
        raise ValueError(f"groups must be of one type, not {', '.join(sorted(kinds))}.")
    return groups


class _Encoded:
    """Blocks without groups, their targets as numbers; each loop over it reads them anew."""

    def __init__(self, source, encode):
        self.source, self.encode = source, encode

    def __iter__(self):
        return ((X, self.encode(y), weight) for X, y, weight, _ in self.source)


def _two_or_more(classes):
    """Return the classes if a readout can tell them apart."""
    if classes.size < 2:
        raise ValueError(f"y holds one class only ({classes.tolist()[0]!r}); a readout needs two.")
    return classes


def _two_sided(decision):
    """One column a class, also for two classes."""
    if decision.ndim == 2 and decision.shape[1] > 1:
        return decision
    decision = decision.reshape(-1, 1)
    return np.hstack([-decision, decision])


def _sharpness(decision, truth, weight):
    """Factor that makes the softmax of held-out decisions most likely."""
    rows = np.arange(len(truth))

    def loss(log_factor):
        logs = log_softmax(np.exp(log_factor) * decision, axis=1)[rows, truth]
        return -np.average(logs, weights=weight)

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 5.0), method="bounded").x))
