"""Notes of a report: how reservoirs compare with the baseline without one, and what was tuned."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.datasets import Recordings
from mottle.events import read_stream
from mottle.pipelines.engine.result import medians
from mottle.pipelines.metrics import Metric
from mottle.pipelines.recipe import Recipe

HOW = {
    "by hand": "were fixed by hand, once for all folds and seeds, while looking at such scores: "
    "take {noise} as noise.",
    "by rules": "follow from rates, lengths and sizes of the recordings by fixed rules, once for "
    "all folds and seeds, before any score.",
}


def baseline_notes(scores: pd.DataFrame, recipe: Recipe, metric: Metric) -> list[str]:
    """Return sentences on every reservoir beside the same readout without one.

    Parameters
    ----------
    scores : DataFrame
        As of `Result`; rows of other metrics are left out.
    recipe : Recipe
        That gave them.
    metric : Metric
        Decides which is better.

    Returns
    -------
    notes : list of str
        One a reservoir, and one on what was learnt from which recordings.
    """
    kinds = {name: part.kind for name, part in recipe.reservoirs.items()}
    bare = [name for name, kind in kinds.items() if kind == "NoReservoir"]
    if not bare:
        return ["There is no reservoir-free baseline in this recipe; add kind = 'NoReservoir'."]
    middle = medians(scores[scores["metric"] == metric.name])
    sign = 1 if metric.higher_is_better else -1
    best = {name: (sign * middle[name]).idxmax() for name in kinds}
    unit = "%" if metric.percent else ""
    without = [*bare, *(name for name in recipe.baselines if name in middle.index)]
    top = {name: (sign * middle[name]).idxmax() for name in without}
    rival = max(without, key=lambda name: sign * middle[name][top[name]])
    level = middle[rival][top[rival]]
    notes = []
    for name, kind in kinds.items():
        if kind == "NoReservoir":
            continue
        score = middle[name][best[name]]
        better = "is above" if metric.higher_is_better else "is below"
        outcome = better if sign * score > sign * level else "does not beat"
        notes.append(
            f"{name}: its best ({best[name]}, {metric.write(score)}{unit}) {outcome} the best "
            f"without a reservoir ({'' if rival in bare else f'{rival}, '}{top[rival]}, "
            f"{metric.write(level)}{unit})."
        )
    notes.append(
        f"Scales, penalties and features are learnt on training folds only. {_how(recipe, metric)}"
    )
    return notes


def stretch_notes(recordings: Recordings, recipe: Recipe) -> list[str]:
    """Return sentences on sampled recordings with fewer rows than the steps of their encoder.

    Parameters
    ----------
    recordings : Recordings
        In memory.
    recipe : Recipe
        With the encoders.

    Returns
    -------
    notes : list of str
        One a sense; none where no recording is stretched.

    Examples
    --------
    >>> from mottle.datasets import make_table
    >>> from mottle.pipelines import read_recipe
    >>> recipe, _ = read_recipe("demo-grasp")
    >>> table = make_table(touch=[np.zeros((5, 3))], joints=[np.zeros((50, 3))])
    >>> stretch_notes(Recordings(table, np.array(["cup"]), np.arange(1)), recipe)[0][:37]
    "1 of 1 recordings of 'touch' have few"
    """
    notes = []
    for sense, part in recipe.encoders.items():
        steps = recipe.make_encoders()[sense].get_params().get("n_steps")
        rows = [sampled_rows(cell) for cell in recordings.table[sense]]
        short = [n for n in rows if n is not None and isinstance(steps, int) and n < steps]
        if short:
            notes.append(
                f"{len(short)} of {len(rows)} recordings of {sense!r} have fewer rows, at the "
                f"least {min(short)}, than encoders.{sense}.n_steps={steps} and are stretched by "
                f"{part.kind}: take at most {min(short)} steps, or leave them out."
            )
    return notes


def sampled_rows(cell: Any) -> int | None:
    """Return the rows of a sampled stream, None for events and absent streams."""
    stream = read_stream(cell)
    if stream is None or getattr(getattr(stream, "dtype", None), "names", None) is not None:
        return None
    return len(stream)


def split_notes(recordings: Recordings, folds: list[tuple[NDArray, NDArray]]) -> list[str]:
    """Return sentences on groups that folds split, and on groups that are not known.

    Parameters
    ----------
    recordings : Recordings
        Of which groups, and ``table.attrs["split"]``, decide.
    folds : list of (train, test)
        Row numbers.

    Returns
    -------
    notes : list of str
        None where every group is on one side in each fold.
    """
    groups = np.asarray(recordings.groups)
    torn: set[int] = set()
    for train, test in folds:
        torn.update(test[np.isin(groups[test], groups[train])].tolist())
    if torn:
        return [
            f"{len(torn)} of {len(groups)} recordings have others of their group on the other side "
            "of the split, so that scores may be too good: kind = 'grouped' keeps groups together."
        ]
    known = str(recordings.table.attrs.get("split", ""))
    return [f"Groups: {known}."] if "do not say" in known else []


def _how(recipe: Recipe, metric: Metric) -> str:
    """Return how settings were found."""
    noise = "differences of a point or two" if metric.percent else "small differences"
    how = HOW[recipe.chosen].format(noise=noise)
    if recipe.search is None:
        return f"Settings of the recipe {how}"
    search = recipe.search
    budget = "" if search.budget is None else f", at most {search.budget} settings"
    return (
        f"Settings of {', '.join(search.parameters)} were chosen for each reservoir inside the "
        f"training part of each fold ({search.method} search{budget}, {search.folds} inner folds, "
        f"seed {search.seed}); all others {how}"
    )
