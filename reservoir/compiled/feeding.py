"""Closed loops of oscillators: from outputs and fed-back states to voltages, from parts to states.

Each step of the drive is a pulse of ``n_on`` equal parts, and a pause of ``n_off`` parts at 0 V.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.closed import Loop, close
from mottle.reservoir.compiled.inputs import make_totals, sum_single, write_volts
from mottle.reservoir.compiled.sparse import Slices
from mottle.reservoir.compiled.vectors import SLICE


class Feed(NamedTuple):
    """The readout that closes a loop, the weights of inputs and recurrence, and the pulses."""

    loop: Loop
    rows: Slices  # input weights
    gain: float  # V
    bias: float  # V
    high: float  # V, limit of the supply; the lower one is 0
    recurrent: Slices  # weights of fed-back states; no rows without recurrence
    mean: np.ndarray  # (node,), subtracted from states that are fed back
    deviation: np.ndarray  # (node,), by which they are divided
    saturation: float  # largest magnitude of a fed-back state
    n_on: int
    n_off: int
    counts: bool  # whether states of parts are added, else those of the pulse are averaged


class Room(NamedTuple):
    """Arrays that a recording needs in each step."""

    totals: np.ndarray  # (node,), weighted sums of inputs
    fed: np.ndarray  # (node,), weighted sums of fed-back states
    volts: np.ndarray  # (2, node), V in the pulse and in the pause
    part: np.ndarray  # (node,), states of a part


@njit(cache=True)
def make_room(feed, n_nodes):
    """Return the arrays of a recording."""
    fed = np.empty((feed.recurrent.begin.size - 1) * SLICE)
    volts = np.zeros((2, n_nodes))
    return Room(make_totals(feed.rows), fed, volts, np.empty(n_nodes))


@njit(cache=True)
def add_recurrence(recurrent, gain, high, x, sums, volts):
    """Add weighted sums of fed-back states x (node,) to voltages (node,), and clip these.

    Without fused multiply-adds, which scipy's product of the open loop has not either.
    """
    begin, columns, weights = recurrent.begin, recurrent.columns, recurrent.weights
    for s in range(begin.size - 1):
        here = sums[s * SLICE : s * SLICE + SLICE]
        here[:] = 0.0
        for k in range(begin[s], begin[s + 1]):
            for lane in range(SLICE):
                here[lane] += weights[k, lane] * x[columns[k, lane]]
    for i in range(volts.size):
        volts[i] = min(max(volts[i] + gain * sums[i], 0.0), high)


@njit(cache=True)
def begin_step(feed, room, drive, step, state):
    """Write the voltages of a step of the drive (step, input) to ``room``.

    The last row of the state (variable, node) holds the fed-back states, if there are any.
    """
    fed_back = room.fed.size > 0
    low, high = (-np.inf, np.inf) if fed_back else (0.0, feed.high)
    factor = sum_single(drive[step], feed.rows, room.totals, step == 0)
    volts = room.volts[0]
    write_volts(room.totals, 0, factor, feed.gain, feed.bias, low, high, volts)
    if fed_back:
        add_recurrence(feed.recurrent, feed.gain, feed.high, state[-1], room.fed, volts)


@njit(cache=True)
def end_part(feed, room, part, out):
    """Add the states of a part of a step to those of the step, ``out`` (node,)."""
    if part >= feed.n_on and not feed.counts:
        return
    for i in range(out.size):
        out[i] = room.part[i] if part == 0 else out[i] + room.part[i]
    if part == feed.n_on - 1 and not feed.counts:
        for i in range(out.size):
            out[i] /= feed.n_on


@njit(cache=True)
def end_step(feed, drive, step, state, out):
    """Keep the states ``out`` (node,) that are fed back, and write the readout's outputs."""
    if feed.recurrent.begin.size > 1:
        most = feed.saturation
        for i in range(out.size):
            x = (out[i] - feed.mean[i]) / feed.deviation[i]
            state[-1, i] = min(max(x, -most), most)
    close(feed.loop, out, drive, step)
