"""Write the table of docs/start/when-to-use.md: reservoirs and MiniRocket on the same folds.

    MOTTLE_DATA=folder python benchmarks/choice.py [RECIPE ...]

For each recipe named, MiniRocket (aeon) and a ridge classifier are run on the folds of the recipe
and on the same encoded drives, and their accuracies kept in docs/results/minirocket.csv; the other
columns are the kept scores of the recipes. Without names only the table is written, and aeon is not
needed.
"""

import sys

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record

from mottle.pipelines import read_recipe
from mottle.pipelines.engine.recordings import folds_of, load_recordings

PAGE, KEPT = DOCS / "start/when-to-use.md", DOCS / "results/minirocket.csv"
# recipe: (what it is, the row of inputs whose scores are compared)
ROWS = {
    "demo-grasp": ("grasps: touch and joints", "middle"),
    "biotac-slide": ("sliding: six tactile senses", "middle"),
    "ev-objects": ("event skin, 36 objects", "touch"),
    "nmnist": ("event camera, 10 digits", "sight"),
    "smellnet": ("gas sensors, 50 foods", "smell"),
}
WHOLE = {"smellnet": "smell, 100 steps"}  # also on streams as they are, of equal lengths


def drives_of(encoder, cells, train):
    """Return the drives of all recordings, as (recording, channel, step) in float32."""
    drives = encoder.fit(cells.iloc[train]).transform(cells)
    return np.ascontiguousarray(np.stack(list(drives)).transpose(0, 2, 1), dtype=np.float32)


def whole(cells):
    """Return streams of equal lengths as (recording, channel, step) in float32."""
    values = np.stack([cell.to_numpy() for cell in cells])
    return np.ascontiguousarray(values.transpose(0, 2, 1), dtype=np.float32)


def accuracy(inputs, y, train, test, seed):
    """Accuracy of a ridge classifier on the features of MiniRocket, one set for each sense."""
    from aeon.transformations.collection.convolution_based import MiniRocket
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = []
    for X in inputs:
        rocket = MiniRocket(random_state=seed).fit(X[train])
        features.append(np.asarray(rocket.transform(X)))
    X = np.hstack(features)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 10)))
    return model.fit(X[train], y[train]).score(X[test], y[test])


def run(name):
    """Return the rows of one recipe: recipe, inputs, seed, accuracy over its folds."""
    recipe, _ = read_recipe(name)
    recordings, target = load_recordings(recipe)
    table, y = recordings.table, np.asarray(recordings.target)
    folds = folds_of(recipe, recordings, target)
    scores: dict = {}
    for train, test in folds:
        drives = [drives_of(e, table[sense], train) for sense, e in recipe.make_encoders().items()]
        sets = {ROWS[name][1]: drives}
        if name in WHOLE:
            sets[WHOLE[name]] = [whole(table[sense]) for sense in recipe.encoders]
        for inputs, X in sets.items():
            for seed in recipe.seeds:
                scores.setdefault((inputs, seed), []).append(accuracy(X, y, train, test, seed))
    return [(name, inputs, seed, float(np.mean(s))) for (inputs, seed), s in scores.items()]


def spread(values):
    """Write accuracies as median [range] in %."""
    low, mid, high = 100 * min(values), 100 * float(np.median(values)), 100 * max(values)
    return f"{mid:.1f} [{low:.1f}-{high:.1f}]"


def table():
    """Put the kept scores side by side, the best median of a row in bold."""
    rocket = pd.read_csv(KEPT)
    rows = []
    for name, (title, inputs) in ROWS.items():
        scores = pd.read_csv(DOCS / "results" / f"{name}.csv", keep_default_na=False)
        chosen = scores[(scores["inputs"] == inputs) & (scores["missing"] == "")]
        columns = {
            "VO2": chosen[chosen["reservoir"] == "vo2"]["score"],
            "memristors": chosen[chosen["reservoir"] == "memristor"]["score"],
            "echo state": chosen[chosen["reservoir"] == "echo"]["score"],
            "no reservoir": chosen[chosen["reservoir"] == "none"]["score"],
        }
        ours = rocket[rocket["recipe"] == name]
        columns["MiniRocket"] = ours[ours["inputs"] == inputs]["score"]
        best = max(round(float(np.median(v)), 3) for v in columns.values())
        cells = {
            k: f"**{spread(v)}**" if round(float(np.median(v)), 3) == best else spread(v)
            for k, v in columns.items()
        }
        rows.append({"recordings": title, "recipe": f"`{name}`", **cells})
        if name in WHOLE:
            print(name, WHOLE[name], spread(ours[ours["inputs"] == WHOLE[name]]["score"]))
    return markdown(pd.DataFrame(rows))


def main():
    """Run MiniRocket on the recipes named, then write the table."""
    if sys.argv[1:]:
        kept = pd.read_csv(KEPT).values.tolist() if KEPT.exists() else []
        kept = [row for row in kept if row[0] not in sys.argv[1:]]
        for name in sys.argv[1:]:
            kept += run(name)
            frame = pd.DataFrame(kept, columns=["recipe", "inputs", "seed", "score"])
            frame.to_csv(KEPT, index=False, float_format="%.6f")
            print(name, flush=True)
            record("choice")
    fill(PAGE, "scores", table())


if __name__ == "__main__":
    main()
