"""Nonvolatile memristors: linear ion drift, Yakopcic's model and the dynamic memdiode."""

from math import ceil, exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import choose
from mottle.reservoir.nodes.trace import Trace, positive
from mottle.reservoir.nonvolatile.kernels import filament as kernel

STRIDE = 0.05  # farthest the state may move in an integration step, of its range of 1
MOST_STEPS = 100_000  # integration steps in a held step


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
    def time_scale(self) -> float:
        """Time in s to set at 1 V."""
        return self.t_set * exp(-1 / self.v_set)


class FerroelectricJunction(NamedTuple):
    """HZO tunnel junction: domains that nucleate, faster at higher voltage."""

    tau_0: float = 1e-9  # s
    v_a: float = 3.5  # V
    shape: float = 0.7
    g_off: float = 1e-9  # S
    g_on: float = 834e-9  # S
    p_0: float = 0.0  # share of switched domains at the start
    source: str = "Hf0.5Zr0.5O2 junction with an on/off ratio of 834 at 20 ns, Du et al. (2021)"
    provisional: str = "all constants but the ratio, which suit 20 ns pulses of 2 V"

    @property
    def time_scale(self) -> float:
        """Time in s to switch at 2 V."""
        return self.tau_0 * exp((self.v_a / 2) ** 2)


class InterfaceMemristor(NamedTuple):
    """Nb:SrTiO3 Schottky interface: gradual writing, relaxation as a power of time."""

    t_switch: float = 1.0  # s, at 0 V
    v_0: float = 0.3  # V
    v_least: float = 0.5  # V, nothing is written below
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


Nonvolatile = (
    DriftMemristor | YakopcicMemristor | Memdiode | FerroelectricJunction | InterfaceMemristor
)
PRESETS: dict[str, Nonvolatile] = {
    "hp": DriftMemristor(),
    "yakopcic_miao": YakopcicMemristor(),
    "memdiode_hfo2": Memdiode(),
    "ftj_hzo": FerroelectricJunction(),
    "nbsto_interface": InterfaceMemristor(),
}


def check_start(name: str, state: float) -> None:
    """Refuse a state to start from that lies outside 0 to 1."""
    if not 0 <= state <= 1:
        raise ValueError(f"device.{name}={state} must lie in [0, 1].")


def inner_steps(dt: float, speed: float) -> int:
    """Integration steps in a held step of a state that moves at up to ``speed`` per s.

    Examples
    --------
    >>> inner_steps(1e-3, 100.0)
    2
    """
    n_micro = max(1, ceil(dt * speed / STRIDE))
    if n_micro > MOST_STEPS:
        raise ValueError(
            f"dt={dt} s is too coarse for a state that may cross its range in {1 / speed:.2g} s at "
            f"this voltage; use dt <= {MOST_STEPS * STRIDE / speed:.2g} s, or a lower voltage."
        )
    return n_micro


def trace(
    device: Nonvolatile,
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
        check_start("w_0", device.w_0)
        kind = choose(window, {name: i for i, name in enumerate(kernel.WINDOWS)}, "window")
        if power < 1:
            raise ValueError(f"power={power} must be a whole number, at least 1.")
        per_charge = device.mobility * device.r_on / device.thickness**2
        least = min(device.r_on, device.r_off)
        n_micro = inner_steps(dt, per_charge * float(np.abs(drive).max()) / least)
        w, current = kernel.drift(
            drive, dt, device.w_0, device.r_on, device.r_off, per_charge, kind, int(power), n_micro
        )
    elif window != "none":
        raise ValueError(f"window={window!r} belongs to linear drift (device 'hp'); leave it out.")
    elif isinstance(device, YakopcicMemristor):
        positive(device, ("a", "b", "a_p", "a_n", "v_p", "v_n"))
        check_start("x_0", device.x_0)
        speed = max(device.a_p, device.a_n) * exp(min(float(np.abs(drive).max()), 700.0))
        w, current = kernel.gradual(drive, dt, device.x_0, *device[:-3], inner_steps(dt, speed))
    elif isinstance(device, FerroelectricJunction):
        positive(device, device._fields[:5])
        check_start("p_0", device.p_0)
        tau_0, v_a, shape, g_off, g_on, p_0 = device[:6]
        w, current = kernel.ferroelectric(drive, dt, p_0, tau_0, v_a, shape, g_off, g_on)
    elif isinstance(device, InterfaceMemristor):
        positive(device, device._fields[:8])
        check_start("w_0", device.w_0)
        g_off, g_on = device.area * device.j_off, device.area * device.j_on
        w, current = kernel.interface(drive, dt, device.w_0, *device[:5], g_off, g_on)
    else:
        positive(device, device._fields[:-2])
        w, current = kernel.memdiode(drive, dt, 0.0, *device[:-2])
    return Trace({"current": (current, "A"), "state": (w, "1")})
