"""The recordings of a recipe: loaded or given, checked, split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import suggest
from mottle.datasets import Recordings, load
from mottle.events import read_stream
from mottle.pipelines.engine.folds import make_folds
from mottle.pipelines.engine.target import Target, check_target
from mottle.pipelines.loaders import check_loader
from mottle.pipelines.parts import at_place
from mottle.pipelines.recipe import Recipe
from mottle.pipelines.senses import SenseCheck


def load_recordings(
    recipe: Recipe, recordings: Recordings | None = None
) -> tuple[Recordings, Target]:
    """Return the recordings that a recipe names, or those given in their place, and their target.

    Both are checked; a target of recordings is an array of labels or numbers in the first, too.
    """
    if recordings is None:
        if recipe.data is None:
            raise ValueError(
                "the recipe has no [data] and no recordings are given: add data.name, such as "
                "'demo', or pass run_recipe(..., recordings=...)."
            )
        check_data(recipe)
        with at_place("data.options", recipe.data.options):
            recordings = load(recipe.data.name, **recipe.data.options)
        if recipe.data.target is not None:
            recordings = with_target(recordings, recipe.data.target, tuple(recipe.encoders))
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


def with_target(recordings: Recordings, name: str, senses: tuple[str, ...] = ()) -> Recordings:
    """Return recordings with another target.

    Parameters
    ----------
    recordings : Recordings
        As loaded.
    name : str
        A key of ``table.attrs`` with a value for each recording, or a column of streams, of which
        each row is the target of a step.
    senses : tuple of str, optional
        Columns that are inputs.

    Returns
    -------
    recordings : Recordings
        Without the column.

    Raises
    ------
    ValueError
        For an unknown name, or one of an input.

    Examples
    --------
    >>> from mottle.datasets import make_table
    >>> table = make_table(smell=[np.zeros((3, 2))] * 2, level=[np.ones((3, 1))] * 2)
    >>> table.attrs["ppm"] = [10.0, 20.0]
    >>> recordings = Recordings(table, np.array(["a", "b"]), np.arange(2))
    >>> with_target(recordings, "ppm").target
    array([10., 20.])
    >>> with_target(recordings, "level").target[0].shape
    (3,)
    """
    table = recordings.table
    if name in senses:
        raise ValueError(f"data.target={name!r} is an input too: leave out encoders.{name}.")
    if name in table.columns:
        cells = [np.asarray(read_stream(cell)) for cell in table[name]]
        single = all(cell.ndim == 2 and cell.shape[1] == 1 for cell in cells)
        steps: Any = [cell[:, 0] if single else cell for cell in cells]
        return recordings._replace(table=table.drop(columns=name), target=steps)
    known = [
        str(key) for key, value in table.attrs.items()
        if isinstance(value, list | np.ndarray) and len(value) == len(table)
    ]  # fmt: skip
    if name not in known:
        known += [str(column) for column in table.columns if column not in senses]
        has = ", ".join(known) or "no other target"
        raise ValueError(
            f"data.target={name!r} is neither a value of each recording nor a column"
            f"{suggest(name, known)} The set has {has}."
        )
    return recordings._replace(target=np.asarray(table.attrs[name]))


def check_data(recipe: Recipe) -> None:
    """Refuse what no loader takes in ``[data]``, before anything is loaded."""
    if recipe.data is not None:
        check_loader(recipe.data.name, recipe.data.options, recipe.encoders)


def folds_of(
    recipe: Recipe, recordings: Recordings, target: Target
) -> list[tuple[NDArray, NDArray]]:
    """Return the row numbers of training and test of all folds."""
    labels = target.classify and not target.per_step
    return list(make_folds(recipe.split, recordings, labels=labels))


def take(recordings: Recordings, rows: NDArray) -> Recordings:
    """Return some of the recordings; targets of steps are a list."""
    target: Any = recordings.target
    target = [target[i] for i in rows] if isinstance(target, list) else np.asarray(target)[rows]
    groups = np.asarray(recordings.groups)[rows]
    return Recordings(recordings.table.iloc[rows], target, groups)
