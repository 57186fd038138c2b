"""Early fusion: the drives of several senses side by side."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import TransformerMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_is_fitted

from mottle.checks import NamesParameters, suggest
from mottle.events import is_absent, name_row
from mottle.output import ArrayOutput
from mottle.sensors.base import pack


class DriveStack(NamesParameters, ArrayOutput, TransformerMixin, _BaseComposition):
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
    Where a sense is absent (None) at transform, its inputs are 0, not guessed, while the other
    senses drive the reservoir. Where all are absent the drive is NaN throughout. To a reservoir an
    absent sense is like a sensor at rest; use middle or late fusion where senses often fail.

    Examples
    --------
    >>> from mottle.sensors import TaxelDrive
    >>> frames = [np.eye(4), np.ones((6, 4))]
    >>> table = pd.DataFrame({"touch": frames, "joints": frames}, dtype=object)
    >>> stack = DriveStack([("touch", TaxelDrive(3)), ("joints", TaxelDrive(3))])
    >>> stack.fit_transform(table).shape
    (2, 3, 8)
    """

    def __init__(self, encoders: Any) -> None:
        self.encoders = encoders

    def get_params(self, deep: Any = True) -> Any:
        """Return the parameters, those of the encoders as ``sense__parameter``."""
        return self._get_params("encoders", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``sense`` replaces an encoder, ``sense__parameter`` sets one of it."""
        known = ["encoders", *(sense for sense, _ in self.encoders)]
        for name in params:
            if name.partition("__")[0] not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator DriveStack"
                    f"{suggest(name.partition('__')[0], known)} It has: {', '.join(known)}."
                )
        self._set_params("encoders", **params)
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
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

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit every encoder on its column and return the stacked drives."""
        return self._stack(X, self._fit(X, y))

    def transform(self, X: Any) -> Any:
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
        state : dict of str to list of EncoderState
            For ``advance``: the states of a sense's encoder, or of the steps of its pipeline.

        Raises
        ------
        ValueError
            If an encoder's parameters make a step depend on what comes after it.
        TypeError
            If a step of a pipeline has no ``start`` and ``advance``.
        """
        check_is_fitted(self)
        return {
            sense: [stage.start(n_recordings) for stage in _stages(encoder)]
            for sense, encoder in self.encoders_
        }

    def advance(self, state: Any, X: Any, n_steps: Any = None) -> Any:
        """Carry live runs on by some steps; chunks give the same bytes as the whole.

        Parameters
        ----------
        state : dict of str to list of EncoderState
            From ``start`` or the call before; it is not changed.
        X : DataFrame, or dict of sense to streams
            The next steps of every run, of every sense, as its encoder takes them.
        n_steps : int, default=None
            Number of steps that events cover, by default one.

        Returns
        -------
        state : dict of str to list of EncoderState
            Where the runs stand now.
        drive : ndarray of shape (n_recordings, n_steps, input)
            The drives side by side.
        """
        check_is_fitted(self)
        missing = [sense for sense in state if sense not in X]
        if missing:
            raise ValueError(f"there is no stream of {missing[0]!r}; there are {', '.join(X)}.")
        new: dict = {}
        drives: dict = {}
        for sense, encoder in self.encoders_:
            new[sense], drive = [], X[sense]
            for stage, old in zip(_stages(encoder), state[sense], strict=True):
                steps = {"n_steps": n_steps} if getattr(stage, "takes_events", False) else {}
                after, drive = stage.advance(old, drive, **steps)
                new[sense].append(after)
            drives[sense] = drive
        if len({drive.shape[1] for drive in drives.values()}) > 1:
            lengths = ", ".join(f"'{sense}' {drive.shape[1]}" for sense, drive in drives.items())
            raise ValueError(f"the senses advance by different numbers of steps: {lengths}.")
        return new, np.concatenate(list(drives.values()), axis=2)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
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
            raise ValueError("encoders is empty: pass [(sense, encoder), ...].")
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
                "column a sense."
            )
        missing = [sense for sense, _ in self.encoders if sense not in table.columns]
        if missing:
            raise ValueError(
                f"the table has no column '{missing[0]}'; it has "
                f"{', '.join(map(str, table.columns))}."
            )

    def _stack(self, table, drives):
        senses = [sense for sense, _ in self.encoders_]
        stacked = []
        for recording in range(len(table)):
            present = [not is_absent(table[sense].iloc[recording]) for sense in senses]
            parts = [drive[recording] for drive in drives]
            kept = [part for part, here in zip(parts, present, strict=True) if here] or parts
            if len({len(part) for part in kept}) > 1:
                lengths = ", ".join(
                    f"'{sense}' {len(part)}"
                    for sense, part, here in zip(senses, parts, present, strict=True)
                    if here
                )
                raise ValueError(
                    f"the senses of {name_row(table.index, recording)} differ in steps "
                    f"({lengths}), and stacking needs equal ones: give every encoder the same "
                    "n_steps=."
                )
            n_steps = len(kept[0])
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


def _stages(encoder):
    """Return an encoder, or the steps of a pipeline, each of which goes on step by step."""
    steps = [step for _, step in encoder.steps] if isinstance(encoder, Pipeline) else [encoder]
    stages = [stage for stage in steps if stage not in (None, "passthrough")]
    for stage in stages:
        if not hasattr(stage, "advance"):
            raise TypeError(f"{stage!r} has no start and advance, so it cannot take live streams.")
    return stages
