"""Event streams made of columns of numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.arrays import refuse_masked
from mottle.events import EVENT_DTYPE, FIELDS
from mottle.sensors.clock import EventClock
from mottle.sensors.files.columns import find_fields_of, whole_numbers
from mottle.sensors.files.faults import MOST_PIXEL


def make_events(
    t: Any, x: Any = None, y: Any = None, p: Any = None, *, time_unit: str | None = None
) -> NDArray[np.void]:
    """Return an event stream of columns of numbers.

    Parameters
    ----------
    t : array-like of shape (n_events,), or DataFrame
        Times, which do not go back; or a table with columns of t, x, y and p by name, such as
        "time_ms" and "polarity", others of which are left out. Of an array (n_events, 4) in the
        order t, x, y, p: ``make_events(*array.T)``.
    x, y : array-like of shape (n_events,)
        Columns and rows of the sensor, whole numbers from 0 to 32767.
    p : array-like of shape (n_events,)
        Polarities 0 and 1, -1 and 1, or False and True.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of the times. None takes the one in the name of a column, else microseconds; times
        with fractions, or beyond 1e17 (the year 5138), are then an error.

    Returns
    -------
    events : structured ndarray of EVENT_DTYPE, shape (n_events,)
        Times in microseconds, polarities 0 and 1.

    Raises
    ------
    TypeError
        If columns are missing, or come beside a table.
    ValueError
        If columns differ in length, one holds what it cannot, or time goes back; names the event.

    Examples
    --------
    >>> make_events([0.5, 0.75], [3, 3], [4, 5], [-1, 1], time_unit="s").tolist()
    [(500000, 3, 4, 0), (750000, 3, 5, 1)]
    >>> frame = pd.DataFrame({"x": [3], "y": [4], "polarity": [True], "time_ms": [1.5]})
    >>> make_events(frame).tolist()
    [(1500, 3, 4, 1)]
    """
    given = dict(zip(FIELDS, (t, x, y, p), strict=True))
    clock = EventClock("the columns", time_unit)
    if isinstance(t, pd.DataFrame):
        if any(given[name] is not None for name in "xyp"):
            raise TypeError("a DataFrame holds all columns: pass it alone, make_events(frame).")
        places = find_fields_of(list(t.columns), "the table", clock)
        given = {name: t.iloc[:, k] for name, k in places.items()}
    missing = [name for name in FIELDS if given[name] is None]
    if missing:
        raise TypeError(
            f"make_events lacks {', '.join(missing)}: pass t, x, y and p, a DataFrame with these "
            "columns, or *array.T of an array with four columns."
        )
    for name, column in given.items():
        refuse_masked(column, name)
    columns = {name: np.asarray(column) for name, column in given.items()}
    for name, column in columns.items():
        if column.ndim != 1 or column.dtype.kind not in "iufb":
            raise ValueError(
                f"{name} has type {column.dtype} and shape {column.shape}; expected a list of "
                "numbers."
            )
    sizes = {name: column.size for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"the columns differ in length: {sizes}.")
    whole, good = {}, {}
    whole["t"], good["t"] = clock.convert(columns["t"])
    for name in "xyp":
        whole[name], good[name] = whole_numbers(columns[name])
    for name in "xy":
        good[name] &= (whole[name] >= 0) & (whole[name] <= MOST_PIXEL)
    good["p"] &= np.isin(whole["p"], (-1, 0, 1))
    pixel = f"a whole number, 0 to {MOST_PIXEL}"
    held = {"t": "a time within 64 bits of us", "x": pixel, "y": pixel, "p": "0 or 1, or -1 or 1"}
    for name in FIELDS:
        if not good[name].all():
            at = int(np.argmin(good[name]))
            value = columns[name][at].item()
            raise ValueError(f"event {at} has {name}={value!r}; expected {held[name]}.")
    if (whole["p"] == -1).any() and (whole["p"] == 0).any():
        at = int(np.argmax(whole["p"] == 0))
        raise ValueError(
            f"the polarities are -1 and 0 (event {at}); expected 0 and 1, or -1 and 1."
        )
    back = np.flatnonzero(whole["t"][1:] < whole["t"][:-1])
    if back.size:
        at = int(back[0]) + 1
        raise ValueError(
            f"time goes back at event {at} ({whole['t'][at]} us after {whole['t'][at - 1]} us): "
            "sort the columns by t first, with numpy.argsort(t, kind='stable')."
        )
    events = np.empty(columns["t"].size, EVENT_DTYPE)
    for name in "txy":
        events[name] = whole[name]
    events["p"] = whole["p"] == 1
    return events
