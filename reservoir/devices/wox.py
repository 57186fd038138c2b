"""WOx volatile memristors: constants in SI units."""

from typing import NamedTuple

from mottle.reservoir.devices.choose import choose


class WOxMemristor(NamedTuple):
    """Constants of one WOx device; see `mottle.reservoir.kernels.memristor`."""

    rate: float = 1e-3  # 1/s: lambda; its time unit is inferred from the published pulse response
    eta: float = 8.0  # 1/V
    tau: float = 50e-3  # s
    w_min: float = 0.1
    alpha: float = 1e-8  # A
    beta: float = 0.5  # 1/V
    gamma: float = 1e-5  # A
    delta: float = 4.0  # 1/V
    source: str = "Du et al., Nat. Commun. 8 (2017) 2204, supplement table 1 (rate: unit inferred)"


WOX_MEMRISTORS = {"wox_du2017": WOxMemristor()}


def check_memristor(device: str | WOxMemristor) -> WOxMemristor:
    """Return the constants behind a preset's name, or refuse impossible ones.

    Examples
    --------
    >>> check_memristor("wox_du2017").tau
    0.05
    """
    if not isinstance(device, WOxMemristor):
        return choose(device, WOX_MEMRISTORS, "device")
    for name in ("rate", "eta", "tau", "alpha", "beta", "gamma", "delta"):
        if not getattr(device, name) > 0:
            raise ValueError(f"device.{name}={getattr(device, name)} must be positive (SI units).")
    if not 0 <= device.w_min < 1:
        raise ValueError(f"device.w_min={device.w_min} must lie in [0, 1).")
    return device
