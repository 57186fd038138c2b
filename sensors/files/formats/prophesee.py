"""Prophesee EVT 2, EVT 2.1, EVT 3 and DAT."""

import re

import numpy as np

from mottle.sensors.files.formats.record import HEAD
from mottle.sensors.files.formats.words import Decoder, room, word_format
from mottle.sensors.kernels import event_files as kernel

ENCODINGS = {"evt2": "evt2", "evt2.0": "evt2", "evt21": "evt2.1", "evt2.1": "evt2.1",
             "evt3": "evt3", "evt3.0": "evt3"}  # fmt: skip
DAT_EVENTS = (0, 12)  # types of events that are those of pixels
ORDERS = ("little", "legacy")  # of the bytes of a word, as headers name them


class Prophesee(Decoder):
    """The base of EVT 2, EVT 2.1, EVT 3 and DAT: header lines that begin with a percent sign."""

    mark, ends, space = b"%", ("end",), True

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        super().__init__(head, place, size)
        text = "\n".join(self.lines)
        stated = {ENCODINGS.get(name, name) for name in encodings(text)}
        if stated and stated != {self.name}:
            raise ValueError(
                f"the header of {place} names the encoding {' and '.join(sorted(stated))}, not "
                f"{self.name}; {', '.join(dict.fromkeys(ENCODINGS.values()))} and dat are read."
            )
        order = re.search(r"endianness[ =](\w+)", text, re.IGNORECASE)
        self.order = order[1].lower() if order else ""
        if self.order not in ("", "little") and (self.order, self.name) != ("legacy", "evt2.1"):
            raise ValueError(f"{place} states endianness={self.order}, which is not read.")
        width = re.search(r"width[ =](\d+)", text, re.IGNORECASE)
        height = re.search(r"height[ =](\d+)", text, re.IGNORECASE)
        both = re.search(r"geometry (\d+)x(\d+)", text, re.IGNORECASE)
        sizes = [(int(both[1]), int(both[2]))] if both else []
        sizes += [(int(width[1]), int(height[1]))] if width and height else []
        if len(set(sizes)) > 1:
            listed = " and ".join(f"{w} x {h}" for w, h in sizes)
            raise ValueError(f"the header of {place} states two sensors, {listed} pixels.")
        if sizes:
            self.sensor_size = sizes[0]

    @staticmethod
    def names(head: bytes) -> set[str]:
        """Return the encodings that a header names."""
        start = 0
        while head.startswith(b"%", start):
            start = head.find(b"\n", start, HEAD) + 1 or HEAD
        found = encodings(head[:start].decode("latin-1")) if start else set()
        return {ENCODINGS.get(name, name) for name in found}


def encodings(text: str) -> set[str]:
    """Return the encodings named in the lines of a header.

    Examples
    --------
    >>> encodings("% format EVT21;height=720;width=1280"), encodings("% Version 2")
    ({'evt21'}, set())
    """
    lines = re.findall(r"^%? ?(evt|format) ([\w.-]+)", text, re.MULTILINE | re.IGNORECASE)
    return {f"evt{name}" if key.lower() == "evt" else name.lower() for key, name in lines}


class Evt2(Prophesee):
    """Prophesee EVT 2.0."""

    name, word = "evt2", 4

    @staticmethod
    def matches(head):
        """Return whether the header names EVT 2."""
        return "evt2" in Prophesee.names(head)

    def decode(self, data):
        """Decode 32-bit words."""
        words = data.view("<u4")
        fields = room(words.size)
        n, used = kernel.evt2(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word


class Evt21(Prophesee):
    """Prophesee EVT 2.1; "legacy" order has the two halves of a word exchanged."""

    name, word = "evt2.1", 8
    kinds = (0, 1, 8, 10, 14, 15)  # of words: off, on, time, trigger, others, continued

    @staticmethod
    def matches(head):
        """Return whether the header names EVT 2.1."""
        return "evt2.1" in Prophesee.names(head)

    def decode(self, data):
        """Decode 64-bit words, as many as fit the room made for them."""
        halves = data.view("<u4").reshape(-1, 2)
        if self.order == "legacy":
            halves = halves[:, ::-1]
        upper, lower = halves[:, 1], halves[:, 0]
        if not self.state[kernel.KNOWN] and self.is_likely(lower, upper):
            other = "legacy" if self.order != "legacy" else "little"
            if not self.is_likely(upper, lower):
                raise ValueError(
                    f"{self.place} states endianness={self.order or 'little'}, but its words are "
                    f"in the order {other!r}: correct the header."
                )
        words = np.ascontiguousarray(halves).view("<u8").ravel()
        fields = room(4 * words.size + 32)
        n, used = kernel.evt21(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word

    def is_likely(self, upper, lower):
        """Return whether ``upper`` holds the kinds of words: words of time use no other half."""
        kinds = upper[:4096] >> 28
        times = kinds == 8
        empty = times.any() and (lower[:4096][times] == 0).mean() > 0.9
        return bool(empty and np.isin(kinds, self.kinds).mean() > 0.9)


class Evt3(Prophesee):
    """Prophesee EVT 3.0."""

    name, word = "evt3", 2

    @staticmethod
    def matches(head):
        """Return whether the header names EVT 3."""
        return "evt3" in Prophesee.names(head)

    def decode(self, data):
        """Decode 16-bit words, as many as fit the room made for them."""
        words = data.view("<u2")
        fields = room(2 * words.size + 12)
        n, used = kernel.evt3(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word


class Dat(Prophesee):
    """Prophesee DAT, versions 1 and 2: 32-bit time and 32-bit address."""

    name, word = "dat", 8

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        super().__init__(head, place, size)
        found = re.search(r"^Version (\d+)", "\n".join(self.lines), re.MULTILINE)
        self.version_ = int(found[1]) if found else 1
        if self.version_ > 2:
            raise ValueError(f"{place} is of version {self.version_} of DAT; 1 and 2 are read.")
        kind = head[self.start : self.start + 2]
        if len(kind) < 2 or kind[1] != 8:
            raise ValueError(
                f"{place} names an event size of {kind[1] if len(kind) > 1 else 'no'} bytes at byte"
                f" {self.start + 1}; expected 8. Is this another format?"
            )
        if kind[0] not in DAT_EVENTS:
            what = "external triggers" if kind[0] == 14 else f"events of type {kind[0]}"
            raise ValueError(f"{place} holds {what} (byte {self.start}); pixels' are of type 12.")
        width, height = self.sensor_size or size or (0, 0)
        if found is None and (width > 512 or height > 256):
            raise ValueError(
                f"{place} states no version, and a sensor of {width} x {height} pixels, which "
                "version 1 cannot hold: add the line '% Version 2' to its header."
            )
        self.start += 2

    @staticmethod
    def matches(head):
        """Return whether there is a header of percent lines that names no EVT version."""
        return head.startswith(b"% ") and not Prophesee.names(head) & set(ENCODINGS.values())

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


EVT2, EVT21, EVT3, DAT = (word_format(kind) for kind in (Evt2, Evt21, Evt3, Dat))
