"""What counts as a number, and as a whole one: truth values do not."""

from numbers import Real
from typing import Any, TypeGuard

import numpy as np


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
