"""
A test of rules played to the real engine, in virtual time.

The counterpart of the daemon: readings come from a scene instead of sources, and what the engine asks for is answered as the test says.
There is no clock here; time is said. Nothing but `advance` judges anything.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final

import msgspec

from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.due import next_due
from watchdog.engine.ledger import Ledger, Phase
from watchdog.engine.methods.unit import as_told
from watchdog.engine.reasons import account_of
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import begin
from watchdog.model.effects import (
    Audit,
    AwaitExit,
    CallUnit,
    CollectEvidence,
    CountJobs,
    Effect,
    EndChild,
    GatherInFlight,
    KeepIncident,
    LookAfterLocks,
    LookAtBlock,
    LookAtChild,
    LookAtCommand,
    LookAtUnit,
    Measure,
    PutBack,
    ReleaseJobs,
    RunCommand,
    SendSignal,
    SetBlock,
    TakeJobs,
    When,
)
from watchdog.model.events import Body, EffectDone, Event, Gone, Observed, RulesLoaded, SourceBack, SourceLost, Started, TimeReached
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import (
    BlockLook,
    BlockSet,
    CommandLook,
    CommandRan,
    EvidenceCollected,
    Exited,
    InFlight,
    LocksLookedAt,
    Look,
    PutBackDone,
    Result,
    Sent,
    StillRunning,
    UnitCalled,
    UnitLook,
    UnitOutcome,
)
from watchdog.model.targets import Signal, Verb
from watchdog.model.vocabulary import BUILT, Vocabulary
from watchdog.rulefile.children import child_told
from watchdog.rulefile.comparison import Decided, Failure, Stands, compare
from watchdog.rulefile.edited import edited
from watchdog.rulefile.reached import Reached
from watchdog.rulefile.scene import BOOT, Scene
from watchdog.rulefile.shown import LookAlikes, Show, Shown, Watch
from watchdog.rulefile.testfile import Expectation, RuleTest

START: Final = 12 * 86_400_000
"""Engine time at which a test begins: a whole number of buckets of any history, and later than anything that a test counts from."""
_WALL: Final = 1_767_225_600_000
_ALL: Final = ("TERM", "TSTP", "TTIN", "INT")
_DONE: Final[dict[type[Effect], Result]] = {
    CollectEvidence: EvidenceCollected(),
    LookAfterLocks: LocksLookedAt(),
    CallUnit: UnitCalled(UnitOutcome.DONE),
    LookAtCommand: CommandLook(),
    RunCommand: CommandRan(0),
    LookAtBlock: BlockLook(),
    SetBlock: BlockSet("", made=True),
}
"""What is always answered in the same way."""
_LOOKS: Final = {
    "healthy": Look(alive=True, same=True, state="S", catches=_ALL),
    "booting": Look(alive=True, same=True, state="S"),
    "other": Look(alive=True, same=False, mismatch="it began at another time", state="S", catches=_ALL),
    "gone": Look(alive=False, same=False),
}
_MOST_AT_ONCE: Final = 1_000
_MOST_TURNS = 50_000


class Rehearsed(msgspec.Struct, frozen=True):
    """What came of one test, and what it has shown of rules by its expectations; it passed if there is no failure."""

    test: RuleTest
    failures: tuple[Failure, ...]
    shows: tuple[Shown, ...] = ()


def rehearse(test: RuleTest, rules: RuleSet, reached: Reached, *, vocabulary: Vocabulary = BUILT) -> Rehearsed:
    """
    Plays the test to the end of what it expects.

    `rules` were read with that vocabulary; `reached` is told what was true and false on the way.
    """
    return _Rehearsal(test, rules, reached, vocabulary).play()


class _Rehearsal:
    def __init__(self, test: RuleTest, rules: RuleSet, reached: Reached, vocabulary: Vocabulary) -> None:
        self._test = test
        self._rules = RuleSet(rules.rules, rules.digest, test.mode)
        self._reached = reached
        self._scene = Scene(test, vocabulary, start=START)
        # What is there when a test begins is what it is about.
        self._state = begin(Ledger(arming=in_force_before(self._rules)), vocabulary=vocabulary)
        self._at = START
        self._seq = 0
        self._order = count()
        self._answers: list[tuple[int, int, str, Result]] = []
        self._awaited: dict[str, str] = {}
        self._exits: list[tuple[int, str]] = []
        self._termed: set[str] = set()
        self._left: dict[str, tuple[Held, ...]] = {}
        self._decided: dict[tuple[str, str], Decided] = {}
        self._incidents: dict[str, Stands] = {}
        self._blind: set[Source] = set()
        self._too_much = ""
        self._alike = LookAlikes(test.look_alike)
        self._watch = Watch()

    def play(self) -> Rehearsed:
        """Moment after moment; what is expected at one is compared after all that happens at it."""
        self._take(Started("test", BOOT, "test"), NO_RULES)
        self._take(RulesLoaded(self._rules.digest, self._rules.mode), self._rules)
        failures: list[Failure] = []
        for moment, expectation in _moments(self._test):
            self._pass_time(START + moment)
            self._lose_and_regain(moment)
            self._observe(moment)
            self._pass_time(START + moment)
            if self._too_much:
                failures.append(Failure(self._test.span, moment, "a test that comes to its end", self._too_much))
                break
            if expectation is not None:
                failures += self._compare(expectation)
        failures += self._alike.failures(self._test.expectations[-1].at if self._test.expectations else 0)
        shows = self._watch.shows() + tuple(Shown(one.rule, Show.LOOK_ALIKE) for one in self._test.look_alike)
        return Rehearsed(self._test, tuple(failures), () if failures else shows)

    def _observe(self, moment: int) -> None:
        for source in Source:
            if source not in self._blind:
                changes = self._scene.changes(source, moment)
                if changes or not moment:
                    self._hear(Observed(source, changes, complete=not moment))

    def _lose_and_regain(self, moment: int) -> None:
        for blindness in self._test.lost:
            source = blindness.source
            if blindness.since == moment:
                self._blind.add(source)
                self._hear(SourceLost(source, "test", "the test says so"))
            if blindness.until == moment and source in self._blind:
                self._blind.discard(source)
                self._hear(Observed(source, self._scene.changes(source, moment), complete=True))
                self._hear(SourceBack(source))

    def _pass_time(self, until: int) -> None:
        """All that falls due up to that time: of the engine, of what it waits for, of processes that end."""
        turns = 0
        while not self._too_much and (due := self._next()) is not None and due <= until:
            turns = turns + 1 if due <= self._at else 0
            if turns > _MOST_AT_ONCE:
                self._too_much = "an engine that never comes to rest"
            self._at = max(self._at, due)
            if self._exits and self._exits[0][0] <= self._at:
                self._exit(heappop(self._exits)[1])
            elif self._answers and self._answers[0][0] <= self._at:
                _, _, effect, result = heappop(self._answers)
                if not isinstance(result, StillRunning) or effect in self._awaited.values():
                    self._answer(effect, result)
            else:
                self._hear(TimeReached())
        self._at = max(self._at, until)

    def _next(self) -> int | None:
        dues = [next_due(self._state), *(queue[0][0] for queue in (self._exits, self._answers) if queue)]
        return min((due for due in dues if due is not None), default=None)

    def _exit(self, process: str) -> None:
        if not self._scene.lives(process, self._at - START):
            return
        self._scene.end(process)
        self._hear(Observed(Source.HOST, (Gone(Kind.PROCESS, process, "exited"),)))
        if (effect := self._awaited.pop(process, None)) is not None:
            self._answer(effect, Exited())

    def _answer(self, effect: str, result: Result) -> None:
        self._awaited = {process: other for process, other in self._awaited.items() if other != effect}
        self._hear(EffectDone(effect, result))

    def _hear(self, body: Body) -> None:
        if isinstance(body, Observed):
            for change in body.changes:
                if isinstance(change, Gone) and change.kind is Kind.PROCESS and change.id not in self._left:
                    self._left[change.id] = self._running(change.id, Certainty.PROVEN)
        self._take(body, self._rules)
        self._reached.look(self._state.world, self._at)
        firing = {(alert.rule, alert.entity) for alert in self._state.ledger.alerts.values() if alert.phase is Phase.FIRING}
        self._reached.fired(rule for rule, _ in firing)
        self._watch.fired(firing)
        self._alike.look(firing, self._rules, self._state.world, self._at - START, self._because)

    def _take(self, body: Body, rules: RuleSet) -> None:
        self._seq += 1
        if self._seq > _MOST_TURNS:
            self._too_much = f"more than {_MOST_TURNS:,} turns of the engine: shorter windows than the test is long make many"
        self._state, effects = advance(rules, self._state, Event(self._seq, self._at, _WALL + self._at - START, body))
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Audit(row=row) if row.kind == "decision" and row.decision and row.outcome != "no longer wanted":
                self._decided[row.rule, row.entity] = Decided(row.rule, row.decision, row.guard, row.entity, row.reason)
            case KeepIncident(incident=row):
                self._incidents[row.id] = Stands(row.rule, row.outcome, row.account[-1] if row.account else "")
            case Measure(id=name):
                self._later(self._at, name, _LOOKS[self._test.looks])
            case SendSignal(id=name, target=target, signal=signal):
                self._later(self._at, name, Sent())
                if signal is Signal.KILL:
                    heappush(self._exits, (self._at, target.identity))
                elif signal is Signal.TERM and self._test.exits is not None:
                    self._termed.add(target.identity)
                    heappush(self._exits, (self._at + self._test.exits, target.identity))
                elif signal is Signal.TSTP:
                    self._scene.quieten(target.identity)
            case AwaitExit(id=name, target=target, until=until):
                if self._scene.lives(target.identity, self._at - START):
                    self._awaited[target.identity] = name
                    self._later(until, name, StillRunning())
                else:
                    self._later(self._at, name, Exited())
            case GatherInFlight(id=name, target=target, when=when):
                self._later(self._at, name, self._in_flight(target.identity, when))
            case PutBack(id=name, placements=placements):
                self._later(self._at, name, PutBackDone(tuple(Placed(one.jid, Fate.DONE, one.kind.value) for one in placements)))
            case (
                CollectEvidence()
                | LookAfterLocks()
                | CallUnit()
                | LookAtUnit()
                | LookAtCommand()
                | RunCommand()
                | LookAtBlock()
                | SetBlock()
                | LookAtChild()
                | EndChild() as asked
            ):
                self._later(self._at, asked.id, self._told(asked))
            case CountJobs() | TakeJobs() | ReleaseJobs() as edit:
                self._later(self._at, edit.id, edited(edit, self._state.world))
            case _:
                pass

    def _told(
        self,
        asked: CollectEvidence
        | LookAfterLocks
        | CallUnit
        | LookAtUnit
        | LookAtCommand
        | RunCommand
        | LookAtBlock
        | SetBlock
        | LookAtChild
        | EndChild,
    ) -> Result:
        """What systemd, the commands, the evidence and the locks say: the same always, but for a unit and a child, which are as the test has them."""
        if isinstance(asked, LookAtChild | EndChild):
            return child_told(asked, self._state.world)
        if isinstance(asked, CallUnit) and asked.verb is Verb.STOP:
            self._stop(asked.unit)
        if not isinstance(asked, LookAtUnit):
            return _DONE[type(asked)]
        row = self._state.world.find(Kind.UNIT, asked.unit)
        return as_told(row) or UnitLook(load_state="loaded" if asked.loads else "not-found", state="inactive")

    def _stop(self, unit: str) -> None:
        """Systemd ends what runs in it, with the time that it takes."""
        rows: list[Any] = list(self._state.world.rows[Kind.PROCESS].values())
        for row in rows:
            if row.unit == unit and self._scene.lives(row.id, self._at - START):
                self._termed.add(row.id)
                heappush(self._exits, (self._at, row.id))

    def _in_flight(self, process: str, when: When) -> InFlight:
        """The jobs that the test has it run; after SIGTERM Sidekiq has given back what it had not finished."""
        if process in self._termed:
            return InFlight((), stopped=when is When.DEAD)
        if when is When.DEAD and process in self._left:
            ended_by_itself = not self._scene.was_ended(process)
            return InFlight((), stopped=True) if ended_by_itself and self._scene.gave_back(process) else InFlight(self._left[process])
        return InFlight(self._running(process, Certainty.LIKELY if when is When.BEFORE else Certainty.PROVEN))

    def _running(self, process: str, certainty: Certainty) -> tuple[Held, ...]:
        world = self._state.world
        jobs: list[Any] = [world.find(Kind.JOB, job) for job in world.jobs_of.get(process, ())]
        return tuple(
            Held(job.jid, job.job_class, job.queue, certainty, ("work_hash",), has_payload=True) for job in jobs if job is not None
        )

    def _later(self, at: int, effect: str, result: Result) -> None:
        heappush(self._answers, (at, next(self._order), effect, result))

    def _compare(self, expectation: Expectation) -> tuple[Failure, ...]:
        self._watch.expected(expectation)
        return compare(
            expectation,
            self._state.ledger.alerts.values(),
            self._decided.values(),
            self._incidents.values(),
            rules=self._rules,
            at=self._at,
            because=self._because,
        )

    def _because(self, name: str, entity: str) -> tuple[str, ...]:
        rule = self._rules.by_name.get(name)
        row = self._state.world.find(rule.each, entity) if rule is not None else None
        if rule is None or row is None:
            return (f"{entity} is not there at that moment",)
        return tuple(_lines(account_of(rule.condition.tree, row, self._at, self._state.world), depth=0))


def _lines(account: dict[str, Any], *, depth: int) -> Iterator[str]:
    """A part of a condition that is true or false, then the parts of which it is made."""
    margin = f" ({account['margin']})" if account["margin"] is not None and not account["parts"][1:] else ""
    yield f"{'  ' * depth}{account['truth']}{margin}: {account['text']}"
    for part in account["parts"]:
        if part["truth"] is not None:
            yield from _lines(part, depth=depth + 1)
        elif part["text"] != part["value"]:
            yield f"{'  ' * (depth + 1)}{part['text']} = {part['value']}"


def _moments(test: RuleTest) -> list[tuple[int, Expectation | None]]:
    """When something is read, begins, ends or is expected, in order, each once, up to the last expectation."""
    expected = {expectation.at: expectation for expectation in test.expectations}
    end = max(expected, default=0)
    moments = {*range(0, end + 1, test.every), *expected}
    turns = [(one.since, one.until) for one in test.actors] + [(one.since, one.until) for one in test.lost]
    moments |= {moment for turn in turns for moment in turn if moment is not None and moment <= end}
    return [(moment, expected.get(moment)) for moment in sorted(moments)]
