"""One long table of many recordings, split by its columns."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mottle.datasets import list_table, open_prepared, prepare, split_table
from mottle.sensors import GasDrive

RNG = np.random.default_rng(2)
SIZES = [40, 30, 50, 20]
N = sum(SIZES)
FRAME = pd.DataFrame(
    {
        "stamp": pd.date_range("2024-03-01", periods=N, freq="500ms").astype(str),
        "MOX1 [Ohm]": RNG.random(N) + 1,
        "MOX2 [Ohm]": RNG.random(N) + 1,
        "gas": np.repeat(["CO", "air", "NO2", "air"], SIZES),
        "session": np.repeat(["mon", "mon", "tue", "tue"], SIZES),
        "trial": np.repeat([1, 2, 1, 2], SIZES),
    }
)
WAY = {"by": ["session", "trial"], "target": "gas", "sense": "smell", "time": "stamp"}


def check(found):
    assert found.table.index.tolist() == ["mon/1", "mon/2", "tue/1", "tue/2"]
    assert found.target.tolist() == ["CO", "air", "NO2", "air"]
    assert found.groups.tolist() == ["mon", "mon", "tue", "tue"]
    values = FRAME[["MOX1 [Ohm]", "MOX2 [Ohm]"]].to_numpy()
    for cell, end, size in zip(found.table["smell"], np.cumsum(SIZES), SIZES, strict=True):
        np.testing.assert_allclose(cell.values, values[end - size : end])
        assert_array_equal(cell["time"], np.arange(size) / 2)
        assert cell["channel"].values.tolist() == ["MOX1 [Ohm]", "MOX2 [Ohm]"]


@pytest.mark.parametrize("form", [{}, {"sep": ";", "decimal": ","}, {"sep": "\t"}], ids=str)
def test_a_file_is_split_by_columns_that_become_labels(form, tmp_path):
    FRAME.to_csv(tmp_path / "all.csv", index=False, **form)
    check(split_table(tmp_path / "all.csv", **WAY))


def test_a_frame_is_split_alike_whatever_its_index():
    check(split_table(FRAME, **WAY))
    dated = FRAME.set_index(pd.DatetimeIndex(FRAME["stamp"])).drop(columns="stamp")
    check(split_table(dated, **{**WAY, "time": None}))


def test_rows_of_recordings_may_be_mixed():
    rows = pd.DataFrame({"time": [0, 0, 1, 1], "CO": [1.0, 5, 2, 6], "trial": [7, 3, 7, 3]})
    found = split_table(rows, "trial", target="trial")
    assert found.table.index.tolist() == ["7", "3"]
    assert [cell.values[:, 0].tolist() for cell in found.table["samples"]] == [[1, 2], [5, 6]]
    assert found.groups.tolist() == [7, 3]


def test_what_is_split_goes_into_an_encoder_and_a_store(tmp_path):
    found = split_table(FRAME, **WAY)
    assert GasDrive(5, baseline=2.0).fit_transform(found.table["smell"]).shape == (4, 5, 4)
    prepare(list_table(found), tmp_path / "s.zarr")
    table, target, groups = open_prepared(tmp_path / "s.zarr")
    assert (target.tolist(), groups.tolist()) == (found.target.tolist(), found.groups.tolist())
    assert_array_equal(table["smell"].iloc[2].values, found.table["smell"].iloc[2].values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"by": ["sesion"]}, "by='sesion': .* did you mean 'session'"),
        ({"target": "smell"}, "target='smell'"),
        ({"groups": "day"}, "groups='day'"),
        ({"time": "when"}, "time='when'"),
        ({"time": "trial"}, "time='trial' is a label as well"),
        ({"by": ["session"]}, "'gas' changes within recording 'mon' .*'CO', 'air'"),
        ({"time": None}, "channel 'stamp' of recording 'mon/1'"),
    ],
    ids=str,
)
def test_what_cannot_be_split_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        split_table(FRAME, **{**WAY, **change})


def test_missing_labels_and_missing_channels_are_refused():
    with pytest.raises(ValueError, match="'gas' of the table holds no label in row 5, and in 1"):
        split_table(FRAME.assign(gas=FRAME["gas"].where(FRAME.index != 5)), **WAY)
    with pytest.raises(ValueError, match=r"no channel is left|numbers"):
        split_table(FRAME[["stamp", "gas", "session", "trial"]], **WAY)
    with pytest.raises(TypeError, match="separator= is of text files"):
        split_table(FRAME, **WAY, separator=";")


def test_a_clock_that_goes_back_begins_a_new_recording_in_runs():
    frame = pd.DataFrame({"time": [0, 1, 2, 0, 1, 0, 1], "CO": range(7), "gas": list("aaaaabb")})
    found = split_table(frame, target="gas", runs=True)
    assert found.table.index.tolist() == ["#0", "#1", "#2"]
    assert [len(cell) for cell in found.table["samples"]] == [3, 2, 2]
    assert found.target.tolist() == ["a", "a", "b"]
    assert len(split_table(frame.assign(gas="a"), target="gas").table) == 1


@pytest.mark.parametrize(("written", "read"), [
    (["1", "01"], ["1", "01"]), (["NA", "None"], ["NA", "None"]), (["1", "2"], [1, 2]),
])  # fmt: skip
def test_labels_of_a_file_are_kept_as_they_are_written(written, read, tmp_path):
    rows = [f"{k},{k / 2},{written[k // 2]}" for k in range(4)]
    (tmp_path / "a.csv").write_text("\n".join(["time,CO,gas", *rows]) + "\n")
    assert split_table(tmp_path / "a.csv", target="gas", runs=True).target.tolist() == read
