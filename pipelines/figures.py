"""Figures of an experiment, drawn without pyplot so that nothing is shared between threads."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mottle.pipelines.metrics import Metric

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito


def event_frames(events: NDArray, sensor_size: tuple[int, int], n_frames: int = 6) -> Figure:
    """Draw events as frames: on events warm, off events cold."""
    figure = Figure(figsize=(1.7 * n_frames, 2.0), layout="constrained")
    t = (events["t"] - events["t"][0]) * 1e-3
    edges = np.linspace(0, t[-1] + 1e-9, n_frames + 1)
    axes = np.atleast_1d(figure.subplots(1, n_frames))
    for axis, low, high in zip(axes, edges[:-1], edges[1:], strict=True):
        now = events[(t >= low) & (t < high)]
        frame = np.zeros(sensor_size[::-1])
        sign = np.where(now["p"].astype(bool), 1, -1)
        np.add.at(frame, (now["y"], now["x"]), sign)
        axis.imshow(frame, cmap="coolwarm", vmin=-3, vmax=3)
        axis.set(xticks=[], yticks=[], title=f"{low:.0f}-{high:.0f} ms")
    return figure


def sampled_traces(stream: xr.DataArray, title: str) -> Figure:
    """Draw channels against time: all as an image, the six that move most as lines."""
    figure = Figure(figsize=(10, 2.6), layout="constrained")
    image, lines = figure.subplots(1, 2)
    values = stream.to_numpy() - stream.to_numpy()[0]
    spread = values.std(axis=0)
    time = stream["time"].to_numpy()
    scaled = values / np.where(spread > 0, spread, 1.0)
    image.imshow(
        scaled.T, aspect="auto", cmap="coolwarm", vmin=-3, vmax=3,
        extent=(time[0], time[-1], values.shape[1], 0),
    )  # fmt: skip
    image.set(xlabel="time (s)", ylabel="channel", title=f"{title}: change since start, scaled")
    for colour, channel in zip(COLOURS, np.argsort(-spread), strict=False):
        name = str(stream["channel"].to_numpy()[channel])
        lines.plot(time, values[:, channel], color=colour, label=name)
    lines.set(xlabel="time (s)", ylabel=f"change ({stream.attrs.get('units', '1')})")
    lines.legend(fontsize="small", ncols=2)
    return figure


def state_raster(states: xr.Dataset, title: str) -> Figure:
    """Draw the states of one recording: nodes against steps, and six nodes as lines."""
    figure = Figure(figsize=(10, 2.6), layout="constrained")
    image, lines = figure.subplots(1, 2)
    values = states["states"].to_numpy()[0]
    raster = image.imshow(values.T, aspect="auto", cmap="viridis", interpolation="nearest")
    unit = states["states"].attrs.get("units", "1")
    figure.colorbar(raster, ax=image, label=f"state ({unit})")
    image.set(xlabel="step", ylabel="node", title=title)
    for colour, node in zip(
        COLOURS, np.linspace(0, values.shape[1] - 1, 6).astype(int), strict=True
    ):
        lines.plot(values[:, node], color=colour, label=f"node {node}")
    lines.set(xlabel="step", ylabel=f"state ({unit})")
    lines.legend(fontsize="small", ncols=2)
    return figure


def confusion(matrix: NDArray, labels: list[str]) -> Figure:
    """Draw how often each class (row) was predicted as each (column)."""
    side = max(3.5, 0.45 * len(labels))
    figure = Figure(figsize=(side + 2, side + 1), layout="constrained")
    axis = figure.subplots()
    axis.imshow(matrix, cmap="Blues")
    if len(labels) <= 20:
        axis.set_xticks(range(len(labels)), labels, rotation=60, ha="right", fontsize="small")
        axis.set_yticks(range(len(labels)), labels, fontsize="small")
        for (row, column), count in np.ndenumerate(matrix):
            if count:
                dark = count > matrix.max() / 2
                axis.text(column, row, count, ha="center", va="center", color="w" if dark else "k")
    axis.set(xlabel="predicted", ylabel="true")
    return figure


def score_bars(scores: pd.DataFrame, metric: Metric, chance: float) -> Figure:
    """Draw medians over seeds of one metric as bars, their range as whiskers, chance as a line."""
    whole = scores[scores["missing"] == ""]
    scale = 100 if metric.percent else 1
    grouped = whole.groupby(["reservoir", "inputs"], sort=False)["score"]
    table: Any = grouped.agg(["median", "min", "max"]) * scale
    inputs, reservoirs = list(whole["inputs"].unique()), list(whole["reservoir"].unique())
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axis = figure.subplots()
    width = 0.8 / len(reservoirs)
    for k, name in enumerate(reservoirs):
        rows = table.loc[name].reindex(inputs)
        # lists: matplotlib takes an array with one column for a number, of which numpy 2.1 warns
        reach = [list(rows["median"] - rows["min"]), list(rows["max"] - rows["median"])]
        at = np.arange(len(inputs)) + (k - (len(reservoirs) - 1) / 2) * width
        colour = COLOURS[k % len(COLOURS)]
        axis.bar(at, rows["median"], width * 0.9, yerr=reach, color=colour, label=name, capsize=2)
    axis.axhline(scale * chance, color="0.4", ls=":", label="chance")
    axis.set_xticks(range(len(inputs)), inputs)
    axis.set(ylabel=f"{metric.name} (%)" if metric.percent else metric.name)
    if metric.percent:
        axis.set(ylim=(0, 100))
    figure.legend(ncols=len(reservoirs) + 1, fontsize="small", loc="outside upper center")
    return figure


def agreement(truth: NDArray, predicted: NDArray) -> Figure:
    """Draw predicted against true numbers, at most 5000 of them evenly spread."""
    figure = Figure(figsize=(4.2, 4), layout="constrained")
    axis = figure.subplots()
    every = -(-len(truth) // 5000)
    axis.plot(truth[::every], predicted[::every], ".", ms=3, alpha=0.5, color=COLOURS[0])
    ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    axis.plot(ends, ends, color="0.4", lw=1)
    axis.set(xlabel="true", ylabel="predicted")
    return figure
