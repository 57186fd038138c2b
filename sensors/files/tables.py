"""Text tables, opened with care: for readers of events and of samples."""

import csv
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from io import StringIO
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd

from mottle.arrays import FLOATS, to_floats
from mottle.checks import check_bool, check_names, check_whole, is_number
from mottle.sensors.clock import CLOCK, GERMAN, ISO
from mottle.sensors.files.heads import Clock, find_clock, is_remark, join_quoted
from mottle.sensors.roles import INDICES
from mottle.times import name_time, name_unit

BLANKS = r"\s+"
SEPARATORS = (";", "\t", "|", ",")  # in order of preference; blanks where none of them fits
N_LINES = 40  # by which the form of a table is found
LEAST_LINES, MOST_FORM = 4, 1 << 17  # of them in a wide table: so many, or so many bytes
BLOCK = 1 << 16  # bytes
MOST_HEAD = 1 << 26  # bytes
CELLS, LEAST_ROWS = 1 << 18, 256  # that are held as text at once
MISSING = {"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "n.a.", "?"}
MARKERS = {"over", "overflow", "overrange", "ovf", "ofl", "ol", "o.l", "under", "underflow",
           "underrange", "uflow", "sat", "saturated", "err", "error", "fail", "failed", "fault",
           "invalid", "bad", "---", "--", "-", "***", "*", "true", "false",
           "#div/0!", "#value!", "#ref!", "#num!"}  # fmt: skip
"""Words in place of a number; a first line of numbers and such words is a row, no header."""
COMMENT = re.compile(r"[ \t]*[#%](?!N/A|NA\b|DIV/0|VALUE!|REF!|NUM!|NAME\?|\"?[ \t]*[,;\t|])")
"""How a line of comment begins; "#" as the name of a column and Excel's errors do not begin one."""
MONITOR = re.compile(r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)? -> ")
NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.I)
COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
GROUP = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
POINT_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")
SIGNED = re.compile(r"[+-]?\d*[.,]\d+(?:[eE][+-]?\d+)?")
AMONG = re.compile(rb'(?<=[;\r\n"]) *([+-]?\d*\.\d+(?:[eE][+-]?\d+)?) *(?=[;\r\n"])')
"""A number with a point in a cell between ";"."""
THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*|(?:,\d{3}){2,}|(?:\.\d{3}){2,}"
    r"|(?:['\u2019\u00a0\u202f ]\d{3})+(?:[.,]\d*)?)"
)
WITH_UNIT = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s.,]\S*)$")
MEASURES = {
    "v", "mv", "uv", "kv", "a", "ma", "ua", "na", "w", "mw", "kw", "ohm", "kohm", "mohm", "\u03c9",
    "ppm", "ppb", "%", "%rh", "rh", "c", "\u00b0c", "degc", "\u00b0f", "k", "pa", "hpa", "kpa",
    "mpa", "bar", "mbar", "psi", "g", "kg", "mg", "m", "mm", "cm", "um", "km", "m/s", "m/s2",
    "m/s^2", "m/s\u00b2", "rad", "rad/s", "deg", "deg/s", "\u00b0", "\u00b0/s", "hz", "khz", "mhz",
    "db", "lx", "lux", "n", "nm", "j", "f", "pf", "nf", "uf", "t", "mt", "ut", "\u00b5t", "gauss",
    "l/min", "ml/min", "sccm", "mg/m3", "ug/m3", "\u00b5g/m3", "\u00b5g/m\u00b3", "a.u.", "au",
    "counts", "count", "adc", "raw", "1", "-", "rpm",
}  # fmt: skip
"""Units that a row of units under the header holds, in lower case."""


@dataclass(frozen=True)
class TableOptions:
    """What a caller states of a table; None leaves it to the rules.

    Attributes
    ----------
    separator : str
        Between the columns, one character; " " for any number of blanks.
    decimal : str
        Decimal sign, "." or ",".
    na_values : sequence of str
        Further cells that stand for a missing value, such as "-999".
    names : sequence of str
        Names of all columns, in place of those in the file.
    header : bool
        Whether the first line holds names.
    skip_rows : int
        Lines before the table.
    """

    separator: str | None = None
    decimal: str | None = None
    na_values: Sequence[str] = ()
    names: Sequence[str] | None = None
    header: bool | None = None
    skip_rows: int = 0

    def __post_init__(self) -> None:
        given = self.separator
        if (
            given is not None
            and given != BLANKS
            and (not isinstance(given, str) or len(given) != 1)
        ):
            raise ValueError(f"separator={given!r} must be one character, ' ' for blanks.")
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal={self.decimal!r}: expected '.' or ','.")
        if given is not None and given == self.decimal:
            raise ValueError(f"separator and decimal are both {given!r}.")
        if self.header is not None:
            check_bool("header", self.header)
        check_whole("skip_rows", self.skip_rows, 0)
        if self.names is not None:
            check_names("names", self.names)
        cells = self.na_values
        several = isinstance(cells, Iterable) and not isinstance(cells, str | bytes | Mapping)
        if not several or not all(isinstance(cell, str) or is_number(cell) for cell in cells):
            raise ValueError(f"na_values={cells!r} must be a list of cells, such as ['-999'].")


OPTIONS = tuple(field.name for field in fields(TableOptions))


class Dialect(NamedTuple):
    """The form of a table, found in its first lines.

    Attributes
    ----------
    separator, decimal, encoding : str
        As pandas takes them.
    start : int
        Byte at which the rows begin (character, where the file is UTF-16).
    names : list of str or None
        Names of the columns, "" for none; None for a table without a header.
    units : list of str
        Units in the row under the header, one a column, or none.
    n_columns : int
        Number of columns.
    header_from : str
        Where the names are from.
    skipped : int
        Empty rows before the header.
    size : (int, int) or None
        Width and height, where two whole numbers alone come before four columns between blanks, as
        E2VID writes events.
    after : int
        Byte (or character) behind them.
    clock : Clock or None
        Start and step of the rows, where the two lines above them state it.
    no_sign : bool
        Whether no number in the first lines has a decimal sign, and none is stated.
    comments : list of str
        Lines of comment before the rows.
    """

    separator: str
    decimal: str
    encoding: str
    start: int
    names: list[str] | None
    units: list[str]
    n_columns: int
    header_from: str
    skipped: int = 0
    size: tuple[int, int] | None = None
    after: int = 0
    clock: Clock | None = None
    no_sign: bool = False
    comments: Sequence[str] = ()

    def attrs(self) -> dict[str, str]:
        """Return how the table was read."""
        separator = " " if self.separator == BLANKS else self.separator
        return {
            "separator": separator, "decimal": self.decimal, "names_from": self.header_from,
            "encoding": self.encoding,
        }  # fmt: skip


class DecimalComma(ValueError):
    """Numbers with a decimal comma in a table that is read with a point."""


def find_dialect(path: Path, options: TableOptions = TableOptions()) -> Dialect:
    """Find separator, decimal sign, names and units of a table by its first lines.

    Parameters
    ----------
    path : Path
        The table.
    options : TableOptions
        What the caller states; it goes before every rule.

    Returns
    -------
    Dialect
        The form.

    Raises
    ------
    ValueError
        If the lines do not fit each other, or could be read in two ways; names the option that
        settles it.
    """
    lines, starts, encoding = _first_lines(path)
    skip, separator = options.skip_rows, options.separator
    if skip < len(lines) and (stated := re.fullmatch(r'"?sep=(.)"?\s*', lines[skip], re.I)):
        separator, skip = separator or stated[1], skip + 1
    if separator == " ":
        separator = BLANKS
    comments, body = _without_remarks(path, lines, skip)
    texts = [lines[k] for k in body]
    skipped = 0
    while len(texts) > 1 and not texts[0].strip(" \t,;|") and _is_header(_split_any(texts[1])):
        texts, body, skipped = texts[1:], body[1:], skipped + 1
    separator = separator or _find_separator(path, texts, options)
    rows = [split(text, separator) for text in texts]
    n = _usual([len(row) for row in rows[1:]] or [len(rows[0])])
    if len(rows[0]) == max(map(len, rows)) and _is_header(rows[0]):
        n = len(rows[0])  # shorter rows lack cells
    below = rows[1:]
    header = _has_header(rows) if options.header is None else options.header
    names, where = None, ""
    if header:
        names, where = _fit_names(path, rows[0], below, n, separator, body[0] + 1), "first line"
    else:
        below = rows
        n = _usual([len(row) for row in rows])
        if options.header is None:
            if separator == "," and all(map(COMMA.fullmatch, texts)):
                _refuse_lone_name(path, comments)
            names = _comment_names(comments, separator, n)
            where = "comment line" if names is not None else ""
    first = 1 if header else 0
    units: list[str] = []
    clock = find_clock(names, below[0]) if header and names is not None and below else None
    if clock is not None and names is not None:
        units = [*below[0], *[""] * n][:n]
        units[0] = ""
        for k, name in enumerate(map(str.lower, names)):
            names[k] = {"x": below[0][0], "start": "", "increment": ""}.get(name, names[k])
            units[k] = units[k] if names[k] else ""
        first += 1
    elif names is not None and len(below) > 1 and _is_units(below[0], n, below[1]):
        units = [unit.strip(" []()") for unit in below[0]]
        first += 1
    if options.names is not None:
        names, where = [str(name) for name in options.names], "names="
        if len(names) != n:
            raise ValueError(f"names= holds {len(names)} names; {path} has {n} columns.")
    start = starts[body[first] if first < len(body) else -1]  # -1: behind the last line
    cells = [cell for row in rows[first:] for cell in row]
    decimal = options.decimal or _find_decimal(path, cells, separator)
    no_sign = options.decimal is None and not any(map(SIGNED.fullmatch, cells))
    known = Dialect(
        separator, decimal, encoding, start, names, units, n, where, skipped, clock=clock,
        no_sign=no_sign, comments=comments,
    )  # fmt: skip
    leads = rows[first] if names is None and separator == BLANKS and len(rows) > first + 1 else []
    if n == 4 and len(leads) == 2 and all(re.fullmatch("[1-9][0-9]{0,4}", v) for v in leads):
        width, height = map(int, leads)
        return known._replace(size=(width, height), after=starts[body[first + 1]])
    return known


def _without_remarks(path: Path, lines: Sequence[str], skip: int) -> tuple[list[str], list[int]]:
    """Return the comments before the rows, and the numbers of the lines that are rows."""
    comments: list[str] = []
    body: list[int] = []
    for k in range(skip, len(lines)):
        if not lines[k].strip():
            continue
        if not COMMENT.match(lines[k]):
            body.append(k)
        elif not body:
            comments.append(lines[k])
    if not body:
        raise ValueError(f"{path} has 0 rows and holds no numbers.")
    if MONITOR.match(lines[body[0]]):
        raise ValueError(
            f"{path} holds the stamps of a serial monitor ({lines[body[0]][:24]!r} ...): replace "
            "' -> ' by the separator of the other columns."
        )
    return comments, body


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row holds names, also such as 1 and 2 above their units."""
    if _is_header(rows[0]) or _is_numbered(rows):
        return True
    units = len(rows) > 2 and _is_units(rows[1], len(rows[0]), rows[2])
    return units and "text" in map(_kind, rows[0])


def _refuse_lone_name(path: Path, comments: Sequence[str]) -> None:
    """Raise if a comment of one word may name one column of numbers with decimal commas."""
    words = comments[-1].strip(" \t#%").split() if comments else []
    if len(words) == 1:
        raise ValueError(
            f"{path} may hold one column {words[0]!r} with decimal commas, or two columns without "
            "names: decimal=',' or header=False decides."
        )


def split(line: str, separator: str) -> list[str]:
    """Split a line into cells without quotes and blanks around.

    Examples
    --------
    >>> split('1;"a;b" ; 2', ";"), split(' 1  "a b"', BLANKS)
    (['1', 'a;b', '2'], ['1', 'a b'])
    """
    if separator == BLANKS:
        found = re.findall(r'"((?:[^"]|"")*)"|(\S+)', line)
        return [quoted or plain for quoted, plain in found]
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error as why:
        raise ValueError(f"line {line[:30]!r}... is none of a table: {why}.") from None
    return [cell.strip() for cell in cells]


def _first_lines(path: Path) -> tuple[list[str], list[int], str]:
    """Return the first lines, where each begins (and where the last ends), and the encoding."""
    with path.open("rb") as file:
        data = file.read(BLOCK)
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return _lines_of(_decode_wide(path), "utf-16")
        whole = False
        while len(re.findall(rb"\r\n|\n|\r", data)) <= N_LINES and len(data) < MOST_HEAD:
            more = file.read(max(BLOCK, len(data)))
            data += more
            if not more:
                whole = True
                break
    refuse_nul(path, data, 0)
    begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    ends = [found.end() for found in re.finditer(rb"\r\n|\n|\r", data)]
    if data and (whole or not ends) and (not ends or ends[-1] < len(data)):
        ends.append(len(data))
    enough = sum(end < MOST_FORM for end in ends[:N_LINES])
    starts = [begin, *ends[: max(enough, LEAST_LINES)]]
    raw = [data[a:b] for a, b in itertools.pairwise(starts)]
    try:
        lines = [line.decode("utf-8").rstrip("\r\n") for line in raw]
        encoding = "utf-8"
    except UnicodeDecodeError:
        lines, encoding = [line.decode("latin-1").rstrip("\r\n") for line in raw], "latin-1"
    return *join_quoted(lines, starts), encoding


def refuse_nul(path: Path, data: bytes, start: int) -> None:
    r"""Raise if bytes of a text table, from byte ``start`` of the file on, hold a NUL.

    Examples
    --------
    >>> refuse_nul(Path("a.csv"), b"t,CO\n\x00\x00\x00", 0)
    Traceback (most recent call last):
    ValueError: a.csv holds NUL bytes, the first at byte 5, which no text does: the file was not written to its end, the copy is damaged, or this is no table. 'head -c 5' keeps what is before them.
    """  # noqa: E501
    at = data.find(b"\0")
    if at < 0:
        return
    pairs = np.frombuffer(data[: min(len(data), 1 << 12) & ~1], np.uint8).reshape(-1, 2)
    low, high = (pairs == 0).mean(axis=0) if len(pairs) else (0.0, 0.0)
    if start == 0 and abs(high - low) > 0.9:  # every other byte
        order = "LE" if high > low else "BE"
        raise ValueError(
            f"{path} holds text in UTF-16 without the mark of its byte order, which is not read: "
            f"'iconv -f UTF-16{order} -t UTF-8' writes it anew."
        )
    to_the_end = not data[at:].strip(b"\0")
    cut = f" 'head -c {start + at}' keeps what is before them." if to_the_end else ""
    raise ValueError(
        f"{path} holds NUL bytes, the first at byte {start + at}, which no text does: the file was "
        f"not written to its end, the copy is damaged, or this is no table.{cut}"
    )


def _decode_wide(path: Path) -> str:
    """Return a text in UTF-16, as Excel writes it."""
    try:
        return path.read_bytes().decode("utf-16")
    except UnicodeDecodeError as why:
        raise ValueError(f"{path} begins as UTF-16 and is none: {why}") from None


def _lines_of(text: str, encoding: str) -> tuple[list[str], list[int], str]:
    """Return the first lines of a text, where each begins, and the encoding."""
    ends = [found.end() for found in re.finditer(r"\r\n|\n|\r|$", text)]
    starts = [0, *ends[:N_LINES]]
    pairs = itertools.pairwise(starts)
    lines = [text[a:b].rstrip("\r\n") for a, b in pairs]
    return *join_quoted(lines, starts), encoding


def _usual(counts: Sequence[int]) -> int:
    """Return the most frequent number, the larger of two as frequent."""
    values, often = np.unique(counts, return_counts=True)
    return int(values[often == often.max()].max())


def _split_any(line: str) -> list[str]:
    """Split a line at the first separator that it holds."""
    return split(line, next((mark for mark in SEPARATORS if mark in line), BLANKS))


def _find_separator(path: Path, texts: Sequence[str], options: TableOptions) -> str:
    """Return the separator that gives as many cells in every line."""
    fitting = {}
    for mark in SEPARATORS:
        if mark == options.decimal or not any(mark in text for text in texts):
            continue
        counts = [len(split(text, mark)) for text in texts]
        usual = _usual(counts[1:] or counts)
        agree = sum(count == usual for count in counts[1:]) >= 0.7 * (len(counts) - 1)
        short = counts[0] == max(counts[1:], default=0) > 1 and _is_header(split(texts[0], mark))
        if short or (usual > 1 and agree and abs(counts[0] - usual) <= 1):
            fitting[mark] = short or counts[0] == usual
    for mark in sorted(fitting, key=lambda mark: not fitting[mark]):  # those that fit exactly first
        rows = [split(text, mark) for text in texts]
        ends = not rows[0][-1] or all(not row[-1] for row in rows[1:])  # behind the last column
        cells = [cell for row in rows[1:] or rows for cell in row]
        if fitting[mark] and len(rows) > 1 and _is_header(rows[0]):
            return mark
        if (fitting[mark] or ends) and not any(map(_is_row_of_numbers, cells)):
            return mark
    for mark in SEPARATORS if options.decimal != "," else SEPARATORS[:-1]:
        counts = [len(split(text, mark)) for text in texts[1:]]
        if not fitting.get(mark) and counts and min(counts[-2:]) > 1:
            if mark == "," and all(COMMA.fullmatch(text.strip()) for text in texts[1:]):
                continue  # one column of decimal commas
            if mark == "," and any(len(split(text, BLANKS)) > 1 for text in texts[1:]):
                continue  # blanks between decimal commas
            raise ValueError(
                f"the first line of {path} has {len(split(texts[0], mark))} cells between {mark!r} "
                f"and later ones {counts[-1]}: skip_rows= leaves out lines before the table, "
                "separator= and decimal= name both signs."
            )
    blanks = [len(split(text, BLANKS)) for text in texts]
    for mark in SEPARATORS:
        names = len(split(texts[0], mark))
        if names > 1 and mark in texts[0] and _usual(blanks[1:] or blanks) != blanks[0]:
            other = _usual([len(split(text, mark)) for text in texts[1:]] or [names])
            raise ValueError(
                f"the first line of {path} has {names} cells between {mark!r} and the next ones "
                f"{other}: separator= and decimal= name both signs, skip_rows= leaves out lines "
                "before the table."
            )
        if names > 1 and mark in texts[0] and blanks[0] == 1:
            raise ValueError(
                f"the first line of {path} has {names} cells between {mark!r} and the next ones do "
                "not: separator= and decimal= name both signs."
            )
    return BLANKS


def _is_row_of_numbers(cell: str) -> bool:
    """Return whether a cell holds several numbers between blanks, as no cell should."""
    parts = cell.split()
    return len(parts) > 1 and all(NUMBER.fullmatch(part) for part in parts)


def _kind(cell: str) -> str:
    """Return what a cell holds: a number, nothing, a stamp, a marker, or text."""
    low = cell.lower()
    if low in MISSING:
        return "missing"
    if NUMBER.fullmatch(cell) or THOUSANDS.fullmatch(cell):
        return "number"
    if low in MARKERS:
        return "marker"
    if ISO.fullmatch(cell) or GERMAN.fullmatch(cell) or CLOCK.fullmatch(cell):
        return "stamp"
    if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{2,4}.*", cell):
        return "stamp"
    return "text"


def _is_header(cells: Sequence[str]) -> bool:
    """Return whether a line holds names: text and no value, or the name of a time or an index.

    Examples
    --------
    >>> _is_header(["CO", "NO2"]), _is_header(["nan", "1.0"]), _is_header(["OVER", "1"])
    (True, False, False)
    >>> _is_header(["time", "0", "1"]), _is_header(["x", "y"])
    (True, True)
    """
    kinds = [_kind(cell) for cell in cells]
    if any(name_time(cell) is not None for cell in cells):
        return True
    if any(cell and cell.lower().replace("_", " ") in INDICES for cell in cells):
        return True
    if "number" in kinds or "stamp" in kinds:
        return False
    return "text" in kinds


def _is_numbered(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a first line is that of pandas for columns without names: empty, 0, 1, ..."""
    first = rows[0]
    if len(first) < 2 or first[0] or list(first[1:]) != [str(k) for k in range(len(first) - 1)]:
        return False
    return all(row and row[0] == str(k) for k, row in enumerate(rows[1:])) and len(rows) > 1


def _fit_names(
    path: Path, names: list[str], below: Sequence[Sequence[str]], n: int, separator: str, line: int
) -> list[str]:
    """Return the names of all columns, of a header that may have one cell more or less."""
    if len(names) == n:
        return names
    if n == 1 and separator == BLANKS:
        return [" ".join(names)]
    if len(names) == n + 1 and not names[-1]:
        return names[:-1]
    if len(names) == n - 1 and all(not row[-1] for row in below if len(row) == n):
        return [*names, ""]
    if len(names) == n - 1 and separator == BLANKS:
        return ["", *names]  # R's names of rows
    raise ValueError(
        f"line {line} of {path} names {len(names)} columns and the rows have {n}: names= gives the "
        "names of all columns, separator= and decimal= name both signs, skip_rows= leaves out "
        "lines before the table."
    )


def _comment_names(comments: Sequence[str], separator: str, n: int) -> list[str] | None:
    """Return the names in the last comment line with as many cells as the rows."""
    for line in reversed(comments):
        text = line.strip()
        for rest in (text.lstrip("#% \t"), text):
            cells = split(rest, separator)
            if len(cells) == 1 and n > 1 and rest != text:
                cells = split(rest, BLANKS)  # names between blanks, numbers between commas
            if is_remark(rest, cells):
                continue
            kinds = {_kind(cell) for cell in cells}
            if len(cells) == n and "number" not in kinds and kinds & {"text", "marker"}:
                return cells
    return None


def _is_units(cells: Sequence[str], n: int, below: Sequence[str]) -> bool:
    """Return whether a row under the header holds units."""
    kinds = ["text" if cell == "1" else _kind(cell) for cell in cells]  # 1: without a dimension
    if len(cells) != n or "number" in kinds or "stamp" in kinds:
        return False
    if not any(_kind(cell) in ("number", "stamp") for cell in below):
        return False
    filled = [cell for cell in cells if cell]
    plain = [cell.strip(" []()").lower() for cell in filled]
    known = [bool(name_unit(cell)) or cell in MEASURES for cell in plain]
    bracketed = [cell[0] in "[(" and cell[-1] in "])" for cell in filled]
    strong = [cell for cell, fits in zip(plain, known, strict=True) if fits and cell not in "-1"]
    if not filled or not (strong or all(bracketed)):
        return False
    return all(
        a or b or len(cell) <= 12 for a, b, cell in zip(known, bracketed, filled, strict=True)
    )


def _find_decimal(path: Path, cells: Sequence[str], separator: str) -> str:
    """Return the decimal sign of some cells."""
    commas = [cell for cell in cells if "," in cell and COMMA.fullmatch(cell)]
    if not commas:
        points = [cell for cell in cells if "." in cell and POINT.fullmatch(cell)]
        if separator == ";" and points and all(map(POINT_GROUP.fullmatch, points)):
            refuse_points(path, points[0])
        return "."
    check_groups(path, commas, separator)
    points = [cell for cell in cells if "." in cell and POINT.fullmatch(cell)]
    if points:
        raise ValueError(
            f"{path} holds {commas[0]!r} and {points[0]!r}: decimal= names the decimal sign; "
            "thousands must not be separated."
        )
    return ","


def refuse_points(path: Path, cell: str) -> None:
    """Raise for a number with a point between ";" that may be thousands, as all of them may."""
    raise ValueError(
        f"{cell!r} between ';' in {path} may be {cell.replace('.', '')}: decimal='.' names it the "
        "decimal sign; separators of thousands are not read."
    )


def check_groups(path: Path, commas: Sequence[str], separator: str) -> None:
    """Raise if numbers with a comma may be thousands."""
    if separator != ";" and all(GROUP.fullmatch(cell) for cell in commas):
        raise ValueError(
            f"{commas[0]!r} in {path} may be {commas[0].replace(',', '.')} or "
            f"{commas[0].replace(',', '')}: decimal=',' names it the decimal sign; separators of "
            "thousands are not read."
        )


def table_chunks(
    path: Path, dialect: Dialect, options: TableOptions = TableOptions(), rows: int | None = None,
    as_text: int | None = None,
) -> Iterator[pd.DataFrame]:  # fmt: skip
    """Yield the rows of a table, so many at once; columns are 0, 1, ..., text where cells are.

    Parameters
    ----------
    path : Path
        The table.
    dialect : Dialect
        Its form.
    options : TableOptions
        What the caller states.
    rows : int, optional
        Rows at once.
    as_text : int, optional
        Number of a column whose cells stay text.

    Raises
    ------
    ValueError
        For rows with more cells than columns, a quote that swallows rows, and text that cannot be
        decoded.
    """
    rows = rows or max(LEAST_ROWS, CELLS // dialect.n_columns)
    for chunk in _chunks(path, dialect, options, rows, as_text):
        check_quotes(path, chunk, dialect.separator)
        yield chunk


def _chunks(
    path: Path, dialect: Dialect, options: TableOptions, rows: int, as_text: int | None
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a table, so many at once."""
    handle, blanks = _open_rows(path, dialect)
    with handle, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # cells would be lost
        try:
            with pd.read_csv(
                handle, sep=dialect.separator, header=None, names=range(dialect.n_columns),
                index_col=False, decimal=dialect.decimal, skipinitialspace=blanks,
                na_values=[*(str(v) for v in options.na_values), "?", "n.a."], low_memory=False,
                encoding=None if isinstance(handle, StringIO) else dialect.encoding,
                encoding_errors="replace", dtype=None if as_text is None else {as_text: str},
                skip_blank_lines=dialect.n_columns > 1, chunksize=rows, **FLOATS,
            ) as chunks:  # fmt: skip
                yield from chunks
        except pd.errors.EmptyDataError:
            return
        except (ValueError, pd.errors.ParserWarning, OverflowError) as why:
            found = re.search(r"fields in line (\d+), saw (\d+)", str(why))
            where = f"line {found[1]} of its rows has {found[2]} cells" if found else f"{why}"
            if isinstance(why, pd.errors.ParserWarning):
                where = "a row has more cells"
            raise ValueError(
                f"{path} is no table of {dialect.n_columns} columns: {where.strip()}. skip_rows= "
                "leaves out lines before the table, separator= names the separator."
            ) from why


def check_quotes(path: Path, chunk: pd.DataFrame, separator: str) -> None:
    """Raise if a cell in quotes holds a row: the quote is not closed where it was meant to be."""
    for k in chunk.columns:
        if chunk[k].dtype.kind in "iufb":
            continue
        text = chunk[k].astype("string")
        broken = text[text.str.contains("\n", regex=False).fillna(False).astype(bool)]
        for row, cell in broken.items():
            if any(len(split(line, separator)) == len(chunk.columns) for line in cell.split("\n")):
                raise ValueError(
                    f"row {row} of {path} holds a whole row within quotes, {cell[:40]!r}: close "
                    "the quote before it, or take the quotes out."
                )


def text_cells(
    path: Path, dialect: Dialect, options: TableOptions, columns: Sequence[int]
) -> pd.DataFrame:
    """Return columns of a table as the text that stands there, such as "01", "NA" and "None".

    Parameters
    ----------
    path, dialect, options
        As of `table_chunks`.
    columns : sequence of int
        Numbers of the columns.

    Returns
    -------
    DataFrame of str
        Empty text for empty cells.
    """
    handle, _ = _open_rows(path, dialect)
    with handle:
        return pd.read_csv(
            handle, sep=dialect.separator, header=None, names=range(dialect.n_columns),
            index_col=False, usecols=list(columns), dtype=str, keep_default_na=False,
            na_values=[], skipinitialspace=True, skip_blank_lines=dialect.n_columns > 1,
            encoding=None if isinstance(handle, StringIO) else dialect.encoding,
            encoding_errors="replace", low_memory=False,
        )  # fmt: skip


def _open_rows(path: Path, dialect: Dialect) -> tuple[IO[Any], bool]:
    """Open a table at its first row, without comments; whether cells may begin with a blank."""
    if dialect.encoding == "utf-16":
        return StringIO(_without_comments(_decode_wide(path)[dialect.start :])), True
    begins = [sign.encode() + b" " for sign in (dialect.separator[:1], "\n", "\r", '"')]
    handle = path.open("rb")
    handle.seek(dialect.start)
    last, comments, blanks = b"\n", False, False
    signs = Signs(dialect)
    while block := handle.read(1 << 22):
        if b"\0" in block:
            with handle:
                refuse_nul(path, block, handle.tell() - len(block))
        if b"#" in block or b"%" in block:
            comments |= bool(re.search(rb"[\r\n][ \t]*[#%]", last + block))
        blanks = blanks or any(begin in block for begin in begins) or block[:1] == b" "
        signs.look(last + block)
        last = block[-16:]
    if signs.group and signs.open:
        with handle:
            refuse_points(path, signs.group)
    handle.seek(dialect.start)
    if comments or dialect.n_columns == 1:
        with handle:
            text = handle.read().decode(dialect.encoding, "replace")
        text = _without_comments(text).rstrip("\r\n")
        return StringIO(text + "\n" if text else ""), True
    return handle, blanks  # reading is a fifth slower where blanks have to be looked for


class Signs:
    """Looks for decimal signs behind the first lines, where these have none, between ";".

    ``group`` is the first number with a point; ``open`` whether all of them may be thousands.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.group = ""
        self.open = dialect.no_sign and dialect.separator == ";"

    def look(self, block: bytes) -> None:
        """Look at a part of the file; one number that can be no thousands settles it."""
        for found in AMONG.finditer(block) if self.open and b"." in block else ():
            cell = found[1].decode()
            if not POINT_GROUP.fullmatch(cell):
                self.open = False
                return
            self.group = self.group or cell


def _without_comments(text: str) -> str:
    """Return a text without its lines of comment."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    return "".join(line for line in lines if not COMMENT.match(line))


class Numbers(NamedTuple):
    """Cells as numbers: NaN where there is none, and the text of such cells."""

    values: Any
    text: pd.Series


def to_numbers(cells: pd.Series, path: Path, dialect: Dialect, options: TableOptions) -> Numbers:
    """Return the numbers of a column of text, and the cells that hold other text.

    Raises
    ------
    ValueError
        If separators of thousands, or two decimal signs, are among them.
    DecimalComma
        If numbers have a decimal comma, which the first lines did not show.
    """
    text = cells.astype("string").str.strip()
    plain = text
    if dialect.decimal == ",":
        points = text[text.str.fullmatch(POINT.pattern).fillna(False).astype(bool)]
        if len(points):
            raise ValueError(
                f"row {points.index[0]} of {path} holds {points.iloc[0]!r} where the decimal sign "
                "is ',': decimal= names it; thousands must not be separated."
            )
        plain = text.str.replace(",", ".", n=1, regex=False)
    values = to_floats(plain)
    if np.isnan(values).all():  # truth values beside missing ones
        truth = plain.str.lower().map({"true": 1.0, "false": 0.0})
        values = np.asarray(truth.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)
    rest = text[np.isnan(values) & text.notna().to_numpy()]
    rest = rest[~rest.str.lower().isin(MISSING)]
    if len(rest) and np.isnan(values).all():
        parts = rest.head(100).str.extract(WITH_UNIT.pattern)
        known = parts[1].str.lower().isin(MEASURES) & parts[0].notna()
        if 2 * int(known.sum()) > len(parts):
            raise ValueError(
                f"row {rest.index[0]} of {path} holds {rest.iloc[0]!r}, a number with its unit: "
                "write the table with numbers alone."
            )
    for pattern in (THOUSANDS, COMMA) if len(rest) else ():
        found = rest[rest.str.fullmatch(pattern.pattern).fillna(False).astype(bool)]
        if not len(found):
            continue
        if pattern is COMMA:
            check_groups(path, list(found), dialect.separator)
            if options.decimal is None:
                raise DecimalComma(
                    f"row {found.index[0]} of {path} holds {found.iloc[0]!r}: decimal=',' names it "
                    "the decimal sign."
                )
            continue
        raise ValueError(
            f"row {found.index[0]} of {path} holds {found.iloc[0]!r}: separators of thousands are "
            "not read; write the table without them."
        )
    return Numbers(values, rest)
