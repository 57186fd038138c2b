"""Differences over folds: a plain twin, closed forms, and the rate of false findings."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import t as student
from scipy.stats import ttest_rel

from mottle.pipelines.engine.differences import adjust, corrected_t, paired_differences

KEYS = ["reservoir", "inputs", "seed", "fold"]


def frame(n_folds, n_seeds, rng, names=("vo2", "none")):
    rows = [
        (name, "touch", seed, fold, rng.normal())
        for name in names for seed in range(n_seeds) for fold in range(n_folds)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*KEYS, "score"])


def plain(scores, n_folds, n_seeds, ratio):
    """Loop over folds and seeds; Nadeau and Bengio's variance written out."""
    value = scores.set_index(KEYS)["score"].to_dict()
    differences = []
    for fold in range(n_folds):
        one = sum(value["vo2", "touch", seed, fold] for seed in range(n_seeds)) / n_seeds
        other = sum(value["none", "touch", seed, fold] for seed in range(n_seeds)) / n_seeds
        differences.append(one - other)
    mean = sum(differences) / n_folds
    variance = sum((d - mean) ** 2 for d in differences) / (n_folds - 1)
    t = mean / sqrt(variance * (1 / n_folds + ratio))
    return mean, 2 * (1 - student.cdf(abs(t), n_folds - 1))


@pytest.mark.parametrize(
    ("n_folds", "n_seeds", "ratio"), [(3, 1, 0.5), (5, 4, 0.25), (10, 2, 1 / 9)]
)
def test_differences_are_those_of_a_plain_loop(n_folds, n_seeds, ratio):
    scores = frame(n_folds, n_seeds, np.random.default_rng(0))
    found = paired_differences(scores, "none", ratio).iloc[0]
    assert_allclose([found.difference, found.p], plain(scores, n_folds, n_seeds, ratio), rtol=1e-9)
    assert found.n_folds == n_folds


def test_without_overlap_it_is_the_paired_t_test():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 6))
    low, high, p = corrected_t(one - other, 0.0)
    known = ttest_rel(one, other)
    assert_allclose(p, known.pvalue)
    assert_allclose([low, high], known.confidence_interval(0.95))


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=10), st.floats(0.0, 1.0))
@settings(max_examples=50, deadline=None)
def test_a_swap_changes_signs_and_overlap_never_lowers_p(differences, ratio):
    values = np.round(differences, 6)
    low, high, p = corrected_t(values, ratio)
    swapped = corrected_t(-values, ratio)
    if np.isnan(p):
        assert np.isnan(swapped).all()
        return
    assert_allclose(swapped, (-high, -low, p), rtol=1e-9, atol=1e-12)
    assert (p < 0.05) == (low > 0 or high < 0) or abs(p - 0.05) < 1e-6
    assert p >= corrected_t(values, 0.0)[2] - 1e-12


def test_fewer_than_three_folds_and_equal_differences_are_not_tested():
    assert np.isnan(corrected_t(np.array([0.1, 0.3]), 0.5)).all()
    assert np.isnan(corrected_t(np.full(5, 0.1), 0.25)).all()


def test_overlapping_training_parts_make_the_usual_test_find_too_much():
    """Two models of equal quality, 10 folds of 40 samples, scored by the mean they learn."""
    rng = np.random.default_rng(2)
    false = {0.0: 0, 1 / 9: 0}
    n_runs, n_folds = 400, 10
    for _ in range(n_runs):
        sample = rng.normal(size=(40, 2))  # what each model learns from a sample is noise
        folds = np.array_split(np.arange(40), n_folds)
        test = rng.normal(scale=0.02, size=n_folds)
        means = [np.delete(sample, fold, axis=0).mean(axis=0) for fold in folds]
        differences = np.array([one - other for one, other in means]) + test
        for ratio in false:
            false[ratio] += corrected_t(differences, ratio)[2] < 0.05
    assert false[1 / 9] < false[0.0]
    assert false[0.0] / n_runs > 0.5  # folds agree since they learn from the same samples


def test_lower_is_better_counts_the_folds_in_which_it_is_lower():
    rows = [("vo2", "x", 0, k, v) for k, v in enumerate([0.1, 0.2, 0.9])]
    rows += [("none", "x", 0, k, 0.5) for k in range(3)]
    scores = pd.DataFrame(rows, columns=[*KEYS, "score"])
    assert paired_differences(scores, "none", 0.5).iloc[0].n_better == 1
    down = paired_differences(scores, "none", 0.5, higher_is_better=False)
    assert down.iloc[0].n_better == 2


def test_inputs_and_folds_that_one_lacks_are_left_out():
    scores = frame(4, 1, np.random.default_rng(3))
    scores = scores[~((scores["reservoir"] == "none") & (scores["fold"] == 3))]
    extra = scores[scores["reservoir"] == "vo2"].assign(inputs="late")
    found = paired_differences(pd.concat([scores, extra]), "none", 0.5)
    assert found["inputs"].tolist() == ["touch"]
    assert found["n_folds"].tolist() == [3]


def test_holms_p_values_are_those_written_out_by_hand():
    p = np.array([0.04, 0.01, np.nan, 0.03, 0.5])
    assert_allclose(adjust(p), [0.09, 0.04, np.nan, 0.09, 0.5])
    assert_allclose(adjust(np.array([0.9, 0.8])), [1.0, 1.0])
