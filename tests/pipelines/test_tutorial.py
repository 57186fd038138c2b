"""The tutorial runs from top to bottom, as it is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETS = ("nmnist", "ev-objects", "smellnet")


@pytest.mark.slow
def test_the_tutorial_runs():
    data = os.environ.get("MOTTLE_DATA", "")
    if not data or not all((Path(data) / name).exists() for name in SETS):
        pytest.skip(f"MOTTLE_DATA has not all of {', '.join(SETS)}")
    script = Path(__file__).parents[2] / "benchmarks" / "tutorial.py"
    run = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("every byte is as it was written") == 3
