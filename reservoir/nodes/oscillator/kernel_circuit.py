"""Circuits of threshold switches: linear, hence solved exactly, between switchings.

A switch has two resistances: it turns metallic when the voltage over it reaches ``v_high`` and
insulating again when it falls to ``v_low`` (Maffezzoni et al., IEEE TCAS-I 62 (2015) 2207).
"""

from math import exp, log
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy
from mottle.reservoir.compiled.noise import join, normal

ORDER = 12  # of the Taylor series of a network's step
REACH = 0.5  # longest such step in units of the fastest time constant: error about 2e-14


@njit(cache=True)
def power_integrals(v_end, fall, tau, span):
    """Return the integrals of v and v squared over ``span`` s, v = v_end + fall exp(-t / tau)."""
    left = 1.0 - exp(-span / tau)
    once = v_end * span + fall * tau * left
    twice = v_end * v_end * span + 2.0 * v_end * fall * tau * left
    twice += 0.5 * fall * fall * tau * (1.0 - exp(-2.0 * span / tau))
    return once, twice


@njit(cache=True)
def until_switch(v, metallic, v_in, r_now, r_series, capacitance, goal, left):
    """Return final voltage, time constant, duration in s, and whether a switching ends it."""
    v_end = v_in * r_now / (r_now + r_series)
    tau = capacitance * r_now * r_series / (r_now + r_series)
    if (metallic and v <= goal) or (not metallic and v >= goal):
        return v_end, tau, 0.0, True
    if (metallic and v_end < goal) or (not metallic and v_end > goal):
        wait = tau * log((v_end - v) / (v_end - goal))
        if wait < left:
            return v_end, tau, wait, True
    return v_end, tau, left, False


@njit(cache=True)
def relax(v_in, dt, v, metallic, r, r_series, capacitance, v_high, v_low, jitter, key, most):
    """Run one relaxation oscillator; v_in (step,) in V is held for ``dt`` s.

    ``r`` is (insulating, metallic) in ohm; ``jitter`` the relative noise of ``v_high``, drawn once
    per cycle. Returns the voltage over the switch and its phase at the end of each step, the times
    of the first ``most`` spikes, their number, and energies (device, resistor, supply) in J.
    """
    out, phases = np.empty(v_in.size), np.empty(v_in.size)
    spikes, n_spikes = np.empty(most), 0
    device, resistor, supply = 0.0, 0.0, 0.0
    threshold = v_high
    if jitter > 0.0:
        threshold *= 1.0 + jitter * normal(join(key, 0))
    for step in range(v_in.size):
        left = dt
        while left > 0.0:
            r_now = r[1] if metallic else r[0]
            goal = v_low if metallic else threshold
            # a switch has no polarity: computed as positive, with the sign it moves to or has
            sign = -1.0 if (v if metallic else v_in[step]) < 0.0 else 1.0
            v, u = sign * v, sign * v_in[step]
            v_end, tau, span, switches = until_switch(
                v, metallic, u, r_now, r_series, capacitance, goal, left
            )
            fall = v - v_end
            once, twice = power_integrals(v_end, fall, tau, span)
            device += twice / r_now
            supply += u * (u * span - once) / r_series
            resistor += (u * u * span - 2.0 * u * once + twice) / r_series
            v = v_end + fall * exp(-span / tau)
            left -= span
            if switches:
                v = goal if span > 0.0 else v
            v *= sign
            if switches:
                metallic = not metallic
                if metallic:
                    if n_spikes < most:
                        spikes[n_spikes] = (step + 1) * dt - left
                    n_spikes += 1
                elif jitter > 0.0:
                    threshold = v_high * (1.0 + jitter * normal(join(key, n_spikes)))
        out[step] = v
        phases[step] = 1.0 if metallic else 0.0
    return out, phases, spikes[: min(n_spikes, most)], n_spikes, device, resistor, supply


@njit(cache=True)
def relax_noisy(
    v_in, dt, n_micro, r, r_series, capacitance, v_high, v_low, sigma, jitter, key, most
):
    """Run one oscillator with voltage noise of standard deviation ``sigma`` V.

    An Ornstein-Uhlenbeck process with the circuit's time constant, exact at the ``n_micro`` points
    of a step; crossings are detected at these points. Returns as ``relax``, without energies.
    """
    out, phases = np.empty(v_in.size), np.empty(v_in.size)
    spikes, n_spikes = np.empty(most), 0
    h, v, metallic, threshold = dt / n_micro, 0.0, False, v_high
    if jitter > 0.0:
        threshold *= 1.0 + jitter * normal(join(key, 0))
    path = join(~key, 0)  # independent of the key of the thresholds
    fades = (
        exp(-h * (1.0 / r_series + 1.0 / r[0]) / capacitance),
        exp(-h * (1.0 / r_series + 1.0 / r[1]) / capacitance),
    )
    for step in range(v_in.size):
        for micro in range(n_micro):
            r_now, fade = (r[1], fades[1]) if metallic else (r[0], fades[0])
            v_end = v_in[step] * r_now / (r_now + r_series)
            kick = sigma * np.sqrt(1.0 - fade * fade) * normal(join(path, step * n_micro + micro))
            v = v_end + (v - v_end) * fade + kick
            if metallic and abs(v) <= v_low:
                metallic = False
                if jitter > 0.0:
                    threshold = v_high * (1.0 + jitter * normal(join(key, n_spikes)))
            elif not metallic and abs(v) >= threshold:
                metallic = True
                if n_spikes < most:
                    spikes[n_spikes] = (step * n_micro + micro + 1) * h
                n_spikes += 1
        out[step] = v
        phases[step] = 1.0 if metallic else 0.0
    return out, phases, spikes[: min(n_spikes, most)], n_spikes


@njit(cache=True)
def polynomial(c, k, t):
    """Return the value at ``t`` of the Taylor series in column ``k``."""
    value = 0.0
    for order in range(ORDER, -1, -1):
        value = value * t + c[order, k]
    return value


@njit(cache=True)
def crossing(c, k, level, span):
    """Return the time in (0, span] at which series ``k`` crosses ``level``, by full bisection."""
    low, high = 0.0, span
    above = polynomial(c, k, 0.0) > level
    while True:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            return high
        if (polynomial(c, k, middle) > level) == above:
            low = middle
        else:
            high = middle


class Circuit(NamedTuple):
    """Coupled switches: C dv/dt = inject - leak v - g (v - rail), one switch per node.

    A switch connects its node to ``rail`` V; the voltage over it is ``sign * (v - rail)``. The
    inverse of C and the linear conductances ``leak`` are sparse, in compressed rows.
    """

    per_c: np.ndarray  # 1/F
    per_c_columns: np.ndarray
    per_c_rows: np.ndarray  # index of the first entry of each row
    leak: np.ndarray  # S
    leak_columns: np.ndarray
    leak_rows: np.ndarray
    g_insulating: np.ndarray  # S
    g_metallic: np.ndarray  # S
    rail: np.ndarray  # V
    sign: np.ndarray
    v_low: np.ndarray  # V
    longest: float  # s, longest integration step


@njit(cache=True)
def expand(c, flow, v, metallic, inject, circuit):
    """Compute Taylor coefficients ``c`` (order, node) of all node voltages."""
    n = v.size
    copy(v, c[0])
    rows, c_rows = circuit.leak_rows, circuit.per_c_rows
    for order in range(ORDER):
        for k in range(n):
            g = circuit.g_metallic[k] if metallic[k] > 0.0 else circuit.g_insulating[k]
            flow[k] = -g * c[order, k]
            if order == 0:
                flow[k] += inject[k] + g * circuit.rail[k]
            for j in range(rows[k], rows[k + 1]):
                flow[k] -= circuit.leak[j] * c[order, circuit.leak_columns[j]]
        for k in range(n):
            rate = 0.0
            for j in range(c_rows[k], c_rows[k + 1]):
                rate += circuit.per_c[j] * flow[circuit.per_c_columns[j]]
            c[order + 1, k] = rate / (order + 1)


@njit(cache=True)
def until_any_switch(c, v, metallic, v_high, circuit, left):
    """Return the time until the next switching, at most ``left`` s, and its node or -1.

    ``v`` is advanced to the end of that time.
    """
    span, switched = min(left, circuit.longest), -1
    for k in range(v.size):
        limit = circuit.v_low[k] if metallic[k] > 0.0 else v_high[k]
        level = circuit.rail[k] + circuit.sign[k] * limit
        # beyond the level in the direction of the switching: upward while insulating
        sense = -circuit.sign[k] if metallic[k] > 0.0 else circuit.sign[k]
        if sense * (v[k] - level) >= 0.0:
            span, switched = 0.0, k
        elif sense * (polynomial(c, k, span) - level) >= 0.0:
            span, switched = crossing(c, k, level, span), k
    for k in range(v.size):
        v[k] = polynomial(c, k, span)
    return span, switched


@njit(cache=True)
def run_network(inject, dt, v, metallic, v_high, circuit, most):
    """Run coupled switches; inject (step, node) in A is held for ``dt`` s.

    Changes ``v`` and ``metallic``; returns voltages (step, node), phases, times and nodes of the
    first ``most`` spikes, and the number of spikes.
    """
    n_steps, n = inject.shape
    out, phases = np.empty((n_steps, n)), np.empty((n_steps, n))
    times, nodes, n_spikes = np.empty(most), np.empty(most, np.int64), 0
    c, flow = np.empty((ORDER + 1, n)), np.empty(n)
    for step in range(n_steps):
        left = dt
        while left > 0.0:
            expand(c, flow, v, metallic, inject[step], circuit)
            span, switched = until_any_switch(c, v, metallic, v_high, circuit, left)
            left -= span
            if switched >= 0:
                metallic[switched] = 1.0 - metallic[switched]
                if metallic[switched] > 0.0:
                    if n_spikes < most:
                        times[n_spikes], nodes[n_spikes] = (step + 1) * dt - left, switched
                    n_spikes += 1
        copy(v, out[step])
        copy(metallic, phases[step])
    kept = min(n_spikes, most)
    return out, phases, times[:kept], nodes[:kept], n_spikes
