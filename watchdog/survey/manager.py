"""What systemd itself says of services, asked once over D-Bus: which there are, how they are, and what holds for them in the end."""

from collections.abc import Callable
from typing import Any

from watchdog.host.systemd.asking import list_units, properties_of
from watchdog.host.systemd.bus import Bus
from watchdog.host.systemd.failures import CallError
from watchdog.host.systemd.readings import readings

Held = dict[str, Any]
"""A service that systemd holds: readings by slot, as the agent has them (`host.systemd.readings`)."""


async def ask_systemd(where: str, means: Callable[[str], bool]) -> tuple[dict[str, Held], dict[str, str]]:
    """
    The services among those it holds that are meant, and the states of all files of services by name. `where` is the socket of the bus.

    Raises `SystemdUnavailableError`. No service is asked for its properties that systemd does not hold, since that would make it load it.
    """
    bus = await Bus.connect(where, lambda _: None)
    try:
        told = await list_units(bus.expect, ["*.service"])
        names = [name for name, load in told.held.items() if load != "not-found" and means(name)]
        held = {name: one for name in names if (one := await _held(bus, name)) is not None}
    finally:
        bus.close()
    return held, told.files


async def _held(bus: Bus, name: str) -> Held | None:
    try:
        return readings(name, await properties_of(bus.call, name))
    except CallError:
        return None  # it has gone meanwhile
