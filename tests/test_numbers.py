"""Numbers on pages are those that were measured: nothing is typed, no two pages contradict."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REBUILT = {  # from the kept results, without measuring
    "results": "results/recordings",
    "scores": "results/scores",
    "jobs": "results/jobs",
    "reservoirs": "results/reservoirs",
    "plasticity": "how-to/plasticity",
    "digits_devices": "results/device-pipeline",
    "road": "how-to/road",
    "touch": "how-to/touch",
    "page": "results/performance",
}
# what pages state without measuring it: settings of their examples, definitions, limits
STATED = {
    "README": ("90 s", "3.11"),
    "explanations/memory": ("about 2 us",),
    "explanations/regimes": ("0.9 V", "0.3 V", "8.5 V"),
    "explanations/time": (
        "0.3 s", "26 ms", "26,000 times", "1 us", "10 ms", "50 ms", "below 0.1 %",
    ),
    "how-to/first-results": ("10 ms", "0.3", "0.95", "3.2"),
    "how-to/one-device": ("0.8 A", "0.9 V", "0.3 V", "1.2 V"),
    "how-to/prepare": ("about 1 MiB", "64 KiB"),
    "how-to/streaming": ("4 GB", "240 MiB", "250 MiB", "10 ns", "1 us", "20 s at most"),
    "how-to/tonic": (
        "20 ms",
        "GPL-3.0", "GPL-2.0", "tonic 1.7", "56 MB more", "193 MB", "0.3 s", "1.04", "0.3 to 1",
        "94 %", "10 ms, 116 ms", "16 ms, 53 ms", "139 ms", "for 10 ms", "off by 0.05", "4 s for",
        "(0.1, 0.3)", "at 1000 s",
    ),  # with this version of tonic; the differences are checked in tests/sensors/test_tonic.py
    "reference/deprecation": ("1.0", "0.2", "0.3"),
    "reference/files": (
        "EVT 2.1", "EVT 3", "16 GiB", "16 KiB", "3.1", "3.0", "8192 us", "0.5 ms", "100 times",
        "256 MiB", "HDF5 2.0", "120 s", "0.1 ms",
    ),
    "start/gas": ("100 s",),
    "start/install": ("3.11", "90 s", "0.2 s"),
    "start/when-to-use": ("aeon 1.6",),
}  # fmt: skip
MEASURED = re.compile(r"(?<![\w.])\d+\.\d+|\d+ ?%|\b\d+ (?:times|ms|s|us|[KMG]i?B)\b")


@pytest.fixture(scope="module")
def scripts():
    """Make the scripts that write pages importable."""
    added = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks/bench")]
    sys.path[:0] = added
    yield
    for path in added:
        sys.path.remove(path)


@pytest.mark.parametrize("script", REBUILT)
def test_a_page_holds_the_kept_results(script, scripts):
    page = import_module(script).page()
    assert (DOCS / f"{REBUILT[script]}.md").read_text("utf-8") == page


def test_no_table_of_a_page_is_empty():
    pages = {page: page.read_text("utf-8") for page in DOCS.rglob("*.md")}
    empty = r"<!-- [\w-]+ -->\s*<!-- end -->"
    assert not [str(page) for page, text in pages.items() if re.search(empty, text)]


def test_the_table_of_choice_holds_the_kept_results(scripts):
    table = import_module("choice").table()
    assert f"<!-- scores -->\n{table}\n" in (DOCS / "start/when-to-use.md").read_text("utf-8")


def test_the_table_of_drift_holds_the_kept_results(scripts):
    table = import_module("online").table()
    assert f"<!-- drift -->\n{table}\n" in (DOCS / "how-to/online.md").read_text("utf-8")


def test_the_table_of_recovered_constants_holds_the_kept_results(scripts):
    fits = import_module("fit_device")
    table = import_module("pages").markdown(fits.summarize(pd.read_csv(fits.CSV)))
    assert f"<!-- recovered -->\n{table}\n" in fits.PAGE.read_text("utf-8")


def test_other_packages_agree_within_what_is_stated(scripts):
    text = import_module("agreement").text()
    assert f"<!-- agreement -->\n{text}\n" in (DOCS / "how-to/quality.md").read_text("utf-8")
    kept = pd.read_csv(DOCS / "results/agreement.csv")
    assert not (kept["difference"] > kept["within"]).any()
    assert {name.split()[0] for name in kept["package"]} == {
        "rcbench", "openprc", "resdag", "reservoirpy"
    }  # fmt: skip


def test_tables_of_forecasts_and_of_the_map_are_those_kept(scripts):
    forecast, chart = import_module("forecast"), import_module("reservoir_map")
    page = (DOCS / "how-to/forecast.md").read_text("utf-8")
    kept = pd.read_csv(forecast.KEPT)
    for task in forecast.TASKS:
        assert f"<!-- {task.lower()} -->\n{forecast.table(kept, task)}\n" in page
    page = chart.PAGE.read_text("utf-8")
    for mark, text in chart.texts().items():
        assert f"<!-- {mark} -->\n{text}\n" in page


def test_the_table_of_measured_states_is_that_kept(scripts):
    measured = import_module("measured")
    text = measured.table(pd.read_csv(measured.KEPT))
    assert f"<!-- bench -->\n{text}\n<!-- end -->" in measured.PAGE.read_text("utf-8")


def test_tables_of_exported_models_are_those_kept_and_all_agree(scripts):
    export = import_module("export")
    kept = pd.read_csv(export.TABLE)
    page = export.PAGE.read_text("utf-8")
    for mark, text in export.tables(kept).items():
        assert f"<!-- {mark} -->\n{text}\n" in page
    nodes, recipes = (part for _, part in kept.groupby(~kept["model"].isin(export.NODES)))
    assert set(nodes["model"]) == set(export.NODES)
    assert (nodes["difference"] <= 1e-12).all()
    assert (kept["other decisions"] == 0).all()
    assert (recipes["difference"] < 1e-9).all()
    checked = ["clang", "sanitised", "aarch64", "Cortex-M4F", "Cortex-M7"]
    assert nodes[checked].all(axis=None)


def test_sentences_quote_the_kept_results(scripts):
    for path, found, numbers, quote in import_module("quotes").quoted():
        assert found is not None, f"{path.name} does not say: {quote.sentence}"
        assert list(found.groups()) == numbers, f"{path.name}: {quote.sentence}"


def test_every_page_that_a_script_writes_is_dated_with_its_machine(scripts):
    known = import_module("pages").SCRIPTS
    runs = pd.read_csv(DOCS / "results/runs.csv", index_col="script")
    assert {name for name, (_, pages) in known.items() if pages} == set(runs.index)
    for name in runs.index:
        path = ROOT / "benchmarks" / name
        assert path.is_dir() or path.with_suffix(".py").exists()
    assert runs.notna().all(axis=None)


def prose(path: Path, quotes: list[re.Pattern]) -> str:
    """Return a page without code, written tables, links, and sentences that are quotes."""
    text = path.read_text("utf-8")
    for quote in quotes:
        text = quote.sub("", text)
    for pattern in (r"```.*?```", r"<!-- (\w+) -->.*?<!-- end -->", r"`[^`]*`", r"\]\([^)]*\)"):
        text = re.sub(pattern, lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    return text


def test_no_page_states_a_measured_number_that_no_script_wrote(scripts):
    quotes = [quote.pattern() for quote in import_module("quotes").QUOTES]
    written = {page for _, pages in import_module("pages").SCRIPTS.values() for page in pages}
    written -= {"start/when-to-use", "how-to/prepare", "how-to/streaming", "notebooks/index"}
    typed = []
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        name = str(path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).with_suffix(""))
        if name in written or re.match(r"decisions|changelog|notebooks|_build|.*generated", name):
            continue
        text = prose(path, quotes)
        for stated in STATED.get(name, ()):
            text = re.sub(rf"(?<![\w.]){re.escape(stated)}", "", text)
        typed += [f"{name}: {found}" for found in MEASURED.findall(text)]
    assert not typed
