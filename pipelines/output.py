"""What an experiment leaves on disk: scores, report, recipe, and states as zarr."""

from json import dumps
from pathlib import Path
from typing import Any

import numpy as np

from mottle.datasets import StatesWriter, load
from mottle.pipelines.experiment import Result, encode, make_folds
from mottle.pipelines.recipe import Recipe
from mottle.pipelines.report import write_report

BLOCK_BYTES = 1 << 24


def write_scores(folder: Path, name: str, result: Result) -> dict[str, Any]:
    """Write scores (csv), recipe (toml) and a summary (json); return the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    result.scores.to_csv(folder / f"{name}.csv", index=False)
    (folder / f"{name}.toml").write_text(result.settings, encoding="utf-8")
    summary = {
        "title": result.title,
        "split": result.split,
        "seeds": result.seeds,
        "n_recordings": result.n_recordings,
        "chance": result.chance,
        "scores": result.scores.to_dict("records"),
        "notes": result.notes,
        "versions": result.versions,
    }
    (folder / f"{name}.json").write_text(dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def write_all(folder: Path, results: dict[str, Result]) -> Path:
    """Write scores and recipes of all results, and one report; return the report's path."""
    for name, result in results.items():
        write_scores(folder, name, result)
    return write_report(folder / "report.html", list(results.values()))


def write_states(path: Path, recipe: Recipe, settings: str) -> list[Path]:
    """Write the states of every reservoir and sense, block by block; a killed run resumes.

    Encoders and reservoirs are those of the first fold and the first seed: fitted to the training
    part, applied to all; coordinate ``part`` says which recording was which.
    """
    recordings = load(recipe.data.name, **recipe.data.options)
    train, test = next(make_folds(recipe.split, recordings))
    order = np.concatenate([train, test])
    part = np.array(["train"] * len(train) + ["test"] * len(test))[np.argsort(order)]
    written = []
    for sense, encoder in recipe.make_encoders().items():
        halves = encode(encoder, recordings.table[sense], train, test)
        ordered = [np.asarray(drive) for half in halves for drive in half]
        drives = [ordered[i] for i in np.argsort(order)]
        for name in recipe.reservoirs:
            reservoir = recipe.make_reservoir(name, sense, recipe.seeds[0])
            reservoir.fit(list(halves[0]))
            sizes = np.array([len(drive) for drive in drives])
            n_steps, n_nodes = int(sizes.max()), int(reservoir.n_nodes)
            target = path / name / sense
            target.parent.mkdir(parents=True, exist_ok=True)
            block = max(1, BLOCK_BYTES // (8 * n_steps * n_nodes))
            with StatesWriter(
                target,
                n_recordings=len(drives),
                n_steps=n_steps,
                n_nodes=n_nodes,
                block=min(block, len(drives)),
                attrs=reservoir.describe() | {"sense": sense, "recipe": settings},
                coords={
                    "row_size": ("recording", sizes),
                    "part": ("recording", part),
                    "target": ("recording", np.asarray(recordings.target).astype(str)),
                },
                dtype="float64",
            ) as writer:
                for index in writer.pending():
                    rows = writer.rows(index)
                    states = reservoir.states(drives[rows])["states"].to_numpy()
                    full = np.full((len(states), n_steps, n_nodes), np.nan)
                    full[:, : states.shape[1]] = states
                    writer.write(index, full)
            written.append(target)
    return written
