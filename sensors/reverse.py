"""ReverseTime: drives from their end to their beginning."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from mottle.arrays import order_dims
from mottle.events import as_streams, is_absent
from mottle.sensors.base import Encoder, pack


class ReverseTime(Encoder):
    """Turn drives round in time, for a reservoir that reads recordings backwards.

    Attributes
    ----------
    n_features_out_ : int
        Number of inputs.

    Notes
    -----
    Features of both directions stand side by side in a ``FeatureUnion`` of a reservoir, and of a
    pipeline of ``ReverseTime`` and a reservoir. It needs the end of a recording, and is refused in
    live runs.

    References
    ----------
    M. Schuster, K. K. Paliwal, IEEE Trans. Signal Process. 45 (1997) 2673, doi:10.1109/78.650093.

    Examples
    --------
    >>> ReverseTime().fit_transform(np.array([[1.0], [2.0], [3.0]])).ravel().tolist()
    [3.0, 2.0, 1.0]
    """

    def __init__(self) -> None:
        """Take no parameters."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Take the number of inputs.

        Parameters
        ----------
        X : ndarray (recording, step, input) or (step, input), or list of (step, input)
            Drives.
        y : ignored
            Present for scikit-learn.

        Returns
        -------
        self
        """
        drives, _ = self._read(X)
        self.n_features_in_ = self.n_features_out_ = int(drives[0].shape[1])
        return self

    def transform(self, X: Any) -> Any:
        """Return the drives with their last step first; an absent one (NaN throughout) stays.

        Parameters
        ----------
        X : ndarray (recording, step, input) or (step, input), or list of (step, input)
            Drives with the inputs of fit.

        Returns
        -------
        The same container.
        """
        check_is_fitted(self)
        drives, one = self._read(X)
        for drive in drives:
            if drive.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"a drive has {drive.shape[1]} inputs, in fit it had {self.n_features_in_}."
                )
        return pack([np.ascontiguousarray(drive[::-1]) for drive in drives], one)

    def _check_causal(self):
        raise ValueError(
            "ReverseTime begins at the end of a recording, which a live run does not know: take a "
            "model of one direction."
        )

    def advance(self, state: Any, X: Any) -> Any:
        """Refuse live runs, as ``start`` does."""
        self._check_causal()

    def _names_out(self):
        return [f"input{k}" for k in range(self.n_features_out_)]

    def _read(self, X):
        streams = as_streams(order_dims(X))
        if any(is_absent(drive) for drive in streams.cells):
            raise TypeError("ReverseTime takes drives, and one is None; encode streams first.")
        drives = [np.asarray(drive, dtype=np.float64) for drive in streams.cells]
        if any(drive.ndim != 2 or not len(drive) for drive in drives):
            raise ValueError("a drive is no array of shape (n_steps, n_inputs) with a step.")
        return drives, streams.one
