"""Records that other packages add by entry points: checked before they are used."""

from collections.abc import Container
from typing import Any, TypeVar
from warnings import warn

from mottle.plugins import find_plugins, load_plugin

Record = TypeVar("Record")


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
