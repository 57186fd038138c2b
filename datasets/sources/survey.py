"""What lies in a folder: formats, senses, labels, groups, rates, lengths, unreadable files."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_bool
from mottle.datasets.sources.files import find_files, parts_of
from mottle.datasets.sources.manifest import LABELS, paths_by_stem, paths_of, read_any_frame
from mottle.datasets.sources.names import Naming, find_naming, labels_of
from mottle.datasets.sources.tables import FILE, names_of, read_table, read_tables
from mottle.datasets.split import clock_of, rows_of
from mottle.events import read_stream
from mottle.sensors.files import EventFile, read
from mottle.sensors.roles import counts_rows, is_measured, time_candidates
from mottle.sensors.streams import channels_like, label_frame, seconds_of
from mottle.times import are_row_numbers

SAMPLE = 60  # files that are read
FEW = 20  # numbers, up to which they may be classes that change often
TABLES = (".csv", ".tsv", ".txt", ".parquet")
CLASS_WORDS = ("label", "class", "target", "activity", "category", "gas", "material", "object", "y")
SURE = ("label", "class", "target", "activity", "category")
GROUP_WORDS = ("subject", "session", "user", "person", "participant", "speaker", "day", "group",
               "subject_id", "user_id", "session_id", "participant_id", "batch", "date",
               "run")  # fmt: skip
RECORDING_WORDS = ("recording", "trial", "recording_id", "trial_id", "sequence", "sample_id",
                   "series", "series_id", "measurement", "file", "experiment")  # fmt: skip
Progress = Callable[[int, int], Any]


@dataclass
class SenseFacts:
    """What was seen of one sense in the files that were read.

    Attributes
    ----------
    kind : {"events", "samples"}
        What the files hold.
    formats : dict of str to int
        Suffixes, and the number of files.
    rows : (int, int)
        Samples or events of the shortest and longest file that was read.
    seconds : (float, float) or None
        Length in s; None where files have no times.
    rates : (float, float) or None
        Samples a second, lowest and highest.
    channels : list of str
        Names; of events empty.
    units : str
        Of the samples.
    sensor_size : (int, int) or None
        Of event cameras.
    positive : bool
        Whether all samples lie above 0.
    drift : float
        Spread of the first rows of recordings, over the spread within recordings: how much levels
        differ from one recording to the next.
    absent : int
        Recordings without this sense; of a table that lists files, among those that were read.
    going_back : int
        Recordings that were read whose times go back.

    Examples
    --------
    >>> SenseFacts("samples", rows=(20, 60), channels=["CO", "NO2"]).seconds is None
    True
    """

    kind: str
    formats: dict[str, int] = field(default_factory=dict)
    rows: tuple[int, int] = (0, 0)
    seconds: tuple[float, float] | None = None
    rates: tuple[float, float] | None = None
    channels: list[str] = field(default_factory=list)
    units: str = "1"
    sensor_size: tuple[int, int] | None = None
    positive: bool = False
    drift: float = 0.0
    absent: int = 0
    going_back: int = 0

    def __post_init__(self) -> None:
        check_bool("positive", self.positive)


@dataclass
class Survey:
    """What was found in a folder or file.

    Attributes
    ----------
    data : dict
        Keys of ``[data]`` that read it; paths are absolute.
    senses : dict of str to SenseFacts
        By name.
    n_recordings : int
        Rows of the table to come.
    target, groups : dict of str to int
        Classes and groups, and the number of recordings of each; empty where there are none.
    numeric_target : bool
        Whether the target is numbers that are no classes.
    unreadable : dict of str to str
        Files that were read and are damaged, or none of a known format, and why.
    notes : list of str
        What is doubtful, and which key of ``[data]`` settles it.
    excluded : int
        Files of a kind that is read, left out by the form of their names.
    of_steps : bool
        Whether the target has a value a step.

    Examples
    --------
    >>> Survey({"store": "gas.zarr"}, {}, 12).groups
    {}
    """

    data: dict[str, Any]
    senses: dict[str, SenseFacts]
    n_recordings: int
    target: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    numeric_target: bool = False
    unreadable: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    excluded: int = 0
    of_steps: bool = False

    def __post_init__(self) -> None:
        check_bool("numeric_target", self.numeric_target)
        check_bool("of_steps", self.of_steps)


def survey(path: str | Path, *, progress: Progress | None = None) -> Survey:
    """Look at a folder or a file of recordings.

    Of many files 60 are read, evenly from the list; of names all are used.

    Parameters
    ----------
    path : path
        A folder; a store of `prepare`; a table that lists files, or of samples with columns of
        labels; a ``.ts`` or ``.npz`` file.
    progress : callable, optional
        Called with the number of files read, and of all that will be.

    Returns
    -------
    Survey

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    ValueError
        If nothing in it can be read.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for number in range(8):
    ...     text = chr(10).join(["time,a", *(f"{t / 10},{t * number}" for t in range(9))])
    ...     _ = (folder / f"{'cup' if number % 2 else 'pen'}_{number}.csv").write_text(text)
    >>> found = survey(folder)
    >>> found.target, found.senses["stream"].rates
    ({'cup': 4, 'pen': 4}, (10.0, 10.0))
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; name a folder of recordings, or a file.")
    if path.is_file():
        return survey_file(path)
    if (path / "zarr.json").exists():
        return Survey({"store": str(path.resolve())}, {}, 0)
    files, left_out = find_files([path])
    named = [file.relative_to(path.resolve()).as_posix() for file in files]
    whole = survey_whole(path, files)
    if whole is not None:
        return whole
    return survey_files(path, files, named, left_out, progress)


def survey_whole(path: Path, files: Sequence[Path]) -> Survey | None:
    """Return what is in a folder of ``.ts`` files, of one table, or of a table that lists files."""
    series = [file for file in files if file.suffix.lower() == ".ts"]
    problems = sorted({re.sub(r"_(train|test)$", "", file.stem, flags=re.I) for file in series})
    if len(problems) > 1:
        raise ValueError(
            f"{path} holds several problems, {', '.join(problems)}: name one of the files."
        )
    if series:
        return Survey({"ts": [str(file) for file in series]}, {}, 0)
    if len(files) == 1:
        return survey_file(files[0])
    tables = [file for file in files if file.suffix.lower() in (".csv", ".tsv", ".parquet")]
    here = [file for file in tables if file.parent == path.resolve()]
    form = {file: re.sub(r"\d+", "#", file.name) for file in here}
    forms = Counter(form.values())
    here.sort(key=lambda file: (forms[form[file]], file.name))  # rare forms first
    for table in here[:10]:
        if lists_files(table):
            return survey_file(table)
    return survey_table(path, files) if have_labels(files) else None


def have_labels(files: Sequence[Path]) -> bool:
    """Return whether files are tables of which a column of classes changes within some."""
    if len(files) < 2 or any(file.suffix.lower() not in TABLES for file in files):
        return False
    changing: set[str] = set()
    common: set[str] | None = None
    for k in np.unique(np.linspace(0, len(files) - 1, 5).round().astype(int)):
        try:
            frame = read_table(files[k], (), ())
        except (ValueError, ImportError, OSError):
            return False
        names = names_of(frame)
        common = set(names) if common is None else common & set(names)
        changing |= {
            name for name in names
            if name.lower() in (SURE if pd.api.types.is_numeric_dtype(frame[name]) else CLASS_WORDS)
            and (frame[name] != frame[name].iloc[0]).any()
        }  # fmt: skip
    return bool(changing & (common or set()))


def lists_files(path: Path) -> bool:
    """Return whether a column of a table holds paths of files that are there."""
    try:
        frame = read_any_frame(path)
    except (ValueError, OSError):
        return False
    few = frame.head(50)
    texts = [name for name in few.columns if not pd.api.types.is_numeric_dtype(few[name])]
    try:
        return any(paths_of(few[name], path) or paths_by_stem(few[name], path) for name in texts)
    except ValueError:  # most files are there, and some not: the reader names them
        return True


def survey_file(path: Path) -> Survey:
    """Return what is in one file of many recordings."""
    path, suffix = path.resolve(), path.suffix.lower()
    if suffix == ".ts":
        return Survey({"ts": [str(path)]}, {}, 0)
    if suffix == ".npz":
        return Survey({"npz": str(path)}, {}, 0)
    if suffix not in TABLES:
        raise ValueError(
            f"{path} is one recording, or of a form that is none of many: name its folder."
        )
    if lists_files(path):
        return survey_manifest(path)
    return survey_table(path)


def survey_manifest(path: Path) -> Survey:
    """Return the keys of class and group of a table that lists files, where a column is one.

    Columns with the names that `list_manifest` knows need no key.
    """
    frame = read_any_frame(path)
    columns = list(map(str, frame.columns))
    data, notes = {"manifest": str(path)}, []
    known = {name: [c for c in columns if c.lower() in LABELS[name]] for name in LABELS}
    groups = [
        c for word in GROUP_WORDS for c in columns
        if c.lower() == word and 1 < frame[c].nunique() < len(frame)
    ]  # fmt: skip
    if groups and not known["group"]:
        data["group"] = groups[0]
        if groups[1:]:
            notes.append(f"{listed(groups[1:])} may be the group as well: data.group.")
    taken = {*known["group"], *known["recording"], *groups}
    rest = [
        c for c in columns
        if c not in taken and not pd.api.types.is_numeric_dtype(frame[c])
        and 1 < frame[c].nunique() <= len(frame) / 2 and paths_of(frame[c], path) is None
    ]  # fmt: skip
    named = [c for c in rest if c.lower() in CLASS_WORDS]
    if rest and not known["target"]:
        data["target"] = (named or rest)[0]
    return Survey(data, {}, 0, notes=notes)


def survey_table(path: Path, files: Sequence[Path] = ()) -> Survey:
    """Return what the columns of one long table are, or of a folder of ``files``."""
    frame, several = read_tables(files or [path])
    columns = [name for name in names_of(frame) if not (several and name == FILE)]
    lower = {name.lower(): name for name in reversed(columns)}
    data: dict[str, Any] = {"table": str(path.resolve())}
    notes = []
    if several:
        notes.append("Each table is a recording or more, and a group unless data.group is another.")
    texts = [c for c in columns if not pd.api.types.is_numeric_dtype(frame[c])]
    clock = [columns[k] for k in time_candidates(columns)]
    labels = [c for c in texts if c not in clock]
    recording = [lower[w] for w in RECORDING_WORDS if w in lower]
    fingers = [c for c in columns if c not in texts and is_measured(frame[c].to_numpy())]
    counting = [c for c in columns if counts_rows(c) and c not in (*recording, *fingers)]
    group = next((lower[w] for w in GROUP_WORDS if w in lower and lower[w] not in clock), None)
    n_named = 1
    if several and group and begins_anew(frame, group):
        recording, group, n_named = [group, *recording], None, 2
    if group or recording:
        frame, _ = read_tables(files or [path], [group, *recording])
    rest = [c for c in labels if c not in (*recording, group)]
    named = [lower[word] for word in CLASS_WORDS if word in lower]
    target = next((c for c in named if c in rest or c.lower() in SURE), None)
    if target is None:
        target = rest[-1] if rest else next(iter(named), None)
    if target is not None:
        data["target"] = target
    else:
        notes.append(
            "no column looks like a class: data.target names one, or data.horizon and washout make "
            "a forecast of a channel."
        )
    if recording:
        by = [*([group] if group else []), *recording[:n_named]]
        data["recording"] = by if len(by) > 1 else by[0]
    if group:
        data["group"] = group
    kind = ""
    if target is not None:
        kind = describe_change(frame, several, data, notes)
    extra = [c for c in texts if c not in (target, group, *recording, *clock)]
    if extra or counting:
        left = (*texts, target, group, *recording, *clock, *counting)
        data["channels"] = [c for c in columns if c not in left]
        notes.append(f"Columns of text or row numbers are not used: {listed(extra + counting)}.")
    if len(clock) > 1:
        data["time"] = clock[0]
        notes.append(f"several columns may be the time: {', '.join(clock)}.")
    return Survey(data, {}, 0, notes=notes, of_steps=kind == "steps")


def describe_change(
    frame: pd.DataFrame, several: bool, data: dict[str, Any], notes: list[str]
) -> str:
    """Add keys and notes on a target that changes within recordings; return what it does."""
    target, own = data["target"], data.get("recording", [])
    own = [own] if isinstance(own, str) else own
    by = [*([FILE] if several else []), *own]
    stated = {*by, data.get("group", target), target}
    kind = target_within(frame, by, target, clock_of(frame.drop(columns=[*stated]), None))
    if not own and kind != "steps":
        notes.append(
            "no column names recordings: rows of equal labels one after another are one recording "
            "(data.recording names columns that tell recordings apart)."
        )
    if kind == "numbers" and own:
        data["recording"] = [*own, target]
    if kind == "runs" and own:
        data["runs"] = True
        notes.append(
            f"{target!r} changes within recordings, and rows of equal labels one after another are "
            "one (runs); for a target a step instead, washout and reservoirs without pool."
        )
    return kind


def begins_anew(frame: pd.DataFrame, column: str) -> bool:
    """Return whether several tables have more than one value of a column, and the same ones.

    Examples
    --------
    >>> frame = pd.DataFrame({"file": list("aabb"), "session": [1, 2, 1, 2]})
    >>> begins_anew(frame, "session"), begins_anew(frame.assign(session=[1, 1, 1, 2]), "session")
    (True, True)
    >>> begins_anew(frame.assign(session=[1, 1, 2, 2]), "session")
    False
    """
    pairs = frame[[FILE, column]].drop_duplicates()
    return bool(pairs[FILE].duplicated().any() and pairs[column].duplicated().any())


def target_within(
    frame: pd.DataFrame, by: Sequence[str], target: str, clock: NDArray[np.float64] | None
) -> str:
    """Return how a target changes within the recordings that columns name.

    Returns
    -------
    kind : {"", "numbers", "runs", "steps"}
        Not at all; numbers of recordings begin anew in each class; labels last for many rows of one
        recording; a number a row.

    Examples
    --------
    >>> frame = pd.DataFrame({"trial": [1, 1, 1, 1], "gas": ["air", "CO", "air", "CO"]})
    >>> target_within(frame, ["trial"], "gas", np.array([0, 0, 1, 1]))
    'numbers'
    >>> frame = pd.DataFrame({"trial": 1, "level": np.sin(np.arange(50.0))})
    >>> target_within(frame, ["trial"], "level", np.arange(50.0))
    'steps'
    """
    codes, names = pd.factorize(frame[target])
    recordings = rows_of(frame, by)
    n_runs = sum(1 + np.count_nonzero(np.diff(codes[rows])) for rows in recordings)
    n_pairs = sum(np.unique(codes[rows]).size for rows in recordings)
    if n_pairs == len(recordings):
        return ""
    if clock is not None and any(are_several(clock[rows], codes[rows]) for rows in recordings):
        return "numbers"
    numbers = pd.api.types.is_numeric_dtype(frame[target]) and len(names) > FEW
    if numbers and 3 * n_runs > len(frame):
        return "steps"
    return "runs" if n_runs > n_pairs and 2 * n_runs < len(frame) else "numbers"


def are_several(time: NDArray[np.float64], codes: NDArray[Any]) -> bool:
    """Return whether times go back, or equal times have different labels: several recordings."""
    steps, changes = np.diff(time), np.diff(codes) != 0
    equal = steps == 0
    return bool((steps < 0).any() or 2 * np.count_nonzero(changes & equal) > equal.sum() > 0)


def survey_files(
    path: Path, files: Sequence[Path], names: Sequence[str], left_out: Sequence[str],
    progress: Progress | None,
) -> Survey:  # fmt: skip
    """Return what is in a folder of files, a recording or a sense of a recording each."""
    streams, unreadable, repaired = read_sample(files, names, progress)
    if not streams:
        name, reason = next(iter(unreadable.items()))
        raise ValueError(
            f"none of {len(files)} files in {path} can be read; the first, {name}: {reason}"
        )
    if len(streams) == 1:
        whole = survey_file(files[next(iter(streams))])
        whole.unreadable = unreadable
        return whole
    kinds = [kind_of(streams[k]) if k in streams else None for k in range(len(files))]
    by_suffix: dict[str, Any] = {}
    for k in streams:
        by_suffix.setdefault(files[k].suffix.lower(), kinds[k])
    guessed = [
        kind or by_suffix.get(file.suffix.lower()) for kind, file in zip(kinds, files, strict=True)
    ]
    naming = find_naming(names, kinds if len(set(guessed) - {None}) < 2 else guessed)
    found = Survey({"files": str(path.resolve())}, {}, 0, unreadable=unreadable)
    found.notes = list(naming.notes)
    if naming.pattern is not None:
        found.data["pattern"] = naming.pattern
    if repaired:
        found.data["options"] = {"on_bad": "repair"}
        found.notes.append(
            f"{repaired} of {len(streams)} files that were read hold missing values or other "
            "faults, which are repaired: options.on_bad; 'drop' leaves such rows out."
        )
    leave_out(found, naming, files, names)
    if left_out:
        found.notes.append(f"No recordings by name: {listed(left_out)}.")
    add_senses(found, naming, files, names, streams)
    return found


def read_sample(
    files: Sequence[Path], names: Sequence[str], progress: Progress | None
) -> tuple[dict[int, Any], dict[str, str], int]:
    """Read some of many files.

    Returns
    -------
    streams : dict of int to stream
        By the number of the file.
    unreadable : dict of str to str
        Why others cannot be read, by name.
    repaired : int
        How many hold faults that ``on_bad="repair"`` repairs.
    """
    at = np.unique(np.linspace(0, len(files) - 1, min(SAMPLE, len(files))).round().astype(int))
    streams: dict[int, Any] = {}
    unreadable: dict[str, str] = {}
    repaired = 0
    for number, k in enumerate(at.tolist()):
        try:
            streams[k] = read(files[k])
        except (ValueError, ImportError, OSError) as error:
            whole = read_repaired(files[k]) if "on_bad=" in str(error) else None
            if whole is None:
                unreadable[names[k]] = str(error).replace(str(files[k]), names[k])
            else:
                streams[k] = whole
                repaired += 1
        if progress is not None:
            progress(number + 1, len(at))
    return streams, unreadable, repaired


def read_repaired(path: Path) -> Any:
    """Return a sampled stream whose faults are repaired, None for events and where none is left."""
    try:
        stream = read(path, on_bad="repair")
    except (ValueError, ImportError, OSError):
        return None
    return None if isinstance(stream, EventFile) or not len(stream) else stream


def leave_out(found: Survey, naming: Naming, files: Sequence[Path], names: Sequence[str]) -> None:
    """Leave out files whose names have another form than most."""
    if not naming.others:
        return
    some = [names[k] for k in naming.others]
    suffixes = sorted({files[k].suffix.lower() for k in naming.rows})
    if any(files[k].suffix.lower() in suffixes for k in naming.others):
        found.excluded = len(some)
        found.data["exclude"] = exclusions(some)
    else:
        found.data["include"] = [f"*{suffix}" for suffix in suffixes]
    found.notes.append(f"Left out by the form of the name: {listed(some)}.")


def add_senses(
    found: Survey, naming: Naming, files: Sequence[Path], names: Sequence[str],
    streams: dict[int, Any],
) -> None:  # fmt: skip
    """Add the facts of every sense, and how many recordings each class and group has."""
    rows, pattern = naming.rows, naming.pattern or ""
    finder = re.compile(pattern)
    sense_of = dict.fromkeys(rows, "stream")
    if "sense" in finder.groupindex:
        sense_of = {k: parts_of(finder, names[k])["sense"] for k in rows}
    n_files = Counter(sense_of.values())
    for sense in sorted(n_files):
        own = [k for k in rows if sense_of[k] == sense]
        seen = [streams[k] for k in own if k in streams]
        if seen:
            found.senses[sense] = facts_of(seen)
            if found.senses[sense].kind == "mixed":
                found.notes.append(odd_files({names[k]: streams[k] for k in own if k in streams}))
            found.senses[sense].formats = dict(Counter(files[k].suffix.lower() for k in own))
    several = len(found.senses) > 1
    keys = [without_sense(names[k], pattern) if several else names[k] for k in rows]
    found.n_recordings = len(set(keys))
    for sense, facts in found.senses.items():
        facts.absent = found.n_recordings - n_files[sense]
    once = {key: names[k] for key, k in zip(keys, rows, strict=True)}  # a file a recording
    counts = labels_of(list(once.values()), pattern) if pattern else {}
    found.target, found.groups = dict(counts.get("target", {})), dict(counts.get("group", {}))


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return some names, and how many there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def exclusions(names: Sequence[str]) -> list[str]:
    """Return patterns of the shell for names: each, or those of a suffix in the same folder.

    Examples
    --------
    >>> exclusions(["a.csv", "old/b.csv"])
    ['a.csv', 'old/b.csv']
    """
    special = {sign: f"[{sign}]" for sign in "[*?"}
    return ["".join(special.get(sign, sign) for sign in name) for name in names]


def without_sense(name: str, pattern: str) -> str:
    """Return a name of which the sense is left out."""
    match = re.compile(pattern).search(name)
    if match is None:
        return name
    begin, end = match.span("sense")
    rest = name[:begin] + "*" + name[end:]
    return rest.rsplit(".", 1)[0]


def kind_of(stream: Any) -> Any:
    """Return what tells the senses of files apart: events or samples, and the channels."""
    if isinstance(stream, EventFile):
        return "events"
    return tuple(sorted(map(str, stream["channel"].values)))  # in any order


def odd_files(streams: Mapping[str, Any]) -> str:
    """Return a sentence about the files, by name, that hold something else than most."""
    kinds = {name: kind_of(stream) for name, stream in streams.items()}
    (usual, _), *_ = Counter(kinds.values()).most_common()
    odd = [name for name, kind in kinds.items() if kind != usual]
    usual, other = (
        kind if isinstance(kind, str) else f"channels {listed(kind)}"
        for kind in (usual, kinds[odd[0]])
    )  # fmt: skip
    more = f"; others so: {listed(odd[1:])}" if len(odd) > 1 else ""
    return f"Most files hold {usual}, but {odd[0]} {other}{more}."


def facts_of(cells: Sequence[Any]) -> SenseFacts:
    """Return what streams of one sense have in common."""
    streams = [read_stream(cell) for cell in cells if cell is not None]
    streams = [label_frame(one, "a recording") if isinstance(one, pd.DataFrame) else one
               for one in streams]  # fmt: skip
    events = [one for one in streams if not is_samples(one)]
    if events and len(events) < len(streams):
        return SenseFacts("mixed")
    widths = {np.shape(one)[1:] for one in streams} if not events else set()
    named = [one for one in streams if not events and isinstance(
        one, xr.DataArray) and "channel" in one.coords]  # fmt: skip
    if len(widths) > 1 or len({kind_of(one) for one in named}) > 1:
        return SenseFacts("mixed")
    if events:
        return facts_of_events(events)
    if named:
        streams = [channels_like(one, named[0]["channel"].values) for one in streams]
    arrays = [np.asarray(one.values if isinstance(one, xr.DataArray) else one) for one in streams]
    rows = [len(one) for one in arrays]
    facts = SenseFacts("samples", rows=(min(rows), max(rows)))
    first = streams[0]
    width = arrays[0].shape[1] if arrays[0].ndim == 2 else 1
    facts.channels = [f"channel{k}" for k in range(width)]
    timed = [one for one in streams if isinstance(one, xr.DataArray) and "time" in one.coords]
    if isinstance(first, xr.DataArray):
        if "channel" in first.coords:
            facts.channels = list(map(str, first["channel"].values))
        facts.units = str(first.attrs.get("units", "1"))
    if len(timed) == len(streams) and any(has_unit(one) for one in timed):
        lengths, rates = [], []
        for one in timed:
            time = seconds_of(one, "a recording")
            steps = np.diff(time)
            facts.going_back += bool((steps < 0).any())
            if not (steps < 0).any() and (steps > 0).any():
                lengths.append(float(time[-1] - time[0]))
                rates.append(float(1 / np.median(steps[steps > 0])))
        if rates:
            facts.seconds, facts.rates = (min(lengths), max(lengths)), (min(rates), max(rates))
    numbers = [one for one in arrays if one.dtype.kind in "biuf" and one.ndim == 2 and len(one)]
    numbers = [one for one in numbers if one.shape[1] == width]
    if numbers:
        facts.positive = all(bool((one > 0).all()) for one in numbers)
        starts = np.stack([one[0] for one in numbers]).astype(np.float64)
        within = np.mean([np.nanstd(one, axis=0) for one in numbers], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.nanstd(starts, axis=0) / within
        ratio = ratio[np.isfinite(ratio)]
        facts.drift = float(np.median(ratio)) if ratio.size else 0.0
    return facts


def facts_of_events(streams: Sequence[Any]) -> SenseFacts:
    """Return what event streams have in common."""
    events = [one.events if isinstance(one, EventFile) else np.asarray(one) for one in streams]
    filled = [one for one in events if len(one)]
    facts = SenseFacts("events", rows=(min(map(len, events)), max(map(len, events))))
    if not filled:
        return facts
    lengths = [float(one["t"][-1] - one["t"][0]) / 1e6 for one in filled]
    facts.seconds = (min(lengths), max(lengths))
    stated = {one.sensor_size for one in streams if isinstance(one, EventFile)} - {None}
    seen = (
        max(int(one["x"].max()) for one in filled) + 1,
        max(int(one["y"].max()) for one in filled) + 1,
    )
    facts.sensor_size = stated.pop() if len(stated) == 1 else seen
    return facts


def is_samples(stream: Any) -> bool:
    """Return whether a stream is sampled: neither an event file nor a structured array."""
    if isinstance(stream, EventFile):
        return False
    return isinstance(stream, xr.DataArray) or np.asarray(stream).dtype.names is None


def has_unit(stream: xr.DataArray) -> bool:
    """Return whether the times of a stream are more than row numbers: without a unit they are in s.

    Examples
    --------
    >>> rows = xr.DataArray(np.zeros((3, 1)), dims=("time", "channel"))
    >>> has_unit(rows.assign_coords(time=[0, 1, 2])), has_unit(rows.assign_coords(time=[0, 0.5, 1]))
    (False, True)
    """
    if stream.attrs.get("time_unit") or stream["time"].attrs.get("units"):
        return not are_row_numbers(stream)
    time = stream["time"].values
    return time.dtype.kind in "mM" or not np.array_equal(time, np.arange(len(time)))
