"""Recipes, experiments, what they leave on disk, and the command."""

import json
import tomllib

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner
from sklearn.model_selection import PredefinedSplit, cross_val_score

from mottle.datasets import list_table, load_demo, open_prepared, open_states, prepare
from mottle.events import EVENT_DTYPE
from mottle.pipelines import make_fusion_pipeline, output, read_recipe, run_recipe
from mottle.pipelines.cli import main
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.engine.run import Experiment
from mottle.pipelines.output import common_times, write_states
from mottle.pipelines.recipe import shipped
from mottle.pipelines.report import section, write_report
from mottle.sensors import EventRate, GasDrive, LevelCrossing, TaxelDrive, TimeMask

SMALL = """
title = "a <small> recipe"
seeds = [0, 1]
[data]
name = "demo"
options = { task = "grasp" }
[split]
kind = "blocked"
n_splits = 2
[encoders]
touch = { kind = "TaxelDrive", n_steps = 6 }
joints = { kind = "TaxelDrive", n_steps = 6 }
[reservoirs]
memristor = { kind = "MemristorReservoir", n_nodes = 20, pool = "mean", for.joints.n_nodes = 10 }
none = { kind = "NoReservoir", pool = "mean" }
"""
FEW = 'fusion = ["middle"]\nmissing = false\n[data]'  # in place of [data]: three inputs, not five


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """The result of the small recipe."""
    path = tmp_path_factory.mktemp("small") / "small.toml"
    path.write_text(SMALL)
    return run_recipe(path)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def test_scores_equal_those_of_the_pipelines_and_repeat_to_the_last_digit(small, result):
    recipe, _ = read_recipe(small)
    assert result.scores.equals(run_recipe(small).scores)
    table, target, groups = load_demo("grasp")
    folds = PredefinedSplit((groups > 10).astype(int))
    scores = result.scores.set_index(["reservoir", "inputs", "missing", "seed"])["score"]
    for fusion in ("early", "middle", "late"):
        reservoir = recipe.make_reservoir("memristor", "early", 1)
        if fusion != "early":
            reservoir = {s: recipe.make_reservoir("memristor", s, 1) for s in ("touch", "joints")}
        model = make_fusion_pipeline(recipe.make_encoders(), reservoir, fusion=fusion)
        expected = cross_val_score(model, table, target, cv=folds).mean()
        assert scores["memristor", fusion, "", 1] == pytest.approx(expected, abs=1e-12)
    missing = scores["memristor", "middle", "joints", 0]
    assert missing == scores["memristor", "touch", "", 0]


def test_report_holds_the_numbers_and_no_raw_markup(result, tmp_path):
    html = write_report(tmp_path / "report.html", [result]).read_text(encoding="utf-8")
    assert "a &lt;small&gt; recipe" in html
    assert "<small>" not in html
    assert "http" not in html.replace("http://www.w3.org", "")
    part = result.scores.query("inputs == 'middle' and reservoir == 'memristor' and missing == ''")
    assert f"{part['score'].median() * 100:.1f} <span class='range'>[" in section(result)
    assert html.count("<figure>") == 6  # scores, confusion, two senses, two state rasters
    assert result.confusion.sum() == 200
    assert any("without a reservoir" in note for note in result.notes)
    assert "Accuracy in % (higher is better)" in html
    assert not list(tmp_path.glob("*.partial"))


def test_states_on_disk_are_those_of_the_reservoir_and_resume(small, tmp_path):
    recipe, text = read_recipe(small)
    written = write_states(tmp_path / "states", recipe, text)
    assert [str(p.relative_to(tmp_path / "states")) for p in written][:2] == [
        "memristor/touch",
        "none/touch",
    ]
    states = open_states(written[0])
    assert states["states"].shape == (200, 6, 20)
    assert np.isfinite(states["states"].to_numpy()).all()
    assert set(states["part"].to_numpy().tolist()) == {"train", "test"}
    assert write_states(tmp_path / "states", recipe, text) == written


def test_states_of_other_recordings_are_refused_and_a_gap_is_a_part(small, tmp_path, monkeypatch):
    small.write_text(SMALL.replace("n_splits = 2", "n_splits = 2\ngap = 1"))
    recipe, text = read_recipe(small)
    written = write_states(tmp_path / "states", recipe, text)
    part = open_states(written[0])["part"].to_numpy()
    train, test = folds_of(recipe, *load_recordings(recipe))[0]
    assert [set(part[rows]) for rows in (train, test)] == [{"train"}, {"test"}]
    assert (part == "gap").sum() == 200 - len(train) - len(test) > 0
    plain = load_recordings(recipe)
    plain[0].table["touch"] = [cell + 1e-9 for cell in plain[0].table["touch"]]
    monkeypatch.setattr(output, "load_recordings", lambda _: plain)
    with pytest.raises(ValueError, match=r"recipe or other recordings: attrs\['drives'\]"):
        write_states(tmp_path / "states", recipe, text)


@pytest.mark.slow
def test_states_carry_names_groups_and_times_of_the_prepared_data(small, tmp_path):
    text = SMALL.replace("n_steps = 6", "n_steps = 'none'").replace("[0, 1]", "[0]")
    small.write_text(text.replace("[data]", FEW))
    out, states = tmp_path / "out", tmp_path / "states"
    run = CliRunner().invoke(main, ["run", str(small), "--out", str(out), "--states", str(states)])
    assert run.exit_code == 0, run.output
    prepare(list_table(load_demo("grasp")), tmp_path / "raw.zarr")
    table, target, groups = open_prepared(tmp_path / "raw.zarr")
    for sense in ("touch", "joints"):
        found = open_states(states / small.stem / "memristor" / sense)
        assert found["recording"].values.tolist() == table.index.tolist()
        assert found["group"].values.tolist() == [str(group) for group in groups]
        assert found["target"].values.tolist() == target.tolist()
        assert len(set(found["row_size"].values.tolist())) > 1
        for row, cell in enumerate(table[sense]):
            steps = found["time"].values[: int(found["row_size"][row])]
            assert steps.tolist() == cell["time"].values.tolist()
            here = found["states"].isel(recording=row)
            assert np.isfinite(here.values[: len(steps)]).all()
            assert np.isnan(here.values[len(steps) :]).all()


def test_times_of_states_are_those_of_the_encoded_steps():
    events = np.array([(7, 0, 0, 1), (400_007, 1, 1, 0)], dtype=EVENT_DTYPE)
    encoder = EventRate(4, duration=2.0).fit([events])
    assert common_times(encoder.step_times([events, None])).tolist() == [0.0, 0.5, 1.0, 1.5]
    rows = [
        xr.DataArray(np.ones((n, 1)), dims=("time", "channel"), coords={"time": 0.1 * np.arange(n)})
        for n in (4, 8)
    ]
    for encoder, first in (
        (TaxelDrive(2), [0.0, 0.2]), (LevelCrossing(2), [0.0, 0.2]),
        (TaxelDrive(7), [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]),
        (LevelCrossing(None, max_rows=3), [0.0, 0.1, 0.2]),
        (GasDrive(2, baseline=0.2), [0.0, 0.2]), (GasDrive(None, baseline=0.2), rows[0].time),
        (GasDrive(None, baseline=0.2, dt=0.3), [0.0, 0.3]),
    ):  # fmt: skip
        model = encoder.fit(rows)
        times = model.step_times(rows)
        np.testing.assert_allclose(times[0], first, atol=1e-12)
        assert [len(time) for time in times] == [len(drive) for drive in model.transform(rows)]
    assert common_times(TaxelDrive(2).fit(rows).step_times(rows)) is None  # of unequal length
    assert TimeMask(2).fit(rows[0].values).step_times(rows) is None


def test_states_of_a_reservoir_before_a_layer_are_its_own(small, tmp_path):
    small.write_text(SMALL.replace('"mean", for', '"mean", then = { kind = "STDPLayer" }, for'))
    written = write_states(tmp_path / "states", *read_recipe(small))
    assert open_states(written[0])["states"].shape == (200, 6, 20)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n_splits = 2", "n_split = 2", "unknown key split.n_split; did you mean 'n_splits'"),
        ("seeds = [0, 1]", "seed = [0]", "unknown key seed; did you mean 'seeds'"),
        ("n_nodes = 20", "n_node = 20", "n_node is not a parameter .* did you mean 'n_nodes'"),
        ("MemristorReservoir", "MemristorReservoire", "did you mean 'MemristorReservoir'"),
        ("for.joints", "for.joint", "is no sense; did you mean 'joints'"),
        ('kind = "TaxelDrive"', 'kind = "TaxelDriv"', "did you mean 'TaxelDrive'"),
        ('kind = "blocked"', 'kind = "random"', "split.kind='random'"),
        ('"memristor', '= "', "is not TOML"),
        (', pool = "mean", for', ", for", "gives states, but the readout needs features"),
        (
            ', pool = "mean", for',
            ', then = { kind = "STDPLayer", n_segments = 0 }, for',
            "reservoirs.memristor.then.n_segments=0 must be a whole number",
        ),
        (
            ', pool = "mean", for',
            ', then = { kind = "STDPLayer", rule = "stdp" }, for',
            "reservoirs.memristor.then.rule='stdp' is not known",
        ),
    ],
)
def test_faults_of_a_recipe_are_named_with_the_way_out(small, old, new, message):
    text = SMALL.replace(old, new) if old in SMALL else SMALL + new
    small.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_recipe(small)


def test_too_many_folds_are_refused_with_the_most_there_can_be(small):
    small.write_text(SMALL.replace("n_splits = 2", "n_splits = 30"))
    with pytest.raises(ValueError, match=r"more than the 20 groups; take at most 20"):
        run_recipe(small)


def test_early_fusion_of_unequal_clocks_is_refused_by_name(small):
    small.write_text(SMALL.replace("n_steps = 6 }\njoints", "n_steps = 5 }\njoints"))
    with pytest.raises(ValueError, match=r"'touch' 5, 'joints' 6.*or leave 'early' out of fusion"):
        run_recipe(small)


def test_shipped_recipes_are_all_sound():
    assert {"demo-grasp", "demo-senses"} <= set(shipped())
    for name in shipped():
        assert read_recipe(name)[0].title


def test_command_runs_a_recipe_and_names_the_fault_of_another(small, tmp_path):
    runner = CliRunner()
    done = runner.invoke(main, ["run", str(small), "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["n_recordings"] == 200
    assert (tmp_path / "out" / "report.html").stat().st_size > 50_000
    lost = runner.invoke(main, ["run", "demo-grap"])
    assert lost.exit_code == 1
    assert "did you mean 'demo-grasp'" in " ".join(lost.stderr.split())
    assert "demo-grasp" in runner.invoke(main, ["recipes"]).stdout


def on_crossbars(extra=""):
    """The small recipe, its readouts in crossbars too."""
    small = SMALL.replace("seeds = [0, 1]", "seeds = [0]").replace('"blocked"', '"grouped"')
    return small + f"[crossbar]\nshape = [64, 32]\nages = [86400.0, 0.0]\n{extra}"


def test_a_recipe_can_put_its_readouts_into_crossbars_that_age(small):
    small.write_text(on_crossbars("n_levels = 128\nadc_bits = 12\ndevice = 'cmo_hfox_fine'\n"))
    scores = run_recipe(small).scores.query("missing == '' and reservoir == 'none'")
    by_inputs = scores.set_index("inputs")["score"]
    rows = {f"{i} on crossbars, {age}" for i in ("touch", "early", "middle", "late")
            for age in ("fresh", "1 d")}  # fmt: skip
    assert rows <= set(by_inputs.index)
    assert by_inputs["late on crossbars, fresh"] == pytest.approx(by_inputs["late"], abs=0.03)
    assert by_inputs["middle on crossbars, fresh"] == pytest.approx(by_inputs["middle"], abs=0.03)
    assert by_inputs["middle on crossbars, 1 d"] < by_inputs["middle on crossbars, fresh"] + 0.02


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("n_level = 64\n", "crossbar.n_level is no parameter of crossbars; .* 'n_levels'"),
        ("device = 'cmo'\n", "crossbar.device='cmo' is not known"),
        ("n_levels = 1\n", "crossbar.n_levels=1"),
        ("adc_bits = 0\n", "crossbar.adc_bits=0"),
        ("v_read = 'a'\n", "crossbar.v_read='a' must be a finite number of V"),
        (
            "device = 'nbsto_interface'\n",
            "crossbar.device='nbsto_interface' can age but not be",
        ),
        ("random_state = 1\n", "crossbar.random_state is no parameter"),
    ],
)
def test_faults_of_crossbars_in_a_recipe_are_named(small, extra, message):
    small.write_text(on_crossbars(extra))
    with pytest.raises(ValueError, match=message):
        read_recipe(small)


def test_ages_with_equal_labels_get_seconds_and_readouts_can_be_fitted_for_crossbars(small):
    text = on_crossbars("aware = true\n").replace("[86400.0, 0.0]", "[86400.0, 86450.0]")
    small.write_text(text)
    inputs = set(run_recipe(small).scores.inputs)
    assert {"touch on crossbars, 86400 s", "touch on crossbars, 86450 s"} <= inputs


def test_a_negative_age_in_a_recipe_is_refused(small):
    small.write_text(on_crossbars().replace("86400.0", "-1.0"))
    with pytest.raises(ValueError, match=r"crossbar\.ages\.0=-1\.0"):
        read_recipe(small)


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "..", ".hidden", "a\\\\b", "C:x", "", "x" * 200]
)
@pytest.mark.parametrize("part", ["reservoirs", "encoders"])
def test_names_that_lead_elsewhere_are_refused(small, part, name):
    recipe = tomllib.loads(small.read_text())
    recipe[part] = {name: next(iter(recipe[part].values()))}
    with pytest.raises(ValueError, match="cannot name a folder"):
        run_recipe(recipe)


class Stop(Exception):
    """What ends a run in the middle."""


def count_units(monkeypatch, stop_after=None, error=KeyboardInterrupt):
    """Note each unit that is computed; end the run before the one after ``stop_after``."""
    compute, calls = Experiment._compute_unit, []

    def counted(self, recipe, name, seed, number, fold):
        if stop_after is not None and len(calls) == stop_after:
            raise error
        calls.append((number, name, seed))
        return compute(self, recipe, name, seed, number, fold)

    monkeypatch.setattr(Experiment, "_compute_unit", counted)
    return calls


SEARCH = '[search]\nparameters = { "readout.alphas" = [1.0, 10.0] }\n'


@pytest.mark.parametrize(("extra", "stop_after", "few"), [
    ("", 4, True), (SEARCH, 7, True),
    *(pytest.param(extra, after, False, marks=pytest.mark.slow)
      for extra in ("", SEARCH) for after in (1, 4, 7)),
])  # fmt: skip
def test_a_run_that_was_stopped_computes_only_what_is_left(
    small, tmp_path, monkeypatch, stop_after, extra, few
):
    small.write_text((SMALL.replace("[data]", FEW) if few else SMALL) + extra)
    whole = run_recipe(small)
    moved = []
    with monkeypatch.context() as patch:
        first = count_units(patch, stop_after, Stop)
        with pytest.raises(Stop):
            run_recipe(small, parts=tmp_path / "parts")
    with monkeypatch.context() as patch:
        second = count_units(patch)
        again = run_recipe(
            small, parts=tmp_path / "parts", progress=lambda done, of: moved.append((done, of))
        )
    assert len(first) == stop_after
    assert len(second) == 8 - stop_after
    assert not set(first) & set(second)
    assert moved[-1][0] == moved[-1][1]
    paths = [one.save(tmp_path / f"{k}.json") for k, one in enumerate((whole, again))]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for name, states in whole.states.items():
        assert states.identical(again.states[name])
    for one in (whole, again):  # times of what was done before the stop are kept
        assert len(one.fits) == 2 * 2 * 2 * (3 if few else 5)
        assert (one.fits.filter(regex="_(wall|cpu)$") >= 0).all(axis=None)
        assert (one.fits[["encode_wall", "fit_wall", "predict_wall"]] > 0).all(axis=None)
    keys = ["reservoir", "inputs", "seed", "fold", "penalty"]
    assert whole.fits[keys].equals(again.fits[keys])


def test_the_command_says_how_to_go_on_and_clears_up(small, result, tmp_path, monkeypatch):
    words = ["run", str(small), "--out", str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        count_units(patch, 3)
        done = CliRunner().invoke(main, words)
    assert done.exit_code == 130
    assert "the same command goes on" in done.stderr
    assert not (tmp_path / "out" / "small.result.json").exists()
    assert list((tmp_path / "out" / ".small.parts").iterdir())
    calls = count_units(monkeypatch)
    assert CliRunner().invoke(main, words).exit_code == 0
    assert len(calls) == 5
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]
    alone = result.save(tmp_path / "alone.json")
    assert (tmp_path / "out" / "small.result.json").read_bytes() == alone.read_bytes()


@pytest.mark.slow
def test_parts_of_another_recipe_or_damaged_ones_are_not_taken(small, tmp_path, monkeypatch):
    parts = tmp_path / "parts"
    run_recipe(small, parts=parts)
    whole = run_recipe(small).save(tmp_path / "whole.json").read_bytes()
    calls = count_units(monkeypatch)
    run_recipe(small, parts=parts)
    assert not calls
    small.write_text(SMALL.replace("n_nodes = 20", "n_nodes = 21"))
    run_recipe(small, parts=parts)
    assert len(calls) == 8
    calls.clear()
    for path in parts.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data[:-9])
    small.write_text(SMALL)
    again = run_recipe(small, parts=parts).save(tmp_path / "again.json")
    assert len(calls) == 8
    assert again.read_bytes() == whole
