"""A line about a compilation that takes long: the first call of a kernel shows nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging import getLogger
from threading import Timer
from typing import Any

SECONDS = 2.0  # of silence
LOG = getLogger("mottle")


@contextmanager
def announced(kernel: Callable[..., Any]) -> Iterator[None]:
    """Say so if a kernel that is called here is still being compiled after two seconds.

    The line is a warning of the logger "mottle", which shows on standard error unless logging is
    set up otherwise. A kernel that is loaded from disk, or runs for long, gives no line.
    """
    kernel = getattr(kernel, "__wrapped__", kernel)
    if getattr(kernel, "signatures", True):  # compiled, or without compilation
        yield
        return
    timer = Timer(SECONDS, _announce, (kernel,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _announce(kernel: Any) -> None:
    if not kernel.signatures:
        name = f"{kernel.py_func.__module__}.{kernel.py_func.__name__}"
        LOG.warning("compiling %s for its first use; this can take 20 s.", name)
