"""Counter-based noise: a number depends on its key alone, never on what was drawn before it."""

from math import cos, log, sqrt

import numpy as np
from numba import njit


@njit(cache=True)
def mix(key):
    """Scramble 64 bits: finaliser of splitmix64 (Steele et al., doi:10.1145/2660193.2660195)."""
    key = np.uint64(key)
    key ^= key >> np.uint64(30)
    key *= np.uint64(0xBF58476D1CE4E5B9)
    key ^= key >> np.uint64(27)
    key *= np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


@njit(cache=True)
def join(key, counter):
    """Derive the key of item ``counter`` from the key of its parent."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    return mix(np.uint64(key) + (np.uint64(counter) + np.uint64(1)) * golden)


@njit(cache=True)
def normal(key):
    """Turn a key into one standard normal number (Box-Muller)."""
    first = np.float64(join(key, 0) >> np.uint64(11)) + 1.0
    second = np.float64(join(key, 1) >> np.uint64(11))
    unit = 1.1102230246251565e-16  # 2 ** -53: first lies in (0, 1], so its logarithm is finite
    return sqrt(-2.0 * log(first * unit)) * cos(6.283185307179586 * second * unit)


@njit(cache=True)
def disturb(out, lengths, keys, first, noise):
    """Add relative read noise to states (recording, step, node) in place; ``first`` step is done.

    What a node reads depends on recording, node and step alone.
    """
    for r in range(out.shape[0]):
        for node in range(out.shape[2]):
            key = join(~np.uint64(keys[r]), node)  # not the key of what happens inside the device
            for step in range(lengths[r]):
                out[r, step, node] *= 1.0 + noise * normal(join(key, first + step))
