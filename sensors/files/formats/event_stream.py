"""Event Stream (.es) of DVS and ATIS cameras."""

import numpy as np

from mottle.sensors.files.formats.words import Decoder, room, word_format
from mottle.sensors.kernels import event_files as kernel


class EventStream(Decoder):
    """Event Stream (.es) of DVS and ATIS cameras."""

    name, word = "es", 1
    magic = b"Event Stream"
    flips = True

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        super().__init__(head, place, size)
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
        """Return whether the magic words are there."""
        return head.startswith(EventStream.magic)

    def decode(self, data):
        """Decode bytes up to the last whole event."""
        fields = room(data.size // 5 + 1)
        t, x, y, p = fields
        n, used = kernel.event_stream(data, self.state, t, x, y, p, self.kind)
        return tuple(field[:n] for field in fields), used


EVENT_STREAM = word_format(EventStream)
