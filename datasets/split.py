"""One long table of many recordings, split by its columns."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import check_bool, check_names, check_text, suggest
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.files.limits import check_path, only_value_errors
from mottle.sensors.files.tables import TableOptions, find_dialect, table_chunks, text_cells
from mottle.sensors.roles import time_candidates
from mottle.sensors.streams import label_frame
from mottle.times import UNITS, check_time_unit, name_clock, name_time, unit_below, unit_of_time

ROW_OF_UNITS = "row_of_units"  # attribute of a table: units by column


def split_table(
    table: pd.DataFrame | str | PathLike[str],
    by: str | Sequence[str] = (),
    *,
    target: str | None = None,
    groups: str | None = None,
    runs: bool = False,
    sense: str = "samples",
    time: str | None = None,
    time_unit: str | None = None,
    **options: Any,
) -> Recordings:
    """Split one long table of samples into recordings, with columns of it as labels.

    Parameters
    ----------
    table : DataFrame or path
        Rows are times of many recordings, one after another or mixed; or a text file of such.
    by : str or sequence of str, default=()
        Columns whose cells together name a recording, such as ``["session", "trial"]``. Without
        any, all rows are one recording.
    target : str, default=None
        Column of the classes, one class a recording; None leaves the target empty text.
    groups : str, default=None
        Column of what must not be split between training and test; by default the first of ``by``,
        and without it each recording is its own group.
    runs : bool, default=False
        Whether a recording ends where ``target`` or ``groups`` change, or a time in numbers goes
        back, so that rows of equal labels one after another are a recording; its name then ends in
        "#" and its number.
    sense : str, default="samples"
        Name of the column of the result.
    time : str, default=None
        Column of the times, in the unit that its name or a row of units states, else in second.
        None finds it by its name: time, timestamp, time_ms, date and alike.
        Date stamps become seconds from the first of each recording.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of times in numbers; None takes what is stated.
    **options
        Of a text file: ``separator``, ``decimal``, ``na_values``, ``names``, ``header`` and
        ``skip_rows``, as in `mottle.sensors.files.read_samples`.

    Returns
    -------
    Recordings
        ``table`` has a DataArray (time, channel) a recording, in the order in which they begin, its
        index the cells of ``by``, joined by "/"; ``target`` and ``groups`` are the cells of their
        columns. None of these columns is a channel.

    Raises
    ------
    ValueError
        If a column is missing or no channel is left, a label is missing or changes within a
        recording, or samples are refused as those of a DataFrame are; names the recording.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "time": [0, 1, 0, 1], "CO": [1.5, 1.6, 9.0, 9.5], "gas": ["air", "air", "CO", "CO"],
    ...     "day": ["mon", "mon", "mon", "mon"], "trial": [1, 1, 2, 2],
    ... })
    >>> found = split_table(frame, ["day", "trial"], target="gas", sense="smell")
    >>> found.table.index.tolist(), found.target.tolist(), found.groups.tolist()
    (['mon/1', 'mon/2'], ['air', 'CO'], ['mon', 'mon'])
    >>> found.table["smell"].iloc[1].sel(channel="CO").values.tolist()
    [9.0, 9.5]
    """
    by = [by] if isinstance(by, str) else check_names("by", by) if len(by) else []
    check_bool("runs", runs)
    for name, column in (("target", target), ("groups", groups), ("sense", sense)):
        if column is not None:
            check_text(name, column)
    groups = by[0] if groups is None and by else groups
    if isinstance(table, pd.DataFrame):
        if options:
            raise TypeError(f"{next(iter(options))}= is of text files, and table is a DataFrame.")
        place = "the table"
    else:
        path, place = table, str(table)
        table = keep_apart(read_frame(path, **options), path, [*by, groups], [target], **options)
    table = table.rename(columns=lambda name: str(name).strip())
    wanted = {"target": target, "groups": groups, "time": time}
    check_columns(table, [("by", column) for column in by] + list(wanted.items()), place)
    stated = [column for column in (target, groups) if column is not None]
    labels = list(dict.fromkeys([*by, *stated]))
    if time is not None and time in labels:
        raise ValueError(f"time={time!r} is a label as well: name another column.")
    check_labelled(table, labels, place)
    channels = table.drop(columns=labels)
    units = table.attrs.get(ROW_OF_UNITS, {})
    new_names = timed_names(channels, time, units, check_time_unit(time_unit))
    channels = channels.rename(columns=new_names)
    plain = isinstance(channels.index, pd.RangeIndex)
    names: list[str] = []
    cells: list[Any] = []
    classes: list[Any] = []
    parts: list[Any] = []
    clock = clock_of(table.drop(columns=labels), time) if runs else None
    for number, rows in enumerate(rows_of(table, by, stated if runs else (), clock)):
        name = "/".join(str(table[column].iloc[rows[0]]) for column in by)
        names.append(f"{name}#{number}" if runs or not by else name)
        here = f"recording {names[-1]!r} of {place}"
        for found, column in ((classes, target), (parts, groups)):
            if column is None:
                continue
            values = table[column].iloc[rows].unique()
            if len(values) > 1:
                raise ValueError(
                    f"{column!r} changes within {here}: {', '.join(map(repr, values[:5].tolist()))}"
                    "; by= needs further columns, runs=True ends recordings there, or this is no "
                    "label."
                )
            found.append(values[0])
        part = channels.iloc[rows]
        cells.append(label_frame(part.reset_index(drop=True) if plain else part, here))
        if not cells[-1].sizes["channel"]:
            raise ValueError(f"no channel is left in {place} besides the labels and the time.")
    if not cells:
        raise ValueError(f"{place} has no row.")
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(
            f"two recordings of {place} are named {twice!r}, their cells joined by '/': write the "
            "cells without '/'."
        )
    column_of = make_table(index=names, **{sense: cells})
    return Recordings(
        column_of,
        np.full(len(cells), "") if target is None else np.asarray(classes),
        np.arange(len(cells)) if groups is None else np.asarray(parts),
    )


def check_columns(
    table: pd.DataFrame, wanted: Sequence[tuple[str, str | None]], place: str
) -> None:
    """Refuse names of columns, each with what asks for it, that a table does not have."""
    known = list(table.columns)
    for name, column in wanted:
        if column is not None and column not in known:
            raise ValueError(
                f"{name}={column!r}: {place} has no such column{suggest(column, known)} It has "
                f"{', '.join(known)}."
            )


def check_labelled(table: pd.DataFrame, labels: Sequence[str], place: str) -> None:
    """Refuse columns of labels in which a cell is empty."""
    for column in labels:
        missing = table[column].isna().to_numpy()
        if missing.any():
            raise ValueError(
                f"column {column!r} of {place} holds no label in row {int(np.argmax(missing))}, "
                f"and in {int(missing.sum())} rows in all: fill or drop them."
            )


def timed_names(
    table: pd.DataFrame, time: str | None, units: Mapping[str, str], time_unit: str | None = None
) -> dict[str, str]:
    """Return the new name of the column of the times, which holds their unit if one is stated.

    Examples
    --------
    >>> table = pd.DataFrame(columns=["when", "time", "CO"])
    >>> timed_names(table, "when", {}), timed_names(table[["time", "CO"]], None, {"time": "ms"})
    ({'when': 'time'}, {'time': 'time (ms)'})
    """
    found = [time] if time else [name for name in table.columns if name_time(name) is not None]
    if len(found) != 1:
        if time_unit is not None:
            raise ValueError(f"time_unit={time_unit!r}: time= names the column of the times.")
        return {}
    if time_unit is not None:
        return {found[0]: f"time ({time_unit})"}
    row = units.get(found[0], "")
    own, below = unit_of_time(found[0]), unit_below(row)
    if own in UNITS and below and own != below:
        raise ValueError(
            f"the time {found[0]!r} is in {own} by its name and in {below} by a row of units: "
            "correct one of them."
        )
    if not (time or (below and not own)):
        return {}
    unit = name_clock(found[0]) or name_clock(row) or own or below
    return {found[0]: f"time ({unit})" if unit else "time"}


def clock_of(table: pd.DataFrame, time: str | None) -> NDArray[np.float64] | None:
    """Return the times of a table where they are numbers, None for dates and where none is known.

    Examples
    --------
    >>> clock_of(pd.DataFrame({"time [s]": [0, 1], "CO": [5, 6]}), None).tolist()
    [0.0, 1.0]
    """
    names = [str(name) for name in table.columns]
    found = [names.index(time)] if time in names else time_candidates(names)
    if len(found) != 1 or not pd.api.types.is_numeric_dtype(table.iloc[:, found[0]]):
        return None
    return table.iloc[:, found[0]].to_numpy(dtype=np.float64)


def rows_of(
    table: pd.DataFrame,
    by: Sequence[str],
    runs_of: Sequence[str] = (),
    clock: NDArray[np.float64] | None = None,
) -> list[NDArray[np.intp]]:
    """Return the row numbers of each recording, in the order in which recordings begin.

    A recording ends where a column of ``runs_of`` changes, or the clock goes back, too.

    Examples
    --------
    >>> table = pd.DataFrame({"trial": ["b", "a", "b"], "gas": ["air", "air", "CO"]})
    >>> [rows.tolist() for rows in rows_of(table, ["trial"])]
    [[0, 2], [1]]
    >>> [rows.tolist() for rows in rows_of(table, [], ["gas"])]
    [[0, 1], [2]]
    """
    number: NDArray[Any] = np.zeros(len(table), dtype=np.intp)
    if by:
        number = table.groupby(list(by), sort=False).ngroup().to_numpy()
    order = np.argsort(number, kind="stable")
    ends = np.diff(number[order]) != 0
    for column in runs_of:
        codes = pd.factorize(table[column])[0][order]
        ends |= np.diff(codes) != 0
    if clock is not None:
        ends |= np.diff(clock[order]) < 0
    return np.split(order, np.flatnonzero(ends) + 1) if len(order) else []


def read_frame(path: str | PathLike[str], **options: Any) -> pd.DataFrame:
    """Return a text table whose form is found as ``read_samples`` finds it; cells stay as they are.

    Columns of text and whole numbers, which may be labels, keep "01", "NA" and "None" as text. A
    row of units is in ``attrs["row_of_units"]``, by column.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "a.csv"
    >>> _ = file.write_text("gas;CO" + chr(10) + "air;1,5" + chr(10))
    >>> read_frame(file).to_dict("list")
    {'gas': ['air'], 'CO': [1.5]}
    """
    stated = TableOptions(**options)
    check_path(path)
    with only_value_errors(path):
        dialect = find_dialect(Path(path), stated)
        if dialect.names is None:
            raise ValueError(f"{path} has no names of columns: names= gives them.")
        frame = pd.concat(list(table_chunks(Path(path), dialect, stated)), ignore_index=True)
        labels: list[Any] = [
            k for k in frame.columns
            if not pd.api.types.is_float_dtype(frame[k]) or frame[k].isna().all()
        ]  # fmt: skip
        text = text_cells(Path(path), dialect, stated, labels) if labels else frame
        if len(text) != len(frame):
            raise ValueError(f"{path} changed while it was read.")
        for k in labels:
            frame[k] = as_written(frame[k], text[k])
    frame = frame.set_axis(dialect.names, axis=1)
    names = map(str.strip, dialect.names)
    frame.attrs[ROW_OF_UNITS] = dict(zip(names, dialect.units, strict=False))
    return frame


def keep_apart(
    frame: pd.DataFrame, path: str | PathLike[str], names: Sequence[str | None],
    classes: Sequence[str | None] = (), **options: Any,
) -> pd.DataFrame:  # fmt: skip
    """Return a table with cells as they are written where reading them as numbers makes some alike.

    In ``names``, columns that name recordings or groups, "1.1" and "1.10" are two; in ``classes``,
    which may be numbers, only "1" and "01".

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "a.csv"
    >>> _ = file.write_text("run,CO" + chr(10) + "1.1,5" + chr(10) + "1.10,6" + chr(10))
    >>> keep_apart(read_frame(file), file, ["run"])["run"].tolist()
    ['1.1', '1.10']
    """
    place = {str(name).strip(): k for k, name in enumerate(frame.columns)}
    wanted = [name for name in dict.fromkeys([*names, *classes]) if name in place]
    found = [place[name] for name in wanted if frame.iloc[:, place[name]].dtype.kind == "f"]
    if not found:
        return frame
    stated = TableOptions(**options)
    text = text_cells(Path(path), find_dialect(Path(path), stated), stated, found)
    for k in found:
        cells = text[k].str.strip()
        column = frame.columns[k]
        named = str(column).strip() in names
        zeros = cells.str.fullmatch(r"0\d.*").any()
        if (named or zeros) and cells[cells != ""].nunique() > frame[column].nunique():
            frame[column] = cells.where(cells != "", other=np.nan)
    return frame


def as_written(cells: pd.Series, text: pd.Series) -> pd.Series:
    """Return labels as they are written, where reading them as numbers or missing changed them.

    Examples
    --------
    >>> as_written(pd.Series([1, 1]), pd.Series(["1", "01"])).tolist()
    ['1', '01']
    >>> as_written(pd.Series([1, 2]), pd.Series(["1", "2"])).tolist()
    [1, 2]
    """
    text = text.str.strip()
    if pd.api.types.is_integer_dtype(cells):
        return text if (text != cells.astype(str)).any() else cells
    if pd.api.types.is_bool_dtype(cells):
        return text
    return text.where(text != "", other=np.nan)
