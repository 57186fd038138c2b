"""Trajectories of differential equations by fourth-order Runge-Kutta."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Flow = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def follow(
    flow: Flow, x: NDArray[np.float64], n_steps: int, dt: float, n_sub: int, washout: float
) -> NDArray[np.float64]:
    """Follow a flow by fourth-order Runge-Kutta, ``n_sub`` inner steps a sample."""
    h = dt / n_sub
    out = np.empty((n_steps, x.size))
    for k in range(-round(washout / dt), n_steps):
        if k >= 0:
            out[k] = x
        for _ in range(n_sub):
            a = flow(x)
            b = flow(x + 0.5 * h * a)
            c = flow(x + 0.5 * h * b)
            d = flow(x + h * c)
            x = x + h / 6 * (a + 2 * b + 2 * c + d)
    return out
