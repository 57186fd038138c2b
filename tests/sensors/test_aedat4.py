"""AEDAT 4: every compression, several streams, cut and damaged files; other libraries agree."""

import event_writers as files
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mottle.sensors.files import EventReader, read_events

pytest.importorskip("lz4")
pytest.importorskip("zstandard")
NAMES = ("none", "lz4", "lz4 high", "zstd", "zstd high")
EVENTS = files.draw(1234)


def write(tmp_path, **options):
    path = tmp_path / "e.aedat4"
    path.write_bytes(files.aedat4(EVENTS, **options))
    return path


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("compression", range(5), ids=NAMES)
def test_packets_come_back_whatever_their_compression(compression, table, tmp_path):
    path = write(tmp_path, compression=compression, table=table)
    file = read_events(path)
    assert_array_equal(file.events, EVENTS)
    assert file.sensor_size == (300, 200)
    assert file.repairs == {}
    parts = list(EventReader(path, chunk_bytes=2000))
    assert [part.size for part in parts] == [200] * 6 + [34]


@pytest.mark.parametrize("compression", ["NONE", "LZ4", "LZ4_HIGH", "ZSTD", "ZSTD_HIGH"])
def test_what_dv_writes_comes_back(compression, tmp_path):
    dv = pytest.importorskip("dv_processing")
    path = tmp_path / "dv.aedat4"
    store, some = dv.EventStore(), dv.EventStore()
    for k, (t, x, y, p) in enumerate(EVENTS.tolist()):
        for each in (store, some)[: 1 + (k >= EVENTS.size - 100)]:
            each.push_back(1_600_000_000_000_000 + t, x, y, bool(p))
    config = dv.io.MonoCameraWriter.Config("cam", getattr(dv.CompressionType, compression))
    config.addEventStream((300, 200))
    config.addEventStream((300, 200), "second")
    writer = dv.io.MonoCameraWriter(str(path), config)
    writer.writeEvents(store)
    writer.writeEvents(some, streamName="second")
    del writer  # closes the file
    with pytest.raises(ValueError, match=r"streams of events 0 \(events\), 1 \(second\): name one"):
        read_events(path)
    for key, expected in ((0, EVENTS), ("events", EVENTS), ("second", EVENTS[-100:])):
        file = read_events(path, key=key)
        assert_array_equal(file.events["t"] - 1_600_000_000_000_000, expected["t"])
        assert_array_equal(file.events[["x", "y", "p"]], expected[["x", "y", "p"]])
        assert file.sensor_size == (300, 200)


@pytest.mark.parametrize("compression", [("lz4", 1), ("lz4", 9), ("zstd", 3), None])
def test_what_faery_writes_comes_back(compression, tmp_path):
    faery = pytest.importorskip("faery")
    theirs = np.zeros(EVENTS.size, faery.EVENTS_DTYPE)
    for own, other in zip("txyp", ("t", "x", "y", "on"), strict=True):
        theirs[other] = EVENTS[own]
    stream = faery.events_stream_from_array(theirs, (300, 200))
    stream.to_file(tmp_path / "f.aedat4", compression=compression)
    assert_array_equal(read_events(tmp_path / "f.aedat4").events, EVENTS)


def test_one_of_several_streams_is_chosen_by_number_or_name(tmp_path):
    path = write(tmp_path, streams=((0, "left"), (3, "right")))
    for key in (0, 3, "3", "right"):
        assert_array_equal(read_events(path, key=key).events, EVENTS)
    for key in (1, "imu", "7"):
        with pytest.raises(ValueError, match=r"no stream of events .*; it has 0 \(left\), 3 \(r"):
            read_events(path, key=key)
    with pytest.raises(ValueError, match="name one with key=, by its number"):
        read_events(path)


def test_a_cut_file_keeps_its_whole_packets(tmp_path):
    data = files.aedat4(EVENTS)
    (tmp_path / "cut.aedat4").write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ValueError, match=r"names byte \d+ of \d+ as the end of its packets"):
        read_events(tmp_path / "cut.aedat4")
    file = read_events(tmp_path / "cut.aedat4", on_bad="drop")
    assert 500 < file.events.size < 1000
    assert_array_equal(file.events, EVENTS[: file.events.size])
    assert set(file.repairs) == {"ends of packets not found", "bytes at a cut end"}


def test_a_damaged_packet_is_named_or_left_out(tmp_path):
    data = bytearray(files.aedat4(EVENTS, table=False))
    place = data.index(b"\x04\x22\x4d\x18", 3000)  # a frame of LZ4
    data[place : place + 4] = b"abcd"
    (tmp_path / "bad.aedat4").write_bytes(data)
    with pytest.raises(ValueError, match=rf"the packet at byte {place - 8} of .* cannot be read"):
        read_events(tmp_path / "bad.aedat4")
    file = read_events(tmp_path / "bad.aedat4", on_bad="drop")
    assert file.repairs["packets left out"] == 1
    assert file.events.size in (EVENTS.size - 100, EVENTS.size - 34, EVENTS.size)


@pytest.mark.parametrize("compression", [1, 3, 4], ids=["lz4", "zstd", "zstd that states its size"])
def test_a_packet_that_unpacks_to_too_much_is_refused(compression, tmp_path):
    events = np.zeros(300_000, files.EVENT_DTYPE)
    path = tmp_path / "e.aedat4"
    data = files.aedat4(events[:100], compression, table=False)
    import lz4.frame
    import zstandard

    block = files.flatbuffer(b"EVTS", b"", [], bytes(16 * events.size), 16)
    block = np.array([len(block)], "<u4").tobytes() + block
    packed = {1: lz4.frame.compress, 3: zstandard.ZstdCompressor(write_content_size=False).compress,
              4: zstandard.ZstdCompressor().compress}[compression](block)  # fmt: skip
    path.write_bytes(data + np.array([0, len(packed)], "<i4").tobytes() + packed)
    assert read_events(path).events.size == 300_100
    with pytest.raises(ValueError, match=r"comes to \d+ bytes, more than max_bytes=1000000"):
        read_events(path, max_bytes=1_000_000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"IOHE", b"IOHX", "instead of b'IOHE'"), (b"EVTS</attr>", b"FRME</attr>", "no stream"),
        (b"<dv ", b"<!v ", "declares entities"), (b"</dv>", b"<dv> ", "cannot be read"),
        (b'"0" path', b'"a" path', "a stream has the number 'a'"),
        (b"sizeX", b"sizeZ", None),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_read_is_refused_with_the_reason(old, new, message, tmp_path):
    path = tmp_path / "e.aedat4"
    path.write_bytes(files.aedat4(EVENTS).replace(old, new))
    if message is None:
        assert read_events(path).sensor_size is None
        return
    with pytest.raises(ValueError, match=message):
        read_events(path)
