"""Leaks between training and test: what a model could know without the signal itself.

Duplicates across the split, and how far labels are predicted from what says when and how a
recording was made: its group, its place in the order, its length, its sampling rate, the values it
starts with.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GroupKFold
from sklearn.tree import DecisionTreeClassifier

from mottle.datasets import Recordings
from mottle.events import read_stream
from mottle.pipelines.engine.target import check_target

Folds = Sequence[tuple[NDArray, NDArray]]
GAIN, SIGMAS, FALL = 0.1, 3.5, 0.15  # above chance, in standard errors; fall with sessions held out
NEAR, NEIGHBOURS = 0.1, 10  # of the distance to the tenth nearest: nearly the same
ROOM = re.compile(r"temperature|humid|altitude|barometer|^temp$|\bhpa\b", re.IGNORECASE)
LEAF, N_TREES, N_PERMUTED = 5, 30, 20
MOST, MOST_FOLDS, POINTS = 3000, 10, 24  # recordings compared, folds, points of a profile


class Leak(NamedTuple):
    """One finding.

    Attributes
    ----------
    kind : str
        "duplicate", "near-duplicate", "group", "order", "length", "rate", "start" or "room".
    score : float
        Fraction of recordings concerned, or accuracy from that alone.
    text : str
        A sentence for the report, with the way out.

    Examples
    --------
    >>> Leak("rate", 0.9, "Leak: the sampling rate ...").kind
    'rate'
    """

    kind: str
    score: float
    text: str


def find_leaks(recordings: Recordings, folds: Any, *, target: Any = None) -> list[Leak]:
    """Look for leaks between training and test parts.

    Accuracies are those of a decision tree, of several numbers 30 extremely randomized trees, in
    the same folds. A finding is 10 points above the most frequent class, and 3.5 standard
    deviations above the mean of 20 permutations of the labels. Start values, the first row,
    are a finding only if their accuracy is 15 points above that of the row in the middle, or falls
    by 15 points once recordings of a group, or where none are known recordings of a class that are
    near in order, are held out together: then they tell the session.

    Parameters
    ----------
    recordings : Recordings
        In memory.
    folds : sequence of (train, test)
        Row numbers, such as ``list(GroupKFold(5).split(table, target, groups))``.
    target : Target, default=None
        The target as an experiment checked it; None takes that of the recordings. For numbers, and
        for targets of steps, only duplicates are looked for.

    Returns
    -------
    leaks : list of Leak
        Empty where nothing was found.

    Examples
    --------
    >>> from mottle.datasets import make_table
    >>> rng = np.random.default_rng(0)
    >>> streams = [rng.normal(size=(20 + 10 * (k % 2), 2)) for k in range(60)]
    >>> labels = np.arange(60) % 2
    >>> recordings = Recordings(make_table(touch=streams), labels, np.arange(60))
    >>> folds = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    >>> [leak.kind for leak in find_leaks(recordings, folds)]
    ['length']
    """
    folds = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    if target is None:
        target = check_target(recordings.target, len(recordings.table))
    streams = {
        str(sense): [read_stream(cell) for cell in recordings.table[sense]]
        for sense in recordings.table.columns
    }
    leaks = [*duplicates(streams, folds)]
    leaks += near_duplicates(streams, folds, {leak.kind for leak in leaks})
    if not target.classify or target.per_step:
        return leaks
    labels = np.asarray(target.values).astype(str)
    tested = list(folds)[:MOST_FOLDS]
    chance = chance_of(labels, tested)
    groups = np.asarray(recordings.groups).astype(str)
    known = 1 < len(np.unique(groups)) < len(groups)
    held_out = session_folds(labels, groups if known else None)
    names = [str(name) for name in recordings.table.index]
    if known and is_torn(groups, tested):
        codes = np.unique(groups, return_inverse=True)[1][:, np.newaxis].astype(float)
        leaks += finding(
            "group", codes, labels, tested, chance,
            "the group alone", "kind = 'grouped' or 'one_group_out' keeps groups together",
        )  # fmt: skip
    order = order_of(names, labels)
    if order is not None:
        leaks += finding(
            "order", order, labels, tested, chance, "the place in the order of recordings alone",
            "classes were recorded one after another, so that whatever drifts tells them apart; "
            "kind = 'blocked', or record classes in turn",
        )  # fmt: skip
    for sense, cells in streams.items():
        leaks += finding(
            "length", lengths_of(cells), labels, tested, chance, f"the length of {sense!r} alone",
            "an encoder that stretches recordings to equal steps shows it: cut all to one length "
            "(max_rows, duration) unless length is part of the signal",
        )  # fmt: skip
        rates = rates_of(cells)
        if rates is not None:
            leaks += finding(
                "rate", rates, labels, tested, chance, f"the sampling rate of {sense!r} alone",
                "resample, or record all classes at one rate",
            )  # fmt: skip
        starts = starts_of(cells)
        if starts is not None:
            leaks += start_finding(sense, cells, starts, labels, tested, held_out, chance, known)
            leaks += room_finding(sense, cells, labels, tested, chance)
    return leaks


def chance_of(labels: NDArray, folds: Folds) -> float:
    """Return the accuracy of the most frequent class of each training part."""
    right, n = 0, 0
    for train, test in folds:
        names, counts = np.unique(labels[train], return_counts=True)
        right += int((labels[test] == names[np.argmax(counts)]).sum())
        n += len(test)
    return right / max(n, 1)


def accuracy(
    features: NDArray, labels: NDArray, folds: Folds, *, quick: bool = False
) -> tuple[float, int]:
    """Return the accuracy from a few numbers of each recording, and of how many it is the mean.

    ``quick`` takes one tree for several numbers, too.
    """
    right, n = 0, 0
    for train, test in folds:
        if len(np.unique(labels[train])) < 2:
            continue
        one = quick or features.shape[1] == 1
        model: Any = (
            DecisionTreeClassifier(min_samples_leaf=LEAF, random_state=0) if one
            else ExtraTreesClassifier(N_TREES, min_samples_leaf=2, random_state=0, n_jobs=1)
        )  # fmt: skip
        model.fit(features[train], labels[train])
        right += int((model.predict(features[test]) == labels[test]).sum())
        n += len(test)
    return right / max(n, 1), n


def stands_out(
    score: float, chance: float, features: NDArray, labels: NDArray, folds: Folds
) -> bool:
    """Return whether an accuracy is above chance, and above that of permuted labels."""
    if score - chance < GAIN:
        return False
    rng = np.random.default_rng(0)
    by_chance = [
        accuracy(features, rng.permutation(labels), folds, quick=True)[0] for _ in range(N_PERMUTED)
    ]
    bar = float(np.mean(by_chance)) + SIGMAS * float(np.std(by_chance))
    return score > max(bar, chance + GAIN)


def finding(
    kind: str, features: NDArray, labels: NDArray, folds: Folds, chance: float, what: str, way: str
) -> list[Leak]:
    """Return a leak if some numbers of each recording predict its label."""
    if len(np.unique(features, axis=0)) < 2:
        return []
    score, _ = accuracy(features, labels, folds)
    if not stands_out(score, chance, features, labels, folds):
        return []
    text = (
        f"Leak: {what} predicts {100 * score:.0f} % of the labels (most frequent class "
        f"{100 * chance:.0f} %): {way}."
    )
    return [Leak(kind, score, text)]


def falls(score: float, other: float, n: int, n_other: int) -> bool:
    """Return whether an accuracy is below another by more than a few points and errors."""
    spread = np.sqrt(score * (1 - score) / n + other * (1 - other) / max(n_other, 1))
    return bool(score - other >= max(FALL, SIGMAS * spread))


def start_finding(
    sense: str, cells: Sequence[Any], starts: NDArray, labels: NDArray, folds: Folds,
    held_out: Folds, chance: float, known: bool,
) -> list[Leak]:  # fmt: skip
    """Return a leak if the first values of recordings tell the session, and it the label."""
    score, n = accuracy(starts, labels, folds)
    if not stands_out(score, chance, starts, labels, folds):
        return []
    middle, _ = accuracy(middles_of(cells), labels, folds)
    if falls(score, middle, n, n):
        text = (
            f"Leak: the first values of {sense!r} alone predict {100 * score:.0f} % of labels "
            f"(most frequent class {100 * chance:.0f} %), the middle ones {100 * middle:.0f} %: "
            "recordings begin differently from class to class. Is that the signal? If not, cut "
            "the begin off, or record classes alike."
        )
        return [Leak("start", score, text)]
    apart, n_apart = accuracy(starts, labels, held_out)
    if not held_out or not falls(score, apart, n, n_apart):
        return []
    alone = [accuracy(starts[:, [k]], labels, folds)[0] for k in range(min(starts.shape[1], 24))]
    names = channels_of(cells, starts.shape[1])
    best = ", ".join(names[k] for k in np.argsort(alone)[::-1][:3] if alone[k] > chance + GAIN / 2)
    what = "groups are" if known else "recordings that are near in order are"
    text = (
        f"Leak: the first values of {sense!r} alone predict {100 * score:.0f} % of the labels in "
        f"this split (most frequent class {100 * chance:.0f} %), and {100 * apart:.0f} % once "
        f"{what} held out together: they tell the session{f' (above all {best})' if best else ''}. "
        "Hold whole sessions out (data.group, kind = 'grouped'), or leave such channels out."
    )
    return [Leak("start", score, text)]


def is_torn(groups: NDArray, folds: Folds) -> bool:
    """Return whether recordings of one group are on both sides of a fold."""
    return any(bool(np.isin(groups[test], groups[train]).any()) for train, test in folds)


def order_of(names: Sequence[str], labels: NDArray) -> NDArray[np.float64] | None:
    """Return the running number in the names of recordings, None where there is none.

    Names of one form with one number that all differ in, or that all begin with a number.

    Examples
    --------
    >>> order_of(["rec1.csv", "rec10.csv", "rec2.csv"], np.array(["tea", "milk", "tea"])).ravel()
    array([ 1., 10.,  2.])
    >>> order_of(["tea1.csv", "milk1.csv"], np.array(["tea", "milk"]))
    """
    forms = {re.sub(r"\d+", "#", name) for name in names}
    numbers = [re.findall(r"\d+", name) for name in names]
    if len(forms) == 1 and numbers[0]:
        columns = list(zip(*numbers, strict=True))
        inside = [k for k, column in enumerate(columns) if list(column) == labels.tolist()]
        varying = [k for k, one in enumerate(columns) if len(set(one)) == len(names)]
        varying = [k for k in varying if k not in inside]
    elif all(re.match(r"\d", name.rsplit("/", 1)[-1]) for name in names):
        columns = [tuple(re.findall(r"\d+", name.rsplit("/", 1)[-1])[0] for name in names)]
        varying = [0] if len(set(columns[0])) == len(names) else []
    else:
        return None
    if not varying:
        return None
    return np.array([float(number[:15]) for number in columns[varying[0]]])[:, np.newaxis]


def session_folds(labels: NDArray, groups: NDArray | None) -> list[tuple[NDArray, NDArray]]:
    """Return folds that hold out groups, or of each class a run of neighbours in the order."""
    rows = np.arange(len(labels))
    if groups is not None:
        n_splits = min(5, len(np.unique(groups)))
        return list(GroupKFold(n_splits).split(rows, groups=groups))
    block = np.zeros(len(labels), dtype=int)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) < 4:
            return []
        block[own] = np.arange(len(own)) * min(5, len(own)) // len(own)
    return [(rows[block != k], rows[block == k]) for k in np.unique(block)]


def lengths_of(cells: Sequence[Any]) -> NDArray[np.float64]:
    """Return the rows, or the seconds of events, of each recording."""
    found = []
    for cell in cells:
        if cell is None:
            found.append(0.0)
        elif isinstance(cell, xr.DataArray) or np.asarray(cell).dtype.names is None:
            found.append(float(len(cell)))
        else:
            t = np.asarray(cell)["t"]
            found.append(round(float(t[-1] - t[0]) / 1e6, 2) if len(t) else 0.0)
    return np.array(found)[:, np.newaxis]


def rates_of(cells: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return the samples a second of each recording, 0 where it has no times; None for no times."""
    found = []
    for cell in cells:
        if not isinstance(cell, xr.DataArray) or "time" not in cell.coords or len(cell) < 2:
            found.append(0.0)
            continue
        step = float(np.median(np.diff(np.asarray(cell["time"], dtype=np.float64))))
        found.append(0.0 if step <= 0 else float(f"{1 / step:.3g}"))
    return np.array(found)[:, np.newaxis] if any(found) else None


def starts_of(cells: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return the first row of each sampled recording, None for events and unequal channels."""
    found = []
    for cell in cells:
        values = None if cell is None else np.asarray(cell)
        if values is None or values.dtype.names is not None or values.ndim != 2 or not len(values):
            return None
        found.append(values[0].astype(np.float64))
    if len({one.shape for one in found}) != 1:
        return None
    return np.nan_to_num(np.stack(found))


def room_finding(
    sense: str, cells: Sequence[Any], labels: NDArray, folds: Folds, chance: float
) -> list[Leak]:
    """Return a leak if channels that measure the room predict the labels."""
    names = channels_of(cells, np.shape(cells[0])[1])
    room = [k for k, name in enumerate(names) if ROOM.search(name)]
    if room:  # beside these a pressure is that of the air
        room += [k for k, name in enumerate(names) if "pressure" in name.lower() and k not in room]
    if not room or len(room) == len(names):
        return []
    means = np.stack([np.asarray(cell, dtype=np.float64)[:, room].mean(axis=0) for cell in cells])
    listed = ", ".join(names[k] for k in sorted(room))
    return finding(
        "room", np.nan_to_num(means), labels, folds, chance,
        f"the mean of the channels of the room ({listed}) of {sense!r} alone",
        "they tell when a recording was made; leave them out (channels, drop), or hold out whole "
        "sessions",
    )  # fmt: skip


def middles_of(cells: Sequence[Any]) -> NDArray[np.float64]:
    """Return the row in the middle of each sampled recording."""
    rows = [np.asarray(cell)[len(cell) // 2] for cell in cells]
    return np.nan_to_num(np.stack(rows).astype(np.float64))


def channels_of(cells: Sequence[Any], n: int) -> list[str]:
    """Return the names of the channels."""
    first = cells[0]
    if isinstance(first, xr.DataArray) and "channel" in first.coords:
        return [str(name) for name in first["channel"].values]
    return [f"channel {k}" for k in range(n)]


def duplicates(streams: dict[str, list[Any]], folds: Folds) -> list[Leak]:
    """Return a leak if recordings of the test part are in the training part, too."""
    n = len(next(iter(streams.values())))
    marks = []
    for row in range(n):
        found, plain = sha256(), True  # recordings without any change are equal by nature
        for sense, cells in streams.items():
            cell = cells[row]
            values = np.empty(0) if cell is None else np.ascontiguousarray(np.asarray(cell))
            plain = plain and (not values.size or bool((values == values[:1]).all()))
            found.update(sense.encode() + values.tobytes())
        marks.append(f"constant {row}" if plain else found.hexdigest())
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, mark in enumerate(marks):
        rows_of[mark].append(row)
    twin = {row for rows in rows_of.values() if len(rows) > 1 for row in rows}
    if not twin:
        return []
    hit: set[int] = set()
    for train, test in folds:
        inside = {marks[row] for row in train.tolist()}
        hit |= {row for row in test.tolist() if row in twin and marks[row] in inside}
    if not hit:
        return []
    text = (
        f"Leak: {len(hit)} of {n} recordings are also in the training part of their fold, byte for "
        "byte: drop the copies (exclude), or give each and its copies one group."
    )
    return [Leak("duplicate", len(hit) / n, text)]


def near_duplicates(streams: dict[str, list[Any]], folds: Folds, before: set[str]) -> list[Leak]:
    """Return a leak if recordings of the test part are nearly those of the training part."""
    profiles = profiles_of(streams)
    n = len(next(iter(streams.values())))
    if profiles is None or n > MOST or n < 4 or "duplicate" in before:
        return []
    spread = profiles.std(axis=0)
    scaled = (profiles - profiles.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    squares = (scaled**2).sum(axis=1)
    distance = np.sqrt(np.maximum(squares[:, None] + squares - 2 * scaled @ scaled.T, 0.0))
    np.fill_diagonal(distance, np.inf)
    k = min(NEIGHBOURS, n - 1)
    typical = np.partition(distance, k - 1, axis=1)[:, k - 1]  # of others alike, as of its class
    near = distance < NEAR * typical[:, np.newaxis]
    hit: set[int] = set()
    for train, test in folds:
        hit |= set(test[near[np.ix_(test, train)].any(axis=1)].tolist())
    if len(hit) < 2:
        return []
    text = (
        f"Leak: {len(hit)} of {n} recordings are nearly the same as one of the training part of "
        "their fold (overlapping windows, copies with noise): give such recordings one group."
    )
    return [Leak("near-duplicate", len(hit) / n, text)]


def profiles_of(streams: dict[str, list[Any]]) -> NDArray[np.float64] | None:
    """Return each recording as a few numbers: its course, or where and when its events are."""
    parts = []
    for cells in streams.values():
        if any(cell is None for cell in cells):
            continue
        arrays = [np.asarray(cell) for cell in cells]
        if arrays[0].dtype.names is not None:
            size = [max(int(one[axis].max()) + 1 if len(one) else 1 for one in arrays)
                    for axis in ("x", "y")]  # fmt: skip
            parts.append(np.stack([histogram(one, size) for one in arrays]))
            continue
        if len({one.shape[1:] for one in arrays}) > 1 or any(len(one) < 2 for one in arrays):
            return None
        rows = [course(one.astype(np.float64)) for one in arrays]
        parts.append(np.nan_to_num(np.stack(rows).reshape(len(rows), -1)))
    return np.concatenate(parts, axis=1) if parts else None


def course(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows of a recording, interpolated linearly at 24 points.

    Examples
    --------
    >>> course(np.arange(5.0)[:, np.newaxis])[[0, -1]].ravel().tolist()
    [0.0, 4.0]
    """
    at = np.linspace(0, len(values) - 1, POINTS)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(values) - 1)
    between: NDArray[np.float64] = values[low] + (values[high] - values[low]) * (at - low)[:, None]
    return between


def histogram(events: NDArray, size: Sequence[int]) -> NDArray[np.float64]:
    """Return the number of events in 6 x 6 x 8 cells of space and time."""
    if not len(events):
        return np.zeros(6 * 6 * 8)
    t = events["t"].astype(np.float64)
    span = max(float(t[-1] - t[0]), 1.0)
    cells = np.stack([events["x"] * 6 // size[0], events["y"] * 6 // size[1]]).astype(int)
    step = np.minimum(((t - t[0]) / span * 8).astype(int), 7)
    flat = (np.minimum(cells[0], 5) * 6 + np.minimum(cells[1], 5)) * 8 + step
    return np.bincount(flat, minlength=288).astype(np.float64)
