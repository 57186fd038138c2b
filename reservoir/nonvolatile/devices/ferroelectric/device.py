"""Ferroelectric tunnel junctions: domains that nucleate; constants in SI units."""

from math import exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.family import (
    SECOND,
    SIEMENS,
    VOLT,
    Bound,
    DrivenSynapse,
    Family,
    Trace,
    check_bounds,
)
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.figures import memristor_at
from mottle.reservoir.nonvolatile.devices.ferroelectric import kernel
from mottle.reservoir.nonvolatile.devices.steps import check_start


class FerroelectricJunction(NamedTuple):
    """HZO tunnel junction: domains that nucleate, faster at higher voltage.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> run = devices.simulate(FerroelectricJunction(), [2.0, 2.0, 0.0], 20e-9)
    >>> run.state.values.round(3).tolist()
    [0.615, 0.788, 0.788]
    """

    tau_0: float = 1e-9  # s
    v_a: float = 3.5  # V
    shape: float = 0.7
    g_off: float = 1e-9  # S
    g_on: float = 834e-9  # S
    p_0: float = 0.0  # initial fraction of switched domains
    source: str = "Hf0.5Zr0.5O2 junction with an on/off ratio of 834 at 20 ns, Du et al. (2021)"
    provisional: str = "all constants but the ratio, which suit 20 ns pulses of 2 V"

    @property
    def time_scale(self) -> float:
        """Time in s to switch at 2 V."""
        return self.tau_0 * exp((self.v_a / 2) ** 2)


BOUNDS = {
    "tau_0": SECOND,
    "v_a": VOLT,
    "shape": Bound("", 1e-2, 100.0),
    "g_off": SIEMENS,
    "g_on": SIEMENS,
}


def check(device: FerroelectricJunction) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)
    check_start("p_0", device.p_0)


def trace(device: FerroelectricJunction, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one junction under a voltage."""
    tau_0, v_a, shape, g_off, g_on, p_0 = device[:6]
    w, current = kernel.ferroelectric(drive, dt, p_0, tau_0, v_a, shape, g_off, g_on)
    return Trace({"current": (current, "A"), "state": (w, "1")})


def follow(device: FerroelectricJunction, voltage: NDArray, dt: float, w: float) -> float:
    """Return the state after a waveform in V, starting from state ``w``."""
    return float(kernel.ferroelectric(voltage, dt, w, *device[:5])[0][-1])


def advance(device: FerroelectricJunction, p: float, volts: float, dt: float) -> float:
    """Return the state after ``dt`` s at ``volts`` V."""
    return float(kernel.nucleate(p, volts, dt, *device[:3]))


def current(device: FerroelectricJunction, p: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    return volts * (device.g_off + p * (device.g_on - device.g_off))


FAMILY = Family(
    FerroelectricJunction,
    "nonvolatile",
    {"ftj_hzo": FerroelectricJunction()},
    check,
    trace,
    memristor_at(2.5),
    synapse=DrivenSynapse(follow, lambda device: (np.inf, 0.0)),
    circuit=Circuit(lambda device: device.p_0, advance, current),
)
