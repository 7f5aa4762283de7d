"""
A server with units, one of them made by itself and three from a template, with programs that hang, a backlog that grows and shrinks, commands that are run, and other servers that rules are made about; driven by any list of steps.

The counterpart of `engine_simulation`, whose processes are ended one way or the other. Here what the actions on single things do really happens to the server: what is asked for comes about, comes
about late, fails, is refused, or nobody knows. The engine hears of units as it would: at once, or, where systemd could not be read, when it can be again.
"""

from tests.property.engine_simulation import Simulation
from tests.property.engine_thing_rules import SETS, TERMS
from tests.property.engine_thing_steps import ANSWERS, GIB, PEERS
from tests.property.engine_units import NAMES, Unit
from tests.scenario.conversation import ALL_SIGNALS, found, host, job, process, redis
from watchdog.model.effects import (
    AwaitExit,
    CallUnit,
    CollectEvidence,
    Effect,
    EndChild,
    GatherInFlight,
    LookAfterLocks,
    LookAtBlock,
    LookAtChild,
    LookAtCommand,
    LookAtUnit,
    Measure,
    PutBack,
    RunCommand,
    SendSignal,
    SetBlock,
)
from watchdog.model.events import Delta, EffectDone, Gone, Observed, RulesLoaded, SourceBack, SourceLost
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import (
    BlockLook,
    BlockSet,
    ChildEnded,
    ChildLook,
    CommandLook,
    CommandRan,
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
    UnitOutcome,
)
from watchdog.model.targets import Signal, Verb
from watchdog.model.verdicts import Mode


class Things(Simulation):
    """
    Server and engine.

    `past` are commands that somebody has answered already, or that were asked for by an agent that is no more.
    """

    def __init__(self, mode: Mode = Mode.ACT) -> None:
        self.units = [Unit(slot) for slot in range(4)]
        self.size, self.retries = 10, 0
        self.far: set[str] = set()
        self.blocked: dict[str, str] = {}
        self.past: list[str] = []
        super().__init__(mode)
        self._in_force(0)

    def _in_force(self, number: int) -> None:
        self.rules, self.terms_now = SETS[self.mode][number], TERMS[number]
        self.hear(RulesLoaded(self.rules.digest, self.rules.mode))

    # What happens to the server

    def _do_beats(self, one: int, other: int) -> None:
        self._do_pass(one, other)
        self.hear(redis(*(delta for unit in self.units if unit.runs for delta in self._process(unit))))
        self.hear(host(*self._children()))

    def _do_size(self, one: int, _: int) -> None:
        self.size = (0, 500, 10)[one % 3]
        self._tell(self._queue())

    def _do_retries(self, one: int, _: int) -> None:
        self.retries = (0, 500)[one % 2]
        self._tell(self._domain())

    def _do_far(self, one: int, other: int) -> None:
        """Deliveries to another server fail for days, or succeed again; and perhaps somebody takes back the rule about it, or makes one."""
        name = PEERS[one % len(PEERS)]
        self.far ^= {name}
        if other < 4:
            self.blocked.pop(name, None)
        elif other == 4:
            self.blocked[name] = "noop"
        self.hear(Observed(Source.DELIVERIES, (self._peer(name),)))

    def _do_hang(self, one: int, other: int) -> None:
        unit = self.units[one % 4]
        if unit.runs:
            unit.child = (900 + self.seq, self.at - 12_000 * other) if other else None
            self._new_job(unit, self.at - 13_000 * other)
            self.hear(host(*self._children()))

    def _do_moves(self, *_: int) -> None:
        """Programs that have stood still go on; that is seen later."""
        for unit in self.units:
            if unit.child is not None:
                unit.child = (unit.child[0], self.at)

    def _do_job(self, one: int, other: int) -> None:
        unit = self.units[one % 4]
        if unit.runs:
            if other % 3:
                self._new_job(unit, self.at - other * 3_000)
            else:
                gone = [Gone(Kind.JOB, name, "finished") for name in unit.jobs]
                unit.jobs.clear()
                self._tell(*gone)

    def _new_job(self, unit: Unit, since: int) -> None:
        delta = job(unit.identity, f"j{self.seq}", since, queue="ingress" if unit.slot else "push", thread=f"t{self.seq % 3}")
        unit.jobs[delta.id] = delta
        self._tell(delta)

    def _do_die(self, one: int, other: int) -> None:
        """Killed, out of memory, or by its own fault."""
        unit = self.units[one % 4 if other % 2 else 0]
        if unit.runs:
            self._end(unit, "failed", ("signal", "oom-kill", "exit-code")[other % 3])

    def _do_revive(self, one: int, _: int) -> None:
        """Systemd starts again by itself what has failed, if it does so at all."""
        unit = self.units[one % 4]
        if unit.state == "failed":
            unit.restarts += 1
            self._begin(unit)

    def _do_stopped(self, one: int, _: int) -> None:
        """By somebody."""
        unit = self.units[one % 4]
        if unit.runs:
            unit.job = "stop"
            self._tell_units(unit)
            unit.job = ""
            self._end(unit, "inactive", "success")

    def _do_started(self, one: int, _: int) -> None:
        """By somebody."""
        unit = self.units[one % 4]
        if not unit.runs:
            unit.restarts = 0
            self._begin(unit)

    def _begin(self, unit: Unit) -> None:
        unit.state, unit.result = "active", "success"
        unit.number += 1
        unit.entered_at = self.at
        unit.quiet = False
        self._tell_units(unit)
        self.hear(redis(*self._process(unit)))
        self.hear(host(found(unit.identity, unit=unit.name)))

    def _end(self, unit: Unit, state: str, result: str) -> None:
        unit.state, unit.result, unit.entered_at = state, result, self.at
        unit.jobs.clear()
        unit.child = None
        self.hear(host(Delta(Kind.PROCESS, unit.identity, {"alive": False}), Gone(Kind.PROCESS, unit.identity, "exited")))
        self._tell_units(unit)

    # How the engine hears of it

    def _tell_units(self, *units: Unit, complete: bool = False) -> None:
        if Source.SYSTEMD not in self.lost:
            self.hear(Observed(Source.SYSTEMD, tuple(unit.told() for unit in units), complete=complete))

    def _process(self, unit: Unit) -> list[Delta]:
        queues = ("ingress",) if unit.slot else ("push",)
        return [process(unit.identity, self.at, queues=queues, quiet=unit.quiet, rss=GIB), *unit.jobs.values()]

    def _queue(self) -> Delta:
        return Delta(Kind.QUEUE, "ingress", {"name": "ingress", "size": self.size})

    def _domain(self) -> Delta:
        return Delta(Kind.DOMAIN, "example.social", {"name": "example.social", "retries": self.retries})

    def _peer(self, name: str) -> Delta:
        return Delta(Kind.PEER, name, {"name": name, "failing_days": 5 if name in self.far else 0})

    def _children(self) -> list[Delta]:
        return [
            Delta(
                Kind.PROCESS, unit.identity,
                {"children": 1, "child": "ffmpeg", "child_pid": unit.child[0], "child_start_ticks": 60, "child_still": self.at - unit.child[1], "heartbeat_still": 0}
                if unit.child
                else {"children": 0, "child": "", "child_pid": 0, "child_start_ticks": 0, "child_still": 0, "heartbeat_still": 0},
            )
            for unit in self.units
            if unit.runs
        ]  # fmt: skip

    def _do_lose(self, one: int, other: int) -> None:
        source = (Source.REDIS, Source.HOST, Source.SYSTEMD)[one % 3]
        self.lost.add(source)
        self.hear(SourceLost(source, ("refused", "loading")[other % 2], "it can't be read"))

    def _do_back(self, one: int, other: int) -> None:
        lost = sorted(self.lost)
        self.lost.clear()
        self._do_read(one, other)
        for source in lost:
            self.hear(SourceBack(source))

    def _do_read(self, *_: int) -> None:
        """Everything, from all sources that can be read."""
        self.complete = True
        server = Delta(Kind.REDIS, "redis", {"memory": GIB, "maxmemory": 0, "clients": 50, "max_clients": 10_000, "latency": 1})
        there = [delta for unit in self.units if unit.runs for delta in self._process(unit)]
        self.hear(redis(*there, self._queue(), self._domain(), server, complete=True))
        self._tell_units(*self.units, complete=True)
        self.hear(Observed(Source.DELIVERIES, tuple(map(self._peer, PEERS)), complete=True))
        readings = {"cores": 4.0, "cpu": 0.1, "memory_available": 16 * GIB, "memory_pressure": 0.0}
        self.hear(host(Delta(Kind.HOST, "web1", readings)))
        self.hear(host(*(found(unit.identity, unit=unit.name) for unit in self.units if unit.runs), *self._children()))

    def _do_reload(self, one: int, _: int) -> None:
        self._in_force(one % len(TERMS))

    def _do_reboot(self, one: int, other: int) -> None:
        """Everything that is enabled runs again, but for one perhaps."""
        for unit in self.units:
            unit.state, unit.result, unit.restarts, unit.entered_at = "inactive", "success", 0, None
            unit.jobs.clear()
            unit.child = None
        self.reboot(f"boot-{self.seq}", down=one * 9_000)
        for unit in self.units[:3]:
            if unit.slot != other % 4:
                unit.number += 1
                unit.state, unit.entered_at, unit.quiet = "active", self.at, False
        self._do_read(one, other)

    def crash(self, *, lose_world: bool = True) -> list[str]:
        """As in the other simulation; what was open may still be answered, too late."""
        self.past += self.open
        return super().crash(lose_world=lose_world)

    # What comes of what the engine asks for

    def _do_late(self, one: int, other: int) -> None:
        """An answer to what was answered before, or was asked for by an agent that is no more: nobody waits for it."""
        if self.past:
            self.hear(EffectDone(self.past[-1 - one % len(self.past)], ANSWERS[other % len(ANSWERS)]))

    def _do_answer(self, one: int, other: int) -> None:
        if self.open:
            effect = sorted(self.open)[one % len(self.open)]
            self._hears(effect, ANSWERS[(self.seq + other) % len(ANSWERS)])

    def _do_right(self, one: int, other: int) -> None:
        """An answer of the kind that the effect asks for, and what it says is so."""
        if self.open:
            name = sorted(self.open)[one % len(self.open)]
            self._hears(name, self._comes_of(self.open[name], other))

    def _hears(self, effect: str, result: Result) -> None:
        self.past.append(effect)
        self.hear(EffectDone(effect, result))

    def _comes_of(self, effect: Effect, how: int) -> Result:
        match effect:
            case LookAtUnit(unit=name):
                return Refused("systemd does not answer") if how == 7 else self._named(name).look()
            case CallUnit(unit=name, verb=Verb.START):
                return self._started(self._named(name), how)
            case CallUnit(unit=name, invocation=invocation):
                return self._stopped(self._named(name), invocation, how)
            case LookAtChild(child=child):
                return self._child(child.process.identity, child.pid)
            case EndChild(child=child, still_for=still_for):
                return self._ended(child.process.identity, child.pid, still_for, how)
            case LookAtCommand():
                return CommandLook("" if how else "root's list has none of that name")
            case RunCommand():
                return (CommandRan(0, size=5), CommandRan(0), CommandRan(1), CommandRan(None, unknown="it still runs"))[how % 4]
            case LookAtBlock(peer=peer):
                return (
                    Refused("asked too often") if how == 7 else BlockLook(self.blocked.get(peer, ""), peer if peer in self.blocked else "")
                )
            case SetBlock(peer=peer):
                return self._block(peer, how)
            case _:
                return self._of_process(effect, how)

    def _of_process(self, effect: Effect, how: int) -> Result:
        match effect:
            case Measure(target=target):
                alive = self._alive(target.identity) is not None
                return Look(
                    alive=alive, same=alive, state="S" if alive else "", catches=ALL_SIGNALS, mismatch="" if alive else "it is gone"
                )
            case SendSignal(target=target, signal=signal):
                return self._signalled(target.identity, signal)
            case AwaitExit(target=target, until=until):
                if self._alive(target.identity) is None:
                    return Exited()
                self.at = max(self.at, until)
                return StillRunning()
            case GatherInFlight(target=target):
                unit = self._alive(target.identity)
                held = () if unit is None else tuple(unit.jobs.values())
                return InFlight(
                    tuple(
                        Held(one.fields["jid"], "Job", one.fields["queue"], Certainty.PROVEN, ("work_hash",), has_payload=True)
                        for one in held
                    ),
                    stopped=unit is None and how % 2 == 1,
                )
            case PutBack(placements=placements):
                return PutBackDone(tuple(Placed(one.jid, Fate.DONE, "queue") for one in placements))
            case LookAfterLocks():
                return LocksLookedAt()
            case CollectEvidence():
                return EvidenceCollected()
            case _:
                return Refused("nobody does that here")

    def _named(self, name: str) -> Unit:
        return self.units[NAMES.index(name)]

    def _alive(self, identity: str) -> Unit | None:
        return next((unit for unit in self.units if unit.runs and unit.identity == identity), None)

    def _started(self, unit: Unit, how: int) -> Result:
        if unit.runs:
            return UnitCalled(UnitOutcome.DONE)
        outcome = (UnitOutcome.FAILED, UnitOutcome.UNKNOWN, UnitOutcome.WAITING, UnitOutcome.TIMEOUT, *(UnitOutcome.DONE,) * 8)[how]
        if outcome is UnitOutcome.FAILED:
            unit.state, unit.result, unit.entered_at = "failed", "exit-code", self.at
            self._tell_units(unit)
        elif outcome is not UnitOutcome.TIMEOUT:
            self._begin(unit)
        return UnitCalled(outcome, invocation=f"{unit.slot}-{unit.number}")

    def _block(self, peer: str, how: int) -> Result:
        before = self.blocked.get(peer, "")
        if how == 7:
            return Refused("asked too often")
        if before == "silence":
            return BlockSet(peer, made=False, before=before)
        self.blocked[peer] = "silence"
        # It may be done, and nobody hear of it.
        return Refused("nobody answers; whether the rule was made is not known") if how == 5 else BlockSet(peer, made=True, before=before)

    def _stopped(self, unit: Unit, invocation: str, how: int) -> Result:
        if invocation not in ("", f"{unit.slot}-{unit.number}"):
            return UnitCalled(UnitOutcome.ALREADY)
        if how == 3:
            return UnitCalled(UnitOutcome.TIMEOUT)
        if unit.runs:
            self._end(unit, "inactive", "success")
        elif unit.state == "failed":
            unit.state = "inactive"
            self._tell_units(unit)
        return UnitCalled(UnitOutcome.UNKNOWN if how == 5 else UnitOutcome.DONE)

    def _child(self, identity: str, pid: int) -> ChildLook:
        unit = self._alive(identity)
        if unit is None or unit.child is None or unit.child[0] != pid:
            return ChildLook(alive=False, against=f"process {pid} has ended")
        return ChildLook(alive=True, still=self.at - unit.child[1], processes=2)

    def _ended(self, identity: str, pid: int, still_for: int, how: int) -> Result:
        look = self._child(identity, pid)
        if not look.alive:
            return ChildEnded(was_gone=True, detail=look.against)
        if look.still < still_for:
            return look
        unit = self._alive(identity)
        assert unit is not None
        unit.child = None
        self.hear(host(*self._children()))
        return ChildEnded(still=look.still, processes=2, left=int(how == 0))

    def _signalled(self, identity: str, signal: Signal) -> Result:
        unit = self._alive(identity)
        if unit is None:
            return Exited()
        if signal is Signal.TSTP:
            unit.quiet = True
            self.hear(redis(*self._process(unit)))
        elif signal in (Signal.TERM, Signal.KILL):
            self._end(unit, "failed" if signal is Signal.KILL else "inactive", "signal" if signal is Signal.KILL else "success")
        return Sent()
