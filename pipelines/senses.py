"""SenseCheck: a table of streams on its way into a pipeline."""

from typing import Any, Self
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mottle.events import name_row
from mottle.output import ArrayOutput


class SenseCheck(ArrayOutput, TransformerMixin, BaseEstimator):
    """Check a table of streams: every sense present in training, at least one in each row later.

    Parameters
    ----------
    senses : sequence of str
        Columns that are used.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of str
        The columns of the table given to ``fit``.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> table, target, groups = load_demo("grasp")
    >>> check = SenseCheck(["touch", "joints"]).fit(table)
    >>> check.transform(table[:5]).shape, check.feature_names_in_.tolist()
    ((5, 2), ['touch', 'joints'])
    """

    passes_streams = True  # to live runs it is no stage

    def __init__(self, senses: Any) -> None:
        self.senses = senses

    def fit(self, X: Any, y: Any = None) -> Self:
        """Refuse a table in which a sense is absent.

        Parameters
        ----------
        X : DataFrame of shape (n_recordings, n_senses)
            Table of streams.
        y : ignored
            Present for the sake of pipelines.

        Returns
        -------
        self : SenseCheck
            The fitted check.
        """
        absent = self._absent(X)
        if absent.any():
            row, column = np.argwhere(absent)[0]
            count, sense = int(absent[:, column].sum()), self.senses[column]
            raise ValueError(
                f"sense {sense!r} is missing in {name_row(X.index, row)} of the training data "
                f"({count} of {len(X)} recordings): leave those recordings out of fit; a sense may "
                "be missing at predict time only. To keep them in the test folds of a "
                "cross-validation: whole = table.notna().all(axis=1).to_numpy(); "
                "cv = [(a[whole[a]], b) for a, b in splitter.split(table, y, groups)]."
            )
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X: Any) -> Any:
        """Return the table; warn of missing senses, refuse a recording without any.

        Parameters
        ----------
        X : DataFrame of shape (n_recordings, n_senses)
            Table of streams; None where a sense is missing.

        Returns
        -------
        X : DataFrame
            The same table.
        """
        check_is_fitted(self)
        absent = self._absent(X)
        nothing = absent.all(axis=1)
        if nothing.any():
            row = name_row(X.index, int(np.argmax(nothing)))
            raise ValueError(
                f"{row} has none of the senses {', '.join(self.senses)}: there is "
                "nothing to predict from; drop it."
            )
        for sense, count in zip(self.senses, absent.sum(axis=0).tolist(), strict=True):
            if count:
                warn(
                    f"sense {sense!r} is missing in {count} of {len(X)} recordings and is masked "
                    "there: these are predicted from their other senses.",
                    stacklevel=2,
                )
        return X

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Name the columns of the table.

        Parameters
        ----------
        input_features : ignored
            Present for the sake of pipelines.

        Returns
        -------
        names : ndarray of str
            As in ``fit``.
        """
        check_is_fitted(self)
        return self.feature_names_in_

    def _absent(self, X):
        """Return where a sense is absent: (recording, sense), one column for each sense."""
        if not isinstance(X, pd.DataFrame):
            raise TypeError(
                f"expected a table (pandas.DataFrame) with the columns {', '.join(self.senses)}, "
                f"got {type(X).__name__}; make_table builds one from lists of streams."
            )
        unknown = [sense for sense in self.senses if sense not in X.columns]
        if unknown:
            raise ValueError(
                f"the table has no column {unknown[0]!r}; it has {', '.join(map(str, X.columns))}. "
                "A sense that is missing altogether is a column of None."
            )
        senses = list(self.senses)
        table = X if X.columns.tolist() == senses else X[senses]
        return pd.isna(table.to_numpy(dtype=object))
