"""Devices as synapses: how each family answers what a learning rule asks."""

from math import exp, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from mottle.reservoir.catalogue import FAMILIES, find_family, get
from mottle.reservoir.family import DrivenSynapse, PulsedSynapse
from mottle.reservoir.nonvolatile.devices.pulsed.device import PulseMemristor, pulse_rule
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.rules import LearningRule, OverlapRule, across, as_kernel, pulse

SAMPLES = 5000  # of the waveform of a pair
LEVELS = np.linspace(0, 1, 17)  # weights at which a device is asked
AGES = 106  # times between spikes at which it is asked
MIDDLE = 0.5
LEAST, MOST = 0.01, 50.0  # V
LONE = 0.1  # of the learning rate: most that a spike alone may change
INERT = PulseMemristor("linear", (1.0, 1.0))


class Device(NamedTuple):
    """A synapse ready for the kernel, and what was found on the way."""

    rule: kernel.Rule
    synapse: kernel.Synapse
    spread: float = 0.0
    stuck: float = 0.0
    amplitude: float | None = None  # V, of the pulse before a spike


def as_synapse(
    rule: LearningRule, device: Any, bounds: str, rate: float, forget: float, key: int = 0
) -> Device:
    """Return a rule and the device that carries it out.

    Without a device the weight moves by what the rule asks, up to its bounds. A pulsed device gets
    it as graded pulses. A device that is known by its equation gets the overlapping pulses
    themselves, their amplitude such that the largest change from the middle is ``rate``.
    """
    device = get(device) if isinstance(device, str) else device
    asked = as_kernel(rule, rate, forget)
    if device is None:
        return Device(asked, synapse(kernel.BOUNDS.index(bounds), key=key))
    family = find_family(device)
    if family is not None and isinstance(family.synapse, PulsedSynapse):
        return Device(asked, pulsed(device, key), device.spread, device.stuck)
    if family is None or family.synapse is None:
        known = ", ".join(
            other.device.__name__ for other in FAMILIES if isinstance(other.synapse, DrivenSynapse)
        )
        raise ValueError(
            f"device={type(device).__name__} cannot be a synapse: it takes a pulsed device, or one "
            f"whose state follows voltages of both signs ({known}). "
            "Oscillators and neurons hold no weight; linear drift and models that count pulses or "
            "events do not tell overlapping pulses from single ones."
        )
    if not isinstance(rule, OverlapRule):
        raise ValueError(
            f"a {type(device).__name__} answers voltages, not {type(rule).__name__}: take "
            "rule='overlap', or a pulsed device."
        )
    return driven(rule, device, asked, key)


def synapse(bounds: int, tau: float = np.inf, rest: float = 0.0, key: int = 0) -> kernel.Synapse:
    """Return a synapse that is not pulsed."""
    return kernel.Synapse(bounds, tau, rest, pulse_rule(INERT), 0.0, 0.0, np.uint64(key))


def pulsed(device: PulseMemristor, key: int) -> kernel.Synapse:
    """Return a synapse that moves by graded pulses."""
    return kernel.Synapse(
        kernel.BOUNDS.index("pulses"), np.inf, 0.0, pulse_rule(device), device.noise,
        device.write_noise, np.uint64(key),
    )  # fmt: skip


def driven_synapse(device: Any) -> DrivenSynapse:
    """Return how a device answers voltages."""
    family = find_family(device)
    assert family is not None
    assert isinstance(family.synapse, DrivenSynapse)
    return family.synapse


def waveform(rule: OverlapRule, age: float, amplitude: float) -> tuple[NDArray, float]:
    """Voltages over a synapse in V, from the first pulse to the end of the last, and their step."""
    begin, end = -(rule.t_rise + age), rule.t_tail
    dt = (end - begin) / SAMPLES
    return amplitude * across(begin + (np.arange(SAMPLES) + 0.5) * dt, age, rule), dt


def answer(device: Any, rule: OverlapRule, age: float, amplitude: float, w: float) -> float:
    """Change of weight ``w`` by a pair; negative ages are of an input that spikes second.

    What a volatile device forgets meanwhile is put back: the layer lets it fade.
    """
    voltage, dt = waveform(rule, abs(age), amplitude)
    sign = 1.0 if age >= 0 else -1.0
    follow, fading = driven_synapse(device)
    change = follow(device, sign * voltage, dt, w) - follow(device, 0.0 * voltage, dt, w)
    return change * exp(rule.t_tail / fading(device)[0])


def lone(device: Any, rule: OverlapRule, amplitude: float) -> float:
    """Largest change that a spike of one side alone makes."""
    dt = (rule.t_rise + rule.t_tail) / SAMPLES
    voltage = amplitude * pulse(-rule.t_rise + (np.arange(SAMPLES) + 0.5) * dt, rule)
    follow = driven_synapse(device).follow
    still = follow(device, 0.0 * voltage, dt, MIDDLE)
    return max(abs(follow(device, sign * voltage, dt, MIDDLE) - still) for sign in (1.0, -1.0))


def driven(rule: OverlapRule, device: Any, asked: kernel.Rule, key: int) -> Device:
    """Table what a device's own equation makes of overlapping pulses."""
    closest = rule.t_rise / 10

    def excess(log_amplitude: float) -> float:
        return answer(device, rule, closest, exp(log_amplitude), MIDDLE) - asked.rate

    low = high = log(LEAST)
    while excess(high) < 0 and high < log(MOST):  # in steps: far above, exponentials overflow
        low, high = high, high + 0.2
    if low == high or not excess(high) >= 0:
        raise ValueError(
            f"no amplitude from {LEAST} to {MOST} V changes this device by learning_rate="
            f"{asked.rate} in pulses of {rule.t_rise} s; choose another rate, or other times."
        )
    amplitude = exp(float(brentq(excess, low, high, xtol=1e-4)))
    alone = lone(device, rule, amplitude)
    if alone > LONE * asked.rate:
        raise ValueError(
            f"a spike alone, {amplitude:.3g} V high, changes this device by {alone:.2g} and a pair "
            f"by {asked.rate}: its response to voltage is too gradual for pulses that overlap "
            f"(at most {LONE:.0%} is borne). Take a device with a threshold, or a pulsed one."
        )
    window = rule.t_rise + rule.t_tail
    ages = np.linspace(0, window, AGES)
    up, down = (
        np.array([[answer(device, rule, sign * age, amplitude, w) for w in LEVELS] for age in ages])
        for sign in (1, -1)
    )
    up[0] = down[0] = up[-1] = down[-1] = 0.0  # at once they cancel; past the window none is left
    tau, rest = driven_synapse(device).fading(device)
    forget = asked.forget * asked.rate
    table = asked._replace(window=window, up=up, down=down, rate=1.0, forget=forget)
    return Device(table, synapse(0, tau, rest, key), amplitude=amplitude)
