"""Send-on-delta: spikes where a channel has moved by a threshold."""

import numpy as np
from numba import njit


@njit(cache=True)
def crossings(values, threshold, start, level):
    """Count the upward and downward threshold crossings at every row.

    Shapes: values (row, channel), threshold (channel,) > 0, start and level (channel,). Returns
    (row, 2 * channel): up and down of the first channel, then of the second. The reference is
    ``start`` plus ``level`` thresholds; ``level`` goes on in place and moves by whole thresholds
    only, so what is left over is never lost.
    """
    spikes = np.zeros((values.shape[0], 2 * values.shape[1]))
    for channel in range(values.shape[1]):
        for row in range(values.shape[0]):
            moved = (values[row, channel] - start[channel]) / threshold[channel] - level[channel]
            whole = np.floor(abs(moved))
            if moved > 0.0:
                spikes[row, 2 * channel] = whole
                level[channel] += whole  # in thresholds above the start: stays exact
            else:
                spikes[row, 2 * channel + 1] = whole
                level[channel] -= whole
    return spikes
