"""Second moments added block by block, and the ridge regressions that follow from them.

Every sum is about its own mean (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances", COMPSTAT 1982), so that nothing cancels however
far the features lie from zero. Weights: the sum of w (y - x b - c)^2 is made least.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from mottle.reservoir.readout.rows import weighty

RANK = 1e-14  # of the largest eigenvalue: what lies below is rounding
LEAST = 1e-9  # of a row's weight left by its leverage


class Gram:
    """Weighted second moments of rows [x, y] about their mean."""

    def __init__(self, n_features: int, n_targets: int):
        size = n_features + n_targets
        self.n_features, self.n_rows, self.weight = n_features, 0, 0.0
        self.mean, self.top = np.zeros(size), np.zeros(n_features)  # top: largest magnitude
        self._moments = np.zeros((size, size), order="F")  # upper triangle

    def add(self, X: NDArray, y: NDArray, weight: NDArray) -> Self:
        """Add rows: X (row, feature), y (row, target), weight (row,)."""
        X, y, weight = weighty(X, y, weight)
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
        """Add the rows of another."""
        if other.n_rows:
            gap = self._join(other.n_rows, other.weight, other.mean, other.top)
            self._moments += other._moments
            self._moments = dsyrk(1.0, gap[:, np.newaxis], 1.0, c=self._moments, overwrite_c=1)
        return self

    def _join(self, n: int, weight: float, mean: NDArray, top: NDArray) -> NDArray:
        """Move the mean; return the row that stands for the gap between the two means."""
        gap, share = mean - self.mean, weight / (self.weight + weight)
        row: NDArray = np.sqrt(self.weight * share) * gap
        self.mean += share * gap
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
        """Return the spread of each feature; 1 where it is constant or not asked for."""
        squares = np.diag(self._moments)[: self.n_features]
        return spread_or_one(squares / self.weight, self.top, standardize)


class Few(NamedTuple):
    """Rows as they are: X (row, feature), y (row, target), weight (row,), fold (row,)."""

    X: NDArray
    y: NDArray
    weight: NDArray
    fold: NDArray

    def only(self, chosen: NDArray) -> "Few":
        """Return some of the rows."""
        return Few(*(part[chosen] for part in self))


class Folds:
    """What is kept of rows: the rows while they are fewer than features, then their moments.

    With groups there are moments for each fold; groups are dealt out to folds as they come.
    """

    def __init__(self, n_features: int, n_targets: int, n_folds: int, grouped: bool):
        self.n_features, self.n_targets = n_features, n_targets
        self.n_folds, self.grouped = n_folds, grouped
        self.fold_of: dict[Any, int] = {}
        self.grams: list[Gram] = []
        self.rows: list[Few] = []

    def deal(self, groups: NDArray) -> NDArray:
        """Return the fold of each row."""
        names, first, place = np.unique(groups, return_index=True, return_inverse=True)
        for name in names[np.argsort(first)].tolist():
            self.fold_of.setdefault(name, len(self.fold_of) % self.n_folds)
        return np.array([self.fold_of[name] for name in names.tolist()])[place]

    def add(self, X: NDArray, y: NDArray, weight: NDArray, groups: NDArray | None) -> None:
        """Add rows, as ``Gram.add``; groups (row,)."""
        if (groups is not None) != self.grouped:
            raise ValueError(
                "groups must come with every block of rows or with none; after fit they are "
                "forgotten, so take partial_fit from the first block on."
            )
        if y.shape[1] != self.n_targets:
            raise ValueError(f"y has {y.shape[1]} columns; before, it had {self.n_targets}.")
        fold = np.zeros(len(X), dtype=np.intp) if groups is None else self.deal(groups)
        if not self.grams and sum(len(rows.X) for rows in self.rows) + len(X) < self.n_features:
            self.rows.append(Few(X.copy(), y.copy(), weight.copy(), fold))
            return
        for rows in [*self.rows, Few(X, y, weight, fold)]:
            self._sum(rows)
        self.rows = []

    def _sum(self, rows: Few) -> None:
        while len(self.grams) <= rows.fold.max():
            self.grams.append(Gram(self.n_features, self.n_targets))
        for k in np.unique(rows.fold):
            own = rows.fold == k
            X, y, weight, _ = rows if own.all() else rows.only(own)
            self.grams[k].add(X, y, weight)

    @property
    def weight(self) -> float:
        """Sum of the weights of all rows."""
        kept = sum(float(rows.weight.sum()) for rows in self.rows)
        return kept + sum(gram.weight for gram in self.grams)

    def few(self) -> Few | None:
        """Return the rows while they are fewer than features."""
        if len(self.rows) > 1:
            self.rows = [Few(*map(np.concatenate, zip(*self.rows, strict=True)))]
        return self.rows[0] if self.rows else None

    def join(self) -> None:
        """Make one fold of all, without groups."""
        self.grouped, self.fold_of = False, {}
        self.rows = [rows._replace(fold=np.zeros_like(rows.fold)) for rows in self.rows]
        self.grams = [self.total()] if self.grams else []

    def total(self) -> Gram:
        """Return the moments of all rows."""
        return self.grams[0] if len(self.grams) == 1 else merged(self.grams)


def merged(grams: list[Gram]) -> Gram:
    """Return the moments of the rows of all."""
    total = Gram(grams[0].n_features, grams[0].yy.size)
    for gram in grams:
        total.merge(gram)
    return total


def spread_or_one(variance: NDArray, top: NDArray, standardize: bool) -> NDArray:
    """Return the spread of each feature; 1 where it is constant or not asked for."""
    spread = np.sqrt(variance) if standardize else np.ones(top.size)
    return np.where(spread <= 1e-12 * top, 1.0, spread)


class Spectrum(NamedTuple):
    """Ridge regressions for any penalty: ``right`` maps features about their mean to its axes."""

    mean: NDArray  # (feature,)
    goal: NDArray  # (target,), mean of the targets
    values: NDArray  # (axis,)
    right: NDArray  # (feature, axis)
    seen: NDArray  # (axis, target)
    spare: NDArray  # (target,), sum of squares of the targets about their mean
    n_rows: int
    weight: float

    def rotate(self, X: NDArray) -> NDArray:
        """Coordinates of rows on the axes, (row, axis)."""
        rotated: NDArray = (X - self.mean) @ self.right
        return rotated

    def coef(self, alpha: float) -> NDArray:
        """Weights (feature, target)."""
        coef: NDArray = self.right @ (self.seen / (self.values + alpha)[:, np.newaxis])
        return coef

    def errors(self, X: NDArray, y: NDArray, weight: NDArray, alphas: NDArray) -> NDArray:
        """Errors (penalty, row, target) of the regressions that have not seen the row itself."""
        rotated, share = self.rotate(X), 1.0 / np.add.outer(alphas, self.values)
        fitted = np.stack([rotated @ (s[:, np.newaxis] * self.seen) for s in share])
        errors: NDArray = y - self.goal - fitted
        leverage = weight * (share @ np.square(rotated, out=rotated).T + 1.0 / self.weight)
        errors /= (1.0 - np.minimum(leverage, 1.0 - LEAST))[:, :, np.newaxis]
        return errors


def decompose(gram: Gram, standardize: bool) -> Spectrum:
    """Decompose the moments once for all penalties."""
    scale, p = gram.scale(standardize), gram.n_features
    values, vectors = np.linalg.eigh(gram.xx / np.outer(scale, scale))
    kept = values > RANK * max(values[-1], 0.0)
    right = vectors[:, kept] / scale[:, np.newaxis]
    return Spectrum(
        gram.mean[:p], gram.mean[p:], values[kept], right, right.T @ gram.xy, gram.yy.copy(),
        gram.n_rows, gram.weight,
    )  # fmt: skip


def decompose_wide(rows: Few, standardize: bool) -> Spectrum:
    """Decompose rows that are fewer than features by their products with each other."""
    X, y, w, _ = rows
    mean, goal = w @ X / w.sum(), w @ y / w.sum()
    Z, y = (X - mean) * np.sqrt(w)[:, np.newaxis], (y - goal) * np.sqrt(w)[:, np.newaxis]
    top = np.abs(X[w > 0]).max(axis=0)
    scale = spread_or_one((Z**2).sum(axis=0) / w.sum(), top, standardize)
    Z /= scale
    values, vectors = np.linalg.eigh(Z @ Z.T)
    kept = values > RANK * max(values[-1], 0.0)
    root = np.sqrt(values[kept])
    right = Z.T @ (vectors[:, kept] / root) / scale[:, np.newaxis]
    seen = root[:, np.newaxis] * (vectors[:, kept].T @ y)
    n_rows, spare = int((w > 0).sum()), (y**2).sum(axis=0)
    return Spectrum(mean, goal, values[kept], right, seen, spare, n_rows, float(w.sum()))


def leave_one_out(spectrum: Spectrum, blocks: Iterable[Any], alphas: NDArray) -> NDArray:
    """Mean squared error of rows left out one by one, for each penalty; reads the rows again."""
    total = np.zeros(alphas.size)
    for X, y, weight in blocks:
        total += np.sum(spectrum.errors(X, y, weight, alphas) ** 2, axis=2) @ weight
    losses: NDArray = total / (spectrum.weight * spectrum.goal.size)
    return losses


def generalized(spectrum: Spectrum, alphas: NDArray) -> NDArray:
    """Generalised cross-validation for each penalty: leave-one-out with the mean leverage.

    G. H. Golub, M. Heath, G. Wahba, Technometrics 21 (1979) 215, doi:10.2307/1268518.
    """
    losses = np.empty(alphas.size)
    for i, alpha in enumerate(alphas):
        share = 1.0 / (spectrum.values + alpha)
        fitted = ((share + alpha * share**2)[:, np.newaxis] * spectrum.seen**2).sum(axis=0)
        left = np.maximum(spectrum.spare - fitted, RANK * spectrum.spare).mean()
        leverage = ((spectrum.values * share).sum() + 1.0) / spectrum.n_rows
        losses[i] = left / spectrum.weight / max(1.0 - leverage, LEAST) ** 2
    return losses


def leave_group_out(folds: list[Gram], standardize: bool, alphas: NDArray) -> NDArray:
    """Mean squared error of folds left out one by one, for each penalty; needs no rows."""
    folds = [fold for fold in folds if fold.n_rows]
    _check_folds(len(folds))
    total, weight = np.zeros(alphas.size), sum(fold.weight for fold in folds)
    for k, fold in enumerate(folds):
        spectrum = decompose(merged(folds[:k] + folds[k + 1 :]), standardize)
        xx, p = fold.xx, fold.n_features
        for i, alpha in enumerate(alphas):
            coef = spectrum.coef(alpha)
            within = fold.yy + np.sum(coef * (xx @ coef - 2.0 * fold.xy), axis=0)
            gap = fold.mean[p:] - spectrum.goal - (fold.mean[:p] - spectrum.mean) @ coef
            total[i] += np.sum(np.maximum(within, 0.0) + fold.weight * gap**2)
    losses: NDArray = total / (weight * folds[0].yy.size)
    return losses


def leave_group_out_wide(rows: Few, standardize: bool, alphas: NDArray) -> NDArray:
    """Return the same from rows that are fewer than features."""
    total, names = np.zeros(alphas.size), np.unique(rows.fold[rows.weight > 0])
    _check_folds(names.size)
    for k in names:
        own = rows.fold == k
        spectrum, out = decompose_wide(rows.only(~own), standardize), rows.only(own)
        rotated = spectrum.rotate(out.X)
        for i, alpha in enumerate(alphas):
            share = spectrum.seen / (spectrum.values + alpha)[:, np.newaxis]
            error = out.y - spectrum.goal - rotated @ share
            total[i] += out.weight @ np.sum(error**2, axis=1)
    losses: NDArray = total / (rows.weight.sum() * rows.y.shape[1])
    return losses


def _check_folds(n_folds: int) -> None:
    if n_folds < 2:
        raise ValueError("all rows are of one group; to leave a group out, at least two must be.")
