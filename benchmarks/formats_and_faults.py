"""Write docs/reference/formats-and-faults.md: what each reader makes of each fault.

The faults and the writers are those of tests/fault_kinds.py, which the tests run as well.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import fault_kinds as kinds  # noqa: E402
from pages import record  # noqa: E402

PAGE = ROOT / "docs/reference/formats-and-faults.md"
HEAD = """# Formats and faults

What each reader makes of each fault, written by `benchmarks/formats_and_faults.py` (`make pages`)
from files of five rows with one fault each; `tests/sensors/test_faults.py` runs the same and
compares this page.

"refused, left out, held" is what becomes of the bad row with `on_bad="raise"`, `"drop"` and
`"repair"`: a `ValueError` that names the file and the place; the row left out; its time held at the
latest one before it. One word stands for all three. "read" is as it was written, "interpolated" a
value between its neighbours, "rest read" all whole rows before the cut. "-" is what a format cannot
hold. All that is left out, held or interpolated is counted in `repairs`.
"""


def page() -> str:
    """Return the page."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        events = kinds.table(
            kinds.EVENT_FORMATS, kinds.EVENT_FAULTS | kinds.BYTE_FAULTS,
            lambda name, fault: kinds.event_outcome(name, fault, folder),
        )  # fmt: skip
        samples = kinds.table(
            kinds.SAMPLE_FORMATS, kinds.SAMPLE_FAULTS | kinds.BYTE_FAULTS,
            lambda name, fault: kinds.sample_outcome(name, fault, folder),
        )  # fmt: skip
    return f"{HEAD}\n## Events\n\n{events}\n\n## Samples\n\n{samples}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    record("formats_and_faults")
