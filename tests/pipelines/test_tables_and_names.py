"""Tables whose labels change within recordings, files that are not called as in training, gaps."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner

import mottle
from mottle.datasets import Recordings, cut_windows, make_table
from mottle.datasets.sources.survey import facts_of
from mottle.datasets.sources.tables import read_tables
from mottle.pipelines import draft_recipe, read_recipe, run_recipe
from mottle.pipelines.cli import main
from mottle.pipelines.engine.sources import load_recordings_of
from mottle.pipelines.rules import encoder_of

RNG = np.random.default_rng(0)
TIME = np.arange(240) / 20


def sessions(target):
    """Return a table of four people, each recorded once, with a target that changes in between."""
    plain = pd.DataFrame({"time": TIME, "target": target})
    parts = [plain.assign(x=RNG.normal(size=TIME.size), subject=f"s{k}", trial=k) for k in range(4)]
    return pd.concat(parts, ignore_index=True)


def drafted(frame, folder):
    frame.to_csv(folder / "all.csv", index=False)
    found = draft_recipe(folder / "all.csv", out=folder / "all.toml")
    (folder / "all.toml").write_text(found.text)
    return found


def test_a_number_a_row_is_a_target_a_step(tmp_path):
    found = drafted(sessions(np.cumsum(np.sin(TIME))), tmp_path)
    assert (found.doubts, found.survey.n_recordings) == ([], 4)
    assert "washout = 50" in found.text
    assert 'recording = ["subject", "trial"]' in found.text
    recipe, _ = read_recipe(tmp_path / "all.toml")
    assert (recipe.task, recipe.washout) == ("regression", 50)
    make_small(tmp_path / "all.toml")
    assert not run_recipe(tmp_path / "all.toml").scores["score"].isna().any()


@pytest.mark.parametrize("clock", [True, False])
def test_pieces_of_a_class_in_one_session_are_not_glued(clock, tmp_path):
    labels = np.array(["walk", "run", "sit"])[np.arange(TIME.size) // 20 % 3]
    frame = sessions(labels)
    found = drafted(frame if clock else frame.drop(columns="time"), tmp_path)
    assert (found.doubts, found.survey.n_recordings) == ([], 48)
    assert found.survey.target == {"run": 16, "sit": 16, "walk": 16}
    recipe, _ = read_recipe(tmp_path / "all.toml")
    recipe.data.table = str(tmp_path / "all.csv")
    recordings = load_recordings_of(recipe.data, ["stream"])
    assert {len(one) for one in recordings.table["stream"]} == {20}
    if clock:
        spans = [float(one.time[-1] - one.time[0]) for one in recordings.table["stream"]]
        assert max(spans) < 1.0


@pytest.mark.parametrize("by_time", [False, True])
def test_numbers_that_begin_anew_in_each_class_are_recordings_of_their_own(by_time, tmp_path):
    parts = [pd.DataFrame({"time": np.arange(20) / 10, "x": RNG.normal(size=20), "gas": gas,
                           "trial": k}) for gas in "ab" for k in range(6)]  # fmt: skip
    frame = pd.concat(parts)
    found = drafted(frame.sort_values(["time", "trial"]) if by_time else frame, tmp_path)
    assert (found.doubts, found.survey.n_recordings) == ([], 12)
    assert 'recording = ["trial", "gas"]' in found.text
    assert found.survey.senses["stream"].rows == (20, 20)


def people(folder, **columns):
    """Write a table of each of four people, whose activity changes every 20 rows."""
    folder.mkdir()
    labels = np.array(["walk", "run", "sit"])[np.arange(TIME.size) // 20 % 3]
    for k in range(4):
        x, y = RNG.normal(size=(2, TIME.size)) + 3 * np.stack([labels == "run", labels == "sit"])
        frame = pd.DataFrame({"time": TIME, "x": x, "y": y, "activity": labels}).assign(**columns)
        frame.to_csv(folder / f"person{k}.csv", index=False)
    return folder


def test_a_folder_of_long_tables_is_one_table_of_groups(tmp_path):
    folder, recipe, model = people(tmp_path / "in"), tmp_path / "r.toml", tmp_path / "m.mottle"
    found = draft_recipe(folder, out=recipe)
    assert (found.doubts, found.survey.n_recordings) == ([], 48)
    assert found.survey.target == {"run": 16, "sit": 16, "walk": 16}
    assert found.survey.groups == {f"person{k}": 12 for k in range(4)}
    assert 'kind = "one_group_out"' in found.text
    recipe.write_text(found.text)
    make_small(recipe)
    command("run", recipe, "--out", tmp_path / "runs", "--save", model, "--row", "none/stream")
    command("predict", model, folder, "--out", tmp_path / "p.csv")
    predicted = pd.read_csv(tmp_path / "p.csv")["predicted"]
    expected = [label for _ in range(4) for label in ["walk", "run", "sit"] * 4]
    assert (predicted == expected).mean() > 0.95
    alone = tmp_path / "alone"
    alone.mkdir()
    frame = pd.read_csv(folder / "person0.csv").drop(columns="activity")
    for k in range(12):
        frame.iloc[20 * k : 20 * k + 20].to_csv(alone / f"{k:02}.csv", index=False)
    command("predict", model, alone, "--out", tmp_path / "q.csv")
    assert pd.read_csv(tmp_path / "q.csv")["predicted"].tolist() == predicted[:12].tolist()


def test_tables_of_several_files_have_the_same_columns(tmp_path):
    folder = people(tmp_path / "in")
    odd = pd.read_csv(folder / "person2.csv").rename(columns={"x": "z"})
    odd.to_csv(folder / "person2.csv", index=False)
    with pytest.raises(ValueError, match=r"person2\.csv lacks the column 'x'"):
        read_tables([folder])
    odd.rename(columns={"z": "file"}).to_csv(folder / "person2.csv", index=False)
    for file in folder.iterdir():
        pd.read_csv(file).rename(columns={"x": "file"}).to_csv(file, index=False)
    with pytest.raises(ValueError, match="has a column 'file', which names the table"):
        read_tables([folder])


def test_folders_of_a_class_or_a_person_are_kept_beside_constant_labels(tmp_path):
    for who in ("s1", "s2", "s3"):
        for label in ("cup", "pen"):
            file = tmp_path / "in" / who / f"{label}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            frame = pd.DataFrame({"time": TIME, "x": RNG.normal(size=TIME.size), "label": label})
            frame["status"] = np.where(TIME > 5, "warn", "ok")
            frame.to_csv(file, index=False)
    found = draft_recipe(tmp_path / "in", out=tmp_path / "in.toml")
    assert found.survey.groups == {"s1": 2, "s2": 2, "s3": 2}
    assert found.survey.target == {"cup": 3, "pen": 3}


@pytest.mark.parametrize("column", ["subject", "activity"])
def test_a_table_does_not_list_itself_by_a_label(column, tmp_path):
    folder = people(tmp_path / "in")
    for k, file in enumerate(sorted(folder.iterdir())):
        frame = pd.read_csv(file)
        if column == "subject":
            frame["subject"] = file.stem
        else:
            file = file.rename(folder / f"{['walk', 'run', 'sit', 'walks'][k]}.csv")
        frame.to_csv(file, index=False)
    found = draft_recipe(folder, out=tmp_path / "r.toml")
    assert (found.doubts, found.survey.n_recordings, len(found.survey.groups)) == ([], 48, 4)
    alone = draft_recipe(min(folder.iterdir()), out=tmp_path / "r.toml")
    assert alone.survey.data["target"] == "activity"


def test_labels_are_no_files_of_a_list_that_has_paths(tmp_path):
    folder = waves(tmp_path / "in")
    names = sorted(file.name for file in folder.iterdir())
    table = pd.DataFrame({"file": names, "kind": [name[:4] for name in names]})
    table.to_csv(folder / "list.csv", index=False)
    assert list(draft_recipe(folder, out=tmp_path / "r.toml").survey.senses) == ["stream"]


def test_tables_in_other_units_are_refused_and_labels_agree(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, unit, scale, kind in (("a", "ms", 1000, int), ("b", "s", 1, float)):
        rows = "\n".join(f"{k * scale / 10},{k},{kind(k % 2)}" for k in range(9))
        (folder / f"{name}.csv").write_text(f"time,x,label\n{unit},V,1\n{rows}\n")
    with pytest.raises(ValueError, match=r"b\.csv has other units in the row below its names"):
        read_tables([folder])
    for file in folder.iterdir():
        file.write_text(re.sub(r"\n(ms|s),V,1", "", file.read_text()))
    assert read_tables([folder], classes=["label"])[0]["label"].unique().tolist() == [0.0, 1.0]
    (folder / "a.csv").rename(folder / "b.txt")
    assert read_tables([folder])[0]["file"].unique().tolist() == ["b.csv", "b.txt"]


def test_sessions_that_begin_anew_in_each_table_are_no_groups(tmp_path):
    folder = people(tmp_path / "in", session=np.arange(TIME.size) // 120)
    found = draft_recipe(folder, out=tmp_path / "r.toml")
    assert found.doubts == []
    assert found.survey.groups == {f"person{k}": 12 for k in range(4)}


def test_a_clock_of_whole_seconds_is_one_clock(tmp_path):
    labels = np.array(["walk", "run", "sit"])[np.arange(TIME.size) // 20 % 3]
    frame = sessions(labels)
    found = drafted(frame.assign(time=np.floor(frame["time"])), tmp_path)
    assert found.survey.n_recordings == 48


def test_long_recordings_with_a_target_a_step_keep_their_rows(tmp_path):
    long = pd.concat([sessions(np.cumsum(np.sin(TIME)))] * 6)
    long["time"] = np.tile(np.arange(6), (960, 1)).T.ravel() * 12 + long["time"]
    found = drafted(long.sort_values(["trial", "time"]), tmp_path)
    assert found.survey.senses["stream"].rows == (1440, 1440)
    assert 'n_steps = "none"' in found.text
    assert "n_steps = 200" not in found.text


def test_numbers_of_trials_count_within_each_table(tmp_path):
    folder = people(tmp_path / "in", trial=np.arange(TIME.size) // 120)
    found = draft_recipe(folder, out=tmp_path / "r.toml")
    assert (found.doubts, found.survey.n_recordings) == ([], 48)
    assert "runs = true" in found.text


def test_rows_out_of_order_are_to_be_settled_before_a_run(tmp_path):
    frame = sessions("walk")
    frame["target"] = np.array(["a", "b"])[frame["trial"] % 2]
    found = drafted(frame.sample(frac=1, random_state=0), tmp_path)
    assert any("times of 'stream' go back within 4 recordings" in doubt for doubt in found.doubts)
    assert found.survey.senses["stream"].rates is None


def waves(folder, n=12, step=lambda k: 0.01, order=lambda k: ["x", "y"]):
    """Write recordings of two classes whose files may differ in rate and order of channels."""
    folder.mkdir()
    for k in range(n):
        time = np.arange(0, 2, step(k))
        frame = pd.DataFrame({"time": time, "x": np.sin(time * (5 + 3 * (k % 2))), "y": time})
        frame[["time", *order(k)]].to_csv(folder / f"{'ab'[k % 2]}_{k:02}.csv", index=False)
    return folder


def test_files_whose_channels_stand_in_another_order_are_one_sense(tmp_path):
    folder = waves(tmp_path / "in", order=lambda k: ["y", "x"] if k % 3 else ["x", "y"])
    found = draft_recipe(folder, out=tmp_path / "in.toml")
    assert found.doubts == []
    assert found.survey.senses["stream"].channels == ["x", "y"]
    streams = [pd.read_csv(file).set_index("time") for file in sorted(folder.iterdir())]
    assert facts_of(streams).drift == pytest.approx(
        facts_of([one[["x", "y"]] for one in streams]).drift
    )


def test_a_file_with_another_channel_is_named(tmp_path):
    folder = waves(tmp_path / "in", order=lambda k: ["x", "y"] if k - 5 else ["x"])
    found = draft_recipe(folder, out=tmp_path / "in.toml")
    assert any("hold other channels" in doubt for doubt in found.doubts)
    assert "Most files hold channels x, y, but b_05.csv channels x." in found.survey.notes


def test_steps_cover_recordings_whose_rates_differ(tmp_path):
    folder = waves(tmp_path / "in", step=lambda k: 0.02 if k < 6 else 0.01)
    found = draft_recipe(folder, out=tmp_path / "in.toml")
    assert any(
        "50 to 100 samples a second; the steps of n_steps" in note for note in found.survey.notes
    )
    facts = found.survey.senses["stream"]
    assert encoder_of(facts)[0]["n_steps"] == 100
    close = draft_recipe(waves(tmp_path / "close", step=lambda k: 0.02 if k < 6 else 0.018))
    assert any("a row is a step at all of them" in note for note in close.survey.notes)
    assert encoder_of(close.survey.senses["stream"])[0]["n_steps"] == "none"


def test_files_listed_without_their_suffix_are_found(tmp_path):
    folder = waves(tmp_path / "in")
    names = sorted(file.stem for file in folder.iterdir())
    table = pd.DataFrame({"id": names, "kind": [name[0] for name in names]})
    table.to_csv(folder / "labels.csv", index=False)
    found = draft_recipe(folder, out=tmp_path / "in.toml")
    assert (found.doubts, found.survey.n_recordings) == ([], 12)
    assert found.survey.target == {"a": 6, "b": 6}


def test_windows_in_a_gap_of_the_times_are_left_out():
    time = np.r_[np.arange(50), 200 + np.arange(50)] / 10
    one = xr.DataArray(np.arange(100.0)[:, None], dims=("time", "channel"), coords={"time": time})
    recordings = Recordings(make_table(x=[one] * 2), np.array(["a", "b"]), np.arange(2))
    found, short = cut_windows(recordings, 2.0)
    assert (short, found.table["x"].isna().any()) == ([], False)
    assert found.table.index[:5].tolist() == ["0@0", "0@2", "0@4", "0@20", "0@22"]
    assert "14 windows lie in gaps of the times" in found.table.attrs["notes"][0]
    assert found.target.tolist() == ["a"] * 5 + ["b"] * 5


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Two senses of three people, listed in a table, in folders of a class, and new files."""
    place, rows = tmp_path_factory.mktemp("lab"), []
    for who in "abc":
        for label in ("shake", "tap"):
            for k in range(2):
                row = {"label": label, "subject": who}
                for sense in ("touch", "smell"):
                    values = RNG.normal(size=(30, 2)) + (label == "tap")
                    frame = pd.DataFrame(values, columns=[f"{sense}0", f"{sense}1"])
                    frame.insert(0, "time", np.arange(30) / 10)
                    files = (f"all/{who}/{label}/{sense}_{k}.csv",
                             f"new/{who}{label}{k} {sense}.csv",
                             f"{sense}/{who}{label}{k}.csv")  # fmt: skip
                    for file in files:
                        (place / file).parent.mkdir(parents=True, exist_ok=True)
                        frame.to_csv(place / file, index=False)
                    row[sense] = f"all/{who}/{label}/{sense}_{k}.csv"
                rows.append(row)
    pd.DataFrame(rows).to_csv(place / "list.csv", index=False)
    pd.DataFrame(rows).drop(columns="smell").to_csv(place / "touch.csv", index=False)
    return place


def command(*args):
    found = CliRunner().invoke(main, [str(one) for one in args])
    assert found.exit_code == 0, found.output
    return found.stdout


def make_small(recipe):
    """Leave one seed, few nodes and no baseline in a recipe."""
    text = recipe.read_text().replace("n_nodes = 500", "n_nodes = 20")
    recipe.write_text(re.sub("baselines = .*", "seeds = [0]", text))


@pytest.mark.parametrize("listed", ["all", "list.csv"])
def test_new_files_of_several_senses_need_no_folder_of_a_class(lab, listed, tmp_path):
    recipe, model = tmp_path / "r.toml", tmp_path / "m.mottle"
    command("init", lab / listed, "--out", recipe)
    make_small(recipe)
    command("run", recipe, "--out", tmp_path / "runs", "--save", model, "--row", "echo/middle")
    command("predict", model, lab / "new", "--out", tmp_path / "p.csv")
    found = pd.read_csv(tmp_path / "p.csv")
    expected = ["shake" if "shake" in name else "tap" for name in found["recording"]]
    assert (len(found), (found["predicted"] == expected).mean()) == (12, 1.0)


def test_a_model_of_listed_files_takes_a_folder_or_a_file(lab, tmp_path):
    recipe, model = tmp_path / "r.toml", tmp_path / "m.mottle"
    command("init", lab / "touch.csv", "--out", recipe)
    make_small(recipe)
    command("run", recipe, "--out", tmp_path / "runs", "--save", model, "--row", "echo/touch")
    for source, n in ((lab / "touch", 12), (lab / "touch/atap0.csv", 1), (lab / "touch.csv", 12)):
        command("predict", model, source, "--out", tmp_path / "p.csv")
        found = pd.read_csv(tmp_path / "p.csv")
        assert len(found) == n
        assert "tap" in found["predicted"].tolist()


def test_the_command_line_is_that_of_the_module():
    words = [sys.executable, "-m", "mottle", "--version"]
    found = subprocess.run(words, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, f"mottle, version {mottle.__version__}\n")


def test_windows_left_out_of_new_files_are_said(tmp_path):
    folder, recipe, model = tmp_path / "in", tmp_path / "r.toml", tmp_path / "m.mottle"
    folder.mkdir()
    time = np.r_[np.arange(40), 200 + np.arange(40)] / 10
    for k in range(8):
        frame = pd.DataFrame({"time": time, "x": RNG.normal(size=time.size) + 3 * (k % 2)})
        frame.to_csv(folder / f"{'ab'[k % 2]}_{k}.csv", index=False)
    recipe.write_text(draft_recipe(folder, out=recipe).text)
    make_small(recipe)
    text = recipe.read_text().replace('kind = "stratified"', 'kind = "grouped"')
    recipe.write_text(text.replace("[data]", "[data]\nwindow = 2.0"))
    command("run", recipe, "--out", tmp_path / "runs", "--save", model, "--row", "none/stream")
    found = CliRunner().invoke(main, ["predict", str(model), str(folder)])
    assert found.exit_code == 0
    assert found.stdout.count("\n") == 1 + 8 * 4
    assert "note: 64 windows lie in gaps of the times" in found.stderr
