"""Memory for large arrays: whether the machine has it, and zeros that take it as they are used."""

import math
import mmap
import os
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRIVATE: dict[str, Any] = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
)  # Windows has no forks, and no such flags
LARGE = 1 << 22  # bytes, from which numpy asks for large pages
PAGE = 1 << 12  # bytes


def zeros_by_page(shape: tuple[int, ...], dtype: Any, n_written: int = 0) -> NDArray[Any]:
    """Return zeros, of which large arrays take memory page by page, where they are written to.

    numpy asks the system for large pages, of 2 MB, so that a few values far apart would fill all.
    Where there is a value to be written for every small page, large ones take half the time.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    dtype : dtype
        Of its values.
    n_written : int, default=0
        How many values will be written, about.

    Returns
    -------
    zeros : ndarray
        Writable, in C order; as all memory its own in a process that is forked.

    Raises
    ------
    MemoryError
        If the system has not so much.

    Examples
    --------
    >>> zeros_by_page((2, 3), "float32").sum(axis=1).tolist()
    [0.0, 0.0]
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < max(LARGE, n_written * PAGE):
        return np.zeros(shape, dtype)
    try:
        pages = mmap.mmap(-1, size, **PRIVATE)
    except OSError as error:
        raise MemoryError(f"no memory for an array of {size} bytes, shape {shape}") from error
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        with suppress(OSError):  # of systems without large pages
            pages.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(pages, dtype).reshape(shape)


def check_memory(n_values: float, what: str, way: str) -> None:
    """Raise if float64 numbers would take more than the memory of this machine.

    Parameters
    ----------
    n_values : float
        How many.
    what : str
        What they are.
    way : str
        How to need fewer.

    Raises
    ------
    MemoryError
        Before anything is allocated.

    Examples
    --------
    >>> check_memory(1e16, "states", "set pool='mean'")
    Traceback (most recent call last):
    MemoryError: states would take 80000000 GB, more than this machine has: set pool='mean'.
    """
    if not hasattr(os, "sysconf"):  # Windows
        return
    if 8 * n_values > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        size = f"{8e-9 * n_values:.0f} GB"
        raise MemoryError(f"{what} would take {size}, more than this machine has: {way}.")
