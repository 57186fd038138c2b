"""Whether nodes forget their past (fading memory, echo state property), and the line about it."""

from typing import Any, NamedTuple

from mottle.log import say_once


class Fading(NamedTuple):
    """Whether nodes forget their past, None if it depends on the drive or is not known."""

    forgets: bool | None
    ground: str
    instead: str = ""  # parameters that would forget


UNKNOWN = Fading(
    None, "the equations are your own: measure with quality.measure(reservoir, 'forgetting')"
)
DECAYS = Fading(True, "the state of each device decays by itself")
DELAYS = Fading(True, "a state depends on the last n_taps steps alone")


def with_recurrence(radius: float | None, alone: Fading) -> Fading:
    """Return what nodes that forget by themselves do with weights of that spectral radius.

    Examples
    --------
    >>> with_recurrence(0.9, DECAYS).forgets, with_recurrence(1.2, DECAYS).forgets
    (True, None)
    """
    if not alone.forgets or radius == 0:
        return alone
    if radius is not None and radius < 1:
        return Fading(True, f"{alone.ground}; spectral_radius={radius:g} is below 1")
    return Fading(
        None,
        f"spectral_radius={radius} is not below 1: whether the past fades depends on the drive",
        "spectral_radius below 1",
    )


def say_if_lasting(p: Any, fading: Fading) -> None:
    """Log one line for each kind of reservoir that does not forget."""
    name = type(p).__name__
    if fading.forgets is False:
        say_once(
            (name, fading.ground),
            "%s with these parameters does not forget its past: %s. Recordings that start from "
            "rest, as in transform, are not affected; a stream without a beginning needs %s.",
            name, fading.ground, fading.instead,
        )  # fmt: skip
