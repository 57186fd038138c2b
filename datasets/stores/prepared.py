"""The store of `prepare`: drives or streams of many recordings in one zarr folder, with hashes.

The root holds one value a recording (name, target, group, hash of its source) and, in
``manifest``, the sha256 of every other file. Each sense is a group: drives of equal length as one
array (recording, step, input); everything else as contiguous ragged arrays along ``obs``, with
``row_size``, how many rows belong to each recording (0: the sensor was absent). Shards are
written once and whole; every chunk carries its own checksum, so that a damaged one is never read as
data.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
import zarr
from numpy.typing import NDArray

from mottle.datasets.disk import file_hash, put_in_place
from mottle.datasets.stores.states import COMPRESSORS, check_attrs, check_coords
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.streams import EVENT_DTYPE

FORMAT = "mottle prepared recordings 1"
CHUNK_BYTES = 1 << 20
SHARD_CHUNKS = 32
UNITS = {"t": "us", "x": "pixel", "y": "pixel", "p": "1", "time": "s"}
LAYOUTS = {"dense": ("recording", "step", "input"), "drive": ("obs", "input"),
           "values": ("obs", "channel")}  # fmt: skip


class Sense(NamedTuple):
    """One sense of one recording as arrays along time: kind, columns and what they are."""

    kind: str  # "drive", "events" or "samples"
    columns: dict[str, NDArray]
    about: dict[str, Any]  # names of inputs or channels, units; the same for all recordings

    def layout(self) -> list[Any]:
        """Return what must agree between recordings, as JSON values."""
        shapes = [[n, str(c.dtype), list(c.shape[1:])] for n, c in self.columns.items()]
        return [self.kind, shapes, self.about]


class Row(NamedTuple):
    """One recording: its senses (None where absent) and what its reader repaired."""

    senses: dict[str, Sense | None]
    repairs: dict[str, int]


def write_prepared(
    path: Path,
    attrs: Mapping[str, Any],
    labels: Mapping[str, Sequence[Any] | NDArray],
    sizes: Mapping[str, NDArray[np.int64]],
    layouts: Mapping[str, list[Any]],
    rows: Iterator[Row],
) -> None:
    """Build a store aside and put it in place when it is whole and on the disk.

    Parameters
    ----------
    path : Path
        The store, whose lock is held.
    attrs : mapping
        Attributes of the root.
    labels : mapping of name to values
        One value a recording.
    sizes : mapping of sense to ndarray of shape (n_recordings,)
        Rows along time, 0 where absent.
    layouts : mapping of sense to list
        As of `Sense.layout`.
    rows : iterator of Row
        The recordings, in order.
    """
    from shutil import rmtree

    aside = path.with_name(f".{path.name}.building")
    if aside.exists():  # left by a kill
        rmtree(aside)
    n = len(labels["recording"])
    group: Any = zarr.open_group(aside, mode="w", zarr_format=3)
    fills: dict[str, dict[str, Fill]] = {}
    for sense, (kind, shapes, about) in layouts.items():
        equal = kind == "drive" and len(np.unique(sizes[sense])) == 1
        inside = group.create_group(sense, attributes={"kind": kind, **check_attrs(about)})
        size = inside.create_array(
            "row_size", data=sizes[sense], dimension_names=("recording",), compressors=COMPRESSORS
        )
        size.attrs["sample_dimension"] = "obs"
        total = int(sizes[sense].sum())
        fills[sense] = {}
        for name, dtype, tail in shapes:
            shape = (n, int(sizes[sense][0]), *tail) if equal else (total, *tail)
            dims = LAYOUTS["dense"] if equal else LAYOUTS.get(name, ("obs",))
            fills[sense][name] = Fill(inside, name, shape, np.dtype(dtype), dims, equal)
            units = UNITS.get(name, about.get("units", "1"))
            fills[sense][name].array.attrs["units"] = units
    for row in rows:
        for sense, columns in fills.items():
            given = row.senses[sense]
            if given is not None:
                for name, fill in columns.items():
                    fill.add(given.columns[name])
    for columns in fills.values():
        for fill in columns.values():
            fill.flush()
    coords = check_coords({k: ("recording", v) for k, v in labels.items()}, {"recording": n})
    xr.Dataset(coords=coords).to_zarr(aside, mode="a", zarr_format=3, consolidated=False)
    listed = manifest(aside)
    xr.Dataset({"manifest": check_coords({"manifest": ("file", listed)}, {"file": len(listed)})[
        "manifest"
    ]}).to_zarr(aside, mode="a", zarr_format=3, consolidated=False)  # fmt: skip
    group = zarr.open_group(aside, mode="r+", use_consolidated=False)
    plain = check_attrs({"format": FORMAT, **attrs})
    group.attrs.put({**plain, "content_hash": content_hash(plain, listed)})
    put_in_place(aside, path)


class Fill:
    """Rows into a zarr array, written shard by whole shard."""

    def __init__(self, group, name, shape, dtype, dims, equal):
        per_row = max(1, int(np.prod(shape[1:]))) * dtype.itemsize
        rows = min(max(1, CHUNK_BYTES // per_row), max(1, shape[0]))
        self.shard = rows * max(1, min(SHARD_CHUNKS, -(-shape[0] // rows)))
        self.array = group.create_array(
            name, shape=shape, chunks=(rows, *shape[1:]), shards=(self.shard, *shape[1:]),
            dtype=dtype, compressors=COMPRESSORS, dimension_names=dims, fill_value=0,
            config={"write_empty_chunks": True},
        )  # fmt: skip
        self.equal, self.held, self.n_held, self.at = equal, [], 0, 0

    def add(self, values):
        """Append one recording."""
        values = values[np.newaxis] if self.equal else values
        self.held.append(values)
        self.n_held += len(values)
        if self.n_held >= self.shard:
            whole = np.concatenate(self.held)
            stop = len(whole) - len(whole) % self.shard
            self.array[self.at : self.at + stop] = whole[:stop]
            self.at += stop
            self.held, self.n_held = [whole[stop:]], len(whole) - stop

    def flush(self):
        """Write what is left, the last and shorter shard."""
        if self.n_held:
            self.array[self.at : self.at + self.n_held] = np.concatenate(self.held)


def manifest(folder: Path) -> list[str]:
    """Return one line a file, as ``sha256sum`` writes them; not the root's metadata, nor itself."""
    names = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    return [
        f"{file_hash(folder / name)}  {name}"
        for name in names
        if name != "zarr.json" and not name.startswith("manifest/")
    ]


def content_hash(attrs: Mapping[str, Any], listed: Sequence[str]) -> str:
    """Return the one hash that stands for all a store holds."""
    text = json.dumps(attrs, sort_keys=True) + "\n" + "\n".join(listed)
    return sha256(text.encode()).hexdigest()


class Store:
    """A finished store, opened for reading; its arrays are read when they are used."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"there is no store at '{path}'; mottle prepare writes one.")
        try:
            self.group: Any = zarr.open_group(self.path, mode="r", use_consolidated=False)
            self.attrs = dict(self.group.attrs)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"'{path}' is no zarr store: {error}") from None
        if self.attrs.get("format") != FORMAT:
            raise ValueError(
                f"'{path}' is no store of mottle prepare (format {self.attrs.get('format')!r}, "
                f"expected {FORMAT!r})"
            )

    @cached_property
    def senses(self):
        """Names of the senses."""
        return sorted(self.group.group_keys())

    def label(self, name):
        """Return one value a recording, or None if the store has no such label."""
        return self.group[name][:] if name in self.group else None

    def sizes(self, sense):
        """Return the rows of every recording."""
        return self.group[sense]["row_size"][:]

    def layout(self, sense):
        """Return the layout of a sense, as `Sense.layout` does."""
        inside = self.group[sense]
        about = dict(inside.attrs)
        kind = about.pop("kind")
        shapes = []
        for name in columns_of(inside):
            array = inside[name]
            tail = (
                array.shape[2:]
                if array.metadata.dimension_names[0] == "recording"
                else (array.shape[1:])
            )
            shapes.append([name, str(array.dtype), list(tail)])
        return [kind, shapes, about]

    def read(self, row: int, starts: Mapping[str, NDArray]) -> dict[str, Sense | None]:
        """Return the senses of one recording; ``starts`` are the running sums of the sizes."""
        senses: dict[str, Sense | None] = {}
        for sense in self.senses:
            inside = self.group[sense]
            about = dict(inside.attrs)
            kind = about.pop("kind")
            low, high = starts[sense][row : row + 2]
            columns = {}
            for name in columns_of(inside):
                array = inside[name]
                dense = array.metadata.dimension_names[0] == "recording"
                columns[name] = array[row] if dense else array[low:high]
            senses[sense] = Sense(kind, columns, about) if high > low else None
        return senses

    def starts(self) -> dict[str, NDArray]:
        """Return the running sums of the sizes, from 0."""
        return {s: np.concatenate([[0], np.cumsum(self.sizes(s))]) for s in self.senses}


def columns_of(group):
    """Return the names of a sense's columns: t, x, y, p; time, values; or drive."""
    return [name for name in ("t", "x", "y", "p", "time", "values", "drive") if name in group]


def open_prepared(path: str | Path, *, rows: Any = None) -> Recordings:
    """Read a store of `prepare` as a table.

    Parameters
    ----------
    path : path
        The store.
    rows : slice, sequence of int or boolean mask, optional
        Recordings to read; default all. The store itself can be larger than memory: xarray opens it
        lazily, ``xr.open_zarr(path, group="sight", consolidated=False)``.

    Returns
    -------
    Recordings
        Cells are drives (step, input), event streams or sampled streams, whichever was stored, None
        where the sensor was absent. The target is empty text where there is none, a group is the
        row number where there is none. ``table.attrs`` are those of the store.

    Raises
    ------
    FileNotFoundError
        If there is no such store, or it is not finished.
    ValueError
        If it is something else.
    """
    store = Store(path)
    names = store.label("recording")
    at = np.arange(len(names))[slice(None) if rows is None else np.asarray(rows) if not isinstance(
        rows, slice
    ) else rows]  # fmt: skip
    starts = store.starts()
    cells: dict[str, list[Any]] = {sense: [] for sense in store.senses}
    for row in at:
        for sense, stored in store.read(int(row), starts).items():
            cells[sense].append(None if stored is None else as_stream(sense, stored))
    table = make_table(index=[str(name) for name in names[at]], **cells)
    table.attrs = dict[Any, Any](store.attrs)
    target, groups = store.label("target"), store.label("group")
    return Recordings(
        table,
        np.full(len(at), "") if target is None else plain(target[at]),
        at if groups is None else plain(groups[at]),
    )


def plain(labels: NDArray) -> NDArray:
    """Return text of any length as numpy's fixed-length text, which scikit-learn takes."""
    return np.array(labels.tolist()) if labels.dtype.kind in "TO" else labels


def as_stream(name: str, sense: Sense) -> Any:
    """Return stored columns as a stream or a drive."""
    columns = sense.columns
    if sense.kind == "drive":
        return columns["drive"]
    if sense.kind == "events":
        events = np.empty(len(columns["t"]), dtype=EVENT_DTYPE)
        for field in "txyp":
            events[field] = columns[field]
        return events
    coords: dict[str, Any] = {"time": ("time", columns["time"], {"units": "s"})}
    coords["channel"] = sense.about["names"]
    if "unit" in sense.about:
        coords["unit"] = ("channel", sense.about["unit"])
    return xr.DataArray(
        columns["values"], dims=("time", "channel"), coords=coords, name=name,
        attrs={"units": sense.about["units"]},
    )  # fmt: skip


def store_info(path: str | Path) -> dict[str, Any]:
    """Return what a store of `prepare` holds, without reading its data.

    Parameters
    ----------
    path : path
        The store.

    Returns
    -------
    dict
        Plain JSON values: ``recordings``, ``bytes`` on disk, ``senses`` (kind, shape, units,
        names), ``classes``, ``groups``, and the attributes: recipe, versions, skipped, content
        hash.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_prepared`.
    """
    store = Store(path)
    files = [file for file in store.path.rglob("*") if file.is_file()]
    senses = {}
    for sense in store.senses:
        sizes = store.sizes(sense)
        kind, shapes, about = store.layout(sense)
        senses[sense] = {
            "kind": kind,
            "columns": {name: f"{dtype} {tuple(tail)}" for name, dtype, tail in shapes},
            "rows": int(sizes.sum()),
            "shortest": int(sizes.min()),
            "longest": int(sizes.max()),
            "absent": int((sizes == 0).sum()),
            "units": about.get("units"),
        }
    counts = {
        name: None if store.label(key) is None else len(pd.unique(plain(store.label(key))))
        for name, key in (("classes", "target"), ("groups", "group"))
    }
    return {
        "path": str(path),
        "recordings": len(store.label("recording")),
        "bytes": sum(file.stat().st_size for file in files),
        **counts,
        "senses": senses,
        **{key: store.attrs[key] for key in sorted(store.attrs)},
    }


def verify_prepared(path: str | Path) -> list[str]:
    """Check every byte of a store of `prepare` against the hashes it was finished with.

    Parameters
    ----------
    path : path
        The store.

    Returns
    -------
    list of str
        What is wrong, file by file; empty if all is as it was written.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such store, or its root cannot be read.
    """
    store = Store(path)
    try:
        listed = [str(line) for line in store.group["manifest"][:]]
    except Exception as error:  # a damaged file raises what its codec does
        return [f"manifest cannot be read ({type(error).__name__}: {error})"]
    attrs = {key: value for key, value in store.attrs.items() if key != "content_hash"}
    wrong = []
    if content_hash(attrs, listed) != store.attrs.get("content_hash"):
        wrong.append("zarr.json or manifest: the content hash differs")
    known = dict(line.split("  ", 1)[::-1] for line in listed)
    found = dict(line.split("  ", 1)[::-1] for line in manifest(store.path))
    wrong += [f"{name}: missing" for name in sorted(known.keys() - found.keys())]
    wrong += [f"{name}: not of this store" for name in sorted(found.keys() - known.keys())]
    both = sorted(known.keys() & found.keys())
    wrong += [f"{name}: its sha256 differs" for name in both if known[name] != found[name]]
    return wrong
