"""NbO2 channels with a metallic core: scipy, energies, static curve, oscillation, switching."""

import numpy as np
import pytest
from naive import devices as naive
from numpy.testing import assert_allclose

from mottle.reservoir import devices, spike_energy
from mottle.reservoir.nodes.channel import kernel
from mottle.reservoir.nodes.channel.device import constants, turns

NAME = "nbo2_channel"
DEVICE = devices.get(NAME)
BARE = DEVICE._replace(r_series=1e3, capacitance=1e-15)  # almost no circuit


@pytest.mark.kernel
@pytest.mark.filterwarnings("ignore:voltage=")
@pytest.mark.parametrize(
    ("volts", "duration"), [(2.0, 6e-8), (3.5, 1.9e-8), (3.5, 2.2e-8), (6.0, 3e-8)]
)
def test_the_channel_follows_the_heat_equation(volts, duration):
    run = devices.simulate(NAME, volts, duration, duration=duration)
    v, core = naive.channel(DEVICE, volts, duration)
    assert_allclose(run.device_voltage[-1], v, rtol=2e-5)
    assert_allclose(run.core[-1], core, rtol=2e-5)


def test_the_capacity_is_the_published_derivative_of_the_enthalpy():
    c, d = constants(DEVICE), DEVICE
    volume = np.pi * d.radius**2 * d.length
    for u in (1e-3, 0.05, 0.3, 0.7, 0.95):
        ln = np.log(u)
        shell = d.heat_capacity * d.delta_t * (1 - u**2 + 2 * u**2 * ln) / (2 * u * ln**2)
        published = volume * (shell + 2 * d.latent_heat * u)  # dH/du
        assert_allclose(kernel.capacity(-1 / ln, c), published * u * ln**2, rtol=1e-11)
        y, h = -1 / ln, 1e-6
        secant = (kernel.enthalpy(y + h, c) - kernel.enthalpy(y - h, c)) / (2 * h)
        assert_allclose(secant, kernel.capacity(y, c), rtol=1e-6)
    assert kernel.capacity(0.0, c) == pytest.approx(c.heat / 2)  # regular without a core


@pytest.mark.filterwarnings("ignore:voltage=")
@pytest.mark.parametrize("volts", [2.0, 3.5, -3.5, 6.0])
def test_heat_and_charge_balance(volts):
    run = devices.simulate(NAME, volts, 1e-9, duration=3e-7)
    spent = {name[7:]: value for name, value in run.attrs.items() if name.startswith("energy_")}
    assert_allclose(spent["device"], spent["surroundings"] + float(run.enthalpy[-1]), rtol=1e-8)
    stored = 0.5 * DEVICE.capacitance * float(run.device_voltage[-1]) ** 2
    assert_allclose(spent["supply"], spent["device"] + spent["resistor"] + stored, rtol=1e-8)
    power = run.device_voltage * run.current
    assert_allclose(spent["device"], power.sum() * run.attrs["dt"], rtol=0.05)


def test_at_rest_heat_flows_out_as_it_is_supplied():
    """The end of a run at rest lies on the static curve, where i^2 R = Gamma dT."""
    volts, amperes = DEVICE.static(2000)
    supplies = volts + DEVICE.r_series * amperes
    for supply in (1.0, 2.4):
        with pytest.warns(UserWarning, match="settles instead of oscillating"):
            run = devices.simulate(NAME, supply, 1e-8, duration=2e-6)
        assert_allclose(run.device_voltage[-1], np.interp(supply, supplies, volts), rtol=1e-5)
        u = float(run.core[-1])
        lost = 2 * np.pi * DEVICE.length * DEVICE.conductivity * DEVICE.delta_t / np.log(1 / u)
        assert_allclose(run.device_voltage[-1] * run.current[-1], lost, rtol=1e-6)


def test_the_static_curve_has_a_negative_differential_resistance():
    volts, amperes = DEVICE.static(3000)
    falls = np.diff(volts) / np.diff(amperes) < 0
    assert (np.diff(falls.astype(int)) != 0).sum() == 2  # one region: an S
    assert volts[np.argmax(falls)] == pytest.approx(DEVICE.v_threshold, rel=1e-4)
    assert volts[len(falls) - np.argmax(falls[::-1])] == pytest.approx(DEVICE.v_hold, rel=1e-4)
    lowest = constants(DEVICE).r_cold / (DEVICE.rho_insulating / DEVICE.rho_metallic)
    assert volts[-1] / amperes[-1] == pytest.approx(lowest, rel=0.05)


@pytest.mark.filterwarnings("ignore:voltage=")
@pytest.mark.parametrize("changes", [{}, {"capacitance": 2e-13}, {"r_series": 4e4, "radius": 4e-8}])
def test_it_oscillates_within_its_window_and_rests_outside(changes):
    device = DEVICE._replace(**changes)
    low, high = device.window

    def swing(volts):
        scale = device.time_scale
        run = devices.simulate(device, volts, scale / 100, duration=300 * scale)
        late = run.device_voltage[20000:]
        return float(late.max() - late.min())

    assert swing(0.99 * low) < 1e-6
    assert swing(1.01 * low) > 0.1
    assert swing(0.5 * (low + high)) > 0.1
    assert swing(0.99 * high) > 1e-3  # small cycles next to the upper edge
    assert swing(1.05 * high) < 1e-3


@pytest.mark.filterwarnings("ignore:voltage=")
def test_without_a_negative_slope_or_with_a_small_capacitor_nothing_oscillates():
    assert np.isnan(DEVICE._replace(capacitance=1e-14).window).all()
    assert np.isnan(DEVICE._replace(rho_metallic=9e-3).window).all()
    assert np.isnan(turns(DEVICE._replace(rho_metallic=9e-3))).all()
    assert np.isnan(DEVICE._replace(r_series=1e3).window).all()  # the load line latches
    run = devices.simulate(DEVICE._replace(r_series=1e3), 2.6, 1e-10, duration=1e-7)
    assert run.sizes["spike"] == 1
    assert float(run.core[-1]) > 0.8


def test_frequency_rises_with_the_supply_and_polarity_does_not_matter():
    run = {v: devices.simulate(NAME, v, 1e-9, duration=5e-7) for v in (2.6, 3.5, 4.5, -4.5)}
    counts = [run[v].sizes["spike"] for v in run]
    assert counts[0] < counts[1] < counts[2] == counts[3]
    assert_allclose(run[4.5].device_voltage, -run[-4.5].device_voltage)
    found = spike_energy(NAME)
    assert found.supply == pytest.approx(found.device + found.resistor, rel=1e-3)
    assert 1e-8 < found.period < 2e-8


def test_spike_times_do_not_depend_on_the_step():
    coarse = devices.simulate(NAME, 3.5, 5e-8, duration=5e-7).spike_time
    fine = devices.simulate(NAME, 3.5, 1e-10, duration=5e-7).spike_time
    tight = devices.simulate(NAME, 3.5, 5e-8, duration=5e-7, rtol=1e-11).spike_time
    assert_allclose(coarse, fine, rtol=1e-7)
    assert_allclose(coarse, tight, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:voltage=")
def test_switching_is_as_fast_and_takes_about_the_energy_of_the_measured_device():
    """Published: on in 0.7 ns, off in 2.3 ns, about 100 fJ.

    Here off takes 0.5 ns at 0 V, and as long as published only where a voltage is held.
    """
    wave = np.concatenate([np.full(4000, 2.6), np.zeros(4000)])
    run = devices.simulate(BARE, wave, 1e-12)
    on = int(np.argmax(run.current.values > 0.9 * float(run.current[3999])))
    assert 6e-10 < on * 1e-12 < 8e-10
    assert 90e-15 < float(run.enthalpy[3999]) < 120e-15
    cold = constants(BARE).r_cold
    off = int(np.argmax(run.resistance[4000:].values > 0.9 * cold))
    assert 4e-10 < off * 1e-12 < 7e-10
    held = devices.simulate(BARE, np.where(wave > 0, wave, 1.4), 1e-12)
    late = int(np.argmax(held.resistance[4000:].values > 0.5 * cold))
    assert 2e-9 < late * 1e-12 < 2.7e-9


@pytest.mark.filterwarnings("ignore:voltage=")
def test_what_takes_too_many_steps_is_refused(monkeypatch):
    monkeypatch.setattr("mottle.reservoir.nodes.channel.device.MOST_STEPS", 1000)
    with pytest.raises(ValueError, match=r"steps of dt=1e-09 s take more than 1e\+03 integration"):
        devices.simulate(NAME, 3.5, 1e-9, duration=1e-5)
    with pytest.raises(ValueError, match=r"rtol=0\.1 must be"):
        devices.simulate(NAME, 3.5, 1e-9, duration=1e-8, rtol=0.1)
    with pytest.raises(ValueError, match=r"beyond 40\.4 V"):
        devices.simulate(NAME, 50.0, 1e-9, duration=1e-8)
