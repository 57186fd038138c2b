"""Figures of devices and circuits: the only module below the pipelines that draws.

matplotlib is imported inside the functions, and without pyplot, whose global state is not safe
with threads.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito


def ir_drop(errors: xr.Dataset) -> "Figure":
    """Draw a crossbar's relative errors: those of cells as a map, those of outputs as a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    cells, outputs = figure.subplots(1, 2)
    values = 100 * errors.cell_error
    image = cells.imshow(values, cmap="viridis", aspect="auto", interpolation="nearest")
    figure.colorbar(image, ax=cells, label="error of the cell's voltage (%)")
    cells.set(xlabel="column", ylabel="row")
    outputs.plot(100 * errors.output_error, color=COLOURS[0])
    outputs.axhline(100 * float(errors.mean_error), color="0.4", ls=":", label="mean")
    outputs.set(xlabel="column", ylabel="error of its current (%)")
    outputs.legend()
    return figure


def sneak(margins: xr.Dataset, criterion: float = 0.1) -> "Figure":
    """Draw swings (curve, n) against the number of rows, a line per curve, and the criterion."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axis = figure.subplots()
    for k, curve in enumerate(margins.curve.values):
        swing = margins.swing.sel(curve=curve)
        axis.plot(margins.n, 100 * swing, ".-", color=COLOURS[k % len(COLOURS)], label=str(curve))
    axis.axhline(100 * criterion, color="0.4", ls=":", label="least readable swing")
    axis.set(xscale="log", xlabel="rows and columns", ylabel="swing (% of read voltage)")
    axis.legend(fontsize="small")
    return figure


def duration(seconds: float) -> str:
    """Format a time in the largest unit that gives at least 1.

    Examples
    --------
    >>> [duration(t) for t in (0.0, 0.5, 60.0, 3600.0, 86_400.0, 2_592_000.0)]
    ['0', '0.5 s', '1 min', '1 h', '1 d', '30 d']
    """
    if seconds == 0:
        return "0"
    units = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
    unit = next((name for name, size in units.items() if seconds >= size), "s")
    return f"{seconds / units[unit]:.3g} {unit}"


def robustness(scores: xr.Dataset) -> "Figure":
    """Draw scores over draws of the cells, a panel per perturbation: median, 5 % and the worst."""
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
        label = duration if name == "age" else "{:.4g}".format
        panel.set_xticks(place, [label(value) for value in here.value.values], rotation=45)
        panel.set(xlabel=scores.attrs["labels"][axes.index(name)])
    panels[0].set(ylabel=scores.attrs["score"])
    panels[0].legend(fontsize="small")
    return figure


def forgetting(weights: xr.Dataset) -> "Figure":
    """Draw weights (frequency, n_pulses, delay) after pulse trains, a panel per frequency."""
    from matplotlib.figure import Figure

    rates = weights.frequency.values
    figure = Figure(figsize=(4 * len(rates), 3.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(rates), sharey=True))
    for axis, rate in zip(axes, rates, strict=True):
        for k, n in enumerate(weights.n_pulses.values):
            weight = weights.weight.sel(frequency=rate, n_pulses=n)
            axis.plot(weights.delay, weight, color=COLOURS[k % len(COLOURS)], label=f"{n}")
        axis.set(xlabel="time after the last pulse (s)", title=f"{rate:g} Hz")
    axes[0].set(ylabel="weight", ylim=(0, None))
    axes[-1].legend(title="pulses", fontsize="small")
    return figure


def stdp_curves(curves: dict[str, xr.DataArray]) -> "Figure":
    """Draw weight changes against the time between two spikes, a panel per curve."""
    from matplotlib.figure import Figure

    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, curve) in zip(axes, curves.items(), strict=False):
        for sign, colour in ((1, COLOURS[0]), (-1, COLOURS[1])):
            side = curve.values[curve.delta_t.values * sign > 0]
            axis.plot(1e3 * curve.delta_t[curve.delta_t * sign > 0], side, color=colour)
        axis.axhline(0, color="0.7", lw=0.5)
        axis.set_title(name, fontsize="small")
        unit = "" if curve.attrs.get("units", "1") == "1" else f" ({curve.attrs['units']})"
        axis.set(xlabel="neuron after input (ms)", ylabel=f"change{unit}")
    for axis in axes[len(curves) :]:
        axis.set_axis_off()
    return figure


def receptive_fields(weights: NDArray, centres: bool) -> "Figure":
    """Draw weights (neuron, row, column, channel), a tile per neuron; NaN outside its field.

    With ``centres`` two channels, off and on events, are drawn as their difference, otherwise as
    their mean.
    """
    from matplotlib.figure import Figure

    n = len(weights)
    columns = int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    figure = Figure(figsize=(0.9 * columns, 0.9 * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    tiles = weights[..., -1] - weights[..., 0] if centres else weights.mean(axis=-1)
    top = float(np.nanmax(np.abs(tiles)))
    for axis, tile in zip(axes, tiles, strict=False):
        axis.imshow(
            tile, cmap="coolwarm" if centres else "viridis", vmin=-top if centres else 0, vmax=top
        )
    return figure
