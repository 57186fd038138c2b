"""Labels of own recordings: what is doubtful about them, said before anything runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import suggest


def rename_labels(target: NDArray[Any], names: Mapping[str, str]) -> NDArray[Any]:
    """Return labels with other names; several may get one name.

    Raises
    ------
    ValueError
        For a name that no recording has.

    Examples
    --------
    >>> rename_labels(np.array(["Cola", "cola", "tea"]), {"Cola": "cola"}).tolist()
    ['cola', 'cola', 'tea']
    """
    text = [str(label) for label in target]
    for name in names:
        if name not in text:
            raise ValueError(
                f"labels: no recording has the class {name!r}{suggest(name, set(text))}"
            )
    return np.array([names.get(label, label) for label in text]) if names else target


def doubts_about_labels(target: Sequence[Any] | NDArray[Any]) -> list[str]:
    """Return sentences on classes that may be one, or that are too few; each names the way out.

    Parameters
    ----------
    target : sequence of str or int
        A label for each recording.

    Returns
    -------
    doubts : list of str
        Of classes that differ in case or blanks only, a single class, and classes of one recording.

    Examples
    --------
    >>> doubts_about_labels(["tea", "Tea", "milk", "milk"])[0]
    "the classes 'Tea' (1 recording) and 'tea' (1) differ in case or blanks only: labels = { 'Tea' = 'tea' } makes them one."
    """  # noqa: E501
    names, counts = np.unique(np.asarray([str(label) for label in target]), return_counts=True)
    count = dict(zip(names.tolist(), counts.tolist(), strict=True))
    doubts = []
    alike: dict[str, list[str]] = {}
    for name in count:
        alike.setdefault(" ".join(name.split()).casefold().replace("_", " "), []).append(name)
    for same in alike.values():
        if len(same) > 1:
            keep = max(same, key=lambda name: (count[name], name))
            others = [name for name in same if name != keep]
            inside = ", ".join(f"{name!r} = {keep!r}" for name in others)
            n = count[others[0]]
            doubts.append(
                f"the classes {others[0]!r} ({n} recording{'s' if n > 1 else ''}) and {keep!r} "
                f"({count[keep]}) differ in case or blanks only: labels = {{ {inside} }} makes "
                "them one."
            )
    if len(count) == 1:
        doubts.append(
            f"all {len(target)} recordings are of one class, {names.tolist()[0]!r}: there is "
            "nothing to tell apart; name another target."
        )
    single = [name for name in count if count[name] == 1]
    if single and len(count) > 1:
        some = ", ".join(map(repr, single[:5])) + (" and others" if len(single) > 5 else "")
        doubts.append(
            f"{len(single)} of {len(count)} classes have one recording ({some}): such a class is "
            "never both learnt and tested; leave it out, or give it the name of another (labels)."
        )
    return doubts


def numbers_of(target: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return labels that are text as the numbers they spell, None if one is no number.

    Examples
    --------
    >>> numbers_of(np.array(["1.5", "2"])).tolist(), numbers_of(np.array(["1", "1_5"]))
    ([1.5, 2.0], None)
    """
    texts = [str(label) for label in target]
    if any("_" in text for text in texts):  # which Python passes over
        return None
    try:
        return np.asarray([float(text) for text in texts])
    except ValueError:
        return None
