"""Volatile memristor with a decay between events and a step at each event."""

from math import exp
from typing import NamedTuple

from numpy.typing import NDArray

from mottle.checks import check_number
from mottle.reservoir.family import SECOND, SIEMENS, Family, Trace, check_bounds
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.event import kernel
from mottle.reservoir.nodes.figures import memristor


class EventMemristor(NamedTuple):
    """Constants of a device that decays between events and steps up at each event.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> run = devices.simulate(EventMemristor(p_c=0.5, tau=10e-3), [1.0, 0.0, 0.0, 1.0], 5e-3)
    >>> run.state.values.round(3).tolist()
    [0.303, 0.184, 0.112, 0.337]
    """

    tau: float = 50e-3  # s
    p_c: float = 0.3  # step of one event, as a fraction of the distance to g_max
    g_max: float = 1e-6  # S
    source: str = "RN-Net, arXiv:2303.10770"
    provisional: str = "all constants: tau is that of WOx, p_c and g_max of our own"

    @property
    def time_scale(self) -> float:
        """Decay time in s."""
        return self.tau


PRESETS = {"stm_event": EventMemristor()}


BOUNDS = {"tau": SECOND, "g_max": SIEMENS}


def check_event(device: EventMemristor) -> None:
    """Check the constants.

    Examples
    --------
    >>> check_event(EventMemristor(p_c=1.5))
    Traceback (most recent call last):
    ValueError: device.p_c=1.5 must be a finite number, above 0 and at most 1.
    """
    check_bounds(device, BOUNDS)
    check_number("device.p_c", device.p_c, above=0, most=1)


def trace(device: EventMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device; each step with a positive voltage begins with one event."""
    g = kernel.trace(drive, dt, device.tau, device.p_c)
    return Trace({"current": (g * device.g_max * drive, "A"), "state": (g, "1")})


def advance(device: EventMemristor, g: float, volts: float, dt: float) -> float:
    """Return the state after a step, with an event at its begin if the voltage is positive."""
    if volts > 0:
        g += device.p_c * (1 - g)
    return g * exp(-dt / device.tau)


FAMILY = Family(
    EventMemristor,
    "volatile",
    PRESETS,
    check_event,
    trace,
    memristor,
    pulse=lambda device, state, volt, width: state + device.p_c * (1 - state),
    circuit=Circuit(
        lambda device: 0.0,
        advance,
        lambda device, g, volts: g * device.g_max * volts,
        divisible=False,
    ),
)
