"""RLSReadout and LMSReadout against ridge regressions, textbook recursions and streams."""

import pickle

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import online as naive
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import (
    Crossbar,
    CrossbarReadout,
    EchoStateReservoir,
    LiveRun,
    LMSReadout,
    MemristorReservoir,
    RidgeReadout,
    RLSReadout,
    fit_stream,
)

ONLINE = [RLSReadout(0.5, forgetting=0.98), LMSReadout(0.3)]
both = pytest.mark.parametrize("readout", ONLINE, ids=["rls", "lms"])
FORGETTING = pytest.mark.parametrize("forgetting", [1.0, 0.99, 0.9, 0.5])


TASKS = ("classification", "regression")


@parametrize_with_checks([cls(task=task) for cls in (RLSReadout, LMSReadout) for task in TASKS])
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def problem(n=200, p=6, n_targets=2, seed=0):
    """Return features about 1 away from zero, the last constant, and targets."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 1.0
    X[:, -1] = 3.0
    return X, X @ rng.normal(size=(p, n_targets)) + rng.normal(size=(n, n_targets))


@pytest.mark.parametrize(("n", "p"), [(200, 6), (12, 40)], ids=["tall", "wide"])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 100.0])
def test_without_forgetting_it_is_the_ridge_with_this_penalty(n, p, alpha):
    X, y = problem(n, p)
    readout = RLSReadout(alpha).fit(X, y)
    ours = RidgeReadout(alpha, standardize=False).fit(X, y)
    theirs = Ridge(alpha).fit(X, y)
    for ridge in (ours, theirs):
        assert_allclose(readout.coef_, ridge.coef_, rtol=0, atol=1e-8)
        assert_allclose(readout.intercept_, ridge.intercept_, rtol=0, atol=1e-8)
        assert_allclose(readout.predict(X), ridge.predict(X), rtol=1e-8)


@FORGETTING
@pytest.mark.parametrize("n_rows", [1, 2, 5, 30, 200])
@pytest.mark.parametrize("p", [6, 40])
def test_the_weights_are_those_of_a_ridge_on_rows_weighted_by_their_age(forgetting, n_rows, p):
    X, y = problem(200, p)
    coef, intercept = naive.weighted_ridge(X[:n_rows], y[:n_rows], 0.3, forgetting)
    readout = RLSReadout(0.3, forgetting=forgetting).fit(X[:n_rows], y[:n_rows])
    assert_allclose(readout.coef_.T, coef, rtol=1e-7, atol=1e-9)
    assert_allclose(readout.intercept_, intercept, rtol=1e-7, atol=1e-9)


@pytest.mark.kernel
@FORGETTING
def test_the_weights_are_those_of_the_textbook_recursion(forgetting):
    X, y = problem(60, 5)
    coef, intercept = naive.least_squares(X, y, 0.7, forgetting)
    readout = RLSReadout(0.7, forgetting=forgetting).fit(X, y)
    assert_allclose(readout.coef_.T, coef, rtol=1e-8, atol=1e-10)
    assert_allclose(readout.intercept_, intercept, rtol=1e-8, atol=1e-10)


@pytest.mark.kernel
@pytest.mark.parametrize("step", [0.01, 1.0, 1.9])
def test_lms_is_its_formula(step):
    X, y = problem(60, 5)
    coef, intercept = naive.mean_squares(X, y, step)
    readout = LMSReadout(step).fit(X, y)
    assert_allclose(readout.coef_.T, coef, rtol=1e-10)
    assert_allclose(readout.intercept_, intercept, rtol=1e-10)


def test_a_step_of_1_removes_the_error_of_the_last_row():
    X, y = problem()
    readout = LMSReadout(1.0).fit(X, y)
    assert_allclose(readout.predict(X[-1:])[0], y[-1], rtol=1e-12)
    assert np.abs(readout.predict(X[:-1]) - y[:-1]).max() > 0.1


@both
@pytest.mark.parametrize("labels", [False, True])
@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 120), max_size=8), seed=st.integers(0, 5))
def test_chunks_of_any_size_give_the_bytes_of_the_whole(readout, labels, cuts, seed):
    X, y = problem(120, 7, seed=seed)
    y = np.array(["a", "b", "c"])[np.digitize(y[:, 0], [0.0, 3.0])] if labels else y
    classes = ["a", "b", "c"] if labels else None
    whole = clone(readout).partial_fit(X, y, classes=classes)
    parts = clone(readout)
    for rows in np.split(np.arange(120), sorted(cuts)):
        if rows.size:
            parts.partial_fit(X[rows], y[rows], classes=classes)
    assert_array_equal(parts.coef_, whole.coef_)
    assert_array_equal(parts.intercept_, whole.intercept_)


@both
def test_single_rows_blocks_on_disk_and_the_memory_layout_do_not_matter(readout):
    X, y = problem(100, 5)
    expected = clone(readout).fit(X, y)
    forms = {
        "columns in order": clone(readout).fit(np.asfortranarray(X), y),
        "lists": clone(readout).fit(X.tolist(), y.tolist()),
        "dask": clone(readout).fit(da.from_array(X, chunks=(7, 5)), y),
    }
    ticks = forms["ticks"] = clone(readout)
    for k in range(100):
        ticks.partial_fit(X[k : k + 1], y[k : k + 1])
    for name, other in forms.items():
        assert_array_equal(other.coef_, expected.coef_, err_msg=name)


@both
def test_fit_starts_anew_and_partial_fit_goes_on(readout):
    X, y = problem()
    whole = clone(readout).fit(X, y)
    again = clone(readout).fit(X[::-1], y[::-1]).fit(X, y)
    assert_array_equal(again.coef_, whole.coef_)
    begun = pickle.loads(pickle.dumps(clone(readout).fit(X[:50], y[:50])))
    assert_array_equal(begun.partial_fit(X[50:], y[50:]).coef_, whole.coef_)
    assert not hasattr(clone(begun), "coef_")


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", ["text", "integers", "truth"])
def test_labels_are_targets_of_plus_and_minus_1(n_classes, kind):
    X, y = problem(300)
    names = {"text": ["fig", "apple", "pear"], "integers": [7, -1, 4], "truth": [True, False, True]}
    edges = np.quantile(y[:, 0], np.arange(1, n_classes) / n_classes)
    labels = np.array(names[kind][:n_classes])[np.digitize(y[:, 0], edges)]
    reference = RidgeClassifier(0.7).fit(X, labels)
    readout = RLSReadout(0.7).fit(X, labels)
    assert_array_equal(readout.classes_, np.unique(labels))
    assert_array_equal(readout.predict(X), reference.predict(X))
    decision = reference.decision_function(X)
    assert_allclose(readout.decision_function(X), decision, rtol=1e-8, atol=1e-8)
    assert readout.score(X, labels) == reference.score(X, labels) > 0.6
    assert not hasattr(readout, "predict_proba")


def test_features_that_differ_by_six_and_by_twelve_powers_of_ten_lose_no_digits():
    X, y = problem(400, 5)
    for scales in ([1.0, 1e6, 1e3, 1e-3, 1.0], [1e-6, 1e6, 1.0, 1e-3, 1e3]):
        wide = X * np.array(scales)
        for forgetting in (1.0, 0.98):
            coef, _ = naive.weighted_ridge(wide, y, 1e-3, forgetting)
            readout = RLSReadout(1e-3, forgetting=forgetting).fit(wide, y)
            assert_allclose(readout.coef_.T, coef, rtol=1e-7, atol=1e-12)


def test_features_far_from_zero_lose_no_digits():
    X, y = problem(500, 6)
    readout = RLSReadout(1e-3, forgetting=0.99).fit(X + 1e6, y)
    coef, _ = naive.weighted_ridge(X, y, 1e-3, 0.99)
    assert_allclose(readout.coef_.T, coef, atol=1e-7)


def long_stream(n_rows):
    """Return two features, a third that is their sum, one that is constant for most, a target."""
    rng = np.random.default_rng(0)
    X = np.zeros((n_rows, 4))
    X[:, :2] = rng.normal(size=(n_rows, 2))
    X[:, 2] = X[:, 0] + X[:, 1]
    X[-2000:, 3] = rng.normal(size=2000)
    y = X @ [1.0, -2.0, 0.0, 3.0] + 5.0 + 0.1 * rng.normal(size=n_rows)
    return X, y


def test_a_million_rows_without_forgetting_are_the_ridge():
    X, y = long_stream(1_000_000)
    readout, ridge = RLSReadout(1.0).fit(X, y), RidgeReadout(1.0, standardize=False).fit(X, y)
    assert_allclose(readout.coef_, ridge.coef_, atol=1e-8)
    assert_allclose(readout.intercept_, ridge.intercept_, atol=1e-8)


@pytest.mark.parametrize("forgetting", [0.999, 0.9])
def test_features_without_variation_do_not_blow_up_in_a_million_rows_of_forgetting(forgetting):
    X, y = long_stream(1_000_000)
    readout = RLSReadout(1.0, forgetting=forgetting).fit(X[:-2000], y[:-2000])
    state, upper = readout._state, np.eye(4)
    for j in range(4):
        upper[:j, j] = state["factor"][j * (j - 1) // 2 :][:j]
    inverse = upper * state["diagonal"] @ upper.T
    assert (state["diagonal"] > 0).all()
    assert np.trace(inverse) < 4 * np.e  # of penalties that are never below alpha / e
    assert abs(readout.coef_[3]) < 1e-12
    assert_allclose(readout.coef_[:2] + readout.coef_[2], [1.0, -2.0], atol=0.15)
    readout.partial_fit(X[-2000:], y[-2000:])  # now all features vary
    recent = slice(-20000, None)
    coef, intercept = naive.weighted_ridge(X[recent], y[recent, None], 1.0, forgetting)
    assert_allclose(readout.coef_[3], coef[3, 0], atol=1e-6)
    assert_allclose(readout.intercept_, intercept[0], atol=0.05)
    assert_allclose(readout.predict(X[-10:]), X[-10:] @ coef[:, 0] + intercept, atol=0.05)


def test_forgetting_goes_on_beside_features_without_variation():
    X, y = long_stream(20_000)
    y[10_000:-2000] -= 3.0 * X[10_000:-2000, 0]  # another weight from here on
    readout = RLSReadout(forgetting=0.99).fit(X[:-2000], y[:-2000])
    assert_allclose(readout.coef_[:2] + readout.coef_[2], [-2.0, -2.0], atol=0.1)


def test_lms_of_a_large_step_stays_bounded_for_a_million_rows():
    X, y = long_stream(1_000_000)
    readout = LMSReadout(1.9).fit(X, y)
    assert np.abs(readout.coef_).max() < 10.0
    small = LMSReadout(0.02).fit(X, y)
    assert_allclose(small.predict(X[-100:]), X[-100:] @ [1.0, -2.0, 0.0, 3.0] + 5.0, atol=0.2)


@both
def test_states_of_a_live_run_are_learnt_tick_by_tick(readout):
    rng = np.random.default_rng(0)
    drive = rng.uniform(-1, 1, (150, 2))
    target = np.roll(drive[:, 0], 1)
    reservoir = MemristorReservoir(15, random_state=0).fit(drive)
    expected = clone(readout).fit(reservoir.transform(drive), target)
    live, state = clone(readout), reservoir.start()
    run = LiveRun(reservoir, clone(readout).partial_fit(np.zeros((1, 15)), np.zeros(1)))
    assert run.advance(drive[0]) == 0.0
    for x, y in zip(drive, target, strict=True):
        state, states = reservoir.advance(state, x[np.newaxis, np.newaxis])
        live.partial_fit(states[0], np.array([y]))
    assert_array_equal(live.coef_, expected.coef_)
    # what a live run predicts with learns on beside it
    learning = LiveRun(reservoir, live)
    before = learning.advance(drive[:10])
    live.partial_fit(states[0], np.array([9.0]))
    learning.restart()
    assert (learning.advance(drive[:10]) != before).all()


@both
@pytest.mark.parametrize("chunk", [1, 13, 1000])
def test_a_stream_gives_the_bytes_of_all_states_at_once(readout, chunk):
    rng = np.random.default_rng(0)
    drives = [rng.uniform(-1, 1, (n, 2)) for n in (60, 25, 90)]
    targets = [np.c_[x[:, 0], x.sum(axis=1)] for x in drives]
    reservoir = EchoStateReservoir(12, random_state=0).fit(drives)
    states = np.concatenate([s[5:] for s in reservoir.transform(drives)])
    expected = clone(readout).fit(states, np.concatenate([y[5:] for y in targets]))
    for data in ((drives, targets), (iter(drives), iter(targets))):
        streamed = fit_stream(reservoir, clone(readout), *data, washout=5, chunk=chunk)
        assert_array_equal(streamed.coef_, expected.coef_)
    labels = [np.where(x[:, 0] > 0, "up", "down") for x in drives]
    streamed = fit_stream(reservoir, clone(readout), drives, labels, washout=5, chunk=chunk)
    assert streamed.classes_.tolist() == ["down", "up"]
    with pytest.raises(ValueError, match="groups are for choosing a penalty"):
        fit_stream(reservoir, clone(readout), drives, targets, groups=[0, 1, 2])


def test_weights_are_written_into_crossbars():
    X, y = problem(300, 6)
    labels = np.where(y[:, 0] > 2.0, "up", "down")
    analog = CrossbarReadout(RLSReadout(), Crossbar((64, 64)), random_state=0).fit(X, labels)
    assert analog.score(X, labels) > 0.9 * RLSReadout().fit(X, labels).score(X, labels)


X, Y = problem(30, 5, 1)
BAD = X.copy()
BAD[3, 2] = np.nan
HUGE = X.copy()
HUGE[3, 2] = 1e120


@both
@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        (BAD, Y, "row 3, column 2: Input X contains NaN"),
        (HUGE, Y, r"row 3 of 30 holds values of up to 1e\+120.*scale features"),
        (X, np.full(30, np.inf), "contains infinity"),
        (X, Y[:7], "inconsistent numbers of samples"),
        (X, None, "the target y is None"),
        (X[None], Y, "these are states, and a readout takes rows"),
        (np.ma.masked_greater(X, 2.0), Y, "masked"),
    ],
)
def test_rows_that_cannot_be_learnt_are_refused_in_the_first_call_and_later(
    readout, rows, targets, message
):
    for begun in (clone(readout), clone(readout).partial_fit(X, Y)):
        with pytest.raises(ValueError, match=message):
            begun.partial_fit(rows, targets)


@both
def test_rows_of_another_width_are_refused(readout):
    begun = clone(readout).partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"X has 4 features, but .* is expecting 5"):
        begun.partial_fit(X[:, :4], Y)
    with pytest.raises(ValueError, match="y has 2 columns, earlier rows had 1"):
        begun.partial_fit(X, np.c_[Y, Y])


@pytest.mark.parametrize("readout", [*ONLINE, RidgeReadout()], ids=["rls", "lms", "ridge"])
def test_labels_and_classes_that_differ_from_the_first_call_are_refused(readout):
    labels = np.where(Y[:, 0] > Y.mean(), "up", "down")
    begun = clone(readout).partial_fit(X, labels, classes=["up", "down", "level"])
    before = begun.coef_.copy()
    with pytest.raises(ValueError, match=r"label 'left' is not one of \['down', 'level', 'up'\]"):
        begun.partial_fit(X, np.where(X[:, 0] > 0, "left", labels))
    with pytest.raises(ValueError, match=r"classes=\['up', 'down'\] differ from \['down', 'level'"):
        begun.partial_fit(X, labels, classes=["up", "down"])
    assert_array_equal(begun.coef_, before)
    begun.partial_fit(X, labels, classes=["level", "up", "down"])  # the same, in another order
    numbers = clone(readout).partial_fit(X, Y[:, 0])
    with pytest.raises(
        ValueError, match=r"classes=.* are given, but the first call learnt numbers"
    ):
        numbers.partial_fit(X, Y[:, 0], classes=["up", "down"])
    with pytest.raises(ValueError, match=r"classes=.* are given, but task='regression'"):
        clone(readout).set_params(task="regression").partial_fit(X, Y[:, 0], classes=[0, 1])
    with pytest.raises(ValueError, match=r"one class only \('up'\)"):
        clone(readout).partial_fit(X, ["up"] * 30)


@pytest.mark.parametrize("readout", [*ONLINE, RidgeReadout()], ids=["rls", "lms", "ridge"])
def test_a_first_call_that_fails_leaves_nothing(readout):
    labels = np.where(Y[:, 0] > Y.mean(), "up", "down")
    begun = clone(readout)
    with pytest.raises(ValueError, match="label 'down' is not one of"):
        begun.partial_fit(X, labels, classes=["up", "left"])
    assert not hasattr(begun.partial_fit(X, Y[:, 0]), "classes_")
    assert_array_equal(begun.coef_, clone(readout).partial_fit(X, Y[:, 0]).coef_)


@both
def test_a_tick_of_another_type_is_checked_like_a_table(readout):
    table = pd.DataFrame(X, columns=list("abcde"))
    begun = clone(readout).fit(table, Y[:, 0])
    with pytest.raises(ValueError, match="feature names should match"):
        begun.partial_fit(table[list("edcba")], Y[:, 0])
    integers = np.arange(30) % 3
    counted = clone(readout).fit(X, integers)
    with pytest.raises(ValueError, match="Unknown label type"):
        counted.partial_fit(X[:2], np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match="label 7 is not one of"):
        counted.partial_fit(X[:1], np.array([7]))


@pytest.mark.parametrize(
    ("readout", "message"),
    [
        (RLSReadout(0.0), "alpha=0.0 must be a finite number, above 0"),
        (RLSReadout(forgetting=0.0), "forgetting=0.0 must be .* above 0 and at most 1"),
        (RLSReadout(forgetting=1.01), "forgetting=1.01 must be .* above 0 and at most 1"),
        (RLSReadout(task="classify"), "task='classify': expected one of"),
        (LMSReadout(0.0), "step=0.0 must be .* above 0 and below 2"),
        (LMSReadout(2.0), "step=2.0 must be .* above 0 and below 2"),
        (LMSReadout("small"), "step='small' must be a finite number"),
    ],
)
def test_impossible_parameters_are_refused(readout, message):
    for fit in (readout.fit, readout.partial_fit):
        with pytest.raises(ValueError, match=message):
            fit(X, Y)


def test_names_of_other_libraries_are_answered():
    with pytest.raises(TypeError, match="did you mean 'forgetting'"):
        RLSReadout(forgetting_factor=0.9)
    with pytest.raises(TypeError, match="did you mean 'step'"):
        LMSReadout(learning_rate=0.1)


def test_more_features_than_memory_are_refused_before_anything_is_allocated():
    with pytest.raises(MemoryError, match="the products of 10000000 features would take"):
        RLSReadout()._start(10_000_000, 1)


def test_a_first_row_that_overflows_leaves_nothing_fitted():
    readout = RLSReadout(task="regression")
    with pytest.raises(ValueError, match="row 0 of 1"):
        readout.partial_fit([[1e300, 1.0]], [1.0])
    with pytest.raises(NotFittedError):
        readout.predict([[1.0, 1.0]])
    readout.partial_fit([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])
    assert readout.n_features_in_ == 1
