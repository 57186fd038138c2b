"""Figure of devices described by write statistics."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.nodes.figures import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def written_cells(preset: Any, simulate: Callable[..., Any]) -> "Figure":
    """Draw ageing cells at nine targets, and the number of distinguishable levels over time."""
    from mottle.reservoir.nonvolatile.devices.programming.device import levels, program

    figure, axes = panels()
    low = max(preset.g_min, 0.02 * preset.g_max)
    targets = np.linspace(low, preset.g_max, 9)
    ages = np.geomspace(1, 1e6, 25)
    run = program(preset, np.repeat(targets, 20), ages, random_state=0)
    axes[0].semilogx(run.age, run.conductance * 1e6, lw=0.4, color=COLOURS[0])
    axes[0].set(xlabel="age (s)", ylabel="µS", title="nine targets, twenty devices each")
    axes[1].semilogx(ages, [levels(preset, float(t)) for t in ages], color=COLOURS[1])
    axes[1].set(xlabel="age (s)", ylabel="levels", title="levels ±2 deviations apart")
    return figure
