"""Sampled streams from files: tables, numpy arrays, sound."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_positive, suggest
from mottle.sensors.files.arrays import Archive, load_npy
from mottle.sensors.files.drift import BEGINS
from mottle.sensors.files.faults import check_on_bad
from mottle.sensors.files.formats.hdf5 import find_layouts
from mottle.sensors.files.hdf5 import begins_hdf5, check_dataset, open_hdf5, read_rows, walk
from mottle.sensors.files.limits import byte_limit, raises_value_errors
from mottle.sensors.files.sound import read_sound
from mottle.sensors.files.tables import read_table

TIMES = ("time", "t", "timestamp", "time_s", "seconds")
OVERFLOWS = (2**32 - 1, 2**31 - 1)  # what a broken counter shows
TABLES = (".csv", ".tsv", ".txt", ".dat")
HDF5 = (".h5", ".hdf5")


@raises_value_errors
def read_samples(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    channels: list[str] | None = None,
    key: str | None = None,
    on_bad: str = "raise",
    max_bytes: int | None = None,
) -> xr.DataArray:
    r"""Read a sampled stream.

    Parameters
    ----------
    path : path
        A table with a header (``.csv``, ``.tsv``, ``.txt``, ``.dat``), ``.npy``, ``.npz`` or HDF5
        (rows are time), or ``.wav``. A column named time, t, timestamp, time_s or seconds is the
        time in second; it must rise.
    rate : float, default=None
        Samples a second, where there is no time; None counts rows.
    units : str, default="1"
        Unit of the values.
    channels : list of str, default=None
        Columns to keep, in this order; by default all that hold numbers.
    key : str, default=None
        Array of an ``.npz``, or dataset of an HDF5 file such as "imu/accel", that holds several.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of values that are missing, infinite or overflowed (4294967295, 2147483647) and
        of times that do not rise: refused, their rows left out, or values interpolated in time (and
        rows whose time does not rise left out). ``attrs["repairs"]`` counts what was done.
    max_bytes : int, default=None
        The most bytes that the content may come to; by default 100 times the size of the file, and
        256 MiB at least.

    Returns
    -------
    samples : xarray.DataArray
        Dims (time, channel), float64; ``time`` in second, ``attrs["units"]``.

    Raises
    ------
    ValueError
        For files without numbers, unknown channels or bad values, with row and column.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile(suffix=".csv") as file:
    ...     _ = file.write(b"time,CO,NO2\n0.0,1.5,2\n0.5,1.6,3\n")
    ...     _ = file.flush()
    ...     read_samples(file.name).sel(channel="NO2").values.tolist()
    [2.0, 3.0]
    """
    check_on_bad(on_bad)
    if rate is not None:
        check_positive("rate", rate, "samples a second")
    path = Path(path)
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: 0 bytes; fetch it again.")
    if suffix in (".npy", ".npz"):
        table, own_rate = _arrays(path, key, max_bytes), None
    elif suffix in HDF5 or begins_hdf5(path):
        table, own_rate = _hdf5(path, key, max_bytes), None
    elif suffix == ".wav":
        table, own_rate = _sound(path)
    elif suffix in TABLES:
        with path.open("rb") as file:
            if BEGINS.match(file.read(1 << 12)):
                raise ValueError(f"{path} holds features of gases, no series: read_drift reads it.")
        table, own_rate = read_table(path)[0], None
    else:
        raise ValueError(
            f"{path} ends with {suffix!r}; samples come from {', '.join(TABLES + HDF5)}, .npy, "
            ".npz, .wav; read_ts, read_drift and read_spikes read files of many recordings."
        )
    names = [str(name).strip() for name in table]
    table.columns = pd.Index(names)
    named = [name for name in names if name.lower() in TIMES]
    time = None
    if named:
        time = pd.to_numeric(table.pop(named[0]), errors="coerce").to_numpy(dtype=np.float64)
    if channels is not None:
        unknown = [name for name in channels if name not in table]
        if unknown:
            raise ValueError(
                f"{path} has no channel {unknown[0]!r}{suggest(unknown[0], names)} It has "
                f"{', '.join(names)}."
            )
        table = table[channels]
    else:
        table = table.select_dtypes("number")
    if not table.shape[0] or not table.shape[1]:
        raise ValueError(
            f"{path} has {table.shape[0]} rows and {table.shape[1]} columns of numbers."
        )
    if time is None:
        time = np.arange(len(table)) / (rate or own_rate or 1.0)
    values = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    samples = repair_samples(str(path), time, values, [str(name) for name in table], units, on_bad)
    return samples.assign_attrs(source=path.name)


def repair_samples(
    place: str, time: NDArray, values: NDArray, names: list[str], units: str, on_bad: str
) -> xr.DataArray:
    """Return samples (time, channel) whose bad values are refused, left out or interpolated."""
    repairs: dict[str, int] = {}
    latest = np.maximum.accumulate(np.where(np.isfinite(time), time, -np.inf))
    rises = np.isfinite(time) & np.concatenate([[True], time[1:] > latest[:-1]])
    if not rises.all():
        row = int(np.argmin(rises))
        if on_bad == "raise":
            raise ValueError(
                f"time does not rise in row {row} of {place}: {time[row]} s after "
                f"{latest[max(row - 1, 0)]} s; on_bad='drop' leaves such rows out."
            )
        repairs["rows whose time does not rise"] = int((~rises).sum())
        time, values = time[rises], values[rises]
    bad = ~np.isfinite(values) | np.isin(values, OVERFLOWS)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        if on_bad == "raise":
            raise ValueError(
                f"{place} holds {values[row, column]:.12g} in row {row}, channel {names[column]!r} "
                f"({bad.sum()} such values); on_bad='drop' leaves such rows out, 'repair' "
                "interpolates, or name the channels to keep."
            )
        if on_bad == "drop":
            keep = ~bad.any(axis=1)
            repairs["rows with bad values"] = int((~keep).sum())
            time, values = time[keep], values[keep]
        else:
            repairs["values interpolated"] = int(bad.sum())
            for k in range(values.shape[1]):
                good = ~bad[:, k]
                if not good.any():
                    raise ValueError(
                        f"channel {names[k]!r} of {place} holds no good value: leave it out with "
                        "channels=[...]."
                    )
                values[:, k] = np.interp(time, time[good], values[good, k])
    if not len(values):
        raise ValueError(f"no row of {place} is left: every one holds a bad value.")
    return xr.DataArray(
        values, dims=("time", "channel"), coords={"time": time, "channel": names},
        attrs={"units": units, "repairs": repairs},
    )  # fmt: skip


def _arrays(path: Path, key: str | None, max_bytes: int | None) -> pd.DataFrame:
    """Return one array of a numpy file."""
    if path.suffix.lower() == ".npy":
        return _frame(path, load_npy(path, max_bytes))
    archive = Archive(path, max_bytes)
    return _frame(path, archive.load(_choose(path, list(archive.headers), key))[0])


def _hdf5(path: Path, key: str | None, max_bytes: int | None) -> pd.DataFrame:
    """Return one dataset of an HDF5 file."""
    limit = byte_limit(path, max_bytes)
    with open_hdf5(path) as file:
        events = [layout.place or "/" for layout in find_layouts(file)] if key is None else []
        if events:
            raise ValueError(
                f"{path} holds events ({', '.join(events)}): read_events reads them; key= names a "
                "dataset of samples."
            )
        found = {name: item for name, item in walk(file) if _is_table(item)}
        dataset = found[_choose(path, list(found), key)]
        check_dataset(path, dataset, limit)
        return _frame(path, read_rows(path, dataset, 0, len(dataset), limit))


def _is_table(item: Any) -> bool:
    """Return whether an object of an HDF5 file is a list or a table of numbers."""
    return getattr(item, "ndim", 0) in (1, 2) and item.dtype.kind in "iuf"


def _choose(path: Path, names: list[str], key: str | None) -> str:
    """Return the array that is meant, of those in the file."""
    if key is None and len(names) != 1:
        raise ValueError(
            f"{path} holds {', '.join(names) or 'no array of numbers'}: name one with key=."
        )
    if key is not None and key not in names:
        raise ValueError(
            f"{path} has no array {key!r}{suggest(key, names)} It has {', '.join(names)}."
        )
    return key or names[0]


def _frame(path: Path, loaded: Any) -> pd.DataFrame:
    """Return an array (time, channel) as a table with names."""
    array = loaded[:, np.newaxis] if loaded.ndim == 1 and loaded.dtype.names is None else loaded
    if array.dtype.names is not None:
        numbers = [name for name in array.dtype.names if array.dtype[name].kind in "iufb"]
        return pd.DataFrame({name: array[name] for name in numbers})
    if array.ndim != 2 or array.dtype.kind not in "iufb":
        raise ValueError(
            f"{path} holds an array of shape {array.shape} and type {array.dtype}; expected "
            "numbers, (time, channel)."
        )
    return pd.DataFrame(array, columns=[str(k) for k in range(array.shape[1])])


def _sound(path: Path) -> tuple[pd.DataFrame, float]:
    """Return a sound, -1 to 1, and its samples a second."""
    wave, rate = read_sound(path)
    return pd.DataFrame(wave, columns=[str(k) for k in range(wave.shape[1])]), rate
