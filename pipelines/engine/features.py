"""One fold: drives by encoders fitted to its training part, and features of every reservoir."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone

from mottle.datasets import Recordings
from mottle.events import is_absent
from mottle.pipelines.engine.cache import Cache, key_of
from mottle.pipelines.engine.hashing import hash_arrays
from mottle.pipelines.engine.target import Target
from mottle.pipelines.senses import SenseCheck
from mottle.sensors import DriveStack
from mottle.sensors.base import pack

NUMBERS = count()


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

    def check_senses(self, senses: tuple[str, ...]) -> None:
        """Refuse a sense absent in training, and a test recording without any."""
        check = SenseCheck(senses).fit(self.table.iloc[self.train])
        check.transform(self.table.iloc[self.test])

    def drives(self, sense: str, encoder: BaseEstimator) -> tuple[Any, Any]:
        """Return the drives of training and test; the encoder learns from training alone."""

        def encode() -> tuple[Any, Any]:
            streams, fitted = self.table[sense], clone(encoder)
            return (
                fitted.fit_transform(streams.iloc[self.train]),
                fitted.transform(streams.iloc[self.test]),
            )

        return self._get("drives", encode, sense, encoder)

    def drives_hash(self, sense: str, encoder: BaseEstimator) -> str:
        """Return the sha256 of the drives of one sense, training first."""
        train, test = self.drives(sense, encoder)
        return self._get(
            "hash of drives", lambda: hash_arrays([*train, *test]), sense, encoder
        )  # fmt: skip

    def features(
        self, encoders: Mapping[str, BaseEstimator], reservoir: BaseEstimator, lost: str = ""
    ) -> tuple[NDArray, NDArray]:
        """Return features (sample, feature) of training and test.

        Of one sense those of its reservoir; of several those of the reservoir that gets the stacked
        drives of all (early fusion), in the test part without the sense ``lost``.
        """
        front, X_train = self._get(
            "training", lambda: self._train(encoders, reservoir), *_flat(encoders), reservoir
        )
        X_test = self._get(
            f"test without {lost!r}", lambda: self._test(encoders, front, lost),
            *_flat(encoders), reservoir,
        )  # fmt: skip
        return X_train, X_test

    def features_hash(
        self, encoders: Mapping[str, BaseEstimator], reservoir: BaseEstimator, lost: str = ""
    ) -> str:
        """Return the sha256 of the features of `features`, training first."""
        return self._get(
            f"hash without {lost!r}",
            lambda: hash_arrays(self.features(encoders, reservoir, lost)),
            *_flat(encoders), reservoir,
        )  # fmt: skip

    def _train(
        self, encoders: Mapping[str, BaseEstimator], reservoir: BaseEstimator
    ) -> tuple[Any, NDArray]:
        """Fit a reservoir (and the stack of its drives); return both and the training features."""
        front, stack = clone(reservoir), None
        if len(encoders) == 1:
            drive = self.drives(*next(iter(encoders.items())))[0]
        else:
            stack = DriveStack([(sense, EncodedDrive()) for sense in encoders])
            drive = _stacked(stack.fit_transform, self._encoded(encoders, 0))
        states = front.fit_transform(drive)
        return (stack, front), self.target.align(states, self.train)

    def _test(
        self, encoders: Mapping[str, BaseEstimator], front: tuple[Any, Any], lost: str
    ) -> NDArray:
        """Return the test features of a fitted reservoir."""
        stack, reservoir = front
        if stack is None:
            drive = self.drives(*next(iter(encoders.items())))[1]
        else:
            drive = _stacked(stack.transform, self._encoded(encoders, 1, lost))
        return self.target.align(reservoir.transform(drive), self.test)

    def _encoded(
        self, encoders: Mapping[str, BaseEstimator], part: int, lost: str = ""
    ) -> pd.DataFrame:
        """Return a table of the drives of the training (0) or test (1) part."""
        rows = self.test if part else self.train
        table = pd.DataFrame(index=range(len(rows)), columns=list(encoders), dtype=object)
        for sense, encoder in encoders.items():
            streams, drives = self.table[sense].iloc[rows], self.drives(sense, encoder)[part]
            cells = np.empty(len(rows), dtype=object)
            for k, (stream, drive) in enumerate(zip(streams, drives, strict=True)):
                cells[k] = None if sense == lost or is_absent(stream) else drive
            table[sense] = cells
        return table

    def _get(self, what: str, compute: Any, *parts: Any) -> Any:
        """Return what is in the cache for this fold and these estimators."""
        texts = [one if isinstance(one, str) else key_of(one) for one in parts]
        return self._cache.get((self._number, what, *texts), compute)


class EncodedDrive(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Encoder of a column that holds drives already."""

    def fit(self, X: pd.Series, y: Any = None) -> "EncodedDrive":
        """Remember the shape of a drive."""
        self.shape_ = X.iloc[0].shape
        return self

    def transform(self, X: pd.Series) -> Any:
        """Return the drives; NaN where one is absent."""
        absent = np.full(self.shape_, np.nan)
        return pack([absent if drive is None else drive for drive in X])


def _flat(encoders: Mapping[str, BaseEstimator]) -> list[Any]:
    """Return senses and their encoders, one after the other."""
    return [part for pair in encoders.items() for part in pair]


def _stacked(stack: Any, table: pd.DataFrame) -> Any:
    """Stack drives, and name the way out for experiments where their steps differ."""
    try:
        return stack(table)
    except ValueError as error:
        raise ValueError(f"early fusion: {error}; or leave 'early' out of fusion.") from error
