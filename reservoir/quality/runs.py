"""Several runs in one dataset of states: measures of each, kept apart."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME = 0.9  # least correlation of inputs that count as the same, recorded with noise


def of_each_run(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a measure of one run so that a dataset of several gives one result a run.

    The input is then the variable ``u`` of the dataset, unless it is given.
    """

    @wraps(measure)
    def measured(states: Any, u: Any = None, **options: Any) -> Any:
        import xarray as xr

        if not is_dataset(states):
            if u is None:
                raise ValueError(
                    "u is missing: give the input of the run; only datasets of measured states "
                    "hold one."
                )
            return measure(states, u, **options)
        names = labels_of(states)
        found = []
        for k, name in enumerate(names):
            try:
                found.append(measure(run_of(states, k), input_of(states, u, k), **options))
            except ValueError as error:
                if len(names) == 1:
                    raise
                raise ValueError(f"run {name!r}: {error}") from error
        if len(found) == 1:
            return found[0]
        attrs = dict(found[0].attrs)
        if len({one.attrs.get("n_train") for one in found}) > 1:  # of runs of unequal length
            attrs = {name: one for name, one in attrs.items() if name not in ("n_train", "n_test")}
        joined = xr.concat(
            found, xr.DataArray(names, dims="recording", name="recording"), combine_attrs="override"
        )
        return joined.assign_attrs(attrs | {"n_runs": len(found)})

    return measured


def is_dataset(states: Any) -> bool:
    """Return whether states are a dataset of ``Reservoir.states`` or ``read_states``."""
    return hasattr(states, "data_vars") and "states" in states


def labels_of(states: Any) -> list[Any]:
    """Return the names of the recordings of a dataset."""
    if "recording" not in states["states"].dims:
        return [0]
    if "recording" in states.coords:
        return list(states["recording"].values.tolist())
    return list(range(states.sizes["recording"]))


def run_of(states: Any, k: int) -> Any:
    """Return the states of one run, (step, node), without what is beyond its end."""
    one = states["states"]
    if "recording" not in one.dims:
        return one
    one = one.isel(recording=k)
    return one.isel(step=slice(0, int(states["row_size"].values[k]))) if (
        "row_size" in states and "step" in one.dims
    ) else one  # fmt: skip


def input_of(states: Any, u: Any, k: int) -> Any:
    """Return the input of one run: 1-D if there is one."""
    several = "recording" in states["states"].dims and states.sizes["recording"] > 1
    if u is not None:
        if isinstance(u, list | tuple) and len(u) and np.ndim(u[0]):
            if not several and len(u) == 1:
                return u[0]
            if several and len(u) == states.sizes["recording"]:
                return u[k]
            raise ValueError(
                f"u holds {len(u)} inputs, and there are {len(labels_of(states))} runs: give one "
                "a run."
            )
        return u  # the same in all runs
    if "u" not in states:
        raise ValueError(
            "u is missing, and the dataset has no input: give it, or to read_states, which puts it "
            "into the dataset."
        )
    one = states["u"]
    if "recording" in one.dims:
        one = one.isel(recording=k)
    if "row_size" in states:
        one = one.isel(step=slice(0, int(np.ravel(states["row_size"].values)[k])))
    values: NDArray[np.float64] = one.transpose("step", "input").values
    return values[:, 0] if values.shape[1] == 1 else values


def last_states(states: Any) -> Any:
    """Return the last state of each of several runs, (run, node); other states as they are."""
    if not is_dataset(states) and hasattr(states, "dims"):
        return rows_of_recordings(states)
    if not is_dataset(states) or len(labels_of(states)) == 1:
        return states
    return np.stack([run_of(states, k).values[-1] for k in range(len(labels_of(states)))])


def rows_of_recordings(values: Any) -> Any:
    """Return a DataArray with its recordings first, as plain numbers; other values as they are.

    Examples
    --------
    >>> import xarray as xr
    >>> rows_of_recordings(xr.DataArray(np.zeros((2, 5)), dims=("node", "recording"))).shape
    (5, 2)
    """
    own = [dim for dim in getattr(values, "dims", ()) if dim in ("recording", "case", "run")]
    if len(own) != 1:
        return values
    rest = [dim for dim in values.dims if dim != own[0]]
    return values.transpose(*own, *rest).to_numpy()


def refuse_unequal(states: Any) -> None:
    """Raise if runs that are compared step by step differ in length."""
    if not is_dataset(states) or "row_size" not in states:
        return
    sizes = np.ravel(states["row_size"].values)
    if np.unique(sizes).size > 1:
        raise ValueError(
            f"runs have {sizes.min()} to {sizes.max()} steps, and are compared step by step: cut "
            f"them with .isel(step=slice(0, {sizes.min()})), and row_size to match."
        )


def refuse_other_inputs(states: Any) -> None:
    """Raise if runs that should repeat one input have different ones."""
    if not is_dataset(states) or "u" not in states or len(labels_of(states)) < 2:
        return
    refuse_unequal(states)
    first = np.atleast_2d(input_of(states, None, 0).T)
    for k, name in enumerate(labels_of(states)[1:], 1):
        other = np.atleast_2d(input_of(states, None, k).T)
        for a, b in zip(first, other, strict=True):
            a, b = a - a.mean(), b - b.mean()
            power = np.sqrt((a @ a) * (b @ b))
            if power and a @ b < SAME * power:
                raise ValueError(
                    f"run {name!r} has another input than run {labels_of(states)[0]!r} "
                    f"(correlation {(a @ b) / power:.2f}): consistency compares runs of the same "
                    "input."
                )
