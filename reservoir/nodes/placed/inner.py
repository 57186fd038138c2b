"""The reservoir behind a placed wiring: nodes with one input each, their placed sum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from mottle.reservoir.nodes.node import Node

ALONE = {"wiring": "one_to_one", "fan_in": None, "input_shape": None, "field": 5, "n_taps": 1,
         "n_segments": 1, "pool": None, "regions": 4}  # fmt: skip
OWN = ("n_features_in_", "input_weights_", "random_state")


def inner(p: Any) -> Any:
    """Return the nodes behind ``p``, with its parameters; of an unfitted reservoir ``p`` itself."""
    nodes = p.__dict__.get("nodes_")
    if nodes is None:
        return p
    for name, value in p.get_params(deep=False).items():
        if name not in ALONE and name not in ("n_nodes", "random_state"):
            setattr(nodes, name, nodes._placed.get(name) if value is None else value)
    return nodes


def fit_nodes(p: Any, node: Node, n_nodes: int, rng: np.random.RandomState) -> dict[str, Any]:
    """Return the fitted nodes, and those of their attributes that ``p`` has too."""
    names = p.get_params(deep=False)
    settings = {name: value for name, value in ALONE.items() if name in names}
    placed = node.placed(p)
    settings |= {name: value for name, value in placed.items() if names[name] is None}
    nodes = clone(p).set_params(**settings, n_nodes=n_nodes, random_state=rng.randint(2**31))
    nodes.fit(np.zeros((2, n_nodes)))
    nodes._placed = placed
    shared = {
        name: value
        for name, value in vars(nodes).items()
        if name.endswith("_") and not name.startswith("_") and name not in OWN
    }
    return {**shared, "nodes_": nodes}


def behind(node: Node, **own: Any) -> Node:
    """Return a record whose functions ask the nodes behind a reservoir, but for those of its own.

    Parameters
    ----------
    node : Node
        The kind of the nodes.
    **own : callable
        Functions of the wiring, by the names of `Node`.
    """
    names = ("observables", "observed", "fading", "noisy", "metered", "left_out", "scale", "rest",
             "n_parallel", "times", "family", "energy_scales")  # fmt: skip

    def ask(name: str) -> Any:
        return lambda p: getattr(node, name)(inner(p))

    operate = node.operate
    served = {name: ask(name) for name in names}
    if operate is not None:
        served["operate"] = lambda p, *volts: operate(inner(p), *volts)
    nothing: dict[str, Any] = {
        "draw": lambda p, rng: {},
        "settle": lambda p, rng: {},
        "wire": lambda p, rng: {},
    }
    never = dict.fromkeys(("sums_inputs", "closes"), lambda p: False)
    return node._replace(**{**served, **nothing, **never, **own})


def seeded(rng: np.random.RandomState) -> np.random.RandomState:
    """Return a generator of its own, so that what is drawn here does not move other draws."""
    return check_random_state(rng.randint(2**31))


def recall(block: NDArray, lengths: NDArray, state: Any, back: int) -> NDArray:
    """Put the last ``back`` steps before a block; 0 before the beginning."""
    past = state.past
    if past is None:
        past = np.zeros((len(block), back, block.shape[2]))
    whole = np.concatenate([past, block], axis=1)
    rows = lengths[:, np.newaxis] + np.arange(back)
    state.past = whole[np.arange(len(block))[:, np.newaxis], rows]
    return whole
