"""Streams that encoders accept, and the errors for others."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mottle.sensors import EVENT_DTYPE, EventRate, TaxelDrive, as_streams, check_samples


def events(*rows):
    return np.array(list(rows), dtype=EVENT_DTYPE)


def gas(values, names=("NO2", "Benzene"), time=None):
    values = np.asarray(values)
    time = np.arange(len(values), dtype=float) if time is None else time
    return xr.DataArray(
        values, dims=("time", "channel"), coords={"time": time, "channel": list(names)}
    )


ONE = events((5, 0, 0, 1), (9, 1, 1, 0))
FRAMES = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("given", "n", "one"),
    [
        (ONE, 1, True),
        (FRAMES, 1, True),
        (FRAMES.tolist(), 1, True),
        (gas(FRAMES), 1, True),
        (pd.DataFrame(FRAMES), 1, True),
        ([ONE, None], 2, False),
        ([FRAMES, FRAMES[:2]], 2, False),
        (np.zeros((3, 4, 2)), 3, False),
        (pd.Series([ONE, ONE, None], name="sight"), 3, False),
        (pd.DataFrame({"sight": pd.Series([ONE, None], dtype=object)}), 2, False),
        (gas(FRAMES).expand_dims(recording=3), 3, False),
    ],
)
def test_every_container_becomes_a_list_of_streams(given, n, one):
    streams = as_streams(given)
    assert (len(streams.cells), streams.one) == (n, one)


def test_the_name_of_the_column_is_the_name_of_the_sense():
    table = pd.DataFrame({"sight": pd.Series([ONE, None], dtype=object)})
    assert as_streams(table).place(1) == "recording 1 of 'sight'"
    assert as_streams(table["sight"]).place(0) == "recording 0 of 'sight'"


def test_a_table_of_two_senses_is_refused():
    table = pd.DataFrame({"sight": [ONE], "touch": [ONE]}, dtype=object)
    with pytest.raises(ValueError, match="2 senses came in \\(sight, touch\\)"):
        EventRate().fit(table)


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match="no recording"):
        EventRate().fit([])


@pytest.mark.parametrize(
    ("stream", "error", "text"),
    [
        (ONE[:0], ValueError, "recording 1 of 'sight' is an empty event stream"),
        (events((5, 0, 0, 1), (4, 0, 0, 1)), ValueError, "event 1 .*4 us after 5 us"),
        (
            np.array([(1, 0, 0, -1)], dtype=[(n, "i8") for n in "txyp"]),
            ValueError,
            "polarity -1 at event 0",
        ),
        (
            np.array([(1.5, 0, 0, 1)], dtype=[("t", "f8"), ("x", "i2"), ("y", "i2"), ("p", "?")]),
            ValueError,
            "field .t. .* float64: expected integers in microseconds",
        ),
        (np.zeros(2, dtype=[("t", "i8"), ("x", "i2")]), ValueError, "lacks y, p"),
        (FRAMES, TypeError, "ndarray of shape \\(4, 2\\), not an event stream"),
        (None, ValueError, "recording 1 of 'sight' is absent"),
    ],
    ids=["empty", "back", "polarity", "seconds", "fields", "frames", "absent"],
)
def test_bad_event_streams_are_named_with_the_way_out(stream, error, text):
    sight = pd.Series([ONE, stream], name="sight", dtype=object)
    with pytest.raises(error, match=text):
        EventRate().fit(sight)


def test_other_integer_fields_and_bool_polarity_are_accepted():
    tonic = np.array(
        [(0, 0, 5, True), (1, 1, 9, False)],
        dtype=[("x", "i8"), ("y", "i8"), ("t", "i8"), ("p", "?")],
    )
    ours = EventRate(2).fit(ONE)
    np.testing.assert_array_equal(ours.transform(tonic), ours.transform(ONE))


@pytest.mark.parametrize(
    ("stream", "error", "text"),
    [
        (gas([[1.0, 2**32 - 1.0]] * 3), ValueError, "'Benzene' .* 4294967295, .* in 3 rows; drop"),
        (gas([[1.0, 2**31 - 1.0]]), ValueError, "a signed 32-bit counter"),
        (gas([[1.0, 2.0], [np.nan, 2.0]]), ValueError, "'NO2' .* NaN at row 1"),
        (gas([[1.0, np.inf]]), ValueError, "'Benzene' .* inf at row 0"),
        (
            gas(FRAMES, time=[0.0, 12.81, 12.8, 13.0]),
            ValueError,
            "time goes back at sample 2 .*12.8 s after 12.81 s",
        ),
        (gas(FRAMES, time=[0.0, np.nan, 1.0, 2.0]), ValueError, "time is nan at sample 1"),
        (gas(FRAMES).assign_coords(time=list("abcd")), TypeError, "<U1: expected seconds or dates"),
        (FRAMES[:0], ValueError, "no row"),
        (FRAMES[0], ValueError, "shape \\(2,\\)"),
        (ONE, TypeError, "not a sampled stream"),
        (gas(FRAMES).rename(channel="taxel"), ValueError, "dims"),
    ],
    ids=[
        *("overflow", "signed", "nan", "inf", "back", "nan-time"),
        *("dates", "empty", "1-D", "events", "dims"),
    ],
)
def test_bad_samples_are_named_with_the_way_out(stream, error, text):
    with pytest.raises(error, match=text):
        check_samples(stream, "recording 0 of 'smell'")


def test_only_kept_channels_are_checked():
    stream = gas([[1.0, 2**32 - 1.0], [3.0, np.nan]])
    assert check_samples(stream, channels=["NO2"]).values[:, 0].tolist() == [1.0, 3.0]


def test_transposed_samples_are_read_by_their_dims():
    assert check_samples(gas(FRAMES).T).values.tolist() == FRAMES.tolist()


@pytest.mark.parametrize("channel", ["Benzol", 2, True])
def test_an_unknown_channel_is_refused(channel):
    with pytest.raises(ValueError, match="no channel"):
        check_samples(gas(FRAMES), channels=[channel])


def test_unequal_channel_counts_are_refused():
    with pytest.raises(ValueError, match=r"recording 1 .* 3 channels .* first .* has 2"):
        TaxelDrive().fit([FRAMES, np.zeros((4, 3))])


def test_channels_are_found_by_name_in_any_order():
    drive = TaxelDrive(scale=None).fit([gas(FRAMES)])
    np.testing.assert_array_equal(
        drive.transform([gas(FRAMES[:, ::-1], ("Benzene", "NO2"))]), drive.transform([gas(FRAMES)])
    )


def test_a_new_channel_is_refused_unless_channels_were_chosen():
    wide = gas(np.c_[FRAMES, FRAMES[:, 0]], ("NO2", "Benzene", "CO"))
    with pytest.raises(ValueError, match="'CO' which the first training recording lacks"):
        TaxelDrive().fit([gas(FRAMES)]).transform([wide])
    chosen = TaxelDrive(channels=["Benzene", "NO2"], scale=None).fit([gas(FRAMES)])
    assert chosen.channels_ == ["Benzene", "NO2"]
    np.testing.assert_array_equal(chosen.transform([wide])[0, :, 1], FRAMES[:, 0])


def test_a_missing_channel_is_refused():
    with pytest.raises(ValueError, match=r"has no channel 'Benzene'\. It has NO2"):
        TaxelDrive().fit([gas(FRAMES)]).transform([gas(FRAMES[:, :1], ["NO2"])])
