"""Integration steps and initial values of a state from 0 to 1."""

from math import ceil

from mottle.checks import check_fraction

STRIDE = 0.05  # largest change of the state in an integration step
MOST_STEPS = 100_000  # integration steps in a held step


def check_start(name: str, state: float) -> None:
    """Raise if an initial state is outside 0 to 1."""
    check_fraction(f"device.{name}", state)


def inner_steps(dt: float, speed: float) -> int:
    """Return the integration steps in a held step of a state with rates up to ``speed`` per s.

    Examples
    --------
    >>> inner_steps(1e-3, 100.0)
    2
    """
    n_micro = max(1, ceil(dt * speed / STRIDE))
    if n_micro > MOST_STEPS:
        raise ValueError(
            f"dt={dt} s is too long for a state that may cross its range in {1 / speed:.2g} s at "
            f"this voltage; use dt <= {MOST_STEPS * STRIDE / speed:.2g} s, or a lower voltage."
        )
    return n_micro
