"""
To how many domains deliveries fail, and how: what tells a fault of our own from one of another server.

The counterpart of `retry_book`, which counts jobs. Of each domain only its last failure is kept, and since when it has been failing, so that a server that is down counts
once, however much is on its way there. A failure costs the same however many domains there are; they are gone through a few times a minute
at most. What fails here, at our own database or in our own code, says nothing of others and is left out; so are fetches, for people link to
anything. Bounded: the domain whose failures were seen longest ago makes room.
"""

from collections.abc import Iterable
from typing import Final

from watchdog.sidekiq.causes import FailureKind
from watchdog.sidekiq.failed import LOCAL, Failed, Group
from watchdog.sidekiq.hosts import DELIVERIES

MOST_DOMAINS: Final = 20_000
"""So many are remembered one by one."""
RECENT: Final = 60 * 60.0
"""Seconds for which a domain counts as failing after its last failure."""
NEW: Final = 24 * 60 * 60.0
"""Seconds for which it counts as one that has begun to; those that are dead for good fail for a week before deliveries to them end."""
_COUNT_EACH: Final = 5.0
_COUNT_ANYWAY: Final = 60.0
_OTHERWISE, _REJECTING, _UNREACHABLE, _TLS = range(4)
_CIRCUIT: Final = -1
_NOTHING: Final = -2
# 503 is what Mastodon 4.6 and later answers if it can't fetch the sender's key; 401 before (signature_verification.rb).
_REJECTS: Final = frozenset({401, 503})
_PARTS: Final = {
    FailureKind.TIMEOUT: _UNREACHABLE,
    FailureKind.DNS: _UNREACHABLE,
    FailureKind.REFUSED: _UNREACHABLE,
    FailureKind.UNREACHABLE: _UNREACHABLE,
    FailureKind.TLS: _TLS,
    # Not tried at all: it went wrong as it had before.
    FailureKind.CIRCUIT_OPEN: _CIRCUIT,
    **dict.fromkeys(LOCAL, _NOTHING),
}


class _Domain:
    """Its last failure and the first of those that go on (seconds of Redis' clock), and how it failed last."""

    __slots__ = ("first", "last", "part")

    def __init__(self, last: float, first: float) -> None:
        self.last = last
        self.first = first
        self.part = _OTHERWISE


class Breadth:
    """The domains to which deliveries fail."""

    def __init__(self) -> None:
        self._domains: dict[str, _Domain] = {}
        self._parts: dict[Group, int] = {}
        self._moved = True
        self._counted_at = 0.0
        self._told: dict[str, int] = {}

    def saw(self, failures: Iterable[Failed | None]) -> None:
        """These entries of the retry set were seen: new ones, old ones, or the same once more."""
        domains, parts = self._domains, self._parts
        for one in failures:
            if one is None or (name := one.domain) is None:
                continue
            if (part := parts.get(one.group)) is None:
                part = self._learn(one.group)
            if part == _NOTHING:
                continue
            last, first = one.failed_at, one.first_failed_at or one.failed_at
            if (domain := domains.get(name)) is None:
                domain = self._new(name, last, first)
                domain.part = _OTHERWISE if part == _CIRCUIT else part
                self._moved = True
                continue
            domain.first = min(domain.first, first)
            if last < domain.last:
                continue
            if part != _CIRCUIT:
                domain.part = part
            self._moved = True
            if last > domain.last:
                domain.last = last
                # The last in the order is the one that was seen last to fail anew.
                domains[name] = domains.pop(name)

    def readings(self, now: float) -> dict[str, int]:
        """The slots of `federation`, given Redis' time; counted anew when something has failed, and each minute."""
        since = now - self._counted_at
        if since < 0 or since >= _COUNT_ANYWAY or (self._moved and since >= _COUNT_EACH):
            self._told = self._count(now)
            self._counted_at = now
            self._moved = False
        return self._told

    def _count(self, now: float) -> dict[str, int]:
        recent, new = now - RECENT, now - NEW
        counts, counts_of_new = [0] * 4, [0] * 4
        over = []
        for name, domain in self._domains.items():
            if domain.last < recent:
                if domain.last < new:
                    over.append(name)
                continue
            # By the clock of another host it may not have happened yet.
            domain.last = min(domain.last, now)
            counts[domain.part] += 1
            if domain.first >= new:
                counts_of_new[domain.part] += 1
        for name in over:
            del self._domains[name]
        return {
            "failing_domains": sum(counts),
            "rejecting_domains": counts[_REJECTING],
            "unreachable_domains": counts[_UNREACHABLE],
            "tls_domains": counts[_TLS],
            "newly_failing_domains": sum(counts_of_new),
            "newly_unreachable_domains": counts_of_new[_UNREACHABLE],
        }

    def _new(self, name: str, last: float, first: float) -> _Domain:
        if len(self._domains) >= MOST_DOMAINS:
            del self._domains[next(iter(self._domains))]
        return self._domains.setdefault(name, _Domain(last, first))

    def _learn(self, group: Group) -> int:
        part = _OTHERWISE if group.job_class in DELIVERIES else _NOTHING
        if part != _NOTHING:
            part = _REJECTING if group.status in _REJECTS else _PARTS.get(FailureKind(group.kind), _OTHERWISE)
        if len(self._parts) >= MOST_DOMAINS:
            self._parts.clear()
        self._parts[group] = part
        return part
