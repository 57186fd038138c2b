"""Tables keep streams as they are, and pairing never lets a recording into two groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mottle.datasets import PAIRED, Recordings, label_paired, make_table
from mottle.datasets.table import sampled


def recordings(sense, labels, groups, per_group=1, start=0):
    """One int array a recording, which holds its own number."""
    target = np.repeat([label for label in labels for _ in range(groups)], per_group)
    group = np.arange(len(labels) * groups).repeat(per_group)
    cells = [np.full((2, 1), start + at) for at in range(len(target))]
    return Recordings(make_table(**{sense: cells}), target, group)


@pytest.mark.parametrize(
    "cell",
    [
        np.zeros((3, 3)),
        np.zeros(3, dtype=[("t", "<i8"), ("x", "<i2")]),
        sampled(np.zeros((3, 3)), range(3), "abc", units="V", name="x"),
        None,
    ],
    ids=["array", "events", "DataArray", "absent"],
)
def test_a_cell_comes_out_as_it_went_in(cell):
    table = make_table(sense=[cell, cell, cell])
    assert table.shape == (3, 1)
    assert table["sense"].dtype == object
    assert all(table["sense"].iloc[row] is cell for row in range(3))
    assert table.iloc[[2, 0]]["sense"].iloc[1] is cell


def test_senses_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"'touch' 2, 'sight' 1.*give None"):
        make_table(touch=[None, None], sight=[None])


def test_a_table_without_senses_is_refused():
    with pytest.raises(ValueError, match="at least one sense"):
        make_table()


def test_units_of_several_kinds_go_to_a_coordinate():
    stream = sampled(np.zeros((2, 2)), [0, 1], ["f", "t"], units=["N", "N m"], name="wrench")
    assert stream["unit"].to_numpy().tolist() == ["N", "N m"]
    assert stream.attrs["units"] == "see coordinate 'unit'"
    assert stream["time"].dtype == np.float64


@settings(max_examples=40, deadline=None)
@given(
    n_groups=st.integers(1, 4),
    extra=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    per_group=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_no_recording_and_no_group_of_any_sense_is_in_two_groups(n_groups, extra, per_group):
    parts = {
        "sight": recordings("a", [0, 1, 2], n_groups + extra[0], per_group[0]),
        "smell": recordings("b", ["x", "y", "z"], n_groups + extra[1], per_group[1]),
    }
    table, target, groups = label_paired(n_groups=n_groups, **parts)
    assert table.attrs["pairing"] == PAIRED == "label-paired, not co-recorded"
    assert set(target) == {"0 / x", "1 / y", "2 / z"}
    for sense, part in parts.items():
        used = [int(cell[0, 0]) for cell in table[sense]]
        assert len(used) == len(set(used))
        of_class = dict(zip(np.unique(part.target).tolist(), np.unique(target), strict=True))
        assert all(of_class[part.target[row]] == t for row, t in zip(used, target, strict=True))
        met = {}
        for row, group in zip(used, groups, strict=True):
            assert met.setdefault(part.groups[row], group) == group


def test_equal_labels_stay_and_other_orders_are_as_named():
    same = label_paired(
        n_groups=1, a=recordings("a", [3, 4], 1), b=recordings("b", [3, 4], 1)
    ).target
    assert same.tolist() == [3, 4]
    other = label_paired(
        n_groups=1,
        classes={"b": [4, 3]},
        a=recordings("a", [3, 4], 1),
        b=recordings("b", [3, 4], 1),
    )
    assert other.target.tolist() == ["3 / 4", "4 / 3"]
    assert [int(cell[0, 0]) for cell in other.table["b"]] == [1, 0]


def test_pairing_refuses_what_it_cannot_keep_apart():
    one = recordings("a", [0, 1], 3)
    with pytest.raises(ValueError, match="class 0 of 'a' has 3 groups, fewer than n_groups=5"):
        label_paired(a=one, b=one)
    with pytest.raises(ValueError, match="different numbers of classes"):
        label_paired(n_groups=2, a=one, b=recordings("b", [0, 1, 2], 3))
    with pytest.raises(ValueError, match="two senses or more"):
        label_paired(a=one)
    two = Recordings(make_table(p=[None] * 2, q=[None] * 2), np.arange(2), np.arange(2))
    with pytest.raises(ValueError, match=r"columns p, q: pick one.*senses\('p'\)"):
        label_paired(n_groups=1, a=two, b=one)
    torn = Recordings(one.table, one.target, np.array([0, 1, 2, 2, 3, 4]))
    with pytest.raises(ValueError, match="group 2 of 'a' comes into group 1 and into group 0"):
        label_paired(n_groups=2, a=torn, b=one)


def test_take_and_senses_keep_table_target_and_groups_together():
    part = recordings("a", [0, 1], 2)
    part.table.attrs["licence"] = "x"
    picked = part.take(part.target == 1)
    assert [int(cell[0, 0]) for cell in picked.table["a"]] == [2, 3]
    assert picked.groups.tolist() == [2, 3]
    assert picked.table.attrs == {"licence": "x"}
    with pytest.raises(ValueError, match=r"no sense 'b'\. The table has a"):
        part.senses("b")


def test_lists_without_the_name_of_a_sense_are_answered_with_how_to_name_them():
    with pytest.raises(
        TypeError, match=r"make_table takes nothing by position, .* it takes index, senses=\.\.\."
    ):
        make_table({"touch": [np.zeros((5, 2))]})
