"""Spectral radius of sparse matrices: by strongly connected components, dense or by Arnoldi."""

from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

from mottle.blas import threads_for
from mottle.checks import names_arguments
from mottle.memory import check_memory

DENSE = 1000  # nodes of a component up to which all eigenvalues are computed
DENSE_MOST = 6000  # the same, where Arnoldi iteration fails: some minutes
ATTEMPTS = ((16, 64, 150), (60, 200, 150))  # eigenvalues, vectors and restarts of the iteration
CLUSTER = 1e-6  # relative distance up to which eigenvalues are treated as one group
EXACT = 1e-11  # relative error up to which a radius is accepted


@names_arguments
def spectral_radius(weights: Any) -> float:
    """Return the largest eigenvalue magnitude of a matrix, within 1e-10 of it.

    The matrix is split into its strongly connected components, whose eigenvalues are those of the
    matrix: cycles and matrices without cycles are exact. Components of more than 1000 nodes are
    computed by Arnoldi iteration from both sides, with an error bound from the residuals and the
    condition of the eigenvalue; where that fails, densely.

    Parameters
    ----------
    weights : array-like or scipy.sparse array of shape (n_nodes, n_nodes)
        Matrix of finite numbers.

    Returns
    -------
    radius : float
        0 for a matrix without cycles.

    Raises
    ------
    ValueError
        For other shapes, values that are not finite, and components of more than 6000 nodes whose
        leading eigenvalues cannot be separated from others to that precision.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_radius(np.array([[0.0, 4.0], [1.0, 0.0]]))
    2.0
    >>> spectral_radius(np.triu(np.ones((50, 50)), 1))
    0.0
    """
    matrix = square_matrix(weights, "weights")
    n, labels = connected_components(matrix, directed=True, connection="strong")
    if n == 1:
        return component_radius(matrix)
    table = matrix.tocoo()
    inner = labels[table.row] == labels[table.col]
    row, column, values = table.row[inner], table.col[inner], np.abs(table.data[inner])
    sizes = np.bincount(labels)
    best = float(values[sizes[labels[row]] == 1].max(initial=0.0))  # nodes linked to themselves
    # no eigenvalue exceeds the largest sum of a row, or of a column
    rows, columns = (np.bincount(place, values, labels.size) for place in (row, column))
    bound = np.zeros((2, n))
    np.maximum.at(bound[0], labels, rows)
    np.maximum.at(bound[1], labels, columns)
    highest = bound.min(axis=0)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    for which in np.argsort(-highest, kind="stable"):
        if sizes[which] > 1 and highest[which] > best:
            nodes = members[which]
            best = max(best, component_radius(matrix[nodes][:, nodes]))
    return best


def square_matrix(weights: Any, name: str) -> sparse.csr_array:
    """Return a square matrix of finite numbers in compressed sparse rows, or raise.

    Examples
    --------
    >>> square_matrix([[0, 2], [0, 0]], "topology").nnz
    1
    """
    known = sparse.issparse(weights)
    values = weights if known else np.asarray(weights)
    if values.dtype.kind not in "biuf" or values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(
            f"{name} is {values.dtype} of shape {values.shape}: expected a matrix (node, node) of "
            "real numbers."
        )
    matrix = sparse.csr_array(values, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    wrong = np.flatnonzero(~np.isfinite(matrix.data))
    if wrong.size:
        row = int(np.searchsorted(matrix.indptr, wrong[0], side="right")) - 1
        raise ValueError(
            f"{name} holds {matrix.data[wrong[0]]} at row {row}, column "
            f"{matrix.indices[wrong[0]]}; every value must be finite."
        )
    return matrix


def component_radius(matrix: sparse.csr_array) -> float:
    """Return the spectral radius of a strongly connected component."""
    n, scale = matrix.shape[0], float(np.abs(matrix.data).max(initial=0.0))
    if scale == 0:
        return 0.0
    scaled = matrix / scale
    if matrix.nnz == n:  # one cycle: the geometric mean of its weights
        return scale * float(np.exp(np.log(np.abs(scaled.data)).mean()))
    if n <= DENSE:
        return scale * dense_radius(scaled)
    # eigenvalues of weights without negative ones may lie all around the circle; the shift leaves
    # the positive one as the only largest
    shift = float(np.median(scaled.sum(axis=1))) if scaled.data.min() > 0 else 0.0
    shifted = scaled + shift * sparse.eye_array(n, format="csr") if shift else scaled
    for attempt in ATTEMPTS:
        radius = leading_radius(sparse.csr_array(shifted), *attempt)
        if radius is not None:
            return scale * (radius - shift)
    if n > DENSE_MOST:
        raise ValueError(
            f"the spectral radius of {n} nodes that are all linked to each other cannot be found "
            "within 1e-10: too many eigenvalues are equally large. Take fewer nodes or other "
            "links, or scale the matrix yourself and keep it with spectral_radius=None."
        )
    return scale * dense_radius(scaled)


def dense_radius(matrix: sparse.csr_array) -> float:
    """Return the spectral radius from all eigenvalues."""
    n = matrix.shape[0]
    check_memory(3.0 * n**2, f"all eigenvalues of {n} x {n} weights", "take fewer nodes")
    with threads_for(n):
        return float(np.abs(linalg.eigvals(matrix.toarray())).max())


def leading_radius(matrix: Any, n_values: int, n_vectors: int, restarts: int) -> float | None:
    """Return the largest eigenvalue magnitude by Arnoldi iteration, None if it is not certain.

    Right and left eigenvectors are iterated from different vectors and have to find the same
    radius. The group of eigenvalues next to the largest is then computed from both sides, which
    makes the error the product of the two residuals.
    """
    values, vectors = [], []
    for side, seed in ((matrix, 0), (sparse.csr_array(matrix.T), 1)):
        start = np.random.RandomState(seed).normal(size=matrix.shape[0])
        try:
            with threads_for(n_vectors):
                found = eigs(
                    side, n_values, which="LM", ncv=n_vectors, v0=start, maxiter=restarts, tol=0
                )
        except ArpackError:  # not all have converged
            return None
        values.append(found[0])
        vectors.append(found[1])
    top = values[0][np.abs(values[0]).argmax()]
    near = [np.abs(found - top) <= CLUSTER * abs(top) for found in values]
    if near[0].sum() != near[1].sum() or abs(np.abs(values[1]).max() / abs(top) - 1) > CLUSTER:
        return None
    right, left = vectors[0][:, near[0]], vectors[1][:, near[1]]
    overlap = left.T @ right
    smallest = linalg.svdvals(overlap)[-1]
    if smallest < 1e-12:
        return None
    group = linalg.solve(overlap, left.T @ (matrix @ right))
    residuals = (
        linalg.norm(matrix @ right - right @ group),
        linalg.norm(matrix.T @ left - left @ linalg.solve(overlap.T, group.T @ overlap.T)),
    )
    error = np.prod([residual / (smallest * abs(top)) for residual in residuals]) / CLUSTER
    with threads_for(len(group)):
        exact: float = np.abs(linalg.eigvals(group)).max()
    return exact if error <= EXACT else None


def first_digits(value: float) -> float:
    """Return a number rounded to 12 digits: threads in LAPACK may change the last ones.

    Examples
    --------
    >>> first_digits(1 / 3)
    0.333333333333
    """
    return float(f"{value:.12g}")
