"""VTEAM: thresholds, and the third power of the voltage beyond them."""

from typing import NamedTuple

from mottle.reservoir import device_node


class Vteam(NamedTuple):
    k_off: float = 50.0  # 1/s
    k_on: float = -50.0  # 1/s
    v_off: float = 0.2  # V
    v_on: float = -0.2  # V
    r_on: float = 1e3  # ohm
    r_off: float = 1e5  # ohm
    source: str = "Kvatinsky et al., IEEE TCAS-II 62 (2015) 786, doi:10.1109/TCSII.2015.2433536"
    provisional: str = "all constants: of our own, for an example"
    time_scale: float = 20e-3  # s


def derivative(w, v, c):
    off, on = v / c.v_off - 1.0, v / c.v_on - 1.0
    over = max(off, on, 0.0)  # how far beyond a threshold; the exponents of both are 3
    return (c.k_off * (1.0 - w) if off > on else c.k_on * w) * over * over * over


def current(w, v, c):
    return v / (c.r_on + (c.r_off - c.r_on) * w)


NODE = device_node(
    "vteam", Vteam(), state={"w": 0.5}, derivative=derivative, current=current,
    limits={"w": (0.0, 1.0)}, dt_device=1e-3, dt_inner=1e-3, v_bias=0.0, v_gain=0.5,
)  # fmt: skip
