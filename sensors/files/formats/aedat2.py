"""AEDAT 2.0 of jAER."""

import re
from typing import NamedTuple

import numpy as np

from mottle.sensors.files.formats.words import Decoder, word_format
from mottle.sensors.kernels import event_files as kernel


class Chip(NamedTuple):
    """Layout of an address: size in pixels, shifts of x, y and p, widths of x and y in bits."""

    sensor_size: tuple[int, int]
    x: int
    y: int
    p: int
    x_bits: int
    y_bits: int
    special: int  # bits of which any one makes an address an external event
    other: int = 0  # bits of frames and inertial samples


DAVIS = (12, 22, 11, 10, 9, 1 << 10, 1 << 31)
CHIPS = {  # docs.inivation.com, "AEDAT 2.0"; DVS640 as v2e writes it for jAER's class of this name
    "DVS128": Chip((128, 128), 1, 8, 0, 7, 7, 1 << 15 | 1 << 31),
    "DAVIS240A": Chip((240, 180), *DAVIS),
    "DAVIS240B": Chip((240, 180), *DAVIS),
    "DAVIS240C": Chip((240, 180), *DAVIS),
    "DAVIS346": Chip((346, 260), *DAVIS),
    "DVS640": Chip((640, 480), 1, 11, 0, 10, 10, 1 << 31),
}
NAMES = re.compile(r"dvs[ -]?128|davis[ -]?240|davis[ -]?346|dvs[ -]?640", re.IGNORECASE)
TICK = re.compile(r"tick is (\d+ ?[mun]?s)\b", re.IGNORECASE)


class Aedat2(Decoder):
    """AEDAT 2.0 of jAER and v2e: DVS128, DAVIS240A, B and C, DAVIS346, DVS640."""

    name, word = "aedat2", 8
    mark, ends = b"#", ("end of ascii header",)

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        super().__init__(head, place, size)
        self.chip = find_chip(self.lines, place, size)
        self.sensor_size = self.chip.sensor_size
        ticks = {found[1].replace(" ", "") for line in self.lines if (found := TICK.search(line))}
        if ticks - {"1us"}:
            raise ValueError(f"{place} states a tick of {', '.join(sorted(ticks))}; expected 1us.")
        self.external = 0

    @staticmethod
    def matches(head):
        """Return whether the first line names the version."""
        return head.startswith(b"#!AER-DAT2")

    def decode(self, data):
        """Decode big-endian addresses and times."""
        pairs = data.view(">u4").reshape(-1, 2).astype(np.int64)
        address, t = pairs[:, 0], np.ascontiguousarray(pairs[:, 1])
        kernel.unwrap(t, self.state, 32)
        chip = self.chip
        x = address >> chip.x & (1 << chip.x_bits) - 1
        y = address >> chip.y & (1 << chip.y_bits) - 1
        fields = t, x, y, address >> chip.p & 1
        if not (address & (chip.special | chip.other)).any():
            return fields, data.size
        mine = address & chip.other == 0
        external = mine & (address & chip.special != 0)
        self.external += int(external.sum())
        pixels = mine & ~external
        return tuple(field[pixels] for field in fields), data.size

    def repairs(self):
        """Count what the camera marked as no event of a pixel."""
        return {"external events": self.external} if self.external else {}


def find_chip(lines: list[str], place: str, size: tuple[int, int] | None) -> Chip:
    """Return the chip that a header names, else the one of the size that the caller gives.

    Examples
    --------
    >>> find_chip(["AEChip: eu.seebetter.ini.chips.davis.Davis346red"], "a file", None).sensor_size
    (346, 260)
    """
    known = ", ".join(
        f"{name} {c.sensor_size[0]} x {c.sensor_size[1]}" for name, c in CHIPS.items()
    )
    stated = {key: line for line in lines for key in ("aechip:", "hardwareinterface:")
              if line.lower().startswith(key)}  # fmt: skip
    chips = {line for line in lines if line.lower().startswith("aechip:")}
    if len(chips) > 1:
        raise ValueError(f"{place} states several chips: {', '.join(sorted(chips))}.")
    for line in (stated.get("aechip:"), stated.get("hardwareinterface:")):
        if line is None:
            continue
        if found := NAMES.search(line):
            name = re.sub(r"[ -]", "", found[0]).upper()
            return CHIPS["DAVIS240C" if name == "DAVIS240" else name]
        if line is stated.get("aechip:"):
            raise ValueError(
                f"{place} names the chip {line.partition(':')[2].strip()!r}, whose addresses are "
                f"not known; known are {known}."
            )
    if size is None:
        raise ValueError(
            f"{place} names no chip (no line '# AEChip: ...'), without which its addresses cannot "
            f"be read: give sensor_size=; known are {known}."
        )
    for chip in CHIPS.values():
        if chip.sensor_size == size:
            return chip
    raise ValueError(
        f"{place} names no chip, and none has {size[0]} x {size[1]} pixels; known are {known}."
    )


AEDAT2 = word_format(Aedat2)
