"""Above the rows of a table: names over several lines, remarks, the clock of an oscilloscope."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_BREAKS = 8  # lines of one quoted cell
OPENED = re.compile(r'(?:^|[,;\t|])[ ]*"(?:[^"]|"")*$')
"""The end of a line within a quoted cell; a quote within a cell, as for inches, opens none."""
PROSE = frozenset({
    "and", "are", "at", "by", "for", "from", "is", "of", "on", "recorded", "the", "this", "to",
    "was", "were", "with",
})  # fmt: skip
"""Words of remarks, which names of columns do not hold."""
ABOUT = frozenset({
    "batch", "date", "day", "device", "experiment", "file", "id", "measurement", "no", "number",
    "operator", "page", "part", "recording", "rev", "revision", "run", "sample", "serial", "series",
    "session", "set", "subject", "take", "test", "trial", "version",
})  # fmt: skip
"""Words of remarks about a recording, such as "file 3, run 4"."""
PAIR = re.compile(r"[\w .-]+(?:=|: ).+")


class Clock(NamedTuple):
    """Time of the first row and from one row to the next, in second."""

    start: float
    step: float

    def times(self, n_rows: int) -> NDArray[np.float64]:
        """Return the times of the rows in second."""
        return np.asarray(self.start + self.step * np.arange(n_rows), dtype=np.float64)


def join_quoted(lines: Sequence[str], starts: Sequence[int]) -> tuple[list[str], list[int]]:
    """Return lines in which a quoted cell with a line break is one, and where each begins.

    Examples
    --------
    >>> join_quoted(['"time', '(s)",CO', "0,1"], [0, 6, 14, 18])
    (['"time (s)",CO', '0,1'], [0, 14, 18])
    """
    joined, begins = [], list(starts[:1])
    k = 0
    while k < len(lines):
        last, text = k, lines[k]
        end = k + 1 if text.lstrip()[:1] in ("#", "%") else min(k + MOST_BREAKS, len(lines))
        while OPENED.search(text) and last + 1 < end:
            last += 1
            text = f"{text} {lines[last]}"
        if last > k and OPENED.search(text):  # never closed: no quoted cell
            last, text = k, lines[k]
        joined.append(text)
        begins.append(starts[last + 1])
        k = last + 1
    return joined, begins


def is_remark(text: str, cells: Sequence[str]) -> bool:
    """Return whether a line of comment is a remark that happens to have as many words as columns.

    Examples
    --------
    >>> is_remark("file 3, run 4", ["file 3", "run 4"]), is_remark("fs=9,b=2", ["fs=9", "b=2"])
    (True, True)
    >>> is_remark("gas 1, gas 2", ["gas 1", "gas 2"]), is_remark("run, id", ["run", "id"])
    (False, False)
    """
    if PROSE.intersection(text.lower().split()):
        return True
    cells = [cell.lstrip("#% \t") for cell in cells]
    words = [cell.lower().split() for cell in cells]
    about = all(len(parts) > 1 and parts[0].strip(":") in ABOUT for parts in words)
    if about and len({parts[0] for parts in words}) == len(words):
        return True
    return all(PAIR.fullmatch(cell) for cell in cells)


def find_clock(names: Sequence[str], below: Sequence[str]) -> Clock | None:
    """Return the clock of a table as Rigol's oscilloscopes write it, None for any other.

    Parameters
    ----------
    names : sequence of str
        Cells of the first line: X, the channels, Start, Increment.
    below : sequence of str
        Cells of the second line: Sequence, units, and two numbers in second.

    Raises
    ------
    ValueError
        If these are no numbers, or the step is not above 0.

    Examples
    --------
    >>> find_clock(["X", "CH1", "Start", "Increment"], ["Sequence", "Volt", "-0.5", "1e-3"])
    Clock(start=-0.5, step=0.001)
    """
    low = [name.lower() for name in names]
    if low[:1] != ["x"] or not below or below[0].lower() != "sequence":
        return None
    if "start" not in low or "increment" not in low:
        return None
    held = [below[k] if k < len(below) else "" for k in map(low.index, ("start", "increment"))]
    try:
        clock = Clock(*map(float, held))
    except ValueError:
        clock = Clock(0.0, 0.0)
    if not 0 < clock.step < float("inf") or abs(clock.start) == float("inf"):
        raise ValueError(
            f"Start and Increment above the rows are {held[0]!r} and {held[1]!r}: expected numbers "
            "in second, Increment above 0."
        )
    return clock
