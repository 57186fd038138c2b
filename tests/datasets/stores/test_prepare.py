"""Recordings become one store: whatever kills the run, the bytes are those of a quiet one."""

import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal
from preparing import (
    ENCODERS,
    NO_ROOM,
    begin_and_make,
    files,
    forked,
    kill_before,
    make,
    on_a_full_disk,
    run_forked,
)

from mottle.datasets import (
    list_files,
    list_table,
    load_demo,
    load_nmnist_100,
    make_table,
    open_prepared,
    plan,
    prepare,
    store_info,
    verify_prepared,
)
from mottle.datasets.disk import old_path
from mottle.datasets.stores import shards
from mottle.datasets.stores.prepared import Store
from mottle.datasets.stores.shards import Column
from mottle.datasets.table import Recordings, sampled
from mottle.sensors import EVENT_DTYPE, EventRate, GasDrive


def tree(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Forty recordings as npy files, in folders of their class."""
    folder = tmp_path_factory.mktemp("digits")
    table, target, _ = load_nmnist_100()
    for row in range(0, 100, 2):
        path = folder / f"{'test' if row % 10 == 8 else 'train'}/{target[row]}/{row:02d}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, table["sight"].iloc[row][:500])
    return folder


@pytest.fixture(scope="module")
def quiet(digits, tmp_path_factory):
    """The store of an undisturbed run."""
    path = tmp_path_factory.mktemp("quiet") / "digits.zarr"
    make(digits, path)
    return path


def test_drives_and_labels_come_back(digits, quiet):
    table, target, groups = open_prepared(quiet)
    listing = files(digits)
    assert list(table.index) == listing.names == sorted(listing.names)
    assert_array_equal(target, listing.target)
    assert_array_equal(groups, listing.groups)
    train = [listing.read(i)["sight"].events for i in np.flatnonzero(groups == "train")]
    encoder = ENCODERS["sight"].fit(train)
    for row in (0, 17, 49):
        drive = encoder.transform(listing.read(row)["sight"].events)
        assert_array_equal(table["sight"].iloc[row], drive.astype("float32"))
    opened = xr.open_zarr(quiet, group="sight", consolidated=False, chunks=None)
    assert opened["drive"].dims == ("recording", "step", "input")
    assert opened["drive"].shape == (50, 6, 17 * 17 * 2)
    assert_array_equal(
        open_prepared(quiet, rows=[3, 9]).table["sight"].iloc[1], table["sight"].iloc[9]
    )
    assert [p.name for p in quiet.parent.iterdir()] == ["digits.zarr"]


def test_raw_streams_of_all_senses_come_back(tmp_path):
    recordings = load_demo().take(np.arange(100) % 7 == 0)
    recordings.table.loc[recordings.table.index[2], "touch"] = None
    prepare(list_table(recordings), tmp_path / "s.zarr", block=4)
    table, target, groups = open_prepared(tmp_path / "s.zarr")
    assert_array_equal(target, recordings.target)
    assert_array_equal(groups, recordings.groups)
    for sense in ("sight", "touch", "smell"):
        for got, expected in zip(table[sense], recordings.table[sense], strict=True):
            if sense == "sight":
                assert_array_equal(got, expected)
            elif expected is None:
                assert got is None
            else:
                xr.testing.assert_equal(got, expected)
                assert got.attrs["units"] == expected.attrs["units"]
    assert table["touch"].iloc[2] is None
    info = store_info(tmp_path / "s.zarr")
    assert info["senses"]["touch"]["absent"] == 1
    assert info["source"]["pairing"] == "label-paired, not co-recorded"
    assert verify_prepared(tmp_path / "s.zarr") == []


def test_drives_of_different_lengths_are_ragged(tmp_path):
    rng = np.random.default_rng(0)
    cells = [
        sampled(rng.random((n, 2)), np.arange(n), ["a", "b"], units="Ohm", name="smell")
        for n in (5, 9, 5, 7)
    ]
    listing = list_table(Recordings(make_table(smell=cells), np.arange(4), np.arange(4)))
    prepare(
        listing, tmp_path / "s.zarr", encoders={"smell": GasDrive(None, derivative=False)},
        fit_on="all", dtype="float64",
    )  # fmt: skip
    opened = xr.open_zarr(tmp_path / "s.zarr", group="smell", consolidated=False, chunks=None)
    assert opened["drive"].dims == ("obs", "input")
    assert opened["row_size"].to_numpy().tolist() == [5, 9, 5, 7]
    assert opened["row_size"].attrs["sample_dimension"] == "obs"
    expected = GasDrive(None, derivative=False).fit(cells).transform(cells)
    for got, drive in zip(open_prepared(tmp_path / "s.zarr").table["smell"], expected, strict=True):
        assert_array_equal(got, drive)


@pytest.mark.slow
def test_killed_at_25_random_moments_it_ends_with_the_same_bytes(digits, quiet, tmp_path):
    context, rng = forked(), np.random.default_rng(7)
    expected, path, took = tree(quiet), tmp_path / "digits.zarr", 60.0
    killed = 0
    while killed < 25:
        begun = context.Event()
        child = context.Process(target=begin_and_make, args=(digits, path, begun))
        child.start()
        begun.wait()
        start = time.perf_counter()
        child.join(rng.uniform(0, took))
        if child.exitcode is None:
            os.kill(child.pid, signal.SIGKILL)
            child.join()
        if path.exists():  # whole, or not there
            assert tree(path) == expected
        if child.exitcode == 0:  # now it is known how long a run takes
            took = min(took, time.perf_counter() - start)
            shutil.rmtree(path)
        else:
            assert child.exitcode == -signal.SIGKILL
            killed += 1
    make(digits, path)
    assert tree(path) == expected
    assert [p.name for p in tmp_path.iterdir()] == ["digits.zarr"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("os.rename .", 9), ("building/manifest", 1), ("building/sight/drive/c/0", 1),
        ("rename.*building", 1), ("os.rename /", 14), ("shutil.rmtree", 1),
    ],
)  # fmt: skip
def test_killed_within_an_update_the_old_store_or_the_new_is_there(digits, tmp_path, text, count):
    folder, path = tmp_path / "in", tmp_path / "s.zarr"
    shutil.copytree(digits, folder)
    make(folder, path)
    before = tree(path)
    np.save(folder / "train/0/00.npy", np.load(folder / "train/0/00.npy")[:100])
    code = run_forked(kill_before, text, count, make, folder, path)
    assert code in (0, -signal.SIGKILL)
    if path.exists() and code:
        assert tree(path) == before or verify_prepared(path) == []
    make(folder, path)
    make(folder, tmp_path / "fresh.zarr")
    assert tree(path) == tree(tmp_path / "fresh.zarr") != before
    assert {p.name for p in tmp_path.iterdir()} == {"in", "s.zarr", "fresh.zarr"}


def test_a_kill_between_the_two_renames_is_put_right(digits, quiet, tmp_path):
    path = tmp_path / "s.zarr"
    make(digits, path)
    path.rename(old_path(path))
    done = make(digits, path)
    assert done.n_encoded == 0
    assert tree(path) == tree(quiet)


def test_only_what_changed_is_done_again(digits, tmp_path):
    folder, path = tmp_path / "in", tmp_path / "s.zarr"
    shutil.copytree(digits, folder)
    raw = {"encoders": None}
    assert make(folder, path, **raw).n_encoded == 50
    inode = path.stat().st_ino
    assert make(folder, path, **raw).n_encoded == 0
    assert path.stat().st_ino == inode  # not even written anew
    (folder / "train/0/02.npy").unlink()
    shutil.copy(folder / "train/1/10.npy", folder / "test/9/99.npy")  # the same content again
    np.save(folder / "train/0/00.npy", np.load(folder / "train/0/00.npy")[:100])
    assert make(folder, path, **raw).n_encoded == 1
    make(folder, tmp_path / "fresh.zarr", **raw)
    assert tree(path) == tree(tmp_path / "fresh.zarr")
    with pytest.raises(ValueError, match="has another recipe"):
        make(folder, path)
    other = list_files([folder], sense="sight", on_bad="drop")  # what is read may differ
    with pytest.raises(ValueError, match="has another recipe"):
        prepare(other, path)


def test_a_bad_recording_stops_the_run_or_is_left_out_with_its_reason(digits, quiet, tmp_path):
    folder, path = tmp_path / "in", tmp_path / "s.zarr"
    shutil.copytree(digits, folder)
    bad = folder / "train/3/30.npy"
    bad.write_bytes(bad.read_bytes()[:-7])
    (folder / "test/0").mkdir(exist_ok=True)
    (folder / "test/0/empty.npy").write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty\.npy: .*0 bytes.*run again; or skip"):
        make(folder, path, fit_on=["test"], on_bad="raise", fit_limit=1)
    assert not path.exists()
    done = make(folder, path, on_bad="skip")
    assert set(done.skipped) == {"train/3/30.npy", "test/0/empty.npy"}
    assert (
        "0 bytes" in done.skipped["test/0/empty.npy"] or "empty" in done.skipped["test/0/empty.npy"]
    )
    assert len(open_prepared(path).table) == 49
    assert store_info(path)["skipped"] == done.skipped
    shutil.copy(digits / "train/3/30.npy", bad)  # fetched again
    (folder / "test/0/empty.npy").unlink()
    healed = make(folder, path, on_bad="skip")
    assert healed.skipped == {}


def test_the_second_writer_is_refused(digits, tmp_path):
    refusals = []

    def interrupt(what, done, of):
        if what == "encoding" and not refusals:
            with pytest.raises(RuntimeError, match="another writer") as caught:
                make(digits, tmp_path / "s.zarr")
            refusals.append(str(caught.value))

    make(digits, tmp_path / "s.zarr", progress=interrupt)
    assert len(refusals) == 1


@pytest.fixture
def copy(quiet, tmp_path):
    return Path(shutil.copytree(quiet, tmp_path / "s.zarr"))


def is_shard(file):
    return "sight/drive/c/" in str(file)


def read_all(path):
    table, target, groups = open_prepared(path)
    return [np.asarray(drive).tolist() for drive in table["sight"]], list(table.index), (
        target.tolist(), groups.tolist()
    )  # fmt: skip


def test_every_damaged_byte_is_found(copy):
    """One bit of every byte of small files here, every bit in benchmarks/reliability.py."""
    rng = np.random.default_rng(3)
    for file in sorted(f for f in copy.rglob("*") if f.is_file()):
        good = file.read_bytes()
        name = file.relative_to(copy).as_posix()
        places = rng.integers(len(good), size=20) if is_shard(file) else range(0, len(good), 41)
        for at in places:
            bad = bytearray(good)
            bad[at] ^= 1 << (at % 8)
            file.write_bytes(bad)
            assert any(name in line for line in verify_prepared(copy)), (name, at)
        file.write_bytes(good)
    assert verify_prepared(copy) == []


def test_damaged_labels_and_metadata_are_never_read(copy):
    before = read_all(copy)
    for file in sorted(f for f in copy.rglob("*") if f.is_file() and not is_shard(f)):
        good = file.read_bytes()
        for at in range(0, len(good), max(1, len(good) // 3)):
            bad = bytearray(good)
            bad[at] ^= 1 << (at % 8)
            file.write_bytes(bad)
            try:
                assert read_all(copy) == before  # a file that reading does not need
            except ValueError as error:
                assert "s.zarr" in str(error)  # noqa: PT017
            else:
                assert file.parent.name in ("manifest", "digest", "c"), file
        file.write_bytes(good)
    assert read_all(copy) == before


def test_every_lost_file_is_named_when_a_store_is_opened(copy):
    for file in sorted(f for f in copy.rglob("*") if f.is_file()):
        good = file.read_bytes()
        file.unlink()
        name = file.relative_to(copy).as_posix()
        for work in (open_prepared, store_info):
            with pytest.raises(ValueError, match=name):
                work(copy)
        file.write_bytes(good)
    assert len(open_prepared(copy).table) == 50
    store = Store(copy)
    (copy / "sight/drive/c/0/0/0").unlink()  # after opening
    with pytest.raises(ValueError, match="sight/drive/c/0/0/0: No such file"):
        store.stream("sight", 3)


def test_swapped_and_added_files_are_found(copy):
    one, two = copy / "target/c/0", copy / "group/c/0"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert verify_prepared(copy) == [
        "group/c/0: its sha256 differs", "target/c/0: its sha256 differs"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="its sha256 differs"):
        open_prepared(copy)
    one.write_bytes(first)
    two.write_bytes(second)
    (copy / "sight/more").write_text("")
    assert verify_prepared(copy) == ["sight/more: not of this store"]
    assert len(open_prepared(copy).table) == 50


def test_a_damaged_chunk_is_never_read_as_data(copy):
    before = read_all(copy)[0]
    shard = copy / "sight/drive/c/0/0/0"
    good = shard.read_bytes()
    for at in range(0, len(good), len(good) // 12):
        data = bytearray(good)
        data[at] ^= 4
        shard.write_bytes(data)
        with pytest.raises(ValueError, match="checksum"):
            [Store(copy).stream("sight", row) for row in range(50)]
    for size in (0, 3, 100, len(good) - 1):
        shard.write_bytes(good[:size])
        with pytest.raises(ValueError, match=r"checksum|too short"):
            [Store(copy).stream("sight", row) for row in range(50)]
    shard.write_bytes(good)
    assert read_all(copy)[0] == before


def test_the_lines_are_those_of_sha256sum(copy):
    run = subprocess.run(
        ["sha256sum", "--check", "--quiet", "manifest/sha256sums"], cwd=copy, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (0, "")
    content = store_info(copy)["content_hash"]
    assert (copy / "manifest/sha256sums").read_text().endswith(f"# content {content}\n")


def test_zarr_reads_the_same_values(copy, digits, tmp_path):
    prepare(files(digits), tmp_path / "raw.zarr")
    for path, names in ((copy, ["drive"]), (tmp_path / "raw.zarr", list("txyp"))):
        opened_by_zarr = xr.open_zarr(path, group="sight", consolidated=False, chunks=None)
        store = Store(path)
        for name in names:
            column = store.columns["sight"][name]
            assert_array_equal(column.read(0, len(column)), opened_by_zarr[name].to_numpy())


def test_a_full_disk_loses_nothing(digits, quiet, tmp_path):
    path = tmp_path / "s.zarr"
    assert run_forked(on_a_full_disk, 60_000, make, digits, path) == NO_ROOM
    assert not path.exists()
    make(digits, path)
    assert tree(path) == tree(quiet)


def test_processes_do_not_change_the_bytes(digits, quiet, tmp_path):
    from mottle.pipelines.prepare import workers

    run, close = workers(2, None)
    make(digits, tmp_path / "s.zarr", run=run)
    close()
    assert tree(tmp_path / "s.zarr") == tree(quiet)
    make(digits, tmp_path / "t.zarr", block=7)
    assert tree(tmp_path / "t.zarr") == tree(quiet)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_cluster_that_loses_its_workers_gives_the_same_bytes(digits, quiet, tmp_path, n_workers):
    distributed = pytest.importorskip("distributed")
    from mottle.pipelines.prepare import workers

    with distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, dashboard_address=None, processes=True,
        host="127.0.0.1",
    ) as cluster:  # fmt: skip
        run, close = workers(1, cluster.scheduler_address)
        victims = []

        def kill(what, done, of):
            if what == "encoding" and done >= 8 and not victims:
                victims.extend(worker.pid for worker in cluster.workers.values())
                for victim in victims:  # with all they hold; others start in their place
                    os.kill(victim, signal.SIGKILL)

        make(digits, tmp_path / "s.zarr", run=run, progress=kill)
        with pytest.raises(ValueError, match="No clients found"):
            distributed.default_client()
        close()
    assert len(victims) == n_workers
    assert tree(tmp_path / "s.zarr") == tree(quiet)


def test_what_encoders_learn_from_must_be_named(digits, tmp_path):
    listing = list_files([digits], sense="sight")
    with pytest.raises(ValueError, match="fit_on='all' if there is no test part"):
        prepare(listing, tmp_path / "s.zarr", encoders=ENCODERS)
    with pytest.raises(
        ValueError, match=r"no group 'training'; did you mean 'train'.* There are test, train"
    ):
        make(digits, tmp_path / "s.zarr", fit_on="training")
    encoders = {"sight": EventRate(6, sensor_size=(34, 34), on_drop="ignore")}  # learns duration
    for name, fit_on in (("train", None), ("named", ["train"]), ("all", "all")):
        make(digits, tmp_path / f"{name}.zarr", fit_on=fit_on, encoders=encoders)
    scale = [store_info(tmp_path / f"{n}.zarr")["recipe"] for n in ("train", "named", "all")]
    assert scale[0] == scale[1] != scale[2]


def test_a_plan_gives_shape_and_size_and_writes_nothing(digits, tmp_path):
    planned = plan(files(digits), encoders=ENCODERS)
    assert planned.n_recordings == 50
    assert planned.senses == {"sight": "drive: 6 rows of drive (578,)"}
    assert planned.n_bytes == 50 * 6 * 578 * 4
    assert list(tmp_path.iterdir()) == []


def test_a_store_inside_its_recordings_folder_is_refused(digits, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(digits, folder)
    for place in (folder / "s.zarr", folder / "train/0/s.zarr", folder):
        with pytest.raises(ValueError, match="would lie inside the recordings' folder"):
            make(folder, place)
    with pytest.raises(ValueError, match="which the store would replace"):
        make(folder, tmp_path)
    assert {p.name for p in folder.iterdir()} == {"train", "test"}
    (folder / ".hidden").mkdir()
    (folder / ".hidden/x.npy").write_bytes(b"")
    make(folder, tmp_path / "s.zarr")
    (tmp_path / "s.zarr").rename(folder / "s.zarr")  # one that was put there is no recording
    assert len(files(folder).names) == 50


def test_bad_arguments_are_refused(digits, quiet, tmp_path):
    with pytest.raises(FileNotFoundError, match="no store at"):
        open_prepared(tmp_path / "none.zarr")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/x").write_text("")
    with pytest.raises(ValueError, match="is a folder with other files in it"):
        make(digits, tmp_path / "dir")
    with pytest.raises(ValueError, match="does not match"):
        list_files([digits], sense="sight", pattern="(?P<target>x)")
    with pytest.raises(ValueError, match="named twice"):
        list_files([digits, digits / "train"], sense="sight")
    with pytest.raises(ValueError, match="no sense 'touch'"):
        make(digits, tmp_path / "s.zarr", encoders={"touch": GasDrive()})
    with pytest.raises(ValueError, match=r"two recordings are called '0'"):
        prepare(
            list_table(
                Recordings(make_table(index=["0", "0"], a=[None, None]), *[np.arange(2)] * 2)
            ),
            tmp_path / "s.zarr",
        )


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "noise"])
def test_a_damaged_block_is_dropped_and_done_again(digits, quiet, tmp_path, damage):
    path = tmp_path / "digits.zarr"

    def stop(what, done, of):
        if what == "encoding" and done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(digits, path, progress=stop)
    blocks = sorted((tmp_path / ".digits.zarr.parts").iterdir())
    assert len(blocks) == 5
    for number, block in enumerate(blocks):
        data = bytearray(block.read_bytes())
        data[(number + 1) * len(data) // 7] ^= 8
        block.write_bytes(
            {"flip": data, "cut": data[: len(data) // 2], "empty": b"", "noise": b"x" * 999}[damage]
        )
    assert make(digits, path).n_encoded == 50
    assert tree(path) == tree(quiet)
    assert [p.name for p in tmp_path.iterdir()] == ["digits.zarr"]


@pytest.mark.parametrize("change", ["write", "same size", "delete"])
def test_a_file_that_changes_while_it_is_prepared_is_refused(digits, tmp_path, change):
    """After its digest was taken, before it is read: the digest would be of other bytes."""
    folder, path = tmp_path / "in", tmp_path / "s.zarr"
    shutil.copytree(digits, folder)
    file = folder / "train/0/00.npy"
    events = np.load(file)

    def alter(what, done, of):
        if what == "encoding" and done == 0:
            if change == "delete":
                file.unlink()
            elif change == "write":
                np.save(file, events[:100])
            else:
                other = events.copy()
                other["x"][5] = (other["x"][5] + 1) % 34
                np.save(file, other)

    reason = "No such file" if change == "delete" else "it changed while it was read"
    with pytest.raises(ValueError, match=rf"train/0/00\.npy: .*{reason}"):
        make(folder, path, progress=alter, encoders=None)
    np.save(file, events)
    done = make(folder, path, progress=alter, encoders=None, on_bad="skip")
    assert list(done.skipped) == ["train/0/00.npy"]
    np.save(file, events)
    assert make(folder, path, encoders=None, on_bad="skip").skipped == {}
    make(digits, tmp_path / "fresh.zarr", encoders=None, on_bad="skip")
    assert tree(path) == tree(tmp_path / "fresh.zarr")


def test_a_file_that_changes_while_encoders_learn_is_refused(digits, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(digits, folder)
    listing = files(folder)

    def read(row):
        streams = listing.read(row)
        if row == 20:
            np.save(folder / listing.names[row], streams["sight"].events[:50])
        return streams

    with pytest.raises(ValueError, match="changed while encoders learnt from it"):
        prepare(replace(listing, read=read), tmp_path / "s.zarr", encoders=ENCODERS)


def test_a_recording_more_under_other_scales_says_what_differs(tmp_path):
    wide, path = numbered(10), tmp_path / "s.zarr"
    options = {"encoders": {"a": GasDrive(4)}, "fit_on": "all"}
    prepare(list_table(wide.take(np.arange(9))), path, **options)
    with pytest.raises(ValueError, match=r"encoders\.a learnt other scales.*fit_on with a group"):
        prepare(list_table(wide), path, **options)
    with pytest.raises(ValueError, match=r"parameters\.n_steps was 4, is now 5"):
        prepare(list_table(wide), path, encoders={"a": GasDrive(5)}, fit_on="all")


STRANGE = ["$x^$", "=1+1", "a\nb", "\u2028", "ä ö", "'", '"', ",", "-1", "nan", " ", "x" * 300]


def test_names_and_classes_of_any_kind_come_back(tmp_path):
    cells = [np.full((3, 1), float(row)) for row in range(len(STRANGE))]
    listing = list_table(
        Recordings(make_table(index=STRANGE, a=cells), np.array(STRANGE), np.array(STRANGE[::-1]))
    )
    prepare(listing, tmp_path / "s.zarr")
    table, target, groups = open_prepared(tmp_path / "s.zarr")
    assert list(table.index) == target.tolist() == groups.tolist()[::-1] == STRANGE


@pytest.mark.parametrize(
    ("names", "target", "message"),
    [
        (["a", "b\udcff"], ["x", "y"], r"recording of .*is not UTF-8"),
        (["a", "b"], ["x", "y\udcff"], r"target of 'b'.*is not UTF-8"),
        (["a", "b\0"], ["x", "y"], "NUL"),
        (["a", "b"], np.array([None, "x"], dtype=object), "use numbers or str"),
    ],
)
def test_names_that_cannot_be_stored_are_refused_before_the_work(tmp_path, names, target, message):
    table = make_table(index=names, a=[np.ones((3, 1))] * 2)
    listing = list_table(Recordings(table, np.asarray(target), np.arange(2)))

    def read(row):
        raise AssertionError("read before the names were checked")

    with pytest.raises((ValueError, TypeError), match=message):
        prepare(replace(listing, read=read, digest=read), tmp_path / "s.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_that_is_not_utf8_is_refused_early(tmp_path):
    place = os.fsencode(tmp_path) + b"/in"
    os.mkdir(place)
    for name in (b"a.npy", b"b\xff.npy"):
        with open(place + b"/" + name, "wb") as file:
            np.save(file, np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"is not UTF-8.*rename the file"):
        prepare(list_files([tmp_path / "in"], sense="a"), tmp_path / "s.zarr")


@pytest.mark.parametrize("name", ["", "..", "a/b", "../../x", ".x", "target", "manifest", "a\nb"])
def test_a_sense_that_cannot_name_a_folder_is_refused(tmp_path, name):
    table = make_table(**{name: [np.ones((3, 1))]})
    with pytest.raises(ValueError, match="sense"):
        prepare(list_table(Recordings(table, np.arange(1), np.arange(1))), tmp_path / "s.zarr")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_shards(monkeypatch):
    """Chunks of 8 rows, four a shard, so that a few recordings fill many."""
    monkeypatch.setattr(shards, "CHUNK_BYTES", 128)
    monkeypatch.setattr(shards, "BLOCK_BYTES", 16)
    monkeypatch.setattr(shards, "MOST_CHUNKS", 4)


def numbered(n, width=2, seed=0, lengths=(30, 31)):
    rng = np.random.default_rng(seed)
    cells = [rng.normal(size=(int(rng.integers(*lengths)), width)) for _ in range(n)]
    table = make_table(index=[f"{row:03d}" for row in range(n)], a=cells)
    return Recordings(table, np.arange(n) % 3, np.arange(n))


@pytest.mark.parametrize("encoders", [None, {"a": GasDrive(4, derivative=False)}])
@pytest.mark.parametrize("lengths", [(30, 31), (1, 60)], ids=["equal", "ragged"])
@pytest.mark.parametrize(
    "keep",
    [range(40), range(3, 40), [*range(20), *range(21, 40)], [*range(39), 39, 39], range(0, 40, 3)],
    ids=["more", "first gone", "one gone", "twin", "thinned"],
)
def test_what_is_taken_over_equals_a_fresh_store(tmp_path, small_shards, encoders, lengths, keep):
    wide = numbered(40, lengths=lengths)
    options = {"encoders": encoders, "fit_on": "fit" if encoders else None}
    wide = wide._replace(groups=np.where(np.arange(40) == 9, "fit", "other"))
    prepare(list_table(wide.take(np.arange(30))), tmp_path / "s.zarr", **options)
    names = [f"{row:03d}" for row in range(len(keep))]
    table = wide.table.iloc[list(keep)].set_axis(names)
    then = Recordings(table, np.arange(len(keep)), wide.groups[list(keep)])
    prepare(list_table(then), tmp_path / "s.zarr", **options)
    prepare(list_table(then), tmp_path / "fresh.zarr", **options)
    assert tree(tmp_path / "s.zarr") == tree(tmp_path / "fresh.zarr")
    assert verify_prepared(tmp_path / "s.zarr") == []
    store = Store(tmp_path / "s.zarr")
    if encoders is None:
        for row, cell in enumerate(table["a"]):
            assert_array_equal(store.stream("a", row), cell)


def test_full_shards_are_linked_and_whole_chunks_not_decoded(tmp_path, small_shards, monkeypatch):
    wide = numbered(60)
    path = tmp_path / "s.zarr"
    prepare(list_table(wide.take(np.arange(50))), path)
    before = {f.name: f.stat().st_ino for f in (path / "a/time/c").iterdir()}
    decoded = []
    plain = Column.decoded

    def note(column, number, *more):
        decoded.append(number)
        return plain(column, number, *more)

    monkeypatch.setattr(Column, "decoded", note)
    prepare(list_table(wide), path)
    after = {f.name: f.stat().st_ino for f in (path / "a/time/c").iterdir()}
    kept = {int(name) for name in before if before[name] == after[name]}
    assert kept == set(range(50 * 30 // 32))
    assert set(decoded) == {50 * 30 // 8}  # the last chunk, which was not full, of both columns


def test_where_files_cannot_be_linked_they_are_copied(tmp_path, small_shards, monkeypatch):
    wide = numbered(60)
    prepare(list_table(wide.take(np.arange(50))), tmp_path / "s.zarr")

    def refuse(*args, **options):
        raise OSError("links are not supported")

    monkeypatch.setattr(os, "link", refuse)
    prepare(list_table(wide), tmp_path / "s.zarr")
    prepare(list_table(wide), tmp_path / "fresh.zarr")
    assert tree(tmp_path / "s.zarr") == tree(tmp_path / "fresh.zarr")


def test_damage_is_not_taken_over_as_good(tmp_path, small_shards):
    wide = numbered(60)
    path = tmp_path / "s.zarr"
    prepare(list_table(wide.take(np.arange(50))), path)
    first, last = path / "a/time/c/0", path / f"a/time/c/{60 * 30 // 32}"
    data = bytearray(first.read_bytes())
    data[3] ^= 1
    first.write_bytes(data)  # in a whole shard: linked, and still known as damaged
    prepare(list_table(wide), path)
    assert verify_prepared(path) == ["a/time/c/0: its sha256 differs"]
    data = bytearray(last.read_bytes())
    data[3] ^= 1
    last.write_bytes(data)  # in one that has to be written anew
    with pytest.raises(ValueError, match="checksum differs"):
        prepare(list_table(numbered(61)), path)


def test_rows_are_read_by_threads_and_processes_from_read_only_folders(copy):
    before = read_all(copy)[0]
    for item in (*copy.rglob("*"), copy):
        item.chmod(0o500 if item.is_dir() else 0o400)
    names = tree(copy.parent).keys()
    store = Store(copy)
    rows = list(range(50)) * 4
    np.random.default_rng(0).shuffle(rows)
    with ThreadPoolExecutor(8) as pool:
        for row, drive in zip(rows, pool.map(partial(store.stream, "sight"), rows), strict=True):
            assert drive.tolist() == before[row]
    with ProcessPoolExecutor(2, forked()) as pool:
        for row, drive in zip(
            rows[:20], pool.map(partial(store.stream, "sight"), rows[:20]), strict=True
        ):
            assert drive.tolist() == before[row]
    assert tree(copy.parent).keys() == names
    for item in (copy, *copy.rglob("*")):
        item.chmod(0o700 if item.is_dir() else 0o600)


def test_a_store_written_anew_is_not_read_with_the_old_places(tmp_path):
    path = tmp_path / "s.zarr"
    prepare(list_table(numbered(20)), path)
    store = Store(path)
    first = store.stream("a", 0)
    prepare(list_table(numbered(20, seed=1).take(np.arange(5, 20))), tmp_path / "t.zarr")
    shutil.rmtree(path)
    (tmp_path / "t.zarr").rename(path)
    assert_array_equal(store.stream("a", 0), first)  # decoded before
    store.cache.clear()
    store.columns["a"]["values"]._last = 0, np.empty((0, 2))
    with pytest.raises(ValueError, match="written anew since it was opened"):
        store.stream("a", 0)
    assert len(open_prepared(path).table) == 15


@pytest.fixture(scope="module")
def long_store(tmp_path_factory):
    """Events and samples that fill many blocks of several chunks, as arrays and as a store."""
    rng = np.random.default_rng(0)
    events, samples = [], []
    for row in range(60):
        stream = np.zeros(int(rng.integers(1, 9000)), dtype=EVENT_DTYPE)
        stream["t"] = np.sort(rng.integers(0, 10**6, len(stream)))
        stream["x"], stream["y"] = rng.integers(0, 34, (2, len(stream)))
        stream["p"] = rng.integers(0, 2, len(stream))
        events.append(stream)
        values = rng.normal(size=(int(rng.integers(1, 900)), 3)).astype(np.float32)
        samples.append(values if row % 3 else np.zeros_like(values))
    path = tmp_path_factory.mktemp("long") / "s.zarr"
    table = Recordings(make_table(e=events, s=samples), np.arange(60), np.arange(60))
    prepare(list_table(table), path)
    return path, events, samples


def test_rows_in_any_order_equal_what_was_given_and_what_zarr_reads(long_store):
    path, events, samples = long_store
    rows = np.random.default_rng(1).permutation(60)[:47]
    table = open_prepared(path, rows=rows).table
    for row, e, s in zip(rows, table["e"], table["s"], strict=True):
        assert_array_equal(e, events[row])
        assert_array_equal(s, samples[row])
    store = Store(path)
    assert len(store.columns["e"]["t"]) > 2 * store.columns["e"]["t"].chunk
    assert store.columns["e"]["t"]._block == 0  # nothing read so far
    for name, column in store.columns["e"].items():
        assert_array_equal(column.read(0, len(column)), store.group["e"][name][:])
        assert 1 < column._block <= column.chunk // 2
    for row in (59, 0, 31):  # single rows, blocks of which lie in any order
        assert_array_equal(store.stream("e", row), events[row])


def test_a_bit_turned_over_in_any_block_is_found_when_its_chunk_is_read(long_store, tmp_path):
    path = tmp_path / "s.zarr"
    shutil.copytree(long_store[0], path)
    file = path / "e/t/c/0"
    good = file.read_bytes()
    with file.open("rb") as shard:
        size = Store(path).columns["e"]["t"]._index(0, shard)[0][1]
    for at in (0, 5, 17, size // 2, size - 5, size - 1):
        bad = bytearray(good)
        bad[at] ^= 4
        file.write_bytes(bad)
        with pytest.raises(ValueError, match="checksum differs"):
            Store(path).stream("e", 0)


def test_labelled_samples_are_those_of_the_public_constructor_and_share_no_attributes(tmp_path):
    times = [np.arange(5) / 10, np.arange(5) / 10, np.arange(4) / 7]
    cells = [
        xr.DataArray(
            np.random.default_rng(k).normal(size=(len(t), 2)),
            {"time": ("time", t, {"units": "s"}), "channel": ["left", "b"],
             "unit": ("channel", ["V", "A"])},
            ("time", "channel"), "a", {"units": "mixed"},
        )
        for k, t in enumerate(times)
    ]  # fmt: skip
    wide = Recordings(make_table(a=cells), np.arange(3), np.arange(3))
    prepare(list_table(wide), tmp_path / "s.zarr")
    store = Store(tmp_path / "s.zarr")
    found = store.streams("a", np.array([2, 0, 1]))
    for cell, row in zip(found, (2, 0, 1), strict=True):
        xr.testing.assert_identical(cell, cells[row])
        assert cell.indexes["time"].equals(cells[row].indexes["time"])
        assert cell.channel.dtype == cells[row].channel.dtype
        xr.testing.assert_identical(cell.sel(channel="b"), cells[row].sel(channel="b"))
        xr.testing.assert_identical(cell[::2].isel(channel=[1]), cells[row][::2].isel(channel=[1]))
    found[1].time.attrs["note"] = found[1].channel.attrs["note"] = found[1].attrs["note"] = "mine"
    found[1].unit.attrs["note"] = "mine"
    found[1][:] = 0
    xr.testing.assert_identical(found[2], cells[1])
    xr.testing.assert_identical(store.stream("a", 0), cells[0])


def test_a_store_of_smaller_chunks_is_read_and_added_to(tmp_path, monkeypatch):
    wide = numbered(60)
    with monkeypatch.context() as older:
        older.setattr(shards, "CHUNK_BYTES", 1 << 8)
        prepare(list_table(wide.take(np.arange(50))), tmp_path / "s.zarr")
    assert_array_equal(
        open_prepared(tmp_path / "s.zarr").table["a"].iloc[49], wide.table["a"].iloc[49]
    )
    prepare(list_table(wide), tmp_path / "s.zarr")
    prepare(list_table(wide), tmp_path / "fresh.zarr")
    assert tree(tmp_path / "s.zarr") == tree(tmp_path / "fresh.zarr")
