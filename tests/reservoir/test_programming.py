"""Nonvolatile devices under pulses and over time, against closed forms and published statistics."""

import numpy as np
import pytest
from naive.devices import interface_states, pulse_weights
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir import devices, nonvolatile

QUIET = {"noise": 0.0, "write_noise": 0.0}
TRAINING = [name for name, preset in
            ((n, devices.get(n)) for n in devices.list().index)
            if isinstance(preset, devices.PulseMemristor)]  # fmt: skip


@pytest.mark.parametrize("name", TRAINING)
def test_pulses_change_the_weight_as_the_plain_formulas(name):
    device = devices.get(name)._replace(**QUIET)
    pulses = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 300)
    run = devices.simulate(device, pulses, 1e-7)
    assert_allclose(run.weight, pulse_weights(device, pulses), rtol=1e-10, atol=1e-13)
    assert_array_equal(run.weight, run.weight_shown)


@pytest.mark.parametrize("nl", [0.5, 1.0, 5.0, 9.0])
def test_a_form_has_its_nonlinearity(nl):
    d = devices.get("neurosim_nl")._replace(gamma=(nl, nl), step=(1e-3, 1e-3), **QUIET)
    up = devices.simulate(d, np.ones(1000), 1e-7).weight.to_numpy()
    p = np.arange(1, 1001) / 1000
    assert_allclose(10.102 * (up - p).max(), nl, rtol=1e-3)
    assert_allclose(up[-1], 1.0, atol=1e-9)
    down = devices.simulate(d._replace(w_0=1.0), -np.ones(1000), 1e-7).weight.to_numpy()
    assert_allclose(down, 1 - up, atol=1e-9)  # its mirror


def test_soft_bounds_equal_the_exponential_of_the_pulse_count():
    # w(p) = w_min + B (1 - exp(-alpha p)) in the limit of small steps
    d = devices.PulseMemristor("linear", (1e-3, 1e-3), (1.0, 1.0), w_min=-1.0, w_max=1.0, w_0=0.0)
    w = devices.simulate(d, np.ones(3000), 1e-7).weight.to_numpy()
    assert_allclose(w, 1 - (1 - 1e-3) ** np.arange(1, 3001), rtol=1e-9)


def test_cycle_to_cycle_and_write_noise_have_their_magnitude():
    d = devices.PulseMemristor("linear", (1e-3, 1e-3), noise=0.5, write_noise=2.0)
    run = devices.simulate(d, np.tile([1.0, -1.0], 5000), 1e-7)
    steps = np.abs(np.diff(run.weight))
    assert_allclose([steps.mean(), np.diff(run.weight)[::2].std()], [1e-3, 0.5e-3], rtol=0.07)
    assert_allclose((run.weight_shown - run.weight).std(), 2e-3, rtol=0.05)


@pytest.mark.parametrize(
    ("name", "age", "expected"),
    [("milo2021", 0.0, 14), ("wan2022", 1.0, 6), ("cmo_hfox", 0.0, 50),
     ("cmo_hfox_fine", 0.0, 518), ("cmo_hfox", 86400.0, 20)],
)  # fmt: skip
def test_the_number_of_levels_is_that_of_the_published_statistics(name, age, expected):
    assert_allclose(devices.levels(name, age), expected, rtol=0.03)


def test_relaxation_begins_at_a_second_with_the_published_value():
    """As documented: none before, and the whole constant part at 1 s."""
    levels = [devices.levels("cmo_hfox", age) for age in (0.0, 0.999, 1.0)]
    assert levels[0] == levels[1]
    assert np.round(levels).tolist() == [49, 49, 31]


def test_statistics_report_whether_retention_was_published():
    run = devices.program("milo2021", [1e-4], [0.0, 86400.0], random_state=0)
    assert run.retention == "not published"
    assert_array_equal(run.conductance[0], run.conductance[1])
    assert devices.program("cmo_hfox", [2e-5], 60.0).retention == "published"


def test_written_conductances_scatter_and_relax_as_published():
    goal = np.full(20_000, 40e-6)
    run = devices.program("cmo_hfox", goal, [0.0, 1.0, 86400.0], random_state=0)
    g = run.conductance * 1e6
    assert_allclose(g.mean("device"), [40.0, 40.0, 40.0 - 0.0890 * np.log(86400)], atol=0.03)
    write = 0.01122 + 0.01129 * 40
    later = [0.0, 0.4118, 0.4118 + 0.0420 * np.log(86400)]
    assert_allclose(g.std("device"), np.hypot(write, later), rtol=0.02)


def test_phase_change_memory_drifts_by_a_power_of_time():
    goal = np.full(20_000, 10e-6)
    ages = [20.0, 200.0, 20_000.0]
    g = devices.program("pcm", goal, ages, random_state=0).conductance
    exponent = -np.log(g[2] / g[1]) / np.log(100)
    log_ratio = np.log(10 / 25)
    assert_allclose(np.median(exponent), max(-0.0155 * log_ratio + 0.0244, 0.049), rtol=0.03)
    assert_allclose(g[0].std() * 1e6, 0.26348 + 1.9650 * 0.4 - 1.1731 * 0.16, rtol=0.02)


def test_endurance_closes_windows_after_a_lognormal_number_of_cycles():
    worn = devices.endurance([1e5, 1e8, 1e12], 4000, n_fail=1e8, spread=1.0, random_state=0)
    window = (worn.on - worn.off).to_numpy().reshape(3, -1)
    assert_allclose(window[0].min(), 1.0)
    assert_allclose((window[1] < 1).mean(), 0.5, atol=0.03)
    assert_allclose(window[2], 0.0, atol=1e-6)
    assert_allclose(worn.on.to_numpy().reshape(3, -1)[2].mean(), 0.5, atol=0.03)


def test_ferroelectric_junction_switches_the_same_in_one_pulse_or_many():
    whole = devices.simulate("ftj_hzo", [2.0], 20e-9).state[-1]
    parts = devices.simulate("ftj_hzo", np.full(200, 2.0), 1e-10).state[-1]
    tau = 1e-9 * np.exp((3.5 / 2) ** 2)
    assert_allclose([whole, parts], 1 - np.exp(-((20e-9 / tau) ** 0.7)), rtol=1e-9)
    states = [float(devices.simulate("ftj_hzo", [v], 20e-9).state[-1])
              for v in np.linspace(1.3, 2.7, 8)]  # fmt: skip
    assert (np.diff(states) > 0.02).all()  # eight states by amplitude
    on, off = (devices.simulate("ftj_hzo", [v, 0.1], 1e-5).current[-1] for v in (4.0, -4.0))
    assert_allclose(on / off, 834, rtol=1e-3)
    rest = devices.simulate("ftj_hzo", np.r_[3.0, np.zeros(100)], 20e-9).state
    assert_array_equal(rest[1:], rest[0])


def test_interface_device_relaxes_by_a_power_of_time_and_equals_plain_loops():
    wave = np.r_[np.full(5, 1.5), np.zeros(2000)]
    w = devices.simulate("nbsto_interface", wave, 1e-2).state.to_numpy()
    assert_allclose(np.log(w[2004] / w[204]) / np.log(20.01 / 2.01), -0.1, rtol=0.01)
    wave = np.random.default_rng(0).choice([-1.2, 0.0, 0.3, 1.2], 60)
    run = devices.simulate("nbsto_interface", wave, 5e-3)
    assert_allclose(run.state, interface_states(wave, 5e-3), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: devices.simulate("milo2021", [1.0], 1.0), "see devices.program"),
        (lambda: devices.program("cmo_hfox", [1e-6]), r"target 0 is 1e-06 S; the range .* 9e"),
        (lambda: devices.program("cmo_hfox", [2e-5], -1.0), r"age=-1.0 s must be finite, not neg"),
        (lambda: devices.program("cmo_hfox", [2e-5], [np.inf]), r"age=\[inf\] s must be finite"),
        (lambda: devices.levels("cmo_hfox", np.inf), "age=inf s must be a finite number"),
        (lambda: devices.program("cmo_hfx", [2e-5]), "did you mean 'cmo_hfox'"),
        (lambda: devices.levels(devices.Programming(2e-6, 1e-6, (1.0,))), "g_min=2e-06 S must lie"),
        (lambda: devices.levels("pcm", -1.0), r"age=-1.0 s must be .* at least 0"),
        (lambda: devices.pulse_train(1.0, 1e-3, 2e-3, 0.0), r"dt=0.0 s must be .* above 0"),
        (lambda: devices.endurance([-1.0]), "must not be negative"),
        (lambda: devices.shape_of_nonlinearity(11.0), "nl=11.0 must be .* above 0 and below 10"),
        (lambda: devices.simulate(devices.PulseMemristor("cubic", (1, 1)), [1.0], 1.0), "'cubic'"),
        (lambda: devices.simulate(devices.PulseMemristor("linear", (0, 1)), [1.0], 1.0),
         r"device.step=\(0, 1\) must be positive"),
    ],
)  # fmt: skip
def test_impossible_requests_are_refused_with_the_way_out(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_strength_exchanges_endurance_for_retention_both_ways():
    strengths = (0.1, 0.5, 1.0, 2.0, 10.0)
    cells = [devices.get("cmo_hfox")._replace(strength=s) for s in strengths]
    kept = [devices.levels(cell, 86400.0) for cell in cells]
    assert (np.diff(kept) > 0).all()
    windows = []
    for cell in cells:
        worn = devices.endurance([1e8], 500, device=cell, random_state=0)
        windows.append((worn.on - worn.off).mean())
    assert (np.diff(windows) < 0).all()


def test_strength_multiplies_cycles_and_times_by_its_powers():
    cell = devices.get("cmo_hfox")._replace(strength=10.0, wear=3.0, hold=0.5)
    hard = devices.endurance([1e5, 1e6], 50, device=cell, random_state=0)
    plain = devices.endurance([1e5, 1e6], 50, n_fail=1e5, random_state=0)
    assert_allclose(hard.on - hard.off, plain.on - plain.off, rtol=1e-9)
    for name in ("cmo_hfox", "pcm", "wan2022_day"):
        held = devices.get(name)._replace(strength=100.0, hold=0.5)
        assert_allclose(devices.levels(held, 1e5), devices.levels(name, 1e4), rtol=1e-12)
    goal = [20e-6, 60e-6]
    late = devices.program(cell._replace(hold=1.0), goal, 1e5, random_state=1)
    early = devices.program("cmo_hfox", goal, 1e4, random_state=1)
    assert_allclose(late.conductance, early.conductance, rtol=1e-12)
    assert cell.time_scale == pytest.approx(10**0.5)


def test_strength_reaches_written_cells_and_their_age():
    goal = np.full(200, 60e-6)
    cell = devices.get("cmo_hfox")._replace(strength=10.0)
    hard = nonvolatile.write(cell, goal, cycles=1e7, random_state=0)
    fresh = nonvolatile.write("cmo_hfox", goal, cycles=1e9, random_state=0)
    assert_allclose(hard.conductance, fresh.conductance, rtol=1e-12)  # n_fail 1e6, 1e8
    assert np.ptp(hard.conductance.to_numpy()) > 20e-6  # worn cells
    aged = nonvolatile.age(cell, hard, 1e5).conductance
    assert_allclose(aged, nonvolatile.age("cmo_hfox", fresh, 1e4).conductance, rtol=1e-12)


def test_the_published_strength_changes_no_byte():
    plain = devices.get("cmo_hfox")
    assert plain.strength == 1.0
    other = plain._replace(wear=3.0, hold=2.0)  # without effect at 1
    assert devices.levels(other, 1e6) == devices.levels(plain, 1e6)
    alone = devices.endurance([1e8], 20, random_state=0)
    assert alone.equals(devices.endurance([1e8], 20, device=other, random_state=0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"strength": 0.0}, r"device\.strength=0\.0"), ({"wear": 4.0}, r"device\.wear=4\.0"),
     ({"hold": -1.0}, r"device\.hold=-1\.0")],
)  # fmt: skip
def test_an_impossible_strength_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        devices.endurance([1.0], device=devices.get("pcm")._replace(**changes))
