"""Input of reservoirs: drives of one recording or many, checked and cut into blocks."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from mottle.arrays import as_numbers, order_dims
from mottle.containers import as_cells, check_container
from mottle.events import is_absent as is_missing


class Drives:
    """Recordings of a drive: one float array (step, input) each, and the kind of container."""

    def __init__(self, recordings: Any, kind: str, labels: dict[str, Any] | None = None):
        self.recordings, self.kind = recordings, kind  # kind: "one", "array" or "list"
        self.labels = labels or {}  # "recording", "time" (s, along the steps) and "input"
        if isinstance(recordings, np.ndarray):
            self.sizes = np.full(len(recordings), recordings.shape[1])
            self.absent = np.isnan(recordings[:, 0]).all(axis=1)
        else:
            self.sizes = np.array([drive.shape[0] for drive in recordings])
            self.absent = np.array([bool(np.isnan(drive[0]).all()) for drive in recordings])

    def __len__(self) -> int:
        return len(self.recordings)

    def content(self, place: int) -> bytes:
        """Return the bytes of a recording, of which its noise key is a hash."""
        return bytes(self.recordings[place].tobytes())

    def block(self, first: int, last: int) -> tuple[NDArray, NDArray]:
        """Return recordings as (recording, step, input), padded with 0, and their lengths."""
        lengths = np.where(self.absent, 0, self.sizes)[first:last]
        return side_by_side(self.recordings[first:last], lengths), lengths

    def take(self, places: NDArray) -> "Drives":
        """Return some of the recordings."""
        return Drives([self.recordings[place] for place in places], "list")

    def finish(self, reservoir: Any) -> None:
        """Report what was left out, after the last block; nothing is for a drive."""


def read_drives(reservoir: Any, X: Any, reset: bool) -> Drives:
    """Check and return a drive; set ``n_features_in_`` of the reservoir if ``reset``."""
    check_container(X)
    values, labels = unlabel(X)
    own = labels.get("input")
    if isinstance(X, pd.DataFrame) and not reset and not hasattr(reservoir, "feature_names_in_"):
        names = _names_of(X)  # with feature_names_in_, scikit-learn compares
        own = None if names is None else np.asarray(names)
    _check_names(reservoir, own, reset)
    drives = Drives(*check_drive(reservoir, values, reset), labels)
    names = getattr(reservoir, "feature_names_in_", None)
    if names is not None:
        drives.labels.setdefault("input", names)
    return drives


def _check_names(reservoir: Any, names: NDArray | None, reset: bool) -> None:
    """Keep the names of inputs in ``fit``, and refuse others, or another order, later."""
    names = None if names is None or names.dtype.kind not in "UTO" else names
    if reset:
        reservoir._input_names = names
    known = _known_names(reservoir) if names is not None else None
    if names is not None and known is not None and list(names) != known:
        raise ValueError(
            f"the inputs are {', '.join(map(str, names))}, in fit they were "
            f"{', '.join(map(str, known))}: give the same channels in the same order, such as "
            "X.sel(channel=[...])."
        )


def _known_names(estimator: Any) -> list[Any] | None:
    """Return the names of inputs in ``fit``, of a DataArray, a list or a frame."""
    known = getattr(estimator, "_input_names", None)
    known = getattr(estimator, "feature_names_in_", None) if known is None else known
    return None if known is None else list(known)


def _in_order(estimator: Any, parts: list[Any], reset: bool) -> list[Any]:
    """Return named recordings with their inputs in one order: that of ``fit``, or of the first."""
    named = {i: names for i, part in enumerate(parts) if (names := _names_of(part)) is not None}
    first = next(iter(named.values()), [])
    if reset:
        estimator._input_names = first or None
    kept = None if reset else _known_names(estimator)
    known = first if kept is None else kept
    parts = list(parts)
    for i, names in named.items():
        if names == known:
            continue
        if sorted(names) != sorted(known) or len(set(names)) < len(names):
            where = "in fit they were" if not reset else "those of the first are"
            raise ValueError(
                f"the inputs of recording {i} are {', '.join(names)}, {where} "
                f"{', '.join(map(str, known))}: every recording needs the same channels."
            )
        order = [names.index(name) for name in known]
        values, _ = unlabel(parts[i])
        parts[i] = values.iloc[:, order] if isinstance(values, pd.DataFrame) else values[:, order]
    return parts


def _names_of(part: Any) -> list[str] | None:
    """Return the names of a recording's inputs, None where it has none."""
    if isinstance(part, pd.DataFrame):
        names: Any = part.columns.to_numpy()
    else:
        names = unlabel(part)[1].get("input", np.empty(0))
    return names.tolist() if names.size and all(isinstance(name, str) for name in names) else None


def read_chunk(reservoir: Any, state: Any, X: Any, n_steps: int | None) -> tuple[NDArray, NDArray]:
    """Check and return the next steps of live runs, and the number of steps of each."""
    plain = type(X) is np.ndarray and X.dtype == np.float64
    if not plain:
        check_container(X)
        X = as_numbers(order_dims(X, "the chunk"), "the chunk")
    expected = state.keys.size, reservoir.n_features_in_
    if X.ndim != 3 or (X.shape[0], X.shape[2]) != expected:
        raise ValueError(
            f"the chunk has shape {X.shape}; expected ({expected[0]} recordings, steps, "
            f"{expected[1]} inputs), as in start and fit."
        )
    if n_steps not in (None, X.shape[1]):
        raise ValueError(
            f"n_steps={n_steps!r}, but the chunk has {X.shape[1]} steps; leave it out."
        )
    if not np.isfinite(X).all():
        run, step, channel = np.argwhere(~np.isfinite(X))[0]
        raise ValueError(
            f"run {run} got {X[run, step, channel]} at step {step} of the chunk, input "
            f"{channel}; a live run needs every value."
        )
    if not X.flags.carray:
        X = np.require(X, requirements=["C", "A", "W"])  # kernels are compiled for this
    return X, np.array([X.shape[1]] * len(X))


def is_absent(recording: Any) -> bool:
    """Return whether a recording is absent: None, or NaN throughout.

    Examples
    --------
    >>> is_absent(None), is_absent(np.full((3, 2), np.nan)), is_absent(np.zeros((3, 2)))
    (True, True, False)
    """
    if is_missing(recording):
        return True
    numbers = isinstance(recording, np.ndarray) and recording.dtype.kind == "f"
    return numbers and bool(np.isnan(recording).all())


def unlabel(X: Any) -> tuple[Any, dict[str, Any]]:
    """Return the values of a DataArray in the order (recording, step, input), and its labels.

    A value of any other type is returned unchanged.

    Examples
    --------
    >>> import xarray as xr
    >>> x = xr.DataArray(np.zeros((2, 5)), dims=("channel", "time"), coords={"channel": ["a", "b"]})
    >>> values, labels = unlabel(x)
    >>> values.shape, labels["input"].tolist()
    ((5, 2), ['a', 'b'])
    """
    ordered = order_dims(X)
    if not hasattr(ordered, "dims"):
        return X, {}
    labels = {}
    for name, label in zip(reversed(ordered.dims), ("input", "time", "recording"), strict=False):
        if name in X.coords:
            labels[label] = X.coords[name].to_numpy()
    return ordered.to_numpy(), labels


def side_by_side(drives: Any, lengths: NDArray) -> NDArray[np.float64]:
    """Return drives as (recording, step, input), padded with 0, without a copy where possible.

    Examples
    --------
    >>> side_by_side([np.ones((1, 1)), np.ones((2, 1))], np.array([1, 2])).tolist()
    [[[1.0], [0.0]], [[1.0], [1.0]]]
    """
    if len(drives) == 1:
        drives = drives[0][np.newaxis]
    if isinstance(drives, np.ndarray):
        return np.require(drives, requirements=["C", "A", "W"])  # kernels are compiled for this
    padded = np.zeros((len(drives), max(int(lengths.max()), 1), drives[0].shape[1]))
    for i, n in enumerate(lengths):
        padded[i, :n] = drives[i][:n]
    return padded


def _one_drive(estimator: Any, X: Any, reset: bool) -> NDArray[np.float64]:
    """Return one recording (step, input)."""
    if isinstance(X, list | tuple) and X and all(hasattr(x, "ndim") for x in X):
        axes = X[0].ndim
        raise ValueError(
            f"the drive is a list of {len(X)} arrays, the first with {axes} axes: each recording "
            "needs two, (step, input); for one input, x.reshape(-1, 1)."
        )
    if isinstance(X, np.ndarray | pd.DataFrame):
        as_numbers(X)
    try:
        checked: NDArray[np.float64] = validate_data(estimator, X, dtype=np.float64, reset=reset)
        return checked
    except ValueError as error:
        n_inputs = getattr(estimator, "n_features_in_", None)
        hint = "" if reset else _transposed(X, n_inputs)
        if getattr(X, "ndim", 0) == 2 and "NaN" in str(error):
            place = np.argwhere(~np.isfinite(as_numbers(X)))[0].tolist()
            hint = (
                f"The first is at step {place[0]}, input {place[1]}: repair it, or drop the rows."
            )
        if not hint:
            raise
        raise ValueError(f"{str(error).splitlines()[0]} {hint.strip()}") from None


def _transposed(drive: Any, n_inputs: int | None) -> str:
    """Return a sentence for a drive whose rows are as many as the inputs of ``fit``."""
    if np.ndim(drive) != 2 or np.shape(drive)[0] != n_inputs:
        return ""
    return (
        f" It has {n_inputs} rows, as many as inputs in fit. Is it transposed? Rows are steps, "
        "columns are inputs: take X.T, or X.transpose(0, 2, 1) of (recording, channel, time)."
    )


def _fill_absent(estimator: Any, parts: list[Any], reset: bool) -> list[NDArray[np.float64]]:
    """Return recordings as numbers; those that are None become one step of NaN."""
    drives = {i: as_numbers(x, f"recording {i}") for i, x in enumerate(parts) if not is_missing(x)}
    if reset and not drives:
        raise ValueError("recording 0 is absent (None): fit needs every recording.")
    n_inputs = next(iter(drives.values())).shape[1] if reset else estimator.n_features_in_
    absent = np.full((1, n_inputs), np.nan)
    return [drives.get(i, absent) for i in range(len(parts))]


def is_finite(values: NDArray) -> bool:
    """Return whether the sum is finite, as then every value is: one pass, no array of flags."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def check_drive(estimator: Any, X: Any, reset: bool) -> tuple[Any, str]:
    """Return one float array (step, input) per recording, and the kind of input.

    Set ``n_features_in_`` of the estimator if ``reset``.
    """
    check_container(X)
    X, _ = unlabel(as_cells(X))
    if isinstance(X, list) and all(is_missing(x) or np.ndim(x) == 2 for x in X):
        parts = [unlabel(x)[0] for x in _in_order(estimator, X, reset)]
        drives: Any = _fill_absent(estimator, parts, reset)
        kind = "list"
    elif getattr(X, "ndim", None) == 3:
        drives, kind = as_numbers(X), "array"
    else:
        return [_one_drive(estimator, X, reset)], "one"
    if len(drives) == 0:
        raise ValueError("the drive holds no recording; expected at least one.")
    if reset:
        estimator.n_features_in_ = drives[0].shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
    n_steps, n_inputs = drives[0].shape
    if kind == "array" and n_steps and n_inputs == estimator.n_features_in_ and is_finite(drives):
        return drives, kind
    for i, drive in enumerate(drives):
        if drive.shape[1] != estimator.n_features_in_:
            raise ValueError(
                f"recording {i} has {drive.shape[1]} inputs, expected {estimator.n_features_in_}: "
                "every recording needs the same channels in the same order."
                + _transposed(drive, estimator.n_features_in_)
            )
        if drive.shape[0] == 0:
            raise ValueError(f"recording {i} has no steps; drop it or mark the sense absent.")
        if is_finite(drive):
            continue
        bad = ~np.isfinite(drive)
        if bad.any() and not np.isnan(drive).all():
            step, channel = np.argwhere(bad)[0]
            raise ValueError(
                f"recording {i} holds {drive[step, channel]} at step {step}, input {channel}; "
                "repair or drop it (a recording that is NaN throughout counts as absent)."
            )
    return drives, kind
