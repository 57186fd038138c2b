"""Sets load from their published form, real or written as specified."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat, wavfile
from sklearn.linear_model import RidgeClassifier

import mottle.datasets as datasets
from mottle.datasets import load


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))

    def put(name, content=b""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def real(name):
    data = os.environ.get("MOTTLE_DATA", "")
    if not data or not (Path(data) / name).exists():
        pytest.skip(f"MOTTLE_DATA has no {name}")


def test_gestures_have_their_names_times_and_people(home):
    raw = np.array([[3, 4, 1, 7.25], [5, 6, 0, 5.0]])
    for part in ("Train", "Test"):
        np.save(home(f"dvs-gesture/ibmGesture{part}/user01_led/0.npy"), raw)
    np.save(home("dvs-gesture/ibmGestureTrain/user02_lab/10.npy"), raw)
    table, target, groups = load("dvs-gesture")
    assert target.tolist() == ["hand_clapping", "hand_clapping", "other_gestures"]
    assert groups.tolist() == ["test", "train", "train"]
    assert table.attrs["subject"] == ["user01", "user01", "user02"]
    assert table["sight"].iloc[0].tolist() == [(5000, 5, 6, 0), (7250, 3, 4, 1)]


def test_cars_keep_their_published_split(home):
    head = b"% Data file containing TD events.\n% Version 2\n% Width 304\n% Height 240\n% end\n"
    head += b"\x00\x08"
    event = np.array([5, 1 << 28 | 7 << 14 | 9], dtype="<u4").tobytes()
    home("n-cars/test/background/obj_000001_td.dat", head + event)
    home("n-cars/train/cars/obj_000000_td.dat", head + event)
    table, target, groups = load("n_cars")
    assert target.tolist() == ["background", "cars"]
    assert groups.tolist() == ["test", "train"]
    assert table["sight"].iloc[1].tolist() == [(5, 9, 7, 1)]


def test_written_digits_come_with_their_writer(home):
    train = np.zeros((101, 2))
    train[12, 0], train[100] = 1, [0.5, 0.6]
    train[30, 1] = -1
    savemat(home("st-mnist/4/LUA_001.mat"), {"spiketrain": train})
    table, target, groups = load("st-mnist")
    assert target.tolist() == [4]
    assert groups.tolist() == ["LUA"]
    assert table["touch"].iloc[0].tolist() == [(500000, 2, 1, 1), (600000, 0, 3, 0)]


def test_spoken_digits_keep_the_first_takes_for_the_test(home):
    for name in ("3_theo_4.wav", "3_theo_5.wav"):
        wavfile.write(home(f"fsdd/recordings/{name}"), 8000, np.arange(80, dtype=np.int16))
    table, target, groups = load("fsdd")
    assert target.tolist() == [3, 3]
    assert groups.tolist() == ["test", "train"]
    assert table.attrs["speaker"] == ["theo", "theo"]
    assert table["sound"].iloc[0]["time"].to_numpy()[-1] == pytest.approx(79 / 8000)


def test_twin_arrays_are_grouped_by_unit(home):
    rows = "".join(f"{k / 100}\t" + "\t".join(["1.5"] * 7 + ["2.5"]) + "\n" for k in range(5))
    home("twin-arrays/data/data1/B1_GEa_F010_R1.txt", rows)
    home("twin-arrays/data/data1/B4_GMe_F100_R2.txt", rows)
    table, target, groups = load("twin-arrays")
    assert target.tolist() == ["ethanol", "methane"]
    assert groups.tolist() == ["B1", "B4"]
    assert table["smell"].iloc[0].shape == (5, 8)
    assert table["smell"].iloc[0].sel(channel="sensor8").to_numpy().tolist() == [2.5] * 5


def test_dynamic_mixtures_come_with_their_concentrations(home):
    head = "Time (seconds), CO conc (ppm), Ethylene conc (ppm), sensor readings (16 channels)\n"
    rows = "".join(f"{k / 100:.2f} 33.3 {k} " + " ".join(["9"] * 16) + "\n" for k in range(4))
    for gas in ("CO", "methane"):
        home(f"dynamic-mixtures/data/ethylene_{gas}.txt", head + rows)
    table, target, _ = load("dynamic-mixtures")
    assert target.tolist() == ["CO", "methane"]
    assert table["smell"].iloc[0].shape == (4, 16)
    assert table["concentration"].iloc[0].sel(channel="ethylene").to_numpy().tolist() == [
        0,
        1,
        2,
        3,
    ]
    assert table["concentration"].iloc[1].attrs["units"] == "ppm"


def test_home_activity_is_grouped_by_day(home):
    home(
        "home-activity/HT_Sensor_metadata.dat",
        "id\tdate\tclass\tt0\tdt\n0\t07-04-15\tbanana\t13.49\t1.64\n1\t07-05-15\twine\t9.1\t0.5\n",
    )
    row = "  ".join(["12.5"] * 8 + ["26.1", "58.9"])
    home(
        "home-activity/HT_Sensor_dataset.dat",
        "id time       R1  R2  R3  R4  R5  R6  R7  R8  Temp.  Humidity\n"
        f"0  -0.5  {row}\n0  -0.25  {row}\n1  0.0  {row}\n",
    )
    table, target, groups = load("home-activity")
    assert target.tolist() == ["banana", "wine"]
    assert groups.tolist() == ["07-04-15", "07-05-15"]
    stream = table["smell"].iloc[0]
    assert stream["time"].to_numpy().tolist() == [-1800, -900]
    assert stream["unit"].to_numpy().tolist() == ["kOhm"] * 8 + ["degC", "%"]


def test_any_set_of_pairs_becomes_a_table():
    pairs = [(np.array([(9, 2, -1), (3, 1, 1)], dtype=[("t", int), ("x", int), ("p", int)]), "a")]
    table, target, _ = datasets.load_tonic(pairs)
    assert table["events"].iloc[0].tolist() == [(3, 1, 0, 1), (9, 2, 0, 0)]
    assert target.tolist() == ["a"]
    with pytest.raises(ValueError, match="item 0 has the fields"):
        datasets.load_tonic([(np.zeros(3), 1)])


def test_vowels_digits_and_drift_of_the_real_sets():
    real("japanese-vowels")
    table, target, groups = load("japanese-vowels")
    counts = np.unique(groups, return_counts=True)
    assert dict(zip(*counts, strict=True)) == {"test": 370, "train": 270}
    means = np.stack([cell.mean("time").to_numpy() for cell in table["sound"]])
    model = RidgeClassifier().fit(means[groups == "train"], target[groups == "train"])
    assert model.score(means[groups == "test"], target[groups == "test"]) > 0.8  # of the mean alone
    real("mnist")
    digits = load("mnist")
    assert np.bincount(digits.target).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
    ]  # fmt: skip
    real("multimodalgas-sensors")
    gas = load("multimodal-gas")
    assert gas.table.shape == (160, 1)
    assert np.unique(gas.groups, return_counts=True)[1].tolist() == [16] * 10
    real("santafe-laser")
    assert load("santafe-laser").to_numpy()[:5, 0].tolist() == [86, 141, 95, 41, 22]


def test_real_batches_of_drift_are_grouped_in_time():
    real("uci-gas-drift")
    drift = load("uci-gas-drift")
    assert np.unique(drift.groups).tolist() == [1, 2, 3, 4, 5, 6, 8, 9]
    assert (drift.groups == 1).sum() == 445
    assert len(drift.table.attrs["ppm"]) == len(drift.table)
