"""RidgeReadout against scikit-learn's ridge and brute-force leave-one-out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import LeaveOneOut
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import RidgeReadout


@parametrize_with_checks([RidgeReadout(task="classification"), RidgeReadout(task="regression")])
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
        ours = RidgeReadout(3.0, standardize=standardize).fit(X, y)
        theirs = Ridge(3.0).fit(features, y)
        assert_allclose(ours.predict(X), theirs.predict(features), rtol=1e-8, atol=1e-8)


def test_labels_of_any_kind_equal_the_ridge_classifier():
    X, y = data(60, 5)
    labels = np.array(["apple", "pear", "plum"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    ours = RidgeReadout(2.0, standardize=False).fit(X, labels)
    theirs = RidgeClassifier(2.0).fit(X, labels)
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-8)


@pytest.mark.parametrize("shape", [(20, 4), (10, 30)], ids=["tall", "wide"])
def test_penalty_has_the_least_brute_force_leave_one_out_error(shape):
    X, y = data(*shape)
    alphas = [0.1, 1.0, 10.0, 100.0]
    Z = (X - X.mean(0)) / X.std(0)  # the scale, like the penalty, is common to all folds
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


def test_pure_noise_is_punished():
    rng = np.random.default_rng(0)
    assert RidgeReadout().fit(rng.normal(size=(40, 100)), rng.normal(size=40)).alpha_ > 100


def test_auto_takes_floats_as_numbers_and_the_rest_as_labels():
    X, y = data()
    assert not hasattr(RidgeReadout().fit(X, y), "classes_")
    assert hasattr(RidgeReadout().fit(X, (y > 0).astype(int)), "classes_")
    assert RidgeReadout().fit(X, np.c_[y, -y]).predict(X).shape == (30, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"alphas": 0.0}, "must be positive"), ({"task": "classify"}, "task='classify' is not known")],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        RidgeReadout(**parameters).fit([[0.0], [1.0]], [0, 1])
