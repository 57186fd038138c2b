"""Events into cells and steps: one pass over the events of one recording."""

from math import exp

import numpy as np
from numba import njit


@njit(cache=True)
def locate(t, x, y, start, duration, n_steps, width, height):
    """Return the step an event falls into, -1 if it is outside the sensor, n_steps if late."""
    if x < 0 or x >= width or y < 0 or y >= height:
        return -1
    # whole microseconds: no rounding can move an event across the edge of a step
    return min((t - start) * n_steps // duration, n_steps)


@njit(cache=True)
def count(t, x, y, p, start, duration, n_steps, cell, size, n_polarities, signed):
    """Count the events of every cell, polarity and step.

    Shapes: t, x, y, p (event,) int64; times in microseconds; ``size`` is (width, height) in pixels.
    Returns the counts (step, input) with input = (row * n_columns + column) * n_polarities + p,
    the number of events outside the sensor and the number of late ones.
    """
    width, height = size
    n_columns, n_rows = -(-width // cell), -(-height // cell)
    counts = np.zeros((n_steps, n_rows * n_columns * n_polarities))
    outside, late = 0, 0
    for event in range(t.size):
        step = locate(t[event], x[event], y[event], start, duration, n_steps, width, height)
        if step < 0:
            outside += 1
        elif step == n_steps:
            late += 1
        else:
            place = (y[event] // cell) * n_columns + x[event] // cell
            if n_polarities == 2:
                counts[step, 2 * place + p[event]] += 1.0
            else:
                counts[step, place] += 2.0 * p[event] - 1.0 if signed else 1.0
    return counts, outside, late


@njit(cache=True)
def surface(t, x, y, p, start, duration, n_steps, cell, size, n_polarities, signed, tau):
    """Sample the decaying time surface at the end of every step; as ``count`` otherwise.

    ``tau`` is in microseconds. Events must be in order of time.
    """
    width, height = size
    n_columns, n_rows = -(-width // cell), -(-height // cell)
    n_inputs = n_rows * n_columns * n_polarities
    values = np.zeros((n_steps, n_inputs))
    last = np.zeros(n_inputs, dtype=np.int64)  # time of the last event, from the start
    sign = np.zeros(n_inputs)  # 0 until the first event
    outside, late, event = 0, 0, 0
    for step in range(n_steps):
        while event < t.size:
            at = locate(t[event], x[event], y[event], start, duration, n_steps, width, height)
            if at > step:
                break
            if at < 0:
                outside += 1
            else:
                place = (y[event] // cell) * n_columns + x[event] // cell
                if n_polarities == 2:
                    place = 2 * place + p[event]
                last[place] = t[event] - start
                sign[place] = 2.0 * p[event] - 1.0 if signed else 1.0
            event += 1
        end = (step + 1) * duration / n_steps
        for place in range(n_inputs):
            if sign[place] != 0.0:
                values[step, place] = sign[place] * exp((last[place] - end) / tau)
    for rest in range(event, t.size):
        if locate(t[rest], x[rest], y[rest], start, duration, n_steps, width, height) < 0:
            outside += 1
        else:
            late += 1
    return values, outside, late
