"""SensorClassifier and SensorRegressor: tables of streams in, predictions out, nothing to tune."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

import mottle.reservoir
import mottle.sensors
from mottle.checks import NamesParameters, check_whole, choose
from mottle.containers import as_cells
from mottle.datasets.sources.survey import facts_of
from mottle.datasets.table import make_table
from mottle.events import is_absent
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.parts import ENCODERS, RESERVOIRS, make, seeded
from mottle.pipelines.rules import SIZE, encoder_of, reservoir_of
from mottle.pipelines.schema import Part
from mottle.reservoir import RidgeReadout

KINDS = {
    "memristor": "MemristorReservoir", "echo": "EchoStateReservoir", "static": "StaticReservoir",
}  # fmt: skip
LOOKED_AT = 200  # recordings, evenly taken, from which lengths, rates and sizes are read
STREAM = "stream"  # name of the sense where a table has no columns


class SensorModel(NamesParameters, BaseEstimator):
    """Base of the models that choose encoders and reservoirs by the rules of ``rules``."""

    reservoir: Any
    size: int
    readout: Any
    random_state: Any

    def fit(self, X: Any, y: Any) -> Self:
        """Choose encoders and reservoirs from the recordings, and fit the pipeline.

        Parameters
        ----------
        X : DataFrame with a row a recording and a column a sense, Series, list, or 3-D array
            Event streams, or sampled streams (time, channel).
        y : array-like of shape (recording,)
            Labels or numbers.

        Returns
        -------
        self
        """
        size = check_whole("size", self.size)
        table = as_table(X)
        if not len(table):
            raise ValueError("there is no recording to fit: the table, or list, is empty.")
        if isinstance(self.reservoir, type):
            raise TypeError(
                f"reservoir={self.reservoir.__name__} is a class: pass a reservoir, such as "
                f"{self.reservoir.__name__}(500, pool='mean'), or a name: {', '.join(KINDS)}."
            )
        self._senses = list(table.columns)
        rng = check_random_state(self.random_state)
        encoders, reservoirs, self.choices_ = {}, {}, {}
        taken = np.unique(np.linspace(0, len(table) - 1, LOOKED_AT).round().astype(int))
        for sense in table.columns:
            cells = [cell for cell in table[sense].iloc[taken] if not is_absent(cell)]
            if not cells:
                raise ValueError(f"sense {sense!r} is absent in every recording: leave it out.")
            facts = facts_of(cells)
            if facts.kind == "mixed":
                raise ValueError(
                    f"sense {sense!r} has streams of several kinds, or of different channels: "
                    "every recording needs the same."
                )
            encoder, why = encoder_of(facts)
            encoders[sense] = build(encoder, mottle.sensors, ENCODERS)
            if isinstance(self.reservoir, str):
                kind = choose(self.reservoir, KINDS, "reservoir")
                own, reasons = reservoir_of(facts, encoder, kind, size=size)
                reservoirs[sense] = build(own, mottle.reservoir, RESERVOIRS)
                why = [*why, *reasons]
            else:
                reservoirs[sense] = clone(self.reservoir)
            seed = int(rng.randint(2**31))
            if reservoirs[sense].get_params().get("random_state") is None:
                seeded(reservoirs[sense], seed)
            self.choices_[sense] = why
        readout = RidgeReadout(task=self._task) if self.readout is None else clone(self.readout)
        self.pipeline_ = make_fusion_pipeline(encoders, reservoirs, readout=readout)
        self.pipeline_.fit(table, np.asarray(y))
        self.n_features_in_ = table.shape[1]
        if hasattr(self.pipeline_, "classes_"):
            self.classes_ = self.pipeline_.classes_
        return self

    def predict(self, X: Any) -> Any:
        """Predict the target of recordings.

        Parameters
        ----------
        X : as in ``fit``
            A sense that is None in a recording is masked.

        Returns
        -------
        predicted : ndarray of shape (recording,) or (recording, target)
        """
        check_is_fitted(self, "pipeline_")
        return self.pipeline_.predict(self._named(X))

    def _named(self, X: Any) -> pd.DataFrame:
        """Return recordings as a table with the column of fit, where there is a single one."""
        table = as_table(X)
        alone = len(self._senses) == 1 == table.shape[1]
        return table.set_axis(self._senses, axis=1) if alone else table

    _task: str


class SensorClassifier(ClassifierMixin, SensorModel):
    """Classify recordings of sensors, with encoders and reservoirs chosen by fixed rules.

    The rules look at kind, lengths, rates and size of the training recordings, not at labels:
    sampled streams are scaled by channel and seen through dilated taps, events through kernels
    that are shared by all positions (see ``wiring`` of `MemristorReservoir`).

    Parameters
    ----------
    reservoir : {"memristor", "echo", "static"} or reservoir, default="memristor"
        Kind of the nodes, "static" for ones without memory; or a reservoir with pooling, used for
        every sense as it is.
    size : int, default=2000
        Features of a sense, at most.
    readout : estimator or None, default=None
        Classifier on the features; None takes `RidgeReadout`.
    random_state : int, RandomState instance or None, default=None
        Draws the reservoirs.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        What was built: encoders, reservoirs and readout, to be taken apart or copied.
    choices_ : dict of str to list of str
        Reasons of the choices, by sense.
    classes_ : ndarray
        Labels.
    n_features_in_ : int
        Number of senses.

    Raises
    ------
    ValueError
        By ``fit``, for a sense without recordings, or with streams of several kinds.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> table, target, groups = load_demo("grasp")
    >>> model = SensorClassifier(size=400, random_state=0)
    >>> model.fit(table[groups > 4], target[groups > 4]).score(
    ...     table[groups <= 4], target[groups <= 4]
    ... ) > 0.8
    True
    >>> model.choices_["touch"][0]
    'the 4 to 22 rows of a recording are its steps'
    """

    _task = "classification"

    def __init__(
        self, reservoir: Any = "memristor", *, size: int = SIZE, readout: Any = None,
        random_state: Any = None,
    ) -> None:  # fmt: skip
        self.reservoir, self.size, self.readout = reservoir, size, readout
        self.random_state = random_state

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities of the classes.

        Parameters
        ----------
        X : as in ``fit``
            Recordings.

        Returns
        -------
        probabilities : ndarray of shape (recording, class)
        """
        check_is_fitted(self, "pipeline_")
        return self.pipeline_.predict_proba(self._named(X))


class SensorRegressor(RegressorMixin, SensorModel):
    """Predict numbers from recordings of sensors, with the rules of `SensorClassifier`.

    Parameters
    ----------
    reservoir : {"memristor", "echo", "static"} or reservoir, default="memristor"
        Kind of the nodes, "static" for ones without memory; or a reservoir with pooling, used for
        every sense as it is.
    size : int, default=2000
        Features of a sense, at most.
    readout : estimator or None, default=None
        Regressor on the features; None takes `RidgeReadout`.
    random_state : int, RandomState instance or None, default=None
        Draws the reservoirs.

    Attributes
    ----------
    pipeline_ : sklearn.pipeline.Pipeline
        What was built.
    choices_ : dict of str to list of str
        Reasons of the choices, by sense.
    n_features_in_ : int
        Number of senses.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rates = rng.uniform(0.1, 0.5, 60)
    >>> waves = [np.sin(rate * np.arange(80.0))[:, np.newaxis] for rate in rates]
    >>> model = SensorRegressor(size=200, random_state=0).fit(waves[:40], rates[:40])
    >>> model.score(waves[40:], rates[40:]) > 0.95
    True
    """

    _task = "regression"

    def __init__(
        self, reservoir: Any = "memristor", *, size: int = SIZE, readout: Any = None,
        random_state: Any = None,
    ) -> None:  # fmt: skip
        self.reservoir, self.size, self.readout = reservoir, size, readout
        self.random_state = random_state


def build(description: Mapping[str, Any], room: Any, kinds: tuple[str, ...]) -> Any:
    """Create an estimator from what the rules describe."""
    return make(Part.model_validate(description), room, kinds, str(description["kind"]))


def as_table(X: Any) -> pd.DataFrame:
    """Return recordings as a table with a column a sense."""
    if isinstance(X, pd.DataFrame):
        numbers = [str(name) for name, kind in X.dtypes.items() if kind.kind in "biufc"]
        if numbers:
            raise ValueError(
                f"column {numbers[0]!r} of the table holds numbers, not streams: every cell is the "
                "stream of a recording; one table of a recording goes into a list."
            )
        return X
    if isinstance(X, pd.Series):
        return X.to_frame(STREAM if X.name is None else X.name)
    return make_table(**{STREAM: list(as_cells(X))})
