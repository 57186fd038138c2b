"""The base of all encoders: containers in, drives out, absent senses masked, live runs."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mottle.checks import NamesParameters, check_whole
from mottle.embedded import NotInC
from mottle.events import is_absent
from mottle.memory import check_memory
from mottle.output import ArrayOutput


@dataclass(frozen=True)
class EncoderState:
    """Where live runs stand, side by side: what an encoder keeps of the past, and the steps done.

    Attributes
    ----------
    owner : str
        Class of the encoder.
    n_recordings : int
        Number of runs.
    step : int
        Steps done.
    values : dict of str to ndarray
        What is kept of the past; the first axis is the run.

    Examples
    --------
    >>> from mottle.sensors import TimeMask
    >>> drive = np.ones((6, 2))
    >>> encoder = TimeMask(3, random_state=0).fit(drive)
    >>> state, masked = encoder.advance(encoder.start(), drive[:4])
    >>> state.owner, state.step, masked.shape
    ('TimeMask', 4, (1, 12, 2))
    """

    owner: str
    n_recordings: int
    step: int = 0
    values: dict[str, NDArray] = field(default_factory=dict)


class Encoder(NamesParameters, ArrayOutput, TransformerMixin, BaseEstimator):
    """Streams in, drives out; the abstract base of the encoders.

    A drive is an array (recording, step, input), of float64 unless ``dtype`` says otherwise, (step,
    input) for one lone stream, or a list of (step, input) arrays where lengths differ. An absent
    recording (None) is NaN throughout.
    """

    takes_events = False

    @abstractmethod
    def fit(self, X, y=None):
        """Learn from training recordings what the encoding needs."""

    @abstractmethod
    def transform(self, X):
        """Return the drives of the recordings."""

    @abstractmethod
    def _names_out(self):
        """Return the names of the inputs, a list of str."""

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return the names of the drive's inputs; ``input_features`` is ignored.

        Examples
        --------
        >>> from mottle.sensors import TaxelDrive
        >>> TaxelDrive(2).fit(np.ones((4, 2))).get_feature_names_out().tolist()
        ['channel0', 'channel1']
        """
        check_is_fitted(self)
        return np.array(self._names_out(), dtype=object)

    @property
    def _n_features_out(self):
        return self.n_features_out_

    def step_times(self, X: Any) -> list[NDArray | None] | None:
        """Return when the steps of the drives begin, or None if this encoder's have no time.

        Parameters
        ----------
        X : as in ``transform``
            Streams, None where the sense is absent.

        Returns
        -------
        times : list of (ndarray of shape (step,) or None), or None
            In s, on the clock of each recording; of events from its origin. None for an absent
            recording.

        Examples
        --------
        >>> import xarray as xr
        >>> from mottle.sensors import TaxelDrive
        >>> touch = xr.DataArray(
        ...     np.eye(4), dims=("time", "channel"), coords={"time": [0.0, 0.1, 0.2, 0.3]}
        ... )
        >>> TaxelDrive(2).fit([touch]).step_times([touch])
        [array([0. , 0.2])]
        """
        return None

    def start(self, n_recordings: int = 1, keys: Any = None) -> Any:
        """Return the state of live runs at their beginning.

        Parameters
        ----------
        n_recordings : int, default=1
            Number of runs side by side.
        keys : ignored
            Present for the signature of reservoirs: encoders draw no noise.

        Returns
        -------
        state : EncoderState
            For ``advance``.

        Raises
        ------
        ValueError
            If the parameters make a step depend on what comes after it; names them.
        """
        check_is_fitted(self)
        self._check_causal()
        n_recordings = check_whole("n_recordings", n_recordings)
        return EncoderState(type(self).__name__, n_recordings, 0, self._rest(n_recordings))

    def _check_causal(self):
        """Refuse parameters that make a step depend on what comes after it."""

    def _embed(self, dt):
        """Return the encoder in C, rows ``dt`` s apart: `mottle.embedded.CStage`."""
        raise NotInC(
            f"{type(self).__name__} has no template in C: leave the encoder out, and export the "
            "model from the drive on, model[1:]."
        )

    def _rest(self, n_recordings):
        """Return what is kept of the past before the first step: dict of (recording, ...)."""
        return {}

    def _check_state(self, state, n_streams):
        """Refuse the state of another encoder, and another number of runs."""
        if not isinstance(state, EncoderState):
            raise TypeError(f"state is a {type(state).__name__}: take it from start or advance.")
        shapes = {name: value.shape for name, value in state.values.items()}
        wanted = {name: value.shape for name, value in self._rest(state.n_recordings).items()}
        if state.owner != type(self).__name__ or shapes != wanted:
            raise ValueError(
                f"the state is from {state.owner!r} with {shapes}; this {type(self).__name__} has "
                f"{wanted}: take it from this encoder's start."
            )
        if n_streams != state.n_recordings:
            raise ValueError(f"{n_streams} streams came in for {state.n_recordings} runs.")

    def _pack(self, drives, streams, n_steps):
        """Fill in the absent recordings and join drives of equal length to one array."""
        if any(drive is None for drive in drives):
            absent = np.full((n_steps, self.n_features_out_), np.nan)
            drives = [absent if drive is None else drive for drive in drives]
        return pack(drives, streams.one)


def pack(drives, one=False):
    """Return one drive bare, drives of equal length stacked, others as a list."""
    if one:
        return drives[0]
    if all(drive.shape == drives[0].shape for drive in drives):
        return np.stack(drives)
    return drives


def check_chunk(streams):
    """Refuse absent streams in a live run: a gap is not known to be one until the sense is back."""
    for run, cell in enumerate(streams.cells):
        if is_absent(cell):
            raise ValueError(
                f"run {run} has no stream (None): a live run needs one at every step, of events an "
                "empty one where none came; leave the run out where the sensor is absent."
            )


def check_n_steps(n_steps):
    """Check a number of steps, before memory for them is taken."""
    check_whole("n_steps", n_steps)
    check_memory(float(n_steps), f"a drive of {n_steps} steps", "take a smaller n_steps")
