"""Arrays and zip members from outside: names are checked, sizes are limited, nothing unpickles."""

import re
from importlib.resources import files
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.arrays import Archive


def read_arrays(path: str | Path, *, max_bytes: int | None = None) -> dict[str, NDArray]:
    """Read all arrays of an npz file; ``max_bytes`` limits them as it does in the readers."""
    archive = Archive(Path(path), max_bytes)
    names = list(archive.headers)
    return dict(zip(names, archive.load(*names), strict=True))


def read_shipped(name: str) -> dict[str, NDArray]:
    """Read all arrays of an npz file that ships with the package."""
    with (
        (files("mottle.datasets.recordings") / name).open("rb") as file,
        np.load(file, allow_pickle=False) as archive,
    ):
        return {key: archive[key] for key in archive.files}


def matching_members(
    archive: ZipFile, pattern: str, *, limit: int
) -> list[tuple[ZipInfo, re.Match[str]]]:
    """Return the members of a zip whose whole name matches, none above ``limit`` bytes.

    A member is read into memory and never extracted, so no name can lead out of a folder; a name
    that does not match is not read at all.
    """
    found = []
    for member in archive.infolist():
        match = re.fullmatch(pattern, member.filename)
        if match is None:
            continue
        if member.file_size > limit:
            raise ValueError(
                f"'{member.filename}' in {archive.filename} unpacks to {member.file_size} bytes, "
                f"more than the {limit} a recording of this set can have; fetch the archive again"
            )
        found.append((member, match))
    if not found:
        raise ValueError(
            f"{archive.filename} holds no recording of this set (names like '{pattern}'); is it "
            "another archive?"
        )
    return found


def read_member(archive: ZipFile, member: ZipInfo) -> bytes:
    """Read one member, no further than the size which its entry states."""
    with archive.open(member) as file:
        return file.read(member.file_size)
