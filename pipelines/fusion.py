"""Fusion of senses (modalities): early, middle and late, from one description.

The part behind the features is built by `fuse_features`, for pipelines on tables of streams and for
experiments on features that are computed already: both give the same numbers.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from mottle.checks import check_mapping, check_option, names_arguments, suggest
from mottle.pipelines.late import LateReadout, TakeColumns
from mottle.pipelines.masked import MaskedReadout
from mottle.pipelines.senses import SenseCheck
from mottle.reservoir import NoReservoir
from mottle.sensors import DriveStack

FUSIONS = ("early", "middle", "late")
Front = tuple[str, Any, Any]  # sense, what returns its features, the columns that it takes
ALL_COLUMNS: list[Front] = [("all", "passthrough", slice(None))]


@names_arguments
def make_fusion_pipeline(
    encoders: Any, reservoir: Any = None, *, fusion: str = "middle", readout: Any = None
) -> Pipeline:
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
        readout a sense; probabilities, or predicted numbers, are averaged.
    readout : estimator or None, default=None
        Classifier or regressor; None takes ``RidgeReadout()``.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        For ``fit(table, target)``. A sense that is None in a recording at predict time is masked.

    Raises
    ------
    TypeError
        For encoders that are no dict, and what is no reservoir.
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
    check_option("fusion", fusion, FUSIONS)
    check_mapping("encoders", encoders, "a dict of a column of the table to its encoder")
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
    fronts = []
    for sense, encoder in encoders.items():
        if isinstance(reservoir, dict) and sense not in reservoir:
            raise ValueError(
                f"sense {sense!r} has no reservoir{suggest(sense, reservoir)} There are: "
                f"{', '.join(reservoir)}."
            )
        own = reservoir[sense] if isinstance(reservoir, dict) else reservoir
        front = Pipeline([("encoder", clone(encoder)), ("reservoir", _pooling(own))])
        fronts.append((sense, front, sense))
    return Pipeline([("senses", check), *fuse_features(fusion, fronts, readout)])


def fuse_features(
    fusion: str, fronts: Sequence[Front], readout: Any = None, memory: Any = None
) -> list[tuple[str, Any]]:
    """Return the steps of a fusion that predict from the features of its senses.

    Parameters
    ----------
    fusion : {"early", "middle", "late"}
        Early and middle: one readout on all features. Late: one readout a sense.
    fronts : sequence of (str, transformer, columns)
        Name of a sense, what returns its features, and the columns it takes, as of
        ``ColumnTransformer``; `ALL_COLUMNS` if the input holds features already, side by side;
        "passthrough" and a slice for those of one sense.
    readout : estimator or None, default=None
        Classifier or regressor; None takes ``RidgeReadout()``.
    memory : object with a method ``cache``, default=None
        Remembers fits of readouts, see `MaskedReadout`.

    Returns
    -------
    steps : list of (str, estimator)
        Of a pipeline, not fitted; one step where nothing comes before the readout.
    """
    if fusion == "late":
        members = [(front[0], Pipeline(_predictor([front], readout, memory))) for front in fronts]
        return [("vote", LateReadout(members))]
    return _predictor(fronts, readout, memory)


def _predictor(fronts: Sequence[Front], readout: Any, memory: Any) -> list[tuple[str, Any]]:
    """Return features side by side, where they are to be computed, and one readout on them."""
    last = ("readout", MaskedReadout(readout, memory=memory))
    if fronts == ALL_COLUMNS:
        return [last]
    if fronts[0][1] == "passthrough":
        return [("features", TakeColumns(fronts[0][2])), last]
    return [("features", ColumnTransformer(list(fronts))), last]


def _pooling(reservoir):
    """Clone a reservoir that gives features, or refuse one that gives states."""
    if isinstance(reservoir, Pipeline):  # a reservoir and the layer behind it
        return clone(reservoir)
    if not hasattr(reservoir, "pools"):
        raise TypeError(
            f"reservoir={reservoir!r} must be a reservoir, a Pipeline that begins with one, a dict "
            "of a sense to its reservoir, or None."
        )
    if not reservoir.pools:
        raise ValueError(
            f"{reservoir} gives states; a readout of recordings needs features: set pool='mean', "
            "for example, or n_segments=4."
        )
    return clone(reservoir)
