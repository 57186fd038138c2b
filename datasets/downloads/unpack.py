"""Archives unpacked into a folder: all of it or nothing, and nothing outside the folder."""

import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from mottle.sensors.files.limits import byte_limit

PIECE = 1 << 16
MOST_FILES = 2_000_000
WINDOWS = os.name == "nt"
# devices, whatever follows the first dot; characters of Windows itself; ends that it cuts
REFUSED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)|[<>:\"|?*\x00-\x1f]|[. ]$")
UNREADABLE = (  # what zipfile and tarfile raise for broken archives
    BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error,
)  # fmt: skip


def unpack(archive: Path, folder: Path, *, max_bytes: int | None = None) -> None:
    """Unpack a zip or tar archive into a folder, all of it or nothing.

    Parameters
    ----------
    archive : Path
        Zip, tar or packed tar.
    folder : Path
        Does not exist yet.
    max_bytes : int, default=None
        The most it may unpack to; by default 100 times its size, and 256 MiB at least.

    Raises
    ------
    ValueError
        If a member would land outside the folder, is a link or a device, or there are too many or
        too large ones; or if it is no archive. Nothing is left then.
    """
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    limit = byte_limit(archive, max_bytes)
    left, n_files = limit, 0
    try:
        for name, file in members(archive):
            path = PurePosixPath(name.replace("\\", "/"))
            if not path.parts or "\0" in name:
                raise ValueError(f"{archive} holds a file named {name!r}: refused.")
            if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                raise ValueError(f"{archive} holds {name!r}, which leads out of the folder.")
            if WINDOWS and any(REFUSED.search(part) for part in path.parts):
                raise ValueError(
                    f"{archive} holds {name!r}, a name that Windows gives to no file; unpack it on "
                    "another system."
                )
            out = aside / path
            out.parent.mkdir(parents=True, exist_ok=True)
            with out.open("wb") as to:
                while piece := file.read(PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise ValueError(
                            f"{archive}, of {archive.stat().st_size} bytes, unpacks to more than "
                            f"max_bytes={limit} bytes."
                        )
                    to.write(piece)
            n_files += 1
            if n_files > MOST_FILES:
                raise ValueError(f"{archive} holds more than {MOST_FILES} files.")
        aside.rename(folder)
    except (*UNREADABLE, UnicodeError) as error:
        raise ValueError(f"{archive} cannot be unpacked: {error}; fetch it again.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def members(archive: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Yield name and content of every file; links and devices are refused."""
    with archive.open("rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
    if packed:
        with ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                        raise ValueError(f"{archive} holds the link {entry.filename!r}: refused.")
                    with zipped.open(entry) as content:
                        yield entry.filename, content  # type: ignore[misc]
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isdir():
                continue
            plain: Any = tar.extractfile(member) if member.isreg() else None
            if plain is None:
                raise ValueError(f"{archive} holds {member.name!r}, no plain file: refused.")
            yield member.name, plain
