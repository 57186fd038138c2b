"""What the columns of a table of samples are: the time, an index, channels."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import is_whole, suggest
from mottle.sensors.clock import CLOCKS, DATES
from mottle.times import UNIT_OF, UNITS, name_time, unit_of_time

INDICES = ("", "#", "index", "unnamed: 0", "serial number", "serial no", "serial no.", "s.no",
           "s.no.", "row", "row number", "row no", "line", "sample number", "sample no", "no.",
           "nr", "nr.", "number", "lfd. nr.", "lfd.nr.", "record", "record number",
           "sequence")  # fmt: skip
"""Names of columns that count rows, in lower case, with blanks for underscores."""
COUNTERS = ("scan", "point", "sample", "id", "n", "rdg#", "reading", "counter", "count", "step")
"""Names of columns that count rows if they do count by one, and are channels otherwise."""
MAY_BE_TIME = re.compile(
    r"time|stamp|tick|clock|\bsecs?\b|^x[-_ ]?axis$|^[mun]s$|^tms$|(?:^|_)ts$|^unix|epoch"
    r"|^(?:hours?|minutes?|seconds?|milli(?:second)?s|micro(?:second)?s)(?:\(\))?$",
    re.IGNORECASE,
)
"""Names of columns that may be a time, where their values always increase."""
OF_UNIT = re.compile(
    r"[\])}]\s*$|[ _.-](?:[mun\u00b5\u03bc]s|[mun]?secs?|(?:milli|micro|nano)?seconds"
    r"|minutes|hours)\s*$",
    re.IGNORECASE,
)
"""The end of a name with what may be a unit of time: brackets, or a word that is nothing else."""
WORD_OF_UNIT = re.compile(r"(?:nano|micro|milli)?sec(?:ond)?s?$|[num]secs?$|(?:nano|micro|milli)s$")
"""The end of the name of a column of seconds, or of their rest in smaller units."""
COUNTS_MOST = 8  # names that a message lists


class Roles(NamedTuple):
    """Numbers of the columns of the time (two for a date and a time of day) and of the channels.

    ``counting`` are those that count rows, ``spare`` further times; ``unit`` is that of the time as
    its name states it, or "".
    """

    time: list[int]
    unit: str
    counting: list[int]
    channels: list[int]
    spare: list[int]


class SplitTime(NamedTuple):
    """The columns of whole seconds and of the rest, and the time in second."""

    columns: tuple[int, int]
    seconds: NDArray[np.float64]


def find_roles(
    names: Sequence[str], place: str, *, time_column: Any = None, index_column: Any = None,
    is_text: Callable[[int], bool] = lambda column: False,
) -> Roles:  # fmt: skip
    """Return what the columns are, by their names or as the caller states it.

    Parameters
    ----------
    names : sequence of str
        Names of the columns; "" for none.
    place : str
        What messages call the table.
    time_column, index_column : str, int, list of two, False or None
        As in ``read_samples``; False for none, () where the time is not among the columns.
    is_text : callable
        Number of a column to whether it holds text, as dates do.

    Raises
    ------
    ValueError
        For a name that comes twice, an unknown column, or several that may be the time.

    Examples
    --------
    >>> roles = find_roles(["", "time_ms", "CO"], "a table")
    >>> roles.time, roles.unit, roles.counting, roles.channels
    ([1], 'ms', [0], [2])
    """
    check_twice(names, place)
    time: list[int] = []
    spare: list[int] = []
    if time_column is None:
        time, spare = _find_time(names, place, is_text)
    elif time_column != ():  # where it is elsewhere
        time = _numbers(names, time_column, "time_column", place)
        candidates = time_candidates(names) if time else []
        spare = [k for k in candidates if k not in time]
    if index_column is None:
        index = [
            k for k, name in enumerate(names)
            if k not in time and counts_rows(name)
        ]  # fmt: skip
    else:
        index = _numbers(names, index_column, "index_column", place)
    spare = [k for k in spare if k not in index]
    taken = {*time, *index, *spare}
    unit = unit_of_time(names[time[0]]) if len(time) == 1 and names[time[0]] else ""
    return Roles(time, unit, index, [k for k in range(len(names)) if k not in taken], spare)


def refine_roles(
    roles: Roles, names: Sequence[str], place: str, values_of: Callable[[int], NDArray[np.float64]],
    *, free: Sequence[int], counters: bool = True, times: bool = True, way: str = "",
) -> Roles:  # fmt: skip
    """Return roles by the values: counters are an index; refuse a channel that may be the time.

    A column with the name of an index whose values are those of a sensor is a channel.

    Parameters
    ----------
    roles : Roles
        As `find_roles` gives them.
    names : sequence of str
        Names of the columns.
    place : str
        What messages call the table.
    values_of : callable
        Number of a column to its values.
    free : sequence of int
        Channels about which the caller has stated nothing.
    counters, times : bool, default=True
        Whether to look for counters, and for times.
    way : str
        How to state which it is; ``{}`` is the name of the column.

    Raises
    ------
    ValueError
        If a channel has a name with "time" or the like, or a unit of time, in it, and its values
        always increase.

    Examples
    --------
    >>> roles = find_roles(["Scan", "CO"], "a table")
    >>> refine_roles(roles, ["Scan", "CO"], "a table", lambda k: np.arange(9.0), free=[0]).counting
    [0]
    """
    if counters:
        found = [k for k in free if names[k].lower() in COUNTERS and counts_by_one(values_of(k))]
        if found:
            channels = [k for k in roles.channels if k not in found]
            roles = roles._replace(counting=roles.counting + found, channels=channels)
        fingers = [
            k for k in roles.counting
            if names[k] and not names[k].lower().startswith("serial n")
            and is_measured(values_of(k))
        ]  # fmt: skip
        if fingers:  # named as an index, and none by their values
            counting = [k for k in roles.counting if k not in fingers]
            roles = roles._replace(counting=counting, channels=sorted(roles.channels + fingers))
    if roles.time or not times:
        return roles
    of_unit = [k for k in free if OF_UNIT.search(names[k]) and unit_of_time(names[k]) in UNITS]
    if len(of_unit) > 1:  # values in a unit of time, of which one may rise by chance
        of_unit = [k for k in of_unit if k == min(free)]
    for k in free:
        suspect = k in of_unit or MAY_BE_TIME.search(names[k])
        if suspect and k not in roles.counting and (np.diff(values_of(k)) > 0).all():
            raise ValueError(
                f"the column {names[k]!r} of {place} always increases and may be the time: "
                + way.format(repr(names[k]))
            )
    return roles


def find_split_time(
    names: Sequence[str], values_of: Callable[[int], NDArray[np.float64]]
) -> SplitTime | None:
    """Return the two columns of a time in whole seconds and the rest, None where there are none.

    Parameters
    ----------
    names : sequence of str
        Names of the columns, such as "header.stamp.sec" and "header.stamp.nanosec".
    values_of : callable
        Number of a column to its values; they decide, as "time_sec" and "time_nsec" may also be two
        whole times.

    Examples
    --------
    >>> table = np.array([[5, 0], [5, 500_000_000], [6, 0]])
    >>> split = find_split_time(["sec", "nsec"], lambda k: table[:, k])
    >>> split.columns, split.seconds.tolist()
    ((0, 1), [5.0, 5.5, 6.0])
    """
    stems: dict[str, dict[str, int]] = {}
    for k, name in enumerate(names):
        word = WORD_OF_UNIT.search(name.lower())
        if word and UNIT_OF[word[0]] in ("s", "ms", "us", "ns"):
            stems.setdefault(name[: word.start()].lower(), {})[UNIT_OF[word[0]]] = k
    pairs = [found for found in stems.values() if len(found) == 2 and "s" in found]
    if len(pairs) != 1:
        return None
    (_, whole), (unit, part) = sorted(pairs[0].items(), key=lambda item: item[0] != "s")
    times = [k for k in time_candidates(names) if k not in (whole, part)]
    seconds, parts = values_of(whole), values_of(part)
    most = UNITS["s"] // UNITS[unit]
    held = np.isfinite(seconds) & np.isfinite(parts)
    fits = (seconds == np.floor(seconds)) & (parts == np.floor(parts)) & (parts >= 0)
    if times or not held.any() or not (fits & (parts < most))[held].all():
        return None
    return SplitTime((whole, part), seconds + parts / most)


def check_twice(names: Sequence[str], place: str) -> None:
    """Raise if two columns have one name."""
    if len(set(names)) == len(names):
        return
    found = dict[str, int]()
    for k, name in enumerate(names):
        if name in found and name:
            raise ValueError(
                f"{place} names two columns {name!r} (columns {found[name]} and {k}): names= gives "
                "each its own, or take one out."
            )
        found[name] = k


def counts_rows(name: str) -> bool:
    """Return whether a name is that of a column that counts rows.

    Examples
    --------
    >>> counts_rows("Serial_Number"), counts_rows("CO")
    (True, False)
    """
    return " ".join(name.lower().replace("_", " ").split()) in INDICES


def is_measured(values: NDArray[Any]) -> bool:
    """Return whether numbers are neither a counter nor a time: they fall, or are all equal.

    A counter that begins anew falls too, but to its first value, and rises in equal steps.

    Examples
    --------
    >>> is_measured(np.array([0.1, 0.5, 0.3, 0.4])), is_measured(np.array([0, 1, 2, 0, 1, 2]))
    (True, False)
    >>> is_measured(np.zeros(3)), is_measured(np.array([0.0, 0.5, 1.5]))
    (True, False)
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    steps = np.diff(numbers)
    up, after = steps[steps > 0], numbers[1:][steps < 0]
    anew = up.size > 0 and bool(np.all(up == up[0]) and np.all(after == numbers[0]))
    return steps.size > 0 and not bool((steps > 0).all()) and not anew


def time_candidates(names: Sequence[str]) -> list[int]:
    """Return the columns whose names are those of times."""
    return [k for k, name in enumerate(names) if name_time(name) is not None]


def _find_time(
    names: Sequence[str], place: str, is_text: Callable[[int], bool]
) -> tuple[list[int], list[int]]:
    """Return the columns of the time by their names: none, one, or a date and a time of day."""
    found = time_candidates(names)
    if not found and "T" in names:
        raise ValueError(
            f"the column 'T' of {place} may be the time or a temperature: time_column='T', or "
            "time_column=False for none."
        )
    if len(found) == 2:
        words = [getattr(name_time(names[k]), "word", "") for k in found]
        for date, clock in (found, found[::-1]):
            pair = words[found.index(date)] in DATES and words[found.index(clock)] in CLOCKS
            if pair and is_text(date) and is_text(clock):
                return [date, clock], []
    if len(found) > 1:
        listed = ", ".join(repr(names[k]) for k in found[:COUNTS_MOST])
        raise ValueError(
            f"several columns of {place} may be the time, {listed}: time_column= names the one to "
            "use; the others are then left out."
        )
    return found, []


def _numbers(names: Sequence[str], given: Any, what: str, place: str) -> list[int]:
    """Return the numbers of the columns that the caller names."""
    if given is False:
        return []
    places = []
    for one in given if isinstance(given, list | tuple) else [given]:
        if isinstance(one, str) and one in names:
            places.append(list(names).index(one))
        elif is_whole(one) and 0 <= one < len(names):
            places.append(int(one))
        else:
            listed = ", ".join(repr(name) for name in list(names)[:COUNTS_MOST])
            raise ValueError(
                f"{what}={one!r}: {place} has no such column{suggest(one, names)} It has {listed}."
            )
    if len(places) > 2 or (len(places) == 2 and what == "index_column"):
        raise ValueError(f"{what}={given!r} names {len(places)} columns; expected one.")
    return places


def counts_by_one(values: NDArray[Any]) -> bool:
    """Return whether numbers count rows one by one; cells without a number are passed over.

    Examples
    --------
    >>> counts_by_one(np.array([3.0, np.nan, 5.0])), counts_by_one(np.array([0, 2]))
    (True, False)
    """
    start = np.asarray(values, dtype=np.float64) - np.arange(len(values))
    start = start[np.isfinite(start)]
    return bool(start.size) and bool((start == np.floor(start[0])).all())
