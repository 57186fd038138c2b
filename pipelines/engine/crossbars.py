"""Readouts of a fused model written into crossbars, and read at several ages."""

from collections.abc import Iterator
from copy import copy
from typing import Any

from sklearn.pipeline import Pipeline

from mottle.pipelines.recipe import Recipe


class Crossbars:
    """Crossbars of one fold, reservoir and seed, as a recipe describes them."""

    def __init__(self, recipe: Recipe, seed: int):
        self.recipe, self.seed = recipe, seed
        self.ages = sorted(set(recipe.crossbar.ages)) if recipe.crossbar else []
        labels = [write_age(seconds) for seconds in self.ages]
        alike = len(set(labels)) < len(labels)
        self.labels = [f"{seconds:g} s" for seconds in self.ages] if alike else labels

    def age(self, model: Any) -> Iterator[tuple[str, Any]]:
        """Yield (age in words, the same model on crossbars of that age), youngest first."""
        if not self.ages:
            return
        written = on_crossbars(model, self._make)
        for label, seconds in zip(self.labels, self.ages, strict=True):
            for masked in readouts_of(written):
                masked.readout_.age(seconds)
            yield label, written

    def _make(self, readout: Any) -> Any:
        """Return crossbars, not yet programmed, for a fitted readout."""
        return self.recipe.make_crossbar(readout, self.seed)


def on_crossbars(model: Any, make: Any) -> Any:
    """Return a fitted `MaskedReadout` or `LateReadout` with its readouts written into crossbars."""
    if not hasattr(model, "members_"):
        return model.replace(make)
    late = copy(model)
    late.members_ = [
        (sense, Pipeline([*member.steps[:-1], ("readout", member[-1].replace(make))]))
        for sense, member in model.members_
    ]
    return late


def readouts_of(model: Any) -> list[Any]:
    """Return the readout of a fused model, or those of its senses."""
    return [member[-1] for _, member in model.members_] if hasattr(model, "members_") else [model]


def write_age(seconds: float) -> str:
    """Return an age in words.

    Examples
    --------
    >>> write_age(0), write_age(90), write_age(86400)
    ('fresh', '90 s', '1 d')
    """
    if seconds == 0:
        return "fresh"
    for length, unit in ((86400, "d"), (3600, "h")):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"
