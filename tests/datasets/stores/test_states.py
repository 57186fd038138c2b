"""The states store survives kills, refuses doubtful writes, and repeats its bytes."""

import signal

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal
from preparing import (
    NO_ROOM,
    RECIPE,
    SHAPE,
    STATES,
    kill_before,
    on_a_full_disk,
    run_forked,
    write_pending,
)

from mottle.datasets.stores import states
from mottle.datasets.stores.states import StatesWriter, open_states, verify_states


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(states, "CHUNK_BYTES", states.CHUNK_BYTES)  # put back what tests change


def tree(folder):
    """Every file and folder below, with the bytes of the files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_states_labels_and_attributes_come_back(tmp_path):
    write_pending(tmp_path / "s.zarr")
    got = open_states(tmp_path / "s.zarr")
    assert got["states"].dims == ("recording", "step", "node")
    assert got["states"].dtype == np.float32
    assert_array_equal(got["states"], STATES.astype("float32"))
    assert got.attrs == RECIPE["attrs"]
    assert got["recording"].to_numpy().tolist() == RECIPE["coords"]["recording"][1]
    assert_array_equal(got["target"], RECIPE["coords"]["target"][1])
    assert list(got.data_vars) == ["states"]
    assert got["states"].encoding["chunks"] == (4, 10, 6)
    assert [path.name for path in tmp_path.iterdir()] == ["s.zarr"]


@pytest.mark.parametrize(
    ("text", "count", "done"),
    [("/step/", 1, None), ("/states/c/0/", 2, 0), ("/states/c/1/", 6, 1), ("sha256sums", 4, 1)],
    ids=["template", "first block", "second block", "lines of the second block"],
)
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(tmp_path, text, count, done):
    path = tmp_path / "s.zarr"
    assert run_forked(kill_before, text, count, write_pending, path) == -signal.SIGKILL
    if done is None:
        assert not path.exists()
    else:
        part = open_states(path, partial=True)
        assert part["done"].sum() == 4 * done
        assert_array_equal(part["states"][: 4 * done], STATES[: 4 * done].astype("float32"))
        assert np.isnan(part["states"][4 * done :]).all()
        with pytest.raises(ValueError, match=f"lacks {3 - done} of its 3 blocks"):
            open_states(path)
    write_pending(path)
    write_pending(tmp_path / "undisturbed.zarr")
    assert tree(path) == tree(tmp_path / "undisturbed.zarr")
    assert len(list(tmp_path.iterdir())) == 2  # no lock, no template left


def test_large_chunks_repeat_their_bytes(tmp_path):
    recipe = {"n_recordings": 8, "n_steps": 500, "n_nodes": 300, "block": 8, "attrs": {}}
    states = np.random.default_rng(0).normal(size=(8, 500, 300))  # many blosc blocks in a chunk
    for name in "abc":
        with StatesWriter(tmp_path / name, **recipe) as writer:
            writer.write(0, states)
    assert tree(tmp_path / "a") == tree(tmp_path / "b") == tree(tmp_path / "c")


def test_the_order_of_blocks_and_of_attributes_leaves_no_trace(tmp_path):
    write_pending(tmp_path / "a")
    write_pending(tmp_path / "b", [2, 0, 1], attrs=dict(reversed(RECIPE["attrs"].items())))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_run_killed_before_the_seal_is_sealed_by_the_next(tmp_path):
    path = tmp_path / "s.zarr"
    assert run_forked(kill_before, "sha256sums", 7, write_pending, path) == -signal.SIGKILL
    with pytest.raises(ValueError, match=r"has all blocks and no seal yet.*resumes there"):
        open_states(path)
    assert verify_states(path)[-1].startswith("manifest/sha256sums: has no seal")
    with StatesWriter(path, **RECIPE) as writer:
        assert writer.pending() == []
    write_pending(tmp_path / "undisturbed.zarr")
    assert tree(path) == tree(tmp_path / "undisturbed.zarr")


def test_a_block_without_its_lines_is_not_read_as_data(tmp_path):
    path = tmp_path / "s.zarr"
    write_pending(path, [0])
    whole = tmp_path / "whole.zarr"
    write_pending(whole)
    (path / "states/c/1/0").mkdir(parents=True)
    chunk = "states/c/1/0/0"
    (path / chunk).write_bytes((whole / chunk).read_bytes())
    assert_array_equal(states._open(path, {})["states"][4:8, :10], STATES[4:8, :10].astype("f4"))
    part = open_states(path, partial=True)
    assert np.isnan(part["states"][4:]).all()
    assert part["done"].to_numpy().tolist() == [True] * 4 + [False] * 6
    with pytest.raises(ValueError, match=r"lacks 2 of its 3 blocks .*block 1.*resumes"):
        open_states(path)


def test_pending_and_rows_split_the_recordings(tmp_path):
    with StatesWriter(tmp_path / "s.zarr", **RECIPE) as writer:
        assert writer.pending() == [0, 1, 2]
        assert [writer.rows(i) for i in range(3)] == [slice(0, 4), slice(4, 8), slice(8, 10)]
        writer.write(1, STATES[4:8])
        assert writer.pending() == [0, 2]
        with pytest.raises(ValueError, match=r"block 1 .* is done already"):
            writer.write(1, STATES[4:8])
        with pytest.raises(IndexError, match="block 3 does not exist"):
            writer.rows(3)
    with pytest.raises(RuntimeError, match="not open"):
        writer.pending()


def test_an_absent_recording_stays_nan_in_a_complete_store(tmp_path):
    recipe = RECIPE | {"n_recordings": 4, "coords": None}
    states = STATES[:4].copy()
    states[1] = np.nan
    with StatesWriter(tmp_path / "s.zarr", **recipe) as writer:
        writer.write(0, states)
    got = open_states(tmp_path / "s.zarr")["states"]
    assert np.isnan(got).all(("step", "node")).to_numpy().tolist() == [False, True, False, False]


def test_a_second_writer_is_refused_until_the_first_ends(tmp_path):
    path = tmp_path / "s.zarr"
    with (
        StatesWriter(path, **RECIPE),
        pytest.raises(RuntimeError, match=r"s\.zarr' is being written by another writer"),
        StatesWriter(path, **RECIPE),
    ):
        pass
    write_pending(path)
    assert open_states(path).sizes["recording"] == SHAPE[0]


@pytest.mark.parametrize("rows", [slice(0, 3), slice(0, 5)], ids=["short", "long"])
def test_a_block_of_the_wrong_shape_is_refused(tmp_path, rows):
    with StatesWriter(tmp_path / "s.zarr", **RECIPE) as writer:
        with pytest.raises(ValueError, match=r"expected \(4, 40, 6\).*recordings 0:4"):
            writer.write(0, STATES[rows])
        assert writer.pending() == [0, 1, 2]


def test_states_beyond_the_range_of_the_dtype_are_refused(tmp_path):
    with StatesWriter(tmp_path / "s.zarr", **RECIPE) as writer:
        with pytest.raises(ValueError, match=r"1e\+39, too large for float32"):
            writer.write(0, np.full((4, 40, 6), 1e39))
        with pytest.raises(TypeError, match="complex128"):
            writer.write(0, STATES[:4] * 1j)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attrs": RECIPE["attrs"] | {"seed": 4}}, r"attrs\['seed'\] was 3, is now 4"),
        ({"attrs": {"units": "V", "seed": 3}}, r"attrs\['reservoir'\] was .* is now absent"),
        ({"block": 5}, "block was 4, is now 5"),
        ({"dtype": "float64"}, "dtype was 'float32', is now 'float64'"),
        ({"n_nodes": 7}, r"shape was \(10, 40, 6\), is now \(10, 40, 7\)"),
        ({"coords": RECIPE["coords"] | {"target": ("recording", range(10))}}, r"coords\['target'"),
    ],
    ids=["seed", "parameters", "block", "dtype", "shape", "labels"],
)
def test_a_store_of_another_recipe_is_not_resumed(tmp_path, changes, message):
    path = tmp_path / "s.zarr"
    write_pending(path, [0])
    before = tree(path)
    with pytest.raises(ValueError, match=message), StatesWriter(path, **(RECIPE | changes)):
        pass
    assert tree(path) == before
    write_pending(path)  # the refusal let go of the lock


def test_nan_labels_and_numpy_attributes_are_the_same_recipe_again(tmp_path):
    changes = {
        "attrs": {"gain": np.float64(0.5), "shape": (2, 3), "levels": np.arange(3)},
        "coords": {"time": ("step", np.where(np.arange(40) == 3, np.nan, np.arange(40) / 3))},
    }
    write_pending(tmp_path / "s.zarr", [0], **changes)
    write_pending(tmp_path / "s.zarr", **changes)
    attrs = {"gain": 0.5, "shape": [2, 3], "levels": [0, 1, 2]}
    assert open_states(tmp_path / "s.zarr").attrs == attrs


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"block": 0}, ValueError, "block=0"),
        ({"n_steps": 2.5}, ValueError, r"n_steps=2\.5"),
        ({"dtype": "int16"}, ValueError, "dtype='int16'"),
        ({"attrs": {"film": object}}, TypeError, r"attrs\['film'\].*cannot be stored"),
        ({"attrs": {"v": float("nan")}}, TypeError, r"attrs\['v'\]=nan"),
        ({"coords": {"a": ("time", [1])}}, ValueError, "along 'time', expected one of recording"),
        ({"coords": {"a": ("node", [1])}}, ValueError, r"shape \(1,\), expected \(6,\)"),
        ({"coords": {"a": ("node", [None] * 6)}}, TypeError, "use numbers or str"),
        ({"coords": {"done": ("node", range(6))}}, ValueError, "rename it"),
    ],
)
def test_a_bad_recipe_is_refused_before_anything_is_written(tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        StatesWriter(tmp_path / "s.zarr", **(RECIPE | changes))
    assert not list(tmp_path.iterdir())


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("keep")
    with (
        pytest.raises(ValueError, match="is not a states store"),
        StatesWriter(tmp_path, **RECIPE),
    ):
        pass
    assert (tmp_path / "notes.txt").read_text() == "keep"
    with pytest.raises(ValueError, match="is not a states store"):
        open_states(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no states store at .*none\.zarr"):
        open_states(tmp_path / "none.zarr")


@pytest.fixture
def whole(tmp_path):
    """A finished states store of 3 blocks, 4 files each."""
    write_pending(tmp_path / "s.zarr")
    return tmp_path / "s.zarr"


def small(folder):
    return [f for f in sorted(folder.rglob("*")) if f.is_file() and "/states/c/" not in str(f)]


def read_labels(path):
    opened = open_states(path)
    return [opened[name].to_numpy() for name in ("recording", "step", "target")]


def test_every_bit_of_metadata_labels_and_lines_is_proved(whole):
    """One bit of every byte here, every bit in benchmarks/reliability.py."""
    for file in small(whole):
        good = file.read_bytes()
        for at in range(0, len(good), 7):
            bad = bytearray(good)
            bad[at] ^= 1 << (at % 8)
            file.write_bytes(bad)
            assert verify_states(whole), (file, at)
        bad = bytearray(good)
        bad[len(good) // 2] ^= 1
        file.write_bytes(bad)
        if file.parent.name != "manifest" or file.name != "zarr.json":
            with pytest.raises(ValueError, match=r"s\.zarr"):
                read_labels(whole)
        file.write_bytes(good)
    assert verify_states(whole) == []


def test_every_lost_file_is_named_when_a_states_store_is_opened(whole):
    for file in sorted(f for f in whole.rglob("*") if f.is_file()):
        good = file.read_bytes()
        file.unlink()
        name = file.relative_to(whole).as_posix()
        with pytest.raises(ValueError, match=rf"lacks.*{name}|not a states store|seal"):
            open_states(whole)
        if name != "manifest/sha256sums":
            assert any(line.startswith(f"{name}: missing") for line in verify_states(whole))
        else:
            with pytest.raises(ValueError, match="lacks manifest/sha256sums"):
                verify_states(whole)
        file.write_bytes(good)
    opened = open_states(whole)
    (whole / "states/c/1/2/0").unlink()  # after opening
    with pytest.raises(ValueError, match="lacks states/c/1/2/0"):
        opened["states"].to_numpy()


def test_swapped_blocks_and_added_files_are_found(whole):
    first, second = whole / "states/c/0/1/0", whole / "states/c/1/1/0"
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    differ = [f"states/c/{block}/1/0: its sha256 differs" for block in (0, 1)]
    assert verify_states(whole) == differ
    with pytest.raises(ValueError, match="states/c/0/1/0 is damaged: its sha256 differs"):
        open_states(whole)["states"][0].to_numpy()
    assert open_states(whole)["states"][9].to_numpy().shape == SHAPE[1:]
    first.write_bytes(one)
    second.write_bytes(two)
    (whole / "states/c/9").mkdir()
    (whole / "states/c/9/0").write_bytes(one)
    assert verify_states(whole) == ["states/c/9/0: not of this store"]


def test_a_block_that_lost_a_file_is_written_again(whole, tmp_path):
    before = tree(whole)
    (whole / "states/c/1/2/0").unlink()
    with StatesWriter(whole, **RECIPE) as writer:
        assert writer.pending() == [1]
        writer.write(1, STATES[4:8])
    assert tree(whole) == before


def test_a_block_of_nan_has_its_files(tmp_path):
    with StatesWriter(tmp_path / "s.zarr", **(RECIPE | {"coords": None})) as writer:
        for index in writer.pending():
            writer.write(index, np.full_like(STATES[writer.rows(index)], np.nan))
    assert np.isnan(open_states(tmp_path / "s.zarr")["states"]).all()
    assert verify_states(tmp_path / "s.zarr") == []


def test_a_torn_line_is_no_line(tmp_path):
    path = tmp_path / "s.zarr"
    write_pending(path, [0, 1])
    sums = path / "manifest/sha256sums"
    sums.write_bytes(sums.read_bytes()[:-40])  # a power cut within the lines of block 1
    assert open_states(path, partial=True)["done"].to_numpy().tolist() == [True] * 4 + [False] * 6
    write_pending(path)
    write_pending(tmp_path / "undisturbed.zarr")
    assert tree(path) == tree(tmp_path / "undisturbed.zarr")


def test_a_full_disk_leaves_the_block_undone(tmp_path):
    path = tmp_path / "s.zarr"
    write_pending(path, [0])
    assert run_forked(on_a_full_disk, 300, write_pending, path) == NO_ROOM
    assert open_states(path, partial=True)["done"].sum() == 4
    write_pending(path)
    write_pending(tmp_path / "undisturbed.zarr")
    assert tree(path) == tree(tmp_path / "undisturbed.zarr")


def test_blocks_go_by_the_names_of_dims_and_masks_are_refused(tmp_path):
    with StatesWriter(tmp_path / "s.zarr", **RECIPE) as writer:
        for index in writer.pending():
            block = xr.DataArray(STATES[writer.rows(index)], dims=("recording", "step", "node"))
            masked = np.ma.MaskedArray(block.values, mask=block.values == block.values[0, 0, 0])
            with pytest.raises(ValueError, match=f"block {index} has 1 masked values"):
                writer.write(index, masked)
            writer.write(index, block.transpose("node", "recording", "step"))
    assert_array_equal(open_states(tmp_path / "s.zarr")["states"], STATES.astype("float32"))
