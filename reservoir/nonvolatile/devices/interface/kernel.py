"""Interface memristors: pure functions over arrays, SI units, input checked."""

from math import exp, inf, log1p

import numpy as np
from numba import njit


@njit(cache=True)
def advance(w, written, since, v, dt, t_switch, v_0, v_least, t_1, n):
    """Return the state, the state when last written and the time since, after ``dt`` s at v V."""
    if abs(v) >= v_least:
        target = 1.0 if v > 0.0 else 0.0
        w = target + (w - target) * exp(-dt * exp(min(abs(v) / v_0, 700.0)) / t_switch)
        written, since = w, 0.0
    elif since < inf:
        since += dt
        w = written * exp(-n * log1p(since / t_1))
    return w, written, since


@njit(cache=True)
def interface(v, dt, w, t_switch, v_0, v_least, t_1, n, g_off, g_on):
    """Simulate an interface device: exponential writing, power-law relaxation.

    Writing has the rate exp(|v| / v_0) / t_switch while |v| >= ``v_least``; after it w(t) =
    w (1 + t / t_1)^-n.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    written, since = w, inf
    for step in range(v.size):
        w, written, since = advance(w, written, since, v[step], dt, t_switch, v_0, v_least, t_1, n)
        states[step] = w
        currents[step] = v[step] * (g_off + w * (g_on - g_off))
    return states, currents
