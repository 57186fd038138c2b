"""AugmentedModel: fitted to shifted, noisy and thinned copies of its training recordings too."""

from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from mottle.checks import check_number, check_whole
from mottle.events import is_absent, read_stream
from mottle.pipelines.masked import MaskedReadout, taking_groups
from mottle.pipelines.sensor_models import as_table, check_targets
from mottle.reservoir import RidgeReadout
from mottle.reservoir.readout.task import plain_targets
from mottle.sensors.streams import channels_like, digest_of, label_frame


class AugmentedModel(MetaEstimatorMixin, BaseEstimator):
    """Fit a model to recordings and to altered copies of them; predict from recordings as they are.

    Copies are made in ``fit``, so that in a cross-validation they are of training recordings only.

    Parameters
    ----------
    model : estimator
        Takes streams: a pipeline with encoders, `SensorClassifier`, a fusion.
    copies : int, default=1
        Altered copies of each recording.
    shift : int, default=0
        Largest shift, to either side: of events in pixels along x and y, of sampled streams in rows
        (the first or last row is held).
    jitter : float, default=0.0
        Standard deviation of noise: of the times of events in s, of sampled streams relative to the
        standard deviation of each channel over the training recordings.
    dropout : float, default=0.0
        Probability with which an event is left out, or a channel of a sampled stream is held at
        its mean.
    random_state : int, RandomState instance or None, default=None
        Draws the alterations.

    Attributes
    ----------
    model_ : estimator
        Fitted.
    n_recordings_ : int
        Recordings it was fitted to, copies included.
    classes_ : ndarray
        Labels, if the model classifies.

    Raises
    ------
    ValueError
        For alterations that are out of range, or none at all; for a model that chooses its settings
        by splits of its own, as `GridSearchCV` and `RidgeCV` of scikit-learn do.

    Examples
    --------
    >>> from mottle.pipelines import SensorClassifier
    >>> rng = np.random.default_rng(0)
    >>> waves = [np.sin((0.2 + 0.2 * (k % 2)) * np.arange(60.0) + rng.uniform(0, 6))[:, np.newaxis]
    ...          for k in range(20)]
    >>> model = AugmentedModel(SensorClassifier(size=100, random_state=0), shift=5, random_state=0)
    >>> model.fit(waves, np.arange(20) % 2).n_recordings_
    40
    """

    def __init__(
        self, model: Any, *, copies: int = 1, shift: int = 0, jitter: float = 0.0,
        dropout: float = 0.0, random_state: Any = None,
    ) -> None:  # fmt: skip
        self.model, self.copies, self.shift, self.jitter = model, copies, shift, jitter
        self.dropout, self.random_state = dropout, random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit the model to the recordings and their copies.

        Parameters
        ----------
        X : DataFrame with a row a recording and a column a sense, Series, list, or 3-D array
            Streams.
        y : array-like of shape (recording,) or (recording, target)
            Target.
        groups : array-like of shape (recording,), default=None
            Recordings that belong together. A recording and its copies always do, where the model
            chooses penalties or settings.

        Returns
        -------
        self
        """
        check_whole("copies", self.copies)
        check_whole("shift", self.shift, 0)
        check_number("jitter", self.jitter, "s, or of the deviation of a channel", least=0)
        check_number("dropout", self.dropout, least=0, below=1)
        if not (self.shift or self.jitter or self.dropout):
            raise ValueError("shift=0, jitter=0 and dropout=0 alter nothing: set one of them.")
        table, target = as_table(X), np.asarray(plain_targets(y))
        check_targets(table, target)
        rng = check_random_state(self.random_state)
        columns = {sense: self._alter(table[sense].tolist(), sense, rng) for sense in table.columns}
        rows = len(table) * (1 + self.copies)
        whole = pd.DataFrame(
            {sense: pd.Series(cells, dtype=object) for sense, cells in columns.items()},
            index=range(rows),
        )
        given = whole if isinstance(X, pd.DataFrame) else columns[table.columns[0]]
        check_final(self.model)
        own = np.arange(len(table)) if groups is None else np.asarray(groups)
        together = taking_groups(self.model, np.concatenate([own] * (1 + self.copies)))
        targets = np.concatenate([target] * (1 + self.copies))
        self.model_ = clone(self.model).fit(given, targets, **together)
        self.n_recordings_ = rows
        if hasattr(self.model_, "classes_"):
            self.classes_ = self.model_.classes_
        return self

    def predict(self, X: Any) -> Any:
        """Predict the target of recordings, which are not altered.

        Parameters
        ----------
        X : as in ``fit``
            Streams.

        Returns
        -------
        predicted : ndarray of shape (recording,) or (recording, target)
        """
        check_is_fitted(self)
        return self.model_.predict(X)

    @property
    def pipeline_(self) -> Any:
        """The fitted model, for live runs and export."""
        return getattr(self.model_, "pipeline_", self.model_)

    @available_if(lambda self: hasattr(getattr(self, "model_", self.model), "predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities of classes.

        Parameters
        ----------
        X : as in ``fit``
            Streams.

        Returns
        -------
        probabilities : ndarray of shape (recording, class)
        """
        check_is_fitted(self)
        return self.model_.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:
        """Return the score of the model, accuracy or the coefficient of determination.

        Parameters
        ----------
        X : as in ``fit``
            Streams.
        y : array-like of shape (recording,)
            Truth.

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        return float(self.model_.score(X, y))

    def __sklearn_tags__(self):
        """Return the tags of the model."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "model_", self.model))
        tags.estimator_type, tags.target_tags = inner.estimator_type, inner.target_tags
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.input_tags = inner.input_tags
        return tags

    def _alter(self, cells: list[Any], sense: str, rng: Any) -> list[Any]:
        """Return streams of a sense followed by altered copies of all."""
        streams = [None if is_absent(cell) else labelled(read_stream(cell), k)
                   for k, cell in enumerate(cells)]  # fmt: skip
        known = [one for one in streams if one is not None]
        if not known:
            raise ValueError(f"sense {sense!r} is absent in every recording: leave it out.")
        if isinstance(known[0], xr.DataArray) and "channel" in known[0].coords:
            names = known[0]["channel"].values
            streams = [channels_like(one, names) for one in streams]
            known = [one for one in streams if one is not None]
        if known[0].dtype.names:
            size: Any = [max(int(one[axis].max()) for one in known if len(one)) for axis in "xy"]
            alter: Any = self._events
        else:
            size = np.nanstd(np.concatenate([np.asarray(one) for one in known]), axis=0)
            alter = self._samples
        found = [
            None if one is None else alter(one, size, rng)
            for _ in range(self.copies) for one in streams
        ]  # fmt: skip
        return [*streams, *found]

    def _events(self, events: NDArray[Any], most: Any, rng: Any) -> NDArray[Any]:
        """Return events shifted, at other times and thinned; as they were where none would stay."""
        found = events[rng.uniform(size=len(events)) >= self.dropout].copy()
        inside = np.ones(len(found), dtype=bool)
        for axis, last in zip("xy", most, strict=True):
            moved = found[axis].astype(np.int64) + rng.randint(-self.shift, self.shift + 1)
            inside &= (moved >= 0) & (moved <= last)
            found[axis] = np.where(inside, moved, 0)
        found = found[inside]
        if self.jitter:
            late = np.round(1e6 * self.jitter * rng.normal(size=len(found))).astype(np.int64)
            found["t"] = np.clip(found["t"] + late, events["t"][0], events["t"][-1])
            found = found[np.argsort(found["t"], kind="stable")]
        return found if len(found) else events

    def _samples(self, stream: Any, size: NDArray, rng: Any) -> Any:
        """Return rows shifted, with noise, and channels held at their mean."""
        values = np.asarray(stream, dtype=np.float64)
        by = rng.randint(-self.shift, self.shift + 1)
        found = values[np.clip(np.arange(len(values)) - by, 0, len(values) - 1)]
        if self.jitter:
            found = found + self.jitter * size * rng.normal(size=values.shape)
        lost = rng.uniform(size=values.shape[1]) < self.dropout
        found = np.where(lost, np.nanmean(values, axis=0), found)
        if not isinstance(stream, xr.DataArray):
            return found
        other = stream.copy(data=found)
        if "opening_of" in other.attrs:  # the window is meant to be another than it was cut
            other.attrs["opening_of"] = digest_of(other)
        return other


def check_final(model: Any) -> None:
    """Refuse searches that would find a recording in training and its copy in validation."""
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    if isinstance(model, MaskedReadout):
        model = RidgeReadout() if model.readout is None else model.readout
    kind = type(model).__name__
    if kind.endswith("CV"):
        raise ValueError(
            f"{kind} chooses its settings by splits that part a recording and its copies: take "
            "RidgeReadout, which keeps them together, or put the AugmentedModel inside the search, "
            "where only training recordings are copied."
        )


def labelled(stream: Any, number: int) -> Any:
    """Return a stream whose rows are time: tables as DataArrays."""
    if isinstance(stream, pd.DataFrame):
        return label_frame(stream, f"recording {number}")
    return stream.transpose("time", "channel") if isinstance(stream, xr.DataArray) else stream
