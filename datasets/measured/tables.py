"""Measured states as a table of recordings, for cross-validation over runs and for recipes."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_whole
from mottle.datasets.table import Recordings, make_table

LEAST = 2  # steps of a piece


def tabulate_states(
    states: Any, target: Any, *, groups: ArrayLike | None = None, n_pieces: int = 1
) -> Recordings:
    """Return measured states and their input as a table of recordings, one a run.

    Parameters
    ----------
    states : xarray.Dataset
        From `read_states`, with the input ``u``.
    target : sequence
        One a run: a value a step, as `step_target` returns, or one label or number.
    groups : array-like of shape (n_runs,), default=None
        Runs that must not be split between training and test. None: each run is its own.
    n_pieces : int, default=1
        Pieces of equal length that each run is cut into, for cross-validation within a single run:
        then each piece is its own group, unless there are several runs.

    Returns
    -------
    Recordings
        ``table`` has the columns "input", DataArrays (time, channel), and "states", arrays (step,
        node), which `mottle.reservoir.MeasuredReservoir` puts in place of simulated states;
        ``target`` and ``groups``.

    Raises
    ------
    ValueError
        If there is no input, or targets, groups or steps do not fit the runs.

    Examples
    --------
    >>> import xarray as xr
    >>> u = np.arange(6.0).reshape(1, 6, 1)
    >>> data = xr.Dataset({"states": (("recording", "step", "node"), u),
    ...                    "u": (("recording", "step", "input"), u),
    ...                    "row_size": ("recording", [6])}, coords={"recording": ["a"]})
    >>> found = tabulate_states(data, [np.arange(6.0)], n_pieces=2)
    >>> found.table.index.tolist(), found.table["states"].iloc[1].ravel().tolist()
    (['a#0', 'a#1'], [3.0, 4.0, 5.0])
    """
    n_pieces = check_whole("n_pieces", n_pieces)
    names = [str(name) for name in states.recording.values]
    x, u = runs_of(states, "states"), runs_of(states, "u")
    if len(target) != len(x):
        raise ValueError(f"there are {len(x)} runs and {len(target)} targets: give one a run.")
    own = np.asarray(names if groups is None else groups)
    if own.shape != (len(x),):
        raise ValueError(f"groups has shape {own.shape}, expected ({len(x)},): one a run.")
    per_step = all(np.ndim(one) for one in target)
    dt = float(states.attrs.get("dt", 1.0))
    index, drives, cells, targets, parts = [], [], [], [], []
    for k, name in enumerate(names):
        if per_step and len(target[k]) != len(x[k]):
            raise ValueError(
                f"run {name!r} has {len(x[k])} steps and a target of {len(target[k])}: give one "
                "value a step."
            )
        if len(x[k]) < LEAST * n_pieces:
            raise ValueError(f"run {name!r} has {len(x[k])} steps: too few for {n_pieces} pieces.")
        edges = np.arange(n_pieces + 1) * len(x[k]) // n_pieces
        for piece in range(n_pieces):
            rows = slice(edges[piece], edges[piece + 1])
            index.append(name if n_pieces == 1 else f"{name}#{piece}")
            drives.append(_stream(u[k][rows], dt * edges[piece], dt, states))
            cells.append(x[k][rows])
            targets.append(np.asarray(target[k])[rows] if per_step else target[k])
            parts.append(index[-1] if len(names) == 1 else own[k])
    table = make_table(index=index, input=drives, states=cells)
    table.attrs["notes"] = [f"measured states: {note}" for note in states.attrs.get("notes", [])]
    return Recordings(table, _several(targets, per_step), np.asarray(parts))


def runs_of(states: Any, name: str = "states") -> list[NDArray[np.float64]]:
    """Return a variable of measured states as one array (step, column) a run, without padding.

    Examples
    --------
    >>> runs_of(xr.Dataset({"row_size": ("recording", [1])}), "u")
    Traceback (most recent call last):
    ValueError: the states have no input: read_states takes it as u=, u_column=, u_path= or u_key=.
    """
    if not isinstance(states, xr.Dataset) or "row_size" not in states:
        raise TypeError(
            f"states is {type(states).__name__}; expected the dataset that read_states returns."
        )
    if name not in states:
        what = "no input: read_states takes it as u=, u_column=, u_path= or u_key="
        raise ValueError(f"the states have {what if name == 'u' else f'no variable {name!r}'}.")
    values = states[name].values
    return [values[k, :n] for k, n in enumerate(states.row_size.values)]


def _several(targets: list[Any], per_step: bool) -> NDArray[Any]:
    """Return targets as an array, of objects where each is one."""
    if not per_step:
        return np.asarray(targets)
    found = np.empty(len(targets), dtype=object)
    for k, one in enumerate(targets):
        found[k] = one
    return found


def _stream(u: NDArray[np.float64], begin: float, dt: float, states: Any) -> xr.DataArray:
    """Return an input as a sampled stream."""
    time = begin + dt * np.arange(len(u))
    return xr.DataArray(
        u, dims=("time", "channel"),
        coords={"time": time, "channel": [f"u{k}" for k in range(u.shape[1])]},
        attrs={"units": states["u"].attrs.get("units", "1")},
    )  # fmt: skip
