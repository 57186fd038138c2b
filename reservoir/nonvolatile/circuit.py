"""A crossbar's circuit under sets of driver voltages: iterative on threads, or by elimination."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.compiled.notice import announced
from mottle.reservoir.compiled.threads import compiled_for
from mottle.reservoir.nonvolatile import kernel, nodal

TOLERANCE = 1e-10  # square root of the ratio of the error's power to that of the ideal array


class Circuit:
    """Cells and wires (ohm per segment of word and bit lines), for any conductances."""

    def __init__(self, cell: kernel.Cell, wires: tuple[float, float]) -> None:
        self.cell, self.wires = cell, wires
        self.is_linear = bool(kernel.is_linear(cell))
        self.is_ideal = self.is_linear and not any(wires) and cell.r_series == 0.0
        self._nodal: dict[bytes, nodal.Nodal] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the factorisation, which cannot be pickled."""
        return self.__dict__ | {"_nodal": {}}

    def lines(self, word_driven: NDArray, bit_driven: NDArray) -> kernel.Lines:
        """Return the wires, with drivers at the given lines."""
        g_word, g_bit = (1 / r if r > 0 else np.inf for r in self.wires)
        return kernel.Lines(g_word, g_bit, word_driven, bit_driven)

    def settle(
        self,
        g: NDArray,
        v_word: NDArray,
        v_bit: NDArray,
        lines: kernel.Lines | None = None,
        method: str = "fast",
    ) -> tuple[NDArray, NDArray]:
        """Return voltages (set, row, column) of word and bit lines; by default all are driven."""
        if lines is None:
            lines = self.lines(np.ones(g.shape[0], bool), np.ones(g.shape[1], bool))
        word, bit = (np.empty((len(v_word), *g.shape)) for _ in range(2))
        settled = np.zeros(len(v_word), dtype=bool)

        solve = kernel.run_linear if self.is_linear else kernel.run_nonlinear
        plain = compiled_for(g)

        def run(part: slice) -> None:
            sets = (x[part] for x in (word, bit, settled))
            solve(v_word[part], v_bit[part], plain, self.cell, lines, TOLERANCE, *sets)

        if method == "fast":
            n_threads = max(1, min(len(v_word), numba.get_num_threads()))
            ends = np.linspace(0, len(v_word), n_threads + 1).astype(int)
            with announced(solve):
                if n_threads == 1:
                    run(slice(None))
                else:
                    with ThreadPoolExecutor(n_threads) as threads:
                        list(threads.map(run, map(slice, ends[:-1], ends[1:])))
        for k in np.flatnonzero(~settled):
            word[k], bit[k] = self.eliminate(g, v_word[k], v_bit[k], lines)
        return word, bit

    def eliminate(
        self, g: NDArray, v_word: NDArray, v_bit: NDArray, lines: kernel.Lines
    ) -> tuple[NDArray, NDArray]:
        """Return voltages under a set of drivers; keeps the factors of the last linear circuit."""
        if not self.is_linear:
            return nodal.settle(v_word, v_bit, g, self.cell, lines)
        slope = kernel.cells(np.zeros(g.shape), compiled_for(g), self.cell)[1]
        key = b"".join(part.tobytes() for part in (lines.word_driven, lines.bit_driven, g))
        if key not in self._nodal:
            self._nodal = {key: nodal.Nodal(slope, lines)}
        return nodal.settle_linear(self._nodal[key], v_word, v_bit, slope, lines)

    def currents(self, u: NDArray, g: NDArray) -> NDArray[np.float64]:
        """Return the currents of cells (set, row, column) under voltages ``u``."""
        flat = u.reshape(-1, g.shape[1])
        repeated = np.broadcast_to(g, u.shape).reshape(flat.shape)
        found = kernel.cells(flat, compiled_for(np.ascontiguousarray(repeated)), self.cell)[0]
        return np.asarray(found.reshape(u.shape))

    def sums(self, g: NDArray, v_word: NDArray, v_bit: NDArray) -> tuple[NDArray, NDArray]:
        """Return currents (set, row) out of word line drivers and (set, column) into bit lines'."""
        word, bit = self.settle(g, v_word, v_bit)
        current = self.currents(word - bit, g)
        return current.sum(axis=2), current.sum(axis=1)

    def device_voltage(self, current: NDArray, g: NDArray) -> NDArray[np.float64]:
        """Return the voltage over the memristors alone; 0 for open cells, without current."""
        v_sinh = self.cell.v_sinh
        scale = g if v_sinh == np.inf else g * v_sinh
        ratio = np.divide(current, scale, out=np.zeros_like(current), where=scale > 0)
        return ratio if v_sinh == np.inf else np.asarray(v_sinh * np.arcsinh(ratio))

    def powers(self, g: NDArray, vectors: NDArray) -> list[NDArray]:
        """Return powers (set,) in W of devices, transistors, selectors, wires, and their sum."""
        word, bit = self.settle(g, vectors, np.zeros((len(vectors), g.shape[1])))
        u = word - bit
        current = self.currents(u, g)
        device, transistor = self.device_voltage(current, g), self.cell.r_series * current
        selector = u - device - transistor
        if self.cell.selector == kernel.NO_SELECTOR:
            selector[:] = 0.0  # rounding errors
        along_words = np.cumsum(
            current[:, :, ::-1], axis=2
        )  # a segment carries the current of all cells behind it
        along_bits = np.cumsum(current, axis=1)
        wires = self.wires[0] * along_words**2 + self.wires[1] * along_bits**2
        supply = vectors[:, :, np.newaxis] * current
        parts = (current * device, current * transistor, current * selector, wires, supply)
        return [part.sum(axis=(1, 2)) for part in parts]
