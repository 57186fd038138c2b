"""Data sets of tonic by name, against tonic's own classes on folders written here."""

import pickle
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from tonic_sets import length, write_gesture, write_nmnist, write_poker, write_shd

from mottle import datasets
from mottle.datasets.stores.preparation import prepare
from mottle.datasets.tonic import open_part
from mottle.events import LazyStream
from mottle.sensors import EVENT_DTYPE, EventRate, TonicTransformer

tonic = pytest.importorskip("tonic", reason="tonic is not installed: pip install mottle[tonic]")
FIELDS = ("t", "x", "y", "p")
SETS = {
    "NMNIST": lambda root: write_nmnist(root, whole=True),
    "SHD": write_shd,
    "DVSGesture": write_gesture,
    "POKERDVS": write_poker,
}


@pytest.fixture(autouse=True)
def no_set_is_open():
    yield
    open_part.cache_clear()


@pytest.mark.parametrize("name", SETS)
def test_recordings_are_those_of_tonic_and_in_the_order_of_their_names(tmp_path, name):
    SETS[name](tmp_path)
    theirs = getattr(tonic.datasets, name)(str(tmp_path))
    table, target, groups = datasets.load_tonic(name, tmp_path)
    assert len(table) == len(theirs) == len(groups)
    assert table.index.tolist() == sorted(table.index)
    assert table.attrs["sensor_size"] == list(theirs.sensor_size[:2])
    paths = [str(p)[len(str(theirs.location_on_system)) + 1 :] for p in theirs.data]
    if name in ("SHD", "POKERDVS"):  # of which tonic reads all, or one file
        paths = table.index.tolist()
    for k in range(0, len(theirs), max(1, len(theirs) // 25)):
        events, label = theirs[k]
        row = table.index.get_loc(paths[k])
        ours = table["events"].iloc[row].read()
        assert ours.dtype == EVENT_DTYPE
        order = np.argsort(events["t"], kind="stable")
        for field in FIELDS:
            if field in events.dtype.names:
                np.testing.assert_array_equal(ours[field], events[field][order])
        assert target[row] == label


def test_nothing_is_read_before_it_is_used(tmp_path, monkeypatch):
    write_gesture(tmp_path)
    read = []
    whole = tonic.datasets.DVSGesture.__getitem__
    monkeypatch.setattr(
        tonic.datasets.DVSGesture, "__getitem__", lambda s, k: read.append(k) or whole(s, k)
    )
    table, _, _ = datasets.load_tonic("DVSGesture", tmp_path)
    assert set(read) <= {0}  # the first, to see what recordings hold
    assert all(isinstance(cell, LazyStream) for cell in table["events"])
    read.clear()
    first = table["events"].iloc[:3]
    drives = EventRate(4, sensor_size=(128, 128), duration=1.0, cell=8).fit(first).transform(first)
    assert drives.shape == (3, 4, 512)
    assert len(set(read)) == 3


def test_groups_are_people_where_tonic_names_them(tmp_path):
    write_gesture(tmp_path)
    table, _, groups = datasets.load_tonic("DVSGesture", tmp_path)
    assert np.unique(groups).tolist() == ["user01", "user02", "user03", "user04", "user05"]
    assert all(f"{group}_" in name for name, group in zip(table.index, groups, strict=True))
    write_shd(tmp_path)
    table, target, groups = datasets.load_tonic("tonic:SHD", tmp_path)
    assert groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert target.tolist() == [0, 1, 2] * 4
    assert table.attrs["classes"] == ["zero", "one", "two"]
    write_poker(tmp_path)
    table, _, groups = datasets.load_tonic("POKERDVS", tmp_path)
    assert len(set(groups)) == len(table)
    assert "random splits may put" in table.attrs["split"]


def test_both_parts_have_the_published_groups(tmp_path):
    write_gesture(tmp_path)
    write_gesture(tmp_path, train=False)
    table, _, groups = datasets.load_tonic("dvs-gesture", tmp_path, train="both")
    assert groups.tolist() == ["train"] * 110 + ["test"] * 110
    assert set(table.attrs["subject"][:110]).isdisjoint(table.attrs["subject"][110:])


def test_arguments_of_tonic_change_the_recordings(tmp_path):
    write_nmnist(tmp_path, whole=True)
    plain = datasets.load_tonic("NMNIST", tmp_path).table["events"].iloc[0].read()
    steady = datasets.load_tonic("NMNIST", tmp_path, stabilize=True).table["events"].iloc[0].read()
    theirs, _ = tonic.datasets.NMNIST(str(tmp_path), stabilize=True)[0]
    np.testing.assert_array_equal(steady["x"], theirs["x"])
    assert not np.array_equal(plain["x"][:20], steady["x"][:20])
    with pytest.raises(TypeError, match=r"no option 'stabilise'; did you mean 'stabilize'\?"):
        datasets.load_tonic("NMNIST", tmp_path, stabilise=True)
    with pytest.raises(TypeError, match="Put TonicTransformer behind"):
        datasets.load_tonic("NMNIST", tmp_path, transform=len)
    with pytest.raises(TypeError, match="needs the option 'recording'"):
        datasets.load_tonic("DAVISDATA", tmp_path)


def test_an_unknown_name_suggests_one(tmp_path):
    with pytest.raises(ValueError, match=r"did you mean 'NMNIST'\?"):
        datasets.load_tonic("NMNITS", tmp_path)
    with pytest.raises(ValueError, match="mottle has it itself: 'n-cars'"):
        datasets.load_tonic("tonic:N-CARS", tmp_path)


def test_what_is_on_disk_is_used_with_a_warning_where_tonic_would_download(tmp_path):
    write_nmnist(tmp_path)
    (tmp_path / "NMNIST/train.zip").unlink()
    with pytest.warns(UserWarning, match=r"the 20 files in .*Train are used, although"):
        table, target, _ = datasets.load_tonic("NMNIST", tmp_path)
    assert target.tolist() == np.repeat(range(10), 2).tolist()
    assert table.index[3] == "Train/1/00001.bin"


def test_a_set_that_is_not_there_names_the_ways_to_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mottle datasets fetch tonic:NMNIST, or load_to"):
        datasets.load_tonic("NMNIST", tmp_path)
    assert not (tmp_path / "NMNIST").exists()


def test_a_failed_download_is_one_sentence(tmp_path, monkeypatch):
    def fail(*_, **__):
        print("Downloading")
        raise OSError("no network")

    monkeypatch.setattr(tonic.dataset, "download_and_extract_archive", fail)
    with pytest.raises(ConnectionError, match=r"could not download NMNIST \(OSError: no network\)"):
        datasets.fetch("tonic:NMNIST", root=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Local data file pips_train\.tar\.gz not found"):
        datasets.load_tonic("POKERDVS", tmp_path, download=True)


def test_a_download_is_that_of_tonic(tmp_path, monkeypatch):
    monkeypatch.setattr(
        tonic.datasets.SHD, "download", lambda s: write_shd(tmp_path, "train" in s.filename)
    )
    found = datasets.fetch("tonic:SHD", root=tmp_path, load=False)
    assert found == [tmp_path / "SHD"]
    assert sorted(p.name for p in found[0].glob("*.h5")) == ["shd_test.h5", "shd_train.h5"]


def test_a_damaged_recording_is_named_when_it_is_used(tmp_path):
    write_gesture(tmp_path)
    (tmp_path / "DVSGesture/ibmGestureTrain/user02_led/3.npy").write_bytes(b"damaged")
    table, _, _ = datasets.load_tonic("DVSGesture", tmp_path)
    name = "ibmGestureTrain/user02_led/3.npy"
    with pytest.raises(
        ValueError, match=f"tonic:DVSGesture, {re.escape(name)}: tonic cannot read it"
    ):
        table["events"][name].read()
    with pytest.raises(ValueError, match=name):
        EventRate(4, sensor_size=(128, 128)).fit(table["events"])


def test_other_processes_read_recordings_without_tonics_objects(tmp_path):
    write_shd(tmp_path)
    cells = list(datasets.load_tonic("SHD", tmp_path).table["events"].iloc[:4])
    assert b"h5py" not in pickle.dumps(cells)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(length, cells)) == list(map(length, cells)) == [200] * 4


def test_recordings_of_several_cameras_become_senses(tmp_path, monkeypatch):
    class Twin(tonic.dataset.Dataset):
        sensor_size = (4, 3, 2)

        def __init__(self, save_to):
            super().__init__(save_to)

        def __len__(self):
            return 2

        def __getitem__(self, k):
            events = np.array([(5, 1, 2, 1)], dtype=EVENT_DTYPE)
            cameras = {"left": events, "right": events} if k == 0 else {"right": events}
            return (cameras, {"imu": np.zeros(3)}), {"bbox": np.eye(2)}

    monkeypatch.setattr(tonic.datasets, "Twin", Twin, raising=False)
    monkeypatch.setattr(tonic.datasets, "__all__", [*tonic.datasets.__all__, "Twin"])
    table, target, _ = datasets.load_tonic("Twin", tmp_path)
    assert list(table.columns) == ["left", "right"]
    assert target[0]["bbox"].shape == (2, 2)
    listing = datasets.list_dataset("tonic:Twin", root=tmp_path)
    assert listing.target is None
    assert listing.read(1)["left"] is None
    with pytest.raises(ValueError, match="tonic:Twin, 000001 has no stream 'left'"):
        table["left"].iloc[1].read()
    assert "more than a label" in listing.attrs["target"]


def test_without_tonic_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic", None)
    monkeypatch.setitem(sys.modules, "tonic.datasets", None)
    with pytest.raises(ImportError, match=r"GPL-3.0: pip install mottle\[tonic\]"):
        datasets.load_tonic("NMNIST", tmp_path)


def test_importing_the_rooms_does_not_import_tonic():
    import subprocess

    code = (
        "import sys, mottle.datasets, mottle.sensors; mottle.datasets.load_tonic; "
        "mottle.datasets.catalogue; mottle.sensors.TonicTransformer; "
        "sys.exit('tonic' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_transforms_in_every_form_are_part_of_the_recipe_of_a_store(tmp_path):
    write_gesture(tmp_path / "in")
    listing = datasets.list_dataset("tonic:DVSGesture", root=tmp_path / "in").first(4)
    transforms = tonic.transforms
    mixed = [transforms.TimeAlignment(), ("Denoise", {"filter_time": 9e5}), "ToImage"]
    options = {"fit_on": "all", "encoders": {"events": TonicTransformer(mixed)}}
    done = prepare(listing, tmp_path / "s.zarr", **options)
    recipe = datasets.store_info(done.path)["recipe"]["encoders"]["events"]["parameters"]
    assert recipe["transforms"] == [
        {"name": "TimeAlignment"}, {"filter_time": 9e5, "name": "Denoise"}, {"name": "ToImage"}
    ]  # fmt: skip
    assert recipe["tonic"] == tonic.__version__
    assert prepare(listing, tmp_path / "s.zarr", **options).n_encoded == 0
    mixed[1] = transforms.Denoise(1000)
    with pytest.raises(ValueError, match=r"encoders\.events\.parameters\.transforms was"):
        prepare(listing, tmp_path / "s.zarr", **options)
    mixed[1] = lambda events: events
    with pytest.raises(ValueError, match=r"transforms\[1\]=<lambda> is a function"):
        prepare(listing, tmp_path / "s.zarr", **options)


def test_a_store_is_done_again_where_a_file_changed(tmp_path):
    write_nmnist(tmp_path / "in", whole=True)
    listing = datasets.list_dataset("tonic:NMNIST", root=tmp_path / "in").first(60)
    done = prepare(listing, tmp_path / "s.zarr")
    assert (done.n_recordings, done.n_encoded) == (60, 60)
    assert prepare(listing, tmp_path / "s.zarr").n_encoded == 0
    table, target, _ = datasets.open_prepared(done.path)
    theirs, label = tonic.datasets.NMNIST(str(tmp_path / "in"))[5]
    np.testing.assert_array_equal(table["events"].iloc[5]["t"], theirs["t"])
    assert target[5] == label
    other = datasets.list_dataset("tonic:NMNIST", root=tmp_path / "in", stabilize=True).first(60)
    with pytest.raises(ValueError, match=re.escape("read.options.stabilize was null, is now true")):
        prepare(other, tmp_path / "s.zarr")
