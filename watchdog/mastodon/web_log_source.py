"""
Following the log of Mastodon's web server for as long as the agent lives: from the journal, or from files.

The counterpart of `deliveries`, which reads what Mastodon itself keeps. What the lines mean is decided in `web_log` and `following_log`; here they are fetched,
what follows from them is told at its pace, and what was learned is kept over a restart. Nothing of a line but a host, a status and a moment lives on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final
from zlib import crc32

from watchdog.clock import Clock
from watchdog.host.journal.child import NO_JOURNAL
from watchdog.host.journal.command import Selection
from watchdog.host.journal.journal import Journal
from watchdog.host.journal.units import units_like
from watchdog.host.log_file import LogFile
from watchdog.host.log_source import LogSource, LogUnreadableError
from watchdog.mastodon.following_log import FollowingLog
from watchdog.mastodon.peers import Changes, Peers
from watchdog.mastodon.traffic_kept import BrokenTrafficError, Kept, decode
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.outage import Outage
from watchdog.sidekiq.together import together
from watchdog.store.failures import StoreError
from watchdog.store.kept_file import KeptFile

LOG: Final = logging.getLogger("watchdog")
NAME: Final = "web-log.traffic"
"""The file in the state folder."""
TICK: Final = 5.0
"""Seconds between two tellings of all together, and of what is watched."""
SLICES: Final = 60
"""So many tellings until each of the others was told once: five minutes."""
EACH: Final = round(TICK * SLICES * 1000)
"""The same in milliseconds: how old what is told of one that is not watched can be."""
KEEP_EACH: Final = 300.0
"""Seconds between two times that what was learned is written down."""
_LOOK_AGAIN: Final = 900.0
"""Seconds after which it is looked whether another unit has begun to write."""
_TURN: Final = 200
"""Lines after which others get their turn."""
_FIRST, _LONGEST, _STEADY = 1.0, 120.0, 60_000
FEDERATION: Final = "federation"
"""The id of the one entity of that kind."""


class WebLog:
    """
    Emits `Observed`, `SourceLost` and `SourceBack` of the source WEB_LOG. `units` are patterns of units of which the journal is read, `files` paths of logs; `directory` is where journals lie, None for this host's.

    A log that has never had a request in it is no loss, and known to nobody: it is said in the agent's own log, and by the doctor.
    """

    def __init__(
        self,
        *,
        units: Sequence[str],
        files: Sequence[str],
        peers: Peers,
        state: Path,
        clock: Clock,
        emit: Callable[[Body], None],
        directory: Path | None = None,
    ) -> None:
        self._units = tuple(units)
        self._files = tuple(files)
        self._peers = peers
        self._file = KeptFile(state, NAME)
        self._clock = clock
        self._emit = emit
        self._directory = directory
        self._outage = Outage(Source.WEB_LOG, "the log of Mastodon's web server", emit)
        self._log: FollowingLog | None = None
        self._is_open = False
        self._is_ended = False
        self._heard = 0
        self._ticks = 0
        self._is_complete = False
        self._told: set[str] = set()
        self._told_by = 0
        self._before: dict[str, object] = {}
        self._warned: list[str] = []

    async def run(self) -> None:
        """Follow until cancelled."""
        if self._log is None:
            self._log = FollowingLog(await self._found(), at=self._clock.at(), wall=self._clock.wall())
        wait = _FIRST
        while True:
            began = self._clock.at()
            try:
                await self._follow_once(self._log)
            except SourceUnavailableError as failure:
                self._lose(failure)
            finally:
                self._log.close(at=self._clock.at(), wall=self._clock.wall())
                self._is_open = False
            if self._clock.at() - began >= _STEADY:
                wait = _FIRST
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST)

    async def keep(self) -> None:
        """Write down what was learned; that it can't be written is no harm but to the next start."""
        if self._log is None:
            return
        data = self._log.kept(at=self._clock.at(), wall=self._clock.wall())
        try:
            await asyncio.to_thread(self._file.write, data)
        except StoreError as error:
            LOG.warning("what the web log has taught is not kept: %s", error)

    def end(self) -> None:
        """It is to be followed no more: what was told by it becomes unknown, and it is no loss any longer."""
        self._is_ended = True
        told, self._before = self._before, {}
        all_together = (Delta(Kind.FEDERATION, FEDERATION, dict.fromkeys(told)),) if told else ()
        if changes := (*self._peers.retract(Source.WEB_LOG), *all_together):
            self._emit(Observed(Source.WEB_LOG, changes))
        self._outage.over()

    @property
    def trouble(self) -> str:
        """What can't be known by this log although it is no loss, a sentence: it has never said anything, or lines are missing. Empty where all is well."""
        if self._log is None:
            return ""
        if not self._log.spoke and not self._log.speaks and self._warned:
            return self._warned[-1]
        dropped = self._log.dropped
        return (
            f"journald has left out {dropped:,} lines of the web server since the agent began: some of its deliveries are not counted"
            if dropped
            else ""
        )

    async def _found(self) -> Kept | None:
        try:
            data = await asyncio.to_thread(self._file.read)
            return None if data is None else decode(data)
        except (StoreError, BrokenTrafficError) as error:
            LOG.warning("what the web log has taught before can't be used, and is learned anew: %s", error)
            return None

    async def _follow_once(self, log: FollowingLog) -> None:
        log.traffic.spare(self._peers.watched)
        units = () if self._files else await self._find_units()
        sources = self._sources(units)
        # A line of a file does not say when it was written: what came before now can't be placed.
        cursor = log.open(at=self._clock.at(), wall=self._clock.wall(), can_resume=not self._files)
        self._is_open = True
        reading = {f"web_log_{number}": self._read(log, one, cursor) for number, one in enumerate(sources)}
        await together(**reading, tell=self._tell_for_ever(log), keep=self._keep_for_ever(), units=self._watch_units(units))

    def _sources(self, units: tuple[str, ...]) -> list[LogSource]:
        if self._files:
            return [LogFile(Path(path)) for path in self._files]
        if not units:
            raise SourceUnavailableError("no_unit", f"no unit called {' or '.join(self._units)} has written into the journal (hint: mastodon: {{web_log: …}} names units or files, or is none)")  # fmt: skip
        return [Journal(Selection(units=units, directory=self._directory))]

    async def _find_units(self) -> tuple[str, ...]:
        try:
            return await units_like(self._units, directory=self._directory)
        except LogUnreadableError as error:
            raise _unreadable(error) from error

    async def _watch_units(self, found: tuple[str, ...]) -> None:
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            if not self._files and await self._find_units() != found:
                raise SourceUnavailableError("units", "another unit of the web server writes into the journal")

    async def _read(self, log: FollowingLog, source: LogSource, cursor: str) -> None:
        clock = self._clock
        try:
            async with aclosing(source.follow(cursor=cursor)) as entries:
                async for entry in entries:
                    self._heard += 1
                    log.take(entry, at=clock.at(), wall=clock.wall())
                    if not self._heard % _TURN:
                        # What is made up for must not hold up the agent.
                        await asyncio.sleep(0 if log.caught_up else 0.002)
        except (LogUnreadableError, OSError) as error:
            raise _unreadable(error) from error

    async def _tell_for_ever(self, log: FollowingLog) -> None:
        heard = -1
        while True:
            await asyncio.sleep(TICK)
            log.caught_up = log.caught_up or self._heard == heard
            heard = self._heard
            if log.caught_up and not self._is_ended:
                self._tell(log)

    def _tell(self, log: FollowingLog) -> None:
        at = self._clock.at()
        if not log.speaks:
            if log.is_silent(at):
                self._lose(SourceUnavailableError("silent_log", "the log of Mastodon's web server has no requests in it: nobody reaches that server, or RAILS_LOG_LEVEL is above info"))  # fmt: skip
            return
        changes = self._changes(log, at)
        complete = not self._is_complete
        if changes or complete:
            self._emit(Observed(Source.WEB_LOG, changes, complete=complete))
        self._is_complete = True
        self._outage.over()

    def _changes(self, log: FollowingLog, at: int) -> Changes:
        now, peers = log.now(at), self._peers
        changes: list[Delta | Gone] = []
        log.traffic.spare(peers.watched)
        if self._ticks % SLICES == 0 or not self._is_complete:
            peers.claim(Source.WEB_LOG, log.traffic.weights(now))
            changes += peers.choose()
        turn = self._ticks % SLICES
        self._ticks += 1
        chosen, watched = peers.chosen, peers.watched
        self._told.intersection_update(chosen)
        if log.offset != self._told_by:
            # It was not followed for a time, which nobody's age may hold: by the old moments it would, until each had its turn.
            self._told.clear()
            self._told_by = log.offset
        for host in chosen:
            is_watched = host in watched
            if is_watched or host not in self._told or crc32(host.encode()) % SLICES == turn:
                self._told.add(host)
                readings = log.traffic.of_host(host, now, offset=log.offset, least=round(TICK * 1000) if is_watched else EACH)
                changes += peers.tell(Source.WEB_LOG, host, readings)
        return (*changes, *self._of_all(log, now))

    def _of_all(self, log: FollowingLog, now: int) -> tuple[Delta, ...]:
        readings = log.traffic.of_all(now, offset=log.offset, least=round(TICK * 1000))
        fields = {slot: value for slot, value in readings.items() if self._before.get(slot) != value}
        self._before = dict(readings)
        return (Delta(Kind.FEDERATION, FEDERATION, fields),) if fields else ()

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EACH)
            await self.keep()

    def _lose(self, failure: SourceUnavailableError) -> None:
        if failure.code == "units":
            # Nothing is wrong: it is read on from where it was left.
            LOG.info("%s", failure.message)
        elif self._log is not None and self._log.spoke:
            self._outage.lose(failure)
        elif failure.message not in self._warned:
            self._warned.append(failure.message)
            LOG.warning("%s", failure.message)


def _unreadable(error: LogUnreadableError | OSError) -> SourceUnavailableError:
    said = str(error) if isinstance(error, LogUnreadableError) else error.strerror or type(error).__name__
    if said == NO_JOURNAL:
        said = "this host keeps no journal (hint: name the log of Mastodon's web server: mastodon: {web_log: {files: […]}})"
    return SourceUnavailableError("unreadable", f"the log of Mastodon's web server can't be read: {said}")
