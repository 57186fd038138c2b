"""`mottle devices`: the list, the constants and a figure of each preset."""

import pytest
from click.testing import CliRunner

from mottle.pipelines.cli import main
from mottle.reservoir import devices


def test_list_names_every_device():
    result = CliRunner().invoke(main, ["devices", "list"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for name in devices.list().index:
        assert name in result.output


@pytest.mark.parametrize("name", devices.list().index)
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
