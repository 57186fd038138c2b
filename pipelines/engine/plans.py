"""What a recipe predicts from: each sense alone, and fusions of all."""

from typing import NamedTuple

from mottle.pipelines.recipe import Recipe

ORDER = ("middle", "late", "early")  # of fusions in tables


class Plan(NamedTuple):
    """One kind of input: a sense alone, or a fusion of all."""

    inputs: str
    fusion: str
    senses: tuple[str, ...]


def plan_inputs(recipe: Recipe) -> list[Plan]:
    """Return what a recipe predicts from, in the order of tables."""
    senses = tuple(recipe.encoders)
    plans = [Plan(sense, "middle", (sense,)) for sense in senses]
    if len(senses) > 1:
        plans += [Plan(fusion, fusion, senses) for fusion in ORDER if fusion in recipe.fusion]
    return plans
