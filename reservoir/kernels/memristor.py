"""WOx and TiOx volatile memristors: pure functions over arrays, SI units, input already checked.

dw/dt = lambda sinh(eta V) - (w - w_min) / tau
I = w gamma sinh(delta V) + (1 - w) alpha (1 - e^(-beta V))

Du et al., Nat. Commun. 8 (2017) 2204, doi:10.1038/s41467-017-02337-y. The state equation is linear
in w while V is held, so a step of any length is exact.
"""

from math import exp, log, sinh
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

OBSERVABLES = ("state", "conductance", "current")


class Memristors(NamedTuple):
    """One value a node, except the last six."""

    rate: np.ndarray  # 1/s, lambda
    tau: np.ndarray  # s
    eta: float  # 1/V
    w_min: float
    alpha: float  # A
    beta: float  # 1/V
    gamma: float  # A
    delta: float  # 1/V


@njit(cache=True)
def current(w, v, nodes):
    """Return the current in A of a device in state ``w`` at ``v`` V."""
    tunnelling = w * nodes.gamma * sinh(nodes.delta * v)
    return tunnelling + (1.0 - w) * nodes.alpha * (1.0 - exp(-nodes.beta * v))


@njit(cache=True)
def advance(w, v, rate, fade, tau, eta, w_min):
    """State after a step at ``v`` V; ``fade`` is exp(-dt / tau)."""
    w_rest = w_min + tau * rate * sinh(eta * v)
    return min(max(w_rest + (w - w_rest) * fade, 0.0), 1.0)


@njit(cache=True)
def mean_state(before, v, dt, rate, fade, tau, eta, w_min):
    """Mean of the state over a step at ``v`` V that began in ``before``; it may meet its ends."""
    w_rest = w_min + tau * rate * sinh(eta * v)
    end = w_rest + (before - w_rest) * fade
    goal = min(max(end, 0.0), 1.0)
    if goal == end:
        return w_rest + (before - w_rest) * (tau / dt) * (1.0 - fade)
    if goal == before:
        return goal
    wait = tau * log((before - w_rest) / (goal - w_rest))
    return (w_rest * wait + (before - goal) * tau + goal * (dt - wait)) / dt


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run(v_in, lengths, state, nodes, dt, v_read, observable, spent):
    """Run many recordings; v_in (recording, step, node) in V, state (recording, 1, node).

    ``spent`` (recording, 4) grows by the energies of device, resistor (none) and supply in J;
    with shape (recording, 0), nothing is summed.
    """
    out = np.zeros(v_in.shape)
    fade = np.exp(-dt / nodes.tau)
    for r in prange(v_in.shape[0]):
        for step in range(lengths[r]):
            for node in range(v_in.shape[2]):
                v, before = v_in[r, step, node], state[r, 0, node]
                rate, tau = nodes.rate[node], nodes.tau[node]
                w = advance(before, v, rate, fade[node], tau, nodes.eta, nodes.w_min)
                if spent.shape[1] > 0:
                    mean = mean_state(before, v, dt, rate, fade[node], tau, nodes.eta, nodes.w_min)
                    used = v * current(mean, v, nodes) * dt  # the current is linear in the state
                    spent[r, 0] += used
                    spent[r, 2] += used
                state[r, 0, node] = w
                if observable == 0:
                    out[r, step, node] = w
                elif observable == 1:
                    out[r, step, node] = current(w, v_read, nodes) / v_read
                else:
                    out[r, step, node] = current(w, v, nodes)
    return out


@njit(cache=True)
def trace(v, dt, w, nodes):
    """Follow one device, constants as numbers, under voltages (step,) held for ``dt`` s."""
    states, currents = np.empty(v.size), np.empty(v.size)
    fade = exp(-dt / nodes.tau)
    for step in range(v.size):
        w = advance(w, v[step], nodes.rate, fade, nodes.tau, nodes.eta, nodes.w_min)
        states[step], currents[step] = w, current(w, v[step], nodes)
    return states, currents


class PulsedMemristors(NamedTuple):
    """TiOx devices, which know pulses; one value a node, except the last three."""

    alpha: Any  # 1/V
    keep: Any  # share of the distance to rest left after a pulse
    g_rest: float
    k_p: float  # A/V^3
    k_n: float  # A/V^3


@njit(cache=True)
def pulse(g, v, alpha, keep, g_rest):
    """State after a pulse of ``v`` V: G <- r G + (1 - r) G0 + u (H(V > 0) - G).

    Zhong et al., Nat. Commun. 12 (2021) 408, doi:10.1038/s41467-020-20692-1.
    """
    push = alpha * abs(v)
    u = push / (push + 1.0)
    return keep * g + (1.0 - keep) * g_rest + u * ((1.0 if v > 0.0 else 0.0) - g)


@njit(cache=True)
def trace_pulsed(v, g, nodes):
    """Follow one device, constants as numbers, from state ``g``, a pulse a step."""
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        g = pulse(g, v[step], nodes.alpha, nodes.keep, nodes.g_rest)
        k = nodes.k_p if v[step] > 0.0 else nodes.k_n
        states[step], currents[step] = g, g * k * v[step] ** 3
    return states, currents


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run_pulsed(v_in, lengths, state, nodes, v_read, observable, t_pulse, spent):
    """Run many recordings of pulsed devices; shapes as in ``run``.

    Energies are those of a pulse of ``t_pulse`` s during which the state goes its way evenly.
    """
    out = np.zeros(v_in.shape)
    for r in prange(v_in.shape[0]):
        for step in range(lengths[r]):
            for node in range(v_in.shape[2]):
                v = v_in[r, step, node]
                before = state[r, 0, node]
                g = pulse(before, v, nodes.alpha[node], nodes.keep[node], nodes.g_rest)
                state[r, 0, node] = g
                if spent.shape[1] > 0:
                    k = nodes.k_p if v > 0.0 else nodes.k_n
                    used = 0.5 * (before + g) * k * v**4 * t_pulse
                    spent[r, 0] += used
                    spent[r, 2] += used
                if observable == 1:
                    out[r, step, node] = g * (nodes.k_p if v_read > 0.0 else nodes.k_n) * v_read**2
                elif observable == 2:
                    out[r, step, node] = g * (nodes.k_p if v > 0.0 else nodes.k_n) * v**3
                else:
                    out[r, step, node] = g
    return out
