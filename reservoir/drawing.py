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
