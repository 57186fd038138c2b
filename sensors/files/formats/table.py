"""Events in text tables: columns t, x, y, p, named in a header or in this order."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.files.columns import (
    EXACT,
    check_order_of_fields,
    either_kind,
    event_columns,
    find_fields,
    fitting_orders,
    name_events,
)
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.tables import (
    BLANKS,
    Dialect,
    TableOptions,
    find_dialect,
    table_chunks,
    to_numbers,
)
from mottle.times import name_unit

ROW_BYTES = 16  # about, of one event in a file
N_LEADING = 100  # rows that show what a table without names holds
OPENEB = ("x", "y", "p", "t")  # the order of its tables, under "%geometry:width,height"
IN_SECONDS = "text columns t x y p between blanks, as RPG and v2e write them"


def read_events_table(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p chunk by chunk."""
    path, options = source.path, source.table
    dialect = behind_size(find_dialect(path, options))
    if dialect.names is None and dialect.n_columns != 4:
        raise ValueError(
            f"{path} has {dialect.n_columns} columns without names; expected t, x, y, p."
        )
    names = dialect.names or list(OPENEB if openeb_size(source.head) else FIELDS)
    places = find_fields(names, source)
    if dialect.units and (unit := name_unit(dialect.units[places["t"]])):
        clock = source.clock
        if clock.unit not in (None, unit) and clock.unit_from != "time_unit=":
            raise ValueError(
                f"the times of {path} are in {clock.unit} by the {clock.unit_from} and in {unit} "
                "by a row of units: time_unit= names the unit."
            )
        clock.state(unit, "row of units")
    bare = dialect.names is None or dialect.header_from == "comment line"
    if bare and dialect.separator == BLANKS and list(places.values()) == [0, 1, 2, 3]:
        source.clock.layout = IN_SECONDS
    others = [name for k, name in enumerate(names) if k not in places.values()]
    rows = max(source.chunk_bytes // ROW_BYTES, 1)
    for k, chunk in enumerate(table_chunks(path, dialect, options, rows)):
        columns: dict[str, NDArray[Any]] = {}
        texts = {}
        for field, place in places.items():
            column = chunk[place]
            if column.dtype.kind in "iufb":
                columns[field] = column.to_numpy()
            else:
                columns[field] = to_numbers(column, path, dialect, options).values
                texts[field] = column
            if field == "t" and columns[field].dtype.kind == "f":
                columns[field] = exact_times(columns[field], k, place, source, dialect, rows)
        if k == 0 and dialect.names is None and names == list(FIELDS):
            leading = {field: column[:N_LEADING] for field, column in columns.items()}
            check_order_of_fields(leading, path, "names={}")
        for name in others:
            source.faults.note(f"column {name!r} left out", len(chunk))
        if len(chunk):
            yield event_columns(columns, source, int(chunk.index[0]), texts)


def read_size(source: Source) -> None:
    """Take the sensor's size from a first line of width and height, as E2VID writes it."""
    source.sensor_size = source.sensor_size or openeb_size(source.head)
    if source.sensor_size is None:
        source.sensor_size = find_dialect(source.path, source.table).size


def openeb_size(head: bytes) -> tuple[int, int] | None:
    """Return the sensor's size from the first line of a table of OpenEB; None for others."""
    found = re.match(rb"%\s*geometry:\s*(\d+)\s*,\s*(\d+)\s*$", head, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None


def behind_size(dialect: Dialect) -> Dialect:
    """Return the form of a table whose rows begin behind the size of the sensor, if it has one."""
    return dialect if dialect.size is None else dialect._replace(start=dialect.after)


def exact_times(
    values: NDArray[Any], k: int, place: int, source: Source, dialect: Dialect, rows: int
) -> NDArray[Any]:
    """Return times of chunk ``k`` exactly, where a missing cell has turned large ones to floats."""
    if not (np.abs(values) >= EXACT).any() or not np.isnan(values).any():
        return values
    chunks = table_chunks(source.path, dialect, source.table, rows, as_text=place)
    chunk: pd.DataFrame = next(part for n, part in enumerate(chunks) if n == k)
    text = chunk[place].astype("string").str.strip()
    good = ~np.isnan(values)
    if not text[good].str.fullmatch(r"[+-]?\d+").all():
        return values
    exact = np.full(values.shape, np.nan, dtype=object)
    exact[good] = [int(cell) for cell in text[good]]
    return exact


def holds_events(path: Path, options: TableOptions | None = None) -> bool:
    """Return whether a table names t, x, y and p.

    Raises
    ------
    EitherKindError
        If four columns without names may be events or channels.
    """
    with path.open("rb") as file:
        if openeb_size(file.read(64)):
            return True
    dialect = behind_size(find_dialect(path, options or TableOptions()))
    if dialect.names is not None:
        return name_events(dialect.names)
    orders = _orders(path, dialect) if dialect.n_columns == 4 else []
    if orders:
        if dialect.size is not None:
            return True
        raise either_kind(path, orders[0])
    return False


def _orders(path: Path, dialect: Dialect) -> list[tuple[str, ...]]:
    """Return the orders in which the first rows could be events."""
    rows = next(table_chunks(path, dialect, rows=N_LEADING), None)
    if rows is None:
        return []
    columns = [rows[k] for k in range(4)]
    if any(column.dtype.kind not in "iuf" for column in columns):
        return []
    return fitting_orders([column.to_numpy() for column in columns])


TABLE = EventFormat(
    name="table", read=read_events_table, start=read_size, suffixes=(".csv", ".tsv", ".txt"),
    holds_events=holds_events, takes_time_unit=True, is_table=True,
)  # fmt: skip
