"""What devices do at a negative voltage: symmetric ones mirror, bipolar ones go back."""

import numpy as np
import pytest

from mottle.reservoir import devices

SYMMETRIC = {  # without polarity: (V, s, steps)
    "vo2_neuristor": (12.0, 1e-8, 2000), "vo2_neuristor_fast": (12.0, 1e-8, 2000),
    "vo2_pwl": (5.0, 1e-7, 200), "vo2_haptic": (5.0, 1e-6, 200), "ts_lif": (2.0, 1e-5, 200),
    "ag_pulse": (1.0, 1e-4, 200), "ag_dc": (0.5, 1e-3, 200), "ag_lif": (2.5, 1e-6, 500),
    "ag_osc": (1.5, 1e-3, 200), "ag_fast": (1.0, 1e-4, 300),
}  # fmt: skip
BIPOLAR = {  # written by positive voltages, erased by negative ones
    "wox_du2017": (1.3, 1e-3), "tiox_zhong2021": (2.0, 4e-6), "hp": (1.0, 1e-2),
    "yakopcic_miao": (1.0, 1e-3), "memdiode_hfo2": (1.6, 1e-2), "ftj_hzo": (2.0, 2e-8),
    "nbsto_interface": (1.5, 1e-3),
}  # fmt: skip


@pytest.mark.parametrize("name", SYMMETRIC)
def test_a_device_without_polarity_mirrors_the_sign_of_its_supply(name):
    volts, dt, n = SYMMETRIC[name]
    drive = volts * np.r_[np.ones(n), 0.5 * np.ones(n // 2)]
    up, down = (devices.simulate(name, sign * drive, dt) for sign in (1, -1))
    np.testing.assert_array_equal(down.current, -up.current)
    assert np.abs(up.current).max() > 0
    for variable in set(up) - {"current", "voltage", "device_voltage", "spike_time"}:
        np.testing.assert_array_equal(down[variable], up[variable])
    if "device_voltage" in up:
        np.testing.assert_array_equal(down.device_voltage, -up.device_voltage)
    if "spike_time" in up:
        np.testing.assert_array_equal(down.spike_time, up.spike_time)
    for energy in (name for name in up.attrs if name.startswith("energy")):
        assert down.attrs[energy] == up.attrs[energy]


def test_a_film_at_minus_12_volt_spikes_as_at_12_volt():
    spikes = devices.simulate("vo2_neuristor", -12.0, 1e-8, duration=2e-5).spike_time
    assert float(spikes[0]) == pytest.approx(2823.7069e-9, rel=0.005)
    assert float(spikes.diff("spike").mean()) == pytest.approx(3042.647e-9, rel=0.02)


def test_a_switch_cycles_on_under_a_supply_that_changes_its_sign():
    drive = np.repeat([5.0, -5.0, 5.0, -5.0], 50)
    run = devices.simulate("vo2_pwl", drive, 1e-7)
    counts = np.histogram(run.spike_time, bins=np.arange(5) * 5e-6)[0]
    assert counts.min() >= 5
    assert counts.max() - counts.min() <= 1
    left = run.attrs["energy_supply"] - run.attrs["energy_device"] - run.attrs["energy_resistor"]
    assert left == pytest.approx(0.5 * 100e-12 * float(run.device_voltage[-1]) ** 2, rel=1e-6)


@pytest.mark.parametrize("name", BIPOLAR)
def test_a_bipolar_device_is_written_by_one_sign_and_erased_by_the_other(name):
    volts, dt = BIPOLAR[name]
    run = devices.simulate(name, volts * np.r_[np.ones(20), -np.ones(20)], dt)
    assert float(run.state[19]) > float(run.state[0])
    assert float(run.state[-1]) < float(run.state[19])
    assert (np.sign(run.current[:20]) >= 0).all()
    assert (np.sign(run.current[20:]) <= 0).all()


def test_an_event_device_takes_no_event_at_a_negative_voltage():
    run = devices.simulate("stm_event", [1.0, -1.0, -1.0], 1e-3)
    np.testing.assert_allclose(run.state[1:] / run.state[:-1].values, np.exp(-0.02), rtol=1e-12)


def test_a_neuron_of_two_switches_fires_on_under_a_positive_current_only():
    assert devices.simulate("nbo2_hh", np.full(2000, 5e-7), 1e-6).sizes["spike"] > 1
    assert devices.simulate("nbo2_hh", np.full(2000, -5e-7), 1e-6).sizes["spike"] < 2


def test_a_bursting_neuron_is_silent_under_a_negative_supply():
    assert devices.simulate("nbo2_burst", 1.1, 1e-6, duration=0.01).sizes["spike"] > 10
    run = devices.simulate("nbo2_burst", -1.1, 1e-6, duration=0.02)
    assert run.sizes["spike"] == 0
    assert float(run.metallic.max()) == float(run.metallic_slow.max()) == 0.0
    d = devices.get("nbo2_burst")  # the two nodes settle as a divider of resistors
    slow, fast, link, off = (1 / ohm for ohm in (d.r_slow, d.r_fast, d.r_link, d.r_insulating))
    g = np.array([[slow + link + off, -link], [-link, fast + link + off]])
    settled = np.linalg.solve(g, [-1.1 * slow, -1.1 * fast])
    np.testing.assert_allclose(run.output_voltage[-1], settled[1], rtol=1e-3)
    np.testing.assert_allclose(run.slow_voltage[-1], settled[0], rtol=1e-3)
    np.testing.assert_allclose(run.current[-1], settled[1] * off, rtol=1e-3)
