"""Early fusion: senses side by side, 0 where absent."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from mottle.sensors import EVENT_DTYPE, DriveStack, EventRate, TaxelDrive, TimeMask


def make_table(n=4):
    rng = np.random.default_rng(0)
    sight = []
    for _ in range(n):
        events = np.zeros(20, dtype=EVENT_DTYPE)
        events["t"] = np.sort(rng.integers(0, 1000, 20))
        events["x"], events["y"] = rng.integers(0, 4, (2, 20))
        sight.append(events)
    touch = [rng.normal(size=(6 + i, 3)) for i in range(n)]
    table = pd.DataFrame({"sight": pd.Series(sight, dtype=object)})
    table["touch"] = pd.Series(touch, dtype=object)
    return table


def make_stack(touch_steps=5):
    sight = EventRate(5, sensor_size=(4, 4), on_drop="ignore")
    return DriveStack([("sight", sight), ("touch", TaxelDrive(touch_steps))])


def test_drives_stand_side_by_side():
    table = make_table()
    stack = make_stack().fit(table)
    sight, touch = (encoder.transform(table[sense]) for sense, encoder in stack.encoders_)
    assert_array_equal(stack.transform(table), np.concatenate([sight, touch], axis=2))
    assert_array_equal(stack.fit_transform(table), stack.transform(table))
    names = stack.get_feature_names_out()
    assert len(names) == stack.n_features_out_ == 11
    assert (names[0], names[-1]) == ("sight__y0_x0_off", "touch__channel2")


def test_an_absent_sense_is_zero_and_absent_senses_are_nan():
    table = make_table()
    stack = make_stack().fit(table)
    whole = stack.transform(table)
    table.loc[1, "touch"] = None
    table.loc[2, "sight"] = None
    table.loc[2, "touch"] = None
    drive = stack.transform(table)
    assert_array_equal(drive[1, :, :8], whole[1, :, :8])
    assert (drive[1, :, 8:] == 0).all()
    assert np.isnan(drive[2]).all()
    assert_array_equal(drive[[0, 3]], whole[[0, 3]])
    with pytest.raises(ValueError, match="recording 2 of 'sight' is absent"):
        make_stack().fit(table)


def test_senses_of_different_steps_are_refused_by_name():
    with pytest.raises(ValueError, match=r"recording 0 .*'sight' 5, 'touch' 7.* n_steps="):
        make_stack(7).fit_transform(make_table())


def test_ragged_drives_stack_where_they_agree():
    table = make_table()
    table["joints"] = table["touch"]
    stack = DriveStack([("touch", TaxelDrive()), ("joints", TaxelDrive())])
    stack.fit(table)
    table.loc[3, "joints"] = None
    assert [drive.shape for drive in stack.transform(table)] == [(6 + i, 6) for i in range(4)]


def test_parameters_of_encoders_are_reached_by_name():
    stack = make_stack()
    assert stack.get_params()["touch__n_steps"] == 5
    assert stack.set_params(touch__n_steps=7).encoders[1][1].n_steps == 7
    copy = clone(stack)
    assert copy.encoders[1][1] is not stack.encoders[1][1]
    stack.set_params(touch=TaxelDrive(9))
    assert stack.get_params()["touch__n_steps"] == 9
    with pytest.raises(ValueError, match="touhc"):
        stack.set_params(touhc__n_steps=7)


def test_fit_leaves_the_given_encoders_alone():
    stack = make_stack().fit(make_table())
    assert not hasattr(stack.encoders[0][1], "scale_")
    assert hasattr(stack.encoders_[0][1], "scale_")


def test_a_pipeline_serves_as_an_encoder():
    masked = make_pipeline(TaxelDrive(5), TimeMask(2, n_masks=2, random_state=0))
    stack = DriveStack([("touch", masked)]).fit(make_table())
    assert stack.transform(make_table()).shape == (4, 10, 6)
    assert stack.get_feature_names_out()[0] == "touch__channel0_mask0"


def test_what_is_no_table_or_lacks_a_column_is_refused():
    with pytest.raises(TypeError, match="takes a table"):
        make_stack().fit(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="no column 'touch'; it has sight"):
        make_stack().fit(make_table()[["sight"]])
    with pytest.raises(ValueError, match="empty"):
        DriveStack([]).fit(make_table())
