"""Reservoir computing and sensor fusion on simulated VO2 oscillators and volatile memristors.

Four rooms: `mottle.sensors` (streams to drives), `mottle.reservoir` (drives to states),
`mottle.datasets` (recordings as tables) and `mottle.pipelines` (fusion, experiments, reports).
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mottle")
except PackageNotFoundError:  # a source tree on the path, not installed
    __version__ = "0+unknown"

_ROOMS = ("datasets", "pipelines", "reservoir", "sensors")
__all__ = ["__version__", *_ROOMS]


def __getattr__(name):
    """Import a room when it is first named, so that ``import mottle`` costs nothing."""
    if name in _ROOMS:
        return import_module(f"mottle.{name}")
    raise AttributeError(f"module 'mottle' has no attribute {name!r}")


def __dir__():
    """List the rooms beside what is loaded."""
    return sorted(__all__)
