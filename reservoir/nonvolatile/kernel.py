"""Crossbars with wires: pure functions over arrays, SI units, input already checked.

A cell connects its word line (row, driven on the left) to its bit line (column, sensed at the
bottom). Each line is a ladder of equal segments, with the driver at the end of the first. Given the
voltages of the other set of lines, those of a line are the solution of a tridiagonal system.
Conjugate gradients on the word lines, with these systems as preconditioner, converge in a few
steps; nonlinear cells need Newton's method around them. A line without resistance (wire conductance
inf) is one node.
"""

from math import asinh, exp, hypot, inf, log
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy

NO_SELECTOR, SINH, THRESHOLD = 0, 1, 2
MOST_STEPS = 600  # conjugate gradients in one solve
MOST_NEWTON = 60
STEP = 1e-10  # Newton's method ends below this change of voltages, relative to the largest


class Cell(NamedTuple):
    """Constants of every cell besides the conductance of its memristor."""

    r_series: float = 0.0  # ohm, the transistor
    v_sinh: float = inf  # V: memristor with I = G v_sinh sinh(V / v_sinh); inf: linear
    selector: int = NO_SELECTOR
    i_0: float = 0.0  # A, of I = i_0 sinh(V / v_0)
    v_0: float = 0.0  # V
    r_on: float = 0.0  # ohm, of a threshold selector
    r_off: float = 0.0  # ohm
    v_threshold: float = 0.0  # V across the cell
    v_width: float = 1.0  # V


class Lines(NamedTuple):
    """A crossbar's wires, and which lines have a driver at their end."""

    g_word: float  # S per segment
    g_bit: float  # S
    word_driven: np.ndarray  # (row,) of bool; the others float
    bit_driven: np.ndarray  # (column,) of bool


@njit(cache=True)
def drop(i, g, r, cell):
    """Return the voltage over a cell that carries ``i`` A, and its slope in ohm."""
    v, slope = i * r, r
    if cell.v_sinh == inf:
        v += i / g
        slope += 1.0 / g
    else:
        scale = g * cell.v_sinh
        v += cell.v_sinh * asinh(i / scale)
        slope += cell.v_sinh / hypot(i, scale)
    if cell.selector == SINH:
        v += cell.v_0 * asinh(i / cell.i_0)
        slope += cell.v_0 / hypot(i, cell.i_0)
    return v, slope


@njit(cache=True)
def respond(u, g, cell):
    """Return the current in A of one cell under ``u`` V, and its slope in S."""
    if g == 0.0:
        return 0.0, 0.0
    v, r, fall = abs(u), cell.r_series, 0.0
    if cell.selector == THRESHOLD:  # the logarithm of the resistance falls as a logistic
        span = log(cell.r_off / cell.r_on)
        logistic = 1.0 / (1.0 + exp(min((v - cell.v_threshold) / cell.v_width, 700.0)))
        r_selector = cell.r_on * exp(span * logistic)
        fall = r_selector * span * logistic * (1.0 - logistic) / cell.v_width
        r += r_selector
    if cell.v_sinh == inf and cell.selector != SINH:
        r += 1.0 / g
        return u / r, (1.0 + v / r * fall) / r
    i = 0.0
    v_drop, slope = drop(0.0, g, r, cell)
    for _ in range(100):  # drop() is concave: Newton's method approaches the root from below
        step = (v - v_drop) / slope
        if step <= 1e-15 * i:
            break
        i += step
        v_drop, slope = drop(i, g, r, cell)
    return i if u > 0.0 else -i, (1.0 + i * fall) / slope


@njit(cache=True)
def cells(u, g, cell):
    """Return currents (row, column) in A under voltages ``u``, and slopes in S."""
    current, slope = np.empty_like(u), np.empty_like(u)
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            current[i, j], slope[i, j] = respond(u[i, j], g[i, j], cell)
    return current, slope


@njit(cache=True)
def factor_words(slope, g_wire, driven):
    """Return inverse pivots of the word lines; sums of positive terms, without cancellation."""
    inverse = np.empty_like(slope)
    last = slope.shape[1] - 1
    for i in range(slope.shape[0]):
        if g_wire == inf:
            inverse[i] = 0.0 if driven[i] else 1.0 / slope[i].sum()
            continue
        rest = g_wire if driven[i] else 0.0
        for j in range(last):
            rest += slope[i, j]
            inverse[i, j] = 1.0 / (g_wire + rest)
            rest *= g_wire * inverse[i, j]
        inverse[i, last] = 1.0 / (rest + slope[i, last])
    return inverse


@njit(cache=True)
def factor_bits(slope, g_wire, driven):
    """Return inverse pivots of the bit lines, from the top down."""
    inverse = np.empty_like(slope)
    last = slope.shape[0] - 1
    for j in range(slope.shape[1]):
        if g_wire == inf:
            inverse[:, j] = 0.0 if driven[j] else 1.0 / slope[:, j].sum()
            continue
        rest = 0.0
        for i in range(last):
            rest += slope[i, j]
            inverse[i, j] = 1.0 / (g_wire + rest)
            rest *= g_wire * inverse[i, j]
        rest += slope[last, j] + (g_wire if driven[j] else 0.0)
        inverse[last, j] = 1.0 / rest
    return inverse


@njit(cache=True)
def solve_words(rhs, inverse, g_wire, out):
    """Write the voltages of word lines for currents ``rhs`` into their nodes to ``out``."""
    rows, columns = rhs.shape
    for i in range(rows):
        if g_wire == inf:
            out[i] = rhs[i].sum() * inverse[i, 0]
            continue
        out[i, 0] = rhs[i, 0]
        for j in range(1, columns):
            out[i, j] = rhs[i, j] + g_wire * inverse[i, j - 1] * out[i, j - 1]
        out[i, columns - 1] *= inverse[i, columns - 1]
        for j in range(columns - 2, -1, -1):
            out[i, j] = inverse[i, j] * out[i, j] + g_wire * inverse[i, j] * out[i, j + 1]


@njit(cache=True)
def solve_bits(rhs, inverse, g_wire, out):
    """Write the voltages of bit lines for currents ``rhs`` into their nodes to ``out``."""
    rows, columns = rhs.shape
    if g_wire == inf:
        for j in range(columns):
            out[:, j] = rhs[:, j].sum() * inverse[0, j]
        return
    copy(rhs[0], out[0])
    for i in range(1, rows):
        for j in range(columns):
            out[i, j] = rhs[i, j] + g_wire * inverse[i - 1, j] * out[i - 1, j]
    for j in range(columns):
        out[rows - 1, j] *= inverse[rows - 1, j]
    for i in range(rows - 2, -1, -1):
        for j in range(columns):
            out[i, j] = inverse[i, j] * (out[i, j] + g_wire * out[i + 1, j])


@njit(cache=True)
def dot(a, b):
    """Return the sum of the products of all elements."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * b[i, j]
    return total


@njit(cache=True)
def add(x, factor, y, out):
    """Write x + factor y into ``out``, which may be either of them."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] + factor * y[i, j]


@njit(cache=True)
def add_product(x, factor, a, b, out):
    """Write x + factor a b into ``out``, which may be any of them."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] + factor * a[i, j] * b[i, j]


@njit(cache=True)
def relax(f_word, f_bit, slope, lines, inverse_word, inverse_bit, goal):
    """Solve the linear circuit for the voltages (word, bit) for currents into its nodes.

    Conjugate gradients on the word lines, until the estimated error, as a dissipated power, is
    below ``goal`` W. The third result is the number of steps, -1 without convergence.
    """
    word, bit = np.zeros_like(slope), np.empty_like(slope)
    rest, z, b_p = np.empty_like(slope), np.empty_like(slope), np.empty_like(slope)
    solve_bits(f_bit, inverse_bit, lines.g_bit, bit)
    add_product(f_word, 1.0, slope, bit, rest)
    solve_words(rest, inverse_word, lines.g_word, z)
    p, a_p = z.copy(), rest.copy()
    power, longest = dot(rest, z), 1.0
    for step in range(MOST_STEPS):
        if power * longest <= goal:
            return word, bit, step
        z[:] = 0.0
        add_product(z, 1.0, slope, p, z)
        solve_bits(z, inverse_bit, lines.g_bit, b_p)
        length = power / (dot(p, a_p) - dot(z, b_p))
        longest = max(longest, length)  # its inverse is an upper bound of the least eigenvalue
        add(word, length, p, word)
        add(bit, length, b_p, bit)
        add(rest, -length, a_p, rest)
        add_product(rest, length, slope, b_p, rest)
        solve_words(rest, inverse_word, lines.g_word, z)
        before, power = power, dot(rest, z)
        add(z, power / before, p, p)
        add(rest, power / before, a_p, a_p)
    return word, bit, -1


@njit(cache=True)
def forces(word, bit, v_word, v_bit, current, lines):
    """Return net currents (row, column) into the nodes of the word and of the bit lines."""
    f_word, f_bit = -current, current.copy()
    rows, columns = current.shape
    for i in range(rows):
        if lines.g_word < inf:
            if lines.word_driven[i]:
                f_word[i, 0] += lines.g_word * (v_word[i] - word[i, 0])
            for j in range(columns - 1):
                flow = lines.g_word * (word[i, j] - word[i, j + 1])
                f_word[i, j] -= flow
                f_word[i, j + 1] += flow
    if lines.g_bit < inf:
        for i in range(rows - 1):
            for j in range(columns):
                flow = lines.g_bit * (bit[i, j] - bit[i + 1, j])
                f_bit[i, j] -= flow
                f_bit[i + 1, j] += flow
        for j in range(columns):
            if lines.bit_driven[j]:
                f_bit[rows - 1, j] += lines.g_bit * (v_bit[j] - bit[rows - 1, j])
    return f_word, f_bit


@njit(cache=True)
def start(v_word, v_bit, lines):
    """Return initial voltages: driven lines at their driver's, others at 0 V."""
    shape = v_word.size, v_bit.size
    word, bit = np.zeros(shape), np.zeros(shape)
    for i in range(v_word.size):
        if lines.word_driven[i]:
            word[i] = v_word[i]
    for j in range(v_bit.size):
        if lines.bit_driven[j]:
            bit[:, j] = v_bit[j]
    return word, bit


@njit(cache=True)
def settle_linear(v_word, v_bit, slope, lines, inverse_word, inverse_bit, tol):
    """Return voltages (word, bit) of linear cells of ``slope`` S, and whether it converged."""
    word, bit = start(v_word, v_bit, lines)
    u, current = np.empty_like(slope), np.zeros_like(slope)
    add(word, -1.0, bit, u)
    add_product(current, 1.0, slope, u, current)
    goal = tol**2 * dot(current, u)
    f_word = np.zeros_like(slope)
    add(f_word, -1.0, current, f_word)
    d_word, d_bit, steps = relax(f_word, current, slope, lines, inverse_word, inverse_bit, goal)
    add(word, 1.0, d_word, word)
    add(bit, 1.0, d_bit, bit)
    return word, bit, steps >= 0


@njit(cache=True)
def settle(v_word, v_bit, g, cell, lines, tol):
    """Return voltages (word, bit) of nonlinear cells by Newton's method, and if it converged.

    The circuit minimises a convex function (its co-content), whose negative gradient is the net
    currents: a step is shortened until the gradient along it does not point back.
    """
    word, bit = start(v_word, v_bit, lines)
    new_word, new_bit, u = np.empty_like(word), np.empty_like(word), np.empty_like(word)
    largest = max(np.abs(v_word).max(), np.abs(v_bit).max())
    add(word, -1.0, bit, u)
    current, slope = cells(u, g, cell)
    f_word, f_bit = forces(word, bit, v_word, v_bit, current, lines)
    for _ in range(MOST_NEWTON):
        inverse_word = factor_words(slope, lines.g_word, lines.word_driven)
        inverse_bit = factor_bits(slope, lines.g_bit, lines.bit_driven)
        goal = tol**2 * dot(current, u)
        d_word, d_bit, steps = relax(f_word, f_bit, slope, lines, inverse_word, inverse_bit, goal)
        if steps < 0:
            break
        small = max(np.abs(d_word).max(), np.abs(d_bit).max()) <= STEP * largest
        first, length = dot(f_word, d_word) + dot(f_bit, d_bit), 1.0
        for _ in range(30):
            add(word, length, d_word, new_word)
            add(bit, length, d_bit, new_bit)
            add(new_word, -1.0, new_bit, u)
            current, slope = cells(u, g, cell)
            f_word, f_bit = forces(new_word, new_bit, v_word, v_bit, current, lines)
            ahead = dot(f_word, d_word) + dot(f_bit, d_bit)
            if small or first <= 0.0 or ahead >= -0.5 * first:  # not above 0: rounding only
                break
            length *= max(0.1, first / (first - ahead))
        word, new_word, bit, new_bit = new_word, word, new_bit, bit
        if small:
            return word, bit, True
    return word, bit, False


@njit(cache=True)
def is_linear(cell):
    """Return whether the cells' currents are proportional to their voltages."""
    return cell.v_sinh == inf and cell.selector == NO_SELECTOR


@njit(cache=True)
def copy_lines(own_word, own_bit, word, bit):
    """Copy the voltages (row, column) of both sets of lines to ``word`` and ``bit``."""
    for i in range(word.shape[0]):
        copy(own_word[i], word[i])
        copy(own_bit[i], bit[i])


@njit(cache=True, nogil=True)
def run_linear(v_word, v_bit, g, cell, lines, tol, word, bit, settled):
    """Solve for sets of driver voltages, (set, row) and (set, column) in V, one after the other.

    Writes the voltages of word and bit lines (set, row, column), and which sets converged. Callers
    divide the sets between threads; a parallel loop would take half a minute to compile in every
    process (numba #4807).
    """
    slope = cells(np.zeros_like(g), g, cell)[1]
    inverse_word = factor_words(slope, lines.g_word, lines.word_driven)
    inverse_bit = factor_bits(slope, lines.g_bit, lines.bit_driven)
    for k in range(v_word.shape[0]):
        own_word, own_bit, settled[k] = settle_linear(
            v_word[k], v_bit[k], slope, lines, inverse_word, inverse_bit, tol
        )
        copy_lines(own_word, own_bit, word[k], bit[k])


@njit(cache=True, nogil=True)
def run_nonlinear(v_word, v_bit, g, cell, lines, tol, word, bit, settled):
    """Solve as ``run_linear``; a function of its own, since each takes seconds to compile."""
    for k in range(v_word.shape[0]):
        own_word, own_bit, settled[k] = settle(v_word[k], v_bit[k], g, cell, lines, tol)
        copy_lines(own_word, own_bit, word[k], bit[k])
