"""Memristors that keep their state: pure functions over arrays, SI units, input checked."""

from math import exp, sinh

import numpy as np
from numba import njit

WINDOWS = ("none", "joglekar", "biolek")


@njit(cache=True)
def window(w, current, kind, power):
    """How fast a boundary may move at ``w``: free, slowed at both ends, or at the end ahead."""
    if kind == 0:
        return 1.0
    if kind == 1:
        return 1.0 - (2.0 * w - 1.0) ** (2 * power)
    return 1.0 - (w - (1.0 if current <= 0.0 else 0.0)) ** (2 * power)


@njit(cache=True)
def drift(v, dt, w, r_on, r_off, per_charge, kind, power, n_micro):
    """Linear ion drift: dw/dt = per_charge i F(w), R = r_on w + r_off (1 - w), by Runge-Kutta.

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


@njit(cache=True)
def gradual(v, dt, w, a, b, a_p, a_n, v_p, v_n, alpha_p, alpha_n, x_p, x_n, n_micro):
    """Yakopcic's model: thresholds, growth exponential in V, I = a w sinh(b V); Heun's method."""
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
    """Slow the state near its end: beyond x_p on the way up, below 1 - x_n on the way down."""
    if push > 0.0 and w >= x_p:
        return exp(-alpha_p * (w - x_p)) * ((x_p - w) / (1.0 - x_p) + 1.0)
    if push < 0.0 and w <= 1.0 - x_n:
        return exp(alpha_n * (w + x_n - 1.0)) * w / (1.0 - x_n)
    return 1.0


@njit(cache=True)
def memdiode(
    v, dt, x, t_set, v_set, t_reset, v_reset, i_off, i_on, alpha_off, alpha_on, r_off, r_on
):
    """Dynamic memdiode: dx/dt = (1 - x) / tau_set - x / tau_reset, exact under a held voltage.

    The current solves I = I0(x) sinh(alpha(x) (V - R(x) I)) by bisection.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        up, down = exp(v[step] / v_set) / t_set, exp(-v[step] / v_reset) / t_reset
        goal = up / (up + down)
        x = goal + (x - goal) * exp(-dt * (up + down))
        i_0 = i_off * (i_on / i_off) ** x
        alpha, r = alpha_off + (alpha_on - alpha_off) * x, r_off + (r_on - r_off) * x
        low, high = 0.0, abs(v[step]) / r
        for _ in range(60):
            middle = 0.5 * (low + high)
            if i_0 * sinh(alpha * (abs(v[step]) - r * middle)) > middle:
                low = middle
            else:
                high = middle
        states[step] = x
        currents[step] = low if v[step] >= 0.0 else -low
    return states, currents
