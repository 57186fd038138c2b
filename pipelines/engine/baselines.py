"""Models without a reservoir beside those of a recipe, on the same folds and from the same senses.

They learn from what the reservoirs are given: the drives of the encoders, fitted to the training
part; statistics are of the sampled streams themselves, so that an encoder that loses the signal
shows.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_union

from mottle.events import read_stream
from mottle.pipelines.engine.cache import keyed
from mottle.pipelines.engine.evaluate import Case
from mottle.pipelines.engine.features import Fold
from mottle.pipelines.engine.ledger import Spent, read_clocks
from mottle.pipelines.engine.plans import plan_inputs
from mottle.pipelines.metrics import Outputs, constant_outputs, outputs_of
from mottle.pipelines.recipe import Recipe

ROCKETS = {
    "minirocket": ("aeon",), "multirocket": ("aeon",), "multirocket-hydra": ("aeon", "torch"),
}  # fmt: skip
"""Packages that a baseline needs; aeon's Hydra runs on torch."""
N_TREES, N_KERNELS, MOST_STEPS, LEAST_STEPS = 500, 10_000, 512, 9


def available(per_step: bool, horizon: int | None = None) -> list[str]:
    """Return the baselines that can be computed here.

    Parameters
    ----------
    per_step : bool
        Whether the target has a value a step.
    horizon : int or None
        Steps ahead of the target.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> available(True, 3)
    ['majority', 'persistence']
    """
    if per_step:
        return ["majority", *(["persistence"] if horizon else [])]
    found = [name for name in ROCKETS if not absent(name)]
    if "multirocket-hydra" in found:
        found.remove("multirocket")  # is part of it
    return ["majority", "forest", *found]


def absent(name: str) -> list[str]:
    """Return the packages that a baseline needs and that are not installed."""
    return [package for package in ROCKETS[name] if not find_spec(package)]


def check_baselines(names: Sequence[str], per_step: bool, horizon: int | None) -> None:
    """Refuse baselines that a target does not allow, or whose package is not installed.

    Examples
    --------
    >>> check_baselines(["persistence"], False, None)
    Traceback (most recent call last):
    ValueError: baselines: 'persistence' is for targets of steps with data.horizon of 1 or more.
    """
    for name in names:
        if name == "persistence" and not (per_step and horizon):
            raise ValueError(
                "baselines: 'persistence' is for targets of steps with data.horizon of 1 or more."
            )
        if name in ("forest", *ROCKETS) and per_step:
            raise ValueError(
                f"baselines: {name!r} is for one target a recording, and washout is set."
            )
        if name in ROCKETS and absent(name):
            raise ValueError(
                f"baselines: {name!r} needs {' and '.join(absent(name))}: pip install "
                f"'mottle[baselines]'{' torch' if 'torch' in absent(name) else ''}."
            )


def evaluate_baseline(
    name: str, recipe: Recipe, seed: int, fold: Fold
) -> Iterator[tuple[Case, Outputs, Spent, Spent]]:
    """Yield the predictions of a baseline for each sense, and for all side by side.

    Parameters
    ----------
    name : str
        As in a recipe.
    recipe : Recipe
        Its encoders and readout are used.
    seed : int
        Of trees and kernels.
    fold : Fold
        Training and test part.

    Yields
    ------
    case : Case
        Inputs.
    outputs : Outputs
        Predictions.
    fit, predict : Spent
        What they took; encoding is not in it.
    """
    for plan in plan_inputs(recipe):
        if plan.fusion != "middle":
            continue
        begin = read_clocks()
        predict = fit_baseline(name, recipe, seed, fold, plan.senses)
        fitted = read_clocks()
        outputs = predict()
        _ = outputs.predicted
        yield Case(plan.inputs, ""), outputs, fitted.plus(begin, -1.0), read_clocks().plus(
            fitted, -1.0
        )  # fmt: skip


def fit_baseline(
    name: str, recipe: Recipe, seed: int, fold: Fold, senses: tuple[str, ...]
) -> Callable[[], Outputs]:
    """Fit a baseline; return what predicts the test part."""
    classify = fold.target.classify
    if name == "majority":
        best = constant_outputs(fold.y_train, classify)
        n = len(fold.y_test)
        constant, classes = best.predicted[:1], best.classes
        proba = None if classes is None else best.probabilities[:1]
        return lambda: Outputs(
            lambda: np.repeat(constant, n, axis=0),
            None if proba is None else lambda: np.repeat(proba, n, axis=0), classes,
        )  # fmt: skip
    if name == "persistence":
        return lambda: Outputs(lambda: persisted(recipe, fold))
    if name == "forest":
        forest = (RandomForestClassifier if classify else RandomForestRegressor)(
            N_TREES, random_state=seed, n_jobs=1
        )
        parts = [statistics_of(recipe, fold, sense) for sense in senses]
        forest.fit(np.hstack([train for train, _ in parts]), fold.y_train)
        X_test = np.hstack([test for _, test in parts])
        return lambda: outputs_of(forest, X_test)
    trains, tests = [], []
    for sense in senses:
        train, test = (
            as_cases(part) for part in fold.drives(sense, keyed(recipe.make_encoders()[sense]))
        )
        if train.shape[-1] != test.shape[-1]:
            length = min(train.shape[-1], test.shape[-1])
            train, test = train[..., :length], test[..., :length]
        kernels = rocket(name, seed)
        trains.append(np.asarray(kernels.fit_transform(train)))
        tests.append(lambda kernels=kernels, test=test: np.asarray(kernels.transform(test)))
    readout = recipe.make_readout(fold.target.task)
    readout.fit(np.hstack(trains), fold.y_train)
    return lambda: outputs_of(readout, np.hstack([make() for make in tests]))


def rocket(name: str, seed: int) -> Any:
    """Return the transform of MiniRocket, MultiRocket, or the latter beside Hydra."""
    from aeon.transformations.collection.convolution_based import (
        HydraTransformer,
        MiniRocket,
        MultiRocket,
    )

    if name == "minirocket":
        return MiniRocket(n_kernels=N_KERNELS, random_state=seed)
    multi = MultiRocket(n_kernels=6250, random_state=seed)
    return (
        multi if name == "multirocket" else make_union(multi, HydraTransformer(random_state=seed))
    )


def as_cases(drives: Any) -> NDArray[np.float64]:
    """Return drives as an array (case, channel, time) of equal length.

    Drives of unequal length are interpolated to the longest, at most 512 steps; those of fewer than
    9 steps to 9, the length of a kernel.

    Examples
    --------
    >>> as_cases([np.zeros((4, 2)), np.zeros((12, 2))]).shape
    (2, 2, 12)
    """
    arrays = [np.asarray(drive, dtype=np.float64) for drive in drives]
    length = min(MOST_STEPS, max(LEAST_STEPS, *(len(one) for one in arrays)))
    found = np.empty((len(arrays), arrays[0].shape[1], length))
    for k, one in enumerate(arrays):
        if len(one) == length:
            found[k] = one.T
            continue
        at = np.linspace(0, len(one) - 1, length)
        found[k] = [np.interp(at, np.arange(len(one)), channel) for channel in one.T]
    return found


def statistics_of(
    recipe: Recipe, fold: Fold, sense: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a few statistics a channel of the recordings of a sense, training and test."""
    cells = [read_stream(cell) for cell in fold.table[sense]]
    if all(is_plain(cell) for cell in cells) and len({cell.shape[1] for cell in cells}) == 1:
        arrays = [np.asarray(cell, dtype=np.float64) for cell in cells]
        every = np.stack([statistics(one) for one in arrays])
        return every[fold.train], every[fold.test]
    train, test = fold.drives(sense, keyed(recipe.make_encoders()[sense]))
    return (
        np.stack([statistics(np.asarray(drive)) for drive in train]),
        np.stack([statistics(np.asarray(drive)) for drive in test]),
    )


def is_plain(cell: Any) -> bool:
    """Return whether a stream is sampled (time, channel)."""
    return cell is not None and (
        isinstance(cell, xr.DataArray) or np.asarray(cell).dtype.names is None
    ) and np.ndim(cell) == 2  # fmt: skip


def statistics(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean, standard deviation, least, most, first, last and mean change of each channel.

    Examples
    --------
    >>> statistics(np.array([[1.0], [3.0], [5.0]])).round(3).tolist()
    [3.0, 1.633, 1.0, 5.0, 1.0, 5.0, 2.0]
    """
    change = np.abs(np.diff(values, axis=0)).mean(axis=0) if len(values) > 1 else 0 * values[0]
    found = [values.mean(axis=0), values.std(axis=0), values.min(axis=0), values.max(axis=0),
             values[0], values[-1], change]  # fmt: skip
    return np.nan_to_num(np.concatenate(found))


def persisted(recipe: Recipe, fold: Fold) -> NDArray[np.float64]:
    """Return the last known value of the target at each step of the test part."""
    assert recipe.data is not None
    horizon, washout = int(recipe.data.horizon or 0), int(fold.target.washout or 0)
    found = []
    for row in fold.test:
        values = np.asarray(fold.target.values[row])
        before = np.concatenate([np.repeat(values[:1], horizon, axis=0), values[:-horizon]])
        found.append(before[washout:])
    return np.concatenate(found)
