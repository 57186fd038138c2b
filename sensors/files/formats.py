"""The event formats: how each is known by its first bytes, and how its words become events."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.kernels import event_files as kernel

HEAD = 1 << 16  # bytes within which a header must end
Fields = tuple[Any, ...]  # arrays t, x, y, p
CHIPS = {"DVS128": (128, 128), "DAVIS240": (240, 180), "DAVIS346": (346, 260)}


def room(n: int) -> Fields:
    """Make room for ``n`` events; times are int64, the rest as wide as any format needs."""
    return (
        np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32),
        np.empty(n, dtype=np.uint8),
    )  # fmt: skip


class Decoder(ABC):
    """One file being read; made from its first bytes, then fed the rest."""

    name: str
    word: int  # bytes: what is fed is a whole number of these, but for a cut end
    start: int = 0  # byte at which the events begin
    sensor_size: tuple[int, int] | None = None  # width, height in pixels
    flips = False  # rows are counted from the bottom in the file

    def __init__(self, head: bytes, place: str):
        self.head, self.place = head, place
        self.state = np.zeros(kernel.N_STATE, dtype=np.int64)
        self.used = 0  # bytes, by the latest decode_all

    @staticmethod
    @abstractmethod
    def matches(head: bytes) -> bool:
        """Say whether a file begins like this format."""

    @abstractmethod
    def decode(self, data: NDArray[np.uint8]) -> tuple[Fields, int]:
        """Turn bytes into arrays t, x, y, p, and say how many bytes were used."""

    def decode_all(self, data: NDArray[np.uint8]) -> Iterator[Fields]:
        """Yield arrays t, x, y, p until only a cut word is left; ``used`` says how far it went."""
        whole, self.used = data.size - data.size % self.word, 0
        while self.used < whole:
            fields, took = self.decode(data[self.used : whole])
            self.used += took
            if fields[0].size:
                yield fields
            if not took:
                break

    def repairs(self) -> dict[str, int]:
        """Count what the decoder itself mended."""
        counts = {
            "before the clock": int(self.state[kernel.UNTIMED]),
            "times held": int(self.state[kernel.CLAMPED]),
        }
        return {name: count for name, count in counts.items() if count}

    def lines(self, mark: bytes) -> list[str]:
        """Take the header lines that begin with ``mark``; ``start`` moves behind them."""
        found: list[str] = []
        while self.head[self.start : self.start + 1] == mark:
            end = self.head.find(b"\n", self.start)
            if end < 0:
                raise ValueError(
                    f"the header of {self.place} does not end within {len(self.head)} bytes (line "
                    f"at byte {self.start}); the copy is incomplete, or this is another format."
                )
            found.append(self.head[self.start + 1 : end].decode("latin-1").strip())
            self.start = end + 1
            if found[-1].lower() in ("end", "!end-header"):
                break
        return found


class Prophesee(Decoder):
    """What EVT 2, EVT 3 and DAT share: header lines that begin with a percent sign."""

    def __init__(self, head: bytes, place: str):
        super().__init__(head, place)
        text = "\n".join(self.lines(b"%"))
        width = re.search(r"width[ =](\d+)", text, re.IGNORECASE)
        height = re.search(r"height[ =](\d+)", text, re.IGNORECASE)
        both = re.search(r"geometry (\d+)x(\d+)", text, re.IGNORECASE)
        if both:
            self.sensor_size = int(both[1]), int(both[2])
        elif width and height:
            self.sensor_size = int(width[1]), int(height[1])

    @staticmethod
    def version(head: bytes) -> str:
        """Return the encoding that a header names, "" for none."""
        if not head.startswith(b"%"):
            return ""
        text = head[:HEAD].decode("latin-1")
        found = re.search(r"% (?:evt |format EVT)(\d)", text)
        return found[1] if found else ""


class Evt2(Prophesee):
    """Prophesee EVT 2.0."""

    name, word = "evt2", 4

    @staticmethod
    def matches(head):
        """Say whether the header names EVT 2."""
        return Prophesee.version(head) == "2"

    def decode(self, data):
        """Decode 32-bit words."""
        words = data.view("<u4")
        fields = room(words.size)
        n, used = kernel.evt2(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word


class Evt3(Prophesee):
    """Prophesee EVT 3.0."""

    name, word = "evt3", 2

    @staticmethod
    def matches(head):
        """Say whether the header names EVT 3."""
        return Prophesee.version(head) == "3"

    def decode(self, data):
        """Decode 16-bit words, as many as fit the room made for them."""
        words = data.view("<u2")
        fields = room(2 * words.size + 12)
        n, used = kernel.evt3(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word


class Dat(Prophesee):
    """Prophesee DAT, versions 1 and 2: 32-bit time and 32-bit address."""

    name, word = "dat", 8

    def __init__(self, head: bytes, place: str):
        super().__init__(head, place)
        found = re.search(rb"% Version (\d)", head[: self.start])
        self.version_ = int(found[1]) if found else 1
        kind = head[self.start : self.start + 2]
        if len(kind) < 2 or kind[1] != 8:
            raise ValueError(
                f"{place} names an event size of {kind[1] if len(kind) > 1 else 'no'} bytes at byte"
                f" {self.start + 1}; expected 8. Is this another format?"
            )
        self.start += 2

    @staticmethod
    def matches(head):
        """Say whether there is a header of percent lines that names no EVT version."""
        return head.startswith(b"%") and not Prophesee.version(head)

    def decode(self, data):
        """Decode times and addresses."""
        pairs = data.view("<u4").reshape(-1, 2).astype(np.int64)
        t, address = np.ascontiguousarray(pairs[:, 0]), pairs[:, 1]
        kernel.unwrap(t, self.state, 32)
        if self.version_ >= 2:
            fields = address & 0x3FFF, address >> 14 & 0x3FFF, address >> 28 & 1
        else:
            fields = address & 0x1FF, address >> 9 & 0xFF, address >> 17 & 1
        return (t, *fields), data.size


class EventStream(Decoder):
    """Event Stream (.es) of DVS and ATIS cameras."""

    name, word = "es", 1
    magic = b"Event Stream"
    flips = True

    def __init__(self, head: bytes, place: str):
        super().__init__(head, place)
        if len(head) < 20 or head[15] not in (1, 2):
            kind = head[15] if len(head) > 15 else "no"
            raise ValueError(
                f"{place} holds events of type {kind} (byte 15); only DVS (1) and ATIS (2) events "
                "have pixels and polarity."
            )
        self.kind = head[15]
        width, height = np.frombuffer(head[16:20], "<u2")
        self.sensor_size, self.start = (int(width), int(height)), 20

    @staticmethod
    def matches(head):
        """Say whether the magic words are there."""
        return head.startswith(EventStream.magic)

    def decode(self, data):
        """Decode bytes up to the last whole event."""
        fields = room(data.size // 5 + 1)
        t, x, y, p = fields
        n, used = kernel.event_stream(data, self.state, t, x, y, p, self.kind)
        return tuple(field[:n] for field in fields), used


class Aedat2(Decoder):
    """AEDAT 2.0 of jAER: DVS128, DAVIS240 and DAVIS346."""

    name, word = "aedat2", 8

    def __init__(self, head: bytes, place: str):
        super().__init__(head, place)
        text = "\n".join(self.lines(b"#")).lower()
        chip = re.search(r"aechip: .*?(dvs128|davis ?240|davis ?346)", text)
        known = chip[1].replace(" ", "").upper() if chip else "DVS128"
        self.davis, self.sensor_size = known.startswith("DAVIS"), CHIPS[known]

    @staticmethod
    def matches(head):
        """Say whether the first line names the version."""
        return head.startswith(b"#!AER-DAT2")

    def decode(self, data):
        """Decode big-endian addresses and times."""
        pairs = data.view(">u4").reshape(-1, 2).astype(np.int64)
        address, t = pairs[:, 0], np.ascontiguousarray(pairs[:, 1])
        kernel.unwrap(t, self.state, 32)
        if not self.davis:
            return (t, address >> 1 & 0x7F, address >> 8 & 0x7F, address & 1), data.size
        fields = address >> 12 & 0x3FF, address >> 22 & 0x1FF, address >> 11 & 1
        pixels = (address >> 31 == 0) & (address >> 10 & 1 == 0)  # not frames, inertia, triggers
        return tuple(field[pixels] for field in (t, *fields)), data.size


class Aedat3(Decoder):
    """AEDAT 3.1 of cAER: packets, of which those with polarity events are read."""

    name, word = "aedat3.1", 1
    header = 28

    def __init__(self, head: bytes, place: str):
        super().__init__(head, place)
        self.lines(b"#")
        self.skipped = 0

    @staticmethod
    def matches(head):
        """Say whether the first line names the version."""
        return head.startswith(b"#!AER-DAT3")

    def decode(self, data):
        """Decode whole packets."""
        found, at = [np.empty((4, 0), dtype=np.int64)], 0
        while at + self.header <= data.size:
            kind = int(data[at : at + 2].view("<i2")[0])
            size, _, overflow, _, number, _ = data[at + 4 : at + self.header].view("<i4").tolist()
            end = at + self.header + size * number
            if size < 1 or number < 0 or (kind == 1 and size != 8):
                raise ValueError(
                    f"a packet of {self.place} claims {number} events of {size} bytes; expected "
                    "8 for polarity events. The copy is damaged."
                )
            if end > data.size:
                break
            if kind == 1:
                pairs = data[at + self.header : end].view("<u4").reshape(-1, 2).astype(np.int64)
                word, t = pairs[:, 0], pairs[:, 1] + (overflow << 31)
                valid = word & 1 == 1
                self.skipped += int((~valid).sum())
                fields = word >> 17 & 0x7FFF, word >> 2 & 0x7FFF, word >> 1 & 1
                found.append(np.stack([t, *fields])[:, valid])
            at = end
        return tuple(np.concatenate(found, axis=1)), at

    def repairs(self):
        """Count events that the camera had marked as invalid."""
        return {"marked invalid": self.skipped} if self.skipped else {}


class NMnist(Decoder):
    """N-MNIST and N-Caltech101: five bytes an event, no header.

    Byte 0 is x, byte 1 is y, the highest bit of byte 2 is the polarity, and its other bits with
    bytes 3 and 4 are the time in microseconds, big-endian. G. Orchard et al., Front. Neurosci. 9
    (2015) 437, doi:10.3389/fnins.2015.00437.
    """

    name, word = "nmnist", 5
    sensor_size = (34, 34)
    wrap_row, wrap = 240, 2**13  # not a pixel: all later times are 8192 us later still

    @staticmethod
    def matches(head):
        """Say no: nothing in the bytes tells; the name of the file must."""
        return False

    def decode(self, data):
        """Decode events and wraps of the clock."""
        words = data.reshape(-1, 5).astype(np.int64)
        wraps = words[:, 1] == self.wrap_row
        t = (words[:, 2] & 0x7F) << 16 | words[:, 3] << 8 | words[:, 4]
        t += self.state[kernel.EPOCH] + self.wrap * np.cumsum(wraps)
        self.state[kernel.EPOCH] += self.wrap * int(wraps.sum())
        fields = t, words[:, 0], words[:, 1], words[:, 2] >> 7
        return tuple(field[~wraps] for field in fields), data.size


DECODERS: dict[str, type[Decoder]] = {
    kind.name: kind for kind in (Evt2, Evt3, Dat, EventStream, Aedat2, Aedat3, NMnist)
}


def find_decoder(file: BinaryIO, place: str, suffix: str, format: str | None) -> Any:
    """Return the decoder of a file: by ``format``, else by content, else by the name's end."""
    head = file.read(HEAD)
    if not head:
        raise ValueError(f"{place} is empty: 0 bytes; fetch it again.")
    if format is not None:
        return DECODERS[format](head, place)
    for kind in DECODERS.values():
        if kind.matches(head):
            return kind(head, place)
    if suffix == ".bin":
        return NMnist(head, place)
    return None
