"""Named columns brought into the fields of events."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.clock import EventClock
from mottle.sensors.files.faults import MOST_PIXEL, Fields
from mottle.sensors.files.formats.record import Source
from mottle.times import name_time

COLUMNS = {"t": "t", "time": "t", "timestamp": "t", "ts": "t", "times": "t", "timestamps": "t",
           "x": "x", "xs": "x", "y": "y", "ys": "y", "p": "p", "ps": "p", "pol": "p", "pols": "p",
           "polarity": "p", "polarities": "p", "on": "p"}  # fmt: skip
ORDERS = (("t", "x", "y", "p"), ("x", "y", "p", "t"), ("x", "y", "t", "p"), ("t", "p", "x", "y"),
          ("p", "x", "y", "t"), ("p", "t", "x", "y"))  # fmt: skip
"""Orders in which columns of events are written, ours first."""
FEW = 0.1  # of the first rows, up to which what is no t or p is a fault of the row
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


class EitherKindError(ValueError):
    """Raised where a file holds four columns that may be events or samples."""


def either_kind(place: Any, order: Sequence[str], way: str = "names={}") -> EitherKindError:
    """Return the error for four columns without names, which may be events in this order.

    ``way`` says how to state another order than t, x, y, p, with ``{}`` for the names in it.

    Examples
    --------
    >>> print(either_kind("a.npy", ("x", "y", "p", "t")))  # doctest: +ELLIPSIS
    a.npy has four columns without names, which may be x, y, p, t of events or channels of ...
    """
    names = f", with {way.format(list(order))} for their order"
    names = "" if tuple(order) == FIELDS else names
    return EitherKindError(
        f"{place} has four columns without names, which may be {', '.join(order)} of events or "
        f"channels of samples: kind='events' or kind='samples' states which{names}."
    )


def fitting_orders(columns: Sequence[NDArray[Any]]) -> list[tuple[str, ...]]:
    """Return the orders of t, x, y and p that four columns of numbers may have.

    A time never goes back, x and y are pixels, and a polarity is 0 or 1, or -1 or 1.

    Examples
    --------
    >>> fitting_orders([np.array(c) for c in ([33, 2, 5], [0, 7, 9], [1, 0, 1], [51, 60, 60])])
    [('x', 'y', 'p', 't')]
    """
    if any(column.dtype.kind not in "iuf" for column in columns):
        return []
    values = [column.astype(np.float64) for column in columns]
    if not all(np.isfinite(column).all() for column in values):
        return []
    whole = [bool((column == np.floor(column)).all()) for column in values]
    pixels = [
        one and bool(((column >= 0) & (column <= MOST_PIXEL)).all())
        for one, column in zip(whole, values, strict=True)
    ]
    may_be = {
        "t": [bool((np.diff(column) >= 0).all()) for column in values],
        "x": pixels,
        "y": pixels,
        "p": [bool(np.isin(column, (-1.0, 0.0, 1.0)).all()) for column in values],
    }
    return [order for order in ORDERS if all(may_be[field][k] for k, field in enumerate(order))]


def refuse_either(rows: NDArray[Any], place: Any, way: str = "names={}") -> None:
    """Raise if the first rows of an array of four columns without names may be events."""
    orders = [
        order for order in fitting_orders([rows[:, k] for k in range(4)])
        # a switch, or a channel that is dead, is no time
        if len(rows) < 3 or len(np.unique(rows[:, order.index("t")])) > 2
    ]  # fmt: skip
    if orders:
        raise either_kind(place, orders[0], way)


def check_order_of_fields(columns: Mapping[str, NDArray[Any]], place: Any, way: str) -> None:
    """Refuse columns that are no events as t, x, y, p, and are some in another order.

    ``way`` says how to state an order, with ``{}`` for the names in it.
    """
    t, p = columns["t"], columns["p"]
    if len(t) < 2 or t.dtype.kind not in "iuf" or p.dtype.kind not in "iuf":
        return
    odd, back = ~np.isin(p, (-1, 0, 1)), t[1:] < t[:-1]
    if max(odd.sum(), back.sum()) <= max(1.0, FEW * len(t)):
        return  # what does not fit is a fault of its row
    found = fitting_orders([columns[name] for name in FIELDS])
    if found and FIELDS not in found:
        raise ValueError(
            f"the four columns of {place} are no events in the order t, x, y, p, and they fit "
            f"{', '.join(found[0])}: {way.format(list(found[0]))} states it."
        )


def find_fields(names: Sequence[Any], source: Source) -> dict[str, int]:
    """Return where t, x, y and p are; take the unit that the name of the time states.

    Raises
    ------
    ValueError
        If one is missing or comes twice.
    """
    return find_fields_of(names, source.path, source.clock)


def find_fields_of(names: Sequence[Any], place: Any, clock: EventClock) -> dict[str, int]:
    """Return where t, x, y and p are among names of columns; give the clock the unit of t.

    Examples
    --------
    >>> find_fields_of(["x", "y", "p", "t"], "a table", EventClock("a table"))
    {'x': 0, 'y': 1, 'p': 2, 't': 3}
    """
    found: dict[str, int] = {}
    for k, name in enumerate(names):
        field = field_of(name)
        if field is None:
            continue
        if field in found:
            raise ValueError(
                f"{place} has two columns of {field}, {names[found[field]]!r} and {name!r}: "
                "leave one out."
            )
        found[field] = k
    missing = [name for name in FIELDS if name not in found]
    if missing:
        raise ValueError(
            f"{place} has the columns {', '.join(map(str, names))} and lacks {', '.join(missing)}."
        )
    known = name_time(names[found["t"]])
    if known is not None and known.unit:
        clock.state_name(known.unit, str(names[found["t"]]))
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
            "rows without numbers", (~good).sum(), good.size,
        )  # fmt: skip
        fields = {name: field[good] for name, field in fields.items()}
    p = fields["p"]
    off = p == -1
    source.lows |= {low for low, held in ((-1, off), (0, p == 0)) if held.any()}
    if len(source.lows) > 1:
        row = first + int(np.argmax(off if off.any() else p == 0))
        raise ValueError(
            f"the polarities of {source.path} are -1 and 0 (row {row}); expected 0 and 1, or -1 "
            "and 1: write one of these."
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
