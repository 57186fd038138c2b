"""What `mottle predict` does: recordings from files, predictions of a saved model, as a table."""

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from mottle.datasets import Recordings
from mottle.datasets.registry import CATALOGUE
from mottle.datasets.sources.files import find_files
from mottle.datasets.sources.manifest import FILE_NAMES, read_any_frame
from mottle.datasets.sources.survey import TABLES, lists_files
from mottle.datasets.sources.tables import names_of, read_table
from mottle.datasets.sources.windows import cut_windows
from mottle.events import read_stream
from mottle.pipelines.adaptation import adapt
from mottle.pipelines.data import FORMS, OF_ALL, Data
from mottle.pipelines.engine.sources import Progress, list_data, load_data, read_listing
from mottle.pipelines.saved.model import SavedModel
from mottle.reservoir import SequenceReadout
from mottle.reservoir.readout.chain import split_off_readout
from mottle.reservoir.readout.live import senses_of
from mottle.sensors.files.arrays import Archive

READ_ALIKE = {
    "sense", "pattern", "include", "exclude", "kind", "time", "time_unit", "recording", "channels",
    "runs", "window", "stride", "join", "options",
}  # fmt: skip
"""Keys of ``[data]`` that say how recordings are read, and not what is predicted of them."""
OWN_FORMS: dict[str | None, Callable[[str], Any]] = {
    "manifest": lambda path: list(read_any_frame(Path(path))),
    "table": lambda path: columns_of(path),
    "npz": lambda path: Archive(Path(path)).members,
    "ts": lambda path: (),
}
"""Forms of which one file holds many recordings, and the names in it."""


class Predictions(NamedTuple):
    """A row a recording, or a row a step; recordings that were left out, and why; notes."""

    table: pd.DataFrame
    skipped: dict[str, str]
    notes: list[str]


def predict_files(
    saved: SavedModel, sources: Sequence[str], *, trusted: Sequence[str] = (),
    on_bad: str = "raise", adapted: bool = False, progress: Progress | None = None, **given: Any,
) -> Predictions:  # fmt: skip
    """Predict the recordings in files.

    Parameters
    ----------
    saved : SavedModel
        With the recipe of `mottle run --save`, or without.
    sources : sequence of str
        Files, folders, a store, or the name of a data set.
    trusted : sequence of str
        As for `SavedModel.load`.
    on_bad : {"raise", "skip"}
        What becomes of files that cannot be read.
    adapted : bool
        Whether the model first learns the levels of sensors from these recordings: see `adapt`.
    progress : callable, optional
        Called with the number of recordings read, and of all.
    **given
        Keys of ``[data]`` in place of those of the recipe; None is not given.

    Returns
    -------
    predictions : Predictions
        Columns ``predicted``, and a probability for each class where there are.
    """
    model = saved.load(trusted)
    if not hasattr(model, "predict"):
        raise ValueError(f"{saved.path} holds a {saved.info['model']}, which predicts nothing.")
    senses = [name for name, _ in senses_of(split_off_readout(model)[0])]
    data = data_of(
        saved, sources, senses, {key: one for key, one in given.items() if one is not None}
    )
    with_names = [*senses] if senses else [data.sense]
    data.check(with_names)
    recordings, skipped = read(
        data,
        with_names,
        on_bad,
        progress,
        given.get("pattern") is None,
        has_steps(model) and data.target is not None,
    )
    table = recordings.table
    for sense in with_names:
        if sense not in table:
            table[sense] = None  # masked, and said so by the model
    X: Any = table[with_names] if senses else list(table[with_names[0]])
    model = adapt(model, X) if adapted else model
    predicted = as_table(model, X, [str(name) for name in table.index])
    return Predictions(predicted, skipped, table.attrs.get("notes", []))


def data_of(
    saved: SavedModel, sources: Sequence[str], senses: list[str], given: dict[str, Any]
) -> Data:
    """Return ``[data]`` for other recordings than those of the recipe, read in the same way."""
    trained = data_of_training(saved)
    if len(sources) == 1 and not Path(sources[0]).exists() and sources[0] in CATALOGUE:
        own = trained.options if trained.name == sources[0] else {}
        return Data(name=sources[0], options=own)
    if len(sources) == 1 and (Path(sources[0]) / "zarr.json").is_file():
        return Data(store=sources[0])
    kept = trained.model_dump(exclude_unset=True, include=READ_ALIKE)
    if len(senses) == 1:
        given = {"sense": senses[0], **given}
    if trained.form in ("name", "store"):
        kept = {}
    if trained.form not in OWN_FORMS or hold_one_each(sources, trained):
        kept = {key: one for key, one in kept.items() if key in (*FORMS["files"], *OF_ALL)}
        if len(senses) > 1:
            kept.setdefault("pattern", pattern_of(senses))
        return Data.model_validate({**kept, **given, "files": list(sources)})
    if trained.form == "ts":
        return Data.model_validate({**kept, **given, "ts": list(sources)})
    if len(sources) > 1 and trained.form != "table":
        raise ValueError(f"the recordings of {trained.form} are one file; {len(sources)} came.")
    columns = OWN_FORMS[trained.form](sources[0])
    labels = {key: getattr(trained, key) for key in ("target", "group")}
    if trained.horizon is not None:  # the target is a channel
        labels = {}
    there = {key: one for key, one in labels.items() if one in columns}
    place = sources[0] if len(sources) == 1 else list(sources)
    return Data.model_validate({**kept, **there, **given, trained.form: place})


def streams_in(
    saved: SavedModel, model: Any, sense: str, path: Path, alone: bool = True
) -> list[Any]:
    """Return the recordings of a sense in a file, read as those of training were; windows apart.

    Parameters
    ----------
    saved : SavedModel
        With the recipe of `mottle run --save`, or without.
    model : estimator
        The model in it.
    sense : str
        One of those of the model; not looked at where it takes one without a name.
    path : Path
        A file or folder.
    alone : bool, default=True
        Whether it may hold several recordings.

    Raises
    ------
    ValueError
        Where it cannot be read, neither in the form of training nor as one plain recording.
    """
    named, trained = bool(senses_of(split_off_readout(model)[0])), data_of_training(saved)
    given: dict[str, Any] = {"time_unit": trained.time_unit}
    if trained.channels:
        given["options"] = {"channels": trained.channels}
    try:
        data = data_of(saved, [str(path)], [sense] if named else [], {})
        recordings = read_whole(data, sense if named else data.sense)
    except ValueError:
        if trained.form in (None, "files"):
            raise
        plain = Data.model_validate({"files": [str(path)], **given})
        recordings = read_whole(plain, sense)
    if len(recordings.table) > 1 and not alone:
        raise ValueError(
            f"{path} holds {len(recordings.table)} recordings, and several sources are read side "
            "by side: replay one recording of each sense."
        )
    return [read_stream(cell) for cell in recordings.table.iloc[:, 0]]


def read_whole(data: Data, sense: str) -> Recordings:
    """Return the recordings of one sense, none of them cut into windows."""
    options = {
        key: one for key, one in data.options.items() if key == sense or not isinstance(one, dict)
    }
    whole = {"sense": sense, "options": options, "pattern": None, "join": "name"}
    whole |= {"window": None, "stride": None}
    return read(data.model_copy(update=whole), [sense], "raise", None, True, False)[0]


def data_of_training(saved: SavedModel) -> Data:
    """Return ``[data]`` of the recipe of a model; without one, what states nothing."""
    recipe = tomllib.loads(saved.info["about"].get("recipe", ""))
    return Data.model_validate(recipe.get("data", {}))


def hold_one_each(sources: Sequence[str], trained: Data) -> bool:
    """Return whether sources are folders, or files of one recording, not of many as in training."""
    if trained.form == "manifest":
        return not any(map(is_list, map(Path, sources)))
    folders = all(Path(one).is_dir() for one in sources)
    if trained.form == "table" and folders:
        named = [trained.recording] if isinstance(trained.recording, str) else trained.recording
        return not set(named or ()) <= set(columns_of(sources[0]))
    return folders and trained.form != "ts"


def is_list(path: Path) -> bool:
    """Return whether a file lists files, be they there or not."""
    if not path.is_file() or path.suffix.lower() not in TABLES:
        return False
    named = {name.lower() for name in columns_of(str(path))} & set(FILE_NAMES)
    return bool(named) or lists_files(path)


def columns_of(path: str) -> list[str]:
    """Return the columns of a long table, or of the first one in a folder."""
    files, _ = find_files([path])
    return names_of(read_table(files[0], (), ()))


def read(
    data: Data,
    senses: list[str],
    on_bad: str,
    progress: Progress | None,
    of_recipe: bool,
    per_step: bool,
) -> tuple[Recordings, dict[str, str]]:
    """Return recordings without a target, and why others were left out.

    Files need not be called as those of the recipe, but for the names of several senses. With
    ``per_step`` a target that the table holds has a value a row, and is left out.
    """
    skipped: dict[str, str] = {}
    if data.form in ("files", "manifest"):
        try:
            listing = list_data(data, senses)
        except ValueError as error:
            if data.form != "files" or not of_recipe or (data.pattern is None and len(senses) == 1):
                raise
            plain = None if len(senses) == 1 else pattern_of(senses)
            try:
                listing = list_data(data.model_copy(update={"pattern": plain}), senses)
            except ValueError:
                if plain is None:
                    raise
                raise ValueError(
                    f"{error} --pattern says where the names of these files have the sense: "
                    f"'(?P<sense>{'|'.join(map(re.escape, senses))})'."
                ) from error
        recordings, skipped = read_listing(listing, on_bad, progress)
    else:
        recordings = load_data(data, per_step)
    if data.window is not None:
        recordings, short = cut_windows(recordings, data.window, data.stride)
        skipped |= dict.fromkeys(short, f"shorter than a window of {data.window:g}")
    return recordings, skipped


def pattern_of(senses: Sequence[str]) -> str:
    """Return a pattern that finds the names of senses as words of a path.

    Examples
    --------
    >>> re.search(pattern_of(["touch", "smell"]), "new/touch_0.csv")["sense"]
    'touch'
    """
    names = "|".join(map(re.escape, sorted(senses, key=len, reverse=True)))
    return rf"(?:^|[/_\-. ])(?P<sense>{names})(?=[/_\-. ])"


def has_steps(model: Any) -> bool:
    """Return whether a model predicts each step of a recording."""
    last = model[-1] if isinstance(model, Pipeline) else model
    return isinstance(last, SequenceReadout) and last.pool is None


def as_table(model: Any, X: Any, names: list[str]) -> pd.DataFrame:
    """Return predictions with the names of recordings, and the steps where each has one."""
    predicted = model.predict(X)
    proba = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    last = model[-1] if isinstance(model, Pipeline) else model
    columns: dict[str, Any] = {"recording": names}
    if has_steps(model):
        counts = [len(one) for one in predicted]
        steps = np.concatenate([np.arange(n) for n in counts]) + last.washout
        columns = {"recording": np.repeat(names, counts), "step": steps}
        predicted = np.concatenate(list(predicted))
        proba = None if proba is None else np.concatenate(list(proba))
    outputs = np.asarray(predicted)
    if outputs.ndim == 1:
        columns["predicted"] = outputs
    else:
        columns |= {f"predicted {k}": one for k, one in enumerate(outputs.T)}
    if proba is not None:
        columns |= {f"p({name})": one for name, one in zip(model.classes_, proba.T, strict=True)}
    return pd.DataFrame(columns)
