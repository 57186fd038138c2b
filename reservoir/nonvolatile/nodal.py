"""The exact circuit of a crossbar: every node's current balance, solved by sparse elimination."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from mottle.reservoir.kernels import crossbar as kernel

MOST_NEWTON = 200
Edges = tuple[NDArray, NDArray, NDArray | float]  # from and to, numbers of nodes; S


class Nodal:
    """The nodal equations of cells with conductances ``slope``; factorised once, solved often."""

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
        known = np.zeros(n_word + n_bit, dtype=bool)
        known[driver_word] = lines.word_driven | (not ideal_word)  # else the node is a line's own
        known[driver_bit] = lines.bit_driven | (not ideal_bit)
        self.word, self.bit = word, bit
        self.driver_word, self.driver_bit = driver_word, driver_bit
        self.known, self.free = np.flatnonzero(known), np.flatnonzero(~known)
        matrix = laplacian(edges, known.size)[self.free]
        self.coupling = matrix[:, self.known]
        self.factors = None
        if self.free.size:
            self.factors = splu(
                csc_array(matrix[:, self.free]), permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0, options={"SymmetricMode": True},
            )  # fmt: skip

    def solve(
        self, v_word: NDArray, v_bit: NDArray, injected: NDArray | None = None
    ) -> tuple[NDArray, NDArray]:
        """Voltages of word and bit lines under drivers (row,) and (column,).

        ``injected`` A (row, column) flow from each word node to its bit node beside the cell.
        """
        x = np.zeros(self.known.size + self.free.size)
        x[self.driver_word], x[self.driver_bit] = v_word, v_bit
        if self.factors is not None:
            into = np.zeros(x.size)
            if injected is not None:
                np.add.at(into, self.word, -injected)
                np.add.at(into, self.bit, injected)
            x[self.free] = self.factors.solve(into[self.free] - self.coupling @ x[self.known])
        return x[self.word], x[self.bit]


def number(n_lines: int, n_cells: int, ideal: bool) -> tuple[NDArray, NDArray, int]:
    """Give the nodes (line, cell) and the drivers (line,) of a set of lines numbers; count both.

    Examples
    --------
    >>> number(2, 3, ideal=False)[1:]
    (array([6, 7]), 8)
    """
    if ideal:  # a line is one node, the driver's
        lines = np.arange(n_lines)
        return np.repeat(lines[:, np.newaxis], n_cells, axis=1), lines, n_lines
    nodes = np.arange(n_lines * n_cells).reshape(n_lines, n_cells)
    return nodes, nodes.size + np.arange(n_lines), nodes.size + n_lines


def laplacian(edges: list[Edges], n_nodes: int) -> csc_array:
    """Add the edges up to a conductance matrix in S."""
    a, b = (np.concatenate([np.ravel(edge[k]) for edge in edges]) for k in (0, 1))
    g = np.concatenate([np.broadcast_to(g, a.shape).ravel() for a, _, g in edges])
    rows, columns = np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b])
    values = np.concatenate([-g, -g, g, g])
    return csc_array(coo_array((values, (rows, columns)), shape=(n_nodes, n_nodes)))


def settle_exactly(
    v_word: NDArray, v_bit: NDArray, g: NDArray, cell: kernel.Cell, lines: kernel.Lines
) -> tuple[NDArray, NDArray]:
    """Voltages of nonlinear cells by Newton's method on the whole system."""
    word, bit = kernel.start(v_word, v_bit, lines)
    largest = max(np.abs(v_word).max(), np.abs(v_bit).max())
    for _ in range(MOST_NEWTON):
        u = word - bit
        current, slope = kernel.cells(u, g, cell)
        new_word, new_bit = Nodal(slope, lines).solve(v_word, v_bit, current - slope * u)
        d_word, d_bit = new_word - word, new_bit - bit
        f_word, f_bit = kernel.forces(word, bit, v_word, v_bit, current, lines)
        first, length = np.sum(f_word * d_word) + np.sum(f_bit * d_bit), 1.0
        move = max(np.abs(d_word).max(), np.abs(d_bit).max())
        if move <= kernel.STEP * largest:
            return new_word, new_bit
        for _ in range(30):
            now = word + length * d_word, bit + length * d_bit
            current = kernel.cells(now[0] - now[1], g, cell)[0]
            f_word, f_bit = kernel.forces(*now, v_word, v_bit, current, lines)
            ahead = np.sum(f_word * d_word) + np.sum(f_bit * d_bit)
            if ahead >= -0.5 * first:
                break
            length *= max(0.1, first / (first - ahead))
        word, bit = now
    raise RuntimeError(
        f"the circuit did not settle in {MOST_NEWTON} Newton steps: its voltages still move by "
        f"{move:.3g} V. A wider selector (v_width, v_0) or a lower voltage would help."
    )
