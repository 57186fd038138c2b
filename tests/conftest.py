"""Fixtures for all rooms."""

from pathlib import Path

import pytest

from mottle.datasets import data_home

SETS = ("nmnist", "smellnet", "biotac-slide", "ev-objects")


@pytest.fixture
def raw_data() -> Path:
    """Folder of the larger recordings; the test is skipped where one of them is absent."""
    folder = data_home()
    absent = [name for name in SETS if not (folder / name).is_dir()]
    if absent:
        pytest.skip(f"{', '.join(absent)} not in {folder}; set MOTTLE_DATA to the folder with them")
    return folder
