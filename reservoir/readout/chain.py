"""Stages that run step by step: a reservoir, or a pipeline of reservoirs, unions and scalers.

A stage has ``start(n_recordings, keys)`` and ``advance(state, X)``, as reservoirs do, or is a
fitted transformer of rows, such as a scaler, for which every step is a row. Whole recordings and
chunks of them give the same numbers.

In live runs (`LiveRun`) streams enter at encoders, each sense on its own clock, and reservoirs may
pool: then a chunk of any length gives one row of features, those of the recording so far.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

from mottle.reservoir.readout.entry import (
    ABSENT,
    Drives,
    Entry,
    Pooled,
    append,
    enter,
    together,
)
from mottle.reservoir.readout.sequence import SequenceReadout


@runtime_checkable
class Advances(Protocol):
    """A stage that runs step by step: takes and returns its state, and stores none."""

    def start(self, n_recordings: int = 1, keys: Any = None) -> Any:
        """Return the state of ``n_recordings`` runs at rest.

        ``keys`` are whole numbers, the keys of the noise, or iterators of the following chunks.
        """

    def advance(self, state: Any, X: Any) -> tuple[Any, Any]:
        """Return the new state and (recording, step, output) for a chunk of every run."""


def advances(stage: Any) -> bool:
    """Return whether a stage runs step by step; a look at its class is faster than the protocol.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mottle.reservoir import NoReservoir
    >>> advances(NoReservoir()), advances(StandardScaler())
    (True, False)
    """
    kind = type(stage)
    return (hasattr(kind, "start") and hasattr(kind, "advance")) or isinstance(stage, Advances)


def split_off_readout(model: Any) -> tuple[Any, Any]:
    """Return the stages of a fitted pipeline and its final estimator, None without one.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from mottle.reservoir import NoReservoir
    >>> split_off_readout(make_pipeline(NoReservoir(), Ridge()))[1]
    Ridge()
    """
    model = getattr(model, "pipeline_", model)  # of models that build their pipeline
    if not isinstance(model, Pipeline) or hasattr(model.steps[-1][1], "transform"):
        return model, None
    last = model.steps[-1][1]
    if hasattr(last, "split_live"):  # late fusion: its members begin with stages of their own
        return last.split_live()
    return (model.steps[0][1] if len(model.steps) == 2 else model[:-1]), last


def readout_of_steps(readout: Any) -> Any:
    """Return the readout that predicts every step by itself: that inside a `SequenceReadout`."""
    if not isinstance(readout, SequenceReadout):
        return readout
    check_is_fitted(readout)
    if readout.pool is not None:
        raise ValueError(
            f"{readout!r} predicts a recording as a whole, and a stream needs a prediction at "
            "every step: pool=None and targets of steps."
        )
    return readout.readout_


def parts(stage: Any) -> list[tuple[Any, Any]]:
    """Return the stages inside a stage, each with its columns (None for all)."""
    if isinstance(stage, Pipeline):
        return [
            (part, None) for _, part in stage.steps
            if part not in (None, "passthrough") and not hasattr(part, "passes_streams")
        ]  # fmt: skip
    if isinstance(stage, FeatureUnion):
        return [(part, None) for _, part in stage.transformer_list if part != "drop"]
    if isinstance(stage, ColumnTransformer):
        return [
            (part, columns)
            for _, part, columns in stage.transformers_
            if not (isinstance(part, str) and part == "drop")
        ]
    return []


def factors(stage: Any) -> list[float] | None:
    """Return the weights of the stages of a union, None where all are 1."""
    weights = getattr(stage, "transformer_weights", None)
    if not weights:
        return None
    named = getattr(stage, "transformers_", None) or stage.transformer_list
    return [
        weights.get(name, 1.0) for name, part, *_ in named
        if not (isinstance(part, str) and part == "drop")
    ]  # fmt: skip


def weighted(weights: list[float] | None, outputs: list[Any]) -> list[Any]:
    """Return the outputs of stages, times the weights of their union."""
    if weights is None:
        return outputs
    return [
        out if out is None or out is ABSENT else np.asarray(out) * weight
        for out, weight in zip(outputs, weights, strict=True)
    ]


def leaves(stage: Any) -> Iterator[Any]:
    """Yield the stages that contain no other stages."""
    inner = parts(stage)
    if not inner:
        yield stage
    for part, _ in inner:
        yield from leaves(part)


def check_stage(stage: Any, pooled: bool = False) -> None:
    """Raise if a stage does not give one output per step, or where ``pooled`` one a recording."""
    for leaf in leaves(stage):
        if leaf == "passthrough":
            continue
        rows = hasattr(leaf, "transform") and not hasattr(leaf, "takes_events")
        if not isinstance(leaf, Advances) and not rows:
            raise ValueError(
                f"{leaf!r} neither advances from step to step nor transforms rows: take a "
                "reservoir, or a Pipeline, FeatureUnion or ColumnTransformer of reservoirs and "
                "scalers."
            )
        check_is_fitted(leaf)
        if getattr(leaf, "pools", False) and not pooled:
            raise ValueError(
                f"{leaf} pools its states, and a stream needs every step: set pool=None and "
                "n_segments=1. For features of recordings, pass blocks of reservoir.transform to "
                "readout.partial_fit."
            )


def start(stage: Any, n_recordings: int = 1, keys: Any = None, window: Any = None) -> Any:
    """Return the state of runs at rest, nested like the stage."""
    if hasattr(stage, "encoders_"):  # drives of several senses side by side
        senses = {name: start(part, n_recordings, keys) for name, part in stage.encoders_}
        return Drives(senses, dict.fromkeys(senses))
    inner = parts(stage)
    if inner:
        return [start(part, n_recordings, keys, window) for part, _ in inner]
    return rest(stage, n_recordings, keys, window) if isinstance(stage, Advances) else None


def rest(stage: Any, n_recordings: int, keys: Any, window: Any = None) -> Any:
    """Return the state at rest of a stage without others in it."""
    own = stage.start(n_recordings, keys)
    if hasattr(stage, "takes_events"):
        return Entry(own)
    if getattr(stage, "pools", False):
        steps = stage._longest if window is None else window
        return Pooled(own, np.empty((n_recordings, 0, stage.n_nodes)), steps)
    return own


def start_for(stage: Any, chunks: Callable[[], Iterator[NDArray]]) -> Any:
    """Return the state of one run with the noise of the whole recording.

    Each call of ``chunks()`` yields the recording (step, input) chunk by chunk.
    """
    if isinstance(stage, Pipeline):
        states = []
        for part, _ in parts(stage):
            states.append(start_for(part, chunks))
            chunks = partial(_outputs, part, states[-1], chunks)
        return states
    inner = parts(stage)
    if inner:
        return [start_for(part, partial(_columns, chunks, columns)) for part, columns in inner]
    return rest(stage, 1, [chunks()]) if isinstance(stage, Advances) else None


def _outputs(stage: Any, state: Any, chunks: Callable[[], Iterator[NDArray]]) -> Iterator[NDArray]:
    for chunk in chunks():
        state, out = advance(stage, state, np.asarray(chunk)[np.newaxis])
        yield out[0]


def _columns(chunks: Callable[[], Iterator[NDArray]], columns: Any) -> Iterator[NDArray]:
    for chunk in chunks():
        yield np.asarray(chunk) if columns is None else np.asarray(chunk)[:, columns]


def advance(stage: Any, state: Any, X: Any, until: Any = None) -> tuple[Any, Any]:
    """Advance runs by a chunk (recording, step, input); return state and outputs.

    ``X`` is None where nothing came, `ABSENT` where a sense is absent, a mapping of senses in front
    of a stage that takes columns by name; so may ``until`` be. Outputs are None where no step was
    completed.
    """
    return plan(stage)(state, X, until)


def plan(stage: Any) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """Return the function that advances a stage, called as ``advance`` without the stage.

    To find out what kind each stage is takes longer than a step of most.
    """
    if hasattr(stage, "encoders_"):
        widths = {name: len(part.get_feature_names_out()) for name, part in stage.encoders_}
        return partial(_drives, {name: plan(part) for name, part in stage.encoders_}, widths)
    inner = [(plan(part), columns) for part, columns in parts(stage)]
    if isinstance(stage, Pipeline):
        return partial(_in_turn, [step for step, _ in inner])
    if inner:
        return partial(_side_by_side, inner, factors(stage))
    if hasattr(stage, "takes_events"):
        return partial(enter, stage)
    if getattr(stage, "pools", False):
        return partial(pool_on, stage)
    return partial(_steps if advances(stage) else _rows, stage)


def _in_turn(steps: list[Callable], state: Any, X: Any, until: Any) -> tuple[Any, Any]:
    new = []
    for step, old in zip(steps, state, strict=True):
        after, X = step(old, X, until)
        new.append(after)
    return new, X


def _side_by_side(
    inner: list[tuple[Callable, Any]], weights: Any, state: Any, X: Any, until: Any
) -> tuple[Any, Any]:
    runs = [
        step(old, X, until)
        if columns is None
        else step(old, take(X, columns), until_of(until, columns))
        for (step, columns), old in zip(inner, state, strict=True)
    ]
    return [after for after, _ in runs], beside(weighted(weights, [out for _, out in runs]))


def _steps(stage: Any, state: Any, X: Any, until: Any) -> tuple[Any, Any]:
    return (state, X) if X is None or X is ABSENT else stage.advance(state, X)


def _rows(stage: Any, state: Any, X: Any, until: Any) -> tuple[Any, Any]:
    return state, X if X is None or X is ABSENT else by_rows(stage, X)


def _drives(
    encoders: dict[str, Callable], widths: dict[str, int], state: Drives, X: Any, until: Any
) -> tuple[Drives, Any]:
    """Advance the encoders of several senses; return the steps that all have completed."""
    senses, found = {}, {}
    for name, step in encoders.items():
        own = until_of(until, name)
        senses[name], found[name] = step(state.senses[name], take(X, name), own)
    absent = [
        name for name, one in found.items()
        if one is ABSENT or (name in state.absent and one is None)
    ]  # fmt: skip
    waiting, out = together(state.waiting, found, absent, widths)
    return Drives(senses, waiting, absent), out


def pool_on(stage: Any, state: Pooled, X: Any, until: Any = None) -> tuple[Pooled, NDArray]:
    """Advance a reservoir that pools; return (recording, 1, feature) of the states so far."""
    if X is ABSENT:
        state = replace(state, states=state.states[:, :0], sums=None, room=None, end=0)
    elif X is not None:
        return pool_steps(stage, state, *stage.advance(state.state, X))
    return state, stage.pool_states(state.states)[:, np.newaxis]


def pool_steps(stage: Any, state: Pooled, own: Any, new: NDArray) -> tuple[Pooled, NDArray]:
    """Return the state after the steps ``new``, and features of the latest ``window`` steps."""
    done, sums = state.states.shape[1], state.sums
    states, room, end = append(state.states, new, state.room, state.end, state.window)
    whole = states.shape[1] == done + new.shape[1]
    if whole and stage.n_segments == 1 and new.shape[1]:
        if sums is None and done:  # of a file that an older version wrote
            done, new = 0, states
        sums, out = stage._pool_on(sums, done, new)
    else:
        sums, out = None, stage.pool_states(states)
    return Pooled(own, states, state.window, sums, room, end), out[:, np.newaxis]


def take(X: Any, columns: Any) -> Any:
    """Return the chunk of one sense, or some inputs of an array."""
    if X is None or X is ABSENT:
        return X
    if not isinstance(X, Mapping):
        return np.asarray(X)[:, :, columns]
    name = sense_of(columns)
    if name not in X:
        return None
    return ABSENT if X[name] is None else X[name]


def sense_of(columns: Any) -> Any:
    """Return the sense of a stage that takes one column by its name."""
    return columns if isinstance(columns, str) else columns[0]


def until_of(until: Any, columns: Any) -> Any:
    """Return the time up to which the events of a sense have come, one for all or one for each."""
    return until.get(sense_of(columns)) if isinstance(until, Mapping) else until


def beside(outputs: list[Any]) -> Any:
    """Return outputs side by side, None where none has a step."""
    if len(outputs) == 1 and isinstance(outputs[0], np.ndarray):
        return outputs[0]
    if any(out is ABSENT for out in outputs):
        raise ValueError("a sense is absent (None), and its reservoir does not pool: its states "
                         "have no value then. Leave the sense out of the chunk.")  # fmt: skip
    if all(out is None for out in outputs):
        return None
    steps = [0 if out is None else out.shape[1] for out in outputs]
    if len(set(steps)) > 1:
        raise ValueError(
            f"the senses advance by different numbers of steps, {steps}: a readout of steps needs "
            "equal ones; reservoirs that pool do not."
        )
    return np.concatenate(outputs, axis=2)


def by_rows(stage: Any, X: NDArray) -> NDArray:
    """Transform (recording, step, input) with every step as a row."""
    if isinstance(stage, str):  # "passthrough"
        return X
    rows = stage.transform(X.reshape(-1, X.shape[2]))
    rows = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
    return rows.reshape(*X.shape[:2], -1)


def run(stage: Any, recordings: list[Any]) -> list[NDArray]:
    """Return the outputs (step, output) of whole recordings, from rest."""
    inner = parts(stage)
    if isinstance(stage, Pipeline):
        for part, _ in inner:
            recordings = run(part, recordings)
        return recordings
    if inner:
        sides = [
            run(part, recordings if columns is None else [x[:, columns] for x in recordings])
            for part, columns in inner
        ]
        weights = factors(stage)
        return [np.hstack(weighted(weights, list(side))) for side in zip(*sides, strict=True)]
    if isinstance(stage, Advances):
        return list(stage.transform(recordings))  # type: ignore[attr-defined]
    return [by_rows(stage, np.asarray(x)[np.newaxis])[0] for x in recordings]


def n_outputs(stage: Any) -> int:
    """Return the approximate number of outputs per step, for the size of chunks."""
    inner = parts(stage)
    if isinstance(stage, Pipeline):
        return n_outputs(inner[-1][0])
    if inner:
        return sum(n_outputs(part) for part, _ in inner)
    return int(getattr(stage, "n_nodes", 0) or getattr(stage, "n_features_in_", 1))
