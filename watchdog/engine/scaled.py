"""What the agent has stopped itself, so that it may start it again: a frozen part of the ledger. Who else stopped a unit wants it stopped."""

from typing import Final

import msgspec

from watchdog.model.actions_on_templates import SCALE_IN
from watchdog.model.template_names import template_of

MOST: Final = 256
"""So many units are remembered."""
SEEN_WITHIN: Final = 5_000
"""Milliseconds within which a stop of our own is seen in the picture."""


class Stopped(msgspec.Struct, frozen=True):
    """A unit that systemd has stopped at the agent's word."""

    stopped_at: int
    rule: str
    incident: str


class Scaled(msgspec.Struct, frozen=True):
    """By the name of the unit; one that was started since is told from it by its own times."""

    stopped: dict[str, Stopped] = {}


def with_stopped(scaled: Scaled, unit: str, stopped: Stopped) -> Scaled:
    """The same with one more, or with a later time for it; who was stopped longest ago is forgotten first."""
    kept = {name: one for name, one in scaled.stopped.items() if name != unit}
    return Scaled({**dict([*kept.items()][1 - MOST :]), unit: stopped})


def stopped_by_us(scaled: Scaled, unit: str, *, ended_at: int | None, stopped_at: int | None) -> bool:
    """
    Whether it stands still because the agent stopped it.

    `ended_at` is when it ended last, `stopped_at` when systemd was last seen to be asked to stop it; None where nobody knows (engine time). The agent's own stop is seen as well, and perhaps a little later.
    """
    stopped = scaled.stopped.get(unit)
    if stopped is None or (ended_at is not None and ended_at > stopped.stopped_at):
        return False
    return stopped_at is None or stopped_at <= stopped.stopped_at + SEEN_WITHIN


def also_named(action: str, name: str) -> tuple[str, ...]:
    """The name `host/template` for a target `host/unit`, so that one more and one less don't chase each other."""
    host, _, unit = name.rpartition("/")
    template = template_of(unit)[0]
    return (f"{host}/{template}",) if action == SCALE_IN and template else ()
