"""Labels, units and times of recordings: different ones stay different, or are refused."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from mottle.datasets import split_table
from mottle.datasets.sources.labels import numbers_of
from mottle.datasets.sources.manifest import list_manifest
from mottle.datasets.sources.windows import cut_windows
from mottle.datasets.table import Recordings, make_table
from mottle.pipelines import SensorClassifier, SensorRegressor, load_model, save_model
from mottle.pipelines.data import Data
from mottle.pipelines.engine.sources import load_recordings_of
from mottle.sensors import FillGaps, TaxelDrive

NAMES = ["1.1", "1.10", "1.2", "1.20", "01", "1"]
FOUR = ["a", "b", "a", "b"]


def rows_of(unit, size=1.0):
    """Return a recording whose channels state a unit."""
    values = np.random.default_rng(0).normal(size=(20, 2)) * size
    coords = {"channel": ["u", "v"], "unit": ("channel", [unit, unit]), "time": np.arange(20.0)}
    return xr.DataArray(values, dims=("time", "channel"), coords=coords)


def lone(stream):
    """Return a table of one recording."""
    return Recordings(make_table(a=[stream]), np.array(["x"]), np.array([0]))


def test_names_that_are_one_number_stay_apart_in_a_long_table(tmp_path):
    path = tmp_path / "a.csv"
    labels = np.resize(["x", "y"], 30)
    several = zip(range(30), np.repeat(NAMES, 5), labels.repeat(5)[:30], strict=True)
    lines = [f"{k / 10},{k % 3},{name},{label}" for k, name, label in several]
    path.write_text("\n".join(["time [s],CO,recording,label", *lines]))
    found = split_table(path, "recording", target="label")
    assert found.table.index.tolist() == NAMES == found.groups.tolist()
    data = Data(table=str(path), recording="recording", target="label")
    assert load_recordings_of(data, ("samples",)).table.index.tolist() == NAMES


def test_groups_and_classes_of_a_manifest_stay_as_they_are_written(tmp_path):
    classes = ["01", "1", "2.5", "01", "1", "2.5"]
    lines = []
    for name, label in zip(NAMES, classes, strict=True):
        (tmp_path / f"{name}.csv").write_text("time,CO\n0,1\n1,2\n2,1\n")
        lines.append(f"{name}.csv,{name},{label}")
    (tmp_path / "list.csv").write_text("\n".join(["file,group,label", *lines]))
    found = list_manifest(tmp_path / "list.csv")
    assert [str(one) for one in found.groups] == NAMES
    assert [str(one) for one in found.target] == classes


def test_numbers_that_are_written_differently_are_one_target(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,CO,run,force\n0,1,a,0.50\n1,2,a,0.50\n0,1,b,0.5\n1,2,b,0.5\n")
    assert split_table(path, "run", target="force").target.tolist() == [0.5, 0.5]


def test_python_literals_are_no_numbers():
    assert numbers_of(np.array(["1_5", "2_0"])) is None
    assert numbers_of(np.array(["1.5", "-2e1"])).tolist() == [1.5, -20.0]


@pytest.mark.parametrize("options", [{}, {"time": "t"}])
def test_a_unit_of_time_may_be_stated_of_a_long_table(tmp_path, options):
    path = tmp_path / "a.csv"
    lines = [f"{name},{100 * k},{k % 3},{name in 'AB'}\n" for name in "ABCD" for k in range(4)]
    path.write_text("id,t,CO,label\n" + "".join(lines))
    found = split_table(path, "id", target="label", time_unit="ms", **options)
    assert_allclose(found.table.iloc[0, 0].time, [0, 0.1, 0.2, 0.3])
    data = Data(table=str(path), recording="id", target="label", time_unit="ms", **options)
    assert_allclose(
        load_recordings_of(data, ("samples",)).table.iloc[0, 0].time, [0, 0.1, 0.2, 0.3]
    )
    with pytest.raises(ValueError, match="time_unit='weeks'"):
        split_table(path, "id", time_unit="weeks")
    with pytest.raises(ValueError, match="time_unit='ms': time= names the column"):
        split_table(pd.DataFrame({"id": ["a"], "CO": [1.0]}), "id", time_unit="ms")


def test_windows_need_times_in_order():
    time = np.concatenate([np.arange(10) / 10, 2 + np.arange(10) / 10, 1 + np.arange(10) / 10])
    stream = xr.DataArray(np.zeros((30, 1)), dims=("time", "channel"), coords={"time": time})
    with pytest.raises(ValueError, match=r"time goes back at sample 20 of sense 'a' .*\(1 s after"):
        cut_windows(lone(stream), 0.7)
    events = np.zeros(3, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "u1")])
    events["t"] = [0, 500_000, 100]
    with pytest.raises(ValueError, match="time goes back at sample 2"):
        cut_windows(lone(events), 0.1)


def test_windows_are_cut_in_the_unit_that_the_times_state():
    coords = {"time": ("time", np.arange(4000.0), {"units": "ms"})}
    stream = xr.DataArray(np.zeros((4000, 1)), dims=("time", "channel"), coords=coords)
    found, _ = cut_windows(lone(stream), 2.0)
    assert len(found.table) == 2
    assert_allclose(found.table.iloc[1, 0].time[:3], [0, 0.001, 0.002])
    assert found.table.iloc[1, 0].time.attrs == {"units": "s"}


@pytest.mark.parametrize(("rate", "stride", "said"), [
    (30, 0.25, r"stride=0.25 is 7.5 rows of sense 'a' .*\(0.233333 or 0.266667 are whole\)"),
    (30, 1.0, None), (29.97, 1.0, None), (100, 0.07, None),
])  # fmt: skip
def test_windows_of_no_whole_number_of_rows_are_warned_of(rate, stride, said):
    rows = np.arange(300.0)
    stream = xr.DataArray(
        rows[:, np.newaxis], dims=("time", "channel"), coords={"time": rows / rate}
    )
    with pytest.warns(UserWarning, match=said) if said else nullcontext():
        found, _ = cut_windows(lone(stream), stride)
    parts = [cell.values.ravel() for cell in found.table.iloc[:, 0]]
    shared = sum(map(len, parts)) - len(np.unique(np.concatenate(parts)))
    assert {len(one) for one in parts[:-1]} == {round(stride * rate)}
    assert shared >= 19 if said else shared == 0


def test_windows_follow_a_clock_whose_usual_step_is_not_its_mean():
    time = np.round(np.arange(0, 3600, 1 / 7), 3)  # 143 ms as a rule, 142.857 ms in the mean
    stream = xr.DataArray(time[:, np.newaxis], dims=("time", "channel"), coords={"time": time})
    found, _ = cut_windows(lone(stream), 10.0)
    first = [float(cell.values[0, 0]) for cell in found.table.iloc[:, 0]]
    assert_allclose(first, 10.0 * np.arange(360), atol=1 / 14)
    assert {len(cell) for cell in found.table.iloc[:, 0]} == {70}


def test_windows_of_a_drifting_clock_go_by_its_times():
    time = np.cumsum(np.linspace(0.099, 0.101, 2000))
    stream = xr.DataArray(time[:, np.newaxis], dims=("time", "channel"), coords={"time": time})
    found, _ = cut_windows(lone(stream), 10.0)
    for k, cell in enumerate(found.table.iloc[:, 0]):
        inside = (time >= time[0] + 10 * k) & (time < time[0] + 10 * (k + 1))
        assert cell.values.ravel().tolist() == time[inside].tolist()


def test_channels_in_another_unit_are_refused(tmp_path):
    model = SensorClassifier(size=40, random_state=0).fit([rows_of("mV")] * 4, FOUR)
    save_model(model, tmp_path / "m.mottle")
    for one in (model, load_model(tmp_path / "m.mottle")):
        with pytest.raises(ValueError, match=r"channel 'u' of recording 0 .* in 'V', and in 'mV'"):
            one.predict([rows_of("V", 1e-3)])
        assert len(one.predict([rows_of("mV"), rows_of("mV").drop_vars("unit")])) == 2
    with pytest.raises(ValueError, match=r"channel 'u' of recording 3 .* in 'V', and in 'mV'"):
        SensorClassifier(size=40).fit([rows_of("mV")] * 3 + [rows_of("V")], FOUR)


@pytest.mark.parametrize(("y", "message"), [
    (["a", "b", "a", float("nan")], "mixes text with float"),
    (["1", 1, 2, 1], "mixes text with int"),
    (["a", "b", "a", None], "missing in row 3|mixes text"),
    (np.ma.array([0, 1, 0, 9], mask=[0, 0, 0, 1]), "1 masked values"),
    (np.array(["2024-01-01"] * 4, "M8[D]"), "expected labels, or numbers such as seconds"),
    (np.arange(4).astype("m8[s]"), "expected labels, or numbers such as seconds"),
])  # fmt: skip
@pytest.mark.parametrize("kind", [SensorClassifier, SensorRegressor])
def test_targets_that_are_missing_or_of_several_types_are_refused(kind, y, message):
    with pytest.raises(ValueError, match=message):
        kind(size=40, random_state=0).fit([rows_of("mV")] * 4, y)


def test_filled_gaps_keep_the_units():
    rows = rows_of("mV")
    rows[3, 0] = np.nan
    filled = FillGaps(mask=True).fit([rows]).transform([rows])[0]
    assert filled.unit.values.tolist() == ["mV", "mV", "", ""]
    encoder = TaxelDrive(None, baseline="training").fit([FillGaps().fit_transform([rows])[0]])
    with pytest.raises(ValueError, match=r"channel 'u' of .* in 'V', and in 'mV'"):
        encoder.transform([rows_of("V")])
