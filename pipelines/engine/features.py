"""One fold: drives by encoders fitted to its training part, and features of every reservoir."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline

from mottle.checks import suggest
from mottle.datasets import Recordings
from mottle.output import ArrayOutput
from mottle.pipelines.engine.cache import Cache, Keyed, keyed
from mottle.pipelines.engine.hashing import hash_arrays
from mottle.pipelines.engine.ledger import Ledger, Spent
from mottle.pipelines.engine.plans import Plan, plan_inputs
from mottle.pipelines.engine.target import Target
from mottle.pipelines.fusion import ALL_COLUMNS, Front
from mottle.pipelines.recipe import Recipe
from mottle.reservoir import MeasuredReservoir
from mottle.sensors import DriveStack
from mottle.sensors.base import pack

T = TypeVar("T")
NUMBERS = count()
NO_RESERVOIR = Keyed(BaseEstimator(), "")


class Fold:
    """Training and test part of recordings, with what was computed of them.

    Attributes
    ----------
    train, test : ndarray of int
        Row numbers.
    y_train, y_test : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    """

    def __init__(
        self, recordings: Recordings, target: Target, train: NDArray, test: NDArray, cache: Cache
    ):
        self.table, self.target, self.train, self.test = recordings.table, target, train, test
        self.y_train, self.y_test = target.samples(train), target.samples(test)
        self._cache, self._number = cache, next(NUMBERS)
        self._held: dict[str, tuple[str, Any]] = {}
        self.ledger = Ledger()

    def drives(self, sense: str, encoder: Keyed) -> tuple[Any, Any]:
        """Return the drives of training and test; the encoder learns from training alone."""

        def encode() -> tuple[Any, Any]:
            streams, fitted = self.table[sense], clone(encoder.estimator)
            measure, own = self.ledger.measure, ((sense, encoder.key),)
            labels = self.y_train if self.target.classify and not self.target.per_step else None
            train = streams.iloc[self.train]
            return (
                measure(("fit", own), lambda: fitted.fit_transform(train, labels)),
                measure(("predict", own), lambda: fitted.transform(streams.iloc[self.test])),
            )

        return self._hold(f"drives of {sense}", encoder.key, encode)

    def drives_hash(self, sense: str, encoder: Keyed) -> str:
        """Return the sha256 of the drives of one sense, training first."""

        def compute() -> str:
            train, test = self.drives(sense, encoder)
            return hash_arrays([*train, *test])

        return self._get("hash of drives", compute, {sense: encoder})

    def train_features(
        self, encoders: Mapping[str, Keyed], reservoir: Keyed
    ) -> tuple[BaseEstimator, NDArray]:
        """Return a fitted reservoir and the features (sample, feature) of the training part.

        With one encoder the reservoir gets the drive of that sense; with several the stacked drives
        of all (early fusion).
        """
        key = "fit", names_and_keys(encoders), reservoir.key

        def compute() -> tuple[BaseEstimator, NDArray]:
            return self.ledger.measure(key, lambda: self._train(encoders, reservoir))

        return self._get("training features", compute, encoders, reservoir)

    def test_features(
        self, encoders: Mapping[str, Keyed], reservoir: Keyed, front: BaseEstimator, lost: str = ""
    ) -> NDArray:
        """Return the features of the test part; in early fusion the sense ``lost`` is silent.

        ``front`` is the fitted reservoir of `train_features`.
        """

        def compute() -> NDArray:
            if isinstance(front, MeasuredReservoir):
                states = front.transform(self._measured(front, self.test, lost))
            else:
                states = front.transform(self._drive(encoders, 1, lost))
            return self.target.align(states, self.test)

        def measured() -> NDArray:
            key = "" if lost else "predict", names_and_keys(encoders), reservoir.key
            return self.ledger.measure(key, compute)

        return self._get(f"test features without {lost!r}", measured, encoders, reservoir)

    def spent(self, part: str, encoders: Mapping[str, Keyed], reservoir: Keyed) -> Spent:
        """Return what the reservoir took: ``part`` is "fit", on training data, or "predict"."""
        return self.ledger.of((part, names_and_keys(encoders), reservoir.key))

    def spent_encoding(self, encoders: Mapping[str, Keyed]) -> Spent:
        """Return what the encoders took, training and test part together."""
        several = names_and_keys(encoders)
        return self.ledger.of(*((part, (one,)) for part in ("fit", "predict") for one in several))

    def hash_once(
        self, parts: list[NDArray], encoders: Mapping[str, Keyed], reservoir: Keyed, lost: str = ""
    ) -> str:
        """Return the sha256 of features, once for the same encoders and reservoir."""
        what = f"hash without {lost!r}"
        return self._get(what, lambda: hash_arrays(parts), encoders, reservoir)

    def _train(
        self, encoders: Mapping[str, Keyed], reservoir: Keyed
    ) -> tuple[BaseEstimator, NDArray]:
        """Fit a reservoir; return it and the training features."""
        front = clone(reservoir.estimator)
        if isinstance(front, MeasuredReservoir):
            states = front.fit_transform(self._measured(front, self.train))
        else:
            states = front.fit_transform(self._drive(encoders, 0))
        return front, self.target.align(states, self.train)

    def _measured(self, front: MeasuredReservoir, rows: NDArray, lost: str = "") -> list[Any]:
        """Return the measured states of some recordings, in place of drives."""
        if lost:
            raise ValueError(
                f"measured states do not exist without {lost!r}: set missing = false in the recipe."
            )
        return [np.asarray(one) for one in self.table[front.column].iloc[rows]]

    def _drive(self, encoders: Mapping[str, Keyed], part: int, lost: str = "") -> Any:
        """Return the drive of one sense, or that of several stacked; training 0, test 1."""
        if len(encoders) == 1:
            return self.drives(*next(iter(encoders.items())))[part]
        keys = " ".join(encoder.key for encoder in encoders.values())
        stack, train = self._hold("stack", keys, lambda: self._stack(encoders))
        if part == 0:
            return train
        return self._hold(
            f"stack without {lost!r}", keys,
            lambda: _stacked(stack.transform, self._encoded(encoders, 1, lost)),
        )  # fmt: skip

    def _stack(self, encoders: Mapping[str, Keyed]) -> tuple[DriveStack, Any]:
        """Return a stack of the drives of all senses, fitted, and that of the training part."""
        stack = DriveStack([(sense, EncodedDrive()) for sense in encoders])
        return stack, _stacked(stack.fit_transform, self._encoded(encoders, 0))

    def _encoded(self, encoders: Mapping[str, Keyed], part: int, lost: str = "") -> pd.DataFrame:
        """Return a table of the drives of the training (0) or test (1) part."""
        rows = self.test if part else self.train
        table = pd.DataFrame(index=range(len(rows)), columns=list(encoders), dtype=object)
        for sense, encoder in encoders.items():
            cells = np.empty(len(rows), dtype=object)
            if sense != lost:
                for k, drive in enumerate(self.drives(sense, encoder)[part]):
                    cells[k] = drive
            table[sense] = cells
        return table

    def _hold(self, what: str, key: str, compute: Callable[[], T]) -> T:
        """Return what is held as long as the fold; one thing is held in place of the one before."""
        if self._held.get(what, ("",))[0] != key:
            self._held.pop(what, None)
            self._held[what] = key, compute()
        held: T = self._held[what][1]
        return held

    def _get(
        self, what: str, compute: Callable[[], T], encoders: Mapping[str, Keyed],
        reservoir: Keyed = NO_RESERVOIR,
    ) -> T:  # fmt: skip
        """Return what is in the cache for this fold and these estimators."""
        key = self._number, what, names_and_keys(encoders), reservoir.key
        return self._cache.get(key, compute)


class FeaturesOf:
    """Features of a reservoir for each plan: those of the senses side by side."""

    def __init__(self, recipe: Recipe, name: str, seed: int, fold: Fold):
        self.recipe, self.seed, self.fold = recipe, seed, fold
        self.encoders = {sense: keyed(one) for sense, one in recipe.make_encoders().items()}
        self._make = partial(recipe.make_reservoir, name, seed=seed)
        self._reservoirs: dict[str, Keyed] = {}
        self._train: dict[str, tuple[BaseEstimator, NDArray]] = {}
        self._test: dict[tuple[str, str], NDArray] = {}
        self.fits: dict[str, tuple[Spent, str]] = {}  # of readouts, by inputs: see `evaluate`

    def train(self, plan: Plan) -> NDArray:
        """Return training features (sample, feature)."""
        return side_by_side([part[0] for part in self._parts(plan)])

    def test(self, plan: Plan, lost: str = "") -> NDArray:
        """Return test features; NaN for a lost sense, which is silent in early fusion."""
        parts = [part[1] for part in self._parts(plan, lost)]
        if lost and plan.fusion != "early":
            at = plan.senses.index(lost)
            parts[at] = np.full_like(parts[at], np.nan)
        return side_by_side(parts)

    def fronts(self, plan: Plan) -> list[Front]:
        """Return which columns are whose, as `fuse_features` takes them."""
        if plan.fusion != "late":
            return ALL_COLUMNS
        ends = np.cumsum([0, *(part[0].shape[1] for part in self._parts(plan))]).tolist()
        return [
            (sense, "passthrough", slice(begin, end))
            for sense, begin, end in zip(plan.senses, ends[:-1], ends[1:], strict=True)
        ]

    def spent(self, part: str, plan: Plan) -> Spent:
        """Return what a plan took: ``part`` is "encode", or, of reservoirs, "fit" or "predict"."""
        total = Spent()
        for use in ("early",) if plan.fusion == "early" else plan.senses:
            encoders = self._encoders(use)
            if part == "encode":
                total = total.plus(self.fold.spent_encoding(encoders))
            else:
                total = total.plus(self.fold.spent(part, encoders, self._reservoir(use)))
        return total

    def hashes(self) -> dict[str, str]:
        """Return the sha256 of the features of every sense, and of early fusion."""
        found = {}
        for plan in plan_inputs(self.recipe):
            if len(plan.senses) > 1 and plan.fusion != "early":
                continue
            missing = plan.senses if plan.fusion == "early" and self.recipe.missing else ()
            for lost in ("", *missing):
                key = f"{plan.inputs}{f' without {lost}' if lost else ''}"
                found[key] = self.fold.hash_once(
                    list(self._features(plan.inputs, lost)), self._encoders(plan.inputs),
                    self._reservoir(plan.inputs), lost,
                )  # fmt: skip
        return found

    def _parts(self, plan: Plan, lost: str = "") -> list[tuple[NDArray, NDArray]]:
        """Return features of training and test, of each sense, or of all stacked."""
        if plan.fusion == "early":
            return [self._features("early", lost)]
        return [self._features(sense) for sense in plan.senses]

    def _features(self, use: str, lost: str = "") -> tuple[NDArray, NDArray]:
        """Return features of training and test of one sense, or of all stacked."""
        encoders, reservoir = self._encoders(use), self._reservoir(use)
        if use not in self._train:
            self._train[use] = self.fold.train_features(encoders, reservoir)
        front, train = self._train[use]
        if (use, lost) not in self._test:
            self._test[use, lost] = self.fold.test_features(encoders, reservoir, front, lost)
        return train, self._test[use, lost]

    def _encoders(self, use: str) -> dict[str, Keyed]:
        """Return the encoder of a sense, or all of early fusion."""
        return self.encoders if use == "early" else {use: self.encoders[use]}

    def _reservoir(self, use: str) -> Keyed:
        """Return the reservoir of a sense, or that of early fusion."""
        if use not in self._reservoirs:
            self._reservoirs[use] = keyed(self._make(use))
        return self._reservoirs[use]


def reservoir_of(front: BaseEstimator) -> Any:
    """Return the reservoir of a recipe without the layer behind it."""
    return front[0] if isinstance(front, Pipeline) else front


def measured_columns(recipe: Recipe, table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that hold measured states of a recipe, each once."""
    found: dict[str, None] = {}
    known = [str(name) for name in table.columns]
    for name, part in recipe.reservoirs.items():
        for use in ("early", *recipe.encoders) if part.kind == MeasuredReservoir.__name__ else ():
            column = reservoir_of(recipe.make_reservoir(name, use, 0)).column
            if column not in known:
                raise ValueError(
                    f"reservoirs.{name}: column={column!r} of MeasuredReservoir is no column of "
                    f"the recordings{suggest(column, known)} They have {', '.join(known)}."
                )
            found[column] = None
    return list(found)


def names_and_keys(encoders: Mapping[str, Keyed]) -> tuple[tuple[str, str], ...]:
    """Return the senses and what their encoders depend on."""
    return tuple((sense, encoder.key) for sense, encoder in encoders.items())


def side_by_side(parts: list[NDArray]) -> NDArray:
    """Return features of several senses as one array; of one sense as they are."""
    return parts[0] if len(parts) == 1 else np.hstack(parts)


class EncodedDrive(ArrayOutput, TransformerMixin, BaseEstimator):
    """Encoder of a column that holds drives already."""

    def fit(self, X: pd.Series, y: Any = None) -> "EncodedDrive":
        """Remember the shape of a drive."""
        self.shape_ = X.iloc[0].shape
        return self

    def transform(self, X: pd.Series) -> Any:
        """Return the drives; NaN where one is absent."""
        absent = np.full(self.shape_, np.nan)
        return pack([absent if drive is None else drive for drive in X])


def _stacked(stack: Any, table: pd.DataFrame) -> Any:
    """Stack drives, and name the way out for experiments where their steps differ."""
    try:
        return stack(table)
    except ValueError as error:
        raise ValueError(f"early fusion: {error}; or leave 'early' out of fusion.") from error
