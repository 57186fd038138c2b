"""Place node inputs: unit variance over training recordings, a quantile of each at the bias."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.nodes.drives import Drives

QUANTILES = (0.3, 0.95)  # between which the quantile at the bias is drawn for each node
MOST_RECORDINGS = 60  # of the training recordings that are looked at
MOST_ROWS = 4096  # of their node inputs
MOST_BYTES = 1 << 28  # of node inputs held at once
STILL = 1e-6  # of the median spread, below which an input is constant but for rounding


def sample(drives: Any, most: int = MOST_RECORDINGS) -> Any:
    """Return at most ``most`` recordings of a drive, evenly taken."""
    return drives.take(evenly(len(drives), most))


def evenly(n: int, most: int) -> NDArray[np.int64]:
    """Return at most ``most`` of the first ``n`` numbers, evenly taken.

    Examples
    --------
    >>> evenly(9, 3).tolist(), evenly(2, 3).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def some(drives: Any, n_nodes: int) -> tuple[NDArray, NDArray]:
    """Return some recordings as a padded block, and their lengths.

    So many, and so much of their beginnings, that the inputs of ``n_nodes`` fit into memory.
    """
    few = sample(drives)
    most = max(1, MOST_BYTES // (8 * n_nodes))  # steps
    length = min(most, int(few.sizes.max()))
    few = sample(Drives([drive[:length] for drive in few.recordings], "list"), most // length)
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
    rows = rows[evenly(len(rows), MOST_ROWS)]
    ordered = np.sort(rows, axis=0)
    at = np.round(wanted * (len(rows) - 1)).astype(int)
    zero = ordered[at, np.arange(rows.shape[1])]
    spread = rows.std(axis=0)
    moving = spread[spread > 0]
    still = spread <= (STILL * np.median(moving) if moving.size else 0.0)
    scale = 1.0 / np.where(still, 1.0, spread)
    return -zero * scale, scale
