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


def blocks(weights, dtype, width, full=False):
    """Lay out a ``csr_array`` with sorted indices as ``Blocks`` of ``width`` columns.

    ``full`` says that each row has each column once, which takes a third of the time.
    """
    n_rows, n_columns = weights.shape
    dense = weights.data.reshape(n_rows, n_columns) if full else None
    begins, columns, values, n = [], [], [], 0
    for first in range(0, n_columns, width):
        if dense is None:
            part = weights[:, first : first + width]
            ends, own, terms = part.indptr, part.indices + first, part.data
        else:
            own = np.arange(first, min(first + width, n_columns))
            ends, terms = np.arange(n_rows + 1) * own.size, dense[:, own[0] : own[-1] + 1].ravel()
            own = np.tile(own, n_rows)
        begins.append(ends.astype(np.int64) + n)
        columns.append(own.astype(index_type(n_columns)))
        values.append(terms.astype(dtype))
        n += terms.size
    return Blocks(np.array(begins), np.concatenate(columns), np.concatenate(values))
