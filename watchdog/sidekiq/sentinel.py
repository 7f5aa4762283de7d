"""
Asking Sentinel where the master is, again whenever there is doubt.

The counterpart of a fixed address. A Sentinel may know less than another, or be cut off, and a server may have been the master a
moment ago: so each time another is asked first, and the server itself is asked whether it is one (redis.io, guidelines for Sentinel
clients). It never tells a Sentinel anything.
"""

import asyncio
from typing import Final

import msgspec

from watchdog.sidekiq.address import Address, Sentinels
from watchdog.sidekiq.connection import connect, demand
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply, unavailable
from watchdog.sidekiq.wire import Reply, Wire

EVERY: Final = 5.0
"""Seconds between two questions while everything seems well: a master that was cut off from the others can't know that it is none any more."""
_WITHIN: Final = 1.0
"""Seconds for one Sentinel, so that two dead ones cost two."""
_AUTH: Final = frozenset({"noauth", "wrongpass", "noperm"})


class Election:
    """The master as the Sentinels see it."""

    def __init__(self, sentinels: Sentinels) -> None:
        self._sentinels = sentinels
        self._next = 0
        self._wire: Wire | None = None

    async def master(self) -> Address:
        """The address of the master; raises `SourceUnavailableError`, which says who could not be asked, or does not know it."""
        at = self._sentinels.at
        order = at[self._next :] + at[: self._next]
        self._next = (self._next + 1) % len(at)
        failures: list[SourceUnavailableError] = []
        for sentinel in order:
            try:
                return await self._ask(sentinel)
            except SourceUnavailableError as failure:
                failures.append(failure)
        raise self._why(failures)

    async def watch(self, wire: Wire, master: Address) -> None:
        """
        Look after the connection to this master; ends only by raising `SourceUnavailableError`, if it is none any more.

        As long as no Sentinel can be asked, what they said last holds.
        """
        try:
            while True:
                await asyncio.sleep(EVERY)
                await expect_master(wire, master.where)
                if await self._moved(master):
                    raise unavailable("moved", master.where)
        finally:
            self._hang_up()

    async def _moved(self, master: Address) -> bool:
        try:
            if self._wire is None or self._wire.ended.done():
                return await self.master() != master
            return await self._question(self._wire) != master
        except SourceUnavailableError:
            self._hang_up()
            return False

    async def _ask(self, sentinel: Address) -> Address:
        """Ask one, and keep the connection: it will be asked again."""
        self._hang_up()
        try:
            wire = await connect(sentinel, _ignore, answer_within=_WITHIN)
        except SourceUnavailableError as failure:
            if failure.code in _AUTH:
                raise unavailable("sentinel_auth", sentinel.where) from failure
            raise
        self._wire = wire
        return await self._question(wire)

    async def _question(self, wire: Wire) -> Address:
        (reply,) = await wire.ask([("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._sentinels.name)])
        match reply:
            case [bytes() as host, bytes() as port] if port.isdigit():
                return msgspec.structs.replace(self._sentinels.master, host=host.decode("utf-8", "replace"), port=int(port))
            case None:
                raise unavailable("unelected", wire.where)
            case ServerError() if str(reply).startswith(("NOAUTH", "NOPERM")):
                raise unavailable("sentinel_auth", wire.where)
            case ServerError():
                raise from_reply(reply, wire.where)
        raise unavailable("protocol", wire.where)

    def _why(self, failures: list[SourceUnavailableError]) -> SourceUnavailableError:
        """Of all answers the one that the operator can do something about."""
        everywhere = ", ".join(one.where for one in self._sentinels.at)
        for code in ("unelected", "sentinel_auth", "tls", "protocol", "error"):
            told = next((failure for failure in failures if failure.code == code), None)
            if told is not None:
                return unavailable(code, everywhere) if code == "unelected" else told
        return unavailable("sentinels", everywhere)

    def close(self) -> None:
        """Nobody is to be asked any more."""
        self._hang_up()

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None


async def expect_master(wire: Wire, where: str) -> None:
    """Raise `SourceUnavailableError` (`demoted`) if the server says that it is no master."""
    (role,) = demand(await wire.ask([("ROLE",)]), where)
    match role:
        case [b"master", *_]:
            return
        case [bytes(), *_]:
            raise unavailable("demoted", where)
        case _:
            raise unavailable("protocol", where)


def _ignore(_message: list[Reply]) -> None:
    """A Sentinel that was asked nothing of the kind tells nothing of interest."""
