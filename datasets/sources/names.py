"""What the names of files say: which part is the sense, the class, the group, a running number."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SEPARATORS = re.compile(r"([_\-. ]+)")
GROUP = re.compile(
    r"^(subject|subj|sub|person|participant|user|speaker|patient|session|ses|day|date|run|device|"
    r"board|sensor|unit|train|training|test|testing|val|valid|validation|dev|eval|fold|batch)?"
    r"[-_ ]?\d*$|^[sp]\d+$|^\d{4}-?\d\d-?\d\d$", re.I
)  # fmt: skip
SENSES = frozenset((
    "touch", "tactile", "smell", "gas", "nose", "sight", "vision", "camera", "events", "dvs",
    "audio", "sound", "mic", "imu", "acc", "gyro", "force", "joints", "pressure", "temperature",
    "vibration", "emg", "ecg", "eeg", "odor", "taste",
))  # fmt: skip
FEW, MOST = 2, 64  # classes, and values of a group


@dataclass
class Slot:
    """One place in the names: a folder, or a part of the name between separators.

    Attributes
    ----------
    values : list of str
        What stands there, a file each.
    folder : bool
        Whether it is the name of a folder.
    role : str
        "constant", "sense", "target", "group", "number" or "" where nothing is known.
    """

    values: list[str]
    folder: bool
    role: str = ""
    distinct: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.distinct = sorted(set(self.values))
        if len(self.distinct) == 1:
            self.role = "constant"


@dataclass(frozen=True)
class Naming:
    """How files are named.

    Attributes
    ----------
    pattern : str or None
        Regular expression for `list_files`; None where the names say nothing.
    rows : list of int
        Files that the pattern matches.
    others : list of int
        Files of other forms of names.
    notes : list of str
        What else a part of the names could be.
    """

    pattern: str | None
    rows: list[int]
    others: list[int]
    notes: list[str]


def find_naming(names: Sequence[str], kinds: Sequence[Any] | None = None) -> Naming:
    """Return what the parts of names are, by rules.

    The most frequent form of a name, its folders and the separators in it, decides; files of other
    forms are others. A part with one value says nothing. A part is the sense where files that are
    equal but for it come in sets, and are of other kinds or named by words such as touch and gas.
    Numbers at the end, or with many values, count files. Of the rest, words such as train, s01 or
    session2, and dates, are groups; the inner folder, else the first part, with some files of each
    value is the class, and what is left a group.

    Parameters
    ----------
    names : sequence of str
        Paths below the folder, with "/".
    kinds : sequence, optional
        What is known of the content of each file, such as its channels; None where it is not.

    Returns
    -------
    Naming

    Examples
    --------
    >>> names = [f"{who}/{what}/{k}.csv" for who in ("s1", "s2") for what in ("tea", "milk")
    ...          for k in range(3)]
    >>> find_naming(names).pattern
    '^(?P<group>[^/]+)/(?P<target>[^/]+)/'
    """
    forms = [form_of(name) for name in names]
    usual, _ = Counter(forms).most_common(1)[0]
    rows = [k for k, form in enumerate(forms) if form == usual]
    others = [k for k, form in enumerate(forms) if form != usual]
    slots = slots_of([names[k] for k in rows])
    known = [kinds[k] for k in rows] if kinds is not None else [None] * len(rows)
    notes: list[str] = []
    n = len(rows)
    find_sense(slots, known)
    n_recordings = len({key_without(slots, k, "sense") for k in range(n)})
    mark_counts(slots, n_recordings)
    open_slots = [slot for slot in slots if not slot.role]
    worded = [slot for slot in open_slots if is_group(slot)]
    classes = [s for s in open_slots if s not in worded and is_label(s, n_recordings)]
    folders = [slot for slot in classes if slot.folder]
    if len(folders) > 1:  # person/activity: the inner folder is the class
        classes = [folders[-1], *(slot for slot in classes if slot is not folders[-1])]
    else:
        classes.sort(key=lambda slot: not slot.folder)
    if not classes and len(worded) > 1 and is_label(worded[-1], n_recordings):
        classes = [worded.pop()]
    if classes:
        classes[0].role = "target"
        left = [*worded, *classes[1:]]
        groups = [slot for slot in left if 2 * len(slot.distinct) <= n_recordings]
        groups.sort(key=lambda slot: (slot not in worded, not slot.folder))
        if groups:
            groups[0].role = "group"
        for slot in left if len(classes) > 1 else [one for one in left if not one.role]:
            some = ", ".join(slot.distinct[:4]) + (", ..." if len(slot.distinct) > 4 else "")
            where = "The folders" if slot.folder else "The part of the names"
            role = "are taken for groups" if slot.role else "are not used"
            notes.append(f"{where} {some} {role}, and may be the class.")
    return Naming(pattern_of(slots), rows, others, notes)


def form_of(name: str) -> tuple[int, tuple[str, ...]]:
    """Return the number of folders, and the separators in the name without its suffix.

    Examples
    --------
    >>> form_of("a/touch_1.csv")
    (1, ('_',))
    """
    *folders, last = name.split("/")
    stem = last.rsplit(".", 1)[0] if "." in last else last
    return len(folders), tuple(SEPARATORS.findall(stem))


def slots_of(names: Sequence[str]) -> list[Slot]:
    """Return the parts of names of one form."""
    folders: list[list[str]] = []
    parts: list[list[str]] = []
    for name in names:
        *above, last = name.split("/")
        stem = last.rsplit(".", 1)[0] if "." in last else last
        folders.append(above)
        parts.append(SEPARATORS.split(stem)[::2])
    slots = [Slot(list(values), True) for values in zip(*folders, strict=True)]
    return slots + [Slot(list(values), False) for values in zip(*parts, strict=True)]


def key_without(slots: Sequence[Slot], row: int, role: str) -> tuple[str, ...]:
    """Return the parts of a name, those of a role left out."""
    return tuple(slot.values[row] for slot in slots if slot.role != role)


def find_sense(slots: Sequence[Slot], kinds: Sequence[Any]) -> None:
    """Mark the part that names the sense, where there is one."""
    for slot in slots:
        if slot.role or not 2 <= len(slot.distinct) <= 8:
            continue
        if all(value.isdigit() for value in slot.distinct):
            continue
        by_name = all(value.lower() in SENSES for value in slot.distinct)
        of_value: dict[str, set[Any]] = defaultdict(set)
        for value, kind in zip(slot.values, kinds, strict=True):
            if kind is not None:
                of_value[value].add(kind)
        uniform = len(of_value) == len(slot.distinct) and all(
            len(one) == 1 for one in of_value.values()
        )
        different = uniform and len({next(iter(one)) for one in of_value.values()}) > 1
        if not by_name and not different:
            continue
        rest = Counter(
            tuple(other.values[row] for other in slots if other is not slot)
            for row in range(len(slot.values))
        )
        if by_name or sum(count > 1 for count in rest.values()) >= 0.5 * len(rest):
            slot.role = "sense"
            return


def mark_counts(slots: Sequence[Slot], n: int) -> None:
    """Mark numbers that only count files, and parts that repeat another part."""
    for at, slot in enumerate(slots):
        if slot.role:
            continue
        if any(other.values == slot.values for other in slots[:at]):
            slot.role = "number"
            continue
        numbers = all(re.fullmatch(r"[a-z]{0,8}\d+|\d+[a-z]?", v, re.I) for v in slot.distinct)
        many = len(slot.distinct) > MOST or len(slot.distinct) > n / 4
        many = many or (
            all(re.fullmatch(r"0\d+|\d\d+", v) for v in slot.distinct)
            and any(v.startswith("0") for v in slot.distinct)
        )  # 00, 01, ..., 11: padded to sort
        last = at == len(slots) - 1 and any(not other.role for other in slots[:at])
        if numbers and not slot.folder and (many or last):
            slot.role = "number"


def is_group(slot: Slot) -> bool:
    """Return whether all values are words of groups, or numbers."""
    words = not all(value.isdigit() and len(value) < 4 for value in slot.distinct)
    return len(slot.distinct) >= 2 and words and all(GROUP.match(value) for value in slot.distinct)


def is_label(slot: Slot, n: int) -> bool:
    """Return whether a part may be the class: a few values, most of them with several files."""
    counts = Counter(slot.values)
    several = sum(count > 1 for count in counts.values())
    return FEW <= len(counts) <= max(FEW, min(MOST, n // 2)) and several >= 0.5 * len(counts)


def pattern_of(slots: Sequence[Slot]) -> str | None:
    """Return the regular expression up to the last part that is named, None if none is."""
    named = [k for k, slot in enumerate(slots) if slot.role in ("sense", "target", "group")]
    if not named:
        return None
    text = "^"
    for k, slot in enumerate(slots[: named[-1] + 1]):
        inside = r"[^/]+" if slot.folder else r"[^/_\-. ]+"
        text += f"(?P<{slot.role}>{inside})" if k in named else inside
        last = k == named[-1]
        if slot.folder:
            text += "/"
        elif not last:
            text += r"[_\-. ]+"
    return text


def labels_of(names: Sequence[str], pattern: str) -> dict[str, Counter[str]]:
    """Return how often each value of each group of a pattern occurs."""
    finder = re.compile(pattern)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        match = finder.search(name)
        for key, value in (match.groupdict() if match else {}).items():
            found[key][value] += 1
    return dict(found)
