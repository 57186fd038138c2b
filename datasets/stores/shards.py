"""Columns of a store on disk: zarr arrays, sharded along their first axis, read and written here.

The files are plain zarr v3 (sharding, blosc, crc32c), which zarr reads as well. They are handled
here because zarr spends milliseconds on each access, many times what decoding the few kilobytes of
one recording takes, and because what did not change can then be taken over as it lies on the disk:
a shard as a link, a chunk as its encoded bytes.
"""

import itertools
import json
import math
import os
import struct
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numcodecs import Blosc
from numpy.typing import NDArray

from mottle.datasets.stores.proof import REPAIR

try:
    from google_crc32c import value as crc32c
except ImportError:  # older versions of zarr come with the other package
    from crc32c import crc32c  # type: ignore[import-not-found,no-redef]

SHARD_BYTES, MOST_CHUNKS, LEAST_CHUNKS = 1 << 25, 32, 4  # of a shard, before compression
CHUNK_BYTES = 1 << 20  # zarr spends about as long on a chunk as decoding this takes
BLOCK_BYTES = 1 << 16  # blosc makes none smaller of items in several streams, as lz4hc has them
BLOCK_ITEMS = 1 << 16  # nor larger ones than this number of items
SPARE = 2  # recordings a block: fewer cost time a block, more the decoding of what is not read
CACHE_BYTES = 1 << 25  # of chunks, and of decoded blocks, that an open store keeps
CODEC: dict[str, Any] = {"cname": "lz4hc", "clevel": 5}  # decodes 2 to 5 times as fast as zstd
BLOSC = Blosc(**CODEC, shuffle=Blosc.BITSHUFFLE)  # takes the size of items from the array
MISSING = 2**64 - 1
HEAD, PLAIN = 16, 2  # bytes before the places of a chunk's blocks; the flag of a chunk not encoded
Key = tuple[str, int, int]  # column, chunk, block (-1: the chunk, encoded)
Kept = OrderedDict[Key, tuple[Any, int]]


class Layout(NamedTuple):
    """How a column is cut up: what zarr reads at once, and what is decoded for one recording.

    Attributes
    ----------
    chunk : int
        Rows of a chunk, which carries a checksum.
    block : int
        Rows of a block inside it, which blosc encodes for itself; 0 leaves it to blosc.
    """

    chunk: int
    block: int

    def codec(self, row_bytes: int, item_bytes: int) -> Blosc:
        """Return the compressor; blosc multiplies the size it is given by that of an item."""
        size = self.block * row_bytes // item_bytes
        return Blosc(**CODEC, shuffle=Blosc.BITSHUFFLE, blocksize=size)


def ragged_layout(n_rows: int, n_recordings: int, row_bytes: int, widest: int) -> Layout:
    """Return how a column is cut up whose recordings follow each other: a chunk of about 1 MiB.

    All sizes are powers of two times that of a row, so that a few recordings more do not change
    them: then what is there is kept.

    Parameters
    ----------
    n_rows, n_recordings : int
        Of the whole column.
    row_bytes, widest : int
        Bytes of a row of this column, and of the widest of its sense: chunks of all have the same
        number of rows.

    Examples
    --------
    >>> ragged_layout(5_100_000, 1000, 8, 8), ragged_layout(60_000, 1000, 32, 32)
    (Layout(chunk=131072, block=8192), Layout(chunk=32768, block=2048))
    """
    mean = max(1.0, n_rows / max(1, n_recordings))
    chunk = _power(CHUNK_BYTES // widest)
    block = max(1 << round(np.log2(SPARE * mean)), _block_rows(row_bytes))
    return Layout(chunk, min(block, chunk))


def dense_layout(row_bytes: int, item_bytes: int) -> Layout:
    """Return how a column is cut up that has a row for each recording: one a block, if it fits.

    Examples
    --------
    >>> dense_layout(110_976, 4), dense_layout(480, 4), dense_layout(400_000, 4)
    (Layout(chunk=8, block=1), Layout(chunk=2048, block=256), Layout(chunk=1, block=0))
    """
    if row_bytes > BLOCK_ITEMS * item_bytes:
        return Layout(1, 0)
    chunk = _power(CHUNK_BYTES // row_bytes)
    return Layout(chunk, min(chunk, _block_rows(row_bytes)))


def _block_rows(row_bytes: int) -> int:
    """Return the least power of two of rows that a block may have."""
    return 1 << (-(-BLOCK_BYTES // row_bytes) - 1).bit_length()


def _power(number: int) -> int:
    """Return the largest power of two that is not above a number, at least 1."""
    return 1 << max(0, number.bit_length() - 1)


class Cache:
    """What the columns of an open store have in common; threads may use it at once.

    Chunks and decoded blocks are kept, the least recently used are dropped: each kind for itself,
    so that many blocks, which come from few chunks, do not drive these out. And it is noticed if
    another store took the place, whose rows lie elsewhere.
    """

    def __init__(
        self, store: Path, most: int = CACHE_BYTES, mark: tuple[int, int] | None = None
    ) -> None:
        self.root, self.most, self.sizes = f"{store}/zarr.json", most, [0, 0]
        self.store = store
        self.mark = self._mark() if mark is None else mark
        self._kept: tuple[Kept, Kept] = OrderedDict(), OrderedDict()  # blocks, chunks
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

    def get(self, key: Key) -> Any:
        """Return a chunk or a block, or None."""
        kept = self._kept[key[2] < 0]
        with self._lock:
            found = kept.get(key)
            if found is None:
                return None
            kept.move_to_end(key)
            return found[0]

    def put(self, key: Key, piece: Any, n_bytes: int) -> None:
        """Keep a chunk or a block."""
        is_chunk = key[2] < 0
        kept = self._kept[is_chunk]
        with self._lock:
            if key in kept or n_bytes > self.most:
                return
            kept[key] = piece, n_bytes
            self.sizes[is_chunk] += n_bytes
            while self.sizes[is_chunk] > self.most:
                self.sizes[is_chunk] -= kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all that is kept."""
        with self._lock:
            self._kept = OrderedDict(), OrderedDict()
            self.sizes = [0, 0]


class Frame(NamedTuple):
    """A chunk as blosc encoded it, its checksum compared: head, and where its blocks lie.

    Attributes
    ----------
    data : bytes
        All of it.
    n_bytes, block_bytes : int
        Size of the decoded chunk, and of a block of it; 0 where it can be decoded only as a whole.
    ends : list of (int, int)
        Where each block begins and ends.
    """

    data: bytes
    n_bytes: int
    block_bytes: int
    ends: list[tuple[int, int]]

    def decode(self, block: int | None = None) -> bytes:
        """Return a block, or all: a block is decoded as a chunk of that one block."""
        if block is None:
            return bytes(BLOSC.decode(self.data))
        begin, end = self.ends[block]
        if self.data[2] & PLAIN:
            return self.data[begin:end]
        size = self.block_bytes
        head = struct.pack("<4s4I", self.data[:4], size, size, HEAD + 4 + end - begin, HEAD + 4)
        return bytes(BLOSC.decode(head + self.data[begin:end]))


def read_frame(data: bytes) -> Frame:
    """Return a chunk of blosc with the places of its blocks, as its format (version 2) has them."""
    whole = Frame(data, 0, 0, [])
    if len(data) < HEAD:
        return whole
    n_bytes, size, n_data = struct.unpack("<3I", data[4:HEAD])
    if data[0] != 2 or n_data != len(data) or not 0 < size < n_bytes or n_bytes % size:
        return whole
    n = n_bytes // size
    if data[2] & PLAIN:
        places = [(HEAD + k * size, HEAD + (k + 1) * size) for k in range(n)]
        return Frame(data, n_bytes, size, places)
    begins = struct.unpack(f"<{n}I", data[HEAD : HEAD + 4 * n])
    after = sorted([*begins, len(data)])  # blocks may lie in any order: threads encode them
    ends = dict(itertools.pairwise(after))
    if len(ends) != n or after[0] < HEAD + 4 * n:
        return whole
    return Frame(data, n_bytes, size, [(begin, ends[begin]) for begin in begins])


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
        self._block = 0
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
        self.block_size = int(sharding["configuration"]["codecs"][1]["configuration"]["blocksize"])
        self._row_bytes = self.dtype.itemsize * math.prod(self.shape[1:])
        self._last = 0, np.empty((0, *self.shape[1:]), dtype=self.dtype)  # begin, rows of a block

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the block read last; another process reads its own."""
        return {**vars(self), "_last": (0, self._last[1][:0])}

    def file(self, shard: int) -> str:
        """Return the name of a shard's file, relative to the store."""
        return shard_file(self.name, shard, len(self.shape))

    def read(self, low: int, high: int) -> NDArray[Any]:
        """Return the rows from ``low`` to ``high``, a copy."""
        begin, rows = self.around(low) if low < high else (low, self._last[1])
        if high - begin <= len(rows):
            return rows[low - begin : high - begin].copy()
        out = np.empty((high - low, *self.shape[1:]), dtype=self.dtype)
        self.read_into(out, low, high)
        return out

    def read_into(self, out: NDArray[Any], low: int, high: int) -> None:
        """Read the rows from ``low`` to ``high`` into an array of that length."""
        at = low
        while at < high:
            begin, rows = self.around(at)
            first, last = at - begin, min(high - begin, len(rows))
            out[at - low : begin + last - low] = rows[first:last]
            at = begin + last

    def around(self, row: int) -> tuple[int, NDArray[Any]]:
        """Return the first row of the block that a row lies in, and the block's rows, read-only."""
        last = self._last  # taken once: other threads may put another block there
        if last[0] <= row < last[0] + len(last[1]):
            return last
        number, inside = divmod(row, self.chunk)
        frame = None
        if not self._block:  # known once a chunk was read
            frame = self._frame(number)
            size, left = divmod(frame.block_bytes, self._row_bytes)
            self._block = self.chunk if left or not size or self.chunk % size else size
        block = inside // self._block
        key = self.name, number, block
        rows = self._cache.get(key)
        if rows is None:
            rows = self.decoded(number, block, frame)
            self._cache.put(key, rows, rows.nbytes)
        self._last = last = number * self.chunk + block * self._block, rows
        return last

    def decoded(self, number: int, block: int, frame: Frame | None = None) -> NDArray[Any]:
        """Return a block of a chunk."""
        frame = frame or self._frame(number)
        part = self._block < self.chunk
        try:
            if part and frame.block_bytes == self._block * self._row_bytes:
                plain = frame.decode(block)
            else:
                size = self._block * self._row_bytes
                plain = frame.decode()[block * size : (block + 1) * size]
            return np.frombuffer(plain, self.dtype).reshape(self._block, *self.shape[1:])
        except (RuntimeError, ValueError) as error:
            raise self._damaged(number, str(error)) from None

    def _frame(self, number: int) -> Frame:
        """Return a chunk, encoded, its checksum compared; those of many blocks are kept."""
        key = self.name, number, -1
        frame: Frame | None = self._cache.get(key)
        if frame is None:
            frame = read_frame(self.encoded(number)[:-4])
            if frame.block_bytes:
                self._cache.put(key, frame, len(frame.data))
        return frame

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
    layout : Layout
        How it is cut up.
    pool : executor
        Chunks are encoded in its threads. Never in the main one, where blosc uses threads of its
        own and the order of their results is in the bytes.

    Attributes
    ----------
    known : dict of str to str
        The sha256 of every file written.
    """

    def __init__(
        self, store: Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any],
        layout: Layout, pool: ThreadPoolExecutor,
    ):  # fmt: skip
        self.store, self.name, self.shape, self.dtype = store, name, shape, dtype
        self.chunk = chunk = layout.chunk
        row_bytes = dtype.itemsize * math.prod(shape[1:])
        self._blosc = layout.codec(row_bytes, dtype.itemsize)
        self.block_size = self._blosc.blocksize
        chunk_bytes = chunk * row_bytes
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
        alike = (old.chunk, old.shard, old.block_size, old.dtype, old.shape[1:]) == (
            self.chunk, self.shard, self.block_size, self.dtype, self.shape[1:],
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
        data = self._blosc.encode(rows)
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
