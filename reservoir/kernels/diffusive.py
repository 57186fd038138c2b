"""Diffusive Ag memristors: a filament grows from drifting silver, dissolves, and leaves a residue.

df/dt = mu |v| / (alpha + 1 - tot) - gamma_1 f - beta f,  dr/dt = beta f - gamma_2 r,  tot = f + r
Once closed (tot = 1) it thickens, dS/dt = theta |v| e^(1-S) - gamma_3 e^(S-1), S >= 1, and keeps
f and r while S > 1.

The fast model knows delays only: lognormal ones, exponential in the voltage.
"""

from math import exp, inf
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from mottle.reservoir.kernels.noise import join, normal

OBSERVABLES = ("state", "conductance", "current")
FILAMENT, RESIDUE, THICKNESS, VOLTAGE = range(4)  # rows of a state
N_STATE = 4


class AgDevices(NamedTuple):
    """One value a node for the first four, which a spread may change, else a number."""

    mu: Any  # 1/(V s)
    gamma_1: Any  # 1/s
    gamma_2: Any  # 1/s
    beta: Any  # 1/s
    r_on: float  # ohm
    r_off: float  # ohm
    alpha: float
    lam: float
    theta: float  # 1/(V s)
    gamma_3: float  # 1/s
    r_series: float  # ohm
    capacitance: float  # F, over the device; 0 for none
    i_limit: float  # A
    noise_1: float  # relative noise of gamma_1 per unit of filament
    noise_2: float  # relative noise of gamma_2 per unit of residue
    t_noise: float  # s


@njit(cache=True)
def resistance(total, thickness, nodes):
    """Resistance in ohm of a gap that is closed at ``total`` = 1."""
    gap = (exp((1.0 - total) / nodes.lam) - 1.0) / (exp(1.0 / nodes.lam) - 1.0)
    return nodes.r_on * total / (thickness * thickness) + nodes.r_off * gap


@njit(cache=True)
def noisy_rate(rate, noise, amount, key):
    """Rate that fluctuates with what there is to dissolve; it never turns negative."""
    return max(rate * (1.0 + noise * amount * normal(key)), 0.0)


@njit(cache=True)
def micro(x, v_in, h, nodes, mu, gamma_1, gamma_2, beta, key):
    """Carry one device (f, r, thickness, voltage) through ``h`` s under a supply of ``v_in`` V."""
    f, r, thickness, v = x
    ohm = resistance(min(f + r, 1.0), thickness, nodes)
    if nodes.capacitance > 0.0:
        share = ohm / (ohm + nodes.r_series)
        fade = exp(-h / (nodes.capacitance * nodes.r_series * share))
        v = v_in * share + (v - v_in * share) * fade
    else:
        v = v_in * ohm / (ohm + nodes.r_series)
    push = min(abs(v), nodes.i_limit * ohm)
    grown = thickness
    if nodes.theta > 0.0 and f + r >= 1.0:
        grow = nodes.theta * push * exp(1.0 - thickness) - nodes.gamma_3 * exp(thickness - 1.0)
        grown = max(thickness + h * grow, 1.0)
    if thickness > 1.0:
        return f, r, grown, v
    rate_1, rate_2 = gamma_1, gamma_2
    if nodes.noise_1 > 0.0:
        rate_1 = noisy_rate(gamma_1, nodes.noise_1, f, key)
    if nodes.noise_2 > 0.0:
        rate_2 = noisy_rate(gamma_2, nodes.noise_2, r, join(key, 2))
    growth = mu * push / (nodes.alpha + 1.0 - min(f + r, 1.0)) - (rate_1 + beta) * f
    settled = min(max(r + h * (beta * f - rate_2 * r), 0.0), 1.0)
    return min(max(f + h * growth, 0.0), 1.0 - settled), settled, grown, v


@njit(cache=True)
def current(x, v_in, nodes):
    """Return the current in A through the device."""
    ohm = resistance(min(x[0] + x[1], 1.0), x[2], nodes)
    if nodes.capacitance > 0.0:
        return x[3] / ohm
    i = v_in / (ohm + nodes.r_series)
    return min(max(i, -nodes.i_limit), nodes.i_limit)


@njit(cache=True)
def trace(v_in, dt, residue, nodes, n_micro, key, r_spike, most):
    """Follow one device, constants as numbers, under supplies (step,) held for ``dt`` s.

    Returns filament, residue, thickness, device voltage and current at the end of each step, and
    the times of the first ``most`` spikes, where the resistance falls below ``r_spike`` ohm (anew
    once it was ten times that), with their number.
    """
    out = np.empty((5, v_in.size))
    spikes, n_spikes, ready = np.empty(most), 0, True
    h = dt / n_micro
    x = (0.0, residue, 1.0, 0.0)
    for step in range(v_in.size):
        for i in range(n_micro):
            t = (step * n_micro + i + 0.5) * h
            drawn = key
            if nodes.noise_1 > 0.0 or nodes.noise_2 > 0.0:
                drawn = join(key, int(t / nodes.t_noise))
            x = micro(
                x, v_in[step], h, nodes, nodes.mu, nodes.gamma_1, nodes.gamma_2, nodes.beta, drawn
            )
            ohm = resistance(min(x[0] + x[1], 1.0), x[2], nodes)
            if ready and ohm < r_spike:
                if n_spikes < most:
                    spikes[n_spikes] = t + 0.5 * h
                n_spikes += 1
                ready = False
            ready = ready or ohm > 10.0 * r_spike
        out[0, step], out[1, step], out[2, step], out[3, step] = x
        out[4, step] = current(x, v_in[step], nodes)
        if nodes.capacitance == 0.0:
            out[3, step] = v_in[step] - out[4, step] * nodes.r_series
    return out, spikes[: min(n_spikes, most)], n_spikes


@njit(cache=True)
def meter(x, v_in, h, nodes, spent):
    """Add the energies of ``h`` s in state ``x``: device, all else in series, supply, in J."""
    ohm = resistance(min(x[0] + x[1], 1.0), x[2], nodes)
    i = current(x, v_in, nodes)
    supplied = i
    if nodes.capacitance > 0.0:
        supplied = (v_in - x[3]) / nodes.r_series
    spent[0] += h * i * i * ohm
    spent[1] += h * supplied * (v_in - i * ohm)
    spent[2] += h * supplied * v_in


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run(v_in, lengths, state, keys, first, nodes, dt, n_micro, v_read, observable, spent):
    """Run many recordings; v_in (recording, step, node) in V, state (recording, field, node).

    ``spent`` (recording, 4) is that of ``meter``; with shape (recording, 0), nothing is summed.
    """
    out = np.zeros(v_in.shape)
    h = dt / n_micro
    for r in prange(v_in.shape[0]):
        for node in range(v_in.shape[2]):
            own = join(keys[r], node)
            s = state[r, :, node]
            x = (s[0], s[1], s[2], s[3])
            for step in range(lengths[r]):
                v = v_in[r, step, node]
                for i in range(n_micro):
                    drawn = own
                    if nodes.noise_1 > 0.0 or nodes.noise_2 > 0.0:
                        t = ((first + step) * n_micro + i + 0.5) * h
                        drawn = join(own, int(t / nodes.t_noise))
                    x = micro(
                        x, v, h, nodes, nodes.mu[node], nodes.gamma_1[node],
                        nodes.gamma_2[node], nodes.beta[node], drawn,
                    )  # fmt: skip
                    if spent.shape[1] > 0:
                        meter(x, v, h, nodes, spent[r])
                if observable == 0:
                    out[r, step, node] = min(x[0] + x[1], 1.0)
                elif observable == 1:
                    ohm = resistance(min(x[0] + x[1], 1.0), x[2], nodes)
                    out[r, step, node] = 1.0 / (ohm + nodes.r_series)
                else:
                    out[r, step, node] = current(x, v, nodes)
            s[0], s[1], s[2], s[3] = x
    return out


@njit(cache=True)
def switches(v_in, residue, nodes, h, n_micro, r_switch, key):
    """Say if a fresh device falls below ``r_switch`` ohm within ``n_micro`` steps of ``h`` s."""
    x = (0.0, residue, 1.0, 0.0)
    for i in range(n_micro):
        drawn = join(key, int((i + 0.5) * h / nodes.t_noise))
        x = micro(x, v_in, h, nodes, nodes.mu, nodes.gamma_1, nodes.gamma_2, nodes.beta, drawn)
        if resistance(min(x[0] + x[1], 1.0), x[2], nodes) < r_switch:
            return True
    return False


@njit(parallel=True)  # devices are independent; parallel kernels stay uncached (numba #4807)
def count_switched(v_in, residues, nodes, h, n_micro, r_switch, key):
    """Count, for each of the voltages (n,), how many devices with ``residues`` (m,) switch."""
    counts = np.zeros(v_in.size, np.int64)
    for k in prange(v_in.size):
        for device in range(residues.size):
            own = join(join(key, k), device)
            counts[k] += switches(v_in[k], residues[device], nodes, h, n_micro, r_switch, own)
    return counts


@njit(cache=True)
def gibbs(m, free, weights, bias, volts, logits, low, high, nodes, h, n_micro, r_switch, n, key):
    """Sweep ``n`` times over bits ``m`` (-1 or 1), each set by whether a device switches.

    ``volts`` belong to the rising ``logits``; ``low`` and ``high`` bound the residue, drawn anew.
    """
    out = np.empty((n, m.size), np.int8)
    for sweep in range(n):
        for i in range(m.size):
            if free[i]:
                field = bias[i]
                for j in range(m.size):
                    field += weights[i, j] * m[j]
                own = join(join(key, sweep), i)
                # uniform from the same counter-based bits as the normal numbers
                share = np.float64(join(own, 1) >> np.uint64(11)) * 1.1102230246251565e-16
                v = np.interp(2.0 * field, logits, volts)
                start = low + (high - low) * share
                m[i] = 1.0 if switches(v, start, nodes, h, n_micro, r_switch, own) else -1.0
        for i in range(m.size):
            out[sweep, i] = int(m[i])
    return out


class FastAgDevices(NamedTuple):
    """One value a node for the first four, which a spread may change, else a number."""

    delay: Any  # s, on-delay extrapolated to 0 V
    t_off: Any  # s, off-delay
    v_high: Any  # V, no filament grows below
    v_low: Any  # V, none dissolves above
    v_scale: float  # V, e-fold of the on-delay
    noise_on: float  # relative standard deviation of the on-delay, lognormal
    noise_off: float
    r_on: float  # ohm
    r_off: float  # ohm


@njit(cache=True)
def draw_delay(noise, key):
    """Lognormal factor of mean 1 and relative standard deviation ``noise``."""
    if noise <= 0.0:
        return 1.0
    variance = np.log1p(noise * noise)
    return exp(np.sqrt(variance) * normal(key) - 0.5 * variance)


@njit(cache=True)
def hold_fast(v, dt, s, nodes, delay, t_off, v_high, v_low, key):
    """Carry one device through a held step; ``s`` (on, progress, cycle) changes in place.

    Progress runs to 1, where the device switches, in the drawn delay; below ``v_high`` it fades
    within ``t_off``. Returns the time in the step at which it last turned on, or infinity, and how
    long in it the device was on.
    """
    left, turned, on = dt, inf, 0.0
    while left > 0.0:
        if s[0] > 0.0:
            if abs(v) >= v_low:
                s[1] = 0.0
                return turned, on + left
            wait = t_off * draw_delay(nodes.noise_off, join(key, int(2.0 * s[2] + 1.0)))
        elif abs(v) < v_high:
            s[1] *= exp(-left / t_off)
            return turned, on
        else:
            wait = delay * exp(-abs(v) / nodes.v_scale)
            wait *= draw_delay(nodes.noise_on, join(key, int(2.0 * s[2])))
        span = (1.0 - s[1]) * wait
        if s[0] > 0.0:
            on += min(span, left)
        if left < span:
            s[1] += left / wait
            return turned, on
        left -= span
        s[1] = 0.0
        if s[0] > 0.0:
            s[0], s[2] = 0.0, s[2] + 1.0
        else:
            s[0], turned = 1.0, dt - left
    return turned, on


@njit(cache=True)
def trace_fast(v_in, dt, nodes, key):
    """Follow one fast device; returns on, progress and current a step, and its switch-on times."""
    out = np.empty((3, v_in.size))
    spikes, n_spikes = np.empty(v_in.size), 0
    s = np.zeros(3)
    for step in range(v_in.size):
        turned, _ = hold_fast(
            v_in[step], dt, s, nodes, nodes.delay, nodes.t_off, nodes.v_high, nodes.v_low, key
        )
        if turned < inf:
            spikes[n_spikes] = step * dt + turned
            n_spikes += 1
        out[0, step], out[1, step] = s[0], s[1]
        out[2, step] = v_in[step] / (nodes.r_on if s[0] > 0.0 else nodes.r_off)
    return out, spikes[:n_spikes]


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run_fast(v_in, lengths, state, keys, nodes, dt, v_read, observable, spent):
    """Run many recordings of fast devices; shapes as in ``run``, no resistor.

    The state shown is 1 while on, else how far the device is on the way.
    """
    out = np.zeros(v_in.shape)
    for r in prange(v_in.shape[0]):
        for node in range(v_in.shape[2]):
            key = join(keys[r], node)
            s = state[r, :, node]
            for step in range(lengths[r]):
                v = v_in[r, step, node]
                _, on = hold_fast(
                    v, dt, s, nodes, nodes.delay[node], nodes.t_off[node], nodes.v_high[node],
                    nodes.v_low[node], key,
                )  # fmt: skip
                if spent.shape[1] > 0:
                    used = v * v * (on / nodes.r_on + (dt - on) / nodes.r_off)
                    spent[r, 0] += used
                    spent[r, 2] += used
                ohm = nodes.r_on if s[0] > 0.0 else nodes.r_off
                if observable == 0:
                    out[r, step, node] = 1.0 if s[0] > 0.0 else s[1]
                else:
                    out[r, step, node] = (1.0 if observable == 1 else v) / ohm
    return out
