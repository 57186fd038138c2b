"""`mottle prepare` and `mottle store`, as a user types them."""

import re
from json import loads
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mottle.datasets import StatesWriter, load_nmnist_100, open_prepared
from mottle.datasets.stores import preparation
from mottle.pipelines.cli import main

CONFIG = """
[data]
pattern = '(?P<group>train|test)/(?P<target>[0-9])/'
[encoders]
sight = { kind = "EventRate", n_steps = 5, sensor_size = [34, 34], cell = 2, on_drop = "ignore" }
[store]
block = 4
"""


def mottle(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def digits(tmp_path):
    table, target, _ = load_nmnist_100()
    for row in range(0, 100, 5):
        path = tmp_path / f"in/{'test' if row % 10 else 'train'}/{target[row]}/{row}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, table["sight"].iloc[row][:300])
    (tmp_path / "encode.toml").write_text(CONFIG)
    return tmp_path


def test_a_folder_becomes_a_store_that_is_verified(digits):
    out = digits / "s.zarr"
    planned = loads(
        mottle("prepare", digits / "in", "--out", out, "--encode", digits / "encode.toml",
               "--dry-run", "--json").stdout
    )  # fmt: skip
    assert planned["n_recordings"] == 20
    assert planned["senses"] == {"sight": "drive: 5 rows of drive (578,)"}
    assert not out.exists()
    run = mottle("prepare", digits / "in", "--out", out, "--encode", digits / "encode.toml")
    assert run.exit_code == 0, run.output
    assert "20 recordings, 20 of them done now, 0 skipped" in run.output
    again = mottle(
        "prepare", digits / "in", "--out", out, "--encode", digits / "encode.toml", "--json"
    )
    assert loads(again.stdout)["n_encoded"] == 0
    table, target, groups = open_prepared(out)
    assert table["sight"].iloc[0].shape == (5, 578)
    assert set(groups) == {"train", "test"}
    assert target[0] == Path(table.index[0]).parts[1]
    info = loads(mottle("store", "info", out, "--json").stdout)
    assert info["classes"] == 10
    assert info["recipe"]["encoders"]["sight"]["kind"] == "EventRate"
    assert "EventRate(cell=2" in mottle("store", "info", out).output
    assert mottle("store", "verify", out).exit_code == 0
    shard = out / "sight/drive/c/0/0/0"
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    run = mottle("store", "verify", out)
    assert run.exit_code == 1
    assert "sight/drive/c/0/0/0: its sha256 differs" in run.output


@pytest.mark.parametrize(
    ("files", "options", "named"),
    [
        ("pattern = '(?P<target>a)'", [], r"\[data\] pattern"),
        ("include = ['*.npy']", [], r"\[data\] include"),
        ("", ["--include", "*.npy"], "--include"), ("", ["--exclude", "*.npy"], "--exclude"),
    ],
)  # fmt: skip
def test_what_is_for_files_is_refused_for_a_named_set(files, options, named, tmp_path):
    (tmp_path / "a.toml").write_text(f"[data]\n{files}\n")
    out, recipe = tmp_path / "a.zarr", tmp_path / "a.toml"
    run = mottle("prepare", "nmnist-100", "--out", out, "--encode", recipe, *options)
    assert (run.exit_code, out.exists()) == (1, False)
    assert re.search(rf"{named}: for files and folders, and 'nmnist-100' is a named", run.output)


def test_a_named_set_and_a_limit(tmp_path):
    run = mottle("prepare", "nmnist-100", "--out", tmp_path / "s.zarr", "--limit", 7)
    assert run.exit_code == 0, run.output
    table, target, _ = open_prepared(tmp_path / "s.zarr")
    assert len(table) == 7
    assert target.tolist() == [0] * 7


def test_bad_recordings_are_listed_and_the_exit_code_is_3(digits):
    bad = next((digits / "in/train").rglob("*.npy"))
    bad.write_bytes(b"\x93NUMPY broken")
    words = [
        "prepare",
        digits / "in",
        "--out",
        digits / "s.zarr",
        "--encode",
        digits / "encode.toml",
    ]
    run = mottle(*words)
    assert run.exit_code == 1
    assert "skip bad ones with --on-bad skip" in run.output
    run = mottle(*words, "--on-bad", "skip")
    assert run.exit_code == 3
    report = (digits / "s.zarr.skipped.csv").read_text()
    assert report.startswith("recording,reason\ntrain/")
    assert len(open_prepared(digits / "s.zarr").table) == 19
    bad.unlink()
    assert mottle(*words, "--on-bad", "skip").exit_code == 0
    assert not (digits / "s.zarr.skipped.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pattern", "patern", "data.patern; did you mean 'pattern'"),
        ('"EventRate"', '"EventRates"', "did you mean 'EventRate'"),
        ("n_steps", "n_step", "did you mean 'n_steps'"),
        ("block = 4", "block = 0", "store.block=0"),
        ("[store]", "[store", "is not TOML"),
        ("(?P<group>", "(?P<group", "no regular expression"),
        ("[0-9])/", "[a-z])/", "does not match"),
    ],
)
def test_a_wrong_configuration_is_refused_with_what_was_meant(digits, old, new, message):
    (digits / "encode.toml").write_text(CONFIG.replace(old, new))
    run = mottle(
        "prepare", digits / "in", "--out", digits / "s.zarr", "--encode", digits / "encode.toml"
    )
    assert run.exit_code == 1
    assert message in run.output
    assert not (digits / "s.zarr").exists()


def test_unknown_sources_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mottle.pipelines.prepare.CONNECT", "1s")
    run = mottle("prepare", "nmist-100", "--out", tmp_path / "s.zarr")
    assert run.exit_code == 1
    assert "did you mean 'nmnist-100'" in run.output
    nothing = mottle("prepare", "--out", tmp_path / "s.zarr")
    assert (nothing.exit_code, "no recordings are named" in nothing.output) == (1, True)
    run = mottle("store", "info", tmp_path / "none.zarr")
    assert run.exit_code == 1
    assert "mottle prepare writes one" in run.output
    distributed = pytest.importorskip("distributed")
    dask = mottle("prepare", "nmnist-100", "--out", tmp_path / "s.zarr", "--dask", "nonsense")
    assert dask.exit_code == 1
    assert "no dask scheduler answers" in dask.output
    with pytest.raises(ValueError, match="No clients found"):  # other arrays of dask would wait
        distributed.default_client()


def test_recordings_of_another_kind_are_refused(digits, monkeypatch):
    np.savetxt(digits / "in/train/x.csv", [[1.0, 2.0]], header="a,b", comments="", delimiter=",")
    run = mottle("prepare", digits / "in", "--out", digits / "s.zarr", "--on-bad", "skip")
    assert run.exit_code == 3
    reasons = (digits / "s.zarr.skipped.csv").read_text()
    assert "its stream differs from the first: samples, not events." in reasons
    monkeypatch.setenv("MOTTLE_DATA", str(digits))
    run = mottle("prepare", "dvs-gesture", "--out", digits / "g.zarr")
    assert run.exit_code == 1
    assert "Or: mottle datasets fetch dvs-gesture" in run.output
    run = mottle("datasets", "fetch", "st-mnist")
    assert run.exit_code == 1
    assert "a form" in run.output
    assert "nothing to fetch" in mottle("datasets", "fetch", "nmnist-100").output


def test_ctrl_c_is_clean_and_the_next_run_goes_on(digits, monkeypatch):
    words = ["prepare", digits / "in", "--out", digits / "s.zarr", "--encode"]
    encode, calls = preparation.encode_block, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return encode(*given)

    with monkeypatch.context() as patch:
        patch.setattr(preparation, "encode_block", interrupted)
        run = mottle(*words, digits / "encode.toml")
    assert run.exit_code == 130
    assert "the same command goes on where this one was" in run.output
    assert not (digits / "s.zarr").exists()
    assert not (digits / "s.zarr.lock").exists()
    assert len(list((digits / ".s.zarr.parts").iterdir())) == 3
    done = mottle(*words, digits / "encode.toml")
    assert "20 recordings, 8 of them done now" in done.output
    assert mottle("store", "verify", digits / "s.zarr").exit_code == 0


def test_a_states_store_is_verified_by_the_same_command(tmp_path):
    path = tmp_path / "states.zarr"
    with StatesWriter(path, n_recordings=4, n_steps=3, n_nodes=2, block=2, attrs={}) as writer:
        for index in writer.pending():
            writer.write(index, np.full((2, 3, 2), index))
    run = mottle("store", "verify", path)
    assert run.exit_code == 0
    assert "every byte is as it was written" in run.output
    (path / "states/c/1/0/0").unlink()
    run = mottle("store", "verify", path)
    assert run.exit_code == 1
    assert "states/c/1/0/0: missing" in run.output


def test_names_that_a_spreadsheet_would_compute_are_quoted(digits):
    (digits / "in/train/0").mkdir(parents=True, exist_ok=True)
    (digits / "in/train/0/x.npy").write_bytes(b"")
    source = digits / "in/train/0"
    (source / "=1+1.npy").write_bytes(b"")
    run = mottle("prepare", source, "--out", digits / "s.zarr", "--on-bad", "skip")
    assert run.exit_code == 3, run.output
    report = (digits / "s.zarr.skipped.csv").read_text()
    assert "\n'=1+1.npy," in report
    assert "\nx.npy," in report


def test_a_store_inside_the_source_is_refused(digits):
    run = mottle("prepare", digits / "in", "--out", digits / "in/s.zarr")
    assert run.exit_code == 1
    assert "would lie inside the recordings' folder" in " ".join(run.output.split())
    assert not (digits / "in/s.zarr").exists()


def write_tables(folder):
    """Write four tables in milliseconds whose files do not state it."""
    folder.mkdir()
    for k in range(4):
        rows = "".join(f"{20 * i};{k},5\n" for i in range(5))
        (folder / f"{k}.csv").write_text(f"time;CO\n{rows}")
    return folder


@pytest.mark.parametrize("where", ["option", "files", "options", "nowhere"])
def test_the_unit_of_time_of_files_is_stated_on_the_command_line_or_in_the_file(where, tmp_path):
    folder, out, words = write_tables(tmp_path / "in"), tmp_path / "s.zarr", []
    if where == "option":
        words = ["--time-unit", "ms"]
    elif where != "nowhere":
        text = 'time_unit = "ms"' if where == "files" else 'options = { time_unit = "ms" }'
        (tmp_path / "c.toml").write_text(f"[data]\n{text}\n")
        words = ["--encode", tmp_path / "c.toml"]
    assert mottle("prepare", folder, "--out", out, *words).exit_code == 0
    cell = open_prepared(out)[0].iloc[3, 0]
    unit = 1.0 if where == "nowhere" else 1e-3
    np.testing.assert_allclose(cell.time, unit * np.arange(0, 100, 20))
    assert cell.values[:, 0].tolist() == [3.5] * 5


def test_units_of_time_that_do_not_fit_are_refused(tmp_path):
    folder = write_tables(tmp_path / "in")
    (tmp_path / "c.toml").write_text('[data]\noptions = { time_unit = "us" }\n')
    both = mottle("prepare", folder, "--out", tmp_path / "s.zarr", "--time-unit", "ms",
                  "--encode", tmp_path / "c.toml")  # fmt: skip
    assert both.exit_code == 1
    assert "two units of time are given, 'us' in [data] options and 'ms'" in both.output
    (tmp_path / "c.toml").write_text('[data]\ntime_unit = "msec"\n')
    wrong = mottle("prepare", folder, "--out", tmp_path / "s.zarr", "--encode", tmp_path / "c.toml")
    assert "time_unit='msec': expected one of 's', 'ms', 'us', 'ns'" in wrong.output
    named = mottle("prepare", "nmnist-100", "--out", tmp_path / "s.zarr", "--time-unit", "ms")
    assert named.exit_code == 1
    assert "for files and folders" in named.output
    (folder / "0.csv").write_text("time;CO\n0;1,5\n20;OVER\n")
    marker = mottle("prepare", folder, "--out", tmp_path / "s.zarr")
    assert marker.exit_code == 1
    assert "holds 'OVER' in row 1, channel 'CO'" in " ".join(marker.output.split())


@pytest.fixture
def mixed(tmp_path):
    """A folder of two recordings with other files beside them."""
    folder = tmp_path / "in"
    (folder / "old").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "old/c.csv"):
        (folder / name).write_text("time,CO\n0,1.5\n1,2.5\n")
    for name in ("README.txt", "about.json", "LICENSE", "notes.md", "old/plot.png"):
        (folder / name).write_text("no recording")
    return folder


def test_files_that_are_no_recordings_are_left_out_and_named(mixed, tmp_path):
    run = mottle("prepare", mixed, "--out", tmp_path / "s.zarr")
    assert run.exit_code == 0, run.output
    assert "left out: 5 files of the folders: LICENSE, README.txt, about.json" in run.output
    assert list(open_prepared(tmp_path / "s.zarr").table.index) == ["a.csv", "b.csv", "old/c.csv"]


@pytest.mark.parametrize("where", ["option", "file"])
def test_patterns_choose_files_of_folders(mixed, tmp_path, where):
    (tmp_path / "c.toml").write_text('[data]\ninclude = ["*.csv"]\nexclude = ["old/*", "b.*"]\n')
    words = ["--encode", tmp_path / "c.toml"]
    if where == "option":
        words = ["--include", "*.csv", "--exclude", "old/*", "--exclude", "b.*"]
    assert mottle("prepare", mixed, "--out", tmp_path / "s.zarr", *words).exit_code == 0
    assert list(open_prepared(tmp_path / "s.zarr").table.index) == ["a.csv"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<label>.)\.csv", "has the groups label; known are"),
        (r".\.csv", "has the groups none; known are"),
        (r"(?P<target>)\.csv", "finds an empty target in every path"),
    ],
)
def test_patterns_without_a_target_are_refused(mixed, tmp_path, pattern, message):
    (tmp_path / "c.toml").write_text(f"[data]\npattern = '{pattern}'\n")
    run = mottle("prepare", mixed, "--out", tmp_path / "s.zarr", "--encode", tmp_path / "c.toml")
    assert run.exit_code == 1
    assert message in " ".join(run.output.split())


def test_a_drive_larger_than_the_memory_is_refused_in_one_line(digits):
    config = digits / "encode.toml"
    config.write_text(config.read_text("utf-8").replace("n_steps = 5", "n_steps = 1000000000000"))
    run = mottle("prepare", digits / "in", "--out", digits / "s.zarr", "--encode", config)
    assert run.exit_code == 1
    assert run.output.strip().splitlines()[-1].startswith("error:")
    assert isinstance(run.exception, SystemExit)


ROWS = np.stack([np.arange(0, 5000, 10), np.arange(500) % 34, np.arange(500) % 31,
                 np.arange(500) % 2], 1)  # fmt: skip


def write_bare(folder, suffix, rows=ROWS):
    folder.mkdir()
    for k in range(3):
        if suffix == ".npy":
            np.save(folder / f"{k}.npy", rows)
        elif suffix == ".npz":
            np.savez(folder / f"{k}.npz", rows)
        else:
            np.savetxt(folder / f"{k}{suffix}", rows, fmt="%d", delimiter=",")
    return folder


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv"])
def test_four_columns_are_what_option_configuration_or_encoder_state(suffix, tmp_path):
    place, toml = write_bare(tmp_path / "in", suffix), tmp_path / "c.toml"
    run = mottle("prepare", place, "--out", tmp_path / "a.zarr")
    assert run.exit_code == 1
    assert "--kind events or --kind samples states which" in re.sub(r"\s+", " ", run.output)
    for kind in ("events", "samples"):
        run = mottle("prepare", place, "--out", tmp_path / f"{kind}.zarr", "--kind", kind)
        assert run.exit_code == 0, run.output
        assert f"stream: {kind}\nno labels: [data] pattern" in run.output
    encoders = {
        "events": '[fit]\non = "all"\n[encoders]\nsight = {kind = "EventRate", n_steps = 5}',
        "samples": '[fit]\non = "all"\n[encoders]\nsight = {kind = "TaxelDrive", n_steps = 5}',
    }
    for k, (text, sense) in enumerate(
        [('[data]\nkind = "events"', "events"),
         ('[data]\noptions = {kind = "events"}', "events"),
         ('[data]\noptions = {sensor_size = [34, 31]}', "events"),
         ('[data]\noptions = {rate = 5.0}', "samples"),
         (encoders["events"], "drive"), (encoders["samples"], "drive")]
    ):  # fmt: skip
        toml.write_text(text)
        run = mottle("prepare", place, "--out", tmp_path / f"{k}.zarr", "--encode", toml)
        assert run.exit_code == 0, (text, run.output)
        assert f": {sense}\n" in run.output
    assert open_prepared(tmp_path / "4.zarr").table["sight"].iloc[0].shape[1] > 4  # cells
    assert open_prepared(tmp_path / "5.zarr").table["sight"].iloc[0].shape == (5, 4)


def test_another_order_is_stated_in_the_configuration(tmp_path):
    place = write_bare(tmp_path / "in", ".npy", ROWS[:, [1, 2, 3, 0]])
    run = mottle("prepare", place, "--out", tmp_path / "a.zarr", "--kind", "events")
    message = re.sub(r"\s+", " ", run.output)
    assert "they fit x, y, p, t: [data] options = {names = ['x', 'y', 'p', 't']}" in message
    toml = tmp_path / "c.toml"
    toml.write_text("[data]\noptions = {names = ['x', 'y', 'p', 't']}")
    run = mottle("prepare", place, "--out", tmp_path / "a.zarr", "--encode", toml)
    assert run.exit_code == 0, run.output
    assert (open_prepared(tmp_path / "a.zarr").table["stream"].iloc[0]["x"] == ROWS[:, 1]).all()


def test_a_wrong_kind_of_file_is_named_with_the_encoder(tmp_path):
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / f"in/{name}.csv").write_text("time,CO\n0,1.5\n1,1.7\n")
    toml = tmp_path / "c.toml"
    toml.write_text('[fit]\non = "all"\n[encoders]\nsight = {kind = "EventRate"}')
    run = mottle("prepare", tmp_path / "in", "--out", tmp_path / "a.zarr", "--encode", toml)
    assert run.exit_code == 1
    assert "a.csv has the columns time, CO and lacks x, y, p" in re.sub(r"\s+", " ", run.output)


def test_messages_name_the_options_that_are_typed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("t,x,y,p\n0.5,1,2,1\n0.7,1,2,1\n")
    run = mottle("prepare", tmp_path / "in", "--out", tmp_path / "a.zarr")
    assert run.exit_code == 1
    assert "--time-unit" in run.output
    assert "time_unit=" not in run.output
