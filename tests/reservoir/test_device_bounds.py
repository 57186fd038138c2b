"""Constants and voltages without physical sense are refused where they are used."""

import numpy as np
import pytest

from mottle.reservoir import (
    Crossbar,
    DeviceReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    STDPLayer,
    VO2Reservoir,
    devices,
    spike_energy,
)
from mottle.reservoir.catalogue import FAMILIES
from mottle.reservoir.nodes.spiking.device import LIF

NOT_NUMBERS = ("source", "provisional", "rule", "drift")
CONSTANTS = [
    (name, field)
    for family in FAMILIES
    for name in [next(iter(family.presets))]
    for field in family.presets[name]._fields
    if field not in NOT_NUMBERS
]


def changed(name, field, value):
    preset = devices.get(name)
    old = getattr(preset, field)
    whole = (value,) * max(1, len(old)) if isinstance(old, tuple) else value
    return preset._replace(**{field: whole})


def used(device):
    if isinstance(device, devices.Programming):
        return devices.levels(device)
    return devices.simulate(device, np.full(3, 1e-6), 1e-9)


@pytest.mark.parametrize(("name", "field"), CONSTANTS)
@pytest.mark.parametrize("value", [np.nan, 1e30, -1e30, "1"])
def test_an_absurd_constant_is_refused_where_the_device_is_used(name, field, value):
    with pytest.raises((ValueError, TypeError), match=rf"device\.{field}|{field}"):
        used(changed(name, field, value))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: used(devices.get("vo2_neuristor")._replace(t_0=-5.0)),
         r"device.t_0=-5.0 K must be a finite number, at least 1 and at most 5000"),
        (lambda: used(devices.get("wox_du2017")._replace(eta=900.0)), r"device.eta=900.0 1/V must"),
        (lambda: used(devices.get("yakopcic_miao")._replace(x_p=1.0)), r"device.x_p=1.0 must be"),
        (lambda: used(devices.get("reram_sb")._replace(g_min=1.0)), r"device.g_min=1.0 S must lie"),
        (lambda: VO2Reservoir(2, device=devices.get("vo2_neuristor")._replace(s_th=0.0))
         .fit([[0.0]]), r"device.s_th=0.0 W/K"),
        (lambda: MemristorReservoir(2, device=devices.get("wox_du2017")._replace(alpha=0.0))
         .fit([[0.0]]), r"device.alpha=0.0 A"),
        (lambda: DeviceReservoir(2, device=devices.get("tiox_zhong2021")._replace(k_p=-1.0))
         .fit([[0.0]]), r"device.k_p=-1.0 A/V\^3"),
        (lambda: OscillatorReservoir(2, device=devices.get("vo2_pwl")._replace(capacitance=0.0))
         .fit([[0.0]]), r"device.capacitance=0.0 F"),
        (lambda: EventMemristorReservoir(device=devices.get("stm_event")._replace(g_max=0.0))
         .fit(np.zeros((3, 2))), r"device.g_max=0.0 S"),
        (lambda: SpikingReservoir(2, device=LIF(gain=-1.0)).fit([[0.0]]), r"device.gain=-1.0 must"),
        (lambda: Crossbar((2, 2), device=devices.get("memdiode_hfo2")._replace(i_on=0.0)),
         r"device.i_on=0.0 A"),
        (lambda: Crossbar((2, 2), device=devices.get("wan2022")._replace(g_max=np.inf)),
         r"device.g_max=inf S"),
        (lambda: STDPLayer(2, device=devices.get("reram_sb")._replace(noise=-1.0))
         .fit(np.ones((2, 5, 3))), r"device.noise=-1.0 must"),
        (lambda: spike_energy(devices.get("vo2_neuristor")._replace(c_th=0.0)),
         r"device.c_th=0.0 J/K"),
        (lambda: devices.film_resistance(devices.get("vo2_neuristor")._replace(gamma=0.0), [300.0]),
         r"device.gamma=0.0 must"),
    ],
)  # fmt: skip
def test_every_use_of_constants_checks_them(use, message):
    with pytest.raises(ValueError, match=message):
        use()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.device.__name__)
def test_all_presets_lie_within_their_bounds(family):
    for preset in family.presets.values():
        family.check(preset)


@pytest.mark.parametrize("name", devices.list().query("kind != 'programming'").index)
@pytest.mark.parametrize("volts", [1e-9, 3.0, 62.0, 1200.0, 1e4, 1e300])
@pytest.mark.parametrize("sign", [1, -1])
def test_no_voltage_gives_a_number_that_is_none(name, volts, sign):
    scale = devices.get(name).time_scale
    try:
        run = devices.simulate(name, np.full(3, sign * volts), scale / 1000)
    except ValueError as error:
        assert any(word in str(error) for word in ("can be computed", "hold no longer", "dt"))  # noqa: PT017
        return
    for variable in run.data_vars.values():
        assert np.isfinite(variable).all()
    assert (run.current * sign >= -1e-15).all() or "spike_time" in run


@pytest.mark.parametrize(
    ("name", "volts", "limit"),
    [("memdiode_hfo2", 65.0, "62"), ("wox_du2017", 1200.0, "86.2"), ("yakopcic_miao", 1e3, "690")],
)
def test_a_voltage_beyond_the_equations_is_named_with_its_limit(name, volts, limit):
    message = rf"voltage={volts:g} V at step 1 is beyond {limit} V, up to which the equations"
    with pytest.raises(ValueError, match=message):
        devices.simulate(name, [0.0, volts], 1e-9)
    devices.simulate(name, [0.0, 0.999 * float(limit)], 1e-300)
