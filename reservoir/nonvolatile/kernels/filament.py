"""Memristors that keep their state: pure functions over arrays, SI units, input checked."""

from math import exp, inf, log, log1p, sinh

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
def settle(x, v, dt, t_set, v_set, t_reset, v_reset):
    """State of a memdiode after ``dt`` s at ``v`` V."""
    up, down = exp(v / v_set) / t_set, exp(-v / v_reset) / t_reset
    goal = up / (up + down)
    return goal + (x - goal) * exp(-dt * (up + down))


@njit(cache=True)
def memdiode(
    v, dt, x, t_set, v_set, t_reset, v_reset, i_off, i_on, alpha_off, alpha_on, r_off, r_on
):
    """Dynamic memdiode: dx/dt = (1 - x) / tau_set - x / tau_reset, exact under a held voltage.

    The current solves I = I0(x) sinh(alpha(x) (V - R(x) I)) by bisection.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        x = settle(x, v[step], dt, t_set, v_set, t_reset, v_reset)
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


@njit(cache=True)
def nucleate(p, v, dt, tau_0, v_a, shape):
    """Carry the share of switched domains on by ``dt`` s at ``v`` V: 1 - exp(-(t / tau)^shape).

    tau = tau_0 exp((v_a / v)^2), Merz' law; a negative voltage switches back alike.
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
    """Follow a ferroelectric tunnel junction; returns its switched share and the current."""
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        p = nucleate(p, v[step], dt, tau_0, v_a, shape)
        states[step] = p
        currents[step] = v[step] * (g_off + p * (g_on - g_off))
    return states, currents


@njit(cache=True)
def interface(v, dt, w, t_switch, v_0, v_least, t_1, n, g_off, g_on):
    """Follow an interface device: exponential writing, then relaxation as a power of time.

    Written at a rate exp(|v| / v_0) / t_switch while |v| >= ``v_least``; afterwards
    w(t) = w (1 + t / t_1)^-n.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    written, since = w, inf
    for step in range(v.size):
        if abs(v[step]) >= v_least:
            aim = 1.0 if v[step] > 0.0 else 0.0
            w = aim + (w - aim) * exp(-dt * exp(min(abs(v[step]) / v_0, 700.0)) / t_switch)
            written, since = w, 0.0
        elif since < inf:
            since += dt
            w = written * exp(-n * log1p(since / t_1))
        states[step] = w
        currents[step] = v[step] * (g_off + w * (g_on - g_off))
    return states, currents
