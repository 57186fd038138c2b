"""What ``mottle prepare`` does: recordings in, one finished store out, however often it is killed.

Blocks of recordings are read and encoded, and each is kept in a file of its own beside the store,
written aside and renamed. When all are there, the store is built aside, forced onto the disk and
renamed, so that it is never read half-written. A block is identified by the content of its
recordings and by the recipe, so a run that was killed goes on where it stopped, a changed recording
is done again, and the others are taken from the store that is there.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from mottle.checks import check_option, check_whole, suggest
from mottle.datasets.disk import finish_swap, only_writer
from mottle.datasets.listing import Listing
from mottle.datasets.stores.encoding import (
    FIT_LIMIT,
    WAY_OUT,
    describe,
    encode_block,
    encode_rows,
    fit_encoders,
    hashes,
)
from mottle.datasets.stores.parts import Parts
from mottle.datasets.stores.prepared import (
    FORMAT,
    LABELS,
    Source,
    Store,
    check_is_store,
    is_states,
    write_prepared,
)
from mottle.datasets.stores.states import check_attrs, check_coords
from mottle.sensors.files.limits import check_path

Progress = Callable[[str, int, int], None]
Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[tuple[int, Any]]]
ON_BAD = ("raise", "skip")
DTYPES = ("float32", "float64")
PACKAGES = ("numpy", "xarray", "zarr")
RUN = 1000  # recordings taken over at once, between two reports of progress


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
        What the readers repaired in the recordings of this run, by reason.
    seconds : float
        How long it took.
    senses : dict of str to str
        What is stored of each sense: "events", "samples" or "drive".

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.datasets import list_dataset
    >>> listing, path = list_dataset("nmnist-100").first(20), Path(mkdtemp()) / "digits.zarr"
    >>> runs = prepare(listing, path), prepare(listing, path)
    >>> [(run.n_recordings, run.n_encoded, run.skipped) for run in runs]
    [(20, 20, {}), (20, 0, {})]
    >>> runs[0].senses
    {'sight': 'events'}
    """

    path: Path
    n_recordings: int
    n_encoded: int
    skipped: dict[str, str]
    repairs: dict[str, int]
    seconds: float
    senses: dict[str, str]


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
        Store to write, such as ``"digits.zarr"``. One that is there and has the same recipe is
        brought up to date: what did not change is taken over.
    encoders : mapping of sense to encoder, optional
        Senses to store, as drives, by unfitted encoders. None stores all streams as they are.
    fit_on : str or sequence of str, optional
        Groups the encoders learn from, or "all". Default: the group "train", where there is one.
    fit_limit : int, default=1000
        The most recordings they learn from, evenly spread over these groups.
    on_bad : {"raise", "skip"}, default="raise"
        Stop at a recording that cannot be read or encoded, or leave it out and list it.
    block : int, default=64
        Recordings processed at once; a kill loses the work on one block (a worker).
    dtype : {"float32", "float64"}, default="float32"
        How drives are stored.
    attrs : mapping, optional
        Further attributes of the store; plain JSON values.
    run : callable, optional
        How blocks are processed: given a function and its arguments, yields (number, result) in
        any order. Default: in this process, one after the other.
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
        another recipe is in the place, names repeat, or no groups are given that the encoders
        learn from.
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
    _check(listing, encoders, fit_limit, on_bad, block, dtype)
    check_place(listing, path)
    report: Progress = progress or (lambda what, done, of: None)
    process: Run = run or one_by_one
    names = listing.names
    with only_writer(path):
        finish_swap(path)
        fitted, learnt_from = fit_encoders(listing, encoders, fit_on, fit_limit, on_bad)
        recipe = describe(listing.how, fitted, dtype)
        old = _open_old(path, recipe)
        digests = _hash_files(listing, block, process, report)
        for row, digest in learnt_from.items():
            if digests[row] != digest:
                raise ValueError(
                    f"{names[row]} changed while encoders learnt from it; run again once nothing "
                    "writes these files any more."
                )
        stored = old.where if old else {}
        todo = [row for row in range(len(names)) if digests[row] not in stored]
        parts = Parts(path.with_name(f".{path.name}.parts"), recipe)
        work = [todo[i : i + block] for i in range(0, len(todo), block)]
        missing = [rows for rows in work if not parts.find(rows, [digests[row] for row in rows])]
        tasks = [(rows, [digests[row] for row in rows]) for rows in missing]
        results = process(partial(encode_block, listing, fitted, dtype), tasks)
        for at, done in _watch("encoding", results, missing, report):
            if on_bad == "raise":
                _refuse_bad(names, missing[at], done)
            parts.keep(*tasks[at], done)
        layouts: dict[str, Any] = dict(old.layouts) if old else {}
        good, skipped = parts.sort_out(names, todo, layouts)
        if on_bad == "raise" and skipped:
            name, why = next(iter(skipped.items()))
            raise ValueError(f"{name}: {why}{WAY_OUT}")
        rows = sorted({*good, *(row for row in range(len(names)) if digests[row] in stored)})
        if not rows:
            first = names[min(names.index(name) for name in skipped)]
            raise ValueError(f"no recording could be used; the first, {first}: {skipped[first]}")
        labels = _labels(listing, digests, rows)
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
            places = old.runs(labels["digest"]) if old else [None] * len(rows)
            sizes = _sizes(old, parts, rows, places, layouts)
            sources = _sources(old.store if old else None, parts, rows, places)
            write_prepared(
                path, content, labels, sizes, layouts, _count(sources, len(rows), report)
            )
        parts.remove()
    return Prepared(
        path, len(rows), sum(row in good for block in missing for row in block), skipped,
        parts.repairs, perf_counter() - begin,
        {sense: str(layout[0]) for sense, layout in layouts.items()},
    )  # fmt: skip


def _hash_files(listing: Listing, block: int, process: Run, report: Progress) -> list[str]:
    """Return the digest of each recording's file or content."""
    n = len(listing.names)
    blocks = [range(i, min(i + block, n)) for i in range(0, n, block)]
    digests = [""] * n
    results = process(partial(hashes, listing), blocks)
    for at, found in _watch("checking files", results, blocks, report):
        digests[blocks[at].start : blocks[at].stop] = found
    return digests


def _refuse_bad(names: Sequence[str], rows: Sequence[int], done: Sequence[Any]) -> None:
    """Raise for the first recording of a block that could not be read or encoded."""
    bad = {row: reason for row, reason in zip(rows, done, strict=True) if isinstance(reason, str)}
    if bad:
        row = min(bad)
        raise ValueError(f"{names[row]}: {bad[row]}{WAY_OUT}")


def _labels(listing: Listing, digests: Sequence[str], rows: Sequence[int]) -> dict[str, Any]:
    """Return names, digests, targets and groups of the recordings that are stored."""
    labels: dict[str, Any] = {
        "recording": [listing.names[row] for row in rows],
        "digest": [digests[row] for row in rows],
    }
    for name, values in (("target", listing.target), ("group", listing.groups)):
        if values is not None:
            labels[name] = np.asarray(values)[rows]
    return labels


def _sizes(
    old: "Old | None", parts: Parts, rows: Sequence[int], places: Sequence[int | None],
    senses: Iterable[str],
) -> dict[str, NDArray[np.int64]]:  # fmt: skip
    """Return how long each recording of each sense is, in the store that is there or the parts."""

    def size(sense: str, row: int, place: int | None) -> int:
        if old is not None and place is not None:
            return int(old.size(sense, place))
        return parts.size(sense, row)

    return {
        sense: np.array([size(sense, *at) for at in zip(rows, places, strict=True)], dtype=np.int64)
        for sense in senses
    }


def _check(
    listing: Listing, encoders: Mapping[str, BaseEstimator] | None, fit_limit: int, on_bad: str,
    block: int, dtype: str,
) -> None:  # fmt: skip
    """Refuse impossible arguments, and names that repeat, before a recording is read."""
    check_whole("fit_limit", fit_limit)
    for sense, encoder in (encoders or {}).items():
        if listing.senses and sense not in listing.senses:
            raise ValueError(
                f"encoders: there is no sense {sense!r}{suggest(sense, listing.senses)} The "
                f"recordings have {', '.join(listing.senses)}."
            )
        check_parameters = getattr(encoder, "_check_parameters", None)
        if check_parameters is not None:
            check_parameters()
    check_option("on_bad", on_bad, ON_BAD)
    check_whole("block", block)
    check_option("dtype", dtype, DTYPES)
    if not listing.names:
        raise ValueError("there is no recording to prepare.")
    known: set[str] = set()
    for name in listing.names:
        if name in known:
            raise ValueError(f"two recordings are called {name!r}; names must differ.")
        known.add(name)
    labels = {"recording": listing.names, "target": listing.target, "group": listing.groups}
    for label, values in labels.items():  # what cannot be stored is found now, not after the work
        if values is None:
            continue
        plain = values if isinstance(values, list) else np.asarray(values).tolist()
        for name, value in zip(listing.names, plain, strict=True):
            if isinstance(value, str):
                _check_text(f"{label} of {name!r}", value)
        check_coords({label: ("recording", values)}, {"recording": len(listing.names)})
    for sense in listing.senses:
        check_sense(sense)


def _check_text(what: str, text: str) -> None:
    """Refuse text that is not UTF-8, such as a file's name in another encoding, and NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{what}: {text!r} is not UTF-8, which stores hold; rename the file or the class "
            "(convmv -f latin1 -t utf8 renames files)."
        ) from None
    if "\0" in text:
        raise ValueError(f"{what}: {text!r} has a NUL character; rename it.")


def check_sense(name: str) -> None:
    """Refuse the name of a sense that cannot be the name of a folder in the store."""
    _check_text("sense", name)
    taken = (*LABELS, "manifest", "zarr.json")
    if name in taken:
        raise ValueError(f"sense {name!r}: the store needs this name for itself; rename it.")
    if (
        not name.strip() or name.startswith((".", "__")) or len(name.encode()) > 200
        or any(c in '/\\:*?"<>|' or not c.isprintable() for c in name)
    ):  # fmt: skip
        raise ValueError(
            f"sense {name!r} cannot name a folder of the store: use letters, digits, spaces and "
            "'-', '_', and no '.' or '__' in front."
        )


def check_place(listing: Listing, path: Path) -> None:
    """Refuse a store in place of something else, and among the files it is made of.

    There the next run would take it for input.
    """
    check_path(path, folders=True)
    if not path.name or path.name == "..":
        raise ValueError(f"'{path}' cannot be a store: name a folder, such as digits.zarr.")
    for above in path.parents:
        if above.exists() and not above.is_dir():
            raise ValueError(f"'{path}' lies below '{above}', which is a file; name another path.")
    if path.exists() and not path.is_dir():
        raise ValueError(
            f"'{path}' is a file, and the store is a folder; name another path, or delete the file."
        )
    place = path.resolve()
    for folder in map(Path, listing.folders):
        inside = folder.resolve()
        if place == inside or inside in place.parents:
            raise ValueError(
                f"the store '{path}' would lie inside the recordings' folder '{folder}'; write it "
                "beside that folder."
            )
        if place in inside.parents and path.exists():
            raise ValueError(
                f"the recordings' folder '{folder}' lies inside '{path}', which the store would "
                "replace; choose another path."
            )
    if path.is_dir() and any(path.iterdir()):
        try:
            check_is_store(path)
        except ValueError:
            raise ValueError(
                f"'{path}' is a folder with other files in it, which a store would replace; name "
                "another path."
            ) from None
        if is_states(path):
            raise ValueError(f"'{path}' holds states, not recordings; name another path.")


def one_by_one(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Process the items in this process, one after the other."""
    return ((at, work(item)) for at, item in enumerate(items))


class Old:
    """The store in the place, which has the same recipe: its recordings by digest."""

    def __init__(self, store: Store):
        self.store = store
        self.where: dict[str, list[int]] = {}
        for place, digest in enumerate(self._label("digest")):
            self.where.setdefault(str(digest), []).append(place)
        self.layouts = {sense: store.layout(sense) for sense in store.senses}
        self._sizes = {sense: store.sizes(sense) for sense in store.senses}

    def _label(self, name: str) -> list[Any]:
        """Return one value a recording; none where the store has no such label."""
        values = self.store.label(name)
        return [] if values is None else values.tolist()

    def size(self, sense: str, place: int) -> int:
        """Return how many rows a sense of a recording has."""
        return int(self._sizes[sense][place]) if sense in self._sizes else 0

    def runs(self, digests: Sequence[str]) -> list[int | None]:
        """Return where recordings lie, None for new ones; twins are taken in runs."""
        places: list[int | None] = []
        for digest in digests:
            found = self.where.get(digest, [])
            after = -1 if not places or places[-1] is None else places[-1] + 1
            places.append(after if after in found else found[0] if found else None)
        return places

    def holds(self, content: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
        """Return whether the store is already what is wanted."""
        mine = {k: v for k, v in self.store.attrs.items() if k not in ("format", "content_hash")}
        found = {name: values for name in LABELS if (values := self._label(name))}
        wanted = {k: np.asarray(v).tolist() for k, v in labels.items()}
        return self.store.attrs["format"] == FORMAT and mine == content and found == wanted


def _sources(
    old: Store | None, parts: Parts, rows: Sequence[int], places: Sequence[int | None]
) -> Iterator[Source]:
    """Yield where the recordings of a store come from: runs of the old one, or their blocks."""
    at = 0
    while at < len(rows):
        begin = places[at]
        if begin is None or old is None:
            yield Source([parts.row(rows[at])])
            at += 1
            continue
        end = begin
        while at < len(rows) and places[at] == end and end - begin < RUN:
            at, end = at + 1, end + 1
        yield Source((), old, begin, end)


def _open_old(path: Path, recipe: Mapping[str, Any]) -> Old | None:
    """Return the store in the place if it has this recipe, None if there is nothing; else raise."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return None
    store = Store(path)
    differ = _differing(store.attrs["recipe"], recipe)
    if not differ:
        return Old(store)
    kinds = [name.removesuffix(".learnt") for name in differ if name.endswith(".learnt")]
    if len(kinds) == len(differ):
        raise ValueError(
            f"'{path}' has another recipe: {', '.join(kinds)} learnt other scales from the "
            "recordings of this run than from those of the store, so that the drives in it would "
            "not match new ones. Let encoders learn from recordings that stay the same (fit_on "
            "with a group, such as 'train'), give the scale as a parameter, or write to another "
            "path."
        )
    what = "; ".join(f"{name} was {was}, is now {now}" for name, (was, now) in differ.items())
    raise ValueError(
        f"'{path}' has another recipe: {what[:400]}; write to another path, or delete it."
    )


def _differing(was: Any, now: Any, name: str = "") -> dict[str, tuple[str, str]]:
    """Return what differs between two recipes: the keys, joined by dots, and both values."""
    if isinstance(was, dict) and isinstance(now, dict):
        found: dict[str, tuple[str, str]] = {}
        for key in {**was, **now}:
            inside = f"{name}.{key}".lstrip(".")
            found |= _differing(was.get(key), now.get(key), inside)
        return found
    return {} if was == now else {name: (json.dumps(was)[:80], json.dumps(now)[:80])}


def _watch(
    what: str, results: Iterator[tuple[int, Any]], blocks: Sequence[Any], report: Progress
) -> Iterator[tuple[int, Any]]:
    """Pass results on and report how many recordings are done."""
    done, of = 0, sum(map(len, blocks))
    report(what, 0, of)
    for at, result in results:
        yield at, result
        done += len(blocks[at])
        report(what, done, of)


def _count(sources: Iterator[Source], of: int, report: Progress) -> Iterator[Source]:
    """Pass recordings on and report how many are stored."""
    done = 0
    for source in sources:
        yield source
        done += (source.high - source.low) or 1
        report("storing", done, of)


class Plan(NamedTuple):
    """What a run would give.

    Attributes
    ----------
    n_recordings : int
        Recordings found.
    senses : dict of str to str
        Kind and shape of each, from the recordings tried.
    n_bytes : float
        Estimated size in byte, before compression.
    seconds : float
        Estimated time on one core.

    Examples
    --------
    >>> from mottle.datasets import list_dataset
    >>> found = plan(list_dataset("smellnet-10"), n_tried=2)
    >>> found.n_recordings, found.senses
    (50, {'smell': 'samples: 562 to 592 rows of time, values (11,)'})
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
    """Try a few recordings, evenly spread, and estimate what `prepare` would give for all.

    Parameters
    ----------
    listing, encoders, fit_on, fit_limit, on_bad, dtype :
        As of `prepare`.
    n_tried : int, default=10
        Recordings tried, after one that is not timed because kernels are compiled in it.

    Returns
    -------
    Plan
        Shapes, size and time; nothing is written.

    Raises
    ------
    ValueError
        As `prepare`.

    Examples
    --------
    >>> from mottle.datasets import list_dataset
    >>> from mottle.sensors import EventRate
    >>> encoders = {"sight": EventRate(5, sensor_size=(34, 34), cell=2)}
    >>> found = plan(list_dataset("nmnist-100"), encoders=encoders, fit_on="all", n_tried=2)
    >>> found.n_recordings, found.senses, found.n_bytes
    (100, {'sight': 'drive: 5 rows of drive (578,)'}, 1156000.0)
    """
    _check(listing, encoders, fit_limit, on_bad, 1, dtype)
    check_whole("n_tried", n_tried)
    fitted, _ = fit_encoders(listing, encoders, fit_on, min(fit_limit, 20), on_bad)
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
        text = ", ".join(f"{name} {tuple(tail)}" if tail else name for name, tail in wide.items())
        span = f"{min(lengths)}" + (f" to {max(lengths)}" if max(lengths) > min(lengths) else "")
        senses[sense] = f"{found[0].kind}: {span} rows of {text}"
    ratio = len(listing.names) / len(rows)
    return Plan(len(listing.names), senses, n_bytes * ratio, seconds * ratio)
