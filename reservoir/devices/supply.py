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
    if v_in.size == 0 or (v_in.min() >= low and v_in.max() <= high):
        return v_in
    held = np.clip(v_in, low, high)
    warn_of_cut(np.mean(held != v_in), v_in.min(), v_in.max(), low, high)
    return held


def warn_of_cut(share: float, lowest: float, highest: float, low: float, high: float) -> None:
    """Warn where a supply of ``low`` to ``high`` V changes many of the node voltages.

    Examples
    --------
    >>> warn_of_cut(0.1, -1.0, 5.0, 0.0, 25.0)
    """
    if share > 0.2:
        warn(
            f"{share:.0%} of the node voltages lie outside {low:g} to {high:g} V and are "
            f"cut (lowest {lowest:.3g} V, highest {highest:.3g} V): scale the drive to "
            "about -1 to 1, or lower v_gain.",
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
