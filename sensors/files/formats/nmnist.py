"""N-MNIST and N-Caltech101; nothing in the bytes identifies the format, only the name."""

import numpy as np

from mottle.sensors.files.formats.record import Source
from mottle.sensors.files.formats.words import Decoder, room, word_format
from mottle.sensors.kernels import event_files as kernel

LIKELY = 0.9  # of the first events, that must lie within the sensor and not go back in time


class NMnist(Decoder):
    """N-MNIST and N-Caltech101: five bytes an event, no header.

    Byte 0 is x, byte 1 is y, the highest bit of byte 2 is the polarity, and its other bits with
    bytes 3 and 4 are the time in microseconds, big-endian. G. Orchard et al., Front. Neurosci. 9
    (2015) 437, doi:10.3389/fnins.2015.00437.
    """

    name, word = "nmnist", 5
    sensor_size = (34, 34)

    def decode(self, data):
        """Decode events and wraps of the clock."""
        words = data.reshape(-1, 5)
        fields = room(len(words))
        n, used = kernel.nmnist(words, self.state, *fields)
        return tuple(field[:n] for field in fields), used * self.word


def accepts(source: Source) -> bool:
    """Return whether a file named .bin begins with events of N-MNIST.

    Words of EVT 3, for one, decode to pixels and times at random.
    """
    whole = len(source.head) - len(source.head) % NMnist.word
    if not whole:
        return False
    head = np.frombuffer(source.head[:whole], np.uint8)
    (t, x, y, _), _ = NMnist(b"", "").decode(head)
    width, height = source.sensor_size or NMnist.sensor_size
    forward = np.diff(t, prepend=0) >= 0
    return bool(t.size and ((x < width) & (y < height) & forward).mean() >= LIKELY)


NMNIST = word_format(NMnist, suffixes=(".bin",), accepts=accepts)
