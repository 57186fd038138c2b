"""Figure of a fit: measured values and model over time, and the residuals."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mottle.reservoir.drawing import COLOURS
from mottle.reservoir.fitting.table import UNITS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_fit(samples: pd.DataFrame, most: int, family: str) -> "Figure":
    """Draw the traces with the largest residuals, each with its residuals below."""
    from matplotlib.figure import Figure

    groups = list(samples.groupby(["device", "trace", "cycle", "quantity"], sort=False))
    groups.sort(key=lambda one: -float(np.square(one[1].residual).mean()))
    groups = groups[:most]
    width = max(4.2, 2.9 * len(groups))
    figure = Figure(figsize=(width, 4.4), layout="constrained")
    axes = figure.subplots(
        2, len(groups), squeeze=False, sharex="col", gridspec_kw={"height_ratios": (2, 1)}
    )
    for column, (key, rows) in enumerate(groups):
        above, below = axes[:, column]
        above.plot(rows.time, rows.measured, ".", ms=2.5, color="0.55", label="measured")
        above.plot(rows.time, rows.model, color=COLOURS[0], lw=1, label="model")
        *labels, quantity = map(str, key)
        above.set(
            ylabel=f"{quantity.replace('_', ' ')} ({UNITS[quantity]})",
            title=" ".join(part for part in labels if part) or family,
        )
        below.axhline(0, color="0.4", lw=0.6)
        below.plot(rows.time, 100 * rows.residual, ".", ms=2, color=COLOURS[1])
        below.set(xlabel="time (s)", ylabel="residual (%)")
    axes[0, 0].legend(fontsize="small")
    return figure
