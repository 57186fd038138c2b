"""Check of event streams that kernels share; takes input that has not been checked."""

from numba import njit


@njit(cache=True, nogil=True)
def faulty(t, p, begin, end):
    """Return whether time decreases in events ``begin`` to ``end``, or a polarity is not 0 or 1."""
    fault = begin > 0 and begin < end and t[begin] < t[begin - 1]
    if begin < end:
        fault |= (p[begin] < 0) | (p[begin] > 1)
    for event in range(begin + 1, end):
        fault |= (t[event] < t[event - 1]) | (p[event] < 0) | (p[event] > 1)
    return fault
