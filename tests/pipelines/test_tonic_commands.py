"""tonic's data sets and transforms in `mottle prepare`, `run`, `reproduce` and `datasets`."""

import re
import sys
from json import loads
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tonic_sets import write_gesture, write_nmnist, write_shd

from mottle.datasets import load_nmnist_100, open_prepared
from mottle.datasets.tonic import open_part
from mottle.pipelines import run_recipe
from mottle.pipelines.cli import main
from mottle.pipelines.prepare import read_config

tonic = pytest.importorskip("tonic", reason="tonic is not installed: pip install mottle[tonic]")

PREPARE = """
[data]
options = {{ root = "{root}", train = "both", stabilize = true }}
[encoders.events]
kind = "TonicTransformer"
on_drop = "ignore"
transforms = [
  {{ name = "Denoise", filter_time = 100000 }},
  {{ name = "{last}", n_time_bins = 5 }},
]
"""
RECIPE = """
title = "gestures through tonic"
seeds = [0]
[data]
name = "tonic:DVSGesture"
options = {{ root = "{root}", sense = "sight" }}
[split]
kind = "{split}"
n_splits = 5
[encoders.sight]
kind = "TonicTransformer"
sensor_size = [128, 128]
transforms = [{{ name = "RandomFlipLR", p = 0.5 }}, {{ name = "DropEvent", p = 0.2 }}]
encoder = {{ kind = "EventRate", n_steps = 4, cell = 16, on_drop = "ignore" }}
[reservoirs]
echo = {{ kind = "EchoStateReservoir", n_nodes = 10, pool = "mean" }}
"""


@pytest.fixture(autouse=True)
def no_set_is_open():
    yield
    open_part.cache_clear()


def mottle(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.filterwarnings("ignore:tonic.NMNIST. the:UserWarning")
def test_a_set_of_tonic_becomes_a_store_of_frames(tmp_path):
    root, out, encode = tmp_path / "in", tmp_path / "s.zarr", tmp_path / "encode.toml"
    write_nmnist(root)
    write_nmnist(root, train=False, n_each=1)
    encode.write_text(PREPARE.format(root=root, last="ToFrame"))
    words = ("prepare", "tonic:NMNIST", "--out", out, "--encode", encode, "--json")
    run = mottle(*words)
    assert run.exit_code == 0, run.output
    assert loads(run.stdout)["n_encoded"] == 30
    assert loads(mottle(*words).stdout)["n_encoded"] == 0
    table, target, groups = open_prepared(out)
    assert groups.tolist() == ["train"] * 20 + ["test"] * 10
    assert target[20:].tolist() == list(range(10))
    tonics = tonic.transforms
    theirs = tonic.datasets.nmnist
    events = tonic.io.read_mnist_file(
        str(root / "NMNIST/Test/3/00000.bin"), dtype=tonic.datasets.NMNIST.dtype
    )
    events = tonics.Denoise(100_000)(theirs.stabilize(events))
    frames = tonics.ToFrame((34, 34, 2), n_time_bins=5)(events)
    stored = table["events"]["Test/3/00000.bin"]
    np.testing.assert_array_equal(stored, frames.transpose(0, 2, 3, 1).reshape(5, -1))
    info = mottle("store", "info", out)
    assert "TonicTransformer(" in info.output
    assert "'filter_time': 100000" in info.output
    encode.write_text(PREPARE.format(root=root, last="ToVoxelGrid"))
    changed = mottle(*words)
    assert changed.exit_code == 1
    assert "encoders.events.parameters.transforms was" in " ".join(changed.output.split())


def test_transformed_events_are_stored_as_events(tmp_path):
    write_gesture(tmp_path)
    encode = tmp_path / "encode.toml"
    encode.write_text(
        f'[data]\noptions = {{ root = "{tmp_path}" }}\n[fit]\non = "user01"\n'
        '[encoders]\nevents = { kind = "TonicTransformer", '
        'transforms = [{ name = "CropTime", max = 300000 }, { name = "DropEvent", p = 0.5 }] }\n'
    )
    for name in ("a.zarr", "b.zarr"):
        run = mottle("prepare", "tonic:DVSGesture", "--out", tmp_path / name, "--encode", encode,
                     "--limit", 15, "--jobs", 2 if name == "b.zarr" else 1)  # fmt: skip
        assert run.exit_code == 0, run.output
    a, b = (open_prepared(tmp_path / name).table["events"] for name in ("a.zarr", "b.zarr"))
    for one, two in zip(a, b, strict=True):
        assert one["t"].max() <= 300_000
        np.testing.assert_array_equal(one, two)  # draws depend on the recording, not the process


def test_a_recipe_runs_on_a_set_of_tonic_and_is_reproduced(tmp_path):
    write_gesture(tmp_path / "sets")
    recipe = tmp_path / "gestures.toml"
    recipe.write_text(RECIPE.format(root=tmp_path / "sets", split="grouped"))
    run = mottle("run", recipe, "--out", tmp_path / "runs", "--json")
    assert run.exit_code == 0, run.output
    again = mottle("reproduce", tmp_path / "runs/gestures.result.json")
    assert again.exit_code == 0, again.output


def test_a_split_that_separates_no_people_is_noted(tmp_path):
    write_gesture(tmp_path)
    recipe = tmp_path / "gestures.toml"
    recipe.write_text(RECIPE.format(root=tmp_path, split="stratified"))
    notes = run_recipe(recipe).notes
    assert any(
        "110 of 110 recordings have others of their group on the other side" in n for n in notes
    )
    recipe.write_text(RECIPE.format(root=tmp_path, split="grouped"))
    assert not any("other side" in note for note in run_recipe(recipe).notes)


def test_a_set_without_groups_is_noted(tmp_path):
    write_nmnist(tmp_path, whole=True)
    recipe = RECIPE.replace("DVSGesture", "NMNIST").replace("[128, 128]", "[34, 34]")
    recipe = recipe.replace("cell = 16", "cell = 8")
    (tmp_path / "r.toml").write_text(recipe.format(root=tmp_path, split="shuffled"))
    from mottle.pipelines.engine.notes import split_notes
    from mottle.pipelines.engine.recordings import load_recordings
    from mottle.pipelines.recipe import read_recipe

    recordings, _ = load_recordings(read_recipe(tmp_path / "r.toml")[0])
    found = split_notes(recordings, [(np.arange(5), np.arange(5, 9))])
    assert len(found) == 1
    assert "do not say which belong together" in found[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"DropEvent"', '"DropEvnt"', "encoders.sight.transforms[1]='DropEvnt' is not known; did"),
        ("p = 0.2", "q = 0.2", "DropEvent has no parameter 'q'"),
        ('kind = "EventRate"', 'kind = "EventRat"', "encoders.sight.encoder.kind='EventRat'"),
        ("n_steps = 4", "n_stps = 4", "encoders.sight.encoder.n_stps is not a parameter of"),
        ("tonic:DVSGesture", "tonic:DVSGestur", "did you mean 'DVSGesture'?"),
        ("root =", "rot =", "has no option 'rot'; did you mean 'root'?"),
    ],
)
def test_a_wrong_name_in_a_recipe_is_found_before_the_run(tmp_path, old, new, message):
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(root=tmp_path, split="grouped").replace(old, new))
    run = mottle("run", recipe, "--out", tmp_path / "runs")
    assert run.exit_code == 1
    assert message in " ".join(run.output.split())


def test_a_set_that_is_not_there_is_one_sentence_with_the_command_to_fetch_it(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    run = mottle("prepare", "tonic:SHD", "--out", tmp_path / "s.zarr")
    assert run.exit_code == 1
    assert "mottle datasets fetch tonic:SHD" in " ".join(run.output.split())
    write_shd(tmp_path / "tonic")
    assert mottle("prepare", "tonic:SHD", "--out", tmp_path / "s.zarr").exit_code == 0
    assert open_prepared(tmp_path / "s.zarr").groups.tolist() == np.repeat(range(4), 3).tolist()


PAGE = next(Path(__file__).parents[2].joinpath("docs").rglob("tonic.md")).read_text("utf-8")


def test_code_on_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    write_nmnist(tmp_path / "tonic", train=False, whole=True)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for code in blocks:
        exec(compile(code, "page", "exec"), {})


def test_settings_on_the_page_are_accepted(tmp_path):
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks[1:]:
        path = tmp_path / "encode.toml"
        path.write_text(block)
        encoder = read_config(path).make_encoders()["sight"]
        assert encoder.fit_transform(load_nmnist_100().table["sight"].iloc[:3])[0].shape[0] == 30
    (tmp_path / "data.toml").write_text(blocks[0].replace('name = "tonic:NMNIST"\n', ""))
    assert read_config(tmp_path / "data.toml").data.options["train"] == "both"


@pytest.mark.parametrize("words", [("prepare", "tonic:SHD", "--out"), ("run",)])
def test_without_tonic_commands_name_the_extra(tmp_path, monkeypatch, words):
    for module in ("tonic", "tonic.datasets", "tonic.transforms"):
        monkeypatch.setitem(sys.modules, module, None)
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE.format(root=tmp_path, split="grouped"))
    run = mottle(*words, recipe)
    assert run.exit_code == 1
    assert "GPL-3.0: pip install mottle[tonic]" in " ".join(run.output.split())


def test_info_names_the_options_of_the_class(tmp_path):
    facts = loads(mottle("datasets", "info", "tonic:nmnist", "--json").stdout)
    assert facts["name"] == "tonic:NMNIST"
    assert "stabilize: bool = False" in facts["options"]
    assert "random splits" in facts["split"]
    assert "SHD" in mottle("datasets", "info", "tonic:SHDD").output
