"""Send-on-delta: a channel speaks when it has moved by one threshold."""

import numpy as np
from numba import njit


@njit(cache=True)
def crossings(values, threshold):
    """Count the upward and downward threshold crossings at every row.

    Shapes: values (row, channel), threshold (channel,) > 0. Returns (row, 2 * channel): up and
    down of the first channel, then of the second. The reference starts at the first row and moves
    by whole thresholds only, so what is left over is never lost.
    """
    spikes = np.zeros((values.shape[0], 2 * values.shape[1]))
    for channel in range(values.shape[1]):
        start, level = values[0, channel], 0.0  # level in thresholds above the start: stays exact
        for row in range(1, values.shape[0]):
            moved = (values[row, channel] - start) / threshold[channel] - level
            whole = np.floor(abs(moved))
            if moved > 0.0:
                spikes[row, 2 * channel] = whole
                level += whole
            else:
                spikes[row, 2 * channel + 1] = whole
                level -= whole
    return spikes
