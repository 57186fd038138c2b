"""VO2 thermal neuristors: constants in SI units."""

from typing import NamedTuple

from mottle.reservoir.devices.choose import choose


class VO2Neuristor(NamedTuple):
    """Constants of one VO2 film with its load; see `mottle.reservoir.kernels.vo2`."""

    r_0: float = 5.35882879e-3  # ohm
    e_a: float = 5220.47417  # K
    r_metallic: float = 262.5 * 4.90025335  # ohm, a fitted factor on a measured 262.5
    t_c: float = 332.805839  # K
    width: float = 7.19357064  # K
    beta: float = 0.252796285  # 1/K
    gamma: float = 0.956269682
    capacitance: float = 145.34619293e-12  # F
    c_th: float = 49.62776831e-12  # J/K
    s_th: float = 0.20558726e-3  # W/K
    r_load: float = 12e3  # ohm
    t_0: float = 325.0  # K
    i_spike: float = 1.5e-3  # A
    window: tuple[float, float] = (10.005, 15.496)  # V, where one device oscillates
    source: str = "Zhang et al. (2024), arXiv:2312.12899"


VO2_NEURISTORS = {
    "vo2_neuristor": VO2Neuristor(),
    # the heat capacity of the published MNIST reservoir: 0.15 of the device's
    "vo2_neuristor_fast": VO2Neuristor(c_th=0.15 * 49.62776831e-12, window=(9.933, 18.297)),
}


def check_neuristor(device: str | VO2Neuristor) -> VO2Neuristor:
    """Return the constants behind a preset's name, or refuse impossible ones.

    Examples
    --------
    >>> check_neuristor("vo2_neuristor").r_load
    12000.0
    """
    if not isinstance(device, VO2Neuristor):
        return choose(device, VO2_NEURISTORS, "device")
    for name in ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load", "beta"):
        if not getattr(device, name) > 0:
            raise ValueError(f"device.{name}={getattr(device, name)} must be positive (SI units).")
    if device.width <= 0:
        raise ValueError(
            f"device.width={device.width} K must be positive: without a loop between heating and "
            "cooling there is no hysteresis and no node can oscillate."
        )
    return device
