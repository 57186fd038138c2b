"""Models whose encoders learn levels anew, without labels."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion, make_pipeline

from mottle.datasets import make_table
from mottle.pipelines import (
    AugmentedModel,
    SensorClassifier,
    adapt,
    load_model,
    make_fusion_pipeline,
    save_model,
)
from mottle.pipelines.cli import main
from mottle.reservoir import EchoStateReservoir, MemristorReservoir, RidgeReadout
from mottle.sensors import EVENT_DTYPE, EventRate, FillGaps, GasDrive, LevelCrossing, TaxelDrive

N = 40
NODES = MemristorReservoir(30, pool=("mean", "last"), random_state=0)


def drawn(seed=0):
    """Return recordings of two classes that differ in level, and the labels."""
    rng = np.random.default_rng(seed)
    y = np.arange(N) % 2
    return 5 + rng.normal(size=(N, 20, 3)) + y[:, np.newaxis, np.newaxis], y


def aged(X):
    """Return what sensors with another gain and offset would measure."""
    return 40 - np.array([3.0, 0.5, 2.0]) * (10 - X)


def encoder():
    return TaxelDrive(None, baseline="training")


def table(X):
    return make_table(left=list(X), right=list(X[:, ::-1]))


MODELS = {
    "pipeline": (make_pipeline(encoder(), NODES, RidgeReadout()), np.asarray),
    "behind filled gaps": (
        make_pipeline(FillGaps(3), encoder(), NODES, RidgeReadout()), np.asarray
    ),
    "union": (
        make_pipeline(
            FeatureUnion([
                ("a", make_pipeline(encoder(), NODES)),
                ("b", make_pipeline(encoder(), EchoStateReservoir(9, pool="last", random_state=0))),
            ]),
            RidgeReadout(),
        ),
        np.asarray,
    ),
    "classifier": (SensorClassifier(size=100, random_state=0), list),
    "augmented": (
        AugmentedModel(SensorClassifier(size=100, random_state=0), jitter=0.1, random_state=0), list
    ),
    **{
        f"{fusion} fusion": (
            make_fusion_pipeline(
                {"left": TaxelDrive(20, baseline="training"),
                 "right": TaxelDrive(20, baseline="training")}, NODES, fusion=fusion,
            ),
            table,
        )
        for fusion in ("early", "middle", "late")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_sensors_of_other_gain_and_offset_give_the_predictions_of_the_young_ones(name):
    model, form = MODELS[name]
    X, y = drawn()
    model.fit(form(X), y)
    before = model.predict(form(X))
    assert (before == y).mean() > 0.9
    assert (model.predict(form(aged(X))) == y).mean() < 0.75
    adapted = adapt(model, form(aged(X)))
    assert type(adapted) is type(model)
    assert_array_equal(adapted.predict(form(aged(X))), before)
    assert_array_equal(model.predict(form(X)), before)  # which was not changed


def test_labels_play_no_part_and_a_second_adaptation_forgets_the_first():
    X, y = drawn()
    model = make_pipeline(encoder(), NODES, RidgeReadout()).fit(X, y)
    once = adapt(model, aged(X))
    twice = adapt(adapt(model, 3 * X - 100), aged(X))
    assert_array_equal(once.predict_proba(aged(X)), twice.predict_proba(aged(X)))
    assert_array_equal(
        adapt(model, X).predict_proba(X), model.predict_proba(X)
    )  # of the recordings of training


@pytest.mark.parametrize(
    "make", [encoder, lambda: GasDrive(None), lambda: LevelCrossing(threshold=0.3)]
)
def test_encoders_learn_what_fit_learns_but_channels_and_steps(make):
    X = np.abs(drawn()[0])
    own = make().fit(list(X)).adapt(list(3 * X))
    fresh = make().fit(list(3 * X))
    assert_allclose(np.stack(own.transform(list(3 * X))), np.stack(fresh.transform(list(3 * X))))
    lone = [X[0], None, X[1]]
    assert_allclose(own.adapt(lone).transform([X[0]])[0], own.adapt(lone).transform(lone)[0])
    with pytest.raises(ValueError, match="two recordings or more, and 1 came"):
        own.adapt([X[0], None])
    with pytest.raises(ValueError, match="2 channels"):
        own.adapt(list(X[:, :, :2]))


def test_what_cannot_adapt_says_so():
    X, y = drawn()
    events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
    counting = make_pipeline(EventRate(4, polarity="sum"), NODES, RidgeReadout())
    counting.fit([events] * 4, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="Pipeline has no encoder of sampled streams"):
        adapt(counting, [events] * 4)
    with pytest.raises(NotFittedError):
        adapt(SensorClassifier(), list(X))
    model = SensorClassifier(size=50, random_state=0).fit(list(X), y)
    with pytest.raises(ValueError, match="two recordings or more, and 1 came"):
        adapt(model, [X[0]])


def test_a_saved_model_adapts_by_the_command_line(tmp_path):
    X, y = drawn()
    model = SensorClassifier(size=100, random_state=0).fit(list(X), y)
    save_model(model, tmp_path / "young.mottle")
    folder = tmp_path / "aged"
    folder.mkdir()
    for k, one in enumerate(aged(X)):
        np.save(folder / f"{k:02d}.npy", one)
    found = {}
    for flags in ((), ("--adapt",)):
        out = tmp_path / "found.csv"
        arguments = ["predict", str(tmp_path / "young.mottle"), str(folder), "--kind", "samples"]
        result = CliRunner().invoke(main, [*arguments, "--out", str(out), *flags])
        assert result.exit_code == 0, result.output
        found[flags] = pd.read_csv(out)["predicted"].to_numpy()
    adapted = adapt(model, list(aged(X)))
    assert_array_equal(found["--adapt",], adapted.predict(list(aged(X))))
    assert (found["--adapt",] == y).mean() > 0.9 > (found[()] == y).mean()
    save_model(adapted, tmp_path / "adapted.mottle")
    kept = load_model(tmp_path / "adapted.mottle")
    assert_array_equal(kept.predict(list(aged(X))), found["--adapt",])
