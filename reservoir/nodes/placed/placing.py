"""Place node inputs: unit variance over training recordings, a quantile of each at the bias."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.nodes.drives import Drives

QUANTILES = (0.3, 0.95)  # between which the quantile at the bias is drawn for each node
MOST_RECORDINGS = 60  # of the training recordings that are looked at
MOST_ROWS = 4096  # of their node inputs


def sample(drives: Any) -> Any:
    """Return at most ``MOST_RECORDINGS`` recordings of a drive, evenly taken."""
    n = len(drives)
    taken = np.unique(np.linspace(0, n - 1, min(n, MOST_RECORDINGS)).round().astype(int))
    return Drives([drives.recordings[i] for i in taken], "list")


def some(drives: Any) -> tuple[NDArray, NDArray]:
    """Return at most ``MOST_RECORDINGS`` recordings as a padded block, and their lengths."""
    few = sample(drives)
    return few.block(0, len(few))


def place(rows: NDArray, rng: np.random.RandomState) -> tuple[NDArray, NDArray]:
    """Return shift and scale of each node: its input becomes ``shift + scale * sum``.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_nodes)
        Weighted sums in training.
    rng : RandomState
        Draws the quantile of each node.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(5, 2, (1000, 3))
    >>> shift, scale = place(rows, np.random.RandomState(0))
    >>> placed = shift + scale * rows
    >>> placed.std(axis=0).round(9).tolist(), (placed > 0).mean(axis=0).round(2).tolist()
    ([1.0, 1.0, 1.0], [0.34, 0.24, 0.31])
    """
    wanted = rng.uniform(*QUANTILES, rows.shape[1])
    if len(rows) > MOST_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, MOST_ROWS).round().astype(int)]
    ordered = np.sort(rows, axis=0)
    at = np.round(wanted * (len(rows) - 1)).astype(int)
    zero = ordered[at, np.arange(rows.shape[1])]
    spread = rows.std(axis=0)
    still = spread <= 1e-12 * np.maximum(np.abs(ordered).max(axis=0), 1e-300)
    scale = 1.0 / np.where(still, 1.0, spread)
    return -zero * scale, scale
