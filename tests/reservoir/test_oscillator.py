"""OscillatorReservoir against the single device, the closed form and its properties."""

import numpy as np
import pytest
from naive.reservoirs import oscillator_states
from numpy.testing import assert_allclose

from mottle.reservoir import OscillatorReservoir, devices, order_parameter
from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.nodes.state import noise_keys
from mottle.reservoir.nodes.topologies import adjacency


def states(observable, v_bias=5.0, n_steps=40, **parameters):
    node = OscillatorReservoir(1, regime="oscillating",
        v_bias=v_bias, v_gain=0.0, fan_in=1, observable=observable,
                               random_state=0, **parameters)  # fmt: skip
    return node.fit_transform(np.zeros((n_steps, 1)))[:, 0]


@pytest.mark.parametrize("v_in", [2.5, 5.0, 12.0])
def test_frequency_is_that_of_the_closed_form(v_in):
    assert_allclose(states("frequency", v_in)[-1] * devices.get("vo2_pwl").period(v_in), 1, 1e-9)


@pytest.mark.kernel
def test_states_equal_those_of_the_single_device_under_a_changing_supply():
    wave = np.random.default_rng(0).uniform(3, 8, 30)
    node = OscillatorReservoir(
        1, regime="oscillating", v_gain=1.0, fan_in=1, wiring="one_to_one", observable="spikes"
    )
    node.fit(np.zeros((2, 1)))
    node.input_weights_.data[:] = 1.0
    spikes = node.transform((wave - 5.0).reshape(-1, 1))[:, 0]
    single = devices.simulate("vo2_pwl", wave, 2e-6).spike_time
    assert_allclose(spikes, np.histogram(single, np.arange(31) * 2e-6)[0])
    assert spikes.sum() > 50


def drawn(key, *counters):
    """Return the normal number of a key's descendant; Python would make signed integers of keys."""
    for counter in counters:
        key = np.uint64(join(key, counter))
    return normal(key)


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("dt", [1e-7, 2e-6, 5e-5], ids=["part", "some", "many"])
@pytest.mark.parametrize("v_bias", [5.0, 2.6], ids=["oscillates", "stops_at_times"])
def test_states_equal_those_of_a_walk_from_piece_to_piece(noise, dt, v_bias):
    X = np.random.default_rng(0).uniform(-1, 1, (25, 3)) * 0.4
    node = {"wiring": "one_to_one", "threshold_noise": noise, "spread": 0.03, "dt_device": dt}
    kinds = ("voltage", "current", "spikes", "frequency", "phase")
    for column, kind in enumerate(kinds):
        reservoir = OscillatorReservoir(
            3, regime="oscillating", v_bias=v_bias, observable=kind, random_state=0, **node
        ).fit(X)
        got = reservoir.states(X[np.newaxis], keys=[7])["states"].to_numpy()[0]
        key, volts = (
            noise_keys(reservoir.noise_seed_, [7])[0],
            v_bias + X @ reservoir.input_weights_.toarray().T,
        )
        for k in range(3):
            own = {name: values[k] for name, values in reservoir.devices_.items()}
            v_high = own["v_high"]
            expected = oscillator_states(
                volts[:, k], dt, (own["r_insulating"], own["r_metallic"]), own["r_series"],
                own["capacitance"], v_high, own["v_low"],
                lambda n, k=k, key=key, v_high=v_high: v_high * (1 + noise * drawn(key, k, n)),
            )[:, column]  # fmt: skip
            assert_allclose(got[:, k], expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("v_in", [2.5, 5.0, 12.0])
def test_a_long_step_is_many_short_ones_to_the_last_digits(v_in):
    period = devices.get("vo2_pwl").period(v_in)
    node = {"v_gain": 0.0, "wiring": "one_to_one", "observable": "frequency"}
    for n_cycles in (3.3, 1000.7):
        whole = OscillatorReservoir(
            1, regime="oscillating", v_bias=v_in, dt_device=n_cycles * period, **node
        )
        assert_allclose(1 / whole.fit_transform(np.zeros((2, 1)))[-1, 0], period, rtol=1e-13)


def test_mean_voltage_and_current_balance_the_supply():
    # over many cycles no charge stays in the capacitor: (V_in - v) / R_series = i on average
    v, i = (states(name, dt_device=1e-3)[5:] for name in ("voltage", "current"))
    assert_allclose((5.0 - v) / 20e3, i, rtol=1e-3)


def test_phase_grows_with_time_and_wraps_at_a_spike():
    period = devices.get("vo2_pwl").period(5.0)
    phase = states("phase", dt_device=period / 10, n_steps=100)[40:]
    assert_allclose(np.diff(phase) % 1, 0.1, atol=1e-9)


def test_order_parameter_distinguishes_synchronous_nodes():
    X = np.zeros((100, 1))
    alike = OscillatorReservoir(
        40, regime="oscillating", observable="phase", random_state=0
    ).fit_transform(X)
    unlike = OscillatorReservoir(
        40, regime="oscillating", observable="phase", spread=0.1, random_state=0
    )
    assert_allclose(order_parameter(alike[5:]), 1.0)
    assert order_parameter(unlike.fit_transform(X)[50:]).mean() < 0.4


def settled(observable, dt_device=2e-6, **coupling):
    """Return the final states of two oscillators, one driven in the first step only."""
    X = np.zeros((400, 2))
    X[0] = [0.0, 1.0]
    node = OscillatorReservoir(2, regime="oscillating",
        wiring="one_to_one", observable=observable, topology="all",
                               dt_device=dt_device, **coupling)  # fmt: skip
    return node.fit_transform(X)


@pytest.mark.parametrize(
    ("coupling", "frequency", "apart"),
    [
        ({"c_coupling": 10e-12}, 1_276_470.83, 0.5),
        ({"r_coupling": 50e3}, 1_407_221.8074, 0.0),
        ({"c_coupling": 10e-12, "r_coupling": 200e3}, 1_274_334.468, 0.5),
    ],
)
def test_coupled_pair_settles_at_the_reference_frequency_and_phase(coupling, frequency, apart):
    assert_allclose(settled("frequency", **coupling)[-1], frequency, rtol=1e-5)
    phase = settled("phase", **coupling)[-1]
    between = abs(phase[0] - phase[1])
    assert_allclose(min(between, 1 - between), apart, atol=1e-3)


@pytest.mark.parametrize("observable", ["voltage", "current", "spikes", "frequency", "phase"])
def test_weakest_coupling_changes_nothing(observable):
    single, linked = (
        settled(observable, **coupling)[:30] for coupling in ({}, {"r_coupling": 1e16})
    )
    assert_allclose(linked, single, rtol=1e-6, atol=1e-12)


def test_grid_of_oscillators_synchronises_through_resistors_only():
    X = np.random.default_rng(0).uniform(-1, 1, (300, 16))
    X[1:] = 0.0  # a random drive in the first step only
    order = {}
    for name, coupling in {
        "r": {"r_coupling": 1e5},
        "c": {"c_coupling": 2e-11},
        "none": {},
    }.items():
        node = OscillatorReservoir(
            16, regime="oscillating", wiring="one_to_one", observable="phase", **coupling
        )
        order[name] = order_parameter(node.fit_transform(X))[-20:].mean()
    assert order["r"] > 0.99
    assert order["none"] < 0.6
    assert order["c"] < 0.2  # neighbours in anti-phase: half the nodes against the other half


def test_order_is_that_of_a_node_and_its_neighbours():
    X = np.random.default_rng(0).uniform(-1, 1, (40, 6))
    for coupling, near in (({}, range(6)), ({"r_coupling": 1e6, "topology": "ring"}, (5, 0, 1))):
        phase, order = (
            OscillatorReservoir(
                6, regime="oscillating", wiring="one_to_one", observable=name, **coupling
            ).fit_transform(X)
            for name in ("phase", "order")
        )
        assert_allclose(order[:, 0], order_parameter(phase[:, list(near)]), atol=1e-12)
        assert 0 < order[-1].min() < order[-1].max() + 1e-12 <= 1 + 1e-12


@pytest.mark.parametrize(
    ("topology", "n_links"), [("lattice", 12), ("ring", 9), ("all", 36), (np.diag([2.0] * 8, 1), 8)]
)
def test_topologies_have_their_links(topology, n_links):
    if isinstance(topology, np.ndarray):
        topology = topology + topology.T
    links = adjacency(np.random.RandomState(0), 9, topology, 0.1, 0.1)
    assert_allclose(links, links.T)
    assert np.count_nonzero(links) == 2 * n_links


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"c_coupling": -1e-12}, r"c_coupling=-1e-12 F must be .* at least 0"),
        ({"r_coupling": 0.0}, r"r_coupling=0.0 ohm must be .* above 0"),
        ({"r_coupling": 1e-3}, r"takes? .* integration steps: weaken the coupling"),
        (
            {"r_coupling": 1e4, "topology": "line"},
            r"topology='line' is not known; did you mean 'lattice'\? Known: all",
        ),
        ({"r_coupling": 1e4, "topology": np.eye(3)}, r"topology has shape \(3, 3\)"),
        ({"r_coupling": 1e4, "topology": np.eye(100)}, r"topology must be symmetric, .* diagonal"),
        ({"v_bias": 2.0}, r"v_bias=2.0 V lies outside 2.388 to 20.79 V"),
        ({"device": "nbo2_hh"}, r"device='nbo2_hh' is not known"),
        ({"threshold_noise": 0.5}, r"threshold_noise=0.5 must be .* relative to v_high"),
        ({"dt_device": 0.0}, r"dt_device=0.0 s must be .* above 0"),
        ({"spread": {"v_low": 0.9}, "n_nodes": 200}, r"above v_high=1.99 V, so that it cannot"),
    ],
)
def test_impossible_parameters_are_refused_with_the_way_out(parameters, message):
    with pytest.raises(ValueError, match=message):
        OscillatorReservoir(regime="oscillating", random_state=0, **parameters).fit(
            np.zeros((5, 1))
        )
