"""Formats of event files: found by content before the name, and added by other packages."""

import numpy as np
import outside
import pytest

from mottle.sensors.files import EventFormat, EventReader, read, read_events
from mottle.sensors.files.formats import registry

DOTS = """
import numpy as np
from mottle.sensors.files import EventFormat

def start(source):
    source.sensor_size = source.sensor_size or tuple(source.head[4:6])

def read_dots(source):
    words = np.fromfile(source.path, "<u4", offset=6).reshape(-1, 4).astype(np.int64)
    if not len(words):
        source.faults.note("empty files", 1)
    for chunk in np.array_split(words, 2):
        yield tuple(chunk.T)

DOTS = EventFormat(
    name="dots", begins=(b"DOTS",), suffixes=(".dots",), start=start, read=read_dots
)
FLOATS = EventFormat(name="floats", suffixes=(".floats",), read=lambda source: [[np.ones(3)] * 4])
THIEF = EventFormat(name="evt2", read=read_dots)
"""


@pytest.fixture(scope="module")
def dots(tmp_path_factory):
    points = {"dots": "DOTS", "floats": "FLOATS", "evt2": "THIEF"}
    folder = tmp_path_factory.mktemp("outside")
    return outside.install(folder, "dots", "mottle.formats", points, DOTS)


def test_a_format_of_another_package_is_found_by_content_and_by_name(dots, tmp_path):
    events = np.array([[5, 1, 2, 1], [7, 3, 4, 0], [7, 0, 0, 1]], "<u4")
    (tmp_path / "a.raw").write_bytes(b"DOTS" + bytes([9, 8]) + events.tobytes())
    (tmp_path / "a.floats").write_bytes(b"?")
    code = (
        "import sys; from mottle.sensors.files import EventReader, read, read_events; "
        f"folder = {str(tmp_path)!r}; file = read(folder + '/a.raw'); "
        "print(file.events.tolist(), file.sensor_size, file.format); "
        "print([len(part) for part in EventReader(folder + '/a.raw', format='dots')]); "
        "print(len(read_events(folder + '/a.raw', sensor_size=(3, 9), on_bad='drop').events))"
    )
    out, err = outside.python(dots, code)
    assert out.splitlines() == [
        "[(5, 1, 2, 1), (7, 3, 4, 0), (7, 0, 0, 1)] (9, 8) dots", "[2, 1]", "2"
    ]  # fmt: skip
    assert "'evt2' (dots:THIEF) is left out" in err
    code = (
        f"from mottle.sensors.files import read_events; read_events({str(tmp_path / 'a.floats')!r})"
    )
    with pytest.raises(AssertionError, match=r"gave float64 .*expected four arrays of integers"):
        outside.python(dots, code)


def test_content_counts_before_the_name(tmp_path):
    events = np.array([(10, 3, 4, 1)], dtype=[("t", "<i8"), *((n, "<i2") for n in "xyp")])
    np.save(tmp_path / "e.npy", events)
    (tmp_path / "e.npy").rename(tmp_path / "e.bin")
    assert read_events(tmp_path / "e.bin").format == "npy"
    assert read(tmp_path / "e.bin").events.tolist() == [(10, 3, 4, 1)]


def test_every_format_has_a_name_of_its_own_and_is_recognised():
    names = [known.name for known in registry.FORMATS]
    assert len(set(names)) == len(names)
    for known in registry.FORMATS:
        assert callable(known.begins) or known.begins or known.suffixes


def test_a_header_is_read_when_the_file_is_opened(tmp_path):
    (tmp_path / "a.es").write_bytes(b"Event Stream" + bytes(3))
    with pytest.raises(ValueError, match="events of type no"):
        EventReader(tmp_path / "a.es")


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"begin": (b"x",)}, TypeError, "no parameter 'begin'; did you mean 'begins'"),
        ({"begins": b"x"}, TypeError, "are tuples"),
        ({"suffixes": ".x"}, TypeError, "are tuples"),
        ({"name": ""}, ValueError, "needs a name"),
    ],
)
def test_a_record_with_faults_is_refused(fields, error, message):
    with pytest.raises(error, match=message):
        EventFormat(**({"name": "x", "read": list} | fields))


def test_misspelt_options_of_read_are_refused_by_name(tmp_path):
    (tmp_path / "s.csv").write_text("a\n1\n")
    with pytest.raises(TypeError, match="read has no option 'unit'; did you mean 'units'"):
        read(tmp_path / "s.csv", unit="V")
