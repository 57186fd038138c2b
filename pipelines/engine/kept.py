"""Pieces of a run on disk, so that a run that was killed goes on with what is done."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, entry_points, version
from json import dumps, loads
from pathlib import Path
from platform import machine, python_version
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mottle.disk import write_whole

Piece = tuple[Any, dict[str, NDArray]]
GROUPS = ("mottle.nodes", "mottle.metrics")  # entry points of other packages
OUTSIDE = ("tonic",)
PLAIN = "plain"  # member of a file with what is no array


class Kept:
    """Finished pieces of a run: plain values and arrays, one file each, whole or not there.

    Parameters
    ----------
    folder : Path or None
        Where the files lie; with None nothing is kept.
    key : str
        What the pieces depend on; those of another key are not taken.

    Examples
    --------
    >>> Kept(None, "").get("sum", lambda: ({"sum": 3}, {}))
    ({'sum': 3}, {})
    """

    def __init__(self, folder: Path | None, key: str):
        self.folder, self.key = folder, key

    def get(self, name: str, compute: Callable[[], Piece]) -> Piece:
        """Return a piece that is there, or compute and keep it; a damaged one is done again."""
        if self.folder is None:
            return compute()
        path = self.folder / f"{sha256(f'{self.key} {name}'.encode()).hexdigest()}.npz"
        if path.is_file() and (found := read_piece(path)) is not None:
            return found
        values, arrays = compute()
        text = dumps(values, default=_plain)
        members = {f"array {k}": array for k, array in enumerate(arrays.values())}
        names = np.array([*arrays], dtype=np.str_)
        if not any(array.dtype.hasobject for array in arrays.values()):
            self.folder.mkdir(parents=True, exist_ok=True)
            content = {PLAIN: np.array(text), "names": names, **members}
            write_whole(path, lambda file: np.savez(file, allow_pickle=False, **content))
        return loads(text), arrays


def read_piece(path: Path) -> Piece | None:
    """Return a piece, or None where its file is damaged."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            names = file["names"].tolist()
            arrays = {name: file[f"array {k}"] for k, name in enumerate(names)}
            return loads(str(file[PLAIN])), arrays
    except (ValueError, KeyError, OSError, EOFError, BadZipFile, NotImplementedError):
        return None


def key_of_run(settings: Mapping[str, Any], recordings: str, folds: str) -> str:
    """Return the sha256 of all that the numbers of a run depend on.

    Parameters
    ----------
    settings : dict
        The recipe, defaults too.
    recordings, folds : str
        sha256 of the recordings and of the row numbers of all folds.
    """
    facts = [settings, recordings, folds, software()]
    return sha256(dumps(facts, sort_keys=True, default=_plain).encode()).hexdigest()


def software() -> dict[str, str]:
    """Return the versions of Python, of the packages that compute, and of those with own parts."""
    names = {"mottle", "numpy", "scipy", "scikit-learn", "numba", "xarray", "zarr", *OUTSIDE}
    for group in GROUPS:
        names |= {point.dist.name for point in entry_points(group=group) if point.dist}
    found = {"python": python_version(), "machine": machine()}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: Any) -> Any:
    """Return a number or array of numpy's as a plain value."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be kept in a file.")
