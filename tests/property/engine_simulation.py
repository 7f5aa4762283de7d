"""
A small server with processes and jobs, driven by any list of steps, with an engine beside it and a witness over both.

Every step is possible at every moment: what makes no sense then does nothing. So any list of steps is a trace.
"""

from typing import Any, Self

import msgspec

from tests.property.engine_simulated_rules import COOLDOWNS, SETS, TEXTS
from tests.property.engine_witness import Actor, Witness
from tests.scenario.conversation import ALL_SIGNALS, found, host, job, process, redis
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.due import next_due
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import begin
from watchdog.model.effects import (
    AwaitExit,
    CallUnit,
    CollectEvidence,
    GatherInFlight,
    LookAfterLocks,
    LookAtUnit,
    Measure,
    PutBack,
    SendSignal,
)
from watchdog.model.events import (
    CRASHED,
    Body,
    Delta,
    EffectDone,
    Event,
    Gap,
    Gone,
    Observed,
    Paused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    Stopping,
    TimeReached,
)
from watchdog.model.events import decode as decode_event
from watchdog.model.events import encode as encode_event
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import (
    EvidenceCollected,
    Exited,
    InFlight,
    LocksLookedAt,
    Look,
    PutBackDone,
    Refused,
    Result,
    Sent,
    StillRunning,
    UnitCalled,
    UnitLook,
    UnitOutcome,
)
from watchdog.model.verdicts import Mode

Step = tuple[str, int, int]
"""What happens, and two small numbers that say to whom and how."""

WEIGHTS = {
    "pass": 12, "beats": 12, "beat": 3, "right": 60, "answer": 4, "job": 4, "finish": 1, "appear": 3, "found": 3, "exit": 1, "unlist": 1, "mute": 1,
    "quiet": 1, "lose": 1, "back": 3, "read": 3, "pause": 1, "resume": 3, "reload": 1, "fail": 2, "crash": 2, "stop": 1, "reboot": 1, "gap": 1,
}  # fmt: skip
STEPS = tuple(name for name, weight in WEIGHTS.items() for _ in range(weight))
"""What can happen, as often as it is to be drawn."""
JOB = Held("j1", "Job", "push", Certainty.PROVEN, ("work_hash",), has_payload=True)
DOWN = UnitLook(load_state="loaded", state="failed", sub_state="failed", result="signal")
UP = UnitLook(load_state="loaded", state="active", sub_state="running", result="success")
RESULTS: tuple[Result, ...] = (
    Look(alive=True, same=True, state="S", catches=ALL_SIGNALS),
    Look(alive=True, same=True, state="T", catches=ALL_SIGNALS),
    Look(alive=False, same=False, mismatch="no such process"),
    Look(alive=True, same=False, mismatch="not shown to us"),
    Look(alive=True, same=True, state="S", catches=()),
    Sent(), Exited(), StillRunning(), Refused("because"), UnitCalled(UnitOutcome.DONE), InFlight((JOB,)), InFlight((), stopped=True), PutBackDone(()),
    DOWN, UP, EvidenceCollected(alone="j1"), LocksLookedAt(orphaned=("j1",)), LocksLookedAt(released=("j1",)),
)  # fmt: skip
UNITS = ("s.service", "", "", "")
"""Unit of each of four processes; the second and third share a name, the last runs on another host."""
KILLED_UNIT = {"name": UNITS[0], "state": "failed", "sub_state": "failed", "result": "signal", "job": "", "running": False, "restarts": 0}
"""As systemd tells of the unit after somebody has killed what ran in it."""


class Simulation(Witness):
    """
    Server and engine, and the witness over both.

    `log` is everything the engine was told, `said` what it answered, turn by turn.
    """

    def __init__(self, mode: Mode = Mode.ACT) -> None:
        self.found: set[str] = set()
        self.failing = False
        self.log: list[tuple[str, RuleSet, bytes]] = []
        self.said: list[bytes] = []
        super().__init__(SETS[mode][0], mode)
        self.cooldowns = COOLDOWNS[0]

    def play(self, steps: list[Step]) -> Self:
        """Goes through the steps and returns itself."""
        for what, one, other in steps:
            getattr(self, f"_do_{what}")(one, other)
        return self

    # What happens to the server

    def _do_pass(self, one: int, other: int) -> None:
        self.wait(self.at + (one * 11 + other) * 400)

    def _do_beat(self, one: int, _: int) -> None:
        actor = self.actors[one % 4]
        if actor.lives:
            self._tell(*self._whole(actor, self.at))

    def _do_beats(self, one: int, other: int) -> None:
        """Everything that lives beats, but for one perhaps."""
        self._do_pass(one, other)
        changes = [change for actor in self.actors if actor.lives and actor.slot != other for change in self._whole(actor, self.at)]
        self._tell(*changes)

    def _do_appear(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        if not actor.lives:
            actor.lives = True
            actor.life += 1
            self._tell(*self._whole(actor, self.at))
            if other % 2:
                self._do_found(one, 0)

    def _do_found(self, one: int, _: int) -> None:
        actor = self.actors[one % 4]
        if actor.lives and actor.slot != 3:
            self.found.add(actor.identity)
            self.hear(host(found(actor.identity, unit=UNITS[actor.slot])))

    def _do_job(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        if actor.identity in self.told:
            delta = job(actor.identity, f"j{self.seq}", self.at - other * 3_000, thread=f"t{other % 3}")
            self.jobs.setdefault(actor.identity, {})[delta.id] = delta
            self._tell(delta)

    def _do_finish(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        jobs = self.jobs.get(actor.identity, {})
        if jobs and actor.identity in self.told:
            name = sorted(jobs)[other % len(jobs)]
            del jobs[name]
            self._tell(Gone(Kind.JOB, name, "finished"))

    def _do_exit(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        if actor.lives:
            self._die(actor)
            dead = (Delta(Kind.PROCESS, actor.identity, {"alive": False}),) if actor.identity in self.found else ()
            self.hear(host(*dead, Gone(Kind.PROCESS, actor.identity, CRASHED if other % 2 else "exited")))

    def _do_unlist(self, one: int, _: int) -> None:
        actor = self.actors[one % 4]
        if actor.identity in self.told:
            if actor.identity not in self.found:  # else it stays known: only the kernel says that it is gone
                self.told.discard(actor.identity)
            self._tell(Delta(Kind.PROCESS, actor.identity, {"listed": False}))

    def _do_mute(self, one: int, _: int) -> None:
        actor = self.actors[one % 4]
        if actor.identity in self.told:
            self.beats[actor.identity] = None
            self._tell(Delta(Kind.PROCESS, actor.identity, {"confirmed_at": None}))

    def _do_quiet(self, one: int, other: int) -> None:
        actor = self.actors[one % 4]
        if actor.identity in self.told:
            self._tell(Delta(Kind.PROCESS, actor.identity, {"quiet": bool(other % 2)}))

    # What happens to the agent

    def _do_lose(self, one: int, other: int) -> None:
        source = (Source.REDIS, Source.REDIS, Source.HOST)[one % 3]
        self.lost.add(source)
        self.hear(SourceLost(source, ("refused", "loading")[other % 2], "it can't be read"))

    def _do_back(self, one: int, _: int) -> None:
        for source in sorted(self.lost):
            if source is Source.REDIS:
                self._do_read(one, 0)
            self.lost.discard(source)
            self.hear(SourceBack(source))

    def _do_read(self, _: int, other: int) -> None:
        """A snapshot: every living process with its jobs."""
        changes: list[Delta | Gone] = []
        for actor in self.actors:
            if actor.lives:
                beat = self.beats.get(actor.identity)
                changes += self._whole(actor, self.at if beat is None else beat)
        self.complete = True
        self.hear(redis(*changes, complete=True))
        for told in self._unit(other):
            self.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNITS[0], told),), complete=True))
        if other % 2:
            for slot in range(3):
                self._do_found(slot, 0)

    def _unit(self, how: int) -> tuple[dict[str, Any], ...]:
        """What ran in the only unit was killed; or somebody stops it; or it has just been started."""
        match how % 12:
            case 0:
                return {"job": "stop"}, {"job": ""}
            case 1 | 2:
                return ({**KILLED_UNIT, "state": "active", "running": True, "entered_at": self.at + 1},)
            case _:
                return (KILLED_UNIT,)

    def _do_pause(self, one: int, other: int) -> None:
        self.paused = True
        self.hear(Paused("ada", "x", self.wall + other * 2_000 if one % 2 else None))

    def _do_resume(self, *_: int) -> None:
        self.hear(Resumed("ada"))

    def _do_reload(self, one: int, _: int) -> None:
        number = one % len(TEXTS)
        self.rules, self.cooldowns = SETS[self.mode][number], COOLDOWNS[number]
        self.hear(RulesLoaded(self.rules.digest, self.rules.mode))

    def _do_answer(self, one: int, other: int) -> None:
        if self.open:
            self.hear(EffectDone(sorted(self.open)[one % len(self.open)], RESULTS[other % len(RESULTS)]))

    def _do_right(self, one: int, other: int) -> None:
        """An answer of the kind that the effect asks for; a wait is over when its time has come."""
        if not self.open:
            return
        effect = self.open[sorted(self.open)[one % len(self.open)]]
        match effect:
            case Measure():
                self.hear(EffectDone(effect.id, RESULTS[0 if other % 4 else 1]))
            case CollectEvidence():
                self.hear(EffectDone(effect.id, EvidenceCollected()))
            case SendSignal():
                self.hear(EffectDone(effect.id, Sent()))
            case LookAtUnit():
                self.hear(EffectDone(effect.id, DOWN if other % 3 else UP))
            case CallUnit():
                self.hear(EffectDone(effect.id, UnitCalled(list(UnitOutcome)[other % len(UnitOutcome)] if other % 2 else UnitOutcome.DONE)))
            case GatherInFlight():
                self.hear(EffectDone(effect.id, InFlight((JOB,) * (other % 4 > 0), stopped=other % 4 == 1)))
            case PutBack():
                self.hear(EffectDone(effect.id, PutBackDone((Placed("j1", Fate.DONE if other % 2 else Fate.LOST, "queue"),))))
            case LookAfterLocks(jids=jids, release=release):
                self.hear(EffectDone(effect.id, LocksLookedAt(released=jids) if release else LocksLookedAt(orphaned=jids)))
            case AwaitExit():
                self.at = max(self.at, effect.until)
                self.hear(EffectDone(effect.id, StillRunning() if other % 3 else Exited()))

    def _do_gap(self, one: int, other: int) -> None:
        """Nothing is seen for a while: of the processes it is not known what they did."""
        began = self.at
        self.at += one * 7_000
        self.hear(Gap(began, one * 7_000, asleep=other * 9_000))

    def _do_fail(self, *_: int) -> None:
        """The next turn can't be committed."""
        self.failing = True

    def _do_crash(self, _: int, other: int) -> None:
        self.crash()
        if other % 3:
            self._do_read(0, other)

    def _do_reboot(self, one: int, _: int) -> None:
        for actor in self.actors[:3]:
            self._die(actor)
        self.beats.clear()
        self.jobs.clear()
        self.reboot(f"boot-{self.seq}", down=one * 9_000)

    def _do_stop(self, *_: int) -> None:
        self.hear(Stopping("asked to end"))
        self.crash()

    def crash(self, *, lose_world: bool = True) -> list[str]:
        """As in a conversation; whatever was under way must be so afterwards."""
        running = set(self.state.ledger.runs)
        self.failing = self.complete = False
        self.lost.clear()
        self.told.clear()
        self.found.clear()
        self.log.append(("crash", NO_RULES, b""))
        lines = super().crash(lose_world=lose_world)
        if set(self.state.ledger.runs) != running:
            self.wrong.append("an open incident was lost over a restart")
        return lines

    def wait(self, until: int) -> list[str]:
        """As in a conversation; what is due must not be due again at once."""
        lines: list[str] = []
        in_vain = 0
        while (due := next_due(self.state)) is not None and due <= until:
            failing = self.failing
            lines += self.hear(TimeReached(), at=max(due, self.at))
            # What one request leaves to another may be due in the next turn, and no further.
            in_vain = in_vain + 1 if (again := next_due(self.state)) is not None and again <= self.at and not failing else 0
            if in_vain > 2:
                self.wrong.append(f"due at {again} again and again, at {self.at}")
                break
        self.at = max(self.at, until)
        return lines

    def _die(self, actor: Actor) -> None:
        actor.lives = False
        self.told.discard(actor.identity)
        self.beats.pop(actor.identity, None)
        self.jobs.pop(actor.identity, None)

    def _whole(self, actor: Actor, at: int) -> list[Delta]:
        """The process as it beat at that time, with all its jobs."""
        self.beats[actor.identity] = at
        self.told.add(actor.identity)
        return [process(actor.identity, at), *self.jobs.get(actor.identity, {}).values()]

    def _tell(self, *changes: Delta | Gone) -> None:
        self.hear(redis(*changes))

    # The engine's turn, and what the witness makes of it

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        if self.failing:
            self.failing = False
            event = Event(self.seq + 1, self.at, self.wall, body)
            self.log.append(("undone", ruleset, encode_event(event)))
            advance(ruleset, self.state, decode_event(encode_event(event)))
            self.state.world.must_judge_all = True
            if isinstance(body, Observed | TimeReached):
                return []
        self.log.append(("turn", ruleset, encode_event(Event(self.seq + 1, self.at, self.wall, body))))
        already = len(self.effects)
        answered = self.open.get(body.effect) if isinstance(body, EffectDone) else None
        if isinstance(body, EffectDone) and isinstance(body.result, Sent) and isinstance(answered, SendSignal):
            incident, signal = self.signals[answered.id]
            if signal == "TERM":
                self.terms[incident] = self.wall
        lines = super()._take(body, ruleset)
        self.said.append(msgspec.json.encode(self.effects[already:]))
        if isinstance(body, Resumed) or all(one.rule or one.target for one in self.state.ledger.pauses.values()):
            self.paused = False
        for effect in self.effects[already:]:
            self.witness(effect)
        self.look_at_the_ledger(after_start=isinstance(body, Started))
        return lines


def replay(log: list[tuple[str, RuleSet, bytes]]) -> list[bytes]:
    """What the engine says when it is told all of it again, turn by turn."""
    state = begin(ledgers.Ledger(arming=in_force_before(next(ruleset for _, ruleset, _ in log if ruleset is not NO_RULES))))
    said = []
    for what, ruleset, event in log:
        if what == "crash":
            state = begin(ledgers.decode(ledgers.encode(state.ledger)))
            continue
        after, effects = advance(ruleset, state, decode_event(event))
        if what == "undone":
            state.world.must_judge_all = True
        else:
            state = after
            said.append(msgspec.json.encode(list(effects)))
    return said
