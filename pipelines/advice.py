"""What to try next: plain rules on a result, each with the numbers that led to it."""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from mottle.pipelines.engine.differences import FEWEST
from mottle.pipelines.engine.result import Result, medians
from mottle.pipelines.glossary import first_of_kind

FEW_RECORDINGS = 10  # of a class: one recording then is 10 % of its recall or more
FEW_SEEDS = 3
FAR = 2.0  # standard deviations of the other folds


def advise(result: Result) -> list[str]:
    """Return what to try next.

    Parameters
    ----------
    result : Result
        From ``run_recipe``, or read from a file: then without advice on penalties.

    Returns
    -------
    advice : list of str
        Sentences, the most urgent first; empty where no rule applies.
    """
    rules = (
        at_chance, few_in_a_class, far_fold, too_few_folds, no_baseline, no_better, edges,
        found_at_edges, confused, no_gain, no_search, few_seeds,
    )  # fmt: skip
    return [text for rule in rules for text in rule(result)]


def at_chance(result: Result) -> Iterator[str]:
    """Name reservoirs that predict no better than a constant."""
    metric, chance = result.metrics[0], result.chance[result.metrics[0].name]
    sign = 1 if metric.higher_is_better else -1
    n = len(result.truth)
    if metric.name == "accuracy":
        margin = 2 * sqrt(max(chance * (1 - chance), 0.0) / n)
    else:
        margin = 0.05 * abs(chance)
    middle = medians(result.scores_of())
    names = [
        name for name in middle.index.unique(level=0)
        if (sign * (middle[name] - chance)).max() <= margin
    ]  # fmt: skip
    if names:
        yield (
            f"{', '.join(map(str, names))}: no inputs score better than a constant prediction "
            f"({metric.write(chance)}{unit(metric)} by {metric.name}). Look at the drives and "
            "states below: a drive that is too small or saturates, or labels in another order than "
            "the recordings, give such scores."
        )


def few_in_a_class(result: Result) -> Iterator[str]:
    """Name classes with few recordings."""
    if result.task != "classification":
        return
    rows = result.truth.drop_duplicates("recording")
    counts = rows["target"].value_counts()
    few = counts[counts < FEW_RECORDINGS]
    if len(few):
        some = ", ".join(f"{label} ({n})" for label, n in few.head(5).items())
        more = f" and {len(few) - 5} more" if len(few) > 5 else ""
        yield (
            f"Few recordings in {some}{more}: record more, or join classes; with less than "
            f"{FEW_RECORDINGS} one recording changes the score of its class by more than 10 %."
        )


def far_fold(result: Result) -> Iterator[str]:
    """Name a fold that is far worse than all others, by the best reservoir and inputs."""
    metric, (name, inputs) = result.metrics[0], result.best
    folds = fold_means(result, name, inputs)
    if len(folds) < FEWEST + 1:
        return
    sign = 1 if metric.higher_is_better else -1
    worst: Any = (sign * folds).idxmin()
    others = folds.drop(worst)
    gap = sign * (others.mean() - folds[worst])
    least = 0.1 if metric.percent else 0.1 * abs(float(others.mean()))
    if gap > max(FAR * others.std(), least):
        yield (
            f"Fold {worst} is far worse ({metric.write(folds[worst])}{unit(metric)}) than the mean "
            f"of the others ({metric.write(others.mean())}{unit(metric)}), by {name}, {inputs}. "
            "Look at its recordings: another day, person or sensor, or damaged files."
        )


def too_few_folds(result: Result) -> Iterator[str]:
    """Say where differences cannot be tested."""
    n = result.truth["fold"].nunique()
    if n < FEWEST:
        yield (
            f"{n} fold{'s' if n > 1 else ''}: too few to tell differences from noise. Where groups "
            "allow, take kind = 'grouped' with n_splits = 5 or more."
        )


def no_baseline(result: Result) -> Iterator[str]:
    """Name baselines that a recipe does not have."""
    if not first_of_kind(result.recipe, "NoReservoir"):
        yield (
            "Add a reservoir of kind = 'NoReservoir': without it nobody can say what the reservoir "
            "contributes."
        )
    if not first_of_kind(result.recipe, "EchoStateReservoir"):
        yield (
            "Add a reservoir of kind = 'EchoStateReservoir': devices are usually compared with an "
            "echo state network."
        )


def no_better(result: Result) -> Iterator[str]:
    """Say where no reservoir beats the baseline without one."""
    bare = first_of_kind(result.recipe, "NoReservoir")
    metric = result.metrics[0]
    middle = medians(result.scores_of())
    if not bare or bare not in middle.index or len(middle.index.unique(level=0)) < 2:
        return
    sign = 1 if metric.higher_is_better else -1
    best = (sign * middle).groupby(level=0).max()
    if best.drop(bare).max() <= best[bare]:
        yield (
            "Nothing beats the baseline without a reservoir: search input scaling, time constants "
            "and the number of segments ([search]), take a task that needs memory, or keep the "
            "baseline."
        )


def edges(result: Result) -> Iterator[str]:
    """Name readouts whose penalty is at an end of its grid in half of the folds and seeds."""
    if result.fits.empty:
        return
    fits = result.fits
    for end in ("lowest", "highest"):
        found = (fits["penalty"] == end).groupby([fits["reservoir"], fits["inputs"]], sort=False)
        often = found.mean()
        runs = [f"{name} ({inputs})" for name, inputs in often[often >= 0.5].index]
        if runs:
            way = "smaller" if end == "lowest" else "larger"
            yield (
                f"The readout took the {end} penalty of its grid for {listed(runs)}: add {way} "
                "values to readout.alphas."
            )


def found_at_edges(result: Result) -> Iterator[str]:
    """Name searched numbers that were best at an end of what was searched."""
    search = result.recipe.get("search") or {}
    for path, values in search.get("parameters", {}).items():
        if isinstance(values, dict):
            low, high = values["low"], values["high"]
        elif all(isinstance(value, int | float) for value in values) and len(values) > 2:
            low, high = min(values), max(values)
        else:
            continue
        taken = [one["settings"][path] for one in result.chosen if path in one["settings"]]
        reach = 0.02 * (high - low) if isinstance(values, dict) else 0.0
        for end, at in (("lowest", low), ("highest", high)):
            n = sum(abs(value - at) <= reach for value in taken)
            if taken and n >= len(taken) / 2:
                yield (
                    f"The search took the {end} {path} ({at:.3g}) in {n} of {len(taken)} cases: "
                    "search beyond it."
                )


def confused(result: Result) -> Iterator[str]:
    """Name the pair of classes that is confused most."""
    if result.task != "classification" or len(result.labels) < 3:
        return
    matrix = result.confusion.astype(float)
    counts = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0.0)
    row, column = np.unravel_index(int(matrix.argmax()), matrix.shape)
    n = int(matrix[row, column])
    if n >= 3 and n >= 0.2 * counts[row]:
        yield (
            f"{result.labels[row]} is predicted as {result.labels[column]} in {n} of "
            f"{int(counts[row])} cases ({', '.join(result.best)}): look for a sensor, or a part of "
            "the recording, in which the two differ."
        )


def no_gain(result: Result) -> Iterator[str]:
    """Say where a modality alone is as good as every fusion."""
    if len(result.senses) < 2:
        return
    name, inputs = result.best
    if inputs in result.senses:
        yield (
            f"{inputs} alone is as good as any fusion ({name}): the other modalities add nothing "
            "here. Try more steps or other features for them, or leave them out."
        )


def no_search(result: Result) -> Iterator[str]:
    """Say that nothing was tuned inside the training parts."""
    if not result.recipe.get("search"):
        yield (
            "Settings are fixed: a table [search] tunes them inside each training part, for "
            "baselines too, so that none is favoured."
        )


def few_seeds(result: Result) -> Iterator[str]:
    """Say where the range over seeds means little."""
    if len(result.seeds) < FEW_SEEDS:
        yield (
            f"{len(result.seeds)} seed{'s' if len(result.seeds) > 1 else ''}: random weights and "
            "devices differ from seed to seed; take 5 or more."
        )


def fold_means(result: Result, name: str, inputs: str) -> pd.Series:
    """Return the first metric of one reservoir and inputs by fold, mean over seeds."""
    frame = result.fold_scores
    here = frame[
        (frame["metric"] == result.metrics[0].name) & (frame["missing"] == "")
        & (frame["reservoir"] == name) & (frame["inputs"] == inputs)
    ]  # fmt: skip
    return here.groupby("fold")["score"].mean()


def listed(names: list[str], most: int = 4) -> str:
    """Return names in a line, the first few.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def unit(metric: object) -> str:
    """Return what is written behind a score."""
    return " %" if getattr(metric, "percent", False) else ""
