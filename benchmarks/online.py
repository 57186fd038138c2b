"""Measure readouts on gas sensors that age, batch by batch, and write docs/how-to/online.md.

    MOTTLE_DATA=folder python benchmarks/online.py

Minutes on one core. Results are kept in docs/results/online.csv, what was tried in choosing the
settings in docs/results/online-choice.csv; ``--page`` writes the page from them.
"""

import sys
from functools import cache
from itertools import product
from time import process_time

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record
from sklearn.preprocessing import StandardScaler

from mottle.reservoir import LMSReadout, RidgeReadout, RLSReadout

PAGE = DOCS / "how-to/online.md"
KEPT, TRIED = DOCS / "results/online.csv", DOCS / "results/online-choice.csv"
SEEDS = range(5)
CHOICE = 3  # settings are chosen on batches 1 to 3
ALPHAS = (1.0, 10.0, 100.0, 1000.0, 10000.0)
FORGETTING = (1.0, 0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99)
GRIDS = {
    "frozen": [{"alphas": alpha} for alpha in ALPHAS],
    "refitted": [{"alphas": alpha} for alpha in ALPHAS],
    "LMS": [{"step": step} for step in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)],
    "RLS, 1": [{"alpha": alpha} for alpha in ALPHAS],
    "RLS": [
        {"alpha": alpha, "forgetting": forgetting}
        for alpha, forgetting in product(ALPHAS, FORGETTING)
    ],
}
DEFAULTS = ("frozen", "refitted")  # also with the penalty that leave-one-out chooses
LABELS = {
    "frozen": "`RidgeReadout({alphas:g})`, batch 1 only",
    "frozen, default": "`RidgeReadout()`, batch 1 only",
    "refitted": "`RidgeReadout({alphas:g})`, all batches so far",
    "refitted, default": "`RidgeReadout()`, all batches so far",
    "LMS": "`LMSReadout({step:g})`",
    "RLS, 1": "`RLSReadout({alpha:g})`",
    "RLS": "`RLSReadout({alpha:g}, forgetting={forgetting:g})`",
    "hindsight": "`RLSReadout({alpha:g}, forgetting={forgetting:g})`, best in hindsight",
}


class Online:
    """An online readout on features with mean and deviation of the first batch."""

    def __init__(self, readout):
        self.scaler, self.readout = StandardScaler(), readout

    def learn(self, X, y, classes):
        if not hasattr(self.scaler, "mean_"):
            self.scaler.fit(X)
        self.readout.partial_fit(self.scaler.transform(X), y, classes=classes)

    def score(self, X, y):
        return self.readout.score(self.scaler.transform(X), y)


class Ridge:
    """A ridge of the first batch, or of all batches so far; it scales features itself."""

    def __init__(self, readout, refit):
        self.readout, self.refit, self.rows = readout, refit, []

    def learn(self, X, y, classes):
        if self.refit or not self.rows:
            self.rows.append((X, y))
            self.readout.fit(*map(np.concatenate, zip(*self.rows, strict=True)))

    def score(self, X, y):
        return self.readout.score(X, y)


def build(name, settings):
    """Return a model that learns batch after batch."""
    if name in DEFAULTS:
        return Ridge(RidgeReadout(**settings), refit=name == "refitted")
    return Online((LMSReadout if name == "LMS" else RLSReadout)(**settings))


@cache
def recordings():
    """Return features, labels and batches of all recordings."""
    from mottle.datasets import load_gas_drift

    table, y, groups = load_gas_drift()
    return np.concatenate([cell.to_numpy() for cell in table["smell"]]), y, groups


def batches(seed, last=10):
    """Return number, features and labels of the batches in order of time, each shuffled."""
    X, y, groups = recordings()
    rng = np.random.default_rng(seed)
    parts = []
    for batch in np.unique(groups):
        own = rng.permutation(np.flatnonzero(groups == batch))
        parts.append((int(batch), X[own], y[own]))
    return [part for part in parts if part[0] <= last]


def follow(model, parts):
    """Return the accuracy on each batch but the first, before its labels are learnt, and CPU s."""
    classes = np.unique(np.concatenate([y for _, _, y in parts]))
    scores, begin = {}, process_time()
    for number, (batch, X, y) in enumerate(parts):
        if number:
            scores[batch] = float(model.score(X, y))
        model.learn(X, y, classes)
    return scores, process_time() - begin


def mean_score(name, settings, first, last):
    """Return the mean accuracy on batches ``first`` to ``last``, over the seeds."""
    every = [follow(build(name, settings), batches(seed, last))[0] for seed in SEEDS]
    return np.mean([score for one in every for batch, score in one.items() if batch >= first])


def choose():
    """Keep the mean accuracy on batches 2 and 3 of all settings, and that in hindsight of some."""
    tried = []
    for name, grid in GRIDS.items():
        for settings in grid:
            score = mean_score(name, settings, 2, CHOICE)
            tried.append({"readout": name, **settings, "accuracy": score})
    for settings in GRIDS["RLS"]:
        score = mean_score("RLS", settings, CHOICE + 1, 10)
        tried.append({"readout": "hindsight", **settings, "accuracy": score})
    columns = ["readout", "alphas", "alpha", "forgetting", "step", "accuracy"]
    pd.DataFrame(tried, columns=columns).to_csv(TRIED, index=False, float_format="%.6g")


def chosen():
    """Return the settings with the best accuracy, by readout."""
    tried = pd.read_csv(TRIED)
    best = tried.loc[tried.groupby("readout")["accuracy"].idxmax()].set_index("readout")
    return {name: best.loc[name].drop("accuracy").dropna().to_dict() for name in best.index}


def measure():
    """Keep the accuracies of all readouts, batches and seeds."""
    choose()
    settings = chosen()
    rows = []
    for label in LABELS:
        name = label.removesuffix(", default")
        for seed in SEEDS:
            model = build(name, settings[label] if name == label else {})
            scores, seconds = follow(model, batches(seed))
            rows += [(label, seed, batch, score, seconds) for batch, score in scores.items()]
        print(label, f"{np.mean([row[3] for row in rows if row[0] == label]):.3f}", flush=True)
    columns = ["readout", "seed", "batch", "accuracy", "seconds"]
    pd.DataFrame(rows, columns=columns).to_csv(KEPT, index=False, float_format="%.6f")


def spread(values):
    """Write accuracies as median [range] in %."""
    low, mid, high = (100 * f(values) for f in (min, np.median, max))
    return f"{mid:.1f}" if high - low < 0.05 else f"{mid:.1f} [{low:.1f}-{high:.1f}]"


def table():
    """Return the table of the page: a readout a row, a batch a column."""
    kept, settings = pd.read_csv(KEPT), chosen()
    rows = []
    for name, own in kept.groupby("readout", sort=False):
        used = settings.get(name, {})
        row = {"readout": LABELS[name].format(**used)}
        row |= {str(b): f"{100 * part.accuracy.median():.1f}" for b, part in own.groupby("batch")}
        late = own[own.batch > CHOICE].groupby("seed").accuracy.mean()
        row["mean from 4"] = spread(late)
        row["CPU s"] = f"{own.groupby('seed').seconds.first().median():.2f}"
        rows.append(row)
    return markdown(pd.DataFrame(rows))


def main():
    """Measure, unless only the page is to be written."""
    if "--page" not in sys.argv:
        measure()
        record("online")
    fill(PAGE, "drift", table())


if __name__ == "__main__":
    main()
