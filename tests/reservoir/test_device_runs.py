"""Runs of single devices last as long as stated, or are refused before they begin."""

import numpy as np
import pytest

from mottle.reservoir import MemristorReservoir, OscillatorReservoir, VO2Reservoir, devices

DRIVE = np.zeros((3, 1))


@pytest.mark.parametrize(
    ("name", "volts", "dt", "duration"),
    [
        ("vo2_neuristor", 12.0, 3e-8, 1e-6),
        ("vo2_pwl", 5.0, 3e-7, 1e-5),
        ("nbo2_hh", 1e-6, 7e-6, 1e-3),
        ("nbo2_burst", 0.8, 7e-6, 1e-3),
        ("wox_du2017", 1.0, 7e-3, 0.1),
        ("ag_pulse", 1.0, 7e-5, 1e-3),
        ("ag_fast", 1.0, 7e-5, 1e-3),
        ("hp", 1.0, 7e-3, 0.1),
        ("memdiode_hfo2", 1.0, 7e-3, 0.1),
        ("yakopcic_miao", 0.5, 7e-3, 0.05),
        ("ftj_hzo", 2.0, 7e-9, 1e-7),
        ("nbsto_interface", 1.0, 7e-3, 0.1),
    ],
)
def test_a_step_that_does_not_divide_the_duration_does_not_shorten_the_run(
    name, volts, dt, duration
):
    with pytest.warns(UserWarning, match=r"does not divide duration=.* s: \d+ steps of .* s are"):
        run = devices.simulate(name, volts, dt, duration=duration)
    assert run.time.values[-1] == pytest.approx(duration, rel=1e-12)
    assert 0.5 * dt < run.attrs["dt"] < dt
    assert run.sizes["time"] == np.ceil(duration / dt)


def test_a_step_that_divides_the_duration_is_kept_whatever_its_last_digit():
    run = devices.simulate("wox_du2017", 1.0, 0.1, duration=0.3)
    assert (run.sizes["time"], run.attrs["dt"]) == (3, 0.1)


@pytest.mark.parametrize(
    ("name", "volts", "dt", "duration", "options", "message"),
    [
        ("vo2_neuristor", 12.0, 10, 20000, {}, r"2e\+04 s take 2e\+12 integration steps of 1e-08 "
         r"s, more than 1e\+09: simulate at most 10 s"),
        ("vo2_neuristor", 12.0, 1e-8, 20000, {}, r"are 2e\+12 steps, .* take at most 10 s, or a dt "
         r"of at least 2e-05 s"),
        ("vo2_pwl", 5.0, 10, 20000, {}, r"take 2.81e\+10 cycles of 7.11e-07 s, .* at most 711 s"),
        ("vo2_pwl", 2.0, 10, 20000, {"voltage_noise": 0.1}, r"integration steps of"),
        ("nbo2_hh", 1e-6, 1e3, 1e7, {}, r"integration steps of"),
        ("nbo2_burst", 0.8, 1e3, 1e7, {}, r"integration steps of"),
        ("ag_pulse", 1.0, 1e3, 1e5, {}, r"integration steps of"),
        ("hp", 1.0, 1.0, 1e6, {}, r"integration steps of"),
        ("yakopcic_miao", 1.0, 10.0, 1e7, {}, r"integration steps of"),
        ("wox_du2017", 1.0, 1e-9, 1e6, {}, r"are 1e\+15 steps"),
    ],
)  # fmt: skip
def test_a_run_of_too_many_steps_is_refused_at_once(name, volts, dt, duration, options, message):
    with pytest.raises(ValueError, match=message):  # a run of these steps would last for hours
        devices.simulate(name, volts, dt, duration=duration, **options)


@pytest.mark.parametrize(
    ("reservoir", "message"),
    [
        (VO2Reservoir(3, dt_device=10.0), r"dt_device=10 s takes 1e\+09 .* take at most 0.01 s"),
        (MemristorReservoir(3, device="ag_pulse", dt_device=1e4), r"dt_device=10000 s takes"),
        (
            OscillatorReservoir(3, regime="oscillating", threshold_noise=0.01, dt_device=10.0),
            r"dt_device=10 s takes 1.41e\+07 .* or no threshold_noise",
        ),
    ],
)
def test_a_drive_held_for_too_many_steps_is_refused(reservoir, message):
    with pytest.raises(ValueError, match=message):
        reservoir.fit(DRIVE).transform(DRIVE)


def test_a_pulse_of_too_many_steps_is_refused():
    with pytest.raises(ValueError, match=r"duration=1e\+06 s takes .* take at most"):
        devices.calibrate_pbit(duration=1e6)


@pytest.mark.parametrize("duration", [0.0, -1.0, np.nan, np.inf])
def test_a_duration_that_is_none_is_refused(duration):
    with pytest.raises(ValueError, match="duration"):
        devices.simulate("wox_du2017", 1.0, 1e-3, duration=duration)
