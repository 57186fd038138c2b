"""What files state of time, step, sign and axes: read wherever it stands, or refused."""

import h5py
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mottle.datasets import split_table
from mottle.sensors import EventRate, make_events
from mottle.sensors.files import read_events, read_samples, read_ts
from mottle.sensors.streams import check_samples

ROWS = np.arange(6.0).reshape(3, 2)
LATE = [0, 500, 1000]
EVENTS = {"t": np.array(LATE), "x": [1, 2, 3], "y": [1, 2, 3], "p": [0, 1, 0]}


def write(path, arrays, **attributes):
    """Write arrays and attributes, by place, to an HDF5 file."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        for place, held in attributes.items():
            owner = file["/" if place == "root" else place]
            owner.attrs.update(held)
    return path


@pytest.mark.parametrize(("arrays", "attributes"), [
    ({"dt": 0.01}, {}), ({"dt": [0.01]}, {}), ({"dt_ms": 10}, {}), ({"Fs": 100}, {}),
    ({"sampling_rate_khz": 0.1}, {}), ({"fs": 100, "dt": 0.00995}, {}),
    ({}, {"data": {"dt": "0.01"}}), ({}, {"data": {"dt": "0.01 s"}}),
    ({}, {"root": {"dt": "10 ms"}}), ({}, {"data": {"dt": np.bytes_("10000 us")}}),
    ({}, {"root": {"Sampling_Interval": 0.01}}), ({}, {"data": {"fs": "0.1 kHz"}}),
])  # fmt: skip
def test_a_step_of_rows_counts_wherever_it_stands(tmp_path, arrays, attributes):
    found = read_samples(write(tmp_path / "a.h5", {"data": ROWS} | arrays, **attributes))
    assert found.shape == (3, 2)
    assert_allclose(found.time, [0, 0.01, 0.02])
    if not attributes:
        np.savez(tmp_path / "a.npz", data=ROWS, **arrays)
        assert_allclose(read_samples(tmp_path / "a.npz").time, [0, 0.01, 0.02])


@pytest.mark.parametrize(("arrays", "attributes", "message"), [
    ({"dt": -1.0}, {}, "'dt' states the period -1.0"),
    ({"dt": 0.02, "fs": 100}, {}, "'(dt|fs)' .* and '(dt|fs)' .* differ"),
    ({}, {"data": {"dt": [0.01, 0.02]}}, r"states the period \[0.01, 0.02\]"),
    ({}, {"data": {"dt": "soon"}}, "states the period 'soon'"),
    ({}, {"root": {"fs": "fast"}}, "states the rate 'fast'"),
])  # fmt: skip
def test_a_bad_step_of_rows_is_refused(tmp_path, arrays, attributes, message):
    with pytest.raises(ValueError, match=message):
        read_samples(write(tmp_path / "a.h5", {"data": ROWS} | arrays, **attributes))


@pytest.mark.parametrize("attributes", [
    {"data": {"time_unit": "ms"}}, {"root": {"time_unit": "ms"}}, {"root": {"Time_Unit": "ms"}},
    {"time": {"Units": "ms"}}, {"time": {"unit": "milliseconds"}, "data": {"units": "V"}},
])  # fmt: skip
def test_a_unit_of_time_of_samples_counts_wherever_it_stands(tmp_path, attributes):
    path = write(tmp_path / "a.h5", {"data": ROWS, "time": LATE}, **attributes)
    found = read_samples(path)
    assert_allclose(found.time, [0, 0.5, 1])
    assert found.attrs["units"] == attributes.get("data", {}).get("units", "1")


@pytest.mark.parametrize("name", ["time_unit", "unit", "Units"])
def test_a_unit_of_time_of_events_counts_wherever_it_stands(tmp_path, name):
    arrays = {f"events/{field}": held for field, held in EVENTS.items()}
    path = write(tmp_path / "a.h5", arrays, root={name: "ms"})
    assert read_events(path, sensor_size=(9, 9)).events["t"].tolist() == [0, 500_000, 1_000_000]
    np.savez(tmp_path / "a.npz", **EVENTS, **{name.lower(): "ms"})
    found = read_events(tmp_path / "a.npz", sensor_size=(9, 9)).events
    assert found["t"].tolist() == [0, 500_000, 1_000_000]


def test_a_unit_beside_an_array_is_that_of_its_values(tmp_path):
    np.savez(tmp_path / "a.npz", data=ROWS, time=LATE, unit="mV")
    found = read_samples(tmp_path / "a.npz")
    assert (found.attrs["units"], found.time.values.tolist()) == ("mV", LATE)


def test_a_table_of_channels_by_time_is_turned_where_that_is_stated(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["data"], file["time"] = ROWS.T, [0.0, 0.5, 1.0]
    assert_allclose(read_samples(path).values, ROWS)
    assert_allclose(read_samples(path, key="data").time, [0, 0.5, 1])
    np.savez(tmp_path / "a.npz", data=ROWS.T, time=[0.0, 0.5, 1.0])
    assert_allclose(read_samples(tmp_path / "a.npz").values, ROWS)
    square = np.arange(9.0).reshape(3, 3)
    for labels, wanted in ((("channel", "time"), square.T), (("time", "channel"), square)):
        with h5py.File(path, "w") as file:
            file["data"] = square
            for axis, label in zip(file["data"].dims, labels, strict=True):
                axis.label = label
        assert_allclose(read_samples(path).values, wanted)


@pytest.mark.parametrize(("units", "wanted"), [
    (";ms;ppm", [0, 0.5, 1]), ("-;ms;-", [0, 0.5, 1]), (";s;ppm", LATE), (";-;ppm", LATE),
])  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"time": "time"}])
def test_a_row_of_units_counts_for_tables_of_many_recordings(tmp_path, units, wanted, options):
    path = tmp_path / "a.csv"
    path.write_text(f"id;time;CO\n{units}\nA;0;1\nA;500;2\nA;1000;4\n")
    assert_allclose(split_table(path, "id", **options).table.iloc[0, 0].time, wanted)
    assert_allclose(read_samples(path, channels=["CO"]).time, wanted)


def test_a_row_of_units_that_is_no_time_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;time;CO\n;apples;ppm\nA;0;1\nA;500;2\nA;1000;4\n")
    with pytest.raises(ValueError, match=r"unit of the time .* is not known"):
        split_table(path, "id")
    with pytest.raises(ValueError, match=r"unit of the time .* is not known"):
        read_samples(path)
    path.write_text("id;time_ms;CO\n;s;ppm\nA;0;1\nA;500;2\nA;1000;4\n")
    with pytest.raises(ValueError, match="in ms by its name and in s by a row of units"):
        split_table(path, "id")


@pytest.mark.parametrize("name", ["stamp (ms)", "t_ms", "Tiempo [ms]", "host_ms", "millis()"])
def test_the_unit_of_a_named_time_counts_whatever_its_word(tmp_path, name):
    table = pd.DataFrame({"id": ["a"] * 3, name: LATE, "CO": [1.0, 2.0, 1.5]})
    assert_allclose(split_table(table, "id", time=name).table.iloc[0, 0].time, [0, 0.5, 1])
    table.drop(columns="id").to_csv(tmp_path / "a.csv", index=False)
    found = read_samples(tmp_path / "a.csv", time_column=name)
    assert_allclose(found.time, [0, 0.5, 1])


@pytest.mark.parametrize(("name", "asks"), [
    ("temps (s)", True), ("X [s]", True), ("Tempo (ms)", True), ("host_ts", True), ("hours", True),
    ("load_ms", True), ("force (N)", False), ("flow_min", False), ("gas_s", False),
])  # fmt: skip
def test_a_column_that_rises_and_has_a_unit_of_time_is_a_question(tmp_path, name, asks):
    table = pd.DataFrame({name: [0.0, 7.0, 15.0, 20.0], "CO": [1.0, 2.0, 1.5, 1.0]})
    table.to_csv(tmp_path / "a.csv", index=False)
    for read in (lambda: read_samples(tmp_path / "a.csv"), lambda: check_samples(table)):
        if asks:
            with pytest.raises(ValueError, match="always increases and may be the time"):
                read()
        else:
            assert read().values.shape == (4, 2)


def test_several_columns_in_a_unit_of_time_are_values(tmp_path):
    table = pd.DataFrame(
        {"CO": [1.0, 2.0, 1.5], "RR (ms)": [5.0, 6.0, 7.0], "QT (ms)": [3.0, 2, 4]}
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    assert read_samples(tmp_path / "a.csv").shape == (3, 3)
    with pytest.raises(ValueError, match=r"'RR \(ms\)' of .* may be the time"):
        check_samples(table[["RR (ms)", "QT (ms)", "CO"]])


LONG = "t;a\n" + "".join(f"{i};{900 + i}\n" for i in range(100))


@pytest.mark.parametrize("text", [
    "t;a\n0;998\n1;999\n2;1.000\n", LONG + "100;1.000\n101;1.001\n", LONG + '100;"1.000"\n',
])  # fmt: skip
def test_points_that_may_be_of_thousands_are_refused_wherever_they_come(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    for read in (read_samples, split_table):
        with pytest.raises(ValueError, match=r"'1.000' between ';' .* may be 1000: decimal='.'"):
            read(path)
    assert read_samples(path, decimal=".").values[-1, 0] in (1.0, 1.001)


def test_points_that_cannot_be_of_thousands_are_decimal_signs(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(LONG + "100;1.000\n101;1.01\n")
    assert read_samples(path).values[-2:, 0].tolist() == [1.0, 1.01]


@pytest.mark.parametrize("p", [[1, -1, 0], [0, 1, -1]])
def test_polarities_of_two_kinds_are_refused(tmp_path, p):
    columns = EVENTS | {"p": np.array(p)}
    with pytest.raises(ValueError, match="polarities are -1 and 0"):
        make_events(**columns)
    np.savez(tmp_path / "a.npz", **columns)
    pd.DataFrame(columns).to_csv(tmp_path / "a.csv", index=False)
    write(tmp_path / "a.h5", {f"events/{field}": held for field, held in columns.items()})
    for name in ("a.npz", "a.csv", "a.h5"):
        with pytest.raises(ValueError, match=r"polarities of .* are -1 and 0"):
            read_events(tmp_path / name, sensor_size=(9, 9))


def test_masked_events_are_refused():
    with pytest.raises(ValueError, match="t has 1 masked values"):
        make_events(np.ma.array(LATE, mask=[0, 1, 0]), *(EVENTS[name] for name in "xyp"))
    events = make_events(**EVENTS)
    masked = np.ma.array(events, mask=[(0, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0)])
    encoder = EventRate(2, sensor_size=(9, 9), duration=0.002)
    with pytest.raises(ValueError, match="1 masked values"):
        encoder.fit([masked])
    whole = encoder.fit([events]).transform([np.ma.array(events)])
    np.testing.assert_array_equal(whole, encoder.transform([events]))


def test_a_quote_that_swallows_rows_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"{i},1,ok\n" for i in range(60))
    path.write_text(f't,CO,note\n{rows}60,1,"bad\n61,2,ok\n62,3,"ok\n63,3,ok\n')
    for read in (read_samples, split_table):
        with pytest.raises(ValueError, match=r"row 60 of .* holds a whole row within quotes"):
            read(path)
    path.write_text(f't,CO,note\n{rows}60,1,"two\nlines"\n61,2,ok\n')
    assert read_samples(path, channels=["CO"]).shape == (62, 1)


def test_a_table_of_events_without_a_row_holds_no_event(tmp_path):
    (tmp_path / "a.csv").write_text("t,x,y,p\n")
    with pytest.raises(ValueError, match="holds no event"):
        read_events(tmp_path / "a.csv", sensor_size=(9, 9))


def test_two_recordings_of_one_name_are_refused():
    table = pd.DataFrame({"s": ["1/2", "1"], "r": ["3", "2/3"], "CO": [1.0, 2.0]})
    with pytest.raises(ValueError, match="two recordings of the table are named '1/2/3'"):
        split_table(table, ["s", "r"])


@pytest.mark.parametrize(("line", "message"), [
    ("1_0,2:a", "could not convert string to float: '1_0'"),
    ("1,2:nan", "ends with the target nan"),
])  # fmt: skip
def test_ts_takes_numbers_alone(tmp_path, line, message):
    own = "@classLabel true a" if line.endswith("a") else "@targetLabel true"
    (tmp_path / "a.ts").write_text(f"@problemName one\n@univariate true\n{own}\n@data\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_ts(tmp_path / "a.ts")


def test_other_values_beside_an_array_are_passed_over(tmp_path):
    np.savez(
        tmp_path / "a.npz", data=ROWS, dt=0.01, note="by me", z=1j, stamp=np.datetime64("2024")
    )
    assert_allclose(read_samples(tmp_path / "a.npz").time, [0, 0.01, 0.02])


@pytest.mark.parametrize(("stated", "step"), [
    ({"dt": 10.0, "time_unit": "ms"}, 0.01),
    ({"sampling_interval": 10, "sampling_interval_unit": "ms"}, 0.01),
    ({"sampling_rate": 2, "sampling_rate_unit": "kHz"}, 0.0005),
    ({"sampling_frequency": 50}, 0.02),
    ({"dt_ms": 4, "time_unit": "s"}, 0.004),
], ids=str)  # fmt: skip
def test_a_step_is_in_the_unit_that_stands_beside_it(stated, step, tmp_path):
    rows = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "a.npz", x=rows, **stated)
    places = [(tmp_path / "a.npz", "x")]
    for where in ("dataset", "file", "beside"):
        with h5py.File(tmp_path / f"{where}.h5", "w") as file:
            held = file.create_dataset("x", data=rows)
            if where == "beside":
                for name, value in stated.items():
                    file[name] = value
            else:
                (held if where == "dataset" else file).attrs.update(stated)
        places.append((tmp_path / f"{where}.h5", "x"))
    for path, key in places:
        np.testing.assert_allclose(read_samples(path, key=key).time, step * np.arange(3))


@pytest.mark.parametrize(("comment", "rows", "time"), [
    ("# time in ms", "time,a\n0,1\n10,2\n", [0, 0.01]),
    ("# Time [us]; probe 3", "t,a\n0,1\n10,2\n", [0, 1e-5]),
    ("# fs=100 Hz", "a,b\n1,2\n2,3\n", [0, 0.01]),
    ("% Sampling rate: 0.1 kHz", "a,b\n1,2\n2,3\n", [0, 0.01]),
    ("# dt = 20 ms, gain = 3", "a,b\n1,2\n2,3\n", [0, 0.02]),
    ("# each time in room 3", "time,b\n1,2\n2,3\n", [1, 2]),
    ("# time in s", "time,a\n2024-01-01 00:00:00,1\n2024-01-01 00:00:02,2\n", [0, 2]),
])  # fmt: skip
def test_comments_above_a_table_state_its_times(comment, rows, time, tmp_path):
    (tmp_path / "a.csv").write_text(f"{comment}\n{rows}")
    np.testing.assert_allclose(read_samples(tmp_path / "a.csv").time, time)


def test_a_rate_beside_a_time_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("time,a\n0,1\n10,2\n")
    with pytest.raises(ValueError, match="rate=100 is for rows without a time"):
        read_samples(tmp_path / "a.csv", rate=100)
    (tmp_path / "b.csv").write_text("# fs=100\n# dt=5 ms\na,b\n1,2\n2,3\n")
    with pytest.raises(ValueError, match=r"'fs' \(100 Hz\) and 'dt' \(200 Hz\) differ"):
        read_samples(tmp_path / "b.csv")
