"""Nodes in blocks: one flat array per block, field after field.

Distances between fields are then constant: the compiler needs no alias checks and turns a loop over
the nodes of a block into vector instructions. Unused lanes repeat the last node.
"""

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import INNER
from mottle.reservoir.compiled.noise import join

LANES = 64


@njit(cache=True, **INNER)
def make_lines(n):
    """Return ``n`` zeros aligned to cache lines: loads across two lines take twice as long."""
    room = np.zeros(n + 7)
    skip = (-(room.ctypes.data // 8)) % 8
    return room[skip : skip + n]


@njit(cache=True, **INNER)
def copy(values, out):
    """Copy values (n,) to ``out``.

    ``out[:] = values`` would compile the text of an error message, for several seconds.
    """
    for i in range(values.size):
        out[i] = values[i]


@njit(cache=True, **INNER)
def in_lines(values):
    """Copy values (n,) to an array aligned to cache lines."""
    lines = make_lines(values.size)
    copy(values, lines)
    return lines


@njit(cache=True, **INNER)
def make_blocks(n_nodes, n_fields):
    """Return zeros (block, ``n_fields`` * LANES) for all nodes, aligned to cache lines."""
    n_blocks = (n_nodes + LANES - 1) // LANES
    return make_lines(n_blocks * n_fields * LANES).reshape(n_blocks, n_fields * LANES)


@njit(cache=True, **INNER)
def make_keys(key, first, n_blocks, noisy):
    """Return the noise keys (block, lane) of the nodes from ``first``, zeros without noise."""
    keys = np.zeros((n_blocks, LANES), np.uint64)
    for lane in range(keys.size if noisy else 0):
        keys[lane // LANES, lane % LANES] = join(key, first + lane)
    return keys
