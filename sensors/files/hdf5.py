"""HDF5 files, opened with care: damaged ones make the library hang, crash or take gigabytes."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_COMPRESSED = 2000  # times smaller than what it holds; deflate reaches 1032
MOST_LINKS = 100_000  # in a group
TEXT = (str, bytes)
SMALL = 1 << 26  # bytes that are read in any case


def begins_hdf5(path: Path) -> bool:
    """Return whether a file begins as HDF5 does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open a file for reading; whatever a damaged one makes h5py raise is a ValueError."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f"{path} is HDF5, which needs one more package: pip install mottle[hdf5]"
        ) from error
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise ValueError(
            f"{path} cannot be read as HDF5: {error}. Files of DSEC need the filters of "
            "hdf5plugin: install it and import it first."
        ) from error


def link_names(group: Any) -> list[str]:
    """Return the names in a group, as far as a damaged one lets itself be listed."""
    names: list[str] = []

    def take(name: bytes) -> bool | None:
        names.append(name.decode("utf-8", "surrogateescape"))
        return len(names) >= MOST_LINKS or None  # None goes on

    group.id.links.iterate(take)
    return names


def find(file: Any, name: str) -> Any:
    """Return the object of a name, or None; the library's own look-up hangs on damaged files."""
    item = file
    for part in name.strip("/").split("/"):
        if not hasattr(item, "keys") or part not in link_names(item):
            return None
        item = item[part]
    return item


def walk(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield each object once, with its name; other files that links lead to are left alone.

    The library's own visit hangs on some damaged files.
    """
    from h5py import h5l

    waiting, visited = [("", file)], set[int]()
    while waiting:
        place, item = waiting.pop()
        yield place, item
        for name in reversed(link_names(item) if hasattr(item, "keys") else []):
            link = item.id.links.get_info(name.encode("utf-8", "surrogateescape"))
            if link.type == h5l.TYPE_HARD and link.u not in visited:
                visited.add(link.u)  # the object's address
                waiting.append((f"{place}/{name}".lstrip("/"), item[name]))


def check_claim(path: Path, dataset: Any) -> None:
    """Raise if a dataset claims more numbers than the file can hold."""
    claimed = dataset.size * dataset.dtype.itemsize
    if claimed > max(SMALL, MOST_COMPRESSED * path.stat().st_size):
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes, and its dataset {dataset.name!r} claims "
            f"{claimed}: the copy is damaged."
        )


def take_list(path: Path, dataset: Any, k: int) -> NDArray:
    """Return list ``k`` of a dataset of lists of numbers, or of the bytes of texts.

    It is taken from the file itself: from damaged collections of lists the library makes room for
    any length, never returns, or crashes. The library is used only where places are compressed.
    """
    kind, begin = dataset.dtype.metadata["vlen"], _place_of(dataset, k)
    dtype = np.dtype("u1" if kind in TEXT else kind)
    if begin is None:
        return np.frombuffer(dataset[k], dtype) if kind in TEXT else np.asarray(dataset[k])
    what = f"{path} is damaged: list {k} of {dataset.name!r}"
    n_bytes = path.stat().st_size
    with path.open("rb") as file:

        def take(at: int, form: str) -> tuple[Any, ...]:
            if at > n_bytes - 16:
                raise ValueError(f"{what} lies beyond its end.")
            file.seek(at)
            return struct.unpack(form, file.read(16))

        length, address, wanted = take(begin, "<IQI")
        if not length:
            return np.empty(0, dtype)
        magic, size = take(address, "<8sQ")
        at, end = address + 16, min(address + size, n_bytes)
        while magic.startswith(b"GCOL") and at + 16 <= end:
            number, _, _, step = take(at, "<HHIQ")
            if number == wanted and length * dtype.itemsize <= min(step, end - at - 16):
                return np.frombuffer(file.read(length * dtype.itemsize), dtype)
            if number in (0, wanted):  # 0 is the room left over
                break
            at += 16 + step + -step % 8
    raise ValueError(f"{what}, of {length} numbers, is not at byte {address}.")


def _place_of(dataset: Any, k: int) -> int | None:
    """Return where the 16 bytes lie that hold length, address and number of list ``k``.

    None where they are compressed, or not laid out in this way.
    """
    row, n = k, dataset.size
    if dataset.chunks is None:
        begin, size = dataset.id.get_offset(), dataset.id.get_storage_size()
    elif dataset.id.get_create_plist().get_nfilters() == 0:
        n = dataset.chunks[0]
        row = k % n
        chunk = dataset.id.get_chunk_info_by_coord((k - row,))
        begin, size = chunk.byte_offset, chunk.size
    else:
        return None
    bare = begin is not None and size == 16 * n and not dataset.file.userblock_size
    return int(begin) + 16 * row if bare else None
