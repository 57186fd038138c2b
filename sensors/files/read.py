"""One door for every stream: events or samples, by what is in the file."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

import xarray as xr

from mottle.sensors.files.drift import BEGINS
from mottle.sensors.files.events import COLUMNS, EventFile, known_by, read_events
from mottle.sensors.files.formats import DECODERS, HEAD
from mottle.sensors.files.hdf5 import find_events, open_hdf5
from mottle.sensors.files.samples import TABLES, read_samples
from mottle.sensors.files.spikes import holds_spikes
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
        As these two do; and for a file of many recordings, which has a reader of its own: the
        message names it.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".csv") as file:
    ...     print("CO,NO2", "1.5,2", sep=chr(10), file=file, flush=True)
    ...     read(file.name).sizes["channel"]
    2
    """
    stream: EventFile | xr.DataArray = find_reader(Path(path))(path, **options)
    return stream


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
        raise ValueError(f"{path} holds many samples of gases: read_drift reads them.")
    if suffix == ".ts" or begins_ts(head):
        raise ValueError(f"{path} holds many labelled series: read_ts reads them.")
    told = known_by(head)
    if told == "hdf5":
        with open_hdf5(path) as file:
            events = holds_spikes(file) or find_events(file) is not None
            return read_events if events else read_samples
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
