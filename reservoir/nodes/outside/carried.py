"""Devices outside mottle in pickles, and in the worker processes of joblib.

A pickle of a reservoir holds the definition of its device: functions by the module that defines
them, as every pickle does. Functions of a notebook or script have no such module. Worker processes
of joblib (``n_jobs=2``) receive these by value, and with them all devices of the session: the
grid of a search may name others. Mottle itself reads no pickles.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mottle.reservoir import catalogue
from mottle.reservoir.family import Family
from mottle.reservoir.nodes.node import KEPT
from mottle.reservoir.nodes.outside.definition import Definition, Lost, differences

SESSION = "_session"  # attribute of a pickled reservoir
BY_NAME = ContextVar("BY_NAME", default=False)


class Session:
    """All devices of this process that were defined by ``device_node``; empty in a plain pickle."""


@contextmanager
def by_name() -> Iterator[None]:
    """Let reservoirs give the name of their device in place of its functions: for model files."""
    before = BY_NAME.set(True)
    try:
        yield
    finally:
        BY_NAME.reset(before)


def named(p: Any, find: Any) -> dict[str, Any]:
    """Return attributes that name the device of a reservoir, and hold no function."""
    family = p.__dict__.get(KEPT, (None, None))[1]
    try:
        family = family or find(p.device)[1]
    except ValueError:  # an impossible device: for fit to refuse
        return {}
    if isinstance(family, Lost):  # of a model that came from a file
        return {}
    first, lost = next(iter(family.presets)), None
    if family.definition is not None:
        where = type(family.definition.preset).__module__
        lost = Lost(first, family.definition.digests, where)
    device = first if isinstance(p.device, Family) else p.device
    return {KEPT: (device, lost), "device": device}


def state_of(p: Any, find: Any) -> dict[str, Any]:
    """Return what the pickle of a reservoir holds beside its attributes."""
    if BY_NAME.get():
        return named(p, find)
    if not catalogue.OUTSIDE:
        return {}
    state: dict[str, Any] = {SESSION: Session()}
    if KEPT not in p.__dict__:
        try:
            family = find(p.device)[1]
        except ValueError:  # an impossible device: for fit to refuse
            return state
        if family.definition is not None:
            state[KEPT] = (p.device, family)
    return state


def restore(definition: Definition | Lost) -> Any:
    """Return the device of a pickled definition: the one of this process if it is the same."""
    known = catalogue.OUTSIDE.get(definition.name)
    if isinstance(definition, Lost):
        if known is None:
            catalogue.UNUSABLE[definition.name] = definition.reason()
            return definition
        return definition if differences(known, definition) else known
    if known is not None and same(known, definition):
        return known
    family = rebuild(definition)
    if known is None and catalogue.find_family(definition.preset) is None:
        catalogue.register(family)
    return family


def receive(definitions: list[tuple[Any, ...]]) -> None:
    """Take over the devices of the process that sent them: it is the one that counts here."""
    for values in definitions:
        definition = Definition(*values)
        known = catalogue.OUTSIDE.get(definition.name)
        if known is None or not same(known, definition):
            catalogue.OUTSIDE.pop(definition.name, None)
            catalogue.register(rebuild(definition))


def received(values: tuple[Any, ...]) -> Definition:
    """Return a definition received by value, which is then known here."""
    receive([values])
    return Definition(*values)


def received_session(definitions: list[tuple[Any, ...]]) -> Session:
    """Return a session whose devices are then known here."""
    receive(definitions)
    return Session()


def same(family: Family, definition: Definition) -> bool:
    """Return whether a device has a definition, and the very type of constants."""
    return family.device is type(definition.preset) and not differences(family, definition)


def rebuild(definition: Definition) -> Family:
    """Return a new device of a definition."""
    from mottle.reservoir.nodes.outside.node import build

    return build(definition)


def by_value(definition: Definition) -> Any:
    """Reduce a definition for joblib's own pickles, which hold functions by value."""
    return received, (tuple(definition),)


def session_by_value(session: Session) -> Any:
    """Reduce a session for joblib's own pickles."""
    families = [family for family in catalogue.OUTSIDE.values() if family.definition is not None]
    return received_session, ([tuple(family.definition) for family in families],)


def send_by_value() -> None:
    """Let joblib's pickles hold definitions by value."""
    from joblib.externals.loky.backend.reduction import register

    register(Definition, by_value)
    register(Session, session_by_value)
