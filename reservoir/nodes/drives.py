"""Input of reservoirs: drives of one recording or many, checked and cut into blocks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from mottle.events import is_absent as is_missing

AXES = (("recording", "case"), ("step", "time"), ("input", "channel"))  # names of dimensions


class Drives:
    """Recordings of a drive: one float array (step, input) each, and the kind of container."""

    def __init__(self, recordings: Any, kind: str, labels: dict[str, Any] | None = None):
        self.recordings, self.kind = recordings, kind  # kind: "one", "array" or "list"
        self.labels = labels or {}  # "recording", "time" (s, along the steps) and "input"
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

    def finish(self, reservoir: Any) -> None:
        """Report what was left out, after the last block; nothing is for a drive."""


def read_drives(reservoir: Any, X: Any, reset: bool) -> Drives:
    """Check and return a drive; set ``n_features_in_`` of the reservoir if ``reset``."""
    values, labels = unlabel(X)
    drives = Drives(*check_drive(reservoir, values, reset), labels)
    names = getattr(reservoir, "feature_names_in_", None)
    if names is not None:
        drives.labels.setdefault("input", names)
    return drives


def read_chunk(reservoir: Any, state: Any, X: Any, n_steps: int | None) -> tuple[NDArray, NDArray]:
    """Check and return the next steps of live runs, and the number of steps of each."""
    X = np.asarray(X, dtype=np.float64)
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
    X = np.require(X, requirements=["C", "A", "W"])  # kernels are compiled for this
    return X, np.full(len(X), X.shape[1])


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

    Dimensions have the names "recording" or "case", "step" or "time", "input" or "channel", in any
    order; other names are an error. A value of any other type is returned unchanged.

    Examples
    --------
    >>> import xarray as xr
    >>> x = xr.DataArray(np.zeros((2, 5)), dims=("channel", "time"), coords={"channel": ["a", "b"]})
    >>> values, labels = unlabel(x)
    >>> values.shape, labels["input"].tolist()
    ((5, 2), ['a', 'b'])
    """
    if not hasattr(X, "dims"):  # an xarray.DataArray; the test does without the import
        return X, {}
    known = {name: axis for axis, names in enumerate(AXES) for name in names}
    axes = [known.get(str(name)) for name in X.dims]
    expected = {2: [1, 2], 3: [0, 1, 2]}.get(len(axes))
    if None in axes or sorted(axes) != expected:  # type: ignore[type-var]
        raise ValueError(
            f"the drive has the dims {X.dims}: expected (step, input) or (recording, step, input), "
            "in any order; time stands for step, channel for input, case for recording. Rename "
            "them with X.rename(...)."
        )
    ordered = X.transpose(*(X.dims[axes.index(axis)] for axis in expected))
    labels = {}
    for name, axis in zip(ordered.dims, expected, strict=True):
        if name in X.coords:
            labels[("recording", "time", "input")[axis]] = X.coords[name].to_numpy()
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


def check_drive(estimator: Any, X: Any, reset: bool) -> tuple[Any, str]:
    """Return one float array (step, input) per recording, and the kind of input.

    Set ``n_features_in_`` of the estimator if ``reset``.
    """
    X, _ = unlabel(X)
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1:
        X = list(X)
    if isinstance(X, list) and X and all(np.ndim(x) == 2 for x in X):
        drives: Any = [np.asarray(x, dtype=np.float64) for x in X]
        kind = "list"
    elif getattr(X, "ndim", None) == 3:
        drives, kind = np.asarray(X, dtype=np.float64), "array"
    else:
        return [validate_data(estimator, X, dtype=np.float64, reset=reset)], "one"
    if len(drives) == 0:
        raise ValueError("the drive holds no recording; expected at least one.")
    if reset:
        estimator.n_features_in_ = drives[0].shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
    for i, drive in enumerate(drives):
        if drive.shape[1] != estimator.n_features_in_:
            raise ValueError(
                f"recording {i} has {drive.shape[1]} inputs, expected {estimator.n_features_in_}: "
                "every recording needs the same channels in the same order."
            )
        if drive.shape[0] == 0:
            raise ValueError(f"recording {i} has no steps; drop it or mark the sense absent.")
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(drive.sum()):  # then every value is: one pass, no array of flags
                continue
        bad = ~np.isfinite(drive)
        if bad.any() and not np.isnan(drive).all():
            step, channel = np.argwhere(bad)[0]
            raise ValueError(
                f"recording {i} holds {drive[step, channel]} at step {step}, input {channel}; "
                "repair or drop it (a recording that is NaN throughout counts as absent)."
            )
    return drives, kind
