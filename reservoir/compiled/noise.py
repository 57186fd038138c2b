"""Counter-based noise: a number depends on its key alone, never on what was drawn before it."""

from math import sqrt

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import VECTOR, cos_sin_turn, log2, widen


@njit(**VECTOR)
def mix(key):
    """Scramble 64 bits: finaliser of splitmix64 (Steele et al., doi:10.1145/2660193.2660195)."""
    key = np.uint64(key)
    key ^= key >> np.uint64(30)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    key ^= key >> np.uint64(27)
    key *= np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(**VECTOR)
def join(key, counter):
    """Derive the key of item ``counter`` from the key of its parent."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    return mix(np.uint64(key) + (np.uint64(counter) + np.uint64(1)) * golden)


@njit(**VECTOR)
def normals(key):
    """Turn a key into two independent standard normal numbers, at most 6.7 (Box-Muller).

    Half of the bits give the radius and half the direction.
    """
    one = np.uint64(0x3FF0000000000000)  # as a double the bits below it lie in [1, 2)
    high = np.uint64(one | ((np.uint64(key) >> np.uint64(32)) << np.uint64(20))).view(np.float64)
    low = np.uint64(one | ((np.uint64(key) << np.uint64(32)) >> np.uint64(12))).view(np.float64)
    # 2 - high lies in (0, 1], so its logarithm is finite; 2 log(2) is 1.386...
    radius = sqrt(-1.3862943611198906 * log2(2.0 - high))
    cosine, sine = cos_sin_turn(low - 1.5)
    return radius * cosine, radius * sine


@njit(**VECTOR)
def normal(key):
    """Turn a key into one standard normal number."""
    return normals(mix(key))[0]


@njit(**VECTOR)
def disturb_row(row, keys, step, noise):
    """Add relative read noise to what nodes with ``keys`` show in one step, in place."""
    widen()
    for node in range(row.size):
        row[node] *= 1.0 + noise * normal(join(keys[node], step))


@njit(cache=True, nogil=True)
def disturb(begin, end, out, lengths, keys, first, noise):
    """Add relative read noise to states (recording, step, node) in place; ``first`` step is done.

    Recordings ``begin`` to ``end``. What a node reads depends on recording, node and step alone.
    """
    own = np.empty(out.shape[2], np.uint64)
    for r in range(begin, end):
        for node in range(own.size):
            own[node] = join(~np.uint64(keys[r]), node)  # not the key of what happens inside
        for step in range(lengths[r]):
            disturb_row(out[r, step], own, first + step, noise)


@njit(cache=True)
def content_noise(keys, n_columns):
    """Draw standard normal numbers (vector, column), each from its vector's key alone."""
    out = np.empty((keys.size, n_columns))
    for k in range(keys.size):
        for column in range(n_columns):
            out[k, column] = normal(join(keys[k], column))
    return out
