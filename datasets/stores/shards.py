"""Columns of a store on disk: zarr arrays, sharded along their first axis, read and written here.

The files are plain zarr v3 (sharding, blosc, crc32c), which zarr reads as well. They are handled
here because zarr spends milliseconds on each access, many times what decoding the few kilobytes of
one recording takes, and because what did not change can then be taken over as it lies on the disk:
a shard as a link, a chunk as its encoded bytes.
"""

import json
import os
import struct
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from threading import Lock
from typing import Any

import numpy as np
from numcodecs import Blosc
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from mottle.datasets.stores.proof import REPAIR

try:
    from google_crc32c import value as crc32c
except ImportError:  # older versions of zarr come with the other package
    from crc32c import crc32c  # type: ignore[import-not-found,no-redef]

SHARD_BYTES, MOST_CHUNKS, LEAST_CHUNKS = 1 << 25, 256, 4  # of a shard, before compression
LEAST_BYTES, MOST_BYTES = 1 << 15, 1 << 20  # of a chunk
SPARE = (
    2  # recordings a chunk: fewer cost zarr's time a chunk, more the decoding of what is not read
)
DENSE_BYTES = 1 << 15  # a chunk holds one drive, or several small ones
CACHE_BYTES = 1 << 25  # decoded chunks that an open store keeps
CODEC: dict[str, Any] = {
    "cname": "lz4hc",
    "clevel": 5,
}  # small chunks decode 2 to 5 times as fast as by zstd
COMPRESSORS = (BloscCodec(**CODEC, shuffle="bitshuffle"), Crc32cCodec())
BLOSC = Blosc(**CODEC, shuffle=Blosc.BITSHUFFLE)  # takes the size of items from the array
MISSING = 2**64 - 1


def ragged_rows(n_rows: int, n_recordings: int, row_bytes: int) -> int:
    """Return how many rows a chunk holds: about two recordings (`SPARE`).

    A power of two, so that a few recordings more do not change it: then what is there is kept.

    Examples
    --------
    >>> ragged_rows(5_100_000, 1000, 8), ragged_rows(5_100, 1, 8), ragged_rows(60_000, 1000, 32)
    (8192, 8192, 1024)
    """
    mean = max(1.0, n_rows / max(1, n_recordings))
    rows = 1 << round(np.log2(SPARE * mean))
    return int(min(max(rows, _power(LEAST_BYTES // row_bytes)), _power(MOST_BYTES // row_bytes)))


def dense_rows(row_bytes: int) -> int:
    """Return how many recordings of equal size a chunk holds."""
    return _power(DENSE_BYTES // row_bytes)


def _power(number: int) -> int:
    """Return the largest power of two that is not above a number, at least 1."""
    return 1 << max(0, number.bit_length() - 1)


class Cache:
    """What the columns of an open store have in common; threads may use it at once.

    Decoded chunks are kept, the least recently used are dropped. And it is noticed if another store
    took the place, whose rows lie elsewhere.
    """

    def __init__(
        self, store: Path, most: int = CACHE_BYTES, mark: tuple[int, int] | None = None
    ) -> None:
        self.root, self.most, self.size = f"{store}/zarr.json", most, 0
        self.store = store
        self.mark = self._mark() if mark is None else mark
        self._kept: OrderedDict[tuple[str, int], NDArray[Any]] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Cache, (self.store, self.most, self.mark)

    def _mark(self) -> tuple[int, int]:
        """Return what differs between one writing of the store and the next."""
        state = os.stat(self.root)
        return state.st_ino, state.st_mtime_ns

    def check_same(self) -> None:
        """Raise if another store was written to the place since this one was opened."""
        if self._mark() != self.mark:
            raise ValueError(f"'{self.store}' was written anew since it was opened; open it again")

    def get(self, key: tuple[str, int]) -> NDArray[Any] | None:
        """Return a chunk, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: tuple[str, int], chunk: NDArray[Any]) -> None:
        """Keep a chunk."""
        with self._lock:
            if key in self._kept or chunk.nbytes > self.most:
                return
            self._kept[key] = chunk
            self.size += chunk.nbytes
            while self.size > self.most:
                self.size -= self._kept.popitem(last=False)[1].nbytes


class Column:
    """A sharded array, opened once: rows of it are read without zarr.

    Parameters
    ----------
    store : Path
        The store.
    name : str
        Place of the array in the store, such as "sight/t".
    about : dict
        Its ``zarr.json``.
    cache : Cache
        Decoded chunks of the store.

    Raises
    ------
    ValueError
        If the array is not laid out as `ColumnWriter` does.
    """

    def __init__(self, store: Path, name: str, about: dict[str, Any], cache: Cache):
        self.store, self.name, self._cache = store, name, cache
        self.dims: tuple[str, ...] = tuple(about.get("dimension_names") or ())
        self._folder = str(store)
        self._indices: dict[int, list[tuple[int, int]]] = {}
        try:
            self.shape = tuple(about["shape"])
            self.dtype = np.dtype(about["data_type"])
            outer = about["chunk_grid"]["configuration"]["chunk_shape"]
            (sharding,) = about["codecs"]
            inner = sharding["configuration"]["chunk_shape"]
            codecs = [codec["name"] for codec in sharding["configuration"]["codecs"]]
            separator = about["chunk_key_encoding"]["configuration"]["separator"]
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(f"'{store}': {name}/zarr.json is not understood ({error})") from None
        self.shard, self.chunk = outer[0], inner[0]
        if (
            sharding["name"] != "sharding_indexed" or codecs != ["bytes", "blosc", "crc32c"]
            or list(inner[1:]) != list(self.shape[1:]) or self.shard % self.chunk
            or sharding["configuration"].get("index_location", "end") != "end" or separator != "/"
        ):  # fmt: skip
            raise ValueError(f"'{store}': {name} is not stored as mottle prepare does")

    def __len__(self) -> int:
        return int(self.shape[0])

    def file(self, shard: int) -> str:
        """Return the name of a shard's file, relative to the store."""
        return shard_file(self.name, shard, len(self.shape))

    def read(self, low: int, high: int) -> NDArray[Any]:
        """Return the rows from ``low`` to ``high``, a copy."""
        out = np.empty((high - low, *self.shape[1:]), dtype=self.dtype)
        self.read_into(out, low, high)
        return out

    def read_into(self, out: NDArray[Any], low: int, high: int) -> None:
        """Read the rows from ``low`` to ``high`` into an array of that length."""
        if high <= low:
            return
        for number in range(low // self.chunk, (high - 1) // self.chunk + 1):
            begin = number * self.chunk
            first, last = max(low, begin), min(high, begin + self.chunk)
            out[first - low : last - low] = self.decoded(number)[first - begin : last - begin]

    def decoded(self, number: int) -> NDArray[Any]:
        """Return a chunk, which must not be changed."""
        key = self.name, number
        chunk = self._cache.get(key)
        if chunk is None:
            try:
                plain = BLOSC.decode(self.encoded(number)[:-4])
                chunk = np.frombuffer(plain, self.dtype).reshape(self.chunk, *self.shape[1:])
            except RuntimeError as error:
                raise self._damaged(number, str(error)) from None
            self._cache.put(key, chunk)
        return chunk

    def encoded(self, number: int) -> bytes:
        """Return a chunk as it lies on the disk, its checksum included, which has been compared."""
        shard, inside = divmod(number, self.shard // self.chunk)
        try:
            with open(f"{self._folder}/{self.file(shard)}", "rb", buffering=0) as file:
                self._cache.check_same()
                if shard not in self._indices:
                    self._indices[shard] = self._index(shard, file)
                offset, size = self._indices[shard][inside]
                if offset == MISSING:
                    raise self._damaged(number, "the chunk is missing")
                file.seek(offset)
                data = file.read(size)
        except OSError as error:
            raise ValueError(
                f"'{self.store}' cannot be read: {self.file(shard)}: {error.strerror}; {REPAIR}"
            ) from None
        if len(data) != size:
            raise self._damaged(number, "the file is too short")
        if size < 4 or crc32c(data[:-4]) != int.from_bytes(data[-4:], "little"):
            raise self._damaged(number, "the checksum differs")
        return data

    def _index(self, shard: int, file: Any) -> list[tuple[int, int]]:
        """Return where the chunks of a shard lie: pairs of offset and size."""
        size = 16 * (self.shard // self.chunk)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - size - 4))
        data = file.read(size + 4)
        if len(data) != size + 4 or crc32c(data[:-4]) != int.from_bytes(data[-4:], "little"):
            raise ValueError(
                f"'{self.store}' is damaged: {self.file(shard)}: the checksum of its index "
                f"differs; {REPAIR}"
            )
        return list(struct.iter_unpack("<QQ", data[:-4]))

    def _damaged(self, number: int, reason: str) -> ValueError:
        """Return the error for a chunk."""
        file = self.file(number * self.chunk // self.shard)
        rows = f"rows from {number * self.chunk}"
        return ValueError(f"'{self.store}' is damaged: {file}, {rows}: {reason}; {REPAIR}")


def shard_file(name: str, shard: int, n_dims: int) -> str:
    """Return the name of a shard's file, relative to the store."""
    return "/".join([name, "c", str(shard), *["0"] * (n_dims - 1)])


class ColumnWriter:
    """Rows into a new sharded array, whole shard by whole shard, in order.

    Parameters
    ----------
    store : Path
        The store, being built.
    name : str
        Place of the array in it.
    shape : tuple of int
        Of the whole array.
    dtype : dtype
        Of the rows.
    chunk : int
        Rows of a chunk.
    pool : executor
        Chunks are encoded in its threads. Never in the main one, where blosc uses threads of its
        own and the order of their results is in the bytes.

    Attributes
    ----------
    known : dict of str to str
        The sha256 of every file written.
    """

    def __init__(
        self, store: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], chunk: int,
        pool: ThreadPoolExecutor,
    ):  # fmt: skip
        self.store, self.name, self.shape, self.dtype, self.chunk = store, name, shape, dtype, chunk
        chunk_bytes = chunk * dtype.itemsize * int(np.prod(shape[1:]))
        n = _power(SHARD_BYTES // max(1, chunk_bytes))
        self.n_chunks = min(max(n, LEAST_CHUNKS), MOST_CHUNKS)
        self.shard = chunk * self.n_chunks
        self.known: dict[str, str] = {}
        self._pool, self._at = pool, 0
        self._rows = np.zeros((chunk, *shape[1:]), dtype=dtype)  # of the chunk that is being filled
        self._chunks: list[Any] = []  # of the shard that is being filled: bytes, or to come

    def add(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        begin = 0
        while begin < len(rows):
            filled = self._at % self.chunk
            n = min(len(rows) - begin, self.chunk - filled)
            self._rows[filled : filled + n] = rows[begin : begin + n]
            begin += n
            self._at += n
            if self._at % self.chunk == 0:
                self._end_chunk()

    def copy(self, old: Column, low: int, high: int, known: dict[str, str]) -> None:
        """Append rows of another store, without decoding them where chunks or shards coincide.

        ``known`` has the sha256 of the files of that store: a damaged one stays known as such.
        """
        alike = (old.chunk, old.shard, old.dtype, old.shape[1:]) == (
            self.chunk, self.shard, self.dtype, self.shape[1:],
        )  # fmt: skip
        while low < high:
            fits = alike and low % self.chunk == self._at % self.chunk == 0
            if fits and low % self.shard == self._at % self.shard == 0 and low + self.shard <= high:
                digest = known.get(old.file(low // self.shard))
                if digest is not None:
                    self._link(old, low // self.shard, digest)
                    low += self.shard
                    continue
            if fits and low + self.chunk <= high:
                self._chunks.append(old.encoded(low // self.chunk))
                self._at += self.chunk
                low += self.chunk
                self._end_shard_if_full()
                continue
            n = min(high - low, self.chunk - self._at % self.chunk)
            self.add(old.read(low, low + n))
            low += n

    def close(self) -> None:
        """Write what is left: the last, unfinished shard."""
        if self._at % self.chunk:
            self._rows[self._at % self.chunk :] = 0
            self._end_chunk()
        if self._chunks:
            self._end_shard()

    def _end_chunk(self) -> None:
        """Encode the chunk that is full."""
        self._chunks.append(self._pool.submit(self._encode, self._rows.copy()))
        self._end_shard_if_full()

    def _encode(self, rows: NDArray[Any]) -> bytes:
        """Return a chunk as it lies on the disk."""
        data = BLOSC.encode(rows)
        return bytes(data) + int(crc32c(bytes(data))).to_bytes(4, "little")

    def _end_shard_if_full(self) -> None:
        if len(self._chunks) == self.n_chunks:
            self._end_shard()

    def _end_shard(self) -> None:
        """Write a shard: its chunks, then where each lies, then the checksum of that."""
        pieces = [c if isinstance(c, bytes) else c.result() for c in self._chunks]
        index, offset = [], 0
        for piece in pieces:
            index += [offset, len(piece)]
            offset += len(piece)
        index += [MISSING] * (2 * (self.n_chunks - len(pieces)))
        ends = struct.pack(f"<{len(index)}Q", *index)
        data = b"".join([*pieces, ends, int(crc32c(ends)).to_bytes(4, "little")])
        name = self._next_file()
        (self.store / name).write_bytes(data)
        self.known[name] = sha256(data).hexdigest()
        self._chunks = []

    def _next_file(self) -> str:
        """Return the name of the shard that ends here, in a folder that is there."""
        name = shard_file(self.name, (self._at - 1) // self.shard, len(self.shape))
        (self.store / name).parent.mkdir(parents=True, exist_ok=True)
        return name

    def _link(self, old: Column, shard: int, digest: str) -> None:
        """Take over a whole shard: the same file under a second name, a copy where that fails."""
        self._at += self.shard
        name = self._next_file()
        source = old.store / old.file(shard)
        try:
            os.link(source, self.store / name)
        except OSError:  # a file system without links
            copyfile(source, self.store / name)
        self.known[name] = digest


def read_about(data: bytes, place: str) -> dict[str, Any]:
    """Return the metadata of an array or a group."""
    try:
        about = json.loads(data)
    except ValueError as error:
        raise ValueError(f"{place} is no JSON: {error}") from None
    if not isinstance(about, dict):
        raise ValueError(f"{place} holds {type(about).__name__}, expected metadata of zarr")
    return about
