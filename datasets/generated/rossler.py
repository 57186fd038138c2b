"""The Roessler system."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_positive, check_whole
from mottle.datasets.generated.flow import follow


def rossler(
    n_steps: int = 1000,
    *,
    dt: float = 0.1,
    a: float = 0.2,
    b: float = 0.2,
    c: float = 5.7,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Roessler system.

    .. math:: \dot x = -y - z,\ \dot y = x + a y,\ \dot z = b + z (x - c)

    by fourth-order Runge-Kutta, eight steps a sample; the first 200 units of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    dt : float, default=0.1
        Time between samples.
    a, b, c : float
        Constants.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, 3)
        x, y, z; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    O. E. Roessler, Phys. Lett. A 57 (1976) 397, doi:10.1016/0375-9601(76)90101-8.

    Examples
    --------
    >>> rossler(10, random_state=0).shape
    (10, 3)
    """
    check_whole("n_steps", n_steps)
    check_positive("dt", dt)
    for name, value in (("a", a), ("b", b), ("c", c)):
        check_number(name, value)

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([-x[1] - x[2], x[0] + a * x[1], b + x[2] * (x[0] - c)])

    start = np.array([1.0, 1.0, 0.0]) + check_random_state(random_state).normal(0, 0.1, 3)
    return follow(flow, start, n_steps, dt, 8, 200.0)
