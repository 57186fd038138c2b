"""Prophesee EVT 2, EVT 3 and DAT."""

import re

import numpy as np

from mottle.sensors.files.formats.record import HEAD
from mottle.sensors.files.formats.words import Decoder, room, word_format
from mottle.sensors.kernels import event_files as kernel


class Prophesee(Decoder):
    """The base of EVT 2, EVT 3 and DAT: header lines that begin with a percent sign."""

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
        """Return whether the header names EVT 2."""
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
        """Return whether the header names EVT 3."""
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
        """Return whether there is a header of percent lines that names no EVT version."""
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


EVT2, EVT3, DAT = word_format(Evt2), word_format(Evt3), word_format(Dat)
