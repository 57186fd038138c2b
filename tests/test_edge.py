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
