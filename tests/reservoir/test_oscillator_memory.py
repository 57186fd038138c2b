"""OscillatorMemory: stored patterns come back, as in Hopfield's network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import OscillatorMemory


@parametrize_with_checks([OscillatorMemory(n_cycles=5)])
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def task(n, n_patterns, share, seed):
    """Random patterns, and each with a share of its elements turned over."""
    rng = np.random.default_rng(seed)
    stored = rng.choice([-1.0, 1.0], (n_patterns, n))
    asked = stored.copy()
    for row in asked:
        row[rng.choice(n, round(share * n), replace=False)] *= -1
    return stored, asked


def hopfield(weights, asked):
    y = asked
    for _ in range(20):
        y = np.where(y @ weights > 0, 1.0, -1.0)
    return y


@pytest.mark.parametrize(("share", "least"), [(0.1, 0.99), (0.2, 0.95)])
def test_corrupted_patterns_are_recalled_as_well_as_by_hopfields_network(share, least):
    overlaps = []
    for seed in range(5):
        stored, asked = task(30, 2, share, seed)
        memory = OscillatorMemory().fit(stored)
        overlaps.append((memory.transform(asked) * stored).mean())
        assert_array_equal(hopfield(memory.weights_, asked), stored)
    assert np.mean(overlaps) > least > 1 - 2 * share


def test_phases_lie_on_the_axis_of_the_pattern():
    stored, asked = task(30, 2, 0.1, 0)
    recalled = OscillatorMemory().fit(stored).recall(asked)
    assert (recalled.order > 0.95).all()
    turned = np.where(stored > 0, (recalled.phase + 0.25) % 1, (recalled.phase - 0.25) % 1)
    assert_allclose(turned, 0.25, atol=0.1)


def test_noise_of_the_thresholds_leaves_the_recall():
    stored, asked = task(30, 2, 0.1, 0)
    memory = OscillatorMemory(threshold_noise=0.003, spread=0.003, random_state=0).fit(stored)
    assert_array_equal(memory.transform(asked), stored)
    assert_array_equal(memory.transform(asked[::-1]), stored[::-1])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"r_coupling": 0.0}, "r_coupling=0.0 ohm must be .* above 0"),
        ({"v_bias": 1.0}, "v_bias=1.0 V lies"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        OscillatorMemory(**parameters).fit(np.eye(3))
