"""The Henon map."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_whole


def henon(
    n_steps: int = 1000,
    *,
    a: float = 1.4,
    b: float = 0.3,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    """Iterate the Henon map x[k + 1] = 1 - a x[k]^2 + b x[k - 1].

    The first 100 values are left out. Its largest Lyapunov exponent is 0.419 a step.

    Parameters
    ----------
    n_steps : int, default=1000
        Values.
    a, b : float
        Constants.
    random_state : int, RandomState instance or None, default=None
        Draws the start, within 0.1 of 0.

    Returns
    -------
    ndarray of shape (n_steps, 1)
        Within 1.3 of 0 for the usual constants; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range, or the map diverges with these constants.

    References
    ----------
    M. Henon, Commun. Math. Phys. 50 (1976) 69, doi:10.1007/BF01608556.

    Examples
    --------
    >>> x = henon(100, random_state=0)
    >>> bool(abs(x[2, 0] - (1 - 1.4 * x[1, 0] ** 2 + 0.3 * x[0, 0])) < 1e-15)
    True
    """
    check_whole("n_steps", n_steps)
    for name, value in (("a", a), ("b", b)):
        check_number(name, value)
    x = [*check_random_state(random_state).uniform(-0.1, 0.1, 2)]
    while len(x) < n_steps + 100:
        x.append(1 - a * x[-1] ** 2 + b * x[-2])
        if not abs(x[-1]) < 1e6:
            raise ValueError(f"the map diverges with a={a} and b={b}.")
    return np.array(x[100:])[:, np.newaxis]
