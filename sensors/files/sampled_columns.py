"""Columns of samples from any file: gathered as numbers, then taken as time, index, channels."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import suggest
from mottle.sensors.clock import CLOCK, GERMAN, ISO, SLASHES, SPAN, read_times
from mottle.sensors.files.heads import Clock
from mottle.sensors.files.limits import check_bytes
from mottle.sensors.files.rates import rate_of, stated_in
from mottle.sensors.files.tables import (
    DecimalComma,
    Dialect,
    TableOptions,
    find_dialect,
    table_chunks,
    to_numbers,
)
from mottle.sensors.roles import (
    MAY_BE_TIME,
    Roles,
    SplitTime,
    counts_by_one,
    find_roles,
    find_split_time,
    refine_roles,
)
from mottle.times import UNITS, name_clock, name_time, name_unit, unit_below

STAMP = f"{ISO.pattern}|{GERMAN.pattern}|{CLOCK.pattern}|{SLASHES.pattern}|{SPAN.pattern}"
NO_NUMBERS = (
    (re.compile("0x[0-9a-f]+", re.I), "a hexadecimal number: write it in decimal digits"),
    (re.compile(r"[+-]?[\d.]+d[+-]?\d+", re.I), "a number of Fortran: write 'E' for 'D'"),
    (re.compile(r"\(?[+-]?[\d.e+-]*[ij]\)?", re.I),
     "a complex number: write real and imaginary part as two columns"),
    (re.compile(r"[\[(].*"), "a list in one cell: write a column for each of its numbers"),
)  # fmt: skip
"""Cells that are no numbers, and the way out."""
KEPT = 1000  # cells of a column whose text is kept for messages


class Wanted(NamedTuple):
    """What the caller states of the columns; see ``read_samples``."""

    channels: Sequence[str] | None = None
    time_column: Any = None
    time_unit: str | None = None
    time_format: str | None = None
    index_column: Any = None
    on_bad: str = "raise"


class Columns(NamedTuple):
    """Columns of a file.

    Attributes
    ----------
    names : list of str or None
        Names, "" for none; None where no column has one.
    values : ndarray of shape (n_rows, n_columns)
        Numbers, NaN where a cell holds none.
    raw : dict of int to Series
        Cells of columns that may be the time, and of those that hold text.
    texts : dict of (row, column) to str
        What some cells without a number hold.
    units : list of str
        One a column, or none.
    attrs : dict
        How the file was read.
    time_unit, time_unit_from : str or None
        As the file states it beside the names.
    rate, rate_from : float or None, str
        Samples a second as the file states them.
    clock : Clock or None
        Start and step of the rows as the file states them, in second.
    units_of_all : str
        Unit of all values as the file states it.
    n_text : dict of int to int
        Cells with text, of columns that have such.
    """

    names: list[str] | None
    values: NDArray[np.float64]
    raw: dict[int, pd.Series]
    texts: dict[tuple[int, int], str]
    units: list[str]
    attrs: dict[str, Any]
    time_unit: str | None = None
    time_unit_from: str = ""
    rate: float | None = None
    rate_from: str = ""
    units_of_all: str = ""
    clock: Clock | None = None
    n_text: dict[int, int] = {}  # noqa: RUF012 (a default that nothing writes to)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.values)

    @classmethod
    def of_arrays(
        cls, path: Path, names: Sequence[str], arrays: Sequence[NDArray[Any]]
    ) -> "Columns":
        """Return lists of one length as columns; texts and dates are kept as they are."""
        values = np.full((len(arrays[0]), len(arrays)), np.nan)
        raw, n_text = {}, {}
        for k, (name, array) in enumerate(zip(names, arrays, strict=True)):
            kind = array.dtype.kind
            if array.ndim != 1 or kind in "cV":
                raise ValueError(
                    f"{name!r} in {path} has type {array.dtype} and shape {array.shape}; expected "
                    "a list of real numbers."
                )
            if kind in "iufb":
                values[:, k] = array
            if kind in "SUO":
                texts = [t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in array]
                raw[k], n_text[k] = pd.Series(texts, dtype="string"), len(array)
            elif kind in "Mm" or name_time(name) is not None:
                raw[k] = pd.Series(array)
                n_text[k] = len(array) if kind in "Mm" else 0
        return cls(list(names), values, raw, {}, [], {}, n_text=n_text)

    def with_time(self, name: str, time: NDArray[Any]) -> "Columns":
        """Return these columns with a time as the last one."""
        names = self.names or [str(k) for k in range(self.values.shape[1])]
        numbers = time if time.dtype.kind in "iufb" else np.full(len(time), np.nan)
        values = np.column_stack([self.values, numbers])
        raw = {**self.raw, self.values.shape[1]: pd.Series(time)}
        return self._replace(names=[*names, name], values=values, raw=raw)


class Taken(NamedTuple):
    """Time (None where there is none), channels, and what was left out."""

    time: NDArray[np.float64] | None
    values: NDArray[np.float64]
    names: list[str]
    units: list[str]
    texts: dict[tuple[int, int], str]
    left_out: dict[str, int]
    attrs: dict[str, Any]


def read_columns(path: Path, options: TableOptions, wanted: Wanted, limit: int) -> Columns:
    """Return the columns of a text table, whose numbers may come to ``limit`` bytes."""
    dialect = find_dialect(path, options)
    try:
        return _gather(path, dialect, options, wanted, limit)
    except DecimalComma:
        return _gather(path, dialect._replace(decimal=","), options, wanted, limit)


def _gather(
    path: Path, dialect: Dialect, options: TableOptions, wanted: Wanted, limit: int
) -> Columns:
    """Read a table chunk by chunk."""
    n = dialect.n_columns
    names = dialect.names
    timed = _may_be_timed(names, wanted.time_column)
    blocks: list[NDArray[np.float64]] = []
    raw: dict[int, list[pd.Series]] = {k: [] for k in timed if 0 <= k < n}
    texts: dict[tuple[int, int], str] = {}
    n_text: dict[int, int] = {}
    n_rows = 0
    for chunk in table_chunks(path, dialect, options):
        n_rows += len(chunk)
        check_bytes(f"the numbers in {path}", 8 * n * n_rows, limit)
        kinds = [dtype.kind for dtype in chunk.dtypes]
        wordy = [k for k, kind in enumerate(kinds) if kind not in "iufb"]
        if not wordy:
            blocks.append(chunk.to_numpy(dtype=np.float64))
        else:
            block = np.empty(chunk.shape)
            plain = [k for k in range(n) if kinds[k] in "iufb"]
            block[:, plain] = chunk.iloc[:, plain].to_numpy(dtype=np.float64)
            for k in wordy:
                if k in raw:  # stamps have signs of their own
                    block[:, k] = np.nan
                    continue
                numbers, rest = to_numbers(chunk[k], path, dialect, options)
                block[:, k] = numbers
                n_text[k] = n_text.get(k, 0) + len(rest)
                if n_text[k] == len(rest):  # the first text of this column
                    texts |= _texts(rest, k)
            blocks.append(block)
        for k, parts in raw.items():
            parts.append(chunk[k])
    values = np.concatenate(blocks) if blocks else np.empty((0, n))
    joined = {k: _join(parts) for k, parts in raw.items() if parts}
    numeric = set()  # times that are numbers, by the table's own decimal sign
    for k, cells in list(joined.items()):
        if cells.dtype.kind in "iufb":
            continue
        if wanted.time_format is not None or _holds_stamps(cells):
            rest = cells[~cells.astype("string").str.fullmatch(STAMP).fillna(True).astype(bool)]
        else:
            values[:, k], rest = to_numbers(cells, path, dialect, options)
            if not np.isnan(values[:, k]).all():
                del joined[k]
                numeric.add(k)
        n_text[k] = len(rest)
        texts |= _texts(rest, k)
    for k in n_text:
        if (
            k not in joined
            and k not in numeric
            and n_text[k] == np.isnan(values[:, k]).sum()
            and len(values)
        ):
            joined[k] = _column(path, dialect, options, k)
    stated = stated_in(dialect.comments)
    rate, name = rate_of(stated, f"{path}: comment") or (None, "")
    return Columns(
        names, values, joined, texts, dialect.units, dialect.attrs(), stated.get("time_unit"),
        "comment" if "time_unit" in stated else "", rate, f"comment {name!r}" if name else "",
        clock=dialect.clock, n_text=n_text,
    )  # fmt: skip


def _may_be_timed(names: Sequence[str] | None, given: Any) -> set[int]:
    """Return the columns whose cells may be times: by their names, or as the caller states."""
    timed = {k for k, name in enumerate(names or []) if name_time(name) is not None}
    for one in given if isinstance(given, list | tuple) else [given]:
        if names is not None and one in names:
            timed.add(names.index(one))
        elif one is not None and one is not False and not isinstance(one, str):
            timed.add(one)
    return timed


def _texts(cells: pd.Series, k: int) -> dict[tuple[int, int], str]:
    """Return the first cells of column ``k`` that hold text, by row and column."""
    rows = cells.index.to_numpy()[:KEPT].tolist()
    return {(row, k): str(cell) for row, cell in zip(rows, cells, strict=False)}


def _join(cells: Sequence[pd.Series]) -> pd.Series:
    """Return the cells of all chunks as one column; text where some of them are text."""
    if len({part.dtype.kind in "iufb" for part in cells}) > 1:
        cells = [part.astype("string") for part in cells]
    return pd.concat(cells, ignore_index=True)


def _column(path: Path, dialect: Dialect, options: TableOptions, k: int) -> pd.Series:
    """Return the first cells of one column as text."""
    chunk = next(table_chunks(path, dialect, options, rows=KEPT, as_text=k))
    return chunk[k].astype("string")


def take_roles(place: str, columns: Columns, wanted: Wanted) -> Taken:
    """Return time and channels of columns, and what was left out with its number of rows.

    Raises
    ------
    ValueError
        If there are no numbers, a channel is unknown, or the time or an index is not clear.
    """
    n_rows, n = columns.values.shape
    bare = columns.names is None
    names = [str(k) for k in range(n)] if columns.names is None else columns.names
    left_out: dict[str, int] = {}
    split = None if bare or wanted.time_column is not None else _split_time(columns, names)
    if split is not None:
        if wanted.time_unit is not None:
            raise ValueError(
                f"time_unit={wanted.time_unit!r}: the time of {place} is in two columns, "
                f"{' and '.join(repr(names[k]) for k in split.columns)}, each in its own unit; "
                "leave it out, or name one of them with time_column=."
            )
        wanted = wanted._replace(time_column=list(split.columns))
    roles = _find(place, columns, names, bare, wanted)
    if not bare:
        roles = _by_values(place, columns, names, roles, wanted)
    time, attrs, unread = None, dict(columns.attrs), dict[tuple[int, int], str]()
    if roles.time:
        if split is not None:
            both = " and ".join(repr(names[k]) for k in split.columns)
            time, known = split.seconds, {"time_unit": "s", "time_unit_from": f"columns {both}"}
        else:
            time, known = _read_time(place, columns, names, roles, wanted)
        attrs |= known
        attrs["time_column"] = ", ".join(names[k] or str(k) for k in roles.time)
        unread = _unread(columns, roles.time, time)
    for k in roles.counting:
        given = wanted.index_column is not None and wanted.index_column is not False
        given = given or names[k].lower().startswith("serial n")  # whatever it holds, no time
        if wanted.channels is not None and names[k] in wanted.channels and names[k]:
            roles.channels.append(k)
            continue
        empty = n_rows > 0 and not names[k] and np.isnan(columns.values[:, k]).all()
        if empty and not columns.n_text.get(k):
            left_out[f"empty column {k} without a name left out"] = n_rows
            continue
        if not given and not (counts_by_one(columns.values[:, k]) and not columns.n_text.get(k)):
            raise ValueError(
                f"the column {names[k] or k!r} of {place} has the name of an index and does "
                f"not count by one: index_column={names[k] or k!r} leaves it out, time_column= "
                "takes it for the time, index_column=False for a channel."
            )
        left_out[f"index column {names[k] or k!r} left out"] = n_rows
        attrs["index_column"] = names[k] or str(k)
    for k in roles.spare:
        left_out[f"further time column {names[k]!r} left out"] = n_rows
    chosen = _choose_channels(place, columns, names, bare, roles, wanted, left_out)
    if not n_rows or not chosen:
        _refuse_no_numbers(place, columns, names, n_rows)
    values = columns.values if chosen == list(range(n)) else columns.values[:, chosen]
    at = {k: column for column, k in enumerate(chosen)}
    texts = {(row, at[k]): text for (row, k), text in columns.texts.items() if k in at}
    if len(roles.time) == 1:
        texts |= {(r, -1): text for (r, k), text in columns.texts.items() if k == roles.time[0]}
    texts |= unread
    units = [columns.units[k] for k in chosen] if columns.units else []
    return Taken(time, values, [names[k] for k in chosen], units, texts, left_out, attrs)


def _unread(
    columns: Columns, places: Sequence[int], time: NDArray[np.float64]
) -> dict[tuple[int, int], str]:
    """Return the first cells of the time's columns that hold something and no time, by row."""
    found = dict[tuple[int, int], str]()
    for row in np.flatnonzero(np.isnan(time))[:KEPT].tolist():
        held = [columns.raw[k].iloc[row] for k in places if row < len(columns.raw.get(k, ()))]
        if held and not any(pd.isna(cell) for cell in held):
            found[row, -1] = " ".join(str(cell) for cell in held)
    return found


def _refuse_no_numbers(place: str, columns: Columns, names: Sequence[str], n_rows: int) -> None:
    """Raise for a table without a channel; name the first cell that is no number."""
    held = f"{place} has {n_rows} rows and 0 columns of numbers"
    cells = dict(columns.texts)
    for k, raw in columns.raw.items():
        cells.setdefault((0, k), str(raw.iloc[0]) if len(raw) and columns.n_text.get(k) else "")
    found = [(row, k, text) for (row, k), text in sorted(cells.items()) if text]
    if not n_rows or not found:
        raise ValueError(f"{held} beside the time and the index; is a column missing?")
    row, k, text = found[0]
    way = next((way for form, way in NO_NUMBERS if form.fullmatch(text)), "expected numbers")
    raise ValueError(f"{held}: row {row} of column {names[k] or k!r} holds {text[:40]!r}, {way}.")


def _split_time(columns: Columns, names: Sequence[str]) -> SplitTime | None:
    """Return a time in two columns of numbers; None where a unit is stated or a cell is text."""
    return find_split_time(
        names, lambda k: np.full(1, np.nan) if columns.n_text.get(k) else columns.values[:, k]
    )


def _by_values(
    place: str, columns: Columns, names: Sequence[str], roles: Roles, wanted: Wanted
) -> Roles:
    """Return roles with what the values show."""
    chosen = set(wanted.channels or ())
    free = [k for k in roles.channels if names[k] not in chosen and not columns.n_text.get(k)]
    if len(columns.values) < 3:
        return roles
    if columns.units and not roles.time and wanted.time_column is None:
        times = [
            k for k in free
            if name_unit(columns.units[k]) and MAY_BE_TIME.search(names[k])
            and (np.diff(columns.values[:, k]) > 0).all()
        ]  # fmt: skip
        if len(times) == 1:  # such as x-axis over second
            rest = [k for k in roles.channels if k not in times]
            return roles._replace(time=times, channels=rest)
    return refine_roles(
        roles, names, place, lambda k: columns.values[:, k], free=free,
        counters=wanted.index_column is None, times=wanted.time_column is None,
        way="time_column={0} takes it (time_unit= states its unit), time_column=False leaves it a "
            "channel.",
    )  # fmt: skip


def _find(place: str, columns: Columns, names: Sequence[str], bare: bool, wanted: Wanted) -> Roles:
    """Return the roles by names; a first column of stamps without a name is the time."""

    def is_text(k: int) -> bool:
        return k in columns.raw and columns.raw[k].dtype.kind not in "iuf"

    if bare and wanted.time_column in (None, False) and wanted.index_column in (None, False):
        roles = Roles([], "", [], list(range(len(names))), [])
    else:
        roles = find_roles(
            list(names), place, time_column=wanted.time_column,
            index_column=wanted.index_column, is_text=is_text,
        )  # fmt: skip
    if roles.time or wanted.time_column is False:
        return roles
    stamped = [k for k, cells in columns.raw.items() if _holds_stamps(cells)]
    if bare and wanted.index_column is None and stamped[:2] == [0, 1]:  # a date, a time of day
        days, clocks = (columns.raw[k].dropna().astype("string") for k in (0, 1))
        if not days.str.contains(":").any() and clocks.str.fullmatch(CLOCK.pattern).all():
            return roles._replace(time=[0, 1], channels=roles.channels[2:])
    first = [k for k in stamped if k == 0 and (bare or k in roles.counting)]
    if first and wanted.index_column is None:
        rest = [k for k in roles.channels if k != 0]
        return roles._replace(time=[0], counting=[k for k in roles.counting if k], channels=rest)
    stamped = [k for k in stamped if k not in roles.counting]
    if stamped and not (wanted.channels is not None and names[stamped[0]] in wanted.channels):
        name = names[stamped[0]]
        raise ValueError(
            f"the column {name!r} of {place} holds dates, and no column has the name of a time: "
            f"time_column={name!r} takes it, time_column=False leaves it out."
        )
    return roles


def _holds_stamps(cells: pd.Series) -> bool:
    """Return whether most cells are dates or times of the day."""
    if cells.dtype.kind in "Mm" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return True
    if cells.dtype.kind in "iufb" or not len(cells):
        return False
    text = cells.head(KEPT).dropna().astype("string").str.strip()
    fits = text.str.fullmatch(STAMP)
    return bool(2 * int(fits.fillna(False).sum()) > len(text))


def _read_time(
    place: str, columns: Columns, names: Sequence[str], roles: Roles, wanted: Wanted
) -> tuple[NDArray[np.float64], dict[str, str]]:
    """Return the times in second and what is known of them."""
    k = roles.time[0]
    column = columns.raw[k] if k in columns.raw else pd.Series(columns.values[:, k])
    if len(column) != columns.n_rows:  # only the beginning was kept
        column = pd.Series(columns.values[:, k])
    if len(roles.time) == 2:
        clock = names[roles.time[1]]
        if name_clock(clock) in ("m:s", "ms"):
            raise ValueError(
                f"the time {clock!r} of {place} is in minutes and seconds, and beside the date "
                f"{names[k]!r}: time_column={clock!r} takes it alone."
            )
        parts = [columns.raw.get(k, pd.Series(columns.values[:, k])) for k in roles.time]
        column = parts[0].astype("string").str.strip() + " " + parts[1].astype("string").str.strip()
    unit, where = wanted.time_unit, "time_unit="
    below = unit_below(columns.units[k]) if columns.units else ""
    others = [below, columns.time_unit or ""]
    if unit is None and roles.unit in UNITS and set(others) - {"", roles.unit}:
        raise ValueError(
            f"the time {names[k]!r} of {place} is in {roles.unit} by its name and in "
            f"{next(filter(None, others))} by {'a row of units' if others[0] else 'an attribute'}: "
            "time_unit= names the unit."
        )
    if unit is None and roles.unit in UNITS:
        unit, where = roles.unit, f"name of the column {names[k]!r}"
    elif unit is None and below:
        unit, where = below, "row of units"
    elif unit is None and columns.time_unit:
        unit, where = columns.time_unit, columns.time_unit_from
    elif unit is None and roles.unit:  # one that is not known
        unit, where = roles.unit, f"name of the column {names[k]!r}"
    form = columns.units[k] if columns.units else ""
    times = read_times(column, place, names[k], unit, where, wanted.time_format, form)
    return times.time, times.attrs


def _choose_channels(
    place: str, columns: Columns, names: Sequence[str], bare: bool, roles: Roles, wanted: Wanted,
    left_out: dict[str, int],
) -> list[int]:  # fmt: skip
    """Return the numbers of the channels; columns without a number are left out and counted."""
    if wanted.channels is not None:
        chosen = []
        for name in wanted.channels:
            if name not in names:
                raise ValueError(
                    f"{place} has no channel {name!r}{suggest(name, names)} It has "
                    f"{', '.join(names)}."
                )
            k = list(names).index(name)
            if k in roles.time:
                raise ValueError(
                    f"channels= names {name!r}, the time of {place}: time_column= names another "
                    "column, time_column=False none."
                )
            chosen.append(k)
        left_out.clear()  # the rest is left out by name
        return chosen
    chosen = []
    n_rows = columns.n_rows
    for k in roles.channels:
        n_text = columns.n_text.get(k, 0)
        empty = n_text or not names[k]
        if n_rows and empty and np.isnan(columns.values[:, k]).all():
            kind = "text" if n_text else "empty"
            left_out[f"{kind} column {names[k] or k!r} left out"] = n_rows
        else:
            chosen.append(k)
    return chosen
