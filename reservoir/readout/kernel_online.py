"""Weights that learn from one row after another: recursive least squares, normalised LMS.

Recursive least squares keeps the inverse P of the weighted moments of the features as U D U', with
a unit upper triangle U and positive D (G. J. Bierman, "Factorization Methods for Discrete
Sequential Estimation", 1977). P is then symmetric and positive whatever is rounded, and a feature
may be a million times as large as another: no difference of large numbers is taken. The column j
of U above its diagonal is stored at j (j - 1) / 2. Features and targets are taken about their
running means, so that the intercept is free of the penalty.
"""

from math import expm1, log, sqrt
from typing import Any

import numpy as np
from numba import njit

LOOPS: dict[str, Any] = {"cache": True, "error_model": "numpy", "nogil": True}
LARGEST = 1e200  # of a squared distance from the mean: beyond it, products overflow


@njit(fastmath={"reassoc"}, **LOOPS)
def product(left, right):
    """Return the sum of products; its order depends on the processor, and on nothing else."""
    total = 0.0
    for i in range(left.size):
        total += left[i] * right[i]
    return total


@njit(**LOOPS)
def update(factor, diagonal, row, first, keep, gain):
    """Add a row to U D U', of which the old moments count ``keep`` times; write its gain.

    Entries of ``row`` (feature,) before ``first`` are 0.
    """
    total = keep
    for j in range(row.size):
        gain[j] = 0.0
        if j < first:
            diagonal[j] /= keep
            continue
        begin = j * (j - 1) // 2
        column, gains = factor[begin : begin + j], gain[:j]
        value = row[j] + product(column[first:], row[first:j])
        part = diagonal[j] * value
        before, total = total, total + value * part
        diagonal[j] *= before / (total * keep)
        slope = value / before
        for i in range(j):
            old = column[i]
            column[i] = old - gains[i] * slope
            gains[i] += part * old
        gain[j] = part
    for j in range(row.size):
        gain[j] /= total


@njit(**LOOPS)
def learn_least_squares(X, y, forgetting, alpha, coef, factor, diagonal, mean, weight, count, age):
    """Learn rows X (row, feature) and y (row, target) one by one; return how many were learnt.

    Changed in place: ``coef`` (target, feature), ``factor``, ``diagonal`` (feature,), ``mean`` of
    features and targets, their ``weight`` (1,), ``count`` of rows and renewed penalties (2,), and
    ``age``, the row after which a feature's penalty was renewed (feature,).

    The penalty is forgotten like rows. So that P does not grow without bound where features do not
    vary, the penalties are renewed in turn, each once in 1 / (1 - forgetting) rows: a row is added
    that only its feature has, with the missing part.
    """
    n_features, n_targets = X.shape[1], y.shape[1]
    row, gain, error = np.empty(n_features), np.empty(n_features), np.empty(n_targets)
    for k in range(X.shape[0]):
        square = 0.0
        for j in range(n_features):
            row[j] = X[k, j] - mean[j]
            square += row[j] * row[j]
        finite = square < LARGEST
        for t in range(n_targets):
            error[t] = y[k, t] - mean[n_features + t]
            error[t] -= product(coef[t], row)
            finite = finite and abs(error[t]) < LARGEST
        if not finite:
            return k
        old = forgetting * weight[0]
        weight[0] = old + 1.0
        for j in range(n_features):
            mean[j] += row[j] / weight[0]
        for t in range(n_targets):
            mean[n_features + t] += (y[k, t] - mean[n_features + t]) / weight[0]
        scale = sqrt(old / weight[0])  # how much of the row is not in its own mean
        for j in range(n_features):
            row[j] *= scale
        update(factor, diagonal, row, 0, forgetting, gain)
        for t in range(n_targets):
            for j in range(n_features):
                coef[t, j] += gain[j] * (scale * error[t])
        count[0] += 1
        due = int(count[0] * (n_features * (1.0 - forgetting)))
        while count[1] < due:
            renew(forgetting, alpha, coef, factor, diagonal, count, age, row, gain)
    return X.shape[0]


@njit(**LOOPS)
def renew(forgetting, alpha, coef, factor, diagonal, count, age, row, gain):
    """Restore the penalty of the next feature; ``row`` and ``gain`` (feature,) are overwritten."""
    feature = count[1] % row.size
    missing = sqrt(-alpha * expm1((count[0] - age[feature]) * log(forgetting)))
    row[:] = 0.0
    row[feature] = missing
    update(factor, diagonal, row, feature, 1.0, gain)
    for t in range(coef.shape[0]):
        error = -missing * coef[t, feature]
        for j in range(row.size):
            coef[t, j] += gain[j] * error
    age[feature] = count[0]
    count[1] += 1


@njit(**LOOPS)
def learn_mean_squares(X, y, step, coef, intercept):
    """Learn rows X (row, feature) and y (row, target) one by one; return how many were learnt.

    A row changes ``coef`` (target, feature) and ``intercept`` (target,) along itself and a constant
    1, by ``step`` of what would remove its error.
    """
    n_features = X.shape[1]
    error = np.empty(y.shape[1])
    for k in range(X.shape[0]):
        square = 1.0 + product(X[k], X[k])
        finite = square < LARGEST
        for t in range(error.size):
            error[t] = y[k, t] - intercept[t] - product(coef[t], X[k])
            finite = finite and abs(error[t]) < LARGEST
        if not finite:
            return k
        for t in range(error.size):
            change = step * error[t] / square
            intercept[t] += change
            for j in range(n_features):
                coef[t, j] += change * X[k, j]
    return X.shape[0]
