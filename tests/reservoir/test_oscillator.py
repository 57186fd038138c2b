"""OscillatorReservoir against the lone device, the closed form and its own laws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mottle.reservoir import OscillatorReservoir, devices, order_parameter


def states(observable, v_bias=5.0, n_steps=40, **parameters):
    node = OscillatorReservoir(1, v_bias=v_bias, v_gain=0.0, fan_in=1, observable=observable,
                               random_state=0, **parameters)  # fmt: skip
    return node.fit_transform(np.zeros((n_steps, 1)))[:, 0]


@pytest.mark.parametrize("v_in", [2.5, 5.0, 12.0])
def test_frequency_is_that_of_the_closed_form(v_in):
    assert_allclose(states("frequency", v_in)[-1] * devices.get("vo2_pwl").period(v_in), 1, 1e-9)


@pytest.mark.kernel
def test_states_equal_those_of_the_lone_device_under_a_changing_supply():
    wave = np.random.default_rng(0).uniform(3, 8, 30)
    node = OscillatorReservoir(1, v_gain=1.0, fan_in=1, wiring="one_to_one", observable="spikes")
    node.fit(np.zeros((2, 1)))
    node.input_weights_.data[:] = 1.0
    spikes = node.transform((wave - 5.0).reshape(-1, 1))[:, 0]
    lone = devices.simulate("vo2_pwl", wave, 2e-6).spike_time
    assert_allclose(spikes, np.histogram(lone, np.arange(31) * 2e-6)[0])
    assert spikes.sum() > 50


def test_mean_voltage_and_current_balance_the_supply():
    # over many cycles no charge stays in the capacitor: (V_in - v) / R_series = i on average
    v, i = (states(name, dt_device=1e-3)[5:] for name in ("voltage", "current"))
    assert_allclose((5.0 - v) / 20e3, i, rtol=1e-3)


def test_phase_grows_with_time_and_wraps_at_a_spike():
    period = devices.get("vo2_pwl").period(5.0)
    phase = states("phase", dt_device=period / 10, n_steps=100)[40:]
    assert_allclose(np.diff(phase) % 1, 0.1, atol=1e-9)


def test_order_parameter_tells_like_nodes_from_unlike_ones():
    X = np.zeros((100, 1))
    alike = OscillatorReservoir(40, observable="phase", random_state=0).fit_transform(X)
    unlike = OscillatorReservoir(40, observable="phase", spread=0.1, random_state=0)
    assert_allclose(order_parameter(alike[5:]), 1.0)
    assert order_parameter(unlike.fit_transform(X)[50:]).mean() < 0.4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"v_bias": 2.0}, r"v_bias=2.0 V lies outside 2.388 to 20.79 V"),
        ({"device": "nbo2_hh"}, r"device='nbo2_hh' is not known"),
        ({"noise": 0.5}, r"noise=0.5 is relative to v_high"),
        ({"dt_device": 0.0}, r"dt_device=0.0 s must be positive"),
        ({"spread": {"v_low": 0.9}, "n_nodes": 200}, r"above v_high=1.99 V, so that it cannot"),
    ],
)
def test_impossible_parameters_are_refused_with_the_way_out(parameters, message):
    with pytest.raises(ValueError, match=message):
        OscillatorReservoir(random_state=0, **parameters).fit(np.zeros((5, 1)))
