"""RidgeReadout: the linear readout, its penalty chosen by leave-one-out from one decomposition."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

TASKS = ("auto", "classification", "regression")
ALPHAS = tuple(float(alpha) for alpha in np.logspace(-3, 6, 19))


class RidgeReadout(BaseEstimator):
    r"""Linear readout with a ridge penalty, for numbers and for labels.

    The features are standardised with the mean and the spread of the training data; the penalty
    is the one with the least squared leave-one-out error, which one decomposition gives for all.

    Parameters
    ----------
    alphas : float or sequence of float, default=1e-3 to 1e6 in half decades
        Penalties to choose from; one number is taken as it is.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point targets and classifies all others.
    standardize : bool, default=True
        Give every feature zero mean and unit variance first; False only centres.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights for the features as given (the scale is folded in).
    intercept_ : float or ndarray of shape (n_targets,)
        Prediction at zero features.
    alpha_ : float
        The penalty taken.
    classes_ : ndarray
        Labels, in classification.
    sharpness_ : float
        In classification: factor between decision values and logits, from the leave-one-out
        decisions.
    n_features_in_ : int
        Number of features.

    References
    ----------
    R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeReadout().fit(X, ["low", "low", "high", "high"]).predict([[2.5]])
    array(['high'], dtype='<U4')
    """

    def __init__(self, alphas=ALPHAS, *, task="auto", standardize=True):
        self.alphas, self.task, self.standardize = alphas, task, standardize

    def fit(self, X, y):
        """Fit the weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers; only numbers may have more than one column.

        Returns
        -------
        self : RidgeReadout
            The fitted readout.
        """
        if self.task not in TASKS:
            raise ValueError(f"task={self.task!r} is not known; choose from {', '.join(TASKS)}.")
        alphas = np.sort(np.atleast_1d(np.asarray(self.alphas, dtype=np.float64)))
        if not (alphas.size and (alphas > 0).all() and np.isfinite(alphas).all()):
            raise ValueError(f"alphas={self.alphas!r} must be positive and finite.")
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None.")
        classify = self.task == "classification" or (
            self.task == "auto" and np.asarray(y).dtype.kind != "f"
        )
        if classify:
            X, y = validate_data(self, X, y, dtype=np.float64)
            check_classification_targets(y)
            self.classes_ = unique_labels(y)
            if self.classes_.size < 2:
                raise ValueError(
                    f"y holds one class only ({self.classes_[0]!r}); a readout needs two."
                )
            targets = 2.0 * (y[:, np.newaxis] == self.classes_) - 1.0
            targets = targets[:, 1:] if self.classes_.size == 2 else targets
        else:
            X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
            self.__dict__.pop("classes_", None)
            targets = y.reshape(len(y), -1).astype(np.float64)
        coef, held_out = self._solve(X, targets, alphas)
        if classify:
            truth = np.searchsorted(self.classes_, y)
            self.sharpness_ = _sharpness(_two_sided(held_out), truth)
        flat = coef.shape[0] == 1 and (classify or y.ndim == 1)
        self.coef_ = coef[0] if flat else coef
        offset = targets.mean(axis=0) - coef @ X.mean(axis=0)
        self.intercept_ = float(offset[0]) if flat else offset
        return self

    def _solve(self, X, targets, alphas):
        """Return weights (target, feature) and leave-one-out predictions; sets ``alpha_``."""
        n_samples = len(X)
        scale = X.std(axis=0) if self.standardize else np.ones(X.shape[1])
        scale[scale <= 1e-12 * np.abs(X).max(axis=0, initial=0.0)] = 1.0
        Z = (X - X.mean(axis=0)) / scale
        goal = targets - targets.mean(axis=0)
        tall = n_samples >= X.shape[1]
        values, vectors = np.linalg.eigh(Z.T @ Z if tall else Z @ Z.T)
        kept = values > values[-1] * 1e-14 if values[-1] > 0 else np.zeros(len(values), dtype=bool)
        values = values[kept]
        right = vectors[:, kept] if tall else Z.T @ vectors[:, kept] / np.sqrt(values)
        left = Z @ vectors[:, kept] / np.sqrt(values) if tall else vectors[:, kept]
        seen, square = left.T @ goal, left**2
        best = (np.inf, alphas[0], goal)
        for alpha in alphas:
            share = values / (values + alpha)
            leverage = np.minimum(square @ share + 1.0 / n_samples, 1.0 - 1e-9)
            error = (goal - left @ (share[:, np.newaxis] * seen)) / (1.0 - leverage)[:, np.newaxis]
            loss = np.mean(error**2)
            if loss < best[0]:
                best = loss, alpha, error
        _, self.alpha_, error = best
        self.alpha_ = float(self.alpha_)
        weights = right @ ((np.sqrt(values) / (values + self.alpha_))[:, np.newaxis] * seen)
        return (weights / scale[:, np.newaxis]).T, targets - error

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
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    def _classifies(self):
        """Tell whether labels are learnt; an unfitted "auto" may yet learn them."""
        if self.task == "auto" and hasattr(self, "coef_"):
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


def _two_sided(decision):
    """One column a class, also for two classes."""
    if decision.ndim == 2 and decision.shape[1] > 1:
        return decision
    decision = decision.reshape(-1, 1)
    return np.hstack([-decision, decision])


def _sharpness(decision, truth):
    """Factor that makes the softmax of held-out decisions most likely."""
    rows = np.arange(len(truth))

    def loss(log_factor):
        return -log_softmax(np.exp(log_factor) * decision, axis=1)[rows, truth].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 5.0), method="bounded").x))
