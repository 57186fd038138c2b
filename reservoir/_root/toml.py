"""Settings as TOML text, which the standard library reads but does not write."""

import re
from collections.abc import Mapping
from json import dumps
from typing import Any

BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(settings: Mapping[str, Any]) -> str:
    """Return nested settings as TOML: a section for each table, one line for each table in it.

    Examples
    --------
    >>> print(write_toml({"title": "x", "data": {"name": "demo"}, "readouts": {"a": {"n": [1]}}}))
    title = "x"
    <BLANKLINE>
    [data]
    name = "demo"
    <BLANKLINE>
    [readouts]
    a = { n = [1] }
    <BLANKLINE>
    """
    tables = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lines = [f"{write_key(key)} = {write_value(value)}" for key, value in settings.items()
             if key not in tables and value is not None]  # fmt: skip
    for name, table in tables.items():
        lines += ["", f"[{write_key(name)}]"]
        lines += [
            f"{write_key(key)} = {write_value(value)}"
            for key, value in table.items()
            if value is not None
        ]
    return "\n".join(lines) + "\n"


def write_key(key: Any) -> str:
    """Return a key, in quotes where TOML needs them."""
    return str(key) if BARE.fullmatch(str(key)) else write_value(str(key))


def write_value(value: Any) -> str:
    """Return one value; tables in braces."""
    if isinstance(value, Mapping):
        inner = ", ".join(
            f"{write_key(k)} = {write_value(v)}" for k, v in value.items() if v is not None
        )
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(write_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise ValueError(f"{value!r} ({type(value).__name__}) cannot be written as TOML.")
