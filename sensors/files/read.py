"""Files of one stream, events or samples, read by what is in the file."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from mottle.sensors.files.columns import EitherKindError, name_events
from mottle.sensors.files.drift import BEGINS
from mottle.sensors.files.events import EventFile, read_events
from mottle.sensors.files.formats.record import HEAD
from mottle.sensors.files.formats.registry import by_content, by_name
from mottle.sensors.files.formats.table import TABLE
from mottle.sensors.files.formats.table import holds_events as table_holds_events
from mottle.sensors.files.limits import check_path, only_value_errors
from mottle.sensors.files.options import EVENT_OPTIONS, SAMPLE_OPTIONS, check_read_options
from mottle.sensors.files.samples import TABLES, read_samples
from mottle.sensors.files.tables import OPTIONS as TABLE_OPTIONS
from mottle.sensors.files.tables import TableOptions

EITHER = (*TABLES[:-1], ".npy", ".npz")  # ends of names of files of events or samples
SAMPLES = (".wav",)  # ends of names of files that hold samples only


def read(
    path: str | PathLike[str], *, kind: str | None = None, **options: Any
) -> EventFile | xr.DataArray:
    """Read a file of events or of samples, whichever it holds.

    Parameters
    ----------
    path : path
        Any file that ``read_events`` or ``read_samples`` reads. A table or an array holds events if
        it names t, x, y and p.
    kind : {"events", "samples"}, default=None
        What the file holds. None finds it, and refuses four columns without names that may be
        events or samples, of a table, ``.npy`` or ``.npz``; a file that holds the other kind is
        refused.
    **options : dict
        Those of the reader it turns out to be, such as ``time_unit``; options of one reader only,
        such as ``format`` or ``rate``, choose it.

    Returns
    -------
    stream : EventFile or xarray.DataArray
        What ``read_events`` or ``read_samples`` returns.

    Raises
    ------
    ValueError
        As these two do; and for a file of many recordings, which has a reader of its own: the
        message names it.
    TypeError
        If the reader has no such option.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("CO,NO2", "1.5,2", sep=chr(10), file=file, flush=True)
    ...     read(file.name).sizes["channel"]
    2
    """
    check_read_options(options if kind is None else {"kind": kind, **options})
    place = Path(path)
    for_events = options.keys() & set(EVENT_OPTIONS) - set(SAMPLE_OPTIONS)
    for_samples = options.keys() & set(SAMPLE_OPTIONS) - set(EVENT_OPTIONS)
    check_path(path, folders=not for_samples)
    if (for_events or for_samples) and may_be_either(place):
        return read_events(path, **options) if for_events else read_samples(path, **options)
    with only_value_errors(path):
        try:
            events = holds_events(place, options)
        except EitherKindError:
            if kind is None and not for_events and not for_samples:
                raise
            events = kind == "events" or bool(for_events)
    if events and kind == "samples":
        raise ValueError(
            f"{path} holds events by its format or its names, and kind='samples': kind='events' "
            "reads them; read_samples(path) takes t, x, y and p of a table for channels."
        )
    events = events or kind == "events"
    return read_events(path, **options) if events else read_samples(path, **options)


def may_be_either(path: Path) -> bool:
    """Return whether an option may tell events from samples: of a table, or numpy's arrays."""
    return path.is_file() and path.suffix.lower() in EITHER and path.stat().st_size > 0


def holds_events(path: Path, options: Mapping[str, Any] | None = None) -> bool:
    """Return whether a file holds events: by its first bytes, then its name, then its columns.

    ``options`` are those of a reader; what they state of a table counts.
    """
    if path.is_dir():
        return True
    with path.open("rb") as file:
        head = file.read(HEAD)
    suffix = path.suffix.lower()
    if not head:
        return suffix not in SAMPLES  # both readers refuse it
    found = by_content(head)
    if found is None:
        if BEGINS.match(head):
            raise ValueError(f"{path} holds many samples of gases: read_drift reads them.")
        if suffix == ".ts" or begins_ts(head):
            raise ValueError(f"{path} holds many labelled series: read_ts reads them.")
        found = by_name(path) or (TABLE if suffix in TABLES else None)
    if found is None:
        return suffix not in SAMPLES  # read_events lists the formats it reads
    named = (options or {}).get("names")
    if named is not None and found.takes_names:
        return name_events(named)
    if found is TABLE:
        stated = {name: value for name, value in (options or {}).items() if name in TABLE_OPTIONS}
        return table_holds_events(path, TableOptions(**stated))
    return found.holds_events is None or found.holds_events(path)


def begins_ts(head: bytes) -> bool:
    """Return whether the first line that is no comment names a problem.

    Examples
    --------
    >>> begins_ts(b"# about"), begins_ts(b"# about the data" + bytes([10]) + b"@problemName Gun")
    (False, True)
    """
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return first.lower().startswith(b"@problemname")
