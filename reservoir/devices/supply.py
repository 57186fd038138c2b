"""What a supply can give, and what a device makes of it."""

from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

V_COMPLIANCE = 25.0  # V: a source gives no more, and nothing below zero


def within_supply(
    v_in: NDArray[np.float64], low: float = 0.0, high: float = V_COMPLIANCE
) -> NDArray[np.float64]:
    """Cut node voltages to what a source can give, and warn where that changes many.

    Examples
    --------
    >>> within_supply(np.array([3.0, 4.0, 5.0, 6.0, 7.0, -0.5])).tolist()
    [3.0, 4.0, 5.0, 6.0, 7.0, 0.0]
    """
    held = np.clip(v_in, low, high)
    share = np.mean(held != v_in)
    if share > 0.2:
        warn(
            f"{share:.0%} of the node voltages lie outside {low:g} to {high:g} V and are "
            f"cut (lowest {v_in.min():.3g} V, highest {v_in.max():.3g} V): scale the drive to "
            "about -1 to 1, or lower v_gain.",
            stacklevel=3,
        )
    return held


def check_bias(v_bias: float, device: Any) -> None:
    """Refuse a bias outside the ``window`` in which a single device oscillates."""
    low, high = device.window
    if not low <= v_bias <= high:
        raise ValueError(
            f"v_bias={v_bias} V lies outside {low} to {high} V, where this device oscillates; take "
            f"for example {0.6 * low + 0.4 * high:.3g} V, or set oscillating=False if nodes at "
            "rest are meant."
        )
