"""
What systemd, and polkit behind it, would not let this user do; the counterpart of `sidekiq.rights`.

Nothing is done to any unit.
"""

from collections.abc import Collection
from typing import Final

from watchdog.host.systemd.asking import MANAGER
from watchdog.host.systemd.bus import Bus
from watchdog.host.systemd.failures import CallError
from watchdog.host.systemd.names import ROOT
from watchdog.model.targets import Verb

_IMPOSSIBLE: Final = {
    Verb.START: ("StartUnit", "triggering"),
    Verb.STOP: ("StopUnit", "isolate"),
    Verb.RESTART: ("RestartUnit", "isolate"),
}
"""
What systemd refuses to everybody, but only after it has asked polkit whether this user may do that to the unit: `triggering` is for stopping alone, `isolate` for starting alone
(manager_add_job in systemd's manager.c). So the rights are tried and nothing can come of it.
"""


async def may_not(bus: Bus, unit: str, verbs: Collection[Verb] = tuple(Verb)) -> list[str]:
    """What of these systemd would not let this user do to that unit. Raises `SystemdUnavailableError` where there is no answer."""
    refused = []
    for verb in verbs:
        method, mode = _IMPOSSIBLE[verb]
        try:
            await bus.call(ROOT, MANAGER, method, "ss", unit, mode)
        except CallError as error:
            if error.is_for_want_of_a_right:
                refused.append(verb.value)
    return refused
