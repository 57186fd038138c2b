"""The Lorenz systems of 1963 (three variables) and 1996 (a ring of sites)."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_positive, check_whole
from mottle.datasets.generated.flow import follow


def lorenz63(
    n_steps: int = 1000,
    *,
    dt: float = 0.02,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Lorenz system of 1963.

    .. math:: \dot x = \sigma (y - x),\ \dot y = x (\rho - z) - y,\ \dot z = x y - \beta z

    by fourth-order Runge-Kutta, four steps a sample, from a point near (1, 1, 20); the first 40
    units of time are left out. Its largest Lyapunov exponent is 0.9056.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    dt : float, default=0.02
        Time between samples.
    sigma, rho, beta : float
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
    E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130.

    Examples
    --------
    >>> lorenz63(100, random_state=0).shape
    (100, 3)
    """
    check_whole("n_steps", n_steps)
    check_positive("dt", dt)
    for name, value in (("sigma", sigma), ("rho", rho), ("beta", beta)):
        check_number(name, value)

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([
            sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]
        ])  # fmt: skip

    start = np.array([1.0, 1.0, 20.0]) + check_random_state(random_state).normal(0, 0.1, 3)
    return follow(flow, start, n_steps, dt, 4, 40.0)


def lorenz96(
    n_steps: int = 1000,
    n_sites: int = 36,
    *,
    dt: float = 0.05,
    forcing: float = 8.0,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Lorenz system of 1996: a ring of sites.

    .. math:: \dot x_i = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F

    by fourth-order Runge-Kutta, four steps a sample; the first 40 units of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    n_sites : int, default=36
        Sites, at least 4.
    dt : float, default=0.05
        Time between samples.
    forcing : float, default=8.0
        F; chaotic at 8.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, n_sites)
        Not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    E. N. Lorenz, Predictability: a problem partly solved, ECMWF (1996).

    Examples
    --------
    >>> lorenz96(10, random_state=0).shape
    (10, 36)
    """
    check_whole("n_steps", n_steps)
    check_whole("n_sites", n_sites, 4)
    check_positive("dt", dt)
    check_number("forcing", forcing)

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + forcing

    start = forcing + check_random_state(random_state).normal(0, 0.1, n_sites)
    return follow(flow, start, n_steps, dt, 4, 40.0)
