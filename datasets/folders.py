"""Sets of one file a recording: the label and what must not be split are in the names."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from mottle.datasets.disk import file_hash
from mottle.datasets.listing import Listing
from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings, make_table


def list_folder(known: DataSet, folder: Path | None = None) -> Listing:
    """List the recordings of a set on disk, in the order of their paths; none is read.

    Parameters
    ----------
    known : DataSet
        A set with a layout.
    folder : Path, optional
        Where it lies; default its place in the data folder.

    Returns
    -------
    Listing
        Names are paths below the folder.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If it holds no recording of the set.
    """
    layout, sense = known.layout, known.senses[0]
    if layout is None:
        raise ValueError(f"{known.name} is not one file a recording: load it.")
    folder = known.find() if folder is None else folder
    names = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    found = [(name, match) for name in names if (match := re.search(layout.pattern, name))]
    if not found:
        raise ValueError(
            f"{folder} holds no recording of {known.name} (names like '{layout.pattern}'); is it "
            "another set?"
        )
    paths = [folder / name for name, _ in found]

    def read(row: int) -> dict[str, Any]:
        return {sense: layout.read(paths[row])}

    return Listing(
        [name for name, _ in found],
        np.array([layout.target(match) for _, match in found]),
        np.array([layout.group(match) for _, match in found]),
        read,
        lambda row: file_hash(paths[row]),
        known.attributes(**{key: [match[key] for _, match in found] for key in layout.also}),
        {"set": known.name},
        (folder,),
        (sense,),
    )


def load_folder(known: DataSet, folder: Path | None = None) -> Recordings:
    """Read all recordings of a set of one file a recording into a table; see `list_folder`."""
    listing = list_folder(known, folder)
    rows = [listing.read(row) for row in range(len(listing.names))]
    cells: dict[str, list[Any]] = {sense: [row[sense] for row in rows] for sense in rows[0]}
    table = make_table(index=listing.names, **cells)
    table.attrs = dict[Any, Any](listing.attrs)
    return Recordings(table, np.asarray(listing.target), np.asarray(listing.groups))


def published_part(match: re.Match[str]) -> str:
    """Return the group "train" or "test", as a path names it."""
    return match["group"].lower()
