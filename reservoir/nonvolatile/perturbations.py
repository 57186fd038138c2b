"""Robustness of a crossbar readout: scores over draws of its cells under perturbations."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from mottle.checks import check_whole, names_arguments
from mottle.reservoir import drawing
from mottle.reservoir.nonvolatile.ageing import check_times, warn_kept
from mottle.reservoir.nonvolatile.cells import retention_of
from mottle.reservoir.nonvolatile.readout import CrossbarReadout

DAY = 86_400.0  # s
LEVELS = (2, 4, 8, 16, 32, 64, 128)
LABELS = {
    "n_levels": "levels",
    "spread": "spread of cells",
    "wire_resistance": "wire (ohm per segment)",
    "adc_bits": "bits of the ADC",
    "age": "age",
}


@names_arguments
def robustness(
    readout: CrossbarReadout,
    X: Any,
    y: ArrayLike,
    *,
    n_levels: ArrayLike | None = None,
    spread: ArrayLike = (0.0, 0.02, 0.05, 0.1, 0.2),
    wire_resistance: ArrayLike = (0.0, 1.0, 2.0, 5.0, 10.0),
    adc_bits: ArrayLike = (3, 4, 5, 6, 8, 10),
    age: ArrayLike = (0.0, 60.0, 3600.0, DAY, 30 * DAY),
    n_draws: int = 20,
    random_state: int = 0,
) -> xr.Dataset:
    """Score a readout over draws of its cells, varying one setting (axis) at a time.

    All other settings are those of the readout, including the age of its cells; an axis without
    values is left out. A draw has the same seed at every point, so that points differ only in the
    setting.

    Parameters
    ----------
    readout : CrossbarReadout
        Fitted readout; it is not changed.
    X : array-like of shape (n_samples, n_features)
        Test data.
    y : array-like of shape (n_samples,)
        True labels or numbers.
    n_levels : array-like of int, default=None
        Conductance levels; None: 2 to 128 in powers of two, from 4 on if the mapping is
        "offset", which needs three.
    spread : array-like of float, default=(0.0, 0.02, 0.05, 0.1, 0.2)
        Relative errors of cells after verification (see `write`).
    wire_resistance : array-like of float, default=(0.0, 1.0, 2.0, 5.0, 10.0)
        Resistances in ohm per segment.
    adc_bits : array-like of int, default=(3, 4, 5, 6, 8, 10)
        Bits of the ADCs.
    age : array-like of float, default=(0.0, 60.0, 3600.0, 86400.0, 2592000.0)
        Times after writing in s, not decreasing.
    n_draws : int, default=20
        Draws of the cells.
    random_state : int, default=0
        Seed of the first draw; the others have the following numbers.

    Returns
    -------
    dataset : xarray.Dataset
        ``score`` (point, draw), accuracy or the coefficient of determination; over the draws
        ``median_score``, ``low`` (5 %) and ``worst`` (point,); ``score_float``, that of the readout
        in floating point. A point has the coordinates ``axis`` and ``value``. Attribute
        ``retention`` is "not published" if cells are taken to keep their conductance.

    Warns
    -----
    UserWarning
        If an age is above 0 and no retention was published for the device.

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
    check_whole("n_draws", n_draws)
    check_is_fitted(readout, "tiles_")
    if n_levels is None:
        n_levels = LEVELS[1:] if readout.mapping == "offset" else LEVELS
    settings = {"n_levels": n_levels, "spread": spread, "wire_resistance": wire_resistance,
                "adc_bits": adc_bits, "age": age}  # fmt: skip
    values = {name: np.atleast_1d(np.asarray(v)) for name, v in settings.items()}
    values = {name: v for name, v in values.items() if v.size}
    if "age" in values:
        values["age"] = check_times(values["age"])
    device = readout._tile().device
    warn_kept(device, max(values.get("age", [0.0])[-1], readout.seconds_))
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
            "retention": retention_of(device),
        },
    )


def _sweep(
    readout: CrossbarReadout, values: dict[str, Any], seed: int
) -> Iterator[CrossbarReadout]:
    """Yield readouts on the cells of one draw, point by point; use each before the next."""
    options, age, tile = readout.write_options or {}, readout.seconds_, readout._tile()
    for name, settings in values.items():
        if name in ("adc_bits", "age"):  # the same cells, written once
            same = readout.redraw(seed)
        for value in settings.tolist():
            if name == "age":
                yield same._age(value)
            elif name == "adc_bits":
                yield copy(same._age(age)).set_params(adc_bits=value)
            elif name == "spread":
                other = readout.redraw(seed, write_options=options | {"spread": value})
                yield other._age(age)
            elif name == "wire_resistance":
                yield readout.redraw(seed, crossbar=tile._twin(tile.shape, value))._age(age)
            else:
                yield readout.redraw(seed, **{name: value})._age(age)


@names_arguments
def draw_robustness(scores: xr.Dataset) -> Any:
    """Draw the result of `robustness`, a panel per axis.

    Parameters
    ----------
    scores : xarray.Dataset
        Result of `robustness`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Medians, 5 %, worst draws, and the readout in floating point.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from mottle.reservoir.nonvolatile import Crossbar
    >>> X, y = load_digits(return_X_y=True)
    >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((64, 20))).fit(X[:900], y[:900])
    >>> scores = robustness(readout, X[900:], y[900:], n_levels=(2, 64), spread=(0.0, 0.1),
    ...                     wire_resistance=(), adc_bits=(), age=(), n_draws=3)
    >>> figure = draw_robustness(scores)
    >>> [panel.get_xlabel() for panel in figure.axes]
    ['levels', 'spread of cells']
    """
    return drawing.robustness(scores)
