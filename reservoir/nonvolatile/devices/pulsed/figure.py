"""Figure of memristors with a pulse response."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.nodes.figures import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def pulses(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw the mean response to pulses up and down, and three devices with noise."""
    figure, axes = panels()
    n = int(min(3 / min(preset.step), 20_000))
    train = np.repeat([1.0, -1.0], n)
    quiet = preset._replace(noise=0.0, write_noise=0.0, w_0=preset.w_min)
    axes[0].plot(simulate(quiet, train, 1e-7).weight, color=COLOURS[0])
    axes[0].set(xlabel="pulse", ylabel="weight", title="mean response, up and down")
    for k in range(3):
        run = simulate(preset._replace(w_0=preset.w_min), train, 1e-7, random_state=k)
        axes[1].plot(run.weight_shown, lw=0.5, color=COLOURS[k % len(COLOURS)])
    axes[1].set(xlabel="pulse", ylabel="weight as read", title="three devices with noise")
    return figure
