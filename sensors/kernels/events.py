"""Events into cells and steps: one pass over the events of one recording, in order of time.

``columns`` (width,) and ``rows`` (height,) are the inputs that a pixel's column and row lead to: an
event at (x, y) goes to input ``rows[y] + columns[x] + shift * p``. Events are checked just before
they are used, chunk by chunk, while they are in the cache.

A recording of ``duration`` us has ``n_steps`` steps; ``drive`` (step, input) takes those from
``first`` on, so that a recording can be encoded whole or some steps at a time. It holds zeros
before: blocks of inputs without events are left out.
"""

from math import copysign, exp, log1p, sqrt

import numpy as np
from numba import njit

from mottle.kernel_events import faulty

CHUNK = 1024  # events
FAULT = -1
BLOCK = 6  # inputs of a block, as a power of two
BITS = 10  # 2 ** 10 us: exponentials are taken once in so long, then from a table


@njit(cache=True, nogil=True)
def end_of_step(step, start, duration, n_steps):
    """First whole microsecond after a step: no rounding can move an event across the edge."""
    return start - (-(step + 1) * duration) // n_steps


@njit(cache=True, nogil=True)
def first_from(t, moment, begin):
    """Return the first event at ``moment`` or later, by bisection from event ``begin`` on."""
    end = t.size
    while begin < end:
        middle = (begin + end) // 2
        if t[middle] < moment:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True, nogil=True)
def whole(number):
    """Bring a pixel to an unsigned number: a negative one lies beyond every sensor."""
    return np.uint64(np.int64(number))


@njit(cache=True, nogil=True, error_model="numpy")
def squeeze(counts, busy, power, scale, frame):
    """Write n, sqrt(n), log(1 + n) or Anscombe's root over the scale; clear counts and ``busy``."""
    for block in range(busy.size):
        if not busy[block]:
            continue
        busy[block] = False
        begin, end = np.uint64(block << BLOCK), np.uint64(min(block + 1 << BLOCK, frame.size))
        if power == 1:
            for i in range(begin, end):
                n = np.float64(counts[i])
                frame[i] = copysign(sqrt(abs(n)), n) / scale
        elif power == 2:
            for i in range(begin, end):
                n = np.float64(counts[i])
                frame[i] = copysign(log1p(abs(n)), n) / scale if n != 0.0 else 0.0
        elif power == 3:
            for i in range(begin, end):
                n = np.float64(counts[i])
                frame[i] = copysign(2.0 * (sqrt(abs(n) + 0.375) - sqrt(0.375)), n) / scale
        else:
            for i in range(begin, end):
                frame[i] = np.float64(counts[i]) / scale
        for i in range(begin, end):
            counts[i] = 0


@njit(cache=True, nogil=True)
def blocks_of(values):
    """Return for each block of inputs whether one of its values is not 0."""
    busy = np.zeros((values.size - 1 >> BLOCK) + 1, np.bool_)
    for i in range(values.size):
        if values[i] != 0.0:
            busy[i >> BLOCK] = True
    return busy


@njit(cache=True, nogil=True)
def count(
    t, x, y, p, start, duration, n_steps, first, columns, rows, shift, amounts, power, scale, drive
):  # fmt: skip
    """Count the events of every step and input into ``drive`` (step, input).

    Times in microseconds; ``amounts`` is what an off and an on event count. Returns the number of
    events outside the sensor and the number of late ones; FAULT for both if ``faulty``.
    """
    begin, outside = 0, 0
    width, height = np.uint64(columns.size), np.uint64(rows.size)
    counts = np.zeros(drive.shape[1], np.int32)  # of one step: half the size, and in a cache
    busy = np.zeros((counts.size - 1 >> BLOCK) + 1, np.bool_)
    for k in range(drive.shape[0]):
        end = first_from(t, end_of_step(first + k, start, duration, n_steps), begin)
        while begin < end:
            stop = min(begin + CHUNK, end)
            if faulty(t, p, begin, stop):
                return FAULT, FAULT
            for event in range(np.uint64(begin), np.uint64(stop)):
                column, row, polarity = whole(x[event]), whole(y[event]), np.uint64(p[event])
                if column < width and row < height:
                    place = np.uint64(rows[row] + columns[column] + shift * np.int64(polarity))
                    counts[place] += amounts[polarity]
                    busy[place >> np.uint64(BLOCK)] = True
                else:
                    outside += 1
            begin = stop
        squeeze(counts, busy, power, scale, drive[k])
    return after_the_end(t, x, y, p, begin, outside, columns.size, rows.size)


@njit(cache=True, nogil=True)
def decay(before, busy, fade, frame):
    """Write values times ``fade`` to the busy blocks of a frame; denormal numbers, slow, as 0."""
    for block in range(busy.size):
        if not busy[block]:
            continue
        begin, end = np.uint64(block << BLOCK), np.uint64(min(block + 1 << BLOCK, frame.size))
        for i in range(begin, end):
            value = before[i] * fade
            frame[i] = value if abs(value) > 1e-30 else 0.0


@njit(cache=True, nogil=True)
def surface(
    t, x, y, p, start, duration, n_steps, first, columns, rows, shift, amounts, tau, before, drive
):  # fmt: skip
    """Write the decaying time surface at the end of every step; as ``count`` otherwise.

    ``tau`` is in microseconds, ``amounts`` the sign of an off and an on event, ``before`` (input,)
    the surface at the end of the step before ``first``. A step begins with the surface before it,
    decayed; an event then sets its input to what is left of it at the step's end.
    """
    begin, outside = 0, 0
    width, height = np.uint64(columns.size), np.uint64(rows.size)
    fade = exp(-duration / n_steps / tau)
    bits = BITS if tau > 4.0 else 0  # so that no factor leaves the range of numbers
    factors = np.exp(np.arange(1 << bits) / tau)
    busy = blocks_of(before)
    for k in range(drive.shape[0]):
        step, frame = first + k, drive[k]
        end = first_from(t, end_of_step(step, start, duration, n_steps), begin)
        decay(before, busy, fade, frame)
        span, left, over = np.int64(-1), 0.0, (step + 1) * duration / n_steps
        while begin < end:
            stop = min(begin + CHUNK, end)
            if faulty(t, p, begin, stop):
                return FAULT, FAULT
            for event in range(np.uint64(begin), np.uint64(stop)):
                moment = t[event] - start
                if moment >> bits != span:
                    span = moment >> bits
                    left = exp(((span << bits) - over) / tau)
                column, row, polarity = whole(x[event]), whole(y[event]), np.uint64(p[event])
                if column < width and row < height:
                    place = np.uint64(rows[row] + columns[column] + shift * np.int64(polarity))
                    factor = factors[np.uint64(moment - (span << bits))]
                    frame[place] = left * factor * amounts[polarity]
                    busy[place >> np.uint64(BLOCK)] = True
                else:
                    outside += 1
            begin = stop
        before = frame
    return after_the_end(t, x, y, p, begin, outside, columns.size, rows.size)


@njit(cache=True, nogil=True)
def latency(
    t, x, y, p, start, duration, n_steps, first, columns, rows, shift, amounts, drive
):  # fmt: skip
    """Write for every step and input how early the first event came; as ``count`` otherwise.

    1 for an event at the beginning of a step, towards 0 at its end, 0 without an event.
    """
    begin, outside = 0, 0
    width, height = np.uint64(columns.size), np.uint64(rows.size)
    length = duration / n_steps
    for k in range(drive.shape[0]):
        frame = drive[k]
        end = first_from(t, end_of_step(first + k, start, duration, n_steps), begin)
        over = start + (first + k + 1) * length
        while begin < end:
            stop = min(begin + CHUNK, end)
            if faulty(t, p, begin, stop):
                return FAULT, FAULT
            for event in range(np.uint64(begin), np.uint64(stop)):
                column, row, polarity = whole(x[event]), whole(y[event]), np.uint64(p[event])
                if column < width and row < height:
                    place = np.uint64(rows[row] + columns[column] + shift * np.int64(polarity))
                    if frame[place] == 0.0:
                        frame[place] = min(1.0, (over - t[event]) / length) * amounts[polarity]
                else:
                    outside += 1
            begin = stop
    return after_the_end(t, x, y, p, begin, outside, columns.size, rows.size)


@njit(cache=True, nogil=True)
def after_the_end(t, x, y, p, begin, outside, width, height):
    """Count the late events from ``begin`` on, and add those outside the sensor."""
    if faulty(t, p, begin, t.size):
        return FAULT, FAULT
    n_late = 0
    for event in range(begin, t.size):
        inside = 0 <= x[event] < width and 0 <= y[event] < height
        n_late += inside
        outside += not inside
    return outside, n_late
