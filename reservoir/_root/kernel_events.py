"""Reading of event streams that kernels share; takes input that has not been checked."""

import numpy as np
from numba import njit

FAULT = -1


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


@njit(cache=True, nogil=True)
def whole(number):
    """Bring a pixel to an unsigned number: a negative one lies beyond every sensor."""
    return np.uint64(np.int64(number))


@njit(cache=True, nogil=True)
def locate(t, x, y, p, begin, end, columns, rows, shift, places):
    """Write the inputs of events ``begin`` to ``end`` to ``places``, -1 outside the sensor.

    An event at (x, y) goes to input ``rows[y] + columns[x] + shift * p``. Returns the number of
    events outside, or FAULT if ``faulty``. There is no branch in the loop: which events lie on the
    sensor cannot be predicted.
    """
    if begin >= end:
        return 0
    width, height = np.uint64(columns.size), np.uint64(rows.size)
    before = t[begin - 1 if begin > 0 else begin]
    wrong, outside = np.int64(0), 0
    for k in range(np.uint64(end - begin)):
        event = np.uint64(begin) + k
        now, polarity = t[event], np.int64(p[event])
        wrong |= np.int64(now < before) | (polarity >> 1)
        before = now
        column, row = whole(x[event]), whole(y[event])
        inside = (column < width) & (row < height)
        place = rows[row if inside else np.uint64(0)] + columns[column if inside else np.uint64(0)]
        places[k] = place + shift * polarity if inside else -1
        outside += 0 if inside else 1
    return outside if wrong == 0 else FAULT
