"""States of live runs in a file: plain arrays and numbers, bound to the model that they are of."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.disk import write_whole

FORMAT, VERSION = "mottle live state", 2
MOST_BYTES = 2**31


def write_state(path: Path, state: Any, model: Any) -> None:
    """Write a nested state: dataclasses, dicts, lists, arrays, numbers and None."""
    arrays: list[NDArray] = []
    described = {
        "format": FORMAT, "version": VERSION, "model": digest(model),
        "state": describe(state, arrays),
    }  # fmt: skip
    body = io.BytesIO()
    np.savez(body, **{str(k): array for k, array in enumerate(arrays)})  # type: ignore[arg-type]
    text = json.dumps(described).encode()
    check = sha256(text + body.getvalue()).hexdigest()

    def write(file: Any) -> None:
        file.write(check.encode() + b"\n" + text + b"\n" + body.getvalue())

    write_whole(path, write)


def read_state(path: Path, rest: Any, model: Any) -> Any:
    """Return the state in a file, of the form that ``rest`` has, the state at rest."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; states have at most 2 GiB.")
    check, _, inside = path.read_bytes().partition(b"\n")
    text, _, body = inside.partition(b"\n")
    if sha256(text + body).hexdigest().encode() != check:
        raise ValueError(f"{path} is no state of a live run, or is damaged: its checksum differs.")
    described = json.loads(text)
    if described.get("format") != FORMAT or described["version"] > VERSION:
        raise ValueError(
            f"{path} is {described.get('format')!r} of version {described.get('version')}; this "
            f"version reads {FORMAT!r} up to {VERSION}."
        )
    if described["model"] != digest(model):
        raise ValueError(
            f"{path} is the state of another model, of the same one drawn or fitted anew, or of "
            "another window=: only the very model goes on from it."
        )
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        arrays = {
            name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
        }
    return rebuild(described["state"], rest, arrays)


def describe(state: Any, arrays: list[NDArray]) -> Any:
    """Return a state as JSON holds it; arrays are appended, and named by their number."""
    if isinstance(state, np.ndarray):
        arrays.append(state)
        return {"array": len(arrays) - 1}
    if is_dataclass(state):
        return {"fields": {
            field.name: describe(getattr(state, field.name), arrays) for field in fields(state)
            if field.metadata.get("kept", True)
        }}  # fmt: skip
    if isinstance(state, Mapping):
        return {"names": {name: describe(one, arrays) for name, one in state.items()}}
    if isinstance(state, list | tuple):
        return [describe(one, arrays) for one in state]
    return {"value": state.item() if isinstance(state, np.generic) else state}


def rebuild(described: Any, rest: Any, arrays: Mapping[str, NDArray]) -> Any:
    """Return a state from what `describe` returned; classes are those of the state at rest."""
    if isinstance(described, list):
        same = isinstance(rest, list | tuple) and len(rest) == len(described)
        owns = rest if same else [None] * len(described)  # names of senses, absent ones
        return [rebuild(one, own, arrays) for one, own in zip(described, owns, strict=True)]
    if "array" in described:
        return arrays[str(described["array"])]
    if "names" in described:
        given = rest if isinstance(rest, Mapping) else {}
        return {
            name: rebuild(one, given.get(name), arrays) for name, one in described["names"].items()
        }
    if "fields" in described:
        return replace(rest, **{
            name: rebuild(one, getattr(rest, name), arrays)
            for name, one in described["fields"].items()
        })  # fmt: skip
    return described["value"]


def digest(model: Any) -> str:
    """Return the sha256 of fitted estimators: classes, parameters, constants and arrays.

    Examples
    --------
    >>> digest([1.0, None]) == digest((1.0, None)), digest([1.0]) == digest([1])
    (True, False)
    """
    found = sha256()
    add(model, found.update, set())
    return found.hexdigest()


def add(value: Any, update: Any, seen: set[int]) -> None:
    """Add a value, and what is in it, to a hash."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        update(f"{array.dtype.str}{array.shape}".encode())
        if array.dtype == object:
            add(array.tolist(), update, seen)
        else:
            update(np.ascontiguousarray(array).tobytes())
    elif hasattr(value, "indptr"):  # sparse, with flags that come and go
        add([value.shape, value.data, value.indices, value.indptr], update, seen)
    elif isinstance(value, Mapping):
        for name in sorted(value, key=str):
            update(f"{name}:".encode())
            add(value[name], update, seen)
    elif isinstance(value, list | tuple):
        update(f"[{len(value)}".encode())
        for one in value:
            add(one, update, seen)
    elif value is None or isinstance(value, str | bytes | int | float | complex | bool):
        update(f"{type(value).__name__}{value!r}".encode())
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value):
        if id(value) in seen:
            return
        seen.add(id(value))
        update(type(value).__qualname__.encode())
        names = {name: one for name, one in vars(value).items() if name not in CACHES}
        add(names, update, seen)
    else:
        update(getattr(value, "__qualname__", type(value).__qualname__).encode())


CACHES = ("_without",)  # what estimators keep to be faster, and which changes as they are used
