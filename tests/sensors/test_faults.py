"""Every format and every fault: what is bad ends alike in all formats."""

from pathlib import Path

import fault_kinds as kinds
import pytest
from fault_kinds import BYTE_FAULTS, EVENT_FAULTS, EVENT_FORMATS, SAMPLE_FAULTS, SAMPLE_FORMATS

from mottle.sensors.files.formats.registry import event_formats

for package in ("h5py", "rosbags", "lz4"):
    pytest.importorskip(package)

LEFT_OUT = "refused, left out, left out"
EVENTS = dict.fromkeys(EVENT_FAULTS, LEFT_OUT) | {
    "time goes back": "refused, left out, held", "first time is negative": "read",
}  # fmt: skip
EXCEPTIONS = {
    ("evt3", "time goes back"): "held",  # a camera's own, counted
    ("ts", "value is text"): "refused",  # as a line that is cut in the wrong places has it
}
SAMPLES = {
    fault: "refused, left out, interpolated" if fault.startswith("value") else LEFT_OUT
    for fault in SAMPLE_FAULTS
}
OF_OTHER_KINDS = {"stmnist", "hdf5", "npy", "table"}  # there under longer names, or a matrix


@pytest.mark.parametrize("fault", EVENT_FAULTS)
@pytest.mark.parametrize("name", EVENT_FORMATS)
def test_faults_of_events_have_the_same_end_in_every_format(name, fault, tmp_path):
    right = EXCEPTIONS.get((name, fault), EVENTS[fault])
    assert kinds.event_outcome(name, fault, tmp_path) in (right, "-")


@pytest.mark.parametrize("fault", SAMPLE_FAULTS)
@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_faults_of_samples_have_the_same_end_in_every_format(name, fault, tmp_path):
    right = EXCEPTIONS.get((name, fault), SAMPLES[fault])
    assert kinds.sample_outcome(name, fault, tmp_path) in (right, "-")


@pytest.mark.parametrize("fault", BYTE_FAULTS)
@pytest.mark.parametrize("name", [*EVENT_FORMATS, *SAMPLE_FORMATS])
def test_cut_and_empty_files_are_refused_or_read_as_far_as_they_go(name, fault, tmp_path):
    made = kinds.event_outcome if name in EVENT_FORMATS else kinds.sample_outcome
    ends = (
        ("refused",) if "empty" in fault else ("refused", "refused, rest read, rest read", "read")
    )
    assert made(name, fault, tmp_path) in ends


def test_no_format_is_missing_among_the_kinds():
    assert set(event_formats()) - {name.split(",")[0] for name in EVENT_FORMATS} <= OF_OTHER_KINDS


def test_the_page_of_formats_and_faults_is_current(monkeypatch):
    root = Path(__file__).parents[2]
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import formats_and_faults

    assert formats_and_faults.PAGE.read_text("utf-8") == formats_and_faults.page()
