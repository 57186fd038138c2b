"""The report: what it says, and how a browser lays it out on a phone and on a desk."""

import re
from dataclasses import replace

import numpy as np
import pytest
from browser import find_browser, lay_out

from mottle.datasets import load_demo
from mottle.pipelines import read_result, run_recipe
from mottle.pipelines.output import is_cheap, write_all
from mottle.pipelines.page import Pictures, follow_colours
from mottle.pipelines.report import section, section_names, write_report
from mottle.pipelines.report_parts import differences_part, key_lines, parts_of

POOLED = {"pool": "mean"}
RECIPE = {
    "title": "Touch <and> joints",
    "seeds": [0, 1],
    "metric": ["accuracy", "f1_macro"],
    "data": {"name": "demo", "options": {"task": "grasp"}},
    "split": {"kind": "blocked", "n_splits": 3},
    "encoders": {sense: {"kind": "TaxelDrive", "n_steps": 6} for sense in ("touch", "joints")},
    "reservoirs": {
        "memristor": {"kind": "MemristorReservoir", "n_nodes": 20, **POOLED},
        "echo": {"kind": "EchoStateReservoir", "n_nodes": 20, **POOLED},
        "none": {"kind": "NoReservoir", **POOLED},
    },
}
WIDTHS = (390, 1280)
needs_browser = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def result():
    return run_recipe(RECIPE)


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    """A report of two results that share their title, with all that lies beside it."""
    folder = tmp_path_factory.mktemp("report")
    bare = replace(result, states={}, examples={}, source="memory")
    write_all(folder, {"first": result, "Second one": bare})
    return folder


@pytest.fixture(scope="module")
def html(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_a_phone_and_a_desk_and_its_contents_lead_to_their_parts(
    folder, tmp_path, dark
):
    found = lay_out(folder / "report.html", WIDTHS, tmp_path, dark)
    assert [one["width"] for one in found] == list(WIDTHS)
    for one in found:
        assert one["content"] <= one["width"]
        assert one["body"] <= one["width"]
        assert one["fits"]
        assert one["images"] == one["loaded"] == 14
        assert len(one["jumps"]) == 10 + 9  # a section and its nine parts; one without a recording
        assert all(top is not None and -1 <= top <= one["window"] for top in one["jumps"])
        assert one["requests"] == []  # nothing is fetched, from nowhere
        light = [int(level) > 128 for level in re.findall(r"\d+", one["ink"])]
        assert light == [dark] * 3


def test_every_link_and_picture_file_is_there(folder, html):
    links = re.findall(r"href='([^'#]+)'", html)
    assert len(links) == 2 * html.count("<figure>") == len(set(links))
    for link in links:
        path = folder / link
        start = path.read_bytes()[:100]
        assert start.startswith(b"\x89PNG") or b"<?xml" in start
    assert {path.name for path in (folder / "figures").iterdir()} == {
        link.removeprefix("figures/") for link in links
    }
    assert not re.search(r"(src|href)='https?:", html)
    assert "<script" not in html


def test_names_of_sections_are_those_of_results_and_differ(result):
    assert section_names({"a b": result, "A-b": result}) == ["a-b", "a-b-2"]
    assert section_names([result]) == ["touch-and-joints"]


def test_words_of_the_tables_are_explained_and_only_those(html):
    assert "<dt>middle</dt><dd>middle fusion: one reservoir a modality" in html
    assert "<dt>none</dt><dd>no reservoir" in html
    assert "<dt>echo</dt><dd>echo state network" in html
    assert "volatile memristors (MemristorReservoir, 20 nodes)" in html
    assert "<dt>f1_macro</dt>" in html
    assert "nrmse" not in html


def test_ranges_over_seeds_and_folds_are_stated_with_their_numbers(result, html):
    own = result.fold_scores.query(
        "reservoir == 'memristor' and inputs == 'middle' and missing == '' and metric == 'accuracy'"
    )
    seeds = 100 * own.groupby("seed")["score"].mean()
    folds = 100 * own.groupby("fold")["score"].mean()
    cell = (
        f"{seeds.median():.1f} <span class='range'>[{seeds.min():.1f}-{seeds.max():.1f}]</span><br>"
        f"<span class='range'>folds {folds.min():.1f}-{folds.max():.1f}</span>"
    )
    assert cell in html
    assert (
        "median over 2 seeds of the mean over 3 folds, in brackets lowest to highest seed" in html
    )


def test_differences_name_their_test_and_too_few_folds_are_not_tested(result, html):
    row = result.differences("none").query("reservoir == 'memristor' and inputs == 'middle'")
    assert f"{100 * row['difference'].iloc[0]:+.1f}" in html
    assert "doi:10.1023/A:1024068626366" in html
    some = result.truth["fold"] < 2
    few = replace(
        result, truth=result.truth[some], predictions=result.predictions[some],
        fold_scores=result.fold_scores[result.fold_scores["fold"] < 2],
    )  # fmt: skip
    text = key_lines(few) + differences_part(few, Pictures())
    assert "too few folds to tell" in text
    assert "2 folds are too few to tell differences from noise" in text
    assert "<th scope='col'>p</th>" in text
    assert " p = " not in text


def test_cost_and_energy_are_those_of_the_result(result, html):
    assert "predict, a recording" in html
    assert "Energy of one recording" in html
    assert set(result.energy) == {"memristor", "echo", "none"}
    assert not is_cheap(replace(result, source="memory"))
    dear = result.fits.assign(fit_wall=100.0)
    assert not is_cheap(replace(result, fits=dear))


def test_a_result_of_a_file_has_a_report_without_times_and_recordings(result, tmp_path):
    again = read_result(result.save(tmp_path / "x.json"))
    assert again.fits.empty
    assert not {"Cost", "One recording"} & set(parts_of(again))
    assert {"Scores", "Differences", "Errors"} < set(parts_of(again))
    assert key_lines(again) == key_lines(result)


def test_reservoirs_that_the_recipe_does_not_name_are_shown_without_words(result):
    def renamed(frame):
        return frame.replace({"reservoir": {"echo": "forest"}})

    other = replace(
        result, scores=renamed(result.scores), fold_scores=renamed(result.fold_scores),
        fits=renamed(result.fits),
        recipe={**RECIPE, "reservoirs": {"none": RECIPE["reservoirs"]["none"]}},
        predictions=result.predictions.rename(columns={"echo": "forest"}, level=0), examples={},
        states={},
    )  # fmt: skip
    text = section(other)
    assert "forest, middle" in text
    assert "the recipe has no EchoStateReservoir" in text


def test_numbers_have_a_report_too(tmp_path):
    some = load_demo("grasp").take(np.arange(0, 200, 4))
    closed = np.array([float(np.asarray(stream)[-1].mean()) for stream in some.table["joints"]])
    recipe = {
        key: RECIPE[key] for key in ("seeds", "split", "reservoirs")
    } | {"title": "numbers", "encoders": {"touch": RECIPE["encoders"]["touch"]}}  # fmt: skip
    result = run_recipe(recipe, recordings=some._replace(target=closed))
    text = write_report(tmp_path / "r.html", [result], pictures=False).read_text(encoding="utf-8")
    assert "0 is perfect, 1 is what the mean of the target scores" in text
    assert "Predicted against true values" in text
    assert "to the left is better" in text
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_embedded_pictures_take_the_colours_of_the_reader_and_files_stay_black_on_white(folder):
    svg = (folder / "figures" / "first-scores-accuracy.svg").read_text(encoding="utf-8")
    assert "stroke: #000000" in svg
    followed = follow_colours(svg)
    assert "stroke: #000000" not in followed
    assert "prefers-color-scheme" in followed
    assert '<g id="patch_1">' in followed
    ground = followed[followed.index('<g id="patch_1">') :].split("style=")[1][:20]
    assert ground.startswith('"fill: none"')
