"""Figure of a channel with a metallic core: that of an oscillator, and its static curve."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.nodes.figures import oscillator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def channel(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw voltage, frequency, and the cycle around the static curve of current and voltage."""
    figure = oscillator(preset, simulate, n_panels=3)
    axis, (low, high) = figure.axes[2], preset.window
    volts, amperes = preset.static()
    shown = volts <= 1.05 * preset.v_threshold
    axis.semilogy(volts[shown], amperes[shown] * 1e6, color=COLOURS[0], label="static")
    span = 12 * preset.time_scale
    run = simulate(preset, 0.6 * low + 0.4 * high, span / 4000, duration=span)
    late = run.time > span / 2
    axis.plot(run.device_voltage[late], run.current[late] * 1e6, color=COLOURS[1], label="cycle")
    axis.set(xlabel="device voltage (V)", ylabel="current (µA)", title="static curve and cycle")
    axis.legend()
    return figure
