"""Volatile memristors touched only by events: pure functions over arrays, input already checked.

G <- G exp(-age / tau), and on an event G <- G + p_c (1 - G); between events nothing is computed.
RN-Net, arXiv:2303.10770.
"""

from math import exp, log1p

import numpy as np
from numba import njit, prange

from mottle.reservoir.kernels.functions import flush
from mottle.reservoir.kernels.noise import join, normal

CHUNK = 1024  # events, checked and used while they are in the cache
FAULT = -1


@njit(cache=True)
def strength(p_c, noise, key):
    """Share of the way to 1 that an event goes, with relative noise."""
    if noise > 0.0:
        p_c *= 1.0 + noise * normal(key)
    return min(max(p_c, 0.0), 1.0)


@njit(cache=True, nogil=True)
def faulty(t, p, begin, end):
    """Say whether time goes back in events ``begin`` to ``end``, or a polarity is not 0 or 1."""
    fault = begin > 0 and begin < end and t[begin] < t[begin - 1]
    if begin < end:
        fault |= (p[begin] < 0) | (p[begin] > 1)
    for event in range(begin + 1, end):
        fault |= (t[event] < t[event - 1]) | (p[event] < 0) | (p[event] > 1)
    return fault


@njit(cache=True, nogil=True)
def first_from(t, origin, moment, begin):
    """Return the first event at ``moment`` s after ``origin`` us or later, from ``begin`` on."""
    end = t.size
    while begin < end:
        middle = (begin + end) // 2
        if (t[middle] - origin) * 1e-6 < moment:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def fade_out(before, frame, fade):
    """Carry states over a step without events; both (node,), fade (device, input or 1)."""
    n_inputs = frame.size // fade.shape[0]
    for device in range(fade.shape[0]):
        first = device * n_inputs
        if fade.shape[1] == 1:
            share = fade[device, 0]
            for i in range(first, first + n_inputs):
                frame[i] = flush(before[i] * share)
        else:
            for i in range(n_inputs):
                frame[first + i] = flush(before[first + i] * fade[device, i])


@njit(cache=True, nogil=True)
def locate(t, x, y, p, origin, begin, end, columns, rows, shift, places, moments):
    """Write input and time since ``origin`` of the events on the sensor; return how many."""
    n, width, height = np.uint64(0), np.uint64(columns.size), np.uint64(rows.size)
    for event in range(begin, end):
        column, row = np.uint64(np.int64(x[event])), np.uint64(np.int64(y[event]))
        if column < width and row < height:  # a negative one is beyond, too
            places[n] = rows[row] + columns[column] + shift * np.int64(p[event])
            moments[n] = t[event] - origin
            n += np.uint64(1)
    return np.int64(n)


@njit(cache=True, nogil=True)
def touch(frame, places, moments, n, over, tau, p_c):
    """Let ``n`` events touch devices that agree in tau and p_c; frame (input,) as of ``over`` s."""
    moment, left = np.int64(-1), 0.0
    for k in range(n):
        if moments[k] != moment:
            moment = moments[k]
            left = exp((moment * 1e-6 - over) / tau)
        node = np.uint64(places[k])
        frame[node] += p_c * (left - frame[node])


@njit(cache=True, nogil=True)
def touch_each(frame, places, moments, n, over, tau, p_c, noise, key, first_node):
    """Let ``n`` events touch devices of their own tau and p_c (input or 1,), noisy or not."""
    for k in range(n):
        node = places[k]
        share = p_c[node if p_c.size > 1 else 0]
        if noise > 0.0:
            share = strength(share, noise, join(join(key, first_node + node), moments[k]))
        left = exp((moments[k] * 1e-6 - over) / tau[node if tau.size > 1 else 0])
        frame[node] += share * (left - frame[node])


@njit(cache=True, nogil=True)
def run_events(
    t, x, y, p, origin, columns, rows, shift, state, key, first, dt, tau, p_c, noise, out
):
    """Run one recording: t in us, of which ``origin`` is the beginning; x, y, p (event,).

    An event goes to input ``rows[y] + columns[x] + shift * p``, where it finds all devices: node =
    device * inputs + input. tau and p_c (device, input), or (device, 1) where all inputs agree;
    state (1, node) as of the end of the step before; out (step, node) shows steps from ``first``
    on, of ``dt`` s each. A step begins with the states before, faded to its end; an event adds what
    will be left of it then. Returns the number of events outside the sensor, and of later ones;
    FAULT for both if ``faulty``.
    """
    n_devices, n_inputs = tau.shape[0], out.shape[1] // tau.shape[0]
    places, moments = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.int64)
    alike, fade = tau.shape[1] == 1 and p_c.shape[1] == 1 and noise == 0.0, np.exp(-dt / tau)
    begin, outside, before = 0, 0, state[0]
    for step in range(out.shape[0]):
        over, frame = (first + step + 1) * dt, out[step]
        end = first_from(t, origin, over, begin)
        fade_out(before, frame, fade)
        while begin < end:
            stop = min(begin + CHUNK, end)
            if faulty(t, p, begin, stop):
                return FAULT, FAULT
            n = locate(
                t, x, y, p, origin, begin, stop, columns, rows, shift, places, moments
            )  # fmt: skip
            outside += stop - begin - n
            for device in range(n_devices):
                node = device * n_inputs
                own = frame[node : node + n_inputs]
                if alike:
                    touch(own, places, moments, n, over, tau[device, 0], p_c[device, 0])
                else:
                    touch_each(
                        own, places, moments, n, over, tau[device], p_c[device], noise, key, node
                    )
            begin = stop
        before = frame
    state[0] = before
    if faulty(t, p, begin, t.size):
        return FAULT, FAULT
    late = 0
    for event in range(begin, t.size):
        inside = 0 <= x[event] < columns.size and 0 <= y[event] < rows.size
        late += inside
        outside += not inside
    return outside, late


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run_counts(counts, lengths, state, keys, first, dt, tau, p_c, noise):
    """Run numbers of events (recording, step, node), all at the beginning of their step."""
    out = np.zeros(counts.shape)
    for r in prange(counts.shape[0]):
        for node in range(counts.shape[2]):
            fade = exp(-dt / tau[node])
            g = state[r, 0, node]
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
            state[r, 0, node] = g
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
