"""Node inputs of placed wirings: sums over delays, and over receptive fields shared by positions.

The terms of a sum are added in a fixed order, so that chunks and batches give the same bytes.
"""

import numpy as np
from numba import njit

LANES = 16  # nodes whose sums are transposed together
FEW = 8  # steps, up to which transposing all earlier ones would take longer than the sums


@njit(cache=True, nogil=True)
def sum_taps(first, last, whole, back, lengths, indptr, lags, inputs, weights, shift, out):
    """Write sums over earlier steps of the recordings ``first`` to ``last`` to ``out``.

    Shapes: whole (recording, back + step, input), out (recording, step, node). The terms of node k
    are ``indptr[k]`` to ``indptr[k + 1]``: the input, how many steps before, and its weight.
    """
    n_nodes = shift.size
    for r in range(first, last):
        n = lengths[r]
        if n <= FEW:
            for step in range(n):
                for node in range(n_nodes):
                    total = shift[node]
                    for k in range(indptr[node], indptr[node + 1]):
                        total += weights[k] * whole[r, back - lags[k] + step, inputs[k]]
                    out[r, step, node] = total
            continue
        by_input = whole[r, : back + n].T.copy()
        sums = np.empty((LANES, n))
        for begin in range(0, n_nodes, LANES):
            end = min(begin + LANES, n_nodes)
            for node in range(begin, end):
                row = sums[node - begin]
                row[:] = shift[node]
                for k in range(indptr[node], indptr[node + 1]):
                    source = by_input[inputs[k], back - lags[k] : back - lags[k] + n]
                    weight = weights[k]
                    for step in range(n):
                        row[step] += weight * source[step]
            for step in range(n):
                for node in range(begin, end):
                    out[r, step, node] = sums[node - begin, step]


@njit(cache=True, nogil=True)
def sum_fields(drive, kernels, shift, place, out):
    """Write sums over the receptive fields of every position to ``out`` (patch, step, kernel).

    Shapes: drive (step, height, width, channel), kernels (field_y, field_x, channel, kernel), place
    (row, column): the patch of a position, -1 for those that are left out. Cells of 0 cost nothing.
    """
    n_steps, height, width, n_channels = drive.shape
    side_y, side_x, _, n_kernels = kernels.shape
    n_rows, n_columns = place.shape
    for patch in range(out.shape[0]):
        for step in range(n_steps):
            for kernel in range(n_kernels):
                out[patch, step, kernel] = shift[kernel]
    for step in range(n_steps):
        for y in range(height):
            for x in range(width):
                for channel in range(n_channels):
                    value = drive[step, y, x, channel]
                    if value == 0.0:
                        continue
                    for dy in range(max(0, y - n_rows + 1), min(side_y, y + 1)):
                        for dx in range(max(0, x - n_columns + 1), min(side_x, x + 1)):
                            patch = place[y - dy, x - dx]
                            if patch < 0:
                                continue
                            weights, sums = kernels[dy, dx, channel], out[patch, step]
                            for kernel in range(n_kernels):
                                sums[kernel] += value * weights[kernel]


@njit(cache=True, nogil=True)
def touched(drive, side_y, side_x, out):
    """Write to ``out`` (row, column) which positions have an input that is not 0 at some step."""
    n_steps, height, width, n_channels = drive.shape
    cells = np.zeros((height, width), np.bool_)
    for step in range(n_steps):
        for y in range(height):
            for x in range(width):
                for channel in range(n_channels):
                    if drive[step, y, x, channel] != 0.0:
                        cells[y, x] = True
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            out[row, column] = cells[row : row + side_y, column : column + side_x].any()


@njit(cache=True, nogil=True)
def add_regions(states, here, still, begin, end, n_rows, n_columns, n_regions, out):
    """Add the states of positions ``begin`` to ``end`` to their regions, in this order.

    Shapes: states (patch, step, kernel), here (row * column,): the patch of a position, -1 for
    those whose states are ``still`` (step, kernel); out (step, region * kernel).
    """
    n_steps, n_kernels = still.shape
    for position in range(begin, end):
        row, column = position // n_columns, position % n_columns
        region = row * n_regions // n_rows * n_regions + column * n_regions // n_columns
        at = region * n_kernels
        for step in range(n_steps):
            for kernel in range(n_kernels):
                x = still[step, kernel]
                if here[position] >= 0:
                    x = states[here[position], step, kernel]
                out[step, at + kernel] += x
