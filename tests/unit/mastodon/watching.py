"""What the two sources that ask about watched hosts are given in tests: a clock that can be moved, a file that may fail, and what they said in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from watchdog.clock import Clock
from watchdog.mastodon.peers import Peers
from watchdog.model.events import Body, Delta, Observed, SourceBack, SourceLost
from watchdog.rulefile.mastodon import MastodonSettings
from watchdog.store.failures import StoreError

NOW = 1_700_000_000_000


class FakeClock(Clock):
    """Wall time that goes with the loop's, from `NOW` on."""

    def __init__(self) -> None:
        self.ahead = 0

    def wall(self) -> int:
        return NOW + self.ahead + int(asyncio.get_running_loop().time() * 1000)


class File:
    """One that is kept; with `fails` neither can it be read nor written."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data
        self.fails = False
        self.writes = 0

    def read(self) -> bytes | None:
        if self.fails:
            raise StoreError("x can't be read: no such luck")
        return self.data

    def write(self, data: bytes) -> None:
        if self.fails:
            raise StoreError("x can't be written: no such luck")
        self.writes += 1
        self.data = data


class Heard:
    """What was emitted, with the hosts that are told."""

    def __init__(self, *hosts: str) -> None:
        self.bodies: list[Body] = []
        self.peers = Peers(hosts)
        self.peers.choose()

    def of(self, host: str) -> dict[str, Any]:
        """All that is known of a host by now."""
        known: dict[str, Any] = {}
        for body in self.bodies:
            for change in body.changes if isinstance(body, Observed) else ():
                if isinstance(change, Delta) and change.id == host:
                    known |= change.fields
        return {slot: value for slot, value in known.items() if value is not None}

    @property
    def losses(self) -> list[str]:
        """Codes of losses, and `back`."""
        return [body.code if isinstance(body, SourceLost) else "back" for body in self.bodies if isinstance(body, SourceLost | SourceBack)]

    @property
    def complete(self) -> int:
        """How often everything had been read."""
        return sum(body.complete for body in self.bodies if isinstance(body, Observed))


def settings(*hosts: str, token: str = "a-token-of-some-length", domain: str = "example.org") -> MastodonSettings:
    """These hosts are watched."""
    return MastodonSettings(domain=domain, url=f"https://{domain}", token=token, watch=hosts)


@contextlib.asynccontextmanager
async def running(source: Any) -> AsyncIterator[None]:
    """The source at work; it must not end by itself."""
    task = asyncio.create_task(source.run())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])
