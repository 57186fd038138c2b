"""``mottle prepare``: its configuration, where recordings come from, and who does the work."""

import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from mottle import sensors
from mottle.datasets import Listing
from mottle.datasets.registry import entry
from mottle.datasets.stores.preparation import Run, check_sense, one_by_one
from mottle.datasets.tonic import is_tonic
from mottle.pipelines.data import FORMS, OF_ALL, Data, data_of_source
from mottle.pipelines.engine.sources import list_data
from mottle.pipelines.parts import ENCODERS, make, seeded
from mottle.pipelines.recipe import read_recipe
from mottle.pipelines.schema import Part, Section, complaints
from mottle.sensors.files.options import EVENT_OPTIONS, SAMPLE_OPTIONS
from mottle.times import check_time_unit

CONNECT = "10s"  # longest wait for a dask scheduler


class Fit(Section):
    """What encoders may learn from."""

    on: Any = None
    limit: Annotated[int, Field(ge=1)] = 1000

    @field_validator("on")
    @classmethod
    def _groups(cls, given: Any) -> Any:
        several = isinstance(given, list) and given and all(isinstance(g, str) for g in given)
        if not isinstance(given, str) and not several:
            raise ValueError(f"{given!r} must be a group, a list of groups, or 'all'")
        return given


class Save(Section):
    """How the store is written."""

    dtype: Literal["float32", "float64"] = "float32"
    block: Annotated[int, Field(ge=1)] = 64


class Config(Section):
    """A whole configuration of ``mottle prepare``."""

    data: Data = Data()
    fit: Fit = Fit()
    store: Save = Save()
    encoders: dict[str, Part] = Field(default_factory=dict)

    @field_validator("encoders")
    @classmethod
    def _folders(cls, parts: dict[str, Part]) -> dict[str, Part]:
        for sense in parts:
            check_sense(sense)
        return parts

    def make_encoders(self) -> dict[str, Any] | None:
        """Return an unfitted encoder a sense, or None if streams are stored as they are."""
        return {
            sense: seeded(make(part, sensors, ENCODERS, f"encoders.{sense}"), 0)
            for sense, part in self.encoders.items()
        } or None


def read_config(path: Path | None) -> Config:
    """Read and check a configuration; without one, streams are stored as they are.

    Parameters
    ----------
    path : Path or None
        TOML file.

    Returns
    -------
    Config
        Checked, every encoder created once.

    Raises
    ------
    ValueError
        For unreadable TOML, or a key or value that the schema refuses.
    """
    if path is None:
        return Config()
    if not path.is_file():
        is_what = "is a folder, and" if path.is_dir() else "is no file that is there;"
        raise ValueError(f"--encode {path} {is_what} a TOML file is expected.")
    try:
        config = Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        config.data = config.data.below(path.resolve().parent)
        config.make_encoders()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError(
            "\n".join(f"{path}: {line}" for line in complaints(error, Config))
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return config


def find_recordings(
    sources: Sequence[str],
    config: Config,
    time_unit: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    kind: str | None = None,
) -> Listing:
    """Return the recordings of a named set, or of files and folders.

    Parameters
    ----------
    sources : sequence of str
        One name of the catalogue or of tonic's sets ("tonic:NMNIST"), one recipe, of which
        ``[data]`` is taken, or paths; none takes ``[data]`` of the configuration.
    config : Config
        Options of the loader, or of the readers.
    time_unit : str, optional
        Unit of the times in the files, in place of ``[data] time_unit``.
    include, exclude : sequence of str, optional
        Patterns of files in folders, besides those of ``[data]``.
    kind : {"events", "samples"}, optional
        What the files hold, in place of ``[data] kind``; by default what the encoder of the sense
        takes, else what the files show.

    Returns
    -------
    Listing
        Nothing is read yet where a recording is a file; other sets are loaded.

    Raises
    ------
    ValueError
        If a source is neither, or an option is not for it.
    FileNotFoundError
        If the set is not on this machine.
    """
    check_time_unit(time_unit)
    given: dict[str, Any] = {}
    senses = list(config.encoders)
    if len(sources) == 1 and sources[0].endswith(".toml") and Path(sources[0]).is_file():
        recipe, _ = read_recipe(sources[0])
        if recipe.data is None:
            raise ValueError(f"{sources[0]} has no [data].")
        settings = {key: getattr(recipe.data, key) for key in recipe.data.model_fields_set}
        if recipe.data.horizon is not None:
            settings.pop("target", None)
        for key in ("horizon", "window", "stride", "labels", "incomplete"):
            settings.pop(key, None)
        senses = senses or list(recipe.encoders)
    else:
        own = {key: getattr(config.data, key) for key in config.data.model_fields_set}
        if sources and config.data.form is not None:
            form = config.data.form
            raise ValueError(
                f"data.{form}={getattr(config.data, form)!r} of --encode and {', '.join(sources)} "
                "both name recordings: give one of them."
            )
        if not sources and config.data.form is None:
            raise ValueError(
                "no recordings are named: give files, folders, a data set or a recipe."
            )
        settings = {**own, **(data_of_source(sources) if sources else {})}
    for key, value in (("time_unit", time_unit), ("kind", kind)):
        if value is not None:
            given[_option(key)] = settings[key] = value
    for key, patterns in (("include", include), ("exclude", exclude)):
        if patterns:
            given[_option(key)] = settings[key] = [*settings.get(key, []), *patterns]
    if len(senses) == 1 and "sense" not in settings and "files" in settings:
        settings["sense"] = senses[0]
    if "name" in settings:
        wrong = [
            f"[data] {key}" for key in settings if key not in ("name", *FORMS["name"], *OF_ALL)
        ]
        wrong = [key for key in wrong if _option(key.removeprefix("[data] ")) not in given]
        if given or wrong:
            raise ValueError(
                f"{', '.join([*wrong, *given])}: for files and folders, and {settings['name']!r} "
                "is a named data set, whose loader knows; leave it out, options of its loader go "
                "into [data] options."
            )
    try:
        data = Data.model_validate(settings)
    except ValidationError as error:
        raise ValueError(" ".join(complaints(error, Data)).removeprefix(": ")) from None
    data.check(senses)
    if data.form == "files" and data.kind is None and "kind" not in data.options:
        stated = _kind_for(config, data)
        if stated is not None:
            data = data.model_copy(update={"kind": stated})
    try:
        return list_data(data, senses)
    except FileNotFoundError as error:
        if data.form != "name":
            raise
        name = str(data.name)
        fetched = not is_tonic(name) and entry(name).files
        way = f". Or: mottle datasets fetch {name}" if fetched else ""
        raise FileNotFoundError(f"{error}{way}") from error


def _option(key: str) -> str:
    """Return the option of the command line for a key of ``[data]``."""
    return f"--{key.replace('_', '-')}"


def _kind_for(config: Config, data: Data) -> str | None:
    """Return the kind of stream that the encoder of the files takes.

    None where there is no encoder, and where an option is of one kind only.
    """
    part = config.encoders.get(data.sense)
    if part is None or data.options.keys() & (set(EVENT_OPTIONS) ^ set(SAMPLE_OPTIONS)):
        return None
    return "events" if getattr(getattr(sensors, part.kind), "takes_events", False) else "samples"


def workers(jobs: int, dask: str | None) -> tuple[Run, Callable[[], None]]:
    """Return who does the blocks, and how to let go of them.

    Parameters
    ----------
    jobs : int
        Processes on this machine; 1 works here, 0 takes one a core.
    dask : str or None
        Address of a dask scheduler, such as "tcp://host:8786"; its workers need to see the files
        under the same paths.

    Returns
    -------
    run, close : callable
        As `mottle.datasets.stores.preparation` takes it; and to be called at the end.
    """
    if dask is not None:
        return _dask(dask)
    if jobs == 1:
        return one_by_one, lambda: None
    from joblib import Parallel, delayed

    def run(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        pool = Parallel(n_jobs=jobs or os.cpu_count(), return_as="generator")
        return enumerate(pool(delayed(work)(item) for item in items))

    return run, lambda: None


def _dask(address: str) -> tuple[Run, Callable[[], None]]:
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise ValueError(
            "work on a cluster needs one more package: pip install mottle[cluster]"
        ) from error
    try:
        # not the default of this process: arrays of dask elsewhere are none of its business
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no dask scheduler answers at {address!r}: {error}") from error

    def run(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        room = 2 * max(1, sum(client.nthreads().values()))  # results held at once are few
        waiting = iter(range(len(items)))
        # the work is itself a task: data scattered to workers are gone with the last that held them
        shared = client.submit(_same, work, pure=False)
        numbers: dict[Any, int] = {}

        def send(number: int) -> Any:
            future = client.submit(_call, shared, items[number], pure=False, retries=3)
            numbers[future.key] = number
            return future

        first = [send(n) for _, n in zip(range(room), waiting, strict=False)]
        queue = as_completed(first, loop=client.loop)
        for future in queue:
            number = numbers.pop(future.key)
            result = future.result()
            future.release()
            for more in waiting:
                queue.add(send(more))
                break
            yield number, result

    return run, client.close


def _same(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return work


def _call(work: Callable[[Any], Any], item: Any) -> Any:
    return work(item)
