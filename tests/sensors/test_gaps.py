"""Short gaps are filled and counted, long ones refused by channel and row."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.pipeline import make_pipeline

from mottle.sensors import FillGaps, GasDrive, TaxelDrive

NAN = np.nan
ROWS = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [8.0, 4.0], [9.0, NAN]])


@pytest.mark.parametrize(("how", "expected"), [
    ("hold", [[2, 1], [2, 1], [2, 1], [8, 4], [9, 4]]),
    ("linear", [[2, 1], [2, 2], [5, 3], [8, 4], [9, 4]]),
])  # fmt: skip
def test_gaps_are_filled(how, expected):
    np.testing.assert_array_equal(FillGaps(how=how).fit_transform(ROWS), expected)


def test_hold_depends_on_earlier_rows_only():
    whole = FillGaps().fit(ROWS).transform(ROWS)
    for n in range(2, 5):
        np.testing.assert_array_equal(FillGaps().fit(ROWS).transform(ROWS[:n]), whole[:n])


def test_the_mask_is_a_channel_more_each_with_its_name():
    stream = xr.DataArray(ROWS, dims=("time", "channel"), attrs={"units": "ohm"}, coords={
        "time": np.arange(5) * 0.5, "channel": ["CO", "NO2"]})  # fmt: skip
    found = FillGaps(mask=True).fit([stream]).transform([stream])[0]
    assert found.channel.values.tolist() == ["CO", "NO2", "CO filled", "NO2 filled"]
    np.testing.assert_array_equal(found.values[:, 2:], np.isnan(ROWS))
    assert found.attrs["units"] == "ohm"
    np.testing.assert_array_equal(found.time, stream.time)


def test_what_is_filled_is_counted():
    count = FillGaps().fit([ROWS]).count([ROWS, np.ones((3, 2)), None])
    assert count.to_numpy().tolist() == [[10, 5, 2], [6, 0, 0], [0, 0, 0]]


def test_encoders_behind_take_what_they_would_refuse():
    stream = np.array([[1.0], [NAN], [3.0], [4.0]])
    with pytest.raises(ValueError, match="holds NaN at row 1"):
        TaxelDrive(2).fit([stream])
    drive = make_pipeline(FillGaps(how="linear"), TaxelDrive(2, baseline=None, scale=None))
    np.testing.assert_array_equal(drive.fit_transform([stream])[0], [[1.5], [3.5]])
    table = pd.DataFrame({"time": [0.0, 1, 2, 3], "CO": stream[:, 0]})
    assert make_pipeline(FillGaps(), GasDrive(None)).fit_transform([table])[0].shape == (4, 2)


@pytest.mark.parametrize(("longest", "text"), [
    (1, "channel 1 of recording 0 of the input has a gap of 2 rows from row 0 on, longest=1"),
    (0, "longest=0"),
])  # fmt: skip
def test_longer_gaps_are_refused_by_place(longest, text):
    with pytest.raises(ValueError, match=text):
        FillGaps(longest).fit([ROWS[1:]]).transform([ROWS[1:] * [1, 1]])


def test_a_channel_without_values_and_other_channels_are_refused():
    empty = np.column_stack([np.ones(3), [NAN] * 3])
    with pytest.raises(ValueError, match="channel 1 of recording 0 of the input holds no value"):
        FillGaps().fit([empty]).transform([empty])
    with pytest.raises(ValueError, match="has 1 channels, the streams of fit had 2"):
        FillGaps().fit([ROWS]).transform([ROWS[:, :1]])
    with pytest.raises(ValueError, match="does not run live"):
        FillGaps().fit([ROWS]).start()
