"""How a readout in crossbars fares over draws of its cells, setting by setting."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from tqdm import tqdm

from mottle.reservoir import drawing
from mottle.reservoir.nonvolatile.ageing import check_times
from mottle.reservoir.nonvolatile.readout import CrossbarReadout

DAY = 86_400.0  # s
LABELS = {
    "n_levels": "levels",
    "spread": "spread of cells",
    "wire_resistance": "wire (ohm a segment)",
    "adc_bits": "bits of the ADC",
    "age": "age (days)",
}


def robustness(
    readout: CrossbarReadout,
    X: Any,
    y: ArrayLike,
    *,
    n_levels: ArrayLike = (2, 4, 8, 16, 32, 64, 128),
    spread: ArrayLike = (0.0, 0.02, 0.05, 0.1, 0.2),
    wire_resistance: ArrayLike = (0.0, 1.0, 2.0, 5.0, 10.0),
    adc_bits: ArrayLike = (3, 4, 5, 6, 8, 10),
    age: ArrayLike = (0.0, 60.0, 3600.0, DAY, 30 * DAY),
    n_draws: int = 20,
    random_state: int = 0,
) -> xr.Dataset:
    """Score a readout over draws of its cells, along one axis at a time.

    All settings but that of the axis are the readout's own; an empty axis is left out. A draw has
    the same seed at every point, so that points differ by their setting alone.

    Parameters
    ----------
    readout : CrossbarReadout
        A fitted one; it stays as it is.
    X : array-like of shape (n_samples, n_features)
        Test data.
    y : array-like of shape (n_samples,)
        Truth.
    n_levels : array-like of int, default=(2, 4, 8, 16, 32, 64, 128)
        Conductance levels.
    spread : array-like of float, default=(0.0, 0.02, 0.05, 0.1, 0.2)
        Relative errors of cells that verification does not see (see `write`).
    wire_resistance : array-like of float, default=(0.0, 1.0, 2.0, 5.0, 10.0)
        Ohm a segment.
    adc_bits : array-like of int, default=(3, 4, 5, 6, 8, 10)
        Bits of the ADCs.
    age : array-like of float, default=(0.0, 60.0, 3600.0, 86400.0, 2592000.0)
        Times after writing in s, not falling.
    n_draws : int, default=20
        Draws of the cells.
    random_state : int, default=0
        Seed of the first draw; the others follow.

    Returns
    -------
    dataset : xarray.Dataset
        ``score`` (point, draw), accuracy or the coefficient of determination; over the draws
        ``median_score``, ``low`` (5 %) and ``worst`` (point,); ``score_float``, that of the readout
        in floating point. A point has the coordinates ``axis`` and ``value``.

    Raises
    ------
    ValueError
        For impossible settings, or fewer than one draw.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from mottle.reservoir.nonvolatile import Crossbar
    >>> X, y = load_digits(return_X_y=True)
    >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((64, 20))).fit(X[:900], y[:900])
    >>> ds = robustness(readout, X[900:], y[900:], n_levels=(2, 64), spread=(), n_draws=3,
    ...                 wire_resistance=(), adc_bits=(), age=())
    >>> bool(ds.median_score[0] < ds.median_score[1])
    True
    """
    if n_draws < 1:
        raise ValueError(f"n_draws={n_draws} must be at least 1.")
    asked = {"n_levels": n_levels, "spread": spread, "wire_resistance": wire_resistance,
             "adc_bits": adc_bits, "age": age}  # fmt: skip
    values = {name: np.atleast_1d(np.asarray(v)) for name, v in asked.items()}
    values = {name: v for name, v in values.items() if v.size}
    if "age" in values:
        values["age"] = check_times(values["age"])
    n_points = sum(v.size for v in values.values())
    scores = np.empty((n_points, n_draws))
    with tqdm(total=n_points * n_draws, delay=2, disable=None, desc="robustness") as bar:
        for draw in range(n_draws):
            for point, other in enumerate(_sweep(readout, values, random_state + draw)):
                scores[point, draw] = other.score(X, y)
                bar.update()
    axes = [name for name, v in values.items() for _ in range(v.size)]
    every = [float(x) for v in values.values() for x in v]
    low = np.percentile(scores, 5, axis=1)
    return xr.Dataset(
        {
            "score": (("point", "draw"), scores),
            "median_score": ("point", np.median(scores, axis=1)),
            "low": ("point", low),
            "worst": ("point", scores.min(axis=1)),
            "score_float": readout.score_float(X, y),
        },
        coords={"axis": ("point", axes), "value": ("point", every)},
        attrs={
            "score": "accuracy" if is_classifier(readout) else "R2",
            "labels": [LABELS[name] for name in values],
            "readout": repr(readout),
        },
    )


def _sweep(
    readout: CrossbarReadout, values: dict[str, Any], seed: int
) -> Iterator[CrossbarReadout]:
    """Yield readouts on the cells of one draw, point by point; each is used before the next."""
    options = readout.write_options or {}
    same = None
    for name, settings in values.items():
        for value in settings.tolist():
            if name in ("adc_bits", "age"):  # the same cells, written once
                same = readout.redraw(seed) if same is None else same
                yield (
                    copy(same).set_params(adc_bits=value) if name == "adc_bits" else same.age(value)
                )
            elif name == "spread":
                yield readout.redraw(seed, write_options=options | {"spread": value})
            elif name == "wire_resistance":
                tile = readout._tile()
                yield readout.redraw(seed, crossbar=tile._twin(tile.shape, value))
            else:
                yield readout.redraw(seed, **{name: value})


def draw_robustness(scores: xr.Dataset) -> Any:
    """Draw what `robustness` returned: one panel an axis.

    Parameters
    ----------
    scores : xarray.Dataset
        Scores over draws.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians, 5 %, worst draws, and the readout in floating point.
    """
    return drawing.robustness(scores)
