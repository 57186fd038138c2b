"""Cells of an array written one by one; pure functions over arrays, SI units, input checked.

A cell is known by its number: what it does depends on the key, its number and its own pulses alone.
"""

import numpy as np
from numba import njit

from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.nonvolatile.kernels.filament import memdiode
from mottle.reservoir.nonvolatile.kernels.pulsed import mean_step


@njit(cache=True)
def pulse_cells(
    goal, slack, counts, w, low, high, factor, rule, noise, write_noise, read_noise, offset, most,
    key,
):  # fmt: skip
    """Write weights by identical pulses up and down.

    With ``slack`` >= 0 a cell is read before every pulse and left alone once it shows its ``goal``
    to within ``slack``; below 0 it gets ``counts`` pulses (up where positive) unseen. Its weight
    stays within ``low`` to ``high`` and moves by ``factor`` times the rule's step. A read errs by
    ``read_noise`` times weight + ``offset``, the conductance in units of weight.

    Returns the weight shown, pulses, reads, whether a read said done, and the sums over pulses and
    over reads of the conductance in units of weight.
    """
    n = goal.size
    shown, pulses, reads = w.copy(), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    done, pulsed, seen = np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(n)
    for cell in range(n):
        own = join(key, cell)
        state = w[cell]
        limit = most if slack >= 0.0 else min(abs(counts[cell]), most)
        while True:
            g = max(shown[cell] + offset, 0.0)
            up = counts[cell] > 0
            if slack >= 0.0:
                read = shown[cell]
                if read_noise > 0.0:
                    read += read_noise * g * normal(join(join(own, pulses[cell]), 2))
                reads[cell] += 1
                seen[cell] += g
                if abs(read - goal[cell]) <= slack:
                    done[cell] = True
                    break
                up = read < goal[cell]
            if pulses[cell] >= limit:
                break
            here = join(own, pulses[cell])
            change = factor[cell] * mean_step(state, up, rule)
            if noise > 0.0:
                change *= 1.0 + noise * normal(join(here, 0))
            state = min(max(state + change, low[cell]), high[cell])
            shown[cell] = state
            if write_noise > 0.0 and factor[cell] > 0.0:
                shown[cell] += write_noise * rule.step[0] * normal(join(here, 1))
            pulses[cell] += 1
            pulsed[cell] += 0.5 * (g + max(shown[cell] + offset, 0.0))
    return shown, pulses, reads, done, pulsed, seen


@njit(cache=True)
def memdiode_conductance(x, v_read, card):
    """Conductance in S of memdiodes in the states ``x`` (cell,) at a small voltage."""
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
    """Write memdiodes by pulses that grow by ``v_step``, and start anew when they turn round.

    ``goal`` in S, ``slack`` and ``counts`` are those of ``pulse_cells``; ``first`` and ``v_most``
    are (set, reset) amplitudes in V; a cell sees its pulse times ``factor``, and times 1 +
    ``noise`` xi. A cell that is not ``free`` is stuck.

    Returns conductances, pulses, reads, whether a read said done, and energies in J of pulses and
    of reads.
    """
    n = goal.size
    g, pulses = memdiode_conductance(x, v_read, card), np.zeros(n, dtype=np.int64)
    reads, done = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    written, read_out = np.zeros(n), np.zeros(n)
    v, at_read = np.empty(1), np.full(1, v_read)
    for cell in range(n):
        own = join(key, cell)
        state, side, grown = x[cell], -1, 0
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
            grown = grown + 1 if turn == side else 0
            side = turn
            here = join(own, pulses[cell])
            height = min(first[side] + grown * v_step, v_most[side]) * factor[cell]
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


@njit(cache=True)
def content_noise(keys, n_columns):
    """Draw standard normal numbers (vector, column), each from its vector's key alone."""
    out = np.empty((keys.size, n_columns))
    for k in range(keys.size):
        for column in range(n_columns):
            out[k, column] = normal(join(keys[k], column))
    return out
