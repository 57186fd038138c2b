"""Files that a kill, a full disk or a power cut cannot leave half-written, and one writer each."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 20  # bytes read at once


@contextmanager
def only_writer(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a store for a block of code; the lock vanishes with its process.

    Another writer is an error, or is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = take_lock(lock_path(path), wait=wait)
    try:
        yield
    finally:
        release_lock(lock, lock_path(path))


def lock_path(path: Path) -> Path:
    """Return where the lock of a store lies: beside it."""
    return path.with_name(f"{path.name}.lock")


def take_lock(path: Path, *, wait: bool = False) -> int:
    """Lock the file and return its descriptor; the kernel lets go when the process ends."""
    import fcntl  # here, so that Windows, which has none, can still read stores

    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            os.close(lock)
            if not isinstance(error, BlockingIOError):
                raise
            raise RuntimeError(
                f"'{path.with_suffix('')}' is being written by another writer; wait for it to end, "
                "or choose another path"
            ) from None
        try:
            if os.path.samestat(os.fstat(lock), os.stat(path)):
                return lock
        except FileNotFoundError:
            pass
        os.close(lock)  # its last owner removed the file between our two calls: take the new one


def release_lock(lock: int, path: Path) -> None:
    """Remove the lock file while it is still ours, then let go of it."""
    path.unlink(missing_ok=True)
    os.close(lock)


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file aside, force it onto the disk and rename it: it is there whole, or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder exists.
    write : callable
        Given a file open for writing.
    """
    aside = path.with_name(f"{path.name}.partial")
    try:
        with aside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
