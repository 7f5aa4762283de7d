"""What systemd says of units when it is asked once; the counterpart of `host.systemd.session`, which follows them."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from watchdog.doctor.exam import NOTHING, OWN_UNIT, Unit
from watchdog.host.systemd.bus import PROPERTIES, SYSTEMD, Bus
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.failures import CallError, SystemdUnavailableError
from watchdog.host.systemd.names import ROOT, path_of
from watchdog.host.systemd.readings import readings, start_of
from watchdog.host.systemd.stop_time import sidekiq_timeout
from watchdog.model.targets import Verb
from watchdog.model.unit_names import possible

MANAGER: Final = f"{SYSTEMD}.Manager"
MOST: Final = 50
"""Units that are read."""
_IMPOSSIBLE: Final = {
    Verb.START: ("StartUnit", "triggering"),
    Verb.STOP: ("StopUnit", "isolate"),
    Verb.RESTART: ("RestartUnit", "isolate"),
}
"""
What systemd refuses to everybody, but only after it has asked polkit whether this user may do that to the unit: `triggering` is for stopping alone, `isolate` for starting alone
(manager_add_job in systemd's manager.c). So the rights are tried and nothing can come of it.
"""
_NO_RIGHT: Final = ("AccessDenied", "InteractiveAuthorizationRequired")


async def properties_of(bus: Bus, name: str) -> Mapping[str, Any]:
    """All properties of a unit, as of the unit and as of the service."""
    properties: dict[str, Any] = {}
    for part in ("Unit", "Service"):
        (told,) = await bus.expect(path_of(name), PROPERTIES, "GetAll", "s", f"{SYSTEMD}.{part}")
        properties |= told
    return properties


async def own_unit(where: str) -> Mapping[str, Any]:
    """The properties of the agent's own unit; empty where systemd can't be asked."""
    try:
        bus = await Bus.connect(where, lambda _: None)
    except SystemdUnavailableError:
        return NOTHING
    try:
        return await properties_of(bus, OWN_UNIT)
    except SystemdUnavailableError:
        return NOTHING
    finally:
        bus.close()


async def units_of(bus: Bus, patterns: Iterable[str], homes: Iterable[str]) -> list[Unit]:
    """Those that the patterns mean, loaded or not, and those in which a Sidekiq runs. Raises `SystemdUnavailableError`."""
    choice = Choice(patterns, OWN_UNIT)
    for home in homes:
        choice.house(home, home)
    wanted = choice.wanted()
    (loaded,) = await bus.expect(ROOT, MANAGER, "ListUnitsByPatterns", "asas", [], wanted)
    (files,) = await bus.expect(ROOT, MANAGER, "ListUnitFilesByPatterns", "asas", [], wanted)
    names = {*(name for name, *_ in loaded), *(path.rpartition("/")[2] for path, _ in files)}
    found = []
    for name in sorted(name for name in names if possible(name) and choice.means(name))[:MOST]:
        properties = await properties_of(bus, name)
        start = start_of(properties)
        timeout = await asyncio.to_thread(sidekiq_timeout, start) if start is not None else None
        found.append(Unit(name=name, readings=readings(name, properties), sidekiq_timeout=timeout))
    return found


async def may_not(bus: Bus, unit: str, verbs: Collection[Verb] = tuple(Verb)) -> list[str]:
    """What of these systemd would not let this user do to that unit; nothing is done to it. Raises `SystemdUnavailableError` where there is no answer."""
    refused = []
    for verb in verbs:
        method, mode = _IMPOSSIBLE[verb]
        try:
            await bus.call(ROOT, MANAGER, method, "ss", unit, mode)
        except CallError as error:
            if error.name.rpartition(".")[2] in _NO_RIGHT:
                refused.append(verb.value)
    return refused
