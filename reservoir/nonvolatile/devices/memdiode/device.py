"""The dynamic memdiode: an HfO2 filament; constants in SI units."""

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.family import (
    AMPERE,
    LARGEST,
    OHM,
    PER_VOLT,
    SECOND,
    VOLT,
    Cell,
    DrivenSynapse,
    Family,
    Trace,
    check_bounds,
)
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.figures import memristor
from mottle.reservoir.nonvolatile.devices.memdiode import kernel
from mottle.reservoir.nonvolatile.devices.writes import V_READ, nearest, starts


class Memdiode(NamedTuple):
    """HfO2 filament: two opposite switching rates exponential in voltage, a diode in series.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> [round(float(devices.simulate(Memdiode(), volt, 1e-3, duration=0.1).state[-1]), 3)
    ...  for volt in (1.0, 1.5)]
    [0.004, 0.625]
    """

    t_set: float = 1.796e6  # s
    v_set: float = 0.0899  # V
    t_reset: float = 132.0  # s
    v_reset: float = 0.1905  # V
    i_off: float = 1.8e-6  # A
    i_on: float = 1.23e-3  # A
    alpha_off: float = 3.0  # 1/V
    alpha_on: float = 3.8  # 1/V
    r_off: float = 256.0  # ohm
    r_on: float = 117.0  # ohm
    source: str = "Aguirre, Miranda et al., public SPICE card of the dynamic memdiode"
    provisional: str = "I-V form: symmetric; which of alpha and series resistance is on or off"

    @property
    def time_scale(self) -> float:
        """Time in s to set at 1 V."""
        return self.t_set * exp(-1 / self.v_set)


BOUNDS = {
    "t_set": SECOND,
    "v_set": VOLT,
    "t_reset": SECOND,
    "v_reset": VOLT,
    "i_off": AMPERE,
    "i_on": AMPERE,
    "alpha_off": PER_VOLT,
    "alpha_on": PER_VOLT,
    "r_off": OHM,
    "r_on": OHM,
}


def check(device: Memdiode) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)


def trace(device: Memdiode, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device under a voltage."""
    w, current = kernel.memdiode(drive, dt, 0.0, *device[:-2])
    return Trace({"current": (current, "A"), "state": (w, "1")})


def follow(device: Memdiode, voltage: NDArray, dt: float, w: float) -> float:
    """Return the state after a waveform in V, starting from state ``w``."""
    return float(kernel.follow_memdiode(voltage, dt, w, *device[:4]))


def fading(device: Memdiode) -> tuple[float, float]:
    """Return the time constant in s at 0 V and the state at rest.

    Examples
    --------
    >>> tau, rest = fading(Memdiode())
    >>> round(tau), round(rest, 6)
    (132, 7.3e-05)
    """
    rest = 1 / (1 + device.t_set / device.t_reset)
    return device.t_set * rest, rest


def conductances(device: Memdiode) -> tuple[float, float]:
    """Return the lowest and highest conductance in S at the read voltage."""
    low, high = kernel.memdiode_conductance(np.array([0.0, 1.0]), V_READ, tuple(device[:-2]))
    return low, high


def age(device: Memdiode, written: NDArray, path: NDArray, seconds: float) -> NDArray[np.float64]:
    """Return conductances in S, ``seconds`` after they were ``written``, by the model at 0 V."""
    x = np.linspace(0, 1, 20_001)
    conductance = kernel.memdiode_conductance(x, V_READ, tuple(device[:-2]))
    rest = 1 / (1 + device.t_set / device.t_reset)
    rate = 1 / device.t_set + 1 / device.t_reset
    state = np.interp(written, conductance, x)
    return np.asarray(np.interp(rest + (state - rest) * np.exp(-rate * seconds), x, conductance))


def write(cell, order, defects, rng):
    """Write memdiodes by pulses of growing amplitude."""
    c, card, n = order.circuit, tuple(cell[:-2]), order.goal.size
    states = np.linspace(0, 1, 4097)
    conductance = kernel.memdiode_conductance(states, c.v_read, card)
    first = np.interp(starts(order, conductance[0], conductance[-1]), conductance, states)
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
        counts = nearest(order.goal, curve, each)
    key = rng.integers(2**64, dtype=np.uint64)
    g, pulses, reads, _, written, read_out = kernel.ramp_cells(
        order.goal, order.slack if order.verify else -1.0, counts, first, ~defects.stuck, factor,
        card, *rest, c.ramp_noise, order.read_noise, order.most, key,
    )  # fmt: skip
    ends = kernel.memdiode_conductance(np.concatenate([low, high]), c.v_read, card)
    return np.clip(g, ends[:n], ends[n:]), pulses, reads, written + read_out


def advance(device: Memdiode, x: float, volts: float, dt: float) -> float:
    """Return the state after ``dt`` s at ``volts`` V."""
    return float(kernel.settle(x, volts, dt, *device[:4]))


def current(device: Memdiode, x: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    return float(kernel.memdiode(np.array([volts]), 0.0, x, *device[:-2])[1][0])


FAMILY = Family(
    Memdiode,
    "nonvolatile",
    {"memdiode_hfo2": Memdiode()},
    check,
    trace,
    memristor,
    synapse=DrivenSynapse(follow, fading),
    cell=Cell(conductances, lambda device: "published", age, write),
    most=lambda device: (
        LARGEST / max(1 / device.v_set, 1 / device.v_reset, device.alpha_on, device.alpha_off)
    ),
    circuit=Circuit(lambda device: 0.0, advance, current),
)
