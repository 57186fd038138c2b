"""What all encoders share: containers in, drives out, absent senses masked."""

from abc import abstractmethod

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


class Encoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Streams in, drives out; the abstract base of the encoders.

    A drive is a float64 array (recording, step, input), (step, input) for one lone stream, or a
    list of (step, input) arrays where lengths differ. An absent recording (None) is NaN throughout.
    """

    @abstractmethod
    def fit(self, X, y=None):
        """Learn from training recordings what the encoding needs."""

    @abstractmethod
    def transform(self, X):
        """Return the drives of the recordings."""

    @abstractmethod
    def _names_out(self):
        """Return the names of the inputs, a list of str."""

    def set_output(self, *, transform=None):
        """Change nothing and return self: a drive has three axes, so it is always an array."""
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the names of the drive's inputs; ``input_features`` is ignored."""
        check_is_fitted(self)
        return np.array(self._names_out(), dtype=object)

    @property
    def _n_features_out(self):
        return self.n_features_out_

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


def check_whole(name, value, unit=""):
    """Return a whole number of at least 1, or raise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r}: expected a whole number of at least 1{unit}")
    return int(value)


def check_positive(name, value, unit):
    """Return a finite number above 0, or raise."""
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not numeric or not 0 < value < np.inf:
        raise ValueError(f"{name}={value!r}: expected a finite number above 0, in {unit}")
    return float(value)


def check_option(name, value, options):
    """Return one of the options, or raise."""
    if not any(value is option or value == option for option in options):
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, options))}")
    return value
