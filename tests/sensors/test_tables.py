"""Tables and units of time: what is in a file is read as it was meant, or refused by name."""

import csv
import sys
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mottle.sensors import make_events
from mottle.sensors.clock import microseconds
from mottle.sensors.files import EventReader, read, read_events, read_samples, read_spikes, read_ts
from mottle.times import name_time

T_US = np.array([1000, 2000, 3500, 7000])
PER_US = {"s": 1e-6, "ms": 1e-3, "us": 1, "ns": 1000}
FORMATS = ("csv", "savetxt", "fields", "columns", "hdf5")


def write_events(folder, kind, t, dtype=None, names=("t", "x", "y", "p")):
    """Write events with the times ``t`` in one of the formats that come in several units."""
    t = np.asarray(t, dtype=dtype)
    x, y, p = np.arange(len(t)) + 1, np.arange(len(t)) + 5, np.arange(len(t)) % 2
    if kind == "csv":
        path = folder / "e.csv"
        pd.DataFrame(dict(zip(names, (t, x, y, p), strict=True))).to_csv(path, index=False)
    elif kind == "savetxt":
        path = folder / "e.txt"
        text = "%d" if t.dtype.kind in "iu" else "%.9f"
        np.savetxt(path, np.array([*zip(t.tolist(), x, y, p, strict=True)], dtype=object),
                   fmt=[text, "%d", "%d", "%d"], delimiter=",", header=",".join(names))  # fmt: skip
    elif kind == "fields":
        path = folder / "e.npy"
        array = np.empty(len(t), [(names[0], t.dtype), ("x", "u2"), ("y", "u2"), ("p", "u1")])
        array[names[0]], array["x"], array["y"], array["p"] = t, x, y, p
        np.save(path, array)
    elif kind == "columns":
        path = folder / "c.npy"
        np.save(path, np.stack([t, *(np.asarray(v, t.dtype) for v in (x, y, p))], axis=1))
    else:
        h5py = pytest.importorskip("h5py")
        path = folder / "e.h5"
        with h5py.File(path, "w") as file:
            for name, values in zip("txyp", (t, x, y, p), strict=True):
                file[f"events/{name}"] = values
    return path


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dtype", ["i8", "u4", "f8", "f4", "u8"])
def test_whole_microseconds_are_the_same_in_any_container(kind, dtype, tmp_path):
    path = write_events(tmp_path, kind, T_US, dtype)
    for file in (read_events(path), EventReader(path, chunk_bytes=64)):
        events = file.events if hasattr(file, "events") else np.concatenate(list(file))
        assert events["t"].tolist() == T_US.tolist()
        assert file.attrs["time_unit"] == "us"
        assert file.attrs["time_unit_from"] == "rule: whole numbers without a unit"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("unit", PER_US)
def test_a_stated_unit_gives_microseconds_in_every_format(kind, unit, tmp_path):
    t = T_US * PER_US[unit]
    file = read_events(write_events(tmp_path, kind, t), time_unit=unit)
    assert file.events["t"].tolist() == T_US.tolist()
    assert file.attrs == {"time_unit": unit, "time_unit_from": "time_unit="}


@pytest.mark.parametrize("kind", FORMATS)
def test_fractions_without_a_unit_are_an_error_that_names_the_option(kind, tmp_path):
    for t in (T_US * 1e-6, [1000.0, 2000.0, 3500.5, 7000.0]):  # in seconds; one odd row
        with pytest.raises(ValueError, match=r"have fractions, such as .*time_unit= names it"):
            read_events(write_events(tmp_path, kind, t), on_bad="drop")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dtype", ["i8", "u8", "f8"])
def test_an_epoch_in_nanoseconds_is_no_time_in_us_without_a_unit(kind, dtype, tmp_path):
    t = 1_700_000_000_000_000_000 + 1024 * np.arange(0, 4000, 1000)
    path = write_events(tmp_path, kind, t, dtype)
    match = r"too large for us, such as 1\.?7.*time_unit='ns' takes them as ns"
    for on_bad in ("raise", "drop"):
        with pytest.raises(ValueError, match=match):
            read_events(path, on_bad=on_bad)
    in_ns = read_events(path, time_unit="ns").events["t"]
    assert np.abs(in_ns - t / 1000).max() <= 1
    if dtype != "f8":
        assert read_events(path, time_unit="us").events["t"].tolist() == t.tolist()


def test_an_epoch_in_nanoseconds_is_refused_in_memory_and_one_in_microseconds_is_not():
    t = 1_700_000_000_000_000 + np.arange(3)
    assert make_events(t, [1, 2, 3], [1, 2, 3], [0, 1, 0])["t"].tolist() == t.tolist()
    with pytest.raises(ValueError, match=r"the columns are too large for us.*time_unit='ns'"):
        make_events(1000 * t, [1, 2, 3], [1, 2, 3], [0, 1, 0])
    ns = make_events(1000 * t, [1, 2, 3], [1, 2, 3], [0, 1, 0], time_unit="ns")
    assert ns["t"].tolist() == t.tolist()


@pytest.mark.parametrize("kind", ["fields", "columns", "hdf5"])
@pytest.mark.parametrize(
    ("start", "unit", "grid"),
    [(3e10, None, "2.05e[+]03 us"), (3e4, "s", "1.95e[+]03 us"), (2**24 + 1, None, "2 us")],
)
def test_times_whose_type_is_coarser_than_a_microsecond_are_warned_of(
    kind, start, unit, grid, tmp_path
):
    path = write_events(tmp_path, kind, start + np.arange(4.0), "f4")
    with pytest.warns(UserWarning, match=f"are float32, which near .* every {grid}"):
        read_events(path, time_unit=unit)


def test_times_that_a_type_holds_to_the_microsecond_are_not_warned_of(tmp_path):
    for dtype, t in (("f4", [0.0, 2.0**24 - 1]), ("f8", [0.0, 1.7e15])):
        read_events(write_events(tmp_path, "fields", t, dtype))
    with pytest.warns(UserWarning, match="the columns are float32, .* every 2.05e"):
        make_events(np.float32([3e10, 3e10]), [1, 2], [1, 2], [0, 1])


@pytest.mark.parametrize("kind", FORMATS)
def test_times_from_two_to_the_63_are_refused_and_in_nanoseconds_right(kind, tmp_path):
    path = write_events(tmp_path, kind, np.array([5, 2**63 + 5000], "u8"))
    with pytest.raises(ValueError, match=r"9223372036854780808|beyond 64 bits"):
        read_events(path)
    in_ns = read_events(path, time_unit="ns").events["t"]
    assert in_ns.tolist() == [0, 9223372036854781]
    if kind != "hdf5":
        dropped = read_events(path, on_bad="drop")
        assert dropped.events["t"].tolist() == [5]
        assert dropped.repairs == {"rows without numbers": 1}


@pytest.mark.parametrize("header", ["t,x,y,p\n", "", "# t,x,y,p\n"])
@pytest.mark.parametrize("bad", ["", "abc", "NA", "nan", "inf", "1e400"])
@pytest.mark.parametrize("on_bad", ["drop", "repair"])
def test_one_unreadable_time_leaves_the_others_as_they_are(header, bad, on_bad, tmp_path):
    path = tmp_path / "e.csv"
    path.write_text(f"{header}10,3,4,1\n{bad},3,5,0\n30,3,5,0\n")
    file = read_events(path, on_bad=on_bad)
    assert file.events["t"].tolist() == [10, 30]
    assert file.repairs == {"rows without numbers": 1}


def test_large_times_stay_exact_beside_a_missing_one(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("t_ns,x,y,p\n1700000000000001499,1,2,1\n,1,2,0\n1700000000000001500,1,2,0\n")
    assert read_events(path, on_bad="drop").events["t"].tolist() == [
        1700000000000001, 1700000000000002
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "attrs"),
    [
        ("0.001 3 4 1\n0.002 3 5 0\n", "layout"),
        ("# t x y p\n0.001 3 4 1\n0.002 3 5 0\n", "layout"),
        ("#simulated\n# timestamp x y polarity\n0.001 3 4 1\nNA 3 4 1\n0.002 3 5 0\n", "layout"),
        ("t_s,x,y,p\n0.001,3,4,1\n0.002,3,5,0\n", "name of the column 't_s'"),
        ("time (ms);x;y;p\n1,0;3;4;1\n2,0;3;5;0\n", "name of the column 'time (ms)'"),
        ("t,x,y,p\nms,px,px,1\n1,3,4,1\n2,3,5,0\n", "row of units"),
        ("1000.0 3 4 1\n2000.0 3 5 0\n", "rule: whole numbers"),
    ],
)
def test_the_unit_is_the_one_that_the_file_states(text, attrs, tmp_path):
    (tmp_path / "e.txt").write_text(text)
    file = read_events(tmp_path / "e.txt", on_bad="drop")
    assert file.events["t"].tolist() == [1000, 2000]
    assert file.attrs["time_unit_from"].startswith(attrs)


def test_hdf5_states_units_in_attributes(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = write_events(tmp_path, "hdf5", [0.5, 1.0])
    with h5py.File(path, "a") as file:
        file["events/t"].attrs["units"] = "seconds"
    assert read_events(path).events["t"].tolist() == [500_000, 1_000_000]
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["imu/accel"] = np.arange(6.0).reshape(3, 2)
        file["imu/time"] = np.array([0, 5, 10])
        file["imu/time"].attrs["unit"] = "ms"
        file["imu/accel"].attrs["units"] = "m/s^2"
        file["other/values"] = np.arange(3.0)
        file["other/values"].attrs["fs"] = 50.0
    samples = read_samples(tmp_path / "s.h5", key="imu/accel")
    assert_allclose(samples.time, [0, 0.005, 0.01])
    assert samples.channel.values.tolist() == ["0", "1"]
    assert (samples.units, samples.time_unit) == ("m/s^2", "ms")
    assert_allclose(read_samples(tmp_path / "s.h5", key="other/values").time, [0, 0.02, 0.04])
    cells = h5py.vlen_dtype("f4")
    with h5py.File(tmp_path / "spikes.h5", "w") as file:
        for name, kind in (("times", cells), ("units", h5py.vlen_dtype("u2"))):
            file.create_dataset(f"spikes/{name}", 1, kind)[0] = [2, 3]
        file["labels"] = [1]
    assert read_spikes(tmp_path / "spikes.h5").events[0]["t"].tolist() == [2_000_000, 3_000_000]
    spikes = read_spikes(tmp_path / "spikes.h5", time_unit="ms")
    assert spikes.events[0]["t"].tolist() == [2000, 3000]
    assert spikes.attrs["time_unit"] == "ms"
    one = read_events(tmp_path / "spikes.h5", key=0, time_unit="ms")
    assert one.events["t"].tolist() == [2000, 3000]


def test_formats_with_a_unit_of_their_own_take_no_other(tmp_path):
    (tmp_path / "e.raw").write_bytes(b"% evt 3.0\n" + np.array([0x8000], "<u2").tobytes())
    with pytest.raises(ValueError, match=r"time_unit='ms': times of .* are in us by their format"):
        read_events(tmp_path / "e.raw", time_unit="ms")
    with pytest.raises(ValueError, match=r"separator= is of tables"):
        read_events(tmp_path / "e.raw", separator=";")
    with pytest.raises(ValueError, match=r"time_unit='min\.': expected one of"):
        read_events(tmp_path / "e.raw", time_unit="min.")
    with pytest.raises(TypeError, match="did you mean 'time_unit'"):
        read_events(tmp_path / "e.raw", time_units="ms")


def test_a_fraction_of_a_pixel_or_a_second_time_is_no_event(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("t,x,y,p\n1,1.5,2,1\n5,1,2,0\n")
    with pytest.raises(ValueError, match=r"holds 1.5 as x in row 0"):
        read_events(path)
    path.write_text("t,timestamp,x,y,p\n1,1,1,2,1\n")
    with pytest.raises(ValueError, match="two columns of t, 't' and 'timestamp'"):
        read_events(path)
    path.write_text(",t,x,y,p\n0,1,1,2,True\n1,5,1,2,False\n")
    file = read_events(path)
    assert file.events.tolist() == [(1, 1, 2, 1), (5, 1, 2, 0)]
    assert file.repairs == {"column '' left out": 2}


def test_nanoseconds_are_rounded_in_whole_numbers():
    for values in (np.array([499, 500, -501, -499]), np.array([499.0, 501.0, -501.0, -499.0])):
        assert microseconds(values, "ns")[0].tolist() == [0, 1, -1, 0]
    t, good = microseconds(np.array([2**63 // 1000, 2**62]), "ms")
    assert good.tolist() == [True, False]
    assert t[0] == 2**63 // 1000 * 1000


# ------------------------------------------------------------------------------------- samples

VALUES = [[1.5, 2.0], [1.6, 3.0]]


def read_text(folder, text, name="s.csv", **options):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return read_samples(folder / name, **options)


PLAIN = {
    "comma": "time,CO,NO2\n0,1.5,2\n1,1.6,3\n",
    "German": "time;CO;NO2\n0;1,5;2\n1;1,6;3\n",
    "Excel": "sep=;\r\ntime;CO;NO2\r\n0;1,5;2\r\n1;1,6;3\r\n",
    "byte order mark": "\ufefftime,CO,NO2\n0,1.5,2\n1,1.6,3\n",
    "UTF-16": "time\tCO\tNO2\n0\t1.5\t2\n1\t1.6\t3\n".encode("utf-16"),
    "old Macintosh": "time,CO,NO2\r0,1.5,2\r1,1.6,3\r",
    "pipes": "time|CO|NO2\n0|1.5|2\n1|1.6|3\n",
    "blanks": "  time   CO NO2\n     0  1.5  2\n     1  1.6  3\n",
    "blanks and commas": "time CO NO2\n0 1,5 2\n1 1,6 3\n",
    "savetxt": "# time,CO,NO2\n0,1.5,2\n1,1.6,3\n",
    "savetxt, two lines": "# made 2024\n# time,CO,NO2\n0,1.5,2\n1,1.6,3\n",
    "comments": "# log\ntime,CO,NO2\n0,1.5,2\n# note, 5\n1,1.6,3\n",
    "empty row above": ",,\ntime,CO,NO2\n0,1.5,2\n1,1.6,3\n",
    "quoted": '"time","CO","NO2"\n"0","1.5","2"\n"1","1.6","3"\n',
    "quoted commas": '"time","CO","NO2"\n"0","1,5","2"\n"1","1,6","3"\n',
    "exponents": "time;CO;NO2\n0;15E-1;0,2e1\n1;1,6;3\n",
    "spaces": "time , CO , NO2\n0 , 1.5 , 2\n1 , 1.6 , 3\n",
    "units": "time,CO,NO2\ns,ppm,ppb\n0,1.5,2\n1,1.6,3\n",
    "milliseconds": "time_ms,CO,NO2\n0,1.5,2\n1000,1.6,3\n",
    "nanoseconds": "#timestamp [ns],CO,NO2\n0,1.5,2\n1000000000,1.6,3\n",
    "unit below": "time,CO,NO2\n[ms],[ppm],[ppb]\n0,1.5,2\n1000,1.6,3\n",
    "dates": "Date,CO,NO2\n2024-01-01 10:00:00,1.5,2\n2024-01-01 10:00:01,1.6,3\n",
    "zones": "time,CO,NO2\n2024-01-01T10:00:00+01:00,1.5,2\n2024-01-01T10:00:01+01:00,1.6,3\n",
    "date and time": "Date,Time,CO,NO2\n2024-01-01,23:59:59,1.5,2\n2024-01-02,00:00:00,1.6,3\n",
    "German dates": "Datum;Uhrzeit;CO;NO2\n31.01.2024;23:59:59,5;1,5;2\n"
                    "01.02.2024;00:00:00,5;1,6;3\n",
    "stamps without a name": ",CO,NO2\n2024-01-01 10:00:00,1.5,2\n2024-01-01 10:00:01,1.6,3\n",
}  # fmt: skip


@pytest.mark.parametrize("dialect", PLAIN)
def test_every_dialect_gives_the_same_stream(dialect, tmp_path):
    samples = read_text(tmp_path, PLAIN[dialect], "s.txt")
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert samples.values.tolist() == VALUES
    assert_allclose(samples.time, [0, 1])
    assert samples.repairs == {}
    if dialect.startswith("unit"):
        assert samples.unit.values.tolist() == ["ppm", "ppb"]


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("Serial Number,CO,NO2\n5,1.5,2\n6,1.6,3\n", "index column 'Serial Number' left out"),
        ("Serial Number,CO,NO2\n5,1.5,2\n0,1.6,3\n", "index column 'Serial Number' left out"),
        (",CO,NO2\n0,1.5,2\n1,1.6,3\n", "index column 0 left out"),
        ("Unnamed: 0,CO,NO2\n0,1.5,2\n1,1.6,3\n", "index column 'Unnamed: 0' left out"),
        ("#,CO,NO2\n1,1.5,2\n2,1.6,3\n", "index column '#' left out"),
        ("# CO NO2\n1 1.5 2\n2 1.6 3\n", "index column '#' left out"),
        ("index;CO;NO2\n0;1,5;2\n1;1,6;3\n", "index column 'index' left out"),
        ('"CO" "NO2"\n"1" 1.5 2\n"2" 1.6 3\n', "index column 0 left out"),
        ("CO,NO2,\n1.5,2,\n1.6,3,\n", "empty column 2 without a name left out"),
        ("CO,NO2\n1.5,2,\n1.6,3,\n", "empty column 2 without a name left out"),
        ("CO,food,NO2\n1.5,apple,2\n1.6,apple,3\n", "text column 'food' left out"),
    ],
)
def test_what_is_left_out_is_counted_by_name(text, left_out, tmp_path):
    samples = read_text(tmp_path, text, "s.txt")
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert samples.values.tolist() == VALUES
    assert samples.repairs == {left_out: 2}
    assert samples.time.values.tolist() == [0, 1]
    assert samples.time_unit_from == "rule: no time, row numbers"


@pytest.mark.parametrize("marker", ["OVER", "nan", "", "inf", "#N/A", "---", "x y", "#DIV/0!"])
@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("header", ["CO,NO2\n", ""])
def test_a_cell_without_a_number_is_named_and_no_channel_or_row_vanishes(
    marker, row, header, tmp_path
):
    cells = ["1.5", "1.6", "1.7"]
    cells[row] = marker
    text = header + "".join(f"{cell},{k}\n" for k, cell in enumerate(cells))
    name = "CO" if header else "0"
    with pytest.raises(ValueError, match=rf"in row {row}, channel '{name}' \(1 such values\)"):
        read_text(tmp_path, text)
    dropped = read_text(tmp_path, text, on_bad="drop")
    assert dropped.values.tolist() == [[v, k] for k, v in enumerate((1.5, 1.6, 1.7)) if k != row]
    assert dropped.repairs == {"rows with bad values": 1}
    repaired = read_text(tmp_path, text, on_bad="repair")
    assert repaired.shape == (3, 2)
    assert repaired.repairs == {"values interpolated": 1}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("time,CO,CO\n0,1,2\n", {}, "names two columns 'CO' \\(columns 1 and 2\\)"),
        ("time,timestamp,CO\n0,0,1\n", {}, "may be the time, 'time', 'timestamp': time_column="),
        ("T,CO\n0,1\n", {}, "'T' of .* may be the time or a temperature: time_column='T'"),
        ("timestamp,CO\n1700000000000,1\n", {}, "holds 1.7e\\+12 and its unit is not stated"),
        ("Date,CO\n45292.5,1\n", {}, "holds 45292.5 and its unit is not stated: time_unit="),
        ("time (foo),CO\n0,1\n", {}, "unit of the time 'time \\(foo\\)' .* time_unit= names it"),
        ("Date,CO\n01/02/2024,1\n02/02/2024,2\n", {}, "day or month may come first.* time_format="),
        ("at,CO\n2024-01-01,1\n2024-01-02,2\n", {}, "'at' .* holds dates.* time_column='at'"),
        ("time,CO\nsoon,1\nlate,2\n", {}, "holds 'soon' \\(no ISO date\\): time_format="),
        (",CO\n0.0,1\n0.25,2\n", {}, "does not count by one: index_column=0"),
        ("index,CO\n0,1\n5,2\n", {}, "'index' .* does not count by one"),
        ("time\tCO\n0\t1,500\n1\t2,500\n", {}, "'1,500' .* may be 1.500 or 1500: decimal=','"),
        ("time;CO\n0;1.500,5\n1;1.600,5\n", {}, "'1.500,5': separators of thousands"),
        ("time,CO\n0,1'500\n1,600\n", {"on_bad": "drop"}, "1'500.*: separators of thousands"),
        ("time;CO\n0;1,5\n1;1.5\n", {}, "holds '1,5' and '1.5': decimal= names"),
        ("time,CO\n0,1,5\n1,1,6\n", {}, "has 2 cells between ',' .* separator= and decimal="),
        ("Device: X\n\ntime,CO\n0,1\n1,2\n", {}, "skip_rows= leaves out lines"),
        ("time,CO\n0,1\n1,2,3\n2,3\n3,4\n", {}, "no table of 2 columns: line 2 .* has 3 cells"),
        ("CO,RH\n1,45%\n2,46%\n", {}, "holds '45%', a number with its unit"),
        ("time,CO\n0,1\n", {"separator": ";;"}, "separator=';;' must be one character"),
        ("time,CO\n0,1\n", {"decimal": ";"}, "decimal=';': expected '.' or ','"),
        ("time,CO\n0,1\n", {"names": ["a"]}, "names= holds 1 names; .* has 2 columns"),
        ("time,CO\n0,1\n", {"time_column": "tme"}, "time_column='tme': .* did you mean 'time'"),
        ("time,CO\n0,1\n", {"channels": ["time"]}, "channels= names 'time', the time of"),
        ("time,CO\n0,7\n1,2\n", {"na_values": ["7"]}, "holds nan in row 0, channel 'CO'"),
    ],
)  # fmt: skip
def test_tables_that_could_be_read_in_two_ways_are_refused(text, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_text(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a,CO,NO2\n0,1.5,2\n1,1.6,3\n", {"time_column": "a"}),
        ("0,1.5,2\n1,1.6,3\n", {"time_column": 0, "names": ["t", "CO", "NO2"]}),
        ("x,y,z\n0,1.5,2\n1,1.6,3\n", {"names": ["t", "CO", "NO2"]}),
        ("timestamp,CO,NO2\n0,1.5,2\n1000,1.6,3\n", {"time_unit": "ms"}),
        ("time,ts,CO,NO2\n0,5,1.5,2\n1,9,1.6,3\n", {"channels": ["CO", "NO2"], "time_column": 0}),
        ("Device: X\n\ntime,CO,NO2\n0,1.5,2\n1,1.6,3\n", {"skip_rows": 2}),
        ("time,CO,NO2\n0,1.5,2\n-999,7,7\n1,1.6,3\n", {"na_values": ["-999"], "on_bad": "drop"}),
        ("at,CO,NO2\n01/02/24 10:00:00,1.5,2\n01/02/24 10:00:01,1.6,3\n",
         {"time_column": "at", "time_format": "%d/%m/%y %H:%M:%S"}),
        ("nr,CO,NO2\n7,1.5,2\n9,1.6,3\n", {"index_column": "nr"}),
        ("time\tCO\tNO2\n0\t1,500\t2\n1\t1,600\t3\n", {"decimal": ","}),
        ("time:CO:NO2\n0:1.5:2\n1:1.6:3\n", {"separator": ":"}),
    ],
)  # fmt: skip
def test_every_rule_gives_way_to_an_option(text, options, tmp_path):
    samples = read_text(tmp_path, text, **options)
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert samples.values.tolist() == VALUES
    assert_allclose(samples.time, [0, 1])


def test_time_and_index_may_be_kept_as_channels(tmp_path):
    samples = read_text(tmp_path, "time,CO\n5,1\n7,2\n", time_column=False)
    assert samples.channel.values.tolist() == ["time", "CO"]
    samples = read_text(tmp_path, "index,CO\n5,1\n7,2\n", index_column=False)
    assert samples.channel.values.tolist() == ["index", "CO"]
    samples = read_text(tmp_path, "1,2\n3,4\n", header=True)
    assert samples.channel.values.tolist() == ["1", "2"]


def test_the_start_of_dates_is_kept(tmp_path):
    samples = read_text(tmp_path, PLAIN["dates"])
    assert samples.time_start == "2024-01-01T10:00:00"
    assert samples.time_unit_from == "dates"
    samples = read_text(tmp_path, PLAIN["zones"])
    assert samples.time_start == "2024-01-01T09:00:00+00:00"


def test_one_bad_stamp_or_time_is_a_bad_row_and_nothing_else(tmp_path):
    for good in (
        ["0", "1", "2"],
        ["2024-01-01T00:00:00", "2024-01-01T00:00:01", "2024-01-01T00:00:02"],
    ):
        for bad in ("", "xx", "nan"):
            text = f"time,CO\n{good[0]},1\n{bad},2\n{good[1]},3\n{good[2]},4\n"
            with pytest.raises(ValueError, match="row 1"):
                read_text(tmp_path, text)
            samples = read_text(tmp_path, text, on_bad="drop")
            assert samples.time.values.tolist() == [0, 1, 2]
            assert samples.repairs == {"rows whose time does not rise": 1}


def test_decimal_commas_far_down_are_found(tmp_path):
    text = "time;CO\n" + "".join(f"{k};2\n" for k in range(100)) + "100;2,5\n"
    assert read_text(tmp_path, text)[-1, 0] == 2.5


def test_lists_and_names_in_an_npz_belong_together(tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "a.npz", t_ms=[0, 5, 10], values=values, channels=["CO", "NO2"])
    samples = read(tmp_path / "a.npz")
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert_allclose(samples.time, [0, 0.005, 0.01])
    np.savez(tmp_path / "b.npz", time=[0, 1, 2], CO=values[:, 0], NO2=values[:, 1])
    samples = read(tmp_path / "b.npz")
    assert samples.channel.values.tolist() == ["CO", "NO2"]
    assert samples.values.tolist() == values.tolist()
    fields = np.zeros(2, [("time", "M8[ms]"), ("CO", "f4"), ("label", "U3")])
    fields["time"] = ["2024-01-01", "2024-01-02"]
    np.save(tmp_path / "c.npy", fields)
    samples = read(tmp_path / "c.npy")
    assert samples.time.values.tolist() == [0, 86400]
    assert samples.repairs == {"text column 'label' left out": 2}
    for names in ("txyp", ["ts", "xs", "ys", "ps"]):
        np.savez(tmp_path / "e.npz", **{name: [0, 1] for name in names})
        with pytest.raises(ValueError, match="lists of events and no samples"):
            read_samples(tmp_path / "e.npz")
    np.save(tmp_path / "d.npy", np.ones((3, 2), complex))
    with pytest.raises(ValueError, match="type complex128"):
        read(tmp_path / "d.npy")


# ---------------------------------------------------------------- many dialects, known content

SEPARATORS = {",": ".", ";": ",", "\t": ".", "|": ".", " ": "."}
TIMES = ("none", "s", "ms", "iso", "index")


def dialects():
    """Return 250 combinations of what writers of tables do."""
    every = list(product(SEPARATORS, TIMES, ("pandas", "numpy", "csv"), ("\n", "\r\n"), (0, 1)))
    rng = np.random.default_rng(0)
    return [every[k] for k in rng.permutation(len(every))[:250]]


@pytest.mark.parametrize("part", range(5))
def test_files_of_three_writers_in_many_dialects_come_back(part, tmp_path):
    for number, (mark, kind, writer, end, extra) in list(enumerate(dialects()))[part::5]:
        rng = np.random.default_rng(number)
        n, n_channels = int(rng.integers(3, 60)), int(rng.integers(1, 7))
        values = rng.normal(size=(n, n_channels)) * 10.0 ** rng.integers(-3, 5, n_channels)
        if extra:
            values[:, 0] = rng.integers(-5, 5, n)
        seconds = np.cumsum(rng.integers(1, 500, n)) / 1000
        names = [f"ch{k}" for k in range(n_channels)]
        point = SEPARATORS[mark]
        path = tmp_path / f"{number}.csv"
        table = pd.DataFrame(values, columns=names)
        if kind == "iso" and (writer == "numpy" or mark == " "):
            kind = "s"
        if kind in ("s", "ms"):
            times = seconds if kind == "s" else np.round(seconds * 1000).astype(int)
            table.insert(0, "time" if kind == "s" else "time_ms", times)
        elif kind == "iso":
            stamps = pd.Timestamp("2024-02-28 23:59:58") + pd.to_timedelta(seconds, unit="s")
            table.insert(0, "timestamp", [stamp.isoformat() for stamp in stamps])
        elif kind == "index":
            table.insert(0, "index", np.arange(n))
        if writer == "pandas":
            table.to_csv(path, sep=mark, decimal=point, index=False, lineterminator=end)
        elif writer == "numpy":
            names_line = mark.join(table.columns)
            np.savetxt(path, table.to_numpy(), fmt="%.17g", delimiter=mark, header=names_line,
                       newline=end, comments="" if extra else "# ")  # fmt: skip
            if point == ",":
                path.write_bytes(path.read_bytes().replace(b".", b","))
        else:
            with path.open("w", newline="", encoding="utf-8-sig" if extra else "utf-8") as file:
                out = csv.writer(file, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL)
                out.writerow(table.columns)
                for row in table.itertuples(index=False):
                    cells = [repr(v) if isinstance(v, float) else str(v) for v in row]
                    out.writerow([c.replace(".", point) if kind != "iso" or k else c
                                  for k, c in enumerate(cells)])  # fmt: skip
        if point == "," and len(table.columns) == 1 and writer == "numpy" and not extra:
            with pytest.raises(ValueError, match="one column 'ch0' with decimal commas, or two"):
                read_samples(path)
            continue
        what = (number, mark, kind, writer, end, extra)
        samples = read_samples(path)
        assert samples.channel.values.tolist() == names, what
        assert np.array_equal(samples.values, values), what
        if kind in ("s", "ms"):
            assert_allclose(samples.time, seconds, rtol=1e-12, err_msg=str(what))
        elif kind == "iso":
            assert_allclose(samples.time, seconds - seconds[0], atol=1e-9, err_msg=str(what))
        else:
            assert samples.time.values.tolist() == list(range(n)), what


def test_a_column_more_is_few_calls_more(tmp_path):
    values = np.random.default_rng(0).normal(size=(20, 2000)).round(4)
    calls = []
    for n_columns in (1000, 2000):
        path = tmp_path / f"{n_columns}.csv"
        pd.DataFrame(values[:, :n_columns]).add_prefix("ch").to_csv(path, index=False)
        read_samples(path)
        events = []
        sys.setprofile(lambda frame, event, argument, events=events: events.append(event))
        try:
            samples = read_samples(path)
        finally:
            sys.setprofile(None)
        assert np.array_equal(samples.values, values[:, :n_columns])
        calls.append(events.count("call"))
    assert (calls[1] - calls[0]) / 1000 < 100  # of Python; 58 measured, whatever the width


@pytest.mark.parametrize(
    ("name", "word", "unit"),
    [
        ("Time", "time", ""), ("t_us", "t", "us"), ("Time (ms)", "time", "ms"),
        ("timestamp [ns]", "timestamp", "ns"), ("time in s", "time", "s"), ("t/h", "t", "h"),
        ("Elapsed_Time_(min)", "elapsed time", "min"), ("time (\u00b5s)", "time", "us"),
        ("timestamp (UTC)", "timestamp", ""), ("microseconds", "time", "us"),
    ],
)  # fmt: skip
def test_names_of_times_are_known(name, word, unit):
    assert name_time(name) == (word, unit)


@pytest.mark.parametrize("name", ["T", "t_max", "tmin", "time_constant", "T (C)", "t [C]", "TVOC",
                                  "temperature", "second harmonic", "ms"])  # fmt: skip
def test_names_of_channels_are_none_of_times(name):
    assert name_time(name) is None


# ------------------------------------------------------------------------------------------- .ts

TS = "@problemName a\n@timeStamps true\n@classLabel true a b\n@data\n"


@pytest.mark.parametrize(
    ("line", "options", "times"),
    [
        ("(0,1.5),(0.5,2.5):(0,4),(0.5,5):a", {}, [0, 0.5]),
        ("(0,1.5),(500,2.5):(0,4),(500,5):a", {"time_unit": "ms"}, [0, 0.5]),
        ("(2007-05-10 00:00:00,1.5),(2007-05-10 00:00:01,2.5):"
         "(2007-05-10 00:00:00,4),(2007-05-10 00:00:01,5):a", {}, [0, 1]),
    ],
)  # fmt: skip
def test_ts_files_with_time_stamps_are_read(line, options, times, tmp_path):
    (tmp_path / "x.ts").write_bytes(("\ufeff" + TS + line + "\n").encode())
    streams, labels = read_ts(tmp_path / "x.ts", **options)
    assert streams[0].values.tolist() == [[1.5, 4], [2.5, 5]]
    assert streams[0].time.values.tolist() == times
    assert labels.tolist() == ["a"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(0,1),(1,2):(0,3),(2,4):a", "channel 1 of line 5 .* other times .*2 in place of 1"),
        ("(0,1),(1,2):(0,3):a", "channel 1 of line 5 .*1 in place of 2"),
        ("(1,1),(0,2):a", "time does not rise in row 1"),
        ("0,1:a", "channel 0 of line 5 .* is no list of \\(time,value\\)"),
        ("(1700000000000,1),(1700000000001,2):a", "its unit is not stated: time_unit="),
    ],
)
def test_time_stamps_that_do_not_fit_are_named(line, message, tmp_path):
    (tmp_path / "x.ts").write_text(TS + line + "\n")
    with pytest.raises(ValueError, match=message):
        read_ts(tmp_path / "x.ts")


# ------------------------------------------------------------- events or samples, by what is there


def test_four_columns_without_names_are_taken_for_neither(tmp_path):
    path = tmp_path / "four.txt"
    path.write_text("0.001 1 2 1\n0.0055 1 2 0\n0.007 1 2 1\n")
    with pytest.raises(ValueError, match="may be t, x, y, p of events or channels"):
        read(path)
    assert read(path, format="table").events["t"].tolist() == [1000, 5500, 7000]
    assert read(path, rate=5.0).shape == (3, 4)
    path.write_text("0.001 1.5 2 1\n0.0055 1 2 0\n")
    assert read(path).shape == (2, 4)
