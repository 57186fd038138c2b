"""Events in HDF5: DSEC, Prophesee, v2e, MVSEC, and one recording of SHD or SSC."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.files.attributes import attributes_of, read_text
from mottle.sensors.files.columns import event_columns, field_of, refuse_either
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.hdf5 import (
    MAGIC,
    check_dataset,
    find,
    link_names,
    open_hdf5,
    walk,
)
from mottle.sensors.files.spikes import (
    N_UNITS,
    count_recordings,
    holds_spikes,
    spike_unit,
    take_spikes,
)
from mottle.times import UNITS, name_time, name_unit

EVENT_BYTES = 16  # about, of one event in a file
PLAIN = ({name: name for name in "txyp"}, {name: f"{name}s" for name in "txyp"})
MATRIX = "events"  # the name of a dataset (n, 4) that holds events
MVSEC = re.compile(r"davis/(left|right)/events$")
COLUMN_ATTRIBUTES = ("columns", "column_names", "fields", "names")
UNIT_ATTRIBUTES = ("units", "unit", "time_unit")
E2VID = "ts, xs, ys, ps in HDF5, as e2vid writes them"  # in s where times have fractions
OF_DSEC = ("t_offset", "ms_to_idx")  # names beside the group of events
N_LEADING = 4096  # rows that show what four columns hold
LIKELY = 0.9  # of the first events, whose times must not go back


class Layout(NamedTuple):
    """How a file holds events.

    Attributes
    ----------
    place : str
        Path of the group or dataset.
    item : group or dataset
        What lies there.
    names : dict of str to str, or list of str
        Dataset or field of each of t, x, y, p; or the columns of a matrix in order.
    stated : str
        Unit of time as an attribute states it, or "".
    known : str
        Name of the layout, where it implies the unit.
    sensor_size : (int, int) or None
        Width and height in pixels, where the layout implies them.
    time_name : str
        Name of the times, which may state their unit, or "".
    """

    place: str
    item: Any
    names: Any
    stated: str = ""
    known: str = ""
    sensor_size: tuple[int, int] | None = None
    time_name: str = ""


def read_hdf5(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p chunk by chunk; of a file of spikes, those of the recording ``key``."""
    with open_hdf5(source.path) as file:
        if not holds_spikes(file):
            yield from event_chunks(source, file)
            return
        n = count_recordings(source.path, file, source.limit)
        if source.key is None:
            raise ValueError(
                f"{source.path} holds {n} recordings of spikes: read_spikes reads them, and "
                "key=0 picks the first."
            )
        source.sensor_size = source.sensor_size or (N_UNITS, 1)
        unit, where = spike_unit(file, source.time_unit)
        source.clock.state(unit, where)
        yield take_spikes(source.path, file, source.key, n, source.faults, unit)


def holds_events(path: Path) -> bool:
    """Return whether a file holds spikes, or events in a layout that is known.

    Raises
    ------
    EitherKindError
        If its only dataset has four columns that may be events or channels.
    """
    with open_hdf5(path) as file:
        if holds_spikes(file) or next(find_layouts(file), None) is not None:
            return True
        lone = lone_matrix(file)
        if lone is not None and lone.shape[0]:
            check_dataset(path, lone)
            rows = np.asarray(lone[:N_LEADING])
            refuse_either(rows, path, "the attribute columns={} of the dataset")
        return False


def lone_matrix(file: Any) -> Any:
    """Return the dataset of a file that holds no other than one of four columns, else None."""
    found = [item for _, item in walk(file) if getattr(item, "shape", ()) not in ((), None)]
    return found[0] if len(found) == 1 and is_matrix(found[0]) else None


def find_layouts(place: Any) -> Iterator[Layout]:
    """Yield the events at or below an object of a file."""
    for _, item in walk(place):
        name, timed = str(item.name or "").strip("/"), ""
        if hasattr(item, "keys"):
            names: Any = event_names(link_names(item))
        elif names := event_names(getattr(item, "dtype", np.dtype("V1")).names or ()):
            pass
        elif is_matrix(item) and (stated := stated_columns(item)):
            fields = event_names(stated)
            names = [field for name in stated for field in fields if fields[field] == name]
            timed = fields["t"]
        elif is_matrix(item) and name.rpartition("/")[2] == MATRIX:
            names = list("xytp") if MVSEC.search(name) else list("txyp")
        if names:
            known = known_layout(name, item, names)
            size = (346, 260) if known == "MVSEC" else stated_size(item.file)
            timed = names["t"] if isinstance(names, dict) else timed
            yield Layout(name, item, names, stated_unit(item, names), known, size, timed)


def known_layout(name: str, item: Any, names: Any) -> str:
    """Return the layout of events whose unit of time it implies, or ""."""
    if hasattr(item, "keys"):
        of_dsec = any(find(item.file, beside) is not None for beside in OF_DSEC)
        return "DSEC" if of_dsec else "e2vid" if names == PLAIN[1] else ""
    if isinstance(names, dict):
        return "Prophesee" if set(names.values()) == set(FIELDS) else ""
    if stated_columns(item):
        return ""
    return "MVSEC" if MVSEC.search(name) else "v2e"


def event_names(names: Iterable[str]) -> dict[str, str]:
    """Return which names are those of t, x, y and p; empty where they are not of events.

    Of several times the one whose name states its unit is taken.

    Examples
    --------
    >>> event_names(["ps", "ts", "xs", "ys"]), event_names(["t", "x", "y", "z"])
    ({'t': 'ts', 'x': 'xs', 'y': 'ys', 'p': 'ps'}, {})
    >>> event_names(["time [ms]", "x", "y", "polarity"])["t"]
    'time [ms]'
    """
    found: dict[str, list[str]] = {}
    for name in names:
        if (field := field_of(name)) is not None:
            found.setdefault(field, []).append(name)
    if len(found) < len(FIELDS):
        return {}
    for plain in PLAIN:
        if all(plain[field] in found[field] for field in FIELDS):
            found = {field: sorted(found[field], key=plain[field].__ne__) for field in FIELDS}
            break
    found["t"].sort(key=lambda name: not unit_of_name(name))
    return {field: found[field][0] for field in FIELDS}


def unit_of_name(name: str) -> str:
    """Return the unit that the name of a time states, `UNKNOWN` for no unit of time, or ""."""
    known = name_time(name)
    return known.unit if known is not None else ""


def is_matrix(item: Any) -> bool:
    """Return whether an object is a list of rows of four numbers."""
    shape: tuple[int, ...] = getattr(item, "shape", None) or ()
    return len(shape) == 2 and shape[1] == 4 and item.dtype.kind in "iufb"


def stated_columns(item: Any) -> list[str]:
    """Return the columns of a matrix that its attributes name, where they are those of events."""
    for key in COLUMN_ATTRIBUTES if hasattr(item, "shape") else ():
        columns = read_text(item, key)
        if len(columns) == 1:  # all in one text
            text = columns[0].strip()
            text = text[1:-1] if text.startswith(("[", "(")) else text
            columns = text.split(",") if "," in text else text.split()
        columns = [column.strip(" '\"") for column in columns]
        if len(columns) == 4 and event_names(columns):
            return columns
    return []


def stated_unit(item: Any, names: Any) -> str:
    """Return the unit of time that an attribute of the times, or of all events, states, or ""."""
    times = find(item, names["t"]) if hasattr(item, "keys") else item
    for owner in (times, item):
        for text in attributes_of(owner, UNIT_ATTRIBUTES).values():
            if isinstance(text, str):
                return text
    of_all = attributes_of(item.file, UNIT_ATTRIBUTES).values()  # of events only times have a unit
    return next((text for text in of_all if isinstance(text, str) and name_unit(text)), "")


def state_unit(source: Source, layout: Layout, dtype: np.dtype) -> None:
    """Give the clock the unit of the times' name, else that of an attribute, else the layout's."""
    clock, unit = source.clock, name_unit(layout.stated)
    named = unit_of_name(layout.time_name)
    if named and unit not in ("", named) and clock.unit is None:
        raise ValueError(
            f"the times of {layout.place or '/'!r} in {source.path} are in {unit} by an attribute "
            f"and in {named} by their name {layout.time_name!r}: time_unit= names the unit."
        )
    if named:
        clock.state_name(named, layout.time_name)
    elif layout.stated:
        if clock.unit is None and not unit:
            raise ValueError(
                f"the unit of time {layout.stated!r}, an attribute of {layout.place!r} in "
                f"{source.path}, is not known: time_unit= names it, one of {', '.join(UNITS)}."
            )
        clock.state(unit, f"attribute of the events at {layout.place or '/'!r}")
    elif layout.known == "MVSEC":
        clock.state("s", "layout: MVSEC")
    elif layout.known == "e2vid":
        clock.layout = E2VID
    elif layout.known and dtype.kind in "iu":
        clock.state("us", f"layout: {layout.known}")


def stated_size(file: Any) -> tuple[int, int] | None:
    """Return the sensor's size that the attribute "geometry", or "width" and "height", state."""
    found = re.fullmatch(r"(\d+)x(\d+)", "".join(read_text(file, "geometry")).strip())
    if found:
        return int(found[1]), int(found[2])
    sides = [np.ravel(file.attrs[name]) for name in ("width", "height") if name in file.attrs]
    whole = len(sides) == 2 and all(side.size == 1 and side.dtype.kind in "iu" for side in sides)
    return (int(sides[0][0]), int(sides[1][0])) if whole else None


def choose_layout(path: Path, file: Any, key: Any) -> Layout:
    """Return the events that ``key`` names, or the only ones that there are."""
    place = file if key is None else find(file, str(key))
    if place is None:
        raise ValueError(f"{path} has no {key!r}; it has {', '.join(link_names(file))}.")
    found = list(find_layouts(place))
    lone = place if is_matrix(place) else lone_matrix(file) if key is None else None
    if not found and lone is not None:
        name = str(lone.name or key).strip("/")
        found = [Layout(name, lone, list("txyp"), stated_unit(lone, []))]
    if not found:
        raise ValueError(
            f"{path} has no group with datasets t, x, y and p, no dataset with these fields, and "
            f"none of four columns named {MATRIX!r}."
        )
    if len(found) > 1:
        raise ValueError(
            f"{path} holds the events {', '.join(layout.place or '/' for layout in found)}: name "
            "one with key=."
        )
    return found[0]


def event_chunks(source: Source, file: Any) -> Iterator[Fields]:
    """Yield t, x, y, p of as many events after another as ``source.chunk_bytes`` hold."""
    path = source.path
    layout = choose_layout(path, file, source.key)
    source.sensor_size = source.sensor_size or layout.sensor_size
    is_group = hasattr(layout.item, "keys")
    parts = {name: find(layout.item, layout.names[name]) for name in "txyp"} if is_group else {
        "": layout.item
    }  # fmt: skip
    shapes: list[Any] = [getattr(part, "shape", None) for part in parts.values()]
    if (
        len(set(shapes)) != 1
        or shapes[0] is None
        or len(shapes[0]) != 2 - (is_group or bool(layout.item.dtype.names))
    ):
        raise ValueError(
            f"t, x, y, p in {path} have shapes {shapes}; expected lists of one length."
        )
    for part in parts.values():
        check_dataset(path, part, source.limit)
    timed = parts["t"] if is_group else layout.item
    fields = layout.names if isinstance(layout.names, dict) else {}
    state_unit(source, layout, timed.dtype if is_group or not fields else timed.dtype[fields["t"]])
    stored = time_offset(path, file, source.limit)
    if stored is None and is_group:
        stored = time_offset(path, layout.item, source.limit)
    rows = max(source.chunk_bytes // EVENT_BYTES, 1)
    for first in range(0, shapes[0][0], rows):
        blocks = {name: np.asarray(part[first : first + rows]) for name, part in parts.items()}
        if not is_group:
            block = blocks[""]
            if isinstance(layout.names, dict):
                blocks = {name: block[layout.names[name]] for name in "txyp"}
            else:
                blocks = {name: block[:, layout.names.index(name)] for name in "txyp"}
                if not first:
                    check_columns(path, layout, blocks)
        t, x, y, p = event_columns(blocks, source, first)
        if stored is not None and t.size:
            moved, fits = source.clock.convert(stored)
            if not fits.all():
                raise ValueError(f"'t_offset' of {path} is {stored[0]}, beyond 64 bits of us.")
            offset = int(moved[0])
            earliest, latest = int(t.min()) + offset, int(t.max()) + offset
            if earliest < -(2**63) or latest >= 2**63:
                raise ValueError(f"t and t_offset in {path} lie beyond 64 bits: {offset} us.")
            t = t + offset
        yield t, x, y, p


def check_columns(path: Path, layout: Layout, blocks: dict[str, NDArray]) -> None:
    """Raise if the first rows of a matrix cannot be events with their columns in this order."""
    if stated_columns(layout.item):
        return  # what does not fit is a fault of its row
    whole = layout.item.dtype.kind in "iu"
    known = MVSEC.search(layout.place) or whole
    forward = blocks["t"][1:] >= blocks["t"][:-1]
    on = np.isin(blocks["p"], (-1, 0, 1))
    if not known or on.mean() < LIKELY or (forward.size and forward.mean() < LIKELY):
        raise ValueError(
            f"dataset {layout.place!r} of {path} has four columns whose order is not known: "
            "integers are read as t, x, y, p (v2e), davis/left/events and davis/right/events as x, "
            "y, t, p (MVSEC); name another order in its attribute 'columns'."
        )


def time_offset(path: Path, file: Any, limit: int) -> NDArray | None:
    """Return what DSEC adds to its times, in their unit; None where there is no such number."""
    stored = find(file, "t_offset")
    if stored is None:
        return None
    if getattr(stored, "shape", None) != () or stored.dtype.kind not in "iu":
        raise ValueError(f"'t_offset' of {path} is no whole number.")
    check_dataset(path, stored, limit)
    return np.atleast_1d(stored[()])


HDF5 = EventFormat(
    name="hdf5", read=read_hdf5, begins=(MAGIC,), several=True, holds_events=holds_events,
    takes_time_unit=True,
)  # fmt: skip
