"""Recipes: one TOML file that says all of an experiment, checked before anything runs."""

import inspect
import tomllib
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from mottle import reservoir, sensors
from mottle.reservoir import Crossbar, CrossbarReadout

ENCODERS = ("EventRate", "GasDrive", "LevelCrossing", "TaxelDrive", "TimeSurface")
RESERVOIRS = (
    "DeviceReservoir",
    "EchoStateReservoir", "EventMemristorReservoir", "MemristorReservoir", "NoReservoir",
    "OscillatorReservoir", "SpikingReservoir", "VO2Reservoir",
)  # fmt: skip
LAYERS = ("STDPLayer",)
READOUTS = ("RidgeReadout",)


class Section(BaseModel):
    """A table of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class Data(Section):
    """Which recordings."""

    name: str
    options: dict[str, Any] = {}


class Split(Section):
    """How training and test are kept apart."""

    kind: Literal["grouped", "blocked", "stratified", "published"]
    n_splits: Annotated[int, Field(ge=2)] = 5


class Part(BaseModel):
    """An estimator by name; all other keys are its parameters."""

    model_config = ConfigDict(extra="allow")
    kind: str

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters: lists as tuples, "none" as None, which TOML does not have."""
        return {
            name: tuple(value) if isinstance(value, list) else None if value == "none" else value
            for name, value in (self.model_extra or {}).items()
        }


class ReservoirPart(Part):
    """A reservoir, and perhaps a layer behind it.

    ``for.SENSE`` holds what differs for one sense (``for.early`` for all).
    """

    special: dict[str, dict[str, Any]] = Field(default={}, alias="for")
    then: Part | None = None


class CrossbarPart(BaseModel):
    """Crossbars that carry the readout's weights; other keys are parameters of these two."""

    model_config = ConfigDict(extra="allow")
    ages: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)] = [0.0, 86400.0]


class Recipe(Section):
    """A whole experiment."""

    title: str
    description: str = ""
    data: Data
    split: Split
    encoders: dict[str, Part]
    reservoirs: dict[str, ReservoirPart]
    readout: Part = Part(kind="RidgeReadout")
    crossbar: CrossbarPart | None = None
    fusion: list[Literal["early", "middle", "late"]] = ["early", "middle", "late"]
    missing: bool = True
    seeds: Annotated[list[int], Field(min_length=1)] = [0, 1, 2, 3, 4]

    @field_validator("encoders", "reservoirs")
    @classmethod
    def _not_empty(cls, parts: dict[str, Any]) -> dict[str, Any]:
        if not parts:
            raise ValueError("name at least one")
        return parts

    def make_encoders(self) -> dict[str, BaseEstimator]:
        """Return an unfitted encoder for each sense."""
        return {
            sense: make(part, sensors, ENCODERS, f"encoders.{sense}")
            for sense, part in self.encoders.items()
        }

    def make_reservoir(self, name: str, use: str, seed: int) -> BaseEstimator:
        """Return an unfitted reservoir for a sense, or for ``early`` fusion of all."""
        part = self.reservoirs[name]
        special = part.special.get(use, {})
        merged = type(part)(kind=part.kind, **{**(part.model_extra or {}), **special})
        made = seeded(make(merged, reservoir, RESERVOIRS, f"reservoirs.{name}"), seed)
        if part.then is None:
            return made
        place = f"reservoirs.{name}.then"
        layer = make(part.then, reservoir, LAYERS, place)
        try:
            layer._check_parameters()
        except ValueError as error:
            raise placed(error, place, part.then.parameters) from None
        return make_pipeline(made, seeded(layer, seed))

    def make_readout(self) -> BaseEstimator:
        """Return an unfitted readout."""
        return make(self.readout, reservoir, READOUTS, "readout")

    def make_crossbar(self, readout: BaseEstimator, seed: int) -> BaseEstimator:
        """Return crossbars, not yet programmed, for a readout."""
        part = Part(kind="", **(self.crossbar.model_extra or {} if self.crossbar else {}))
        tile, behind = (inspect.signature(cls).parameters for cls in (Crossbar, CrossbarReadout))
        hidden = ("self", "readout", "crossbar", "random_state")
        for key in part.parameters:
            if key in hidden or key not in {*tile, *behind}:
                known = [name for name in ("ages", *tile, *behind) if name not in hidden]
                raise ValueError(f"crossbar.{key} is no parameter of crossbars{hint(key, known)}")
        given = {"shape": (128, 128)} | part.parameters
        try:
            crossbar = Crossbar(**{k: v for k, v in given.items() if k in tile})
        except ValueError as error:
            raise placed(error, "crossbar", tile) from None
        options = {k: v for k, v in given.items() if k in behind}
        return CrossbarReadout(readout, crossbar, random_state=seed, **options)

    def try_crossbar(self, readout: BaseEstimator) -> None:
        """Write a readout of three classes, so that what no crossbar can do is told at once."""
        made = self.make_crossbar(readout, 0)
        ideal = {"topology": "1T1R", "selector": None, "wire_resistance": 0.0}
        given = {"device": made.crossbar.device, "v_read": made.crossbar.v_read} | ideal
        made.set_params(crossbar=Crossbar(made.crossbar.shape, **given))
        try:
            made.fit(np.eye(3).repeat(4, axis=0), np.arange(3).repeat(4))
        except ValueError as error:
            known = inspect.signature(CrossbarReadout).parameters
            raise placed(error, "crossbar", {*known, "device"}) from None


def placed(error: ValueError, place: str, known: Any) -> ValueError:
    """Return an error about a parameter, or about all of them, with its place in the file."""
    text = str(error)
    name = text.partition("=")[0]
    return ValueError(f"{place}.{text}" if name in known else f"{place}: {text}")


def seeded(made: BaseEstimator, seed: int) -> BaseEstimator:
    """Give an estimator its seed, if it takes one."""
    return made.set_params(random_state=seed) if "random_state" in made.get_params() else made


def make(part: Part, room: Any, kinds: tuple[str, ...], place: str) -> BaseEstimator:
    """Create an estimator of a room; unknown kinds and parameters are refused."""
    if part.kind not in kinds:
        raise ValueError(f"{place}.kind={part.kind!r} is not known{hint(part.kind, kinds)}")
    cls = getattr(room, part.kind)
    known = [name for name in inspect.signature(cls).parameters if name != "random_state"]
    for name in part.parameters:
        if name not in known:
            raise ValueError(f"{place}.{name} is not a parameter of {part.kind}{hint(name, known)}")
    return cls(**part.parameters)


def hint(name: str, known: Any) -> str:
    """Say what was probably meant, and what there is."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]!r}?" if close else "."
    return f"{meant} Known: {', '.join(sorted(known))}."


def shipped() -> dict[str, Path]:
    """Recipes that come with the package, by name."""
    folder = Path(str(files("mottle.pipelines.recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_recipe(source: str | Path) -> tuple[Recipe, str]:
    """Read and check a recipe.

    Parameters
    ----------
    source : str or Path
        A TOML file, or the name of a shipped recipe.

    Returns
    -------
    recipe : Recipe
        Checked, every part created once.
    text : str
        The file as it is.

    Raises
    ------
    ValueError
        For an unknown recipe, unreadable TOML, or a key or value that the schema refuses.
    """
    path = shipped().get(str(source), Path(source))
    if not path.is_file():
        raise ValueError(f"there is no recipe {str(source)!r}{hint(str(source), shipped())}")
    text = path.read_text(encoding="utf-8")
    try:
        recipe = Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ValueError("\n".join(f"{path}: {line}" for line in complaints(error))) from None
    try:
        encoders = recipe.make_encoders()
        readout = recipe.make_readout()
        if recipe.crossbar is not None:
            recipe.try_crossbar(readout)
        for name, part in recipe.reservoirs.items():
            for use in part.special:
                if use not in {*encoders, "early"}:
                    known = [*encoders, "early"]
                    raise ValueError(f"reservoirs.{name}.for.{use} is no sense{hint(use, known)}")
            for use in ("early", *encoders):
                made = recipe.make_reservoir(name, use, 0)
                if part.then is None and made.pool is None and made.n_segments == 1:
                    raise ValueError(
                        f"reservoirs.{name} gives states, but the readout needs features: set "
                        "pool, for example pool = ['mean', 'last']."
                    )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return recipe, text


def complaints(error: ValidationError, root: type[BaseModel] = Recipe) -> list[str]:
    """Turn pydantic's findings about a file of the form ``root`` into sentences with a hint."""
    lines = []
    for found in error.errors():
        *parents, key = found["loc"]
        place = ".".join(map(str, found["loc"]))
        if found["type"] == "extra_forbidden":
            model: Any = root
            for parent in parents:
                model = model.model_fields[parent].annotation
            lines.append(f"unknown key {place}{hint(str(key), model.model_fields)}")
        elif found["type"] == "missing":
            lines.append(f"{place} is missing.")
        else:
            lines.append(f"{place}={found['input']!r}: {found['msg']}.")
    return lines
