"""AEDAT 2.0 of jAER."""

import re

import numpy as np

from mottle.sensors.files.formats.words import Decoder, word_format
from mottle.sensors.kernels import event_files as kernel

CHIPS = {"DVS128": (128, 128), "DAVIS240": (240, 180), "DAVIS346": (346, 260)}


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
        """Return whether the first line names the version."""
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


AEDAT2 = word_format(Aedat2)
