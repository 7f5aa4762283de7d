"""
Following Sidekiq over one connection, from the first complete snapshot until the connection is of no more use.

The counterpart of `follow`, which lives over many connections. Everything is read over one wire, and replies come
in the order of the questions, so an older reading never covers a newer one.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

from watchdog.clock import Clock
from watchdog.engine.switches import Pause
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.cost import ASK_PRICES, Spent, prices
from watchdog.sidekiq.decode import Broken, label, name
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError, from_reply, unavailable
from watchdog.sidekiq.flight import FlightRecord
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.pace import Pace
from watchdog.sidekiq.picture import Picture
from watchdog.sidekiq.reading import COMMANDS_EACH, ProcessReader, Reading
from watchdog.sidekiq.reconcile import PERIOD, QUIET, TICK, due
from watchdog.sidekiq.retries import Retries
from watchdog.sidekiq.sampling import Sampler, nobody_hears
from watchdog.sidekiq.scanning import first_page, rest
from watchdog.sidekiq.together import together
from watchdog.sidekiq.tracking import ARM, Dirty, Overflow, is_on, switch_off, switch_on
from watchdog.sidekiq.wire import Command, Reply, Wire

_BATCH: Final = 50
_SNAPSHOT_BATCH: Final = 100
_BEATS_BATCH: Final = 500
_MOST_PROCESSES: Final = 10_000
_PRICES_EVERY: Final = 20
_READ_AGAIN: Final = 3
_READ_AGAIN_AFTER: Final = 0.02
_REREAD_WITHIN: Final = 2.0
_REREAD_ALL_WITHIN: Final = 5.0
_LOG: Final = logging.getLogger(__name__)


class Memory:
    """What outlives a connection: what was seen, what was decoded, what is broken."""

    def __init__(
        self,
        *,
        keys: Keys,
        clock: Clock,
        where: str,
        budget: float,
        host: str = "",
        emit: Callable[[Body], None] = nobody_hears,
        paused: Pause | None = None,
    ) -> None:
        self.keys = keys
        # Of processes of this host alone; without a name of nobody.
        self.flight = FlightRecord(host)
        self.pace = Pace(budget)
        # What went over the wire each second lately, by name.
        self.rates: dict[str, float] = {}
        self.tally = Tally(clock)
        self.picture = Picture()
        self.reader = ProcessReader(self.keys, self.tally, where, self.flight)
        self.sampler = Sampler(self.keys, self.tally, where, clock, emit=emit, paused=paused)
        self.retries = Retries(self.keys, self.tally, where=where, clock=clock, pace=self.pace)
        # Why Redis would not tell of changes, as far as the log says so already.
        self.refusals: set[str] = set()


class Session:
    """One connection's work. `hears` says that Redis tells of changes; otherwise beats are sampled each second."""

    def __init__(self, wire: Wire, dirty: Dirty, *, memory: Memory, clock: Clock, emit: Callable[[Body], None]) -> None:
        self.hears = False
        self._wire = wire
        self._dirty = dirty
        self._memory = memory
        self._pace = memory.pace
        self._clock = clock
        self._emit = emit
        # When each process that is followed was read last, in engine time.
        self._read_at: dict[str, int] = {}
        # What went over the wire for what keeps a budget of its own.
        self._apart = Spent()
        self._torn: dict[str, int] = {}
        self._overflow = Overflow()
        self._stirred = asyncio.Event()

    async def open(self) -> None:
        """Read everything and say it, ending with a complete `Observed`; raises `SourceUnavailableError`."""
        memory = self._memory
        await memory.sampler.check_writes(self._wire.ask)
        await self._switch_tracking_on()
        memory.picture.came_back(self._clock.at())
        identities = sorted({*await self._read_members(), *memory.picture.listed(), *memory.picture.stale()})
        self._read_at = dict.fromkeys(identities, self._clock.at())
        changes: list[Delta | Gone] = []
        for start in range(0, len(identities), _SNAPSHOT_BATCH):
            self._say(changes)
            changes = []
            for reading in await self._read_whole(identities[start : start + _SNAPSHOT_BATCH]):
                changes += self._take(reading)
        memory.sampler.read_anew()
        try:
            sample = await memory.sampler.sample(self._wire.ask, memory.picture.fleet(self._clock.at()))
        except SourceUnavailableError:
            # They were taken in, so that the next connection will not tell them.
            self._say(changes)
            raise
        self._emit(Observed(Source.REDIS, (*changes, *sample.changes, *memory.retries.uncounted()), complete=True))

    async def follow(self, beside: Coroutine[Any, Any, None]) -> None:
        """Go on for as long as the connection lasts, and do `beside` meanwhile; ends only by raising `SourceUnavailableError`."""
        await together(
            end_of_the_connection=self._end_with_connection(),
            read_what_changed=self._read_dirty(),
            sample_queues_and_totals=self._sample(),
            reconcile=self._reconcile(),
            weigh_what_it_costs=self._weigh(),
            follow_the_retries=self._memory.retries.follow(self._wire.ask, self._say),
            count_the_retries=self._memory.retries.count_when_wanted(self._ask_apart),
            beside=beside,
        )

    async def reread(self, identity: str) -> Reading:
        """Read one process now and say what changed; raises `SourceUnavailableError` if that takes longer than 2 s."""
        try:
            async with asyncio.timeout(_REREAD_WITHIN):
                readings = await self._read_whole([identity])
        except TimeoutError:
            raise unavailable("timeout", self._wire.where) from None
        (reading,) = readings
        self._say(self._take(reading))
        return reading

    async def reread_all(self) -> None:
        """Read the set of processes and every one of them now, and say what changed; raises `SourceUnavailableError` if that takes longer than 5 s."""
        try:
            async with asyncio.timeout(_REREAD_ALL_WITHIN):
                gone_or_new = await self._read_members()
                everyone = sorted({*gone_or_new, *self._read_at})
                for start in range(0, len(everyone), _BATCH):
                    for reading in await self._read_whole(everyone[start : start + _BATCH]):
                        self._say(self._take(reading))
        except TimeoutError:
            raise unavailable("timeout", self._wire.where) from None

    async def count_retries(self) -> None:
        """Count the whole retry set anew; raises `SourceUnavailableError`."""
        await self._memory.retries.census(self._ask_apart)

    # What goes on at the same time

    async def _end_with_connection(self) -> None:
        raise await asyncio.shield(self._wire.ended)

    async def _read_dirty(self) -> None:
        while True:
            await self._dirty.wait()
            if self._pace.stretch > 1:
                await asyncio.sleep(self._pace.gather())
            if self._dirty.take_all():
                self._stirred.set()
                self._mark(self._memory.picture.listed())
            if self._dirty.take_members():
                self._mark(await self._read_members())
            for reading in await self._read(self._dirty.take(_BATCH)):
                self._overflow.count(fresh=self._is_news(reading))
                self._take_or_read_again(reading)
            if self.hears and self._overflow.happens(len(self._read_at)):
                await self._switch_tracking_off()

    def _is_news(self, reading: Reading) -> bool:
        """Another beat than before, or none; or a process that leaves, which is read for the sake of the set and not of its own key."""
        return reading.beat is None or not reading.member or reading.beat.written != self._memory.picture.beat(reading.identity)

    async def _sample(self) -> None:
        moves = True
        while True:
            self._stirred.clear()
            await asyncio.sleep(self._pace.wait(TICK))
            if not moves:
                await self._quiet_until_stirred()
            sample = await self._memory.sampler.sample(self._wire.ask, self._memory.picture.fleet(self._clock.at()))
            self._say(sample.changes)
            moves = sample.moves

    async def _quiet_until_stirred(self) -> None:
        try:
            async with asyncio.timeout(self._pace.wait(QUIET - TICK)):
                await self._stirred.wait()
        except TimeoutError:
            return

    async def _reconcile(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(self._pace.wait(TICK))
            ticks += 1
            if ticks % (PERIOD // TICK) == 0 or not self.hears:
                self._mark(await self._read_members())
            if self._overflow.is_over(ticks):
                await self._switch_tracking_on()
            if self.hears and ticks % (PERIOD // TICK) == 0 and not await is_on(self._wire):
                await self._switch_tracking_on()
                # What was armed before is forgotten.
                self._mark(self._read_at)
            if not self.hears:
                self._mark(await self._beaten())
            self._mark(due(self._read_at, self._clock.at(), stretch=self._pace.stretch))

    async def _weigh(self) -> None:
        before, apart, began = self._wire.spent(), self._apart, self._clock.at()
        known: dict[str, float] = {}
        windows = 0
        while True:
            if windows % _PRICES_EVERY == 0:
                known = prices((await self._wire.ask(ASK_PRICES))[0])
            windows += 1
            await asyncio.sleep(self._pace.wait(PERIOD))
            now, at = self._wire.spent(), self._clock.at()
            added = now.since(before)
            was = self._pace.stretch
            self._pace.judge(busy=added.busy(known), elapsed=at - began, apart=self._apart.since(apart).busy(known))
            if (was > 1) != (self._pace.stretch > 1):
                self._log_pace()
            self._memory.rates = added.rates(at - began)
            before, apart, began = now, self._apart, at

    async def _ask_apart(self, commands: Sequence[Command]) -> list[Reply]:
        """`Wire.ask` for a census, which keeps a budget of its own; whatever else goes over the wire meanwhile is taken for its cost as well."""
        before = self._wire.spent()
        replies = await self._wire.ask(commands)
        self._apart = self._apart.plus(self._wire.spent().since(before))
        return replies

    def _log_pace(self) -> None:
        pace, where = self._pace, self._wire.where
        if pace.stretch > 1:
            _LOG.warning(
                "Redis at %s spends %.2g %% of a core on this, more than the %.3g %% of its budget: what is read by the clock is read more seldom",
                where,
                100 * pace.share,
                100 * pace.limit,
            )
        else:
            _LOG.info("Redis at %s is read as often as usual again", where)

    async def _switch_tracking_off(self) -> None:
        self.hears = False
        await switch_off(self._wire)
        self._refuse("its table of what is to be told overflows: tracking-table-max-keys is too small")

    async def _switch_tracking_on(self) -> None:
        refused = await switch_on(self._wire)
        self.hears = not refused
        if refused:
            self._refuse(refused)

    def _refuse(self, refused: str) -> None:
        if refused not in self._memory.refusals:
            self._memory.refusals.add(refused)
            _LOG.warning("Redis at %s does not tell of changes (%s); they are sampled each second instead", self._wire.where, refused)

    # Reading

    async def _read_members(self) -> list[str]:
        """Read the set of processes; gives those that came or went, who are to be read."""
        memory, key = self._memory, self._memory.keys.processes
        page = (await self._wire.ask([*self._arming(), first_page(key)]))[-1]
        found = await rest(self._wire.ask, key, page, most=_MOST_PROCESSES + 1, where=self._wire.where)
        if found is None:
            memory.tally.add(Broken(label(key), "it is not a set"))
            found = set()
        if len(found) > _MOST_PROCESSES:
            memory.tally.add(Broken(label(key), f"it holds more than {_MOST_PROCESSES} processes; the others are not read"))
        members = set(self._names(sorted(found)[:_MOST_PROCESSES]))
        came, left = members - self._read_at.keys(), self._read_at.keys() - members
        for identity in left.difference(memory.picture.listed()):
            del self._read_at[identity]
            memory.reader.forget(identity)
        self._read_at |= dict.fromkeys(came, self._clock.at())
        return sorted(came | left)

    def _names(self, members: Iterable[bytes]) -> Iterable[str]:
        for member in members:
            if (identity := name(member)) is None:
                self._memory.tally.add(Broken(label(member), "a member of `processes` is not text"))
            else:
                yield identity

    async def _beaten(self) -> list[str]:
        """Who has beaten since it was read, found by asking for each beat."""
        keys, picture, beaten = self._memory.keys, self._memory.picture, []
        identities = list(self._read_at)
        for start in range(0, len(identities), _BEATS_BATCH):
            part = identities[start : start + _BEATS_BATCH]
            replies = await self._wire.ask([("HGET", keys.identity(identity), "beat") for identity in part])
            for identity, beat in zip(part, replies, strict=True):
                if isinstance(beat, ServerError):
                    if not str(beat).startswith("WRONGTYPE"):
                        raise from_reply(beat, self._wire.where)
                    # A key of the wrong type is found and counted by the reading itself.
                    continue
                if beat is not None and beat != picture.beat(identity):
                    beaten.append(identity)
        return beaten

    async def _read(self, identities: list[str]) -> list[Reading]:
        if not identities:
            return []
        reader, arming = self._memory.reader, self._arming()
        replies = await self._wire.ask([command for identity in identities for command in (*arming, *reader.commands(identity))])
        at = self._clock.at()
        step = len(arming) + COMMANDS_EACH
        return [
            reader.reading(identity, replies[start + len(arming) : start + step], at)
            for identity, start in zip(identities, range(0, len(replies), step), strict=True)
        ]

    async def _read_whole(self, identities: list[str]) -> list[Reading]:
        """Read processes, and those that were being written a few times more."""
        readings = {reading.identity: reading for reading in await self._read(identities)}
        for _ in range(_READ_AGAIN):
            torn = [identity for identity, reading in readings.items() if self._memory.picture.is_torn(reading)]
            if not torn:
                break
            await asyncio.sleep(_READ_AGAIN_AFTER)
            readings |= {reading.identity: reading for reading in await self._read(torn)}
        return list(readings.values())

    def _arming(self) -> tuple[Command, ...]:
        return (ARM,) if self.hears else ()

    # Telling

    def _mark(self, identities: Iterable[str]) -> None:
        for identity in identities:
            self._dirty.mark(identity)

    def _take_or_read_again(self, reading: Reading) -> None:
        tried = self._torn.pop(reading.identity, 0)
        if tried < _READ_AGAIN and self._memory.picture.is_torn(reading):
            self._torn[reading.identity] = tried + 1
            asyncio.get_running_loop().call_later(_READ_AGAIN_AFTER, self._dirty.mark, reading.identity)
        else:
            self._say(self._take(reading))

    def _take(self, reading: Reading) -> tuple[Delta | Gone, ...]:
        if reading.identity in self._read_at:
            self._read_at[reading.identity] = reading.at
        else:
            self._memory.reader.forget(reading.identity)
        if self._memory.picture.is_stale(reading):
            self._memory.tally.add(Broken(reading.identity, "identity without hash"))
        for work in reading.work:
            self._memory.sampler.homes.saw(work.job_class, work.queue)
        changes = self._memory.picture.take(reading)
        self._memory.retries.hear(changes)
        if any(change.kind == Kind.JOB for change in changes):
            self._stirred.set()
        return changes

    def _say(self, changes: Sequence[Delta | Gone]) -> None:
        if changes:
            self._emit(Observed(Source.REDIS, tuple(changes)))
