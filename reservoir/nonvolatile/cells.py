"""What a cell of an array may be, and the conductances it can hold."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import choose
from mottle.reservoir.nonvolatile.devices import (
    filament as nonvolatile,
)
from mottle.reservoir.nonvolatile.devices import (
    programming,
)
from mottle.reservoir.nonvolatile.devices import (
    pulsed as pulse_response,
)
from mottle.reservoir.nonvolatile.devices.filament import InterfaceMemristor, Memdiode
from mottle.reservoir.nonvolatile.devices.programming import Programming
from mottle.reservoir.nonvolatile.devices.pulsed import PulseMemristor
from mottle.reservoir.nonvolatile.kernels import writing as kernel

V_READ = 0.2  # V: read voltage, at which a memdiode's conductance is its current over it
CELLS = (Programming, PulseMemristor, Memdiode, InterfaceMemristor)
IDEAL = Programming(1e-6, 100e-6, (0.0,), source="no errors, no ageing: for comparison")
KNOWN = {"ideal": IDEAL} | {
    name: preset
    for presets in (programming.PRESETS, pulse_response.PRESETS, nonvolatile.PRESETS)
    for name, preset in presets.items()  # type: ignore[attr-defined]
    if isinstance(preset, CELLS)
}


def get_cell(device: Any) -> Any:
    """Return a device that can be a cell, by name or as it is.

    Examples
    --------
    >>> get_cell("reram_sb").stuck
    0.0
    """
    if isinstance(device, str):
        return choose(device, KNOWN, "device")
    if not isinstance(device, CELLS):
        kinds = ", ".join(kind.__name__ for kind in CELLS)
        raise ValueError(f"device={device!r} cannot be a cell of an array; known are {kinds}.")
    return device


def retention_of(device: Any) -> str:
    """Tell whether a cell's ageing was published: "published", "not published", or "ideal".

    Examples
    --------
    >>> [retention_of(name) for name in ("cmo_hfox", "reram_sb", "ideal")]
    ['published', 'not published', 'ideal']
    """
    cell = get_cell(device)
    if isinstance(cell, Programming):
        return programming.retention(cell)
    return "not published" if isinstance(cell, PulseMemristor) else "published"


def name_of(device: Any) -> str:
    """Return the name of a preset, or the constants of a device of one's own.

    Examples
    --------
    >>> name_of(get_cell("ecram"))
    'ecram'
    """
    if isinstance(device, str):
        return device
    return next((name for name, preset in KNOWN.items() if preset == device), repr(device))


def conductance_range(device: Any) -> tuple[float, float]:
    """Return the lowest and the highest conductance of a cell in S.

    Examples
    --------
    >>> conductance_range("cmo_hfox")
    (9e-06, 8.8e-05)
    """
    cell = get_cell(device)
    if isinstance(cell, Memdiode):
        low, high = kernel.memdiode_conductance(np.array([0.0, 1.0]), V_READ, tuple(cell[:-2]))
    elif isinstance(cell, InterfaceMemristor):
        low, high = cell.area * cell.j_off, cell.area * cell.j_on
    else:
        low, high = cell.g_min, cell.g_max
    if not 0 <= low < high:
        raise ValueError(f"device.g_min={low} S must lie in [0, g_max={high} S).")
    return float(low), float(high)


def check_targets(device: Any, targets: ArrayLike) -> NDArray[np.float64]:
    """Return conductances as an array; refuse those that the device cannot hold."""
    low, high = conductance_range(device)
    goal = np.asarray(targets, dtype=np.float64)
    slip = 1e-9 * high
    outside = ~((goal >= low - slip) & (goal <= high + slip))
    if outside.any():
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        raise ValueError(
            f"target {place} is {goal[place]} S; this device holds {low:.3g} to {high:.3g} S."
        )
    return np.clip(goal, low, high)
