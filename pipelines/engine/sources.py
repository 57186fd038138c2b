"""The recordings of ``[data]``: listed, read, cut into windows, labels checked."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import suggest
from mottle.datasets import (
    Listing,
    Recordings,
    list_dataset,
    list_files,
    list_table,
    load,
    make_table,
    open_prepared,
    split_table,
)
from mottle.datasets.measured.reading import read_states
from mottle.datasets.measured.tables import tabulate_states
from mottle.datasets.measured.targets import TASKS, step_target
from mottle.datasets.sources.files import find_files, labels_from
from mottle.datasets.sources.joined import join_by_time
from mottle.datasets.sources.labels import doubts_about_labels, numbers_of, rename_labels
from mottle.datasets.sources.manifest import list_manifest
from mottle.datasets.sources.series import load_npz, load_ts
from mottle.datasets.sources.tables import FILE, read_tables
from mottle.datasets.sources.windows import cut_windows
from mottle.pipelines.data import FORMS, Data
from mottle.pipelines.engine.named_target import with_channel, with_target
from mottle.pipelines.parts import at_place
from mottle.sensors.files import EventFile
from mottle.sensors.roles import time_candidates

Progress = Callable[[int, int], Any]


def list_data(data: Data, senses: Sequence[str] = ()) -> Listing:
    """Return the recordings of ``[data]`` without reading those that are files.

    Parameters
    ----------
    data : Data
        Of a recipe or a configuration.
    senses : sequence of str
        Those to take, where files are of several; by default all.

    Returns
    -------
    Listing
        Names, labels and groups.
    """
    options = data.common_options() if data.form != "name" else {}
    if data.form == "name":
        return list_dataset(str(data.name), **data.options)
    if data.form == "files":
        if data.target not in (None, "target") and data.horizon is None:
            raise ValueError(
                f"data.target={data.target!r}: of files the class is (?P<target>...) in "
                "data.pattern; a table that lists files (data.manifest) can have any columns."
            )

        def files_of(names: list[str] | None) -> Listing:
            return list_files(
                data.paths(), sense=data.sense, pattern=data.pattern, include=data.include,
                exclude=data.exclude, senses=names, per_sense=data.per_sense(), **options,
            )  # fmt: skip

        return joined(data, files_of, senses)
    if data.form == "manifest":

        def listed(names: list[str] | None) -> Listing:
            return list_manifest(
                str(data.manifest), target=label_of(data), group=data.group,
                recording=one_column(data), sense=data.sense, senses=names,
                per_sense=data.per_sense(), **options,
            )  # fmt: skip

        return joined(data, listed, senses)
    return without_empty_labels(list_table(load_data(data)))


def joined(
    data: Data, listing_of: Callable[[list[str] | None], Listing], senses: Sequence[str]
) -> Listing:
    """List files of several senses, joined as ``[data] join`` says."""
    if data.join == "name":
        return listing_of(list(senses) if len(senses) > 1 else None)
    names = list(senses) or list(listing_of(None).senses)
    if len(names) < 2:
        raise ValueError("data.join='time' is for several senses, and there is one.")
    return join_by_time({name: listing_of([name]) for name in names})


def label_of(data: Data) -> str | None:
    """Return the column of the classes; with a horizon the target is a channel."""
    return data.target if data.horizon is None else None


def one_column(data: Data) -> str | None:
    """Return the column of names; a manifest has one."""
    if isinstance(data.recording, list):
        raise ValueError(f"data.recording={data.recording!r}: of a manifest it is one column.")
    return data.recording


def load_data(data: Data, per_step: bool = False) -> Recordings:
    """Return recordings that do not lie in one file each.

    With ``per_step`` the target of a long table has a value a row.
    """
    if data.form == "name":
        with at_place("data.options", data.options):
            return load(str(data.name), **data.options)
    if data.form == "store":
        return open_prepared(str(data.store))
    options = data.common_options()
    if data.form == "ts":
        return load_ts(data.paths(), sense=data.sense, **options)
    if data.form == "npz":
        return load_npz(
            str(data.npz), target=label_of(data), group=data.group, sense=data.sense, **options
        )
    if data.form == "states":
        return load_states(data, options)
    if data.form == "table":
        return load_table(data, per_step, options)
    raise ValueError(f"data names no recordings: state one of {', '.join(FORMS)}.")


def load_states(data: Data, options: dict[str, Any]) -> Recordings:
    """Return runs that were measured on a bench, with a target a step or a label a run."""
    files, _ = find_files(data.paths(), data.include, data.exclude)
    states = read_states(files, **options)
    names = [str(name) for name in states.recording.values]
    of_run, groups = labels_from(names, data.pattern)
    target: Any = of_run
    if data.target is not None:
        target = step_target(states, data.target, **data.task_options.model_dump())
        target = [one if one.ndim == 1 else one[:, -1] for one in target]
    elif of_run is None:
        raise ValueError(no_target(data))
    return tabulate_states(states, target, groups=groups, n_pieces=data.pieces)


def load_table(data: Data, per_step: bool, options: dict[str, Any]) -> Recordings:
    """Return the recordings of one long table, or of several."""
    paths, of_steps = data.paths(), per_step and data.horizon is None
    path = ", ".join(paths)
    options = {key: one for key, one in options.items() if key != "time_unit"}
    own = [data.recording] if isinstance(data.recording, str) else data.recording or []
    target = label_of(data)
    frame, several = read_tables(
        paths, [*own, data.group], [None if of_steps else target], **options
    )
    by = [FILE, *own] if several else own
    for key, names in (("recording", by), ("target", [target] if target else []),
                       ("channels", data.channels)):  # fmt: skip
        for name in names:
            if name not in frame:
                raise ValueError(
                    f"data.{key}={name!r}: {path} has no such column{suggest(name, frame.columns)} "
                    f"It has {', '.join(frame.columns)}."
                )
    if of_steps and target is None:
        raise ValueError("data.target is missing: with washout it is a column with a value a row.")
    if data.channels:
        labels = [*by, *(name for name in (data.group, target, data.time) if name is not None)]
        names = [str(name) for name in frame.columns]
        clock = [] if data.time else [names[at] for at in time_candidates(names)]
        frame = frame[list(dict.fromkeys([*labels, *clock, *data.channels]))]
    given: dict[str, Any] = {"groups": data.group, "sense": data.sense, "time": data.time,
                             "time_unit": data.common_options().get("time_unit")}  # fmt: skip
    runs = data.runs or (not own and bool((target and not of_steps) or data.group))
    if not of_steps:
        return named_place(split_table, path, frame, by, target=target, runs=runs, **given)
    codes: Any = None
    classes: Any = ()
    if not pd.api.types.is_float_dtype(frame[target]):
        codes, classes = pd.factorize(frame[target], sort=True)
        if (codes < 0).any():
            row = int(np.argmax(codes < 0))
            raise ValueError(f"column {target!r} of {path} holds no label in row {row}.")
        frame[target] = codes.astype(np.float64)
    recordings = named_place(split_table, path, frame, by, runs=runs, **given)
    recordings = with_channel(recordings, target, 0)
    if codes is not None:
        known = np.array(list(classes))
        steps: Any = [known[np.asarray(one, dtype=int)] for one in recordings.target]
        recordings = recordings._replace(target=steps)
    return recordings


def named_place(
    split: Callable[..., Recordings], path: str, *args: Any, **options: Any
) -> Recordings:
    """Return the recordings of a table in memory; errors name the file that it is from."""
    try:
        return split(*args, **options)
    except ValueError as error:
        text = str(error).replace("the table", path, 1)
        if "expected real numbers" in text:
            text += " Or let data.channels name the columns to take."
        raise ValueError(text) from error


def without_empty_labels(listing: Listing) -> Listing:
    """Return a listing whose target is None where all labels are empty."""
    target = listing.target
    if target is not None and target.dtype.kind == "U" and not any(target.tolist()):
        listing = Listing(**{**listing.__dict__, "target": None})
    return listing


def read_listing(
    listing: Listing, on_bad: str = "raise", progress: Progress | None = None
) -> tuple[Recordings, dict[str, str]]:
    """Read all recordings of a listing.

    Parameters
    ----------
    listing : Listing
        Of files.
    on_bad : {"raise", "skip"}
        What becomes of those that cannot be read.
    progress : callable, optional
        Called with the number of recordings read, and of all.

    Returns
    -------
    recordings : Recordings
        Target empty text where there is none; each its own group where there are none.
    skipped : dict of str to str
        Why recordings were left out.
    """
    cells: dict[str, list[Any]] = {sense: [] for sense in listing.senses}
    kept: list[int] = []
    skipped: dict[str, str] = {}
    repairs: dict[str, int] = {}
    sizes: set[tuple[int, int]] = set()
    for row, name in enumerate(listing.names):
        try:
            streams = listing.read(row)
        except ValueError as error:
            if on_bad == "raise":
                raise ValueError(f"{error} To go on without it: data.on_bad = 'skip'.") from error
            skipped[name] = str(error)
            continue
        kept.append(row)
        for sense, stream in streams.items():
            cell = stream
            if isinstance(stream, EventFile):
                cell = stream.events
                if stream.sensor_size is not None:
                    sizes.add(stream.sensor_size)
                found = stream.repairs
            else:
                found = getattr(stream, "attrs", {}).get("repairs", {})
            for what, count in found.items():
                key = f"{sense}: {what}"
                repairs[key] = repairs.get(key, 0) + int(count)
            cells.setdefault(sense, []).append(cell)
        if progress is not None:
            progress(row + 1, len(listing.names))
    if not kept:
        raise ValueError(
            f"none of {len(listing.names)} recordings can be read; the first: "
            f"{next(iter(skipped.values()))}"
        )
    table = make_table(index=[listing.names[row] for row in kept], **cells)
    table.attrs = dict[Any, Any](listing.attrs)
    table.attrs["notes"] = [f"Repaired: {what}: {count}." for what, count in repairs.items()]
    if len(sizes) == 1:
        table.attrs["sensor_size"] = list(sizes.pop())
    return Recordings(
        table,
        np.full(len(kept), "") if listing.target is None else listing.target[kept],
        np.array(kept) if listing.groups is None else listing.groups[kept],
    ), skipped


def load_recordings_of(
    data: Data, senses: Sequence[str], per_step: bool = False, task: str = "auto",
    progress: Progress | None = None,
) -> Recordings:  # fmt: skip
    """Return the recordings of ``[data]`` in memory, with target and groups.

    ``table.attrs["notes"]`` has a sentence on everything that was left out or changed.

    Parameters
    ----------
    data : Data
        Checked; paths absolute, or from the current folder.
    senses : sequence of str
        Columns that are used.
    per_step : bool, default=False
        Whether the target has a value a step.
    task : {"auto", "classification", "regression"}, default="auto"
        What labels of text are to be.
    progress : callable, optional
        Called with the number of recordings read, and of all.

    Returns
    -------
    Recordings

    Raises
    ------
    ValueError
        As the readers and loaders do; if no target is named, or classes are doubtful. The message
        names the key of ``[data]`` that settles it.
    """
    notes: list[str] = []
    if data.form in ("files", "manifest"):
        listing = list_data(data, senses)
        if listing.target is None and data.horizon is None and not per_step:
            raise ValueError(no_target(data))
        if listing.left_out:
            some = ", ".join(listing.left_out[:5])
            notes.append(f"{len(listing.left_out)} files are left out by name: {some}.")
        recordings, skipped = read_listing(listing, data.on_bad, progress)
        notes += recordings.table.attrs.pop("notes")
        if skipped:
            name, reason = next(iter(skipped.items()))
            notes.append(
                f"{len(skipped)} recordings cannot be read and are left out, such as {name}: "
                f"{reason}"
            )
    else:
        recordings = load_data(data, per_step)
    named = data.target is not None and data.form in ("name", "store", "ts")
    if named and data.horizon is None:
        recordings = with_target(recordings, str(data.target), tuple(senses))
    if data.window is not None:
        if isinstance(recordings.target, list):
            raise ValueError("data.window is for recordings with one target, and washout is set.")
        one = len(np.unique(np.asarray(recordings.groups))) == 1
        recordings, short = cut_windows(recordings, data.window, data.stride)
        if one:
            recordings = recordings._replace(groups=np.arange(len(recordings.table)))
            notes.append(
                "Windows of the one recording are its groups: kind = 'blocked' with a gap keeps "
                "neighbours apart."
            )
        if short:
            notes.append(
                f"{len(short)} recordings are shorter than a window of {data.window:g} and are "
                f"left out: {', '.join(short[:5])}."
            )
    recordings, left = drop_incomplete(recordings, senses, data.incomplete, data.window is not None)
    notes += left
    if data.horizon is not None:
        recordings = with_channel(recordings, data.target, data.horizon)
    elif not per_step:
        recordings = recordings._replace(target=check_labels(data, recordings.target, task))
    recordings.table.attrs["notes"] = [*recordings.table.attrs.get("notes", []), *notes]
    return recordings


def no_target(data: Data) -> str:
    """Return a sentence on how the class of files is stated."""
    ways = {
        "files": "(?P<target>...) in data.pattern takes it from the path",
        "states": f"data.target is one of {', '.join(TASKS)}, computed from the input, or "
        "(?P<target>...) in data.pattern takes it from the name of the run",
    }
    way = ways.get(str(data.form), "data.target names its column")
    return (
        f"the recordings of data.{data.form} have no target: {way}; to forecast a channel state "
        "data.horizon and washout."
    )


def check_labels(data: Data, target: Any, task: str) -> Any:
    """Return the labels of recordings, renamed; refuse what must be settled first."""
    values = np.asarray(target)
    if values.dtype.kind == "U" and not any(values.tolist()):
        raise ValueError(no_target(data))
    if data.labels:
        with at_place("data", ("labels",)):
            values = rename_labels(values, data.labels)
    if values.dtype.kind not in "US" or values.ndim != 1:
        return values
    numbers = numbers_of(values)
    if numbers is not None and task == "regression":
        return numbers
    if numbers is not None and task == "auto":
        distinct, counts = np.unique(numbers, return_counts=True)
        if distinct.size > 20 or (counts == 1).mean() >= 0.5:
            raise ValueError(
                f"the target is text that spells {distinct.size} numbers, such as "
                f"{str(values[0])!r}: task = 'regression' predicts numbers, task = "
                "'classification' takes them as classes."
            )
    doubts = doubts_about_labels(values)
    if doubts and data.form != "name":
        raise ValueError(f"data: {' Also: '.join(doubts)}")
    return values


def drop_incomplete(
    recordings: Recordings, senses: Sequence[str], incomplete: str, cut: bool = False
) -> tuple[Recordings, list[str]]:
    """Return the recordings, or windows if ``cut``, that have all senses, or refuse them."""
    used = [sense for sense in senses if sense in recordings.table.columns]
    absent = recordings.table[used].isna()
    rows = absent.any(axis=1).to_numpy()
    if not rows.any():
        return recordings, []
    counts = ", ".join(f"{sense} in {n}" for sense, n in absent.sum().items() if n)
    if incomplete == "raise":
        raise ValueError(
            f"{int(rows.sum())} of {len(rows)} recordings lack a sense, {counts}, such as "
            f"{absent.index[int(np.argmax(rows))]!r}: data.incomplete = 'drop' leaves them out. "
            f"{why_absent(absent, cut)}"
        )
    if rows.all():
        raise ValueError(
            f"no recording has all senses; absent are: {counts}. {why_absent(absent, cut)}"
        )
    kept = take(recordings, np.flatnonzero(~rows))
    return kept, [f"{int(rows.sum())} recordings lack a sense and are left out: {counts}."]


def why_absent(absent: Any, cut: bool) -> str:
    """Return a sentence on windows without rows, or names of recordings that may be one."""
    if cut:
        return "In these windows it has no row: they lie in a gap of its times, or beyond its end."
    names = [str(name) for name in absent.index[absent.any(axis=1)]]
    close = [(name, suggest(name, [n for n in names if n != name])) for name in names[:50]]
    found = next(((name, text) for name, text in close if text.strip()), None)
    if found is None:
        return "Files of one recording need equal names but for the sense (data.pattern)."
    return (
        f"{found[0]!r} may belong to another name{found[1]} (?P<recording>...) in data.pattern "
        "takes what their names have in common."
    )


def take(recordings: Recordings, rows: NDArray) -> Recordings:
    """Return some of the recordings; targets of steps are a list."""
    target: Any = recordings.target
    target = [target[i] for i in rows] if isinstance(target, list) else np.asarray(target)[rows]
    groups = np.asarray(recordings.groups)[rows]
    return Recordings(recordings.table.iloc[rows], target, groups)
