"""The command that accounts for a recipe's energy."""

from json import loads

import pytest
from click.testing import CliRunner

from mottle.pipelines.cli import main

RECIPE = """
title = "grasp, small"
seeds = [0]
[data]
name = "demo"
options = { task = "grasp" }
[split]
kind = "blocked"
[encoders]
touch = { kind = "TaxelDrive", n_steps = 4 }
joints = { kind = "TaxelDrive", n_steps = 4 }
[reservoirs]
vo2 = { kind = "VO2Reservoir", n_nodes = 8, pool = "mean" }
echo = { kind = "EchoStateReservoir", n_nodes = 8, pool = "mean" }
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return str(path)


def test_energy_prints_sums_parts_and_what_they_rest_on(config):
    run = CliRunner().invoke(main, ["energy", config, "--limit", "3"])
    assert run.exit_code == 0, run.output
    assert "vo2: a recording of 64 node-steps" in run.output
    assert "mean of 3 recordings: " in run.output
    assert ", median " in run.output
    assert "doi:10.1109/ISSCC.2014.6757323" in run.output
    assert "not counted: senses, features.touch.encoder" in run.output


def test_energy_as_json_holds_every_part(config):
    run = CliRunner().invoke(main, ["energy", config, "--limit", "2", "--json"])
    reports = loads(run.output)
    assert set(reports) == {"vo2", "echo"}
    vo2 = reports["vo2"]
    macs = next(part for part in vo2["parts"] if part["part"] == "multiply-accumulate")
    assert macs["energy_each"] == 0.23e-12
    assert macs["energy"] == pytest.approx(macs["count"] * 0.23e-12)
    assert reports["echo"]["spikes"] is None
    supply = sum(row["energy"] for row in vo2["parts"] if row["level"] == "device")
    assert 1e-9 < supply < 1e-5  # 64 node-steps of a microsecond at about a milliwatt
    assert vo2["node_steps"] == 64
    assert len(vo2["energies"]) == 2
    total = sum(part["energy"] for part in vo2["parts"])
    assert sum(vo2["energies"]) / 2 == pytest.approx(total)
    assert vo2["energies"][0] != vo2["energies"][1]
    assert {row["level"] for row in reports["echo"]["parts"]} == {"digital"}


def test_energy_of_an_unknown_recipe_is_an_error_that_helps():
    run = CliRunner().invoke(main, ["energy", "demo-grap"])
    assert run.exit_code == 1
    assert "did you mean 'demo-grasp'" in run.output
