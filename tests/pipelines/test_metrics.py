"""Metrics by name, from scikit-learn and from outside, in scores, tables and reports."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer

from mottle import plugins
from mottle.datasets import load_demo
from mottle.pipelines import find_metric, metrics, run_recipe
from mottle.pipelines.metrics import constant_outputs, outputs_of
from mottle.pipelines.report import section
from mottle.pipelines.scores import scores_table

RECIPE = {
    "title": "small", "seeds": [0, 1], "missing": False, "fusion": ["middle"],
    "data": {"name": "demo", "options": {"task": "grasp"}},
    "split": {"kind": "blocked", "n_splits": 2},
    "encoders": {s: {"kind": "TaxelDrive", "n_steps": 6} for s in ("touch", "joints")},
    "reservoirs": {
        "echo": {"kind": "EchoStateReservoir", "n_nodes": 20, "pool": "mean"},
        "none": {"kind": "NoReservoir", "pool": "mean"},
    },
}  # fmt: skip


@pytest.fixture
def own_metrics(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield
    sys.modules.pop("own_metrics", None)


@pytest.fixture(scope="module")
def numbers():
    """Demo recordings, the target a number that touch determines in part."""
    recordings = load_demo("grasp")
    target = np.array([np.asarray(stream)[-1].mean() for stream in recordings.table["touch"]])
    return recordings._replace(target=target)


@pytest.mark.parametrize(
    "name", ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr", "neg_log_loss"]
)
def test_scores_of_predictions_are_those_of_scikit_learns_scorers(name):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 4)), rng.choice(["a", "b", "c"], 90)
    model = LogisticRegression().fit(X[:60], y[:60])
    expected = get_scorer(name)(model, X[60:], y[60:])
    assert find_metric(name).score(y[60:], outputs_of(model, X[60:])) == expected


@pytest.mark.parametrize("name", ["r2", "neg_root_mean_squared_error", "explained_variance"])
@pytest.mark.parametrize("width", [(), (2,)])
def test_scores_of_numbers_are_those_of_scikit_learns_scorers(name, width):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 4)), rng.normal(size=(90, *width))
    model = Ridge().fit(X[:60], y[:60])
    expected = get_scorer(name)(model, X[60:], y[60:])
    assert find_metric(name).score(y[60:], outputs_of(model, X[60:])) == expected


def test_nrmse_is_the_error_over_the_deviation_of_the_test_part():
    truth = np.array([1.0, 2.0, 3.0, 6.0])
    outputs = constant_outputs(truth, classify=False)
    assert find_metric("nrmse").score(truth, outputs) == 1.0
    two = np.column_stack([truth, 10 * truth])
    assert metrics.normalized_error(two, two + np.array([1.0, 20.0])) == pytest.approx(
        np.mean([1 / truth.std(), 2 / truth.std()])
    )
    with pytest.raises(ValueError, match="constant in the test part"):
        metrics.normalized_error(np.ones(3), np.ones(3))


def test_several_metrics_are_scored_and_shown_with_their_directions(numbers):
    names = ["nrmse", "r2", "neg_root_mean_squared_error", "rmse"]
    result = run_recipe({**RECIPE, "metric": names}, recordings=numbers)
    assert result.scores["metric"].unique().tolist() == names
    assert [metric.higher_is_better for metric in result.metrics] == [False, True, True, False]
    wide = result.fold_scores.pivot_table(
        "score", ["reservoir", "inputs", "seed", "fold"], "metric"
    )
    # all four are functions of the same errors
    assert wide["r2"].to_numpy() == pytest.approx(1 - wide["nrmse"].to_numpy() ** 2)
    assert (wide["neg_root_mean_squared_error"] < 0).all()
    assert wide["rmse"].to_numpy() == pytest.approx(-wide["neg_root_mean_squared_error"].to_numpy())
    html = section(result)
    for text in ("rmse (lower is better)", "2 (higher is better)", "Predicted against true"):
        assert text in html
    assert "Confusion" not in html
    assert "nrmse (lower is better): median" in str(scores_table(result).caption)


def test_the_best_of_errors_is_the_smallest(numbers):
    result = run_recipe(RECIPE, recordings=numbers)
    scores = result.scores_of()
    middle = scores.groupby(["reservoir", "inputs"])["score"].median()
    assert result.best == middle.idxmin()
    row = scores_table(result).columns[1:]
    best = [cell for column in row for cell in column.cells if str(cell).startswith("[bold]")]
    assert len(best) == 3
    assert any(f"{middle.min():.3g} " in cell for cell in best)
    low = middle.groupby("reservoir").min()
    word = "is below" if low["echo"] < low["none"] else "does not beat"
    assert word in result.notes[0]


def test_metrics_come_from_a_module_of_another_package(own_metrics, numbers):
    names = ["own_metrics:mean_error", "own_metrics:largest"]
    result = run_recipe({**RECIPE, "metric": names}, recordings=numbers)
    assert [metric.direction for metric in result.metrics] == [
        "lower is better", "higher is better",
    ]  # fmt: skip
    middle = result.predictions["echo", "middle", "", 0]
    error = (result.truth["target"] - middle).abs().groupby(result.truth["fold"])
    rows = result.fold_scores.query("reservoir == 'echo' and inputs == 'middle' and seed == 0")
    by_name = rows.set_index(["metric", "fold"])["score"]
    assert by_name["own_metrics:mean_error"].to_numpy() == pytest.approx(error.mean().to_numpy())
    assert by_name["own_metrics:largest"].to_numpy() == pytest.approx(-error.max().to_numpy())
    labels = run_recipe({**RECIPE, "metric": "own_metrics:first_right"})
    assert labels.scores["score"].between(0, 1).all()


def test_metrics_come_from_entry_points(own_metrics, monkeypatch):
    point = EntryPoint("first_right", "own_metrics:first_right", "mottle.metrics")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    metric = find_metric("first_right")
    assert metric.name == "first_right"
    truth = np.array(["a"] * 12)
    assert metric.score(truth, constant_outputs(truth, classify=True)) == 1.0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acuracy", "metric='acuracy' is not known; did you mean 'accuracy'"),
        ("nmrse", "did you mean 'nrmse'"),
        ("own_metrics:frist_right", "cannot be imported"),
        ("no.such.module:f", "cannot be imported .*importable from where mottle runs"),
        ("own_metrics:not_a_metric", r"is a int; expected a function of \(y_true, y_pred\)"),
    ],
)
def test_unknown_metrics_are_refused_before_anything_runs(own_metrics, name, message):
    with pytest.raises(ValueError, match=f"recipe: .*{message}"):
        run_recipe({**RECIPE, "metric": name})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("accuracy", "metric='accuracy' cannot score 200 samples of this regression"),
        ("f1_macro", "metric='f1_macro' cannot score 200 samples of this regression"),
        ("own_metrics:nothing", "metric 'own_metrics:nothing'=nan must be a finite number"),
    ],
)
def test_a_metric_that_does_not_suit_the_target_is_refused(own_metrics, numbers, name, message):
    with pytest.raises(ValueError, match=message):
        run_recipe({**RECIPE, "metric": name}, recordings=numbers)


def test_a_metric_named_twice_is_refused():
    with pytest.raises(ValueError, match="metric: 'r2' occurs twice"):
        run_recipe({**RECIPE, "metric": ["r2", "r2"]})


def test_integer_targets_need_a_task_which_recipe_or_readout_states(numbers):
    whole = numbers._replace(target=np.round(numbers.target * 1000).astype(int))
    with pytest.raises(ValueError, match=r"the target has \d+ integers with .* Set task="):
        run_recipe(RECIPE, recordings=whole)
    stated = run_recipe({**RECIPE, "task": "regression"}, recordings=whole)
    readout = {"kind": "RidgeReadout", "task": "regression"}
    of_readout = run_recipe({**RECIPE, "readout": readout}, recordings=whole)
    as_floats = run_recipe(RECIPE, recordings=whole._replace(target=whole.target.astype(float)))
    assert stated.task == of_readout.task == "regression"
    expected = as_floats.fold_scores["score"].tolist()
    assert stated.fold_scores["score"].tolist() == expected
    assert of_readout.fold_scores["score"].tolist() == expected
