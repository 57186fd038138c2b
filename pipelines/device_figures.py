"""A figure of each kind of device: where people would rather look than read."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mottle.pipelines.figures import COLOURS
from mottle.reservoir import devices
from mottle.reservoir.nodes.vo2.device import sweep


def device_figure(name: str) -> Figure:
    """Draw a preset: what it does over time, and what shapes that.

    Oscillators show voltage over time and frequency against bias, a thermal one its resistance with
    minor loops too; neurons spikes and rate against input; memristors their loop and relaxation.

    Parameters
    ----------
    name : str
        A name in ``devices.list()``.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Two panels, three for a thermal oscillator.

    Examples
    --------
    >>> len(device_figure("wox_du2017").axes)
    2
    """
    preset, kind = devices.get(name), devices.list().loc[name, "kind"]
    thermal = isinstance(preset, devices.VO2Neuristor)
    figure = Figure(figsize=(12 if thermal else 8.5, 3.2), layout="constrained")
    axes = figure.subplots(1, 3 if thermal else 2)
    if kind == "oscillator":
        _oscillator(axes, preset)
        if thermal:
            _hysteresis(axes[2], preset)
    elif kind == "programming":
        _programming(axes, preset)
    elif isinstance(preset, devices.PulseMemristor):
        _pulses(axes, preset)
    elif isinstance(preset, devices.AgMemristor) and kind == "neuron":
        _ag_neuron(axes, preset)
    elif kind == "neuron":
        _neuron(axes, preset)
    else:
        _memristor(axes, preset)
    note = " (constants provisional)" if preset.provisional else ""
    figure.suptitle(f"{name}{note}: {preset.source}", fontsize=9)
    return figure


def _oscillator(axes: Any, preset: Any) -> None:
    low, high = preset.window
    span = 12 * preset.time_scale
    run = devices.simulate(preset, 0.6 * low + 0.4 * high, span / 2000, duration=span)
    axes[0].plot(run.time * 1e6, run.device_voltage, color=COLOURS[0], label="device voltage")
    axes[0].set(xlabel="time (µs)", ylabel="V", title=f"at {0.6 * low + 0.4 * high:.3g} V")
    bias = np.linspace(low, high, 42)[1:-1]
    rates = []
    for v_in in bias:
        t = devices.simulate(preset, v_in, span / 500, duration=4 * span).spike_time.values
        rates.append(1 / np.diff(t)[1:].mean() if t.size > 3 else np.nan)
    axes[1].plot(bias, np.array(rates) * 1e-6, ".-", color=COLOURS[1])
    axes[1].set(xlabel="bias (V)", ylabel="frequency (MHz)", title="frequency against bias")


def _hysteresis(axis: Any, preset: Any) -> None:
    turns = [(preset.t_0, 355.0), (355.0, 325.0), (325.0, 338.0), (338.0, 330.0), (330.0, 345.0)]
    path = np.concatenate([np.linspace(a, b, 200) for a, b in turns])
    axis.semilogy(path, sweep(preset, path) * 1e-3, color=COLOURS[2])
    axis.set(xlabel="temperature (K)", ylabel="resistance (kΩ)", title="loop and minor loops")


def _neuron(axes: Any, preset: Any) -> None:
    scale, current = preset.time_scale, isinstance(preset, devices.HHNeuristor)
    if current:
        one, inputs, unit = 1e-6, np.geomspace(2e-8, 3e-5, 40), "input (A)"
    elif isinstance(preset, devices.BurstNeuron):
        one, inputs, unit = 1.1, np.linspace(0.5, 1.4, 37), "supply (V)"
    else:
        low, _ = preset.window
        one, inputs, unit = 1.5 * low, np.linspace(0.9, 5, 42) * low, "supply (V)"
    run = devices.simulate(preset, one, scale / 50, duration=20 * scale)
    out = run.output_voltage if "output_voltage" in run else run.device_voltage
    axes[0].plot(run.time * 1e3, out, color=COLOURS[0])
    axes[0].set(xlabel="time (ms)", ylabel="output (V)", title=f"at {one:.3g} {unit[-2]}")
    rates = []
    for strength in inputs:
        run = devices.simulate(preset, strength, scale / 10, duration=200 * scale)
        rates.append(float((run.spike_time > 100 * scale).sum()) / (100 * scale))
    axes[1].plot(inputs, rates, ".-", color=COLOURS[1])
    axes[1].set(xlabel=unit, ylabel="rate (Hz)", title="rate against input")
    if current:
        axes[1].set_xscale("log")


def _ag_neuron(axes: Any, preset: Any) -> None:
    scale = preset.time_scale
    dt, span = 0.01 * scale, 50 * scale
    run = devices.simulate(preset, 1.0, dt, duration=span)
    axes[0].plot(run.time * 1e3, run.device_voltage, color=COLOURS[0])
    axes[0].set(xlabel="time (ms)", ylabel="device voltage (V)", title="at 1 V")
    volts, first = np.linspace(0.2, 3, 15), []
    for volt in volts:
        times = [
            devices.simulate(preset, volt, dt, duration=span, random_state=k).spike_time.values[:1]
            for k in range(5)
        ]
        first.append(np.median([t[0] if t.size else np.nan for t in times]))
    axes[1].plot(volts, np.array(first) * 1e3, ".-", color=COLOURS[1])
    axes[1].set(xlabel="supply (V)", ylabel="ms", title="time to the first spike")


def _pulses(axes: Any, preset: Any) -> None:
    n = int(min(3 / min(preset.step), 20_000))
    pulses = np.repeat([1.0, -1.0], n)
    quiet = preset._replace(noise=0.0, write_noise=0.0, w_0=preset.w_min)
    axes[0].plot(devices.simulate(quiet, pulses, 1e-7).weight, color=COLOURS[0])
    axes[0].set(xlabel="pulse", ylabel="weight", title="mean answer, up and down")
    for k in range(3):
        run = devices.simulate(preset._replace(w_0=preset.w_min), pulses, 1e-7, random_state=k)
        axes[1].plot(run.weight_shown, lw=0.5, color=COLOURS[k % len(COLOURS)])
    axes[1].set(xlabel="pulse", ylabel="weight shown", title="three devices with their noise")


def _programming(axes: Any, preset: Any) -> None:
    low = max(preset.g_min, 0.02 * preset.g_max)
    targets = np.linspace(low, preset.g_max, 9)
    ages = np.geomspace(1, 1e6, 25)
    run = devices.program(preset, np.repeat(targets, 20), ages, random_state=0)
    axes[0].semilogx(run.age, run.conductance * 1e6, lw=0.4, color=COLOURS[0])
    axes[0].set(xlabel="age (s)", ylabel="µS", title="nine targets, twenty devices each")
    axes[1].semilogx(ages, [devices.levels(preset, float(t)) for t in ages], color=COLOURS[1])
    axes[1].set(xlabel="age (s)", ylabel="levels", title="levels ±2 deviations apart")


def _memristor(axes: Any, preset: Any) -> None:
    scale = preset.time_scale / 50
    scale = preset.t_pulse if isinstance(preset, devices.TiOxMemristor) else scale
    volts = {devices.FerroelectricJunction: 2.5, devices.InterfaceMemristor: 1.5}
    volt = volts.get(type(preset), 1.2)
    wave = volt * np.sin(2 * np.pi * np.arange(800) / 400)
    run = devices.simulate(preset, wave, scale)
    axes[0].plot(run.voltage[400:], run.current[400:] * 1e6, color=COLOURS[0])
    axes[0].set(xlabel="voltage (V)", ylabel="current (µA)", title="second cycle of a sine")
    train = devices.pulse_train(volt, 5 * scale, 10 * scale, scale, n_pulses=10)
    run = devices.simulate(preset, np.concatenate([train, np.zeros(150)]), scale)
    names = [name for name in ("state", "filament", "residue", "on", "progress") if name in run]
    for name, colour in zip(names, COLOURS[1:], strict=False):
        axes[1].plot(run.time, run[name], color=colour, label=name)
    axes[1].legend()
    axes[1].set(xlabel="time (s)", ylabel="state", title="ten pulses, then rest")
