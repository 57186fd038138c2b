"""Diffusive Ag memristors: a filament grows from drifting silver, dissolves, and leaves a residue.

df/dt = mu |v| / (alpha + 1 - tot) - gamma_1 f - beta f,  dr/dt = beta f - gamma_2 r,  tot = f + r
A closed filament (tot = 1) thickens, dS/dt = theta |v| e^(1-S) - gamma_3 e^(S-1), S >= 1, and f and
r are constant while S > 1.

The fast model has delays only: lognormal, exponential in the voltage.
"""

from math import exp, inf
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, copy, make_blocks, make_keys
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.functions import INNER, VECTOR, clip, widen
from mottle.reservoir.compiled.functions import exp as fast_exp
from mottle.reservoir.compiled.inputs import make_buffers, make_volts, sum_volts, tile_size
from mottle.reservoir.compiled.noise import join, normal, normals

OBSERVABLES = ("state", "conductance", "current")
FILAMENT, RESIDUE, THICKNESS, VOLTAGE = range(4)  # rows of a state
N_STATE = 4

# fields of a block, in units of LANES; the first are the rows of a state
F, R, THICK, V, V_IN, OHM, PUSH, GROWN = (LANES * k for k in range(8))
MU, GAMMA_1, GAMMA_2, BETA, DRAWN_1, DRAWN_2 = (LANES * k for k in range(8, 14))
N_FIELDS = 14


class AgDevices(NamedTuple):
    """Constants; the first four may vary from device to device: one value per node."""

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
    """Return the resistance in ohm of a gap that is closed at ``total`` = 1."""
    gap = (exp((1.0 - total) / nodes.lam) - 1.0) / (exp(1.0 / nodes.lam) - 1.0)
    return nodes.r_on * total / (thickness * thickness) + nodes.r_off * gap


@njit(**VECTOR)
def noisy_rate(rate, noise, drawn):
    """Return a rate with noise, relative standard deviation ``noise``; never negative."""
    rate = rate * (1.0 + noise * drawn)
    return 0.0 if rate < 0.0 else rate


@njit(cache=True)
def micro(x, v_in, h, nodes, mu, gamma_1, gamma_2, beta, key):
    """Advance one device (f, r, thickness, voltage) by ``h`` s under a supply of ``v_in`` V."""
    f, r, thickness, v = x
    ohm = resistance(min(f + r, 1.0), thickness, nodes)
    if nodes.capacitance > 0.0:
        ratio = ohm / (ohm + nodes.r_series)
        fade = exp(-h / (nodes.capacitance * nodes.r_series * ratio))
        v = v_in * ratio + (v - v_in * ratio) * fade
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
    if nodes.noise_1 > 0.0 or nodes.noise_2 > 0.0:
        drawn_1, drawn_2 = normals(key)
        rate_1 = noisy_rate(gamma_1, nodes.noise_1 * f, drawn_1)
        rate_2 = noisy_rate(gamma_2, nodes.noise_2 * r, drawn_2)
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
    """Simulate one device, constants as numbers, under supplies (step,) held for ``dt`` s.

    Returns filament, residue, thickness, device voltage and current at the end of each step, the
    times of the first ``most`` spikes, and the number of spikes. A spike is a resistance that falls
    below ``r_spike`` ohm after having been above ten times that.
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


@njit(**VECTOR, **INNER)
def divide(w, nodes, h):
    """Compute resistance, voltage and drive (V) of each device after ``h`` s at its supply."""
    widen()
    scale = nodes.r_off / (exp(1.0 / nodes.lam) - 1.0)
    for i in range(LANES):
        total, thick = w[F + i] + w[R + i], w[THICK + i]
        total = 1.0 if total > 1.0 else total
        gap = scale * (fast_exp((1.0 - total) * (1.0 / nodes.lam)) - 1.0)
        ohm = nodes.r_on * total / (thick * thick) + gap
        w[OHM + i] = ohm
        w[PUSH + i] = ohm / (ohm + nodes.r_series)
    if nodes.capacitance > 0.0:
        per_rc = h / (nodes.capacitance * nodes.r_series)
        for i in range(LANES):
            ratio = w[PUSH + i]
            v_end, age = w[V_IN + i] * ratio, per_rc / (ratio if ratio > 1e-300 else 1e-300)
            fade = fast_exp(-age if age < 690.0 else -690.0)
            w[V + i] = v_end + (w[V + i] - v_end) * fade
    else:
        for i in range(LANES):
            w[V + i] = w[V_IN + i] * w[PUSH + i]
    for i in range(LANES):
        size, most = abs(w[V + i]), nodes.i_limit * w[OHM + i]
        w[PUSH + i] = size if size < most else most


@njit(**VECTOR, **INNER)
def count_closed(w):
    """Count the closed filaments."""
    widen()
    n_closed = 0
    for i in range(LANES):
        n_closed += 1 if w[F + i] + w[R + i] >= 1.0 else 0
    return n_closed


@njit(**VECTOR, **INNER)
def thicken(w, nodes, h):
    """Write the thickness of closed filaments after ``h`` s to GROWN."""
    widen()
    for i in range(LANES):
        thick, closed = w[THICK + i], w[F + i] + w[R + i] >= 1.0
        over = clip(thick - 1.0, 0.0, 690.0)
        grow = nodes.theta * w[PUSH + i] * fast_exp(-over) - nodes.gamma_3 * fast_exp(over)
        grown = thick + h * grow
        grown = 1.0 if grown < 1.0 else grown
        w[GROWN + i] = grown if closed else thick


@njit(**VECTOR, **INNER)
def grow(w, nodes, h):
    """Advance open filaments by ``h`` s."""
    widen()
    for i in range(LANES):
        f, r = w[F + i], w[R + i]
        total = 1.0 if f + r > 1.0 else f + r
        rate_1 = noisy_rate(w[GAMMA_1 + i], nodes.noise_1 * f, w[DRAWN_1 + i])
        rate_2 = noisy_rate(w[GAMMA_2 + i], nodes.noise_2 * r, w[DRAWN_2 + i])
        growth = w[MU + i] * w[PUSH + i] / (nodes.alpha + 1.0 - total)
        growth -= (rate_1 + w[BETA + i]) * f
        settled = clip(r + h * (w[BETA + i] * f - rate_2 * r), 0.0, 1.0)
        grown = clip(f + h * growth, 0.0, 1.0 - settled)
        open_ = w[THICK + i] <= 1.0
        w[F + i] = grown if open_ else f
        w[R + i] = settled if open_ else r
        w[THICK + i] = w[GROWN + i]


@njit(**VECTOR, **INNER)
def draw(w, keys, slot):
    """Draw a pair of normal numbers for each device."""
    widen()
    for i in range(LANES):
        w[DRAWN_1 + i], w[DRAWN_2 + i] = normals(join(keys[i], slot))


@njit(cache=True, **INNER)
def draw_next(w, keys, slot, before, nodes):
    """Draw the noise of a span of ``t_noise``; with one noisy rate a pair serves two spans."""
    if nodes.noise_2 > 0.0:
        draw(w, keys, slot)
        return
    if slot % 2 == 0 or before != slot - 1:
        draw(w, keys, slot // 2)
    if slot % 2 == 1:
        copy(w[DRAWN_2 : DRAWN_2 + LANES], w[DRAWN_1 : DRAWN_1 + LANES])


@njit(cache=True, **INNER)
def meter(w, n, h, nodes, spent):
    """Add the energies of a block during ``h`` s, in J: devices, all in series, supply.

    ``spent`` is (group, 4), the block's group first.
    """
    for i in range(n):
        x, v_in = (w[F + i], w[R + i], w[THICK + i], w[V + i]), w[V_IN + i]
        ohm = resistance(min(x[0] + x[1], 1.0), x[2], nodes)
        i_device = current(x, v_in, nodes)
        supplied = i_device
        if nodes.capacitance > 0.0:
            supplied = (v_in - x[3]) / nodes.r_series
        spent[0, 0] += h * i_device * i_device * ohm
        spent[0, 1] += h * supplied * (v_in - i_device * ohm)
        spent[0, 2] += h * supplied * v_in


@njit(cache=True, **INNER)
def hold(w, n, v_in, keys, first_micro, nodes, h, n_micro, slot, spent):
    """Advance a block's ``n`` devices by ``n_micro`` steps of ``h`` s at constant inputs.

    ``slot`` is the index of the span of ``t_noise`` whose noise is drawn; returns the last one.
    """
    copy(v_in, w[V_IN : V_IN + n])
    for i in range(n_micro):
        if nodes.noise_1 > 0.0 or nodes.noise_2 > 0.0:
            now = int((first_micro + i + 0.5) * h / nodes.t_noise)
            if now != slot:
                draw_next(w, keys, now, slot, nodes)
                slot = now
        divide(w, nodes, h)
        if nodes.theta > 0.0 and count_closed(w) > 0:
            thicken(w, nodes, h)
        grow(w, nodes, h)
        if spent is not None and spent.size > 0:
            meter(w, n, h, nodes, spent)
    return slot


@njit(cache=True, **INNER)
def write_states(w, n, nodes, v_read, observable, out):
    """Write the states of a block's devices: see ``OBSERVABLES``; None is the first."""
    for i in range(n):
        if observable is None:
            out[i] = min(w[F + i] + w[R + i], 1.0)
            continue
        x = (w[F + i], w[R + i], w[THICK + i], w[V + i])
        total = min(x[0] + x[1], 1.0)
        if observable == 0:
            out[i] = total
        elif observable == 1:
            out[i] = 1.0 / (resistance(total, x[2], nodes) + nodes.r_series)
        else:
            out[i] = current(x, w[V_IN + i], nodes)


@njit(cache=True, **INNER)
def load(state, first, last, nodes):
    """Copy constants and states of devices to blocks."""
    blocks = make_blocks(last - first, N_FIELDS)
    for lane in range(blocks.shape[0] * LANES):
        node = min(first + lane, last - 1)
        w, i = blocks[lane // LANES], lane % LANES
        for row in range(N_STATE):
            w[row * LANES + i] = state[row, node]
        w[GROWN + i] = w[THICK + i]
        w[MU + i], w[BETA + i] = nodes.mu[node], nodes.beta[node]
        w[GAMMA_1 + i], w[GAMMA_2 + i] = nodes.gamma_1[node], nodes.gamma_2[node]
    return blocks


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, wiring, supply, n_masks, nodes, dt,
    n_micro, v_read, observable, n_clipped, out, spent,
):  # fmt: skip
    """Run Ag devices; shapes as in ``memristor.run``, but state (recording, field, device).

    The energies of ``meter`` are added to ``spent``.
    """
    n_devices = state.shape[2]
    n_parts = (n_devices + width - 1) // width
    loop, n_inputs = supply.loop, drive.shape[2]
    buffers = make_buffers(wiring, supply.rows, n_inputs, n_masks, min(width, n_devices))
    noisy, h = nodes.noise_1 > 0.0 or nodes.noise_2 > 0.0, dt / n_micro
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_devices)
        blocks = load(state[r], first, last, nodes)
        own = make_keys(keys[r], first, blocks.shape[0], noisy)
        slots = np.empty(blocks.shape[0], np.int64)
        for b in range(slots.size):
            slots[b] = -1
        volts = make_volts(supply, n_masks, lengths[r], last - first)
        size = tile_size(supply)
        for tile in range(0, lengths[r], size):
            n_steps, row = min(size, lengths[r] - tile), min(tile, out.shape[1] - 1)
            n_clipped[r, first // LANES] += sum_volts(
                drive[r, : lengths[r]], tile, wiring, r, first, n_devices, n_steps, supply, buffers,
                spent, volts,
            )  # fmt: skip
            for b in range(blocks.shape[0]):
                w, low, slot = blocks[b], first + b * LANES, slots[b]
                n, left = min(LANES, last - low), low - first
                used = None if spent is None else spent[r, min(low // LANES, spent.shape[1]) :]
                for k in range(n_steps * n_masks):
                    step, mask = k // n_masks, k % n_masks
                    micro_step = ((first_step + tile) * n_masks + k) * n_micro
                    v, at = volts[mask, step, left : left + n], mask * n_devices + low
                    slot = hold(w, n, v, own[b], micro_step, nodes, h, n_micro, slot, used)
                    states = out[r, row + step, at : at + n]
                    what = None if spent is None else observable
                    write_states(w, n, nodes, v_read, what, states)
                slots[b] = slot
            if spent is not None and size == 1:
                close(loop, out[r, row], drive[r], tile)
        for node in range(first, last):
            w, i = blocks[(node - first) // LANES], (node - first) % LANES
            for field in range(N_STATE):
                state[r, field, node] = w[field * LANES + i]


@njit(cache=True)
def switches(v_in, residue, nodes, h, n_micro, r_switch, key):
    """Return whether a fresh device falls below ``r_switch`` ohm in ``n_micro`` steps of ``h``."""
    x = (0.0, residue, 1.0, 0.0)
    for i in range(n_micro):
        drawn = join(key, int((i + 0.5) * h / nodes.t_noise))
        x = micro(x, v_in, h, nodes, nodes.mu, nodes.gamma_1, nodes.gamma_2, nodes.beta, drawn)
        if resistance(min(x[0] + x[1], 1.0), x[2], nodes) < r_switch:
            return True
    return False


@njit(cache=True, nogil=True)
def count_switched(begin, end, v_in, residues, nodes, h, n_micro, r_switch, key, counts):
    """Count the devices with ``residues`` (m,) that switch, at voltages ``begin`` to ``end``."""
    for k in range(begin, end):
        for device in range(residues.size):
            own = join(join(key, k), device)
            counts[k] += switches(v_in[k], residues[device], nodes, h, n_micro, r_switch, own)


@njit(cache=True)
def gibbs(m, free, weights, bias, volts, logits, low, high, nodes, h, n_micro, r_switch, n, key):
    """Sweep ``n`` times over bits ``m`` (-1 or 1), each set to whether a device switches.

    ``volts`` belong to the rising ``logits``; each device's residue is drawn from ``low`` to
    ``high``.
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
                uniform = np.float64(join(own, 1) >> np.uint64(11)) * 1.1102230246251565e-16
                v = np.interp(2.0 * field, logits, volts)
                start = low + (high - low) * uniform
                m[i] = 1.0 if switches(v, start, nodes, h, n_micro, r_switch, own) else -1.0
        for i in range(m.size):
            out[sweep, i] = int(m[i])
    return out


class FastAgDevices(NamedTuple):
    """Constants; the first four may vary from device to device: one value per node."""

    delay: Any  # s, on-delay extrapolated to 0 V
    t_off: Any  # s, off-delay
    v_high: Any  # V, filaments do not grow below
    v_low: Any  # V, filaments do not dissolve above
    v_scale: float  # V, e-fold of the on-delay
    noise_on: float  # relative standard deviation of the on-delay, lognormal
    noise_off: float
    r_on: float  # ohm
    r_off: float  # ohm


@njit(cache=True)
def draw_delay(noise, key):
    """Draw a lognormal factor of mean 1 and relative standard deviation ``noise``."""
    if noise <= 0.0:
        return 1.0
    variance = np.log1p(noise * noise)
    return exp(np.sqrt(variance) * normal(key) - 0.5 * variance)


@njit(cache=True)
def hold_fast(v, dt, s, nodes, delay, t_off, v_high, v_low, key):
    """Advance one device by a held step; ``s`` (on, progress, cycle) changes in place.

    Progress reaches 1, where the device switches, after the drawn delay; below ``v_high`` it decays
    with ``t_off``. Returns the time within the step at which the device last turned on, or
    infinity, and the time for which it was on.
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
    """Simulate one fast device; return on, progress, current (step,) and switch-on times."""
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


@njit(cache=True, nogil=True)
def run_fast(
    begin, end, width, drive, lengths, state, keys, first_step, wiring, supply, n_masks, nodes, dt,
    v_read, observable, n_clipped, out, spent,
):  # fmt: skip
    """Run fast devices, without resistor; shapes as in ``run``.

    A state is 1 while the device is on, else its progress.
    """
    n_devices = state.shape[2]
    n_parts = (n_devices + width - 1) // width
    loop, n_inputs = supply.loop, drive.shape[2]
    buffers = make_buffers(wiring, supply.rows, n_inputs, n_masks, min(width, n_devices))
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_devices)
        volts = make_volts(supply, n_masks, lengths[r], last - first)
        size = tile_size(supply)
        for tile in range(0, lengths[r], size):
            n_steps, row = min(size, lengths[r] - tile), min(tile, out.shape[1] - 1)
            n_clipped[r, first // LANES] += sum_volts(
                drive[r, : lengths[r]], tile, wiring, r, first, n_devices, n_steps, supply, buffers,
                spent, volts,
            )  # fmt: skip
            for k in range(n_steps * n_masks):
                step, mask = k // n_masks, k % n_masks
                for node in range(first, last):
                    v, s, key = volts[mask, step, node - first], state[r, :, node], keys[r]
                    _, on = hold_fast(
                        v, dt, s, nodes, nodes.delay[node], nodes.t_off[node], nodes.v_high[node],
                        nodes.v_low[node], join(key, node),
                    )  # fmt: skip
                    if spent is not None and spent.shape[1] > 0:
                        used = v * v * (on / nodes.r_on + (dt - on) / nodes.r_off)
                        spent[r, node // LANES, 0] += used
                        spent[r, node // LANES, 2] += used
                    ohm = nodes.r_on if s[0] > 0.0 else nodes.r_off
                    value = 1.0 if s[0] > 0.0 else s[1]
                    if observable > 0:
                        value = (1.0 if observable == 1 else v) / ohm
                    out[r, row + step, mask * n_devices + node] = value
            if spent is not None and size == 1:
                close(loop, out[r, row], drive[r], tile)
