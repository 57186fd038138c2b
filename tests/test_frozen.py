"""Results, names and formats on which users' files and recipes depend.

Digests are of numbers rounded to ten digits, so that they are the same on every machine.
"""

import importlib.util
import json
import shutil
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from mottle.datasets import open_prepared, open_states, store_info, verify_prepared, verify_states
from mottle.pipelines import read_result
from mottle.pipelines.recipe import Recipe, read_recipe, shipped
from mottle.pipelines.report import section
from mottle.reservoir import devices

FROZEN = Path(__file__).parent / "frozen"
KNOWN = json.loads((FROZEN / "reservoirs.json").read_text())
script = Path(__file__).parents[1] / "benchmarks/same_results.py"
spec = importlib.util.spec_from_file_location("same_results", script)
same_results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(same_results)
RESERVOIRS = same_results.reservoirs()
every = pytest.mark.parametrize("name", list(KNOWN["reservoirs"]))


def rounded(node) -> str:
    numbers = []
    for key in same_results.DRAWN:
        value = getattr(node, key, 0.0 if key == "noise_seed_" else None)
        if value is None:
            continue
        if isinstance(value, dict):
            value = [value[name] for name in sorted(value)]
        value = value.toarray() if hasattr(value, "tocoo") else value
        numbers += [f"{number:.9e}" for number in np.ravel(np.asarray(value, dtype=float))]
    return blake2b(" ".join(numbers).encode(), digest_size=8).hexdigest()


@every
def test_draws_keep_their_order_and_states_their_owner_and_keys(name):
    node, known = RESERVOIRS[name].fit(same_results.drive()), KNOWN["reservoirs"][name]
    assert rounded(node) == known["draws"]
    state = node.start(1, [5])
    assert (state.owner, str(state.keys[0])) == (known["owner"], known["key"])
    assert list(state.values.shape) == known["values"]


@every
def test_features_keep_their_names(name):
    node = RESERVOIRS[name].set_params(pool=("mean", "last"), n_segments=2)
    names = [str(column) for column in node.fit(same_results.drive()).get_feature_names_out()]
    assert names[:3] + names[-1:] == KNOWN["reservoirs"][name]["names"]


def test_no_public_device_was_removed():
    assert set(KNOWN["devices"]) <= set(devices.__all__) <= set(dir(devices))
    assert list(devices.list().index)[: len(KNOWN["presets"])] == KNOWN["presets"]


def test_recipes_are_read_and_build_their_parts():
    for name in shipped():
        recipe, text = read_recipe(name)
        assert isinstance(recipe, Recipe)
        assert recipe.title in text
        sense = next(iter(recipe.make_encoders()))
        for reservoir in recipe.reservoirs:
            assert hasattr(recipe.make_reservoir(reservoir, sense, 0), "fit")
        readout = recipe.make_readout()
        assert hasattr(readout, "predict")
        if recipe.crossbar is not None:
            assert hasattr(recipe.make_crossbar(readout, 0), "age")


def test_results_of_version_0_1_0_are_read_and_have_a_report():
    result = read_result(FROZEN / "result-0.1.0.json")
    assert result.best == ("none", "touch")
    scores = result.scores_of("f1_macro")["score"].round(6).tolist()
    assert scores == [0.518908, 0.430564, 0.804709, 0.804709]
    assert result.predictions.shape == (200, 4)
    assert result.fits.empty
    assert "Differences" in section(result)


def test_stores_of_version_0_1_0_are_read(tmp_path):
    shutil.unpack_archive(FROZEN / "stores-0.1.0.zip", tmp_path)
    states = open_states(tmp_path / "states.zarr")
    assert states["states"].to_numpy().tolist() == np.arange(60.0).reshape(5, 4, 3).tolist()
    assert states["target"].to_numpy().tolist() == list("abcab")
    assert states.attrs["seed"] == 7
    prepared = open_prepared(tmp_path / "prepared.zarr")
    assert prepared.target.tolist() == ["x", "y", "x"]
    assert prepared.groups.tolist() == [1, 1, 2]
    assert [len(stream) for stream in prepared.table["sight"]] == [5, 6, 7]
    assert prepared.table["smell"].iloc[1] is None
    assert (
        prepared.table["smell"].iloc[2].to_numpy().tolist()
        == np.arange(12.0).reshape(6, 2).tolist()
    )
    assert verify_prepared(tmp_path / "prepared.zarr") == []
    assert "but zarr.json at the root" in store_info(tmp_path / "prepared.zarr")["proof"]
    assert "kept no hashes" in verify_states(tmp_path / "states.zarr")[0]
    label = tmp_path / "prepared.zarr/target/c/0"
    label.write_bytes(label.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="target/c/0 is damaged"):
        open_prepared(tmp_path / "prepared.zarr")
