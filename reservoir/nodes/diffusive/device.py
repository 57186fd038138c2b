"""Diffusive Ag memristors: volatile switches with a random delay, and neurons built from them."""

from math import exp, inf
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number
from mottle.embedded import CStage, template
from mottle.reservoir.family import (
    AMPERE,
    OHM,
    RATE,
    SECOND,
    VOLT,
    Bound,
    Family,
    Fitting,
    Trace,
    check_bounds,
    check_steps,
    micro_steps,
)
from mottle.reservoir.nodes.diffusive import kernel
from mottle.reservoir.nodes.diffusive.figure import filament
from mottle.reservoir.nodes.driven import DrivenNode, constants
from mottle.reservoir.nodes.fading import Fading
from mottle.reservoir.nodes.figures import memristor

UNITS = {
    "mu": "1/(V s)", "gamma_1": "1/s", "gamma_2": "1/s", "beta": "1/s", "r_on": "ohm",
    "r_off": "ohm", "theta": "1/(V s)", "gamma_3": "1/s", "r_series": "ohm", "i_limit": "A",
    "t_noise": "s", "h": "s", "gap_scale": "ohm", "f": "filament", "r": "residue", "v": "V",
}  # fmt: skip
MODEL = "residue and filament model of J. J. Yang's laboratory (DiffusiveMemristor)"


class AgMemristor(NamedTuple):
    """Constants of one Ag device and its circuit; equations in ``kernel.py``.

    The initial residue is drawn uniformly from ``residue``.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> device = AgMemristor(noise_1=0.0)
    >>> run = devices.simulate(device, [1.0] * 100 + [0.0] * 100, 1e-4)
    >>> f"{run.current.values[0]:.1e}", f"{run.current.values[99]:.1e}"
    ('1.2e-07', '1.6e-05')
    >>> device.kind, AgMemristor(capacitance=1e-9).kind
    ('volatile', 'neuron')
    """

    mu: float = 100.0  # 1/(V s)
    gamma_1: float = 800.0  # 1/s, the filament dissolves
    gamma_2: float = 10.0  # 1/s, the residue dissolves
    beta: float = 80.0  # 1/s, filament turns to residue
    r_on: float = 4e4  # ohm
    r_off: float = 1e9  # ohm
    alpha: float = 0.01
    lam: float = 0.1
    theta: float = 0.0  # 1/(V s), thickening of a closed filament; 0 for none
    gamma_3: float = 4.0  # 1/s, thinning of a closed filament
    r_series: float = 22e3  # ohm
    capacitance: float = 0.0  # F, over the device; 0 for none
    i_limit: float = inf  # A, compliance
    noise_1: float = 10.0  # relative noise of gamma_1 per unit of filament
    noise_2: float = 0.0  # relative noise of gamma_2 per unit of residue
    t_noise: float = 1e-5  # s: the published step, here the correlation time of the noise
    residue: tuple[float, float] = (0.3, 0.5)
    source: str = MODEL
    provisional: str = "thickening of a closed filament is left out"

    @property
    def time_scale(self) -> float:
        """Time in s in which an open filament dissolves."""
        return 1 / (self.gamma_1 + self.beta)

    @property
    def kind(self) -> str:
        """Return "neuron" with a capacitor, else "volatile"."""
        return "neuron" if self.capacitance > 0 else "volatile"


class FastAgMemristor(NamedTuple):
    """Constants of an Ag device reduced to its random switching delays.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> steady = FastAgMemristor(noise_on=0.0, noise_off=0.0)
    >>> run = devices.simulate(steady, [1.0] * 200, 1e-4)
    >>> run.spike_time.values.round(4).tolist()
    [0.0111]
    """

    delay: float = 58.9e-3  # s, mean on-delay extrapolated to 0 V
    t_off: float = 0.8e-3  # s, mean off-delay
    v_high: float = 0.5  # V, threshold
    v_low: float = 0.1  # V, hold
    v_scale: float = 0.6  # V, in which the on-delay falls e-fold
    noise_on: float = 0.4  # relative standard deviation of the on-delay
    noise_off: float = 0.3
    r_on: float = 6.2e4  # ohm
    r_off: float = 1e9  # ohm
    source: str = "delays of the preset ag_pulse above 1 V, its r_on with its series resistor"
    provisional: str = "v_high, v_low, both noises: of our own, close to ag_pulse"

    @property
    def time_scale(self) -> float:
        """Time in s to switch off."""
        return self.t_off


PRESETS = {
    "ag_pulse": AgMemristor(),
    "ag_dc": AgMemristor(
        r_on=1.7e5, r_off=1e11, mu=60.0, gamma_1=60.0, gamma_2=40.0, gamma_3=10.0, theta=100.0,
        beta=40.0, lam=0.8, noise_1=8.0, noise_2=5.0, r_series=0.0, i_limit=1e-6, t_noise=1e-3,
        residue=(0.0, 0.0), provisional="starts without residue",
    ),
    "ag_lif": AgMemristor(
        r_on=5e3, r_off=1e10, mu=150.0, gamma_1=5000.0, gamma_2=0.1, gamma_3=10.0, theta=200.0,
        beta=20.0, noise_1=20.0, noise_2=20.0, r_series=47e3, capacitance=4.7e-9, t_noise=1e-6,
        residue=(0.75, 0.85), provisional="residue: of our own, of a device that has fired before",
    ),
    "ag_osc": AgMemristor(
        r_on=5e3, r_off=1e8, mu=300.0, gamma_1=200.0, gamma_2=20.0, alpha=0.1, beta=5.0,
        noise_1=0.0, r_series=150e3, capacitance=600e-9, residue=(0.0, 0.0),
        provisional="alpha, beta, lam and capacitance: of our own; with the published lam of 1 and "
        "6 nF this model settles instead of oscillating",
    ),
}  # fmt: skip


BOUNDS = {
    "mu": Bound("1/(V s)", 1e-12, 1e15),
    "gamma_1": RATE,
    "gamma_2": RATE,
    "beta": RATE,
    "r_on": OHM,
    "r_off": OHM,
    "alpha": Bound("", 1e-6, 1e3),
    "lam": Bound("", 2e-3, 1e3),
    "theta": Bound("1/(V s)", 0.0, 1e15),
    "gamma_3": RATE,
    "r_series": Bound("ohm", 0.0, 1e18),
    "capacitance": Bound("F", 0.0, 1e3),
    "noise_1": Bound("", 0.0, 1e3),
    "noise_2": Bound("", 0.0, 1e3),
    "t_noise": SECOND,
    "residue": Bound("", 0.0, 1.0),
}
FAST_BOUNDS = {
    "delay": SECOND,
    "t_off": SECOND,
    "v_high": VOLT,
    "v_low": VOLT,
    "v_scale": VOLT,
    "noise_on": Bound("", 0.0, 10.0),
    "noise_off": Bound("", 0.0, 10.0),
    "r_on": OHM,
    "r_off": OHM,
}


def check_ag(device: AgMemristor) -> None:
    """Check the constants.

    Examples
    --------
    >>> check_ag(AgMemristor(residue=(0.5, 0.3)))
    Traceback (most recent call last):
    ValueError: device.residue=(0.5, 0.3) must be (low, high) within 0 to 1.
    """
    check_bounds(device, BOUNDS)
    if device.i_limit != inf:
        check_bounds(device, {"i_limit": AMPERE})
    low, high = device.residue
    if not 0 <= low <= high <= 1:
        raise ValueError(f"device.residue={device.residue} must be (low, high) within 0 to 1.")
    if device.capacitance > 0 and not device.r_series > 0:
        raise ValueError("device.capacitance charges through device.r_series, which must not be 0.")


def check_fast(device: FastAgMemristor) -> None:
    """Check the constants of a device reduced to its delays."""
    check_bounds(device, FAST_BOUNDS)
    if not device.v_low < device.v_high:
        raise ValueError(
            f"device.v_low={device.v_low} V must lie below device.v_high={device.v_high} V: a "
            "volatile switch holds at a lower voltage than it turns on."
        )


def inner_step(device: AgMemristor, dt_inner: float | None) -> float:
    """Return the longest integration step in s: ``dt_inner`` after a check, or a default."""
    if dt_inner is None:
        return min(device.t_noise, 0.01 * device.time_scale)
    limit = 0.1 * device.time_scale
    why = f", for a filament that dissolves in {device.time_scale:.3g} s"
    return check_number("dt_inner", dt_inner, "s", above=0, most=limit, why=why)


def trace(
    device: AgMemristor, drive: NDArray, dt: float, key: int, *, dt_inner: float | None = None
) -> Trace:
    """Simulate one device under a supply; ``dt_inner`` is the longest integration step in s."""
    n_micro = micro_steps(inner_step(device, dt_inner), dt)
    check_steps(drive.size, dt, n_micro)
    nodes = constants(kernel.AgDevices, device)
    start = np.random.default_rng(key).uniform(*device.residue)
    most = 1024
    while True:
        (f, r, thickness, v, i), spikes, n_spikes = kernel.trace(
            drive, dt, start, nodes, n_micro, np.uint64(key), 10 * device.r_on, most
        )
        if n_spikes <= most:
            break
        most = n_spikes
    variables = {"current": (i, "A"), "filament": (f, "1"), "residue": (r, "1")}
    if device.theta > 0:
        variables["thickness"] = (thickness, "1")
    if device.capacitance > 0:
        variables["device_voltage"] = (v, "V")
    return Trace(variables, spikes if device.capacitance > 0 else None)


def trace_fast(device: FastAgMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device reduced to its delays."""
    nodes = constants(kernel.FastAgDevices, device)
    (on, progress, i), spikes = kernel.trace_fast(drive, dt, nodes, np.uint64(key))
    return Trace({"current": (i, "A"), "on": (on, "1"), "progress": (progress, "1")}, spikes)


def rest(device: AgMemristor, drawn: dict[str, NDArray], n: int) -> NDArray:
    """Return the state of devices without filament."""
    state = np.zeros((kernel.N_STATE, n))
    state[kernel.RESIDUE], state[kernel.THICKNESS] = drawn["residue"], 1.0
    return state


def switched(device: AgMemristor, values: NDArray) -> NDArray[np.float64]:
    """Return the fraction of the gap filled, 0 to 1, from states (recording, variable, device)."""
    whole: NDArray[np.float64] = values[:, kernel.FILAMENT] + values[:, kernel.RESIDUE]
    return np.minimum(whole, 1.0)


def switched_fast(device: FastAgMemristor, values: NDArray) -> NDArray[np.float64]:
    """Return the progress towards switching, 0 to 1; 1 while on.

    Examples
    --------
    >>> switched_fast(FastAgMemristor(), np.array([[[1.0, 0.0], [0.0, 0.3], [0.0, 0.0]]])).tolist()
    [[1.0, 0.3]]
    """
    return np.where(values[:, 0] > 0, 1.0, values[:, 1])


def compiled(
    device: AgMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, observable: int
) -> tuple[Any, tuple[Any, ...], int]:
    """Return the kernel, its arguments, and its integration steps in a mask."""
    n_micro = micro_steps(inner_step(device, None), dt)
    nodes = constants(kernel.AgDevices, device, drawn)
    return kernel.run, (nodes, dt, n_micro, v_read, observable), n_micro


def embed(
    device: AgMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, write_noise: float
) -> CStage:
    """Return devices in C, integrated in steps of at most ``inner_step``."""
    n, n_micro = drawn["mu"].size, micro_steps(inner_step(device, None), dt)
    h, noisy = dt / n_micro, device.noise_1 > 0 or device.noise_2 > 0
    text = template(
        Path(__file__).with_name("template.c"), capacitor=device.capacitance > 0,
        thickens=device.theta > 0, noisy=noisy, noise_1=device.noise_1 > 0,
        noise_2=device.noise_2 > 0,
    )  # fmt: skip
    names = "r_on r_off alpha lam theta gamma_3 r_series i_limit noise_1 noise_2 t_noise"
    numbers = {name: getattr(device, name) for name in names.split()}
    numbers |= {
        "h": h, "gap_unit": exp(1.0 / device.lam) - 1.0,
        "gap_scale": device.r_off / (exp(1.0 / device.lam) - 1.0),
        "per_lam": 1.0 / device.lam,
    }  # fmt: skip
    if device.capacitance > 0:
        numbers["per_rc"] = h / (device.capacitance * device.r_series)
    state: dict[str, Any] = {
        "f": np.zeros(n),
        "r": drawn["residue"],
        "thick": np.ones(n),
        "v": np.zeros(n),
    }
    if noisy:
        state |= {"drawn_1": np.zeros(n), "drawn_2": np.zeros(n)}
        state |= {"n_micro": np.uint64(0), "slot": np.int64(-1)}
    tables = {name: drawn[name] for name in ("mu", "gamma_1", "gamma_2", "beta")}
    return CStage(text, n, n, {"N_MICRO": n_micro}, numbers, tables, state, UNITS)


def compiled_fast(
    device: FastAgMemristor, drawn: dict[str, NDArray], dt: float, v_read: float, observable: int
) -> tuple[Any, tuple[Any, ...], int]:
    """Return the kernel, its arguments, and its integration steps in a mask."""
    nodes = constants(kernel.FastAgDevices, device, drawn)
    return kernel.run_fast, (nodes, dt, v_read, observable), 1


PULSES = "long pulses, with samples while the current rises, at two or more amplitudes"
REPEATS = "fifty or more repeats of one pulse: the distribution of delays, not their mean"
MOST_INNER = 200  # integration steps in a sample; devices that need more are not tried
FITTING = Fitting(
    "ag",
    BOUNDS,
    {"current": 1e-2, "conductance": 1e-2},
    {
        "mu": PULSES,
        "gamma_1": "the fall of the current after a pulse, sampled within milliseconds",
        "gamma_2": "paired pulses: the delay of the second against the pause",
        "beta": "paired pulses with short pauses",
        "r_on": "the current at the end of a long pulse, with r_series known",
        "r_off": "the current at the begin of a pulse",
        "alpha": PULSES,
        "lam": "the rise of the current before the filament closes, over several decades",
        "theta": "pulses held long after the filament has closed",
        "gamma_3": "pulses held long after the filament has closed",
        "r_series": "its own value, by an ohmmeter",
        "capacitance": "the spikes of a neuron circuit; 0 without a capacitor",
        "noise_1": REPEATS,
        "noise_2": REPEATS,
        "t_noise": "the spectrum of the current while the filament is open",
        "residue": "the delay of the first pulse; its spread over devices at rest",
    },
    circuit=("r_series", "alpha", "lam"),
    held=("noise_1", "noise_2", "t_noise", "residue"),
    options=lambda device, dt: {"dt_inner": max(inner_step(device, None), dt / MOST_INNER)},
    still=lambda device: device._replace(
        noise_1=0.0, noise_2=0.0, residue=(sum(device.residue) / 2,) * 2
    ),
)


FAMILY = Family(
    AgMemristor,
    "volatile",
    PRESETS,
    check_ag,
    trace,
    filament,
    node=DrivenNode(
        v_bias=0.5,
        v_gain=0.5,
        dt_device=1e-3,
        compiled=compiled,
        rest=rest,
        rates=("mu", "gamma_1", "gamma_2", "beta"),
        draw=lambda device, rng, n: {
            "residue": rng.uniform(device.residue[0], device.residue[1], n)
        },
        switched=switched,
        noisy=lambda device: device.noise_1 > 0 or device.noise_2 > 0,
        embed=embed,
    ),
    fitting=FITTING,
)
FAST = Family(
    FastAgMemristor,
    "volatile",
    {"ag_fast": FastAgMemristor()},
    check_fast,
    trace_fast,
    memristor,
    node=DrivenNode(
        v_bias=0.3,
        v_gain=0.3,
        dt_device=1e-3,
        compiled=compiled_fast,
        rest=lambda device, drawn, n: np.zeros((3, n)),
        times=("delay", "t_off"),
        others=("v_high", "v_low"),
        switched=switched_fast,
        noisy=lambda device: device.noise_on > 0 or device.noise_off > 0,
        fading=Fading(
            None, "delays are drawn anew at each switching, so that they depend on how many it had"
        ),
    ),
)
