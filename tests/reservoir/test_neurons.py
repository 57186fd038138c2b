"""Neurons on threshold switches and Ag devices: firing, bursts, noise, random delays."""

import numpy as np
import pytest
from naive import devices as naive
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir import devices
from mottle.reservoir.nodes.oscillator.device import ThresholdSwitch


@pytest.mark.parametrize("v_in", [1.2, 2.0, 5.0])
def test_integrate_and_fire_has_its_first_spike_in_closed_form(v_in):
    d = devices.get("ts_lif")
    v_end = v_in * d.r_insulating / (d.r_insulating + d.r_series)
    expected = d.time_scale * np.log(v_end / (v_end - d.v_high))
    run = devices.simulate(d, v_in, 1e-6, duration=3e-3)
    assert_allclose(run.spike_time[0], expected, rtol=1e-12)
    assert_allclose(np.diff(run.spike_time)[1:], d.period(v_in), rtol=1e-9)


def test_integrate_and_fire_leaks_and_has_a_rheobase():
    d = devices.get("ts_lif")
    rheobase = d.v_high * (1 + d.r_series / d.r_insulating)
    for v_in, spikes in ((rheobase * 0.999, False), (rheobase * 1.001, True)):
        assert (devices.simulate(d, v_in, 1e-6, duration=5e-3).sizes["spike"] > 0) == spikes
    # two halves of a pulse that fires do not fire when the leak has time between them
    wave = np.full(90, 2.0)
    assert devices.simulate(d, wave, 1e-6).sizes["spike"] == 1
    apart = np.r_[wave[:45], np.zeros(300), wave[:45]]
    assert devices.simulate(d, apart, 1e-6).sizes["spike"] == 0


@pytest.mark.parametrize(("v_in", "burst"), [(0.7, 1), (0.85, 1), (1.0, 2), (1.1, 2), (1.2, 2)])
def test_bursts_have_one_spike_at_low_bias_and_two_at_high(v_in, burst):
    t = devices.simulate("nbo2_burst", v_in, 1e-5, duration=0.05).spike_time.values[6:]
    intervals = np.diff(t)
    within = intervals[intervals < intervals.mean()] if burst == 2 else intervals
    if burst == 1:
        assert_allclose(intervals, intervals[0], rtol=1e-6)
    else:
        assert_array_equal(np.diff(intervals < intervals.mean()), True)  # short, long, short, ...
        assert intervals.max() > 1.8 * within.max()


def test_bursts_come_at_a_rate_linear_in_the_bias():
    bias = np.array([0.7, 0.8, 0.9, 1.0, 1.1, 1.2])
    rates = []
    for v_in in bias:
        t = devices.simulate("nbo2_burst", v_in, 1e-5, duration=0.05).spike_time.values[6:]
        n_bursts = t.size - (np.diff(t) < 2e-4).sum()
        rates.append(n_bursts / (t[-1] - t[0]))
    assert np.corrcoef(bias, rates)[0, 1] > 0.99


def test_stochastic_resonance_peaks_where_the_reference_does():
    t = (np.arange(20_000) + 0.5) * 1e-6
    wave = 2.25 + 0.08 * np.sin(2 * np.pi * 5e3 * t)  # below the threshold of 2.388 V
    millivolt = [10, 15, 20, 30, 40, 60, 80, 120, 200, 300]
    reference = [0, 3.6, 42, 193, 298, 296, 184, 85, 32, 18]
    power = []
    for sigma in millivolt:
        powers, noise = [], {"voltage_noise": sigma * 1e-3, "dt_inner": 5e-8}
        for seed in range(3):
            run = devices.simulate("vo2_pwl", wave, 1e-6, random_state=seed, **noise)
            spikes = run.spike_time.values
            n = max(spikes.size, 1)
            powers.append(np.abs(np.exp(2j * np.pi * 5e3 * spikes).sum()) ** 2 / n)
        power.append(np.mean(powers))
    assert power[0] == 0.0
    assert millivolt[int(np.argmax(power))] in (40, 60)
    assert (np.diff(power[:5]) > 0).all()
    assert (np.diff(power[5:]) < 0).all()
    assert_allclose(power[3:], reference[3:], rtol=0.3)


def test_threshold_noise_makes_intervals_irregular():
    # at a bias just above the threshold, where the charging curve is flat
    variation = []
    for noise in (0.0, 0.002, 0.01):
        t = devices.simulate("vo2_pwl", 2.5, 1e-5, duration=5e-3, threshold_noise=noise).spike_time
        intervals = np.diff(t)[1:]
        variation.append(intervals.std() / intervals.mean())
    assert variation[0] < 1e-9
    assert variation[1] > 0.01
    assert variation[2] > 4 * variation[1]


def test_voltage_noise_has_the_requested_deviation_and_time_constant():
    # a supply far below the threshold: the voltage is a plain Ornstein-Uhlenbeck process
    run = devices.simulate("vo2_pwl", 0.5, 1e-7, duration=5e-3, voltage_noise=0.02)
    v = run.device_voltage.values[1000:] - 0.5 / 1.2
    assert_allclose(v.std(), 0.02, rtol=0.05)
    lag = 10
    tau = -lag * 1e-7 / np.log(np.corrcoef(v[:-lag], v[lag:])[0, 1])
    assert_allclose(tau, devices.get("vo2_pwl").time_scale, rtol=0.1)


def test_ag_neuron_integrates_pulses_and_fires_earlier_at_more_volt():
    first = []
    for volt in (1.5, 2.5, 3.5):
        wave = devices.pulse_train(volt, 5e-6, 1e-5, 1e-6, n_pulses=400)
        times = [
            devices.simulate("ag_lif", wave, 1e-6, random_state=seed).spike_time.values[:1]
            for seed in range(12)
        ]
        first.append(np.median([t[0] if t.size else np.inf for t in times]))
    assert 5e-6 < first[2] < first[1] < first[0]
    rare = devices.pulse_train(2.5, 5e-6, 1e-4, 1e-6, n_pulses=40)
    assert devices.simulate("ag_lif", rare, 1e-6).sizes["spike"] == 0


def test_bursting_circuit_equals_scipy():
    run = devices.simulate("nbo2_burst", 1.1, 1e-5, duration=4e-3)
    found = naive.burst(devices.get("nbo2_burst"), 1.1, 4e-3)
    assert found.size > 8
    assert_allclose(run.spike_time, found, rtol=1e-7)
    assert_allclose(run.current * np.where(run.metallic > 0, 1e3, 10e6), run.output_voltage)


@pytest.mark.parametrize(("name", "duration"), [("ag_pulse", 8e-3), ("ag_osc", 20e-3)])
def test_ag_filament_converges_to_scipy_with_the_first_order_of_its_method(name, duration):
    device = devices.get(name)._replace(noise_1=0.0, residue=(0.3, 0.3))
    steps, errors = np.array([8e-6, 4e-6, 2e-6, 1e-6]), []
    f, r = naive.filament(device, 0.9, duration)
    assert 0.05 < f < 0.6  # before it closes
    for dt in steps:
        run = devices.simulate(device, 0.9, duration, duration=duration, dt_inner=dt)
        errors.append(abs(float(run.filament[-1]) - f) + abs(float(run.residue[-1]) - r))
    assert errors[-1] < 2e-3
    assert_allclose(np.polyfit(np.log(steps), np.log(errors), 1)[0], 1.0, atol=0.15)


def test_ag_oscillator_ticks_between_its_limits():
    counts = [
        devices.simulate("ag_osc", v_in, 1e-3, duration=1.0).sizes["spike"]
        for v_in in (0.05, 0.5, 1.0, 5.0)
    ]
    assert counts[0] == 0
    assert 5 < counts[1] < counts[2]
    assert counts[3] == 1  # it stays on


def test_closed_filament_thickens_and_keeps_its_silver():
    run = devices.simulate("ag_dc", np.r_[np.full(400, 0.5), np.zeros(50)], 1e-3)
    closed = run.thickness > 1
    assert closed.any()
    silver = (run.filament + run.residue).values[closed]
    assert_allclose(silver, 1.0, atol=1e-9)
    assert_allclose(run.current.max(), 1e-6)  # compliance


def test_fast_ag_device_has_the_delays_of_its_preset_for_any_step():
    d = devices.get("ag_fast")
    for v_in in (0.8, 1.2, 2.0):
        for dt in (1e-4, 1e-2):
            on = [devices.simulate(d, v_in, dt, duration=0.2, random_state=k).spike_time.values[0]
                  for k in range(200)]  # fmt: skip
            assert_allclose(np.mean(on), d.delay * np.exp(-v_in / d.v_scale), rtol=0.1)
            assert_allclose(np.std(on) / np.mean(on), d.noise_on, rtol=0.2)
    assert devices.simulate(d, 0.45, 1e-3, duration=1.0).sizes["spike"] == 0
    held = devices.simulate(d, np.r_[np.full(20, 2.0), np.full(50, 0.2), np.zeros(9)], 1e-3)
    assert held.on.values[-10] == 1  # above the hold voltage
    assert held.on.values[-1] == 0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vo2_pwl", {"voltage_noise": -0.1}, r"voltage_noise=-0.1 V must be .* at least 0"),
        (
            "vo2_pwl",
            {"voltage_noise": 0.1, "dt_inner": 1e-6},
            "dt_inner=1e-06 s must be .* at most 1.66",
        ),
        ("nbo2_hh", {"voltage_noise": 0.1}, "have no option 'voltage_noise'"),
        (devices.BurstNeuron(v_low_slow=0.6), {}, "device.v_low_slow=0.6 V must lie below"),
        (devices.FastAgMemristor(v_low=0.6), {}, "a volatile switch holds at a lower voltage"),
        (devices.AgMemristor(capacitance=1e-9, r_series=0.0), {}, "must not be 0"),
    ],
)
def test_impossible_noise_and_constants_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        devices.simulate(name, [1.0], 1e-6, **options)


def test_kind_follows_the_circuit():
    kinds = devices.list()["kind"]
    assert kinds["ts_lif"] == kinds["ag_lif"] == kinds["nbo2_burst"] == "neuron"
    assert kinds["vo2_pwl"] == "oscillator"
    assert kinds["ag_pulse"] == "volatile"
    assert ThresholdSwitch(v_low=0.01).kind == "neuron"
