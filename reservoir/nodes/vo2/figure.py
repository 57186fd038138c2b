"""Figure of VO2 neuristors: that of an oscillator, and the hysteresis loop of the film."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.nodes.figures import oscillator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def neuristor(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw voltage, frequency, and resistance with minor loops."""
    from mottle.reservoir.nodes.vo2.device import film_resistance

    figure = oscillator(preset, simulate, n_panels=3)
    turns = [(preset.t_0, 355.0), (355.0, 325.0), (325.0, 338.0), (338.0, 330.0), (330.0, 345.0)]
    path = np.concatenate([np.linspace(a, b, 200) for a, b in turns])
    axis = figure.axes[2]
    axis.semilogy(path, film_resistance(preset, path) * 1e-3, color=COLOURS[2])
    axis.set(xlabel="temperature (K)", ylabel="resistance (kΩ)", title="loop and minor loops")
    return figure
