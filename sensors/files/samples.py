"""Sampled streams from files: tables, numpy arrays, HDF5, sound."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.arrays import AXES
from mottle.checks import suggest
from mottle.sensors.files.arrays import Archive, load_npy
from mottle.sensors.files.attributes import attributes_of, read_text
from mottle.sensors.files.columns import name_events
from mottle.sensors.files.drift import BEGINS
from mottle.sensors.files.formats.hdf5 import find_layouts
from mottle.sensors.files.hdf5 import (
    TEXT,
    begins_hdf5,
    check_dataset,
    find,
    open_hdf5,
    take_list,
    walk,
)
from mottle.sensors.files.limits import byte_limit, check_bytes, check_path, only_value_errors
from mottle.sensors.files.options import take_sample_options
from mottle.sensors.files.rates import OF_TIME, STATING, rate_of, states_step
from mottle.sensors.files.sampled_columns import Columns, Wanted, read_columns, take_roles
from mottle.sensors.files.sound import read_sound
from mottle.sensors.files.tables import TableOptions
from mottle.times import ROW_NUMBERS, UNKNOWN, name_time, name_unit

OVERFLOWS = (2**32 - 1, 2**31 - 1)  # what a broken counter shows
TABLES = (".csv", ".tsv", ".txt", ".dat")
HDF5 = (".h5", ".hdf5")
NAMES = ("channels", "channel", "names", "columns", "channel_names", "column_names", "labels",
         "fields")  # fmt: skip
"""Arrays of texts, and attributes, that name channels."""
OF_COLUMNS = ("channels", "channel_names", "columns", "column_names")
"""Names of arrays that can name nothing else."""
FILLS = ("_FillValue", "missing_value")  # attributes of netCDF
UNIT_ATTRIBUTES = ("unit", "units", "time_unit")


def read_samples(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    channels: list[str] | None = None,
    key: str | None = None,
    on_bad: str = "raise",
    max_bytes: int | None = None,
    time_unit: str | None = None,
    time_column: str | int | Sequence[str | int] | bool | None = None,
    time_format: str | None = None,
    index_column: str | int | bool | None = None,
    **table: Any,
) -> xr.DataArray:
    r"""Read a sampled stream.

    One table of many recordings is cut by ``mottle.datasets.split_table``.

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
    max_bytes : int, default=None
        The most bytes that the numbers (of a table, a sound, arrays or datasets) may come to in
        memory; by default 100 times the size of the file, and 256 MiB at least.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of the times. None takes what the file states (a name such as ``time_ms`` or ``time
        (ms)``, a row of units, an attribute ``unit``), else seconds; numbers beyond 1e11 are then
        an error, as no second is so late.
    time_column : str, int, pair of them, or False, default=None
        The time, or a date and a time of day; False for none. None finds it by its name: time, t,
        timestamp, ts, date, datetime, elapsed and alike, with or without a unit. Numbers are taken
        in their unit; date stamps (ISO, ``YYYY/MM/DD`` or ``DD.MM.YYYY``) become seconds from the
        first, which is in ``attrs["time_start"]``. The time must rise.
    time_format : str, default=None
        Form of date stamps as in ``strptime``, for others such as "%d/%m/%Y %H:%M"; one of clock
        times alone, such as "%M:%S", gives seconds from 0:00.
    index_column : str, int or False, default=None
        A column that counts rows and is left out; False for none. None finds it by its name:
        none, "Unnamed: 0", index, #, Serial Number, row and alike; it must count by one. One that
        has such a name and falls, or does not change, is a channel.
    **table
        Of text tables: ``separator`` (one character, " " for blanks), ``decimal`` ("." or ","),
        ``na_values`` (further cells for a missing value), ``names`` (of all columns), ``header``
        (whether the first line holds names), ``skip_rows`` (lines before the table). What is not
        given is found by the rules in ``docs/reference/files.md``. ``names`` also names the
        columns of an array in ``.npy`` and ``.npz``.

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
    options = take_sample_options(
        rate=rate, units=units, channels=channels, key=key, on_bad=on_bad, max_bytes=max_bytes,
        time_unit=time_unit, time_column=time_column, time_format=time_format,
        index_column=index_column, **table,
    )  # fmt: skip
    wanted = Wanted(channels, time_column, time_unit, time_format, index_column, on_bad)
    check_path(path)
    with only_value_errors(path):
        path = Path(path)
        arrays = path.suffix.lower() in (".npy", ".npz")
        others = [name for name in table if not (arrays and name == "names")]
        if path.suffix.lower() not in TABLES and others:
            raise ValueError(f"{others[0]}= is of tables, and {path} is none; leave it out.")
        columns = _read(path, key, max_bytes, options, wanted)
        taken = take_roles(str(path), columns, wanted)
    time, attrs = taken.time, taken.attrs
    if time is not None and rate is not None:
        raise ValueError(
            f"rate={rate:g} is for rows without a time, and {path} has one (from: "
            f"{attrs.get('time_unit_from', 'its name')}): leave rate out, or set "
            "time_column=False."
        )
    if time is None:
        where = "rate=" if rate else columns.rate_from or ROW_NUMBERS
        time = np.arange(len(taken.values)) / (rate or columns.rate or 1.0)
        if columns.clock is not None and not rate:
            where = "Start and Increment above the rows"
            time = columns.clock.times(len(taken.values))
        attrs = {"time_unit": "s", "time_unit_from": where, **attrs}
    samples = repair_samples(
        str(path), time, taken.values, taken.names, columns.units_of_all or units, on_bad,
        taken.texts,
    )  # fmt: skip
    samples.attrs["repairs"] |= taken.left_out
    if any(taken.units):
        samples = samples.assign_coords(unit=("channel", taken.units))
    return samples.assign_attrs({**attrs, "source": path.name})


def _read(
    path: Path, key: str | None, max_bytes: int | None, options: TableOptions, wanted: Wanted
) -> Columns:
    """Return the columns of a file, by the end of its name."""
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: 0 bytes; fetch it again.")
    if suffix in (".npy", ".npz"):
        if key is not None and suffix == ".npy":
            raise ValueError(f"key={key!r}: {path} holds one array; leave it out.")
        return _named(path, _arrays(path, key, max_bytes), options.names)
    if suffix in HDF5 or begins_hdf5(path):
        return _hdf5(path, key, max_bytes)
    if key is not None:
        raise ValueError(f"key={key!r}: {path} holds one array; leave it out.")
    if suffix == ".wav":
        if wanted.time_unit is not None:
            raise ValueError(
                f"time_unit={wanted.time_unit!r}: the rate of {path} is in its header, in Hz; "
                "leave it out."
            )
        return _sound(path, max_bytes)
    if suffix in TABLES:
        with path.open("rb") as file:
            if BEGINS.match(file.read(1 << 12)):
                raise ValueError(f"{path} holds features of gases, no series: read_drift reads it.")
        return read_columns(path, options, wanted, byte_limit(path, max_bytes))
    raise ValueError(
        f"{path} ends with {suffix!r}; samples come from {', '.join(TABLES + HDF5)}, .npy, .npz, "
        ".wav; read_ts, read_drift and read_spikes read files of many recordings."
    )


def _named(path: Path, columns: Columns, names: Sequence[str] | None) -> Columns:
    """Return columns without names with those that the caller gives."""
    if names is None:
        return columns
    n = columns.values.shape[1]
    if columns.names is not None:
        raise ValueError(
            f"names= is of columns without names, and {path} has {', '.join(columns.names)}; "
            "channels= picks of these."
        )
    if len(names) != n:
        raise ValueError(f"names={list(names)!r} names {len(names)} columns, and {path} has {n}.")
    return columns._replace(names=list(names), attrs={**columns.attrs, "names_from": "names="})


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


class Described(NamedTuple):
    """Shape and type of an array that has not been read."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def is_list(self) -> bool:
        """Whether the array has one axis."""
        return len(self.shape) == 1

    def is_numeric(self, kinds: str = "iufb") -> bool:
        """Return whether the array holds numbers, or named fields."""
        return self.dtype.names is not None or self.dtype.kind in kinds


Load = Callable[[Sequence[str]], list[NDArray]]


def _arrays(path: Path, key: str | None, max_bytes: int | None) -> Columns:
    """Return one array of a numpy file, or its arrays of one length as columns."""
    if path.suffix.lower() == ".npy":
        return _columns(path, load_npy(path, max_bytes))
    archive = Archive(path, max_bytes)
    heads = {name: Described(head.shape, head.dtype) for name, head in archive.headers.items()}
    lone = [name for name, head in heads.items() if name != key and is_lone(name, head.shape)]
    held = {name: head for name, head in heads.items() if name not in lone}
    columns = _of_several(path, held, lambda names: archive.load(*names), key)
    stating = [
        name for name in lone
        if heads[name].dtype.kind in "iufbU"
        and (states_step(name) or name.lower() in (*STATING, *UNIT_ATTRIBUTES))
    ]  # fmt: skip
    beside = {name: archive.load(name)[0].ravel()[0].item() for name in stating}
    if (rate := rate_of(beside, f"{path}: array")) is not None:
        columns = columns._replace(rate=rate[0], rate_from=f"array {rate[1]!r}")
    for name, stated in beside.items():
        if name.lower() in OF_TIME and isinstance(stated, str):
            unit = name_unit(stated) or UNKNOWN
            columns = columns._replace(time_unit=unit, time_unit_from=f"array {name!r}")
        elif name.lower() in UNIT_ATTRIBUTES and isinstance(stated, str):
            columns = columns._replace(units_of_all=stated)
    return columns


def is_lone(name: str, shape: Sequence[int]) -> bool:
    """Return whether an array holds one value, and is none of the values or times of rows.

    Examples
    --------
    >>> is_lone("dt", (1,)), is_lone("gain", ()), is_lone("co", (1,))
    (True, True, False)
    """
    return tuple(shape) == () or (states_step(name) and set(shape) == {1})


def _of_several(
    path: Path, held: Mapping[str, Described], load: Load, key: str | None,
    turned: Sequence[str] = (),
) -> Columns:  # fmt: skip
    """Return the array that is meant, with the time beside it; or all lists as columns.

    Only what is meant is loaded. Arrays in ``turned`` are (channel, time), as is one beside a time
    of as many values as it has columns and not rows.
    """
    listed = {name: array for name, array in held.items() if array.shape and array.is_numeric()}
    lasts = [name.rsplit("/", 1)[-1].lower() for name in listed]
    if key is None and (name_events(lasts) or {"ts", "xs", "ys", "ps"} <= set(lasts)):
        raise ValueError(
            f"{path} holds {', '.join(listed)}: lists of events and no samples; read_events reads "
            "events, key= names one array of samples."
        )
    times = [
        name for name, array in held.items()
        if array.is_list and array.is_numeric("iufMm") and name_time(name.split("/")[-1])
    ]  # fmt: skip
    if key is None and len(listed) > 1 and len(times) == 1:
        time, others = times[0], [name for name in listed if name != times[0]]
        if {held[name].shape for name in others} == {held[time].shape}:  # each is a channel
            names = [time.split("/")[-1], *(name.split("/")[-1] for name in others)]
            return Columns.of_arrays(path, names, load([time, *others]))
        if len(others) == 1 and held[time].shape[0] in held[others[0]].shape[:2]:
            key = others[0]
    key = _choose(path, list(listed), key)
    folder, shape = key.rpartition("/")[0], held[key].shape
    near = [name for name in times if name != key and name.rpartition("/")[0] == folder]
    if len(shape) == 2 and (key in turned or (
        shape[0] != shape[1] and {held[name].shape[0] for name in near} == {shape[1]}
    )):  # fmt: skip
        turned, shape = (key,), shape[::-1]
    beside = [name for name in near if held[name].shape[0] == shape[0]]
    if len(beside) > 1:
        raise ValueError(
            f"{path} has several times beside {key!r}: {', '.join(beside)}. Write one of them."
        )
    texts = _names_beside(held, key, shape)
    values, *more = load([key, *texts, *beside])
    values = values.T if key in turned else values
    named = [
        text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        for text in (more[0] if texts else ())
    ]
    columns = _columns(path, values, named if texts else None)
    if texts:
        columns = columns._replace(attrs={"names_from": f"array {texts[0]!r}"})
    return columns.with_time(beside[0].split("/")[-1], more[-1]) if beside else columns


def _names_beside(held: Mapping[str, Described], key: str, shape: Sequence[int]) -> list[str]:
    """Return the array of texts beside the values that names their channels, as a list of one."""
    folder = key.rpartition("/")[0]
    for name, texts in held.items() if len(shape) == 2 else ():
        place, _, last = name.rpartition("/")
        words = texts.dtype.kind in "SUO"
        if words and place == folder and last.lower() in NAMES and texts.shape == shape[1:]:
            return [name]
        if words and place == folder and last.lower() in OF_COLUMNS and texts.is_list:
            raise ValueError(
                f"array {name!r} names {texts.shape[0]} channels, and {key!r} has {shape[1]} "
                "columns: correct it, or name them with channels=."
            )
    return []


def _hdf5(path: Path, key: str | None, max_bytes: int | None) -> Columns:
    """Return one dataset of an HDF5 file, with the time in its group."""
    limit = byte_limit(path, max_bytes)
    with open_hdf5(path) as file:
        events = [layout.place or "/" for layout in find_layouts(file)] if key is None else []
        if events:
            raise ValueError(
                f"{path} holds events ({', '.join(events)}): read_events reads them; key= names a "
                "dataset of samples."
            )
        found = {
            name: item for name, item in walk(file)
            if _is_table(item) and (name == key or not is_lone(name, item.shape))
        }  # fmt: skip
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
        worded = {
            name: item for name, item in walk(file)
            if _is_texts(item) and name.rpartition("/")[0] == folder
        }  # fmt: skip

        def load(names: Sequence[str]) -> list[NDArray]:
            items = [(found | worded)[name] for name in names]
            for item in items:
                check_dataset(path, item, limit)
            n_bytes = sum(item.size * item.dtype.itemsize for item in items)
            check_bytes(f"datasets {', '.join(map(repr, names))} of {path}", n_bytes, limit)
            return [
                _take_texts(path, item) if name in worded
                else unpack(np.asarray(item[:]), item)
                for name, item in zip(names, items, strict=True)
            ]  # fmt: skip

        held = {name: Described(item.shape, item.dtype) for name, item in (needed | worded).items()}
        turned = [name for name, item in needed.items() if _is_turned(item)]
        columns = _of_several(path, held, load, key, turned)
        tables = [name for name, item in needed.items() if item.ndim == 2]
        key = tables[0] if key is None and len(tables) == 1 else key
        columns = _with_attributes(columns, needed, key)
        return _with_rate(_with_time_unit(columns, file, key, folder), file, folder)


def _is_turned(item: Any) -> bool:
    """Return whether the labels of a dataset's dimensions are those of (channel, time)."""
    labels = [text.lower() for text in read_text(item, "DIMENSION_LABELS")]
    return len(labels) == 2 and labels[0] in (*AXES[2], "sensor") and labels[1] in AXES[1]


def unpack(values: NDArray, item: Any) -> NDArray:
    """Return the values that netCDF's attributes mean: filled ones are NaN, packed ones scaled.

    Examples
    --------
    >>> import h5py
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, h5py.File(f"{folder}/a.h5", "w") as file:
    ...     file["a"] = [10, -1]
    ...     file["a"].attrs.update(_FillValue=-1, scale_factor=0.5, add_offset=1.0)
    ...     unpack(file["a"][:], file["a"])
    array([ 6., nan])
    """
    filled = [_number(item, (name,)) for name in FILLS]
    filled = [value for value in filled if value is not None]
    factor, offset = _number(item, ("scale_factor",)), _number(item, ("add_offset",))
    if values.dtype.kind not in "iuf" or not (filled or factor is not None or offset is not None):
        return values
    gone = np.isin(values, filled)
    if not gone.any() and factor is None and offset is None:
        return values
    numbers = np.where(gone, np.nan, values.astype(np.float64))
    numbers = numbers if factor is None else numbers * factor
    return numbers if offset is None else numbers + offset


def _with_rate(columns: Columns, file: Any, folder: str) -> Columns:
    """Return columns with the rate that their group or the file states, where they state none."""
    for place in dict.fromkeys((folder, "")):
        owner = find(file, place) if place else file
        if columns.rate is not None or owner is None:
            continue
        found, what = rate_of(attributes_of(owner, STATING), "attribute"), "attribute"
        if found is None:
            found, what = rate_of(_scalars(owner), "dataset"), "dataset"
        if found is not None:
            where = f"{what} of the rate of {place or '/'!r}"
            columns = columns._replace(rate=found[0], rate_from=where)
    return columns


def _scalars(owner: Any) -> dict[str, Any]:
    """Return the datasets of a group that hold one value and state a rate or a period."""
    found: dict[str, Any] = {}
    for name in owner:
        if not states_step(name) and name.lower() not in STATING:
            continue
        item: Any = find(owner, name)
        if is_lone(name, getattr(item, "shape", (0,))):
            number = item.dtype.kind in "iufSO"
            held = np.ravel(item[()])[0].item() if number else f"a {item.dtype}"
            found[name] = held.decode("utf-8", "replace") if isinstance(held, bytes) else held
    return found


def _with_time_unit(columns: Columns, file: Any, key: str | None, folder: str) -> Columns:
    """Return columns with the unit of time that the values, their group or the file state."""
    for place in dict.fromkeys((key or folder, folder, "")):
        owner = find(file, place) if place else file
        stated = attributes_of(owner, OF_TIME) if owner is not None else {}
        for name, text in stated.items():
            if columns.time_unit is None and isinstance(text, str):
                where = f"attribute {name!r} of {place or '/'!r}"
                unit = name_unit(text.split(" since ")[0]) or UNKNOWN
                columns = columns._replace(time_unit=unit, time_unit_from=where)
    return columns


def _with_attributes(columns: Columns, items: Mapping[str, Any], key: str | None) -> Columns:
    """Return columns with what attributes of HDF5 state: unit of time, units, names, rate."""
    for name, item in items.items():
        named, texts = name_time(name.split("/")[-1]), attributes_of(item, UNIT_ATTRIBUTES)
        if named is None or name == key:
            texts = {k: text for k, text in texts.items() if k.lower() not in OF_TIME}
        stated = next((text for text in texts.values() if isinstance(text, str)), "")
        if named is not None and name != key and stated:
            unit = name_unit(stated.split(" since ")[0]) or UNKNOWN  # "days since 2024-01-01"
            if unit == UNKNOWN and named.unit:
                continue  # the name counts
            columns = columns._replace(time_unit=unit, time_unit_from=f"attribute {stated!r}")
        elif (name == key or len(items) == 1) and stated:
            columns = columns._replace(units_of_all=stated)
        if (name == key or len(items) == 1) and item.ndim == 2:
            columns = _with_names(columns, item)
        if name == key or len(items) == 1:
            rate = rate_of(attributes_of(item, STATING), "attribute")
            if rate is not None:
                columns = columns._replace(rate=rate[0], rate_from="attribute of the rate")
    return columns


def _with_names(columns: Columns, item: Any) -> Columns:
    """Return columns with the names that an attribute of their dataset gives, one a column."""
    n = item.shape[1]
    for name in NAMES:
        texts = read_text(item, name)
        if len(texts) == 1 and n > 1:  # all in one text
            texts = [text.strip(" '\"") for text in texts[0].strip().strip("[]()").split(",")]
        if len(texts) == n and all(texts):
            named = texts + (columns.names or [])[n:]  # the time, behind them
            attrs = {**columns.attrs, "names_from": f"attribute {name!r}"}
            return columns._replace(names=named, attrs=attrs)
    return columns


def _is_texts(item: Any) -> bool:
    """Return whether an object of an HDF5 file is a list of texts."""
    dtype = getattr(item, "dtype", np.dtype("V1"))
    texts = dtype.kind == "S" or (dtype.metadata or {}).get("vlen") in TEXT
    return bool(texts) and getattr(item, "ndim", 0) == 1


def _take_texts(path: Path, item: Any) -> NDArray:
    """Return the texts of a dataset."""
    if item.dtype.kind == "S":
        return np.asarray(item[()])
    return np.array([take_list(path, item, k).tobytes() for k in range(item.size)], dtype="S")


def _number(item: Any, names: Sequence[str]) -> Any:
    """Return the first of some attributes, if it is a number; None otherwise."""
    name = next((name for name in names if name in item.attrs), None)
    kind = None if name is None else item.attrs.get_id(name)
    if kind is None or kind.dtype.kind not in "iuf" or kind.shape not in ((), (1,)):
        return None
    return np.ravel(item.attrs[name])[0].item()


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
            f"{path} holds an array of shape {array.shape} and type {array.dtype}"
            f"{_first_of(array)}; expected numbers, (time, channel)."
        )
    return Columns(names, array.astype(np.float64), {}, {}, [], {})


def _first_of(array: NDArray[Any]) -> str:
    """Return the first value of an array without real numbers, and the way out."""
    if not array.size or array.dtype.kind in "iufb":
        return ""
    way = "write real and imaginary part as two columns" if array.dtype.kind == "c" else (
        "convert it with array.astype(float)"
    )  # fmt: skip
    return f" ({array.flat[0].item()!r}, ...: {way})"


def _sound(path: Path, max_bytes: int | None) -> Columns:
    """Return a sound, -1 to 1, and its samples a second."""
    wave, rate = read_sound(path, max_bytes)
    columns = Columns(None, wave, {}, {}, [], {})
    return columns._replace(rate=rate, rate_from="rate in the header of the sound")
