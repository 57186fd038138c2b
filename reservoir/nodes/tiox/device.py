"""TiOx volatile memristors, modelled pulse by pulse: constants in SI units."""

from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number
from mottle.embedded import CStage, template
from mottle.reservoir.family import PER_VOLT, SECOND, Bound, Family, Fitting, Trace, check_bounds
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.driven import DrivenNode, check_write_noise, constants
from mottle.reservoir.nodes.figures import memristor
from mottle.reservoir.nodes.tiox import kernel

UNITS = {
    "k_p": "A/V^3", "k_n": "A/V^3", "g_scale": "S", "alpha": "1/V",
    "keep": "left of the distance to rest after a pulse",
}  # fmt: skip


class TiOxMemristor(NamedTuple):
    """Constants of one TiOx/TaOy device, modelled pulse by pulse; its state lies in 0 to 1.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> leaky = TiOxMemristor(keep=0.9)
    >>> f"{leaky.tau:.2e}"
    '3.80e-05'
    >>> devices.simulate(leaky, [2.0, 0.0, 0.0], 4e-6).state.values.round(3).tolist()
    [0.658, 0.642, 0.628]
    """

    keep: float = 0.99  # fraction of the distance to rest left after a pulse
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


BOUNDS = {
    "alpha": PER_VOLT,
    "k_p": Bound("A/V^3", 1e-18, 100.0),
    "k_n": Bound("A/V^3", 1e-18, 100.0),
    "t_pulse": SECOND,
}


def check(device: TiOxMemristor) -> None:
    """Check the constants.

    Examples
    --------
    >>> check(TiOxMemristor(keep=0.0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: device.keep=0.0 must be a finite number, above 0 and below 1: a volatile ...
    """
    check_bounds(device, BOUNDS)
    why = ": a volatile device returns to rest"
    check_number("device.keep", device.keep, above=0, below=1, why=why)
    check_number("device.g_rest", device.g_rest, above=0, most=1, why=", the largest state")


def trace(
    device: TiOxMemristor, drive: NDArray, dt: float, key: int, *, write_noise: float = 0.0
) -> Trace:
    """Simulate one device from rest; every step is one pulse, whatever ``dt``.

    ``write_noise`` is the relative variation of alpha from pulse to pulse.
    """
    noise = check_write_noise(write_noise)
    nodes = constants(kernel.Memristors, device)
    g, current = kernel.trace(drive, device.g_rest, nodes, noise, np.uint64(key))
    return Trace({"current": (current, "A"), "state": (g, "1")})


def compiled(
    device: TiOxMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, observable: int
) -> tuple[Any, tuple[Any, ...], int]:
    """Return the kernel, its arguments, and its integration steps in a mask."""
    own = drawn | {"keep": np.exp(-dt / drawn["tau"])}
    nodes = constants(kernel.Memristors, device, own)
    return kernel.run, (nodes, v_read, observable, device.t_pulse), 1


def embed(
    device: TiOxMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, write_noise: float
) -> CStage:
    """Return devices in C, which get a pulse a mask."""
    n, k = drawn["tau"].size, device.k_p if v_read > 0 else device.k_n
    return CStage(
        template(Path(__file__).with_name("template.c"), write_noise=write_noise > 0), n, n,
        numbers={
            "g_rest": device.g_rest, "k_p": device.k_p, "k_n": device.k_n,
            "g_scale": k * v_read * v_read,
        },
        tables={"alpha": drawn["alpha"], "keep": np.exp(-dt / drawn["tau"])},
        state={"g": np.full(n, device.g_rest)}, units=UNITS,
    )  # fmt: skip


def advance(device: TiOxMemristor, g: float, volts: float, dt: float) -> float:
    """Return the state after a pulse of ``volts`` V, whatever its length."""
    nodes = constants(kernel.Memristors, device)
    return float(kernel.trace(np.array([volts]), g, nodes, 0.0, np.uint64(0))[0][0])


def current(device: TiOxMemristor, g: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    return g * (device.k_p if volts > 0 else device.k_n) * volts**3


FITTING = Fitting(
    "tiox",
    BOUNDS | {"keep": Bound("", 0.0, 1.0), "g_rest": Bound("", 0.0, 1.0)},
    {"current": 1e-2, "conductance": 1e-2},
    {
        "keep": "relaxation: pulses that write, then weak ones until the state is at rest",
        "g_rest": "weak pulses before the first strong one, and a state that saturates",
        "alpha": "potentiation and depression by strong pulses, towards saturation",
        "k_p": "pulses of positive voltage on a known state",
        "k_n": "pulses of negative voltage on a known state",
        "t_pulse": "the step of the measurement: each sample is one pulse",
    },
    scales={"k_p": 1, "k_n": 1},
    step="t_pulse",
)


FAMILY = Family(
    TiOxMemristor,
    "volatile",
    {"tiox_zhong2021": TiOxMemristor()},
    check,
    trace,
    memristor,
    node=DrivenNode(
        v_bias=0.85,
        v_gain=1.65,
        dt_device=4e-6,
        compiled=compiled,
        rest=lambda device, drawn, n: np.full((1, n), device.g_rest),
        rates=("alpha",),
        times=("tau",),
        span=(0.05, 10.0),  # 5 to 1000 pulses
        varies=True,
        embed=embed,
    ),
    circuit=Circuit(lambda device: device.g_rest, advance, current, divisible=False),
    fitting=FITTING,
)
