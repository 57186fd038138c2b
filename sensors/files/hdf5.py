"""HDF5 files, opened with care: damaged ones make the library hang, crash or take gigabytes."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes, only_value_errors

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_COMPRESSED = 2000  # times smaller than what it holds; deflate reaches 1032
MOST_SOFT = 16  # links that lead to links
DEFLATE = 1  # filters by their numbers
FILTERS = {
    36559: "Prophesee's ECF codec: install hdf5_ecf and name its folder in HDF5_PLUGIN_PATH",
    4: "SZIP",
}
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
    with only_value_errors(path):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise ValueError(f"{path} cannot be read as HDF5: {error}.") from error
        with file:
            yield file


def link_names(group: Any) -> list[str]:
    """Return the names in a group, as far as a damaged one lets itself be listed."""
    names: list[str] = []

    def take(name: bytes) -> bool | None:
        names.append(name.decode("utf-8", "surrogateescape"))
        return len(names) >= MOST_LINKS or None  # None goes on

    group.id.links.iterate(take)
    return names


def find(file: Any, name: str, n_soft: int = 0) -> Any:
    """Return the object of a name, or None; the library's own look-up hangs on damaged files.

    Links that lead into other files are refused, by name.
    """
    from h5py import h5l

    item = file
    for part in name.strip("/").split("/"):
        if not hasattr(item, "keys") or part not in link_names(item):
            return None
        raw = part.encode("utf-8", "surrogateescape")
        kind = item.id.links.get_info(raw).type
        if kind == h5l.TYPE_SOFT:
            target = item.id.links.get_val(raw).decode("utf-8", "surrogateescape")
            start = file.file if target.startswith("/") else item
            if n_soft >= MOST_SOFT or (item := find(start, target, n_soft + 1)) is None:
                return None
        elif kind == h5l.TYPE_HARD:
            item = item[part]
        else:
            raise ValueError(
                f"{name!r} in {file.file.filename} is a link that leads to another file: refused."
            )
    return item


def address(item: Any) -> int:
    """Return where an object's header lies; the library's fuller account hangs on damaged files."""
    from h5py import h5g

    low, high = h5g.get_objinfo(item.id).objno
    return int(low) | int(high) << 32


def walk(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield each object once, with its name; other files that links lead to are left alone.

    The library's own visit hangs on some damaged files.
    """
    from h5py import h5l

    waiting, visited = [("", file)], {address(file)}
    while waiting:
        place, item = waiting.pop()
        yield place, item
        for name in reversed(link_names(item) if hasattr(item, "keys") else []):
            link = item.id.links.get_info(name.encode("utf-8", "surrogateescape"))
            if link.type == h5l.TYPE_HARD and link.u not in visited:
                visited.add(link.u)  # the object's address
                waiting.append((f"{place}/{name}".lstrip("/"), item[name]))


def check_dataset(path: Path, dataset: Any, limit: int | None = None) -> None:
    """Raise unless all of a dataset lies in its own file, can be unpacked, and is not too large.

    ``limit`` is in bytes; by default that of the file.
    """
    import h5py

    plan = dataset.id.get_create_plist()
    where = f"dataset {dataset.name!r} of {path}"
    if dataset.is_virtual or plan.get_external_count():
        kind = "virtual: it" if dataset.is_virtual else "stored outside: it"
        raise ValueError(f"{where} is {kind} takes its numbers from other files, which is refused.")
    for k in range(plan.get_nfilters()):
        number = plan.get_filter(k)[0]
        if not h5py.h5z.filter_avail(number):
            how = FILTERS.get(number, "install hdf5plugin and import it before")
            raise ValueError(f"{where} needs HDF5's filter {number}, which is not here: {how}.")
    each = dataset.dtype.itemsize
    whole = dataset.size * each
    if dataset.chunks is not None:
        whole = max(whole, int(np.prod(dataset.chunks, dtype=object)) * each)
    n_bytes = path.stat().st_size
    if whole > max(SMALL, MOST_COMPRESSED * n_bytes):
        raise ValueError(f"{where} claims {whole} bytes, in a file of {n_bytes}: it is damaged.")
    limit = byte_limit(path) if limit is None else limit
    check_bytes(where, whole, limit)
    check_inflated(dataset, limit)


def check_inflated(dataset: Any, limit: int) -> None:
    """Raise if a chunk unpacks to more than it states.

    The library makes room for whatever a deflated chunk unpacks to.
    """
    plan = dataset.id.get_create_plist()
    filters = [plan.get_filter(k)[0] for k in range(plan.get_nfilters())]
    if dataset.chunks is None or DEFLATE not in filters:
        return
    large: list[tuple[int, ...]] = []

    def note(chunk: Any) -> None:
        if chunk.size * MOST_COMPRESSED > limit:
            large.append(chunk.chunk_offset)

    dataset.id.chunk_iter(note)  # finding one chunk takes the library as long as all of them
    stated = int(np.prod(dataset.chunks, dtype=object)) * dataset.dtype.itemsize
    for place in large:
        _, packed = dataset.id.read_direct_chunk(place)
        if len(zlib.decompressobj().decompress(packed, stated + 64)) > stated:
            raise ValueError(
                f"a chunk of {dataset.name!r} unpacks to more than the {stated} bytes it states."
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
