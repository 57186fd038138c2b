"""NARMA: a nonlinear autoregressive moving average, the usual test of memory and nonlinearity."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_whole


def narma(
    n_steps: int = 1000,
    order: int = 10,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Draw a NARMA sequence: the usual test of memory and nonlinearity.

    .. math:: y_{t+1} = 0.3 y_t + 0.05 y_t \sum_{i=0}^{n-1} y_{t-i} + 1.5 u_{t-n+1} u_t + 0.1

    with u uniform in [0, 0.5] and y = 0 up to step n - 1. Above order 10 nearly all sequences
    diverge, so that the right side goes through tanh, with 0.01 instead of 0.1, as is usual for
    NARMA-20. Row t of the output is the value which follows from the inputs up to row t, so that a
    model has u[: t + 1] to predict y[t]. A sequence that diverges, as some do, is drawn
    anew.

    Parameters
    ----------
    n_steps : int, default=1000
        Length.
    order : int, default=10
        n above, 1 to 30.
    random_state : int, RandomState instance or None, default=None
        Draws u.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Input, 0 to 0.5, dimensionless.
    y : ndarray of shape (n_steps,)
        Target, within 0 to 1.

    Raises
    ------
    ValueError
        If ``n_steps`` or ``order`` is out of range, or 100 drawings diverge.

    References
    ----------
    A. F. Atiya, A. G. Parlos, IEEE Trans. Neural Networks 11 (2000) 697, doi:10.1109/72.846741;
    order 20 with tanh: A. Rodan, P. Tino, IEEE Trans. Neural Networks 22 (2011) 131.

    Examples
    --------
    >>> u, y = narma(200, random_state=0)
    >>> u.shape, y.shape
    ((200, 1), (200,))
    """
    check_whole("n_steps", n_steps)
    check_whole("order", order, most=30)
    rng = check_random_state(random_state)
    for _ in range(100):
        u = rng.uniform(0.0, 0.5, n_steps)
        y = respond(u, order)
        if y is not None:
            return u[:, np.newaxis], y
    raise ValueError(
        f"100 sequences of n_steps={n_steps} and order={order} diverged; take a shorter one."
    )


def respond(u: NDArray[np.float64], order: int) -> NDArray[np.float64] | None:
    """Return the NARMA sequence of an input of shape (n_steps,) in [0, 0.5]; None if it diverges.

    Examples
    --------
    >>> respond(np.full(12, 0.5), 10).round(3).tolist()[8:]
    [0.0, 0.475, 0.629, 0.698]
    """
    n_steps = len(u)
    y = np.zeros(n_steps + 1)
    for t in range(order - 1, n_steps):
        recent = y[t - order + 1 : t + 1].sum()
        grown = 0.3 * y[t] + 0.05 * y[t] * recent + 1.5 * u[t - order + 1] * u[t]
        y[t + 1] = grown + 0.1 if order <= 10 else np.tanh(grown + 0.01)
        if not y[t + 1] <= 1.0:
            return None
    return y[1:]
