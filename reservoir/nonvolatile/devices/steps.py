"""Integration steps of a state that moves within its range, and where it may start."""

from math import ceil

STRIDE = 0.05  # farthest the state may move in an integration step, of its range of 1
MOST_STEPS = 100_000  # integration steps in a held step


def check_start(name: str, state: float) -> None:
    """Refuse a state to start from that lies outside 0 to 1."""
    if not 0 <= state <= 1:
        raise ValueError(f"device.{name}={state} must lie in [0, 1].")


def inner_steps(dt: float, speed: float) -> int:
    """Integration steps in a held step of a state that moves at up to ``speed`` per s.

    Examples
    --------
    >>> inner_steps(1e-3, 100.0)
    2
    """
    n_micro = max(1, ceil(dt * speed / STRIDE))
    if n_micro > MOST_STEPS:
        raise ValueError(
            f"dt={dt} s is too coarse for a state that may cross its range in {1 / speed:.2g} s at "
            f"this voltage; use dt <= {MOST_STEPS * STRIDE / speed:.2g} s, or a lower voltage."
        )
    return n_micro
