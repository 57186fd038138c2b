"""Reservoir computing and sensor fusion on simulated VO2 oscillators and volatile memristors.

Four rooms: `mottle.sensors` (streams to drives), `mottle.reservoir` (drives to states),
`mottle.datasets` (recordings as tables) and `mottle.pipelines` (fusion, experiments, reports);
`mottle.plot` draws a stream, `mottle.save_model` and `mottle.load_model` keep fitted models.
"""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mottle")
except PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0+unknown"

_ROOMS = ("datasets", "pipelines", "reservoir", "sensors")
_NAMES = ("load_model", "plot", "save_model")  # of mottle.pipelines
__all__ = ["__version__", *_ROOMS, *_NAMES]


def open_lazily(room):
    """Return ``__getattr__`` and ``__dir__`` for a room that imports a name when it is first used.

    The names stand under ``if TYPE_CHECKING`` in the room's ``__init__``, where type checkers and
    import linters read them, too. No name may equal that of a module: importing the module would
    replace it. ``dir`` lists the public names and nothing else, before and after they are loaded.
    """
    import ast
    from importlib.util import find_spec
    from pathlib import Path

    module = sys.modules[room]
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    homes = {alias.name: str(node.module) for node in imports for alias in node.names}

    def get(name):
        if name in module.__all__:
            value = getattr(import_module(homes[name]), name)
        elif not name.startswith("_") and find_spec(f"{room}.{name}"):
            value = import_module(f"{room}.{name}")
        else:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        setattr(module, name, value)
        return value

    return get, lambda: list(module.__all__)


def keep_compiled(function):
    """Make sure that numba can cache the compiled kernels of the package of ``function``.

    Where no directory is writable, warn, and use one that is removed when the process ends.
    Kernels are compiled anew when a helper that they call was edited.
    """
    from numba import config, njit

    from mottle.compiled_cache import watch

    watch()
    try:
        njit(cache=True)(function)
    except RuntimeError:  # "cannot cache function": no directory can be written to
        import atexit
        from shutil import rmtree
        from tempfile import mkdtemp
        from warnings import warn

        directory = mkdtemp(prefix="mottle-")
        vars(config)["CACHE_DIR"] = directory
        atexit.register(rmtree, directory, ignore_errors=True)
        warn(
            "compiled kernels cannot be kept, neither beside the package nor in the user's cache: "
            "every process compiles them anew. Set NUMBA_CACHE_DIR to a directory that can be "
            "written to.",
            stacklevel=2,
        )


def __getattr__(name):
    """Import a room, or a name, when it is first used, so that ``import mottle`` is fast."""
    if name in _ROOMS:
        return import_module(f"mottle.{name}")
    if name in _NAMES:
        return getattr(import_module("mottle.pipelines"), name)
    raise AttributeError(f"module 'mottle' has no attribute {name!r}")


def __dir__():
    """List the rooms beside what is loaded."""
    return sorted(__all__)
