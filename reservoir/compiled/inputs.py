"""Weighted sums of inputs in a fixed order of terms, so that states do not depend on the batch.

The lanes of a vector are steps, so that a weight is read once for many steps.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy, make_lines
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.functions import VECTOR, clip, widen
from mottle.reservoir.compiled.sparse import Slices
from mottle.reservoir.compiled.vectors import DENSE_ROWS, SLICE, dense_sums, gather_sums, lane_sums

# of no nodes, for runs without a loop
NO_ROWS = Slices(np.zeros(1, np.int64), np.empty((0, SLICE), np.uint16), np.empty((0, SLICE)))
STEPS = 32  # float64 lanes of lane_sums
ROWS = 16  # nodes whose sums are transposed together


class Wiring(NamedTuple):
    """Node inputs ``bias + gain * W x``, with W in compressed rows."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    gain: float
    bias: float


@njit(cache=True)
def make_buffers(n_inputs):
    """Return buffers for ``copy_steps`` and for the sums of ROWS nodes."""
    size = n_inputs * STEPS, ROWS * STEPS
    return make_lines(size[0]).reshape(n_inputs, STEPS), make_lines(size[1]).reshape(ROWS, STEPS)


@njit(cache=True)
def copy_steps(drive, begin, transposed):
    """Copy STEPS steps of a drive (step, input) from ``begin`` to (input, STEPS).

    With fewer steps the other columns keep old finite values, whose sums are not used.
    """
    n = min(STEPS, drive.shape[0] - begin)
    for step in range(n):
        for k in range(drive.shape[1]):
            transposed[k, step] = drive[begin + step, k]


@njit(**VECTOR)
def write_transposed(sums, at, out, gain, bias):
    """Write ``bias + gain * sums`` (node, STEPS) to ``out`` (step, node), nodes from ``at``."""
    widen()
    first = np.uint64(at)  # unsigned: no test for negative indices
    n_nodes = min(ROWS, out.shape[1] - at)
    for step in range(out.shape[0]):
        if n_nodes == ROWS:  # a constant, so that the loop unrolls
            for node in range(ROWS):
                out[step, first + np.uint64(node)] = bias + gain * sums[node, step]
        else:
            for node in range(n_nodes):
                out[step, first + np.uint64(node)] = bias + gain * sums[node, step]


@njit(cache=True)
def sum_inputs(transposed, wiring, first, sums, out):
    """Write the inputs of nodes from ``first`` to ``out`` (step, node), at most STEPS steps."""
    n_inputs = transposed.shape[0]
    dense = wiring.weights.size == (wiring.indptr.size - 1) * n_inputs  # columns are sorted
    for at in range(0, out.shape[1], ROWS):
        sums[:] = 0.0
        n_rows = min(ROWS, out.shape[1] - at)
        n_dense = n_rows // DENSE_ROWS * DENSE_ROWS if dense else 0
        for row in range(0, n_dense, DENSE_ROWS):
            begin = (first + at + row) * n_inputs
            dense_sums(sums, row, wiring.weights, begin, n_inputs, transposed)
        for row in range(n_dense, n_rows):
            node = first + at + row
            begin, end = wiring.indptr[node], wiring.indptr[node + 1]
            lane_sums(sums, row, wiring.weights, wiring.indices, begin, end, transposed)
        write_transposed(sums, at, out, wiring.gain, wiring.bias)


@njit(cache=True, nogil=True)
def project(begin, end, drive, lengths, wiring, out):
    """Write node inputs of the recordings ``begin`` to ``end``; arrays (recording, step, .)."""
    transposed, sums = make_buffers(drive.shape[2])
    for r in range(begin, end):
        for step in range(0, lengths[r], STEPS):
            copy_steps(drive[r, : lengths[r]], step, transposed)
            sum_inputs(transposed, wiring, 0, sums, out[r, step : min(step + STEPS, lengths[r])])


@njit(cache=True, nogil=True)
def sum_sources(recurrent, x):
    """Return the recurrent sums, weights ``recurrent`` (``sparse.Slices``), x (recording, node)."""
    out, sums = np.empty(x.shape), np.empty((recurrent.begin.size - 1) * SLICE)
    for r in range(x.shape[0]):
        sums[:] = 0.0
        for s in range(recurrent.begin.size - 1):
            begin, end = recurrent.begin[s], recurrent.begin[s + 1]
            gather_sums(sums, s * SLICE, recurrent.weights, recurrent.columns, begin, end, x[r])
        copy(sums[: x.shape[1]], out[r])
    return out


class Supply(NamedTuple):
    """Range to which node voltages, with feedback, are clipped, and the loop of the drive."""

    low: float  # V
    high: float  # V
    feedback: np.ndarray  # (recording, device), V: recurrent input; no rows without recurrence
    loop: Loop = NO_LOOP
    rows: Slices = NO_ROWS  # input weights of nodes, in slices; for a loop


@njit(cache=True)
def tile_size(supply):
    """Return the number of steps whose inputs are known beforehand."""
    return 1 if supply.rows.begin.size > 1 else STEPS


@njit(cache=True)
def make_totals(rows):
    """Return a buffer for the sums of all nodes."""
    return make_lines((rows.begin.size - 1) * SLICE)


@njit(cache=True)
def sum_single(x, rows, totals, begins):
    """Sum the inputs x (input,) of a step; return the factor by which the sums are multiplied.

    The lanes of a vector are nodes, since there is one step only. Of a single input the sums are
    the weights, which stay in ``totals`` from the step that ``begins``.
    """
    only = x.size == 1
    if not only or begins:
        inputs, begin, columns, weights = x, rows.begin, rows.columns, rows.weights
        if only:
            inputs = np.ones(1)
        totals[:] = 0.0
        for s in range(begin.size - 1):
            gather_sums(totals, s * SLICE, weights, columns, begin[s], begin[s + 1], inputs)
    return x[0] if only else 1.0


@njit(**VECTOR)
def write_volts(totals, at, x, gain, bias, low, high, out):
    """Write ``bias + gain * x * totals``, clipped, for the nodes from ``at`` on.

    Returns the number of clipped voltages.
    """
    widen()
    first, n_clipped = np.uint64(at), 0  # unsigned: no test for negative indices
    for i in range(out.size):
        v = bias + gain * (totals[first + np.uint64(i)] * x)
        held = clip(v, low, high)
        n_clipped += 1 if held != v else 0
        out[i] = held
    return n_clipped


@njit(**VECTOR)
def clip_volts(volts, low, high):
    """Clip voltages to a supply, in place; return the number of clipped ones."""
    widen()
    n_clipped = 0
    for i in range(volts.size):
        held = clip(volts[i], low, high)
        n_clipped += 1 if held != volts[i] else 0
        volts[i] = held
    return n_clipped


@njit(cache=True)
def sum_volts(
    drive, begin, transposed, wiring, recording, first, n_devices, n_steps, supply, sums, totals,
    volts,
):  # fmt: skip
    """Write the inputs of devices from ``first`` to ``n_steps`` of volts (mask, step, device).

    The steps of the drive (step, input) are those from ``begin``; ``transposed`` and ``sums`` are
    buffers, in a closed loop also ``totals``. Returns the number of voltages clipped to the supply.
    """
    n = volts.shape[2]
    n_clipped = 0
    if totals.size > 0:
        x = sum_single(drive[begin], supply.rows, totals, begin == 0)
        for mask in range(volts.shape[0]):
            n_clipped += write_volts(
                totals, mask * n_devices + first, x, wiring.gain, wiring.bias, supply.low,
                supply.high, volts[mask, 0],
            )  # fmt: skip
        return n_clipped
    copy_steps(drive, begin, transposed)
    for mask in range(volts.shape[0]):
        sum_inputs(transposed, wiring, mask * n_devices + first, sums, volts[mask][:n_steps])
        for step in range(n_steps):
            if supply.feedback.shape[0] > 0:
                for i in range(n):
                    volts[mask, step, i] += supply.feedback[recording, first + i]
            n_clipped += clip_volts(volts[mask, step], supply.low, supply.high)
    return n_clipped
