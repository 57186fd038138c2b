"""Gas sensor array drift: lines of a class, a concentration and 128 features."""

import re
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes, raises_value_errors

N_FEATURES = 128  # 16 sensors, 8 features each
NUMBERS = [str(k) for k in range(1, N_FEATURES + 1)]
GASES = ("ethanol", "ethylene", "ammonia", "acetaldehyde", "acetone", "toluene")  # classes 1 to 6
BEGINS = re.compile(rb"\s*\d+(;\S+)?[ \t]+1:\S+[ \t]+2:\S")


@raises_value_errors
def read_drift(
    path: str | PathLike[str], *, max_bytes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.float64]]:
    """Read one batch of the UCI gas sensor array drift sets.

    Parameters
    ----------
    path : path
        Text: ``class;ppm 1:v ... 128:v`` (set 270) or ``class 1:v ... 128:v`` (set 224) a line.
    max_bytes : int, default=None
        The most bytes that the numbers may come to in memory; by default 100 times the size of the
        file, and 256 MiB at least.

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

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".dat") as file:
    ...     features = " ".join(f"{k}:{k / 2}" for k in range(1, 129))
    ...     print(f"3;50.0 {features}", file=file, flush=True)
    ...     features, gases, ppm = read_drift(file.name)
    >>> features.shape, gases.tolist(), ppm.tolist()
    ((1, 128), ['ammonia'], [50.0])
    """
    rows: list[NDArray[np.float64]] = []
    limit, n_bytes = byte_limit(Path(path), max_bytes), 0
    with Path(path).open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                rows.append(np.array(_parse(line)))
            except ValueError as error:
                raise ValueError(
                    f"line {number} of {path}, {line[:30]!r}..., is none of a drift batch: {error}."
                ) from None
            n_bytes += rows[-1].nbytes
            check_bytes(f"the features in {path}", n_bytes, limit)
    if not rows:
        raise ValueError(f"{path} holds no sample.")
    table = np.array(rows)
    gases = np.array(GASES)[table[:, 0].astype(np.int64) - 1]
    return np.ascontiguousarray(table[:, 2:]), gases, table[:, 1]


def _parse(line: str) -> list[float]:
    """Return class, concentration and features."""
    head, *cells = line.split()
    pairs = [cell.partition(":") for cell in cells]
    kind, mark, ppm = head.partition(";")
    if kind not in NUMBERS[: len(GASES)] or [number for number, _, _ in pairs] != NUMBERS:
        raise ValueError(f"a class 1 to {len(GASES)} and features 1: to {N_FEATURES}: are expected")
    values = [float(value) for _, _, value in pairs]
    amount = float(ppm) if mark else 0.0
    if not np.isfinite([amount, *values]).all():
        raise ValueError("it holds NaN or infinity")
    return [float(kind), amount if mark else np.nan, *values]
