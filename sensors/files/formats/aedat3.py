"""AEDAT 3.1 of cAER."""

import numpy as np

from mottle.sensors.files.formats.words import Decoder, word_format


class Aedat3(Decoder):
    """AEDAT 3.1 of cAER: packets, of which those with polarity events are read."""

    name, word = "aedat3.1", 1
    header = 28
    mark, ends = b"#", ("!end-header",)

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        super().__init__(head, place, size)
        self.skipped, self.sources = 0, set[int]()
        version = head[:12].decode("latin-1").removeprefix("#!AER-DAT").split()[:1]
        if head and version != ["3.1"]:
            raise ValueError(f"{place} is AEDAT {''.join(version)}; of version 3, 3.1 is read.")
        for line in self.lines:
            if line.lower().startswith("format:") and line.split(":")[1].strip().lower() != "raw":
                raise ValueError(f"{place} states {line!r}; Format: RAW is read.")

    @staticmethod
    def matches(head):
        """Return whether the first line names the version."""
        return head.startswith(b"#!AER-DAT3")

    def decode(self, data):
        """Decode whole packets."""
        found, at = [np.empty((4, 0), dtype=np.int64)], 0
        while at + self.header <= data.size:
            kind, source = data[at : at + 4].view("<i2").tolist()
            size, _, overflow, _, number, _ = data[at + 4 : at + self.header].view("<i4").tolist()
            end = at + self.header + size * number
            if size < 1 or number < 0 or (kind == 1 and size != 8):
                raise ValueError(
                    f"a packet of {self.place} claims {number} events of {size} bytes; expected "
                    "8 for polarity events. The copy is damaged."
                )
            if end > data.size:
                break
            if kind & 0x7FFF == 1 and kind < 0:
                raise ValueError(f"a packet of {self.place} is compressed, which is not read.")
            if kind == 1:
                self.sources.add(source)
                if len(self.sources) > 1:
                    raise ValueError(
                        f"{self.place} holds the events of several cameras, the sources "
                        f"{', '.join(map(str, sorted(self.sources)))}: write each to a file."
                    )
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


AEDAT3 = word_format(Aedat3)
