"""Sampled streams from files: tables, numpy arrays, HDF5, sound."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.io import wavfile

from mottle.checks import check_positive, is_number, suggest
from mottle.sensors.clock import check_time_unit, name_time, name_unit
from mottle.sensors.files.columns import name_events
from mottle.sensors.files.drift import BEGINS
from mottle.sensors.files.faults import check_on_bad
from mottle.sensors.files.hdf5 import begins_hdf5, check_claim, open_hdf5, walk
from mottle.sensors.files.sampled_columns import Columns, Wanted, read_columns, take_roles
from mottle.sensors.files.tables import load_array, take_options

OVERFLOWS = (2**32 - 1, 2**31 - 1)  # what a broken counter shows
TABLES = (".csv", ".tsv", ".txt", ".dat")
HDF5 = (".h5", ".hdf5")
NAMES = ("channels", "channel", "names", "columns", "channel_names")  # of arrays of names
RATES = ("sampling_rate", "sample_rate", "samplerate", "rate", "fs")  # attributes, samples/s
UNIT_ATTRIBUTES = ("unit", "units", "time_unit")
READ_OPTIONS = ("rate", "units", "channels", "key", "on_bad", "time_unit", "time_column",
                "time_format", "index_column")  # fmt: skip


def read_samples(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    channels: list[str] | None = None,
    key: str | None = None,
    on_bad: str = "raise",
    time_unit: str | None = None,
    time_column: str | int | Sequence[str | int] | bool | None = None,
    time_format: str | None = None,
    index_column: str | int | bool | None = None,
    **table: Any,
) -> xr.DataArray:
    r"""Read a sampled stream.

    Parameters
    ----------
    path : path
        A table (``.csv``, ``.tsv``, ``.txt``, ``.dat``), ``.npy``, ``.npz`` or HDF5 (rows are
        time), or ``.wav``.
    rate : float, default=None
        Samples a second, where there is no time; None counts rows.
    units : str, default="1"
        Unit of the values.
    channels : list of str, default=None
        Columns to keep, in this order; by default all that hold numbers.
    key : str, default=None
        Array of an ``.npz``, or dataset of an HDF5 file such as "imu/accel", that holds several.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of values that are missing, text, infinite or overflowed (4294967295,
        2147483647) and of times that do not rise: refused, their rows left out, or values
        interpolated in time (and rows whose time does not rise left out). ``attrs["repairs"]``
        counts what was done.
    time_unit : {"s", "ms", "us", "ns", "min", "h"}, default=None
        Unit of the times. None takes what the file states (a name such as ``time_ms`` or ``time
        (ms)``, a row of units, an attribute ``unit``), else seconds; numbers beyond 1e11 are then
        an error, as no second is so late.
    time_column : str, int, pair of them, or False, default=None
        The time, or a date and a time of day; False for none. None finds it by its name: time, t,
        timestamp, ts, date, datetime, elapsed and alike, with or without a unit. Numbers are taken
        in their unit; date stamps (ISO, ``YYYY/MM/DD`` or ``DD.MM.YYYY``) become seconds from the
        first, which is in ``attrs["time_start"]``. The time must rise.
    time_format : str, default=None
        Form of date stamps as in ``strptime``, for others such as "%d/%m/%Y %H:%M".
    index_column : str, int or False, default=None
        A column that counts rows and is left out; False for none. None finds it by its name:
        none, "Unnamed: 0", index, #, Serial Number, row and alike; it must count by one.
    **table
        Of text tables: ``separator`` (one character, " " for blanks), ``decimal`` ("." or ","),
        ``na_values`` (further cells for a missing value), ``names`` (of all columns), ``header``
        (whether the first line holds names), ``skip_rows`` (lines before the table). What is not
        given is found by the rules in ``docs/files.md``.

    Returns
    -------
    samples : xarray.DataArray
        Dims (time, channel), float64; ``time`` in second. ``attrs``: ``units``; ``repairs``, which
        also counts the rows of every column that was left out; ``time_unit``, that of the file's
        times, and ``time_unit_from``, what states it; of tables how they were read. A row of units
        is the coordinate ``unit`` of the channels.

    Raises
    ------
    ValueError
        For files without numbers, unknown channels, tables that could be read in two ways, or bad
        values, with row and column.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile(suffix=".csv") as file:
    ...     _ = file.write(b"time_ms;CO;NO2\n0;1,5;2\n500;1,6;3\n")
    ...     _ = file.flush()
    ...     samples = read_samples(file.name)
    >>> samples.sel(channel="CO").values.tolist(), samples.time.values.tolist()
    ([1.5, 1.6], [0.0, 0.5])
    """
    check_on_bad(on_bad)
    if rate is not None:
        check_positive("rate", rate, "samples a second")
    options = take_options(table, "read_samples", READ_OPTIONS)
    if isinstance(channels, str):
        raise TypeError(f"channels={channels!r} is one name; pass [{channels!r}].")
    unit = check_time_unit(time_unit)
    wanted = Wanted(channels, time_column, unit, time_format, index_column, on_bad)
    path = Path(path)
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: 0 bytes; fetch it again.")
    if table and suffix not in TABLES:
        raise ValueError(f"{next(iter(table))}= is of tables, and {path} is none; leave it out.")
    if suffix in (".npy", ".npz"):
        columns = _arrays(path, key)
    elif suffix in HDF5 or begins_hdf5(path):
        columns = _hdf5(path, key)
    elif suffix == ".wav":
        columns = _sound(path)
    elif suffix in TABLES:
        with path.open("rb") as file:
            if BEGINS.match(file.read(1 << 12)):
                raise ValueError(f"{path} holds features of gases, no series: read_drift reads it.")
        columns = read_columns(path, options, wanted)
    else:
        raise ValueError(
            f"{path} ends with {suffix!r}; samples come from {', '.join(TABLES + HDF5)}, .npy, "
            ".npz, .wav; read_ts, read_drift and read_spikes read files of many recordings."
        )
    if key is not None and suffix != ".npz" and suffix not in HDF5 and not begins_hdf5(path):
        raise ValueError(f"key={key!r}: {path} holds one array; leave it out.")
    taken = take_roles(str(path), columns, wanted)
    time, attrs = taken.time, taken.attrs
    if time is None:
        where = "rate=" if rate else columns.rate_from or "rule: no time, row numbers"
        attrs = {"time_unit": "s", "time_unit_from": where, **attrs}
        time = np.arange(len(taken.values)) / (rate or columns.rate or 1.0)
    samples = repair_samples(
        str(path), time, taken.values, taken.names, columns.units_of_all or units, on_bad,
        taken.texts,
    )  # fmt: skip
    samples.attrs["repairs"] |= taken.left_out
    if any(taken.units):
        samples = samples.assign_coords(unit=("channel", taken.units))
    return samples.assign_attrs({**attrs, "source": path.name})


def repair_samples(
    place: str, time: NDArray, values: NDArray, names: list[str], units: str, on_bad: str,
    texts: Mapping[tuple[int, int], str] | None = None,
) -> xr.DataArray:  # fmt: skip
    """Return samples (time, channel) whose bad values are refused, left out or interpolated."""
    repairs: dict[str, int] = {}
    texts = texts or {}
    latest = np.maximum.accumulate(np.where(np.isfinite(time), time, -np.inf))
    rises = np.isfinite(time) & np.concatenate([[True], time[1:] > latest[:-1]])
    if not rises.all():
        row = int(np.argmin(rises))
        if on_bad == "raise":
            if (row, -1) in texts:
                raise ValueError(
                    f"{place} holds {texts[row, -1]!r} as the time in row {row}; on_bad='drop' "
                    "leaves such rows out."
                )
            if np.isnan(time[row]):
                raise ValueError(
                    f"{place} holds no time in row {row}; on_bad='drop' leaves such rows out."
                )
            raise ValueError(
                f"time does not rise in row {row} of {place}: {time[row]} s after "
                f"{latest[max(row - 1, 0)]} s; on_bad='drop' leaves such rows out."
            )
        repairs["rows whose time does not rise"] = int((~rises).sum())
        time, values = time[rises], values[rises]
    bad = ~np.isfinite(values)
    for overflow in OVERFLOWS:
        bad |= values == overflow
    if bad.any():
        row, column = np.argwhere(bad)[0]
        if on_bad == "raise":
            held = f"{values[row, column]:.12g}"
            if (row, column) in texts:
                held = repr(texts[row, column])
            raise ValueError(
                f"{place} holds {held} in row {row}, channel {names[column]!r} "
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


def _arrays(path: Path, key: str | None) -> Columns:
    """Return one array of a numpy file, or its arrays of one length as columns."""
    loaded = load_array(path)
    if not isinstance(loaded, dict):
        return _columns(path, loaded)
    return _of_several(path, loaded, key)


def _of_several(path: Path, arrays: Mapping[str, NDArray], key: str | None) -> Columns:
    """Return the array that is meant, with the time beside it; or all lists as columns."""
    listed = {name: array for name, array in arrays.items() if array.ndim and _numeric(array)}
    lasts = [name.rsplit("/", 1)[-1].lower() for name in listed]
    if key is None and (name_events(lasts) or {"ts", "xs", "ys", "ps"} <= set(lasts)):
        raise ValueError(
            f"{path} holds {', '.join(listed)}: lists of events and no samples; read_events reads "
            "events, key= names one array of samples."
        )
    times = [
        name for name, array in arrays.items()
        if array.ndim == 1 and _numeric(array, "iufMm") and name_time(name.split("/")[-1])
    ]  # fmt: skip
    if key is None and len(listed) > 1 and len(times) == 1:
        time, others = times[0], [name for name in listed if name != times[0]]
        shapes = {arrays[name].shape for name in others}
        if shapes == {arrays[time].shape}:  # lists beside a time: each is a channel
            names = [time.split("/")[-1], *(name.split("/")[-1] for name in others)]
            return Columns.of_arrays(path, names, [arrays[name] for name in (time, *others)])
        if len(others) == 1 and len(arrays[others[0]]) == len(arrays[time]):
            key = others[0]
    key = _choose(path, list(listed), key)
    columns = _columns(path, arrays[key], _names_beside(arrays, key))
    folder = key.rpartition("/")[0]
    beside = [
        name for name in times
        if name != key and name.rpartition("/")[0] == folder and len(arrays[name]) == columns.n_rows
    ]  # fmt: skip
    if len(beside) > 1:
        raise ValueError(
            f"{path} has several times beside {key!r}: {', '.join(beside)}. Write one of them."
        )
    if beside:
        columns = columns.with_time(beside[0].split("/")[-1], arrays[beside[0]])
    return columns


def _numeric(array: NDArray, kinds: str = "iufb") -> bool:
    """Return whether an array holds numbers, or named fields."""
    return array.dtype.names is not None or array.dtype.kind in kinds


def _names_beside(arrays: Mapping[str, NDArray], key: str) -> list[str] | None:
    """Return the names of channels in an array of texts beside the values."""
    array, folder = arrays[key], key.rpartition("/")[0]
    if array.ndim != 2:
        return None
    for name, texts in arrays.items():
        place, _, last = name.rpartition("/")
        if place == folder and last.lower() in NAMES and texts.shape == (array.shape[1],):
            return [t.decode("utf-8", "replace") if isinstance(t, bytes) else str(t) for t in texts]
    return None


def _hdf5(path: Path, key: str | None) -> Columns:
    """Return one dataset of an HDF5 file, with the time in its group."""
    with open_hdf5(path) as file:
        found = {name: item for name, item in walk(file) if _is_table(item)}
        folders = {name.rpartition("/")[0] for name in found}
        if key is None and (len(folders) > 1 or len(found) == 1):
            key = _choose(path, list(found), key)
        if key is not None:
            _choose(path, list(found), key)
        folder = key.rpartition("/")[0] if key is not None else next(iter(folders), "")
        beside = {name: item for name, item in found.items() if name.rpartition("/")[0] == folder}
        needed = beside if key is None else {
            name: item for name, item in beside.items()
            if name == key or (item.ndim == 1 and name_time(name.split("/")[-1]))
        }  # fmt: skip
        for item in needed.values():
            check_claim(path, item)
        columns = _of_several(path, {name: item[()] for name, item in needed.items()}, key)
        return _with_attributes(columns, needed, key)


def _with_attributes(columns: Columns, items: Mapping[str, Any], key: str | None) -> Columns:
    """Return columns with what attributes of HDF5 state: the time's unit, units, the rate."""
    for name, item in items.items():
        stated = _attribute(item, UNIT_ATTRIBUTES)
        if name_time(name.split("/")[-1]) and name != key and name_unit(stated):
            columns = columns._replace(time_unit=name_unit(stated), time_unit_from="attribute")
        elif (name == key or len(items) == 1) and isinstance(stated, str) and stated:
            columns = columns._replace(units_of_all=stated)
        if name == key or len(items) == 1:
            rate = _attribute(item, RATES)
            rate = rate.item() if isinstance(rate, np.generic) else rate
            if is_number(rate) and 0 < rate < np.inf:
                columns = columns._replace(rate=float(rate), rate_from="attribute of the rate")
    return columns


def _attribute(item: Any, names: Sequence[str]) -> Any:
    """Return the first of some attributes, "" where there is none."""
    found = next((item.attrs[name] for name in names if name in item.attrs), "")
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def _is_table(item: Any) -> bool:
    """Return whether an object of an HDF5 file is a list or a table of numbers, or has fields."""
    if getattr(item, "ndim", 0) not in (1, 2):
        return False
    return item.dtype.kind in "iufb" or (item.dtype.names is not None and item.ndim == 1)


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


def _columns(path: Path, loaded: Any, names: list[str] | None = None) -> Columns:
    """Return an array (time, channel), or one of named fields, as columns."""
    if loaded.dtype.names is not None:
        fields = list(loaded.dtype.names)
        return Columns.of_arrays(path, fields, [loaded[name] for name in fields])
    array = loaded[:, np.newaxis] if loaded.ndim == 1 else loaded
    if array.ndim != 2 or array.dtype.kind not in "iufb":
        raise ValueError(
            f"{path} holds an array of shape {array.shape} and type {array.dtype}; expected "
            "numbers, (time, channel)."
        )
    return Columns(names, array.astype(np.float64), {}, {}, [], {})


def _sound(path: Path) -> Columns:
    """Return a sound, -1 to 1, and its samples a second."""
    try:
        rate, wave = wavfile.read(path)
    except Exception as why:  # scipy raises many kinds for damaged files
        raise ValueError(f"{path} is no sound file: {why}") from why
    scale = float(np.iinfo(wave.dtype).max) if wave.dtype.kind in "iu" else 1.0
    wave = wave.reshape(len(wave), -1) / scale
    columns = Columns(None, wave.astype(np.float64), {}, {}, [], {})
    return columns._replace(rate=float(rate), rate_from="rate in the header of the sound")
