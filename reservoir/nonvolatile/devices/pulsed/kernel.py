"""Memristors programmed by pulses: weight change per pulse; pure functions over arrays.

With d = +1 for a potentiating pulse and -1 for a depressing one, the mean step is

    linear       d step (1 - gamma w / w_bound); gamma 0 is a constant step, gamma 1 soft bounds
    exponential  d step max(1 - a exp(d gamma z), 0), z = 2 scale w / (w_max - w_min) + shift
    A-form       the next pulse on G(p) = b (1 - exp(-p / a)), or its mirror image downwards

times 1 + noise * xi (cycle-to-cycle variation); the weight is clipped to its bounds.
"""

from math import exp, log
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.noise import join, normal

RULES = ("linear", "exponential", "a_form")


class Rule(NamedTuple):
    """Constants of a device; pairs are (potentiating, depressing)."""

    rule: int  # index of RULES
    step: tuple[float, float]
    gamma: tuple[float, float]  # for the A-form its A
    a: tuple[float, float]
    scale: float
    shift: float
    w_min: float
    w_max: float


@njit(cache=True)
def mean_step(w, up, rule):
    """Return the mean change of weight ``w`` by one pulse."""
    d, side = (1.0, 0) if up else (-1.0, 1)
    step, gamma = rule.step[side], rule.gamma[side]
    if rule.rule == 0:
        bound = rule.w_max if up else rule.w_min
        return d * step if gamma == 0.0 else d * step * (1.0 - gamma * w / bound)
    span = rule.w_max - rule.w_min
    if rule.rule == 1:
        z = 2.0 * rule.scale * w / span + rule.shift
        return d * step * max(1.0 - rule.a[side] * exp(d * gamma * z), 0.0)
    g = (w - rule.w_min) / span if up else (rule.w_max - w) / span
    b = 1.0 / (1.0 - exp(-1.0 / gamma))
    done = -gamma * log(max(1.0 - g / b, 1e-300))
    return d * span * (b * (1.0 - exp(-min(done + step, 1.0) / gamma)) - g)


@njit(cache=True)
def program(pulses, w, rule, noise, write_noise, key):
    """Program one device: a value above 0 is one pulse up, below 0 one down, 0 none.

    ``noise`` is relative to a step; ``write_noise`` is that of the weight as read, in steps.
    Returns the weight and the weight as read after every pulse.
    """
    out, read = np.empty(pulses.size), np.empty(pulses.size)
    now = w
    for k in range(pulses.size):
        if pulses[k] != 0.0:
            change = mean_step(w, pulses[k] > 0.0, rule)
            if noise > 0.0:
                change *= 1.0 + noise * normal(join(join(key, k), 0))
            w = min(max(w + change, rule.w_min), rule.w_max)
            now = w
            if write_noise > 0.0:
                now += write_noise * rule.step[0] * normal(join(join(key, k), 1))
        out[k], read[k] = w, now
    return out, read


@njit(cache=True)
def pulse_cells(
    goal, slack, counts, w, low, high, factor, rule, noise, write_noise, read_noise, offset, most,
    key,
):  # fmt: skip
    """Write weights by identical pulses up and down.

    With ``slack`` >= 0 (write-verify) a cell is read before every pulse, until a read is within
    ``slack`` of its ``goal``; below 0 (open loop) ``counts`` pulses are applied (up if positive)
    without reads. The weight is clipped to ``low`` and ``high`` and changes by ``factor`` times the
    rule's step. A read has an error of ``read_noise`` times weight + ``offset``, the conductance in
    units of weight.

    Returns the weight as read, pulses, reads, whether a read was within ``slack``, and the sums
    over pulses and over reads of the conductance in units of weight.
    """
    n = goal.size
    stored, pulses, reads = w.copy(), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    done, at_pulses, at_reads = np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(n)
    for cell in range(n):
        own = join(key, cell)
        state = w[cell]
        limit = most if slack >= 0.0 else min(abs(counts[cell]), most)
        while True:
            g = max(stored[cell] + offset, 0.0)
            up = counts[cell] > 0
            if slack >= 0.0:
                read = stored[cell]
                if read_noise > 0.0:
                    read += read_noise * g * normal(join(join(own, pulses[cell]), 2))
                reads[cell] += 1
                at_reads[cell] += g
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
            stored[cell] = state
            if write_noise > 0.0 and factor[cell] > 0.0:
                stored[cell] += write_noise * rule.step[0] * normal(join(here, 1))
            pulses[cell] += 1
            at_pulses[cell] += 0.5 * (g + max(stored[cell] + offset, 0.0))
    return stored, pulses, reads, done, at_pulses, at_reads
