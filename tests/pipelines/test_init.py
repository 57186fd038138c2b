"""What `mottle init` makes of folders that are easily misread; and what runs refuse of them."""

import numpy as np
import pandas as pd
import pytest

from mottle.datasets import Recordings, cut_windows, load_npz, make_table
from mottle.datasets.table import sampled
from mottle.pipelines import draft_recipe, read_recipe, run_recipe
from mottle.pipelines.data import Data
from mottle.pipelines.engine.baselines import as_cases
from mottle.pipelines.engine.named_target import with_channel
from mottle.pipelines.engine.sources import list_data, load_recordings_of

ROWS = "time,a\n0,1\n1,2\n2,1\n3,4\n"


def write(folder, names, text=ROWS):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def found_in(folder, tmp_path):
    return draft_recipe(folder, out=tmp_path / "recipe.toml")


@pytest.mark.parametrize("parts", [
    ("train", "test"), ("Train", "Test"), ("training", "testing"), ("train", "validation", "test"),
])  # fmt: skip
def test_parts_of_a_published_split_are_no_classes(parts, tmp_path):
    names = [f"{part}/{k:02}_{what}.csv" for part in parts for what in ("tea", "milk")
             for k in range(4)]  # fmt: skip
    found = found_in(write(tmp_path / "in", names), tmp_path)
    assert found.survey.target == {"milk": 4 * len(parts), "tea": 4 * len(parts)}
    assert set(found.survey.groups) == set(parts)
    assert 'kind = "published"' in found.text
    assert bool(found.doubts) == (len(parts) == 3)
    if found.doubts:
        assert "leave validation/* out (exclude)" in found.doubts[0]


def test_senses_whose_names_do_not_pair_are_no_groups(tmp_path):
    names = [f"{what}/{sense}{k}.csv" for what in ("tea", "milk") for k in range(6)
             for sense in ("touch_", "gas_trial")]  # fmt: skip
    found = found_in(write(tmp_path / "in", names), tmp_path)
    assert found.survey.groups == {}
    assert sorted(found.survey.senses) == ["gas", "touch"]
    assert any("'gas' is absent in 12 of 24" in doubt for doubt in found.doubts)


def test_files_of_other_channels_are_not_one_sense(tmp_path):
    write(tmp_path / "in", [f"cup_{k}.csv" for k in range(4)])
    write(tmp_path / "in", [f"pen_{9 + k}.csv" for k in range(4)], "time,b,c\n0,1,2\n1,2,3\n")
    found = found_in(tmp_path / "in", tmp_path)
    assert any("hold other channels" in doubt for doubt in found.doubts)


def test_names_of_another_form_are_not_left_out_without_a_doubt(tmp_path):
    names = [f"{what}_{k}.csv" for what in ("green_tea", "black_tea", "milk") for k in range(6)]
    found = found_in(write(tmp_path / "in", names), tmp_path)
    assert any("6 files are left out" in doubt for doubt in found.doubts)


@pytest.mark.parametrize("name", ["a_list.csv", "list.csv", "zz.csv"])
@pytest.mark.parametrize("label", ["label", "material"])
def test_a_table_that_lists_files_is_found_whatever_its_name(name, label, tmp_path):
    files = [f"f{k}.csv" for k in range(12)]
    folder = write(tmp_path / "in", files)
    table = pd.DataFrame({"file": files, label: ["tea", "milk"] * 6})
    table.to_csv(folder / name, index=False)
    write(folder, ["tea/x.txt", "milk/x.txt"], "1\n")  # folders of the names of classes
    found = found_in(folder, tmp_path)
    assert (found.doubts, found.survey.n_recordings) == ([], 12)
    assert found.survey.target == {"milk": 6, "tea": 6}


def test_whole_numbers_that_repeat_are_classes_and_are_said_to_be(tmp_path):
    files = [f"f{k}.csv" for k in range(90)]
    folder = write(tmp_path / "in", files)
    pd.DataFrame({"file": files, "label": np.arange(90) % 30}).to_csv(folder / "l.csv", index=False)
    found = found_in(folder, tmp_path)
    assert len(found.survey.target) == 30
    assert 'task = "classification"' in found.text


@pytest.mark.parametrize("labels", [["1", "01"], ["None", "CO"], ["NA", "nan"], ["1", "2"]])
def test_labels_are_what_is_written(labels, tmp_path):
    files = [f"f{k}.csv" for k in range(6)]
    folder = write(tmp_path / "in", files)
    rows = [f"{file},{labels[k % 2]}" for k, file in enumerate(files)]
    (folder / "l.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    listing = list_data(Data(manifest=str(folder / "l.csv")))
    assert list(map(str, listing.target)) == labels * 3


def test_missing_values_are_repaired_by_a_line_of_the_recipe(tmp_path):
    names = [f"{what}_{k}.csv" for what in ("tea", "milk") for k in range(4)]
    folder = write(tmp_path / "in", names, "time,a\n0,1\n1,\n2,3\n3,4\n")
    found = found_in(folder, tmp_path)
    assert "8 of 8 files that were read hold missing values" in found.survey.notes[-1]
    (tmp_path / "recipe.toml").write_text(found.text)
    recipe, _ = read_recipe(tmp_path / "recipe.toml")
    recordings = load_recordings_of(recipe.data, ("stream",))
    assert recordings.table["stream"].iloc[0].values.ravel().tolist() == [1, 2, 3, 4]


def test_a_file_that_a_table_names_and_is_not_there_is_named(tmp_path):
    folder = write(tmp_path / "in", [f"f{k}.csv" for k in range(5)])
    rows = "\n".join(f"f{k}.csv,{'ab'[k % 2]}" for k in range(6))
    (folder / "l.csv").write_text(f"file,label\n{rows}\n")
    with pytest.raises(ValueError, match=r"'f5\.csv' in row 5 of 'file' is no file below"):
        list_data(Data(manifest=str(folder / "l.csv")))


def test_numbers_of_trials_that_begin_anew_in_each_class_are_found(tmp_path):
    rows = [f"{k / 10},{k},{what},{trial}" for what in ("run", "walk") for trial in (1, 2, 3)
            for k in range(5)]  # fmt: skip
    (tmp_path / "long.csv").write_text("time,x,movement,trial\n" + "\n".join(rows) + "\n")
    found = found_in(tmp_path / "long.csv", tmp_path)
    assert (found.doubts, found.survey.n_recordings) == ([], 6)
    assert found.survey.data["recording"] == ["trial", "movement"]


def test_a_column_y_is_no_class_where_text_is(tmp_path):
    rows = [f"{k / 10},{k},{2 * k},{what},{trial}" for trial, what in enumerate(["run", "walk"] * 2)
            for k in range(5)]  # fmt: skip
    (tmp_path / "xyz.csv").write_text("time,x,y,movement,trial\n" + "\n".join(rows) + "\n")
    assert found_in(tmp_path / "xyz.csv", tmp_path).survey.data["target"] == "movement"


@pytest.mark.parametrize("lead", ["touch", "gas"])
def test_clocks_that_all_begin_at_0_are_not_joined_by_time(lead, tmp_path):
    write(tmp_path / "in", [f"{sense}_{k}.csv" for sense in ("touch", "gas") for k in range(3)])
    data = Data(files=str(tmp_path / "in"), pattern="(?P<sense>touch|gas)_", join="time")
    other = {"touch": "gas", "gas": "touch"}[lead]
    with pytest.raises(ValueError, match=r"one clock for all files.*join = 'name'"):
        list_data(data, (lead, other))


def stream(name, values):
    return sampled(values, np.arange(len(values)), ["level"], units="m", name=name)


def test_a_channel_of_two_senses_is_named_with_its_sense_and_both_are_cut():
    a, b = stream("a", np.arange(6.0)[:, None]), stream("b", 10 + np.arange(6.0)[:, None])
    recordings = Recordings(make_table(a=[a], b=[b]), np.array([""]), np.array([0]))
    with pytest.raises(ValueError, match="several senses: name one of a/level, b/level"):
        with_channel(recordings, "level", 2)
    found = with_channel(recordings, "a/level", 2)
    assert found.target[0].tolist() == [2, 3, 4, 5]
    assert [len(found.table[sense].iloc[0]) for sense in ("a", "b")] == [4, 4]
    assert with_channel(recordings, None, 1).target[0].ravel().tolist() == [1, 2, 3, 4, 5]


def test_kernels_see_test_recordings_on_the_steps_of_training():
    ramp = np.linspace(0, 1, 20)[:, None]
    train = as_cases([np.linspace(0, 1, 29)[:, None]])
    test = as_cases([ramp], train.shape[-1])
    assert test.shape == train.shape
    np.testing.assert_allclose(test[0, 0, [0, 14, -1]], [0, 0.5, 1], atol=1e-12)


def test_windows_of_a_recording_are_not_split_and_those_of_one_are_groups(tmp_path):
    t = np.arange(100) / 10
    for k, what in enumerate(["tea", "milk"] * 2):
        frame = pd.DataFrame({"time [s]": t, "a": np.sin(t * (k + 1))})
        frame.to_csv(tmp_path / f"{what}_{k}.csv", index=False)
    recipe = {
        "title": "t", "seeds": [0], "split": {"kind": "stratified", "n_splits": 2},
        "data": {"files": str(tmp_path), "pattern": "(?P<target>[a-z]+)_", "window": 2.0},
        "encoders": {"stream": {"kind": "TaxelDrive", "n_steps": 5}},
        "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    }  # fmt: skip
    with pytest.raises(ValueError, match="windows of one recording on both sides"):
        run_recipe(recipe)
    assert len(run_recipe(recipe | {"split": {"kind": "grouped", "n_splits": 2}}).truth) == 20
    one = Data(files=str(tmp_path / "tea_0.csv"), window=2.0, horizon=1, target="a")
    assert load_recordings_of(one, ("stream",), per_step=True).groups.tolist() == [0, 1, 2, 3, 4]


def test_a_result_is_run_again_from_its_own_folder_and_short_recordings_are_noted(tmp_path):
    t = np.arange(30) / 10
    for k in range(8):
        n = 10 if k == 3 else 30
        frame = pd.DataFrame({"time [s]": t[:n], "a": np.sin(t[:n] * (k % 2 + 1))})
        (tmp_path / "in").mkdir(exist_ok=True)
        frame.to_csv(tmp_path / f"in/{'ab'[k % 2]}_{k}.csv", index=False)
    (tmp_path / "r.toml").write_text(
        'title = "t"\nseeds = [0]\n[data]\nfiles = "in"\npattern = "(?P<target>[ab])_"\n'
        '[split]\nkind = "stratified"\nn_splits = 2\n[encoders]\n'
        'stream = { kind = "TaxelDrive", n_steps = 20 }\n'
        '[reservoirs]\nnone = { kind = "NoReservoir", pool = "mean" }\n'
    )
    from mottle.pipelines.output import write_scores

    result = run_recipe(tmp_path / "r.toml")
    assert any("1 of 8 recordings of 'stream' have fewer rows, at the least 10, than" in note
               for note in result.notes)  # fmt: skip
    write_scores(tmp_path / "out", "r", result)
    again = run_recipe(tmp_path / "out/r.toml")
    assert again.fold_scores["score"].tolist() == result.fold_scores["score"].tolist()


def test_rows_of_an_npz_have_no_unit_of_time(tmp_path):
    np.savez(tmp_path / "x.npz", X=np.ones((12, 40, 2)), y=[0, 1] * 6)
    found = found_in(tmp_path / "x.npz", tmp_path)
    facts = found.survey.senses["stream"]
    assert (facts.rates, facts.seconds) == (None, None)
    stated = load_npz(tmp_path / "x.npz", rate=50.0).table["stream"].iloc[0]
    assert stated["time"].values[:2].tolist() == [0.0, 0.02]


def test_a_sense_that_begins_later_keeps_its_place_in_time(tmp_path):
    def table(name, t):
        pd.DataFrame({"time [s]": t, "x": t}).to_csv(tmp_path / name, index=False)

    table("touch_0.csv", 100.0 + np.arange(10))
    table("smell_0.csv", 103.0 + np.arange(10))
    data = Data(files=str(tmp_path), pattern="(?P<sense>touch|smell)_", join="time")
    smell = list_data(data, ("touch", "smell")).read(0)["smell"]
    assert smell["time"].values.tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert smell.values.ravel().tolist() == [103, 104, 105, 106, 107, 108, 109]


def test_windows_of_senses_that_begin_at_other_times_cover_the_same_time():
    touch = sampled(np.arange(20.0)[:, None], np.arange(20) / 10, ["x"], units="V", name="touch")
    late = 0.5 + np.arange(15) / 10
    smell = sampled(late[:, None], late, ["ppm"], units="1", name="smell")
    table = make_table(touch=[touch], smell=[smell])
    cut, short = cut_windows(Recordings(table, np.array(["a"]), np.array([0])), 1.0)
    assert (len(cut.table), short) == (2, [])
    first, second = cut.table["smell"]
    np.testing.assert_allclose(first.values.ravel(), [0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(first["time"].values, [0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(second.values.ravel(), 1 + np.arange(10) / 10)
    assert [len(one) for one in cut.table["touch"]] == [10, 10]


FINGERS = "time,thumb,index,ring\n0,1,0.5,2\n1,2,0.1,2\n2,1,0.4,1\n3,4,0.3,2\n"
STILL = "time,thumb,index,ring\n0,1,0,2\n1,2,0,2\n2,1,0,1\n3,4,0,2\n"


@pytest.mark.parametrize("way", ["folder", "manifest", "table"])
def test_a_finger_called_index_is_a_channel(way, tmp_path):
    names = [f"{what}_{k}.csv" for what in ("cup", "pen") for k in range(4)]
    folder = write(tmp_path / "in", names, FINGERS)
    write(folder, names[:2], STILL)  # not touched in these
    if way == "manifest":
        table = pd.DataFrame({"file": names, "label": ["cup", "pen"] * 4})
        table.to_csv(folder / "list.csv", index=False)
    if way == "table":
        rows = [pd.read_csv(folder / name).assign(trial=k, label=name[:3])
                for k, name in enumerate(names)]  # fmt: skip
        folder = tmp_path / "all.csv"
        pd.concat(rows).to_csv(folder, index=False)
    found = found_in(folder, tmp_path)
    assert found.doubts == []
    assert found.survey.senses["stream"].channels == ["thumb", "index", "ring"]
    assert found.survey.unreadable == {}


def test_a_table_of_files_of_which_none_can_be_read_is_a_doubt(tmp_path):
    files = [f"f{k}.csv" for k in range(4)]
    folder = write(tmp_path / "in", files, "index,CO\n0,1\n5,2\n")
    pd.DataFrame({"file": files, "label": [0, 1] * 2}).to_csv(folder / "l.csv", index=False)
    found = found_in(folder, tmp_path)
    assert "none of 4 files can be read; the first, f0.csv" in found.doubts[0]
    assert "[encoders]" not in found.text


@pytest.mark.parametrize("word", ["day", "date", "Subject", "participant", "batch", "run"])
def test_what_was_recorded_together_is_the_group_of_a_table_of_files(word, tmp_path):
    files = [f"f{k}.csv" for k in range(12)]
    folder = write(tmp_path / "in", files)
    days = [f"2026-01-0{1 + k // 4}" for k in range(12)] if word == "date" else np.arange(12) // 4
    table = pd.DataFrame({"file": files, word: days, "material": ["tea", "milk"] * 6})
    table.to_csv(folder / "list.csv", index=False)
    found = found_in(folder, tmp_path)
    assert (found.doubts, list(found.survey.groups.values())) == ([], [4, 4, 4])
    assert found.survey.target == {"milk": 6, "tea": 6}
    assert 'kind = "one_group_out"' in found.text


def test_of_several_groups_the_person_is_taken_and_the_others_are_named(tmp_path):
    files = [f"f{k}.csv" for k in range(12)]
    folder = write(tmp_path / "in", files)
    table = pd.DataFrame({"file": files, "label": ["a", "b"] * 6, "run": np.arange(12)})
    table = table.assign(day=np.arange(12) // 6, participant=np.arange(12) // 4)
    table.to_csv(folder / "list.csv", index=False)
    found = found_in(folder, tmp_path)
    assert len(found.survey.groups) == 3
    assert 'group = "participant"' in found.text
    assert "# day may be the group as well: data.group." in found.text
