"""Time masks: one node used as many by a fixed random modulation within each step."""

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from mottle.arrays import order_dims
from mottle.checks import check_option, check_whole
from mottle.events import as_streams, is_absent
from mottle.sensors.base import Encoder, pack


class TimeMask(Encoder):
    """Hold each step of a drive for some sub-steps and multiply it by a fixed random mask.

    Parameters
    ----------
    length : int, default=4
        Sub-steps of a step.
    kind : {"binary", "uniform"}, default="binary"
        Mask values: -1 or 1, or uniform in [-1, 1].
    n_masks : int, default=1
        Masks drawn for every input.
    random_state : int, RandomState instance or None, default=None
        Draws ``mask_``.

    Attributes
    ----------
    mask_ : ndarray of shape (length, n_inputs, n_masks)
        What the inputs are multiplied by.
    n_features_out_ : int
        n_inputs * n_masks.

    Notes
    -----
    A drive (recording, step, input) becomes (recording, step * length, input * n_masks), with the
    output's input = input * n_masks + mask. Drives that are NaN (absent senses) stay NaN.

    References
    ----------
    L. Appeltant et al., Nat. Commun. 2 (2011) 468, doi:10.1038/ncomms1476.
    Y. Zhong et al., Nat. Commun. 12 (2021) 408, doi:10.1038/s41467-020-20692-1.

    Examples
    --------
    >>> drive = np.array([[1.0], [2.0]])
    >>> masked = TimeMask(3, random_state=0).fit_transform(drive)
    >>> np.abs(masked)[:, 0].tolist()
    [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    """

    def __init__(
        self, length: int = 4, *, kind: str = "binary", n_masks: int = 1, random_state: Any = None
    ) -> None:
        self.length, self.kind, self.n_masks = length, kind, n_masks
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw the masks; of ``X`` only the number of inputs is used.

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
        check_whole("length", self.length)
        check_whole("n_masks", self.n_masks)
        check_option("kind", self.kind, ("binary", "uniform"))
        self._read(X, fitting=True)
        rng = check_random_state(self.random_state)
        shape = (self.length, self.n_features_in_, self.n_masks)
        if self.kind == "binary":
            self.mask_ = rng.choice([-1.0, 1.0], size=shape)
        else:
            self.mask_ = rng.uniform(-1.0, 1.0, size=shape)
        self.n_features_out_ = self.n_features_in_ * self.n_masks
        return self

    def transform(self, X: Any) -> Any:
        """Return the masked drives.

        Parameters
        ----------
        X : ndarray (recording, step, input) or (step, input), or list of (step, input)
            Drives with the inputs of fit.

        Returns
        -------
        The same container with ``length`` times the steps and ``n_masks`` times the inputs.
        """
        check_is_fitted(self)
        drives, one = self._read(X, fitting=False)
        return pack([self._mask(drive) for drive in drives], one)

    def advance(self, state: Any, X: Any) -> Any:
        """Carry live runs on by a chunk of drive; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : EncoderState
            From ``start`` or the call before; it is not changed.
        X : ndarray of shape (n_recordings, n_steps, n_inputs), or list of (n_steps, n_inputs)
            The next steps of every run, as many of each.

        Returns
        -------
        state : EncoderState
            Where the runs stand now.
        drive : ndarray of shape (n_recordings, n_steps * length, n_inputs * n_masks)
            The masked drive of these steps.
        """
        check_is_fitted(self)
        drives, _ = self._read(X, fitting=False)
        self._check_state(state, len(drives))
        steps = [len(drive) for drive in drives]
        if len(set(steps)) > 1:
            raise ValueError(f"the runs advance together, and their steps differ: {steps}.")
        return replace(state, step=state.step + steps[0]), np.stack(list(map(self._mask, drives)))

    def _mask(self, drive):
        masked = drive[:, np.newaxis, :, np.newaxis] * self.mask_
        return masked.reshape(len(drive) * self.length, self.n_features_out_)

    def _read(self, X, fitting):
        streams = as_streams(order_dims(X))
        if any(is_absent(drive) for drive in streams.cells):
            raise TypeError("TimeMask takes drives, and one of them is None; encode streams first.")
        drives = []
        for recording, drive in enumerate(streams.cells):
            first = fitting and recording == 0
            checked = validate_data(
                self, drive, dtype=np.float64, reset=first, ensure_all_finite="allow-nan"
            )
            drives.append(checked)
        return drives, streams.one

    def _names_out(self):
        known = getattr(self, "feature_names_in_", None)
        names = [f"x{i}" for i in range(self.n_features_in_)] if known is None else list(known)
        if self.n_masks == 1:
            return names
        return [f"{name}_mask{mask}" for name in names for mask in range(self.n_masks)]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Return the names of the masked inputs.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the inputs; None takes those of fit, or x0, x1, ...

        Returns
        -------
        ndarray of str
            ``name_mask0``, ``name_mask1``, ...; the plain names where there is one mask.
        """
        check_is_fitted(self)
        names = self._names_out()
        if input_features is None:
            return np.array(names, dtype=object)
        given = [str(name) for name in input_features]
        known = getattr(self, "feature_names_in_", None)
        if known is not None and list(known) != given:
            raise ValueError("input_features is not equal to feature_names_in_")
        if len(given) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(given)}"
            )
        if self.n_masks > 1:
            given = [f"{name}_mask{mask}" for name in given for mask in range(self.n_masks)]
        return np.array(given, dtype=object)

    def __sklearn_tags__(self):
        """Add that NaN is allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
