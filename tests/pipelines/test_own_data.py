"""Own recordings from every form of source, through `mottle init` and `mottle run`."""

from json import loads
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mottle.pipelines import run_recipe
from mottle.pipelines.cli import main
from mottle.pipelines.data import Data
from mottle.pipelines.engine.sources import load_recordings_of
from mottle.pipelines.init import draft_recipe
from mottle.pipelines.recipe import read_recipe

WHO, WHAT, N = ("anna", "ben", "cleo"), ("shake", "tap"), 3
PATTERN = r"(?P<group>[a-z]+)/(?P<target>[a-z]+)/(?P<sense>[a-z]+)_"


def mottle(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def wave(kind, seed):
    t = np.arange(40) / 10
    noise = np.random.default_rng(seed).normal(0, 0.2, (40, 3))
    return t, np.sin(t[:, None] * (1 + 2 * kind) + np.arange(3)) + noise


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with the same recordings in every form."""
    place = tmp_path_factory.mktemp("own")
    rows, parts, seed = [], [], 0
    for who in WHO:
        for kind, what in enumerate(WHAT):
            for k in range(N):
                row = {"label": what, "subject": who}
                for sense in ("touch", "smell"):
                    t, x = wave(kind, seed := seed + 1)
                    file = place / "files" / who / what / f"{sense}_{k}.csv"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    frame = pd.DataFrame({"time [s]": t, "a": x[:, 0], "b": x[:, 1], "c": x[:, 2]})
                    frame.to_csv(file, index=False)
                    row[sense] = file.relative_to(place).as_posix()
                    if sense == "touch":
                        parts.append(frame.assign(**row | {"trial": len(parts)}))
                rows.append(row)
    pd.DataFrame(rows).to_csv(place / "list.csv", index=False)
    long = pd.concat(parts).drop(columns=["touch"])
    long.to_csv(place / "long.csv", index=False)
    X = np.stack([part[["a", "b", "c"]].to_numpy() for part in parts])
    labels, who = [row["label"] for row in rows], [row["subject"] for row in rows]
    np.savez(place / "all.npz", X=X, y=labels, subject=who)
    lines = ["@problemName p", "@classLabel true shake tap", "@data"]
    lines += [":".join(",".join(map(str, one)) for one in x.T) + f":{y}"
              for x, y in zip(X, labels, strict=True)]  # fmt: skip
    (place / "all.ts").write_text("\n".join(lines) + "\n")
    return place


FORMS = {
    "files": {"files": "files", "pattern": PATTERN},
    "manifest": {"manifest": "list.csv"},
    "table": {"table": "long.csv", "recording": "trial", "target": "label", "group": "subject",
              "channels": ["a", "b", "c"], "sense": "touch"},
    "npz": {"npz": "all.npz", "sense": "touch"},
    "ts": {"ts": "all.ts", "sense": "touch"},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_recordings(form, place):
    data = Data.model_validate(FORMS[form]).below(place)
    data.check(("touch",))
    recordings = load_recordings_of(data, ("touch",))
    order = np.argsort([str(cell.values[0, 0]) for cell in recordings.table["touch"]])
    expected = load_recordings_of(Data.model_validate(FORMS["npz"]).below(place), ("touch",))
    at = np.argsort([str(cell.values[0, 0]) for cell in expected.table["touch"]])
    for one, other in zip(order, at, strict=True):
        np.testing.assert_array_equal(
            recordings.table["touch"].iloc[one].values, expected.table["touch"].iloc[other].values
        )
    assert recordings.target[order].tolist() == expected.target[at].tolist()
    if form != "ts":  # which has no groups
        assert recordings.groups[order].tolist() == expected.groups[at].tolist()


SOURCES = [
    ("files", ["smell", "touch"]), ("list.csv", ["smell", "touch"]), ("long.csv", ["stream"]),
    ("all.npz", ["stream"]), ("all.ts", ["stream"]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "senses"), SOURCES)
def test_a_recipe_is_drafted_for_every_form(source, senses, place, tmp_path):
    recipe = tmp_path / "recipe.toml"
    found = mottle("init", place / source, "--out", recipe)
    assert found.exit_code == 0, found.output
    assert "shake (9), tap (9)" in found.output
    read, _ = read_recipe(recipe)
    assert sorted(read.encoders) == senses
    assert read.split.kind == ("stratified" if source.endswith(".ts") else "one_group_out")
    assert len(load_recordings_of(read.data, tuple(senses)).table) == 18


@pytest.mark.parametrize(("source", "senses"), [
    SOURCES[0], *(pytest.param(*one, marks=pytest.mark.slow) for one in SOURCES[1:]),
])  # fmt: skip
def test_two_commands_go_from_recordings_to_a_report(source, senses, place, tmp_path):
    recipe = tmp_path / "recipe.toml"
    found = mottle("init", place / source, "--out", recipe)
    assert found.exit_code == 0, found.output
    assert "shake (9), tap (9)" in found.output
    read, text = read_recipe(recipe)
    assert sorted(read.encoders) == senses
    assert read.split.kind == ("stratified" if source.endswith(".ts") else "one_group_out")
    text = text.replace("n_nodes = 400", "n_nodes = 20")
    recipe.write_text("seeds = [0]\n" + text)
    run = mottle("run", recipe, "--out", tmp_path / "out")
    assert run.exit_code == 0, run.output
    assert (tmp_path / "out/report.html").exists()
    scores = pd.read_csv(tmp_path / "out/recipe.csv").groupby("reservoir")["score"].max()
    assert scores["echo"] > 0.8


def test_a_store_is_run_and_gives_the_scores_of_its_files(place, tmp_path):
    files = {"title": "t", "seeds": [0], "split": {"kind": "one_group_out"},
             "data": {"files": str(place / "files"), "pattern": PATTERN},
             "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 10, "baseline": "training"}},
             "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}}}  # fmt: skip
    store = tmp_path / "own.zarr"
    (tmp_path / "data.toml").write_text(
        f"[data]\nfiles = '{place / 'files'}'\npattern = '{PATTERN}'\n"
    )
    done = mottle("prepare", "--encode", tmp_path / "data.toml", "--out", store)
    assert done.exit_code == 0, done.output
    again = run_recipe(files | {"data": {"store": str(store)}}).fold_scores["score"]
    np.testing.assert_allclose(again, run_recipe(files).fold_scores["score"], atol=0.12)


def test_a_recipe_names_the_recordings_to_prepare(place, tmp_path):
    found = mottle("init", place / "files", "--out", tmp_path / "r.toml")
    assert found.exit_code == 0
    done = mottle("prepare", tmp_path / "r.toml", "--out", tmp_path / "s.zarr")
    assert done.exit_code == 0, done.output
    info = loads(mottle("store", "info", tmp_path / "s.zarr", "--json").stdout)
    assert (info["recordings"], info["classes"], info["groups"]) == (18, 2, 3)
    assert sorted(info["senses"]) == ["smell", "touch"]


def test_windows_keep_label_and_group_and_cover_what_they_state(place):
    data = Data(**FORMS["manifest"], window=1.0, stride=0.5).below(place)
    recordings = load_recordings_of(data, ("touch", "smell"))
    whole = load_recordings_of(Data(**FORMS["manifest"]).below(place), ("touch", "smell"))
    assert len(recordings.table) == 18 * 7  # of 4 s
    assert {len(cell) for cell in recordings.table["touch"]} == {10}
    third = recordings.table["touch"].iloc[2]
    np.testing.assert_array_equal(third.values, whole.table["touch"].iloc[0].values[10:20])
    np.testing.assert_allclose(third["time"].values, np.arange(10) / 10, atol=1e-12)
    assert recordings.groups.tolist() == np.repeat(whole.groups, 7).tolist()


def test_a_channel_is_forecast_and_the_last_steps_have_no_target(place):
    data = Data(**FORMS["table"] | {"target": "a"}, horizon=2).below(place)
    recordings = load_recordings_of(data, ("touch",), per_step=True)
    stream, target = recordings.table["touch"].iloc[0], recordings.target[0]
    assert (len(stream), len(target)) == (38, 38)
    whole = load_recordings_of(Data(**FORMS["table"]).below(place), ("touch",))
    np.testing.assert_array_equal(target, whole.table["touch"].iloc[0].sel(channel="a")[2:])


def test_labels_of_steps_come_from_a_column(place):
    data = Data(**FORMS["table"]).below(place)
    recordings = load_recordings_of(data, ("touch",), per_step=True)
    assert set(recordings.target[0].tolist()) == {"shake"}
    assert len(recordings.target[0]) == len(recordings.table["touch"].iloc[0]) == 40
    assert "label" not in recordings.table["touch"].iloc[0]["channel"].values


def test_senses_are_joined_by_time(tmp_path):
    for k in range(3):
        t = 100.0 + 10 * k + np.arange(20) / 4
        pd.DataFrame({"time [s]": t, "x": t}).to_csv(tmp_path / f"touch_{k}.csv", index=False)
    t = 90.0 + np.arange(60)
    pd.DataFrame({"time [s]": t, "ppm": t}).to_csv(tmp_path / "smell_0.csv", index=False)
    data = Data(files=str(tmp_path), pattern="(?P<sense>touch|smell)_(?P<recording>.)", join="time",
                horizon=0, target="x")  # fmt: skip
    from mottle.pipelines.engine.sources import list_data

    listing = list_data(data, ("touch", "smell"))
    second = listing.read(1)
    np.testing.assert_array_equal(second["touch"].values.ravel(), 110 + np.arange(20) / 4)
    np.testing.assert_array_equal(second["smell"].values.ravel(), [110, 111, 112, 113, 114])
    np.testing.assert_array_equal(second["smell"]["time"].values, np.arange(5))


@pytest.mark.parametrize(("given", "message"), [
    ({"files": "files"}, r"have no target: \(\?P<target>...\) in data.pattern"),
    ({"files": "files", "pattern": "(?P<target>[a-z]+)/[a-z]+/touch_(?P<sense>.)"},
     "does not match"),
    ({"manifest": "list.csv", "target": "labl"}, "no such column; did you mean 'label'"),
    ({"table": "long.csv", "recording": "trail"}, "no such column; did you mean 'trial'"),
    ({"npz": "all.npz", "target": "labls"}, "no such array"),
])  # fmt: skip
def test_what_must_be_settled_is_named_with_its_key(given, message, place):
    data = Data.model_validate(given).below(place)
    with pytest.raises(ValueError, match=message):
        load_recordings_of(data, ("touch",))


def test_doubtful_classes_are_refused_with_the_line_that_settles_them(tmp_path):
    for k, name in enumerate(["Tea", "tea", "tea", "milk", "milk", "rice"]):
        (tmp_path / f"{name}_{k}.csv").write_text("time,a\n0,1\n1,2\n2,1\n")
    pattern = "(?P<target>[A-Za-z]+)_"
    with pytest.raises(
        ValueError, match=r"labels = \{ 'Tea' = 'tea' \}.*one recording \('Tea', 'r"
    ):
        load_recordings_of(Data(files=str(tmp_path), pattern=pattern), ("stream",))
    settled = Data(files=str(tmp_path), pattern=pattern, labels={"Tea": "tea", "rice": "milk"})
    assert sorted(load_recordings_of(settled, ("stream",)).target) == ["milk"] * 3 + ["tea"] * 3
    with pytest.raises(ValueError, match="no recording has the class 'teaa'; did you mean 'tea'"):
        load_recordings_of(settled.model_copy(update={"labels": {"teaa": "x"}}), ("stream",))


def test_unreadable_files_stop_a_run_or_are_left_out_and_listed(tmp_path):
    for k in range(8):
        (tmp_path / f"{'ab'[k % 2]}_{k}.csv").write_text("time,a\n0,1\n1,2\n2,1\n")
    (tmp_path / "a_8.csv").write_text("time,a\n0,x\n")
    data = Data(files=str(tmp_path), pattern="(?P<target>[ab])_")
    with pytest.raises(ValueError, match=r"a_8.csv.*data.on_bad = 'skip'"):
        load_recordings_of(data, ("stream",))
    recordings = load_recordings_of(data.model_copy(update={"on_bad": "skip"}), ("stream",))
    assert len(recordings.table) == 8
    assert any("1 recordings cannot be read" in note for note in recordings.table.attrs["notes"])


def test_a_folder_of_junk_is_described_and_nothing_is_invented(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x00" * 7)
    (tmp_path / "b.csv").write_text("hello\nworld\n")
    found = mottle("init", tmp_path, "--out", tmp_path / "r.toml")
    assert found.exit_code == 1
    assert "none of 2 files" in found.output
    assert not (tmp_path / "r.toml").exists()


def test_init_says_what_is_missing_and_exits_with_3(tmp_path):
    for k in range(6):
        (tmp_path / f"rec{k}.csv").write_text("time,a\n0,1\n1,2\n2,1\n")
    found = mottle("init", tmp_path, "--out", tmp_path / "out/r.toml")
    assert found.exit_code == 3
    assert "no classes were found" in found.output
    assert "no classes were found" in (tmp_path / "out/r.toml").read_text()
    again = mottle("init", tmp_path, "--out", tmp_path / "out/r.toml")
    assert (again.exit_code, "--force" in again.output) == (1, True)


def test_a_missing_sense_is_counted_and_left_out(place, tmp_path):
    import shutil

    shutil.copytree(place / "files", tmp_path / "files")
    (tmp_path / "files/anna/tap/smell_1.csv").unlink()
    found = draft_recipe(tmp_path / "files", out=tmp_path / "r.toml")
    assert found.survey.senses["smell"].absent == 1
    assert 'incomplete = "drop"' in found.text
    (tmp_path / "r.toml").write_text(found.text)
    recipe, _ = read_recipe(tmp_path / "r.toml")
    recordings = load_recordings_of(recipe.data, ("touch", "smell"))
    assert len(recordings.table) == 17
    assert "lack a sense and are left out: smell in 1" in recordings.table.attrs["notes"][-1]


def test_all_mistakes_are_told_before_anything_is_loaded(tmp_path):
    (tmp_path / "r.toml").write_text(
        'title = "t"\n[data]\nfiles = "nowhere"\n[split]\nkind = "grouped"\n'
        '[encoders]\na = { kind = "TaxelDriv" }\n'
        '[reservoirs]\nx = { kind = "NoReservoir", pol = "mean" }\n'
        '[readout]\nkind = "RidgeReadout"\nalpha = [1.0]\n'
    )
    found = mottle("recipes", "check", tmp_path / "r.toml")
    assert found.exit_code == 1
    for text in ("did you mean 'TaxelDrive'", "did you mean 'pool'", "did you mean 'alphas'",
                 "nowhere does not exist", "have no target"):  # fmt: skip
        assert text in found.output
    assert len(found.output.splitlines()) == 5
    assert mottle("recipes", "check", "demo-grasp").exit_code == 0
    assert mottle("recipes", "show", "demo-grasp").output.startswith("title")


def test_every_key_of_the_reference_is_in_the_schema_and_back():
    schema = loads(mottle("recipes", "keys", "--schema").output)
    lines = mottle("recipes", "keys").output.splitlines()
    keys = {line.split()[0] for line in lines}
    assert {f"data.{name}" for name in Data.model_fields} <= keys
    assert set(schema["properties"]) == {key for key in keys if "." not in key}
    assert set(schema["$defs"]["Data"]["properties"]) == set(Data.model_fields)


def test_paths_count_from_the_folder_of_the_recipe(place, tmp_path, monkeypatch):
    (place / "here.toml").write_text(
        'title = "t"\nseeds = [0]\n[data]\nmanifest = "list.csv"\n[split]\nkind = "one_group_out"\n'
        '[encoders]\ntouch = { kind = "TaxelDrive", n_steps = 5 }\n'
        '[reservoirs]\nnone = { kind = "NoReservoir", pool = "mean" }\n'
    )
    monkeypatch.chdir(tmp_path)
    recipe, _ = read_recipe(place / "here.toml")
    assert recipe.data.manifest == str(place / "list.csv")
    assert Path(recipe.data.manifest).is_absolute()


def test_the_page_of_keys_is_the_one_of_the_forms():
    from mottle.pipelines.reference import key_table

    page = Path(__file__).parents[2] / "docs/reference/recipes.md"
    assert key_table() in page.read_text(encoding="utf-8")
