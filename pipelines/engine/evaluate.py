"""Predictions for one fold, reservoir and seed: every sense alone, every fusion, missing senses.

The models are those of `make_fusion_pipeline`, built by the same `fuse_features`, on features that
are computed once: so they predict the same to the last bit.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from mottle.pipelines.engine.cache import FitMemory
from mottle.pipelines.engine.crossbars import Crossbars
from mottle.pipelines.engine.features import FeaturesOf
from mottle.pipelines.engine.penalties import penalty_edge
from mottle.pipelines.engine.plans import plan_inputs
from mottle.pipelines.fusion import fuse_features
from mottle.pipelines.metrics import Outputs, outputs_of


class Case(NamedTuple):
    """What is scored: inputs, and the sense that is missing in the test part, or ""."""

    inputs: str
    missing: str


def evaluate(
    features: FeaturesOf, memory: FitMemory, only: str = ""
) -> Iterator[tuple[Case, Outputs]]:
    """Yield the predictions of one reservoir for the test part of a fold.

    ``features.fits`` then holds for each inputs what the fit of the readout took, and whether its
    penalty is at an end of its grid.

    Parameters
    ----------
    features : FeaturesOf
        Of the recipe, reservoir, seed and fold.
    memory : FitMemory
        Readouts fitted already.
    only : str, optional
        Inputs to which to keep, all senses present and no crossbars.

    Yields
    ------
    case : Case
        Inputs and missing sense.
    outputs : Outputs
        To be used before the next are taken: crossbars age.
    """
    recipe, fold = features.recipe, features.fold
    readout = recipe.make_readout(fold.target.task)
    crossbars = None if only else Crossbars(recipe, features.seed)
    for plan in plan_inputs(recipe):
        if only and plan.inputs != only:
            continue
        X = features.train(plan)
        ((_, model),) = fuse_features(plan.fusion, features.fronts(plan), readout, memory)
        spent = memory.measure(partial(model.fit, X, fold.y_train))
        features.fits[plan.inputs] = spent, penalty_edge(model)
        X_test = features.test(plan)
        yield Case(plan.inputs, ""), outputs_of(model, X_test)
        if crossbars is not None:
            for label, aged in crossbars.age(model):
                yield Case(f"{plan.inputs} on crossbars, {label}", ""), outputs_of(aged, X_test)
        if recipe.missing and len(plan.senses) > 1 and not only:
            for lost in reversed(plan.senses):
                yield Case(plan.inputs, lost), outputs_of(model, features.test(plan, lost))
