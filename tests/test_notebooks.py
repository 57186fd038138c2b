"""Notebooks run, state the numbers that they compute, and stand in the gallery."""

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mottle.pipelines.cli import main
from mottle.pipelines.notebooks import copy_notebooks, list_notebooks

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("[0-9]*.md"))
RUNS = [pytest.param(path, id=path.stem, marks=pytest.mark.slow) for path in NOTEBOOKS]
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
CELL = re.compile(r"```\{code-cell\}(.*?)```", re.DOTALL)
SOURCE = re.compile(r"arXiv:\S+|doi:\S+|https?://\S+")  # their digits are no numbers of the text
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+|(?<![\w.])\d+(?= ?%)")


def parts(path: Path) -> tuple[str, list[str], str]:
    """Return the front matter, the code cells and the prose of a notebook."""
    _, front, text = path.read_text("utf-8").split("---\n", 2)
    return front, CELL.findall(text), SOURCE.sub("", CELL.sub("", text))


@pytest.mark.parametrize("path", RUNS)
def test_a_notebook_runs(path, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS.parent / "benchmarks"))
    import notebooks

    if path.stem == "14-tonic":
        pytest.importorskip("tonic", reason="tonic is not installed: pip install mottle[tonic]")
    notebook, _ = notebooks.run(path)
    assert "all numbers as stated" in notebooks.printed(notebook)
    assert notebooks.picture(notebook) is not None


@EACH
def test_numbers_of_the_text_are_computed_or_set_in_cells(path):
    _, cells, prose = parts(path)
    code = "\n".join(cells)
    known = {float(number) for number in re.findall(r"(?<![\w.])\d+\.?\d*(?:e-?\d+)?", code)}
    known |= {round(100 * number, 10) for number in known}
    absent = [number for number in NUMBER.findall(prose) if abs(float(number)) not in known]
    assert not absent


@EACH
def test_a_notebook_asserts_its_numbers_and_names_the_axes(path):
    _, cells, _ = parts(path)
    assert "assert_allclose" in cells[-1]
    figures = [cell for cell in cells if "subplots" in cell]
    assert figures
    assert all("label" in cell for cell in figures)
    assert sum(":tags: [picture]" in cell for cell in cells) == 1


@EACH
def test_a_kernel_without_mottle_is_given_the_command(path, monkeypatch):
    front, cells, _ = parts(path)
    first = parts(NOTEBOOKS[0])
    assert front == first[0]
    guard, same = (found[0][: found[0].index("from None") + 9] for found in (cells, first[1]))
    assert guard == same
    monkeypatch.setitem(sys.modules, "mottle", None)
    with pytest.raises(ModuleNotFoundError, match=r"%pip install 'mottle\[notebooks\]'"):
        exec(guard, {})


@EACH
def test_a_notebook_is_in_the_gallery_with_its_picture_and_in_the_table_of_times(path):
    gallery = (DOCS / "notebooks/index.md").read_text("utf-8")
    assert f"pictures/{path.stem}.png" in gallery
    assert f":link: {path.stem}\n" in gallery
    assert (DOCS / "notebooks/pictures" / f"{path.stem}.png").stat().st_size < 100_000
    rows = (DOCS / "results/notebooks.csv").read_text("utf-8").splitlines()
    (seconds,) = [int(row.split(",")[1]) for row in rows if row.startswith(f"{path.stem},")]
    assert seconds < 180


def test_copies_are_notebooks_without_output_and_without_links_into_the_site(tmp_path):
    written = copy_notebooks(tmp_path / "new", ["01-first-pipeline"])
    assert [path.name for path in written] == ["01-first-pipeline.ipynb"]
    found = json.loads(written[0].read_text("utf-8"))
    cells = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert cells[0]["source"][1].strip() == "import mottle"
    assert not any(cell["outputs"] for cell in cells)
    assert "](../" not in written[0].read_text("utf-8")
    assert (len(list_notebooks()), written) == (len(NOTEBOOKS), [*tmp_path.glob("new/*")])


@pytest.mark.parametrize(("as_text", "suffix"), [(False, ".ipynb"), (True, ".md")])
def test_links_in_copies_lead_to_copies(as_text, suffix, tmp_path):
    written = copy_notebooks(tmp_path, as_text=as_text)
    links = {
        link for path in written for link in re.findall(r"\]\(([^)#]+)", path.read_text("utf-8"))
        if re.match(r"[\w./-]+\.(?:md|ipynb)$", link)
    }  # fmt: skip
    assert links == {f"01-first-pipeline{suffix}", f"12-own-device{suffix}"}


def test_nothing_is_written_over_a_copy_that_is_there(tmp_path):
    name = "01-first-pipeline"
    (tmp_path / f"{name}.md").write_text("mine")
    ran = CliRunner().invoke(main, ["notebooks", "copy", str(tmp_path), "--text"])
    assert (ran.exit_code, ran.output.count("\n")) == (1, 1)
    assert f"{name}.md: there already" in ran.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_notebook_and_a_machine_without_jupytext_are_named(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="did you mean '01-first-pipeline'"):
        copy_notebooks(tmp_path, ["01-first-pipelin"])
    with pytest.raises(ValueError, match=r"'01.*'04.*'14.*; did you mean '01-first-pipeline'"):
        copy_notebooks(tmp_path, ["first"])
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(ModuleNotFoundError, match=r"mottle\[notebooks\].*--text"):
        copy_notebooks(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    ran = CliRunner().invoke(main, ["notebooks", "copy", str(tmp_path / "new"), "--text"])
    assert (ran.exit_code, len(list(tmp_path.glob("new/*.md")))) == (0, len(NOTEBOOKS))


def test_each_notebook_has_one_title_of_its_own():
    titles = [re.findall(r"^# (.+)$", parts(path)[2], re.MULTILINE) for path in NOTEBOOKS]
    assert [len(found) for found in titles] == [1] * len(NOTEBOOKS)
    assert len({title for (title,) in titles}) == len(NOTEBOOKS)


def test_the_command_lists_every_notebook():
    ran = CliRunner().invoke(main, ["notebooks", "list"])
    assert len(ran.output.splitlines()) == len(NOTEBOOKS)
    assert "01-first-pipeline      A first pipeline" in ran.output
