"""Ageing of written cells: relaxation, drift and retention, with one random path per cell."""

from typing import Any
from warnings import warn

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_number, names_arguments
from mottle.reservoir.nonvolatile.cells import (
    KNOWN,
    cell_of,
    check_written,
    get_cell,
    name_of,
    retention_of,
)


def check_times(times: ArrayLike) -> NDArray[np.float64]:
    """Return times in s as an array; raise if they are negative, infinite or decreasing."""
    try:
        ages = np.atleast_1d(np.asarray(times, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(f"times={times!r} must be numbers, in s.") from None
    if ages.size == 0:
        raise ValueError(f"times={times!r} s holds no time; give at least one.")
    fine = ages.ndim == 1 and bool((np.isfinite(ages) & (ages >= 0)).all())
    if not fine or (np.diff(ages) < 0).any():
        raise ValueError(f"times={times!r} s must be finite, not negative and not decreasing.")
    return ages


def warn_kept(device: Any, seconds: float, stacklevel: int = 3) -> None:
    """Warn if cells age whose retention has not been published."""
    if seconds > 0 and retention_of(device) == "not published":
        name = repr(name_of(device)) if get_cell(device) in KNOWN.values() else "this device"
        warn(
            f"no retention was published for {name}, or its preset leaves it out; cells stay as "
            "written at any age.",
            stacklevel=stacklevel,
        )


def check_later(seconds: float, present: float) -> float:
    """Return a time in s; raise if it is before the present age."""
    seconds = check_number("seconds", seconds, "s", least=0, why="; a day is 86400 s")
    if seconds < present:
        raise ValueError(
            f"seconds={seconds} s lies before the present age of {present} s, and ageing cannot be "
            "undone; program() writes the cells anew."
        )
    return seconds


def aged(device: Any, written: NDArray, path: NDArray, seconds: float) -> NDArray[np.float64]:
    """Return conductances in S, ``seconds`` after they were ``written``.

    ``path`` holds a standard normal number per cell, which determines its relaxation.
    """
    if seconds == 0:
        return np.array(written, dtype=np.float64)
    return cell_of(device).age(get_cell(device), written, path, seconds)


@names_arguments
def age(
    device: Any, written: xr.Dataset | ArrayLike, times: ArrayLike, *, random_state: Any = None
) -> xr.Dataset:
    """Age written cells.

    Statistical devices ("milo2021", "cmo_hfox", "pcm" ...) relax or drift as published, interface
    devices with a power of time, and memdiodes by their equation at 0 V. The pulse-response models,
    "milo2021" and "wan2022" have no published retention: their cells keep their conductance, with a
    warning.

    Parameters
    ----------
    device : str or preset
        The device that was written.
    written : Dataset or array-like
        Result of `write`, which contains the path of every cell; or conductances in S.
    times : float or array-like of shape (n_times,)
        Times after writing in s, finite, not negative and not decreasing.
    random_state : int, Generator or None, default=None
        Draws the paths if ``written`` has none.

    Returns
    -------
    dataset : xarray.Dataset
        ``conductance`` in S, dimension ``age`` before those of the cells. Attribute ``retention``:
        "published", "not published" (see above) or "ideal".

    Warns
    -----
    UserWarning
        If no retention was published.

    Raises
    ------
    ValueError
        For times that are negative, infinite or decreasing, cells that were written as another
        device, or conductances far outside the device's range, as of another unit.

    Examples
    --------
    >>> aged = age("cmo_hfox", [20e-6, 80e-6], [0.0, 86400.0], random_state=0)
    >>> bool((aged.conductance[0] == [20e-6, 80e-6]).all())
    True
    """
    warn_kept(device, float(check_times(times).max(initial=0.0)), stacklevel=4)
    return age_cells(device, written, times, random_state)


def age_cells(
    device: Any, written: xr.Dataset | ArrayLike, times: ArrayLike, random_state: Any = None
) -> xr.Dataset:
    """Do what `age` does, without the warning."""
    cell, ages = get_cell(device), check_times(times)
    if isinstance(written, xr.Dataset):
        check_writer(cell, written)
        first, path = written["conductance"].to_numpy(), written["path"].to_numpy()
        stuck, dims = written["stuck"].to_numpy(), tuple(written["conductance"].dims)
    else:
        first = np.asarray(written, dtype=np.float64)
        if not (first >= 0).all() or not np.isfinite(first).all():
            raise ValueError("conductances must be finite and not negative.")
        path = np.random.default_rng(random_state).normal(size=first.shape)
        stuck, dims = np.zeros(first.shape, dtype=bool), cell_dims(first.ndim)
    check_written(cell, first)
    out = np.stack([np.where(stuck, first, aged(cell, first, path, float(t))) for t in ages])
    return xr.Dataset(
        {"conductance": (("age", *dims), out, {"units": "S"})},
        coords={"age": ("age", ages, {"units": "s"})},
        attrs={
            "source": cell.source,
            "provisional": cell.provisional,
            "retention": retention_of(cell),
        },
    )


def check_writer(cell: Any, written: xr.Dataset) -> None:
    """Raise if cells were written as another device; results without a record of it pass."""
    writer = written.attrs.get("device")
    if writer is None or (KNOWN[writer] == cell if writer in KNOWN else writer == repr(cell)):
        return
    raise ValueError(
        f"these cells were written as {writer}, and cannot age as {name_of(cell)}: pass the device "
        "that was written. The conductances alone, written['conductance'], age as any device."
    )


def cell_dims(n: int) -> tuple[str, ...]:
    """Name the dimensions of an array of cells."""
    return {1: ("cell",), 2: ("row", "column")}.get(n, tuple(f"dim_{k}" for k in range(n)))
