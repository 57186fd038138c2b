"""WOx and TiOx volatile memristors: constants in SI units."""

from math import log
from typing import NamedTuple

from numpy.typing import NDArray

from mottle.checks import choose
from mottle.reservoir.nodes.memristor import kernel
from mottle.reservoir.nodes.trace import Trace, positive


class WOxMemristor(NamedTuple):
    """Constants of one WOx device; see `mottle.reservoir.nodes.memristor.kernel`."""

    rate: float = 1e-3  # 1/s: lambda; its time unit is inferred from the published pulse response
    eta: float = 8.0  # 1/V
    tau: float = 50e-3  # s
    w_min: float = 0.1
    alpha: float = 1e-8  # A
    beta: float = 0.5  # 1/V
    gamma: float = 1e-5  # A
    delta: float = 4.0  # 1/V
    source: str = "Du et al., Nat. Commun. 8 (2017) 2204, supplement table 1"
    provisional: str = "rate: its time unit is inferred from the pulse response"

    @property
    def time_scale(self) -> float:
        """Decay time in s."""
        return self.tau


class TiOxMemristor(NamedTuple):
    """Constants of one TiOx/TaOy device, whose model knows pulses, not time."""

    keep: float = 0.99  # share of the distance to rest left after a pulse
    g_rest: float = 0.5
    alpha: float = 0.23  # 1/V
    k_p: float = 9.13e-6  # A/V^3
    k_n: float = 0.32e-6  # A/V^3
    t_pulse: float = 4e-6  # s
    source: str = "Zhong et al., Nat. Commun. 12 (2021) 408, doi:10.1038/s41467-020-20692-1"
    provisional: str = "t_pulse: from the measured 400 us decay; k_p, k_n: unit taken as uA/V^3"

    @property
    def tau(self) -> float:
        """Decay time in s."""
        return -self.t_pulse / log(self.keep)

    @property
    def time_scale(self) -> float:
        """Decay time in s."""
        return self.tau


WOX_MEMRISTORS = {"wox_du2017": WOxMemristor()}
PRESETS: dict[str, WOxMemristor | TiOxMemristor] = {
    **WOX_MEMRISTORS,
    "tiox_zhong2021": TiOxMemristor(),
}


def check_memristor(device: str | WOxMemristor) -> WOxMemristor:
    """Return the constants behind a preset's name, or refuse impossible ones.

    Examples
    --------
    >>> check_memristor("wox_du2017").tau
    0.05
    """
    if not isinstance(device, WOxMemristor):
        return choose(device, WOX_MEMRISTORS, "device")
    positive(device, ("rate", "eta", "tau", "alpha", "beta", "gamma", "delta"))
    if not 0 <= device.w_min < 1:
        raise ValueError(f"device.w_min={device.w_min} must lie in [0, 1).")
    return device


def check_pulsed(device: TiOxMemristor) -> None:
    """Refuse impossible constants of a device that knows pulses.

    Examples
    --------
    >>> check_pulsed(TiOxMemristor(keep=0.0))
    Traceback (most recent call last):
    ValueError: device.keep=0.0 must be positive (SI units).
    """
    positive(device, ("keep", "g_rest", "alpha", "k_p", "k_n", "t_pulse"))
    if not (device.keep < 1 and device.g_rest <= 1):
        raise ValueError(
            f"device.keep={device.keep} must lie below 1, device.g_rest={device.g_rest} not above "
            "it: a volatile device returns to rest, and its state ends at 1."
        )


def trace(device: WOxMemristor | TiOxMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Follow one device from rest; to a TiOx device every step is one pulse, whatever ``dt``."""
    if isinstance(device, TiOxMemristor):
        check_pulsed(device)
        fields = kernel.PulsedMemristors._fields
        one = kernel.PulsedMemristors(**{name: getattr(device, name) for name in fields})
        g, current = kernel.trace_pulsed(drive, device.g_rest, one)
        return Trace({"current": (current, "A"), "state": (g, "1")})
    check_memristor(device)
    names = kernel.Memristors._fields
    nodes = kernel.Memristors(**{name: getattr(device, name) for name in names})
    w, current = kernel.trace(drive, dt, device.w_min, nodes)
    return Trace({"current": (current, "A"), "state": (w, "1")})
