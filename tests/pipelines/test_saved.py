"""Saved models: what comes back is what was saved, and nothing else is built."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from test_as_meant import DRIVES, EVENTS, OF_DRIVES, OF_EVENTS, OF_ROWS, OF_STATES, ROWS

import mottle
from mottle.datasets import load_demo
from mottle.pipelines import (
    SenseCheck,
    SensorClassifier,
    SensorRegressor,
    make_fusion_pipeline,
    save_model,
)
from mottle.pipelines.saved.sample import flat
from mottle.reservoir import (
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    RidgeReadout,
    SequenceReadout,
)
from mottle.sensors import DriveStack, TaxelDrive

TABLE, TARGET, _ = load_demo("grasp").take(range(30))
TOUCH = TaxelDrive(4)
RESERVOIR = MemristorReservoir(8, pool="mean", random_state=0)
LABELS = np.arange(3) % 2


def fitted():
    """Return fitted estimators of every public class, pipelines of them, and input."""
    for one in (*OF_DRIVES, *OF_STATES):
        yield clone(one).fit(DRIVES, LABELS), DRIVES
    for one in OF_EVENTS:
        yield clone(one).fit(EVENTS), EVENTS
    rows = np.stack(ROWS)
    for one in OF_ROWS:
        yield clone(one).fit(rows, np.arange(8) % 2), rows
    both = {"touch": TOUCH, "joints": TOUCH}
    for one in (
        SenseCheck(("touch",)), DriveStack(list(both.items())),
        *(make_fusion_pipeline(both, RESERVOIR, fusion=kind) for kind in ("early", "middle", "late")),
        SensorClassifier(size=40, random_state=0), SensorRegressor(size=40, random_state=0),
    ):  # fmt: skip
        y = np.arange(30.0) if isinstance(one, SensorRegressor) else TARGET
        yield one.fit(TABLE, y), TABLE
    dilated = clone(RESERVOIR).set_params(wiring="dilated").set_output(transform="pandas")
    union = make_union(clone(RESERVOIR), dilated)
    for last in (RidgeReadout(), LogisticRegression()):
        yield make_pipeline(clone(union), StandardScaler(), last).fit(DRIVES, LABELS), DRIVES
    states = EchoStateReservoir(8, random_state=0)
    steps = make_pipeline(states, SequenceReadout(RidgeReadout(1.0), washout=2))
    yield steps.fit(DRIVES, [one[:, 0] for one in DRIVES]), DRIVES
    yield Forecaster(clone(states)).fit(np.sin(np.arange(200) / 9)), 20


def outputs(model, X):
    found = (model.transform if not hasattr(model, "predict") else model.predict)(X)
    text, arrays = flat(found)
    return text, [one.tobytes() for one in arrays]


def test_every_public_estimator_comes_back_with_the_same_output(tmp_path):
    path, seen = tmp_path / "model.mottle", set()
    for model, X in fitted():
        saved = save_model(model, path, X)
        back = mottle.load_model(path)
        assert outputs(back, X) == outputs(model, X), model
        assert set(saved.verify().values()) == {0.0}
        assert saved.untrusted == {}
        seen.add(type(model).__name__)
        if not isinstance(model, SensorRegressor):
            first = path.read_bytes()
            save_model(back, path, X)
            assert path.read_bytes() == first, model  # the same model is the same file
    from test_as_meant import NEEDS_TONIC

    rooms = (mottle.reservoir, mottle.sensors, mottle.pipelines)
    public = [getattr(room, name) for room in rooms for name in room.__all__]
    known = {one.__name__ for one in public if isinstance(one, type) and hasattr(one, "fit")}
    assert known - NEEDS_TONIC <= seen | {"LateReadout"}
