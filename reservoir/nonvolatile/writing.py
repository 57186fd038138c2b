"""Writing of conductances to cells: write-verify, open-loop pulses, or published statistics."""

from inspect import signature
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mottle.checks import (
    check_fraction,
    check_number,
    check_positive,
    check_whole,
    choose,
    names_arguments,
)
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
from mottle.reservoir.nonvolatile.devices.programming.device import cycles_to_failure, endurance
from mottle.reservoir.nonvolatile.devices.writes import CIRCUIT, Defects, Order
from mottle.reservoir.nonvolatile.devices.writes import WriteCircuit as WriteCircuit

WRITABLE = {name: cell for name, cell in KNOWN.items() if cell_of(cell).write}
METHODS = {"verify": True, "open": False}


def check_writable(device: Any) -> Any:
    """Return a device that can be written, given by name or constants."""
    unknown = isinstance(device, str) and device not in KNOWN
    cell = choose(device, WRITABLE, "device") if unknown else get_cell(device)
    if cell_of(cell).write is None:
        raise ValueError(
            f"device={name_of(device)!r} can age but not be written: it has no model of write "
            f"pulses. Take one of {', '.join(sorted(WRITABLE))}."
        )
    return cell


def check_options(options: Any, what: str = "write_options") -> dict[str, Any]:
    """Return further options of `write`; raise for unknown options and those set elsewhere."""
    set_elsewhere = {"device", "targets", "random_state"}
    known = {name: None for name in signature(write).parameters if name not in set_elsewhere}
    if not isinstance(options, dict):
        raise ValueError(f"{what}={options!r} must be a dict of options of write.")
    for name in options:
        choose(name, known, f"{what}: option")
    return options


def draw_defects(
    rng: np.random.Generator, n: int, stuck: float, cycles: float, n_fail: float
) -> Defects:
    """Draw stuck cells, uniform over the range, and windows reduced by earlier write cycles."""
    check_fraction("stuck", stuck, why=": a fraction of the cells")
    place, dead = rng.uniform(size=n), rng.uniform(size=n) < stuck
    worn = endurance([cycles], n, n_fail=n_fail, random_state=rng)
    return Defects(worn["off"].to_numpy(), worn["on"].to_numpy(), dead, place)


@names_arguments
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
    """Write conductances to cells.

    "verify" (write-verify) reads a cell and applies pulses towards its target until a read is
    within ``tolerance``, or ``max_pulses`` are used. "open" (open loop) applies the number of
    pulses after which a cell without noise is closest, without reads. A pulse-response device is
    written by identical pulses up or down, a memdiode by pulses that grow by ``circuit.ramp_step``
    until it passes its target. Statistical devices ("milo2021", "cmo_hfox" ...) are written with
    their published deviation, which includes verification; their number of pulses is not known
    (NaN).

    Parameters
    ----------
    device : str or preset
        A `Programming`, `PulseMemristor` or `Memdiode`, or the name of one.
    targets : array-like
        Conductances in S, of any shape; row and column for an array.
    method : {"verify", "open"}, default="verify"
        Write-verify, or open loop.
    tolerance : float, default=None
        Largest accepted error in S; by default 1 % of the device's range.
    max_pulses : int, default=None
        Largest number of pulses per cell; by default twice the number that crosses its range, at
        least 200.
    start : float or array-like, default=None
        Initial conductances in S; by default the lowest. An array only with "verify".
    circuit : WriteCircuit, default=CIRCUIT
        Voltages and times, for the energy and for a memdiode's ramp.
    read_noise : float, default=0.0
        Relative standard deviation of a verifying read; 0.01 is typical.
    spread : float, default=0.0
        Relative standard deviation, lognormal, of an error that arises after verification, for
        example in another circuit or at another temperature.
    stuck : float, default=None
        Fraction of stuck cells, uniform over the range; by default the device's.
    cycles, n_fail : float, default=0.0 and 1e8
        Earlier write cycles of the cells, and their endurance (see `devices.endurance`), at the
        published strength of programming.
    random_state : int, Generator or None, default=None
        Draws the cells and their noise.

    Returns
    -------
    dataset : xarray.Dataset
        Of the shape of ``targets``: ``target`` and ``conductance`` (S), ``pulses``, ``reads``,
        ``energy`` (J, pulses and reads), ``reached`` (error without read noise within the
        tolerance), ``stuck`` and ``path`` (for `age`). Attributes: ``yield`` (fraction reached),
        the options, and ``source`` and ``provisional`` of the device.

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
        raise ValueError(f"targets={targets!r} is empty; give at least one conductance, in S.")
    verify = choose(method, METHODS, "method")
    low, high = conductance_range(cell)
    slack = 0.01 * (high - low)
    if tolerance is not None:
        slack = check_positive("tolerance", tolerance, "S")
    most = cell_of(cell).most_pulses(cell)
    if max_pulses is not None:
        most = check_whole("max_pulses", max_pulses)
    check_number("read_noise", read_noise, least=0)
    check_number("spread", spread, least=0)
    rng = np.random.default_rng(random_state)
    fraction = getattr(cell, "stuck", 0.0) if stuck is None else stuck
    defects = draw_defects(rng, goal.size, fraction, cycles, cycles_to_failure(cell, n_fail))
    order = Order(goal.ravel(), slack, verify, most, start, circuit, read_noise)
    write_cells = cell_of(cell).write
    assert write_cells is not None
    g, pulses, reads, energy = write_cells(cell, order, defects, rng)
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
