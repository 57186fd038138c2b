"""Metrics as another package would have them."""

import numpy as np
from sklearn.metrics import make_scorer, max_error

from mottle.pipelines import Metric


def first_right(y_true, y_pred):
    """Return the fraction of right labels among the first ten."""
    return np.mean(y_true[:10] == y_pred[:10])


def nothing(y_true, y_pred):
    """Return NaN."""
    return float("nan")


mean_error = Metric(lambda y_true, y_pred: np.abs(y_true - y_pred).mean(), higher_is_better=False)
largest = make_scorer(max_error, greater_is_better=False)
not_a_metric = 3
