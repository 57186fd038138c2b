"""A fitted model as a tree of stages in C."""

from re import sub
from typing import Any, NamedTuple

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

from mottle.embedded import CStage, NotInC, template
from mottle.pipelines.export.text import HERE
from mottle.pipelines.late import LateReadout
from mottle.pipelines.masked import MaskedReadout
from mottle.pipelines.senses import SenseCheck
from mottle.reservoir import CrossbarReadout
from mottle.reservoir.nodes import embedding
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nonvolatile.linear import before_last
from mottle.reservoir.readout.chain import readout_of_steps
from mottle.reservoir.readout.linear import LinearReadout
from mottle.sensors import DriveStack
from mottle.sensors.base import Encoder

LINEAR = (
    LinearReadout, LogisticRegression, RidgeClassifier, RidgeClassifierCV, Ridge, RidgeCV,
    LinearRegression,
)  # fmt: skip
SCALERS = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)


class Leaf(NamedTuple):
    """A stage with its name, a C identifier."""

    name: str
    stage: CStage
    source: Any = None  # estimator of a stage that takes events

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return self.stage.n_in

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return self.stage.n_out

    @property
    def keeps(self) -> bool:
        """Whether something is kept from step to step."""
        return bool(self.stage.state) and not self.stage.forgets


class Series(NamedTuple):
    """Stages one after another; none pass the input on."""

    parts: list[Any]

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return int(self.parts[0].n_in)

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return int(self.parts[-1].n_out)

    @property
    def keeps(self) -> bool:
        """Whether something is kept from step to step."""
        return any(part.keeps for part in self.parts)


class Parallel(NamedTuple):
    """Stages side by side: each with the columns of the input that it takes."""

    name: str
    parts: list[Any]
    columns: list[list[int]]
    n_in: int

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return sum(part.n_out for part in self.parts)

    @property
    def keeps(self) -> bool:
        """Whether something is kept from step to step."""
        return any(part.keeps for part in self.parts)


def identifier(text: str) -> str:
    """Return a text as a name in C.

    Examples
    --------
    >>> identifier("touch 2-reservoir"), identifier("2nd")
    ('touch_2_reservoir', 'm_2nd')
    """
    name = sub(r"\W+", "_", text, flags=256).strip("_").lower() or "model"
    return name if not name[0].isdigit() else f"m_{name}"


def called(key: str, step: Any) -> str:
    """Return the name in C of a step of a pipeline, short where ``make_pipeline`` has named it.

    Examples
    --------
    >>> called("echostatereservoir-2", LinearRegression()), called("robustscaler", RobustScaler())
    ('echostatereservoir_2', 'scaler')
    """
    own = type(step).__name__.lower()
    short = own.removesuffix("reservoir").removesuffix("drive")
    short = "scaler" if isinstance(step, SCALERS) else short
    short = "readout" if isinstance(step, LINEAR) else short
    return identifier(key.replace(own, short or own) if key.startswith(own) else key)


class Given(NamedTuple):
    """What stages need beside the model."""

    n_steps: int | None  # of every recording, for segments of pooling
    tick: float  # s from step to step, for encoders that take rates
    taken: set[str]  # names in C that are in use; those of the stages are added
    single: bool = True  # whether the C computes in single precision


def tree(model: Any, given: Given, name: str = "") -> Any:
    """Return a fitted model as a tree of stages in C.

    Parameters
    ----------
    model : estimator
        Pipeline, FeatureUnion or ColumnTransformer of encoders, reservoirs, scalers and readouts,
        or one of these.
    given : Given
        What stages need beside the model.
    name : str
        Where the model stands in a larger one.

    Raises
    ------
    NotInC
        If a part has no form in C; names it.
    """
    model = inner(model)
    kind = type(model).__name__
    if isinstance(model, Pipeline):
        steps = [(key, step) for key, step in model.steps if not passes(step)]
        path = f"{name}_" if name else ""
        parts = [tree(step, given, path + called(key, step)) for key, step in steps]
        if not parts:
            raise NotInC("a Pipeline without stages has nothing to export.")
        return Series(parts) if len(parts) > 1 else parts[0]
    if isinstance(model, FeatureUnion | ColumnTransformer | DriveStack):
        return side_by_side(model, given, name)
    check_is_fitted(model)
    if isinstance(model, LateReadout):
        return late(model, given, name)
    if isinstance(model, CrossbarReadout):
        path = f"{name}_" if name else ""
        before = [tree(part, given, f"{path}before") for part in before_last(model.readout_)]
        leaf = Leaf(unused(name or "readout", given.taken), crossbar(model))
        return Series([*before, leaf]) if before else leaf
    own = unused(name or called(kind.lower(), model), given.taken)
    if getattr(model, "dtype", "") == "float32" and not given.single:
        raise NotInC(
            f"{kind} has dtype='float32', and its states in C would be more exact than those that "
            "the readout was fitted to: pass float32=True, or take dtype='float64'."
        )
    if isinstance(model, Reservoir) and defines(model, "_kind"):
        found = embedding.stages(model, given.n_steps)
        source = model if hasattr(model, "duration_") else None
        leaves = [
            Leaf(f"{own}_{end}", stage)
            if end
            else Leaf(own, stage._replace(note=described(model)), source)
            for end, stage in found
        ]
        return Series(leaves) if len(leaves) > 1 else leaves[0]
    if isinstance(model, Encoder) and defines(model, "_embed"):
        stage = model._embed(given.tick)._replace(note=described(model))
        return Leaf(own, stage, model if hasattr(model, "duration_") else None)
    if type(model) in SCALERS:  # others may transform or predict in their own way
        return Leaf(own, scaler(model))
    if type(model) in LINEAR or (isinstance(model, LINEAR) and defines(model, "predict")):
        return Leaf(own, linear(model))
    raise NotInC(
        f"{kind} (stage {own!r}) has no form in C. Exported are encoders, reservoirs, "
        f"{', '.join(one.__name__ for one in SCALERS)} and linear readouts "
        f"({', '.join(one.__name__ for one in LINEAR[1:])}, RidgeReadout): export the model "
        "without this stage, or replace it."
    )


def defines(model: Any, name: str) -> bool:
    """Return whether a class is of mottle, or has an attribute of its own and not by inheritance.

    A class derived from one of mottle may do what the text in C of its base does not.
    """
    kind = type(model)
    return kind.__module__.startswith("mottle.") or name in vars(kind)


def unused(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, and take it.

    Examples
    --------
    >>> taken = {"scaler"}
    >>> unused("scaler", taken), unused("scaler", taken)
    ('scaler_2', 'scaler_3')
    """
    found = name
    for k in range(2, len(taken) + 3):
        if found not in taken:
            break
        found = f"{name}_{k}"
    taken.add(found)
    return found


def inner(model: Any) -> Any:
    """Return what a wrapper around a readout predicts with."""
    while True:
        found = readout_of_steps(getattr(model, "pipeline_", model))
        if isinstance(found, MaskedReadout):
            check_is_fitted(found)
            found = found.readout_
        if found is model:
            return model
        model = found


def passes(step: Any) -> bool:
    """Return whether a step of a pipeline passes its input on."""
    return step is None or isinstance(step, str | SenseCheck)


def side_by_side(model: Any, given: Given, name: str) -> Parallel:
    """Return stages that run side by side, with the columns that each takes."""
    check_is_fitted(model)
    if getattr(model, "transformer_weights", None):
        raise NotInC(
            f"{type(model).__name__} has transformer_weights, which are not exported: put a scaler "
            "behind each stage instead, and fit anew."
        )
    path = f"{name}_" if name else ""
    if isinstance(model, FeatureUnion):
        steps: list[Any] = [(key, part, None) for key, part in model.transformer_list]
    elif isinstance(model, DriveStack):
        steps = [(sense, encoder, sense) for sense, encoder in model.encoders_]
    else:
        steps = list(model.transformers_)
    steps = [step for step in steps if not (isinstance(step[1], str) and step[1] == "drop")]
    parts, columns, begin = [], [], 0
    for key, part, which in steps:
        if isinstance(part, str):
            raise NotInC(f"{type(model).__name__} passes columns on ({key!r}): name a stage.")
        parts.append(tree(part, given, path + called(key, part)))
        if isinstance(which, str):  # a column of a table of streams: its channels come in a row
            columns.append(list(range(begin, begin + parts[-1].n_in)))
        elif which is None:
            columns.append(list(range(parts[-1].n_in)))
        else:
            columns.append(places(which, model))
        begin += len(columns[-1])
    n_in = max(max(own, default=-1) + 1 for own in columns)
    if isinstance(model, ColumnTransformer) and not any(isinstance(step[2], str) for step in steps):
        n_in = int(model.n_features_in_)
    return Parallel(name or "fused", parts, columns, n_in)


def late(model: LateReadout, given: Given, name: str) -> Series:
    """Return the mean of what the readouts of the senses predict, each for its own columns."""
    parts, columns, begin = [], [], 0
    for sense, member in model.members_:
        part = tree(member, given, identifier(sense))
        if hasattr(model, "classes_"):
            title = unused(f"{identifier(sense)}_probabilities", given.taken)
            part = Series([part, Leaf(title, probabilities(inner(member.steps[-1][1])))])
        parts.append(part)
        columns.append(list(range(begin, begin + part.n_in)))
        begin += part.n_in
    n, title = parts[0].n_out, unused(name or "mean", given.taken)
    stage = CStage(
        template(HERE / "mean.c"), n * len(parts), n, {"N": n, "N_MEMBERS": len(parts)},
        {"members": len(parts)}, note=f"mean of {len(parts)} readouts",
    )  # fmt: skip
    return Series([Parallel(f"{title}_members", parts, columns, begin), Leaf(title, stage)])


def probabilities(readout: Any) -> CStage:
    """Return the probabilities of the classes, as ``predict_proba`` of a readout."""
    n, kind = len(readout.classes_), type(readout).__name__
    if hasattr(readout, "sharpness_"):
        sharpness = readout.sharpness_
    elif isinstance(readout, LogisticRegression) and readout.solver != "liblinear":
        sharpness = 0.5 if n == 2 else 1.0
    else:
        raise NotInC(
            f"the probabilities of {kind} are not exported, and late fusion averages them: take "
            "RidgeReadout, or fusion='middle'."
        )
    return CStage(
        template(HERE / "probabilities.c", two=n == 2), 1 if n == 2 else n, n, {"N": n},
        {"sharpness": sharpness}, note=f"probabilities of {kind}",
    )  # fmt: skip


def places(which: Any, model: Any) -> list[int]:
    """Return the numbers of columns that a ColumnTransformer takes."""
    n = model.n_features_in_
    if isinstance(which, slice) or (np.asarray(which).dtype.kind in "iub"):
        return [int(i) for i in np.atleast_1d(np.arange(n)[which])]
    names = [str(name) for name in model.feature_names_in_]
    return [names.index(str(name)) for name in which]


def scaler(model: Any) -> CStage:
    """Return a scaler: each feature less a centre, divided by a scale."""
    n = int(model.n_features_in_)
    center, scale = np.zeros(n), np.ones(n)
    if isinstance(model, MinMaxScaler):
        if model.clip:
            raise NotInC("MinMaxScaler has clip=True, which is not exported: take clip=False.")
        scale, center = 1.0 / model.scale_, -model.min_ / model.scale_
    elif isinstance(model, StandardScaler):
        center = center if model.mean_ is None or not model.with_mean else model.mean_
        scale = scale if model.scale_ is None else model.scale_
    elif isinstance(model, RobustScaler):
        center = model.center_ if model.with_centering else center
        scale = model.scale_ if model.with_scaling else scale
    else:
        scale = model.scale_
    tables = {"center": np.asarray(center, np.float64), "scale": np.asarray(scale, np.float64)}
    text = template(HERE / "scaler.c")
    return CStage(text, n, n, {"N": n}, tables=tables, note=type(model).__name__)


def linear(model: Any) -> CStage:
    """Return a linear readout: one decision for each class, of two classes one, or each target."""
    if getattr(getattr(model, "_label_binarizer", None), "y_type_", "").startswith("multilabel"):
        raise NotInC("RidgeClassifier of several labels a row is not exported: fit one a label.")
    coef = np.atleast_2d(np.asarray(model.coef_, np.float64))
    intercept = np.atleast_1d(np.asarray(model.intercept_, np.float64))
    intercept = np.broadcast_to(intercept, coef.shape[:1])
    sizes = {"N_TARGETS": coef.shape[0], "N_FEATURES": coef.shape[1]}
    return CStage(
        template(HERE / "linear.c"), coef.shape[1], coef.shape[0], sizes,
        tables={"coef": coef.ravel(), "intercept": intercept}, note=described(model),
    )  # fmt: skip


def crossbar(model: CrossbarReadout) -> CStage:
    """Return a readout in crossbars with the weights that its cells have now, and its converters.

    Raises
    ------
    NotInC
        For noise at each read, and for nonlinear cells, whose circuit has no closed form.
    """
    if model.read_noise > 0:
        raise NotInC(
            f"CrossbarReadout has read_noise={model.read_noise}: noise at each read is of the "
            "simulation, and real cells bring their own; take read_noise=0."
        )
    if not all(tile.crossbar.is_linear for tile in model.tiles_):
        raise NotInC(
            "CrossbarReadout has nonlinear cells, whose circuit is solved for every input: take "
            "cells without v_sinh and selector."
        )
    tiles, v_read = model.tiles_, model._tile().v_read
    parts, outputs = [], model.bias_.size
    for tile in tiles:
        rows, columns = tile.rows.stop - tile.rows.start, len(tile.combine)
        parts.append(np.asarray(tile.crossbar.transfer)[-rows:, :columns].T)  # column by column
    widths = np.array([tile.outputs.stop - tile.outputs.start for tile in tiles])
    begins: dict[str, Any] = {
        "transfer_begin": [part.size for part in parts],
        "combine_begin": [tile.combine.size for tile in tiles], "digital_begin": widths,
    }  # fmt: skip
    tables: dict[str, Any] = {
        name: embedding.small(np.cumsum([0, *sizes])[:-1]) for name, sizes in begins.items()
    }
    for side in ("rows", "outputs"):
        for end, place in (("begin", "start"), ("end", "stop")):
            bounds = [getattr(getattr(tile, side), place) for tile in tiles]
            tables[f"{side}_{end}"] = embedding.small(bounds)
    digital = [
        [np.broadcast_to(getattr(tile, name), n) for tile, n in zip(tiles, widths, strict=True)]
        for name in ("gain", "offset")
    ]
    tables |= {
        "centre": model.centre_, "half_range": model.half_range_, "bias": model.bias_,
        "transfer": np.concatenate([part.ravel() for part in parts]),
        "combine": np.concatenate([tile.combine.ravel() for tile in tiles]),
        "n_columns": embedding.small([len(tile.combine) for tile in tiles]),
        "digital_gain": np.concatenate(digital[0]), "digital_offset": np.concatenate(digital[1]),
    }  # fmt: skip
    numbers = {"v_read": v_read}
    if model.dac_bits is not None:
        numbers |= {"dac_step": 2 * v_read / 2**model.dac_bits, "dac_last": 2**model.dac_bits - 1}
    if model.adc_bits is not None:
        low, high = np.array([tile.range for tile in tiles]).T
        tables |= {"low": low, "high": high, "adc_step": (high - low) / 2**model.adc_bits}
        numbers["adc_last"] = 2**model.adc_bits - 1
    n = model.centre_.size
    text = template(
        HERE / "crossbar.c", dac=model.dac_bits is not None, adc=model.adc_bits is not None
    )
    return CStage(
        text, n, outputs, {"N_FEATURES": n, "N_TARGETS": outputs, "N_TILES": len(tiles)}, numbers,
        tables, {"volts": np.zeros(n), "products": np.zeros(int(widths.max()))},
        note=f"crossbars of {len(tiles)} tiles, {model.seconds_:g} s after writing", forgets=True,
    )  # fmt: skip


def described(model: Any) -> str:
    """Return the class of an estimator with the parameters that are not at their default."""
    return " ".join(repr(model).split()).replace("*/", "* /")
