"""Random draws: input weights, receptive fields, masks, device variation."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import choose, is_number, is_whole

WIRINGS = ("random", "local", "one_to_one", "dilated", "convolution")
Spread = float | tuple[str, float]


def draw_input_weights(
    rng: np.random.RandomState,
    n_nodes: int,
    n_inputs: int,
    wiring: str,
    fan_in: int | None,
    input_shape: tuple[int, int, int] | None,
    field: int,
) -> sparse.csr_array:
    """Draw input weights of shape (n_nodes, n_inputs).

    ``random`` and ``local`` weights are uniform with unit variance of the sum for independent
    inputs of unit variance; ``one_to_one`` weights are 1.
    """
    choose(wiring, dict.fromkeys(WIRINGS), "wiring")
    if wiring == "one_to_one":
        if n_nodes % n_inputs:
            raise ValueError(
                f"wiring='one_to_one' needs n_nodes to be a multiple of the {n_inputs} inputs, got "
                f"n_nodes={n_nodes}; take {max(1, round(n_nodes / n_inputs)) * n_inputs}, for "
                "example."
            )
        eye = sparse.eye_array(n_inputs)
        return sparse.csr_array(sparse.vstack([eye] * (n_nodes // n_inputs)))
    if wiring == "random":
        pools = [np.arange(n_inputs)] * n_nodes
    else:
        pools = receptive_fields(n_nodes, n_inputs, input_shape, field)
    rows, columns, values = [], [], []
    for node, pool in enumerate(pools):
        k = pool.size if fan_in is None else min(fan_in, pool.size)
        rows.append(np.full(k, node))
        columns.append(rng.choice(pool, k, replace=False))
        values.append(rng.uniform(-1, 1, k) * np.sqrt(3 / k))
    index = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), index), shape=(n_nodes, n_inputs))


def receptive_fields(
    n_nodes: int, n_inputs: int, input_shape: tuple[int, int, int] | None, field: int
) -> list[NDArray]:
    """List, for nodes placed evenly on a frame, the inputs in a ``field`` x ``field`` window."""
    if input_shape is None or int(np.prod(input_shape)) != n_inputs:
        raise ValueError(
            f"wiring='local' needs input_shape=(height, width, channels) with product {n_inputs}, "
            f"the number of inputs; got input_shape={input_shape}. Fitted encoders have it as "
            "input_shape_."
        )
    height, width, channels = input_shape
    rows, columns = near_square(n_nodes)
    index = np.arange(n_inputs).reshape(height, width, channels)
    side_y, side_x = min(field, height), min(field, width)
    fields = []
    for node in range(n_nodes):
        row, column = divmod(node, columns)
        y = round((height - side_y) * (row / max(rows - 1, 1)))
        x = round((width - side_x) * (column / max(columns - 1, 1)))
        fields.append(index[y : y + side_y, x : x + side_x].ravel())
    return fields


def near_square(n: int) -> tuple[int, int]:
    """Return rows and columns of the most nearly square grid of exactly ``n`` places.

    Examples
    --------
    >>> near_square(400), near_square(12), near_square(7)
    ((20, 20), (3, 4), (1, 7))
    """
    rows = next(k for k in range(isqrt(n), 0, -1) if n % k == 0)
    return rows, n // rows


def draw_spread(
    rng: np.random.RandomState,
    device: Any,
    names: tuple[str, ...],
    spread: Spread | dict[str, Spread],
    n_nodes: int,
) -> dict[str, NDArray]:
    """Draw device constants of each node about the preset's (device-to-device variation).

    ``spread`` is a relative standard deviation for all ``names``, or a dict with one for some of
    them. A number means a lognormal distribution, ``("normal", number)`` a normal one.
    """
    chosen = check_spread(spread, names)
    drawn = {}
    for name in names:  # a draw for every name, so that draws do not depend on which names vary
        z = rng.normal(size=n_nodes)
        kind, width = chosen[name]
        if kind == "normal":
            factor = 1 + width * z
            if factor.min() <= 0:
                raise ValueError(
                    f"spread of {name}, normal with {width}, gives node {factor.argmin()} a "
                    "negative value; a lognormal spread of that width does not."
                )
        else:
            factor = np.exp(np.sqrt(np.log1p(width**2)) * z)
        drawn[name] = getattr(device, name) * factor
    return drawn


def check_spread(spread: Any, names: tuple[str, ...]) -> dict[str, tuple[str, float]]:
    """Return distribution and width of the spread of each constant, or raise.

    Examples
    --------
    >>> check_spread({"tau": ("normal", 0.1)}, ("tau", "rate"))
    {'tau': ('normal', 0.1), 'rate': ('lognormal', 0.0)}
    """
    chosen = spread if isinstance(spread, dict) else dict.fromkeys(names, spread)
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        raise ValueError(f"spread has no constant {unknown[0]!r}; choose from {', '.join(names)}.")
    known = {}
    for name in names:
        kind, width = "lognormal", chosen.get(name, 0.0)
        if isinstance(width, tuple | list) and len(width) == 2:
            kind, width = width
        named = isinstance(kind, str) and kind in ("lognormal", "normal")
        if not named or not is_number(width) or not 0 <= width < 1:
            raise ValueError(
                f"spread of {name} is {chosen[name]!r}: expected a relative standard deviation in "
                "[0, 1), or ('normal', deviation)."
            )
        known[name] = (kind, width)
    return known


def check_shape(input_shape: Any) -> None:
    """Raise if an input shape is not three whole numbers.

    Examples
    --------
    >>> check_shape((34, 34))
    Traceback (most recent call last):
    ValueError: input_shape=(34, 34) must be (height, width, channels), three whole numbers above 0.
    """
    several = isinstance(input_shape, list | tuple | np.ndarray) and len(input_shape) == 3
    if not several or not all(is_whole(side) and side > 0 for side in input_shape):
        raise ValueError(
            f"input_shape={input_shape!r} must be (height, width, channels), three whole numbers "
            "above 0."
        )


def draw_masks(
    rng: np.random.RandomState, weights: sparse.csr_array, n_masks: int
) -> sparse.csr_array:
    """Repeat the input weights ``n_masks`` times with random signs; rows are mask after mask."""
    if n_masks == 1:
        return weights
    signs = rng.choice([-1.0, 1.0], (n_masks, weights.shape[0]))
    return sparse.csr_array(sparse.vstack([sparse.diags_array(row) @ weights for row in signs]))
