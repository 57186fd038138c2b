"""The exact circuit of a crossbar: nodal analysis, solved by sparse elimination."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from mottle.reservoir.nonvolatile import kernel

MOST_NEWTON, MOST_REFINED = 200, 10
Edges = tuple[NDArray, NDArray, NDArray | float]  # indices of both nodes; S


class Nodal:
    """The nodal equations of cells with conductances ``slope``, with their factorisation."""

    def __init__(self, slope: NDArray, lines: kernel.Lines) -> None:
        rows, columns = slope.shape
        ideal_word, ideal_bit = np.isinf(lines.g_word), np.isinf(lines.g_bit)
        word, driver_word, n_word = number(rows, columns, ideal_word)
        bit, driver_bit, n_bit = number(columns, rows, ideal_bit)
        bit, driver_bit = n_word + bit.T, n_word + driver_bit
        edges: list[Edges] = [(word, bit, slope)]
        if not ideal_word:
            edges += [(word[:, :-1], word[:, 1:], lines.g_word)]
            edges += [(driver_word, word[:, 0], lines.g_word * lines.word_driven)]
        if not ideal_bit:
            edges += [(bit[:-1], bit[1:], lines.g_bit)]
            edges += [(driver_bit, bit[-1], lines.g_bit * lines.bit_driven)]
        self.n_nodes = n_word + n_bit
        fixed = np.zeros(self.n_nodes, dtype=bool)
        fixed[driver_word] = lines.word_driven | (
            not ideal_word
        )  # an ideal line without driver is a free node
        fixed[driver_bit] = lines.bit_driven | (not ideal_bit)
        self.word, self.bit, self.free = word, bit, np.flatnonzero(~fixed)
        self.factors = None
        if self.free.size:
            self.factors = splu(
                laplacian(edges, self.n_nodes)[self.free][:, self.free],
                permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True},
            )  # fmt: skip

    def solve(self, f_word: NDArray, f_bit: NDArray) -> tuple[NDArray, NDArray]:
        """Return voltage changes of word and bit lines for currents (row, column) into them."""
        into = np.bincount(self.word.ravel(), f_word.ravel(), self.n_nodes)
        into += np.bincount(self.bit.ravel(), f_bit.ravel(), self.n_nodes)
        change = np.zeros(self.n_nodes)
        if self.factors is not None:
            change[self.free] = self.factors.solve(into[self.free])
        return change[self.word], change[self.bit]


def number(n_lines: int, n_cells: int, ideal: bool) -> tuple[NDArray, NDArray, int]:
    """Return indices of nodes (line, cell) and drivers (line,) of a set of lines, and their number.

    Examples
    --------
    >>> number(2, 3, ideal=False)[1:]
    (array([6, 7]), 8)
    """
    if ideal:  # line and driver are one node
        lines = np.arange(n_lines)
        return np.repeat(lines[:, np.newaxis], n_cells, axis=1), lines, n_lines
    nodes = np.arange(n_lines * n_cells).reshape(n_lines, n_cells)
    return nodes, nodes.size + np.arange(n_lines), nodes.size + n_lines


def laplacian(edges: list[Edges], n_nodes: int) -> csc_array:
    """Assemble the edges to a conductance matrix in S."""
    a, b = (np.concatenate([np.ravel(edge[k]) for edge in edges]) for k in (0, 1))
    g = np.concatenate([np.broadcast_to(g, a.shape).ravel() for a, _, g in edges])
    rows, columns = np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b])
    values = np.concatenate([-g, -g, g, g])
    return csc_array(coo_array((values, (rows, columns)), shape=(n_nodes, n_nodes)))


def settle_linear(
    nodal: Nodal, v_word: NDArray, v_bit: NDArray, slope: NDArray, lines: kernel.Lines
) -> tuple[NDArray, NDArray]:
    """Return voltages of linear cells; refined, as a floating line may be weakly connected."""
    word, bit = kernel.start(v_word, v_bit, lines)
    largest = max(np.abs(v_word).max(), np.abs(v_bit).max())
    for _ in range(MOST_REFINED):
        current = slope * (word - bit)
        d_word, d_bit = nodal.solve(*kernel.forces(word, bit, v_word, v_bit, current, lines))
        word, bit = word + d_word, bit + d_bit
        move = max(np.abs(d_word).max(), np.abs(d_bit).max())
        if move <= kernel.STEP * largest:
            return word, bit
    raise RuntimeError(
        f"elimination has an error of {move:.3g} V: segments of {lines.g_word:.3g} and "
        f"{lines.g_bit:.3g} S with cells down to {slope.min():.3g} S exceed double "
        "precision. Use method='fast', or wires of 0 ohm."
    )


def settle(
    v_word: NDArray, v_bit: NDArray, g: NDArray, cell: kernel.Cell, lines: kernel.Lines
) -> tuple[NDArray, NDArray]:
    """Return voltages of nonlinear cells by Newton's method on the whole system."""
    word, bit = kernel.start(v_word, v_bit, lines)
    largest = max(np.abs(v_word).max(), np.abs(v_bit).max())
    current, slope = kernel.cells(word - bit, g, cell)
    f_word, f_bit = kernel.forces(word, bit, v_word, v_bit, current, lines)
    for _ in range(MOST_NEWTON):
        d_word, d_bit = Nodal(slope, lines).solve(f_word, f_bit)
        move = max(np.abs(d_word).max(), np.abs(d_bit).max())
        if move <= kernel.STEP * largest:
            return word + d_word, bit + d_bit
        first, length = np.sum(f_word * d_word) + np.sum(f_bit * d_bit), 1.0
        for _ in range(30):
            now = word + length * d_word, bit + length * d_bit
            current, slope = kernel.cells(now[0] - now[1], g, cell)
            f_word, f_bit = kernel.forces(*now, v_word, v_bit, current, lines)
            ahead = np.sum(f_word * d_word) + np.sum(f_bit * d_bit)
            if first <= 0.0 or ahead >= -0.5 * first:  # not above 0: rounding only
                break
            length *= max(0.1, first / (first - ahead))
        word, bit = now
    raise RuntimeError(
        f"the circuit did not settle in {MOST_NEWTON} Newton steps: its voltages still change by "
        f"{move:.3g} V. Take a wider selector (v_width, v_0), a lower voltage, or wires of 0 ohm "
        "instead of nearly 0."
    )
