"""The recordings of a recipe: loaded or given, checked, split."""

from numpy.typing import NDArray

from mottle.checks import suggest
from mottle.datasets import Recordings
from mottle.pipelines.engine.folds import make_folds
from mottle.pipelines.engine.sources import Progress, load_recordings_of
from mottle.pipelines.engine.target import Target, check_target
from mottle.pipelines.recipe import Recipe
from mottle.pipelines.senses import SenseCheck


def load_recordings(
    recipe: Recipe, recordings: Recordings | None = None, progress: Progress | None = None
) -> tuple[Recordings, Target]:
    """Return the recordings that a recipe names, or those given in their place, and their target.

    Both are checked; a target of recordings is an array of labels or numbers in the first, too.
    """
    if recordings is None:
        if recipe.data is None:
            raise ValueError(
                "the recipe has no [data] and no recordings are given: add data.name, such as "
                "'demo', or data.files, a folder, or pass run_recipe(..., recordings=...)."
            )
        check_data(recipe)
        recordings = load_recordings_of(
            recipe.data, tuple(recipe.encoders), recipe.per_step, recipe.stated_task, progress
        )
        if recipe.data.window is not None and recipe.split.kind in ("stratified", "shuffled"):
            raise ValueError(
                f"split.kind={recipe.split.kind!r} puts windows of one recording on both sides: "
                "with data.window take kind = 'grouped', 'one_group_out' or 'blocked'."
            )
    if not isinstance(recordings, Recordings):
        raise TypeError(
            f"recordings is {type(recordings).__name__}; expected Recordings(table, target, groups)"
            " of mottle.datasets, as its loaders return."
        )
    columns = list(map(str, recordings.table.columns))
    absent = [sense for sense in recipe.encoders if sense not in columns]
    if absent:
        raise ValueError(
            f"encoders.{absent[0]}: the table has no column {absent[0]!r}"
            f"{suggest(absent[0], columns)} It has {', '.join(columns)}."
        )
    SenseCheck(tuple(recipe.encoders)).fit(recordings.table)
    n_recordings = len(recordings.table)
    target = check_target(recordings.target, n_recordings, recipe.stated_task, recipe.washout)
    if len(recordings.groups) != n_recordings:
        raise ValueError(
            f"there are {len(recordings.groups)} groups for {n_recordings} recordings; give one "
            "for each."
        )
    if not target.per_step:
        recordings = recordings._replace(target=target.values)
    return recordings, target


def check_data(recipe: Recipe) -> None:
    """Refuse what no loader takes in ``[data]``, before anything is loaded."""
    if recipe.data is not None:
        recipe.data.check(tuple(recipe.encoders))


def folds_of(
    recipe: Recipe, recordings: Recordings, target: Target
) -> list[tuple[NDArray, NDArray]]:
    """Return the row numbers of training and test of all folds."""
    labels = target.classify and not target.per_step
    return list(make_folds(recipe.split, recordings, labels=labels))
