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

from mottle.kernel_events import FAULT as FAULT
from mottle.kernel_events import faulty, locate

CHUNK = 1024  # events
FULL = -2  # a count is larger than the drive's type holds
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
def add(places, p, amounts, counts, busy):
    """Count events at ``places``, -1 for none, and mark their blocks."""
    amount = amounts[0]
    if amount == amounts[1]:
        for k in range(np.uint64(places.size)):
            if places[k] >= 0:
                place = np.uint64(places[k])
                counts[place] += amount
                busy[place >> np.uint64(BLOCK)] = True
    else:
        for k in range(np.uint64(places.size)):
            if places[k] >= 0:
                place = np.uint64(places[k])
                counts[place] += amounts[np.uint64(p[k])]
                busy[place >> np.uint64(BLOCK)] = True


@njit(cache=True, nogil=True, error_model="numpy")
def squeeze(counts, busy, power, scale, most, frame):
    """Write n, sqrt(n), log(1 + n) or Anscombe's root over the scale; clear counts and ``busy``.

    Returns False, with work left undone, at a count to be written as it is that is above ``most``.
    """
    largest = 0
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
        elif scale != 1.0:
            for i in range(begin, end):
                frame[i] = np.float64(counts[i]) / scale
        else:
            for i in range(begin, end):
                largest = max(largest, abs(counts[i]))
            if largest > most:
                return False
            for i in range(begin, end):
                frame[i] = counts[i]
        for i in range(begin, end):
            counts[i] = 0
    return True


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
    t, x, y, p, start, duration, n_steps, first, columns, rows, shift, amounts, power, scale, most,
    drive
):  # fmt: skip
    """Count the events of every step and input into ``drive`` (step, input).

    Times in microseconds; ``amounts`` is what an off and an on event count, ``most`` the largest
    plain count that the drive holds. Returns the number of events outside the sensor and the
    number of late ones; for both FAULT if ``faulty``, FULL if a count is above ``most``.
    """
    begin, outside, places = 0, 0, np.empty(CHUNK, np.int32)
    counts = np.zeros(drive.shape[1], np.int32)  # of one step: half the size, and in a cache
    busy = np.zeros((counts.size - 1 >> BLOCK) + 1, np.bool_)
    for k in range(drive.shape[0]):
        end = first_from(t, end_of_step(first + k, start, duration, n_steps), begin)
        while begin < end:
            stop = min(begin + CHUNK, end)
            missed = locate(t, x, y, p, begin, stop, columns, rows, shift, places)
            if missed == FAULT:
                return FAULT, FAULT
            add(places[: stop - begin], p[begin:stop], amounts, counts, busy)
            begin, outside = stop, outside + missed
        if not squeeze(counts, busy, power, scale, most, drive[k]):
            return FULL, FULL
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
    begin, outside, places = 0, 0, np.empty(CHUNK, np.int32)
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
            missed = locate(t, x, y, p, begin, stop, columns, rows, shift, places)
            if missed == FAULT:
                return FAULT, FAULT
            for event in range(np.uint64(begin), np.uint64(stop)):
                at = places[event - np.uint64(begin)]
                moment = t[event] - start
                if moment >> bits != span:
                    span = moment >> bits
                    left = exp(((span << bits) - over) / tau)
                if at >= 0:
                    place, factor = np.uint64(at), factors[np.uint64(moment - (span << bits))]
                    frame[place] = left * factor * amounts[np.uint64(p[event])]
                    busy[place >> np.uint64(BLOCK)] = True
            begin, outside = stop, outside + missed
        before = frame
    return after_the_end(t, x, y, p, begin, outside, columns.size, rows.size)


@njit(cache=True, nogil=True)
def latency(
    t, x, y, p, start, duration, n_steps, first, columns, rows, shift, amounts, drive
):  # fmt: skip
    """Write for every step and input how early the first event came; as ``count`` otherwise.

    1 for an event at the beginning of a step, towards 0 at its end, 0 without an event.
    """
    begin, outside, places = 0, 0, np.empty(CHUNK, np.int32)
    length = duration / n_steps
    for k in range(drive.shape[0]):
        frame = drive[k]
        end = first_from(t, end_of_step(first + k, start, duration, n_steps), begin)
        over = (first + k + 1) * length  # since the start: epochs leave a float no microsecond
        while begin < end:
            stop = min(begin + CHUNK, end)
            missed = locate(t, x, y, p, begin, stop, columns, rows, shift, places)
            if missed == FAULT:
                return FAULT, FAULT
            for event in range(np.uint64(begin), np.uint64(stop)):
                at = places[event - np.uint64(begin)]
                if at >= 0 and frame[np.uint64(at)] == 0.0:
                    value = min(1.0, (over - (t[event] - start)) / length)
                    frame[np.uint64(at)] = value * amounts[np.uint64(p[event])]
            begin, outside = stop, outside + missed
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
