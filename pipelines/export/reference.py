"""Outputs of a model in Python, step by step: what the C is compared with."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from mottle.pipelines.export.tree import LINEAR, Given, inner, passes, places, tree
from mottle.pipelines.late import LateReadout
from mottle.reservoir import CrossbarReadout
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.readout.chain import Advances
from mottle.sensors import DriveStack
from mottle.sensors.events import EventEncoder
from mottle.sensors.sampled import SampledEncoder


class Recorded(NamedTuple):
    """What came in beside the rows of a sample."""

    tick: float  # s from row to row
    events: Any = None  # event stream


def outputs(
    model: Any, X: NDArray, pools: bool, given: Recorded
) -> tuple[NDArray[np.uint32], NDArray]:
    """Return ticks and the outputs of a model at these, for recorded input (tick, input).

    Of a model that pools they are some beginnings of the recording, else all steps.
    """
    n = len(X)
    if not pools:
        return np.arange(n, dtype=np.uint32), run(model, X, None, given)
    ends = sorted({*(2**k for k in range(n.bit_length()) if 2**k <= n), n})
    ends = [n] if segments(model) else ends
    return np.array(ends, np.uint32) - np.uint32(1), run(model, X, ends, given)


def segments(model: Any) -> bool:
    """Return whether a reservoir pools in segments, which a beginning of a recording has not."""
    if isinstance(model, Reservoir):
        return bool(model.pools and model.n_segments > 1)
    inside: list[Any] = []
    if isinstance(model, Pipeline):
        inside = [step for _, step in model.steps if not passes(step)]
    elif isinstance(model, FeatureUnion):
        inside = [part for _, part in model.transformer_list]
    elif isinstance(model, ColumnTransformer):
        inside = [part for _, part, _ in model.transformers_]
    return any(segments(part) for part in inside)


def run(model: Any, X: NDArray, ends: list[int] | None, given: Recorded) -> NDArray[np.float64]:
    """Return the outputs of every step, or of the beginnings of a recording that have ``ends``."""
    model = inner(model)
    if isinstance(model, Pipeline):
        for step in (step for _, step in model.steps if not passes(step)):
            X = run(step, X, ends, given)
        return X
    if isinstance(model, FeatureUnion | ColumnTransformer | DriveStack):
        return side_by_side(model, X, ends, given)
    if isinstance(model, Reservoir):
        if hasattr(model, "duration_"):
            _, states = model.advance(model.start(), [given.events], len(X))
        else:
            _, states = model.advance(model.start(), X[np.newaxis])
        if not model.pools:
            return np.asarray(states[0], np.float64)
        names, lengths = model._statistics(), ends or []
        pooled = [model._pool((0, states[:, :end], np.array([end])), names) for end in lengths]
        return np.concatenate(pooled)
    if isinstance(model, SampledEncoder):
        times = {"time": given.tick * np.arange(len(X))}
        rows = xr.DataArray(X, dims=("time", "channel"), coords=times)
        return np.asarray(model.advance(model.start(), [rows])[1][0], np.float64)
    if isinstance(model, EventEncoder):
        return np.asarray(model.advance(model.start(), [given.events], len(X))[1][0], np.float64)
    if isinstance(model, Advances):
        _, drive = model.advance(model.start(), X[np.newaxis])
        return np.asarray(drive[0], np.float64)
    if isinstance(model, LateReadout):
        return late(model, X, ends, given)
    if isinstance(model, (*LINEAR, CrossbarReadout)):
        decide = getattr(model, "decision_function", model.predict)
        return np.asarray(decide(X), np.float64).reshape(len(X), -1)
    return np.asarray(model.transform(X), np.float64)


def side_by_side(
    model: Any, X: NDArray, ends: list[int] | None, given: Recorded
) -> NDArray[np.float64]:
    """Return the outputs of stages that run side by side."""
    if isinstance(model, FeatureUnion):
        steps: list[Any] = [(part, None) for _, part in model.transformer_list]
    elif isinstance(model, DriveStack):
        steps = [(encoder, sense) for sense, encoder in model.encoders_]
    else:
        steps = [(part, which) for _, part, which in model.transformers_]
    found, begin = [], 0
    for part, which in steps:
        if isinstance(part, str):  # dropped
            continue
        if isinstance(which, str):
            width = tree(part, Given(len(X), given.tick, set())).n_in
            own = X[:, begin : begin + width]
            begin += width
        else:
            own = X if which is None else X[:, places(which, model)]
        found.append(run(part, np.ascontiguousarray(own), ends, given))
    return np.concatenate(found, axis=1)


def late(
    model: LateReadout, X: NDArray, ends: list[int] | None, given: Recorded
) -> NDArray[np.float64]:
    """Return the mean of what the readouts of the senses predict."""
    found, begin = [], 0
    for _, member in model.members_:
        width = tree(member, Given(len(X), given.tick, set())).n_in
        features = run(member[:-1], np.ascontiguousarray(X[:, begin : begin + width]), ends, given)
        begin += width
        readout = inner(member.steps[-1][1])
        predict = readout.predict_proba if hasattr(model, "classes_") else readout.predict
        found.append(np.asarray(predict(features), np.float64).reshape(len(features), -1))
    total: NDArray[np.float64] = np.mean(found, axis=0)
    return total
