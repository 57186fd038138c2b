"""Events in numpy's .npy and .npz: fields t, x, y, p, or four columns in this order."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.files.arrays import Archive, Header, npy_blocks, read_header
from mottle.sensors.files.columns import (
    check_order_of_fields,
    event_columns,
    field_of,
    find_fields,
    name_events,
    refuse_either,
)
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.times import name_unit

MATRIX = "events"  # the name of an array of four columns, in an .npz
LEAST_ROWS = 4096  # of a block, however many bytes a row has
N_LEADING = 4096  # rows that show what four columns hold
WAY = "names={}"  # how to state an order


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
        if source.table.names is None:
            return {name: k for k, name in enumerate(FIELDS)}
        order = list(source.table.names)
        if len(order) != 4:
            raise ValueError(f"names={order!r} names {len(order)} columns, and {place} has four.")
        return dict(find_fields(order, source))
    if source.table.names is not None:
        raise ValueError(
            f"names= is of columns without names, and {place} has the fields {', '.join(names)}; "
            "leave it out."
        )
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
        if not first and header.dtype.names is None and source.table.names is None:
            _check_leading(parts, source.path)
        yield event_columns(parts, source, first)
        first += len(block)


def _check_leading(parts: dict[str, NDArray[Any]], place: Any) -> None:
    """Refuse columns whose first rows are events in another order than t, x, y, p."""
    leading = {name: part[:N_LEADING] for name, part in parts.items()}
    check_order_of_fields(leading, place, WAY)


def read_npz(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of the arrays of these names, or of one array with these fields."""
    archive = Archive(source.path, source.max_bytes)
    name, lists = choose_arrays(archive, source.key)
    if lists:
        if source.table.names is not None:
            raise ValueError(
                f"names= is of columns without names, and {source.path} holds the arrays "
                f"{', '.join(lists)}; leave it out."
            )
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
        if array.dtype.names is None and source.table.names is None:
            _check_leading(parts, f"array {name!r} of {source.path}")
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
    for word in ("time_unit", "units", "unit"):
        if (name := scalars.get(word)) is None:
            continue
        stated = str(archive.load(name)[0].item())
        if not name_unit(stated):
            raise ValueError(f"{name}={stated!r} in {source.path} is no unit of time.")
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
    if not found and (lone := lone_matrix(archive.headers)):
        found = [lone]
    if len(found) != 1:
        raise ValueError(
            f"{archive.path} holds {', '.join(archive.headers) or 'nothing'}; expected arrays t, "
            "x, y and p, or an array with these fields: name it with key=."
        )
    return Chosen(found[0], [])


def is_matrix(name: str, header: Header) -> bool:
    """Return whether an array is one of events by its name and its four columns."""
    return name == MATRIX and len(header.shape) == 2 and header.shape[1] == 4


def lone_matrix(headers: Mapping[str, Header]) -> str:
    """Return the name of the only array with axes if it has four columns of numbers, or "".

    Examples
    --------
    >>> lone_matrix({"arr_0": Header((5, 4), False, np.dtype("i8"), 0)}), lone_matrix({})
    ('arr_0', '')
    """
    names = [name for name, header in headers.items() if header.shape]
    return names[0] if len(names) == 1 and _is_bare(headers[names[0]]) else ""


def _is_bare(header: Header) -> bool:
    """Return whether an array has four columns of numbers without names."""
    return len(header.shape) == 2 and header.shape[1] == 4 and header.dtype.kind in "iuf"


def holds_events(path: Path) -> bool:
    """Return whether an array names t, x, y and p; raise for columns that may be events."""
    with path.open("rb") as file:
        header = read_header(path, file)
    if _is_bare(header) and header.shape[0]:
        refuse_either(next(npy_blocks(path, header, N_LEADING)), path)
    return name_events(header.dtype.names or ())


def npz_holds_events(path: Path) -> bool:
    """Return whether arrays, or fields of one, are named t, x, y and p, or one is "events"."""
    archive = Archive(path)
    headers = archive.headers
    named = name_events(headers) or any(
        name_events(header.dtype.names or ()) or is_matrix(name, header)
        for name, header in headers.items()
    )
    if not named and (lone := lone_matrix(headers)):
        refuse_either(archive.load(lone)[0][:N_LEADING], path)
    return named


NPY = EventFormat(
    name="npy", read=read_npy, begins=(b"\x93NUMPY",), suffixes=(".npy",),
    holds_events=holds_events, takes_time_unit=True, takes_names=True,
)  # fmt: skip
NPZ = EventFormat(
    name="npz", read=read_npz, suffixes=(".npz",), several=True, holds_events=npz_holds_events,
    takes_time_unit=True, takes_names=True,
)  # fmt: skip
