"""Presets in files of their own: constants of a fitted device with where they come from, as TOML.

A file is data: it names a family and its constants, and nothing in it is executed.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mottle.checks import choose, suggest
from mottle.reservoir.family import Family

FORM = "mottle device 1"
SECTIONS = (
    "constants", "units", "intervals", "depends_on", "undetermined", "fit", "spread",
    "cycle_to_cycle", "problems",
)  # fmt: skip


def families_by_name() -> dict[str, Family]:
    """Return the families that can be fitted, by name."""
    from mottle.reservoir.catalogue import FAMILIES

    return {family.fitting.name: family for family in FAMILIES if family.fitting is not None}


def name_of_family(device: Any) -> str:
    """Return the name of a device's family.

    Examples
    --------
    >>> from mottle.reservoir.catalogue import get
    >>> name_of_family(get("tiox_zhong2021"))
    'tiox'
    """
    known = families_by_name().items()
    return next(name for name, family in known if family.device is type(device))


def build(settings: Mapping[str, Any], place: str) -> Any:
    """Return the constants in a table ``family`` and ``constants``; refuse what is no constant."""
    known = families_by_name()
    if not isinstance(settings.get("constants"), Mapping):
        raise ValueError(f"{place}: the table 'constants' is missing.")
    try:
        family = choose(settings.get("family"), known, "family")
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    constants = {}
    fields = family.device._fields  # type: ignore[attr-defined]
    for name, value in settings["constants"].items():
        if name not in fields:
            raise ValueError(
                f"{place}: constants.{name} is no constant of {family.device.__name__}"
                f"{suggest(name, fields)} It has: {', '.join(fields)}."
            )
        constants[name] = tuple(value) if isinstance(value, list) else value
    missing = [name for name in fields if name not in constants]
    if missing:
        raise ValueError(f"{place}: constants.{missing[0]} is missing.")
    device = family.device(**constants)
    for name in ("source", "provisional"):
        if not isinstance(constants[name], str):
            raise ValueError(f"{place}: constants.{name}={constants[name]!r} must be text.")
    try:
        family.check(device)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return device


def read_file(path: str | Path) -> dict[str, Any]:
    """Return all that a file of a device holds, checked."""
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"there is no file '{path}' of a device.")
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' is not TOML: {error}") from None
    if settings.get("format") != FORM:
        raise ValueError(
            f"'{path}': format={settings.get('format')!r}; a device is written by "
            f"devices.fit(...).save, with format={FORM!r}."
        )
    for name in settings:
        if name not in ("format", "family", *SECTIONS):
            raise ValueError(f"'{path}': unknown key {name}{suggest(name, SECTIONS)}")
    return settings


def load(path: str | Path) -> Any:
    """Load a device from a file that ``fit(...).save`` or ``mottle devices fit`` wrote.

    Parameters
    ----------
    path : str or Path
        TOML file. Nothing in it is executed.

    Returns
    -------
    preset : NamedTuple
        Constants in SI units, for ``device=`` of reservoirs, ``simulate`` and ``draw``. ``source``
        names the measurements, ``provisional`` the constants that they do not determine.

    Raises
    ------
    ValueError
        If there is no such file, it is no device, or a constant is unknown, missing or outside its
        bounds.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from mottle.reservoir import devices
    >>> volts = np.tile(devices.pulse_train([1.5, -0.5, 1.2, 0.4], 2e-3, 8e-3, 1e-3), 5)
    >>> run = devices.simulate("wox_du2017", volts, 1e-3)
    >>> table = {"t": run.time, "v": run.voltage, "i": run.current}
    >>> with TemporaryDirectory() as folder:
    ...     devices.fit("wox", table).save(f"{folder}/own.toml")
    ...     f"{devices.load(f'{folder}/own.toml').eta:.6g}"
    '8'
    """
    settings = read_file(path)
    return build(settings, f"'{path}'")
