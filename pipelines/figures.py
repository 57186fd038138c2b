"""Figures of an experiment, drawn without pyplot so that nothing is shared between threads.

They are as wide as a phone's screen can show with text that can be read; legends stand outside.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mottle.pipelines.metrics import Metric
from mottle.pipelines.stream_figures import COLOURS, legend_outside, with_unit

WIDTH = 5.2  # inch
GREY = "#808080"  # to be seen on white and on black
LONG = 18  # letters of a label


def state_raster(states: xr.Dataset) -> Figure:
    """Draw the states of one recording: nodes against steps, and below them six nodes as lines."""
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    image, lines = figure.subplots(2, 1, sharex=True)
    values = states["states"].to_numpy()[0]
    n_steps, n_nodes = values.shape
    raster = image.imshow(
        values.T, aspect="auto", cmap="viridis", interpolation="nearest",
        extent=(-0.5, n_steps - 0.5, n_nodes - 0.5, -0.5),
    )  # fmt: skip
    label = with_unit("state", str(states["states"].attrs.get("units", "1")))
    figure.colorbar(raster, ax=image, label=label)
    image.set(ylabel="node")
    for colour, node in zip(COLOURS, np.unique(np.linspace(0, n_nodes - 1, 6).astype(int)),
                            strict=False):  # fmt: skip
        lines.plot(values[:, node], color=colour, label=f"node {node}")
    lines.set(xlabel="step", ylabel=label)
    lines.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_outside(lines)
    return figure


def confusion(matrix: NDArray, labels: list[str]) -> Figure:
    """Draw how often each class (row) was predicted as each (column)."""
    n = len(labels)
    side = float(np.clip(0.38 * n + 1.6, 3.6, 9.0))
    figure = Figure(figsize=(max(side + 0.6, WIDTH), side), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(matrix, cmap="Blues", vmin=0)
    every = -(-n // 40)
    shown = [label if len(label) <= LONG else f"{label[: LONG - 1]}…" for label in labels]
    small = "small" if n <= 20 else "xx-small"
    axis.set_xticks(range(0, n, every), shown[::every], rotation=60, ha="right",
                    rotation_mode="anchor", fontsize=small)  # fmt: skip
    axis.set_yticks(range(0, n, every), shown[::every], fontsize=small)
    if n <= 20:
        for (row, column), count in np.ndenumerate(matrix):
            if count:
                colour = "#ffffff" if count > matrix.max() / 2 else "#10131a"
                axis.text(column, row, count, ha="center", va="center", color=colour,
                          fontsize="small")  # fmt: skip
    bar = figure.colorbar(image, ax=axis, label="number of predictions", shrink=0.8)
    bar.locator = MaxNLocator(integer=True)
    bar.update_ticks()
    axis.set(xlabel="predicted", ylabel="true")
    return figure


def score_points(
    scores: pd.DataFrame, fold_scores: pd.DataFrame, metric: Metric, chance: float
) -> Figure:
    """Draw for each inputs and reservoir the median over seeds, their range, and the folds.

    ``scores`` and ``fold_scores`` are those of one metric with all senses present.
    """
    scale = 100 if metric.percent else 1
    inputs, reservoirs = list(scores["inputs"].unique()), list(scores["reservoir"].unique())
    step = 1.0 / (len(reservoirs) + 1)
    height = 0.9 + 0.2 * (len(reservoirs) + 1) * len(inputs) + 0.22 * (-(-len(reservoirs) // 3))
    figure = Figure(figsize=(WIDTH, max(height, 2.2)), layout="constrained")
    axis = figure.subplots()
    by_seed: Any = scores.groupby(["reservoir", "inputs"])["score"].agg(["median", "min", "max"])
    by_fold = fold_scores.groupby(["reservoir", "inputs", "fold"])["score"].mean() * scale
    for k, name in enumerate(reservoirs):
        colour = COLOURS[k % len(COLOURS)]
        label: str | None = str(name)
        for row, one in enumerate(inputs):
            if (name, one) not in by_seed.index:
                continue
            y = row + (k + 0.5) * step
            middle, low, high = (float(v) for v in by_seed.loc[(name, one)] * scale)
            folds = by_fold.xs((name, one), level=(0, 1)).to_numpy()
            axis.plot(folds, np.full(len(folds), y), "|", color=GREY, ms=6, mew=1)
            axis.plot([low, high], [y, y], color=colour, lw=4, solid_capstyle="butt", alpha=0.5)
            axis.plot(middle, y, "o", color=colour, ms=5, label=label)
            label = None
    ends = [*(scale * fold_scores["score"]), *(scale * scores["score"])]
    low, high = min(ends), max(ends)
    if near(chance * scale, low, high):
        axis.axvline(scale * chance, color=GREY, ls=":", label="chance")
    axis.plot([], [], "|", color=GREY, ms=6, mew=1, label="a fold")
    axis.set_yticks([row + 0.5 - step / 2 for row in range(len(inputs))], inputs)
    for row in range(1, len(inputs)):
        axis.axhline(row - step / 2, color=GREY, lw=0.4)
    axis.set_ylim(len(inputs) - step / 2, -step / 2)
    axis.set_xlabel(f"{metric.name} (%)" if metric.percent else metric.name)
    figure.legend(
        ncols=min(3, len(reservoirs) + 2), fontsize="small", loc="outside upper center",
        frameon=False,
    )  # fmt: skip
    return figure


def near(value: float, low: float, high: float) -> bool:
    """Tell whether a value can be drawn beside a range without squeezing it.

    Examples
    --------
    >>> near(40.0, 50.0, 90.0), near(10.0, 80.0, 90.0)
    (True, False)
    """
    reach = 0.6 * (high - low)
    return low - reach <= value <= high + reach


def difference_points(differences: pd.DataFrame, against: str, metric: Metric) -> Figure:
    """Draw differences from one reservoir with their intervals, a row for each comparison."""
    scale = 100 if metric.percent else 1
    alike = len(set(differences["inputs"])) == 1
    labels = [
        str(row.reservoir) if alike else f"{row.reservoir}, {row.inputs}"
        for row in differences.itertuples()
    ]
    figure = Figure(figsize=(WIDTH, 1.1 + 0.28 * len(labels)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0.0, color=GREY, ls=":")
    several: Any = differences.to_dict("records")
    for y, row in enumerate(several):
        axis.plot([scale * row["low"], scale * row["high"]], [y, y], color=COLOURS[0], lw=2)
        axis.plot(scale * row["difference"], y, "o", color=COLOURS[0], ms=5)
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.5, -0.5)
    unit = "\n(percentage points)" if metric.percent else ""
    axis.set_xlabel(f"{metric.name} minus that of {against}{unit}")
    return figure


def agreement(truth: NDArray, predicted: NDArray, unit: str = "") -> Figure:
    """Draw predicted against true numbers, at most 5000 of them evenly spread."""
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axis = figure.subplots()
    every = -(-len(truth) // 5000)
    axis.plot(
        truth[::every], predicted[::every], ".", ms=3, alpha=0.5, color=COLOURS[0], rasterized=True
    )
    ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    axis.plot(ends, ends, color=GREY, lw=1, label="predicted = true")
    unit = f" ({unit})" if unit else ""
    axis.set(xlabel=f"true{unit}", ylabel=f"predicted{unit}")
    figure.legend(fontsize="small", loc="outside upper center", frameon=False)
    return figure
