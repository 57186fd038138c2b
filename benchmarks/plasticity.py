"""Write docs/plasticity.md and its numbers: python benchmarks/plasticity.py [NAME ...].

The event digits need MOTTLE_DATA (see the data set list); all else runs anywhere.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from mottle import datasets
from mottle.reservoir import EchoStateReservoir, RidgeReadout
from mottle.reservoir.plasticity import STDPLayer
from mottle.sensors import EventRate

DOCS = Path(__file__).parents[1] / "docs"
SEEDS = range(5)
SEGMENTS = 3
SENSOR = {"sensor_size": (34, 34), "duration": 0.31, "on_drop": "ignore"}
EVENTS = {"cell": 2, "verbose": False, **SENSOR}
LAYERS = {  # set by hand, on the training folds of 800 recordings (see the page)
    100: {},
    400: {"field": 9, "n_fields": 9, "tau": 0.05, "target": 3.0},
}
SYNAPSES = {
    "ideal": {},
    "pair rule": {"rule": "pair"},
    "triplet rule": {"rule": "triplet"},
    "ECRAM": {"device": "ecram"},
    "ReRAM, soft bounds": {"device": "reram_sb"},
    "ReRAM array": {"device": "reram_om"},
    "FTJ, driven by voltage": {"device": "ftj_hzo"},
    "WOx, volatile": {"device": "wox_du2017"},
    "ideal, winners answer": {"response": "winners"},
}


def layer(n, seed, **options):
    """Return the layer of ``n`` neurons with the settings of the page."""
    given = {**EVENTS, **LAYERS[n], "n_segments": SEGMENTS, "random_state": seed}
    return STDPLayer(n, **{**given, **options})


def folds(y, seed):
    """Five stratified folds."""
    return StratifiedKFold(5, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)


def hits(features, y, train, test):
    """Right answers of the readout on the test fold."""
    model = RidgeReadout().fit(features[train], y[train])
    return int((model.predict(features[test]) == y[test]).sum())


def event_counts(X):
    """Event counts of 17 x 17 x 2 cells in three segments: (recording, segment, cell)."""
    rates = EventRate(n_steps=SEGMENTS, **SENSOR).fit_transform(X)
    return rates.reshape(len(X), SEGMENTS, -1)


def echo(X, n, seed):
    """Echo state features: the same settings as on the page of reservoirs."""
    drive = EventRate(n_steps=12, **SENSOR)
    nodes = EchoStateReservoir(
        n, leak=0.5, fan_in=16, pool="mean", n_segments=SEGMENTS, random_state=seed
    )
    return make_pipeline(drive, nodes).fit_transform(X)


def learnt(X, y, n, seed, train, test, **options):
    """Right answers on a fold with features of three segments, and with their sum over time."""
    features = layer(n, seed, **options).fit(X.iloc[train]).transform(X)
    whole = features.reshape(len(X), SEGMENTS, n).sum(axis=1)
    return hits(features, y, train, test), hits(whole, y, train, test)


def fixed(features, y, seed):
    """Accuracy of features that learn nothing, over the five folds, in per cent."""
    return 100 * sum(hits(features, y, *fold) for fold in folds(y, seed)) / len(y)


def event_digits():
    """N-MNIST excerpt: what was learnt beside drawn weights, projections, counts, echo states."""
    table, y, _ = datasets.load_nmnist()
    X = table.iloc[:, 0]
    counts = event_counts(X)
    flat = counts.reshape(len(X), -1)
    rows = []

    def add(name, n, n_features, scores):
        rows.append((name, n, n_features, np.median(scores), min(scores), max(scores)))
        print(rows[-1], flush=True)

    for shown, what in ((counts.sum(axis=1), "event counts"), (flat, "event counts, 3 segments")):
        add(what, "", shown.shape[1], [fixed(shown, y, seed) for seed in SEEDS])
    for n in LAYERS:
        for shown, size in ((counts.sum(axis=1), n), (flat, SEGMENTS * n)):
            scores = []
            for seed in SEEDS:
                mixed = np.random.default_rng(seed).normal(size=(shown.shape[1], size))
                scores.append(fixed(shown @ mixed, y, seed))
            add("random projection of them", n, size, scores)
        add("echo state", n, SEGMENTS * n, [fixed(echo(X, n, seed), y, seed) for seed in SEEDS])
        for name, options in (("weights as drawn", {"n_epochs": 0}), ("learnt", {})):
            found = np.array(
                [
                    np.sum([learnt(X, y, n, seed, *f, **options) for f in folds(y, seed)], axis=0)
                    for seed in SEEDS
                ]
            )
            for size, scores in ((SEGMENTS * n, found[:, 0]), (n, found[:, 1])):
                add(name, n, size, list(100 * scores / len(y)))
    names = ["features", "neurons", "size", "accuracy (%)", "lowest", "highest"]
    return pd.DataFrame(rows, columns=names)


TABLES = {"stdp-digits": event_digits}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        TABLES[name]().to_csv(DOCS / "results" / f"{name}.csv", index=False, float_format="%.4g")
