"""Presets by name, with a helping hand for a misspelt one."""

from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def choose(name: str, known: dict[str, T], what: str) -> T:
    """Return ``known[name]`` or say which names there are and which one was probably meant.

    Examples
    --------
    >>> choose("mena", {"mean": 1, "last": 2}, "pool")
    Traceback (most recent call last):
    ValueError: pool='mena' is not known; did you mean 'mean'? Known: last, mean.
    """
    if isinstance(name, str) and name in known:
        return known[name]
    close = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    raise ValueError(f"{what}={name!r} is not known{hint} Known: {', '.join(sorted(known))}.")
