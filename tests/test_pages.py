"""Code on pages of the documentation runs."""

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
BLOCKS = [
    pytest.param(code, id=f"{page}-{k}")
    for page in PAGES
    for k, code in enumerate(
        re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", BLOCKS)
def test_code_on_a_page_runs(code):
    exec(compile(code, "page", "exec"), {})


def test_the_table_of_parameters_is_that_of_the_constructors(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS.parent / "benchmarks"))
    import parameters

    assert (DOCS / "reference/parameters.md").read_text("utf-8") == parameters.page()
