"""Weighted sums of inputs, term by term in one order: a state never depends on the batch around it.

Steps lie side by side in the vector registers, so that a weight is read once for many of them.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.kernels.functions import VECTOR, clip, widen
from mottle.reservoir.kernels.vectors import lane_sums

STEPS = 32  # of float64 beside each other: the lanes of lane_sums
ROWS = 16  # nodes whose sums are turned round together


class Wiring(NamedTuple):
    """Node inputs ``bias + gain * W x``, with W in compressed rows."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    gain: float
    bias: float


@njit(cache=True)
def lay_steps(drive, begin, turned):
    """Copy STEPS steps of a drive (step, input) from ``begin`` on to (input, STEPS)."""
    n = min(STEPS, drive.shape[0] - begin)
    for step in range(n):
        for k in range(drive.shape[1]):
            turned[k, step] = drive[begin + step, k]
    if n < STEPS:
        turned[:, n:] = 0.0


@njit(**VECTOR)
def turn_round(sums, at, out, gain, bias):
    """Write sums (node, STEPS) to nodes from ``at`` on of the rows of ``out`` (step, node)."""
    widen()
    n_nodes = min(ROWS, out.shape[1] - at)
    for step in range(out.shape[0]):
        for node in range(n_nodes):
            out[step, at + node] = bias + gain * sums[node, step]


@njit(cache=True)
def sum_inputs(turned, wiring, first, sums, out):
    """Fill ``out`` (step, node), at most STEPS steps, with the inputs of nodes from ``first`` on."""
    for at in range(0, out.shape[1], ROWS):
        sums[:] = 0.0
        for row in range(min(ROWS, out.shape[1] - at)):
            node = first + at + row
            begin, end = wiring.indptr[node], wiring.indptr[node + 1]
            lane_sums(sums, row, wiring.weights, wiring.indices, begin, end, turned)
        turn_round(sums, at, out, wiring.gain, wiring.bias)


@njit(cache=True, nogil=True)
def project(begin, end, drive, lengths, wiring, out):
    """Node inputs of the recordings ``begin`` to ``end``; drive and out (recording, step, .)."""
    turned, sums = np.empty((drive.shape[2], STEPS)), np.empty((ROWS, STEPS))
    for r in range(begin, end):
        for step in range(0, lengths[r], STEPS):
            lay_steps(drive[r, : lengths[r]], step, turned)
            sum_inputs(turned, wiring, 0, sums, out[r, step : min(step + STEPS, lengths[r])])


class Supply(NamedTuple):
    """What a source gives: node inputs are cut to it."""

    low: float  # V
    high: float  # V


@njit(cache=True, error_model="numpy", fastmath={"nnan", "nsz"})
def extent(volts):
    """Lowest and highest of voltages (step, device)."""
    widen()
    low, high = volts[0, 0], volts[0, 0]
    for step in range(volts.shape[0]):
        for i in range(volts.shape[1]):
            v = volts[step, i]
            low = v if v < low else low
            high = v if v > high else high
    return low, high


@njit(cache=True)
def wire(turned, wiring, first, n_devices, n_steps, supply, sums, volts, beyond):
    """Fill ``n_steps`` of volts (mask, step, device) with the inputs of devices from ``first`` on.

    ``beyond`` counts those cut to the supply and keeps the lowest and highest before.
    """
    for mask in range(volts.shape[0]):
        rows = volts[mask][:n_steps]
        sum_inputs(turned, wiring, mask * n_devices + first, sums, rows)
        low, high = extent(rows)
        if low < supply.low or high > supply.high:
            beyond[1], beyond[2] = min(beyond[1], low), max(beyond[2], high)
            for step in range(n_steps):
                for i in range(rows.shape[1]):
                    held = clip(rows[step, i], supply.low, supply.high)
                    beyond[0] += 1.0 if held != rows[step, i] else 0.0
                    rows[step, i] = held
