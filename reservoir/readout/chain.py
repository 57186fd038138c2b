"""Stages that run step by step: a reservoir, or a pipeline of reservoirs, unions and scalers.

A stage has ``start(n_recordings, keys)`` and ``advance(state, X)``, as reservoirs do, or is a
fitted transformer of rows, such as a scaler, for which every step is a row. Whole recordings and
chunks of them give the same numbers.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.validation import check_is_fitted

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
    if isinstance(model, Pipeline) and not hasattr(model.steps[-1][1], "transform"):
        if len(model.steps) == 2:
            return model.steps[0][1], model.steps[1][1]
        return model[:-1], model.steps[-1][1]
    return model, None


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
        return [(part, None) for _, part in stage.steps if part not in (None, "passthrough")]
    if isinstance(stage, FeatureUnion):
        return [(part, None) for _, part in stage.transformer_list if part != "drop"]
    if isinstance(stage, ColumnTransformer):
        return [
            (part, columns)
            for _, part, columns in stage.transformers_
            if not (isinstance(part, str) and part == "drop")
        ]
    return []


def leaves(stage: Any) -> Iterator[Any]:
    """Yield the stages that contain no other stages."""
    inner = parts(stage)
    if not inner:
        yield stage
    for part, _ in inner:
        yield from leaves(part)


def check_stage(stage: Any) -> None:
    """Raise if a stage does not give one output per step."""
    for leaf in leaves(stage):
        if leaf == "passthrough":
            continue
        if not isinstance(leaf, Advances) and not hasattr(leaf, "transform"):
            raise ValueError(
                f"{leaf!r} neither advances from step to step nor transforms rows: take a "
                "reservoir, or a Pipeline, FeatureUnion or ColumnTransformer of reservoirs and "
                "scalers."
            )
        check_is_fitted(leaf)
        if getattr(leaf, "pools", False):
            raise ValueError(
                f"{leaf} pools its states, and a stream needs every step: set pool=None and "
                "n_segments=1. For features of recordings, pass blocks of reservoir.transform to "
                "readout.partial_fit."
            )


def start(stage: Any, n_recordings: int = 1, keys: Any = None) -> Any:
    """Return the state of runs at rest, nested like the stage."""
    inner = parts(stage)
    if inner:
        return [start(part, n_recordings, keys) for part, _ in inner]
    return stage.start(n_recordings, keys) if isinstance(stage, Advances) else None


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
    return stage.start(1, [chunks()]) if isinstance(stage, Advances) else None


def _outputs(stage: Any, state: Any, chunks: Callable[[], Iterator[NDArray]]) -> Iterator[NDArray]:
    for chunk in chunks():
        state, out = advance(stage, state, np.asarray(chunk)[np.newaxis])
        yield out[0]


def _columns(chunks: Callable[[], Iterator[NDArray]], columns: Any) -> Iterator[NDArray]:
    for chunk in chunks():
        yield np.asarray(chunk) if columns is None else np.asarray(chunk)[:, columns]


def advance(stage: Any, state: Any, X: Any) -> tuple[Any, NDArray]:
    """Advance runs by a chunk (recording, step, input); return state and outputs."""
    inner = parts(stage)
    if isinstance(stage, Pipeline):
        new = []
        for (part, _), old in zip(inner, state, strict=True):
            after, X = advance(part, old, X)
            new.append(after)
        return new, X
    if inner:
        runs = [
            advance(part, old, X if columns is None else np.asarray(X)[:, :, columns])
            for (part, columns), old in zip(inner, state, strict=True)
        ]
        return [after for after, _ in runs], np.concatenate([out for _, out in runs], axis=2)
    if isinstance(stage, Advances):
        return stage.advance(state, X)
    return state, by_rows(stage, X)


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
        return [np.hstack(side) for side in zip(*sides, strict=True)]
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
