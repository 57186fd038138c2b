"""What loaders return: shapes, units, order, and refusals of what comes from outside."""

import io
import zipfile
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mottle import datasets
from mottle.datasets.downloads.home import find_recordings
from mottle.datasets.sets import icub_grasp, smellnet
from mottle.sensors import EVENT_DTYPE

HEADER = (
    "NO2,{ethanol},VOC,CO,Alcohol,LPG,Benzene,Temperature,Pressure,Humidity,Gas_Resistance,Altitude"
)


def write_smellnet(folder, members):
    (folder / "smellnet").mkdir()
    with zipfile.ZipFile(folder / "smellnet" / "offline_training.zip", "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)


def smell_rows(n_rows, ethanol="C2H5OH"):
    row = "1,2,3,4,5,6,4294967295,25.5,1013.2,30,400.25,7"
    return "\n".join([HEADER.format(ethanol=ethanol), *[row] * n_rows])


def test_shipped_recordings_are_small_noticed_and_free_of_pickles():
    folder = files("mottle.datasets.recordings")
    arrays = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".npz")}
    notices = "".join(
        entry.read_text() for entry in folder.iterdir() if entry.name.startswith("NOTICE")
    )
    assert sum(len(entry.read_bytes()) for entry in arrays.values()) <= 4 * 10**6
    for name, entry in arrays.items():
        assert f"{name}:" in notices
        with np.load(io.BytesIO(entry.read_bytes()), allow_pickle=False) as archive:
            assert all(archive[key].dtype != object for key in archive.files)
    assert "Copyright 2012 Harold Soh" in (folder / "README-icub-grasp.txt").read_text("utf-8")


def test_icub_grasp_counts_pressure_upward_and_drops_the_padding():
    table, target, groups = datasets.load_icub_grasp()
    assert table.shape == (200, 2)
    assert target[:20].tolist() == ["none"] * 20
    assert tuple(dict.fromkeys(target.tolist())) == icub_grasp.OBJECTS
    assert_array_equal(groups, np.tile(np.arange(1, 21), 10))
    lengths = [cell.sizes["time"] for cell in table["touch"]]
    assert (min(lengths), max(lengths)) == (4, 22)
    assert lengths == [cell.sizes["time"] for cell in table["joints"]]
    assert not any(np.isnan(cell.to_numpy()).any() for cell in table["joints"])
    bear = table["touch"].loc["blue_bear-01"].to_numpy()
    assert bear[0, :5].tolist() == [13, 13, 14, 12, 12]  # raw 242 242 241 243 243
    assert table["touch"].iloc[0]["channel"].to_numpy()[[0, 59]].tolist() == [
        "thumb00",
        "little11",
    ]
    empty = [np.ptp(cell.to_numpy(), axis=0).max() for cell in table["touch"][target == "none"]]
    full = [np.ptp(cell.to_numpy(), axis=0).max() for cell in table["touch"][target == "book"]]
    assert np.median(full) > 3 * np.median(empty)


def test_shipped_nmnist_is_sorted_and_inside_the_sensor():
    table, target, groups = datasets.load_nmnist_100()
    assert_array_equal(np.bincount(target), np.full(10, 10))
    assert len(set(groups)) == 100
    for events in table["sight"]:
        assert events.dtype == EVENT_DTYPE
        assert (np.diff(events["t"]) >= 0).all()
        assert 250_000 < events["t"][-1] < 350_000
        assert events["x"].max() < 34
        assert set(np.unique(events["p"])) == {0, 1}
    assert sum(map(len, table["sight"])) == 405375


def test_shipped_smell_has_ten_foods_of_five_whole_recordings():
    table, target, groups = datasets.load_smellnet_10()
    assert len(set(target)) == 10
    assert_array_equal(np.unique(target, return_counts=True)[1], np.full(10, 5))
    assert groups.tolist() == list(range(50))
    cell = table["smell"].iloc[0]
    assert "Benzene" not in cell["channel"]
    assert cell.sel(channel="Pressure").attrs["units"] == "see coordinate 'unit'"
    assert cell.sel(channel="Pressure")["unit"].item() == "hPa"
    assert min(len(cell) for cell in table["smell"]) >= 500


def test_windows_are_neighbours_which_start_at_zero_and_keep_their_group():
    whole = datasets.load_smellnet_10(channels="gas")
    cut = datasets.load_smellnet_10(channels="gas", window=100)
    first = [cell for cell, group in zip(cut.table["smell"], cut.groups, strict=True) if group == 0]
    assert len(first) == len(whole.table["smell"].iloc[0]) // 100
    assert first[1]["time"].to_numpy()[[0, -1]].tolist() == [0.0, 99.0]
    assert_array_equal(first[1], whole.table["smell"].iloc[0][100:200])
    with pytest.raises(ValueError, match=r"window=10000 s is longer than every recording"):
        datasets.load_smellnet_10(window=10000)
    with pytest.raises(
        ValueError, match=r"window=0.2 s must be .* at least 1: a row is one second"
    ):
        datasets.load_smellnet_10(window=0.2)


def test_unknown_smell_channels_are_named():
    with pytest.raises(ValueError, match="'Benzene' is not there, only NO2, C2H5OH"):
        datasets.load_smellnet_10(channels=["Benzene"])
    with pytest.raises(
        ValueError, match="channels='gass': expected one of 'all', 'gas'; did you mean 'gas'"
    ):
        datasets.load_smellnet_10(channels="gass")


def test_grasps_of_the_demo_have_a_target_for_every_sample():
    table, target, groups = datasets.load_demo("touch")
    whole, _, _ = datasets.make_grasp(20, n_materials=5, random_state=0)
    assert len(target) == len(table) == groups.size == 20
    for k in (0, 7):
        finger, truth = table["finger"].iloc[k], whole.attrs["truth"]["steps"][k]
        assert_array_equal(finger[:, 0], whole["vibration"].iloc[k][:, 0])
        assert_array_equal(finger[:, 1:], whole["skin"].iloc[k])
        assert_array_equal(target[k][:, 2], truth.sel(channel="tangential"))


def test_demo_groups_share_no_recording_and_pair_as_documented():
    table, target, groups = datasets.load_demo()
    assert list(table.columns) == ["sight", "touch", "smell"]
    assert table.attrs["pairing"] == "label-paired, not co-recorded"
    assert table.attrs["classes"][3] == "3 / full_vitamin_water / avocado"
    assert_array_equal(np.unique(target, return_counts=True)[1], np.full(10, 10))
    assert_array_equal(groups, np.tile(np.repeat(np.arange(5), 2), 10))
    grasps, digits = datasets.load_demo("grasp"), datasets.load_nmnist_100()
    smells = datasets.load_smellnet_10(channels="gas")
    at = 10 * 3 + 2 * 4 + 1  # class 3, group 4, second row
    assert_array_equal(table["sight"].iloc[at], digits.table["sight"].iloc[39])
    assert_array_equal(table["touch"].iloc[at], grasps.table["touch"].loc["full_vitamin_water-18"])
    whole = smells.table["smell"].iloc[5 * 3 + 4]
    half = len(whole) // 2
    assert_array_equal(table["smell"].iloc[at], whole[half : 2 * half])
    with pytest.raises(ValueError, match="task='both': expected one of 'senses', 'grasp'"):
        datasets.load_demo("both")


def test_catalogue_and_load_agree():
    known = datasets.catalogue()
    for name in ("demo", "icub-grasp", "nmnist-100", "smellnet-10"):
        table = datasets.load(name).table
        assert len(table) == known.loc[name, "n_recordings"]
        assert ", ".join(table.columns) == known.loc[name, "senses"]
    assert len(datasets.load("icub_grasp").table) == 200
    with pytest.raises(
        ValueError, match="data set='smelnet' is not known; did you mean 'smellnet'"
    ):
        datasets.load("smelnet")


@pytest.mark.parametrize("name", ["nmnist", "smellnet", "biotac-slide", "ev-objects"])
def test_absent_recordings_say_what_where_and_on_what_terms(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=rf"'{name}.*https://.*licence: .*MOTTLE_DATA"):
        datasets.load(name)


def test_data_home_has_a_default(monkeypatch):
    monkeypatch.delenv("MOTTLE_DATA", raising=False)
    assert datasets.data_home().parts[-2:] == (".cache", "mottle")


def test_found_recordings_are_given_as_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    (tmp_path / "x").mkdir()
    assert find_recordings("x", source="s", licence="l") == tmp_path / "x"


@pytest.mark.parametrize("name", ["../secret.bin", "/etc/x.bin", "a/b.bin", "..bin", "1.txt", ""])
def test_nmnist_lists_cannot_lead_out_of_their_folder(name, tmp_path):
    (tmp_path / "train.csv").write_text(f"file,label\n{name},3\n")
    with pytest.raises(ValueError, match=r"line 2 of .* expected a plain name"):
        datasets.load_nmnist(tmp_path)


def test_nmnist_labels_are_digits_and_the_list_is_needed(tmp_path):
    with pytest.raises(FileNotFoundError, match="it lists the recordings"):
        datasets.load_nmnist(tmp_path)
    (tmp_path / "train.csv").write_text("file,label\n1.bin,12\n")
    with pytest.raises(ValueError, match="label '12', expected a digit"):
        datasets.load_nmnist(tmp_path)


def test_misspelt_headers_are_repaired_and_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    odd = "offline_training/b/b.2.csv.csv"
    write_smellnet(
        tmp_path,
        {
            odd: smell_rows(4, ethanol="C2H50H"),
            "offline_training/a/a.1.csv.csv": smell_rows(3),
            "../offline_training/a/a.1.csv": smell_rows(3),  # never read
        },
    )
    table, target, groups = datasets.load_smellnet()
    assert target.tolist() == ["a", "b"]
    assert groups.tolist() == [0, 1]
    assert table.attrs["repaired"] == [odd]
    assert table["smell"].iloc[1].sel(channel="C2H5OH").to_numpy().tolist() == [2.0] * 4
    assert "Benzene" not in table["smell"].iloc[1]["channel"]
    benzene = datasets.load_smellnet(channels=["Benzene"]).table["smell"].iloc[0]
    assert benzene.to_numpy().max() == 2**32 - 1


def test_a_member_that_unpacks_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    write_smellnet(tmp_path, {"offline_training/a/a.csv": "0" * (smellnet.LARGEST + 1)})
    with pytest.raises(ValueError, match="unpacks to 1048577 bytes, more than the 1048576"):
        datasets.load_smellnet()


@pytest.mark.parametrize(
    ("text", "message"),
    [(f"{HEADER}\n1,2,x", "no table of numbers"), (f"{HEADER}\n1,2", "12 names over values")],
)
def test_a_broken_smell_file_is_named(text, message, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    write_smellnet(tmp_path, {"offline_training/a/a.csv": text})
    with pytest.raises(ValueError, match=rf"offline_training/a/a.csv .*{message}"):
        datasets.load_smellnet()


def test_an_archive_without_recordings_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    write_smellnet(tmp_path, {"readme.txt": "?"})
    with pytest.raises(ValueError, match="holds no recording of this set"):
        datasets.load_smellnet()


def test_ev_objects_refuses_pickles_and_other_shapes(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    (tmp_path / "ev-objects").mkdir()
    for array, message in [
        (np.array([{}], dtype=object), "allow_pickle=False"),
        (np.zeros((39, 250)), r"shape \(39, 250\), expected \(39, 2, 250\)"),
    ]:
        file = io.BytesIO()
        np.save(file, array, allow_pickle=True)
        with zipfile.ZipFile(tmp_path / "ev-objects" / "Ev-Objects.zip", "w") as archive:
            archive.writestr("Ev-Objects/train/sample_0_label_1.npy", file.getvalue())
        with pytest.raises(ValueError, match=message):
            datasets.load_ev_objects()


def test_the_smell_cut_equals_its_source(raw_data):
    whole, cut = datasets.load_smellnet(), datasets.load_smellnet_10()
    assert whole.table.shape == (250, 1)
    part = whole.take(np.isin(whole.target, cut.target))
    assert_array_equal(part.target, cut.target)
    for one, other in zip(part.table["smell"], cut.table["smell"], strict=True):
        assert one.identical(other)


def test_nmnist_1000_holds_what_its_readme_states(raw_data):
    table, target, groups = datasets.load_nmnist()
    assert table.shape == (1000, 1)
    assert np.bincount(target).tolist() == [97, 116, 99, 93, 105, 92, 94, 117, 87, 100]
    assert len(set(groups)) == 1000
    by_name = datasets.load_nmnist_100().table["sight"]
    for name in ("2", "22"):
        ours, theirs = by_name.loc[name], table["sight"].loc[name]
        assert_array_equal(ours, theirs[np.argsort(theirs["t"], kind="stable")])


def test_biotac_senses_share_one_clock_and_one_length(raw_data):
    table, target, groups = datasets.load_biotac_slide()
    widths = {"pressure": 1, "vibration": 22, "temperature": 2, "electrodes": 19}
    widths |= {"wrench": 6, "velocity": 2}
    assert list(table.columns) == list(widths)
    for name, width in widths.items():
        assert {cell.shape for cell in table[name]} == {(590, width)}
        assert np.isfinite(np.stack([cell.to_numpy() for cell in table[name]])).all()
    assert_array_equal(np.unique(target, return_counts=True)[1], np.full(20, 10))
    assert_array_equal(np.bincount(groups)[1:], np.full(10, 20))
    first = table.iloc[0]
    assert first["temperature"][0].to_numpy().tolist() == [1, 87]
    assert first["pressure"][0].to_numpy().tolist() == [62]
    assert first["electrodes"][0, :3].to_numpy().tolist() == [51, 14, 15]
    with pytest.raises(ValueError, match="n_rows=600 must be at most 590"):
        datasets.load_biotac_slide(600)


def test_ev_objects_keeps_the_published_split(raw_data):
    recordings = datasets.load_ev_objects()
    assert (recordings.groups == "train").sum() == 576
    assert (recordings.groups == "test").sum() == 144
    assert_array_equal(np.bincount(recordings.target), np.full(36, 20))
    values = np.stack([cell.to_numpy() for cell in recordings.table["touch"][:20]])
    assert values.shape == (20, 250, 78)
    assert set(np.unique(values)) == {0, 1}
    with zipfile.ZipFile(raw_data / "ev-objects" / "Ev-Objects.zip") as archive:
        name = f"Ev-Objects/train/sample_3_label_{recordings.target[3]}.npy"
        raw = np.load(io.BytesIO(archive.read(name)))
    assert_array_equal(recordings.table["touch"].iloc[3].sel(channel="taxel05_off"), raw[5, 1])


def test_attrs_of_all_sets_are_plain(raw_data):
    def plain(value):
        if isinstance(value, dict):
            return all(map(plain, value.values()))
        if isinstance(value, list):
            return all(map(plain, value))
        return isinstance(value, str | int | float)

    for name in datasets.catalogue().index:
        try:
            table = datasets.load(name).table
        except FileNotFoundError:
            continue
        except AttributeError:
            assert name == "santafe-laser"  # one series, no table
            continue
        assert isinstance(table, pd.DataFrame)
        assert plain(table.attrs)
        assert table.attrs["licence"]
