"""Fitted reservoirs from saved models: arrays that do not fit one another are refused.

Kernels check no indices; what ``fit`` drew needs no check, and what a file brings does.
"""

from math import prod
from typing import Any

from mottle.checks import check_whole
from mottle.restored import check_array, check_equal, check_sparse


def check_restored(p: Any) -> None:
    """Raise unless the arrays of a fitted reservoir have the shapes that follow from others.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir import MemristorReservoir
    >>> reservoir = MemristorReservoir(3, random_state=0).fit(np.zeros((4, 2)))
    >>> reservoir.devices_["tau"] = reservoir.devices_["tau"][:2]
    >>> check_restored(reservoir)
    Traceback (most recent call last):
    ValueError: devices_['tau'] is float64 of shape (2,); expected float64 of shape (3,).
    """
    fitted, n_inputs = vars(p), check_whole("n_features_in_", p.n_features_in_)
    for name in ("n_masks", "n_taps", "n_segments"):
        check_whole(name, getattr(p, name))
    behind = fitted.get("nodes_", p)  # nodes that a placed wiring feeds
    n_nodes, n_drawn = (check_whole("n_nodes", one.n_nodes) for one in (p, behind))
    check_equal("n_nodes % n_masks", n_drawn % int(p.n_masks), 0)
    n_devices = n_drawn // int(p.n_masks)
    if p.wiring == "convolution":
        check_equal("n_nodes", n_nodes, n_drawn * check_whole("regions", p.regions) ** 2)
    summed = "n_nodes" in p.get_params(deep=False) or "n_nodes_" in fitted
    shape = n_drawn if summed else n_inputs, n_columns(p)
    check_sparse("input_weights_", p.input_weights_, shape)
    for name, value in fitted.get("devices_", {}).items():
        check_array(f"devices_[{name!r}]", value, (n_devices,))
    if "weights_" in fitted:
        check_sparse("weights_", p.weights_, (n_devices, n_devices))
    for name in ("biases_", "shifts_"):
        if name in fitted:
            check_array(name, fitted[name], (n_drawn,))
    if "reference_" in fitted:
        check_array("reference_", fitted["reference_"], (2, n_drawn))
    if "thresholds_" in fitted:
        check_array("thresholds_", fitted["thresholds_"], (len(p._quantiles), n_nodes))
    fitted |= p._node.restore(p)


def n_columns(p: Any) -> int:
    """Return the number of columns of the input weights."""
    n_inputs = int(p.n_features_in_)
    if p.wiring == "convolution":
        height, width, channels = p.input_shape
        check_equal("n_features_in_", n_inputs, prod(p.input_shape))
        return int(min(p.field, height) * min(p.field, width) * channels)
    if p.wiring == "dilated":  # as many taps as training chose
        return max(1, int(p.input_weights_.shape[1]) // n_inputs) * n_inputs
    return n_inputs * int(p.n_taps if "n_nodes" in p.get_params(deep=False) else 1)
