"""Learning rules: weight changes as functions of spike times."""

from functools import cache
from math import ceil, exp
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number, check_positive, choose
from mottle.reservoir.plasticity import kernel

POINTS = 526  # of the overlap curve's table
LEAST = 1e-3  # of the peak: smaller changes are neglected
MAY_BE_0 = ("depth", "t_step", "a_minus", "a2_plus", "a2_minus", "a3_minus")
MOST_EXPONENT = 300.0  # of the response to a voltage; e^300 is 1e130
TRACE_LENGTHS = 20.0  # time constants after which a trace, then e^-20, is neglected


class OverlapRule(NamedTuple):
    """Overlapping pulses on a device with a threshold; voltages relative to that threshold.

    Examples
    --------
    >>> from mottle.reservoir.plasticity import stdp_curve
    >>> stdp_curve(OverlapRule(tau_tail=10e-3), delta_t=[-5e-3, 5e-3]).values.round(3).tolist()
    [-3.04, 3.04]
    """

    height: float = 1.0  # before the spike
    depth: float = 0.5  # after it
    tau_rise: float = 5e-3  # s
    t_rise: float = 5e-3  # s
    tau_tail: float = 20e-3  # s
    t_tail: float = 0.1  # s
    v_th: float = 1.0
    v_0: float = 1 / 7
    t_step: float = 1e-5  # s, time step of the pulse generator; 0: smooth
    source: str = (
        "Zamarreno-Ramos et al., Front. Neurosci. 5 (2011) 26, doi:10.3389/fnins.2011.00026"
    )
    provisional: str = "the formulae: from general knowledge, not read in the source"


class PairRule(NamedTuple):
    """All pairs of spikes: a_plus e^(-dt / tau_plus), or -a_minus e^(dt / tau_minus).

    Examples
    --------
    >>> from mottle.reservoir.plasticity import stdp_curve
    >>> rule = PairRule(a_minus=0.01)
    >>> stdp_curve(rule, delta_t=[-10e-3, 10e-3]).values.round(5).tolist()
    [-0.00607, 0.00303]
    """

    a_plus: float = 0.005
    a_minus: float = 0.00525
    tau_plus: float = 20e-3  # s
    tau_minus: float = 20e-3  # s
    source: str = "Song, Miller and Abbott, Nat. Neurosci. 3 (2000) 919, doi:10.1038/78829"
    provisional: str = "constants: from general knowledge"


class TripletRule(NamedTuple):
    """Pairs and triplets of spikes, by two further slow traces; all spikes count.

    Examples
    --------
    >>> from mottle.reservoir.plasticity import stdp_curve
    >>> [round(float(stdp_curve(TripletRule(), delta_t=[10e-3], frequency=hz, n_pairs=60)[0]), 4)
    ...  for hz in (1.0, 10.0, 40.0)]  # by triplets: the denser the pairs, the stronger
    [0.0001, 0.1321, 0.5337]
    """

    a2_plus: float = 5e-10
    a2_minus: float = 7e-3
    a3_plus: float = 6.2e-3
    a3_minus: float = 2.3e-4
    tau_plus: float = 16.8e-3  # s
    tau_minus: float = 33.7e-3  # s
    tau_x: float = 101e-3  # s
    tau_y: float = 125e-3  # s
    source: str = (
        "Pfister and Gerstner, J. Neurosci. 26 (2006) 9673, doi:10.1523/JNEUROSCI.1425-06.2006"
    )
    provisional: str = "constants (visual cortex, all-to-all): from general knowledge"


LearningRule = OverlapRule | PairRule | TripletRule
RULES: dict[str, LearningRule] = {
    "overlap": OverlapRule(),
    "pair": PairRule(),
    "triplet": TripletRule(),
}


def check_rule(rule: str | LearningRule) -> LearningRule:
    """Return the constants of a rule, by name or checked.

    Examples
    --------
    >>> check_rule(OverlapRule(height=1.2))
    Traceback (most recent call last):
    ValueError: a single pulse reaches 1.2, above the threshold rule.v_th=1.0: every spike would \
change its synapses without a second spike. Lower rule.height, or raise rule.v_th.
    """
    if not isinstance(rule, LearningRule):
        return choose(rule, RULES, "rule")
    for name, value in rule._asdict().items():
        if isinstance(value, str):
            continue
        if name in MAY_BE_0:
            check_number(f"rule.{name}", value, least=0)
        else:
            check_positive(f"rule.{name}", value)
    if isinstance(rule, OverlapRule):
        most = "height" if rule.height >= rule.depth else "depth"
        alone = getattr(rule, most)
        if alone > rule.v_th:
            raise ValueError(
                f"a single pulse reaches {alone}, above the threshold rule.v_th={rule.v_th}: every "
                "spike would change its synapses without a second spike. Lower "
                f"rule.{most}, or raise rule.v_th."
            )
        if rule.height + rule.depth <= rule.v_th:
            raise ValueError(
                f"two pulses together reach {rule.height + rule.depth}, not above the threshold "
                f"rule.v_th={rule.v_th}: no weight would ever change. Lower rule.v_th."
            )
        both = rule.height + rule.depth
        if both > MOST_EXPONENT * rule.v_0:
            raise ValueError(
                f"rule.v_0={rule.v_0} is too small for pulses that reach {both} together: "
                f"e^({both} / v_0) overflows. Use at least {both / MOST_EXPONENT:.2g}."
            )
        if not peak(rule) > 0:
            raise ValueError(
                f"rule.t_step={rule.t_step} s is too coarse for pulses that rise in rule.t_rise="
                f"{rule.t_rise} s: no sample exceeds the threshold, and no weight would ever "
                f"change. Use at most {rule.t_rise / 10:.2g} s."
            )
    return rule


def pulse(t: NDArray, rule: OverlapRule) -> NDArray[np.float64]:
    """Return the voltage of one spike at times ``t`` in s around it."""
    rise, tail = exp(-rule.t_rise / rule.tau_rise), exp(-rule.t_tail / rule.tau_tail)
    before = rule.height * (np.exp(np.minimum(t, 0) / rule.tau_rise) - rise) / (1 - rise)
    after = -rule.depth * (np.exp(-np.maximum(t, 0) / rule.tau_tail) - tail) / (1 - tail)
    inside = (t >= -rule.t_rise) & (t < rule.t_tail)
    out: NDArray[np.float64] = np.where(inside, np.where(t < 0, before, after), 0.0)
    return out


def across(t: NDArray, age: float, rule: OverlapRule) -> NDArray[np.float64]:
    """Return the voltage over a synapse whose neuron fires at 0, ``age`` s after its input."""
    return pulse(t, rule) - pulse(t + age, rule)


def overlap_change(delta_t: NDArray, rule: OverlapRule) -> NDArray[np.float64]:
    """Return the change, divided by the rate constant, in s, of a device with a threshold.

    The integral of (e^(|v| / v_0) - e^(v_th / v_0)) sgn(v) over the times where |v| > v_th.
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    out = np.empty(len(delta_t))
    for k, age in enumerate(np.abs(delta_t)):
        if rule.t_step > 0:  # steps of constant voltage, beginning with the later spike
            n, m = ceil((age + rule.t_rise) / rule.t_step), ceil(rule.t_tail / rule.t_step)
            t, held = np.round(np.arange(-n, m) * rule.t_step, 12), np.array(rule.t_step)
        else:
            corners = [s - shift for s in (-rule.t_rise, 0.0, rule.t_tail) for shift in (0.0, age)]
            edges = np.unique(np.linspace(np.sort(corners)[:-1], np.sort(corners)[1:], 257))
            half = np.diff(edges)[:, np.newaxis] / 2
            t, held = edges[:-1, np.newaxis] + half * (1 + nodes), half * weights
        v = across(t, age, rule)
        excess = np.exp(np.maximum(np.abs(v), rule.v_th) / rule.v_0) - exp(rule.v_th / rule.v_0)
        out[k] = (held * np.sign(v) * excess).sum()
    signed: NDArray[np.float64] = np.sign(delta_t) * out
    return signed


@cache
def peak(rule: LearningRule) -> float:
    """Return the largest potentiation by one pair, or triplet, of spikes."""
    if isinstance(rule, OverlapRule):
        return float(overlap_change(np.linspace(0, rule.t_rise, 101), rule).max())
    return rule.a_plus if isinstance(rule, PairRule) else rule.a2_plus + rule.a3_plus


@cache
def table(rule: OverlapRule) -> tuple[float, NDArray[np.float64]]:
    """Return the last time in s, and changes (time, 1) at even times up to it.

    Beyond the last time the change is below ``LEAST`` of its peak.
    """
    times = np.linspace(0, rule.t_rise + rule.t_tail, POINTS)
    change = overlap_change(times, rule)
    last = np.flatnonzero(np.abs(change) >= LEAST * peak(rule))[-1] + 1
    return float(times[last]), change[: last + 1, np.newaxis]


def as_kernel(rule: LearningRule, rate: float, forget: float) -> kernel.Rule:
    """Return a rule as the kernel takes it; ``rate`` and ``forget`` are fractions of its peak."""
    factor, zero = 1.0 / peak(rule), np.zeros((1, 1))
    if isinstance(rule, OverlapRule):
        window, up = table(rule)
        up = factor * up
        return kernel.Rule(0, window, up, -up, np.ones(4), np.zeros(4), rate, forget)
    if isinstance(rule, PairRule):
        tau = np.array([rule.tau_plus, rule.tau_minus, 1.0, 1.0])
        a = factor * np.array([rule.a_plus, rule.a_minus, 0.0, 0.0])
        kind = 1
    else:
        tau = np.array([rule.tau_plus, rule.tau_minus, rule.tau_x, rule.tau_y])
        a = factor * np.array([rule.a2_plus, rule.a2_minus, rule.a3_plus, rule.a3_minus])
        kind = 2
    window = TRACE_LENGTHS * float(tau[:2].max())
    return kernel.Rule(kind, window, zero, zero, tau, a, rate, forget)
