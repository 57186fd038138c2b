"""Statistics of states over segments of time, summed in the order of time."""

from math import sqrt

import numpy as np
from numba import njit, prange

STATISTICS = ("mean", "last", "max", "std")


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def pool(states, lengths, codes, n_segments):
    """Pool states (recording, step, node) into (recording, statistic, segment, node).

    A recording shorter than ``n_segments`` shows a step in several segments; one without steps is
    NaN.
    """
    n_nodes = states.shape[2]
    out = np.full((states.shape[0], codes.size, n_segments, n_nodes), np.nan)
    for r in prange(states.shape[0]):
        n = lengths[r]
        for segment in range(n_segments if n > 0 else 0):
            begin = segment * n // n_segments
            end = max((segment + 1) * n // n_segments, begin + 1)
            mean, square = np.zeros(n_nodes), np.zeros(n_nodes)
            top = states[r, begin].copy()
            for step in range(begin, end):
                share = 1.0 / (step - begin + 1)
                for node in range(n_nodes):
                    x = states[r, step, node]
                    gap = x - mean[node]  # Welford: no cancellation in the variance
                    mean[node] += gap * share
                    square[node] += gap * (x - mean[node])
                    top[node] = max(top[node], x)
            for k in range(codes.size):
                for node in range(n_nodes):
                    if codes[k] == 0:
                        value = mean[node]
                    elif codes[k] == 1:
                        value = states[r, end - 1, node]
                    elif codes[k] == 2:
                        value = top[node]
                    else:
                        value = sqrt(square[node] / (end - begin))
                    out[r, k, segment, node] = value
    return out
