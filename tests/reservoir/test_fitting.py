"""Constants of devices from measurements: recovered, named where open, refused where impossible."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir import MemristorReservoir, OscillatorReservoir, devices
from mottle.reservoir.fitting import fitted
from mottle.reservoir.fitting.fitted import find_start, tabulate
from mottle.reservoir.fitting.space import find_axes, read, write
from mottle.reservoir.fitting.table import find_column
from mottle.reservoir.fitting.units import describe_sampling, find_foreign

DT = 1e-3
WOX = devices.get("wox_du2017")._replace(
    rate=2e-3, eta=7.5, tau=0.03, w_min=0.07, alpha=2e-8, beta=0.6, gamma=2e-5, delta=3.6
)
TIOX = devices.get("tiox_zhong2021")._replace(
    keep=0.97, g_rest=0.4, alpha=0.3, k_p=5e-6, k_n=1e-6, t_pulse=5e-6
)
SWITCH = devices.get("vo2_pwl")._replace(
    r_insulating=80e3, r_metallic=1.5e3, v_high=2.2, v_low=0.8, r_series=25e3, capacitance=150e-12
)
CELL = devices.get("neurosim_nl")._replace(
    step=(1 / 30, 1 / 40), gamma=(2.0, 4.0), w_0=0.2, g_min=2e-6, g_max=2e-5
)
NEURISTOR = devices.get("vo2_neuristor")._replace(
    capacitance=170e-12, c_th=40e-12, s_th=0.23e-3, r_metallic=1100.0
)


def held(volts, n):
    return np.full(n, float(volts))


TRAIN = devices.pulse_train([1.5] * 12, 4 * DT, 8 * DT, DT, base=0.3)
WRITE = np.concatenate([held(0.3, 40), TRAIN, held(0.3, 150)])
SWEEP = 1.25 * np.sin(2 * np.pi * np.arange(200) / 200)
ERASE = np.concatenate([held(-1.5, 30), np.linspace(-1.5, -2.5, 60)])
UP = np.concatenate([held(0.3, 20), held(2.5, 60), held(0.3, 100)])
CASES = {
    "wox": (WOX, DT, (WRITE, SWEEP, ERASE), "current", {}),
    "tiox": (TIOX, 5e-6, (UP, -UP), "current", {}),
    "oscillator": (SWITCH, 2e-8, (held(4, 400), held(6, 400)), "device_voltage", ("r_series",)),
    "pulsed": (CELL, 1e-7, (np.tile(np.repeat([1.0, -1.0], 60), 2),), "conductance", {}),
    "vo2": (NEURISTOR, 2e-8, (held(11, 300), held(14, 300)), "device_voltage", ("r_load",)),
}


def measure(of, dt, waves, quantity, noise=0.0, seed=0, **columns):
    """Return a table of traces of a simulated device, with noise relative to each trace's range."""
    rng, frames = np.random.default_rng(seed), []
    family, _ = find_start(of)
    for k, wave in enumerate(waves):
        run = family.trace(family.fitting.still(of), wave, dt, 0).variables
        y = run["current"][0] / wave if quantity == "conductance" else run[quantity][0]
        y = y + noise * np.abs(y).max() * rng.normal(size=y.size)
        times = dt * np.arange(1, wave.size + 1)
        frames.append(
            pd.DataFrame({"t": times, "v": wave, quantity: y, "trace": f"s{k}"} | columns)
        )
    return pd.concat(frames)


@pytest.mark.parametrize("name", CASES)
def test_constants_are_recovered_from_traces_without_noise(name):
    device, dt, waves, quantity, known = CASES[name]
    fixed = {one: getattr(device, one) for one in known}
    table = measure(device, dt, waves, quantity)
    found = devices.fit(name, table, fixed=fixed, hold_out=False)
    assert not found.problems
    fitted = found.constants.index[found.constants.status == "fitted"]
    fields = {constant.removesuffix("_up").removesuffix("_down") for constant in fitted}
    assert len(fields) >= 4
    for field in fields:
        assert_allclose(getattr(found.preset, field), getattr(device, field), rtol=1e-6)


def test_wox_and_tiox_leave_nothing_open_after_their_whole_protocol():
    for name in ("wox", "tiox"):
        device, dt, waves, quantity, _ = CASES[name]
        assert devices.fit(name, measure(device, dt, waves, quantity)).undetermined == {}


def test_the_simulation_with_fitted_constants_is_the_simulation_of_the_device():
    found = devices.fit("tiox", measure(TIOX, 5e-6, (UP, -UP), "current"))
    run, again = (devices.simulate(one, UP, 5e-6).current for one in (TIOX, found.preset))
    assert_allclose(again, run, rtol=1e-9)
    assert found.preset.t_pulse == pytest.approx(5e-6)  # the step of the data


@pytest.mark.slow
def test_intervals_hold_the_constants_in_most_draws():
    inside = total = 0
    for seed in range(15):
        table = measure(TIOX, 5e-6, (UP, -UP), "current", 0.005, seed)
        found = devices.fit("tiox", table, hold_out=False, n_starts=3)
        fitted = found.constants[found.constants.status == "fitted"]
        truth = [getattr(TIOX, name) for name in fitted.index]
        inside += int(((fitted.low <= truth) & (truth <= fitted.high)).sum())
        total += len(fitted)
    assert total >= 70
    assert inside / total > 0.87


def test_the_interval_of_a_linear_constant_is_that_of_linear_regression():
    # one free constant that scales the current: the profile is that of a line through 0
    known = {name: getattr(WOX, name) for name in WOX._fields[:8] if name not in ("gamma", "alpha")}
    still = WOX._replace(alpha=1e-18)
    table = measure(still, DT, (SWEEP,), "current", 0.02)
    found = devices.fit("wox", table, fixed=known | {"alpha": 1e-18}, hold_out=False)
    one = measure(still._replace(gamma=1.0), DT, (SWEEP,), "current")["current"]
    slope = (one @ table["current"]) / (one @ one)
    rest = table["current"] - slope * one
    error = np.sqrt((rest @ rest) / (rest.size - 1) / (one @ one))
    row = found.constants.loc["gamma"]
    assert row.value == pytest.approx(slope, rel=1e-6)
    assert row.high - row.low == pytest.approx(2 * 1.972 * error, rel=0.05)  # t of 199


def test_a_constant_without_influence_is_named_with_its_protocol():
    found = devices.fit("wox", measure(WOX, DT, (SWEEP,), "current", 0.02), hold_out=False)
    assert "alpha" in found.undetermined
    assert "Would determine it: " in found.undetermined["alpha"]
    row = found.constants.loc["alpha"]
    assert row.status == "held"
    assert np.isnan(row.low)
    assert found.preset.alpha == devices.get("wox_du2017").alpha
    assert "alpha" in found.preset.provisional


def test_constants_that_show_in_combination_only_are_named_together():
    table = measure(SWITCH, 2e-8, (held(4, 400), held(6, 400)), "device_voltage")
    found = devices.fit("oscillator", table, hold_out=False)
    assert "r_insulating" in found.undetermined["r_series"]
    assert found.preset.r_series == 20e3  # of the preset
    assert found.preset.capacitance * 20e3 == pytest.approx(150e-12 * 25e3, rel=1e-6)
    assert found.constants.depends_on["capacitance"] == "r_series"
    assert found.constants.depends_on["v_low"] == ""


def test_voltage_and_current_together_determine_the_resistor():
    table = measure(SWITCH, 2e-8, (held(4, 400), held(6, 400)), "device_voltage")
    table["i"] = measure(SWITCH, 2e-8, (held(4, 400), held(6, 400)), "current")["current"]
    both = ("device_voltage", "current")
    found = devices.fit("oscillator", table, measured=both, hold_out=False)
    assert found.undetermined == {}
    assert found.preset.r_series == pytest.approx(25e3, rel=1e-4)


def test_a_wrong_family_is_reported_by_its_residuals():
    table = measure(WOX, DT, (WRITE, SWEEP), "current", 0.02)
    with pytest.warns(UserWarning, match="residuals are not noise"):
        found = devices.fit("tiox", table, hold_out=False)
    assert "residuals are not noise" in found.preset.provisional


def test_the_right_family_is_not_reported():
    found = devices.fit("wox", measure(WOX, DT, (WRITE, SWEEP), "current", 0.02, 3), hold_out=False)
    assert found.problems == ()


def test_misfit_beyond_the_scatter_of_repeats_is_reported():
    tables = [
        measure(WOX, DT, (SWEEP,), "current", 0.002, seed, cycle=str(seed)) for seed in range(4)
    ]
    with pytest.warns(UserWarning, match="residuals are not noise"):
        found = devices.fit("tiox", pd.concat(tables), hold_out=False)
    assert any("times that of repeats" in problem for problem in found.problems)
    for k, table in enumerate(tables):  # other readings are missing in each repeat
        table["current"] = table.current.mask(np.arange(len(table)) % 31 == 5 * k)
    with pytest.warns(UserWarning, match="residuals are not noise"):
        found = devices.fit("tiox", pd.concat(tables), hold_out=False)
    assert any("times that of repeats" in problem for problem in found.problems)


def test_auto_chooses_the_family_that_predicts_traces_left_out(monkeypatch):
    from mottle.reservoir.fitting import fitted

    few = {name: one for name, one in fitted.families_by_name().items() if name in ("wox", "tiox")}
    monkeypatch.setattr(fitted, "families_by_name", lambda: few)
    found = devices.fit("auto", measure(WOX, DT, (WRITE, SWEEP, ERASE), "current", 0.01))
    assert found.family == "wox"
    assert list(found.comparison.index) == ["wox", "tiox"]
    errors = found.comparison.held_out_error
    assert 3 * errors["wox"] < errors["tiox"]
    with pytest.raises(ValueError, match="the table has one: give two or more"):
        devices.fit("auto", measure(WOX, DT, (SWEEP,), "current"))


def test_the_error_of_a_trace_left_out_is_that_of_a_fit_of_the_others():
    table = measure(TIOX, 5e-6, (UP, -UP, np.tile(UP[::7], 3)), "current", 0.02)
    found = devices.fit("tiox", table)
    rest = devices.fit("tiox", table[table.trace != "s2"], hold_out=False)
    out = table[table.trace == "s2"]
    run = devices.simulate(rest.preset, out["v"].to_numpy(), 5e-6).current.to_numpy()
    error = np.sqrt(np.mean(((run - out["current"]) / out["current"].abs().max()) ** 2))
    assert found.held_out["trace s2"] == pytest.approx(error, rel=0.1)
    assert set(found.held_out) == {"trace s0", "trace s1", "trace s2"}


@pytest.mark.slow
def test_devices_with_erased_traces_are_all_fitted_from_the_family():
    # a fit of all as one ended at alpha=1e-2 A and residuals of 123 %
    rng, tables = np.random.default_rng(0), []
    for k in range(3):
        tau, rate = np.exp(0.1 * rng.normal(size=2))
        one = WOX._replace(tau=0.03 * tau, rate=1e-3 * rate, alpha=1e-8, beta=0.5, gamma=1e-5)
        strong = np.concatenate([held(-1.5, 15), np.linspace(-1.5, -3.0, 50)])
        rows = measure(one, DT, (WRITE[:120], strong), "current", device=f"d{k}")
        rows["current"] *= 1 + 0.02 * rng.normal(size=len(rows))
        tables.append(rows)
    found = devices.fit("wox", pd.concat(tables), noise="reading", hold_out=False)
    assert found.problems == ()
    assert found.residual_error == pytest.approx(0.02, rel=0.1)
    assert found.preset.alpha == pytest.approx(1e-8, rel=0.05)
    assert found.spread["alpha"] < 0.05
    assert found.spread["tau"] > 0.05


@pytest.mark.parametrize(
    ("fixed", "texts"),
    [
        ({"alpha": 3e-6}, ("are not noise: they have one sign", "% of the scale: too large for")),
        ({"beta": 0.58}, ("residuals of trace s1 are not noise",)),
    ],
)
@pytest.mark.filterwarnings("ignore:residuals")
def test_one_trace_that_is_not_described_is_reported(fixed, texts):
    table = measure(WOX, DT, (np.tile(WRITE, 6), ERASE), "current")
    table["current"] *= 1 + 0.02 * np.random.default_rng(1).normal(size=len(table))
    known = {name: getattr(WOX, name) for name in WOX._fields[:8] if name != "gamma"} | fixed
    found = devices.fit("wox", table, noise="reading", fixed=known, hold_out=False)
    assert len(found.problems) == len(texts)
    for problem, text in zip(found.problems, texts, strict=True):
        assert text in problem


@pytest.mark.filterwarnings("ignore:residuals")
def test_a_device_unlike_the_others_is_named():
    tables = [measure(TIOX, 5e-6, (UP, -UP), "current", 0.01, k, device=f"d{k}") for k in range(3)]
    other = measure(TIOX, 5e-6, (UP, -UP), "current", device="other")
    other["current"] *= 1 + 0.2 * np.sin(np.arange(len(other)) / 10)
    found = devices.fit("tiox", pd.concat([*tables, other]), hold_out=False, n_starts=2)
    assert any("residuals of device other are" in problem for problem in found.problems)
    assert sum("those of the median device" in problem for problem in found.problems) == 1


def test_variation_between_devices_is_recovered_and_taken_by_reservoirs():
    rng, tables = np.random.default_rng(5), []
    factors, fades = np.exp(0.2 * rng.normal(size=8)), np.exp(0.1 * rng.normal(size=8))
    for k, factor in enumerate(factors):
        one = TIOX._replace(k_p=TIOX.k_p * factor, keep=TIOX.keep ** (1 / fades[k]))
        tables.append(measure(one, 5e-6, (UP, -UP), "current", 0.01, k, device=f"d{k}"))
    found = devices.fit("tiox", pd.concat(tables), hold_out=False)
    expected = np.sqrt(np.expm1(np.log(factors).var(ddof=1)))
    assert found.spread["k_p"] == pytest.approx(expected, rel=0.05)
    assert found.spread["k_n"] < 0.03
    assert found.preset.k_p == pytest.approx(TIOX.k_p * np.exp(np.log(factors).mean()), rel=0.01)
    assert set(found.node_spread) == {"alpha", "tau"}
    assert found.node_spread["alpha"] == found.spread["alpha"]
    # the kernel takes tau = -t_pulse / log(keep) of each node
    assert found.node_spread["tau"] == pytest.approx(np.log(fades).std(ddof=1), rel=0.1)
    assert MemristorReservoir(3, device=found.preset, spread=found.node_spread).fit(UP[:, None])


@pytest.mark.slow
def test_variation_between_cycles_is_recovered():
    rng, tables = np.random.default_rng(6), []
    factors = np.exp(0.1 * rng.normal(size=10))
    for k, factor in enumerate(factors):
        one = TIOX._replace(k_p=TIOX.k_p * factor)
        tables.append(measure(one, 5e-6, (UP, -UP), "current", 0.005, k, cycle=str(k)))
    with pytest.warns(UserWarning, match="residuals are not noise"):
        found = devices.fit("tiox", pd.concat(tables), hold_out=False)
    expected = np.sqrt(np.expm1(np.log(factors).var(ddof=1)))
    assert found.cycle_to_cycle["k_p"] == pytest.approx(expected, rel=0.05)


def test_a_fit_is_the_same_twice():
    table = measure(WOX, DT, (WRITE, SWEEP), "current", 0.02)
    one, other = (devices.fit("wox", table, hold_out=False).preset for _ in range(2))
    assert one == other


def test_gaps_of_whole_steps_hold_the_voltage():
    waves = (np.concatenate([UP, held(0.3, 100)]),)
    table = measure(TIOX, 5e-6, waves, "current")
    kept = np.r_[0:180, 190:280:10]  # fewer samples late in the relaxation
    expected = (
        r"trace s0: no rows between 0.0009 s and 0.000955 s \(before row 180\), 10 steps of 5e-06 "
        "s, and 8 more gaps: .* 0.3 V, .* leave the current blank"
    )
    with pytest.warns(UserWarning, match=expected):
        found = devices.fit("tiox", table.iloc[kept], fixed={"k_n": 1e-6}, hold_out=False)
    assert found.preset.keep == pytest.approx(TIOX.keep, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_samples_without_a_reading_drive_the_device_and_are_not_compared(name):
    device, dt, waves, quantity, fixed = CASES[name]
    table = measure(device, dt, waves, quantity)
    place, strong = np.arange(len(table)), np.abs(table.v) == np.abs(table.v).max()
    blank = (place % 7 == 3) | (strong & (place % 2 == 0))
    fixed = {one: getattr(device, one) for one in fixed}
    found = devices.fit(
        name, table.assign(**{quantity: table[quantity].mask(blank)}), fixed=fixed, hold_out=False
    )
    for constant, row in found.constants.iterrows():
        if row.status == "fitted":
            field, _, side = constant.rpartition("_")
            true = getattr(device, constant, None)
            true = getattr(device, field)[side == "down"] if true is None else true
            assert row.value == pytest.approx(true, rel=2e-5), constant
    assert not found.problems
    assert len(found.samples) == found.provenance["n_samples"] == (~blank).sum()
    assert found.samples.measured.notna().all()
    found.plot()


def test_quantities_are_read_at_samples_of_their_own():
    table = measure(SWITCH, 2e-8, CASES["oscillator"][2], "device_voltage")
    table["current"] = measure(SWITCH, 2e-8, CASES["oscillator"][2], "current")["current"]
    place = np.arange(len(table))
    table["device_voltage"] = table.device_voltage.mask(place % 3 == 0)
    table["current"] = table.current.mask(place % 3 == 1)
    both = ("device_voltage", "current")
    found = devices.fit("oscillator", table, measured=both, hold_out=False)
    assert found.preset.r_series == pytest.approx(SWITCH.r_series, rel=1e-5)
    assert len(found.samples) == table[list(both)].notna().to_numpy().sum()


def test_a_file_gives_the_same_states_to_the_bit(tmp_path):
    table = measure(WOX, DT, (WRITE, SWEEP), "current", 0.02)
    found = devices.fit("wox", table, hold_out=False, protocol="pulses and a sweep")
    found.save(tmp_path / "own.toml")
    loaded = devices.load(tmp_path / "own.toml")
    assert loaded == found.preset
    drive = np.random.default_rng(0).uniform(0, 1, (50, 1))
    states = [
        MemristorReservoir(20, device=one, random_state=0).fit_transform(drive)
        for one in (found.preset, loaded)
    ]
    assert_array_equal(*states)
    assert devices.get(str(tmp_path / "own.toml")) == loaded
    assert_array_equal(
        devices.simulate(str(tmp_path / "own.toml"), SWEEP, DT).current,
        devices.simulate(found.preset, SWEEP, DT).current,
    )
    assert len(devices.draw(loaded).axes) == 2


def test_a_fitted_oscillator_runs_in_its_reservoir():
    table = measure(SWITCH, 2e-8, (held(4, 400), held(6, 400)), "device_voltage", 0.02)
    found = devices.fit("oscillator", table, fixed={"r_series": 25e3}, hold_out=False)
    states = OscillatorReservoir(5, device=found.preset, random_state=0)
    assert np.isfinite(states.fit_transform(np.zeros((10, 1)))).all()


def test_a_file_states_where_its_constants_come_from(tmp_path):
    import tomllib
    from hashlib import sha256

    from mottle import __version__

    table = measure(WOX, DT, (SWEEP,), "current", 0.02).rename(columns={"current": "i"})
    table.to_csv(tmp_path / "sweeps.csv", index=False)
    found = devices.fit("wox", tmp_path / "sweeps.csv", hold_out=False, protocol="one sweep")
    found.save(tmp_path / "own.toml")
    held_ = tomllib.loads((tmp_path / "own.toml").read_text("utf-8"))
    digest = sha256((tmp_path / "sweeps.csv").read_bytes()).hexdigest()
    assert held_["fit"]["sha256"] == digest
    assert held_["fit"]["file"] == "sweeps.csv"
    assert held_["fit"]["protocol"] == "one sweep"
    assert held_["fit"]["mottle"] == __version__
    assert held_["fit"]["residual_error"] == found.residual_error
    assert digest[:12] in devices.load(tmp_path / "own.toml").source
    low, high = held_["intervals"]["tau"]
    assert low < held_["constants"]["tau"] < high
    assert set(held_["undetermined"]) == set(found.undetermined)


def test_the_figure_shows_the_traces_with_the_largest_residuals():
    found = devices.fit("tiox", measure(TIOX, 5e-6, (UP, -UP), "current", 0.02))
    assert len(found.plot().axes) == 4
    assert len(found.plot(most=1).axes) == 2


def test_vectors_give_back_the_constants():
    for name in ("wox_du2017", "tiox_zhong2021", "vo2_pwl", "vo2_neuristor", "ag_pulse", "ecram"):
        device = devices.get(name)
        family, _ = find_start(name)
        axes, _ = find_axes(family.fitting, device)
        again = write(axes, device, read(axes, device))
        for axis in axes:
            assert_allclose(getattr(again, axis.field), getattr(device, axis.field), rtol=1e-9)


@pytest.mark.parametrize(
    ("heading", "name", "factor"),
    [("t", "time", 1.0), ("V [mV]", "voltage", 1e-3), ("Current (µA)", "current", 1e-6),
     ("G (nS)", "conductance", 1e-9), ("v_out", "device_voltage", 1.0)],
)  # fmt: skip
def test_headings_are_names_with_units_in_brackets(heading, name, factor):
    assert find_column(heading) == (name, factor)


def test_units_in_headings_are_converted():
    table = measure(TIOX, 5e-6, (UP, -UP), "current")
    other = table.rename(columns={"t": "t (us)", "v": "V (mV)", "current": "I (uA)"})
    other["t (us)"], other["V (mV)"], other["I (uA)"] = (
        other["t (us)"] * 1e6, other["V (mV)"] * 1e3, other["I (uA)"] * 1e6,
    )  # fmt: skip
    found = devices.fit("tiox", other, hold_out=False).preset
    assert found.k_p == pytest.approx(TIOX.k_p, rel=1e-6)


@pytest.mark.parametrize(
    ("column", "factor", "expected"),
    [
        ("t", 1e3, r"tau=\d+ s is .* presets of family 'wox', 0.05 s: is the time in ms\?"),
        ("t", 1e-3, r"tau=\d.*e-05 s is .* is the time in the unit of its heading"),
        ("current", 1e-6, r"gamma=2e-11 A is .* is the current in the unit of its heading"),
    ],
)
def test_constants_as_of_another_unit_are_reported(column, factor, expected):
    table = measure(WOX._replace(rate=1e-3, eta=8.0, tau=0.05), DT, (WRITE,), "current")
    table[column] *= factor
    with pytest.warns(UserWarning, match="start from constants with such a value") as caught:
        found = devices.fit("wox", table, hold_out=False)
    assert any(re.search(expected, str(one.message)) for one in caught)
    if column == "t" and factor > 1:
        slow = devices.get("wox_du2017")._replace(tau=found.preset.tau, rate=found.preset.rate)
        assert not devices.fit(slow, table, hold_out=False).problems  # as the way out says


def test_a_given_constant_in_another_unit_is_reported():
    table = measure(SWITCH, 2e-8, (held(4, 400),), "device_voltage")
    with pytest.warns(UserWarning, match="r_series=20 ohm .* was it given in kohm") as caught:
        devices.fit("oscillator", table, fixed={"r_series": 20.0}, hold_out=False)
    assert len(caught) == 1  # the fitted resistances follow from it


def test_oscillations_sampled_far_too_slowly_are_refused():
    table = measure(SWITCH, 2e-8, (held(4, 400),), "device_voltage")
    table["t"] *= 1e6
    with pytest.raises(ValueError, match=r"s0: samples are 0.02 s apart, .* heading: 't \(us\)'"):
        devices.fit("oscillator", table, fixed={"r_series": 25e3}, hold_out=False)
    slow = SWITCH._replace(capacitance=1e6 * SWITCH.capacitance)
    found = devices.fit(slow, table, fixed={"r_series": 25e3}, hold_out=False)
    assert found.preset.capacitance == pytest.approx(slow.capacitance, rel=1e-6)
    assert not found.problems


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_samples_far_beyond_the_time_scale_are_reported():
    table = measure(WOX, DT, (WRITE,), "current")
    table["t"] *= 1e6
    found = devices.fit("wox", table, n_starts=1, hold_out=False)
    assert any("samples are 1e+03 s apart" in problem for problem in found.problems)


def test_presets_of_a_family_are_in_its_units():
    for name, device in CASES.items():
        family, _ = find_start(name)
        for preset in family.presets.values():
            rows = tabulate(family.fitting, preset, {}, {}, {})
            assert find_foreign(rows, family.fitting, [preset], True) == []
        assert describe_sampling(family.fitting, [device[0]], []) == ""


def test_the_bar_goes_on_while_a_start_is_computed(monkeypatch):
    steps = []

    class Bar(fitted.tqdm):
        def update(self, n=1):
            steps.append(n)
            return super().update(n)

    monkeypatch.setattr(fitted, "tqdm", Bar)
    found = devices.fit("wox", measure(WOX, DT, (WRITE,), "current", 0.02), hold_out=False)
    assert steps.index(1) > 20  # before the first start is done
    assert sum(steps) >= found.provenance["n_starts"]


GOOD = {"t": DT * np.arange(1, 101), "v": SWEEP[:100], "i": 1e-6 * SWEEP[:100]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"t": [], "v": [], "i": []}, "the table has no rows"),
        ({"i": np.where(np.arange(100) == 7, np.inf, 1e-6)}, "'i', row 7: 'inf' .*leave the cell"),
        ({"i": ["over" if k == 7 else 1e-6 for k in range(100)]}, "'i', row 7: 'over' is no"),
        ({"i": np.where(np.arange(100) < 98, np.nan, 1e-6)}, "has 2 readings of current, .*blank"),
        ({"v": np.where(np.arange(100) == 7, np.nan, 1.0)}, "'v', row 7: 'nan' .* cannot drive"),
        ({"t": np.tile(GOOD["t"][:50], 2)}, "time goes from 0.05 s to 0.001 s at row 50"),
        ({"v": np.zeros(100)}, "voltage is 0 throughout"),
        ({"i": np.zeros(100)}, "current is 0 throughout"),
        ({"i": 50e-3 * SWEEP[:100]}, r"current=0.0625 A .* at most 0.01 A: is it in mA"),
        ({"v": 1e3 * SWEEP[:100]}, "is beyond .* Is it in mV"),
        ({"t": np.sort(np.random.default_rng(0).uniform(size=100))}, "no whole number of steps"),
        ({"curent": GOOD["i"]}, "column 'curent' is not known; did you mean 'current'"),
        ({"i (furlong)": GOOD["i"]}, "unit 'furlong' is none of A, mA"),
        ({"current": GOOD["i"]}, "two columns are 'current'"),
        ({"g": GOOD["i"]}, "holds current, conductance; state which is to be fitted"),
        ({"device": ["a"] * 99 + ["b"]}, "device b has 1 samples; a trace needs at least 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_stated(changed, message):
    with pytest.raises(ValueError, match=message):
        devices.fit("wox", GOOD | changed)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"family": "woxx"}, "family='woxx' is not known; did you mean 'wox'"),
        ({"family": "hp"}, "devices of the type DriftMemristor cannot be fitted"),
        ({"measured": "device_voltage"}, "the table has no such column"),
        ({"measured": "curent"}, "is none of current, .*did you mean 'current'"),
        ({"fixed": {"tua": 1.0}}, "fixed has no constant 'tua'; did you mean 'tau'"),
        ({"fixed": {"tau": -1.0}}, "device.tau=-1.0 s must be"),
        ({"noise": "white"}, "noise='white': expected one of 'trace', 'reading'"),
        ({"level": 1.0}, "level=1.0 must be"),
    ],
)
def test_what_is_wrong_with_an_argument_is_stated(args, message):
    with pytest.raises(ValueError, match=message):
        devices.fit(**{"family": "wox", "data": GOOD} | args)


def test_a_table_without_voltage_is_refused():
    with pytest.raises(ValueError, match=r"no column 'voltage' \(voltage, v, v_in, supply\)"):
        devices.fit("wox", {"t": GOOD["t"], "i": GOOD["i"]})
    with pytest.raises(ValueError, match="there is no file"):
        devices.fit("wox", "nowhere.csv")
    with pytest.raises(TypeError, match="data is list"):
        devices.fit("wox", [1, 2])


def test_a_constant_voltage_leaves_the_exponents_open():
    table = measure(WOX, DT, (held(1.2, 200),), "current", 0.01)
    found = devices.fit("wox", table, hold_out=False)
    assert {"delta", "eta"} <= set(found.undetermined) or {"gamma", "rate"} & set(
        found.undetermined
    )
    assert len(found.undetermined) >= 3


FILE = """format = "mottle device 1"
family = "tiox"
[constants]
keep = 0.97
g_rest = 0.4
alpha = 0.3
k_p = 5e-06
k_n = 1e-06
t_pulse = 5e-06
source = "x"
provisional = ""
"""


def test_a_file_is_data(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(FILE)
    assert devices.load(path) == TIOX._replace(source="x", provisional="")
    for old, new, message in (
        ("keep = 0.97\n", "", "constants.keep is missing"),
        ("keep", "kepe", "constants.kepe is no constant .*did you mean 'keep'"),
        ("0.97", "1.5", "device.keep=1.5 must be"),
        ("0.97", '"__import__"', "device.keep='__import__' must be"),
        ('"tiox"', '"tioxx"', "family='tioxx' is not known; did you mean 'tiox'"),
        ('"tiox"', '"os.system"', "family='os.system' is not known"),
        ("mottle device 1", "else", "format='else'"),
        ("[constants]", "[constant]", "unknown key constant; did you mean 'constants'"),
        ("0.97", "", "is not TOML"),
        ('source = "x"', "source = 3", "constants.source=3 must be text"),
    ):
        path.write_text(FILE.replace(old, new))
        with pytest.raises(ValueError, match=message):
            devices.load(path)
    with pytest.raises(ValueError, match="there is no file"):
        devices.load(tmp_path / "none.toml")


def test_the_name_of_a_file_in_a_reservoir_names_the_way_to_load_it():
    with pytest.raises(ValueError, match=r"read it by devices.load\('own.toml'\)"):
        MemristorReservoir(3, device="own.toml").fit(UP[:, None])
