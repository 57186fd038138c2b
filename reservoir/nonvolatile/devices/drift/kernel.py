"""Linear ion drift: pure functions over arrays, SI units, input checked."""

import numpy as np
from numba import njit

WINDOWS = ("none", "joglekar", "biolek")


@njit(cache=True)
def window(w, current, kind, power):
    """Return the window function F(w): 1, reduced at both ends, or at the end approached."""
    if kind == 0:
        return 1.0
    if kind == 1:
        return 1.0 - (2.0 * w - 1.0) ** (2 * power)
    return 1.0 - (w - (1.0 if current <= 0.0 else 0.0)) ** (2 * power)


@njit(cache=True)
def drift(v, dt, w, r_on, r_off, per_charge, kind, power, n_micro):
    """Simulate dw/dt = per_charge i F(w), R = r_on w + r_off (1 - w), by Runge-Kutta.

    Voltages (step,) in V are held for ``dt`` s; ``per_charge`` in 1/C. Returns w and the current.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    h = dt / n_micro
    for step in range(v.size):
        for _ in range(n_micro):
            total, slope = 0.0, 0.0
            for stage in range(4):
                reach = 0.0 if stage == 0 else (h if stage == 3 else 0.5 * h)
                x = min(max(w + reach * slope, 0.0), 1.0)
                i = v[step] / (r_on * x + r_off * (1.0 - x))
                slope = per_charge * i * window(x, i, kind, power)
                total += slope * (2.0 if stage == 1 or stage == 2 else 1.0)
            w = min(max(w + h / 6.0 * total, 0.0), 1.0)
        states[step] = w
        currents[step] = v[step] / (r_on * w + r_off * (1.0 - w))
    return states, currents
