"""Devices that can be cells of an array, and their conductance ranges."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import choose
from mottle.reservoir.catalogue import FAMILIES, find_family
from mottle.reservoir.family import Cell
from mottle.reservoir.nonvolatile.devices.programming.device import Programming
from mottle.reservoir.nonvolatile.devices.writes import V_READ as V_READ

IDEAL = Programming(1e-6, 100e-6, (0.0,), source="no errors, no ageing: for comparison")
FOREIGN = 100.0  # beyond the range of a device by so much: no error of its cells, another unit
KNOWN = {"ideal": IDEAL} | {
    name: preset for family in FAMILIES if family.cell for name, preset in family.presets.items()
}


def get_cell(device: Any) -> Any:
    """Return a device that can be a cell, given by name or constants.

    Examples
    --------
    >>> get_cell("reram_sb").stuck
    0.0
    """
    if isinstance(device, str):
        return choose(device, KNOWN, "device")
    family = find_family(device)
    if family is None or family.cell is None:
        kinds = ", ".join(family.device.__name__ for family in FAMILIES if family.cell)
        raise ValueError(f"device={device!r} cannot be a cell of an array; take one of {kinds}.")
    family.check(device)
    return device


def cell_of(device: Any) -> Cell:
    """Return the functions of a device as a cell, given by name or constants."""
    family = find_family(get_cell(device))
    assert family is not None
    assert family.cell is not None
    return family.cell


def retention_of(device: Any) -> str:
    """Return whether a cell's retention was published: "published", "not published" or "ideal".

    Examples
    --------
    >>> [retention_of(name) for name in ("cmo_hfox", "reram_sb", "ideal")]
    ['published', 'not published', 'ideal']
    """
    return cell_of(device).retention(get_cell(device))


def name_of(device: Any) -> str:
    """Return the name of a preset, or the constants of another device.

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
    low, high = cell_of(device).conductances(get_cell(device))
    if not 0 <= low < high:
        raise ValueError(f"device.g_min={low} S must lie in [0, g_max={high} S).")
    return float(low), float(high)


def check_written(device: Any, g: NDArray[np.float64]) -> None:
    """Raise if conductances in S are those of another unit, for written, noisy or aged cells.

    Examples
    --------
    >>> check_written("cmo_hfox", np.array([0.0, 100e-6]))
    >>> check_written("cmo_hfox", np.array([20.0, 80.0]))
    Traceback (most recent call last):
    ValueError: conductance (1,) is 80 S, the largest; the range of this device is 9e-06 to 8.8e-05 S. Is it in another unit? 20 uS are given as 20e-6.
    """  # noqa: E501
    low, high = conductance_range(device)
    most = np.nanmax(g, initial=0.0)
    if most <= FOREIGN * high and (most >= low / FOREIGN or most == 0):
        return
    place = tuple(int(i) for i in np.unravel_index(int(np.nanargmax(g)), g.shape))
    raise ValueError(
        f"conductance {place} is {most:.6g} S, the largest; the range of this device is {low:.3g} "
        f"to {high:.3g} S. Is it in another unit? 20 uS are given as 20e-6."
    )


def check_targets(device: Any, targets: ArrayLike) -> NDArray[np.float64]:
    """Return conductances as an array; raise if they are outside the device's range."""
    low, high = conductance_range(device)
    goal = np.asarray(targets, dtype=np.float64)
    slip = 1e-9 * high
    outside = ~((goal >= low - slip) & (goal <= high + slip))
    if outside.any():
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        raise ValueError(
            f"target {place} is {goal[place]} S; the range of this device is {low:.3g} to "
            f"{high:.3g} S."
        )
    return np.clip(goal, low, high)
