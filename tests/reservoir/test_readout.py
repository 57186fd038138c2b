"""RidgeReadout against scikit-learn's ridge and brute-force leave-one-out."""

import pickle

import dask.array as da
import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import ridge as naive
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import LeaveOneOut
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import NoReservoir, RidgeReadout, fit_stream
from mottle.reservoir.readout import gram, rows
from mottle.reservoir.readout.calibration import find_sharpness

NO_SPLITS = {
    "check_sample_weight_equivalence_on_dense_data": "the check sets cv to lists of rows; here it "
    "names the method, since rows need not be in memory to be indexed",
}


@parametrize_with_checks(
    [RidgeReadout(task="classification"), RidgeReadout(task="regression")],
    expected_failed_checks=lambda _: NO_SPLITS,
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def data(n=30, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-3, 3, p)
    return X, X / X.std(0) @ rng.normal(size=p) + rng.normal(size=n)


@pytest.mark.parametrize("shape", [(30, 5), (12, 40)], ids=["tall", "wide"])
def test_fixed_penalty_equals_scikit_learn(shape):
    X, y = data(*shape)
    Z = X - X.mean(0)
    for standardize, features in ((False, X), (True, Z / X.std(0))):
        ridge = RidgeReadout(3.0, standardize=standardize).fit(X, y)
        reference = Ridge(3.0).fit(features, y)
        assert_allclose(ridge.predict(X), reference.predict(features), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("n_targets", [1, 3, 4, 6])
def test_a_row_gets_the_same_bytes_alone_as_among_others(n_targets):
    X = np.random.default_rng(0).normal(size=(50, 37))
    y = X @ np.random.default_rng(1).normal(size=(37, n_targets))
    ridge = RidgeReadout(1.0).fit(X, y)
    whole = ridge.predict(X)
    assert_allclose(whole, X @ ridge.coef_.T + ridge.intercept_, rtol=1e-12, atol=1e-12)
    for laid_out in (X, np.asfortranarray(X)):
        alone = np.concatenate([ridge.predict(laid_out[k : k + 1]) for k in range(50)])
        assert alone.tobytes() == whole.tobytes()


def test_labels_of_any_kind_equal_the_ridge_classifier():
    X, y = data(60, 5)
    labels = np.array(["apple", "pear", "plum"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    ridge = RidgeReadout(2.0, standardize=False).fit(X, labels)
    reference = RidgeClassifier(2.0).fit(X, labels)
    assert_array_equal(ridge.predict(X), reference.predict(X))
    assert_allclose(ridge.decision_function(X), reference.decision_function(X), atol=1e-8)


@pytest.mark.parametrize("shape", [(20, 4), (10, 30)], ids=["tall", "wide"])
def test_penalty_has_the_least_brute_force_leave_one_out_error(shape):
    X, y = data(*shape)
    alphas = [0.1, 1.0, 10.0, 100.0]
    Z = (X - X.mean(0)) / X.std(0)  # scale and penalty are common to all folds
    losses = []
    for alpha in alphas:
        errors = [
            y[test] - Ridge(alpha).fit(Z[train], y[train]).predict(Z[test])
            for train, test in LeaveOneOut().split(Z)
        ]
        losses.append(np.mean(np.square(errors)))
    assert RidgeReadout(alphas).fit(X, y).alpha_ == alphas[int(np.argmin(losses))]


def test_probabilities_are_calibrated_on_held_out_decisions():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    X = (2 * y - 1)[:, None] * 0.5 + rng.normal(size=(400, 1))
    readout = RidgeReadout().fit(X, y)
    p = readout.predict_proba(X)
    assert_allclose(p.sum(axis=1), 1.0)
    assert abs(p[np.arange(400), y].mean() - readout.score(X, y)) < 0.12
    assert_allclose(p[:, 1].mean(), y.mean(), atol=0.03)


def test_pure_noise_gives_a_large_penalty():
    rng = np.random.default_rng(0)
    assert RidgeReadout().fit(rng.normal(size=(40, 100)), rng.normal(size=40)).alpha_ > 100


def test_auto_takes_floats_as_numbers_and_the_rest_as_labels():
    X, y = data()
    assert not hasattr(RidgeReadout().fit(X, y), "classes_")
    assert hasattr(RidgeReadout().fit(X, (y > 0).astype(int)), "classes_")
    assert RidgeReadout().fit(X, np.c_[y, -y]).predict(X).shape == (30, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alphas": 0.0}, "must be positive"),
        ({"task": "classify"}, "task='classify': expected one of"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        RidgeReadout(**parameters).fit([[0.0], [1.0]], [0, 1])


SHAPES = pytest.mark.parametrize(
    ("n", "p"), [(60, 7), (12, 40), (40, 40)], ids=["tall", "wide", "square"]
)
SCALES = pytest.mark.parametrize("standardize", [True, False], ids=["scaled", "centred"])


def problem(n, p, n_targets=1, seed=0, offset=0.0):
    """Return features, one constant and one a combination of two others, targets and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p) + offset
    X[:, 1], X[:, 2] = 3.0, X[:, 0] - 2.0 * X[:, 3]
    y = X[:, :4] @ rng.normal(size=(4, n_targets)) + rng.normal(size=(n, n_targets))
    return X, y[:, 0] if n_targets == 1 else y, rng.integers(0, 4, n) * rng.uniform(0.5, 2, n)


def in_blocks(readout, X, y, weight=None, groups=None, width=9):
    for k in range(0, len(X), width):
        block = slice(k, k + width)
        part = [None if a is None else a[block].copy() for a in (X, y, weight, groups)]
        readout.partial_fit(part[0], part[1], part[2], groups=part[3])
        for array in part:
            if array is not None:
                array[:] = 0  # a block may be overwritten after it was passed
    return readout


@SHAPES
@SCALES
@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_and_the_whole_equal_scikit_learn(n, p, standardize, n_targets, weighted):
    X, y, weight = problem(n, p, n_targets)
    weight = weight if weighted else None
    expected = naive.predictor(X, y, weight, 0.7, standardize)(X)
    whole = RidgeReadout(0.7, standardize=standardize).fit(X, y, weight)
    blocks = in_blocks(RidgeReadout(0.7, standardize=standardize), X, y, weight)
    for readout in (whole, blocks):
        assert_allclose(readout.predict(X), expected, rtol=1e-8, atol=1e-8)
        assert readout.coef_.shape == (p,) if n_targets == 1 else (n_targets, p)


@SHAPES
@pytest.mark.parametrize("kind", ["str", "int", "bool", "object"])
def test_labels_in_blocks_equal_the_ridge_classifier(n, p, kind):
    X, y, weight = problem(n, p)
    names = {
        "str": np.array(["apple", "fig", "pear"]),
        "int": np.array([7, -1, 4]),
        "bool": np.array([True, False, True]),
        "object": np.array(["b", "a", "ccc"], dtype=object),
    }[kind]
    labels = names[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    reference = RidgeClassifier(0.7).fit(X, labels, weight)
    ridge = RidgeReadout(0.7, standardize=False)
    for k in range(0, n, 10):
        block = slice(k, k + 10)
        ridge.partial_fit(X[block], labels[block], weight[block], classes=np.unique(names))
    assert_array_equal(ridge.classes_, reference.classes_)
    assert_array_equal(ridge.predict(X), reference.predict(X))
    decision = reference.decision_function(X)
    assert_allclose(ridge.decision_function(X), decision, rtol=1e-8, atol=1e-8)
    assert_allclose(ridge.predict_proba(X).sum(axis=1), 1.0)


def test_features_far_from_zero_lose_no_digits():
    X, y, _ = problem(500, 6, offset=1e6)
    ridge = in_blocks(RidgeReadout(1e-3, standardize=False), X, y, width=50)
    expected = naive.predictor(X - 1e6, y, None, 1e-3, False)
    assert_allclose(ridge.predict(X), expected(X - 1e6), rtol=1e-7)


def test_a_first_row_far_from_the_rest_loses_no_digits():
    X, y, _ = problem(300, 5)
    X[0, 0], weight = (
        1e7,
        np.r_[0.0, np.ones(299)],
    )  # nearly no weight, so that rounding would be visible
    ridge = RidgeReadout(1.0, standardize=False)
    ridge.partial_fit(X[:1], y[:1], weight[:1]).partial_fit(X[1:], y[1:])
    expected = naive.predictor(X[1:], y[1:], None, 1.0, False)(X)
    assert_allclose(ridge.predict(X), expected, rtol=1e-8)


@SHAPES
@SCALES
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_leave_one_out_equals_brute_force(n, p, standardize, n_targets, weighted):
    X, y, weight = problem(n, p, n_targets)
    weight = weight if weighted else None
    alphas = [0.1, 3.0, 100.0]
    expected = [
        naive.left_out(X, y, weight, np.arange(n), alpha, standardize, refit_scale=False)
        for alpha in alphas
    ]
    readout = RidgeReadout(alphas, standardize=standardize).fit(X, y, weight)
    assert_allclose(readout.losses_, expected, rtol=1e-6)
    assert readout.alpha_ == alphas[int(np.argmin(expected))]


@SHAPES
@SCALES
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("blocks", [False, True])
def test_leaving_groups_out_equals_brute_force(n, p, standardize, weighted, blocks):
    X, y, weight = problem(n, p, 2)
    weight = weight if weighted else None
    groups = np.repeat(np.array(["c", "a", "d", "b"]), -(-n // 4))[:n]
    alphas = [0.1, 3.0, 100.0]
    expected = [
        naive.left_out(X, y, weight, groups, alpha, standardize, refit_scale=True)
        for alpha in alphas
    ]
    readout = RidgeReadout(alphas, standardize=standardize)
    if blocks:
        in_blocks(readout, X, y, weight, groups)
    else:
        readout.fit(X, y, weight, groups)
    assert_allclose(readout.losses_, expected, rtol=1e-6)


def test_groups_are_assigned_to_the_given_number_of_folds():
    X, y, _ = problem(60, 5)
    groups = np.arange(60) // 5  # 12 groups, in order: fold = group % 3
    expected = naive.left_out(X, y, None, groups % 3, 1.0, True, refit_scale=True)
    readout = RidgeReadout([1.0, 1e5], cv=3).fit(X, y, groups=groups)
    assert_allclose(readout.losses_[0], expected, rtol=1e-6)


@SHAPES
def test_generalised_validation_equals_its_formula(n, p):
    X, y, _ = problem(n, p)
    Z = X - X.mean(0)
    alphas = np.array([0.5, 5.0, 50.0])
    expected = []
    for alpha in alphas:
        hat = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(p), Z.T) + 1.0 / n
        expected.append(np.mean((y - hat @ y) ** 2) / (1.0 - np.trace(hat) / n) ** 2)
    fitted = RidgeReadout(alphas, standardize=False, cv="gcv").fit(X, y)
    blocks = in_blocks(RidgeReadout(alphas, standardize=False), X, y)
    assert_allclose(fitted.losses_, expected, rtol=1e-6)
    # rows are still in memory if fewer than features, and are left out one by one
    assert_allclose(
        blocks.losses_,
        fitted.losses_ if n >= p else RidgeReadout(alphas, standardize=False).fit(X, y).losses_,
        rtol=1e-6,
    )


def test_a_weight_counts_like_repeated_rows():
    X, y, _ = problem(40, 5)
    times = np.random.default_rng(0).integers(0, 4, 40)
    groups = np.arange(40) % 4
    weighted = RidgeReadout().fit(X, y, times, groups)
    said = [np.repeat(a, times, axis=0) for a in (X, y, groups)]
    repeated = RidgeReadout().fit(said[0], said[1], groups=said[2])
    assert_allclose(weighted.losses_, repeated.losses_, rtol=1e-8)
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 50), max_size=6),
    n_targets=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_results_do_not_depend_on_block_boundaries(cuts, n_targets, seed):
    X, y, weight = problem(50, 6, n_targets, seed)
    whole = RidgeReadout(cv="gcv").fit(X, y, weight)
    parts = RidgeReadout()
    for rows_of_block in np.split(np.arange(50), sorted(cuts)):
        if rows_of_block.size:
            parts.partial_fit(X[rows_of_block], y[rows_of_block], weight[rows_of_block])
    assert parts.alpha_ == whole.alpha_
    assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-8, atol=1e-8)


def lazily(X, kind, tmp_path):
    if kind == "dask":
        return da.from_array(X, chunks=((10, 70, len(X) - 80), X.shape[1] // 2 or 1))
    if kind == "hdf5":
        return h5py.File(tmp_path / f"{X.ndim}.h5", "w").create_dataset("X", data=X)
    if kind == "xarray":
        return xr.DataArray(X, dims=["row", "node"][: X.ndim])
    store = zarr.create_array(
        tmp_path / f"{X.ndim}.zarr", shape=X.shape, chunks=(32, *X.shape[1:]), dtype=X.dtype
    )
    store[:] = X
    if kind == "zarr":
        return store
    dims = ["row", "node"][: X.ndim]
    xr.Dataset({"states": (dims, X)}).to_zarr(tmp_path / "set.zarr", consolidated=False)
    return xr.open_zarr(tmp_path / "set.zarr", chunks=None, consolidated=False).states


@pytest.mark.parametrize("kind", ["dask", "zarr", "hdf5", "xarray", "xarray of zarr"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_arrays_read_on_demand_equal_arrays_in_memory(kind, dtype, tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "rows_a_block", lambda n_columns: 64)
    X, y, weight = problem(200, 6)
    X = X.astype(dtype)
    expected = RidgeReadout().fit(X, y, weight)
    late = lazily(X, kind, tmp_path)
    for target in (y, lazily(y, kind, tmp_path)) if kind in ("zarr", "hdf5") else (y,):
        readout = RidgeReadout().fit(late, target, weight)
        assert_allclose(readout.losses_, expected.losses_, rtol=1e-8)
        assert_allclose(readout.predict(late), expected.predict(X), rtol=1e-8)
    labels = RidgeReadout().fit(late, np.where(y > 0, "up", "down"))
    assert labels.score(late, np.where(y > 0, "up", "down")) > 0.9


def test_blocks_hold_whole_chunks():
    X = da.zeros((100, 4), chunks=((7, 50, 43), 4))
    assert rows.row_blocks(X) == [slice(0, 100)]
    wide = da.zeros((1000, 1 << 14), chunks=((50, 300, 20, 630), 1 << 14))  # 64 rows per block
    assert [b.stop for b in rows.row_blocks(wide)] == [50, 350, 370, 1000]


def test_a_bad_row_of_an_array_on_demand_is_named():
    X = np.zeros((300, 1 << 14))
    X[170, 3] = np.nan
    with pytest.raises(ValueError, match="row 170, column 3: Input X contains NaN"):
        RidgeReadout(1.0).fit(da.from_array(X, chunks=(16, -1)), np.arange(300.0))


def test_rows_without_weight_have_no_effect(monkeypatch):
    monkeypatch.setattr("mottle.reservoir.readout.rows.BLOCK_BYTES", 800)
    monkeypatch.setattr("mottle.reservoir.readout.ridge.HELD_OUT", 50)
    X, y, _ = problem(400, 5)
    y = np.where(y > np.median(y), "up", "down")
    weight = np.tile([0.0, 1.0], 200)
    for fit in (lambda r, *rows: r.fit(*rows), lambda r, *rows: r.partial_fit(*rows)):
        some = fit(RidgeReadout(1.0), X, y, weight).predict_proba(X)
        assert_allclose(some, fit(RidgeReadout(1.0), X[1::2], y[1::2]).predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": [0.0, np.nan] * 15}, "groups is NaN at row 1"),
        ({"groups": np.array([0, "a"] * 15, dtype=object)}, "of one type, not int, str"),
        ({"y": np.ones((30, 2), dtype=int)}, "y has 2 columns of labels.*task='regression'"),
        ({"y": ["up"] * 30}, r"one class only \('up'\)"),
    ],
)
def test_unusable_rows_are_refused(change, message):
    X, y, _ = problem(30, 5)
    with pytest.raises(ValueError, match=message):
        RidgeReadout().fit(X, **{"y": y, **change})


def test_groups_are_not_kept_after_fit():
    X, y, _ = problem(30, 5)
    readout = RidgeReadout().fit(X, y, groups=np.arange(30) % 3)
    with pytest.raises(ValueError, match="fit does not keep them"):
        readout.partial_fit(X, y, groups=np.arange(30) % 3)


def test_new_labels_are_refused_unless_declared():
    X, y, _ = problem(30, 5)
    labels = np.where(y > 0, "up", "down")
    readout = RidgeReadout().partial_fit(X, labels)
    before = readout.coef_.copy()
    with pytest.raises(ValueError, match=r"label 'level' is not one of.*classes=\["):
        readout.partial_fit(X, np.where(y > 1, "level", labels))
    assert_array_equal(readout.coef_, before)
    declared = RidgeReadout().partial_fit(X, labels, classes=["down", "level", "up"])
    declared.partial_fit(X, np.where(y > 1, "level", labels))
    assert declared.decision_function(X).shape == (30, 3)


def test_partial_fit_continues_after_fit():
    for n in (60, 8):
        X, y, weight = problem(n, 10)
        whole = RidgeReadout(2.0).fit(X, y, weight)
        begun = RidgeReadout(2.0).fit(X[: n // 2], y[: n // 2], weight[: n // 2])
        begun.partial_fit(X[n // 2 :], y[n // 2 :], weight[n // 2 :])
        assert_allclose(begun.predict(X), whole.predict(X), rtol=1e-8)


def test_weights_computed_on_access_survive_copies():
    X, y, _ = problem(60, 5)
    readout = in_blocks(RidgeReadout(), X, np.where(y > 0, "up", "down"))
    copied = pickle.loads(pickle.dumps(readout))
    assert_array_equal(copied.predict_proba(X), readout.predict_proba(X))
    assert not hasattr(clone(readout), "coef_")


def test_probabilities_from_blocks_are_those_of_the_whole():
    X, y, _ = problem(300, 5)
    y = np.where(y + np.random.default_rng(0).normal(size=300) * y.std() > 0, "up", "down")
    whole, blocks = RidgeReadout(1.0).fit(X, y), in_blocks(RidgeReadout(1.0), X, y)
    assert_allclose(blocks.sharpness_, whole.sharpness_, rtol=1e-6)
    assert_allclose(blocks.predict_proba(X), whole.predict_proba(X), atol=1e-6)


def two_clouds(n, distance, n_features=60, seed=0):
    """Return rows of two classes whose means lie ``distance`` apart along every feature."""
    labels = np.arange(n) % 2
    rows = np.random.default_rng(seed).normal(size=(n, n_features))
    return rows + distance * (labels - 0.5)[:, np.newaxis], labels


@pytest.mark.parametrize("n", [10, 20, 50, 400])
def test_few_rows_that_are_all_right_do_not_make_sure(n):
    X, y = two_clouds(n, 0.6)
    later, truth = two_clouds(4000, 0.6, seed=1)
    readout = RidgeReadout().fit(X, y)
    chance, decision = readout.predict_proba(later), readout.decision_function(later)
    assert 1 - chance.max(axis=1).mean() > 0.3 / n
    best = min(
        log_loss(truth, 1 / (1 + np.exp(-2 * s * decision))) for s in np.geomspace(0.1, 100, 60)
    )
    assert log_loss(truth, chance) < best + 0.1
    rows = np.stack([-decision, decision], axis=1), truth
    weight, alone = np.random.default_rng(0).uniform(0.5, 2, len(truth)), np.arange(len(truth))
    assert_allclose(
        find_sharpness(*rows, 0.01 * weight, alone), find_sharpness(*rows, weight, alone), rtol=1e-5
    )


@pytest.mark.parametrize("n_features", [60, 500])  # moments of folds, or fewer rows than features
@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_copies_in_a_group_do_not_sharpen_probabilities(n_features, way):
    worst = 0.0
    for seed in range(5):
        X, y = two_clouds(40, 0.5, n_features, seed)
        later, truth = two_clouds(2000, 0.5, n_features, seed + 100)
        noise = np.random.default_rng(seed).normal(size=(8 * len(X), n_features))
        copies, labels = np.repeat(X, 8, axis=0) + 0.05 * noise, np.repeat(y, 8)
        readout = getattr(RidgeReadout(), way)(copies, labels, groups=np.repeat(np.arange(40), 8))
        chance = readout.predict_proba(later)
        right = readout.score(later, truth)
        worst = max(worst, chance.max(axis=1).mean() - right)
    assert worst < 0.08


def test_decisions_without_a_fold_are_those_of_a_readout_fitted_without_it():
    X, y = two_clouds(90, 0.2)
    groups = np.arange(90) // 3
    for n_features in (20, 60):
        rows = X[:, :n_features]
        if n_features == 60:
            rows, y, groups = rows[:45], y[:45], groups[:45]
        readout = RidgeReadout(10.0, cv=5).fit(rows, y, groups=groups)
        held_out = np.empty(len(rows))
        for k in range(5):
            own = groups % 5 == k
            held_out[own] = RidgeReadout(10.0).fit(rows[~own], y[~own]).decision_function(rows[own])
        decision = np.stack([-held_out, held_out], axis=1)
        expected = find_sharpness(decision, y, np.ones(len(rows)), groups)
        assert_allclose(readout.sharpness_, expected, rtol=1e-6)


def test_rows_that_were_kept_before_they_had_groups_are_taken():
    X, y = two_clouds(120, 0.2, 20)
    readout = RidgeReadout(cv="gcv").partial_fit(X[:60], y[:60])
    for kept, old in ((readout._sample, {"kept": readout._sample.kept[:3]}),
                      (readout._folds, {"n_folds": "gcv", "fold_of": {}})):  # fmt: skip
        state = {**vars(kept), **old}
        state.pop("numbers", None)
        kept.__setstate__(state)
    before = readout.predict_proba(X)
    assert_allclose(before, RidgeReadout(cv="gcv").partial_fit(X[:60], y[:60]).predict_proba(X))
    whole = RidgeReadout(cv="gcv").partial_fit(X, y)
    assert_allclose(readout.partial_fit(X[60:], y[60:]).coef_, whole.coef_, rtol=1e-8)


def test_a_sample_is_evenly_spaced_over_all_rows():
    sample = rows.Sample(100)
    for k in range(0, 10_000, 77):
        place = np.arange(k, min(k + 77, 10_000), dtype=float)[:, None]
        sample.add(place, place, 1.0 + place[:, 0], place[:, 0])
    assert_array_equal(sample.kept[0][:, 0], np.arange(0, 10_000, 128))


def test_memory_does_not_grow_with_rows():
    folds, X = gram.Folds(20, 1, 1, False), np.random.default_rng(0).normal(size=(50, 21))
    for _ in range(30):
        folds.add(X[:, :20], X[:, 20:], np.ones(50), None)
    assert not folds.rows
    assert [gram.n_rows for gram in folds.grams] == [1500]


def test_names_of_features_are_kept_and_checked():
    X, y, _ = problem(40, 4)
    table = pd.DataFrame(X, columns=list("abcd"))
    readout = RidgeReadout().fit(table, y)
    assert list(readout.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        readout.predict(table[list("dcba")])


def test_predict_refuses_nan_and_infinity():
    X, y, _ = problem(40, 4)
    readout = RidgeReadout().fit(X, y)
    for bad in (np.nan, np.inf):
        X[3, 2] = bad
        with pytest.raises(ValueError, match="Input X contains"):
            readout.predict(X)


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({"cv": "kfold"}, {}, "cv='kfold' must be"),
        ({"cv": 1}, {}, "cv=1 must be"),
        ({"cv": 5}, {}, "cv=5 needs groups for its folds; pass groups"),
        ({"cv": "loo"}, {"groups": np.arange(20) % 3}, "cv='loo' would split them"),
        ({}, {"groups": np.arange(19) % 3}, "inconsistent numbers of samples"),
        ({}, {"groups": np.zeros(20)}, "all rows belong to one group"),
        ({}, {"sample_weight": np.zeros(20)}, "the weights of all rows are zero"),
        ({}, {"sample_weight": np.full(20, -1.0)}, "sample_weight=-1.0 of row 0 is negative"),
    ],
)
def test_impossible_validation_is_refused(parameters, arguments, message):
    X, y, _ = problem(20, 5)
    with pytest.raises(ValueError, match=message):
        RidgeReadout(**parameters).fit(X, y, **arguments)


def test_impossible_blocks_are_refused():
    X, y, _ = problem(20, 5)
    with pytest.raises(ValueError, match="cv='loo' reads the rows twice"):
        RidgeReadout(cv="loo").partial_fit(X, y)
    with pytest.raises(ValueError, match="groups must be passed with every block"):
        RidgeReadout().partial_fit(X, y).partial_fit(X, y, groups=np.zeros(20))
    with pytest.raises(ValueError, match="y has 2 columns, earlier blocks had 1"):
        RidgeReadout().partial_fit(X, y).partial_fit(X, np.c_[y, y])
    with pytest.raises(ValueError, match="expecting 5 features"):
        RidgeReadout().partial_fit(X, y).partial_fit(X[:, :4], y)


INTEGERS = np.random.default_rng(0).integers(0, 500, 300)


@pytest.mark.parametrize("dtype", [int, np.uint8, np.int16, object, "Int64"])
@pytest.mark.parametrize("fit", ["fit", "partial_fit", "stream", "dask"])
def test_integers_that_may_be_measurements_are_refused(dtype, fit):
    y = pd.Series(INTEGERS % 250, dtype=dtype)
    y = y if dtype == "Int64" else y.to_numpy()
    X = np.random.default_rng(1).normal(size=(300, 3))
    readout = RidgeReadout()
    fits = {
        "fit": readout.fit,
        "partial_fit": readout.partial_fit,
        "stream": lambda X, y: fit_stream(NoReservoir().fit(X), readout, X, np.asarray(y)),
        "dask": lambda X, y: readout.fit(da.from_array(X, chunks=(100, 3)), np.asarray(y)),
    }
    with pytest.raises(ValueError, match=r"distinct values.*Set task='classification' or"):
        fits[fit](X, y)


def test_a_stated_task_decides_for_integers():
    X = INTEGERS[:, np.newaxis] + np.zeros((1, 2))
    numbers = RidgeReadout(1e-9, task="regression").fit(X, INTEGERS)
    assert numbers.predict(X) == pytest.approx(INTEGERS, abs=1e-3)
    labels = RidgeReadout(task="classification").fit(X, INTEGERS // 5)
    assert set(labels.classes_) == set(INTEGERS // 5)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 1, 2, 3, 4, 4], "6 integers with 5 distinct values, 4 of which occur once"),
        (list(range(21)) * 3, "63 integers with 21 distinct values, 0 of which"),
        (np.array(["a", 1.5, "a", "b"], object), "y mixes text with float"),
        (np.array([0, None, 0, 1], object), "y is missing in row 1"),
        (pd.array([0, 1, pd.NA, 1], "Int64"), "y contains NaN"),
        (
            np.arange(4).astype("datetime64[s]"),
            r"y is datetime64\[s\]; expected labels, or numbers",
        ),
        (np.array([1j, 2, 1, 2]), "Complex data not supported"),
    ],
)
def test_targets_that_may_be_misread_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        RidgeReadout().fit(np.random.default_rng(0).normal(size=(len(y), 2)), y)


@pytest.mark.parametrize("y", [[0, 1] * 5, [True, False] * 5, list(range(20)) * 2, ["a", "b"] * 3])
def test_few_integers_and_text_are_labels(y):
    assert RidgeReadout().fit(np.random.default_rng(0).normal(size=(len(y), 2)), y).classes_.size


def test_the_largest_penalty_is_taken_with_a_line_and_once(caplog, monkeypatch):
    monkeypatch.setattr("mottle.log.SAID", set())
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 30)), rng.normal(size=40)  # nothing to learn
    readout = RidgeReadout(alphas=[1e-3, 1.0])
    for _ in range(2):
        assert readout.fit(X, y).alpha_ == 1.0
    lines = [line for line in caplog.messages if "alpha=1," in line]
    assert len(lines) == 1
    RidgeReadout(alphas=10.0).fit(X, y)  # a penalty that was stated is no end of a grid
    RidgeReadout(alphas=[1e-3, 1e9]).fit(X, X[:, 0])
    assert len([line for line in caplog.messages if "alpha=" in line]) == 1
