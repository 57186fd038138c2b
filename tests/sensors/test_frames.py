"""Recordings as tables of pandas: the time is in the index or a column, by the rules of files."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mottle.datasets import list_table, make_table, open_prepared, prepare
from mottle.datasets.listing import stream_hash
from mottle.datasets.table import Recordings
from mottle.sensors import GasDrive, LevelCrossing, TaxelDrive, check_samples

T = np.arange(0, 20, 0.25)
CO = 100.0 + 10 * T
LABELLED = xr.DataArray(
    CO[:, np.newaxis], dims=("time", "channel"), coords={"time": T, "channel": ["CO"]}
)
PLAIN = pd.DataFrame({"CO": CO})
START = pd.Timestamp("2024-03-31 00:30")
TIMED = {
    "index in second": PLAIN.set_index(pd.Index(T, name="time")),
    "index in ms": PLAIN.set_index(pd.Index((1000 * T).astype(int), name="time_ms")),
    "dates": PLAIN.set_index(START + pd.to_timedelta(T, unit="s")),
    "dates in a zone": PLAIN.set_index(
        (START + pd.to_timedelta(T, unit="s")).tz_localize("Europe/Berlin")
    ),
    "durations": PLAIN.set_index(pd.to_timedelta(T, unit="s")),
    "column in second": PLAIN.assign(time=T),
    "column in us": PLAIN.assign(t_us=(1e6 * T).astype(int)),
    "column of dates": PLAIN.assign(timestamp=START + pd.to_timedelta(T, unit="s")),
    "column of text": PLAIN.assign(Date=(START + pd.to_timedelta(T, unit="s")).astype(str)),
    "column of text as objects": PLAIN.assign(
        Date=(START + pd.to_timedelta(T, unit="s")).astype(str).astype(object)
    ),
    "nullable": PLAIN.assign(time=T).astype({"CO": "Float64", "time": "Float64"}),
}
ENCODERS = [
    lambda: GasDrive(None, dt=1.0, baseline=2.0, scale=None),
    lambda: TaxelDrive(5, scale=None), lambda: LevelCrossing(scale=None),
]  # fmt: skip


@pytest.mark.parametrize("kind", TIMED)
@pytest.mark.parametrize("make", ENCODERS)
@pytest.mark.parametrize("many", [True, False])
def test_a_time_in_a_table_is_the_time_and_no_channel(kind, make, many):
    def wrap(stream):
        return [stream] if many else stream

    wanted = make().fit_transform(wrap(LABELLED))
    encoder = make()
    drive = encoder.fit_transform(wrap(TIMED[kind]))
    assert encoder.channels_ == ["CO"]
    np.testing.assert_allclose(drive, wanted, atol=1e-9)


@pytest.mark.parametrize("kind", TIMED)
def test_check_samples_gives_seconds(kind):
    samples = check_samples(TIMED[kind])
    np.testing.assert_allclose(samples.time, T, atol=1e-9)
    assert samples.names == ["CO"]


def test_dates_of_a_data_array_are_seconds_from_the_first():
    dated = LABELLED.assign_coords(time=(START + pd.to_timedelta(T, unit="s")).to_numpy())
    np.testing.assert_allclose(check_samples(dated).time, T, atol=1e-9)


def test_a_table_that_counts_rows_has_row_numbers():
    for frame in (PLAIN, PLAIN[10:], PLAIN.set_index(np.arange(5, 85))):
        assert check_samples(frame).time.tolist() == list(range(len(frame)))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (PLAIN[::2].set_index(np.arange(40) * 2), r"index of .* \(0, 2, 4, ...\) neither counts"),
        (PLAIN.set_index(pd.Index(T)), r"neither counts rows nor is a time: name it 'time'"),
        (PLAIN.set_index(pd.Index(list("ab") * 40)), "neither counts rows nor is a time"),
        (pd.concat([PLAIN, PLAIN], axis=1), "names two columns 'CO'"),
        (PLAIN.assign(time=T).set_index(pd.Index(T, name="t")), "in the column 'time': drop one"),
        (PLAIN.assign(time=T, timestamp=T), "may be the time, 'time', 'timestamp'"),
        (PLAIN.assign(index=range(80)), "a column 'index', the name of an index"),
        (PLAIN.assign(kind=pd.Series(["a"] * 80, dtype="string")), "channel 'kind' .* is string"),
        (PLAIN.assign(kind=pd.Categorical(["a"] * 80)), "channel 'kind' .* is category"),
        (PLAIN + 1j, "channel 'CO' .* is complex128"),
        (PLAIN.assign(at=START), "channel 'at' .* is datetime64"),
        (PLAIN.assign(T=CO), "'T' .* may be the time or a temperature.*rename"),
        (PLAIN.assign(CO=pd.array([None] + [1] * 79, dtype="Int64")), "holds NaN at row 0"),
        (PLAIN.set_index(pd.MultiIndex.from_product([[0], T])), "has a MultiIndex"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("many", [True, False])
def test_tables_that_are_not_clear_are_refused(frame, message, many):
    with pytest.raises(ValueError, match=message):
        TaxelDrive(5).fit([frame] if many else frame)


def test_nullable_types_without_a_time_are_numbers():
    frame = pd.DataFrame({"a": pd.array([1, 2, 4], dtype="Int64"), "on": [True, False, True]})
    assert TaxelDrive(scale=None, baseline=None).fit_transform([frame])[0].tolist() == [
        [1, 1], [2, 0], [4, 1]
    ]  # fmt: skip


def test_a_live_run_takes_seconds_and_no_dates():
    encoder = TaxelDrive(scale=None).fit([TIMED["index in second"]])
    state = encoder.start()
    state, drive = encoder.advance(state, [TIMED["index in second"].iloc[:8]])
    assert drive.shape == (1, 8, 1)
    with pytest.raises(ValueError, match="run 0 has dates as its time"):
        encoder.advance(state, [TIMED["dates"].iloc[8:16]])


def test_times_of_tables_are_stored_and_hashed(tmp_path):
    frames = [TIMED["dates"], TIMED["index in ms"]]
    table = make_table(smell=frames, index=["a", "b"])
    recordings = Recordings(table, np.array(["x", "y"]), np.array([0, 1]))
    prepare(list_table(recordings), tmp_path / "s.zarr")
    for cell in open_prepared(tmp_path / "s.zarr")[0]["smell"]:
        np.testing.assert_allclose(cell.time, T, atol=1e-9)
        assert cell.channel.values.tolist() == ["CO"]
    assert len({stream_hash({"smell": frame}) for frame in [PLAIN, *frames]}) == 3
