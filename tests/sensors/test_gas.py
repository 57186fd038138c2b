"""Gas drives: responses, derivatives, zeros and what lies below."""

import numpy as np
import pytest
import xarray as xr
from naive.encoders import leaky_rate
from numpy.testing import assert_allclose, assert_array_equal

from mottle.datasets import Recordings, cut_windows
from mottle.datasets.table import make_table, sampled
from mottle.sensors import GasDrive, TaxelDrive
from mottle.sensors.kernels import gas as kernels

RAW = {"n_steps": None, "derivative": False, "scale": None}


def draw_gas(n_rows=80, seed=0, time=None, names=("NO2", "LPG", "Altitude")):
    rng = np.random.default_rng(seed)
    values = np.stack(
        [
            200 + rng.normal(size=n_rows).cumsum(),
            rng.integers(0, 3, n_rows).astype(float),
            -30 + rng.normal(size=n_rows),
        ],
        axis=1,
    )
    time = np.arange(n_rows, dtype=float) if time is None else time
    coords = {"time": time, "channel": list(names)}
    return xr.DataArray(values, dims=("time", "channel"), coords=coords)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("log_ratio", lambda x, x0: np.log(x / x0)),
        ("ratio", lambda x, x0: x / x0 - 1),
        ("difference", lambda x, x0: x - x0),
    ],
)
def test_responses_follow_their_definitions(response, expected):
    gas = draw_gas()[:, :1]
    drive = GasDrive(response=response, **RAW).fit_transform(gas)
    x = gas.values
    assert_allclose(drive, expected(x, x[:10].mean(axis=0)), atol=1e-12)


def test_without_a_baseline_the_training_mean_takes_its_place():
    many = [draw_gas(seed=0)[:, :1], draw_gas(seed=1)[:, :1]]
    drives = GasDrive(baseline=None, **RAW).fit_transform(many)
    mean = np.mean([gas.values for gas in many])
    assert_allclose(drives[1], np.log(many[1].values / mean), atol=1e-12)


def test_zero_is_read_as_one_count_and_negative_channels_become_differences():
    gas = draw_gas()
    encoder = GasDrive(baseline=0, **RAW).fit(gas)
    assert encoder.responses_ == ["log_ratio", "log_ratio", "difference"]
    assert encoder.zero_[1] == 1.0
    drive = encoder.transform(gas)
    counts = np.maximum(gas.values[:, 1], 1.0)
    assert_allclose(drive[:, 1], np.log(counts / counts[0]))
    assert_allclose(drive[:, 2], gas.values[:, 2] - gas.values[0, 2])


def test_values_between_zero_and_the_training_minimum_keep_their_ratio():
    encoder = GasDrive(baseline=0, **RAW).fit(np.full((3, 1), 8.0))
    assert_allclose(encoder.transform(np.array([[8.0], [2.0], [0.0]])), np.log([[1], [0.25], [1]]))


def test_a_channel_of_zeros_gives_zeros():
    assert (GasDrive(**RAW).fit_transform(np.zeros((30, 1))) == 0).all()


def test_a_ratio_chosen_by_name_needs_values_of_zero_or_more():
    with pytest.raises(ValueError, match=r"channel 'Altitude' holds -3.* use 'difference'"):
        GasDrive(response={"Altitude": "ratio"}).fit([draw_gas()])
    with pytest.raises(ValueError, match="names the channel 'CO', which is not kept"):
        GasDrive(response={"CO": "ratio"}).fit([draw_gas()])


def test_a_negative_value_new_at_transform_is_refused():
    encoder = GasDrive(2).fit([np.full((30, 1), 9.0)])
    with pytest.raises(ValueError, match=r"'channel0' of recording 0 .* holds -1 at row 4"):
        encoder.transform([np.array([[9.0]] * 4 + [[-1.0]])])


def test_responses_by_name():
    encoder = GasDrive(response={"NO2": "ratio"}, drop=("Altitude",)).fit([draw_gas()])
    assert encoder.responses_ == ["ratio", "log_ratio"]
    assert encoder.get_feature_names_out().tolist() == ["NO2", "NO2_rate", "LPG", "LPG_rate"]
    assert encoder.input_shape_ == (1, 2, 2)


def rate_of(values, time, tau):
    return kernels.leaky_rate(
        values, time, tau, time[0], values[0].copy(), np.zeros(values.shape[1])
    )


@pytest.mark.kernel
def test_the_rate_follows_the_naive_rate():
    rng = np.random.default_rng(0)
    values, time = rng.normal(size=(30, 2)), np.cumsum(rng.uniform(0.1, 3.0, 30))
    got = rate_of(values, time, 4.0)
    for channel in range(2):
        assert_allclose(got[:, channel], leaky_rate(values[:, channel], time, 4.0), atol=1e-14)


@pytest.mark.kernel
def test_the_rate_of_a_ramp_becomes_its_slope():
    time = np.arange(0.0, 100.0, 0.5)
    rate = rate_of(3.0 * time[:, np.newaxis], time, 2.0)
    assert_allclose(rate[-1], 3.0, rtol=1e-9)


@pytest.mark.kernel
def test_the_rate_is_kept_where_time_stands_still():
    rate = rate_of(np.array([[0.0], [1.0], [5.0]]), np.array([0.0, 1.0, 1.0]), 2.0)
    assert rate[2] == rate[1] > 0


def test_the_step_of_a_clock_sets_the_number_of_steps():
    gas = draw_gas(80)
    assert GasDrive(60).fit_transform([gas]).shape == (1, 60, 6)
    ragged = GasDrive(None, dt=7.0).fit_transform([gas, gas[:70]])
    assert [len(drive) for drive in ragged] == [12, 10]
    assert len(GasDrive(dt=7.0).fit_transform([gas])[0]) == 12  # the default gives way
    assert GasDrive(dt=7.0).fit([gas]).step_times([gas])[0].tolist()[:3] == [0.0, 7.0, 14.0]
    with pytest.raises(ValueError, match=r"n_steps=61 and dt=1.0 s both set the steps"):
        GasDrive(61, dt=1.0).fit([gas])


def test_the_clock_counts_seconds_not_rows():
    ramp = xr.DataArray(
        [[1.0], [2.0], [3.0], [9.0], [10.0]],
        dims=("time", "channel"),
        coords={"time": [101.0, 102.0, 103.0, 109.0, 110.0], "channel": ["VOC"]},
    )
    encoder = GasDrive(
        None, dt=2.0, baseline=0, response="difference", derivative=False, scale=None
    )
    assert_allclose(encoder.fit_transform(ramp)[:, 0], [0.5, 2.0, 5.0, 7.0, 8.5, 9.0])


def test_steps_never_depend_on_later_rows():
    gas = draw_gas(60)
    encoder = GasDrive(None, dt=5.0).fit([gas])
    assert_array_equal(encoder.transform([gas[:40]])[0], encoder.transform([gas])[0, :8])


def test_duration_hides_the_length():
    gas = draw_gas(90)
    drives = GasDrive(12, duration=60.0).fit_transform([gas, gas[:70]])
    assert_array_equal(drives[0], drives[1])


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"response": "db"}, "response='db': expected one of 'log_ratio'"),
        ({"smooth": 0}, "smooth=0 s must be"),
        ({"baseline": -1.0}, "baseline=-1.0 s must be"),
        ({"baseline": False}, "baseline=False must be"),
        ({"n_steps": None, "dt": 0}, "dt=0"),
        ({"channels": ["NO2"], "drop": "NO2"}, "no channel is left"),
    ],
)
def test_bad_parameters_are_named(parameters, text):
    with pytest.raises(ValueError, match=text):
        GasDrive(**parameters).fit([draw_gas()])


def with_times(values, step=1.0):
    return xr.DataArray(
        values, dims=("time", "channel"),
        coords={"time": np.arange(len(values)) * step, "channel": ["CO", "NO2"]},
    )  # fmt: skip


def test_a_baseline_that_covers_every_recording_warns_with_both_times():
    gas = [with_times(draw_gas(80)[:, :2], step=0.001) for _ in range(2)]
    for baseline in (10.0, 1.0):
        message = f"baseline={baseline:g} s covers every .* lasts 0.079 s.*in seconds"
        with pytest.warns(UserWarning, match=message):
            GasDrive(5, baseline=baseline).fit(gas)
    GasDrive(5, baseline=0.05, smooth=0.01).fit(gas)


@pytest.mark.parametrize(
    "wrong", [{"duration": 1000.0}, {"smooth": 1000.0}, {"dt": 1000.0, "n_steps": None}], ids=str
)
def test_times_in_another_unit_warn_with_both_times(wrong):
    gas = [with_times(draw_gas(80)[:, :2])]
    name = next(iter(wrong))
    with pytest.warns(UserWarning, match=f"{name}=1000 s, .* recording lasts 79 s: .* in seconds"):
        GasDrive(**wrong).fit(gas)


def test_a_few_values_below_zero_that_change_a_response_are_named():
    gas = [np.abs(draw_gas(80)[:, :2]) + 1 for _ in range(3)]
    gas[1][7, 1] = -1.0
    recordings = [with_times(values) for values in gas]
    message = r"channel 'NO2' holds values below 0 in 1 of 240 .* 'difference' in place of 'log_r"
    with pytest.warns(UserWarning, match=message):
        nose = GasDrive(5).fit(recordings)
    assert nose.responses_ == ["log_ratio", "difference"]
    GasDrive(5, response={"NO2": "difference"}).fit(recordings)
    GasDrive(5, response="difference").fit(recordings)


def test_wrong_types_show_no_unit_twice():
    with pytest.raises(
        ValueError, match=r"^baseline='10 s' must be a finite number of s, at least"
    ):
        GasDrive(baseline="10 s").fit([draw_gas(20)])


def test_a_window_is_compared_with_the_begin_of_its_recording():
    time = np.arange(200) / 10  # 10 Hz, 20 s: an exponential rise, one tenfold in 10 s
    stream = sampled(100 * 10 ** (time / 10)[:, np.newaxis], time, ["a"], units="ohm", name="smell")
    recordings = Recordings(make_table(smell=[stream]), np.array(["x"]), np.array([0]))
    windows = cut_windows(recordings, 5.0)[0].table["smell"]
    gas = GasDrive(None, baseline=0, derivative=False, scale=None).fit(list(windows))
    drives = np.concatenate(gas.transform(list(windows)))
    assert_allclose(drives[:, 0], np.log(10) * time / 10, atol=1e-12)
    longer = GasDrive(None, baseline=2.0, derivative=False, scale=None).fit(list(windows))
    start = np.log(np.mean(10 ** (time[:20] / 10)))
    assert_allclose(
        np.concatenate(longer.transform(list(windows)))[:, 0], np.log(10) * time / 10 - start
    )
    touch = TaxelDrive(baseline="first", scale=None).fit(list(windows))
    assert_allclose(
        np.concatenate(touch.transform(list(windows)))[:, 0], stream.to_numpy()[:, 0] - 100
    )
    again = cut_windows(Recordings(windows.to_frame(), ["x"] * 4, [0] * 4), 2.0)[0].table["smell"]
    drives = np.concatenate(gas.transform(list(again)))  # windows of windows too
    assert_allclose(drives[-1, 0], np.log(10) * 1.89, rtol=1e-9)


def test_recordings_that_would_be_stretched_are_named_once_in_fit(caplog, monkeypatch):
    short = [np.ones((10, 1)) * 2, np.arange(1.0, 81)[:, np.newaxis]]
    for encoder in (GasDrive(), TaxelDrive(60)):
        caplog.clear()
        monkeypatch.setattr("mottle.log.SAID", set())
        encoder.fit(short).fit([*short, *short])
        assert caplog.text.count("stretches") == 1
        assert "n_steps=60 stretches 1 of 2 recordings, the shortest from 10 rows" in caplog.text


def test_windows_that_were_changed_say_so_and_those_saved_come_back(tmp_path):
    time = np.arange(300.0)
    stream = sampled(100 + time[:, np.newaxis], time, ["a"], units="ohm", name="smell")
    recordings = Recordings(make_table(smell=[stream]), np.array(["x"]), np.array([0]))
    window = cut_windows(recordings, 100.0)[0].table["smell"].iloc[1]
    encoder = TaxelDrive(baseline="first", scale=None).fit([window])
    assert encoder.transform([window])[0][0, 0] == 100.0
    with pytest.warns(UserWarning, match="recording 0 .* was changed after it was cut"):
        assert encoder.transform([2 * window])[0][0, 0] == 0.0
    window.to_netcdf(tmp_path / "w.nc", engine="scipy")
    again = xr.load_dataarray(tmp_path / "w.nc", engine="scipy")
    assert_array_equal(encoder.transform([again])[0], encoder.transform([window])[0])
    assert window.identical(window.copy(deep=True))
    with pytest.raises(ValueError, match="baseline=90 s, and windows carry the first 60 s"):
        GasDrive(None, baseline=90.0).fit([window])
    with pytest.raises(ValueError, match="baseline=61 rows, and windows carry the first 60 rows"):
        TaxelDrive(baseline=61).fit([window])
