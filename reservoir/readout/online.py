"""Readouts that learn row by row: recursive least squares, and least mean squares."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number, check_option, check_positive, check_whole
from mottle.memory import check_memory
from mottle.reservoir.compiled.notice import announced
from mottle.reservoir.compiled.threads import compiled_for
from mottle.reservoir.readout import kernel_online as kernel
from mottle.reservoir.readout.linear import LinearReadout, two_or_more
from mottle.reservoir.readout.rows import Rows
from mottle.reservoir.readout.task import TASKS
from mottle.restored import check_array, check_equal


class OnlineReadout(LinearReadout):
    """Base class of readouts that take rows in their order, each once; chunks equal the whole."""

    def fit(self, X: Any, y: Any) -> Self:
        """Learn all rows in their order, once, from a fresh start.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; an array of dask, zarr, h5py or xarray is read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers; only numbers may have more than one column.

        Returns
        -------
        self : estimator
            The fitted readout.
        """
        self._forget()
        return self.partial_fit(X, y)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Learn further rows; chunks of any size give the same weights, to the bit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        classes : array-like, default=None
            All labels that will occur, in the first call; None takes those of that call. Later
            calls may repeat them.

        Returns
        -------
        self : estimator
            The readout.
        """
        self._check_parameters()
        if classes is None and self._are_plain(X, y):  # a tick of a live run should take no time
            self._add(X, self._encode(y), y.ndim == 1)
            return self
        first = not self._begun
        if first:
            self._forget()  # what a first call that failed has left
        classify = self._takes_classes(y, classes)
        X, y = self._check_rows(X, y, classify, reset=first)
        if classify:
            self._learn_classes(y, classes)
        for block, targets, *_ in Rows(X, y, np.broadcast_to(1.0, (X.shape[0],)), None):
            self._add(block, self._encode(targets), classify or y.ndim == 1)
        return self

    def fit_blocks(
        self,
        blocks: Any,
        sample: Any,
        *,
        classes: Any = None,
        grouped: Any = False,
        again: Any = True,
    ) -> Self:
        """Learn blocks of rows in their order, once, from a fresh start; for ``fit_stream``.

        Parameters
        ----------
        blocks : iterable of (X, y, weight, groups)
            Features (row, feature) and targets; weights and groups are not used.
        sample : ndarray
            Targets that have the type and dimensions of all, and every label.
        classes : array-like, default=None
            All labels that will occur; None takes those of ``sample``.
        grouped : bool, default=False
            Groups are refused: no penalty is chosen.
        again : bool, default=True
            Not used: blocks are read once.

        Returns
        -------
        self : estimator
            The fitted readout.
        """
        if grouped:
            raise ValueError(
                f"groups are for choosing a penalty, which {type(self).__name__} does not: leave "
                "them out."
            )
        self._forget()
        self._check_parameters()
        classify = self._takes_classes(sample, classes)
        if classify:
            labels = np.unique(sample if classes is None else classes)
            self.classes_ = two_or_more(labels)
        self.__dict__.pop("feature_names_in_", None)
        for X, y, *_ in blocks:
            self.n_features_in_ = X.shape[1]
            self._add(X, self._encode(y), classify or sample.ndim == 1)
        return self

    def _are_plain(self, X: Any, y: Any) -> bool:
        """Return whether rows are finite arrays like the first, and need no further check."""
        if not (self._begun and type(X) is np.ndarray and type(y) is np.ndarray):
            return False
        width, fitted = self.n_features_in_, self.__dict__
        if X.dtype != np.float64 or X.ndim != 2 or X.shape[1] != width or not 0 < len(X) == len(y):
            return False
        if "feature_names_in_" in fitted or not np.isfinite(X).all():
            return False
        if "classes_" in fitted:
            kind = self.classes_.dtype.kind
            return y.ndim == 1 and y.dtype.kind == kind and kind in "biuU"
        return y.dtype.kind == "f" and y.ndim in (1, 2) and bool(np.isfinite(y).all())

    def _forget(self) -> None:
        for name in ("coef_", "intercept_", "classes_", "_state"):
            self.__dict__.pop(name, None)

    def _check_restored(self) -> None:
        if "_state" not in self.__dict__:
            return
        n_features = check_whole("n_features_in_", self.n_features_in_)
        expected = self._start(n_features, len(self._state["coef"]))
        check_equal("_state", [*self._state], [*expected])
        for name, array in expected.items():
            check_array(f"_state[{name!r}]", self._state[name], array.shape, str(array.dtype))

    def _add(self, X: NDArray, y: NDArray, flat: bool) -> None:
        """Learn features (row, feature) and encoded targets (row, target)."""
        X, y = compiled_for((np.ascontiguousarray(X, np.float64), np.ascontiguousarray(y)))
        if not self._begun:
            self._state = self._start(X.shape[1], y.shape[1])
        n_targets = len(self._state["coef"])
        if y.shape[1] != n_targets:
            raise ValueError(f"y has {y.shape[1]} columns, earlier rows had {n_targets}.")
        fresh = "coef_" not in self.__dict__
        n_learnt = self._learn(X, y)
        if fresh and not n_learnt:
            self._forget()  # nothing is fitted
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
            self._refuse_row(X, y, 0)
        coef, intercept = self._weights()
        flat = flat and n_targets == 1
        self.coef_ = coef[0].copy() if flat else coef.copy()
        self.intercept_ = float(intercept[0]) if flat else intercept.copy()
        if n_learnt < len(X):
            self._refuse_row(X, y, n_learnt)

    def _refuse_row(self, X: NDArray, y: NDArray, row: int) -> None:
        """Raise for a row whose squares overflow."""
        size = max(np.abs(X[row]).max(), np.abs(y[row]).max())
        raise ValueError(
            f"row {row} of {len(X)} holds values of up to {size:.3g} or is predicted as far off, "
            "and their squares overflow: scale features and targets. The rows before it were "
            "learnt."
        )

    def _check_parameters(self) -> None:
        raise NotImplementedError

    def _start(self, n_features: int, n_targets: int) -> dict[str, NDArray]:
        """Return the arrays that rows change."""
        raise NotImplementedError

    def _learn(self, X: NDArray, y: NDArray) -> int:
        """Change the state by rows; return how many were learnt."""
        raise NotImplementedError

    def _weights(self) -> tuple[NDArray, NDArray]:
        """Return weights (target, feature) and intercepts (target,)."""
        raise NotImplementedError


class RLSReadout(OnlineReadout):
    r"""Linear readout that learns row by row: recursive least squares with forgetting.

    After every row the weights are those of a ridge regression on all rows so far, in which a row
    counts ``forgetting`` times as much as the next. This is the algorithm of FORCE learning. A row
    costs a time that grows with the square of the number of features.

    Parameters
    ----------
    alpha : float, default=1.0
        Ridge penalty on the weights, in squares of a feature's unit: scale features to a similar
        size, or take a small penalty. The intercept has none.
    forgetting : float, default=1.0
        Above 0, at most 1. The last 1 / (1 - forgetting) rows count most; 1 forgets nothing.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point targets and classifies text, truth values and integers, as
        `RidgeReadout` does. Labels are learnt as targets of +1 and -1.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights for the features as given.
    intercept_ : float or ndarray of shape (n_targets,)
        Prediction at zero features.
    classes_ : ndarray
        Labels, in classification.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    With :math:`\lambda` = ``forgetting``, after n rows the weights b and the intercept c minimise

    .. math:: \sum_i \lambda^{n-i} (y_i - x_i b - c)^2 + \sum_j \alpha \lambda^{n-r_j} b_j^2

    The penalty is forgotten as rows are, since row :math:`r_j`. It is renewed to ``alpha`` for one
    feature after the other, each once in 1 / (1 - forgetting) rows: a feature that is constant for
    long keeps a penalty of about alpha / e at least, and forgetting goes on for all others. With
    more features than 1 / (1 - forgetting) the renewals take most of the time.

    The inverse of the moments is kept as a product U D U', symmetric and positive whatever is
    rounded (Bierman 1977), so that features may differ by many powers of ten in size.

    References
    ----------
    S. Haykin, "Adaptive Filter Theory", 5th ed., Pearson 2014, ch. 10; D. Sussillo, L. F. Abbott,
    Neuron 63 (2009) 544; S. Gunnarsson, IEEE Trans. Signal Process. 44 (1996) 1031; G. J. Bierman,
    "Factorization Methods for Discrete Sequential Estimation", Academic Press 1977, ch. V.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(2000, 3))
    >>> y = np.where(np.arange(2000) < 1000, X[:, 0], X[:, 1])  # another weight after 1000 rows
    >>> readout = RLSReadout(forgetting=0.98)
    >>> readout.partial_fit(X[:1000], y[:1000]).coef_.round(1) + 0.0
    array([1., 0., 0.])
    >>> readout.partial_fit(X[1000:], y[1000:]).coef_.round(1) + 0.0
    array([0., 1., 0.])
    """

    def __init__(self, alpha: Any = 1.0, *, forgetting: Any = 1.0, task: str = "auto") -> None:
        self.alpha, self.forgetting, self.task = alpha, forgetting, task

    def _check_parameters(self) -> None:
        check_positive("alpha", self.alpha)
        check_number("forgetting", self.forgetting, above=0, most=1)
        check_option("task", self.task, TASKS)

    def _start(self, n_features: int, n_targets: int) -> dict[str, NDArray]:
        n_values = n_features * (n_features - 1) // 2
        check_memory(
            n_values, f"the products of {n_features} features", "take fewer, or LMSReadout"
        )
        return {
            "coef": np.zeros((n_targets, n_features)),
            "factor": np.zeros(n_values),
            "diagonal": np.full(n_features, 1.0 / self.alpha),
            "mean": np.zeros(n_features + n_targets),
            "weight": np.zeros(1),
            "count": np.zeros(2, np.int64),
            "age": np.zeros(n_features, np.int64),
        }

    def _learn(self, X: NDArray, y: NDArray) -> int:
        given = float(self.forgetting), float(self.alpha)
        with announced(kernel.learn_least_squares):
            return int(kernel.learn_least_squares(X, y, *given, *self._state.values()))

    def _weights(self) -> tuple[NDArray, NDArray]:
        coef, mean = self._state["coef"], self._state["mean"]
        return coef, mean[coef.shape[1] :] - coef @ mean[: coef.shape[1]]


class LMSReadout(OnlineReadout):
    """Linear readout that learns row by row: normalised least mean squares.

    A row moves the weights along itself, by ``step`` of what would remove its error. It costs a
    time in proportion to the number of features, and needs many more rows than `RLSReadout`: most
    where features differ in size or vary together. Scale features first. The last rows count most:
    of rows that are sorted by label, only the last label would be learnt.

    Parameters
    ----------
    step : float, default=0.1
        Above 0, below 2. 1 removes the error of a row; less averages over about 1 / step rows for
        each feature.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point targets and classifies text, truth values and integers, as
        `RidgeReadout` does. Labels are learnt as targets of +1 and -1.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights for the features as given.
    intercept_ : float or ndarray of shape (n_targets,)
        Prediction at zero features.
    classes_ : ndarray
        Labels, in classification.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    With the error e of a row x before it is learnt, weights change by step e x / (1 + x x'), the
    intercept by step e / (1 + x x').

    References
    ----------
    S. Haykin, "Adaptive Filter Theory", 5th ed., Pearson 2014, ch. 7.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(2000, 3))
    >>> LMSReadout().fit(X, X[:, 0] - 2.0 * X[:, 2] + 1.0).coef_.round(2) + 0.0
    array([ 1.,  0., -2.])
    """

    def __init__(self, step: Any = 0.1, *, task: str = "auto") -> None:
        self.step, self.task = step, task

    def _check_parameters(self) -> None:
        check_number("step", self.step, above=0, below=2)
        check_option("task", self.task, TASKS)

    def _start(self, n_features: int, n_targets: int) -> dict[str, NDArray]:
        return {"coef": np.zeros((n_targets, n_features)), "intercept": np.zeros(n_targets)}

    def _learn(self, X: NDArray, y: NDArray) -> int:
        with announced(kernel.learn_mean_squares):
            return int(kernel.learn_mean_squares(X, y, float(self.step), *self._state.values()))

    def _weights(self) -> tuple[NDArray, NDArray]:
        return self._state["coef"], self._state["intercept"]
