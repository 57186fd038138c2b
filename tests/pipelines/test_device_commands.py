"""`mottle devices`: the list, the constants and a figure of each preset."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mottle.pipelines.cli import main
from mottle.pipelines.recipe import read_recipe
from mottle.reservoir import devices


def test_list_names_every_device():
    result = CliRunner().invoke(main, ["devices", "list"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for name in devices.list().index:
        assert name in result.output


def drawn_first():
    """Return one preset of each kind of constants but those that simulate seconds of spikes."""
    long = ("nbo2_burst", "nbo2_hh")
    kinds = {type(devices.get(name)): name for name in devices.list().index if name not in long}
    return set(kinds.values())


@pytest.mark.parametrize("name", devices.list().index)
def test_show_prints_constants(name):
    result = CliRunner().invoke(main, ["devices", "show", name])
    assert result.exit_code == 0, result.output
    assert devices.get(name).source in result.output


@pytest.mark.parametrize("name", [
    name if name in drawn_first() else pytest.param(name, marks=pytest.mark.slow)
    for name in devices.list().index
])  # fmt: skip
def test_show_prints_constants_and_draws(name, tmp_path):
    file = tmp_path / "device.png"
    result = CliRunner().invoke(main, ["devices", "show", name, "--plot", str(file)])
    assert result.exit_code == 0, result.output
    assert devices.get(name).source in result.output
    assert file.read_bytes().startswith(b"\x89PNG")


def test_show_helps_with_a_misspelt_name():
    result = CliRunner().invoke(main, ["devices", "show", "wox_du2018"])
    assert result.exit_code == 1
    assert "did you mean 'wox_du2017'" in result.stderr


@pytest.fixture
def sweeps(tmp_path):
    own = devices.get("tiox_zhong2021")._replace(keep=0.97, g_rest=0.4, k_p=5e-6)
    volts = np.concatenate([np.full(20, 0.3), np.full(60, 2.5), np.full(100, 0.3)])
    frames = []
    for name, wave in (("up", volts), ("down", -volts)):
        run = devices.simulate(own, wave, 4e-6)
        frames.append(
            pd.DataFrame({"t": run.time, "v": wave, "i (uA)": 1e6 * run.current, "trace": name})
        )
    pd.concat(frames).to_csv(tmp_path / "sweeps.csv", index=False)
    return tmp_path / "sweeps.csv"


def test_fit_writes_a_device_that_show_prints(sweeps, tmp_path):
    out, figure = tmp_path / "own.toml", tmp_path / "fit.png"
    args = ["devices", "fit", str(sweeps), "--family", "tiox", "--out", str(out)]
    result = CliRunner().invoke(main, [*args, "--plot", str(figure)])
    assert result.exit_code == 0, result.output
    assert "keep" in result.output
    assert f"written: {out}" in result.output
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert devices.load(out).keep == pytest.approx(0.97, rel=1e-6)
    shown = CliRunner().invoke(main, ["devices", "show", str(out)])
    assert shown.exit_code == 0
    assert "sweeps.csv" in shown.output
    as_json = CliRunner().invoke(main, [*args, "--fixed", "k_n=3.2e-7", "--json"])
    printed = json.loads(as_json.output)
    assert printed["constants"]["k_n"] == 3.2e-7
    assert printed["path"] == str(out)


def test_fit_takes_blank_cells_as_samples_without_a_reading(sweeps, tmp_path):
    table = pd.read_csv(sweeps)
    at_compliance = table["i (uA)"].abs() > 0.8 * table["i (uA)"].abs().max()
    assert at_compliance.sum() > 10
    table["i (uA)"] = table["i (uA)"].map("{:.17g}".format).mask(at_compliance, " ")
    table.to_csv(sweeps, index=False)
    args = ["devices", "fit", str(sweeps), "--family", "tiox", "--out", str(tmp_path / "own.toml")]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0, result.output
    assert f"{len(table) - at_compliance.sum()} samples" in result.output
    assert "problem" not in result.output
    assert devices.load(tmp_path / "own.toml").keep == pytest.approx(0.97, rel=1e-6)
    table[~at_compliance].to_csv(sweeps, index=False)
    result = CliRunner().invoke(main, args)
    assert "problem: trace up: no rows between" in result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--family", "tioxx", "--out", "a.toml"), "did you mean 'tiox'"),
        (("--family", "tiox", "--out", "a.json"), "must end in .toml"),
        (("--family", "tiox", "--out", "a.toml", "--fixed", "keep"), "expected NAME=VALUE"),
        (("--family", "tiox", "--out", "a.toml", "--measured", "g"), "measured='g' is none of"),
    ],
)
def test_fit_says_what_is_wrong(sweeps, args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["devices", "fit", str(sweeps), *args])
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "a.toml").exists()


RECIPE = """
title = "own device"
fusion = ["middle"]
seeds = [0]
[data]
name = "grasp"
[split]
kind = "stratified"
n_splits = 2
[encoders]
touch = {{ kind = "TaxelDrive" }}
[reservoirs]
own = {{ kind = "MemristorReservoir", n_nodes = 5, pool = ["mean"], device = "{device}" }}
"""


def test_a_recipe_takes_a_device_from_a_file_beside_it(sweeps, tmp_path):
    devices.fit("tiox", sweeps, hold_out=False).save(tmp_path / "own.toml")
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(device="own.toml"))
    recipe, text = read_recipe(path)
    device = recipe.make_reservoir("own", "touch", 0).device
    assert device == devices.load(tmp_path / "own.toml")
    (tmp_path / "own.toml").unlink()  # recipe and its text hold the constants
    path.write_text(text)
    again, _ = read_recipe(path)
    assert again.make_reservoir("own", "touch", 0).device == device
    path.write_text(RECIPE.format(device="none.toml"))
    with pytest.raises(ValueError, match=r"recipe.toml: there is no file .*none.toml"):
        read_recipe(path)


def test_a_device_in_a_recipe_is_data(tmp_path):
    path = tmp_path / "recipe.toml"
    inline = RECIPE.format(device="x").replace('"x"', '{ family = "tiox", constants = {} }')
    path.write_text(inline)
    with pytest.raises(ValueError, match=r"reservoirs.own.device: constants.keep is missing"):
        read_recipe(path)


def test_kernels_are_compiled_by_name():
    ran = CliRunner().invoke(main, ["warm", "event"])
    assert ran.exit_code == 0, ran.output
    assert ran.output.split()[::2] == ["event", "s"]
    ran = CliRunner().invoke(main, ["warm", "evnt"])
    assert ran.exit_code == 2
    assert "did you mean 'event'?" in ran.output
