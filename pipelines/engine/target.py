"""What is to be predicted: labels or numbers, one a recording or one a step."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.checks import check_option
from mottle.reservoir.readout.task import TASKS, are_labels


@dataclass(frozen=True)
class Target:
    """The target of all recordings, checked.

    Attributes
    ----------
    values : list of ndarray, or ndarray
        Per step: an array (step,) or (step, target) for each recording. Per recording: an array
        (recording,) or (recording, target).
    classify : bool
        Whether the values are labels.
    washout : int or None
        Steps left out at the beginning of each recording; None where recordings have one value.
    """

    values: Any
    classify: bool
    washout: int | None = None

    @property
    def per_step(self) -> bool:
        """Whether every step has a value of its own."""
        return self.washout is not None

    @property
    def task(self) -> str:
        """Return "classification" or "regression"."""
        return "classification" if self.classify else "regression"

    def __len__(self) -> int:
        return len(self.values)

    def take(self, recordings: NDArray) -> "Target":
        """Return the target of some recordings."""
        values = [self.values[i] for i in recordings] if self.per_step else self.values[recordings]
        return Target(values, self.classify, self.washout)

    def samples(self, recordings: Iterable[int]) -> NDArray:
        """Return the target of the samples of some recordings: one a recording, or one a step."""
        if not self.per_step:
            return np.asarray(self.values[list(recordings)])
        return np.concatenate([self.values[i][self.washout :] for i in recordings])

    def align(self, states: Any, recordings: Iterable[int]) -> NDArray:
        """Return features (sample, feature) from features, or from states of each recording.

        Rows are those of `samples`.
        """
        if not self.per_step:
            return np.asarray(states)
        rows = []
        for i, own in zip(recordings, states, strict=True):
            n_steps = len(self.values[i])
            if len(own) != n_steps:
                raise ValueError(
                    f"recording {i} has a target of {n_steps} steps and a drive of {len(own)}: "
                    "give one value for each step of the drive, or an encoder that keeps the steps "
                    "of the recording (n_steps = 'none')."
                )
            rows.append(own[self.washout :])
        return np.concatenate(rows)

    def frame(self, recordings: NDArray, fold: int) -> pd.DataFrame:
        """Return one row a predicted value: fold, recording, step, output and target.

        ``step`` is there for targets of steps, ``output`` for several targets.
        """
        truth = self.samples(recordings)
        counts = np.ones(len(recordings), dtype=int)
        columns: dict[str, Any] = {"recording": recordings}
        if self.per_step:
            counts = np.array([len(self.values[i]) - (self.washout or 0) for i in recordings])
            columns = {
                "recording": np.repeat(recordings, counts),
                "step": np.concatenate([np.arange(n) + (self.washout or 0) for n in counts]),
            }
        if truth.ndim == 2:
            width = truth.shape[1]
            columns = {name: np.repeat(column, width) for name, column in columns.items()}
            columns["output"] = np.tile(np.arange(width), len(truth))
        return pd.DataFrame({"fold": fold, **columns, "target": truth.ravel()})


def check_target(given: Any, n_recordings: int, task: str = "auto", washout: Any = None) -> Target:
    """Return a target of which the kind is known.

    Parameters
    ----------
    given : array-like
        One label, number or row of numbers a recording; with a washout, one array a recording, of
        a value or row a step.
    n_recordings : int
        How many there are.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" regresses floating-point numbers and classifies text and integers; integers that may
        be measurements are refused.
    washout : int or None, default=None
        Steps left out at the beginning of each recording.

    Returns
    -------
    target : Target
        Checked.

    Raises
    ------
    ValueError
        For a target of another length, or without numbers or labels that can be learnt.

    Examples
    --------
    >>> check_target(np.array(["a", "b"]), 2).task, check_target(np.array([0.5, 1.5]), 2).task
    ('classification', 'regression')
    >>> check_target([np.arange(5.0), np.arange(4.0)], 2, washout=2).samples([1]).tolist()
    [2.0, 3.0]
    """
    check_option("task", task, TASKS)
    if len(given) != n_recordings:
        raise ValueError(
            f"the target has {len(given)} values and the table {n_recordings} recordings; give one "
            "for each."
        )
    values: Any
    if washout is None:
        values = _plain(given)
        if values.dtype == object or values.ndim > 2:
            raise ValueError(
                "the target holds an array for each recording: for targets of a value a step set "
                "washout in the recipe (0 leaves out no step), and let reservoirs not pool."
            )
        parts = values[np.newaxis]
    else:
        values = parts = [_steps(one, i, washout) for i, one in enumerate(given)]
        if len({one.shape[1:] for one in parts}) > 1:
            raise ValueError("the targets of the recordings differ in the number of their columns.")
    numbers = any(one.dtype.kind == "f" for one in parts)
    classify = task == "classification" or (
        not numbers and are_labels(np.concatenate(parts), task, "the target")
    )
    for i, one in enumerate(parts):
        if one.dtype.kind not in ("biufUS" if classify else "biuf"):
            raise ValueError(f"the target is {one.dtype}, no numbers: a regression needs numbers.")
        if one.dtype.kind == "f" and not np.isfinite(one).all():
            where = np.argwhere(~np.isfinite(one))[0].tolist()
            place = f"recording {where[0]}" if washout is None else f"step {where[0]} of {i}"
            raise ValueError(
                f"the target of {place} is not finite; leave out recordings without a target."
            )
    if classify and parts[0].ndim > 1 + (washout is None):
        raise ValueError(
            f"a classification needs one label a sample, and the target has {parts[0].shape[-1]} "
            "columns; set task = 'regression' if these are numbers."
        )
    return Target(values, classify, washout)


def _plain(given: Any) -> NDArray:
    """Return an array with the type of its values, where they are plain."""
    values = np.asarray(given)
    if values.dtype == object and not any(np.ndim(one) for one in values.ravel()):
        return np.array(values.tolist())
    return values


def _steps(given: Any, place: int, washout: int) -> NDArray:
    """Return the target of one recording, (step,) or (step, target)."""
    if np.ndim(given) not in (1, 2):
        raise ValueError(
            f"washout={washout} is for targets of a value a step, and the target of recording "
            f"{place} is {type(given).__name__} of {np.ndim(given)} axes; leave washout out for "
            "targets of a recording."
        )
    values = _plain(given)
    if len(values) <= washout:
        raise ValueError(
            f"recording {place} has {len(values)} steps, no more than washout={washout}; take a "
            "shorter washout, or leave the recording out."
        )
    return values
