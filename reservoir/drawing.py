"""Figures of devices and circuits: the only module below the pipelines that draws.

matplotlib is imported inside the functions, and without pyplot, so that nothing is shared between
threads and nothing is loaded that is not drawn.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito


def forgetting(left: xr.Dataset) -> "Figure":
    """Draw weights (frequency, n_pulses, delay) after trains of pulses, a panel a frequency."""
    from matplotlib.figure import Figure

    rates = left.frequency.values
    figure = Figure(figsize=(4 * len(rates), 3.2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(rates), sharey=True))
    for axis, rate in zip(axes, rates, strict=True):
        for k, n in enumerate(left.n_pulses.values):
            weight = left.weight.sel(frequency=rate, n_pulses=n)
            axis.plot(left.delay, weight, color=COLOURS[k % len(COLOURS)], label=f"{n}")
        axis.set(xlabel="time after the last pulse (s)", title=f"{rate:g} Hz")
    axes[0].set(ylabel="weight", ylim=(0, None))
    axes[-1].legend(title="pulses", fontsize="small")
    return figure


def stdp_curves(curves: dict[str, xr.DataArray]) -> "Figure":
    """Draw changes against the time between two spikes, a panel a name."""
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
    """Draw weights (neuron, row, column, channel), a tile a neuron; NaN where it sees nothing.

    Two channels are off and on events, drawn as their difference where ``centres`` asks for it;
    otherwise their mean is.
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
