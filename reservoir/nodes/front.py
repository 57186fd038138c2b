"""Base class of the reservoirs: input, blocks, pooling, live runs and states of any nodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from inspect import signature
from json import dumps
from typing import Any, ClassVar, Self
from warnings import warn

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from mottle.checks import NamesParameters, check_whole, choose
from mottle.memory import check_memory
from mottle.output import FrameOutput
from mottle.reservoir.compiled import pooling
from mottle.reservoir.compiled.threads import LEAST_UPDATES, split
from mottle.reservoir.nodes.fading import say_if_lasting
from mottle.reservoir.nodes.node import KEPT, Node
from mottle.reservoir.nodes.placed import wired
from mottle.reservoir.nodes.placed.placing import MOST_ROWS, evenly, sample
from mottle.reservoir.nodes.restored import check_restored
from mottle.reservoir.nodes.state import METERED, ReservoirState, check_keys, noise_keys, recall
from mottle.reservoir.nodes.wiring import WIRINGS, check_shape

BLOCK_BYTES = 1 << 26  # of node inputs held at once; states of a large set are never all in memory
CACHED_BYTES = 1 << 24  # of them, where that is enough recordings: larger blocks leave the caches
LEAST_WIDTH = 8  # recordings in a block for each thread
DIMS = ("recording", "step", "node")
LABELS = {"recording": ("recording", 0), "time": ("step", 1), "input": ("input", None)}
CODES = {name: code for code, name in enumerate(pooling.STATISTICS)}
PPV = "ppv"  # proportion of positive values, as in ROCKET: of steps above a training quantile
PPVS = frozenset(f"{PPV}{percent}" for percent in range(1, 100))
POOLS: dict[str, tuple[str, ...]] = {name: (name,) for name in CODES}
POOLS |= {"ppv": ("ppv50",), "ppv4": ("ppv20", "ppv40", "ppv60", "ppv80")}
FIXED = ("wiring", "input_shape", "field", "regions")  # by fit
LOCAL = ("input_shape", "field")  # parameters of wirings over a frame alone
LEVELS = {"device": ("devices", "device"), "resistor": ("resistors in series", "resistor")}


@contextmanager
def at_most(n_threads: int) -> Iterator[None]:
    """Use at most ``n_threads`` threads: on a busy machine a live step would wait for idle ones."""
    before = numba.get_num_threads()
    if before <= max(1, n_threads):  # to set it takes several microseconds
        yield
        return
    numba.set_num_threads(max(1, n_threads))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def is_ppv(name: Any) -> bool:
    """Return whether a statistic is the fraction of steps above a training quantile, in percent.

    Examples
    --------
    >>> is_ppv("ppv50"), is_ppv("ppv"), is_ppv("ppv100"), is_ppv("max")
    (True, False, False, False)
    """
    return isinstance(name, str) and name in PPVS


def quantiles(statistics: tuple[str, ...]) -> list[float]:
    """Return the training quantiles above which steps are counted.

    Examples
    --------
    >>> quantiles(("mean", "ppv25", "ppv80"))
    [0.25, 0.8]
    """
    return [int(name[len(PPV) :]) / 100 for name in statistics if is_ppv(name)]


def shown(value: Any) -> str:
    """Return the text of a parameter; a matrix is shown by its shape and a digest of its values.

    Examples
    --------
    >>> shown("ring"), shown(np.eye(3))
    ("'ring'", 'matrix (3, 3), sha256 5a9a9f2ab32247d4')
    """
    matrix = getattr(value, "weights", value)
    if not sparse.issparse(matrix) and not isinstance(matrix, np.ndarray):
        return repr(value)
    table = sparse.csr_array(np.atleast_2d(matrix) if isinstance(matrix, np.ndarray) else matrix)
    parts = table.indptr.astype(np.int64), table.indices.astype(np.int64), table.data
    content = b"".join(part.astype(part.dtype.newbyteorder("<")).tobytes() for part in parts)
    return f"matrix {matrix.shape}, sha256 {sha256(content).hexdigest()[:16]}"


class Reservoir(
    NamesParameters, FrameOutput, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base class of the reservoirs, composed with a node record that draws and runs the nodes.

    A 2-D array is one recording with time as rows; a 3-D array (recording, step, input), or a list
    of 2-D arrays of any lengths, holds many. Every call to ``transform`` starts from rest. A
    subclass defines its parameters, their docstring and ``_kind``; it overrides no method.
    """

    _kind: ClassVar[Node]

    # values of the parameters that a class does not have
    wiring: Any = "random"
    fan_in: Any = None
    input_shape: Any = None
    field: Any = 5
    regions: Any = 4
    n_taps: Any = 1
    n_masks: Any = 1
    observable: Any = "state"
    random_state: Any = None
    device: Any = None
    # parameters of every class
    n_nodes: Any
    pool: Any
    n_segments: Any
    # fitted
    n_features_in_: int
    noise_seed_: int
    input_weights_: Any
    thresholds_: NDArray

    @property
    def _node(self) -> Node:
        """The kind of the nodes, behind the wiring."""
        return wired(type(self)._kind, self.wiring if isinstance(self.wiring, str) else "random")

    @property
    def units(self) -> str:
        """Unit of a state."""
        return choose(self._node.observed(self), self._node.observables(self), "observable")

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw the reservoir.

        Only the number of inputs of a drive is used, but for ``wiring`` "dilated" and
        "convolution", which scale and shift the inputs of nodes by training recordings, and for
        pooled fractions of steps ("ppv"), whose thresholds are quantiles of training states.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive; a list holds arrays of shape (n_steps, n_inputs). Event-driven reservoirs also
            take event streams.
        y : ignored
            Present for compatibility with pipelines.

        Returns
        -------
        self : Reservoir
            The fitted reservoir.
        """
        for name in (KEPT, "nodes_"):  # the device may have been defined again
            self.__dict__.pop(name, None)
        self._check_parameters()
        drives = self._node.read(self, X, True)
        if drives.absent.any():
            place = int(np.argmax(drives.absent))
            raise ValueError(
                f"recording {place} is absent (None, or NaN throughout): leave it out of "
                "fit; a sense may be absent at predict time only."
            )
        self._warn_segments(drives.sizes)
        self._longest = int(drives.sizes.max())
        n_nodes = getattr(self, "n_nodes", 1)  # of event-driven reservoirs it follows from events
        many = f"the input weights of {n_nodes} nodes"
        check_memory(float(n_nodes) * self.n_features_in_, many, "take a smaller n_nodes")
        rng = check_random_state(self.random_state)
        for name in ("weights_", "reference_", "biases_", "shifts_", "thresholds_"):
            self.__dict__.pop(name, None)
        self.__dict__.update(self._node.wire(self, rng))
        self.__dict__.update(self._node.draw(self, rng))
        self.__dict__.update(self._node.settle(self, rng))
        self.__dict__.update(self._node.learn(self, drives, rng))
        self._node.probe(self, drives)
        say_if_lasting(self, self._node.fading(self))
        self._fitted_with = {name: getattr(self, name) for name in FIXED}
        self._n_features_out = self.n_nodes * max(1, len(self._statistics()) * self.n_segments)
        if quantiles(self._statistics()):
            self._learn_thresholds(drives)
        return self

    def _refuse_changed(self) -> None:
        """Raise if the wiring was changed after ``fit``, which drew it."""
        for name, value in getattr(self, "_fitted_with", {}).items():
            now = getattr(self, name)
            if now is not value and repr(now) != repr(value):
                raise ValueError(f"{name}={now!r} was set after fit; call fit again.")

    def _learn_thresholds(self, drives: Any) -> None:
        """Learn quantiles of training states, of each node, for pooled fractions of steps."""
        few = sample(drives)
        taken = evenly(int(few.sizes.sum()), MOST_ROWS)  # of the steps of all
        begins = np.cumsum(few.sizes) - few.sizes
        rows = []
        for first, block, lengths in self._blocks(few):
            for i, n in enumerate(lengths):
                at = taken - begins[first + i]
                rows.append(block[i, at[(at >= 0) & (at < n)]])
        wanted = quantiles(self._statistics())
        self.thresholds_ = np.quantile(np.concatenate(rows), wanted, axis=0)
        self._quantiles = wanted

    def transform(self, X: Any) -> Any:
        """Return states, or features where ``pool`` or ``n_segments`` is set.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive, or event streams. A recording that is NaN throughout, or None, is absent; its
            result is NaN.

        Returns
        -------
        out : ndarray or list of ndarray
            With pooling (n_recordings, n_features). Without, states: (n_steps, n_nodes) for 2-D
            input, (n_recordings, n_steps, n_nodes) for 3-D input, a list for a list.
        """
        check_is_fitted(self)
        drives = self._node.read(self, X, False)
        statistics = self._statistics()
        if statistics:
            return np.concatenate([self._pool(block, statistics) for block in self._blocks(drives)])
        sizes = drives.sizes
        check_memory(
            float(sizes.sum()) * self.n_nodes, f"the states of {sizes.sum()} steps",
            "set pool= or n_segments=, or take fit_stream and predict_stream",
        )  # fmt: skip
        if drives.kind == "array":
            parts = []
            whole = len(drives) if self._node.sums_inputs(self) else None
            for _, states, lengths in self._blocks(drives, width=whole):
                if not lengths.any():  # all absent: the block then has a single step
                    states = np.repeat(states[:, :1], sizes[0], axis=1)
                states[lengths == 0] = np.nan
                parts.append(states)
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        states = [
            block[i, :n] if n else np.full((sizes[first + i], self.n_nodes), np.nan)
            for first, block, lengths in self._blocks(drives)
            for i, n in enumerate(lengths)
        ]
        return states[0] if drives.kind == "one" else states

    def states(self, X: Any, keys: Any = None, *, names: Any = None, times: Any = None) -> Any:
        """Return every node at every step as a labelled dataset.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive, or event streams.
        keys : array-like of int of shape (n_recordings,), default=None
            Key of each recording's noise; by default a hash of its drive.
        names : array-like of shape (n_recordings,), default=None
            Names of the recordings. None: those of a DataArray if it has any, else numbers.
        times : array-like of shape (n_steps,), default=None
            Sensor time of each step in second. None: that of a DataArray if it has any, else none.

        Returns
        -------
        dataset : xarray.Dataset
            Variable ``states`` (recording, step, node), NaN after a recording's end, ``row_size``
            (recording,). Coordinates: ``recording``, ``step``, ``node``, and where available
            ``time`` (step,) in second and ``input``, the names of the drive's inputs. Attributes
            hold units, parameters, seed and versions.

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> drive = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
        >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
        >>> found = reservoir.states(drive, names=["a", "b"])
        >>> dict(found.states.sizes), found.states.sel(recording="b").shape
        ({'recording': 2, 'step': 50, 'node': 20}, (50, 20))
        """
        import xarray as xr

        check_is_fitted(self)
        drives = self._node.read(self, X, False)
        keys = None if keys is None else check_keys(keys, len(drives))
        shape = len(drives), drives.sizes.max(), self.n_nodes
        out = np.full(shape, np.nan, self._node.rest(self).dtype)
        for first, block, lengths in self._blocks(drives, keys):
            for i, n in enumerate(lengths):
                out[first + i, :n] = block[i, :n]
        return xr.Dataset(
            {
                "states": (DIMS, out, {"units": self.units}),
                "row_size": ("recording", drives.sizes, {"long_name": "steps of a recording"}),
            },
            coords=self._coordinates(drives, out.shape, names, times),
            attrs=self.describe(),
        )

    def _coordinates(self, drives: Any, shape: Any, names: Any, times: Any) -> dict[str, Any]:
        """Return coordinates of states: indices, and labels of recordings, steps and inputs."""
        coords: dict[str, Any] = {name: np.arange(n) for name, n in zip(DIMS, shape, strict=True)}
        labels = {"recording": names, "time": times}
        for label, (dim, size) in LABELS.items():
            values = drives.labels.get(label) if labels.get(label) is None else labels[label]
            if values is None:
                continue
            values, n = np.asarray(values), shape[size] if size is not None else None
            if n is not None and values.shape != (n,):
                raise ValueError(
                    f"{label} labels have shape {values.shape}, expected ({n},): one per {dim}."
                )
            coords[label] = (dim, values, {"units": "s"} if label == "time" else {})
        return coords

    @available_if(lambda self: self._node.metered(self))
    def energy(self, X: Any, keys: Any = None) -> Any:
        r"""Return the energy of each recording, :math:`\int V I dt` summed inside the kernels.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive.
        keys : array-like of int of shape (n_recordings,), default=None
            Key of each recording's noise; by default a hash of its drive.

        Returns
        -------
        dataset : xarray.Dataset
            Over ``recording``, summed over nodes and steps: ``device``, ``resistor`` (in series
            with the devices, or coupling them) and ``supply``, each in J; ``spikes``, if nodes
            spike; ``row_size``, the number of steps. NaN where a recording is absent. The supply's
            energy beyond the other two remains in capacitors.

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> drive = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
        >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
        >>> energy = reservoir.energy(drive)
        >>> energy.supply.shape, energy.row_size.values.tolist()
        ((2,), [50, 50])
        """
        import xarray as xr

        check_is_fitted(self)
        drives = self._node.read(self, X, False)
        keys = None if keys is None else check_keys(keys, len(drives))
        spent = np.zeros((len(drives), len(METERED)))
        for _ in self._blocks(drives, keys, spent=spent):
            pass
        spent[drives.absent] = np.nan
        names = METERED if self._node.spikes else METERED[:3]
        columns = {}
        for name in names:
            attrs = {"units": "1" if name == "spikes" else "J"}
            if name in LEVELS:
                attrs |= dict(zip(("long_name", "level"), LEVELS[name], strict=True))
            if name == "supply":
                attrs["rest"] = "left in capacitors"  # energy that no other part takes
            columns[name] = ("recording", spent[:, METERED.index(name)], attrs)
        return xr.Dataset(
            {**columns, "row_size": ("recording", drives.sizes)},
            coords={"recording": np.arange(len(drives))},
            attrs=self.describe() | {"n_nodes": self.n_nodes, "source": str(self.device)},
        )

    def regime_of_nodes(self) -> Any:
        """Describe what the nodes do at the bias, without input, and whether they forget.

        Returns
        -------
        description : dict
            ``forgets``, whether different pasts fade under the same input (echo state property),
            None if that depends on the drive or is not known, and ``ground``, the reason. Of
            oscillators also ``window``, the supplies in V between which a nominal node oscillates;
            ``v_bias`` in V; ``fractions`` of the nodes, with their own constants, that are
            "oscillating", "resting" or "latched" in the metallic state.

        Notes
        -----
        ``forgets`` follows from the parameters, for a drive from -1 to 1; `quality.measure` with
        "forgetting" measures it. A reservoir that does not forget is sound for recordings that all
        start from rest.

        Examples
        --------
        >>> from mottle.reservoir import VO2Reservoir
        >>> VO2Reservoir(20, regime="oscillating").fit(np.zeros((5, 1))).regime_of_nodes()[
        ...     "fractions"
        ... ]
        {'oscillating': 1.0, 'latched': 0.0, 'resting': 0.0}
        >>> VO2Reservoir(20).fit(np.zeros((5, 1))).regime_of_nodes()["forgets"]
        True
        """
        check_is_fitted(self)
        fading, operate = self._node.fading(self), self._node.operate
        found = {"forgets": fading.forgets, "ground": fading.ground}
        return found if operate is None else found | operate(self)

    def count_operations(self, X: Any, energy: Any = None) -> Any:
        """Count the operations of ``transform``, for a report of its energy.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive, or event streams. Absent recordings are not counted.
        energy : xarray.Dataset, default=None
            Result of ``energy(X)``, if available: it is then not computed again.

        Returns
        -------
        counts : dict of str to float
            ``recordings``, ``node_steps``, ``spikes`` if nodes spike, and operations by the
            names of `mottle.reservoir.energy.OPERATIONS`.
        """
        check_is_fitted(self)
        drives = self._node.read(self, X, False)
        steps = float(drives.sizes[~drives.absent].sum())
        states = steps * self.n_nodes
        counts = {"recordings": float((~drives.absent).sum()), "node_steps": states}
        if not steps:
            return counts
        counts |= self._node.operations(self, drives, steps)
        if self._node.spikes:
            energy = self.energy(X) if energy is None else energy
            counts["spikes"] = float(energy["spikes"].sum())
            if self._node.observed(self) in ("spikes", "frequency", "phase"):
                counts["output_spikes"] = counts["spikes"]
        if self._node.converters and "output_spikes" not in counts:
            counts["states_read"] = states
        if self._statistics() and counts["node_steps"]:
            counts["pooling"] = states * len(self._statistics())
        return counts

    @property
    def energy_scales_(self) -> dict[str, float]:
        """Factors on the energy of operations, such as the squared voltage of drivers."""
        return self._node.energy_scales(self)

    @property
    def costs_left_out_(self) -> list[str]:
        """Costs that `energy_report` does not count."""
        return list(self._node.left_out(self))

    def describe(self) -> dict[str, Any]:
        """Return the metadata of states: class, parameters, seed, step time and versions."""
        parameters = {name: shown(value) for name, value in self.get_params(deep=False).items()}
        return {
            "reservoir": type(self).__name__,
            "parameters": dumps(parameters, sort_keys=True),
            "noise_seed": self.noise_seed_,
            "units": self.units,
            "versions": dumps({name: version(name) for name in ("mottle", "numpy", "numba")}),
            **self._node.times(self),
        }

    def start(self, n_recordings: int = 1, keys: Any = None, *, meter: Any = False) -> Any:
        """Return the state of ``n_recordings`` live runs at rest.

        Parameters
        ----------
        n_recordings : int, default=1
            Number of runs side by side.
        keys : array-like of int of shape (n_recordings,), or list of iterators, default=None
            Key of each run's noise, by default its index. An iterator yields the chunks of the
            drive that the run will receive: its noise then equals that of ``transform``.
        meter : bool, default=False
            Sum the energies of each run, in ``state.spent``: device, resistor and supply in J, and
            the number of spikes.

        Returns
        -------
        state : ReservoirState
            For ``advance``.

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> drive = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
        >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
        >>> state = reservoir.start(2, meter=True)
        >>> state, states = reservoir.advance(state, drive[:, :10])
        >>> state.step, state.spent.shape
        (10, (2, 4))
        """
        check_is_fitted(self)
        n_recordings = check_whole("n_recordings", n_recordings)
        if meter and not self._node.metered(self):
            raise ValueError(
                f"{type(self).__name__} has no simulated devices whose energy could be metered."
            )
        rest = np.repeat(self._node.rest(self)[np.newaxis], n_recordings, axis=0)
        return ReservoirState(
            np.ascontiguousarray(rest),
            self._keys_of_runs(keys, n_recordings),
            spent=np.zeros((n_recordings, len(METERED))) if meter else None,
            owner=self._owner(),
        )

    def _keys_of_runs(self, keys: Any, n_recordings: int) -> NDArray:
        if isinstance(keys, list) and len(keys) == n_recordings and hasattr(keys[0], "__next__"):
            if not self._node.noisy(self):
                return noise_keys(self.noise_seed_, [0] * n_recordings)
            parts = ((np.asarray(chunk, np.float64).tobytes() for chunk in run) for run in keys)
            return noise_keys(self.noise_seed_, parts)
        keys = check_keys(np.arange(n_recordings) if keys is None else keys, n_recordings)
        return noise_keys(self.noise_seed_, keys)

    def advance(self, state: Any, X: Any, n_steps: Any = None) -> Any:
        """Advance live runs by a chunk of drive; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : ReservoirState
            From ``start`` or the previous call; it is not changed.
        X : ndarray of shape (n_recordings, n_steps, n_inputs), or list of event streams
            The next chunk of every run: steps of the drive, or events if the reservoir was fitted
            on event streams, with times from the beginning of the run.
        n_steps : int, default=None
            Number of steps that events cover, by default one. Not needed for a chunk of drive.

        Returns
        -------
        state : ReservoirState
            State of the runs after the chunk.
        states : ndarray of shape (n_recordings, n_steps, n_nodes)
            States of the nodes.

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> drive = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
        >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
        >>> state, first = reservoir.advance(reservoir.start(2), drive[:, :30])
        >>> state, rest = reservoir.advance(state, drive[:, 30:])
        >>> state.step, first.shape, rest.shape
        (50, (2, 30, 20), (2, 20, 20))
        """
        if "noise_seed_" not in vars(self):  # the check of scikit-learn takes longer than a step
            check_is_fitted(self)
        block, lengths = self._node.read_chunk(self, state, X, n_steps)
        new = self._copy_state(state)
        with at_most(len(lengths)):
            out = self._run_block(block, lengths, new)
        new.step += out.shape[1]
        return new, out

    def pool_states(self, states: Any) -> NDArray:
        """Return the features of recordings from all their states, as ``transform`` does.

        Parameters
        ----------
        states : ndarray of shape (n_recordings, n_steps, n_nodes)
            Of ``advance``. Without steps all features are NaN.

        Returns
        -------
        features : ndarray of shape (n_recordings, n_features)

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> drive = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
        >>> reservoir = MemristorReservoir(20, pool="mean", random_state=0).fit(drive)
        >>> _, states = reservoir.advance(reservoir.start(2), drive)
        >>> np.array_equal(reservoir.pool_states(states), reservoir.transform(drive))
        True
        """
        check_is_fitted(self)
        statistics = self._statistics()
        if not statistics:
            raise ValueError("pool=None and n_segments=1: there is nothing to pool.")
        states = np.ascontiguousarray(states)
        if states.ndim != 3 or states.shape[2] != self.n_nodes:
            raise ValueError(
                f"states have shape {states.shape}; expected (n_recordings, n_steps, "
                f"{self.n_nodes})."
            )
        if not states.shape[1]:
            return np.full((len(states), self._n_features_out), np.nan)
        return self._pool((0, states, np.full(len(states), states.shape[1])), statistics)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Name the features after statistic, segment and node.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names of the inputs in ``fit``.

        Returns
        -------
        names : ndarray of str
            One name per column of the result of ``transform``.

        Examples
        --------
        >>> from mottle.reservoir import MemristorReservoir
        >>> reservoir = MemristorReservoir(2, pool=("mean", "last"), random_state=0)
        >>> reservoir.fit(np.zeros((10, 1))).get_feature_names_out()[:2].tolist()
        ['memristorreservoir_mean0_0', 'memristorreservoir_mean0_1']
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        prefix, nodes = type(self).__name__.lower(), range(self.n_nodes)
        statistics = self._statistics()
        if not statistics:
            return np.array([f"{prefix}{node}" for node in nodes], dtype=object)
        return np.array(
            [
                f"{prefix}_{name}{'_' * name[-1].isdigit()}{segment}_{node}"
                for name in statistics
                for segment in range(self.n_segments)
                for node in nodes
            ],
            dtype=object,
        )

    @property
    def pools(self) -> bool:
        """Whether ``transform`` returns features, one row per recording, instead of states."""
        return bool(self._statistics())

    def _check_parameters(self) -> None:
        """Check the parameters of the base class and of the node."""
        if "n_nodes" in self.get_params(deep=False):
            n_nodes = check_whole("n_nodes", self.n_nodes)
            many = f"the input weights of {n_nodes} nodes"
            check_memory(float(n_nodes), many, "take a smaller n_nodes")  # of one input at least
            choose(self.wiring, dict.fromkeys(WIRINGS), "wiring")
            check_whole("field", self.field)
            if self.fan_in is not None:
                check_whole("fan_in", self.fan_in)
            if self.input_shape is not None:
                check_shape(self.input_shape)
            self._refuse_ignored()
            n_masks = check_whole("n_masks", self.n_masks)
            if self.n_nodes % n_masks:
                fits = max(1, round(self.n_nodes / n_masks)) * n_masks
                raise ValueError(
                    f"n_nodes={self.n_nodes} is devices times masks and must be a multiple of "
                    f"n_masks={n_masks}; take {fits}, for example."
                )
        if self.wiring in ("dilated", "convolution") and self.n_masks != 1:
            raise ValueError(
                f"n_masks={self.n_masks} has no effect with wiring={self.wiring!r}: leave it at 1."
            )
        n_taps = check_whole("n_taps", self.n_taps)
        if n_taps > 1 and self.wiring != "random":
            raise ValueError(f"n_taps={n_taps} needs wiring='random', not {self.wiring!r}.")
        self._statistics()
        choose(self._node.observed(self), self._node.observables(self), "observable")
        self._node.check(self)

    def _refuse_ignored(self) -> None:
        """Refuse parameters that have no effect with the chosen wiring; one input a node is one."""
        without = {"random": LOCAL, "dilated": LOCAL, "one_to_one": ("fan_in", *LOCAL)}
        ignored = without.get(self.wiring, ())
        if self.wiring != "convolution":
            ignored = (*ignored, "regions")
        defaults = signature(type(self)).parameters
        for name in filter(defaults.__contains__, ignored):
            value, default = getattr(self, name), defaults[name].default
            if name == "fan_in" and value == 1:
                continue
            if value is not None and (default is None or value != default):
                way = {"fan_in": "random", "regions": "convolution"}.get(name, "local")
                raise ValueError(
                    f"{name}={value!r} has no effect with wiring={self.wiring!r}: leave it at "
                    f"{default!r}, or take wiring={way!r}."
                )

    def _statistics(self) -> tuple[str, ...]:
        """Return the names of the pooled statistics; none if states are not pooled."""
        check_whole("n_segments", self.n_segments)
        if self.pool is None:
            return ("mean",) if self.n_segments > 1 else ()
        names = tuple(self.pool) if isinstance(self.pool, tuple | list) else (self.pool,)
        for name in names:
            if not is_ppv(name):
                choose(name, POOLS, "pool")
        found = tuple(part for name in names for part in POOLS.get(name, (name,)))
        if len(set(found)) < len(found):
            raise ValueError(f"pool={self.pool!r} has a statistic twice; 'ppv' is 'ppv50'.")
        return found

    def _warn_segments(self, sizes: NDArray) -> None:
        """Warn of recordings with fewer steps than there are segments to pool."""
        short = np.flatnonzero(sizes < self.n_segments)
        if self._statistics() and short.size:
            warn(
                f"n_segments={self.n_segments} is more than the {sizes[short[0]]} steps of "
                f"recording {short[0]} ({short.size} of {sizes.size} recordings): segments then "
                "have steps in common, and features are repeated. Take fewer segments, or more "
                "steps from the encoder.",
                stacklevel=3,
            )

    def _check_restored(self) -> None:
        if "input_weights_" in vars(self):
            check_restored(self)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: the attributes, and what other processes may not know."""
        return super().__getstate__() | self._node.carried(self)

    def _owner(self) -> str:
        """Return the name stored in states, which only the same kind of reservoir accepts."""
        return type(self).__name__ + self._node.family(self)

    def _copy_state(self, state: ReservoirState) -> ReservoirState:
        """Return a copy of a state for the kernels, which check no shapes: it must fit."""
        rest, values = self._node.rest(self), state.values
        shape = state.keys.size, *rest.shape
        if (state.owner, values.shape, values.dtype) != (self._owner(), shape, rest.dtype):
            raise ValueError(
                f"the state is {values.dtype} of shape {values.shape}, from {state.owner!r}; this "
                f"{self._owner()!r} needs {rest.dtype} of shape {shape}: take it from its start()."
            )
        past = (self._node.reach(self), self.n_features_in_)
        if state.past is not None and state.past.shape[1:] != past:
            raise ValueError(
                f"the state holds (tap, input) {state.past.shape[1:]} of the drive, not {past}."
            )
        spent = None if state.spent is None else state.spent.copy()
        values = np.array(values, order="C")
        return ReservoirState(values, state.keys, state.step, state.past, spent, state.owner)

    def _tapped(self, padded: NDArray, lengths: NDArray, state: ReservoirState) -> NDArray:
        """Append earlier steps to the inputs, lag by lag; 0 before the beginning."""
        back, n_steps = self.n_taps - 1, padded.shape[1]
        whole = recall(padded, lengths, state, back)
        lags = [whole[:, back - lag : back - lag + n_steps] for lag in range(back + 1)]
        return np.concatenate(lags, axis=2)

    def _blocks(self, drives, keys=None, *, width=None, spent=None):
        """Yield (first recording, states, lengths) for blocks of bounded memory, from rest.

        Energies are added to ``spent`` (recording, 4), if given.
        """
        if width is None:
            values = max(self.n_nodes, self.n_features_in_ * self.n_taps)
            each = 8 * int(drives.sizes.max()) * int(values)
            n_parallel = self._node.n_parallel(self)
            least = LEAST_WIDTH * numba.get_num_threads()
            width = max(CACHED_BYTES // each, 2 * n_parallel, least)
            width = max(1, min(width, BLOCK_BYTES // each))
            width = max(width // n_parallel * n_parallel, min(width, n_parallel))
        rest, noisy = self._node.rest(self), self._node.noisy(self)
        for first in range(0, len(drives), width):
            last = min(first + width, len(drives))
            block, lengths = drives.block(first, last)
            if not noisy:  # no key is read
                own = np.zeros(last - first, np.uint64)
            elif keys is not None:
                own = noise_keys(self.noise_seed_, list(keys)[first:last])
            else:
                own = noise_keys(self.noise_seed_, map(drives.content, range(first, last)))
            values = np.ascontiguousarray(np.repeat(rest[np.newaxis], last - first, axis=0))
            state = ReservoirState(values, own)
            state.spent = None if spent is None else spent[first:last]
            yield first, self._run_block(block, lengths, state), lengths
        drives.finish(self)

    def _run_block(self, block: Any, lengths: NDArray, state: ReservoirState) -> NDArray:
        self._refuse_changed()
        if self.n_taps > 1:
            block = self._tapped(block, lengths, state)
        return self._node.run(self, block, lengths, state)

    def _pool(self, block, statistics: tuple[str, ...]) -> NDArray:
        _, states, lengths = block
        codes, thresholds = self._codes(statistics)
        pooled = np.full((len(states), codes.size, self.n_segments, self.n_nodes), np.nan)
        args = (states, lengths, codes, thresholds, pooled)
        if states.size < LEAST_UPDATES:
            pooling.pool(0, len(states), *args)
        else:
            split(lambda begin, end: pooling.pool(begin, end, *args), lengths)
        return pooled.reshape(len(states), -1)

    def _codes(self, statistics: tuple[str, ...]) -> tuple[NDArray, NDArray]:
        """Return the codes of statistics for the kernels, and the thresholds (threshold, node)."""
        wanted = quantiles(statistics)
        if wanted and wanted != getattr(self, "_quantiles", None):
            raise ValueError(f"pool={self.pool!r} was set after fit; call fit again.")
        above = iter(range(pooling.ABOVE, pooling.ABOVE + len(statistics)))
        codes = np.array([next(above) if is_ppv(name) else CODES[name] for name in statistics])
        return codes, self.thresholds_ if wanted else np.empty((0, self.n_nodes))

    def _pool_on(self, sums: NDArray | None, done: int, states: NDArray) -> tuple[Any, NDArray]:
        """Return the sums of recordings after some more states, and their features.

        A live run calls it for its steps: the features are those of `pool_states` for all states.

        Parameters
        ----------
        sums : ndarray of shape (n_recordings, n_rows, n_nodes) or None
            Of the ``done`` steps before; not changed. None before the first step.
        states : ndarray of shape (n_recordings, n_steps, n_nodes)
            What comes next, at least one step.
        """
        statistics = self._statistics()
        codes, thresholds = self._codes(statistics)
        if sums is None:
            sums = np.empty((len(states), pooling.MOMENTS + len(thresholds), self.n_nodes))
        else:
            sums = sums.copy()
        pooled = np.empty((len(states), codes.size, self.n_nodes))
        pooling.pool_on(np.ascontiguousarray(states), done, codes, thresholds, sums, pooled)
        return sums, pooled.reshape(len(states), -1)
