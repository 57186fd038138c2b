"""What a model file may hold: every node of its schema is checked before anything is built.

The schema is that of skops: nested nodes, each with a loader, a module and a class. Loaders that
would call what a file names (methods, partials, operators, constructors) are refused, also for
types that the caller trusts, so that a file holds data and no code.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

ROOMS = ("reservoir", "sensors", "pipelines")
SCALARS = {
    f"numpy.{kind.__name__}"
    for kind in np.sctypeDict.values()
    if issubclass(kind, np.number | np.bool_ | np.str_)
}
PLAIN = {
    "DictNode": {"builtins.dict", "collections.OrderedDict"},
    "ListNode": {"builtins.list"},
    "SetNode": {"builtins.set"},
    "TupleNode": {"builtins.tuple"},
    "SliceNode": {"builtins.slice"},
    "TypeNode": {"builtins.str", "builtins.int", "builtins.float", "builtins.bool"} | SCALARS,
    "NdArrayNode": {"numpy.ndarray"} | SCALARS,
    "DTypeNode": {"numpy.dtype"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
}
"""Loaders of plain values, and the types that they may build."""
OTHERS = {
    "ObjectNode": "",
    "TupleNode": "",
    "FunctionNode": "",  # named, and not called before the model predicts
    "LossNode": r"sklearn\.(_loss|linear_model)\.",
    "TreeNode": r"sklearn\.tree\._tree\.Tree$",
}
"""Loaders of types that skops or the caller must trust, and how their names must begin."""
PROTOCOL = 2  # of skops, when the format began; earlier ones load other things by the same names
SPARSE = r"scipy\.sparse\._\w+\.(csr|csc)_(array|matrix)"
UNCHANGING = ("JsonNode", "TypeNode", "TupleNode", "SliceNode")  # of which it is no matter which
INSIDE = ("content", "key_types", "attrs", "__reduce__", "args")  # keys of nodes, not of the model


def nodes(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every node of a schema, and where it stands in the model."""
    waiting = [(schema, "model")]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("__loader__"), str):
                yield value, place
            waiting += [
                (child, place if key in INSIDE else f"{place}.{key}")
                for key, child in reversed(value.items())
                if isinstance(child, dict | list | tuple)
            ]
        elif isinstance(value, list | tuple):
            waiting += [(child, f"{place}[{k}]") for k, child in reversed([*enumerate(value)])]


def check_schema(schema: Any) -> tuple[set[str], dict[str, str]]:
    """Check every node of a schema.

    Parameters
    ----------
    schema : dict
        Of skops.

    Returns
    -------
    approved : set of str
        Types of mottle, of numpy and scipy.
    others : dict of str to str
        Types of others, which skops or the caller must trust, and where they stand.

    Raises
    ------
    ValueError
        For what no model file may hold, with its place in the model.

    Examples
    --------
    >>> call = {"__loader__": "PartialNode", "__module__": "functools", "__class__": "partial"}
    >>> check_schema(call | {"protocol": 2})
    Traceback (most recent call last):
    ValueError: model is a functools.partial (PartialNode), which no model file may hold: they hold data, and nothing that is called when it is read.
    """  # noqa: E501
    protocol = schema.get("protocol") if isinstance(schema, dict) else None
    if type(protocol) is not int or protocol < PROTOCOL:
        raise ValueError(f"the schema states protocol={protocol!r}, expected {PROTOCOL} or more.")
    approved, others = set(), dict[str, str]()
    for node, place in nodes(schema):
        loader = node["__loader__"]
        if loader == "JsonNode":
            continue
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if name in PLAIN.get(loader, ()):
            if loader == "SliceNode":
                check_slice(node, place)
            approved.add(name)
        elif loader == "SparseMatrixNode" and re.fullmatch(SPARSE, name):
            approved.add(name)
        elif loader in ("ObjectNode", "TupleNode") and name.startswith("mottle."):
            check_own(node, name, place)
            approved.add(name)
        elif loader in OTHERS and re.match(OTHERS[loader], name):
            others.setdefault(name, place)
        else:
            raise ValueError(
                f"{place} is a {name:.200} ({loader:.80}), which no model file may hold: they hold "
                "data, and nothing that is called when it is read."
            )
    return approved, others


def check_slice(node: dict[str, Any], place: str) -> None:
    """Refuse limits of a slice that are no whole numbers."""
    for key in ("start", "stop", "step"):
        if type(node["content"][key]) not in (int, type(None)):
            raise ValueError(f"{place}.{key} is no whole number.")


def check_own(node: dict[str, Any], name: str, place: str) -> None:
    """Refuse what is no class of mottle whose instances are data."""
    module, kind = node["__module__"], node["__class__"]
    parts = module.split(".")
    known = parts[1:2] and parts[1] in ROOMS and not any(part[:1] in ("_", "") for part in parts)
    found = None
    if known and all(part.isidentifier() for part in (*parts, kind)):
        try:
            found = getattr(import_module(module), kind, None)
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("mottle."):
                raise
    if not isinstance(found, type) or not found.__module__.startswith("mottle."):
        raise ValueError(
            f"{place} is a {name:.200}, which this version of mottle does not have: the file may "
            "be from a newer one."
        )
    as_tuple = issubclass(found, tuple)
    estimator = parts[1] != "pipelines" or issubclass(found, BaseEstimator)
    if as_tuple != (node["__loader__"] == "TupleNode") or not (as_tuple or estimator):
        raise ValueError(f"{place} is a {name:.200}, which no model file may hold.")


def rename(schema: Any) -> dict[str, str]:
    """Give nodes and files of a fresh schema numbers in their order; return new names of files.

    Public classes get the name under which users import them, which stays when a module moves.
    """
    numbers, files = dict[Any, int](), dict[str, str]()
    for node, _ in nodes(schema):
        if node["__loader__"] in UNCHANGING:
            node.pop("__id__", None)
        elif "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
        if "file" in node:
            end = node["file"].rpartition(".")[2]
            node["file"] = files.setdefault(node["file"], f"arrays/{len(files)}.{end}")
        node["__module__"] = public_module(node["__module__"], node["__class__"])
    return files


def public_module(module: str, kind: str) -> str:
    """Return the room that a public class belongs to, or else the module.

    Examples
    --------
    >>> public_module("mottle.reservoir.readout.ridge", "RidgeReadout")
    'mottle.reservoir'
    """
    if module.startswith("mottle."):
        room = import_module(".".join(module.split(".")[:2]))
        places = [room, room.devices] if room.__name__ == "mottle.reservoir" else [room]
        for place in places:
            if kind in place.__all__ and getattr(place, kind).__module__ == module:
                return place.__name__
    return module
