"""
The traffic as it is kept over a restart of the agent, and how far the log was read. Pure.

Nothing in it is secret, and nothing is believed: what does not fit is left, and the agent learns anew.
"""

from typing import Annotated, Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.mastodon.traffic import KEPT, Rhythm, Traffic
from watchdog.sidekiq.hosts import canonical

VERSION: Final = 1
LARGEST: Final = 1_000_000
"""Bytes; the least busy hosts are left out where there would be more."""
_Natural = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Cursor = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{0,1000}\Z")]


class BrokenTrafficError(WatchdogError):
    """These bytes are no traffic that this version could read."""


class Kept(msgspec.Struct, array_like=True):
    """
    What was known when this was written, at that wall time, `passed` milliseconds of followed time from its beginning.

    `cursor` is the place of the last line that was read, '' where one can't go on from there; `speaks` says that the log had lines of requests in it, `spoke` that it ever had.
    """

    version: int
    wall: int
    passed: int
    cursor: str
    speaks: bool
    spoke: bool
    everybody: Rhythm | None
    rhythms: dict[str, Rhythm]

    def traffic(self) -> Traffic:
        """To be counted on."""
        return Traffic(self.rhythms, self.everybody)


class _Rhythm(msgspec.Struct, array_like=True):
    """A `Rhythm` in a file, whose numbers nobody vouches for."""

    first: _Natural
    last: _Natural
    days: dict[_Natural, tuple[_Natural, _Natural]]

    def rhythm(self) -> Rhythm:
        return Rhythm(self.first, self.last, self.days)


class _Found(msgspec.Struct, array_like=True):
    """A `Kept` in a file."""

    version: int
    wall: _Natural
    passed: _Natural
    cursor: _Cursor
    speaks: bool
    spoke: bool
    everybody: _Rhythm | None
    rhythms: dict[str, _Rhythm]


class _Beginning(msgspec.Struct, array_like=True):
    version: int


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Found)
_BEGINNING: Final = msgspec.msgpack.Decoder(_Beginning)


def encode(traffic: Traffic, *, wall: int, passed: int, cursor: str, speaks: bool, spoke: bool) -> bytes:
    """All of it, as far as there is room."""
    hosts = sorted(traffic.rhythms, key=lambda host: traffic.rhythms[host].count, reverse=True)[:KEPT]
    while True:
        rhythms = {host: traffic.rhythms[host] for host in hosts}
        data = _ENCODER.encode(Kept(VERSION, wall, passed, cursor, speaks, spoke, traffic.everybody, rhythms))
        if len(data) <= LARGEST or not hosts:
            return data
        hosts = hosts[: len(hosts) * 9 // 10]


def decode(data: bytes) -> Kept:
    """The same again; raises `BrokenTrafficError`."""
    try:
        if (version := _BEGINNING.decode(data).version) != VERSION:
            raise BrokenTrafficError(f"it has format {version}, and this version knows {VERSION}")
        found = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # Words of what was found may be in the error: it was not written here.
        raise BrokenTrafficError("it is damaged") from error
    everybody = None if found.everybody is None else found.everybody.rhythm()
    rhythms = {host: one.rhythm() for host, one in found.rhythms.items() if host in (canonical(host), canonical(f"[{host}]"))}
    return Kept(VERSION, found.wall, found.passed, found.cursor, found.speaks, found.spoke, everybody, rhythms)
