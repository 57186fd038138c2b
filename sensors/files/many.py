"""Files that hold many recordings at once, with their labels."""

import gzip
import re
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.sensors.streams import EVENT_DTYPE

GASES = ("ethanol", "ethylene", "ammonia", "acetaldehyde", "acetone", "toluene")
N_DRIFT = 128  # features: 16 sensors, 8 each


class Spikes(NamedTuple):
    """What `read_spikes` returns.

    Attributes
    ----------
    events : list of structured ndarray
        One a recording: t in microseconds, x the unit, y 0, p 1.
    labels : ndarray of int, shape (n_recordings,)
        Class of each.
    speakers : ndarray of int, shape (n_recordings,), or None
        Who spoke, where the file tells.
    classes : list of str
        Names of the classes, where the file tells.
    """

    events: list[NDArray[np.void]]
    labels: NDArray[np.int64]
    speakers: NDArray[np.int64] | None
    classes: list[str]


def read_spikes(path: str | PathLike[str]) -> Spikes:
    """Read spike trains of the Heidelberg sets (SHD, SSC): HDF5, many recordings a file.

    Parameters
    ----------
    path : path
        HDF5 with ``spikes/times`` (seconds), ``spikes/units`` and ``labels``; ``extra/speaker`` and
        ``extra/keys`` if there are such.

    Returns
    -------
    Spikes
        Events, labels, speakers and names of classes. Times are sorted; the published ones are
        float16, so that they are exact to 0.5 ms at one second.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the file is damaged or laid out otherwise; names the recording.

    References
    ----------
    B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke, The Heidelberg Spiking Data Sets for the
    Systematic Evaluation of Spiking Neural Networks, IEEE TNNLS 33 (2022) 2744,
    doi:10.1109/TNNLS.2020.3044364.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"{path} is HDF5, which needs: pip install mottle[hdf5]") from error
    try:
        with h5py.File(path, "r") as file:
            missing = [n for n in ("spikes/times", "spikes/units", "labels") if n not in file]
            if missing:
                raise ValueError(f"{path} has no {missing[0]!r}; is it another layout?")
            times, units = file["spikes/times"][:], file["spikes/units"][:]
            labels = np.asarray(file["labels"][:], dtype=np.int64)
            extra = file.get("extra", {})
            speakers = np.asarray(extra["speaker"][:], np.int64) if "speaker" in extra else None
            keys = [k.decode() if isinstance(k, bytes) else str(k) for k in extra.get("keys", ())]
    except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read as spikes in HDF5: {error}") from error
    if not len(times) == len(units) == len(labels):
        raise ValueError(
            f"{path} has {len(times)} recordings of times, {len(units)} of units and "
            f"{len(labels)} labels."
        )
    events = []
    for row, (when, which) in enumerate(zip(times, units, strict=True)):
        when, which = np.asarray(when, dtype=np.float64), np.asarray(which, dtype=np.int64)
        if when.shape != which.shape or not np.isfinite(when).all() or (when < 0).any():
            raise ValueError(
                f"recording {row} of {path} has {when.size} times (NaN or below 0 s among them?) "
                f"and {which.size} units."
            )
        if which.size and not 0 <= which.min() <= which.max() < 2**15:
            raise ValueError(f"recording {row} of {path} has units {which.min()} to {which.max()}.")
        one = np.zeros(when.size, dtype=EVENT_DTYPE)
        one["t"], one["x"], one["p"] = np.round(when * 1e6), which, 1
        events.append(one[np.argsort(one["t"], kind="stable")])
    return Spikes(events, labels, speakers, keys)


def read_ts(path: str | PathLike[str]) -> tuple[list[xr.DataArray], NDArray[Any]]:
    r"""Read labelled time series in the ``.ts`` format of sktime and aeon.

    Parameters
    ----------
    path : path
        Text: lines of ``@`` tags, then ``@data``, then a recording a line, its channels parted by
        colons and its values by commas, the label last.

    Returns
    -------
    streams : list of DataArray
        Each (time, channel), time counted in rows, units "1".
    labels : ndarray of str or float, shape (n_recordings,)
        Text of a class label, or numbers of a target label.

    Raises
    ------
    ValueError
        For missing tags, time stamps, missing or wrong values; names the line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> text = "@timeStamps false\n@classLabel true up\n@data\n1,2,3:4,5,6:up\n"
    >>> with NamedTemporaryFile("w", suffix=".ts") as file:
    ...     print(text, file=file, flush=True)
    ...     streams, labels = read_ts(file.name)
    >>> streams[0].shape, labels.tolist()
    ((3, 2), ['up'])
    """
    path = Path(path)
    tags: dict[str, list[str]] = {}
    streams: list[xr.DataArray] = []
    labels: list[Any] = []
    inside = False
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.strip()
            if not line or line.startswith(("#", "%")):
                continue
            if line.startswith("@"):
                name, *words = line[1:].split() or [""]
                inside = name.lower() == "data"
                tags[name.lower()] = words
                if inside and tags.get("timestamps", ["false"])[0].lower() == "true":
                    raise ValueError(f"{path} has time stamps (@timeStamps true): not read.")
                continue
            if not inside:
                raise ValueError(f"line {number} of {path} comes before @data: {line[:40]!r}.")
            parts = line.split(":")
            numeric = tags.get("targetlabel", ["false"])[0].lower() == "true"
            labelled = numeric or tags.get("classlabel", ["false"])[0].lower() == "true"
            label: Any = parts.pop().strip() if labelled else ""
            try:
                label = float(label) if numeric else label
                channels = [np.array(part.split(","), dtype=np.float64) for part in parts]
            except ValueError as error:
                raise ValueError(
                    f"line {number} of {path} holds no numbers ({error}); missing values ('?') "
                    "must be filled in first."
                ) from None
            lengths = {channel.size for channel in channels}
            if len(lengths) != 1 or (streams and len(channels) != streams[0].sizes["channel"]):
                raise ValueError(
                    f"line {number} of {path} has {len(channels)} channels of lengths "
                    f"{sorted(lengths)}: they must be one length, and as many as in the first."
                )
            streams.append(series(np.stack(channels, axis=1), [str(k) for k in range(len(parts))]))
            labels.append(label)
    if not streams:
        raise ValueError(f"{path} holds no recording after @data; is it a .ts file?")
    return streams, np.array(labels)


def series(values: NDArray, names: list[str]) -> xr.DataArray:
    """Return values as a sampled stream whose time counts rows."""
    return xr.DataArray(
        values, dims=("time", "channel"), attrs={"units": "1"},
        coords={"time": np.arange(len(values), dtype=np.float64), "channel": names},
    )  # fmt: skip


def read_drift(
    path: str | PathLike[str],
) -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.float64]]:
    """Read one batch of the UCI gas sensor array drift sets.

    Parameters
    ----------
    path : path
        Text: ``class;ppm 1:v ... 128:v`` (set 270) or ``class 1:v ... 128:v`` (set 224) a line.

    Returns
    -------
    features : ndarray of shape (n_samples, 128)
        Eight features of each of 16 sensors, sensor by sensor.
    gases : ndarray of str, shape (n_samples,)
        "ethanol", "ethylene", "ammonia", "acetaldehyde", "acetone" or "toluene".
    ppm : ndarray of shape (n_samples,)
        Concentration in ppmv, NaN where the file has none.

    Raises
    ------
    ValueError
        For any other line; names it.

    References
    ----------
    A. Vergara et al., Chemical gas sensor drift compensation using classifier ensembles, Sensors
    and Actuators B 166 (2012) 320; I. Rodriguez-Lujan et al., Chemom. Intell. Lab. Syst. 130 (2014)
    123.
    """
    rows, gases, ppm = [], [], []
    wanted = [str(k) for k in range(1, N_DRIFT + 1)]
    with Path(path).open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            head, *cells = line.split()
            kind = re.fullmatch(r"([1-6])(?:;([0-9.eE+-]+))?", head)
            pairs = [cell.partition(":") for cell in cells]
            try:
                if kind is None or [key for key, _, _ in pairs] != wanted:
                    raise ValueError(
                        f"a class 1 to {len(GASES)} and features 1: to {N_DRIFT}: are expected"
                    )
                rows.append(np.array([value for _, _, value in pairs], dtype=np.float64))
                ppm.append(float(kind[2]) if kind[2] else np.nan)
            except ValueError as error:
                raise ValueError(
                    f"line {number} of {path}, {line[:30]!r}..., is none of a drift batch: {error}."
                ) from None
            gases.append(GASES[int(kind[1]) - 1])
    if not rows:
        raise ValueError(f"{path} holds no sample.")
    return np.stack(rows), np.array(gases), np.array(ppm)


def read_idx(path: str | PathLike[str]) -> NDArray[np.uint8]:
    """Read an array of bytes in the IDX format of MNIST, packed with gzip or not.

    Parameters
    ----------
    path : path
        Such as ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray of uint8
        As many axes as the file states, at most 4.

    Raises
    ------
    ValueError
        If the file is damaged or holds more or less than it states.
    """
    path = Path(path)
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(4)
            n_axes = head[3] if len(head) == 4 and head[:3] == b"\0\0\x08" else 0
            if not 1 <= n_axes <= 4:
                raise ValueError(f"{path} begins with {head!r}, which no IDX file of bytes does.")
            shape = tuple(np.frombuffer(file.read(4 * n_axes), dtype=">u4").tolist())
            size = int(np.prod(shape, dtype=object)) if len(shape) == n_axes else -1
            data = file.read(size + 1) if 0 <= size < 2**31 else b""
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if len(data) != size:
        raise ValueError(f"{path} states the shape {shape} and holds {len(data)} bytes.")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
