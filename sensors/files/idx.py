"""Arrays of bytes in the IDX format of MNIST."""

import gzip
import zlib
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes, raises_value_errors


@raises_value_errors
def read_idx(path: str | PathLike[str], *, max_bytes: int | None = None) -> NDArray[np.uint8]:
    """Read an array of bytes in the IDX format of MNIST, packed with gzip or not.

    Parameters
    ----------
    path : path
        Such as ``train-images-idx3-ubyte.gz``.
    max_bytes : int, default=None
        The most bytes that the array may have; by default 100 times the size of the file, and
        256 MiB at least.

    Returns
    -------
    ndarray of uint8
        As many axes as the file states, at most 4.

    Raises
    ------
    ValueError
        If the file is damaged or holds more or less than it states.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "digits-idx2-ubyte"
    >>> _ = path.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(6)]))  # 2 x 3 bytes
    >>> read_idx(path).tolist()
    [[0, 1, 2], [3, 4, 5]]
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
            sizes = file.read(4 * n_axes)
            if len(sizes) < 4 * n_axes:
                raise ValueError(
                    f"the header states {n_axes} axes and ends after {len(sizes)} of the "
                    f"{4 * n_axes} bytes of their lengths"
                )
            shape = tuple(np.frombuffer(sizes, dtype=">u4").tolist())
            size = int(np.prod(shape, dtype=object))
            check_bytes(f"the array of {path}", size, byte_limit(path, max_bytes))
            data = file.read(size + 1)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if len(data) != size:
        raise ValueError(f"{path} states the shape {shape} and holds {len(data)} bytes.")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
