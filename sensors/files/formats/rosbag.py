"""Messages of event cameras in ROS bags: the library opens the bag, the messages are read here."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.faults import Faults, Fields
from mottle.sensors.files.formats.bag_chunks import check_chunks
from mottle.sensors.files.formats.prophesee import Evt2, Evt3
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.formats.words import Decoder

MAGIC = b"#ROSBAG V2.0"
MAGIC_2 = (b"SQLite format 3\0", b"\x89MCAP0\r\n")  # the files of rosbag 2
ENCODINGS = ("evt3", "evt2", "mono")
DECODERS: dict[str, type[Decoder]] = {"evt3": Evt3, "evt2": Evt2}
EVENT = [("x", "u2"), ("y", "u2"), ("s", "u4"), ("ns", "u4"), ("p", "u1")]  # in an array
LATEST = 2**62  # ns, of a time base


class Message:
    """The bytes of a message, taken in order; ROS 2 (CDR) aligns each number to its own size."""

    def __init__(self, data: bytes, ros2: bool):
        self.ros2, self.at = ros2, 0
        self.order = ">" if ros2 and data[1:2] == b"\0" else "<"
        self.data = data[4:] if ros2 else data

    def take(self, kind: Any, n: int = 1) -> NDArray:
        """Take ``n`` numbers."""
        dtype = np.dtype(kind).newbyteorder(self.order)  # type: ignore[arg-type]
        if self.ros2 and dtype.names is None:
            self.at += -self.at % dtype.itemsize
        end = self.at + n * dtype.itemsize
        if end > len(self.data):
            raise ValueError(f"{end} bytes are claimed and {len(self.data)} are there")
        found = np.frombuffer(self.data[self.at : end], dtype=dtype)
        self.at = end
        return found

    def number(self, kind: str) -> int:
        """Take one number."""
        return int(self.take(kind)[0])

    def text(self) -> str:
        """Take a text."""
        return self.take("u1", self.number("u4")).tobytes().rstrip(b"\0").decode("latin-1")

    def head(self) -> tuple[int, int] | None:
        """Take the header; return the width and height of the sensor if it states them."""
        self.take("u4", 2 if self.ros2 else 3)  # stamp, before it a counter in ROS 1
        self.text()
        height, width = self.take("u4", 2).tolist()
        return (width, height) if width and height else None

    def end(self) -> None:
        """Raise if something is left over."""
        if len(self.data) - self.at > (3 if self.ros2 else 0):
            raise ValueError(f"{len(self.data) - self.at} bytes are left over")


class Packet(NamedTuple):
    """What one message holds: fields of events, or bytes in an encoding."""

    sensor_size: tuple[int, int] | None
    fields: Fields | None
    encoding: str = ""
    data: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)


def read_array(message: Message) -> Packet:
    """Read an array of events: x, y, time and polarity each."""
    size = message.head()
    n = message.number("u4")
    if not message.ros2 or n == 0:
        found = message.take(EVENT, n)
        x, y, s, ns, p = (found[name].astype(np.int64) for name, _ in EVENT)
    else:  # aligned: the first takes 13 bytes, each other one 16, of which x are the first two
        whole = np.concatenate([message.take("u1", 16 * n - 3), np.zeros(3, dtype=np.uint8)])
        short = whole.view(f"{message.order}u2").astype(np.int64)
        long = whole.view(f"{message.order}u4").astype(np.int64)
        x, y = np.append(short[:1], short[7:-1:8]), np.append(short[1:2], short[8::8])
        s, ns, p = long[1::4], long[2::4], whole[12::16].astype(np.int64)
    message.end()
    return Packet(size, (s * 1_000_000 + ns // 1000, x, y, p))


def read_packet(message: Message) -> Packet:
    """Read a packet: bytes as the camera encoded them."""
    size = message.head()
    message.number("u8")  # counter
    base, encoding, big = message.number("u8"), message.text(), message.number("u1")
    data = message.take("u1", message.number("u4"))
    message.end()
    if big or encoding != "mono":
        return Packet(size, None, f"big-endian {encoding}" if big else encoding, data)
    if base > LATEST or data.size % 8:
        raise ValueError(f"the time base is {base} ns, and {data.size} bytes hold 8 an event")
    word = data.view("<u8")
    t = (base + (word & 0xFFFFFFFF).astype(np.int64)) // 1000
    fields = word >> 32 & 0xFFFF, word >> 48 & 0x7FFF, word >> 63
    return Packet(size, (t, *(field.astype(np.int64) for field in fields)))


READERS = {
    "dvs_msgs/msg/EventArray": read_array,
    "prophesee_event_msgs/msg/EventArray": read_array,
    "event_camera_msgs/msg/EventPacket": read_packet,
    "event_array_msgs/msg/EventArray": read_packet,  # its name before 2023
}


def bag_chunks(
    path: Path, key: Any, faults: Faults
) -> Iterator[tuple[tuple[int, int] | None, Fields]]:
    """Yield the sensor's size and t, x, y, p, message by message of the topic ``key``."""
    decoder: Decoder | None = None
    for k, (kind, ros2, data) in enumerate(_messages(path, key)):
        place = f"message {k} of {path}"
        try:
            packet = READERS[kind](Message(data, ros2))
        except ValueError as error:
            faults.fault(f"{place} is no {kind}: {error}", "messages left out", 1)
            continue
        if packet.fields is not None:
            yield packet.sensor_size, packet.fields
            continue
        if packet.encoding not in ENCODINGS:
            raise ValueError(
                f"{place} holds events as {packet.encoding!r}; {', '.join(ENCODINGS)} are read. "
                "Convert the bag with the tools of its camera."
            )
        if decoder is None or decoder.name != packet.encoding:
            decoder = DECODERS[packet.encoding](b"", place)
        for fields in decoder.decode_all(packet.data):
            yield packet.sensor_size, fields
        if left := packet.data.size - decoder.used:
            faults.fault(f"{place} ends within an event", "bytes at a cut end", left)
    for reason, count in (decoder.repairs() if decoder else {}).items():
        faults.note(reason, count)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever a damaged bag makes the library raise into a ValueError."""
    try:
        yield
    except Exception as error:  # the libraries raise many kinds for damaged files
        raise ValueError(
            f"{path} cannot be read as a ROS bag: {error or type(error).__name__}. If it was not "
            "closed, 'rosbag reindex' or 'ros2 bag reindex' may repair it."
        ) from error


def _messages(path: Path, key: Any) -> Iterator[tuple[str, bool, bytes]]:
    """Yield type, whether it is ROS 2, and bytes of every message of one topic of events."""
    try:
        from rosbags import rosbag1, rosbag2
    except ImportError as error:
        raise ImportError(
            f"{path} is a ROS bag, which needs one more package: pip install mottle[rosbag]"
        ) from error
    ros2 = path.is_dir()
    if not ros2:
        with path.open("rb") as file:
            ros2 = file.read(len(MAGIC)) != MAGIC
    with ExitStack() as stack:
        with _readable(path):
            reader: Any = rosbag2.Reader(path) if ros2 else rosbag1.Reader(path)
            stack.enter_context(reader)
            kinds = {c.topic: c.msgtype for c in reader.connections}
        topics = sorted(topic for topic, kind in kinds.items() if kind in READERS)
        every = ", ".join(f"{topic} ({kind})" for topic, kind in kinds.items()) or "none"
        if not topics:
            raise ValueError(
                f"{path} has no topic of events; it has {every}, and {', '.join(READERS)} are read."
            )
        if key is None and len(topics) > 1:
            raise ValueError(f"{path} holds events of {', '.join(topics)}: name one with key=.")
        if key is not None and key not in topics:
            raise ValueError(f"{path} has no events of {key!r}; it has {every}.")
        topic = key or topics[0]
        wanted = [c for c in reader.connections if c.topic == topic and c.msgtype in READERS]
        messages = reader.messages(connections=wanted)
        while True:
            with _readable(path):
                found = next(messages, None)
            if found is None:
                return
            yield found[0].msgtype, ros2, bytes(found[2])


def read_rosbag(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p message by message; ``key`` is the topic."""
    check_chunks(source.path, source.limit)
    for size, fields in bag_chunks(source.path, source.key, source.faults):
        source.sensor_size = source.sensor_size or size
        yield fields


ROSBAG = EventFormat(
    name="rosbag", read=read_rosbag, begins=(MAGIC, *MAGIC_2), folder_file="metadata.yaml",
    several=True,
)  # fmt: skip
