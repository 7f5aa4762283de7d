"""Telling what is known of watched hosts, as two sources do that ask for each of them by name; and where they keep what they have learned."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from watchdog.model.events import Body, Delta, Observed
from watchdog.model.kinds import Source
from watchdog.store.failures import StoreError

LOG: Final = logging.getLogger("watchdog")
Tell = Callable[[Source, str, Mapping[str, Any]], tuple[Delta, ...]]
"""Given the source, a host and all readings that the source has of it: what has to be said of the host (`Peers.tell`)."""


class Kept(Protocol):
    """A small file in the state folder; both calls wait for the disk and raise `StoreError`."""

    def read(self) -> bytes | None:
        """What is in it; None where there is none."""

    def write(self, data: bytes) -> None:
        """Put this in its place."""


class Teller:
    """
    Emits `Observed` of one source.

    It may say the same as often as it likes: `tell` gives only what is new, and nothing of hosts that are not told yet.
    """

    def __init__(self, source: Source, *, tell: Tell, emit: Callable[[Body], None]) -> None:
        self._source = source
        self._tell = tell
        self._emit = emit
        self._of: frozenset[str] = frozenset()

    def say(self, readings: Mapping[str, Mapping[str, Any]], *, complete: bool = False) -> None:
        """These are all readings, by host; of any other host that was told before nothing is known any more."""
        changes = [delta for host in sorted(self._of - readings.keys()) for delta in self._tell(self._source, host, {})]
        changes += [delta for host, slots in readings.items() for delta in self._tell(self._source, host, slots)]
        self._of = frozenset(readings)
        if changes or complete:
            self._emit(Observed(self._source, tuple(changes), complete=complete))


class Memory:
    """A `Kept` that does not get in the way: what can't be read or written is said once, and done without."""

    def __init__(self, kept: Kept, what: str) -> None:
        self._kept = kept
        self._what = what
        self._said = ""

    async def read(self) -> bytes | None:
        """What was kept, None where nothing was, or it can't be read."""
        try:
            return await asyncio.to_thread(self._kept.read)
        except StoreError as error:
            self.complain(str(error))
            return None

    async def write(self, data: bytes) -> None:
        """Keep this."""
        try:
            await asyncio.to_thread(self._kept.write, data)
        except StoreError as error:
            self.complain(str(error))
        else:
            self._said = ""

    def complain(self, why: str) -> None:
        """Once for each reason in a row."""
        if why != self._said:
            self._said = why
            LOG.warning("%s are not kept: %s", self._what, why)


def of_all(hosts: Iterable[str], readings: Callable[[str], Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By host, in order."""
    return {host: readings(host) for host in hosts}
