"""Arrays of numbers brought into the fields of events."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mottle.events import FIELDS
from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import Source
from mottle.sensors.files.times import microseconds, whole_numbers


def event_fields(
    columns: Mapping[str, NDArray], source: Source, first: int = 0, unit: str | None = None
) -> Fields:
    """Return t, x, y, p as integers; rows with NaN or infinity are refused or left out.

    ``first`` is the number of the first row in the file, ``unit`` that of the times; p may be -1.
    """
    for name in FIELDS:
        if columns[name].dtype.kind not in "iufb" or columns[name].ndim != 1:
            raise ValueError(
                f"{name} in {source.path} has type {columns[name].dtype} and shape "
                f"{columns[name].shape}; expected a list of numbers."
            )
    bad = np.zeros(len(columns["t"]), bool)
    for name in FIELDS:
        if columns[name].dtype.kind == "f":
            bad |= ~np.isfinite(columns[name])
    if bad.any():
        row = int(np.argmax(bad))
        name = next(k for k in FIELDS if not np.isfinite(columns[k][row]))
        source.faults.fault(
            f"{source.path} holds {columns[name][row]!r} as {name} in row {first + row}",
            "rows without numbers", int(bad.sum()),
        )  # fmt: skip
        columns = {name: columns[name][~bad] for name in FIELDS}
    t = microseconds(f"t in {source.path}", columns["t"], unit)
    x, y, p = (whole_numbers(f"{name} in {source.path}", columns[name]) for name in "xyp")
    return t, x, y, np.where(p == -1, 0, p)
