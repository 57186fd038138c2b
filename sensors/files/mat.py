"""One matrix of a MATLAB 5 file; scipy's own reader crashes Python on some damaged files."""

import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes

HEADER = 128  # bytes, the last two of which give the order of bytes
MATRIX, COMPRESSED = 14, 15
NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
NUMERIC = range(6, 16)  # classes: double, single, int8 to uint64
COMPLEX = 0x800  # flag


class Element(NamedTuple):
    """Type and content of an element, and the byte at which the next one begins."""

    kind: int
    content: bytes
    end: int


def read_matrix(path: Path, name: str, max_bytes: int | None = None) -> NDArray:
    """Read the matrix ``name``: numbers, real, not sparse.

    The layout is that of MathWorks' "MAT-File Format", level 5.
    """
    data = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(data[HEADER - 2 : HEADER], "")
    if not order:
        raise ValueError(f"{path} is no MATLAB 5 file: the order of its bytes is not stated.")
    at, names = HEADER, []
    try:
        while at + 8 <= len(data):
            kind, content, at = _element(data, at, order, 1)
            if kind == COMPRESSED:
                limit = byte_limit(path, max_bytes)
                unpacked = zlib.decompressobj().decompress(content, limit + 1)
                check_bytes(f"a matrix of {path}", len(unpacked), limit)
                kind, content, _ = _element(unpacked, 0, order, 1)
            if kind != MATRIX:
                continue
            flags, shape, found, values = _parts(content, order)
            names.append(found)
            if found == name:
                return _values(flags, shape, values, order)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"{path} holds no readable {name!r}: {error}.") from error
    raise ValueError(f"{path} holds no readable {name!r}; it has {', '.join(names) or 'nothing'}.")


def _element(data: bytes, at: int, order: str, padded: int = 8) -> Element:
    """Return the element at a byte."""
    if at + 8 > len(data):
        raise ValueError(f"an element is cut at byte {at}")
    kind, size = np.frombuffer(data, f"{order}u4", 2, at).tolist()
    if kind >> 16:  # a small one: type, size and content in eight bytes
        kind, size, begin, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    else:
        begin = at + 8
        end = begin + size + -size % padded
    if begin + size > min(end, len(data)):
        raise ValueError(f"the element at byte {at} claims {size} bytes")
    return Element(kind, data[begin : begin + size], end)


def _parts(content: bytes, order: str) -> tuple[int, list[int], str, Element]:
    """Return flags, shape, name and values of a matrix."""
    flags = _element(content, 0, order)
    shape = _element(content, flags.end, order)
    name = _element(content, shape.end, order)
    values = _element(content, name.end, order)
    numbers = np.frombuffer(flags.content, f"{order}u4")
    sides = np.frombuffer(shape.content, f"{order}i4").tolist()
    return int(numbers[0]) if numbers.size else 0, sides, name.content.decode("latin-1"), values


def _values(flags: int, shape: list[int], values: Element, order: str) -> NDArray:
    """Return the numbers of a matrix, or raise if it is no full real one."""
    if flags & 0xFF not in NUMERIC or flags & COMPLEX or values.kind not in NUMBERS:
        raise ValueError(f"it is no full matrix of real numbers (class {flags & 0xFF})")
    numbers = np.frombuffer(values.content, f"{order}{NUMBERS[values.kind]}")
    if len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] != numbers.size:
        raise ValueError(f"its shape {shape} does not fit {numbers.size} numbers")
    return numbers.reshape(shape, order="F")
