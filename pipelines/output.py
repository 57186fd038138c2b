"""What an experiment leaves on disk: result, scores, report, recipe, and states as zarr."""

from collections.abc import Sequence
from contextlib import suppress
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.datasets import StatesWriter
from mottle.datasets.stores.states import check_states_place
from mottle.disk import write_whole
from mottle.pipelines.account import account_recipe
from mottle.pipelines.data import PATHS
from mottle.pipelines.engine.features import reservoir_of
from mottle.pipelines.engine.hashing import hash_arrays
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.engine.result import Result
from mottle.pipelines.recipe import Recipe, check_recipe
from mottle.pipelines.report import write_report
from mottle.toml import write_toml

BLOCK_BYTES = 1 << 24
N_ACCOUNTED, MOST_SECONDS = 3, 20.0  # recordings, and fits, of an account of energy


def write_scores(folder: Path, name: str, result: Result) -> dict[str, Any]:
    """Write result, scores and times (csv), recipe (toml) and a summary (json); return the summary.

    Each file is there whole, or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    summary = {
        "title": result.title,
        "task": result.task,
        "split": result.split,
        "seeds": result.seeds,
        "n_recordings": result.n_recordings,
        "metrics": [metric.describe() for metric in result.metrics],
        "chance": result.chance,
        "scores": result.scores.to_dict("records"),
        "chosen": result.chosen,
        "notes": result.notes,
        "versions": result.versions,
    }
    result.save(folder / f"{name}.result.json")
    write_text(folder / f"{name}.csv", result.scores.to_csv(index=False))
    if not result.fits.empty:
        write_text(folder / f"{name}.fits.csv", result.fits.to_csv(index=False))
    write_text(folder / f"{name}.toml", settings_of(result))
    write_text(folder / f"{name}.json", dumps(summary, indent=1) + "\n")
    return summary


def settings_of(result: Result) -> str:
    """Return a recipe that runs from any folder: as written, or with absolute paths of own data."""
    own = set(result.recipe.get("data") or {}) & set(PATHS)
    return write_toml(result.recipe) if own else result.settings


def write_text(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    write_whole(path, lambda file: file.write(text.encode("utf-8")))


def write_all(folder: Path, results: dict[str, Result]) -> Path:
    """Write scores and recipes of all results, and one report; return the report's path.

    Where that is cheap beside the run, the report holds the energy of a recording, too.
    """
    for name, result in results.items():
        write_scores(folder, name, result)
        if not result.energy and is_cheap(result):
            with suppress(TypeError, ValueError):  # parts of other packages may have no account
                result.energy = account_recipe(check_recipe(result.recipe), N_ACCOUNTED)
    return write_report(folder / "report.html", results)


def is_cheap(result: Result) -> bool:
    """Tell whether one more fit of each reservoir takes little beside what the run took.

    Recordings that were given in memory are not there any more, and targets of steps are not
    accounted for.
    """
    if result.source != "data" or result.recipe.get("washout") is not None or result.fits.empty:
        return False
    fits = result.fits.groupby(["reservoir", "inputs"])[["encode_wall", "fit_wall"]].median()
    return float(fits.sum(axis=1).groupby("reservoir").max().sum()) < MOST_SECONDS


def write_states(path: Path, recipe: Recipe, settings: str) -> list[Path]:
    """Write the states of every reservoir and sense, block by block; a killed run resumes.

    Encoders and reservoirs are those of the recipe, of the first fold and the first seed: fitted to
    the training part, applied to all; coordinate ``part`` is "train", "test" or, between the two,
    "gap". Attribute ``drives`` is the sha256 of what entered the reservoirs. Names of
    recordings, groups and targets are coordinates as in the stores of ``mottle prepare``, and so is
    the time at which the steps begin (in s on the clock of the recordings; of events from their
    origin), where all recordings have the same.
    """
    recordings, target = load_recordings(recipe)
    train, test = folds_of(recipe, recordings, target)[0]
    part = np.full(len(recordings.table), "gap", dtype="<U5")
    part[train], part[test] = "train", "test"
    rest = np.flatnonzero(part != "train")
    order = np.argsort(np.concatenate([train, rest]))
    coords: dict[str, Any] = {
        "part": ("recording", part),
        "recording": ("recording", np.asarray(recordings.table.index).astype(str)),
        "group": ("recording", np.asarray(recordings.groups).astype(str)),
    }
    if not target.per_step and target.values.ndim == 1:
        coords["target"] = ("recording", np.asarray(recordings.target).astype(str))
    written = []
    for sense, encoder in recipe.make_encoders().items():
        streams = recordings.table[sense]
        learnt = list(encoder.fit_transform(streams.iloc[train]))
        ordered = [np.asarray(d) for d in (*learnt, *encoder.transform(streams.iloc[rest]))]
        drives = [ordered[i] for i in order]
        entered = {"sense": sense, "recipe": settings, "drives": hash_arrays(drives)}
        time = common_times(encoder.step_times(streams))
        for name in recipe.reservoirs:
            reservoir = reservoir_of(recipe.make_reservoir(name, sense, recipe.seeds[0]))
            reservoir.fit(learnt)
            sizes = np.array([len(drive) for drive in drives])
            n_steps, n_nodes = int(sizes.max()), int(reservoir.n_nodes)
            timed: dict[str, Any] = {}
            if time is not None and len(time) == n_steps:
                timed["time"] = ("step", time)
            place = path / name / sense
            place.parent.mkdir(parents=True, exist_ok=True)
            block = max(1, BLOCK_BYTES // (8 * n_steps * n_nodes))
            with StatesWriter(
                place,
                n_recordings=len(drives),
                n_steps=n_steps,
                n_nodes=n_nodes,
                block=min(block, len(drives)),
                attrs=reservoir.describe() | entered,
                coords={"row_size": ("recording", sizes), **coords, **timed},
                dtype="float64",
            ) as writer:
                for index in writer.pending():
                    rows = writer.rows(index)
                    states = reservoir.states(drives[rows])["states"].to_numpy()
                    full = np.full((len(states), n_steps, n_nodes), np.nan)
                    full[:, : states.shape[1]] = states
                    writer.write(index, full)
            written.append(place)
    return written


def check_states_places(path: Path, recipe: Recipe) -> None:
    """Refuse places of states in which something else lies, before anything is computed."""
    for name in recipe.reservoirs:
        for sense in recipe.encoders:
            check_states_place(path / name / sense)


def common_times(times: Sequence[NDArray | None] | None) -> NDArray[np.float64] | None:
    """Return the times of the steps in s where those of all recordings are the same.

    Shorter recordings may end earlier; absent ones have none.

    Examples
    --------
    >>> common_times([np.array([0.0, 0.5]), np.array([0.0]), None]).tolist()
    [0.0, 0.5]
    >>> common_times([np.array([0.0, 0.5]), np.array([0.1])])
    """
    found = [time for time in times or () if time is not None]
    longest = max(found, key=len, default=None)
    if longest is None or any(not np.array_equal(time, longest[: len(time)]) for time in found):
        return None
    return np.asarray(longest, dtype=np.float64)
