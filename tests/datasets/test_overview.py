"""The short view of recordings."""

import numpy as np
import pytest

from mottle.datasets import Recordings, load_demo, make_table
from mottle.datasets.overview import describe_target
from mottle.events import EVENT_DTYPE, LazyStream


class Stored(LazyStream):
    def read(self):
        raise AssertionError("a view reads nothing from disk")


def test_a_view_names_senses_lengths_classes_groups_and_licence():
    recordings = load_demo("grasp")
    view = recordings._repr_html_()
    rows = recordings.describe()
    lengths = [len(stream) for stream in recordings.table["touch"]]
    assert rows.loc["touch"].tolist() == [
        "samples", 200, 0, min(lengths), max(lengths), "60", "dimensionless"
    ]  # fmt: skip
    assert rows.loc["joints", "units"] == "degree"
    for text in ("blue_bear (20)", "10 classes", "<dd>20;", "Harold Soh", "<td>degree</td>"):
        assert text in view
    assert len(view) < 3000


def test_absent_stored_and_unequal_streams_are_counted():
    table = make_table(
        sight=[np.zeros(3, EVENT_DTYPE), None], smell=[np.zeros((4, 2)), np.zeros((5, 3))],
        sound=[Stored(), Stored()], taste=[None, None],
    )  # fmt: skip
    view = Recordings(table, np.array([0.5, 1.5]), np.array([0, 1]))
    found = view.describe()
    assert found.loc["sight", ["kind", "present", "absent", "longest"]].tolist() == [
        "events", 1, 1, 3
    ]  # fmt: skip
    assert found.loc["smell", ["shortest", "longest", "channels"]].tolist() == [4, 5, "2 to 3"]
    assert found.loc["sound", "kind"] == "read from disk when used"
    assert found.loc["taste", "kind"] == "none"
    assert "numbers from 0.5 to 1.5" in view._repr_html_()


def test_markup_in_names_is_text():
    table = make_table(touch=[np.zeros((2, 1))])
    table.attrs["licence"] = "<b>free</b>"
    view = Recordings(table, np.array(["<i>"]), np.array([0]))._repr_html_()
    assert "<b>" not in view
    assert "&lt;i&gt; (1)" in view


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (np.arange(20), "20 classes: 0 (1), 1 (1)"),
        (np.arange(20), "and 8 more"),
        (np.ones((3, 2)), "numbers from 1 to 1, 2 a recording"),
        ([np.zeros(3), np.zeros(4)], "2 values or arrays"),
    ],
)
def test_targets_of_all_kinds_are_described(target, text):
    assert text in describe_target(target)
