"""Tables of tonic's data sets; tonic itself is not imported."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mottle.datasets.table import Recordings, make_table
from mottle.events import EVENT_DTYPE, FIELDS


def load_tonic(dataset: Sequence[Any], *, groups: Sequence[Any] | None = None) -> Recordings:
    """Return a table of any data set of tonic, or of any sequence of pairs (events, target).

    Parameters
    ----------
    dataset : sequence
        Such as ``tonic.datasets.NMNIST("folder", train=False)``: ``len()`` and ``[k]`` give
        structured events with t (microseconds), p and x, y where there are such, and a target. No
        transform may have been applied. tonic is under GPL-3.0; mottle itself does not import it.
    groups : sequence, optional
        What must not be split, one a recording; default each its own.

    Returns
    -------
    Recordings
        Column ``events``; a missing x or y is 0.

    Raises
    ------
    ValueError
        If an item is no pair, or its events lack t or p; names the item.

    Examples
    --------
    >>> events = np.array([(10, 3, 1)], dtype=[("t", int), ("x", int), ("p", int)])
    >>> load_tonic([(events, 7)]).table["events"].iloc[0].tolist()
    [(10, 3, 0, 1)]
    """
    cells, target = [], []
    for row in range(len(dataset)):
        try:
            given, label = dataset[row]
        except (TypeError, ValueError):
            raise ValueError(f"item {row} is no pair of events and target.") from None
        fields = getattr(getattr(given, "dtype", None), "names", None) or ()
        if not {"t", "p"} <= set(fields):
            raise ValueError(f"item {row} has the fields {fields}, and lacks t or p.")
        events = np.zeros(len(given), dtype=EVENT_DTYPE)
        for name in FIELDS:
            if name in fields:
                values = given[name]
                events[name] = np.where(values == -1, 0, values) if name == "p" else values
        cells.append(events[np.argsort(events["t"], kind="stable")])
        target.append(label)
    table = make_table(events=cells)
    table.attrs["name"] = type(dataset).__name__
    return Recordings(
        table, np.array(target), np.arange(len(cells)) if groups is None else np.asarray(groups)
    )
