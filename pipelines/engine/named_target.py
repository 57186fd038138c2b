"""Another target than that of the recordings: a value of each, a sense, or a channel."""

from typing import Any

import numpy as np
import xarray as xr

from mottle.checks import suggest
from mottle.datasets import Recordings, make_table
from mottle.events import read_stream


def with_target(recordings: Recordings, name: str, senses: tuple[str, ...] = ()) -> Recordings:
    """Return recordings with another target.

    Parameters
    ----------
    recordings : Recordings
        As loaded.
    name : str
        A key of ``table.attrs`` with a value for each recording, or a column of streams, of which
        each row is the target of a step.
    senses : tuple of str, optional
        Columns that are inputs.

    Returns
    -------
    recordings : Recordings
        Without the column.

    Raises
    ------
    ValueError
        For an unknown name, or one of an input.

    Examples
    --------
    >>> from mottle.datasets import make_table
    >>> table = make_table(smell=[np.zeros((3, 2))] * 2, level=[np.ones((3, 1))] * 2)
    >>> table.attrs["ppm"] = [10.0, 20.0]
    >>> recordings = Recordings(table, np.array(["a", "b"]), np.arange(2))
    >>> with_target(recordings, "ppm").target
    array([10., 20.])
    >>> with_target(recordings, "level").target[0].shape
    (3,)
    """
    table = recordings.table
    if name in senses:
        raise ValueError(f"data.target={name!r} is an input too: leave out encoders.{name}.")
    if name in table.columns:
        cells = [np.asarray(read_stream(cell)) for cell in table[name]]
        single = all(cell.ndim == 2 and cell.shape[1] == 1 for cell in cells)
        steps: Any = [cell[:, 0] if single else cell for cell in cells]
        return recordings._replace(table=table.drop(columns=name), target=steps)
    known = [
        str(key) for key, value in table.attrs.items()
        if isinstance(value, list | np.ndarray) and len(value) == len(table)
    ]  # fmt: skip
    if name not in known:
        known += [str(column) for column in table.columns if column not in senses]
        has = ", ".join(known) or "no other target"
        raise ValueError(
            f"data.target={name!r} is neither a value of each recording nor a column"
            f"{suggest(name, known)} The set has {has}."
        )
    return recordings._replace(target=np.asarray(table.attrs[name]))


def with_channel(recordings: Recordings, name: str | None, horizon: int) -> Recordings:
    """Return recordings whose target is a channel, some steps ahead.

    Parameters
    ----------
    recordings : Recordings
        Of sampled streams.
    name : str or None
        A channel; None takes all channels of the first sense.
    horizon : int
        Steps ahead. With 0 the channel is what is estimated from the others, and is no input.

    Returns
    -------
    recordings : Recordings
        The last ``horizon`` rows, which have no target, are cut off.

    Raises
    ------
    ValueError
        For an unknown channel, recordings that are too short, or no other channel.

    Examples
    --------
    >>> from mottle.datasets.table import sampled
    >>> wave = sampled([[1.0], [2.0], [3.0]], [0, 1, 2], ["level"], units="m", name="tide")
    >>> found = with_channel(
    ...     Recordings(make_table(tide=[wave]), np.array([""]), np.array([0])), "level", 1
    ... )
    >>> found.target[0].tolist(), len(found.table["tide"].iloc[0])
    ([2.0, 3.0], 2)
    """
    table = recordings.table
    streams = {str(sense): [read_stream(cell) for cell in table[sense]] for sense in table.columns}
    sampled = [sense for sense, cells in streams.items() if isinstance(cells[0], xr.DataArray)]
    channels = [
        (sense, str(channel))
        for sense in sampled
        for channel in streams[sense][0]["channel"].values
    ]
    if not channels:
        raise ValueError("data.horizon is for channels of sampled streams, and there is none.")
    found = [one for one in channels if name in (one[1], f"{one[0]}/{one[1]}")]
    if name is not None and len(found) != 1:
        if found:
            several = ", ".join(f"{one}/{channel}" for one, channel in found)
            raise ValueError(
                f"data.target={name!r} is a channel of several senses: name one of {several}."
            )
        known = [channel for _, channel in channels]
        listed = ", ".join(f"{one}/{channel}" for one, channel in channels)
        raise ValueError(
            f"data.target={name!r} is no channel{suggest(str(name), known)} There are {listed}."
        )
    sense, name = (sampled[0], None) if name is None else found[0]
    target: Any = []
    cut: list[Any] = []
    for row, stream in enumerate(streams[sense]):
        if stream is None or len(stream) <= horizon:
            n = 0 if stream is None else len(stream)
            raise ValueError(
                f"data.horizon={horizon} is not less than the {n} steps of recording {row}."
            )
        wanted = stream if name is None else stream.sel(channel=name)
        target.append(np.asarray(wanted.values[horizon:], dtype=np.float64))
        kept = stream
        if horizon == 0:
            if name is None or stream.sizes["channel"] < 2:
                raise ValueError(
                    f"data.horizon=0: {sense!r} has no channel left to estimate {name!r} from; "
                    "state data.target, or a horizon of 1 or more."
                )
            kept = stream.drop_sel(channel=name)
        cut.append(kept.isel(time=slice(0, len(stream) - horizon)))
    cells: dict[str, Any] = {}
    for one in streams:  # other senses are cut alike, where they have the same steps
        cells[one] = [
            cell.isel(time=slice(0, len(target[row])))
            if isinstance(cell, xr.DataArray) and len(cell) == len(target[row]) + horizon
            else cell
            for row, cell in enumerate(streams[one])
        ]
    changed = make_table(index=list(map(str, table.index)), **(cells | {sense: cut}))
    changed.attrs = dict(table.attrs)
    return recordings._replace(table=changed, target=target)
