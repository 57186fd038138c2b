"""Devices as synapses: the weight change of each family under a learning rule."""

from math import exp, log
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from mottle.reservoir.catalogue import FAMILIES, find_family, get
from mottle.reservoir.family import DrivenSynapse, PulsedSynapse
from mottle.reservoir.nonvolatile.devices.pulsed.device import PulseMemristor, pulse_rule
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.rules import LearningRule, OverlapRule, across, as_kernel, pulse

SAMPLES = 5000  # of the waveform of a pair of spikes
LEVELS = np.linspace(0, 1, 17)  # weights in the table of changes
AGES = 106  # times between spikes in the table
MIDDLE = 0.5
LEAST, MOST = 0.01, 50.0  # V
MOST_ALONE = 0.1  # largest change by a single spike, as a fraction of the learning rate
INERT = PulseMemristor("linear", (1.0, 1.0))


class Device(NamedTuple):
    """A synapse as the kernel takes it, with variation, stuck devices and pulse amplitude."""

    rule: kernel.Rule
    synapse: kernel.Synapse
    spread: float = 0.0
    stuck: float = 0.0
    amplitude: float | None = None  # V, of the pulse before a spike


def as_synapse(
    rule: LearningRule, device: Any, bounds: str, rate: float, forget: float, key: int = 0
) -> Device:
    """Return a rule and its device as the kernel takes them.

    Without a device the weight changes by the rule, within its bounds. A pulsed device is
    programmed by graded pulses. A device with an equation of state is driven by the overlapping
    pulses, with an amplitude at which the largest change of the middle weight is ``rate``.
    """
    device, family = find_synapse(rule, device)
    ideal = as_kernel(rule, rate, forget)
    if family is None:
        return Device(ideal, synapse(kernel.BOUNDS.index(bounds), key=key))
    if isinstance(family.synapse, PulsedSynapse):
        return Device(ideal, pulsed(device, key), device.spread, device.stuck)
    return driven(cast(OverlapRule, rule), device, ideal, key)


def find_synapse(rule: LearningRule, device: Any) -> tuple[Any, Any]:
    """Return a device and its family, both None for none; refuse what cannot be a synapse."""
    device = get(device) if isinstance(device, str) else device
    if device is None:
        return None, None
    family = find_family(device)
    if family is not None:
        family.check(device)
    if family is not None and isinstance(family.synapse, PulsedSynapse):
        return device, family
    if family is None or family.synapse is None:
        known = ", ".join(
            other.device.__name__ for other in FAMILIES if isinstance(other.synapse, DrivenSynapse)
        )
        raise ValueError(
            f"device={type(device).__name__} cannot be a synapse: take a pulsed device, or one "
            f"with a state driven by voltages of both signs ({known}). "
            "Oscillators and neurons store no weight; in models of linear drift, of pulses and of "
            "events, overlapping pulses have the effect of single ones."
        )
    if not isinstance(rule, OverlapRule):
        raise ValueError(
            f"a {type(device).__name__} is driven by voltages, which {type(rule).__name__} does "
            "not give: take rule='overlap', or a pulsed device."
        )
    return device, family


def synapse(bounds: int, tau: float = np.inf, rest: float = 0.0, key: int = 0) -> kernel.Synapse:
    """Return a synapse that is not pulsed."""
    return kernel.Synapse(bounds, tau, rest, pulse_rule(INERT), 0.0, 0.0, np.uint64(key))


def pulsed(device: PulseMemristor, key: int) -> kernel.Synapse:
    """Return a synapse that is programmed by graded pulses."""
    return kernel.Synapse(
        kernel.BOUNDS.index("pulses"), np.inf, 0.0, pulse_rule(device), device.noise,
        device.write_noise, np.uint64(key),
    )  # fmt: skip


def driven_synapse(device: Any) -> DrivenSynapse:
    """Return the functions of a device as a voltage-driven synapse."""
    family = find_family(device)
    assert family is not None
    assert isinstance(family.synapse, DrivenSynapse)
    return family.synapse


def waveform(rule: OverlapRule, age: float, amplitude: float) -> tuple[NDArray, float]:
    """Return the voltages in V over a synapse during a pair of pulses, and the time step in s."""
    begin, end = -(rule.t_rise + age), rule.t_tail
    dt = (end - begin) / SAMPLES
    return amplitude * across(begin + (np.arange(SAMPLES) + 0.5) * dt, age, rule), dt


def pair_change(device: Any, rule: OverlapRule, age: float, amplitude: float, w: float) -> float:
    """Return the change of weight ``w`` by a pair; ``age`` is negative if the input spikes second.

    The decay of a volatile device during the pair is left out, since the layer adds it.
    """
    voltage, dt = waveform(rule, abs(age), amplitude)
    sign = 1.0 if age >= 0 else -1.0
    follow, fading = driven_synapse(device)
    change = follow(device, sign * voltage, dt, w) - follow(device, 0.0 * voltage, dt, w)
    return change * exp(rule.t_tail / fading(device)[0])


def single_change(device: Any, rule: OverlapRule, amplitude: float) -> float:
    """Return the largest change by a single spike, of input or neuron."""
    dt = (rule.t_rise + rule.t_tail) / SAMPLES
    voltage = amplitude * pulse(-rule.t_rise + (np.arange(SAMPLES) + 0.5) * dt, rule)
    follow = driven_synapse(device).follow
    still = follow(device, 0.0 * voltage, dt, MIDDLE)
    return max(abs(follow(device, sign * voltage, dt, MIDDLE) - still) for sign in (1.0, -1.0))


def driven(rule: OverlapRule, device: Any, ideal: kernel.Rule, key: int) -> Device:
    """Tabulate the changes of a voltage-driven device by overlapping pulses."""
    closest = rule.t_rise / 10

    def excess(log_amplitude: float) -> float:
        return pair_change(device, rule, closest, exp(log_amplitude), MIDDLE) - ideal.rate

    low = high = log(LEAST)
    while excess(high) < 0 and high < log(
        MOST
    ):  # in steps, since exponentials overflow at high amplitudes
        low, high = high, high + 0.2
    if low == high or not excess(high) >= 0:
        raise ValueError(
            f"no amplitude from {LEAST} to {MOST} V changes this device by learning_rate="
            f"{ideal.rate} in pulses of {rule.t_rise} s; take another rate, or other times."
        )
    amplitude = exp(float(brentq(excess, low, high, xtol=1e-4)))
    alone = single_change(device, rule, amplitude)
    if alone > MOST_ALONE * ideal.rate:
        raise ValueError(
            f"a single spike of {amplitude:.3g} V changes this device by {alone:.2g}, and a pair "
            f"by {ideal.rate}: its response to voltage is too gradual for overlapping pulses (a "
            f"single spike may change it by at most {MOST_ALONE:.0%} of a pair). Take a device "
            "with a threshold, or a pulsed one."
        )
    window = rule.t_rise + rule.t_tail
    ages = np.linspace(0, window, AGES)
    up, down = (
        np.array(
            [[pair_change(device, rule, sign * age, amplitude, w) for w in LEVELS] for age in ages]
        )
        for sign in (1, -1)
    )
    up[0] = down[0] = up[-1] = down[-1] = (
        0.0  # simultaneous pulses cancel; beyond the window they do not overlap
    )
    tau, rest = driven_synapse(device).fading(device)
    forget = ideal.forget * ideal.rate
    table = ideal._replace(window=window, up=up, down=down, rate=1.0, forget=forget)
    return Device(table, synapse(0, tau, rest, key), amplitude=amplitude)
