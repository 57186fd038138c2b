"""Faults of recorded states: converters at their limits, and channels that stand still."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number

RUN, FRACTION, CODES = 3, 0.005, 16
"""A channel looks saturated if its largest or smallest value occurs three times in a row, in 0.5 %
of all samples, and the channel has more than 16 values."""


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
        for extreme in (channel.min(), channel.max()):
            at = channel == extreme
            few = at.sum() < max(RUN, FRACTION * at.size)
            if few or np.unique(channel).size <= CODES:
                continue
            rows = at[: -RUN + 1].copy()
            for ahead in range(1, RUN):
                rows &= at[ahead : at.size - RUN + 1 + ahead]
            if rows.any():
                found[:, k] |= at
    return found
