"""Formats whose files are a header, then words: read block by block, in bounded memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.headers import text_header, whole_head
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.kernels import event_files as kernel

LONGEST_PACKET = 1 << 26  # bytes


def room(n: int) -> Fields:
    """Make room for ``n`` events; times are int64, the rest as wide as any format needs."""
    return (
        np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32),
        np.empty(n, dtype=np.uint8),
    )  # fmt: skip


class Decoder(ABC):
    """One file being read; created from its first bytes, then fed the rest."""

    name: str
    word: int  # bytes: what is fed is a whole number of these, but for a cut end
    start: int = 0  # byte at which the events begin
    sensor_size: tuple[int, int] | None = None  # width, height in pixels
    flips = False  # rows are counted from the bottom in the file
    mark = b""  # with which header lines begin
    ends: tuple[str, ...] = ()  # header lines that are the last
    space = False  # whether a space follows the mark

    def __init__(self, head: bytes, place: str, size: tuple[int, int] | None = None):
        self.head, self.place, self.size = head, place, size
        self.lines: list[str] = []  # of the header
        if self.mark and head:
            self.lines, self.start = text_header(
                head, self.mark, ends=self.ends, space=self.space, place=place
            )
        self.state = np.zeros(kernel.N_STATE, dtype=np.int64)
        self.used = 0  # bytes, by the latest decode_all

    @staticmethod
    def matches(head: bytes) -> bool:
        """Return whether a file begins like this format; not where only its name shows it."""
        return False

    @abstractmethod
    def decode(self, data: NDArray[np.uint8]) -> tuple[Fields, int]:
        """Turn bytes into arrays t, x, y, p; return them and how many bytes were used."""

    def decode_all(self, data: NDArray[np.uint8]) -> Iterator[Fields]:
        """Yield arrays t, x, y, p until only a cut word is left; ``used`` is how far it went."""
        whole, self.used = data.size - data.size % self.word, 0
        while self.used < whole:
            fields, took = self.decode(data[self.used : whole])
            self.used += took
            if fields[0].size:
                yield fields
            if not took:
                break

    def repairs(self) -> dict[str, int]:
        """Count what the decoder itself repaired."""
        counts = {
            "before the clock": int(self.state[kernel.UNTIMED]),
            "times held": int(self.state[kernel.CLAMPED]),
        }
        return {name: count for name, count in counts.items() if count}


def word_format(
    kind: type[Decoder],
    suffixes: tuple[str, ...] = (),
    accepts: Callable[[Source], bool] | None = None,
) -> EventFormat:
    """Return the record of a format that a decoder reads."""
    return EventFormat(
        name=kind.name,
        begins=kind.matches,
        suffixes=suffixes,
        accepts=accepts,
        start=partial(read_header, kind),
        read=partial(read_words, kind),
        follows=True,
    )


def read_header(kind: type[Decoder], source: Source) -> None:
    """Take the sensor's size from the header, where the caller gives none."""
    source.sensor_size = source.sensor_size or _decoder(kind, source).sensor_size


def _decoder(kind: type[Decoder], source: Source) -> Decoder:
    """Return a decoder that has read the header."""
    head = whole_head(source, kind.mark) if kind.mark else source.head
    return kind(head, str(source.path), source.sensor_size)


def read_words(kind: type[Decoder], source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p block by block; a word that a block cuts waits for the next one."""
    decoder = _decoder(kind, source)
    rest = np.empty(0, dtype=np.uint8)
    at = decoder.start
    with source.path.open("rb") as file:
        file.seek(at)
        while block := source.next_block(file):
            data = np.frombuffer(rest.tobytes() + block, dtype=np.uint8)
            for t, x, y, p in decoder.decode_all(data):
                if decoder.flips and source.sensor_size is not None:
                    y = source.sensor_size[1] - 1 - y
                yield t, x, y, p
            rest, at = data[decoder.used :], at + decoder.used
            if rest.size > LONGEST_PACKET:
                raise ValueError(
                    f"{source.path} claims a packet of over {LONGEST_PACKET} bytes at byte {at}: "
                    "the copy is damaged."
                )
    for reason, count in decoder.repairs().items():
        source.faults.note(reason, count)
    if rest.size:
        source.faults.fault(
            f"{source.path} ends within an event: {rest.size} bytes from byte {at} are left over",
            "bytes at a cut end", rest.size,
        )  # fmt: skip
