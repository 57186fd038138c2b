"""Fusion of senses with scikit-learn's own parts: early, middle and late from one description."""

from warnings import warn

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from mottle.reservoir import NoReservoir, RidgeReadout
from mottle.sensors import DriveStack

FUSIONS = ("early", "middle", "late")


class SenseCheck(TransformerMixin, BaseEstimator):
    """Look at a table of streams on its way in: all senses in training, one at least afterwards.

    Parameters
    ----------
    senses : sequence of str
        Columns that are used.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of str
        The columns seen in ``fit``.
    """

    def __init__(self, senses):
        self.senses = senses

    def fit(self, X, y=None):
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
        if absent.to_numpy().any():
            row, column = np.argwhere(absent.to_numpy())[0]
            count, sense = int(absent.iloc[:, column].sum()), absent.columns[column]
            raise ValueError(
                f"sense {sense!r} is missing in recording {X.index[row]!r} of the training data "
                f"({count} of {len(X)} recordings): leave those recordings out of fit; a sense may "
                "be missing at predict time only."
            )
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        return self

    def transform(self, X):
        """Hand the table on; say which senses are missing, refuse a recording without any.

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
        nothing = absent.all(axis=1).to_numpy()
        if nothing.any():
            row = X.index[int(np.argmax(nothing))]
            raise ValueError(
                f"recording {row!r} has none of the senses {', '.join(self.senses)}: there is "
                "nothing to predict from; drop it."
            )
        for sense, count in absent.sum().items():
            if count:
                warn(
                    f"sense {sense!r} is missing in {count} of {len(X)} recordings and is masked "
                    "there: they are judged by their other senses.",
                    stacklevel=2,
                )
        return X

    def get_feature_names_out(self, input_features=None):
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

    def set_output(self, *, transform=None):
        """Do nothing: a table stays a table.

        Parameters
        ----------
        transform : ignored
            Present for the sake of pipelines.

        Returns
        -------
        self : SenseCheck
            The same check.
        """
        return self

    def _absent(self, X):
        if not isinstance(X, pd.DataFrame):
            raise TypeError(
                f"expected a table (pandas.DataFrame) with the columns {', '.join(self.senses)}, "
                f"got {type(X).__name__}; make_table builds one from lists of streams."
            )
        lost = [sense for sense in self.senses if sense not in X.columns]
        if lost:
            raise ValueError(
                f"the table has no column {lost[0]!r}; it has {', '.join(map(str, X.columns))}. "
                "A sense that is missing altogether is a column of None."
            )
        return X[list(self.senses)].isna()


class MaskedReadout(MetaEstimatorMixin, BaseEstimator):
    """Readout for features of which some may be missing (NaN) at predict time.

    A row with missing features is judged by the readout that the same training data give without
    these features: nothing is guessed. That readout is fitted when such a row turns up, once for
    each pattern in the batch.

    Parameters
    ----------
    readout : estimator or None, default=None
        Any classifier or regressor; None takes ``RidgeReadout()``.

    Attributes
    ----------
    readout_ : estimator
        Fitted to all features.
    classes_ : ndarray
        Labels, if the readout classifies.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0, 1], [1, 0], [2, 3], [3, 2]]), ["a", "a", "b", "b"]
    >>> MaskedReadout().fit(X, y).predict([[3.0, np.nan], [0.0, 1.0]])
    array(['b', 'a'], dtype='<U1')
    """

    def __init__(self, readout=None):
        self.readout = readout

    def fit(self, X, y):
        """Fit the readout to features that are all there.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features without NaN.
        y : array-like of shape (n_samples,)
            Target.

        Returns
        -------
        self : MaskedReadout
            The fitted readout.
        """
        self._X, self._y = check_array(X, dtype=np.float64), y
        self.readout_ = self._new().fit(self._X, y)
        self.n_features_in_ = self._X.shape[1]
        if hasattr(self.readout_, "classes_"):
            self.classes_ = self.readout_.classes_
        return self

    def predict(self, X):
        """Return predictions from the features that are there.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; NaN where missing, not throughout a row.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            What was learnt.
        """
        return self._by_pattern(X, "predict")

    @available_if(lambda self: hasattr(getattr(self, "readout_", self._new()), "predict_proba"))
    def predict_proba(self, X):
        """Return class probabilities; a row without any feature abstains (all classes equal).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; NaN where missing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        return self._by_pattern(X, "predict_proba")

    def score(self, X, y, sample_weight=None):
        """Score the predictions as the readout itself would.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            Accuracy or coefficient of determination.
        """
        from sklearn.metrics import accuracy_score, r2_score

        score = accuracy_score if hasattr(self, "classes_") else r2_score
        return score(y, self.predict(X), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        """Tell scikit-learn that NaN is welcome, and the rest as the readout tells it."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "readout_", self._new()))
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags = inner.target_tags
        tags.input_tags.allow_nan = True
        return tags

    def _new(self):
        return RidgeReadout() if self.readout is None else clone(self.readout)

    def _by_pattern(self, X, method):
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        if X.shape[1] != self.n_features_in_:
            raise ValueError(f"X has {X.shape[1]} features, expected {self.n_features_in_}.")
        patterns, which = np.unique(np.isnan(X), axis=0, return_inverse=True)
        which = which.reshape(-1)
        parts = []
        for k, missing in enumerate(patterns):
            rows = np.flatnonzero(which == k)
            parts.append((rows, self._judge(X[rows][:, ~missing], missing, method)))
        out = np.empty(
            (len(X), *parts[0][1].shape[1:]), dtype=np.result_type(*[p for _, p in parts])
        )
        for rows, part in parts:
            out[rows] = part
        return out

    def _judge(self, X, missing, method):
        """Predict for rows that lack the features ``missing``, which ``X`` no longer has."""
        if not missing.any():
            return getattr(self.readout_, method)(X)
        if missing.all():
            if method == "predict_proba":
                return np.full((len(X), len(self.classes_)), 1.0 / len(self.classes_))
            raise ValueError(f"{len(X)} rows have no feature at all; there is nothing to go by.")
        return getattr(self._new().fit(self._X[:, ~missing], self._y), method)(X)


def make_fusion_pipeline(encoders, reservoir=None, *, fusion="middle", readout=None):
    """Build a pipeline from a table of streams to predictions.

    Parameters
    ----------
    encoders : dict of str to transformer
        Column of the table to its encoder.
    reservoir : reservoir, dict of str to reservoir, or None, default=None
        One reservoir with pooling, cloned for every sense, or one for each sense by name. None
        pools the drives themselves (``NoReservoir(pool="mean", n_segments=6)``).
    fusion : {"early", "middle", "late"}, default="middle"
        Early: drives are stacked and enter one reservoir (all encoders need one ``n_steps``).
        Middle: one reservoir a sense, one readout on all features. Late: one reservoir and one
        readout a sense, probabilities averaged.
    readout : estimator or None, default=None
        Classifier or regressor; None takes ``RidgeReadout()``.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        For ``fit(table, target)``. A sense that is None in a recording at predict time is masked.

    Raises
    ------
    ValueError
        For an unknown fusion, senses without reservoir, or a reservoir without pooling.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> from mottle.reservoir import MemristorReservoir
    >>> from mottle.sensors import TaxelDrive
    >>> table, target, groups = load_demo("grasp")
    >>> model = make_fusion_pipeline(
    ...     {"touch": TaxelDrive(12), "joints": TaxelDrive(12)},
    ...     MemristorReservoir(50, pool=("mean", "last"), random_state=0),
    ... )
    >>> model.fit(table[groups > 4], target[groups > 4]).score(
    ...     table[groups <= 4], target[groups <= 4]
    ... ) > 0.6
    True
    """
    if fusion not in FUSIONS:
        raise ValueError(f"fusion={fusion!r} is not known; choose from {', '.join(FUSIONS)}.")
    if not encoders:
        raise ValueError("encoders is empty; name at least one sense and its encoder.")
    if reservoir is None:
        reservoir = NoReservoir(pool="mean", n_segments=6)
    check = SenseCheck(tuple(encoders))
    if fusion == "early":
        if isinstance(reservoir, dict):
            raise ValueError("early fusion runs one reservoir; give it alone, not by sense.")
        steps = [
            ("senses", check),
            ("drives", DriveStack([(sense, clone(e)) for sense, e in encoders.items()])),
            ("reservoir", _pooling(reservoir)),
            ("readout", MaskedReadout(readout)),
        ]
        return Pipeline(steps)
    fronts = {}
    for sense, encoder in encoders.items():
        if isinstance(reservoir, dict) and sense not in reservoir:
            raise ValueError(f"sense {sense!r} has no reservoir; got {', '.join(reservoir)}.")
        own = reservoir[sense] if isinstance(reservoir, dict) else reservoir
        fronts[sense] = Pipeline([("encoder", clone(encoder)), ("reservoir", _pooling(own))])
    if fusion == "middle":
        features = ColumnTransformer([(sense, front, sense) for sense, front in fronts.items()])
        steps = [("senses", check), ("features", features), ("readout", MaskedReadout(readout))]
        return Pipeline(steps)
    members = [
        (
            sense,
            Pipeline(
                [
                    ("features", ColumnTransformer([(sense, front, sense)])),
                    ("readout", MaskedReadout(readout)),
                ]
            ),
        )
        for sense, front in fronts.items()
    ]
    kind = get_tags(MaskedReadout(readout)).estimator_type
    vote = (
        VotingRegressor(members)
        if kind == "regressor"
        else VotingClassifier(members, voting="soft")
    )
    return Pipeline([("senses", check), ("vote", vote)])


def _pooling(reservoir):
    """Clone a reservoir that gives features, or refuse one that gives states."""
    if isinstance(reservoir, Pipeline):  # a reservoir and the layer behind it
        return clone(reservoir)
    if reservoir.pool is None and reservoir.n_segments == 1:
        raise ValueError(
            f"{reservoir} gives states; a readout of recordings needs features: set pool='mean', "
            "for example, or n_segments=4."
        )
    return clone(reservoir)
