"""Experiments: a recipe's senses, reservoirs and fusions, scored on the same folds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from mottle.datasets import Recordings, load
from mottle.pipelines.fusion import SenseCheck
from mottle.pipelines.recipe import Recipe, Split

Drive = NDArray | list[NDArray]
PACKAGES = ("mottle", "numpy", "scipy", "scikit-learn", "numba", "xarray", "zarr")
SPLITS = {
    "grouped": "{n} folds; recordings of one group never stand on both sides",
    "blocked": "{n} folds of consecutive groups (blocked in time)",
    "stratified": "{n} folds, shuffled once, classes balanced; each recording is its own group",
    "published": "trained on the published training part, tested on the published test part",
}


@dataclass
class Result:
    """What an experiment found; scores are in long form, one row a seed (mean over folds)."""

    title: str
    description: str
    split: str
    senses: list[str]
    seeds: list[int]
    n_recordings: int
    chance: float
    settings: str
    metric: str = "accuracy"
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    confusion: NDArray = field(default_factory=lambda: np.zeros((0, 0), dtype=int))
    labels: list[str] = field(default_factory=list)
    confusion_of: str = ""
    examples: dict[str, Any] = field(default_factory=dict)
    sensor_size: tuple[int, int] | None = None
    states: dict[str, xr.Dataset] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    speedup: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def run_recipe(
    recipe: Recipe, settings: str = "", progress: Callable[[int, int], Any] | None = None
) -> Result:
    """Run a recipe on its recordings.

    Parameters
    ----------
    recipe : Recipe
        From ``read_recipe``.
    settings : str, optional
        The recipe's text, kept with the result.
    progress : callable, optional
        Called with the number of folds done and of all.

    Returns
    -------
    Result
        Scores and what a report shows.
    """
    begin = perf_counter()
    recordings = load(recipe.data.name, **recipe.data.options)
    encoders = recipe.make_encoders()
    table, target = recordings.table, recordings.target
    SenseCheck(tuple(encoders)).fit(table)
    folds = list(make_folds(recipe.split, recordings))
    result = Result(
        title=recipe.title,
        description=recipe.description or str(table.attrs.get("pairing", "")),
        split=SPLITS[recipe.split.kind].format(n=len(folds)),
        senses=list(encoders),
        seeds=recipe.seeds,
        n_recordings=len(table),
        chance=float(np.unique(target, return_counts=True)[1].max() / len(target)),
        settings=settings,
        examples={sense: table[sense].iloc[0] for sense in encoders},
        sensor_size=tuple(table.attrs["sensor_size"]) if "sensor_size" in table.attrs else None,
        versions={name: version(name) for name in PACKAGES},
    )
    rows: list[tuple] = []
    guesses: dict[tuple[str, str], list] = {}
    n_done, n_all = 0, len(folds) * len(recipe.seeds) * len(recipe.reservoirs)
    for fold, (train, test) in enumerate(folds):
        drives = {sense: encode(e, table[sense], train, test) for sense, e in encoders.items()}
        for name in recipe.reservoirs:
            for seed in recipe.seeds:
                judged = judge(recipe, name, seed, drives, target[train])
                for (inputs, lost), predicted in judged.items():
                    hits = predicted == target[test]
                    rows.append((name, inputs, lost, seed, fold, hits.mean()))
                    if seed == recipe.seeds[0] and not lost:
                        guesses.setdefault((name, inputs), []).append((target[test], predicted))
                n_done += 1
                if progress is not None:
                    progress(n_done, n_all)
            if fold == 0:
                show(result, recipe, name, drives, table)
    columns = ["reservoir", "inputs", "missing", "seed", "fold", "score"]
    keys = columns[:4]
    frame = pd.DataFrame(rows, columns=columns)
    result.scores = frame.groupby(keys, sort=False)["score"].mean().reset_index()
    add_confusion(result, guesses)
    result.notes = honest_notes(result.scores, recipe)
    result.seconds = perf_counter() - begin
    return result


def make_folds(split: Split, recordings: Recordings) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield row numbers of training and test; refuse a split that the recordings do not allow."""
    target, groups = recordings.target, np.asarray(recordings.groups)
    names = np.unique(groups)
    if split.kind == "published":
        if set(names) != {"train", "test"}:
            raise ValueError("split.kind='published' needs groups 'train' and 'test' in the data.")
        yield np.flatnonzero(groups == "train"), np.flatnonzero(groups == "test")
        return
    least = np.unique(target, return_counts=True)[1].min()
    room = {"grouped": names.size, "blocked": names.size, "stratified": least}[split.kind]
    what = {"stratified": "recordings in the smallest class"}.get(split.kind, "groups")
    if room < split.n_splits:
        raise ValueError(
            f"split.n_splits={split.n_splits} is more than the {room} {what}; take at most {room}."
        )
    if split.kind == "blocked":
        for block in np.array_split(names, split.n_splits):
            inside = np.isin(groups, block)
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
    elif split.kind == "grouped":
        yield from StratifiedGroupKFold(split.n_splits).split(target, target, groups)
    else:
        folds = StratifiedKFold(split.n_splits, shuffle=True, random_state=0)
        yield from folds.split(target, target)


def encode(encoder: BaseEstimator, streams: pd.Series, train: NDArray, test: NDArray) -> tuple:
    """Return the drives of training and test; the encoder learns from training alone."""
    fitted = clone(encoder).fit(streams.iloc[train])
    return fitted.transform(streams.iloc[train]), fitted.transform(streams.iloc[test])


def judge(
    recipe: Recipe, name: str, seed: int, drives: dict[str, tuple], y: NDArray
) -> dict[tuple[str, str], NDArray]:
    """Return predictions for the test part by (inputs, missing sense).

    The fronts of the senses are run once and shared by the senses alone, middle and late fusion;
    the numbers are those of ``make_fusion_pipeline``.
    """
    senses = list(drives)
    train, test, votes = {}, {}, {}
    out: dict[tuple[str, str], NDArray] = {}

    def program(inputs: str, readout: BaseEstimator, seen: NDArray, asked: NDArray) -> None:
        """Add what crossbars say that carry a readout's weights, at each of their ages."""
        if recipe.crossbar is None:
            return
        crossbar = recipe.make_crossbar(readout, seed).program(seen)
        for seconds in sorted(recipe.crossbar.ages):
            label = f"{inputs} on crossbars, {spell(seconds)}"
            out[label, ""] = crossbar.age(seconds).predict(asked)

    for sense in senses:
        front = recipe.make_reservoir(name, sense, seed)
        train[sense], test[sense] = (
            front.fit_transform(drives[sense][0]),
            front.transform(drives[sense][1]),
        )
        readout = recipe.make_readout().fit(train[sense], y)
        votes[sense] = readout.predict_proba(test[sense])
        out[sense, ""] = readout.predict(test[sense])
        program(sense, readout, train[sense], test[sense])
    if len(senses) < 2:
        return out
    classes = np.unique(y)
    left_out = combinations(senses, len(senses) - 1) if recipe.missing else ()
    subsets = [(tuple(senses), ""), *((kept, (set(senses) - set(kept)).pop()) for kept in left_out)]
    for kept, lost in subsets:
        if "middle" in recipe.fusion and len(kept) == 1:
            out["middle", lost] = out[kept[0], ""]
        elif "middle" in recipe.fusion:
            seen, asked = (np.hstack([part[s] for s in kept]) for part in (train, test))
            readout = recipe.make_readout().fit(seen, y)
            out["middle", lost] = readout.predict(asked)
            if not lost:
                program("middle", readout, seen, asked)
        if "late" in recipe.fusion:
            out["late", lost] = classes[np.mean([votes[s] for s in kept], axis=0).argmax(axis=1)]
    if "early" in recipe.fusion:
        front = recipe.make_reservoir(name, "early", seed)
        readout = recipe.make_readout().fit(front.fit_transform(stack(drives, 0)), y)
        for _, lost in subsets:
            out["early", lost] = readout.predict(front.transform(stack(drives, 1, lost)))
    return out


def spell(seconds: float) -> str:
    """Say how old something is.

    Examples
    --------
    >>> spell(0), spell(90), spell(86400)
    ('fresh', '90 s', '1 d')
    """
    if seconds == 0:
        return "fresh"
    for length, unit in ((86400, "d"), (3600, "h")):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def stack(drives: dict[str, tuple], part: int, lost: str = "") -> NDArray:
    """Stack the drives of all senses along ``input``; a lost sense is silent."""
    steps = {}
    for sense, pair in drives.items():
        drive = pair[part]
        steps[sense] = drive.shape[1] if isinstance(drive, np.ndarray) else "various"
    if len(set(steps.values())) > 1 or "various" in steps.values():
        told = ", ".join(f"{sense} {n}" for sense, n in steps.items())
        raise ValueError(
            f"early fusion stacks drives step by step, but the senses have {told} steps: give all "
            "encoders one n_steps, or leave 'early' out of fusion."
        )
    return np.concatenate([pair[part] * (sense != lost) for sense, pair in drives.items()], axis=2)


def show(
    result: Result, recipe: Recipe, name: str, drives: dict[str, tuple], table: pd.DataFrame
) -> None:
    """Keep the states of one recording for each sense, and how far device time is sped up."""
    for sense, (train, _) in drives.items():
        front = recipe.make_reservoir(name, sense, recipe.seeds[0])
        front = front[0] if isinstance(front, Pipeline) else front
        if not hasattr(front, "dt_device"):
            continue
        states = front.fit(train).states([np.asarray(train[0])])
        result.states[f"{name}/{sense}"] = states
        seconds, held = duration(table[sense].iloc[0]) / len(train[0]), states.attrs["dt_device"]
        result.speedup[f"{name}/{sense}"] = (
            f"{seconds:.3g} s of the sensor in {held:.3g} s of the device (x {seconds / held:.3g})"
        )


def duration(stream: Any) -> float:
    """Length of a stream in second."""
    if isinstance(stream, xr.DataArray):
        return float(stream["time"][-1] - stream["time"][0])
    return float(stream["t"][-1] - stream["t"][0]) * 1e-6


def medians(scores: pd.DataFrame) -> pd.Series:
    """Median over seeds by (reservoir, inputs), nothing missing."""
    whole = scores[scores["missing"] == ""]
    return whole.groupby(["reservoir", "inputs"], sort=False)["score"].median()


def add_confusion(result: Result, guesses: dict[tuple[str, str], list]) -> None:
    """Add the confusion matrix of the best reservoir and input, first seed, all folds."""
    best: Any = medians(result.scores).idxmax()
    truth, predicted = (np.concatenate(part) for part in zip(*guesses[best], strict=True))
    labels = np.unique(truth)
    result.confusion = confusion_matrix(truth, predicted, labels=labels)
    result.labels = [str(label) for label in labels]
    result.confusion_of = f"{best[0]}, {best[1]}, seed {result.seeds[0]}"


def honest_notes(scores: pd.DataFrame, recipe: Recipe) -> list[str]:
    """Say where a reservoir does not beat the same readout without one."""
    kinds = {name: part.kind for name, part in recipe.reservoirs.items()}
    bare = [name for name, kind in kinds.items() if kind == "NoReservoir"]
    if not bare:
        return ["There is no reservoir-free baseline in this recipe; add kind = 'NoReservoir'."]
    middle = medians(scores)
    best = {name: (middle[name].max(), middle[name].idxmax()) for name in kinds}
    level, where = best[bare[0]]
    notes = []
    for name, kind in kinds.items():
        if kind == "NoReservoir":
            continue
        score, inputs = best[name]
        verdict = "is above" if score > level else "does not beat"
        notes.append(
            f"{name}: its best ({inputs}, {score:.1%}) {verdict} the best without a reservoir "
            f"({where}, {level:.1%})."
        )
    notes.append(
        "Scales, penalties and features are learnt on training folds only. Settings of the recipe "
        "were fixed by hand, once for all folds and seeds, while looking at such scores: take "
        "differences of a point or two as noise."
    )
    return notes
