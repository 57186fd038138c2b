"""Estimators by name, for configuration files: encoders, reservoirs, layers, readouts."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn.base import BaseEstimator

from mottle.checks import choose, parameters
from mottle.pipelines.own_devices import built_devices
from mottle.pipelines.schema import Part, hint

ENCODERS = (
    "EventLatency", "EventRate", "GasDrive", "LevelCrossing", "SoundDrive", "TaxelDrive",
    "TimeSurface", "TonicTransformer",
)  # fmt: skip
RESERVOIRS = (
    "DeviceReservoir", "EchoStateReservoir", "EventMemristorReservoir", "MeasuredReservoir",
    "MemristorReservoir", "NVARReservoir", "NoReservoir", "OscillatorReservoir",
    "SpikingReservoir", "StaticReservoir", "VO2Reservoir",
)  # fmt: skip
LAYERS = ("STDPLayer",)
READOUTS = ("RLSReadout", "RidgeReadout")


def placed(error: Exception, place: str, known: Any) -> ValueError:
    """Return an error about a parameter, or about all of them, with its place in the file."""
    text = str(error)
    name = re.match(r"\w*", text)[0]  # type: ignore[index]
    inside = name in known and text[len(name) :].startswith(("=", "[", ": "))
    return ValueError(f"{place}.{text}" if inside else f"{place}: {text}")


@contextmanager
def at_place(place: str, known: Any) -> Iterator[None]:
    """Give what is refused in a block of code its place in the file."""
    try:
        yield
    except (ValueError, TypeError, MemoryError) as error:
        raise placed(error, place, known) from error


def seeded(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Give an estimator its seed, if it takes one."""
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator


def make(part: Part, room: Any, kinds: tuple[str, ...], place: str) -> BaseEstimator:
    """Create an estimator of a room; unknown kinds, parameters and wrong values are refused."""
    cls = getattr(room, choose(part.kind, {kind: kind for kind in kinds}, f"{place}.kind"))
    known = [name for name in parameters(cls) if name != "random_state"]
    for name in part.parameters:
        if name not in known:
            raise ValueError(f"{place}.{name} is not a parameter of {part.kind}{hint(name, known)}")
    given = built_devices(part.parameters, place)
    if isinstance(inner := given.get("encoder"), Mapping):  # what a TonicTransformer hands on to
        place_inside = f"{place}.encoder"
        if not isinstance(inner.get("kind"), str):
            raise ValueError(f"{place_inside}.kind is missing, or no text: the name of an encoder.")
        given["encoder"] = make(Part.model_validate(inner), room, kinds, place_inside)
    made = cls(**given)
    with at_place(place, known):
        made._check_parameters()
    return made
