"""TiOx volatile memristors, driven by pulses: pure functions over arrays, input checked."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, copy, in_lines
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.functions import INNER, VECTOR, widen
from mottle.reservoir.compiled.inputs import make_buffers, make_volts, sum_volts, tile_size
from mottle.reservoir.compiled.noise import join, keys_of, normal, vary


class Memristors(NamedTuple):
    """Constants of TiOx devices; one value per node, except the last three."""

    alpha: Any  # 1/V
    keep: Any  # fraction of the distance to rest left after a pulse
    g_rest: float
    k_p: float  # A/V^3
    k_n: float  # A/V^3


@njit(**VECTOR)
def pulse(g, v, alpha, keep, g_rest):
    """Return the state after a pulse of ``v`` V: G <- r G + (1 - r) G0 + u (H(V > 0) - G).

    Zhong et al., Nat. Commun. 12 (2021) 408, doi:10.1038/s41467-020-20692-1. Decay and push are
    added, which carries devices of other constants beyond 0 and 1 where both are large, at 3 V from
    decay times below six pulses: their states end there.
    """
    push = alpha * abs(v)
    u = push / (push + 1.0)
    g = keep * g + (1.0 - keep) * g_rest + u * ((1.0 if v > 0.0 else 0.0) - g)
    return min(max(g, 0.0), 1.0)


@njit(cache=True)
def trace(v, g, nodes, noise, key):
    """Simulate one device, constants as numbers, from state ``g``, one pulse per step.

    ``noise`` is the relative variation of alpha from pulse to pulse.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    for step in range(v.size):
        alpha = nodes.alpha
        if noise > 0.0:
            alpha *= max(1.0 + noise * normal(join(key, step)), 0.0)
        g = pulse(g, v[step], alpha, nodes.keep, nodes.g_rest)
        k = nodes.k_p if v[step] > 0.0 else nodes.k_n
        states[step], currents[step] = g, g * k * v[step] ** 3
    return states, currents


@njit(**VECTOR, **INNER)
def hold(v, g, alpha, keep, g_rest, out):
    """Apply a pulse to each device (device,); updates states ``g``, copied to ``out``."""
    widen()
    for i in range(v.size):
        g[i] = out[i] = pulse(g[i], v[i], alpha[i], keep[i], g_rest)


@njit(**VECTOR, **INNER)
def write_observable(g, v, nodes, v_read, observable, out):
    """Write the observable of devices in states ``g`` to ``out``: see ``driven.OBSERVABLES``."""
    widen()
    if observable == 2:
        for i in range(g.size):
            out[i] = g[i] * (nodes.k_p if v[i] > 0.0 else nodes.k_n) * v[i] * v[i] * v[i]
        return
    scale = (nodes.k_p if v_read > 0.0 else nodes.k_n) * v_read * v_read
    for i in range(g.size):
        out[i] = g[i] * scale


@njit(cache=True, **INNER)
def meter(v, g, first, nodes, alpha, t_pulse, spent):
    """Add the energies of pulses of ``t_pulse`` s, in which states ``g`` change linearly."""
    for i in range(v.size):
        after = pulse(g[i], v[i], alpha[i], nodes.keep[first + i], nodes.g_rest)
        k = nodes.k_p if v[i] > 0.0 else nodes.k_n
        used = 0.5 * (g[i] + after) * k * v[i] ** 4 * t_pulse
        spent[(first + i) // LANES, 0] += used
        spent[(first + i) // LANES, 2] += used


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, wiring, supply, n_masks, nodes,
    v_read, observable, t_pulse, noise, n_clipped, out, spent,
):  # fmt: skip
    """Run TiOx devices, one pulse per mask; ``noise`` and shapes are as for WOx devices."""
    n_devices = state.shape[2]
    n_parts = (n_devices + width - 1) // width
    loop, n_inputs = supply.loop, drive.shape[2]
    buffers = make_buffers(wiring, supply.rows, n_inputs, n_masks, min(width, n_devices))
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_devices)
        g = in_lines(state[r, 0, first:last])
        alpha, keep = in_lines(nodes.alpha[first:last]), in_lines(nodes.keep[first:last])
        n_drawn = last - first if noise > 0.0 else 0
        own = None if spent is None else keys_of(keys[r], first, n_drawn)
        volts = make_volts(supply, n_masks, lengths[r], last - first)
        size = tile_size(supply)
        for tile in range(0, lengths[r], size):
            n_steps, row = min(size, lengths[r] - tile), min(tile, out.shape[1] - 1)
            n_clipped[r, first // LANES] += sum_volts(
                drive[r, : lengths[r]], tile, wiring, r, first, n_devices, n_steps, supply, buffers,
                spent, volts,
            )  # fmt: skip
            for step in range(n_steps):
                for mask in range(n_masks):
                    v, at = volts[mask, step], mask * n_devices + first
                    if spent is not None and noise > 0.0:
                        writes = (first_step + tile + step) * n_masks + mask
                        vary(nodes.alpha[first:last], own, writes, noise, alpha)
                    if spent is not None and spent.shape[1] > 0:
                        meter(v, g, first, nodes, alpha, t_pulse, spent[r])
                    states = out[r, row + step, at : at + last - first]
                    hold(v, g, alpha, keep, nodes.g_rest, states)
                    if spent is not None and observable > 0:
                        write_observable(g, v, nodes, v_read, observable, states)
            if spent is not None and size == 1:
                close(loop, out[r, row], drive[r], tile)
        copy(g, state[r, 0, first:last])
