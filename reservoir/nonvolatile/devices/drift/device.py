"""Linear ion drift: a film with a boundary moved by charge; constants in SI units."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_whole, choose
from mottle.reservoir.family import OHM, Bound, Family, Trace, check_bounds, check_steps
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.figures import memristor
from mottle.reservoir.nonvolatile.devices.drift import kernel
from mottle.reservoir.nonvolatile.devices.steps import check_start, inner_steps


class DriftMemristor(NamedTuple):
    """A film with two resistances, whose boundary moves with the charge.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> thick = DriftMemristor(thickness=20e-9)
    >>> [round(float(devices.simulate(film, 1.0, 1e-3, duration=0.1).state[-1]), 3)
    ...  for film in (DriftMemristor(), thick)]
    [0.172, 0.118]
    """

    r_on: float = 100.0  # ohm
    r_off: float = 16e3  # ohm
    thickness: float = 10e-9  # m
    mobility: float = 1e-14  # m^2/(V s)
    w_0: float = 0.1  # initial fraction of the film that conducts
    source: str = "Strukov et al., Nature 453 (2008) 80, doi:10.1038/nature06932"
    provisional: str = ""

    @property
    def time_scale(self) -> float:
        """Time in s in which 1 V moves the boundary through the film."""
        per_charge = self.mobility * self.r_on / self.thickness**2
        return 0.5 * (self.r_on + self.r_off) / per_charge


BOUNDS = {
    "r_on": OHM,
    "r_off": OHM,
    "thickness": Bound("m", 1e-10, 1e-3),
    "mobility": Bound("m^2/(V s)", 1e-24, 1.0),
}


def check(device: DriftMemristor) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)
    check_start("w_0", device.w_0)


def trace(
    device: DriftMemristor,
    drive: NDArray,
    dt: float,
    key: int,
    *,
    window: str = "none",
    power: int = 1,
) -> Trace:
    """Simulate one device under a voltage.

    ``window`` is "none", "joglekar" (slow at both ends) or "biolek" (slow at the end that is
    approached), and ``power`` its exponent.
    """
    kind = choose(window, {name: i for i, name in enumerate(kernel.WINDOWS)}, "window")
    check_whole("power", power)
    per_charge = device.mobility * device.r_on / device.thickness**2
    least = min(device.r_on, device.r_off)
    n_micro = inner_steps(dt, per_charge * float(np.abs(drive).max()) / least)
    check_steps(drive.size, dt, n_micro)
    w, current = kernel.drift(
        drive, dt, device.w_0, device.r_on, device.r_off, per_charge, kind, int(power), n_micro
    )
    return Trace({"current": (current, "A"), "state": (w, "1")})


def advance(device: DriftMemristor, w: float, volts: float, dt: float) -> float:
    """Return the state after ``dt`` s at ``volts`` V, without a window."""
    per_charge = device.mobility * device.r_on / device.thickness**2
    held = np.array([volts])
    states, _ = kernel.drift(held, dt, w, device.r_on, device.r_off, per_charge, 0, 1, 1)
    return float(states[0])


def current(device: DriftMemristor, w: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    return volts / (device.r_on * w + device.r_off * (1 - w))


FAMILY = Family(
    DriftMemristor,
    "nonvolatile",
    {"hp": DriftMemristor()},
    check,
    trace,
    memristor,
    circuit=Circuit(lambda device: device.w_0, advance, current),
)
