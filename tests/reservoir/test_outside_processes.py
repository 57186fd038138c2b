"""Own devices in worker processes, in pickles, and defined a second time."""

import os
import pickle
import subprocess
import sys
import warnings
from copy import deepcopy
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from mottle.reservoir import DeviceReservoir, catalogue, device_node, devices

DEVICE = """
from typing import NamedTuple
from numba import njit
from mottle.reservoir import device_node
from mottle.reservoir.compiled.functions import sinh

GAIN = 3.0

@njit
def amplified(v):
    return GAIN * v

class Slow(NamedTuple):
    rate: float = 5.0
    tau: float = 20e-3

def change(w, v, c):
    return c.rate * sinh(amplified(v)) * (1.0 - w) - w / c.tau

NODE = device_node("far_device", Slow(), state={"w": 0.0}, derivative=change, dt_device=5e-3,
                   dt_inner=2.5e-3)
"""
WORK = """
import pickle
import sys

import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from mottle.reservoir import DeviceReservoir, RidgeReadout

X = np.random.default_rng(0).uniform(-1, 1, (40, 10, 2))
y = (X[:, :, 0].mean(axis=1) > 0).astype(int)

def model(device):
    reservoir = DeviceReservoir(8, device=device, pool="last", random_state=0)
    return make_pipeline(reservoir, RidgeReadout())

def score(device, n_jobs):
    return cross_val_score(model(device), X, y, n_jobs=n_jobs, error_score="raise", cv=3).tolist()
"""
COMPARE = """
if __name__ == "__main__":
    for device in ("far_device", NODE, Slow(rate=2.0)):
        assert score(device, 1) == score(device, 2), device
    grid = {"devicereservoir__device": ["far_device", Slow(rate=1.0)]}
    search = GridSearchCV(model("wox_du2017"), grid, n_jobs=2, error_score="raise", cv=3).fit(X, y)
    assert search.cv_results_["mean_test_score"][0] == np.mean(score("far_device", 1))
    fitted = model("far_device").fit(X, y)
    with open(sys.argv[1], "wb") as file:
        pickle.dump((fitted, fitted[0].transform(X)), file)
"""
AGAIN = """
    import warnings

    def change(w, v, c):
        return c.rate * amplified(v) - w / c.tau

    warnings.simplefilter("ignore")
    device_node("far_device", Slow(), state={"w": 0.0}, derivative=change, dt_device=5e-3,
                dt_inner=2.5e-3)
    assert score("far_device", 1) == score("far_device", 2)  # workers take the new equations
"""


def run(folder, code, *arguments, fine=True):
    """Run code as a script in a folder; return what it printed, or its error."""
    (folder / "script.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py", *map(str, arguments)], cwd=folder, text=True,
        capture_output=True, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
    )  # fmt: skip
    assert (done.returncode == 0) == fine, done.stdout + done.stderr
    return done.stdout if fine else done.stderr


@pytest.mark.slow
def test_a_device_of_a_script_works_in_workers_and_its_pickle_says_what_it_lacks(tmp_path):
    run(tmp_path, WORK + DEVICE + COMPARE + AGAIN, "model.pickle")
    read = (
        "import pickle, sys\n"
        "model, features = pickle.load(open('model.pickle', 'rb'))\n"
        "import numpy as np\n"
        "model.predict(np.zeros((2, 10, 2)))\n"
    )
    error = run(tmp_path, read, fine=False).splitlines()[-1]
    assert "device='far_device' is not known here: it was defined in '__main__'" in error
    assert "Call its device_node here first" in error
    assert "define your own with device_node" not in error
    assert "predictions" in run(tmp_path, DEVICE + read + "print('predictions')")
    changed = DEVICE.replace("c.rate * sinh", "2.0 * c.rate * sinh")
    error = run(tmp_path, changed + read, fine=False).splitlines()[-1]
    assert "has other values of derivative than the one" in error


@pytest.mark.slow
def test_a_device_of_a_module_works_in_workers_and_in_a_new_process(tmp_path):
    (tmp_path / "far_module.py").write_text(DEVICE, encoding="utf-8")
    run(tmp_path, WORK + "from far_module import NODE, Slow\n" + COMPARE, "model.pickle")
    read = (
        "import pickle\n"
        "model, features = pickle.load(open('model.pickle', 'rb'))\n"
        "import numpy as np\n"
        "X = np.random.default_rng(0).uniform(-1, 1, (40, 10, 2))\n"
        "print(np.array_equal(model[0].transform(X), features))\n"
    )
    assert run(tmp_path, read) == "True\n"


class Leak(NamedTuple):
    """Constants of the devices below."""

    tau: float = 1e-2


def leak(x, v, dt, c):
    """Return the next state."""
    return x + (v - x) * dt / c.tau


def faster(x, v, dt, c):
    return x + 2.0 * (v - x) * dt / c.tau


def leaking(name="twice", **changed):
    given = {"state": {"x": 0.0}, "step": leak, "dt_device": 1e-3} | changed
    return device_node(name, given.pop("preset", Leak()), **given)


@pytest.fixture(autouse=True)
def clean():
    """Forget the devices of these tests."""
    yield
    for name in ("twice", "never"):
        catalogue.OUTSIDE.pop(name, None)
        catalogue.UNUSABLE.pop(name, None)


def test_a_fitted_reservoir_keeps_the_equations_it_was_fitted_with():
    X = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    first = leaking()
    named, given, constants = (
        DeviceReservoir(4, device=device, random_state=0).fit(X)
        for device in ("twice", first, Leak())
    )
    before = named.transform(X)
    with pytest.warns(UserWarning, match="device 'twice' is defined again, with other values of s"):
        leaking(step=faster)
    for reservoir in (named, given, constants):
        assert_array_equal(reservoir.transform(X), before)
        assert_array_equal(deepcopy(reservoir).transform(X), before)
        assert_array_equal(pickle.loads(pickle.dumps(reservoir)).transform(X), before)
    new = clone(named).fit_transform(X)
    assert np.abs(new - before).max() > 1e-3
    assert_array_equal(named.fit_transform(X), new)  # fitted again
    assert_array_equal(clone(given).fit_transform(X), before)  # this node, not the name


def test_a_cell_that_runs_twice_is_silent_and_one_that_changed_is_not():
    leaking()

    def leak(x, v, dt, c):
        # another comment, another place, another docstring
        return x + (v - x) * dt / c.tau

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leaking()
        leaking(step=leak)
    with pytest.warns(UserWarning, match="other values of constants, v_gain:"):
        leaking(preset=Leak(tau=0.5), v_gain=0.7)


def test_a_changed_number_that_a_function_takes_from_outside_is_another_equation():
    def make(k):
        return lambda x, v, dt, c: x + k * (v - x) * dt / c.tau

    leaking(step=make(1.0))
    with pytest.warns(UserWarning, match="other values of step:"):
        leaking(step=make(2.0))


def test_a_device_that_cannot_be_compiled_is_not_among_the_known_ones():
    leaking("never", step=lambda x, v, dt, c: x.upper())
    reservoir = DeviceReservoir(3, device="never", random_state=0)
    with pytest.raises(ValueError, match="device 'never': step cannot be compiled"):
        reservoir.fit_transform(np.zeros((4, 1)))
    assert "never" not in devices.list().index
    with pytest.raises(ValueError, match=r"'never' is not known here: .* step cannot be compiled"):
        reservoir.fit(np.zeros((4, 1)))
    leaking("never")  # without a warning
    assert "never" in devices.list().index


def test_constants_of_an_unknown_type_are_not_answered_with_define_your_own():
    class Leak(NamedTuple):
        tau: float = 1.0

    with pytest.raises(ValueError, match="no device of this process has constants of this type"):
        DeviceReservoir(3, device=Leak()).fit(np.zeros((4, 1)))


def test_a_node_is_shown_in_one_line_and_not_copied():
    node = leaking()
    assert repr(node) == "<volatile device 'twice': Leak(tau)>"
    assert deepcopy(node) is node
