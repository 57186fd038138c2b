"""Fixtures for all rooms."""

import os
from pathlib import Path

import numpy as np
import pytest

from mottle.datasets import data_home

# kernels of devices defined in tests are cached here, not in the home directory
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache")
SETS = ("nmnist", "smellnet", "biotac-slide", "ev-objects")


@pytest.fixture
def raw_data() -> Path:
    """Folder of the larger recordings; the test is skipped if one of them is absent."""
    folder = data_home()
    absent = [name for name in SETS if not (folder / name).is_dir()]
    if absent:
        pytest.skip(f"{', '.join(absent)} not in {folder}; set MOTTLE_DATA to the folder with them")
    return folder


@pytest.fixture(autouse=True)
def same_draws():
    """Seed numpy's global generator: scikit-learn's checks shuffle with it."""
    np.random.seed(0)  # noqa: NPY002
