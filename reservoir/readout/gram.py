"""Second moments accumulated block by block, and ridge regressions computed from them.

Every sum is about its own mean (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances", COMPSTAT 1982), so that there is no cancellation
for features far from zero. With weights w, the sum of w (y - x b - c)^2 is minimised.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import dsyrk

from mottle.blas import threads_for
from mottle.reservoir.readout.rows import with_weight

RANK = 1e-14  # of the largest eigenvalue: smaller ones are rounding errors
LEAST = 1e-9  # least value of 1 - leverage


class Gram:
    """Weighted second moments of rows [x, y] about their mean."""

    def __init__(self, n_features: int, n_targets: int):
        size = n_features + n_targets
        self.n_features, self.n_rows, self.weight = n_features, 0, 0.0
        self.mean, self.top = np.zeros(size), np.zeros(n_features)  # top: largest magnitude
        self._moments = np.zeros((size, size), order="F")  # upper triangle

    def add(self, X: NDArray, y: NDArray, weight: NDArray) -> Self:
        """Add rows: X (row, feature), y (row, target), weight (row,)."""
        X, y, weight = with_weight(X, y, weight)
        n, total = len(X), float(weight.sum())
        if n == 0:
            return self
        rows = np.empty((n + 1, self.mean.size))
        rows[:n, : self.n_features], rows[:n, self.n_features :] = X, y
        top = np.maximum(X.max(axis=0), -X.min(axis=0))
        mean = weight @ rows[:n] / total
        rows[:n] -= mean
        if (weight != 1.0).any():
            rows[:n] *= np.sqrt(weight)[:, np.newaxis]
        rows[n] = self._join(n, total, mean, top)
        self._moments = dsyrk(1.0, rows.T, beta=1.0, c=self._moments, overwrite_c=1)
        return self

    def merge(self, other: "Gram") -> Self:
        """Add the rows of another Gram."""
        if other.n_rows:
            gap = self._join(other.n_rows, other.weight, other.mean, other.top)
            self._moments += other._moments
            self._moments = dsyrk(1.0, gap[:, np.newaxis], 1.0, c=self._moments, overwrite_c=1)
        return self

    def _join(self, n: int, weight: float, mean: NDArray, top: NDArray) -> NDArray:
        """Update the mean; return the row that accounts for the gap between the two means."""
        gap, fraction = mean - self.mean, weight / (self.weight + weight)
        row: NDArray = np.sqrt(self.weight * fraction) * gap
        self.mean += fraction * gap
        self.n_rows, self.weight = self.n_rows + n, self.weight + weight
        self.top = np.maximum(self.top, top)
        return row

    @property
    def xx(self) -> NDArray:
        """Moments of features with features, (feature, feature)."""
        upper = np.triu(self._moments[: self.n_features, : self.n_features])
        return upper + np.triu(upper, 1).T

    @property
    def xy(self) -> NDArray:
        """Moments of features with targets, (feature, target)."""
        return self._moments[: self.n_features, self.n_features :]

    @property
    def yy(self) -> NDArray:
        """Sum of squares of each target about its mean, (target,)."""
        return np.diag(self._moments)[self.n_features :]

    def scale(self, standardize: bool) -> NDArray:
        """Return the standard deviation of each feature; 1 if constant or not standardised."""
        squares = np.diag(self._moments)[: self.n_features]
        return deviation_or_one(squares / self.weight, self.top, standardize)


class RowSet(NamedTuple):
    """Rows: X (row, feature), y (row, target), weight (row,), group (row,), numbered from 0."""

    X: NDArray
    y: NDArray
    weight: NDArray
    group: NDArray

    def only(self, chosen: Any) -> "RowSet":
        """Return some of the rows."""
        return RowSet(*(part[chosen] for part in self))

    def weighted(self) -> "RowSet":
        """Return the rows whose weight is not 0."""
        positive = self.weight > 0
        return self if positive.all() else self.only(positive)


class Folds:
    """Rows while there are fewer of them than features, then only their moments.

    With groups there are moments of each fold; new groups are assigned to folds in turn.
    """

    def __init__(self, n_features: int, n_targets: int, n_folds: int, grouped: bool):
        self.n_features, self.n_targets = n_features, n_targets
        self.n_folds, self.grouped = n_folds, grouped
        self.numbers: dict[Any, int] = {}  # of groups
        self.grams: list[Gram] = []
        self.rows: list[RowSet] = []

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the folds of a model from before groups had numbers."""
        self.__dict__.update(state)
        self.__dict__.setdefault("numbers", self.__dict__.pop("fold_of", {}))
        if isinstance(self.n_folds, str):  # of cv, which names no number of folds
            self.n_folds = 1

    def number(self, n_rows: int, groups: NDArray | None) -> NDArray:
        """Return the number of the group of each row, by first appearance; 0 without groups."""
        if groups is None:
            return np.zeros(n_rows, dtype=np.intp)
        names, first, place = np.unique(groups, return_index=True, return_inverse=True)
        for name in names[np.argsort(first)].tolist():
            self.numbers.setdefault(name, len(self.numbers))
        return np.array([self.numbers[name] for name in names.tolist()])[place]

    def of(self, rows: RowSet) -> NDArray:
        """Return the fold of each row."""
        fold: NDArray = rows.group % self.n_folds
        return fold

    def add(self, X: NDArray, y: NDArray, weight: NDArray, groups: NDArray | None) -> RowSet:
        """Add rows, as ``Gram.add``; groups (row,). Return them with the numbers of groups."""
        if (groups is not None) != self.grouped:
            raise ValueError(
                "groups must be passed with every block of rows or with none; fit does not keep "
                "them, so use partial_fit from the first block."
            )
        if y.shape[1] != self.n_targets:
            raise ValueError(f"y has {y.shape[1]} columns, earlier blocks had {self.n_targets}.")
        added = RowSet(X, y, weight, self.number(len(X), groups))
        if not self.grams and sum(len(rows.X) for rows in self.rows) + len(X) < self.n_features:
            self.rows.append(RowSet(X.copy(), y.copy(), weight.copy(), added.group))
            return added
        for rows in [*self.rows, added]:
            self._sum(rows)
        self.rows = []
        return added

    def _sum(self, rows: RowSet) -> None:
        fold = self.of(rows)
        while len(self.grams) <= fold.max():
            self.grams.append(Gram(self.n_features, self.n_targets))
        for k in np.unique(fold):
            own = fold == k
            X, y, weight, _ = rows if own.all() else rows.only(own)
            self.grams[k].add(X, y, weight)

    @property
    def weight(self) -> float:
        """Sum of the weights of all rows."""
        kept = sum(float(rows.weight.sum()) for rows in self.rows)
        return kept + sum(gram.weight for gram in self.grams)

    def few(self) -> RowSet | None:
        """Return the rows while there are fewer of them than features, else None."""
        if len(self.rows) > 1:
            self.rows = [RowSet(*map(np.concatenate, zip(*self.rows, strict=True)))]
        return self.rows[0] if self.rows else None

    def join(self) -> None:
        """Merge all folds into one, without groups."""
        self.grouped, self.numbers = False, {}
        self.rows = [rows._replace(group=np.zeros_like(rows.group)) for rows in self.rows]
        self.grams = [self.total()] if self.grams else []

    def total(self) -> Gram:
        """Return the moments of all rows."""
        return self.grams[0] if len(self.grams) == 1 else merged(self.grams)


def merged(grams: list[Gram]) -> Gram:
    """Return the moments of the rows of all Grams."""
    total = Gram(grams[0].n_features, grams[0].yy.size)
    for gram in grams:
        total.merge(gram)
    return total


def deviation_or_one(variance: NDArray, top: NDArray, standardize: bool) -> NDArray:
    """Return the standard deviation of each feature; 1 if constant or not standardised."""
    deviation = np.sqrt(variance) if standardize else np.ones(top.size)
    return np.where(deviation <= 1e-12 * top, 1.0, deviation)


class Spectrum(NamedTuple):
    """Ridge regressions for any penalty; ``right`` maps centred features to the axes."""

    mean: NDArray  # (feature,)
    target_mean: NDArray  # (target,)
    values: NDArray  # (axis,)
    right: NDArray  # (feature, axis)
    projected: NDArray  # (axis, target), moments of axes with targets
    squares: NDArray  # (target,), sum of squares of the targets about their mean
    n_rows: int
    weight: float

    def rotate(self, X: NDArray) -> NDArray:
        """Return the coordinates of rows on the axes, (row, axis)."""
        rotated: NDArray = (X - self.mean) @ self.right
        return rotated

    def coef(self, alpha: float) -> NDArray:
        """Return the weights (feature, target)."""
        coef: NDArray = self.right @ (self.projected / (self.values + alpha)[:, np.newaxis])
        return coef

    def errors(self, X: NDArray, y: NDArray, weight: NDArray, alphas: NDArray) -> NDArray:
        """Return leave-one-out errors (penalty, row, target)."""
        rotated, inverse = self.rotate(X), 1.0 / np.add.outer(alphas, self.values)
        fitted = np.stack([rotated @ (s[:, np.newaxis] * self.projected) for s in inverse])
        errors: NDArray = y - self.target_mean - fitted
        leverage = weight * (inverse @ np.square(rotated, out=rotated).T + 1.0 / self.weight)
        errors /= (1.0 - np.minimum(leverage, 1.0 - LEAST))[:, :, np.newaxis]
        return errors


def decompose(gram: Gram, standardize: bool) -> Spectrum:
    """Decompose the moments once for all penalties."""
    scale, p = gram.scale(standardize), gram.n_features
    with threads_for(p):
        values, vectors = np.linalg.eigh(gram.xx / np.outer(scale, scale))
    kept = values > RANK * max(values[-1], 0.0)
    right = vectors[:, kept] / scale[:, np.newaxis]
    return Spectrum(
        gram.mean[:p], gram.mean[p:], values[kept], right, right.T @ gram.xy, gram.yy.copy(),
        gram.n_rows, gram.weight,
    )  # fmt: skip


def decompose_wide(rows: RowSet, standardize: bool) -> Spectrum:
    """Decompose fewer rows than features by the products of rows with rows."""
    X, y, w, _ = rows
    mean, target_mean = w @ X / w.sum(), w @ y / w.sum()
    root_w = np.sqrt(w)[:, np.newaxis]
    Z, y = (X - mean) * root_w, (y - target_mean) * root_w
    top = np.abs(X[w > 0]).max(axis=0)
    scale = deviation_or_one((Z**2).sum(axis=0) / w.sum(), top, standardize)
    Z /= scale
    with threads_for(len(Z)):
        values, vectors = np.linalg.eigh(Z @ Z.T)
    kept = values > RANK * max(values[-1], 0.0)
    root = np.sqrt(values[kept])
    right = Z.T @ (vectors[:, kept] / root) / scale[:, np.newaxis]
    projected = root[:, np.newaxis] * (vectors[:, kept].T @ y)
    n_rows, squares = int((w > 0).sum()), (y**2).sum(axis=0)
    return Spectrum(
        mean, target_mean, values[kept], right, projected, squares, n_rows, float(w.sum())
    )


def leave_one_out(spectrum: Spectrum, blocks: Iterable[RowSet], alphas: NDArray) -> NDArray:
    """Return the leave-one-out mean squared error of each penalty; reads the rows again."""
    total = np.zeros(alphas.size)
    for X, y, weight, _ in blocks:
        total += np.sum(spectrum.errors(X, y, weight, alphas) ** 2, axis=2) @ weight
    losses: NDArray = total / (spectrum.weight * spectrum.target_mean.size)
    return losses


def generalized(spectrum: Spectrum, alphas: NDArray) -> NDArray:
    """Return the generalised cross-validation error of each penalty (mean leverage for all rows).

    G. H. Golub, M. Heath, G. Wahba, Technometrics 21 (1979) 215, doi:10.2307/1268518.
    """
    losses = np.empty(alphas.size)
    for i, alpha in enumerate(alphas):
        inverse = 1.0 / (spectrum.values + alpha)
        fitted = ((inverse + alpha * inverse**2)[:, np.newaxis] * spectrum.projected**2).sum(axis=0)
        left = np.maximum(spectrum.squares - fitted, RANK * spectrum.squares).mean()
        leverage = ((spectrum.values * inverse).sum() + 1.0) / spectrum.n_rows
        losses[i] = left / spectrum.weight / max(1.0 - leverage, LEAST) ** 2
    return losses


def leave_group_out(folds: list[Gram], standardize: bool, alphas: NDArray) -> NDArray:
    """Return the mean squared error of each penalty with folds left out in turn; needs no rows."""
    folds = [fold for fold in folds if fold.n_rows]
    _check_folds(len(folds))
    total, weight = np.zeros(alphas.size), sum(fold.weight for fold in folds)
    for k, fold in enumerate(folds):
        spectrum = decompose(merged(folds[:k] + folds[k + 1 :]), standardize)
        xx, p = fold.xx, fold.n_features
        for i, alpha in enumerate(alphas):
            coef = spectrum.coef(alpha)
            within = fold.yy + np.sum(coef * (xx @ coef - 2.0 * fold.xy), axis=0)
            gap = fold.mean[p:] - spectrum.target_mean - (fold.mean[:p] - spectrum.mean) @ coef
            total[i] += np.sum(np.maximum(within, 0.0) + fold.weight * gap**2)
    losses: NDArray = total / (weight * folds[0].yy.size)
    return losses


def leave_group_out_wide(
    rows: RowSet, fold: NDArray, standardize: bool, alphas: NDArray
) -> NDArray:
    """Return the same as ``leave_group_out`` from fewer rows than features; fold (row,)."""
    total, names = np.zeros(alphas.size), np.unique(fold[rows.weight > 0])
    _check_folds(names.size)
    for k in names:
        own = fold == k
        spectrum, out = decompose_wide(rows.only(~own), standardize), rows.only(own)
        rotated = spectrum.rotate(out.X)
        for i, alpha in enumerate(alphas):
            on_axes = spectrum.projected / (spectrum.values + alpha)[:, np.newaxis]
            error = out.y - spectrum.target_mean - rotated @ on_axes
            total[i] += out.weight @ np.sum(error**2, axis=1)
    losses: NDArray = total / (rows.weight.sum() * rows.y.shape[1])
    return losses


class Line(NamedTuple):
    """A ridge regression for one penalty."""

    mean: NDArray  # (feature,)
    target_mean: NDArray  # (target,)
    coef: NDArray  # (feature, target)

    def predict(self, X: NDArray) -> NDArray:
        """Return predictions (row, target)."""
        predicted: NDArray = self.target_mean + (X - self.mean) @ self.coef
        return predicted


def without_each(folds: Folds, standardize: bool, alpha: float) -> dict[int, Line]:
    """Return regressions on all but one fold, by fold; none where fewer than two have rows."""
    few = folds.few()
    lines: dict[int, Line] = {}
    if few is not None:
        fold = folds.of(few)
        names = np.unique(fold[few.weight > 0]).tolist()
        for k in names if len(names) > 1 else ():
            spectrum = decompose_wide(few.only(fold != k), standardize)
            lines[k] = Line(spectrum.mean, spectrum.target_mean, spectrum.coef(alpha))
        return lines
    kept = {k: gram for k, gram in enumerate(folds.grams) if gram.n_rows}
    for k in kept if len(kept) > 1 else ():
        lines[k] = solve(merged([kept[j] for j in kept if j != k]), standardize, alpha)
    return lines


def solve(gram: Gram, standardize: bool, alpha: float) -> Line:
    """Solve for one penalty, in a twentieth of the time of ``decompose``."""
    scale, p = gram.scale(standardize), gram.n_features
    moments = gram.xx / np.outer(scale, scale)
    moments[np.diag_indices(p)] += alpha
    try:
        with threads_for(p):
            coef = cho_solve(cho_factor(moments), gram.xy / scale[:, np.newaxis])
    except LinAlgError:  # singular to rounding, as without a penalty
        coef = decompose(gram, standardize).coef(alpha) * scale[:, np.newaxis]
    return Line(gram.mean[:p], gram.mean[p:], coef / scale[:, np.newaxis])


def _check_folds(n_folds: int) -> None:
    if n_folds < 2:
        raise ValueError("all rows belong to one group; leaving a group out needs at least two.")
