"""What a supply can give, and what a device makes of it."""

from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

V_COMPLIANCE = 25.0  # V: a source gives no more, and nothing below zero
CUT_MANY = 0.2  # the share of node voltages from which on cutting them is worth a warning


def within_supply(
    v_in: NDArray[np.float64], low: float = 0.0, high: float = V_COMPLIANCE
) -> NDArray[np.float64]:
    """Cut node voltages to what a source can give, and warn where that changes many.

    Examples
    --------
    >>> within_supply(np.array([3.0, 4.0, 5.0, 6.0, 7.0, -0.5])).tolist()
    [3.0, 4.0, 5.0, 6.0, 7.0, 0.0]
    """
    if v_in.size == 0 or (v_in.min() >= low and v_in.max() <= high):
        return v_in
    held = np.clip(v_in, low, high)
    if np.mean(held != v_in) > CUT_MANY:
        warn_of_cut(v_in, low, high)
    return held


def warn_of_cut(v_in: NDArray[np.float64], low: float, high: float) -> None:
    """Say how many node voltages a supply of ``low`` to ``high`` V cuts."""
    warn(
        f"{np.mean((v_in < low) | (v_in > high)):.0%} of the node voltages lie outside {low:g} to "
        f"{high:g} V and are cut (lowest {v_in.min():.3g} V, highest {v_in.max():.3g} V): scale "
        "the drive to about -1 to 1, or lower v_gain.",
        stacklevel=4,
    )


def check_bias(v_bias: float, device: Any) -> None:
    """Refuse a bias outside the ``window`` in which a single device oscillates."""
    low, high = device.window
    if not low <= v_bias <= high:
        raise ValueError(
            f"v_bias={v_bias} V lies outside {low} to {high} V, where this device oscillates; take "
            f"for example {0.6 * low + 0.4 * high:.3g} V, or set oscillating=False if nodes at "
            "rest are meant."
        )
