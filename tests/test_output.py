"""scikit-learn's global output setting leaves drives and states alone and names features."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from walk import subclasses

from mottle import reservoir
from mottle.datasets import load_demo
from mottle.output import ArrayOutput, FrameOutput
from mottle.pipelines import make_fusion_pipeline
from mottle.sensors import DriveStack, TaxelDrive

X = np.random.default_rng(0).uniform(0.1, 0.9, (6, 20, 2))
RESERVOIRS = [
    reservoir.EchoStateReservoir(4, random_state=0),
    reservoir.MemristorReservoir(4, random_state=0),
    reservoir.VO2Reservoir(4, regime="oscillating", random_state=0),
    reservoir.OscillatorReservoir(4, regime="oscillating", random_state=0),
    reservoir.SpikingReservoir(4, regime="firing", random_state=0),
    reservoir.MeasuredReservoir(),
    reservoir.NoReservoir(),
]


def test_every_transformer_states_what_the_output_setting_does():
    found = subclasses(TransformerMixin)
    assert {"DriveStack", "SenseCheck", "Reservoir"} <= {c.__name__ for c in found}
    assert [c.__name__ for c in found if not issubclass(c, ArrayOutput | FrameOutput)] == []


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("model", RESERVOIRS, ids=lambda one: type(one).__name__)
def test_states_of_many_recordings_stay_arrays(model, container):
    for drive in (X, [X[0], X[1][:9]]):
        expected = clone(model).fit_transform(drive)
        with config_context(transform_output=container):
            found = clone(model).fit_transform(drive)
        for one, other in zip(found, expected, strict=True):
            assert isinstance(one, np.ndarray)
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("model", RESERVOIRS, ids=lambda one: type(one).__name__)
def test_features_become_a_frame_with_names(model):
    pooled = clone(model).set_params(pool="mean")
    expected = pooled.fit_transform(X)
    with config_context(transform_output="pandas"):
        frame = pooled.transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(pooled.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), expected)
    assert isinstance(pooled.transform(X), np.ndarray)
    own = clone(pooled.set_output(transform="pandas")).fit_transform(X)
    pd.testing.assert_frame_equal(own, frame)
    with config_context(transform_output="pandas"):
        assert isinstance(pooled.set_output(transform="default").transform(X), np.ndarray)


def test_an_unknown_container_is_refused():
    with pytest.raises(ValueError, match=r"transform='panda'.*did you mean 'pandas'"):
        RESERVOIRS[0].set_output(transform="panda")


@pytest.mark.parametrize("fusion", ["early", "middle", "late"])
def test_fusion_predicts_the_same_under_the_setting(fusion):
    table, target, _ = load_demo("grasp")
    senses = {"touch": TaxelDrive(n_steps=6), "joints": TaxelDrive(n_steps=6)}
    nodes = reservoir.MemristorReservoir(8, pool="mean", random_state=0)
    model = make_fusion_pipeline(senses, nodes, fusion=fusion)
    expected = clone(model).fit(table[:60], target[:60]).predict_proba(table[60:])
    with config_context(transform_output="pandas"):
        found = clone(model).fit(table[:60], target[:60]).predict_proba(table[60:])
    np.testing.assert_array_equal(found, expected)


def test_stages_before_and_behind_work_under_the_setting():
    table = pd.DataFrame({"a": list(X), "b": list(X)}, dtype=object)
    y = np.array([0, 1, 0, 1, 0, 1])
    model = make_pipeline(
        DriveStack([("a", TaxelDrive(n_steps=4)), ("b", TaxelDrive(n_steps=4))]),
        make_union(
            reservoir.EchoStateReservoir(5, pool="mean", random_state=0),
            reservoir.MemristorReservoir(5, pool="last", random_state=0),
        ),
        StandardScaler(),
        LogisticRegression(),
    )
    expected = clone(model).fit(table, y).predict_proba(table)
    with config_context(transform_output="pandas"):
        found = clone(model).fit(table, y).predict_proba(table)
    np.testing.assert_allclose(found, expected, rtol=1e-12)  # frames are laid out by columns
    frame = clone(model).set_output(transform="pandas").fit(table, y)[:-1].transform(table)
    assert frame.shape == (6, 10)
