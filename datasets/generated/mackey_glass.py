"""The Mackey-Glass equation: chaos from one delay."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_positive, check_whole


def mackey_glass(
    n_steps: int = 1000,
    tau: float = 17.0,
    *,
    dt: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Mackey-Glass equation, the usual test of short forecasts.

    .. math:: \dot x = 0.2 x(t - \tau) / (1 + x(t - \tau)^{10}) - 0.1 x

    by fourth-order Runge-Kutta in steps of 0.1, the delayed value between steps by cubic
    interpolation. The past before time 0 is constant, drawn from 1.1 to 1.3; the first 1000 units
    of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    tau : float, default=17.0
        Delay, a multiple of 0.1; chaotic above 16.8.
    dt : float, default=1.0
        Time between samples, a multiple of 0.1.
    random_state : int, RandomState instance or None, default=None
        Draws the past.

    Returns
    -------
    ndarray of shape (n_steps, 1)
        0.2 to 1.4; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range or no multiple of 0.1.

    References
    ----------
    M. C. Mackey, L. Glass, Science 197 (1977) 287, doi:10.1126/science.267326.

    Examples
    --------
    >>> x = mackey_glass(500, random_state=0)
    >>> x.shape, bool(0.2 < x.min() < x.max() < 1.4)
    ((500, 1), True)
    """
    check_whole("n_steps", n_steps)
    check_positive("tau", tau)
    check_positive("dt", dt)
    h = 0.1
    lag, every = round(tau / h), round(dt / h)
    if abs(lag * h - tau) > 1e-9 or abs(every * h - dt) > 1e-9 or lag < 2:
        raise ValueError(f"tau={tau} and dt={dt} must be multiples of 0.1, tau at least 0.2.")
    n_before = round(1000 / h)
    n = n_before + (n_steps - 1) * every
    x = np.empty(lag + n + 1)
    x[: lag + 1] = check_random_state(random_state).uniform(1.1, 1.3)
    for k in range(lag, lag + n):
        old, new = x[k - lag], x[k - lag + 1]
        before = x[k - lag - 1] if k > lag else old
        half = (-before + 9 * old + 9 * new - x[k - lag + 2]) / 16
        rise_0, rise_h, rise_1 = (0.2 * z / (1 + z**10) for z in (old, half, new))
        a = rise_0 - 0.1 * x[k]
        b = rise_h - 0.1 * (x[k] + 0.5 * h * a)
        c = rise_h - 0.1 * (x[k] + 0.5 * h * b)
        d = rise_1 - 0.1 * (x[k] + h * c)
        x[k + 1] = x[k] + h / 6 * (a + 2 * b + 2 * c + d)
    return x[lag + n_before :: every, np.newaxis][:n_steps]
