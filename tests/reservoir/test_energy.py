"""Energies of reservoirs and pipelines against closed forms, and complete reports."""

import numpy as np
import pandas as pd
import pytest
from naive.reservoirs import memristor_states
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    NoReservoir,
    OscillatorReservoir,
    RidgeReadout,
    SpikingReservoir,
    STDPLayer,
    VO2Reservoir,
    devices,
)
from mottle.reservoir.devices import ThresholdSwitch, get
from mottle.reservoir.energy import (
    Figure,
    chip_ratios,
    energy_report,
    energy_summary,
    spike_energy,
)
from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout

ALONE = {"n_nodes": 1, "wiring": "one_to_one", "v_gain": 1.0}
PERIOD = 3042.6470e-9  # s, of the neuristor at 12 V


def drive(n_recordings=3, n_steps=8, n_inputs=2, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n_recordings, n_steps, n_inputs))


def per_cycle(reservoir, n_cycles, skip=10):
    """Return energies and spikes per cycle, with one cycle per step."""
    state = reservoir.start(1, meter=True)
    state, _ = reservoir.advance(state, np.zeros((1, skip, 1)))
    before = state.spent.copy()
    state, _ = reservoir.advance(state, np.zeros((1, n_cycles, 1)))
    return (state.spent - before)[0] / n_cycles


def test_a_neuristor_takes_the_reference_energies_of_a_spike():
    nodes = ALONE | {"v_bias": 12.0, "dt_device": PERIOD, "dt_inner": 1e-9}
    device, resistor, supply, spikes = per_cycle(
        VO2Reservoir(regime="oscillating", **nodes).fit(np.zeros((2, 1))), 10
    )
    assert_allclose([device, resistor, supply], [7397e-12, 16000e-12, 23397e-12], rtol=2e-4)
    assert spikes == 1
    assert_allclose(supply, device + resistor, rtol=1e-5)


@pytest.mark.parametrize("coupled", [False, True])
def test_an_oscillator_takes_the_closed_form_energies_of_a_spike(coupled):
    device = get("vo2_pwl")
    link = {"r_coupling": 1e15} if coupled else {}  # negligible coupling, in the other kernel
    nodes = dict(ALONE, n_nodes=2) | {"v_bias": 5.0, "dt_device": device.period(5.0)}
    reservoir = OscillatorReservoir(regime="oscillating", **nodes, **link).fit(np.zeros((2, 1)))
    film, resistor, supply, spikes = per_cycle(reservoir, 5) / 2
    assert_allclose([film, supply], [1.84255e-10, 6.20022e-10], rtol=1e-5)
    assert spikes == 1
    assert_allclose(supply, film + resistor, rtol=1e-9)


def stored(reservoir, state):
    """Return the energy in J stored in the nodes' capacitors."""
    v = state.values[:, 0]
    return 0.5 * (reservoir.devices_["capacitance"] * v**2).sum(axis=1)


@pytest.mark.filterwarnings("ignore:.*of the nodes do not oscillate")
@pytest.mark.parametrize(
    "reservoir",
    [
        VO2Reservoir(70, regime="oscillating", thermal_coupling=0.02, spread=0.1, random_state=0),
        VO2Reservoir(70, regime="oscillating", spread=0.1, dtype="float32", random_state=0),
        OscillatorReservoir(6, regime="oscillating", spread=0.05, random_state=0),
        OscillatorReservoir(6, regime="oscillating", r_coupling=5e4, spread=0.05, random_state=0),
    ],
    ids=["vo2", "vo2_single", "oscillator", "oscillator_coupled"],
)
def test_the_supplys_energy_is_dissipated_or_stored(reservoir):
    X = drive(n_steps=30)
    state, _ = reservoir.fit(X).advance(reservoir.start(3, meter=True), X)
    device, resistor, supply, _ = state.spent.T
    assert (device > 0).all()
    assert_allclose(supply, device + resistor + stored(reservoir, state), rtol=2e-5)


def test_coupling_resistors_count_among_the_resistors():
    """Two oscillators with different bias at rest: currents and powers follow from Ohm's law."""
    device = ThresholdSwitch(v_high=1e3, v_low=1.0)  # never switches
    nodes = {"device": device, "r_coupling": 2e4, "regime": "excitable", "dt_device": 1e-3}
    reservoir = OscillatorReservoir(2, v_bias=5.0, v_gain=1.0, wiring="one_to_one", **nodes)
    X = np.tile([1.0, -1.0], (1, 2, 1))
    state, _ = reservoir.fit(X).advance(reservoir.start(1, meter=True), X)
    before = state.spent.copy()
    state, _ = reservoir.advance(state, X[:, :1])
    g, g_s, g_c = 1 / device.r_insulating, 1 / device.r_series, 1 / 2e4
    v_in = np.array([6.0, 4.0])
    v = np.linalg.solve([[g + g_s + g_c, -g_c], [-g_c, g + g_s + g_c]], g_s * v_in)
    device_power = g * (v**2).sum()
    resistor_power = g_s * ((v_in - v) ** 2).sum() + g_c * (v[0] - v[1]) ** 2
    power = (state.spent - before)[0] / 1e-3
    assert_allclose(power[:3], [device_power, resistor_power, g_s * (v_in * (v_in - v)).sum()])


def test_reservoir_and_device_library_take_the_same_energy():
    reservoir = VO2Reservoir(regime="oscillating", v_bias=12.0, dt_device=1e-6, **ALONE).fit(
        np.zeros((2, 1))
    )
    spent = reservoir.energy(np.zeros((1, 10, 1))).isel(recording=0)
    run = devices.simulate("vo2_neuristor", 12.0, 1e-6, duration=1e-5)
    for name in ("device", "resistor", "supply"):
        assert_allclose(spent[name], run.attrs[f"energy_{name}"], rtol=1e-9)
    assert int(spent.spikes) == run.spike_time.size


def test_the_energy_of_a_memristor_equals_a_fine_sum_of_power():
    """Steps so long that the state moves far within one, and meets its upper end."""
    device = get("wox_du2017")
    volts = np.array([1.5, 0.3, 1.2, -0.8, 1.6])
    nodes = dict(ALONE, v_bias=0.0, tau=None, dt_device=0.4)
    reservoir = MemristorReservoir(**nodes).fit(volts[:, np.newaxis])
    got = float(reservoir.energy(volts[np.newaxis, :, np.newaxis]).device[0])
    fine = np.repeat(volts, 40_000)
    w = memristor_states(fine, device.rate, device.tau, device.eta, device.w_min, 1e-5, n_fine=1)
    tunnelling = w * device.gamma * np.sinh(device.delta * fine)
    current = tunnelling + (1 - w) * device.alpha * (1 - np.exp(-device.beta * fine))
    assert_allclose(got, (current * fine).sum() * 1e-5, rtol=1e-4)


def test_pulsed_and_silver_devices_take_the_integral_of_their_own_current():
    X = drive(2, 40, 1)
    pulsed = MemristorReservoir(4, device="tiox_zhong2021", observable="current", random_state=0)
    state = MemristorReservoir(4, device="tiox_zhong2021", random_state=0).fit_transform(X)
    current = pulsed.fit_transform(X)
    v = np.cbrt(current / (state * np.where(current > 0, 9.13e-6, 0.32e-6)))
    before = np.concatenate([np.full_like(state[:, :1], 0.5), state[:, :-1]], axis=1)
    expected = (0.5 * (1 + before / state) * current * v * 4e-6).sum(axis=(1, 2))
    assert_allclose(pulsed.energy(X).device, expected, rtol=1e-9)
    silver = MemristorReservoir(4, device="ag_pulse", random_state=0).fit(X).energy(X)
    assert (silver.resistor > 0).all()
    assert_allclose(silver.supply, silver.device + silver.resistor, rtol=1e-12)


def test_a_fast_silver_device_takes_the_power_of_its_two_resistances():
    device = get("ag_fast")._replace(noise_on=0.0, noise_off=0.0)
    nodes = dict(ALONE, device=device, v_bias=0.0, tau=None, dt_device=0.1)
    reservoir = MemristorReservoir(**nodes).fit(np.zeros((2, 1)))
    X = np.array([[[1.2], [0.0]]])
    delay = device.delay * np.exp(-1.2 / device.v_scale)
    expected = 1.2**2 * (delay / device.r_off + (0.1 - delay) / device.r_on)
    assert_allclose(float(reservoir.energy(X).device[0]), expected, rtol=1e-12)


def test_metering_changes_no_state_and_chunks_add_up():
    X = drive()
    reservoir = VO2Reservoir(5, regime="oscillating", temperature_noise=50.0, random_state=0).fit(X)
    plain, metered = reservoir.start(3), reservoir.start(3, meter=True)
    _, expected = reservoir.advance(plain, X)
    whole, out = reservoir.advance(metered, X)
    assert_array_equal(out, expected)
    half, _ = reservoir.advance(metered, X[:, :3])
    half, _ = reservoir.advance(half, X[:, 3:])
    assert_allclose(half.spent, whole.spent, rtol=1e-12)
    assert (metered.spent == 0).all()


def test_the_energy_of_an_absent_recording_is_nan():
    X = drive()
    reservoir = VO2Reservoir(5, regime="oscillating", random_state=0).fit(X)
    lost = X.copy()
    lost[1] = np.nan
    spent, whole = reservoir.energy(lost), reservoir.energy(X)
    assert np.isnan(spent.supply[1])
    assert_array_equal(spent.supply[[0, 2]], whole.supply[[0, 2]])


def test_reservoirs_without_devices_have_no_energy():
    X = drive()
    assert not hasattr(EchoStateReservoir(5).fit(X), "energy")
    with pytest.raises(ValueError, match="EchoStateReservoir has no simulated devices"):
        EchoStateReservoir(5).fit(X).start(1, meter=True)


def test_energy_of_a_spike_is_proportional_to_the_capacitance():
    at_100_pf, at_1_pf = (
        spike_energy("vo2_pwl", 5.0),
        spike_energy("vo2_pwl", 5.0, capacitance=1e-12),
    )
    assert_allclose(at_1_pf[["device", "supply"]], at_100_pf[["device", "supply"]] / 100, rtol=1e-6)
    assert_allclose(at_1_pf.swing, 1.0, rtol=0.01)
    # a picojoule: 0.54 pF for the device alone, 0.16 pF with the resistor
    assert_allclose(
        1e-12 * 1e-10 / at_100_pf[["device", "supply"]], [5.43e-13, 1.61e-13], rtol=5e-3
    )


@pytest.mark.parametrize(
    ("v_in", "name", "expected"),
    [
        (10.5, "vo2_neuristor", (8044, 20837)),
        (14.0, "vo2_neuristor", (7158, 28636)),
        (12.0, "vo2_neuristor_fast", (5745, 15991)),
    ],
)
def test_spikes_of_neuristors_cost_the_reference_energies(v_in, name, expected):
    spent = spike_energy(name, v_in)
    assert_allclose(spent[["device", "supply"]] * 1e12, expected, rtol=1e-3)
    assert_allclose(spent.supply, spent.device + spent.resistor, rtol=1e-5)


def test_spike_energy_needs_an_oscillator():
    with pytest.raises(ValueError, match="'wox_du2017' is not an oscillator"):
        spike_energy("wox_du2017")
    with pytest.raises(ValueError, match=r"capacitance=-1e-12 F must be .* above 0"):
        spike_energy(capacitance=-1e-12)
    with pytest.warns(UserWarning, match="settles"), pytest.raises(ValueError, match="no oscill"):
        spike_energy("vo2_pwl", 1.0)


def labelled(seed=0):
    X = drive(12, 10, 3, seed)
    return X, np.tile([0, 1, 2], 4)


def test_a_report_adds_up_to_the_energy_of_the_supply():
    X, y = labelled()
    model = make_pipeline(
        VO2Reservoir(20, regime="oscillating", pool="mean", random_state=0),
        StandardScaler(),
        RidgeReadout(),
    )
    report = energy_report(model.fit(X, y), X)
    spent = model[0].energy(X)
    electric = report[report.level.isin(["device", "resistor", "capacitor"])]
    assert_allclose(electric["energy"].sum(), spent.supply.mean(), rtol=1e-12)
    assert report.attrs["node_steps"] == 10 * 20
    assert report.attrs["spikes"] == pytest.approx(float(spent.spikes.mean()))
    assert report.attrs["not_counted"] == ["standardscaler"]
    assert (report.assumption.str.len() > 0).all()
    assert (report.source.str.len() > 0).all()
    macs = report[(report.stage == "ridgereadout") & (report.part == "multiply-accumulate")]
    assert macs["count"].item() == model[-1].coef_.size
    summary = energy_summary(report)
    assert summary.per_inference.is_monotonic_increasing
    assert_allclose(summary.per_inference.iloc[-1], report.energy.sum())


def test_spikes_are_counted_and_other_states_are_converted():
    X, _ = labelled()
    for observable, part in (("spikes", "spikes counted"), ("voltage", "states read")):
        model = VO2Reservoir(
            5, regime="oscillating", observable=observable, pool="mean", random_state=0
        ).fit(X)
        report = energy_report(model, X)
        assert part in set(report.part)
    assert report.set_index("part")["count"]["states read"] == 10 * 5


def test_every_branch_of_a_composed_model_is_found():
    X, y = labelled()
    echo, wox = EchoStateReservoir(4, pool="mean"), MemristorReservoir(4, pool="mean")
    union = make_pipeline(make_union(echo, wox), LogisticRegression())
    report = energy_report(union.fit(X, y), X)
    assert [stage.split(".")[-1] for stage in report.stage.unique()] == [
        "echostatereservoir", "memristorreservoir", "logisticregression",
    ]  # fmt: skip
    search = GridSearchCV(
        make_pipeline(wox, RidgeReadout()), {"ridgereadout__alphas": [1.0, 2.0]}, cv=2
    )
    assert "memristorreservoir" in set(energy_report(search.fit(X, y), X).stage)
    flat = np.arange(12.0).reshape(6, 2)
    readout = make_pipeline(ColumnTransformer([("first", StandardScaler(), [0])]), Ridge())
    report = energy_report(readout.fit(flat, flat[:, 1]), flat)
    assert report.attrs["not_counted"] == ["columntransformer.first"]
    assert report.attrs["readout_macs"] == 1
    with pytest.raises(ValueError, match="whose energy can be counted"):
        energy_report(StandardScaler().fit(flat), flat)


def test_models_inside_wrappers_are_counted_once():
    X, y = np.random.default_rng(0).normal(size=(60, 10)), np.tile([0, 1, 2], 20)
    chosen = make_pipeline(SelectFromModel(Ridge(), max_features=4, threshold=-np.inf), Ridge())
    report = energy_report(chosen.fit(X, y), X)
    assert report.attrs["readout_macs"] == 4
    assert report.attrs["not_counted"] == ["selectfrommodel"]
    several = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    assert energy_report(several, X).attrs["readout_macs"] == 30
    bagged = BaggingRegressor(Ridge(), 5, max_features=0.5, random_state=0).fit(X, y)
    assert energy_report(bagged, X).attrs["readout_macs"] == 25
    empty = ColumnTransformer([("none", StandardScaler(), []), ("all", StandardScaler(), [0, 1])])
    assert energy_report(make_pipeline(empty, Ridge()).fit(X, y), X).attrs["readout_macs"] == 2
    with pytest.raises(NotFittedError):
        energy_report(make_pipeline(StandardScaler(), Ridge()), X)


def test_steps_before_the_model_in_a_crossbar_are_counted():
    drive_2d = drive(1, 40, 2)[0]
    front = MemristorReservoir(6, random_state=0)
    model = CrossbarReadout(make_pipeline(front, Ridge()), Crossbar((8, 8)), random_state=0)
    report = energy_report(model.fit(drive_2d, drive_2d[:, 0]), drive_2d)
    assert report.attrs["node_steps"] == 40 * 6
    assert report.attrs["n_recordings"] == 1
    assert report.attrs["readout_macs"] == 40 * 6


def test_events_cost_at_most_a_pulse_at_the_largest_conductance_each():
    dtype = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
    events = np.array([(0, 0, 0, 1), (500, 1, 0, 0), (900, 0, 0, 1)], dtype=dtype)
    model = EventMemristorReservoir(n_steps=2, pool="last").fit([events, events])
    report = energy_report(model, [events, events]).set_index("part")
    assert report["count"]["events"] == 3
    assert_allclose(report["energy"]["events"], 3 * 1e-12 * 1e-6)


def test_spiking_neurons_count_the_synapses_that_their_spikes_reach():
    X = drive(3, 60, 3)
    model = SpikingReservoir(10, regime="firing", density=0.3, pool="mean", random_state=0).fit(X)
    report = energy_report(model, X).set_index("part")
    spikes = SpikingReservoir(10, regime="firing", density=0.3, observable="spikes", random_state=0)
    per_neuron = spikes.fit(X).transform(X).sum(axis=(0, 1)) / len(X)
    targets = (model.weights_.toarray() != 0).sum(axis=0)
    assert report.attrs["spikes"] == pytest.approx(per_neuron.sum())
    assert per_neuron.sum() > 0
    assert report["count"]["jumps of synapses"] == pytest.approx(per_neuron @ targets)


def test_an_stdp_layer_counts_its_synaptic_operations():
    X = np.random.default_rng(0).poisson(0.5, (12, 50, 8))
    model = make_pipeline(STDPLayer(4, random_state=0, verbose=False), RidgeReadout())
    report = energy_report(model.fit(X, np.tile([0, 1, 2], 4)), X)
    rows = report[report.stage == "stdplayer"].set_index("part")
    assert rows["count"]["synapses"] == pytest.approx(4 * X.sum() / 12)
    assert rows["energy"]["synapses"] == pytest.approx(4 * X.sum() / 12 * 2e-14)


def test_a_crossbar_readout_counts_its_circuit_and_its_converters():
    X, y = labelled()
    model = make_pipeline(
        MemristorReservoir(6, pool="mean", random_state=0),
        CrossbarReadout(RidgeReadout(), Crossbar((8, 8)), random_state=0),
    )
    report = energy_report(model.fit(X, y), X)
    rows = report[report.stage == "crossbarreadout"].set_index("part")
    features = model[0].transform(X)
    spent = model[1].energy(features).supply.mean()
    assert_allclose(rows.energy[["cells", "wires and selectors"]].sum(), spent, rtol=1e-12)
    assert rows["count"]["inputs"] == 6
    assert rows["count"]["column currents"] == 6  # three classes, a pair of columns each
    assert report.attrs["readout_macs"] == 6 * 3


def count_rows(n, seed=0):
    return np.random.default_rng(seed).poisson(0.5, (n, 40, 8))


EVENT = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]


def events(n, seed=0):
    rng, out = np.random.default_rng(seed), np.zeros(n, dtype=EVENT)
    out["t"] = np.sort(rng.integers(0, 10**5, n))
    out["x"], out["y"], out["p"] = rng.integers(0, [[4], [4], [2]], (3, n))
    return out


def test_a_single_recording_counts_as_one_whatever_its_length():
    C, E = count_rows(6), [events(300, k) for k in range(4)]
    for X in (C, E):
        layer = STDPLayer(4, random_state=0, verbose=False, on_drop="ignore").fit(X)
        alone, listed = energy_report(layer, X[0]), energy_report(layer, X[:1])
        assert alone.attrs["n_recordings"] == 1
        assert_array_equal(alone.energy, listed.energy)
    steps = make_pipeline(STDPLayer(4, n_segments=None, verbose=False), Ridge())
    assert energy_report(steps.fit(C[0], C[0, :, 0]), C[0]).attrs["n_recordings"] == 1


@pytest.mark.parametrize("as_list", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        VO2Reservoir(10, regime="oscillating", pool="mean", random_state=0),
        SpikingReservoir(10, regime="firing", pool="mean", random_state=0),
        EchoStateReservoir(10, pool="mean", random_state=0),
        STDPLayer(4, random_state=0, verbose=False),
        make_pipeline(
            VO2Reservoir(10, regime="oscillating", pool="mean", random_state=0),
            SimpleImputer(),
            Ridge(),
        ),
        make_pipeline(
            VO2Reservoir(10, regime="oscillating", pool="mean", random_state=0),
            SimpleImputer(),
            CrossbarReadout(Ridge(), Crossbar((16, 8)), random_state=0),
        ),
    ],
)
def test_absent_recordings_are_not_counted(model, as_list):
    X = np.abs(drive(8, 20, 3))
    model.fit(X, np.arange(8.0))
    lost = X.copy()
    lost[4:] = np.nan
    report = energy_report(model, list(lost) if as_list else lost)
    expected = energy_report(model, X[:4])
    pd.testing.assert_frame_equal(report, expected)
    assert report.attrs == expected.attrs
    with pytest.raises(ValueError, match="all 8 recordings of X are absent"):
        energy_report(model, np.full_like(X, np.nan))


def test_absent_event_streams_are_not_counted():
    E = [events(50, k) for k in range(3)]
    model = EventMemristorReservoir(n_steps=4, pool="last", on_drop="ignore").fit(E)
    report, expected = energy_report(model, [E[0], None, E[2]]), energy_report(model, E[::2])
    pd.testing.assert_frame_equal(report, expected)
    assert report.attrs == expected.attrs


def with_absence():
    """Return a reservoir after a step that turns a missing sense into a drive of NaN."""

    def as_drive(column):
        shape = next(cell.shape for cell in column if cell is not None)
        return [np.full(shape, np.nan) if cell is None else cell for cell in column]

    return make_pipeline(FunctionTransformer(as_drive), MemristorReservoir(4, pool="mean"))


def test_a_recording_with_one_present_sense_is_counted():
    touch, joints = list(drive(4, 10, 2)), list(drive(4, 10, 3, seed=1))
    table = pd.DataFrame({"touch": touch, "joints": joints})
    parts = [(name, with_absence(), name) for name in table]
    model = ColumnTransformer(parts).fit(table)
    whole = energy_report(model, table)
    table["joints"] = [*joints[:2], None, None]
    table.loc[3, "touch"] = None
    some = energy_report(model, table)
    assert some.attrs["n_recordings"] == 3
    assert whole.attrs["node_steps"] == 2 * 10 * 4
    assert some.attrs["node_steps"] == pytest.approx((3 + 2) * 10 * 4 / 3)


def test_a_crossbar_readout_lists_omitted_parts_and_counts_its_word_lines():
    X, y = np.random.default_rng(0).normal(size=(60, 10)), np.tile([0.0, 1.0, 2.0], 20)
    scaled = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1.0]}, cv=2)
    tile = Crossbar((8, 8), r_transistor=2e3, v_read=0.1)
    model = CrossbarReadout(scaled, tile, random_state=0).fit(X, y)
    report = energy_report(model, X)
    assert report.attrs["not_counted"] == [
        "standardscaler", "crossbarreadout: writing of its cells (see written_)",
    ]  # fmt: skip
    rows, spent = report.set_index("part"), model.energy(X).mean()
    assert rows["count"]["word lines"] == 10  # eight in the first tile, two in the second
    assert rows["energy_each"]["word lines"] == pytest.approx(1e-12 * 0.1**2)
    assert rows["level"]["word lines"] == "driver"
    assert rows["energy"]["transistors"] == pytest.approx(float(spent.transistor))
    assert rows["energy"]["wires and selectors"] == pytest.approx(float(spent.wire))


def test_a_layer_alone_reports_its_spikes_and_weight_updates():
    C = count_rows(12)
    layer = STDPLayer(4, random_state=0, verbose=False).fit(C)
    report = energy_report(layer, C)
    assert report.attrs["spikes"] == pytest.approx(layer.transform(C).sum() / 12)
    learnt = f"stdplayer: {layer.n_updates_} weight updates in training"
    assert report.attrs["not_counted"][-1] == learnt


def test_figures_can_be_replaced_and_wrong_ones_are_refused():
    X, y = labelled()
    model = make_pipeline(NoReservoir(pool="mean"), RidgeReadout()).fit(X, y)
    dear = energy_report(model, X, figures={"mac": Figure(1e-9, "assumed", "a test")})
    assert dear.set_index("part")["energy_each"]["multiply-accumulate"] == 1e-9
    with pytest.raises(ValueError, match=r"figure='adder' is not known; did you mean 'add'"):
        energy_report(model, X, figures={"adder": Figure(1.0, "", "")})
    with pytest.raises(ValueError, match="positive"):
        energy_report(model, X, figures={"mac": Figure(-1.0, "", "")})
    with pytest.raises(ValueError, match="finite"):
        energy_report(model, X, figures={"mac": Figure(np.inf, "", "")})
    with pytest.raises(ValueError, match=r"figures\['mac'\]=3"):
        energy_report(model, X, figures={"mac": 3})


def test_chips_are_compared_operation_by_operation_and_loihi_2_is_not():
    X, y = labelled()
    model = make_pipeline(MemristorReservoir(4, pool="mean", random_state=0), RidgeReadout())
    report = energy_report(model.fit(X, y), X)
    ratios = chip_ratios(report)
    per_operation = report.energy.sum() / model[-1].coef_.size
    assert_allclose(ratios.ratio["Loihi"], 23.6e-12 / per_operation)
    assert np.isnan(ratios.ratio["Loihi 2"])
    with pytest.raises(ValueError, match="no linear readout"):
        chip_ratios(energy_report(model[0], X))


def test_a_film_scaled_in_both_capacities_scales_time_and_energy():
    """A picojoule per spike would need a film and a capacitor 1.4e-4 of the published ones."""
    device, ratio = get("vo2_neuristor"), 1e-3
    small = device._replace(capacitance=ratio * device.capacitance, c_th=ratio * device.c_th)
    whole, part = spike_energy(device, 12.0), spike_energy(small, 12.0)
    names = ["device", "resistor", "supply", "period"]
    assert_allclose(part[names], ratio * whole[names], rtol=1e-3)
