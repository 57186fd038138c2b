"""``mottle prepare``: its configuration, where recordings come from, and who does the work."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from mottle import sensors
from mottle.datasets import Listing, list_dataset, list_files
from mottle.datasets.listing import labels_from
from mottle.datasets.registry import CATALOGUE, entry
from mottle.datasets.stores.preparation import Run, check_sense, one_by_one
from mottle.datasets.tonic import is_tonic
from mottle.pipelines.loaders import check_loader
from mottle.pipelines.parts import ENCODERS, at_place, make, seeded
from mottle.pipelines.schema import Part, Section, complaints, hint
from mottle.sensors.files.options import EVENT_OPTIONS, SAMPLE_OPTIONS, check_read_options
from mottle.times import check_time_unit

CONNECT = "10s"  # longest wait for a dask scheduler


class Data(Section):
    """Options of the loader of a named set."""

    options: dict[str, Any] = Field(default_factory=dict)


class Files(Section):
    """How files are read, and what their names mean."""

    sense: str = "stream"
    pattern: str | None = None
    kind: Literal["events", "samples"] | None = None
    time_unit: str | None = None
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("sense")
    @classmethod
    def _a_folder(cls, given: str) -> str:
        check_sense(given)
        return given


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
    files: Files = Files()
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
        config.make_encoders()
        with at_place("files", ("time_unit",)):
            check_time_unit(config.files.time_unit)
        with at_place("files", ("pattern",)):
            labels_from([], config.files.pattern)
        with at_place("files.options", config.files.options):
            check_read_options(config.files.options)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError(
            "\n".join(f"{path}: {line}" for line in complaints(error, Config))
        ) from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if len(config.encoders) == 1 and "sense" not in config.files.model_fields_set:
        config.files.sense = next(iter(config.encoders))
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
        One name of the catalogue or of tonic's sets ("tonic:NMNIST"), or paths.
    config : Config
        Options of the loader, or of the readers.
    time_unit : str, optional
        Unit of the times in the files, in place of ``[files] time_unit``.
    include, exclude : sequence of str, optional
        Patterns of files in folders, besides those of ``[files]``.
    kind : {"events", "samples"}, optional
        What the files hold, in place of ``[files] kind``; by default what the encoder of the sense
        takes, else what the files show.

    Returns
    -------
    Listing
        Nothing is read yet where a recording is a file; other sets are loaded.

    Raises
    ------
    ValueError
        If a source is neither.
    FileNotFoundError
        If the set is not on this machine.
    """
    files = config.files
    unit = check_time_unit(time_unit or files.time_unit)
    known = [s for s in sources if is_tonic(s) or s.replace("_", "-") in CATALOGUE]
    if len(known) == len(sources) == 1 and not Path(sources[0]).exists():
        if unit is not None:
            raise ValueError(
                f"the unit of time {unit!r} is for files and folders: the loader of {sources[0]!r} "
                "knows its own. Leave out --time-unit and [files] time_unit."
            )
        keys = ("pattern", "include", "exclude", "options", "kind")
        ignored = [f"[files] {key}" for key in keys if getattr(files, key)]
        given = {"--include": include, "--exclude": exclude, "--kind": kind}
        ignored += [option for option, value in given.items() if value]
        if ignored:
            raise ValueError(
                f"{', '.join(ignored)}: for files and folders, and {sources[0]!r} is a named data "
                "set; leave it out, options of its loader go into [data] options."
            )
        check_loader(sources[0], config.data.options, config.encoders)
        try:
            return list_dataset(sources[0], **config.data.options)
        except FileNotFoundError as error:
            fetched = not is_tonic(sources[0]) and entry(sources[0]).files
            way = f". Or: mottle datasets fetch {sources[0]}" if fetched else ""
            raise FileNotFoundError(f"{error}{way}") from error
    for source in sources:
        if not Path(source).exists():
            raise ValueError(
                f"{source!r} is no file, no folder and no data set{hint(source, CATALOGUE)}"
            )
    if config.data.options:
        raise ValueError(
            f"data.options={config.data.options!r} are for the loader of a named data set, and "
            f"{sources[0]!r} is none; options of readers go into [files] options."
        )
    options = dict(files.options)
    if unit is not None and options.setdefault("time_unit", unit) != unit:
        raise ValueError(
            f"two units of time are given, {options['time_unit']!r} in [files] options and "
            f"{unit!r}: keep one."
        )
    stated = kind or files.kind
    if stated is not None and options.setdefault("kind", stated) != stated:
        raise ValueError(
            f"two kinds are given, {options['kind']!r} in [files] options and {stated!r}: keep one."
        )
    if "kind" not in options and (stated := _kind_for(config, options)) is not None:
        options["kind"] = stated
    return list_files(
        sources, sense=files.sense, pattern=files.pattern,
        include=[*files.include, *include], exclude=[*files.exclude, *exclude], **options,
    )  # fmt: skip


def _kind_for(config: Config, options: Mapping[str, Any]) -> str | None:
    """Return the kind of stream that the encoder of the files takes.

    None where there is no encoder, and where an option is of one kind only.
    """
    part = config.encoders.get(config.files.sense)
    if part is None or options.keys() & (set(EVENT_OPTIONS) ^ set(SAMPLE_OPTIONS)):
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
