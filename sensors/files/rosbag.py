"""Events in ROS bags, message by message."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.formats import DECODERS

ARRAYS = ("dvs_msgs/msg/EventArray", "prophesee_event_msgs/msg/EventArray")
PACKETS = ("event_camera_msgs/msg/EventPacket", "event_array_msgs/msg/EventArray")
ENCODINGS = ("evt2", "evt3")  # of packets


def bag_events(path: Path, topic: str | None) -> Iterator[tuple[tuple[NDArray, ...], Any]]:
    """Yield the fields t, x, y, p of each message, and the width and height it states.

    Times of event arrays are those of the events, in microseconds since the epoch; packets keep the
    clock of the camera.
    """
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.rosbag1 import ReaderError
        from rosbags.serde import SerdeError
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise ImportError(
            f"{path} is a ROS bag, which needs one more package: pip install mottle[rosbag]"
        ) from error
    decoder = None
    try:
        store = get_typestore(Stores.ROS1_NOETIC)
        with AnyReader([path], default_typestore=store) as bag:
            known = [c for c in bag.connections if c.msgtype in (*ARRAYS, *PACKETS)]
            topics = sorted({connection.topic for connection in known})
            if not topics:
                other = ", ".join(sorted({c.msgtype for c in bag.connections})) or "nothing"
                raise ValueError(f"{path} holds {other}, but no topic of events.")
            if topic is None and len(topics) > 1:
                raise ValueError(f"{path} holds events of {', '.join(topics)}: name one with key=.")
            if topic is not None and topic not in topics:
                raise ValueError(f"{path} has no events of {topic!r}; it has {', '.join(topics)}.")
            chosen = [c for c in known if c.topic == (topic or topics[0])]
            for connection, _, raw in bag.messages(connections=chosen):
                message: Any = bag.deserialize(raw, connection.msgtype)
                size = int(message.width), int(message.height)
                if connection.msgtype in ARRAYS:
                    yield _array(message.events), size
                    continue
                if message.encoding not in ENCODINGS or message.is_bigendian:
                    raise ValueError(
                        f"{path} holds packets of encoding {message.encoding!r}; "
                        f"{' and '.join(ENCODINGS)}, little-endian, are read."
                    )
                if decoder is None:
                    decoder = DECODERS[message.encoding](b"", str(path))
                data = np.frombuffer(message.events.tobytes(), dtype=np.uint8)
                data = data[: data.size - data.size % decoder.word]
                while data.size:
                    fields, used = decoder.decode(data)
                    if not used:
                        break
                    data = data[used:]
                    yield fields, size
    except (AnyReaderError, ReaderError, SerdeError) as error:
        raise ValueError(f"{path} cannot be read as a ROS bag: {error}") from error
    except (KeyError, IndexError, AssertionError, OSError, RuntimeError, OverflowError) as error:
        raise ValueError(
            f"{path} is a damaged ROS bag ({type(error).__name__}: {error})"
        ) from error


def _array(events: Any) -> tuple[NDArray, ...]:
    """Return the fields of a list of event messages."""
    n = len(events)
    t = (e.ts.sec * 1_000_000 + e.ts.nanosec // 1000 for e in events)
    return (
        np.fromiter(t, dtype=np.int64, count=n),
        np.fromiter((e.x for e in events), dtype=np.int64, count=n),
        np.fromiter((e.y for e in events), dtype=np.int64, count=n),
        np.fromiter((e.polarity for e in events), dtype=np.int64, count=n),
    )
