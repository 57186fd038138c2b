"""Conductances written into cells by pulses, and how many of them can be told apart."""

from inspect import signature
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mottle.checks import choose
from mottle.reservoir.nonvolatile.ageing import cell_dims
from mottle.reservoir.nonvolatile.cells import (
    KNOWN,
    cell_of,
    check_targets,
    conductance_range,
    get_cell,
    name_of,
    retention_of,
)
from mottle.reservoir.nonvolatile.devices.programming.device import endurance
from mottle.reservoir.nonvolatile.devices.writes import CIRCUIT, Defects, Order
from mottle.reservoir.nonvolatile.devices.writes import WriteCircuit as WriteCircuit

WRITABLE = {name: cell for name, cell in KNOWN.items() if cell_of(cell).write}
METHODS = {"verify": True, "open": False}


def check_writable(device: Any) -> Any:
    """Return a device that can be written, by name or as it is."""
    unknown = isinstance(device, str) and device not in KNOWN
    cell = choose(device, WRITABLE, "device") if unknown else get_cell(device)
    if cell_of(cell).write is None:
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
    most = cell_of(cell).most_pulses(cell) if max_pulses is None else int(max_pulses)
    if not slack > 0 or most < 1:
        raise ValueError(f"tolerance={slack} S and max_pulses={most} must be positive.")
    if not (read_noise >= 0 and spread >= 0):
        raise ValueError(f"read_noise={read_noise} and spread={spread} must not be negative.")
    rng = np.random.default_rng(random_state)
    share = getattr(cell, "stuck", 0.0) if stuck is None else stuck
    defects = draw_defects(rng, goal.size, share, cycles, n_fail)
    order = Order(goal.ravel(), slack, verify, most, start, circuit, read_noise)
    by = cell_of(cell).write
    assert by is not None
    g, pulses, reads, energy = by(cell, order, defects, rng)
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
