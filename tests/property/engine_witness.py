"""
The witness: a simpler account of what is so on a server and of what the engine had done to it, in wall time.

The counterpart of the engine, whose effects it judges. It must never ask the engine what is right; it looks into the ledger only for what
stands there in two places, or waits for nothing.
"""

from collections.abc import Iterable
from typing import Any

from tests.scenario.conversation import Conversation
from watchdog.engine.due import next_due
from watchdog.engine.methods.method import WATCH
from watchdog.engine.rules import RuleSet
from watchdog.model.effects import (
    Audit,
    AwaitExit,
    CallUnit,
    CollectEvidence,
    Effect,
    LookAfterLocks,
    LookAtUnit,
    Measure,
    PutBack,
    SendSignal,
)
from watchdog.model.events import Delta
from watchdog.model.kinds import Source
from watchdog.model.records import AuditRow
from watchdog.model.verdicts import Mode


class Actor:
    """One process of the server, over all its lives."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.life = 0
        self.lives = False

    @property
    def identity(self) -> str:
        return f"web{2 if self.slot == 3 else 1}:{10 + self.slot}:{self.life:x}"

    @property
    def name(self) -> str:
        """What cooldowns are kept under, written down independently of the engine."""
        return "web1/s.service" if self.slot == 0 else f"web{2 if self.slot == 3 else 1}/app[push]"


class Witness(Conversation):
    """
    A conversation that is watched; `wrong` is what must not have been.

    `cooldowns` are those of the rules in force, by rule, in milliseconds. `beats` and `jobs` are how the server is, `told` the processes
    that the engine knows of.
    """

    def __init__(self, ruleset: RuleSet, mode: Mode) -> None:
        self.mode = mode
        self.actors = [Actor(slot) for slot in range(4)]
        self.cooldowns: dict[str, int] = {}
        self.beats: dict[str, int | None] = {}
        self.jobs: dict[str, dict[str, Delta]] = {}
        self.told: set[str] = set()
        self.complete = False
        self.lost: set[Source] = set()
        self.paused = False
        self.wrong: list[str] = []
        self.terms: dict[str, int] = {}
        self.signals: dict[str, tuple[str, str]] = {}
        self._ids: set[str] = set()
        self._incidents: dict[str, Any] = {}
        self._between: set[str] = set()
        self._stepped: set[str] = set()
        self._ends: dict[str, int] = {}
        self._acted: dict[str, dict[str, tuple[int, str]]] = {}
        super().__init__(ruleset)

    @property
    def wall(self) -> int:
        """Wall time now."""
        return self.booted_wall + self.at

    def witness(self, effect: Effect) -> None:
        match effect:
            case Audit(row=row) if row.action == "put_back_jobs":
                pass  # it touches nobody who lives, and goes on beside whatever else there is
            case Audit(row=row):
                if row.decision == "DENY" and not (row.guard and row.reason):
                    self.wrong.append(f"a denial without guard or reason: {row}")
                if row.kind == "incident" and row.outcome in ("opened", "next step"):
                    self.wrong += [f"{row.incident} opened while {other} is open" for other in self._incidents]
                    self._incidents[row.incident] = row
                if row.kind == "incident" and row.outcome in ("step ended", "step failed", "step abandoned"):
                    self._ends[row.target] = self.wall
                    self._note(row)
                    self._stepped.add(row.incident)
                    self._between.add(row.incident)
                    self._incidents.pop(row.incident, None)
                if row.kind == "incident" and row.outcome in ("ended", "failed", "abandoned", "verified", "unverified"):
                    if self._incidents.pop(row.incident, None) is not None:
                        self._ends[row.target] = self.wall
                        self._note(row)
                    elif row.incident not in self._between:
                        self.wrong.append(f"{row.incident} ended and was not open")
            case PutBack() if self.mode is not Mode.ACT or self.paused:
                self.wrong.append(f"jobs are put back in {self.mode}, or while paused")
            case LookAfterLocks(release=True) if self.mode is not Mode.ACT or self.paused:
                self.wrong.append(f"locks are given back in {self.mode}, or while paused")
            case Measure() | SendSignal() | AwaitExit() | CollectEvidence():
                if effect.id in self._ids:
                    self.wrong.append(f"{effect.id} is asked for twice")
                self._ids.add(effect.id)
                if effect.target.identity.startswith("web2"):
                    self.wrong.append("a process of another host is asked for")
                if isinstance(effect, SendSignal):
                    self._witness_signal(effect)
            case _:
                self._witness_unit(effect)

    def _witness_unit(self, effect: Effect) -> None:
        if not isinstance(effect, CallUnit | LookAtUnit):
            return
        if effect.id in self._ids or (isinstance(effect, CallUnit) and (self.mode is not Mode.ACT or self.paused)):
            self.wrong.append(f"systemd is asked in {self.mode}, or while paused, or twice")
        self._ids.add(effect.id)

    def _witness_signal(self, effect: SendSignal) -> None:
        run = next(run for run in self.state.ledger.runs.values() if run.effect == effect.id)
        identity, signal = effect.target.identity, effect.signal.value
        is_first = all(incident != run.id for incident, _ in self.signals.values())
        self.signals[effect.id] = (run.id, signal)
        if self.mode is not Mode.ACT:
            self.wrong.append(f"{signal} in {self.mode}")
        if effect.target != run.ref:
            self.wrong.append(f"{signal} to another than the one that was looked at")
        if self.paused:
            self.wrong.append(f"{signal} while paused")
        if is_first and run.incident in self._stepped:
            if signal != "TERM":
                self.wrong.append(f"the next step began with {signal}")
        elif is_first:
            self._witness_first(run.rule, identity, signal, effect.target.name)
        elif signal == "KILL":
            sent = self.terms.get(run.id)
            if sent is None or self.wall - sent < int(run.arguments["grace"]):
                self.wrong.append(f"KILL at {self.wall}, TERM was sent at {sent}")

    def _witness_first(self, rule: str, identity: str, signal: str, name: str) -> None:
        actor = next(actor for actor in self.actors if actor.identity.split(":")[1] == identity.split(":")[1])
        if signal != "TERM" or name != actor.name:
            self.wrong.append(f"it began with {signal} under the name {name}")
        if not self.complete or self.lost:
            self.wrong.append("TERM while blind")
        if not self._is_so(rule, identity):
            self.wrong.append(f"TERM for {rule}, but that is not so of {identity}")
        if name in self._ends and self.wall - self._ends[name] < self._cooldown(rule, name):
            self.wrong.append(f"TERM inside the cooldown of {name}")
        if any((row.outcome, row.rule) == ("demoted", rule) for row in self.audit("agent")):
            self.wrong.append(f"TERM of {rule}, which may only ask")
        self._witness_budgets(rule, name)

    def _note(self, row: AuditRow) -> None:
        """Something was done to that target; an incident of several steps is one."""
        if not row.outcome.endswith("abandoned"):
            self._acted.setdefault(row.target, {})[row.incident] = (self.wall, row.rule)

    def _cooldown(self, rule: str, name: str) -> int:
        times = self._within(self._acted.get(name, {}).values(), 86_400_000)
        return max(self.cooldowns[rule], min(self.cooldowns[rule] * 2 ** max(0, times - 1), 14_400_000))

    def _witness_budgets(self, rule: str, name: str) -> None:
        """Never more than three times an hour by one rule on one target, and by all six times a day on it and six times an hour on the host."""
        done = list(self._acted.get(name, {}).values())
        if self._within([one for one in done if one[1] == rule], 3_600_000) >= 3:
            self.wrong.append(f"TERM beyond the budget of {rule} on {name}")
        if self._within(done, 86_400_000) >= 6:
            self.wrong.append(f"TERM beyond the budget of {name}")
        if self._within([one for incidents in self._acted.values() for one in incidents.values()], 3_600_000) >= 6:
            self.wrong.append("TERM beyond the budget of the host")

    def _within(self, done: Iterable[tuple[int, str]], time: int) -> int:
        return sum(self.wall - at < time for at, _ in done)

    def _is_so(self, rule: str, identity: str) -> bool:
        beat = self.beats.get(identity)
        if beat is None or identity not in self.told:
            return False
        if rule == "silent":
            return self.at - beat > 30_000
        return any(beat - one.fields["started_at"] > 20_000 for one in self.jobs.get(identity, {}).values())

    def look_at_the_ledger(self, *, after_start: bool) -> None:
        ledger = self.state.ledger
        # What the next steps of two incidents are for may be the same.
        pairs = [(request.rule, request.target, request.playbook) for request in ledger.requests.values()]
        if len(pairs) != len(set(pairs)):
            self.wrong.append(f"several requests for one target: {pairs}")
        for run in ledger.runs.values():
            # For evidence it is waited, and only so long.
            awaited = bool(run.effect) + (run.again_at is not None)
            # The dead answer nothing: who takes their place is looked for in the picture alone.
            awaited += not awaited and run.id in self.state.world.watches
            if awaited != 1 + (run.stage == "evidence") or (run.effect and run.effect not in self.open):
                self.wrong.append(f"{run.id} is stuck: effect {run.effect!r}, again at {run.again_at}")
        for deed in ledger.deeds.values():
            awaited = bool(deed.effect) + (deed.again_at is not None) + (deed.stage == WATCH)
            if not awaited or bool(deed.effect) + (deed.again_at is not None) > 1 or (deed.effect and deed.effect not in self.open):
                self.wrong.append(f"{deed.id} is stuck: effect {deed.effect!r}, again at {deed.again_at}")
        for playbook in ledger.playbooks.values():
            ways = [run.id for run in ledger.runs.values() if run.incident == playbook.id]
            ways += [deed.id for deed in ledger.deeds.values() if deed.incident == playbook.id]
            ways += [request.id for request in ledger.requests.values() if request.playbook == playbook.id]
            if len(ways) + (playbook.proof is not None) != 1:
                self.wrong.append(f"{playbook.id} goes on in {ways}")
        due = next_due(self.state)
        for request in ledger.requests:
            looking = [effect for effect, owner in self.state.world.looks.items() if owner == request]
            if any(effect not in self.open for effect in looking) or (not looking and due is None and not self.state.world.stopping):
                self.wrong.append(f"request {request} is stuck")
        stale = [request.id for request in ledger.requests.values() if not request.alerts]
        if stale and not after_start:
            self.wrong.append(f"requests of nobody: {stale}")
