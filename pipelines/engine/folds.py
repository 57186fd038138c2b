"""How recordings are split into training and test parts."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from mottle.datasets import Recordings

SPLITS = {
    "grouped": "{n} folds; recordings of one group never stand on both sides",
    "blocked": "{n} folds of consecutive groups (blocked in time)",
    "stratified": "{n} folds, shuffled once, classes balanced; each recording is its own group",
    "shuffled": "{n} folds, shuffled once; each recording is its own group",
    "published": "trained on the published training part, tested on the published test part",
}


def make_folds(
    split: Any, recordings: Recordings, *, labels: bool = True, random_state: int = 0
) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield row numbers of training and test; refuse a split that the recordings do not allow.

    Parameters
    ----------
    split : Split
        ``kind``, a key of `SPLITS`, and ``n_splits``.
    recordings : Recordings
        Of which target and groups decide.
    labels : bool, default=True
        Whether the target has one label a recording, by which folds can be balanced.
    random_state : int, default=0
        Shuffles, where the kind is "stratified" or "shuffled".

    Yields
    ------
    train, test : ndarray of int
        Row numbers.
    """
    n_splits, groups = split.n_splits, np.asarray(recordings.groups)
    names, rows = np.unique(groups), np.arange(len(groups))
    if split.kind == "published":
        if set(names) != {"train", "test"}:
            raise ValueError("split.kind='published' needs groups 'train' and 'test' in the data.")
        yield np.flatnonzero(groups == "train"), np.flatnonzero(groups == "test")
        return
    if split.kind == "stratified" and not labels:
        raise ValueError(
            "split.kind='stratified' balances classes, and the target has none; take 'grouped', or "
            "'shuffled' where each recording is its own group."
        )
    room, what = names.size, "groups"
    if split.kind == "stratified":
        room = int(np.unique(recordings.target, return_counts=True)[1].min())
        what = "recordings in the smallest class"
    elif split.kind == "shuffled":
        room, what = len(rows), "recordings"
    if room < n_splits:
        way = f"take at most {room}" if room > 1 else "take another kind of split"
        raise ValueError(f"split.n_splits={n_splits} is more than the {room} {what}; {way}.")
    if split.kind == "blocked":
        for block in np.array_split(names, n_splits):
            inside = np.isin(groups, block)
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
    elif split.kind == "grouped" and labels:
        yield from StratifiedGroupKFold(n_splits).split(rows, recordings.target, groups)
    elif split.kind == "grouped":
        yield from GroupKFold(n_splits).split(rows, groups=groups)
    elif split.kind == "shuffled":
        yield from KFold(n_splits, shuffle=True, random_state=random_state).split(rows)
    else:
        folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
        yield from folds.split(rows, recordings.target)
