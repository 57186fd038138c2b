"""Definition of a device outside mottle: the arguments of its `device_node`, and their digests.

By the digests two definitions are compared, also across processes. They are of compiled code and
not of text, so that comments and the number of a notebook's cell do not count.
"""

import dis
import inspect
import sys
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from types import CodeType
from typing import Any, NamedTuple

import numpy as np
from numba.core.dispatcher import Dispatcher

from mottle.reservoir import catalogue

FUNCTIONS = ("step", "derivative", "output", "current", "check", "embed")


class Definition(NamedTuple):
    """Arguments of ``device_node``, with a digest of each."""

    name: str
    preset: Any
    options: dict[str, Any]
    digests: dict[str, str]

    def __reduce__(self) -> Any:
        """Pickle functions and constants by their module, or only say where they were defined.

        Workers of joblib receive them by value; see ``carried``.
        """
        here = [part for key in FUNCTIONS if (part := self.options.get(key)) is not None]
        if all(map(importable, [*here, type(self.preset)])):
            return Definition, tuple(self)
        where = next(part.__module__ for part in [*here, type(self.preset)] if not importable(part))
        return Lost, (self.name, self.digests, where)


class Lost(NamedTuple):
    """A device whose functions a pickle could not hold, as no module can be imported for them."""

    name: str
    digests: dict[str, str]
    where: str

    def found(self) -> Any:
        """Return the same device if it is defined in this process; else raise, with the way out."""
        family = catalogue.OUTSIDE.get(self.name)
        if family is None:
            raise ValueError(f"device={self.name!r} is not known here: {self.reason()}")
        changed = differences(family, self)
        if changed:
            raise ValueError(
                f"device {self.name!r} of this process has other values of {', '.join(changed)} "
                "than the one that this reservoir was saved with: define that one, or fit again."
            )
        return family

    def reason(self) -> str:
        """Return why the device is missing, and what to do."""
        return (
            f"it was defined in {self.where!r} of another process, whose functions a pickle cannot "
            "hold. Call its device_node here first; or move constants, functions and device_node "
            "to a module, which is then imported with the pickle, and which you import before you "
            "load the file of a model."
        )


def describe(name: str, preset: Any, **options: Any) -> Definition:
    """Return the definition of a device, of arguments not yet checked."""
    digests = {"constants": digest(preset)}
    digests |= {key: digest(value) for key, value in options.items()}
    return Definition(name, preset, options, digests)


def differences(family: Any, other: Definition | Lost) -> list[str]:
    """Return the arguments in which a known device, if any, differs from a definition."""
    if family is None or family.definition is None:
        return []
    known = family.definition.digests
    return [key for key, value in other.digests.items() if known.get(key) != value]


def importable(part: Any) -> bool:
    """Return whether another process can import a function or class by its name."""
    module = sys.modules.get(getattr(part, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or not getattr(module, "__file__", None):
        return False
    return getattr(module, getattr(part, "__name__", ""), None) is part


def digest(value: Any) -> str:
    """Hash an argument of ``device_node``: numbers and texts, or functions with what they call."""
    state = blake2b(digest_size=12)
    for part in parts(value, set()):
        state.update(part.encode() + b"\0")
    return state.hexdigest()


def parts(value: Any, done: set[int]) -> Iterator[str]:
    """Yield what decides the results of a value, as text."""
    if isinstance(value, Dispatcher):
        value = value.py_func
    if inspect.isfunction(value):
        yield from _of_function(value, done)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield f"{key!r}:"
            yield from parts(item, done)
    elif hasattr(value, "_fields"):
        yield type(value).__qualname__
        for key in value._fields:
            yield key
            yield from parts(getattr(value, key), done)
        for key, item in vars(type(value)).items():
            if isinstance(item, property) and item.fget is not None:
                yield key
                yield from parts(item.fget, done)
    elif isinstance(value, list | tuple):
        yield f"{len(value)} items"
        for item in value:
            yield from parts(item, done)
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    elif isinstance(value, str | int | float | bool | np.number | None):
        yield f"{type(value).__name__} {value!r}"
    else:  # modules and classes by name: an address would differ in each process
        yield str(getattr(value, "__qualname__", getattr(value, "__name__", type(value).__name__)))


def _of_function(function: Any, done: set[int]) -> Iterator[str]:
    """Yield the code of a function, its defaults, and the values it takes from outside."""
    if id(function) in done:
        return
    done.add(id(function))
    if (function.__module__ or "").startswith("mottle."):
        yield f"{function.__module__}.{function.__qualname__}"
        return
    yield from _of_code(function.__code__)
    yield from parts(function.__defaults__, done)
    outside = inspect.getclosurevars(function)
    for key, value in sorted({**outside.globals, **outside.nonlocals}.items()):
        yield key
        yield from parts(value, done)


def _of_code(code: CodeType) -> Iterator[str]:
    """Yield the instructions of compiled code, without its lines and its docstring."""
    for instruction in dis.get_instructions(code):
        yield instruction.opname
        if isinstance(instruction.argval, CodeType):
            yield from _of_code(instruction.argval)
        else:
            yield repr(instruction.argval)
