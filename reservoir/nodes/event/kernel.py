"""Volatile memristors updated only at events: pure functions over arrays, input already checked.

G <- G exp(-age / tau), and on an event G <- G + p_c (1 - G); between events nothing is computed.
RN-Net, arXiv:2303.10770.
"""

from math import exp, log1p

import numpy as np
from numba import njit

from mottle.kernel_events import FAULT as FAULT
from mottle.kernel_events import faulty, locate
from mottle.reservoir.compiled.blocks import copy
from mottle.reservoir.compiled.functions import INNER, VECTOR, flush, widen
from mottle.reservoir.compiled.functions import exp as fast_exp
from mottle.reservoir.compiled.noise import join, normal

CHUNK = 1024  # events, checked and used while they are in the cache
SPAN = 1 << 19  # events sorted by tile at once
TILE_BITS = 16  # inputs of a tile, which stays in the cache, as a power of two
BLOCK_BITS = 6  # inputs of a block, as a power of two
MANY = 8  # number of tiles from which sorting is faster,
FEW_BLOCKS = 1 << 14  # unless the events of a step touch at most so many blocks


@njit(cache=True, **INNER)
def strength(p_c, noise, key):
    """Return the step of an event, as a fraction of the distance to 1, with relative noise."""
    if noise > 0.0:
        p_c *= 1.0 + noise * normal(key)
    return min(max(p_c, 0.0), 1.0)


@njit(cache=True, **INNER)
def first_from(t, origin, moment, begin):
    """Return the index of the first event, from ``begin``, at ``moment`` s after ``origin`` us."""
    end = t.size
    while begin < end:
        middle = (begin + end) // 2
        if (t[middle] - origin) * 1e-6 < moment:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(**VECTOR, **INNER)
def fade_out(before, frame, first, last, fade, input_):
    """Let nodes ``first`` to ``last`` decay for a step without events; fade (input or 1,)."""
    widen()
    old, new = before[first:last], frame[first:last]
    if fade.size == 1:
        factor = fade[0]
        for i in range(new.size):
            new[i] = flush(old[i] * factor)
    else:
        factors = fade[input_ : input_ + new.size]
        for i in range(new.size):
            new[i] = flush(old[i] * factors[i])


@njit(cache=True, **INNER)
def blocks_of(values, n_inputs):
    """Return for each block of inputs whether a value (device * input,) of it is not 0."""
    busy = np.zeros((n_inputs - 1 >> BLOCK_BITS) + 1, np.bool_)
    for node in range(values.size):
        if values[node] != 0.0:
            busy[node % n_inputs >> BLOCK_BITS] = True
    return busy


@njit(cache=True, **INNER)
def note(touched, busy):
    """Count the blocks touched in a step, which are busy from now on, and clear them."""
    n = 0
    for block in range(touched.size):
        if touched[block]:
            n += 1
            busy[block], touched[block] = True, False
    return n


@njit(cache=True, **INNER)
def fade_busy(before, frame, node, left, right, busy, fade):
    """Let a device's nodes of inputs ``left`` to ``right`` decay, from ``node`` on, if busy."""
    block, end = left >> BLOCK_BITS, (right - 1 >> BLOCK_BITS) + 1
    while block < end:
        begin = block
        while block < end and busy[block]:
            block += 1
        if block > begin:
            first, last = begin << BLOCK_BITS, min(block << BLOCK_BITS, right)
            fade_out(before, frame, node + first, node + last, fade, first)
        block += 1


@njit(cache=True, **INNER)
def read(t, x, y, p, origin, begin, columns, rows, shift, places, moments):
    """Write input index and time since ``origin`` of the events on the sensor, from ``begin``.

    Reads as many events as ``places`` holds. Returns the number on the sensor, or FAULT.
    """
    n, first = places.size, np.uint64(begin)
    outside = locate(t, x, y, p, begin, begin + n, columns, rows, shift, places)
    if outside == FAULT:
        return FAULT
    for k in range(n):
        moments[k] = t[first + np.uint64(k)] - origin
    if outside == 0:
        return n
    kept = 0
    for k in range(n):
        if places[k] >= 0:
            places[kept], moments[kept] = places[k], moments[k]
            kept += 1
    return kept


@njit(cache=True, **INNER)
def sort_by_tile(places, moments, n, ends, sorted_places, sorted_moments):
    """Sort ``n`` events by tile, stably; write the ``ends`` of each tile."""
    ends[:] = 0
    for k in range(n):
        ends[np.uint64(places[k] >> TILE_BITS) + np.uint64(1)] += 1
    for tile in range(1, ends.size):
        ends[tile] += ends[tile - 1]
    for k in range(n):
        own = np.uint64(places[k] >> TILE_BITS)
        at = np.uint64(ends[own])
        sorted_places[at], sorted_moments[at] = places[k], moments[k]
        ends[own] += 1


@njit(**VECTOR, **INNER)
def fade_events(moments, over, tau, decays):
    """Write the decay until ``over`` s of events at ``moments`` in us."""
    widen()
    for k in range(moments.size):
        age = (over - np.float64(moments[k]) * 1e-6) / tau
        decays[k] = fast_exp(-age if age < 690.0 else -690.0)


@njit(cache=True, **INNER)
def apply_same(frame, places, decays, p_c):
    """Apply events to devices with the same tau and p_c; frame (input,)."""
    for k in range(places.size):
        node = np.uint64(places[k])
        frame[node] += p_c * (decays[k] - frame[node])


@njit(cache=True, **INNER)
def apply_events(frame, places, moments, decays, over, tau, p_c, noise, key, first_node):
    """Apply events to the devices of a frame (input,)."""
    if tau.size > 1 or p_c.size > 1 or noise > 0.0:
        apply_each(frame, places, moments, over, tau, p_c, noise, key, first_node)
        return
    for begin in range(0, places.size, CHUNK):
        end = min(begin + CHUNK, places.size)
        fade_events(moments[begin:end], over, tau[0], decays)
        apply_same(frame, places[begin:end], decays, p_c[0])


@njit(cache=True, **INNER)
def apply_each(frame, places, moments, over, tau, p_c, noise, key, first_node):
    """Apply events to devices with individual tau and p_c (input or 1,), with or without noise."""
    for k in range(places.size):
        node = places[k]
        step = p_c[node if p_c.size > 1 else 0]
        if noise > 0.0:
            step = strength(step, noise, join(join(key, first_node + node), moments[k]))
        left = exp((moments[k] * 1e-6 - over) / tau[node if tau.size > 1 else 0])
        frame[node] += step * (left - frame[node])


@njit(cache=True, nogil=True)
def run_events(
    t, x, y, p, origin, columns, rows, shift, state, key, first, dt, tau, p_c, noise, out
):
    """Run one recording: t in us, beginning at ``origin``; x, y, p (event,).

    An event is applied to all devices of input ``rows[y] + columns[x] + shift * p``: node =
    device * inputs + input. tau and p_c (device, input), or (device, 1) where all inputs agree;
    state (1, node) at the end of the previous step; out (step, node) from step ``first``, of
    ``dt`` s each. The states of a step are the previous ones decayed to its end, plus the step of
    each event decayed to the same time. ``out`` holds zeros before: blocks of inputs that had no
    event yet are left out. Returns the numbers of events outside the sensor and after the end,
    FAULT for both if ``faulty``.
    """
    n_devices, n_inputs = tau.shape[0], out.shape[1] // tau.shape[0]
    n_tiles = (n_inputs - 1 >> TILE_BITS) + 1
    ends, span = np.zeros(n_tiles + 1, np.int64), max(min(SPAN, t.size), CHUNK)
    span = span if n_tiles >= MANY else CHUNK
    places, moments = np.empty(span, np.int32), np.empty(span, np.int64)
    by_tile = np.empty_like(places), np.empty_like(moments)
    decays, fade = np.empty(CHUNK), np.exp(-dt / tau)
    begin, outside, before = 0, 0, state[0]
    busy = blocks_of(before, n_inputs)
    touched, n_touched = np.zeros_like(busy), 0
    for step in range(out.shape[0]):
        over, frame, faded = (first + step + 1) * dt, out[step], False
        end = first_from(t, origin, over, begin)
        sorts = n_tiles >= MANY and n_touched > FEW_BLOCKS
        most, tiles = (span, n_tiles) if sorts else (CHUNK, 1)
        where, when = by_tile if sorts else (places, moments)
        while begin < end or not faded:
            n = 0
            while begin < end and n + CHUNK <= most:
                stop = min(begin + CHUNK, end)
                m = n + stop - begin
                found = read(
                    t, x, y, p, origin, begin, columns, rows, shift, places[n:m], moments[n:m]
                )
                if found == FAULT:
                    return FAULT, FAULT
                for k in range(n, n + found):
                    touched[np.uint64(places[k] >> BLOCK_BITS)] = True
                outside += stop - begin - found
                n, begin = n + found, stop
            ends[0] = n
            if sorts:
                sort_by_tile(places, moments, n, ends, *by_tile)
            low = 0
            for tile in range(tiles):
                left, right = tile << TILE_BITS, (tile + 1) << TILE_BITS
                if tile == tiles - 1:
                    right = n_inputs
                for device in range(n_devices):
                    node = device * n_inputs
                    if not faded:
                        fade_busy(before, frame, node, left, right, busy, fade[device])
                    apply_events(
                        frame[node : node + n_inputs], where[low : ends[tile]],
                        when[low : ends[tile]], decays, over, tau[device], p_c[device], noise, key,
                        node,
                    )  # fmt: skip
                low = ends[tile]
            faded = True
        n_touched = note(touched, busy)
        before = frame
    copy(before, state[0])
    if faulty(t, p, begin, t.size):
        return FAULT, FAULT
    late = 0
    for event in range(begin, t.size):
        inside = 0 <= x[event] < columns.size and 0 <= y[event] < rows.size
        late += inside
        outside += not inside
    return outside, late


@njit(cache=True, nogil=True)
def run_counts(begin, end, counts, lengths, state, keys, first, dt, tau, p_c, noise, out):
    """Run recordings ``begin`` to ``end`` of event counts (recording, step, node).

    All events are at the beginning of their step; state (recording, 1, node), out as counts.
    """
    for r in range(begin, end):
        for node in range(counts.shape[2]):
            fade = exp(-dt / tau[node])
            g = state[r, 0, node]
            for step in range(lengths[r]):
                n = abs(counts[r, step, node])
                if n > 0.0:
                    key = keys[r]
                    if noise > 0.0:
                        key = join(join(key, node), first + step)
                    fraction = min(strength(p_c[node], noise, key), 1.0 - 1e-16)
                    g += (1.0 - exp(n * log1p(-fraction))) * (1.0 - g)
                g *= fade
                out[r, step, node] = g
            state[r, 0, node] = g


@njit(cache=True)
def trace(pulses, dt, tau, p_c):
    """Simulate one device; every step in which ``pulses`` is positive begins with an event."""
    states, g = np.empty(pulses.size), 0.0
    for step in range(pulses.size):
        if pulses[step] > 0.0:
            g += p_c * (1.0 - g)
        g *= exp(-dt / tau)
        states[step] = g
    return states
