"""Many recordings of spikes in one HDF5 file: Spiking Heidelberg Digits and Speech Commands."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_whole, is_whole
from mottle.sensors.files.attributes import read_text
from mottle.sensors.files.faults import Faults, Fields
from mottle.sensors.files.hdf5 import TEXT, check_dataset, find, open_hdf5, take_list
from mottle.sensors.files.limits import byte_limit, check_bytes, raises_value_errors
from mottle.times import UNITS, check_time_unit, name_unit

N_UNITS = 700  # channels of the artificial cochlea
LATEST = 2.0**43  # s; beyond, microseconds do not fit 64 bits


class Spikes(NamedTuple):
    """Recordings of spikes.

    Attributes
    ----------
    events : list of structured ndarray of EVENT_DTYPE
        One a recording: time in microseconds, never going back; x the unit, y 0, p 1.
    labels : ndarray of int, shape (n_recordings,)
        Class of each.
    speakers : ndarray of int, shape (n_recordings,), or None
        Number of the speaker, where the file has it.
    classes : list of str
        Names of the classes, empty where the file has none.
    sensor_size : (int, int)
        Number of units, and 1.
    repairs : dict of str to int
        How many spikes were left out, by reason.
    attrs : dict of str to str
        ``time_unit`` of the file's times, and ``time_unit_from``, what states it.

    Examples
    --------
    >>> from mottle.sensors import EVENT_DTYPE
    >>> events = [np.array([(1000, 17, 0, 1), (2500, 640, 0, 1)], dtype=EVENT_DTYPE)]
    >>> spikes = Spikes(events, np.array([3]), None, ["zero", "one", "two", "three"], (700, 1), {})
    >>> spikes.classes[spikes.labels[0]], spikes.events[0]["x"].tolist()
    ('three', [17, 640])
    """

    events: list[NDArray[np.void]]
    labels: NDArray[np.int64]
    speakers: NDArray[np.int64] | None
    classes: list[str]
    sensor_size: tuple[int, int]
    repairs: dict[str, int]
    attrs: dict[str, str] = {}  # noqa: RUF012 (a default that nothing writes to)


@raises_value_errors
def read_spikes(
    path: str | PathLike[str],
    *,
    select: Iterable[int] | None = None,
    n_units: int = N_UNITS,
    on_bad: str = "raise",
    max_bytes: int | None = None,
    time_unit: str | None = None,
) -> Spikes:
    """Read recordings of spikes from an HDF5 file as SHD and SSC are published in.

    Parameters
    ----------
    path : path
        HDF5 with ``spikes/times``, ``spikes/units`` and ``labels``; ``extra/speaker`` and
        ``extra/keys`` if there are such.
    select : iterable of int, default=None
        Numbers of the recordings to read; by default all. Each spike takes 13 bytes of memory.
    n_units : int, default=700
        Number of units.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of spikes without a time or a unit: refused, or left out and counted.
    max_bytes : int, default=None
        The most bytes that the content may come to; by default 100 times the size of the file, and
        256 MiB at least.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of the times; None takes an attribute ``unit`` of ``spikes/times``, else seconds, as
        SHD and SSC have them.

    Returns
    -------
    Spikes
        Events, labels, speakers, names of the classes, sensor size and repairs. The events of a
        recording are sorted by time; the published times are float16, exact to 0.5 ms at one
        second.

    Raises
    ------
    ValueError
        For other files and for bad spikes, with recording and number of the spike.

    References
    ----------
    B. Cramer et al., IEEE Trans. Neural Netw. Learn. Syst. 33 (2022) 2744,
    doi:10.1109/TNNLS.2020.3044364.

    Examples
    --------
    >>> import h5py
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with h5py.File(f"{folder}/two.h5", "w") as file:
    ...         for name, kind in (("times", "f2"), ("units", "u2")):
    ...             cells = file.create_dataset(f"spikes/{name}", 2, h5py.vlen_dtype(kind))
    ...             cells[0], cells[1] = [0.5, 0.25], [1]
    ...         file["labels"] = [3, 7]
    ...     spikes = read_spikes(f"{folder}/two.h5")
    >>> spikes.labels.tolist(), spikes.events[0].tolist()
    ([3, 7], [(250000, 0, 0, 1), (500000, 0, 0, 1)])
    """
    path, size = Path(path), (check_whole("n_units", n_units), 1)
    faults = Faults(str(path), on_bad)
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty: 0 bytes; fetch it again.")
    limit = byte_limit(path, max_bytes)
    with open_hdf5(path) as file:
        n = count_recordings(path, file, limit)
        unit, unit_from = spike_unit(file, time_unit)
        numbers = np.arange(n) if select is None else np.array(list(select), dtype=np.int64)
        events, n_bytes = [], 0
        for k in numbers.tolist():
            fields = take_spikes(path, file, k, n, faults, unit)
            events.append(faults.check(fields, size))
            n_bytes += events[-1].nbytes
            check_bytes(f"the spikes in {path}", n_bytes, limit)
        labels = _whole(path, file, "labels", n)[numbers]
        speakers: NDArray[np.int64] | None = None
        if find(file, "extra/speaker") is not None:
            speakers = _whole(path, file, "extra/speaker", n)[numbers]
        classes = _classes(path, file)
    attrs = {"time_unit": unit, "time_unit_from": unit_from}
    return Spikes(events, labels, speakers, classes, size, faults.repairs, attrs)


def holds_spikes(file: Any) -> bool:
    """Return whether an open HDF5 file holds recordings of spikes."""
    return find(file, "spikes/times") is not None and find(file, "spikes/units") is not None


def spike_unit(file: Any, stated: str | None) -> tuple[str, str]:
    """Return the unit of the times of spikes, and what states it."""
    if check_time_unit(stated) is not None:
        return str(stated), "time_unit="
    times = find(file, "spikes/times")
    for name in ("unit", "units", "time_unit"):
        if unit := name_unit(" ".join(read_text(times, name))):
            return unit, "attribute of 'spikes/times'"
    return "s", "layout: spikes/times, as in SHD and SSC"


def count_recordings(path: Path, file: Any, limit: int) -> int:
    """Check the lists of spikes and return the number of recordings."""
    import h5py

    if not holds_spikes(file):
        raise ValueError(f"{path} has no spikes/times and spikes/units; read_events reads others.")
    times, units = find(file, "spikes/times"), find(file, "spikes/units")
    for dataset, kinds in ((times, "f"), (units, "iu")):
        kind = h5py.check_vlen_dtype(getattr(dataset, "dtype", np.dtype("V1")))
        if kind is None or np.dtype(kind).kind not in kinds or getattr(dataset, "ndim", 0) != 1:
            raise ValueError(
                f"{dataset.name!r} in {path} must hold a list of numbers for each recording: times "
                "as floats, units as integers."
            )
        check_dataset(path, dataset, limit)
    if times.shape != units.shape:
        raise ValueError(
            f"{path} has times of {times.shape[0]} recordings and units of {units.shape[0]}."
        )
    return int(times.shape[0])


def take_spikes(path: Path, file: Any, k: Any, n: int, faults: Faults, unit: str = "s") -> Fields:
    """Return t, x, y, p of recording ``k`` of ``n``, sorted by time."""
    if not is_whole(k) or not 0 <= k < n:
        raise ValueError(f"{path} has no recording {k!r}; it has 0 to {n - 1}.")
    faults.start(f"recording {k} of {path}")
    # float16 in the published files, where 1e6 would be infinite
    times = take_list(path, find(file, "spikes/times"), k).astype(np.float64)
    times *= UNITS[unit] / UNITS["s"]
    units = take_list(path, find(file, "spikes/units"), k).astype(np.int64)
    if times.size != units.size:
        alone = abs(times.size - units.size)
        faults.fault(
            f"{faults.place} has {times.size} times and {units.size} units",
            "spikes without time or unit", alone,
        )  # fmt: skip
        times, units = times[: units.size], units[: times.size]
    good = np.abs(times) < LATEST  # NaN is not
    if not good.all():
        first = int(np.argmin(good))
        faults.fault(
            f"spike {first} of {faults.place} comes at {times[first]} s", "no time", (~good).sum()
        )
        times, units = times[good], units[good]
    order = np.argsort(times, kind="stable")
    t = np.round(times[order] * 1e6).astype(np.int64)
    return t, units[order], np.zeros_like(t), np.ones_like(t)


def _whole(path: Path, file: Any, name: str, n: int) -> NDArray[np.int64]:
    """Return a dataset of one whole number a recording."""
    dataset = find(file, name)
    if getattr(dataset, "shape", None) != (n,) or dataset.dtype.kind not in "iu":
        raise ValueError(
            f"{name!r} in {path} has shape {getattr(dataset, 'shape', None)}; expected one whole "
            f"number for each of {n} recordings."
        )
    check_dataset(path, dataset)
    return np.asarray(dataset[()], dtype=np.int64)


def _classes(path: Path, file: Any) -> list[str]:
    """Return the names of the classes, where the file has them."""
    names = find(file, "extra/keys")
    if names is None:
        return []
    kind = getattr(names, "dtype", np.dtype("V1"))
    lists = (kind.metadata or {}).get("vlen") in TEXT
    if not (lists or kind.kind == "S") or names.ndim != 1:
        raise ValueError(f"'extra/keys' in {path} is no list of names.")
    check_dataset(path, names)
    places = range(names.size)
    texts = [take_list(path, names, k).tobytes() for k in places] if lists else names[()]
    return [text.decode("utf-8", "replace") for text in texts]
