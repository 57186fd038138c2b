"""What every reservoir shares: kinds of input, blocks of recordings, pooling, labelled states."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib.metadata import version
from json import dumps
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from mottle.checks import choose
from mottle.reservoir.compiled import inputs, pooling
from mottle.reservoir.compiled.threads import LEAST_UPDATES, empty_states, share
from mottle.reservoir.nodes.wiring import draw_input_weights, draw_masks

BLOCK_BYTES = 1 << 26  # of node inputs held at once; states of a large set never exist in memory
DIMS = ("recording", "step", "node")
METERED = ("device", "resistor", "supply", "spikes")  # energies in J, and a count
CODES = {name: code for code, name in enumerate(pooling.STATISTICS)}


@dataclass
class ReservoirState:
    """Where a live run stands: node variables, noise keys and the number of steps done."""

    values: NDArray  # (recording, variable, node)
    keys: NDArray  # (recording,), uint64
    step: int = 0
    past: NDArray | None = None  # (recording, tap, input), drive that delay taps still need
    spent: NDArray | None = None  # (recording, 4): see METERED; None where nobody asked
    owner: str = ""  # class of the reservoir


@contextmanager
def at_most(n_threads: int) -> Iterator[None]:
    """Start no thread that has no recording: a tick would wait for it on a busy machine."""
    before = numba.get_num_threads()
    numba.set_num_threads(max(1, min(n_threads, before)))
    try:
        yield
    finally:
        numba.set_num_threads(before)


class Reservoir(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the reservoirs: a subclass draws its nodes and runs them, this class does the rest.

    A 2-D array is one recording with time as rows; a 3-D array (recording, step, input) or a list
    of 2-D arrays, whose lengths may differ, is many. Every call to ``transform`` starts from rest.
    """

    _metered = False  # whether the kernels sum energies
    _spikes = False  # and count spikes

    @property
    def _abreast(self) -> int:
        """How many recordings the kernel runs beside each other."""
        return 1

    @property
    def _inputs_stay_inside(self) -> bool:
        """Whether node inputs need no array of their own, so that blocks would save no memory."""
        return False

    @property
    def units(self) -> str:
        """Unit of a state."""
        return "1"

    # a subclass's __init__ stores n_nodes, wiring, fan_in, input_shape, field, pool, n_segments and
    # random_state beside its own parameters

    @abstractmethod
    def _draw(self, rng: np.random.RandomState) -> None:
        """Draw the nodes once ``input_weights_`` is there."""

    @abstractmethod
    def _rest(self) -> NDArray:
        """State (variable, node) of a node that was left alone."""

    @abstractmethod
    def _run(self, v_in: NDArray, lengths: NDArray, state: ReservoirState) -> NDArray:
        """Run node inputs (recording, step, node); advance ``state.values`` in place."""

    @abstractmethod
    def _gain_and_bias(self) -> tuple[float, float]:
        """How a node's input follows from its weighted sum."""

    def fit(self, X, y=None):
        """Draw the reservoir; of ``X`` only the number of inputs is used.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive; a list holds arrays of shape (n_steps, n_inputs).
        y : ignored
            Present for the sake of pipelines.

        Returns
        -------
        self : Reservoir
            The fitted reservoir.
        """
        if not (isinstance(self.n_nodes, int | np.integer) and self.n_nodes >= 1):
            raise ValueError(f"n_nodes={self.n_nodes!r} must be a whole number, at least 1.")
        self._statistics()
        drives, _ = self._check_drive(X, reset=True)
        if any(np.isnan(drive).all() for drive in drives):
            place = next(i for i, drive in enumerate(drives) if np.isnan(drive).all())
            raise ValueError(
                f"recording {place} is absent (its drive is NaN throughout): fit on recordings "
                "that are there; a sense may be missing at predict time only."
            )
        rng = check_random_state(self.random_state)
        weights = draw_input_weights(
            rng,
            int(self.n_nodes) // self._masks(),
            self.n_features_in_ * self._taps(),
            self.wiring,
            self.fan_in,
            self.input_shape,
            self.field,
        )
        self.input_weights_ = draw_masks(rng, weights, self._masks())
        self.noise_seed_ = int(rng.randint(2**31))
        self._draw(rng)
        self._n_features_out = self.n_nodes * max(1, len(self._statistics()) * self.n_segments)
        return self

    def transform(self, X):
        """Return states, or features where ``pool`` or ``n_segments`` asks for them.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive. A recording that is NaN throughout is absent, and so is its result.

        Returns
        -------
        out : ndarray or list of ndarray
            With pooling (n_recordings, n_features). Without, states: (n_steps, n_nodes) for 2-D
            input, (n_recordings, n_steps, n_nodes) for 3-D input, a list for a list.
        """
        check_is_fitted(self)
        drives, kind = self._check_drive(X, reset=False)
        statistics = self._statistics()
        if statistics:
            return np.concatenate([self._pool(block, statistics) for block in self._blocks(drives)])
        if kind == "array":
            parts = []
            for _, whole, lengths in self._blocks(
                drives, width=len(drives) if self._inputs_stay_inside else None
            ):
                if not lengths.any():  # of which the block has one step, whatever their number
                    whole = np.repeat(whole[:, :1], self._n_steps(drives[0]), axis=1)
                whole[lengths == 0] = np.nan
                parts.append(whole)
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        states = [
            block[i, :n] if n else np.full((self._n_steps(drives[first + i]), self.n_nodes), np.nan)
            for first, block, lengths in self._blocks(drives)
            for i, n in enumerate(lengths)
        ]
        return states[0] if kind == "one" else states

    def states(self, X, keys=None):
        """Return every node at every step as a labelled dataset.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive.
        keys : array-like of int of shape (n_recordings,), default=None
            What the noise of each recording depends on; by default a hash of its drive.

        Returns
        -------
        dataset : xarray.Dataset
            Variable ``states`` (recording, step, node), NaN after a recording's end, ``row_size``
            (recording,); attributes hold units, parameters, seed and versions.
        """
        import xarray as xr

        check_is_fitted(self)
        drives, _ = self._check_drive(X, reset=False)
        keys = None if keys is None else check_keys(keys, len(drives))
        sizes = np.array([self._n_steps(drive) for drive in drives])
        out = np.full((len(drives), sizes.max(), self.n_nodes), np.nan, self._rest().dtype)
        for first, block, lengths in self._blocks(drives, keys):
            for i, n in enumerate(lengths):
                out[first + i, :n] = block[i, :n]
        return xr.Dataset(
            {
                "states": (DIMS, out, {"units": self.units}),
                "row_size": ("recording", sizes, {"long_name": "steps of a recording"}),
            },
            coords={name: np.arange(n) for name, n in zip(DIMS, out.shape, strict=True)},
            attrs=self.describe(),
        )

    @available_if(lambda self: self._metered)
    def energy(self, X, keys=None):
        r"""Return what the recordings cost, :math:`\int V I dt` summed inside the kernels.

        Parameters
        ----------
        X : array of shape (n_steps, n_inputs) or (n_recordings, n_steps, n_inputs), or list
            Drive.
        keys : array-like of int of shape (n_recordings,), default=None
            What the noise of each recording depends on; by default a hash of its drive.

        Returns
        -------
        dataset : xarray.Dataset
            Over ``recording``, summed over nodes and steps: ``device``, ``resistor`` (whatever is
            in series with the devices or couples them) and ``supply``, each in J; ``spikes``, of
            reservoirs that spike; ``row_size``, the number of steps. NaN where a recording is
            absent. What the supply gave beyond the other two is left in capacitors.
        """
        import xarray as xr

        check_is_fitted(self)
        drives, _ = self._check_drive(X, reset=False)
        keys = None if keys is None else check_keys(keys, len(drives))
        spent = np.zeros((len(drives), len(METERED)))
        absent = np.zeros(len(drives), dtype=bool)
        for first, block, lengths in self._blocks(drives, keys, spent=spent):
            absent[first : first + len(block)] = lengths == 0
        spent[absent] = np.nan
        sizes = np.array([self._n_steps(drive) for drive in drives])
        units = dict.fromkeys(METERED[:3], "J") | ({"spikes": "1"} if self._spikes else {})
        columns = {
            name: ("recording", spent[:, METERED.index(name)], {"units": unit})
            for name, unit in units.items()
        }
        return xr.Dataset(
            {**columns, "row_size": ("recording", sizes)},
            coords={"recording": np.arange(len(drives))},
            attrs=self.describe() | {"n_nodes": self.n_nodes},
        )

    def describe(self) -> dict[str, Any]:
        """Say what made the states: class, parameters, seed, step time and versions."""
        parameters = {name: repr(value) for name, value in self.get_params(deep=False).items()}
        return {
            "reservoir": type(self).__name__,
            "parameters": dumps(parameters, sort_keys=True),
            "noise_seed": self.noise_seed_,
            "units": self.units,
            "versions": dumps({name: version(name) for name in ("mottle", "numpy", "numba")}),
        }

    def start(self, n_recordings=1, keys=None, *, meter=False):
        """Return the state of ``n_recordings`` live runs at rest.

        Parameters
        ----------
        n_recordings : int, default=1
            Number of runs side by side.
        keys : array-like of int of shape (n_recordings,), default=None
            What the noise of each run depends on, by default its place.
        meter : bool, default=False
            Sum the energies of each run, in ``state.spent``: device, resistor and supply in J, and
            the number of spikes.

        Returns
        -------
        state : ReservoirState
            For ``advance``.
        """
        check_is_fitted(self)
        if not (isinstance(n_recordings, int | np.integer) and n_recordings >= 1):
            raise ValueError(f"n_recordings={n_recordings!r} must be a whole number, at least 1.")
        keys = check_keys(np.arange(n_recordings) if keys is None else keys, n_recordings)
        rest = np.repeat(self._rest()[np.newaxis], n_recordings, axis=0)
        if meter and not self._metered:
            raise ValueError(f"{type(self).__name__} simulates no device that takes energy.")
        spent = np.zeros((n_recordings, len(METERED))) if meter else None
        return ReservoirState(
            np.ascontiguousarray(rest), self._noise_keys(keys), spent=spent, owner=self._owner()
        )

    def advance(self, state, X):
        """Carry live runs on by a chunk of drive; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : ReservoirState
            From ``start`` or the call before; it is not changed.
        X : ndarray of shape (n_recordings, n_steps, n_inputs)
            The next chunk of every run.

        Returns
        -------
        state : ReservoirState
            Where the runs stand now.
        states : ndarray of shape (n_recordings, n_steps, n_nodes)
            What the nodes showed.
        """
        check_is_fitted(self)
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 3 or X.shape[0] != state.keys.size or X.shape[2] != self.n_features_in_:
            raise ValueError(
                f"the chunk has shape {X.shape}; expected ({state.keys.size} recordings, steps, "
                f"{self.n_features_in_} inputs), as in start and fit."
            )
        if not np.isfinite(X).all():
            run, step, channel = np.argwhere(~np.isfinite(X))[0]
            raise ValueError(
                f"run {run} got {X[run, step, channel]} at step {step} of the chunk, input "
                f"{channel}; a live run needs every value."
            )
        X, new = np.require(X, requirements=["C", "A", "W"]), self._go_on(state)
        with at_most(len(X)):
            out = self._run_block(X, np.full(len(X), X.shape[1]), new)
        new.step += X.shape[1]
        return new, out

    def _owner(self) -> str:
        """Whose states these are: nodes of one kind are not those of another."""
        return type(self).__name__

    def _go_on(self, state: ReservoirState) -> ReservoirState:
        """Return a state that may be changed; kernels look at no shape, so it must be our own."""
        rest, values = self._rest(), state.values
        shape = state.keys.size, *rest.shape
        if (state.owner, values.shape, values.dtype) != (self._owner(), shape, rest.dtype):
            raise ValueError(
                f"the state is {values.dtype} of shape {values.shape}, from {state.owner!r}; this "
                f"{self._owner()!r} needs {rest.dtype} of shape {shape}: take it from its start()."
            )
        past = (self._taps() - 1, self.n_features_in_)
        if state.past is not None and state.past.shape[1:] != past:
            raise ValueError(
                f"the state remembers (tap, input) {state.past.shape[1:]} of the drive, not {past}."
            )
        spent = None if state.spent is None else state.spent.copy()
        return replace(state, values=np.array(values, order="C"), spent=spent)

    def get_feature_names_out(self, input_features=None):
        """Name the features after statistic, segment and node.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names seen in ``fit``.

        Returns
        -------
        names : ndarray of str
            One name a column of what ``transform`` returns.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        prefix, nodes = type(self).__name__.lower(), range(self.n_nodes)
        statistics = self._statistics()
        if not statistics:
            return np.array([f"{prefix}{node}" for node in nodes], dtype=object)
        return np.array(
            [
                f"{prefix}_{name}{segment}_{node}"
                for name in statistics
                for segment in range(self.n_segments)
                for node in nodes
            ],
            dtype=object,
        )

    def _statistics(self) -> tuple[str, ...]:
        """Names of the pooled statistics; none for states as they are."""
        if not (isinstance(self.n_segments, int | np.integer) and self.n_segments >= 1):
            raise ValueError(f"n_segments={self.n_segments!r} must be a whole number, at least 1.")
        if self.pool is None:
            return ("mean",) if self.n_segments > 1 else ()
        names = tuple(self.pool) if isinstance(self.pool, tuple | list) else (self.pool,)
        for name in names:
            choose(name, CODES, "pool")
        return names

    def _taps(self) -> int:
        """How many steps of the drive, the present one included, a node may listen to."""
        n_taps = getattr(self, "n_taps", 1)
        if not (isinstance(n_taps, int | np.integer) and n_taps >= 1):
            raise ValueError(f"n_taps={n_taps!r} must be a whole number, at least 1.")
        if n_taps > 1 and self.wiring != "random":
            raise ValueError(f"n_taps={n_taps} goes with wiring='random', not {self.wiring!r}.")
        return int(n_taps)

    def _masks(self) -> int:
        """How many input masks a device sees one after another within a step."""
        n_masks = getattr(self, "n_masks", 1)
        if not (isinstance(n_masks, int | np.integer) and n_masks >= 1):
            raise ValueError(f"n_masks={n_masks!r} must be a whole number, at least 1.")
        if self.n_nodes % n_masks:
            raise ValueError(
                f"n_nodes={self.n_nodes} counts devices times masks and must be a multiple of "
                f"n_masks={n_masks}; {max(1, round(self.n_nodes / n_masks)) * n_masks} would do."
            )
        return int(n_masks)

    def _noisy(self) -> bool:
        """Whether states depend on the key of a recording."""
        return getattr(self, "noise", 0) > 0

    def _tapped(self, padded: NDArray, lengths: NDArray, state: ReservoirState) -> NDArray:
        """Put earlier steps beside the present one, lag after lag; 0 before the beginning."""
        n, back = len(padded), self._taps() - 1
        past = np.zeros((n, back, padded.shape[2])) if state.past is None else state.past
        whole = np.concatenate([past, padded], axis=1)
        rows = lengths[:, np.newaxis] + np.arange(back)
        state.past = whole[np.arange(n)[:, np.newaxis], rows]
        n_steps = padded.shape[1]
        lags = [whole[:, back - lag : back - lag + n_steps] for lag in range(back + 1)]
        return np.concatenate(lags, axis=2)

    def _check_drive(self, X: Any, reset: bool) -> tuple[Any, str]:
        """Return one float array (step, input) a recording, and what kind of input it was."""
        return check_drive(self, X, reset)

    def _n_steps(self, recording: Any) -> int:
        """Return the number of steps of a recording."""
        return int(recording.shape[0])

    def _noise_keys(self, ids: Any) -> NDArray:
        """Keys of the noise from the seed and a recording's number, content or parts of content."""
        seed = self.noise_seed_.to_bytes(8, "little")
        keys = []
        for i in ids:
            if isinstance(i, int | np.integer):
                i = int(i).to_bytes(8, "little", signed=True)
            digest = blake2b(digest_size=8, key=seed)
            for part in (i,) if isinstance(i, bytes) else i:
                digest.update(part)
            keys.append(int.from_bytes(digest.digest(), "little"))
        return np.array(keys, dtype=np.uint64)

    def _blocks(self, drives, keys=None, *, width=None, spent=None):
        """Yield (first recording, states, lengths) for blocks of bounded memory, from rest.

        Energies are added to ``spent`` (recording, 4), if there is one.
        """
        sizes = np.array([drive.shape[0] for drive in drives])
        per_recording = 8 * sizes.max() * max(self.n_nodes, self.n_features_in_ * self._taps())
        if width is None:
            width = int(max(1, BLOCK_BYTES // per_recording))
            width = max(width // self._abreast * self._abreast, min(width, self._abreast))
        rest = self._rest()
        noisy = self._noisy()
        for first in range(0, len(drives), width):
            chosen = drives[first : first + width]
            absent = np.array([bool(np.isnan(drive[0]).all()) for drive in chosen])
            lengths = np.where(absent, 0, sizes[first : first + width])
            padded = side_by_side(chosen, lengths)
            if keys is not None:
                ids = list(keys)[first : first + width]
            else:
                ids = [drive.tobytes() for drive in chosen] if noisy else [0] * len(chosen)
            values = np.repeat(rest[np.newaxis], len(chosen), axis=0)
            state = ReservoirState(np.ascontiguousarray(values), self._noise_keys(ids))
            state.spent = None if spent is None else spent[first : first + width]
            yield first, self._run_block(padded, lengths, state), lengths

    def _run_block(self, padded: NDArray, lengths: NDArray, state: ReservoirState) -> NDArray:
        if self._taps() > 1:
            padded = self._tapped(padded, lengths, state)
        return self._run(self._project(padded, lengths), lengths, state)

    def _project(self, padded: NDArray, lengths: NDArray) -> NDArray:
        """Node inputs (recording, step, node); 0 after the end of a recording."""
        v_in = empty_states(lengths, padded.shape[1], self.input_weights_.shape[0])
        told = (np.ascontiguousarray(padded), lengths, self._wiring(), v_in)
        if v_in.size < LEAST_UPDATES:
            inputs.project(0, len(padded), *told)
        else:
            share(lambda begin, end: inputs.project(begin, end, *told), lengths)
        return v_in

    def _wiring(self) -> inputs.Wiring:
        """How node inputs follow from a drive, for kernels."""
        weights, (gain, bias) = self.input_weights_, self._gain_and_bias()
        weights = sparse.csr_array(weights).sorted_indices()  # others may be put in place after fit
        rows = weights.indptr.astype(np.int64), weights.indices.astype(np.int64)
        return inputs.Wiring(*rows, weights.data, float(gain), float(bias))

    def _pool(self, block, statistics: tuple[str, ...]) -> NDArray:
        _, states, lengths = block
        codes = np.array([CODES[name] for name in statistics])
        pooled = np.full((len(states), codes.size, self.n_segments, self.n_nodes), np.nan)
        told = (states, lengths, codes, pooled)
        if states.size < LEAST_UPDATES:
            pooling.pool(0, len(states), *told)
        else:
            share(lambda begin, end: pooling.pool(begin, end, *told), lengths)
        return pooled.reshape(len(states), -1)


def check_keys(keys: Any, n_recordings: Any) -> NDArray:
    """Return the keys of the noise, one a recording.

    Examples
    --------
    >>> check_keys([1.5], 1)
    Traceback (most recent call last):
    ValueError: keys=[1.5]: expected 1 whole number below 2**63, one a recording.
    """
    given = np.asarray(keys)
    whole = given.dtype.kind in "iu" and (given <= np.iinfo(np.int64).max).all()
    if given.shape != (n_recordings,) or not whole:
        raise ValueError(
            f"keys={keys!r}: expected {n_recordings} whole number{'s' * (n_recordings > 1)} below "
            "2**63, one a recording."
        )
    return given


def side_by_side(drives: Any, lengths: NDArray) -> NDArray[np.float64]:
    """Return drives as (recording, step, input), padded with 0; not copied if they are so already.

    Examples
    --------
    >>> side_by_side([np.ones((1, 1)), np.ones((2, 1))], np.array([1, 2])).tolist()
    [[[1.0], [0.0]], [[1.0], [1.0]]]
    """
    if len(drives) == 1:
        drives = drives[0][np.newaxis]
    if isinstance(drives, np.ndarray):
        return np.require(drives, requirements=["C", "A", "W"])  # what kernels are compiled for
    padded = np.zeros((len(drives), max(int(lengths.max()), 1), drives[0].shape[1]))
    for i, n in enumerate(lengths):
        padded[i, :n] = drives[i][:n]
    return padded


def check_drive(estimator: Any, X: Any, reset: bool) -> tuple[Any, str]:
    """Return one float array (step, input) a recording, and what kind of input it was.

    Sets ``n_features_in_`` of the estimator where ``reset``.
    """
    if hasattr(X, "dims"):  # an xarray.DataArray, which need not be imported to know it
        X = X.to_numpy()
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1:
        X = list(X)
    if isinstance(X, list) and X and all(np.ndim(x) == 2 for x in X):
        drives: Any = [np.asarray(x, dtype=np.float64) for x in X]
        kind = "list"
    elif getattr(X, "ndim", None) == 3:
        drives, kind = np.asarray(X, dtype=np.float64), "array"
    else:
        return [validate_data(estimator, X, dtype=np.float64, reset=reset)], "one"
    if len(drives) == 0:
        raise ValueError("the drive holds no recording; expected at least one.")
    if reset:
        estimator.n_features_in_ = drives[0].shape[1]
        estimator.__dict__.pop("feature_names_in_", None)
    for i, drive in enumerate(drives):
        if drive.shape[1] != estimator.n_features_in_:
            raise ValueError(
                f"recording {i} has {drive.shape[1]} inputs, expected {estimator.n_features_in_}: "
                "every recording needs the same channels in the same order."
            )
        if drive.shape[0] == 0:
            raise ValueError(f"recording {i} has no steps; drop it or mark the sense absent.")
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(drive.sum()):  # so every value is: one pass, and no array of flags
                continue
        bad = ~np.isfinite(drive)
        if bad.any() and not np.isnan(drive).all():
            step, channel = np.argwhere(bad)[0]
            raise ValueError(
                f"recording {i} holds {drive[step, channel]} at step {step}, input {channel}; "
                "mend or drop it (a recording that is NaN throughout counts as absent)."
            )
    return drives, kind
