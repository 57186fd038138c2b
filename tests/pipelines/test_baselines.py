"""Baselines of recipes: what they learn from, and that they never see the test part."""

import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from mottle.datasets import Recordings, load_demo, make_table, narma
from mottle.pipelines import run_recipe
from mottle.pipelines.engine.baselines import as_cases, available, statistics

RECIPE = {
    "title": "t", "seeds": [0, 1], "split": {"kind": "blocked", "n_splits": 2},
    "encoders": {
        "touch": {"kind": "TaxelDrive", "n_steps": 10},
        "joints": {"kind": "TaxelDrive", "n_steps": 6},
    },
    "fusion": ["middle"], "missing": False,
    "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
}  # fmt: skip


def scores(result):
    return result.fold_scores.set_index(["reservoir", "inputs", "seed", "fold"])["score"]


def test_majority_and_forest_are_what_scikit_learn_gives(monkeypatch):
    recordings = load_demo("grasp")
    monkeypatch.setattr("mottle.pipelines.engine.baselines.N_TREES", 20)
    found = run_recipe(RECIPE | {"baselines": ["majority", "forest"]}, recordings=recordings)
    blocks = np.array_split(np.unique(recordings.groups), 2)
    test = np.isin(recordings.groups, blocks[0])
    for sense in ("touch", "joints"):
        X = np.stack([statistics(np.asarray(one, float)) for one in recordings.table[sense]])
        forest = RandomForestClassifier(20, random_state=1, n_jobs=1)
        forest.fit(X[~test], recordings.target[~test])
        expected = np.mean(forest.predict(X[test]) == recordings.target[test])
        assert scores(found)["forest", sense, 1, 0] == pytest.approx(expected, abs=1e-12)
    names, counts = np.unique(recordings.target[~test], return_counts=True)
    usual = names[np.argmax(counts)]
    assert scores(found)["majority", "middle", 0, 0] == np.mean(recordings.target[test] == usual)
    assert set(found.fits["reservoir"]) == {"none", "majority", "forest"}


def test_other_labels_of_the_test_part_change_no_prediction(monkeypatch):
    recordings = load_demo("grasp")
    monkeypatch.setattr("mottle.pipelines.engine.baselines.N_TREES", 20)
    recipe = RECIPE | {"baselines": ["majority", "forest"], "seeds": [0]}
    before = run_recipe(recipe, recordings=recordings).predictions
    blocks = np.array_split(np.unique(recordings.groups), 2)
    changed = recordings.target.copy()
    first = np.isin(recordings.groups, blocks[0])
    changed[first] = np.roll(changed[first], 1)
    after = run_recipe(recipe, recordings=recordings._replace(target=changed)).predictions
    n = int(first.sum())  # rows of the first fold come first
    for name in ("majority", "forest"):
        run = (name, "middle", "", 0)
        np.testing.assert_array_equal(before[run][:n], after[run][:n])


def test_persistence_repeats_what_is_known(tmp_path):
    u, y = narma(200, random_state=0)
    rows = "time,u,y\n" + "".join(f"{k},{u[k, 0]},{y[k]}\n" for k in range(200))
    for k in range(3):
        (tmp_path / f"{k}.csv").write_text(rows)
    found = run_recipe({
        "title": "t", "seeds": [0], "washout": 10, "baselines": ["persistence"], "metric": "rmse",
        "data": {"files": str(tmp_path), "target": "y", "horizon": 3},
        "split": {"kind": "shuffled", "n_splits": 3},
        "encoders": {"stream": {"kind": "TaxelDrive", "n_steps": "none", "baseline": "none"}},
        "reservoirs": {"none": {"kind": "NoReservoir"}},
    })  # fmt: skip
    expected = np.sqrt(np.mean((y[13:] - y[10:-3]) ** 2))
    assert scores(found)["persistence", "stream", 0, 0] == pytest.approx(expected, rel=1e-12)


def test_kernels_of_aeon_learn_from_training_alone(monkeypatch):
    fitted = []

    class Kernels:
        def __init__(self, n_kernels=1, random_state=None):
            self.random_state = random_state

        def fit_transform(self, X):
            fitted.append(X.shape)
            return self.transform(X)

        def transform(self, X):
            return X.mean(axis=2)

    aeon = ModuleType("aeon.transformations.collection.convolution_based")
    aeon.MiniRocket = aeon.MultiRocket = aeon.HydraTransformer = Kernels
    for name in ("aeon", "aeon.transformations", "aeon.transformations.collection"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, aeon.__name__, aeon)
    monkeypatch.setattr("mottle.pipelines.engine.baselines.absent", lambda name: [])
    found = run_recipe(
        RECIPE | {"baselines": ["minirocket"], "seeds": [0]}, recordings=load_demo("grasp")
    )
    n_train = 100
    assert set(fitted) == {(n_train, 60, 10), (n_train, 9, 9)}  # 6 steps are stretched to 9
    assert scores(found)["minirocket", "middle", 0, 0] > 0.3


def test_what_a_target_does_not_allow_is_refused():
    recordings = Recordings(
        make_table(touch=[np.ones((20, 1))] * 4), [np.arange(20.0)] * 4, np.arange(4)
    )
    recipe = {
        "title": "t", "seeds": [0], "washout": 2, "split": {"kind": "shuffled", "n_splits": 2},
        "encoders": {"touch": {"kind": "TaxelDrive"}},
        "reservoirs": {"none": {"kind": "NoReservoir"}},
    }  # fmt: skip
    for name, text in (("forest", "one target a recording"), ("persistence", "data.horizon")):
        with pytest.raises(ValueError, match=text):
            run_recipe(recipe | {"baselines": [name]}, recordings=recordings)
    with pytest.raises(ValueError, match="baselines"):
        run_recipe(recipe | {"baselines": ["none"]}, recordings=recordings)


def test_cases_are_interpolated_not_repeated():
    short = np.array([[0.0], [1.0], [2.0]])
    found = as_cases([short, np.zeros((17, 1))])
    np.testing.assert_allclose(found[0, 0], np.linspace(0, 2, 17))
    assert available(True) == ["majority"]
