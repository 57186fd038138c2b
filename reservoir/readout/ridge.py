"""RidgeReadout: linear readout, fitted from sums over rows that need not be in memory."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_consistent_length

from mottle.arrays import refuse_masked
from mottle.checks import check_bool, check_option, is_whole
from mottle.log import say_once
from mottle.reservoir.readout import gram
from mottle.reservoir.readout.calibration import find_sharpness
from mottle.reservoir.readout.linear import LinearReadout, check_penalties, two_or_more, two_sided
from mottle.reservoir.readout.rows import Rows, Sample, rows_a_block
from mottle.reservoir.readout.task import TASKS

ALPHAS = tuple(float(alpha) for alpha in np.logspace(-3, 6, 19))
LEARNT = ("coef_", "intercept_", "alpha_", "losses_", "sharpness_")
N_FOLDS = 10
HELD_OUT = 1 << 20  # largest number of decisions used to choose the sharpness


class RidgeReadout(LinearReadout):
    r"""Linear readout with a ridge penalty, for regression and classification.

    Features are standardised with mean and standard deviation of the training data. The penalty is
    chosen by the least squared error on held-out rows; one decomposition serves all penalties.
    ``fit`` reads its rows block by block, so ``X`` may also be an array of dask, zarr, h5py or
    xarray; besides a block, a matrix (feature, feature) is in memory, or one for each fold.

    Parameters
    ----------
    alphas : float or sequence of float, default=1e-3 to 1e6 in half decades
        Penalties to choose from; a single number is used as it is.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point targets and classifies text, truth values and integers.
        Integers that may be measurements (more than 20 distinct values, or half of them occur only
        once) are refused: state the task.
    standardize : bool, default=True
        Give every feature zero mean and unit variance first; False only centres.
    cv : {"auto", "loo", "gcv"} or int, default="auto"
        How the penalty is chosen. "loo": exact leave-one-out, which reads the rows twice. "gcv":
        generalised cross-validation, an approximation of leave-one-out in one pass. A number:
        folds of whole ``groups``, exact and in one pass; groups are assigned to folds in order of
        appearance. "auto": 10 such folds if groups are given, otherwise "loo" in ``fit`` and "gcv"
        in ``partial_fit``, which cannot read rows twice.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights for the features as given (the scale is folded in).
    intercept_ : float or ndarray of shape (n_targets,)
        Prediction at zero features.
    alpha_ : float
        The chosen penalty.
    losses_ : ndarray of shape (n_alphas,)
        Mean squared error on held-out rows, for the penalties in rising order; only with several
        penalties.
    classes_ : ndarray
        Labels, in classification.
    sharpness_ : float
        In classification: factor between decision values and logits, from decisions without the
        row, or without the fold of its group (of at most a million, evenly spaced over the rows;
        after ``partial_fit``, of 4 MiB of rows that are kept for this purpose).
    n_features_in_ : int
        Number of features.

    Notes
    -----
    With weights w the sum of w (y - prediction)^2 + alpha |coef|^2 is minimised, as by
    scikit-learn's ``Ridge``. Leave-one-out leaves out a row as a whole, whatever its weight, with
    the scale of all features unchanged. Without a fold of groups, features are scaled anew, as in a
    pipeline.

    References
    ----------
    R. M. Rifkin, R. A. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> RidgeReadout().fit(X, ["low", "low", "high", "high"]).predict([[2.5]])
    array(['high'], dtype='<U4')

    Rows in blocks that are not kept:

    >>> readout = RidgeReadout(1e-3)
    >>> for block in np.split(np.linspace(0.0, 1.0, 100).reshape(-1, 1), 4):
    ...     _ = readout.partial_fit(block, 3.0 * block[:, 0])
    >>> readout.predict([[2.0]]).round(3)
    array([6.])
    """

    def __init__(
        self,
        alphas: Any = ALPHAS,
        *,
        task: str = "auto",
        standardize: bool = True,
        cv: Any = "auto",
    ) -> None:
        self.alphas, self.task, self.standardize, self.cv = alphas, task, standardize, cv

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit the weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; an array of dask, zarr, h5py or xarray is read block by block, twice if the
            penalty is chosen by "loo".
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers; only numbers may have more than one column. Numbers may also be read
            block by block.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples.
        groups : array-like of shape (n_samples,), default=None
            Groups that cross-validation must not split, such as subjects or recordings.

        Returns
        -------
        self : RidgeReadout
            The fitted readout.
        """
        self._forget()
        self._check_cv(groups is not None, again=True)
        classify = self._takes_labels(y)
        X, y, weight, groups = self._check(X, y, sample_weight, groups, classify, reset=True)
        if classify:
            self._learn_classes(y)
        self._learn(Rows(X, y, weight, groups), y.ndim == 1)
        return self

    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, groups: Any = None
    ) -> Self:
        """Add rows, which are not kept; the weights are computed at the next access.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the samples.
        classes : array-like, default=None
            All labels that will occur, in the first call; None takes those of the first block.
            Later calls may repeat them.
        groups : array-like of shape (n_samples,), default=None
            As in ``fit``; in all calls or in none.

        Returns
        -------
        self : RidgeReadout
            The readout.
        """
        self._check_cv(groups is not None, again=False)
        first = not self._begun
        if first:
            self._forget()  # what a first call that failed has left
        classify = self._takes_classes(y, classes)
        X, y, weight, groups = self._check(X, y, sample_weight, groups, classify, reset=first)
        if classify:
            self._learn_classes(y, classes)
        for block in Rows(X, y, weight, groups):
            self._add(block, y.ndim == 1, keep=classify)
        for name in LEARNT:
            self.__dict__.pop(name, None)
        return self

    def __getattr__(self, name):
        """Solve for the weights after ``partial_fit``, when a fitted attribute is first used."""
        if name in LEARNT and "_folds" in self.__dict__ and "coef_" not in self.__dict__:
            self._finish()
            return getattr(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def _begun(self) -> bool:
        """Whether rows have been added; weights follow from them when they are used."""
        return "_folds" in self.__dict__

    def _forget(self):
        for name in (*LEARNT, "classes_", "_folds", "_sample", "_flat"):
            self.__dict__.pop(name, None)

    def _check_parameters(self) -> None:
        check_option("task", self.task, TASKS)
        check_bool("standardize", self.standardize)
        check_penalties(self.alphas)
        number = is_whole(self.cv) and self.cv >= 2
        if not number and not (isinstance(self.cv, str) and self.cv in ("auto", "loo", "gcv")):
            raise ValueError(f"cv={self.cv!r} must be 'auto', 'loo', 'gcv' or a number of folds.")

    def _check_cv(self, grouped: bool, again: bool) -> None:
        """Check the parameters, and whether the rows can be split as ``cv`` says."""
        self._check_parameters()
        if is_whole(self.cv) and not grouped:
            raise ValueError(
                f"cv={self.cv} needs groups for its folds; pass groups, or take cv='loo'."
            )
        if grouped and self.cv in ("loo", "gcv"):
            raise ValueError(
                f"groups are given, but cv={self.cv!r} would split them; take cv='auto'."
            )
        if self.cv == "loo" and not again:
            raise ValueError(
                "cv='loo' reads the rows twice, which is not possible here; take cv='gcv'."
            )

    def _check(self, X, y, weight, groups, classify, reset):
        """Return features, targets, weights and groups that can be cut into blocks."""
        for name, values in (("sample_weight", weight), ("groups", groups)):
            refuse_masked(values, name)
        X, y = self._check_rows(X, y, classify, reset)
        weight = _check_weight(weight, X.shape[0])
        if groups is not None:
            groups = _check_groups(column_or_1d(groups))
        check_consistent_length(X, groups)
        return X, y, weight, groups

    def _add(self, block: Any, flat: bool, keep: bool) -> None:
        """Add a block of rows; ``keep`` a sample of those that cannot be read again."""
        X, y, weight, groups = block
        y = self._encode(y)
        if "_folds" not in self.__dict__:
            n_folds = self.cv if is_whole(self.cv) else N_FOLDS
            self._folds = gram.Folds(X.shape[1], y.shape[1], n_folds, groups is not None)
            self._sample, self._flat = Sample(rows_a_block(X.shape[1])), flat
            self.n_features_in_ = X.shape[1]
        added = self._folds.add(X, y, weight, groups)
        if keep:
            self._sample.add(*added)

    def fit_blocks(
        self,
        blocks: Any,
        sample: Any,
        *,
        classes: Any = None,
        grouped: Any = False,
        again: Any = True,
    ) -> Self:
        """Fit to blocks of rows, one of which is in memory at a time.

        Parameters
        ----------
        blocks : iterable of (X, y, weight, groups)
            Features (row, feature), targets, weights (row,), and groups (row,) or None.
        sample : ndarray
            Targets that have the type and dimensions of all, and every label.
        classes : array-like, default=None
            All labels that will occur; None takes those of ``sample``.
        grouped : bool, default=False
            Whether blocks have groups, which cross-validation must not split.
        again : bool, default=True
            Whether ``blocks`` can be iterated more than once.

        Returns
        -------
        self : RidgeReadout
            The fitted readout.
        """
        self._forget()
        self._check_cv(grouped, again)
        if classes is not None or self._takes_labels(sample):
            self.classes_ = two_or_more(unique_labels(sample if classes is None else classes))
        self.__dict__.pop("feature_names_in_", None)
        self._learn(blocks, sample.ndim == 1, again)
        return self

    def _learn(self, source: Iterable[Any], flat: bool, again: bool = True) -> None:
        """Fit to blocks (X, y, weight, groups), which can be read twice if ``again``."""
        for block in source:
            self._add(block, flat, keep=not again and hasattr(self, "classes_"))
        self._finish(_Again(source, self._encode, self._folds) if again else None)
        self._folds.join()

    def _finish(self, source: Any = None) -> None:
        """Choose the penalty and solve; ``source`` reads the rows again, or is None."""
        alphas, few = check_penalties(self.alphas), self._folds.few()
        if not self._folds.weight > 0:
            raise ValueError("the weights of all rows are zero; at least one must be positive.")
        if few is None:
            spectrum = gram.decompose(self._folds.total(), self.standardize)
        else:
            spectrum, source = gram.decompose_wide(few, self.standardize), [few]
        if alphas.size > 1:
            self.losses_ = self._losses(spectrum, few, source, alphas)
        self.alpha_ = float(alphas[int(np.argmin(self.losses_)) if alphas.size > 1 else 0])
        classify = hasattr(self, "classes_")
        if classify:
            kept = [gram.RowSet(*self._sample.kept)] if source is None else None
            n_rows = spectrum.n_rows if kept is None else len(kept[0].X)
            self.sharpness_ = find_sharpness(*self._held_out(spectrum, kept or source, n_rows))
        say_at_end(self.alpha_, alphas)
        coef = spectrum.coef(self.alpha_)
        intercept = spectrum.target_mean - spectrum.mean @ coef
        flat = coef.shape[1] == 1 and (classify or self._flat)
        self.intercept_ = float(intercept[0]) if flat else intercept
        self.coef_ = coef[:, 0].copy() if flat else np.ascontiguousarray(coef.T)

    def _losses(self, spectrum, few, source, alphas):
        """Return the mean squared error on held-out rows, for each penalty."""
        if self._folds.grouped and few is None:
            return gram.leave_group_out(self._folds.grams, self.standardize, alphas)
        if self._folds.grouped:
            return gram.leave_group_out_wide(few, self._folds.of(few), self.standardize, alphas)
        if source is None or self.cv == "gcv":
            return gram.generalized(spectrum, alphas)
        return gram.leave_one_out(spectrum, source, alphas)

    def _held_out(self, spectrum, blocks, n_all):
        """Return decisions without the row or its fold, and labels, weights and groups of rows."""
        every = -(-n_all * self.classes_.size // HELD_OUT)
        alpha, n_rows, parts, without = self.alpha_, 0, [], {}
        if self._folds.grouped:
            without = gram.without_each(self._folds, self.standardize, alpha)
        for rows in blocks:
            rows = rows.weighted()
            chosen = slice(-n_rows % every, None, every)
            n_rows += len(rows.X)
            rows = rows.only(chosen)
            X, y, weight, group = rows
            decision = np.empty_like(y)
            fold = self._folds.of(rows)
            for k in np.unique(fold).tolist() if without else ():
                decision[fold == k] = without[k].predict(X[fold == k])
            if not without:
                decision = y - spectrum.errors(X, y, weight, np.array([alpha]))[0]
            parts.append((two_sided(decision), two_sided(y).argmax(axis=1), weight, group))
        decision, label, weight, group = map(np.concatenate, zip(*parts, strict=True))
        return decision, label, weight, group if without else np.arange(len(label))

    @available_if(lambda self: self._classifies())
    def predict_proba(self, X: Any) -> NDArray:
        """Return class probabilities, calibrated on held-out decisions (see ``sharpness_``).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.

        Examples
        --------
        >>> X = np.arange(8.0).reshape(-1, 1)
        >>> readout = RidgeReadout().fit(X, ["low"] * 4 + ["high"] * 4)
        >>> chance = readout.predict_proba([[7.0]])[0]
        >>> readout.classes_.tolist(), bool(chance[0] > chance[1])
        (['high', 'low'], True)
        """
        decision = two_sided(self._combine(X))
        return softmax(self.sharpness_ * decision, axis=1)


def _check_weight(weight, n_rows):
    """Return one weight per row."""
    if weight is None:
        return np.broadcast_to(1.0, (n_rows,))
    weight = check_array(weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
    if weight.shape != (n_rows,):
        raise ValueError(f"sample_weight has shape {weight.shape}; expected ({n_rows},).")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"sample_weight={weight[row]} of row {row} is negative; 0 leaves it out.")
    return weight


def say_at_end(alpha: float, alphas: NDArray[np.float64]) -> None:
    """Log one line for each grid whose largest penalty was taken."""
    end = float(alphas.max())
    if alphas.size > 1 and alpha >= end:
        say_once(
            ("RidgeReadout", end),
            "RidgeReadout took alpha=%g, the largest of its alphas: larger ones may do better, or "
            "the features tell next to nothing of the target.", end,
        )  # fmt: skip


def _check_groups(groups):
    """Check that groups are of one type and not NaN."""
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise ValueError(f"groups is NaN at row {int(np.argmax(np.isnan(groups)))}; name each.")
    if len(kinds := {type(name).__name__ for name in groups.tolist()}) > 1:
        raise ValueError(f"groups must be of one type, not {', '.join(sorted(kinds))}.")
    return groups


class _Again:
    """Blocks of rows, their targets encoded as numbers; can be iterated repeatedly."""

    def __init__(self, source, encode, folds):
        self.source, self.encode, self.folds = source, encode, folds

    def __iter__(self):
        for X, y, weight, groups in self.source:
            yield gram.RowSet(X, self.encode(y), weight, self.folds.number(len(X), groups))
