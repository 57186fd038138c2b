"""sha256 of arrays, of drives and features, and of whole sets of recordings."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import numpy as np

from mottle.datasets import Recordings
from mottle.datasets.listing import stream_hash


def hash_arrays(arrays: Iterable[Any]) -> str:
    """Return the sha256 of arrays: types, shapes and bytes.

    Examples
    --------
    >>> hash_arrays([np.zeros(3)]) == hash_arrays([np.zeros((3, 1))])
    False
    """
    found = sha256()
    for array in arrays:
        array = np.asarray(array)
        found.update(f"{array.dtype.str}{array.shape}".encode())
        if array.dtype == object:
            found.update(repr(array.tolist()).encode())
        else:
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def hash_recordings(recordings: Recordings, senses: Iterable[str]) -> str:
    """Return the sha256 of the streams of some senses, of the target and of the groups.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> demo = load_demo("grasp")
    >>> hash_recordings(demo, ["touch"]) == hash_recordings(demo.take([0, 1]), ["touch"])
    False
    """
    found = sha256()
    columns = {sense: recordings.table[sense] for sense in senses}
    for row in range(len(recordings.table)):
        cells = {sense: column.iloc[row] for sense, column in columns.items()}
        found.update(stream_hash(cells).encode())
    for part in (recordings.target, recordings.groups):
        nested = np.asarray(part, dtype=object) if isinstance(part, list) else np.asarray(part)
        many = nested.dtype == object and any(np.ndim(item) for item in nested)
        found.update(hash_arrays(list(part) if many else [nested]).encode())
    return found.hexdigest()
