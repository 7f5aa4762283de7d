"""
How many follows there were between us and each watched host at most, day by day: what tells a host that was never followed from one that has cut all ties. Pure.

Kept over a restart of the agent, for one domain of ours: the ties of another server say nothing of this one's. Nothing in it is secret, and nothing is believed: what does not fit is left, and the agent learns anew.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from watchdog.errors import WatchdogError

DAYS: Final = 30
"""So far back a peak counts."""
MOST_HOSTS: Final = 300
VERSION: Final = 1
_DAY: Final = 86_400_000
_Natural = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class BrokenPeaksError(WatchdogError):
    """These bytes are no peaks that this version could read."""


class _Kept(msgspec.Struct):
    version: int
    us: str
    hosts: dict[str, dict[_Natural, _Natural]]


class FollowPeaks:
    """By host and day of UTC the greatest sum of follows in both directions. `us` is our own domain."""

    def __init__(self, us: str, hosts: dict[str, dict[int, int]] | None = None) -> None:
        self.us = us
        self._hosts = hosts or {}

    def note(self, host: str, total: int, *, wall: int) -> None:
        """So many were counted at that wall time."""
        day = wall // _DAY
        days = self._hosts.setdefault(host, {})
        days[day] = max(days.get(day, 0), total)
        # A clock that was ahead must not hold a peak up for ever either.
        self._hosts[host] = {one: most for one, most in days.items() if day - DAYS < one <= day}

    def peak(self, host: str) -> int | None:
        """The greatest of the last days; None where nothing was counted."""
        return max(self._hosts.get(host, {}).values(), default=None)

    def encode(self, watched: Iterable[str]) -> bytes:
        """All of it, the watched hosts first where there is too much."""
        order = [*dict.fromkeys(watched), *self._hosts]
        hosts = {host: self._hosts[host] for host in dict.fromkeys(order) if host in self._hosts}
        return msgspec.json.encode(_Kept(VERSION, self.us, dict(list(hosts.items())[:MOST_HOSTS])))


def decode(data: bytes, us: str) -> FollowPeaks:
    """The same again, empty where it was counted for another domain; raises `BrokenPeaksError`."""
    try:
        kept = msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BrokenPeaksError("it is damaged") from error
    if kept.version != VERSION:
        raise BrokenPeaksError(f"it has format {kept.version}, and this version knows {VERSION}")
    return FollowPeaks(us, kept.hosts if kept.us == us else None)
