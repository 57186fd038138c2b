"""Imported once by the process that jobs of reliability.py are forked from.

Imports what the commands need, and loads compiled kernels, which takes longer than the small jobs;
nothing of a job is done, no file is opened for it, and no thread is left.
"""

import importlib

from mottle.datasets import load_demo, load_nmnist_100
from mottle.reservoir import EchoStateReservoir
from mottle.sensors import EventRate, TaxelDrive

for name in (
    "dask.array", "matplotlib.pyplot", "mottle.datasets.downloads.fetch",
    "mottle.datasets.sets.nmnist", "mottle.datasets.stores.preparation", "mottle.pipelines.cli",
    "mottle.pipelines.engine.run", "mottle.pipelines.output", "mottle.pipelines.prepare", "numba",
    "pooch", "requests", "rich.console", "rich.progress", "tqdm",
):  # fmt: skip
    importlib.import_module(name)

events = list(load_nmnist_100().table["sight"].iloc[:2])
EventRate(12, sensor_size=(34, 34), duration=0.31, on_drop="ignore").fit_transform(events)
touch = list(load_demo(task="grasp").table["touch"].iloc[:4])
drives = TaxelDrive(n_steps=12).fit_transform(touch)
EchoStateReservoir(32, pool="mean").fit_transform(drives)
