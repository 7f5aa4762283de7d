"""What the agent has stopped itself, so that it may start it again: a frozen part of the ledger. Who else stopped a unit wants it stopped."""

import msgspec

MOST = 256
"""So many units are remembered."""


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


def stopped_by_us(scaled: Scaled, unit: str, since_at: int | None) -> bool:
    """Whether it stands still because the agent stopped it; `since_at` is when it ended last (engine time), None where nobody knows."""
    stopped = scaled.stopped.get(unit)
    return stopped is not None and (since_at is None or since_at <= stopped.stopped_at)
