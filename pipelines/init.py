"""``mottle init``: look at recordings, show what is there, and write a recipe that runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import Path
from typing import Any

import numpy as np

from mottle.checks import names_arguments
from mottle.datasets.sources.labels import doubts_about_labels, numbers_of
from mottle.datasets.sources.survey import SAMPLE, SenseFacts, Survey, facts_of, listed, survey
from mottle.disk import write_whole
from mottle.pipelines.data import PATHS, Data
from mottle.pipelines.engine.baselines import available
from mottle.pipelines.engine.folds import published_parts
from mottle.pipelines.engine.sources import list_data, load_data
from mottle.pipelines.recipe import read_recipe
from mottle.pipelines.rules import baseline_of, encoder_of, reservoir_of, steps_of
from mottle.toml import write_key, write_value

Progress = Callable[[int, int], Any]
N_SPLITS = 5
PARTS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval")
WASHOUT, NODES = 50, 300  # of a target a step
LONG = 1000  # rows, above which windows are proposed


@dataclass
class Draft:
    """A recipe to write, and what was found on the way.

    Attributes
    ----------
    survey : Survey
        With facts of every sense, classes and groups.
    doubts : list of str
        What must be settled before the recipe runs.
    text : str
        The recipe.

    Examples
    --------
    >>> Draft(Survey({"store": "gas.zarr"}, {}, 12)).doubts
    []
    """

    survey: Survey
    doubts: list[str] = field(default_factory=list)
    text: str = ""


@names_arguments
def draft_recipe(path: Any, *, out: Any = None, progress: Any = None) -> Draft:
    """Look at recordings and write a recipe for them, as text.

    Parameters
    ----------
    path : path
        What `survey` takes.
    out : path, default=None
        File that the recipe will be; paths in it count from its folder, by default this one.
    progress : callable, optional
        Called with the number of files read, and of all that will be.

    Returns
    -------
    Draft
        Text with a comment on every choice.

    Raises
    ------
    ValueError, FileNotFoundError
        As `survey`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for number in range(8):
    ...     text = chr(10).join(["time,a", *(f"{t / 10},{t * number}" for t in range(9))])
    ...     _ = (folder / f"{'cup' if number % 2 else 'pen'}_{number}.csv").write_text(text)
    >>> found = draft_recipe(folder)
    >>> found.survey.target, found.doubts
    ({'cup': 4, 'pen': 4}, [])
    """
    found = survey(path, progress=progress)
    try:
        complete(found, progress)
        wrong = []
    except ValueError as error:
        wrong = [str(error)]
    doubts = wrong or doubts_of(found)
    place = Path("recipe.toml") if out is None else Path(out)
    return Draft(found, doubts, recipe_text(found, Path(path), place, doubts))


def complete(found: Survey, progress: Progress | None = None) -> None:
    """Add the facts of sources that are no folder of files: senses, classes, groups."""
    if found.senses:
        return
    data = Data.model_validate(found.data)
    cells: dict[str, list[Any]]
    if data.form == "manifest":
        listing = list_data(data)
        found.n_recordings = len(listing.names)
        n = found.n_recordings
        rows = np.unique(np.linspace(0, n - 1, min(SAMPLE, n)).round()).astype(int).tolist()
        cells = {sense: [] for sense in listing.senses}
        for number, row in enumerate(rows):
            if progress is not None:
                progress(number + 1, len(rows))
            try:
                streams = listing.read(row)
            except ValueError as error:
                found.unreadable[listing.names[row]] = str(error)
                continue
            for sense, stream in streams.items():
                cells[sense].append(stream)
        target, groups = listing.target, listing.groups
        own = None
    else:
        recordings = load_data(data, found.of_steps)
        found.n_recordings = len(recordings.table)
        cells = {str(sense): list(recordings.table[sense]) for sense in recordings.table.columns}
        target, groups = recordings.target, recordings.groups
        own = np.unique(np.asarray(groups)).size == found.n_recordings
    if found.unreadable and not any(cells.values()):
        name, reason = next(iter(found.unreadable.items()))
        raise ValueError(f"none of {len(rows)} files can be read; the first, {name}: {reason}")
    for sense, column in cells.items():
        present = [one for one in column if one is not None]
        if present:
            found.senses[sense] = facts_of(present)
            found.senses[sense].absent = len(column) - len(present)
    if found.of_steps:
        found.numeric_target = True
    elif target is not None and any(str(one) for one in target):
        labels = np.asarray(target)
        found.numeric_target = is_measured(labels)
        if not found.numeric_target:
            found.target = counts_of(labels)
    if groups is not None and not own:
        found.groups = counts_of(np.asarray(groups))


def is_measured(labels: Any) -> bool:
    """Return whether a target is numbers to predict, not classes.

    Examples
    --------
    >>> is_measured(np.array([0.5, 1.25, 3.0])), is_measured(np.array([0, 1, 0, 1]))
    (True, False)
    """
    values = np.asarray(labels)
    numbers = numbers_of(values) if values.dtype.kind in "US" else values
    if numbers is None or numbers.dtype.kind not in "iuf":
        return False
    distinct, counts = np.unique(numbers, return_counts=True)
    whole = bool(np.all(distinct == np.round(distinct)))
    once = len(values) >= 10 and bool((counts == 1).mean() >= 0.5)
    rare = distinct.size > 20 and bool(np.median(counts) < 3)
    return not whole or rare or once


def counts_of(labels: Any) -> dict[str, int]:
    """Return how many recordings have each label."""
    names, counts = np.unique(np.asarray(labels).astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def doubts_of(found: Survey) -> list[str]:
    """Return what a run would refuse."""
    doubts = []
    if not found.target and not found.numeric_target:
        doubts.append(
            "no classes were found: name them by data.target or (?P<target>...) in data.pattern, "
            "or forecast a channel (data.horizon and washout)."
        )
    if found.of_steps and found.n_recordings < 2:
        doubts.append(
            "there is one recording, and a target a step needs one for training and another for "
            "the test: data.recording names columns that tell recordings apart, or several tables "
            "in a folder."
        )
    labels = [name for name, count in found.target.items() for _ in range(count)]
    doubts += doubts_about_labels(labels) if labels else []
    doubts += doubts_of_senses(found)
    if found.excluded > max(3, 0.02 * found.n_recordings):
        doubts.append(
            f"{found.excluded} files are left out, since their names have another form: "
            "data.pattern that matches all of them, or data.exclude, settles it."
        )
    clocks = {
        sense: facts.seconds for sense, facts in found.senses.items() if facts.seconds is not None
    }
    for sense, facts in found.senses.items():
        if found.data.get("npz") and facts.rows[1] < len(facts.channels):
            found.notes.append(
                f"{sense} has {facts.rows[1]} rows and {len(facts.channels)} channels: if the axes "
                "are channels first, options = { order = 'channel, step' }."
            )
    longest = {sense: span[1] for sense, span in clocks.items()}
    if longest and max(longest.values()) > 1.5 * min(longest.values()):
        found.notes.append(
            "senses last differently, "
            + ", ".join(f"{sense} {seconds:.3g} s" for sense, seconds in longest.items())
            + "; each is encoded over its own length."
        )
    if are_parts(found.groups) and published_parts(found.groups) != {"train", "test"}:
        more = [name for name in found.groups if published_parts([name]) == {""}]
        listed_parts = ", ".join(f"{name}/*" for name in more) or "a part"
        doubts.append(
            f"the groups {', '.join(sorted(found.groups))} are parts of a published split, which "
            f"has a part for training and one for test: leave {listed_parts} out (exclude)."
        )
    if found.groups and found.target and len(found.groups) < 2:
        found.notes.append(f"there is one group, {next(iter(found.groups))!r}.")
    return doubts


def doubts_of_senses(found: Survey) -> list[str]:
    """Return what a run would refuse of single senses; note where sampling rates differ."""
    doubts = []
    for sense, facts in found.senses.items():
        if facts.kind == "mixed":
            doubts.append(
                f"the files of {sense!r} are of several kinds, or hold other channels: "
                "(?P<sense>...) in data.pattern tells senses apart, data.include takes some files."
            )
        if facts.going_back:
            doubts.append(
                f"times of {sense!r} go back within {facts.going_back} recordings of those read: "
                "sort their rows by time, or tell recordings apart that are one here."
            )
        if facts.rates is not None and facts.rates[1] > 1.05 * facts.rates[0]:
            low, high = facts.rates
            encoder, _ = encoder_of(facts, len(found.senses) > 1)
            found.notes.append(
                f"{sense}: sampling rates differ, {low:.4g} to {high:.4g} samples a second; "
                + ("a row is a step at all of them; n_steps = 200 would cover the whole of each."
                   if encoder.get("n_steps") == "none" else
                   "the steps of n_steps cover the whole of a recording whatever its rate.")
            )  # fmt: skip
        if facts.absent >= found.n_recordings > 0 or (
            len(found.senses) > 1 and 2 * facts.absent >= found.n_recordings
        ):
            doubts.append(
                f"{sense!r} is absent in {facts.absent} of {found.n_recordings} recordings: files "
                "of one recording need equal names but for the sense, or (?P<recording>...) in "
                "data.pattern for what they have in common."
            )
    return doubts


def are_parts(groups: Iterable[str]) -> bool:
    """Return whether all groups are named as parts of a published split.

    Examples
    --------
    >>> are_parts(["Train", "validation"]), are_parts(["train", "s01"])
    (True, False)
    """
    names = {name.lower() for name in groups}
    return bool(names) and names <= set(PARTS)


def split_of(found: Survey) -> tuple[dict[str, Any], str]:
    """Return how training and test are kept apart, and why."""
    groups = set(map(str, found.groups))
    if are_parts(groups):
        return {"kind": "published"}, "the parts for training and test of a published split"
    if len(groups) >= 2:
        if len(groups) <= 10:
            return {"kind": "one_group_out"}, "each group is the test part once"
        return {"kind": "grouped", "n_splits": N_SPLITS}, "no group is on both sides"
    smallest = min(found.target.values(), default=found.n_recordings)
    n = max(2, min(N_SPLITS, smallest))
    if found.numeric_target or not found.target:
        n = max(2, min(N_SPLITS, found.n_recordings))
        return {"kind": "blocked", "n_splits": n}, "in order, so that neighbours stay together"
    why = (
        "no groups were found: recordings of one session, person or object stand on both sides, "
        "and scores may be too good; (?P<group>...) in data.pattern or data.group names them"
    )
    if found.data.get("window"):
        return {"kind": "grouped", "n_splits": n}, "windows of a recording stay together"
    return {"kind": "stratified", "n_splits": n}, why


def recipe_text(found: Survey, path: Path, out: Path, doubts: list[str]) -> str:
    """Return the recipe as TOML with a comment on every choice."""
    data = {key: value for key, value in found.data.items() if value not in (None, [], {}, False)}
    folder = out.resolve().parent
    for key in PATHS:
        if key in data:
            several = data[key] if isinstance(data[key], list) else [data[key]]
            paths = [Path(relpath(one, folder)).as_posix() for one in several]
            data[key] = paths if isinstance(data[key], list) and len(paths) > 1 else paths[0]
    usable = {sense: facts for sense, facts in found.senses.items() if facts.kind != "mixed"}
    if list(usable) == ["stream"]:
        data.pop("sense", None)
    if found.unreadable:
        data["on_bad"] = "skip"
    if any(facts.absent for facts in usable.values()):
        data["incomplete"] = "drop"
    name = path.resolve().stem
    if name.lower() in ("data", "recordings", "files", "train"):
        name = f"{path.resolve().parent.name} {name}"
    lines = [f"title = {write_value(name.replace('_', ' '))}"]
    lines += ["# for the report; 'by hand' once you change settings after looking at scores"]
    lines += [f"chosen = {write_value('by rules')}", ""]
    if doubts:
        lines += ["# To settle before this runs:", *(f"# - {doubt}" for doubt in doubts), ""]
    lines += data_lines(found, data, usable)
    split, why = split_of(found)
    lines += ["", "[split]", f"# {why}", *(f"{k} = {write_value(v)}" for k, v in split.items())]
    lines += ["", "[encoders]"]
    chosen: list[tuple[SenseFacts, dict[str, Any]]] = []
    for sense, facts in usable.items():
        parameters, reasons = encoder_of(facts, len(usable) > 1)
        if found.of_steps and "n_steps" in parameters:
            parameters["n_steps"] = "none"
            reasons = ["a row is a step, as of the target", *reasons[1:]]
        lines += [f"# {sense}: {reason}" for reason in reasons]
        lines.append(f"{write_key(sense)} = {write_value(parameters)}")
        chosen.append((facts, parameters))
    if not chosen:  # the doubts say why
        return "\n".join(" ".join(line.splitlines()) for line in lines[:-2]) + "\n"
    lines += reservoir_lines(chosen, found.of_steps)
    lines[1:1] = [f"baselines = {write_value(available(found.of_steps))}"]
    if found.of_steps:
        least = min(facts.rows[0] for facts, _ in chosen)
        lines[1:1] = [
            "# the target has a value a step; the first steps of a recording are left out",
            f"washout = {min(WASHOUT, least // 4)}", 'task = "regression"',
        ]  # fmt: skip
    elif found.numeric_target:
        lines[1:1] = ["# the target is numbers that hardly repeat", 'task = "regression"']
    elif len(found.target) > 20 and all(name.isdigit() for name in found.target):
        lines[1:1] = ["# numbers that repeat are taken for classes", 'task = "classification"']
    if len({steps_of(*one) for one in chosen}) > 1:
        lines[1:1] = ["# early fusion needs equal steps", 'fusion = ["middle", "late"]']
    return "\n".join(" ".join(line.splitlines()) for line in lines) + "\n"


def data_lines(found: Survey, data: dict[str, Any], usable: dict[str, SenseFacts]) -> list[str]:
    """Return ``[data]`` of a recipe, with comments and what was noted."""
    comments = {
        "on_bad": f"{len(found.unreadable)} of the files that were read are damaged, or no "
        "recordings",
        "incomplete": "recordings without one of the senses are left out",
        "pattern": "target: the class; group: what must not be on both sides; sense: the column",
    }
    lines = ["[data]"]
    for key, value in data.items():
        lines += [f"# {comments[key]}"] if key in comments else []
        lines.append(f"{key} = {write_value(value)}")
    if any(facts.rows[1] > LONG for facts in usable.values() if facts.kind == "samples"):
        lines += [
            "# long recordings can be cut, with a split whose kind is 'grouped' or 'blocked':",
            "# window = 10.0  # s, or rows where files have no times", "# stride = 5.0",
        ]  # fmt: skip
    return [*lines, *(f"# {note}" for note in found.notes)]


def reservoir_lines(
    chosen: Sequence[tuple[SenseFacts, dict[str, Any]]], of_steps: bool
) -> list[str]:
    """Return the reservoirs of a recipe, for the senses and their encoders, with comments."""
    if of_steps:
        lines = ["", "[reservoirs]", "# states of every step, without pool"]
        for name, kind in (("memristor", "MemristorReservoir"), ("echo", "EchoStateReservoir")):
            lines.append(f"{name} = {write_value({'kind': kind, 'n_nodes': NODES})}")
        return [*lines, f"none = {write_value({'kind': 'NoReservoir'})}"]
    longest = max(chosen, key=lambda one: steps_of(one[0], one[1], most=True))
    alone = len(chosen) == 1
    memristor, reasons = reservoir_of(*longest, alone=alone)
    echo, _ = reservoir_of(*longest, "EchoStateReservoir", alone=alone)
    none = baseline_of(*min(chosen, key=lambda one: steps_of(one[0], one[1])))
    lines = ["", "[reservoirs]", *(f"# {reason}" for reason in reasons)]
    for name, reservoir in (("memristor", memristor), ("echo", echo), ("none", none)):
        lines.append(f"{name} = {write_value(reservoir)}")
    return lines


def write_recipe(path: Path, text: str, *, force: bool = False) -> list[str]:
    """Write a recipe and check it; return what is wrong with it, one sentence each.

    Raises
    ------
    ValueError
        If something is there already.
    """
    if path.exists() and not force:
        raise ValueError(f"{path} is there already; --force writes over it, --out names another.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(text.encode("utf-8")))
    try:
        recipe, _ = read_recipe(path)
        if recipe.data is not None:
            recipe.data.check(tuple(recipe.encoders))
    except (ValueError, FileNotFoundError) as error:
        return str(error).splitlines()
    return []


def found_table(found: Survey) -> Any:
    """Lay out what was found, for the terminal."""
    from rich.table import Table

    table = Table("sense", "files", "rows", "length", "rate", "channels", "absent")
    for sense, facts in found.senses.items():
        formats = ", ".join(f"{n} {suffix or 'no suffix'}" for suffix, n in facts.formats.items())
        span = "" if facts.seconds is None else f"{write_span(*facts.seconds)} s"
        rate = "" if facts.rates is None else f"{write_span(*facts.rates)} a second"
        what = {
            "events": f"events, {' x '.join(map(str, facts.sensor_size or ()))}",
            "samples": f"{len(facts.channels)}: {listed(facts.channels, 3)}",
        }.get(facts.kind, facts.kind)
        rows = f"{facts.rows[0]} to {facts.rows[1]}" if facts.kind != "mixed" else ""
        table.add_row(sense, formats, rows, span, rate, what, str(facts.absent or ""))
    return table


def write_span(low: float, high: float) -> str:
    """Return a range, or one number where both are near.

    Examples
    --------
    >>> write_span(9.999, 10.0), write_span(1.0, 2.5)
    ('10', '1 to 2.5')
    """
    return f"{high:.3g}" if high - low <= 0.01 * abs(high) else f"{low:.3g} to {high:.3g}"
