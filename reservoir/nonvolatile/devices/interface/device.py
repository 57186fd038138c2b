"""Interface memristors: gradual writing, power-law relaxation; SI units."""

from math import exp, inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.family import (
    SECOND,
    VOLT,
    Bound,
    Cell,
    DrivenSynapse,
    Family,
    Trace,
    check_bounds,
)
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.figures import memristor_at
from mottle.reservoir.nonvolatile.devices.interface import kernel
from mottle.reservoir.nonvolatile.devices.steps import check_start

SPREAD_OF_N = 0.05  # relative device-to-device variation of the exponent; provisional


class InterfaceMemristor(NamedTuple):
    """Nb:SrTiO3 Schottky interface: gradual writing, power-law relaxation.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> cell = InterfaceMemristor()
    >>> [round(float(devices.simulate(cell, volt, 1e-3, duration=0.01).state[-1]), 3)
    ...  for volt in (0.4, 1.0, 1.5)]  # V: below the threshold v_least, and above
    [0.0, 0.244, 0.773]
    """

    t_switch: float = 1.0  # s, at 0 V
    v_0: float = 0.3  # V
    v_least: float = 0.5  # V, threshold of writing
    t_1: float = 1e-2  # s
    n: float = 0.1
    j_off: float = 1e-2  # S/cm^2
    j_on: float = 1.0  # S/cm^2
    area: float = 1e-4  # cm^2
    w_0: float = 0.0
    source: str = "Nb:SrTiO3 interface devices, power-law relaxation"
    provisional: str = "all constants: of the published order of magnitude, 0.05 <= n <= 0.3"

    @property
    def time_scale(self) -> float:
        """Time in s to write at 1.5 V."""
        return self.t_switch * exp(-1.5 / self.v_0)


BOUNDS = {
    "t_switch": SECOND,
    "v_0": VOLT,
    "v_least": VOLT,
    "t_1": SECOND,
    "n": Bound("", 1e-6, 10.0),
    "j_off": Bound("S/cm^2", 1e-18, 1e12),
    "j_on": Bound("S/cm^2", 1e-18, 1e12),
    "area": Bound("cm^2", 1e-18, 1e4),
}


def check(device: InterfaceMemristor) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)
    check_start("w_0", device.w_0)


def conductances(device: InterfaceMemristor) -> tuple[float, float]:
    """Return the lowest and highest conductance in S.

    Examples
    --------
    >>> [round(g * 1e6, 6) for g in conductances(InterfaceMemristor())]
    [1.0, 100.0]
    """
    return device.area * device.j_off, device.area * device.j_on


def trace(device: InterfaceMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device under a voltage."""
    w, current = kernel.interface(drive, dt, device.w_0, *device[:5], *conductances(device))
    return Trace({"current": (current, "A"), "state": (w, "1")})


def follow(device: InterfaceMemristor, voltage: NDArray, dt: float, w: float) -> float:
    """Return the state after a waveform in V, starting from state ``w``."""
    return float(kernel.interface(voltage, dt, w, *device[:5], *conductances(device))[0][-1])


def age(
    device: InterfaceMemristor, written: NDArray, path: NDArray, seconds: float
) -> NDArray[np.float64]:
    """Return conductances in S, ``seconds`` after they were ``written``, by the power law."""
    n = device.n * np.exp(SPREAD_OF_N * path)
    low, _ = conductances(device)
    return np.asarray(low + (written - low) * (1 + seconds / device.t_1) ** -n)


def advance(device: InterfaceMemristor, state: Any, volts: float, dt: float) -> Any:
    """Return state, state when last written and time since, after ``dt`` s at ``volts`` V."""
    w, written, since = state
    t_switch, v_0, v_least, t_1, n = device[:5]
    return kernel.advance(w, written, since, volts, dt, t_switch, v_0, v_least, t_1, n)


def current(device: InterfaceMemristor, state: Any, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    low, high = conductances(device)
    w = state[0] if isinstance(state, tuple) else state
    return float(volts * (low + w * (high - low)))


FAMILY = Family(
    InterfaceMemristor,
    "nonvolatile",
    {"nbsto_interface": InterfaceMemristor()},
    check,
    trace,
    memristor_at(1.5),
    synapse=DrivenSynapse(follow, lambda device: (np.inf, 0.0)),
    cell=Cell(conductances, lambda device: "published", age),
    circuit=Circuit(
        lambda device: (device.w_0, device.w_0, inf),
        advance,
        current,
    ),
)
