"""Attributes of HDF5 objects, their texts taken from the file itself.

Texts of any length lie in collections, and from damaged ones the library makes room for any length
or never returns. The layout is that of "HDF5 File Format Specification Version 3.0".
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np

from mottle.sensors.files.hdf5 import address

ATTRIBUTE, CONTINUATION = 0x0C, 0x10  # kinds of messages in the header of an object
MOST_BLOCKS = 64  # of a header
LONGEST = 1 << 16  # bytes of a block, or of a text


def read_text(item: Any, name: str) -> list[str]:
    """Return the text or texts of an attribute; empty where there is none.

    Examples
    --------
    >>> import h5py
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, h5py.File(f"{folder}/a.h5", "w") as file:
    ...     file.attrs["unit"], file.attrs["both"] = "us", np.array([b"x", b"y"])
    ...     file.flush()
    ...     read_text(file, "unit"), read_text(file, "both"), read_text(file, "none")
    (['us'], ['x', 'y'], [])
    """
    if not hasattr(item, "attrs") or name not in item.attrs:
        return []
    kind = item.attrs.get_id(name).dtype
    if kind.kind == "S":
        return [text.decode("utf-8", "replace") for text in np.ravel(item.attrs[name]).tolist()]
    if kind.kind != "O":
        return []
    with open(item.file.filename, "rb") as file:
        found = [
            text
            for content in messages(file, address(item))
            for text in texts_of(file, content, name.encode())
        ]
    if not found:
        raise ValueError(
            f"attribute {name!r} of {item.name!r} in {item.file.filename} is text that cannot be "
            "read: store it with a fixed length."
        )
    return found


def attributes_of(item: Any, wanted: Iterable[str]) -> dict[str, Any]:
    """Return attributes of an HDF5 object, whatever the case of their names: numbers and texts.

    Several texts or numbers in one are a list; in the order of ``wanted``.
    """
    known = {str(name).lower(): str(name) for name in getattr(item, "attrs", ())}
    found: dict[str, Any] = {}
    for name in (known[one] for one in wanted if one in known):
        kind = item.attrs.get_id(name)
        if kind.dtype.kind not in "iufb":
            texts: list[Any] = read_text(item, name)
        else:
            texts = np.ravel(item.attrs[name]).tolist() if np.prod(kind.shape) <= 64 else []
        found[name] = texts[0] if len(texts) == 1 else texts
    return found


def take(file: BinaryIO, at: int, n: int) -> bytes:
    """Return ``n`` bytes at a place, or raise."""
    file.seek(at)
    data = file.read(n) if 0 <= n <= LONGEST else b""
    if len(data) != n:
        raise ValueError(f"{n} bytes at byte {at} are pointed at, which are not there")
    return data


def messages(file: BinaryIO, at: int) -> Iterator[bytes]:
    """Yield the attribute messages in the header of an object."""
    head = take(file, at, 16)
    if head.startswith(b"OHDR"):
        flags = head[5]
        width = 1 << (flags & 3)
        begin = at + 6 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
        size = int.from_bytes(take(file, begin, width), "little")
        blocks, form, extra = [(begin + width, size)], "<BHB", 2 * bool(flags & 4)
    else:
        blocks = [(at + 16, struct.unpack("<I", head[8:12])[0])]
        form, extra = "<HHB", 3
    step = struct.calcsize(form) + extra
    for k, (place, size) in enumerate(blocks):
        data, where = take(file, place, size), 0
        while where + step <= len(data):
            kind, length, _ = struct.unpack_from(form, data, where)
            content = data[where + step : where + step + length]
            if kind == ATTRIBUTE:
                yield content
            elif kind == CONTINUATION and len(content) >= 16 and k < MOST_BLOCKS:
                to, n = struct.unpack_from("<QQ", content)
                is_new = form == "<BHB"  # its blocks have a signature and a checksum
                blocks.append((to + 4, n - 8) if is_new else (to, n))
            where += step + length


def texts_of(file: BinaryIO, message: bytes, name: bytes) -> list[str]:
    """Return the texts of an attribute message, if it is of this name."""
    if len(message) < 8:
        return []
    version, _, n_name, n_type, n_space = struct.unpack_from("<BBHHH", message)
    begin = 9 if version == 3 else 8
    if message[begin : begin + n_name].rstrip(b"\0") != name:
        return []
    sizes = [n + (-n % 8 if version == 1 else 0) for n in (n_name, n_type, n_space)]
    at = begin + sum(sizes)
    return [
        collected(file, *struct.unpack_from("<IQI", message, place))
        for place in range(at, len(message) - 15, 16)
        if any(message[place : place + 16])
    ]


def collected(file: BinaryIO, length: int, address: int, wanted: int) -> str:
    """Return an item of a collection."""
    magic, size = struct.unpack("<8sQ", take(file, address, 16))
    at, end = address + 16, address + size
    while magic.startswith(b"GCOL") and at + 16 <= end:
        number, _, _, step = struct.unpack("<HHIQ", take(file, at, 16))
        if number == wanted and length <= step:
            return take(file, at + 16, length).decode("utf-8", "replace")
        if number in (0, wanted):
            break
        at += 16 + step + -step % 8
    raise ValueError(f"a text of {length} bytes is not at byte {address}")
