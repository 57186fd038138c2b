"""A small fitted model of every kind, with input: for tests of saved models, and to be kept."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from test_as_meant import DRIVES, EVENTS, OF_DRIVES, OF_EVENTS, OF_ROWS, OF_STATES, ROWS

from mottle.datasets import load_demo
from mottle.pipelines import (
    AugmentedModel,
    SenseCheck,
    SensorClassifier,
    SensorRegressor,
    make_fusion_pipeline,
)
from mottle.reservoir import (
    Crossbar,
    CrossbarReadout,
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    RidgeReadout,
    SequenceReadout,
)
from mottle.sensors import DriveStack, SoundDrive, TaxelDrive

TABLE, TARGET, _ = load_demo("grasp").take(range(30))
RESERVOIR = MemristorReservoir(8, pool="mean", random_state=0)
RESERVOIR_AND_RIDGE = make_pipeline(RESERVOIR, RidgeReadout(1.0))
TOUCH = TaxelDrive(4)
BOTH = {"touch": TOUCH, "joints": TOUCH}


def models() -> Iterator[tuple[str, Any, Any]]:
    """Yield name, fitted model and input: every public estimator, and pipelines of them."""
    for kinds, X, of in (((*OF_DRIVES, *OF_STATES), DRIVES, ""), (OF_EVENTS, EVENTS, "-events")):
        for one in kinds:
            small = SoundDrive(4, f_min=0.1) if isinstance(one, SoundDrive) else clone(one)
            yield type(one).__name__ + of, small.fit(X, np.arange(3) % 2), X
    rows, labels = np.stack(ROWS), np.arange(8) % 2
    for one in OF_ROWS:
        small = clone(one)
        if isinstance(one, CrossbarReadout):
            small.set_params(crossbar=Crossbar((8, 4)))
        yield type(one).__name__, small.fit(rows, labels), rows
    for kind in ("early", "middle", "late"):
        model = make_fusion_pipeline(BOTH, RESERVOIR, fusion=kind)
        yield f"fusion-{kind}", model.fit(TABLE, TARGET), TABLE
    yield "SenseCheck", SenseCheck(("touch",)).fit(TABLE), TABLE
    yield "DriveStack", DriveStack(list(BOTH.items())).fit(TABLE), TABLE
    yield "SensorClassifier", SensorClassifier(size=20, random_state=0).fit(TABLE, TARGET), TABLE
    augmented = AugmentedModel(RESERVOIR_AND_RIDGE, shift=1, random_state=0)
    yield "AugmentedModel", augmented.fit(list(DRIVES), np.arange(3) % 2), list(DRIVES)
    regressor = SensorRegressor(size=20, random_state=0).fit(TABLE, np.arange(30.0))
    yield "SensorRegressor", regressor, TABLE
    framed = clone(RESERVOIR).set_params(wiring="dilated").set_output(transform="pandas")
    union = make_union(RESERVOIR, framed)
    steps = (FunctionTransformer(np.arctan), StandardScaler(), RidgeReadout(1.0))
    yield "union", make_pipeline(union, *steps).fit(DRIVES, np.arange(3) % 2), DRIVES
    states = EchoStateReservoir(8, random_state=0)
    readout = SequenceReadout(RidgeReadout(1.0), washout=2)
    yield "sequence", make_pipeline(states, readout).fit(DRIVES, [x[:, 0] for x in DRIVES]), DRIVES
    yield "Forecaster", Forecaster(clone(states)).fit(np.sin(np.arange(200) / 9)), 20
