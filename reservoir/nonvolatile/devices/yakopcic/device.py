"""Yakopcic's memristor: thresholds and exponential growth; constants in SI units."""

from math import exp, sinh
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.family import (
    LARGEST,
    PER_VOLT,
    RATE,
    VOLT,
    Bound,
    DrivenSynapse,
    Family,
    Trace,
    check_bounds,
    check_steps,
)
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.figures import memristor
from mottle.reservoir.nonvolatile.devices.steps import check_start, inner_steps
from mottle.reservoir.nonvolatile.devices.yakopcic import kernel


class YakopcicMemristor(NamedTuple):
    """Thresholds, rates exponential in voltage, current with a sinh of the voltage.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> [round(float(devices.simulate(YakopcicMemristor(), volt, 1e-3, duration=0.05).state[-1]), 3)
    ...  for volt in (0.05, 0.5)]  # V: below the threshold v_p, and above
    [0.11, 0.318]
    """

    a: float = 0.11  # A
    b: float = 0.5  # 1/V
    a_p: float = 7.5  # 1/s
    a_n: float = 2.0  # 1/s
    v_p: float = 0.09  # V
    v_n: float = 0.75  # V
    alpha_p: float = 1.0
    alpha_n: float = 5.0
    x_p: float = 0.3
    x_n: float = 0.5
    x_0: float = 0.11
    source: str = "Yakopcic et al., IEEE Electron Device Lett. 32 (2011) 1436; fit to Miao et al."
    provisional: str = "x_0: a starting point of our own"

    @property
    def time_scale(self) -> float:
        """Time in s of a full change at 1 V at the initial rate."""
        return 1 / (self.a_p * (exp(1.0) - exp(self.v_p)))


BOUNDS = {
    "a": Bound("A", 1e-18, 1e3),
    "b": PER_VOLT,
    "a_p": RATE,
    "a_n": RATE,
    "v_p": VOLT,
    "v_n": VOLT,
    "alpha_p": Bound("", 0.0, 1e3),
    "alpha_n": Bound("", 0.0, 1e3),
    "x_p": Bound("", 0.0, 0.999),
    "x_n": Bound("", 0.0, 0.999),
}


def check(device: YakopcicMemristor) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)
    check_start("x_0", device.x_0)


def trace(device: YakopcicMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device under a voltage."""
    speed = max(device.a_p, device.a_n) * exp(min(float(np.abs(drive).max()), 700.0))
    n_micro = inner_steps(dt, speed)
    check_steps(drive.size, dt, n_micro)
    w, current = kernel.gradual(drive, dt, device.x_0, *device[:-3], n_micro)
    return Trace({"current": (current, "A"), "state": (w, "1")})


def follow(device: YakopcicMemristor, voltage: NDArray, dt: float, w: float) -> float:
    """Return the state after a waveform in V, starting from state ``w``."""
    top = float(np.abs(voltage).max())
    speed = max(device.a_p, device.a_n) * exp(min(top, 50.0))
    n_micro = max(1, min(1000, int(dt * speed / 0.05)))
    states, _ = kernel.gradual(voltage, dt, w, *device[:-3], n_micro)
    return float(states[-1])


def advance(device: YakopcicMemristor, w: float, volts: float, dt: float) -> float:
    """Return the state after ``dt`` s at ``volts`` V."""
    return float(kernel.gradual(np.array([volts]), dt, w, *device[:-3], 1)[0][0])


def current(device: YakopcicMemristor, w: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    return device.a * w * sinh(device.b * volts)


FAMILY = Family(
    YakopcicMemristor,
    "nonvolatile",
    {"yakopcic_miao": YakopcicMemristor()},
    check,
    trace,
    memristor,
    synapse=DrivenSynapse(follow, lambda device: (np.inf, 0.0)),
    most=lambda device: LARGEST / max(1.0, device.b),
    circuit=Circuit(lambda device: device.x_0, advance, current),
)
