"""OscillatorMemory: stored patterns are recalled, as in Hopfield's network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import OscillatorMemory


@parametrize_with_checks([OscillatorMemory(n_cycles=5)])
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def task(n, n_patterns, fraction, seed):
    """Return random patterns, and copies with a fraction of the elements inverted."""
    rng = np.random.default_rng(seed)
    stored = rng.choice([-1.0, 1.0], (n_patterns, n))
    corrupted = stored.copy()
    for row in corrupted:
        row[rng.choice(n, round(fraction * n), replace=False)] *= -1
    return stored, corrupted


def hopfield(weights, corrupted):
    y = corrupted
    for _ in range(20):
        y = np.where(y @ weights > 0, 1.0, -1.0)
    return y


@pytest.mark.parametrize(("fraction", "least"), [(0.1, 0.99), (0.2, 0.95)])
def test_corrupted_patterns_are_recalled_as_well_as_by_hopfields_network(fraction, least):
    overlaps = []
    for seed in range(5):
        stored, corrupted = task(30, 2, fraction, seed)
        memory = OscillatorMemory().fit(stored)
        overlaps.append((memory.transform(corrupted) * stored).mean())
        assert_array_equal(hopfield(memory.weights_, corrupted), stored)
    assert np.mean(overlaps) > least > 1 - 2 * fraction


def test_phases_lie_on_the_axis_of_the_pattern():
    stored, corrupted = task(30, 2, 0.1, 0)
    recalled = OscillatorMemory().fit(stored).recall(corrupted)
    assert (recalled.order > 0.95).all()
    turned = np.where(stored > 0, (recalled.phase + 0.25) % 1, (recalled.phase - 0.25) % 1)
    assert_allclose(turned, 0.25, atol=0.1)


def test_noise_of_the_thresholds_does_not_change_the_recall():
    stored, corrupted = task(30, 2, 0.1, 0)
    memory = OscillatorMemory(threshold_noise=0.003, spread=0.003, random_state=0).fit(stored)
    assert_array_equal(memory.transform(corrupted), stored)
    assert_array_equal(memory.transform(corrupted[::-1]), stored[::-1])


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
