"""
Who delivers to us, and how long anybody usually pauses: the bookkeeping over lines of the web log. Pure.

Times are milliseconds in which the log was followed (`followed_time`), so that a time in which nobody could look makes no pause. Bounded whoever comes:
only what was accepted makes a host known, since its signature was good then, and of the known ones the busiest are kept.
"""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import Any, Final

import msgspec

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
KEPT: Final = 4_000
"""So many hosts are remembered."""
_SPARE: Final = 500
"""By so many more before the least of them are forgotten: to choose is dear."""
DAYS: Final = 14
"""A pause is remembered for so many days before the last delivery."""
_FORGOTTEN: Final = 30 * DAY
"""Who has not delivered anything for so long is kept only as long as there is room."""
KNOWN_AFTER: Final = 3 * DAY
KNOWN_FROM: Final = 20
"""Days and deliveries from which on a pause can be called usual."""
_UNCHECKED: Final = frozenset({401, 503})
_REFUSED: Final = _UNCHECKED | {403}


class Rhythm(msgspec.Struct, array_like=True):
    """
    When somebody delivered: `first` and `last` (followed time), and by day how often and the longest pause that ended on it.

    `days` is by day of followed time, the oldest first.
    """

    first: int
    last: int
    days: dict[int, tuple[int, int]]

    def delivered(self, at: int) -> None:
        """Once more. What comes out of order, as of two processes it may, is counted and moves nothing."""
        pause = max(0, at - self.last)
        self.last = max(self.last, at)
        day = self.last // DAY
        if day not in self.days:
            for old in [one for one in self.days if one <= day - DAYS]:
                del self.days[old]
        count, longest = self.days.get(day, (0, 0))
        self.days[day] = (count + 1, max(longest, pause))

    @property
    def count(self) -> int:
        """How often in these days."""
        return sum(count for count, _ in self.days.values())

    def longest(self, now: int) -> int | None:
        """The longest pause in these days, the present one left out; None before that means anything."""
        if now - self.first < KNOWN_AFTER or self.count < KNOWN_FROM:
            return None
        return max(longest for _, longest in self.days.values())


def begun(at: int) -> Rhythm:
    """Of somebody who has just delivered for the first time."""
    return Rhythm(at, at, {at // DAY: (1, 0)})


class Counted(msgspec.Struct):
    """Since the agent began: deliveries that were accepted, and those that were refused."""

    accepted: int = 0
    refused: int = 0
    failed: int = 0


class Traffic:
    """All that was delivered. `rhythms` are by host, `everybody` is that of all together, None as long as nobody has."""

    def __init__(self, rhythms: Mapping[str, Rhythm] | None = None, everybody: Rhythm | None = None) -> None:
        self.rhythms: dict[str, Rhythm] = dict(rhythms or {})
        self.everybody = everybody
        self._total = Counted()
        self._counted: dict[str, Counted] = {}
        self._spared: frozenset[str] = frozenset()

    def spare(self, hosts: Iterable[str]) -> None:
        """These are remembered whatever they weigh, and requests in their name are counted before they have delivered anything."""
        self._spared = frozenset(hosts)

    def hear(self, host: str, status: int, at: int, *, counts: bool = True) -> None:
        """
        Somebody delivered at that followed time and was answered with that status; `host` is who it was, or says so: '' for nobody.

        With `counts` false it was before the agent began: it belongs to the rhythm alone.
        """
        if status == 202:
            self._accept(host, at, counts=counts)
        elif counts:
            self._refuse(host, status)

    def _accept(self, host: str, at: int, *, counts: bool) -> None:
        if self.everybody is None:
            self.everybody = begun(at)
        else:
            self.everybody.delivered(at)
        self._total.accepted += counts
        if not host:
            return
        if (rhythm := self.rhythms.get(host)) is not None:
            rhythm.delivered(at)
        else:
            self.rhythms[host] = begun(at)
            if len(self.rhythms) > KEPT + _SPARE:
                self._forget(at)
        if counts:
            self._counted.setdefault(host, Counted()).accepted += 1

    def _refuse(self, host: str, status: int) -> None:
        if status in _UNCHECKED:
            self._total.refused += 1
        elif status >= 500:
            self._total.failed += 1
        # Anybody may say that he is anybody: that makes no host known.
        if status in _REFUSED and (host in self.rhythms or host in self._spared):
            self._counted.setdefault(host, Counted()).refused += 1

    def _forget(self, now: int) -> None:
        kept = nlargest(KEPT, self.rhythms, key=lambda host: self._rank(host, now))
        self.rhythms = {host: self.rhythms[host] for host in kept}
        self._counted = {host: counted for host, counted in self._counted.items() if host in self.rhythms or host in self._spared}

    def _rank(self, host: str, now: int) -> tuple[bool, int, int]:
        rhythm = self.rhythms[host]
        weight = 0 if now - rhythm.last > _FORGOTTEN else rhythm.count
        return host in self._spared, weight, rhythm.last

    def weights(self, now: int) -> dict[str, float]:
        """The hosts of which enough is known to be told, and how busy each is."""
        return {
            host: float(count)
            for host, rhythm in self.rhythms.items()
            if now - rhythm.last <= _FORGOTTEN and (count := rhythm.count) >= KNOWN_FROM
        }

    def of_host(self, host: str, now: int, *, offset: int, least: int) -> dict[str, Any]:
        """
        The readings of a host by slot; `offset` is what engine time is ahead of followed time.

        No pause is told that is shorter than `least`: it could not be told from how seldom this is asked.
        """
        counted = self._counted.get(host, Counted())
        rhythm = self.rhythms.get(host)
        return {"inbound": counted.accepted, "inbound_refused": counted.refused} | _moments(rhythm, now, offset, least)

    def of_all(self, now: int, *, offset: int, least: int) -> dict[str, Any]:
        """The readings of all together, in the same way."""
        return {
            "inbound": self._total.accepted,
            "inbound_refused": self._total.refused,
            "inbound_failed": self._total.failed,
            "heard_peers": sum(now - rhythm.last < HOUR for rhythm in self.rhythms.values()),
        } | _moments(self.everybody, now, offset, least)


def _moments(rhythm: Rhythm | None, now: int, offset: int, least: int) -> dict[str, Any]:
    if rhythm is None:
        return {}
    longest = rhythm.longest(now)
    return {"inbound_at": rhythm.last + offset} | ({} if longest is None else {"inbound_gap": max(longest, least)})
