"""STDP and consolidation against closed forms, plain loops and the properties of all reservoirs."""

import pickle
import re
import subprocess
import sys
from itertools import product

import numba
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from naive import plasticity as naive
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import RidgeReadout, VO2Reservoir, devices
from mottle.reservoir.nonvolatile import age
from mottle.reservoir.nonvolatile.devices.memdiode import kernel as memdiode
from mottle.reservoir.nonvolatile.devices.pulsed import kernel as pulse_response
from mottle.reservoir.plasticity import (
    Consolidation,
    OverlapRule,
    PairRule,
    STDPLayer,
    TripletRule,
    kernel,
    stdp_curve,
    stdp_layer,
)
from mottle.reservoir.plasticity.consolidation import area_above
from mottle.reservoir.plasticity.synapse import as_synapse, driven_synapse

DTYPE = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time: shuffling them is another recording",
    "check_methods_subset_invariance": "rows are time: a batch of rows starts from rest",
}


@parametrize_with_checks(
    [STDPLayer(3, n_segments=None)], expected_failed_checks=lambda _: ROWS_ARE_TIME
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def patterns(n=24, n_steps=40, seed=0):
    """Spike counts of two patterns, on inputs 0 to 4 and 5 to 9, in turn."""
    rng = np.random.default_rng(seed)
    rates = np.where(np.arange(10) < 5, 0.3, 0.02)
    rates = np.stack([rates, rates[::-1]])[np.arange(n) % 2]
    return rng.poisson(rates[:, np.newaxis], (n, n_steps, 10)).astype(float), np.arange(n) % 2


def draw_events(n=6, n_events=120, seed=0):
    rng = np.random.default_rng(seed)
    recordings = []
    for _ in range(n):
        events = np.zeros(n_events, dtype=DTYPE)
        events["t"] = 500 + np.sort(rng.integers(0, 99_000, n_events))
        events["t"][0] = 500
        events["x"], events["y"] = rng.integers(0, 5, n_events), rng.integers(0, 4, n_events)
        events["p"] = rng.integers(0, 2, n_events)
        recordings.append(events)
    return recordings


SIZE = {"sensor_size": (5, 4), "duration": 0.1}


# the rules


REFERENCE = {2: 11.2632, 5: 6.4669, 10: 2.8176, 30: 0.19035, 40: 0.057824, 60: 0.0051614}


def test_overlapping_pulses_give_the_reference_curve():
    ages = np.array(list(REFERENCE)) * 1e-3
    got = stdp_curve(delta_t=ages)
    assert_allclose(got, list(REFERENCE.values()), rtol=3e-5)
    assert_array_equal(stdp_curve(delta_t=-ages), -got)
    assert_array_equal(stdp_curve(delta_t=[-0.2, -0.105, 0.0, 0.105, 0.2]), np.zeros(5))
    assert got.attrs["units"] == "s"
    assert got.delta_t.attrs["units"] == "s"


def test_the_curve_decays_faster_than_the_tail_of_the_pulse():
    ages = np.arange(6, 31) * 1e-3
    log_change = np.log(stdp_curve(delta_t=ages))
    slope, _ = np.polyfit(ages, log_change, 1)
    assert -1 / slope == pytest.approx(7.23e-3, abs=5e-6)
    assert np.corrcoef(ages, log_change)[0, 1] ** 2 == pytest.approx(0.998, abs=5e-4)


@pytest.mark.parametrize("age", [0.7e-3, 2e-3, 60e-3, -10e-3])
def test_smooth_pulses_give_the_integral_of_the_equation(age):
    got = stdp_curve(OverlapRule(t_step=0.0), delta_t=[age])
    assert_allclose(got, naive.overlap(age), rtol=1e-4)


def test_a_finer_generator_comes_closer_to_smooth_pulses():
    smooth, fine, coarse = (
        float(stdp_curve(OverlapRule(t_step=step), delta_t=[5e-3])[0]) for step in (0, 1e-6, 1e-5)
    )
    assert 0 < smooth - fine < (smooth - coarse) / 5


@pytest.mark.kernel
def test_a_synapse_in_a_layer_follows_the_curve():
    ready = as_synapse(OverlapRule(), None, "hard", 0.05, 0.0)
    curve = stdp_curve(delta_t=[-30e-3, -3.3e-3, 1e-3, 12e-3])
    largest = stdp_curve(delta_t=np.arange(1, 500) * 1e-5).max()
    for late, expected in zip(curve.delta_t.values, curve.values, strict=True):
        times, from_pre = np.array([0.0, abs(late)]), np.array([late > 0, late < 0])
        got = kernel.follow(times, from_pre, 0.5, ready.rule, ready.synapse) - 0.5
        assert_allclose(got, 0.05 * expected / largest, rtol=0.01)


def test_pairs_follow_two_exponentials_and_soft_bounds_shrink_them():
    ages = np.array([-25e-3, -1e-3, 1e-3, 25e-3])
    rule = PairRule(a_plus=0.01, a_minus=0.02, tau_plus=10e-3, tau_minus=30e-3)
    expected = [-0.02 * np.exp(-25 / 30), -0.02 * np.exp(-1 / 30), 0.01 * np.exp(-0.1),
                0.01 * np.exp(-2.5)]  # fmt: skip
    assert_allclose(stdp_curve(rule, delta_t=ages), expected, rtol=1e-6)
    soft = stdp_curve(rule, delta_t=ages, weight=0.25, learning_rate=0.01, bounds="soft")
    assert_allclose(soft, expected * np.array([0.25, 0.25, 0.75, 0.75]), rtol=1e-6)
    assert_array_equal(stdp_curve(rule, delta_t=ages, weight=0.0, bounds="hard")[:2], [0, 0])


@pytest.mark.kernel
@pytest.mark.parametrize("seed", range(4))
def test_triplets_equal_the_sum_over_all_spikes(seed):
    rng = np.random.default_rng(seed)
    pre, post = (np.sort(rng.choice(300, n, replace=False)) * 1e-3 for n in (25, 20))
    ready = as_synapse(TripletRule(), None, "hard", 1e-6, 0.0)
    times = np.concatenate([pre, post])
    order = np.argsort(times, kind="stable")
    from_pre = np.repeat([True, False], [pre.size, post.size])[order]
    got = kernel.follow(times[order], from_pre, 0.5, ready.rule, ready.synapse) - 0.5
    largest = TripletRule().a2_plus + TripletRule().a3_plus
    assert np.intersect1d(pre, post).size > 0
    assert_allclose(got * largest / 1e-6, naive.triplets(pre, post, TripletRule()), rtol=1e-6)


def test_small_changes_of_a_rule_are_not_rounded_off():
    rule, ages = TripletRule(), np.array([1e-3, 5e-3, 10e-3, 50e-3])
    got = stdp_curve("triplet", delta_t=ages)
    assert_allclose(got, rule.a2_plus * np.exp(-ages / rule.tau_plus), rtol=1e-12)
    alone = stdp_curve(delta_t=[2e-3, -5e-3])
    pairs = stdp_curve(delta_t=[2e-3, -5e-3], n_pairs=3)
    assert_allclose(pairs, 3 * alone, rtol=1e-3)  # tabled
    assert pairs.attrs["units"] == alone.attrs["units"] == "s"


def test_depression_by_triplets_becomes_potentiation_at_higher_rates():
    slow, fast = (
        stdp_curve("triplet", delta_t=[-10e-3], n_pairs=60, frequency=hz).item()
        for hz in (1.0, 50.0)
    )
    assert slow < 0 < fast
    pairs = stdp_curve("pair", delta_t=[10e-3], n_pairs=2, frequency=0.1).item()
    assert_allclose(pairs, 2 * 0.005 * np.exp(-0.5), rtol=1e-5)


# the devices

keys_wrap = pytest.mark.filterwarnings("ignore:overflow encountered")  # without compilation


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["neurosim_nl", "reram_sb", "ecram", "reram_om"])
@pytest.mark.parametrize("side", [1, -1])
def test_a_pulse_of_nominal_strength_is_a_pulse_of_the_device(name, side):
    device = devices.get(name)._replace(noise=0.0, write_noise=0.0)
    ready = as_synapse(PairRule(), device, "hard", 0.05, 0.0).synapse
    span = device.w_max - device.w_min
    nominal = device.step[0 if side > 0 else 1] / span
    strokes = int(np.ceil(nominal / kernel.LONGEST_STROKE))
    start = (device.w_0 + 0.2 * span - device.w_min) / span
    got = kernel.stroke(start, side * nominal, 1.0, ready, np.uint64(0))
    change = pulse_response.mean_step(device.w_0 + 0.2 * span, side > 0, ready.pulse)
    assert_allclose(got - start, change / span, rtol=1e-9 if strokes == 1 else 0.03)


@pytest.mark.kernel
@keys_wrap
def test_a_graded_pulse_has_the_noise_of_as_many_single_pulses():
    device = devices.get("gokmen_vlasov")._replace(noise=2.0)
    ready = as_synapse(PairRule(), device, "hard", 0.05, 0.0).synapse
    total = 16 * device.step[0] / 2
    moved = [kernel.stroke(0.5, total, 1.0, ready, np.uint64(k)) - 0.5 for k in range(2000)]
    assert np.mean(moved) == pytest.approx(total, rel=0.05)
    assert np.std(moved) == pytest.approx(2.0 * device.step[0] / 2 * 4, rel=0.06)


@pytest.mark.kernel
@keys_wrap
def test_a_weight_never_leaves_the_range_of_its_device():
    device = devices.get("reram_hfo2")
    ready = as_synapse(PairRule(), device, "hard", 0.05, 0.0).synapse
    weights = [kernel.stroke(0.5, w, 3.0, ready, np.uint64(9)) for w in (-1.0, -0.3, 0.3, 1.0)]
    assert min(weights) >= 0
    assert max(weights) <= 1
    assert np.all(np.diff(weights) > 0)


@pytest.mark.parametrize("name", ["ftj_hzo", "memdiode_hfo2", "wox_du2017"])
def test_pulses_change_a_voltage_driven_device_in_both_directions(name):
    curve = stdp_curve(device=name, delta_t=[-5e-3, -2e-3, 2e-3, 5e-3])
    low, lower, upper, up = curve.values
    assert lower < low < 0 < up < upper < 0.06
    assert 0.1 < curve.attrs["amplitude"] < 5


def test_the_table_equals_the_response_of_the_simulated_device():
    curve = stdp_curve(device="ftj_hzo", delta_t=[4e-3])
    dt = 4e-6
    t = np.arange(-0.01, 0.11, dt) + dt / 2
    rise = np.where((t > -5e-3) & (t < 0), np.exp(t / 5e-3) - np.exp(-1), 0) / (1 - np.exp(-1))
    tail = np.where((t >= 0) & (t < 0.1), np.exp(-t / 20e-3) - np.exp(-5), 0) / (1 - np.exp(-5))
    spike = curve.attrs["amplitude"] * (rise - tail / 2)
    start = devices.get("ftj_hzo")._replace(p_0=0.5)
    run = devices.simulate(start, spike - np.roll(spike, -1000), dt)
    assert_allclose(curve, run.state[-1:] - 0.5, rtol=0.03)


@pytest.mark.kernel
def test_a_memdiode_has_the_same_states_without_its_current():
    wave = 1.2 * np.sin(np.linspace(0, 9, 50))
    device = devices.get("memdiode_hfo2")
    states, _ = memdiode.memdiode(wave, 1e-3, 0.3, *device[:-2])
    assert memdiode.follow_memdiode(wave, 1e-3, 0.3, *device[:4]) == states[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "overlay"}, "rule='overlay' is not known; did you mean 'overlap'"),
        ({"rule": OverlapRule(height=1.2)}, "a single pulse reaches 1.2, above .* rule.v_th=1.0"),
        ({"rule": OverlapRule(depth=1.1)}, "single pulse reaches 1.1, .* Lower rule.depth"),
        ({"rule": OverlapRule(v_th=1.6)}, "two pulses together reach 1.5, .* Lower rule.v_th"),
        ({"rule": OverlapRule(tau_tail=-1.0)}, "rule.tau_tail=-1.0 must be .* above 0"),
        ({"rule": PairRule(tau_plus=np.nan)}, "rule.tau_plus=nan must be a finite number"),
        ({"device": "hp"}, "DriftMemristor cannot be a synapse"),
        ({"device": "stm_event"}, "EventMemristor cannot be a synapse"),
        ({"device": "vo2_neuristor"}, "VO2Neuristor cannot be a synapse"),
        ({"device": "ag_pulse"}, "AgMemristor cannot be a synapse"),
        ({"device": "reram_s"}, "device='reram_s' is not known; did you mean 'reram_"),
        ({"rule": "pair", "device": "ftj_hzo"}, "driven by voltages, which PairRule does not give"),
        ({"device": "yakopcic_miao"}, "a single spike of 2.[23]. V changes this device by 0.0"),
        ({"weight": 1.5}, "weight=1.5 must be .* at most 1: it is a fraction"),
        ({"delta_t": [np.nan]}, "expected a sequence of finite times"),
        ({"n_pairs": 0}, "n_pairs=0 must be a whole number, at least 1"),
        ({"n_pairs": 2.5}, "n_pairs=2.5 must be a whole number, at least 1"),
        (
            {"learning_rate": -1.0, "weight": 0.5},
            r"learning_rate=-1.0 must be .* above 0 and at most 1",
        ),
        ({"rule": OverlapRule(t_step=1.0)}, "rule.t_step=1.0 s is too coarse .* at most 0.0005 s"),
        ({"rule": OverlapRule(t_step=4e-3)}, "rule.t_step=0.004 s is too coarse"),
        ({"rule": OverlapRule(v_0=1e-3)}, "rule.v_0=0.001 is too small .* Use at least 0.005"),
        ({"frequency": -1.0}, "frequency=-1.0 Hz must be .* above 0"),
        ({"bounds": "soft_", "weight": 0.5}, "bounds='soft_' is not known"),
    ],
)
def test_impossible_rules_and_devices_are_refused_with_the_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        stdp_curve(**arguments)


# the layer


@pytest.mark.kernel
@pytest.mark.parametrize("inhibition", [1.0, 0.4])
def test_learning_equals_plain_loops_over_every_pair_of_spikes(inhibition):
    X, _ = patterns(4, 25)
    X = np.minimum(X, 1.0)
    options = {"rate": 0.1, "forget": 0.1, "tau": 0.01, "inhibition": inhibition,
               "homeostasis": 0.05, "target": 2.0}  # fmt: skip
    layer = STDPLayer(
        3, rule="pair", learning_rate=0.1, forgetting=0.1, tau=0.01, inhibition=inhibition,
        homeostasis=0.05, target=2.0, n_epochs=0, n_segments=2, random_state=1,
    ).fit(X)  # fmt: skip
    weights, thresholds = layer.weights_.copy(), layer.thresholds_.copy()
    spikes = [np.argwhere(x) * [1e-3, 1] for x in X]
    spikes_ = layer._all(list(X))
    constants = kernel.Layer(0.01, inhibition, 0.05, 2.0)
    kernel.learn(
        spikes_._replace(delay=0.0), np.arange(4), layer._fields(), constants, layer._rule,
        layer._synapse, layer._weights, layer.thresholds_, 0,
    )  # fmt: skip
    expected = naive.learn(spikes, weights, thresholds, PairRule(), **options)
    assert np.abs(expected[0] - weights).max() > 0.05
    assert_allclose(layer.weights_, expected[0], rtol=1e-6)
    assert_allclose(layer.thresholds_, expected[1], rtol=1e-12)


@pytest.mark.kernel
def test_graded_spike_counts_equal_plain_loops():
    X, _ = patterns(3, 30)
    X = np.minimum(X, 1.0)
    layer = STDPLayer(4, n_segments=3, n_spikes=5.0, tau=0.02, random_state=0).fit(X)
    got = layer.transform(X).reshape(3, 3, 4)
    for counts, x in zip(got, X, strict=True):
        spikes = np.argwhere(x) * [1e-3, 1]
        expected = naive.respond(
            spikes, layer.weights_, layer.response_thresholds_, 0.02, [0.0099, 0.0199, 1.0]
        )
        assert_array_equal(counts, expected)
    assert 2 < got.sum(axis=1).mean() < 10


def test_neurons_specialise_and_separate_patterns_without_labels():
    X, y = patterns(200)
    layer = STDPLayer(6, target=4.0, random_state=0).fit(X[:150])
    first, second = layer.weights_[:5].mean(axis=0), layer.weights_[5:].mean(axis=0)
    sides = np.maximum(first, second) / np.minimum(first, second)
    assert (sides > 1.5).all()
    assert 0 < (first > second).sum() < 6
    readout = RidgeReadout().fit(layer.transform(X[:150]), y[:150])
    assert readout.score(layer.transform(X[150:]), y[150:]) == 1.0


def test_every_neuron_settles_near_its_target():
    X, _ = patterns(300)
    layer = STDPLayer(5, target=3.0, homeostasis=0.02, n_epochs=0, random_state=0).fit(X)
    before = layer.thresholds_.copy()
    growth = np.log(
        layer.partial_fit(X).thresholds_ / before
    )  # log 1.02 per spike, minus 0.06 per recording
    spikes = (growth / 300 + 0.02 * 3.0) / np.log(1.02)
    assert_allclose(spikes, 3.0, rtol=0.25)


LAYERS = {
    "overlap": STDPLayer(6, random_state=0, **SIZE),
    "triplet": STDPLayer(6, rule="triplet", cell=2, polarity="sum", random_state=0, **SIZE),
    "fields": STDPLayer(8, field=2, n_fields=4, random_state=0, **SIZE),
    "winners": STDPLayer(6, response="winners", inhibition=0.5, random_state=0, **SIZE),
    "noisy": STDPLayer(6, device="reram_es", random_state=0, **SIZE),
    "volatile": STDPLayer(6, device="wox_du2017", random_state=0, **SIZE),
}
every = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)


@every
def test_recordings_do_not_mix_whatever_order_batch_or_thread(layer, monkeypatch):
    X = draw_events()
    layer = clone(layer).set_params(n_segments=2).fit(X)
    whole = layer.transform(X)
    assert whole.sum() > 0
    assert_array_equal(layer.transform(X[::-1])[::-1], whole)
    assert_array_equal(layer.transform(X[2]), whole[2:3])
    numba.set_num_threads(1)
    try:
        assert layer.transform(X).tobytes() == whole.tobytes()
        alone = clone(layer).fit(X)
    finally:
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    assert alone.weights_.tobytes() == layer.weights_.tobytes()
    monkeypatch.setattr(STDPLayer._blocks, "__defaults__", (1,))  # one recording per block
    assert_array_equal(layer.transform(X), whole)
    assert_array_equal(pickle.loads(pickle.dumps(layer)).transform(pd.Series(X)), whole)
    assert_array_equal(clone(layer).fit_transform(pd.DataFrame({"sight": X})), whole)
    other = clone(layer).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.weights_, layer.weights_)


@every
def test_learning_in_parts_gives_the_same_bytes_as_at_once(layer):
    X = draw_events()
    once = clone(layer).set_params(n_epochs=0).fit(X)
    before, parts = once.weights_.copy(), pickle.loads(pickle.dumps(once))
    once.partial_fit(X)
    parts.partial_fit(X[:2]).partial_fit(X[2:])
    assert parts.weights_.tobytes() == once.weights_.tobytes()
    assert_array_equal(parts.thresholds_, once.thresholds_)
    assert not np.array_equal(once.weights_, before)
    assert once.n_updates_ == parts.n_updates_ > 0


@every
def test_transform_does_not_change_the_layer(layer):
    X = draw_events()
    layer = clone(layer).fit(X)
    before = pickle.dumps(layer)
    layer.transform(X)
    layer.count_operations(X)
    assert pickle.dumps(layer) == before


def test_counts_of_early_segments_do_not_depend_on_later_spikes():
    X = draw_events(1)[0]
    layer = STDPLayer(6, n_segments=4, random_state=0, **SIZE).fit([X])
    early = X[X["t"] < 50_500]
    assert_array_equal(layer.transform(early)[:, :12], layer.transform(X)[:, :12])
    assert layer.transform(X)[:, 12:].sum() > layer.transform(early)[:, 12:].sum()


@pytest.mark.parametrize("X", [draw_events(), patterns()[0]], ids=["events", "counts"])
def test_segments_add_up_to_the_whole(X):
    options = SIZE if isinstance(X, list) else {}
    one = STDPLayer(5, random_state=0, **options).fit(X)
    three = STDPLayer(5, n_segments=3, random_state=0, **options).fit(X)
    assert_array_equal(three.transform(X).reshape(-1, 3, 5).sum(axis=1), one.transform(X))
    assert three.get_feature_names_out()[5] == "stdplayer_1_0"


def test_without_segments_spikes_of_every_step_are_returned():
    X, _ = patterns(6)
    layer = STDPLayer(5, n_segments=None, random_state=0).fit(X)
    steps = layer.transform(X)
    assert steps.shape == (6, 40, 5)
    assert_array_equal(steps.sum(axis=1), STDPLayer(5, random_state=0).fit(X).transform(X))
    ragged = layer.transform([x[: 10 + k] for k, x in enumerate(X)])
    assert_array_equal(ragged[3], steps[3, :13])
    assert_array_equal(layer.transform(X[2]), steps[2])


def test_absent_recordings_give_nan_and_leave_the_others_alone():
    X = draw_events()
    layer = STDPLayer(4, random_state=0, **SIZE).fit(X)
    masked = layer.transform([X[0], None, X[2]])
    assert np.isnan(masked[1]).all()
    assert_array_equal(masked[::2], layer.transform([X[0], X[2]]))
    counts = patterns(3)[0]
    layer = STDPLayer(4, random_state=0).fit(counts)
    counts[1] = np.nan
    assert np.isnan(layer.transform(counts)).any(axis=1).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="recording 1 is absent"):
        layer.fit(counts)


def test_dropped_events_are_counted():
    X = draw_events()
    X[1]["x"][:3] = 7
    layer = STDPLayer(4, random_state=0, **SIZE)
    with pytest.warns(UserWarning, match="3 of 720 events were dropped: 3 outside the sensor"):
        layer.fit(X)
    with pytest.raises(ValueError, match=r"most, 3 of .*, in recording 1"):
        layer.set_params(on_drop="raise").transform(X)


def test_receptive_fields_bound_the_weights_and_are_drawn():
    X = draw_events()
    layer = STDPLayer(8, field=2, n_fields=4, random_state=0, **SIZE).fit(X)
    for neuron, field in enumerate(layer.field_of_):
        outside = np.setdiff1d(np.arange(40), layer.fields_[field])
        assert layer.fields_[field].size == 8
        assert not layer.weights_[outside, neuron].any()
        assert layer.weights_[layer.fields_[field], neuron].all()
    figure = layer.plot_receptive_fields([0, 7])
    tile = figure.axes[1].get_images()[0].get_array()
    assert tile.shape == (4, 5)
    assert tile.mask.sum() == 16 if hasattr(tile, "mask") else np.isnan(tile).sum() == 16


def test_operations_are_those_of_plain_loops():
    X = draw_events()
    layer = STDPLayer(9, field=2, n_fields=4, random_state=0, **SIZE).fit(X)
    counts = layer.count_operations(X)
    by_hand = 0
    for events in X:
        for event in events:
            place = (event["y"] * 5 + event["x"]) * 2 + event["p"]
            by_hand += sum(place in layer.fields_[g] for g in layer.field_of_)
    assert counts["synaptic_operations"] == by_hand
    assert counts["input_spikes"] == 720
    assert counts["output_spikes"] == layer.transform(X).sum()
    assert counts["weight_updates"] == layer.n_updates_


def test_stuck_devices_keep_their_initial_weight():
    X = draw_events()
    stuck = devices.get("reram_sb")._replace(stuck=0.3, write_noise=0.0)
    layer = STDPLayer(20, device=stuck, random_state=0, n_epochs=0, **SIZE).fit(X)
    before = layer.weights_.copy()
    kept = layer.partial_fit(X).weights_ == before
    assert 0.2 < kept.mean() < 0.4


def test_weights_of_a_volatile_layer_decay():
    X, _ = patterns(20)
    silence = np.zeros((1, 500, 10))
    layer = STDPLayer(4, device="wox_du2017", random_state=0).fit(X)
    assert np.ptp(layer.weights_) > 0.1
    layer.partial_fit(silence)
    assert_allclose(layer.weights_, 0.1, atol=1e-4)


def test_a_memdiode_decays_as_in_crossbars():
    device = devices.get("memdiode_hfo2")
    tau, rest = driven_synapse(device).fading(device)
    x = np.array([0.2, 0.9])
    g = memdiode.memdiode_conductance(x, 0.2, tuple(device[:-2]))
    later = rest + (x - rest) * np.exp(-60.0 / tau)
    aged = age(device, g, 60.0).conductance[0]
    assert_allclose(memdiode.memdiode_conductance(later, 0.2, tuple(device[:-2])), aged, rtol=1e-4)
    X, _ = patterns(20)
    layer = STDPLayer(4, device="memdiode_hfo2", dt=1e-3, random_state=0).fit(X)
    before = layer.weights_.copy()
    layer.partial_fit(np.zeros((1, 60_000, 10)))  # a minute of silence
    expected = rest + (before - rest) * np.exp(-60.0 / tau)
    assert_allclose(layer.weights_, expected, rtol=1e-9)
    assert 0.5 < layer.weights_.sum() / before.sum() < 0.7


def test_reservoir_spikes_feed_a_layer_and_a_readout_in_one_pipeline():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    X = rng.normal(0, 0.2, (40, 20, 2)) + np.where(y, 1.0, -1.0)[:, np.newaxis, np.newaxis]
    X[:, :, 1] *= -1
    reservoir = VO2Reservoir(
        16, regime="oscillating", observable="spikes", v_gain=1.2, random_state=0
    )
    layer = STDPLayer(8, dt=1e-6, tau=5e-6, rule=PairRule(tau_plus=3e-6, tau_minus=3e-6),
                      random_state=0)  # fmt: skip
    model = make_pipeline(reservoir, layer, RidgeReadout()).fit(X[:30], y[:30])
    assert model.score(X[30:], y[30:]) >= 0.9
    assert model[:-1].transform(X).sum() > 100


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (-patterns()[0], {}, "Negative values in data passed to STDPLayer: recording 0 holds -"),
        (draw_events(), {"n_segments": None}, "events have no steps"),
        (patterns()[0], {"n_neurons": 0}, "n_neurons=0 must be a whole number, at least 1"),
        (patterns()[0], {"learning_rate": 2.0}, r"learning_rate=2.0 must be .* at most 1"),
        (patterns()[0], {"tau": -1.0}, "tau=-1.0 s must be .* above 0"),
        (patterns()[0], {"tau": "x"}, "tau='x' must be a finite number of s"),
        (patterns()[0], {"n_spikes": True}, "n_spikes=True must be a finite number of spikes"),
        (patterns()[0], {"field": 0}, "field=0 must be a whole number, at least 1"),
        (patterns()[0], {"field": True}, "field=True must be a whole number"),
        (patterns()[0], {"field": -1}, "field=-1 must be a whole number"),
        (patterns()[0], {"field": 2.7}, "field=2.7 must be a whole number"),
        (patterns()[0], {"inhibition": 1.5}, r"inhibition=1.5 must be .* at most 1"),
        (patterns()[0], {"target": 0.0}, "target=0.0 spikes must be .* above 0"),
        (
            patterns()[0],
            {"target": 12.0},
            "each of the 4 neurons .* has 40 steps. Lower target to 5",
        ),
        (
            patterns()[0],
            {"n_spikes": 41.0},
            "n_spikes=41.0 of each neuron: .* has 40 steps. Lower n_",
        ),
        (patterns()[0], {"n_fields": 2}, "n_fields=2 needs field"),
        (patterns()[0], {"field": 2}, r"input_shape=\(height, width, channels\) with product 10"),
        (
            patterns()[0],
            {"input_shape": (5, 5, 2)},
            r"input_shape=\(5, 5, 2\) must be .* product 10",
        ),
        (patterns()[0], {"input_shape": 10}, "input_shape=10 must be"),
        (patterns()[0], {"response": "grade"}, "response='grade' is not known; did you mean 'gr"),
        ([np.zeros(0, DTYPE)], {}, "recording 0 of the input is an empty"),
        ([None, *draw_events(1)], {}, "recording 0 .*is absent"),
        (draw_events(), {"cell": 0}, "cell=0 must be"),
    ],
)
def test_bad_input_is_refused_with_its_place(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        STDPLayer(**{"n_neurons": 4, **parameters}).fit(X)


def test_no_recordings_are_refused_as_such():
    with pytest.raises(ValueError, match="X is a list that holds no recording"):
        STDPLayer(4).fit(draw_events()).transform([])


@every
def test_further_training_does_not_change_arrays_returned_before(layer):
    X = draw_events()
    layer = clone(layer).fit(X)
    weights, thresholds = layer.weights_, layer.thresholds_
    kept = weights.copy(), thresholds.copy()
    layer.partial_fit(X)
    assert_array_equal(weights, kept[0])
    assert_array_equal(thresholds, kept[1])
    assert not np.array_equal(layer.weights_, weights)


CHANGES = {"learning_rate": 0.02}, {"forgetting": 0.5}, {"target": 0.7}, {"n_spikes": 5.0}


@pytest.mark.parametrize(
    ("device", "changed"), [*product([None, "reram_es"], CHANGES), ("ftj_hzo", CHANGES[0])]
)
def test_what_is_set_between_calls_holds_from_the_next_one_on(device, changed):
    X, _ = patterns(60)
    layer = STDPLayer(4, device=device, response="winners", n_epochs=0, random_state=0)
    if "n_spikes" in changed:
        layer.set_params(response="graded")
    later = clone(layer).fit(X).set_params(**changed).partial_fit(X)
    before = clone(layer).fit(X)
    if "target" in changed:  # the first thresholds are set for it too
        assert later.thresholds_.mean() > 1.02 * before.partial_fit(X).thresholds_.mean()
        return
    always = clone(layer).set_params(**changed).fit(X).partial_fit(X)
    assert later.weights_.tobytes() == always.weights_.tobytes()
    assert_array_equal(later.response_thresholds_, always.response_thresholds_)
    assert later.amplitude_ == always.amplitude_
    before.partial_fit(X)
    assert not np.array_equal(later.response_thresholds_, before.response_thresholds_)


@pytest.mark.parametrize(
    "changed",
    [
        {"rule": "pair"}, {"device": "ecram"}, {"bounds": "hard"}, {"n_neurons": 20},
        {"field": 2}, {"input_shape": (5, 2, 1)},
    ],
)  # fmt: skip
def test_what_weights_were_drawn_with_cannot_be_set_between_calls(changed):
    X, _ = patterns(20)
    fitted = STDPLayer(4, random_state=0).fit(X)
    old = dict(fitted.__getstate__())
    del old["_fitted_with"]  # as saved by earlier versions
    restored = STDPLayer.__new__(STDPLayer)
    restored.__setstate__(old)
    (name, value) = next(iter(changed.items()))
    for layer in (fitted, restored):
        expected = layer.transform(X)
        layer.set_params(**changed)
        message = re.escape(f"{name}={value!r} was set after fit; call fit again.")
        with pytest.raises(ValueError, match=message):
            layer.partial_fit(X)
        if name == "n_neurons":
            with pytest.raises(ValueError, match=message):
                layer.transform(X)
        layer.set_params(**{name: getattr(STDPLayer(4), name)})
        assert_array_equal(layer.transform(X), expected)
        layer.partial_fit(X)
        layer.set_params(rule="pair").fit(X)


def test_training_needs_spikes():
    silence = np.zeros((5, 40, 8))
    for train in (STDPLayer(4).fit, STDPLayer(4).partial_fit):
        with pytest.raises(ValueError, match="X holds no spike in 5 recordings of 8 inputs"):
            train(silence)


def test_events_and_counts_are_not_mixed_up():
    with pytest.raises(ValueError, match="fitted on event streams, X holds spike counts"):
        STDPLayer(4).fit(draw_events()).transform(np.zeros((3, 40)))
    with pytest.raises(ValueError, match="fitted on spike counts, X holds event streams"):
        STDPLayer(4).fit(np.ones((3, 40))).partial_fit(draw_events())


# consolidation


@pytest.mark.parametrize("volatile", ["stm_event", "wox_du2017"])
@pytest.mark.parametrize("nonvolatile", [None, "reram_sb", "ecram"])
def test_ten_pulses_are_kept_at_20_hz_and_lost_at_1_hz(volatile, nonvolatile):
    pair = Consolidation(volatile=volatile, nonvolatile=nonvolatile)
    left = pair.forgetting((1, 10, 30), (1.0, 20.0), [0.0, 60.0])
    assert left.long.sel(frequency=1.0).max() == 0
    one, ten, thirty = left.long.sel(frequency=20.0).isel(delay=-1).values
    assert one == 0
    assert thirty > ten > 0.02
    assert_allclose(left.short.isel(delay=-1), 0, atol=1e-12)
    assert_array_equal(left.weight, left.short + left.long)


def test_retention_grows_with_repetition_and_rate():
    left = Consolidation().forgetting(range(2, 12), (16.0, 20.0, 25.0, 40.0), [10.0])
    kept = left.long.isel(delay=0).values
    assert (np.diff(kept, axis=1) > 0).all()
    assert (np.diff(kept, axis=0) > 0).all()


def test_the_pair_follows_its_equations():
    pair, times = Consolidation(threshold=0.2), np.array([0.01, 0.05, 0.3])
    got = pair.follow([0.0, 0.02], times)

    def slope(_, y):
        return [-y[0] / 0.05, 100 * max(y[0] - 0.2, 0) * (1 - y[1])]

    accurate = {"rtol": 1e-10, "atol": 1e-12, "max_step": 1e-4}
    first = solve_ivp(slope, (0, 0.02), [0.3, 0], dense_output=True, **accurate)
    kicked = [first.y[0, -1] + 0.3 * (1 - first.y[0, -1]), first.y[1, -1]]
    second = solve_ivp(slope, (0.02, 0.3), kicked, dense_output=True, **accurate)
    expected = np.column_stack([first.sol(0.01), second.sol(0.05), second.sol(0.3)])
    assert_allclose(got[["short", "long"]].to_array(), expected, rtol=1e-6)


def test_area_above_a_threshold_of_zero_is_the_whole():
    assert_allclose(area_above(0.0, 2.0, 50.0, 1.0), 2.0)
    assert area_above(0.5, 0.5, 1.0, 1.0) == 0


def test_forgetting_curves_are_drawn_with_a_panel_per_rate():
    figure = Consolidation().plot_forgetting(n_pulses=(1, 10), frequency=(1.0, 20.0))
    assert [axis.get_title() for axis in figure.axes] == ["1 Hz", "20 Hz"]
    assert [line.get_ydata()[-1] > 0.05 for line in figure.axes[1].lines] == [False, True]


@pytest.mark.parametrize(
    ("options", "pulses", "message"),
    [
        ({}, [-1.0], "pulses holds -1.0 s at index 0: times must be at least 0"),
        ({}, [1.0, 0.5], "pulses goes back from 1.0 s to 0.5 s at index 1"),
        ({"volatile": "hp"}, [0.0], "volatile='hp' must be an EventMemristor or a WOxMemristor"),
        ({"nonvolatile": "hp"}, [0.0], "nonvolatile='hp' must be a PulseMemristor"),
        ({"threshold": 1.5}, [0.0], "threshold=1.5 must be .* below 1"),
        ({"rate": -1.0}, [0.0], "rate=-1.0 1/s must be .* above 0"),
        (
            {"volatile": "wox_du2017", "amplitude": np.nan},
            [0.0],
            "amplitude=nan V must be a finite number",
        ),
    ],
)
def test_consolidation_refuses_impossible_times_and_devices(options, pulses, message):
    with pytest.raises(ValueError, match=message):
        Consolidation(**options).follow(pulses, [1.0])
    with pytest.raises(ValueError, match="frequency=0 Hz positive"):
        Consolidation().forgetting(1, 0)
    with pytest.raises(ValueError, match=r"n_pulses=2\.7 must be whole numbers"):
        Consolidation().forgetting(2.7)


def test_matplotlib_is_not_imported_before_a_figure_is_drawn():
    code = "import sys, mottle.reservoir.plasticity; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
    assert isinstance(stdp_curve(delta_t=[1e-3]), xr.DataArray)


@pytest.mark.parametrize("verbose", [False, True])
def test_progress_is_shown_unless_verbose_is_false(monkeypatch, verbose):
    shown, bar = [], stdp_layer.tqdm
    monkeypatch.setattr(
        stdp_layer, "tqdm", lambda **given: (shown.append(not given["disable"]), bar(**given))[1]
    )
    given = {} if verbose else {"verbose": False}
    STDPLayer(4, random_state=0, **given).fit(draw_events())
    assert shown == [verbose]
