"""Sums with the same result on every path: fused multiply-adds in a fixed order.

A node's terms are added in one order, whether the lanes of a vector are nodes or recordings, so
both give the same bytes. Written-out instructions compute the sums where they compile; elsewhere
compiled loops do, with the same bytes on processors with fused multiply-adds and the same to
rounding on others; and plain Python without compilation.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import config, njit

from mottle.reservoir.compiled.lanes import (
    DENSE_ROWS,
    LANE_BYTES,
    SLICE,
    TILE_NODES,
    TILE_STEPS,
    VECTORS,
    n_lanes,
    n_together,
)
from mottle.reservoir.compiled.trial import compiles, is_newer

__all__ = [
    "DENSE_ROWS", "LANE_BYTES", "SLICE", "TILE_NODES", "TILE_STEPS", "VECTORS", "dense_sums",
    "gather_sums", "lane_sums", "n_lanes", "n_together", "spread_sums", "step_sums", "tile_sums",
]  # fmt: skip
LOOPS: dict[str, Any] = {"cache": True, "error_model": "numpy", "fastmath": {"contract"}}


def _plain_gather_sums(sums, first, weights, columns, begin, end, x):
    for k in range(begin, end):
        for lane in range(SLICE):
            sums[first + lane] += weights[k, lane] * x[columns[k, lane]]


def _plain_lane_sums(sums, row, weights, columns, begin, end, x):
    for k in range(begin, end):
        for lane in range(sums.shape[1]):
            sums[row, lane] += weights[k] * x[columns[k], lane]


def _plain_dense_sums(sums, row, weights, begin, n_terms, x, used):
    width = x.shape[1]
    for k in range(DENSE_ROWS):
        for term in range(n_terms):
            for lane in range(used):
                value = x[lane // width * n_terms + term, lane % width]
                sums[row + k, lane] += weights[begin + k * n_terms + term] * value


def _plain_spread_sums(sums, first, weights, begin, n_terms, x):
    for s in range(n_together(x.itemsize)):
        for k in range(n_terms):
            for lane in range(SLICE):
                sums[first + s * SLICE + lane] += weights[begin + s * n_terms + k, lane] * x[k]


def _plain_tile(n_steps):
    def write_sums(out, step, node, x, begin, weights, row, gain, bias, low, high):
        n_clipped = 0
        for k in range(n_steps):
            for i in range(TILE_NODES):
                total = 0.0
                for term in range(x.shape[1]):
                    total += weights[row + term, i] * x[begin + k, term]
                value = bias + gain * total
                held = low if value < low else value
                held = high if held > high else held
                n_clipped += 1 if held != value else 0
                out[step + k, node + i] = held
        return n_clipped

    return write_sums


def _instructions() -> Any:
    """Return the module of written-out instructions, or None where they do not compile."""
    try:
        import mottle.reservoir.compiled.intrinsics as intrinsics
    except Exception as error:  # of any type, as in ``compiles``
        reason = error

        def fail():
            raise reason

        compiles(fail)
        return None
    for dtype in ("float64", "float32") if is_newer() else ():
        arguments = (
            np.full(16, 2, dtype), np.full((2, SLICE), 3, dtype), np.zeros((2, SLICE), np.uint32),
            np.full((DENSE_ROWS, n_lanes(dtype)), 5, dtype),
            np.full((2 * VECTORS, n_lanes(dtype) // VECTORS), 5, dtype),
        )  # fmt: skip
        spread = n_together(np.dtype(dtype).itemsize)
        dense = (
            np.ones(spread * SLICE, dtype), np.full((2 * spread, SLICE), 3, dtype),
            np.full(2, 2, dtype),
        )  # fmt: skip
        if not (
            compiles(intrinsics.trial, *arguments) and compiles(intrinsics.trial_spread, *dense)
        ):
            return None
    tiles = (
        np.full((TILE_STEPS, 2), 2.0), np.full((2, TILE_NODES), 2.5),
        np.empty((TILE_STEPS + 1, TILE_NODES)),
    )  # fmt: skip
    if is_newer() and not compiles(intrinsics.trial_tiles, *tiles):
        return None
    return intrinsics


def _choose() -> Any:
    """Return the functions that this process uses."""
    plain = {
        "gather_sums": _plain_gather_sums,
        "lane_sums": _plain_lane_sums,
        "dense_sums": _plain_dense_sums,
        "spread_sums": _plain_spread_sums,
        "tile_sums": _plain_tile(TILE_STEPS),
        "step_sums": _plain_tile(1),
    }
    if vars(config)["DISABLE_JIT"]:  # plain Python, which checks indices
        return SimpleNamespace(**plain)
    return _instructions() or SimpleNamespace(
        **{name: njit(**LOOPS)(function) for name, function in plain.items()}
    )


_chosen = _choose()
gather_sums, lane_sums, dense_sums = _chosen.gather_sums, _chosen.lane_sums, _chosen.dense_sums
spread_sums, tile_sums, step_sums = _chosen.spread_sums, _chosen.tile_sums, _chosen.step_sums
