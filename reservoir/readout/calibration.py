"""Probabilities from held-out decisions."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

BOUNDS = -3.0, 5.0  # of the logarithm of the factor
TINY = 1e-300


def find_sharpness(decision: NDArray, label: NDArray, weight: NDArray, group: NDArray) -> float:
    """Return the factor on held-out decisions that maximises the likelihood of their softmax.

    The likelihood is that of as many rows as are independent, times the square root of the
    information in them, which bounds the factor where all decisions are right: an error then has a
    probability of about 1 over twice the number of rows (D. Firth, "Bias reduction of maximum
    likelihood estimates", Biometrika 80 (1993) 27, doi:10.1093/biomet/80.1.27).

    Parameters
    ----------
    decision : ndarray of shape (row, class)
        Decisions of models that were fitted without the row.
    label, weight, group : ndarray of shape (row,)
        Index of the class, weight, number of the group.

    Examples
    --------
    >>> rows, labels = np.array([[1.0, -1.0]] * 50), np.zeros(50, int)
    >>> factor = find_sharpness(rows, labels, np.ones(50), np.arange(50))
    >>> round(float(1 / (1 + np.exp(2 * factor))), 4)  # of the other class
    0.0098
    """
    rows = np.arange(len(label))
    others = decision.copy()
    others[rows, label] = -np.inf
    margin = decision[rows, label] - others.max(axis=1)
    n_rows = count_independent(margin, weight, group)

    def loss(log_factor):
        factor = np.exp(log_factor)
        logs = log_softmax(factor * decision, axis=1)
        chance = np.exp(logs)
        mean = np.sum(chance * decision, axis=1, keepdims=True)
        spread = np.sum(chance * (decision - mean) ** 2, axis=1)
        found = np.average(logs[rows, label], weights=weight)
        information = n_rows * np.average(spread, weights=weight)
        return -n_rows * found - 0.5 * np.log(max(information, TINY))

    return float(np.exp(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x))


def count_independent(values: NDArray, weight: NDArray, group: NDArray) -> float:
    """Return the number of independent rows that tell as much as all: weights differ, groups agree.

    The design effect of L. Kish, "Survey Sampling" (1965), with the correlation within groups from
    an analysis of variance of ``values`` (row,).

    Examples
    --------
    >>> copies = np.repeat([0.1, 0.7, 0.2, 0.5], 8)
    >>> round(count_independent(copies, np.ones(32), np.repeat(np.arange(4), 8)), 6)
    4.0
    >>> count_independent(copies, np.ones(32), np.arange(32))
    32.0
    """
    relative = weight / weight.max()
    n = float(relative.sum() ** 2 / (relative @ relative))
    names, place, sizes = np.unique(group, return_inverse=True, return_counts=True)
    n_groups, n_rows = names.size, values.size
    if n_groups in (1, n_rows):
        return n
    means = np.bincount(place, values) / sizes
    within = np.sum((values - means[place]) ** 2) / (n_rows - n_groups)
    between = sizes @ (means - values.mean()) ** 2 / (n_groups - 1)
    size = float(sizes @ sizes) / n_rows  # of the group of a row, on average
    total = between + ((n_rows - size) / (n_groups - 1) - 1.0) * within
    correlation = min(max((between - within) / total, 0.0), 1.0) if total > 0 else 1.0
    return float(n / (1.0 + (size - 1.0) * correlation))
