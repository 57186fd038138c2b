"""Labelled sets of series: the .ts files of the UEA and UCR archives."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_positive
from mottle.sensors.files.faults import check_on_bad
from mottle.sensors.files.limits import raises_value_errors
from mottle.sensors.files.samples import repair_samples

Header = dict[str, list[str]]  # words behind each tag


@raises_value_errors
def read_ts(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    on_bad: str = "raise",
) -> tuple[list[xr.DataArray], NDArray[Any]]:
    """Read labelled time series in the ``.ts`` format of sktime and aeon.

    Parameters
    ----------
    path : path
        Text: lines of ``@`` tags, then ``@data``, then a recording a line, its channels separated
        by colons and its values by commas, the label last. Time stamps are refused.
    rate : float, default=None
        Samples a second; None counts rows.
    units : str, default="1"
        Unit of the values.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of missing values (``?`` or NaN): refused, their rows left out, or interpolated
        in time. ``attrs["repairs"]`` of a stream counts what was done.

    Returns
    -------
    streams : list of DataArray
        Each (time, channel), float64.
    labels : ndarray of str or float, shape (n_recordings,)
        Text of a class label, empty if the file has none, or numbers of a target label.

    Raises
    ------
    ValueError
        For time stamps, and for lines that do not fit the tags; names the line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".ts") as file:
    ...     print("@problemName two", "@classLabel true a b", "@data", sep=chr(10), file=file)
    ...     print("1,2,3:4,5,6:a", "1,2:3,4:b", sep=chr(10), file=file, flush=True)
    ...     streams, labels = read_ts(file.name)
    >>> [stream.shape for stream in streams], labels.tolist()
    ([(3, 2), (2, 2)], ['a', 'b'])
    """
    path = Path(path)
    check_on_bad(on_bad)
    if rate is not None:
        check_positive("rate", rate, "samples a second")
    header: Header = {}
    streams: list[xr.DataArray] = []
    labels: list[Any] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text, place = line.strip(), f"line {number} of {path}"
            if not text or text.startswith(("#", "%")):
                continue
            if text.startswith("@"):
                name, *words = text[1:].split() or [""]
                header[name.lower()] = words
                if name.lower() == "data" and _is_true(header, "timestamps"):
                    raise ValueError(f"{path} has time stamps (@timeStamps true): not read.")
                continue
            if "data" not in header:
                raise ValueError(f"{place} comes before @data: {text[:40]!r}.")
            values, label = _parse(text, header, place)
            if streams and len(values) != streams[0].sizes["channel"]:
                raise ValueError(
                    f"{place} has {len(values)} channels: they must be as many as in the first, "
                    f"{streams[0].sizes['channel']}."
                )
            time = np.arange(values.shape[1]) / (rate or 1.0)
            names = [str(k) for k in range(len(values))]
            streams.append(repair_samples(place, time, values.T, names, units, on_bad))
            labels.append(label)
    if not streams:
        raise ValueError(f"{path} holds no recording after @data; is it a .ts file?")
    return streams, np.array(labels)


def _is_true(header: Header, name: str) -> bool:
    """Return whether the header has a tag with the word true behind it."""
    return [word.lower() for word in header.get(name, [])[:1]] == ["true"]


def _parse(text: str, header: Header, place: str) -> tuple[NDArray[np.float64], Any]:
    """Return the values (channel, time) of a line, and its label."""
    if "(" in text:
        raise ValueError(f"{place} has time stamps, as (time,value): not read.")
    parts = text.split(":")
    label: Any = ""
    target = _is_true(header, "targetlabel")
    try:
        if target or _is_true(header, "classlabel"):
            label = float(parts[-1]) if target else parts[-1].strip()
            parts.pop()
        rows = [[float(v) for v in part.replace("?", "nan").split(",")] for part in parts]
    except ValueError as error:
        raise ValueError(f"{place} holds no series of numbers: {error}.") from None
    classes = [] if target else header.get("classlabel", [])[1:]
    if classes and label not in classes:
        raise ValueError(f"{place} ends with {label!r}; the classes are {', '.join(classes)}.")
    lengths = sorted({len(row) for row in rows})
    if len(lengths) != 1:
        raise ValueError(
            f"{place} has {len(rows)} channels of lengths {lengths}: they must be one length in a "
            "recording."
        )
    one = ["1"] if _is_true(header, "univariate") else [str(len(rows))]
    sizes = {"dimensions": (len(rows), one), "serieslength": (lengths[0], [str(lengths[0])])}
    for name, (size, default) in sizes.items():
        if (stated := header.get(name, default)) != [str(size)]:
            raise ValueError(
                f"{place} has {len(rows)} channels of {lengths[0]} values; the header states "
                f"@{name} {' '.join(stated)}."
            )
    return np.array(rows), label
