"""Whether a reservoir forgets, as its parameters state it and as two pasts show it."""

import logging

import numpy as np
import pytest

from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    NoReservoir,
    NVARReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
    quality,
)
from mottle.reservoir.nodes.oscillator.device import ThresholdSwitch
from mottle.reservoir.nodes.oscillator.node import periods
from mottle.reservoir.nodes.vo2.device import VO2Neuristor, steady_temperature

X = np.zeros((3, 1))
CASES = {  # True: distances stay below 1e-6 within 1100 steps; False: they do not
    "VO2 relaxing": (VO2Reservoir(20), True),
    "VO2 relaxing, fast": (VO2Reservoir(20, device="vo2_neuristor_fast"), True),
    "VO2 relaxing, 310 K": (VO2Reservoir(20, ambient=310.0, v_bias=6.0, v_gain=3.0), True),
    "VO2 relaxing, 318 K": (VO2Reservoir(20, ambient=318.0, v_bias=6.0, v_gain=2.0), False),
    "VO2 pulsed": (VO2Reservoir(20, regime="pulsed"), True),
    "VO2 pulsed, 1 us": (
        VO2Reservoir(20, regime="pulsed", t_off=1e-6, spectral_radius=0.0), True,
    ),
    "VO2 pulsed, latched": (VO2Reservoir(20, regime="pulsed", v_bias=18.0), True),
    "VO2 excitable": (VO2Reservoir(20, regime="excitable"), False),
    "VO2 oscillating": (VO2Reservoir(20, regime="oscillating"), False),
    "VO2 latched": (VO2Reservoir(20, regime=None, v_bias=18.0), False),
    "oscillator relaxing": (OscillatorReservoir(20), True),
    "oscillator haptic": (OscillatorReservoir(20, device="vo2_haptic"), True),
    "oscillator pulsed": (OscillatorReservoir(20, regime="pulsed"), True),
    "oscillator excitable": (OscillatorReservoir(20, regime="excitable"), True),
    "oscillator recurrent": (OscillatorReservoir(20, regime="recurrent"), True),
    "oscillator recurrent, voltage": (
        OscillatorReservoir(20, regime="recurrent", observable="voltage"), False,
    ),
    "oscillator oscillating": (OscillatorReservoir(20, regime="oscillating"), False),
    "oscillator long steps": (
        OscillatorReservoir(20, regime="oscillating", dt_device=6e-6), True,
    ),
    "oscillator voltage": (
        OscillatorReservoir(20, regime="oscillating", observable="voltage"), False,
    ),
    "oscillator latched": (
        OscillatorReservoir(20, regime=None, v_bias=23.0, v_gain=0.5, observable="voltage"), True,
    ),
    "spiking excitable": (SpikingReservoir(20), True),
    "spiking firing": (SpikingReservoir(20, regime="firing"), False),
    "spiking firing, low bias": (SpikingReservoir(20, regime="firing", v_bias=0.012), True),
    "WOx": (MemristorReservoir(20), True),
    "WOx recurrent": (MemristorReservoir(20, spectral_radius=0.9), True),
    "TiOx": (MemristorReservoir(20, device="tiox_zhong2021"), True),
    "Ag": (MemristorReservoir(20, device="ag_dc"), True),
    "echo state": (EchoStateReservoir(20), True),
    "lags": (NVARReservoir(), True),
}  # fmt: skip
QUICK = ("oscillator excitable", "oscillator recurrent", "spiking excitable",
         "oscillator oscillating", "oscillator voltage", "oscillator long steps",
         "oscillator latched", "spiking firing", "spiking firing, low bias", "VO2 excitable",
         "echo state", "lags")  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in CASES],
)
def test_the_report_agrees_with_two_pasts(name):
    reservoir, forgets = CASES[name]
    assert reservoir.fit(X).regime_of_nodes()["forgets"] is forgets
    found = quality.measure(reservoir, "forgetting", n_steps=1100, n_seeds=2, baselines=False)
    steps = found.steps_to.sel(level=1e-6)
    assert (steps <= 1000).all() if forgets else (~(steps <= 1000)).all()


@pytest.mark.parametrize(
    ("reservoir", "ground"),
    [
        (EchoStateReservoir(5, spectral_radius=1.3), "spectral_radius=1.3 is not below 1"),
        (MemristorReservoir(5, spectral_radius=1.3), "spectral_radius=1.3"),
        (OscillatorReservoir(5, regime="recurrent", spectral_radius=1.2), "spectral_radius=1.2"),
        (VO2Reservoir(5, regime="pulsed", t_off=2e-7), "t_off=2e-07 s is shorter than 4 thermal"),
        (SpikingReservoir(5, recurrent_scaling=10.0), "recurrent_scaling=10"),
        (MemristorReservoir(5, device="ag_fast"), "drawn anew at each switching"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_depends_on_the_drive_is_left_open(reservoir, ground):
    found = reservoir.fit(X).regime_of_nodes()
    assert found["forgets"] is None
    assert ground in found["ground"]


@pytest.mark.parametrize(
    ("reservoir", "ground"),
    [(NoReservoir(), "n_taps"), (EventMemristorReservoir(), "decays")],
    ids=lambda value: type(value).__name__,
)
def test_single_columns_have_a_report_too(reservoir, ground):
    found = reservoir.fit(X).regime_of_nodes()
    assert found["forgets"] is True
    assert ground in found["ground"]


@pytest.mark.parametrize(
    ("reservoir", "instead"),
    [
        (VO2Reservoir(4, regime="oscillating"), "regime='relaxing' or 'pulsed'"),
        (VO2Reservoir(4, regime="excitable"), "lower ambient"),
        (OscillatorReservoir(4, regime="oscillating"), "longer dt_device"),
        (SpikingReservoir(4, regime="firing"), "v_bias below the rheobase"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_does_not_forget_is_said_once(monkeypatch, caplog, reservoir, instead):
    monkeypatch.setattr("mottle.log.SAID", set())
    with caplog.at_level(logging.WARNING, logger="mottle"):
        for _ in range(3):
            reservoir.fit(X)
    lines = [record.getMessage() for record in caplog.records if "forget" in record.getMessage()]
    assert len(lines) == 1
    assert "that start from rest" in lines[0]
    assert instead in lines[0]


def test_what_forgets_or_may_forget_gives_no_line(monkeypatch, caplog):
    monkeypatch.setattr("mottle.log.SAID", set())
    with caplog.at_level(logging.WARNING, logger="mottle"):
        for reservoir in (VO2Reservoir(4), EchoStateReservoir(4, spectral_radius=1.3)):
            reservoir.fit(X)
    assert not [record for record in caplog.records if "forget" in record.getMessage()]


def test_periods_of_nodes_are_those_of_the_device():
    device = ThresholdSwitch()
    d = {name: np.full(3, value) for name, value in device._asdict().items() if name[0] != "s"
         and isinstance(value, float)}  # fmt: skip
    found = periods(d, np.array([5.0, 2.0, 22.0]))
    np.testing.assert_allclose(found, [device.period(5.0), np.inf, np.inf], rtol=1e-12)


def test_the_steady_temperature_balances_heat_and_loss():
    film = VO2Neuristor(t_0=295.0)
    kelvin = steady_temperature(film, 12.0)
    ohm = film.r_0 * np.exp(film.e_a / kelvin) + film.r_metallic  # far below the transition
    current = 12.0 / (ohm + film.r_load)
    assert current**2 * ohm == pytest.approx(film.s_th * (kelvin - 295.0), rel=1e-6)
    assert steady_temperature(film, 24.0) > film.t_c
