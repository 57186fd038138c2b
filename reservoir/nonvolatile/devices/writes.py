"""What is written into cells, and with what: orders, defects, voltages and times."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

V_READ = 0.2  # V: read voltage, at which a memdiode's conductance is its current over it


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


class Order(NamedTuple):
    """What is to be written, checked."""

    goal: NDArray[np.float64]  # S
    slack: float  # S
    verify: bool
    most: int
    start: float | ArrayLike | None  # S
    circuit: WriteCircuit
    read_noise: float


def starts(order: Order, low: float, high: float) -> NDArray[np.float64]:
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


def nearest(goal: NDArray, curve: NDArray, counts: NDArray) -> NDArray:
    """Return for each goal the least number of pulses that brings the mean curve closest."""
    order = np.argsort(np.abs(counts), kind="stable")
    best: NDArray = np.array([order[np.argmin(np.abs(curve[order] - g))] for g in goal], dtype=int)
    return np.asarray(counts[best], dtype=np.int64)
