"""
What people have said that holds for a time: pauses, silences, and what somebody has seen. Frozen parts of the ledger.

Each has an end. `until_at` is engine time, by which it ends; `until_wall` is the same in UTC milliseconds, as it was said, and only for people. `by` is who said it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from watchdog.lang.glob import fits
from watchdog.lang.moment import on_calendar

LONGEST: Final = 7 * 86_400_000
"""Milliseconds for which anything can be switched: whoever needs it for longer says so again, or changes the rules."""


class Pause(msgspec.Struct, frozen=True):
    """
    Nothing may be done; with `rule` or `target` (patterns with `*`) not by those rules, not to those targets.

    `source` says how it was said: `command`, `fleet` for the key in Redis, and empty for everything else, like the file. Only that way it is lifted before its end, which a file has none of.
    """

    by: str
    reason: str
    until_at: int | None
    until_wall: int | None = None
    rule: str = ""
    target: str = ""
    source: str = ""

    @property
    def key(self) -> str:
        """Under which it is kept: what is said again in the same way replaces it, and nobody replaces what another has said."""
        scope = [f"{name}={pattern}" for name, pattern in (("rule", self.rule), ("target", self.target)) if pattern]
        return "|".join((*filter(None, (self.source, self.by if self.source != FLEET else "")), *scope))

    def concerns(self, rule: str, names: Iterable[str]) -> bool:
        """Whether it forbids what that rule would do to a target of those names."""
        return _fits(self.rule, rule) and (not self.target or any(fits(name, (self.target,)) for name in names))


class Silence(msgspec.Struct, frozen=True):
    """
    No messages for alerts that fit all of what is given, patterns with `*`; `labels` are those of the rule.

    The alerts fire all the same, and what their rules do is done.
    """

    id: str
    by: str
    reason: str
    until_at: int
    until_wall: int
    rule: str = ""
    target: str = ""
    entity: str = ""
    labels: dict[str, str] = {}

    def covers(self, rule: str, entity: str, names: Iterable[str], labels: Mapping[str, str]) -> bool:
        """Whether it is meant by that."""
        return (
            _fits(self.rule, rule)
            and _fits(self.entity, entity)
            and (not self.target or any(fits(name, (self.target,)) for name in names))
            and all(name in labels and fits(labels[name], (pattern,)) for name, pattern in self.labels.items())
        )

    @property
    def matches(self) -> str:
        """What it is for, as it is written."""
        named = {
            "rule": self.rule,
            "target": self.target,
            "entity": self.entity,
            **{f"label.{name}": said for name, said in self.labels.items()},
        }
        return " ".join(f"{name}={pattern}" for name, pattern in named.items() if pattern)


class Ack(msgspec.Struct, frozen=True):
    """Somebody has seen what that rule says of that target: it is not said again, until its end or until it is over."""

    by: str
    reason: str
    rule: str
    target: str
    until_at: int
    until_wall: int


class Rearmed(msgspec.Struct, frozen=True):
    """A person has let a budget begin anew: what was done before counts no more."""

    at: int
    by: str


COMMAND: Final = "command"
"""The source of what was said on the command line."""
FLEET: Final = "fleet"
"""The source of what stands in Redis, for all agents of the fleet."""


def moment(wall: int) -> str:
    """UTC milliseconds as people read them."""
    return f"{on_calendar(wall):%Y-%m-%d %H:%M} UTC"


def _fits(pattern: str, value: str) -> bool:
    return not pattern or fits(value, (pattern,))
