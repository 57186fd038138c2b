"""Recordings to come: what there is and how to read one, before any is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from os import PathLike
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_names, check_text, check_whole
from mottle.datasets.disk import file_hash
from mottle.datasets.table import Recordings
from mottle.events import read_stream
from mottle.sensors.files import EventFile, read
from mottle.sensors.files.options import check_read_options

ABOUT_SUFFIXES = frozenset(
    [
        ".md",
        ".rst",
        ".json",
        ".toml",
        ".yaml",
        ".yml",
        ".xml",
        ".ini",
        ".cfg",
        ".pdf",
        ".html",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".py",
        ".ipynb",
        ".m",
        ".sh",
        ".log",
        ".md5",
        ".sha1",
        ".sha256",
        ".bib",
        ".lock",
        ".partial",
        ".part",
        ".tmp",
    ]
)
ABOUT_NAMES = frozenset(
    [
        "readme",
        "license",
        "licence",
        "copying",
        "notice",
        "changelog",
        "citation",
        "authors",
        "version",
        "sha256sums",
        "md5sums",
        "thumbs",
        "desktop",
    ]
)
"""Suffixes and names of files that lie beside recordings."""


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


def list_files(
    paths: Sequence[str | Path],
    *,
    sense: str,
    pattern: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    **options: Any,
) -> Listing:
    r"""List files of one sense, each of which is a recording.

    Parameters
    ----------
    paths : sequence of path
        Files, and folders whose files are taken, subfolders included, in the order of their names;
        hidden files and folders, and zarr stores, are left out.
    sense : str
        What they are called in the table.
    pattern : str, optional
        Regular expression, searched in the path below the common folder, with the groups
        ``target`` and ``group`` (either may be missing), such as
        ``r"(?P<group>train|test)/(?P<target>[0-9])/"``. Files that it does not match are refused.
    include, exclude : sequence of str, optional
        Of the files in folders only those, or none of those, whose name or path below the folder
        matches a pattern of the shell such as "*.aedat4" or "raw/*". Without ``include``, files
        that are no recordings by their name are left out: README, LICENSE and alike, and suffixes
        such as .md, .json or .pdf. ``left_out`` of the result names them.
    **options
        Passed on to `mottle.sensors.files.read`, such as ``time_unit="ms"``.

    Returns
    -------
    Listing
        Names are paths below the common folder.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If there is no file, one is named twice, or the pattern is broken or does not match, or
        names groups but no target or group.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for name in ("train/7-1.csv", "test/3-1.csv"):
    ...     (folder / name).parent.mkdir()
    ...     _ = (folder / name).write_text("t,x,y,p\n10,3,4,1\n25,3,5,0\n")
    >>> pattern = r"(?P<group>train|test)/(?P<target>[0-9])"
    >>> listing = list_files([folder], sense="sight", pattern=pattern)
    >>> listing.names, listing.target.tolist(), listing.groups.tolist()
    (['test/3-1.csv', 'train/7-1.csv'], ['3', '7'], ['test', 'train'])
    """
    check_read_options(options)
    check_text("sense", sense)
    for name, patterns in (("include", include), ("exclude", exclude)):
        if len(patterns):
            check_names(name, patterns)
    if isinstance(paths, str | PathLike):
        raise TypeError(f"paths={str(paths)!r} is one path; pass [{str(paths)!r}].")
    files: list[Path] = []
    left_out: list[str] = []
    for path in map(Path, paths):
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                below = file.relative_to(path)
                if not file.is_file() or _is_ours(below):
                    continue
                wanted = _matches(below, include) if include else not _is_about(below)
                if wanted and not _matches(below, exclude):
                    files.append(file)
                else:
                    left_out.append(below.as_posix())
        elif path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"{path} does not exist; give files, or folders of files.")
    if not files:
        given = [
            f"{name} {', '.join(map(repr, patterns))}"
            for name, patterns in (("include", include), ("exclude", exclude)) if len(patterns)
        ]  # fmt: skip
        why = f"by {' and '.join(given)}" if given else "by their names; include= takes them"
        others = f": {', '.join(left_out[:5])} are left out {why}" if left_out else ""
        raise ValueError(f"there is no recording in {', '.join(map(str, paths))}{others}.")
    resolved = [file.resolve() for file in files]
    if len(set(resolved)) < len(files):
        twice = next(file for file in files if resolved.count(file.resolve()) > 1)
        raise ValueError(f"{twice} is named twice; name each recording once.")
    folder = Path(commonpath([file.parent for file in resolved]))
    names = [file.relative_to(folder).as_posix() for file in resolved]
    target, groups = labels_from(names, pattern)

    def read_row(row: int) -> dict[str, Any]:
        return {sense: read(files[row], **options)}

    how = {"sense": sense, **options}
    folders = tuple(path for path in map(Path, paths) if path.is_dir())
    return Listing(
        names, target, groups, read_row, lambda row: file_hash(files[row]), {}, how, folders,
        (sense,), tuple(left_out),
    )  # fmt: skip


def _matches(path: Path, patterns: Sequence[str]) -> bool:
    """Return whether a name, or the path below the folder, matches a pattern of the shell."""
    return any(
        fnmatchcase(text, pattern) for pattern in patterns for text in (path.name, path.as_posix())
    )


def _is_about(path: Path) -> bool:
    """Return whether a file is about recordings by its name, and none itself."""
    return path.suffix.lower() in ABOUT_SUFFIXES or path.stem.lower() in ABOUT_NAMES


def _is_ours(path: Path) -> bool:
    """Return whether a path is hidden, or belongs to a store that may lie among the recordings."""
    return any(part.startswith(".") or ".zarr" in part for part in path.parts)


def labels_from(names: Sequence[str], pattern: str | None) -> tuple[NDArray | None, NDArray | None]:
    """Return target and groups as a pattern finds them in names, None for those it does not name.

    Examples
    --------
    >>> labels_from(["a/3.bin", "b/4.bin"], r"(?P<group>[ab])/(?P<target>[0-9])")
    (array(['3', '4'], dtype='<U1'), array(['a', 'b'], dtype='<U1'))
    """
    if pattern is None:
        return None, None
    try:
        finder = re.compile(check_text("pattern", pattern))
    except re.error as error:
        raise ValueError(f"pattern={pattern!r} is no regular expression: {error}") from None
    unknown = sorted(set(finder.groupindex) - {"target", "group"})
    if unknown or not finder.groupindex:
        raise ValueError(
            f"pattern={pattern!r} has the groups {', '.join(unknown) or 'none'}; known are "
            "(?P<target>...), the class, and (?P<group>...), what must not be split."
        )
    found = [finder.search(name) for name in names]
    if None in found:
        raise ValueError(f"pattern={pattern!r} does not match {names[found.index(None)]!r}.")
    parts = [match.groupdict() for match in found if match is not None]

    def column(name: str) -> NDArray | None:
        if parts and name in finder.groupindex and not any(part[name] for part in parts):
            raise ValueError(f"pattern={pattern!r} finds an empty {name} in every path.")
        return np.array([part[name] for part in parts]) if name in finder.groupindex else None

    return column("target"), column("group")


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
