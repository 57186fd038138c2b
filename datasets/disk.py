"""Files that a kill, a full disk or a power cut cannot leave half-written, and one writer each."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import SoftFileLock, Timeout, has_fcntl, lock_descriptor

from mottle.disk import sync

PIECE = 1 << 20  # bytes read at once
SYSTEM_LOCKS = has_fcntl or os.name == "nt"


@contextmanager
def only_writer(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a store for a block of code; the lock vanishes with its process.

    Another writer is an error, or is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock(lock_path(path), wait=wait)
    try:
        yield
    finally:
        lock.release()


def lock_path(path: Path) -> Path:
    """Return where the lock of a store lies: beside it."""
    return path.with_name(f"{path.name}.lock")


class Lock:
    """A locked file; the system lets go of it when the process ends.

    Where the system locks no files, the lock is a file with the number of the process; one whose
    process is gone is taken over.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._soft: Any = None
        taken = self._take(wait) if SYSTEM_LOCKS else self._take_softly(wait)
        if not taken:
            raise RuntimeError(
                f"'{path.with_suffix('')}' is being written by another writer; wait for it to end, "
                "or choose another path"
            )

    def _take(self, wait: bool) -> bool:
        """Lock the file under this name; return whether that was possible."""
        while True:
            lock = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if not lock_descriptor(lock, blocking=wait):
                    os.close(lock)
                    return False
            except BaseException:
                os.close(lock)
                raise
            try:
                if os.path.samestat(os.fstat(lock), os.stat(self.path)):
                    self._descriptor = lock
                    return True
            except FileNotFoundError:  # its last owner removed the file: take the new one
                pass
            os.close(lock)

    def _take_softly(self, wait: bool) -> bool:
        """Lock by a file that only one process can create; return whether that was possible."""
        soft = SoftFileLock(self.path, timeout=-1 if wait else 0)
        try:
            soft.acquire()
        except Timeout:
            return False
        self._soft = soft
        return True

    def release(self) -> None:
        """Remove the lock file while it is still ours, then let go of it."""
        if self._soft is not None:
            self._soft.release()
        elif self._descriptor is not None:
            if os.name != "nt":
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            if os.name == "nt":  # an open file cannot be removed there, ours or another writer's
                with suppress(OSError):
                    self.path.unlink()
        self._soft = self._descriptor = None


def put_in_place(aside: Path, path: Path) -> None:
    """Force a whole tree onto the disk, then rename it to ``path``, in place of what was there.

    A kill leaves the old tree, none, or the new one under ``path``; in the second case both lie
    beside it, and `finish_swap` puts the old one back.
    """
    for item in (*aside.rglob("*"), aside):
        sync(item)
    if path.exists():
        os.rename(path, old_path(path))
    os.rename(aside, path)
    sync(path.parent)
    shutil.rmtree(old_path(path), ignore_errors=True)


def finish_swap(path: Path) -> None:
    """Clear up what a kill within `put_in_place` left beside ``path``."""
    old = old_path(path)
    if old.exists() and not path.exists():
        os.rename(old, path)
    elif old.exists():
        shutil.rmtree(old)


def old_path(path: Path) -> Path:
    """Return where a store waits while the next one takes its place."""
    return path.with_name(f".{path.name}.old")


def file_hash(path: Path, kind: str = "sha256") -> str:
    """Return the sha256, or another hash, of a file, read piece by piece.

    Examples
    --------
    >>> file_hash(Path(os.devnull))[:16]
    'e3b0c44298fc1c14'
    """
    found = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()
