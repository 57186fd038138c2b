"""Sparse matrices laid out for vector registers; columns ascend within every row."""

from typing import NamedTuple

import numpy as np

from mottle.reservoir.compiled.vectors import SLICE


class Slices(NamedTuple):
    """Slices of SLICE rows, padded with weights of 0 to the longest of them."""

    begin: np.ndarray  # (slice + 1,), index of a slice's first term
    columns: np.ndarray  # (term, SLICE)
    weights: np.ndarray  # (term, SLICE)


class Blocks(NamedTuple):
    """Blocks of columns, row after row in each."""

    begin: np.ndarray  # (block, row + 1)
    columns: np.ndarray  # (term,)
    weights: np.ndarray  # (term,)


def index_type(n_columns):
    """Return the smallest unsigned type for column indices, to reduce memory traffic."""
    return np.uint16 if n_columns <= 1 << 16 else np.uint32


def slices(indptr, indices, weights, n_columns, dtype):
    """Lay out compressed sparse rows as ``Slices``."""
    n_rows = indptr.size - 1
    counts = np.diff(indptr)
    padded = np.zeros(-(-n_rows // SLICE) * SLICE, np.int64)
    padded[:n_rows] = counts
    begin = np.concatenate([[0], np.cumsum(padded.reshape(-1, SLICE).max(axis=1))])
    row = np.repeat(np.arange(n_rows), counts)
    term = begin[row // SLICE] + np.arange(indices.size) - indptr[row]
    columns = np.zeros((begin[-1], SLICE), index_type(n_columns))
    values = np.zeros(columns.shape, dtype)
    columns[term, row % SLICE] = indices
    values[term, row % SLICE] = weights
    return Slices(begin, columns, values)


def blocks(indptr, indices, weights, n_columns, dtype, width):
    """Lay out compressed sparse rows as ``Blocks`` of ``width`` columns."""
    n_rows, n_blocks = indptr.size - 1, -(-n_columns // width)
    row = np.repeat(np.arange(n_rows), np.diff(indptr))
    cell = (indices // width).astype(np.int64) * n_rows + row
    order = np.argsort(cell, kind="stable")
    ends = np.cumsum(np.bincount(cell, minlength=n_blocks * n_rows)).reshape(n_blocks, n_rows)
    begin = np.empty((n_blocks, n_rows + 1), np.int64)
    begin[:, 1:] = ends
    begin[0, 0], begin[1:, 0] = 0, ends[:-1, -1]
    return Blocks(begin, indices[order].astype(index_type(n_columns)), weights[order].astype(dtype))
