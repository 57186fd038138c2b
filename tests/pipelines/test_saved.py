"""Saved models: what comes back is what was saved, and nothing else is built."""

import errno
import json
import os
import pickle
import warnings
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_LZMA, ZipFile

import numpy as np
import pytest
from model_mutations import content_of, mutate, reseal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from small_models import BOTH, RESERVOIR, TABLE, TARGET, models
from test_as_meant import NEEDS_TONIC

import mottle
from mottle.pipelines import SensorClassifier, make_fusion_pipeline, open_model, save_model
from mottle.pipelines.saved import archive, model
from mottle.pipelines.saved.sample import flat
from mottle.pipelines.saved.schema import nodes
from mottle.reservoir import (
    DeviceReservoir,
    Forecaster,
    MemristorReservoir,
    RidgeReadout,
    VO2Reservoir,
    catalogue,
)
from mottle.sensors import EventRate, TaxelDrive

KEPT = sorted((Path(__file__).parents[1] / "models").rglob("*.mottle"))
X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2
DRIVES, LABELS = list(np.random.default_rng(1).normal(size=(12, 9, 2))), np.arange(12) % 2


def outputs(fitted, given):
    text, arrays = flat(getattr(fitted, "predict", getattr(fitted, "transform", None))(given))
    return text, [one.tobytes() for one in arrays]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.mottle"


@pytest.fixture
def saved(path):
    save_model(make_pipeline(StandardScaler(), RidgeReadout(1.0)).fit(X, Y), path, X)
    return path


@pytest.mark.parametrize(
    ("made", "name"),
    [(EventRate(), "dtype"), (TaxelDrive(), "max_rows"), (RidgeReadout(), "task"),
     (VO2Reservoir(), "dtype"), (Forecaster(RESERVOIR), "noise")],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_parameters_that_a_saved_model_has_not_are_at_their_defaults(made, name):
    state = made.__getstate__()
    default = state.pop(name)
    back = type(made).__new__(type(made))
    back.__setstate__(state)
    assert back.get_params()[name] == default


def cut(values, name):
    values[name] = values[name][:-1].copy()


def wrap_rows(memory):
    rows = memory._circuit.leak_rows.astype("u4")
    rows[1] = 2**31  # differences of unsigned numbers are never below 0
    memory._circuit = memory._circuit._replace(leak_rows=rows)


FORGED = [
    ("MemristorReservoir", lambda m: cut(m.devices_, "tau"), r"devices_\['tau'\] is float64 of"),
    ("MemristorReservoir", lambda m: m.input_weights_.indices.fill(99), "indices must be < 2"),
    ("MemristorReservoir", lambda m: setattr(m, "n_nodes", 7), r"\(6, 2\); expected \(7, 2\)"),
    ("VO2Reservoir", lambda m: cut(m.devices_, "c_th"), r"devices_\['c_th'\]"),
    ("EchoStateReservoir", lambda m: m.weights_.indptr.fill(1), "pointer should start with 0"),
    ("EchoStateReservoir", lambda m: setattr(m, "n_features_in_", 3), r"expected \(6, 3\)"),
    ("SpikingReservoir", lambda m: setattr(m, "weights_", m.weights_[:5]), r"weights_ has shape"),
    ("OscillatorReservoir", lambda m: m.devices_["v_low"].fill(9.0), "not below 'v_high'"),
    ("OscillatorReservoir", lambda m: m.devices_["capacitance"].fill(-1.0), "expected above 0"),
    ("OscillatorMemory", lambda m: m._circuit.leak_columns.fill(8), "leak_columns has the index 8"),
    ("EventMemristorReservoir-events", lambda m: setattr(m, "sensor_size_", (9, 2)), "input_shap"),
    ("EventRate-events", lambda m: setattr(m, "sensor_size_", (9, 2)), "input_shape_"),
    ("TimeSurface-events", lambda m: setattr(m, "duration_", 0.0), "duration_"),
    ("EventRate-events", lambda m: setattr(m, "cell", -1), "cell=-1"),
    ("MemristorReservoir", lambda m: setattr(m, "n_masks", 4), "n_nodes % n_masks is 2"),
    ("OscillatorMemory", wrap_rows, "leak_rows does not part"),
    ("LMSReadout", lambda m: cut(m._state, "intercept"), r"_state\['intercept'\]"),
    ("RLSReadout", lambda m: cut(m._state, "factor"), r"_state\['factor'\]"),
    ("GasDrive", lambda m: m._keep.append(0), "_keep is 3; expected 2"),
    ("STDPLayer", lambda m: m.fields_[0].fill(4), "fields_ has the index"),
    ("STDPLayer", lambda m: cut(vars(m), "response_thresholds_"), "response_thresholds_"),
    ("SoundDrive", lambda m: cut(vars(m), "frequencies_"), "frequencies_"),
    ("LevelCrossing", lambda m: cut(vars(m), "threshold_"), "threshold_"),
    ("Forecaster", lambda m: m.readouts_.append(m.readouts_.pop()._replace(states=X)), "states is"),
    ("Forecaster", lambda m: cut(vars(m._ends[0]), "values"), "the state is"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "forge", "message"), FORGED)
def test_a_forged_model_whose_arrays_do_not_fit_one_another_is_refused(name, forge, message, path):
    fitted = mottle.load_model(next(file for file in KEPT if file.stem == name))
    forge(fitted)
    with pytest.raises(ValueError, match=message) as caught:
        save_model(fitted, path)  # which reads what it wrote
    assert str(path) in str(caught.value)


def test_what_follows_from_the_weights_of_a_model_is_not_taken_from_its_file(path):
    kept = open_model(next(file for file in KEPT if file.stem == "EchoStateReservoir"))
    fitted = kept.load()
    for array in fitted._laid_out[3]:
        array.fill(9)
    save_model(fitted, path)
    assert outputs(mottle.load_model(path), kept.X) == outputs(kept.load(), kept.X)


def test_every_public_estimator_comes_back_with_the_same_output(path):
    seen, names = set(), set()
    for name, fitted, given in models():
        assert save_model(fitted, path, given).untrusted == {}
        back = mottle.load_model(path)
        assert outputs(back, given) == outputs(fitted, given), name
        assert model.dump(back) == model.dump(fitted), name  # the same model is the same file
        seen.add(type(fitted).__name__)
        names.add(name)
    rooms = (mottle.reservoir, mottle.sensors, mottle.pipelines)
    public = [getattr(room, name) for room in rooms for name in room.__all__]
    known = {one.__name__ for one in public if isinstance(one, type) and hasattr(one, "fit")}
    assert known - NEEDS_TONIC - {"LateReadout"} <= seen  # which stands in fusion-late
    assert names == {file.stem for file in KEPT if file.parent.name == mottle.__version__}


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}-{file.stem}")
@pytest.mark.filterwarnings("ignore:.*was saved with scikit-learn")
def test_models_of_every_release_are_read_and_predict_the_same(file):
    kept = open_model(file)
    differences = kept.verify()
    assert differences
    assert max(differences.values()) <= model.SAME


def forged(saved, change):
    """Write a file whose schema was changed, and whose hashes fit."""
    info, members = content_of(saved.read_bytes())
    schema = json.loads(members[archive.SCHEMA])
    change(schema)
    members[archive.SCHEMA] = json.dumps(schema).encode()
    saved.write_bytes(reseal(info, members))
    return saved


CALLS = {
    "PartialNode": "functools.partial", "MethodNode": "builtins.list",
    "CachedNode": "builtins.dict", "OperatorFuncNode": "operator.methodcaller",
    "ConstructorFromReduceNode": "pathlib.Path",
    "ListNode": "mottle.reservoir.RidgeReadout", "TypeNode": "os.system", "SetNode": "os.system",
    "LossNode": "mottle.reservoir.RidgeReadout", "NdArrayNode": "numpy.void",
    "RandomGeneratorNode": "numpy.random._generator.Generator", "DictNode": "builtins.eval",
    "TupleNode": "mottle.reservoir.RidgeReadout", "ObjectNode": "mottle.pipelines.cli.Stoppable",
}  # fmt: skip


@pytest.mark.parametrize("loader", CALLS)
def test_a_file_holds_no_calls_whatever_is_trusted(saved, loader):
    def change(schema):
        schema["__loader__"] = loader
        schema["__module__"], _, schema["__class__"] = CALLS[loader].rpartition(".")

    with pytest.raises(ValueError, match=r"a\.mottle: model is a .* which no model file may hold"):
        mottle.load_model(forged(saved, change), trusted=[CALLS[loader]])


def test_loaders_of_earlier_protocols_are_refused(saved):
    with pytest.raises(ValueError, match="protocol=0, expected 2 or more"):
        mottle.load_model(forged(saved, lambda schema: schema.update(protocol=0)))


@pytest.mark.parametrize("name", ["os.system", "mottle.pipelines.run_recipe", "numpy.load"])
def test_functions_are_named_and_refused(saved, name):
    def change(schema):
        node = next(one for one, _ in nodes(schema) if one["__loader__"] == "JsonNode")
        node |= {"__loader__": "FunctionNode", "content": ""}
        node["__module__"], _, node["__class__"] = name.rpartition(".")

    with pytest.raises(ValueError, match=rf"types of other packages: {name} \(model\."):
        mottle.load_model(forged(saved, change))


class Doubling(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        return 2 * X


def test_types_of_others_are_built_where_they_are_trusted(path):
    saved = save_model(make_pipeline(Doubling(), RidgeReadout(1.0)).fit(X, Y), path, X)
    name = f"{Doubling.__module__}.Doubling"
    assert list(saved.untrusted) == [name]
    with pytest.raises(ValueError, match=rf"{name} \(model.steps.0..1.\).*trusted=\['{name}'\]"):
        mottle.load_model(path)
    for trusted in ([name], [Doubling], Doubling):
        assert mottle.load_model(path, trusted=trusted).predict(X).shape == (20,)
    assert save_model(LogisticRegression().fit(X, Y), path, X).untrusted == {}
    save_model(DecisionTreeClassifier().fit(X, Y), path, X)
    with pytest.raises(ValueError, match=r"sklearn\.tree\._tree\.Tree \(model\.tree_\)"):
        mottle.load_model(path)


def test_what_no_file_can_hold_is_named_before_anything_is_written(path):
    class Local(Doubling):
        pass

    for step in (FunctionTransformer(lambda x: x), Local()):
        here = make_pipeline(step, RidgeReadout(1.0)).fit(X, Y)
        with pytest.raises(
            ValueError, match=r"model\.steps\[0\]\[1\].* cannot be imported .* move"
        ):
            save_model(here, path)
    held = RidgeReadout(1.0).fit(X, Y)
    held.rows = iter(X)
    with pytest.raises(ValueError, match=r"model\.rows|holds what no file can hold"):
        save_model(held, path)
    held.rows = (row for row in X)
    with pytest.raises(ValueError, match="RidgeReadout holds what no file can hold: cannot pickle"):
        save_model(held, path)
    with pytest.raises(ValueError, match="not fitted yet"):
        save_model(RidgeReadout(), path)
    with pytest.raises(TypeError, match="model is a str: expected a fitted estimator"):
        save_model("RidgeReadout", path)
    with pytest.raises(ValueError, match="is a folder: name a file in it"):
        save_model(RidgeReadout(1.0).fit(X, Y), path.parent)
    with pytest.raises(FileNotFoundError, match=r"folder of .* does not exist"):
        save_model(RidgeReadout(1.0).fit(X, Y), path.parent / "absent/a.mottle")
    with pytest.raises(ValueError, match="about holds what is no value of JSON"):
        save_model(RidgeReadout(1.0).fit(X, Y), path, about={"when": object()})
    assert not path.exists()


class Constants(NamedTuple):
    tau: float = 1e-3


def leaky(tau):
    def derivative(x, v, c):
        return (v - x) / c.tau

    return mottle.reservoir.device_node(
        "saved_leaky", Constants(tau), state={"x": 0.0}, derivative=derivative, dt_device=1e-4,
        dt_inner=5e-5, times=("tau",),
    )  # fmt: skip


def test_an_own_device_is_named_and_must_be_there(path, monkeypatch):
    monkeypatch.setattr(catalogue, "OUTSIDE", dict(catalogue.OUTSIDE))
    for device in (leaky(1e-3), "saved_leaky"):
        fitted = DeviceReservoir(4, device=device, random_state=0).fit(X)
        save_model(fitted, path)
        back = mottle.load_model(path)
        assert back.device == "saved_leaky"
    save_model(back, path)
    assert np.array_equal(mottle.load_model(path).transform(X), fitted.transform(X))
    with pytest.warns(UserWarning, match="is defined again"):
        leaky(2e-3)
    with pytest.raises(ValueError, match="has other values of constants"):
        mottle.load_model(path)
    del catalogue.OUTSIDE["saved_leaky"]
    with pytest.raises(ValueError, match=r"device='saved_leaky' is not known here.*device_node"):
        mottle.load_model(path)


def test_every_changed_byte_of_the_content_is_found(saved):
    _, members = content_of(saved.read_bytes())
    whole = saved.read_bytes()
    for name in members:
        changed = dict(members)
        changed[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])
        with ZipFile(saved, "w") as new, ZipFile(BytesIO(whole)) as old:
            new.comment = old.comment
            for one in old.namelist():
                new.writestr(one, changed.get(one, old.read(one)))
        with pytest.raises(ValueError, match=rf"{saved.name} is damaged: {name} is not as it was"):
            open_model(saved)


def test_other_formats_and_newer_versions_are_refused(saved):
    info, members = content_of(saved.read_bytes())
    whole = saved.read_bytes()
    for data, message in (
        (b"", "no model file of mottle: it begins with"),
        (b"\x80\x04pickle", "no model file of mottle: it begins with"),
        (whole[:-30], "damaged"),
        (whole[: len(whole) // 2], "BadZipFile"),
        (archive.pack(members, info | {"format": "other"}), "manifest.json does not say so"),
        (archive.pack(members, {**info, "format_version": 2, "versions": {"mottle": "9.0"}}),
         "written by mottle 9.0 in version 2 of the format.*up to 1: install a newer one"),
        (archive.pack(members, {**info, "format_version": "1"}), "format_version='1', expected"),
        (archive.pack(members, {**info, "about": []}), "no 'about' that is a dict"),
    ):  # fmt: skip
        saved.write_bytes(data)
        with pytest.raises(ValueError, match=message):
            open_model(saved)
    with ZipFile(saved, "w") as other:
        other.writestr("schema.json", "{}")
    with pytest.raises(ValueError, match=r"it holds no manifest\.json"):
        mottle.load_model(saved)
    with pytest.raises(FileNotFoundError):
        mottle.load_model(saved.with_name("absent.mottle"))
    with pytest.raises(ValueError, match="is a folder"):
        mottle.load_model(saved.parent)


def test_a_file_that_unpacks_to_too_much_is_refused_before_memory_is_taken(saved):
    info, members = content_of(saved.read_bytes())
    members["arrays/9.npy"] = b"\0" * (1 << 21)
    saved.write_bytes(reseal(info, members))
    with pytest.raises(ValueError, match=r"the content of .* more than max_bytes=1000000"):
        open_model(saved, max_bytes=1_000_000)
    with pytest.raises(ValueError, match=r"comes to .* more than max_bytes=1000"):
        mottle.load_model(saved, max_bytes=1000)
    with ZipFile(saved, "w", ZIP_LZMA) as odd:
        odd.writestr("manifest.json", "{}")
    with pytest.raises(ValueError, match="oddly compressed"):
        open_model(saved)


def test_indices_outside_sparse_arrays_are_refused(path):
    save_model(MemristorReservoir(4, random_state=0).fit(X), path, X)
    info, members = content_of(path.read_bytes())
    name = next(one for one in members if one.endswith(".npz"))
    parts = dict(np.load(BytesIO(members[name])))
    parts["indices"] = parts["indices"] + 10**6
    buffer = BytesIO()
    np.savez(buffer, **parts)
    members[name] = buffer.getvalue()
    path.write_bytes(reseal(info, members))
    with pytest.raises(ValueError, match=r"indices must be|index"):
        mottle.load_model(path)


def test_mutated_files_give_a_model_or_an_error_that_names_the_file(path):
    rng = np.random.default_rng(0)
    wholes = [file.read_bytes() for file in KEPT]
    warnings.simplefilter("ignore")
    errors = []
    for k in range(120):
        path.write_bytes(mutate(wholes[k % len(wholes)], rng))
        try:
            mottle.load_model(path)
        except ValueError as error:
            errors.append(str(error))
    assert 60 < len(errors) < 120
    assert all(str(path) in text for text in errors)


def test_a_full_disk_leaves_the_file_that_was_there(saved, monkeypatch):
    before = saved.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"no space left for a model of \d+ bytes.*a\.mottle"):
        save_model(RidgeReadout(1.0).fit(X, Y), saved, X)
    assert saved.read_bytes() == before
    assert [one.name for one in saved.parent.iterdir()] == ["a.mottle"]


def test_another_model_than_the_expected_one_is_refused(saved):
    known = open_model(saved).info["hash"]
    assert mottle.load_model(saved, sha256=known).predict(X).shape == (20,)
    with pytest.raises(ValueError, match=f"is another model: its hash is {known}"):
        mottle.load_model(saved, sha256="0" * 64)


def test_other_versions_and_processors_are_named(saved, monkeypatch):
    monkeypatch.setattr(model, "processor", lambda: {"cpu": "of another kind"})
    assert [text.split()[0] for text in open_model(saved).changed()] == ["cpu"]
    info, members = content_of(saved.read_bytes())
    schema = members[archive.SCHEMA]
    for one, _ in nodes(found := json.loads(schema)):
        if "_sklearn_version" in one.get("content", ()) and isinstance(one["content"], dict):
            one["content"]["_sklearn_version"]["content"] = '"1.0"'
    members[archive.SCHEMA] = json.dumps(found).encode()
    saved.write_bytes(reseal(info, members))
    with pytest.warns(UserWarning, match="was saved with scikit-learn .*mottle model verify"):
        mottle.load_model(saved)


def test_a_fusion_that_met_an_absent_sense_and_a_search_are_saved(path):
    fused = make_fusion_pipeline(BOTH, RESERVOIR).fit(TABLE, TARGET)
    alone = TABLE.iloc[:3].copy()
    alone["joints"] = [None] * 3
    with pytest.warns(UserWarning, match="'joints' is missing"):
        expected = fused.predict(alone)
    save_model(fused, path, TABLE)
    with pytest.warns(UserWarning, match="'joints' is missing"):
        assert (mottle.load_model(path).predict(alone) == expected).all()
    searched = SensorClassifier("echo", size=40, search=2, random_state=0).fit(DRIVES, LABELS)
    save_model(searched, path)
    assert mottle.load_model(path).search_ == searched.search_


def test_a_fitted_model_whose_parameters_were_set_is_copied(path):
    fitted = MemristorReservoir(8, random_state=0).fit(DRIVES).set_params(n_nodes=12)
    copied = pickle.loads(pickle.dumps(fitted))
    assert copied.fit(DRIVES).transform(DRIVES)[0].shape[1] == 12
    with pytest.raises(ValueError, match=r"input_weights_ has shape \(8, 2\)"):
        save_model(fitted, path)


def test_convolutions_with_fed_back_states_come_back(path):
    frames = np.random.default_rng(0).uniform(-1, 1, (3, 6, 49))
    fitted = VO2Reservoir(
        16, regime="pulsed", wiring="convolution", input_shape=(7, 7, 1), field=3, regions=2,
        random_state=0,
    ).fit(frames)  # fmt: skip
    save_model(fitted, path)
    back = mottle.load_model(path)
    assert back.transform(frames).tobytes() == fitted.transform(frames).tobytes()
    with pytest.raises(ValueError, match="n_nodes is 12; expected 16"):
        save_model(fitted.set_params(n_nodes=12), path)
