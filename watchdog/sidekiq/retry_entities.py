"""
What is said of groups of retries and of domains: counts that stand, counters of what was added, and what is on its way.

The counterpart of `retry_book`, which counts. Bounded three times: so many groups, so many domains (the busiest; the rest is summed
under a name that can't be a host's), and so many changes in one turn, the others waiting for the next.
"""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import islice
from math import isfinite
from typing import Any, Final, TypeVar

from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.changes import Said
from watchdog.sidekiq.failed import OTHER_GROUPS, OTHERS, Group
from watchdog.sidekiq.in_flight import InFlight
from watchdog.sidekiq.inbound import Sampled
from watchdog.sidekiq.retry_book import MOST_GROUPS, PARTS, Book, Towards, Waiting, part_of

MOST_DOMAINS: Final = 5_000
"""So many domains are told one by one."""
MOST_TOLD: Final = 1_000
"""So many changes are told in one turn."""
_HELD_FROM: Final = 2
"""A domain without retries is told from so many running jobs on: each domain has one now and then."""
_IDLE_FOR: Final = 2 * 60 * 60 * 1000
"""Milliseconds for which one that nothing waits for any more is still told, so that its counters can be compared over hours."""
_CHOOSE_EACH: Final = 60_000
_HYSTERESIS: Final = 1.1
_ROUNDED: Final = 1_000
_DRIFT: Final = 2_000
_T = TypeVar("_T")


class RetryEntities:
    """The entities `retry_group` and `domain` as they were said, and what there is to say."""

    def __init__(self) -> None:
        self._said = Said()
        self._in_flight = InFlight()
        self._sampled = Sampled(0, {})
        self._groups: dict[Group, int] = {}
        self._domains: dict[str, list[int]] = {}
        self._rest = [0] * len(PARTS)
        self._has_rest = False
        # What is told one by one, and the engine time at which it last moved.
        self._told_groups: dict[Group, int] = {}
        self._told_domains: dict[str, int] = {}
        self._dirty_groups: dict[Group, None] = {}
        self._dirty_domains: dict[str, None] = {}
        self._chosen_at: int | None = None
        self._offset: int | None = None

    @property
    def waiting(self) -> bool:
        """There is more to be said than one turn may say."""
        return bool(self._dirty_groups or self._dirty_domains)

    def uncounted(self) -> tuple[Delta, ...]:
        """What is said before anything has been counted: there may be some, so that sums over all of them are unknown, and not 0."""
        return (
            *self._said.tell(Kind.RETRY_GROUP, OTHERS, {"failure": OTHER_GROUPS.kind}),
            *self._said.tell(Kind.DOMAIN, OTHERS, {"name": OTHERS, "rest": True}),
        )

    def add(self, group: Group, domain: str | None) -> None:
        """A job of that group failed, and will be tried again."""
        name = group if group in self._groups or len(self._groups) < MOST_GROUPS else OTHER_GROUPS
        self._groups[name] = self._groups.get(name, 0) + 1
        if domain is not None:
            counted = self._rest
            if domain in self._told_domains or len(self._told_domains) < MOST_DOMAINS:
                self._told_domains.setdefault(domain, 0)
                counted = self._domains.setdefault(domain, [0] * len(PARTS))
            counted[part_of(group)] += 1
        self.touch(name, domain)

    def touch(self, group: Group, domain: str | None) -> None:
        """Something of these has changed."""
        self._dirty_groups[group] = None
        if domain is not None:
            self._dirty_domains[domain] = None

    def renew(self, book: Book) -> None:
        """Everything was counted anew."""
        self._dirty_groups.update(dict.fromkeys((*self._told_groups, *book.groups)))
        self._dirty_domains.update(dict.fromkeys(self._told_domains))
        self._chosen_at = None

    def sampled(self, sample: Sampled) -> None:
        """A new sample of what comes in."""
        self._dirty_domains.update(dict.fromkeys((*self._sampled.domains, *sample.domains)))
        self._sampled = sample
        self._chosen_at = None

    def hear(self, changes: Sequence[Delta | Gone]) -> None:
        """What was said of jobs that run."""
        for domain in self._in_flight.hear(changes):
            if domain in self._told_domains or self._in_flight.of(domain) >= _HELD_FROM:
                self._dirty_domains[domain] = None

    def tell(self, book: Book | None, *, at: int, offset: int) -> list[Delta | Gone]:
        """What is to be said now, given what waits (None: not counted yet); `offset` is what Redis' clock is ahead of engine time."""
        if self._offset is None or abs(offset - self._offset) > _DRIFT:
            self._offset = offset
        changes: list[Delta | Gone] = []
        chooses = self._chosen_at is None or at - self._chosen_at >= _CHOOSE_EACH
        if chooses:
            self._chosen_at = at
            changes += self._choose(book, at)
        for group in _some(self._dirty_groups, MOST_TOLD):
            changes += self._tell_group(group, book, at)
        for domain in _some(self._dirty_domains, MOST_TOLD - min(MOST_TOLD, len(changes))):
            changes += self._tell_domain(domain, book, at)
        if chooses and self._has_rest:
            changes += self._tell_rest(book)
        return changes

    def _tell_group(self, group: Group, book: Book | None, at: int) -> Iterable[Delta]:
        if group not in self._told_groups and len(self._told_groups) >= MOST_GROUPS:
            group = OTHER_GROUPS
        self._told_groups[group] = at
        slots: dict[str, Any] = {"failure": group.kind, "added": self._groups.get(group, 0)}
        if group != OTHER_GROUPS:
            slots |= {"queue": group.queue, "job_class": group.job_class}
        if group.status:
            slots["status"] = group.status
        if book is not None:
            size = book.size(group)
            if group == OTHER_GROUPS:
                size = book.total - sum(book.size(told) for told in self._told_groups if told != OTHER_GROUPS)
            slots["size"] = max(0, size)
            slots |= self._since(book.groups.get(group))
        return self._said.tell(Kind.RETRY_GROUP, group.id, slots)

    def _tell_domain(self, domain: str, book: Book | None, at: int) -> Iterable[Delta]:
        if domain not in self._told_domains:
            if len(self._told_domains) >= MOST_DOMAINS or domain == OTHERS:
                return ()
            if domain not in self._domains and not self._is_worth(domain, book):
                return ()
        self._told_domains[domain] = at
        slots = {"name": domain, "rest": False, "in_flight": self._in_flight.of(domain)}
        slots |= self._added(self._domains.get(domain))
        if book is not None:
            slots |= _waiting(book.towards(domain)) | self._since(book.domains.get(domain))
        if self._sampled.size:
            seen = self._sampled.domains.get(domain, 0)
            slots |= {"inbound_sampled": seen, "inbound_sample": self._sampled.size, "inbound_share": seen / self._sampled.size}
            slots |= {"inbound_hosts": self._sampled.hosts.get(domain, 0)}
        return self._said.tell(Kind.DOMAIN, domain, slots)

    def _tell_rest(self, book: Book | None) -> Iterable[Delta]:
        slots: dict[str, Any] = {"name": OTHERS, "rest": True} | self._added(self._rest)
        if book is not None:
            parts = list(book.by_part)
            for domain in self._told_domains:
                for part, number in enumerate(book.towards(domain)):
                    parts[part] -= number
            slots |= _waiting([max(0, number) for number in parts])
        return self._said.tell(Kind.DOMAIN, OTHERS, slots)

    def _choose(self, book: Book | None, at: int) -> Iterable[Gone]:
        """Decide anew who is told one by one."""
        for group in [group for group, moved in self._told_groups.items() if at - moved >= _IDLE_FOR]:
            if group not in self._dirty_groups and (book is None or group not in book.groups):
                del self._told_groups[group]
                self._groups.pop(group, None)
        candidates = dict.fromkeys((*self._told_domains, *self._in_flight.held(_HELD_FROM), *self._sampled.domains))
        if book is not None:
            candidates.update(dict.fromkeys(book.domains))
        candidates.pop(OTHERS, None)
        alive = [
            domain
            for domain in candidates
            if domain in self._dirty_domains
            or self._is_worth(domain, book)
            or (domain in self._told_domains and at - self._told_domains[domain] < _IDLE_FOR)
        ]
        self._has_rest = self._has_rest or len(alive) > MOST_DOMAINS or any(self._rest)
        chosen = alive if len(alive) <= MOST_DOMAINS else nlargest(MOST_DOMAINS, alive, key=lambda domain: self._weight(domain, book))
        told = {domain: self._told_domains.get(domain, at) for domain in chosen}
        self._dirty_domains.update(dict.fromkeys(told.keys() - self._told_domains.keys()))
        for domain in self._told_domains.keys() - told.keys():
            # Should it come back, it is a new entity: its counters begin at 0.
            self._domains.pop(domain, None)
            self._dirty_domains.pop(domain, None)
        self._told_domains = told
        uncounted = (OTHERS,) if book is None else ()
        return (
            *self._said.retain(Kind.RETRY_GROUP, [*(group.id for group in self._told_groups), *uncounted], "no retries left"),
            *self._said.retain(Kind.DOMAIN, [*told, *uncounted, *((OTHERS,) if self._has_rest else ())], "not among the busiest"),
        )

    def _is_worth(self, domain: str, book: Book | None) -> bool:
        return (book is not None and domain in book.domains) or domain in self._sampled.domains or self._in_flight.of(domain) >= _HELD_FROM

    def _weight(self, domain: str, book: Book | None) -> float:
        waiting = sum(book.towards(domain)) if book is not None else 0
        weight = waiting + self._in_flight.of(domain) + self._sampled.domains.get(domain, 0)
        return weight * _HYSTERESIS if domain in self._told_domains else weight

    def _since(self, waiting: Waiting | Towards | None) -> dict[str, int]:
        if waiting is None or self._offset is None or not isfinite(waiting.since):
            return {}
        since = round(waiting.since * 1000) - self._offset
        return {"failed_first_at": since - since % _ROUNDED}

    @staticmethod
    def _added(parts: list[int] | None) -> dict[str, int]:
        counted = parts or [0] * len(PARTS)
        return {"added": sum(counted)} | {f"added_{part}": number for part, number in zip(PARTS, counted, strict=True)}


def _waiting(parts: list[int]) -> dict[str, int]:
    return {"retries": sum(parts)} | dict(zip(PARTS, parts, strict=True))


def _some(dirty: dict[_T, None], most: int) -> list[_T]:
    taken = list(islice(dirty, most))
    for one in taken:
        del dirty[one]
    return taken
