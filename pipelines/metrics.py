"""Metrics by name: our own in `METRICS`, scikit-learn's scorers, and those of other packages.

A new metric is one entry of `METRICS`. One from another package is named in a recipe as
``package.module:name``, or registered as an entry point of the group ``mottle.metrics``; it is a
`Metric`, a function of truth and prediction, or a scorer of scikit-learn's (`make_scorer`).
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer, get_scorer_names, root_mean_squared_error
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if

from mottle.checks import check_bool, check_number, suggest
from mottle.plugins import find_plugins, load_plugin

GROUP = "mottle.metrics"
PERCENT = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "jaccard",
    "precision",
    "recall",
    "top_k_accuracy",
)


@dataclass(frozen=True)
class Metric:
    """A function that scores predictions.

    Attributes
    ----------
    function : callable
        Of truth and prediction, (y_true, y_pred) to a number; or a scorer of scikit-learn's,
        (estimator, X, y_true) to a number.
    higher_is_better : bool
        Whether a larger number is a better one.
    percent : bool
        Whether it is a fraction that reports write in %.
    name : str
        What a recipe calls it.
    task : {"classification", "regression"} or None
        What it is for; None leaves that to the function.

    Examples
    --------
    >>> metric = Metric(lambda y_true, y_pred: abs(y_true - y_pred).max(), higher_is_better=False)
    >>> metric.direction
    'lower is better'
    """

    function: Callable[..., float]
    higher_is_better: bool = True
    percent: bool = False
    name: str = ""
    task: str | None = None

    def __post_init__(self) -> None:
        for flag in ("higher_is_better", "percent"):
            check_bool(flag, getattr(self, flag))

    @property
    def direction(self) -> str:
        """The better direction in words."""
        return "higher is better" if self.higher_is_better else "lower is better"

    def describe(self) -> dict[str, Any]:
        """Return name, direction and form as plain values.

        Examples
        --------
        >>> find_metric("accuracy").describe()
        {'name': 'accuracy', 'higher_is_better': True, 'percent': True}
        """
        return {
            "name": self.name, "higher_is_better": self.higher_is_better, "percent": self.percent
        }  # fmt: skip

    def write(self, value: float) -> str:
        """Write a score as reports do, without its unit.

        Examples
        --------
        >>> find_metric("accuracy").write(0.8125), find_metric("nrmse").write(0.31415)
        ('81.2', '0.314')
        """
        return f"{100 * value:.1f}" if self.percent else f"{value:.3g}"

    def label(self) -> str:
        """Return the name with its unit and direction.

        Examples
        --------
        >>> find_metric("accuracy").label(), find_metric("nrmse").label()
        ('accuracy in % (higher is better)', 'nrmse (lower is better)')
        """
        return f"{self.name}{' in %' if self.percent else ''} ({self.direction})"

    def score(self, truth: ArrayLike, outputs: Any) -> float:
        """Score predictions of one test part.

        Parameters
        ----------
        truth : array-like of shape (n_samples,) or (n_samples, n_targets)
            What was to be predicted.
        outputs : Outputs
            What was predicted.

        Returns
        -------
        score : float
            Finite.
        """
        truth, predicted = np.asarray(truth), outputs.predicted
        try:
            if self.task not in (None, outputs.task):
                raise ValueError(f"it is for a {self.task}")
            if _takes_estimator(self.function):
                score = self.function(outputs.as_estimator(), np.empty((len(truth), 0)), truth)
            else:
                score = self.function(truth, predicted)
            return check_number(f"metric {self.name!r}", score)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"metric={self.name!r} cannot score {len(truth)} samples of this "
                f"{outputs.task}: {error}"
            ) from error


def normalized_error(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the root mean squared error over the standard deviation of the target.

    Of several targets the mean of theirs; the mean of the target as prediction scores 1.

    Examples
    --------
    >>> normalized_error([0.0, 2.0], [1.0, 1.0]), normalized_error([0.0, 2.0], [0.0, 2.0])
    (1.0, 0.0)
    """
    y_true, y_pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    deviation = np.atleast_1d(y_true.std(axis=0))
    if not (deviation > 0).all():
        raise ValueError(
            "the target is constant in the test part, and an error cannot be taken relative to "
            "its standard deviation; take metric='rmse'."
        )
    errors = np.atleast_1d(root_mean_squared_error(y_true, y_pred, multioutput="raw_values"))
    return float(np.mean(errors / deviation))


def accuracy(y_true: NDArray, y_pred: NDArray) -> float:
    """Return the fraction of right labels; as scikit-learn's, without its checks of labels.

    Examples
    --------
    >>> accuracy(np.array(["a", "b"]), np.array(["a", "a"]))
    0.5
    """
    return float(np.mean(y_true == y_pred))


METRICS = {
    "accuracy": Metric(accuracy, percent=True, task="classification"),
    "nrmse": Metric(normalized_error, higher_is_better=False, task="regression"),
    "rmse": Metric(root_mean_squared_error, higher_is_better=False, task="regression"),
}
DEFAULTS = {"classification": "accuracy", "regression": "nrmse"}


def find_metric(name: str) -> Metric:
    """Return a metric by name.

    Parameters
    ----------
    name : str
        Of `METRICS`, of an entry point of the group ``mottle.metrics``, of a scorer of
        scikit-learn's such as "f1_macro", or ``package.module:name``.

    Returns
    -------
    metric : Metric
        With its name.

    Raises
    ------
    ValueError
        For an unknown name, or something that is no metric.

    Examples
    --------
    >>> find_metric("neg_root_mean_squared_error").direction
    'higher is better'
    >>> find_metric("acuracy")
    Traceback (most recent call last):
    ValueError: metric='acuracy' is not known; did you mean 'accuracy'? Known: accuracy, nrmse, \
rmse, the scorers of scikit-learn (sklearn.metrics.get_scorer_names()), and package.module:function.
    """
    plugins = find_plugins(GROUP)
    found: Any = None
    if name in METRICS:
        found = METRICS[name]
    elif ":" in name:
        found = _import(name)
    elif name in plugins:
        found = load_plugin(plugins[name])
    elif name in get_scorer_names():
        found = Metric(get_scorer(name), percent=_is_percent(name))
    if found is None:
        known = [*METRICS, *plugins, *get_scorer_names()]
        own = ", ".join([*METRICS, *sorted(plugins)])
        raise ValueError(
            f"metric={name!r} is not known{suggest(name, known)} Known: {own}, the scorers of "
            "scikit-learn (sklearn.metrics.get_scorer_names()), and package.module:function."
        )
    if not isinstance(found, Metric):
        if not callable(found):
            raise ValueError(
                f"metric={name!r} is a {type(found).__name__}; expected a function of "
                "(y_true, y_pred), a scorer, or a mottle.pipelines.Metric."
            )
        found = Metric(found)
    metric: Metric = replace(found, name=name)
    return metric


def _import(name: str) -> Any:
    """Import ``package.module:name``."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"metric={name!r} cannot be imported ({error}): expected package.module:function, "
            "importable from where mottle runs."
        ) from error


def _is_percent(name: str) -> bool:
    """Tell whether a scorer of scikit-learn's returns a fraction that is usually given in %."""
    return name in PERCENT or name.startswith(("f1_", "jaccard_", "precision_", "recall_"))


def _takes_estimator(function: Callable[..., Any]) -> bool:
    """Tell a scorer (estimator, X, y) from a function (y_true, y_pred)."""
    given = inspect.signature(function).parameters.values()
    needed = [
        one for one in given
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    return len(needed) >= 3


@dataclass
class Outputs:
    """Predictions for one test part, computed when they are needed.

    Attributes
    ----------
    predict : callable
        Returns labels or numbers (sample,) or (sample, target).
    predict_proba : callable or None
        Returns probabilities (sample, class).
    classes : ndarray or None
        Labels in the order of the probabilities' columns; None in a regression.
    """

    predict: Callable[[], NDArray]
    predict_proba: Callable[[], NDArray] | None = None
    classes: NDArray | None = None

    @property
    def task(self) -> str:
        """What was predicted: "classification" or "regression"."""
        return "regression" if self.classes is None else "classification"

    @cached_property
    def predicted(self) -> NDArray:
        """Labels or numbers (sample,) or (sample, target)."""
        return self.predict()

    @cached_property
    def probabilities(self) -> NDArray:
        """Probabilities (sample, class) of a classification."""
        if self.predict_proba is None:
            raise ValueError("this readout has no probabilities.")
        return self.predict_proba()

    def as_estimator(self) -> BaseEstimator:
        """Return what a scorer of scikit-learn's takes for a fitted estimator."""
        return _Answers(self)


def outputs_of(model: Any, X: NDArray) -> Outputs:
    """Return the predictions of a fitted model."""
    classes = getattr(model, "classes_", None)
    proba = classes is not None and hasattr(model, "predict_proba")
    return Outputs(
        lambda: model.predict(X), (lambda: model.predict_proba(X)) if proba else None, classes
    )


def constant_outputs(truth: NDArray, classify: bool) -> Outputs:
    """Return the prediction of the most frequent class, or of the mean of the target.

    Examples
    --------
    >>> constant_outputs(np.array(["a", "b", "b"]), True).predicted.tolist()
    ['b', 'b', 'b']
    >>> constant_outputs(np.array([1.0, 2.0]), False).predicted.tolist()
    [1.5, 1.5]
    """
    made = constants(truth, classify)
    counts = np.unique(truth, return_counts=True)[1] if classify else np.ones(1)
    return made[int(counts.argmax())](len(truth))


def constants(truth: NDArray, classify: bool) -> list[Callable[[int], Outputs]]:
    """Return constant predictions of any number of samples: each class, or mean and median.

    The probabilities of classes are their frequencies.

    Examples
    --------
    >>> [make(2).predicted.tolist() for make in constants(np.array(["a", "b", "b"]), True)]
    [['a', 'a'], ['b', 'b']]
    >>> [make(2).predicted.tolist() for make in constants(np.array([0.0, 0.0, 3.0]), False)]
    [[1.0, 1.0], [0.0, 0.0]]
    """
    if not classify:
        middles = np.mean(truth, axis=0), np.median(truth, axis=0)
        return [partial(_repeated, one) for one in middles]
    classes, counts = np.unique(truth, return_counts=True)
    return [partial(_one_class, one, classes, counts / len(truth)) for one in classes]


def _repeated(value: NDArray, n: int) -> Outputs:
    """Return ``n`` equal predictions of numbers."""
    return Outputs(lambda: np.repeat(np.asarray(value)[np.newaxis], n, axis=0))


def _one_class(label: Any, classes: NDArray, frequencies: NDArray, n: int) -> Outputs:
    """Return ``n`` equal predictions of a class."""
    return Outputs(lambda: np.full(n, label), lambda: np.tile(frequencies, (n, 1)), classes)


class _Answers(BaseEstimator):
    """An estimator of which the predictions are known, whatever it is given."""

    def __init__(self, outputs: Outputs):
        self.outputs = outputs
        if outputs.classes is not None:
            self.classes_ = outputs.classes

    def predict(self, X: Any) -> NDArray:
        """Return the predictions."""
        return self.outputs.predicted

    @available_if(lambda self: self.outputs.predict_proba is not None)
    def predict_proba(self, X: Any) -> NDArray:
        """Return the probabilities."""
        return self.outputs.probabilities

    def __sklearn_tags__(self) -> Any:
        """Return the tags of a classifier, or of a regressor."""
        tags = super().__sklearn_tags__()
        if self.outputs.classes is not None:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags
