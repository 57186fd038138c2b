"""Least squares from rows that are added block by block and not kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]


class Factor:
    """Triangular factor of rows (1, features, targets), from which ridge solutions follow.

    The squared norms of an equal Gram matrix would lose the digits that penalties of 1e-12 of its
    diagonal need.

    Examples
    --------
    >>> factor = Factor(1, 1)
    >>> factor.add(np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]]))
    >>> weights, intercept = factor.solve(1e-12)
    >>> weights.round(6), intercept.round(6)
    (array([[2.]]), array([1.]))
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n_features = n_features
        self.rows = np.zeros((0, 1 + n_features + n_targets))

    def add(self, features: Floats, targets: Floats) -> None:
        """Add rows: features (row, feature) and targets (row, target)."""
        new = np.hstack([np.ones((len(features), 1)), features, targets])
        rows = np.vstack([self.rows, new])
        triangle: Any = linalg.qr(rows, mode="r", overwrite_a=True, check_finite=False)[0]
        self.rows = triangle[: rows.shape[1]]

    def copy(self) -> "Factor":
        """Return an independent copy."""
        other = Factor(self.n_features, self.rows.shape[1] - 1 - self.n_features)
        other.rows = self.rows.copy()
        return other

    def solve(self, penalty: float) -> tuple[Floats, Floats]:
        """Return weights (target, feature) and intercept (target,), which is not penalised.

        The penalty is relative to the mean diagonal of the Gram matrix of centred features.
        """
        n = self.n_features
        centred, targets = self.rows[1 : 1 + n, 1 : 1 + n], self.rows[1 : 1 + n, 1 + n :]
        size = np.einsum("ij,ij->", centred, centred) / n
        below = np.sqrt(penalty * size) * np.eye(n)
        q_targets, triangle = _reduce(np.vstack([centred, below]), targets)
        weights = linalg.solve_triangular(triangle, q_targets, check_finite=False).T
        first = self.rows[0] / self.rows[0, 0]  # means of features and targets
        return weights, first[1 + n :] - weights @ first[1 : 1 + n]


def _reduce(rows: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return the targets in the rows' basis, and the triangular factor of the rows."""
    n = rows.shape[1]
    padded = np.vstack([targets, np.zeros((len(rows) - len(targets), targets.shape[1]))])
    triangle: Any = linalg.qr(np.hstack([rows, padded]), mode="r", overwrite_a=True,
                              check_finite=False)[0]  # fmt: skip
    return triangle[:n, n:], triangle[:n, :n]
