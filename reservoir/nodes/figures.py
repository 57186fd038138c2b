"""Figures of memristors and oscillators that families share; others are in a family's folder.

Each takes the constants of a device and `devices.simulate`, and returns a figure.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.drawing import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 8.5, 3.2  # inch, for two panels
STATES = ("state", "filament", "residue", "on", "progress")  # drawn if a family has them


def panels(n: int = 2) -> tuple["Figure", Any]:
    """Return an empty figure with ``n`` panels side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH if n == 2 else 4 * n, HEIGHT), layout="constrained")
    return figure, figure.subplots(1, n)


def memristor(
    preset: Any, simulate: Callable[..., Any], volt: float = 1.2, dt: float | None = None
) -> "Figure":
    """Draw the loop of a memristor under a sine, and its state after ten pulses."""
    from mottle.reservoir.catalogue import pulse_train

    figure, axes = panels()
    if dt is None:  # pulse models have a fixed step
        dt = getattr(preset, "t_pulse", preset.time_scale / 50)
    wave = volt * np.sin(2 * np.pi * np.arange(800) / 400)
    run = simulate(preset, wave, dt)
    names = [name for name in STATES if name in run]
    names = names or [name for name in run.data_vars if name not in ("voltage", "current")]
    values, label = run[names[0]], names[0]
    if "current" in run:
        values, label = run.current * 1e6, "current (µA)"
    axes[0].plot(run.voltage[400:], values[400:], color=COLOURS[0])
    axes[0].set(xlabel="voltage (V)", ylabel=label, title="second cycle of a sine")
    train = pulse_train(volt, 5 * dt, 10 * dt, dt, n_pulses=10)
    run = simulate(preset, np.concatenate([train, np.zeros(150)]), dt)
    for name, colour in zip(names, COLOURS[1:], strict=False):
        axes[1].plot(run.time, run[name], color=colour, label=name)
    axes[1].legend()
    axes[1].set(xlabel="time (s)", ylabel="state", title="ten pulses, then rest")
    return figure


def memristor_at(
    volt: float, dt: float | None = None
) -> Callable[[Any, Callable[..., Any]], "Figure"]:
    """Return a function that draws a memristor at another voltage, or another step in s."""
    return lambda preset, simulate: memristor(preset, simulate, volt, dt)


def oscillator(preset: Any, simulate: Callable[..., Any], n_panels: int = 2) -> "Figure":
    """Draw the voltage of an oscillator over time, and its frequency against the bias."""
    figure, axes = panels(n_panels)
    low, high = preset.window
    span = 12 * preset.time_scale
    run = simulate(preset, 0.6 * low + 0.4 * high, span / 2000, duration=span)
    axes[0].plot(run.time * 1e6, run.device_voltage, color=COLOURS[0], label="device voltage")
    axes[0].set(xlabel="time (µs)", ylabel="V", title=f"at {0.6 * low + 0.4 * high:.3g} V")
    bias = np.linspace(low, high, 42)[1:-1]
    rates = []
    for v_in in bias:
        t = simulate(preset, v_in, span / 500, duration=4 * span).spike_time.values
        rates.append(1 / np.diff(t)[1:].mean() if t.size > 3 else np.nan)
    axes[1].plot(bias, np.array(rates) * 1e-6, ".-", color=COLOURS[1])
    axes[1].set(xlabel="bias (V)", ylabel="frequency (MHz)", title="frequency against bias")
    return figure


def neuron(
    preset: Any, simulate: Callable[..., Any], one: float, inputs: Any, label: str
) -> "Figure":
    """Draw the spikes of a neuron at the input ``one``, and its rate against ``inputs``."""
    figure, axes = panels()
    scale = preset.time_scale
    run = simulate(preset, one, scale / 50, duration=20 * scale)
    out = run.output_voltage if "output_voltage" in run else run.device_voltage
    axes[0].plot(run.time * 1e3, out, color=COLOURS[0])
    axes[0].set(xlabel="time (ms)", ylabel="output (V)", title=f"at {one:.3g} {label[-2]}")
    rates = []
    for strength in inputs:
        run = simulate(preset, strength, scale / 10, duration=200 * scale)
        rates.append(float((run.spike_time > 100 * scale).sum()) / (100 * scale))
    axes[1].plot(inputs, rates, ".-", color=COLOURS[1])
    axes[1].set(xlabel=label, ylabel="rate (Hz)", title="rate against input")
    return figure
