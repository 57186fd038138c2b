"""Files of a bench as runs: samples of each, equally spaced."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_names, suggest
from mottle.datasets.split import split_table
from mottle.sensors.files import read_samples
from mottle.sensors.files.arrays import Archive, load_npy
from mottle.sensors.files.hdf5 import check_dataset, find, open_hdf5, walk
from mottle.sensors.files.limits import check_path
from mottle.sensors.files.mat import read_matrix
from mottle.sensors.files.samples import repair_samples
from mottle.times import ROW_NUMBERS, are_row_numbers

UNEVEN = 0.5  # of a sampling interval: how far one may be off
Paths = str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, str | PathLike[str]]


class Run(NamedTuple):
    """Samples of one run, and what messages call it."""

    name: str
    place: str
    samples: xr.DataArray
    path: Path


class Clock(NamedTuple):
    """Sampling interval and first time in s; NaN where the file has no times."""

    dt: float
    begin: float


def check_paths(paths: Paths, what: str = "paths") -> dict[str, Path]:
    """Return files by the name of their run.

    Examples
    --------
    >>> check_paths(["a/run.csv", "b/run.csv", "b/two.csv"])
    {'a/run': PosixPath('a/run.csv'), 'b/run': PosixPath('b/run.csv'), 'b/two': PosixPath('b/two.csv')}
    """  # noqa: E501
    if isinstance(paths, Mapping):
        named = {str(name): Path(path) for name, path in paths.items()}
    else:
        several = [paths] if isinstance(paths, str | PathLike) else list(paths)
        files = [Path(path) for path in several]
        if len(set(files)) < len(files):
            twice = next(path for path in files if files.count(path) > 1)
            raise ValueError(f"{what} names {twice} twice: name each file once.")
        named = {path.stem: path for path in files}
        if len(named) < len(files):  # equal names in several folders
            named = {path.with_suffix("").as_posix(): path for path in files}
    if not named:
        raise ValueError(f"{what} names no file.")
    for path in named.values():
        check_path(path)
    return named


def read_runs(
    paths: Paths, key: str | Sequence[str] | None, run_column: str | None, options: dict[str, Any]
) -> list[Run]:
    """Return the runs of all files, in order."""
    runs = []
    named = check_paths(paths)
    for name, path in named.items():
        found = list(_runs_of(path, key, run_column, options))
        for label, samples in found:
            own = label if len(named) == 1 and label else f"{name}/{label}" if label else name
            place = f"run {label!r} of {path}" if label else str(path)
            runs.append(Run(own, place, samples, path))
    return runs


def _runs_of(
    path: Path, key: str | Sequence[str] | None, run_column: str | None, options: dict[str, Any]
) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield label and samples of each run of one file; the label of a single run is empty."""
    if run_column is not None:
        if key is not None:
            raise ValueError("key= is of files of arrays, run_column= of tables: leave one out.")
        channels = options.get("channels")
        table = {name: value for name, value in options.items()
                 if name not in ("channels", "on_bad", "time_column", "rate")}  # fmt: skip
        split = split_table(
            path, run_column, groups=run_column, time=options.get("time_column"), **table
        )
        for label, samples in zip(split.table.index, split.table["samples"], strict=True):
            place = f"run {str(label)!r} of {path}"
            if channels is not None:
                samples = pick(samples, channels, place)
            yield str(label), _checked(samples, place, options.get("on_bad", "raise"))
        return
    keys = [key] if key is None or isinstance(key, str) else check_names("key", key)
    for one in keys:
        label = str(one) if len(keys) > 1 else ""
        yield from _of_key(path, one, label, options)


def _of_key(
    path: Path, key: str | None, label: str, options: dict[str, Any]
) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the runs of one array of a file: one, or those of an array (run, step, channel)."""
    array = _array(path, key)
    if array is None:
        yield label, read_samples(path, key=key, **options)
        return
    known = ("channels", "on_bad", "names", "rate", "units")
    other = next((name for name in options if name not in known), None)
    if other is not None:
        raise ValueError(f"{other}= is of tables, and {path} holds arrays: leave it out.")
    parts = array if array.ndim == 3 else array[np.newaxis]
    for k, values in enumerate(parts):
        own = f"{label}/{k}".lstrip("/") if len(parts) > 1 else label
        place = f"run {own!r} of {path}" if own else str(path)
        names = options.get("names") or [f"channel {c}" for c in range(values.shape[1])]
        if len(names) != values.shape[1]:
            raise ValueError(
                f"names={list(names)!r} names {len(names)} columns, and {place} has "
                f"{values.shape[1]}."
            )
        rate = options.get("rate")
        samples = repair_samples(
            place, np.arange(len(values)) / (rate or 1.0), values.astype(np.float64), list(names),
            options.get("units", "1"), options.get("on_bad", "raise"),
        )  # fmt: skip
        where = "rate=" if rate else ROW_NUMBERS
        samples.attrs |= {"time_unit": "s", "time_unit_from": where}
        if options.get("channels") is not None:
            samples = pick(samples, options["channels"], place)
        yield own, samples


def _array(path: Path, key: str | None) -> NDArray[Any] | None:
    """Return an array that ``read_samples`` does not read: of MATLAB, or of three axes."""
    suffix = path.suffix.lower()
    array: Any = None
    if suffix == ".mat":
        array = _matlab(path, key)
    elif suffix == ".npy" and key is None:
        array = load_npy(path)
        array = array if array.ndim == 3 else None
    elif suffix == ".npz":
        archive = Archive(path)
        names = [name for name, head in archive.headers.items() if len(head.shape) == 3]
        wanted = names[0] if key is None and len(names) == 1 else key
        array = archive.load(wanted)[0] if wanted in names and wanted is not None else None
    if array is None:
        return None
    if array.dtype.kind not in "iufb" or array.ndim not in (1, 2, 3):
        raise ValueError(
            f"{path} holds an array of shape {array.shape} and type {array.dtype}; expected "
            "numbers, (step, channel) or (run, step, channel)."
        )
    return array[:, np.newaxis] if array.ndim == 1 else array


def _matlab(path: Path, key: str | None) -> NDArray[Any]:
    """Return a matrix of a MATLAB file, of version 5 to 7 or, as HDF5, 7.3."""
    if key is None:
        raise ValueError(f"{path} may hold several matrices: key= names the one that is meant.")
    with path.open("rb") as file:
        newer = file.read(16).startswith(b"MATLAB 7.3")
    if not newer:
        return read_matrix(path, key)
    with open_hdf5(path) as file:
        item = find(file, key)
        if item is None or not hasattr(item, "dtype"):
            names = [name for name, one in walk(file) if hasattr(one, "dtype")]
            raise ValueError(
                f"{path} has no matrix {key!r}{suggest(key, names)} It has {', '.join(names)}."
            )
        check_dataset(path, item)
        return np.asarray(item[()]).T  # MATLAB stores columns one after another


def _checked(samples: xr.DataArray, place: str, on_bad: str) -> xr.DataArray:
    """Return the samples of a run of a table, of which no value is bad."""
    names = [str(name) for name in samples.channel.values]
    timed = "time" in samples.coords
    time = samples.time.values if timed else np.arange(len(samples), dtype=np.float64)
    found = repair_samples(
        place, np.asarray(time, np.float64), np.array(samples.values, np.float64), names,
        str(samples.attrs.get("units", "1")), on_bad,
    )  # fmt: skip
    attrs = dict(samples.attrs)
    if not timed:
        attrs["time_unit_from"] = ROW_NUMBERS
    return found.assign_attrs({**attrs, "repairs": found.attrs["repairs"]})


def pick(samples: xr.DataArray, channels: Sequence[str], place: str) -> xr.DataArray:
    """Return some channels, or raise if one is absent."""
    known = [str(name) for name in samples.channel.values]
    for name in channels:
        if name not in known:
            raise ValueError(
                f"{place} has no channel {name!r}{suggest(name, known)} It has {', '.join(known)}."
            )
    return samples.isel(channel=[known.index(name) for name in channels])


def clock_of(run: Run) -> Clock:
    """Return sampling interval and begin; raise where samples are not equally spaced.

    Examples
    --------
    >>> samples = xr.DataArray(np.zeros((4, 1)), dims=("time", "channel"),
    ...                        coords={"time": [5.0, 5.5, 6.0, 7.5], "channel": ["a"]})
    >>> clock_of(Run("r", "r.csv", samples, Path("r.csv")))
    Traceback (most recent call last):
    ValueError: r.csv: samples are 0.5 s apart, but 1.5 s at step 3 (time 7.5 s): samples are missing or irregular; resample the run, or cut it there.
    """  # noqa: E501
    time = run.samples.time.values
    if are_row_numbers(run.samples):
        return Clock(np.nan, np.nan)
    if len(time) < 2:
        raise ValueError(f"{run.place} has {len(time)} sample: no run.")
    gaps = np.diff(time)
    dt = float(np.median(gaps))
    off = np.abs(gaps - dt) > UNEVEN * dt
    mean = float((time[-1] - time[0]) / (len(time) - 1))
    if off.any() or abs(mean - dt) * (len(time) - 1) > UNEVEN * dt:
        step = int(np.argmax(np.abs(gaps - dt))) + 1
        raise ValueError(
            f"{run.place}: samples are {dt:.6g} s apart, but {gaps[step - 1]:.6g} s at step {step} "
            f"(time {time[step]:.9g} s): samples are missing or irregular; resample the run, or "
            "cut it there."
        )
    return Clock(mean, float(time[0]))
