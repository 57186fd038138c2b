"""Models whose encoders learn levels and scales anew: sensors age, readouts stay."""

from copy import deepcopy
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from mottle.pipelines.augmented import AugmentedModel
from mottle.pipelines.late import LateReadout
from mottle.pipelines.sensor_models import SensorModel
from mottle.sensors import DriveStack
from mottle.sensors.sampled import SampledEncoder


def adapt(model: Any, X: Any) -> Any:
    """Return a copy of a fitted model that learnt the levels of sensors anew, without labels.

    Sensors age, drift, and are exchanged. The encoders of sampled streams in the model learn levels
    and scales from recordings of now; reservoirs and readouts stay. Levels are means over all
    recordings given, so that these should be about as mixed as those of training; where they are
    not, what tells classes apart is taken for drift.

    Parameters
    ----------
    model : estimator
        Fitted, with encoders of sampled streams: a pipeline, `SensorClassifier`, a fusion. It is
        not changed.
    X : as in ``predict``
        Recordings without labels, two or more of each sense; those to be predicted, for example.

    Returns
    -------
    adapted : estimator
        For ``predict``, `save_model` and live runs like any other.

    Raises
    ------
    ValueError
        If the model has no encoder of sampled streams, or a sense fewer than two recordings.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    Notes
    -----
    Scores of an adapted model are those of a batch at once: recordings of the test were seen,
    without labels.

    References
    ----------
    Drift of gas sensors: A. Vergara et al., Sens. Actuators B 166-167 (2012) 320,
    doi:10.1016/j.snb.2012.01.074.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.pipelines import SensorClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> young = rng.normal(size=(60, 30, 2)) + y[:, np.newaxis, np.newaxis]
    >>> model = SensorClassifier(size=200, random_state=0).fit(young, y)
    >>> aged = 5 - 3 * (1 - young)
    >>> model.score(aged, y) < 0.7, adapt(model, aged).score(aged, y) > 0.9
    (True, True)
    """
    check_is_fitted(model)
    adapted = deepcopy(model)
    if not walk(adapted, X):
        raise ValueError(
            f"{type(model).__name__} has no encoder of sampled streams, whose levels could be "
            "learnt anew: encoders of events count, and reservoirs learn nothing."
        )
    return adapted


def walk(part: Any, X: Any) -> int:
    """Adapt the encoders in a part of a model, which is given ``X``; return their number."""
    if isinstance(part, SampledEncoder):
        part.adapt(X)
        return 1
    if isinstance(part, Pipeline):
        n, steps = 0, [step for _, step in part.steps if step not in (None, "passthrough")]
        for k, step in enumerate(steps):
            n += walk(step, X)
            if not any(map(holds, steps[k + 1 :])):
                break
            X = step.transform(X)
        return n
    if isinstance(part, SensorModel):
        X = part.named(X)
    return sum(walk(inner, take(X, columns)) for inner, columns in inside(part))


def inside(part: Any) -> list[tuple[Any, Any]]:
    """Return the fitted parts within one, and the columns that each takes, None for all."""
    if isinstance(part, Pipeline):
        return [(step, None) for _, step in part.steps]
    if isinstance(part, FeatureUnion):
        return [(inner, None) for _, inner in part.transformer_list]
    if isinstance(part, ColumnTransformer):
        return [(inner, columns) for _, inner, columns in part.transformers_]
    if isinstance(part, DriveStack):
        return [(encoder, sense) for sense, encoder in part.encoders_]
    if isinstance(part, LateReadout):
        return [(member, None) for _, member in part.members_]
    if isinstance(part, SensorModel):
        return [(part.pipeline_, None)]
    if isinstance(part, AugmentedModel):
        return [(part.model_, None)]
    return []


def holds(part: Any) -> bool:
    """Return whether there is an encoder of sampled streams within a part."""
    return isinstance(part, SampledEncoder) or any(holds(inner) for inner, _ in inside(part))


def take(X: Any, columns: Any) -> Any:
    """Return the columns of a table that a part takes."""
    if columns is None:
        return X
    return _safe_indexing(X, columns, axis=1) if isinstance(X, pd.DataFrame) else X
