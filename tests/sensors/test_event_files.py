"""Event files: real ones by the hashes of their fields, written ones byte by byte, damaged ones."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from event_writers import (
    WRITERS,
    cdr,
    dat,
    draw,
    fields,
    mutate,
    sample,
    write,
    write_bag,
    write_bag_2,
    write_spikes,
)  # fmt: skip
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat

from mottle.sensors.files import EventReader, read, read_events, read_spikes
from mottle.sensors.files.mat import read_matrix

HERE = Path(__file__).parent / "files"
REAL = Path(os.environ.get("MOTTLE_DATA", "")) / "event-files"
HASHES = {  # sha256 of t, x, y, p as int64 little-endian, first 16 digits
    "evt3_sample.raw": "0ec9b6fdd0d36784 1a10c745c766fb63 69882d3358554118 2d3fe810674a0ac1",
    "evt2_sample.raw": "64fec5ce1b270d80 a573bcc002c344fb 4423574ead1cd342 28ed6c2f1b221104",
    "evt2_faery.raw": "ecac3caf317a6737 50bd0c37ba41091b 7d83c005f6851b70 d4dbca9095ff7065",
    "sample_ncars.dat": "e9e618b87bd7acec 5416b797c8452a66 29d470d6e22ce889 f46e03c7d971c71b",
    "dvs.es": "a40868f587354c3e 024c11efe9a13970 cd06a0beb0efead7 c0c3c39c34eab873",
    "sample.aedat4": "4501ef229eb5b956 3f22cf291e6e1856 393c1d148985605d f1e15fd9499df5ff",
    "evt3_640x480_cut.bin": "a46b9faec19df831 94fadd89e363fe4f b1929d0f6c121a64 d126ea8093d85e7f",
    "test_events_1.bag": "dac2ac92549d5540 b2826a1a8c51ed32 cf708c35ec66d461 b3a6b62c9f833a3b",
}


def hashes(events):
    return [hashlib.sha256(events[k].astype("<i8").tobytes()).hexdigest()[:16] for k in "txyp"]


@pytest.mark.parametrize("name", HASHES)
def test_real_files_decode_to_the_known_fields(name):
    if not (REAL / name).is_file():
        pytest.skip(f"MOTTLE_DATA has no event-files/{name}")
    kind = "evt3" if name.endswith(".bin") else None
    assert hashes(read_events(REAL / name, format=kind).events) == HASHES[name].split()


def test_shipped_cut_of_a_real_recording_decodes_to_the_known_fields():
    file = read_events(HERE / "evt3_1280x720_cut.bin", format="evt3", sensor_size=(1280, 720))
    assert hashes(file.events) == [
        "ba18da0a753905d3", "a3a4af2e0c5888c0", "c3665d31e4b1f3af", "6b6f34f0f955130b"
    ]  # fmt: skip
    assert file.repairs == {}
    assert file.events["p"].sum() == 15533


@pytest.mark.parametrize("name", WRITERS)
def test_written_events_come_back_whatever_the_chunk(name, tmp_path):
    events = sample(name)
    path = write(tmp_path, name, events)
    file = read_events(path)
    assert file.format == name
    assert_array_equal(file.events, events)
    assert file.repairs == {}
    for chunk_bytes in (64, 1000):
        reader = EventReader(path, chunk_bytes=chunk_bytes)
        for _ in range(2):  # a second pass starts anew
            parts = list(reader)
            assert len(parts) > 2 or name == "aedat3.1"
            assert_array_equal(np.concatenate(parts), events)


@pytest.mark.parametrize("name", ["evt2", "evt3", "dat", "es", "sample.aedat4"])
def test_faery_reads_the_same(name, tmp_path):
    faery = pytest.importorskip("faery")
    if name in WRITERS:
        path = write(tmp_path, name, draw(2000))
    elif not (path := REAL / name).is_file():
        pytest.skip(f"MOTTLE_DATA has no event-files/{name}")
    mine = read_events(path, sensor_size=(300, 200) if name in WRITERS else None).events
    size = {"dimensions_fallback": (300, 200)} if name == "evt2" else {}
    theirs = faery.events_stream_from_file(path, **size).to_array()
    for own, other in zip("txyp", ("t", "x", "y", "on" if "on" in theirs.dtype.names else "p"),
                          strict=True):  # fmt: skip
        assert_array_equal(mine[own], theirs[other].astype(np.int64))


def test_atis_streams_leave_out_exposures_as_faery_does(tmp_path):
    rng, t, expected = np.random.default_rng(0), 0, []
    out = bytearray(b"Event Stream\x02\x00\x00\x02" + np.array([300, 200], "<u2").tobytes())
    for k in range(200):
        late, x, y, p = (int(rng.integers(n)) for n in (400, 300, 200, 2))
        t += late
        while late >= 63:  # up to three overflows in a byte
            times = min(late // 63, 3)
            out.append(0b11111100 | times)
            late -= 63 * times
        exposure = k % 5 == 0
        out += bytes([late << 2 | p << 1 | exposure]) + np.array([x, y], "<u2").tobytes()
        if not exposure:
            expected.append((t, x, 199 - y, p))
    (tmp_path / "a.es").write_bytes(out)
    events = read_events(tmp_path / "a.es").events
    assert events.tolist() == expected
    faery = pytest.importorskip("faery")
    theirs = faery.events_stream_from_file(tmp_path / "a.es").to_array()
    for own, other in zip("txyp", ("t", "x", "y", "on"), strict=True):
        assert_array_equal(events[own], theirs[other].astype(np.int64))


def test_version_one_of_dat_has_narrow_fields(tmp_path):
    events = draw(width=300, height=200)
    (tmp_path / "old.dat").write_bytes(dat(events, 1))
    assert_array_equal(read_events(tmp_path / "old.dat").events, events)


@pytest.mark.parametrize(
    ("name", "bits"), [("evt2", 34), ("evt2.1", 34), ("evt3", 24), ("dat", 32), ("aedat2", 32)]
)
def test_clocks_that_wrap_run_on(name, bits, tmp_path):
    events = sample(name)
    events["t"] += (1 << bits) - int(events["t"][250])
    path = write(tmp_path, name, events)
    got = read_events(path).events
    assert_array_equal(got["t"], events["t"])


def test_vectors_of_evt3_hold_a_pixel_a_bit(tmp_path):
    words = [0x8000, 0x6005, 0x0007, 0x3000 | 1 << 11 | 30, 0x4000 | 0b1001, 0x5000 | 0b10000001]
    (tmp_path / "v.raw").write_bytes(b"% evt 3.0\n" + np.array(words, "<u2").tobytes())
    events = read_events(tmp_path / "v.raw").events
    assert events["x"].tolist() == [30, 33, 42, 49]
    assert set(events["t"]) == {5}
    assert set(events["y"]) == {7}


@pytest.mark.parametrize(
    "text",
    [
        "t,x,y,p\n10,3,4,1\n25,3,5,0\n",
        "10 3 4 1\n25 3 5 0\n",
        "x;y;polarity;timestamp\n3;4;1;10\n3;5;-1;25\n",
        "0.00001 3 4 1\n0.000025 3 5 0\n",
    ],
)
def test_tables_give_their_events(text, tmp_path):
    (tmp_path / "e.txt").write_text(text)
    assert read_events(tmp_path / "e.txt").events.tolist() == [(10, 3, 4, 1), (25, 3, 5, 0)]


def test_arrays_give_their_events(tmp_path):
    events = draw()
    np.save(tmp_path / "a.npy", events)
    np.save(tmp_path / "b.npy", np.stack(list(fields(events)), axis=1))
    for name in "ab":
        assert_array_equal(read_events(tmp_path / f"{name}.npy").events, events)
        reader = EventReader(tmp_path / f"{name}.npy")
        for _ in range(2):  # a second pass starts anew
            assert_array_equal(np.concatenate(list(reader)), events)
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="pickled objects are not loaded"):
        read_events(tmp_path / "c.npy")


@pytest.mark.parametrize("layout", ["dsec", "prophesee"])
def test_hdf5_gives_its_events(layout, tmp_path):
    h5py = pytest.importorskip("h5py")
    events = draw(3000)
    with h5py.File(tmp_path / "e.h5", "w") as file:
        if layout == "dsec":
            for name in "txyp":
                file[f"events/{name}"] = events[name] - (1000 if name == "t" else 0)
            file["t_offset"] = 1000
        else:
            file["CD/events"] = events[["x", "y", "p", "t"]]
    assert_array_equal(read(tmp_path / "e.h5").events, events)
    parts = list(EventReader(tmp_path / "e.h5", chunk_bytes=16_000))
    assert [part.size for part in parts] == [1000, 1000, 1000]
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        file["states"] = np.ones(3)
    with pytest.raises(ValueError, match="has no group with datasets t, x, y and p"):
        read_events(tmp_path / "odd.h5")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "e.h5").read_bytes()[:900])
    with pytest.raises(ValueError, match="cannot be read as HDF5"):
        read_events(tmp_path / "cut.h5")


def test_spike_trains_of_st_mnist_give_their_events(tmp_path):
    train = np.zeros((101, 4))
    train[[3, 57, 99, 0], range(4)] = [1, -1, 1, 1]
    train[100] = [0.001, 0.002, 0.002, 0.5]
    savemat(tmp_path / "s.mat", {"spiketrain": train})
    file = read(tmp_path / "s.mat")
    assert file.sensor_size == (10, 10)
    assert file.events.tolist() == [
        (1000, 3, 0, 1), (2000, 7, 5, 0), (2000, 9, 9, 1), (500_000, 0, 0, 1)
    ]  # fmt: skip
    savemat(tmp_path / "odd.mat", {"spiketrain": train[:50]})
    with pytest.raises(ValueError, match=r"has shape \(50, 4\); expected 100 rows of taxels"):
        read_events(tmp_path / "odd.mat")
    (tmp_path / "cut.mat").write_bytes((tmp_path / "s.mat").read_bytes()[:150])
    with pytest.raises(ValueError, match="holds no readable 'spiketrain'"):
        read_events(tmp_path / "cut.mat")
    if (REAL / "sample_stmnist.mat").is_file():
        real = read_events(REAL / "sample_stmnist.mat").events
        assert real.size == 2346
        assert 0 < real["t"][-1] < 10_000_000


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["f8", "f4", "i1", "u2", "i8"])
def test_matrices_of_matlab_are_read_as_scipy_reads_them(packed, kind, tmp_path):
    matrix = np.arange(-3, 3).reshape(2, 3).astype(kind)
    savemat(tmp_path / "m.mat", {"a": "text", "m": matrix, "z": 1j}, do_compression=packed)
    assert_array_equal(read_matrix(tmp_path / "m.mat", "m"), loadmat(tmp_path / "m.mat")["m"])
    for name, message in (("b", "it has a, m, z"), ("a", "no full matrix"), ("z", "no full")):
        with pytest.raises(ValueError, match=message):
            read_matrix(tmp_path / "m.mat", name)


def spoilt(tmp_path, **changes):
    events = draw(50)
    for name, value in changes.items():
        events[name][20] = value
    return write(tmp_path, "dat", events), events


@pytest.mark.parametrize("on_bad", ["drop", "repair"])
def test_times_that_go_back_are_counted_and_repaired(on_bad, tmp_path):
    path, events = spoilt(tmp_path, t=0)
    with pytest.raises(
        ValueError, match=r"time goes back at event 20 of .*, to 0 us.*; on_bad='drop'"
    ):
        read_events(path)
    file = read_events(path, on_bad=on_bad)
    assert file.repairs == {"times that went back": 1}
    if on_bad == "drop":
        assert_array_equal(file.events, np.delete(events, 20))
    else:
        events["t"][20] = events["t"][19]
        assert_array_equal(file.events, events)


@pytest.mark.parametrize("on_bad", ["drop", "repair"])
def test_events_outside_the_sensor_are_counted_and_dropped(on_bad, tmp_path):
    path, events = spoilt(tmp_path, x=301)
    with pytest.raises(ValueError, match=r"event 20 of .* has x=301.* sensor of 300 x 200 pixels"):
        read_events(path)
    file = read_events(path, on_bad=on_bad)
    assert file.repairs == {"outside the sensor": 1}
    assert_array_equal(file.events, np.delete(events, 20))
    assert read_events(path, sensor_size=(302, 200)).repairs == {}


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("aedat3.1", "aedat4")])
def test_a_cut_end_is_named_by_its_byte_and_the_rest_kept(name, tmp_path):
    events = sample(name)
    path = write(tmp_path, name, events)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"ends within an event: \d bytes from byte \d+"):
        read_events(path)
    file = read_events(path, on_bad="drop")
    assert_array_equal(file.events, events[:-1])
    assert file.repairs["bytes at a cut end"] in (1, 3, 4, 7)


@pytest.mark.parametrize(
    ("content", "suffix", "message"),
    [
        (b"", ".raw", "is empty: 0 bytes"),
        (b"hello world", ".raw", "begins with b'hello world', which no event format does"),
        (b"% evt 2.0\n% end\n", ".raw", "holds no event"),
        (b"% evt 2.0", ".raw", "does not end within 9 bytes"),
        (b"% Version 2\n\x0c\x10", ".dat", "names an event size of 16 bytes at byte 13"),
        (b"Event Stream\x02\x00\x00\x00", ".es", "events of type 0"),
        (b"t,x,y\n1,2,3\n", ".csv", "has the columns t, x, y and lacks p"),
        (b"t,x,y,p\n1,2,oops,1\n", ".csv", "holds 'oops' as y in row 0"),
        (b"1,2,3\n", ".csv", "has 3 columns without names"),
    ],
)  # fmt: skip
def test_what_is_no_event_file_is_refused_with_the_reason(content, suffix, message, tmp_path):
    (tmp_path / f"bad{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_events(tmp_path / f"bad{suffix}")


def test_read_distinguishes_events_from_samples(tmp_path):
    events = draw()
    for name in ("evt2", "es", "aedat3.1"):
        assert_array_equal(read(write(tmp_path, name, events)).events, events)
    np.save(tmp_path / "e.npy", events)
    assert_array_equal(read(tmp_path / "e.npy").events, events)
    np.save(tmp_path / "s.npy", np.ones((5, 4)))
    assert read(tmp_path / "s.npy").dims == ("time", "channel")
    (tmp_path / "e.csv").write_text("time,x,y,on\n10,3,4,1\n")
    (tmp_path / "s.csv").write_text("time,x,y,z\n10,3,4,1\n")
    assert read(tmp_path / "e.csv").format == "table"
    assert read(tmp_path / "s.csv").sizes["channel"] == 3
    (tmp_path / "odd.xyz").write_text("what")
    with pytest.raises(ValueError, match="which no event format does"):
        read(tmp_path / "odd.xyz")


def test_misspelt_choices_are_refused(tmp_path):
    path = write(tmp_path, "dat", draw())
    for choice, message in (
        ({"on_bad": "skip"}, "on_bad='skip': expected one of 'raise', 'drop', 'repair'"),
        ({"format": "evt4"}, "format='evt4' is not known; did you mean 'evt"),
        ({"sensor_size": (300, True)}, "sensor_size: height=True must be a whole number"),
        ({"sensor_size": 300}, r"sensor_size=300: expected \(width, height\)"),
    ):
        with pytest.raises(ValueError, match=message):
            read_events(path, **choice)


@pytest.mark.parametrize("name", [*WRITERS, "table"])
def test_damaged_files_give_events_or_a_clear_error(name, tmp_path):
    rng = np.random.default_rng(0)
    if name == "table":
        whole, suffix = b"t,x,y,p\n" + b"10,3,4,1\n25,3,5,0\n" * 20, ".csv"
    else:
        whole, suffix = WRITERS[name][0](sample(name, n=60)), WRITERS[name][1]
    path = tmp_path / f"fuzz{suffix}"
    outcomes = {"read": 0, "refused": 0}
    for k in range(150):
        path.write_bytes(mutate(whole, rng))
        try:
            events = read_events(path, on_bad=("raise", "drop", "repair")[k % 3]).events
        except ValueError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            assert (np.diff(events["t"]) >= 0).all()
            assert events["p"].max() <= 1
    assert min(outcomes.values()) > 0


def test_bags_of_event_arrays_come_back(tmp_path):
    pytest.importorskip("rosbags")
    events = draw(300, 240, 180)
    write_bag(tmp_path / "a.bag", [events[:100], events[100:100], events[100:]])
    file = read_events(tmp_path / "a.bag")
    assert file.format == "rosbag"
    assert file.sensor_size == (240, 180)
    assert_array_equal(file.events, events)
    assert_array_equal(read(tmp_path / "a.bag").events, events)
    write_bag(tmp_path / "b.bag", [events], topics=("/left", "/right"))
    with pytest.raises(ValueError, match="/left, /right: name one with key="):
        read_events(tmp_path / "b.bag")
    assert_array_equal(read_events(tmp_path / "b.bag", key="/right").events, events)
    data = (tmp_path / "a.bag").read_bytes()
    for cut in (20, len(data) // 2, len(data) - 3):
        (tmp_path / "c.bag").write_bytes(data[:cut])
        with pytest.raises(ValueError, match=r"c\.bag"):
            read_events(tmp_path / "c.bag")


@pytest.mark.parametrize("plugin", ["SQLITE3", "MCAP"])
@pytest.mark.parametrize("encoding", ["", "evt2", "evt3", "mono"])
def test_bags_of_ros_2_come_back_as_folder_and_as_file(plugin, encoding, tmp_path):
    pytest.importorskip("rosbags")
    events = draw(300, 240, 180)
    parts = [events[:100], events[100:101], events[101:]]
    folder = tmp_path / "bag"
    write_bag_2(folder, [cdr(part, encoding) for part in parts], plugin, encoding)
    inside = next(path for path in folder.iterdir() if path.suffix != ".yaml")
    for path in (folder, inside):
        file = read(path)
        assert file.format == "rosbag"
        assert file.sensor_size == (240, 180)
        assert_array_equal(file.events, events)
    reader = EventReader(folder, key="/events")
    assert [[chunk.size for chunk in reader] for _ in range(2)] == [[100, 1, 199]] * 2
    with pytest.raises(ValueError, match="has no events of '/other'; it has /events"):
        read_events(folder, key="/other")


def test_messages_that_cannot_be_read_are_named_or_left_out(tmp_path):
    pytest.importorskip("rosbags")
    events = draw(60, 240, 180)
    good = cdr(events)
    write_bag_2(tmp_path / "bag", [cdr(events[:0]), good[:-20], good])
    with pytest.raises(
        ValueError, match=r"message 1 of .* is no dvs_msgs/msg/EventArray: \d+ bytes"
    ):
        read_events(tmp_path / "bag")
    file = read_events(tmp_path / "bag", on_bad="drop")
    assert_array_equal(file.events, events)
    assert file.repairs == {"messages left out": 1}
    write_bag_2(tmp_path / "odd", [cdr(events, "libcaer")], encoding="libcaer")
    with pytest.raises(ValueError, match="holds events as 'libcaer'; evt3, evt2, mono are read"):
        read_events(tmp_path / "odd", on_bad="drop")
    with pytest.raises(ValueError, match=r"is a folder, and without metadata\.yaml"):
        read_events(tmp_path)


def test_the_error_for_a_bag_without_events_lists_its_topics(tmp_path):
    rosbag1 = pytest.importorskip("rosbags.rosbag1")
    with rosbag1.Writer(tmp_path / "a.bag") as bag:
        sound = bag.add_connection(
            "/voice", "std_msgs/msg/String", msgdef="string data", md5sum="0"
        )
        bag.write(sound, 0, b"\0\0\0\0")
    with pytest.raises(
        ValueError, match=r"no topic of events; it has /voice \(std_msgs/msg/String"
    ):
        read(tmp_path / "a.bag")


def test_a_key_needs_a_file_of_several_streams(tmp_path):
    with pytest.raises(ValueError, match=r"key=3: .*\(dat\) holds one stream"):
        read_events(write(tmp_path, "dat", draw()), key=3)


def test_damaged_hdf5_events_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    events, path = draw(3000), tmp_path / "e.h5"
    with h5py.File(path, "w") as file:
        for name in "txyp":
            file[f"left/{name}"] = events[name]
            file[f"right/{name}"] = events[name][:1000] / (1e6 if name == "t" else 1)
        file["left/self"] = file["left"]  # a cycle
        file["out"] = h5py.ExternalLink(tmp_path / "other.h5", "/")  # is left alone
        for name in "txyp":
            file[f"short/{name}"] = events[name][: 10 if name == "x" else 20]
            file.create_dataset(f"vast/{name}", (10**12,), "u1", chunks=(10**6,))
    assert_array_equal(read_events(path, key="left").events, events)
    assert_array_equal(read_events(path, key="right", time_unit="s").events, events[:1000])
    with pytest.raises(ValueError, match=r"have fractions, such as .* time_unit= names it"):
        read_events(path, key="right")
    with pytest.raises(ValueError, match=r"holds the events left, right, .*name one with key="):
        read_events(path)
    for key, message in (
        ("short", r"have shapes .*\(20,\), \(10,\)"), ("vast", "claims 1000000000000"),
        ("up", "has no 'up'; it has left, out, right"), (5, "has no 5"),
        ("out", "is a link that leads to another file: refused"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_events(path, key=key)
    with h5py.File(path, "a") as file:
        file["right/t"][3] = np.nan
    with pytest.raises(ValueError, match=r"holds nan as t in row 3"):
        read_events(path, key="right", time_unit="s")


def test_one_recording_of_spikes_is_events_of_its_own(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "ssc.h5"
    write_spikes(path, [[0.5], [1.3998, 0.25, 0.25], []], [[699], [7, 9, 8], []])
    file = read(path, key=1)
    assert file.sensor_size == (700, 1)
    assert file.events.tolist() == [(250_000, 9, 0, 1), (250_000, 8, 0, 1), (1_399_414, 7, 0, 1)]
    some = read_spikes(path, select=[2, 0])
    assert [events.size for events in some.events] == [0, 1]
    assert some.labels.tolist() == [19, 3]
    assert some.speakers is None
    assert some.classes == []
    for key in (3, -1, "spikes"):
        with pytest.raises(ValueError, match=f"has no recording {key!r}; it has 0 to 2"):
            read_events(path, key=key)


@pytest.mark.parametrize(
    "layout", [{}, {"chunks": (2,)}, {"chunks": (2,), "compression": "gzip"}, {"maxshape": (None,)}]
)
def test_spikes_come_back_however_they_lie_in_the_file(layout, tmp_path):
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    times = [np.sort(rng.random(n)).astype(np.float16) for n in (5, 3000, 70)]
    units = [rng.integers(0, 700, len(t)) for t in times]
    write_spikes(tmp_path / "s.h5", times, units, **layout)
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file.create_dataset("extra/keys", data=["z\u00e9ro", "one"], dtype=h5py.string_dtype())
    got = read_spikes(tmp_path / "s.h5")
    assert got.classes == ["z\u00e9ro", "one"]
    for events, t, x in zip(got.events, times, units, strict=True):
        assert_array_equal(events["t"], np.round(t.astype(float) * 1e6))
        assert_array_equal(events["x"], x)


def test_bad_spikes_are_named_or_left_out(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "shd.h5"
    write_spikes(path, [[0.1], [0.5, np.nan, 1.0, 2.0], [0.5]], [[1], [7, 9, 700, 8], [4, 5]])
    for k, message in (
        (1, "spike 1 of recording 1 of .* comes at nan s"),
        (2, "recording 2 of .* has 1 times and 2 units"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_spikes(path, select=[0, k])
    got = read_spikes(path, on_bad="drop")
    assert [events["x"].tolist() for events in got.events] == [[1], [7, 8], [4]]
    assert got.repairs == {"no time": 1, "outside the sensor": 1, "spikes without time or unit": 1}
    with h5py.File(path) as file:
        place = file["spikes/times"].id.get_offset() + 16  # of recording 1
    data = bytearray(path.read_bytes())
    data[place : place + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    with pytest.raises(
        ValueError, match="list 1 of '/spikes/times', of 2147483647 numbers, is not at"
    ):
        read_spikes(path)
    write_spikes(path, [[], [], []], [[], [], []], labels=[1, 2])
    with pytest.raises(ValueError, match=r"'labels' in .* has shape \(2,\)"):
        read_spikes(path)


def test_spikes_of_many_recordings_come_back(tmp_path):
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    times = [np.sort(rng.random(n)).astype(np.float16) for n in (5, 0, 9)]
    units = [rng.integers(0, 700, len(t)).astype(np.uint16) for t in times]
    path = tmp_path / "shd.h5"
    write_spikes(path, times, units)
    with h5py.File(path, "a") as file:
        file["extra/speaker"] = [0, 0, 4]
        file["extra/keys"] = np.array([b"zero", b"null"])
    got = read_spikes(path)
    assert got.labels.tolist() == [3, 1, 19]
    assert got.speakers.tolist() == [0, 0, 4]
    assert got.classes == ["zero", "null"]
    for events, t, x in zip(got.events, times, units, strict=True):
        assert_array_equal(events["t"], np.round(t.astype(float) * 1e6))
        assert_array_equal(events["x"], x)
    for reader in (read_events, read):
        with pytest.raises(ValueError, match="read_spikes reads them"):
            reader(path)
    with h5py.File(path, "a") as file:
        file["spikes/units"][0] = units[0][:-1]
    with pytest.raises(ValueError, match=r"recording 0 .* has 5 times"):
        read_spikes(path)
