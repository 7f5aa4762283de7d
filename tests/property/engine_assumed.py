"""
Act and dry-run side by side on one server, on which an action does just what dry-run takes it to do: it lasts as long as it can, and it cures.

Both are told the very same readings at the same times. Only act is answered by its signals.
"""

from typing import Any, Final

from tests.property.engine_laws import QUEUES, SETS, THREADS
from tests.property.engine_simulation import Step
from tests.property.engine_witness import Actor
from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis
from watchdog.model.effects import (
    AwaitExit,
    CollectEvidence,
    GatherInFlight,
    LookAfterLocks,
    Measure,
    PutBack,
    SendSignal,
    When,
)
from watchdog.model.events import Body, Delta, EffectDone, Gone, Paused, Resumed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import (
    EvidenceCollected,
    Exited,
    InFlight,
    LocksLookedAt,
    PutBackDone,
    Result,
    Sent,
    StillRunning,
)
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Mode

Row = tuple[int, str, str, str, str]
"""When, rule, target, what was decided, guard."""
_BUSY: Final = ("in_flight", "cooldown")
SECOND: Final = 1_000


class _Engine(Conversation):
    """One of the two; `killed` are those to whom it has sent SIGKILL, which the server has not heard yet."""

    def __init__(self, mode: Mode, number: int) -> None:
        self.killed: list[str] = []
        self._dead: set[str] = set()
        super().__init__(SETS[mode][number])

    def settle(self) -> None:
        """Everything that is open and can be answered by now is."""
        while (answer := self._due()) is not None:
            self.hear(EffectDone(*answer))

    def _due(self) -> tuple[str, Result] | None:
        for name, effect in self.open.items():
            if (result := self._answer_to(effect)) is not None:
                return name, result
        return None

    def _answer_to(self, effect: Any) -> Result | None:
        match effect:
            case Measure():
                return HEALTHY
            case CollectEvidence():
                return EvidenceCollected()
            case GatherInFlight(when=when):
                return InFlight((), stopped=when is When.DEAD)
            case SendSignal(signal=signal, target=target):
                if signal is Signal.KILL:
                    self._dead.add(target.identity)
                    self.killed.append(target.identity)
                return Sent()
            case AwaitExit(target=target, until=until):
                return Exited() if target.identity in self._dead else StillRunning() if until <= self.at else None
            case PutBack():
                return PutBackDone(())
            case LookAfterLocks():
                return LocksLookedAt()
            case _:
                raise AssertionError(effect)


class SideBySide:
    """A server with processes and jobs, and both engines told of it."""

    def __init__(self, number: int) -> None:
        self.act, self.dry = _Engine(Mode.ACT, number), _Engine(Mode.DRY_RUN, number)
        self._actors = [Actor(slot) for slot in range(4)]
        self._jobs: dict[str, dict[str, Delta]] = {}
        self._number = 0
        self.at = 0
        for actor in self._actors:
            self._appear(actor)
        self._tell(redis(*self._all(), complete=True))

    def play(self, steps: list[Step]) -> "SideBySide":
        """Goes through those steps that mean something here."""
        for what, one, other in steps:
            actor = self._actors[one % 4]
            match what:
                case "job":
                    self._number += 1
                    delta = job(actor.identity, f"j{self._number}", self.at - other * SECOND, thread=f"t{other % 3}")
                    self._jobs[actor.identity][delta.id] = delta
                    self._tell(redis(delta))
                case "finish" if mine := sorted(self._jobs[actor.identity]):
                    name = mine[other % len(mine)]
                    del self._jobs[actor.identity][name]
                    self._tell(redis(Gone(Kind.JOB, name, "finished")))
                case "pause" if not self.act.state.ledger.runs:  # in the middle of it, it would last longer than it can
                    self._tell(Paused("ada", "x"))
                case "resume":
                    self._tell(Resumed("ada"))
                case "lose" if not self.act.state.ledger.runs:
                    self._tell(SourceLost(Source.REDIS, "refused", "x"))
                case "back" | "read":
                    self._tell(redis(*self._all(), complete=True))
                    self._tell(SourceBack(Source.REDIS))
                case "pass" | "beats" | "right":
                    self._pass((one * 3 + other) % 9 + 1)
                    self._tell(redis(*self._all(but=other if what == "beats" else None)))
                case _:
                    pass
        return self

    def _pass(self, seconds: int) -> None:
        for _ in range(seconds):
            self.at += SECOND
            for engine in (self.act, self.dry):
                engine.wait(self.at)
                engine.settle()
            self._bury()

    def _tell(self, body: Body) -> None:
        for engine in (self.act, self.dry):
            engine.hear(body, at=self.at)
            engine.settle()
        self._bury()

    def _bury(self) -> None:
        """Who was killed is gone, and a new one is there in its place."""
        while self.act.killed:
            killed = self.act.killed.pop()
            actor = next(one for one in self._actors if one.identity == killed)
            self._jobs.pop(killed)
            self._tell(host(Delta(Kind.PROCESS, killed, {"alive": False}), Gone(Kind.PROCESS, killed, "exited")))
            self._appear(actor)
            self._tell(redis(*self._of(actor)))

    def _appear(self, actor: Actor) -> None:
        actor.lives = True
        actor.life += 1
        self._jobs[actor.identity] = {}
        self._tell(redis(*self._of(actor)))
        if actor.slot != 3:
            self._tell(host(found(actor.identity, unit=f"sidekiq@{actor.slot}.service")))

    def _of(self, actor: Actor) -> list[Delta]:
        beat = process(actor.identity, self.at, queues=QUEUES[actor.slot], threads=THREADS[actor.slot])
        return [beat, *self._jobs[actor.identity].values()]

    def _all(self, but: int | None = None) -> list[Delta]:
        return [delta for actor in self._actors if actor.slot != but for delta in self._of(actor)]


def _rows(engine: Conversation) -> list[Row]:
    return [
        (row.wall, row.rule, row.target, "yes" if row.decision in ("ALLOW", "DRY_RUN") else row.decision, row.guard)
        for row in engine.audit("decision")
        if row.action != "put_back_jobs" and row.outcome != "no longer wanted"
    ]


def done_or_asked(engine: Conversation) -> list[Row]:
    """What was done, or would be, and for what a person was asked, in order."""
    return [row for row in _rows(engine) if row[3] != "DENY"]


def denied(engine: Conversation) -> set[tuple[str, str, str]]:
    """
    Which guard ever denied which rule on which target.

    What act is kept from because it is at work, dry-run is kept from because it would be: `in_flight` for the one is `cooldown` for the other, and neither is named here.
    """
    return {(rule, target, guard) for _, rule, target, decision, guard in _rows(engine) if decision == "DENY" and guard not in _BUSY}
