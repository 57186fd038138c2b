"""Run a saved result again, and compare to the digit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mottle.checks import names_arguments
from mottle.pipelines.engine.result import RUN, Result, read_result
from mottle.pipelines.engine.run import run_recipe

FIRST = ("version", "recordings")  # what may explain all other differences


@dataclass
class Reproduction:
    """A result, the one of a second run, and where they differ.

    Attributes
    ----------
    before, after : Result
        As it was saved, and now.
    differences : DataFrame
        Columns kind ("version", "recordings", "score", "predictions", "drive", "features",
        "chosen"), what, before, after. Versions and recordings come first.

    Examples
    --------
    >>> from mottle.pipelines import run_recipe
    >>> recipe = {
    ...     "title": "touch alone",
    ...     "seeds": [0],
    ...     "data": {"name": "demo", "options": {"task": "grasp"}},
    ...     "split": {"kind": "blocked", "n_splits": 2},
    ...     "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 6}},
    ...     "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    ... }
    >>> before = run_recipe(recipe)
    >>> before.fold_scores.loc[0, "score"] += 0.1  # as if it had come out otherwise
    >>> found = reproduce(before)
    >>> found.agrees, found.differences["kind"].tolist(), found.causes()
    (False, ['score'], [])
    """

    before: Result
    after: Result
    differences: pd.DataFrame

    @property
    def agrees(self) -> bool:
        """Whether every number and hash is the same; versions may differ."""
        return bool((self.differences["kind"] == "version").all())

    def causes(self) -> list[str]:
        """Return sentences on what may explain differences."""
        kinds = set(self.differences["kind"])
        notes = []
        if "version" in kinds:
            rows = self.differences[self.differences["kind"] == "version"]
            changed = ", ".join(
                f"{name} {old} -> {new}"
                for name, old, new in rows[["what", "before", "after"]].itertuples(index=False)
            )
            notes.append(f"versions differ: {changed}")
        if "recordings" in kinds:
            notes.append("the recordings are not those of the result: their sha256 differs")
        return notes


@names_arguments
def reproduce(source: Any, *, recordings: Any = None, progress: Any = None) -> Reproduction:
    """Run the recipe of a result again and compare scores, predictions and hashes.

    Parameters
    ----------
    source : str, Path or Result
        A file that ``Result.save`` wrote, or a result.
    recordings : Recordings, default=None
        Those of the result, if they were given in memory.
    progress : callable, default=None
        As of ``run_recipe``.

    Returns
    -------
    reproduction : Reproduction
        Both results and their differences.

    Raises
    ------
    ValueError
        For a damaged or foreign file, or recordings that were in memory and are not given.

    Examples
    --------
    >>> from mottle.pipelines import run_recipe
    >>> recipe = {
    ...     "title": "touch alone",
    ...     "seeds": [0],
    ...     "data": {"name": "demo", "options": {"task": "grasp"}},
    ...     "split": {"kind": "blocked", "n_splits": 2},
    ...     "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 6}},
    ...     "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    ... }
    >>> reproduce(run_recipe(recipe)).agrees
    True
    """
    before = source if isinstance(source, Result) else read_result(source)
    if before.source == "memory" and recordings is None:
        raise ValueError(
            "the recordings of this result were given in memory and are not named in its recipe; "
            "call mottle.pipelines.reproduce(path, recordings=...) with the same ones."
        )
    after = run_recipe(before.recipe, recordings=recordings, progress=progress)
    rows = list(compare(before, after))
    rows.sort(key=lambda row: FIRST.index(row[0]) if row[0] in FIRST else len(FIRST))
    differences = pd.DataFrame(rows, columns=["kind", "what", "before", "after"])
    return Reproduction(before, after, differences)


def compare(before: Result, after: Result) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield (kind, what, before, after) for all that differs."""
    yield from _keys("version", before.versions, after.versions)
    old, new = before.hashes, after.hashes
    if old["recordings"] != new["recordings"]:
        yield "recordings", "sha256", old["recordings"], new["recordings"]
    yield from _keys("score", _scores(before), _scores(after))
    yield from _predictions(before, after)
    yield from _keys("drive", old["drives"], new["drives"])
    yield from _keys("features", old["features"], new["features"])
    yield from _keys("chosen", _chosen(before), _chosen(after))


def _keys(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield what differs between two mappings; None stands for what is not there."""
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield kind, key, before.get(key), after.get(key)


def _scores(result: Result) -> dict[str, float]:
    """Return scores by fold and run."""
    frame = result.fold_scores
    names = [*RUN, "fold", "metric"]
    keys = (" / ".join(map(str, row)) for row in frame[names].itertuples(index=False))
    return dict(zip(keys, frame["score"].tolist(), strict=True))


def _predictions(before: Result, after: Result) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield how many predictions of a run differ."""
    if not same_frames(before.truth, after.truth):
        yield "predictions", "truth", f"{len(before.truth)} values", f"{len(after.truth)} values"
        return
    old, new = before.predictions, after.predictions
    for run in dict.fromkeys([*old.columns, *new.columns]):
        what = " / ".join(map(str, run))
        if run not in old.columns or run not in new.columns:
            yield "predictions", what, run in old.columns, run in new.columns
            continue
        differ = int(np.sum(~same_values(old[run].to_numpy(), new[run].to_numpy())))
        if differ:
            yield "predictions", what, f"{len(old)} values", f"{differ} of them differ"


def same_values(before: Any, after: Any) -> Any:
    """Return where two arrays are equal, NaN with NaN.

    Examples
    --------
    >>> same_values(np.array([1.0, np.nan]), np.array([1.0, np.nan])).tolist()
    [True, True]
    """
    equal = before == after
    if np.asarray(before).dtype.kind == "f":
        equal |= np.isnan(before) & np.isnan(after)
    return equal


def same_frames(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Tell whether two frames have the same columns and values, whatever their types."""
    if list(before.columns) != list(after.columns) or len(before) != len(after):
        return False
    return all(same_values(before[c].to_numpy(), after[c].to_numpy()).all() for c in before.columns)


def _chosen(result: Result) -> dict[str, Any]:
    """Return what searches chose, by fold and reservoir."""
    return {
        f"fold {one['fold']} / {one['reservoir']}": (one["settings"], one["score"])
        for one in result.chosen
    }
