"""Sample input of a model and its output, as arrays and a description of what held them."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.events import read_stream
from mottle.sensors.files import EventFile

MOST_ROWS, MOST_EVENTS = 100, 2000  # of the one recording that is kept
METHODS = ("predict", "predict_proba", "transform")


def cut(X: Any, *, whole: bool = False) -> Any:
    """Return the first recording of an input, and of it the first steps, or all.

    Of a 2-D input the first rows; of a table of streams the first row that lacks no sense; of a
    number of steps at most as many.

    Examples
    --------
    >>> cut(np.zeros((3, 500, 2))).shape, len(cut([np.zeros((500, 2))] * 3))
    ((1, 100, 2), 1)
    """
    if isinstance(X, pd.DataFrame) and any(kind.kind == "O" for kind in X.dtypes):
        full = X.notna().all(axis=1).to_numpy()
        row = int(np.argmax(full))
        index = X.index[row : row + 1]
        return pd.DataFrame(
            {name: cells([first(column.iloc[row], whole)], index) for name, column in X.items()}
        )
    if isinstance(X, pd.Series):
        return cells([first(X.iloc[0], whole)], X.index[:1], X.name)
    if isinstance(X, list | tuple):
        return [first(X[0], whole)]
    if getattr(X, "ndim", 2) == 3:
        return X[:1] if whole else X[:1, :MOST_ROWS]
    return min(X, MOST_ROWS) if isinstance(X, int) else first(X, whole)


def first(stream: Any, whole: bool) -> Any:
    """Return the first rows of a stream, of events more, or all."""
    stream = read_stream(stream)
    stream = stream.events if isinstance(stream, EventFile) else stream
    if whole or stream is None:
        return stream
    most = MOST_EVENTS if getattr(getattr(stream, "dtype", None), "names", None) else MOST_ROWS
    return stream.iloc[:most] if isinstance(stream, pd.DataFrame | pd.Series) else stream[:most]


def cells(streams: list[Any], index: Any, name: Any = None) -> pd.Series:
    """Return a column with one stream a cell."""
    held = np.empty(len(streams), dtype=object)
    for k, one in enumerate(streams):
        held[k] = one
    return pd.Series(held, index=index, name=name)


def output_of(model: Any, X: Any) -> dict[str, Any]:
    """Return what a model gives for an input, by method."""
    methods = METHODS[:2] if hasattr(model, "predict") else METHODS[2:]
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


def describe(value: Any, put: Callable[[NDArray], str]) -> Any:
    """Return a description of a value in JSON; ``put`` keeps an array and returns its name."""
    if isinstance(value, xr.DataArray):
        return {"samples": describe(value.to_dict(data="array"), put)}
    if isinstance(value, pd.DataFrame):
        columns = {str(name): describe(column, put) for name, column in value.items()}
        return {"frame": columns, "index": [str(name) for name in value.index]}
    if isinstance(value, pd.Series):
        whole = value.dtype == object
        return describe(list(value) if whole else value.to_numpy(), put)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return {"array": put(value)}
    if isinstance(value, dict):
        return {"dict": {str(key): describe(one, put) for key, one in value.items()}}
    if isinstance(value, list | tuple | np.ndarray):
        return [describe(one, put) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"a {type(value).__name__} cannot be kept as sample: pass arrays, or a table.")


def restore(described: Any, get: Callable[[str], NDArray]) -> Any:
    """Return the value of a description; ``get`` returns an array by its name."""
    if isinstance(described, list):
        return [restore(one, get) for one in described]
    if not isinstance(described, dict):
        return described
    if "array" in described:
        return get(described["array"])
    if "samples" in described:
        return xr.DataArray.from_dict(restore(described["samples"], get))
    if "frame" in described:
        index = described["index"]
        columns = {name: restore(one, get) for name, one in described["frame"].items()}
        held = {
            name: cells(one, index) if isinstance(one, list) else pd.Series(one, index=index)
            for name, one in columns.items()
        }
        return pd.DataFrame(held, index=index)
    return {name: restore(one, get) for name, one in described["dict"].items()}


def as_npy(array: NDArray) -> bytes:
    """Return the bytes of a ``.npy``."""
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def flat(value: Any) -> tuple[str, list[NDArray]]:
    """Return the description of a value as text, and its arrays."""
    arrays: list[NDArray] = []

    def put(array: NDArray) -> str:
        arrays.append(array)
        return f"{array.dtype} {array.shape}"

    return json.dumps(describe(value, put)), arrays


def largest_difference(before: Any, after: Any) -> float:
    """Return the largest difference of two outputs, relative to the largest value of the first.

    It is infinite where labels, shapes or types differ.

    Examples
    --------
    >>> largest_difference(np.array([1.0, 4.0]), np.array([1.0, 4.5]))
    0.125
    >>> largest_difference(np.array(["a"]), np.array(["b"]))
    inf
    """
    (text, old), (other, new) = flat(before), flat(after)
    if text != other:
        return np.inf
    most = 0.0
    for one, two in zip(old, new, strict=True):
        if one.tobytes() == two.tobytes():
            continue
        if one.dtype.kind != "f" or not np.array_equal(np.isnan(one), np.isnan(two)):
            return np.inf
        largest = np.nanmax(np.abs(one), initial=np.finfo(float).tiny)
        most = max(most, float(np.nanmax(np.abs(one - two), initial=0.0) / largest))
    return most
