"""What a file states is taken, and what contradicts itself is refused."""

import zipfile
from io import BytesIO

import event_writers as writers
import numpy as np
import pytest
from scipy.io import wavfile

from mottle.sensors.files import read, read_events, read_samples, read_ts

EVENTS = writers.draw(40)
VALUES = np.random.default_rng(0).random((20, 2))


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def aedat2(line):
    head, _, body = writers.aedat2(EVENTS).partition(b"Davis346red\r\n")
    return head + b"Davis346red\r\n" + line + body


@pytest.mark.parametrize(
    ("line", "why"),
    [(b"# AEChip: DVS128\r\n", "several chips"), (b"# Timestamps tick is 1 ms\r\n", "tick of 1ms")],
)
def test_headers_of_aedat_2_that_contradict_are_refused(tmp_path, line, why):
    with pytest.raises(ValueError, match=why):
        read_events(written(tmp_path, "a.aedat", aedat2(line)))


def test_a_tick_of_1_us_is_read_and_events_beyond_a_size_that_is_given_are_refused(tmp_path):
    path = written(tmp_path, "a.aedat", aedat2(b"# Timestamps tick is 1 us\r\n"))
    assert read_events(path, sensor_size=(346, 260)).events.size == EVENTS.size
    with pytest.raises(ValueError, match="outside the sensor of 128 x 128 pixels"):
        read_events(path, sensor_size=(128, 128))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"AER-DAT3.1", b"AER-DAT3.0", "is AEDAT 3.0"),
        (b"Format: RAW", b"Format: SerializedTS", "SerializedTS"),
    ],
)
def test_other_kinds_of_aedat_3_are_refused(tmp_path, old, new, why):
    content = writers.aedat3(EVENTS)
    with pytest.raises(ValueError, match=why):
        read_events(written(tmp_path, "a.aedat", content.replace(old, new)))


def test_two_sizes_in_a_header_are_refused(tmp_path):
    lines = b"% geometry 300x200\n% format EVT2;height=720;width=1280\n% end"
    content = writers.evt2(EVENTS).replace(b"% end", lines)
    with pytest.raises(ValueError, match="two sensors, 300 x 200 and 1280 x 720"):
        read_events(written(tmp_path, "a.raw", content))


def test_polarities_minus_1_and_0_are_refused_and_minus_1_and_1_are_off_and_on(tmp_path):
    def table(low, high):
        rows = "".join(f"{k},1,1,{high if k % 2 else low}\n" for k in range(9))
        return written(tmp_path, "a.csv", "t,x,y,p\n" + rows)

    with pytest.raises(ValueError, match=r"polarities .* are -1 and 0 \(row 1\)"):
        read_events(table(0, -1))
    assert read_events(table(-1, 1)).events["p"].tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0]


def test_two_arrays_of_one_name_in_an_npz_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for value in (1.0, 2.0):
            content = BytesIO()
            np.save(content, np.full((5, 2), value))
            with pytest.warns(UserWarning, match="Duplicate") if value > 1 else _nothing():
                archive.writestr("a.npy", content.getvalue())
    with pytest.raises(ValueError, match="two arrays 'a'"):
        read_samples(tmp_path / "a.npz")


def _nothing():
    from contextlib import nullcontext

    return nullcontext()


def test_names_for_another_number_of_channels_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", data=VALUES, channels=["CO"])
    with pytest.raises(ValueError, match="'channels' names 1 channels, and 'data' has 2 columns"):
        read_samples(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", data=VALUES, channels=["CO", "NO2"])
    assert read_samples(tmp_path / "a.npz")["channel"].values.tolist() == ["CO", "NO2"]


def test_a_series_that_breaks_equal_lengths_is_refused(tmp_path):
    head = "@problemName x\n@univariate true\n@equalLength true\n@classLabel true a b\n@data\n"
    path = written(tmp_path, "a.ts", head + "1,2,3:a\n1,2:b\n")
    with pytest.raises(ValueError, match="series of 2 to 3 samples"):
        read_ts(path)
    assert [len(x) for x in read_ts(path, on_bad="repair")[0]] == [3, 2]


def test_a_sound_takes_no_unit_of_time(tmp_path):
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros((20, 2), np.int16))
    with pytest.raises(ValueError, match="in its header, in Hz"):
        read_samples(tmp_path / "a.wav", time_unit="ms")


@pytest.mark.parametrize(
    ("name", "value", "step"),
    [("dt", 0.01, 0.01), ("sampling_rate_kHz", 2.0, 5e-4), ("fs_Hz", 50.0, 0.02)],
)
def test_periods_and_rates_with_a_unit_are_taken_from_hdf5(tmp_path, name, value, step):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = VALUES
        file["data"].attrs[name] = value
    assert np.allclose(read_samples(tmp_path / "a.h5")["time"], step * np.arange(20))


def test_a_rate_beside_the_samples_and_the_size_of_a_sensor_are_taken_from_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"], file["fs"] = VALUES, 100.0
    assert np.allclose(read_samples(tmp_path / "a.h5", key="data")["time"][1], 0.01)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        for name in "txyp":
            file[f"events/{name}"] = EVENTS[name]
        file.attrs.update(width=346, height=260)
    assert read_events(tmp_path / "b.h5").sensor_size == (346, 260)


def test_tables_of_openeb_are_read_in_their_order(tmp_path):
    rows = "".join(f"{k % 600},{k % 400},{k % 2},{10 * k}\n" for k in range(50))
    path = written(tmp_path, "a.csv", "%geometry:640,480\n" + rows)
    for found in (read_events(path), read(path)):
        assert found.sensor_size == (640, 480)
        assert found.events["t"][:3].tolist() == [0, 10, 20]
        assert found.events["x"][49] == 49


@pytest.mark.parametrize("rows", ["1,2\n3,4,5\n", "1,2,3\n4,5\n6,7,8\n"])
def test_short_rows_of_small_tables_lack_cells(tmp_path, rows):
    path = written(tmp_path, "a.csv", "a,b,c\n" + rows)
    with pytest.raises(ValueError, match="holds nan in row . channel 'c'".replace(" .", " .,")):
        read_samples(path)
    assert read_samples(path, on_bad="drop").shape == (rows.count("\n") - 1, 3)


def test_spans_of_time_as_pandas_writes_them_are_the_time(tmp_path):
    rows = "".join(f"0 days 00:00:{k:02}.500000,{k}\n" for k in range(4))
    samples = read_samples(written(tmp_path, "a.csv", ",a\n" + rows))
    assert samples["time"].values.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert samples["channel"].values.tolist() == ["a"]


def test_numbered_channels_above_their_units_are_names(tmp_path):
    rows = "".join(f"{k / 100},{k}.5,{k}.25\n" for k in range(9))
    path = written(tmp_path, "a.csv", "x-axis,1,2\nsecond,Volt,Volt\n" + rows)
    samples = read_samples(path)
    assert samples["channel"].values.tolist() == ["1", "2"]
    assert np.allclose(samples["time"], np.arange(9) / 100)


def test_stamps_of_a_serial_monitor_are_named(tmp_path):
    rows = "".join(f"21:30:{k:02}.123 -> {k}.5,300\n" for k in range(9))
    with pytest.raises(ValueError, match="stamps of a serial monitor"):
        read_samples(written(tmp_path, "a.txt", rows))
