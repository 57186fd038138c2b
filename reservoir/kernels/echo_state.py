"""Leaky tanh networks: x <- (1 - leak) x + leak tanh(input + W x)."""

from math import tanh

import numpy as np
from numba import njit, prange


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run(v_in, lengths, state, indptr, indices, weights, leak):
    """Run many recordings; v_in (recording, step, node), state (recording, 1, node), W in CSR."""
    n_nodes = v_in.shape[2]
    out = np.zeros(v_in.shape)
    for r in prange(v_in.shape[0]):
        x, new = state[r, 0], np.empty(n_nodes)
        for step in range(lengths[r]):
            for node in range(n_nodes):
                total = v_in[r, step, node]
                for k in range(indptr[node], indptr[node + 1]):
                    total += weights[k] * x[indices[k]]
                new[node] = (1.0 - leak) * x[node] + leak * tanh(total)
            x[:] = new
            out[r, step] = new
    return out
