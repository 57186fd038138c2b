"""Weighted sums of inputs in a fixed order: a state never depends on the batch around it."""

import numpy as np
from numba import njit, prange


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def project(drive, lengths, indptr, indices, weights, gain, bias):
    """Node inputs ``bias + gain * W x``; drive (recording, step, input), W in CSR form."""
    n_nodes = indptr.size - 1
    out = np.zeros((drive.shape[0], drive.shape[1], n_nodes))
    for r in prange(drive.shape[0]):
        for step in range(lengths[r]):
            for node in range(n_nodes):
                total = 0.0
                for k in range(indptr[node], indptr[node + 1]):
                    total += weights[k] * drive[r, step, indices[k]]
                out[r, step, node] = bias + gain * total
    return out
