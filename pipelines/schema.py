"""The form of configuration files: tables, parts, and what is said of a wrong key or value."""

import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mottle.checks import suggest


class Section(BaseModel):
    """A table of the file; unknown keys, truth values and NaN in place of numbers are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Part(BaseModel):
    """An estimator by name; all other keys are its parameters."""

    model_config = ConfigDict(extra="allow")
    kind: str

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        return plain(given) if isinstance(given, Mapping) else given

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters: lists as tuples, "none" as None, which TOML does not have."""
        return {
            name: tuple(value) if isinstance(value, list) else None if value == "none" else value
            for name, value in (self.model_extra or {}).items()
        }


def plain(value: Any) -> Any:
    """Return a value as TOML can hold it: None as "none", tuples and arrays as lists.

    Examples
    --------
    >>> plain({"scale": None, "pool": ("mean", "last"), "n_nodes": np.int64(3)})
    {'scale': 'none', 'pool': ['mean', 'last'], 'n_nodes': 3}
    """
    if value is None:
        return "none"
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def hint(name: str, known: Iterable[str]) -> str:
    """Return which name was probably meant, and which there are."""
    known = list(known)
    return f"{suggest(name, known)} Known: {', '.join(sorted(known))}."


def complaints(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """Turn pydantic's findings about a file of the form ``root`` into sentences with a hint."""
    lines: list[str] = []
    for found in error.errors():
        place = ".".join(map(str, found["loc"]))
        if "list[str]" in found["loc"]:
            continue  # of a key that takes text or a list; the first line says so
        if found["loc"][-1] == "str":
            place = ".".join(map(str, found["loc"][:-1]))
            lines.append(f"{place}={found['input']!r}: expected text, or a list of text.")
            continue
        if found["type"] == "extra_forbidden":
            *parents, key = found["loc"]
            lines.append(f"unknown key {place}{hint(str(key), fields_at(root, parents))}")
        elif found["type"] == "missing":
            lines.append(f"{place} is missing.")
        elif found["type"] == "value_error":
            lines.append(f"{place}: {str(found['ctx']['error']).rstrip('.')}.")
        elif found["type"] in ("model_type", "dict_type", "model_attributes_type"):
            lines.append(f"{place}={found['input']!r}: expected a table.")
        else:
            lines.append(f"{place}={found['input']!r}: {found['msg']}.")
    return lines


def fields_at(root: type[BaseModel], parents: Iterable[Any]) -> list[str]:
    """Return the keys that a table of a file of the form ``root`` may have."""
    model: Any = root
    for parent in parents:
        annotation = model.model_fields[parent].annotation
        options = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
        model = options[0]
    return list(model.model_fields)


def check_name(name: str) -> None:
    """Refuse a name that could not be a folder of states, or would lie outside of it.

    Examples
    --------
    >>> check_name("../x")
    Traceback (most recent call last):
    ValueError: '../x' cannot name a folder: use letters, digits, spaces, '-', '_', '+' and '.'
    """
    if not re.fullmatch(r"\w(?:[\w .+-]{0,98}[\w+-])?", name):
        raise ValueError(
            f"{name!r} cannot name a folder: use letters, digits, spaces, '-', '_', '+' and '.'"
        )
