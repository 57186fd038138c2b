"""The store of `prepare`: drives or streams of many recordings in one zarr folder, with hashes.

The root holds one value a recording (name, target, group, hash of its source). Each sense is a
group: drives of equal length as one array (recording, step, input); everything else as contiguous
ragged arrays along ``obs``, with ``row_size``, how many rows belong to each recording (0: the
sensor was absent). Shards are written once and whole; every chunk carries its own checksum, and
``manifest/sha256sums`` the sha256 of every file, so that what is damaged or missing is never read
as data.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
import zarr
from numpy.typing import NDArray
from xarray.indexes import PandasIndex
from zarr.codecs import BloscCodec, Crc32cCodec

from mottle.datasets.disk import put_in_place
from mottle.datasets.stores import proof
from mottle.datasets.stores.shards import (
    CODEC,
    Cache,
    Column,
    ColumnWriter,
    dense_layout,
    ragged_layout,
    read_about,
)
from mottle.datasets.stores.states import check_attrs, check_coords, verify_states
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.streams import EVENT_DTYPE

FORMAT = "mottle prepared recordings 2"
FORMAT_1 = "mottle prepared recordings 1"  # its hashes lie in a zarr array, and leave out metadata
PROOF = "sha256 of every file"
PROOF_1 = "sha256 of every file but zarr.json at the root and the list of hashes; prepare it again"
UNITS = {"t": "us", "x": "pixel", "y": "pixel", "p": "1", "time": "s"}
LAYOUTS = {"dense": ("recording", "step", "input"), "drive": ("obs", "input"),
           "values": ("obs", "channel")}  # fmt: skip
LABELS = ("recording", "digest", "target", "group")
TIME, CHANNEL = ("time",), ("channel",)
COLUMNS = ("t", "x", "y", "p", "time", "values", "drive")


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


class Source(NamedTuple):
    """Where the next recordings come from: rows as they are, or a run of rows of another store."""

    rows: Iterable[Row]
    old: "Store | None" = None
    low: int = 0
    high: int = 0


def write_prepared(
    path: Path,
    attrs: Mapping[str, Any],
    labels: Mapping[str, Sequence[Any] | NDArray],
    sizes: Mapping[str, NDArray[np.int64]],
    layouts: Mapping[str, list[Any]],
    sources: Iterator[Source],
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
    sources : iterator of Source
        The recordings, in order.
    """
    from shutil import rmtree

    aside = path.with_name(f".{path.name}.building")
    if aside.exists():  # left by a kill
        rmtree(aside)
    n = len(labels["recording"])
    files = proof.ProvedStore(aside)
    group: Any = zarr.open_group(files, mode="w", zarr_format=3)
    with ThreadPoolExecutor(2) as pool:
        writers: dict[str, dict[str, ColumnWriter]] = {}
        for sense, (kind, shapes, about) in layouts.items():
            equal = kind == "drive" and len(np.unique(sizes[sense])) == 1
            inside = group.create_group(sense, attributes={"kind": kind, **check_attrs(about)})
            size = inside.create_array(
                "row_size", data=sizes[sense], dimension_names=("recording",),
                compressors=compressors(),
            )  # fmt: skip
            size.attrs["sample_dimension"] = "obs"
            total, present = int(sizes[sense].sum()), int((sizes[sense] > 0).sum())
            widest = max(int(np.prod(t)) * np.dtype(d).itemsize for _, d, t in shapes)
            writers[sense] = {}
            for name, dtype, tail in shapes:
                shape = (n, int(sizes[sense][0]), *tail) if equal else (total, *tail)
                row_bytes = int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
                layout = (
                    dense_layout(row_bytes, np.dtype(dtype).itemsize) if equal
                    else ragged_layout(total, present, row_bytes, widest)
                )  # fmt: skip
                place = f"{sense}/{name}"
                writer = ColumnWriter(aside, place, shape, np.dtype(dtype), layout, pool)
                array = inside.create_array(
                    name, shape=shape, chunks=(writer.chunk, *shape[1:]),
                    shards=(writer.shard, *shape[1:]), dtype=dtype,
                    compressors=compressors(writer.block_size),
                    dimension_names=LAYOUTS["dense"] if equal else LAYOUTS.get(name, ("obs",)),
                    fill_value=0,
                )  # fmt: skip
                array.attrs["units"] = UNITS.get(name, about.get("units", "1"))
                writers[sense][name] = writer
        for source in sources:
            if source.old is not None:
                source.old.copy_to(writers, source.low, source.high)
            for row in source.rows:
                for sense, columns in writers.items():
                    given = row.senses.get(sense)
                    if given is not None:
                        for name, writer in columns.items():
                            values = given.columns[name]
                            writer.add(values[np.newaxis] if is_dense(writer) else values)
        for columns in writers.values():
            for writer in columns.values():
                writer.close()
                files.known.update(writer.known)
    coords = check_coords({k: ("recording", v) for k, v in labels.items()}, {"recording": n})
    xr.Dataset(coords=coords).to_zarr(files, mode="a", zarr_format=3, consolidated=False)
    proof.create(group)
    group.attrs.put(check_attrs({"format": FORMAT, **attrs}))
    proof.seal(aside, files.known)
    put_in_place(aside, path)


def compressors(block_size: int = 0) -> tuple[Any, ...]:
    """Return how zarr is to decode chunks, and compare their checksums."""
    return BloscCodec(**CODEC, shuffle="bitshuffle", blocksize=block_size), Crc32cCodec()


def is_dense(column: Column | ColumnWriter) -> bool:
    """Return whether an array has a row for each recording: only drives of equal size do."""
    return column.name.endswith("/drive") and len(column.shape) == 3


class Store:
    """A finished store, opened for reading: nothing is written into it, nor locked.

    Metadata and labels are read once, from the bytes whose sha256 was compared; arrays are opened
    once. Threads may read at the same time, and it may be pickled for other processes.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        check_is_store(self.path)
        if is_states(self.path):
            raise ValueError(
                f"'{path}' holds states, not recordings: open_states opens it, and mottle store "
                "verify compares its files."
            )
        self.known: dict[str, str] = {}
        content = None
        attributes = _about(self.path).get("attributes")
        is_new = isinstance(attributes, dict) and attributes.get("format") == FORMAT
        if is_new or (self.path / proof.NAME).exists():
            self.known, content = proof.read_proof(self.path)
            if content is None:
                raise ValueError(f"'{path}': {proof.NAME} has no seal; {proof.REPAIR}")
            proof.check_present(self.path, self.known)
        files = proof.ProvedStore(self.path, read_only=True, known=self.known)
        try:
            self.group: Any = zarr.open_group(files, mode="r", use_consolidated=False)
            self.attrs = dict(self.group.attrs)
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"'{path}' is no zarr store: {error}") from None
        if self.attrs.get("format") not in (FORMAT, FORMAT_1):
            raise ValueError(
                f"'{path}' is no store of mottle prepare (format {self.attrs.get('format')!r}, "
                f"expected {FORMAT!r})"
            )
        if content is not None:
            self.attrs["content_hash"] = content
        elif self.attrs["format"] == FORMAT_1:
            self.known.update(self._proof_1())
            proof.check_present(self.path, self.known)
        self.cache = Cache(self.path)
        self._labels: dict[str, NDArray | None] = {}

    def _proof_1(self) -> dict[str, str]:
        """Return the hashes of a store of the first format: of all but its metadata at the root."""
        try:
            listed = [str(line) for line in self.group["manifest"][:]]
        except Exception as error:  # a damaged file raises what its codec does
            reason = f"{type(error).__name__}: {error}"
            raise ValueError(f"'{self.path}': manifest cannot be read ({reason})") from None
        attrs = {key: value for key, value in self.attrs.items() if key != "content_hash"}
        if content_hash_1(attrs, listed) != self.attrs.get("content_hash"):
            raise ValueError(f"'{self.path}': zarr.json or manifest: the content hash differs")
        return dict(line.split("  ", 1)[::-1] for line in listed)

    @cached_property
    def senses(self) -> list[str]:
        """Names of the senses."""
        return sorted(self.group.group_keys())

    @cached_property
    def columns(self) -> dict[str, dict[str, Column]]:
        """The arrays of every sense, opened."""
        opened: dict[str, dict[str, Column]] = {}
        for sense in self.senses:
            opened[sense] = {}
            for name in COLUMNS:
                if name not in self.group[sense]:
                    continue
                place = f"{sense}/{name}"
                file = f"{place}/zarr.json"
                data = (self.path / file).read_bytes()
                if self.known.get(file, sha256(data).hexdigest()) != sha256(data).hexdigest():
                    raise ValueError(f"'{self.path}': {file} is damaged; {proof.REPAIR}")
                about = read_about(data, f"'{self.path}': {file}")
                opened[sense][name] = Column(self.path, place, about, self.cache)
        return opened

    @cached_property
    def about(self) -> dict[str, dict[str, Any]]:
        """The attributes of every sense."""
        return {sense: dict(self.group[sense].attrs) for sense in self.senses}

    def label(self, name: str) -> NDArray | None:
        """Return one value a recording, or None if the store has no such label."""
        if name not in self._labels:
            self._labels[name] = self.group[name][:] if name in self.group else None
        return self._labels[name]

    def sizes(self, sense: str) -> NDArray[np.int64]:
        """Return the rows of every recording."""
        begins = self.starts[sense]
        return np.diff(begins)

    @cached_property
    def starts(self) -> dict[str, NDArray[np.int64]]:
        """The running sums of the sizes, from 0."""
        n = len(self.names)
        found = {}
        for sense in self.senses:
            sizes = self.group[sense]["row_size"][:]
            found[sense] = np.concatenate([[0], np.cumsum(sizes)])
            for name, column in self.columns[sense].items():
                expected = n if is_dense(column) else found[sense][-1]
                if len(sizes) != n or len(column) != expected:
                    raise ValueError(
                        f"'{self.path}' is damaged: {sense}/{name} has {len(column)} rows, "
                        f"expected {expected} for {n} recordings; {proof.REPAIR}"
                    )
        return found

    @property
    def names(self) -> NDArray:
        """The names of the recordings."""
        names = self.label("recording")
        if names is None:
            raise ValueError(f"'{self.path}' is damaged: recording is missing; {proof.REPAIR}")
        return names

    def layout(self, sense: str) -> list[Any]:
        """Return the layout of a sense, as `Sense.layout` does."""
        about = dict(self.about[sense])
        kind = about.pop("kind")
        shapes = [
            [name, str(column.dtype), list(column.shape[2:] if is_dense(column) else (
                column.shape[1:]))]
            for name, column in self.columns[sense].items()
        ]  # fmt: skip
        return [kind, shapes, about]

    def read(self, row: int) -> dict[str, Sense | None]:
        """Return the senses of one recording."""
        senses: dict[str, Sense | None] = {}
        for sense, columns in self.columns.items():
            low, high = (int(at) for at in self.starts[sense][row : row + 2])
            if high <= low:
                senses[sense] = None
                continue
            about = {key: value for key, value in self.about[sense].items() if key != "kind"}
            found = {
                name: column.read(row, row + 1)[0] if is_dense(column) else column.read(low, high)
                for name, column in columns.items()
            }
            senses[sense] = Sense(self.about[sense]["kind"], found, about)
        return senses

    def streams(self, sense: str, rows: NDArray[np.integer]) -> list[Any]:
        """Return the drives or streams of some recordings, read in the order of the store."""
        cells: list[Any] = [None] * len(rows)
        for at in np.argsort(rows, kind="stable").tolist():
            cells[at] = self.stream(sense, int(rows[at]))
        return cells

    def stream(self, sense: str, row: int) -> Any:
        """Return a drive or a stream of one recording, None where the sensor was absent."""
        columns, begins = self.columns[sense], self.starts[sense]
        low, high = int(begins[row]), int(begins[row + 1])
        if high <= low:
            return None
        kind = self.about[sense]["kind"]
        if kind == "events":
            events = np.empty(high - low, dtype=EVENT_DTYPE)
            for field in "txyp":
                columns[field].read_into(events[field], low, high)
            return events
        if kind == "drive":
            drive = columns["drive"]
            return drive.read(row, row + 1)[0] if is_dense(drive) else drive.read(low, high)
        units, channels, index = self._channels[sense]
        times = columns["time"].read(low, high)
        plain, last = times.tobytes(), self._times.get(sense)
        if last is not None and last[0] == plain:  # most sets are sampled at the same times
            _, time, along = last
        else:
            labels = pd.Index(times, name="time")
            time = xr.IndexVariable("time", labels)
            along = PandasIndex(labels, "time", coord_dtype=labels.dtype)
            self._times[sense] = plain, time, along
        coords = {"time": xr.IndexVariable(TIME, time._data, {"units": "s"}, fastpath=True)}
        for name, channel in channels.items():
            coords[name] = type(channel)(CHANNEL, channel._data, fastpath=True)
        values = columns["values"].read(low, high)
        variable = xr.Variable((*TIME, *CHANNEL), values, {"units": units}, fastpath=True)
        indexes: dict[Any, Any] = {"time": along, "channel": index}
        # The parts fit: to check that takes ten times as long.
        return xr.DataArray(variable, coords, name=sense, indexes=indexes, fastpath=True)

    @cached_property
    def _times(self) -> dict[str, tuple[bytes, xr.IndexVariable, PandasIndex]]:
        """Times of the recording read last, by sense, and their index."""
        return {}

    @cached_property
    def _channels(self) -> dict[str, tuple[str, dict[str, Any], PandasIndex]]:
        """Unit, coordinates and index of the channels of every sense of samples, built once."""
        built = {}
        for sense, about in self.about.items():
            if about["kind"] != "samples":
                continue
            names = pd.Index(np.array(about["names"]), name="channel")
            coords: dict[str, Any] = {
                "channel": xr.IndexVariable("channel", np.array(about["names"]))
            }
            if "unit" in about:
                unit = np.array(about["unit"])
                unit.flags.writeable = False  # all recordings have the same
                coords["unit"] = xr.Variable("channel", unit)
            index = PandasIndex(names, "channel", coord_dtype=coords["channel"].dtype)
            built[sense] = (about["units"], coords, index)
        return built

    def signature(self) -> list[tuple[int, int, int]]:
        """Return when folders, metadata and labels were changed; shards prove themselves."""
        found = []
        for name in self._watched:
            state = os.stat(name)
            found.append((state.st_mtime_ns, state.st_ino, state.st_size))
        return found

    @cached_property
    def _watched(self) -> list[str]:
        """Folders of the store, and the files that are not read anew for every recording."""
        names = proof.present(self.path)
        columns = {c.name for columns in self.columns.values() for c in columns.values()}
        small = {n for n in names if n.rpartition("/c/")[0] not in columns}
        folders = {str(parent) for name in names for parent in Path(name).parents}
        return [f"{self.path}/{name}" for name in sorted(small | folders)]

    def copy_to(
        self, writers: Mapping[str, Mapping[str, ColumnWriter]], low: int, high: int
    ) -> None:
        """Append a run of recordings to the columns of a store that is being written."""
        for sense, columns in writers.items():
            if sense not in self.columns:
                continue
            begin, end = (int(self.starts[sense][row]) for row in (low, high))
            for name, writer in columns.items():
                column = self.columns[sense][name]
                if is_dense(column) and is_dense(writer):
                    writer.copy(column, low, high, self.known)
                elif not is_dense(column) and not is_dense(writer):
                    writer.copy(column, begin, end, self.known)
                else:  # lengths were all equal and no longer are, or the other way round
                    for row in range(low, high):
                        values = self.stream(sense, row)
                        if values is not None:
                            writer.add(values[np.newaxis] if is_dense(writer) else values)


_kept: dict[str, tuple[list[tuple[int, int, int]], Store]] = {}
_keeping = Lock()
MOST_KEPT = 2


def opened(path: str | Path) -> Store:
    """Return a store that is open already, if nothing in it was changed; else open it."""
    place = os.path.realpath(path)
    with _keeping:
        kept = _kept.get(place)
    if kept is not None:
        try:
            if kept[1].signature() == kept[0]:
                return kept[1]
        except OSError:  # moved or deleted: opening it says so
            pass
    store = Store(path)
    signature = store.signature()
    with _keeping:
        _kept.pop(place, None)
        _kept[place] = signature, store
        while len(_kept) > MOST_KEPT:
            _kept.pop(next(iter(_kept)))
    return store


def content_hash_1(attrs: Mapping[str, Any], listed: Sequence[str]) -> str:
    """Return the one hash that stands for all that a store of the first format holds."""
    text = json.dumps(attrs, sort_keys=True) + "\n" + "\n".join(listed)
    return sha256(text.encode()).hexdigest()


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

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.datasets import list_table, load_nmnist_100, prepare
    >>> path = Path(mkdtemp()) / "digits.zarr"
    >>> done = prepare(list_table(load_nmnist_100()).first(20), path)
    >>> table, target, groups = open_prepared(path, rows=slice(10, 20))
    >>> table.shape, target[:2].tolist(), len(table["sight"].iloc[0])
    ((10, 1), [1, 1], 2723)
    """
    store = opened(path)
    names = store.names
    at = np.arange(len(names))[slice(None) if rows is None else np.asarray(rows) if not isinstance(
        rows, slice
    ) else rows]  # fmt: skip
    cells = {sense: store.streams(sense, at) for sense in store.senses}
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
        names), ``classes``, ``groups``, ``proof`` (of which files there are hashes), and the
        attributes: recipe, versions, skipped, content hash.

    Raises
    ------
    FileNotFoundError, ValueError
        As `open_prepared`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.datasets import list_table, load_nmnist_100, prepare
    >>> path = Path(mkdtemp()) / "digits.zarr"
    >>> done = prepare(list_table(load_nmnist_100()).first(20), path)
    >>> about = store_info(path)
    >>> about["recordings"], about["senses"]["sight"]["kind"], about["classes"]
    (20, 'events', 2)
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
    counts = {}
    for name, key in (("classes", "target"), ("groups", "group")):
        values = store.label(key)
        counts[name] = None if values is None else len(pd.unique(plain(values)))
    return {
        "path": str(path),
        "recordings": len(store.names),
        "bytes": sum(file.stat().st_size for file in files),
        **counts,
        "senses": senses,
        "proof": PROOF if store.attrs["format"] == FORMAT else PROOF_1,
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

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.datasets import list_table, load_nmnist_100, prepare
    >>> path = Path(mkdtemp()) / "digits.zarr"
    >>> done = prepare(list_table(load_nmnist_100()).first(20), path)
    >>> verify_prepared(path)
    []
    >>> _ = (path / "sight/t/zarr.json").write_bytes(b"{}")
    >>> verify_prepared(path)
    ['sight/t/zarr.json: its sha256 differs']
    """
    path = Path(path)
    check_is_store(path)
    if (path / proof.NAME).exists():
        return proof.verify(path)
    store = Store(path)
    if store.attrs["format"] == FORMAT:  # opening it raises before this line
        return [f"{proof.NAME}: missing"]
    apart = {"zarr.json", *(f for f in proof.present(path) if f.startswith("manifest/"))}
    return proof.differences(path, store.known, apart)


def verify_store(path: str | Path) -> list[str]:
    """Check every byte of a store, of `prepare` or of states; see `verify_prepared`."""
    return verify_states(path) if is_states(Path(path)) else verify_prepared(path)


def is_states(path: Path) -> bool:
    """Return whether a folder holds states, as `StatesWriter` writes them."""
    return _about(path / "states").get("node_type") == "array"


def check_is_store(path: Path) -> None:
    """Raise if there is nothing in the place of a store, a file, or a folder of other things."""
    if not path.exists():
        raise FileNotFoundError(f"there is no store at '{path}'; mottle prepare writes one.")
    if not path.is_dir():
        raise ValueError(
            f"'{path}' is a file, and a store is a folder: name one that mottle prepare wrote."
        )
    if not any((path / name).is_file() for name in ("zarr.json", proof.NAME)):
        raise ValueError(
            f"'{path}' is a folder without zarr.json, so no store: name one that mottle prepare, "
            "or mottle run --states, wrote."
        )


def _about(folder: Path) -> dict[str, Any]:
    """Return the metadata of a zarr array or group; nothing where they cannot be read."""
    try:
        return read_about((folder / "zarr.json").read_bytes(), "zarr.json")
    except (OSError, ValueError):
        return {}
