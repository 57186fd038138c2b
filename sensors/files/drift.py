"""Gas sensor array drift: lines of a class, a concentration and 128 features."""

import re
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.checks import Faults

FEATURES = 128  # 16 sensors, 8 features each
GASES = ("ethanol", "ethylene", "ammonia", "acetaldehyde", "acetone", "toluene")  # classes 1 to 6
NUMBERS = [str(k) for k in range(1, FEATURES + 1)]
BEGINS = re.compile(rb"\s*\d+(;\S+)?[ \t]+1:\S+[ \t]+2:\S")


class DriftFile(NamedTuple):
    """Measurements of one batch.

    Attributes
    ----------
    values : ndarray of shape (n_measurements, 128)
        Features, eight a sensor: resistance in ohm, its relative change, and six of the transients.
    labels : ndarray of shape (n_measurements,)
        1 ethanol, 2 ethylene, 3 ammonia, 4 acetaldehyde, 5 acetone, 6 toluene.
    concentration : ndarray of shape (n_measurements,)
        In ppm; NaN where the file does not tell.
    repairs : dict of str to int
        How many lines were left out, by reason.
    """

    values: NDArray[np.float64]
    labels: NDArray[np.int64]
    concentration: NDArray[np.float64]
    repairs: dict[str, int]


def read_drift(path: str | PathLike[str], *, on_bad: str = "raise") -> DriftFile:
    """Read a batch of the gas sensor array drift sets (UCI 224 and 270).

    Parameters
    ----------
    path : path
        Lines ``class;concentration 1:value 2:value ...``, or without the concentration.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of lines that do not have one class and 128 finite numbers: refused, or left
        out and counted.

    Returns
    -------
    file : DriftFile
        Values, labels, concentration and repairs.

    Raises
    ------
    ValueError
        For other files and bad lines, with the number of the line.

    References
    ----------
    A. Vergara et al., Sensors and Actuators B 166 (2012) 320, doi:10.1016/j.snb.2012.01.074.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".dat") as file:
    ...     features = " ".join(f"{k}:{k / 2}" for k in range(1, 129))
    ...     print(f"3;50.0 {features}", file=file, flush=True)
    ...     batch = read_drift(file.name)
    >>> batch.labels.tolist(), batch.concentration.tolist(), batch.values[0, -1].item()
    ([3], [50.0], 64.0)
    """
    path = Path(path)
    faults = Faults(str(path), on_bad)
    rows: list[list[float]] = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                rows.append(_parse(line))
            except ValueError as why:
                faults.fault(f"line {number} of {path}: {why}", "lines left out", 1)
    if not rows:
        raise ValueError(f"{path} holds no measurement.")
    table = np.array(rows)
    return DriftFile(
        np.ascontiguousarray(table[:, 2:]), table[:, 0].astype(np.int64), table[:, 1],
        faults.repairs,
    )  # fmt: skip


def _parse(line: str) -> list[float]:
    """Return class, concentration and features."""
    head, *pairs = line.split()
    kind, mark, ppm = head.partition(";")
    if kind not in ("1", "2", "3", "4", "5", "6"):
        raise ValueError(f"the class is {kind[:20]!r}; expected 1 to 6")
    if len(pairs) != FEATURES:
        raise ValueError(f"there are {len(pairs)} features; expected {FEATURES}")
    parts = [pair.partition(":") for pair in pairs]
    if [index for index, _, _ in parts] != NUMBERS:
        raise ValueError(f"the features are not numbered 1: to {FEATURES}: in this order")
    numbers = [float(ppm) if mark else 0.0, *(float(value) for _, _, value in parts)]
    if not np.isfinite(numbers).all():
        raise ValueError("it holds NaN or infinity")
    return [float(kind), numbers[0] if mark else np.nan, *numbers[1:]]
