"""Figure of diffusive memristors that fire."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.nodes.figures import memristor, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def filament(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw a device whose circuit fires as a neuron, others as memristors."""
    if preset.kind != "neuron":
        return memristor(preset, simulate)
    figure, axes = panels()
    scale = preset.time_scale
    dt, span = 0.01 * scale, 50 * scale
    run = simulate(preset, 1.0, dt, duration=span)
    axes[0].plot(run.time * 1e3, run.device_voltage, color=COLOURS[0])
    axes[0].set(xlabel="time (ms)", ylabel="device voltage (V)", title="at 1 V")
    volts, first = np.linspace(0.2, 3, 15), []
    for volt in volts:
        times = [
            simulate(preset, volt, dt, duration=span, random_state=k).spike_time.values[:1]
            for k in range(5)
        ]
        first.append(np.median([t[0] if t.size else np.nan for t in times]))
    axes[1].plot(volts, np.array(first) * 1e3, ".-", color=COLOURS[1])
    axes[1].set(xlabel="supply (V)", ylabel="ms", title="time to the first spike")
    return figure
