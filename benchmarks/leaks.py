"""Leaks that are planted in synthetic recordings, and clean sets: how many are found.

python benchmarks/leaks.py writes docs/results/leaks.csv: for each kind of leak 20 sets in which it
is planted, and 100 clean ones, of random sizes, channels and classes.
"""

import argparse

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record

from mottle.datasets import Recordings, make_table
from mottle.datasets.table import sampled
from mottle.pipelines.engine.folds import make_folds
from mottle.pipelines.engine.leakage import find_leaks
from mottle.pipelines.engine.target import Target
from mottle.pipelines.recipe import Split

KINDS = ("duplicate", "near-duplicate", "group", "order", "length", "rate", "session", "start")
NAMED = {"session": "start"}  # found by the values that recordings start with
N_PLANTED, N_CLEAN = 20, 100
RESULTS, PAGE = DOCS / "results/leaks.csv", DOCS / "how-to/own-data.md"


def make_set(kind: str, seed: int) -> tuple[Recordings, list]:
    """Return recordings of random classes, with one kind of leak, or none, and folds."""
    rng = np.random.default_rng(seed)
    n_classes, n_channels = int(rng.integers(2, 7)), int(rng.integers(1, 9))
    n = n_classes * int(rng.integers(15, 50))
    labels = rng.permutation(np.arange(n) % n_classes)
    sessions = np.arange(n) * int(rng.integers(4, 9)) // n
    if kind == "order":
        labels = np.sort(labels)
    if kind in ("group", "session"):  # most recordings of a session are of one class
        usual = rng.permutation(np.arange(sessions.max() + 1) % n_classes)
        mostly = rng.random(n) < 0.9
        labels = np.where(mostly, usual[sessions], labels)
        labels[: 5 * n_classes] = np.arange(5 * n_classes) % n_classes  # five of each at least
    level = rng.normal(0, 3.0 if kind == "session" else 0.0, (sessions.max() + 1, n_channels))
    waves = rng.normal(size=(n_classes, n_channels, 3))
    streams = []
    for row in range(n):
        length = 60 + int(rng.integers(0, 20)) + (15 * labels[row] if kind == "length" else 0)
        rate = 100.0 + (5.0 * labels[row] if kind == "rate" else 0.0)
        t = np.arange(length) / 100
        phase = rng.uniform(0, 2 * np.pi, (n_channels, 3))
        values = sum(
            waves[labels[row], :, k] * np.sin(2 * np.pi * (k + 1) * t[:, None] + phase[:, k])
            for k in range(3)
        )
        values = values + rng.normal(0, 0.5, (length, n_channels)) + level[sessions[row]]
        if kind == "start":  # the first tenth of a recording tells the class
            values[: length // 10] += 1.5 * labels[row]
        streams.append((values, rate))
    if kind in ("duplicate", "near-duplicate"):
        for row in rng.choice(n, max(2, n // 20), replace=False):
            other = (row + n // 2) % n
            noise = rng.normal(0, 1e-3, streams[row][0].shape) if kind == "near-duplicate" else 0.0
            streams[other] = (streams[row][0] + noise, streams[row][1])
            labels[other] = labels[row]
    cells = [
        sampled(values, np.arange(len(values)) / rate, [f"c{k}" for k in range(n_channels)],
                units="V", name="touch") for values, rate in streams
    ]  # fmt: skip
    known = kind in ("group", "session")
    recordings = Recordings(
        make_table(index=[f"rec{row:04}" for row in range(n)], touch=cells), labels,
        sessions if known else np.arange(n),
    )  # fmt: skip
    folds = list(make_folds(Split(kind="stratified", n_splits=5), recordings))
    return recordings, folds


def main() -> None:
    """Write how many of each kind are found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=N_PLANTED)
    parser.add_argument("--clean", type=int, default=N_CLEAN)
    args = parser.parse_args()
    rows = []
    for kind in (*KINDS, "clean"):
        found = []
        for seed in range(args.clean if kind == "clean" else args.n):
            recordings, folds = make_set(kind, 1000 * (*KINDS, "clean").index(kind) + seed)
            target = Target(np.asarray(recordings.target), True)
            found.append({leak.kind for leak in find_leaks(recordings, folds, target=target)})
        name = NAMED.get(kind, kind)
        other = sum(bool(one - {name}) for one in found)
        n_found = sum(name in one for one in found)
        rows.append({"planted": kind, "sets": len(found), "found": n_found, "other kinds": other})
        print(rows[-1], [sorted(one) for one in found if one - {name}][:5], flush=True)
    found_of = pd.DataFrame(rows)
    found_of.to_csv(RESULTS, index=False)
    fill(PAGE, "leaks", markdown(found_of))
    record("leaks")


if __name__ == "__main__":
    main()
