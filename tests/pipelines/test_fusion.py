"""Fusion of senses, and what happens when one is missing."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score

from mottle.datasets import load_demo
from mottle.pipelines import MaskedReadout, make_fusion_pipeline
from mottle.reservoir import EchoStateReservoir, NoReservoir, RidgeReadout
from mottle.sensors import TaxelDrive

ENCODERS = {"touch": TaxelDrive(6), "joints": TaxelDrive(6)}
ESN = EchoStateReservoir(20, pool="mean", n_segments=2, random_state=0)


@pytest.fixture(scope="module")
def grasps():
    table, target, groups = load_demo("grasp")
    return table, target, (groups - 1) // 4


@pytest.mark.parametrize("fusion", ["early", "middle", "late"])
@pytest.mark.parametrize("n_splits", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_fused_senses_beat_chance_by_far_under_grouped_folds(grasps, fusion, n_splits):
    table, target, blocks = grasps
    model = make_fusion_pipeline(ENCODERS, ESN, fusion=fusion)
    scores = cross_val_score(model, table, target, groups=blocks, cv=GroupKFold(n_splits))
    assert scores.mean() > 0.7  # chance is 0.1
    some = table[::4], target[::4]
    assert_array_equal(clone(model).fit(*some).predict(table[:5]),
                       clone(model).fit(*some).predict(table[:5]))  # fmt: skip


@pytest.mark.parametrize("fusion", ["middle", "late"])
def test_a_missing_sense_is_treated_as_if_it_had_never_been_there(grasps, fusion):
    table, target, blocks = grasps
    train, test = table[blocks > 0], table[blocks == 0].copy()
    test["joints"] = None
    fused = make_fusion_pipeline(ENCODERS, ESN, fusion=fusion).fit(train, target[blocks > 0])
    alone = make_fusion_pipeline({"touch": ENCODERS["touch"]}, ESN).fit(train, target[blocks > 0])
    with pytest.warns(UserWarning, match="'joints' is missing in 40 of 40 recordings"):
        got = fused.predict(test)
    assert_array_equal(got, alone.predict(test))


def test_recording_with_a_missing_sense_leaves_the_others_alone(grasps):
    table, target, _ = grasps
    model = make_fusion_pipeline(ENCODERS, ESN).fit(table, target)
    whole = model.predict(table)
    holes = table.copy()
    holes.iloc[3, 0] = None
    with pytest.warns(UserWarning, match="'touch' is missing in 1 of 200"):
        got = model.predict(holes)
    assert_array_equal(np.delete(got, 3), np.delete(whole, 3))


def test_in_early_fusion_a_missing_sense_is_silent(grasps):
    table, target, _ = grasps
    model = make_fusion_pipeline(ENCODERS, ESN, fusion="early").fit(table, target)
    holes = table.copy()
    holes["touch"] = None
    with pytest.warns(UserWarning, match="masked"):
        assert model.score(holes, target) > 0.1


def test_a_recording_without_a_sense_is_kept_in_the_test_folds(grasps):
    table, target, blocks = grasps
    table = table.copy()
    table.iloc[7, 1] = None
    model = make_fusion_pipeline(ENCODERS, ESN)
    with pytest.raises(
        ValueError, match=r"whole = table\.notna\(\).*cv = \[\(a\[whole\[a\]\], b\)"
    ):
        model.fit(table, target)
    whole = table.notna().all(axis=1).to_numpy()
    splits = GroupKFold(3).split(table, target, blocks)
    cv = [(a[whole[a]], b) for a, b in splits]
    with pytest.warns(UserWarning, match="'joints' is missing in 1 of"):
        scores = cross_val_score(model, table, target, cv=cv, error_score="raise")
    assert scores.mean() > 0.7
    assert sum(7 in test for _, test in cv) == 1
    assert not any(7 in train for train, _ in cv)


def test_errors_name_a_recording_by_its_label_and_by_its_row(grasps):
    table, target, _ = grasps
    table = table.reset_index(drop=True)
    model = make_fusion_pipeline(ENCODERS, ESN).fit(table, target)
    part = table[48:60].copy()
    for sense, cell in (("touch", None), ("joints", None)):
        part.iloc[2, part.columns.get_loc(sense)] = cell
    with pytest.raises(ValueError, match=r"^recording 50 \(row 2\) has none of the senses"):
        model.predict(part)
    part = table[48:60].copy()
    part.iloc[1, part.columns.get_loc("touch")] = np.zeros((4, 3))
    with pytest.raises(ValueError, match=r"recording 49 \(row 1\) of 'touch'"):
        model.predict(part)
    part.index = [f"grasp {k}" for k in range(12)]
    with pytest.raises(ValueError, match=r"recording 'grasp 1' \(row 1\) of 'touch'"):
        model.predict(part)
    part = part.reset_index(drop=True)
    with pytest.raises(ValueError, match=r"recording 1 of 'touch'"):
        model.predict(part)
    part.iloc[5, 0] = None
    with pytest.raises(ValueError, match=r"missing in recording 5 of the training data \(1 of 12"):
        model.fit(part, target[:12])


def test_sense_missing_in_training_and_recordings_without_any_are_refused(grasps):
    table, target, _ = grasps
    holes = table.copy()
    holes.iloc[7, 1] = None
    model = make_fusion_pipeline(ENCODERS, ESN)
    with pytest.raises(ValueError, match=r"'joints' is missing in recording .* of the training"):
        model.fit(holes, target)
    holes.iloc[7, 0] = None
    with pytest.raises(ValueError, match="has none of the senses touch, joints"):
        model.fit(table, target).predict(holes)
    with pytest.raises(ValueError, match="the table has no column 'joints'"):
        model.predict(table[["touch"]])
    with pytest.raises(TypeError, match="expected a table"):
        model.predict(np.zeros((3, 2)))


def test_search_and_feature_names_reach_through_the_pipeline(grasps):
    table, target, blocks = grasps
    model = make_fusion_pipeline(ENCODERS, ESN)
    grid = {"features__touch__reservoir__n_nodes": [5, 10]}
    search = GridSearchCV(model, grid, cv=GroupKFold(2)).fit(table, target, groups=blocks)
    names = search.best_estimator_[:-1].get_feature_names_out()
    n = search.best_params_["features__touch__reservoir__n_nodes"]
    assert len(names) == 2 * n + 2 * 20
    assert names[0] == "touch__echostatereservoir_mean0_0"
    assert "EchoStateReservoir" in model._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fusion": "midle"}, "fusion='midle': expected one of .* did you mean 'middle'"),
        ({"reservoir": EchoStateReservoir(5)}, "gives states; a readout of recordings needs"),
        ({"reservoir": {"touch": ESN}}, "sense 'joints' has no reservoir"),
        ({"reservoir": {"touch": ESN}, "fusion": "early"}, "early fusion runs one reservoir"),
    ],
)
def test_impossible_descriptions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_fusion_pipeline(ENCODERS, **({"reservoir": ESN} | arguments))


def test_masked_readout_equals_the_readout_fitted_without_the_features():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 6)), rng.integers(0, 3, 40)
    masked = MaskedReadout(RidgeReadout(1.0)).fit(X, y)
    holes = X.copy()
    holes[::2, 2:4] = np.nan
    kept = [0, 1, 4, 5]
    expected = RidgeReadout(1.0).fit(X[:, kept], y).predict_proba(X[:, kept])
    assert_array_equal(masked.predict_proba(holes)[::2], expected[::2])
    assert_array_equal(masked.predict_proba(holes)[1::2], masked.predict_proba(X)[1::2])
    nothing = masked.predict_proba(np.full((1, 6), np.nan))
    assert_array_equal(nothing, np.full((1, 3), 1 / 3))
    with pytest.raises(ValueError, match="no feature at all"):
        masked.predict(np.full((1, 6), np.nan))


def test_raw_baseline_is_the_pooled_drive():
    X = np.random.default_rng(0).normal(size=(4, 12, 3))
    got = NoReservoir(pool="mean", n_segments=6).fit_transform(X)
    assert np.allclose(got, X.reshape(4, 6, 2, 3).mean(axis=2).reshape(4, -1))


def test_what_is_no_dict_of_encoders_and_no_reservoir_is_named():
    with pytest.raises(TypeError, match=r"encoders=\['touch', 'joints'\] must be a dict of a"):
        make_fusion_pipeline(["touch", "joints"], ESN)
    with pytest.raises(TypeError, match=r"reservoir=\[.*\] must be a reservoir, a Pipeline"):
        make_fusion_pipeline(ENCODERS, [ESN])
    with pytest.raises(TypeError, match="no option 'fusions'; did you mean 'fusion'"):
        make_fusion_pipeline(ENCODERS, ESN, fusions="late")
