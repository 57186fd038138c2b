"""Closed loops: a linear readout whose outputs become the drive of the next step."""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import VECTOR, widen

LANES = 16  # partial sums, added in a fixed order


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
        for lane in range(LANES):
            parts[lane] += weights[first + lane] * x[first + lane]
    for i in range(whole, x.size):
        parts[i - whole] += weights[i] * x[i]


@njit(**VECTOR)
def add_squares(parts, weights, x):
    """Add weights (node,) times the squares of x (node,) to partial sums."""
    widen()
    whole = x.size // LANES * LANES
    for first in range(0, whole, LANES):
        for lane in range(LANES):
            parts[lane] += weights[first + lane] * (x[first + lane] * x[first + lane])
    for i in range(whole, x.size):
        parts[i - whole] += weights[i] * (x[i] * x[i])


@njit(cache=True, nogil=True)
def close(loop, x, drive, step):
    """Write the outputs after ``step`` of states x (node,) to the drive (step, input).

    An output is the first inputs of the next step, and with delay taps of the steps after it. The
    drive has a row more than there are steps, for the last outputs.
    """
    parts = np.zeros(LANES)
    n_taps = drive.shape[1] // loop.n_inputs
    for k in range(loop.intercept.size):
        parts[:] = 0.0
        add_linear(parts, loop.states[k], x)
        if loop.squares.shape[0] > 0:
            add_squares(parts, loop.squares[k], x)
        total = loop.intercept[k]
        for lane in range(LANES):
            total += parts[lane]
        if loop.inputs.shape[0] > 0:
            for i in range(loop.n_inputs):
                total += loop.inputs[k, i] * drive[step, i]
        total = min(max(total, -loop.farthest), loop.farthest) if total == total else loop.farthest
        for lag in range(min(n_taps, drive.shape[0] - 1 - step)):
            drive[step + 1 + lag, lag * loop.n_inputs + k] = total
