"""Checks of values that users give: each returns the clean value or says what is wrong."""

from difflib import get_close_matches
from numbers import Real
from typing import Any, TypeGuard, TypeVar

import numpy as np

T = TypeVar("T")


def is_whole(value: Any) -> bool:
    """Tell whether something is a whole number, and not a truth value.

    Examples
    --------
    >>> [is_whole(value) for value in (3, 3.0, True)]
    [True, False, False]
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether something is a number, and not a truth value.

    Examples
    --------
    >>> [is_number(value) for value in (3, 3.5, "3", True)]
    [True, True, False, False]
    """
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def choose(name: str, known: dict[str, T], what: str) -> T:
    """Return ``known[name]`` or say which names there are and which one was probably meant.

    Examples
    --------
    >>> choose("mena", {"mean": 1, "last": 2}, "pool")
    Traceback (most recent call last):
    ValueError: pool='mena' is not known; did you mean 'mean'? Known: last, mean.
    """
    if isinstance(name, str) and name in known:
        return known[name]
    close = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise ValueError(f"{what}={name!r} is not known{hint} Known: {', '.join(sorted(known))}.")
