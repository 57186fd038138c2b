"""Yakopcic's memristor: pure functions over arrays, SI units, input checked."""

from math import exp, sinh

import numpy as np
from numba import njit


@njit(cache=True)
def gradual(v, dt, w, a, b, a_p, a_n, v_p, v_n, alpha_p, alpha_n, x_p, x_n, n_micro):
    """Simulate Yakopcic's model, I = a w sinh(b V), by Heun's method."""
    states, currents = np.empty(v.size), np.empty(v.size)
    h = dt / n_micro
    for step in range(v.size):
        u = v[step]
        push = 0.0
        if u > v_p:
            push = a_p * (exp(u) - exp(v_p))
        elif u < -v_n:
            push = -a_n * (exp(-u) - exp(v_n))
        for _ in range(n_micro):
            first = push * ease(w, push, alpha_p, alpha_n, x_p, x_n)
            guess = min(max(w + h * first, 0.0), 1.0)
            second = push * ease(guess, push, alpha_p, alpha_n, x_p, x_n)
            w = min(max(w + 0.5 * h * (first + second), 0.0), 1.0)
        states[step] = w
        currents[step] = a * w * sinh(b * u)
    return states, currents


@njit(cache=True)
def ease(w, push, alpha_p, alpha_n, x_p, x_n):
    """Return the window function: below 1 above x_p upwards, and below 1 - x_n downwards."""
    if push > 0.0 and w >= x_p:
        return exp(-alpha_p * (w - x_p)) * ((x_p - w) / (1.0 - x_p) + 1.0)
    if push < 0.0 and w <= 1.0 - x_n:
        return exp(alpha_n * (w + x_n - 1.0)) * w / (1.0 - x_n)
    return 1.0
