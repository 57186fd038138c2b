"""Events in HDF5: files of DSEC and Prophesee, and one recording of SHD or SSC."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.clock import name_unit
from mottle.sensors.files.columns import whole_numbers
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.hdf5 import MAGIC, check_claim, find, link_names, open_hdf5, walk
from mottle.sensors.files.spikes import (
    N_UNITS,
    count_recordings,
    holds_spikes,
    spike_unit,
    take_spikes,
)

EVENT_BYTES = 16  # about, of one event in a file
UNIT_ATTRIBUTES = ("unit", "units", "time_unit")  # of a dataset of times


def read_hdf5(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p chunk by chunk; of a file of spikes, those of the recording ``key``."""
    with open_hdf5(source.path) as file:
        if not holds_spikes(file):
            rows = max(source.chunk_bytes // EVENT_BYTES, 1)
            yield from event_chunks(source, file, rows)
            return
        n = count_recordings(source.path, file)
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
    """Return whether a file holds spikes, or datasets named t, x, y and p."""
    with open_hdf5(path) as file:
        return holds_spikes(file) or find_events(file) is not None


def find_events(file: Any) -> Any:
    """Return the first group with datasets t, x, y, p, or dataset with such fields; or None."""
    for _, item in walk(file):
        if hasattr(item, "keys"):
            if set("txyp") <= set(link_names(item)):
                return item
        elif set("txyp") <= set(item.dtype.names or ()):
            return item
    return None


def take_numbers(source: Source, name: str, values: NDArray) -> NDArray[np.int64]:
    """Return one field of events as int64, the time in us by the clock of the file."""
    path = source.path
    if values.dtype.kind not in "iufb" or values.ndim != 1:
        raise ValueError(
            f"{name} in {path} has type {values.dtype} and shape {values.shape}; expected a list "
            "of numbers."
        )
    taken, good = source.clock.convert(values) if name == "t" else whole_numbers(values)
    if not good.all():
        first = int(np.argmin(good))
        kind = "that is no time within 64 bits of us" if name == "t" else "that is no whole number"
        raise ValueError(
            f"{name} in {path} holds NaN, infinity, or a number beyond 64 bits: event {first} has "
            f"{values[first].item()!r}, {kind}."
        )
    return taken


def unit_of(dataset: Any) -> str:
    """Return the unit of time that an attribute of a dataset states, or ""."""
    for name in UNIT_ATTRIBUTES:
        if name in dataset.attrs:
            stated = dataset.attrs[name]
            return name_unit(stated.decode() if isinstance(stated, bytes) else stated)
    return ""


def event_chunks(source: Source, file: Any, rows: int) -> Iterator[Fields]:
    """Yield t, x, y, p of ``rows`` events after another."""
    path, key = source.path, source.key
    place = file if key is None else find(file, str(key))
    if place is None:
        raise ValueError(f"{path} has no {key!r}; it has {', '.join(link_names(file))}.")
    found = find_events(place)
    if found is None:
        raise ValueError(
            f"{path} has no group with datasets t, x, y and p, and no dataset with these fields."
        )
    fields = {name: found[name] for name in "txyp"} if hasattr(found, "keys") else {"": found}
    shapes: list[tuple[int, ...]] = [getattr(field, "shape", ()) for field in fields.values()]
    if len(set(shapes)) != 1 or len(shapes[0]) != 1:
        raise ValueError(
            f"t, x, y, p in {path} have shapes {shapes}; expected lists of one length."
        )
    for field in fields.values():
        check_claim(path, field)
    timed = fields.get("t", found)
    if unit := unit_of(timed):
        source.clock.state(unit, f"attribute of {timed.name!r}")
    stored = find(file, "t_offset")
    for first in range(0, shapes[0][0], rows):
        part = slice(first, first + rows)
        block = found[part] if "" in fields else {name: fields[name][part] for name in "txyp"}
        t, x, y, p = (take_numbers(source, name, block[name]) for name in "txyp")
        if stored is not None:
            offset = int(take_numbers(source, "t", np.atleast_1d(stored[()]))[0])
            if t.size and not -(2**63) <= int(np.max(np.abs(t))) + abs(offset) < 2**63:
                raise ValueError(f"t and t_offset in {path} lie beyond 64 bits: {offset} us.")
            t = t + offset
        yield t, x, y, np.where(p == -1, 0, p)


HDF5 = EventFormat(
    name="hdf5", read=read_hdf5, begins=(MAGIC,), several=True, holds_events=holds_events,
    takes_time_unit=True,
)  # fmt: skip
