"""WarmSplit: training and test parts of one stream, each begun with steps that warm it up."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator

from mottle.checks import NamesArguments, check_whole
from mottle.containers import check_container


class WarmSplit(NamesArguments, BaseCrossValidator):
    """Split the steps of one recording: train on the past, test on later steps, from warm states.

    Each test part is preceded by ``washout`` steps through which the reservoir runs and which are
    not scored; they lie in the gap, so that no training target belongs to them. The parts are for a
    pipeline that ends in ``SequenceReadout(washout=washout)``, which leaves out the first steps of
    training and test part alike. Features are computed within a part: those of training steps
    depend on nothing that follows.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds. The test parts, without washout, follow one another up to the end.
    washout : int, default=0
        Steps that warm up the states of each part; also the washout of `SequenceReadout`.
    gap : int, default=None
        Steps between the last training step and the first that is scored, at least ``washout``;
        None takes ``washout``. If a target lies ahead of its step by more, as that of a forecast,
        take as many.
    test_size : int, default=None
        Scored steps of each fold; None takes n_steps // (n_splits + 1).
    max_train_size : int, default=None
        Largest number of training steps, the washout included; None takes all of the past.

    See Also
    --------
    SequenceReadout : Leaves out the washout of each part.

    Notes
    -----
    For rows that need no warm-up scikit-learn's ``TimeSeriesSplit`` does the same.

    Examples
    --------
    >>> import numpy as np
    >>> split = WarmSplit(2, washout=2, gap=3)
    >>> for train, test in split.split(np.zeros((14, 1))):
    ...     print(train, test[:2], test[2:])  # training, warm-up, scored
    [0 1 2] [4 5] [6 7 8 9]
    [0 1 2 3 4 5 6] [8 9] [10 11 12 13]
    """

    def __init__(
        self,
        n_splits: Any = 5,
        *,
        washout: Any = 0,
        gap: Any = None,
        test_size: Any = None,
        max_train_size: Any = None,
    ) -> None:
        self.n_splits, self.washout, self.gap = n_splits, washout, gap
        self.test_size, self.max_train_size = test_size, max_train_size

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield indices of training and test steps, both without holes.

        Parameters
        ----------
        X : array-like of shape (n_steps, n_inputs)
            One recording; only its length is used.
        y : ignored
            Present for compatibility with scikit-learn.
        groups : ignored
            Present for compatibility with scikit-learn.

        Yields
        ------
        train, test : ndarray of int
            The first ``washout`` indices of ``test`` warm it up.
        """
        n_splits, washout = check_whole("n_splits", self.n_splits), self._washout()
        gap = washout if self.gap is None else check_whole("gap", self.gap, 0)
        if gap < washout:
            raise ValueError(
                f"gap={gap} is shorter than washout={washout}, which lies in it; take at least "
                f"gap={washout}."
            )
        n_steps = _n_steps(X)
        size = n_steps // (n_splits + 1)
        size = size if self.test_size is None else check_whole("test_size", self.test_size)
        most = n_steps if self.max_train_size is None else check_whole(
            "max_train_size", self.max_train_size, washout + 1
        )  # fmt: skip
        first = n_steps - n_splits * size
        if size == 0 or first - gap <= washout:
            raise ValueError(
                f"{n_steps} steps are too few for n_splits={n_splits} of {size} steps with "
                f"washout={washout} and gap={gap}: {max(first - gap, 0)} steps are left to train "
                "the first fold; take fewer splits, or a smaller test_size or gap."
            )
        for start in range(first, n_steps, size):
            end = start - gap
            train = np.arange(max(0, end - most), end)
            yield train, np.arange(start - washout, start + size)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X : ignored
            Present for compatibility with scikit-learn.
        y : ignored
            Present for compatibility with scikit-learn.
        groups : ignored
            Present for compatibility with scikit-learn.

        Returns
        -------
        n_splits : int
            Of the constructor.
        """
        return check_whole("n_splits", self.n_splits)

    def _washout(self) -> int:
        return check_whole("washout", self.washout, 0)


def _n_steps(X: Any) -> int:
    """Return the number of steps of one recording; refuse several."""
    check_container(X)
    first: Any = X[0] if isinstance(X, list | tuple) else None
    if getattr(X, "ndim", 1) == 3 or np.ndim(first) == 2:
        raise ValueError(
            f"X holds {len(X)} recordings, and WarmSplit splits the steps of one: take GroupKFold "
            "or KFold, for which SequenceReadout keeps the steps of a recording together."
        )
    return int(X.shape[0] if hasattr(X, "shape") else len(X))
