"""
Other rules in the same world: they see what was read, when it was read, and are left in dry-run, whose cooldowns, budgets and cures are those that dry-run has.

The counterpart of `exact.py`, under whose rules the world was as it was: what the agent did then stands in the readings, whoever had asked for it. Answers to what the old rules had asked are passed over,
and so is what people said about their incidents; what people said of the agent or of a rule by its name holds. Where the agent was away, or nothing was recorded, these rules were away, too.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from watchdog import __version__
from watchdog.engine.advance import advance
from watchdog.engine.checkpoint import BrokenCheckpointError, checkpoint, rebuild
from watchdog.engine.due import next_due
from watchdog.engine.gaps import Gaps
from watchdog.engine.graves import Graves
from watchdog.engine.ledger import Ledger
from watchdog.engine.likeness import Reached, likeness, spared
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State, begin, keep
from watchdog.model.effects import Command, Effect
from watchdog.model.events import (
    Body,
    EffectDone,
    Event,
    FleetLockLost,
    Gap,
    Observed,
    ReloadRefused,
    RulesLoaded,
    Started,
    Stopping,
    TimeReached,
)
from watchdog.model.told import (
    OperatorAcknowledged,
    OperatorArmed,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
    Told,
)
from watchdog.model.verdicts import Mode
from watchdog.replay import stand_in
from watchdog.replay.beginning import first_ledger, picture_as_read, with_what_people_said
from watchdog.replay.trace import Opened
from watchdog.store.trace.reading import Record, Segment
from watchdog.store.trace.segment import Mark

Hear = Callable[[Event, tuple[Effect, ...]], None]
_HEEDED: Final = (OperatorPaused, OperatorResumed, OperatorSilenced, OperatorUnsilenced, OperatorAcknowledged, OperatorArmed)
"""What people said that is not about something that the old rules had begun."""
_MOST_AT_ONCE: Final = 1_000
"""Turns at one moment: with more the engine does not come to rest, which is a fault of it."""


class Stands(NamedTuple):
    """Where a trial is: the number of its last event, engine time and UTC, and up to when time has gone by."""

    seq: int
    at: int
    wall: int
    until: int


class Trial:
    """
    Plays `rules` in dry-run. `hear` is told each event, as these rules had it, with what came of it.

    Usage: `open` each file, `take` each record; `stop` where something is missing.
    """

    def __init__(self, rules: RuleSet, hear: Hear) -> None:
        self.rules: Final = rules.but(mode=Mode.DRY_RUN)
        self.state: State | None = None
        self._hear: Final = hear
        self._in_force = NO_RULES
        self._ledger: Ledger | None = None
        self._kept: bytes | None = None
        self._seq = self._at = self._wall = self._until = 0

    def open(self, opened: Opened) -> str:
        """From now on the events of this file come; why they can't be played, or ''."""
        if opened.follows and self.state is not None:
            return ""
        self.stop()
        header = opened.header
        try:
            data = opened.segment.checkpoint()
            then = None if data is None else rebuild(data, NO_RULES)
        except BrokenCheckpointError as error:
            return str(error)
        if then is None:
            return "the picture that it begins with is damaged"
        ledger = self._ledger or first_ledger(then.ledger, self.rules)
        if ledger.boot_id == then.ledger.boot_id:
            ledger = with_what_people_said(ledger, then.ledger)
        self.state, self._in_force = begin(ledger, history=self._kept), NO_RULES
        self._seq, self._at, self._wall, self._until = max(self._seq, header.seq), header.at, header.wall, header.at
        if header.digest:
            # In the middle of a run of the agent: what it knew by then is told at once. Else the trace itself tells of its start.
            self._turn(Started(__version__, header.boot_id, header.host))
            self._turn(RulesLoaded(self.rules.digest, Mode.DRY_RUN))
            for body in picture_as_read(then):
                self._turn(body)
        return ""

    def join(self, segment: Segment, first: State) -> bool:
        """
        From now on the events of this file come, as if all those before had come and nothing had come of them; False where it can't be played.

        `first` is what the trace begins with. What can be known is what was kept then: histories for which the old rules asked as well, and who died and what was not seen since the trace began.
        """
        header = segment.header
        try:
            data = segment.checkpoint()
            then = None if data is None else rebuild(data, self.rules)
        except BrokenCheckpointError:
            return False
        if then is None or not header.digest:
            return False
        self._kept = keep(then, at=header.at, wall=header.wall)
        if self.open(Opened(segment, follows=False)):
            return False
        assert self.state is not None  # it was opened
        # What tells of a deployment is nothing that has just been read.
        ledger, world = msgspec.structs.replace(self.state.ledger, deploys=then.ledger.deploys), self.state.world
        world.graves = Graves((process, None) for process in then.world.graves if process not in first.world.graves)
        world.gaps = Gaps((began, ms) for began, ms in then.world.gaps.items() if began not in first.world.gaps)
        self.state = State(ledger, world)
        return True

    def likeness(self) -> bytes | None:
        """A digest of what `engine.likeness` says; None as well while nothing is played."""
        if self.state is None or self._in_force is NO_RULES:
            return None
        found = likeness(self.rules, self.state, at=self._at)
        return None if found is None else blake2b(found, digest_size=16).digest()

    def stands(self) -> Stands:
        """Where it is."""
        return Stands(self._seq, self._at, self._wall, self._until)

    def checkpoint(self) -> bytes:
        """Its state."""
        assert self.state is not None  # the caller asks
        return checkpoint(self.state, at=self._at, wall=self._wall)

    def go_over(self, reached: Reached, stands: Stands) -> None:
        """Another one has gone on from just here to where it `stands`, and nothing has come of it."""
        assert self.state is not None  # the caller asks
        self.state = spared(self.rules, self.state, reached, seq=self._seq)
        self._seq += stands.seq - reached.seq
        self._at, self._wall, self._until = stands.at, stands.wall, stands.until

    def stop(self) -> None:
        """What comes now does not follow; what these rules remember is kept as over a restart."""
        if self.state is not None:
            self.pass_time(self._until)
            self._ledger = self.state.ledger
            self._kept = keep(self.state, at=self._at, wall=self._wall)
            self.state = None

    def take(self, record: Record) -> None:
        """One event; passed over while nothing is played."""
        if self.state is None:
            return
        event = record.event
        body: Body | None = event.body
        match body:
            case Observed():
                # What was read was read, whatever became of the turn.
                self.pass_time(event.at)
            case TimeReached() | EffectDone() | FleetLockLost() | ReloadRefused():
                # Of the old rules alone: when something of theirs was due, what they had asked for, and what they held.
                body = None
            case _ if record.mark is not Mark.TAKEN:
                # It comes again.
                body = None
            case Gap(began=began):
                self.pass_time(began)
            case Started():
                # Nobody was there to see the time go by.
                self._in_force = NO_RULES
            case RulesLoaded():
                self.pass_time(event.at)
                body = RulesLoaded(self.rules.digest, Mode.DRY_RUN, passing=body.passing)
            case _ if isinstance(body, Told) and not isinstance(body, _HEEDED):
                body = None
            case _:
                self.pass_time(event.at)
        self._until = event.at
        if body is not None:
            self._at = event.at if isinstance(body, Started) else max(self._at, event.at)
            self._wall = event.wall
            if isinstance(body, OperatorSilenced):
                # Whoever ends a silence names it by the number of the event that began it.
                self._seq = max(self._seq, event.seq - 1)
            self._turn(body)
        if isinstance(body, Stopping):
            self.stop()

    def pass_time(self, until: int) -> None:
        """All that falls due for these rules up to that engine time: the old ones had other times."""
        assert self.state is not None  # the caller asks
        if self._in_force is NO_RULES:
            # Between its start and its rules an agent can't say what is due.
            return
        at_once = 0
        while (due := next_due(self.state)) is not None and due <= until:
            at_once = at_once + 1 if due <= self._at else 0
            if at_once > _MOST_AT_ONCE:
                raise RuntimeError("the engine does not come to rest")
            moment = max(due, self._at)
            self._wall += moment - self._at
            self._at = moment
            self._turn(TimeReached())

    def _turn(self, body: Body) -> None:
        if isinstance(body, RulesLoaded):
            self._in_force = self.rules
        effects = self._advance(body)
        if not effects:
            return
        waiting = _commands(effects)
        for _ in range(_MOST_AT_ONCE):
            if not waiting:
                return
            asked = waiting.pop(0)
            assert self.state is not None  # it was a moment ago
            waiting += _commands(self._advance(EffectDone(asked.id, stand_in.found(asked, self.state.world))))
        raise RuntimeError("the engine does not come to rest")

    def _advance(self, body: Body) -> tuple[Effect, ...]:
        assert self.state is not None  # nothing is told to nobody
        self._seq += 1
        event = Event(self._seq, self._at, self._wall, body)
        self.state, effects = advance(self._in_force, self.state, event)
        if effects:
            self._hear(event, effects)
        return effects


def _commands(effects: Iterable[Effect]) -> list[Command]:
    return [effect for effect in effects if isinstance(effect, Command)]
