"""Measured states beside simulated reservoirs of as many nodes, by one experiment."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mottle.checks import check_mapping, check_text, check_whole
from mottle.datasets.measured.tables import tabulate_states
from mottle.pipelines.engine.result import Result
from mottle.pipelines.engine.run import run_recipe
from mottle.reservoir import EchoStateReservoir, MemristorReservoir

BESIDE: Mapping[str, Mapping[str, Any]] = {
    "wox": {"kind": MemristorReservoir.__name__},
    "echo": {"kind": EchoStateReservoir.__name__},
    "none": {"kind": "NoReservoir"},
}
FIXED = ("MeasuredReservoir", "NoReservoir", "NVARReservoir", "EventMemristorReservoir")
"""Reservoirs whose number of nodes follows from what they are given."""
ENCODER = {"kind": "TaxelDrive", "baseline": "training"}


def compare_states(
    states: Any,
    target: Any,
    *,
    washout: int = 100,
    reservoirs: Mapping[str, Mapping[str, Any]] | None = None,
    encoder: Mapping[str, Any] | None = None,
    readout: Mapping[str, Any] | None = None,
    metric: Any = (),
    groups: ArrayLike | None = None,
    n_pieces: int = 1,
    seeds: Any = (0, 1, 2, 3, 4),
    title: str = "measured states",
    parts: Any = None,
) -> Result:
    """Score a readout on measured states beside simulated reservoirs of as many nodes.

    All get the same input, target, folds and readout. Each fold is tested on the runs of one group.

    Parameters
    ----------
    states : xarray.Dataset
        From `mottle.datasets.read_states`, with the input ``u``.
    target : sequence
        One a run: a value a step, as `mottle.datasets.step_target` returns.
    washout : int, default=100
        Steps left out at the beginning of each run, or piece.
    reservoirs : dict, default=None
        Reservoirs beside the measured states, by name, as in a recipe; without ``n_nodes`` they
        get as many nodes as were measured. None: WOx memristors ("wox"), an echo state network
        ("echo") and the input itself ("none").
    encoder : dict, default=None
        What turns the input into a drive, as in a recipe. None: `TaxelDrive` with the training mean
        as baseline, divided by the training spread.
    readout : dict, default=None
        As in a recipe. None: `RidgeReadout`.
    metric : str or list of str, default=()
        Names of metrics. By default that of the task.
    groups : array-like of shape (n_runs,), default=None
        Runs that must not be split between training and test. None: each run is its own.
    n_pieces : int, default=1
        Pieces that each run is cut into, needed where there is a single run.
    seeds : sequence of int, default=(0, 1, 2, 3, 4)
        Draws of the simulated reservoirs.
    title : str, default="measured states"
        Title of the report.
    parts : str or Path, default=None
        As of `run_recipe`.

    Returns
    -------
    result : Result
        Of `run_recipe`; its recipe has "measured" among the reservoirs.

    Raises
    ------
    ValueError
        For a single run that is not cut, runs no longer than the washout, or parts that a recipe
        does not take.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from mottle.datasets import read_states, step_target
    >>> u = np.random.default_rng(0).uniform(0, 1, 600)
    >>> line = np.stack([np.roll(u, k) for k in range(4)], axis=1)
    >>> with TemporaryDirectory() as folder:
    ...     np.save(Path(folder) / "line.npy", line)
    ...     states = read_states(Path(folder) / "line.npy", u=u)
    >>> target = [y[:, -1] for y in step_target(states, "memory", max_delay=3)]
    >>> result = compare_states(
    ...     states, target, washout=20, n_pieces=3, seeds=[0], reservoirs={"none": BESIDE["none"]}
    ... )
    >>> result.scores["score"].round(3).tolist()
    [0.0, 1.003]
    """
    n_nodes = int(states.sizes["node"])
    recordings = tabulate_states(states, target, groups=groups, n_pieces=n_pieces)
    check_whole("washout", washout, 0)
    if len(np.unique(recordings.groups)) < 2:
        raise ValueError(
            "there is one group of runs, and cross-validation needs two: cut the run with "
            "n_pieces=5, for example, or give groups= of several runs."
        )
    parts_beside = BESIDE if reservoirs is None else check_mapping(
        "reservoirs", reservoirs, "reservoirs by name"
    )  # fmt: skip
    if "measured" in parts_beside:
        raise ValueError("reservoirs: 'measured' is the name of the measured states; take another.")
    beside = {}
    for name, part in parts_beside.items():
        own = dict(check_mapping(f"reservoirs[{name!r}]", part, "kind and parameters"))
        if own.get("kind") not in FIXED:
            own.setdefault("n_nodes", n_nodes)
        beside[name] = own
    recipe: dict[str, Any] = {
        "title": check_text("title", title),
        "description": f"States measured on {n_nodes} nodes ({states.attrs.get('source', '')}) "
        "beside simulated reservoirs with the same input.",
        "split": {"kind": "one_group_out"},
        "encoders": {"input": dict(ENCODER if encoder is None else encoder)},
        "reservoirs": {"measured": {"kind": "MeasuredReservoir"}, **beside},
        "readout": dict({"kind": "RidgeReadout"} if readout is None else readout),
        "metric": [metric] if isinstance(metric, str) else list(metric),
        "seeds": [int(seed) for seed in seeds],
        "washout": washout,
        "task": "auto",
    }
    return run_recipe(recipe, recordings=recordings, parts=parts)
