"""WOx volatile memristors: constants in SI units, and their use as nodes."""

from math import exp
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import choose
from mottle.embedded import CStage, template
from mottle.reservoir.family import (
    AMPERE,
    LARGEST,
    PER_VOLT,
    RATE,
    SECOND,
    Bound,
    DrivenSynapse,
    Family,
    Fitting,
    Trace,
    check_bounds,
)
from mottle.reservoir.nodes.compliance import Circuit
from mottle.reservoir.nodes.driven import DrivenNode, check_write_noise, constants
from mottle.reservoir.nodes.figures import memristor
from mottle.reservoir.nodes.wox import kernel


class WOxMemristor(NamedTuple):
    """Constants of one WOx device; equations in ``kernel.py``.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> pulses = devices.pulse_train(1.5, 1e-3, 2e-3, 1e-3, n_pulses=3)
    >>> devices.simulate(WOxMemristor(tau=20e-3), pulses, 1e-3).state.values.round(3).tolist()
    [0.179, 0.176, 0.251, 0.244, 0.316, 0.306]
    """

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


UNITS = {
    "eta": "1/V", "alpha": "A", "beta": "1/V", "gamma": "A", "delta": "1/V", "g_closed": "S",
    "g_open": "S", "tau": "s", "rate": "1/s", "fade": "left of the state after a mask",
    "push": "tau times rate",
}  # fmt: skip
NUMBERS = ("eta", "w_min", "alpha", "beta", "gamma", "delta")  # that no device varies
WOX_MEMRISTORS = {"wox_du2017": WOxMemristor()}


BOUNDS = {
    "rate": RATE,
    "eta": PER_VOLT,
    "tau": SECOND,
    "w_min": Bound("", 0.0, 0.999),
    "alpha": AMPERE,
    "beta": PER_VOLT,
    "gamma": AMPERE,
    "delta": PER_VOLT,
}


def check_memristor(device: str | WOxMemristor) -> WOxMemristor:
    """Return the constants of a preset, or check given ones.

    Examples
    --------
    >>> check_memristor("wox_du2017").tau
    0.05
    """
    if not isinstance(device, WOxMemristor):
        return choose(device, WOX_MEMRISTORS, "device")
    check_bounds(device, BOUNDS)
    return device


def trace(
    device: WOxMemristor, drive: NDArray, dt: float, key: int, *, write_noise: float = 0.0
) -> Trace:
    """Simulate one device from rest; ``write_noise`` is the relative variation of each step."""
    noise = check_write_noise(write_noise)
    nodes = constants(kernel.Memristors, device)
    w, current = kernel.trace(drive, dt, device.w_min, nodes, noise, np.uint64(key))
    return Trace({"current": (current, "A"), "state": (w, "1")})


def follow(device: WOxMemristor, voltage: NDArray, dt: float, w: float) -> float:
    """Return the state after a waveform in V, starting from state ``w``."""
    nodes = constants(kernel.Memristors, device)
    return float(kernel.trace(voltage, dt, w, nodes, 0.0, np.uint64(0))[0][-1])


def pulse(device: WOxMemristor, state: float, volt: float, width: float) -> float:
    """Return the state above rest after a pulse of ``volt`` V and ``width`` s."""
    fade = exp(-width / device.tau)
    w: float = kernel.advance(
        state + device.w_min, volt, device.rate, fade, device.tau, device.eta, device.w_min
    )
    return w - device.w_min


def compiled(
    device: WOxMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, observable: int
) -> tuple[Any, tuple[Any, ...], int]:
    """Return the kernel, its arguments, and its integration steps in a mask."""
    return kernel.run, (constants(kernel.Memristors, device, drawn), dt, v_read, observable), 1


def embed(
    device: WOxMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, write_noise: float
) -> CStage:
    """Return devices in C, each mask held for ``dt`` s."""
    nodes, n = constants(kernel.Memristors, device, drawn), drawn["tau"].size
    closed, open_ = (
        (kernel.current(w, v_read, nodes) / v_read for w in (1.0, 0.0)) if v_read else (0.0, 0.0)
    )
    return CStage(
        template(Path(__file__).with_name("template.c"), write_noise=write_noise > 0), n, n,
        numbers={
            "g_closed": closed, "g_open": open_,
            **{name: getattr(device, name) for name in NUMBERS},
        },
        tables={
            "fade": np.array([exp(-dt / tau) for tau in nodes.tau]), "push": nodes.tau * nodes.rate,
            "tau": nodes.tau, "rate": nodes.rate,
        },
        state={"w": np.full(n, device.w_min)}, units=UNITS,
    )  # fmt: skip


def advance(device: WOxMemristor, w: float, volts: float, dt: float) -> float:
    """Return the state after ``dt`` s at ``volts`` V."""
    fade = exp(-dt / device.tau)
    state: float = kernel.advance(w, volts, device.rate, fade, device.tau, device.eta, device.w_min)
    return state


def current(device: WOxMemristor, w: float, volts: float) -> float:
    """Return the current in A at ``volts`` V."""
    ampere: float = kernel.current(w, volts, constants(kernel.Memristors, device))
    return ampere


I_LIMIT = 1e-3  # A: source of the published measurements, of this order


READS = "a sweep, or reads between pulses, at voltages too low to write"
FITTING = Fitting(
    "wox",
    BOUNDS,
    {"current": 10 * I_LIMIT, "conductance": 10 * I_LIMIT},
    {
        "rate": "pulse trains or sweeps that raise the state",
        "eta": "pulses or sweeps of two or more amplitudes that raise the state",
        "tau": "relaxation: a pulse, then reads over one to three decay times",
        "w_min": "reads before the first pulse, and a state that saturates at 1",
        "alpha": f"{READS}, of negative sign, before the state rises",
        "beta": f"{READS}, of both signs, before the state rises",
        "gamma": "a sweep or pulses that raise the state, ideally until it saturates",
        "delta": "sweeps, or reads of a raised state at two or more voltages",
    },
    scales={"alpha": 1, "gamma": 1},
)


FAMILY = Family(
    WOxMemristor,
    "volatile",
    WOX_MEMRISTORS,
    check_memristor,
    trace,
    memristor,
    node=DrivenNode(
        placed=(1.2, 0.6),
        v_bias=0.9,
        v_gain=0.3,
        dt_device=1e-2,
        compiled=compiled,
        rest=lambda device, drawn, n: np.full((1, n), device.w_min),
        rates=("rate",),
        times=("tau",),
        varies=True,
        embed=embed,
    ),
    synapse=DrivenSynapse(follow, lambda device: (device.tau, device.w_min)),
    pulse=pulse,
    most=lambda device: LARGEST / max(device.eta, device.beta, device.delta),
    circuit=Circuit(lambda device: device.w_min, advance, current, I_LIMIT),
    fitting=FITTING,
)
