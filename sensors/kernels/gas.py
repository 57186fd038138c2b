"""Leaky derivative of sampled channels."""

from math import exp

import numpy as np
from numba import njit


@njit(cache=True)
def leaky_rate(values, time, tau):
    """Time derivative of the leaky mean of every channel, per second; causal.

    Shapes: values (row, channel), time (row,) in second, ``tau`` > 0 in second. The leaky mean
    starts at the first row. Where time stands still the rate is kept.
    """
    rate = np.zeros_like(values)
    for channel in range(values.shape[1]):
        mean = values[0, channel]
        for row in range(1, values.shape[0]):
            dt = time[row] - time[row - 1]
            if dt > 0.0:
                share = 1.0 - exp(-dt / tau)  # exact for a value held over dt
                step = share * (values[row, channel] - mean)
                mean += step
                rate[row, channel] = step / dt
            else:
                rate[row, channel] = rate[row - 1, channel]
    return rate
