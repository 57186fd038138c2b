"""Threads of the BLAS."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

SMALL = 1000  # rows; threads that share as few wait for one another, where a core is busy for long
LOCK, INSIDE = Lock(), list[Any]()  # limits, which know how many threads there were before


@cache
def pools() -> ThreadpoolController:
    """Return the thread pools of this process; to find them takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def threads_for(n_rows: int) -> Iterator[None]:
    """Let the BLAS take one thread for a decomposition of few rows, whose last digits it decides.

    Several threads may be inside at once, and each that leaves restores the number there was before
    the first: to some builds of OpenBLAS only the main thread can tell it.

    Examples
    --------
    >>> import numpy as np
    >>> with threads_for(2):
    ...     np.linalg.eigvalsh(np.diag([3.0, 1.0])).tolist()
    [1.0, 3.0]
    """
    if n_rows > SMALL:
        yield
        return
    with LOCK:
        limit = pools().limit(limits=1, user_api="blas")
        INSIDE.append(INSIDE[0] if INSIDE else limit)
    try:
        yield
    finally:
        with LOCK:
            INSIDE.pop().restore_original_limits()
