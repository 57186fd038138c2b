"""Results are saved, read back, and reproduced to the digit."""

import json
from shutil import copytree

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from mottle.datasets import disk, load_demo
from mottle.pipelines import Result, output, read_result, reproduce, run_recipe
from mottle.pipelines.cli import main
from mottle.pipelines.engine import run as engine
from mottle.pipelines.report import section
from mottle.toml import write_toml

RECIPE = {
    "title": "small", "seeds": [0, 1], "fusion": ["middle"],
    "metric": ["accuracy", "neg_log_loss"],
    "data": {"name": "demo", "options": {"task": "grasp"}},
    "split": {"kind": "blocked", "n_splits": 2},
    "encoders": {s: {"kind": "TaxelDrive", "n_steps": 6} for s in ("touch", "joints")},
    "reservoirs": {
        "memristor": {"kind": "MemristorReservoir", "n_nodes": 10, "pool": ("mean", "last"),
                      "read_noise": 0.05},
        "none": {"kind": "NoReservoir", "pool": "mean"},
    },
    "search": {"parameters": {"readout.alphas": [1.0, 100.0]}, "folds": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return run_recipe(RECIPE)


@pytest.fixture
def saved(result, tmp_path):
    return result.save(tmp_path / "small.result.json")


def test_a_result_is_read_back_as_it_was_saved(result, saved):
    again = read_result(saved)
    assert isinstance(again, Result)
    for name in ("scores", "fold_scores", "truth", "predictions"):
        assert_frame_equal(getattr(again, name), getattr(result, name), check_dtype=False)
    same = ("title", "seeds", "chance", "recipe", "settings", "chosen", "hashes", "versions",
            "notes", "speedup", "n_recordings", "task", "split")  # fmt: skip
    for name in same:
        assert getattr(again, name) == getattr(result, name), name
    assert [m.describe() for m in again.metrics] == [m.describe() for m in result.metrics]
    assert_array_equal(again.confusion, result.confusion)
    assert again.save(saved.parent / "again.json").read_bytes() == saved.read_bytes()
    assert "Confusion matrix" in section(again)


@pytest.mark.parametrize("few", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_numbers_of_a_regression_are_read_back_to_the_digit(few, tmp_path):
    recordings = load_demo("grasp")
    target = np.random.default_rng(0).normal(size=200) / 3
    settings = {key: RECIPE[key] for key in RECIPE if key not in ("metric", "search")}
    if few:
        settings |= {"seeds": [0], "encoders": {"touch": RECIPE["encoders"]["touch"]}}
    result = run_recipe(settings, recordings=recordings._replace(target=target))
    again = read_result(result.save(tmp_path / "r.json"))
    assert_array_equal(again.predictions.to_numpy(), result.predictions.to_numpy())
    assert_array_equal(again.truth["target"], result.truth["target"])
    with pytest.raises(ValueError, match=r"given in memory.*recordings="):
        reproduce(again)
    found = reproduce(again, recordings=recordings._replace(target=target))
    assert found.agrees
    assert found.differences.empty
    target[3] += 1e-9
    found = reproduce(again, recordings=recordings._replace(target=target))
    assert not found.agrees
    assert found.differences["kind"][0] == "recordings"
    assert "sha256 differs" in found.causes()[0]
    assert {"recordings", "score", "predictions"} <= set(found.differences["kind"])
    assert not {"drive", "features"} & set(found.differences["kind"])


def test_hashes_name_recordings_drives_and_features(result):
    hashes = result.hashes
    assert len(hashes["recordings"]) == 64
    assert set(hashes["drives"]) == {
        f"{fold}/{name}/{sense}"
        for fold in (0, 1) for name in ("memristor", "none") for sense in ("touch", "joints")
    }  # fmt: skip
    features = hashes["features"]
    assert len(features) == 2 * 2 * 2 * 2  # folds, reservoirs, seeds, senses
    assert features["0/memristor/0/touch"] != features["0/memristor/1/touch"]
    assert features["0/none/0/touch"] == features["0/none/1/touch"]
    assert features["0/none/0/touch"] != features["0/none/0/joints"]
    assert features["0/none/0/touch"] != features["1/none/0/touch"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "is not JSON"),
        (lambda text: "", "is not JSON"),
        (lambda text: "[1, 2]", "is no result of mottle's"),
        (lambda text: '{"title": "x"}', "is no result of mottle's"),
        (
            lambda text: text.replace('"version": 1', '"version": 2', 1),
            "version 2.*reads version 1",
        ),
        (lambda text: text.replace('"n_recordings": 200', '"n_recordings": 201'), "sha256 differs"),
        (lambda text: text.replace('"seed": [0', '"seed": [1', 1), "sha256 differs"),
        (lambda text: text.replace('"content": {', '"contents": {'), "sha256 differs"),
    ],
)
def test_damaged_and_foreign_files_are_refused(saved, damage, message):
    text = saved.read_text()
    assert damage(text) != text
    saved.write_text(damage(text))
    with pytest.raises(ValueError, match=message):
        read_result(saved)


def test_bytes_that_are_no_text_and_lost_files_are_refused(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not JSON"):
        read_result(tmp_path / "x.json")
    with pytest.raises(ValueError, match=r"there is no file .*NAME\.result\.json"):
        read_result(tmp_path / "y.json")


def test_files_are_written_whole_or_not_at_all(result, tmp_path, monkeypatch):
    output.write_all(tmp_path, {"small": result})
    names = {path.name for path in tmp_path.iterdir()}
    ends = ("csv", "fits.csv", "toml", "json", "result.json")
    assert names == {"report.html", "figures", *(f"small.{end}" for end in ends)}
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    replace = disk.os.replace

    def full(*given):
        raise OSError("no space left on device")

    monkeypatch.setattr(disk.os, "replace", full)
    for write in (
        lambda: result.save(tmp_path / "small.result.json"),
        lambda: output.write_text(tmp_path / "small.csv", "half"),
        lambda: output.write_report(tmp_path / "report.html", [result]),
    ):
        with pytest.raises(OSError, match="no space left"):
            write()
    monkeypatch.setattr(disk.os, "replace", replace)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def mottle(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def ran(ran_once, tmp_path):
    """A copy of a recipe that the command ran, and of its result."""
    copytree(ran_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out/small.result.json"


@pytest.fixture(
    scope="module",
    params=[("touch",), pytest.param(("touch", "joints"), marks=pytest.mark.slow)],
    ids=" and ".join,
)
def ran_once(tmp_path_factory, request):
    """The folder of a recipe that the command ran, and of its result."""
    tmp_path = tmp_path_factory.mktemp("ran")
    path = tmp_path / "small.toml"
    settings = {key: RECIPE[key] for key in RECIPE if key != "search"} | {"seeds": [0]}
    settings["encoders"] = {sense: RECIPE["encoders"][sense] for sense in request.param}
    path.write_text(write_toml(settings))
    run = mottle("run", path, "--out", tmp_path / "out")
    assert run.exit_code == 0, run.output
    assert "neg_log_loss (higher is better)" in run.output
    return tmp_path


def test_a_result_of_the_command_is_reproduced(ran):
    run = mottle("reproduce", ran)
    assert run.exit_code == 0, run.output
    assert "agree to the digit" in run.output
    report = json.loads(mottle("reproduce", ran, "--json").stdout)
    assert report == {"path": str(ran), "agrees": True, "notes": [], "differences": []}


def changed(path, change):
    """Save a result with something changed, as another machine might have computed it."""
    result = read_result(path)
    change(result)
    return result.save(path)


def test_what_differs_is_shown_and_the_exit_code_is_1(ran):
    def change(result):
        result.fold_scores.loc[0, "score"] += 1e-12
        column = result.predictions.columns[0]
        first = result.predictions.loc[0, column]
        other = next(label for label in result.labels if label != first)
        result.predictions.loc[0, column] = other
        result.hashes["features"]["0/memristor/0/touch"] = "0" * 64

    changed(ran, change)
    run = mottle("reproduce", ran)
    assert run.exit_code == 1
    assert "what differs" in run.stdout
    report = json.loads(mottle("reproduce", ran, "--json").stdout)
    assert not report["agrees"]
    assert [one["kind"] for one in report["differences"]] == ["score", "predictions", "features"]
    score, predictions, features = report["differences"]
    assert score["what"] == "memristor / touch /  / 0 / 0 / accuracy"
    assert score["before"] - score["after"] == pytest.approx(1e-12, rel=1e-2)
    assert predictions["after"] == "1 of them differ"
    assert features["what"] == "0/memristor/0/touch"


def test_other_versions_are_named_first_and_are_no_difference_of_their_own(ran):
    changed(ran, lambda result: result.versions.update(numpy="1.0", mottle="0.0"))
    run = mottle("reproduce", ran)
    assert run.exit_code == 0
    lines = [line for line in run.stdout.splitlines() if line.strip()]
    assert lines[0].startswith("versions differ: mottle 0.0 -> ")
    assert "numpy 1.0 -> " in lines[0]
    assert "agree to the digit" in lines[-1]


def test_other_recordings_are_named_first(ran):
    changed(ran, lambda result: result.hashes.update(recordings="0" * 64))
    run = mottle("reproduce", ran)
    assert run.exit_code == 1
    assert run.stdout.startswith("the recordings are not those of the result")


def test_a_file_that_is_no_result_ends_the_command_with_1(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    run = mottle("reproduce", tmp_path / "x.json")
    assert run.exit_code == 1
    assert "is no result of mottle's" in " ".join(run.stderr.split())


@pytest.mark.parametrize("command", ["run", "reproduce"])
def test_ctrl_c_ends_with_130_and_leaves_no_half_file(command, saved, tmp_path, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.Experiment, "_run_unit", interrupted)
    words = ["demo-grasp", "--out", tmp_path / "out"] if command == "run" else [saved]
    run = mottle(command, *words)
    assert run.exit_code == 130
    assert "stopped" in run.stderr
    assert not (tmp_path / "out").exists()


def test_settings_are_written_as_toml_that_reads_the_same(result):
    import tomllib

    assert tomllib.loads(result.settings) == result.recipe
    odd = {
        "text": 'a "quoted" \\ \n ü 😀 \x7f',
        "f": [1e-300, -0.0, 2.0],
        "t": {"a b": {"c": True}},
    }
    assert tomllib.loads(write_toml(odd)) == odd


def test_a_recipe_as_dict_may_hold_none_tuples_and_arrays():
    settings = {key: RECIPE[key] for key in RECIPE if key not in ("search", "metric")}
    settings["seeds"] = [0]
    text = settings | {"readout": {"kind": "RidgeReadout", "alphas": [1.0, 10.0]}}
    plain = settings | {"readout": {"kind": "RidgeReadout", "alphas": np.array([1.0, 10.0])}}
    none = {"kind": "TaxelDrive", "n_steps": np.int64(6), "baseline": None}
    words = {"kind": "TaxelDrive", "n_steps": 6, "baseline": "none"}
    text["encoders"], plain["encoders"] = {"touch": words}, {"touch": none}
    one, other = run_recipe(text), run_recipe(plain)
    assert one.recipe == other.recipe
    assert one.scores.equals(other.scores)
