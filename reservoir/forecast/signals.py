"""Signals that are forecast: recordings, exogenous inputs and warmups, their names and times."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.arrays import as_numbers, order_dims
from mottle.containers import as_cells

Floats = NDArray[np.float64]
UNEVEN = 1.5  # times the usual step, from which on a longer one is a hole


def read_runs(y: Any, name: str) -> tuple[list[Floats], bool]:
    """Return recordings (step, column), and whether they were one-dimensional."""
    y = as_cells(y)
    several = isinstance(y, list | tuple) and len(y) > 0 and np.ndim(y[0]) > 0
    if not several and np.ndim(y) == 3:
        y = order_dims(y, name)
    runs = list(y) if several or np.ndim(y) == 3 else [y]
    named = [names for names in (names_of(run, name) for run in runs) if names is not None]
    for names in named:
        if names != named[0]:
            raise ValueError(
                f"recordings of {name} differ in their columns or in the order of these: "
                f"{named[0]} and {names}."
            )
    arrays = []
    for i, run in enumerate(runs):
        what = name if len(runs) == 1 else f"recording {i} of {name}"
        array = as_array(run, what)
        if array.ndim not in (1, 2) or not array.size:
            raise ValueError(f"{what} has shape {array.shape}, expected (n_steps, n_columns).")
        flat = array.ndim == 1
        array = array[:, np.newaxis] if flat else array
        refuse_missing(array, what)
        if len(array) < 2 and len(runs) > 1:
            raise ValueError(
                f"{what} has one step: recordings are (n_steps, n_columns), of two steps at least."
            )
        arrays.append(array)
    if len({array.shape[1] for array in arrays}) > 1:
        raise ValueError(f"recordings of {name} differ in their number of columns.")
    return arrays, flat


def as_array(values: Any, what: str) -> Floats:
    """Return numbers, with dims in the order of the house."""
    return as_numbers(values if np.ndim(values) == 1 else order_dims(values, what), what)


def names_of(values: Any, what: str) -> list[Any] | None:
    """Return the names of columns, if a frame or a DataArray has them."""
    values = as_cells(values)
    if isinstance(values, list | tuple) and len(values):
        values = values[0]
    if hasattr(values, "columns"):
        return list(values.columns)
    if hasattr(values, "dims") and np.ndim(values) > 1:
        values = order_dims(values, what)
        dim = values.dims[-1]
        return list(values[dim].values) if dim in values.coords else None
    return None


def read_exog(exog: Any, sizes: list[int]) -> list[Floats]:
    """Return the exogenous inputs of each recording, without columns if there are none."""
    if exog is None:
        return [np.zeros((n, 0)) for n in sizes]
    arrays, _ = read_runs(exog, "exog")
    found = [len(array) for array in arrays]
    if found != sizes:
        raise ValueError(f"exog has {found} steps and y {sizes}: they must be equal.")
    return arrays


def read_warmup(warmup: Any, n_outputs: int) -> Floats:
    """Return the signals before forecasts, (run, step, output)."""
    warmup = as_cells(warmup)
    if isinstance(warmup, list | tuple) and len({np.size(part) for part in warmup}) > 1:
        sizes = [len(np.atleast_1d(part)) for part in warmup]
        raise ValueError(
            f"warmup holds runs of {', '.join(map(str, sizes[:5]))}{' ...' * (len(sizes) > 5)} "
            f"steps: forecasts side by side need equal ones. Cut each to its last {min(sizes)} "
            "steps, or forecast one by one."
        )
    array = as_array(warmup, "warmup")
    given = array.shape
    array = array[:, np.newaxis] if array.ndim == 1 else array
    array = array[np.newaxis] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] != n_outputs or array.shape[1] < 1:
        way = ""
        if n_outputs == 1 and len(given) == 2 and given[1] > 1:
            way = " Are these runs of one output? Then add an axis: warmup[..., np.newaxis]."
        raise ValueError(
            f"warmup has shape {given}, expected (n_warmup, {n_outputs}) or "
            f"(n_runs, n_warmup, {n_outputs}).{way}"
        )
    for run in array:
        refuse_missing(run, "warmup")
    return array


def refuse_missing(array: Floats, what: str) -> None:
    """Raise if a value is NaN or infinite, with its place."""
    finite = np.isfinite(array)
    if not finite.all():
        step, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"{what} is {array[step, column]} at step {step}, column {column}: fill it, or cut the "
            "recording there and pass the parts as a list."
        )


class Clock(NamedTuple):
    """Times of steps: of dates and durations in ns, of numbers as they are."""

    kind: str  # of the numpy type
    times: NDArray[Any]

    @property
    def step(self) -> float:
        """The usual step."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0

    def matches(self, other: "Clock", n: int) -> bool:
        """Return whether the first ``n`` times are those of another clock."""
        near = max(self.step, other.step) * 1e-3
        return bool((np.abs(self.times[:n] - other.times[:n]) <= near).all())


def clock_of(values: Any, what: str) -> Clock | None:
    """Return the times of a recording, if an index or a coordinate states them; None otherwise.

    Raises
    ------
    ValueError
        If they go back or stand still.

    Warns
    -----
    UserWarning
        If steps are left out: the reservoir takes all as equal.

    Examples
    --------
    >>> days = pd.Series([1.0, 2.0, 4.0], index=pd.date_range("2020-01-01", periods=3))
    >>> clock_of(days, "y").step / 3600e9
    24.0
    """
    if isinstance(values, pd.DataFrame | pd.Series):
        index = values.index
        if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
            return None
        kind, times = index.dtype.kind, index.as_unit("ns").asi8
        regular = index.freq is not None  # of business days, weekends are no holes
    elif hasattr(values, "dims") and "time" in getattr(values, "coords", ()):
        found = np.asarray(values["time"].values)
        kind = found.dtype.kind
        if found.ndim != 1 or kind not in "Mmiuf":
            return None
        dated = kind in "Mm"
        times = found.astype(f"{kind}8[ns]").view(np.int64) if dated else found.astype(float)
        kind, regular = "f" if kind in "iuf" else kind, False
    else:
        return None
    steps = np.diff(times)
    back = np.flatnonzero(steps <= 0)
    if back.size:
        raise ValueError(
            f"the time of {what} does not rise at step {back[0] + 1}: put it in order, and leave "
            "out what is there twice."
        )
    if len(steps) and not regular and steps.max() > UNEVEN * np.median(steps):
        at = int(steps.argmax())
        warn(
            f"the time of {what} has a hole after step {at}: {steps[at] / np.median(steps):.3g} "
            "usual steps. Fill it, or pass the parts as a list; all steps are taken as equal.",
            UserWarning, stacklevel=4,
        )  # fmt: skip
    return Clock(kind, times)


def check_clocks(y: Any, exog: Any, names: tuple[str, str], n: int | None = None) -> Clock | None:
    """Raise if times of signals and of exogenous inputs differ; return those of the last signal.

    ``n`` is the number of steps that are compared, by default all.
    """
    runs, outside = (_parts(values) for values in (y, exog))
    last = None
    for k, run in enumerate(runs):
        where = "" if len(runs) == 1 else f"recording {k} of "
        last = clock_of(run, where + names[0])
        given = clock_of(outside[k], where + names[1]) if k < len(outside) else None
        if last is None or given is None or last.kind != given.kind:
            continue
        if not last.matches(given, min(len(last.times), len(given.times)) if n is None else n):
            raise ValueError(
                f"the times of {where}{names[1]} are not those of {names[0]}: steps are matched by "
                f"position. Align them, such as {names[1]}.reindex({names[0]}.index)."
            )
    return last


def _parts(values: Any) -> Sequence[Any]:
    """Return recordings one by one."""
    values = as_cells(values)
    if values is None:
        return []
    several = isinstance(values, list | tuple) and len(values) > 0 and np.ndim(values[0]) > 0
    return values if several else [values]
