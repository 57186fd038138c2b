"""Named columns brought into the fields of events."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import Source
from mottle.times import name_time

COLUMNS = {"t": "t", "time": "t", "timestamp": "t", "ts": "t", "times": "t", "timestamps": "t",
           "x": "x", "xs": "x", "y": "y", "ys": "y", "p": "p", "ps": "p", "pol": "p", "pols": "p",
           "polarity": "p", "polarities": "p", "on": "p"}  # fmt: skip
EXACT = 2.0**53  # from here on a float64 skips whole numbers


def field_of(name: Any) -> str | None:
    """Return the field of events that a column holds, or None.

    Examples
    --------
    >>> field_of("Timestamp [us]"), field_of("polarity"), field_of("z")
    ('t', 'p', None)
    """
    plain = str(name).strip().lower()
    if plain in COLUMNS:
        return COLUMNS[plain]
    known = name_time(name)
    return "t" if known is not None and known.word in COLUMNS else None


def name_events(names: Iterable[Any]) -> bool:
    """Return whether names of columns are those of events.

    Examples
    --------
    >>> name_events(["timestamp", "x", "y", "polarity"]), name_events(["t", "x", "y", "z"])
    (True, False)
    """
    return {field_of(name) for name in names} >= set(FIELDS)


def find_fields(names: Sequence[Any], source: Source) -> dict[str, int]:
    """Return where t, x, y and p are; take the unit that the name of the time states.

    Raises
    ------
    ValueError
        If one is missing or comes twice.
    """
    found: dict[str, int] = {}
    for k, name in enumerate(names):
        field = field_of(name)
        if field is None:
            continue
        if field in found:
            raise ValueError(
                f"{source.path} has two columns of {field}, {names[found[field]]!r} and {name!r}: "
                "leave one out."
            )
        found[field] = k
    missing = [name for name in FIELDS if name not in found]
    if missing:
        raise ValueError(
            f"{source.path} has the columns {', '.join(map(str, names))} and lacks "
            f"{', '.join(missing)}."
        )
    known = name_time(names[found["t"]])
    if known is not None and known.unit:
        source.clock.state_name(known.unit, str(names[found["t"]]))
    return found


def event_columns(
    columns: Mapping[str, NDArray[Any]],
    source: Source,
    first: int = 0,
    texts: Mapping[str, Any] | None = None,
) -> Fields:
    """Return the fields of events of columns of numbers; rows without them are faults.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Numbers, NaN where a cell holds none, under t, x, y and p; p may be -1 and 1.
    source : Source
        The file; its clock gives microseconds.
    first : int, default=0
        Number of the first row.
    texts : mapping of str to Series, optional
        What the cells of a column hold, for messages.
    """
    for name in FIELDS:
        check_list(source.path, name, columns[name])
    t, good = source.clock.convert(columns["t"])
    fields, fine = {"t": t}, {"t": good}
    for name in "xyp":
        fields[name], fine[name] = whole_numbers(columns[name])
        good = good & fine[name]
    if not good.all():
        row = int(np.argmin(good))
        name = next(name for name in FIELDS if not fine[name][row])
        cell: Any = columns[name][row]
        if texts is not None and name in texts:
            cell = texts[name].iloc[row]
        cell = cell.item() if isinstance(cell, np.generic) else cell
        source.faults.fault(
            f"{source.path} holds {cell!r} as {name} in row {first + row}{fault_of(cell)}"
            + of_unit(name, cell, source),
            "rows without numbers", (~good).sum(),
        )  # fmt: skip
        fields = {name: field[good] for name, field in fields.items()}
    p = fields["p"]
    off = p == -1
    if off.any() and (p == 0).any() and not (p == 1).any():
        raise ValueError(
            f"the polarities of {source.path} are -1 and 0 (row {first + int(np.argmax(off))}); "
            "expected 0 and 1, or -1 and 1: write one of these."
        )
    return (*(fields[name] for name in "txy"), np.where(off, 0, p))


def check_list(place: Any, name: str, array: NDArray[Any]) -> None:
    """Raise unless a field of events is a list of numbers."""
    if array.dtype.kind not in "iufbO" or array.ndim != 1:
        raise ValueError(
            f"{name} in {place} has type {array.dtype} and shape {array.shape}; expected a list of "
            "numbers."
        )


def of_unit(name: str, value: Any, source: Source) -> str:
    """Return the unit in which a time is beyond 64 bits; "" for other faults."""
    known = name == "t" and fault_of(value) and source.clock.unit
    return f" of us (time_unit={source.clock.unit!r})" if known else ""


def fault_of(value: Any) -> str:
    """Return why a number is no field of an event, as the end of a sentence; "" for others.

    Examples
    --------
    >>> fault_of(3.5), fault_of(2**64), fault_of("OVER"), fault_of(float("nan"))
    (', which is no whole number', ', a number beyond 64 bits', '', '')
    """
    if not isinstance(value, int | float) or not np.isfinite(float(value)):
        return ""
    if value != np.floor(value):
        return ", which is no whole number"
    return ", a number beyond 64 bits"


def whole_numbers(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return whole numbers as int64, and which of them are such; others are 0.

    Examples
    --------
    >>> whole_numbers(np.array([3.0, 3.5, np.nan]))
    (array([3, 0, 0]), array([ True, False, False]))
    """
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)  # EXACT is beyond float16
        with np.errstate(invalid="ignore"):
            good = (np.abs(values) < EXACT) & (values == np.floor(values))  # NaN is not
        return np.where(good, values, 0).astype(np.int64), good
    if values.dtype.kind == "u" and values.dtype.itemsize == 8:
        good = values < np.uint64(2**63)
        return np.where(good, values, np.uint64(0)).astype(np.int64), good
    return values.astype(np.int64), np.ones(values.shape, dtype=bool)
