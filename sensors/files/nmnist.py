"""The .bin format of N-MNIST and N-Caltech101: five bytes an event."""

from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.streams import EVENT_DTYPE

SENSOR_SIZE = (34, 34)
OVERFLOW_ROW = 240  # not a pixel: the clock wrapped here
OVERFLOW_US = 2**13


def read_nmnist(
    path: str | PathLike[str], *, sensor_size: tuple[int, int] = SENSOR_SIZE
) -> NDArray[np.void]:
    """Read one recording in the format of N-MNIST.

    Byte 0 is x, byte 1 is y, the highest bit of byte 2 is the polarity (1 on), and its other bits
    with bytes 3 and 4 are the time in microseconds, big-endian. An event in row 240 is no event: it
    says that all later times are 8192 us later still.

    Parameters
    ----------
    path : path
        The file.
    sensor_size : (int, int), default=(34, 34)
        Width and height in pixels, for N-Caltech101 for example (240, 180).

    Returns
    -------
    structured ndarray of EVENT_DTYPE, shape (n_events,)
        The events in the order of the file.

    Raises
    ------
    ValueError
        If the file is empty, is cut within an event, or has a pixel outside the sensor.

    References
    ----------
    G. Orchard et al., Front. Neurosci. 9 (2015) 437, doi:10.3389/fnins.2015.00437.
    """
    path = Path(path)
    raw = np.fromfile(path, dtype=np.uint8)
    if raw.size == 0:
        raise ValueError(f"{path} is empty: 0 bytes, expected 5 an event; fetch it again")
    if raw.size % 5:
        whole = raw.size - raw.size % 5
        raise ValueError(
            f"{path} has {raw.size} bytes, which are not 5 an event: the event at byte {whole} is "
            "cut. The copy is incomplete, or this is another format"
        )
    words = raw.reshape(-1, 5).astype(np.int64)
    x, y = words[:, 0], words[:, 1]
    t = (words[:, 2] & 0x7F) << 16 | words[:, 3] << 8 | words[:, 4]
    wrapped = y == OVERFLOW_ROW
    t += OVERFLOW_US * np.cumsum(wrapped)
    width, height = sensor_size
    outside = np.flatnonzero(((x >= width) | (y >= height)) & ~wrapped)
    if outside.size:
        at = int(outside[0])
        raise ValueError(
            f"event {at} of {path} (byte {5 * at}) lies at x={x[at]}, y={y[at]}, outside the "
            f"sensor of {width} x {height} pixels; give its sensor_size, or is this another format?"
        )
    events = np.empty(len(words), dtype=EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["p"] = t, x, y, words[:, 2] >> 7
    kept: NDArray[np.void] = events[~wrapped]
    return kept
