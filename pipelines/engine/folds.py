"""How recordings are split into training and test parts."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from mottle.datasets import Recordings
from mottle.datasets.sources.survey import listed

DIGITS = re.compile(r"\d+")
SPLITS = {
    "grouped": "{n} folds; recordings of one group never stand on both sides",
    "one_group_out": "{n} folds, each tested on one group and trained on all others",
    "blocked": "{n} folds of consecutive groups (blocked in time)",
    "stratified": "{n} folds, shuffled once, classes balanced; each recording is its own group",
    "shuffled": "{n} folds, shuffled once; each recording is its own group",
    "published": "trained on the published training part, tested on the published test part",
}


def describe_split(split: Any, n_folds: int) -> str:
    """Return a sentence on how training and test are kept apart.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> describe_split(SimpleNamespace(kind="shuffled", gap=0, repeats=3), 15)
    '15 folds (3 shuffles); each recording is its own group'
    """
    text = SPLITS[split.kind].format(n=n_folds)
    if split.gap:
        text += f", {split.gap} groups left out of training on both sides of the test part"
    if split.repeats > 1:
        text = text.replace(" folds, shuffled once", f" folds ({split.repeats} shuffles)")
    return text


def published_part(group: Any) -> str:
    """Return which part of a published split a group is, "" for another.

    Examples
    --------
    >>> [published_part(group) for group in ("Train", "testing", "validation")]
    ['train', 'test', '']
    """
    name = str(group).lower()
    return {"train": "train", "training": "train", "test": "test", "testing": "test"}.get(name, "")


def published_parts(groups: Iterable[Any]) -> set[str]:
    """Return the parts of a published split that groups are."""
    return {published_part(group) for group in groups}


def in_order(groups: NDArray) -> NDArray:
    """Return the groups in their order: numbers rising, text as it appears.

    Text that differs by its numbers alone, as "run2" and "run10", is put in the order of these, but
    for dates with the year behind day and month.

    Examples
    --------
    >>> in_order(np.array(["run10", "run2", "run9"])).tolist()
    ['run2', 'run9', 'run10']
    >>> in_order(np.array(["tue", "wed", "tue", "fri"])).tolist()
    ['tue', 'wed', 'fri']
    >>> in_order(np.array(["31.10.2026", "01.11.2026"])).tolist()
    ['31.10.2026', '01.11.2026']
    """
    names, first = np.unique(groups, return_index=True)
    if names.dtype.kind not in "UTO":
        return names
    texts = [str(name) for name in names]
    year_last = all(re.fullmatch(r"\D*\d\d?\D\d\d?\D\d{4}\D*", text) for text in texts)
    if year_last or len({DIGITS.sub("0", text) for text in texts}) > 1:
        return names[np.argsort(first)]
    numbers = [[int(digits) for digits in DIGITS.findall(text)] for text in texts]
    return names[sorted(range(len(names)), key=lambda k: (numbers[k], texts[k]))]


def refuse_many(
    split: Any, recordings: Recordings, setting: str = "split.n_splits", place: str = ""
) -> None:
    """Raise if there are fewer groups, or recordings, than folds: ``setting`` names their number.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> three = Recordings(None, np.array(["a", "b", "a"]), np.arange(3))
    >>> refuse_many(SimpleNamespace(kind="grouped", n_splits=4), three)
    Traceback (most recent call last):
    ValueError: split.n_splits=4 is more than the 3 groups; take at most 3.
    """
    room, what = np.unique(recordings.groups).size, "groups"
    if split.kind == "stratified":
        room = int(np.unique(recordings.target, return_counts=True)[1].min())
        what = "recordings in the smallest class"
    elif split.kind == "shuffled":
        room, what = len(recordings.groups), "recordings"
    if room < split.n_splits:
        way = f"take at most {room}" if room > 1 else "take another kind of split"
        raise ValueError(
            f"{setting}={split.n_splits} is more than the {room} {what}{place}; {way}."
        )


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
        parts = np.array([published_part(group) for group in groups.tolist()])
        if set(parts) != {"train", "test"}:
            others = sorted({str(g) for g, part in zip(groups, parts, strict=True) if not part})
            raise ValueError(
                "split.kind='published' needs groups of a part for training, 'train', and one for "
                f"test, 'test', and no others; the data has {listed(others or names.tolist())}: "
                "leave out the rest, or take another kind."
            )
        yield np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
        return
    if split.kind == "stratified" and not labels:
        raise ValueError(
            "split.kind='stratified' balances classes, and the target has none; take 'grouped', or "
            "'shuffled' where each recording is its own group."
        )
    if split.kind == "one_group_out":
        if names.size < 2:
            raise ValueError("split.kind='one_group_out' needs two groups or more, there is one.")
        for name in names:
            yield np.flatnonzero(groups != name), np.flatnonzero(groups == name)
        return
    refuse_many(split, recordings)
    if split.kind == "blocked":
        names = in_order(groups)
        for block in np.array_split(np.arange(names.size), n_splits):
            near = names[max(0, block[0] - split.gap) : block[-1] + split.gap + 1]
            outside, inside = ~np.isin(groups, near), np.isin(groups, names[block])
            if not outside.any():
                raise ValueError(
                    f"split.gap={split.gap} leaves nothing to train on: there are {names.size} "
                    f"groups in {n_splits} blocks; take a smaller gap."
                )
            yield np.flatnonzero(outside), np.flatnonzero(inside)
    elif split.kind == "grouped" and labels:
        yield from StratifiedGroupKFold(n_splits).split(rows, recordings.target, groups)
    elif split.kind == "grouped":
        yield from GroupKFold(n_splits).split(rows, groups=groups)
    else:
        kind = KFold if split.kind == "shuffled" else StratifiedKFold
        for repeat in range(split.repeats):
            folds = kind(n_splits, shuffle=True, random_state=random_state + repeat)
            yield from folds.split(rows, recordings.target if kind is StratifiedKFold else None)
