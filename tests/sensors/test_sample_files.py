"""Sampled streams from tables, arrays and sound; bad values named or mended."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.io import wavfile

from mottle.sensors.files import read_samples

DATA = Path(os.environ.get("MOTTLE_DATA", ""))


def write(tmp_path, text, name="s.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


@pytest.mark.parametrize(("mark", "name"), [(",", "s.csv"), ("\t", "s.tsv"), (";", "s.txt")])
def test_tables_give_time_channels_and_units(mark, name, tmp_path):
    text = "time,CO,food,NO2\n0.0,1.5,apple,2\n0.5,1.6,apple,3\n".replace(",", mark)
    samples = read_samples(write(tmp_path, text, name), units="V")
    assert samples.dims == ("time", "channel")
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert samples.units == "V"
    assert_allclose(samples.time, [0.0, 0.5])
    assert_allclose(samples, [[1.5, 2], [1.6, 3]])


def test_arrays_and_sound_come_with_their_rate(tmp_path):
    array = np.random.default_rng(0).normal(size=(20, 3))
    np.save(tmp_path / "a.npy", array)
    samples = read_samples(tmp_path / "a.npy", rate=10.0)
    assert_allclose(samples, array)
    assert_allclose(samples.time[-1], 1.9)
    np.savez(tmp_path / "b.npz", one=array, two=array[:5])
    assert read_samples(tmp_path / "b.npz", key="two").shape == (5, 3)
    wavfile.write(tmp_path / "c.wav", 8000, (array[:, 0] * 1000).astype(np.int16))
    sound = read_samples(tmp_path / "c.wav")
    assert_allclose(sound.time[1], 1 / 8000)
    assert_allclose(sound[:, 0] * 32767, (array[:, 0] * 1000).astype(np.int16))


def test_real_sound_and_gas_files_are_read():
    if not (DATA / "fsdd").is_dir():
        pytest.skip("MOTTLE_DATA has no fsdd")
    sound = read_samples(sorted((DATA / "fsdd").rglob("*.wav"))[0])
    assert sound.shape[0] > 1000
    assert np.abs(sound).max() <= 1
    gas = read_samples(DATA / "multimodalgas-sensors" / "Gas_Sensors_Measurements.csv")
    assert gas.sizes["channel"] >= 7


BAD = "t,a,b\n0,1,2\n1,,4294967295\n2,3,4\n"


def test_bad_values_are_named_dropped_or_interpolated(tmp_path):
    path = write(tmp_path, BAD)
    with pytest.raises(ValueError, match=r"holds nan in row 1, channel 'a' \(2 such values\)"):
        read_samples(path)
    dropped = read_samples(path, on_bad="drop")
    assert_allclose(dropped, [[1, 2], [3, 4]])
    assert dropped.repairs == {"rows with bad values": 1}
    mended = read_samples(path, on_bad="repair")
    assert_allclose(mended, [[1, 2], [2, 3], [3, 4]])
    assert mended.repairs == {"values interpolated": 2}


def test_time_that_does_not_rise_is_named_or_left_out(tmp_path):
    path = write(tmp_path, "t,a\n0,1\n2,2\n1,3\n3,4\n")
    with pytest.raises(ValueError, match=r"time does not rise in row 2 .* 1.0 s after 2.0 s"):
        read_samples(path)
    for on_bad in ("drop", "repair"):
        samples = read_samples(path, on_bad=on_bad)
        assert_allclose(samples[:, 0], [1, 2, 4])
        assert samples.repairs == {"rows whose time does not rise": 1}


@pytest.mark.parametrize(
    ("content", "name", "options", "message"),
    [
        ("", "s.csv", {}, "is empty: 0 bytes"),
        ("t,a\n", "s.csv", {}, "has 0 rows and"),
        ("a,b\nx,y\n", "s.csv", {}, "0 columns of numbers"),
        ("a\n1\n", "s.csv", {"channels": ["b"]}, "has no channel 'b'; it has a"),
        ("a\n1\n", "s.csv", {"rate": 0.0}, "rate=0.0 samples a second"),
        ("a\n1\n", "s.csv", {"on_bad": "skip"}, "on_bad='skip' must be"),
        ("a\n1\n", "s.xyz", {}, "ends with '.xyz'; samples come from"),
        ("no sound", "s.wav", {}, "is no sound file"),
        ("no array", "s.npy", {}, "s.npy holds no plain numpy array"),
        ("t,a\n0,\n1,\n", "s.csv", {"on_bad": "repair", "channels": ["a"]}, "holds no good value"),
        ("t,a\n0,\n1,\n", "s.csv", {"on_bad": "drop", "channels": ["a"]}, "no row of .* is left"),
    ],
)
def test_what_is_no_stream_is_refused_with_the_reason(content, name, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_samples(write(tmp_path, content, name), **options)
