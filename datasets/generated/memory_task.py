"""The memory capacity task: a random input and its delayed copies."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_whole


def memory_task(
    n_steps: int = 1000,
    max_delay: int = 30,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw a random input and its delayed copies: what a linear readout recovers is the memory.

    Parameters
    ----------
    n_steps : int, default=1000
        Steps.
    max_delay : int, default=30
        Longest delay.
    random_state : int, RandomState instance or None, default=None
        Draws the input.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Uniform, -1 to 1.
    y : ndarray of shape (n_steps, max_delay)
        Column k is u delayed by k + 1 steps; the memory capacity is the sum of the squared
        correlations of each column with what was recovered.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    H. Jaeger, Short term memory in echo state networks, GMD Report 152 (2001).

    Examples
    --------
    >>> u, y = memory_task(50, 3, random_state=0)
    >>> bool((y[3:, 2] == u[:-3, 0]).all())
    True
    """
    check_whole("n_steps", n_steps)
    check_whole("max_delay", max_delay)
    u = check_random_state(random_state).uniform(-1, 1, n_steps + max_delay)
    y = np.stack([u[max_delay - k : max_delay - k + n_steps] for k in range(1, max_delay + 1)], 1)
    return u[max_delay:, np.newaxis], y
