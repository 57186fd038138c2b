"""AEDAT 4 of DV: packets of flatbuffers, parsed here with every place checked."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.formats.words import room
from mottle.sensors.files.limits import check_bytes

MAGIC = b"#!AER-DAT4"
VERSION = b"#!AER-DAT4.0\r\n"
COMPRESSIONS = ("none", "lz4", "lz4", "zstd", "zstd")  # by number: the last of two is the slower
EVENT = np.dtype({"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "u1"],
                  "offsets": [0, 8, 10, 12], "itemsize": 16})  # fmt: skip
EVENTS = b"EVTS"
NO_TABLE = -1  # where the writer was not closed
LZ4_TIMES = 255  # that a frame of LZ4 can grow at most
LONGEST_HEADER = 1 << 24  # bytes


class Stream(NamedTuple):
    """A stream of events: its number, its name, and the sensor's size where it is stated."""

    number: int
    name: str
    sensor_size: tuple[int, int] | None


class Header(NamedTuple):
    """What the header of a file states, and where its packets begin and end."""

    compression: str
    streams: list[Stream]
    first: int
    end: int
    n_bytes: int


class Table:
    """A table of a flatbuffer, its fields by number; every place is checked."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at
        self.fields = at - self.number("<i", at)
        self.size = self.number("<H", self.fields)

    def number(self, form: str, at: int) -> int:
        """Return a number at a byte."""
        if not 0 <= at <= len(self.data) - struct.calcsize(form):
            raise ValueError(f"byte {at} of a block of {len(self.data)} is pointed at")
        return int(struct.unpack_from(form, self.data, at)[0])

    def place(self, field: int) -> int:
        """Return where a field lies; 0 where it is left out."""
        entry = 4 + 2 * field
        step = self.number("<H", self.fields + entry) if entry + 2 <= self.size else 0
        return self.at + step if step else 0

    def value(self, field: int, form: str, default: int) -> int:
        """Return the number of a field."""
        at = self.place(field)
        return self.number(form, at) if at else default

    def vector(self, field: int, each: int) -> tuple[int, int]:
        """Return first byte and length of a list whose items have ``each`` bytes."""
        at = self.place(field)
        if not at:
            return 0, 0
        at += self.number("<I", at)
        n = self.number("<I", at)
        if at + 4 + n * each > len(self.data):
            raise ValueError(f"a list of {n} at byte {at} is longer than its block")
        return at + 4, n


def root(data: bytes, name: bytes) -> Table:
    """Return the root of a flatbuffer, after checking what it holds."""
    if len(data) < 8 or data[4:8] != name:
        raise ValueError(f"a block holds {data[4:8]!r} instead of {name!r}")
    return Table(data, struct.unpack_from("<I", data)[0])


def read_header(source: Source) -> Header:
    """Read the header of a file."""
    path, n_bytes = source.path, source.path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(len(VERSION) + 4)
        size = int.from_bytes(begin[len(VERSION) :], "little")
        if not begin.startswith(VERSION) or size > LONGEST_HEADER:
            raise ValueError(
                f"{path} begins with {begin!r}: no AEDAT 4.0, or a header of {size} bytes."
            )
        data = file.read(size)
    first = len(VERSION) + 4 + size
    try:
        if len(data) < size:
            raise ValueError(f"{size} bytes are stated and {len(data)} are there")
        table = root(data, b"IOHE")
        number = table.value(0, "<i", 0)
        end = table.value(1, "<q", NO_TABLE)
        at, n = table.vector(2, 1)
        streams = read_streams(data[at : at + n])
        if not 0 <= number < len(COMPRESSIONS):
            raise ValueError(f"its compression {number} is not known")
    except (ValueError, ElementTree.ParseError) as error:
        raise ValueError(f"the header of {path} cannot be read: {error}.") from error
    if not first <= end <= n_bytes:
        if end != NO_TABLE:
            source.faults.fault(
                f"{path} names byte {end} of {n_bytes} as the end of its packets",
                "ends of packets not found", 1,
            )  # fmt: skip
        end = n_bytes
    return Header(COMPRESSIONS[number], streams, first, end, n_bytes)


def read_streams(text: bytes) -> list[Stream]:
    """Return the streams of events that the description in a header names."""
    if b"<!" in text:
        raise ValueError("its description declares entities")
    streams = []
    for info in ElementTree.fromstring(text.rstrip(b"\0")).iter("node"):
        if info.get("name") != "outInfo":
            continue
        for node in info.findall("node"):
            words = {a.get("key"): a.text or "" for a in node.findall("attr")}
            size = {a.get("key"): a.text or "" for a in node.findall("node/attr")}
            if words.get("typeIdentifier") != EVENTS.decode():
                continue
            x, y = size.get("sizeX", ""), size.get("sizeY", "")
            both = (int(x), int(y)) if x.isdecimal() and y.isdecimal() else None
            if not (node.get("name") or "").isdecimal():
                raise ValueError(f"a stream has the number {node.get('name')!r}")
            number = int(str(node.get("name")))
            streams.append(Stream(number, words.get("originalOutputName", ""), both))
    return streams


def choose_stream(source: Source, streams: list[Stream]) -> Stream:
    """Return the stream that ``key`` names, by number or name, or the only one."""
    known = ", ".join(f"{stream.number} ({stream.name})" for stream in streams) or "none"
    wanted = [s for s in streams if source.key in (None, s.number, str(s.number), s.name)]
    if not streams or not wanted:
        raise ValueError(
            f"{source.path} has no stream of events"
            f"{'' if source.key is None else f' {source.key!r}'}; it has {known}."
        )
    if len(wanted) > 1:
        raise ValueError(
            f"{source.path} holds the streams of events {known}: name one with key=, by its number."
        )
    return wanted[0]


def start(source: Source) -> None:
    """Take the sensor's size from the header, where the caller gives none."""
    if source.sensor_size is None:
        held = source.faults.on_bad, dict(source.faults.repairs)
        source.faults.on_bad = "drop"  # the end of the packets matters when they are read
        try:
            source.sensor_size = choose_stream(source, read_header(source).streams).sensor_size
        finally:
            source.faults.on_bad, source.faults.repairs = held


def unpacker(compression: str, source: Source) -> Callable[[bytes], bytes]:
    """Return what unpacks a packet, up to as many bytes as the file may come to."""
    limit, what = source.limit, f"a packet of {source.path}"
    if compression == "none":
        return lambda data: data
    try:
        import lz4.frame
        import zstandard
    except ImportError as error:
        raise ImportError(
            f"{source.path} is AEDAT 4, packed by {compression}, which needs more packages: "
            "pip install mottle[aedat4]"
        ) from error

    def lz4_bytes(data: bytes) -> bytes:
        if LZ4_TIMES * len(data) <= limit:
            return bytes(lz4.frame.decompress(data))
        frame: Any = lz4.frame.LZ4FrameDecompressor()
        out: bytes = frame.decompress(data, max_length=limit + 1)
        check_bytes(what, len(out), limit)
        if not frame.eof:
            raise ValueError("a frame of LZ4 is cut")
        return out

    def zstd_bytes(data: bytes) -> bytes:
        stated = zstandard.frame_content_size(data)
        check_bytes(what, stated, limit)
        if stated >= 0:
            return zstandard.ZstdDecompressor().decompress(data)
        reader = zstandard.ZstdDecompressor().stream_reader(data)
        out: bytes = reader.read(limit + 1)
        check_bytes(what, len(out), limit)
        return out

    return lz4_bytes if compression == "lz4" else zstd_bytes


def read_packets(
    source: Source, file: BinaryIO, header: Header, number: int
) -> Iterator[tuple[int, bytes]]:
    """Yield place and bytes of the packets of one stream."""
    at = header.first
    file.seek(at)
    while at < header.end:
        head = file.read(8)
        stream, size = struct.unpack("<ii", head) if len(head) == 8 else (-1, -1)
        if stream < 0 or not 0 <= size <= header.end - at - 8:
            source.faults.fault(
                f"{source.path} ends within a packet, at byte {at} of {header.n_bytes}",
                "bytes at a cut end", header.end - at,
            )  # fmt: skip
            return
        if stream == number:
            yield at, file.read(size)
        else:
            file.seek(size, 1)
        at += 8 + size


def read_events_of(data: bytes) -> NDArray[np.void]:
    """Return the events of an unpacked packet, as they lie there."""
    if len(data) < 4:
        raise ValueError(f"it has {len(data)} bytes")
    size = int.from_bytes(data[:4], "little")
    if size > len(data) - 4:
        raise ValueError(f"it states {size} bytes and has {len(data) - 4}")
    block = data[4:]
    at, n = root(block, EVENTS).vector(0, EVENT.itemsize)
    return np.frombuffer(block, EVENT, n, at)


def read_aedat4(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of as many packets at once as ``source.chunk_bytes`` hold."""
    header = read_header(source)
    stream = choose_stream(source, header.streams)
    source.sensor_size = source.sensor_size or stream.sensor_size
    unpack = unpacker(header.compression, source)
    waiting: list[NDArray[np.void]] = []
    n_bytes = 0
    with source.path.open("rb") as file:
        for at, packed in read_packets(source, file, header, stream.number):
            place = f"the packet at byte {at} of {source.path}"
            try:
                events = read_events_of(unpack(packed))
            except Exception as error:  # the libraries raise many kinds for damaged packets
                if "max_bytes" in str(error):
                    raise
                source.faults.fault(f"{place} cannot be read: {error}", "packets left out", 1)
                continue
            waiting.append(events)
            n_bytes += events.nbytes
            if n_bytes >= source.chunk_bytes:
                yield join(waiting)
                waiting, n_bytes = [], 0
    if waiting:
        yield join(waiting)


def join(packets: list[NDArray[np.void]]) -> Fields:
    """Return the fields of packets, one after another."""
    n = sum(packet.size for packet in packets)
    fields = room(n)
    at = 0
    for packet in packets:
        for field, name in zip(fields, "txyp", strict=True):
            field[at : at + packet.size] = packet[name]
        at += packet.size
    return fields


AEDAT4 = EventFormat(
    name="aedat4", read=read_aedat4, begins=(MAGIC,), start=start, several=True
)  # fmt: skip
