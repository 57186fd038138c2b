"""Run a recipe: folds, searches, reservoirs, seeds, inputs; scores, predictions and hashes."""

import platform
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import names_arguments
from mottle.datasets import Recordings
from mottle.events import read_stream
from mottle.pipelines.engine.baselines import check_baselines, evaluate_baseline
from mottle.pipelines.engine.cache import Cache, FitMemory, keyed
from mottle.pipelines.engine.evaluate import evaluate
from mottle.pipelines.engine.features import FeaturesOf, Fold, measured_columns, reservoir_of
from mottle.pipelines.engine.folds import describe_split
from mottle.pipelines.engine.hashing import hash_arrays, hash_recordings
from mottle.pipelines.engine.kept import Kept, Piece, key_of_run
from mottle.pipelines.engine.leakage import Folds, find_leaks
from mottle.pipelines.engine.notes import baseline_notes, split_notes, stretch_notes
from mottle.pipelines.engine.plans import plan_inputs
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.engine.result import FITS, RUN, Result, frame_of_runs, mean_over_folds
from mottle.pipelines.engine.search import (
    Found,
    InnerSearch,
    Tried,
    candidates,
    refuse_many_folds,
)
from mottle.pipelines.engine.sources import take
from mottle.pipelines.engine.target import Target
from mottle.pipelines.metrics import (
    DEFAULTS,
    Metric,
    Outputs,
    constant_outputs,
    constants,
    find_metric,
)
from mottle.pipelines.recipe import Recipe, check_recipe, read_recipe
from mottle.times import are_row_numbers
from mottle.toml import write_toml

PACKAGES = ("mottle", "numpy", "scipy", "scikit-learn", "numba", "xarray", "zarr")
Progress = Callable[[int, int], Any]
LEAKS = Cache()  # found in runs of this process, so that several of the same recordings look once


@names_arguments
def run_recipe(
    source: Any, *, recordings: Any = None, progress: Any = None, parts: Any = None
) -> Result:
    """Run an experiment.

    Parameters
    ----------
    source : str, Path, dict or Recipe
        A TOML file, the name of a shipped recipe, its settings as a dict, or what ``read_recipe``
        returned.
    recordings : Recordings, default=None
        Recordings in memory, in place of those that the recipe names in ``[data]``.
    progress : callable, default=None
        Called with the number of units of work done, and of all.
    parts : str or Path, default=None
        Folder in which scores and predictions of every fold, reservoir and seed are kept as they
        are done, so that a run that was killed goes on with them: those of the same recipe,
        recordings and versions are taken. Delete it once the result is saved.

    Returns
    -------
    result : Result
        Scores, predictions, settings, versions and hashes.

    Raises
    ------
    ValueError
        For a recipe that is refused, or that its recordings do not allow.

    Examples
    --------
    >>> recipe = {
    ...     "title": "touch alone",
    ...     "seeds": [0],
    ...     "data": {"name": "demo", "options": {"task": "grasp"}},
    ...     "split": {"kind": "blocked", "n_splits": 2},
    ...     "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 6}},
    ...     "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    ... }
    >>> result = run_recipe(recipe)
    >>> result.scores["metric"].tolist(), result.predictions.shape
    (['accuracy'], (200, 1))
    """
    recipe, text = resolve(source)
    folder = None if parts is None else Path(parts)
    return Experiment(recipe, text, recordings, progress, folder).run()


def resolve(source: str | Path | Mapping[str, Any] | Recipe) -> tuple[Recipe, str]:
    """Return a checked recipe and its text."""
    if isinstance(source, str | Path):
        return read_recipe(source)
    if not isinstance(source, Mapping | Recipe):
        raise TypeError(
            f"expected a path, the name of a shipped recipe, a dict or a Recipe, got "
            f"{type(source).__name__}."
        )
    recipe = check_recipe(source)
    return recipe, write_toml(recipe.as_dict())


class Experiment:
    """One run of a recipe: what is computed on the way, and what is put into the result."""

    def __init__(
        self, recipe: Recipe, text: str, recordings: Recordings | None,
        progress: Progress | None, parts: Path | None = None,
    ):  # fmt: skip
        self.begin = perf_counter()
        self.recipe, self.text, self.progress = recipe, text, progress
        self.source = "data" if recordings is None else "memory"
        self.recordings, self.target = load_recordings(recipe, recordings, progress)
        self.metrics = [find_metric(name) for name in recipe.metric or [DEFAULTS[self.target.task]]]
        refuse_unfit(self.metrics, self.target)
        if recipe.search is not None and recipe.search.metric is not None:
            refuse_unfit([find_metric(recipe.search.metric)], self.target, "search.")
        self.folds = folds_of(recipe, self.recordings, self.target)
        refuse_many_folds(recipe, self.recordings, self.target, self.folds)
        self.chance = chance_levels(self.metrics, self.target, self.folds)
        self.parts, self.kept = parts, Kept(None, "")
        self.cache = Cache()
        self.memory = FitMemory(Cache())
        per_fold = sum(
            len(recipe.seeds) + (len(candidates(recipe.search, name)) if recipe.search else 0)
            for name in recipe.reservoirs
        )
        horizon = None if recipe.data is None else recipe.data.horizon
        check_baselines(recipe.baselines, self.target.per_step, horizon, recipe.washout)
        per_fold += len(recipe.baselines) * len(recipe.seeds)
        self.n_done, self.n_all = 0, len(self.folds) * per_fold
        self.rows: list[tuple] = []
        self.fits: list[tuple] = []
        self.truth: list[pd.DataFrame] = []
        self.predicted: dict[tuple, list[NDArray]] = {}
        self.chosen: list[dict[str, Any]] = []
        self.hashes: dict[str, Any] = {"drives": {}, "features": {}}
        self.states: dict[str, xr.Dataset] = {}
        self.speedup: dict[str, str] = {}

    def run(self) -> Result:
        """Run all folds and return the result."""
        columns = [*self.recipe.encoders, *measured_columns(self.recipe, self.recordings.table)]
        self.hashes["recordings"] = hash_recordings(self.recordings, columns)
        rows = hash_arrays([part for fold in self.folds for part in fold])
        key = key_of_run(self.recipe.as_dict(), self.hashes["recordings"], rows)
        self.kept = Kept(self.parts, key)
        for number, (train, test) in enumerate(self.folds):
            self._run_fold(number, train, test)
        table = self.recordings.table
        fold_scores = pd.DataFrame(self.rows, columns=[*RUN, "fold", "metric", "score"])
        scores = mean_over_folds(fold_scores)
        size = table.attrs.get("sensor_size")
        return Result(
            title=self.recipe.title,
            description=self.recipe.description or str(table.attrs.get("pairing", "")),
            split=describe_split(self.recipe.split, len(self.folds)),
            task=self.target.task,
            senses=list(self.recipe.encoders),
            seeds=list(self.recipe.seeds),
            n_recordings=len(table),
            metrics=self.metrics,
            chance=self.chance,
            n_train=[len(train) for train, _ in self.folds],
            scores=scores,
            fold_scores=fold_scores,
            truth=pd.concat(self.truth, ignore_index=True),
            predictions=frame_of_runs(
                {run: np.concatenate(parts) for run, parts in self.predicted.items()}
            ),
            labels=labels_of(self.target),
            recipe=self.recipe.as_dict(),
            settings=self.text,
            source=self.source,
            chosen=self.chosen,
            hashes=self.hashes,
            versions={name: version(name) for name in PACKAGES}
            | {"python": platform.python_version()},
            notes=[
                *baseline_notes(scores, self.recipe, self.metrics[0]),
                *self._notes_on_split(rows),
                *stretch_notes(self.recordings, self.recipe),
                *table.attrs.get("notes", []),
            ],
            speedup=self.speedup,
            seconds=perf_counter() - self.begin,
            fits=pd.DataFrame(self.fits, columns=list(FITS)),
            examples={s: read_stream(table[s].iloc[0]) for s in self.recipe.encoders},
            sensor_size=None if size is None else (int(size[0]), int(size[1])),
            states=self.states,
        )

    def _notes_on_split(self, rows: str) -> list[str]:
        """Return sentences on groups and leaks; of torn groups one. ``rows`` is the folds' hash."""
        table, classify = self.recordings.table, self.target.classify
        names = hash_arrays([table.index.astype(str), table.columns.astype(str)])
        key = hash_recordings(self.recordings, table.columns), names, rows, classify
        leaks = LEAKS.get(key, lambda: find_leaks(self.recordings, self.folds, target=self.target))
        torn = any(leak.kind == "group" for leak in leaks)
        notes = [] if torn else split_notes(self.recordings, self.folds)
        return [*notes, *(leak.text for leak in leaks)]

    def _run_fold(self, number: int, train: NDArray, test: NDArray) -> None:
        """Search, fit and score everything of one fold."""
        fold = Fold(self.recordings, self.target, train, test, self.cache)
        self.truth.append(self.target.frame(test, number))
        search = self._search(train)
        for name in self.recipe.reservoirs:
            recipe = self.recipe
            if search is not None:
                found = self._find(number, name, search)
                recipe = recipe.with_settings(found.settings)
                self.chosen.append(describe_found(number, name, found))
            for seed in self.recipe.seeds:
                self._run_unit(recipe, name, seed, number, fold)
                self._advance()
            if number == 0:
                self._keep_states(recipe, name, fold)
        for name in self.recipe.baselines:
            for seed in self.recipe.seeds:
                compute = partial(self._compute_baseline, name, seed, number, fold)
                self._take(*self.kept.get(f"baseline {number} {name} {seed}", compute))
                self._advance()

    def _find(self, number: int, name: str, search: InnerSearch) -> Found:
        """Return what the search of one fold and reservoir found, now or before a kill."""
        before, n_tried = self.n_done, len(candidates(search.search, name))
        (settings, score, tried), _ = self.kept.get(
            f"search {number} {name}", lambda: (list(search.run(name, self._advance)), {})
        )
        self._advance(before + n_tried - self.n_done)
        return Found(settings, score, [Tried(*one) for one in tried])

    def _search(self, train: NDArray) -> InnerSearch | None:
        """Return a search that is given nothing but the training part."""
        if self.recipe.search is None:
            return None
        return InnerSearch(
            self.recipe, take(self.recordings, train), self.target.take(train), self.metrics[0],
            self.cache, self.memory,
        )  # fmt: skip

    def _run_unit(self, recipe: Recipe, name: str, seed: int, number: int, fold: Fold) -> None:
        """Score every case of one reservoir and seed, and keep predictions and hashes."""
        self._take(*self.kept.get(
            f"unit {number} {name} {seed}",
            lambda: self._compute_unit(recipe, name, seed, number, fold),
        ))  # fmt: skip

    def _take(self, values: dict[str, Any], predicted: Mapping[str, NDArray]) -> None:
        """Take the runs, scores, times and hashes of a unit, computed now or kept."""
        for run, part in zip(values["runs"], predicted.values(), strict=True):
            self.predicted.setdefault(tuple(run), []).append(part)
        self.rows += [tuple(row) for row in values["rows"]]
        self.fits += [tuple(row) for row in values.get("fits", ())]
        for kind in ("features", "drives"):
            self.hashes[kind].update(values.get(kind, {}))

    def _compute_baseline(self, name: str, seed: int, number: int, fold: Fold) -> Piece:
        """Return runs, rows of scores and times of one baseline and seed, and predictions."""
        runs: list[tuple] = []
        rows: list[tuple] = []
        fits: list[tuple] = []
        predicted: dict[str, NDArray] = {}
        for case, outputs, fit, predict in evaluate_baseline(name, self.recipe, seed, fold):
            run = (name, *case, seed)
            predicted[f"{len(runs)}"] = np.ravel(outputs.predicted)
            runs.append(run)
            rows += self._score(run, number, outputs, fold)
            fits.append((name, case.inputs, seed, number, 0.0, 0.0, *fit, *predict, ""))
        return {"runs": runs, "rows": rows, "fits": fits}, predicted

    def _score(self, run: tuple, number: int, outputs: Outputs, fold: Fold) -> list[tuple]:
        """Return a row for each metric."""
        rows = []
        for metric in self.metrics:
            try:
                score = metric.score(fold.y_test, outputs)
            except ValueError as error:
                place = f"fold {number}, reservoir {run[0]!r}, inputs {run[1]!r}"
                raise ValueError(f"{place}: {error}") from error
            rows.append((*run, number, metric.name, score))
        return rows

    def _compute_unit(self, recipe: Recipe, name: str, seed: int, number: int, fold: Fold) -> Piece:
        """Return runs, rows of scores and hashes of one reservoir and seed, and predictions."""
        features = FeaturesOf(recipe, name, seed, fold)
        runs: list[tuple] = []
        rows: list[tuple] = []
        predicted: dict[str, NDArray] = {}
        for case, outputs in evaluate(features, self.memory):
            run = (name, *case, seed)
            values = fold.ledger.measure(case, partial(getattr, outputs, "predicted"))
            predicted[f"{len(runs)}"] = np.ravel(values)
            runs.append(run)
            rows += self._score(run, number, outputs, fold)
        fits = []
        for plan in plan_inputs(recipe):
            spent, penalty = features.fits[plan.inputs]
            fit = features.spent("fit", plan).plus(spent)
            predict = features.spent("predict", plan).plus(fold.ledger.of((plan.inputs, "")))
            times = (*features.spent("encode", plan), *fit, *predict)
            fits.append((name, plan.inputs, seed, number, *times, penalty))
        found = {f"{number}/{name}/{seed}/{use}": one for use, one in features.hashes().items()}
        drives = {
            f"{number}/{name}/{sense}": fold.drives_hash(sense, encoder)
            for sense, encoder in features.encoders.items()
        }
        kept = {"runs": runs, "rows": rows, "features": found, "drives": drives, "fits": fits}
        return kept, predicted

    def _keep_states(self, recipe: Recipe, name: str, fold: Fold) -> None:
        """Keep the states of one recording for each sense, and how far device time is ahead."""
        for sense, encoder in recipe.make_encoders().items():
            compute = partial(self._compute_states, recipe, name, sense, encoder, fold)
            values, arrays = self.kept.get(f"states {name} {sense}", compute)
            if not arrays:
                continue
            self.states[f"{name}/{sense}"] = xr.Dataset(
                {k: (values["dims"][k], arrays[k], values["own"][k]) for k in values["dims"]},
                attrs=values["attrs"],
            ).set_coords(values["coords"])
            if values["speedup"]:
                self.speedup[f"{name}/{sense}"] = values["speedup"]

    def _compute_states(
        self, recipe: Recipe, name: str, sense: str, encoder: Any, fold: Fold
    ) -> Piece:
        """Return the states of the first recording and what belongs to them; or no arrays."""
        front = reservoir_of(recipe.make_reservoir(name, sense, recipe.seeds[0]))
        if not hasattr(front, "dt_device"):
            return {}, {}
        train, _ = fold.drives(sense, keyed(encoder))
        states = front.fit(train).states([np.asarray(train[0])])
        speedup = ""
        stream = read_stream(self.recordings.table[sense].iloc[fold.train[0]])
        if has_times(stream):
            seconds, held = duration(stream) / len(train[0]), states.attrs["dt_device"]
            speedup = (
                f"{seconds:.3g} s of the sensor in {held:.3g} s of the device "
                f"(x {seconds / held:.3g})"
            )
        every = {str(k): one for k, one in states.variables.items()}
        values = {
            "dims": {k: list(one.dims) for k, one in every.items()},
            "own": {k: dict(one.attrs) for k, one in every.items()},
            "attrs": dict(states.attrs), "coords": [str(k) for k in states.coords],
            "speedup": speedup,
        }  # fmt: skip
        return values, {k: np.asarray(one.values) for k, one in every.items()}

    def _advance(self, n_units: int = 1) -> None:
        """Report more units of work."""
        self.n_done += n_units
        if n_units and self.progress is not None:
            self.progress(self.n_done, self.n_all)


def labels_of(target: Target) -> NDArray:
    """Return all classes in order; none in a regression."""
    if not target.classify:
        return np.empty(0)
    return np.unique(target.samples(np.arange(len(target))))


def refuse_unfit(metrics: list[Metric], target: Target, table: str = "") -> None:
    """Raise if a metric does not suit the target; ``table`` is where the recipe names it."""
    truth = target.samples(np.arange(len(target)))
    outputs = constant_outputs(truth, target.classify)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are never predicted
        for metric in metrics:
            try:
                metric.score(truth, outputs)
            except ValueError as error:
                raise ValueError(f"{table}{error}") from error


def chance_levels(metrics: list[Metric], target: Target, folds: Folds) -> dict[str, float]:
    """Return the score of the best constant prediction by metric: as of models, a mean of folds."""
    truth = target.samples(np.arange(len(target)))
    tests = [target.samples(test) for _, test in folds]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are never predicted
        return {metric.name: best_constant(metric, truth, tests, target.classify)
                for metric in metrics}  # fmt: skip


def best_constant(metric: Metric, truth: NDArray, tests: list[NDArray], classify: bool) -> float:
    """Return the mean score over test parts of the constant that does best; NaN where none has one.

    A metric that one test part does not have, as for lack of a class, is taken over the others.
    """
    scores = []
    for constant in constants(truth, classify):
        of_folds = []
        for test in tests:
            with suppress(ValueError):
                of_folds.append(metric.score(test, constant(len(test))))
        scores.append(float(np.mean(of_folds)) if of_folds else np.nan)
    known = [score for score in scores if not np.isnan(score)]
    if not known:
        return float("nan")
    return max(known) if metric.higher_is_better else min(known)


def describe_found(number: int, name: str, found: Found) -> dict[str, Any]:
    """Return what a search found as plain values."""
    return {
        "fold": number, "reservoir": name, "settings": found.settings, "score": found.score,
        "tried": [list(one) for one in found.tried],
    }  # fmt: skip


def has_times(stream: Any) -> bool:
    """Tell whether a stream has times: events, or samples with a coordinate ``time``."""
    if isinstance(stream, xr.DataArray):
        return "time" in stream.coords and not are_row_numbers(stream)
    return getattr(getattr(stream, "dtype", None), "names", None) is not None


def duration(stream: Any) -> float:
    """Return the length of a stream with times in s."""
    if isinstance(stream, xr.DataArray):
        return float(stream["time"][-1] - stream["time"][0])
    return float(stream["t"][-1] - stream["t"][0]) * 1e-6
