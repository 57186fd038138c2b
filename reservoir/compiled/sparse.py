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
    firsts = range(0, n_columns, width)
    if full:
        dense, every = weights.data.reshape(n_rows, n_columns), np.arange(n_columns)
        parts = [(dense[:, k : k + width], every[k : k + width]) for k in firsts]
        parts = [(np.arange(n_rows + 1) * own.size, np.tile(own, n_rows), values.ravel())
                 for values, own in parts]  # fmt: skip
    else:
        cut = [weights[:, k : k + width] for k in firsts]
        parts = [(part.indptr, part.indices + k, part.data)
                 for k, part in zip(firsts, cut, strict=True)]  # fmt: skip
    begin = np.array([indptr for indptr, _, _ in parts], dtype=np.int64)
    begin += np.cumsum([0, *(values.size for _, _, values in parts[:-1])])[:, np.newaxis]
    columns = np.concatenate(
        [own for _, own, _ in parts], dtype=index_type(n_columns), casting="unsafe"
    )
    values = np.concatenate([own for _, _, own in parts], dtype=dtype, casting="unsafe")
    return Blocks(begin, columns, values)
