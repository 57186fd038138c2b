"""Sound in WAV files: integers and floats of any width, scaled to -1 to 1."""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
CODECS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM 6.10", 80: "MPEG",
          85: "MP3"}  # fmt: skip
TO_END = 2**32 - 1  # size of a chunk that a program wrote before it knew the length


class Layout(NamedTuple):
    """What the chunk ``fmt`` of a file states."""

    kind: int
    n_channels: int
    rate: int  # samples a second
    frame: int  # bytes of one sample of all channels
    bits: int  # of a sample


def read_sound(path: Path, max_bytes: int | None = None) -> tuple[NDArray[np.float64], float]:
    """Return a sound (time, channel) and its samples a second.

    Integers are divided by the power of two that is their full scale, so that they lie in [-1, 1);
    8 bits and fewer are unsigned in a WAV file, with 128 as zero. Floats stay as they are. The
    layout is that of Microsoft's "Multiple Channel Audio Data and WAVE Files".
    """
    with path.open("rb") as file:
        order, layout, begin, size = find_chunks(path, file)
        n_samples = size // max(-(-layout.bits // 8), 1)
        check_bytes(f"the sound in {path}", 8 * n_samples, byte_limit(path, max_bytes))
        file.seek(begin)
        data = np.fromfile(file, np.uint8, size)
    what = f"{path} states {layout.bits} bits a sample in {layout.frame} bytes for"
    each, left = divmod(layout.frame, layout.n_channels or 1)
    if not layout.n_channels or not layout.rate:
        raise ValueError(f"{path} states {layout.n_channels} channels, {layout.rate} samples/s.")
    if left or each != -(-layout.bits // 8) or not each:
        raise ValueError(f"{what} {layout.n_channels} channels: not read.")
    if data.size % layout.frame:
        raise ValueError(
            f"{path} holds {data.size} bytes of sound, which are no whole number of frames of "
            f"{layout.frame} bytes: the copy is damaged."
        )
    if layout.kind == FLOAT:
        if layout.bits not in (32, 64):
            raise ValueError(f"{path} holds floats of {layout.bits} bits; 32 and 64 are read.")
        wave = data.view(f"{order}f{each}").astype(np.float64)
    elif layout.kind == PCM and each in (1, 2, 3, 4, 8):
        wave = integers(data, each, order)
    else:
        name = CODECS.get(layout.kind, f"kind {layout.kind}")
        raise ValueError(
            f"{path} holds sound as {name} of {layout.bits} bits; PCM and floats are read."
        )
    return wave.reshape(-1, layout.n_channels), float(layout.rate)


def integers(data: NDArray[np.uint8], width: int, order: str) -> NDArray[np.float64]:
    """Return integers of ``width`` bytes as fractions of full scale.

    Examples
    --------
    >>> integers(np.array([0, 128, 192], np.uint8), 1, "<").tolist()
    [-1.0, 0.0, 0.5]
    """
    if width == 1:
        return (data.astype(np.float64) - 128) / 128
    if width == 3:  # as the upper three bytes of four
        wide = np.zeros((data.size // 3, 4), np.uint8)
        wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = data.reshape(-1, 3)
        data, width = wide.ravel(), 4
    return data.view(f"{order}i{width}") / 2.0 ** (8 * width - 1)


def find_chunks(path: Path, file: BinaryIO) -> tuple[str, Layout, int, int]:
    """Return the order of bytes, the layout, and place and size of the samples."""
    n_bytes = path.stat().st_size
    head = file.read(12)
    order = {b"RIFF": "<", b"RF64": "<", b"RIFX": ">"}.get(head[:4], "")
    if not order or head[8:] != b"WAVE":
        raise ValueError(f"{path} is no sound file: it begins with {head!r}, not as WAV does.")
    layout, large, at = None, None, 12
    while at + 8 <= n_bytes:
        file.seek(at)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        at += 8
        if name == b"ds64" and size >= 16:
            large = struct.unpack("<8xQ", file.read(16))[0]
        elif name == b"fmt ":
            layout = read_layout(path, file.read(min(size, 64)), order)
        elif name == b"data":
            if size == TO_END:
                size = n_bytes - at if large is None else large
            if layout is None:
                raise ValueError(f"{path} is no sound file: 'data' comes before 'fmt'.")
            if size > n_bytes - at:
                raise ValueError(
                    f"{path} states {size} bytes of sound and holds {n_bytes - at}: the copy is "
                    "cut."
                )
            return order, layout, at, size
        at += size + size % 2
    raise ValueError(f"{path} is no sound file: it has no samples (no chunk 'data').")


def read_layout(path: Path, data: bytes, order: str) -> Layout:
    """Return what a chunk ``fmt`` states."""
    if len(data) < 16:
        raise ValueError(f"{path} is no sound file: its chunk 'fmt' has {len(data)} bytes.")
    kind, n_channels, rate, _, frame, bits = struct.unpack(f"{order}HHIIHH", data[:16])
    if kind == EXTENSIBLE and len(data) >= 40:
        kind = struct.unpack(f"{order}H", data[24:26])[0]
    return Layout(kind, n_channels, rate, frame, bits)
