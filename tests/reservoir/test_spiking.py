"""SpikingReservoir: closed forms, plain loops, a simulated switch, and noise."""

import numpy as np
import pytest
from naive.reservoirs import lif_states
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import SpikingReservoir, devices
from mottle.reservoir.nodes.spiking.device import LIF, PRESETS

ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time: shuffling them is another recording",
    "check_methods_subset_invariance": "rows are time: a batch of rows starts from rest",
}


@parametrize_with_checks(
    [SpikingReservoir(4, regime="firing")], expected_failed_checks=lambda _: ROWS_ARE_TIME
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def single(v_in, dt, n_steps, **parameters):
    """One neuron under a constant voltage."""
    node = SpikingReservoir(
        1,
        regime="firing",
        v_bias=v_in,
        v_gain=0.0,
        recurrent_scaling=0.0,
        dt_device=dt,
        **parameters,
    )
    return node.fit_transform(np.zeros((n_steps, 1)))[:, 0]


@pytest.mark.kernel
@pytest.mark.parametrize("v_in", [0.0151, 0.02, 0.1])
def test_first_spike_comes_at_the_closed_form_time(v_in):
    first = PRESETS["lif"].first_spike(v_in)
    spikes = single(v_in, 1e-4, 2000, observable="spikes")
    assert spikes.argmax() == np.ceil(first / 1e-4) - 1
    assert spikes.max() == 1


def test_at_the_rheobase_it_charges_and_never_fires():
    v = single(0.015 * (1 - 1e-9), 1e-3, 300, observable="voltage")
    assert_allclose(v, 0.015 * -np.expm1(-np.arange(1, 301) / 30), rtol=1e-8)


def test_intervals_are_first_spike_time_and_refractory_time():
    at = np.flatnonzero(single(0.02, 1e-5, 30_000, observable="spikes"))
    neuron = PRESETS["lif"]
    assert_allclose(np.diff(at) * 1e-5, neuron.first_spike(0.02) + neuron.t_refractory, atol=1e-5)


def test_a_switch_fires_when_its_simulated_circuit_does():
    dt, v_in = 1e-7, 2.0
    run = devices.simulate("ts_lif", np.full(5000, v_in), dt).spike_time.values
    at = np.flatnonzero(single(v_in, dt, 5000, device="ts_lif", observable="spikes")) * dt
    assert_allclose(at[0], run[0], atol=dt)
    assert_allclose(np.diff(at).mean(), np.diff(run).mean(), rtol=0.01)


@pytest.mark.kernel
@pytest.mark.parametrize("n_inner", [1, 3])
def test_spikes_and_voltages_equal_plain_loops(n_inner):
    X = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    common = {
        "v_bias": 0.02,
        "v_gain": 0.01,
        "recurrent_scaling": 3.0,
        "density": 0.4,
        "random_state": 0,
    }
    node = SpikingReservoir(
        12, regime="firing", dt_device=3e-3, n_inner=n_inner, observable="spikes", **common
    )
    spikes = node.fit_transform(X)
    w_in, w = node.input_weights_.toarray(), node.weights_.toarray()
    expected = lif_states(X, w_in, w, 0.01, 0.02, PRESETS["lif"], 3e-3 / n_inner, n_inner)
    assert expected[0].sum() > 20
    assert_array_equal(spikes, expected[0])
    voltage = node.set_params(observable="voltage").transform(X)
    assert_allclose(voltage, expected[1], atol=1e-14)


def test_equal_time_constants_cause_no_division_by_zero():
    X = np.random.default_rng(0).uniform(-1, 1, (60, 1))
    neuron = LIF(tau_synapse=30e-3)
    got = [
        SpikingReservoir(
            20, regime="firing", device=d, observable="voltage", random_state=0
        ).fit_transform(X)
        for d in (neuron, neuron._replace(tau_synapse=30e-3 * (1 + 1e-5)))
    ]
    assert_allclose(got[0], got[1], atol=1e-6)
    assert np.isfinite(got[0]).all()


def test_noise_of_a_silent_neuron_has_the_requested_deviation():
    node = SpikingReservoir(
        200,
        regime="firing",
        v_bias=0.0,
        v_gain=0.0,
        recurrent_scaling=0.0,
        voltage_noise=1e-3,
        observable="voltage",
        random_state=0,
    )
    v = node.fit_transform(np.zeros((400, 1)))[100:]
    assert_allclose(v.std(), 1e-3, rtol=0.03)
    assert abs(v.mean()) < 5e-5
    assert abs(np.corrcoef(v[:, 0], v[:, 1])[0, 1]) < 0.4


def test_the_rate_of_regular_spikes_is_their_rate():
    rate = single(0.1, 1e-3, 3000, observable="rate", tau_rate=1.0)
    spikes = single(0.1, 1e-3, 3000, observable="spikes")
    assert_allclose(rate[-1], spikes.mean() / 1e-3 * -np.expm1(-3), rtol=0.02)


def test_a_fifth_of_the_sources_inhibit_and_rows_balance():
    w = (
        SpikingReservoir(200, regime="firing", random_state=0)
        .fit(np.zeros((2, 1)))
        .weights_.toarray()
    )
    signs = [np.unique(np.sign(column[column != 0])) for column in w.T]
    assert all(sign.size == 1 for sign in signs)
    assert sum(sign[0] < 0 for sign in signs) == 40
    assert abs(w.sum(axis=1).mean()) < 0.1 * np.abs(w).sum(axis=1).mean()


def test_recurrence_carries_an_input_beyond_the_membrane():
    X = np.zeros((60, 1))
    X[:5] = 1.0
    common = {"v_bias": 0.014, "v_gain": 0.03, "random_state": 0, "observable": "spikes"}
    alone = SpikingReservoir(200, regime="firing", recurrent_scaling=0.0, **common).fit_transform(X)
    joined = SpikingReservoir(200, regime="firing", recurrent_scaling=4.0, **common).fit_transform(
        X
    )
    assert alone[20:].sum() == 0 < joined[20:].sum()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"device": "lift"}, "device='lift' is not known; did you mean 'lif'"),
        ({"device": LIF(tau=0.0)}, "device.tau=0.0 "),
        ({"dt_device": -1.0}, "dt_device=-1.0 s must be .* above 0"),
        ({"n_inner": 0}, "n_inner=0 must be"),
        ({"density": 0.0}, "density=0.0 must be"),
        ({"recurrent_scaling": -1.0}, "recurrent_scaling=-1.0 thresholds"),
        ({"voltage_noise": 1.0}, "voltage_noise=1.0 V must be .* below 0.015"),
        ({"device": LIF(v_reset=0.0149), "spread": 0.1}, "not above v_reset=0.0149 V"),
        ({"observable": "spike"}, "observable='spike' is not known; did you mean 'spikes'"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        SpikingReservoir(10, regime="firing", random_state=0, **parameters).fit(np.zeros((3, 1)))
