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
    assert "mean of 3 recordings" in run.output
    assert "doi:10.1109/ISSCC.2014.6757323" in run.output
    assert "not counted: senses, features.touch.encoder" in run.output


def test_energy_as_json_holds_every_part(config):
    run = CliRunner().invoke(main, ["energy", config, "--limit", "2", "--json"])
    reports = loads(run.output)
    assert set(reports) == {"vo2", "echo"}
    vo2 = reports["vo2"]
    supply = sum(row["energy"] for row in vo2["parts"] if row["level"] == "device")
    assert 1e-9 < supply < 1e-5  # 64 node-steps of a microsecond at about a milliwatt
    assert vo2["node_steps"] == 64
    assert {row["level"] for row in reports["echo"]["parts"]} == {"digital"}


def test_energy_of_an_unknown_recipe_is_an_error_that_helps():
    run = CliRunner().invoke(main, ["energy", "demo-grap"])
    assert run.exit_code == 1
    assert "did you mean 'demo-grasp'" in run.output
