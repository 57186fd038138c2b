"""Code on pages of the documentation runs, and every public name is in the reference."""

import inspect
import re
from importlib import import_module
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


STARTS = (
    "start/camera",
    *(
        pytest.param(f"start/{name}", marks=pytest.mark.slow)
        for name in ("touch", "gas", "together")
    ),
)
OTHERS = (
    "explanations/memory", "explanations/regimes", "explanations/time", "how-to/own-files",
    "how-to/one-device",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore:voltage=.* lies outside")
@pytest.mark.filterwarnings("ignore:sense 'sight' is missing")
@pytest.mark.parametrize("page", [*STARTS, *OTHERS])
def test_a_page_shows_what_its_code_prints(page, capsys):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    names: dict = {}
    shown = ""
    for kind, block in re.findall(r"```(python|text)\n(.*?)```", text, re.DOTALL):
        if kind == "python":
            exec(compile(block, page, "exec"), names)
        else:
            shown += block
    assert capsys.readouterr().out == shown


def test_the_ten_lines_of_the_readme_run(capsys):
    (code,) = re.findall(
        r"```python\n(.*?)```", (DOCS.parent / "README.md").read_text("utf-8"), re.DOTALL
    )
    exec(compile(code, "README", "exec"), {})
    assert float(capsys.readouterr().out) > 0.9


MODULES = (
    "mottle.reservoir",
    "mottle.reservoir.devices",
    "mottle.reservoir.nonvolatile",
    "mottle.reservoir.plasticity",
    "mottle.sensors",
    "mottle.sensors.files",
    "mottle.datasets",
    "mottle.pipelines",
)


def listed() -> set[str]:
    """Return the full names in the reference pages."""
    found = set()
    for page in (DOCS / "reference").glob("*.md"):
        for module, block in re.findall(
            r"currentmodule:: (\S+)\n(.*?)```", page.read_text("utf-8"), re.DOTALL
        ):
            names = re.findall(r"^(?:   |\.\. data:: )([A-Za-z_]\w*)$", block, re.MULTILINE)
            found |= {f"{module}.{name}" for name in names}
    return found


def value_of(name: str):
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


def test_every_public_name_is_in_the_reference_once():
    names = listed()
    public = {f"{module}.{name}" for module in MODULES for name in import_module(module).__all__}
    documented = {id(value_of(name)) for name in names}
    assert not [name for name in sorted(public) if id(value_of(name)) not in documented]
    assert len(documented) == len(names)


# names without an example in their docstring; the list may only shrink
WITHOUT_EXAMPLE = {
    "datasets.FolderLayout",
    "datasets.Listing",
    "datasets.Plan",
    "datasets.Prepared",
    "datasets.Recordings",
    "datasets.Remote",
    "datasets.data_home",
    "datasets.fetch_dvs_gesture",
    "datasets.fetch_dynamic_mixtures",
    "datasets.fetch_ev_containers",
    "datasets.fetch_ev_objects",
    "datasets.fetch_fsdd",
    "datasets.fetch_gas_drift",
    "datasets.fetch_home_activity",
    "datasets.fetch_japanese_vowels",
    "datasets.fetch_mnist",
    "datasets.fetch_nmnist",
    "datasets.fetch_shd",
    "datasets.fetch_smellnet",
    "datasets.fetch_twin_arrays",
    "datasets.label_paired",
    "datasets.list_files",
    "datasets.load_biotac_slide",
    "datasets.load_dvs_gesture",
    "datasets.load_dynamic_mixtures",
    "datasets.load_ev_containers",
    "datasets.load_ev_objects",
    "datasets.load_fsdd",
    "datasets.load_gas_drift",
    "datasets.load_home_activity",
    "datasets.load_japanese_vowels",
    "datasets.load_mnist",
    "datasets.load_multimodal_gas",
    "datasets.load_ncars",
    "datasets.load_nmnist",
    "datasets.load_santafe_laser",
    "datasets.load_shd",
    "datasets.load_smellnet",
    "datasets.load_stmnist",
    "datasets.load_twin_arrays",
    "datasets.open_prepared",
    "datasets.open_states",
    "datasets.plan",
    "datasets.store_info",
    "datasets.verify_prepared",
    "pipelines.Reproduction",
    "pipelines.Result",
    "pipelines.SenseCheck",
    "pipelines.read_recipe",
    "pipelines.read_result",
    "pipelines.reproduce",
    "reservoir.ReservoirState",
    "reservoir.chip_ratios",
    "reservoir.devices.AgMemristor",
    "reservoir.devices.BurstNeuron",
    "reservoir.devices.DriftMemristor",
    "reservoir.devices.EventMemristor",
    "reservoir.devices.FastAgMemristor",
    "reservoir.devices.FerroelectricJunction",
    "reservoir.devices.HHNeuristor",
    "reservoir.devices.InterfaceMemristor",
    "reservoir.devices.LIF",
    "reservoir.devices.Memdiode",
    "reservoir.devices.PBit",
    "reservoir.devices.Programming",
    "reservoir.devices.PulseMemristor",
    "reservoir.devices.ThresholdSwitch",
    "reservoir.devices.TiOxMemristor",
    "reservoir.devices.VO2Neuristor",
    "reservoir.devices.WOxMemristor",
    "reservoir.devices.YakopcicMemristor",
    "reservoir.devices.sample_pbits",
    "reservoir.energy_summary",
    "reservoir.nonvolatile.Mapped",
    "reservoir.nonvolatile.SinhSelector",
    "reservoir.nonvolatile.ThresholdSelector",
    "reservoir.nonvolatile.WriteCircuit",
    "reservoir.nonvolatile.draw_robustness",
    "reservoir.nonvolatile.fit_aware",
    "reservoir.plasticity.OverlapRule",
    "reservoir.plasticity.PairRule",
    "reservoir.plasticity.TripletRule",
    "sensors.EncoderState",
    "sensors.files.EventFile",
    "sensors.files.EventReader",
    "sensors.files.Source",
    "sensors.files.Spikes",
    "sensors.files.read_idx",
}


def test_public_names_have_an_example():
    found = set()
    for name in listed():
        value = value_of(name)
        documented = inspect.isclass(value) or inspect.isfunction(value)
        if documented and "Examples\n" not in (inspect.getdoc(value) or ""):
            found.add(name.removeprefix("mottle."))
    assert found == WITHOUT_EXAMPLE


def test_links_between_files_lead_to_files():
    root = DOCS.parent
    pages = [*root.glob("*.md"), *DOCS.rglob("*.md")]
    missing = []
    for page in pages:
        for link in re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8")):
            target = page.parent / link
            if ":" not in link and not (target.exists() or target.with_suffix(".md").exists()):
                missing.append(f"{page.relative_to(root)}: {link}")
    assert not missing


def test_every_page_is_in_a_table_of_contents():
    text = "\n".join(page.read_text("utf-8") for page in DOCS.rglob("index.md"))
    absent = [
        page for page in DOCS.rglob("*.md")
        if page.stem not in text and page.parent.name != "decisions" and page.parent != DOCS
    ]  # fmt: skip
    assert not [page for page in absent if "generated" not in page.parts]


def test_the_page_of_commands_has_every_command():
    from mottle.pipelines.cli import main

    page = (DOCS / "reference/command-line.md").read_text("utf-8")
    for name, command in main.commands.items():
        for full in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert f"`mottle {full}" in page
