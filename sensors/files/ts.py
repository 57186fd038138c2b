"""Labelled sets of series: the .ts files of the UEA and UCR archives."""

from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.sensors.files.checks import check_on_bad
from mottle.sensors.files.samples import mend


class TsFile(NamedTuple):
    """A labelled set of series.

    Attributes
    ----------
    recordings : list of xarray.DataArray
        One a line: dims (time, channel), float64, ``time`` in second.
    labels : ndarray of shape (n_recordings,) or None
        Class of each as text, or target as number; None where the file tells none.
    name : str
        Name of the set.
    repairs : dict of str to int
        What was mended or left out in all recordings, by reason.
    """

    recordings: list[xr.DataArray]
    labels: NDArray | None
    name: str
    repairs: dict[str, int]


def read_ts(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    on_bad: str = "raise",
) -> TsFile:
    """Read a ``.ts`` file: one recording a line, channels parted by colons, the label last.

    Parameters
    ----------
    path : path
        The file. Series with time stamps are refused.
    rate : float, default=None
        Samples a second; None counts rows.
    units : str, default="1"
        Unit of the values.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of missing values (``?`` or NaN): refused, their rows left out, or interpolated
        in time. Both count what they did.

    Returns
    -------
    file : TsFile
        Recordings, labels, name of the set and repairs.

    Raises
    ------
    ValueError
        For other files, and lines that do not fit the header, with the number of the line.

    References
    ----------
    A. Bagnall et al., The UEA multivariate time series classification archive, arXiv:1811.00075.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".ts") as file:
    ...     print("@problemName two", "@classLabel true a b", "@data", sep=chr(10), file=file)
    ...     print("1,2,3:4,5,6:a", "1,2:3,4:b", sep=chr(10), file=file, flush=True)
    ...     found = read_ts(file.name)
    >>> [recording.shape for recording in found.recordings], found.labels.tolist()
    ([(3, 2), (2, 2)], ['a', 'b'])
    """
    path = Path(path)
    check_on_bad(on_bad)
    if rate is not None and not rate > 0:
        raise ValueError(f"rate={rate} samples a second must be positive.")
    header: dict[str, list[str]] = {}
    recordings: list[xr.DataArray] = []
    labels: list[str] = []
    repairs: dict[str, int] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text, place = line.strip(), f"line {number} of {path}"
            if not text or text.startswith("#"):
                continue
            if "data" not in header:
                if not text.startswith("@"):
                    raise ValueError(
                        f"{place} comes before @data; expected a line as @problemName."
                    )
                name, *words = text[1:].split() or [""]
                header[name.lower()] = words
                continue
            series, label = _parse(text, header, place)
            labels.append(label)
            time = np.arange(len(series)) / (rate or 1.0)
            names = [str(k) for k in range(series.shape[1])]
            found = mend(place, path.name, time, series, names, units, on_bad)
            recordings.append(found)
            for reason, count in found.repairs.items():
                repairs[reason] = repairs.get(reason, 0) + count
    if not recordings:
        raise ValueError(f"{path} holds no series: no line follows @data.")
    return TsFile(
        recordings, _labels(labels, header, path), " ".join(header.get("problemname", [])), repairs
    )


def _says(header: dict[str, list[str]], name: str) -> bool:
    return header.get(name, ["false"])[:1] in (["true"], ["True"], ["TRUE"])


def _parse(
    text: str, header: dict[str, list[str]], place: str
) -> tuple[NDArray[np.float64], str]:  # fmt: skip
    """Return the values (time, channel) of a line, and its label, empty where there is none."""
    if _says(header, "timestamps") or "(" in text:
        raise ValueError(
            f"{place} holds time stamps, which are not read: write the values alone, or a table "
            "with a column time for each recording."
        )
    parts, label = text.split(":"), ""
    if _says(header, "classlabel") or _says(header, "targetlabel"):
        label = parts.pop().strip()
        classes = header.get("classlabel", [])[1:]
        if not label or (classes and label not in classes):
            raise ValueError(
                f"{place} ends with the label {label!r}; the header names "
                f"{', '.join(classes) or 'no classes'}."
            )
    try:
        rows = [[float(v) for v in part.replace("?", "nan").split(",")] for part in parts]
    except ValueError as why:
        raise ValueError(f"{place} holds no series of numbers: {why}.") from why
    lengths = sorted({len(row) for row in rows})
    if len(lengths) != 1:
        raise ValueError(
            f"{place} has channels of {', '.join(map(str, lengths))} values; expected equal ones "
            "within a recording."
        )
    told = {"dimensions": len(rows), "serieslength": lengths[0]}
    if _says(header, "univariate"):
        header.setdefault("dimensions", ["1"])
    for name, have in told.items():
        if name in header and header[name] != [str(have)]:
            raise ValueError(
                f"{place} has {len(rows)} channels of {lengths[0]} values; the header says "
                f"@{name} {' '.join(header[name])}."
            )
    return np.array(rows).T, label


def _labels(labels: list[str], header: dict[str, list[str]], path: Path) -> NDArray | None:
    if _says(header, "classlabel"):
        return np.array(labels)
    if not _says(header, "targetlabel"):
        return None
    try:
        return np.array([float(label) for label in labels])
    except ValueError as why:
        raise ValueError(f"a target in {path} is no number: {why}.") from why
