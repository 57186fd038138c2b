"""Weights as conductances: differential pairs, bit slices, or an offset column."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_whole, choose, names_arguments
from mottle.reservoir.nonvolatile.cells import conductance_range

MAPPINGS = {"differential": 0, "sliced": 1, "offset": 2}
SCALES = {"tile": None, "column": 0}
LARGEST = 1e300  # 1/S, of a factor from conductances to weights


class Mapped(NamedTuple):
    """Conductances and coefficients of their columns: weights = targets @ combine.

    Examples
    --------
    >>> mapped = map_weights([[0.5, -2.0]], "cmo_hfox")
    >>> mapped.targets.shape, (mapped.targets @ mapped.combine).round(9).tolist()
    ((1, 4), [[0.5, -2.0]])
    """

    targets: NDArray[np.float64]  # (row, column), S
    combine: NDArray[np.float64]  # (column, output), 1/S


def check_weights(weights: ArrayLike) -> NDArray[np.float64]:
    """Return weights (row, output); raise if they are not finite."""
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 2 or w.size == 0:
        raise ValueError(f"weights have shape {w.shape}; expected (rows, outputs), not empty.")
    bad = ~np.isfinite(w)
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise ValueError(
            f"weight ({i}, {j}) is {w[i, j]} ({int(bad.sum())} such of {w.size}): only finite "
            "weights can be mapped to conductances."
        )
    return w


def check_layout(
    n_levels: int | None, mapping: str, n_slices: int, scale: str
) -> tuple[int, int | None]:
    """Return kind of mapping and axis of scale; raise for impossible options."""
    kind, axis = choose(mapping, MAPPINGS, "mapping"), choose(scale, SCALES, "scale")
    least = 3 if kind == 2 else 2
    if n_levels is None and kind == 1:
        raise ValueError("mapping='sliced' needs n_levels, the base of its digits; it is None.")
    if n_levels is not None:
        check_whole("n_levels", n_levels, least)
    check_whole("n_slices", n_slices)
    return kind, axis


def columns_of(n_outputs: int, mapping: str, n_slices: int = 2) -> int:
    """Return the number of columns for ``n_outputs``.

    Examples
    --------
    >>> [columns_of(10, mapping) for mapping in ("differential", "sliced", "offset")]
    [20, 40, 11]
    """
    choose(mapping, MAPPINGS, "mapping")
    if mapping == "offset":
        return n_outputs + 1
    return 2 * n_outputs * (n_slices if mapping == "sliced" else 1)


def outputs_in(n_columns: int, mapping: str, n_slices: int = 2) -> int:
    """Return the number of outputs in ``n_columns``; raise if a tile is too narrow for one.

    Examples
    --------
    >>> outputs_in(25, "differential"), outputs_in(25, "offset")
    (12, 24)
    """
    least = columns_of(1, mapping, n_slices)
    if n_columns < least:
        raise ValueError(
            f"a tile of {n_columns} columns is too narrow: mapping={mapping!r} takes {least} for "
            "one output."
        )
    return n_columns - 1 if mapping == "offset" else n_columns // least


@names_arguments
def map_weights(
    weights: ArrayLike,
    device: Any = "cmo_hfox",
    *,
    n_levels: int | None = None,
    mapping: str = "differential",
    n_slices: int = 2,
    scale: str = "tile",
) -> Mapped:
    """Map weights to conductances within a device's range.

    "differential" uses two columns per output, one for positive and one for negative weights;
    "sliced" (bit slicing) writes magnitudes as ``n_slices`` digits in base ``n_levels``, with two
    columns per digit; "offset" uses one column per output and a common one, whose current is
    subtracted.

    Parameters
    ----------
    weights : array-like of shape (rows, outputs)
        Finite numbers.
    device : str or preset, default="cmo_hfox"
        Device, whose whole range is used.
    n_levels : int, default=None
        Evenly spaced levels to round to; None leaves conductances continuous.
    mapping : {"differential", "sliced", "offset"}, default="differential"
        As described above; "sliced" needs ``n_levels``.
    n_slices : int, default=2
        Digits of "sliced".
    scale : {"tile", "column"}, default="tile"
        Whether the largest weight of all, or that of each output, is mapped to the full range.

    Returns
    -------
    mapped : Mapped
        ``targets`` (S) and ``combine``; weights are ``targets @ combine``.

    Raises
    ------
    ValueError
        For weights that are not finite, fewer than two levels, or an unknown name.

    Examples
    --------
    >>> targets, combine = map_weights([[0.5, -2.0]], "cmo_hfox")
    >>> (targets * 1e6).round(2).tolist(), (targets @ combine).round(9).tolist()
    ([[28.75, 9.0, 9.0, 88.0]], [[0.5, -2.0]])
    """
    w = check_weights(weights)
    kind, axis = check_layout(n_levels, mapping, n_slices, scale)
    low, high = conductance_range(device)
    most = np.abs(w).max(axis=axis, keepdims=True)
    most = np.broadcast_to(np.where(most > 0, most, 1.0), (1, w.shape[1]))  # all weights may be 0
    if not most.max() < (high - low) * LARGEST:
        raise ValueError(
            f"a weight of {most.max():.3g} is too large for a range of {high - low:.3g} S: its "
            "scale overflows. Scale features or targets."
        )
    if kind == 2:
        return _offset(w / most, most[0], low, high - low, n_levels)
    if kind == 1 and n_levels is not None:
        return _sliced(w / most, most[0], low, high - low, n_levels, n_slices)
    fraction = np.abs(w / most)
    if n_levels is not None:
        fraction = np.round(fraction * (n_levels - 1)) / (n_levels - 1)
    digits = fraction[:, :, np.newaxis]
    return _pairs(w, digits, np.ones(1), most[0], low, high - low)


def _pairs(
    w: NDArray, digits: NDArray, places: NDArray, most: NDArray, low: float, span: float
) -> Mapped:
    """Return a pair of columns per digit; ``digits`` (row, output, digit) in [0, 1]."""
    rows, outputs, n_digits = digits.shape
    sides = np.stack([np.where(w > 0, 1.0, 0.0), np.where(w < 0, 1.0, 0.0)], axis=-1)
    g = low + span * digits[..., np.newaxis] * sides[:, :, np.newaxis, :]
    combine = np.zeros((outputs, n_digits, 2, outputs))
    for j in range(outputs):
        combine[j, :, :, j] = places[:, np.newaxis] * [1.0, -1.0] * most[j] / span
    return Mapped(g.reshape(rows, -1), combine.reshape(-1, outputs))


def _sliced(
    relative: NDArray, most: NDArray, low: float, span: float, base: int, n_slices: int
) -> Mapped:
    """Return magnitudes as digits, the most significant first."""
    whole = np.round(np.abs(relative) * (base**n_slices - 1)).astype(np.int64)
    powers = base ** np.arange(n_slices - 1, -1, -1)
    digits = whole[:, :, np.newaxis] // powers % base / (base - 1)
    return _pairs(relative, digits, powers * (base - 1) / (base**n_slices - 1), most, low, span)


def _offset(
    relative: NDArray, most: NDArray, low: float, span: float, n_levels: int | None
) -> Mapped:
    """Return weights about the middle level, which is the conductance of the last column."""
    middle = 0.5 if n_levels is None else (n_levels - 1) // 2 / (n_levels - 1)
    place = middle * (1 + relative)
    if n_levels is not None:
        place = np.round(place * (n_levels - 1)) / (n_levels - 1)
    g = low + span * np.hstack([place, np.full((len(relative), 1), middle)])
    gain = most / (span * middle)
    return Mapped(g, np.vstack([np.diag(gain), -gain[np.newaxis]]))


@names_arguments
def unmap(conductances: ArrayLike, combine: ArrayLike) -> NDArray[np.float64]:
    """Return the weights of conductances, the inverse of `map_weights`.

    Parameters
    ----------
    conductances : array-like of shape (rows, columns)
        Conductances in S.
    combine : array-like of shape (columns, outputs)
        Coefficients of the columns in 1/S.

    Returns
    -------
    weights : ndarray of shape (rows, outputs)
        Weights, dimensionless.

    Examples
    --------
    >>> targets, combine = map_weights([[1.0], [-3.0]], mapping="offset")
    >>> unmap(targets, combine).round(9).tolist()
    [[1.0], [-3.0]]
    """
    return np.asarray(np.asarray(conductances) @ np.asarray(combine))
