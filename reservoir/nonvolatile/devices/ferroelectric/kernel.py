"""Ferroelectric tunnel junctions: pure functions over arrays, SI units, input checked."""

from math import exp, log

import numpy as np
from numba import njit


@njit(cache=True)
def nucleate(p, v, dt, tau_0, v_a, shape):
    """Advance the fraction of switched domains by ``dt`` s at ``v`` V: 1 - exp(-(t / tau)^shape).

    tau = tau_0 exp((v_a / v)^2), Merz' law; negative voltages switch back in the same way.
    """
    if v == 0.0:
        return p
    tau = tau_0 * exp(min((v_a / v) ** 2, 700.0))
    left = 1.0 - p if v > 0.0 else p
    if left <= 0.0:
        return p
    done = tau * (-log(left)) ** (1.0 / shape) if left < 1.0 else 0.0
    left = exp(-(((done + dt) / tau) ** shape))
    return 1.0 - left if v > 0.0 else left


@njit(cache=True)
def ferroelectric(v, dt, p, tau_0, v_a, shape, g_off, g_on):
    """Simulate a ferroelectric tunnel junction; return switched fraction and current."""
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        p = nucleate(p, v[step], dt, tau_0, v_a, shape)
        states[step] = p
        currents[step] = v[step] * (g_off + p * (g_on - g_off))
    return states, currents
