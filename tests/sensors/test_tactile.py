"""Frames to drives: baselines, statistics, scales."""

import numpy as np
import pytest
import xarray as xr
from naive.encoders import bin_rows
from numpy.testing import assert_allclose, assert_array_equal

from mottle.sensors import TaxelDrive
from mottle.sensors.sampled import learn_spread


def draw_frames(n_rows, seed=0, n_channels=3):
    return np.random.default_rng(seed).normal(size=(n_rows, n_channels)).cumsum(axis=0) + 50


def test_statistics_follow_their_definitions():
    frames = draw_frames(23)
    wanted = ("mean", "std", "diff", "last")
    drive = TaxelDrive(4, statistics=wanted, baseline=None, scale=None).fit_transform(frames)
    jumps = np.vstack([np.zeros((1, 3)), abs(frames[1:] - frames[:-1])])
    bins, jump_bins = bin_rows(frames, 4), bin_rows(jumps, 4)
    for step in range(4):
        rows = np.array(bins[step])
        expected = [rows.mean(0), rows.std(0), np.mean(jump_bins[step], 0), rows[-1]]
        assert_allclose(drive[step].reshape(3, 4), np.transpose(expected), rtol=1e-12)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        ("first", lambda x, mean: x[0]),
        (3, lambda x, mean: x[:3].mean(0)),
        ("mean", lambda x, mean: x.mean(0)),
        ("training", lambda x, mean: mean),
        (None, lambda x, mean: 0.0),
    ],
)
def test_the_baseline_is_subtracted(baseline, expected):
    many = [draw_frames(9, 0), draw_frames(12, 1)]
    drives = TaxelDrive(baseline=baseline, scale=None).fit_transform(many)
    mean = np.concatenate(many).mean(axis=0)
    for frames, drive in zip(many, drives, strict=True):
        assert_allclose(drive, frames - expected(frames, mean), atol=1e-12)


def test_lengths_stay_without_n_steps_and_agree_with_it():
    many = [draw_frames(9), draw_frames(4), draw_frames(6)]
    assert [len(drive) for drive in TaxelDrive().fit_transform(many)] == [9, 4, 6]
    assert TaxelDrive(6).fit_transform(many).shape == (3, 6, 3)
    assert TaxelDrive().fit_transform(many[:1]).shape == (1, 9, 3)


def test_short_recordings_are_interpolated():
    drive = TaxelDrive(5, scale=None, statistics=("mean", "std")).fit_transform(
        np.array([[10.0], [14.0]])
    )
    assert drive.tolist() == [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]]


def test_max_rows_hides_the_length():
    long, short = draw_frames(30), draw_frames(30)[:10]
    drives = TaxelDrive(4, max_rows=10).fit_transform([long, short])
    assert_array_equal(drives[0], drives[1])


def test_a_channel_that_hardly_moves_is_not_blown_up():
    frames = draw_frames(200, n_channels=5)
    frames[:, 3] = 1e-6 * frames[:, 3]
    frames[:, 4] = 0.1 + 0.2
    drive = TaxelDrive(baseline=7).fit_transform(frames)
    assert np.abs(drive[:, 3]).max() < 1e-3
    assert (drive[:, 4] == 0).all()
    assert_allclose(np.abs(drive[:, :3]).max(axis=0), 2, atol=1.01)


def test_channels_that_never_move_give_zero():
    assert (TaxelDrive(baseline=3).fit_transform(np.full((6, 2), 0.1)) == 0).all()


def test_the_scale_is_the_training_rms_and_clips():
    frames = draw_frames(50)
    encoder = TaxelDrive().fit(frames)
    raw = frames - frames[0]
    assert_allclose(encoder.scale_, np.sqrt((raw**2).mean(axis=0)))
    assert_allclose(encoder.transform(frames), raw / encoder.scale_)
    far = np.vstack([frames[:1], frames[:1] + 1e6, frames[:1] - 1e6])
    assert_array_equal(encoder.transform(far)[1:, 0], [3.0, -3.0])


def test_a_global_scale_keeps_channels_in_proportion():
    frames = draw_frames(50)
    encoder = TaxelDrive(scale="global", statistics=("mean", "diff")).fit(frames)
    assert_allclose(encoder.scale_[0::2], np.sqrt(((frames - frames[0]) ** 2).mean()))
    assert len(set(encoder.scale_)) == 2


def test_kinds_of_inputs_have_floors_of_their_own():
    drives = np.array([[1.0, 1e-3, 2.0, 1e-9], [-1.0, 1e-3, 2.0, 1e-9]])
    spread = learn_spread(drives, np.array([0, 1, 0, 1]))
    assert_allclose(spread, [1.0, 1e-3, 2.0, 0.05 * (1e-3 + 1e-9) / 2])


def test_scales_come_from_training_only():
    encoder = TaxelDrive(4).fit([draw_frames(9, 0)])
    before = encoder.scale_.copy()
    alone = encoder.transform([draw_frames(9, 1)])
    together = encoder.transform([100 * draw_frames(9, 2), draw_frames(9, 1)])
    assert_array_equal(together[1], alone[0])
    assert_array_equal(encoder.scale_, before)


def test_an_absent_recording_is_as_long_as_the_longest_in_training():
    encoder = TaxelDrive().fit([draw_frames(9), draw_frames(4)])
    drives = encoder.transform([None, draw_frames(5)])
    assert drives[0].shape == (9, 3)
    assert np.isnan(drives[0]).all()
    assert np.isfinite(drives[1]).all()


def test_names_tell_channel_and_statistic():
    encoder = TaxelDrive(2, statistics=("mean", "std"), channels=[2, 0]).fit(draw_frames(5))
    assert encoder.input_shape_ == (1, 2, 2)
    assert encoder.get_feature_names_out().tolist() == [
        *("channel2_mean", "channel2_std", "channel0_mean", "channel0_std")
    ]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"baseline": "last"}, "baseline='last': .*'first'.* rows"),
        ({"statistics": ("median",)}, "expected some of mean, std"),
        ({"statistics": ("std",)}, "set n_steps"),
        ({"n_steps": 0}, "n_steps=0"),
        ({"max_rows": 0}, "max_rows=0"),
        ({"scale": "row"}, "scale='row': expected one of 'channel'"),
        ({"clip": 0}, "clip=0"),
        ({"channels": [3]}, r"no channel 3\. The .* has 3"),
        ({"channels": [0, -3]}, "a channel twice"),
        ({"channels": []}, "no channel is left"),
    ],
)
def test_bad_parameters_are_named(parameters, text):
    with pytest.raises(ValueError, match=text):
        TaxelDrive(**parameters).fit(draw_frames(5))


def test_targets_of_steps_of_unequal_numbers_pass_by():
    many = [draw_frames(9), draw_frames(12, 1), draw_frames(10, 2)]
    alone = TaxelDrive(baseline="training").fit(many)
    along = TaxelDrive(baseline="training").fit(many, [np.zeros(len(frames)) for frames in many])
    for one, other in zip(alone.transform(many), along.transform(many), strict=True):
        assert_array_equal(one, other)


def test_files_without_names_of_channels_are_taken_by_column():
    rows = np.random.default_rng(0).normal(size=(20, 3))
    named = xr.DataArray(
        rows, dims=("time", "channel"), coords={"channel": ["thumb", "index", "palm"]}
    )
    numbered = named.assign_coords(channel=["0", "1", "2"])
    encoder = TaxelDrive(channels=["palm", "thumb"]).fit([named])
    assert_array_equal(encoder.transform([numbered]), encoder.transform([named]))
    with pytest.raises(ValueError, match="2 channels where the first training recording has 3"):
        encoder.transform([numbered[:, :2]])
