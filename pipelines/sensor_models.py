"""SensorClassifier and SensorRegressor: tables of streams in, predictions out, nothing to tune."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

import mottle.reservoir
import mottle.sensors
from mottle.checks import NamesParameters, check_whole, choose
from mottle.containers import as_cells, check_container
from mottle.datasets.sources.survey import facts_of
from mottle.datasets.table import make_table
from mottle.events import is_absent
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.masked import taking_groups
from mottle.pipelines.parts import ENCODERS, RESERVOIRS, make, seeded
from mottle.pipelines.rules import SIZE, encoder_of, reservoir_of, variants_of
from mottle.pipelines.schema import Part
from mottle.reservoir import RidgeReadout
from mottle.reservoir.readout.task import plain_targets

KINDS = {
    "memristor": "MemristorReservoir", "vo2": "VO2Reservoir", "echo": "EchoStateReservoir",
    "static": "StaticReservoir",
}  # fmt: skip
LOOKED_AT = 200  # recordings, evenly taken, from which lengths, rates and sizes are read
FOLDS = 3  # of a search
STREAM = "stream"  # name of the sense where a table has no columns


class SensorModel(NamesParameters, BaseEstimator):
    """Base of the models that choose encoders and reservoirs by the rules of ``rules``."""

    reservoir: Any
    size: int
    search: int | None
    readout: Any
    random_state: Any

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Choose encoders and reservoirs from the recordings, and fit the pipeline.

        Parameters
        ----------
        X : DataFrame with a row a recording and a column a sense, dict, Series, list, or 3-D array
            Event streams, or sampled streams (time, channel); a dict has a list for each sense.
        y : array-like of shape (recording,)
            Labels or numbers.
        groups : array-like of shape (recording,), default=None
            Recordings that a search, and the choice of the penalty, must not split.

        Returns
        -------
        self
        """
        n_tried = 0 if self.search is None else check_whole("search", self.search)
        size = check_whole("size", self.size)
        table = as_table(X)
        if groups is not None and np.shape(groups) != (len(table),):
            raise ValueError(
                f"groups has shape {np.shape(groups)}, expected ({len(table)},): one a recording."
            )
        if not len(table):
            raise ValueError("there is no recording to fit: the table, or list, is empty.")
        if isinstance(self.reservoir, type):
            raise TypeError(
                f"reservoir={self.reservoir.__name__} is a class: pass a reservoir, such as "
                f"{self.reservoir.__name__}(500, pool='mean'), or a name: {', '.join(KINDS)}."
            )
        y = np.asarray(plain_targets(y))
        check_targets(table, y)
        self._senses = list(table.columns)
        rng = check_random_state(self.random_state)
        readout = RidgeReadout(task=self._task) if self.readout is None else clone(self.readout)
        encoders, reservoirs, self.choices_, searched = {}, {}, {}, []
        taken = np.unique(np.linspace(0, len(table) - 1, LOOKED_AT).round().astype(int))
        for sense in table.columns:
            rows = [row for row in taken if not is_absent(table[sense].iloc[row])]
            cells = list(table[sense].iloc[rows])
            if not cells:
                raise ValueError(f"sense {sense!r} is absent in every recording: leave it out.")
            facts = facts_of(cells)
            if facts.kind == "mixed":
                raise ValueError(
                    f"sense {sense!r} has streams of several kinds, or of different channels: "
                    "every recording needs the same."
                )
            encoder, why = encoder_of(facts)
            own_y = y[rows].astype(str if self._task == "classification" else float)
            if "loudness" in encoder and mottle.sensors.sound.loudness_explains(cells, own_y):
                encoder["loudness"] = True
                why = [*why, "loudness tells the targets apart, and is kept"]
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
            if n_tried and isinstance(self.reservoir, str):
                tried = [("by the rules", encoder, own), *variants_of(encoder, own)][:n_tried]
                built = [(words, *self._built(one, other, seed)) for words, one, other in tried]
                best, scores = best_of(built, table[[sense]], y, groups, readout)
                _, encoders[sense], reservoirs[sense] = built[best]
                searched += [{"sense": sense} | row for row in scores]
                why = [*why, f"searched: {built[best][0]}, of {len(built)} settings"]
            self.choices_[sense] = why
        self.__dict__.pop("search_", None)
        if searched:
            self.search_ = {key: [row[key] for row in searched] for key in searched[0]}
        self.pipeline_ = make_fusion_pipeline(encoders, reservoirs, readout=readout)
        self.pipeline_.fit(table, y, **taking_groups(self.pipeline_, groups))
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

    def _built(self, encoder: Any, reservoir: Any, seed: int) -> tuple[Any, Any]:
        """Return the encoder and the seeded reservoir of a description."""
        made = build(reservoir, mottle.reservoir, RESERVOIRS)
        seeded(made, seed)
        return build(encoder, mottle.sensors, ENCODERS), made

    def _named(self, X: Any) -> pd.DataFrame:
        """Return recordings as a table with the column of fit, where there is a single one."""
        table = as_table(X)
        alone = len(self._senses) == 1 == table.shape[1]
        if not alone or table.columns.tolist() == self._senses:
            return table
        return table.set_axis(self._senses, axis=1)

    _task: str


class SensorClassifier(ClassifierMixin, SensorModel):
    """Classify recordings of sensors, with encoders and reservoirs chosen by fixed rules.

    The rules look at kind, lengths, rates and size of the training recordings, not at labels:
    sampled streams are scaled by channel and seen through dilated taps, events through kernels
    that are shared by all positions (see ``wiring`` of `MemristorReservoir`).

    Parameters
    ----------
    reservoir : {"memristor", "vo2", "echo", "static"} or reservoir, default="memristor"
        Kind of the nodes, "static" for ones without memory, "vo2" for thermal neuristors, which
        take ten to fifty times as long; or a reservoir with pooling, used for every sense as it is.
    size : int, default=2000
        Features of a sense, at most.
    search : int or None, default=None
        Settings that are tried for each sense, those of the rules first, by cross-validation over
        the training recordings (three folds; `groups` of ``fit`` stay together). None: the rules.
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
    search_ : dict of str to list
        Of a search, a column each: sense, setting in words, score (mean over the folds), deviation,
        seconds.
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
        self, reservoir: Any = "memristor", *, size: int = SIZE, search: int | None = None,
        readout: Any = None, random_state: Any = None,
    ) -> None:  # fmt: skip
        self.reservoir, self.size, self.search = reservoir, size, search
        self.readout, self.random_state = readout, random_state

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
    reservoir : {"memristor", "vo2", "echo", "static"} or reservoir, default="memristor"
        Kind of the nodes, "static" for ones without memory, "vo2" for thermal neuristors, which
        take ten to fifty times as long; or a reservoir with pooling, used for every sense as it is.
    size : int, default=2000
        Features of a sense, at most.
    search : int or None, default=None
        Settings that are tried for each sense, those of the rules first, by cross-validation over
        the training recordings (three folds; `groups` of ``fit`` stay together). None: the rules.
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
    search_ : dict of str to list
        Of a search, a column each: sense, setting in words, score (mean over the folds), deviation,
        seconds.
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
        self, reservoir: Any = "memristor", *, size: int = SIZE, search: int | None = None,
        readout: Any = None, random_state: Any = None,
    ) -> None:  # fmt: skip
        self.reservoir, self.size, self.search = reservoir, size, search
        self.readout, self.random_state = readout, random_state


def best_of(
    tried: list[tuple[str, Any, Any]], table: pd.DataFrame, y: Any, groups: Any, readout: Any
) -> tuple[int, list[dict[str, Any]]]:
    """Return which of several encoders and reservoirs scores best within training recordings."""
    present = ~table.iloc[:, 0].map(is_absent).to_numpy()
    table, target = table[present], y[present]
    own = None if groups is None else np.asarray(groups)[present]
    folds = folds_of(target, own)
    sense, rows = str(table.columns[0]), []
    for words, encoder, reservoir in tqdm(tried, desc=f"search {sense}", delay=2, disable=None):
        begin = perf_counter()
        model = make_fusion_pipeline({sense: encoder}, {sense: reservoir}, readout=clone(readout))
        scores = [
            clone(model)
            .fit(
                table.iloc[train],
                target[train],
                **taking_groups(model, None if own is None else own[train]),
            )
            .score(table.iloc[test], target[test])
            for train, test in folds
        ]
        rows.append({
            "setting": words, "score": float(np.mean(scores)),
            "deviation": float(np.std(scores)), "seconds": perf_counter() - begin,
        })  # fmt: skip
    return int(np.argmax([row["score"] for row in rows])), rows


def folds_of(target: Any, groups: Any) -> list[Any]:
    """Return three folds of recordings: of groups, of classes in proportion, or shuffled."""
    rows = np.zeros((len(target), 1))
    if len(rows) < FOLDS:
        raise ValueError(f"search= needs {FOLDS} recordings or more, and there are {len(rows)}.")
    if groups is not None:
        n = min(FOLDS, len(np.unique(groups)))
        if n < 2:
            raise ValueError("search= needs two groups or more, and groups names one.")
        return list(GroupKFold(n).split(rows, target, groups))
    if target.dtype.kind == "f" or target.ndim > 1:
        return list(KFold(FOLDS, shuffle=True, random_state=0).split(rows))
    least = int(np.unique(target, return_counts=True)[1].min())
    if least < 2:
        raise ValueError(
            "search= needs two recordings of each class or more, and one class has a single one."
        )
    folds = StratifiedKFold(min(FOLDS, least), shuffle=True, random_state=0)
    return list(folds.split(rows, target))


def build(description: Mapping[str, Any], room: Any, kinds: tuple[str, ...]) -> Any:
    """Create an estimator from what the rules describe."""
    return make(Part.model_validate(description), room, kinds, str(description["kind"]))


def as_table(X: Any) -> pd.DataFrame:
    """Return recordings as a table with a column a sense."""
    if isinstance(X, Mapping):  # of senses
        senses = {f"sense{k}": as_cells(one) for k, one in enumerate(X.values())}
        X = make_table(**senses).set_axis([str(name) for name in X], axis=1)
    if isinstance(X, pd.DataFrame):
        numbers = [str(name) for name, kind in X.dtypes.items() if kind.kind in "biufc"]
        if numbers:
            raise ValueError(
                f"column {numbers[0]!r} of the table holds numbers, not streams: every cell is the "
                "stream of a recording; one table of a recording goes into a list."
            )
        table = X
    elif isinstance(X, pd.Series):
        table = X.to_frame(STREAM if X.name is None else X.name)
    else:
        check_container(X)
        table = make_table(**{STREAM: list(as_cells(X))})
    for sense, cells in table.items() if len(table) else ():
        what = "X" if table.shape[1] == 1 else f"X[{sense!r}]"
        check_container(cells, what)
        single = [k for k, cell in enumerate(cells) if isinstance(cell, int | float | np.generic)
                  and not is_absent(cell)]  # fmt: skip
        if single:
            raise ValueError(
                f"recording {single[0]} of {what} is the number {cells.iloc[single[0]]}: expected "
                "a stream, an array (time, channel) or of events, for each recording."
            )
    return table


def check_targets(table: pd.DataFrame, y: Any) -> None:
    """Raise unless there is a target for each recording."""
    if len(table) != len(y):
        raise ValueError(
            f"there are {len(table)} recordings and {len(y)} targets: pass a list of streams, one "
            "a recording, and as many targets."
        )
