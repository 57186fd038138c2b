"""Labelled sets of series: the .ts files of the UEA and UCR archives."""

import re
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_positive
from mottle.sensors.clock import read_times
from mottle.sensors.files.faults import check_on_bad
from mottle.sensors.files.limits import byte_limit, check_bytes, raises_value_errors
from mottle.sensors.files.samples import repair_samples
from mottle.times import ROW_NUMBERS, check_time_unit

Header = dict[str, list[str]]  # words behind each tag
PAIR = re.compile(r"\(([^()]*),([^(),]*)\)")


class DifferentTimes(ValueError):
    """Time stamps of a line that are none, or differ between its channels."""


@raises_value_errors
def read_ts(
    path: str | PathLike[str],
    *,
    rate: float | None = None,
    units: str = "1",
    on_bad: str = "raise",
    time_unit: str | None = None,
    time_format: str | None = None,
    max_bytes: int | None = None,
) -> tuple[list[xr.DataArray], NDArray[Any]]:
    """Read labelled time series in the ``.ts`` format of sktime and aeon.

    Parameters
    ----------
    path : path
        Text: lines of ``@`` tags, then ``@data``, then a recording a line, its channels separated
        by colons and its values by commas, the label last. With ``@timeStamps true`` a value is
        ``(time,value)``; the channels of a recording then have the same times.
    rate : float, default=None
        Samples a second; None counts rows.
    units : str, default="1"
        Unit of the values.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of missing values (``?`` or NaN): refused, their rows left out, or interpolated
        in time. ``attrs["repairs"]`` of a stream counts what was done.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of time stamps that are numbers; None takes seconds, if they are below 1e11. Dates
        become seconds from the first of the recording, which is in ``attrs["time_start"]``.
    time_format : str, default=None
        Form of dates other than ISO, as in ``strptime``.
    max_bytes : int, default=None
        The most bytes that the numbers may come to in memory; by default 100 times the size of the
        file, and 256 MiB at least.

    Returns
    -------
    streams : list of DataArray
        Each (time, channel), float64.
    labels : ndarray of str or float, shape (n_recordings,)
        Text of a class label, empty if the file has none, or numbers of a target label.

    Raises
    ------
    ValueError
        For lines that do not fit the tags, and times that differ or do not rise; names the line.

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
    check_time_unit(time_unit)
    header: Header = {}
    streams: list[xr.DataArray] = []
    labels: list[Any] = []
    limit, n_bytes = byte_limit(path, max_bytes), 0
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text, place = line.strip(), f"line {number} of {path}"
            if not text or text.startswith(("#", "%")):
                continue
            if text.startswith("@"):
                name, *words = text[1:].split() or [""]
                header[name.lower()] = words
                continue
            if "data" not in header:
                raise ValueError(f"{place} comes before @data: {text[:40]!r}.")
            stamps, values, label = _parse(text, header, place)
            n_bytes += values.nbytes
            check_bytes(f"the series in {path}", n_bytes, limit)
            if streams and len(values) != streams[0].sizes["channel"]:
                raise ValueError(
                    f"{place} has {len(values)} channels: they must be as many as in the first, "
                    f"{streams[0].sizes['channel']}."
                )
            if stamps is None:
                time = np.arange(values.shape[1]) / (rate or 1.0)
                where = "rate=" if rate else ROW_NUMBERS
                attrs = {"time_unit": "s", "time_unit_from": where}
            else:
                column = pd.Series(stamps, dtype="string")
                unit_from = "time_unit=" if time_unit else ""
                time, attrs = read_times(column, place, "time", time_unit, unit_from, time_format)
            names = [str(k) for k in range(len(values))]
            unread = np.flatnonzero(np.isnan(time)).tolist()
            texts = {(row, -1): stamps[row] for row in unread if stamps is not None}
            stream = repair_samples(place, time, values.T, names, units, on_bad, texts)
            streams.append(stream.assign_attrs(attrs))
            labels.append(label)
    if not streams:
        raise ValueError(f"{path} holds no recording after @data; is it a .ts file?")
    lengths = sorted({stream.sizes["time"] for stream in streams})
    if len(lengths) > 1 and on_bad == "raise" and _is_true(header, "equallength"):
        raise ValueError(
            f"{path} states @equalLength true and has series of {lengths[0]} to {lengths[-1]} "
            "samples: the copy is damaged, or the tag is wrong; on_bad='drop' or 'repair' reads it."
        )
    return streams, np.array(labels)


def _is_true(header: Header, name: str) -> bool:
    """Return whether the header has a tag with the word true behind it."""
    return [word.lower() for word in header.get(name, [])[:1]] == ["true"]


def _parse(
    text: str, header: Header, place: str
) -> tuple[list[str] | None, NDArray[np.float64], Any]:
    """Return the time stamps of a line, its values (channel, time) and its label."""
    stamped = _is_true(header, "timestamps")
    if "(" in text and not stamped:
        raise ValueError(
            f"{place} has time stamps, as (time,value), and the header does not state them: it "
            "lacks @timeStamps true."
        )
    parts = re.split(r":(?![^(]*\))", text) if stamped else text.split(":")
    label: Any = ""
    target = _is_true(header, "targetlabel")
    stamps = None
    try:
        if target or _is_true(header, "classlabel"):
            label = _number(parts[-1]) if target else parts[-1].strip()
            parts.pop()
        if stamped:
            stamps, rows = _stamped(parts, place)
        else:
            rows = [[_number(v.replace("?", "nan")) for v in part.split(",")] for part in parts]
    except DifferentTimes:
        raise
    except ValueError as error:
        raise ValueError(f"{place} holds no series of numbers: {error}.") from None
    if target and not np.isfinite(label):
        raise ValueError(f"{place} ends with the target {label}: leave the recording out.")
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
    return stamps, np.array(rows), label


def _number(text: str) -> float:
    """Return a number; Python takes "1_0" for one, too."""
    if "_" in text:
        raise ValueError(f"could not convert string to float: {text!r}")
    return float(text)


def _stamped(parts: list[str], place: str) -> tuple[list[str], list[list[float]]]:
    """Return the times of a recording, which all channels have, and the values of each channel."""
    times: list[str] = []
    rows = []
    for k, part in enumerate(parts):
        pairs = PAIR.findall(part)
        if PAIR.sub("", part).replace(",", "").strip() or not pairs:
            raise DifferentTimes(
                f"channel {k} of {place} is no list of (time,value): {part[:40]!r}."
            )
        stamps = [stamp.strip() for stamp, _ in pairs]
        if times and stamps != times:
            n = next((n for n, (a, b) in enumerate(zip(stamps, times, strict=False)) if a != b), -1)
            where = (
                f"{stamps[n]} in place of {times[n]}"
                if n >= 0
                else f"{len(stamps)} in place of {len(times)}"
            )
            raise DifferentTimes(
                f"channel {k} of {place} has other times than channel 0 ({where}): a recording has "
                "one time for all its channels."
            )
        times = stamps
        rows.append([_number(value.replace("?", "nan")) for _, value in pairs])
    return times, rows
