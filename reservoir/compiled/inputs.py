"""Weighted sums of inputs, term by term in one order: a state never depends on the batch around it.

Steps lie side by side in the vector registers, so that a weight is read once for many of them.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import make_lines
from mottle.reservoir.compiled.functions import VECTOR, clip, widen
from mottle.reservoir.compiled.vectors import ABREAST, SLICE, dense_sums, gather_sums, lane_sums

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
def make_room(n_inputs):
    """Return room for ``lay_steps`` and for sums of ROWS nodes."""
    size = n_inputs * STEPS, ROWS * STEPS
    return make_lines(size[0]).reshape(n_inputs, STEPS), make_lines(size[1]).reshape(ROWS, STEPS)


@njit(cache=True)
def lay_steps(drive, begin, turned):
    """Copy STEPS steps of a drive (step, input) from ``begin`` on to (input, STEPS).

    Where there are fewer, the others stay: finite, and nobody looks at their sums.
    """
    n = min(STEPS, drive.shape[0] - begin)
    for step in range(n):
        for k in range(drive.shape[1]):
            turned[k, step] = drive[begin + step, k]


@njit(**VECTOR)
def turn_round(sums, at, out, gain, bias):
    """Write sums (node, STEPS) to nodes from ``at`` on of the rows of ``out`` (step, node)."""
    widen()
    first = np.uint64(at)  # unsigned: no index counts from the end
    n_nodes = min(ROWS, out.shape[1] - at)
    for step in range(out.shape[0]):
        if n_nodes == ROWS:  # a constant, so that the loop unrolls
            for node in range(ROWS):
                out[step, first + np.uint64(node)] = bias + gain * sums[node, step]
        else:
            for node in range(n_nodes):
                out[step, first + np.uint64(node)] = bias + gain * sums[node, step]


@njit(cache=True)
def sum_inputs(turned, wiring, first, sums, out):
    """Fill ``out`` (step, node) of at most STEPS steps with the inputs of nodes from ``first``."""
    n_inputs = turned.shape[0]
    dense = wiring.weights.size == (wiring.indptr.size - 1) * n_inputs  # columns ascend in a row
    for at in range(0, out.shape[1], ROWS):
        sums[:] = 0.0
        n_rows = min(ROWS, out.shape[1] - at)
        abreast = n_rows // ABREAST * ABREAST if dense else 0
        for row in range(0, abreast, ABREAST):
            begin = (first + at + row) * n_inputs
            dense_sums(sums, row, wiring.weights, begin, n_inputs, turned)
        for row in range(abreast, n_rows):
            node = first + at + row
            begin, end = wiring.indptr[node], wiring.indptr[node + 1]
            lane_sums(sums, row, wiring.weights, wiring.indices, begin, end, turned)
        turn_round(sums, at, out, wiring.gain, wiring.bias)


@njit(cache=True, nogil=True)
def project(begin, end, drive, lengths, wiring, out):
    """Node inputs of the recordings ``begin`` to ``end``; drive and out (recording, step, .)."""
    turned, sums = make_room(drive.shape[2])
    for r in range(begin, end):
        for step in range(0, lengths[r], STEPS):
            lay_steps(drive[r, : lengths[r]], step, turned)
            sum_inputs(turned, wiring, 0, sums, out[r, step : min(step + STEPS, lengths[r])])


@njit(cache=True, nogil=True)
def sum_sources(told, x):
    """Weigh what nodes tell each other, ``told`` (``sparse.Slices``), for x (recording, node)."""
    out, sums = np.empty(x.shape), np.empty((told.begin.size - 1) * SLICE)
    for r in range(x.shape[0]):
        sums[:] = 0.0
        for s in range(told.begin.size - 1):
            begin, end = told.begin[s], told.begin[s + 1]
            gather_sums(sums, s * SLICE, told.weights, told.columns, begin, end, x[r])
        out[r] = sums[: x.shape[1]]
    return out


class Supply(NamedTuple):
    """What a source gives: node inputs, and what is fed back, are cut to it."""

    low: float  # V
    high: float  # V
    fed: np.ndarray  # (recording, device), V: what is fed back, without rows for nothing


@njit(**VECTOR)
def cut(volts, low, high):
    """Cut voltages to what a supply gives, in place; return how many that changed."""
    widen()
    n_cut = 0
    for i in range(volts.size):
        held = clip(volts[i], low, high)
        n_cut += 1 if held != volts[i] else 0
        volts[i] = held
    return n_cut


@njit(cache=True)
def wire(turned, wiring, recording, first, n_devices, n_steps, supply, sums, volts):
    """Fill ``n_steps`` of volts (mask, step, device) with the inputs of devices from ``first`` on.

    Returns how many were cut to the supply.
    """
    n = volts.shape[2]
    n_cut = 0
    for mask in range(volts.shape[0]):
        sum_inputs(turned, wiring, mask * n_devices + first, sums, volts[mask][:n_steps])
        for step in range(n_steps):
            if supply.fed.shape[0] > 0:
                volts[mask, step] += supply.fed[recording, first : first + n]
            n_cut += cut(volts[mask, step], supply.low, supply.high)
    return n_cut
