"""Whether targets are labels or numbers."""

from typing import Any

import numpy as np
import pandas as pd

from mottle.arrays import refuse_masked
from mottle.checks import check_option

TASKS = ("auto", "classification", "regression")
MOST_CLASSES = 20  # integers with more distinct values than this may be measurements


def plain_targets(y: Any, what: str = "y") -> Any:
    """Return targets as an array of the type that their values have.

    Parameters
    ----------
    y : array-like
        Targets; nullable types of pandas and objects become integers, truth values or numbers.
    what : str, default="y"
        What error messages call them.

    Returns
    -------
    y : array-like
        Other values are returned unchanged.

    Raises
    ------
    ValueError
        For masked or missing targets, and for bytes.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_targets(pd.Series([1, 2], dtype="Int64")).dtype.kind
    'i'
    """
    refuse_masked(y, what)
    if isinstance(y, pd.Series | pd.DataFrame):
        y = y.to_numpy()
    if isinstance(y, list | tuple) and any(isinstance(one, str) or one is None for one in y):
        cells = np.empty(len(y), dtype=object)
        cells[:] = y
        _refuse_mixed(cells, what)
    if isinstance(y, np.ndarray) and y.dtype.kind in "mM":
        raise ValueError(f"{what} is {y.dtype}; expected labels, or numbers such as seconds.")
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "OS":
        return y
    if y.dtype.kind == "S" or any(isinstance(one, bytes) for one in y.flat):
        raise ValueError(f"{what} holds bytes, such as {y.flat[0]!r}: decode them to text.")
    _refuse_mixed(y, what)
    numbers = all(isinstance(one, bool | int | float | np.number | np.bool_) for one in y.flat)
    return np.array(y.tolist()) if numbers else y


def are_labels(values: Any, task: str = "auto", what: str = "y") -> bool:
    """Return whether targets are labels; integers that may be either are refused.

    Parameters
    ----------
    values : array-like
        Targets.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" takes floating-point numbers for numbers, and text, truth values and integers for
        labels.
    what : str, default="y"
        What error messages call the targets.

    Returns
    -------
    labels : bool
        Whether the targets are labels.

    Raises
    ------
    ValueError
        With ``task="auto"``, for integers with more than 20 distinct values and for integers of
        which half or more occur only once: they may be measurements. Also for complex numbers,
        times, and text mixed with numbers.

    Examples
    --------
    >>> are_labels(["a", "b"]), are_labels([0, 1, 0, 1]), are_labels([0.5, 1.5])
    (True, True, False)
    >>> are_labels(range(100), "regression")
    False
    """
    check_option("task", task, TASKS)
    if task == "regression":
        return False
    array = np.asarray(plain_targets(values, what))
    if array.dtype.kind == "O":
        array = np.array(array.tolist())
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {what} is {array.dtype}; take its real part."
        )
    if array.dtype.kind in "mMV":
        raise ValueError(f"{what} is {array.dtype}; expected labels, or numbers such as seconds.")
    if task == "classification" or array.dtype.kind == "f":
        return task == "classification"
    if array.dtype.kind in "iu" and array.ndim == 1 and array.size > 1:
        _, counts = np.unique(array, return_counts=True)
        once = int((counts == 1).sum())
        if counts.size > MOST_CLASSES or 2 * once >= array.size:
            raise ValueError(
                f"{what} has {array.size} integers with {counts.size} distinct values, {once} of "
                "which occur once: they may be labels or numbers. Set task='classification' or "
                "task='regression'."
            )
    return True


def _refuse_mixed(array: np.ndarray, what: str) -> None:
    """Raise for text mixed with numbers, which would become text, and for missing values."""
    kinds = {"text" if isinstance(one, str) else type(one).__name__ for one in array.ravel()}
    if "text" in kinds and len(kinds) > 1:
        raise ValueError(
            f"{what} mixes text with {', '.join(sorted(kinds - {'text'}))}; give all labels one "
            "type, for example with astype(str)."
        )
    if kinds & {"NoneType", "NAType", "NaTType"}:
        where = next(i for i, one in enumerate(array.ravel()) if one is None or one != one)
        raise ValueError(f"{what} is missing in row {where}; leave out rows without a target.")
