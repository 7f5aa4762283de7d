"""
What each watched host was found to publish, when it was asked, and when it may be asked again. Pure.

Kept over a restart of the agent, so that a restart asks nobody twice. It holds for one set of names of ours; under others all of it is forgotten.
"""

from typing import Annotated, Final, Literal

import msgspec

from watchdog.errors import WatchdogError

EVERY: Final = 24 * 3_600_000
"""Milliseconds between two questions to a host that has answered, a part of the spread left out."""
SOONER: Final = 6 * 3_600_000
"""The same where it could not be found out."""
SPREAD: Final = 3_600_000
"""Up to so much is added, by chance: agents that were started together must not ask together."""
HOLDS: Final = 3 * EVERY
"""So long an answer counts; then it is not known any more."""
MOST_HOSTS: Final = 300
VERSION: Final = 1
Said = Literal["", "silence", "suspend", "nothing"]
"""What it says of us; `nothing` where it publishes no list."""
_Wall = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class BrokenAnswersError(WatchdogError):
    """These bytes are no answers that this version could read."""


class Answer(msgspec.Struct, frozen=True):
    """Asked at `asked`, to be asked again from `next` on; `said` was said at `known`. All wall milliseconds, `known` is 0 where nothing was ever found out."""

    asked: _Wall
    next: _Wall
    known: _Wall = 0
    said: Said = "nothing"


class _Kept(msgspec.Struct):
    version: int
    us: tuple[str, ...]
    hosts: dict[str, Answer]


class PeerAnswers:
    """By host. `us` are our own names."""

    def __init__(self, us: tuple[str, ...], hosts: dict[str, Answer] | None = None) -> None:
        self.us = us
        self._hosts = hosts or {}

    def due(self, host: str, *, wall: int) -> int:
        """Milliseconds until it may be asked; 0 where that is now. A clock that was set back, or a damaged file, keeps nobody from being asked for ever."""
        answer = self._hosts.get(host)
        if answer is None or answer.asked > wall or answer.next - answer.asked > EVERY + SPREAD:
            return 0
        return max(0, answer.next - wall)

    def found(self, host: str, said: Said, *, wall: int, chance: float) -> None:
        """It has answered; `chance` lies between 0 and 1."""
        self._hosts[host] = Answer(wall, wall + EVERY + int(SPREAD * chance), wall, said)

    def failed(self, host: str, *, wall: int, chance: float) -> None:
        """It could not be found out; what was known stays known for its time."""
        old = self._hosts.get(host, Answer(0, 0))
        self._hosts[host] = Answer(wall, wall + SOONER + int(SPREAD * chance), old.known, old.said)

    def readings(self, host: str, *, wall: int) -> dict[str, object]:
        """The slots of `peer` that are known of it."""
        answer = self._hosts.get(host)
        if answer is None or not answer.known or not 0 <= wall - answer.known <= HOLDS:
            return {}
        if answer.said == "nothing":
            return {"publishes_blocks": False}
        return {"publishes_blocks": True, "blocks_us": answer.said}

    def encode(self) -> bytes:
        """All of it; those that were asked longest ago are left out where there are too many."""
        latest = sorted(self._hosts.items(), key=lambda one: one[1].asked, reverse=True)[:MOST_HOSTS]
        return msgspec.json.encode(_Kept(VERSION, self.us, dict(latest)))


def decode(data: bytes, us: tuple[str, ...]) -> PeerAnswers:
    """The same again, empty where it was said of other names; raises `BrokenAnswersError`."""
    try:
        kept = msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise BrokenAnswersError("it is damaged") from error
    if kept.version != VERSION:
        raise BrokenAnswersError(f"it has format {kept.version}, and this version knows {VERSION}")
    return PeerAnswers(us, kept.hosts if kept.us == us else None)
