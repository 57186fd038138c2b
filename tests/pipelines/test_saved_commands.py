"""`mottle run --save`, `mottle predict` and `mottle model`, on recordings in files."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mottle.datasets import Recordings, make_table
from mottle.pipelines import open_model, read_result, run_recipe, save_model
from mottle.pipelines.cli import main
from mottle.pipelines.engine.final import build, fit_row, rows_of
from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.predictions import as_table, predict_files
from mottle.pipelines.recipe import check_recipe, read_recipe
from mottle.toml import write_toml

PATTERN = r"(?P<target>[a-z]+)/(?P<group>\d)\d_(?P<sense>[a-z]+)"
ENCODER = {"kind": "TaxelDrive", "n_steps": 8, "baseline": "none"}
RECIPE = {
    "title": "two senses", "seeds": [3], "missing": False, "fusion": ["middle", "late"],
    "data": {"files": "train", "pattern": PATTERN},
    "split": {"kind": "grouped", "n_splits": 2},
    "encoders": {"touch": ENCODER, "smell": ENCODER},
    "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"},
                   "wox": {"kind": "MemristorReservoir", "n_nodes": 8, "pool": "mean"}},
}  # fmt: skip


def mottle(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def table_of(result):
    assert result.exit_code == 0, result.output
    return pd.read_csv(io.StringIO(result.stdout))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with recordings of two senses, and a model of each row of interest."""
    place, rng = tmp_path_factory.mktemp("saved"), np.random.default_rng(0)
    for k in range(24):
        part, what = ("train" if k < 16 else "new"), ("slow", "fast")[k % 2]
        for sense in ("touch", "smell"):
            t = np.arange(20) / 10
            x = np.sin((1 + 2 * (k % 2)) * t[:, None] + np.arange(2)) + rng.normal(0, 0.1, (20, 2))
            file = place / part / what / f"{k // 2 % 4}{k // 8}_{sense}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            pd.DataFrame({"time [s]": t, "a": x[:, 0], "b": x[:, 1]}).to_csv(file, index=False)
    (place / "two.toml").write_text(write_toml(RECIPE))
    words = ("--out", place / "runs", "--save", place / "both.mottle", "--row", "wox/middle")
    done = mottle("run", place / "two.toml", *words)
    assert done.exit_code == 0, done.output
    assert "wox/middle, seed 3" in done.stderr.replace("\n", " ")
    recipe, _ = read_recipe(place / "two.toml")
    fitted = fit_row(recipe, read_result(place / "runs/two.result.json"), "wox/touch")
    save_model(fitted.model, place / "touch.mottle", fitted.table, about=fitted.about)
    return place


def test_a_saved_model_knows_where_it_comes_from(place):
    saved = open_model(place / "both.mottle")
    about = saved.info["about"]
    assert (about["reservoir"], about["inputs"], about["seed"]) == ("wox", "middle", 3)
    assert about["fitted on"] == "all recordings, 16 in number"
    assert len(about["training data"]) == 64
    result = read_result(place / "runs/two.result.json")
    scores = result.scores.set_index(["reservoir", "inputs"])["score"]
    assert about["scores"] == {"accuracy": scores["wox", "middle"]}
    assert about["recipe"] == (place / "two.toml").read_text()
    assert saved.verify() == {"predict": 0.0, "predict_proba": 0.0}


def test_predict_reads_new_files_as_the_training_files_were_read(place):
    model = place / "both.mottle"
    found = table_of(mottle("predict", model, place / "new"))
    assert list(found.columns) == ["recording", "predicted", "p(fast)", "p(slow)"]
    assert len(found) == 8
    assert (found["predicted"] == [name.split("/")[0] for name in found["recording"]]).all()
    assert np.allclose(found[["p(fast)", "p(slow)"]].sum(axis=1), 1, atol=1e-5)
    records = json.loads(mottle("predict", model, place / "new", "--json").stdout)
    assert records[0]["recording"] == found["recording"][0]
    out = place / "predicted.csv"
    assert mottle("predict", model, place / "new", "--out", out).stdout == ""
    assert len(pd.read_csv(out)) == 8


def test_a_model_of_one_sense_takes_files_whatever_they_are_called(place):
    model, flat = place / "touch.mottle", place / "flat"
    flat.mkdir()
    for k, file in enumerate(sorted((place / "new").rglob("*_touch.csv"))):
        (flat / f"{k}.csv").write_bytes(file.read_bytes())
    found = table_of(mottle("predict", model, flat))
    assert found["predicted"].tolist() == ["fast"] * 4 + ["slow"] * 4
    (flat / "bad.csv").write_text("no table at all")
    stopped = mottle("predict", model, flat)
    assert (stopped.exit_code, "bad.csv" in stopped.stderr) == (1, True)
    skipped = mottle("predict", model, flat, "--on-bad", "skip")
    assert (skipped.exit_code, skipped.stdout.count("\n")) == (3, 9)


def test_tables_and_arrays_are_read_with_labels_or_without(place, tmp_path):
    whole, rows = open_model(place / "touch.mottle"), []
    files = sorted((place / "new").rglob("*_touch.csv"))
    for k, file in enumerate(files):
        rows.append(pd.read_csv(file).assign(trial=k, label="unknown"))
    pd.concat(rows).to_csv(tmp_path / "long.csv", index=False)
    pd.concat(rows).drop(columns="label").to_csv(tmp_path / "plain.csv", index=False)
    X = np.stack([one[["a", "b"]] for one in rows])
    np.savez(tmp_path / "all.npz", X=X, what=np.full(8, "unknown"))
    table = '[data]\ntable = "of.csv"\nrecording = "trial"\ntarget = "label"\n'
    arrays = '[data]\nnpz = "of.npz"\ntarget = "what"\nsense = "touch"\n'
    for name, text in (("long.csv", table), ("plain.csv", table), ("all.npz", arrays)):
        saved = save_model(whole.load(), tmp_path / "m.mottle", about={"recipe": text})
        if name.endswith("npz"):  # channels of arrays have no names
            with pytest.raises(ValueError, match="has a channel 'channel0'"):
                predict_files(saved, [str(tmp_path / name)])
            continue
        found = predict_files(saved, [str(tmp_path / name)]).table
        assert found["predicted"].tolist() == ["fast"] * 4 + ["slow"] * 4
    with pytest.raises(ValueError, match="are one file; 2 came"):
        predict_files(saved, ["a.npz", "b.npz"])
    encoder = save_model(whole.load()[0], tmp_path / "m.mottle")
    with pytest.raises(ValueError, match="holds a SenseCheck, which predicts nothing"):
        predict_files(encoder, [str(tmp_path / name)])


def test_the_saved_model_is_that_of_the_run(place):
    """Fitted on the training part of a fold, it predicts what the run predicted there."""
    recipe, _ = read_recipe(place / "two.toml")
    recordings, target = load_recordings(recipe)
    train, test = folds_of(recipe, recordings, target)[0]
    result = read_result(place / "runs/two.result.json")
    for row in rows_of(recipe):
        model = build(recipe, row, "classification")
        table = recordings.table
        predicted = model.fit(table.iloc[train], target.values[train]).predict(table.iloc[test])
        known = result.predictions[row.reservoir, row.inputs, "", 3][: len(test)]
        assert predicted.tolist() == known.tolist(), row


def test_a_target_a_step_a_search_and_a_published_split(tmp_path):
    """The model predicts every step after the washout; its settings are those found by search."""
    rng = np.random.default_rng(0)
    drives = [rng.uniform(-1, 1, (60, 1)) for _ in range(6)]
    recordings = Recordings(
        make_table(u=drives), [np.roll(x[:, 0], 1) for x in drives],
        np.array(["train"] * 4 + ["test"] * 2),
    )  # fmt: skip
    recipe = check_recipe({
        "title": "recall", "seeds": [0], "washout": 10, "split": {"kind": "published"},
        "encoders": {"u": {"kind": "TaxelDrive", "n_steps": "none", "baseline": "none"}},
        "reservoirs": {"esn": {"kind": "EchoStateReservoir", "n_nodes": 20}},
        "search": {"parameters": {"reservoirs.esn.leak": [0.01, 1.0]}, "folds": 2},
    })  # fmt: skip
    result = run_recipe(recipe, recordings=recordings)
    model, table, about = fit_row(recipe, result, recordings=recordings)
    assert about["fitted on"] == "the published training part, 4 in number"
    assert about["searched"] == {"reservoirs.esn.leak": 1.0}
    saved = save_model(model, tmp_path / "recall.mottle", table, about=about)
    names = ["a", "b"]
    found = as_table(saved.load(), recordings.table.iloc[4:], names)
    assert list(found.columns) == ["recording", "step", "predicted"]
    assert found.groupby("recording")["step"].agg(["min", "max", "size"]).to_numpy().tolist() == [
        [10, 59, 50], [10, 59, 50],
    ]  # fmt: skip
    truth = np.concatenate([y[10:] for y in recordings.target[4:]])
    assert np.corrcoef(found["predicted"], truth)[0, 1] > 0.95


def test_info_and_verify_print_what_the_file_states(place):
    model = place / "both.mottle"
    text = mottle("model", "info", model).stdout
    for part in ("Pipeline, format 1", "mottle 0.1.0", "scores", "two senses", "n_nodes = 8"):
        assert part in text
    assert json.loads(mottle("model", "info", model, "--json").stdout)["about"]["seed"] == 3
    done = mottle("model", "verify", model)
    assert done.exit_code == 0
    assert "predict_proba of the sample is the same to the bit" in done.stdout
    assert json.loads(mottle("model", "verify", model, "--json").stdout)["agrees"] is True
    damaged = place / "damaged.mottle"
    damaged.write_bytes(model.read_bytes()[:-3] + b"abc")
    for words in (("info",), ("verify",)):
        done = mottle("model", *words, damaged)
        assert (done.exit_code, "is damaged" in done.stderr) == (1, True)


def test_a_row_that_is_none_and_places_that_cannot_be_written_are_refused_early(place):
    run = ("run", place / "two.toml", "--out", place / "refused")
    done = mottle(*run, "--save", place / "x.mottle", "--row", "wox/middl")
    assert (
        done.exit_code,
        "did you mean 'wox/middle'" in done.stderr.replace("\n", " ").lower(),
    ) == (1, True), done.stderr
    assert mottle(*run, "--row", "wox/middle").exit_code == 2
    done = mottle(*run, "--save", place / "two.toml/x.mottle")
    assert (done.exit_code, "--save" in done.stderr) == (1, True)
    done = mottle(*run, "--save", place / "train")
    assert (done.exit_code, "is a folder; name a file" in done.stderr) == (1, True)
    assert not (place / "refused").exists()


def test_a_table_is_predicted_with_and_without_its_column_of_targets(tmp_path):
    rng, parts = np.random.default_rng(0), []
    for name in "abcd":
        u = rng.uniform(-1, 1, 60)
        y = np.convolve(u, [0, 0.5, 0.3], "full")[:60]
        parts.append(pd.DataFrame({"rec": name, "time": np.arange(60) * 0.1, "u": u, "y": y}))
    rows = pd.concat(parts)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows.drop(columns="y").to_csv(tmp_path / "inputs.csv", index=False)
    (tmp_path / "r.toml").write_text(write_toml({
        "title": "steps", "seeds": [0], "washout": 5,
        "data": {"table": "rows.csv", "recording": "rec", "target": "y"},
        "split": {"kind": "grouped", "n_splits": 2},
        "encoders": {"stream": {"kind": "TaxelDrive", "baseline": "training"}},
        "reservoirs": {"echo": {"kind": "EchoStateReservoir", "n_nodes": 20}},
    }))  # fmt: skip
    done = mottle("run", tmp_path / "r.toml", "--out", tmp_path, "--save", tmp_path / "m.mottle")
    assert done.exit_code == 0, done.output
    found = [table_of(mottle("predict", tmp_path / "m.mottle", tmp_path / f"{name}.csv"))
             for name in ("rows", "inputs")]  # fmt: skip
    assert found[0].equals(found[1])
    assert len(found[0]) == 4 * 55
