"""CrossbarReadout against the models it carries, plain loops, and the laws of its devices."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from naive.writing import readout as plain_readout
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_diabetes, load_digits, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import RidgeReadout
from mottle.reservoir.nonvolatile import (
    Crossbar,
    CrossbarReadout,
    draw_robustness,
    robustness,
)
from mottle.reservoir.nonvolatile.aware import _fit_ridge
from mottle.reservoir.nonvolatile.cells import IDEAL
from mottle.reservoir.nonvolatile.tiles import Tile

DAY = 86_400.0
FINE = {"n_levels": None, "dac_bits": None, "adc_bits": None, "compensate": False}
X, Y = load_digits(return_X_y=True)
KEPT = X.std(axis=0) > 1.0  # pixels that move: a range of next to nothing is clipped by the rest
X, X_TEST, Y, Y_TEST = X[:600, KEPT], X[600:900, KEPT], Y[:600], Y[600:900]


def tile(shape=(64, 24), device=IDEAL, wire_resistance=0.0, **options):
    return Crossbar(shape, device=device, wire_resistance=wire_resistance, **options)


def search_of(model):
    return GridSearchCV(model, {"ridgeclassifier__alpha": [1.0, 10.0]}, cv=2)


SMALL = Crossbar((16, 8), wire_resistance=0.0)


@parametrize_with_checks(
    [
        CrossbarReadout(RidgeClassifier(), SMALL, random_state=0),
        CrossbarReadout(Ridge(), SMALL, aware=True, random_state=0),
        CrossbarReadout(LogisticRegression(), SMALL, read_noise=1e-9, random_state=0),
    ]
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


MODELS = [
    RidgeReadout(10.0),
    RidgeClassifier(10.0),
    LogisticRegression(C=0.01, max_iter=500),
    LinearSVC(C=1e-4, random_state=0),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5),
    make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("mapping", ["differential", "offset"])
def test_without_errors_it_is_the_readout_itself(model, mapping):
    ours = CrossbarReadout(model, tile(), mapping=mapping, **FINE).fit(X, Y)
    theirs = clone(model).fit(X, Y)
    assert_allclose(
        ours.decision_function(X_TEST), theirs.decision_function(X_TEST), rtol=1e-6, atol=1e-6
    )
    assert_array_equal(ours.predict(X_TEST), theirs.predict(X_TEST))
    assert ours.score(X_TEST, Y_TEST) == ours.score_float(X_TEST, Y_TEST)
    assert hasattr(ours, "predict_proba") == hasattr(theirs, "predict_proba")
    if hasattr(ours, "predict_proba"):
        assert_allclose(ours.predict_proba(X_TEST), theirs.predict_proba(X_TEST), atol=1e-6)


def test_128_levels_and_12_bits_decide_as_floating_point_to_a_thousandth():
    held = np.clip(X_TEST, X.min(axis=0), X.max(axis=0))  # outside the ranges a converter clips
    ours = CrossbarReadout(
        RidgeReadout(10.0), tile((64, 40)), n_levels=128, mapping="sliced", dac_bits=12, adc_bits=12
    ).fit(X, Y)
    decision = ours.readout_.decision_function(held)
    worst = np.abs(ours.decision_function(held) - decision).max()
    assert worst < 1e-3 * np.ptp(decision)
    assert_array_equal(ours.predict(held), ours.readout_.predict(held))


def test_128_levels_in_one_pair_of_cells_are_the_readout_with_rounded_weights():
    ours = CrossbarReadout(RidgeClassifier(10.0), tile(), **(FINE | {"n_levels": 128})).fit(X, Y)
    half = ours.half_range_
    weights = ours.readout_.coef_ * half
    most = np.abs(weights).max()
    rounded = np.round(weights / most * 127) / 127 * most
    scaled = (X_TEST - ours.centre_) / half
    expected = scaled @ rounded.T + ours.bias_
    assert_allclose(ours.decision_function(X_TEST), expected, atol=1e-9)
    assert np.abs(rounded - weights).max() > 1e-3 * most  # the rounding alone


def test_converters_and_levels_equal_a_plain_loop():
    ours = CrossbarReadout(
        RidgeClassifier(),
        tile((12, 8)),
        n_levels=16,
        dac_bits=5,
        adc_bits=7,
        percentile=98.0,
        compensate=False,
    ).fit(X[:, :12], Y % 4)
    (only,) = ours.tiles_
    weights = (ours.readout_.coef_ * ours.half_range_).T
    expected = plain_readout(
        X_TEST[:20, :12], ours.centre_, ours.half_range_, 5, weights, ours.bias_, 1e-6, 100e-6, 16,
        (7, *only.range),
    )  # fmt: skip
    assert_allclose(ours.decision_function(X_TEST[:20, :12]), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(7, 6), (64, 3), (10, 100)])
@pytest.mark.parametrize("mapping", ["differential", "sliced", "offset"])
def test_tiles_add_up_to_the_whole(shape, mapping):
    if mapping == "sliced" and shape[1] < 4:
        shape = (64, 4)
    options = FINE | {"mapping": mapping, "scale": "column", "n_levels": 2**12}
    cut = CrossbarReadout(RidgeClassifier(10.0), tile(shape), **options).fit(X, Y)
    whole = CrossbarReadout(RidgeClassifier(10.0), tile((64, 40)), **options).fit(X, Y)
    assert len(cut.tiles_) > 1 == len(whole.tiles_)
    a, b = cut.decision_function(X_TEST), whole.decision_function(X_TEST)
    assert_allclose(a, b, atol=0.005 * np.abs(b).max())


def test_wires_cost_what_the_crossbar_says():
    wired = CrossbarReadout(RidgeClassifier(10.0), tile(wire_resistance=5.0), **FINE).fit(X, Y)
    (only,) = wired.tiles_
    volts = 0.2 * (X_TEST[:3] - wired.centre_) / wired.half_range_
    alone = np.hstack([np.zeros((3, 64 - X.shape[1])), volts])  # at the end of the bit lines
    currents = only.crossbar.solve(alone, method="exact").output_current.to_numpy()
    expected = currents[:, :20] @ only.combine / 0.2 + wired.bias_
    assert_allclose(wired.decision_function(X_TEST[:3]), expected, rtol=1e-6)
    assert np.abs(expected - wired.readout_.decision_function(X_TEST[:3])).max() > 0.01


def test_passive_cells_with_a_selector_are_solved_one_by_one():
    passive = Crossbar((12, 8), topology="passive", selector="sinh", wire_resistance=1.0)
    ours = CrossbarReadout(RidgeClassifier(), passive, random_state=0)
    with pytest.warns(UserWarning, match="are not linear"):
        ours.fit(X[:60, :12], Y[:60] % 4)
    both = ours.decision_function(X_TEST[:2, :12])
    assert_allclose(both[1:], ours.decision_function(X_TEST[1:2, :12]), atol=1e-6)


def test_gains_undo_what_wires_do_to_all_products_alike():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(500, 100))
    B = A @ rng.normal(size=(100, 60))
    crossbar = tile((128, 128), wire_resistance=1.0)
    plain, ours = (
        CrossbarReadout(Ridge(), crossbar, **(FINE | {"compensate": on})).fit(A[:300], B[:300])
        for on in (False, True)
    )
    errors = [r.compare(np.clip(A[300:], -2, 2), B[300:]).decision_error for r in (plain, ours)]
    assert errors[1] < 0.25 * errors[0]
    (cells,) = ours.tiles_
    volts = ours._volts(ours.calibration_)
    got = cells.currents(volts, 0.0, None) @ cells.combine
    exact = volts @ (ours.readout_.coef_ * ours.half_range_).T
    for k in (0, 59):
        slope, offset = np.polyfit(got[:, k], exact[:, k], 1)
        assert_allclose([cells.gain[k], cells.offset[k]], [slope, offset], rtol=1e-6, atol=1e-9)
    assert cells.gain.min() > 1.03  # currents were too small


def test_gains_come_from_the_training_data_and_stay_while_cells_age():
    ours = CrossbarReadout(RidgeClassifier(), tile(device="pcm"), random_state=0).fit(X, Y)
    gain = ours.tiles_[0].gain.copy()
    ours.predict(X_TEST * 3)
    assert_array_equal(ours.age(DAY).tiles_[0].gain, gain)
    few = CrossbarReadout(RidgeClassifier(), tile(), random_state=0).fit(X[::70], Y[::70])
    assert few.tiles_[0].gain == 1.0  # nine rows teach it nothing


@pytest.mark.parametrize("options", [{"topology": "passive", "selector": "sinh"}, {"v_sinh": 0.1}])
def test_gains_make_good_a_part_of_what_cells_that_are_not_linear_cost(options):
    crossbar = Crossbar((64, 20), **options)
    with pytest.warns(UserWarning, match="only a part of the error is made good"):
        plain, ours = (
            CrossbarReadout(RidgeClassifier(10.0), crossbar, compensate=on, random_state=0)
            .fit(X, Y)
            .compare(X_TEST[:60], Y_TEST[:60])
            for on in (False, True)
        )
    assert ours.decision_error < 0.5 * plain.decision_error


def test_a_fitted_readout_is_taken_as_it_is_and_frozen_through_clone():
    model = RidgeClassifier(10.0).fit(X, Y)
    coef = model.coef_.copy()
    ours = CrossbarReadout(model, tile(), random_state=0).fit(X, (Y + 1) % 10)
    assert ours.readout_ is model
    assert_array_equal(model.coef_, coef)
    same = CrossbarReadout(model, tile(), random_state=0).program(X)
    assert_array_equal(ours.decision_function(X_TEST), same.decision_function(X_TEST))
    frozen = clone(CrossbarReadout(FrozenEstimator(model), tile(), random_state=0))
    frozen.fit(X, (Y + 1) % 10)
    assert_array_equal(ours.decision_function(X_TEST), frozen.decision_function(X_TEST))
    fresh = clone(ours).fit(X, (Y + 1) % 10)  # not frozen: learns what it is given
    assert fresh.score(X, (Y + 1) % 10) > 0.8 > 0.1 > ours.score(X, (Y + 1) % 10)


def test_program_writes_the_readout_that_was_set_last():
    first, second = RidgeClassifier(10.0).fit(X, Y), RidgeClassifier(10.0).fit(X, (Y + 1) % 10)
    ours = CrossbarReadout(first, tile(), random_state=0).program(X)
    assert ours.set_params(readout=second).program(X).readout_ is second
    refitted = CrossbarReadout(RidgeClassifier(), tile(), aware=True, random_state=0).fit(X, Y)
    model = refitted.readout_
    assert refitted.program(X).readout_ is model
    with pytest.raises(ValueError, match=r"call fit\(X, y\)"):
        refitted.set_params(readout=second).program(X)


@pytest.mark.parametrize("aware", [False, np.False_, True, np.True_, np.float64(60.0)])
def test_awareness_is_a_truth_value_or_an_age(aware):
    crossbar = tile(device="cmo_hfox")
    ours = CrossbarReadout(RidgeClassifier(), crossbar, aware=aware, random_state=0).fit(X, Y)
    theirs = RidgeClassifier().fit(X, Y)
    assert np.array_equal(ours.readout_.coef_, theirs.coef_) == (not aware)


GROUPS = [
    OneVsRestClassifier(LogisticRegression(C=0.01, max_iter=500)),
    make_pipeline(StandardScaler(), OneVsRestClassifier(RidgeClassifier(10.0))),
    GridSearchCV(RidgeClassifier(), {"alpha": [1.0, 10.0]}, cv=2),
    GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1.0]}, cv=2),
    MultiOutputClassifier(LogisticRegression(C=0.01, max_iter=500)),
    MultiOutputRegressor(Ridge(10.0)),
]


@pytest.mark.parametrize("model", GROUPS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("fitted", [False, True])
def test_groups_of_linear_models_and_searches_are_what_they_hold(model, fitted):
    two = isinstance(model, MultiOutputClassifier | MultiOutputRegressor)
    y = np.stack([Y % 3, Y // 5], axis=1) if two else Y
    theirs = clone(model).fit(X, y)
    ours = CrossbarReadout(theirs if fitted else model, tile((64, 25)), **FINE).fit(X, y)
    assert_allclose(ours.predict(X_TEST), theirs.predict(X_TEST), rtol=1e-6, atol=1e-6)
    for method in ("decision_function", "predict_proba"):
        assert hasattr(ours, method) == hasattr(theirs, method)
        if hasattr(ours, method):
            both = (
                [np.array(getattr(each, method)(X_TEST)) for each in (ours, theirs)]
                if (not two)
                else [np.hstack(getattr(each, method)(X_TEST)) for each in (ours, theirs)]
            )
            assert_allclose(*both, rtol=1e-6, atol=1e-6)
    truth = np.stack([Y_TEST % 3, Y_TEST // 5], axis=1) if two else Y_TEST
    assert_allclose(ours.score(X_TEST, truth), theirs.score(X_TEST, truth))
    assert_allclose(ours.compare(X_TEST, truth).agreement, 1.0)


def test_a_group_is_fitted_against_the_errors_of_the_cells():
    model = OneVsRestClassifier(LogisticRegression(C=1.0, max_iter=1000))
    crossbar = tile(device="milo2021")
    plain, ours = (
        CrossbarReadout(model, crossbar, aware=aware, random_state=0).fit(X, Y)
        for aware in (False, True)
    )
    errors = [r.compare(X_TEST, Y_TEST).decision_error for r in (plain, ours)]
    assert errors[1] < errors[0]


def test_what_writing_took_is_told_tile_by_tile():
    crossbar = tile((16, 8), "reram_om")
    ours = CrossbarReadout(RidgeClassifier(), crossbar, mend=False, random_state=0).fit(X, Y)
    told, tiles = ours.written_, ours.tiles_
    assert len(told) == len(tiles)
    for k in (0, len(tiles) - 1):
        run, (used, wide) = tiles[k].crossbar.written, (
            tiles[k].rows.stop - tiles[k].rows.start, len(tiles[k].combine))  # fmt: skip
        assert (told.row[k], told.output[k]) == (tiles[k].rows.start, tiles[k].outputs.start)
        assert told.cells[k] == used * wide
        assert told.pulses[k] == run.pulses.sum()
        assert_allclose(told.energy[k], run.energy.sum())
        assert_allclose(told["yield"][k], run.reached.to_numpy()[-used:, :wide].mean())
        assert told.stuck[k] == run.stuck.to_numpy()[-used:, :wide].sum()
    mended = CrossbarReadout(RidgeClassifier(), crossbar, random_state=0).fit(X, Y).written_
    assert mended.pulses.sum() > 1.5 * told.pulses.sum()  # a second round
    known = CrossbarReadout(RidgeClassifier(), SMALL, random_state=0).fit(X, Y).written_
    assert known.pulses.isna().all()  # statistics do not tell


@pytest.mark.parametrize("model", [Ridge(1.0), RidgeReadout(1.0), PoissonRegressor()])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_regressions_keep_their_shape_and_their_link(model, n_targets):
    if n_targets > 1 and isinstance(model, PoissonRegressor):
        n_targets = 1
    A, b = make_regression(80, 6, n_targets=n_targets, random_state=0)
    b = np.exp(b / np.abs(b).max())
    ours = CrossbarReadout(model, tile((6, 6)), **FINE).fit(A, b)
    assert_allclose(ours.predict(A), clone(model).fit(A, b).predict(A), rtol=1e-6)
    assert_allclose(ours.score(A, b), ours.score_float(A, b))
    assert_allclose(ours.compare(A, b).agreement, 1.0)


@pytest.mark.parametrize("name", ["milo2021", "wan2022_day", "cmo_hfox", "pcm", "memdiode_hfo2"])
def test_a_day_costs_what_the_device_forgets(name):
    ours = CrossbarReadout(RidgeClassifier(10.0), tile((64, 20), name), random_state=0).fit(X, Y)
    fresh = ours.compare(X_TEST, Y_TEST)
    if name == "milo2021":
        with pytest.warns(UserWarning, match="no retention was published for 'milo2021'") as told:
            day = ours.age(DAY).compare(X_TEST, Y_TEST)
        assert len(told) == 1
        assert told[0].filename == __file__
        pd.testing.assert_series_equal(day, fresh)
    else:
        day = ours.age(DAY).compare(X_TEST, Y_TEST)
        assert day.decision_error > 1.2 * fresh.decision_error
    assert (day.score < 0.3) == (name == "memdiode_hfo2")


def test_a_pipeline_within_a_frozen_pipeline_is_refitted_in_its_place():
    inner = make_pipeline(StandardScaler(), RidgeClassifier(10.0))
    model = FrozenEstimator(make_pipeline(StandardScaler(), inner).fit(X, Y))
    plain = CrossbarReadout(model, tile(), **FINE).fit(X, Y)
    aware = CrossbarReadout(model, tile(), aware=True, **FINE).fit(X, Y)
    expected = model.decision_function(X_TEST)
    assert_allclose(plain.decision_function(X_TEST), expected, rtol=1e-6, atol=1e-6)
    assert_allclose(aware.decision_function(X_TEST), expected, rtol=1e-6, atol=1e-6)


def test_same_seed_same_cells_and_rows_never_mix():
    options = {"crossbar": tile(device="milo2021"), "read_noise": 0.02, "random_state": 3}
    ours, again = (CrossbarReadout(RidgeClassifier(), **options).fit(X, Y) for _ in range(2))
    decision = ours.decision_function(X_TEST)
    assert_array_equal(decision, again.decision_function(X_TEST))
    order = np.random.default_rng(0).permutation(len(X_TEST))
    assert_allclose(ours.decision_function(X_TEST[order]), decision[order], rtol=1e-12)
    assert_allclose(ours.decision_function(X_TEST[:7]), decision[:7], rtol=1e-12)
    other = ours.redraw(random_state=4)
    assert np.abs(other.decision_function(X_TEST) - decision).max() > 1e-3
    assert_array_equal(ours.decision_function(X_TEST), decision)
    assert_array_equal(pickle.loads(pickle.dumps(ours)).decision_function(X_TEST), decision)


def test_read_noise_is_that_of_independent_cells():
    one = np.tile(X_TEST[:1], (4000, 1))
    one[:, 0] += np.linspace(0, 1e-9, 4000)  # other rows, the same voltages
    quiet = CrossbarReadout(RidgeClassifier(10.0), tile(), **FINE, random_state=0).fit(X, Y)
    noisy = quiet.redraw(0, read_noise=0.05)
    (cells,) = quiet.tiles_
    volts = 0.2 * (X_TEST[0] - quiet.centre_) / quiet.half_range_
    g = cells.crossbar.conductances[-X.shape[1] :, :20]
    variance = 0.05**2 * (volts**2 @ g**2) @ cells.combine**2 / 0.2**2
    error = noisy.decision_function(one) - quiet.decision_function(one)
    assert_allclose(error.mean(axis=0), 0.0, atol=0.08 * np.sqrt(variance.max()))
    assert_allclose(error.std(axis=0), np.sqrt(variance), rtol=0.06)


def test_ranges_come_from_the_training_data_alone():
    ours = CrossbarReadout(Ridge(), tile((3, 2)), random_state=0).fit(X[:, :3], Y.astype(float))
    assert_allclose(ours.centre_ - ours.half_range_, X[:, :3].min(axis=0))
    assert_allclose(ours.centre_ + ours.half_range_, X[:, :3].max(axis=0))
    far = X[:1, :3] + 1e3
    assert_allclose(ours.predict(far), ours.predict(far * 10))  # both clipped at the end
    assert ours.compare(np.vstack([X[:9, :3], far]), np.arange(10.0)).clipped == 0.1


def test_pairs_make_up_for_stuck_cells_as_far_as_they_reach():
    options = FINE | {"write_options": {"stuck": 0.1}, "random_state": 0}
    left, mended = (
        CrossbarReadout(RidgeClassifier(10.0), tile(), mend=mend, **options).fit(X, Y)
        for mend in (False, True)
    )
    weights = (left.readout_.coef_ * left.half_range_).T
    g, got = (r.tiles_[0].crossbar.conductances[-X.shape[1] :, :20] for r in (left, mended))
    held = got @ mended.tiles_[0].combine
    stuck = np.abs(g @ left.tiles_[0].combine - weights) > 1e-9
    exact = np.abs(held - weights) < 1e-9
    assert exact[~stuck].all()
    assert 0.4 < exact[stuck].mean() < 1.0
    most = np.abs(weights).max()
    pairs = got.reshape(len(got), 10, 2)[stuck & ~exact]  # the others are at an end, or both stuck
    ends = np.isclose(pairs, 1e-6) | np.isclose(pairs, 100e-6)
    assert ends.any(axis=1).mean() > 0.8
    assert np.abs(held - weights).max() <= most * (1 + 1e-9)
    errors = [r.compare(X_TEST, Y_TEST).decision_error for r in (left, mended)]
    assert errors[1] < 0.7 * errors[0]


def test_ageing_goes_one_way_along_one_path():
    ours = CrossbarReadout(RidgeClassifier(), tile(device="cmo_hfox"), random_state=0).fit(X, Y)
    fresh = ours.decision_function(X_TEST)
    assert ours.age(3600.0) is ours
    hour = ours.decision_function(X_TEST)
    day = ours.age(DAY).decision_function(X_TEST)
    assert 0 < np.abs(hour - fresh).mean() < np.abs(day - fresh).mean()
    jumped = ours.redraw(0).age(DAY)
    assert_array_equal(jumped.decision_function(X_TEST), day)
    assert_array_equal(ours.redraw(0).decision_function(X_TEST), fresh)
    for seconds, message in ((-1.0, "-1.0 s must be finite"), (60.0, "do not grow younger")):
        with pytest.raises(ValueError, match=message):
            ours.age(seconds)
    assert_array_equal(ours.program(X).decision_function(X_TEST), fresh)


@pytest.mark.parametrize(
    "model",
    [Ridge(2.0), RidgeReadout(), RidgeReadout(2.0, standardize=False), RidgeCV((0.5, 2.0))],
    ids=["Ridge", "RidgeReadout", "centred", "RidgeCV"],
)
def test_the_extra_penalty_is_that_of_the_normal_equations(model):
    A, b = make_regression(60, 5, noise=5.0, random_state=1)
    A = A * [1.0, 2.0, 3.0, 4.0, 5.0] + 7.0
    fitted, extra = clone(model).fit(A, b), np.array([1.0, 50.0, 0.0, 300.0, 7.0])
    alpha = getattr(fitted, "alpha_", 2.0)
    ours = _fit_ridge(fitted, A, b, extra, A.mean(axis=0), A.std(axis=0))
    own = A.var(axis=0) if getattr(model, "standardize", False) else np.ones(5)
    Z = A - A.mean(axis=0)
    coef = np.linalg.solve(Z.T @ Z + np.diag(alpha * own + extra), Z.T @ (b - b.mean()))
    assert_allclose(ours.coef_, coef, rtol=1e-8)
    assert_allclose(ours.predict(A), Z @ coef + b.mean(), rtol=1e-8)
    assert ours.get_params() == fitted.get_params()


@pytest.mark.parametrize(
    "model", [RidgeClassifierCV((1e-3, 1e-2)), LinearSVC(C=1.0, random_state=0)]
)
def test_fitting_against_the_errors_makes_them_smaller(model):
    def twins(A, seed):  # nearly the same twice: large weights that cancel, as of many reservoirs
        return np.hstack(
            [A[:, :20], A[:, :20] + np.random.default_rng(seed).normal(size=A[:, :20].shape) / 4]
        )

    A, B = twins(X, 0), twins(X_TEST, 1)
    options = {"crossbar": tile(device="milo2021"), "random_state": 0}
    plain = CrossbarReadout(model, **options).fit(A, Y).compare(B, Y_TEST)
    ours = CrossbarReadout(model, aware=True, **options).fit(A, Y)
    aware = ours.compare(B, Y_TEST)
    assert aware.decision_error < 0.8 * plain.decision_error
    assert aware.score > plain.score
    assert type(ours.readout_) is type(model)


def test_fitting_against_no_errors_changes_nothing():
    plain, aware = (
        CrossbarReadout(RidgeReadout(), tile(), **FINE, aware=aware, random_state=0).fit(X, Y)
        for aware in (False, True)
    )
    assert_allclose(aware.decision_function(X_TEST), plain.decision_function(X_TEST), atol=1e-6)


@pytest.mark.parametrize("wrap", [lambda m: m, FrozenEstimator, search_of])
def test_earlier_steps_may_fill_in_what_is_missing(wrap):
    holes = X.copy()
    holes[::7, 3] = np.nan
    model = make_pipeline(SimpleImputer(), RidgeClassifier(10.0))
    if wrap is FrozenEstimator:
        model.fit(holes, Y)
    ours = CrossbarReadout(wrap(model), tile(), **FINE, random_state=0).fit(holes, Y)
    assert_array_equal(ours.predict(holes), ours.readout_.predict(holes))
    assert np.isfinite(ours.energy(holes[:8]).supply).all()
    with pytest.raises(ValueError, match="contains NaN"):
        CrossbarReadout(RidgeClassifier(), tile()).fit(holes, Y)
    left = make_pipeline(StandardScaler(), RidgeClassifier())
    with pytest.raises(ValueError, match="contains NaN"):
        CrossbarReadout(left, tile(), random_state=0).fit(X, Y).predict(holes)


def test_the_seed_of_the_crossbar_draws_the_cells_where_the_readout_has_none():
    def weights(seed, own=None):
        array = tile((64, 24), "milo2021", random_state=seed)
        ours = CrossbarReadout(RidgeClassifier(10.0), array, random_state=own).fit(X, Y)
        return ours.tiles_[0].crossbar.conductances

    assert_array_equal(weights(5), weights(5))
    assert not np.array_equal(weights(5), weights(6))
    assert_array_equal(weights(5, own=1), weights(6, own=1))
    assert_array_equal(*(weights(np.random.default_rng(2)) for _ in range(2)))
    ours = CrossbarReadout(RidgeClassifier(10.0), tile((64, 24), "milo2021", random_state=5))
    drawn = ours.fit(X, Y).tiles_[0].crossbar.conductances
    assert not np.array_equal(ours.redraw().tiles_[0].crossbar.conductances, drawn)


def test_an_output_lost_beside_a_larger_one_is_named_and_shows_in_the_comparison():
    A, b = load_diabetes(return_X_y=True)
    B = np.stack([b, 3 * A[:, 0]], axis=1)
    options = {"crossbar": Crossbar((16, 8)), "random_state": 0}
    with pytest.warns(UserWarning, match=r"output 1 is 0\.00\d+ of .*scale='column'") as told:
        lost = CrossbarReadout(Ridge(1e-3), **options).fit(A, B)
    assert len(told) == 1
    assert told[0].filename == __file__
    seen = lost.compare(A, B)
    assert seen.agreement > 0.999
    assert seen.worst_output == 1
    assert seen.worst_error > 0.5
    assert seen.worst_agreement < 0.9
    kept = CrossbarReadout(Ridge(1e-3), scale="column", **options).fit(A, B).compare(A, B)
    assert kept.worst_error < 0.1
    assert kept.worst_agreement > 0.99


@pytest.mark.parametrize(("n_levels", "n_told"), [(64, 1), (None, 0)])
def test_what_is_little_goes_by_the_levels_and_the_errors_of_writing(n_levels, n_told):
    A = np.random.default_rng(0).uniform(-1, 1, (200, 5))
    B = np.stack([A.sum(axis=1), 0.05 * A[:, 0]], axis=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        CrossbarReadout(Ridge(1e-3), tile((16, 8)), n_levels=n_levels, random_state=0).fit(A, B)
    assert len(told) == n_told


def test_operations_are_counted_and_energy_is_that_of_the_arrays():
    ours = CrossbarReadout(RidgeClassifier(), tile((16, 8)), random_state=0).fit(X, Y)
    rows, across = -(-X.shape[1] // 16), 3  # four outputs a tile
    counts = ours.count_operations(X_TEST[:5])
    assert counts.to_dict() == {
        "inferences": 5, "dac": 5 * X.shape[1], "adc": 5 * 20 * rows,
        "drivers": 5 * X.shape[1] * across,
        "products": 5 * 10 * X.shape[1], "reads": 5 * 20 * X.shape[1],
        "mac": 5 * (X.shape[1] + 20 * rows + 10 * rows),
        "tiles": rows * across, "cells": 20 * X.shape[1],
        "cells_unused": rows * across * 128 - 20 * X.shape[1],
    }  # fmt: skip
    energy = ours.energy(X_TEST[:5], 1e-6)
    volts = ours._volts(X_TEST[:5])
    expected = sum((t.drive(volts) ** 2 @ t.crossbar.conductances).sum(axis=1) for t in ours.tiles_)
    assert_allclose(energy.supply, 1e-6 * expected, rtol=1e-6)
    assert energy.supply.dims == ("sample",)
    assert_allclose(ours.energy(X_TEST[:5], 2e-6).supply, 2 * energy.supply)


def test_robustness_scores_every_setting_over_the_same_draws():
    ours = CrossbarReadout(
        RidgeClassifier(10.0), tile(device="cmo_hfox", wire_resistance=1.0), random_state=0
    ).fit(X, Y)
    before = ours.decision_function(X_TEST)
    scores = robustness(
        ours, X_TEST, Y_TEST, n_levels=(2, 64), spread=(0.0, 0.5), wire_resistance=(0.0, 1.0, 50.0),
        adc_bits=(2, 8), age=(0.0, DAY), n_draws=4,
    )  # fmt: skip
    assert_array_equal(ours.decision_function(X_TEST), before)
    assert scores.score.shape == (11, 4)
    assert_allclose(scores.median_score, np.median(scores.score, axis=1))
    assert_allclose(scores.low, np.percentile(scores.score, 5, axis=1))
    assert_array_equal(scores.worst, scores.score.min("draw"))
    assert float(scores.score_float) == ours.score_float(X_TEST, Y_TEST)
    at = scores.set_xindex(["axis", "value"]).score
    as_is = at.sel(axis="n_levels", value=64)  # five points with the readout's own settings
    for name, value in {"spread": 0.0, "wire_resistance": 1.0, "adc_bits": 8, "age": 0.0}.items():
        assert_array_equal(at.sel(axis=name, value=value), as_is)
    worse = {"n_levels": 2, "spread": 0.5, "wire_resistance": 50.0, "adc_bits": 2}
    for name, value in worse.items():
        assert (at.sel(axis=name, value=value) < as_is).all()
    redrawn = ours.redraw(2, n_levels=2).score(X_TEST, Y_TEST)
    assert float(at.sel(axis="n_levels", value=2)[2]) == redrawn
    assert "device='cmo_hfox', topology='1T1R', wire_resistance=(1.0, 1.0)" in scores.readout
    figure = draw_robustness(scores)
    assert [len(panel.get_xticks()) for panel in figure.axes] == [2, 2, 3, 2, 2]


def test_robustness_of_an_aged_readout_is_that_of_aged_cells():
    ours = CrossbarReadout(
        RidgeClassifier(10.0), tile((64, 12), "wan2022_day"), mapping="offset", random_state=0
    ).fit(X, Y)
    ours.age(DAY)
    axes = {"spread": (0.0,), "wire_resistance": (0.0,), "age": (0.0, DAY), "n_draws": 2}
    scores = robustness(ours, X_TEST, Y_TEST, adc_bits=(8, 12), **axes)
    at = scores.set_xindex(["axis", "value"]).score
    assert at.sel(axis="n_levels").value.values.tolist() == [4, 8, 16, 32, 64, 128]
    old = at.sel(axis="age", value=DAY)
    points = {"n_levels": 64, "spread": 0.0, "wire_resistance": 0.0, "adc_bits": 8}
    for name, value in points.items():
        assert_array_equal(at.sel(axis=name, value=value), old)
    assert (old != at.sel(axis="age", value=0.0)).any()
    assert scores.retention == "published"
    other = CrossbarReadout(RidgeClassifier(), tile(device="reram_sb"), random_state=0).fit(X, Y)
    none = {"n_levels": (), "spread": (), "wire_resistance": (), "adc_bits": (), "n_draws": 1}
    with pytest.warns(UserWarning, match="no retention was published for 'reram_sb'") as told:
        kept = robustness(other, X_TEST, Y_TEST, age=(0.0, 60.0, DAY), **none)
    assert len(told) == 1
    assert kept.retention == "not published"


def test_frames_keep_their_names_through_a_pipeline():
    frame = pd.DataFrame(X, columns=[f"pixel{k}" for k in range(X.shape[1])])
    model = make_pipeline(StandardScaler(), RidgeClassifier(10.0))
    ours = CrossbarReadout(model, tile(), random_state=0).fit(frame, Y)
    assert_array_equal(ours.feature_names_in_, frame.columns)
    assert ours.score(frame, Y) > 0.9


def test_tiles_are_told_apart_by_identity():
    ours = CrossbarReadout(RidgeClassifier(), tile(), random_state=0).fit(X, Y)
    assert all(isinstance(t, Tile) and t == t for t in ours.tiles_)
    assert ours.tiles_[0] != ours.redraw(0).tiles_[0]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (RidgeClassifier(), {"n_levels": 1}, "n_levels=1 must be a whole number, at least 2"),
        (RidgeClassifier(), {"dac_bits": 0}, "dac_bits=0 must be a whole number from 1"),
        (RidgeClassifier(), {"adc_bits": 0.5}, "adc_bits=0.5 must be a whole number from 1"),
        (RidgeClassifier(), {"percentile": 0.0}, "percentile=0.0 % must lie above 50"),
        (RidgeClassifier(), {"read_noise": -1.0}, "read_noise=-1.0 must not be negative"),
        (RidgeClassifier(), {"aware": -1.0}, "aware=-1.0 s must be True, False, or an age"),
        (RidgeClassifier(), {"mapping": "diferential"}, "did you mean 'differential'"),
        (RidgeClassifier(), {"crossbar": tile((4, 1))}, "a tile of 1 columns is too narrow"),
        (RidgeClassifier(), {"write_options": {"method": "open"}, "crossbar": SMALL}, "statistics"),
        (RidgeClassifier(), {"write_options": {"spred": 1}}, "'spred' .* did you mean 'spread'"),
        (RidgeClassifier(), {"write_options": {"random_state": 1}}, "'random_state' is not known"),
        (RidgeClassifier(), {"write_options": 3}, "write_options=3 must be a dict"),
        (RidgeClassifier(), {"aware": "yes"}, "aware='yes' s must be True, False, or an age"),
        (RidgeClassifier(), {"adc_bits": True}, "adc_bits=True must be a whole number from 1"),
        (RidgeClassifier(), {"n_levels": "a"}, "n_levels='a' must be a whole number, at least 2"),
        (RidgeClassifier(), {"mapping": "sliced", "n_slices": 0}, "n_slices=0 must be a whole"),
        (RidgeClassifier(), {"mapping": "sliced", "n_slices": 2.5}, "n_slices=2.5 must be a whole"),
        (RidgeClassifier(), {"crossbar": 4}, "crossbar=4 must be a Crossbar, its shape"),
        (OneVsRestClassifier(SVC()), {}, "OneVsRestClassifier holds a model without coef_"),
        (KNeighborsClassifier(), {}, "KNeighborsClassifier has no coef_ and intercept_"),
        (SVC(kernel="linear"), {}, "coef_ of SVC follows from others"),
        (PLSRegression(), {}, "PLSRegression"),
    ],
)  # fmt: skip
def test_impossible_requests_are_refused_with_the_way_out(model, options, message):
    with pytest.raises(ValueError, match=message):
        CrossbarReadout(model, **({"crossbar": tile()} | options)).fit(X, Y)


def test_questions_too_early_or_too_narrow_are_refused():
    ours = CrossbarReadout(RidgeClassifier(), (64, 20), random_state=0)
    with pytest.raises(NotFittedError):
        ours.compare(X, Y)
    with pytest.raises(NotFittedError):
        robustness(ours, X, Y)
    ours.fit(X, Y)
    assert ours.tiles_[0].crossbar.shape == (64, 20)
    with pytest.raises(ValueError, match="seconds='1d' must be a number, in s; a day is 86400"):
        ours.age("1d")
    with pytest.raises(ValueError, match="X has 5 features; RidgeClassifier was fitted on"):
        CrossbarReadout(RidgeClassifier().fit(X, Y), (64, 20)).program(X[:, :5])


def test_weights_that_cannot_be_mapped_are_refused_with_their_place():
    model = RidgeClassifier().fit(X, Y)
    model.coef_[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"weight \(1, 2\) is nan"):
        CrossbarReadout(model, tile()).program(X)
    with pytest.raises(ValueError, match=r"call fit\(X, y\)"):
        CrossbarReadout(RidgeClassifier().fit(X, Y), tile(), aware=True).program(X)
    with pytest.raises(ValueError, match=r"n_draws=2\.5 must be a whole number, at least 1"):
        robustness(CrossbarReadout(RidgeClassifier(), tile()).fit(X, Y), X, Y, n_draws=2.5)
