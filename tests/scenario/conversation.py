"""
A conversation with the engine: what it is told, and what it asks for, as lines that can be read.

No clock runs here; time is said. An effect is written as one line, e.g. `signal TERM web1:10:abc`, so that
a test compares whole conversations and shows their difference.
"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.doubt import Binding
from watchdog.engine.due import next_due
from watchdog.engine.rules import NO_RULES, RuleSet
from watchdog.engine.state import State, begin
from watchdog.model.effects import (
    Audit,
    AwaitExit,
    CallUnit,
    CollectEvidence,
    Command,
    CountJobs,
    DropFlight,
    Effect,
    EndChild,
    GatherInFlight,
    GiveFleetLockBack,
    KeepIncident,
    LookAfterLocks,
    LookAtBlock,
    LookAtChild,
    LookAtCommand,
    LookAtUnit,
    Measure,
    Notify,
    PutBack,
    ReadLog,
    ReleaseJobs,
    RunCommand,
    SendSignal,
    SetBlock,
    TakeFleetLock,
    TakeJobs,
    TryReceiver,
    When,
)
from watchdog.model.events import Body, Delta, EffectDone, Event, Gone, Observed, RulesLoaded, Started, TimeReached
from watchdog.model.events import decode as decode_event
from watchdog.model.events import encode as encode_event
from watchdog.model.kinds import Kind, Source
from watchdog.model.notices import Notice
from watchdog.model.records import AuditRow
from watchdog.model.results import InFlight, Look, Result
from watchdog.model.verdicts import Mode
from watchdog.receivers.webhook import body_of
from watchdog.receivers.webhook_schema import webhook_schema
from watchdog.rulefile.rules import read_rules

_WEBHOOK = Draft202012Validator(webhook_schema())
_HELD: set[tuple[Any, ...]] = set()
WALL = 1_790_000_000_000
ALL_SIGNALS = ("TERM", "TSTP", "TTIN", "INT")


def rules(text: str, mode: Mode = Mode.ACT) -> RuleSet:
    """
    The rules of a YAML text; a problem in it fails the test. Receivers are called ops, chat and pager.

    A rule that does not say otherwise need not see its target beat before it acts, acts even if all processes are sick, and collects no evidence.
    """
    found, problems = read_rules([("rules.yml", text)], mode, ["ops", "chat", "pager"])
    assert [str(problem) for problem in problems if not problem.is_warning] == []
    changed = found.rules
    usual = {"settle": 0, "max_unhealthy": 1.0}
    otherwise = {setting: value for setting, value in usual.items() if f"{setting}:" not in text}
    changed = tuple(msgspec.structs.replace(rule, guards={**rule.guards, **otherwise}) for rule in changed)
    if "evidence:" not in text:
        changed = tuple(msgspec.structs.replace(rule, evidence=()) for rule in changed)
    return RuleSet(changed, found.digest, found.mode, found.by_hand)


def process(identity: str, at: int, *, queues: Iterable[str] = ("push",), threads: int = 5, quiet: bool = False, **more: Any) -> Delta:
    """A process that beat at engine time `at`."""
    host, pid, _ = identity.rsplit(":", 2)
    fields = {
        "host": host, "pid": int(pid), "tag": "app", "queues": list(queues), "threads": threads, "busy": 0, "quiet": quiet, "confirmed_at": at,
        "booted_at": 0, "listed": True, **more,
    }  # fmt: skip
    return Delta(Kind.PROCESS, identity, fields)


def job(identity: str, jid: str, started_at: int, *, queue: str = "push", thread: str = "t1", job_class: str = "SleepForever") -> Delta:
    """A job that this process has been running since `started_at`."""
    fields = {
        "jid": jid, "job_class": job_class, "queue": queue, "process": identity, "host": identity.rsplit(":", 2)[0], "thread": thread,
        "retries": 0, "started_at": started_at,
    }  # fmt: skip
    return Delta(Kind.JOB, f"{identity}/{thread}/{jid}/{started_at}", fields)


def found(identity: str, *, alive: bool = True, unit: str = "") -> Delta:
    """The host has found this process among its own."""
    return Delta(Kind.PROCESS, identity, {"local": True, "alive": alive, "unit": unit, "start_ticks": 77, "boot_id": "boot-1"})


def redis(*changes: Delta | Gone, complete: bool = False) -> Observed:
    """A reading of Redis."""
    return Observed(Source.REDIS, changes, complete)


def host(*changes: Delta | Gone) -> Observed:
    """A reading of the host."""
    return Observed(Source.HOST, changes)


HEALTHY = Look(alive=True, same=True, state="S", catches=ALL_SIGNALS)


def told_by(row: AuditRow) -> dict[str, Any]:
    """What the audit row of an alert that fires says of who was told, without what it was judged by."""
    assert row.detail["thread"]
    return {name: value for name, value in row.detail.items() if name not in ("thread", "severity", "seen")}


class Conversation:
    """
    The engine with a memory of what was said.

    Every event goes through the wire format and every state through the ledger's, so that a conversation also
    proves that both lose nothing. `events` can be replayed. While `holds_nothing`, what `terminate_process` asks of the jobs of its process is answered at once: there are none.
    Unless it is the first agent that ever ran there (`installed=False`), its rules have been in force for long.
    """

    holds_nothing = True

    def __init__(self, ruleset: RuleSet, *, boot_id: str = "boot-1", started: bool = True, installed: bool = True) -> None:
        self.rules = ruleset
        self.state: State = begin(ledgers.Ledger(arming=in_force_before(ruleset)) if installed else None)
        self.at = 0
        self.booted_wall = WALL
        self.seq = 0
        self.boot_id = boot_id
        self.binding = Binding(host="web1")
        self.events: list[tuple[RuleSet, Event]] = []
        self.effects: list[Effect] = []
        self.open: dict[str, Effect] = {}
        if started:
            self.start()

    def start(self) -> list[str]:
        """The agent starts; rules are loaded."""
        lines = self._take(Started("0", self.boot_id, self.binding.host, machine=self.binding.machine, redis=self.binding.redis), NO_RULES)
        return lines + self.hear(RulesLoaded(self.rules.digest, self.rules.mode))

    def crash(self, *, lose_world: bool = True) -> list[str]:
        """SIGKILL and a new start: only the ledger is left, nobody answers what was open."""
        ledger = ledgers.decode(ledgers.encode(self.state.ledger))
        self.open.clear()
        if lose_world:
            self.state = begin(ledger)
        return self.start()

    def reboot(self, boot_id: str, *, down: int) -> list[str]:
        """The machine was off for `down` milliseconds: engine time begins anew, wall time does not."""
        self.booted_wall += self.at + down
        self.boot_id, self.at = boot_id, 0
        return self.crash()

    def hear(self, body: Body, *, at: int | None = None) -> list[str]:
        """One event; the lines of what was asked for."""
        if at is not None:
            assert at >= self.at, "time does not run backwards"
            self.at = at
        return self._take(body, self.rules)

    def wait(self, until: int) -> list[str]:
        """Nothing happens but what falls due, up to that time."""
        lines: list[str] = []
        while (due := next_due(self.state)) is not None and due <= until:
            lines += self.hear(TimeReached(), at=max(due, self.at))
        self.at = until
        return lines

    def answer(self, result: Result, *, at: int | None = None) -> list[str]:
        """The only command that is open is answered."""
        assert len(self.open) == 1, f"open: {list(self.open.values())}"
        lines = self.hear(EffectDone(next(iter(self.open)), result), at=at)
        while self.holds_nothing and (asked := self._asks_for_jobs()) is not None:
            lines += self.hear(EffectDone(asked.id, InFlight((), stopped=asked.when is When.DEAD)))
            if isinstance(result, Look) and len(self.open) == 1:
                lines += self.hear(EffectDone(next(iter(self.open)), result))
        return lines

    def _asks_for_jobs(self) -> GatherInFlight | None:
        """What is open, if it is that alone and of a process that is just ended."""
        runs = {run.effect: run.action for run in self.state.ledger.runs.values()}
        match list(self.open.values()):
            case [GatherInFlight(id=effect) as asked] if runs.get(effect) == "terminate_process":
                return asked
        return None

    def audit(self, kind: str) -> list[Any]:
        """All audit rows of that kind so far."""
        return [effect.row for effect in self.effects if isinstance(effect, Audit) and effect.row.kind == kind]

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        self.seq += 1
        event = decode_event(encode_event(Event(self.seq, self.at, self.booted_wall + self.at, body)))
        if isinstance(body, EffectDone):
            self.open.pop(body.effect, None)
        self.events.append((ruleset, event))
        state, effects = advance(ruleset, self.state, event)
        assert ledgers.decode(ledgers.encode(state.ledger)) == state.ledger, "the ledger does not survive being written down"
        for effect in effects:
            if isinstance(effect, Notify):
                _hold_against_schema(effect.notice)
        self.state = state
        self.effects += effects
        self.open |= {effect.id: effect for effect in effects if isinstance(effect, Command)}
        return [line for effect in effects for line in _line(effect)]


def _hold_against_schema(notice: Notice) -> None:
    """What a webhook would post of it; once for all notices that say as much, since it takes as long as a turn of the engine."""
    says = (notice.kind, notice.severity, notice.decision, notice.outcome, *map(bool, msgspec.structs.astuple(notice)))
    if says not in _HELD:
        assert not list(_WEBHOOK.iter_errors(json.loads(body_of(notice)))), "the body of a webhook is not as its schema says"
        _HELD.add(says)


def _line(effect: Effect) -> list[str]:
    match effect:
        case Audit(row=row):
            parts = (row.kind, row.rule, row.decision, row.guard, row.stage, row.outcome)
            return [" ".join(part for part in ("audit", *parts) if part)]
        case KeepIncident():
            return []
        case Notify(receivers=receivers, notice=notice):
            return [f"notify {','.join(receivers)} {notice.kind}"]
        case Measure(target=target):
            return [f"measure {target.identity}"]
        case SendSignal(target=target, signal=signal):
            return [f"signal {signal} {target.identity}"]
        case AwaitExit(target=target, until=until):
            return [f"await {target.identity} until {until}"]
        case CollectEvidence(target=target, kinds=kinds, still=still):
            return [f"collect {','.join(kinds)} of {target.identity}" + (" in which nothing moves" if still else "")]
        case GatherInFlight(target=target, when=when):
            return [f"gather {when} {target.identity}"]
        case PutBack(placements=placements):
            return [f"put back {one.jid} {one.kind}" + (f" at {one.due_wall - WALL}" if one.due_wall else "") for one in placements]
        case LookAfterLocks(jids=jids, release=release):
            return [f"{'release' if release else 'find'} locks of {' '.join(jids)}"]
        case DropFlight():
            return ["drop flight"]
        case TryReceiver(receiver=receiver):
            return [f"try {receiver} now"]
        case _:
            return _calls(effect)


def _calls(effect: Effect) -> list[str]:
    match effect:
        case ReadLog(target=target):
            return [f"read the log of {target.identity}"]
        case CallUnit(unit=unit, verb=verb, until=until):
            return [f"{verb} {unit} until {until}"]
        case LookAtUnit(unit=unit):
            return [f"look at {unit}"]
        case LookAtCommand(command=command):
            return [f"look at the command {command}"]
        case RunCommand(command=command, values=values):
            return [f"run {' '.join((command, *values.values()))}"]
        case LookAtBlock(peer=peer):
            return [f"look at the rule about {peer}"]
        case SetBlock(peer=peer, severity=severity):
            return [f"{severity} {peer}"]
        case LookAtChild(child=child):
            return [f"look at {child.called} with pid {child.pid}"]
        case EndChild(child=child, still_for=still_for):
            return [f"end {child.called} with pid {child.pid} if it has stood still for {still_for}"]
        case CountJobs(jobs=jobs):
            return [f"count {jobs.name}"]
        case TakeJobs(jobs=jobs, order=order):
            return [f"take {jobs.name} (at most {jobs.cap}) by {order}"]
        case ReleaseJobs(jobs=jobs, order=order, spread=spread):
            return [f"release {jobs.name} (at most {jobs.cap}, over {spread}) by {order}"]
        case TakeFleetLock(target=target, again=again):
            return [f"take the lock of the fleet for {target}{' again' if again else ''}"]
        case GiveFleetLockBack(fence=fence, used=used):
            return [f"give the lock of the fleet back ({fence}, {'used' if used else 'not used'})"]
        case _:
            raise AssertionError(effect)
