"""HDF5 files, opened with care, and the events in them."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.formats import Fields

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_COMPRESSED = 2000  # times smaller than what it holds; deflate reaches 1032
MOST_LINKS = 100_000  # in a group
TEXT = (str, bytes)
SMALL = 1 << 26  # bytes that are read in any case


def begins_hdf5(path: Path) -> bool:
    """Say whether a file begins as HDF5 does."""
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

    waiting, seen = [("", file)], set[int]()
    while waiting:
        place, item = waiting.pop()
        yield place, item
        for name in reversed(link_names(item) if hasattr(item, "keys") else []):
            link = item.id.links.get_info(name.encode("utf-8", "surrogateescape"))
            if link.type == h5l.TYPE_HARD and link.u not in seen:
                seen.add(link.u)  # the object's address
                waiting.append((f"{place}/{name}".lstrip("/"), item[name]))


def find_events(file: Any) -> Any:
    """Return the first group with datasets t, x, y, p, or dataset with such fields; or None."""
    for _, item in walk(file):
        if hasattr(item, "keys"):
            if set("txyp") <= set(link_names(item)):
                return item
        elif set("txyp") <= set(item.dtype.names or ()):
            return item
    return None


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
    any length, never returns, or crashes. It is asked only where their places are compressed.
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
    """Return where the 16 bytes lie that tell length, address and number of list ``k``.

    None where they are compressed, or not laid out so.
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


def whole_numbers(path: Path, name: str, values: NDArray) -> NDArray[np.int64]:
    """Return one field of events as int64; a fractional t is in seconds."""
    if values.dtype.kind not in "iufb" or values.ndim != 1:
        raise ValueError(
            f"{name} in {path} has type {values.dtype} and shape {values.shape}; expected a list "
            "of numbers."
        )
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    values = np.round(values.astype(np.float64) * (1e6 if name == "t" else 1))
    if not (np.abs(values) < 2.0**63).all():  # NaN is not
        raise ValueError(f"{name} in {path} holds NaN, infinity, or a number beyond 64 bits.")
    return values.astype(np.int64)


def event_chunks(path: Path, file: Any, key: Any, rows: int) -> Iterator[Fields]:
    """Yield t, x, y, p of ``rows`` events after another."""
    place = file if key is None else find(file, str(key))
    if place is None:
        raise ValueError(f"{path} has no {key!r}; it has {', '.join(link_names(file))}.")
    found = find_events(place)
    if found is None:
        raise ValueError(
            f"{path} has no group with datasets t, x, y and p, and no dataset with these fields."
        )
    fields = {name: found[name] for name in "txyp"} if hasattr(found, "keys") else {"": found}
    shapes: list[tuple[int, ...]] = [getattr(field, "shape", ()) for field in fields.values()]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise ValueError(
            f"t, x, y, p in {path} have shapes {shapes}; expected lists of one length."
        )
    for field in fields.values():
        check_claim(path, field)
    told = find(file, "t_offset")
    offset = 0 if told is None else int(told[()])
    for first in range(0, shapes[0][0], rows):
        part = slice(first, first + rows)
        block = found[part] if "" in fields else {name: fields[name][part] for name in "txyp"}
        t, x, y, p = (whole_numbers(path, name, block[name]) for name in "txyp")
        yield t + offset, x, y, np.where(p == -1, 0, p)
