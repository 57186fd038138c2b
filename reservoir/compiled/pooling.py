"""Statistics of states over segments of time, summed in the order of time."""

from math import sqrt

import numpy as np
from numba import njit

STATISTICS = ("mean", "last", "max", "std")
ABOVE = len(STATISTICS)  # this code and later ones: the fraction of steps above a threshold
MOMENTS = 3  # rows of sums before the counts: mean, sum of squared deviations, maximum


@njit(cache=True, nogil=True)
def gather(states, done, thresholds, sums):
    """Add states (step, node), the first of them number ``done``, to ``sums`` (row, node).

    Rows: `MOMENTS`, then the number of steps above each of ``thresholds`` (threshold, node).
    """
    mean, square, top = sums[0], sums[1], sums[2]
    if done == 0:
        sums[:] = 0.0
        top[:] = states[0]
    for step in range(states.shape[0]):
        weight = 1.0 / (done + step + 1)
        for node in range(mean.size):
            x = states[step, node]
            gap = x - mean[node]  # Welford: no cancellation in the variance
            mean[node] += gap * weight
            square[node] += gap * (x - mean[node])
            top[node] = max(top[node], x)
    for k in range(thresholds.shape[0]):
        above, threshold = sums[MOMENTS + k], thresholds[k]
        for step in range(states.shape[0]):
            for node in range(above.size):
                above[node] += 1.0 if states[step, node] > threshold[node] else 0.0


@njit(cache=True, nogil=True)
def read(sums, n, last, codes, out):
    """Write statistics of ``n`` steps to ``out`` (statistic, node); ``last`` is the last state."""
    for k in range(codes.size):
        for node in range(last.size):
            if codes[k] == 0:
                value = sums[0, node]
            elif codes[k] == 1:
                value = float(last[node])
            elif codes[k] == 2:
                value = sums[2, node]
            elif codes[k] == 3:
                value = sqrt(sums[1, node] / n)
            else:
                value = sums[MOMENTS + codes[k] - ABOVE, node] / n
            out[k, node] = value


@njit(cache=True, nogil=True)
def pool(first, last, states, lengths, codes, thresholds, out):
    """Pool states (recording, step, node) into ``out`` (recording, statistic, segment, node).

    Of recordings ``first`` to ``last``; thresholds (code - ABOVE, node). With fewer steps than
    segments, a step is in several segments; without steps, ``out`` is not changed.
    """
    n_segments = out.shape[2]
    sums = np.empty((MOMENTS + thresholds.shape[0], states.shape[2]))
    for r in range(first, last):
        n = lengths[r]
        for segment in range(n_segments if n > 0 else 0):
            begin = segment * n // n_segments
            end = max((segment + 1) * n // n_segments, begin + 1)
            gather(states[r, begin:end], 0, thresholds, sums)
            read(sums, end - begin, states[r, end - 1], codes, out[r, :, segment])


@njit(cache=True, nogil=True)
def pool_on(states, done, codes, thresholds, sums, out):
    """Pool states that come after ``done`` others, whose ``sums`` (recording, row, node) go on.

    Shapes: states (recording, step, node), out (recording, statistic, node). The sums are those of
    `pool` over all steps, to the byte.
    """
    for r in range(states.shape[0]):
        gather(states[r], done, thresholds, sums[r])
        read(sums[r], done + states.shape[1], states[r, -1], codes, out[r])
