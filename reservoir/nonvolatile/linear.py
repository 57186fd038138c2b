"""Fitted linear models, also at the end of pipelines: what they see, hold and make of it."""

from copy import copy

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def make_head(last):
    """Return a linear model that takes its own decision for features."""
    if not (hasattr(last, "coef_") and hasattr(last, "intercept_")):
        raise ValueError(
            f"{type(last).__name__} has no coef_ and intercept_: only linear models can be written "
            "into a crossbar."
        )
    head, n_outputs = copy(last), np.atleast_2d(last.coef_).shape[0]
    flat = np.ndim(last.coef_) == 1
    try:
        head.coef_ = np.ones(1) if flat else np.eye(n_outputs)
    except AttributeError as error:
        raise ValueError(f"the coef_ of {type(last).__name__} follows from others.") from error
    head.intercept_ = 0.0 if flat else np.zeros(n_outputs)
    head.n_features_in_ = n_outputs
    head.__dict__.pop("feature_names_in_", None)
    return head


def is_fitted(model):
    """Tell whether a model is fitted."""
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    return True


def last_step(model):
    """Return the linear model itself, out of a pipeline or a frozen estimator."""
    while isinstance(model, Pipeline | FrozenEstimator):
        model = model.steps[-1][1] if isinstance(model, Pipeline) else model.estimator
    return model


def with_last(model, last):
    """Return a copy of a model with another linear model in its place."""
    if isinstance(model, FrozenEstimator):
        return with_last(model.estimator, last)
    if not isinstance(model, Pipeline):
        return last
    other, (name, inner) = copy(model), model.steps[-1]
    other.steps = [*model.steps[:-1], (name, with_last(inner, last))]
    return other


def features_of(model, X):
    """Return what the linear model sees: features after the earlier steps of a pipeline."""
    while isinstance(model, Pipeline | FrozenEstimator):
        if isinstance(model, FrozenEstimator):
            model = model.estimator
            continue
        if len(model.steps) > 1:
            X = model[:-1].transform(X)
        model = model.steps[-1][1]
    return np.asarray(X, dtype=np.float64)


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
