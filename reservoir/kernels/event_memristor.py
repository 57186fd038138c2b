"""Volatile memristors touched only by events: pure functions over arrays, input already checked.

G <- G exp(-age / tau), and on an event G <- G + p_c (1 - G); between events nothing is computed.
RN-Net, arXiv:2303.10770.
"""

from math import exp, log1p

import numpy as np
from numba import njit, prange

from mottle.reservoir.kernels.noise import join, normal

STATE, LAST = 0, 1  # rows of a state: G when last touched, and when that was, in s
N_STATE = 2


@njit(cache=True)
def strength(p_c, noise, key):
    """Share of the way to 1 that an event goes, with relative noise."""
    if noise > 0.0:
        p_c *= 1.0 + noise * normal(key)
    return min(max(p_c, 0.0), 1.0)


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run_events(
    t, place, n_inputs, offsets, origin, state, keys, first, dt, n_steps, tau, p_c, noise
):
    """Run recordings of events; those of recording r are ``offsets[r]`` to ``offsets[r + 1]``.

    t (event,) in us since ``origin`` (recording,), place (event,) the input it touches, or -1;
    state (recording, field, node), node = device * n_inputs + input; tau and p_c (node,). Shows
    every node at the end of steps ``first`` to ``first + n_steps`` of ``dt`` s, and returns beside
    that the number of events (recording,) after them.
    """
    n_recordings, _, n_nodes = state.shape
    out = np.zeros((n_recordings, n_steps, n_nodes))
    late = np.zeros(n_recordings, np.int64)
    for r in prange(n_recordings):
        event = offsets[r]
        for step in range(n_steps):
            end = (first + step + 1) * dt
            while event < offsets[r + 1]:
                at = (t[event] - origin[r]) * 1e-6
                if at >= end:
                    break
                if place[event] >= 0:
                    for node in range(place[event], n_nodes, n_inputs):
                        age = at - state[r, LAST, node]
                        g = state[r, STATE, node] * exp(-age / tau[node])
                        key = keys[r]
                        if noise > 0.0:
                            key = join(join(key, node), t[event] - origin[r])
                        state[r, STATE, node] = g + strength(p_c[node], noise, key) * (1.0 - g)
                        state[r, LAST, node] = at
                event += 1
            for node in range(n_nodes):
                g = state[r, STATE, node]
                if g > 0.0:
                    g *= exp((state[r, LAST, node] - end) / tau[node])
                out[r, step, node] = g
        late[r] = offsets[r + 1] - event
    return out, late


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run_counts(counts, lengths, state, keys, first, dt, tau, p_c, noise):
    """Run numbers of events (recording, step, node), all at the beginning of their step."""
    out = np.zeros(counts.shape)
    for r in prange(counts.shape[0]):
        for node in range(counts.shape[2]):
            fade = exp(-dt / tau[node])
            g = state[r, STATE, node]
            for step in range(lengths[r]):
                n = abs(counts[r, step, node])
                if n > 0.0:
                    key = keys[r]
                    if noise > 0.0:
                        key = join(join(key, node), first + step)
                    share = min(strength(p_c[node], noise, key), 1.0 - 1e-16)
                    g += (1.0 - exp(n * log1p(-share))) * (1.0 - g)
                g *= fade
                out[r, step, node] = g
            state[r, STATE, node] = g
    return out


@njit(cache=True)
def trace(pulses, dt, tau, p_c):
    """Follow one device; an event begins every step in which ``pulses`` is positive."""
    states, g = np.empty(pulses.size), 0.0
    for step in range(pulses.size):
        if pulses[step] > 0.0:
            g += p_c * (1.0 - g)
        g *= exp(-dt / tau)
        states[step] = g
    return states
