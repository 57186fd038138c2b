"""The reservoir behind a placed wiring: nodes with one input each, their placed sum."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from operator import attrgetter
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from mottle.checks import parameters
from mottle.reservoir.nodes.node import Node

OUTER = (
    "wiring",
    "fan_in",
    "input_shape",
    "field",
    "regions",
    "n_taps",
    "pool",
    "n_segments",
    "n_nodes",
    "random_state",
)  # parameters that the nodes behind have otherwise
OWN = ("n_features_in_", "input_weights_")  # attributes
NOT_SERVED = (
    "check",
    "wire",
    "draw",
    "settle",
    "learn",
    "probe",
    "run",
    "reach",
    "read",
    "read_chunk",
    "operations",
    "carried",
    "placed",
    "restore",
)  # functions of a record about the drive


def inner(p: Any) -> Any:
    """Return the nodes behind ``p``, with its parameters; of an unfitted reservoir ``p`` itself."""
    nodes = p.__dict__.get("nodes_")
    if nodes is None:
        return p
    kind: Any = type(p)
    names, read = shared_parameters(kind)
    values = dict(zip(names, read(p), strict=True))
    for name, value in nodes._placed.items():
        if values[name] is None:
            values[name] = value
    vars(nodes).update(values)  # at once: other threads may read them
    return nodes


@cache
def shared_parameters(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the parameters that the nodes behind have too, and what reads them from a reservoir.

    Once a class, not at every live step.

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir
    >>> {"v_gain", "n_nodes"} & set(shared_parameters(MemristorReservoir)[0])
    {'v_gain'}
    """
    names = tuple(name for name in parameters(kind) if name not in OUTER)
    return names, attrgetter(*names)


def fit_nodes(p: Any, node: Node, n_nodes: int, rng: np.random.RandomState) -> dict[str, Any]:
    """Return the fitted nodes, and those of their attributes that ``p`` has too."""
    known, placed = p.get_params(deep=False), node.placed(p)
    usual = signature(type(p)).parameters
    settings = {name: usual[name].default for name in OUTER if name in usual}
    settings |= {"wiring": "one_to_one", "n_nodes": n_nodes, "random_state": rng.randint(2**31)}
    settings |= {name: value for name, value in placed.items() if known[name] is None}
    nodes = clone(p).set_params(**settings)
    nodes.fit(np.zeros((2, n_nodes)))
    nodes._placed = placed
    shared = {
        name: value
        for name, value in vars(nodes).items()
        if name.endswith("_") and not name.startswith("_") and name not in OWN
    }
    return {**shared, "nodes_": nodes}


def behind(node: Node, **own: Any) -> Node:
    """Return a record whose functions are those of the nodes behind, but for its own.

    Parameters
    ----------
    node : Node
        The kind of the nodes.
    **own : callable
        Functions of the wiring, by the names of `Node`.
    """

    def of_nodes(function: Any) -> Any:
        return lambda p, *others: function(inner(p), *others)

    served: dict[str, Any] = {
        name: of_nodes(function)
        for name, function in node._asdict().items()
        if callable(function) and name not in NOT_SERVED
    }
    served |= dict.fromkeys(("wire", "draw", "settle"), lambda p, rng: {})  # see ``learn``
    served |= dict.fromkeys(("sums_inputs", "closes"), lambda p: False)
    served["restore"] = lambda p: {}  # the nodes behind restore themselves
    return node._replace(**served | own)


def seeded(rng: np.random.RandomState) -> np.random.RandomState:
    """Return a generator of its own, so that what is drawn here does not move other draws."""
    return check_random_state(rng.randint(2**31))
