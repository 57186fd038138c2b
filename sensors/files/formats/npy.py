"""Events in numpy's .npy: fields t, x, y, p, or four columns in this order."""

from collections.abc import Iterator
from pathlib import Path

from mottle.events import FIELDS
from mottle.sensors.files.columns import event_columns, find_fields, name_events
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.tables import load_array


def read_npy(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of the whole file."""
    array = load_array(source.path)
    kinds = [array.dtype[name].kind for name in array.dtype.names or ()] or [array.dtype.kind]
    if not set(kinds) <= set("iufb"):
        raise ValueError(f"{source.path} holds {array.dtype}; expected numbers.")
    if array.dtype.names is None:
        if array.ndim != 2 or array.shape[1] != 4:
            raise ValueError(
                f"{source.path} has shape {array.shape}; expected fields t, x, y, p, or four "
                "columns in this order."
            )
        columns = {name: array[:, k] for k, name in enumerate(FIELDS)}
    else:
        names = array.dtype.names
        places = find_fields(names, source)
        columns = {field: array[names[k]].reshape(-1) for field, k in places.items()}
    yield event_columns(columns, source)


def holds_events(path: Path) -> bool:
    """Return whether an array names t, x, y and p: four columns may be samples as well."""
    dtype = getattr(load_array(path), "dtype", None)
    return name_events(getattr(dtype, "names", None) or ())


NPY = EventFormat(
    name="npy", read=read_npy, begins=(b"\x93NUMPY",), suffixes=(".npy",),
    holds_events=holds_events, takes_time_unit=True,
)  # fmt: skip
