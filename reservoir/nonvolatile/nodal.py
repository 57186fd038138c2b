"""The exact circuit of a crossbar: every node's current balance, solved by sparse elimination."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from mottle.reservoir.kernels import crossbar as kernel

MOST_NEWTON = 200


class Nodal:
    """The nodal equations of cells with conductances ``slope``; factorised once, solved often.

    Nodes of lines without resistance are one; the drivers' nodes come last, their voltages known.
    """

    def __init__(self, slope: NDArray, lines: kernel.Lines) -> None:
        self.shape = slope.shape
        rows, columns = slope.shape
        ideal_word, ideal_bit = np.isinf(lines.g_word), np.isinf(lines.g_bit)
        names = np.arange(rows * columns).reshape(slope.shape)
        word = np.broadcast_to(np.arange(rows)[:, np.newaxis], slope.shape) if ideal_word else names
        first = rows if ideal_word else names.size
        bit = first + (np.broadcast_to(np.arange(columns), slope.shape) if ideal_bit else names)
        total = first + (columns if ideal_bit else names.size)
        driver_word = word[:, 0] if ideal_word else total + np.arange(rows)
        total += 0 if ideal_word else rows
        driver_bit = bit[-1] if ideal_bit else total + np.arange(columns)
        total += 0 if ideal_bit else columns
        edges = [(word, bit, slope)]
        if not ideal_word:
            edges += [(word[:, :-1], word[:, 1:], lines.g_word)]
            edges += [(driver_word, word[:, 0], lines.g_word * lines.word_driven)]
        if not ideal_bit:
            edges += [(bit[:-1], bit[1:], lines.g_bit)]
            edges += [(driver_bit, bit[-1], lines.g_bit * lines.bit_driven)]
        floats = np.zeros(total, dtype=bool)
        if not ideal_word:
            floats[driver_word] = True  # a driver's node is known, or hangs on nothing
        if not ideal_bit:
            floats[driver_bit] = True
        floats[driver_word[lines.word_driven]] = floats[driver_bit[lines.bit_driven]] = True
        self.word, self.bit = word, bit
        self.driver_word, self.driver_bit = driver_word, driver_bit
        self.known, self.free = np.flatnonzero(floats), np.flatnonzero(~floats)
        matrix = laplacian(edges, total)
        self.coupling = matrix[self.free][:, self.known]
        self.factors = None
        if self.free.size:
            self.factors = splu(
                csc_array(matrix[self.free][:, self.free]), permc_spec="MMD_AT_PLUS_A",
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


def laplacian(edges: list, n_nodes: int) -> csc_array:
    """Conductance matrix of edges (from, to, S)."""
    ends = [[np.ravel(end) for end in (a, b)] for a, b, _ in edges]
    a, b = (np.concatenate([pair[k] for pair in ends]) for k in (0, 1))
    g = np.concatenate([np.broadcast_to(g, np.shape(a)).ravel() for a, _, g in edges])
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
