"""Washout, targets of steps and splits in time, inside scikit-learn's pipelines and searches."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import (
    EchoStateReservoir,
    LiveRun,
    MemristorReservoir,
    RidgeReadout,
    RLSReadout,
    SequenceReadout,
    WarmSplit,
    energy_report,
    fit_stream,
    predict_stream,
)
from mottle.reservoir.compiled.pooling import STATISTICS
from mottle.reservoir.readout.sequence import POOLS

ECHO = EchoStateReservoir(20, leak=1.0, random_state=0)


@parametrize_with_checks(
    [SequenceReadout(RidgeReadout(task=task)) for task in ("classification", "regression")]
    + [SequenceReadout(RLSReadout(task="regression"))]
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def problem(lengths=(60, 25, 90, 40, 70, 55), seed=0):
    """Return drives, and targets that depend on the input two steps before."""
    rng = np.random.default_rng(seed)
    drives = [rng.uniform(-1, 1, (n, 2)) for n in lengths]
    return drives, [np.r_[0.0, 0.0, x[:-2, 0]] + 0.1 * rng.normal(size=len(x)) for x in drives]


def by_hand(drives, targets, train, test, readout, washout):
    """Return the fitted readout, and rows and targets of the test recordings."""
    states = ECHO.fit(drives[0]).transform(drives)
    rows = [
        (np.concatenate([states[i][washout:] for i in part]),
         np.concatenate([targets[i][washout:] for i in part]))
        for part in (train, test)
    ]  # fmt: skip
    return readout.fit(*rows[0]), rows[1]


def test_cross_validation_scores_the_steps_after_the_washout_of_whole_recordings():
    drives, targets = problem()
    model = make_pipeline(ECHO, SequenceReadout(Ridge(0.1), washout=10))
    groups = [0, 1, 0, 2, 1, 2]
    scores = cross_val_score(model, drives, targets, groups=groups, cv=GroupKFold(3))
    for score, (train, test) in zip(
        scores, GroupKFold(3).split(drives, groups=groups), strict=True
    ):
        fitted, rows = by_hand(drives, targets, train, test, Ridge(0.1), 10)
        assert score == pytest.approx(fitted.score(*rows), rel=1e-9)
        assert not {groups[i] for i in train} & {groups[i] for i in test}


@pytest.mark.parametrize("form", ["list", "tuple", "array", "series", "object array"])
def test_containers_of_recordings_and_of_targets_are_the_same(form):
    drives, targets = problem((50,) * 6)
    expected = SequenceReadout(Ridge(), washout=5).fit(drives, targets)
    forms = {
        "list": list, "tuple": tuple, "array": np.stack, "series": pd.Series,
        "object array": lambda parts: pd.Series(parts).to_numpy(),
    }  # fmt: skip
    X, y = forms[form](drives), forms[form](targets)
    readout = SequenceReadout(Ridge(), washout=5).fit(X, y)
    assert_array_equal(readout.readout_.coef_, expected.readout_.coef_)
    assert readout.score(X, y) == expected.score(drives, targets)
    got = readout.predict(X)
    assert isinstance(got, np.ndarray if form == "array" else list)
    for one, other in zip(got, expected.predict(drives), strict=True):
        assert_array_equal(one, other)
        assert one.shape == (45,)


def test_steps_of_the_washout_are_in_no_fit_prediction_or_score():
    drives, targets = problem()
    expected = SequenceReadout(Ridge(), washout=10).fit(drives, targets)
    score = expected.score(drives, targets)
    spoilt = [np.r_[np.full(10, np.nan), y[10:]] for y in targets]
    states = [np.r_[np.full((10, 2), 1e9), x[10:]] for x in drives]
    readout = SequenceReadout(Ridge(), washout=10).fit(states, spoilt)
    assert_array_equal(readout.readout_.coef_, expected.readout_.coef_)
    assert readout.score(states, spoilt) == score
    assert [len(y) for y in readout.predict(states)] == [len(x) - 10 for x in drives]
    rows = np.concatenate([x[10:] for x in drives])
    assert_allclose(expected.readout_.coef_, Ridge().fit(rows, np.hstack(spoilt)[np.isfinite(
        np.hstack(spoilt))]).coef_)  # fmt: skip


def test_one_recording_is_an_array_of_two_dimensions():
    drives, targets = problem((200,))
    for y in (targets[0], np.c_[targets[0], -targets[0]]):
        readout = SequenceReadout(Ridge(), washout=20).fit(drives[0], y)
        reference = Ridge().fit(drives[0][20:], y[20:])
        assert_array_equal(readout.predict(drives[0]), reference.predict(drives[0][20:]))
        assert readout.score(drives[0], y) == reference.score(drives[0][20:], y[20:])
    table = pd.DataFrame(drives[0], columns=["a", "b"])
    named = SequenceReadout(RidgeReadout(1.0), washout=20).fit(table, pd.Series(targets[0]))
    assert named.feature_names_in_.tolist() == ["a", "b"]
    assert named.n_features_in_ == 2


def test_several_targets_a_step_and_labels_a_step():
    drives, targets = problem()
    two = [np.c_[y, -y] for y in targets]
    readout = SequenceReadout(washout=5).fit(drives, two)
    assert [y.shape for y in readout.predict(drives)] == [(len(x) - 5, 2) for x in drives]
    labels = [np.where(y > 0, "up", "down") for y in targets]
    model = make_pipeline(ECHO, SequenceReadout(washout=5)).fit(drives, labels)
    assert model.classes_.tolist() == ["down", "up"]
    assert model.score(drives, labels) > 0.7
    probabilities = model.predict_proba(drives)
    assert probabilities[1].shape == (20, 2)
    for proba, decision, label in zip(
        probabilities, model.decision_function(drives), model.predict(drives), strict=True
    ):
        assert_array_equal(proba[:, 1] > 0.5, decision > 0)
        assert_array_equal(label == "up", decision > 0)
    scores = cross_val_score(model, drives, labels, cv=3)  # whole numbers of folds, labels a step
    assert scores.min() > 0.6


@pytest.mark.parametrize("pool", ["mean", ("last", "std"), ["max"]])
def test_one_target_a_recording_is_learnt_from_states_pooled_after_the_washout(pool):
    rng = np.random.default_rng(0)
    levels = rng.uniform(-0.5, 0.5, 30)
    drives = [np.full((20 + k, 2), level) + 0.1 * rng.normal(size=(20 + k, 2))
              for k, level in enumerate(levels)]  # fmt: skip
    states = ECHO.fit(drives[0]).transform(drives)
    functions = {"mean": np.mean, "std": np.std, "max": np.max, "last": lambda x, axis: x[-1]}
    names = [pool] if isinstance(pool, str) else pool
    rows = np.array([np.hstack([functions[k](x[10:], axis=0) for k in names]) for x in states])
    readout = SequenceReadout(Ridge(), washout=10, pool=pool).fit(states, levels)
    assert_allclose(readout.predict(states), Ridge().fit(rows, levels).predict(rows), rtol=1e-10)
    model = make_pipeline(ECHO, SequenceReadout(washout=10, pool=pool))
    assert cross_val_score(model, drives, levels, cv=5).mean() > 0.5
    labels = np.where(levels > 0, "up", "down")
    assert cross_val_score(model, drives, labels, cv=5).mean() > 0.8


def test_statistics_are_those_of_the_reservoirs():
    assert tuple(POOLS) == STATISTICS
    drives = np.random.default_rng(0).uniform(-1, 1, (4, 30, 2))
    pooled = clone(ECHO).set_params(pool=STATISTICS).fit_transform(drives)
    states = ECHO.fit(drives).transform(drives)
    rows = SequenceReadout(pool=STATISTICS).rows(states)
    assert_allclose(rows, pooled, rtol=1e-12)


def test_a_penalty_is_chosen_without_a_recording_on_both_sides():
    drives, targets = problem()
    states = ECHO.fit(drives[0]).transform(drives)
    rows, y = np.concatenate(states), np.concatenate(targets)
    numbers = np.repeat(np.arange(6), [len(x) for x in drives])
    readout = SequenceReadout().fit(states, targets)
    expected = RidgeReadout().fit(rows, y, groups=numbers)
    assert_allclose(readout.readout_.losses_, expected.losses_, rtol=1e-9)
    single = SequenceReadout(RidgeReadout(cv="loo")).fit(states, targets)
    assert_allclose(single.readout_.losses_, RidgeReadout().fit(rows, y).losses_, rtol=1e-9)
    people = [7, 7, 8, 8, 9, 9]
    grouped = SequenceReadout().fit(states, targets, groups=people)
    expected = RidgeReadout().fit(rows, y, groups=np.array(people)[numbers])
    assert_allclose(grouped.readout_.losses_, expected.losses_, rtol=1e-9)
    streamed = fit_stream(ECHO, RidgeReadout(), drives, targets, groups=range(6))
    assert_allclose(readout.readout_.coef_, streamed.coef_, rtol=1e-6, atol=1e-9)


def test_another_score_is_taken_over_all_steps():
    drives, targets = problem()
    given = make_pipeline(
        ECHO, SequenceReadout(Ridge(), washout=10, scoring="neg_root_mean_squared_error")
    )
    scores = cross_validate(given, drives, targets, cv=KFold(3))["test_score"]
    for score, (train, test) in zip(scores, KFold(3).split(drives), strict=True):
        fitted, (rows, y) = by_hand(drives, targets, train, test, Ridge(), 10)
        assert score == pytest.approx(-root_mean_squared_error(y, fitted.predict(rows)))
    own = SequenceReadout(Ridge(), scoring=lambda model, X, y: float(len(X) + len(y)))
    assert own.fit(drives, targets).score(drives, targets) == 2 * sum(map(len, drives))


def test_settings_of_reservoir_readout_and_washout_are_searched():
    drives, targets = problem((60,) * 6)
    grid = {
        "echostatereservoir__spectral_radius": [0.1, 0.9],
        "sequencereadout__washout": [0, 10],
        "sequencereadout__readout__alpha": [0.1, 1.0],
    }
    model = make_pipeline(ECHO, SequenceReadout(Ridge()))
    search = GridSearchCV(model, grid, cv=3).fit(np.stack(drives), np.stack(targets))
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.5
    assert search.predict(np.stack(drives)).shape == (6, 60 - search.best_params_[
        "sequencereadout__washout"])  # fmt: skip


def test_it_is_what_its_readout_is_and_can_be_copied():
    assert is_regressor(SequenceReadout(Ridge()))
    assert is_classifier(SequenceReadout())
    drives, targets = problem()
    fitted = SequenceReadout().fit(drives, targets)
    assert is_regressor(fitted)
    assert not hasattr(fitted, "predict_proba")
    copied = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copied.predict(drives)[0], fitted.predict(drives)[0])
    again = clone(fitted)
    assert not hasattr(again, "readout_")
    with pytest.raises(TypeError, match="did you mean 'washout'"):
        SequenceReadout(wash_out=3)


@pytest.mark.parametrize("pool", [None, ("mean", "std")])
def test_energy_counts_the_readout_at_every_step_after_the_washout(pool):
    drives, targets = problem()
    y = targets if pool is None else np.array([y.mean() for y in targets])
    model = make_pipeline(
        MemristorReservoir(10, random_state=0), SequenceReadout(washout=5, pool=pool)
    ).fit(drives, y)
    report = energy_report(model, drives)
    n_rows, width = (sum(len(x) - 5 for x in drives), 10) if pool is None else (6, 20)
    assert report.attrs["n_recordings"] == 6
    assert report.attrs["readout_macs"] * 6 == pytest.approx(n_rows * width)


def test_live_runs_and_streams_predict_with_the_readout_inside_from_the_first_step():
    drives, targets = problem()
    model = make_pipeline(ECHO, SequenceReadout(Ridge(), washout=10)).fit(drives, targets)
    run = LiveRun(model)
    ticks = np.array([run.advance(x) for x in drives[0]])
    assert_allclose(ticks[10:], model.predict(drives)[0], rtol=1e-9, atol=1e-12)
    streamed = predict_stream(model[0], model[1], drives[0], chunk=7)
    assert_allclose(streamed, ticks, rtol=1e-9, atol=1e-12)
    pooled = make_pipeline(ECHO, SequenceReadout(Ridge(), pool="mean"))
    with pytest.raises(ValueError, match="predicts a recording as a whole"):
        LiveRun(pooled.fit(drives, np.arange(6.0)))
    with pytest.raises(ValueError, match="cannot be fitted to blocks; take RidgeReadout, RLS"):
        fit_stream(ECHO, SequenceReadout(), drives, targets)


DRIVES, TARGETS = problem()
LABELS = [np.where(y > 0, "up", "down") for y in TARGETS]
GONE = [*TARGETS[:3], np.r_[TARGETS[3][:-1], np.nan], *TARGETS[4:]]
HOLED = [*DRIVES[:2], DRIVES[2].copy(), *DRIVES[3:]]
HOLED[2][17, 1] = np.nan


@pytest.mark.parametrize(
    ("parameters", "X", "y", "message"),
    [
        ({"washout": 25}, DRIVES, TARGETS, "recording 1 has 25 steps, and washout=25 leaves none"),
        ({"washout": -1}, DRIVES, TARGETS, "washout=-1 must be a whole number, at least 0"),
        ({"pool": "median"}, DRIVES, TARGETS, "pool='median'"),
        ({"scoring": 3}, DRIVES, TARGETS, "scoring=3 must be the name of a scorer"),
        ({}, DRIVES, TARGETS[:5], "6 recordings, but 5 targets"),
        ({}, DRIVES, [*TARGETS[:5], TARGETS[5][:-1]], "recording 5 has 55 steps and 54 targets"),
        ({}, DRIVES, np.arange(6.0), "recording 0 has 60 steps and 0 targets.*set pool="),
        ({"pool": "mean"}, DRIVES[0], TARGETS[0], "1 recordings, but 60 targets; with pool='mean'"),
        ({}, DRIVES, None, "the target y is None"),
        ({"washout": 5}, DRIVES, GONE, "target of recording 3 is not finite at step 39"),
        ({}, DRIVES, [*LABELS[:5], TARGETS[5]], "recording 0 are <U4, those of recording 5 float"),
        ({"washout": 5}, HOLED, TARGETS, "recording 2 holds nan at step 17, input 1"),
        ({}, [*DRIVES[:5], DRIVES[5][:, :1]], TARGETS, "recording 5 has 1 inputs, expected 2"),
        ({}, [*DRIVES[:5], DRIVES[5][0]], TARGETS, "each recording needs two"),
        ({}, [], [], "holds no recording"),
    ],
)  # fmt: skip
def test_recordings_that_do_not_fit_are_refused(parameters, X, y, message):
    with pytest.raises(ValueError, match=message):
        SequenceReadout(**parameters).fit(X, y)


def test_an_absent_recording_is_named():
    for absent in (None, np.full((60, 2), np.nan)):
        with pytest.raises(ValueError, match="recording 1 is absent"):
            SequenceReadout().fit([DRIVES[0], absent], TARGETS[:2])


def test_labelled_states_of_a_reservoir_are_read_by_their_dimensions():
    drives, targets = problem((50,) * 4)
    labelled = ECHO.fit(np.stack(drives)).states(np.stack(drives)).states
    expected = SequenceReadout(Ridge(), washout=5).fit(labelled.to_numpy(), targets)
    turned = SequenceReadout(Ridge(), washout=5)
    turned.fit(labelled.transpose("node", "recording", "step"), targets)
    assert_array_equal(turned.readout_.coef_, expected.readout_.coef_)


def test_groups_that_do_not_fit_and_generators_are_refused():
    with pytest.raises(ValueError, match=r"groups are given, and Ridge\(\) takes none"):
        SequenceReadout(Ridge()).fit(DRIVES, TARGETS, groups=range(6))
    with pytest.raises(ValueError, match="6 recordings, but 5 groups"):
        SequenceReadout().fit(DRIVES, TARGETS, groups=range(5))
    with pytest.raises(TypeError, match="generator"):
        SequenceReadout().fit((x for x in DRIVES), TARGETS)
    with pytest.raises(ValueError, match="recording 2 holds nan at step 17"):
        SequenceReadout(Ridge()).fit(DRIVES, TARGETS).predict(HOLED)


SPLITS = [
    WarmSplit(),
    WarmSplit(3, washout=20),
    WarmSplit(4, washout=7, gap=30),
    WarmSplit(2, gap=5, test_size=40),
    WarmSplit(3, washout=10, gap=15, test_size=33, max_train_size=50),
]
splits = pytest.mark.parametrize("split", SPLITS, ids=str)


@splits
def test_training_lies_before_the_gap_and_the_warm_up_inside_it(split):
    gap = split.washout if split.gap is None else split.gap
    scored = []
    parts = list(split.split(np.zeros((203, 1))))
    assert len(parts) == split.get_n_splits() == split.n_splits
    for train, test in parts:
        for part in (train, test):  # a reservoir runs through steps without holes
            assert_array_equal(part, np.arange(part[0], part[-1] + 1))
        own = test[split.washout :]
        scored.append(own)
        assert own[0] - train[-1] - 1 == gap
        assert not set(train) & set(test)
        assert len(train) > split.washout
        if split.max_train_size:
            assert len(train) == min(split.max_train_size, own[0] - gap)
        else:
            assert train[0] == 0
    steps = np.concatenate(scored)
    assert_array_equal(steps, np.arange(steps[0], 203))  # each is scored once, up to the end
    assert len({len(own) for own in scored}) == 1


@splits
def test_nothing_of_a_test_part_reaches_training(split):
    """Neither its targets nor its inputs change a feature, a weight or a prediction of training."""
    rng = np.random.default_rng(0)
    drive = rng.uniform(-1, 1, (203, 2))
    target = np.roll(drive[:, 0], 2)
    model = make_pipeline(ECHO, SequenceReadout(Ridge(1e-3), washout=split.washout))
    for train, test in split.split(drive):
        fitted = clone(model).fit(drive[train], target[train])
        other, spoilt = drive.copy(), target.copy()
        later = np.arange(len(drive)) > train[-1]
        other[later], spoilt[later] = 1e3, np.nan
        again = clone(model).fit(other[train], spoilt[train])
        assert_array_equal(again[0].transform(other[train]), fitted[0].transform(drive[train]))
        assert_array_equal(again[-1].readout_.coef_, fitted[-1].readout_.coef_)
        # predictions depend on test inputs, not on any target
        assert_array_equal(again.predict(drive[test]), fitted.predict(drive[test]))


@pytest.mark.parametrize(
    "reservoir", [ECHO, MemristorReservoir(20, random_state=0)], ids=["echo", "memristor"]
)
def test_folds_are_as_warm_as_the_whole_stream(reservoir):
    rng = np.random.default_rng(0)
    drive = rng.uniform(-1, 1, (1500, 2))
    target = np.roll(drive[:, 0], 2)
    split = WarmSplit(3, washout=150)
    model = make_pipeline(reservoir, SequenceReadout(Ridge(1e-3), washout=150))
    states = reservoir.fit(drive).transform(drive)  # once through all steps
    scores = cross_val_score(model, drive, target, cv=split)
    for score, (train, test) in zip(scores, split.split(drive), strict=True):
        readout = Ridge(1e-3).fit(states[train[150:]], target[train[150:]])
        warm = readout.score(states[test[150:]], target[test[150:]])
        assert score == pytest.approx(warm, abs=1e-4)
        cold = clone(model).set_params(sequencereadout__washout=0)
        cold.fit(drive[train], target[train])
        first = cold[0].transform(drive[test[150:]])[0]  # without the steps before
        assert np.abs(first - states[test[150]]).max() > 1e-2
    # states that are there already: each part leaves out its first steps, which are warm too
    again = cross_val_score(SequenceReadout(Ridge(1e-3), washout=150), states, target, cv=split)
    assert_allclose(again, scores, atol=1e-4)


def test_a_search_over_one_stream_uses_the_past_only():
    rng = np.random.default_rng(0)
    drive = rng.uniform(-1, 1, (600, 1))
    target = np.roll(drive[:, 0], 2)
    model = make_pipeline(ECHO, SequenceReadout(LinearRegression(), washout=30))
    search = GridSearchCV(
        model, {"echostatereservoir__input_scaling": [0.1, 1.0]}, cv=WarmSplit(3, washout=30)
    )
    assert search.fit(drive, target).best_score_ > 0.9
    assert search.n_splits_ == 3


@pytest.mark.parametrize(
    ("split", "X", "message"),
    [
        (WarmSplit(washout=10, gap=5), np.zeros((100, 1)), "gap=5 is shorter than washout=10"),
        (WarmSplit(washout=10), np.zeros((60, 1)), "60 steps are too few .* 0 steps are left"),
        (WarmSplit(9), np.zeros((5, 1)), "5 steps are too few"),
        (WarmSplit(0), np.zeros((50, 1)), "n_splits=0 must be a whole number"),
        (WarmSplit(2, test_size=0), np.zeros((50, 1)), "test_size=0 must be"),
        (WarmSplit(2, washout=5, max_train_size=5), np.zeros((90, 1)), "max_train_size=5 must be"),
        (WarmSplit(2), np.zeros((3, 50, 1)), "X holds 3 recordings, .* take GroupKFold"),
        (WarmSplit(2), [np.zeros((9, 1))] * 4, "X holds 4 recordings, .* take GroupKFold"),
    ],
)
def test_impossible_splits_are_refused(split, X, message):
    with pytest.raises(ValueError, match=message):
        list(split.split(X))
    with pytest.raises(TypeError, match="did you mean 'washout'"):
        WarmSplit(wash_out=3)


def test_cross_val_predict_names_recordings_of_unequal_length():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (40, 50, 60, 45)]
    y = [x.cumsum(axis=0)[:, 0] for x in X]
    model = make_pipeline(EchoStateReservoir(10, random_state=0), SequenceReadout())
    with pytest.raises(ValueError, match=r"unequal length \(40, 50 steps\).*fold by fold"):
        cross_val_predict(model, X, y, cv=KFold(2))
    found = model.fit(X, y).predict(X)
    assert isinstance(found, list)
    assert [len(one) for one in found] == [40, 50, 60, 45]
    equal = [x[:40] for x in X], [one[:40] for one in y]
    assert cross_val_predict(model, *equal, cv=KFold(2)).shape == (4, 40)
