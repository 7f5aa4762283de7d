"""What systemd says of the units that the config means, and of the agent's own, when it is asked once."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchdog.doctor.exam import NOTHING, OWN_UNIT, Unit
from watchdog.host.systemd.asking import list_units, properties_of
from watchdog.host.systemd.bus import Bus
from watchdog.host.systemd.choice import Choice
from watchdog.host.systemd.failures import SystemdUnavailableError
from watchdog.host.systemd.readings import readings, start_of
from watchdog.host.systemd.stop_time import sidekiq_timeout
from watchdog.host.systemd.threads_and_pool import pool_of, threads_of
from watchdog.model.unit_names import possible

MOST: Final = 50
"""Units that are read."""


async def own_unit(where: str) -> Mapping[str, Any]:
    """The properties of the agent's own unit; empty where systemd can't be asked."""
    try:
        bus = await Bus.connect(where, lambda _: None)
    except SystemdUnavailableError:
        return NOTHING
    try:
        return await properties_of(bus.expect, OWN_UNIT)
    except SystemdUnavailableError:
        return NOTHING
    finally:
        bus.close()


async def units_of(bus: Bus, patterns: Iterable[str], homes: Iterable[str]) -> list[Unit]:
    """Those that the patterns mean, loaded or not, and those in which a Sidekiq runs. Raises `SystemdUnavailableError`."""
    choice = Choice(patterns, OWN_UNIT)
    for home in homes:
        choice.house(home, home)
    told = await list_units(bus.expect, choice.wanted())
    found = []
    for name in sorted(name for name in {*told.held, *told.files} if possible(name) and choice.means(name))[:MOST]:
        properties = await properties_of(bus.expect, name)
        start = start_of(properties)
        timeout = await asyncio.to_thread(sidekiq_timeout, start) if start is not None else None
        found.append(
            Unit(
                name=name,
                readings=readings(name, properties),
                sidekiq_timeout=timeout,
                threads=threads_of(start),
                pool=pool_of(properties),
            )
        )
    return found
