"""Records for writing: targets, defects of cells, voltages and times."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

V_READ = 0.2  # V: read voltage, also for the conductance of a memdiode


class WriteCircuit(NamedTuple):
    """Voltages and times of writing: typical assumptions, not those of a device.

    Examples
    --------
    >>> from mottle.reservoir.nonvolatile import write
    >>> gentle = WriteCircuit(v_write=1.0)
    >>> runs = [write("ecram", [2e-6], circuit=circuit, random_state=0)
    ...         for circuit in (WriteCircuit(), gentle)]
    >>> bool(runs[1].energy[0] < runs[0].energy[0])
    True
    """

    v_write: float = 1.5  # V, of pulses on a pulse-response device
    v_read: float = V_READ  # V
    t_read: float = 1e-7  # s
    ramp_from: tuple[float, float] = (2.0, 2.0)  # V, first SET and RESET pulse of a memdiode
    ramp_step: float = 0.02  # V, from pulse to pulse
    ramp_most: tuple[float, float] = (3.5, 4.5)  # V
    t_ramp: float = 1e-6  # s, length of a memdiode's pulse
    ramp_spread: float = 0.05  # relative device-to-device variation of a memdiode's voltage
    ramp_noise: float = 0.02  # relative cycle-to-cycle variation of it


CIRCUIT = WriteCircuit()


class Defects(NamedTuple):
    """Remaining window of each cell, as fractions of the range, and stuck cells."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    stuck: NDArray[np.bool_]
    place: NDArray[np.float64]  # state of stuck cells, as a fraction of the range


class Order(NamedTuple):
    """Checked arguments of a write."""

    goal: NDArray[np.float64]  # S
    slack: float  # S
    verify: bool
    most: int
    start: float | ArrayLike | None  # S
    circuit: WriteCircuit
    read_noise: float


def starts(order: Order, low: float, high: float) -> NDArray[np.float64]:
    """Return the initial conductances, one per cell."""
    first = np.asarray(low if order.start is None else order.start, dtype=np.float64).ravel()
    if first.size not in (1, order.goal.size) or not ((first >= low) & (first <= high)).all():
        raise ValueError(
            f"start={order.start!r} must be one conductance, or one per cell, in {low:.3g} to "
            f"{high:.3g} S."
        )
    if first.size > 1 and not order.verify:
        raise ValueError("method='open' needs the same start for all cells; give a number.")
    return np.broadcast_to(first, order.goal.shape)


def nearest(goal: NDArray, curve: NDArray, counts: NDArray) -> NDArray:
    """Return the least number of pulses that brings the mean curve closest to each goal."""
    order = np.argsort(np.abs(counts), kind="stable")
    best: NDArray = np.array([order[np.argmin(np.abs(curve[order] - g))] for g in goal], dtype=int)
    return np.asarray(counts[best], dtype=np.int64)
