"""All readers: the errors of damaged files, the memory a file may take, what valid ones give."""

import io
import os
import sqlite3
import struct
import zipfile
import zlib

import event_writers as events
import numpy as np
import pytest
from reader_seeds import SEEDS, missing
from valid_files import VALID, equal

from mottle.sensors import files
from mottle.sensors.files import EventFormat, EventReader, read, read_events, read_samples
from mottle.sensors.files.formats import registry
from mottle.sensors.files.limits import only_value_errors

LEAVES = [
    AttributeError("x"), BufferError("x"), EOFError("x"), IndexError("x"), KeyError("x"),
    MemoryError("x"), NotImplementedError("x"), OSError("x"), OverflowError("x"),
    RecursionError("x"), RuntimeError("x"), TypeError("x"), ZeroDivisionError("x"),
    UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), zipfile.BadZipFile("x"), zlib.error("x"),
    struct.error("x"), sqlite3.OperationalError("x"), AssertionError("x"),
]  # fmt: skip


def test_every_format_and_reader_has_a_seed_for_the_fuzz_run():
    assert missing() == set()


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_read_and_their_mutations_give_data_or_a_value_error(name, tmp_path):
    seed = SEEDS[name]
    path = tmp_path / f"a{seed.suffix}"
    seed.write(path)
    seed.read(path, on_bad="raise")
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    for k in range(40):
        path.write_bytes(events.mutate(whole, rng))
        try:
            seed.read(path, on_bad=("raise", "drop", "repair")[k % 3])
        except ValueError as error:
            assert path.name in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", VALID)
def test_valid_files_are_read_as_they_were_written(name, tmp_path):
    for package in ("faery", "dv_processing"):
        if package.split("_")[0] in name:
            pytest.importorskip(package)
    rng = np.random.default_rng(1)
    for k in range(8):
        folder = tmp_path / str(k)
        folder.mkdir()
        assert equal(*VALID[name](rng, folder))


@pytest.mark.parametrize("part", ["begins", "accepts", "start", "read"])
@pytest.mark.parametrize("error", LEAVES, ids=[type(error).__name__ for error in LEAVES])
def test_whatever_a_format_raises_leaves_as_a_value_error_that_names_the_file(
    error, part, monkeypatch, tmp_path
):
    def fails(source):
        raise error

    def read_one(source):
        yield tuple(np.zeros(1, np.int64) for _ in range(4))
        raise error

    (tmp_path / "a.bad").write_bytes(b"?")
    options = {"read": read_one} | ({} if part == "read" else {part: fails})
    known = EventFormat(name="bad", suffixes=(".bad",), **options)
    monkeypatch.setattr(registry, "event_formats", lambda: {"bad": known})
    with pytest.raises(ValueError, match=r"a\.bad"):
        read_events(tmp_path / "a.bad")


@pytest.mark.parametrize("reader", ["read", *(n for n in files.__all__ if n.startswith("read_"))])
def test_what_is_no_damage_keeps_its_kind(reader, tmp_path):
    read_file = getattr(files, reader)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.csv")
    with pytest.raises(TypeError):
        read_file(None)
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TypeError):
        read_file(tmp_path / "a.csv", no_such_option=1)


def test_a_value_error_that_names_no_file_is_given_its_name():
    with pytest.raises(ValueError, match=r"^s\.raw: why$"), only_value_errors("s.raw"):
        raise ValueError("why")
    with pytest.raises(ValueError, match=r"^s\.raw is bad$"), only_value_errors("s.raw"):
        raise ValueError("s.raw is bad")


HEADS = {
    "evt2": b"% evt 2.0\n% geometry {0}x200\n% end\n", "evt3": b"% evt 3.0\n% geometry {0}x9\n",
    "evt2.1": b"% evt 2.1\n% geometry 5x{0}\n% end\n", "dat": b"% Width {0}\n% Height 9\n\x0c\x08",
}  # fmt: skip


@pytest.mark.parametrize("side", ["0", "32769", "9" * 30, "9" * 5000])
@pytest.mark.parametrize("name", HEADS)
def test_a_sensor_that_no_camera_has_is_refused(name, side, tmp_path):
    head = HEADS[name].replace(b"{0}", side.encode())
    (tmp_path / "a.raw").write_bytes(head + bytes(80))
    with pytest.raises(ValueError, match=r"a\.raw"):
        read_events(tmp_path / "a.raw", on_bad="repair")


def test_sizes_beyond_the_pixels_of_an_event_are_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(events.evt2(events.draw()))
    with pytest.raises(ValueError, match=r"width=40000 must be a whole number, from 1 to 32768"):
        read_events(tmp_path / "a.raw", sensor_size=(40_000, 200))


def bomb_npz(path):
    np.savez_compressed(path, a=np.zeros((10**6, 50)))


def bomb_hdf5(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        data = np.zeros((10**6, 50))
        file.create_dataset("a", data=data, chunks=(10**5, 50), compression="gzip")


def bomb_chunk(path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (9, 2), "f8", chunks=(2 * 10**7, 2), maxshape=(None, 2))


def bomb_idx(path):
    import gzip

    size = 4 * 10**8
    with gzip.open(path, "wb") as file:
        file.write(b"\0\0\x08\1" + size.to_bytes(4, "big"))
        for _ in range(400):
            file.write(bytes(10**6))


def bomb_mat(path):
    from scipy.io import savemat

    savemat(path, {"spiketrain": np.zeros((101, 500_000))}, do_compression=True)


BOMBS = {
    "npz": (bomb_npz, ".npz", read_samples), "hdf5": (bomb_hdf5, ".h5", read_samples),
    "hdf5 chunk": (bomb_chunk, ".h5", read_samples), "idx": (bomb_idx, ".gz", files.read_idx),
    "mat": (bomb_mat, ".mat", read_events), "read npz": (bomb_npz, ".npz", read),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_never_takes_the_memory(name, tmp_path):
    write, suffix, reader = BOMBS[name]
    path = tmp_path / f"bomb{suffix}"
    write(path)
    assert path.stat().st_size < 2_700_000
    with pytest.raises(ValueError, match=r"max_bytes=2\d{8}\b.*larger max_bytes=|it is damaged"):
        reader(path)


@pytest.mark.parametrize("compression", ["BZ2", "LZ4", "zstd"])
def test_packed_chunks_of_bags_are_measured_first(compression, tmp_path):
    pytest.importorskip("rosbags")
    cells = np.repeat(events.draw(1, 240, 180), 200_000)
    if compression == "zstd":
        path = tmp_path / "bag"
        events.write_bag_2(path, [events.cdr(cells, "mono")], "MCAP", "mono", compressed=True)
    else:
        from rosbags.rosbag1 import Writer

        path = tmp_path / "a.bag"
        bag = Writer(path)
        bag.set_compression(Writer.CompressionFormat[compression])
        with bag:
            kind = "event_camera_msgs/msg/EventPacket"
            connection = bag.add_connection("/events", kind, msgdef="int32 any", md5sum="0")
            data = events.cdr(cells, "mono")[4:]
            bag.write(connection, 0, bytes(4) + data[:8] + b"\3\0\0\0cam" + data[16:40]
                      + b"\4\0\0\0mono\0" + data[52:])  # fmt: skip
    with pytest.raises(ValueError, match=r"the chunk at byte \d+ of .*more than max_bytes=1000000"):
        read_events(path, max_bytes=1_000_000)
    assert read_events(path).events.size == 200_000


@pytest.mark.parametrize("name", ["evt2", "evt3", "dat", "aedat4", "npy", "hdf5 dsec"])
def test_events_come_to_no_more_bytes_than_allowed(name, tmp_path):
    seed = SEEDS[name]
    path = tmp_path / f"a{seed.suffix}"
    seed.write(path)
    assert read_events(path, max_bytes=10**5).events.size == 60
    with pytest.raises(ValueError, match=r"comes? to \d+ bytes, more than max_bytes=700;"):
        read_events(path, max_bytes=700)
    for bad in (0, True, 1.5):
        with pytest.raises(ValueError, match="max_bytes="):
            read_events(path, max_bytes=bad)
    assert EventReader(path, max_bytes=10**5).limit == 10**5


@pytest.mark.parametrize("name", SEEDS)
def test_no_reader_lacks_the_bound_on_memory(name, tmp_path):
    seed = SEEDS[name]
    path = tmp_path / f"a{seed.suffix}"
    seed.write(path)
    with pytest.raises(ValueError, match=r"comes? to \d+ bytes, more than max_bytes=24; .* larger"):
        seed.read(path, max_bytes=24)
    with pytest.raises(ValueError, match="max_bytes=0 must be a whole number"):
        seed.read(path, max_bytes=0)
    seed.read(path, max_bytes=10**6)


def rise(code):
    """Return by how many bytes the peak memory of a fresh process rises in the last line."""
    import subprocess
    import sys

    *before, last = code
    peak = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    script = ["import resource", *before, f"begin = {peak}", last,
              f"print(1024 * ({peak} - begin))"]  # fmt: skip
    out = subprocess.run(
        [sys.executable, "-c", "\n".join(script)], capture_output=True, check=True, text=True
    )
    return int(out.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="memory is measured as Unix reports it")
@pytest.mark.slow
def test_a_recording_takes_a_small_multiple_of_its_size(tmp_path):
    n = 2_000_000
    cells = np.zeros(n, events.EVENT_DTYPE)
    cells["t"] = np.arange(n)
    np.save(tmp_path / "a.npy", cells)
    np.save(tmp_path / "small.npy", cells[:9])
    size = (tmp_path / "a.npy").stat().st_size
    text = tmp_path / "a.csv"
    rows = np.array([b"%d,1,2,0\n" % k for k in range(10**6, 2 * 10**6)])
    text.write_bytes(b"t,x,y,p\n" + rows.tobytes())
    n_text = text.stat().st_size
    (tmp_path / "small.csv").write_text("t,x,y,p\n1,1,2,0\n")
    before = ["from mottle.sensors.files import EventReader, read_events",
              f"read_events({str(tmp_path / 'small.csv')!r})",
              f"read_events({str(tmp_path / 'small.npy')!r})"]  # fmt: skip
    path = str(tmp_path / "a.npy")
    assert rise([*before, f"read_events({path!r})"]) < 2.5 * size
    assert rise([*before, f"sum(part.size for part in EventReader({path!r}))"]) < 1.2 * size
    assert rise([*before, f"read_events({str(text)!r})"]) < 4 * n_text
    assert rise([*before, f"sum(part.size for part in EventReader({str(text)!r}))"]) < 2 * n_text


def test_a_member_of_an_npz_that_is_no_array_is_named(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("notes.txt", b"hello")
    (tmp_path / "a.npz").write_bytes(out.getvalue())
    for reader in (read, read_events, read_samples):
        with pytest.raises(ValueError, match=r"its member 'notes\.txt' is none"):
            reader(tmp_path / "a.npz")
