"""NARMA follows its recurrence."""

import numpy as np
import pytest

from mottle.datasets import narma


@pytest.mark.parametrize("order", [1, 2, 10])
def test_narma_follows_its_equation_step_by_step(order):
    u, y = narma(300, order=order, random_state=1)
    assert u.shape == (300, 1)
    u = u[:, 0]
    for t in range(order, 300):
        past = [y[t - 1 - i] for i in range(order) if t - 1 - i >= 0]
        expected = (
            0.3 * y[t - 1] + 0.05 * y[t - 1] * sum(past) + 1.5 * u[t - order + 1] * u[t] + 0.1
        )
        assert y[t] == pytest.approx(expected, rel=1e-12)
    assert not y[: order - 1].any()


def test_narma_repeats_with_its_seed_and_stays_in_range():
    u, y = narma(2000, random_state=5)
    again = narma(2000, random_state=5)
    assert np.array_equal(u, again[0])
    assert np.array_equal(y, again[1])
    assert u.min() >= 0
    assert u.max() <= 0.5
    assert 0.1 < y[50:].mean() < 0.6
    assert y.max() <= 1


def test_narma_refuses_what_would_diverge():
    with pytest.raises(ValueError, match="order=20 must be 1 to 10"):
        narma(order=20)
    with pytest.raises(ValueError, match="n_steps=0 must be at least 1"):
        narma(0)
