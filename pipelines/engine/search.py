"""A search of settings inside a training part: candidates, inner folds, the best one."""

from collections.abc import Callable, Mapping
from math import exp, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import ParameterGrid

from mottle.datasets import Recordings
from mottle.pipelines.engine.cache import Cache, FitMemory
from mottle.pipelines.engine.evaluate import evaluate
from mottle.pipelines.engine.features import FeaturesOf, Fold
from mottle.pipelines.engine.folds import make_folds, refuse_many
from mottle.pipelines.engine.plans import plan_inputs
from mottle.pipelines.engine.sources import take
from mottle.pipelines.engine.target import Target
from mottle.pipelines.metrics import Metric, find_metric
from mottle.pipelines.recipe import Recipe, Split
from mottle.pipelines.search_settings import Search, Span

Settings = dict[str, Any]


class Tried(NamedTuple):
    """One candidate, and its mean score over the inner folds."""

    settings: Settings
    score: float


class Found(NamedTuple):
    """What a search found for one reservoir: the best settings, and all that were tried.

    The score is None where there was nothing to choose.
    """

    settings: Settings
    score: float | None
    tried: list[Tried]


class InnerSearch:
    """Search inside one training part, which is all that it is given.

    Parameters
    ----------
    recipe : Recipe
        With a table ``search``.
    recordings : Recordings
        The training part.
    target : Target
        Its target.
    metric : Metric
        Of the experiment; used where the search names none.
    cache : Cache
        Of features.
    memory : FitMemory
        Of readouts.
    """

    def __init__(
        self, recipe: Recipe, recordings: Recordings, target: Target, metric: Metric, cache: Cache,
        memory: FitMemory,
    ):  # fmt: skip
        assert recipe.search is not None
        self.recipe, self.search = recipe, recipe.search
        self.metric = find_metric(self.search.metric) if self.search.metric else metric
        self.inputs = self.search.inputs or default_inputs(recipe)
        self.memory = memory
        split = inner_split(recipe, target)
        refuse_many(split, recordings, "search.folds", " of the training part")
        labels = target.classify and not target.per_step
        self.folds = [
            Fold(recordings, target, train, test, cache)
            for train, test in make_folds(
                split, recordings, labels=labels, random_state=self.search.seed
            )
        ]

    def run(self, name: str, progress: Callable[[], Any] = lambda: None) -> Found:
        """Return the best settings for one reservoir; of equal scores the first."""
        sign = 1.0 if self.metric.higher_is_better else -1.0
        tried: list[Tried] = []
        several = candidates(self.search, name)
        if len(several) == 1:
            progress()
            return Found(several[0], None, tried)
        for settings in several:
            tried.append(Tried(settings, self._score(name, settings)))
            progress()
        best = max(tried, key=lambda one: sign * one.score)
        return Found(best.settings, best.score, tried)

    def _score(self, name: str, settings: Settings) -> float:
        """Return the mean score of a candidate over the inner folds, first seed."""
        recipe = self.recipe.with_settings(settings)
        scores = []
        try:
            for fold in self.folds:
                features = FeaturesOf(recipe, name, recipe.seeds[0], fold)
                for _, outputs in evaluate(features, self.memory, only=self.inputs):
                    scores.append(self.metric.score(fold.y_test, outputs))
        except ValueError as error:
            raise ValueError(f"search: {write_settings(settings)} of {name!r}: {error}") from error
        return float(np.mean(scores))


def default_inputs(recipe: Recipe) -> str:
    """Return the inputs that a search scores: a sense alone, middle fusion, or the first one."""
    plans = [plan.inputs for plan in plan_inputs(recipe)]
    if "middle" in plans:
        return "middle"
    return plans[len(recipe.encoders)] if len(plans) > len(recipe.encoders) else plans[0]


def refuse_many_folds(
    recipe: Recipe, recordings: Recordings, target: Target, folds: list[tuple[NDArray, NDArray]]
) -> None:
    """Refuse more inner folds than a training part has groups, or recordings, before any fit."""
    if recipe.search is None:
        return
    split = inner_split(recipe, target)
    for train, _ in folds:
        part = take(recordings, train)
        refuse_many(split, part, "search.folds", " of the training part of a fold")


def inner_split(recipe: Recipe, target: Target) -> Split:
    """Return how a training part is split again: as the whole is, where that can be done."""
    assert recipe.search is not None
    kind = recipe.split.kind
    if kind == "published":
        kind = "stratified" if target.classify and not target.per_step else "shuffled"
    elif kind == "one_group_out":
        kind = "grouped"
    return Split(kind=kind, n_splits=recipe.search.folds, gap=recipe.split.gap)


def own_parameters(search: Search, name: str) -> dict[str, list[Any] | Span]:
    """Return the searched parameters that concern one reservoir."""
    return {
        path: values
        for path, values in search.parameters.items()
        if not path.startswith("reservoirs.") or path.split(".")[1] == name
    }


def candidates(search: Search, name: str) -> list[Settings]:
    """Return the settings that a search tries for one reservoir.

    Examples
    --------
    >>> grid = Search(parameters={"readout.alphas": [1.0, 2.0], "reservoirs.a.leak": [0.5]})
    >>> candidates(grid, "a")[1], len(candidates(grid, "b"))
    ({'readout.alphas': 2.0, 'reservoirs.a.leak': 0.5}, 2)
    """
    parameters = own_parameters(search, name)
    if search.method == "grid":
        grid = [dict(settings) for settings in ParameterGrid(parameters)]
        if search.budget is not None and len(grid) > search.budget:
            raise ValueError(
                f"search: the grid of {name!r} has {len(grid)} settings, more than budget="
                f"{search.budget}; raise it, shorten the lists, or set method = 'random'."
            )
        return grid
    return draw(parameters, search.budget or 1, search.seed)


def draw(parameters: Mapping[str, list[Any] | Span], budget: int, seed: int) -> list[Settings]:
    """Draw different settings, fewer than the budget where there are no more.

    Examples
    --------
    >>> len(draw({"readout.alphas": [1.0, 2.0]}, 10, 0))
    2
    """
    rng = np.random.default_rng(seed)
    found: list[Settings] = []
    for _ in range(20 * budget):
        one = {path: draw_value(values, rng) for path, values in sorted(parameters.items())}
        if one not in found:
            found.append(one)
        if len(found) == budget:
            break
    return found


def draw_value(values: list[Any] | Span, rng: np.random.Generator) -> Any:
    """Draw one of a list, or a number of a range, its ends included.

    Examples
    --------
    >>> 1 <= draw_value(Span(low=1, high=3, log=True), np.random.default_rng(0)) <= 3
    True
    """
    if isinstance(values, list):
        return values[int(rng.integers(len(values)))]
    low, high = values.low, values.high
    if values.log:
        value = exp(rng.uniform(log(low), log(high)))
        return round(value) if isinstance(low, int) and isinstance(high, int) else value
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high + 1))
    return float(rng.uniform(low, high))


def write_settings(settings: Settings) -> str:
    """Return settings in one line.

    Examples
    --------
    >>> write_settings({"readout.alphas": 1.0, "reservoirs.a.n_nodes": 20})
    'readout.alphas = 1.0, reservoirs.a.n_nodes = 20'
    """
    return ", ".join(f"{path} = {value!r}" for path, value in settings.items()) or "as it is"
