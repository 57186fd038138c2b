"""Lines of the log that a process has once."""

from collections.abc import Hashable
from logging import getLogger
from multiprocessing import parent_process
from typing import Any

LOG = getLogger("mottle")
SAID: set[Hashable] = set()  # of which this process has had the line


def say_once(key: Hashable, text: str, *values: Any) -> None:
    """Log a line of warning the first time that there is one with this key.

    A worker logs none: the process that started it has the line.

    Examples
    --------
    >>> say_once(("doctest", 1), "%d steps", 3)
    >>> ("doctest", 1) in SAID
    True
    """
    if key not in SAID and parent_process() is None:
        SAID.add(key)
        LOG.warning(text, *values)
