"""Options that are passed on to a function: a misspelt one is refused by name."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from mottle.checks import suggest


def check_options(function: Callable[..., Any], options: Iterable[str]) -> None:
    """Refuse options which a function does not have.

    Parameters
    ----------
    function : callable
        What the options are passed on to.
    options : iterable of str
        Their names.

    Raises
    ------
    TypeError
        For an unknown option; names the one that was probably meant.

    Examples
    --------
    >>> def load_some(window=None, *, channels="all"): ...
    >>> check_options(load_some, {"windw": 3})
    Traceback (most recent call last):
    TypeError: load_some has no option 'windw'; did you mean 'window'? It has: window, channels.
    """
    known = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return
    for name in options:
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has none."
            called = getattr(function, "__name__", repr(function))
            raise TypeError(f"{called} has no option {name!r}{suggest(name, known)} {has}")
