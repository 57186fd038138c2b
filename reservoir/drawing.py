"""Figures of devices and circuits: the only module below the pipelines that draws.

matplotlib is imported inside the functions, and without pyplot, so that nothing is shared between
threads and nothing is loaded that is not drawn.
"""

from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito


def ir_drop(errors: xr.Dataset) -> "Figure":
    """Draw a crossbar's relative errors: cell by cell as a map, and of its outputs as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    cells, outputs = figure.subplots(1, 2)
    values = 100 * errors.cell_error
    shown = cells.imshow(values, cmap="viridis", aspect="auto", interpolation="nearest")
    figure.colorbar(shown, ax=cells, label="error of the cell's voltage (%)")
    cells.set(xlabel="column", ylabel="row")
    outputs.plot(100 * errors.output_error, color=COLOURS[0])
    outputs.axhline(100 * float(errors.mean_error), color="0.4", ls=":", label="mean")
    outputs.set(xlabel="column", ylabel="error of its current (%)")
    outputs.legend()
    return figure


def sneak(margins: xr.Dataset, criterion: float = 0.1) -> "Figure":
    """Draw swings (curve, n) against the array's side, one line a curve, and the least swing."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axis = figure.subplots()
    for k, curve in enumerate(margins.curve.values):
        swing = margins.swing.sel(curve=curve)
        axis.plot(margins.n, 100 * swing, ".-", color=COLOURS[k % len(COLOURS)], label=str(curve))
    axis.axhline(100 * criterion, color="0.4", ls=":", label="least that is read")
    axis.set(xscale="log", xlabel="rows and columns", ylabel="swing (% of read voltage)")
    axis.legend(fontsize="small")
    return figure


def robustness(scores: xr.Dataset) -> "Figure":
    """Draw scores over draws of the cells, one panel an axis: median, 5 % and the worst."""
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(scores.axis.values.tolist()))
    figure = Figure(figsize=(2.4 * len(axes) + 0.6, 2.8), layout="constrained")
    panels = figure.subplots(1, len(axes), squeeze=False)[0]
    for panel, name in zip(panels, axes, strict=True):
        here = scores.isel(point=scores.axis.values == name)
        place = range(here.sizes["point"])
        panel.axhline(float(scores.score_float), color="0.4", ls=":", label="floating point")
        panel.fill_between(place, here.low, here.median_score, color=COLOURS[0], alpha=0.25)
        panel.plot(place, here.median_score, ".-", color=COLOURS[0], label="median")
        panel.plot(place, here.low, color=COLOURS[0], lw=0.7, label="5 %")
        panel.plot(place, here.worst, "v", ms=4, color=COLOURS[1], label="worst")
        shown = here.value.values / (86_400.0 if name == "age" else 1.0)  # in days
        panel.set_xticks(place, [f"{value:.3g}" for value in shown], rotation=45)
        panel.set(xlabel=scores.attrs["labels"][axes.index(name)])
    panels[0].set(ylabel=scores.attrs["score"])
    panels[0].legend(fontsize="small")
    return figure
