"""Clock times, forms in brackets, days of Excel, and times of every type of column."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mottle.datasets import split_table
from mottle.sensors import check_samples
from mottle.sensors.files import read_samples, read_ts
from mottle.times import name_clock, name_time

MINUTES = ["59:58", "59:59", "60:00"]
READ = {
    "Time (mm:ss)": (MINUTES, [3598, 3599, 3600]),
    "Time (min:sec)": (MINUTES, [3598, 3599, 3600]),
    "time [m:ss.f]": (["59:58.5", "59:59", "60:00.25"], [3598.5, 3599, 3600.25]),
    "Time mm:ss": (MINUTES, [3598, 3599, 3600]),
    "Time (hh:mm)": (["09:59", "10:00", "25:30"], [35940, 36000, 91800]),
    "Elapsed ([h]:mm)": (["0:59", "1:00", "1:01:30"], [3540, 3600, 3690]),
    "Time (hh:mm:ss)": (["99:59:59", "100:00:00", "100:00:01.5"], [359999, 360000, 360001.5]),
    "Time (h:mm AM/PM)": (["11:59 AM", "12:00 PM", "1:30 p.m."], [43140, 43200, 48600]),
    "Time (hhmmss)": ([95959, 100000, 115959.5], [35999, 36000, 43199.5]),
    "Time (hhmm)": ([959, 1000, 1130], [35940, 36000, 41400]),
    "Time (mmss)": ([5958, 5959, 6000], [3598, 3599, 3600]),
    "Time (hh)": ([0, 1, 2.5], [0, 3600, 9000]),
    "Time": (["-00:00:01", "+0:00:00", "00:00:02.5"], [-1, 0, 2.5]),
    "time": (["11:59:59 AM", "12:00:00 PM", "03:00:00 PM"], [43199, 43200, 54000]),
    "uhrzeit": (["10:00:01+01:00", "10:00:02+01:00", "10:00:03+01:00"], [36001, 36002, 36003]),
    "zeit": (["59:58.5", "59:59", "60:00"], [3598.5, 3599, 3600]),
}
REFUSED = {
    "Time": (MINUTES, "holds '59:58', which may be hours and minutes, or minutes and seconds"),
    "timestamp": (["00:01", "00:02", "25:00"], "holds '25:00', which may be hours and minutes"),
    "t": (["-00:02", "-00:01", "00:00"], "holds '-00:02', which may be hours and minutes"),
    "Elapsed": (["00:01", "00:02", "00:03"], "holds '00:01', which may be .*'%M:%S'"),
    "Time (mm:ss)": ([1, 2, 3], r"'Time \(mm:ss\)' .* is not known, and it holds numbers"),
    "Time [dd]": ([1, 2, 3], r"'Time \[dd\]' .* is not known, and it holds numbers: time_unit="),
    "Time (hh.mm)": ([9.58, 9.59, 10.0], "is not known, and it holds numbers: time_unit="),
    "Time (yyyymmdd)": ([20240101, 20240102, 20240103], "time_format= .* such as '%Y%m%d'"),
    "Time (hh:mm:ss)": (MINUTES, "holds '59:58', which is no time of the form 'h:m:s'"),
    "Time (hhmmss)": ([116000, 117000, 118000], "holds 116000, .* no time of the form 'hms'"),
    "Time (mm:ss:ff)": (["1:02:03"] * 3, "a form of clock times that is not known: time_format="),
    "time": (["1:00:00", "2:00:00", "03:00:00 PM"], "row 0 .* '1:00:00' without AM or PM"),
    "ts": (["10:00:01", "10:00:02+01:00", "10:00:03"], "row 0 .* '10:00:01' without a zone"),
    "zeit": (["10:00:01Z", "10:00:02+01:00", "10:00:03Z"], r"row 1 .* first ones have the zone Z"),
    "uhrzeit": (["00:00:75", "00:00:76", "00:00:77"], "holds '00:00:75', which is no time"),
}  # fmt: skip
BAD = [("10:00:75", "10:00:0{}"), ("10:60:00", "10:00:0{}"), ("10:99", "10:0{}"),
       ("13:00:00 PM", "1:00:0{} AM"), ("10:00", "10:00:0{}"),
       ("x10:00:01", "10:00:0{}")]  # fmt: skip


def table(folder, name, cells, units=""):
    path = folder / "table.csv"
    rows = [f"{cell},{k}.5" for k, cell in enumerate(cells)]
    path.write_text("\n".join([f"{name},CO", *([units] if units else []), *rows, ""]))
    return path


def frame(name, cells):
    return pd.DataFrame({name: cells, "CO": np.arange(len(cells)) + 0.5})


@pytest.mark.parametrize("name", READ)
def test_clock_times_are_read_by_their_form(name, tmp_path):
    cells, seconds = READ[name]
    one = frame(name, cells)
    for time in (
        read_samples(table(tmp_path, name, cells)).time.values,
        check_samples(one).time,
        check_samples(one.set_index(name)).time,
        split_table(one.assign(gas="air"), "gas").table["samples"].iloc[0].time.values,
    ):
        assert time.tolist() == seconds


@pytest.mark.parametrize("name", REFUSED)
def test_clock_times_of_a_doubtful_form_are_refused(name, tmp_path):
    cells, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        read_samples(table(tmp_path, name, cells), on_bad="drop")
    with pytest.raises(ValueError, match=message) as found:
        check_samples(frame(name, cells))
    with pytest.raises(ValueError, match=message):
        split_table(frame(name, cells).assign(gas="air"), "gas")
    if "time_format=" in str(found.value):
        assert "Of a DataFrame, the name states it" in str(found.value)


def test_a_row_of_units_and_time_format_state_the_form(tmp_path):
    read = [
        read_samples(table(tmp_path, "Time", MINUTES, "mm:ss,ppm")),
        read_samples(table(tmp_path, "Time", MINUTES), time_format="%M:%S"),
        read_samples(table(tmp_path, "Time", [5958, 5959, 6000]), time_format="%M%S"),
    ]
    for samples in read:
        assert samples.time.values.tolist() == [3598, 3599, 3600]
        assert samples.time_unit_from == "minutes and seconds"
    hours = read_samples(table(tmp_path, "Time", MINUTES), time_format="%H:%M")
    assert hours.time.values.tolist() == [215880, 215940, 216000]
    halves = table(tmp_path, "Time", ["11:00 AM", "12:30 PM", "01:00 PM"])
    assert read_samples(halves, time_format="%I:%M %p").time.values.tolist() == [
        39600,
        45000,
        46800,
    ]
    with pytest.raises(ValueError, match="is not known, and it holds numbers"):
        read_samples(table(tmp_path, "Time", [1, 2, 3], "mm:ss,ppm"))
    numbers = read_samples(table(tmp_path, "Time (mm:ss)", [1, 2, 3]), time_unit="min")
    assert numbers.time.values.tolist() == [60, 120, 180]


def test_minutes_and_seconds_beside_a_date_are_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("Date,Time (mm:ss),CO\n2024-01-01,10:58,1\n2024-01-01,10:59,2\n")
    with pytest.raises(ValueError, match=r"'Time \(mm:ss\)' .* beside the date 'Date'"):
        read_samples(path)


@pytest.mark.parametrize(("bad", "good"), BAD)
def test_a_clock_time_that_is_none_is_a_bad_row(bad, good, tmp_path):
    cells = [good.format(0), bad, good.format(2), good.format(3)]
    path = table(tmp_path, "time", cells)
    with pytest.raises(ValueError, match=f"holds '{bad}' as the time in row 1; on_bad='drop'"):
        read_samples(path)
    samples = read_samples(path, on_bad="drop")
    assert samples.values[:, 0].tolist() == [0.5, 2.5, 3.5]
    assert np.diff(samples.time).tolist() == ([120, 60] if good == "10:0{}" else [2, 1])
    with pytest.raises(ValueError, match=f"row 1 of .* holds '{bad}' as the time 'time'"):
        check_samples(frame("time", cells))
    series = ",".join(f"({cell},{k})" for k, cell in enumerate(cells))
    (tmp_path / "a.ts").write_text(f"@timeStamps true\n@classLabel true a\n@data\n{series}:a\n")
    with pytest.raises(ValueError, match=f"holds '{bad}' as the time in row 1"):
        read_ts(tmp_path / "a.ts")


def test_a_countdown_keeps_all_its_rows(tmp_path):
    cells = [f"{'-' if k < 0 else ''}00:00:0{abs(k)}" for k in range(-3, 5)]
    samples = read_samples(table(tmp_path, "time", cells), on_bad="drop")
    assert samples.time.values.tolist() == list(range(-3, 5))
    assert samples.repairs == {}


@pytest.mark.parametrize(
    ("name", "form", "unit"),
    [("Time (HH:MM:SS.fff)", "h:m:s", "?"), ("t [mm : ss]", "m:s", "?"), ("time_hhmm", "hm", "?"),
     ("Time (ms)", "", "ms"), ("Time (UTC)", "", ""), ("Time (hh)", "", "h")],
)  # fmt: skip
def test_forms_in_names_are_no_units(name, form, unit):
    assert name_clock(name) == form
    assert name_time(name).unit == unit


# ------------------------------------------------------------------------------- days of Excel

STEPS = {"1 s": 1, "5 min": 300, "10 min": 600, "45.5 min": 2730, "1 h": 3600, "2 h": 7200}
K = np.arange(20)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("digits", [15, 10, 8])
def test_days_of_excel_are_no_seconds(step, digits, tmp_path):
    days = np.round(45_292.123 + K * STEPS[step] / 86_400, digits)
    path = table(tmp_path, "time", days)
    for read in (read_samples, lambda _: check_samples(frame("time", days))):
        with pytest.raises(ValueError, match=r"holds 45292\.123 .* time_unit='d' takes them so"):
            read(path)
    time = read_samples(path, time_unit="d").time.values
    np.testing.assert_allclose(np.diff(time), STEPS[step], atol=2e-3)
    assert read_samples(path, time_unit="s").time.values.tolist() == days.tolist()


def test_days_of_excel_with_five_digits_gaps_and_a_bad_cell_are_no_seconds(tmp_path):
    days = 45_292.5 + np.delete(K, [3, 4, 9]) * 600 / 86_400
    for cells in (np.round(days, 5), days, [*days[:5], 0.0, *days[5:]]):
        with pytest.raises(ValueError, match="as Excel counts them"):
            read_samples(table(tmp_path, "time", cells), on_bad="drop")
    uneven = 45_292.5 + np.cumsum([601, 598, 603, 600, 597] * 3) / 86_400
    with pytest.raises(ValueError, match="as Excel counts them"):
        read_samples(table(tmp_path, "time", uneven))


@pytest.mark.parametrize(
    "seconds",
    [45_000 + K, 45_000.5 + K, 45_000 + K / 4, 45_000 + K / 100, 45_000 + K / 1000, 45_000 + K / 30,
     45_000 + K / 60, 45_000 + K / 64, 45_000 + np.cumsum(0.01 + 0.001 * (K % 3)),
     20_000 + K / 144, np.random.default_rng(0).uniform(45_000, 46_000, 20)],
)  # fmt: skip
def test_seconds_in_the_range_of_such_days_stay_seconds(seconds, tmp_path):
    seconds = np.sort(np.round(seconds, 6))
    samples = read_samples(table(tmp_path, "time", seconds))
    assert samples.time.values.tolist() == seconds.tolist()
    assert samples.time_unit_from == "rule: numbers without a unit"


@pytest.mark.parametrize("name", ["Date Time", "datetime", "date/time"])
def test_numbers_below_the_name_of_a_date_are_a_question(name, tmp_path):
    for cells in ([45_000, 45_001, 45_002], [45_000, 45_000.25, 45_000.5]):
        with pytest.raises(ValueError, match=r"has the name of a date: .* time_unit='d'"):
            read_samples(table(tmp_path, name, cells))
    samples = read_samples(table(tmp_path, name, [1_700_000_000, 1_700_000_001]))
    assert samples.time.values.tolist() == [1_700_000_000, 1_700_000_001]


# ------------------------------------------------------------------- types of columns, DataArrays


def types():
    plain = ["int64", "float64", "Int64", "UInt32", "Float64"]
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return plain
    return [*plain, "int64[pyarrow]", "double[pyarrow]"]


@pytest.mark.parametrize("dtype", types())
def test_nullable_types_follow_the_rules_of_plain_ones(dtype):
    def column(values):
        return pd.Series(values).astype(dtype)

    a = column([4, 9, 5])
    pair = {"sec": column([0, 0, 1]), "nanosec": column([0, 500_000_000, 0]), "a": a}
    samples = check_samples(pd.DataFrame(pair))
    assert (samples.names, samples.time.tolist()) == (["a"], [0, 0.5, 1])
    assert samples.values.tolist() == [[4], [9], [5]]
    for times in ([0, 5, 7], column([0, 5, 7])):
        with pytest.raises(ValueError, match=r"'frame_time' .* may be the time"):
            check_samples(pd.DataFrame({"frame_time": times, "a": a}))
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    for counts in ([1, 2, 3], column([1, 2, 3])):
        for time in ([0, 1, 2], column([0, 1, 2]), days, days.astype(str)):
            with pytest.raises(ValueError, match="a column 'Scan', the name of an index"):
                check_samples(pd.DataFrame({"time": time, "Scan": counts, "a": a}))
    counted = pd.DataFrame({"a": a.to_numpy()}, index=pd.Index(column([5, 6, 7])))
    assert check_samples(counted).time.tolist() == [0, 1, 2]


def test_a_data_array_with_times_beyond_all_seconds_needs_a_unit():
    time = np.array([1.7e12, 1.7e12 + 500])
    array = xr.DataArray(np.ones((2, 1)), dims=("time", "channel"), coords={"time": time})
    with pytest.raises(ValueError, match=r"holds 1\.7e\+12 and its unit is not stated: .*units'\]"):
        check_samples(array)
    array["time"].attrs["units"] = "ms"
    assert check_samples(array).time.tolist() == [1.7e9, 1.7e9 + 0.5]
