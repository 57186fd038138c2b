"""Recipes: a TOML file, or a dict, that holds all of an experiment, checked before it runs."""

import inspect
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from mottle import reservoir, sensors
from mottle.checks import choose, names_arguments
from mottle.pipelines.data import Data
from mottle.pipelines.fusion import FUSIONS
from mottle.pipelines.metrics import find_metric
from mottle.pipelines.own_devices import built_devices, with_devices
from mottle.pipelines.parts import ENCODERS, LAYERS, READOUTS, RESERVOIRS, at_place, make, seeded
from mottle.pipelines.schema import Part, Section, check_name, complaints, hint, plain
from mottle.pipelines.search_settings import Search
from mottle.reservoir import Crossbar, CrossbarReadout
from mottle.toml import write_toml

SEARCHED = ("encoders", "reservoirs", "readout")  # parts whose parameters vary


class Split(Section):
    """How training and test are kept apart."""

    kind: Literal["grouped", "one_group_out", "blocked", "stratified", "shuffled", "published"] = (
        Field(description="see Splits")
    )
    n_splits: Annotated[int, Field(ge=2)] = Field(default=5, description="number of folds")
    gap: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="groups left out of training on both sides of the test part (blocked)",
    )
    repeats: Annotated[int, Field(ge=1)] = Field(
        default=1, description="times that recordings are shuffled anew (stratified, shuffled)"
    )

    @model_validator(mode="after")
    def _of_kind(self) -> "Split":
        for key, kinds in (("gap", ("blocked",)), ("repeats", ("stratified", "shuffled"))):
            if (
                getattr(self, key) != type(self).model_fields[key].default
                and self.kind not in kinds
            ):
                raise ValueError(f"{key} is for kind {' and '.join(kinds)}, not {self.kind!r}")
        return self


class ReservoirPart(Part):
    """A reservoir, and perhaps a layer behind it.

    ``for.SENSE`` holds what differs for one sense (``for.early`` for early fusion).
    """

    special: dict[str, dict[str, Any]] = Field(default={}, alias="for")
    then: Part | None = None

    @field_validator("then", mode="before")
    @classmethod
    def _no_layer(cls, given: Any) -> Any:
        return None if given == "none" else given


class CrossbarPart(BaseModel):
    """Crossbars that carry the readout's weights; other keys are parameters of these two."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    ages: Annotated[
        list[Annotated[float, Field(ge=0, strict=True)]], Field(min_length=1)
    ] = [0.0, 86400.0]  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        return plain(given) if isinstance(given, Mapping) else given


class Recipe(Section):
    """A whole experiment."""

    title: str = Field(description="heads the report")
    description: str = Field(default="", description="text for the report")
    task: Literal["auto", "classification", "regression"] = Field(
        default="auto", description="auto regresses floating-point targets and classifies others"
    )
    metric: list[str] = Field(
        default_factory=list, description="a name or several; default: accuracy, or nrmse"
    )
    data: Data | None = Field(default=None, description="where recordings lie")
    split: Split = Field(description="how training and test are kept apart")
    encoders: dict[str, Part] = Field(description="kind and parameters for each sense (modality)")
    reservoirs: dict[str, ReservoirPart] = Field(
        description="kind and parameters for each name; for.SENSE: what differs for one sense; "
        "then: a layer behind"
    )
    baselines: list[
        Literal[
            "majority", "persistence", "forest", "minirocket", "multirocket", "multirocket-hydra"
        ]
    ] = Field(default_factory=list, description="models without a reservoir, on the same folds")
    readout: Part = Field(
        default=Part(kind="RidgeReadout"), description="kind and parameters; default RidgeReadout"
    )
    crossbar: CrossbarPart | None = Field(
        default=None,
        description="crossbars that carry the readout: their parameters, and ages in s",
    )
    search: Search | None = Field(
        default=None, description="settings that are searched inside the training part"
    )
    chosen: Literal["by hand", "by rules"] = Field(
        default="by hand",
        description="how settings that are not searched were chosen, for the report: by hand, "
        "while looking at scores, or by the rules of `mottle init`, before any score",
    )
    fusion: list[Literal["early", "middle", "late"]] = Field(
        default=["early", "middle", "late"], description="how several senses are joined"
    )
    missing: bool = Field(
        default=True, description="whether each sense is left out once in the test part"
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        default=[0, 1, 2, 3, 4], min_length=1, description="seeds of the reservoirs"
    )
    washout: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="steps left out at the beginning of each recording; set for a target a step",
    )

    @field_validator("encoders", "reservoirs")
    @classmethod
    def _not_empty(cls, parts: dict[str, Any]) -> dict[str, Any]:
        if not parts:
            raise ValueError("name at least one")
        for name in parts:
            check_name(name)
        return parts

    @field_validator("encoders")
    @classmethod
    def _no_fusion(cls, parts: dict[str, Any]) -> dict[str, Any]:
        for sense in parts:
            if sense in FUSIONS:
                raise ValueError(f"{sense!r} is the name of a fusion; call the sense otherwise")
        return parts

    @field_validator("metric", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

    @field_validator("metric", "seeds", "fusion", "baselines")
    @classmethod
    def _different(cls, given: list[Any]) -> list[Any]:
        for k, one in enumerate(given):
            if one in given[:k]:
                raise ValueError(f"{one!r} occurs twice")
        return given

    @model_validator(mode="after")
    def _names_apart(self) -> "Recipe":
        for name in self.baselines:
            if name in self.reservoirs:
                raise ValueError(f"baselines: {name!r} is the name of a reservoir too; rename that")
        return self

    @model_validator(mode="after")
    def _washout_of_channels(self) -> "Recipe":
        if self.data is not None and self.data.horizon is not None and self.washout is None:
            raise ValueError(
                f"data.horizon={self.data.horizon} gives a target a step: set washout, the number "
                "of steps left out at the beginning of each recording"
            )
        return self

    @property
    def per_step(self) -> bool:
        """Whether the target has a value a step: then ``washout`` is set, and nothing is pooled."""
        return self.washout is not None

    def as_dict(self) -> dict[str, Any]:
        """Return all settings, defaults too, as plain values, for JSON and TOML."""
        settings = self.model_dump(by_alias=True, exclude_none=True)
        for part in ("data", "split"):  # of which most keys do not go together
            if part in settings:
                settings[part] = getattr(self, part).model_dump(exclude_defaults=True)
        for part in settings["reservoirs"].values():
            if not part["for"]:
                del part["for"]
        return settings

    def with_settings(self, settings: Mapping[str, Any]) -> "Recipe":
        """Return a recipe with other parameters, given by dotted path."""
        changed = self.as_dict()
        for path, value in settings.items():
            *parents, key = path.split(".")
            place = changed
            for parent in parents:
                place = place.setdefault(parent, {})
            place[key] = value
        return Recipe.model_validate(changed)

    def make_encoders(self) -> dict[str, BaseEstimator]:
        """Return an unfitted encoder for each sense."""
        return {
            sense: seeded(make(part, sensors, ENCODERS, f"encoders.{sense}"), 0)
            for sense, part in self.encoders.items()
        }

    def make_reservoir(self, name: str, use: str, seed: int) -> BaseEstimator:
        """Return an unfitted reservoir for a sense, or for ``early`` fusion of all."""
        part = self.reservoirs[name]
        special = part.special.get(use, {})
        merged = type(part)(kind=part.kind, **{**(part.model_extra or {}), **special})
        front = seeded(make(merged, reservoir, RESERVOIRS, f"reservoirs.{name}"), seed)
        if part.then is None:
            return front
        place = f"reservoirs.{name}.then"
        layer = make(part.then, reservoir, LAYERS, place)
        return make_pipeline(front, seeded(layer, seed))

    @property
    def stated_task(self) -> str:
        """What the recipe or its readout states: "auto", "classification" or "regression"."""
        own = str(self.readout.parameters.get("task", "auto"))
        if "auto" not in (own, self.task) and own != self.task:
            raise ValueError(f"readout.task={own!r} contradicts task={self.task!r}; leave it out.")
        return own if self.task == "auto" else self.task

    def make_readout(self, task: str = "auto") -> BaseEstimator:
        """Return an unfitted readout; ``task`` is that of the target, if the recipe states none."""
        readout = make(self.readout, reservoir, READOUTS, "readout")
        stated = self.stated_task
        return readout.set_params(task=task if stated == "auto" else stated)

    def make_crossbar(self, readout: BaseEstimator, seed: int) -> BaseEstimator:
        """Return crossbars, not yet programmed, for a readout."""
        part = Part(kind="", **(self.crossbar.model_extra or {} if self.crossbar else {}))
        tile, behind = (inspect.signature(cls).parameters for cls in (Crossbar, CrossbarReadout))
        hidden = ("self", "readout", "crossbar", "random_state")
        for key in part.parameters:
            if key in hidden or key not in {*tile, *behind}:
                known = [name for name in ("ages", *tile, *behind) if name not in hidden]
                raise ValueError(f"crossbar.{key} is no parameter of crossbars{hint(key, known)}")
        given = {"shape": (128, 128)} | built_devices(part.parameters, "crossbar")
        with at_place("crossbar", tile):
            crossbar = Crossbar(**{k: v for k, v in given.items() if k in tile})
        options = {k: v for k, v in given.items() if k in behind}
        return CrossbarReadout(readout, crossbar, random_state=seed, **options)

    def try_crossbar(self, readout: BaseEstimator) -> None:
        """Write a small readout into ideal crossbars: what no crossbar can do is an error early."""
        trial = self.make_crossbar(readout, 0)
        ideal = {"topology": "1T1R", "selector": None, "wire_resistance": 0.0}
        given = {"device": trial.crossbar.device, "v_read": trial.crossbar.v_read} | ideal
        trial.set_params(crossbar=Crossbar(trial.crossbar.shape, **given))
        target = np.arange(3).repeat(4)
        with at_place("crossbar", {*inspect.signature(CrossbarReadout).parameters, "device"}):
            trial.fit(
                np.eye(3).repeat(4, axis=0),
                target.astype(float) if self.task == "regression" else target,
            )

    def check(self) -> None:
        """Create every part once; refuse what does not go together."""
        for name in self.metric:
            find_metric(name)
        encoders, readout = self.make_encoders(), self.make_readout()
        if self.crossbar is not None:
            self.try_crossbar(readout)
        for name, part in self.reservoirs.items():
            for use in part.special:
                if use not in {*encoders, "early"}:
                    known = [*encoders, "early"]
                    raise ValueError(f"reservoirs.{name}.for.{use} is no sense{hint(use, known)}")
            for use in ("early", *encoders):
                self._check_pooling(name, use)
        if self.search is not None:
            self._check_search(self.search)

    def _check_pooling(self, name: str, use: str) -> None:
        """Refuse states where recordings have a target, and features where steps have one."""
        front = self.make_reservoir(name, use, 0)
        pools = self.reservoirs[name].then is not None or front.pools
        if not pools and not self.per_step:
            raise ValueError(
                f"reservoirs.{name} gives states, but the readout needs features: set pool, for "
                "example pool = ['mean', 'last']. For targets of a value a step set washout, the "
                "number of steps left out at the beginning of each recording."
            )
        if pools and self.per_step:
            raise ValueError(
                f"reservoirs.{name} gives one row of features a recording, but washout="
                f"{self.washout} is for targets of a value a step: leave out pool, n_segments and "
                "then; or washout."
            )

    def _check_search(self, search: Search) -> None:
        """Refuse unknown parameters of a search, and values that no part takes."""
        if search.metric is not None:
            try:
                find_metric(search.metric)
            except ValueError as error:
                raise ValueError(f"search.{error}") from None
        if search.inputs is not None:
            known = list(self.encoders)
            known += self.fusion if len(known) > 1 else []
            choose(search.inputs, dict.fromkeys(known), "search.inputs")
        own: dict[str, Any] = {"encoders": self.encoders, "reservoirs": self.reservoirs}
        for path, values in search.parameters.items():
            root, *rest = path.split(".")
            choose(root, dict.fromkeys(SEARCHED), f"search.parameters.{path}: the part")
            if root in own:
                part = rest[0] if rest else ""
                choose(part, own[root], f"search.parameters.{path}: the name in {root}")
            if len(rest) < (2 if root in own else 1):
                raise ValueError(f"search.parameters.{path} names a part; add a parameter of it.")
            tried = values if isinstance(values, list) else [values.low, values.high]
            for value in tried:
                try:
                    other = self.with_settings({path: value})
                    other.search = None
                    other.check()
                except ValidationError as error:
                    text = "; ".join(complaints(error, Recipe))
                    raise ValueError(f"search.parameters.{path}: {text}") from None
                except ValueError as error:
                    raise ValueError(f"search.parameters.{path}: {error}") from None


def shipped() -> dict[str, Path]:
    """Return the recipes that come with the package, by name."""
    folder = Path(str(files("mottle.pipelines.recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


@names_arguments
def read_recipe(source: str | Path) -> tuple[Recipe, str]:
    """Read and check a recipe.

    Parameters
    ----------
    source : str or Path
        A TOML file, or the name of a shipped recipe. A device that ends in .toml is a file of
        ``devices.fit(...).save``, relative to the recipe.

    Returns
    -------
    recipe : Recipe
        Checked, every part created once.
    text : str
        The file as it is, or with constants in place of devices' files.

    Raises
    ------
    ValueError
        For an unknown recipe, unreadable TOML, or a key or value that the schema refuses.

    Examples
    --------
    >>> recipe, text = read_recipe("demo-grasp")
    >>> recipe.title, list(recipe.reservoirs)
    ('Touch and joints of a grasping hand', ['vo2', 'memristor', 'echo', 'none'])
    """
    path = shipped().get(str(source), Path(source))
    if not path.is_file():
        raise ValueError(f"there is no recipe {str(source)!r}{hint(str(source), shipped())}")
    try:
        text = path.read_text(encoding="utf-8")
        settings = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    try:
        whole = with_devices(settings, path.parent)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    recipe = check_recipe(whole, str(path))
    if recipe.data is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.below(path.resolve().parent)})
    return recipe, text if whole == settings else write_toml(recipe.as_dict())


def check_recipe(settings: Mapping[str, Any] | Recipe, place: str = "recipe") -> Recipe:
    """Return a recipe of which every part was created once.

    Parameters
    ----------
    settings : dict or Recipe
        Tables and keys as in a TOML file; paths of devices are relative to the current folder.
    place : str, default="recipe"
        What error messages call it.

    Returns
    -------
    recipe : Recipe
        Checked.

    Raises
    ------
    ValueError
        For a key or value that the schema, or a part, refuses.
    """
    try:
        if isinstance(settings, Recipe):
            recipe = settings
        else:
            recipe = Recipe.model_validate(with_devices(settings, Path()))
        recipe.check()
    except ValidationError as error:
        raise ValueError(
            "\n".join(f"{place}: {line}" for line in complaints(error, Recipe))
        ) from None
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return recipe
