"""Data sets of tonic by name, each recording read when it is used.

tonic is under GPL-3.0 and optional: it is imported when a set is opened.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_bool, choose, suggest
from mottle.datasets.disk import file_hash
from mottle.datasets.downloads.home import data_home
from mottle.datasets.listing import Listing, stream_hash
from mottle.datasets.table import Recordings, make_table
from mottle.events import EVENT_DTYPE, FIELDS, LazyStream
from mottle.plugins import import_tonic
from mottle.sensors.files import EventFile

PREFIX = "tonic:"
TRANSFORMS = ("transform", "target_transform", "transforms")
OURS = ("sense", "groups", "root", "download")  # options that are not tonic's
DATA_SUFFIXES = frozenset(
    [".aedat4", ".bag", ".bin", ".h5", ".hdf5", ".mat", ".npy", ".npz", ".txt", ""]
)
ALONE = (
    "each recording is its own group, as tonic's files do not say which belong together: random "
    "splits may put recordings of one person, object or place on both sides"
)
HAVE = {"NCARS": "n-cars", "STMNIST": "st-mnist"}  # sets of others that tonic 1.7 does not have


def is_tonic(name: Any) -> bool:
    """Return whether a name of a data set means one of tonic's.

    Examples
    --------
    >>> is_tonic("tonic:NMNIST"), is_tonic("nmnist")
    (True, False)
    """
    return str(name).startswith(PREFIX)


def load_tonic(
    dataset: str | Sequence[Any],
    root: str | Path | None = None,
    *,
    sense: str = "events",
    groups: Sequence[Any] | None = None,
    download: bool = False,
    **options: Any,
) -> Recordings:
    """Return a table of a data set of tonic, of which a recording is read when it is used.

    Needs ``mottle[tonic]``; tonic is under GPL-3.0.

    Parameters
    ----------
    dataset : str or sequence
        A name, such as "NMNIST" or "tonic:NMNIST"; or any sequence of pairs (events, target), such
        as a data set of tonic that was opened already, which is read at once.
    root : path, optional
        Folder that holds tonic's folders (tonic's ``save_to``); default ``tonic`` in the data
        folder (`data_home`).
    sense : str, default="events"
        Name of the column.
    groups : sequence, optional
        What must not be split, one a recording; by default as described below.
    download : bool, default=False
        Let tonic download what is not there.
    **options
        Arguments of tonic's class, such as ``train=False`` or ``stabilize=True``; ``train="both"``
        takes the training part and then the test part.

    Returns
    -------
    Recordings
        Cells are lazy: encoders take them, and ``cell.read()`` returns the events; a missing x or y
        is 0. Rows are in the order of the names. ``target``: as tonic's. ``groups``: "train" and
        "test" with ``train="both"``; people for DVSGesture, speakers for SHD, SSC and NTIDIGITS18;
        else each recording is its own, and ``table.attrs["split"]`` says so. ``table.attrs`` holds
        the sensor size, classes and tonic's version.

    Raises
    ------
    ImportError
        If tonic is not installed; names the extra.
    ValueError
        If the name is unknown, or the set cannot be opened with these options; when a recording is
        used, if it is damaged.
    TypeError
        If tonic's class has no such argument.
    FileNotFoundError
        If the set is not there.
    ConnectionError
        If a download fails.

    Warns
    -----
    UserWarning
        If the files there are fewer than tonic expects of a whole download: they are used.

    Examples
    --------
    >>> events = np.array([(10, 3, 1)], dtype=[("t", int), ("x", int), ("p", int)])
    >>> load_tonic([(events, 7)]).table["events"].iloc[0].tolist()
    [(10, 3, 0, 1)]
    """
    check_bool("download", download)
    if not isinstance(dataset, str):
        return _load_pairs(dataset, sense, groups)
    found = open_tonic(dataset, root, sense=sense, groups=groups, download=download, **options)
    cells: dict[str, list[Any]] = {
        name: [TonicStream(found, row, name) for row in range(len(found.names))]
        for name in found.senses
    }
    table = make_table(index=found.names, **cells)
    table.attrs = dict[Any, Any](found.attrs)
    return Recordings(table, found.target, found.groups)


def list_tonic(name: str, root: str | Path | None = None, **options: Any) -> Listing:
    """List the recordings of a data set of tonic, to prepare them; options as `load_tonic`."""
    found = open_tonic(name, root, **options)
    target = found.target if found.target.ndim == 1 and found.target.dtype != object else None
    attrs = found.attrs
    if target is None:
        attrs = {**attrs, "target": "left out: tonic gives more than a label for each recording"}
    how = {"set": f"{PREFIX}{found.name}", "options": found.given, "sense": found.sense}
    return Listing(
        found.names, target, found.groups, found.read, found.digest, attrs,
        {**how, "tonic": attrs["tonic"]}, (Path(found.location),), found.senses,
    )  # fmt: skip


def fetch_tonic(name: str, root: str | Path | None = None, **options: Any) -> list[Path]:
    """Let tonic download a set, both parts where it has two; return its folder."""
    cls = find_class(name)
    if "train" in inspect.signature(cls).parameters:
        options = {"train": "both", **options}
    found = open_tonic(name, root, download=True, **options)
    return [Path(found.location)]


def describe_tonic(name: str) -> dict[str, Any]:
    """Return what is known of a set without opening it."""
    cls = find_class(name)
    _, *others = inspect.signature(cls).parameters.values()
    own = GROUPS.get(cls.__name__)
    return {
        "name": f"{PREFIX}{cls.__name__}", **about(cls),
        "options": ", ".join(str(one) for one in others if one.name not in TRANSFORMS),
        "split": "groups are people" if own else ALONE, "loader": "mottle.datasets.load_tonic",
        "data folder": str(data_home() / "tonic" / cls.__name__),
    }  # fmt: skip


@dataclass(frozen=True)
class TonicSet:
    """An opened set: names, labels and groups of its recordings, none of them read.

    It holds no open file, so that other processes open the set themselves.

    Attributes
    ----------
    name, root, location, sense : str
        Of the set: tonic's name, its ``save_to``, its folder, and the name of the column.
    parts : tuple of str
        Arguments of tonic's class in JSON, one for each part.
    rows : list of (int, int)
        Part, and number in it, of each recording.
    files : list of str
        File of each recording, or "" where a file holds many.
    names, target, groups, senses, attrs, given
        As `Listing` has them; ``given`` are the options.
    """

    name: str
    root: str
    location: str
    sense: str
    parts: tuple[str, ...]
    rows: list[tuple[int, int]]
    files: list[str]
    names: list[str]
    target: NDArray
    groups: NDArray
    senses: tuple[str, ...]
    attrs: dict[str, Any]
    given: dict[str, Any]

    def read(self, row: int) -> dict[str, Any]:
        """Return the streams of a recording, with the size of the sensor; None where one lacks."""
        part, number = self.rows[row]
        dataset = open_part(self.name, self.root, self.parts[part])
        data, _ = read_item(dataset, number)
        size = sensor_size(dataset)
        found = event_parts(data, self.sense)
        return {
            name: EventFile(*as_events(found[name], size)) if name in found else None
            for name in self.senses
        }

    def digest(self, row: int) -> str:
        """Return the sha256 of the file of a recording, or of its streams."""
        if self.files[row]:
            return file_hash(Path(self.files[row]))
        return stream_hash(self.read(row))


@dataclass(frozen=True)
class TonicStream(LazyStream):
    """One recording of a set of tonic, read each time it is used.

    Attributes
    ----------
    source : TonicSet
        The set.
    row : int
        Number of the recording in it.
    sense : str
        Name of its column.
    """

    source: TonicSet
    row: int
    sense: str

    def read(self) -> NDArray[np.void]:
        """Return the events; raise `ValueError` with the recording's name if it is damaged."""
        place = f"{PREFIX}{self.source.name}, {self.source.names[self.row]}"
        try:
            file = self.source.read(self.row)[self.sense]
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        if file is None:
            raise ValueError(f"{place} has no stream {self.sense!r}; drop the row.")
        events: NDArray[np.void] = file.events
        return events

    def __repr__(self) -> str:
        return f"<{PREFIX}{self.source.name} {self.source.names[self.row]}>"


def find_class(name: str) -> Any:
    """Return the class of a set by its name; suggest one for an unknown name."""
    module = import_tonic("tonic.datasets")
    known = {one: getattr(module, one) for one in module.__all__}
    short = str(name).removeprefix(PREFIX)
    by_letters = {re.sub(r"[^A-Z0-9]", "", one.upper()): one for one in known}
    plain = re.sub(r"[^A-Z0-9]", "", short.upper())
    if plain in by_letters:
        return known[by_letters[plain]]
    if plain in HAVE:
        raise ValueError(f"tonic has no data set {short!r}; mottle has it itself: {HAVE[plain]!r}.")
    return choose(short, known, "data set of tonic")


def open_tonic(
    name: str, root: str | Path | None = None, *, sense: str = "events",
    groups: Sequence[Any] | None = None, download: bool = False, **options: Any,
) -> TonicSet:  # fmt: skip
    """Open a set and list what it holds; see `load_tonic`."""
    check_bool("download", download)
    cls = find_class(name)
    name = cls.__name__
    place = str((data_home() / "tonic" if root is None else Path(root)).expanduser().resolve())
    check_arguments(cls, options)
    both = options.get("train") == "both"
    parts = tuple(
        json.dumps({**options, **part}, sort_keys=True)
        for part in ([{"train": True}, {"train": False}] if both else [{}])
    )
    rows: list[tuple[int, int]] = []
    files: list[str] = []
    names: list[str] = []
    target: list[Any] = []
    found_groups: list[Any] = []
    known_groups = True
    for number, part in enumerate(parts):
        dataset = open_part(name, place, part, download)
        warn_of_partial(name, dataset)
        n = len(dataset)
        paths = paths_of(dataset)
        prefix = f"{('train', 'test')[number]}/" if both else ""
        names += paths_below(dataset, paths) or [f"{prefix}{row:06d}" for row in range(n)]
        files += paths or [""] * n
        rows += [(number, row) for row in range(n)]
        target += labels_of(dataset)
        mine = groups_of(dataset)
        known_groups = known_groups and mine is not None
        found_groups += [None] * n if mine is None else mine
    if not rows:
        raise ValueError(f"{PREFIX}{name}: {place} holds no recording.")
    order = sorted(range(len(rows)), key=lambda row: (rows[row][0], names[row]))
    attrs = {
        **about(cls), "name": f"{PREFIX}{name}", "tonic": import_tonic().__version__,
        "split": ALONE,
    }  # fmt: skip
    size = sensor_size(dataset)
    if size is not None:
        attrs["sensor_size"] = list(size)
    if classes := classes_of(dataset):
        attrs["classes"] = classes
    if known_groups:
        attrs["split"] = "groups are people: what one of them did is not to be split"
        attrs["subject"] = [str(found_groups[row]) for row in order]
    if both:
        found_groups = [("train", "test")[part] for part, _ in rows]
        attrs["split"] = "as published: 'train' and 'test'"
    elif not known_groups:
        found_groups = names
    in_order = [found_groups[row] for row in order]
    if groups is not None:
        if len(groups) != len(rows):
            raise ValueError(f"groups has {len(groups)} values for {len(rows)} recordings.")
        in_order, attrs["split"] = list(groups), "groups as given"
    return TonicSet(
        name, place, str(dataset.location_on_system), sense, parts,
        [rows[row] for row in order], [files[row] for row in order],
        [names[row] for row in order], as_target([target[row] for row in order]),
        np.asarray(in_order), senses_of(dataset, sense), attrs, options,
    )  # fmt: skip


@lru_cache(maxsize=8)
def open_part(name: str, root: str, options: str, download: bool = False) -> Any:
    """Return a data set of tonic, opened once in a process."""
    cls, given = find_class(name), json.loads(options)
    try:
        with redirect_stdout(sys.stderr):  # where tonic reports downloads
            return (cls if download else without_download(cls))(root, **given)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{PREFIX}{name} is not in {root}: {error}. mottle datasets fetch {PREFIX}{name}, or "
            "load_tonic(..., download=True), lets tonic download it; the option root names another "
            "folder"
        ) from error
    except (OSError, RuntimeError, ImportError, SystemExit) as error:
        if not download:
            raise _cannot_open(name, given, error) from error
        location = Path(root) / name
        file = getattr(cls, "filename", "")
        raise ConnectionError(
            f"tonic could not download {name} ({type(error).__name__}: {error}); put "
            f"{file or 'its files'} into {location} by hand, or try again"
        ) from error
    except MemoryError:
        raise
    except Exception as error:
        raise _cannot_open(name, given, error) from error


def _cannot_open(name: str, given: Mapping[str, Any], error: BaseException) -> ValueError:
    """Return an error of tonic with the name of the set and what was given."""
    return ValueError(
        f"{PREFIX}{name} cannot be opened with {given} ({type(error).__name__}: {error})."
    )


def without_download(cls: Any) -> Any:
    """Return a class that takes what is on disk, whatever tonic's check of a download says."""

    def take(self: Any, *_: Any) -> None:
        folder = Path(self.location_on_system) / getattr(self, "folder_name", "")
        files = [f for f in folder.rglob("*") if f.is_file() and f.suffix in DATA_SUFFIXES]
        if not files:
            raise FileNotFoundError(f"{folder} holds no recording")
        self.partial_ = folder, len(files)

    def check(self: Any, *_: Any) -> bool:
        if not Path(self.location_on_system).is_dir():
            raise FileNotFoundError(f"{self.location_on_system} does not exist")
        return True

    # the name stays, as tonic names the folder after the class
    own: dict[str, Any] = {"download": take, "_copy_and_extract_local_data": take}
    if cls.__name__ in ("DSEC", "TUMVIE"):  # whose check is the download
        own = {"_check_exists": check}
    return type(cls.__name__, (cls,), own)


def warn_of_partial(name: str, dataset: Any) -> None:
    """Warn where what is on disk is not a whole download by tonic's own check."""
    if hasattr(dataset, "partial_"):
        folder, n_files = dataset.partial_
        warn(
            f"{PREFIX}{name}: the {n_files} files in {folder} are used, although they do not pass "
            "tonic's check of a whole download (the archive beside them, a number of files).",
            UserWarning,
            stacklevel=4,
        )


def check_arguments(cls: Any, options: Mapping[str, Any]) -> None:
    """Refuse arguments that tonic's class does not have, or that lack."""
    _, *others = inspect.signature(cls).parameters.values()
    known = {one.name: one for one in others if one.name not in TRANSFORMS}
    for name in options:
        if name in TRANSFORMS:
            raise TypeError(
                f"{name}= is no option here: stores have to hold what was done as text. Put "
                "TonicTransformer behind the recordings."
            )
        if name not in known:
            listed = ", ".join([*known, *OURS])
            raise TypeError(
                f"{PREFIX}{cls.__name__} has no option {name!r}"
                f"{suggest(name, [*known, *OURS])} It has: {listed}."
            )
    for name, one in known.items():
        if one.default is one.empty and name not in options:
            raise TypeError(f"{PREFIX}{cls.__name__} needs the option {name!r}.")
    if options.get("train") == "both" and "train" not in known:
        raise TypeError(f"{PREFIX}{cls.__name__} has no parts 'train' and 'test'.")
    try:
        json.dumps(dict(options))
    except TypeError as error:
        raise TypeError(f"options of {PREFIX}{cls.__name__}: {error}; give plain values.") from None


def read_item(dataset: Any, row: int) -> tuple[Any, Any]:
    """Return data and target of a recording; errors of tonic become one sentence."""
    try:
        data, target = dataset[row]
    except MemoryError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        raise ValueError(f"tonic cannot read it ({reason}).") from error
    return data, target


def event_parts(data: Any, sense: str) -> dict[str, NDArray[np.void]]:
    """Return the event streams of a recording; what has other data is left out.

    Examples
    --------
    >>> events = np.zeros(2, EVENT_DTYPE)
    >>> list(event_parts((events, {"imu": None}), "events"))
    ['events']
    >>> list(event_parts([{"events_left": events}, {"events_right": events}], "events"))
    ['events_left', 'events_right']
    """
    found = _event_parts(data)
    if not found:
        raise ValueError("it holds no event stream, that is no array with the fields t and p.")
    if len(found) == 1 and not found[0][0]:
        return {sense: found[0][1]}
    unnamed = iter(range(len(found)))
    return {name or f"{sense}_{next(unnamed)}": events for name, events in found}


def _event_parts(data: Any) -> list[tuple[str, NDArray[np.void]]]:
    """Return event streams with their names in dicts, or ""."""
    if isinstance(data, np.ndarray) and {"t", "p"} <= set(data.dtype.names or ()):
        return [("", data)]
    found = []
    if isinstance(data, Mapping):
        for key, one in data.items():
            found += [(name or str(key), events) for name, events in _event_parts(one)]
    elif isinstance(data, tuple | list):
        for one in data:
            found += _event_parts(one)
    return found


def as_events(
    given: NDArray[np.void], size: tuple[int, int] | None = None
) -> tuple[NDArray[np.void], tuple[int, int] | None, str, dict[str, int]]:
    """Return events in our type, sorted, with size, format and repairs, as `EventFile` has them."""
    events = np.zeros(len(given), dtype=EVENT_DTYPE)
    for name in FIELDS:
        if name not in (given.dtype.names or ()):
            continue  # recordings of a cochlea have no y
        values = given[name]
        events[name] = np.where(values == -1, 0, values) if name == "p" else values
        if name in "xy" and (events[name] != values).any():
            raise ValueError(f"{name} is {values.min()} to {values.max()}, no whole pixels.")
    back = int((events["t"][1:] < events["t"][:-1]).sum())
    if back:
        events = events[np.argsort(events["t"], kind="stable")]
    return events, size, "tonic", {"times that go back, sorted": back} if back else {}


def sensor_size(dataset: Any) -> tuple[int, int] | None:
    """Return width and height in pixels, None where recordings differ."""
    size = getattr(dataset, "sensor_size", None)
    return None if size is None else (int(size[0]), int(size[1]))


def paths_of(dataset: Any) -> list[str]:
    """Return the file of each recording; none where files hold many."""
    data = getattr(dataset, "data", None)
    if isinstance(data, list) and len(data) == len(dataset) and all(
        isinstance(one, str) for one in data
    ):  # fmt: skip
        return data
    return []


def paths_below(dataset: Any, paths: list[str]) -> list[str]:
    """Return names of recordings: paths below the folder of the set."""
    location = Path(dataset.location_on_system)
    return [Path(path).relative_to(location).as_posix() for path in paths]


def senses_of(dataset: Any, sense: str) -> tuple[str, ...]:
    """Return the names of the streams, from the first recording that can be read."""
    for row in range(min(3, len(dataset))):
        try:
            return tuple(event_parts(read_item(dataset, row)[0], sense))
        except ValueError:
            continue
    return (sense,)


def labels_of(dataset: Any) -> list[Any]:
    """Return the targets without reading recordings, where tonic has them; else read all."""
    own = LABELS.get(type(dataset).__name__)
    n = len(dataset)
    if own is not None:
        return list(own(dataset))
    listed = getattr(dataset, "targets", None)
    if isinstance(listed, list) and len(listed) == n and all(np.ndim(one) == 0 for one in listed):
        try:
            first = read_item(dataset, 0)[1] if n else None
        except ValueError:
            first = listed[0]
        if n == 0 or (not isinstance(first, np.ndarray) and first == listed[0]):
            return listed
    return [read_item(dataset, row)[1] for row in range(n)]


def _spoken_labels(dataset: Any) -> list[int]:
    """Return the classes in the file of SHD or SSC."""
    import h5py

    with h5py.File(Path(dataset.location_on_system) / dataset.data_filename, "r") as file:
        return [int(one) for one in file["labels"][()]]


def _digits(dataset: Any) -> list[Any]:
    """Return the digits of NTIDIGITS18, which the names of its recordings end in."""
    spoken = [name.split("-")[-1] for name in dataset._samples]
    return [dataset.class_map[one] for one in spoken] if dataset.single_digits else spoken


LABELS: dict[str, Callable[[Any], list[Any]]] = {
    "SHD": _spoken_labels,
    "SSC": _spoken_labels,
    "SMNIST": lambda dataset: dataset.label_data.tolist(),
    "NTIDIGITS18": _digits,
}
GROUPS: dict[str, Callable[[Any], list[Any]]] = {
    "DVSGesture": lambda dataset: [f"user{user:02d}" for user in dataset.users],
    "SHD": lambda dataset: [int(one) for one in dataset._speaker],
    "SSC": lambda dataset: [int(one) for one in dataset._speaker],
    # names are such as woman-vd-8z3: who, then what was said
    "NTIDIGITS18": lambda dataset: [name.rpartition("-")[0] for name in dataset._samples],
}


def groups_of(dataset: Any) -> list[Any] | None:
    """Return who was recorded, where tonic's files say so."""
    own = GROUPS.get(type(dataset).__name__)
    found = None if own is None else own(dataset)
    return found if found is not None and len(found) == len(dataset) else None


def classes_of(dataset: Any) -> list[str]:
    """Return the names of the classes, if tonic has them."""
    classes = getattr(dataset, "classes", None)
    if classes is None:
        return []
    return [one.decode() if isinstance(one, bytes) else str(one) for one in classes]


def about(cls: Any) -> dict[str, str]:
    """Return what the documentation of a class says of the set."""
    doc = inspect.getdoc(cls) or cls.__name__
    titles = re.findall(r"title\s*=\s*\{(.+?)\}", doc)
    link = re.search(r"<(https?://[^>]+)>", doc)
    return {
        "about": " ".join(doc.split("\n\n")[0].split()),
        "citation": titles[0] if titles else "see the publishers",
        "licence": "that of the publishers, which tonic does not state",
        "source": link[1] if link else "",
    }


def as_target(values: list[Any]) -> NDArray:
    """Return one label a recording as an array; anything else as objects."""
    if all(np.ndim(one) == 0 and not isinstance(one, Mapping) for one in values):
        return np.array([one.item() if isinstance(one, np.generic) else one for one in values])
    found = np.empty(len(values), dtype=object)
    for row, one in enumerate(values):
        found[row] = one
    return found


def _load_pairs(dataset: Sequence[Any], sense: str, groups: Sequence[Any] | None) -> Recordings:
    """Return a table of pairs (events, target), all read now."""
    cells: list[Any] = []
    target: list[Any] = []
    for row in range(len(dataset)):
        try:
            given, label = dataset[row]
        except (TypeError, ValueError):
            raise ValueError(f"item {row} is no pair of events and target.") from None
        fields = getattr(getattr(given, "dtype", None), "names", None) or ()
        if not {"t", "p"} <= set(fields):
            raise ValueError(f"item {row} has the fields {fields}, and lacks t or p.")
        cells.append(as_events(given)[0])
        target.append(label)
    columns: dict[str, Any] = {sense: cells}
    table = make_table(**columns)
    table.attrs["name"] = type(dataset).__name__
    own = np.arange(len(cells)) if groups is None else np.asarray(groups)
    return Recordings(table, as_target(target), own)
