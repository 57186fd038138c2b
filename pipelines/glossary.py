"""What the words of a report mean: inputs, reservoirs, readouts, metrics; only those that occur."""

from collections.abc import Mapping
from typing import Any

from mottle import reservoir
from mottle.pipelines.metrics import Metric

FUSIONS = {
    "middle": "middle fusion: one reservoir a modality, one readout on the features of all",
    "late": "late fusion: one reservoir and one readout a modality; what they predict is averaged",
    "early": "early fusion: the drives of all modalities enter one reservoir",
}
KINDS = {
    "NoReservoir": "no reservoir: the pooled drive goes to the readout as it is; the baseline",
    "EchoStateReservoir": "echo state network: random recurrent network of tanh units, in "
    "software; the usual comparison for devices",
}  # fmt: skip
METRICS = {
    "accuracy": "fraction of recordings (or steps) whose class is predicted right",
    "balanced_accuracy": "mean over the classes of the fraction that is predicted right",
    "f1_macro": "mean over the classes of the harmonic mean of precision and recall",
    "nrmse": "root mean squared error over the standard deviation of the target in the test part: "
    "0 is perfect, 1 is what the mean of the target scores",
    "rmse": "root mean squared error, in the unit of the target",
    "r2": "fraction of the target's variance that is explained: 1 is perfect, the mean scores 0",
    "neg_log_loss": "minus the mean negative logarithm of the probability given to the true class: "
    "0 is perfect",
}  # fmt: skip
CHANCE = "the mean over folds of the best constant prediction: a class, the mean or the median"
BASELINES = "NoReservoir", "EchoStateReservoir"


def explain_inputs(inputs: list[str], senses: list[str]) -> dict[str, str]:
    """Return what inputs are, by name.

    Examples
    --------
    >>> list(explain_inputs(["touch", "late", "late on crossbars, fresh"], ["touch", "sight"]))
    ['touch', 'late', 'on crossbars']
    """
    found: dict[str, str] = {}
    for name in inputs:
        whole, _, aged = name.partition(" on crossbars")
        if aged:
            found["on crossbars"] = (
                "the weights of the readout are conductances of simulated cells, of the age stated"
            )
        elif whole in FUSIONS:
            found[whole] = FUSIONS[whole]
        elif whole in senses:
            found[whole] = "this modality alone"
    return found


def explain_reservoirs(names: list[str], recipe: Mapping[str, Any]) -> dict[str, str]:
    """Return what the reservoirs of a recipe are, by name; other names are left out.

    Examples
    --------
    >>> explain_reservoirs(["none"], {"reservoirs": {"none": {"kind": "NoReservoir"}}})["none"][:12]
    'no reservoir'
    """
    found = {}
    for name in names:
        part = recipe.get("reservoirs", {}).get(name)
        if part is None:
            continue
        kind = str(part["kind"])
        text = KINDS.get(kind) or first_sentence(getattr(reservoir, kind, None)) or kind
        nodes = f", {part['n_nodes']} nodes" if "n_nodes" in part else ""
        layer = f", then {part['then']['kind']}" if part.get("then") else ""
        found[name] = f"{text} ({kind}{nodes}{layer})"
    return found


def first_sentence(part: Any) -> str:
    """Return the first sentence of a docstring, without its full stop."""
    doc = (getattr(part, "__doc__", None) or "").strip().split("\n\n")[0]
    return " ".join(doc.split()).partition(". ")[0].rstrip(".").replace("`", "")


def explain_metric(metric: Metric) -> str:
    """Return what a metric is, with its direction.

    Examples
    --------
    >>> from mottle.pipelines.metrics import find_metric
    >>> explain_metric(find_metric("top_k_accuracy"))
    'a metric of scikit-learn or of another package; higher is better'
    """
    text = METRICS.get(metric.name, "a metric of scikit-learn or of another package")
    return f"{text}; {metric.direction}"


def first_of_kind(recipe: Mapping[str, Any], kind: str) -> str:
    """Return the name of the first reservoir of a kind, or "".

    Examples
    --------
    >>> first_of_kind({"reservoirs": {"none": {"kind": "NoReservoir"}}}, "NoReservoir")
    'none'
    """
    parts = recipe.get("reservoirs", {}).items()
    return next((name for name, part in parts if part.get("kind") == kind), "")
