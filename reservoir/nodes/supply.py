"""Limits of the voltage supply, and the bias at which a device oscillates."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

V_COMPLIANCE = 25.0  # V: upper limit of the source; the lower one is 0
WARNED: ContextVar[set[str] | None] = ContextVar("WARNED", default=None)
"""Kinds of warnings that a live run has had, so that it has each only once."""
CLIPPED_MANY = 0.2  # fraction of clipped node voltages above which a warning is issued


def within_supply(
    v_in: NDArray[np.float64], low: float = 0.0, high: float = V_COMPLIANCE
) -> NDArray[np.float64]:
    """Clip node voltages to the range of the source, and warn if many are clipped.

    Examples
    --------
    >>> within_supply(np.array([3.0, 4.0, 5.0, 6.0, 7.0, -0.5])).tolist()
    [3.0, 4.0, 5.0, 6.0, 7.0, 0.0]
    """
    if v_in.size == 0 or (v_in.min() >= low and v_in.max() <= high):
        return v_in
    held = np.clip(v_in, low, high)
    if np.mean(held != v_in) > CLIPPED_MANY:
        warn_clipped(lambda: v_in, low, high)
    return held


def warn_clipped(volts: Callable[[], NDArray[np.float64]], low: float, high: float) -> None:
    """Warn, giving the fraction of node voltages clipped to ``low`` and ``high`` V."""
    had = WARNED.get()
    if had is not None:
        if "clipped" in had:
            return
        had.add("clipped")
    v_in = volts()
    warn(
        f"{np.mean((v_in < low) | (v_in > high)):.0%} of the node voltages lie outside {low:g} to "
        f"{high:g} V and are clipped (lowest {v_in.min():.3g} V, highest {v_in.max():.3g} V): "
        "scale the drive to about -1 to 1, or lower v_gain.",
        stacklevel=4,
    )


def check_bias(v_bias: float, device: Any, regime: str | None) -> None:
    """Raise if the bias does not suit the regime; a device oscillates within its ``window``."""
    if regime not in ("oscillating", "recurrent", "relaxing", "excitable"):
        return
    low, high = device.window
    if regime in ("oscillating", "recurrent"):
        if low != low:
            raise ValueError(
                f"this device oscillates at no supply up to {V_COMPLIANCE:g} V: choose another "
                "regime, or other constants."
            )
        if not low <= v_bias <= high:
            raise ValueError(
                f"v_bias={v_bias} V lies outside {low:.5g} to {high:.5g} V, where this device "
                f"oscillates; take for example {0.6 * low + 0.4 * high:.3g} V, or another regime."
            )
    elif low <= v_bias <= high:
        raise ValueError(
            f"v_bias={v_bias} V lies within {low:.5g} to {high:.5g} V, where this device "
            f"oscillates: take regime='oscillating', or less than {low:.3g} V to be {regime}."
        )
