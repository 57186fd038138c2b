"""When numba compiles a kernel of mottle anew.

numba compares the file of a kernel with the one that it compiled. A kernel calls helpers from other
files, which become part of the compiled code: here these files are compared, too.
"""

import re
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numba.core import caching

OWN = ("mottle.", "mottle_node_")  # modules with kernels; the second are of devices from outside
HELPER = re.compile(r"^\s*(?:from|import) (mottle\.[\w.]+)", re.MULTILINE)


class _Watching:
    """A locator for functions of mottle that call helpers from other files."""

    _py_file: str

    @classmethod
    def from_function(cls, py_func, py_file):
        """Return a locator, or None for other functions."""
        if not py_func.__module__.startswith(OWN) or len(_sources(py_file)) < 2:
            return None
        return super().from_function(py_func, py_file)  # type: ignore[misc]  # of the locator

    def get_source_stamp(self):
        """Return what identifies the sources of a kernel and of its helpers."""
        state = blake2b(digest_size=16)
        for path in sorted(_sources(self._py_file)):
            state.update(_digest(path))
        return state.hexdigest()


def watch():
    """Let numba compile a kernel of mottle anew when a helper that it calls was edited."""
    kinds: list[Any] = caching.CacheImpl._locator_classes
    if not any(issubclass(kind, _Watching) for kind in kinds):
        kinds[:0] = [
            type(kind.__name__, (_Watching, kind), {})
            for kind in (
                caching.UserProvidedCacheLocator,
                caching.InTreeCacheLocator,
                caching.UserWideCacheLocator,
            )
        ]


@cache
def _sources(path):
    """Return the files on which a kernel in a file depends."""
    found, new = set(), {path}
    while new:
        found |= new
        new = {origin for file in new for origin in _imported(file)} - found
    return found


@cache
def _imported(path):
    """Return the files of mottle that a file imports."""
    names = set(HELPER.findall(Path(path).read_text(encoding="utf-8")))
    specs = [find_spec(name) for name in names]
    return {spec.origin for spec in specs if spec and spec.origin}


@cache
def _digest(path):
    return blake2b(Path(path).read_bytes()).digest()
