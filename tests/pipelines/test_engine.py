"""The engine gives the numbers of the pipelines, on targets of recordings and of steps."""

import itertools
import warnings
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import StratifiedKFold

from mottle.datasets import Recordings, load_demo, make_table, narma
from mottle.datasets.table import sampled
from mottle.pipelines import MaskedReadout, make_fusion_pipeline, reproduce, run_recipe
from mottle.pipelines.engine.cache import Cache, FitMemory
from mottle.pipelines.engine.evaluate import evaluate
from mottle.pipelines.engine.features import FeaturesOf, Fold
from mottle.pipelines.engine.folds import make_folds
from mottle.pipelines.engine.ledger import Ledger, Spent
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.engine.run import chance_levels
from mottle.pipelines.engine.search import inner_split
from mottle.pipelines.engine.target import Target
from mottle.pipelines.metrics import find_metric
from mottle.pipelines.recipe import Split, check_recipe
from mottle.reservoir import EchoStateReservoir, MemristorReservoir, RidgeReadout
from mottle.sensors import TaxelDrive

SENSES = ("touch", "joints")
TAXELS = {"kind": "TaxelDrive", "n_steps": 6}


def recipe(**changed):
    """Return settings of a small experiment, with some changed."""
    return {
        "title": "small", "seeds": [0],
        "data": {"name": "demo", "options": {"task": "grasp"}},
        "split": {"kind": "blocked", "n_splits": 2},
        "encoders": dict.fromkeys(SENSES, TAXELS),
        "reservoirs": {
            "memristor": {"kind": "MemristorReservoir", "n_nodes": 20, "pool": "mean",
                          "read_noise": 0.05, "for": {"joints": {"n_nodes": 12}}},
        },
        **changed,
    }  # fmt: skip


@pytest.fixture(scope="module")
def grasps():
    return load_demo("grasp")


def number(stream):
    """Return two numbers that a stream determines, in all senses nearly."""
    values = np.asarray(stream)
    return [values[-1].mean() - values[0].mean(), values.std()]


@pytest.mark.parametrize("task", ["classification", "regression", "two numbers"])
@pytest.mark.parametrize("every", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_engine_and_pipeline_predict_the_same_bits(grasps, task, every):
    table, target, groups = grasps.take(np.arange(every - 1, 200, every))
    if task != "classification":
        target = np.array([number(stream) for stream in table["touch"]])
        target = target if task == "two numbers" else target[:, 0]
    settings = check_recipe(recipe())
    recordings, checked = load_recordings(settings, Recordings(table, target, groups))
    memory = FitMemory(Cache())
    n_missing = Counter()
    for train, test in folds_of(settings, recordings, checked):
        fold = Fold(recordings, checked, train, test, Cache())
        features = FeaturesOf(settings, "memristor", 3, fold)
        models = {
            inputs: pipeline_of(settings, inputs).fit(table.iloc[train], target[train])
            for inputs in ("early", "middle", "late", "touch")
        }
        for case, outputs in evaluate(features, memory):
            if case.inputs not in models:
                continue
            model, rows = models[case.inputs], table.iloc[test].copy()
            n_missing[case.inputs] += bool(case.missing)
            if case.missing:
                rows[case.missing] = None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert_array_equal(outputs.predicted, model.predict(rows))
                if task == "classification":
                    assert_array_equal(outputs.probabilities, model.predict_proba(rows))
    assert n_missing == {"early": 4, "middle": 4, "late": 4, "touch": 0}


def pipeline_of(settings, inputs):
    """Return the pipeline of one fusion, or of one sense alone."""
    encoders = settings.make_encoders()
    reservoir = {sense: settings.make_reservoir("memristor", sense, 3) for sense in SENSES}
    if inputs == "early":
        reservoir = settings.make_reservoir("memristor", "early", 3)
    senses = [inputs] if inputs in SENSES else SENSES
    return make_fusion_pipeline(
        {sense: encoders[sense] for sense in senses}, reservoir,
        fusion="middle" if inputs in SENSES else inputs, readout=settings.make_readout(),
    )  # fmt: skip


def test_run_recipe_keeps_the_predictions_of_the_pipelines(grasps):
    table, target, groups = grasps
    result = run_recipe(recipe())
    train, test = np.flatnonzero(groups > 10), np.flatnonzero(groups <= 10)
    settings = check_recipe(recipe())
    model = make_fusion_pipeline(
        settings.make_encoders(), settings.make_reservoir("memristor", "early", 0), fusion="early"
    ).fit(table.iloc[train], target[train])
    fold = result.truth[result.truth["fold"] == 0]
    assert fold["recording"].tolist() == test.tolist()
    assert_array_equal(fold["target"], target[test])
    kept = result.predictions["memristor", "early", "", 0].loc[fold.index]
    assert_array_equal(kept, model.predict(table.iloc[test]))


@pytest.mark.slow
def test_crossbars_of_the_engine_are_those_of_a_pipeline_that_ends_in_them(grasps):
    table, target, _ = grasps
    settings = check_recipe(recipe(crossbar={"shape": [64, 32], "ages": [0.0]}))
    recordings, checked = load_recordings(settings, grasps)
    train, test = folds_of(settings, recordings, checked)[0]
    fold = Fold(recordings, checked, train, test, Cache())
    features = FeaturesOf(settings, "memristor", 1, fold)
    fronts = {s: settings.make_reservoir("memristor", s, 1) for s in SENSES}
    for fusion in ("middle", "late"):
        model = make_fusion_pipeline(
            settings.make_encoders(), fronts, fusion=fusion,
            readout=settings.make_crossbar(RidgeReadout(), 1),
        ).fit(table.iloc[train], target[train])  # fmt: skip
        found = [
            outputs.predicted
            for case, outputs in evaluate(features, FitMemory(Cache()))
            if case.inputs == f"{fusion} on crossbars, fresh"
        ]
        assert len(found) == 1
        assert_array_equal(found[0], model.predict(table.iloc[test]))


def test_drives_and_features_are_computed_once(monkeypatch):
    calls = []

    def count(cls, name):
        method = getattr(cls, name)

        def counted(self, X, *given):
            calls.append((cls.__name__, name, self.get_params().get("random_state")))
            return method(self, X, *given)

        monkeypatch.setattr(cls, name, counted)

    count(TaxelDrive, "fit")
    count(EchoStateReservoir, "fit")
    echo = {"kind": "EchoStateReservoir", "n_nodes": 10, "pool": "mean"}
    run_recipe(recipe(reservoirs={"echo": echo, "again": echo}, seeds=[0, 1]))
    assert len([call for call in calls if call[0] == "TaxelDrive"]) == 2 * 2  # folds, senses
    # folds, seeds, senses and early fusion; and one more for the states that are kept, see below
    echoes = [call for call in calls if call[0] == "EchoStateReservoir"]
    assert 2 * 2 * 3 <= len(echoes) <= 2 * 2 * 3 + 4


def test_a_readout_is_fitted_once_to_the_same_features(monkeypatch):
    fits = []
    fit = RidgeReadout.fit

    def counted(self, X, y, **given):
        fits.append(X.shape)
        return fit(self, X, y, **given)

    monkeypatch.setattr(RidgeReadout, "fit", counted)
    bare = {"none": {"kind": "NoReservoir", "pool": "mean"}}
    run_recipe(recipe(reservoirs=bare, seeds=[0, 1, 2]))
    # in each fold: each sense, used again for late fusion and missing senses, and middle fusion,
    # which without a reservoir has the features of early fusion
    assert len(fits) == 2 * 3


def ticking():
    """Return clocks that go on by 1 s whenever they are read."""
    times = itertools.count()
    return lambda: Spent(float(next(times)), 0.0)


def test_a_fit_that_is_remembered_costs_what_it_took_when_it_was_computed():
    memory, X, y = FitMemory(Cache()), np.eye(6), np.arange(6) % 2
    memory._ledger = Ledger(ticking())
    first = memory.measure(lambda: MaskedReadout(memory=memory).fit(X, y))
    again = memory.measure(lambda: MaskedReadout(memory=memory).fit(X, y))
    assert first.wall == 3.0  # from 0 to 3: around the fit, which took from 1 to 2
    assert again.wall == 1.0 + 1.0  # around, and the fit that was taken from memory
    other = memory.measure(lambda: MaskedReadout(memory=memory).fit(2 * X, y))
    assert other.wall == 3.0


def test_features_that_are_reused_cost_every_seed_the_same():
    bare = {"none": {"kind": "NoReservoir", "pool": "mean"}}
    fits = run_recipe(recipe(reservoirs=bare, seeds=[0, 1, 2])).fits
    for _, own in fits.groupby(["inputs", "fold"]):
        assert own["encode_wall"].nunique() == 1  # encoded once, and charged to every seed
        assert (own["fit_wall"] > 0).all()
    by_inputs = fits.groupby(["fold", "seed", "inputs"])["encode_wall"].first().unstack()
    assert_allclose(by_inputs["middle"], by_inputs["touch"] + by_inputs["joints"])
    assert_allclose(by_inputs["late"], by_inputs["middle"])


def test_a_penalty_at_an_end_of_its_grid_is_noted():
    bare = {"none": {"kind": "NoReservoir", "pool": "mean"}}
    ends = {"lowest": [1e6, 1e7], "highest": [1e-9, 1e-8], "": 1.0}
    for end, alphas in ends.items():
        readout = {"kind": "RidgeReadout", "alphas": alphas}
        fits = run_recipe(recipe(reservoirs=bare, readout=readout, seeds=[0])).fits
        assert fits["penalty"].mode().tolist() == [end]


def test_a_cache_forgets_what_was_not_used_for_longest():
    cache, computed = Cache(200), []

    def compute(name):
        computed.append(name)
        return np.zeros(10)

    for name in "abacab":
        cache.get(name, lambda name=name: compute(name))
    assert "".join(computed) == "abcb"  # c takes the place of b, a was used since


def test_an_absent_sense_in_the_recordings_is_refused(grasps):
    table = grasps.table.copy()
    table.iloc[5, 1] = None
    with pytest.raises(
        ValueError, match=r"'joints' is missing in recording .* \(1 of 200 recordings\)"
    ):
        run_recipe(recipe(), recordings=grasps._replace(table=table))


STEPWISE = {
    "title": "NARMA", "seeds": [0], "washout": 30,
    "split": {"kind": "shuffled", "n_splits": 3},
    "encoders": {"input": {"kind": "TaxelDrive", "n_steps": None, "baseline": "none"}},
    "reservoirs": {"echo": {"kind": "EchoStateReservoir", "n_nodes": 60},
                   "none": {"kind": "NoReservoir"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def series():
    """Six NARMA series of different lengths."""
    pairs = [narma(150 + 10 * k, random_state=k) for k in range(6)]
    table = make_table(input=[u for u, _ in pairs])
    return Recordings(table, [np.ravel(y) for _, y in pairs], np.arange(6))


def test_targets_of_steps_are_learnt_and_scored_after_the_washout(series):
    result = run_recipe(STEPWISE, recordings=series)
    assert result.task == "regression"
    assert result.truth.columns.tolist() == ["fold", "recording", "step", "target"]
    assert len(result.truth) == sum(120 + 10 * k for k in range(6))
    assert result.truth["step"].min() == 30
    first = result.truth.iloc[0]
    assert first["target"] == series.target[int(first["recording"])][30]
    scores = result.scores.set_index("reservoir")["score"]
    assert result.metrics[0].name == "nrmse"
    assert scores["echo"] < 0.8 * scores["none"] < scores["none"] < 1.05
    # by hand, the first fold
    train, test = next(make_folds(check_recipe(STEPWISE).split, series, labels=False))
    encoder = TaxelDrive(baseline=None)
    drives = encoder.fit_transform(series.table["input"].iloc[train])
    echo = EchoStateReservoir(60, random_state=0).fit(drives)
    rows = [
        np.concatenate([states[30:] for states in echo.transform(d)])
        for d in (drives, encoder.transform(series.table["input"].iloc[test]))
    ]
    y = [np.concatenate([series.target[i][30:] for i in part]) for part in (train, test)]
    expected = RidgeReadout().fit(rows[0], y[0]).predict(rows[1])
    fold = result.truth["fold"] == 0
    assert_array_equal(result.predictions["echo", "input", "", 0][fold], expected)
    assert result.fold_scores["score"][0] == pytest.approx(
        np.sqrt(np.mean((expected - y[1]) ** 2)) / y[1].std()
    )


def test_rows_of_several_targets_a_step_are_kept_apart(series):
    target = [np.column_stack([y, 2 * y]) for y in series.target]
    two = run_recipe(STEPWISE, recordings=series._replace(target=target))
    assert two.truth["output"].tolist()[:4] == [0, 1, 0, 1]
    # the penalty is chosen for both alike, and one is the double of the other
    outputs = two.predictions["echo", "input", "", 0].to_numpy().reshape(-1, 2)
    assert outputs[:, 1] == pytest.approx(2 * outputs[:, 0])


def test_labels_of_steps_are_classified(series):
    target = [np.where(y > np.median(y), "high", "low") for y in series.target]
    result = run_recipe(STEPWISE, recordings=series._replace(target=target))
    assert result.task == "classification"
    assert result.labels.tolist() == ["high", "low"]
    scores = result.scores.set_index("reservoir")["score"]
    assert scores["echo"] > scores["none"] > 0.5
    assert result.confusion.sum() == len(result.truth)


def test_a_target_that_does_not_fit_the_steps_is_refused(series):
    short = [y[:-1] for y in series.target]
    with pytest.raises(ValueError, match=r"recording .* has a target of .* steps and a drive of"):
        run_recipe(STEPWISE, recordings=series._replace(target=short))
    with pytest.raises(ValueError, match="recording 0 has 150 steps, no more than washout=150"):
        run_recipe({**STEPWISE, "washout": 150}, recordings=series)
    labels = np.arange(6)
    with pytest.raises(ValueError, match=r"washout=30 is for targets of a value a step.*leave"):
        run_recipe(STEPWISE, recordings=series._replace(target=labels))
    with pytest.raises(ValueError, match=r"reservoirs.echo gives states.*set washout"):
        run_recipe({**STEPWISE, "washout": None}, recordings=series)
    pooled = {"echo": {"kind": "EchoStateReservoir", "pool": "mean"}}
    with pytest.raises(ValueError, match=r"reservoirs.echo gives one row of features a recording"):
        run_recipe({**STEPWISE, "reservoirs": pooled}, recordings=series)


def test_arrays_as_targets_without_a_washout_are_refused(series):
    pooled = {"echo": {"kind": "EchoStateReservoir", "pool": "mean"}}
    target = np.empty(6, dtype=object)
    target[:] = series.target
    settings = {**STEPWISE, "reservoirs": pooled}
    del settings["washout"]
    with pytest.raises(ValueError, match=r"holds an array for each recording.*set washout"):
        run_recipe(settings, recordings=series._replace(target=target))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": np.arange(5)}, "target has 5 values and the table 200 recordings"),
        ({"groups": np.arange(5)}, "5 groups for 200 recordings"),
        ({"target": np.r_[np.nan, np.ones(199)]}, "target of recording 0 is not finite"),
        ({"target": np.full(200, "a")}, "one class"),
    ],
)
def test_unusable_targets_and_groups_are_refused(grasps, changed, message):
    with pytest.raises(ValueError, match=message):
        run_recipe(recipe(), recordings=grasps._replace(**changed))


def test_recordings_that_are_none_or_lack_a_sense_are_refused(grasps):
    with pytest.raises(TypeError, match=r"expected Recordings\(table, target, groups\)"):
        run_recipe(recipe(), recordings=grasps.table)
    with pytest.raises(ValueError, match=r"encoders.joints: the table has no column 'joints'"):
        run_recipe(recipe(), recordings=grasps.senses("touch"))
    settings = recipe()
    del settings["data"]
    with pytest.raises(ValueError, match=r"no \[data\] and no recordings are given"):
        run_recipe(settings)
    with pytest.raises(TypeError, match="expected a path, the name of a shipped recipe, a dict"):
        run_recipe(3)


def test_folds_of_numbers_keep_groups_together_and_cannot_be_stratified(grasps):
    heights = np.linspace(0.0, 1.0, 200)
    settings = recipe(split={"kind": "grouped", "n_splits": 4}, missing=False, fusion=["late"])
    result = run_recipe(settings, recordings=grasps._replace(target=heights))
    folds = result.truth.set_index("recording")["fold"].sort_index()
    assert (folds.groupby(grasps.groups).nunique() == 1).all()
    with pytest.raises(ValueError, match=r"balances classes.*'shuffled'"):
        run_recipe(
            {**settings, "split": {"kind": "stratified"}},
            recordings=grasps._replace(target=heights),
        )


def test_the_task_of_a_recipe_decides_over_the_type_of_the_target(grasps):
    whole = grasps._replace(target=np.unique(grasps.target, return_inverse=True)[1])
    settings = recipe(missing=False, fusion=["middle", "late"])
    assert run_recipe(settings, recordings=whole).task == "classification"
    as_numbers = run_recipe({**settings, "task": "regression"}, recordings=whole)
    assert as_numbers.task == "regression"
    assert not as_numbers.labels.size
    halves = whole._replace(target=whole.target / 1.0)
    as_labels = run_recipe({**settings, "task": "classification"}, recordings=halves)
    assert as_labels.labels.tolist() == list(range(10))
    contradiction = {"kind": "RidgeReadout", "task": "classification"}
    with pytest.raises(ValueError, match=r"readout.task='classification' contradicts task="):
        run_recipe({**settings, "task": "regression", "readout": contradiction})


def test_chance_is_the_score_of_the_best_constant(grasps):
    result = run_recipe(recipe(metric=["accuracy", "balanced_accuracy"], missing=False))
    assert result.chance["balanced_accuracy"] == pytest.approx(0.1)
    assert 0.1 <= result.chance["accuracy"] < 0.2
    numbers = grasps._replace(target=np.arange(200.0))
    result = run_recipe(recipe(metric=["nrmse", "r2"], missing=False), recordings=numbers)
    y = [part.to_numpy() for _, part in result.truth.groupby("fold")["target"]]
    off = [np.sqrt(np.mean((part - 99.5) ** 2)) / part.std() for part in y]
    assert_allclose(result.chance["nrmse"], np.mean(off))
    assert_allclose(result.chance["r2"], np.mean(1 - np.square(off)))


@pytest.fixture
def measured(monkeypatch, grasps):
    """Let "demo" load grasps with values in attrs, and with a column of one value a step."""
    table = grasps.table.copy()
    level = np.array([number(touch)[0] for touch in table["touch"]])
    table["force"] = [
        sampled(
            np.asarray(touch).mean(axis=1, keepdims=True),
            np.arange(len(touch)),
            ["f"],
            units="1",
            name="force",
        )
        for touch in table["touch"]
    ]
    table.attrs |= {"level": level.tolist(), "two": np.c_[level, -level], "few": [1.0, 2.0]}
    loaded = Recordings(table, grasps.target, grasps.groups)
    monkeypatch.setattr("mottle.pipelines.engine.sources.load", lambda name, **options: loaded)
    return loaded, level


def test_a_number_of_each_recording_is_predicted_beside_baselines_for_every_seed(
    measured, tmp_path
):
    loaded, level = measured
    settings = recipe(
        seeds=[0, 1], metric=["nrmse", "rmse", "r2"], missing=False, fusion=["middle"],
        data={"name": "demo", "options": {"task": "grasp"}, "target": "level"},
        reservoirs={
            "memristor": {"kind": "MemristorReservoir", "n_nodes": 20, "pool": "last"},
            "echo": {"kind": "EchoStateReservoir", "n_nodes": 20, "pool": "last"},
            "none": {"kind": "NoReservoir", "pool": "last"},
        },
    )  # fmt: skip
    result = run_recipe(settings)
    assert result.task == "regression"
    assert_array_equal(result.truth.sort_values("recording")["target"], level)
    assert len(result.scores) == 3 * 2 * 3 * 3  # reservoirs, seeds, inputs, metrics
    middle = result.scores.groupby(["metric", "inputs", "reservoir"])["score"].median()
    assert middle["r2", "touch", "none"] > 0.8  # the level is nearly a sum of the last inputs
    assert (
        middle["nrmse", "touch", "none"]
        < 0.5
        < result.chance["nrmse"]
        == pytest.approx(1.0, abs=0.01)
    )
    by_hand = run_recipe({**settings, "data": None}, recordings=loaded._replace(target=level))
    assert by_hand.scores.equals(result.scores)
    saved = result.save(tmp_path / "level.result.json")
    assert reproduce(saved).agrees
    two = run_recipe({**settings, "data": {**settings["data"], "target": "two"}})
    assert set(two.truth["output"]) == {0, 1}


def test_a_column_is_the_target_of_steps(measured):
    loaded, _ = measured
    encoders = {"joints": {"kind": "TaxelDrive", "n_steps": "none"}}
    settings = recipe(
        washout=1, missing=False, encoders=encoders, seeds=[0],
        data={"name": "demo", "options": {"task": "grasp"}, "target": "force"},
        reservoirs={"echo": {"kind": "EchoStateReservoir", "n_nodes": 20},
                    "none": {"kind": "NoReservoir"}},
    )  # fmt: skip
    result = run_recipe(settings)
    expected = np.concatenate([np.asarray(cell)[1:, 0] for cell in loaded.table["force"]])
    found = result.truth.sort_values(["recording", "step"])["target"]
    assert_array_equal(found, expected)
    both = {**settings, "encoders": {**encoders, "force": encoders["joints"]}}
    with pytest.raises(ValueError, match=r"data.target='force' is an input too"):
        run_recipe(both)
    for name in ("few", "levels"):
        with pytest.raises(ValueError, match=rf"data.target='{name}' is neither .* level, two"):
            run_recipe({**settings, "data": {**settings["data"], "target": name}})


def test_a_readout_that_learns_row_by_row_is_named_in_a_recipe(grasps):
    settings = recipe(missing=False, fusion=["middle"], seeds=[0])
    readouts = [{"kind": "RLSReadout", "alpha": 0.1},
                {"kind": "RidgeReadout", "alphas": 0.1, "standardize": False}]  # fmt: skip
    results = [run_recipe({**settings, "readout": one}, recordings=grasps) for one in readouts]
    assert results[0].scores.equals(results[1].scores)
    assert results[0].scores["score"].max() > 0.3
    with pytest.raises(ValueError, match=r"readout.forgetting=2.0 must be"):
        run_recipe({**settings, "readout": {"kind": "RLSReadout", "forgetting": 2.0}})


def test_noise_follows_the_drive_and_not_its_place():
    drive = np.random.default_rng(0).uniform(-1, 1, (4, 6, 2))
    node = MemristorReservoir(10, read_noise=0.1, pool="mean", random_state=0).fit(drive)
    assert_array_equal(node.transform(drive)[2:], node.transform(drive[2:]))


@pytest.mark.parametrize("names", [
    [f"run{k}" for k in range(1, 13)], [str(k) for k in range(1, 13)], list(range(1, 13)),
    ["nov", "dec", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct"],
], ids=lambda names: str(names[0]))  # fmt: skip
def test_blocks_are_neighbours_in_the_order_of_the_groups(names):
    order = np.random.default_rng(0).permutation(12) if names[0] in ("run1", "1") else range(12)
    groups = np.array([names[k] for k in order])
    recordings = Recordings(make_table(a=[np.zeros((3, 1))] * 12), np.arange(12.0), groups)
    split = Split(kind="blocked", n_splits=3, gap=1)
    for block, (train, test) in enumerate(make_folds(split, recordings, labels=False)):
        assert set(groups[test].tolist()) == set(names[4 * block : 4 * block + 4])
        near = names[max(0, 4 * block - 1) : 4 * block + 5]
        assert set(groups[train].tolist()) == set(names) - set(near)


def test_recordings_in_a_gap_are_not_counted_as_trained_on():
    rng = np.random.default_rng(0)
    labels, groups = np.array(["a", "b"] * 30), np.repeat(np.arange(12), 5)
    cells = [rng.normal(size=(5, 1)) + (label == "a") for label in labels]
    recordings = Recordings(make_table(s=cells), labels, groups)
    recipe = {
        "title": "t", "seeds": [0], "split": {"kind": "blocked", "n_splits": 4, "gap": 2},
        "encoders": {"s": {"kind": "TaxelDrive", "n_steps": "none", "baseline": "none"}},
        "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    }  # fmt: skip
    result = run_recipe(recipe, recordings=recordings)
    assert result.n_train == [35, 25, 25, 35]
    assert_allclose(result.test_ratio, np.mean([15 / n for n in result.n_train]))


def test_inner_folds_keep_the_gap():
    split = {"kind": "blocked", "n_splits": 2, "gap": 1}
    search = {"parameters": {"readout.alphas": [1.0]}, "folds": 2}
    recipe = check_recipe(STEPWISE | {"split": split, "search": search})
    inner = inner_split(recipe, Target(np.zeros(4), False))
    assert (inner.kind, inner.n_splits, inner.gap) == ("blocked", 2, 1)


@pytest.mark.parametrize(("metric", "best"), [
    ("f1", 0.4615), ("recall", 1.0), ("accuracy", 0.7),
])  # fmt: skip
def test_chance_is_the_best_class_for_each_metric(metric, best):
    target = Target(np.array([0] * 28 + [1] * 12), True)
    folds = list(StratifiedKFold(4).split(np.zeros(40), target.values))
    assert_allclose(chance_levels([find_metric(metric)], target, folds)[metric], best, atol=5e-4)


def test_chance_is_scored_by_fold_as_models_are():
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 10.0, 20.0, 30.0], 10) + rng.exponential(size=40)
    folds = [(np.flatnonzero(np.arange(40) // 10 != k), np.flatnonzero(np.arange(40) // 10 == k))
             for k in range(4)]  # fmt: skip
    found = chance_levels([find_metric("rmse"), find_metric("neg_mean_absolute_error")],
                          Target(y, False), folds)  # fmt: skip
    by_hand = [np.sqrt(((y[test] - y.mean()) ** 2).mean()) for _, test in folds]
    median = [np.sqrt(((y[test] - np.median(y)) ** 2).mean()) for _, test in folds]
    assert_allclose(found["rmse"], min(np.mean(by_hand), np.mean(median)))
    errors = [
        [np.abs(y[test] - one).mean() for _, test in folds] for one in (y.mean(), np.median(y))
    ]
    assert_allclose(found["neg_mean_absolute_error"], -min(map(np.mean, errors)))
