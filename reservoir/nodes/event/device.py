"""The volatile memristor reduced to what an event does to it."""

from typing import NamedTuple

from numpy.typing import NDArray

from mottle.reservoir.family import Family, Trace, positive
from mottle.reservoir.nodes.event import kernel
from mottle.reservoir.nodes.figures import memristor


class EventMemristor(NamedTuple):
    """Constants of a device that fades between events and steps up at each."""

    tau: float = 50e-3  # s
    p_c: float = 0.3  # fraction of the way to g_max that one event goes
    g_max: float = 1e-6  # S
    source: str = "RN-Net, arXiv:2303.10770"
    provisional: str = "all constants: tau is that of WOx, p_c and g_max of our own"

    @property
    def time_scale(self) -> float:
        """Decay time in s."""
        return self.tau


PRESETS = {"stm_event": EventMemristor()}


def check_event(device: EventMemristor) -> None:
    """Refuse impossible constants.

    Examples
    --------
    >>> check_event(EventMemristor(p_c=1.5))
    Traceback (most recent call last):
    ValueError: device.p_c=1.5 is a fraction and must not be above 1.
    """
    positive(device, ("tau", "p_c", "g_max"))
    if device.p_c > 1:
        raise ValueError(f"device.p_c={device.p_c} is a fraction and must not be above 1.")


def trace(device: EventMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Follow one device; each step with a positive voltage begins with one event."""
    g = kernel.trace(drive, dt, device.tau, device.p_c)
    return Trace({"current": (g * device.g_max * drive, "A"), "state": (g, "1")})


FAMILY = Family(
    EventMemristor,
    "volatile",
    PRESETS,
    check_event,
    trace,
    memristor,
    pulse=lambda device, risen, volt, width: risen + device.p_c * (1 - risen),
)
