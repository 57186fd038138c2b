"""Long tables of samples with columns of labels: one file, or several of the same columns."""

from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any

import pandas as pd

from mottle.checks import suggest
from mottle.datasets.sources.files import find_files
from mottle.datasets.sources.manifest import read_any_frame
from mottle.datasets.split import ROW_OF_UNITS, keep_apart, read_frame

FILE = "file"  # column with the name of the table that a row is from


def read_tables(
    paths: Sequence[str | Path], names: Sequence[str | None] = (),
    classes: Sequence[str | None] = (), **options: Any,
) -> tuple[pd.DataFrame, bool]:  # fmt: skip
    """Return the rows of one table, or of several one after another.

    Parameters
    ----------
    paths : sequence of path
        Files, folders of files, or patterns of the shell.
    names, classes : sequence of str or None
        Columns of labels, as for `keep_apart`.
    **options
        As for `read_samples`, of text files.

    Returns
    -------
    table : DataFrame
        With a column ``file``, the path below the common folder without suffix, if there are
        several.
    several : bool
        Whether there are.

    Raises
    ------
    ValueError
        If a file lacks a column of the first one or has another, or has one that is called "file".

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for who in "ab":
    ...     _ = (folder / f"{who}.csv").write_text("time,x,gas" + chr(10) + f"0,1,{who}" + chr(10))
    >>> read_tables([folder])[0].to_dict("list")
    {'file': ['a', 'b'], 'time': [0, 0], 'x': [1, 1], 'gas': ['a', 'b']}
    """
    files, _ = find_files(paths)
    frames = [read_table(file, names, classes, **options) for file in files]
    if len(files) == 1:
        return frames[0], False
    folder, columns = Path(commonpath([file.parent for file in files])), names_of(frames[0])
    for file, frame in zip(files, frames, strict=True):
        own = names_of(frame)
        odd = [*(name for name in columns if name not in own),
               *(name for name in own if name not in columns)]  # fmt: skip
        if odd:
            lacks, others = ("lacks", own) if odd[0] in columns else ("has", columns)
            raise ValueError(
                f"{file} {lacks} the column {odd[0]!r}{suggest(odd[0], others)} Tables of several "
                f"files have the same columns; those of {files[0].name} are {', '.join(columns)}."
            )
        units = [one.attrs.get(ROW_OF_UNITS) for one in (frames[0], frame)]
        if units[0] != units[1]:
            raise ValueError(
                f"{file} has other units in the row below its names than {files[0].name}: bring "
                "them to the same units, or let time_unit state that of the times."
            )
        if FILE in frame:
            raise ValueError(
                f"{file} has a column {FILE!r}, which names the table of a row where there are "
                "several: rename it."
            )
    for name in filter(None, dict.fromkeys([*names, *classes])):
        kinds = {pd.api.types.is_numeric_dtype(frame[name]) for frame in frames if name in frame}
        if len(kinds) > 1:
            frames = [frame.assign(**{name: as_text(frame[name])}) for frame in frames]
    short = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    if len(set(short)) < len(short):
        short = [file.relative_to(folder).as_posix() for file in files]
    for name, frame in zip(short, frames, strict=True):
        frame.insert(0, FILE, name)
    whole = pd.concat(frames, ignore_index=True)
    whole.attrs = dict(frames[0].attrs)
    return whole, True


def as_text(cells: pd.Series) -> pd.Series:
    """Return labels as text, whole numbers without a point.

    Examples
    --------
    >>> as_text(pd.Series([1.0, 2.0])).tolist(), as_text(pd.Series(["1", "a"])).tolist()
    (['1', '2'], ['1', 'a'])
    """
    whole = pd.api.types.is_float_dtype(cells) and (cells.dropna() % 1 == 0).all()
    return (cells.astype("Int64") if whole else cells).astype("string").astype(object)


def read_table(
    path: Path, names: Sequence[str | None], classes: Sequence[str | None], **options: Any
) -> pd.DataFrame:
    """Return one table, its labels as they are written."""
    if path.suffix.lower() == ".parquet":
        return read_any_frame(path)
    frame = keep_apart(read_frame(path, **options), path, names, classes, **options)
    return frame.rename(columns=lambda name: str(name).strip())


def names_of(frame: pd.DataFrame) -> list[str]:
    """Return the names of columns."""
    return [str(name) for name in frame.columns]
