"""WOx volatile memristors: pure functions over arrays, SI units, input already checked.

dw/dt = lambda sinh(eta V) - (w - w_min) / tau
I = w gamma sinh(delta V) + (1 - w) alpha (1 - e^(-beta V))

Du et al., Nat. Commun. 8 (2017) 2204, doi:10.1038/s41467-017-02337-y. The state equation is linear
in w while V is held, so a step of any length is exact.
"""

from math import exp, log
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, make_lines
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.functions import INNER, VECTOR, clip, sinh, widen
from mottle.reservoir.compiled.functions import exp as fast_exp
from mottle.reservoir.compiled.inputs import make_buffers, make_volts, sum_volts, tile_size
from mottle.reservoir.compiled.noise import join, keys_of, normal, vary


class Memristors(NamedTuple):
    """Constants of WOx devices; one value per node, except the last six."""

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
    """Return the state after a step at ``v`` V; ``fade`` is exp(-dt / tau)."""
    w_rest = w_min + tau * rate * sinh(eta * v)
    return min(max(w_rest + (w - w_rest) * fade, 0.0), 1.0)


@njit(cache=True)
def mean_state(before, v, dt, rate, fade, tau, eta, w_min):
    """Return the mean of the state, clipped to 0 and 1, over a step at ``v`` V from ``before``."""
    w_rest = w_min + tau * rate * sinh(eta * v)
    end = w_rest + (before - w_rest) * fade
    goal = min(max(end, 0.0), 1.0)
    if goal == end:
        return w_rest + (before - w_rest) * (tau / dt) * (1.0 - fade)
    if goal == before:
        return goal
    wait = tau * log((before - w_rest) / (goal - w_rest))
    return (w_rest * wait + (before - goal) * tau + goal * (dt - wait)) / dt


@njit(**VECTOR, **INNER)
def hold(v, w, push, fade, eta, w_min, out):
    """Advance states ``w`` under voltages ``v``, both (device,); ``push`` is tau times rate.

    The states are copied to ``out``.
    """
    widen()
    for i in range(v.size):
        w_rest = w_min + push[i] * sinh(eta * v[i])
        w[i] = out[i] = clip(w_rest + (w[i] - w_rest) * fade[i], 0.0, 1.0)


@njit(**VECTOR, **INNER)
def write_observable(w, v, nodes, v_read, observable, out):
    """Write the observable of devices in states ``w`` to ``out``: see ``driven.OBSERVABLES``."""
    widen()
    if observable == 2:
        for i in range(w.size):
            leak = nodes.alpha * (1.0 - fast_exp(-nodes.beta * v[i]))
            out[i] = w[i] * nodes.gamma * sinh(nodes.delta * v[i]) + (1.0 - w[i]) * leak
        return
    closed, open_ = current(1.0, v_read, nodes) / v_read, current(0.0, v_read, nodes) / v_read
    for i in range(w.size):
        out[i] = w[i] * closed + (1.0 - w[i]) * open_


@njit(cache=True, **INNER)
def meter(v, w, first, nodes, rates, fade, dt, spent):
    """Add the energies of a step that begins in states ``w`` to those of the groups of devices."""
    for i in range(v.size):
        rate, tau = rates[i], nodes.tau[first + i]
        mean = mean_state(w[i], v[i], dt, rate, fade[i], tau, nodes.eta, nodes.w_min)
        used = v[i] * current(mean, v[i], nodes) * dt  # the current is linear in the state
        spent[(first + i) // LANES, 0] += used
        spent[(first + i) // LANES, 2] += used


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, wiring, supply, n_masks, nodes, dt,
    v_read, observable, noise, n_clipped, out, spent,
):  # fmt: skip
    """Run WOx devices; see ``threads.run_nodes``. Each of ``n_masks`` inputs is held for ``dt`` s.

    ``noise`` is the relative variation of the rate from step to step and mask to mask.

    Shapes: drive (recording, step, input), state (recording, 1, device), out (recording, step,
    mask * device), ``n_clipped`` (recording, group) counts voltages clipped to the supply. The
    energies of device, resistor (none) and supply in J are added to ``spent``; None leaves out
    noise, loops and observables other than the state, too.
    """
    n_devices = state.shape[2]
    n_parts = (n_devices + width - 1) // width
    loop, n_inputs = supply.loop, drive.shape[2]
    buffers = make_buffers(wiring, supply.rows, n_inputs, n_masks, min(width, n_devices))
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_devices)
        w, n = state[r, 0, first:last], last - first
        rates, fade, push = make_lines(n), make_lines(n), make_lines(n)
        for i in range(n):
            rates[i], tau = nodes.rate[first + i], nodes.tau[first + i]
            fade[i], push[i] = exp(-dt / tau), tau * rates[i]
        own = None if spent is None else keys_of(keys[r], first, n if noise > 0.0 else 0)
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
                        vary(nodes.rate[first:last], own, writes, noise, rates)
                        for i in range(n):
                            push[i] = nodes.tau[first + i] * rates[i]
                    if spent is not None and spent.shape[1] > 0:
                        meter(v, w, first, nodes, rates, fade, dt, spent[r])
                    states = out[r, row + step, at : at + last - first]
                    hold(v, w, push, fade, nodes.eta, nodes.w_min, states)
                    if spent is not None and observable > 0:
                        write_observable(w, v, nodes, v_read, observable, states)
            if spent is not None and size == 1:
                close(loop, out[r, row], drive[r], tile)


@njit(cache=True)
def trace(v, dt, w, nodes, noise, key):
    """Simulate one device, constants as numbers, under voltages (step,) held for ``dt`` s.

    ``noise`` is the relative variation of the rate from step to step.
    """
    states, currents = np.empty(v.size), np.empty(v.size)
    fade = exp(-dt / nodes.tau)
    for step in range(v.size):
        rate = nodes.rate
        if noise > 0.0:
            rate *= max(1.0 + noise * normal(join(key, step)), 0.0)
        w = advance(w, v[step], rate, fade, nodes.tau, nodes.eta, nodes.w_min)
        states[step], currents[step] = w, current(w, v[step], nodes)
    return states, currents
