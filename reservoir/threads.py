"""Recordings shared out over threads; the kernels they call are serial, so that they are cached."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numba
import numpy as np
from numpy.typing import ArrayLike


def share(work: Callable[[int, int], object], costs: ArrayLike) -> None:
    """Call ``work(first, last)`` on ranges of items, each on a thread, none of them twice.

    Parameters
    ----------
    work : callable
        Runs items ``first`` to ``last``; a compiled function that lets go of the interpreter
        (``nogil=True``).
    costs : array-like of shape (n_items,)
        How long each item takes, in any unit; the ranges take about equally long.

    Examples
    --------
    >>> done = []
    >>> share(lambda first, last: done.extend(range(first, last)), [1, 1, 4])
    >>> sorted(done)
    [0, 1, 2]
    """
    costs = np.asarray(costs, dtype=np.float64)
    n_threads = min(numba.get_num_threads(), costs.size)
    if n_threads <= 1:
        work(0, costs.size)
        return
    passed = np.cumsum(costs) - costs / 2
    edges = np.searchsorted(passed, costs.sum() / n_threads * np.arange(1, n_threads))
    bounds = [0, *edges.tolist(), costs.size]
    with ThreadPoolExecutor(n_threads) as pool:
        for future in [pool.submit(work, *pair) for pair in pairwise(bounds)]:
            future.result()
