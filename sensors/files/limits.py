"""What every reader keeps to: how much a file may unpack to, and what a damaged one raises."""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from mottle.checks import check_whole

LEAST = 1 << 28  # bytes that any file may come to
TIMES = 100  # as large as the file itself; one word of EVT 3 can hold 12 events, of 2 bytes
Reader = TypeVar("Reader", bound=Callable[..., Any])
LEFT_ALONE = (ImportError, FileNotFoundError, PermissionError, Warning)


def byte_limit(path: str | Path, max_bytes: int | None = None) -> int:
    """Return how many bytes the content of a file may come to in memory.

    By default 100 times the size of the file or folder, and 256 MiB at least.

    Examples
    --------
    >>> byte_limit("of-no-file", 1000)
    1000
    """
    if max_bytes is not None:
        return check_whole("max_bytes", max_bytes)
    path = Path(path)
    parts = path.rglob("*") if path.is_dir() else (path,)
    return max(LEAST, TIMES * sum(part.stat().st_size for part in parts if part.is_file()))


def check_bytes(what: str, n_bytes: int, limit: int) -> None:
    """Raise if something would take more memory than a file may.

    Examples
    --------
    >>> check_bytes("array 'a' of s.npz", 800, 100)
    Traceback (most recent call last):
    ValueError: array 'a' of s.npz comes to 800 bytes, more than max_bytes=100; if the file can be trusted, read it with a larger max_bytes=.
    """  # noqa: E501
    if n_bytes > limit:
        raise ValueError(
            f"{what} comes to {n_bytes} bytes, more than max_bytes={limit}; if the file can be "
            "trusted, read it with a larger max_bytes=."
        )


def check_path(path: Any, *, folders: bool = False) -> None:
    r"""Raise if a path cannot be that of a file, or, without ``folders``, is that of a folder.

    Examples
    --------
    >>> check_path("a\0.csv")
    Traceback (most recent call last):
    ValueError: 'a\x00.csv' has a NUL character, which no file has in its name: correct the path.
    """
    text = os.fspath(path)
    if not text:
        raise ValueError("the path is empty: name a file.")
    if ("\0" if isinstance(text, str) else b"\0") in text:
        raise ValueError(
            f"{text!r} has a NUL character, which no file has in its name: correct the path."
        )
    if not folders and os.path.isdir(path):
        raise ValueError(
            f"{text} is a folder, and a file is read here: name one of its files; list_files and "
            "mottle prepare take whole folders."
        )


@contextmanager
def only_value_errors(path: Any) -> Iterator[None]:
    """Turn whatever a damaged file makes the libraries raise into a ValueError that names the file.

    A file that is absent or may not be opened, a package that is not installed, and warnings keep
    their own kinds.

    Examples
    --------
    >>> with only_value_errors("s.npz"):
    ...     {}["t"]
    Traceback (most recent call last):
    ValueError: s.npz is damaged, or is another format (KeyError: 't').
    """
    try:
        yield
    except UnicodeError as error:  # a ValueError that names no file
        raise ValueError(
            f"{path} is damaged, or is another format (text that is not UTF-8: {error})."
        ) from error
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: {error}") from error
    except LEFT_ALONE:
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is damaged, or is another format ({type(error).__name__}: {error})."
        ) from error


def raises_value_errors(reader: Reader) -> Reader:
    """Decorate a reader, whose first argument is a path, so that damage raises a ValueError only.

    A path that is none, and a misspelt option, remain a TypeError.
    """
    known = inspect.signature(reader)

    @wraps(reader)
    def checked(*args: Any, **options: Any) -> Any:
        path = known.bind(*args, **options).args[0]
        check_path(path)
        with only_value_errors(path):
            return reader(*args, **options)

    return checked  # type: ignore[return-value]
