"""Files of road anomalies: a folder a class, a column of accelerations."""

import numpy as np
import pytest

from mottle.datasets import load_road_anomaly


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))

    def put(name, text):
        path = tmp_path / "road-anomaly/data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return put


def test_folders_are_classes_and_files_are_recordings(write):
    write("potholes/b.csv", "acc_z\n9.5\n10.5\n9.0\n")
    write("regular_road/a.csv", "acc_z\r\n9.8\r\n9.7\r\n")
    table, target, groups = load_road_anomaly()
    assert target.tolist() == ["potholes", "regular_road"]
    assert groups.tolist() == [0, 1]
    one = table["car"].iloc[0]
    assert one.attrs["units"] == "m/s^2"
    assert one.to_numpy().ravel().tolist() == [9.5, 10.5, 9.0]
    assert np.allclose(one["time"], [0, 0.02, 0.04])  # 50 Hz


@pytest.mark.parametrize("text", ["acc_x\n9.5\n", "acc_z\n9.5\nnine\n", "acc_z\nnan\n", "acc_z\n"])
def test_a_file_of_another_kind_is_refused_by_name(write, text):
    write("potholes/b.csv", text)
    with pytest.raises(ValueError, match=r"b\.csv: expected a column 'acc_z' of finite numbers"):
        load_road_anomaly()
