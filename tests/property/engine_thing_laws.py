"""
What must hold of whatever is done to a single thing of a host, and of the instances that come and go; worked out anew from what the engine said and how the server was.

As in `engine_laws` nothing here asks a guard. The ledger is looked into only for whose effect one is.
"""

from enum import StrEnum
from typing import Any, Final

from tests.property.engine_simulation import Step
from tests.property.engine_thing_rules import FEW
from tests.property.engine_thing_steps import STILL
from tests.property.engine_things import Things
from tests.property.engine_units import AT_REST, SINGLE, Unit
from watchdog.engine.rules import RuleSet
from watchdog.model.actions import acts_on
from watchdog.model.effects import Audit, CallUnit, Effect, EndChild, LookAtBlock, RunCommand, SendSignal, SetBlock
from watchdog.model.events import Body, Delta, EffectDone, Observed
from watchdog.model.kinds import Source
from watchdog.model.results import BlockLook
from watchdog.model.targets import APART, Signal, Verb
from watchdog.model.verdicts import Mode


class Law(StrEnum):
    """What is watched over."""

    ALONE = "never two things at once on a host, but for a command, or a rule about another server, beside something else"
    STARTS = "never a third start of a unit within ten minutes"
    MOST = "never more instances than `max`"
    LEAST = "never fewer instances than `min`"
    STOPPED = "never a start of what somebody has stopped"
    LEAVE = "nothing without an ALLOW before it"
    INTENT = "nothing without an intent that was committed before it"
    OUTCOME = "one outcome for each intent, or that it is unknown"
    ONCE = "no run of a command twice"
    FEW = "never more other servers within an hour than the rule has for a budget"
    AGAIN = "never a rule about another server that has one as strict, as far as was seen"
    STILL = "no program is ended that has run within two minutes"
    SIGHT = "nothing while what it rests on can't be read"
    MODE = "nothing but in act, nothing while that is paused"
    STUCK = "nothing stands there that waits for nothing"


WITHIN: Final = 600_000
AN_HOUR: Final = 3_600_000
MOST_STARTS: Final = 2
_OVER: Final = (
    "ended", "failed", "abandoned", "verified", "unverified", "step ended", "step failed", "step abandoned",
)  # fmt: skip
_RESTS_ON: Final = {
    "scale_out": (Source.SYSTEMD, Source.REDIS), "start_unit": (Source.SYSTEMD,), "ensure_unit": (Source.SYSTEMD,), "kill_child": (Source.HOST,),
}  # fmt: skip
"""Action → what tells of its thing, and of what its rule asks."""


class LawfulThings(Things):
    """
    Server and engine, and the laws over both: `broken` is what was against them.

    `seen` counts what they were tried on.
    """

    def __init__(self, mode: Mode = Mode.ACT) -> None:
        self.broken: list[tuple[Law, str]] = []
        self.seen: dict[str, int] = {}
        self._allowed: set[tuple[str, str]] = set()
        self._with_leave: set[str] = set()
        self._at_work: dict[str, str] = {}
        self._intents: dict[str, str] = {}
        self._starts: dict[str, list[int]] = {}
        self._restarts: dict[str, int] = {}
        self._unwanted: set[str] = set()
        self._answered: set[str] = set()
        self._kept_away: dict[str, tuple[int, str]] = {}
        self._seen_blocked: set[str] = set()
        super().__init__(mode)

    # What the laws are told

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        if isinstance(body, EffectDone) and isinstance(asked := self.open.get(body.effect), RunCommand):
            self._answered.add(asked.run)
        if (
            isinstance(body, EffectDone)
            and isinstance(look := self.open.get(body.effect), LookAtBlock)
            and isinstance(body.result, BlockLook)
        ):
            (self._seen_blocked.add if body.result.severity == "silence" else self._seen_blocked.discard)(look.peer)
        if isinstance(body, Observed) and body.source is Source.SYSTEMD:
            for change in body.changes:
                if isinstance(change, Delta):
                    self._hear_of_unit(change.id, change.fields)
        return super()._take(body, ruleset)

    def _hear_of_unit(self, name: str, told: dict[str, Any]) -> None:
        before = self._restarts.get(name)
        if before is not None and told["restarts"] > before:
            self._starts.setdefault(name, []).extend([self.wall] * (told["restarts"] - before))
        self._restarts[name] = told["restarts"]
        if told["job"] == "stop":
            self._unwanted.add(name)
        elif told["running"]:
            self._unwanted.discard(name)

    def _do_reboot(self, one: int, other: int) -> None:
        # What somebody had stopped before stands still for no reason that anybody knows.
        self._unwanted.clear()
        super()._do_reboot(one, other)

    def look_at_the_ledger(self, *, after_start: bool) -> None:
        super().look_at_the_ledger(after_start=after_start)
        for how in self.wrong:
            self._break(Law.STUCK, how)
        self.wrong.clear()

    # The laws

    def witness(self, effect: Effect) -> None:
        match effect:
            case Audit(row=row):
                self._hear_row(row)
            case SendSignal() | CallUnit() | EndChild() | RunCommand() | SetBlock():
                self._judge(effect)
            case _:
                pass

    def _hear_row(self, row: Any) -> None:
        match row.kind:
            case "decision":
                self._count(f"{row.action} {row.decision}")
                (self._allowed.add if row.decision == "ALLOW" else self._allowed.discard)((row.action, row.target))
            case "intent":
                # Where jobs are put back there is an intent for each, and they have one outcome.
                if row.incident in self._intents and not row.stage == self._intents[row.incident] == "put_back":
                    self._break(
                        Law.OUTCOME, f"{row.stage} of {row.incident} is intended, and nothing is said of {self._intents[row.incident]}"
                    )
                self._intents[row.incident] = row.stage
            case "outcome" if row.incident in self._intents:
                if row.stage != (stage := self._intents.pop(row.incident)):
                    self._break(Law.OUTCOME, f"{row.incident}: {row.stage} is told, {stage} was intended")
            case "outcome" if row.action in _RESTS_ON or row.action == "run":
                self._break(Law.OUTCOME, f"{row.stage} of {row.incident} has another outcome: {row.outcome}")
            case "incident":
                self._hear_incident(row)
            case _:
                pass

    def _hear_incident(self, row: Any) -> None:
        self._count(f"{row.action} {row.outcome}")
        if row.outcome in ("opened", "next step"):
            self._at_work[row.incident] = row.action
            if (row.action, row.target) in self._allowed:
                self._allowed.discard((row.action, row.target))
                self._with_leave.add(row.incident)
        elif row.outcome in _OVER:
            self._at_work.pop(row.incident, None)
            self._with_leave.discard(row.incident)
            if row.incident in self._intents:
                self._break(Law.OUTCOME, f"{row.incident} is over, and nothing is said of {self._intents.pop(row.incident)}")

    def _judge(self, effect: SendSignal | CallUnit | EndChild | RunCommand | SetBlock) -> None:
        ledger = self.state.ledger
        under_way: list[Any] = [*ledger.deeds.values(), *ledger.runs.values()]
        one = next(one for one in under_way if one.effect == effect.id)
        what = f"{type(effect).__name__} of {one.action} at {self.wall}"
        self._count(type(effect).__name__)
        if self.mode is not Mode.ACT or self.paused:
            self._break(Law.MODE, f"{what} in {self.mode}{', while paused' * self.paused}")
        if one.incident not in self._with_leave:
            self._break(Law.LEAVE, f"{what} in {one.incident}")
        if one.incident not in self._intents:
            self._break(Law.INTENT, f"{what} in {one.incident}")
        others = [
            f"{action} ({incident})"
            for incident, action in self._at_work.items()
            if incident != one.incident and (acts_on(action) not in APART or acts_on(one.action) in APART)
        ]
        if others:
            self._break(Law.ALONE, f"{what} beside {', '.join(others)}")
        for source in self.lost.intersection(_RESTS_ON.get(one.action, ())):
            self._break(Law.SIGHT, f"{what} while {source} can't be read")
        match effect:
            case SendSignal(signal=signal):
                self.signals[effect.id] = (one.id, signal.value)
                if signal is Signal.TSTP and one.action == "scale_in" and not self._signalled_before(one.id, effect.id):
                    self._judge_least(one)
            case CallUnit(verb=Verb.START):
                self._judge_start(effect.unit, one)
            case EndChild(child=child):
                still = next(
                    (self.at - unit.child[1] for unit in self.units if unit.child is not None and unit.child[0] == child.pid), None
                )
                if still is not None and still < STILL:
                    self._break(Law.STILL, f"{what} after {still} ms")
            case RunCommand(run=run):
                if run in self._answered:
                    self._break(Law.ONCE, f"{what}: {run} was answered before")
            case SetBlock(peer=peer):
                self._judge_block(peer, one.incident)
            case _:
                pass

    def _judge_block(self, peer: str, incident: str) -> None:
        if peer in self._seen_blocked:
            self._break(Law.AGAIN, f"{peer} had one when it was last looked at")
        self._kept_away.setdefault(incident, (self.wall, peer))
        lately = {name for at, name in self._kept_away.values() if self.wall - at < AN_HOUR}
        self._count(f"kept away {len(lately)}")
        if len(lately) > FEW:
            self._break(Law.FEW, f"{', '.join(sorted(lately))} within an hour")

    def _signalled_before(self, run: str, effect: str) -> bool:
        return any(of == run and asked != effect for asked, (of, _) in self.signals.items())

    def _judge_least(self, run: Any) -> None:
        there = len(self._instances())
        self._count("at the least" if there == run.arguments["min"] + 1 else "above the least")
        if there <= int(run.arguments["min"]):
            self._break(Law.LEAST, f"one of {there} goes, and {run.arguments['min']} must stay")

    def _judge_start(self, name: str, one: Any) -> None:
        if one.action in ("start_unit", "ensure_unit"):
            lately = sum(self.wall - at < WITHIN for at in self._starts.get(name, ()))
            self._count(f"start {lately + 1}")
            if lately >= MOST_STARTS:
                self._break(Law.STARTS, f"{name} was started {lately} times within ten minutes")
            if name in self._unwanted:
                self._break(Law.STOPPED, f"{one.action} of {name}, which somebody has stopped")
        if one.action == "scale_out":
            there = [unit.name for unit in self._instances() if unit.name != name]
            self._count("at the most" if len(there) + 1 == one.arguments["max"] else "below the most")
            if len(there) >= int(one.arguments["max"]):
                self._break(Law.MOST, f"{name} beside {', '.join(there)}, at most {one.arguments['max']}")
        self._starts.setdefault(name, []).append(self.wall)

    def _instances(self) -> list[Unit]:
        """Those of the template that do not stand still, as they really are."""
        return [unit for unit in self.units if unit.name != SINGLE and unit.state not in AT_REST]

    def _count(self, what: str) -> None:
        self.seen[what] = self.seen.get(what, 0) + 1

    def _break(self, law: Law, how: str) -> None:
        self.broken.append((law, how))


def smallest(steps: list[Step], law: Law) -> list[Step]:
    """A trace that still breaks the law, and from which no step can be taken without its being kept."""
    width = len(steps) // 2
    while width:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + width :]
            if any(broken is law for broken, _ in LawfulThings().play(fewer).broken):
                steps = fewer
            else:
                start += width
        width //= 2
    return steps
