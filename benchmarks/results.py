"""Run every shipped recipe whose recordings are there, and write docs/results/recordings.md.

    MOTTLE_DATA=folder python benchmarks/results.py [RECIPE ...]

Without names all recipes are run. Scores are kept in docs/results/*.csv, so that one recipe can be
run anew without the others; the page is put together from those files.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from pages import DOCS, record
from sklearn.ensemble import RandomForestClassifier

from mottle.pipelines import find_metric, read_recipe, run_recipe
from mottle.pipelines.engine.notes import baseline_notes
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.figures import score_points
from mottle.pipelines.recipe import Recipe, shipped
from mottle.pipelines.scores import row_label, score_rows

ACCURACY = find_metric("accuracy")
OWN_PAGE = ("digits-devices",)
FORESTS = {"smellnet": "smell"}  # recipes whose bar is a random forest on the same folds


def forest_score(recipe: Recipe, sense: str) -> list[float]:
    """Accuracy of a random forest on mean, spread and change of each channel, five seeds."""
    recordings, target = load_recordings(recipe)
    values = [stream.to_numpy() for stream in recordings.table[sense]]
    X = np.array([np.concatenate([v.mean(0), v.std(0), v[-1] - v[0]]) for v in values])
    y = recordings.target
    return [
        float(
            np.mean(
                [
                    RandomForestClassifier(300, random_state=seed).fit(X[a], y[a]).score(X[b], y[b])
                    for a, b in folds_of(recipe, recordings, target)
                ]
            )
        )
        for seed in recipe.seeds
    ]


def run(name: str) -> None:
    recipe, _ = read_recipe(name)
    result = run_recipe(name)
    scores = result.scores
    if name in FORESTS:
        rows = [
            {
                "reservoir": "forest",
                "inputs": FORESTS[name],
                "missing": "",
                "seed": s,
                "metric": ACCURACY.name,
                "score": v,
            }
            for s, v in zip(recipe.seeds, forest_score(recipe, FORESTS[name]), strict=True)
        ]
        scores = pd.concat([scores, pd.DataFrame(rows)])
    (DOCS / "results").mkdir(exist_ok=True)
    scores.to_csv(DOCS / "results" / f"{name}.csv", index=False, float_format="%.6f")
    if name == "demo-grasp":
        whole, folds = (
            frame[(frame["missing"] == "") & (frame["metric"] == ACCURACY.name)]
            for frame in (scores, result.fold_scores)
        )
        figure = score_points(whole, folds, ACCURACY, result.chance[ACCURACY.name])
        figure.savefig(DOCS / "results/demo-grasp.png", dpi=120)
    print(name, f"{result.seconds:.0f} s", flush=True)


def page() -> str:
    """Put the page together from the kept scores."""
    parts = [
        "# Sensor recordings\n\nMade by `benchmarks/results.py`; accuracy in %, median [range] "
        "over five seeds, each the mean over the folds. `none` is the same readout on the pooled "
        "encoded input, `echo` an echo state network of equal size. Run one with "
        "`mottle run NAME`.\n"
    ]
    paths = (DOCS / "results" / f"{name}.csv" for name in shipped() if name not in OWN_PAGE)
    for path in filter(Path.exists, paths):
        recipe, _ = read_recipe(path.stem)
        scores = pd.read_csv(path, keep_default_na=False)
        names = list(scores["reservoir"].unique())
        parts.append(f"\n## {path.stem}: {recipe.title}\n\n{recipe.description}\n")
        parts.append(f"\n| inputs | {' | '.join(names)} |\n|---|{'---:|' * len(names)}\n")
        for inputs, missing, cells in score_rows(scores, ACCURACY):
            texts = [f"**{text}**" if best else text for text, best in cells]
            parts.append(f"| {row_label(inputs, missing)} | {' | '.join(texts)} |\n")
        parts.append(
            "\n" + "".join(f"- {note}\n" for note in baseline_notes(scores, recipe, ACCURACY))
        )
    return "".join(parts)


if __name__ == "__main__":
    for name in sys.argv[1:] or shipped():
        run(name)
        record("results")
    (DOCS / "results/recordings.md").write_text(page(), encoding="utf-8")
