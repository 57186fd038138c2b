"""Recordings in files of many series: ``.ts`` of the UEA and UCR archives, and ``.npz``."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mottle.checks import check_option, suggest
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.files.limits import byte_limit, check_bytes, only_value_errors
from mottle.sensors.files.ts import read_ts
from mottle.times import ROW_NUMBERS

ORDERS = ("step, channel", "channel, step")
PARTS = {"_train": "train", "_test": "test"}


def load_ts(paths: Sequence[str | Path], *, sense: str = "stream", **options: Any) -> Recordings:
    """Load ``.ts`` files as one table; two files NAME_TRAIN and NAME_TEST become groups.

    Parameters
    ----------
    paths : sequence of path
        Files of equal channels.
    sense : str, default="stream"
        Name of the column of the result.
    **options
        Of `mottle.sensors.files.read_ts`, such as ``rate``.

    Returns
    -------
    Recordings
        Groups are "train" and "test" where the ends of the names say so, else each recording is its
        own group.

    Raises
    ------
    ValueError
        As `mottle.sensors.files.read_ts`; and if files hold other channels.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "two_TRAIN.ts"
    >>> lines = ["@problemName two", "@classLabel true a b", "@data", "1,2,3:4,5,6:a", "1,2:3,4:b"]
    >>> _ = file.write_text(chr(10).join(lines))
    >>> found = load_ts([file], sense="pen")
    >>> found.table.shape, found.target.tolist(), found.groups.tolist()
    ((2, 1), ['a', 'b'], [0, 1])
    """
    streams: list[Any] = []
    labels: list[Any] = []
    parts: list[str] = []
    names: list[str] = []
    for path in map(Path, paths):
        found, target = read_ts(path, **options)
        if streams and found[0].sizes["channel"] != streams[0].sizes["channel"]:
            raise ValueError(
                f"{path} has {found[0].sizes['channel']} channels, and {Path(paths[0])} has "
                f"{streams[0].sizes['channel']}: name files of one problem."
            )
        streams += found
        labels += target.tolist()
        end = next((part for end, part in PARTS.items() if path.stem.lower().endswith(end)), "")
        parts += [end] * len(found)
        names += [f"{path.name}:{k}" for k in range(len(found))]
    table = make_table(index=names, **{sense: streams})
    groups = np.array(parts) if set(parts) == {"train", "test"} else np.arange(len(streams))
    return Recordings(table, np.array(labels), groups)


def load_npz(
    path: str | Path,
    *,
    target: str | None = None,
    group: str | None = None,
    sense: str = "stream",
    order: str = "step, channel",
    rate: float | None = None,
    max_bytes: int | None = None,
) -> Recordings:
    """Load the arrays of an ``.npz`` file: one a sense, of labels and of groups.

    Parameters
    ----------
    path : path
        Arrays (recording, step, channel), or (recording, step) of one channel, are senses; the
        array ``X`` or ``x`` is the sense ``sense``. Objects are never unpickled.
    target, group : str, optional
        Arrays with a value a recording; by default those called target, label, labels or y; group,
        groups, subject or session.
    sense : str, default="stream"
        Name for the array ``X``.
    order : {"step, channel", "channel, step"}, default="step, channel"
        Axes of a recording; aeon and sktime have channels first.
    rate : float, optional
        Samples a second; None counts rows.
    max_bytes : int, optional
        The most bytes the arrays may come to in memory; by default 100 times the size of the file,
        and 256 MiB at least.

    Returns
    -------
    Recordings
        A row a recording; each is its own group where no array says.

    Raises
    ------
    ValueError
        If arrays have other numbers of recordings, or are no numbers.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "gas.npz"
    >>> np.savez(file, X=np.zeros((4, 50, 6)), y=[0, 1, 0, 1], session=[1, 1, 2, 2])
    >>> found = load_npz(file, sense="smell")
    >>> found.table["smell"].iloc[0].shape, found.target.tolist(), found.groups.tolist()
    ((50, 6), [0, 1, 0, 1], [1, 1, 2, 2])
    """
    path = Path(path)
    check_option("order", order, ORDERS)
    known = {
        "target": ("target", "targets", "label", "labels", "y", "class"),
        "group": ("group", "groups", "subject", "session"),
    }
    with only_value_errors(path), zipfile.ZipFile(path) as archive:
        n_bytes = sum(one.file_size for one in archive.infolist())
        check_bytes(f"the arrays of {path}", n_bytes, byte_limit(path, max_bytes))
    with only_value_errors(path), np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    chosen: dict[str, str | None] = {}
    for what, given in (("target", target), ("group", group)):
        if given is not None and given not in arrays:
            raise ValueError(
                f"{what}={given!r}: {path} has no such array{suggest(given, arrays)} It has "
                f"{', '.join(arrays)}."
            )
        found = [name for name in arrays if name.lower() in known[what]]
        if given is None and len(found) > 1:
            raise ValueError(f"{path} has several arrays of the {what}: {', '.join(found)}.")
        chosen[what] = given or (found[0] if found else None)
    taken = [name for name in chosen.values() if name is not None]
    streams = {
        (sense if name.lower() == "x" else name): values
        for name, values in arrays.items() if name not in taken
    }  # fmt: skip
    for name, values in streams.items():
        if values.dtype.kind not in "biuf" or values.ndim not in (2, 3):
            raise ValueError(
                f"the array {name!r} of {path} is {values.dtype} of shape {values.shape}: expected "
                "numbers (recording, step, channel), or labels named by target = or group =."
            )
    every = {**streams, **{name: arrays[name] for name in taken}}
    lengths = {name: len(values) if values.ndim else 0 for name, values in every.items()}
    if not streams or len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name!r} {n}" for name, n in lengths.items())
        raise ValueError(f"the arrays of {path} have different numbers of recordings: {counts}.")
    cells = {name: [as_stream(one, name, order, rate) for one in v] for name, v in streams.items()}
    n = next(iter(lengths.values()))
    labels = {what: None if name is None else arrays[name] for what, name in chosen.items()}
    return Recordings(
        make_table(**cells),
        np.full(n, "") if labels["target"] is None else labels["target"],
        np.arange(n) if labels["group"] is None else labels["group"],
    )


def as_stream(values: Any, name: str, order: str, rate: float | None) -> Any:
    """Return the samples (time, channel) of one recording."""
    if values.ndim == 1:
        values = values[:, np.newaxis]
    elif order == "channel, step":
        values = values.T
    time = np.arange(len(values)) / (rate or 1.0)
    names = [f"channel{k}" for k in range(values.shape[1])]
    stated = "rate" if rate else ROW_NUMBERS
    return sampled(values, time, names, units="1", name=name, time_unit_from=stated)
