"""The data set that a configuration names: name and options are checked before it is loaded."""

import inspect
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from mottle.checks import check_options, suggest
from mottle.datasets import load_tonic
from mottle.datasets.registry import entry
from mottle.datasets.tonic import is_tonic
from mottle.pipelines.parts import at_place


def check_loader(name: str, options: Mapping[str, Any], senses: Any = ()) -> None:
    """Refuse an unknown set, options that its loader does not have, and values of other types.

    Parameters
    ----------
    name : str
        As in ``[data] name``.
    options : mapping
        As in ``[data.options]``.
    senses : iterable of str
        Senses that the set is to have; compared where no option may change them.

    Raises
    ------
    ValueError
        Names the key, the value and what is allowed.

    Examples
    --------
    >>> check_loader("smellnet-10", {"window": "long"})
    Traceback (most recent call last):
    ValueError: data.options.window='long': expected float | None.
    """
    if is_tonic(name):
        check_types(load_tonic, options, "data.options")
        return
    with at_place("data.name", ()):
        known = entry(name)
    with at_place("data.options", ()):
        check_options(known.load, options)
    check_types(known.load, options, "data.options")
    for sense in senses if not options else ():
        if sense not in known.senses:
            raise ValueError(
                f"encoders.{sense}: the data set {name!r} has no sense {sense!r}"
                f"{suggest(sense, known.senses)} It has {', '.join(known.senses)}."
            )


def check_types(function: Callable[..., Any], options: Mapping[str, Any], place: str) -> None:
    """Refuse values that are not of the types by which a function annotates its arguments."""
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # of another package, whose names cannot be resolved
        return
    for name, value in options.items():
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{place}.{name}={value!r} must be a finite number.")
        if name not in hints:
            continue
        try:
            TypeAdapter(hints[name]).validate_python(value, strict=True)
        except ValidationError:
            expected = inspect.formatannotation(hints[name]).replace("collections.abc.", "")
            raise ValueError(f"{place}.{name}={value!r}: expected {expected}.") from None
        except PydanticUserError:  # a type that cannot be compared
            continue
