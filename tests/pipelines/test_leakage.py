"""Leaks that are planted are found, each by its kind; clean recordings raise no alarm."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedKFold

from mottle.datasets import Recordings, make_table
from mottle.datasets.table import sampled
from mottle.pipelines import find_leaks

N, N_CLASSES = 90, 3


def make(kind="", seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(N) % N_CLASSES)
    session = np.arange(N) // 15
    if kind == "order":
        labels = np.sort(labels)
    if kind in ("group", "session"):
        labels = np.where(rng.random(N) < 0.8, session % N_CLASSES, labels)
    cells = []
    for row in range(N):
        n = 50 + int(rng.integers(0, 10)) + (20 * labels[row] if kind == "length" else 0)
        rate = 100.0 + (10.0 * labels[row] if kind == "rate" else 0.0)
        values = rng.normal(size=(n, 3)) + np.sin(np.arange(n) / 5 * (1 + labels[row]))[:, None]
        if kind == "session":
            values += 5 * np.random.default_rng(session[row]).normal(size=3)
        if kind == "start":
            values[:3] += 3 * labels[row]
        if kind == "room":
            values[:, 2] = 20 + labels[row] + rng.normal(0, 0.1)
        names = ["CO", "NO2", "Temperature" if kind == "room" else "O3"]
        cells.append(sampled(values, np.arange(n) / rate, names, units="V", name="smell"))
    if kind in ("duplicate", "near-duplicate"):
        for row in range(0, 12, 2):
            noise = 0.0 if kind == "duplicate" else 1e-3 * rng.normal(size=cells[row].shape)
            cells[row + 1], labels[row + 1] = cells[row] + noise, labels[row]
    groups = session if kind in ("group", "session") else np.arange(N)
    recordings = Recordings(
        make_table(index=[f"rec{row:03}" for row in range(N)], smell=cells), labels, groups
    )
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels))
    return recordings, folds


@pytest.mark.parametrize(("kind", "found"), [
    ("duplicate", {"duplicate"}), ("near-duplicate", {"near-duplicate"}), ("order", {"order"}),
    ("length", {"length"}), ("rate", {"rate"}), ("start", {"start"}), ("room", {"room", "start"}),
])  # fmt: skip
def test_a_planted_leak_is_found_and_nothing_else(kind, found):
    kinds = {leak.kind for leak in find_leaks(*make(kind))}
    assert kind in kinds
    assert kinds <= found


def test_a_session_is_told_by_its_group_and_its_levels_until_it_is_held_out():
    recordings, folds = make("session")
    assert {"group", "start"} <= {leak.kind for leak in find_leaks(recordings, folds)}
    apart = list(GroupKFold(6).split(recordings.target, groups=recordings.groups))
    assert not {"group", "start"} & {leak.kind for leak in find_leaks(recordings, apart)}


def test_clean_recordings_raise_no_alarm():
    assert [leak for seed in range(4) for leak in find_leaks(*make(seed=seed))] == []


def test_the_sentence_has_the_accuracy_and_the_way_out():
    (leak,) = find_leaks(*make("rate"))
    assert leak.score > 0.95
    assert (
        f"predicts {100 * leak.score:.0f} % of the labels (most frequent class 33 %)" in leak.text
    )
    assert "resample" in leak.text


def test_numbers_as_targets_are_looked_at_for_duplicates_alone():
    recordings, folds = make("duplicate")
    measured = recordings._replace(target=np.linspace(0, 1, N))
    assert [leak.kind for leak in find_leaks(measured, folds)] == ["duplicate"]
