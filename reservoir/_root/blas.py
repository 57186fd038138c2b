"""Threads of the BLAS."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

SMALL = 1000  # rows; threads that share as few wait for one another, where a core is busy for long
LOCK, LIMITS = Lock(), list[Any]()


@cache
def pools() -> ThreadpoolController:
    """Return the thread pools of this process; to find them takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def threads_for(n_rows: int) -> Iterator[None]:
    """Let the BLAS take one thread for a decomposition of few rows, whose last digits it decides.

    Where several threads are within, until the last one leaves.

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
        LIMITS.append(LIMITS[0] if LIMITS else pools().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with LOCK:
            limit = LIMITS.pop()
            if not LIMITS:
                limit.restore_original_limits()
