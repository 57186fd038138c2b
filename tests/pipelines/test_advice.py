"""What to try next: each rule applies where it should, and nowhere else."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mottle.pipelines import advice
from mottle.pipelines.engine.result import FITS, RUN, Result, frame_of_runs, mean_over_folds
from mottle.pipelines.metrics import find_metric

NAMES, FOLDS, SEEDS = ("vo2", "echo", "none"), range(5), (0, 1, 2)
KINDS = {"vo2": "VO2Reservoir", "echo": "EchoStateReservoir", "none": "NoReservoir"}


def rows_of(score, inputs=("touch", "smell", "middle")):
    """Scores by fold; ``score`` of (reservoir, inputs, fold)."""
    return pd.DataFrame(
        [
            (name, one, "", seed, fold, "accuracy", score(name, one, fold))
            for name in NAMES for one in inputs for seed in SEEDS for fold in FOLDS
        ],
        columns=[*RUN, "fold", "metric", "score"],
    )  # fmt: skip


def level(name, inputs, fold):
    """The devices are better than the baseline, and fusion than a sense alone."""
    return 0.8 + 0.02 * (name == "vo2") + 0.05 * (inputs == "middle") + 0.01 * (fold % 2)


def result_of(score=level, n_each=20):
    labels = np.array(["a", "b", "c"])
    target = np.repeat(labels, n_each)
    fold_scores = rows_of(score)
    n = len(target)
    runs = fold_scores[list(RUN)].drop_duplicates().itertuples(index=False, name=None)
    return Result(
        title="x", description="", split="", task="classification", senses=["touch", "smell"],
        seeds=list(SEEDS), n_recordings=n, metrics=[find_metric("accuracy")],
        chance={"accuracy": 1 / 3}, scores=mean_over_folds(fold_scores), fold_scores=fold_scores,
        truth=pd.DataFrame({"fold": np.arange(n) % 5, "recording": np.arange(n), "target": target}),
        predictions=frame_of_runs(dict.fromkeys(runs, target)), labels=labels,
        recipe={"reservoirs": {name: {"kind": kind} for name, kind in KINDS.items()},
                "search": {"parameters": {}}},
        settings="", source="memory", chosen=[], hashes={}, versions={},
    )  # fmt: skip


def test_a_sound_result_gets_no_advice():
    assert advice.advise(result_of()) == []


def test_reservoirs_at_chance_are_named_and_those_above_are_not():
    found = result_of(lambda name, inputs, fold: 0.33 if name == "echo" else 0.8)
    (text,) = advice.at_chance(found)
    assert text.startswith("echo: no inputs score better than a constant prediction (33.3 %")


def test_classes_with_few_recordings_are_counted():
    few = result_of()
    keep = (few.truth["target"] != "b") | (few.truth["recording"] < 24)
    (text,) = advice.few_in_a_class(replace(few, truth=few.truth[keep]))
    assert "Few recordings in b (4):" in text
    assert not list(advice.few_in_a_class(result_of(n_each=10)))
    assert list(advice.few_in_a_class(result_of(n_each=9)))


def test_a_fold_far_worse_is_named_with_both_scores():
    found = result_of(lambda *run: level(*run) - 0.3 * (run[2] == 3))
    (text,) = advice.far_fold(found)
    assert re.match(
        r"Fold 3 is far worse \(58.0 %\) than the mean of the others \(87.[23] %\)", text
    )
    assert not list(advice.far_fold(result_of(lambda *run: level(*run) - 0.05 * (run[2] == 3))))


@pytest.mark.parametrize("n_folds", [1, 2, 3])
def test_too_few_folds_are_named(n_folds):
    found = result_of()
    found = replace(found, truth=found.truth.assign(fold=found.truth["fold"] % n_folds))
    assert [text.split(":")[0] for text in advice.too_few_folds(found)] == (
        [["1 fold"], ["2 folds"], []][n_folds - 1]
    )


def test_baselines_that_are_not_there_are_asked_for():
    found = result_of()
    alone = {"reservoirs": {"vo2": {"kind": "VO2Reservoir"}}}
    texts = list(advice.no_baseline(replace(found, recipe=alone)))
    assert ["NoReservoir" in text for text in texts] == [True, False]
    assert "EchoStateReservoir" in texts[1]


def test_a_baseline_that_nothing_beats_is_named():
    found = result_of(lambda name, inputs, fold: 0.9 if name == "none" else 0.85)
    assert "Nothing beats the baseline" in next(iter(advice.no_better(found)))


def test_penalties_at_an_end_of_the_grid_are_named_from_half_of_the_runs_on():
    rows = [
        (name, "middle", seed, fold, *[0.1] * 6, "highest" if name == "vo2" and fold < 3 else "")
        for name in NAMES for seed in SEEDS for fold in FOLDS
    ]  # fmt: skip
    fits = pd.DataFrame(rows, columns=list(FITS))
    (text,) = advice.edges(replace(result_of(), fits=fits))
    assert "the highest penalty of its grid for vo2 (middle): add larger values" in text
    fits.loc[fits["fold"] > 0, "penalty"] = ""
    assert not list(advice.edges(replace(result_of(), fits=fits)))


def test_searched_numbers_at_an_end_are_named():
    search = {"parameters": {"readout.alphas": [0.1, 1.0, 10.0],
                             "reservoirs.vo2.leak": {"low": 0.0, "high": 1.0}}}  # fmt: skip
    chosen = [
        {"fold": fold, "reservoir": "vo2", "score": 0.5, "tried": [],
         "settings": {"readout.alphas": 10.0, "reservoirs.vo2.leak": 0.5}} for fold in FOLDS
    ]  # fmt: skip
    found = result_of()
    found = replace(found, recipe={**found.recipe, "search": search}, chosen=chosen)
    (text,) = advice.found_at_edges(found)
    assert text.startswith("The search took the highest readout.alphas (10) in 5 of 5 cases")


def test_the_pair_that_is_confused_most_is_named():
    found = result_of()
    run = ("vo2", "middle", "", 0)
    guess = found.truth["target"].to_numpy().copy()
    guess[:6] = "c"
    frame = found.predictions.copy()
    frame[run] = guess
    (text,) = advice.confused(replace(found, predictions=frame))
    assert text.startswith("a is predicted as c in 6 of 20 cases (vo2, middle)")


def test_a_sense_alone_that_is_best_and_a_missing_search_and_few_seeds_are_named():
    found = result_of(lambda name, inputs, fold: 0.9 if inputs == "smell" else 0.8)
    assert next(iter(advice.no_gain(found))).startswith("smell alone is as good as any fusion")
    bare = replace(found, recipe={"reservoirs": found.recipe["reservoirs"]}, seeds=[0])
    assert "[search]" in next(iter(advice.no_search(bare)))
    assert next(iter(advice.few_seeds(bare))).startswith("1 seed:")
