"""Pipelines of reservoirs go step by step like one: streams and live runs equal the whole."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mottle.reservoir import (
    EchoStateReservoir,
    LiveRun,
    MemristorReservoir,
    NoReservoir,
    OscillatorReservoir,
    RidgeReadout,
    fit_stream,
    predict_stream,
)
from mottle.reservoir.readout import chain

NOISY = MemristorReservoir(12, read_noise=0.02, n_taps=2, random_state=0)
STAGES = {
    "deep": make_pipeline(NOISY, EchoStateReservoir(9, random_state=1)),
    "deep and noisy": make_pipeline(NOISY, StandardScaler(), clone(NOISY)),
    "side by side": FeatureUnion(
        [("wox", NOISY), ("osc", OscillatorReservoir(6, regime="oscillating",
            threshold_noise=0.01, observable="phase",
                                     random_state=0)),
         ("drive", NoReservoir())]
    ),
    "scaled": make_pipeline(StandardScaler(), "passthrough", NOISY),
    "by column": ColumnTransformer(
        [("first", NOISY, [0]), ("others", EchoStateReservoir(5, random_state=0), [1, 2])]
    ),
    "union in the middle": make_pipeline(
        StandardScaler(),
        FeatureUnion([("a", EchoStateReservoir(7, random_state=0)), ("b", NOISY)]),
        MemristorReservoir(8, random_state=3),
    ),
}  # fmt: skip
every = pytest.mark.parametrize("name", list(STAGES))


def drive(n_steps=90):
    return np.random.default_rng(0).uniform(-1, 1, (n_steps, 3))


@every
@pytest.mark.parametrize("chunk", [1, 16, 1000])
def test_a_stream_is_predicted_as_the_whole_is(name, chunk):
    X = drive()
    stage, y = clone(STAGES[name]).fit(X), drive()[:, 0]
    states = stage.transform(X)  # as scikit-learn runs it
    readout = Ridge(1e-3).fit(states, y)
    assert_allclose(predict_stream(stage, readout, X, chunk=chunk), readout.predict(states),
                    rtol=1e-9, atol=1e-12)  # fmt: skip


@every
def test_a_readout_of_a_stream_is_that_of_all_states(name):
    X, y = drive(), np.roll(drive()[:, 0], 1)
    stage = clone(STAGES[name]).fit(X)
    whole = RidgeReadout(alphas=[1e-2]).fit(stage.transform(X)[10:], y[10:])
    streamed = RidgeReadout(alphas=[1e-2])
    fit_stream(stage, streamed, X, y, washout=10, chunk=17)
    assert_allclose(streamed.coef_, whole.coef_, rtol=1e-6, atol=1e-9)


@every
def test_recordings_of_many_lengths_are_run_one_by_one(name):
    X = [drive(40), drive(90), drive(25)]
    stage = clone(STAGES[name]).fit(X[1])
    parts = chain.run(stage, X)
    for x, part in zip(X, parts, strict=True):
        assert_allclose(part, stage.transform(x), rtol=1e-12)


@every
def test_live_ticks_are_the_whole(name):
    X = drive(30)
    stage = clone(STAGES[name]).fit(X)
    run = LiveRun(stage, keys=[7])
    ticks = np.array([run.advance(x) for x in X])
    run.restart()
    assert_array_equal(run.advance(X), ticks)
    _, out = chain.advance(stage, chain.start(stage, 1, [7]), X[None])
    assert_array_equal(out[0], ticks)
    kept = run.state
    later = run.advance(X[:5])
    run.state = kept  # a state may be put back
    assert_array_equal(run.advance(X[:5]), later)


def test_several_runs_go_side_by_side():
    X = np.random.default_rng(1).uniform(-1, 1, (3, 20, 3))
    stage = clone(STAGES["deep and noisy"]).fit(X[0])
    together = LiveRun(stage, n_recordings=3, keys=[4, 5, 6]).advance(X)
    for k in range(3):
        assert_array_equal(LiveRun(stage, keys=[4 + k]).advance(X[k]), together[k])


def test_a_live_run_takes_a_pipeline_with_its_readout():
    X = drive(60)
    model = make_pipeline(StandardScaler(), EchoStateReservoir(10, random_state=0), Ridge(1e-3))
    model.fit(X, X[:, 1])
    run = LiveRun(model)
    assert_allclose([run.advance(x) for x in X], model.predict(X), rtol=1e-10)


def test_what_pools_or_does_not_go_step_by_step_is_refused():
    X = drive()
    pooled = make_pipeline(EchoStateReservoir(5, random_state=0),
                           EchoStateReservoir(5, pool="mean", random_state=0)).fit(X)  # fmt: skip
    with pytest.raises(ValueError, match="pools its states, and a stream needs every step"):
        fit_stream(pooled, RidgeReadout(), X, X[:, 0])
    with pytest.raises(ValueError, match="neither advances from step to step nor transforms rows"):
        chain.check_stage(Pipeline([("readout", Ridge().fit(X, X))]))
    with pytest.raises(ValueError, match="is not fitted"):
        LiveRun(make_pipeline(EchoStateReservoir(5)))
