"""Onto one clock: from a sensor's own rows to equal steps."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def row_bounds(n_rows: int, n_steps: int) -> NDArray[np.intp]:
    """Return the first row of every step and, last, ``n_rows``: rows split evenly.

    Examples
    --------
    >>> row_bounds(7, 3).tolist()
    [0, 3, 5, 7]
    """
    return -(-np.arange(n_steps + 1) * n_rows // n_steps)


def rows_begin(time: Array, n_steps: int | None) -> Array:
    """Return when steps begin that split rows evenly, in second; each row is a step by default.

    Where rows are fewer than steps, times between two rows are interpolated.

    Examples
    --------
    >>> rows_begin(np.array([0.0, 0.1, 0.2, 0.3]), 2), rows_begin(np.array([0.0, 2.0]), 3)
    (array([0. , 0.2]), array([0., 1., 2.]))
    """
    rows = len(time)
    if n_steps is None:
        return time
    if rows >= n_steps:
        return time[row_bounds(rows, n_steps)[:-1]]
    places = np.linspace(0, rows - 1, n_steps)
    between: Array = np.interp(places, np.arange(rows, dtype=np.float64), time)
    return between


def time_edges(time: Array, n_steps: int | None, dt: float | None) -> Array:
    """Return the edges of the steps of a recording, in second.

    A row stands for the mean sampling interval after it, so that ``n_steps`` steps split the
    recording evenly. With ``dt`` the last step may reach beyond the end.

    Examples
    --------
    >>> time_edges(np.arange(4.0), 2, None).tolist()
    [0.0, 2.0, 4.0]
    >>> time_edges(np.arange(5.0), None, 2.0).tolist()
    [0.0, 2.0, 4.0, 6.0]
    """
    rows = len(time)
    length = (time[-1] - time[0]) * rows / (rows - 1) if rows > 1 else 0.0
    length = length or 1.0  # one row, or time stands still: any length will do
    if n_steps is None:
        if dt is None:
            raise ValueError("n_steps and dt are both None: one must set the steps.")
        n_steps = max(1, int(np.ceil(length / dt - 1e-9)))
    else:
        dt = length / n_steps
    edges: Array = time[0] + dt * np.arange(n_steps + 1)
    return edges


def bin_mean(values: Array, bounds: NDArray[np.intp]) -> Array:
    """Average the rows of every step, none of which may be empty."""
    sums = np.add.reduceat(values[: bounds[-1]], bounds[:-1], axis=0)
    return sums / np.diff(bounds)[:, np.newaxis]


def interpolate(values: Array, time: Array, at: Array) -> Array:
    """Interpolate every channel linearly; the first and last rows are held beyond the ends."""
    columns = [np.interp(at, time, channel) for channel in values.T]
    return np.stack(columns, axis=1)


def rows_to_steps(values: Array, n_steps: int) -> Array:
    """Bring rows to ``n_steps`` steps: bin means, or interpolated where rows are fewer.

    Examples
    --------
    >>> rows_to_steps(np.array([[0.0], [2.0], [4.0], [6.0]]), 2)[:, 0].tolist()
    [1.0, 5.0]
    >>> rows_to_steps(np.array([[0.0], [2.0]]), 3)[:, 0].tolist()
    [0.0, 1.0, 2.0]
    """
    rows = len(values)
    if rows >= n_steps:
        return bin_mean(values, row_bounds(rows, n_steps))
    return interpolate(values, np.arange(rows, dtype=np.float64), np.linspace(0, rows - 1, n_steps))


def times_to_steps(values: Array, time: Array, edges: Array) -> Array:
    """Average the rows between two edges; a step without a row is interpolated at its middle.

    Examples
    --------
    >>> time = np.array([0.0, 1.0, 5.0])
    >>> times_to_steps(time[:, np.newaxis], time, np.array([0.0, 2.0, 4.0, 6.0]))[:, 0].tolist()
    [0.5, 3.0, 5.0]
    """
    # a row on an edge belongs to the step after it, however its time is rounded
    bounds = np.searchsorted(time, edges - 1e-9 * (edges[1] - edges[0]))
    bounds[0], bounds[-1] = 0, len(time)  # the ends belong to the first and the last step
    filled = np.diff(bounds) > 0
    steps = interpolate(values, time, (edges[1:] + edges[:-1]) / 2)
    steps[filled] = bin_mean(values, np.append(bounds[:-1][filled], bounds[-1]))
    return steps
