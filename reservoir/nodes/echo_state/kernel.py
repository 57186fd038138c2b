"""Leaky tanh networks: x <- (1 - leak) x + leak tanh(b + gain W_in u + W x), b one per node.

The lanes of a vector hold nodes for a long recording, and recordings for short ones. Both take the
terms of a sum in the same order and give the same bytes.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.functions import INNER, flush, tanh
from mottle.reservoir.compiled.vectors import (
    DENSE_ROWS,
    SLICE,
    VECTORS,
    dense_sums,
    gather_sums,
    lane_sums,
    n_together,
    spread_sums,
)

TILE = 32  # nodes updated and written at once, while they are in the first cache


class Network(NamedTuple):
    """Weights laid out for a long recording (``sparse.Slices``); numbers of the states' dtype."""

    in_begin: np.ndarray
    in_columns: np.ndarray
    in_weights: np.ndarray
    begin: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    full: bool  # whether every node is a source of every node
    biases: np.ndarray  # (node,), padded with 0 to whole slices
    gain: float
    leak: float


class Lanes(NamedTuple):
    """Weights laid out for recordings in parallel lanes (``sparse.Blocks``)."""

    width: int  # columns of a block
    used: np.ndarray  # (source,), inputs of any node; in_columns index into them
    in_begin: np.ndarray
    in_columns: np.ndarray
    in_weights: np.ndarray
    begin: np.ndarray
    columns: np.ndarray
    weights: np.ndarray


@njit(cache=True, error_model="numpy", **INNER)
def update(totals, x, leak, real):
    """Update states ``x`` in place from their sums; both (node,)."""
    keep = real(1.0) - leak
    for i in range(totals.size):
        x[i] = flush(keep * x[i] + leak * tanh(totals[i], real))


@njit(cache=True, error_model="numpy", **INNER)
def sum_inputs(network, s, x, totals):
    """Write the sums of inputs ``x`` of the nodes of slice ``s`` to ``totals``, with the biases."""
    for i in range(s * SLICE, (s + 1) * SLICE):
        totals[i] = 0
    begin, end = network.in_begin[s], network.in_begin[s + 1]
    gather_sums(totals, s * SLICE, network.in_weights, network.in_columns, begin, end, x)
    for i in range(s * SLICE, (s + 1) * SLICE):
        totals[i] = network.biases[i] + network.gain * totals[i]


@njit(cache=True, error_model="numpy", **INNER)
def run_stream(drive, x, network, loop, out):
    """Run one recording: drive (step, input), state x (node,) in and out, out (step, node).

    In a closed ``loop`` the readout's outputs become the drive of the next step; None for none.
    """
    real = x.dtype.type
    n_nodes, n_slices = x.size, network.begin.size - 1
    state, totals = np.zeros(n_slices * SLICE, x.dtype), np.empty(n_slices * SLICE, x.dtype)
    together = n_together(x.itemsize)
    if not network.full or n_slices < together:
        together = 1
    n_groups = (n_slices + together - 1) // together
    copy(x, state)
    for step in range(out.shape[0]):
        for k in range(n_groups):
            # back and forth: the weights read last are still in the cache
            group = k if step % 2 == 0 else n_groups - 1 - k
            first = min(group * together, n_slices - together)  # the last ones are summed again
            for s in range(first, first + together):
                sum_inputs(network, s, drive[step], totals)
            begin, end, at = network.begin[first], network.begin[first + 1], first * SLICE
            if together > 1:
                spread_sums(totals, at, network.weights, begin, n_nodes, state)
            else:
                gather_sums(totals, at, network.weights, network.columns, begin, end, state)
        update(totals, state, network.leak, real)
        for i in range(n_nodes):
            out[step, i] = state[i]
        if loop is not None:
            close(loop, out[step], drive, step)
    copy(state[:n_nodes], x)


@njit(cache=True, error_model="numpy", **INNER)
def pack(state, first, n_terms, used, packed):
    """Copy states (node, lane) from ``first`` as ``dense_sums`` takes them: in order of reading."""
    width = packed.shape[1]
    for vector in range((used + width - 1) // width):
        for k in range(n_terms):
            for lane in range(width):
                packed[vector * n_terms + k, lane] = state[first + k, vector * width + lane]


@njit(cache=True, error_model="numpy", **INNER)
def add_states(lanes, state, used, packed, totals):
    """Add the weighted sums of states to ``totals``; both (node, lane), ``used`` lanes."""
    n_nodes = totals.shape[0]
    for block in range(lanes.begin.shape[0]):
        begin, column = lanes.begin[block], block * lanes.width
        n_columns, n_dense = min(lanes.width, n_nodes - column), 0
        if begin[n_nodes] - begin[0] == n_nodes * n_columns:
            n_dense = n_nodes // DENSE_ROWS * DENSE_ROWS
            pack(state, column, n_columns, used, packed)
        for i in range(0, n_dense, DENSE_ROWS):
            dense_sums(totals, i, lanes.weights, begin[i], n_columns, packed, used)
        for i in range(n_dense, n_nodes):
            lane_sums(totals, i, lanes.weights, lanes.columns, begin[i], begin[i + 1], state)


@njit(cache=True, error_model="numpy", **INNER)
def run_lanes(drive, lengths, x, which, network, lanes, out):
    """Run the recordings ``which`` (lane,), longest first, in parallel lanes; -1 is an empty lane.

    Shapes: drive (recording, step, input), x (recording, 1, node), out (recording, step, node).
    """
    real = x.dtype.type
    n_nodes, width = x.shape[2], which.size
    state, totals = np.zeros((n_nodes, width), x.dtype), np.empty((n_nodes, width), x.dtype)
    sources = np.zeros((max(lanes.used.size, 1), width), x.dtype)
    packed = np.empty((lanes.width * VECTORS, width // VECTORS), x.dtype)
    flat, places = out.reshape(-1), np.empty(width, np.uint64)  # without checks for negative ones
    used = 0
    while used < width and which[used] >= 0 and lengths[which[used]] > 0:
        for i in range(n_nodes):
            state[i, used] = x[which[used], 0, i]
        used += 1
    for step in range(lengths[which[0]]):
        while lengths[which[used - 1]] <= step:
            used -= 1
        for lane in range(used):
            places[lane] = np.uint64((which[lane] * out.shape[1] + step) * n_nodes)
            for i in range(lanes.used.size):
                sources[i, lane] = drive[which[lane], step, lanes.used[i]]
        for i in range(n_nodes):
            for lane in range(width):
                totals[i, lane] = real(0.0)
            begin, end = lanes.in_begin[0, i], lanes.in_begin[0, i + 1]
            lane_sums(totals, i, lanes.in_weights, lanes.in_columns, begin, end, sources)
            for lane in range(width):
                totals[i, lane] = network.biases[i] + network.gain * totals[i, lane]
        add_states(lanes, state, used, packed, totals)
        for first in range(0, n_nodes, TILE):
            last = min(first + TILE, n_nodes)
            update(
                totals[first:last].reshape(-1), state[first:last].reshape(-1), network.leak, real
            )
            for i in range(first, last):
                for lane in range(used):
                    flat[places[lane] + np.uint64(i)] = state[i, lane]
    for lane in range(width):
        r = which[lane]
        if r >= 0 and lengths[r] > 0:
            copy(out[r, lengths[r] - 1], x[r, 0])


@njit(cache=True, error_model="numpy", nogil=True)
def run(first, last, drive, lengths, state, network, loop, lanes, groups, alone, out):
    """Run items ``first`` to ``last`` of ``groups`` (group, lane), in lanes, and then ``alone``.

    ``lanes`` is None if there are no groups.

    Shapes: drive (recording, step, input), state (recording, 1, node), out (recording, step, node).
    """
    for item in range(first, last):
        if lanes is not None and item < groups.shape[0]:
            run_lanes(drive, lengths, state, groups[item], network, lanes, out)
        else:
            r = alone[item - groups.shape[0]]
            n = lengths[r]
            run_stream(drive[r], state[r, 0], network, loop, out[r, :n])
