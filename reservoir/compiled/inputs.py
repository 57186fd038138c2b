"""Weighted sums of inputs in a fixed order of terms, so that states do not depend on the batch.

The lanes of a vector are steps, so that a weight is read once for many steps.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy, make_lines
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.functions import INNER, VECTOR, clip, widen
from mottle.reservoir.compiled.sparse import Slices
from mottle.reservoir.compiled.vectors import (
    SLICE,
    TILE_NODES,
    TILE_STEPS,
    gather_sums,
    lane_sums,
    step_sums,
    tile_sums,
)

# of no nodes, for runs without a loop
NO_ROWS = Slices(np.zeros(1, np.int64), np.empty((0, SLICE), np.uint16), np.empty((0, SLICE)))
STEPS = 32  # float64 lanes of lane_sums
ROWS = 16  # nodes whose sums are transposed together


class Wiring(NamedTuple):
    """Node inputs ``bias + gain * W x``, with W in compressed rows, or dense.

    Dense weights have no indices: kernels are then compiled without the other sums.
    """

    indptr: np.ndarray | None
    indices: np.ndarray | None
    weights: np.ndarray  # dense: row after row
    gain: float
    bias: float


class Buffers(NamedTuple):
    """Arrays for the sums of inputs."""

    transposed: np.ndarray  # (input, STEPS), of the drive
    sums: np.ndarray  # (ROWS, STEPS)
    packed: np.ndarray  # (mask * group * input, TILE_NODES), dense weights; no rows if not dense
    packed_for: np.ndarray  # (mask,), the first node
    tail: np.ndarray  # (TILE_STEPS, TILE_NODES), of a group that is not full
    totals: np.ndarray  # (node,), of all nodes in a closed loop


@njit(cache=True, **INNER)
def make_rows(n_rows, width):
    """Return zeros (row, ``width``) aligned to cache lines."""
    return make_lines(n_rows * width).reshape(n_rows, width)


@njit(cache=True, **INNER)
def make_buffers(wiring, rows, n_inputs, n_masks, n_nodes):
    """Return buffers for the inputs of ``n_nodes`` nodes in each of ``n_masks`` masks."""
    n_packed = n_masks if wiring.indices is None and rows.begin.size < 2 else 0
    n_groups = (n_nodes + TILE_NODES - 1) // TILE_NODES
    nobody = np.empty(n_masks, np.int64)
    for mask in range(n_masks):
        nobody[mask] = -1
    return Buffers(
        make_rows(n_inputs, STEPS),
        make_rows(ROWS, STEPS),
        make_rows(n_packed * n_groups * n_inputs, TILE_NODES),
        nobody,
        make_rows(TILE_STEPS, TILE_NODES),
        make_totals(rows),
    )


@njit(cache=True, **INNER)
def pack(weights, first, n_nodes, n_inputs, packed, row):
    """Copy dense weights of nodes from ``first`` to ``packed`` (group * input), from ``row``.

    Weights of the nodes that the last group lacks are 0.
    """
    for begin in range(0, n_nodes, TILE_NODES):
        for i in range(TILE_NODES):
            node = begin + i
            at = (first + node) * n_inputs
            for term in range(n_inputs):
                packed[row + term, i] = weights[at + term] if node < n_nodes else 0.0
        row += n_inputs


@njit(cache=True, **INNER)
def copy_steps(drive, begin, transposed):
    """Copy STEPS steps of a drive (step, input) from ``begin`` to (input, STEPS).

    With fewer steps the other columns keep old finite values, whose sums are not used.
    """
    n = min(STEPS, drive.shape[0] - begin)
    for step in range(n):
        for k in range(drive.shape[1]):
            transposed[k, step] = drive[begin + step, k]


@njit(**VECTOR, **INNER)
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


@njit(cache=True, **INNER)
def sum_inputs(transposed, wiring, first, sums, out):
    """Write the inputs of nodes from ``first`` to ``out`` (step, node), at most STEPS steps."""
    for at in range(0, out.shape[1], ROWS):
        n_rows = min(ROWS, out.shape[1] - at)
        for row in range(n_rows):
            for step in range(STEPS):
                sums[row, step] = 0.0
            node = first + at + row
            begin, end = wiring.indptr[node], wiring.indptr[node + 1]
            lane_sums(sums, row, wiring.weights, wiring.indices, begin, end, transposed)
        write_transposed(sums, at, out, wiring.gain, wiring.bias)


@njit(cache=True, **INNER)
def sum_dense(drive, begin, packed, row, tail, wiring, low, high, out):
    """Write the clipped inputs of nodes with dense weights to ``out`` (step, node).

    The steps of the drive (step, input) are those from ``begin``, the weights those in rows of
    ``packed`` from ``row``. Returns the number of clipped values.
    """
    gain, bias, n_clipped = wiring.gain, wiring.bias, 0
    for at in range(0, out.shape[1], TILE_NODES):
        n_lacking = max(at + TILE_NODES - out.shape[1], 0)
        target, node = (out, at) if n_lacking == 0 else (tail, 0)
        step = 0
        while step < out.shape[0]:
            n_rows = TILE_STEPS if step + TILE_STEPS <= out.shape[0] else 1
            place, now = step if n_lacking == 0 else 0, begin + step
            if n_rows > 1:
                n_clipped += tile_sums(
                    target, place, node, drive, now, packed, row, gain, bias, low, high
                )
            else:
                n_clipped += step_sums(
                    target, place, node, drive, now, packed, row, gain, bias, low, high
                )
            if n_lacking > 0:
                n_clipped -= n_rows * n_lacking * (bias < low or bias > high)
                for k in range(n_rows):
                    for i in range(TILE_NODES - n_lacking):
                        out[step + k, at + i] = tail[k, i]
            step += n_rows
        row += drive.shape[1]
    return n_clipped


@njit(cache=True, **INNER)
def sum_tile(indices, drive, begin, wiring, first, mask, buffers, low, high, out):
    """Write the clipped inputs of the nodes of a mask to ``out`` (step, node).

    The steps of the drive (step, input) are those from ``begin``, the nodes those from ``first``;
    ``indices`` are those of the weights. Returns the number of clipped values.
    """
    n_clipped, n_inputs = 0, drive.shape[1]
    if indices is None:
        n_rows = (out.shape[1] + TILE_NODES - 1) // TILE_NODES * n_inputs  # of a mask
        if buffers.packed_for[mask] != first:
            pack(wiring.weights, first, out.shape[1], n_inputs, buffers.packed, mask * n_rows)
            buffers.packed_for[mask] = first
        n_clipped += sum_dense(
            drive, begin, buffers.packed, mask * n_rows, buffers.tail, wiring, low, high, out
        )
    else:
        if mask == 0:
            copy_steps(drive, begin, buffers.transposed)
        sum_inputs(buffers.transposed, wiring, first, buffers.sums, out)
        if low > -np.inf or high < np.inf:
            for step in range(out.shape[0]):
                n_clipped += clip_volts(out[step], low, high)
    return n_clipped


@njit(cache=True, nogil=True)
def project(begin, end, drive, lengths, wiring, out):
    """Write node inputs of the recordings ``begin`` to ``end``; arrays (recording, step, .)."""
    n_nodes = out.shape[2]
    buffers = make_buffers(wiring, NO_ROWS, drive.shape[2], 1, n_nodes)
    for r in range(begin, end):
        for step in range(0, lengths[r], STEPS):
            now = out[r, step : min(step + STEPS, lengths[r])]
            own = drive[r, : lengths[r]]
            sum_tile(wiring.indices, own, step, wiring, 0, 0, buffers, -np.inf, np.inf, now)


@njit(cache=True, nogil=True)
def sum_sources(recurrent, x):
    """Return the recurrent sums, weights ``recurrent`` (``sparse.Slices``), x (recording, node)."""
    out, sums = np.empty(x.shape), np.empty((recurrent.begin.size - 1) * SLICE)
    for r in range(x.shape[0]):
        for i in range(sums.size):
            sums[i] = 0.0
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


@njit(cache=True, **INNER)
def tile_size(supply):
    """Return the number of steps whose inputs are known beforehand."""
    return 1 if supply.rows.begin.size > 1 else STEPS


@njit(cache=True, **INNER)
def make_volts(supply, n_masks, n_steps, n_devices):
    """Return voltages (mask, step, device) of the tiles of a recording of ``n_steps``."""
    n_rows = min(tile_size(supply), n_steps)  # of a live run: one
    return make_lines(n_masks * n_rows * n_devices).reshape(n_masks, n_rows, n_devices)


@njit(cache=True, **INNER)
def make_totals(rows):
    """Return a buffer for the sums of all nodes."""
    return make_lines((rows.begin.size - 1) * SLICE)


@njit(cache=True, **INNER)
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
        for i in range(totals.size):
            totals[i] = 0.0
        for s in range(begin.size - 1):
            gather_sums(totals, s * SLICE, weights, columns, begin[s], begin[s + 1], inputs)
    return x[0] if only else 1.0


@njit(**VECTOR, **INNER)
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


@njit(**VECTOR, **INNER)
def clip_volts(volts, low, high):
    """Clip voltages to a supply, in place; return the number of clipped ones."""
    widen()
    n_clipped = 0
    for i in range(volts.size):
        held = clip(volts[i], low, high)
        n_clipped += 1 if held != volts[i] else 0
        volts[i] = held
    return n_clipped


@njit(cache=True, **INNER)
def sum_volts(
    drive, begin, wiring, recording, first, n_devices, n_steps, supply, buffers, loop, volts
):
    """Write the inputs of devices from ``first`` to ``n_steps`` of volts (mask, step, device).

    The steps of the drive (step, input) are those from ``begin``. There is no loop if ``loop`` is
    None, and perhaps none otherwise. Returns the number of voltages clipped to the supply.
    """
    n, n_clipped = volts.shape[2], 0
    low, high, fed_back = supply.low, supply.high, supply.feedback.shape[0] > 0
    if loop is not None and buffers.totals.size > 0:
        x = sum_single(drive[begin], supply.rows, buffers.totals, begin == 0)
        for mask in range(volts.shape[0]):
            n_clipped += write_volts(
                buffers.totals, mask * n_devices + first, x, wiring.gain, wiring.bias, low,
                high, volts[mask, 0],
            )  # fmt: skip
        return n_clipped
    least, most = (-np.inf, np.inf) if fed_back else (low, high)
    for mask in range(volts.shape[0]):
        now, at = volts[mask][:n_steps], mask * n_devices + first
        n_clipped += sum_tile(
            wiring.indices, drive, begin, wiring, at, mask, buffers, least, most, now
        )
        if fed_back:
            for step in range(n_steps):
                for i in range(n):
                    now[step, i] += supply.feedback[recording, first + i]
                n_clipped += clip_volts(now[step], low, high)
    return n_clipped
