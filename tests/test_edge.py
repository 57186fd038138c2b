"""The two demonstrations on real recordings, their own code on generated data."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = str(Path(__file__).parents[1] / "benchmarks")


@pytest.fixture(scope="module", autouse=True)
def scripts():
    """Make the scripts importable."""
    sys.path.insert(0, BENCHMARKS)
    yield
    sys.path.remove(BENCHMARKS)


def test_selection_leaves_the_columns_that_tell_classes_apart():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    X = rng.normal(size=(120, 200))
    X[:, 50] += 3 * (y == 0)
    X[:, 150] += 3 * (y == 1)
    select = import_module("road").select_features
    assert select(X, y, 2).tolist() == [50, 150]
    taken = select(X, y, 40)
    assert len(set(taken)) == 40
    assert {50, 150} <= set(taken)
    scaled = X * 10.0 ** rng.integers(-3, 4, 200)
    assert select(scaled, y, 40).tolist() == taken.tolist()


def test_still_samples_before_an_onset_are_continuous_and_of_random_length():
    touch = import_module("touch")
    walks = [touch.wander(np.random.default_rng(seed), 60, 900) for seed in range(3)]
    for walk in walks:
        assert len(walk) == 900
        assert walk.min() == 0
        assert walk.max() == 60
        assert np.abs(np.diff(walk)).max() == 1
    assert len({tuple(walk) for walk in walks}) == 3


@pytest.mark.parametrize(
    ("found", "f1"), [([100, -1], 1.0), ([121, -1], 0.0), ([119, -1], 1.0), ([100, 50], 2 / 3)]
)
def test_a_detection_counts_within_its_tolerance_and_one_without_onset_is_wrong(found, f1):
    assert import_module("touch").match(found, [100, -1], 20)[0] == pytest.approx(f1)


def test_a_detection_knows_nothing_of_what_comes_later():
    detect = import_module("touch").detect
    output = np.random.default_rng(0).normal(size=400)
    at = detect(output, 1.0, 2, 50)
    assert at >= 50
    assert (output[at - 1 : at + 1] > 1.0).all()
    assert detect(output[: at + 1], 1.0, 2, 50) == at
    assert detect(output[:at], 1.0, 2, 50) == -1


def test_materials_of_fit_validation_and_test_differ_and_scores_are_of_the_test_part():
    touch = import_module("touch")
    task = touch.grasp_task(0, n_recordings=10, n_materials=10)
    parts = [{task.groups[k] for k in part} for part in touch.split(task, 0)]
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == 10
    test = touch.split(task, 0)[2]
    exact = [touch.targets_of(task, k) for k in range(10)]
    found = touch.value_scores(exact, task, test)
    assert found == {
        "R2 normal": 1.0, "R2 tangential": 1.0, "R2 speed": pytest.approx(1.0, nan_ok=True),
        "contact right": 1.0,
    }  # fmt: skip
    slipping = [k for k in range(10) if task.onset[k] >= 0]
    rule = touch.best_rule([one[:, :1] for one in exact], task, slipping)
    assert rule[0] == 1.0
