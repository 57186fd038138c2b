"""Words of event files to events: pure functions over arrays.

Each decoder carries a small ``state`` from one chunk to the next and fills the arrays ``t`` (us),
``x``, ``y`` and ``p`` (n,); it returns how many events it wrote and how many words it used.
"""

import numpy as np
from numba import njit

HIGH, EPOCH, LOW, NOW, ROW, BASE, ON, KNOWN, CLAMPED, UNTIMED = range(10)  # of a state
N_STATE = 10
LATE = 1 << 18  # us, up to which a time from before a clock's wrap may come behind it


@njit(cache=True)
def evt2(words, state, t, x, y, p):
    """Prophesee EVT 2.0: 32-bit words; the high bits of the time come in words of their own."""
    n = 0
    for k in range(words.size):
        word = np.int64(words[k])
        kind = word >> 28
        if kind <= 1:
            if state[KNOWN] == 0:
                state[UNTIMED] += 1
                continue
            t[n] = (state[EPOCH] + state[HIGH]) << 6 | (word >> 22) & 0x3F
            x[n], y[n], p[n] = (word >> 11) & 0x7FF, word & 0x7FF, kind
            n += 1
        elif kind == 8:
            high = word & 0xFFFFFFF
            if state[KNOWN] and high + (1 << 27) < state[HIGH]:
                state[EPOCH] += 1 << 28  # the 34-bit clock wrapped
            elif state[EPOCH] and high - state[HIGH] > (1 << 28) - (LATE >> 6):
                state[EPOCH] -= 1 << 28  # a late time, from before that
            state[HIGH], state[KNOWN] = high, 1
    return n, words.size


@njit(cache=True)
def evt21(words, state, t, x, y, p):
    """Prophesee EVT 2.1: 64-bit words, the kind in the highest bits; 32 pixels of a row in one.

    The lower half holds a pixel a bit; the upper half is a word of EVT 2.0.
    """
    n, used = 0, 0
    for k in range(words.size):
        if n + 32 > t.size:
            break
        used += 1
        high, pixels = np.int64(words[k] >> 32), np.int64(words[k] & 0xFFFFFFFF)
        kind = high >> 28
        if kind <= 1:
            if state[KNOWN] == 0:
                for bit in range(32):
                    state[UNTIMED] += pixels >> bit & 1
                continue
            time = (state[EPOCH] + state[HIGH]) << 6 | (high >> 22) & 0x3F
            column, row = (high >> 11) & 0x7FF, high & 0x7FF
            for bit in range(32):
                if pixels >> bit & 1:
                    t[n], x[n], y[n], p[n] = time, column + bit, row, kind
                    n += 1
        elif kind == 8:
            high &= 0xFFFFFFF
            if state[KNOWN] and high + (1 << 27) < state[HIGH]:
                state[EPOCH] += 1 << 28  # the 34-bit clock wrapped
            elif state[EPOCH] and high - state[HIGH] > (1 << 28) - (LATE >> 6):
                state[EPOCH] -= 1 << 28  # a late time, from before that
            state[HIGH], state[KNOWN] = high, 1
    return n, used


@njit(cache=True)
def evt3(words, state, t, x, y, p):
    """Prophesee EVT 3.0: 16-bit words that change row, time or column; vectors of 12 or 8 pixels.

    Times that step back by less than half the clock's range are held: they are jitter of the low
    word, no wrap.
    """
    n, used = 0, 0
    for k in range(words.size):
        word = np.int64(words[k])
        if n + 12 > t.size:
            break
        used += 1
        kind, value = word >> 12, word & 0xFFF
        if kind == 0x0:
            state[ROW] = value & 0x7FF
        elif kind == 0x2 or kind == 0x4 or kind == 0x5:
            if state[KNOWN] == 0:
                state[UNTIMED] += 1
                if kind != 0x2:
                    state[BASE] += 12 if kind == 0x4 else 8
                continue
            if kind == 0x2:
                t[n], x[n], y[n], p[n] = state[NOW], value & 0x7FF, state[ROW], value >> 11
                n += 1
                continue
            for bit in range(12 if kind == 0x4 else 8):
                if value >> bit & 1:
                    t[n], x[n], y[n], p[n] = state[NOW], state[BASE] + bit, state[ROW], state[ON]
                    n += 1
            state[BASE] += 12 if kind == 0x4 else 8
        elif kind == 0x3:
            state[BASE], state[ON] = value & 0x7FF, value >> 11
        elif kind == 0x6 or kind == 0x8:
            if kind == 0x8:
                if state[KNOWN] and value + 2048 < state[HIGH]:
                    state[EPOCH] += 1 << 24  # the 24-bit clock wrapped
                elif state[EPOCH] and value - state[HIGH] > 4096 - (LATE >> 12):
                    state[EPOCH] -= 1 << 24  # a late time, from before that
                if value != state[HIGH]:
                    state[LOW] = 0
                state[HIGH], state[KNOWN] = value, 1
            else:
                state[LOW] = value
            if state[KNOWN]:
                time = state[EPOCH] + (state[HIGH] << 12 | state[LOW])
                if time < state[NOW]:
                    state[CLAMPED] += 1
                state[NOW] = max(time, state[NOW])
    return n, used


@njit(cache=True)
def event_stream(data, state, t, x, y, p, kind):
    """Event Stream of DVS (1) or ATIS (2) cameras: bytes, time as difference to the event before.

    Threshold crossings of ATIS, which are exposure measurements, are left out.
    """
    n, at = 0, 0
    bits = 1 if kind == 1 else 2  # flags below the time difference
    most = 127 if kind == 1 else 63
    while at < data.size and n < t.size:
        first = np.int64(data[at])
        if first >> bits == most:
            state[NOW] += most * (first & ((1 << bits) - 1)) if kind == 2 else most
            at += 1
            continue
        if at + 5 > data.size:
            break
        state[NOW] += first >> bits
        exposure = kind == 2 and first & 1
        if not exposure:
            t[n] = state[NOW]
            x[n] = np.int64(data[at + 1]) | np.int64(data[at + 2]) << 8
            y[n] = np.int64(data[at + 3]) | np.int64(data[at + 4]) << 8
            p[n] = first >> (bits - 1) & 1
            n += 1
        at += 5
    return n, at


@njit(cache=True)
def nmnist(words, state, t, x, y, p):
    """N-MNIST: rows of five bytes, x, y, polarity and 23 bits of time; row 240 is no pixel.

    All times behind such a row are 2^13 us later still.
    """
    n = 0
    for k in range(words.shape[0]):
        if words[k, 1] == 240:
            state[EPOCH] += 1 << 13
            continue
        high = np.int64(words[k, 2])
        time = (high & 0x7F) << 16 | np.int64(words[k, 3]) << 8 | np.int64(words[k, 4])
        t[n] = time + state[EPOCH]
        x[n], y[n], p[n] = words[k, 0], words[k, 1], high >> 7
        n += 1
    return n, words.shape[0]


@njit(cache=True)
def unwrap(t, state, bits):
    """Unwrap a clock of ``bits`` bits in place; times (event,) in us."""
    span, half = 1 << bits, 1 << (bits - 1)
    for k in range(t.size):
        if state[KNOWN] and t[k] + half < state[HIGH]:
            state[EPOCH] += span
        elif state[EPOCH] and t[k] - state[HIGH] > span - LATE:
            t[k] += state[EPOCH] - span  # a late time, from before the wrap
            continue
        state[HIGH], state[KNOWN] = t[k], 1
        t[k] += state[EPOCH]


@njit(cache=True)
def faults(t, x, y, p, width, height, now):
    """Count events outside the sensor and times before the latest one, ``now`` at first.

    Returns both numbers, the first event of each kind (or -1) and the latest time.
    """
    outside, back, first_outside, first_back = 0, 0, -1, -1
    for k in range(t.size):
        if x[k] < 0 or y[k] < 0 or x[k] >= width or y[k] >= height or p[k] > 1 or p[k] < 0:
            if outside == 0:
                first_outside = k
            outside += 1
            continue
        if t[k] < now:
            if back == 0:
                first_back = k
            back += 1
        else:
            now = t[k]
    return outside, first_outside, back, first_back, now
