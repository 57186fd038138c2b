"""Counter-based noise: a number depends on its key only, not on earlier draws."""

from math import sqrt

import numpy as np
from numba import njit

from mottle.reservoir.compiled.functions import INNER, VECTOR, cos_sin_turn, log2, widen


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
    """Return two independent standard normal numbers of a key, magnitude up to 6.7 (Box-Muller).

    Half of the bits determine the radius and half the angle.
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
    """Return one standard normal number of a key."""
    return normals(mix(key))[0]


@njit(**VECTOR, **INNER)
def disturb_row(row, keys, step, noise):
    """Add relative read noise to the states of one step in place; ``keys`` (node,)."""
    widen()
    for node in range(row.size):
        row[node] *= 1.0 + noise * normal(join(keys[node], step))


@njit(cache=True, nogil=True)
def disturb(begin, end, out, lengths, keys, first, noise):
    """Add relative read noise to states (recording, step, node) in place, steps from ``first``.

    Recordings ``begin`` to ``end``. The noise depends on recording, node and step only.
    """
    own = np.empty(out.shape[2], np.uint64)
    for r in range(begin, end):
        for node in range(own.size):
            own[node] = join(
                ~np.uint64(keys[r]), node
            )  # independent of the noise inside the device
        for step in range(lengths[r]):
            disturb_row(out[r, step], own, first + step, noise)


@njit(**VECTOR, **INNER)
def vary(constants, keys, counter, noise, out):
    """Write constants (device,) times 1 + ``noise`` xi, at least 0, to ``out``.

    This is cycle-to-cycle variation: ``counter`` counts writes, and xi depends on it and on
    ``keys``, those of the devices.
    """
    widen()
    for i in range(out.size):
        out[i] = constants[i] * max(1.0 + noise * normal(join(keys[i], counter)), 0.0)


@njit(cache=True, **INNER)
def keys_of(key, first, n):
    """Return the keys of ``n`` devices from ``first``, derived from that of a recording."""
    keys = np.empty(n, np.uint64)
    for i in range(n):
        keys[i] = join(key, first + i)
    return keys


@njit(cache=True)
def content_noise(keys, n_columns):
    """Draw standard normal numbers (vector, column), each from its vector's key."""
    out = np.empty((keys.size, n_columns))
    for k in range(keys.size):
        for column in range(n_columns):
            out[k, column] = normal(join(keys[k], column))
    return out
