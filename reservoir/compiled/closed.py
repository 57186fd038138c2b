"""Closed loops: a linear readout whose outputs become the drive of the next step."""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import INNER, VECTOR, widen

LANES = 32  # partial sums, added in a fixed order


class Loop(NamedTuple):
    """A linear readout of states, their squares and the drive; no outputs if there is no loop."""

    states: np.ndarray  # (output, node)
    squares: np.ndarray  # (output, node)
    inputs: np.ndarray  # (output, input), of the present step; or no inputs
    intercept: np.ndarray  # (output,)
    farthest: float  # outputs are clipped to it, for both signs
    n_inputs: int  # of a step; a drive with delay taps has a multiple of it


EMPTY = np.empty((0, 0))
NO_LOOP = Loop(EMPTY, EMPTY, EMPTY, np.empty(0), 0.0, 0)


@njit(**VECTOR)
def read(weights, squares, x, parts):
    """Return weights (node,) times x (node,), plus ``squares`` (node,) times its squares.

    ``parts`` is a buffer of LANES partial sums.
    """
    widen()
    whole = x.size // LANES * LANES
    for lane in range(LANES):
        parts[lane] = 0.0
    for first in range(0, whole, LANES):
        begin = np.uint64(first)  # unsigned: no test for negative indices
        for lane in range(LANES):
            i = begin + np.uint64(lane)
            parts[lane] += (weights[i] + squares[i] * x[i]) * x[i]
    for lane in range(x.size - whole):
        k = whole + lane
        parts[lane] += (weights[k] + squares[k] * x[k]) * x[k]
    half = LANES // 2
    for lane in range(half):
        parts[lane] += parts[lane + half]
    total = 0.0
    for lane in range(0, half, 4):
        total += (parts[lane] + parts[lane + 1]) + (parts[lane + 2] + parts[lane + 3])
    return total


@njit(cache=True, **INNER)
def close(loop, x, drive, step):
    """Write the outputs after ``step`` of states x (node,) to the drive (step, input).

    An output is the first inputs of the next step, and with delay taps of the steps after it. The
    drive has a row more than there are steps, for the last outputs.
    """
    parts = np.empty(LANES)
    n_taps = drive.shape[1] // loop.n_inputs
    for k in range(loop.intercept.size):
        y = loop.intercept[k] + read(loop.states[k], loop.squares[k], x, parts)
        for i in range(loop.inputs.shape[1]):
            y += loop.inputs[k, i] * drive[step, i]
        y = min(max(y, -loop.farthest), loop.farthest) if y == y else loop.farthest
        for lag in range(min(n_taps, drive.shape[0] - 1 - step)):
            drive[step + 1 + lag, lag * loop.n_inputs + k] = y
