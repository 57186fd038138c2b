"""save_model, load_model, open_model: fitted models in one file each."""

import errno
import json
import platform
import sys
import warnings
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from mottle.checks import RESTORING, check_mapping, names_arguments
from mottle.disk import write_whole
from mottle.pipelines.saved import archive, sample
from mottle.pipelines.saved.schema import check_schema, nodes, rename
from mottle.reservoir.nodes.outside.carried import by_name
from mottle.reservoir.nodes.outside.definition import Lost
from mottle.sensors.files.limits import byte_limit, check_bytes, check_path, only_value_errors

PACKAGES = ("mottle", "numpy", "scipy", "scikit-learn", "numba", "xarray", "pandas", "skops")
SAME = 1e-6  # relative difference up to which outputs on another processor count as the same


class SavedModel:
    """A model file: checked and described, built by `load`.

    `open_model` and `save_model` return it.

    Parameters
    ----------
    path : Path
        The file.
    whole : bytes
        Its content.
    limit : int
        The most bytes to which that may unpack.

    Attributes
    ----------
    info : dict
        Format, model, versions, arithmetic, ``about`` (what was given to `save_model`), the hash of
        every part and, as "hash", of the whole.
    X : any
        Sample input, or None.
    output : dict
        What the model gave for it: by "predict" and "predict_proba", or "transform".

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.reservoir import RidgeReadout
    >>> path, X = Path(mkdtemp()) / "readout.mottle", np.eye(4)
    >>> saved = save_model(RidgeReadout(1.0).fit(X, [0, 1, 0, 1]), path, X)
    >>> saved.X.shape, saved.untrusted, saved.verify()["predict"]
    ((4, 4), {}, 0.0)
    """

    def __init__(self, path: Path, whole: bytes, limit: int) -> None:
        self.path, self._whole = path, whole
        with only_value_errors(path):
            self.info, self._members = archive.unpack(whole, path, limit)
            kept = self.info.get("sample", {"X": None, "output": {"dict": {}}})
            self.X, self.output = (
                sample.restore(kept[key], lambda name: as_array(self._members[name]))
                for key in ("X", "output")
            )
            if not isinstance(self.output, dict):
                raise ValueError(f"{path} has no output for its sample.")

    def __repr__(self) -> str:
        """Return one line: the file, what it holds, and its hash."""
        return f"<{self.info['model']} in {self.path}, {self.info['hash'][:12]}>"

    @cached_property
    def _checked(self) -> tuple[Any, set[str], dict[str, str]]:
        """The schema, the types in it to be trusted, and those of other packages."""
        with only_value_errors(self.path):
            schema = json.loads(self._members[archive.SCHEMA])
            return schema, *check_schema(schema)

    @cached_property
    def untrusted(self) -> dict[str, str]:
        """Types of other packages, which `load` must be allowed to build, and where they stand."""
        import skops.io

        others = self._checked[2]
        if not others:
            return {}
        with only_value_errors(self.path):
            unknown = skops.io.get_untrusted_types(data=self._whole)
        return {name: place for name, place in others.items() if name in unknown}

    def load(self, trusted: Any = ()) -> Any:
        """Build the model.

        Parameters
        ----------
        trusted : sequence of str or type, default=()
            Types of other packages that may be built, by full name.

        Returns
        -------
        model : estimator
            As it was saved.

        Raises
        ------
        ValueError
            For types that are neither of mottle, nor known to be safe, nor trusted; for devices of
            other packages that this process does not have; for a damaged file.

        Warns
        -----
        UserWarning
            If parts are of another version of scikit-learn.
        """
        import skops.io

        given = [trusted] if isinstance(trusted, str | type) else trusted
        names = {
            one if isinstance(one, str) else f"{one.__module__}.{one.__qualname__}" for one in given
        }
        unknown = {name: place for name, place in self.untrusted.items() if name not in names}
        if unknown:
            some = ", ".join(f"{name} ({place})" for name, place in unknown.items())
            raise ValueError(
                f"{self.path} holds types of other packages: {some}. If you trust these and the "
                f"file, load it with trusted={sorted(unknown)}."
            )
        with only_value_errors(self.path), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", InconsistentVersionWarning)
            schema, approved, _ = self._checked
            token = RESTORING.set(True)
            try:
                model = skops.io.loads(self._whole, trusted=sorted(approved | names))
            finally:
                RESTORING.reset(token)
            find_devices(schema)
        if caught:
            before, now = self.info["versions"].get("scikit-learn"), version("scikit-learn")
            warnings.warn(
                f"{self.path} was saved with scikit-learn {before}, and this is {now}: `mottle "
                "model verify` shows whether it predicts the same.",
                stacklevel=2,
            )
        return model

    def changed(self) -> list[str]:
        """Return what computes now and is other than when the model was saved.

        Returns
        -------
        changes : list of str
            Versions, processor and its instructions.
        """
        now = {**versions(), **processor()}
        then = {**self.info["versions"], **self.info["arithmetic"]}
        return [
            f"{key} {then.get(key)}, now {one}" for key, one in now.items() if one != then.get(key)
        ]

    def verify(self, trusted: Any = ()) -> dict[str, float]:
        """Build the model and compare its output for the sample with the one that was saved.

        Parameters
        ----------
        trusted : sequence of str or type, default=()
            As for `load`.

        Returns
        -------
        differences : dict of str to float
            For each method the largest difference, relative to the largest value; 0 where every
            byte is the same, infinite where labels or shapes differ. Empty without a sample.
        """
        model = self.load(trusted)
        if not self.output:
            return {}
        with only_value_errors(self.path):
            after = sample.output_of(model, self.X)
        return {
            name: sample.largest_difference(before, after.get(name))
            for name, before in self.output.items()
        }


@names_arguments
def save_model(model: Any, path: Any, X: Any = None, *, about: Any = None) -> SavedModel:
    """Save a fitted model in one file, from which nothing is unpickled.

    The file is a zip archive in the format of skops: parameters and arrays of the model, versions,
    the hash of everything, and, if given, a sample of input with its output. It is written whole or
    not at all, and only after the model was read back and gave the same output.

    Parameters
    ----------
    model : estimator
        Fitted: an estimator of mottle or scikit-learn, or a pipeline of them.
    path : str or Path
        File to write, such as ``touch.mottle``.
    X : as for ``model.predict`` or ``model.transform``, default=None
        Input, of which the first recording is kept: at most 100 steps, or 2000 events; of features
        the first 100 rows; for a `Forecaster` a number of steps. A model that refuses so short a
        recording gets the whole one. None keeps no sample.
    about : dict, default=None
        What else is to be known of the model, such as recipe, score and hash of the training data;
        values of JSON.

    Returns
    -------
    saved : SavedModel
        The file.

    Raises
    ------
    ValueError
        For a model that is not fitted; for what no file can hold, such as functions of a notebook,
        which is named with its place; and for a model that comes back with another output.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.reservoir import RidgeReadout
    >>> X, y = np.eye(6), np.arange(6) % 2
    >>> path = Path(mkdtemp()) / "readout.mottle"
    >>> saved = save_model(RidgeReadout().fit(X, y), path, X, about={"accuracy": 1.0})
    >>> load_model(path).predict(X).tolist(), open_model(path).info["about"]
    ([0, 1, 0, 1, 0, 1], {'accuracy': 1.0})
    """
    check_path(path, folders=True)
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of {path} does not exist: make it first.")
    if not hasattr(model, "fit"):
        raise TypeError(f"model is a {type(model).__name__}: expected a fitted estimator.")
    check_is_fitted(model)
    about = check_mapping("about", {} if about is None else about, "a dict of values of JSON")
    members = dump(model)

    def put(array: NDArray) -> str:
        name = f"sample/{len(members)}.npy"
        members[name] = sample.as_npy(array)
        return name

    info = {
        "model": type(model).__name__, "versions": versions(),
        "arithmetic": {"dtypes": types_of(members), **processor()}, "about": dict(about),
    }  # fmt: skip
    if X is not None:
        kept, output = sampled(model, X)
        info["sample"] = {"X": sample.describe(kept, put), "output": sample.describe(output, put)}
    try:
        whole = archive.pack(members, info)
    except TypeError as error:
        raise ValueError(f"about holds what is no value of JSON: {error}.") from error
    saved = SavedModel(path, whole, sys.maxsize)
    differences = saved.verify(trusted=list(saved.untrusted))
    if any(differences.values()):
        raise ValueError(f"{type(model).__name__} comes back with another output: {differences}.")
    try:
        write_whole(path, lambda file: file.write(whole))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            error.errno, f"no space left for a model of {len(whole)} bytes", str(path)
        ) from error
    return saved


@names_arguments
def load_model(path: Any, *, trusted: Any = (), sha256: str = "", max_bytes: Any = None) -> Any:
    """Load a model that `save_model` wrote, after every byte was compared with its hash.

    Nothing is unpickled, and no code of the file is run: types of mottle, numpy, scipy and
    scikit-learn are built, others are named and refused.

    Parameters
    ----------
    path : str or Path
        The file.
    trusted : sequence of str or type, default=()
        Types of other packages that may be built, by full name.
    sha256 : str, default=""
        The hash of the model that is expected, as `mottle model info` prints it: another is
        refused.
    max_bytes : int, default=None
        The most bytes to which the content may come; None: 100 times the size of the file, and 256
        MiB at least.

    Returns
    -------
    model : estimator
        As it was saved.

    Raises
    ------
    ValueError
        For damage, another format, a newer version of the format, another model than expected, and
        types that are not trusted.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If parts are of another version of scikit-learn.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.reservoir import RidgeReadout
    >>> path, X = Path(mkdtemp()) / "readout.mottle", np.eye(4)
    >>> saved = save_model(RidgeReadout(1.0).fit(X, list("abab")), path)
    >>> load_model(path, sha256=saved.info["hash"]).predict(X).tolist()
    ['a', 'b', 'a', 'b']
    """
    saved = open_model(path, max_bytes=max_bytes)
    if sha256 and saved.info["hash"] != sha256:
        raise ValueError(f"{path} is another model: its hash is {saved.info['hash']}.")
    return saved.load(trusted)


@names_arguments
def open_model(path: Any, *, max_bytes: Any = None) -> SavedModel:
    """Read a model file and compare every byte with its hash, without building the model.

    Parameters
    ----------
    path : str or Path
        The file.
    max_bytes : int, default=None
        The most bytes to which the content may come; None: 100 times the size of the file, and 256
        MiB at least.

    Returns
    -------
    saved : SavedModel
        What the file states, sample input and output, and ``load``.

    Raises
    ------
    ValueError
        For damage, another format, and a newer version of the format.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mottle.reservoir import RidgeReadout
    >>> path, X = Path(mkdtemp()) / "readout.mottle", np.eye(4)
    >>> _ = save_model(RidgeReadout(1.0).fit(X, [0, 1, 0, 1]), path, X)
    >>> saved = open_model(path)
    >>> saved.info["model"], saved.output["predict"].tolist()
    ('RidgeReadout', [0, 1, 0, 1])
    """
    check_path(path)
    path = Path(path)
    limit = byte_limit(path, max_bytes)
    check_bytes(str(path), path.stat().st_size, limit)
    return SavedModel(path, path.read_bytes(), limit)


def dump(model: Any) -> dict[str, bytes]:
    """Return schema and arrays of a model by name; refuse what no file may hold."""
    import skops.io

    try:
        with by_name():
            dumped = skops.io.dumps(model)
    except Exception as error:  # of skops, and of whatever the model holds
        raise ValueError(f"{type(model).__name__} holds what no file can hold: {error}.") from error
    with ZipFile(BytesIO(dumped)) as parts:
        schema = json.loads(parts.read(archive.SCHEMA))
        for name, place in check_schema(schema)[1].items():
            module, _, kind = name.rpartition(".")
            if module == "__main__" or not hasattr(sys.modules.get(module), kind):
                raise ValueError(
                    f"{place} is {name}, which cannot be imported where the file is read: move it "
                    "to a module."
                )
        members = {new: parts.read(old) for old, new in rename(schema).items()}
    return {archive.SCHEMA: json.dumps(schema, separators=(",", ":")).encode(), **members}


def sampled(model: Any, X: Any) -> tuple[Any, dict[str, Any]]:
    """Return sample input as it will be read, and what a model gives for it."""
    arrays: dict[str, NDArray] = {}

    def put(array: NDArray) -> str:
        name = str(len(arrays))
        arrays[name] = array
        return name

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of recordings that are short
        for whole in (False, True):
            described = sample.describe(sample.cut(X, whole=whole), put)
            kept = sample.restore(described, arrays.__getitem__)
            try:
                return kept, sample.output_of(model, kept)
            except ValueError:
                if whole:
                    raise
    raise AssertionError


def find_devices(schema: Any) -> None:
    """Refuse a model with a device of another package that this process does not have."""
    for node, _ in nodes(schema):
        if node["__class__"] == Lost.__name__ and node["__loader__"] == "TupleNode":
            name, digests, where = node["content"]
            values = {key: json.loads(one["content"]) for key, one in digests["content"].items()}
            Lost(json.loads(name["content"]), values, json.loads(where["content"])).found()


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def processor() -> dict[str, Any]:
    """Return the processor and its instructions, on which the last bits of results depend."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return {
        "system": platform.system(), "machine": platform.machine(), "cpu": llvm.get_host_cpu_name(),
        "features": " ".join(sorted(name for name, there in features.items() if there)),
    }  # fmt: skip


def types_of(members: dict[str, bytes]) -> list[str]:
    """Return the types of the arrays of a model."""
    arrays = [data for name, data in members.items() if name.endswith(".npy")]
    return sorted({str(as_array(data).dtype) for data in arrays})


def as_array(data: bytes) -> NDArray:
    """Return the array of ``.npy`` bytes, whose header was checked."""
    return np.load(BytesIO(data), allow_pickle=False)
