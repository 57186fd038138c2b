"""Numbers out of arrays, frames and texts: labelled axes in order, nothing dropped on the way."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.containers import check_container
from mottle.times import name_time

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
PANDAS_ROUNDS = [int(part) for part in pd.__version__.split(".")[:2]] >= [3, 1]
"""Whether pandas turns a text into the closest float; before 3.1 the last digit may differ."""
FLOATS: dict[str, Any] = {} if PANDAS_ROUNDS else {"float_precision": "round_trip"}
"""With which `pandas.read_csv` reads the closest floats."""
AXES = (("recording", "case"), ("step", "time"), ("input", "channel", "node"))  # of dimensions


def order_dims(X: Any, what: str = "the drive") -> Any:
    """Return a DataArray with its dimensions in the order (recording, step, input).

    Parameters
    ----------
    X : object
        Dimensions of a DataArray have the names "recording" or "case", "step" or "time", "input",
        "channel" or "node". A value of any other type is returned unchanged.
    what : str, default="the drive"
        What error messages call it.

    Returns
    -------
    X : object
        Nothing is read from disk or computed.

    Raises
    ------
    ValueError
        For other names, and for numbers of dimensions other than two and three.
    TypeError
        For a Dataset.

    Examples
    --------
    >>> import xarray as xr
    >>> order_dims(xr.DataArray(np.zeros((2, 5)), dims=("channel", "time"))).dims
    ('time', 'channel')
    """
    if not hasattr(X, "dims"):  # an xarray object; the test does without the import
        return X
    check_container(X)  # a Dataset has dims too
    known = {name: axis for axis, names in enumerate(AXES) for name in names}
    axes = [known.get(str(name)) for name in X.dims]
    expected = {2: [1, 2], 3: [0, 1, 2]}.get(len(axes))
    if None in axes or sorted(axes) != expected:  # type: ignore[type-var]
        raise ValueError(
            f"{what} has the dims {X.dims}: expected (step, input) or (recording, step, input), "
            "in any order; time stands for step, channel or node for input, case for recording. "
            "Rename them with X.rename(...)."
        )
    return X.transpose(*(X.dims[axes.index(axis)] for axis in expected))


def variable_of(stream: Any, name: str) -> Any:
    """Return a coordinate of a DataArray as a variable.

    To make a DataArray of it, as ``stream[name]`` does, takes fifty times as long.

    Examples
    --------
    >>> import xarray as xr
    >>> variable_of(xr.DataArray([5.0], coords={"time": [0.5]}), "time").values
    array([0.5])
    """
    return stream.coords.variables[name]


def refuse_masked(X: Any, what: str) -> None:
    """Raise if values are masked: the mask would be lost.

    Parameters
    ----------
    X : object
        A masked array, or anything else.
    what : str
        What error messages call it.

    Raises
    ------
    ValueError
        If at least one value is masked.

    Examples
    --------
    >>> refuse_masked(np.ma.masked_equal([1, -1], -1), "y")
    Traceback (most recent call last):
    ValueError: y has 1 masked values, which would be taken for numbers: repair them, or leave these rows out.
    """  # noqa: E501
    if not isinstance(X, np.ma.MaskedArray):
        return
    parts = [np.ma.getmaskarray(X[name]) for name in X.dtype.names] if X.dtype.names else [
        np.ma.getmaskarray(X)
    ]  # fmt: skip
    n_masked = sum(int(part.sum()) for part in parts)
    if n_masked:
        raise ValueError(
            f"{what} has {n_masked} masked values, which would be taken for numbers: "
            "repair them, or leave these rows out."
        )


def as_numbers(X: Any, what: str = "the drive") -> NDArray[np.float64]:
    """Return an array of float64; refuse what would lose its meaning.

    Parameters
    ----------
    X : array-like
        Numbers or truth values.
    what : str, default="the drive"
        What error messages call it.

    Returns
    -------
    numbers : ndarray of float64
        The same numbers.

    Raises
    ------
    ValueError
        For masked values, complex numbers, times, text, events, and lists of unequal lengths.

    Examples
    --------
    >>> as_numbers([[True, False]]).tolist()
    [[1.0, 0.0]]
    >>> as_numbers(np.array(["1.5"]))
    Traceback (most recent call last):
    ValueError: the drive holds text (<U3): convert it with X.astype(float).
    """
    if isinstance(X, pd.DataFrame | pd.Series):
        for name, column in X.items() if isinstance(X, pd.DataFrame) else [("", X)]:
            if column.dtype.kind in "mM":
                raise ValueError(
                    f"{what} holds times in column {name!r} ({column.dtype}): drop it, or make it "
                    "the index."
                )
            if isinstance(name, str) and name_time(name) is not None:
                raise ValueError(
                    f"{what} has a column {name!r}, the name of a time and of no input: drop it or "
                    "make it the index; rename it if it is an input."
                )
    refuse_masked(X, what)
    array = np.asarray(X.values if hasattr(X, "dims") else X)  # numpy asks for all there may be
    kind = array.dtype.kind
    if kind in "biuf":
        return array.astype(np.float64, copy=False)
    if array.dtype.names:
        raise ValueError(
            f"{what} is an array with the fields {', '.join(array.dtype.names)}: encode events "
            "with EventRate or TimeSurface first, or take EventMemristorReservoir."
        )
    reasons = {
        "c": "complex numbers ({}): take X.real, X.imag or abs(X). Complex data not supported.",
        "m": "times ({}): take seconds, X / np.timedelta64(1, 's').",
        "M": "times ({}): take seconds from a start, (X - X[0]) / np.timedelta64(1, 's').",
        **dict.fromkeys("USTa", "text ({}): convert it with X.astype(float)."),
    }
    if kind in reasons:
        raise ValueError(f"{what} holds {reasons[kind].format(array.dtype)}")
    if kind == "O" and any(isinstance(one, str) for one in array.flat):
        raise ValueError(f"{what} holds {reasons['U'].format('object')}")
    return array.astype(np.float64, copy=False)


def to_floats(texts: pd.Series) -> NDArray[np.float64]:
    """Return the numbers that texts state, each the closest float, with every pandas.

    Parameters
    ----------
    texts : Series of string
        Texts.

    Returns
    -------
    numbers : ndarray of float64 (row,)
        NaN where a text is missing or no number, infinite where it is beyond the largest float.

    Examples
    --------
    >>> to_floats(pd.Series(["0.1", "1e400", "one", None], dtype="string")).tolist()
    [0.1, inf, nan, nan]
    """
    found = pd.to_numeric(texts, errors="coerce")
    numbers = found.to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers if PANDAS_ROUNDS else _closest_floats(texts, found.dtype.kind in "iu", numbers)


def _closest_floats(
    texts: pd.Series, whole: bool, numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return numbers as Python reads them: those of pandas, and those too large for pandas."""
    closest = numbers.copy()
    for row, text in enumerate(texts.to_numpy(dtype=object, na_value="")):
        known = not np.isnan(numbers[row])
        if not whole if known else NUMBER.fullmatch(text.strip()):
            closest[row] = float(text)
    return closest
