"""Files in folders: which of them are recordings, and what their names say."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from glob import glob, has_magic
from hashlib import sha256
from os import PathLike
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_names, check_text
from mottle.datasets.disk import file_hash
from mottle.datasets.listing import Listing
from mottle.sensors.files import read
from mottle.sensors.files.options import check_read_options

NAMED = {
    "target": "the class", "group": "what must not be split", "sense": "the sense",
    "recording": "what files of several senses have in common",
}  # fmt: skip
"""Groups of a pattern."""
ABOUT_SUFFIXES = frozenset((
    ".md", ".rst", ".json", ".toml", ".yaml", ".yml", ".xml", ".ini", ".cfg", ".pdf", ".html",
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".py", ".ipynb", ".m", ".sh", ".log", ".md5", ".sha1",
    ".sha256", ".bib", ".lock", ".partial", ".part", ".tmp",
))  # fmt: skip
ABOUT_NAMES = frozenset((
    "readme", "license", "licence", "copying", "notice", "changelog", "citation", "authors",
    "version", "sha256sums", "md5sums", "thumbs", "desktop", "provenance",
))  # fmt: skip
ABOUT_ALWAYS = frozenset(("readme", "license", "licence", "provenance", "changelog"))
"""Suffixes, names, and first words of names of files that lie beside recordings."""


def list_files(
    paths: Sequence[str | Path],
    *,
    sense: str = "stream",
    pattern: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    senses: Sequence[str] | None = None,
    per_sense: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> Listing:
    r"""List files, each of which is a recording, or one sense of a recording.

    Parameters
    ----------
    paths : sequence of path
        Files, folders whose files are taken, subfolders included, in the order of their names, and
        patterns of the shell such as ``day*/*.csv``; hidden files and folders, and zarr stores, are
        left out.
    sense : str, default="stream"
        What the files are called in the table, where the pattern does not say.
    pattern : str, optional
        Regular expression, searched in the path below the common folder, with the groups
        ``target``, the class, ``group``, what must not be split between training and test,
        ``sense`` and ``recording`` (any may be missing), such as
        ``r"(?P<group>train|test)/(?P<target>[0-9])/"``. Files that it does not match are refused.
        With ``sense``, files of equal ``recording`` are the senses of one recording; without
        ``recording``, files whose paths are equal but for the sense.
    include, exclude : sequence of str, optional
        Of the files in folders only those, or none of those, whose name or path below the folder
        matches a pattern of the shell such as "*.aedat4" or "raw/*". Without ``include``, files
        that are no recordings by their name are left out: README, LICENSE and alike, and suffixes
        such as .md, .json or .pdf. ``left_out`` of the result names them.
    senses : sequence of str, optional
        With ``sense`` in the pattern: files of other senses are left out.
    per_sense : dict of dict, optional
        Options of the readers for one sense, in place of or besides ``options``.
    **options
        Passed on to `mottle.sensors.files.read`, such as ``time_unit="ms"``.

    Returns
    -------
    Listing
        Names are paths below the common folder, or the ``recording`` of the pattern.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If there is no file, one is named twice, or the pattern is broken or does not match, or
        has other groups, or if two files of a recording have the same sense, or other labels.

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
    for one in (per_sense or {}).values():
        check_read_options(one)
    check_text("sense", sense)
    for name, patterns in (("include", include), ("exclude", exclude)):
        if len(patterns):
            check_names(name, patterns)
    files, left_out = find_files(paths, include, exclude)
    folder = Path(commonpath([file.parent for file in files]))
    names = [file.relative_to(folder).as_posix() for file in files]
    finder = check_pattern(pattern)
    if finder is None or "sense" not in finder.groupindex:
        rows = {name: {sense: file} for name, file in zip(names, files, strict=True)}
        target, groups = labels_from(names, pattern)
    else:
        rows, dropped = join_senses(finder, names, files, senses)
        left_out += dropped
        first = [names[files.index(next(iter(row.values())))] for row in rows.values()]
        target, groups = labels_from(first, pattern)
        check_same_labels(finder, rows, names, files)
    found = sorted({name for row in rows.values() for name in row})
    known = [one for one in (senses or found) if one in found]
    how = {"senses": known, **options, **({"per_sense": per_sense} if per_sense else {})}
    return list_rows(
        list(rows), list(rows.values()), target, groups, known, options, per_sense or {},
        how={"sense": sense, **options} if known == [sense] and not per_sense else how,
        folders=tuple(path for path in map(Path, paths) if path.is_dir()),
        left_out=tuple(left_out),
    )  # fmt: skip


def list_rows(
    names: list[str],
    rows: Sequence[Mapping[str, Path]],
    target: NDArray | None,
    groups: NDArray | None,
    senses: Sequence[str],
    options: Mapping[str, Any],
    per_sense: Mapping[str, Mapping[str, Any]],
    *,
    how: dict[str, Any],
    folders: tuple[Path, ...] = (),
    left_out: tuple[str, ...] = (),
) -> Listing:
    """List recordings of which every sense is a file."""

    def read_row(row: int) -> dict[str, Any]:
        return {
            one: read(rows[row][one], **{**options, **per_sense.get(one, {})})
            if one in rows[row] else None
            for one in senses
        }  # fmt: skip

    def digest(row: int) -> str:
        if len(senses) == 1:
            return file_hash(rows[row][senses[0]])
        parts = [f"{one} {file_hash(rows[row][one])}" for one in senses if one in rows[row]]
        return sha256("\n".join(parts).encode()).hexdigest()

    return Listing(
        names, target, groups, read_row, digest, {}, how, folders, tuple(senses), left_out
    )


def find_files(
    paths: Sequence[str | Path], include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> tuple[list[Path], list[str]]:
    """Return the files, resolved, in the order of their names, and the names of those left out."""
    if isinstance(paths, str | PathLike):
        raise TypeError(f"paths={str(paths)!r} is one path; pass [{str(paths)!r}].")
    files: list[Path] = []
    left_out: list[str] = []
    for path in map(Path, paths):
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                below = file.relative_to(path)
                if _is_ours(below) or not file.is_file():
                    continue
                wanted = _matches(below, include) if include else not _is_about(below)
                if wanted and not _matches(below, exclude):
                    files.append(file)
                else:
                    left_out.append(below.as_posix())
        elif path.exists():
            files.append(path)
        elif has_magic(str(path)):
            found = [Path(one) for one in sorted(glob(str(path), recursive=True))]
            if not found:
                raise FileNotFoundError(f"{path} matches no file.")
            files += [one for one in found if one.is_file() and not _is_ours(Path(one.name))]
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
        counts: dict[Path, int] = {}
        for file in resolved:
            counts[file] = counts.get(file, 0) + 1
        twice = next(file for file in files if counts[file.resolve()] > 1)
        raise ValueError(f"{twice} is named twice; name each recording once.")
    return resolved, left_out


def _matches(path: Path, patterns: Sequence[str]) -> bool:
    """Return whether a name, or the path below the folder, matches a pattern of the shell."""
    return any(
        fnmatchcase(text, pattern) for pattern in patterns for text in (path.name, path.as_posix())
    )


def _is_about(path: Path) -> bool:
    """Return whether a file is about recordings by its name, and none itself."""
    word = re.split(r"[-_. ]", path.name.lower(), maxsplit=1)[0]
    return path.suffix.lower() in ABOUT_SUFFIXES or word in ABOUT_ALWAYS or (
        path.stem.lower() in ABOUT_NAMES
    )  # fmt: skip


def _is_ours(path: Path) -> bool:
    """Return whether a path is hidden, or belongs to a store that may lie among the recordings."""
    return any(part.startswith(".") or ".zarr" in part for part in path.parts)


def check_pattern(pattern: str | None) -> re.Pattern[str] | None:
    """Return a pattern of which the groups are known, None where there is none."""
    if pattern is None:
        return None
    try:
        finder = re.compile(check_text("pattern", pattern))
    except re.error as error:
        raise ValueError(f"pattern={pattern!r} is no regular expression: {error}") from None
    unknown = sorted(set(finder.groupindex) - set(NAMED))
    if unknown or not finder.groupindex:
        known = ", ".join(f"(?P<{name}>...), {what}" for name, what in NAMED.items())
        raise ValueError(
            f"pattern={pattern!r} has the groups {', '.join(unknown) or 'none'}; known are {known}."
        )
    return finder


def labels_from(names: Sequence[str], pattern: str | None) -> tuple[NDArray | None, NDArray | None]:
    """Return target and groups as a pattern finds them in names, None for those it does not name.

    Examples
    --------
    >>> labels_from(["a/3.bin", "b/4.bin"], r"(?P<group>[ab])/(?P<target>[0-9])")
    (array(['3', '4'], dtype='<U1'), array(['a', 'b'], dtype='<U1'))
    """
    finder = check_pattern(pattern)
    if finder is None:
        return None, None
    parts = [parts_of(finder, name) for name in names]

    def column(name: str) -> NDArray | None:
        if name not in finder.groupindex:
            return None
        if parts and not any(part[name] for part in parts):
            raise ValueError(f"pattern={pattern!r} finds an empty {name} in every path.")
        return np.array([part[name] for part in parts])

    return column("target"), column("group")


def parts_of(finder: re.Pattern[str], name: str) -> dict[str, str]:
    """Return what a pattern finds in a name."""
    match = finder.search(name)
    if match is None:
        raise ValueError(f"pattern={finder.pattern!r} does not match {name!r}.")
    return match.groupdict()


def join_senses(
    finder: re.Pattern[str],
    names: Sequence[str],
    files: Sequence[Path],
    senses: Sequence[str] | None,
) -> tuple[dict[str, dict[str, Path]], list[str]]:
    """Return the files of each recording by sense, and names of files of other senses.

    Examples
    --------
    >>> finder = re.compile(r"(?P<sense>touch|smell)_")
    >>> names = ["a/smell_1.csv", "a/touch_1.csv", "a/touch_2.csv"]
    >>> rows, _ = join_senses(finder, names, [Path(name) for name in names], None)
    >>> {name: sorted(row) for name, row in rows.items()}
    {'a/*_1.csv': ['smell', 'touch'], 'a/*_2.csv': ['touch']}
    """
    rows: dict[str, dict[str, Path]] = {}
    dropped = []
    for name, file in zip(names, files, strict=True):
        match = finder.search(name)
        if match is None:
            raise ValueError(f"pattern={finder.pattern!r} does not match {name!r}.")
        sense = match["sense"]
        if not sense:
            raise ValueError(f"pattern={finder.pattern!r} finds an empty sense in {name!r}.")
        if senses is not None and sense not in senses:
            dropped.append(name)
            continue
        key = match.groupdict().get("recording")
        if not key:
            begin, end = match.span("sense")
            key = f"{name[:begin]}*{name[end:]}"
        row = rows.setdefault(key, {})
        if sense in row:
            raise ValueError(
                f"{name!r} and {row[sense].name!r} are both {sense!r} of the recording {key!r} by "
                f"pattern={finder.pattern!r}: let (?P<recording>...) tell them apart."
            )
        row[sense] = file
    if not rows:
        found = ", ".join(sorted({parts_of(finder, name)["sense"] for name in names}))
        raise ValueError(
            f"no file is of the senses {', '.join(senses or ())}: pattern={finder.pattern!r} finds "
            f"{found}."
        )
    return rows, dropped


def check_same_labels(
    finder: re.Pattern[str],
    rows: Mapping[str, Mapping[str, Path]],
    names: Sequence[str],
    files: Sequence[Path],
) -> None:
    """Refuse recordings whose senses have other labels or groups."""
    name_of = dict(zip(files, names, strict=True))
    for key, row in rows.items():
        for label in ("target", "group"):
            found = {
                parts_of(finder, name_of[file]).get(label): name_of[file] for file in row.values()
            }
            if len(found) > 1:
                (one, first), (two, second) = list(found.items())[:2]
                raise ValueError(
                    f"the recording {key!r} has the {label} {one!r} by {first!r} and {two!r} by "
                    f"{second!r}; change the pattern."
                )
