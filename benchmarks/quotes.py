"""Write measured numbers into the sentences that quote them: python benchmarks/quotes.py.

A sentence outside the pages that scripts write takes its numbers from the results kept in
docs/results, or from the device itself. tests/test_numbers.py compares them.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pages import DOCS

from mottle.reservoir import devices

ROOT = DOCS.parent
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"


class Quote(NamedTuple):
    """A sentence, with a field for each number, in one file or several."""

    files: tuple[str, ...]
    sentence: str
    values: Callable[[], tuple[object, ...]]

    def numbers(self) -> list[str]:
        """Return the numbers as they stand in the sentence."""
        fields = re.findall(r"\{[^}]*\}", self.sentence)
        return [field.format(value) for field, value in zip(fields, self.values(), strict=True)]

    def pattern(self) -> re.Pattern[str]:
        """Return the sentence as a pattern in which lines may end anywhere."""
        words = re.split(r"(\{[^}]*\}|\s+)", self.sentence)
        parts = [
            f"({NUMBER})" if word.startswith("{") else r"\s+" if word.isspace() else re.escape(word)
            for word in words
        ]
        return re.compile("".join(parts))


def score(recipe: str, reservoir: str, inputs: str, missing: str = "") -> float:
    """Return the median score of a recipe over its seeds, in %."""
    kept = pd.read_csv(DOCS / "results" / f"{recipe}.csv", keep_default_na=False)
    rows = kept[(kept.reservoir == reservoir) & (kept.inputs == inputs) & (kept.missing == missing)]
    return 100 * rows.score.median()


def rocket(recipe: str, inputs: str) -> tuple[float, float, float]:
    """Return median, least and largest score of MiniRocket, in %."""
    kept = pd.read_csv(DOCS / "results/minirocket.csv")
    scores = 100 * kept[(kept.recipe == recipe) & (kept.inputs == inputs)].score
    return scores.median(), scores.min(), scores.max()


def fitted(name: str) -> tuple[float, float]:
    """Return CPU seconds and peak MiB of a fit of 100,000 steps."""
    page = (DOCS / "how-to/streaming.md").read_text("utf-8")
    found = re.search(rf"\| {name} \| ([\d.]+) \|[^|]*\|[^|]*\| (\d+) ", page)
    return float(found[1]), int(found[2])


def learnt_digits() -> float:
    """Return the best accuracy of features learnt by STDP, in %."""
    kept = pd.read_csv(DOCS / "results/stdp-digits.csv", index_col="features")
    return kept.loc["learnt", "accuracy (%)"].max()


def spikes(column: str, *presets: str) -> pd.Series:
    """Return energies of a spike, in pJ, of presets at all supplies in the kept results."""
    kept = pd.read_csv(DOCS / "results/energy-spikes.csv", index_col="device")
    return kept.loc[list(presets), column]


def pwl() -> tuple[float, float]:
    """Return the energy of a spike of the piecewise-linear oscillator at 5 V, in pJ."""
    kept = pd.read_csv(DOCS / "results/energy-spikes.csv", index_col=["device", "supply (V)"])
    row = kept.loc[("vo2_pwl", 5.0)]
    return row["device (pJ)"], row["from supply (pJ)"]


def neuristors() -> tuple[float, ...]:
    """Return least and largest energy of a spike in the device and from the supply, in nJ."""
    found = [spikes(c, "vo2_neuristor", "vo2_neuristor_fast") / 1e3
             for c in ("device (pJ)", "from supply (pJ)")]  # fmt: skip
    return tuple(edge for column in found for edge in (column.min(), column.max()))


def levels(*pairs: tuple[str, float]) -> tuple[float, ...]:
    """Return the numbers of distinguishable levels for presets and ages in s."""
    return tuple(devices.levels(name, age) for name, age in pairs)


DAY = 86400.0
DEVICES = ("docs/reference/devices.md", "benchmarks/devices.py")
QUOTES = (
    Quote(
        ("docs/start/camera.md",), "memristors reach {:.1f} % and the counts {:.1f} %",
        lambda: (score("nmnist", "memristor", "sight"), score("nmnist", "none", "sight")),
    ),
    Quote(
        ("docs/explanations/fusion.md",),
        "reduces middle fusion of memristors from {:.1f} to {:.1f} %, late fusion from {:.1f} to "
        "{:.1f} %, and early fusion from {:.1f} to {:.1f} %",
        lambda: tuple(
            score("biotac-slide", "memristor", fusion, missing)
            for fusion in ("middle", "late", "early") for missing in ("", "electrodes")
        ),
    ),
    Quote(
        ("docs/start/when-to-use.md",), "a random forest has {:.1f} %.",
        lambda: (score("smellnet", "forest", "smell"),),
    ),
    Quote(
        ("docs/start/when-to-use.md",), "instead of ten, has {:.1f} [{:.1f}-{:.1f}].",
        lambda: rocket("smellnet", "smell, 100 steps"),
    ),
    Quote(
        ("docs/notebooks/03-grasping-hand.md",),
        "MiniRocket on the same folds and drives has a median of {:.1f} %",
        lambda: rocket("demo-grasp", "middle")[:1],
    ),
    Quote(
        ("docs/notebooks/02-event-camera.md",),
        "MiniRocket on the drives of 1000 recordings has a median of {:.1f} %",
        lambda: rocket("nmnist", "sight")[:1],
    ),
    Quote(
        ("docs/start/when-to-use.md",),
        "training on 100,000 steps: {:.1f} s and {} MiB beside {:.1f} s and {} MiB",
        lambda: (*fitted("mottle, one penalty"), *fitted("reservoirpy")),
    ),
    Quote(
        ("docs/start/when-to-use.md",), "({:.1f} % on 1000 event digits)",
        lambda: (learnt_digits(),),
    ),
    Quote(
        ("docs/explanations/regimes.md",), "outside the window, {:.3f} to {:.3f} V for this device",
        lambda: devices.get("vo2_neuristor").window,
    ),
    Quote(
        DEVICES,
        "The micrometre VO2 neuristor dissipates {:.1f} to {:.1f} nJ in the device and takes "
        "{:.0f} to {:.0f} nJ from the supply",
        neuristors,
    ),
    Quote(DEVICES, "it is {:.0f} pJ and {:.0f} pJ;", pwl),
    Quote(
        DEVICES,
        'published write statistics give {:.0f} levels ("milo2021"), {:.0f} ("wan2022") or {:.0f} '
        '("cmo_hfox", written to 2 %), and {:.0f} of these after a day; a ten times smaller write '
        "tolerance gives {:.0f} levels fresh and {:.0f} after a day",
        lambda: levels(
            ("milo2021", 0.0), ("wan2022", 0.0), ("cmo_hfox", 0.0), ("cmo_hfox", DAY),
            ("cmo_hfox_fine", 0.0), ("cmo_hfox_fine", DAY),
        ),
    ),
)  # fmt: skip


def quoted() -> Iterator[tuple[Path, re.Match[str] | None, list[str], Quote]]:
    """Yield for each quote and file the place of the sentence, and the numbers due there."""
    for quote in QUOTES:
        numbers = quote.numbers()
        for name in quote.files:
            text = (ROOT / name).read_text("utf-8")
            yield ROOT / name, quote.pattern().search(text), numbers, quote


def main() -> None:
    """Write the numbers that have changed."""
    for path, found, numbers, quote in quoted():
        if found is None:
            raise ValueError(f"{path} does not say: {quote.sentence}")
        text, end = path.read_text("utf-8"), len(numbers)
        for k in range(end, 0, -1):  # from the last, so that places before it stay
            text = text[: found.start(k)] + numbers[k - 1] + text[found.end(k) :]
        path.write_text(text, encoding="utf-8")
        if list(found.groups()) != numbers:
            print(f"{path.name}: {', '.join(found.groups())} became {', '.join(numbers)}")


if __name__ == "__main__":
    main()
