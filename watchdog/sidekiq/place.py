"""
Where a Redis is, whether it stands in the config or Sentinel must be asked, and how to come to a connection with it.

The counterpart of `connection`, which must be told an address.
"""

from collections.abc import Callable

from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.sidekiq.address import Address, Sentinels, parse, sentinels
from watchdog.sidekiq.connection import connect
from watchdog.sidekiq.sentinel import Election, expect_master
from watchdog.sidekiq.wire import Reply, Wire


def place_of(redis: RedisSettings) -> str | Sentinels:
    """What the config says of it: a URL, or the Sentinels that know it."""
    if not redis.sentinels:
        return redis.url
    return sentinels(redis.sentinels, master=redis.master, url=redis.url, user=redis.sentinel_user, password=redis.sentinel_password)


class Place:
    """One Redis. `where` is for people. Raises `AddressError` if it is a URL that can't be understood."""

    def __init__(self, of: str | Sentinels) -> None:
        at = parse(of) if isinstance(of, str) else of
        self.where = at.where
        self._election = Election(at) if isinstance(at, Sentinels) else None
        self._address = at if isinstance(at, Address) else at.master

    async def connect(self, on_push: Callable[[list[Reply]], None], *, answer_within: float) -> Wire:
        """A connection that has been greeted, to a master if Sentinel named it; raises `SourceUnavailableError`."""
        if self._election is not None:
            self._address = await self._election.master()
        wire = await connect(self._address, on_push, answer_within=answer_within)
        if self._election is not None:
            try:
                await expect_master(wire, self._address.where)
            except BaseException:
                wire.close()
                raise
        return wire

    async def watch(self, wire: Wire) -> None:
        """Look after the place while this connection lasts; raises `SourceUnavailableError` when the master is another. Of a fixed place there is nothing to see."""
        if self._election is not None:
            await self._election.watch(wire, self._address)
