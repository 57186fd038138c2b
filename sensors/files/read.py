"""One door for every file: events, samples, or a set of recordings, by what is in it."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from mottle.sensors.files.drift import BEGINS, DriftFile, read_drift
from mottle.sensors.files.events import COLUMNS, EventFile, known_by, read_events
from mottle.sensors.files.formats import DECODERS, HEAD
from mottle.sensors.files.hdf5 import find_first, holds_events, open_hdf5
from mottle.sensors.files.samples import TABLES, read_samples
from mottle.sensors.files.spikes import SpikeFile, holds_spikes, read_spikes
from mottle.sensors.files.tables import load_array, read_table
from mottle.sensors.files.ts import TsFile, read_ts


def read(
    path: str | PathLike[str], **options: Any
) -> EventFile | xr.DataArray | SpikeFile | TsFile | DriftFile:
    """Read any file: what is in it finds the reader, then its name.

    Parameters
    ----------
    path : path
        Any file that ``read_events``, ``read_samples``, ``read_spikes``, ``read_ts`` or
        ``read_drift`` knows. A table or an array holds events if it names t, x, y and p.
    **options : dict
        Those of the reader it turns out to be. With ``key=``, one recording of spikes is read.

    Returns
    -------
    stream : EventFile, xarray.DataArray, SpikeFile, TsFile or DriftFile
        What that reader returns: of a set of recordings, all of them.

    Raises
    ------
    ValueError
        As the readers do.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("CO,NO2", "1.5,2", sep=chr(10), file=file, flush=True)
    ...     read(file.name).sizes["channel"]
    2
    """
    reader = find_reader(Path(path))
    if reader is read_spikes and "key" in options:
        reader = read_events
    return reader(path, **options)


def find_reader(path: Path) -> Callable[..., Any]:
    """Return the reader of a file, by its first bytes, then its name, then its columns."""
    if path.is_dir():
        return read_events
    with path.open("rb") as file:
        head = file.read(HEAD)
    suffix = path.suffix.lower()
    if any(kind.matches(head) for kind in DECODERS.values()):
        return read_events
    if BEGINS.match(head):
        return read_drift
    if suffix == ".ts" or begins_ts(head):
        return read_ts
    told = known_by(head)
    if told == "hdf5":
        with open_hdf5(path) as file:
            if holds_spikes(file):
                return read_spikes
            return read_samples if find_first(file, holds_events) is None else read_events
    names: Any = ()
    if suffix in TABLES and head:
        table, named = read_table(path)
        names = table.columns if named else ()
    elif told == "npy" or (suffix == ".npy" and head):
        names = getattr(load_array(path), "dtype", None)
        names = getattr(names, "names", None) or ()
    elif told or suffix not in (".npz", ".wav"):
        return read_events  # N-MNIST, or a format read_events refuses with the list of all
    found = {COLUMNS.get(str(name).strip().lower()) for name in names}
    return read_events if found >= set("txyp") else read_samples


def begins_ts(head: bytes) -> bool:
    """Say whether the first line that is no comment names a problem.

    Examples
    --------
    >>> begins_ts(b"# about"), begins_ts(b"# about the data" + bytes([10]) + b"@problemName Gun")
    (False, True)
    """
    lines = (line.strip() for line in head.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return first.lower().startswith(b"@problemname")
