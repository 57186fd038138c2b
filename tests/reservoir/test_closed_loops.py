"""Compiled closed loops: each gives the states of the open loop under the drive that it writes."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from mottle.reservoir import (
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
)
from mottle.reservoir.compiled.closed import LANES, Loop, read
from mottle.reservoir.forecast.closed import copy_state, linear, run_on
from mottle.reservoir.nodes import regime

KEPT = {"random_state": 0}
N_WARMUP = 6


class Case(NamedTuple):
    """A reservoir in a loop of so many outputs, beside so many inputs known beforehand."""

    name: str
    reservoir: Any
    n_outputs: int = 1
    n_exog: int = 0
    n_steps: int = 15


CASES = [
    Case("relaxing", OscillatorReservoir(70, **KEPT), 1, 0),
    Case("noisy", OscillatorReservoir(
        70, regime="oscillating", threshold_noise=0.01, spread=0.1, **KEPT), 2, 1),
    Case("pulsed", OscillatorReservoir(70, regime="pulsed", t_off=3e-6, **KEPT), 2),
    Case("spikes", OscillatorReservoir(
        70, regime="pulsed", observable="spikes", spectral_radius=0.3, **KEPT), 1, 1),
    Case("recurrent", OscillatorReservoir(70, regime="recurrent", threshold_noise=0.01, **KEPT), 2),
    Case("coupled", OscillatorReservoir(
        9, regime="oscillating", c_coupling=1e-12, threshold_noise=0.01, **KEPT), 2, 1),
    Case("coupled pulsed", OscillatorReservoir(
        4, regime="pulsed", r_coupling=1e6, observable="current", **KEPT),
        1, 0, 5),
    Case("film", VO2Reservoir(70, **KEPT), 1, 0),
    Case("film noisy", VO2Reservoir(
        70, regime="oscillating", temperature_noise=133.0, spread=0.02, observable="spikes",
        **KEPT), 2, 1),
    Case("film coupled", VO2Reservoir(
        70, regime="oscillating", thermal_coupling=0.02, temperature_noise=133.0, dt_device=3e-8,
        observable="current", **KEPT), 2, 1),
    Case("film pulsed", VO2Reservoir(
        70, regime="pulsed", temperature_noise=133.0, dt_device=4e-7, t_off=2e-7, **KEPT), 1, 1, 6),
    Case("film float32", VO2Reservoir(
        140, regime="pulsed", dt_device=4e-7, t_off=2e-7, dtype="float32", **KEPT), 1, 1, 6),
    Case("spiking", SpikingReservoir(70, **KEPT), 1, 0),
    Case("spiking noisy", SpikingReservoir(
        70, regime="firing", voltage_noise=1e-3, n_inner=2, observable="spikes", **KEPT), 2, 1),
    Case("ag", MemristorReservoir(140, device="ag_pulse", n_masks=2, **KEPT), 2, 1),
    Case("ag taps", MemristorReservoir(
        70, device="ag_pulse", n_taps=3, observable="current", **KEPT), 2, 1),
    Case("ag one input", MemristorReservoir(66, device="ag_pulse", spread=0.1, **KEPT)),
    Case("ag fast", MemristorReservoir(66, device="ag_fast", v_bias=0.5, **KEPT), 2, 0),
    Case("wox", MemristorReservoir(140, n_masks=2, n_taps=3, write_noise=0.05, **KEPT), 2, 1),
    Case("wox one input", MemristorReservoir(140, n_masks=2, **KEPT)),
    Case("tiox", MemristorReservoir(
        70, device="tiox_zhong2021", observable="conductance", fan_in=None, v_gain=0.3,
        **KEPT), 3),
]  # fmt: skip
by_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


class Start(NamedTuple):
    """A fitted reservoir after a warmup of three runs, and a loop whose outputs stay bounded."""

    reservoir: Any
    state: Any
    first: np.ndarray
    exog: np.ndarray
    loop: Loop


def begin(case: Case, n_runs: int = 3, meter: bool = False) -> Start:
    """Fit a case, warm it up, and draw a readout of its states, their squares and inputs."""
    rng, n_inputs = np.random.default_rng(0), case.n_outputs + case.n_exog
    warmup = rng.uniform(-1, 1, (n_runs, N_WARMUP, n_inputs))
    reservoir = case.reservoir.fit(warmup[0])
    state, states = reservoir.advance(
        reservoir.start(n_runs, [7, 8, 9][:n_runs], meter=meter), warmup
    )
    flat = states.reshape(-1, states.shape[2])
    n, size = flat.shape[1], np.abs(flat).max(axis=0)
    weights = rng.normal(size=(case.n_outputs, n)) / np.where(size > 0, size, 1.0) / n**0.5
    squares = rng.normal(size=(case.n_outputs, n)) / np.where(size > 0, size, 1.0) ** 2 / n**0.5
    intercept = -(flat @ weights.T + flat**2 @ squares.T).mean(axis=0)
    loop = Loop(
        weights, squares, 0.3 * rng.normal(size=(case.n_outputs, n_inputs)), intercept, 3.0,
        n_inputs,
    )  # fmt: skip
    first = rng.uniform(-1, 1, (n_runs, case.n_outputs))
    exog = rng.uniform(-1, 1, (n_runs, case.n_steps, case.n_exog))
    return Start(reservoir, state, first, exog, loop)


def run(start: Start, **changed: Any) -> tuple[np.ndarray, Any]:
    """Run a loop; return its outputs and the state of the nodes after it."""
    start = start._replace(**changed)
    state = copy_state(start.state)
    if state.spent is not None:
        state.spent = state.spent.copy()
    assert start.reservoir._node.closes(start.reservoir)
    return run_on(start.reservoir, state, start.first, start.exog, start.loop), state


def drive_of(start: Start, found: np.ndarray) -> np.ndarray:
    """Return the drive that outputs are, with the inputs known beforehand."""
    outputs = np.concatenate([start.first[:, np.newaxis], found[:, :-1]], axis=1)
    return np.concatenate([outputs, start.exog], axis=2)


@by_case
def test_a_loop_leaves_the_nodes_in_the_bytes_of_the_open_loop_under_its_drive(case):
    """Noise, pulses, coupling, recurrence, masks and taps are those of ``advance``."""
    start = begin(case)
    found, after = run(start)
    assert np.ptp(found) > 1e-3
    drive = drive_of(start, found)
    opened, states = start.reservoir.advance(copy_state(start.state), drive)
    np.testing.assert_array_equal(after.values, opened.values)
    many = (states[:, k] for k in range(case.n_steps))
    again = [linear(start.loop)(x, u) for x, u in zip(many, drive.swapaxes(0, 1), strict=True)]
    atol = 1e-11 if states.dtype == np.float64 else 1e-6  # squares are rounded in `linear`
    np.testing.assert_allclose(found, np.clip(np.stack(again, 1), -3, 3), atol=atol)


@by_case
def test_a_loop_equals_single_steps(case, monkeypatch):
    """Outputs step by step differ by the rounding of the readout's sum alone."""
    start = begin(case)
    found, _ = run(start)
    node = start.reservoir._node
    monkeypatch.setattr(type(start.reservoir), "_node", node._replace(closes=lambda p: False))
    stepped = run_on(start.reservoir, copy_state(start.state), start.first, start.exog, start.loop)
    np.testing.assert_allclose(found, stepped, atol=1e-6)


@pytest.mark.parametrize("case", CASES[4:17:3], ids=[case.name for case in CASES[4:17:3]])
def test_runs_do_not_mix_and_outputs_never_depend_on_later_inputs(case):
    """One run alone, and a shorter loop, give the same bytes."""
    start = begin(case)
    found, _ = run(start)
    state = start.state
    alone = replace(state, values=state.values[1:2], keys=state.keys[1:2])
    if state.past is not None:
        alone.past = state.past[1:2]
    one, _ = run(start, state=alone, first=start.first[1:2], exog=start.exog[1:2])
    np.testing.assert_array_equal(one, found[1:2])
    short, _ = run(start, exog=start.exog[:, :4])
    np.testing.assert_array_equal(short, found[:, :4])


@pytest.mark.parametrize("name", ["noisy", "coupled pulsed", "film coupled", "film pulsed", "ag"])
def test_a_loop_spends_the_energy_of_the_open_loop(name):
    """Energies and spikes of a metered loop are those of its drive."""
    (case,) = (case for case in CASES if case.name == name)
    start = begin(case, meter=True)
    found, after = run(start)
    state = copy_state(start.state)
    opened, _ = start.reservoir.advance(state, drive_of(start, found))
    assert (after.spent[:, 2] > start.state.spent[:, 2]).all()
    np.testing.assert_allclose(after.spent, opened.spent, rtol=1e-12)


def test_a_readout_without_weights_holds_its_intercept():
    """The drive is then constant, and the nodes are those of a constant drive."""
    start = begin(CASES[0])
    nothing = start.loop._replace(
        states=0 * start.loop.states, squares=0 * start.loop.squares, inputs=np.empty((1, 0)),
        intercept=np.array([0.25]),
    )  # fmt: skip
    found, after = run(start, loop=nothing, first=np.full((3, 1), 0.25))
    np.testing.assert_array_equal(found, np.full((3, 15, 1), 0.25))
    opened, _ = start.reservoir.advance(start.state, found)
    np.testing.assert_array_equal(after.values, opened.values)


def test_the_order_parameter_is_run_step_by_step():
    """It is computed from the phases of all nodes; a forecast takes it all the same."""
    wave = np.sin(0.3 * np.arange(160))
    reservoir = OscillatorReservoir(12, regime="oscillating", observable="order", **KEPT)
    forecaster = Forecaster(reservoir, alphas=1e-2).fit(wave)
    member = forecaster.members_[0]
    assert not member._node.closes(member)
    assert np.isfinite(forecaster.predict(3, diverged="nan")[0])


@pytest.mark.kernel
@pytest.mark.parametrize("n", [1, LANES - 1, LANES, 3 * LANES + 5])
def test_the_readout_sums_states_and_their_squares(n):
    """Partial sums cover all nodes once."""
    weights, squares, x = np.random.default_rng(n).normal(size=(3, n))
    found = read(weights, squares, x, np.full(LANES, np.nan))
    np.testing.assert_allclose(found, weights @ x + squares @ x**2, rtol=1e-12, atol=1e-12)


@pytest.mark.kernel
@pytest.mark.parametrize("reservoir", [
    OscillatorReservoir(3, regime="pulsed", spectral_radius=0.4, **KEPT),
    OscillatorReservoir(3, regime="oscillating", r_coupling=1e6, dt_device=1e-7, **KEPT),
    VO2Reservoir(3, dt_device=2e-8, **KEPT),
    VO2Reservoir(3, dt_device=1e-8, thermal_coupling=0.02, **KEPT),
    SpikingReservoir(3, fan_in=1, **KEPT),
    MemristorReservoir(4, device="ag_pulse", dt_device=1e-5, n_masks=2, n_taps=2, **KEPT),
    EchoStateReservoir(3, **KEPT),
], ids=lambda reservoir: f"{type(reservoir).__name__}-{reservoir.n_nodes}")  # fmt: skip
def test_small_loops_run_within_their_arrays(reservoir, monkeypatch):
    """Plain Python checks every index; the nodes are those of the open loop."""
    monkeypatch.setattr(regime, "REFERENCE_STEPS", 10)
    with np.errstate(over="ignore"):  # of the integers behind noise, which wrap
        start = begin(Case("small", reservoir, 1, 1, 3), n_runs=2)
        found, after = run(start)
        opened, _ = start.reservoir.advance(start.state, drive_of(start, found))
    np.testing.assert_array_equal(after.values, opened.values)
