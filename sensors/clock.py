"""Times of files: in the unit that is named, or decided once by a stated rule."""

import re
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.arrays import to_floats
from mottle.times import UNITS, UNKNOWN, check_time_unit, name_clock, name_time

DATES = ("date", "datum")
DATED = ("datetime", "date time", "date/time")  # a date if in the range of serial days
CLOCKS = ("time", "uhrzeit", "zeit")
LATEST_SECOND = 1e11  # s since 1970: the year 5138; larger numbers are in another unit
SERIAL_DAYS = (30_000.0, 60_000.0)  # days since 1900 as Excel counts them: 1982 to 2064
LONGEST_STEP = 120  # s, up to which any step in whole seconds is one of such days
PLAIN_RATES = (15, 16, 30, 32, 60, 64, 90, 120, 128)  # Hz: periods of whole s, as parts of a day
LATEST_US = LATEST_SECOND * 1e6  # the same in us, for events
LONGEST = 86_400.0  # s, of a recording of events whose unit is that of a layout
MOST = 2.0**63  # us or ns that an int64 does not hold
ISO = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[T ]+\d{1,2}:\d{2}.*)?")
GERMAN = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}(?:[T ,]+\d{1,2}:\d{2}.*)?")
CLOCK = re.compile(
    r"([+-]?)(\d{1,4}):(\d{2}(?:[.,]\d+)?)(?::(\d{2}(?:[.,]\d+)?))?"
    r"(?: ?([AaPp])\.?[Mm]\.?)?(?: ?(Z|[+-]\d{2}:?\d{2}))?"
)
"""Sign, two or three numbers, AM or PM, zone; `_clock_times` refuses numbers that are none."""
FORMATS = {"%H:%M:%S": "h:m:s", "%H:%M": "h:m", "%M:%S": "m:s", "%H%M%S": "hms", "%H%M": "hm",
           "%M%S": "ms"}  # fmt: skip
"""Formats of clock times, without AM or PM and parts of a second, and their form."""
SPAN = re.compile(r"-?\d+ days?(?: [+-]?\d{1,2}:\d{2}:\d{2}(?:\.\d+)?)?")
ZONE = r":\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$"
SLASHES = re.compile(r"\d{1,2}/\d{1,2}/\d{2,4}.*")


def is_stamp(held: Any) -> bool:
    """Return whether a cell is the text of a date.

    Examples
    --------
    >>> is_stamp("2024-03-01 10:00:00"), is_stamp("1.3.2024"), is_stamp("12.5"), is_stamp(None)
    (True, True, False, False)
    """
    forms = (ISO, GERMAN, SLASHES)
    return isinstance(held, str) and any(form.fullmatch(held.strip()) for form in forms)


class EventClock:
    """Times of one event file as whole microseconds; its unit is stated, or decided once.

    Without a unit, whole numbers are microseconds, whatever their type, if most are below 1e17 (the
    year 5138); times with fractions are an error, unless the layout of the file is known to be in
    seconds.

    Parameters
    ----------
    place : str
        What messages call the file.
    unit : str, optional
        As the caller states it.
    """

    def __init__(self, place: str, unit: str | None = None):
        self.place, self.unit = place, check_time_unit(unit)
        self.unit_from = "" if unit is None else "time_unit="
        self.layout = ""  # one that is in seconds where its times have fractions
        self.warned = False  # of the grid of floating-point times

    def state(self, unit: str, where: str) -> None:
        """Take the unit that the file states, unless the caller names one."""
        if self.unit is None:
            self.unit, self.unit_from = unit, where

    def state_name(self, unit: str, name: str) -> None:
        """Take the unit that the name of the time's column states, or raise if it is unknown."""
        if self.unit is None and unit not in UNITS:
            raise ValueError(
                f"the unit of the time {name!r} of {self.place} is not known: time_unit= names it, "
                f"one of {', '.join(UNITS)}."
            )
        self.state(unit, f"name of the column {name!r}")

    def attrs(self) -> dict[str, str]:
        """Return the unit of the file, and from where it is known."""
        return {"time_unit": self.unit or "us", "time_unit_from": self.unit_from or "format"}

    def convert(self, values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return times in us, and which of them are times: finite and within 64 bits.

        Examples
        --------
        >>> t, good = EventClock("a file", "ms").convert(np.array([1.5, np.nan]))
        >>> t[good].tolist(), good.tolist()
        ([1500], [True, False])
        """
        given = values.dtype
        if given.kind == "f":
            values = values.astype(np.float64, copy=False)
            self._decide(values)
        elif self.unit is None and values.size:
            self.state("us", "rule: whole numbers without a unit")
        if self.unit_from.startswith("rule"):
            self._refuse_impossible(values)
        times, good = microseconds(values, self.unit or "us")
        if given.kind == "f" and good.any():
            self._warn_of_grid(given, np.abs(values[good]).max())
        return times, good

    def _refuse_impossible(self, values: NDArray[Any]) -> None:
        """Raise if most times are later than any in us; a few such are faults of their rows."""
        size = np.abs(values.astype(np.float64))
        late = (size > LATEST_US) & (size < MOST)  # others are no times in any unit
        if 2 * int(late.sum()) > values.size:
            raise ValueError(
                f"times in {self.place} are too large for us, such as {values[late][0]}, and their "
                "unit is not stated: time_unit='ns' takes them as ns; it is one of "
                f"{', '.join(UNITS)}."
            )

    def _warn_of_grid(self, given: np.dtype[Any], largest: Any) -> None:
        """Warn once if neighbouring times of a floating-point type are more than 1 us apart."""
        grid = float(np.spacing(given.type(largest))) * UNITS[self.unit or "us"] / 1000
        if grid > 1 and not self.warned:
            self.warned = True
            warn(
                f"times in {self.place} are {given}, which near {largest:.12g} {self.unit} holds "
                f"one number every {grid:.3g} us: times between these were lost when they were "
                "stored. Store them as whole numbers, or from the start of the recording.",
                stacklevel=3,
            )

    def _decide(self, values: NDArray[np.float64]) -> None:
        """Settle the unit by the first times; a fraction where none may be is an error."""
        if self.unit is not None and not self.unit_from.startswith("rule"):
            return
        finite = values[np.isfinite(values)]
        if not finite.size:
            return
        odd = finite != np.floor(finite)
        n_odd = int(odd.sum())
        if n_odd == 0:
            self.state("us", "rule: whole numbers without a unit")
            return
        long = bool(np.ptp(finite) > LONGEST)
        if self.unit is None and self.layout and 2 * n_odd > finite.size and not long:
            self.state("s", f"layout: {self.layout}")
            return
        raise ValueError(
            f"times in {self.place} have fractions, such as {float(finite[odd][0])!r}, and their "
            f"unit is not stated: time_unit= names it, one of {', '.join(UNITS)}."
        )


def microseconds(values: NDArray[Any], unit: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return times as whole us, and which of them are finite and within 64 bits; others are 0.

    Examples
    --------
    >>> microseconds(np.array([5, 2**63], dtype="u8"), "us")
    (array([5, 0]), array([ True, False]))
    >>> microseconds(np.array([2**63], dtype="u8"), "ns")[0].tolist()
    [9223372036854776]
    """
    if values.dtype.kind == "O":  # whole numbers that a float does not hold, and NaN
        exact = [(v * UNITS[unit] + 500) // 1000 if isinstance(v, int) else 2**63 for v in values]
        good = np.array([-(2**63) <= t < 2**63 for t in exact], dtype=bool)
        return np.array([t if -(2**63) <= t < 2**63 else 0 for t in exact], np.int64), good
    if values.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = values.astype(np.float64) * (UNITS[unit] / 1000)
            good = np.abs(scaled) < MOST  # NaN is not
        return np.round(np.where(good, scaled, 0.0)).astype(np.int64), good
    wide = values.dtype.kind == "u" and values.dtype.itemsize == 8
    values = values if wide else values.astype(np.int64)
    if unit == "ns":  # to the nearest, in whole numbers
        whole, rest = np.divmod(values, values.dtype.type(1000))
        return whole.astype(np.int64) + (rest >= 500), np.ones(values.shape, dtype=bool)
    factor = UNITS[unit] // 1000
    most = (2**63 - 1) // factor
    good = values <= values.dtype.type(most)
    if values.dtype.kind == "i":
        good &= values >= -most
    return np.where(good, values, 0).astype(np.int64) * factor, good


class Times(NamedTuple):
    """Times of samples in second (NaN where a cell holds none), and what is known of them."""

    time: NDArray[np.float64]
    attrs: dict[str, str]


def read_times(
    column: pd.Series, place: str, name: str, unit: str | None, unit_from: str,
    time_format: str | None = None, form: str = "",
) -> Times:  # fmt: skip
    """Return the times of a column: numbers in a unit, date stamps, times of the day.

    Stamps become seconds from the first of them, whose date is in ``attrs["time_start"]``; clock
    times become seconds from 0:00. What is in a column, numbers or stamps, is decided by most of
    its cells, so that one bad cell cannot change it.

    Parameters
    ----------
    column : Series
        Cells.
    place, name : str
        What messages call the table, and the name of the column, which may state a form of clock
        times.
    unit, unit_from : str or None, str
        Unit of numbers, and what states it.
    time_format : str, optional
        Form of stamps as in ``strptime``.
    form : str, default=""
        What a row of units holds: a form of clock times, or anything else.

    Examples
    --------
    >>> stamps = pd.Series(["2024-01-01 10:00:00", "2024-01-01 10:00:00.5"])
    >>> times = read_times(stamps, "a table", "Date", None, "")
    >>> times.time.tolist(), times.attrs["time_start"]
    ([0.0, 0.5], '2024-01-01T10:00:00')
    >>> minutes = pd.Series(["59:59", "60:00"])
    >>> read_times(minutes, "a table", "Time (mm:ss)", None, "").time.tolist()
    [3599.0, 3600.0]
    """
    form = name_clock(name) or name_clock(form) if time_format is None else _form_of(time_format)
    digits = form in ("hms", "hm", "ms")
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return _from_first(pd.DatetimeIndex(column))
    if dtype.kind == "m":
        values = pd.TimedeltaIndex(column)
        seconds = np.asarray(values / pd.Timedelta(1, "s"), dtype=np.float64)
        return Times(seconds, {"time_unit": "s", "time_unit_from": "type of the times"})
    if dtype.kind == "c" or isinstance(dtype, pd.CategoricalDtype):
        raise ValueError(f"the time {name!r} of {place} is {dtype}: expected numbers or dates.")
    if dtype.kind not in "iufb" and not pd.api.types.is_numeric_dtype(dtype):
        text = column.astype("string").str.strip()
        numbers = to_floats(text)
        given = ~np.isnan(numbers)
        stamped = text.notna().to_numpy() & ~given
        if (time_format is not None and not digits) or int(stamped.sum()) > int(given.sum()):
            return _stamps(text, place, name, time_format, form)
        column = pd.Series(numbers)
    if time_format is not None and not digits:
        column = column.astype("Int64") if dtype.kind in "iu" else column
        return _stamps(column.astype("string"), place, name, time_format, form)
    raw = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if digits and (time_format is not None or unit in (None, UNKNOWN)):
        return _times_of_digits(raw, place, name, form)
    if unit == UNKNOWN or (unit is None and form):
        raise ValueError(
            f"the unit of the time {name!r} of {place} is not known, and it holds numbers: "
            f"time_unit= names it, one of {', '.join(UNITS)}; time_format= gives the form of a "
            "date in digits, such as '%Y%m%d'."
        )
    if unit is None:
        finite = np.abs(raw[np.isfinite(raw)])
        known = name_time(name)
        if (known is not None and known.word in DATES) or (finite > LATEST_SECOND).any():
            held = float(finite[0]) if finite.size else np.nan
            raise ValueError(
                f"the time {name!r} of {place} holds {held:.12g} and its unit is not stated: "
                f"time_unit= names it, one of {', '.join(UNITS)}."
            )
        low, high = SERIAL_DAYS
        dated = known is not None and known.word in DATED
        dated = dated and 2 * int(((finite >= low) & (finite <= high)).sum()) > len(finite)
        if dated or are_serial_days(raw):
            why = (
                "has the name of a date: these may be days" if dated
                else "steps of whole seconds if they are days"
            )  # fmt: skip
            raise ValueError(
                f"the time {name!r} of {place} holds {finite[0]:.12g} and {why}, as Excel counts "
                "them: time_unit='d' takes them so, time_unit='s' as seconds."
            )
        unit, unit_from = "s", "rule: numbers without a unit"
    factor = UNITS[unit] / UNITS["s"]
    seconds = raw * factor if factor >= 1 else raw / (UNITS["s"] / UNITS[unit])
    return Times(seconds, {"time_unit": unit, "time_unit_from": unit_from})


def are_serial_days(values: NDArray[np.float64]) -> bool:
    """Return whether times are days as Excel counts them: in its range, by whole seconds.

    Not where the steps are usual ones in seconds as well: multiples of 0.1 ms from 120 s of a day
    on, such as 0.25, and the periods of `PLAIN_RATES`. Steps are exact to the last digit that is
    written, if it is the fifth behind the point or a later one.

    Examples
    --------
    >>> second, count = 1 / 86_400, np.arange(9)
    >>> [are_serial_days(45_292.5 + step * second * count) for step in (1, 600, 3600)]
    [True, True, True]
    >>> are_serial_days(np.round(45_292.5 + 600 * second * count, 5))
    True
    >>> [are_serial_days(45_292.5 + step * count) for step in (0.001, 1 / 30, 0.25, 1)]
    [False, False, False, False]
    """
    low, high = SERIAL_DAYS
    finite = values[np.isfinite(values)]
    values = finite[(finite >= low) & (finite <= high)]
    if len(values) < 2 or 2 * len(values) <= len(finite):
        return False
    day = UNITS["d"] / UNITS["s"]
    rounded = next((n for n in range(5, 9) if (np.round(values, n) == values).all()), 9)
    error = max(1e-3, 10.0**-rounded * day)  # s, of a step
    steps = np.diff(values) * day
    usual = float(np.median(steps))
    alike = np.abs(steps - usual) <= 2 * error
    if 2 * int(alike.sum()) > len(steps):
        step = float(steps[alike].mean())
        error = 1e-3 + error / int(alike.sum())
        whole = round(step / 60) * 60 if error > 0.01 else round(step)
        fits = abs(step - whole) <= error
    else:
        counts = np.round(steps)
        whole = int(np.gcd.reduce(counts.astype(np.int64)))
        fits = rounded > 7 and bool((np.abs(steps - counts) <= error).all())
    if not fits or whole < 1:
        return False
    short = abs(whole / day * 1e4 - round(whole / day * 1e4)) < 1e-6
    return whole <= LONGEST_STEP or not (short or whole in [day / rate for rate in PLAIN_RATES])


def _form_of(time_format: Any) -> str:
    """Return the form of a format of clock times alone, "" for one of dates.

    Examples
    --------
    >>> _form_of("%M:%S.%f"), _form_of("%I:%M %p"), _form_of("%d.%m.%Y %H:%M")
    ('m:s', 'h:m', '')
    """
    plain = re.sub(r"[.,]%f(?= ?%p|$)| ?%p$", "", str(time_format).replace("%I", "%H"))
    return FORMATS.get(plain, "")


def _stamps(text: pd.Series, place: str, name: str, time_format: str | None, form: str) -> Times:
    """Return seconds from the first of some stamps, or clock times in seconds from 0:00."""
    cells = text.dropna()
    if time_format is not None and form:
        return _clock_times(text, place, name, form, time_format)
    if time_format is None:
        n = len(cells)
        clocks = cells.str.fullmatch(CLOCK.pattern)
        if 2 * int(clocks.sum()) > n:
            return _clock_times(text, place, name, form)
        if 2 * int(cells.str.fullmatch(SPAN.pattern).sum()) > n:
            spans = pd.to_timedelta(text, errors="coerce")
            seconds = np.asarray(spans / pd.Timedelta(1, "s"), dtype=np.float64)
            return Times(seconds, {"time_unit": "s", "time_unit_from": "spans of time"})
        german = 2 * int(cells.str.fullmatch(GERMAN.pattern).sum()) > n
        if not german and 2 * int(cells.str.fullmatch(ISO.pattern).sum()) <= n:
            first = str(cells.iloc[0]) if n else ""
            why = "day or month may come first" if SLASHES.fullmatch(first) else "no ISO date"
            raise ValueError(
                f"the time {name!r} of {place} holds {first!r} ({why}): time_format= gives its "
                "form, such as '%d/%m/%Y %H:%M:%S'."
            )
        text = text.str.replace("/", "-", regex=False)
        text = text.str.replace(r"[T ,]+(?=\d{1,2}:\d{2})", " ", n=1, regex=True)
        text = text.str.replace(",", ".", regex=False)
        if german:
            text = text.str.replace(
                r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", lambda m: f"{m[3]}-{m[2]:0>2}-{m[1]:0>2}",
                regex=True,
            )  # fmt: skip
        zones = bool(text.str.contains(ZONE, na=False).any())
        lone = cells[~cells.str.contains(ZONE)] if zones else cells[:0]
        if len(lone):
            raise ValueError(
                f"row {lone.index[0]} of the time {name!r} of {place} holds {str(lone.iloc[0])!r} "
                "without a zone, and others have one: give all one, or none."
            )
        found = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=zones)
    else:
        zones = "%z" in str(time_format)
        try:
            found = pd.to_datetime(text, format=time_format, errors="coerce", utc=zones)
        except (ValueError, TypeError) as error:
            raise ValueError(f"time_format={time_format!r} is no form of times: {error}") from None
    if found.isna().all():
        held = repr(str(cells.iloc[0])) if len(cells) else "nothing"
        raise ValueError(
            f"the time {name!r} of {place} holds {held}, which is no date stamp"
            + (
                f" of the form {time_format!r}."
                if time_format
                else "; time_format= gives its form."
            )
        )
    return _from_first(pd.DatetimeIndex(found))


def _from_first(stamps: pd.DatetimeIndex) -> Times:
    """Return seconds from the first stamp."""
    good = np.asarray(stamps.notna())
    if not good.any():
        return Times(np.full(len(stamps), np.nan), {"time_unit": "s", "time_unit_from": "dates"})
    start = stamps[int(np.argmax(good))]
    seconds = np.asarray((stamps - start) / pd.Timedelta(1, "s"), dtype=np.float64)
    attrs = {"time_unit": "s", "time_unit_from": "dates", "time_start": start.isoformat()}
    return Times(seconds, attrs)


def _clock_times(
    text: pd.Series, place: str, name: str, form: str, time_format: str | None = None
) -> Times:
    """Return clock times in seconds from 0:00; NaN where a cell is none of the column's form.

    Without a form, cells of three numbers are hours, minutes and seconds, if most have three; two
    are hours and minutes, or minutes and seconds if these have a fraction.
    """
    if form == UNKNOWN:
        raise ValueError(
            f"the time {name!r} of {place} states a form of clock times that is not known: "
            "time_format= gives it, such as '%H:%M:%S' or '%M:%S'."
        )
    parts = text.str.extract(f"^{CLOCK.pattern}$").astype("string")
    first, second, third = (
        to_floats(parts[k].str.replace(",", ".", regex=False)) for k in (1, 2, 3)
    )
    two, three = ~np.isnan(second) & np.isnan(third), ~np.isnan(third)
    minus = (parts[0] == "-").fillna(False).to_numpy(dtype=bool)
    half, zone = parts[4].str.lower(), parts[5]
    form = form if ":" in form else ":".join(form)
    long = three if form == "h:m" else np.zeros_like(three)  # such as 10:00:00 below (hh:mm)
    if not form:
        form = "h:m:s" if three.sum() >= two.sum() else "h:m"
        elapsed = re.match(r"\W*(?:elapsed|rel)", name, re.IGNORECASE)
        if form == "h:m" and parts[2][two].str.contains("[.,]").any():
            form = "m:s"
        elif form == "h:m" and half.isna().all():
            doubtful = two & ((first > 24) | minus | bool(elapsed))
            if doubtful.any():
                raise ValueError(
                    f"the time {name!r} of {place} holds {str(text[doubtful].iloc[0])!r}, which "
                    "may be hours and minutes, or minutes and seconds: time_format= states it, "
                    "'%H:%M' or '%M:%S', or the name of the column, (hh:mm) or (mm:ss)."
                )
    fits = three if form == "h:m:s" else two | long
    if form == "m:s":
        first, second, third = np.zeros(len(first)), first, second
    good = fits & ((second < 60) | (form == "m:s")) & ~(third >= 60) & (second % 1 == 0)
    noon = half.notna().to_numpy()
    good &= ~noon | ((first >= 1) & (first <= 12))
    good &= noon | (time_format is None or "%p" not in time_format)
    if not good.any():
        held = repr(str(text.dropna().iloc[0])) if text.notna().any() else "nothing"
        stated = form if time_format is None else time_format
        raise ValueError(
            f"the time {name!r} of {place} holds {held}, which is no time of the form {stated!r}: "
            "correct it, or give its form with time_format=."
        )
    for word, given in (("AM or PM", noon), ("a zone", zone.notna().to_numpy())):
        if given[good].any() and not given[good].all():
            row = int(np.argmax(good & ~given))
            raise ValueError(
                f"row {row} of the time {name!r} of {place} holds {str(text.iloc[row])!r} without "
                f"{word}, and others have one: give all one, or none."
            )
    zones = zone[good].dropna().unique()
    if len(zones) > 1:
        row = int(np.argmax(good & (zone == zones[1]).fillna(False).to_numpy(dtype=bool)))
        raise ValueError(
            f"row {row} of the time {name!r} of {place} holds {str(text.iloc[row])!r}, and the "
            f"first ones have the zone {zones[0]}: give all the same zone."
        )
    hours = np.where(noon, first % 12 + 12 * (half == "p").fillna(False).to_numpy(float), first)
    seconds = hours * 3600 + second * 60 + np.where(np.isnan(third), 0.0, third)
    where = "minutes and seconds" if form == "m:s" else "times of the day"
    where += f", zone {zones[0]}" if len(zones) else ""
    seconds = np.where(good, np.where(minus, -seconds, seconds), np.nan)
    return Times(seconds, {"time_unit": "s", "time_unit_from": where})


def _times_of_digits(raw: NDArray[np.float64], place: str, name: str, form: str) -> Times:
    """Return clock times of numbers such as 115959 in seconds from 0:00, NaN where one is none."""
    whole = np.floor(raw)
    low, rest = np.round(raw - 100 * np.floor(whole / 100), 9), np.floor(whole / 100)
    middle, high = rest % 100, np.floor(rest / 100)
    if form == "hms":
        seconds, good = high * 3600 + middle * 60 + low, (middle < 60) & (low < 60)
    elif form == "hm":
        seconds, good = rest * 3600 + low * 60, (low < 60) & (low % 1 == 0)
    else:
        seconds, good = rest * 60 + low, low < 60
    good &= raw >= 0
    if not good.any():
        held = f"{raw[np.isfinite(raw)][0]:.12g}" if np.isfinite(raw).any() else "nothing"
        raise ValueError(
            f"the time {name!r} of {place} holds {held}, which is no time of the form {form!r}: "
            "time_unit= names the unit of numbers."
        )
    where = "minutes and seconds" if form == "ms" else "times of the day"
    times = np.where(good, seconds, np.nan)
    return Times(times, {"time_unit": "s", "time_unit_from": where})
