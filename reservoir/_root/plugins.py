"""Devices, data sets and event formats of other packages, found by entry points."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any
from warnings import warn


def find_plugins(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name; of two with the same name, the first.

    Examples
    --------
    >>> find_plugins("mottle.nothing")
    {}
    """
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return found


def load_plugin(point: EntryPoint) -> Any:
    """Import the object of an entry point; where that fails, warn and return None."""
    try:
        return point.load()
    except Exception as error:  # in another package: mottle must not fail with it
        package = point.dist.name if point.dist is not None else point.module
        warn(
            f"{point.group}: {point.name!r} of the package {package!r} cannot be loaded "
            f"({type(error).__name__}: {error}); it is left out.",
            stacklevel=2,
        )
        return None
