"""Events in numpy's .npy and .npz: fields t, x, y, p, or four columns in this order."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mottle.events import FIELDS
from mottle.sensors.files.arrays import Archive, Header, npy_blocks, read_header
from mottle.sensors.files.columns import event_columns, field_of, find_fields, name_events
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.times import name_unit

MATRIX = "events"  # the name of an array of four columns, in an .npz
LEAST_ROWS = 4096  # of a block, however many bytes a row has


class Chosen(NamedTuple):
    """The array of events in an archive, or the arrays of t, x, y and p."""

    array: str
    lists: list[str]


def places_of(header: Header, place: str, source: Source) -> dict[str, str | int]:
    """Return field or column of each of t, x, y and p; take the unit that a field's name states.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.sensors.files.faults import Faults
    >>> source = Source(Path("a.npy"), Faults("a.npy", "raise"))
    >>> places_of(Header((5, 4), False, np.dtype("i8"), 128), "a.npy", source)
    {'t': 0, 'x': 1, 'y': 2, 'p': 3}
    """
    names = header.dtype.names
    if names is None:
        if header.dtype.kind not in "iufb":
            raise ValueError(f"{place} holds {header.dtype}; expected numbers.")
        if len(header.shape) != 2 or header.shape[1] != 4:
            raise ValueError(
                f"{place} has shape {header.shape}; expected fields t, x, y, p, or four columns in "
                "this order."
            )
        return {name: k for k, name in enumerate(FIELDS)}
    if len(header.shape) != 1:
        raise ValueError(
            f"{place} has the columns {', '.join(names)} and shape {header.shape}; expected a list "
            "with t, x, y and p."
        )
    return {field: names[k] for field, k in find_fields(names, source).items()}


def read_npy(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p block by block."""
    with source.path.open("rb") as file:
        header = read_header(source.path, file)
    columns = places_of(header, str(source.path), source)
    width = 4 if header.dtype.names is None else 1
    rows = max(source.chunk_bytes // (header.dtype.itemsize * width or 1), 1)
    first = 0
    for block in npy_blocks(source.path, header, rows):
        parts = {k: block[c] if isinstance(c, str) else block[:, c] for k, c in columns.items()}
        yield event_columns(parts, source, first)
        first += len(block)


def read_npz(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of the arrays of these names, or of one array with these fields."""
    archive = Archive(source.path, source.max_bytes)
    name, lists = choose_arrays(archive, source.key)
    if lists:
        places = find_fields(lists, source)
        names = {field: lists[k] for field, k in places.items()}
        parts = dict(zip(names, archive.load(*names.values()), strict=True))
        shapes = {part.shape for part in parts.values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(
                f"t, x, y, p in {source.path} have shapes {sorted(shapes)}; expected lists of one "
                "length."
            )
    else:
        columns = places_of(archive.headers[name], f"array {name!r} of {source.path}", source)
        (array,) = archive.load(name)
        parts = {k: array[c] if isinstance(c, str) else array[:, c] for k, c in columns.items()}
    offset = take_statements(archive, source)
    n = len(parts["t"])
    rows = max(source.chunk_bytes // 16, LEAST_ROWS)
    for first in range(0, n, rows):
        block = {name: part[first : first + rows] for name, part in parts.items()}
        t, *rest = event_columns(block, source, first)
        yield t + offset, *rest


def take_statements(archive: Archive, source: Source) -> int:
    """Take the unit of time that a scalar states; return the offset in us that another one does."""
    scalars = {name.lower(): name for name, head in archive.headers.items() if not head.shape}
    if (name := scalars.get("time_unit")) is not None:
        stated = str(archive.load(name)[0].item())
        if not name_unit(stated):
            raise ValueError(f"time_unit={stated!r} in {source.path} is no unit of time.")
        source.clock.state(name_unit(stated), f"array {name!r}")
    if (name := scalars.get("t_offset")) is None:
        return 0
    offset, good = source.clock.convert(np.atleast_1d(archive.load(name)[0]))
    if not good.all():
        raise ValueError(f"t_offset in {source.path} is no whole number of microseconds.")
    return int(offset[0])


def choose_arrays(archive: Archive, key: str | int | None) -> Chosen:
    """Return the name of the array of events, or those of t, x, y and p."""
    if key is None and name_events(archive.headers):
        return Chosen("", [name for name in archive.headers if field_of(name) is not None])
    if key is not None and key not in archive.headers:
        raise ValueError(
            f"{archive.path} has no array {key!r}; it has {', '.join(archive.headers)}."
        )
    found = [str(key)] if key is not None else [
        name for name, header in archive.headers.items()
        if name_events(header.dtype.names or ()) or is_matrix(name, header)
    ]  # fmt: skip
    if len(found) != 1:
        raise ValueError(
            f"{archive.path} holds {', '.join(archive.headers) or 'nothing'}; expected arrays t, "
            "x, y and p, or an array with these fields: name it with key=."
        )
    return Chosen(found[0], [])


def is_matrix(name: str, header: Header) -> bool:
    """Return whether an array is one of events by its name and its four columns."""
    return name == MATRIX and len(header.shape) == 2 and header.shape[1] == 4


def holds_events(path: Path) -> bool:
    """Return whether an array names t, x, y and p: four columns may be samples as well."""
    with path.open("rb") as file:
        return name_events(read_header(path, file).dtype.names or ())


def npz_holds_events(path: Path) -> bool:
    """Return whether arrays, or the fields of one, are named t, x, y and p, or one is "events"."""
    headers = Archive(path).headers
    return name_events(headers) or any(
        name_events(header.dtype.names or ()) or is_matrix(name, header)
        for name, header in headers.items()
    )


NPY = EventFormat(
    name="npy", read=read_npy, begins=(b"\x93NUMPY",), suffixes=(".npy",),
    holds_events=holds_events, takes_time_unit=True,
)  # fmt: skip
NPZ = EventFormat(
    name="npz", read=read_npz, suffixes=(".npz",), several=True, holds_events=npz_holds_events,
    takes_time_unit=True,
)  # fmt: skip
