"""Shapes of the vectors of kernels: those of layouts, and those chosen by the processor."""

from typing import NamedTuple

import numpy as np
from numba.core.registry import cpu_target
from numba.extending import register_jitable

SLICE = 16  # nodes in the lanes of a vector
LANE_BYTES = 256  # of recordings in lanes: 32 of float64, 64 of float32
ACROSS = 3  # vectors side by side in a tile of ``tile_sums``


class Shape(NamedTuple):
    """Vector registers of a processor."""

    size: int  # bytes
    number: int


def find_shape(triple, features):
    """Return the registers of the processor for which kernels are compiled.

    Examples
    --------
    >>> find_shape("x86_64-pc-linux", "+avx,+avx2,-avx512f")
    Shape(size=32, number=16)
    >>> find_shape("aarch64-apple-darwin", "")
    Shape(size=16, number=32)
    """
    enabled = features.split(",")
    if "+avx512f" in enabled:
        return Shape(64, 32)
    if "+avx" in enabled:
        return Shape(32, 16)
    return Shape(16, 32 if triple.startswith(("aarch64", "arm64")) else 16)


_TRIPLE, _NAME, _FEATURES = cpu_target.target_context.codegen().magic_tuple()
REGISTERS = find_shape(_TRIPLE, _FEATURES)
# whether an instruction that gathers is faster than loads one by one
GATHERS = REGISTERS.size == 64 and not _NAME.startswith("znver")
VECTORS = LANE_BYTES // REGISTERS.size  # that hold the recordings in lanes
TILE_NODES = ACROSS * REGISTERS.size // 8  # float64
# sums in registers, beside ACROSS vectors of weights and one input
TILE_STEPS = 8 if REGISTERS.number >= 32 else 4
DENSE_ROWS = 6  # rows of a dense matrix that are summed together
DENSE_VECTORS = 4 if REGISTERS.number >= 32 else 2  # for which the rows are summed together


@register_jitable
def n_together(itemsize):
    """Return the number of slices whose dense sums fill eight registers, at least one.

    Fewer would wait for their multiply-adds.
    """
    return max(1, 8 * REGISTERS.size // (SLICE * itemsize))


def n_lanes(dtype):
    """Return the number of recordings that run in parallel lanes."""
    return LANE_BYTES // np.dtype(dtype).itemsize
