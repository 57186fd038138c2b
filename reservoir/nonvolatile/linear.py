"""Fitted linear models, also at the end of pipelines: inputs, weights and predictions."""

from copy import copy

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

GROUPS = (OneVsRestClassifier, MultiOutputClassifier, MultiOutputRegressor)


def weights_of(last):
    """Return the weights (output, feature) and intercepts (output,) of a linear model."""
    if isinstance(last, GROUPS):
        parts = [weights_of(part) for part in last.estimators_]
        return tuple(np.concatenate(side) for side in zip(*parts, strict=True))
    coef = np.atleast_2d(last.coef_)
    return coef, np.broadcast_to(np.ravel(last.intercept_), len(coef))


def make_head(last, place=None, n_outputs=None):
    """Return a copy of a linear model whose features are its decision values.

    In a group of models its decision values are at ``place`` of ``n_outputs``.
    """
    if isinstance(last, GROUPS):
        return _make_heads(last)
    if not (hasattr(last, "coef_") and hasattr(last, "intercept_")):
        raise ValueError(
            f"{type(last).__name__} has no coef_ and intercept_: only linear models can be written "
            "to a crossbar."
        )
    own, flat = np.atleast_2d(last.coef_).shape[0], np.ndim(last.coef_) == 1
    n_outputs = n_outputs or own
    coef = np.eye(n_outputs)[slice(None) if place is None else place]
    head = copy(last)
    try:
        head.coef_ = coef[0] if flat else coef
    except AttributeError as error:
        raise ValueError(
            f"the coef_ of {type(last).__name__} cannot be set, since it is computed."
        ) from error
    head.intercept_ = 0.0 if flat else np.zeros(own)
    head.n_features_in_ = n_outputs
    head.__dict__.pop("feature_names_in_", None)
    return head


def _make_heads(group):
    """Return a copy of a group of models, each of which takes its own decision values."""
    try:
        rows = [np.atleast_2d(part.coef_).shape[0] for part in group.estimators_]
    except AttributeError as error:
        raise ValueError(
            f"{type(group).__name__} contains a model without coef_: only linear models can be "
            "written to a crossbar."
        ) from error
    ends, head = np.cumsum(rows), copy(group)
    head.estimators_ = [
        make_head(part, slice(end - own, end), int(ends[-1]))
        for part, own, end in zip(group.estimators_, rows, ends, strict=True)
    ]
    head.__dict__.pop("n_features_in_", None)
    head.__dict__.pop("feature_names_in_", None)
    return head


def is_fitted(model):
    """Return whether a model is fitted."""
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True


def _inside(model):
    """Return the model in a frozen estimator or a search; None for other models."""
    if isinstance(model, FrozenEstimator):
        return model.estimator
    return getattr(model, "best_estimator_", None)


def last_step(model):
    """Return the linear model in a pipeline, a search or a frozen estimator."""
    while True:
        inner = model.steps[-1][1] if isinstance(model, Pipeline) else _inside(model)
        if inner is None:
            return model
        model = inner


def with_last(model, last):
    """Return a copy of a model with another linear model in its place."""
    if (inside := _inside(model)) is not None:
        return with_last(inside, last)
    if not isinstance(model, Pipeline):
        return last
    other, (name, inner) = copy(model), model.steps[-1]
    other.steps = [*model.steps[:-1], (name, with_last(inner, last))]
    return other


def before_last(model):
    """Yield the steps before the linear model, in order, as pipelines without their last step."""
    while True:
        if isinstance(model, Pipeline):
            if len(model.steps) > 1:
                yield model[:-1]
            model = model.steps[-1][1]
        elif (inner := _inside(model)) is not None:
            model = inner
        else:
            return


def features_of(model, X):
    """Return the input of the linear model: features after the earlier steps of a pipeline."""
    for part in before_last(model):
        X = part.transform(X)
    return check_array(X, dtype=np.float64, input_name="X")


def has_earlier_steps(model):
    """Return whether a model, fitted or not, has steps before the linear one, which check X."""
    while not isinstance(model, GROUPS):
        if isinstance(model, Pipeline):
            if len(model.steps) > 1:
                return True
            model = model.steps[-1][1]
        elif hasattr(model, "estimator"):
            model = model.estimator
        else:
            return False
    return False


def check_linear(model, head, X, decision):
    """Raise if a model's predictions do not depend on coef_ and intercept_ only."""
    try:
        from_head, expected = head.predict(decision), model.predict(X)
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f"{type(head).__name__} cannot predict from its decision values only."
        ) from error
    if expected.dtype.kind == "f":
        scale = max(np.abs(expected).max(), 1.0)
        differs = np.abs(from_head - expected).max(initial=0.0) > 1e-6 * scale
    else:
        differs = np.mean(from_head != expected) > 0.01  # ties may be resolved either way
    if differs:
        raise ValueError(
            f"{type(head).__name__} does not predict coef_ @ x + intercept_: it is not linear in "
            "its features and cannot be written to a crossbar."
        )
