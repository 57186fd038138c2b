"""What simulating one device gives, before it becomes a labelled dataset."""

from math import ceil
from typing import NamedTuple

from numpy.typing import NDArray


class Trace(NamedTuple):
    """Values at the end of each step, each with its unit; spike times in s; energies in J."""

    variables: dict[str, tuple[NDArray, str]]
    spikes: NDArray | None = None
    energies: dict[str, float] | None = None


def positive(preset: NamedTuple, names: tuple[str, ...]) -> None:
    """Refuse constants that are not positive.

    Examples
    --------
    >>> from mottle.reservoir.devices import VO2Neuristor
    >>> positive(VO2Neuristor(r_load=-1.0), ("r_load",))
    Traceback (most recent call last):
    ValueError: device.r_load=-1.0 must be positive (SI units).
    """
    for name in names:
        if not getattr(preset, name) > 0:
            raise ValueError(f"device.{name}={getattr(preset, name)} must be positive (SI units).")


def micro_steps(dt: float, held: float) -> int:
    """Whole number of integration steps, none longer than ``dt``, in a held step.

    Examples
    --------
    >>> micro_steps(1e-8, 1e-6), micro_steps(1e-8, 1.1e-8)
    (100, 2)
    """
    return max(1, ceil(held / dt * (1 - 1e-9)))
