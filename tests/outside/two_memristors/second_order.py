"""A volatile memristor of second order: what it has just done decides how fast it changes."""

from typing import NamedTuple

from mottle.reservoir import device_node
from mottle.reservoir.compiled.functions import sinh


class SecondOrder(NamedTuple):
    rate: float = 0.5  # 1/s
    eta: float = 6.0  # 1/V
    tau: float = 50e-3  # s, of the conductance
    push: float = 400.0  # 1/(V^2 s), how activity grows
    tau_x: float = 5e-3  # s, of the activity
    g_on: float = 1e-4  # S
    g_off: float = 1e-6  # S
    source: str = "after Kim et al., Nano Lett. 15 (2015) 2203, doi:10.1021/acs.nanolett.5b00697"
    provisional: str = "all constants: of our own, for an example"
    time_scale: float = 50e-3  # s


def derivative(w, x, v, c):
    dw = c.rate * (1.0 + x) * sinh(c.eta * v) * (1.0 - w) - w / c.tau
    return dw, c.push * v * v - x / c.tau_x


def current(w, x, v, c):
    return v * (c.g_off + (c.g_on - c.g_off) * w)


NODE = device_node(
    "second_order", SecondOrder(), state={"w": 0.0, "x": 0.0}, derivative=derivative,
    current=current, limits={"w": (0.0, 1.0)}, dt_device=1e-3, dt_inner=1e-3, v_bias=0.4,
    v_gain=0.2, rates=("rate", "push"), times=("tau", "tau_x"),
)  # fmt: skip
