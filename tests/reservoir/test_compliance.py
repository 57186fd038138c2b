"""Current limits and series resistors of two-terminal devices, and polarity."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from mottle.reservoir import devices

OHMIC = {  # name: (V, s, typical resistance in ohm)
    "hp": (1.0, 1e-2, 1e4), "memdiode_hfo2": (1.2, 1e-2, 1e3), "yakopcic_miao": (0.5, 1e-2, 50.0),
    "ftj_hzo": (2.0, 2e-8, 1e6), "nbsto_interface": (1.5, 1e-3, 1e5),
    "wox_du2017": (1.2, 1e-2, 1e4),
    "tiox_zhong2021": (2.0, 4e-6, 1e4), "stm_event": (1.0, 1e-2, 1e6),
}  # fmt: skip


@pytest.mark.parametrize("name", OHMIC)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_resistor_takes_its_voltage_and_energies_balance(name, sign):
    volts, dt, ohm = OHMIC[name]
    drive = sign * volts * np.r_[np.ones(20), np.zeros(5), 0.5 * np.ones(10)]
    run = devices.simulate(name, drive, dt, r_series=ohm)
    np.testing.assert_allclose(run.device_voltage + ohm * run.current, drive, atol=1e-9)
    spent = run.attrs
    assert spent["energy_supply"] == pytest.approx(
        spent["energy_device"] + spent["energy_resistor"], rel=1e-12
    )
    assert (spent["energy_resistor"] > 0) == (name != "stm_event" or sign > 0)


@pytest.mark.parametrize("name", OHMIC)
def test_a_limit_holds_for_both_signs_of_the_voltage(name):
    volts, dt, _ = OHMIC[name]
    drive = volts * np.r_[np.ones(20), -np.ones(20)]
    free = devices.simulate(name, drive, dt, i_limit=math.inf)
    limit = 0.5 * float(np.abs(free.current).max())
    held = devices.simulate(name, drive, dt, i_limit=limit)
    assert float(np.abs(held.current).max()) == pytest.approx(limit, rel=1e-9)
    assert (np.abs(held.device_voltage) <= np.abs(drive) + 1e-12).all()


@pytest.mark.parametrize("name", OHMIC)
def test_a_limit_that_is_not_reached_changes_nothing(name):
    volts, dt, _ = OHMIC[name]
    drive = 0.5 * volts * np.sin(np.arange(30))
    plain, limited = (devices.simulate(name, drive, dt, i_limit=i) for i in (math.inf, 50.0))
    for variable in plain:
        np.testing.assert_array_equal(plain[variable], limited[variable])


def test_wox_supplies_no_more_than_a_milliampere_at_3_volt():
    run = devices.simulate("wox_du2017", 3.0, 1e-3, duration=0.1)
    assert float(run.current.max()) == pytest.approx(1e-3, rel=1e-9)
    assert float(run.device_voltage[-1]) == pytest.approx(math.asinh(100.0) / 4, rel=1e-6)
    free = devices.simulate("wox_du2017", 3.0, 1e-3, duration=0.1, i_limit=math.inf)
    assert float(free.current[-1]) == pytest.approx(0.81, rel=0.01)


def test_a_drifting_film_behind_a_resistor_equals_scipy():
    ohm, film = 5e3, devices.get("hp")
    per_charge = film.mobility * film.r_on / film.thickness**2

    def rate(t, w):
        return per_charge * 1.0 / (film.r_on * w + film.r_off * (1 - w) + ohm)

    end = solve_ivp(rate, (0, 0.2), [film.w_0], rtol=1e-10, atol=1e-12).y[0, -1]
    run = devices.simulate("hp", 1.0, 0.02, duration=0.2, r_series=ohm)
    assert float(run.state[-1]) == pytest.approx(end, rel=2e-3)


def test_a_wox_device_behind_a_resistor_equals_scipy():
    ohm, c = 1e4, devices.get("wox_du2017")

    def current(w, v):
        return w * c.gamma * np.sinh(c.delta * v) + (1 - w) * c.alpha * (1 - np.exp(-c.beta * v))

    def rate(t, w):
        v = brentq(lambda x: x + ohm * current(w[0], x) - 1.6, 0, 1.6)
        return c.rate * np.sinh(c.eta * v) - (w - c.w_min) / c.tau

    end = solve_ivp(rate, (0, 2e-3), [c.w_min], rtol=1e-9, atol=1e-11).y[0, -1]
    run = devices.simulate("wox_du2017", 1.6, 1e-4, duration=2e-3, r_series=ohm)
    assert float(run.state[-1]) == pytest.approx(end, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vo2_neuristor", {"r_series": 1e3}, r"r_series=1000.0 ohm: this device has its own"),
        ("ag_pulse", {"i_limit": 1e-6}, r"i_limit=1e-06 A: this device has its own circuit"),
        ("hp", {"i_limit": 0.0}, r"i_limit=0.0 A must be .* above 0"),
        ("hp", {"r_series": -1.0}, r"r_series=-1.0 ohm must be .* at least 0"),
        ("hp", {"r_series": 1e3, "window": "biolek"}, r"window has no effect behind a resistor"),
    ],
)
def test_circuits_that_cannot_be_meant_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        devices.simulate(name, np.ones(3), 1e-3, **options)
