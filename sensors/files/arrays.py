"""Arrays of numpy's .npy and .npz: sizes are checked before memory is taken, nothing unpickles."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from mottle.sensors.files.limits import byte_limit, check_bytes, only_value_errors

END = ".npy"  # of the names of members of an .npz


class Header(NamedTuple):
    """Shape, order of axes and type of a stored array, and where its numbers begin."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype
    begin: int

    @property
    def n_bytes(self) -> int:
        """Bytes of all numbers."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def read_header(path: Path | str, file: BinaryIO, what: str = "") -> Header:
    """Read the header of an array, from its first byte on."""
    form: Any = np.lib.format
    try:
        version = form.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = form.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = form.read_array_header_2_0(file)
        else:  # 3.0 has no public reader; names of fields that are no latin-1
            shape, fortran, dtype = form._read_array_header(file, version)
    except Exception as why:  # numpy raises many kinds for damaged headers
        raise ValueError(
            f"{what or path} holds no plain numpy array (pickled objects are not loaded): {why}"
        ) from why
    if dtype.hasobject or any(side < 0 for side in shape):
        raise ValueError(
            f"{what or path} holds no plain numpy array (pickled objects are not loaded): it holds "
            f"{dtype} of shape {shape}."
        )
    return Header(shape, fortran, dtype, file.tell())


def load_npy(path: Path, max_bytes: int | None = None) -> NDArray:
    """Load the array of an ``.npy``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/a.npy", np.arange(3))
    ...     load_npy(Path(f"{folder}/a.npy"))
    array([0, 1, 2])
    """
    with path.open("rb") as file:
        header = read_header(path, file)
        check_bytes(f"the array of {path}", header.n_bytes, byte_limit(path, max_bytes))
        check_there(path, header)
        count = header.n_bytes // (header.dtype.itemsize or 1)
        array = np.fromfile(file, header.dtype, count)
    return array.reshape(header.shape, order="F" if header.fortran else "C")


def check_there(path: Path, header: Header) -> None:
    """Raise unless the file holds all numbers that its header states."""
    left = path.stat().st_size - header.begin
    if header.n_bytes > left:
        raise ValueError(
            f"{path} states an array of {header.n_bytes} bytes and holds {left}: the copy is cut."
        )


def npy_blocks(path: Path, header: Header, rows: int) -> Iterator[NDArray]:
    """Yield ``rows`` rows after another of an array of one or two axes."""
    check_there(path, header)
    n, width = header.shape[0], int(np.prod(header.shape[1:]))
    each = header.dtype.itemsize
    with path.open("rb") as file:
        for first in range(0, n, rows):
            k = min(rows, n - first)
            if not header.fortran or width == 1:
                file.seek(header.begin + first * width * each)
                block = np.fromfile(file, header.dtype, k * width)
                yield block.reshape(k, *header.shape[1:])
                continue
            block = np.empty((k, width), header.dtype)
            for column in range(width):
                file.seek(header.begin + (column * n + first) * each)
                block[:, column] = np.fromfile(file, header.dtype, k)
            yield block


class Archive:
    """The arrays of an ``.npz``: names and headers at once, numbers when they are wanted."""

    def __init__(self, path: Path, max_bytes: int | None = None):
        self.path, self.limit = path, byte_limit(path, max_bytes)
        self.members: dict[str, ZipInfo] = {}
        with only_value_errors(path), ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.filename.endswith(END) or member.filename == END:
                    raise ValueError(
                        f"{path} holds no plain numpy array: its member {member.filename!r} is "
                        "none (name.npy)."
                    )
                name = member.filename.removesuffix(END)
                if name in self.members:
                    raise ValueError(f"{path} holds two arrays {name!r}: write it anew.")
                self.members[name] = member
            self.headers = {name: self._header(archive, name) for name in self.members}

    def _header(self, archive: ZipFile, name: str) -> Header:
        """Return the header of an array."""
        with archive.open(self.members[name]) as file:
            return read_header(self.path, file, f"array {name!r} of {self.path}")  # type: ignore[arg-type]

    def load(self, *names: str) -> list[NDArray]:
        """Return arrays, none of which nor all together may be larger than the file allows."""
        check_bytes(
            f"arrays {', '.join(map(repr, names))} of {self.path}",
            sum(max(self.headers[k].n_bytes, self.members[k].file_size) for k in names),
            self.limit,
        )
        arrays = []
        with only_value_errors(self.path), ZipFile(self.path) as archive:
            for name in names:
                header = self.headers[name]
                with archive.open(self.members[name]) as file:
                    file.seek(header.begin, os.SEEK_SET)
                    data = file.read(header.n_bytes + 1)
                if len(data) != header.n_bytes:
                    raise ValueError(
                        f"array {name!r} of {self.path} states {header.n_bytes} bytes and has "
                        f"{len(data)}: the copy is damaged."
                    )
                order: Any = "F" if header.fortran else "C"
                if not header.dtype.itemsize:
                    arrays.append(np.zeros(header.shape, header.dtype))
                else:
                    numbers = np.frombuffer(data, header.dtype)
                    arrays.append(numbers.reshape(header.shape, order=order))
        return arrays
