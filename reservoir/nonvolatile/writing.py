"""Conductances written into cells by pulses, and how many of them can be told apart."""

from inspect import signature
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import choose
from mottle.reservoir.nonvolatile.ageing import cell_dims
from mottle.reservoir.nonvolatile.cells import (
    KNOWN,
    V_READ,
    check_targets,
    conductance_range,
    get_cell,
    name_of,
    retention_of,
)
from mottle.reservoir.nonvolatile.devices.filament import Memdiode
from mottle.reservoir.nonvolatile.devices.programming import Programming, endurance, write_deviation
from mottle.reservoir.nonvolatile.devices.pulsed import PulseMemristor, pulse_rule
from mottle.reservoir.nonvolatile.kernels import writing as kernel

KINDS = (Programming, PulseMemristor, Memdiode)
WRITABLE = {name: cell for name, cell in KNOWN.items() if isinstance(cell, KINDS)}
METHODS = {"verify": True, "open": False}


class WriteCircuit(NamedTuple):
    """Voltages and times of writing. All are of our choice: typical, not a device's own."""

    v_write: float = 1.5  # V, of the pulses that a pulse-response device counts
    v_read: float = V_READ  # V
    t_read: float = 1e-7  # s
    ramp_from: tuple[float, float] = (2.0, 2.0)  # V, first SET and RESET pulse of a memdiode
    ramp_step: float = 0.02  # V, from pulse to pulse
    ramp_most: tuple[float, float] = (3.5, 4.5)  # V
    t_ramp: float = 1e-6  # s, length of a memdiode's pulse
    ramp_spread: float = 0.05  # relative, of the voltage a memdiode sees, from cell to cell
    ramp_noise: float = 0.02  # the same from pulse to pulse


CIRCUIT = WriteCircuit()


class Defects(NamedTuple):
    """Share of the range that each cell can still reach, and which cells do not answer at all."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    stuck: NDArray[np.bool_]
    place: NDArray[np.float64]  # share of the range where a stuck cell rests


def check_writable(device: Any) -> Any:
    """Return a device that can be written, by name or as it is."""
    unknown = isinstance(device, str) and device not in KNOWN
    cell = choose(device, WRITABLE, "device") if unknown else get_cell(device)
    if not isinstance(cell, KINDS):
        raise ValueError(
            f"device={name_of(device)!r} can age but not be written: there is no model of its "
            f"pulses here. Known: {', '.join(sorted(WRITABLE))}."
        )
    return cell


def check_options(options: Any, what: str = "write_options") -> dict[str, Any]:
    """Return further options of `write`; refuse what it does not know, or is given already."""
    given = {"device", "targets", "random_state"}
    known = {name: None for name in signature(write).parameters if name not in given}
    if not isinstance(options, dict):
        raise ValueError(f"{what}={options!r} must be a dict of options of write.")
    for name in options:
        choose(name, known, f"{what}: option")
    return options


def draw_defects(
    rng: np.random.Generator, n: int, stuck: float, cycles: float, n_fail: float
) -> Defects:
    """Draw stuck cells, anywhere in the range, and windows worn by earlier write cycles."""
    if not 0 <= stuck <= 1:
        raise ValueError(f"stuck={stuck} must be a share of the cells, 0 to 1.")
    place, dead = rng.uniform(size=n), rng.uniform(size=n) < stuck
    worn = endurance([cycles], n, n_fail=n_fail, random_state=rng)
    return Defects(worn["off"].to_numpy(), worn["on"].to_numpy(), dead, place)


def write(
    device: Any,
    targets: ArrayLike,
    *,
    method: str = "verify",
    tolerance: float | None = None,
    max_pulses: int | None = None,
    start: float | ArrayLike | None = None,
    circuit: WriteCircuit = CIRCUIT,
    read_noise: float = 0.0,
    spread: float = 0.0,
    stuck: float | None = None,
    cycles: float = 0.0,
    n_fail: float = 1e8,
    random_state: Any = None,
) -> xr.Dataset:
    """Write conductances into cells.

    "verify" reads a cell, pulses it towards its target, and goes on until a read lies within
    ``tolerance`` or ``max_pulses`` are spent. "open" gives the number of pulses after which a cell
    without noise comes closest, and never looks. A pulse-response device gets identical pulses up
    or down, a memdiode pulses that grow by ``circuit.ramp_step`` until it has passed its target.
    Devices known by statistics ("milo2021", "cmo_hfox" ...) are written with their published
    deviation, which includes verification; how many pulses that took is not known (NaN).

    Parameters
    ----------
    device : str or preset
        A `Programming`, `PulseMemristor` or `Memdiode`, or the name of one.
    targets : array-like
        Conductances in S, of any shape; row and column for an array.
    method : {"verify", "open"}, default="verify"
        How to write.
    tolerance : float, default=None
        Largest error in S that counts as reached; by default 1 % of the device's range.
    max_pulses : int, default=None
        Most pulses a cell may get; by default twice what crosses its range, at least 200.
    start : float or array-like, default=None
        Conductances before, in S; by default the lowest. An array only with "verify".
    circuit : WriteCircuit, default=CIRCUIT
        Voltages and times, for the energy and for a memdiode's ramp.
    read_noise : float, default=0.0
        Relative standard deviation of a verifying read; 0.01 is typical.
    spread : float, default=0.0
        Relative standard deviation, lognormal, of an error that verification does not see: between
        testing and use of a cell, say, in another circuit or at another temperature.
    stuck : float, default=None
        Share of cells that do not answer, resting anywhere in the range; by default the device's.
    cycles, n_fail : float, default=0.0 and 1e8
        Write cycles the cells have behind them, and their endurance (see `devices.endurance`).
    random_state : int, Generator or None, default=None
        Draws the cells and their noise.

    Returns
    -------
    dataset : xarray.Dataset
        Of the shape of ``targets``: ``target`` and ``conductance`` (S), ``pulses``, ``reads``,
        ``energy`` (J, pulses and reads), ``reached`` (truly within the tolerance), ``stuck`` and
        ``path`` (what `age` needs). Attributes: ``yield`` (share reached), what was asked, and
        ``source`` and ``provisional`` of the device.

    Raises
    ------
    ValueError
        For targets outside the device's range, or impossible parameters.

    Examples
    --------
    >>> run = write("ecram", [2e-6, 3e-6], random_state=0)
    >>> run.reached.values.tolist(), bool(run.energy.max() < 1e-9)
    ([True, True], True)
    """
    cell, goal = check_writable(device), check_targets(device, targets)
    if goal.size == 0:
        raise ValueError(f"targets={targets!r} hold no cell; give at least one conductance, in S.")
    verify = choose(method, METHODS, "method")
    low, high = conductance_range(cell)
    slack = 0.01 * (high - low) if tolerance is None else float(tolerance)
    most = default_pulses(cell) if max_pulses is None else int(max_pulses)
    if not slack > 0 or most < 1:
        raise ValueError(f"tolerance={slack} S and max_pulses={most} must be positive.")
    if not (read_noise >= 0 and spread >= 0):
        raise ValueError(f"read_noise={read_noise} and spread={spread} must not be negative.")
    rng = np.random.default_rng(random_state)
    share = getattr(cell, "stuck", 0.0) if stuck is None else stuck
    defects = draw_defects(rng, goal.size, share, cycles, n_fail)
    order = Order(goal.ravel(), slack, verify, most, start, circuit, read_noise)
    if isinstance(cell, Programming):
        g, pulses, reads, energy = _by_statistics(cell, order, defects, rng)
    elif isinstance(cell, PulseMemristor):
        g, pulses, reads, energy = _by_pulses(cell, order, defects, rng)
    else:
        g, pulses, reads, energy = _by_ramps(cell, order, defects, rng)
    g = g * np.exp(np.sqrt(np.log1p(spread**2)) * rng.normal(size=g.size))
    reached = np.abs(g - order.goal) <= slack * (1 + 1e-9)
    columns = {
        "target": (order.goal, "S"), "conductance": (g, "S"), "pulses": (pulses, "1"),
        "reads": (reads, "1"), "energy": (energy, "J"), "reached": (reached, "1"),
        "stuck": (defects.stuck, "1"), "path": (rng.normal(size=goal.size), "1"),
    }  # fmt: skip
    attrs: dict[str, Any] = {"device": name_of(device), "method": method}
    attrs |= {"tolerance": slack, "max_pulses": most, "yield": float(reached.mean())}
    attrs |= {"circuit": repr(circuit), "source": cell.source, "provisional": cell.provisional}
    attrs |= {"retention": retention_of(cell)}
    dims = cell_dims(goal.ndim)
    return xr.Dataset(
        {name: (dims, values.reshape(goal.shape), {"units": unit})
         for name, (values, unit) in columns.items()}, attrs=attrs,
    )  # fmt: skip


class Order(NamedTuple):
    """What is to be written, checked."""

    goal: NDArray[np.float64]  # S
    slack: float  # S
    verify: bool
    most: int
    start: float | ArrayLike | None  # S
    circuit: WriteCircuit
    read_noise: float


def default_pulses(cell: Any) -> int:
    """Twice the pulses that cross the range of a device without noise, at least 200."""
    if not isinstance(cell, PulseMemristor):
        return 200
    span = 1.0 if cell.rule == "a_form" else cell.w_max - cell.w_min
    return max(200, ceil(2 * span / min(cell.step)))


def _starts(order: Order, low: float, high: float) -> NDArray[np.float64]:
    """Conductances before writing, one a cell."""
    first = np.asarray(low if order.start is None else order.start, dtype=np.float64).ravel()
    if first.size not in (1, order.goal.size) or not ((first >= low) & (first <= high)).all():
        raise ValueError(
            f"start={order.start!r} must be one conductance, or one a cell, in {low:.3g} to "
            f"{high:.3g} S."
        )
    if first.size > 1 and not order.verify:
        raise ValueError("method='open' counts pulses from one start for all cells; give a number.")
    return np.broadcast_to(first, order.goal.shape)


def _by_statistics(cell, order, defects, rng):
    """Write with the published deviation."""
    if not order.verify:
        raise ValueError("method='open' needs a model of a pulse; this device has statistics only.")
    deviation = write_deviation(cell, order.goal)
    g = np.maximum(order.goal + deviation * rng.normal(size=order.goal.size), 0.0)
    span = cell.g_max - cell.g_min
    worn = (defects.low > 0) | (defects.high < 1)  # others may end outside the range
    window = cell.g_min + defects.low * span, cell.g_min + defects.high * span
    g = np.where(worn, np.clip(g, *window), g)
    g = np.where(defects.stuck, cell.g_min + defects.place * span, g)
    unknown = np.full(g.size, np.nan)
    return g, unknown, unknown.copy(), unknown.copy()


def _by_pulses(cell, order, defects, rng):
    """Write by identical pulses."""
    rule, n = pulse_rule(cell), order.goal.size
    span = cell.w_max - cell.w_min
    siemens = (cell.g_max - cell.g_min) / span
    goal = cell.w_min + (order.goal - cell.g_min) / siemens
    first = cell.w_min + (_starts(order, cell.g_min, cell.g_max) - cell.g_min) / siemens
    factor = np.exp(np.sqrt(np.log1p(cell.spread**2)) * rng.normal(size=n))
    factor = np.where(defects.stuck, 0.0, factor)
    low, high = cell.w_min + defects.low * span, cell.w_min + defects.high * span
    stuck_at = cell.w_min + defects.place * span
    offset = cell.g_min / siemens - cell.w_min
    counts = np.ones(n, dtype=np.int64)
    if not order.verify:
        each = np.arange(-order.most, order.most + 1)
        same = np.full(each.size, first[0] if n else 0.0)
        ones = np.ones(each.size)
        curve = kernel.pulse_cells(
            same, -1.0, each, same, cell.w_min * ones, cell.w_max * ones, ones, rule, 0.0, 0.0,
            0.0, offset, order.most, np.uint64(0),
        )[0]  # fmt: skip
        counts = _nearest(goal, curve, each)
    key = rng.integers(2**64, dtype=np.uint64)
    at_first = np.where(defects.stuck, stuck_at, np.clip(first, low, high))
    shown, pulses, reads, _, pulsed, seen = kernel.pulse_cells(
        goal, order.slack / siemens if order.verify else -1.0, counts, at_first, low, high,
        factor, rule, cell.noise, cell.write_noise, order.read_noise, offset, order.most, key,
    )  # fmt: skip
    c = order.circuit
    energy = c.v_write**2 * pulsed * cell.t_pulse + c.v_read**2 * seen * c.t_read
    return np.maximum((shown + offset) * siemens, 0.0), pulses, reads, energy * siemens


def _nearest(goal: NDArray, curve: NDArray, counts: NDArray) -> NDArray:
    """Return for each goal the least number of pulses that brings the mean curve closest."""
    order = np.argsort(np.abs(counts), kind="stable")
    best: NDArray = np.array([order[np.argmin(np.abs(curve[order] - g))] for g in goal], dtype=int)
    return np.asarray(counts[best], dtype=np.int64)


def _by_ramps(cell, order, defects, rng):
    """Write memdiodes by growing pulses."""
    c, card, n = order.circuit, tuple(cell[:-2]), order.goal.size
    states = np.linspace(0, 1, 4097)
    known = kernel.memdiode_conductance(states, c.v_read, card)
    first = np.interp(_starts(order, known[0], known[-1]), known, states)
    factor = np.exp(np.sqrt(np.log1p(c.ramp_spread**2)) * rng.normal(size=n))
    low, high = defects.low, defects.high
    first = np.where(defects.stuck, defects.place, np.clip(first, low, high))
    rest = (c.ramp_from, c.ramp_step, c.ramp_most, c.t_ramp, c.v_read, c.t_read)
    counts = np.ones(n, dtype=np.int64)
    if not order.verify:
        each = np.arange(-order.most, order.most + 1)
        same, ones = np.full(each.size, first[0] if n else 0.0), np.ones(each.size)
        curve = kernel.ramp_cells(
            same, -1.0, each, same, ones > 0, ones, card, *rest, 0.0, 0.0, order.most, np.uint64(0)
        )[0]
        counts = _nearest(order.goal, curve, each)
    key = rng.integers(2**64, dtype=np.uint64)
    g, pulses, reads, _, written, read_out = kernel.ramp_cells(
        order.goal, order.slack if order.verify else -1.0, counts, first, ~defects.stuck, factor,
        card, *rest, c.ramp_noise, order.read_noise, order.most, key,
    )  # fmt: skip
    ends = kernel.memdiode_conductance(np.concatenate([low, high]), c.v_read, card)
    return np.clip(g, ends[:n], ends[n:]), pulses, reads, written + read_out
