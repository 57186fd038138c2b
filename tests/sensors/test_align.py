"""Steps from rows: split evenly, nothing lost."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.encoders import bin_rows
from numpy.testing import assert_allclose

from mottle.sensors.align import row_bounds, rows_to_steps, time_edges, times_to_steps


@given(rows=st.integers(1, 60), n_steps=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_rows_are_split_as_by_hand(rows, n_steps):
    if rows < n_steps:
        return
    bins = bin_rows(list(range(rows)), n_steps)
    bounds = row_bounds(rows, n_steps)
    assert [list(range(a, b)) for a, b in pairwise(bounds)] == bins


def test_steps_by_row_and_by_regular_time_agree():
    values = np.random.default_rng(0).normal(size=(23, 3))
    time = 5.0 + 0.5 * np.arange(23)
    by_time = times_to_steps(values, time, time_edges(time, 4, None))
    assert_allclose(by_time, rows_to_steps(values, 4))


def test_a_straight_line_stays_one_across_a_gap():
    time = np.array([0.0, 1.0, 2.0, 8.0, 9.0])
    steps = times_to_steps(time[:, np.newaxis], time, np.arange(0.0, 11.0, 2.0))
    assert_allclose(steps[:, 0], [0.5, 2.0, 5.0, 7.0, 8.5])


@pytest.mark.parametrize("n_steps", [1, 4])
def test_one_row_is_held(n_steps):
    time, values = np.array([3.0]), np.array([[7.0]])
    assert (times_to_steps(values, time, time_edges(time, n_steps, None)) == 7.0).all()
    assert (rows_to_steps(values, n_steps) == 7.0).all()
    assert len(rows_to_steps(values, n_steps)) == n_steps
