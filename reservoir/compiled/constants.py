"""Constants of devices in kernels: a number for all nodes or an array, resolved by type."""

import numpy as np
from numba import types
from numba.extending import overload


def field(constant, node):
    """Return the constant of a node."""
    return constant[node] if np.ndim(constant) else constant


@overload(field)
def _overload_field(constant, node):
    if isinstance(constant, types.Array):
        return lambda constant, node: constant[node]
    return lambda constant, node: constant


def pick(constant, block, place):
    """Return the constant of a node: the common number, or the value in its block's field."""
    return block[place] if np.ndim(constant) else constant


@overload(pick, inline="always")
def _overload_pick(constant, block, place):
    if isinstance(constant, types.Array):
        return lambda constant, block, place: block[place]
    return lambda constant, block, place: constant
