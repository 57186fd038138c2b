"""Nonvolatile memristors: linear ion drift, Yakopcic's model and the dynamic memdiode."""

from math import exp
from typing import NamedTuple

from numpy.typing import NDArray

from mottle.reservoir.devices.choose import choose
from mottle.reservoir.devices.trace import Trace, positive
from mottle.reservoir.kernels import nonvolatile as kernel

N_MICRO = 16  # integration steps in a held step


class DriftMemristor(NamedTuple):
    """A film of two resistances whose boundary moves with the charge that flows."""

    r_on: float = 100.0  # ohm
    r_off: float = 16e3  # ohm
    thickness: float = 10e-9  # m
    mobility: float = 1e-14  # m^2/(V s)
    w_0: float = 0.1  # share of the film that conducts at the start
    source: str = "Strukov et al., Nature 453 (2008) 80, doi:10.1038/nature06932"
    provisional: str = ""

    @property
    def kind(self) -> str:
        """What sort of device this is."""
        return "nonvolatile"

    @property
    def time_scale(self) -> float:
        """Time in s in which 1 V moves the boundary through the film."""
        per_charge = self.mobility * self.r_on / self.thickness**2
        return 0.5 * (self.r_on + self.r_off) / per_charge


class YakopcicMemristor(NamedTuple):
    """Thresholds, growth exponential in voltage, current sinh-shaped."""

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
    def kind(self) -> str:
        """What sort of device this is."""
        return "nonvolatile"

    @property
    def time_scale(self) -> float:
        """Time in s of a full change at 1 V without slowing."""
        return 1 / (self.a_p * (exp(1.0) - exp(self.v_p)))


class Memdiode(NamedTuple):
    """HfO2 filament: two opposite switching rates exponential in voltage, a diode in series."""

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
    def kind(self) -> str:
        """What sort of device this is."""
        return "nonvolatile"

    @property
    def time_scale(self) -> float:
        """Time in s to set at 1 V."""
        return self.t_set * exp(-1 / self.v_set)


PRESETS: dict[str, DriftMemristor | YakopcicMemristor | Memdiode] = {
    "hp": DriftMemristor(),
    "yakopcic_miao": YakopcicMemristor(),
    "memdiode_hfo2": Memdiode(),
}


def trace(
    device: DriftMemristor | YakopcicMemristor | Memdiode,
    drive: NDArray,
    dt: float,
    key: int,
    *,
    window: str = "none",
    power: int = 1,
) -> Trace:
    """Follow one device under a voltage; ``window`` and ``power`` are those of linear drift.

    ``window`` is "none", "joglekar" (slow at both ends) or "biolek" (slow at the end ahead).
    """
    if isinstance(device, DriftMemristor):
        positive(device, ("r_on", "r_off", "thickness", "mobility"))
        kind = choose(window, {name: i for i, name in enumerate(kernel.WINDOWS)}, "window")
        if power < 1:
            raise ValueError(f"power={power} must be a whole number, at least 1.")
        per_charge = device.mobility * device.r_on / device.thickness**2
        w, current = kernel.drift(
            drive, dt, device.w_0, device.r_on, device.r_off, per_charge, kind, int(power), N_MICRO
        )
    elif window != "none":
        raise ValueError(f"window={window!r} belongs to linear drift (device 'hp'); leave it out.")
    elif isinstance(device, YakopcicMemristor):
        w, current = kernel.gradual(drive, dt, device.x_0, *device[:-3], N_MICRO)
    else:
        w, current = kernel.memdiode(drive, dt, 0.0, *device[:-2])
    return Trace({"current": (current, "A"), "state": (w, "1")})
