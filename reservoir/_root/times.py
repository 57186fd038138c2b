"""Names and units of time, as tables, arrays and files write them."""

import re
from typing import Any, NamedTuple

from mottle.checks import check_option

ROW_NUMBERS = "rule: no time, row numbers"
"""What attribute ``time_unit_from`` of a stream says where its times are numbers of rows."""
UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1,
         "min": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000}  # fmt: skip
"""Units of time and their length in ns."""
SPELLINGS = {
    "s": ("s", "sec", "secs", "second", "seconds", "sekunden"),
    "ms": ("ms", "msec", "msecs", "milli", "millis", "millisec", "millisecond", "milliseconds"),
    "us": ("us", "\u00b5s", "\u03bcs", "usec", "usecs", "micros", "microsec", "microsecond",
           "microseconds"),
    "ns": ("ns", "nsec", "nsecs", "nanos", "nanosec", "nanosecond", "nanoseconds"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hh", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
}  # fmt: skip
UNIT_OF = {word: unit for unit, words in SPELLINGS.items() for word in words}
WORDS = ("time", "t", "timestamp", "timestamps", "ts", "time stamp", "datetime", "date time",
         "date/time", "date", "elapsed", "elapsed time", "relative time", "rel time", "zeit",
         "zeitstempel", "datum", "uhrzeit", "epoch", "epoch time", "unix time", "unixtime",
         "unix timestamp", "posix time", "local time", "system time", "utc time", "device time",
         "x value")  # fmt: skip
"""Names of columns of time, in lower case, with blanks for underscores."""
BEGINS = re.compile(
    r"[\s#_.:]*(?:t(?:ime|s|\W|_|$)|date|elapsed|rel|zeit|datum|uhr|epoch|unix|posix|local|system|utc"
    r"|device|x[\s_]value|milli|micro|nano|[mun]?sec|seku)",
    re.IGNORECASE,
)
LONE = ("seconds", "second", "secs", "sec", "milliseconds", "millisecond", "millis", "msec",
        "msecs", "microseconds", "microsecond", "micros", "usec", "usecs", "nanoseconds",
        "nanosecond", "nanos", "nsec", "nsecs", "sekunden")  # fmt: skip
ZONES = ("utc", "gmt", "local", "iso", "iso8601", "unix", "epoch", "")
UNKNOWN = "?"
_HOUR, _MINUTE, _SECOND = "(?:hh?|hours?|hrs?)", "(?:mm?|mins?|minutes?)", "(?:ss?|secs?|seconds?)"
_PARTS_OF_SECOND = r"(?:[.,](?:[fsxuz0#]+|ms))?"
CLOCK_FORMS = {
    "h:m:s": f"{_HOUR}:{_MINUTE}:{_SECOND}{_PARTS_OF_SECOND}",
    "h:m": f"{_HOUR}:{_MINUTE}",
    "m:s": f"{_MINUTE}:{_SECOND}{_PARTS_OF_SECOND}",
    "hms": f"hhmmss{_PARTS_OF_SECOND}",
    "hm": "hhmm",
    "ms": f"mmss{_PARTS_OF_SECOND}",
}
"""Forms of times of the day and of elapsed times, in lower case, as names and units write them."""
PARTS = re.compile(f"(?:{_HOUR}|{_MINUTE}|{_SECOND}|d{{1,2}}|days?|f+|[cz]s|ms|frames?)")


class TimeName(NamedTuple):
    """What the name of a column of time states: its word, and its unit.

    The unit is "" for none, and `UNKNOWN` where brackets hold what is no unit of time, such as the
    form of a date.
    """

    word: str
    unit: str


def check_time_unit(unit: Any) -> str | None:
    """Return a unit of time, or None where none is stated.

    Examples
    --------
    >>> check_time_unit("us"), check_time_unit(None)
    ('us', None)
    """
    return None if unit is None else str(check_option("time_unit", unit, UNITS))


def name_unit(text: Any) -> str:
    r"""Return the unit that a text names, or "".

    Examples
    --------
    >>> name_unit("[Milliseconds]"), name_unit("\u00b5s"), name_unit("ppm")
    ('ms', 'us', '')
    """
    return UNIT_OF.get(str(text).strip(" \t[](){}.").lower(), "")


def name_clock(text: Any) -> str:
    """Return the form of clock times that a name or a unit ends with, a key of `CLOCK_FORMS`.

    "" if it states none, `UNKNOWN` for a form that is not among them.

    Examples
    --------
    >>> name_clock("Time (mm:ss.f)"), name_clock("[h]:mm:ss"), name_clock("Uhrzeit (hhmmss)")
    ('m:s', 'h:m:s', 'hms')
    >>> name_clock("Time (ms)"), name_clock("Time (mm:ss:ff)")
    ('', '?')
    """
    plain = re.sub(r"\s*:\s*", ":", str(text).strip().lower()).rstrip(" .])}")
    plain = re.sub(r"\s*(?:am/pm|a/p|am|pm|tt)$", "", plain).replace("]", "")
    last = re.split(r"[\s_(\[{;/-]+", plain)[-1]
    for form, spelling in CLOCK_FORMS.items():
        if re.fullmatch(spelling, last):
            return form
    parts = re.split("[:.,]", last)
    return UNKNOWN if ":" in last and all(map(PARTS.fullmatch, parts)) else ""


def name_time(name: Any) -> TimeName | None:
    """Return what a column's name states of time; None if it is none of a time.

    A word such as time, t, timestamp, date or elapsed, alone or with a unit behind a blank, ``_``,
    ``/`` or in brackets; "T" alone may be a temperature and is none. The form of a date or of a
    clock time, such as (hh:mm:ss), is the unit of no number; see `name_clock`.

    Examples
    --------
    >>> name_time("Time (ms)"), name_time("timestamp_ns")
    (TimeName(word='time', unit='ms'), TimeName(word='timestamp', unit='ns'))
    >>> name_time("time_constant"), name_time("T")
    (None, None)
    """
    if not BEGINS.match(str(name)):
        return None
    given = str(name).strip().lstrip("#").strip()
    plain = re.sub(r"[\s_]+", " ", given.lower()).strip(" .:")
    if given == "T":
        return None
    if plain in WORDS:
        return TimeName(plain, "")
    if plain in LONE:
        return TimeName("time", UNIT_OF[plain])
    bracket = re.fullmatch(r"(.+?)\s*[\[({](.*?)[\])}]", plain)
    if bracket and bracket[1].strip(" /") in WORDS:
        word, unit = bracket[1].strip(" /"), name_unit(bracket[2])
        if unit or bracket[2].strip() in ZONES:  # such as (UTC)
            return TimeName(word, unit)
        form = name_clock(plain) or re.search("[ymdh]{2}", bracket[2])  # such as [yyyy-mm-dd]
        if word == "t" and not form:
            return None  # a temperature
        return TimeName(word, UNKNOWN)
    behind = re.fullmatch(r"(.+?)(?: in |, ?|[ /.-])(\S+)", plain)
    if behind and behind[1] in WORDS and name_clock(behind[2]) not in ("", UNKNOWN):
        return TimeName(behind[1], UNKNOWN)
    tail = re.fullmatch(r"(.+?)(?: in |, ?|[ /.-])([a-z\u00b5\u03bc0-9]+)", plain)
    if tail and tail[1] in WORDS and (tail[2] in UNIT_OF or tail[2] in ZONES):
        return TimeName(tail[1], UNIT_OF.get(tail[2], ""))
    joined = re.fullmatch("(time|timestamp)(ms|us|\u00b5s|ns|msec|usec|nsec|sec)", plain)
    return TimeName(joined[1], UNIT_OF[joined[2]]) if joined else None


def unit_below(text: Any) -> str:
    """Return the unit of a time that a row of units states, "" for none, `UNKNOWN` for no unit.

    Examples
    --------
    >>> unit_below("[ms]"), unit_below("-"), unit_below("yyyy-mm-dd"), unit_below("ppm")
    ('ms', '', '?', '?')
    """
    plain = str(text).strip(" \t[](){}.-")
    known = name_time(f"time ({plain})") if plain and plain != "nan" else None
    return "" if known is None else known.unit


def unit_of_time(name: Any) -> str:
    """Return the unit that the name of a column states which is known to be the time.

    As `name_time`, but whatever the word in front of it.

    Examples
    --------
    >>> unit_of_time("Tiempo [ms]"), unit_of_time("host_t_us"), unit_of_time("Hours")
    ('ms', 'us', 'h')
    """
    known = name_time(name)
    if known is not None:
        return known.unit
    plain = str(name).strip().lower()
    if (alone := plain.removesuffix("()")) in UNIT_OF:
        return UNIT_OF[alone]  # such as hours
    bracket = re.fullmatch(r".+?\s*[\[({](.*?)[\])}]", plain)
    if bracket:
        stated = name_time(f"time ({bracket[1]})")
        return stated.unit if stated is not None else ""
    tail = re.fullmatch(r".+?(?: in |[ _/.-])([a-z\u00b5\u03bc]+)", plain)
    return UNIT_OF.get(tail[1], "") if tail else ""


def are_row_numbers(stream: Any) -> bool:
    """Return whether the times of a DataArray are numbers of rows, as readers of files state it.

    Examples
    --------
    >>> import xarray as xr
    >>> are_row_numbers(xr.DataArray([1.0], attrs={"time_unit_from": ROW_NUMBERS}))
    True
    """
    stated = getattr(stream, "attrs", {}).get("time_unit_from", "")
    return str(stated).startswith(ROW_NUMBERS.partition(",")[0])
