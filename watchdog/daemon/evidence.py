"""
Evidence while the agent runs: who collects it, and that it goes at its time.

What collects is loaded when it is first needed: most agents never come to it.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from watchdog.clock import Clock
from watchdog.host.boot import here
from watchdog.model.effects import CollectEvidence
from watchdog.model.results import EvidenceCollected
from watchdog.recovery.quarantine import WARN_BEFORE
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.follow import Follower
from watchdog.store.store import Store

if TYPE_CHECKING:
    from watchdog.recovery.evidence.collecting import Evidence

_LOG: Final = logging.getLogger("watchdog")


class EvidenceKeeper:
    """`host` is the name of this host in identities, `log_settings` where logs are, as the config now stands. Raises `HostUnreadableError` where /proc does not tell the boot."""

    def __init__(self, *, picture: Follower, store: Store, clock: Clock, host: str, log_settings: Callable[[], LogSettings]) -> None:
        self._picture = picture
        self._store = store
        self._clock = clock
        self._here = here(name=host)
        self._log_settings = log_settings
        self._evidence: Evidence | None = None

    async def collect(self, command: CollectEvidence) -> EvidenceCollected:
        """As `CollectEvidence` says."""
        if self._evidence is None:
            from watchdog.recovery.evidence.collecting import Evidence

            self._evidence = Evidence(
                picture=self._picture, store=self._store, here=self._here, clock=self._clock, log_settings=self._log_settings
            )
        return await self._evidence.collect(command)

    async def expire(self) -> tuple[int, int]:
        """Delete what has been kept for long enough, and warn of what soon will have been; of how many processes each. Raises `StoreError`."""
        wall = self._clock.wall()
        gone = await self._store.expire_evidence(wall)
        if gone:
            _LOG.warning("the evidence of %d processes has been deleted, because its time was over", gone)
        soon = [one for one in await self._store.kept_evidence() if one.until - wall <= WARN_BEFORE]
        if soon:
            _LOG.warning("the evidence of %d processes is deleted within 3 days; see: sidekiq-watchdog evidence list", len(soon))
        return gone, len(soon)
