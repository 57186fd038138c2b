"""Memristors for in-situ training, described by their response to identical pulses."""

from math import ceil, exp, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from mottle.checks import check_number, choose
from mottle.reservoir.family import (
    SECOND,
    SIEMENS,
    Bound,
    Cell,
    Family,
    Fitting,
    PulsedSynapse,
    Trace,
    check_bounds,
)
from mottle.reservoir.nonvolatile.devices.pulsed import kernel
from mottle.reservoir.nonvolatile.devices.pulsed.figure import pulses
from mottle.reservoir.nonvolatile.devices.writes import nearest, starts

NL_PER_DEVIATION = 10.102  # of the published table of nonlinearities
GONG = "Gong et al., Nat. Commun. 9 (2018) 2102, as fitted in aihwkit"


class PulseMemristor(NamedTuple):
    """A weight changed by pulses; pairs are (potentiating, depressing). See ``kernel.py``.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> cell = PulseMemristor("linear", step=(0.1, 0.1), gamma=(1.0, 1.0))  # soft bounds
    >>> devices.simulate(cell, [1, 1, 1, -1], 1e-7).weight.values.round(4).tolist()
    [0.1, 0.19, 0.271, 0.1439]
    """

    rule: str  # "linear", "exponential" or "a_form"
    step: tuple[float, float]  # of the weight; for "a_form" the inverse of the number of pulses
    gamma: tuple[float, float] = (0.0, 0.0)  # 0 constant steps, 1 soft bounds; "a_form": NL
    a: tuple[float, float] = (0.0, 0.0)
    scale: float = 0.0
    shift: float = 0.0
    w_min: float = -1.0
    w_max: float = 1.0
    w_0: float = 0.0
    noise: float = 0.0  # relative cycle-to-cycle variation of a step
    write_noise: float = 0.0  # of the weight as read, in steps
    spread: float = 0.0  # relative device-to-device variation of the step
    stuck: float = 0.0  # fraction of devices
    g_min: float = 1 / 24e6  # S
    g_max: float = 1 / 240e3  # S
    t_pulse: float = 1e-7  # s
    source: str = ""
    provisional: str = "g_min, g_max, t_pulse: typical, not the device's; no retention published"

    @property
    def time_scale(self) -> float:
        """Length of a pulse in s."""
        return self.t_pulse


def both(value: float) -> tuple[float, float]:
    """Return the same number for potentiation and depression."""
    return (value, value)


PRESETS = {
    "neurosim_nl": PulseMemristor(
        "a_form", both(1 / 64), both(1.0), w_min=0.0, w_max=1.0, noise=0.0,
        source="NeuroSim's A-form, by its rule of nonlinearity",
        provisional="NL 1, 64 pulses: an example; g_min, g_max: NeuroSim's defaults; no retention",
    ),
    "reram_es": PulseMemristor(
        "exponential", (0.00135 * 1.259359, 0.00135 * 0.740641), both(5.0),
        (-1.18445, -0.081404), -0.5, -0.5, noise=5.0, write_noise=75.0, spread=0.2, source=GONG,
    ),
    "reram_sb": PulseMemristor(
        "linear", both(0.002), both(1.0), w_min=-0.75, w_max=1.25, noise=3.75, write_noise=56.0,
        spread=0.3, source=GONG,
    ),
    "reram_om": PulseMemristor(
        "linear", both(0.0949), both(1.0), noise=0.4158, write_noise=1.4113, spread=0.7829,
        stuck=0.1348, source="optimized-material array of Gong, Rasch et al., IEDM (2022), aihwkit",
    ),
    "reram_hfo2": PulseMemristor(
        "linear", both(0.4622), both(1.0), noise=0.2174, write_noise=0.5841, spread=0.7125,
        stuck=0.0977, source="baseline HfO2 array of Gong, Rasch et al., IEDM (2022), aihwkit",
    ),
    "ecram": PulseMemristor(
        "linear", both(0.002), (0.1153, 0.5085), w_min=-0.8276, w_max=1.1724, noise=0.3,
        spread=0.1, source="Tang et al., IEDM (2018), as fitted in aihwkit",
    ),
    "ecram_mo": PulseMemristor(
        "linear", both(2.8214e-4), (0.4152, 0.7342), w_min=-0.8286, w_max=1.1714, noise=2.0,
        spread=0.1, source="Kim et al., IEDM (2019), as fitted in aihwkit",
    ),
    "capacitor": PulseMemristor(
        "linear", both(0.005), both(0.05), noise=0.3, spread=0.1,
        source="Li et al., VLSI (2018), as fitted in aihwkit",
        provisional="leakage and retention are left out; g_min, g_max, t_pulse: typical",
    ),
    "gokmen_vlasov": PulseMemristor(
        "linear", both(0.0016), noise=0.3, spread=0.3,
        source="Gokmen and Vlasov, Front. Neurosci. 10 (2016) 333, doi:10.3389/fnins.2016.00333",
    ),
    "idealized": PulseMemristor(
        "linear", both(2e-4), noise=0.3, spread=0.3, source="aihwkit's idealized device",
    ),
}  # fmt: skip


def shape_of_nonlinearity(nl: float) -> float:
    """Return A of the A-form from its nonlinearity NL.

    NL is 10.102 times the largest distance of G(p) = B (1 - exp(-p / A)) from the straight line.

    Parameters
    ----------
    nl : float
        Nonlinearity, above 0 and below 10.

    Returns
    -------
    a : float
        A in units of the number of pulses.

    Examples
    --------
    >>> [round(shape_of_nonlinearity(nl), 4) for nl in (1.0, 5.0, 9.0)]
    [1.2517, 0.1924, 0.0228]
    """
    check_number("nl", nl, above=0, below=10)

    def excess(log_a: float) -> float:
        a = exp(log_a)
        b = 1 / (1 - exp(-1 / a))
        return NL_PER_DEVIATION * (b - a - a * log(b / a)) - nl

    return exp(float(brentq(excess, log(1e-4), log(1e4), xtol=1e-13)))


def pulse_rule(device: PulseMemristor) -> kernel.Rule:
    """Return the constants of a device as its kernel takes them.

    Examples
    --------
    >>> pulse_rule(PulseMemristor("linear", (0.01, 0.01))).rule
    0
    """
    known = {name: code for code, name in enumerate(kernel.RULES)}
    code = choose(device.rule, known, "device.rule")
    gamma = device.gamma
    if device.rule == "a_form":
        gamma = (shape_of_nonlinearity(gamma[0]), shape_of_nonlinearity(gamma[1]))
    rest = (device.a, device.scale, device.shift, device.w_min, device.w_max)
    return kernel.Rule(code, device.step, gamma, *rest)


BOUNDS = {
    "step": Bound("", 0.0, 1e3),
    "gamma": Bound("", -1e3, 1e3),
    "a": Bound("", -1e6, 1e6),
    "scale": Bound("", -1e6, 1e6),
    "shift": Bound("", -1e6, 1e6),
    "w_min": Bound("", -1e6, 1e6),
    "w_max": Bound("", -1e6, 1e6),
    "w_0": Bound("", -1e6, 1e6),
    "noise": Bound("", 0.0, 1e3),
    "write_noise": Bound("", 0.0, 1e3),
    "spread": Bound("", 0.0, 10.0),
    "stuck": Bound("", 0.0, 1.0),
    "g_min": SIEMENS,
    "g_max": SIEMENS,
    "t_pulse": SECOND,
}


def check(device: PulseMemristor) -> None:
    """Check the constants."""
    check_bounds(device, BOUNDS)
    pulse_rule(device)
    if not device.g_min < device.g_max:
        raise ValueError(
            f"device.g_min={device.g_min} S must lie below device.g_max={device.g_max} S."
        )
    if not (min(device.step) > 0 and device.w_min <= device.w_0 <= device.w_max != device.w_min):
        raise ValueError(
            f"device.step={device.step} must be positive and device.w_0={device.w_0} lie between "
            f"w_min={device.w_min} and w_max={device.w_max}."
        )


def trace(device: PulseMemristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate one device; each step is one pulse, up where the voltage is positive."""
    rule = pulse_rule(device)
    w, read = kernel.program(
        drive, device.w_0, rule, device.noise, device.write_noise, np.uint64(key)
    )
    fraction = (read - device.w_min) / (device.w_max - device.w_min)
    g = np.maximum(device.g_min + fraction * (device.g_max - device.g_min), 0.0)
    return Trace({"current": (g * drive, "A"), "weight": (w, "1"), "weight_shown": (read, "1")})


def most_pulses(cell: PulseMemristor) -> int:
    """Return twice the number of pulses that cross the range without noise, at least 200."""
    span = 1.0 if cell.rule == "a_form" else cell.w_max - cell.w_min
    return max(200, ceil(2 * span / min(cell.step)))


def write(cell, order, defects, rng):
    """Write cells by identical pulses."""
    rule, n = pulse_rule(cell), order.goal.size
    span = cell.w_max - cell.w_min
    siemens = (cell.g_max - cell.g_min) / span
    goal = cell.w_min + (order.goal - cell.g_min) / siemens
    first = cell.w_min + (starts(order, cell.g_min, cell.g_max) - cell.g_min) / siemens
    factor = np.exp(np.sqrt(np.log1p(cell.spread**2)) * rng.normal(size=n))
    factor = np.where(defects.stuck, 0.0, factor)
    low, high = cell.w_min + defects.low * span, cell.w_min + defects.high * span
    stuck_at = cell.w_min + defects.place * span
    offset = cell.g_min / siemens - cell.w_min
    counts = np.ones(n, dtype=np.int64)
    if not order.verify:
        each = np.arange(-order.most, order.most + 1)
        same = np.full(each.size, first[0] if n else 0.0)
        ones = np.ones(each.size)
        curve = kernel.pulse_cells(
            same, -1.0, each, same, cell.w_min * ones, cell.w_max * ones, ones, rule, 0.0, 0.0,
            0.0, offset, order.most, np.uint64(0),
        )[0]  # fmt: skip
        counts = nearest(goal, curve, each)
    key = rng.integers(2**64, dtype=np.uint64)
    at_first = np.where(defects.stuck, stuck_at, np.clip(first, low, high))
    read, pulses, reads, _, at_pulses, at_reads = kernel.pulse_cells(
        goal, order.slack / siemens if order.verify else -1.0, counts, at_first, low, high,
        factor, rule, cell.noise, cell.write_noise, order.read_noise, offset, order.most, key,
    )  # fmt: skip
    c = order.circuit
    energy = c.v_write**2 * at_pulses * cell.t_pulse + c.v_read**2 * at_reads * c.t_read
    return np.maximum((read + offset) * siemens, 0.0), pulses, reads, energy * siemens


def keep(
    cell: PulseMemristor, written: NDArray, path: NDArray, seconds: float
) -> NDArray[np.float64]:
    """Return conductances in S, which do not age: no retention was published."""
    return np.array(written, dtype=np.float64)


def guess(device: PulseMemristor, traces: list[Any]) -> PulseMemristor:
    """Estimate conductances from the extremes, weight and steps from the first pulses of a sign."""
    levels, signs = [], []
    for one in traces:
        drive = one.drive[one.pick]
        g = one.values.get("conductance")
        if g is None:
            with np.errstate(divide="ignore", invalid="ignore"):
                g = one.values["current"] / drive
        fine = np.isfinite(g) & (drive != 0)
        levels.append(g[fine])
        signs.append(drive[fine] > 0)
    whole = np.concatenate(levels)
    if not whole.size:
        return device
    low, high = np.quantile(whole, 0.01), np.quantile(whole, 0.99)
    if not high > low > 0:
        low, high = max(low, 0.01 * abs(high)), abs(high)
    span = device.w_max - device.w_min
    weights = [device.w_min + span * np.clip((g - low) / (high - low), 0, 1) for g in levels]
    steps = []
    for up, default in zip((True, False), device.step, strict=True):
        counts = []  # pulses to 60 % of the way
        for w, sign in zip(weights, signs, strict=True):
            done = (w - device.w_min) if up else (device.w_max - w)
            runs = np.split(np.arange(w.size), np.flatnonzero(np.diff(sign)) + 1)
            counts += [
                1 + int(np.argmax(done[run] > 0.6 * span))
                for run in runs
                if run.size > 2 and sign[run[0]] == up and done[run].max() > 0.6 * span
            ]
        steps.append(0.55 * span / float(np.median(counts)) if counts else default)
    if device.rule == "a_form":
        steps = [step / span for step in steps]
    first = float(np.concatenate(weights)[0])
    return device._replace(
        g_min=float(low), g_max=float(high), w_0=first, step=(steps[0], steps[1])
    )


SCATTER = "no mean response: the scatter about it, over repeats"
FITTING = Fitting(
    "pulsed",
    BOUNDS,
    {"current": 1.0, "conductance": 1.0},
    {
        "step": "potentiation and depression by identical pulses, with several pulses before "
        "saturation",
        "gamma": "potentiation and depression until the conductance saturates",
        "a": "potentiation and depression from several states",
        "w_0": "the conductance before or after the first pulse, beside both saturated ones",
        "g_min": "depression until the conductance saturates",
        "g_max": "potentiation until the conductance saturates",
        "noise": SCATTER,
        "write_noise": SCATTER,
        "spread": "several devices",
        "stuck": "an array of devices",
        "scale": "potentiation and depression from several states",
        "shift": "potentiation and depression from several states",
        "w_min": "a convention: the weight that g_min stands for",
        "w_max": "a convention: the weight that g_max stands for",
        "t_pulse": "the step of the measurement: each sample is one pulse",
    },
    scales={"g_min": 1, "g_max": 1},
    held=("noise", "write_noise", "spread", "stuck", "scale", "shift", "a", "w_min", "w_max"),
    pairs=("step", "gamma", "a"),
    guess=guess,
    unused=lambda device: () if device.rule == "exponential" else ("a", "scale", "shift"),
    within={
        "w_0": lambda device: Bound("", device.w_min, device.w_max),
        "gamma": lambda device: Bound("", *((0.01, 9.9) if device.rule == "a_form" else (-5, 5))),
    },
    step="t_pulse",
    still=lambda device: device._replace(noise=0.0, write_noise=0.0),
)


FAMILY = Family(
    PulseMemristor,
    "nonvolatile",
    PRESETS,
    check,
    trace,
    pulses,
    synapse=PulsedSynapse(pulse_rule),
    cell=Cell(
        lambda cell: (cell.g_min, cell.g_max),
        lambda cell: "not published",
        keep,
        write,
        most_pulses,
    ),
    fitting=FITTING,
)
