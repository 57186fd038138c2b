"""A figure of each kind of device: where people would rather look than read."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mottle.pipelines.figures import COLOURS
from mottle.reservoir import devices
from mottle.reservoir.devices.vo2 import sweep


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
    scale = preset.time_scale
    run = devices.simulate(preset, 1e-6, scale / 50, duration=20 * scale)
    axes[0].plot(run.time * 1e3, run.output_voltage, color=COLOURS[0])
    axes[0].set(xlabel="time (ms)", ylabel="output (V)", title="at 1 µA")
    inputs = np.geomspace(2e-8, 3e-5, 40)
    rates = []
    for i_in in inputs:
        run = devices.simulate(preset, i_in, scale / 10, duration=200 * scale)
        rates.append(float((run.spike_time > 100 * scale).sum()) / (100 * scale))
    axes[1].semilogx(inputs * 1e6, rates, ".-", color=COLOURS[1])
    axes[1].set(xlabel="input (µA)", ylabel="rate (Hz)", title="rate against input")


def _memristor(axes: Any, preset: Any) -> None:
    scale = preset.t_pulse if isinstance(preset, devices.TiOxMemristor) else preset.time_scale / 50
    wave = 1.2 * np.sin(2 * np.pi * np.arange(800) / 400)
    run = devices.simulate(preset, wave, scale)
    axes[0].plot(run.voltage[400:], run.current[400:] * 1e6, color=COLOURS[0])
    axes[0].set(xlabel="voltage (V)", ylabel="current (µA)", title="second cycle of a sine")
    train = devices.pulse_train(1.2, 5 * scale, 10 * scale, scale, n_pulses=10)
    run = devices.simulate(preset, np.concatenate([train, np.zeros(150)]), scale)
    for name, colour in zip(("state", "filament", "residue"), COLOURS[1:], strict=False):
        if name in run:
            axes[1].plot(run.time, run[name], color=colour, label=name)
            axes[1].legend()
    axes[1].set(xlabel="time (s)", ylabel="state", title="ten pulses, then rest")
