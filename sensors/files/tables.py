"""Text tables, opened with care: for readers of events and of samples."""

import re
from pathlib import Path

import pandas as pd


def read_table(path: Path) -> tuple[pd.DataFrame, bool]:
    """Read a table whose columns are split by commas, semicolons, tabs or spaces.

    Returns it, and whether its first line named the columns.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        first = file.readline(1 << 16)
    separator = next((mark for mark in (",", ";", "\t") if mark in first), r"\s+")
    named = names_columns(first)
    try:
        table = pd.read_csv(path, sep=separator, header=0 if named else None, comment="#")
    except ValueError as why:  # pandas' own errors are among these
        raise ValueError(f"{path} is no table: {why}") from why
    return table, named


def names_columns(line: str) -> bool:
    """Return whether a line names columns.

    Examples
    --------
    >>> names_columns("t,x,y,p"), names_columns("1e-3 4 5 1")
    (True, False)
    """
    return any(word.strip('"').isidentifier() for word in re.split(r"[,;\s]+", line))
