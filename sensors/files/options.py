"""Options of the readers, checked before a file is opened."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mottle.checks import (
    check_names,
    check_option,
    check_positive,
    check_text,
    check_whole,
    choose,
    is_whole,
    suggest,
)
from mottle.sensors.files.faults import MOST_PIXEL, check_on_bad
from mottle.sensors.files.formats.registry import event_formats
from mottle.sensors.files.tables import OPTIONS as TABLE_OPTIONS
from mottle.sensors.files.tables import TableOptions
from mottle.times import check_time_unit

EVENT_OPTIONS = ("format", "sensor_size", "key", "on_bad", "max_bytes", "time_unit")
SAMPLE_OPTIONS = ("rate", "units", "channels", "key", "on_bad", "max_bytes", "time_unit",
                  "time_column", "time_format", "index_column")  # fmt: skip
KINDS = ("events", "samples")


def take_event_options(
    *,
    format: str | None = None,
    sensor_size: Any = None,
    key: Any = None,
    on_bad: str = "raise",
    max_bytes: int | None = None,
    time_unit: str | None = None,
    **table: Any,
) -> TableOptions:
    """Check the options of ``read_events``; return those of tables.

    Examples
    --------
    >>> take_event_options(max_bytes="1G")
    Traceback (most recent call last):
    ValueError: max_bytes='1G' must be a whole number, at least 1.
    """
    check_names_of_options(table, "read_events", EVENT_OPTIONS)
    if format is not None:
        choose(format, event_formats(), "format")
    if sensor_size is not None:
        check_size(sensor_size)
    if key is not None and not is_whole(key):
        check_text("key", key, "text or a whole number")
    check_common(on_bad, max_bytes, time_unit)
    return TableOptions(**table)


def take_sample_options(
    *,
    rate: float | None = None,
    units: str = "1",
    channels: Any = None,
    key: str | None = None,
    on_bad: str = "raise",
    max_bytes: int | None = None,
    time_unit: str | None = None,
    time_column: Any = None,
    time_format: str | None = None,
    index_column: Any = None,
    **table: Any,
) -> TableOptions:
    """Check the options of ``read_samples``; return those of tables.

    Examples
    --------
    >>> take_sample_options(rate=-1.0)
    Traceback (most recent call last):
    ValueError: rate=-1.0 samples a second must be a finite number, above 0.
    """
    check_names_of_options(table, "read_samples", SAMPLE_OPTIONS)
    if rate is not None:
        check_positive("rate", rate, "samples a second")
    check_text("units", units)
    if channels is not None:
        check_names("channels", channels)
    for name, text in (("key", key), ("time_format", time_format)):
        if text is not None:
            check_text(name, text)
    check_common(on_bad, max_bytes, time_unit)
    _check_column("time_column", time_column, pairs=True)
    _check_column("index_column", index_column)
    return TableOptions(**table)


def check_read_options(options: Mapping[str, Any]) -> None:
    """Check the options of ``read``, which are those of the reader that the file turns out to need.

    Examples
    --------
    >>> check_read_options({"rate": 10.0, "format": "evt2"})
    Traceback (most recent call last):
    ValueError: format= is of events, and rate= of samples: no file is both; leave one out.
    """
    options = dict(options)
    kind = options.pop("kind", None)
    if kind is not None:
        check_option("kind", kind, KINDS)
    check_names_of_options(options, "read", tuple(dict.fromkeys(EVENT_OPTIONS + SAMPLE_OPTIONS)))
    of_events = [name for name in options if name in EVENT_OPTIONS and name not in SAMPLE_OPTIONS]
    of_samples = [name for name in options if name in SAMPLE_OPTIONS and name not in EVENT_OPTIONS]
    if of_events and of_samples:
        raise ValueError(
            f"{of_events[0]}= is of events, and {of_samples[0]}= of samples: no file is both; "
            "leave one out."
        )
    others = {"events": of_samples, "samples": of_events}.get(kind or "", [])
    if others:
        other = KINDS[1 - KINDS.index(kind)]
        raise ValueError(f"kind={kind!r}, and {others[0]}= is of {other}: leave one out.")
    if of_samples or kind == "samples":
        take_sample_options(**options)
    else:
        take_event_options(**options)


def check_names_of_options(given: Mapping[str, Any], reader: str, own: Sequence[str]) -> None:
    """Refuse options that a reader does not have, with the one that was probably meant."""
    known = [*own, *TABLE_OPTIONS]
    for name in given:
        if name not in known:
            raise TypeError(
                f"{reader} has no option {name!r}{suggest(name, known)} It has: {', '.join(known)}."
            )


def check_common(on_bad: Any, max_bytes: Any, time_unit: Any) -> None:
    """Check the options that all readers have."""
    check_on_bad(on_bad)
    if max_bytes is not None:
        check_whole("max_bytes", max_bytes)
    check_time_unit(time_unit)


def check_size(sensor_size: Any) -> tuple[int, int]:
    """Return width and height of a sensor in pixels, or raise.

    Examples
    --------
    >>> check_size((240, 0))
    Traceback (most recent call last):
    ValueError: sensor_size: height=0 must be a whole number, from 1 to 32768.
    """
    if np.size(sensor_size) != 2:
        raise ValueError(f"sensor_size={sensor_size!r}: expected (width, height) in pixels.")
    width, height = sensor_size
    width = check_whole("sensor_size: width", width, most=MOST_PIXEL + 1)
    return width, check_whole("sensor_size: height", height, most=MOST_PIXEL + 1)


def _check_column(name: str, given: Any, *, pairs: bool = False) -> None:
    """Refuse what cannot name a column: neither a name, its number, False, nor None."""
    if given is None or given is False:
        return
    several = pairs and isinstance(given, list | tuple) and len(given) in (1, 2)
    for one in given if several else [given]:
        if not isinstance(one, str) and not (is_whole(one) and one >= 0):
            others = ", a pair of them" if pairs else ""
            raise ValueError(
                f"{name}={given!r} must be the name of a column, its number from 0{others}, False "
                "for none, or None to find it."
            )
