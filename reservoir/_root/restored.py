"""Checks of arrays that come with a saved model."""

from typing import Any

import numpy as np


def check_array(name: str, value: Any, shape: tuple[int, ...], dtype: str = "float64") -> None:
    """Raise unless ``value`` is a contiguous array of a shape and type.

    Examples
    --------
    >>> check_array("scale_", np.zeros(3), (4,))
    Traceback (most recent call last):
    ValueError: scale_ is float64 of shape (3,); expected float64 of shape (4,).
    """
    found = np.asarray(value)
    if found.shape != shape or found.dtype != dtype or not found.flags.c_contiguous:
        raise ValueError(
            f"{name} is {found.dtype} of shape {found.shape}; expected {dtype} of shape {shape}."
        )


def check_equal(name: str, value: Any, expected: Any) -> None:
    """Raise unless a value is the one that follows from others.

    Examples
    --------
    >>> check_equal("n_features_in_", 3, 4)
    Traceback (most recent call last):
    ValueError: n_features_in_ is 3; expected 4.
    """
    if value != expected:
        raise ValueError(f"{name} is {value!r}; expected {expected!r}.")


def check_places(name: str, places: Any, size: int) -> None:
    """Raise unless all ``places`` are indices of ``size`` elements.

    Examples
    --------
    >>> check_places("fields_", np.array([0, 5]), 5)
    Traceback (most recent call last):
    ValueError: fields_ has the index 5 of 5 elements.
    """
    found = np.asarray(places)
    if found.dtype.kind not in "iu":
        raise ValueError(f"{name} is {found.dtype}; expected whole numbers.")
    wrong = found[(found < 0) | (found >= size)]
    if wrong.size:
        raise ValueError(f"{name} has the index {wrong[0]} of {size} elements.")


def check_rows(name: str, begins: Any, n_rows: int, size: int) -> None:
    """Raise unless ``begins`` parts ``size`` elements into ``n_rows`` rows, in order.

    Examples
    --------
    >>> check_rows("indptr", np.array([0, 3, 2]), 2, 2)
    Traceback (most recent call last):
    ValueError: indptr does not part 2 elements into 2 rows.
    """
    found = np.asarray(begins)
    fits = found.shape == (n_rows + 1,) and found.dtype.kind in "iu"
    fits = fits and found[0] == 0 and found[-1] == size and bool((found[1:] >= found[:-1]).all())
    if not fits:
        raise ValueError(f"{name} does not part {size} elements into {n_rows} rows.")


def check_sparse(name: str, value: Any, shape: tuple[int, int]) -> None:
    """Raise unless ``value`` is a matrix of numbers of a shape; a sparse one with sound indices.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> check_sparse("weights_", csr_array((2, 3)), (2, 2))
    Traceback (most recent call last):
    ValueError: weights_ has shape (2, 3); expected (2, 2).
    """
    form = getattr(value, "format", None)
    if form is None:
        value = np.asarray(value)
    if value.shape != shape:
        raise ValueError(f"{name} has shape {value.shape}; expected {shape}.")
    if value.dtype.kind not in "fiub":
        raise ValueError(f"{name} is {value.dtype}; expected real numbers.")
    if form in ("csr", "csc"):
        n_rows, n_columns = shape if form == "csr" else shape[::-1]
        check_rows(f"{name}.indptr", value.indptr, n_rows, len(value.data))
        check_equal(f"{name}.indices.shape", value.indices.shape, value.data.shape)
        check_places(f"{name}.indices", value.indices, n_columns)
        places = value.sorted_indices()
        again = np.flatnonzero(places.indices[1:] == places.indices[:-1]) + 1
        if np.setdiff1d(again, places.indptr).size:
            raise ValueError(f"{name} has an entry twice.")
