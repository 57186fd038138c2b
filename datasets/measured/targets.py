"""Targets of a value a step, computed from the input that was recorded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import hilbert

from mottle.checks import check_number, check_option, check_whole
from mottle.datasets.generated.narma import respond
from mottle.datasets.generated.waveforms import WAVES, wave
from mottle.datasets.measured.tables import runs_of

TASKS = ("narma", "memory", *WAVES)


def step_target(
    states: Any,
    task: str = "narma",
    *,
    order: int = 10,
    max_delay: int = 10,
    bounds: tuple[float, float] | None = None,
    input: int = 0,
) -> list[NDArray[np.float64]]:
    """Return the target of each step of measured states, from the input recorded with them.

    Parameters
    ----------
    states : xarray.Dataset
        From `read_states`, with the input ``u``.
    task : {"narma", "memory", "sine", "square", "triangle", "sawtooth"}, default="narma"
        "narma": the sequence of `narma` that the input gives; "memory": the input of earlier steps;
        a wave: that of the phase of the input, which is a sine or another wave of one frequency.
    order : int, default=10
        Order of NARMA.
    max_delay : int, default=10
        Longest delay of the memory task.
    bounds : tuple of float, default=None
        Smallest and largest input, which become 0 and 0.5 for NARMA. None: those of all runs.
    input : int, default=0
        Which input.

    Returns
    -------
    target : list of ndarray
        One a run: (n_steps,), or (n_steps, max_delay) for "memory", whose first ``max_delay`` steps
        repeat the first input: leave them out as a washout. So do the first ``order`` of NARMA,
        which is 0 there.

    Raises
    ------
    ValueError
        If there is no input, it leaves its bounds, a run is too short, or NARMA diverges.

    Examples
    --------
    >>> import xarray as xr
    >>> u = np.arange(5.0).reshape(1, 5, 1)
    >>> data = xr.Dataset({"states": (("recording", "step", "node"), u),
    ...                    "u": (("recording", "step", "input"), u),
    ...                    "row_size": ("recording", [5])}, coords={"recording": ["a"]})
    >>> step_target(data, "memory", max_delay=2)[0].tolist()
    [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [2.0, 1.0], [3.0, 2.0]]
    """
    check_option("task", task, TASKS)
    order, max_delay = check_whole("order", order, most=30), check_whole("max_delay", max_delay)
    runs = runs_of(states, "u")
    check_whole("input", input, 0, most=runs[0].shape[1] - 1)
    series = [run[:, input] for run in runs]
    names = [str(name) for name in states.recording.values]
    least = {"narma": order, "memory": max_delay}.get(task, 2)
    for name, u in zip(names, series, strict=True):
        if len(u) <= least:
            raise ValueError(
                f"run {name!r} has {len(u)} steps, and the task {task!r} needs more than {least}."
            )
    if task == "memory":
        return [_delayed(u, max_delay) for u in series]
    if task in WAVES:
        return [wave(task, _phase(u)) for u in series]
    low, high = (
        (min(u.min() for u in series), max(u.max() for u in series)) if bounds is None
        else (check_number("bounds", bounds[0]), check_number("bounds", bounds[1]))
    )  # fmt: skip
    if low >= high:
        raise ValueError(f"bounds={bounds!r}: expected (smallest, largest) input.")
    found = []
    for name, u in zip(names, series, strict=True):
        beyond = (u < low) | (u > high)
        if beyond.any():
            step = int(np.argmax(beyond))
            raise ValueError(
                f"run {name!r}: the input is {u[step]:.6g} at step {step}, outside bounds="
                f"({low:.6g}, {high:.6g}): widen them; noise of the recording counts."
            )
        y = respond(0.5 * (u - low) / (high - low), order)
        if y is None:
            raise ValueError(
                f"run {name!r}: NARMA of order {order} diverges with this input: take a smaller "
                "order, or wider bounds."
            )
        found.append(y)
    return found


def _delayed(u: NDArray[np.float64], max_delay: int) -> NDArray[np.float64]:
    """Return the input of earlier steps, (step, delay); the first one before the beginning."""
    before = np.concatenate([np.repeat(u[:1], max_delay), u])
    n = len(u)
    return np.stack([before[max_delay - k : max_delay - k + n] for k in range(1, max_delay + 1)], 1)


def _phase(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the phase of a wave in turns, 0 where a sine rises through its mean."""
    turns = np.angle(hilbert(u - u.mean())) / (2 * np.pi) + 0.25
    phase: NDArray[np.float64] = turns % 1.0
    return phase
