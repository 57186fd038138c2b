"""A crossbar of memristors as a circuit: wires, transistors or selectors, sneak paths, energy."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.reservoir.devices.choose import choose
from mottle.reservoir.kernels import crossbar as kernel
from mottle.reservoir.nonvolatile.ageing import aged, check_later
from mottle.reservoir.nonvolatile.cells import get_cell
from mottle.reservoir.nonvolatile.nodal import Nodal, settle_exactly
from mottle.reservoir.nonvolatile.selector import Selector, get_selector, make_cell
from mottle.reservoir.nonvolatile.writing import write

TOPOLOGIES = {"1T1R": "1T1R", "passive": "passive"}
SCHEMES = {"floating": None, "V/2": (0.5, 0.5), "V/3": (1 / 3, 2 / 3)}  # unselected word, bit
TOLERANCE = 1e-10  # square root of the error's power over that of the ideal array
BLOCK = 64  # sets of drivers whose node voltages are held at once


class Crossbar:
    r"""Multiply voltages by conductances in a grid of wires that have resistance.

    Word lines (rows) are driven on the left, bit lines (columns) end at the bottom in a virtual
    ground. Without wires and series elements the current of column j is

    .. math:: I_j = \sum_i G_{ij} V_i

    Parameters
    ----------
    shape : tuple of int
        Rows (inputs) and columns (outputs).
    device : str or preset, default="cmo_hfox"
        What ``program`` writes and ``age`` ages (see `write`); its range is that of off and on
        cells in ``sneak_margin``.
    topology : {"1T1R", "passive"}, default="1T1R"
        A transistor in every cell, the gates joined along a column; or cells without.
    wire_resistance : float or (float, float), default=1.0
        Ohm of a wire's segment, from cell to cell and from the driver to the first; one value, or
        those of word and bit lines. 0 is the ideal wire.
    selector : None, "sinh", "threshold" or a selector, default=None
        What is in series with the memristor of a passive cell.
    scheme : {"V/2", "V/3", "floating"}, default="V/2"
        What ``read`` does to the lines of a passive array that are not selected.
    v_read : float, default=0.2
        Volt of a read.
    r_transistor : float, default=0.0
        Ohm in series with each memristor in 1T1R. 0 where ``conductances`` are those of whole
        cells, as a write with verification through the transistor leaves them.
    v_sinh : float, default=None
        Volt of the memristors' own I = G v_sinh sinh(V / v_sinh); None: they are linear.
    random_state : int, Generator or None, default=None
        Seed of whatever is drawn when the array is programmed; the circuit draws nothing.

    Attributes
    ----------
    conductances : ndarray of shape (rows, columns)
        In S; read-only, see ``set_conductances``.

    Raises
    ------
    ValueError
        For a shape, resistance, voltage or combination that makes no circuit.

    References
    ----------
    A. Chen, IEEE Trans. Electron Devices 60 (2013) 1318, doi:10.1109/TED.2013.2246791.

    Examples
    --------
    >>> crossbar = Crossbar((2, 3), wire_resistance=0).set_conductances(np.full((2, 3), 1e-5))
    >>> crossbar.multiply([0.1, 0.2]).round(9)
    array([3.e-06, 3.e-06, 3.e-06])
    """

    def __init__(
        self,
        shape: tuple[int, int],
        *,
        device: Any = "cmo_hfox",
        topology: str = "1T1R",
        wire_resistance: float | tuple[float, float] = 1.0,
        selector: str | Selector | None = None,
        scheme: str = "V/2",
        v_read: float = 0.2,
        r_transistor: float = 0.0,
        v_sinh: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.shape = check_shape(shape)
        self.device = get_cell(device)
        self.topology = choose(topology, TOPOLOGIES, "topology")
        self.wire_resistance = check_wires(wire_resistance)
        choose(scheme, SCHEMES, "scheme")
        self.scheme, self.random_state = scheme, random_state
        if self.topology == "1T1R" and selector is not None:
            raise ValueError(
                f"selector={selector!r} has no place in a 1T1R cell, whose transistor selects it; "
                "use topology='passive', or selector=None."
            )
        if self.topology == "passive" and r_transistor != 0:
            raise ValueError(
                f"r_transistor={r_transistor} ohm belongs to topology='1T1R'; a passive cell has "
                "no transistor."
            )
        for name, value, unit in (("v_read", v_read, "V"), ("v_sinh", v_sinh, "V")):
            if value is not None and not 0 < value < np.inf:
                raise ValueError(f"{name}={value} {unit} must be positive and finite.")
        if not 0 <= r_transistor < np.inf:
            raise ValueError(f"r_transistor={r_transistor} ohm must be finite and not negative.")
        self.selector = None if selector is None else get_selector(selector)
        self.v_read, self.r_transistor, self.v_sinh = float(v_read), float(r_transistor), v_sinh
        self._cell = make_cell(self.selector, r_transistor, v_sinh)
        self._conductances: NDArray | None = None
        self._written: xr.Dataset | None = None
        self.seconds = 0.0
        self._forget()

    def _forget(self) -> None:
        """Drop what was worked out from the conductances."""
        self._transfer: NDArray | None = None
        self._nodal: dict[bytes, Nodal] = {}

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Conductances (row, column) of the memristors in S."""
        if self._conductances is None:
            raise ValueError(
                f"this crossbar of {self.shape[0]} by {self.shape[1]} cells holds no conductances "
                "yet; call set_conductances first."
            )
        return self._conductances

    @property
    def is_linear(self) -> bool:
        """Whether currents are proportional to voltages."""
        return bool(kernel.is_linear(self._cell))

    def set_conductances(self, G: ArrayLike) -> "Crossbar":
        """Give every memristor its conductance.

        Parameters
        ----------
        G : array-like of shape (rows, columns)
            In S, not negative; 0 is an open cell.

        Returns
        -------
        self : Crossbar
            The array itself.
        """
        g = np.array(G, dtype=np.float64, order="C")
        if g.shape != self.shape:
            raise ValueError(
                f"G has shape {g.shape}, this crossbar {self.shape} (rows are inputs, columns "
                f"outputs){'; G.T would fit.' if g.T.shape == self.shape else '.'}"
            )
        bad = ~((g >= 0) & (g < np.inf))
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise ValueError(
                f"G[{i}, {j}] = {g[i, j]} S must be finite and not negative ({bad.sum()} such of "
                f"{g.size}); weights with a sign need a pair of cells each."
            )
        g.flags.writeable = False
        self._conductances, self._written = g, None
        self._forget()
        return self

    def program(self, targets: ArrayLike, **options: Any) -> xr.Dataset:
        """Write conductances into the cells and hold what comes of it.

        Parameters
        ----------
        targets : array-like of shape (rows, columns)
            Conductances in S, within the device's range.
        **options : dict
            Those of `write`; ``random_state`` is by default the array's own.

        Returns
        -------
        dataset : xarray.Dataset
            What `write` returns: conductances, pulses, energy, yield.
        """
        if np.shape(targets) != self.shape:
            raise ValueError(f"targets have shape {np.shape(targets)}, this crossbar {self.shape}.")
        written = write(self.device, targets, **({"random_state": self.random_state} | options))
        self.set_conductances(written["conductance"].to_numpy())
        self._written, self.seconds = written, 0.0
        return written

    def age(self, seconds: float) -> "Crossbar":
        """Let the cells age to ``seconds`` s after they were written.

        Parameters
        ----------
        seconds : float
            Time since ``program`` in s; not before the age reached already.

        Returns
        -------
        self : Crossbar
            The array itself.
        """
        written = self._written
        if written is None:
            raise ValueError("only cells written by program() can age; these were set by hand.")
        seconds = check_later(seconds, self.seconds)
        first, path = written["conductance"].to_numpy(), written["path"].to_numpy()
        g = np.where(written["stuck"], first, aged(self.device, first, path, seconds))
        self.set_conductances(g)
        self._written, self.seconds = written, seconds
        return self

    def _lines(self, word_driven: ArrayLike = True, bit_driven: ArrayLike = True) -> kernel.Lines:
        """Wires, with a driver at the lines named."""
        with np.errstate(divide="ignore"):
            g_word, g_bit = 1 / np.asarray(self.wire_resistance)
        word = np.broadcast_to(np.asarray(word_driven), self.shape[0]).copy()
        bit = np.broadcast_to(np.asarray(bit_driven), self.shape[1]).copy()
        return kernel.Lines(float(g_word), float(g_bit), word, bit)

    def _settle(
        self, v_word: NDArray, v_bit: NDArray, g: NDArray, lines: kernel.Lines, method: str
    ) -> tuple[NDArray, NDArray]:
        """Voltages (set, row, column) of word and bit lines under sets of drivers."""
        if method == "exact":
            found = [self._settle_exactly(*v, g, lines) for v in zip(v_word, v_bit, strict=True)]
            return np.array([w for w, _ in found]), np.array([b for _, b in found])
        if len(v_word) == 1:
            w, b, fine = kernel.run_one(v_word[0], v_bit[0], g, self._cell, lines, TOLERANCE)
            word, bit, settled = w[np.newaxis], b[np.newaxis], np.array([fine])
        else:
            word, bit, settled = kernel.run(v_word, v_bit, g, self._cell, lines, TOLERANCE)
        for k in np.flatnonzero(~settled):
            word[k], bit[k] = self._settle_exactly(v_word[k], v_bit[k], g, lines)
        return word, bit

    def _settle_exactly(
        self, v_word: NDArray, v_bit: NDArray, g: NDArray, lines: kernel.Lines
    ) -> tuple[NDArray, NDArray]:
        """Voltages of word and bit lines by elimination; a linear circuit is factorised once."""
        if not self.is_linear:
            return settle_exactly(v_word, v_bit, g, self._cell, lines)
        key = b"".join(part.tobytes() for part in (lines.word_driven, lines.bit_driven, g > 0))
        if key not in self._nodal:
            slope = kernel.cells(np.zeros(self.shape), g, self._cell)[1]
            self._nodal = {key: Nodal(slope, lines)}  # one at a time: 128 x 128 takes 20 MB
        return self._nodal[key].solve(v_word, v_bit)

    def multiply(self, V: ArrayLike) -> NDArray[np.float64]:
        """Return the currents of the columns under voltages on the rows.

        Linear cells have a transfer matrix; where many vectors come at once it is worked out, and
        used from then on. The ways differ by less than 1e-8 of the largest current.

        Parameters
        ----------
        V : array-like of shape (n_vectors, rows) or (rows,)
            In V.

        Returns
        -------
        currents : ndarray of shape (n_vectors, columns) or (columns,)
            In A, into the virtual ground.
        """
        v = self._check_voltages(V)
        vectors = np.atleast_2d(v)
        if self.is_linear and (self._transfer is not None or len(vectors) * 2 > min(self.shape)):
            currents = vectors @ self.transfer
        else:
            currents = self._sums(vectors, np.zeros((len(vectors), self.shape[1])))[1]
        return currents.reshape(*v.shape[:-1], self.shape[1])

    @property
    def transfer(self) -> NDArray[np.float64]:
        """What the array multiplies by: (rows, columns) in S, wires and all; linear cells only."""
        if not self.is_linear:
            raise ValueError("cells with a sinh or a selector have no transfer matrix: solve them.")
        if self._transfer is None:
            rows, columns = self.shape
            if rows <= columns:
                self._transfer = self._sums(np.eye(rows), np.zeros((rows, columns)))[1]
            else:  # by reciprocity: drive the columns, see what arrives at the rows
                self._transfer = -self._sums(np.zeros((columns, rows)), np.eye(columns))[0].T
        return self._transfer

    def _sums(self, v_word: NDArray, v_bit: NDArray) -> tuple[NDArray, NDArray]:
        """Currents that leave the word lines and that reach the bit lines, all of them driven."""
        g, lines = self.conductances, self._lines()
        sums = []
        for first in range(0, len(v_word), BLOCK):
            now = slice(first, first + BLOCK)
            word, bit = self._settle(v_word[now], v_bit[now], g, lines, "fast")
            current = self._currents(word - bit, g)
            sums.append((current.sum(axis=2), current.sum(axis=1)))
        if not sums:
            return np.empty((0, self.shape[0])), np.empty((0, self.shape[1]))
        return np.concatenate([s[0] for s in sums]), np.concatenate([s[1] for s in sums])

    def _currents(self, u: NDArray, g: NDArray) -> NDArray:
        """Currents of cells (set, row, column) under voltages ``u``."""
        flat = u.reshape(-1, self.shape[1])
        many = np.broadcast_to(g, u.shape).reshape(flat.shape)
        return kernel.cells(flat, many, self._cell)[0].reshape(u.shape)

    def _check_voltages(self, V: ArrayLike) -> NDArray[np.float64]:
        """Refuse voltages of another shape, and what is not finite."""
        v = np.ascontiguousarray(V, dtype=np.float64)
        if v.ndim not in (1, 2) or v.shape[-1] != self.shape[0]:
            raise ValueError(
                f"V has shape {v.shape}; this crossbar takes ({self.shape[0]},) or (n_vectors, "
                f"{self.shape[0]}), one voltage a row."
            )
        if not np.isfinite(v).all():
            place = tuple(int(k) for k in np.argwhere(~np.isfinite(v))[0])
            raise ValueError(f"V{list(place)} = {v[place]} V is not finite.")
        return v

    def solve(self, v: ArrayLike, method: str = "fast") -> xr.Dataset:
        """Return every voltage and current of the array.

        Parameters
        ----------
        v : array-like of shape (n_vectors, rows) or (rows,)
            Voltages of the word lines' drivers.
        method : {"fast", "exact"}, default="fast"
            Iteration along the lines, or elimination, which keeps its factors for further vectors.

        Returns
        -------
        dataset : xarray.Dataset
            Over row and column, and vector if ``v`` has two dimensions: ``output_current``
            (column,), ``input_current`` (row,), ``device_voltage`` over the memristor alone,
            ``device_current``, ``word_voltage`` and ``bit_voltage`` of the nodes at each cell.
        """
        choose(method, {"fast": 0, "exact": 1}, "method")
        voltages = self._check_voltages(v)
        vectors = np.atleast_2d(voltages)
        g = self.conductances
        drivers = vectors, np.zeros((len(vectors), self.shape[1]))
        word, bit = self._settle(*drivers, g, self._lines(), method)
        current = self._currents(word - bit, g)
        cell = ("vector", "row", "column")
        data = {
            "output_current": (("vector", "column"), current.sum(axis=1), {"units": "A"}),
            "input_current": (("vector", "row"), current.sum(axis=2), {"units": "A"}),
            "device_voltage": (cell, self._device_voltage(current, g), {"units": "V"}),
            "device_current": (cell, current, {"units": "A"}),
            "word_voltage": (cell, word, {"units": "V"}),
            "bit_voltage": (cell, bit, {"units": "V"}),
        }
        solved = xr.Dataset(data, attrs={"method": method})
        return solved if voltages.ndim == 2 else solved.isel(vector=0)

    def _device_voltage(self, current: NDArray, g: NDArray) -> NDArray:
        """Voltage over the memristors alone; 0 for an open one, which carries no current."""
        scale = g if self.v_sinh is None else g * self.v_sinh
        share = np.divide(current, scale, out=np.zeros_like(current), where=scale > 0)
        return share if self.v_sinh is None else self.v_sinh * np.arcsinh(share)


def check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Refuse a shape that is not two whole numbers of at least 1."""
    try:
        rows, columns = (int(n) for n in shape)
        fine = rows >= 1 and columns >= 1 and (rows, columns) == tuple(shape)
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise ValueError(
            f"shape={shape!r} must be (rows, columns): two whole numbers of at least 1."
        )
    return rows, columns


def check_wires(wire_resistance: float | tuple[float, float]) -> tuple[float, float]:
    """Resistances of the segments of word and bit lines in ohm."""
    pair = np.asarray(wire_resistance, dtype=np.float64)
    if pair.shape not in ((), (2,)) or not ((pair >= 0) & (pair < np.inf)).all():
        raise ValueError(
            f"wire_resistance={wire_resistance!r} ohm must be one finite value of at least 0, or "
            "two: word and bit lines."
        )
    word, bit = np.broadcast_to(pair, 2)
    return float(word), float(bit)
