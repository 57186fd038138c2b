"""Faults of recorded states: converters at their limits, and channels that stand still."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number

FRACTION, MOST, LEAST, TIMES, CODES = 0.01, 0.5, 5, 5, 16
"""A channel looks cut if its largest or smallest value is not 0 and occurs in 1 % of all samples,
five times at least, and five times as often as the value next to it. Channels of at most 16 values,
or at rest there in half of all samples, are left alone."""


def check_full_scale(full_scale: Any) -> tuple[float, float] | None:
    """Return the range of a converter, or raise.

    Examples
    --------
    >>> check_full_scale((1.0, -1.0))
    Traceback (most recent call last):
    ValueError: full_scale=(1.0, -1.0): expected (low, high), in the unit of the states.
    """
    if full_scale is None:
        return None
    if np.shape(full_scale) != (2,):
        raise ValueError(f"full_scale={full_scale!r}: expected (low, high), two numbers.")
    low, high = (check_number("full_scale", one) for one in full_scale)
    if low >= high:
        raise ValueError(
            f"full_scale={full_scale!r}: expected (low, high), in the unit of the states."
        )
    return low, high


def find_saturated(
    values: NDArray[np.float64], full_scale: tuple[float, float] | None
) -> NDArray[np.bool_]:
    """Return where channels (step, channel) are at the limit of their converter.

    With ``full_scale`` these are all samples at or beyond it; without, those at the extremes of a
    channel that look cut.

    Examples
    --------
    >>> wave = np.minimum(np.sin(np.arange(200.0) / 9)[:, np.newaxis], 0.9)
    >>> int(find_saturated(wave, None).sum()), int(find_saturated(wave, (-1.0, 1.0)).sum())
    (32, 0)
    """
    if full_scale is not None:
        return (values <= full_scale[0]) | (values >= full_scale[1])
    found = np.zeros(values.shape, bool)
    for k, channel in enumerate(values.T):
        held, counts = np.unique(channel, return_counts=True)
        for at, beside in ((0, 1), (-1, -2)) if held.size > CODES else ():
            many = max(LEAST, FRACTION * channel.size, TIMES * counts[beside])
            if held[at] and many <= counts[at] <= MOST * channel.size:
                found[:, k] |= channel == held[at]
    return found
