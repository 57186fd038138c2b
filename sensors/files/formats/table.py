"""Events in text tables: columns t, x, y, p, named in a header or in this order."""

from collections.abc import Iterator
from pathlib import Path

from mottle.sensors.files.columns import event_columns, name_events
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.tables import read_table


def read_events_table(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of the whole file."""
    table, named = read_table(source.path)
    if not named:
        if table.shape[1] != 4:
            raise ValueError(
                f"{source.path} has {table.shape[1]} columns without names; expected t, x, y, p."
            )
        table.columns = ["t", "x", "y", "p"]
    yield event_columns(table, source)


def holds_events(path: Path) -> bool:
    """Return whether a table names t, x, y and p: four columns may be samples as well."""
    table, named = read_table(path)
    return named and name_events(table.columns)


TABLE = EventFormat(
    name="table", read=read_events_table, suffixes=(".csv", ".tsv", ".txt"),
    holds_events=holds_events,
)  # fmt: skip
