"""Leaky derivative of sampled channels."""

from math import exp

import numpy as np
from numba import njit


@njit(cache=True)
def leaky_rate(values, time, tau, now, mean, latest):
    """Time derivative of the leaky mean of every channel, per second; causal.

    Shapes: values (row, channel), time (row,) in second, ``tau`` > 0 in second. ``now`` is the time
    of the row before, ``mean`` and ``latest`` (channel,) the leaky mean and the rate there; both go
    on in place. Where time stands still the rate is kept.
    """
    rate = np.zeros_like(values)
    for channel in range(values.shape[1]):
        before = now
        for row in range(values.shape[0]):
            dt = time[row] - before
            before = time[row]
            if dt > 0.0:
                fraction = 1.0 - exp(-dt / tau)  # exact for a value held over dt
                step = fraction * (values[row, channel] - mean[channel])
                mean[channel] += step
                latest[channel] = step / dt
            rate[row, channel] = latest[channel]
    return rate
