"""Options of readers are checked before a file is opened; paths that are no files are named so."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

from mottle.datasets import list_files
from mottle.sensors import files
from mottle.sensors.files.options import check_read_options
from mottle.sensors.files.tables import TableOptions

READERS = [getattr(files, name) for name in files.__all__ if name.startswith("read")]
TABLES = tuple(field.name for field in fields(TableOptions))
WRONG = {  # for every option of read_events and read_samples: what it does not take
    "channels": ["CO", 3, [], [1, 2], {"CO": 1}, True, ""],
    "decimal": ["point", 1, True, ""],
    "format": ["evt9", 3, True, ["evt2"]],
    "header": ["yes", 1, 0, 1.5],
    "index_column": [True, 1.5, -1, ["a"], {"a": 1}],
    "key": [True, 1.5, [1], {"a": 1}],
    "max_bytes": ["1G", True, 0, -1, 1.5, float("nan"), [1]],
    "na_values": ["-999", -999, True, [["a"]], {"a": 1}],
    "names": ["t", 3, [], [1], True],
    "on_bad": ["sometimes", True, 3, None, ["drop"]],
    "rate": [float("nan"), float("inf"), -1, 0, "100", True, [1.0]],
    "sensor_size": ["VGA", 3, (3,), (0, 4), (True, 4), (2.5, 4), {"width": 3}],
    "separator": ["::", "", 3, True],
    "skip_rows": ["1", -1, True, 1.5],
    "time_column": [True, 1.5, -1, ["a", "b", "c"], [], {"a": 1}],
    "time_format": [3, True, ["%H"]],
    "time_unit": ["fortnight", 1, True, ["s"]],
    "units": [3, True, None, ["V"]],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


def options_of(reader):
    own = inspect.signature(reader).parameters.values()
    return [one.name for one in own if one.kind is one.KEYWORD_ONLY] + list(TABLES)


def test_every_option_of_the_readers_is_tried():
    known = {*options_of(files.read_events), *options_of(files.read_samples)}
    assert set(WRONG) == known


@pytest.mark.parametrize(("name", "value"), CASES, ids=repr)
def test_a_wrong_value_is_named_before_the_file_is_opened(name, value, tmp_path):
    absent = tmp_path / "absent.csv"  # opening it would be a FileNotFoundError
    readers = [
        reader for reader in (files.read_events, files.read_samples) if name in options_of(reader)
    ]
    for work in (
        *(lambda reader=reader: reader(absent, **{name: value}) for reader in readers),
        lambda: files.read(absent, **{name: value}),
        lambda: check_read_options({name: value}),
        lambda: list_files([absent], sense="a", **{name: value}),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^{name}(=|: )") as caught:
            work()
        shown = value[0] if isinstance(value, tuple) and len(value) == 2 else value
        assert repr(shown) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_options_that_no_reader_has_are_refused_with_the_one_meant(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(TypeError, match="read has no option 'on_badd'; did you mean 'on_bad'"):
        list_files([tmp_path], sense="a", on_badd="drop")
    with pytest.raises(ValueError, match="sensor_size= is of events, and rate= of samples"):
        files.read(tmp_path / "a.csv", rate=2.0, sensor_size=(3, 3))


def test_options_that_readers_take_pass():
    check_read_options({"rate": np.float32(2), "channels": np.array(["CO"]), "time_column": [0, 1]})
    check_read_options({"format": "evt3", "sensor_size": [640, 480], "key": 3})
    check_read_options({"na_values": [-999, "x"], "names": ("a", "b"), "header": np.False_})


@pytest.mark.parametrize("reader", [*READERS, files.EventReader], ids=lambda one: one.__name__)
def test_a_folder_or_an_impossible_name_is_called_so(reader, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.csv/a.csv").write_text("a\n1\n")
    for place in (tmp_path, tmp_path / "folder.csv"):
        with pytest.raises(ValueError, match=r" is a folder, and .*: name one of its files"):
            reader(place)
    with pytest.raises(ValueError, match=r"'a\\x00b.csv' has a NUL character"):
        reader("a\0b.csv")
    with pytest.raises(ValueError, match="the path is empty"):
        reader("")


def test_an_option_of_samples_does_not_make_a_folder_one_of_events(tmp_path):
    with pytest.raises(ValueError, match="is a folder, and a file is read here"):
        files.read(tmp_path, rate=3.0)


SAMPLES = "time,CO\n" + "".join(f"{k},{k + 1}\n" for k in range(100))
EVENTS = "t,x,y,p\n" + "".join(f"{k},{k % 30},3,1\n" for k in range(100))


@pytest.mark.parametrize(("text", "reader"), [(SAMPLES, "read_samples"), (EVENTS, "read_events")])
@pytest.mark.parametrize("on_bad", ["raise", "drop", "repair"])
def test_text_tables_with_nul_bytes_are_called_so(text, reader, on_bad, tmp_path):
    path = tmp_path / "a.csv"
    plain, n = text.encode(), len(text)
    for content, words in {
        text.encode("utf-16-le"): "UTF-16 without the mark .* 'iconv -f UTF-16LE -t UTF-8'",
        text.encode("utf-16-be"): "UTF-16 without the mark .* 'iconv -f UTF-16BE -t UTF-8'",
        plain + bytes(9): f"NUL bytes, the first at byte {n}, .*'head -c {n}' keeps",
        plain.replace(b"\n50,", b"\n5\0,"): r"NUL bytes, the first at byte \d+, .*no table\.$",
    }.items():
        path.write_bytes(content)
        for read in (getattr(files, reader), files.read):
            with pytest.raises(ValueError, match=words):
                read(path, on_bad=on_bad)
