"""The dynamic memdiode: pure functions over arrays, SI units, input checked."""

from math import exp, sinh

import numpy as np
from numba import njit

from mottle.reservoir.compiled.noise import join, normal


@njit(cache=True)
def settle(x, v, dt, t_set, v_set, t_reset, v_reset):
    """Return the state of a memdiode after ``dt`` s at ``v`` V."""
    up, down = exp(v / v_set) / t_set, exp(-v / v_reset) / t_reset
    goal = up / (up + down)
    return goal + (x - goal) * exp(-dt * (up + down))


@njit(cache=True)
def memdiode(
    v, dt, x, t_set, v_set, t_reset, v_reset, i_off, i_on, alpha_off, alpha_on, r_off, r_on
):
    """Simulate dx/dt = (1 - x) / tau_set - x / tau_reset, exact under a held voltage.

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
def follow_memdiode(v, dt, x, t_set, v_set, t_reset, v_reset):
    """Return the state of a memdiode after voltages (step,) held for ``dt`` s, without currents."""
    for step in range(v.size):
        x = settle(x, v[step], dt, t_set, v_set, t_reset, v_reset)
    return x


@njit(cache=True)
def memdiode_conductance(x, v_read, card):
    """Return the conductance in S of memdiodes in states ``x`` (cell,) at a small voltage."""
    out = np.empty(x.size)
    read = np.full(1, v_read)
    for k in range(x.size):
        out[k] = memdiode(read, 0.0, x[k], *card)[1][0] / v_read
    return out


@njit(cache=True)
def ramp_cells(
    goal, slack, counts, x, free, factor, card, first, v_step, v_most, t_pulse, v_read, t_read,
    noise, read_noise, most, key,
):  # fmt: skip
    """Write memdiodes by pulses that grow by ``v_step``; a change of polarity restarts the ramp.

    ``goal`` in S, ``slack`` and ``counts`` are as in ``pulse_cells``; ``first`` and ``v_most`` are
    (set, reset) amplitudes in V, multiplied by ``factor`` (device-to-device variation) and by
    1 + ``noise`` xi (cycle-to-cycle variation). Cells that are not ``free`` are stuck.

    Returns conductances, pulses, reads, whether a read was within ``slack``, and energies in J of
    pulses and of reads.
    """
    n = goal.size
    g, pulses = memdiode_conductance(x, v_read, card), np.zeros(n, dtype=np.int64)
    reads, done = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    written, read_out = np.zeros(n), np.zeros(n)
    v, at_read = np.empty(1), np.full(1, v_read)
    for cell in range(n):
        own = join(key, cell)
        state, side, n_raised = x[cell], -1, 0
        limit = most if slack >= 0.0 else min(abs(counts[cell]), most)
        while True:
            turn = 0 if counts[cell] > 0 else 1
            if slack >= 0.0:
                read = g[cell]
                if read_noise > 0.0:
                    read *= 1.0 + read_noise * normal(join(join(own, pulses[cell]), 2))
                reads[cell] += 1
                read_out[cell] += v_read * v_read * g[cell] * t_read
                if abs(read - goal[cell]) <= slack:
                    done[cell] = True
                    break
                turn = 0 if read < goal[cell] else 1
            if pulses[cell] >= limit:
                break
            n_raised = n_raised + 1 if turn == side else 0
            side = turn
            here = join(own, pulses[cell])
            height = min(first[side] + n_raised * v_step, v_most[side]) * factor[cell]
            if noise > 0.0:
                height *= 1.0 + noise * normal(join(here, 0))
            v[0] = height if side == 0 else -height
            before = abs(memdiode(v, 0.0, state, *card)[1][0])
            states, currents = memdiode(v, t_pulse if free[cell] else 0.0, state, *card)
            state, after = states[0], abs(currents[0])
            written[cell] += 0.5 * (before + after) * height * t_pulse
            pulses[cell] += 1
            g[cell] = memdiode(at_read, 0.0, state, *card)[1][0] / v_read
    return g, pulses, reads, done, written, read_out
