"""Check of event streams that kernels share; takes input that has not been checked."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def faulty(t, p, begin, end):
    """Return whether time decreases in events ``begin`` to ``end``, or a polarity is not 0 or 1."""
    if begin >= end:
        return False
    before = t[begin - 1 if begin > 0 else begin]
    back, wrong = False, np.int64(0)
    for event in range(np.uint64(begin), np.uint64(end)):  # unsigned: no test for negative indices
        now = t[event]
        back |= now < before
        wrong |= np.int64(p[event]) >> 1  # also of negative ones, not 0
        before = now
    return back or wrong != 0
