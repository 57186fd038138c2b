"""How many of the conductance levels that were asked for can be told apart."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import is_whole
from mottle.reservoir.nonvolatile.ageing import age_cells, check_times, warn_kept
from mottle.reservoir.nonvolatile.cells import cell_of, conductance_range, get_cell, retention_of
from mottle.reservoir.nonvolatile.writing import write

ASKED = (2, 4, 8, 16, 32, 64, 128)


def check_levels(n_levels: ArrayLike) -> NDArray[np.int64]:
    """Return numbers of levels as an array; refuse fewer than two."""
    counts = np.atleast_1d(np.asarray(n_levels))
    if counts.dtype.kind not in "iu" or (counts < 2).any():
        raise ValueError(f"n_levels={n_levels!r} must be whole numbers, at least 2.")
    return counts.astype(np.int64)


def level_targets(device: Any, n_levels: int) -> NDArray[np.float64]:
    """Return ``n_levels`` conductances in S, evenly spaced over a device's range."""
    return np.linspace(*conductance_range(device), n_levels)


def most_apart(mean: NDArray, deviation: NDArray, n_sigma: float = 2.0) -> int:
    """Size of the largest set of levels whose mean +- ``n_sigma`` deviations do not overlap.

    Examples
    --------
    >>> most_apart(np.array([0.0, 1.0, 2.0]), np.array([0.1, 0.6, 0.1]))
    2
    """
    count, taken = 0, -np.inf
    for k in np.argsort(mean + n_sigma * deviation, kind="stable"):  # earliest end first: optimal
        if mean[k] - n_sigma * deviation[k] >= taken:
            count, taken = count + 1, mean[k] + n_sigma * deviation[k]
    return count


def measure_levels(
    device: Any,
    n_levels: ArrayLike = ASKED,
    times: ArrayLike = (0.0, 86400.0),
    *,
    n_cells: int = 200,
    random_state: Any = None,
    **options: Any,
) -> xr.Dataset:
    """Write evenly spaced levels into many cells and count those that can be told apart.

    Levels can be told apart whose mean +- 2 standard deviations over the cells do not overlap.
    Stuck cells are left out of the deviations: a test finds them. Cells that were not reached
    within ``max_pulses`` count.

    Parameters
    ----------
    device : str or preset
        As in `write`.
    n_levels : int or array-like of int, default=(2, 4, 8, 16, 32, 64, 128)
        Numbers of levels asked for.
    times : float or array-like, default=(0.0, 86400.0)
        Times after writing in s, at which the levels are counted.
    n_cells : int, default=200
        Cells written to each level.
    random_state : int, Generator or None, default=None
        Draws the cells.
    **options : dict
        Those of `write`. ``tolerance`` is by default a quarter of the distance of two levels.

    Returns
    -------
    dataset : xarray.Dataset
        ``distinguishable`` and ``misread`` (share of cells closer to the mean of another level)
        over ``time`` and ``asked``; ``yield``, ``pulses`` and ``energy`` (J), means over the cells,
        over ``asked``; for devices known by statistics ``published`` over ``time``, what
        `devices.levels` counts. Attribute ``retention``, "not published" where levels at later
        times are those of cells that stay as written, as a warning says (see `age`).

    Examples
    --------
    >>> run = measure_levels("cmo_hfox", [16, 128], random_state=0)
    >>> run.distinguishable.sel(asked=16).values.tolist()
    [16, 15]
    """
    cell, asked, ages = get_cell(device), check_levels(n_levels), check_times(times)
    if not is_whole(n_cells) or n_cells < 1:
        raise ValueError(f"n_cells={n_cells!r} must be a whole number, at least 1.")
    warn_kept(cell, float(ages.max(initial=0.0)))
    low, high = conductance_range(cell)
    rng = np.random.default_rng(random_state)
    apart, misread = np.empty((2, ages.size, asked.size))
    means: dict[str, list[float]] = {"yield": [], "pulses": [], "energy": []}
    for k, n in enumerate(asked):
        goals = np.repeat(level_targets(cell, n)[:, np.newaxis], n_cells, axis=1)
        chosen = {"tolerance": (high - low) / (n - 1) / 4} | options
        run = write(cell, goals, random_state=rng, **chosen)
        later = age_cells(cell, run, ages).conductance.to_numpy()
        for t, g in enumerate(later):
            working = np.ma.masked_array(g, run.stuck.to_numpy())
            mean = working.mean(axis=1).filled(np.nan)
            apart[t, k] = most_apart(mean, working.std(axis=1).filled(np.inf))
            order = np.argsort(mean)
            between = 0.5 * (mean[order][1:] + mean[order][:-1])
            wrong = order[np.searchsorted(between, g)] != np.arange(n)[:, np.newaxis]
            misread[t, k] = np.ma.masked_array(wrong, run.stuck.to_numpy()).mean()
        means["yield"].append(float(run.reached.mean()))
        means["pulses"].append(float(run.pulses.mean()))
        means["energy"].append(float(run.energy.mean()))
    units = {"yield": "1", "pulses": "1", "energy": "J"}
    data: dict[str, Any] = {
        "distinguishable": (("time", "asked"), apart.astype(np.int64), {"units": "1"}),
        "misread": (("time", "asked"), misread, {"units": "1"}),
    } | {name: ("asked", values, {"units": units[name]}) for name, values in means.items()}
    published = [cell_of(device).levels(cell, float(t)) for t in ages]
    if None not in published:
        data["published"] = ("time", published, {"units": "1"})
    return xr.Dataset(
        data, coords={"time": ("time", ages, {"units": "s"}), "asked": asked},
        attrs={"source": cell.source, "provisional": cell.provisional, "n_cells": n_cells,
               "retention": retention_of(cell)},
    )  # fmt: skip
