"""Devices of recipes that come from files: `device = "own.toml"`, relative to the recipe."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mottle.pipelines.schema import plain
from mottle.reservoir.fitting.own import build, load, name_of_family


def with_devices(settings: Any, folder: Path) -> Any:
    """Return settings with the constants of each device in place of the path of its file.

    So a recipe, and the result of its run, hold all that they need.
    """
    if isinstance(settings, list):
        return [with_devices(one, folder) for one in settings]
    if not isinstance(settings, Mapping):
        return settings
    found = {}
    for key, value in settings.items():
        if key == "device" and isinstance(value, str) and value.endswith(".toml"):
            device = load(folder / value)
            constants = plain(dict(device._asdict()))
            found[key] = {"family": name_of_family(device), "constants": constants}
        else:
            found[key] = with_devices(value, folder)
    return found


def built_devices(parameters: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return parameters with a device in place of a table of its family and constants."""
    given = dict(parameters)
    if isinstance(table := given.get("device"), Mapping):
        given["device"] = build(table, f"{place}.device")
    return given
