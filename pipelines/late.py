"""LateReadout: a readout for each sense (modality), and the mean of what they predict."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, TransformerMixin, clone
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import _BaseComposition, available_if
from sklearn.utils.validation import check_is_fitted

from mottle.output import ArrayOutput
from mottle.pipelines.masked import taking_groups


class LateReadout(MetaEstimatorMixin, _BaseComposition):
    """Mean of the predictions of several senses, over those that are present in a recording.

    Classifiers contribute their probabilities, regressors their numbers. A sense is absent in a
    recording if all its features are NaN there; it then takes no part.

    Parameters
    ----------
    members : list of (str, Pipeline)
        Name of a sense, and a pipeline whose steps before the last return its features.

    Attributes
    ----------
    members_ : list of (str, Pipeline)
        The fitted pipelines.
    classes_ : ndarray
        Labels, if the readouts classify.

    Raises
    ------
    ValueError
        By ``fit``, for a classifier without probabilities; by ``predict``, for a recording of
        numbers without any sense.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.pipelines.fusion import fuse_features
    >>> fronts = [(s, "passthrough", slice(k, k + 1)) for k, s in enumerate(["touch", "joints"])]
    >>> model = fuse_features("late", fronts)[-1][1]
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [3.0, 2.0]]), [0, 0, 1, 1]
    >>> model.fit(X, y).predict(np.array([[3.0, np.nan], [0.0, 1.0]])).tolist()
    [1, 0]
    """

    def __init__(self, members: Any) -> None:
        self.members = members

    def get_params(self, deep: Any = True) -> Any:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether those of the members are returned too, as ``sense__parameter``.

        Returns
        -------
        params : dict of str to object
            By name.
        """
        return self._get_params("members", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters: ``sense`` replaces a member, ``sense__parameter`` sets one of it.

        Parameters
        ----------
        **params : dict
            By name.

        Returns
        -------
        self : LateReadout
            The same readout.
        """
        self._set_params("members", **params)
        return self

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Fit every member.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            What the members take: a table of streams, or the features of all senses.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Target.
        groups : array-like of shape (n_samples,), default=None
            Rows that the readouts must not split where they choose penalties.

        Returns
        -------
        self : LateReadout
            The fitted readout.
        """
        self._validate_names([name for name, _ in self.members])
        self.members_ = [
            (name, clone(member).fit(X, y, **taking_groups(member, groups)))
            for name, member in self.members
        ]
        self.__dict__.pop("classes_", None)
        first = self.members_[0][1]
        if hasattr(first, "classes_"):
            for name, member in self.members_:
                if not hasattr(member, "predict_proba"):
                    raise ValueError(
                        f"late fusion averages class probabilities, and the readout of {name!r}, "
                        f"{member[-1]!r}, has no predict_proba; take another readout, or "
                        "fusion='middle'."
                    )
            self.classes_ = first.classes_
        return self

    def predict(self, X: Any) -> NDArray:
        """Return the label with the highest mean probability, or the mean number.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            As in ``fit``; senses may be absent.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        """
        check_is_fitted(self)
        if hasattr(self, "classes_"):
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self._mean(X, "predict")

    @available_if(lambda self: hasattr(self, "classes_") or not hasattr(self, "members_"))
    def predict_proba(self, X: Any) -> NDArray:
        """Return the mean of the class probabilities; all are equal where no sense is present.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            As in ``fit``; senses may be absent.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        check_is_fitted(self)
        return self._mean(X, "predict_proba")

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return accuracy for labels, the coefficient of determination for numbers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1.
        """
        from sklearn.metrics import accuracy_score, r2_score

        score = accuracy_score if hasattr(self, "classes_") else r2_score
        return score(y, self.predict(X), sample_weight=sample_weight)

    def split_live(self) -> tuple[Any, Any]:
        """Return what gives the features of all senses side by side, and the readouts on them.

        Returns
        -------
        features : FeatureUnion
            Of the steps of all members but their last ones.
        readout : LateReadout
            Fitted; takes the features.
        """
        check_is_fitted(self)
        ends = np.cumsum([member[-1].n_features_in_ for _, member in self.members_])
        front, members = [], []
        for (name, member), end in zip(self.members_, ends.tolist(), strict=True):
            own = TakeColumns(slice(end - member[-1].n_features_in_, end))
            own.n_features_in_ = int(ends[-1])
            front.append((name, member[:-1]))
            members.append((name, Pipeline([("take", own), ("readout", member[-1])])))
        readout = LateReadout(members)
        readout.__dict__.update(self.__dict__, members=members, members_=members)
        return FeatureUnion(front), readout

    @property
    def named_estimators_(self):
        """The fitted members by name, as scikit-learn's ensembles have them."""
        return dict(self.members_)

    def __sklearn_tags__(self):
        """Return the tags of the first member."""
        tags = super().__sklearn_tags__()
        members = getattr(self, "members_", self.members)
        inner = get_tags(members[0][1])
        tags.estimator_type, tags.target_tags = inner.estimator_type, inner.target_tags
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.input_tags = inner.input_tags
        return tags

    def _mean(self, X, method):
        """Average what the members predict over those whose sense is present."""
        parts: list[tuple] = []
        for _, member in self.members_:
            features = np.asarray(member[:-1].transform(X), dtype=np.float64)
            present = ~np.isnan(features).all(axis=1)
            part = None
            if present.any():
                some = features if present.all() else features[present]
                part = getattr(member[-1], method)(some)
            parts.append((present, part))
        counts = np.sum([present for present, _ in parts], axis=0)
        shape = next((part.shape[1:] for _, part in parts if part is not None), None)
        nothing = counts == 0
        if method == "predict" and nothing.any():
            raise ValueError(
                f"{int(nothing.sum())} rows have no feature of any sense: there is nothing to "
                "predict from; drop these recordings."
            )
        if shape is None:
            return np.full((len(counts), len(self.classes_)), 1.0 / len(self.classes_))
        total = np.zeros((len(parts), len(counts), *shape))
        for k, (present, part) in enumerate(parts):
            if part is not None:
                total[k, present] = part
        total = total.sum(axis=0) / np.maximum(counts, 1).reshape(-1, *[1] * len(shape))
        if nothing.any():
            total[nothing] = 1.0 / len(self.classes_)
        return total


class TakeColumns(ArrayOutput, TransformerMixin, BaseEstimator):
    """Return a slice of the columns.

    Parameters
    ----------
    columns : slice
        Those of one sense.
    """

    def __init__(self, columns):
        self.columns = columns

    def fit(self, X, y=None):
        """Count the columns."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """Return some columns, in C order."""
        return np.ascontiguousarray(X[:, self.columns])
