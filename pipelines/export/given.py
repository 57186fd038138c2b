"""The sample of a saved model, or a recording, as the input of the test in C."""

from typing import Any

import numpy as np
import pandas as pd

from mottle.events import as_streams, is_absent, read_stream
from mottle.reservoir.readout import chain
from mottle.reservoir.readout.live import senses_of
from mottle.sensors.sampled import interval_of
from mottle.sensors.streams import check_samples


def input_of(model: Any, X: Any) -> dict[str, Any]:
    """Return ``sample``, ``events`` and ``tick`` of `export_c` from streams of one recording.

    Parameters
    ----------
    model : estimator
        Fitted.
    X : DataFrame, list, ndarray or DataArray
        As `save_model` keeps it: the first recording counts.

    Raises
    ------
    ValueError
        If there is no input, or a sense is absent in it.

    Examples
    --------
    >>> from mottle.reservoir import EchoStateReservoir
    >>> model = EchoStateReservoir(5, random_state=0).fit(np.zeros((9, 2)))
    >>> input_of(model, np.ones((1, 9, 2)))["sample"].shape
    (9, 2)
    """
    if X is None:
        raise ValueError(
            "the model holds no sample of its input for the test: name a recording with --data, or "
            "save the model with one, save_model(model, path, X)."
        )
    names = [name for name, _ in senses_of(chain.split_off_readout(model)[0])]
    if isinstance(X, pd.DataFrame) and any(kind.kind == "O" for kind in X.dtypes):
        cells = [X[name].iloc[0] for name in (names or X.columns)]
    else:
        cells = [as_streams(X, lazy=True).cells[0]]
    if any(is_absent(cell) for cell in cells):
        raise ValueError("a sense is absent in the sample, and the C needs every input.")
    found: dict[str, Any] = {}
    rows = []
    for cell in cells:
        one: Any = read_stream(cell)
        if getattr(one, "dtype", np.dtype(float)).names:
            events = one.copy()
            events["t"] -= events["t"][0]
            found["events"] = events
            continue
        rows.append(np.asarray(one, dtype=np.float64))
        if (interval := stated_interval(one)) is not None:
            found["tick"] = interval
    if rows:
        n = min(len(one) for one in rows)
        found["sample"] = np.concatenate([one[:n] for one in rows], axis=1)
    return found


def stated_interval(sample: Any) -> float | None:
    """Return the time between the rows of a sample in s; None if it has no times.

    Examples
    --------
    >>> stated_interval(np.zeros((3, 1))) is None
    True
    """
    if "time" not in getattr(sample, "coords", ()):
        return None
    return interval_of([check_samples(sample, "the sample")])
