"""Code on pages of the documentation runs, and prints what the pages show."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = (
    "explanations/energy",
    "extending/index",
    "how-to/crossbar",
    "how-to/crossbar-readout",
    "how-to/experiments",
    "how-to/plasticity",
)
PRINTING = ("start/camera", "start/touch", "start/gas", "start/together")
BLOCKS = [
    pytest.param(code, id=f"{page}-{k}")
    for page in PAGES
    for k, code in enumerate(
        re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.filterwarnings("ignore:sense .* is missing")  # as a page shows
@pytest.mark.parametrize("page", PRINTING)
def test_a_page_shows_what_its_code_prints(page):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    kinds = re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL)
    namespace, shown = {}, ""
    for kind, block in kinds:
        if kind == "text":
            assert shown == block
            shown = ""
            continue
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(block, page, "exec"), namespace)
        shown += out.getvalue()
    assert not shown


def test_the_ten_lines_of_the_readme_run():
    text = DOCS.parent.joinpath("README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "README", "exec"), {})
    assert float(out.getvalue()) > 0.9


@pytest.mark.parametrize("code", BLOCKS)
def test_code_on_a_page_runs(code):
    exec(compile(code, "page", "exec"), {})


def test_the_table_of_parameters_is_that_of_the_constructors(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS.parent / "benchmarks"))
    import parameters

    assert (DOCS / "reference/parameters.md").read_text("utf-8") == parameters.page()
