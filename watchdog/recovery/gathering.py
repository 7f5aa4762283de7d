"""
Which jobs a process holds, asked of every source, with the payloads kept before the answer is given.

The counterpart of `putting_back`, which takes them from where they are kept. What it answers with holds names and counts alone.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.model.effects import GatherInFlight, When
from watchdog.model.findings import Certainty, Finding
from watchdog.model.flight import Held
from watchdog.model.results import InFlight, Refused
from watchdog.recovery.joining import Joined, join
from watchdog.recovery.payload import facts_of
from watchdog.recovery.sources import Source
from watchdog.recovery.work_hash import HASHES, seen_in
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import refused
from watchdog.sidekiq.edit.put_back import put_back_key
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.follow import Follower
from watchdog.sidekiq.wire import Command
from watchdog.store.store import Store

_MUST_WRITE: Final = (When.BEFORE, When.QUIET, When.FROZEN)


class Gatherer:
    """`sources` are asked in this order, after the work hash."""

    def __init__(self, *, follower: Follower, edits: Edits, store: Store, sources: Sequence[Source] = ()) -> None:
        self._follower = follower
        self._edits = edits
        self._store = store
        self._sources = tuple(sources)

    async def gather(self, command: GatherInFlight) -> InFlight | Refused:
        """Ask, join, keep, answer; `Refused` where Redis can't be read, or could not take the jobs back, or they could not be kept."""
        try:
            return await self._gather(command)
        except WatchdogError as error:
            return Refused(str(error))

    async def _gather(self, command: GatherInFlight) -> InFlight:
        target, when = command.target, command.when
        reading = await self._follower.reread(target.identity)
        kept = await self._store.flight(command.incident)
        noted = self._follower.noted(target.identity)
        seen = seen_in(reading, noted, kept, when)
        if seen.stopped:
            return InFlight((), stopped=True)
        findings: list[Finding] = list(seen.findings)
        running = waiting = False
        for source in self._sources:
            told = await source(target, when, noted, tuple(findings))
            if told.gave_back:
                return InFlight((), stopped=True)
            if told.names_running:
                # The picture in Redis is older than what it says.
                named_here = {one.jid for one in told.findings}
                findings = [one for one in findings if one.jid in named_here or one.origin not in HASHES]
            findings += told.findings
            running, waiting = running or told.names_running, waiting or told.names_waiting
        joined = join(findings)
        unnamed = 0 if running and waiting else seen.beside(sum(one.finding.certainty is Certainty.PROVEN for one in joined))
        named = tuple(self._named(one) for one in joined)
        if when in _MUST_WRITE:
            await self._check_writes(command.incident, [one.finding.queue for one in named if one.finding.queue])
        await self._store.keep_flight(command.incident, [one.finding for one in named])
        return InFlight(tuple(self._held(one) for one in named), unnamed=unnamed)

    async def _check_writes(self, incident: str, queues: Sequence[str]) -> None:
        """Nobody is ended whose jobs could not be put back. Neither command changes anything that was not so before; the second one is refused where memory is full."""
        commands: list[Command] = [("HDEL", put_back_key(self._edits, f"{self._store.name}-{incident}"), "")]
        if queues:
            commands.append(("SADD", self._edits.keys.queues, *sorted(set(queues))))
        for reply in await self._edits.ask(commands):
            if isinstance(reply, ServerError):
                raise refused(reply, self._edits.where)

    def _named(self, one: Joined) -> Joined:
        """With what the bytes themselves tell, where the sources did not."""
        finding = one.finding
        facts = None if finding.payload is None else facts_of(finding.payload, secret=self._store.name)
        if facts is None:
            return one
        more = {"job_class": finding.job_class or facts.job_class, "queue": finding.queue or facts.queue}
        # Bytes of another job would be put back under a wrong name.
        payload = finding.payload if facts.jid == finding.jid else None
        return Joined(msgspec.structs.replace(finding, **more, payload=payload), one.origins)

    def _held(self, one: Joined) -> Held:
        finding = one.finding
        facts = None if finding.payload is None else facts_of(finding.payload, secret=self._store.name)
        return Held(
            jid=finding.jid, job_class=finding.job_class, queue=finding.queue, certainty=finding.certainty,
            sources=tuple(origin.value for origin in one.origins), has_payload=finding.payload is not None and bool(finding.queue),
            retries=facts is None or facts.retries, digest="" if facts is None else facts.digest,
        )  # fmt: skip
