"""One door for every file: events or samples, by what is in it."""

from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from mottle.sensors.files.events import COLUMNS, WHOLE, EventFile, read_events
from mottle.sensors.files.formats import DECODERS, HEAD
from mottle.sensors.files.samples import TABLES, read_samples
from mottle.sensors.files.tables import load_array, read_table


def read(path: str | PathLike[str], **options: Any) -> EventFile | xr.DataArray:
    """Read a file of events or of samples, whichever it holds.

    Parameters
    ----------
    path : path
        Any file that ``read_events`` or ``read_samples`` knows. A table or an array holds events if
        it names t, x, y and p.
    **options : dict
        Those of the reader it turns out to be.

    Returns
    -------
    stream : EventFile or xarray.DataArray
        What ``read_events`` or ``read_samples`` returns.

    Raises
    ------
    ValueError
        As these two do.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("CO,NO2", "1.5,2", sep=chr(10), file=file, flush=True)
    ...     read(file.name).sizes["channel"]
    2
    """
    return (
        read_events(path, **options) if holds_events(Path(path)) else read_samples(path, **options)
    )


def holds_events(path: Path) -> bool:
    """Say whether a file holds events, by its first bytes, then its name, then its columns."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    suffix = path.suffix.lower()
    if head.startswith(b"#!AER-DAT") or any(kind.matches(head) for kind in DECODERS.values()):
        return True
    names: Any = ()
    if suffix in TABLES and head:
        table, named = read_table(path)
        names = table.columns if named else ()
    elif suffix == ".npy" and head:
        names = load_array(path).dtype.names or ()
    elif any(head.startswith(magic) for name, magic in WHOLE.items() if name != "npy"):
        return True
    elif suffix not in (".npz", ".wav"):
        return True  # N-MNIST, or a format read_events refuses with the list of all
    return {COLUMNS.get(str(name).strip().lower()) for name in names} >= set("txyp")
