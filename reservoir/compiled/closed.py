"""Closed loops: a linear readout whose outputs become the drive of the next step."""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import VECTOR, widen

LANES = 32  # partial sums, added in a fixed order


class Loop(NamedTuple):
    """A linear readout of states, their squares and the drive; no outputs if there is no loop."""

    states: np.ndarray  # (output, node)
    squares: np.ndarray  # (output, node), or no outputs
    inputs: np.ndarray  # (output, input), of the present step; or no outputs
    intercept: np.ndarray  # (output,)
    farthest: float  # outputs are clipped to it, for both signs
    n_inputs: int  # of a step; a drive with delay taps has a multiple of it


EMPTY = np.empty((0, 0))
NO_LOOP = Loop(EMPTY, EMPTY, EMPTY, np.empty(0), 0.0, 0)


@njit(**VECTOR)
def add_linear(parts, weights, x):
    """Add weights (node,) times x (node,) to partial sums."""
    widen()
    whole = x.size // LANES * LANES
    for first in range(0, whole, LANES):
        begin = np.uint64(first)  # unsigned: no test for negative indices
        for lane in range(LANES):
            i = begin + np.uint64(lane)
            parts[lane] += weights[i] * x[i]
    for i in range(whole, x.size):
        parts[i - whole] += weights[i] * x[i]


@njit(**VECTOR)
def add_quadratic(parts, weights, squares, x):
    """Add weights (node,) times x (node,), and ``squares`` (node,) times its squares."""
    widen()
    whole = x.size // LANES * LANES
    for first in range(0, whole, LANES):
        begin = np.uint64(first)
        for lane in range(LANES):
            i = begin + np.uint64(lane)
            parts[lane] += (weights[i] + squares[i] * x[i]) * x[i]
    for i in range(whole, x.size):
        parts[i - whole] += (weights[i] + squares[i] * x[i]) * x[i]


@njit(**VECTOR)
def total(parts):
    """Return the sum of the partial sums."""
    widen()
    for lane in range(LANES // 2):
        parts[lane] += parts[lane + LANES // 2]
    for lane in range(LANES // 4):
        parts[lane] += parts[lane + LANES // 4]
    whole = 0.0
    for lane in range(0, LANES // 4, 4):
        whole += (parts[lane] + parts[lane + 1]) + (parts[lane + 2] + parts[lane + 3])
    return whole


@njit(cache=True, nogil=True)
def close(loop, x, drive, step):
    """Write the outputs after ``step`` of states x (node,) to the drive (step, input).

    An output is the first inputs of the next step, and with delay taps of the steps after it. The
    drive has a row more than there are steps, for the last outputs.
    """
    parts = np.empty(LANES)
    n_taps = drive.shape[1] // loop.n_inputs
    for k in range(loop.intercept.size):
        parts[:] = 0.0
        if loop.squares.shape[0] > 0:
            add_quadratic(parts, loop.states[k], loop.squares[k], x)
        else:
            add_linear(parts, loop.states[k], x)
        y = loop.intercept[k] + total(parts)
        if loop.inputs.shape[0] > 0:
            for i in range(loop.n_inputs):
                y += loop.inputs[k, i] * drive[step, i]
        y = min(max(y, -loop.farthest), loop.farthest) if y == y else loop.farthest
        for lag in range(min(n_taps, drive.shape[0] - 1 - step)):
            drive[step + 1 + lag, lag * loop.n_inputs + k] = y
