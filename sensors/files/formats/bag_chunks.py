"""Packed chunks of ROS bags, measured before the library unpacks them without a limit."""

import bz2
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from mottle.sensors.files.limits import check_bytes

MCAP = b"\x89MCAP0\r\n"
ROSBAG = b"#ROSBAG V2.0\n"
CHUNK_1, CHUNK_2 = 5, 6  # kinds of records that hold chunks, in a rosbag 1 and in MCAP
LZ4_TIMES = 255  # that LZ4 can grow at most
PIECE = 1 << 20


def check_chunks(path: Path, limit: int) -> None:
    """Raise if a packed chunk, or a packed file of a folder, comes to more than ``limit`` bytes."""
    for part in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if not part.is_file():
            continue
        with part.open("rb") as file:
            head = file.read(len(ROSBAG))
            if part.suffix in (".zstd", ".zst"):
                file.seek(0)
                check_bytes(str(part), measure("zstd", file.read(), limit), limit)
                continue
            if head.startswith(MCAP):
                chunks = mcap_chunks(file)
            elif head == ROSBAG:
                chunks = bag_chunks(file)
            else:
                continue
            for at, kind, data in chunks:
                check_bytes(f"the chunk at byte {at} of {part}", measure(kind, data, limit), limit)


def bag_chunks(file: BinaryIO) -> Iterator[tuple[int, str, bytes]]:
    """Yield place, compression and bytes of the chunks of a rosbag 1."""
    at = len(ROSBAG)
    while True:
        file.seek(at)
        size = file.read(4)
        head = file.read(min(int.from_bytes(size, "little"), PIECE))
        n = file.read(4)
        if len(n) < 4:
            return
        fields, place = dict[bytes, bytes](), 0
        while place + 4 <= len(head):
            length = int.from_bytes(head[place : place + 4], "little")
            name, _, value = head[place + 4 : place + 4 + length].partition(b"=")
            fields[name], place = value, place + 4 + length
        if fields.get(b"op") == bytes([CHUNK_1]):
            kind = fields.get(b"compression", b"none").decode("latin-1")
            if kind in ("bz2", "lz4"):
                yield at, kind, file.read(int.from_bytes(n, "little"))
        at += 8 + len(head) + int.from_bytes(n, "little")


def mcap_chunks(file: BinaryIO) -> Iterator[tuple[int, str, bytes]]:
    """Yield place, compression and bytes of the chunks of an MCAP file."""
    at = len(MCAP)
    while True:
        file.seek(at)
        head = file.read(9)
        if len(head) < 9:
            return
        kind, size = struct.unpack("<BQ", head)
        if kind == CHUNK_2:
            length = int.from_bytes(file.read(32)[28:], "little")
            name = file.read(min(length, PIECE)).decode("latin-1")
            n = int.from_bytes(file.read(8), "little")
            if name in ("lz4", "zstd"):
                yield at, name, file.read(min(n, size))
        at += 9 + size
        if at >= 1 << 62:
            return


def measure(kind: str, data: bytes, limit: int) -> int:
    """Return how many bytes something packed comes to, as far as ``limit`` and a little further.

    What is damaged is left to the library, which says how.
    """
    if kind == "lz4" and LZ4_TIMES * len(data) <= limit:
        return 0
    total = 0
    try:
        while data and total <= limit:
            unpack = decompressor(kind)
            piece = data
            while not unpack.eof and total <= limit:
                out = len(unpack.decompress(piece, max_length=PIECE))
                if not out and unpack.needs_input:
                    return total
                total, piece = total + out, b""
            data = unpack.unused_data or b""
    except Exception:  # the libraries raise many kinds
        return total
    return total


def decompressor(kind: str) -> Any:
    """Return what unpacks piece by piece: of the packages that the library itself uses."""
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    if kind == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameDecompressor()
    from rosbags.rosbag2 import storage_mcap

    module: Any = storage_mcap
    return module.zstd.ZstdDecompressor()
