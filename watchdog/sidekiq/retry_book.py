"""
How many jobs wait for another try: by group, and by domain and what went wrong there.

The counterpart of `census`, which fills one, and of `retries`, which keeps it current. Bounded: what comes
beyond the bounds is counted under one name that no queue and no host can have.
"""

from typing import Final

from watchdog.sidekiq.causes import FailureKind
from watchdog.sidekiq.failed import OTHER_GROUPS, OTHERS, Group

PARTS: Final = ("rejected", "timeouts", "unreachable", "server_errors", "others")
"""How the failures towards a domain are told apart."""
MOST_GROUPS: Final = 2_000
MOST_DOMAINS: Final = 50_000
_REJECTED: Final = frozenset({401, 403, 410})
_UNREACHABLE: Final = frozenset({FailureKind.DNS, FailureKind.TLS, FailureKind.REFUSED, FailureKind.UNREACHABLE, FailureKind.CIRCUIT_OPEN})
_SINCE: Final = len(PARTS)
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


class Book:
    """
    Counts that stand. For each group: how many, the earliest first failure that was seen (milliseconds, 0 for none), and its part; for each domain: how
    many of each part, and the earliest.
    """

    def __init__(self) -> None:
        self.groups: dict[Group, list[int]] = {}
        self.domains: dict[str, list[int]] = {}
        self.total = 0
        self.by_part = [0] * len(PARTS)

    def add(self, group: Group, domain: str | None, first_failed_at: int) -> None:
        """One more waits."""
        self.total += 1
        counted = self.groups.get(group)
        if counted is None:
            counted = self._new_group(group)
        counted[0] += 1
        if 0 < first_failed_at < counted[1] or not counted[1]:
            counted[1] = first_failed_at
        if domain is None:
            return
        # All groups beyond the bound are one, but what went wrong is still theirs.
        part = counted[2] if counted[2] >= 0 else part_of(group)
        self.by_part[part] += 1
        parts = self.domains.get(domain)
        if parts is None:
            parts = self.domains.setdefault(domain if len(self.domains) < MOST_DOMAINS else OTHERS, [0] * (_SINCE + 1))
        parts[part] += 1
        if 0 < first_failed_at < parts[_SINCE] or not parts[_SINCE]:
            parts[_SINCE] = first_failed_at

    def take(self, group: Group, domain: str | None) -> None:
        """One waits no longer. What was never added leaves no count below 0."""
        self.total = max(0, self.total - 1)
        key = group if group in self.groups else OTHER_GROUPS
        if (counted := self.groups.get(key)) is not None:
            counted[0] -= 1
            if counted[0] <= 0:
                del self.groups[key]
        if domain is None:
            return
        part, name = part_of(group), domain if domain in self.domains else OTHERS
        if (parts := self.domains.get(name)) is not None and parts[part]:
            self.by_part[part] -= 1
            parts[part] -= 1
            if not any(parts[:_SINCE]):
                del self.domains[name]

    def _new_group(self, group: Group) -> list[int]:
        if len(self.groups) < MOST_GROUPS:
            return self.groups.setdefault(group, [0, 0, part_of(group)])
        return self.groups.setdefault(OTHER_GROUPS, [0, 0, -1])

    def waiting(self, domain: str) -> tuple[list[int], int]:
        """How many of each part wait for that domain, and the earliest first failure."""
        parts = self.domains.get(domain)
        return (parts[:_SINCE], parts[_SINCE]) if parts else ([0] * _SINCE, 0)
