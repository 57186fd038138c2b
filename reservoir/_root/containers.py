"""Containers of recordings: what is opened, and what is refused with a way out."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd


def check_container(X: Any, what: str = "X") -> None:
    """Raise for containers whose recordings cannot be taken from them, and for empty ones.

    Parameters
    ----------
    X : object
        What came in; arrays, tables, and lists of them pass.
    what : str, default="X"
        What error messages call it.

    Raises
    ------
    TypeError
        For None, text, generators, sets, dicts, Datasets and what readers of event files return;
        also where one of these is the cell of a container.
    ValueError
        For a container without a cell.

    Examples
    --------
    >>> check_container(x for x in [1, 2])
    Traceback (most recent call last):
    TypeError: X is a generator, which cannot be indexed: pass list(X).
    >>> check_container([])
    Traceback (most recent call last):
    ValueError: X is a list that holds no recording: expected at least one.
    """
    reason = _reason(X, what)
    if X is None:
        reason = ": expected an array, or a list of arrays."
    if reason:
        raise TypeError(f"{what} is {_named(X)}{reason}")
    column = X.iloc[:, 0] if isinstance(X, pd.DataFrame) and X.shape[1] == 1 else X
    if not _is_list(column):
        return
    if not len(column):
        raise ValueError(f"{what} is {_named(X)} that holds no recording: expected at least one.")
    strange = {kind for kind in set(map(type, column)) if not issubclass(kind, np.ndarray)}
    for place, cell in enumerate(column if strange else ()):
        if type(cell) in strange and (reason := _reason(cell, f"{what}[{place}]")):
            raise TypeError(f"recording {place} of {what} is {_named(cell)}{reason}")


def _is_list(X: Any) -> bool:
    """Return whether a value holds objects, which may be recordings."""
    if isinstance(X, np.ndarray | pd.Series):
        return X.dtype == object and X.ndim == 1
    return isinstance(X, list | tuple)


def _reason(X: Any, what: str) -> str:
    """Return why a value is neither a recording nor a container of them, empty where it may be."""
    if isinstance(X, str | bytes):
        return (
            f" ({X[:40]!r}): expected numbers; files are read by read_events or read_samples of "
            "mottle.sensors.files."
        )
    if isinstance(X, tuple) and hasattr(X, "events"):
        return f", which holds events and what is known of them: pass its events, {what}.events."
    if hasattr(type(X), "data_vars"):  # an xarray.Dataset; the test does without the import
        names = [str(name) for name in X.data_vars]
        return (
            f" with the variables {', '.join(names) or '(none)'}: pass one, "
            f"{what}[{(names or ['name'])[0]!r}], or those that are channels of one recording, "
            f"{what}.to_dataarray('channel')."
        )
    if isinstance(X, Mapping):
        first = next(iter(X), "name")
        return f": pass one entry, {what}[{first!r}], or list({what}.values())."
    plain = isinstance(X, Iterable) and not hasattr(X, "__array__") and not hasattr(X, "shape")
    if plain and not hasattr(X, "__getitem__"):
        return f", which cannot be indexed: pass list({what})."
    return ""


def _named(X: Any) -> str:
    """Return the name of a value's type with its article."""
    name = type(X).__name__
    return f"an {name}" if name[0] in "AEIO" else f"a {name}"


def as_cells(X: Any) -> Any:
    """Return a list for a container of arrays; any other value is returned unchanged.

    Parameters
    ----------
    X : object
        List, tuple, Series, one-dimensional object array, or one-column DataFrame. Its cells may be
        nested lists of numbers.

    Returns
    -------
    X : object
        Numbers in any container are not touched.

    Raises
    ------
    ValueError
        For a table of several columns of arrays, which holds several senses, and for nested lists
        whose rows have different lengths.

    Examples
    --------
    >>> [cell.shape for cell in as_cells(pd.Series([np.zeros((3, 2)), np.zeros((4, 2))]))]
    [(3, 2), (4, 2)]
    >>> as_cells(([[1, 2], [3, 4], [5, 6]],))[0].shape
    (3, 2)
    >>> as_cells(pd.Series([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    if isinstance(X, pd.DataFrame):
        held = [name for name, column in X.items() if _holds_arrays(column)]
        if held and X.shape[1] > 1:
            raise ValueError(
                f"a table of {X.shape[1]} senses came in ({', '.join(map(str, X.columns))}) and "
                "one is read here: pass one column, or use DriveStack or a ColumnTransformer."
            )
        X = X.iloc[:, 0] if held else X
    if _holds_arrays(X) or isinstance(X, tuple):
        X = list(X)
    if not isinstance(X, list):
        return X
    _check_lengths(X, "X")
    return [
        np.asarray(_check_lengths(cell, f"recording {place}")) if _is_table(cell) else cell
        for place, cell in enumerate(X)
    ]


def check_features(X: Any, *, states: bool = True) -> None:
    """Raise for containers that hold no rows of features, each a number.

    Parameters
    ----------
    X : object
        What came into a readout; arrays, tables of numbers and lists of rows pass.
    states : bool, default=True
        Let states of several recordings pass, of which each step would be a row.

    Raises
    ------
    TypeError, ValueError
        As `check_container`, for a row that is None, and for a table or Series whose cells are
        arrays.

    Examples
    --------
    >>> check_features(pd.Series([np.zeros(3), np.zeros(3)]))
    Traceback (most recent call last):
    ValueError: X is a Series whose cells are arrays, expected rows of features: np.stack(X).
    """
    check_container(X)
    if isinstance(X, list | tuple) and (rows := [k for k, row in enumerate(X) if row is None]):
        raise ValueError(f"row {rows[0]} of X is None, expected features: leave it out of X and y.")
    columns = list(X.items()) if isinstance(X, pd.DataFrame) else [(None, X)]
    held = [name for name, column in columns if _holds_arrays(column)]
    if held:
        stacked = ", ".join(f"np.stack({'X' if name is None else f'X[{name!r}]'})" for name in held)
        way = stacked if len(held) == 1 else f"np.hstack([{stacked}])"
        raise ValueError(
            f"X is a {type(X).__name__} whose cells are arrays, expected rows of features: {way}."
        )
    several = isinstance(X, list | tuple) and len(X) > 0 and all(np.ndim(one) == 2 for one in X)
    if not states and (several or getattr(X, "ndim", 0) == 3):
        raise ValueError(
            "Found array with dim 3, (recording, step, node): these are states, and a readout "
            "takes rows of features. Set pool= or n_segments= in the reservoir for features of a "
            "recording, or fit_stream for a target a step."
        )


@contextmanager
def naming_rows(X: Any) -> Iterator[None]:
    """Name the row and column of a feature that is not finite, where scikit-learn refuses it.

    Examples
    --------
    >>> try:
    ...     with naming_rows([[0.0, np.nan]]):
    ...         raise ValueError("Input X contains NaN.")
    ... except ValueError as error:
    ...     print(str(error)[:43])
    row 0, column 1: Input X contains NaN. A re
    """
    try:
        yield
    except ValueError as error:
        first = str(error).splitlines()[0]
        if not first.startswith(("Input X contains NaN", "Input X contains infinity")):
            raise
        try:
            bad = np.argwhere(~np.isfinite(np.asarray(X, dtype=np.float64)))
        except (TypeError, ValueError):  # texts that are numbers, and pandas' own missing values
            raise error from None
        if not len(bad) or bad.shape[1] != 2:
            raise
        row, column = bad[0].tolist()
        raise ValueError(
            f"row {row}, column {column}: {first} A readout takes finite numbers: leave the row "
            "out of X and y (a recording that is absent gives NaN), or fill gaps before, as with "
            "SimpleImputer."
        ) from None


def _holds_arrays(X: Any) -> bool:
    """Return whether a Series or an object array holds arrays, at least one."""
    if not isinstance(X, np.ndarray | pd.Series) or not _is_list(X):
        return False
    return any(not np.isscalar(cell) and hasattr(cell, "__len__") for cell in X)


def _is_table(cell: Any) -> bool:
    """Return whether a value is a list of rows."""
    return isinstance(cell, list | tuple) and len(cell) > 0 and isinstance(cell[0], list | tuple)


def _check_lengths(X: Any, what: str) -> Any:
    """Return a list; raise if its cells are lists of numbers of different lengths."""
    if _is_table(X) and not any(map(_is_table, X)):
        lengths = [len(row) if isinstance(row, list | tuple) else 1 for row in X]
        if len(set(lengths)) > 1:
            other = next(k for k, length in enumerate(lengths) if length != lengths[0])
            raise ValueError(
                f"row {other} of {what} has {lengths[other]} values, row 0 has {lengths[0]}: every "
                "row needs a value for each channel."
            )
    return X
