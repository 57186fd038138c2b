"""Models whose encoders learn levels and scales anew: sensors age, readouts stay."""

from copy import deepcopy
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from mottle.containers import as_cells
from mottle.events import is_absent
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
        If no encoder of the model learns levels or scales, one lies within an estimator of another
        kind, or a sense has a single recording. A sense without any keeps its levels.
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
    seen: list[SampledEncoder] = []
    n = walk(adapted, X, seen)
    missed = [one for one in encoders_in(adapted) if not any(one is other for other in seen)]
    if missed:
        raise ValueError(
            f"{missed[0]!r} lies within an estimator that adapt does not look into, in "
            f"{type(model).__name__}: adapt the model within, such as best_estimator_ of a search."
        )
    if not n:
        raise ValueError(
            f"{type(model).__name__} has no encoder that could learn from these recordings: those "
            "of events count, those with scale=None and a baseline of each recording learn "
            "nothing, and a sense without recordings keeps its levels."
        )
    return adapted


def walk(part: Any, X: Any, seen: list[SampledEncoder]) -> int:
    """Adapt the encoders in a part of a model, which is given ``X``; return their number.

    Encoders that were come upon are added to ``seen``.
    """
    if isinstance(part, SampledEncoder):
        seen.append(part)
        if not part.learns_levels or all(is_absent(cell) for cell in as_cells(X)):
            return 0
        part.adapt(X)
        return 1
    if isinstance(part, Pipeline):
        n, steps = 0, [step for _, step in part.steps if step not in (None, "passthrough")]
        for k, step in enumerate(steps):
            n += walk(step, X, seen)
            if not any(map(encoders_in, steps[k + 1 :])):
                break
            X = step.transform(X)
        return n
    if isinstance(part, SensorModel):
        X = part._named(X)
    if isinstance(part, ColumnTransformer) and isinstance(X, pd.DataFrame):
        X = X[[*getattr(part, "feature_names_in_", X.columns)]]  # numbers count those of fit
    n = 0
    for name, inner, columns in inside(part):
        own = X if columns is None else _safe_indexing(X, columns, axis=1)
        try:
            n += walk(inner, own, seen)
        except ValueError as error:
            raise ValueError(f"{name}: {error}" if name else str(error)) from error
    return n


def inside(part: Any) -> list[tuple[str, Any, Any]]:
    """Return the fitted parts within one: a name, and the columns that it takes, None for all."""
    if isinstance(part, FeatureUnion):
        return [(name, inner, None) for name, inner in part.transformer_list]
    if isinstance(part, ColumnTransformer):
        return list(part.transformers_)
    if isinstance(part, DriveStack):
        return [(str(sense), encoder, sense) for sense, encoder in part.encoders_]
    if isinstance(part, LateReadout):
        return [(name, member, None) for name, member in part.members_]
    if isinstance(part, SensorModel):
        return [("", part.pipeline_, None)]
    if isinstance(part, AugmentedModel):
        return [("", part.model_, None)]
    return []


def encoders_in(part: Any) -> list[SampledEncoder]:
    """Return the fitted encoders of sampled streams within a part, wherever they are."""
    if isinstance(part, SampledEncoder):
        return [part] if hasattr(part, "channels_") else []
    if isinstance(part, BaseEstimator):
        given = () if isinstance(part, Pipeline | FeatureUnion) else part.get_params(deep=False)
        part = {name: own for name, own in vars(part).items() if name not in given}
    if isinstance(part, dict):
        part = list(part.values())
    if not isinstance(part, list | tuple):
        return []
    return [one for inner in part for one in encoders_in(inner)]
