"""
The loop: one event, one turn, one commit, then the effects.

Nothing is carried out that has not been committed. A turn whose commit fails is undone, and its event comes again until it is
taken; those behind it wait, so that a source that came back is never lost again by older news. `WATCHDOG=1` is sent from here, after a
turn is complete, and from nowhere else; a turn is complete once the store has answered, be it that the disk is full: that
is no reason to be restarted, a store that never answers is.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from watchdog.clock import Clock
from watchdog.daemon.tracing import TraceKeeper
from watchdog.daemon.wakefulness import Wakefulness
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.due import next_due
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.effects import Audit, Command, DropFlight, Effect, KeepIncident, Notify, TryReceiver
from watchdog.model.events import Body, Event, Observed, Paused, Resumed, RulesLoaded, Started, TimeReached
from watchdog.model.notices import Notice
from watchdog.model.records import AuditRow
from watchdog.model.told import OperatorPaused, OperatorResumed
from watchdog.store.failures import StoreDamagedError, StoreError
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store
from watchdog.web.metrics.counted import LifeCounts
from watchdog.web.stream.hub import Hub

LOG: Final = logging.getLogger("watchdog")
IDLE: Final = 5.0
"""Seconds after which a turn is made even if nothing happened: the proof of life."""
RETRY: Final = 1.0
"""Seconds until it is tried again after a turn could not be committed."""


IN_ORDER: Final = (Paused, Resumed, OperatorPaused, OperatorResumed, Started, RulesLoaded)
"""What no pause overtakes: other words on the same, and the beginning."""


class Offer(msgspec.Struct, frozen=True):
    """What is offered to the loop; `rules` are in force from this event on, `taken` is set once its turn is committed."""

    body: Body
    rules: RuleSet | None = None
    taken: asyncio.Future[tuple[Effect, ...]] | None = None


class Turns:
    """
    Owns the engine's state.

    `perform` is handed each command of a committed turn and must not block; `after_turn` is called after each
    completed turn, which comes after `idle` seconds at the latest; `observe` sees each event with the effects that were
    committed (tests); `turned_at` is when the last one was complete, None before the first; `trace` hears of every turn, and `counted` counts them. Whoever holds `resting` keeps the next turn from beginning. Raises `StoreError` if what a
    predecessor remembered can't be read.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        perform: Callable[[Command], None],
        after_turn: Callable[[], None],
        observe: Callable[[Event, tuple[Effect, ...]], None] = lambda _event, _effects: None,
        idle: float = IDLE,
        trace: TraceKeeper | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._perform = perform
        self._after_turn = after_turn
        self._observe = observe
        self._idle = idle
        self._trace = trace
        self.resting = asyncio.Lock()
        self._wakefulness = Wakefulness(clock, int(idle * 1000))
        self._inbox: asyncio.Queue[Offer] = asyncio.Queue()
        # What could not be committed, in order; nothing else is decided before it is.
        self._waiting: deque[Offer] = deque()
        self._seq = store.last_seq
        self.rules = NO_RULES
        self.state: State = begin(_remembered(store.ledger), history=store.history)
        store.history = None  # tens of megabytes, perhaps
        self.failing: str = ""
        self.turned_at: int | None = None
        self.hub: Hub | None = None
        self.counted = LifeCounts()

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._seq

    @property
    def waiting(self) -> int:
        """How many events wait for their turn."""
        return self._inbox.qsize() + len(self._waiting)

    def offer(self, body: Body) -> None:
        """Puts an event in; never blocks."""
        self._inbox.put_nowait(Offer(body))

    async def settle(self, body: Body, *, rules: RuleSet | None = None) -> tuple[Effect, ...]:
        """Puts an event in and waits until its turn has been committed; answers what that has asked for."""
        taken: asyncio.Future[tuple[Effect, ...]] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(Offer(body, rules, taken))
        return await taken

    async def run(self) -> None:
        """Makes turns for ever."""
        while True:
            if self._waiting:
                await self._try_again()
            else:
                offer = await self._next()
                gap = self._wakefulness.missed()
                async with self.resting:
                    if gap is not None and not await self._turn(Offer(gap)):
                        self._waiting.append(Offer(gap))
                    taken = await self._turn(offer)
                if not taken:
                    # What was read can't be unread: the picture keeps it, and all of it is judged again.
                    was_read = isinstance(offer.body, Observed | TimeReached)
                    self._waiting.append(Offer(TimeReached()) if was_read else offer)
            self._wakefulness.turned()
            self.turned_at = self._clock.at()
            self._after_turn()

    async def _next(self) -> Offer:
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        due = next_due(self.state)
        wait = self._idle if due is None else min(self._idle, max(0, due - self._clock.at()) / 1000)
        try:
            async with asyncio.timeout(wait):
                return await self._inbox.get()
        except TimeoutError:
            return Offer(TimeReached())

    async def _try_again(self) -> None:
        try:
            async with asyncio.timeout(min(RETRY, self._idle)):
                while True:
                    self._set_back(await self._inbox.get())
        except TimeoutError:
            pass
        async with self.resting:
            while self._waiting and await self._turn(self._waiting[0]):
                self._waiting.popleft()

    def _set_back(self, offer: Offer) -> None:
        """Readings go into the picture at once, or hours of them would pile up; everything else queues."""
        match offer.body:
            case Observed() as observed:
                at = max(self._clock.at(), self.state.ledger.at)
                if self._trace is not None:
                    self._trace.noted(observed, seq=self._seq + 1, at=at)
                self.state.world.take(observed, at)
            case Paused() | OperatorPaused() if not any(isinstance(before.body, IN_ORDER) for before in self._waiting):
                # Whoever wants nothing done must not be heard only after what has waited longer.
                self._waiting.appendleft(offer)
            case _:
                self._waiting.append(offer)

    async def _turn(self, offer: Offer) -> bool:
        """Takes an event in; False where it could not be committed, and then nothing of it is left but what was read."""
        rules = offer.rules if offer.rules is not None else self.rules
        event = Event(self._seq + 1, self._clock.at(), self._clock.wall(), offer.body)
        began = time.perf_counter()
        state, effects = advance(rules, self.state, event)
        took = time.perf_counter() - began
        try:
            await self._commit(event, state, effects)
        except StoreDamagedError:
            # Nothing here can mend it; the next start sets it aside.
            raise
        except StoreError as error:
            if self._trace is not None:
                self._trace.undone(event)
            self.counted.undone += 1
            self._undo(str(error))
            return False
        self._seq, self.state, self.rules = event.seq, state, rules
        if self.failing:
            LOG.warning("the store can be written again")
            self._fail("")
        self.counted.turn(event, effects, took)
        self._observe(event, effects)
        if self.hub is not None:
            self.hub.turned(event, effects, state)
        if self._trace is not None:
            self._trace.taken(event, state, rules)
        for effect in effects:
            match effect:
                case Audit(row=row):
                    LOG.info("%s", _line(row))
                case KeepIncident() | Notify() | TryReceiver() | DropFlight():
                    pass
                case _:
                    self._perform(effect)
        if offer.taken is not None and not offer.taken.done():
            offer.taken.set_result(effects)
        return True

    async def _commit(self, event: Event, state: State, effects: tuple[Effect, ...]) -> None:
        # After a failure something is written in any case: it proves that writing works again.
        changed = state.ledger is not self.state.ledger or self.failing != ""
        audit = tuple(effect.row for effect in effects if isinstance(effect, Audit))
        notices = tuple(
            Handed(receiver, self._named(effect.notice), effect.not_before, effect.takes)
            for effect in effects
            if isinstance(effect, Notify)
            for receiver in effect.receivers
        )
        incidents = tuple(effect.incident for effect in effects if isinstance(effect, KeepIncident))
        landed = tuple(effect.incident for effect in effects if isinstance(effect, DropFlight))
        tried = tuple(effect.receiver for effect in effects if isinstance(effect, TryReceiver))
        if changed or audit or notices or incidents or landed or tried:
            encoded = ledgers.encode(state.ledger) if changed else None
            began = time.perf_counter()
            await self._store.commit(Commit(event.seq, encoded, audit, notices, incidents, landed, tried))
            self.counted.commits.add(time.perf_counter() - began)

    def _named(self, notice: Notice) -> Notice:
        # Event numbers begin anew with each memory; a receiver that drops what it has seen must not drop another agent's.
        return msgspec.structs.replace(notice, id=f"{self._store.name}_{notice.id.replace('.', '_')}")

    def _undo(self, error: str) -> None:
        self.state.world.must_judge_all = True
        if self.failing != error:
            LOG.error("nothing can be written down, so nothing is done: %s", error)
            self._fail(error)

    def _fail(self, why: str) -> None:
        self.failing = why
        if self.hub is not None:
            self.hub.failed()


def _remembered(ledger: bytes | None) -> Ledger | None:
    try:
        return None if ledger is None else ledgers.decode(ledger)
    except msgspec.DecodeError as error:
        raise StoreError(f"what the agent remembers can't be read ({error}); to begin anew, move its state folder away") from None


def _line(row: AuditRow) -> str:
    parts = {
        "rule": row.rule, "entity": row.entity, "target": row.target, "action": row.action, "stage": row.stage, "decision": row.decision,
        "guard": row.guard, "outcome": row.outcome, "reason": row.reason, "incident": row.incident,
    }  # fmt: skip
    return f"{row.kind}: " + " ".join(f"{name}={value!r}" for name, value in parts.items() if value)
