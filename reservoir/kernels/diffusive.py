"""Diffusive Ag memristors: a filament grows from drifting silver, dissolves, and leaves a residue.

df/dt = mu |V| / (alpha + 1 - tot) - gamma_1 f - beta f,  dr/dt = beta f - gamma_2 r,  tot = f + r
"""

from math import exp

import numpy as np
from numba import njit

from mottle.reservoir.kernels.noise import join, normal


@njit(cache=True)
def resistance(total, r_on, r_off, lam):
    """Resistance in ohm of a gap that is closed at ``total`` = 1."""
    gap = (exp((1.0 - total) / lam) - 1.0) / (exp(1.0 / lam) - 1.0)
    return r_on * total + r_off * gap


@njit(cache=True)
def trace(
    v_in,
    dt,
    f,
    r,
    r_on,
    r_off,
    mu,
    gamma_1,
    gamma_2,
    alpha,
    beta,
    lam,
    r_series,
    noise,
    t_noise,
    n_micro,
    key,
):
    """Follow one device in series with ``r_series`` ohm under voltages (step,) held for ``dt`` s.

    ``noise`` is the relative noise of ``gamma_1`` per unit of f, drawn anew every ``t_noise`` s;
    the rate never turns negative. Returns filament, residue and current.
    """
    out = np.empty((3, v_in.size))
    h = dt / n_micro
    for step in range(v_in.size):
        for micro in range(n_micro):
            ohm = resistance(min(f + r, 1.0), r_on, r_off, lam)
            v = abs(v_in[step]) * ohm / (ohm + r_series)
            rate = gamma_1
            if noise > 0.0:
                draw = normal(join(key, int((step * n_micro + micro + 0.5) * h / t_noise)))
                rate = max(gamma_1 * (1.0 + noise * f * draw), 0.0)
            grow = mu * v / (alpha + 1.0 - min(f + r, 1.0)) - (rate + beta) * f
            settle = beta * f - gamma_2 * r
            r = min(max(r + h * settle, 0.0), 1.0)
            f = min(max(f + h * grow, 0.0), 1.0 - r)
        out[0, step], out[1, step] = f, r
        out[2, step] = v_in[step] / (resistance(f + r, r_on, r_off, lam) + r_series)
    return out
