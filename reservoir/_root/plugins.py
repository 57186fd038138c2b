"""Devices, data sets and event formats of other packages, by entry points; optional packages."""

from collections.abc import Container
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar
from warnings import warn

Record = TypeVar("Record")


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


def find_records(group: str, kind: type[Record], taken: Container[str]) -> dict[str, Record]:
    """Return the records of an entry-point group by name.

    Parameters
    ----------
    group : str
        Such as "mottle.formats".
    kind : type
        Of the records, which have a ``name``: it must be that of the entry point.
    taken : container of str
        Names that are ours.

    Returns
    -------
    records : dict of str to kind
        What is no such record is left out, with a warning.

    Examples
    --------
    >>> find_records("mottle.nothing", str, ())
    {}
    """
    found: dict[str, Record] = {}
    for name, point in find_plugins(group).items():
        record: Any = load_plugin(point)
        if record is None:
            continue
        if isinstance(record, kind) and getattr(record, "name", None) == name not in taken:
            found[name] = record
        else:
            warn(
                f"{group}: {name!r} ({point.value}) is left out: expected a {kind.__name__} of "
                "this name, and a name that mottle does not use itself.",
                stacklevel=2,
            )
    return found


def import_tonic(module: str = "tonic") -> Any:
    """Import tonic, which is optional and under GPL-3.0, or a module of it.

    Raises
    ------
    ImportError
        If it is not installed; names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("tonic", ""):
            raise
        raise ImportError(
            "tonic's data sets and transforms need one more package, which is under GPL-3.0: "
            "pip install mottle[tonic]",
            name="tonic",
        ) from error
