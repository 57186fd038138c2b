"""Rows of arrays in memory or on disk, read block by block."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

BLOCK_BYTES = 1 << 22  # of float64 features held at once


def on_demand(X: Any) -> bool:
    """Return whether rows are read on demand: dask, zarr, h5py and xarray arrays.

    Examples
    --------
    >>> on_demand(np.zeros((3, 2)))
    False
    """
    return hasattr(X, "chunks") and getattr(X, "ndim", 0) in (1, 2)


def rows_a_block(n_columns: int) -> int:
    """Return the number of rows that are in memory at once.

    Examples
    --------
    >>> rows_a_block(1024)
    512
    """
    return max(64, BLOCK_BYTES // (8 * max(n_columns, 1)))


def row_blocks(X: Any) -> list[slice]:
    """Cut an array into blocks of rows, which consist of whole chunks if it has chunks.

    Examples
    --------
    >>> row_blocks(np.zeros((1200, 1024)))
    [slice(0, 512, None), slice(512, 1024, None), slice(1024, 1200, None)]
    """
    n_rows, rows = X.shape[0], rows_a_block(X.shape[1])
    if np.isnan(n_rows):
        raise ValueError("the number of rows is unknown; call X.compute_chunk_sizes() first.")
    chunks = getattr(X, "chunks", None) or getattr(X, "encoding", {}).get("chunks")
    lengths = chunks[0] if chunks else 1
    if isinstance(lengths, tuple):  # dask: chunks of any lengths
        ends = list(accumulate(lengths))
    else:
        ends = [*range(lengths, n_rows, lengths), n_rows] if chunks else []
    blocks, start = [], 0
    while start < n_rows:
        stop = min(start + rows, n_rows)
        if ends:
            whole = bisect_right(ends, stop)
            stop = ends[whole - 1] if whole and ends[whole - 1] > start else ends[whole]
        blocks.append(slice(start, stop))
        start = stop
    return blocks


def read(X: Any, rows: slice, name: str) -> NDArray[np.float64]:
    """Read rows of an array on demand and check them; errors name the place."""
    values = np.asarray(X[rows])
    try:
        return np.asarray(
            check_array(values, dtype=np.float64, ensure_2d=name == "X", input_name=name)
        )
    except ValueError as error:
        place = f"rows {rows.start} to {rows.stop - 1}"
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            row, *column = np.argwhere(~np.isfinite(values))[0].tolist()
            place = f"row {rows.start + row}" + (f", column {column[0]}" if column else "")
        raise ValueError(f"{place}: {error}") from error


class Rows:
    """Features, targets, weights and groups as blocks; can be iterated repeatedly."""

    def __init__(self, X: Any, y: Any, weight: NDArray, groups: NDArray | None):
        self.X, self.y, self.weight, self.groups = X, y, weight, groups
        self.blocks = row_blocks(X)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield (features, targets, weights, groups or None)."""
        for rows in self.blocks:
            X, y = self.X, self.y
            yield (
                read(X, rows, "X") if on_demand(X) else X[rows].astype(np.float64, copy=False),
                read(y, rows, "y") if on_demand(y) else y[rows],
                self.weight[rows],
                None if self.groups is None else self.groups[rows],
            )


class Sample:
    """Every k-th row of a stream; k doubles when the sample is full, which bounds memory."""

    def __init__(self, most: int):
        self.most, self.every, self.n_rows = most, 1, 0
        self.kept: list[NDArray] = []

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the sample of a model from before rows had groups."""
        self.__dict__.update(state)
        if len(self.kept) == 3:
            self.kept.append(np.zeros(len(self.kept[0]), dtype=np.intp))

    def add(self, X: NDArray, y: NDArray, weight: NDArray, group: NDArray) -> None:
        """Add rows whose weight is not 0: X (row, feature), y (row, target), others (row,)."""
        X, y, group, weight = with_weight(X, y, group, weight)
        chosen = slice(-self.n_rows % self.every, None, self.every)
        new = [X[chosen], y[chosen], weight[chosen], group[chosen]]
        pairs = zip(self.kept or [part[:0] for part in new], new, strict=True)
        self.kept = [np.concatenate(pair) for pair in pairs]
        self.n_rows += len(X)
        while len(self.kept[0]) > self.most:
            self.every *= 2
            self.kept = [part[::2].copy() for part in self.kept]


def with_weight(*rows: NDArray) -> tuple[NDArray, ...]:
    """Return the rows whose weight, the last array, is not 0.

    Examples
    --------
    >>> with_weight(np.array([1.0, 2.0]), np.array([0.0, 0.5]))
    (array([2.]), array([0.5]))
    """
    positive = rows[-1] > 0
    return rows if positive.all() else tuple(part[positive] for part in rows)
