"""What proves a store: the sha256 of every file, a line each, and one hash of all lines.

The lines lie in ``manifest/sha256sums`` as ``sha256sum`` writes them; ``sha256sum -c`` reads them
too. The last line, a comment, is the sha256 of the lines above it: it seals the store, and
stands for all that the store holds. ``manifest`` itself is an empty zarr array, because zarr warns
of files in a group that belong to no array.
"""

import errno
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from zarr.storage import LocalStore

from mottle.datasets.disk import file_hash
from mottle.disk import write_whole

FOLDER = "manifest"
NAME = f"{FOLDER}/sha256sums"
SEAL = "# content "
FEW = 3  # names in a message


class Proof(NamedTuple):
    """The lines of a store.

    Attributes
    ----------
    known : dict of str to str
        File, relative to the store, to its sha256.
    content : str or None
        The hash of all lines; None while the store is being written.
    """

    known: dict[str, str]
    content: str | None


def lines(known: Mapping[str, str]) -> str:
    """Return the lines of some files, in the order of their names."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(known.items()))


def seal(folder: Path, known: Mapping[str, str]) -> str:
    """Write the lines of a finished store and the hash of all; return that hash."""
    text = lines(known)
    content = sha256(text.encode()).hexdigest()
    sealed = f"{text}{SEAL}{content}\n".encode()
    write_whole(folder / NAME, lambda file: file.write(sealed))
    return content


def create(group: Any) -> None:
    """Create the place of the lines in a zarr group."""
    about = "sha256sums, beside this file, has a line for every file of the store"
    group.create_array(
        FOLDER, shape=(0,), chunks=(1,), dtype="uint8", dimension_names=("file",),
        compressors=None, attributes={"about": about},
    )  # fmt: skip


def read_proof(folder: Path) -> Proof:
    """Return the lines of a store, or raise where they are not as they were written.

    A store that is being written has no seal; a last line that a power cut left unfinished is no
    line.
    """
    try:
        data = (folder / NAME).read_bytes()
    except OSError as error:
        raise ValueError(
            f"'{folder}': {NAME} cannot be read ({error.strerror}); {REPAIR}"
        ) from None
    body, mark, end = data.rpartition(SEAL.encode())
    content = None
    if mark:
        content = sha256(body).hexdigest()
        if end != f"{content}\n".encode():
            raise ValueError(f"'{folder}': {NAME} is damaged: its own hash differs; {REPAIR}")
    whole = (body if mark else data).rpartition(b"\n")[0]
    known = {}
    for line in filter(None, whole.decode("utf-8", "replace").split("\n")):
        digest, gap, name = line.partition("  ")
        if len(digest) != 64 or not gap or not name:
            if content is None:  # what a power cut left; the blocks from here on are written anew
                break
            raise ValueError(f"'{folder}': {NAME} has the line {line[:80]!r}; {REPAIR}")
        known[name] = digest
    return Proof(known, content)


def append(folder: Path, known: Mapping[str, str]) -> None:
    """Add lines to those of a store that is being written, all of them or none."""
    data = lines(known).encode()
    with (folder / NAME).open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        try:
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / NAME))
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(size)
            raise


REPAIR = "copy the store again, or delete it and write it again"


def present(folder: Path) -> set[str]:
    """Return every file below a folder, as names relative to it."""
    found: set[str] = set()
    waiting = [("", str(folder))]
    while waiting:
        prefix, place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{entry.name}/", entry.path))
                else:
                    found.add(prefix + entry.name)
    return found


def check_present(folder: Path, names: Iterable[str]) -> None:
    """Raise if a file is not there: zarr would read fill values in its place."""
    missing = sorted(set(names) - present(folder))
    if missing:
        more = f" and {len(missing) - FEW} more" if len(missing) > FEW else ""
        raise ValueError(
            f"'{folder}' lacks {', '.join(missing[:FEW])}{more}: the store is not whole; {REPAIR}"
        )


def differences(folder: Path, known: Mapping[str, str], apart: Iterable[str] = ()) -> list[str]:
    """Return what differs between a store and its lines; files ``apart`` are not compared."""
    found = present(folder) - set(apart)
    wrong = [f"{name}: missing" for name in sorted(known.keys() - found)]
    wrong += [f"{name}: not of this store" for name in sorted(found - known.keys())]
    for name in sorted(known.keys() & found):
        try:
            same = file_hash(folder / name) == known[name]
        except OSError as error:
            wrong.append(f"{name}: cannot be read ({error.strerror})")
            continue
        if not same:
            wrong.append(f"{name}: its sha256 differs")
    return wrong


def verify(folder: Path) -> list[str]:
    """Return what is wrong with a sealed store, file by file; empty if nothing is."""
    try:
        proof = read_proof(folder)
    except ValueError as error:
        return [str(error)]
    wrong = differences(folder, proof.known, [NAME])
    if proof.content is None:
        wrong.append(f"{NAME}: has no seal; the run that writes this store has not ended")
    return wrong


class ProvedStore(LocalStore):
    """Files of a zarr store whose sha256 is kept as they are written and compared as they are read.

    What is compared are the very bytes that zarr is given. A shard of which only a part is read is
    not: its chunks carry checksums of their own.
    """

    def __init__(
        self, root: Path | str, *, read_only: bool = False, known: dict[str, str] | None = None
    ) -> None:
        super().__init__(root, read_only=read_only)
        self.known: dict[str, str] = {} if known is None else known

    def with_read_only(self, read_only: bool = False) -> "ProvedStore":
        """Return the same store, for reading only or not."""
        return type(self)(self.root, read_only=read_only, known=self.known)

    async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
        """Return a file, or a part of it; raise if it is missing or another."""
        data = await super().get(key, prototype, byte_range)
        expected = self.known.get(key)
        if expected is None:
            return data
        if data is None:
            raise ValueError(f"'{self.root}' lacks {key}: the store is not whole; {REPAIR}")
        if byte_range is None and sha256(data.to_bytes()).hexdigest() != expected:
            raise ValueError(f"'{self.root}': {key} is damaged: its sha256 differs; {REPAIR}")
        return data

    async def set(self, key: str, value: Any) -> None:
        """Write a file and keep its sha256."""
        await super().set(key, value)
        self.known[key] = sha256(value.to_bytes()).hexdigest()

    async def set_if_not_exists(self, key: str, value: Any) -> None:
        """Write a file that is not there."""
        if not await self.exists(key):
            await self.set(key, value)

    async def delete(self, key: str) -> None:
        """Delete a file."""
        self.known.pop(key, None)
        await super().delete(key)
