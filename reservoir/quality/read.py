"""Readers of states and input for the quality measures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from mottle.arrays import as_numbers, order_dims
from mottle.checks import check_number
from mottle.reservoir.quality.runs import refuse_unequal

RCOND = 1e-10  # singular values below it, relative to the largest, count as rounding
Floats = NDArray[np.float64]


def read_states(states: Any, what: str = "states") -> Floats:
    """Return the states of one run, (step, node).

    Examples
    --------
    >>> read_states(np.ones((3, 1)))
    Traceback (most recent call last):
    ValueError: states has one column, and these measures compare many: append virtual nodes (n_masks), delay taps (n_taps) or earlier states as further columns.
    """  # noqa: E501
    array = as_numbers(order_dims(_variable(states), what), what)
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    if array.ndim != 2:
        raise ValueError(
            f"{what} has shape {array.shape}, expected (n_steps, n_nodes)"
            + (": take one recording at a time." if array.ndim == 3 else ".")
        )
    refuse_missing(array, what, ("step", "node"))
    refuse_single(array, what)
    return array


def read_runs(runs: Any, what: str, least: int = 2) -> Floats:
    """Return the states of several runs of equal length, (run, step, node)."""
    if isinstance(runs, list | tuple):
        sizes = {np.shape(run) for run in runs}
        if len(sizes) > 1:
            raise ValueError(
                f"{what} holds runs of shapes {sorted(sizes)}: cut them to equal length."
            )
        runs = np.stack([np.asarray(run, float) for run in runs])
    refuse_unequal(runs)
    array = as_numbers(order_dims(_variable(runs), what), what)
    if array.ndim != 3 or len(array) < least:
        raise ValueError(
            f"{what} has shape {array.shape}, expected (n_runs, n_steps, n_nodes) with at least "
            f"{least} runs."
        )
    refuse_missing(array, what, ("run", "step", "node"))
    refuse_single(array, what)
    return array


def read_input(u: Any, n_steps: int) -> Floats:
    """Return the input of a run, (step, input).

    Examples
    --------
    >>> read_input([1.0, 1.0, 1.0], 3)
    Traceback (most recent call last):
    ValueError: u is constant (1.0) in input 0: all pasts are equal; draw it at random.
    """
    array = as_numbers(u if np.ndim(u) == 1 else order_dims(u, "u"), "u")
    if array.ndim == 3 and len(array) == 1:
        array = array[0]
    array = array[:, np.newaxis] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n_steps:
        raise ValueError(
            f"u has shape {np.shape(u)}; states have {n_steps} steps: expected ({n_steps},) or "
            f"({n_steps}, n_inputs)."
        )
    refuse_missing(array, "u", ("step", "input"))
    still = np.flatnonzero(np.ptp(array, axis=0) == 0)
    if still.size:
        raise ValueError(
            f"u is constant ({array[0, still[0]]}) in input {still[0]}: all pasts are "
            "equal; draw it at random."
        )
    return array


def refuse_missing(array: Floats, what: str, dims: tuple[str, ...]) -> None:
    """Raise if a value is NaN or infinite, naming its place."""
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0]
        at = ", ".join(f"{dim} {i}" for dim, i in zip(dims, place, strict=True))
        raise ValueError(
            f"{what} is {array[tuple(place)]} at {at}: cut the run there, or fill the value."
        )


def refuse_single(array: Floats, what: str) -> None:
    """Raise if there is only one node."""
    if array.shape[-1] < 2:
        raise ValueError(
            f"{what} has one column, and these measures compare many: append virtual nodes "
            "(n_masks), delay taps (n_taps) or earlier states as further columns."
        )


def basis(states: Floats, rcond: float = RCOND) -> tuple[Floats, int]:
    """Return an orthonormal basis of centred states, (step, direction), and their rank.

    Nodes are scaled to unit variance first, so that the unit of a state does not matter.
    """
    centred = states - states.mean(axis=0)
    scale = np.sqrt(np.einsum("ij,ij->j", centred, centred))
    moves = scale > RCOND * np.abs(states).max(axis=0) * np.sqrt(len(states))
    if not moves.any():
        raise ValueError(
            f"all {states.shape[1]} nodes are constant: the drive does not reach them; raise the "
            "gain, or choose another bias."
        )
    left, singular, _ = linalg.svd(centred[:, moves] / scale[moves], full_matrices=False)
    rank = int((singular > rcond * singular[0]).sum())
    return left[:, :rank], rank


def check_rcond(rcond: Any) -> float:
    """Return the relative size below which singular values count as rounding."""
    return check_number("rcond", rcond, above=0, below=1)


def _variable(states: Any) -> Any:
    """Return the variable of a dataset of ``Reservoir.states``, with nodes as columns."""
    states = states["states"] if hasattr(states, "data_vars") else states
    known = hasattr(states, "dims") and "node" in states.dims
    return states.rename(node="input") if known else states
