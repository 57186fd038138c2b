"""What all encoders share: containers in, drives out, absent senses masked."""

from abc import abstractmethod

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mottle.checks import NamesParameters


class Encoder(NamesParameters, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
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
