"""``[data]`` of a recipe and of `mottle prepare`: where recordings lie, and what is predicted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from mottle.datasets.measured.reading import FROM_FILES, check_state_options
from mottle.datasets.measured.targets import TASKS
from mottle.datasets.registry import CATALOGUE
from mottle.datasets.sources.files import check_pattern
from mottle.datasets.stores.preparation import check_sense
from mottle.datasets.tonic import is_tonic
from mottle.pipelines.loaders import check_loader
from mottle.pipelines.parts import at_place
from mottle.pipelines.schema import Section, hint
from mottle.sensors.files.options import check_read_options
from mottle.times import check_time_unit

FORMS = {
    "name": ("options",),
    "store": (),
    "files": (
        "sense", "pattern", "include", "exclude", "kind", "time_unit", "join", "options", "on_bad",
    ),
    "manifest": ("sense", "group", "recording", "kind", "time_unit", "join", "options", "on_bad"),
    "table": ("sense", "group", "recording", "runs", "channels", "time", "time_unit", "options"),
    "ts": ("sense", "time_unit", "options"),
    "npz": ("sense", "group", "options"),
    "states": ("pattern", "include", "exclude", "pieces", "task_options", "time_unit", "options"),
}  # fmt: skip
"""Where recordings lie, and which keys go with it besides those of `OF_ALL`."""
OF_ALL = ("target", "horizon", "labels", "window", "stride", "incomplete")
INPUT = "input"
"""The sense of measured states: what drove them."""
PATHS = ("store", "files", "manifest", "table", "ts", "npz", "states")


class TaskOptions(Section):
    """Of a target that is computed from the input of measured states."""

    order: Annotated[int, Field(ge=1, le=30)] = Field(default=10, description="order of NARMA")
    max_delay: Annotated[int, Field(ge=1)] = Field(
        default=10, description="of memory the input so many steps before is the target"
    )
    bounds: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="smallest and largest input of NARMA; default: those of all runs"
    )
    input: Annotated[int, Field(ge=0)] = Field(default=0, description="which input")


class Data(Section):
    """Which recordings, and what of them is to be predicted.

    One of ``name``, ``store``, ``files``, ``manifest``, ``table``, ``ts``, ``npz`` and ``states``.
    """

    name: str | None = Field(default=None, description="data set of the catalogue, or tonic:NAME")
    store: str | None = Field(default=None, description="store that `mottle prepare` wrote")
    files: str | list[str] | None = Field(
        default=None, description="folder, file, or pattern of the shell; or a list of these"
    )
    manifest: str | None = Field(
        default=None,
        description="table (csv, parquet) that lists files, labels and groups, a row a recording",
    )
    table: str | list[str] | None = Field(
        default=None,
        description="long table of samples with columns of labels, a row a time; or a folder, a "
        "pattern or a list of tables, each of which is a group unless `group` is a column",
    )
    ts: str | list[str] | None = Field(default=None, description=".ts file of UEA/UCR, or several")
    npz: str | None = Field(
        default=None, description=".npz file of arrays (recording, step, channel)"
    )
    states: str | list[str] | None = Field(
        default=None,
        description="files of states that were measured on a bench, with their input; the target "
        "is computed from the input (narma, memory, sine, square, triangle, sawtooth), or is the "
        "group of the pattern",
    )
    pieces: Annotated[int, Field(ge=1)] = Field(
        default=1, description="pieces that each run of measured states is cut into"
    )
    task_options: TaskOptions = Field(
        default_factory=TaskOptions, description="of the target that is computed from the input"
    )
    sense: str = Field(default="stream", description="name of the sense of files of one sense")
    pattern: str | None = Field(
        default=None,
        description="regular expression for paths below the folder, with groups of the names "
        "target, group, sense and recording, each if there is such: (?P<target>...)",
    )
    include: list[str] = Field(default_factory=list, description="of files in folders only these")
    exclude: list[str] = Field(default_factory=list, description="none of these files")
    kind: Literal["events", "samples"] | None = Field(
        default=None, description="what the files hold"
    )
    time: str | None = Field(default=None, description="column of the times in a long table")
    time_unit: str | None = Field(
        default=None, description="unit of the times: s, ms, us, ns, min, h, d"
    )
    recording: str | list[str] | None = Field(
        default=None, description="column, or columns, that name a recording"
    )
    channels: list[str] = Field(
        default_factory=list, description="columns of a long table that are channels; default: all"
    )
    runs: bool = Field(
        default=False,
        description="whether recordings of a long table end where target or group change",
    )
    target: str | None = Field(
        default=None,
        description="what is predicted: a column of a table; of other recordings a value of each, "
        "or a sense or channel with a value a step; of files the group of the pattern",
    )
    group: str | None = Field(
        default=None, description="column of what must not be split between training and test"
    )
    horizon: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="steps ahead of the target, if that is a channel (needs washout)"
    )
    labels: dict[str, str] = Field(
        default_factory=dict, description="other names of classes; several may get one name"
    )
    window: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="length of windows in s; in rows where there is no unit of time"
    )
    stride: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="from window to window in s; default: window"
    )
    join: Literal["name", "time"] = Field(
        default="name", description="how files of several senses become one recording"
    )
    incomplete: Literal["raise", "drop"] = Field(
        default="raise", description="what becomes of recordings without one of the senses"
    )
    on_bad: Literal["raise", "skip"] = Field(
        default="raise", description="what becomes of files that cannot be read"
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="options of the loader or the readers; a table under a sense's name is for it",
    )

    @field_validator("sense")
    @classmethod
    def _a_folder(cls, given: str) -> str:
        check_sense(given)
        return given

    @field_validator("window", "stride", mode="before")
    @classmethod
    def _number(cls, given: Any) -> Any:
        return float(given) if isinstance(given, int) and not isinstance(given, bool) else given

    @model_validator(mode="after")
    def _keys_of_one_form(self) -> "Data":
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) > 1:
            both = " and ".join(f"{form}={getattr(self, form)!r}" for form in given)
            raise ValueError(f"{both} are both given; recordings lie in one place")
        if given:
            known = (given[0], *FORMS[given[0]], *OF_ALL)
            for key, field in type(self).model_fields.items():
                if key not in known and getattr(self, key) != field.get_default(
                    call_default_factory=True
                ):
                    of = [form for form in FORMS if key in FORMS[form]]
                    raise ValueError(
                        f"{key}={getattr(self, key)!r} goes with {' or '.join(of)}, and "
                        f"{given[0]} is given; keys of {given[0]} are: {', '.join(known)}"
                    )
        if given and self.stride is not None and self.window is None:
            raise ValueError(f"stride={self.stride!r} needs window")
        return self

    @property
    def form(self) -> str | None:
        """Which of `FORMS` is given."""
        return next((form for form in FORMS if getattr(self, form) is not None), None)

    def below(self, folder: Path) -> "Data":
        """Return the same with paths from a folder made absolute."""
        found: dict[str, Any] = {}
        for key in PATHS:
            given = getattr(self, key)
            if given is not None:
                several = [given] if isinstance(given, str) else given
                paths = [str(folder / Path(one).expanduser()) for one in several]
                found[key] = paths[0] if isinstance(given, str) else paths
        if self.form == "states" and isinstance(self.options.get("u_path"), str | list):
            given = self.options["u_path"]
            several = [given] if isinstance(given, str) else given
            found["options"] = self.options | {"u_path": [str(folder / one) for one in several]}
        return self.model_copy(update=found)

    def check(self, senses: Sequence[str] = ()) -> None:
        """Refuse what is wrong before anything is loaded."""
        if self.form is None:
            raise ValueError(f"data names no recordings: state one of {', '.join(FORMS)}.")
        if self.form == "name":
            check_loader(str(self.name), self.options, senses)
            return
        if self.form == "states":
            self._check_states(senses)
        if len(senses) > 1 and (
            self.form in ("table", "ts")
            or (self.form == "files" and "(?P<sense>" not in (self.pattern or ""))
        ):
            raise ValueError(
                f"data.{self.form} is one sense, {self.sense!r}, and encoders has "
                f"{', '.join(senses)}: "
                + ("(?P<sense>...) in data.pattern names the sense of a file."
                   if self.form == "files" else "leave out all encoders but one.")
            )  # fmt: skip
        with at_place("data", ("time_unit", "pattern")):
            check_time_unit(self.time_unit)
            check_pattern(self.pattern)
        if self.form in ("files", "manifest"):
            with at_place("data.options", self.options):
                for options in (self.common_options(), *self.per_sense().values()):
                    check_read_options(options)
        for path in self.paths():
            if not Path(path).exists() and not any(sign in path for sign in "*?["):
                raise FileNotFoundError(
                    f"data.{self.form}: {path} does not exist; paths count from the folder of the "
                    "recipe."
                )

    def _check_states(self, senses: Sequence[str]) -> None:
        """Refuse options that neither `read_states` nor `step_target` takes, and other senses."""
        with at_place("data.options", self.options):
            check_state_options(self.options, FROM_FILES)
        if any(sense != INPUT for sense in senses):
            raise ValueError(
                f"data.states has the one sense {INPUT!r}, and encoders has {', '.join(senses)}."
            )
        if self.target is not None and self.target not in TASKS:
            raise ValueError(
                f"data.target={self.target!r}: of measured states it is one of {', '.join(TASKS)}, "
                "or is left out where (?P<target>...) in data.pattern finds a label a run."
            )

    def paths(self) -> list[str]:
        """Return the files and folders that are named."""
        given = None if self.form in (None, "name") else getattr(self, str(self.form))
        return [] if given is None else [given] if isinstance(given, str) else list(given)

    def common_options(self) -> dict[str, Any]:
        """Return the options of readers for all senses."""
        options = {key: one for key, one in self.options.items() if not isinstance(one, dict)}
        for key in ("time_unit", "kind"):
            stated = getattr(self, key)
            if stated is None:
                continue
            if options.setdefault(key, stated) != stated:
                what = {"time_unit": "units of time", "kind": "kinds"}[key]
                raise ValueError(
                    f"two {what} are given, {options[key]!r} in [data] options and {stated!r}: "
                    "keep one."
                )
        return options

    def per_sense(self) -> dict[str, dict[str, Any]]:
        """Return the options of readers for single senses."""
        return {key: one for key, one in self.options.items() if isinstance(one, dict)}


def data_of_source(sources: Sequence[str]) -> dict[str, Any]:
    """Return what a source on the command line means: a name, a store, a file or folders.

    Raises
    ------
    ValueError
        If a source is neither.
    """
    known = [s for s in sources if is_tonic(s) or s.replace("_", "-") in CATALOGUE]
    if len(known) == len(sources) == 1 and not Path(sources[0]).exists():
        return {"name": sources[0]}
    for source in sources:
        if not Path(source).exists():
            raise ValueError(
                f"{source!r} is no file, no folder and no data set{hint(source, CATALOGUE)}"
            )
    return {"files": list(sources)}
