"""The states store: zarr v3, written block by block, safe against being killed.

A block is a run of whole recordings. The order on disk is: the template, written aside and renamed;
then the chunks of a block; then their lines in ``manifest/sha256sums``; at the end the seal below
all lines. A block without its lines is never read as data, and is written anew by the next run.
``append_dim`` is not used: a kill during it leaves a store which nothing opens. Chunks are written
straight into the zarr array, since a block is whole chunks: nothing is read back and no metadata
are touched after the template.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import xarray as xr
import zarr
from numpy.typing import ArrayLike, NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from mottle.arrays import refuse_masked
from mottle.checks import check_bool, check_option, check_whole
from mottle.datasets.disk import Lock, lock_path
from mottle.datasets.stores import proof
from mottle.disk import sync, write_whole

DIMS = ("recording", "step", "node")
DTYPES = ("float32", "float64", "float16")
COMPRESSORS = (BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle"), Crc32cCodec())
CHUNK_BYTES = 16 * 2**20  # a larger block is cut along its steps; 5 to 30 MB read fastest


class StatesWriter:
    """Write states block by block into a store that a killed run can resume.

    A context manager: entering creates the store, or resumes one of the same recipe, and locks it.
    The lock vanishes with its process, however that ends. The same recipe and states give the same
    bytes, for one set of library versions, however often a run was killed. A block is forced onto
    the disk, and then the sha256 of its files, which says that it is done. Write blocks as they
    come: what is done survives a kill.

    Parameters
    ----------
    path : str or Path
        Folder of the store on a local disk, such as ``"states.zarr"``. Needs not exist.
    n_recordings, n_steps, n_nodes : int
        Shape of the states, each at least 1.
    block : int
        Recordings a block; the last block may be shorter.
    attrs : mapping
        Attributes of the store: units, parameters, seed, versions, hash of the input. JSON values
        or numpy numbers and arrays. They are the recipe that a resumed run must repeat, so no
        times of day.
    coords : mapping of str to (dim, values), optional
        Labels along "recording", "step" or "node": 1-D numbers or str.
    dtype : {"float32", "float64", "float16"}, default="float32"
        How states are stored.

    Attributes
    ----------
    n_blocks : int
        Number of blocks, done or not.

    Raises
    ------
    ValueError
        On entering, if ``path`` holds something else or a store of another recipe.
    RuntimeError
        On entering, if another writer has the store open.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "states.zarr"
    >>> with StatesWriter(
    ...     path, n_recordings=5, n_steps=3, n_nodes=2, block=4, attrs={"units": "V"}
    ... ) as writer:
    ...     for index in writer.pending():
    ...         rows = writer.rows(index)
    ...         writer.write(index, np.ones((rows.stop - rows.start, 3, 2)))
    >>> dict(open_states(path).sizes)
    {'recording': 5, 'step': 3, 'node': 2}
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        n_recordings: int,
        n_steps: int,
        n_nodes: int,
        block: int,
        attrs: Mapping[str, Any],
        coords: Mapping[str, tuple[str, ArrayLike]] | None = None,
        dtype: str = "float32",
    ) -> None:
        counts = {"n_recordings": n_recordings, "n_steps": n_steps, "n_nodes": n_nodes}
        check_option("dtype", np.dtype(dtype).name, DTYPES)
        self.path = Path(path)
        n_recordings, n_steps, n_nodes = (check_whole(name, n) for name, n in counts.items())
        self.shape = (n_recordings, n_steps, n_nodes)
        self.block = min(check_whole("block", block), n_recordings)
        self.n_blocks = -(-self.shape[0] // self.block)
        self.dtype = np.dtype(dtype)
        self.attrs = check_attrs(attrs)
        self.coords = check_coords(coords or {}, dict(zip(DIMS, self.shape, strict=True)))
        self._lock: Lock | None = None

    def __enter__(self) -> Self:
        if self._lock is not None:
            raise RuntimeError(f"this writer of '{self.path}' is open already; create another.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(lock_path(self.path))
        try:
            if _is_empty(self.path):
                self._write_template()
            else:
                self._check_recipe()
                for left_by_a_kill in self.path.rglob("*.partial"):
                    left_by_a_kill.unlink()
            self._resume()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def pending(self) -> list[int]:
        """Return the indices of the blocks that are not done, in rising order."""
        self._check_open()
        return [index for index in range(self.n_blocks) if index not in self._done]

    def rows(self, index: int) -> slice:
        """Return the recordings of a block, as a slice with start and stop."""
        if not 0 <= index < self.n_blocks:
            raise IndexError(f"block {index} does not exist: there are {self.n_blocks}, from 0")
        return slice(index * self.block, min((index + 1) * self.block, self.shape[0]))

    def write(self, index: int, array: ArrayLike) -> None:
        """Write a whole block, then mark it done.

        Parameters
        ----------
        index : int
            A block out of ``pending()``.
        array : array-like of shape (rows of the block, n_steps, n_nodes)
            States, of a DataArray by the names of its dims; NaN is kept, a number too large for
            ``dtype`` and masked values are refused.
        """
        rows = self.rows(index)
        self._check_open()
        if index in self._done:
            raise ValueError(
                f"block {index} of '{self.path}' is done already; write only those of pending()"
            )
        states = self._check_states(index, array)
        self._states[rows] = states
        written = self.path / "states" / "c" / str(index)
        for item in (*written.rglob("*"), written, written.parent):  # on the disk before its lines
            sync(item)
        proof.append(self.path, {name: self._files.known[name] for name in self._names(index)})
        self._done.add(index)
        self._seal_if_done()

    def _names(self, index: int) -> list[str]:
        """Return the files of a block, relative to the store."""
        return block_files(index, self.shape[1], int(self._states.chunks[1]))

    def _resume(self) -> None:
        """Take up what an earlier run finished; drop lines of blocks that are not whole."""
        known = proof.read_proof(self.path).known
        self._files = proof.ProvedStore(self.path, known=known)
        with zarr.config.set({"array.write_empty_chunks": True}):  # an absent chunk is a lost one
            self._states: Any = zarr.open_array(store=self._files, path="states", mode="r+")
        there = proof.present(self.path)
        blocks = {index: set(self._names(index)) for index in range(self.n_blocks)}
        self._done = {i for i, names in blocks.items() if names <= known.keys() & there}
        keep = {name for index in self._done for name in blocks[index]}
        kept = {
            name: digest for name, digest in known.items()
            if name in keep or not name.startswith("states/c/")
        }  # fmt: skip
        if kept != known:
            text = proof.lines(kept).encode()
            write_whole(self.path / proof.NAME, lambda file: file.write(text))
            known.clear()
            known.update(kept)
        self._seal_if_done()

    def _seal_if_done(self) -> None:
        """Seal the store when its last block is done."""
        if len(self._done) == self.n_blocks and proof.read_proof(self.path).content is None:
            proof.seal(self.path, self._files.known)

    def _check_open(self) -> None:
        """Refuse work outside a with block."""
        if self._lock is None:
            raise RuntimeError(f"the writer of '{self.path}' is not open; use it in a with block")

    def _check_states(self, index: int, array: ArrayLike) -> NDArray[np.floating]:
        """Return the states of a block in the store's type, or raise."""
        refuse_masked(array, f"block {index}")
        if set(getattr(array, "dims", ())) == set(DIMS):
            array = array.transpose(*DIMS)  # type: ignore[union-attr]
        values = np.asarray(array)
        rows = self.rows(index)
        expected = (rows.stop - rows.start, *self.shape[1:])
        if values.shape != expected:
            raise ValueError(
                f"block {index} came with shape {values.shape}, expected {expected} (recording, "
                f"step, node): it must be exactly the recordings {rows.start}:{rows.stop}"
            )
        if values.dtype.kind not in "buif":
            raise TypeError(f"block {index} came as {values.dtype}; states are real numbers")
        try:
            with np.errstate(over="raise"):
                return values.astype(self.dtype)
        except FloatingPointError:
            raise ValueError(
                f"block {index} holds {np.nanmax(np.abs(values[np.isfinite(values)])):.3g}, too "
                f"large for {self.dtype}; scale the states or store them as float64"
            ) from None

    def _write_template(self) -> None:
        """Write the empty store aside, then put it in its place."""
        aside = self.path.with_name(f".{self.path.name}.template")
        if aside.exists():  # left by a kill, and the lock is ours
            shutil.rmtree(aside)
        files = proof.ProvedStore(aside)
        labels = xr.Dataset(coords=self.coords, attrs=self.attrs)
        labels.to_zarr(files, mode="w", zarr_format=3, consolidated=False)
        group: Any = zarr.open_group(files, mode="r+", use_consolidated=False)
        step_bytes = self.block * self.shape[2] * self.dtype.itemsize
        n_steps = min(self.shape[1], max(1, CHUNK_BYTES // step_bytes))
        group.create_array(
            "states",
            shape=self.shape,
            chunks=(self.block, n_steps, self.shape[2]),
            dtype=self.dtype,
            compressors=COMPRESSORS,
            fill_value=np.nan,
            dimension_names=DIMS,
        )
        proof.create(group)
        text = proof.lines(files.known).encode()
        write_whole(aside / proof.NAME, lambda file: file.write(text))
        for item in (*aside.rglob("*"), aside):
            sync(item)
        if self.path.exists():  # an empty folder
            self.path.rmdir()
        os.rename(aside, self.path)
        sync(self.path.parent)

    def _check_recipe(self) -> None:
        """Refuse to resume a store of another recipe."""
        _check_states(self.path)
        if not (self.path / proof.NAME).exists():
            raise ValueError(
                f"'{self.path}' was begun by a version that kept no hashes: it can be read, not "
                "gone on with; delete it, or write to a new path."
            )
        stored = _open(self.path, proof.read_proof(self.path).known)
        old: dict[str, Any] = {
            "shape": stored["states"].shape,
            "block": stored["states"].encoding["chunks"][0],
            "dtype": str(stored["states"].dtype),
            **{f"attrs[{key!r}]": value for key, value in stored.attrs.items()},
            **{f"coords[{key!r}]": _plain(stored[key]) for key in stored.coords},
        }
        new: dict[str, Any] = {
            "shape": self.shape,
            "block": self.block,
            "dtype": str(self.dtype),
            **{f"attrs[{key!r}]": value for key, value in self.attrs.items()},
            **{f"coords[{key!r}]": _plain(value) for key, value in self.coords.items()},
        }
        differ = [key for key in new | old if key not in new or key not in old]
        differ += [key for key in new if key in old and new[key] != old[key]]
        if differ:
            what = "; ".join(
                f"{key} was {_short(old, key)}, is now {_short(new, key)}" for key in differ[:3]
            )
            more = f"; and {len(differ) - 3} more" if len(differ) > 3 else ""
            raise ValueError(
                f"'{self.path}' was begun with another recipe or other recordings: {what}{more}. "
                "Resume with the first ones, or write to a new path, or delete this store."
            )


def open_states(path: str | os.PathLike[str], *, partial: bool = False) -> xr.Dataset:
    """Open the states a `StatesWriter` wrote.

    Parameters
    ----------
    path : str or Path
        Folder of the store.
    partial : bool, default=False
        Also accept a store with blocks missing, or still being written: all is read into memory,
        NaN where a block is not done, and a coordinate ``done`` along recording marks the
        recordings that are there.

    Returns
    -------
    xarray.Dataset
        ``states`` (recording, step, node), the coordinates and attributes; without ``partial``
        read lazily, as it is indexed.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it is not a states store, or blocks are missing and ``partial`` is False.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "states.zarr"
    >>> with StatesWriter(path, n_recordings=2, n_steps=3, n_nodes=2, block=1, attrs={}) as writer:
    ...     writer.write(0, np.ones((1, 3, 2)))
    >>> open_states(path, partial=True)["done"].values.tolist()
    [True, False]
    """
    path, partial = Path(path), check_bool("partial", partial)
    if not path.exists():
        raise FileNotFoundError(f"no states store at '{path}'; StatesWriter writes one.")
    _check_states(path)
    old = not (path / proof.NAME).exists()  # without hashes; blocks have flags
    known, content = ({}, "") if old else proof.read_proof(path)
    dataset = _open(path, known)
    _, n_steps, _ = dataset["states"].shape
    block, n_chunk_steps, _ = dataset["states"].encoding["chunks"]
    if old:
        done = dataset["done"].to_numpy()
        dataset = dataset.drop_vars("done")
    else:
        n_blocks = -(-dataset.sizes["recording"] // block)
        names = [set(block_files(i, n_steps, n_chunk_steps)) for i in range(n_blocks)]
        done = np.array([files <= known.keys() for files in names])
        proof.check_present(path, known)
        dataset = dataset.drop_vars(proof.FOLDER)
    if done.all() and content is not None and not partial:
        return dataset
    if not partial:
        missing = np.flatnonzero(~done)
        what = (
            f"lacks {len(missing)} of its {len(done)} blocks (the first is block {missing[0]})"
            if len(missing) else "has all blocks and no seal yet"
        )  # fmt: skip
        raise ValueError(
            f"'{path}' {what}: start the run that wrote it again, with the same recipe and path, "
            "and it resumes there; or read what is done with open_states(path, partial=True)"
        )
    states = dataset["states"]
    values = np.full(states.shape, np.nan, dtype=states.dtype)
    for index in np.flatnonzero(done):
        rows = slice(index * block, (index + 1) * block)
        values[rows] = states[rows].to_numpy()
    recording_done = np.repeat(done, block)[: len(values)]
    dataset = dataset.assign(states=(DIMS, values, states.attrs))
    return dataset.assign_coords(done=("recording", recording_done))


def verify_states(path: str | os.PathLike[str]) -> list[str]:
    """Check every byte of a finished states store against the hashes it was written with.

    Parameters
    ----------
    path : str or Path
        Folder of the store.

    Returns
    -------
    list of str
        What is wrong, file by file; empty if all is as it was written. Of a store whose run has
        not ended, what is done is checked, and one line says that it has no seal.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it is not a states store.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "states.zarr"
    >>> with StatesWriter(path, n_recordings=2, n_steps=3, n_nodes=2, block=1, attrs={}) as writer:
    ...     for index in writer.pending():
    ...         writer.write(index, np.full((1, 3, 2), index))
    >>> verify_states(path)
    []
    >>> _ = (path / "states/c/1/0/0").write_bytes((path / "states/c/0/0/0").read_bytes())
    >>> verify_states(path)
    ['states/c/1/0/0: its sha256 differs']
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no states store at '{path}'; StatesWriter writes one.")
    if (path / proof.NAME).exists():
        return proof.verify(path)
    _check_states(path)
    return [f"{proof.NAME}: missing; a store of an older version, which kept no hashes, or damaged"]


def block_files(index: int, n_steps: int, n_chunk_steps: int) -> list[str]:
    """Return the files of a block of states, relative to the store.

    Examples
    --------
    >>> block_files(3, 100, 64)
    ['states/c/3/0/0', 'states/c/3/1/0']
    """
    return [f"states/c/{index}/{number}/0" for number in range(-(-n_steps // n_chunk_steps))]


def check_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as plain JSON values with sorted keys, or raise."""
    if "coordinates" in attrs:
        raise ValueError("attrs may not hold 'coordinates', which xarray keeps for itself")
    plain: dict[str, Any] = {}
    for key in sorted(attrs):
        try:
            text = json.dumps(attrs[key], sort_keys=True, allow_nan=False, default=_from_numpy)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"attrs[{key!r}]={attrs[key]!r} cannot be stored ({error}); use str, finite "
                "numbers, bool, None, and lists or dicts of them"
            ) from None
        plain[key] = json.loads(text)
    return plain


def check_coords(
    coords: Mapping[str, tuple[str, ArrayLike]], sizes: Mapping[str, int]
) -> dict[str, xr.Variable]:
    """Return coordinates as variables, text as StringDType, or raise."""
    checked: dict[str, xr.Variable] = {}
    for name, (dim, given) in sorted(coords.items()):
        if dim not in sizes or (name in sizes and name != dim):
            raise ValueError(
                f"coords[{name!r}] lies along {dim!r}, expected one of {', '.join(sizes)}"
                + (f": for that name, {name!r}" if name in sizes else "")
            )
        if name in ("states", "done", "block", "file", proof.FOLDER):
            raise ValueError(f"coords[{name!r}]: the store needs this name for itself; rename it")
        values = np.asarray(given)
        if values.shape != (sizes[dim],):
            raise ValueError(
                f"coords[{name!r}] has shape {values.shape}, expected ({sizes[dim]},): "
                f"one value a {dim}"
            )
        if values.dtype.kind in "UT" or all(isinstance(value, str) for value in values):
            values = values.astype(np.dtypes.StringDType())  # fixed-length text has no v3 spec
        elif values.dtype.kind not in "biuf":
            raise TypeError(f"coords[{name!r}] came as {values.dtype}; use numbers or str")
        checked[name] = xr.Variable((dim,), values)
    return checked


def _from_numpy(value: Any) -> Any:
    """Return numbers and arrays of numpy as plain ones, for JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _plain(labels: xr.Variable | xr.DataArray) -> tuple[Sequence[Any], ...]:
    """Return a coordinate as plain values which compare equal, NaN included."""
    return (labels.dims, [str(v) if v != v else v for v in labels.to_numpy().tolist()])


def _short(recipe: Mapping[str, Any], key: str) -> str:
    """Return a value of a recipe as a short text."""
    text = repr(recipe[key]) if key in recipe else "absent"
    return text if len(text) <= 60 else f"{text[:57]}..."


def check_states_place(path: Path) -> None:
    """Refuse a place for states in which something else lies."""
    for above in path.parents:
        if above.exists() and not above.is_dir():
            raise ValueError(f"'{path}' lies below '{above}', which is a file; name another path.")
    if not _is_empty(path):
        _check_states(path)


def _is_empty(path: Path) -> bool:
    """Return whether nothing is in the place of a store."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def _check_states(path: Path) -> None:
    """Refuse a folder that is no states store."""
    if not path.is_dir():
        raise ValueError(f"'{path}' is a file, and states are kept in a folder; name another path")
    marks = ("zarr.json", "states/zarr.json")
    if not all((path / name).is_file() for name in marks):
        raise ValueError(f"'{path}' is not a states store; choose another path")
    if not any((path / name).is_file() for name in (proof.NAME, "done/zarr.json")):
        raise ValueError(
            f"'{path}' is not a states store, or one that lacks {proof.NAME}; {proof.REPAIR}"
        )


def _open(path: Path, known: dict[str, str]) -> xr.Dataset:
    """Open a store lazily; every file that is read is compared with its hash."""
    files: Any = proof.ProvedStore(path, read_only=True, known=known)
    return xr.open_dataset(files, engine="zarr", consolidated=False, chunks=None, cache=False)
