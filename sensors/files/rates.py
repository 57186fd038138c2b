"""The step of rows, as names and values beside them state it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mottle.times import UNITS, name_unit

RATES = (
    "sampling_rate",
    "sample_rate",
    "samplerate",
    "sampling_frequency",
    "rate",
    "fs",
)  # samples/s
PERIODS = ("dt", "sampling_interval", "sample_interval", "sampling_period")  # s
OF_TIME = ("time_unit", "time_units", "timeunit")  # what states the unit of times, and of periods
STATED = {
    **{rate + end: (False, scale) for rate in RATES
       for end, scale in (("", 1.0), ("_hz", 1.0), ("_khz", 1000.0))},
    **{period + end: (True, scale) for period in PERIODS
       for end, scale in (("", 1.0), ("_s", 1.0), ("_ms", 1e-3), ("_us", 1e-6))},
}  # fmt: skip
"""Names in lower case: whether a period is meant, and what one of it is in Hz or s."""
UNIT_OF = {f"{name}_{end}": name for name in (*RATES, *PERIODS) for end in ("unit", "units")}
STATING = (*STATED, *UNIT_OF, *OF_TIME)
"""What `rate_of` looks at."""
COMMENTED = re.compile(
    rf"(?<![\w.])({'|'.join(name.replace('_', '[ _-]?') for name in (*RATES, *PERIODS))})"
    r"\s*[=:]\s*([\d.]+(?:e[+-]?\d+)?\s*[a-z\u00b5\u03bc]*)(?![\w.])",
    re.IGNORECASE,
)
COMMENTED_UNIT = re.compile(
    r"(?<![\w.])times?(?:stamps?)?\s*(?:are\s+|is\s+)?(?:in\s+|[ _]units?\s*[=:]\s*|[(\[]\s*)"
    r"([a-z\u00b5\u03bc]+)(?![\w.])",
    re.IGNORECASE,
)
NUMBER = r"\s*([\d.]+(?:e[+-]?\d+)?)\s*"
ALIKE = 0.01  # relative difference of two that state the same, such as 30 Hz and 0.0333 s


def states_step(name: str) -> bool:
    """Return whether a name is that of a rate or a period.

    Examples
    --------
    >>> states_step("Fs"), states_step("fs_kHz"), states_step("dt"), states_step("offset")
    (True, True, True, False)
    """
    return name.rsplit("/", 1)[-1].lower() in STATED


def rate_of(stated: Mapping[str, Any], where: str) -> tuple[float, str] | None:
    """Return the rate in Hz that values state by their names, and the name; None where none does.

    Parameters
    ----------
    stated : dict of str to number or str
        Values by name, of which others than rates and periods are passed over.
    where : str
        What messages call them, in front of the name.

    Raises
    ------
    ValueError
        For what is no number above 0, and for two that differ.

    Examples
    --------
    >>> rate_of({"dt": "10 ms", "gain": 2}, "attribute"), rate_of({"fs_kHz": 2}, "attribute")
    ((100.0, 'dt'), (2000.0, 'fs_kHz'))
    >>> rate_of({"dt": 10, "time_unit": "ms"}, "attribute")
    (100.0, 'dt')
    """
    texts = {name.rsplit("/", 1)[-1].lower(): text for name, text in stated.items()
             if isinstance(text, str)}  # fmt: skip
    found = {name: read_step(name, with_unit(name, value, texts), where)
             for name, value in stated.items() if states_step(name)}  # fmt: skip
    if not found:
        return None
    if max(found.values()) > (1 + ALIKE) * min(found.values()):
        listed = " and ".join(f"{name!r} ({rate:.6g} Hz)" for name, rate in found.items())
        raise ValueError(f"{where} {listed} differ: leave one, or correct it.")
    order = sorted(found, key=lambda name: list(STATED).index(name.rsplit("/", 1)[-1].lower()))
    return found[order[0]], order[0]


def with_unit(name: str, value: Any, texts: Mapping[str, str]) -> Any:
    """Return a bare number with the unit that stands beside it, if one does.

    Examples
    --------
    >>> with_unit("fs", 2, {"fs_unit": "kHz"}), with_unit("dt_ms", 4, {"time_unit": "s"})
    ('2 kHz', 4)
    """
    own = name.rsplit("/", 1)[-1].lower()
    if own not in (*RATES, *PERIODS) or not re.fullmatch(NUMBER, str(value).lower()):
        return value
    units = [key for key, of in UNIT_OF.items() if of == own]
    units += OF_TIME if own in PERIODS else ()
    unit = next((texts[key] for key in units if key in texts), "")
    return f"{value} {unit.strip()}" if unit.strip() else value


def stated_in(comments: Iterable[str]) -> dict[str, str]:
    """Return what comments above a table state of its times: rate or period, and their unit.

    Examples
    --------
    >>> stated_in(["# probe 3, Sampling rate: 100 Hz", "# time in ms"])
    {'sampling_rate': '100 Hz', 'time_unit': 'ms'}
    """
    found: dict[str, str] = {}
    for line in comments:
        for name, text in COMMENTED.findall(line):
            plain = re.sub("[ -]", "_", name.lower())
            found[plain if plain in STATED else plain.replace("_", "")] = text
        for unit in COMMENTED_UNIT.findall(line):
            if name_unit(unit):
                found["time_unit"] = unit
    return found


def read_step(name: str, stated: Any, where: str) -> float:
    """Return a rate in Hz from a rate or a period, or raise.

    Examples
    --------
    >>> read_step("fs", "2 kHz", "attribute"), read_step("dt_ms", 4, "attribute")
    (2000.0, 250.0)
    """
    of_period, scale = STATED[name.rsplit("/", 1)[-1].lower()]
    units = r"([a-z\u00b5\u03bc]*)" if of_period else "(k?)(?:hz)?"
    found = re.fullmatch(NUMBER + units + r"\s*", str(stated).lower())
    try:
        number = float(found[1]) if found else 0.0
    except ValueError:  # two points
        number = 0.0
    if found and found[2] and of_period:
        unit = name_unit(found[2])
        number, scale = (number * UNITS[unit], 1 / UNITS["s"]) if unit else (0.0, 1.0)
    elif found and found[2]:
        scale = 1000.0
    if not 0 < number < np.inf:
        kind, units = ("period", "s") if of_period else ("rate", "Hz")
        raise ValueError(
            f"{where} {name!r} states the {kind} {stated!r}; expected a number above 0, in {units}."
        )
    return 1 / (number * scale) if of_period else number * scale
