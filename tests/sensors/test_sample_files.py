"""Sampled streams from tables, arrays and sound; bad values named or repaired."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.io import wavfile

from mottle.sensors.files import read, read_drift, read_idx, read_samples, read_ts

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
    assert_allclose(sound[:, 0] * 32768, (array[:, 0] * 1000).astype(np.int16))


def real(name):
    if not (DATA / name).exists():
        pytest.skip(f"MOTTLE_DATA has no {name}")
    return DATA / name


def test_real_sound_and_gas_files_are_read():
    sound = read_samples(sorted(real("fsdd").rglob("*.wav"))[0])
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
    repaired = read_samples(path, on_bad="repair")
    assert_allclose(repaired, [[1, 2], [2, 3], [3, 4]])
    assert repaired.repairs == {"values interpolated": 2}


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
        ("a\n1\n", "s.csv", {"channels": ["b"]}, "has no channel 'b'. It has a"),
        ("a\n1\n", "s.csv", {"rate": 0.0}, "rate=0.0 samples a second"),
        (
            "a\n1\n",
            "s.csv",
            {"rate": True},
            "rate=True must be a finite number of samples",
        ),
        ("a\n1\n", "s.csv", {"on_bad": "skip"}, "on_bad='skip': expected one of 'raise'"),
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


def test_ts_files_come_back(tmp_path):
    path = tmp_path / "x.ts"
    head = "#note\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"
    path.write_text(head + "1,2.5,-3e2:4,5,6:a\n7,8:9,10:b\n")
    streams, labels = read_ts(path)
    assert labels.tolist() == ["a", "b"]
    assert streams[0].values.tolist() == [[1, 4], [2.5, 5], [-300, 6]]
    assert streams[1].shape == (2, 2)
    for bad, words in (
        ("1,?:2,3:a", "line 6 .*holds nan in row 1, channel '0'"),
        ("1,2:3:a", r"lengths \[1, 2\]"), ("1,2:a", ""),
    ):  # fmt: skip
        path.write_text(head + bad + ("\n1:2:b" if not words else "") + "\n")
        with pytest.raises(ValueError, match=words or "as many as in the first"):
            read_ts(path)
    path.write_text(head + "1,?,4:2,3,5:a\n")
    streams, _ = read_ts(path, rate=10.0, units="V", on_bad="repair")
    assert streams[0].values.tolist() == [[1, 2], [2.5, 3], [4, 5]]
    assert streams[0].attrs == {
        "units": "V", "repairs": {"values interpolated": 1}, "time_unit": "s",
        "time_unit_from": "rate=",
    }  # fmt: skip
    assert streams[0].time.values.tolist() == [0, 0.1, 0.2]
    assert read_ts(path, on_bad="drop")[0][0].values.tolist() == [[1, 2], [4, 5]]
    with pytest.raises(ValueError, match="read_ts reads them"):
        read(path)


@pytest.mark.parametrize(
    ("tags", "lines", "message"),
    [
        ("", "1,2:3,4:c", "line 3 .* ends with 'c'; the classes are a, b"),
        ("@univariate true\n", "1,2:3,4:a", "has 2 channels of 2 values; .*@dimensions 1"),
        ("@dimensions 3\n", "1,2:3,4:a", "the header states @dimensions 3"),
        ("@seriesLength 5\n", "1,2:3,4:a", "the header states @serieslength 5"),
        ("", "(0,1),(1,2):a", r"time stamps, as \(time,value\)"),
        ("", "1,,2:a", "holds no series of numbers"),
        ("", "", "holds no recording after @data"),
    ],
)
def test_lines_that_do_not_fit_the_tags_are_named(tags, lines, message, tmp_path):
    path = write(tmp_path, f"{tags}@classLabel true a b\n@data\n{lines}\n", "x.ts")
    with pytest.raises(ValueError, match=message):
        read_ts(path)


def test_targets_are_numbers_and_no_label_is_empty(tmp_path):
    path = write(tmp_path, "@targetlabel true\n@data\n1,2:-3.5\n", "x.ts")
    assert read_ts(path)[1].tolist() == [-3.5]
    streams, labels = read_ts(write(tmp_path, "@data\n1,2:3,4\n", "y.ts"))
    assert streams[0].values.tolist() == [[1, 3], [2, 4]]
    assert labels.tolist() == [""]
    with pytest.raises(ValueError, match=r"line 1 .* comes before @data"):
        read_ts(write(tmp_path, "1,2\n", "z.ts"))


def test_real_ts_files_have_their_published_sizes():
    folder = real("japanese-vowels")
    streams, labels = read_ts(folder / "JapaneseVowels_TRAIN.ts")
    assert len(streams) == 270
    assert streams[0].shape == (20, 12)
    assert np.unique(labels, return_counts=True)[1].tolist() == [30] * 9
    assert len(read_ts(folder / "JapaneseVowels_TEST.ts")[0]) == 370
    for name, shape, n in (
        ("GunPoint_TRAIN", (150, 1), 50), ("BasicMotions_TEST", (100, 6), 40),
        ("PickupGestureWiimoteZ_eq_TEST", (361, 1), 50),
    ):  # fmt: skip
        streams, labels = read_ts(folder.parent / "ts-small" / f"{name}.ts")
        assert {stream.shape for stream in streams} == {shape}
        assert len(streams) == len(labels) == n
    streams, _ = read_ts(folder.parent / "ts-small" / "PickupGestureWiimoteZ_TEST.ts")
    assert len({stream.shape for stream in streams}) > 5  # not padded


@pytest.mark.parametrize("ppm", [";10.000000", ""])
def test_drift_batches_come_back(tmp_path, ppm):
    path = tmp_path / "batch1.dat"
    line = " ".join(f"{k}:{k / 8}" for k in range(1, 129))
    path.write_text(f"1{ppm} {line}\n6{ppm} {line} \n")
    features, gases, concentration = read_drift(path)
    assert features.shape == (2, 128)
    assert features[1, 127] == 16
    assert gases.tolist() == ["ethanol", "toluene"]
    assert np.array_equal(concentration, [10 if ppm else np.nan] * 2, equal_nan=True)
    with pytest.raises(ValueError, match="read_drift reads them"):
        read(path)
    with pytest.raises(ValueError, match="read_drift reads it"):
        read_samples(path)
    nan = line.replace("9:1.125", "9:nan")
    assert nan != line
    for bad in (f"7{ppm} {line}", f"1{ppm} {line[4:]}", f"1{ppm} {line}x", f"1{ppm} {nan}", ""):
        path.write_text(bad + "\n")
        with pytest.raises(ValueError, match=r"line 1 of|no sample"):
            read_drift(path)


def test_real_drift_batch_has_its_published_size():
    features, gases, ppm = read_drift(real("uci-gas-drift/batch1.dat"))
    assert features.shape == (445, 128)
    assert np.isfinite(ppm).all()
    assert set(gases) == {"ethanol", "ethylene", "ammonia", "acetaldehyde", "acetone", "toluene"}


def test_hdf5_samples_come_back(tmp_path):
    h5py = pytest.importorskip("h5py")
    path, values = tmp_path / "x.h5", np.arange(12.0).reshape(6, 2)
    with h5py.File(path, "w") as file:
        file["imu/accel"] = values
    assert read(path, rate=2.0).values.tolist() == values.tolist()
    with h5py.File(path, "a") as file:
        file["gas"] = values[:, 0]
    with pytest.raises(ValueError, match="gas, imu/accel: name one with key="):
        read_samples(path)
    with h5py.File(path, "a") as file:
        file["names"] = ["a", "b"]
        file.create_dataset("vast", (10**9, 1000), "f8", chunks=(1000, 1000))
    assert read_samples(path, key="gas").shape == (6, 1)
    assert read(path.rename(tmp_path / "x.hdf"), key="gas").shape == (6, 1)
    (tmp_path / "x.hdf").rename(path)
    for key, message in (("vast", "claims 8000000000000"), ("names", "has no array 'names'")):
        with pytest.raises(ValueError, match=message):
            read_samples(path, key=key)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"x\.h5 cannot be read as HDF5"):
        read(path)


def test_idx_arrays_come_back(tmp_path):
    path = tmp_path / "images.gz"
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    head = b"\0\0\x08\x03" + np.array(images.shape, dtype=">u4").tobytes()
    path.write_bytes(gzip.compress(head + images.tobytes()))
    assert np.array_equal(read_idx(path), images)
    for data in (gzip.compress(head + images.tobytes())[:-9], head + images.tobytes()[:-1], b"xx"):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"images\.gz"):
            read_idx(path)
