"""A search stays inside the training part of each fold, is seeded, and reports what it chose."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from mottle.datasets import Recordings, load_demo, make_table
from mottle.pipelines import run_recipe
from mottle.pipelines.engine import search
from mottle.pipelines.engine.features import Fold
from mottle.pipelines.recipe import check_recipe
from mottle.pipelines.report import section
from mottle.sensors import TaxelDrive

ALPHAS = [1e-3, 1.0, 1e3]
RECIPE = {
    "title": "small", "seeds": [0, 1], "missing": False, "fusion": ["middle"],
    "data": {"name": "demo", "options": {"task": "grasp"}},
    "split": {"kind": "blocked", "n_splits": 2},
    "encoders": {s: {"kind": "TaxelDrive", "n_steps": 6} for s in ("touch", "joints")},
    "reservoirs": {
        "echo": {"kind": "EchoStateReservoir", "n_nodes": 20, "pool": "mean"},
        "none": {"kind": "NoReservoir", "pool": "mean"},
    },
    "search": {"parameters": {"readout.alphas": ALPHAS, "reservoirs.echo.leak": [0.2, 1.0]}},
}  # fmt: skip


def with_search(**changed):
    """Return the recipe with a search changed."""
    return {**RECIPE, "search": {**RECIPE["search"], **changed}}


@pytest.fixture(scope="module")
def found():
    return run_recipe(RECIPE)


SIGNALS = np.random.default_rng(0).normal(size=(48, 20, 3))
SMALL = {
    "title": "small", "seeds": [0],
    "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 5, "baseline": "none"}},
    "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "options", "folds", "message"),
    [
        ("grouped", {"n_splits": 4}, 10, "10 is more than the 9 groups of .*; take at most 9"),
        ("stratified", {"n_splits": 4}, 19, "19 is more than the 18 recordings in the smallest"),
        ("shuffled", {"n_splits": 4}, 37, "37 is more than the 36 recordings of the training"),
        ("blocked", {"n_splits": 4}, 10, "10 is more than the 9 groups of the training part"),
        ("one_group_out", {}, 12, "12 is more than the 11 groups of the training part"),
    ],
)
def test_too_many_inner_folds_and_a_metric_of_another_task_are_refused_before_any_fit(
    kind, options, folds, message, monkeypatch
):
    monkeypatch.setattr(search.InnerSearch, "__init__", lambda *args: pytest.fail("too late"))
    groups = np.arange(48) // 4
    recordings = Recordings(make_table(touch=[*SIGNALS]), np.array(["a", "b"])[groups % 2], groups)
    recipe = SMALL | {"split": {"kind": kind, **options}}
    settings = {"parameters": {"readout.alphas": [0.1, 10.0]}}
    with pytest.raises(ValueError, match=f"^search.folds={message}"):
        run_recipe(recipe | {"search": settings | {"folds": folds}}, recordings=recordings)
    wrong = recipe | {"search": settings | {"metric": "nrmse"}}
    with pytest.raises(
        ValueError, match=r"^search\.metric='nrmse' cannot score 48 samples of this"
    ):
        run_recipe(wrong, recordings=recordings)
    unknown = recipe | {"search": settings | {"metric": "acuracy"}}
    with pytest.raises(ValueError, match=r"search\.metric='acuracy' is not known; did you mean"):
        check_recipe(unknown)


def test_the_chosen_settings_are_the_best_of_all_tried_and_are_reported(found):
    assert [(one["fold"], one["reservoir"]) for one in found.chosen] == [
        (0, "echo"), (0, "none"), (1, "echo"), (1, "none"),
    ]  # fmt: skip
    for one in found.chosen:
        assert len(one["tried"]) == (6 if one["reservoir"] == "echo" else 3)
        assert one["score"] == max(score for _, score in one["tried"])
        assert [one["settings"], one["score"]] in one["tried"]
        assert "reservoirs.echo.leak" not in one["settings"] or one["reservoir"] == "echo"
    html = section(found)
    assert "Settings chosen by the search" in html
    assert "readout.alphas = " in html
    assert "inside the training part of each fold (grid search, 3 inner folds, seed 0)" in html


def test_a_fold_scores_as_the_recipe_with_its_chosen_settings(found):
    one = found.chosen[2]
    assert (one["fold"], one["reservoir"]) == (1, "echo")
    fixed = {key: value for key, value in RECIPE.items() if key != "search"}
    fixed["readout"] = {"kind": "RidgeReadout", "alphas": one["settings"]["readout.alphas"]}
    echo = RECIPE["reservoirs"]["echo"] | {"leak": one["settings"]["reservoirs.echo.leak"]}
    fixed["reservoirs"] = {"echo": echo}
    expected = run_recipe(fixed)
    query = "fold == 1 and reservoir == 'echo'"
    scores = found.fold_scores.query(query)["score"].tolist()
    assert scores == expected.fold_scores.query(query)["score"].tolist()


def test_a_search_touches_no_recording_of_the_test_part(monkeypatch):
    """Count the recordings that are encoded, by identity, while a search runs."""
    recordings = load_demo("grasp")
    streams = list(recordings.table["touch"])
    number_of = {id(stream): k for k, stream in enumerate(streams)}
    touched, searching = [], []
    take, run = TaxelDrive._take, search.InnerSearch.run

    def taken(self, cell, place):
        if searching:
            touched.append((searching[-1], number_of.get(id(cell), -1)))
        return take(self, cell, place)

    def searched(self, name, progress):
        searching.append(len(parts) - 1)
        try:
            return run(self, name, progress)
        finally:
            searching.pop()

    parts, original = [], search.InnerSearch.__init__

    def created(self, recipe, given, *rest):
        parts.append({number_of[id(stream)] for stream in given.table["touch"]})
        original(self, recipe, given, *rest)
        for fold in self.folds:
            assert not set(fold.train) & set(fold.test)
            assert len(fold.train) + len(fold.test) == len(given.table)

    monkeypatch.setattr(TaxelDrive, "_take", taken)
    monkeypatch.setattr(search.InnerSearch, "run", searched)
    monkeypatch.setattr(search.InnerSearch, "__init__", created)
    settings = {**with_search(), "encoders": {"touch": RECIPE["encoders"]["touch"]}}
    result = run_recipe(settings, recordings=recordings.senses("touch"))
    tests = [set(rows["recording"]) for _, rows in result.truth.groupby("fold")]
    assert [len(part) for part in parts] == [100, 100]
    for part, test in zip(parts, tests, strict=True):
        assert not part & test
    assert [{k for at, k in touched if at == fold} for fold in (0, 1)] == parts


def test_labels_of_the_test_part_change_nothing_in_a_search():
    """Published parts: with noise for test labels the same settings are chosen, at chance."""
    rng = np.random.default_rng(0)
    target = rng.choice(["a", "b"], 120)
    gain = np.where(target == "a", 1.0, -1.0)
    streams = [g + rng.normal(scale=2.0, size=(8, 3)) for g in gain]
    groups = np.where(np.arange(120) < 80, "train", "test")
    table = make_table(touch=streams)
    noisy = np.where(groups == "test", rng.permutation(target), target)
    settings = {
        **with_search(method="random", budget=8, seed=3),
        "encoders": {"touch": {"kind": "TaxelDrive", "baseline": "none"}},
        "split": {"kind": "published"}, "seeds": [0],
    }  # fmt: skip
    right = run_recipe(settings, recordings=Recordings(table, target, groups))
    wrong = run_recipe(settings, recordings=Recordings(table, noisy, groups))
    assert right.chosen == wrong.chosen
    assert right.predictions.equals(wrong.predictions)
    assert right.scores["score"].min() > 0.75
    assert wrong.scores["score"].max() < 0.7
    # inner scores come from the training part alone: they are high in both
    assert min(one["score"] for one in wrong.chosen) > 0.75


@pytest.mark.slow
def test_a_random_search_is_seeded_and_keeps_its_budget():
    spans = {
        "reservoirs.echo.leak": {"low": 0.01, "high": 1.0, "log": True},
        "encoders.touch.n_steps": {"low": 4, "high": 9},
    }
    settings = with_search(method="random", parameters=spans, budget=5, seed=1)
    settings["encoders"] = {"touch": RECIPE["encoders"]["touch"]}
    settings["seeds"] = [0]
    one, again = run_recipe(settings), run_recipe(settings)
    assert one.chosen == again.chosen
    tried = [settings for settings, _ in one.chosen[0]["tried"]]
    assert len(tried) == 5
    assert all(isinstance(part["encoders.touch.n_steps"], int) for part in tried)
    assert {4 <= part["encoders.touch.n_steps"] <= 9 for part in tried} == {True}
    leaks = [part["reservoirs.echo.leak"] for part in tried]
    assert 0.01 <= min(leaks) < max(leaks) <= 1.0
    settings["search"] = {**settings["search"], "seed": 2}
    assert run_recipe(settings).chosen[0]["tried"] != one.chosen[0]["tried"]
    # the chosen encoder has its own drives
    keys = [key for key in one.hashes["drives"] if key.startswith("0/")]
    chosen = {c["reservoir"]: c["settings"]["encoders.touch.n_steps"] for c in one.chosen[:2]}
    hashes = {one.hashes["drives"][key] for key in keys}
    assert len(hashes) == len(set(chosen.values()))


def test_candidates_that_differ_in_the_readout_alone_share_their_features(monkeypatch):
    computed = []
    train = Fold._train

    def counted(self, encoders, reservoir):
        computed.append(reservoir.key)
        return train(self, encoders, reservoir)

    monkeypatch.setattr(Fold, "_train", counted)
    settings = with_search(parameters={"readout.alphas": ALPHAS})
    run_recipe({**settings, "seeds": [0], "reservoirs": {"echo": RECIPE["reservoirs"]["echo"]}})
    # two folds: three inner folds and the whole, two senses each; not once a candidate
    assert len(computed) == 2 * (3 + 1) * 2


def test_a_search_takes_its_own_metric_and_inputs():
    settings = with_search(metric="neg_log_loss", inputs="joints", folds=2)
    result = run_recipe({**settings, "seeds": [0]})
    assert all(score < 0 for one in result.chosen for _, score in one["tried"])


def test_inputs_of_a_search_are_middle_fusion_or_what_there_is():
    assert search.default_inputs(check_recipe(RECIPE)) == "middle"
    late = check_recipe({**RECIPE, "fusion": ["late", "early"]})
    assert search.default_inputs(late) == "late"
    alone = check_recipe({**RECIPE, "encoders": {"touch": {"kind": "TaxelDrive"}}})
    assert search.default_inputs(alone) == "touch"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"parameters": {}}, "search.parameters: {} must name at least one"),
        ({"parameters": {"readout.alpha": [1.0]}}, "alpha is not a parameter of RidgeReadout"),
        ({"parameters": {"reservoirs.ecko.leak": [1.0]}}, "did you mean 'echo'"),
        ({"parameters": {"reservoir.echo.leak": [1.0]}}, "did you mean 'reservoirs'"),
        ({"parameters": {"reservoirs.echo": [1.0]}}, "names a part; add a parameter"),
        ({"parameters": {"reservoirs.echo.leek": [1.0]}}, "did you mean 'leak'"),
        ({"parameters": {"readout.alphas": []}}, "expected a list of values"),
        ({"parameters": {"readout.alphas": {"low": 1.0, "hgih": 2.0}}}, "did you mean 'high'"),
        ({"parameters": {"readout.alphas": {"low": 1.0, "high": 2.0}}}, "a grid needs a list"),
        (
            {"method": "random", "budget": 3,
             "parameters": {"readout.alphas": {"low": 0.0, "high": 2.0, "log": True}}},
            r"readout.alphas.low=0.0 must be a finite number, above 0",
        ),
        (
            {"method": "random", "budget": 3,
             "parameters": {"readout.alphas": {"low": 3.0, "high": 2.0}}},
            r"readout.alphas.high=2.0 must be a finite number, above 3",
        ),
        ({"method": "random"}, "method='random' needs a budget"),
        ({"method": "gird"}, "search.method='gird'"),
        ({"budget": 2}, "the grid of 'echo' has 6 settings, more than budget=2"),
        ({"fold": 3}, "unknown key search.fold; did you mean 'folds'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"inputs": "early"}, "search.inputs='early' is not known"),
        ({"seed": True}, "search.seed=True"),
    ],
)  # fmt: skip
def test_faults_of_a_search_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        run_recipe(with_search(**changed))


def test_the_search_of_the_documentation_is_sound():
    page = Path(__file__).parents[2] / "docs/how-to/experiments.md"
    (text,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    memristor = {"kind": "MemristorReservoir", "pool": "mean"}
    recipe = check_recipe({**RECIPE, "reservoirs": {"memristor": memristor}, **tomllib.loads(text)})
    assert set(recipe.search.parameters) == {
        "reservoirs.memristor.v_gain", "encoders.touch.n_steps", "readout.alphas",
    }  # fmt: skip
    assert len(search.candidates(recipe.search, "memristor")) == 20


def test_paths_reach_what_differs_for_a_sense():
    recipe = check_recipe(RECIPE)
    other = recipe.with_settings({"reservoirs.echo.for.touch.leak": 0.5})
    leaks = [other.make_reservoir("echo", use, 0).leak for use in ("touch", "joints")]
    assert leaks[0] == 0.5 != leaks[1]
    assert recipe.reservoirs["echo"].special == {}


def test_a_candidate_that_cannot_be_run_is_named():
    settings = with_search(parameters={"reservoirs.echo.n_nodes": [10, -1]})
    with pytest.raises(ValueError, match=r"search\..*n_nodes: reservoirs\.echo\.n_nodes=-1 must"):
        run_recipe(settings)
    settings = with_search(parameters={"reservoirs.echo.wiring": ["random", "one_to_one"]})
    with pytest.raises(ValueError, match=r"wiring = 'one_to_one' of 'echo': wiring='one_to_one'"):
        run_recipe(settings)
