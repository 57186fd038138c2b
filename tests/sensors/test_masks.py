"""Time masks: the same mask for every step and every recording."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mottle.sensors import TimeMask


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("kind", ["binary", "uniform"])
def test_every_sub_step_is_the_step_times_its_mask(kind):
    drive = draw(2, 3, 2)
    mask = TimeMask(4, kind=kind, n_masks=3, random_state=0).fit(drive)
    got = mask.transform(drive)
    assert got.shape == (2, 12, 6)
    for r, step, sub, i, m in np.ndindex(2, 3, 4, 2, 3):
        assert got[r, 4 * step + sub, 3 * i + m] == drive[r, step, i] * mask.mask_[sub, i, m]
    assert (np.abs(mask.mask_) <= 1).all()
    assert (np.abs(mask.mask_) == 1).all() == (kind == "binary")


def test_lists_stay_lists_and_lone_drives_stay_bare():
    mask = TimeMask(2, random_state=0).fit([draw(3, 2), draw(5, 2)])
    assert [len(drive) for drive in mask.transform([draw(3, 2), draw(5, 2)])] == [6, 10]
    assert_array_equal(mask.transform(draw(3, 2)), mask.transform([draw(3, 2)])[0])


def test_nan_drives_stay_nan():
    drives = draw(2, 3, 2)
    drives[0] = np.nan
    masked = TimeMask(random_state=0).fit(draw(2, 3, 2)).transform(drives)
    assert np.isnan(masked[0]).all()
    assert np.isfinite(masked[1]).all()


def test_the_seed_draws_the_mask():
    drive = draw(3, 5)
    one, two, other = (TimeMask(8, random_state=s).fit(drive).mask_ for s in (0, 0, 1))
    assert_array_equal(one, two)
    assert (one != other).any()


def test_names_carry_the_mask():
    mask = TimeMask(n_masks=2).fit(draw(3, 2))
    assert mask.get_feature_names_out(["a", "b"]).tolist() == [
        *("a_mask0", "a_mask1", "b_mask0", "b_mask1")
    ]
    assert TimeMask().fit(draw(3, 2)).get_feature_names_out().tolist() == ["x0", "x1"]
    with pytest.raises(ValueError, match="input_features"):
        mask.get_feature_names_out(["a"])


def test_streams_and_absent_senses_are_refused():
    with pytest.raises(TypeError, match="encode streams first"):
        TimeMask().fit([draw(3, 2), None])
    with pytest.raises(ValueError, match="3 features"):
        TimeMask().fit([draw(3, 2), draw(3, 3)])
    for bad in ({"length": 0}, {"kind": "ternary"}, {"n_masks": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            TimeMask(**bad).fit(draw(3, 2))
