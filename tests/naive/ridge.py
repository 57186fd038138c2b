"""Ridge regression by scikit-learn, one fit for each penalty and each set of rows left out."""

import numpy as np
from sklearn.linear_model import Ridge


def scaled(X, weight, standardize):
    """Return mean and standard deviation of weighted features, 0 and 1 without standardising."""
    mean = np.average(X, axis=0, weights=weight)
    spread = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    constant = spread < 1e-9 * np.abs(X).max(axis=0)
    return mean, np.where(constant | (not standardize), 1.0, spread)


def predictor(X, y, weight, alpha, standardize):
    """Return the predictions of a ridge fitted to weighted rows."""
    weight = np.ones(len(X)) if weight is None else weight
    mean, spread = scaled(X, weight, standardize)
    model = Ridge(alpha).fit((X - mean) / spread, y, weight)
    return lambda X: model.predict((X - mean) / spread)


def left_out(X, y, weight, groups, alpha, standardize, refit_scale):
    """Weighted mean squared error on groups that were left out one by one."""
    weight = np.ones(len(X)) if weight is None else weight
    if not refit_scale:
        mean, spread = scaled(X, weight, standardize)
        X, standardize = (X - mean) / spread, False
    total = 0.0
    for group in np.unique(groups):
        out = groups == group
        if weight[out].any():
            predict = predictor(X[~out], y[~out], weight[~out], alpha, standardize)
            error = (y[out] - predict(X[out])).reshape(out.sum(), -1)
            total += np.sum(weight[out] @ error**2)
    return total / (weight.sum() * y.reshape(len(y), -1).shape[1])
