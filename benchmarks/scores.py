"""Measure models without tuning on recordings at hand, and write docs/results/scores.md.

    MOTTLE_DATA=folder python benchmarks/scores.py [--sets road,vowels] [--seeds 5]

One row of docs/results/scores.csv for each set, part of its split, model and seed, kept as it
comes: what is there is not measured again. MiniRocket needs the extra ``baselines``, Hydra also
torch; they are left out without. ``--page`` writes the page from the kept rows. Times are CPU
seconds on one thread.
"""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from math import sqrt
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pages import DOCS, markdown, record
from scipy.stats import t as student
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mottle.sensors
from mottle.datasets import Recordings, data_home, load, make_table
from mottle.datasets.sources.survey import facts_of
from mottle.events import read_stream
from mottle.pipelines import SensorClassifier, adapt
from mottle.pipelines.data import Data
from mottle.pipelines.engine.baselines import (
    N_TREES,
    absent,
    as_cases,
    is_plain,
    rocket,
    statistics,
)  # fmt: skip
from mottle.pipelines.engine.differences import corrected_t
from mottle.pipelines.engine.folds import make_folds
from mottle.pipelines.engine.sources import load_recordings_of
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.parts import ENCODERS
from mottle.pipelines.recipe import Split
from mottle.pipelines.rules import baseline_of, encoder_of
from mottle.pipelines.sensor_models import LOOKED_AT, build
from mottle.reservoir import NoReservoir, RidgeReadout

IMAGES, VO2_RULE = DOCS / "results/images.csv", DOCS / "results/vo2-rule.csv"
PAGE, KEPT = DOCS / "results/scores.md", DOCS / "results/scores.csv"
COLUMNS = ("set", "fold", "model", "seed", "accuracy", "fit_s", "predict_s", "n_train", "n_test")
NOT_COUNTED = ("grasp-levels", "smell-recordings", "drift-adapted")  # in what devices add
Folds = list[tuple[str, NDArray, NDArray]]  # name of the part, rows of training and test


class Item(NamedTuple):
    """A set: what it is, how it is loaded and split, and the accuracy in % that is wanted."""

    title: str
    load: Callable[[], Recordings]
    split: Callable[[Recordings], Folds]
    says: str
    goal: float | None = None
    seeds: int = 10
    adapts: bool = False  # whether levels are learnt anew from the test part, without labels


def by_split(**keys: Any) -> Callable[[Recordings], Folds]:
    """Return what splits as ``[split]`` of a recipe does."""

    def folds(recordings: Recordings) -> Folds:
        several = make_folds(Split(**keys), recordings)
        return [(str(number), train, test) for number, (train, test) in enumerate(several)]

    return folds


def of_batches(recordings: Recordings) -> Folds:
    """Train on the first batch, test on each later one."""
    groups = np.asarray(recordings.groups)
    first, *later = np.unique(groups)
    return [
        (f"batch {batch}", np.flatnonzero(groups == first), np.flatnonzero(groups == batch))
        for batch in later
    ]


def of_sessions(recordings: Recordings) -> Folds:
    """Hold out one session of every food that has several: the first of each, then the second."""
    target, session = np.asarray(recordings.target), session_of(recordings)
    folds = []
    for number in (0, 1):
        test = np.zeros(len(target), dtype=bool)
        for food in np.unique(target):
            own = np.unique(session[target == food])
            if len(own) > 1:
                test |= (target == food) & (session == own[number])
        folds.append((f"session {number + 1}", np.flatnonzero(~test), np.flatnonzero(test)))
    return folds


def session_of(recordings: Recordings) -> NDArray[np.int64]:
    """Return numbers of sessions within a food: recordings within 1 hPa of mean air pressure."""
    pressures = load("smellnet", channels=["Pressure"])
    means = np.array([float(cell.to_numpy().mean()) for cell in pressures.table["smell"]])
    number = np.zeros(len(means), dtype=np.int64)
    for food in np.unique(pressures.target):
        own = np.flatnonzero(pressures.target == food)
        order = own[np.argsort(means[own], kind="stable")]
        number[order] = np.concatenate([[0], np.cumsum(np.diff(means[order]) > 1.0)])
    return number[np.asarray(recordings.groups)]


def of_files(folder: str) -> Recordings:
    """Load recordings as ``[data] files`` does, the class being the folder, as ``mottle init``."""
    data = Data(files=str(data_home() / folder), pattern="^(?P<target>[^/]+)/")
    return load_recordings_of(data, ("stream",), task="classification")


def of_ts(name: str) -> Recordings:
    """Load the two parts of a set of the UEA and UCR archives."""
    paths = [str(data_home() / f"ts-small/{name}_{part}.ts") for part in ("TRAIN", "TEST")]
    return load_recordings_of(Data(ts=paths), ("stream",), task="classification")


def spoken() -> Recordings:
    """Load the spoken digits with the speakers as groups."""
    recordings = load("fsdd")
    return recordings._replace(groups=np.asarray(recordings.table.attrs["speaker"]))


def grasps() -> Recordings:
    """Load the grasps with the first frame of each subtracted: levels give the session away."""
    table, target, groups = load("icub-grasp")
    changes = {
        str(sense): [cell - cell.isel(time=0) for cell in table[sense]] for sense in table.columns
    }
    return Recordings(make_table(**changes), target, groups)


def failures(name: str) -> Recordings:
    """Load failures of a robot arm: blocks of a label and 15 rows of six forces and torques."""
    text = (data_home() / f"robot-failures/{name}.data").read_text(encoding="utf-8")
    blocks = [block.split("\n") for block in text.replace("\r", "").split("\n\n")]
    parts = [[line for line in block if line.strip()] for block in blocks]
    kept = [part for part in parts if part]
    cells = [np.array([line.split() for line in part[1:]], dtype=np.float64) for part in kept]
    labels = np.array([part[0].strip() for part in kept])
    return Recordings(make_table(wrist=cells), labels, np.arange(len(kept)))


def drifting() -> Recordings:
    """Load the gas sensors that age."""
    return load("uci-gas-drift")


def lying() -> Recordings:
    """Load pressures under lying people: 20 frames of 16 x 8 cells, without the first three."""
    with np.load(data_home() / "pressure-bed/pmd_16x8_20f.npz", allow_pickle=False) as held:
        cells = [one[3:].reshape(-1, 128).astype(float) for one in held["frames"]]
        return Recordings(
            make_table(touch=cells), held["names"][held["label"]], held["subject"].astype(int)
        )


STRATIFIED = "five stratified folds, shuffled"
SETS = {
    "vowels": Item(
        "Japanese vowels, 9 speakers", lambda: load("japanese-vowels"),
        by_split(kind="published"), "published", 99.0,
    ),
    "road": Item(
        "road surface from a car's vertical acceleration, 5 classes",
        lambda: of_files("road-anomaly/data"), by_split(kind="stratified"),
        f"{STRATIFIED}; vehicle and driver are not known, so that recordings of one drive may "
        "stand on both sides", 90.0,
    ),
    "digits": Item(
        "N-MNIST, 1000 digits before an event camera", lambda: load("nmnist"),
        by_split(kind="stratified"), f"{STRATIFIED}; writers may stand on both sides", 96.0, 5,
    ),
    "skin": Item(
        "Ev-Objects, event skin, 36 objects", lambda: load("ev-objects"),
        by_split(kind="published"), "published", 94.0,
    ),
    "slide": Item(
        "BioTac slide, 20 materials, six senses", lambda: load("biotac-slide"),
        by_split(kind="grouped"), "five folds by sample number", 99.0, 5,
    ),
    "grasp": Item(
        "iCub grasps, 10 objects, touch and joints", grasps,
        lambda recordings: by_split(kind="blocked")(recordings),
        "five folds of neighbouring trials; the first frame is subtracted, since levels give the "
        "session away",
    ),
    "grasp-levels": Item(
        "the same with levels", lambda: load("icub-grasp"), by_split(kind="blocked"),
        "the same; **levels leak the session**, so this is no measure of touch", None, 5,
    ),
    "drift": Item(
        "UCI gas sensors that age, 6 gases", drifting, of_batches,
        "trained on batch 1, tested on each later one", None,
    ),
    "drift-adapted": Item(
        "the same, levels of each batch learnt without labels", drifting, of_batches,
        "trained on batch 1; levels and scales of sensors are learnt anew from each later batch, "
        "without its labels, before it is predicted (`adapt`); wanted are 10 points more than "
        "logistic regression has without that", 59.6, adapts=True,
    ),
    "smell": Item(
        "SmellNet, 50 foods, windows of 100 s, gas channels",
        lambda: load("smellnet", window=100, channels="gas"), of_sessions,
        "whole sessions held out, of the foods that have two (recordings within 1 hPa of air "
        "pressure are one)", None, 5,
    ),
    "air": Item(
        "multimodal gas data, four kinds of air, windows of 80 s", lambda: load("multimodal-gas"),
        by_split(kind="grouped"),
        "five folds of tenths of a class's only run, not at random; its drift stays in", None,
    ),
    "bed": Item(
        "pressure mat under lying people, 3 postures", lying, by_split(kind="one_group_out"),
        "each of 13 people held out once", None, 5,
    ),
    "smell-recordings": Item(
        "the same by recording", lambda: load("smellnet", window=100, channels="gas"),
        by_split(kind="grouped"),
        "five folds by recording; **sessions stand on both sides and leak**", None, 5,
    ),
    "fsdd": Item(
        "Free Spoken Digit Dataset, 10 digits", lambda: load("fsdd"), by_split(kind="published"),
        "published: takes 0 to 4 of every speaker are tested", 99.3, 5,
    ),
    "fsdd-speakers": Item(
        "the same, unknown speakers", spoken, by_split(kind="one_group_out"),
        "each of six speakers held out once; wanted are 10 points more than logistic regression "
        "has on the pooled drives", 77.4, 5,
    ),
    "gunpoint": Item(
        "GunPoint, 2 classes", lambda: of_ts("GunPoint"), by_split(kind="published"), "published",
    ),
    "motions": Item(
        "BasicMotions, 4 classes", lambda: of_ts("BasicMotions"), by_split(kind="published"),
        "published",
    ),
    "pickup": Item(
        "PickupGestureWiimoteZ, 10 classes", lambda: of_ts("PickupGestureWiimoteZ"),
        by_split(kind="published"), "published",
    ),
    "lp1": Item(
        "robot failures LP1, 4 classes", lambda: failures("lp1"), by_split(kind="stratified"),
        STRATIFIED,
    ),
    "lp5": Item(
        "robot failures LP5, 5 classes", lambda: failures("lp5"), by_split(kind="stratified"),
        STRATIFIED,
    ),
}  # fmt: skip


class Plain(BaseEstimator):
    """Base of the models without a reservoir: encoders by the rules, then something else."""

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def encoders(self, table: pd.DataFrame) -> dict[Any, tuple[Any, dict[str, Any], Any]]:
        """Return facts, parameters and encoder of each sense, as `SensorClassifier` has them."""
        taken = np.unique(np.linspace(0, len(table) - 1, LOOKED_AT).round().astype(int))
        found = {}
        for sense in table.columns:
            facts = facts_of(list(table[sense].iloc[taken]))
            given, _ = encoder_of(facts)
            found[sense] = facts, given, build(given, mottle.sensors, ENCODERS)
        return found


class Pooled(Plain):
    """Drives, pooled in up to four parts, before the readout."""

    def head(self) -> Any:
        return RidgeReadout(task="classification")

    def fit(self, table: pd.DataFrame, y: NDArray) -> "Pooled":
        encoders, pools = {}, {}
        for sense, (facts, given, encoder) in self.encoders(table).items():
            keys = baseline_of(facts, given)
            encoders[sense] = encoder
            pools[sense] = NoReservoir(**{k: v for k, v in keys.items() if k != "kind"})
        made = make_fusion_pipeline(encoders, pools, readout=self.head())
        self.pipeline_ = made.fit(table, y)
        return self

    def predict(self, table: pd.DataFrame) -> NDArray:
        return np.asarray(self.pipeline_.predict(table))


class Featured(Plain):
    """Base of what makes features of each sense and learns from all side by side."""

    def fit(self, table: pd.DataFrame, y: NDArray) -> Any:
        self.fitted_ = {}
        parts = [
            self.learn(sense, table[sense], encoder)
            for sense, (_, _, encoder) in self.encoders(table).items()
        ]
        self.model_ = self.head().fit(np.hstack(parts), y)
        return self

    def predict(self, table: pd.DataFrame) -> NDArray:
        return np.asarray(
            self.model_.predict(np.hstack([self.apply(s, table[s]) for s in self.fitted_]))
        )


class Forest(Featured):
    """Random forest on seven statistics of each channel; of events those of the drive."""

    def head(self) -> Any:
        return RandomForestClassifier(N_TREES, random_state=self.random_state, n_jobs=1)

    def learn(self, sense: Any, column: pd.Series, encoder: Any) -> NDArray:
        plain = all(is_plain(read_stream(cell)) for cell in column)
        self.fitted_[sense] = None if plain else encoder.fit(column)
        return self.apply(sense, column)

    def apply(self, sense: Any, column: pd.Series) -> NDArray:
        encoder = self.fitted_[sense]
        several = map(read_stream, column) if encoder is None else encoder.transform(column)
        return np.stack([statistics(np.asarray(one, dtype=np.float64)) for one in several])


class Rocket(Featured):
    """MiniRocket, or MultiRocket beside Hydra, on the encoded drives, before the same readout."""

    def __init__(self, kernels: str = "minirocket", random_state: int = 0) -> None:
        super().__init__(random_state)
        self.kernels = kernels

    def head(self) -> Any:
        return RidgeReadout(task="classification")

    def learn(self, sense: Any, column: pd.Series, encoder: Any) -> NDArray:
        cases = as_cases(encoder.fit_transform(column))
        kernels = rocket(self.kernels, self.random_state)
        features = np.asarray(kernels.fit_transform(cases))
        self.fitted_[sense] = encoder, kernels, cases.shape[-1]
        return features

    def apply(self, sense: Any, column: pd.Series) -> NDArray:
        encoder, kernels, length = self.fitted_[sense]
        return np.asarray(kernels.transform(as_cases(encoder.transform(column), length)))


class Logistic(Plain):
    """Logistic regression on scaled features, for recordings of one row."""

    def fit(self, table: pd.DataFrame, y: NDArray) -> "Logistic":
        model = LogisticRegression(max_iter=5000)
        self.model_ = make_pipeline(StandardScaler(), model).fit(flat(table), y)
        return self

    def predict(self, table: pd.DataFrame) -> NDArray:
        return np.asarray(self.model_.predict(flat(table)))


class PooledLogistic(Pooled):
    """Logistic regression on the pooled drives."""

    def head(self) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))


def flat(table: pd.DataFrame) -> NDArray:
    """Return recordings of one row as rows."""
    return np.hstack([np.concatenate([np.asarray(c) for c in table[s]]) for s in table.columns])


MODELS: dict[str, Any] = {
    "memristor": SensorClassifier(),
    "vo2": SensorClassifier("vo2"),
    "echo": SensorClassifier("echo"),
    "static": SensorClassifier("static"),
    "none": Pooled(),
    "forest": Forest(),
    "minirocket": Rocket(),
    "hydra": Rocket("multirocket-hydra"),
    "logistic": Logistic(),
}
LABELS = {
    "memristor": "memristors", "vo2": "VO2 films", "echo": "echo state", "static": "static",
    "none": "no reservoir", "forest": "forest", "minirocket": "MiniRocket",
    "hydra": "MultiRocket-Hydra", "logistic": "logistic",
}  # fmt: skip
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
POOLED_LOGISTIC = ("fsdd-speakers",)  # where logistic regression learns from pooled drives
ONE_SEED = ("none", "logistic")  # nothing is drawn


def adapted(model: Any, table: pd.DataFrame) -> Any:
    """Return a copy of a model that learnt levels and scales anew from recordings."""
    if isinstance(model, SensorClassifier):
        return adapt(model, table)
    own = deepcopy(model)
    if isinstance(own, Logistic):
        own.model_[0].fit(flat(table))
    else:
        own.pipeline_ = adapt(own.pipeline_, table)
    return own


def model_of(name: str, model: str) -> Any:
    """Return a model of a set."""
    return PooledLogistic() if model == "logistic" and name in POOLED_LOGISTIC else MODELS[model]


def models_of(name: str) -> list[str]:
    """Return the models of a set that can be run here."""
    left_out = ["forest"] if SETS[name].adapts else []  # it scales nothing
    if SETS[name].split is not of_batches:
        left_out += [] if name in POOLED_LOGISTIC else ["logistic"]
    for model, kernels in (("minirocket", "minirocket"), ("hydra", "multirocket-hydra")):
        if SETS[name].split is of_batches or absent(kernels):
            left_out.append(model)  # there is one step
    return [model for model in MODELS if model not in left_out]


def measure(
    name: str, model: str, seed: int, recordings: Recordings, folds: Folds, done: set[Any]
) -> Iterator[list[Any]]:
    """Yield the rows of a model; folds of one training part after another are fitted once."""
    table, y = recordings.table, np.asarray(recordings.target)
    fitted, learnt, fit_s = None, None, 0.0
    for fold, train, test in folds:
        if (name, fold, model, seed) in done:
            continue
        if learnt is None or not np.array_equal(learnt, train):
            begin = process_time()
            fitted = clone(model_of(name, model)).set_params(random_state=seed)
            fitted.fit(table.iloc[train], y[train])
            fit_s, learnt = process_time() - begin, train
        begin = process_time()
        ready = adapted(fitted, table.iloc[test]) if SETS[name].adapts else fitted
        found = ready.predict(table.iloc[test])
        predict_s = process_time() - begin
        score = float(np.mean(found == y[test]))
        yield [name, fold, model, seed, score, fit_s, predict_s, len(train), len(test)]


def warm_up(model: Any, recordings: Recordings) -> None:
    """Compile what a model runs, outside of what is timed."""
    rows = np.unique(np.linspace(0, len(recordings.table) - 1, 24).astype(int))
    few, labels = recordings.table.iloc[rows], np.arange(len(rows)) % 2
    clone(model).set_params(random_state=0).fit(few, labels).predict(few)


def run(name: str, n_seeds: int | None, models: list[str]) -> None:
    """Append the rows of a set that are not kept yet."""
    item = SETS[name]
    done = set()
    if KEPT.exists():
        kept = pd.read_csv(KEPT, dtype={"fold": str})
        done = set(zip(kept["set"], kept["fold"], kept["model"], kept["seed"], strict=True))
    recordings = item.load()
    folds = item.split(recordings)
    for model in models_of(name):
        if model not in models:
            continue
        n = 1 if model in ONE_SEED else n_seeds or item.seeds
        if all((name, fold, model, seed) in done for fold, _, _ in folds for seed in range(n)):
            continue
        warm_up(model_of(name, model), recordings)
        for seed in range(n):
            scores = []
            for row in measure(name, model, seed, recordings, folds, done):
                keep(row)
                scores.append(row[4])
            if scores:
                print(
                    f"{name:17} {model:10} seed {seed}: {100 * np.mean(scores):.2f} %, "
                    f"fit {row[5]:.1f} s, predict {row[6]:.1f} s", flush=True,
                )  # fmt: skip


def keep(row: list[Any]) -> None:
    """Append a row to the kept ones."""
    new = not KEPT.exists()
    with KEPT.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in row])


HEAD = """# Scores without tuning

Written by `benchmarks/scores.py`; the numbers are in `docs/results/scores.csv`. "memristors" is
`SensorClassifier()` with its fixed rules, the same for every set; "echo state" is
`SensorClassifier("echo")`, with the same wiring and number of nodes; "static" is
`SensorClassifier("static")`, nodes without memory (ReLU) behind the same wiring. "VO2 films"
is `SensorClassifier("vo2")`, thermal neuristors below their window that are held for 3.2 us a step;
this regime, instead of the relaxing or the oscillating one, and holding them for so long was chosen
by three-fold cross-validation within the training parts of `vowels`, `pickup`, `lp1` and
`gunpoint`. They were measured with five seeds at most, and are compared over these. The other
columns are without a reservoir: drives pooled in up to four parts, a random forest of 500 trees on
seven statistics of each channel (of events: of the encoded drives), and MiniRocket (aeon, about
10,000 kernels for each sense) and MultiRocket beside Hydra (aeon, 50,000 and some thousand features
for each sense) on the same encoded drives before the same readout. Nothing was
changed by looking at scores on this page, but the rules were written after tries on some of these
sets: that three nodes of ten see the level, that the drive is 0 before the beginning, and which
statistics are pooled was chosen by cross-validation on all recordings of `road` and `vowels`, test
parts included; steps and kernels after one try on `digits`; that loudness is left out of sounds by
cross-validation on training takes of `fsdd` and over five of the six speakers of `fsdd-speakers`.
These lines are therefore not from unseen sets. Logistic regression learns from the pooled drives in
`fsdd-speakers`, and from the features themselves in `drift`.

## Accuracy

In %: mean over seeds and over the parts of the split, with the 95 % interval of the mean over seeds
(Student's t), which holds what is drawn at random in the model and not the choice of recordings.
Nothing is drawn without a reservoir and in the logistic regression. The best of a line is in bold.

"""
COMPARED = """## What the devices add

A device minus another model, in percentage points. Scores are averaged over seeds; the interval of
95 % is that of the corrected resampled t-test over the parts of the split (Nadeau and Bengio,
2003), which knows that training parts overlap. Sets marked "(seeds)" have fewer than three parts:
their interval is over seeds, paired by seed. It holds the drawing of the models and not that of the
recordings, so that it is too narrow for other recordings. The parts of "drift" and "drift-adapted"
are batches, tested after one training; their interval is that of a plain t-test over batches.

The decay times of memristors follow the lengths of the recordings by rule; leak and spectral radius
of the echo state network are the defaults of its constructor. A difference to it holds both, the
device and this rule.

"""
GOALS = """## Goals

Accuracies that were to be reached, set before these measurements.

"""
AGEING = """## Gas sensors that age

Trained on batch 1 alone; accuracy in % on each later batch, mean over seeds. Learning on with
labels of later batches is on [another page](../how-to/online.md).

"""
ADAPTED = """

The same models after `adapt`: levels and scales of the sensors are learnt anew from the recordings
of each batch, without labels, before they are predicted. That all test recordings are seen at once
is an advantage that the table above does not have.

"""
OF_IMAGES = """## Images

MNIST, 5000 digits to train and the 10,000 official test images, by 100 kernels of 7 x 7 pixels
that stand at every position, mean states in 4 x 4 regions, and ridge (`benchmarks/images.py`).
The goal for memristors is 97. What the kernels gain over pixels is due to the wiring and a
nonlinearity; memory and device add nothing here. VO2 films are those of the first table; their goal
is 96.

"""
OF_VO2 = """## How VO2 films were set

Accuracy in % of three-fold cross-validation within training parts, two seeds
(`benchmarks/vo2_rule.py`), and CPU seconds of all four sets. In float32, whose states are within
0.05 % of a period of those in float64, features score the same.

"""
COST = """## Cost

CPU seconds of one fit and of one prediction of a test part, encoding included, on one thread; mean
over parts and seeds. Compilation is not included.

"""
SPLITS = """## Splits and what leaks

"""


def kept_rows() -> pd.DataFrame:
    """Return the kept rows, sets and models in the order of the page."""
    kept = pd.read_csv(KEPT, dtype={"fold": str})
    return kept[kept["set"].isin(SETS)]


def reach(values: NDArray) -> float:
    """Return half the 95 % interval of a mean; NaN for one value."""
    n = len(values)
    return (
        float("nan") if n < 2 else float(student.ppf(0.975, n - 1) * values.std(ddof=1) / sqrt(n))
    )


def by_seed(rows: pd.DataFrame) -> pd.Series:
    """Return accuracies in % by seed, mean over the parts of the split that every seed has."""
    wide = 100 * rows.pivot_table(index="seed", columns="fold", values="accuracy")
    return wide.dropna().mean(axis=1)


def accuracy_table(kept: pd.DataFrame) -> str:
    """Return the table of accuracies."""
    lines = []
    for name in present(kept):
        means, cells = {}, {}
        for model in MODELS:
            rows = kept[(kept["set"] == name) & (kept["model"] == model)]
            if rows.empty:
                cells[model] = ""
                continue
            seeds = by_seed(rows)
            means[model], half = round(seeds.mean(), 1), reach(seeds.to_numpy())
            cells[model] = f"{means[model]:.1f}" + ("" if np.isnan(half) else f" ± {half:.1f}")
        best = max(means.values())
        cells |= {m: f"**{cells[m]}**" for m, value in means.items() if value == best}
        own = kept[(kept["set"] == name) & (kept["model"] == "memristor")]
        lines.append(
            {"set": f"`{name}`: {SETS[name].title}", "seeds": own["seed"].nunique()}
            | {LABELS[m]: cells[m] for m in MODELS}
        )
    return markdown(pd.DataFrame(lines))


def present(kept: pd.DataFrame) -> list[str]:
    """Return the sets of which memristors were measured, in the order of `SETS`."""
    known = set(kept.loc[kept["model"] == "memristor", "set"])
    return [name for name in SETS if name in known]


def difference(
    kept: pd.DataFrame, name: str, other: str, model: str = "memristor"
) -> tuple[float, float, float, bool] | None:
    """Return a model minus another in points, its interval, and whether it is over folds."""
    own = kept[kept["set"] == name]
    wide = own.pivot_table(index=["fold", "seed"], columns="model", values="accuracy")
    if other not in wide or model not in wide:
        return None
    if other in ONE_SEED:
        wide[other] = wide[other].groupby("fold").transform("mean")
    paired = 100 * (wide[model] - wide[other]).dropna()
    folds = paired.groupby("fold").mean().to_numpy()
    middle = float(folds.mean())
    if len(folds) > 2:
        shared = SETS[name].split is not of_batches  # training parts of several tests overlap
        ratio = float((own["n_test"] / own["n_train"]).mean()) if shared else 0.0
        low, high, _ = corrected_t(folds, ratio)
        return middle, low, high, True
    half = reach(paired.groupby("seed").mean().to_numpy())
    return middle, middle - half, middle + half, False


def differences_table(kept: pd.DataFrame, model: str, others: tuple[str, ...]) -> str:
    """Return the table of paired differences of a model to others."""
    lines = []
    measured = set(kept.loc[kept["model"] == model, "set"])
    for name in (one for one in present(kept) if one in measured):
        cells, over_folds = {}, True
        for other in others:
            found = difference(kept, name, other, model)
            if found is None:
                cells[f"minus {LABELS[other]}"] = ""
                continue
            middle, low, high, over_folds = found
            span = "" if np.isnan(low) else f" [{low:+.1f}, {high:+.1f}]"
            cells[f"minus {LABELS[other]}"] = f"{middle:+.1f}{span}"
        lines.append({"set": f"`{name}`" + ("" if over_folds else " (seeds)")} | cells)
    return markdown(pd.DataFrame(lines))


def device_statement(kept: pd.DataFrame, model: str, others: tuple[str, ...]) -> str:
    """Return what a device adds over other nodes, over the sets whose split does not leak."""
    parts = []
    for other in others:
        found = {
            n: difference(kept, n, other, model) for n in present(kept) if n not in NOT_COUNTED
        }
        values = np.array([one[0] for one in found.values() if one is not None])
        half, mean = reach(values), values.mean()
        surer = [n for n, one in found.items() if one is not None and one[3] and one[1] > 0]
        worse = [n for n, one in found.items() if one is not None and one[3] and one[2] < 0]
        which = ", ".join(f"`{n}`" for n in surer) or "none"
        lower = ", ".join(f"`{n}`" for n in worse) or "none"
        parts.append(
            f"- over {LABELS[other]}: {mean:+.2f} points [{mean - half:+.2f}, "
            f"{mean + half:+.2f}], mean over {len(values)} sets with its 95 % interval over sets; "
            f"higher on {int((values > 0).sum())} of them. Over folds the interval lies above 0 "
            f"for {which}, below 0 for {lower}."
        )
    name = LABELS[model][0].upper() + LABELS[model][1:]
    return f"**{name}** add\n\n" + "\n".join(parts) + "\n"


def ahead_statement(kept: pd.DataFrame, model: str, others: tuple[str, ...]) -> str:
    """Return the sets on which a device is ahead of all others beyond the intervals."""
    names = []
    for name in present(kept):
        found = [difference(kept, name, other, model) for other in others]
        if all(one is not None and one[1] > 0 for one in found):
            names.append(f"`{name}`")
    against = " and ".join(LABELS[other] for other in others)
    return (
        f"Sets on which {LABELS[model]} are ahead of {against}, of each beyond its interval: "
        f"{', '.join(names) or 'none'}."
    )


def goals_table(kept: pd.DataFrame) -> str:
    """Return goals, and whether memristors reach them."""
    lines = []
    for name in present(kept):
        goal = SETS[name].goal
        if goal is None:
            continue
        seeds = by_seed(kept[(kept["set"] == name) & (kept["model"] == "memristor")])
        mean = round(float(seeds.mean()), 2)
        lines.append({
            "set": f"`{name}`", "goal (%)": f"{goal:.1f}", "memristors (%)": f"{mean:.2f}",
            "result": "reached" if mean >= goal else f"**missed** by {goal - mean:.2f} points",
            "seeds at or above": f"{int((seeds >= goal - 1e-9).sum())} of {len(seeds)}",
        })  # fmt: skip
    return markdown(pd.DataFrame(lines))


def cost_table(kept: pd.DataFrame) -> str:
    """Return CPU seconds of fits and predictions."""
    lines = []
    for name in present(kept):
        own = kept[kept["set"] == name]
        cells = {}
        for model in MODELS:
            rows = own[own["model"] == model]
            means = rows[["fit_s", "predict_s"]].mean()
            cells[LABELS[model]] = (
                "" if rows.empty else f"{means.iloc[0]:.1f} / {means.iloc[1]:.1f}"
            )
        size = own[["n_train", "n_test"]].mean().round().astype(int).tolist()
        lines.append({"set": f"`{name}`", "training / test": f"{size[0]} / {size[1]}"} | cells)
    return markdown(pd.DataFrame(lines))


def drift_table(kept: pd.DataFrame, name: str) -> str:
    """Return the accuracies on each later batch of the gas sensors that age."""
    own = kept[kept["set"] == name]
    wide = 100 * own.pivot_table(index="model", columns="fold", values="accuracy")
    order = sorted(wide.columns, key=lambda fold: int(fold.split()[-1]))
    lines = [
        {"model": LABELS[m]} | {fold: f"{wide.loc[m, fold]:.1f}" for fold in order}
        for m in MODELS if m in wide.index
    ]  # fmt: skip
    return markdown(pd.DataFrame(lines))


def images_table() -> str:
    """Return the accuracies of kernels shared over images."""
    kept = pd.read_csv(IMAGES)
    lines = []
    for name, own in kept.groupby("nodes", sort=False):
        scores = 100 * own["accuracy"]
        span = f" ({scores.min():.2f} to {scores.max():.2f})" if len(own) > 1 else ""
        lines.append({"nodes": name, "test images (%)": f"{scores.mean():.2f}{span}",
                      "seeds": len(own), "CPU s": f"{own['cpu_s'].mean():.0f}"})  # fmt: skip
    return markdown(pd.DataFrame(lines))


def vo2_table() -> str:
    """Return accuracies and times of the regimes that were tried."""
    kept = pd.read_csv(VO2_RULE)
    order = list(dict.fromkeys(kept["nodes"]))
    wide = 100 * kept.pivot_table(index="nodes", columns="set", values="accuracy").loc[order]
    wide = wide.assign(mean=wide.mean(axis=1)).round(1)
    wide["CPU s"] = kept.groupby("nodes")["cpu_s"].sum().round().astype(int)
    return markdown(wide.reset_index())


def page() -> str:
    """Put the page together from the kept rows."""
    kept = kept_rows()
    names = present(kept)
    parts = [HEAD, accuracy_table(kept), "\n\n"]
    if any(SETS[name].goal for name in names):
        parts += [GOALS, goals_table(kept), "\n\n"]
    parts += [COMPARED, device_statement(kept, "memristor", ("echo", "static")), "\n"]
    others = tuple(model for model in MODELS if model not in ("memristor", "vo2"))
    parts += [differences_table(kept, "memristor", others), "\n\n"]
    nodes = ("memristor", "echo", "static")
    parts += [device_statement(kept, "vo2", nodes), "\n"]
    parts += [differences_table(kept, "vo2", (*nodes, "minirocket")), "\n\n"]
    parts += [ahead_statement(kept, "vo2", ("memristor", "echo")), "\n\n"]
    if "drift" in names:
        parts += [AGEING, drift_table(kept, "drift")]
        if "drift-adapted" in names:
            parts += [ADAPTED, drift_table(kept, "drift-adapted")]
        parts.append("\n\n")
    if IMAGES.exists():
        parts += [OF_IMAGES, images_table(), "\n\n"]
    if VO2_RULE.exists():
        parts += [OF_VO2, vo2_table(), "\n\n"]
    parts += [COST, cost_table(kept), "\n\n", SPLITS]
    parts += [f"- `{name}`: {SETS[name].says}.\n" for name in names]
    return "".join(parts)


def main() -> None:
    """Measure the sets and models of the command line, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", default=",".join(SETS), help="names, separated by commas")
    parser.add_argument("--models", default=",".join(MODELS), help="names, separated by commas")
    parser.add_argument("--seeds", type=int, default=None, help="default: five, or ten")
    parser.add_argument("--page", action="store_true", help="write the page and measure nothing")
    args = parser.parse_args()
    names, models = args.sets.split(","), args.models.split(",")
    for given, known in ((names, SETS), (models, MODELS)):
        if unknown := sorted(set(given) - set(known)):
            sys.exit(f"no {', '.join(unknown)}; there are {', '.join(known)}.")
    if not args.page and any(os.environ.get(name) != "1" for name in THREADS):
        again = [sys.executable, *sys.argv]  # libraries read these when they are imported
        os.execve(sys.executable, again, os.environ | dict.fromkeys(THREADS, "1"))
    for name in [] if args.page else names:
        run(name, args.seeds, models)
        record("scores")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
