"""What a file states of units, names, size and values is taken, and not for something else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mottle.sensors.files import EventReader, read, read_events, read_samples

h5py = pytest.importorskip("h5py")
PIXELS = {"x": [1, 2, 3], "y": [4, 5, 6], "p": [0, 1, 0]}
VALUES = np.arange(12.0).reshape(4, 3)


def hdf5(path, attrs=None, **items):
    """Write datasets, and attributes under "dataset@attribute"."""
    with h5py.File(path, "w") as file:
        for name, values in items.items():
            file[name.replace("__", "/")] = values
        for place, value in (attrs or {}).items():
            name, _, attribute = place.rpartition("@")
            (file[name] if name else file).attrs[attribute] = value
    return path


@pytest.mark.parametrize(("name", "per_us", "unit"), [
    ("t_us", 1, "us"), ("timestamps_ns", 1000, "ns"), ("time [ms]", 1e-3, "ms"),
    ("ts_s", 1e-6, "s"), ("t (us)", 1, "us"), ("timestamp_ms", 1e-3, "ms"),
])  # fmt: skip
@pytest.mark.parametrize("form", ["group", "fields", "columns", "npz", "csv"])
def test_the_name_of_the_times_states_their_unit_in_every_format(
    name, per_us, unit, form, tmp_path
):
    columns = {name: np.array([1000, 2000, 3000]) * per_us, **PIXELS}
    path = tmp_path / f"e.{form if form in ('npz', 'csv') else 'h5'}"
    if form == "npz":
        np.savez(path, **columns)
    elif form == "csv":
        rows = [list(columns), *zip(*columns.values(), strict=True)]
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    elif form == "group":
        hdf5(path, **{f"events__{key}": values for key, values in columns.items()})
    elif form == "columns":
        rows = np.stack(list(columns.values()), 1)
        hdf5(path, {"any@columns": list(columns)}, any=rows)
    else:
        cells = np.zeros(3, [(key, np.asarray(values).dtype) for key, values in columns.items()])
        for key, values in columns.items():
            cells[key] = values
        hdf5(path, any=cells)
    for reader in (read, read_events):
        file = reader(path)
        assert file.events["t"].tolist() == [1000, 2000, 3000]
        assert file.events["x"].tolist() == PIXELS["x"]
        assert file.attrs["time_unit"] == unit
        assert file.attrs["time_unit_from"] == f"name of the column {name!r}"
    assert read_events(path, time_unit="us").events["t"].tolist() == [
        round(1000 * k * per_us) for k in (1, 2, 3)
    ]


def test_two_units_that_contradict_each_other_are_refused(tmp_path):
    path = hdf5(tmp_path / "e.h5", {"g/t_us@unit": "ms"}, g__t_us=[1, 2, 3],
                **{f"g__{name}": values for name, values in PIXELS.items()})  # fmt: skip
    with pytest.raises(ValueError, match=r"in ms by an attribute and in us by their name 't_us'"):
        read(path)
    assert read(path, time_unit="ms").events["t"].tolist() == [1000, 2000, 3000]
    path = hdf5(tmp_path / "s.h5", {"time_ms@units": "s"}, time_ms=np.arange(4), a=np.ones(4))
    with pytest.raises(ValueError, match=r"in ms by its name and in s by an attribute"):
        read(path)
    tables = {
        "time_ms,CO\ns,ppm\n0,1\n1,2\n": "in ms by its name and in s by a row",
        "t_us,x,y,p\nms,px,px,1\n1,1,1,1\n": "in ms by a row of units",
    }
    for text, match in tables.items():
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(ValueError, match=match):
            read(tmp_path / "a.csv")


def test_a_first_line_of_width_and_height_is_the_size_of_the_sensor(tmp_path):
    path = tmp_path / "e.txt"
    path.write_text("240 180\n0.001 3 4 1\n0.002 5 6 0\n0.0035 7 179 1\n")
    for reader in (read, read_events):
        file = reader(path)
        assert file.events["t"].tolist() == [1000, 2000, 3500]
        assert file.sensor_size == (240, 180)
        assert file.attrs["time_unit"] == "s"
    assert EventReader(path).sensor_size == (240, 180)
    assert read_events(path, sensor_size=(300, 200)).sensor_size == (300, 200)
    path.write_text("# made by a simulator of cameras\n240 179\n0.001 3 4 1\n0.0035 7 179 1\n")
    with pytest.raises(ValueError, match=r"y=179, p=1, outside the sensor of 240 x 179 pixels"):
        read(path)


@pytest.mark.parametrize(("attrs", "items"), [
    ({"g/v@columns": ["CO", "NO2", "H"]}, {}), ({"g/v@channel_names": "CO, NO2, H"}, {}),
    ({"g/v@names": np.array([b"CO", b"NO2", b"H"])}, {}), ({}, {"g__channels": ["CO", "NO2", "H"]}),
    ({}, {"g__names": np.array([b"CO", b"NO2", b"H"])}),
])  # fmt: skip
@pytest.mark.parametrize("timed", [True, False])
def test_texts_beside_the_values_name_the_channels(attrs, items, timed, tmp_path):
    more = {"g__time_ms": np.arange(4) * 500} if timed else {}
    path = hdf5(tmp_path / "s.h5", attrs, g__v=VALUES, **items, **more)
    for options in ({}, {"key": "g/v"}):
        samples = read(path, **options)
        assert samples.channel.values.tolist() == ["CO", "NO2", "H"]
        assert_array_equal(samples.sel(channel="NO2"), VALUES[:, 1])
        assert_allclose(samples.time, np.arange(4) * (0.5 if timed else 1))
        assert "names_from" in samples.attrs
    np.savez(tmp_path / "s.npz", v=VALUES, channel_names=np.array(["CO", "NO2", "H"]))
    assert read(tmp_path / "s.npz").channel.values.tolist() == ["CO", "NO2", "H"]


def test_packed_and_filled_values_are_what_they_mean(tmp_path):
    attrs = {"v@scale_factor": 0.5, "v@add_offset": 10.0, "v@_FillValue": -1}
    path = hdf5(tmp_path / "s.h5", attrs, v=[[2, 4], [6, -1], [8, 8]])
    assert read(path, on_bad="drop").values.tolist() == [[11, 12], [14, 14]]
    with pytest.raises(ValueError, match="holds nan in row 1, channel '1'"):
        read(path)


@pytest.mark.parametrize(("stated", "per_step"), [
    ("seconds since 2024-01-01", 1), ("days since 2024-01-01", 86_400), ("ms", 1e-3),
])  # fmt: skip
def test_units_of_netcdf_times_are_read_and_unknown_ones_refused(stated, per_step, tmp_path):
    path = hdf5(tmp_path / "s.h5", {"time@units": stated}, time=np.arange(4), a=np.ones(4))
    assert_allclose(read(path).time, np.arange(4) * per_step)
    path = hdf5(tmp_path / "s.h5", {"time@units": "fortnights"}, time=np.arange(4), a=np.ones(4))
    with pytest.raises(ValueError, match=r"the unit of the time 'time' .* is not known"):
        read(path)
    assert read(path, time_unit="h").time.values.tolist() == [0, 3600, 7200, 10_800]


@pytest.mark.parametrize("place", ["g/v@fs", "g@sampling_rate", "@rate"])
def test_the_rate_is_taken_from_the_dataset_its_group_or_the_file(place, tmp_path):
    path = hdf5(tmp_path / "s.h5", {place: 50.0}, g__v=VALUES)
    assert_allclose(read(path).time, np.arange(4) / 50)
    assert_allclose(read_samples(path, rate=10).time, np.arange(4) / 10)


def test_days_as_excel_counts_them_are_not_taken_for_seconds(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,CO\n45292.5,1\n45292.500011574,2\n45292.500023148,3\n")
    with pytest.raises(ValueError, match=r"holds 45292\.5 and steps of whole seconds if"):
        read(path)
    assert_allclose(np.diff(read(path, time_unit="d").time), 1, atol=1e-4)
    assert_allclose(read(path, time_unit="s").time[0], 45292.5)
    path.write_text("time (days),CO\n0,1\n0.5,2\n")
    assert read(path).time.values.tolist() == [0, 43_200]
    path.write_text("time,CO\n45292.5,1\n45292.501,2\n45292.502,3\n")  # seconds of a day, 1 kHz
    assert_allclose(read(path).time[0], 45292.5)


@pytest.mark.parametrize(("name", "per_step"), [("millisecond", 1e-3), ("sec", 1), ("usec", 1e-6)])
def test_a_unit_of_time_alone_is_the_name_of_a_time(name, per_step, tmp_path):
    (tmp_path / "a.csv").write_text(f"{name},CO\n0,1\n500,2\n")
    samples = read(tmp_path / "a.csv")
    assert samples.channel.values.tolist() == ["CO"]
    assert_allclose(samples.time, [0, 500 * per_step])


def test_three_digits_behind_every_point_between_semicolons_may_be_thousands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time;CO\n0;1.234\n1;2.345\n")
    with pytest.raises(ValueError, match=r"'1\.234' between ';' .* may be 1234: decimal='\.'"):
        read(path)
    assert read(path, decimal=".").values.ravel().tolist() == [1.234, 2.345]
    path.write_text("time;CO\n0;1.234\n1;2.34\n")
    assert read(path).values.ravel().tolist() == [1.234, 2.34]


def test_a_text_among_times_with_decimal_commas_is_one_bad_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time;a\n0,0;1,5\n0,5;2,5\nOVER;3,5\n1,5;4,5\n")
    with pytest.raises(ValueError, match="holds 'OVER' as the time in row 2"):
        read(path)
    assert read(path, on_bad="drop").time.values.tolist() == [0, 0.5, 1.5]
