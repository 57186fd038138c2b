"""True or False is taken as such by everything public; text, numbers and None are refused.

Found by annotation and default, so that a new flag without a check fails here.
"""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from walk import subclasses

from mottle import datasets, pipelines, reservoir, sensors
from mottle.checks import check_bool
from mottle.datasets.registry import entry

ROOMS = (datasets, pipelines, reservoir, reservoir.nonvolatile, reservoir.plasticity, sensors,
         sensors.files)  # fmt: skip
WRONG = ("yes", "False", "", 1, 0, 1.5, np.float64(1), [True], np.array([True]))
RNG = np.random.default_rng(0)
DRIVES, LABELS = RNG.uniform(0.1, 0.9, (6, 20, 2)), np.arange(6) % 2
FLAT = RNG.normal(size=(30, 3))
DATA = {  # what an estimator is fitted to, where not to drives
    "CrossbarReadout": ((FLAT, np.arange(30) % 3), {"readout": reservoir.RidgeReadout()}),
    "Forecaster": ((DRIVES,), {"washout": 0, "reservoir": reservoir.EchoStateReservoir(5)}),
    "RidgeReadout": ((FLAT, np.arange(30) % 3), {}),
    "SoundDrive": ((DRIVES,), {"f_min": 0.1}),  # rows without times are 1 s apart
    "STDPLayer": ((np.abs(FLAT),), {"n_neurons": 2}),
}
CALLS = {  # of public functions and records that are no estimators
    "Crossbar.set_conductances": (
        lambda **flag: reservoir.Crossbar((2, 2)).set_conductances(np.full((2, 2), 1e-6), **flag)
    ),
    "DataSet": lambda **flag: datasets.DataSet(
        name="two",
        load=list,
        senses=("a",),
        n_recordings=2,
        licence="CC0",
        citation="none",
        split="none",
        **flag,
    ),
    "EventFormat": lambda **flag: sensors.files.EventFormat(name="a", read=list, **flag),
    "Metric": lambda **flag: pipelines.Metric(max, **flag),
    "SenseFacts": lambda **flag: datasets.SenseFacts("samples", **flag),
    "Survey": lambda **flag: datasets.Survey({}, {}, 0, **flag),
    "as_streams": lambda **flag: sensors.as_streams(DRIVES, **flag),
    "DataSet.fetch": lambda **flag: entry("nmnist-100").fetch(**flag),
    "DataSet.fetch_files": lambda **flag: entry("nmnist-100").fetch_files(**flag),
    "export_c": lambda **flag: pipelines.export_c(
        reservoir.EchoStateReservoir(5).fit(FLAT), Path("nothing-here"), sample=FLAT, **flag
    ),
    "fetch": lambda **flag: datasets.fetch("nmnist-100", **flag),
    "load_tonic": lambda **flag: datasets.load_tonic([(DRIVES[0], 1)], **flag),
    "split_table": lambda **flag: datasets.split_table(
        pd.DataFrame({"a": [1.0, 2.0], "gas": ["air", "air"]}), target="gas", **flag
    ),
    "open_states": lambda **flag: datasets.open_states(Path("nothing-here"), **flag),
}


def is_flag(parameter):
    """Whether a parameter is True or False by its default, or by its annotation."""
    return isinstance(parameter.default, bool) or parameter.annotation in (bool, bool | None)


def flags(function):
    return [one for one in inspect.signature(function).parameters.values() if is_flag(one)]


def estimators():
    """All public estimators of mottle with a flag, and the flag."""
    public = [cls for cls in subclasses(BaseEstimator) if not cls.__name__.startswith("_")]
    return [(cls, flag) for cls in public for flag in flags(cls)]


def others():
    """Public functions, records and methods with flags, and the flags."""
    found = {}
    for room in ROOMS:
        for name in room.__all__:
            thing = getattr(room, name)
            if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, BaseEstimator)):
                continue
            found |= {name: flags(thing)} if inspect.isfunction(thing) else {}
            if inspect.isclass(thing):
                found[name] = flags(thing)
                for method, body in inspect.getmembers(thing, inspect.isfunction):
                    if not method.startswith("_"):
                        found[f"{name}.{method}"] = flags(body)
    return [(name, flag.name) for name, known in sorted(found.items()) for flag in known]


ESTIMATORS = estimators()


def test_the_search_finds_the_flags_that_there_are():
    found = {(cls.__name__, flag.name) for cls, flag in ESTIMATORS}
    assert found >= {
        ("GasDrive", "derivative"), ("RidgeReadout", "standardize"), ("STDPLayer", "verbose"),
        ("CrossbarReadout", "repair"), ("CrossbarReadout", "compensate"),
        ("CrossbarReadout", "aware"),
    }  # fmt: skip
    assert {("fetch", "progress"), ("Crossbar.set_conductances", "open_cells")} <= set(others())


@pytest.mark.parametrize(("cls", "flag"), ESTIMATORS, ids=lambda one: getattr(one, "name", None))
def test_fit_refuses_what_is_neither_true_nor_false(cls, flag):
    given, options = DATA.get(cls.__name__, ((DRIVES,), {}))
    wrong = (*WRONG, None)
    if flag.annotation is not bool:  # a number has a meaning of its own
        wrong = [value for value in wrong if not isinstance(value, int | float)]
    for value in wrong:
        model = clone(cls(**options)).set_params(**{flag.name: value})  # is only stored
        assert model.get_params()[flag.name] is value
        with pytest.raises(ValueError, match=f"^{flag.name}=.*must be True"):
            model.fit(*given)


@pytest.mark.parametrize(("cls", "flag"), ESTIMATORS, ids=lambda one: getattr(one, "name", None))
@pytest.mark.filterwarnings("ignore:the cells of crossbar:UserWarning")
def test_fit_takes_a_flag_of_numpy_as_one_of_python(cls, flag):
    given, options = DATA.get(cls.__name__, ((DRIVES,), {}))
    if "random_state" in inspect.signature(cls).parameters:
        options = {**options, "random_state": 0}
    results = []
    for value in (flag.default, np.bool_(flag.default)):
        model = cls(**options).set_params(**{flag.name: value}).fit(*given)
        work = model.transform if hasattr(model, "transform") else model.predict
        what = 1 if cls is reservoir.Forecaster else given[0]
        results.append(np.asarray(work(what)))
    assert results[0].tobytes() == results[1].tobytes()


@pytest.mark.parametrize(("name", "flag"), others())
def test_functions_and_records_refuse_what_is_neither_true_nor_false(name, flag):
    assert name in CALLS, f"{name} has the flag {flag}: state in CALLS how to call it"
    for value in (*WRONG, None):
        with pytest.raises(ValueError, match=f"{flag}=.* must be True or False"):
            CALLS[name](**{flag: value})


def test_a_flag_comes_back_as_one_of_python():
    assert check_bool("a", np.True_) is True
    assert check_bool("a", False) is False
    with pytest.raises(ValueError, match=r"a=1 must be True or False\."):
        check_bool("a", 1)
