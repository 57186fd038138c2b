"""Faults of event files: one account for every reader, of what was repaired or refused."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_option
from mottle.events import EVENT_DTYPE
from mottle.sensors.kernels import event_files as kernel

ON_BAD = ("raise", "drop", "repair")
MANY = 10  # events from which on a proportion tells something
MOST = 0.9  # of events with a fault, above which leaving them out is no way
MOST_PIXEL = 2**15 - 1  # that an EVENT_DTYPE holds
Fields = tuple[Any, ...]  # arrays t, x, y, p


def check_on_bad(on_bad: str) -> str:
    """Return ``on_bad``, or raise if it is no known choice."""
    return str(check_option("on_bad", on_bad, ON_BAD))


class Faults:
    """What was wrong in a file: raised with its ``place``, or counted in ``repairs``."""

    def __init__(self, place: str, on_bad: str):
        self.on_bad, self.repairs = check_on_bad(on_bad), dict[str, int]()
        self.start(place)

    def start(self, place: str) -> None:
        """Begin with a recording of its own clock."""
        self.place, self._done = place, 0
        self._now = int(np.iinfo(np.int64).min)

    def note(self, reason: str, count: int) -> None:
        """Count what was repaired or left out."""
        self.repairs[reason] = self.repairs.get(reason, 0) + int(count)

    def fault(
        self, what: str, reason: str, count: int, of: int | None = None, why: str = ""
    ) -> None:
        """Raise, or count what the caller then repairs or leaves out.

        ``of`` is the number of all, ``why`` a reason that is likelier than damage.
        """
        if self.on_bad == "raise":
            if why or (of is not None and of >= MANY and count > MOST * of):
                why = why or (
                    "This is another format, or another order of columns (names= of tables and "
                    "arrays)."
                )
                some = f" {count} of {of} here are so." if of is not None else ""
                raise ValueError(f"{what}.{some} {why}")
            raise ValueError(
                f"{what}. The copy is damaged, or this is another format; on_bad='drop' or "
                "'repair' reads the rest."
            )
        self.note(reason, count)

    def check(self, fields: Fields, size: tuple[int, int] | None) -> NDArray[np.void]:
        """Return the events as a structured array, repaired where they must and may be."""
        t, x, y, p = fields
        n = t.size
        width, height = size or (MOST_PIXEL + 1, MOST_PIXEL + 1)
        outside, k, back, first_back, latest = kernel.faults(
            t, x, y, p, width, height, self._now
        )  # fmt: skip
        when = int(t[first_back]) if back else 0
        if outside:
            self.fault(
                f"event {self._done + k} of {self.place} (t={t[k]} us) has x={x[k]}, y={y[k]}, "
                f"p={p[k]}, outside the sensor of {width} x {height} pixels or polarities 0 and 1",
                "outside the sensor", outside, t.size, _exchanged(fields, size),
            )  # fmt: skip
            keep = (x >= 0) & (y >= 0) & (x < width) & (y < height) & ((p == 0) | (p == 1))
            t, x, y, p = t[keep], x[keep], y[keep], p[keep]
        if back:
            self.fault(
                f"time goes back at event {self._done + first_back} of {self.place}, to {when} us",
                "times that went back", back,
            )  # fmt: skip
            held = np.maximum(np.maximum.accumulate(t), self._now)
            if self.on_bad == "drop":
                keep = t == held
                t, x, y, p = t[keep], x[keep], y[keep], p[keep]
            else:
                t = held
        self._now = int(latest)
        self._done += n
        events = np.empty(t.size, dtype=EVENT_DTYPE)
        events["t"], events["x"], events["y"], events["p"] = t, x, y, p
        return events


def _exchanged(fields: Fields, size: tuple[int, int] | None) -> str:
    """Return the remark that width and height are exchanged, if all events fit that sensor."""
    _, x, y, p = fields
    if size is None or size[0] == size[1]:
        return ""
    inside = x.min() >= 0 and y.min() >= 0 and x.max() < size[1] and y.max() < size[0]
    if not inside or not np.isin(p, (0, 1)).all():
        return ""
    return (
        f"All {x.size} events here fit {size[1]} x {size[0]}: are width and height of sensor_size "
        "exchanged?"
    )
