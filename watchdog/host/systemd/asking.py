"""
What systemd says of services when it is asked once.

Beneath `session`, which goes on listening, and beneath whoever only has a look. Each function is given the way to ask, `Bus.call` or `Bus.expect`, which decides what a refusal means.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from watchdog.host.systemd.bus import PROPERTIES, SYSTEMD
from watchdog.host.systemd.names import ROOT, path_of

MANAGER: Final = f"{SYSTEMD}.Manager"
Ask = Callable[..., Awaitable[list[Any]]]
"""`Bus.call` or `Bus.expect`."""


class Listed(NamedTuple):
    """Units that systemd holds, with their load state, and unit files with their state, each by name."""

    held: dict[str, str]
    files: dict[str, str]


async def list_units(ask: Ask, patterns: Sequence[str]) -> Listed:
    """Those that the patterns mean."""
    (units,) = await ask(ROOT, MANAGER, "ListUnitsByPatterns", "asas", [], list(patterns))
    (files,) = await ask(ROOT, MANAGER, "ListUnitFilesByPatterns", "asas", [], list(patterns))
    return Listed({name: load for name, _, load, *_ in units}, {path.rpartition("/")[2]: state for path, state in files})


async def properties_of(ask: Ask, name: str) -> dict[str, Any]:
    """All properties of a unit, as of the unit and as of the service. A unit that systemd does not hold it loads for that."""
    properties: dict[str, Any] = {}
    for part in ("Unit", "Service"):
        (told,) = await ask(path_of(name), PROPERTIES, "GetAll", "s", f"{SYSTEMD}.{part}")
        properties |= told
    return properties
