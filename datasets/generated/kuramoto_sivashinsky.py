"""The Kuramoto-Sivashinsky equation: chaos in space and time."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_positive, check_whole


def kuramoto_sivashinsky(
    n_steps: int = 1000,
    n_sites: int = 64,
    *,
    length: float = 22.0,
    dt: float = 0.25,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Kuramoto-Sivashinsky equation on a ring.

    .. math:: u_t = -u u_x - u_{xx} - u_{xxxx}

    by exponential time differencing of fourth order, one step a sample, products free of aliases;
    the first 250 units of time are left out. The mean over the ring stays 0.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    n_sites : int, default=64
        Points of the ring, even, at least 8; about 3 a unit of length.
    length : float, default=22.0
        Circumference; chaotic at 22.
    dt : float, default=0.25
        Time between samples.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, n_sites)
        About -3 to 3; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    A.-K. Kassam, L. N. Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214,
    doi:10.1137/S1064827502410633.

    Examples
    --------
    >>> kuramoto_sivashinsky(10, random_state=0).shape
    (10, 64)
    """
    check_whole("n_steps", n_steps)
    check_positive("length", length)
    check_positive("dt", dt)
    if check_whole("n_sites", n_sites, 8) % 2:
        raise ValueError(f"n_sites={n_sites} must be even; {n_sites + 1} would do.")
    k = 2 * np.pi / length * np.arange(n_sites // 2 + 1)
    linear = k**2 - k**4
    keep = np.arange(k.size) < n_sites / 3  # products of what is kept raise no alias
    whole, half = np.exp(dt * linear), np.exp(0.5 * dt * linear)
    ring = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)  # means over a circle: no 0 / 0
    z = dt * linear[:, None] + ring
    q = dt * ((np.exp(z / 2) - 1) / z).mean(axis=1).real
    f_1 = dt * ((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3).mean(axis=1).real
    f_2 = dt * ((2 + z + np.exp(z) * (z - 2)) / z**3).mean(axis=1).real
    f_3 = dt * ((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3).mean(axis=1).real

    def bend(v: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return -0.5j * k * keep * np.fft.rfft(np.fft.irfft(v * keep, n_sites) ** 2)

    x = np.arange(n_sites) * 2 * np.pi / n_sites
    phase = check_random_state(random_state).uniform(0, 2 * np.pi, 3)
    v = np.fft.rfft(sum(np.cos((m + 1) * x + phase[m]) for m in range(3)))
    out = np.empty((n_steps, n_sites))
    for step in range(-round(250 / dt), n_steps):
        if step >= 0:
            out[step] = np.fft.irfft(v, n_sites)
        n_v = bend(v)
        a = half * v + q * n_v
        n_a = bend(a)
        b = half * v + q * n_a
        n_b = bend(b)
        c = half * a + q * (2 * n_b - n_v)
        v = whole * v + f_1 * n_v + 2 * f_2 * (n_a + n_b) + f_3 * bend(c)
    return out
