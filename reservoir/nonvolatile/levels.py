"""Number of distinguishable conductance levels of a device."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_whole
from mottle.reservoir.nonvolatile.ageing import age_cells, check_times, warn_kept
from mottle.reservoir.nonvolatile.cells import cell_of, conductance_range, get_cell, retention_of
from mottle.reservoir.nonvolatile.writing import write

N_LEVELS = (2, 4, 8, 16, 32, 64, 128)


def check_levels(n_levels: ArrayLike) -> NDArray[np.int64]:
    """Return numbers of levels as an array; raise for fewer than two."""
    counts = np.atleast_1d(np.asarray(n_levels))
    if counts.dtype.kind not in "iu" or (counts < 2).any():
        raise ValueError(f"n_levels={n_levels!r} must be whole numbers, at least 2.")
    return counts.astype(np.int64)


def level_targets(device: Any, n_levels: int) -> NDArray[np.float64]:
    """Return ``n_levels`` conductances in S, evenly spaced over a device's range."""
    return np.linspace(*conductance_range(device), n_levels)


def most_distinct(mean: NDArray, deviation: NDArray, n_sigma: float = 2.0) -> int:
    """Return the size of the largest set of levels with disjoint mean +- ``n_sigma`` deviations.

    Examples
    --------
    >>> most_distinct(np.array([0.0, 1.0, 2.0]), np.array([0.1, 0.6, 0.1]))
    2
    """
    count, covered = 0, -np.inf
    for k in np.argsort(
        mean + n_sigma * deviation, kind="stable"
    ):  # in order of their upper ends: optimal
        if mean[k] - n_sigma * deviation[k] >= covered:
            count, covered = count + 1, mean[k] + n_sigma * deviation[k]
    return count


def measure_levels(
    device: Any,
    n_levels: ArrayLike = N_LEVELS,
    times: ArrayLike = (0.0, 86400.0),
    *,
    n_cells: int = 200,
    random_state: Any = None,
    **options: Any,
) -> xr.Dataset:
    """Write evenly spaced levels to many cells and count the distinguishable ones.

    Levels are distinguishable if their intervals, mean +- 2 standard deviations over the cells, do
    not overlap. Stuck cells are left out of the deviations, since a test finds them; cells that did
    not reach their target within ``max_pulses`` are not.

    Parameters
    ----------
    device : str or preset
        As in `write`.
    n_levels : int or array-like of int, default=(2, 4, 8, 16, 32, 64, 128)
        Numbers of levels to be written.
    times : float or array-like, default=(0.0, 86400.0)
        Times after writing in s at which levels are counted.
    n_cells : int, default=200
        Cells written to each level.
    random_state : int, Generator or None, default=None
        Draws the cells.
    **options : dict
        Options of `write`. ``tolerance`` is by default a quarter of the distance of two levels.

    Returns
    -------
    dataset : xarray.Dataset
        ``distinguishable`` and ``misread`` (fraction of cells closer to the mean of another level)
        over ``time`` and ``n_levels``; ``yield``, ``pulses`` and ``energy`` (J), means over the
        cells, over ``n_levels``; for statistical devices ``published`` over ``time``, the result of
        `devices.levels`. Attribute ``retention`` is "not published" if cells are taken to keep
        their conductance at later times, with a warning (see `age`).

    Examples
    --------
    >>> run = measure_levels("cmo_hfox", [16, 128], random_state=0)
    >>> run.distinguishable.sel(n_levels=16).values.tolist()
    [16, 15]
    """
    cell, counts, ages = get_cell(device), check_levels(n_levels), check_times(times)
    check_whole("n_cells", n_cells)
    warn_kept(cell, float(ages.max(initial=0.0)))
    low, high = conductance_range(cell)
    rng = np.random.default_rng(random_state)
    distinct, misread = np.empty((2, ages.size, counts.size))
    means: dict[str, list[float]] = {"yield": [], "pulses": [], "energy": []}
    for k, n in enumerate(counts):
        goals = np.repeat(level_targets(cell, n)[:, np.newaxis], n_cells, axis=1)
        chosen = {"tolerance": (high - low) / (n - 1) / 4} | options
        run = write(cell, goals, random_state=rng, **chosen)
        later = age_cells(cell, run, ages).conductance.to_numpy()
        for t, g in enumerate(later):
            working = np.ma.masked_array(g, run.stuck.to_numpy())
            mean = working.mean(axis=1).filled(np.nan)
            distinct[t, k] = most_distinct(mean, working.std(axis=1).filled(np.inf))
            order = np.argsort(mean)
            between = 0.5 * (mean[order][1:] + mean[order][:-1])
            wrong = order[np.searchsorted(between, g)] != np.arange(n)[:, np.newaxis]
            misread[t, k] = np.ma.masked_array(wrong, run.stuck.to_numpy()).mean()
        means["yield"].append(float(run.reached.mean()))
        means["pulses"].append(float(run.pulses.mean()))
        means["energy"].append(float(run.energy.mean()))
    units = {"yield": "1", "pulses": "1", "energy": "J"}
    data: dict[str, Any] = {
        "distinguishable": (("time", "n_levels"), distinct.astype(np.int64), {"units": "1"}),
        "misread": (("time", "n_levels"), misread, {"units": "1"}),
    } | {name: ("n_levels", values, {"units": units[name]}) for name, values in means.items()}
    published = [cell_of(device).levels(cell, float(t)) for t in ages]
    if None not in published:
        data["published"] = ("time", published, {"units": "1"})
    return xr.Dataset(
        data, coords={"time": ("time", ages, {"units": "s"}), "n_levels": counts},
        attrs={"source": cell.source, "provisional": cell.provisional, "n_cells": n_cells,
               "retention": retention_of(cell)},
    )  # fmt: skip
