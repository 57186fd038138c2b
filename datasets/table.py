"""Tables of streams: one row a recording, one column a sense, each cell a stream or None."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_whole, names_arguments, suggest
from mottle.datasets.overview import describe_table, write_overview

PAIRED = "label-paired, not co-recorded"


class Recordings(NamedTuple):
    """What a loader returns; unpacks as ``table, target, groups = load_x()``.

    Attributes
    ----------
    table : DataFrame of shape (n_recordings, n_senses)
        Object cells: an event stream, a sampled stream, or None where the sensor was absent.
        ``table.attrs`` holds licence, citation and notes as plain str, numbers and lists.
    target : ndarray of shape (n_recordings,)
        Class of each recording.
    groups : ndarray of shape (n_recordings,)
        What must not be split between training and test, for ``GroupKFold``.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> recordings = load_demo("grasp")
    >>> test = recordings.take(recordings.groups > 16)
    >>> test.table.shape, test.senses("joints").table.shape
    ((40, 2), (40, 1))
    >>> test.describe()[["kind", "channels", "units"]].loc["joints"].tolist()
    ['samples', '9', 'degree']
    """

    table: pd.DataFrame
    target: NDArray
    groups: NDArray

    def describe(self) -> pd.DataFrame:
        """Return one row a sense (modality): kind, recordings, lengths, channels and units.

        Lengths are numbers of rows or events. In notebooks `Recordings` show this table, with
        classes, groups and licence.
        """
        return describe_table(self.table)

    def _repr_html_(self) -> str:
        """Return a short view for notebooks."""
        return write_overview(self.table, self.target, self.groups)

    def take(self, rows: ArrayLike) -> "Recordings":
        """Return the recordings at these row numbers, or where a boolean mask is True."""
        at = np.arange(len(self.table))[np.asarray(rows)]
        return Recordings(self.table.iloc[at], self.target[at], self.groups[at])

    def senses(self, *names: str) -> "Recordings":
        """Return the same recordings with these columns only."""
        for name in names:
            if name not in self.table:
                has = ", ".join(self.table.columns)
                raise ValueError(
                    f"there is no sense {name!r}{suggest(name, self.table.columns)} The table has "
                    f"{has}."
                )
        return Recordings(self.table[list(names)], self.target, self.groups)


@names_arguments
def make_table(*, index: Sequence[str] | None = None, **senses: Sequence[Any]) -> pd.DataFrame:
    """Return a table of lists of streams.

    Parameters
    ----------
    index : sequence of str, optional
        A name for each recording; default 0, 1, 2 and so on.
    **senses : sequences of streams
        One keyword a sense, all of one length. A cell is kept as it is: arrays are not unpacked.
        None where the sensor was absent.

    Returns
    -------
    DataFrame of shape (n_recordings, n_senses)
        Object columns in the order given.

    Raises
    ------
    ValueError
        If there is no sense, or their lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> table = make_table(touch=[np.zeros((5, 60)), None], joints=[np.zeros((5, 9))] * 2)
    >>> table.shape, table["touch"].iloc[0].shape
    ((2, 2), (5, 60))
    """
    if not senses:
        raise ValueError("a table needs at least one sense: make_table(touch=[...], sight=[...]).")
    lengths = {name: len(cells) for name, cells in senses.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name!r} {length}" for name, length in lengths.items())
        raise ValueError(
            f"the senses have different numbers of recordings ({counts}); give None where a sensor "
            "was absent."
        )
    columns = {}
    for name, cells in senses.items():
        column = np.empty(len(cells), dtype=object)
        for row, cell in enumerate(cells):  # one by one: a slice would unpack equal shapes
            column[row] = cell
        columns[name] = pd.Series(column, dtype=object)
    table = pd.DataFrame(columns)
    if index is not None:
        table.index = pd.Index(list(index), name="recording", dtype=object)
    return table


def sampled(
    values: ArrayLike,
    time: ArrayLike,
    channels: Sequence[str],
    *,
    units: str | Sequence[str],
    name: str,
    **attrs: Any,
) -> xr.DataArray:
    """Return a sampled stream.

    Parameters
    ----------
    values : array-like of shape (time, channel)
        One row a sample.
    time : array-like of shape (time,)
        Seconds.
    channels : sequence of str
        Names.
    units : str, or one str a channel
        Several units become the coordinate ``unit``, and ``attrs["units"]`` refers to it.
    name : str
        The sense.
    **attrs
        Further attributes.

    Returns
    -------
    DataArray of dims (time, channel)
    """
    coords: dict[str, Any] = {
        "time": ("time", np.asarray(time, dtype=np.float64), {"units": "s"}),
        "channel": list(channels),
    }
    if not isinstance(units, str):
        coords["unit"] = ("channel", list(units))
        units = "see coordinate 'unit'"
    return xr.DataArray(
        values, dims=("time", "channel"), coords=coords, name=name, attrs={"units": units, **attrs}
    )


def label_paired(
    *, n_groups: int = 5, classes: Mapping[str, Sequence[Any]] | None = None, **senses: Recordings
) -> Recordings:
    """Join senses which were not recorded together, by class label.

    Class k of one sense meets class k of the others. Within a class the groups of each sense are
    split into ``n_groups`` runs of neighbours, and recordings meet within a run only, in order, so
    that no recording of any sense is ever in two groups. A run is as long as the sense with the
    fewest recordings in it: what is left over in the others is left out, nothing is used twice.

    Such a table tests whether fusion works technically. It contains nothing about how senses are
    related in the world, since the senses of a row have only the number of their class in common.

    Parameters
    ----------
    n_groups : int, default=5
        Groups of the table.
    classes : mapping of sense to sequence of labels, optional
        Order of the classes; default sorted. Labels not listed are left out.
    **senses : Recordings
        One keyword a sense, each with one column (see `Recordings.senses`).

    Returns
    -------
    Recordings
        The target is the common label, or ``"a / b / c"`` where the labels differ.
        ``table.attrs["pairing"]`` is ``"label-paired, not co-recorded"``.

    Raises
    ------
    ValueError
        If a sense has several columns, the numbers of classes differ, a class has fewer groups
        than ``n_groups``, or a group of a sense would come into two groups of the table.

    Examples
    --------
    >>> from mottle.datasets import load_nmnist_100, load_smellnet_10
    >>> table, target, groups = label_paired(sight=load_nmnist_100(), smell=load_smellnet_10())
    >>> table.shape, str(target[0]), table.attrs["pairing"]
    ((50, 2), '0 / allspice', 'label-paired, not co-recorded')
    """
    if len(senses) < 2:
        raise ValueError(f"pairing needs two senses or more, got {list(senses)}.")
    check_whole("n_groups", n_groups)
    orders = {
        name: list((classes or {}).get(name, np.unique(recordings.target).tolist()))
        for name, recordings in senses.items()
    }
    if len({len(order) for order in orders.values()}) > 1:
        counts = ", ".join(f"{name!r} {len(order)}" for name, order in orders.items())
        raise ValueError(
            f"the senses have different numbers of classes ({counts}); name as many of each."
        )
    runs = {name: _runs(name, senses[name], orders[name], n_groups) for name in senses}

    rows: dict[str, list[int]] = {name: [] for name in senses}
    target: list[Any] = []
    groups: list[int] = []
    names: list[Any] = []
    for k, labels in enumerate(zip(*orders.values(), strict=True)):
        same = all(label == labels[0] for label in labels)
        names.append(labels[0] if same else " / ".join(map(str, labels)))
        for group in range(n_groups):
            n_rows = min(len(runs[name][k][group]) for name in senses)
            for name in senses:
                rows[name] += runs[name][k][group][:n_rows]
            target += [names[-1]] * n_rows
            groups += [group] * n_rows
    cells: dict[str, Any] = {
        name: [senses[name].table.iloc[row, 0] for row in rows[name]] for name in senses
    }
    table = make_table(**cells)
    table.attrs = {
        "pairing": PAIRED,
        "classes": names,
        "senses": {name: dict(senses[name].table.attrs) for name in senses},
        "licence": "; ".join(
            f"{name}: {recordings.table.attrs.get('licence', 'not stated')}"
            for name, recordings in senses.items()
        ),
    }
    return Recordings(table, np.array(target), np.array(groups))


def _runs(
    name: str, recordings: Recordings, order: Sequence[Any], n_groups: int
) -> list[list[list[int]]]:
    """Return the row numbers of one sense as [class][group]."""
    if recordings.table.shape[1] != 1:
        raise ValueError(
            f"sense {name!r} has the columns {', '.join(recordings.table.columns)}: pick one, as "
            f"in {name}=recordings.senses({recordings.table.columns[0]!r})"
        )
    run_of: dict[Any, int] = {}
    runs = []
    for label in order:
        rows = np.flatnonzero(recordings.target == label)
        found = np.unique(recordings.groups[rows])
        if len(found) < n_groups:
            raise ValueError(
                f"class {label!r} of {name!r} has {len(found)} groups, fewer than "
                f"n_groups={n_groups}; take fewer groups"
            )
        parts = np.array_split(found, n_groups)
        for run, members in enumerate(parts):
            for member in members.tolist():
                if run_of.setdefault(member, run) != run:
                    raise ValueError(
                        f"group {member!r} of {name!r} comes into group {run_of[member]} and into "
                        f"group {run} (class {label!r}): it spans classes that do not have the "
                        "same groups; give groups of its own to each class"
                    )
        runs.append([rows[np.isin(recordings.groups[rows], part)].tolist() for part in parts])
    return runs
