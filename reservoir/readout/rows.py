"""Rows of an array wherever it lives, read block by block."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

BLOCK_BYTES = 1 << 22  # of float64 features held at once


def on_demand(X: Any) -> bool:
    """Tell whether rows are read when asked for: dask, zarr, h5py and xarray arrays.

    Examples
    --------
    >>> on_demand(np.zeros((3, 2)))
    False
    """
    return hasattr(X, "chunks") and getattr(X, "ndim", 0) in (1, 2)


def rows_a_block(n_columns: int) -> int:
    """How many rows are held at once.

    Examples
    --------
    >>> rows_a_block(1024)
    512
    """
    return max(64, BLOCK_BYTES // (8 * max(n_columns, 1)))


def row_blocks(X: Any) -> list[slice]:
    """Cut an array into blocks of rows that hold whole chunks, where it has chunks.

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
    """Return rows of an array read on demand as checked numbers; an error says where."""
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
    """Features, targets, weights and groups as blocks; each loop over it reads them anew."""

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
    """Every k-th row of a stream; k doubles as rows come, so that memory is bounded."""

    def __init__(self, most: int):
        self.most, self.every, self.n_seen = most, 1, 0
        self.kept: list[NDArray] = []

    def add(self, X: NDArray, y: NDArray, weight: NDArray) -> None:
        """Add rows, but for those without weight: X (row, feature), y (row, target), weight."""
        X, y, weight = weighty(X, y, weight)
        chosen = slice(-self.n_seen % self.every, None, self.every)
        new = [X[chosen], y[chosen], weight[chosen]]
        pairs = zip(self.kept or [part[:0] for part in new], new, strict=True)
        self.kept = [np.concatenate(pair) for pair in pairs]
        self.n_seen += len(X)
        while len(self.kept[0]) > self.most:
            self.every *= 2
            self.kept = [part[::2].copy() for part in self.kept]


def weighty(*rows: NDArray) -> tuple[NDArray, ...]:
    """Leave out rows of which the last array, the weights, is 0.

    Examples
    --------
    >>> weighty(np.array([1.0, 2.0]), np.array([0.0, 0.5]))
    (array([2.]), array([0.5]))
    """
    there = rows[-1] > 0
    return rows if there.all() else tuple(part[there] for part in rows)
