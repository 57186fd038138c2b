"""Equalisation of a nonlinear channel."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_whole


def nonlinear_channel(
    n_steps: int = 1000,
    snr: float = 28.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Draw symbols sent through a nonlinear channel, to be recovered.

    Symbols d of -3, -1, 1, 3 reach the receiver as u = q + 0.036 q^2 - 0.011 q^3 + noise, where
    q[n] = 0.08 d[n+2] - 0.12 d[n+1] + d[n] + 0.18 d[n-1] - 0.1 d[n-2] + 0.091 d[n-3] - 0.05 d[n-4]
    + 0.04 d[n-5] + 0.03 d[n-6] + 0.01 d[n-7]. Row n of the target is d[n - 2], so that all it is
    mixed with has arrived, but for two symbols of weight 0.08 and 0.12.

    Parameters
    ----------
    n_steps : int, default=1000
        Symbols.
    snr : float, default=28.0
        Power of the noise-free output over that of the noise, in dB.
    random_state : int, RandomState instance or None, default=None
        Draws symbols and noise.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Received.
    d : ndarray of shape (n_steps,)
        Symbols sent two steps before.

    Raises
    ------
    ValueError
        If ``n_steps`` is out of range or ``snr`` not finite.

    References
    ----------
    H. Jaeger, H. Haas, Science 304 (2004) 78, doi:10.1126/science.1091277.

    Examples
    --------
    >>> u, d = nonlinear_channel(100, random_state=0)
    >>> sorted(set(d.tolist()))
    [-3.0, -1.0, 1.0, 3.0]
    """
    check_whole("n_steps", n_steps)
    check_number("snr", snr, "dB")
    rng = check_random_state(random_state)
    weights = [0.08, -0.12, 1.0, 0.18, -0.1, 0.091, -0.05, 0.04, 0.03, 0.01]
    d = rng.choice([-3.0, -1.0, 1.0, 3.0], n_steps + 9)
    q = np.convolve(d, weights, mode="valid")
    clean = q + 0.036 * q**2 - 0.011 * q**3
    power = 5.0 * np.square(weights).sum()  # of q, known beforehand; that of the output near it
    u = clean + rng.normal(0, np.sqrt(power) * 10 ** (-snr / 20), n_steps)
    return u[:, np.newaxis], d[5 : 5 + n_steps]
