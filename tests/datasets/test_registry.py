"""Data sets by name: what is known of them, how they are listed, and those of other packages."""

from json import loads
from pathlib import Path

import outside
import pytest
from click.testing import CliRunner

from mottle import datasets
from mottle.datasets import DataSet, catalogue, fetch, list_dataset, load
from mottle.datasets.registry import CATALOGUE, NAMES
from mottle.pipelines.cli import main


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))

    def put(name, content=b""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return put


@pytest.mark.parametrize("name", [n for n, known in CATALOGUE.items() if not known.shipped])
def test_the_error_for_an_absent_set_names_its_source(home, name):
    with pytest.raises(FileNotFoundError, match=r"get it from http|get it from reservoirpy"):
        load(name)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_set_states_its_terms_and_is_found_by_name(name):
    known = CATALOGUE[name]
    assert getattr(datasets, known.load.__name__, known.load) is known.load
    assert known.name == name
    assert known.licence
    assert known.citation
    assert known.split
    assert all(remote.url.startswith("https://") for remote in known.files)
    fetching = getattr(datasets, known.load.__name__.replace("load_", "fetch_"), None)
    if fetching is not None:
        assert known.files
        assert fetching.__doc__.startswith("Download if need be and load")
    run = CliRunner().invoke(main, ["datasets", "info", name, "--json"])
    about = loads(run.output)
    assert about["licence"] == known.licence
    assert about["loader"].endswith(known.load.__name__)


def test_every_file_of_the_sets_is_in_the_list():
    files = Path(datasets.__file__).with_name("sets").glob("[!_]*.py")
    assert {file.stem.replace("_", "-") for file in files} == set(NAMES)


def test_the_list_is_a_table_and_json(home):
    assert set(catalogue().index) == set(CATALOGUE)
    rows = loads(CliRunner().invoke(main, ["datasets", "list", "--json"]).output)
    assert {row["name"] for row in rows} == set(CATALOGUE)
    assert CliRunner().invoke(main, ["datasets", "list"]).exit_code == 0
    run = CliRunner().invoke(main, ["datasets", "info", "nmist"])
    assert run.exit_code == 1
    assert "did you mean 'nmnist'" in run.output


def test_files_are_listed_before_they_are_read(home):
    home("fsdd/recordings/1_a_0.wav", b"not sound")
    listing = list_dataset("fsdd")
    assert listing.names == ["recordings/1_a_0.wav"]
    with pytest.raises(ValueError, match="no sound file"):
        listing.read(0)


CLICKS = """
import numpy as np
from mottle.datasets import DataSet, Recordings, Remote, make_table

def load_clicks(n=2):
    \"\"\"Load clicks, one sample each.\"\"\"
    content = CLICKS.find("clicks.txt").read_text()
    table = make_table(sound=[np.full((3, 1), float(content))] * n)
    table.attrs = CLICKS.attributes()
    return Recordings(table, np.arange(n), np.arange(n))

CLICKS = DataSet(
    name="two-clicks", load=load_clicks, senses=("sound",), n_recordings=2, licence="CC0",
    citation="none", split="each recording is its own group", source="https://example.org/clicks",
    files=(Remote("two-clicks/clicks.txt", "http://127.0.0.1:9/clicks.txt",
                  "md5:8f14e45fceea167a5a36dedd4bea2543"),),
)
IMPOSTOR = "no record"
"""


@pytest.fixture(scope="module")
def clicks(tmp_path_factory):
    points = {"two-clicks": "CLICKS", "impostor": "IMPOSTOR", "broken": "NOTHING"}
    folder = tmp_path_factory.mktemp("outside")
    return outside.install(folder, "clicks", "mottle.datasets", points, CLICKS)


def test_a_set_of_another_package_is_listed_and_loaded_by_name(clicks, tmp_path):
    (tmp_path / "two-clicks").mkdir()
    (tmp_path / "two-clicks/clicks.txt").write_text("7")
    code = (
        "from mottle import datasets; "
        "print(datasets.catalogue().loc['two-clicks'].to_json()); "
        "table, target, groups = datasets.load('two_clicks', n=3); "
        "print(len(datasets.list_dataset('two-clicks').names), table.attrs['licence']); "
        "print(table['sound'].iloc[2].tolist(), datasets.fetch('two-clicks').target.tolist())"
    )
    out, err = outside.python(clicks, code, MOTTLE_DATA=tmp_path)
    row, listed, values = out.splitlines()
    assert loads(row)["where"] == "fetched"
    assert loads(row)["here"] is True
    assert listed == "2 CC0"
    assert values == "[[7.0], [7.0], [7.0]] [0, 1]"
    assert "'impostor' (clicks:IMPOSTOR) is left out: expected a DataSet" in err
    assert "'broken' of the package 'clicks' cannot be loaded (AttributeError" in err


def test_the_command_lists_the_set_of_another_package(clicks, tmp_path):
    def mottle(*words):
        code = f"from mottle.pipelines.cli import main; main({list(words)})"
        return outside.python(clicks, code, MOTTLE_DATA=tmp_path)[0]

    rows = loads(mottle("datasets", "list", "--json"))
    assert rows[-1]["name"] == "two-clicks"
    about = loads(mottle("datasets", "info", "two-clicks", "--json"))
    assert about["about"] == "Load clicks, one sample each."
    assert about["loader"] == "clicks.load_clicks"
    assert about["files"] == [
        "http://127.0.0.1:9/clicks.txt (md5:8f14e45fceea167a5a36dedd4bea2543)"
    ]
    (tmp_path / "two-clicks").mkdir()
    (tmp_path / "two-clicks/clicks.txt").write_text("7")
    assert mottle("datasets", "fetch", "two-clicks").strip().endswith("two-clicks/clicks.txt")


def test_misspelt_options_of_a_loader_are_refused_by_name():
    for function in (load, list_dataset, fetch):
        with pytest.raises(TypeError, match="no option 'windw'; did you mean 'window'"):
            function("smellnet-10", windw=100)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"name": "Two Clicks"}, ValueError, "name='Two Clicks': expected lower-case words"),
        ({"n_recordings": True}, ValueError, "n_recordings=True must be a whole number"),
        ({"licence": ""}, ValueError, "licence of the data set 'clicks' is empty"),
        ({"load": "load_clicks"}, TypeError, "is no function"),
        ({"license": "CC0"}, TypeError, "no parameter 'license'; did you mean 'licence'"),
    ],
)
def test_a_record_with_faults_is_refused(changes, error, message):
    fields = {
        "name": "clicks", "load": list, "senses": ("sound",), "n_recordings": 2, "licence": "CC0",
        "citation": "none", "split": "none",
    }  # fmt: skip
    with pytest.raises(error, match=message):
        DataSet(**(fields | changes))
