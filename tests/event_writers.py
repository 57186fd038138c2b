"""Events written in every format, from the formats' descriptions: the readers' second encoders."""

import numpy as np

from mottle.sensors import EVENT_DTYPE


def draw(n=500, width=300, height=200, step=40, seed=0):
    rng = np.random.default_rng(seed)
    events = np.zeros(n, dtype=EVENT_DTYPE)
    events["t"] = np.cumsum(rng.integers(0, step, n))
    events["x"], events["y"] = rng.integers(0, width, n), rng.integers(0, height, n)
    events["p"] = rng.integers(0, 2, n)
    return events


def fields(events):
    return (events[name].astype(np.int64) for name in "txyp")


def evt2(events, wrap=1 << 28):
    words, high = [], None
    for t, x, y, p in zip(*fields(events), strict=True):
        if t >> 6 != high:
            high = t >> 6
            words.append(8 << 28 | high % wrap)
        words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
    return b"% evt 2.0\n% end\n" + np.array(words, "<u4").tobytes()


def evt21(events, legacy=False):
    """Write EVT 2.1: events of one row, time and polarity in one word, if their order allows."""
    words, last, high, bit = [], None, None, 0
    for t, x, y, p in zip(*fields(events), strict=True):
        if t >> 6 != high:
            high, last = t >> 6, None
            words.append(8 << 60 | (int(high) & 0xFFFFFFF) << 32)
        base = x // 32 * 32
        place = (t, base, y, p)
        if place != last or x % 32 <= bit:
            words.append(int(p << 60 | (t & 63) << 54 | base << 43 | y << 32))
        last, bit = place, x % 32
        words[-1] |= 1 << int(bit)
    halves = np.array(words, "<u8").view("<u4").reshape(-1, 2)
    order = "legacy" if legacy else "little"
    head = f"% evt 2.1\n% format EVT21;endianness={order};height=200;width=300\n% end\n"
    return head.encode() + halves[:, :: -1 if legacy else 1].tobytes()


def evt3(events):
    words, high, low, row = [], None, None, None
    for t, x, y, p in zip(*fields(events), strict=True):
        if t >> 12 != high:
            high, low = t >> 12, None
            words.append(0x8000 | high & 0xFFF)
        if t & 0xFFF != low:
            low = t & 0xFFF
            words.append(0x6000 | low)
        if y != row:
            row = y
            words.append(row)
        words.append(0x2000 | p << 11 | x)
    return b"% evt 3.0\n% geometry 300x200\n% end\n" + np.array(words, "<u2").tobytes()


def dat(events, version):
    t, x, y, p = fields(events)
    place = x | y << 14 | p << 28 if version == 2 else x | y << 9 | p << 17
    head = f"% Data file\n% Version {version}\n% Width 300\n% Height 200\n".encode()
    return head + b"\x0c\x08" + np.stack([t & 0xFFFFFFFF, place], 1).astype("<u4").tobytes()


def es(events):
    out = bytearray(b"Event Stream\x02\x00\x00\x01" + np.array([300, 200], "<u2").tobytes())
    now = 0
    for t, x, y, p in zip(*fields(events), strict=True):
        late = t - now
        out += b"\xff" * (late // 127) + bytes([(late % 127) << 1 | p])
        out += np.array([x, 199 - y], "<u2").tobytes()
        now = t
    return bytes(out)


def aedat2(events):
    t, x, y, p = fields(events)
    address = y << 22 | x << 12 | p << 11
    head = b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346red\r\n"
    return head + np.stack([address, t], 1).astype(">u4").tobytes()


def aedat3(events):
    t, x, y, p = fields(events)
    body = np.stack([x << 17 | y << 2 | p << 1 | 1, t & 0x7FFFFFFF], 1).astype("<u4")
    out = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n"
    for first in range(0, len(body), 100):
        part, over = body[first : first + 100], int(t[first] >> 31)
        for kind, content in ((3, np.zeros(5, "<u4")), (1, part)):  # a packet of frames before
            size = 20 if kind == 3 else 8
            number = 1 if kind == 3 else len(part)
            out += np.array([kind, 0], "<i2").tobytes()
            out += np.array([size, 4, over, number, number, number], "<i4").tobytes()
            out += content.tobytes()
    return out


def flatbuffer(name, table, sizes, content, each=1):
    """Write a flatbuffer with one table, whose last field points at a list behind the table.

    ``table`` holds the bytes of the fields before it, ``sizes`` how many bytes each has.
    """
    steps, at = [], 4
    for size in sizes:
        steps.append(at)
        at += size
    steps.append(at)
    vtable = np.array([4 + 2 * len(steps), at + 4, *steps], "<u2").tobytes()
    vtable += bytes(-len(vtable) % 8)
    begin = 8 + len(vtable)  # of the table
    place = begin + at  # of the pointer to the list
    pad = -(place + 12) % 8 if each > 1 else 0  # counted from the length before the buffer
    out = np.array([begin], "<u4").tobytes() + name + vtable
    out += np.array([len(vtable)], "<i4").tobytes() + table
    out += np.array([4 + pad], "<u4").tobytes() + bytes(pad)
    return out + np.array([len(content) // each], "<u4").tobytes() + content


AEDAT4_EVENT = np.dtype({"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "u1"],
                         "offsets": [0, 8, 10, 12], "itemsize": 16})  # fmt: skip
AEDAT4_STREAM = (
    '<node name="{0}" path="/out/{0}/"><attr key="compression" type="string">x</attr>'
    '<attr key="originalOutputName" type="string">{1}</attr>'
    '<attr key="typeIdentifier" type="string">{2}</attr><node name="info" path="/out/{0}/info/">'
    '<attr key="sizeX" type="int">{3}</attr><attr key="sizeY" type="int">{4}</attr></node></node>'
)


def aedat4(events, compression=1, table=True, streams=((0, "events"),), size=(300, 200)):
    """Write AEDAT 4 by its description: packets of 100 events, the same in each stream."""
    import lz4.frame
    import zstandard

    pack = {
        0: bytes, 1: lz4.frame.compress, 2: lambda data: lz4.frame.compress(data, 9),
        3: zstandard.ZstdCompressor(write_content_size=False).compress,
        4: zstandard.ZstdCompressor(12).compress,
    }[compression]  # fmt: skip
    cells = np.zeros(events.size, AEDAT4_EVENT)
    for name in "txyp":
        cells[name] = events[name]
    body = b""
    for first in range(0, events.size, 100):
        content = flatbuffer(b"EVTS", b"", [], cells[first : first + 100].tobytes(), 16)
        other = flatbuffer(b"IMUS", b"", [], bytes(8))
        for number, block in [*((n, content) for n, _ in streams), (7, other)]:
            packed = pack(np.array([len(block)], "<u4").tobytes() + block)
            body += np.array([number, len(packed)], "<i4").tobytes() + packed
    nodes = [AEDAT4_STREAM.format(number, name, "EVTS", *size) for number, name in streams]
    nodes.append(AEDAT4_STREAM.format(7, "imu", "IMUS", *size))
    text = '<dv version="2.0"><node name="outInfo" path="/out/">' + "".join(nodes) + "</node></dv>"

    def head(end):
        fields = np.array([compression], "<i4").tobytes() + np.array([end], "<i8").tobytes()
        block = flatbuffer(b"IOHE", fields, [4, 8], text.encode())
        return b"#!AER-DAT4.0\r\n" + np.array([len(block)], "<u4").tobytes() + block

    if not table:
        return head(-1) + body
    end = len(head(0)) + len(body)
    block = flatbuffer(b"FTAB", b"", [], b"")
    return head(end) + body + pack(np.array([len(block)], "<u4").tobytes() + block)


def nmnist(events):
    t, x, y, p = fields(events)
    rows = np.stack([x, y, p << 7 | t >> 16 & 0x7F, t >> 8 & 0xFF, t & 0xFF], 1)
    return rows.astype(np.uint8).tobytes()


WRITERS = {
    "evt2": (evt2, ".raw"), "evt2.1": (evt21, ".raw"), "evt3": (evt3, ".raw"),
    "dat": (lambda e: dat(e, 2), ".dat"), "es": (es, ".es"),
    "aedat4": (aedat4, ".aedat4"), "aedat2": (aedat2, ".aedat"), "aedat3.1": (aedat3, ".aedat"),
    "nmnist": (nmnist, ".bin"),
}  # fmt: skip


def write(folder, name, events):
    writer, suffix = WRITERS[name]
    path = folder / f"events{suffix}"
    path.write_bytes(writer(events))
    return path


def sample(name, **changes):
    return draw(width=34, height=34, **changes) if name == "nmnist" else draw(**changes)


def mutate(data, rng):
    """Change, cut, double or insert a few bytes."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(len(data))) if data else 0
        kind = rng.integers(4)
        if kind == 0 and data:
            data[at] = rng.integers(256)
        elif kind == 1:
            del data[at : at + int(rng.integers(1, 40))]
        elif kind == 2:
            data[at:at] = data[at : at + int(rng.integers(1, 40))]
        else:
            data[at:at] = rng.bytes(int(rng.integers(1, 9)))
    return bytes(data)


def write_bag(path, messages, topics=("/dvs/events",)):
    """Write event arrays of dvs_msgs, by its definition."""
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC)
    array, event = "dvs_msgs/msg/EventArray", "dvs_msgs/msg/Event"
    store.register(get_types_from_msg("uint16 x\nuint16 y\ntime ts\nbool polarity", event))
    text = "Header header\nuint32 height\nuint32 width\ndvs_msgs/Event[] events"
    store.register(get_types_from_msg(text, array))
    types = store.types
    stamp = types["builtin_interfaces/msg/Time"]
    with Writer(path) as bag:
        for topic in topics:
            connection = bag.add_connection(topic, array, typestore=store)
            for k, events in enumerate(messages):
                header = types["std_msgs/msg/Header"](seq=k, stamp=stamp(1, 0), frame_id="")
                cells = [
                    types[event](
                        int(e["x"]), int(e["y"]),
                        stamp(int(e["t"]) // 10**6, int(e["t"]) % 10**6 * 1000), bool(e["p"]),
                    )
                    for e in events
                ]  # fmt: skip
                message = types[array](header=header, height=180, width=240, events=cells)
                bag.write(connection, k, store.serialize_ros1(message, array))


HEADER_2 = [("s", "<u4"), ("ns", "<u4"), ("n", "<u4"), ("name", "S4")]


def cdr(events, encoding=""):
    """Write a message of ROS 2: an EventArray, or an EventPacket where there is an encoding."""
    t, x, y, p = fields(events)
    out = bytearray(b"\0\1\0\0" + np.array([(1, 0, 4, b"cam")], HEADER_2).tobytes())
    out += np.array([180, 240], "<u4").tobytes()
    if not encoding:
        out += np.array([events.size], "<u4").tobytes()
        for k in range(events.size):
            out += b"\0" * (-(len(out) - 4) % 2) + np.array([x[k], y[k]], "<u2").tobytes()
            out += b"\0" * (-(len(out) - 4) % 4)
            out += np.array([t[k] // 10**6, t[k] % 10**6 * 1000], "<u4").tobytes() + bytes([p[k]])
        return bytes(out)
    word = (t * 1000).astype("<u8") | x.astype("<u8") << 32 | y.astype("<u8") << 48
    data = (word | p.astype("<u8") << 63).tobytes()
    if encoding != "mono":
        data = {"evt2": evt2, "evt3": evt3}.get(encoding, evt2)(events)
        data = data[data.index(b"% end\n") + 6 :]
    out += b"\0" * (-(len(out) - 4) % 8)
    base = 7 if encoding == "mono" else 0
    out += np.array([0, base], "<u8").tobytes()
    out += np.array([len(encoding) + 1], "<u4").tobytes() + encoding.encode() + b"\0\0"
    out += b"\0" * (-(len(out) - 4) % 4) + np.array([len(data)], "<u4").tobytes() + data
    return bytes(out)


def write_bag_2(path, messages, plugin="SQLITE3", encoding="", compressed=False):
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

    kind = "event_camera_msgs/msg/EventPacket" if encoding else "dvs_msgs/msg/EventArray"
    writer = Writer(path, version=9, storage_plugin=StoragePlugin[plugin])
    if compressed:
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer as bag:
        connection = bag.add_connection("/events", kind, msgdef="int32 any", rihs01="RIHS01_0")
        for k, message in enumerate(messages):
            bag.write(connection, k, message)


def write_spikes(path, times, units, labels=(3, 1, 19), **layout):
    import h5py

    with h5py.File(path, "w") as file:
        for name, cells, kind in (("times", times, np.float16), ("units", units, np.uint16)):
            dtype = h5py.vlen_dtype(kind)
            data = file.create_dataset(f"spikes/{name}", (3,), dtype=dtype, **layout)
            for row, cell in enumerate(cells):
                data[row] = cell
        file["labels"] = labels
