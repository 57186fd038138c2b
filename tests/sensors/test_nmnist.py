"""N-MNIST: bytes by hand, real files where there are any."""

import os
from pathlib import Path

import numpy as np
import pytest

from mottle.sensors.files import read_events

DATA = Path(os.environ.get("MOTTLE_DATA", ""))
needs_data = pytest.mark.skipif(
    not (DATA / "nmnist" / "train").is_dir(), reason="MOTTLE_DATA has no nmnist/train"
)


def read_nmnist(path, **options):
    return read_events(path, format="nmnist", **options).events


def write(folder, *events):
    path = folder / "some.bin"
    path.write_bytes(bytes(byte for event in events for byte in event))
    return path


def test_bytes_become_events(tmp_path):
    path = write(tmp_path, (3, 33, 0x80, 0x02, 0x8E), (0, 1, 0x7F, 0xFF, 0xFF))
    assert read_nmnist(path).tolist() == [(654, 3, 33, 1), (2**23 - 1, 0, 1, 0)]


def test_a_wrapped_clock_goes_on(tmp_path):
    path = write(tmp_path, (1, 1, 0, 0, 9), (0, 240, 0, 0, 0), (1, 1, 0, 0, 2))
    assert read_nmnist(path)["t"].tolist() == [9, 8194]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([], "is empty"),
        ([(1, 1, 0, 0, 1), (1, 1, 0)], "ends within an event: 3 bytes from byte 5"),
        ([(1, 1, 0, 0, 1), (34, 1, 0, 0, 1)], "event 1 .* has x=34, y=1, p=0, outside"),
    ],
    ids=["empty", "cut", "outside"],
)
def test_the_error_for_a_broken_file_names_the_place(tmp_path, events, text):
    with pytest.raises(ValueError, match=text):
        read_nmnist(write(tmp_path, *events))


def test_another_sensor_has_another_size(tmp_path):
    path = write(tmp_path, (200, 100, 0, 0, 1))
    assert read_nmnist(path, sensor_size=(240, 180))["x"][0] == 200


@needs_data
def test_a_real_recording_has_the_known_events():
    path = DATA / "event-files" / "sample_nmnist.bin"
    if not path.exists():
        pytest.skip("MOTTLE_DATA has no event-files/sample_nmnist.bin")
    events = read_nmnist(path)
    assert (len(events), events["t"][0], events["t"][-1]) == (4325, 654, 311175)
    assert (np.diff(events["t"]) >= 0).all()
    assert set(np.unique(events["p"])) == {0, 1}


@needs_data
def test_real_recordings_are_as_long_as_known():
    paths = sorted((DATA / "nmnist" / "train").glob("*.bin"))
    for path in paths[::100]:
        events = read_nmnist(path)
        assert 1069 <= len(events) <= 7152
        assert 0.28e6 < events["t"][-1] < 0.35e6
