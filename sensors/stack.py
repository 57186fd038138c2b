"""Early fusion: the drives of several senses side by side."""

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin, clone
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted

from mottle.sensors.base import pack
from mottle.sensors.streams import is_absent


class DriveStack(TransformerMixin, _BaseComposition, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Encode several senses of a table and stack their drives along the inputs.

    Parameters
    ----------
    encoders : list of (str, encoder)
        Name of a column, and the encoder (or pipeline of encoder and `TimeMask`) of its streams.
        All must give a recording the same number of steps.

    Attributes
    ----------
    encoders_ : list of (str, encoder)
        The fitted encoders.
    n_features_out_ : int
        Number of inputs, over all senses.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a column is missing or the senses differ in steps; by
        ``fit``, if a stream is None.

    Notes
    -----
    Where a sense is absent (None) at transform, its inputs are 0 while the other senses speak: the
    recording is silent there, not guessed. Where all are absent the drive is NaN throughout. A
    reservoir cannot tell silence from a sensor at rest; use middle or late fusion where senses
    often fail.

    Examples
    --------
    >>> from mottle.sensors import TaxelDrive
    >>> frames = [np.eye(4), np.ones((6, 4))]
    >>> table = pd.DataFrame({"touch": frames, "joints": frames}, dtype=object)
    >>> stack = DriveStack([("touch", TaxelDrive(3)), ("joints", TaxelDrive(3))])
    >>> stack.fit_transform(table).shape
    (2, 3, 8)
    """

    def __init__(self, encoders):
        self.encoders = encoders

    def get_params(self, deep=True):
        """Return the parameters, those of the encoders as ``sense__parameter``."""
        return self._get_params("encoders", deep=deep)

    def set_params(self, **params):
        """Set parameters; ``sense`` replaces an encoder, ``sense__parameter`` sets one of it."""
        self._set_params("encoders", **params)
        return self

    def set_output(self, *, transform=None):
        """Change nothing and return self: a drive has three axes, so it is always an array."""
        return self

    def fit(self, X, y=None):
        """Fit every encoder on its column.

        Parameters
        ----------
        X : DataFrame
            Table of streams, one row a recording, one column a sense.
        y : ignored
            Present for scikit-learn.

        Returns
        -------
        self
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X, y=None):
        """Fit every encoder on its column and return the stacked drives."""
        return self._stack(X, self._fit(X, y))

    def transform(self, X):
        """Return the stacked drives.

        Parameters
        ----------
        X : DataFrame
            Table of streams; None where a sense is absent.

        Returns
        -------
        ndarray of shape (recording, step, input), or list of (step, input)
            The drives, senses in the order of ``encoders``.
        """
        check_is_fitted(self)
        self._check_table(X)
        return self._stack(X, [encoder.transform(X[sense]) for sense, encoder in self.encoders_])

    def get_feature_names_out(self, input_features=None):
        """Return the names of the inputs as ``sense__input``; ``input_features`` is ignored."""
        check_is_fitted(self)
        return np.concatenate(
            [
                np.array([f"{sense}__{name}" for name in encoder.get_feature_names_out()], object)
                for sense, encoder in self.encoders_
            ]
        )

    def _fit(self, table, y):
        if not self.encoders:
            raise ValueError("encoders is empty: pass [(sense, encoder), ...]")
        self._validate_names([sense for sense, _ in self.encoders])
        self._check_table(table)
        fitted, drives = [], []
        for sense, encoder in self.encoders:
            encoder = clone(encoder)
            drives.append(encoder.fit_transform(table[sense], y))
            fitted.append((sense, encoder))
        self.encoders_ = fitted
        self.n_features_in_ = table.shape[1]
        self.feature_names_in_ = np.array([str(name) for name in table.columns], dtype=object)
        self._widths = [drive[0].shape[1] for drive in drives]
        self.n_features_out_ = sum(self._widths)
        return drives

    @property
    def _n_features_out(self):
        return self.n_features_out_

    def _check_table(self, table):
        if not isinstance(table, pd.DataFrame):
            raise TypeError(
                f"a {type(table).__name__} came in: DriveStack takes a table (DataFrame) with one "
                "column a sense"
            )
        missing = [sense for sense, _ in self.encoders if sense not in table.columns]
        if missing:
            raise ValueError(
                f"the table has no column '{missing[0]}'; it has "
                f"{', '.join(map(str, table.columns))}"
            )

    def _stack(self, table, drives):
        senses = [sense for sense, _ in self.encoders_]
        stacked = []
        for recording in range(len(table)):
            present = [not is_absent(table[sense].iloc[recording]) for sense in senses]
            parts = [drive[recording] for drive in drives]
            heard = [part for part, here in zip(parts, present, strict=True) if here] or parts
            if len({len(part) for part in heard}) > 1:
                told = ", ".join(
                    f"'{sense}' {len(part)}"
                    for sense, part, here in zip(senses, parts, present, strict=True)
                    if here
                )
                raise ValueError(
                    f"the senses of recording {recording} differ in steps ({told}), and stacking "
                    "needs equal ones: give every encoder the same n_steps="
                )
            n_steps = len(heard[0])
            rest = 0.0 if any(present) else np.nan
            stacked.append(
                np.concatenate(
                    [
                        part if here else np.full((n_steps, width), rest)
                        for part, here, width in zip(parts, present, self._widths, strict=True)
                    ],
                    axis=1,
                )
            )
        return pack(stacked)
