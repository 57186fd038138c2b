"""What ``mottle prepare`` does: recordings in, one finished store out, however often it is killed.

Blocks of recordings are read and encoded, and each is kept in a file of its own beside the store,
written aside and renamed. When all are there, the store is built aside, forced onto the disk and
renamed: nobody ever sees half of it. What a block holds is known by the content of its recordings
and by the recipe, so a run that was killed goes on where it stopped, a changed recording is done
again, and the others are taken from the store that is there.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from mottle.datasets.disk import finish_swap, only_writer, write_whole
from mottle.datasets.listing import Listing
from mottle.datasets.stores.prepared import Row, Sense, Store, write_prepared
from mottle.datasets.stores.states import check_attrs
from mottle.sensors.files import EventFile
from mottle.sensors.streams import is_absent

Progress = Callable[[str, int, int], None]
Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[tuple[int, Any]]]
ON_BAD = ("raise", "skip")
FIT_LIMIT = 1000
WAY_OUT = (
    " (What was done so far is kept: mend the recording and run again, or skip bad ones with "
    "on_bad='skip'.)"
)
PACKAGES = ("numpy", "xarray", "zarr")


class Prepared(NamedTuple):
    """What a run did.

    Attributes
    ----------
    path : Path
        The store.
    n_recordings, n_encoded : int
        Recordings in it, and those of them that this run encoded: the rest was there.
    skipped : dict of str to str
        Recordings that could not be read or encoded, and why.
    repairs : dict of str to int
        What the readers mended in the recordings of this run, by reason.
    seconds : float
        How long it took.
    """

    path: Path
    n_recordings: int
    n_encoded: int
    skipped: dict[str, str]
    repairs: dict[str, int]
    seconds: float


def prepare(
    listing: Listing,
    path: str | Path,
    *,
    encoders: Mapping[str, BaseEstimator] | None = None,
    fit_on: str | Sequence[str] | None = None,
    fit_limit: int = FIT_LIMIT,
    on_bad: str = "raise",
    block: int = 64,
    dtype: str = "float32",
    attrs: Mapping[str, Any] | None = None,
    run: Run | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Read, encode and store recordings; a run that was killed goes on where it stopped.

    Parameters
    ----------
    listing : Listing
        Recordings to come, of `list_files`, `list_table` or `list_dataset`.
    path : path
        Store to make, such as ``"digits.zarr"``. One that is there and was made by the same recipe
        is brought up to date: what did not change is taken over.
    encoders : mapping of sense to encoder, optional
        Senses to store, as drives, by unfitted encoders. None stores all streams as they are.
    fit_on : str or sequence of str, optional
        Groups the encoders learn from, or "all". Default: the group "train", where there is one.
    fit_limit : int, default=1000
        The most recordings they learn from, evenly spread over these groups.
    on_bad : {"raise", "skip"}, default="raise"
        Stop at a recording that cannot be read or encoded, or leave it out and account for it.
    block : int, default=64
        Recordings done at once; a kill loses the work on one block (a worker).
    dtype : {"float32", "float64"}, default="float32"
        How drives are stored.
    attrs : mapping, optional
        Further attributes of the store; plain JSON values.
    run : callable, optional
        How blocks are done: given a function and its arguments, yields (number, result) in any
        order. Default: here, one after the other.
    progress : callable, optional
        Called with what is done, how much of it, and how much there is.

    Returns
    -------
    Prepared
        An account of the run.

    Raises
    ------
    ValueError
        If a recording is bad and ``on_bad="raise"``, none is good, something else or a store of
        another recipe is in the place, names repeat, or it is not said what the encoders learn
        from.
    RuntimeError
        If another run writes this store.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.datasets import list_table, load_nmnist_100, open_prepared
    >>> from mottle.sensors import EventRate
    >>> done = prepare(
    ...     list_table(load_nmnist_100()).first(20),
    ...     Path(mkdtemp()) / "digits.zarr",
    ...     encoders={"sight": EventRate(5, sensor_size=(34, 34), cell=2)},
    ...     fit_on="all",
    ... )
    >>> done.n_encoded, open_prepared(done.path).table["sight"].iloc[3].shape
    (20, (5, 578))
    """
    begin, path = perf_counter(), Path(path)
    _check(listing, on_bad, block, dtype)
    tell: Progress = progress or (lambda what, done, of: None)
    do: Run = run or one_by_one
    names = listing.names
    with only_writer(path):
        finish_swap(path)
        fitted = fit_encoders(listing, encoders, fit_on, fit_limit, on_bad)
        recipe = describe(listing.how, fitted, dtype)
        old = _open_old(path, recipe)
        blocks = [range(i, min(i + block, len(names))) for i in range(0, len(names), block)]
        digests: list[str] = [""] * len(names)
        for at, found in _watch(
            "checking files", do(partial(hashes, listing), blocks), blocks, tell
        ):
            digests[blocks[at].start : blocks[at].stop] = found
        there = old.where if old else {}
        todo = [row for row in range(len(names)) if digests[row] not in there]
        parts = Parts(path.with_name(f".{path.name}.parts"), recipe)
        work = [todo[i : i + block] for i in range(0, len(todo), block)]
        missing = [rows for rows in work if not parts.find(rows, [digests[row] for row in rows])]
        encode = partial(encode_rows, listing, fitted, dtype)
        for at, done in _watch("encoding", do(encode, missing), missing, tell):
            rows = missing[at]
            bad = {
                row: reason
                for row, reason in zip(rows, done, strict=True)
                if isinstance(reason, str)
            }
            if bad and on_bad == "raise":
                row = min(bad)
                raise ValueError(f"{names[row]}: {bad[row]}{WAY_OUT}")
            parts.keep(rows, [digests[row] for row in rows], done)
        layouts = dict(old.layouts) if old else {}
        good, skipped = parts.sort_out(names, todo, layouts)
        rows = sorted({*good, *(row for row in range(len(names)) if digests[row] in there)})
        if not rows:
            first = names[min(names.index(name) for name in skipped)]
            raise ValueError(f"no recording could be used; the first, {first}: {skipped[first]}")
        labels: dict[str, Any] = {
            "recording": [names[row] for row in rows],
            "digest": [digests[row] for row in rows],
        }
        for name, values in (("target", listing.target), ("group", listing.groups)):
            if values is not None:
                labels[name] = np.asarray(values)[rows]
        content = check_attrs(
            {
                **(attrs or {}),
                "recipe": recipe,
                "source": listing.attrs,
                "skipped": skipped,
                "versions": {name: version(name) for name in PACKAGES},
            }
        )
        if old is None or not old.holds(content, labels):

            def load(row: int) -> Row:
                return old.row(digests[row]) if old and digests[row] in there else parts.row(row)

            def size(sense: str, row: int) -> int:
                if old and digests[row] in there:
                    return old.size(sense, digests[row])
                return parts.size(sense, row)

            sizes = {s: np.array([size(s, row) for row in rows], dtype=np.int64) for s in layouts}
            write_prepared(
                path, content, labels, sizes, layouts, _count(map(load, rows), len(rows), tell)
            )
        parts.remove()
    return Prepared(
        path, len(rows), sum(row in good for block in missing for row in block), skipped,
        parts.repairs, perf_counter() - begin,
    )  # fmt: skip


def _check(listing: Listing, on_bad: str, block: int, dtype: str) -> None:
    if on_bad not in ON_BAD:
        raise ValueError(f"on_bad={on_bad!r} must be 'raise' or 'skip'.")
    if block < 1:
        raise ValueError(f"block={block} recordings must be at least 1.")
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype={dtype!r} must be 'float32' or 'float64'.")
    if not listing.names:
        raise ValueError("there is no recording to prepare.")
    seen: set[str] = set()
    for name in listing.names:
        if name in seen:
            raise ValueError(f"two recordings are called {name!r}; names must differ.")
        seen.add(name)


def fit_encoders(
    listing: Listing,
    encoders: Mapping[str, BaseEstimator] | None,
    fit_on: str | Sequence[str] | None,
    fit_limit: int = FIT_LIMIT,
    on_bad: str = "raise",
) -> dict[str, BaseEstimator] | None:
    """Fit encoders on the recordings they may see; None where nothing is encoded."""
    if encoders is None:
        return None
    if not encoders:
        raise ValueError("name at least one sense to encode.")
    groups = None if listing.groups is None else np.asarray(listing.groups).astype(str)
    if fit_on is None:
        if groups is None or "train" not in groups:
            raise ValueError(
                "encoders learn scales, so say what they may learn from: fit_on='all' if there is "
                "no test part, or a list of groups"
                + ("." if groups is None else f" out of {', '.join(sorted(set(groups))[:10])}.")
            )
        fit_on = ["train"]
    if fit_on == "all":
        rows = np.arange(len(listing.names))
    else:
        wanted = [fit_on] if isinstance(fit_on, str) else [str(group) for group in fit_on]
        for group in wanted:
            if groups is None or group not in groups:
                known = "none" if groups is None else ", ".join(sorted(set(groups))[:10])
                raise ValueError(f"fit_on: there is no group {group!r}; there are {known}.")
        rows = np.flatnonzero(np.isin(np.asarray(groups), wanted))
    if fit_limit < 1:
        raise ValueError(f"fit_limit={fit_limit} recordings must be at least 1.")
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(fit_limit, len(rows))).astype(int))]
    streams: dict[str, list[Any]] = {sense: [] for sense in encoders}
    fitted = {sense: clone(encoder) for sense, encoder in encoders.items()}
    for row in rows:
        try:
            found = listing.read(int(row))
        except ValueError as error:
            if on_bad == "raise":
                raise ValueError(f"{listing.names[row]}: {error}{WAY_OUT}") from error
            continue
        for sense in encoders:
            if sense not in found:
                raise ValueError(
                    f"there is no sense {sense!r}; the recordings have {', '.join(found)}."
                )
            stream = found[sense]
            if isinstance(stream, EventFile):
                _take_size(fitted[sense], stream)
                stream = stream.events
            if not is_absent(stream):
                streams[sense].append(stream)
    for sense, encoder in fitted.items():
        if not streams[sense]:
            raise ValueError(f"no recording with {sense!r} was good enough to learn from.")
        encoder.fit(streams[sense])
    return fitted


def _take_size(encoder: BaseEstimator, file: EventFile) -> None:
    """Give an encoder the size of the sensor which the file tells, if it has none."""
    if file.sensor_size is not None and encoder.get_params().get("sensor_size", 0) is None:
        encoder.set_params(sensor_size=file.sensor_size)


def describe(
    how: Mapping[str, Any], fitted: Mapping[str, BaseEstimator] | None, dtype: str
) -> dict[str, Any]:
    """Return what decides the bytes, as JSON values: how recordings are read and encoded."""
    recipe: dict[str, Any] = {"mottle": version("mottle"), "read": dict(how), "encoders": {}}
    if fitted is None:
        return check_attrs(recipe)
    parts = recipe["encoders"]
    for sense, encoder in sorted(fitted.items()):
        learnt = sha256()
        for name, value in sorted(vars(encoder).items()):
            learnt.update(name.encode())
            array = np.asarray(value)
            learnt.update(repr(value).encode() if array.dtype == object else array.tobytes())
        parts[sense] = {
            "kind": type(encoder).__name__,
            "parameters": encoder.get_params(),
            "learnt": learnt.hexdigest(),
        }
    return check_attrs({**recipe, "dtype": dtype})


def one_by_one(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Do the items here, one after the other."""
    return ((at, work(item)) for at, item in enumerate(items))


def hashes(listing: Listing, rows: Sequence[int]) -> list[str]:
    """Return the digests of some recordings; one that cannot be read stands for itself."""
    found = []
    for row in rows:
        try:
            found.append(listing.digest(row))
        except (ValueError, OSError) as error:
            found.append(sha256(f"{listing.names[row]}: {error}".encode()).hexdigest())
    return found


def encode_rows(
    listing: Listing, fitted: Mapping[str, BaseEstimator] | None, dtype: str, rows: Sequence[int]
) -> list[Row | str]:
    """Read and encode some recordings: each as a row, or as the reason why it is none."""
    done: list[Row | str] = []
    names = {
        sense: list(map(str, e.get_feature_names_out())) for sense, e in (fitted or {}).items()
    }
    for row in rows:
        try:
            done.append(encode_streams(listing.read(row), fitted, names, dtype))
        except (ValueError, OSError) as error:
            done.append(f"{error}")
    return done


def encode_streams(
    streams: Mapping[str, Any], fitted: Mapping[str, BaseEstimator] | None,
    names: Mapping[str, list[str]], dtype: str,
) -> Row:  # fmt: skip
    """Return one recording as it is stored."""
    senses: dict[str, Sense | None] = {}
    repairs: dict[str, int] = {}
    for sense in streams if fitted is None else fitted:
        stream = streams[sense]
        size = None
        if isinstance(stream, EventFile):
            mended, size, stream = stream.repairs, stream.sensor_size, stream.events
        else:
            mended = dict(getattr(stream, "attrs", {}).get("repairs", {}))
        for reason, count in mended.items():
            repairs[reason] = repairs.get(reason, 0) + int(count)
        if is_absent(stream):
            senses[sense] = None
        elif fitted is None:
            senses[sense] = raw_sense(stream, size)
        else:
            encoder = fitted[sense]
            wanted = encoder.get_params().get("sensor_size")
            if size is not None and wanted is not None and tuple(wanted[:2]) != tuple(size):
                raise ValueError(
                    f"its sensor has {size[0]} x {size[1]} pixels, the encoder expects "
                    f"{wanted[0]} x {wanted[1]}."
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # events dropped; counted below
                drive = np.asarray(encoder.transform([stream])[0])
            if hasattr(encoder, "count"):
                lost = encoder.count([stream]).iloc[0]
                for reason in ("outside", "late"):
                    if lost[reason]:
                        repairs[f"events {reason}"] = int(lost[reason])
            about = {"names": names[sense], "units": "1"}
            senses[sense] = Sense("drive", {"drive": drive.astype(dtype)}, about)
    return Row(senses, repairs)


def raw_sense(stream: Any, size: tuple[int, int] | None) -> Sense:
    """Return a stream as columns."""
    if isinstance(stream, np.ndarray) and stream.dtype.names is not None:
        if not len(stream):
            raise ValueError("it holds no event.")
        told = {} if size is None else {"sensor_size": [int(side) for side in size]}
        return Sense("events", {name: np.ascontiguousarray(stream[name]) for name in "txyp"}, told)
    if not isinstance(stream, xr.DataArray):
        values = np.asarray(stream)
        stream = xr.DataArray(
            values, dims=("time", "channel"),
            coords={"time": np.arange(len(values), dtype=float), "channel": range(values.shape[1])},
        )  # fmt: skip
    about: dict[str, Any] = {
        "names": [str(name) for name in stream["channel"].to_numpy()],
        "units": str(stream.attrs.get("units", "1")),
    }
    if "unit" in stream.coords:
        about["unit"] = [str(unit) for unit in stream["unit"].to_numpy()]
    columns = {
        "time": stream["time"].to_numpy().astype(np.float64),
        "values": np.ascontiguousarray(stream.transpose("time", "channel").to_numpy()),
    }
    return Sense("samples", columns, about)


class Parts:
    """Blocks that are done, each in a file of its own until the store is whole."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any]):
        self.folder = folder
        self.recipe = json.dumps(recipe, sort_keys=True)
        self.repairs: dict[str, int] = {}
        self._index: dict[int, tuple[Path, Any, list[Any]]] = {}
        self._open: tuple[Path | None, dict[str, NDArray]] = None, {}

    def _path(self, digests: Sequence[str]) -> Path:
        text = "\n".join([self.recipe, *digests])
        return self.folder / f"{sha256(text.encode()).hexdigest()[:32]}.npz"

    def find(self, rows: Sequence[int], digests: Sequence[str]) -> bool:
        """Take up a block that an earlier run has done; say whether there was one."""
        path = self._path(digests)
        if not path.exists():
            return False
        with np.load(path, allow_pickle=False) as file:
            index, layouts = json.loads(file["index"].tobytes())
        if any(isinstance(entry, str) for entry in index):  # perhaps they are better now
            return False
        self._index.update({row: (path, index[k], layouts) for k, row in enumerate(rows)})
        return True

    def keep(self, rows: Sequence[int], digests: Sequence[str], done: Sequence[Row | str]) -> None:
        """Write a block, whole or not at all."""
        index: list[Any] = []
        layouts: list[Any] = []
        columns: dict[str, list[NDArray]] = {}
        ends: list[int] = []
        for entry in done:
            if isinstance(entry, str):
                index.append(entry)
                continue
            told: dict[str, Any] = {}
            for sense, stored in entry.senses.items():
                told[sense] = None
                if stored is None:
                    continue
                place = [sense, stored.layout()]
                if place not in layouts:
                    layouts.append(place)
                    ends.append(0)
                number = layouts.index(place)
                size = len(next(iter(stored.columns.values())))
                told[sense] = [ends[number], size, number]
                ends[number] += size
                for name, column in stored.columns.items():
                    columns.setdefault(f"{number}-{name}", []).append(column)
            index.append({"senses": told, "repairs": entry.repairs})
        arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
        arrays["index"] = np.frombuffer(json.dumps([index, layouts]).encode(), dtype=np.uint8)
        self.folder.mkdir(exist_ok=True)
        path = self._path(digests)
        write_whole(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
        self._index.update({row: (path, index[k], layouts) for k, row in enumerate(rows)})

    def sort_out(
        self, names: Sequence[str], rows: Sequence[int], layouts: dict[str, list[Any]]
    ) -> tuple[set[int], dict[str, str]]:
        """Return the good rows, and for the others the reason, by name; fill in the layouts.

        The first recording with a sense decides the layout of all.
        """
        good, skipped = set(), {}
        for row in rows:
            _, entry, own = self._index[row]
            if isinstance(entry, str):
                skipped[names[row]] = entry
                continue
            mine = {s: own[told[2]][1] for s, told in entry["senses"].items() if told is not None}
            odd = [s for s, layout in mine.items() if layout != layouts.setdefault(s, layout)]
            if odd:
                was, now = layouts[odd[0]], mine[odd[0]]
                skipped[names[row]] = f"its {odd[0]} differs from the first: {_differ(was, now)}."
                continue
            good.add(row)
            for reason, count in entry["repairs"].items():
                self.repairs[reason] = self.repairs.get(reason, 0) + count
        return good, skipped

    def size(self, sense: str, row: int) -> int:
        """Return how many rows a sense of a recording has."""
        told = self._index[row][1]["senses"].get(sense)
        return 0 if told is None else told[1]

    def row(self, row: int) -> Row:
        """Return a recording that is done."""
        path, entry, layouts = self._index[row]
        if self._open[0] != path:
            with np.load(path, allow_pickle=False) as file:
                self._open = path, {name: file[name] for name in file.files}
        arrays = self._open[1]
        senses: dict[str, Sense | None] = {}
        for sense, told in entry["senses"].items():
            if told is None:
                senses[sense] = None
                continue
            begin, size, number = told
            kind, shapes, about = layouts[number][1]
            part = slice(begin, begin + size)
            columns = {name: arrays[f"{number}-{name}"][part] for name, *_ in shapes}
            senses[sense] = Sense(kind, columns, about)
        return Row(senses, entry["repairs"])

    def remove(self) -> None:
        """Delete the blocks, once the store holds them."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _differ(was: Sequence[Any], now: Sequence[Any]) -> str:
    """Say in what two layouts differ."""
    if was[0] != now[0]:
        return f"{now[0]}, not {was[0]}"
    if was[1] != now[1]:
        return f"columns {now[1]}, not {was[1]}"
    keys = [key for key in {**was[2], **now[2]} if was[2].get(key) != now[2].get(key)]
    return "; ".join(f"{k} {now[2].get(k, 'not told')}, not {was[2].get(k)}" for k in keys)


class Old:
    """The store that is there, made by the same recipe: its recordings by digest."""

    def __init__(self, store: Store):
        self.store = store
        self.where = {str(d): i for i, d in enumerate(store.label("digest"))}
        self.layouts = {sense: store.layout(sense) for sense in store.senses}
        self.starts = store.starts()

    def row(self, digest: str) -> Row:
        """Return a recording."""
        return Row(self.store.read(self.where[digest], self.starts), {})

    def size(self, sense: str, digest: str) -> int:
        """Return how many rows a sense of a recording has."""
        begin, end = self.starts[sense][self.where[digest] :][:2]
        return int(end - begin)

    def holds(self, content: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
        """Say whether the store is just what is wanted."""
        mine = {k: v for k, v in self.store.attrs.items() if k not in ("format", "content_hash")}
        there = {
            name: self.store.label(name) for name in ("recording", "digest", "target", "group")
        }
        found = {name: values.tolist() for name, values in there.items() if values is not None}
        return mine == content and found == {k: np.asarray(v).tolist() for k, v in labels.items()}


def _open_old(path: Path, recipe: Mapping[str, Any]) -> Old | None:
    """Return the store in the place if it has this recipe, None if there is nothing; else raise."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return None
    store = Store(path)
    if store.attrs["recipe"] != recipe:
        raise ValueError(
            f"'{path}' was made by another recipe ({json.dumps(store.attrs['recipe'])[:200]}); "
            "write to another path, or delete it."
        )
    return Old(store)


def _watch(
    what: str, results: Iterator[tuple[int, Any]], blocks: Sequence[Any], tell: Progress
) -> Iterator[tuple[int, Any]]:
    """Pass results on and tell how many recordings are done."""
    done, of = 0, sum(map(len, blocks))
    tell(what, 0, of)
    for at, result in results:
        yield at, result
        done += len(blocks[at])
        tell(what, done, of)


def _count(rows: Iterator[Row], of: int, tell: Progress) -> Iterator[Row]:
    for done, row in enumerate(rows, start=1):
        yield row
        tell("storing", done, of)


class Plan(NamedTuple):
    """What a run would make.

    Attributes
    ----------
    n_recordings : int
        Recordings found.
    senses : dict of str to str
        Kind and shape of each, as seen in the recordings tried.
    n_bytes : float
        Estimated size in byte, before compression.
    seconds : float
        Estimated time on one core.
    """

    n_recordings: int
    senses: dict[str, str]
    n_bytes: float
    seconds: float


def plan(
    listing: Listing,
    *,
    encoders: Mapping[str, BaseEstimator] | None = None,
    fit_on: str | Sequence[str] | None = None,
    fit_limit: int = FIT_LIMIT,
    on_bad: str = "raise",
    dtype: str = "float32",
    n_tried: int = 10,
) -> Plan:
    """Try a few recordings, evenly spread, and say what `prepare` would make of all.

    Parameters
    ----------
    listing, encoders, fit_on, fit_limit, on_bad, dtype :
        As of `prepare`.
    n_tried : int, default=10
        Recordings tried, after one that pays for compiling.

    Returns
    -------
    Plan
        Shapes, size and time; nothing is written.

    Raises
    ------
    ValueError
        As `prepare`.
    """
    _check(listing, on_bad, 1, dtype)
    fitted = fit_encoders(listing, encoders, fit_on, min(fit_limit, 20), on_bad)
    rows = np.unique(np.linspace(0, len(listing.names) - 1, n_tried).astype(int)).tolist()
    encode_rows(listing, fitted, dtype, rows[:1])
    begin = perf_counter()
    done = encode_rows(listing, fitted, dtype, rows)
    hashes(listing, rows)
    seconds = perf_counter() - begin
    good = [row for row in done if not isinstance(row, str)]
    if not good:
        raise ValueError(f"{listing.names[rows[0]]}: {done[0]}")
    senses, n_bytes = {}, 0.0
    for sense in good[0].senses:
        found = [kept for row in good if (kept := row.senses[sense]) is not None]
        if not found:
            continue
        lengths = [len(next(iter(kept.columns.values()))) for kept in found]
        n_bytes += sum(c.nbytes for kept in found for c in kept.columns.values())
        wide = {name: c.shape[1:] for name, c in found[0].columns.items()}
        told = ", ".join(f"{name} {tuple(tail)}" if tail else name for name, tail in wide.items())
        span = f"{min(lengths)}" + (f" to {max(lengths)}" if max(lengths) > min(lengths) else "")
        senses[sense] = f"{found[0].kind}: {span} rows of {told}"
    share = len(listing.names) / len(rows)
    return Plan(len(listing.names), senses, n_bytes * share, seconds * share)
