"""CrossbarReadout against the models that it computes, plain loops, and its devices."""

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

# most devices here have fewer than the 64 levels that are the default; one test expects the warning
pytestmark = pytest.mark.filterwarnings("ignore:n_levels=64, but cells")
DAY = 86_400.0
FINE = {"n_levels": None, "dac_bits": None, "adc_bits": None, "compensate": False}
X, Y = load_digits(return_X_y=True)
KEPT = (
    X.std(axis=0) > 1.0
)  # pixels that vary: others have a range near 0, and test data are clipped
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
def test_without_errors_it_equals_the_readout(model, mapping):
    programmed = CrossbarReadout(model, tile(), mapping=mapping, **FINE).fit(X, Y)
    reference = clone(model).fit(X, Y)
    assert_allclose(
        programmed.decision_function(X_TEST),
        reference.decision_function(X_TEST),
        rtol=1e-6,
        atol=1e-6,
    )
    assert_array_equal(programmed.predict(X_TEST), reference.predict(X_TEST))
    assert programmed.score(X_TEST, Y_TEST) == programmed.score_float(X_TEST, Y_TEST)
    assert hasattr(programmed, "predict_proba") == hasattr(reference, "predict_proba")
    if hasattr(programmed, "predict_proba"):
        assert_allclose(
            programmed.predict_proba(X_TEST), reference.predict_proba(X_TEST), atol=1e-6
        )


def test_128_levels_and_12_bits_equal_floating_point_to_a_thousandth():
    held = np.clip(X_TEST, X.min(axis=0), X.max(axis=0))  # outside the ranges a converter clips
    programmed = CrossbarReadout(
        RidgeReadout(10.0), tile((64, 40)), n_levels=128, mapping="sliced", dac_bits=12, adc_bits=12
    ).fit(X, Y)
    decision = programmed.readout_.decision_function(held)
    worst = np.abs(programmed.decision_function(held) - decision).max()
    assert worst < 1e-3 * np.ptp(decision)
    assert_array_equal(programmed.predict(held), programmed.readout_.predict(held))


def test_128_levels_in_one_pair_of_cells_are_the_readout_with_rounded_weights():
    programmed = CrossbarReadout(RidgeClassifier(10.0), tile(), **(FINE | {"n_levels": 128})).fit(
        X, Y
    )
    half = programmed.half_range_
    weights = programmed.readout_.coef_ * half
    most = np.abs(weights).max()
    rounded = np.round(weights / most * 127) / 127 * most
    scaled = (X_TEST - programmed.centre_) / half
    expected = scaled @ rounded.T + programmed.bias_
    assert_allclose(programmed.decision_function(X_TEST), expected, atol=1e-9)
    assert np.abs(rounded - weights).max() > 1e-3 * most  # the rounding alone


def test_converters_and_levels_equal_a_plain_loop():
    programmed = CrossbarReadout(
        RidgeClassifier(),
        tile((12, 8)),
        n_levels=16,
        dac_bits=5,
        adc_bits=7,
        percentile=98.0,
        compensate=False,
    ).fit(X[:, :12], Y % 4)
    (only,) = programmed.tiles_
    weights = (programmed.readout_.coef_ * programmed.half_range_).T
    expected = plain_readout(
        X_TEST[:20, :12], programmed.centre_, programmed.half_range_, 5, weights,
        programmed.bias_, 1e-6, 100e-6, 16,
        (7, *only.range),
    )  # fmt: skip
    assert_allclose(programmed.decision_function(X_TEST[:20, :12]), expected, rtol=1e-9, atol=1e-12)


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


def test_errors_of_wires_are_those_of_the_crossbar():
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
    programmed = CrossbarReadout(RidgeClassifier(), passive, random_state=0)
    with pytest.warns(UserWarning, match="are not linear"):
        programmed.fit(X[:60, :12], Y[:60] % 4)
    both = programmed.decision_function(X_TEST[:2, :12])
    assert_allclose(both[1:], programmed.decision_function(X_TEST[1:2, :12]), atol=1e-6)


def test_gains_compensate_the_systematic_error_of_wires():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(500, 100))
    B = A @ rng.normal(size=(100, 60))
    crossbar = tile((128, 128), wire_resistance=1.0)
    plain, programmed = (
        CrossbarReadout(Ridge(), crossbar, **(FINE | {"compensate": on})).fit(A[:300], B[:300])
        for on in (False, True)
    )
    errors = [
        r.compare(np.clip(A[300:], -2, 2), B[300:]).decision_error for r in (plain, programmed)
    ]
    assert errors[1] < 0.25 * errors[0]
    (cells,) = programmed.tiles_
    volts = programmed._volts(programmed.calibration_)
    got = cells.currents(volts, 0.0, None) @ cells.combine
    exact = volts @ (programmed.readout_.coef_ * programmed.half_range_).T
    for k in (0, 59):
        slope, offset = np.polyfit(got[:, k], exact[:, k], 1)
        assert_allclose([cells.gain[k], cells.offset[k]], [slope, offset], rtol=1e-6, atol=1e-9)
    assert cells.gain.min() > 1.03  # currents were too small


def test_gains_come_from_the_training_data_and_do_not_age():
    programmed = CrossbarReadout(RidgeClassifier(), tile(device="pcm"), random_state=0).fit(X, Y)
    gain = programmed.tiles_[0].gain.copy()
    programmed.predict(X_TEST * 3)
    assert_array_equal(programmed.age(DAY).tiles_[0].gain, gain)
    few = CrossbarReadout(RidgeClassifier(), tile(), random_state=0).fit(X[::70], Y[::70])
    assert few.tiles_[0].gain == 1.0  # nine rows are too few


@pytest.mark.parametrize("shape", [(64, 20), (32, 10)])
def test_gains_fitted_again_correct_a_common_drift_without_writing(shape):
    crossbar = Crossbar(shape, device="pcm", wire_resistance=1.0)
    programmed = CrossbarReadout(RidgeClassifier(10.0), crossbar, random_state=0).fit(X, Y)
    fresh = programmed.compare(X_TEST, Y_TEST)
    before = [tile.gain.copy() for tile in programmed.tiles_]
    aged = programmed.age(365 * DAY).compare(X_TEST, Y_TEST)
    cells = [tile.crossbar.conductances.copy() for tile in programmed.tiles_]
    again = programmed.recalibrate()
    assert again is programmed
    for tile, old, kept in zip(again.tiles_, before, cells, strict=True):
        assert_array_equal(tile.crossbar.conductances, kept)
        assert 1.5 < np.median(tile.gain / old) < 2.5  # half of the conductance is lost
    corrected = again.compare(X_TEST, Y_TEST)
    assert corrected.decision_error < 0.5 * aged.decision_error
    assert aged.score + 0.05 < corrected.score <= fresh.score + 0.02
    assert again.seconds_ == 365 * DAY


def test_gains_are_not_fitted_again_to_a_few_rows():
    few = CrossbarReadout(RidgeClassifier(), tile(), random_state=0).fit(X[::70], Y[::70])
    with pytest.raises(ValueError, match=r"has 9 rows.*need 10"):
        few.recalibrate()


@pytest.mark.parametrize("options", [{"topology": "passive", "selector": "sinh"}, {"v_sinh": 0.1}])
def test_gains_correct_a_part_of_the_error_of_nonlinear_cells(options):
    crossbar = Crossbar((64, 20), **options)
    with pytest.warns(UserWarning, match="corrects only a part of the error"):
        plain, programmed = (
            CrossbarReadout(RidgeClassifier(10.0), crossbar, compensate=on, random_state=0)
            .fit(X, Y)
            .compare(X_TEST[:60], Y_TEST[:60])
            for on in (False, True)
        )
    assert programmed.decision_error < 0.5 * plain.decision_error


def test_a_fitted_readout_is_used_as_it_is_and_frozen_through_clone():
    model = RidgeClassifier(10.0).fit(X, Y)
    coef = model.coef_.copy()
    programmed = CrossbarReadout(model, tile(), random_state=0).fit(X, (Y + 1) % 10)
    assert programmed.readout_ is model
    assert_array_equal(model.coef_, coef)
    same = CrossbarReadout(model, tile(), random_state=0).program(X)
    assert_array_equal(programmed.decision_function(X_TEST), same.decision_function(X_TEST))
    frozen = clone(CrossbarReadout(FrozenEstimator(model), tile(), random_state=0))
    frozen.fit(X, (Y + 1) % 10)
    assert_array_equal(programmed.decision_function(X_TEST), frozen.decision_function(X_TEST))
    fresh = clone(programmed).fit(X, (Y + 1) % 10)  # not frozen: is fitted to y
    assert fresh.score(X, (Y + 1) % 10) > 0.8 > 0.1 > programmed.score(X, (Y + 1) % 10)


def test_program_writes_the_readout_that_was_set_last():
    first, second = RidgeClassifier(10.0).fit(X, Y), RidgeClassifier(10.0).fit(X, (Y + 1) % 10)
    programmed = CrossbarReadout(first, tile(), random_state=0).program(X)
    assert programmed.set_params(readout=second).program(X).readout_ is second
    refitted = CrossbarReadout(RidgeClassifier(), tile(), aware=True, random_state=0).fit(X, Y)
    model = refitted.readout_
    assert refitted.program(X).readout_ is model
    with pytest.raises(ValueError, match=r"call fit\(X, y\)"):
        refitted.set_params(readout=second).program(X)


@pytest.mark.parametrize("aware", [False, np.False_, True, np.True_, np.float64(60.0)])
def test_aware_is_a_boolean_or_an_age(aware):
    crossbar = tile(device="cmo_hfox")
    programmed = CrossbarReadout(RidgeClassifier(), crossbar, aware=aware, random_state=0).fit(X, Y)
    reference = RidgeClassifier().fit(X, Y)
    assert np.array_equal(programmed.readout_.coef_, reference.coef_) == (not aware)


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
def test_groups_of_linear_models_and_searches_equal_their_models(model, fitted):
    two = isinstance(model, MultiOutputClassifier | MultiOutputRegressor)
    y = np.stack([Y % 3, Y // 5], axis=1) if two else Y
    reference = clone(model).fit(X, y)
    programmed = CrossbarReadout(reference if fitted else model, tile((64, 25)), **FINE).fit(X, y)
    assert_allclose(programmed.predict(X_TEST), reference.predict(X_TEST), rtol=1e-6, atol=1e-6)
    for method in ("decision_function", "predict_proba"):
        assert hasattr(programmed, method) == hasattr(reference, method)
        if hasattr(programmed, method):
            both = (
                [np.array(getattr(each, method)(X_TEST)) for each in (programmed, reference)]
                if (not two)
                else [np.hstack(getattr(each, method)(X_TEST)) for each in (programmed, reference)]
            )
            assert_allclose(*both, rtol=1e-6, atol=1e-6)
    truth = np.stack([Y_TEST % 3, Y_TEST // 5], axis=1) if two else Y_TEST
    assert_allclose(programmed.score(X_TEST, truth), reference.score(X_TEST, truth))
    assert_allclose(programmed.compare(X_TEST, truth).agreement, 1.0)


@pytest.mark.slow
def test_device_aware_fits_work_for_groups_of_models():
    model = OneVsRestClassifier(LogisticRegression(C=1.0, max_iter=1000))
    crossbar = tile(device="milo2021")
    plain, programmed = (
        CrossbarReadout(model, crossbar, aware=aware, random_state=0).fit(X, Y)
        for aware in (False, True)
    )
    errors = [r.compare(X_TEST, Y_TEST).decision_error for r in (plain, programmed)]
    assert errors[1] < errors[0]


def test_the_cost_of_writing_is_reported_by_tile():
    crossbar = tile((16, 8), "reram_om")
    programmed = CrossbarReadout(RidgeClassifier(), crossbar, repair=False, random_state=0).fit(
        X, Y
    )
    costs, tiles = programmed.written_, programmed.tiles_
    assert len(costs) == len(tiles)
    for k in (0, len(tiles) - 1):
        run, (used, wide) = tiles[k].crossbar.written, (
            tiles[k].rows.stop - tiles[k].rows.start, len(tiles[k].combine))  # fmt: skip
        assert (costs.row[k], costs.output[k]) == (tiles[k].rows.start, tiles[k].outputs.start)
        assert costs.cells[k] == used * wide
        assert costs.pulses[k] == run.pulses.sum()
        assert_allclose(costs.energy[k], run.energy.sum())
        assert_allclose(costs["yield"][k], run.reached.to_numpy()[-used:, :wide].mean())
        assert costs.stuck[k] == run.stuck.to_numpy()[-used:, :wide].sum()
    repaired = CrossbarReadout(RidgeClassifier(), crossbar, random_state=0).fit(X, Y).written_
    assert repaired.pulses.sum() > 1.5 * costs.pulses.sum()  # a second round
    statistical = CrossbarReadout(RidgeClassifier(), SMALL, random_state=0).fit(X, Y).written_
    assert statistical.pulses.isna().all()  # not known for statistics


@pytest.mark.parametrize("model", [Ridge(1.0), RidgeReadout(1.0), PoissonRegressor()])
@pytest.mark.parametrize("n_targets", [1, 3])
def test_regressions_keep_their_shape_and_their_link(model, n_targets):
    if n_targets > 1 and isinstance(model, PoissonRegressor):
        n_targets = 1
    A, b = make_regression(80, 6, n_targets=n_targets, random_state=0)
    b = np.exp(b / np.abs(b).max())
    programmed = CrossbarReadout(model, tile((6, 6)), **FINE).fit(A, b)
    assert_allclose(programmed.predict(A), clone(model).fit(A, b).predict(A), rtol=1e-6)
    assert_allclose(programmed.score(A, b), programmed.score_float(A, b))
    assert_allclose(programmed.compare(A, b).agreement, 1.0)


@pytest.mark.parametrize("name", ["milo2021", "wan2022_day", "cmo_hfox", "pcm", "memdiode_hfo2"])
def test_scores_fall_within_a_day_as_the_device_relaxes(name):
    programmed = CrossbarReadout(RidgeClassifier(10.0), tile((64, 20), name), random_state=0).fit(
        X, Y
    )
    fresh = programmed.compare(X_TEST, Y_TEST)
    if name == "milo2021":
        with pytest.warns(UserWarning, match="no retention was published for 'milo2021'") as caught:
            day = programmed.age(DAY).compare(X_TEST, Y_TEST)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        pd.testing.assert_series_equal(day, fresh)
    else:
        day = programmed.age(DAY).compare(X_TEST, Y_TEST)
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
    programmed, again = (CrossbarReadout(RidgeClassifier(), **options).fit(X, Y) for _ in range(2))
    decision = programmed.decision_function(X_TEST)
    assert_array_equal(decision, again.decision_function(X_TEST))
    order = np.random.default_rng(0).permutation(len(X_TEST))
    assert_allclose(programmed.decision_function(X_TEST[order]), decision[order], rtol=1e-12)
    assert_allclose(programmed.decision_function(X_TEST[:7]), decision[:7], rtol=1e-12)
    other = programmed.redraw(random_state=4)
    assert np.abs(other.decision_function(X_TEST) - decision).max() > 1e-3
    assert_array_equal(programmed.decision_function(X_TEST), decision)
    assert_array_equal(pickle.loads(pickle.dumps(programmed)).decision_function(X_TEST), decision)


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
    programmed = CrossbarReadout(Ridge(), tile((3, 2)), random_state=0).fit(
        X[:, :3], Y.astype(float)
    )
    assert_allclose(programmed.centre_ - programmed.half_range_, X[:, :3].min(axis=0))
    assert_allclose(programmed.centre_ + programmed.half_range_, X[:, :3].max(axis=0))
    far = X[:1, :3] + 1e3
    assert_allclose(
        programmed.predict(far), programmed.predict(far * 10)
    )  # both clipped at the end
    assert programmed.compare(np.vstack([X[:9, :3], far]), np.arange(10.0)).clipped == 0.1


def test_pairs_compensate_stuck_cells_within_their_range():
    options = FINE | {"write_options": {"stuck": 0.1}, "random_state": 0}
    left, repaired = (
        CrossbarReadout(RidgeClassifier(10.0), tile(), repair=repair, **options).fit(X, Y)
        for repair in (False, True)
    )
    weights = (left.readout_.coef_ * left.half_range_).T
    g, got = (r.tiles_[0].crossbar.conductances[-X.shape[1] :, :20] for r in (left, repaired))
    held = got @ repaired.tiles_[0].combine
    stuck = np.abs(g @ left.tiles_[0].combine - weights) > 1e-9
    exact = np.abs(held - weights) < 1e-9
    assert exact[~stuck].all()
    assert 0.4 < exact[stuck].mean() < 1.0
    most = np.abs(weights).max()
    pairs = got.reshape(len(got), 10, 2)[stuck & ~exact]  # the others are at an end, or both stuck
    ends = np.isclose(pairs, 1e-6) | np.isclose(pairs, 100e-6)
    assert ends.any(axis=1).mean() > 0.8
    assert np.abs(held - weights).max() <= most * (1 + 1e-9)
    errors = [r.compare(X_TEST, Y_TEST).decision_error for r in (left, repaired)]
    assert errors[1] < 0.7 * errors[0]


def test_ageing_follows_one_path_and_cannot_be_undone():
    programmed = CrossbarReadout(RidgeClassifier(), tile(device="cmo_hfox"), random_state=0).fit(
        X, Y
    )
    fresh = programmed.decision_function(X_TEST)
    assert programmed.age(3600.0) is programmed
    hour = programmed.decision_function(X_TEST)
    day = programmed.age(DAY).decision_function(X_TEST)
    assert 0 < np.abs(hour - fresh).mean() < np.abs(day - fresh).mean()
    jumped = programmed.redraw(0).age(DAY)
    assert_array_equal(jumped.decision_function(X_TEST), day)
    assert_array_equal(programmed.redraw(0).decision_function(X_TEST), fresh)
    for seconds, message in (
        (-1.0, "-1.0 s must be .* at least 0"),
        (60.0, "ageing cannot be undone"),
    ):
        with pytest.raises(ValueError, match=message):
            programmed.age(seconds)
    assert_array_equal(programmed.program(X).decision_function(X_TEST), fresh)


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
    programmed = _fit_ridge(fitted, A, b, extra, A.mean(axis=0), A.std(axis=0))
    own = A.var(axis=0) if getattr(model, "standardize", False) else np.ones(5)
    Z = A - A.mean(axis=0)
    coef = np.linalg.solve(Z.T @ Z + np.diag(alpha * own + extra), Z.T @ (b - b.mean()))
    assert_allclose(programmed.coef_, coef, rtol=1e-8)
    assert_allclose(programmed.predict(A), Z @ coef + b.mean(), rtol=1e-8)
    assert programmed.get_params() == fitted.get_params()


@pytest.mark.parametrize(
    "model", [RidgeClassifierCV((1e-3, 1e-2)), LinearSVC(C=1.0, random_state=0)]
)
def test_device_aware_fits_have_smaller_errors(model):
    def twins(A, seed):  # nearly equal features: large weights that cancel, as of many reservoirs
        return np.hstack(
            [A[:, :20], A[:, :20] + np.random.default_rng(seed).normal(size=A[:, :20].shape) / 4]
        )

    A, B = twins(X, 0), twins(X_TEST, 1)
    options = {"crossbar": tile(device="milo2021"), "random_state": 0}
    plain = CrossbarReadout(model, **options).fit(A, Y).compare(B, Y_TEST)
    programmed = CrossbarReadout(model, aware=True, **options).fit(A, Y)
    aware = programmed.compare(B, Y_TEST)
    assert aware.decision_error < 0.8 * plain.decision_error
    assert aware.score > plain.score
    assert type(programmed.readout_) is type(model)


def test_a_device_aware_fit_to_ideal_cells_changes_nothing():
    plain, aware = (
        CrossbarReadout(RidgeReadout(), tile(), **FINE, aware=aware, random_state=0).fit(X, Y)
        for aware in (False, True)
    )
    assert_allclose(aware.decision_function(X_TEST), plain.decision_function(X_TEST), atol=1e-6)


@pytest.mark.parametrize("wrap", [lambda m: m, FrozenEstimator, search_of])
def test_earlier_steps_may_impute_missing_values(wrap):
    holes = X.copy()
    holes[::7, 3] = np.nan
    model = make_pipeline(SimpleImputer(), RidgeClassifier(10.0))
    if wrap is FrozenEstimator:
        model.fit(holes, Y)
    programmed = CrossbarReadout(wrap(model), tile(), **FINE, random_state=0).fit(holes, Y)
    assert_array_equal(programmed.predict(holes), programmed.readout_.predict(holes))
    assert np.isfinite(programmed.energy(holes[:8]).supply).all()
    with pytest.raises(ValueError, match="contains NaN"):
        CrossbarReadout(RidgeClassifier(), tile()).fit(holes, Y)
    left = make_pipeline(StandardScaler(), RidgeClassifier())
    with pytest.raises(ValueError, match="contains NaN"):
        CrossbarReadout(left, tile(), random_state=0).fit(X, Y).predict(holes)


def test_the_seed_of_the_crossbar_draws_the_cells_if_the_readout_has_none():
    def weights(seed, own=None):
        array = tile((64, 24), "milo2021", random_state=seed)
        programmed = CrossbarReadout(RidgeClassifier(10.0), array, random_state=own).fit(X, Y)
        return programmed.tiles_[0].crossbar.conductances

    assert_array_equal(weights(5), weights(5))
    assert not np.array_equal(weights(5), weights(6))
    assert_array_equal(weights(5, own=1), weights(6, own=1))
    assert_array_equal(*(weights(np.random.default_rng(2)) for _ in range(2)))
    programmed = CrossbarReadout(RidgeClassifier(10.0), tile((64, 24), "milo2021", random_state=5))
    drawn = programmed.fit(X, Y).tiles_[0].crossbar.conductances
    assert not np.array_equal(programmed.redraw().tiles_[0].crossbar.conductances, drawn)


def test_a_warning_and_the_comparison_name_an_output_much_smaller_than_others():
    A, b = load_diabetes(return_X_y=True)
    B = np.stack([b, 3 * A[:, 0]], axis=1)
    options = {"crossbar": Crossbar((16, 8)), "random_state": 0}
    with pytest.warns(UserWarning, match=r"output 1 is 0\.00\d+ of .*scale='column'") as caught:
        lost = CrossbarReadout(Ridge(1e-3), **options).fit(A, B)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    comparison = lost.compare(A, B)
    assert comparison.agreement > 0.999
    assert comparison.worst_output == 1
    assert comparison.worst_error > 0.5
    assert comparison.worst_agreement < 0.9
    kept = CrossbarReadout(Ridge(1e-3), scale="column", **options).fit(A, B).compare(A, B)
    assert kept.worst_error < 0.1
    assert kept.worst_agreement > 0.99


@pytest.mark.parametrize(("n_levels", "n_warnings"), [(64, 1), (None, 0)])
def test_the_warning_depends_on_levels_and_write_errors(n_levels, n_warnings):
    A = np.random.default_rng(0).uniform(-1, 1, (200, 5))
    B = np.stack([A.sum(axis=1), 0.05 * A[:, 0]], axis=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CrossbarReadout(Ridge(1e-3), tile((16, 8)), n_levels=n_levels, random_state=0).fit(A, B)
    assert len(caught) == n_warnings


def test_operations_are_counted_and_energy_is_that_of_the_arrays():
    programmed = CrossbarReadout(RidgeClassifier(), tile((16, 8)), random_state=0).fit(X, Y)
    rows, across = -(-X.shape[1] // 16), 3  # four outputs a tile
    counts = programmed.count_operations(X_TEST[:5])
    assert counts.to_dict() == {
        "inferences": 5, "dac": 5 * X.shape[1], "adc": 5 * 20 * rows,
        "drivers": 5 * X.shape[1] * across,
        "products": 5 * 10 * X.shape[1], "reads": 5 * 20 * X.shape[1],
        "mac": 5 * (X.shape[1] + 20 * rows + 10 * rows),
        "tiles": rows * across, "cells": 20 * X.shape[1],
        "cells_unused": rows * across * 128 - 20 * X.shape[1],
    }  # fmt: skip
    energy = programmed.energy(X_TEST[:5], 1e-6)
    volts = programmed._volts(X_TEST[:5])
    expected = sum(
        (t.drive(volts) ** 2 @ t.crossbar.conductances).sum(axis=1) for t in programmed.tiles_
    )
    assert_allclose(energy.supply, 1e-6 * expected, rtol=1e-6)
    assert energy.supply.dims == ("sample",)
    assert_allclose(programmed.energy(X_TEST[:5], 2e-6).supply, 2 * energy.supply)


def test_robustness_scores_every_setting_over_the_same_draws():
    programmed = CrossbarReadout(
        RidgeClassifier(10.0), tile(device="cmo_hfox", wire_resistance=1.0), random_state=0
    ).fit(X, Y)
    before = programmed.decision_function(X_TEST)
    scores = robustness(
        programmed, X_TEST, Y_TEST, n_levels=(2, 64), spread=(0.0, 0.5),
        wire_resistance=(0.0, 1.0, 50.0),
        adc_bits=(2, 8), age=(0.0, DAY), n_draws=4,
    )  # fmt: skip
    assert_array_equal(programmed.decision_function(X_TEST), before)
    assert scores.score.shape == (11, 4)
    assert_allclose(scores.median_score, np.median(scores.score, axis=1))
    assert_allclose(scores.low, np.percentile(scores.score, 5, axis=1))
    assert_array_equal(scores.worst, scores.score.min("draw"))
    assert float(scores.score_float) == programmed.score_float(X_TEST, Y_TEST)
    at = scores.set_xindex(["axis", "value"]).score
    as_is = at.sel(axis="n_levels", value=64)  # five points with the readout's own settings
    for name, value in {"spread": 0.0, "wire_resistance": 1.0, "adc_bits": 8, "age": 0.0}.items():
        assert_array_equal(at.sel(axis=name, value=value), as_is)
    worse = {"n_levels": 2, "spread": 0.5, "wire_resistance": 50.0, "adc_bits": 2}
    for name, value in worse.items():
        assert (at.sel(axis=name, value=value) < as_is).all()
    redrawn = programmed.redraw(2, n_levels=2).score(X_TEST, Y_TEST)
    assert float(at.sel(axis="n_levels", value=2)[2]) == redrawn
    assert "device='cmo_hfox', topology='1T1R', wire_resistance=(1.0, 1.0)" in scores.readout
    figure = draw_robustness(scores)
    assert [len(panel.get_xticks()) for panel in figure.axes] == [2, 2, 3, 2, 2]


def test_robustness_of_an_aged_readout_is_that_of_aged_cells():
    programmed = CrossbarReadout(
        RidgeClassifier(10.0), tile((64, 12), "wan2022_day"), mapping="offset", random_state=0
    ).fit(X, Y)
    programmed.age(DAY)
    axes = {"spread": (0.0,), "wire_resistance": (0.0,), "age": (0.0, DAY), "n_draws": 2}
    scores = robustness(programmed, X_TEST, Y_TEST, adc_bits=(8, 12), **axes)
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
    with pytest.warns(UserWarning, match="no retention was published for 'reram_sb'") as caught:
        kept = robustness(other, X_TEST, Y_TEST, age=(0.0, 60.0, DAY), **none)
    assert len(caught) == 1
    assert kept.retention == "not published"


def test_frames_keep_their_names_through_a_pipeline():
    frame = pd.DataFrame(X, columns=[f"pixel{k}" for k in range(X.shape[1])])
    model = make_pipeline(StandardScaler(), RidgeClassifier(10.0))
    programmed = CrossbarReadout(model, tile(), random_state=0).fit(frame, Y)
    assert_array_equal(programmed.feature_names_in_, frame.columns)
    assert programmed.score(frame, Y) > 0.9


def test_tiles_are_compared_by_identity():
    programmed = CrossbarReadout(RidgeClassifier(), tile(), random_state=0).fit(X, Y)
    assert all(isinstance(t, Tile) and t == t for t in programmed.tiles_)
    assert programmed.tiles_[0] != programmed.redraw(0).tiles_[0]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (RidgeClassifier(), {"n_levels": 1}, "n_levels=1 must be a whole number, at least 2"),
        (RidgeClassifier(), {"dac_bits": 0}, "dac_bits=0 must be a whole number from 1"),
        (RidgeClassifier(), {"adc_bits": 0.5}, "adc_bits=0.5 must be a whole number from 1"),
        (RidgeClassifier(), {"percentile": 0.0}, "percentile=0.0 % must be .* above 50"),
        (RidgeClassifier(), {"read_noise": -1.0}, "read_noise=-1.0 must be .* at least 0"),
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
        (OneVsRestClassifier(SVC()), {}, "OneVsRestClassifier contains a model without coef_"),
        (KNeighborsClassifier(), {}, "KNeighborsClassifier has no coef_ and intercept_"),
        (SVC(kernel="linear"), {}, "coef_ of SVC cannot be set"),
        (PLSRegression(), {}, "PLSRegression"),
    ],
)  # fmt: skip
def test_impossible_requests_are_refused_with_the_way_out(model, options, message):
    with pytest.raises(ValueError, match=message):
        CrossbarReadout(model, **({"crossbar": tile()} | options)).fit(X, Y)


def test_requests_before_fit_or_with_other_features_are_refused():
    programmed = CrossbarReadout(RidgeClassifier(), (64, 20), random_state=0)
    with pytest.raises(NotFittedError):
        programmed.compare(X, Y)
    with pytest.raises(NotFittedError):
        robustness(programmed, X, Y)
    programmed.fit(X, Y)
    assert programmed.tiles_[0].crossbar.shape == (64, 20)
    with pytest.raises(
        ValueError, match="seconds='1d' must be a finite number of s, at least 0; a day is 86400 s"
    ):
        programmed.age("1d")
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


@pytest.mark.parametrize("n_levels", [64, 30, 29, 7, None])
def test_far_more_levels_than_the_device_has_are_warned_of(n_levels):
    readout = CrossbarReadout(
        RidgeClassifier(), tile(device="wan2022_day"), n_levels=n_levels, random_state=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        readout.fit(X, Y)
    texts = [str(w.message) for w in caught if "n_levels" in str(w.message)]
    assert len(texts) == (n_levels in (64, 30))  # four times 7.35 is 29.4
    if texts:
        assert f"n_levels={n_levels}, but cells of 'wan2022_day' have about 7 levels" in texts[0]
        assert "n_levels=7 rounds to what the cells have" in texts[0]


def test_cells_are_written_again_without_the_training_data():
    readout = CrossbarReadout(RidgeClassifier(), tile(device="cmo_hfox"), random_state=0).fit(X, Y)
    fresh, kept = readout.decision_function(X_TEST), readout.calibration_
    with pytest.raises(ValueError, match=r"program\(\) writes the cells anew"):
        readout.age(DAY).age(60.0)
    assert np.abs(readout.decision_function(X_TEST) - fresh).max() > 0.01
    assert_array_equal(readout.program().decision_function(X_TEST), fresh)
    assert readout.seconds_ == 0.0
    assert readout.calibration_ is kept
    with pytest.raises(ValueError, match="without X takes the calibration data of fit"):
        CrossbarReadout(RidgeClassifier().fit(X, Y), tile()).program()


@pytest.mark.parametrize("model", [RidgeReadout(), CrossbarReadout(RidgeReadout(), SMALL)])
def test_states_and_gaps_are_refused_in_the_same_words(model):
    model = clone(model)
    A, a = X[:40, :8], Y[:40]
    gaps, infinite = A.copy(), A.copy()
    gaps[3, 2], infinite[1, 0] = np.nan, np.inf
    a = np.where(a > 4, "high", "low")
    fitted = clone(model).fit(A, a)
    for call in (lambda x: model.fit(x, a[: len(x)]), fitted.predict):
        with pytest.raises(ValueError, match=r"row 3, column 2: Input X contains NaN.*leave"):
            call(gaps)
        with pytest.raises(ValueError, match="row 1, column 0: Input X contains infinity"):
            call(infinite)
        for states in (A.reshape(8, 5, 8), list(A.reshape(8, 5, 8))):
            with pytest.raises(ValueError, match=r"these are states, .* Set pool= or n_segments="):
                call(states)
