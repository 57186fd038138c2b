"""The model of a recipe: one row of its scores, fitted once more on all training recordings."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline

from mottle.checks import choose
from mottle.pipelines.engine.cache import Cache, FitMemory
from mottle.pipelines.engine.hashing import hash_recordings
from mottle.pipelines.engine.plans import Plan, plan_inputs
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.engine.result import Result, best_of, medians
from mottle.pipelines.engine.search import InnerSearch
from mottle.pipelines.engine.sources import Progress, take
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.recipe import Recipe
from mottle.pipelines.senses import SenseCheck
from mottle.reservoir import SequenceReadout
from mottle.sensors import DriveStack


class Row(NamedTuple):
    """A row of the scores: a reservoir of the recipe, and what it predicts from."""

    reservoir: str
    inputs: str


class Fitted(NamedTuple):
    """A fitted pipeline, what it was fitted on, and what is to be known of it."""

    model: Any
    table: Any
    about: dict[str, Any]


def check_row(recipe: Recipe, given: str) -> None:
    """Refuse a row that a recipe does not have, or that no pipeline computes."""
    rows = rows_of(recipe)
    if given:
        choose(given, {"/".join(row): row for row in rows}, "--row")
    elif not rows:
        raise ValueError(
            "no row of this recipe is a model that can be saved: with a target a step it has a "
            "single sense, or fusion = ['early']; and no model gives measured states."
        )


def rows_of(recipe: Recipe) -> list[Row]:
    """Return the rows whose model is a pipeline from recordings to predictions."""
    plans = plan_inputs(recipe)
    if recipe.per_step:
        plans = [plan for plan in plans if len(plan.senses) == 1 or plan.fusion == "early"]
    return [
        Row(name, plan.inputs)
        for name, part in recipe.reservoirs.items() if part.kind != "MeasuredReservoir"
        for plan in plans
    ]  # fmt: skip


def fit_row(
    recipe: Recipe, result: Result, given: str = "", recordings: Any = None,
    progress: Progress | None = None,
) -> Fitted:  # fmt: skip
    """Fit the model of one row of a result.

    Parameters
    ----------
    recipe : Recipe
        That was run.
    result : Result
        Its scores.
    given : str, default=""
        RESERVOIR/INPUTS; "" takes the row with the best median over seeds.
    recordings : Recordings, default=None
        In place of those that the recipe names.
    progress : callable, optional
        Called with the number of recordings read, and of all.

    Returns
    -------
    fitted : Fitted
        The model with the first seed: of a published split fitted on its training part, otherwise
        on all recordings.
    """
    loaded, target = load_recordings(recipe, recordings, progress)
    rows, part = np.arange(len(target)), "all recordings"
    if recipe.split.kind == "published":
        rows, part = folds_of(recipe, loaded, target)[0][0], "the published training part"
    used, labels = take(loaded, rows), target.take(rows)
    row = find_row(recipe, result, given)
    senses = list(plan_of(recipe, row).senses)
    table = used.table[senses]
    searched: dict[str, Any] = {}
    if recipe.search is not None:
        search = InnerSearch(recipe, used, labels, result.metrics[0], Cache(), FitMemory(Cache()))
        searched = search.run(row.reservoir).settings
    model = build(recipe.with_settings(searched), row, target.task)
    model.fit(table, labels.values)
    return Fitted(model, table, {
        "title": recipe.title, "reservoir": row.reservoir, "inputs": row.inputs,
        "seed": recipe.seeds[0], "task": target.task, "senses": senses,
        "scores": scores_of(result, row), "split": result.split,
        "fitted on": f"{part}, {len(rows)} in number", "searched": searched,
        "training data": hash_recordings(used, senses), "recipe": result.settings,
    })  # fmt: skip


def find_row(recipe: Recipe, result: Result, given: str) -> Row:
    """Return a row by its name, or the best by the first metric, median over seeds."""
    known = {"/".join(row): row for row in rows_of(recipe)}
    if given:
        return known[given]
    scores = result.scores_of()
    names = scores["reservoir"] + "/" + scores["inputs"]
    return Row(*best_of(scores[names.isin(known)], result.metrics[0]))


def scores_of(result: Result, row: Row) -> dict[str, float]:
    """Return the median over seeds of every metric."""
    return {metric.name: float(medians(result.scores_of(metric))[row]) for metric in result.metrics}


def plan_of(recipe: Recipe, row: Row) -> Plan:
    """Return what a row predicts from."""
    return next(plan for plan in plan_inputs(recipe) if plan.inputs == row.inputs)


def build(recipe: Recipe, row: Row, task: str) -> Pipeline:
    """Return the pipeline of a row, not fitted, from a table of streams to predictions."""
    encoders = recipe.make_encoders()
    plan = plan_of(recipe, row)
    uses = ("early",) if plan.fusion == "early" else plan.senses
    fronts = {use: recipe.make_reservoir(row.reservoir, use, recipe.seeds[0]) for use in uses}
    readout, own = recipe.make_readout(task), {sense: encoders[sense] for sense in plan.senses}
    if not recipe.per_step:
        front = fronts["early"] if plan.fusion == "early" else fronts
        return make_fusion_pipeline(own, front, fusion=plan.fusion, readout=readout)
    return Pipeline([
        ("senses", SenseCheck(plan.senses)), ("drives", DriveStack(list(own.items()))),
        ("reservoir", fronts[uses[0]]),
        ("readout", SequenceReadout(readout, washout=recipe.washout)),
    ])  # fmt: skip
