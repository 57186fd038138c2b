"""Fitted linear models, also at the end of pipelines: what they see, hold and make of it."""

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
    """Return a linear model that takes its own decision for features.

    In a group of models it takes those at ``place`` of ``n_outputs``.
    """
    if isinstance(last, GROUPS):
        return _make_heads(last)
    if not (hasattr(last, "coef_") and hasattr(last, "intercept_")):
        raise ValueError(
            f"{type(last).__name__} has no coef_ and intercept_: only linear models can be written "
            "into a crossbar."
        )
    own, flat = np.atleast_2d(last.coef_).shape[0], np.ndim(last.coef_) == 1
    n_outputs = n_outputs or own
    coef = np.eye(n_outputs)[slice(None) if place is None else place]
    head = copy(last)
    try:
        head.coef_ = coef[0] if flat else coef
    except AttributeError as error:
        raise ValueError(f"the coef_ of {type(last).__name__} follows from others.") from error
    head.intercept_ = 0.0 if flat else np.zeros(own)
    head.n_features_in_ = n_outputs
    head.__dict__.pop("feature_names_in_", None)
    return head


def _make_heads(group):
    """Return a group of models, each of which takes its own part of the decision."""
    try:
        rows = [np.atleast_2d(part.coef_).shape[0] for part in group.estimators_]
    except AttributeError as error:
        raise ValueError(
            f"{type(group).__name__} holds a model without coef_: only linear models can be "
            "written into a crossbar."
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
    """Tell whether a model is fitted."""
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True


def _inside(model):
    """Return what a frozen estimator or a search holds; None for other models."""
    if isinstance(model, FrozenEstimator):
        return model.estimator
    return getattr(model, "best_estimator_", None)


def last_step(model):
    """Return the linear model itself, out of a pipeline, a search or a frozen estimator."""
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
    """Yield what comes before the linear model, in order: pipelines without their last step."""
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
    """Return what the linear model sees: features after the earlier steps of a pipeline."""
    for part in before_last(model):
        X = part.transform(X)
    return check_array(X, dtype=np.float64, input_name="X")


def has_earlier_steps(model):
    """Tell whether a model, fitted or not, has steps before the linear one, which check X."""
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
    """Refuse a model whose prediction is not made of its coefficients alone."""
    try:
        ours, theirs = head.predict(decision), model.predict(X)
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{type(head).__name__} cannot decide from its decision alone.") from error
    if theirs.dtype.kind == "f":
        off = np.abs(ours - theirs).max(initial=0.0) > 1e-6 * max(np.abs(theirs).max(), 1.0)
    else:
        off = np.mean(ours != theirs) > 0.01  # ties may fall either way
    if off:
        raise ValueError(
            f"{type(head).__name__} predicts something else than coef_ and intercept_ say: it is "
            "not linear in its features and cannot be written into a crossbar."
        )
