"""Figures of threshold switches: oscillators and neurons."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.nodes.figures import neuron, oscillator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def switch(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw one switch as a neuron or as an oscillator, depending on its kind."""
    if preset.kind == "oscillator":
        return oscillator(preset, simulate)
    low, _ = preset.window
    return neuron(preset, simulate, 1.5 * low, np.linspace(0.9, 5, 42) * low, "supply (V)")


def neuristor(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw two switches between opposite rails."""
    figure = neuron(preset, simulate, 1e-6, np.geomspace(2e-8, 3e-5, 40), "input (A)")
    figure.axes[1].set_xscale("log")
    return figure


def bursts(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw a slow and a fast switch on one supply."""
    return neuron(preset, simulate, 1.1, np.linspace(0.5, 1.4, 37), "supply (V)")
