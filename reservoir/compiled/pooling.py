"""Statistics of states over segments of time, summed in the order of time."""

from math import sqrt

import numpy as np
from numba import njit

STATISTICS = ("mean", "last", "max", "std")
ABOVE = len(STATISTICS)  # this code and later ones: the fraction of steps above a threshold


@njit(cache=True, nogil=True)
def count_above(states, thresholds, out):
    """Write to ``out`` (node,) the fraction of steps of states (step, node) above thresholds."""
    out[:] = 0.0
    for step in range(states.shape[0]):
        for node in range(out.size):
            out[node] += 1.0 if states[step, node] > thresholds[node] else 0.0
    for node in range(out.size):
        out[node] /= states.shape[0]


@njit(cache=True, nogil=True)
def pool(first, last, states, lengths, codes, thresholds, out):
    """Pool states (recording, step, node) into ``out`` (recording, statistic, segment, node).

    Of recordings ``first`` to ``last``; thresholds (code - ABOVE, node). With fewer steps than
    segments, a step is in several segments; without steps, ``out`` is not changed.
    """
    n_nodes, n_segments = states.shape[2], out.shape[2]
    for r in range(first, last):
        n = lengths[r]
        for segment in range(n_segments if n > 0 else 0):
            begin = segment * n // n_segments
            end = max((segment + 1) * n // n_segments, begin + 1)
            mean, square = np.zeros(n_nodes), np.zeros(n_nodes)
            top = states[r, begin].copy()
            for step in range(begin, end):
                weight = 1.0 / (step - begin + 1)
                for node in range(n_nodes):
                    x = states[r, step, node]
                    gap = x - mean[node]  # Welford: no cancellation in the variance
                    mean[node] += gap * weight
                    square[node] += gap * (x - mean[node])
                    top[node] = max(top[node], x)
            for k in range(codes.size):
                if codes[k] >= ABOVE:
                    count_above(
                        states[r, begin:end], thresholds[codes[k] - ABOVE], out[r, k, segment]
                    )
            for k in range(codes.size):
                for node in range(n_nodes if codes[k] < ABOVE else 0):
                    if codes[k] == 0:
                        value = mean[node]
                    elif codes[k] == 1:
                        value = states[r, end - 1, node]
                    elif codes[k] == 2:
                        value = top[node]
                    else:
                        value = sqrt(square[node] / (end - begin))
                    out[r, k, segment, node] = value
