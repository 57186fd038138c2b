"""Tables as instruments write them: times, counters and remarks are recognised, or refused."""

import numpy as np
import pandas as pd
import pytest

from mottle.sensors import check_samples
from mottle.sensors.files import read_events, read_samples

T = np.arange(50)
ROWS = [f"{10 * k},{k + 0.5},{k + 2.25}" for k in range(12)]


def table(folder, head, rows):
    path = folder / "table.csv"
    path.write_text("\n".join([head, *rows, ""]))
    return path


@pytest.mark.parametrize(
    ("name", "step"),
    [("epoch", 10), ("unix_time", 10), ("local_time", 10), ("X_Value", 10), ('"Time, ms"', 0.01)],
)
def test_names_of_times_that_instruments_write_are_known(tmp_path, name, step):
    samples = read_samples(table(tmp_path, f"{name},a,b", ROWS))
    assert samples["channel"].values.tolist() == ["a", "b"]
    assert np.allclose(samples["time"], step * np.arange(12))


@pytest.mark.parametrize("name", ["ms", "tick", "Time - Plot 0", "header.stamp.secs", "x-axis"])
def test_an_increasing_column_that_may_be_the_time_is_a_question(tmp_path, name):
    path = table(tmp_path, f"{name},a,b", ROWS)
    with pytest.raises(ValueError, match=f"'{name}' of .* may be the time: time_column='{name}'"):
        read_samples(path)
    assert read_samples(path, time_column=name)["time"].values[1] > 0
    assert read_samples(path, time_column=False).shape == (12, 3)


@pytest.mark.parametrize("name", ["Scan", "Point", "sample", "id", "n", "Rdg#", "Counter"])
def test_a_counter_that_counts_by_one_is_no_channel_and_another_is(tmp_path, name):
    rows = [f"{k + 1},{k}.5,{k}.25" for k in range(9)]
    samples = read_samples(table(tmp_path, f"{name},a,b", rows))
    assert samples["channel"].values.tolist() == ["a", "b"]
    assert f"index column '{name}' left out" in samples.attrs["repairs"]
    rows = [f"{k % 3},{k}.5,{k}.25" for k in range(9)]
    assert read_samples(table(tmp_path, f"{name},a,b", rows)).shape == (9, 3)


def test_stamps_with_and_without_a_zone_are_not_mixed(tmp_path):
    rows = ["2024-01-01T10:00:00+05:00,1.5", "2024-01-01T10:00:01,2.5", "2024-01-01T10:00:02,3.5"]
    with pytest.raises(ValueError, match=r"row 1 .*10:00:01' without a zone"):
        read_samples(table(tmp_path, "time,a", rows))


def test_elapsed_times_of_two_numbers_are_a_question(tmp_path):
    path = table(tmp_path, "Elapsed,a", [f"00:{k:02},{k}.5" for k in range(9)])
    with pytest.raises(ValueError, match="'%H:%M' or '%M:%S'"):
        read_samples(path)
    assert read_samples(path, time_format="%M:%S")["time"].values.tolist() == list(range(9))


@pytest.mark.parametrize(
    "remark",
    ["recorded at lab bench", "time of day log", "file 3, run 4, trial 1, day 2",
     "fs=9,a=1,b=2,c=0",
     "subject: A, session: two, run: 1, no: 9"],
)  # fmt: skip
@pytest.mark.parametrize("sign", [",", " "])
def test_a_remark_with_as_many_words_as_columns_names_none(tmp_path, remark, sign):
    rows = [sign.join(str(k + j / 8) for j in range(4)) for k in range(9)]
    samples = read_samples(table(tmp_path, f"# {remark}", rows))
    assert samples.shape == (9, 4)
    assert samples["channel"].values.tolist() == ["0", "1", "2", "3"]


def test_a_comment_with_a_word_repeated_names_columns(tmp_path):
    rows = [f"{k}.5,{k}.25" for k in range(9)]
    samples = read_samples(table(tmp_path, "# trial 1, trial 2", rows))
    assert samples["channel"].values.tolist() == ["trial 1", "trial 2"]


@pytest.mark.parametrize("end", ["", ",", ",,"])
@pytest.mark.parametrize("on_bad", ["raise", "drop", "repair"])
def test_the_clock_of_rigol_is_read_from_the_two_lines_above_the_rows(tmp_path, end, on_bad):
    rows = [f"{k},{k}.5,{k}.25{end}" for k in range(12)]
    head = "X,CH1,CH2,Start,Increment\nSequence,Volt,mV,-5.0e-03,1e-6"
    samples = read_samples(table(tmp_path, head, rows), on_bad=on_bad)
    assert samples["channel"].values.tolist() == ["CH1", "CH2"]
    assert samples["unit"].values.tolist() == ["Volt", "mV"]
    assert samples.values[:2].tolist() == [[0.5, 0.25], [1.5, 1.25]]
    assert np.allclose(samples["time"], -5e-3 + 1e-6 * np.arange(12), atol=1e-12)
    assert samples.attrs["time_unit_from"] == "Start and Increment above the rows"
    by_rate = read_samples(table(tmp_path, head, rows), rate=10)
    assert np.allclose(by_rate["time"], np.arange(12) / 10)


def test_a_clock_of_rigol_without_a_step_is_refused(tmp_path):
    head = "X,CH1,Start,Increment\nSequence,Volt,0,0"
    with pytest.raises(ValueError, match="'0' and '0': expected numbers in second"):
        read_samples(table(tmp_path, head, [f"{k},{k}.5,," for k in range(9)]))


def test_the_clock_of_keysight_is_the_column_over_the_unit_of_time(tmp_path):
    rows = [f"{k}e-6,{k}.5,{k}.25" for k in range(12)]
    samples = read_samples(table(tmp_path, "x-axis,1,2\nsecond,Volt,Volt", rows))
    assert samples["channel"].values.tolist() == ["1", "2"]
    assert np.allclose(samples["time"], 1e-6 * np.arange(12))


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_a_quoted_name_with_a_line_break_is_one_name(tmp_path, sign, break_):
    head = f'"time{break_}(ms)"{sign}"CO{break_}ppm"{sign}width 5" tube'
    rows = [sign.join((str(10 * k), f"{k}.5", f"{k}.25")) for k in range(12)]
    samples = read_samples(table(tmp_path, head, rows))
    assert samples["channel"].values.tolist() == ["CO ppm", 'width 5" tube']
    assert np.allclose(samples["time"], 0.01 * np.arange(12))


SPLIT = [("sec", "nsec", 9), ("header.stamp.secs", "header.stamp.nsecs", 9),
         ("ts_sec", "ts_usec", 6), ("stamp.sec", "stamp.nanosec", 9),
         ("seconds", "nanoseconds", 9)]  # fmt: skip


@pytest.mark.parametrize(("whole", "part", "digits"), SPLIT)
@pytest.mark.parametrize("turned", [False, True])
def test_seconds_and_their_rest_in_two_columns_are_one_time(tmp_path, whole, part, digits, turned):
    half = 5 * 10 ** (digits - 1)
    pairs = [(100 + k // 2, k % 2 * half)[:: -1 if turned else 1] for k in range(12)]
    names = (part, whole) if turned else (whole, part)
    rows = [f"{a},{b},{k}.5" for k, (a, b) in enumerate(pairs)]
    path = table(tmp_path, ",".join((*names, "a")), rows)
    samples = read_samples(path)
    assert samples["channel"].values.tolist() == ["a"]
    assert samples["time"].values.tolist() == [100 + k / 2 for k in range(12)]
    assert repr(whole) in samples.attrs["time_unit_from"]
    with pytest.raises(ValueError, match=r"time_unit='ms': .* in two columns"):
        read_samples(path, time_unit="ms")
    stream = check_samples(pd.read_csv(path))
    assert (stream.names, stream.time.tolist()) == (["a"], [100 + k / 2 for k in range(12)])


def test_two_whole_times_are_not_added(tmp_path):
    rows = [f"{k},{k * 10**9},{k}.5" for k in range(12)]
    with pytest.raises(ValueError, match=r"several columns .* may be the time"):
        read_samples(table(tmp_path, "sec,nsec,a", rows))


@pytest.mark.parametrize(
    ("cell", "way"),
    [("0x1F", "hexadecimal"), ("1.5D+02", "write 'E' for 'D'"), ("1+2j", "two columns"),
     ('"[1, 2]"', "a column for each"), ("high", "expected numbers")],
)  # fmt: skip
@pytest.mark.parametrize("head", ["a,b", "time,b"])
def test_a_table_without_numbers_is_refused_with_a_cell_and_the_way_out(tmp_path, cell, way, head):
    first = cell if head == "a,b" else "0.5"
    held = cell.strip('"')
    with pytest.raises(ValueError, match=r"0 columns of numbers: row 0 of column '[ab]' ") as found:
        read_samples(table(tmp_path, head, [f"{first},{cell}"] * 2))
    assert f"holds {held!r}" in str(found.value)
    assert way in str(found.value)


def test_arrays_without_real_numbers_are_refused_with_a_value_and_the_way_out(tmp_path):
    for values, message in (
        (np.array([["a", "b"]]), r"\('a', \.\.\.: convert it with array\.astype"),
        (np.array([[1 + 2j]]), r"\(\(1\+2j\), \.\.\.: write real and imaginary"),
    ):
        np.save(tmp_path / "a.npy", values)
        with pytest.raises(ValueError, match=message):
            read_samples(tmp_path / "a.npy")


def test_events_in_half_precision_raise_no_warning(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([T, T % 5, T % 4, T % 2], 1).astype("f2"))
    events = read_events(tmp_path / "a.npy").events
    assert events["t"].tolist() == T.tolist()


def test_the_remark_of_v2e_names_no_columns(tmp_path):
    rows = [f"{k / 1000} {k % 30} {k % 20} {k % 2}" for k in range(50)]
    events = read_events(table(tmp_path, "# events generated by v2e", rows)).events
    assert events["t"][:2].tolist() == [0, 1000]
    assert events["x"][29] == 29


def dat(folder, head, kind=12):
    words = np.array([[5, 600 | 400 << 14 | 1 << 28]], "<u4").tobytes()
    path = folder / "events.dat"
    path.write_bytes(head + bytes([kind, 8]) + words)
    return path


def test_triggers_of_dat_are_no_events_of_pixels(tmp_path):
    with pytest.raises(ValueError, match="external triggers"):
        read_events(dat(tmp_path, b"% Version 2\n", kind=14))


def test_a_dat_without_version_is_not_read_as_version_1_on_a_larger_sensor(tmp_path):
    with pytest.raises(ValueError, match="states no version, and a sensor of 1280 x 720"):
        read_events(dat(tmp_path, b"% Width 1280\n% Height 720\n"))
    event = read_events(dat(tmp_path, b"% Version 2\n% Width 1280\n% Height 720\n")).events[0]
    assert (event["x"], event["y"]) == (600, 400)


def test_an_offset_inside_the_group_of_events_is_added(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "events.h5", "w") as file:
        for name, values in {"t": [1, 2], "x": [3, 4], "y": [0, 1], "p": [1, 0]}.items():
            file[f"events/{name}"] = np.array(values)
        file["events/t_offset"] = 1000
    assert read_events(tmp_path / "events.h5").events["t"].tolist() == [1001, 1002]


EVENTS = {"t": np.arange(20) * 10, "x": np.arange(20) % 5, "y": np.arange(20) % 4,
          "p": np.arange(20) % 2}  # fmt: skip
VALUES = np.random.default_rng(0).random((20, 2))


def test_npz_scalars_state_unit_offset_and_rate(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, time_unit="ms", t_offset=5, **EVENTS)
    assert read_events(path).events["t"][:3].tolist() == [5000, 15000, 25000]
    np.savez(path, time_unit="ms", time=EVENTS["t"], data=VALUES)
    assert np.allclose(read_samples(path)["time"][:3], [0, 0.01, 0.02])
    np.savez(path, fs=100.0, data=VALUES)
    assert np.allclose(read_samples(path)["time"][:3], [0, 0.01, 0.02])


def test_npz_scalars_that_are_no_unit_and_no_rate_are_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, time_unit="fortnight", **EVENTS)
    with pytest.raises(ValueError, match="time_unit='fortnight'"):
        read_events(path)
    np.savez(path, fs=-5.0, data=VALUES)
    with pytest.raises(ValueError, match=r"states the rate -5\.0"):
        read_samples(path)


@pytest.mark.parametrize("place", ["/", "data"])
@pytest.mark.parametrize(
    ("stated", "rate"), [(100.0, 100), ("100 Hz", 100), ("0.1kHz", 100), (np.nan, 0), (-5.0, 0)]
)
def test_rates_in_hdf5_are_read_or_refused(tmp_path, place, stated, rate):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = VALUES
        file[place].attrs["fs"] = stated
    if not rate:
        with pytest.raises(ValueError, match="states the rate"):
            read_samples(tmp_path / "a.h5")
        return
    assert np.allclose(read_samples(tmp_path / "a.h5")["time"][:3], np.arange(3) / rate)
