"""Widths of the vectors of kernels: nodes side by side, or recordings side by side."""

import numpy as np

SLICE = 16  # nodes in the lanes of a vector
DENSE_ROWS = 4  # rows of a dense matrix that are summed together
LANE_BYTES = 256  # of recordings in lanes: 32 of float64, 64 of float32


def n_lanes(dtype):
    """Return the number of recordings that run in parallel lanes."""
    return LANE_BYTES // np.dtype(dtype).itemsize
