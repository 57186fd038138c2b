"""Devices of other packages: defined in forty lines, found by name, tested against the laws."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

from mottle import testing
from mottle.checks import suggest
from mottle.reservoir import (
    DeviceReservoir,
    MemristorReservoir,
    catalogue,
    device_node,
    devices,
    energy_report,
)
from mottle.reservoir.compiled.functions import clip, exp, sinh
from mottle.reservoir.nodes.memristor import DEVICES
from mottle.reservoir.nodes.outside import source
from mottle.testing import check_node

PACKAGE = Path(__file__).parents[1] / "outside"


class Twin(NamedTuple):
    """The constants of WOx devices."""

    rate: float = 1e-3
    eta: float = 8.0
    tau: float = 50e-3
    w_min: float = 0.1
    alpha: float = 1e-8
    beta: float = 0.5
    gamma: float = 1e-5
    delta: float = 4.0

    @property
    def time_scale(self):
        return self.tau


def twin_step(w, v, dt, c):
    rest = c.w_min + c.tau * c.rate * sinh(c.eta * v)
    return clip(rest + (w - rest) * exp(-dt / c.tau), 0.0, 1.0)


def twin_current(w, v, c):
    return w * c.gamma * sinh(c.delta * v) + (1.0 - w) * c.alpha * (1.0 - exp(-c.beta * v))


TWIN = device_node(
    "test_twin", Twin(), state={"w": "w_min"}, step=twin_step, current=twin_current,
    dt_device=1e-2, v_bias=0.9, v_gain=0.3, rates=("rate",), times=("tau",),
)  # fmt: skip


class Circuit(NamedTuple):
    """Two capacitors in a chain."""

    r_1: float = 1e3
    r_2: float = 2e3
    c_1: float = 1e-6
    c_2: float = 0.5e-6
    source: str = "two lines of algebra"
    time_scale: float = 1e-3


def charge(a, b, v, c):
    return (v - a) / (c.r_1 * c.c_1) + (b - a) / (c.r_2 * c.c_1), (a - b) / (c.r_2 * c.c_2)


def last(a, b, v, c):
    return b


CHAIN = device_node(
    "test_chain", Circuit(), state={"a": 0.0, "b": 0.0}, derivative=charge, output=last, unit="V",
    dt_device=1e-3, dt_inner=2e-6, v_bias=0.0, v_gain=1.0, times=("c_1", "c_2"),
)  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Install the package into a folder; return an environment in which Python finds it."""
    folder = tmp_path_factory.mktemp("outside")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--no-index", "--no-build-isolation", "--target", folder / "site",
               copied(folder / "source")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    paths = os.pathsep.join([str(folder / "site"), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": paths, "XDG_CACHE_HOME": str(folder / "cache")}


def copied(folder: Path) -> Path:
    """Copy the package, since building writes files to the sources."""
    for file in PACKAGE.rglob("*"):
        if file.suffix in (".py", ".toml"):
            target = folder / file.relative_to(PACKAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return folder


def python(code: str, environment) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.glob("two_memristors/[!_]*.py")), ids=lambda f: f.stem
)
def test_a_device_takes_at_most_forty_lines(file):
    assert sum(bool(line.strip()) for line in file.read_text().splitlines()) <= 40


@pytest.mark.slow
def test_devices_of_an_installed_package_fulfil_the_laws(environment):
    code = (
        "from mottle.testing import check_node\n"
        "from mottle.reservoir import devices\n"
        "print(len(check_node('vteam')), len(check_node('second_order')))\n"
        "print(devices.list().loc['vteam', 'source'][:9], devices.get('second_order').tau)\n"
        "run = devices.simulate('second_order', [0.5] * 20 + [0.0] * 40, 1e-3)\n"
        "print(round(float(run.w[19] / run.w[59]), 1), run.attrs['energy_device'] > 0)\n"
    )
    laws, names, run = python(code, environment).splitlines()
    assert laws == "14 14"
    assert names == "Kvatinsky 0.05"
    fall = float(run.split()[0])
    assert 2.0 < fall < 2.4  # e^(40 / 50) = 2.2
    assert run.endswith("True")


@pytest.mark.slow
def test_kernels_are_compiled_once_per_installation(environment):
    code = (
        "import numpy as np\n"
        "from mottle.reservoir import DeviceReservoir, catalogue\n"
        "node = DeviceReservoir(5, device='vteam', random_state=0)\n"
        "node.fit_transform(np.zeros((4, 1)))\n"
        "family = catalogue.family_of(catalogue.get('vteam'))\n"
        "kernel = family.node.compiled(catalogue.get('vteam'), node.devices_, 1e-3, 0.2, 0)[0]\n"
        "kernel = kernel.__wrapped__\n"
        "print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))\n"
    )
    python(code, environment)
    assert python(code, environment).split() == ["1", "0"]


@pytest.mark.slow
def test_commands_and_recipes_find_an_installed_device(environment, tmp_path):
    code = "from mottle.pipelines.cli import main; main(['devices', 'list'])"
    assert "second_order" in python(code, environment | {"COLUMNS": "200"})
    figure = tmp_path / "vteam.png"
    arguments = ["devices", "show", "vteam", "--plot", str(figure)]
    code = f"from mottle.pipelines.cli import main; main({arguments})"
    assert "k_off          50.0" in python(code, environment)
    assert figure.read_bytes().startswith(b"\x89PNG")
    recipe = (Path(__file__).parents[2] / "pipelines/recipes/demo-grasp.toml").read_text()
    recipe = recipe.split("[reservoirs]")[0] + (
        "[reservoirs]\n"
        "vteam = { kind = 'DeviceReservoir', device = 'vteam', n_nodes = 16, pool = 'mean' }\n"
        "none = { kind = 'NoReservoir', pool = 'mean' }\n"
    )
    (tmp_path / "own.toml").write_text(recipe.replace('kind = "blocked"', 'kind = "grouped"'))
    code = (
        "from mottle.pipelines.cli import main\n"
        f"main(['run', {str(tmp_path / 'own.toml')!r}, '--out', {str(tmp_path)!r}, '--json'])"
    )
    scores = json.loads(python(code, environment))["scores"]
    assert {row["reservoir"] for row in scores} == {"vteam", "none"}


@pytest.mark.parametrize(
    "name",
    [
        *DEVICES,
        *(pytest.param(f"test_{name}", marks=pytest.mark.slow) for name in ("chain", "twin")),
    ],
)
def test_devices_fulfil_the_laws(name):
    assert "causal" in check_node(name, n_nodes=70)


@pytest.mark.parametrize("spread", [0.0, 0.2], ids=["alike", "spread"])
@pytest.mark.parametrize("observable", ["state", "conductance", "current"])
def test_the_equations_of_wox_give_the_states_of_wox(observable, spread):
    X = np.random.default_rng(0).uniform(-1, 1, (2, 50, 3))
    common = {"observable": observable, "tau": "log", "n_masks": 2, "random_state": 0}
    spread = {"rate": spread, "tau": spread}
    wox = MemristorReservoir(140, spread=spread, **common).fit(X)
    reference = DeviceReservoir(140, device="test_twin", spread=spread, **common).fit(X)
    reference.devices_ |= wox.devices_  # constants are drawn in another order
    reference.input_weights_ = wox.input_weights_
    assert_allclose(reference.transform(X), wox.transform(X), rtol=1e-9)
    for name in ("device", "supply"):
        assert_allclose(reference.energy(X)[name], wox.energy(X)[name], rtol=0.05)  # by trapezia


def test_a_derivative_is_integrated_as_scipy_does():
    rng = np.random.default_rng(1)
    volts, c = rng.uniform(-1, 1, 30), Circuit()
    run = devices.simulate("test_chain", volts, 1e-3)
    state, expected = np.zeros(2), []
    for v in volts:
        leg = solve_ivp(lambda _, s, v=v: charge(*s, v, c), (0, 1e-3), state, rtol=1e-9, atol=1e-12)
        state = leg.y[:, -1]
        expected.append(state)
    assert_allclose(np.column_stack([run.a, run.b]), expected, rtol=1e-5, atol=1e-7)
    assert_array_equal(run.output, run.b)
    assert run.output.attrs["units"] == "V"
    node = DeviceReservoir(1, device=CHAIN, wiring="one_to_one", random_state=0)
    assert_allclose(node.fit_transform(volts[:, None])[:, 0], run.b, rtol=1e-12)
    assert node.units == "V"


def test_time_constants_are_spaced_for_devices_that_list_their_times():
    X = np.zeros((5, 1))
    node = DeviceReservoir(8, device="test_chain", tau=(1e-4, 1e-2), random_state=0).fit(X)
    assert_allclose(np.sort(node.devices_["c_1"])[[0, -1]], [1e-7, 1e-5])
    assert_allclose(node.devices_["c_2"], 0.5 * node.devices_["c_1"])
    assert_array_equal(node.devices_["r_1"], np.full(8, 1e3))


def test_a_device_is_found_by_its_node_its_constants_and_its_name_and_pickles():
    X = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    found = [
        DeviceReservoir(5, device=device, random_state=0).fit_transform(X)
        for device in (TWIN, Twin(), "test_twin")
    ]
    assert_array_equal(found[0], found[1])
    assert_array_equal(found[0], found[2])
    node = DeviceReservoir(5, device=TWIN, random_state=0).fit(X)
    assert_array_equal(pickle.loads(pickle.dumps(node)).transform(X), found[0])
    other = DeviceReservoir(5, device=Twin(tau=0.5), random_state=0).fit_transform(X)
    assert np.abs(other - found[0]).max() > 1e-3


def test_a_wrong_equation_is_named_with_its_place():
    class Wrong(NamedTuple):
        tau: float = 1.0

    device_node(
        "test_wrong", Wrong(), state={"x": 0.5}, dt_device=1e-3,
        step=lambda x, v, dt, c: x / (v - 0.5) - x / (v - 0.5),
    )  # fmt: skip
    node = DeviceReservoir(
        3, device="test_wrong", v_bias=0.5, v_gain=0.0, spread=0.02, random_state=0
    )  # with constants as check_node draws them, so that one kernel serves both
    with pytest.raises(
        ValueError, match=r"'test_wrong' gives nan in recording 0 .* step 0, node 0"
    ):
        node.fit_transform(np.zeros((4, 1)))
    with pytest.raises(AssertionError, match=r"law 'finite'|gives nan"):
        check_node("test_wrong")


@pytest.mark.slow
def test_a_broken_law_is_named():
    class Ahead(NamedTuple):
        gain: float = 1.0

    device_node("test_still", Ahead(), state={"x": 0.5}, dt_device=1e-3, step=lambda x, v, dt, c: x)
    with pytest.raises(
        AssertionError, match=r"law 'finite': Check that .* All nodes have the same state"
    ):
        check_node("test_still", n_nodes=5)


class Leaf(NamedTuple):
    """Constants for the tests below."""

    tau: float = 1.0


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"state": {}}, "needs a state, and either step or derivative"),
        ({"derivative": charge}, "either step or derivative"),
        ({"state": {"x": "tua"}}, "state at rest='tua' is not known; did you mean 'tau'"),
        ({"rates": ("k",)}, "constant='k' is not known"),
        ({"limits": {"y": (0, 1)}}, "limits of state='y' is not known"),
        ({"dt_device": 0.0}, "dt_device=0.0 s must be .* above 0"),
        ({"dt_inner": np.nan}, "dt_inner=nan s must be a finite number"),
        ({"preset": {"tau": 1.0}}, "constants are a NamedTuple"),
        ({"name": "hp"}, "device 'hp' is a preset of mottle"),
        ({"name": "test_other", "preset": Twin()}, "type Twin are those of 'test_twin'"),
    ],
)
def test_impossible_descriptions_are_refused(changed, text):
    given = {"name": "test_leaf", "preset": Leaf(), "state": {"x": 0.0}, "step": twin_step,
             "dt_device": 1e-3} | changed  # fmt: skip
    with pytest.raises(ValueError, match=text):
        device_node(given.pop("name"), given.pop("preset"), **given)


def test_impossible_constants_and_parameters_are_refused():
    X = np.zeros((3, 1))
    with pytest.raises(ValueError, match=r"device\.tau=nan must be a finite number"):
        DeviceReservoir(3, device=Twin(tau=np.nan)).fit(X)
    with pytest.raises(ValueError, match="'hp' is not a voltage-driven node; take one of"):
        DeviceReservoir(3, device="hp").fit(X)
    with pytest.raises(ValueError, match="did you mean 'test_twin'"):
        DeviceReservoir(3, device="test_twni").fit(X)
    with pytest.raises(ValueError, match="observable='current' is not known"):
        DeviceReservoir(3, device="test_chain", observable="current").fit(X)
    device_node("test_leaf", Leaf(), state={"x": 0.0}, step=twin_step, dt_device=1e-3)
    with pytest.raises(ValueError, match="tau='log' needs a device whose description lists"):
        DeviceReservoir(3, device="test_leaf", tau="log").fit(X)


def test_a_changed_function_has_its_own_kernel(monkeypatch):
    equations = source.Equations("a", Twin, ("w",), Twin._fields, ((0.0, 1.0),), twin_step, None,
                                 None, None)  # fmt: skip
    text = source.write_source(equations, __name__)
    first = source.digest(equations, text)
    assert source.digest(equations, text) == first
    changed = equations._replace(step=last)
    assert source.digest(changed, text) != first


def test_a_changed_kernel_file_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = source.save("mottle_node_test", "x = 1\n")
    path.write_text("raise SystemExit\n")
    assert source.save("mottle_node_test", "x = 1\n").read_text() == "x = 1\n"


def test_without_a_writable_directory_kernels_exist_in_the_process_only(tmp_path, monkeypatch):
    file = tmp_path / "no_folder"
    file.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    equations = source.Equations("a", Twin, ("w",), Twin._fields, ((0.0, 1.0),), twin_step, None,
                                 None, None)  # fmt: skip
    kernel = source.load_kernel(equations)
    assert kernel.run is not None
    assert "mottle_node_of_a" in kernel.__name__


def test_a_package_that_cannot_be_loaded_is_left_out_with_a_warning():
    class Point:
        name, group, module, dist = "broken", "mottle.nodes", "nowhere", None

        def load(self):
            raise ImportError("no module named 'nowhere'")

    from mottle.plugins import load_plugin

    with pytest.warns(UserWarning, match="'broken' of the package 'nowhere' cannot be loaded"):
        assert load_plugin(Point()) is None


def test_names_of_other_libraries_are_known():
    assert suggest("units", ["n_nodes", "pool"]) == "; did you mean 'n_nodes'?"
    assert catalogue.find_family(Twin()) is catalogue.OUTSIDE["test_twin"]


class Fast(NamedTuple):
    """A linear device that follows the voltage with a time constant."""

    tau: float = 5e-3  # s
    time_scale: float = 5e-3  # s


def fast_device(**more):
    given = {"state": {"x": 0.0}, "dt_device": 1e-3, "times": ("tau",)}
    given |= {"v_bias": 0.5, "v_gain": 0.5, "derivative": lambda x, v, c: (v - x) / c.tau}
    catalogue.OUTSIDE.pop("test_fast", None)  # each test defines it anew
    return device_node("test_fast", Fast(), **given | more)


@pytest.mark.slow
def test_steps_of_integration_follow_the_fastest_node():
    device = fast_device(limits={"x": (-3.0, 3.0)})
    u = np.random.default_rng(0).uniform(-1, 1, (300, 1))
    nodes = DeviceReservoir(3, device=device, tau=(1e-4, 1e-3), fan_in=None, random_state=0)
    states = nodes.fit_transform(u)
    taus, volts = nodes.devices_["tau"], 0.5 + 0.5 * u @ nodes.input_weights_.toarray().T
    x, expected = np.zeros(3), []
    for v in volts:
        x = v + (x - v) * np.exp(-1e-3 / taus)
        expected.append(x)
    np.testing.assert_allclose(states, expected, atol=0.01)


class Driven(NamedTuple):
    """A rate and a time, either of which may be 0."""

    rate: float = 100.0
    tau: float = 1e-2
    time_scale: float = 1e-2


@pytest.mark.slow
def test_a_mechanism_with_a_rate_of_0_is_left_out_and_a_time_of_0_is_refused_with_its_place():
    device_node(
        "test_driven", Driven(), state={"x": 0.5}, dt_device=1e-3, dt_inner=1e-4,
        derivative=lambda x, v, c: c.rate * v - x / c.tau, rates=("rate",), times=("tau",),
    )  # fmt: skip
    u = np.ones((50, 1))
    off = DeviceReservoir(3, device=Driven(rate=0.0), tau="log", random_state=0)
    states = off.fit_transform(u)
    decay = 0.5 * np.exp(-0.05 / off.devices_["tau"])
    assert_allclose(states[-1], decay, rtol=1e-3)
    with pytest.raises(ValueError, match="gives nan in recording 0 of a block, step 0"):
        DeviceReservoir(3, device=Driven(tau=0.0), tau="log", random_state=0).fit_transform(u)


class Stiff(NamedTuple):
    tau: float = 1e-2


def relax(x, v, c):
    return (v - x) / c.tau


STIFF = device_node(
    "test_stiff", Stiff(), state={"x": 0.0}, derivative=relax, limits={"x": (-1.0, 1.0)},
    dt_device=1e-2, dt_inner=1e-3, v_bias=0.3, v_gain=0.3,
)  # fmt: skip


@pytest.mark.parametrize("tau", [4e-4, 1e-4, 1e-5])  # s; limits hide what diverges below 5e-4
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"n_masks": 5, "n_taps": 2},
        {"spectral_radius": 0.5, "read_noise": 0.1},
        {"wiring": "dilated"},
        {"spread": 0.1},
    ],
    ids=str,
)
def test_an_integration_that_diverges_within_limits_is_warned_of_by_fit(tau, more):
    drive = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    drive[:25] = 0.0
    with pytest.warns(UserWarning, match=r"dt_inner=0\.001 s is too long .* smaller dt_inner"):
        DeviceReservoir(20, device=Stiff(tau), random_state=0, **more).fit([drive[:20], drive])


@pytest.mark.parametrize("tau", [2e-3, 1e-3])
def test_steps_that_are_short_enough_are_not_warned_of_and_change_no_state(tau):
    drive = np.random.default_rng(0).uniform(-1, 1, (50, 2))
    nodes = DeviceReservoir(20, device=Stiff(tau), random_state=0).fit(drive)
    states = nodes.transform(drive)
    volts = 0.3 + 0.3 * drive @ nodes.input_weights_.toarray().T
    for node in range(3):
        run = devices.simulate(Stiff(tau), volts[:, node], 1e-2)
        assert_allclose(run["x"], states[:, node], rtol=1e-12)
        # the exact relaxation within a held step
        x, exact = 0.0, []
        for v in volts[:, node]:
            x = v + (x - v) * np.exp(-1e-2 / tau)
            exact.append(x)
        assert_allclose(run["x"], exact, atol=0.01)


def test_simulate_warns_of_an_integration_that_diverges_within_limits():
    volts = np.r_[np.zeros(50), 0.5, np.zeros(50)]
    with pytest.warns(UserWarning, match=r"'test_stiff': dt_inner=0\.001 s is too long") as found:
        devices.simulate(Stiff(1e-4), volts, 1e-2)
    assert found[0].filename == __file__
    devices.simulate(Stiff(1e-4), volts, 1e-2, dt_inner=2e-5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"limits": {"x": (1, 0)}}, r"limits of 'x' are \(1, 0\); expected \(low, high\)"),
        ({"limits": {"x": 1.0}}, r"limits of 'x' are 1.0"),
        ({"limits": {"x": (0.5, 1.0)}}, "'x' is 0.0 at rest, outside its limits 0.5 to 1"),
        ({"state": {"voltage": 0.0}}, "a state cannot be called 'voltage'"),
    ],
)
def test_states_and_limits_that_cannot_be_are_refused(more, message):
    with pytest.raises(ValueError, match=message):
        fast_device(**more)


@pytest.mark.parametrize(
    ("current", "message"),
    [
        (lambda x, v, c: 1e-6 * (v + 0.5), "A current flows at 0 V"),
        (lambda x, v, c: 1e-6 * v * v, "At -.* V the current is"),
    ],
)
def test_currents_that_give_energy_are_found(current, message, monkeypatch):
    monkeypatch.setattr(testing, "LAWS", {"passive": testing.LAWS["passive"]})
    with pytest.raises(AssertionError, match=f"law 'passive'.*{message}"):
        check_node(fast_device(current=current), n_nodes=5)


@pytest.mark.slow
def test_an_energy_report_names_devices_without_a_current():
    u = np.random.default_rng(0).uniform(-1, 1, (4, 50, 1))
    nodes = DeviceReservoir(5, device=fast_device(), pool="mean", random_state=0).fit(u)
    left = energy_report(nodes, u).attrs["not_counted"]
    assert any("devices, which give no current" in one for one in left)
    with_current = fast_device(current=lambda x, v, c: 1e-6 * v)
    nodes = DeviceReservoir(5, device=with_current, pool="mean", random_state=0).fit(u)
    report = energy_report(nodes, u)
    assert report.attrs["not_counted"] == []
    assert report["energy"].max() > 0


DRIVE = np.random.default_rng(0).uniform(-1, 1, (4, 1))


def not_compiled(x):
    return 2 * x


FAULTY = {
    "constant": ({"derivative": lambda x, v, c: v / c.taux}, "derivative .*'taux' .*constants tau"),
    "name": ({"derivative": lambda x, v, c: v - nowhere}, "derivative .*'nowhere'"),  # noqa: F821
    "text": ({"derivative": lambda x, v, c: "a" + x}, r"derivative .*add\(Literal\[str\]\(a\)"),
    "helper": ({"derivative": lambda x, v, c: not_compiled(x)}, "derivative .*'not_compiled'"),
    "module": ({"derivative": lambda x, v, c: np.linalg.no(x)}, "derivative .*attribute 'no'"),
    "tuple": ({"step": lambda x, v, dt, c: (x, v)}, "step .*returns .*expected a number"),
    "output": ({"derivative": lambda x, v, c: v - x, "output": lambda x, v, c: [x]},
               r"output .*returns \[0\.5\], expected a number"),
    "current": ({"derivative": lambda x, v, c: v - x, "current": lambda x, v, c: c.g * v},
                "current .*attribute 'g'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_function_that_cannot_be_compiled_is_named_with_the_reason(name):
    functions, message = FAULTY[name]
    device = f"test_faulty_{name}"

    class Own(NamedTuple):
        tau: float = 1.0

    device_node(device, Own(), state={"x": 0.0}, dt_device=1e-3, **functions)
    message = f"device '{device}': {message}"
    node = DeviceReservoir(3, device=device, random_state=0)
    with pytest.raises(ValueError, match=message):
        node.fit_transform(DRIVE)
    with pytest.raises(ValueError, match=message):
        devices.simulate(device, [0.5] * 3, 1e-3)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"derivative": lambda x, v: v - x}, r"derivative takes \(x, v\), expected \(x, v, c\)"),
        ({"step": lambda x, v, c: x}, r"step takes \(x, v, c\), expected \(x, v, dt, c\)"),
        ({"derivative": lambda x, v, c: v, "current": lambda v, c: v}, r"current takes \(v, c\)"),
        ({"derivative": 3}, "derivative=3 must be a function"),
        ({"derivative": abs}, "derivative=.*abs.* must be a function of Python"),
    ],
)
def test_functions_of_other_arguments_are_refused_when_a_device_is_defined(functions, message):
    with pytest.raises(ValueError, match=f"device 'test_leaf': {message}"):
        device_node("test_leaf", Leaf(), state={"x": 0.0}, dt_device=1e-3, **functions)


def test_the_name_of_an_entry_point_leads_to_its_device(monkeypatch):
    monkeypatch.setitem(catalogue.POINTS, "twin_of_mine", "test_twin")
    with pytest.raises(ValueError, match=r"'twin_of_mine' is the name of an entry .*'test_twin'"):
        DeviceReservoir(3, device="twin_of_mine").fit(DRIVE)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"state": ["w"]}, r"state=\['w'\] must be a dict of a state's name"),
        ({"limits": [(0, 1)]}, r"limits=\[\(0, 1\)\] must be a dict of a state's name to \(low"),
        ({"presets": Leaf()}, "presets=.* must be a dict of a name to constants"),
        ({"stat": {"w": 0.0}}, "device_node has no option 'stat'; did you mean 'state'"),
    ],
)
def test_lists_for_dicts_and_misspelt_arguments_are_named(changed, message):
    given = {"state": {"x": 0.0}, "step": twin_step, "dt_device": 1e-3} | changed
    with pytest.raises(TypeError, match=message):
        device_node("test_leaf", Leaf(), **given)
