"""A memristor crossbar as a circuit: wires, transistors or selectors, sneak paths, energy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import (
    NamesArguments,
    check_bool,
    check_number,
    check_positive,
    check_whole,
    choose,
)
from mottle.reservoir import drawing
from mottle.reservoir.nonvolatile.ageing import aged, check_later, warn_kept
from mottle.reservoir.nonvolatile.cells import conductance_range, get_cell, name_of
from mottle.reservoir.nonvolatile.circuit import Circuit
from mottle.reservoir.nonvolatile.schemes import SCHEMES, margin
from mottle.reservoir.nonvolatile.selector import Selector, get_selector, make_cell
from mottle.reservoir.nonvolatile.writing import write

TOPOLOGIES = {"1T1R": "1T1R", "passive": "passive"}
MOST_SINH = 40  # sinh(40) is 1e17
BLOCK = 2**20  # cells whose voltages are in memory at once
FIXED = (  # of which the circuit is built, or by which its cells were written
    "shape", "device", "topology", "wire_resistance", "selector", "r_transistor", "v_sinh",
)  # fmt: skip


class Crossbar(NamesArguments):
    r"""Multiply voltages by conductances in a crossbar whose wires have resistance.

    Word lines (rows) are driven on the left, bit lines (columns) end at the bottom in a virtual
    ground. Without wires and series elements the current of column j is

    .. math:: I_j = \sum_i G_{ij} V_i

    Parameters
    ----------
    shape : tuple of int
        Rows (inputs) and columns (outputs).
    device : str or preset, default="cmo_hfox"
        Device of the cells, for ``program`` and ``age`` (see `write`; "ideal" has no errors); the
        ends of its range are the off and on conductances of ``sneak_margin``.
    topology : {"1T1R", "passive"}, default="1T1R"
        Cells with a transistor, whose gates are connected along a column; or without.
    wire_resistance : float or (float, float), default=1.0
        Resistance in ohm of a wire segment, from cell to cell and from the driver to the first
        cell; one value, or those of word and bit lines. 0 for ideal wires.
    selector : None, "sinh", "threshold" or a selector, default=None
        Selector in series with the memristor of a passive cell.
    scheme : {"V/2", "V/3", "floating"}, default="V/2"
        Voltages on unselected lines of a passive array in ``read``.
    v_read : float, default=0.2
        Read voltage in V.
    r_transistor : float, default=0.0
        Resistance in ohm in series with each memristor in 1T1R. 0 if ``conductances`` include the
        transistor, as after a write-verify through it.
    v_sinh : float, default=None
        Voltage in V of the memristors' nonlinearity I = G v_sinh sinh(V / v_sinh); None: linear.
    random_state : int, Generator or None, default=None
        Seed for ``program``; the circuit itself is deterministic.

    Attributes
    ----------
    conductances : ndarray of shape (rows, columns)
        Conductances in S; read-only, see ``set_conductances``.
    seconds : float
        Age of the cells in s since ``program``; 0 after ``set_conductances``.

    Raises
    ------
    ValueError
        For an impossible shape, resistance, voltage or combination.
    AttributeError
        If a parameter of the circuit or its cells is set later; make a new crossbar instead.

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
                f"selector={selector!r}: a 1T1R cell is selected by its transistor; use "
                "topology='passive', or selector=None."
            )
        if self.topology == "passive" and r_transistor != 0:
            raise ValueError(
                f"r_transistor={r_transistor} ohm belongs to topology='1T1R'; a passive cell has "
                "no transistor."
            )
        self.v_read = check_positive("v_read", v_read, "V")
        self.v_sinh = None if v_sinh is None else check_positive("v_sinh", v_sinh, "V")
        self.r_transistor = check_number("r_transistor", r_transistor, "ohm", least=0)
        self.selector = None if selector is None else get_selector(selector)
        cell = make_cell(self.selector, r_transistor, v_sinh)
        self._circuit = Circuit(cell, self.wire_resistance)
        self._conductances: NDArray[np.float64] | None = None
        self._transfer: NDArray[np.float64] | None = None
        self._written: xr.Dataset | None = None
        self.seconds = 0.0

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; refuse one that the circuit, once built, would not follow."""
        if name in FIXED and name in self.__dict__:
            way = "shape" if name == "shape" else f"shape, {name}=..."
            present = name_of(self.device) if name == "device" else getattr(self, name)
            raise AttributeError(
                f"{name} of a crossbar cannot be set to {value!r}: it was built with "
                f"{name}={present!r}. Make another, Crossbar({way})."
            )
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        """Return the parameters of the array, without its conductances."""
        return (
            f"Crossbar({self.shape}, device={name_of(self.device)!r}, topology={self.topology!r}, "
            f"wire_resistance={self.wire_resistance})"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes, and the result of ``program`` as plain arrays."""
        written = None if self._written is None else self._written.to_dict(data="array")
        return self.__dict__ | {"_written": written}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the attributes that `__getstate__` returned."""
        written = state["_written"]
        written = None if written is None else xr.Dataset.from_dict(written)
        self.__dict__.update(state | {"_written": written})
        for own in (self._conductances, self._transfer):  # copies of arrays can be written to
            if own is not None:
                own.flags.writeable = False

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Conductances (row, column) of the memristors in S."""
        if self._conductances is None:
            raise ValueError(
                f"this crossbar of {self.shape[0]} by {self.shape[1]} cells has no conductances "
                "yet; call set_conductances or program first."
            )
        return self._conductances

    @property
    def written(self) -> xr.Dataset | None:
        """A copy of the result of ``program``; None if conductances were set directly."""
        return None if self._written is None else self._written.copy(deep=True)

    @property
    def is_linear(self) -> bool:
        """Whether currents are proportional to voltages."""
        return self._circuit.is_linear

    def set_conductances(self, G: ArrayLike, *, open_cells: bool = False) -> "Crossbar":
        """Set the conductance of every memristor.

        Parameters
        ----------
        G : array-like of shape (rows, columns)
            Conductances in S, positive.
        open_cells : bool, default=False
            Allow 0, an open cell.

        Returns
        -------
        self : Crossbar
            The array itself.
        """
        open_cells = check_bool("open_cells", open_cells)
        g = np.array(G, dtype=np.float64, order="C")
        if g.shape != self.shape:
            raise ValueError(
                f"G has shape {g.shape}, this crossbar {self.shape} (rows are inputs, columns "
                f"outputs){'; G.T has it.' if g.T.shape == self.shape else '.'}"
            )
        bad = ~((g >= 0 if open_cells else g > 0) & (g < np.inf))
        if bad.any():
            i, j = np.argwhere(bad)[0]
            way = "signed weights need a pair of cells each"
            if g[i, j] == 0:
                way = "open_cells=True allows 0 for open cells"
            raise ValueError(
                f"G[{i}, {j}] = {g[i, j]} S must be finite and positive ({bad.sum()} such of "
                f"{g.size}); {way}."
            )
        g.flags.writeable = False
        self._conductances, self._transfer, self._written = g, None, None
        self.seconds = 0.0
        return self

    def program(self, targets: ArrayLike, **options: Any) -> xr.Dataset:
        """Write the cells and keep the resulting conductances.

        Parameters
        ----------
        targets : array-like of shape (rows, columns)
            Conductances in S, within the device's range.
        **options : dict
            Options of `write`; ``random_state`` is by default that of the array.

        Returns
        -------
        dataset : xarray.Dataset
            Result of `write`: conductances, pulses, energy, yield.

        Examples
        --------
        >>> crossbar = Crossbar((2, 3), random_state=0)
        >>> written = crossbar.program([[20e-6, 40e-6, 80e-6], [80e-6, 40e-6, 20e-6]])
        >>> bool(abs(written.conductance - written.target).max() < 5e-6)
        True
        """
        if np.shape(targets) != self.shape:
            raise ValueError(f"targets have shape {np.shape(targets)}, this crossbar {self.shape}.")
        written = write(self.device, targets, **({"random_state": self.random_state} | options))
        self.set_conductances(written["conductance"].to_numpy(), open_cells=True)
        self._written = written.copy(deep=True)
        return written

    def age(self, seconds: float) -> "Crossbar":
        """Age the cells to ``seconds`` s after they were written (see `age`).

        Parameters
        ----------
        seconds : float
            Time since ``program`` in s; not before the present age.

        Returns
        -------
        self : Crossbar
            The array itself.

        Examples
        --------
        >>> crossbar = Crossbar((2, 3), random_state=0)
        >>> written = crossbar.program([[50e-6] * 3] * 2)
        >>> fresh = crossbar.conductances.copy()
        >>> bool(abs(crossbar.age(86400.0).conductances / fresh - 1).max() > 0.01)
        True
        """
        if self._written is not None:
            warn_kept(self.device, check_later(seconds, self.seconds))
        return self._age(seconds)

    def _age(self, seconds: float) -> "Crossbar":
        """Age the cells without the warning."""
        written = self._written
        if written is None:
            raise ValueError(
                "only cells written by program() can age; these conductances were set directly."
            )
        seconds = check_later(seconds, self.seconds)
        first, path = written["conductance"].to_numpy(), written["path"].to_numpy()
        g = np.where(written["stuck"], first, aged(self.device, first, path, seconds))
        self.set_conductances(g, open_cells=True)
        self._written, self.seconds = written, seconds
        return self

    def multiply(self, V: ArrayLike) -> NDArray[np.float64]:
        """Return the currents of the columns for voltages on the rows.

        For linear cells and many vectors the transfer matrix is computed, and used from then on.
        Both methods agree within 1e-8 of the largest current, or 1e-6 if the IR drop leaves almost
        no current.

        Parameters
        ----------
        V : array-like of shape (n_vectors, rows) or (rows,)
            Voltages in V.

        Returns
        -------
        currents : ndarray of shape (n_vectors, columns) or (columns,)
            Currents in A into the virtual ground.
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
        """Apply a function of the conductances and of drivers to blocks of drivers."""
        size = max(1, BLOCK // self.conductances.size)
        firsts = range(0, max(len(drivers[0]), 1), size)
        blocks = [[v[first : first + size] for v in drivers] for first in firsts]
        results = [function(self.conductances, *block) for block in blocks]
        return [np.concatenate(parts) for parts in zip(*results, strict=True)]

    @property
    def transfer(self) -> NDArray[np.float64]:
        """Transfer matrix (rows, columns) in S, including wires, read-only; linear cells only."""
        if not self.is_linear:
            raise ValueError(
                "nonlinear cells (v_sinh, selector) have no transfer matrix: use solve."
            )
        if self._transfer is None and self._circuit.is_ideal:
            self._transfer = self.conductances
        if self._transfer is None:
            (rows, columns), sums = self.shape, self._circuit.sums
            if rows <= columns:
                self._transfer = self._in_blocks(sums, np.eye(rows), np.zeros(self.shape))[1]
            else:  # by reciprocity: drive the columns, and take the currents of the rows
                drivers = np.zeros((columns, rows)), np.eye(columns)
                self._transfer = -self._in_blocks(sums, *drivers)[0].T
            self._transfer.flags.writeable = False
        return self._transfer

    def _check_voltages(self, V: ArrayLike) -> NDArray[np.float64]:
        """Check the shape of voltages, and that they are finite."""
        v = np.ascontiguousarray(V, dtype=np.float64)
        if v.ndim not in (1, 2) or v.shape[-1] != self.shape[0]:
            raise ValueError(
                f"V has shape {v.shape}; this crossbar takes ({self.shape[0]},) or (n_vectors, "
                f"{self.shape[0]}), one voltage per row."
            )
        if not np.isfinite(v).all():
            place = tuple(int(k) for k in np.argwhere(~np.isfinite(v))[0])
            raise ValueError(f"V{list(place)} = {v[place]} V is not finite.")
        self._check_sinh(float(np.abs(v).max(initial=0.0)))
        return v

    def _check_sinh(self, largest: float) -> None:
        """Raise if memristors without series elements would be short circuits at a voltage."""
        if self.v_sinh is None or self.r_transistor > 0 or self.selector is not None:
            return
        if largest > MOST_SINH * self.v_sinh:
            raise ValueError(
                f"{largest:.3g} V is more than {MOST_SINH} times v_sinh={self.v_sinh} V: the cells "
                f"would be short circuits. Stay within {MOST_SINH * self.v_sinh:.3g} V, or put a "
                "selector or a transistor in series."
            )

    def solve(
        self, v: ArrayLike, method: str = "fast", columns: ArrayLike | None = None
    ) -> xr.Dataset:
        """Return all voltages and currents of the array.

        Parameters
        ----------
        v : array-like of shape (n_vectors, rows) or (rows,)
            Voltages of the word line drivers.
        method : {"fast", "exact"}, default="fast"
            Iteration along the lines, or elimination, whose factors are kept for further vectors.
        columns : array-like of int, default=None
            Columns of a 1T1R array whose gates are on; by default all.

        Returns
        -------
        dataset : xarray.Dataset
            Over row and column, and vector if ``v`` has two dimensions: ``output_current``
            (column,), ``input_current`` (row,), ``device_voltage`` over the memristor alone,
            ``device_current``, and ``word_voltage`` and ``bit_voltage`` of the nodes at each cell.

        Examples
        --------
        >>> crossbar = Crossbar((2, 3), wire_resistance=10).set_conductances(np.full((2, 3), 1e-4))
        >>> crossbar.solve([0.1, 0.2]).word_voltage.values.round(4).tolist()
        [[0.0997, 0.0995, 0.0994], [0.1994, 0.199, 0.1988]]
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
        """Return the conductances with all but some columns disconnected."""
        if self.topology != "1T1R":
            raise ValueError(f"columns={columns!r}: a passive array has no gates; use 1T1R.")
        on, selected = np.zeros(self.shape[1], dtype=bool), np.atleast_1d(np.asarray(columns))
        if selected.dtype.kind not in "iu" or not ((selected >= 0) & (selected < on.size)).all():
            raise ValueError(f"columns={columns!r} must be whole numbers from 0 to {on.size - 1}.")
        on[selected] = True
        return np.where(on, self.conductances, 0.0)

    def read(self, row: int, column: int) -> xr.Dataset:
        """Read one cell, as in a memory.

        In 1T1R only the gates of its column are on, and the other rows float. In a passive array
        the unselected lines float, or are half-selected at V/2, or at V/3 (word) and 2V/3 (bit),
        according to ``scheme``.

        Parameters
        ----------
        row, column : int
            Indices of the cell.

        Returns
        -------
        dataset : xarray.Dataset
            ``current`` into the sense amplifier at the selected column, ``cell_current`` through
            the cell and ``sneak_current``, their difference, in A; ``conductance`` as read, in S;
            ``cell_voltage`` in V; ``power`` of all drivers in W.

        Examples
        --------
        >>> crossbar = Crossbar((4, 4), topology="passive").set_conductances(np.full((4, 4), 1e-5))
        >>> bool(crossbar.read(0, 0).conductance > 1.5e-5)  # with the currents through other cells
        True
        """
        for name, k, n in (("row", row, self.shape[0]), ("column", column, self.shape[1])):
            check_whole(name, k, 0, most=n - 1)
        g, (v_word, v_bit) = self.conductances, (np.zeros(n) for n in self.shape)
        word_driven, bit_driven = np.ones(self.shape[0], bool), np.ones(self.shape[1], bool)
        levels = SCHEMES[self.scheme]
        self._check_sinh(self.v_read)
        if self.topology == "1T1R":
            g = self._gated(column)
            word_driven = g[:, column] == 0  # other rows float; a disconnected row is held at 0 V
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
        """Raise if a floating line has no conducting cell: its voltage would be undefined."""
        for name, held, axis in (("word line", word_driven, 1), ("bit line", bit_driven, 0)):
            undefined = ~held & (self.conductances == 0).all(axis=axis)
            if undefined.any():
                raise ValueError(
                    f"{name} {np.argmax(undefined)} floats and all its cells are open (0 S), so "
                    "its voltage is undefined; use scheme='V/2' or 'V/3', or give the cells a "
                    "leakage."
                )

    def sneak_margin(self, g_on: float | None = None, g_off: float | None = None) -> xr.Dataset:
        """Read the worst cell, on and off, of such an array with all other cells on.

        Parameters
        ----------
        g_on, g_off : float, default=None
            Conductances in S; by default the ends of the device's range.

        Returns
        -------
        dataset : xarray.Dataset
            ``read_on`` and ``read_off``, conductances as read, in S; ``on_off``, their ratio;
            ``swing``, the voltage difference over a load of 1 / g_on, relative to the read voltage.

        Examples
        --------
        >>> passive = Crossbar((8, 8), topology="passive")
        >>> bool(passive.sneak_margin().on_off < Crossbar((8, 8)).sneak_margin().on_off)
        True
        """
        low, high = conductance_range(self.device)
        on, off = high if g_on is None else g_on, low if g_off is None else g_off
        if not 0 <= off < on:
            raise ValueError(f"g_off={off} S must lie in [0, g_on={on} S).")
        twin, g = self._twin(self.shape), np.full(self.shape, on)

        def read(selected: float) -> float:
            g[0, -1] = selected  # the cell farthest from driver and sense amplifier
            return float(
                twin.set_conductances(g, open_cells=True).read(0, self.shape[1] - 1).conductance
            )

        return margin(read(on), read(off), on)

    def _twin(self, shape: tuple[int, int], wire_resistance: Any = None) -> "Crossbar":
        """Return a crossbar with the same parameters but another shape, or other wires."""
        return Crossbar(
            shape, device=self.device, topology=self.topology, selector=self.selector,
            wire_resistance=self.wire_resistance if wire_resistance is None else wire_resistance,
            scheme=self.scheme, v_read=self.v_read, r_transistor=self.r_transistor,
            v_sinh=self.v_sinh,
        )  # fmt: skip

    def plot_sneak(self, sizes: ArrayLike = (2, 4, 8, 16, 32, 64, 128)) -> Any:
        """Draw the swing of ``sneak_margin`` against the size of square arrays of this kind.

        Parameters
        ----------
        sizes : array-like of int, default=(2, 4, 8, 16, 32, 64, 128)
            Rows and columns.

        Returns
        -------
        figure : matplotlib.figure.Figure
            One line for ideal wires, one for the wires of this array.
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
        """Compare the array with one with ideal wires (IR drop).

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

        Examples
        --------
        >>> crossbar = Crossbar((8, 8), wire_resistance=10).set_conductances(np.full((8, 8), 1e-4))
        >>> round(float(crossbar.ir_drop().max_error), 3)
        -0.058
        """
        drive = self._check_voltages(np.full(self.shape[0], self.v_read) if v is None else v)
        if drive.ndim != 1 or not (drive != 0).all():
            raise ValueError(
                "errors relative to 0 V are undefined: give one voltage per row, not 0."
            )
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
        """Return the energy of matrix-vector products by component.

        Parameters
        ----------
        V : array-like of shape (n_vectors, rows) or (rows,)
            Voltages in V, constant during ``duration``.
        duration : float
            Time in s for which a vector is applied.

        Returns
        -------
        dataset : xarray.Dataset
            In J, over vector if ``V`` has two dimensions: ``device``, ``transistor``, ``selector``,
            ``wire``, and ``supply``, which is their sum.

        Examples
        --------
        >>> crossbar = Crossbar((2, 3), wire_resistance=0).set_conductances(np.full((2, 3), 1e-5))
        >>> f"{float(crossbar.energy([0.1, 0.1], 1e-7).supply):.1e}"  # 6 cells G V^2 t
        '6.0e-14'
        """
        check_positive("duration", duration, "s")
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
    """Return a shape; raise if it is not two whole numbers of at least 1."""
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
    """Return the resistances in ohm of a segment of word and bit lines."""
    pair = np.asarray(wire_resistance)
    real = pair.dtype.kind in "iuf" and pair.shape in ((), (2,))
    if not real or not ((pair >= 0) & (pair < np.inf)).all():
        raise ValueError(
            f"wire_resistance={wire_resistance!r} ohm must be one finite value of at least 0, or "
            "two: word and bit lines."
        )
    word, bit = np.broadcast_to(pair, 2)
    return float(word), float(bit)
