"""
Which jobs a process holds, asked of every source, with the payloads kept before the answer is given.

The counterpart of `putting_back`, which takes them from where they are kept. What it answers with holds names and counts alone.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.model.effects import GatherInFlight, When
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.flight import Held
from watchdog.model.results import InFlight, Refused
from watchdog.recovery.joining import Joined, join
from watchdog.recovery.payload import facts_of
from watchdog.recovery.sources import Source
from watchdog.recovery.traces import tidy_probe
from watchdog.recovery.work_hash import HASHES, findings_in, seen_in
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import refused
from watchdog.sidekiq.edit.put_back import put_back_key
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.flight import Noted
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
        try:
            reading = await self._follower.reread(target.identity)
        except WatchdogError:
            if when is When.DEAD:
                await self._keep_what_is_noted(command)
            raise
        kept = await self._store.flight(command.incident)
        noted = self._follower.noted(target.identity)
        seen = seen_in(reading, noted, kept, when)
        if seen.stopped:
            return await self._stopped(command, noted, kept)
        findings: list[Finding] = list(seen.findings)
        running = waiting = False
        threads = 0
        for source in self._sources:
            told = await source(target, when, noted, tuple(findings))
            if told.gave_back:
                return InFlight((), stopped=True)
            if told.hasty:
                return await self._in_doubt(command, noted, kept, told.findings)
            # The picture in Redis is older than what it says.
            overruled = told.overrules or (HASHES if told.names_running else ())
            named_here = {one.jid for one in told.findings}
            findings = [one for one in findings if one.jid in named_here or one.origin not in overruled]
            findings += told.findings
            running, waiting = running or told.names_running, waiting or told.names_waiting
            threads = threads or told.threads
            if running and waiting:
                break
        joined = join(findings)
        quiet = noted is not None and noted.quiet
        if running and (waiting or quiet):
            unnamed = 0
        elif threads and not quiet and when in (When.FROZEN, When.DEAD):
            # Whoever is proven to have run had a thread of its own.
            unnamed = max(0, threads - sum(one.finding.certainty is Certainty.PROVEN for one in joined))
        else:
            unnamed = seen.beside(sum(one.finding.certainty is Certainty.PROVEN for one in joined))
        named = tuple(self._named(one) for one in joined)
        if when in _MUST_WRITE:
            moved = [self._edits.keys.moved(target.identity, one.finding.queue) for one in named if one.finding.in_list]
            await self._check_writes(target.identity, [one.finding.queue for one in named if one.finding.queue], moved)
        await self._store.keep_flight(command.incident, [one.finding for one in named])
        if when is When.DEAD and not named:
            # Nothing will be put back, so nobody would do it later.
            await tidy_probe(self._edits, target.identity, cared_for=())
        return InFlight(tuple(self._held(one) for one in named), unnamed=unnamed)

    async def _stopped(self, command: GatherInFlight, noted: Noted | None, kept: Sequence[Finding]) -> InFlight:
        """By what Redis shows it has given everything back; whoever knows how hastily is asked, unless it was known to be quiet before."""
        if command.when is When.DEAD and not (noted is not None and noted.quiet):
            for source in self._sources:
                told = await source(command.target, command.when, noted, ())
                if told.hasty:
                    return await self._in_doubt(command, noted, kept, told.findings)
        return InFlight((), stopped=True)

    async def _in_doubt(self, command: GatherInFlight, noted: Noted | None, kept: Sequence[Finding], told: Sequence[Finding]) -> InFlight:
        """The jobs that it pushed back, and that one of its own threads may have taken again; with their bytes, where those were seen before."""
        jids = {one.jid for one in told}
        entries = findings_in({} if noted is None else noted.entries, origin=Origin.FLIGHT_RECORD, certainty=Certainty.LIKELY)[0]
        seen = [msgspec.structs.replace(one, certainty=Certainty.LIKELY) for one in (*kept, *entries) if one.jid in jids]
        named = tuple(self._named(one) for one in join([*seen, *told]))
        await self._store.keep_flight(command.incident, [one.finding for one in named])
        return InFlight(tuple(self._held(one) for one in named), hasty=True)

    async def _keep_what_is_noted(self, command: GatherInFlight) -> None:
        """Redis does not answer, and until it does nobody but this agent knows what the process held: that must outlive the agent."""
        noted = self._follower.noted(command.target.identity)
        if noted is not None and not await self._store.flight(command.incident):
            findings, _ = findings_in(noted.entries, origin=Origin.FLIGHT_RECORD, certainty=Certainty.LIKELY)
            await self._store.keep_flight(command.incident, [self._named(one).finding for one in join(findings)])

    async def _check_writes(self, identity: str, queues: Sequence[str], lists: Sequence[bytes]) -> None:
        """Nobody is ended whose jobs could not be put back. No command changes anything that was not so before; that for the queues is refused where memory is full."""
        commands: list[Command] = [("HDEL", put_back_key(self._edits, identity), "")]
        if queues:
            commands.append(("SADD", self._edits.keys.queues, *sorted(set(queues))))
        commands += [("LREM", key, 1, "") for key in sorted(set(lists))]
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
