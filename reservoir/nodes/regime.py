"""Regimes of spiking devices: defaults by name, spaced capacitances, pulses and fed-back states."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, check_positive, choose, is_number
from mottle.embedded import CStage, template
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.feeding import Feed
from mottle.reservoir.compiled.inputs import NO_ROWS
from mottle.reservoir.nodes.embedding import HERE, input_sums, sparse_rows
from mottle.reservoir.nodes.node import project, wiring
from mottle.reservoir.nodes.state import ReservoirState
from mottle.reservoir.nodes.supply import V_COMPLIANCE, within_supply
from mottle.reservoir.nodes.topologies import check_topology, draw_recurrent_weights

VOLTS = dict.fromkeys(("gain", "bias", "v_limit", "volts"), "V")  # in C
CAPACITANCES = (0.1, 10.0)  # "log": in units of the device's
REFERENCE_STEPS = 500  # random steps from which mean and deviation of each state are taken
SATURATION = 2.0  # fed-back input at which the amplifier saturates
DEAD_MANY = 0.1  # fraction of nodes that do not oscillate above which a warning is issued
MOST_PARTS = 64  # equal parts of a step with pulses
Run = Callable[..., NDArray]
# node voltages, lengths, state, s for which a step is held: states (recording, step, node)


def setting(p: Any, regimes: Mapping[str, Mapping[str, Any]], name: str) -> Any:
    """Return a parameter, or its default in the regime if it is None."""
    regime = "oscillating" if p.regime is None and "oscillating" in regimes else p.regime
    value = getattr(p, name)
    return choose(regime, regimes, "regime")[name] if value is None else value


def check_regime(p: Any, regimes: Mapping[str, Mapping[str, Any]], nominal: float) -> None:
    """Check the parameters that have a value in each regime."""
    for name in ("v_bias", "v_gain"):
        if getattr(p, name) is not None:
            check_number(name, getattr(p, name), "V")
    dt = check_positive("dt_device", setting(p, regimes, "dt_device"), "s")
    t_off = check_number("t_off", setting(p, regimes, "t_off"), "s", least=0)
    parts(dt, t_off)
    radius = check_number("spectral_radius", setting(p, regimes, "spectral_radius"), least=0)
    # where nodes are coupled: None for a lattice, or none at all, as coupling may be varied from 0
    check_topology(p, p.n_nodes, radius, coupled=hasattr(p, "c_coupling"))
    span = setting(p, regimes, "capacitance")
    log_spaced("capacitance", span, nominal, "F", np.arange(1), CAPACITANCES)


def log_spaced(
    name: str, span: Any, nominal: Any, unit: str, order: NDArray, log: tuple[float, float]
) -> NDArray:
    """Return constants of nodes relative to the nominal one, spaced logarithmically.

    ``log`` is what the span "log" means, in units of the nominal one.

    Examples
    --------
    >>> log_spaced("tau", "log", 2.0, "s", np.array([2, 0, 1]), (0.2, 10.0)).round(3).tolist()
    [10.0, 0.2, 1.414]
    """
    if span is None:
        return np.ones(order.size)
    if isinstance(span, str) and span == "log":
        span = np.multiply(log, nominal)
    pair = np.size(span) == 2 and not isinstance(span, str | dict) and all(map(is_number, span))
    if not (pair and 0 < span[0] <= span[1] < np.inf):
        raise ValueError(
            f"{name}={span!r} {unit} must be 'log', None or (smallest, largest), both positive."
        )
    ratio: NDArray[np.float64] = np.geomspace(span[0], span[1], order.size)[order] / nominal
    return ratio


def space_capacitances(p: Any, regimes: Any, nominal: float, rng: Any) -> Any:
    """Return factors on the capacitance of each node, in random order; 1 without spacing."""
    span = setting(p, regimes, "capacitance")
    if span is None:
        return 1.0
    return log_spaced("capacitance", span, nominal, "F", rng.permutation(p.n_nodes), CAPACITANCES)


def parts(dt: float, t_off: float) -> tuple[float, int, int]:
    """Return the longest time that both parts of a step are multiples of, and the multiples.

    Examples
    --------
    >>> unit, on, off = parts(4e-6, 2e-6)
    >>> round(unit * 1e6, 9), on, off
    (2.0, 2, 1)
    """
    if not t_off:
        return dt, 1, 0
    ratio = Fraction(t_off / dt).limit_denominator(MOST_PARTS)
    fits = abs(float(ratio) * dt - t_off) < 1e-6 * t_off
    if not fits or ratio.numerator + ratio.denominator > MOST_PARTS:
        raise ValueError(
            f"t_off={t_off:g} s and dt_device={dt:g} s have no common part of at least "
            f"1/{MOST_PARTS} of their sum: take a simple ratio, such as t_off={dt / 2:g} s."
        )
    return dt / ratio.denominator, ratio.denominator, ratio.numerator


def run_in_regime(
    p: Any, regimes: Any, run: Run, block: NDArray, lengths: NDArray, state: Any,
    loop: Loop = NO_LOOP,
) -> NDArray:  # fmt: skip
    """Run nodes under input weights, with the pulses and the fed-back states of the regime.

    In a closed loop ``run`` takes the drive, and what feeds it as a further argument.
    """
    if loop is not NO_LOOP:
        feed = feeding(p, regimes, loop)
        return run(block, lengths, state, parts(*durations(p, regimes))[0], feed)
    run_steps, v_in = pulsed(p, regimes, run), project(p, block, lengths)
    if setting(p, regimes, "spectral_radius") == 0:
        return run_steps(within_supply(v_in), lengths, state)
    return fed_back(p, run_steps, v_in, lengths, state)


def durations(p: Any, regimes: Any) -> tuple[float, float]:
    """Return the time in s for which a step is held, and the time at 0 V after it."""
    return setting(p, regimes, "dt_device"), setting(p, regimes, "t_off")


def feeding(p: Any, regimes: Any, loop: Loop) -> Feed:
    """Return readout, weights and pulses for a kernel that runs a closed loop."""
    inputs, n_inputs = wiring(p, sparse_only=True), p.input_weights_.shape[1]
    rows = layouts.slices(*inputs[:3], n_inputs, np.float64)
    recurrent, reference = NO_ROWS, np.zeros((2, 0))
    if setting(p, regimes, "spectral_radius") > 0:
        w, reference = sources(p).sorted_indices(), p.reference_
        recurrent = layouts.slices(w.indptr, w.indices, w.data, p.n_nodes, np.float64)
    _, n_on, n_off = parts(*durations(p, regimes))
    return Feed(
        loop, rows, inputs.gain, inputs.bias, V_COMPLIANCE, recurrent, reference[0], reference[1],
        SATURATION, n_on, n_off, p._node.observed(p) == "spikes",
    )  # fmt: skip


def sources(p: Any) -> Any:
    """Return the recurrent weights, in compressed rows of targets."""
    if not hasattr(p, "weights_"):
        raise ValueError("spectral_radius was set after fit; call fit again.")
    return sparse.csr_array(p.weights_)


def pulsed(p: Any, regimes: Any, run: Run) -> Callable[[NDArray, NDArray, Any], NDArray]:
    """Return a function that runs every step as a pulse, followed by 0 V for ``t_off``."""
    unit, n_on, n_off = parts(*durations(p, regimes))
    if not n_off:
        return lambda v, lengths, state: run(v, lengths, state, unit)

    def run_pulses(v: NDArray, lengths: NDArray, state: Any) -> NDArray:
        width = n_on + n_off
        fine = np.repeat(v, width, axis=1)
        fine.reshape(len(v), -1, width, v.shape[2])[:, :, n_on:] = 0.0
        now = replace(state, step=state.step * width)
        out = run(fine, lengths * width, now, unit).reshape(len(v), -1, width, v.shape[2])
        if p._node.observed(p) == "spikes":
            counted: NDArray = out.sum(axis=2)
            return counted
        mean: NDArray = out[:, :, :n_on].mean(axis=2)
        return mean

    return run_pulses


def fed_back(p: Any, run: Any, v_in: NDArray, lengths: NDArray, state: Any) -> NDArray:
    """Run step by step; scaled states of the last step are added to the inputs.

    The last row of the state holds them.
    """
    gain, weights = p._node.scale(p)[0], sources(p).T.tocsr()
    mean, deviation = p.reference_[0], p.reference_[1]
    out, applied = np.zeros(v_in.shape, state.values.dtype), np.empty(v_in.shape)
    for step in range(v_in.shape[1]):
        active = step < lengths
        volts = v_in[:, step] + gain * (state.values[:, -1] @ weights)
        inner = ReservoirState(
            np.ascontiguousarray(state.values[:, :-1]), state.keys, state.step + step,
            spent=state.spent,
        )  # fmt: skip
        applied[:, step] = volts
        held = np.clip(volts, 0.0, V_COMPLIANCE)[:, np.newaxis]
        now = run(held, active.astype(lengths.dtype), inner)[:, 0]
        state.values[active, :-1] = inner.values[active]
        state.values[active, -1] = np.clip((now - mean) / deviation, -SATURATION, SATURATION)[
            active
        ]
        out[active, step] = now[active]
    within_supply(applied)  # warns once of many that were clipped
    return out


def warn_dead(p: Any) -> None:
    """Warn if more than a tenth of the nodes do not oscillate, naming the bias that would help."""
    alike = not isinstance(p.spread, dict | tuple | list) and p.spread == 0
    if alike and not getattr(p, "thermal_coupling", 0.0):  # the check of the bias suffices
        return
    found = p._node.operate(p, p._node.scale(p)[1])  # without the window, which takes time to find
    dead = 1 - found["fractions"]["oscillating"]
    if dead <= DEAD_MANY:
        return
    low, high = p._node.operate(p)["window"]
    biases = np.linspace(low, high, 12)[1:-1] if low == low else np.array([])
    alive = [p._node.operate(p, volts)["fractions"]["oscillating"] for volts in biases]
    way = "no bias helps: take a smaller spread or thermal_coupling"
    if alive and max(alive) > 1 - dead:
        best = int(np.argmax(alive))
        way = f"with v_bias={biases[best]:.3g} V {1 - alive[best]:.0%} would not"
    warn(
        f"{dead:.0%} of the nodes do not oscillate at v_bias={found['v_bias']:g} V "
        f"({found['fractions']['resting']:.0%} rest, {found['fractions']['latched']:.0%} are "
        f"latched in the metallic state); {way}.",
        stacklevel=5,
    )


def settle(p: Any, regimes: Any, run: Run, rest: NDArray, rng: Any) -> dict[str, Any]:
    """Warn of dead nodes; draw recurrent weights, and measure each state under random node inputs.

    Mean and deviation are kept. The inputs are independent from node to node, uniform from -1 to
    1: nothing depends on the recordings of ``fit`` or on input weights, and the radius is that of a
    linear network whose nodes return their inputs.
    """
    if p.regime in ("oscillating", "recurrent"):
        warn_dead(p)
    radius = setting(p, regimes, "spectral_radius")
    if radius == 0:
        return {}
    weights = draw_recurrent_weights(rng, p, p.n_nodes, radius)
    inputs = np.random.RandomState(0).uniform(-1, 1, (1, REFERENCE_STEPS, p.n_nodes))
    gain, bias = p._node.scale(p)
    volts = np.clip(bias + gain * inputs, 0.0, V_COMPLIANCE)
    lengths = np.array([REFERENCE_STEPS])
    state = ReservoirState(rest[np.newaxis].copy(), np.zeros(1, np.uint64))
    states = pulsed(p, regimes, run)(volts, lengths, state)[0, REFERENCE_STEPS // 5 :]
    deviation = states.std(axis=0) / inputs.std()
    still = deviation <= 1e-9 * np.abs(states).max(axis=0)
    return {
        "weights_": weights,
        "reference_": np.stack([states.mean(axis=0), np.where(still, np.inf, deviation)]),
    }


def embed_in_regime(p: Any, regimes: Any, own: CStage) -> CStage:
    """Return the step of nodes in C: their text, with input sums, pulses and fed-back states.

    ``own`` has a function ``@hold(s, v_in, y)``.
    """
    (gain, bias), (_, n_on, n_off) = p._node.scale(p), parts(*durations(p, regimes))
    feedback, n = setting(p, regimes, "spectral_radius") > 0, p.n_nodes
    sums = input_sums(p)
    text = template(
        HERE / "regime.c", feedback=feedback, pulsed=n_off > 0,
        counts=p._node.observed(p) == "spikes",
    )  # fmt: skip
    sizes = {"N_NODES": n, "N_ON": n_on, "N_OFF": n_off, **sums.sizes, **own.sizes}
    numbers = {
        "gain": gain, "bias": bias, "v_limit": V_COMPLIANCE, "n_on": n_on, "saturation": SATURATION,
        **own.numbers,
    }  # fmt: skip
    tables, state = {**sums.tables, **own.tables}, {"volts": np.zeros(n), **own.state}
    if n_off:
        state["part"] = np.zeros(n)
    if feedback:
        tables |= sparse_rows("", sources(p))
        tables |= {"mean": p.reference_[0], "deviation": p.reference_[1]}
        state["fed_back"] = np.zeros(n)
    text = "\n".join([sums.text, own.text, text])
    return CStage(text, sums.n_in, n, sizes, numbers, tables, state, {**VOLTS, **own.units})
