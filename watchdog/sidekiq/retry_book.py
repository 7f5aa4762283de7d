"""
How many jobs wait for another try: by group, and by domain and what went wrong there.

The counterpart of `census`, which fills one, and of `retries`, which keeps it current. Bounded: what comes
beyond the bounds is counted under one name that no queue and no host can have.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.sidekiq.causes import FailureKind
from watchdog.sidekiq.failed import OTHER_GROUPS, OTHERS, Failed, Group

PARTS: Final = ("rejected", "timeouts", "unreachable", "server_errors", "others")
"""How the failures towards a domain are told apart."""
MOST_GROUPS: Final = 2_000
MOST_DOMAINS: Final = 50_000
_REJECTED: Final = frozenset({401, 403, 410})
_UNREACHABLE: Final = frozenset({FailureKind.DNS, FailureKind.TLS, FailureKind.REFUSED, FailureKind.UNREACHABLE, FailureKind.CIRCUIT_OPEN})
_NEVER: Final = float("inf")
_SERVER_ERRORS_FROM: Final = 500


def part_of(group: Group) -> int:
    """The place in `PARTS` of a failure of that group."""
    if group.status in _REJECTED:
        return 0
    if group.kind == FailureKind.TIMEOUT:
        return 1
    if group.kind in _UNREACHABLE:
        return 2
    return 3 if group.status >= _SERVER_ERRORS_FROM else 4


class Waiting:
    """A group: how many, the earliest first failure that was seen, and the part that it belongs to (-1: now this, now that)."""

    __slots__ = ("part", "since", "size")

    def __init__(self, part: int) -> None:
        self.part = part
        self.since = _NEVER
        self.size = 0


class Towards:
    """A domain: how many of each part, and the earliest first failure that was seen."""

    __slots__ = ("parts", "since")

    def __init__(self) -> None:
        self.parts = [0] * len(PARTS)
        self.since = _NEVER


class Book:
    """Counts that stand, of groups and of domains; `by_part` is the sum over all domains."""

    def __init__(self) -> None:
        self.groups: dict[Group, Waiting] = {}
        self.domains: dict[str, Towards] = {}
        self.total = 0
        self.by_part = [0] * len(PARTS)

    def add(self, entries: Iterable[Failed | None]) -> int:
        """So many more wait; how many of them are broken, and not counted."""
        # One loop without calls, for the same reason as in `failed`.
        groups, domains, by_part = self.groups, self.domains, self.by_part
        broken = number = 0
        for entry in entries:
            if entry is None:
                broken += 1
                continue
            number += 1
            group, domain, first = entry.group, entry.domain, entry.first_failed_at
            waiting = groups.get(group) or self._new_group(group)
            waiting.size += 1
            if 0 < first < waiting.since:
                waiting.since = first
            if domain is None:
                continue
            # All groups beyond the bound are one, but what went wrong is still theirs.
            part = waiting.part if waiting.part >= 0 else part_of(group)
            by_part[part] += 1
            towards = domains.get(domain) or self._new_domain(domain)
            towards.parts[part] += 1
            if 0 < first < towards.since:
                towards.since = first
        self.total += number
        return broken

    def take(self, group: Group, domain: str | None) -> None:
        """One waits no longer. What was never added leaves no count below 0."""
        self.total = max(0, self.total - 1)
        key = group if group in self.groups else OTHER_GROUPS
        if (waiting := self.groups.get(key)) is not None:
            waiting.size -= 1
            if not waiting.size:
                del self.groups[key]
        if domain is None:
            return
        part, name = part_of(group), domain if domain in self.domains else OTHERS
        if (towards := self.domains.get(name)) is not None and towards.parts[part]:
            self.by_part[part] -= 1
            towards.parts[part] -= 1
            if not any(towards.parts):
                del self.domains[name]

    def size(self, group: Group) -> int:
        """How many of that group wait."""
        return waiting.size if (waiting := self.groups.get(group)) else 0

    def towards(self, domain: str) -> list[int]:
        """How many of each part wait for that domain."""
        return towards.parts if (towards := self.domains.get(domain)) else [0] * len(PARTS)

    def _new_group(self, group: Group) -> Waiting:
        if len(self.groups) < MOST_GROUPS:
            return self.groups.setdefault(group, Waiting(part_of(group)))
        return self.groups.setdefault(OTHER_GROUPS, Waiting(-1))

    def _new_domain(self, domain: str) -> Towards:
        return self.domains.setdefault(domain if len(self.domains) < MOST_DOMAINS else OTHERS, Towards())
