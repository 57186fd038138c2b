"""A crossbar of memristors as a circuit: wires, transistors or selectors, sneak paths, energy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import choose, is_number
from mottle.reservoir import drawing
from mottle.reservoir.nonvolatile.ageing import aged, check_later, warn_kept
from mottle.reservoir.nonvolatile.cells import conductance_range, get_cell, name_of
from mottle.reservoir.nonvolatile.circuit import Circuit
from mottle.reservoir.nonvolatile.schemes import SCHEMES, margin
from mottle.reservoir.nonvolatile.selector import Selector, get_selector, make_cell
from mottle.reservoir.nonvolatile.writing import write

TOPOLOGIES = {"1T1R": "1T1R", "passive": "passive"}
MOST_SINH = 40  # sinh(40) is 1e17
BLOCK = 2**20  # cells whose voltages are held at once


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
        What ``program`` writes and ``age`` ages (see `write`; "ideal" has no errors); its range is
        that of off and on cells in ``sneak_margin``.
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
        for name, value in (("v_read", v_read), ("v_sinh", v_sinh)):
            if name == "v_sinh" and value is None:
                continue
            if not (is_number(value) and 0 < value < np.inf):
                raise ValueError(f"{name}={value!r} V must be positive and finite.")
        if not (is_number(r_transistor) and 0 <= r_transistor < np.inf):
            raise ValueError(f"r_transistor={r_transistor!r} ohm must be finite and not negative.")
        self.selector = None if selector is None else get_selector(selector)
        self.v_read, self.r_transistor, self.v_sinh = float(v_read), float(r_transistor), v_sinh
        cell = make_cell(self.selector, r_transistor, v_sinh)
        self._circuit = Circuit(cell, self.wire_resistance)
        self._conductances: NDArray[np.float64] | None = None
        self._transfer: NDArray[np.float64] | None = None
        self._written: xr.Dataset | None = None
        self.seconds = 0.0

    def __repr__(self) -> str:
        """Name what the array is made of, without its conductances."""
        return (
            f"Crossbar({self.shape}, device={name_of(self.device)!r}, topology={self.topology!r}, "
            f"wire_resistance={self.wire_resistance})"
        )

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
    def written(self) -> xr.Dataset | None:
        """What ``program`` returned; None where conductances were set by hand."""
        return self._written

    @property
    def is_linear(self) -> bool:
        """Whether currents are proportional to voltages."""
        return self._circuit.is_linear

    def set_conductances(self, G: ArrayLike, *, open_cells: bool = False) -> "Crossbar":
        """Give every memristor its conductance.

        Parameters
        ----------
        G : array-like of shape (rows, columns)
            In S, positive.
        open_cells : bool, default=False
            Allow 0, a cell that conducts nothing.

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
        bad = ~((g >= 0 if open_cells else g > 0) & (g < np.inf))
        if bad.any():
            i, j = np.argwhere(bad)[0]
            way = "weights with a sign need a pair of cells each"
            if g[i, j] == 0:
                way = "open_cells=True takes it for a cell that conducts nothing"
            raise ValueError(
                f"G[{i}, {j}] = {g[i, j]} S must be finite and positive ({bad.sum()} such of "
                f"{g.size}); {way}."
            )
        g.flags.writeable = False
        self._conductances, self._transfer, self._written = g, None, None
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
        self.set_conductances(written["conductance"].to_numpy(), open_cells=True)
        self._written, self.seconds = written, 0.0
        return written

    def age(self, seconds: float) -> "Crossbar":
        """Let the cells age to ``seconds`` s after they were written (see `age`).

        Parameters
        ----------
        seconds : float
            Time since ``program`` in s; not before the age reached already.

        Returns
        -------
        self : Crossbar
            The array itself.
        """
        if self.written is not None:
            warn_kept(self.device, check_later(seconds, self.seconds))
        return self._age(seconds)

    def _age(self, seconds: float) -> "Crossbar":
        """Let the cells age without a word."""
        written = self.written
        if written is None:
            raise ValueError("only cells written by program() can age; these were set by hand.")
        seconds = check_later(seconds, self.seconds)
        first, path = written["conductance"].to_numpy(), written["path"].to_numpy()
        g = np.where(written["stuck"], first, aged(self.device, first, path, seconds))
        self.set_conductances(g, open_cells=True)
        self._written, self.seconds = written, seconds
        return self

    def multiply(self, V: ArrayLike) -> NDArray[np.float64]:
        """Return the currents of the columns under voltages on the rows.

        Linear cells have a transfer matrix; where many vectors come at once it is worked out, and
        used from then on. The ways differ by less than 1e-8 of the largest current, or 1e-6 where
        the wires leave next to nothing of it.

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
            ground = np.zeros((len(vectors), self.shape[1]))
            currents = self._in_blocks(self._circuit.sums, vectors, ground)[1]
        return currents.reshape(*v.shape[:-1], self.shape[1])

    def _in_blocks(self, function: Callable[..., Any], *drivers: NDArray) -> list[NDArray]:
        """Results of a function of the conductances and of drivers, some of these at a time."""
        size = max(1, BLOCK // self.conductances.size)
        firsts = range(0, max(len(drivers[0]), 1), size)
        blocks = [[v[first : first + size] for v in drivers] for first in firsts]
        found = [function(self.conductances, *block) for block in blocks]
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    @property
    def transfer(self) -> NDArray[np.float64]:
        """What the array multiplies by: (rows, columns) in S, wires and all; linear cells only."""
        if not self.is_linear:
            raise ValueError("cells with a sinh or a selector have no transfer matrix: solve them.")
        if self._transfer is None and self._circuit.is_ideal:
            self._transfer = self.conductances
        if self._transfer is None:
            (rows, columns), sums = self.shape, self._circuit.sums
            if rows <= columns:
                self._transfer = self._in_blocks(sums, np.eye(rows), np.zeros(self.shape))[1]
            else:  # by reciprocity: drive the columns, see what arrives at the rows
                drivers = np.zeros((columns, rows)), np.eye(columns)
                self._transfer = -self._in_blocks(sums, *drivers)[0].T
        return self._transfer

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
        self._check_sinh(float(np.abs(v).max(initial=0.0)))
        return v

    def _check_sinh(self, largest: float) -> None:
        """Refuse a voltage under which memristors with nothing in series are shorts."""
        if self.v_sinh is None or self.r_transistor > 0 or self.selector is not None:
            return
        if largest > MOST_SINH * self.v_sinh:
            raise ValueError(
                f"{largest:.3g} V is more than {MOST_SINH} times v_sinh={self.v_sinh} V: the cells "
                f"would be shorts. Stay within {MOST_SINH * self.v_sinh:.3g} V, or put a selector "
                "or a transistor in series."
            )

    def solve(
        self, v: ArrayLike, method: str = "fast", columns: ArrayLike | None = None
    ) -> xr.Dataset:
        """Return every voltage and current of the array.

        Parameters
        ----------
        v : array-like of shape (n_vectors, rows) or (rows,)
            Voltages of the word lines' drivers.
        method : {"fast", "exact"}, default="fast"
            Iteration along the lines, or elimination, which keeps its factors for further vectors.
        columns : array-like of int, default=None
            Of a 1T1R array, the columns whose gates are on; by default all.

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
        g = self.conductances if columns is None else self._gated(columns)
        ground = np.zeros((len(vectors), self.shape[1]))
        word, bit = self._circuit.settle(g, vectors, ground, method=method)
        current = self._circuit.currents(word - bit, g)
        cell = ("vector", "row", "column")
        data = {
            "output_current": (("vector", "column"), current.sum(axis=1), {"units": "A"}),
            "input_current": (("vector", "row"), current.sum(axis=2), {"units": "A"}),
            "device_voltage": (cell, self._circuit.device_voltage(current, g), {"units": "V"}),
            "device_current": (cell, current, {"units": "A"}),
            "word_voltage": (cell, word, {"units": "V"}),
            "bit_voltage": (cell, bit, {"units": "V"}),
        }
        solved = xr.Dataset(data, attrs={"method": method})
        return solved if voltages.ndim == 2 else solved.isel(vector=0)

    def _gated(self, columns: ArrayLike) -> NDArray[np.float64]:
        """Conductances with all columns cut off but some."""
        if self.topology != "1T1R":
            raise ValueError(f"columns={columns!r}: a passive array has no gates; use 1T1R.")
        on, asked = np.zeros(self.shape[1], dtype=bool), np.atleast_1d(np.asarray(columns))
        if asked.dtype.kind not in "iu" or not ((asked >= 0) & (asked < on.size)).all():
            raise ValueError(f"columns={columns!r} must be whole numbers from 0 to {on.size - 1}.")
        on[asked] = True
        return np.where(on, self.conductances, 0.0)

    def read(self, row: int, column: int) -> xr.Dataset:
        """Read one cell as a memory would.

        In 1T1R the gates of its column alone are on, and the other rows float. In a passive array
        the unselected lines float, or are held at V/2, or at V/3 (word) and 2V/3 (bit), as
        ``scheme`` says.

        Parameters
        ----------
        row, column : int
            Place of the cell.

        Returns
        -------
        dataset : xarray.Dataset
            ``current`` into the sense at the selected column, ``cell_current`` through the cell and
            ``sneak_current``, the rest, in A; ``conductance``, what the read takes the cell for, in
            S; ``cell_voltage`` in V; ``power`` of all drivers in W.
        """
        for name, k, n in (("row", row, self.shape[0]), ("column", column, self.shape[1])):
            if k not in range(n):
                raise ValueError(
                    f"{name}={k} is not in this array of {n}; count from 0 to {n - 1}."
                )
        g, (v_word, v_bit) = self.conductances, (np.zeros(n) for n in self.shape)
        word_driven, bit_driven = np.ones(self.shape[0], bool), np.ones(self.shape[1], bool)
        levels = SCHEMES[self.scheme]
        self._check_sinh(self.v_read)
        if self.topology == "1T1R":
            g = self._gated(column)
            word_driven = g[:, column] == 0  # all but these float; a row cut off is held at 0 V
            word_driven[row] = True
        elif levels is None:
            word_driven[:], bit_driven[:] = False, False
            word_driven[row] = bit_driven[column] = True
            self._check_floating(word_driven, bit_driven)
        else:
            v_word[:], v_bit[:] = levels[0] * self.v_read, levels[1] * self.v_read
        v_word[row], v_bit[column] = self.v_read, 0.0
        lines = self._circuit.lines(word_driven, bit_driven)
        word, bit = self._circuit.settle(g, v_word[np.newaxis], v_bit[np.newaxis], lines)
        current = self._circuit.currents(word - bit, g)[0]
        sensed, through = current[:, column].sum(), current[row, column]
        power = v_word @ current.sum(axis=1) - v_bit @ current.sum(axis=0)
        values = {
            "current": (sensed, "A"),
            "cell_current": (through, "A"),
            "sneak_current": (sensed - through, "A"),
            "conductance": (sensed / self.v_read, "S"),
            "cell_voltage": ((word - bit)[0, row, column], "V"),
            "power": (power, "W"),
        }
        return xr.Dataset({name: ((), value, {"units": u}) for name, (value, u) in values.items()})

    def _check_floating(self, word_driven: NDArray, bit_driven: NDArray) -> None:
        """Refuse a floating line without a cell that conducts: its voltage is anything."""
        for name, held, axis in (("word line", word_driven, 1), ("bit line", bit_driven, 0)):
            loose = ~held & (self.conductances == 0).all(axis=axis)
            if loose.any():
                raise ValueError(
                    f"{name} {np.argmax(loose)} floats and all its cells are open (0 S), so that "
                    "it has no voltage; use scheme='V/2' or 'V/3', or give the cells a leakage."
                )

    def sneak_margin(self, g_on: float | None = None, g_off: float | None = None) -> xr.Dataset:
        """Read the worst cell, on and off, of an array of this kind whose other cells are all on.

        Parameters
        ----------
        g_on, g_off : float, default=None
            Conductances in S; by default the ends of the device's range.

        Returns
        -------
        dataset : xarray.Dataset
            ``seen_on`` and ``seen_off``, what the read takes the cell for, in S; ``on_off``, their
            ratio; ``swing``, the share of the read voltage between them over a load of 1 / g_on.
        """
        low, high = conductance_range(self.device)
        on, off = high if g_on is None else g_on, low if g_off is None else g_off
        if not 0 <= off < on:
            raise ValueError(f"g_off={off} S must lie in [0, g_on={on} S).")
        twin, g = self._twin(self.shape), np.full(self.shape, on)

        def seen(selected: float) -> float:
            g[0, -1] = selected  # the cell farthest from driver and sense
            return float(
                twin.set_conductances(g, open_cells=True).read(0, self.shape[1] - 1).conductance
            )

        return margin(seen(on), seen(off), on)

    def _twin(self, shape: tuple[int, int], wire_resistance: Any = None) -> "Crossbar":
        """Make a crossbar of the same kind, of another shape or with other wires."""
        return Crossbar(
            shape, device=self.device, topology=self.topology, selector=self.selector,
            wire_resistance=self.wire_resistance if wire_resistance is None else wire_resistance,
            scheme=self.scheme, v_read=self.v_read, r_transistor=self.r_transistor,
            v_sinh=self.v_sinh,
        )  # fmt: skip

    def plot_sneak(self, sizes: ArrayLike = (2, 4, 8, 16, 32, 64, 128)) -> Any:
        """Draw the swing of ``sneak_margin`` against the side of square arrays of this kind.

        Parameters
        ----------
        sizes : array-like of int, default=(2, 4, 8, 16, 32, 64, 128)
            Rows and columns.

        Returns
        -------
        figure : matplotlib.figure.Figure
            One line for wires without resistance, one for these.
        """
        sides = np.atleast_1d(np.asarray(sizes))
        wires = {"ideal wires": (0.0, 0.0), "these wires": self.wire_resistance}
        swings = [
            [float(self._twin((n, n), r).sneak_margin().swing) for n in sides.tolist()]
            for r in wires.values()
        ]
        data = {"swing": (("curve", "n"), swings)}
        return drawing.sneak(xr.Dataset(data, {"curve": list(wires), "n": sides}))

    def ir_drop(self, v: ArrayLike | None = None) -> xr.Dataset:
        """Compare the array with one whose wires have no resistance.

        Parameters
        ----------
        v : array-like of shape (rows,), default=None
            Voltages on the rows, none of them 0; by default ``v_read`` on all.

        Returns
        -------
        dataset : xarray.Dataset
            Relative errors: ``cell_error`` (row, column) of the cells' voltages, ``output_error``
            (column,) of the currents, 0 for a column of open cells, and of these the mean and the
            largest, ``mean_error`` and ``max_error``.
        """
        drive = self._check_voltages(np.full(self.shape[0], self.v_read) if v is None else v)
        if drive.ndim != 1 or not (drive != 0).all():
            raise ValueError("an error relative to 0 V is none: give one voltage a row, not 0.")
        solved = self.solve(drive)
        across = np.repeat(drive[:, np.newaxis], self.shape[1], axis=1)
        ideal = self._circuit.currents(across, self.conductances).sum(axis=0)
        output = solved.output_current / np.where(ideal == 0, np.inf, ideal) - (ideal != 0)
        data = {
            "cell_error": (solved.word_voltage - solved.bit_voltage) / across - 1,
            "output_error": output,
            "mean_error": output.mean(),
            "max_error": output[np.abs(output.to_numpy()).argmax()],
        }
        return xr.Dataset(data)

    def plot_ir_drop(self, v: ArrayLike | None = None) -> Any:
        """Draw ``ir_drop``: the cells as a map, the outputs as a line.

        Parameters
        ----------
        v : array-like of shape (rows,), default=None
            As in ``ir_drop``.

        Returns
        -------
        figure : matplotlib.figure.Figure
            Two panels.
        """
        return drawing.ir_drop(self.ir_drop(v))

    def energy(self, V: ArrayLike, duration: float) -> xr.Dataset:
        """Return the energy of products, and where it goes.

        Parameters
        ----------
        V : array-like of shape (n_vectors, rows) or (rows,)
            Voltages in V, held for the whole time.
        duration : float
            Time in s for which a vector is applied.

        Returns
        -------
        dataset : xarray.Dataset
            In J, over vector if ``V`` has two dimensions: ``device``, ``transistor``, ``selector``,
            ``wire``, and ``supply``, which is their sum.
        """
        if not 0 < duration < np.inf:
            raise ValueError(f"duration={duration} s must be positive and finite.")
        voltages = self._check_voltages(V)
        powers = self._in_blocks(self._circuit.powers, np.atleast_2d(voltages))
        joule, names = {"units": "J"}, ("device", "transistor", "selector", "wire", "supply")
        parts = {
            name: ("vector", duration * power, joule)
            for name, power in zip(names, powers, strict=True)
        }
        dataset = xr.Dataset(parts)
        return dataset if voltages.ndim == 2 else dataset.isel(vector=0)


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
