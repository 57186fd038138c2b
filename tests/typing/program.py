"""A user's program as type checkers take it; `make types` checks it, nothing runs it."""

from pathlib import Path
from typing import assert_type

import numpy as np
import pandas as pd

import mottle
from mottle import datasets, pipelines, reservoir, sensors

version: str = mottle.__version__
recordings = datasets.load_demo("grasp")
table: pd.DataFrame = recordings.table
encoder = sensors.TaxelDrive(n_steps=12)
node = reservoir.MemristorReservoir(n_nodes=64, pool="mean", n_segments=4, random_state=0)
model = pipelines.make_fusion_pipeline({"touch": encoder}, node, fusion="middle")
u, y = datasets.narma(2000, random_state=0)
states = reservoir.EchoStateReservoir(200, random_state=0).fit(u, y).transform(u)
readout = reservoir.RidgeReadout(alphas=np.logspace(-4, 2, 7))
with datasets.StatesWriter(
    Path("states.zarr"), n_recordings=1, n_steps=2, n_nodes=3, block=1, attrs={}
) as writer:
    assert_type(writer.pending(), list[int])
folder: Path = datasets.data_home()
result = pipelines.run_recipe("demo-grasp")
scores: pd.DataFrame = result.scores
rooms: list[str] = [name for room in (sensors, reservoir) for name in room.__all__]
