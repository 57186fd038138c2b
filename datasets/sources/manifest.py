"""A table that lists files of recordings, with labels and groups in other columns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import suggest
from mottle.datasets.listing import Listing
from mottle.datasets.sources.files import list_rows
from mottle.datasets.split import keep_apart, read_frame
from mottle.sensors.files.options import check_read_options

FILE_NAMES = ("file", "path", "filename", "file_name", "filepath", "file_path")
LABELS = {
    "target": ("target", "label", "class"),
    "group": ("group", "subject", "session"),
    "recording": ("recording", "name", "id"),
}
"""Names by which the columns of labels are found, where none is given."""
NOTES = (".json", ".yaml", ".yml", ".toml", ".xml", ".md", ".png", ".jpg", ".pdf")
MISSING = Path("a file that is not there")


def list_manifest(
    path: str | Path,
    *,
    target: str | None = None,
    group: str | None = None,
    recording: str | None = None,
    sense: str = "stream",
    senses: Sequence[str] | None = None,
    per_sense: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> Listing:
    """List the files that a table names, with labels and groups from its columns.

    Parameters
    ----------
    path : path
        Text table or ``.parquet`` with a row a recording. A column of which every cell is the path
        of a file is a sense of that name; paths are absolute, or count from the folder of the
        table, or from a folder of the table's own name beside it. An empty cell is an absent sense.
        A lone column called file, path or filename is the sense ``sense``.
    target, group, recording : str, optional
        Columns of the class, of what must not be split between training and test, and of the names
        of recordings. By default the columns called target, label or class; group, subject or
        session; recording, name or id, where there is exactly one of these.
    sense : str, default="stream"
        What a column called file is called in the result.
    senses : sequence of str, optional
        Columns to take; by default all that hold files.
    per_sense : dict of dict, optional
        Options of the readers for one sense, in place of or besides ``options``.
    **options
        Passed on to `mottle.sensors.files.read`, such as ``time_unit="ms"``.

    Returns
    -------
    Listing
        Files are not read yet.

    Raises
    ------
    ValueError
        If no column holds files, a file is not there, a recording has none, or a column is
        missing; names the row.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for name in ("a", "b"):
    ...     _ = (folder / f"{name}.csv").write_text("CO,NO2" + chr(10) + "1.5,2" + chr(10))
    >>> _ = (folder / "all.csv").write_text("file,label;a.csv,air;b.csv,CO".replace(";", chr(10)))
    >>> listing = list_manifest(folder / "all.csv", sense="smell")
    >>> listing.names, listing.target.tolist(), listing.senses
    (['a.csv', 'b.csv'], ['air', 'CO'], ('smell',))
    """
    check_read_options(options)
    path = Path(path)
    table = read_any_frame(path)
    columns = list(table.columns)
    named = {"target": target, "group": group, "recording": recording}
    found = {what: find_column(what, given, columns, path) for what, given in named.items()}
    labels = [name for name in found.values() if name is not None]
    if path.suffix.lower() != ".parquet":
        table = keep_apart(table, path, [found["group"], found["recording"]], [found["target"]])
    rest = [name for name in columns if name not in labels]
    files = {name: paths_of(table[name], path) for name in rest}
    of_files = {name: cells for name, cells in files.items() if cells is not None}
    if not of_files:  # names of recordings may be those of files, without suffix
        names = [c for c in (found["recording"], *rest) if c is not None]
        by_stem = (paths_by_stem(table[name], path) for name in names)
        of_files = next(({sense: cells} for cells in by_stem if cells is not None), {})
    lone = list(of_files)
    if len(lone) == 1 and lone[0].strip().lower() in FILE_NAMES:
        of_files = {sense: of_files[lone[0]]}
    for name in senses or ():
        if name not in of_files:
            raise ValueError(
                f"{path} has no column {name!r} of files{suggest(name, of_files)} Columns of files "
                f"are: {', '.join(of_files) or 'none'}; columns of labels: "
                f"{', '.join(labels) or 'none'}."
            )
    taken = list(senses) if senses else list(of_files)
    if not taken:
        raise ValueError(
            f"no column of {path} holds paths of files that are there, absolute or below "
            f"{path.parent}: it has {', '.join(columns)}. {missing_file(table, rest, path)}"
        )
    rows: list[dict[str, Path]] = []
    for row in range(len(table)):
        cells = {name: (of_files[name] or [])[row] for name in taken}
        rows.append({name: cell for name, cell in cells.items() if cell is not None})
    bare = [row for row, one in enumerate(rows) if not one]
    if bare:
        raise ValueError(f"row {bare[0]} of {path} names no file; drop it.")
    if found["recording"] is not None:
        names = [str(name) for name in table[found["recording"]]]
    else:
        names = [str(table[lone[0]].iloc[row]) for row in range(len(table))]
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(
            f"{path} names {twice!r} twice; name each recording once, in a column of its own "
            "(recording = ...)."
        )
    return list_rows(
        names, rows, label_column(table, found["target"], path),
        label_column(table, found["group"], path), taken, options, per_sense or {},
        how={"manifest": path.name, "senses": taken, **options,
             **({"per_sense": per_sense} if per_sense else {})},
    )  # fmt: skip


def read_any_frame(path: Path) -> pd.DataFrame:
    """Return a text table or ``.parquet`` as a DataFrame with plain names of columns."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; a table that lists recordings is expected."
        )
    if path.suffix.lower() == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (ImportError, ValueError, OSError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from None
    else:
        frame = read_frame(path)
    if not len(frame):
        raise ValueError(f"{path} has no row.")
    return frame.rename(columns=lambda name: str(name).strip())


def find_column(what: str, given: str | None, columns: Sequence[str], path: Path) -> str | None:
    """Return the column of a label: the one that is named, else the one found by its name."""
    if given is not None:
        if given not in columns:
            raise ValueError(
                f"{what}={given!r}: {path} has no such column{suggest(given, columns)} It has "
                f"{', '.join(columns)}."
            )
        return given
    found = [name for name in columns if name.strip().lower() in LABELS[what]]
    if len(found) > 1:
        raise ValueError(
            f"{path} has several columns that may be the {what}: {', '.join(found)}; state "
            f"{what} = {found[0]!r}, or another of them."
        )
    return found[0] if found else None


def paths_of(cells: pd.Series, table: Path) -> list[Path | None] | None:
    """Return the files that cells name, None for empty ones; None where a cell is no file.

    Paths count from the folder of the table, or from a folder of its name beside it.
    """
    for folder in (table.parent, table.with_suffix("")):
        found = paths_below(cells, folder)
        if found is not None:
            return found
    return None


def paths_below(cells: pd.Series, folder: Path) -> list[Path | None] | None:
    """Return the files that cells name below a folder, as `paths_of` does."""
    found: list[Path | None] = []
    for cell in cells:
        if not isinstance(cell, str):
            if not pd.isna(cell):
                return None
            found.append(None)
        elif not cell.strip():
            found.append(None)
        else:
            path = folder / cell.strip()
            if path.is_dir() and not (path / "metadata.yaml").exists():  # a bag is a folder
                return None
            found.append(path if path.exists() else MISSING)
    there = sum(one is not None and one is not MISSING for one in found)
    gone = [k for k, one in enumerate(found) if one is MISSING]
    if not there or there < len(gone):
        return None
    if gone:
        raise ValueError(
            f"{cells.iloc[gone[0]]!r} in row {gone[0]} of {str(cells.name)!r} is no file below "
            f"{folder}, and {len(gone)} of {len(found)} in all: correct or drop these rows."
        )
    return found


def paths_by_stem(cells: pd.Series, table: Path) -> list[Path | None] | None:
    """Return the files that cells name without their suffix, each another one; None otherwise."""
    if not all(isinstance(cell, str) and cell.strip() for cell in cells) or not cells.is_unique:
        return None
    for folder in (table.parent, table.with_suffix("")):
        stems: dict[Path, dict[str, list[Path]]] = {}  # by folder
        found: list[Path | None] = []
        for cell in cells:
            path = folder / cell.strip()
            if path.parent not in stems:
                stems[path.parent] = files_by_stem(path.parent, table)
            alike = stems[path.parent].get(path.name, [])
            if len(alike) != 1:
                break
            found += alike
        else:
            return found
    return None


def files_by_stem(folder: Path, table: Path) -> dict[str, list[Path]]:
    """Return the files of a folder by their names without suffix, but the table and notes."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        known = file.is_file() and file.suffix and file.suffix.lower() not in NOTES
        if known and file.resolve() != table.resolve():
            found.setdefault(file.stem, []).append(file)
    return found


def missing_file(table: pd.DataFrame, columns: Sequence[str], path: Path) -> str:
    """Return a sentence on the first cell that looks like a path without a file."""
    for name in columns:
        for row, cell in enumerate(table[name]):
            like = isinstance(cell, str) and ("/" in cell or Path(cell).suffix)
            if like and not (path.parent / cell.strip()).exists():
                return f"{cell!r} in row {row} of {name!r} is not there."
    return ""


def label_column(table: pd.DataFrame, name: str | None, path: Path) -> NDArray | None:
    """Return the labels of a column, which must be there in every row."""
    if name is None:
        return None
    missing = table[name].isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"column {name!r} of {path} holds no label in row {int(np.argmax(missing))}, and in "
            f"{int(missing.sum())} rows in all: fill or drop them."
        )
    values = table[name].to_numpy()
    return np.array(values.tolist()) if values.dtype == object else values
