"""Level crossing: spikes follow the change of a channel exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.encoders import send_on_delta
from numpy.testing import assert_allclose, assert_array_equal

from mottle.sensors import LevelCrossing
from mottle.sensors.kernels import delta as kernels

pytestmark = pytest.mark.kernel


def draw(seed, n_rows=40, n_channels=2):
    return np.random.default_rng(seed).normal(size=(n_rows, n_channels)).cumsum(axis=0)


def crossings(values, threshold):
    return kernels.crossings(values, threshold, values[0], np.zeros(values.shape[1]))


def test_spikes_follow_the_walking_reference():
    values = draw(0)
    got = crossings(values, np.array([0.3, 0.7]))
    for channel, threshold in enumerate((0.3, 0.7)):
        expected = send_on_delta(values[:, channel], threshold)
        assert_array_equal(got[:, 2 * channel : 2 * channel + 2], expected)


@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(0.01, 2.0))
@settings(max_examples=25, deadline=None)
def test_up_minus_down_is_the_change_to_within_a_threshold(seed, threshold):
    values = draw(seed)
    spikes = crossings(values, np.full(2, threshold))
    net = threshold * np.cumsum(spikes[:, 0::2] - spikes[:, 1::2], axis=0)
    assert (np.abs(values - values[0] - net) < threshold * (1 + 1e-9)).all()
    assert (spikes[:, 0::2] * spikes[:, 1::2] == 0).all()


@pytest.mark.parametrize("n_steps", [1, 7, 40, 64])
def test_binning_loses_no_spike(n_steps):
    values = draw(1)
    rows = LevelCrossing(scale=None).fit_transform(values)
    steps = LevelCrossing(n_steps, scale=None).fit_transform(values)
    assert steps.shape == (n_steps, 4)
    assert_array_equal(steps.sum(axis=0), rows.sum(axis=0))


def test_thresholds_are_fractions_of_the_spread_within_recordings():
    a, b = draw(0), draw(1)
    encoder = LevelCrossing(threshold=0.5).fit([a, b + 1000.0])
    within = np.concatenate([a - a.mean(axis=0), b - b.mean(axis=0)]).std(axis=0)
    assert_allclose(encoder.threshold_, 0.5 * within)


def test_a_constant_channel_has_no_spike():
    values = np.column_stack([draw(0), np.full(40, 0.3)])
    assert (LevelCrossing().fit_transform(values)[:, 4:] == 0).all()
    assert (LevelCrossing().fit_transform(np.full((5, 1), 0.3)) == 0).all()


def test_the_scale_is_one_for_all_inputs():
    encoder = LevelCrossing(5).fit([draw(0), draw(1)])
    raw = LevelCrossing(5, scale=None).fit_transform([draw(0), draw(1)])
    assert encoder.scale_[0] == np.quantile(raw[raw > 0], 0.99, method="inverted_cdf")
    assert_allclose(encoder.transform([draw(0), draw(1)]), np.minimum(raw / encoder.scale_[0], 3.0))


def test_names_are_up_and_down():
    names = LevelCrossing().fit(draw(0)).get_feature_names_out().tolist()
    assert names == ["channel0_up", "channel0_down", "channel1_up", "channel1_down"]


@pytest.mark.parametrize("parameters", [{"threshold": 0}, {"scale": "channel"}, {"n_steps": -1}])
def test_bad_parameters_are_named(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        LevelCrossing(**parameters).fit(draw(0))
