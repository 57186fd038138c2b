"""Recordings to come: what there is and how to read one, before any is read."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_whole
from mottle.datasets.table import Recordings
from mottle.events import read_stream
from mottle.sensors.files import EventFile


@dataclass(frozen=True)
class Listing:
    """Recordings by row number, none of them read yet.

    Attributes
    ----------
    names : list of str
        One a recording, no two the same.
    target, groups : ndarray of shape (n_recordings,) or None
        Classes, and what must not be split between training and test.
    read : callable
        Row number to a dict of sense to stream (None where the sensor was absent); raises
        `ValueError` for a recording that cannot be read.
    digest : callable
        Row number to the sha256 of what ``read`` would read.
    attrs : dict
        Licence, citation and further attributes; plain JSON values.
    how : dict
        What decides the streams besides the files, such as a reader's options; plain JSON values.
    folders : tuple of path
        Folders whose files are the recordings: no store may be written into them.
    senses : tuple of str
        Names of the senses, where they are known before any recording is read.
    left_out : tuple of str
        Files of the folders that are no recordings.

    Examples
    --------
    >>> from mottle.datasets import list_dataset
    >>> listing = list_dataset("nmnist-100").first(3)
    >>> listing.names, listing.senses, len(listing.read(0)["sight"])
    (['2', '22', '35'], ('sight',), 5028)
    """

    names: list[str]
    target: NDArray | None
    groups: NDArray | None
    read: Callable[[int], dict[str, Any]]
    digest: Callable[[int], str]
    attrs: dict[str, Any] = field(default_factory=dict)
    how: dict[str, Any] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    senses: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def first(self, n: int) -> "Listing":
        """Return the first recordings only."""
        check_whole("n", n)
        target, groups = (None if part is None else part[:n] for part in (self.target, self.groups))
        return replace(self, names=self.names[:n], target=target, groups=groups)


def list_table(recordings: Recordings) -> Listing:
    """List the rows of a table that is in memory.

    Parameters
    ----------
    recordings : Recordings
        What a loader returned.

    Returns
    -------
    Listing
        Names are the table's index, as text.

    Examples
    --------
    >>> from mottle.datasets import load_nmnist_100
    >>> listing = list_table(load_nmnist_100())
    >>> len(listing.names), len(listing.read(0)["sight"])
    (100, 5028)
    """
    table = recordings.table

    def cells(row: int) -> dict[str, Any]:
        return {str(sense): cell for sense, cell in table.iloc[row].items()}

    return Listing(
        [str(name) for name in table.index],
        np.asarray(recordings.target),
        np.asarray(recordings.groups),
        cells,
        lambda row: stream_hash(cells(row)),
        {str(key): value for key, value in table.attrs.items()},
        senses=tuple(map(str, table.columns)),
    )


def stream_hash(streams: dict[str, Any]) -> str:
    """Return the sha256 of the streams of one recording: values, times, names, types."""
    found = sha256()
    for sense in sorted(streams):
        stream = read_stream(streams[sense])
        stream = stream.events if isinstance(stream, EventFile) else stream
        parts = [stream]
        if isinstance(stream, xr.DataArray):
            parts = [
                stream.values,
                *(stream[name].values for name in sorted(map(str, stream.coords))),
            ]
        elif isinstance(stream, pd.DataFrame):
            parts = [stream, stream.index, stream.columns]
        found.update(sense.encode())
        for part in parts:
            array = np.asarray(part)
            found.update(f"{array.dtype}{array.shape}".encode())
            found.update(
                repr(array.tolist()).encode()
                if array.dtype.kind in "OT"
                else np.ascontiguousarray(array).tobytes()
            )
    return found.hexdigest()
